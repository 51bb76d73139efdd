// SPDX-License-Identifier: GPL-2.0-only
/*
 * Win32 library: errors (E), and creating sections: size (C), protection (P),
 * flags (S), result (R).
 */
#include "win32_util.h"

/* E: which error a status becomes. */

FIXTURE(error) {
	size_t checked;
};

FIXTURE_VARIANT(error) {
	ULONG error;
	NTSTATUS statuses[20];
};

FIXTURE_SETUP(error)
{
	self->checked = 0;
}

FIXTURE_TEARDOWN(error)
{
	EXPECT_LT(0, self->checked);
}

FIXTURE_VARIANT_ADD(error, E1_violations) {
	.error = ERROR_NOACCESS,
	.statuses = { STATUS_ACCESS_VIOLATION, STATUS_DATATYPE_MISALIGNMENT },
};

FIXTURE_VARIANT_ADD(error, E2_denied) {
	.error = ERROR_ACCESS_DENIED,
	.statuses = { STATUS_ACCESS_DENIED },
};

FIXTURE_VARIANT_ADD(error, E3_view_size) {
	.error = ERROR_ACCESS_DENIED,
	.statuses = { STATUS_INVALID_VIEW_SIZE },
};

FIXTURE_VARIANT_ADD(error, E4_already_committed) {
	.error = ERROR_ACCESS_DENIED,
	.statuses = { STATUS_ALREADY_COMMITTED },
};

FIXTURE_VARIANT_ADD(error, E5_cannot_delete) {
	.error = ERROR_ACCESS_DENIED,
	.statuses = { STATUS_CANNOT_DELETE },
};

FIXTURE_VARIANT_ADD(error, E6_parameters) {
	.error = ERROR_INVALID_PARAMETER,
	.statuses = {
		STATUS_SECTION_PROTECTION, STATUS_INVALID_PAGE_PROTECTION,
		STATUS_SECTION_NOT_IMAGE, STATUS_UNABLE_TO_FREE_VM,
		STATUS_UNABLE_TO_DELETE_SECTION, STATUS_INVALID_PARAMETER,
		STATUS_INVALID_PARAMETER_1, STATUS_INVALID_PARAMETER_2,
		STATUS_INVALID_PARAMETER_3, STATUS_INVALID_PARAMETER_4,
		STATUS_INVALID_PARAMETER_5, STATUS_INVALID_PARAMETER_6,
		STATUS_INVALID_PARAMETER_7, STATUS_INVALID_PARAMETER_8,
		STATUS_INVALID_PARAMETER_9, STATUS_INVALID_PARAMETER_10,
		STATUS_INVALID_PARAMETER_11, STATUS_INVALID_PARAMETER_12,
	},
};

FIXTURE_VARIANT_ADD(error, E7_addresses) {
	.error = ERROR_INVALID_ADDRESS,
	.statuses = {
		STATUS_CONFLICTING_ADDRESSES, STATUS_NOT_MAPPED_VIEW,
		STATUS_NOT_MAPPED_DATA, STATUS_NOT_COMMITTED,
		STATUS_UNABLE_TO_DECOMMIT_VM, STATUS_FREE_VM_NOT_AT_BASE,
		STATUS_MEMORY_NOT_ALLOCATED,
	},
};

FIXTURE_VARIANT_ADD(error, E8_memory) {
	.error = ERROR_NOT_ENOUGH_MEMORY,
	.statuses = { STATUS_NO_MEMORY, STATUS_SECTION_TOO_BIG },
};

FIXTURE_VARIANT_ADD(error, E9_not_extended) {
	.error = ERROR_OUTOFMEMORY,
	.statuses = { STATUS_SECTION_NOT_EXTENDED },
};

FIXTURE_VARIANT_ADD(error, E10_commitment) {
	.error = ERROR_COMMITMENT_LIMIT,
	.statuses = { STATUS_COMMITMENT_LIMIT },
};

FIXTURE_VARIANT_ADD(error, E11_resources) {
	.error = ERROR_NO_SYSTEM_RESOURCES,
	.statuses = { STATUS_INSUFFICIENT_RESOURCES },
};

FIXTURE_VARIANT_ADD(error, E12_length) {
	.error = ERROR_BAD_LENGTH,
	.statuses = { STATUS_INFO_LENGTH_MISMATCH },
};

FIXTURE_VARIANT_ADD(error, E13_handles) {
	.error = ERROR_INVALID_HANDLE,
	.statuses = { STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH },
};

FIXTURE_VARIANT_ADD(error, E14_name_invalid) {
	.error = ERROR_INVALID_NAME,
	.statuses = { STATUS_OBJECT_NAME_INVALID },
};

FIXTURE_VARIANT_ADD(error, E15_name_not_found) {
	.error = ERROR_FILE_NOT_FOUND,
	.statuses = { STATUS_OBJECT_NAME_NOT_FOUND },
};

FIXTURE_VARIANT_ADD(error, E16_name_collision) {
	.error = ERROR_ALREADY_EXISTS,
	.statuses = { STATUS_OBJECT_NAME_COLLISION },
};

FIXTURE_VARIANT_ADD(error, E17_path_not_found) {
	.error = ERROR_PATH_NOT_FOUND,
	.statuses = { STATUS_OBJECT_PATH_NOT_FOUND },
};

FIXTURE_VARIANT_ADD(error, E18_path_syntax) {
	.error = ERROR_BAD_PATHNAME,
	.statuses = { STATUS_OBJECT_PATH_SYNTAX_BAD },
};

FIXTURE_VARIANT_ADD(error, E19_sharing) {
	.error = ERROR_SHARING_VIOLATION,
	.statuses = { STATUS_SHARING_VIOLATION },
};

FIXTURE_VARIANT_ADD(error, E20_images) {
	.error = ERROR_BAD_EXE_FORMAT,
	.statuses = {
		STATUS_INVALID_FILE_FOR_SECTION, STATUS_INVALID_IMAGE_FORMAT,
		STATUS_INVALID_IMAGE_NOT_MZ, STATUS_INVALID_IMAGE_PROTECT,
		STATUS_INVALID_IMAGE_NE_FORMAT, STATUS_INVALID_IMAGE_WIN_16,
		STATUS_INVALID_IMAGE_WIN_64,
	},
};

FIXTURE_VARIANT_ADD(error, E21_file_invalid) {
	.error = ERROR_FILE_INVALID,
	.statuses = { STATUS_MAPPED_FILE_SIZE_ZERO, STATUS_FILE_INVALID },
};

FIXTURE_VARIANT_ADD(error, E22_partial_copy) {
	.error = ERROR_PARTIAL_COPY,
	.statuses = { STATUS_PARTIAL_COPY },
};

FIXTURE_VARIANT_ADD(error, E23_not_same_device) {
	.error = ERROR_NOT_SAME_DEVICE,
	.statuses = { STATUS_NOT_SAME_DEVICE },
};

FIXTURE_VARIANT_ADD(error, E24_alignment) {
	.error = ERROR_MAPPED_ALIGNMENT,
	.statuses = { STATUS_MAPPED_ALIGNMENT },
};

FIXTURE_VARIANT_ADD(error, E25_user_mapped_file) {
	.error = ERROR_USER_MAPPED_FILE,
	.statuses = { STATUS_USER_MAPPED_FILE },
};

TEST_F(error, of_status)
{
	const NTSTATUS *status;

	for (status = variant->statuses; *status; status++) {
		EXPECT_EQ(variant->error, RtlNtStatusToDosError(*status)) {
			TH_LOG("of status %#x", *status);
		}
		self->checked++;
	}
}

/* C: size. */

TEST(C1_memory_is_rounded_to_pages)
{
	const struct {
		ULONGLONG asked;
		LONGLONG got;
	} sizes[] = {
		{ 4090, 4096 }, { 0x3452, 0x4000 }, { 0x123, 0x1000 },
		{ PAGE_BYTES + 1, 2 * PAGE_BYTES }, { PAGE_BYTES, PAGE_BYTES },
	};
	HANDLE section;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		section = memory(PAGE_READWRITE, sizes[i].asked);
		ASSERT_NE(NULL, section);
		EXPECT_EQ(sizes[i].got, section_size(section));
		CloseHandle(section);

		section = nt_section(PAGE_READONLY, sizes[i].asked, NULL);
		ASSERT_NE(NULL, section);
		EXPECT_EQ(sizes[i].got, section_size(section));
		CloseHandle(section);
	}
}

TEST(C2_files_are_exact)
{
	const struct {
		size_t file;
		ULONGLONG asked;
		LONGLONG got;
	} sizes[] = {
		{ 36, 36, 36 }, { 36, 0, 36 }, { 0x3456, 0x3452, 0x3452 },
		{ 0x3456, 0, 0x3456 }, { 0x3456, 0x3456, 0x3456 },
		{ 0x3456, 1, 1 },
	};
	HANDLE file, section;
	size_t i, p;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		file = file_of(sizes[i].file, ALL_FILE_ACCESS);
		ASSERT_NE(INVALID_HANDLE_VALUE, file);
		for (p = 0; p < WIN32_SECTIONS; p++) {
			section = over_file(file, section_protections[p],
					    sizes[i].asked);
			ASSERT_NE(NULL, section);
			EXPECT_EQ(sizes[i].got, section_size(section));
			CloseHandle(section);
		}
		EXPECT_EQ((LONGLONG)sizes[i].file, size_of_file(file));
		CloseHandle(file);
	}
}

TEST(C3_memory_of_no_size)
{
	HANDLE section;

	EXPECT_ERROR(ERROR_INVALID_PARAMETER, memory(PAGE_READWRITE, 0));
	EXPECT_EQ(STATUS_INVALID_PARAMETER_4,
		  nt_create(&section, SECTION_ALL_ACCESS, 0, PAGE_READWRITE,
			    SEC_COMMIT, NULL));
}

TEST(C4_memory_of_all_bits)
{
	HANDLE section;

	EXPECT_EQ(STATUS_SECTION_TOO_BIG,
		  nt_create(&section, SECTION_ALL_ACCESS, UINT64_MAX,
			    PAGE_READWRITE, SEC_COMMIT, NULL));
	EXPECT_ERROR(ERROR_NOT_ENOUGH_MEMORY,
		     memory(PAGE_READWRITE, UINT64_MAX));
}

TEST(C5_empty_file)
{
	HANDLE file = file_of(0, ALL_FILE_ACCESS);
	HANDLE section;
	size_t p;

	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	for (p = 0; p < WIN32_SECTIONS; p++) {
		EXPECT_ERROR(ERROR_FILE_INVALID,
			     over_file(file, section_protections[p], 0));
		EXPECT_EQ(STATUS_MAPPED_FILE_SIZE_ZERO,
			  nt_create(&section, SECTION_ALL_ACCESS, 0,
				    section_protections[p], SEC_COMMIT, file));
	}
	CloseHandle(file);
}

TEST(C6_empty_file_as_image)
{
	HANDLE file = file_of(0, ALL_FILE_ACCESS);
	HANDLE section;

	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	EXPECT_ERROR(ERROR_BAD_EXE_FORMAT,
		     over_file(file, PAGE_READONLY | SEC_IMAGE, 0));
	EXPECT_EQ(STATUS_INVALID_FILE_FOR_SECTION,
		  nt_create(&section, SECTION_ALL_ACCESS, 0, PAGE_READONLY,
			    SEC_IMAGE, file));
	CloseHandle(file);
}

TEST(C7_C8_larger_than_the_file)
{
	const LONGLONG size = 0x3456;
	HANDLE file, section;
	DWORD protect;
	size_t p;

	for (p = 0; p < WIN32_SECTIONS; p++) {
		protect = section_protections[p];
		file = file_of(size, ALL_FILE_ACCESS);
		ASSERT_NE(INVALID_HANDLE_VALUE, file);
		if (may(protect) & MAY_WRITE) {
			/* Nothing needs to be mapped for the file to grow. */
			section = over_file(file, protect, size + 1);
			ASSERT_NE(NULL, section);
			EXPECT_EQ(size + 1, size_of_file(file));
			EXPECT_EQ(size + 1, section_size(section));
			CloseHandle(section);
			EXPECT_EQ(size + 1, size_of_file(file));
			EXPECT_EQ(file_pattern(size - 1),
				  byte_in_file(file, size - 1));
			EXPECT_EQ(0, byte_in_file(file, size));
		} else {
			EXPECT_ERROR(ERROR_NOT_ENOUGH_MEMORY,
				     over_file(file, protect, size + 1));
			EXPECT_EQ(STATUS_SECTION_TOO_BIG,
				  nt_create(&section, SECTION_ALL_ACCESS,
					    size + 1, protect, SEC_COMMIT,
					    file));
			EXPECT_EQ(size, size_of_file(file));
		}
		CloseHandle(file);
	}
}

TEST(C10_absurd_size)
{
	static const ULONGLONG sizes[] = {
		0x0800000000010000, 0x8000000000010000,
	};
	HANDLE file = file_of(100, ALL_FILE_ACCESS);
	DWORD error;
	size_t i;

	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		SetLastError(OLD_ERROR);
		EXPECT_EQ(NULL, over_file(file, PAGE_READWRITE, sizes[i]));
		error = GetLastError();
		EXPECT_TRUE(error == ERROR_NOT_ENOUGH_MEMORY ||
			    error == ERROR_INVALID_PARAMETER) {
			TH_LOG("error %u", error);
		}
	}
	CloseHandle(file);
}

TEST(C11_short_file_grows)
{
	static const size_t files[] = { 0, 36, 4096 };
	HANDLE file, section;
	unsigned char *view;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		file = file_of(files[i], GENERIC_READ | GENERIC_WRITE);
		ASSERT_NE(INVALID_HANDLE_VALUE, file);
		section = over_file(file, PAGE_READWRITE, 0x5123);
		ASSERT_NE(NULL, section);
		EXPECT_EQ(0x5123, section_size(section));
		EXPECT_EQ(0x5123, size_of_file(file));
		view = view_of(section, FILE_MAP_WRITE);
		ASSERT_NE(NULL, view);
		EXPECT_EQ(0, poke(view + 0x5122, 77));
		EXPECT_EQ(77, byte_in_file(file, 0x5122));
		EXPECT_TRUE(UnmapViewOfFile(view));
		CloseHandle(section);
		CloseHandle(file);
	}
}

TEST(C12_format_before_size)
{
	HANDLE file = file_of(0x3456, ALL_FILE_ACCESS);
	HANDLE section;

	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	EXPECT_EQ(STATUS_INVALID_IMAGE_NOT_MZ,
		  nt_create(&section, SECTION_ALL_ACCESS, 0x3457,
			    PAGE_READONLY, SEC_IMAGE, file));
	CloseHandle(file);
}

/* Asserted on Windows Server 2003; more than the test's machine can have. */
TEST(C13_commit_without_end)
{
	HANDLE section;

	EXPECT_EQ(STATUS_COMMITMENT_LIMIT,
		  nt_create(&section, SECTION_ALL_ACCESS, 512ULL << 30,
			    PAGE_READWRITE, SEC_COMMIT, NULL));
}

TEST(C14_reserving_is_free)
{
	HANDLE section;

	ASSERT_EQ(STATUS_SUCCESS,
		  nt_create(&section, SECTION_ALL_ACCESS, 8ULL << 30,
			    PAGE_READWRITE, SEC_RESERVE, NULL));
	EXPECT_EQ(8LL << 30, section_size(section));
	CloseHandle(section);
}

/* From documentation only. */
TEST(C18_section_does_not_grow_with_the_file)
{
	HANDLE file = file_of(0x1000, GENERIC_READ | GENERIC_WRITE);
	HANDLE section, later;
	unsigned char *view;

	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	section = over_file(file, PAGE_READWRITE, 0);
	ASSERT_NE(NULL, section);
	ASSERT_TRUE(byte_to_file(file, 0x1fff, 5));
	EXPECT_EQ(0x1000, section_size(section));
	EXPECT_EQ(NULL, MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0x1001));
	later = over_file(file, PAGE_READWRITE, 0);
	ASSERT_NE(NULL, later);
	EXPECT_EQ(0x2000, section_size(later));
	view = view_of(later, FILE_MAP_READ);
	ASSERT_NE(NULL, view);
	EXPECT_EQ(5, peek(view + 0x1fff));
	EXPECT_TRUE(UnmapViewOfFile(view));
	CloseHandle(later);
	CloseHandle(section);
	CloseHandle(file);
}

/* P: protection. */

static bool win32_section_protection(DWORD protect)
{
	size_t p;

	for (p = 0; p < WIN32_SECTIONS; p++)
		if (section_protections[p] == protect)
			return true;
	return false;
}

/*
 * Nothing, each of the eight, and each combination of them: the pairs are what
 * was seen on Windows, and more than two are no better.
 */
TEST(P1_P2_every_protection)
{
	HANDLE file = file_of(0x1000, ALL_FILE_ACCESS);
	HANDLE section;
	DWORD protect;
	int kind;

	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	for (protect = 0; protect <= 0xff; protect++) {
		for (kind = 0; kind < 2; kind++) {
			SetLastError(OLD_ERROR);
			section = over_file(kind ? file : INVALID_HANDLE_VALUE,
					    protect, 0x1000);
			if (win32_section_protection(protect)) {
				EXPECT_NE(NULL, section) {
					TH_LOG("protection %#x", protect);
				}
				EXPECT_EQ(ERROR_SUCCESS, GetLastError());
				CloseHandle(section);
			} else {
				EXPECT_EQ(NULL, section) {
					TH_LOG("protection %#x", protect);
				}
				EXPECT_EQ(ERROR_INVALID_PARAMETER,
					  GetLastError()) {
					TH_LOG("protection %#x", protect);
				}
			}
		}
	}
	CloseHandle(file);
}

TEST(P3_native_execute)
{
	HANDLE file = file_of(0x1000, ALL_FILE_ACCESS);
	HANDLE section;

	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	EXPECT_EQ(STATUS_SUCCESS,
		  nt_create(&section, SECTION_ALL_ACCESS, 0x1000, PAGE_EXECUTE,
			    SEC_COMMIT, NULL));
	CloseHandle(section);
	EXPECT_EQ(STATUS_SUCCESS,
		  nt_create(&section, SECTION_ALL_ACCESS, 0, PAGE_EXECUTE,
			    SEC_COMMIT, file));
	CloseHandle(section);
	CloseHandle(file);
}

TEST(P4_P5_every_native_protection)
{
	HANDLE section;
	NTSTATUS status;
	DWORD protect;

	for (protect = 0; protect <= 0xff; protect++) {
		status = nt_create(&section, SECTION_ALL_ACCESS, 0x1000,
				   protect, SEC_COMMIT, NULL);
		if (single_bit(protect) && protect != PAGE_NOACCESS) {
			EXPECT_EQ(STATUS_SUCCESS, status) {
				TH_LOG("protection %#x", protect);
			}
			CloseHandle(section);
		} else {
			EXPECT_EQ(STATUS_INVALID_PAGE_PROTECTION, status) {
				TH_LOG("protection %#x", protect);
			}
		}
	}
	EXPECT_EQ(STATUS_INVALID_PAGE_PROTECTION,
		  nt_create(&section, SECTION_ALL_ACCESS, 0x1000, UINT32_MAX,
			    SEC_COMMIT, NULL));
	status = nt_create(&section, SECTION_ALL_ACCESS, 0x1000, 0x1234,
			   SEC_COMMIT, NULL);
	EXPECT_TRUE(status == STATUS_INVALID_PAGE_PROTECTION ||
		    status == STATUS_INVALID_PARAMETER);
}

TEST(P6_read_only_memory)
{
	HANDLE section = nt_section(PAGE_READONLY, 0x3452, NULL);
	unsigned char *view;

	ASSERT_NE(NULL, section);
	view = view_of(section, FILE_MAP_READ);
	ASSERT_NE(NULL, view);
	EXPECT_TRUE(sec_all_bytes(view, 0, 0x4000));
	EXPECT_TRUE(UnmapViewOfFile(view));
	CloseHandle(section);
}

TEST(P7_no_pointer_to_a_size)
{
	HANDLE file = file_of(0x3456, GENERIC_READ);
	HANDLE section = NO_HANDLE;

	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	ASSERT_EQ(STATUS_SUCCESS,
		  NtCreateSection(&section, SECTION_ALL_ACCESS, NULL, NULL,
				  PAGE_READONLY, SEC_COMMIT, file));
	EXPECT_EQ(0x3456, section_size(section));
	CloseHandle(section);
	CloseHandle(file);
	EXPECT_EQ(STATUS_INVALID_PARAMETER_4,
		  NtCreateSection(&section, SECTION_ALL_ACCESS, NULL, NULL,
				  PAGE_READWRITE, SEC_COMMIT, NULL));
}

/* Every section protection, over a file opened with every access. */
TEST(P10_P11_P12_P13_P14_access_of_the_file)
{
	static const DWORD generic[] = {
		GENERIC_READ, GENERIC_WRITE, GENERIC_EXECUTE,
	};
	static const DWORD specific[] = {
		FILE_READ_DATA, FILE_WRITE_DATA, FILE_EXECUTE,
	};
	int fd = pattern_file(0x1000);
	DWORD wanted, protect, error;
	HANDLE file, section;
	int set, access, bit;
	size_t p;

	ASSERT_LE(0, fd);
	/* The bits of access are those of may(). */
	for (set = 0; set < 16; set++) {
		access = set & 7;
		wanted = 0;
		for (bit = 0; bit < 3; bit++)
			if (access & 1 << bit)
				wanted |= set & 8 ? specific[bit] :
						    generic[bit];
		file = open_again(fd, wanted);
		ASSERT_NE(INVALID_HANDLE_VALUE, file);
		for (p = 0; p < WIN32_SECTIONS; p++) {
			protect = section_protections[p];
			SetLastError(OLD_ERROR);
			section = over_file(file, protect, 0);
			error = GetLastError();
			if (covers(access, may(protect) | MAY_READ)) {
				EXPECT_TRUE(section && !error) {
					TH_LOG("access %#x, protection %#x: error %u",
					       wanted, protect, error);
				}
				CloseHandle(section);
			} else {
				EXPECT_EQ(NULL, section);
				EXPECT_EQ(ERROR_ACCESS_DENIED, error) {
					TH_LOG("access %#x, protection %#x",
					       wanted, protect);
				}
			}
		}
		CloseHandle(file);
	}
	close(fd);
}

TEST(P15_write_copy_of_a_file_opened_for_reading)
{
	HANDLE file = file_of(0x1000, GENERIC_READ);
	HANDLE section;
	unsigned char *view;

	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	section = over_file(file, PAGE_WRITECOPY, 0);
	ASSERT_NE(NULL, section);
	view = view_of(section, FILE_MAP_COPY);
	ASSERT_NE(NULL, view);
	EXPECT_EQ(file_pattern(10), peek(view + 10));
	EXPECT_EQ(0, poke(view + 10, 200));
	EXPECT_EQ(200, peek(view + 10));
	EXPECT_EQ(file_pattern(10), byte_in_file(file, 10));
	EXPECT_TRUE(UnmapViewOfFile(view));
	EXPECT_EQ(file_pattern(10), byte_in_file(file, 10));
	CloseHandle(section);
	CloseHandle(file);
}

/* S: flags. */

#define CACHE_FLAGS	(SEC_NOCACHE | SEC_WRITECOMBINE)
#define OPEN_END	UINT32_MAX

/*
 * The error of these flags by rows S1 to S12, 0 if they are fine, OPEN_END if
 * no row tells.  A set with an invalid part is taken as invalid.
 */
static DWORD flags_error(DWORD flags, bool file)
{
	const DWORD kinds = flags & (SEC_RESERVE | SEC_COMMIT);

	/* S8, S10 */
	if (flags & SEC_FILE)
		return ERROR_INVALID_PARAMETER;
	if (flags & SEC_IMAGE) {
		if (flags & ~(SEC_IMAGE | SEC_NOCACHE))
			return ERROR_INVALID_PARAMETER;
		/* S9, S11: without a file, nobody has tried SEC_NOCACHE. */
		if (!file && flags != SEC_IMAGE)
			return OPEN_END;
		return ERROR_BAD_EXE_FORMAT;
	}
	/* S1, S7 */
	if (!kinds)
		return flags ? ERROR_INVALID_PARAMETER : 0;
	/* S5 */
	if (kinds == (SEC_RESERVE | SEC_COMMIT))
		return ERROR_INVALID_PARAMETER;
	/* S6, S12 */
	if (flags & SEC_LARGE_PAGES)
		return file || kinds == SEC_RESERVE ? ERROR_INVALID_PARAMETER :
						      OPEN_END;
	/* S4 speaks of one of them */
	if ((flags & CACHE_FLAGS) == CACHE_FLAGS)
		return OPEN_END;
	return 0;
}

/* What NtQuerySection() says of those that are fine. */
static DWORD flags_reported(DWORD flags, bool file)
{
	const DWORD kind = flags & SEC_RESERVE ? SEC_RESERVE : SEC_COMMIT;

	return (flags & CACHE_FLAGS) | (file ? SEC_FILE : kind);
}

/* Creates with these flags: was there a row that tells what to expect? */
static bool check_flags(struct __test_metadata *_metadata, HANDLE file,
			DWORD protect, DWORD flags)
{
	const bool of_file = file != INVALID_HANDLE_VALUE;
	const DWORD expected = flags_error(flags, of_file);
	HANDLE section;
	DWORD error;

	/* S17: images that are not executed are PAGE_READONLY. */
	if (expected == OPEN_END ||
	    (expected == ERROR_BAD_EXE_FORMAT && protect != PAGE_READONLY))
		return false;
	SetLastError(OLD_ERROR);
	section = over_file(file, protect | flags, 0x1000);
	error = GetLastError();
	EXPECT_EQ(expected, error) {
		TH_LOG("flags %#x of %s", flags, of_file ? "a file" : "memory");
	}
	EXPECT_EQ(!expected, !!section);
	if (section) {
		EXPECT_EQ(flags_reported(flags, of_file),
			  section_flags(section)) {
			TH_LOG("flags %#x of %s", flags,
			       of_file ? "a file" : "memory");
		}
		CloseHandle(section);
	}
	return true;
}

TEST(S1_S2_S3_S4_S5_S6_S7_S8_S9_S11_S12_every_flag)
{
	static const DWORD bits[] = {
		SEC_FILE, SEC_IMAGE, SEC_RESERVE, SEC_COMMIT, SEC_NOCACHE,
		SEC_WRITECOMBINE, SEC_LARGE_PAGES,
	};
	HANDLE file = file_of(0x1000, ALL_FILE_ACCESS);
	const HANDLE files[] = { file, INVALID_HANDLE_VALUE };
	unsigned int set, bit, kind, asserted = 0;
	DWORD flags;

	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	for (set = 0; set < 1U << ARRAY_SIZE(bits); set++) {
		flags = 0;
		for (bit = 0; bit < ARRAY_SIZE(bits); bit++)
			if (set & 1U << bit)
				flags |= bits[bit];
		for (kind = 0; kind < ARRAY_SIZE(files); kind++) {
			asserted += check_flags(_metadata, files[kind],
						PAGE_READONLY, flags);
			asserted += check_flags(_metadata, files[kind],
						PAGE_READWRITE, flags);
		}
	}
	/* Both kinds of the 44 rows that were tried on Windows, and more. */
	EXPECT_LT(4U * 44, asserted);
	CloseHandle(file);
}

/* S10 is about flags, whatever the file is: there is no image needed. */
TEST(S10_image_with_other_flags)
{
	static const DWORD others[] = {
		SEC_RESERVE, SEC_COMMIT, SEC_FILE, SEC_LARGE_PAGES,
		SEC_WRITECOMBINE,
	};
	HANDLE file = file_of(0x1000, ALL_FILE_ACCESS);
	size_t i;

	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		EXPECT_ERROR(ERROR_INVALID_PARAMETER,
			     over_file(file, PAGE_READONLY | SEC_IMAGE |
				       others[i], 0));
		EXPECT_ERROR(ERROR_INVALID_PARAMETER,
			     memory(PAGE_READONLY | SEC_IMAGE | others[i],
				    0x1000));
	}
	CloseHandle(file);
}

TEST(S13_native_invalid_flags)
{
	static const DWORD invalid[] = {
		0, UINT32_MAX, SEC_RESERVE | SEC_COMMIT, SEC_FILE,
		SEC_FILE | SEC_COMMIT, SEC_NOCACHE, SEC_WRITECOMBINE,
		SEC_LARGE_PAGES, SEC_RESERVE | SEC_LARGE_PAGES,
		SEC_IMAGE | SEC_COMMIT,
	};
	HANDLE file = file_of(0x1000, ALL_FILE_ACCESS);
	HANDLE section;
	size_t i;

	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	for (i = 0; i < ARRAY_SIZE(invalid); i++) {
		EXPECT_EQ(STATUS_INVALID_PARAMETER_6,
			  nt_create(&section, SECTION_ALL_ACCESS, 0x1000,
				    PAGE_READONLY, invalid[i], NULL)) {
			TH_LOG("flags %#x", invalid[i]);
		}
		EXPECT_EQ(STATUS_INVALID_PARAMETER_6,
			  nt_create(&section, SECTION_ALL_ACCESS, 0x1000,
				    PAGE_READONLY, invalid[i], file)) {
			TH_LOG("flags %#x of a file", invalid[i]);
		}
	}
	CloseHandle(file);
}

TEST(S14_native_image_of_memory)
{
	HANDLE section;

	EXPECT_EQ(STATUS_INVALID_FILE_FOR_SECTION,
		  nt_create(&section, SECTION_ALL_ACCESS, 0x1000, PAGE_READONLY,
			    SEC_IMAGE, NULL));
}

/* What S16 asks for beside S6, S7 and S12. */
TEST(S15_S16_large_pages_of_uneven_size)
{
	const SIZE_T large = GetLargePageMinimum();
	HANDLE section;

	ASSERT_LT(PAGE_BYTES, large);
	EXPECT_EQ(STATUS_INVALID_PARAMETER_4,
		  nt_create(&section, SECTION_ALL_ACCESS, large + PAGE_BYTES,
			    PAGE_READWRITE, SEC_COMMIT | SEC_LARGE_PAGES,
			    NULL));
	EXPECT_EQ(STATUS_INVALID_PARAMETER_4,
		  nt_create(&section, SECTION_ALL_ACCESS, PAGE_BYTES,
			    PAGE_READWRITE, SEC_COMMIT | SEC_LARGE_PAGES,
			    NULL));
}

struct based {
	HANDLE section;
	char *base;
};

static int map_based_elsewhere(void *arg)
{
	const struct based *based = arg;
	char *view;

	CHILD_EXPECT(!nt_view(based->section, PAGE_READWRITE, &view));
	CHILD_EXPECT(view == based->base);
	CHILD_EXPECT(peek(view) == 91);
	return 0;
}

TEST(S18_based)
{
	SECTION_BASIC_INFORMATION first, second;
	struct based based;
	HANDLE other;
	char *view;

	ASSERT_EQ(STATUS_SUCCESS,
		  nt_create(&based.section, SECTION_ALL_ACCESS, 0x1000,
			    PAGE_READWRITE, SEC_BASED | SEC_COMMIT, NULL));
	ASSERT_EQ(STATUS_SUCCESS,
		  nt_create(&other, SECTION_ALL_ACCESS, 0x1000, PAGE_READWRITE,
			    SEC_BASED | SEC_COMMIT, NULL));
	ASSERT_EQ(STATUS_SUCCESS, query_section(based.section, &first));
	ASSERT_EQ(STATUS_SUCCESS, query_section(other, &second));
	EXPECT_EQ(SEC_BASED | SEC_COMMIT, first.Attributes);
	EXPECT_EQ(0x1000, first.Size.QuadPart);
	ASSERT_NE(NULL, first.BaseAddress);
	EXPECT_EQ((char *)first.BaseAddress - 0x10000,
		  (char *)second.BaseAddress);

	based.base = first.BaseAddress;
	ASSERT_EQ(STATUS_SUCCESS,
		  nt_view(based.section, PAGE_READWRITE, &view));
	EXPECT_EQ(based.base, view);
	EXPECT_EQ(0, poke(view, 91));
	EXPECT_TRUE(UnmapViewOfFile(view));
	EXPECT_EQ(0, sec_in_child(map_based_elsewhere, &based));
	view = view_of(based.section, FILE_MAP_READ);
	EXPECT_EQ(based.base, view);
	EXPECT_TRUE(UnmapViewOfFile(view));
	CloseHandle(other);
	CloseHandle(based.section);
}

/* R: what comes back. */

TEST(R1_new_section_clears_the_error)
{
	struct sec_name name = sec_unique();
	HANDLE section;

	SetLastError(OLD_ERROR);
	section = memory(PAGE_READWRITE, 0x1000);
	ASSERT_NE(NULL, section);
	EXPECT_EQ(ERROR_SUCCESS, GetLastError());
	CloseHandle(section);

	SetLastError(OLD_ERROR);
	section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL,
				     PAGE_READWRITE, 0, 0x1000, name.s);
	ASSERT_NE(NULL, section);
	EXPECT_EQ(ERROR_SUCCESS, GetLastError());
	CloseHandle(section);
}

/* R3 is from documentation only. */
TEST(R2_R3_section_that_exists)
{
	struct sec_name name = sec_unique();
	HANDLE first, second;
	unsigned char *view, *same;
	DWORD size;

	first = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE,
				   0, 0x2000, name.s);
	ASSERT_NE(NULL, first);
	for (size = 0x1000; size <= 0x10000; size += 0xf000) {
		SetLastError(OLD_ERROR);
		second = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL,
					    PAGE_READWRITE, 0, size, name.s);
		ASSERT_NE(NULL, second);
		EXPECT_EQ(ERROR_ALREADY_EXISTS, GetLastError());
		EXPECT_NE(first, second);
		EXPECT_EQ(0x2000, section_size(second));
		view = view_of(first, FILE_MAP_WRITE);
		same = view_of(second, FILE_MAP_READ);
		ASSERT_NE(NULL, view);
		ASSERT_NE(NULL, same);
		EXPECT_EQ(0, poke(view + 0x1fff, size >> 12));
		EXPECT_EQ((int)(size >> 12), peek(same + 0x1fff));
		EXPECT_TRUE(UnmapViewOfFile(view));
		EXPECT_TRUE(UnmapViewOfFile(same));
		CloseHandle(second);
	}
	CloseHandle(first);
}

TEST(R4_R5_native_section_that_exists)
{
	const struct sec_name unique = sec_unique();
	LARGE_INTEGER size = { .QuadPart = 0x3000 };
	OBJECT_ATTRIBUTES oa;
	HANDLE first, second;
	struct wide name;

	widen(&name, "\\BaseNamedObjects\\", unique.s);
	oa = attributes(&name, 0);
	ASSERT_EQ(STATUS_SUCCESS,
		  NtCreateSection(&first, SECTION_ALL_ACCESS, &oa, &size,
				  PAGE_READWRITE, SEC_COMMIT, NULL));
	second = NO_HANDLE;
	EXPECT_EQ(STATUS_OBJECT_NAME_COLLISION,
		  NtCreateSection(&second, SECTION_ALL_ACCESS, &oa, &size,
				  PAGE_READWRITE, SEC_COMMIT, NULL));
	EXPECT_EQ(NULL, second);
	oa = attributes(&name, OBJ_OPENIF);
	ASSERT_EQ(STATUS_OBJECT_NAME_EXISTS,
		  NtCreateSection(&second, SECTION_ALL_ACCESS, &oa, &size,
				  PAGE_READWRITE, SEC_COMMIT, NULL));
	EXPECT_TRUE(NT_SUCCESS(STATUS_OBJECT_NAME_EXISTS));
	EXPECT_EQ(0x3000, section_size(second));
	EXPECT_EQ(STATUS_SUCCESS, NtClose(second));
	EXPECT_EQ(STATUS_SUCCESS, NtClose(first));

	/* OBJ_OPENIF of what is not there. */
	ASSERT_EQ(STATUS_SUCCESS,
		  NtCreateSection(&first, SECTION_ALL_ACCESS, &oa, &size,
				  PAGE_READWRITE, SEC_COMMIT, NULL));
	EXPECT_EQ(STATUS_SUCCESS, NtClose(first));
}

/*
 * The rights of a handle of CreateFileMapping() are what its section can be
 * mapped with, SECTION_QUERY, and no more: a view that needs another right is
 * refused for the right, before anybody looks at the section (M1, M2).
 */
TEST(R8_R9_rights_of_the_creator)
{
	HANDLE file = file_of(0x1000, ALL_FILE_ACCESS);
	LARGE_INTEGER size = { .QuadPart = 0x2000 };
	NTSTATUS status, expected;
	DWORD protect, view;
	HANDLE section;
	void *base;
	size_t i, v;

	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	for (i = 0; i < 2 * WIN32_SECTIONS; i++) {
		protect = section_protections[i / 2];
		section = over_file(i & 1 ? file : INVALID_HANDLE_VALUE,
				    protect, 0x1000);
		ASSERT_NE(NULL, section);
		EXPECT_EQ(0x1000, section_size(section));
		for (v = 0; v < PROTECTIONS; v++) {
			view = protections[v];
			expected = covers(may(protect), may(view)) ?
				   STATUS_SUCCESS : STATUS_ACCESS_DENIED;
			status = nt_view(section, view, &base);
			EXPECT_EQ(expected, status) {
				TH_LOG("section %#x, view %#x", protect, view);
			}
			if (!status)
				EXPECT_TRUE(UnmapViewOfFile(base));
		}
		/* Nor SECTION_EXTEND_SIZE. */
		EXPECT_EQ(STATUS_ACCESS_DENIED,
			  NtExtendSection(section, &size));
		CloseHandle(section);
	}
	CloseHandle(file);
}

/* R10 was seen in implementations only: a new object is not asked for rights. */
TEST(R10_any_access_to_a_new_section)
{
	HANDLE section;
	void *base;

	ASSERT_EQ(STATUS_SUCCESS,
		  nt_create(&section, SECTION_ALL_ACCESS, 0x1000, PAGE_READONLY,
			    SEC_COMMIT, NULL));
	/* It has the right: what stands in the way is the section. */
	EXPECT_EQ(STATUS_SECTION_PROTECTION,
		  nt_view(section, PAGE_READWRITE, &base));
	CloseHandle(section);
}

/* That creating without any right succeeds was seen in implementations only. */
TEST(R11_no_rights)
{
	HANDLE source = memory(PAGE_EXECUTE_READWRITE, 0x1000);
	SECTION_BASIC_INFORMATION basic;
	HANDLE none[2];
	void *base;
	size_t v;
	int i;

	ASSERT_NE(NULL, source);
	ASSERT_TRUE(DuplicateHandle(GetCurrentProcess(), source,
				    GetCurrentProcess(), &none[0], 0, FALSE,
				    0));
	ASSERT_EQ(STATUS_SUCCESS,
		  nt_create(&none[1], 0, 0x1000, PAGE_EXECUTE_READWRITE,
			    SEC_COMMIT, NULL));
	for (i = 0; i < 2; i++) {
		for (v = 0; v < PROTECTIONS; v++)
			EXPECT_EQ(STATUS_ACCESS_DENIED,
				  nt_view(none[i], protections[v], &base));
		EXPECT_EQ(STATUS_ACCESS_DENIED,
			  query_section(none[i], &basic));
		EXPECT_TRUE(CloseHandle(none[i]));
	}
	CloseHandle(source);
}

TEST(R12_nowhere_to_put_the_handle)
{
	const struct sec_name unique = sec_unique();
	LARGE_INTEGER size = { .QuadPart = 0x1000 };
	OBJECT_ATTRIBUTES oa;
	struct wide name;

	EXPECT_EQ(STATUS_ACCESS_VIOLATION,
		  NtCreateSection(NULL, SECTION_ALL_ACCESS, NULL, &size,
				  PAGE_READWRITE, SEC_COMMIT, NULL));
	widen(&name, "\\BaseNamedObjects\\", unique.s);
	oa = attributes(&name, 0);
	EXPECT_EQ(STATUS_ACCESS_VIOLATION,
		  NtOpenSection(NULL, SECTION_ALL_ACCESS, &oa));
}

TEST_HARNESS_MAIN
