// SPDX-License-Identifier: GPL-2.0-only
/*
 * Win32 library: executable images (I).
 */
#include "win32_util.h"
#include "image/pe_make.h"
#include "image/pe_model.h"

#define SCN_SHARED	0x10000000U
#define SCN_EXECUTE	0x20000000U
#define SCN_READ	0x40000000U
#define SCN_WRITE	0x80000000U
#define SCN_NOLOAD	0x00000002U

#define DYNAMIC_BASE	0x0040
#define DIR64		10

/* Nothing else is there. */
#define BASE		0x330000000ULL

static int write_file(const void *bytes, size_t len)
{
	int fd = unnamed_file("/tmp");

	if (fd < 0 || pwrite(fd, bytes, len, 0) == (ssize_t)len)
		return fd;
	close(fd);
	return -1;
}

/* A handle of a file with these bytes. */
static HANDLE file_with(const void *bytes, size_t len, DWORD access)
{
	return handle_for(write_file(bytes, len), access);
}

static HANDLE file_made(const struct pe_make *make, DWORD access)
{
	size_t len;
	uint8_t *bytes = pe_make_build(make, &len);
	HANDLE file = file_with(bytes, len, access);

	free(bytes);
	return file;
}

static NTSTATUS image_of(HANDLE file, HANDLE *section)
{
	return nt_create(section, SECTION_ALL_ACCESS, 0, PAGE_READONLY,
			 SEC_IMAGE, file);
}

/* One section of a page for each of these characteristics. */
static void describe(struct pe_make *make, const uint32_t *flags,
		     uint32_t count)
{
	memset(make, 0, sizeof(*make));
	make->seed = 11;
	make->plus = true;
	make->characteristics = 0x2022;
	make->image_base = BASE;
	make->section_count = count;
	for (uint32_t i = 0; i < count; i++) {
		make->sections[i].characteristics = flags[i];
		make->sections[i].virtual_size = 0x1000;
		make->sections[i].raw_size = 0x1000;
	}
	pe_make_layout(make);
}

/* Code, data, what is shared, relocations. */
static const uint32_t usual[] = {
	SCN_READ | SCN_EXECUTE, SCN_READ | SCN_WRITE,
	SCN_READ | SCN_WRITE | SCN_SHARED, SCN_READ,
};

enum { TEXT, DATA, SHARED, RELOC };

static void describe_usual(struct pe_make *make, bool dynamic)
{
	describe(make, usual, ARRAY_SIZE(usual));
	if (dynamic)
		make->dll_characteristics = DYNAMIC_BASE;
	make->reloc_section = RELOC + 1;
	make->reloc_count = 1;
	make->relocs[0].rva = make->sections[DATA].virtual_address + 0x10;
	make->relocs[0].type = DIR64;
}

/* Of the usual image: the field of its headers, and the word that is relocated. */
static uint64_t field_of(const uint8_t *view)
{
	uint64_t value;

	memcpy(&value, view + *(const uint32_t *)(view + 60) + 24 + 24, 8);
	return value;
}

static uint64_t word_of(const uint8_t *view, const struct pe_make *make)
{
	uint64_t value;

	memcpy(&value, view + make->relocs[0].rva, 8);
	return value;
}

static uint64_t word_in_file(const struct pe_make *make)
{
	uint64_t value = 0;

	for (int i = 7; i >= 0; i--)
		value = value << 8 |
			pe_make_pattern(make, make->sections[DATA].raw_offset +
					      0x10 + (uint64_t)i);
	return value;
}

/* What is refused, and how. */

TEST(I1_I2_I3_I4_I5_I8_I9_I10_I11_refused)
{
	/* ~0: whatever there is for a bad image. */
	static const struct {
		enum pe_mutation mutation;
		NTSTATUS status;
	} cases[] = {
		{ PE_MUTATE_EMPTY, STATUS_INVALID_FILE_FOR_SECTION },
		{ PE_MUTATE_SHORT, STATUS_INVALID_IMAGE_NOT_MZ },
		{ PE_MUTATE_MZ, STATUS_INVALID_IMAGE_NOT_MZ },
		{ PE_MUTATE_LFANEW, STATUS_INVALID_IMAGE_PROTECT },
		{ PE_MUTATE_LFANEW_END, STATUS_INVALID_IMAGE_PROTECT },
		{ PE_MUTATE_SIGNATURE, STATUS_INVALID_IMAGE_PROTECT },
		{ PE_MUTATE_NE, STATUS_INVALID_IMAGE_NE_FORMAT },
		{ PE_MUTATE_NE_WINDOWS, STATUS_INVALID_IMAGE_WIN_16 },
		{ PE_MUTATE_NE_5, STATUS_INVALID_IMAGE_PROTECT },
		{ PE_MUTATE_MAGIC, STATUS_INVALID_IMAGE_FORMAT },
		{ PE_MUTATE_MACHINE, STATUS_INVALID_IMAGE_FORMAT },
		{ PE_MUTATE_CONTRADICTION, STATUS_INVALID_IMAGE_FORMAT },
		{ PE_MUTATE_ARM, STATUS_INVALID_IMAGE_FORMAT },
		{ PE_MUTATE_HEADERS, STATUS_INVALID_FILE_FOR_SECTION },
		{ PE_MUTATE_NO_IMAGE, ~0 },
		{ PE_MUTATE_SMALL_IMAGE, ~0 },
		{ PE_MUTATE_ALIGNMENT, ~0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pe_make make;
		HANDLE file, section;
		NTSTATUS status;
		uint8_t *bytes;
		size_t len;

		describe_usual(&make, true);
		bytes = pe_make_build(&make, &len);
		ASSERT_EQ(0, pe_make_mutate(bytes, &len, cases[i].mutation, i));
		file = file_with(bytes, len, GENERIC_READ);
		free(bytes);
		status = image_of(file, &section);
		EXPECT_FALSE(NT_SUCCESS(status));
		if (cases[i].status != ~0) {
			EXPECT_EQ(cases[i].status, status)
				TH_LOG("mutation %d", cases[i].mutation);
		}
		EXPECT_EQ(NULL, section);
		EXPECT_ERROR(ERROR_BAD_EXE_FORMAT,
			     over_file(file, PAGE_READONLY | SEC_IMAGE, 0));
		CloseHandle(file);
	}
}

/* I78: and it says that it is not for this process. */
TEST(I7_I78_image_for_32_bits)
{
	struct pe_make make;
	HANDLE file, section;
	struct nt_map m = {};

	describe_usual(&make, false);
	make.plus = false;
	make.machine = 0;
	make.magic = 0;
	make.image_base = 0x33000000;
	make.reloc_count = 0;
	make.size_of_headers = 0;
	pe_make_layout(&make);
	file = file_made(&make, GENERIC_READ);
	ASSERT_EQ(STATUS_SUCCESS, image_of(file, &section));
	EXPECT_EQ(STATUS_IMAGE_MACHINE_TYPE_MISMATCH,
		  nt_map(section, PAGE_READONLY, &m));
	EXPECT_EQ(0x33000000, (uintptr_t)m.base);
	EXPECT_TRUE(UnmapViewOfFile(m.base));
	CloseHandle(section);
	CloseHandle(file);
}

TEST(I12_I50_flat_image)
{
	MEMORY_BASIC_INFORMATION info;
	SECTION_IMAGE_INFORMATION image;
	struct pe_make make;
	HANDLE file, section;
	uint8_t *view;

	describe(&make, usual, 2);
	make.section_alignment = make.file_alignment = 0x200;
	make.size_of_headers = make.size_of_image = 0;
	for (int i = 0; i < 2; i++)
		make.sections[i].virtual_address =
			make.sections[i].raw_offset = 0;
	pe_make_layout(&make);
	file = file_made(&make, GENERIC_READ);
	ASSERT_EQ(STATUS_SUCCESS, image_of(file, &section));
	view = MapViewOfFile(section, FILE_MAP_READ, 0, 0, 0);
	ASSERT_NE(NULL, view);
	info = query(view);
	EXPECT_EQ(PAGE_EXECUTE_WRITECOPY, info.Protect);
	EXPECT_EQ((make.size_of_image + 0xfffU) & ~0xfffULL, info.RegionSize);
	for (uint32_t at = make.sections[0].raw_offset;
	     at < make.sections[1].raw_offset; at++)
		ASSERT_EQ(pe_make_pattern(&make, at), view[at]);
	ASSERT_EQ(0, NtQuerySection(section, SectionImageInformation, &image,
				    sizeof(image), NULL));
	EXPECT_EQ(0x08, image.ImageFlags & 0x0c);
	EXPECT_TRUE(UnmapViewOfFile(view));
	CloseHandle(section);
	CloseHandle(file);
}

FIXTURE(image) {
	struct pe_make make;
	int fd;
	HANDLE file;
	HANDLE section;
};

FIXTURE_VARIANT(image) {
	bool dynamic;
};

FIXTURE_VARIANT_ADD(image, fixed) { .dynamic = false };
FIXTURE_VARIANT_ADD(image, dynamic) { .dynamic = true };

/* In place of a descriptor for writing. */
static int only_reading(int fd)
{
	char path[32];
	int reader;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	reader = open(path, O_RDONLY | O_CLOEXEC);
	close(fd);
	return reader;
}

FIXTURE_SETUP(image)
{
	uint8_t *bytes;
	size_t len;

	describe_usual(&self->make, variant->dynamic);
	bytes = pe_make_build(&self->make, &len);
	self->fd = write_file(bytes, len);
	free(bytes);
	ASSERT_LE(0, self->fd);
	self->file = open_again(self->fd, GENERIC_READ);
	ASSERT_NE(INVALID_HANDLE_VALUE, self->file);
	/* Nobody has it open for writing. */
	self->fd = only_reading(self->fd);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(STATUS_SUCCESS, image_of(self->file, &self->section));
}

FIXTURE_TEARDOWN(image)
{
	CloseHandle(self->section);
	CloseHandle(self->file);
	close(self->fd);
}

TEST_F(image, C16_C17_I14_sizes)
{
	HANDLE section;

	EXPECT_EQ(STATUS_SECTION_TOO_BIG,
		  nt_create(&section, SECTION_ALL_ACCESS,
			    self->make.size_of_image + 0x1000U, PAGE_READONLY,
			    SEC_IMAGE, self->file));
	EXPECT_EQ(self->make.size_of_image, section_size(self->section));
	EXPECT_EQ(STATUS_SUCCESS, nt_create(&section, SECTION_ALL_ACCESS, 42,
					    PAGE_READONLY, SEC_IMAGE,
					    self->file));
	EXPECT_EQ(42, section_size(section));
	CloseHandle(section);
}

TEST_F(image, S9_S11_I56_attributes)
{
	HANDLE section;
	uint8_t *view, *text;
	DWORD old;

	EXPECT_EQ(SEC_FILE | SEC_IMAGE, section_flags(self->section));
	section = over_file(self->file, PAGE_READONLY | SEC_IMAGE_NO_EXECUTE,
			    0);
	ASSERT_NE(NULL, section);
	EXPECT_EQ(SEC_FILE | SEC_IMAGE, section_flags(section));
	view = view_of(section, FILE_MAP_READ);
	ASSERT_NE(NULL, view);
	/* The layout is the same. */
	EXPECT_EQ(pe_make_pattern(&self->make, self->make.sections[TEXT]
				  .raw_offset),
		  view[self->make.sections[TEXT].virtual_address]);
	text = view + self->make.sections[TEXT].virtual_address;
	EXPECT_EQ(-1, mprotect(text, 0x1000, PROT_READ | PROT_EXEC));
	EXPECT_EQ(PAGE_READONLY, query(text).Protect);
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     VirtualProtect(text, 0x1000, PAGE_EXECUTE_READ, &old));
	EXPECT_EQ(PAGE_READONLY, query(text).Protect);
	/* Which is mapped anew. */
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     VirtualProtect(view + self->make.sections[SHARED]
				    .virtual_address, 0x1000,
				    PAGE_EXECUTE_WRITECOPY, &old));
	EXPECT_TRUE(UnmapViewOfFile(view));
	CloseHandle(section);
}

TEST_F(image, I15_headers_through_the_cache)
{
	HANDLE file, data, section;
	uint8_t *view;

	CloseHandle(self->section);
	self->section = NULL;
	file = open_again(self->fd, GENERIC_READ | GENERIC_WRITE);
	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	data = over_file(file, PAGE_READWRITE, 0);
	view = view_of(data, FILE_MAP_WRITE);
	ASSERT_NE(NULL, view);
	view[0] = 'X';
	EXPECT_EQ(STATUS_INVALID_IMAGE_NOT_MZ, image_of(file, &section));
	view[0] = 'M';
	EXPECT_EQ(STATUS_SUCCESS, image_of(file, &section));
	CloseHandle(section);
	UnmapViewOfFile(view);
	CloseHandle(data);
	CloseHandle(file);
}

TEST_F(image, I16_S19_protection_argument)
{
	HANDLE file, section;
	uint8_t *view;

	/* Made with PAGE_READONLY of a handle that only reads: the fixture. */
	view = view_of(self->section, FILE_MAP_READ);
	EXPECT_EQ(PAGE_WRITECOPY, query(view + self->make.sections[DATA]
					.virtual_address).Protect);
	UnmapViewOfFile(view);
	EXPECT_EQ(STATUS_ACCESS_DENIED,
		  nt_create(&section, SECTION_ALL_ACCESS, 0, PAGE_READWRITE,
			    SEC_IMAGE, self->file));
	CloseHandle(self->section);
	self->section = NULL;
	file = open_again(self->fd, GENERIC_READ | GENERIC_WRITE);
	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	ASSERT_EQ(STATUS_SUCCESS,
		  nt_create(&section, SECTION_ALL_ACCESS, 0, PAGE_READWRITE,
			    SEC_IMAGE, file));
	view = view_of(section, FILE_MAP_READ);
	EXPECT_EQ(PAGE_WRITECOPY, query(view + self->make.sections[DATA]
					.virtual_address).Protect);
	UnmapViewOfFile(view);
	CloseHandle(section);
	CloseHandle(file);
}

/* What the model says of it, for files of all kinds. */
TEST(I20_I21_I22_I23_I24_I25_I26_I27_I28_I29_information)
{
	int seen = 0, native = 0, preferred = 0;

	for (uint64_t seed = 0; seed < 300; seed++) {
		SECTION_IMAGE_INFORMATION info;
		struct pe_model model;
		struct pe_make make;
		HANDLE file, section;
		uint8_t *bytes;
		bool same = true;
		size_t len, got;

		pe_make_random(&make, seed);
		bytes = pe_make_build(&make, &len);
		pe_model_load(bytes, len, &model);
		file = file_with(bytes, len, GENERIC_READ);
		if (model.status || image_of(file, &section)) {
			CloseHandle(file);
			pe_model_free(&model);
			free(bytes);
			continue;
		}
		memset(&info, SEC_POISON, sizeof(info));
		ASSERT_EQ(0, NtQuerySection(section, SectionImageInformation,
					    &info, sizeof(info), &got));
		EXPECT_EQ(sizeof(info), got);
#define SAME(field, member) \
	(same &= model.info.member == (__typeof__(model.info.member))info.field)
		/* I20: only so much of it is what the file says. */
		EXPECT_EQ(model.info.transfer_address & 0xffff,
			  (uintptr_t)info.TransferAddress & 0xffff);
		SAME(ZeroBits, zero_bits);
		SAME(MaximumStackSize, maximum_stack_size);
		SAME(CommittedStackSize, committed_stack_size);
		SAME(SubSystemType, sub_system_type);
		SAME(SubSystemMajorVersion, sub_system_major_version);
		SAME(SubSystemMinorVersion, sub_system_minor_version);
		SAME(MajorOperatingSystemVersion,
		     major_operating_system_version);
		SAME(MinorOperatingSystemVersion,
		     minor_operating_system_version);
		SAME(ImageCharacteristics, image_characteristics);
		SAME(DllCharacteristics, dll_characteristics);
		SAME(Machine, machine);
		SAME(CheckSum, check_sum);
		SAME(ImageFileSize, image_file_size);
		SAME(LoaderFlags, loader_flags);
		SAME(ImageContainsCode, image_contains_code);
#undef SAME
		EXPECT_TRUE(same)
			TH_LOG("seed %lu", (unsigned long)seed);
		EXPECT_EQ(model.info.com_plus_native_ready |
			  model.info.com_plus_il_only << 1 |
			  model.info.image_dynamically_relocated << 2 |
			  model.info.image_mapped_flat << 3 |
			  model.info.com_plus_prefer_32bit << 5,
			  info.ImageFlags)
			TH_LOG("seed %lu", (unsigned long)seed);
		native += info.ComPlusNativeReady;
		preferred += info.ComPlusPrefer32bit;
		seen++;
		CloseHandle(section);
		CloseHandle(file);
		pe_model_free(&model);
		free(bytes);
	}
	EXPECT_LT(200, seen);
	EXPECT_LT(0, native);
	EXPECT_LT(0, preferred);
}

/* Rows I40 to I49: what each combination of the three becomes. */
TEST(I40_I41_I42_I43_I44_I45_I46_I47_I48_I48b_I49_protections)
{
	static const struct {
		uint32_t flags;
		DWORD first, written;
	} cases[] = {
		{ 0, PAGE_NOACCESS, 0 },
		{ SCN_READ, PAGE_READONLY, 0 },
		{ SCN_WRITE, PAGE_WRITECOPY, PAGE_READWRITE },
		{ SCN_READ | SCN_WRITE, PAGE_WRITECOPY, PAGE_READWRITE },
		{ SCN_EXECUTE, PAGE_EXECUTE, 0 },
		{ SCN_EXECUTE | SCN_READ, PAGE_EXECUTE_READ, 0 },
		{ SCN_EXECUTE | SCN_WRITE, PAGE_EXECUTE_WRITECOPY,
		  PAGE_EXECUTE_READWRITE },
		{ SCN_EXECUTE | SCN_READ | SCN_WRITE, PAGE_EXECUTE_WRITECOPY,
		  PAGE_EXECUTE_READWRITE },
		{ SCN_READ | SCN_NOLOAD, PAGE_READONLY, 0 },
	};
	static const ULONG asked[] = { PAGE_READONLY, PAGE_READWRITE,
				       PAGE_NOACCESS };
	uint32_t flags[ARRAY_SIZE(cases)];
	struct pe_make make;
	HANDLE file, section;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		flags[i] = cases[i].flags;
	describe(&make, flags, ARRAY_SIZE(cases));
	file = file_made(&make, GENERIC_READ);
	ASSERT_EQ(STATUS_SUCCESS, image_of(file, &section));
	for (size_t view = 0; view < ARRAY_SIZE(asked); view++) {
		MEMORY_BASIC_INFORMATION info;
		struct nt_map m = {};
		uint8_t *base;

		ASSERT_TRUE(NT_SUCCESS(nt_map(section, asked[view], &m)));
		base = m.base;
		EXPECT_EQ(PAGE_READONLY, query(base).Protect);
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			uint8_t *at = base + make.sections[i].virtual_address;

			info = query(at);
			EXPECT_EQ(cases[i].first, info.Protect)
				TH_LOG("case %zu", i);
			EXPECT_EQ(MEM_IMAGE, info.Type);
			EXPECT_EQ(MEM_COMMIT, info.State);
			EXPECT_EQ(PAGE_EXECUTE_WRITECOPY,
				  info.AllocationProtect);
			EXPECT_EQ(base, info.AllocationBase);
			EXPECT_EQ(0x1000, info.RegionSize);
			if (!cases[i].written)
				continue;
			*at ^= 1;
			EXPECT_EQ(cases[i].written, query(at).Protect)
				TH_LOG("case %zu", i);
		}
		EXPECT_TRUE(UnmapViewOfFile(base));
	}
	CloseHandle(section);
	CloseHandle(file);
}

/* Neither a file of data nor memory. */
TEST_F(image, I47_region_of_an_image)
{
	uint8_t *view = view_of(self->section, FILE_MAP_READ);
	MEMORY_REGION_INFORMATION region;

	ASSERT_NE(NULL, view);
	memset(&region, SEC_POISON, sizeof(region));
	EXPECT_EQ(STATUS_SUCCESS,
		  NtQueryVirtualMemory(NtCurrentProcess(), view + 0x1000,
				       MemoryRegionInformation, &region,
				       sizeof(region), NULL));
	EXPECT_EQ(view, region.AllocationBase);
	EXPECT_EQ(MEMORY_REGION_MAPPED_IMAGE, region.RegionType);
	EXPECT_EQ(self->make.size_of_image, region.RegionSize);
	UnmapViewOfFile(view);
}

TEST_F(image, M33_handle_rights_count)
{
	HANDLE section;
	struct nt_map m = {};

	ASSERT_EQ(STATUS_SUCCESS, nt_create(&section, SECTION_MAP_READ, 0,
					    PAGE_READONLY, SEC_IMAGE,
					    self->file));
	EXPECT_EQ(STATUS_ACCESS_DENIED, nt_map(section, PAGE_READWRITE, &m));
	EXPECT_TRUE(NT_SUCCESS(nt_map(section, PAGE_READONLY, &m)));
	EXPECT_EQ(PAGE_WRITECOPY,
		  query((uint8_t *)m.base + self->make.sections[DATA]
			.virtual_address).Protect);
	EXPECT_TRUE(UnmapViewOfFile(m.base));
	CloseHandle(section);
}

static int count_up(void *arg)
{
	__atomic_add_fetch((uint8_t *)arg, 1, __ATOMIC_SEQ_CST);
	return 0;
}

TEST_F(image, I51_shared_segment)
{
	size_t rva = self->make.sections[SHARED].virtual_address;
	uint8_t *view = view_of(self->section, FILE_MAP_READ), first, *other;
	HANDLE again;

	ASSERT_NE(NULL, view);
	first = view[rva];
	EXPECT_EQ(PAGE_READWRITE, query(view + rva).Protect);
	EXPECT_EQ(0, sec_in_child(count_up, view + rva));
	EXPECT_EQ((uint8_t)(first + 1), view[rva]);
	ASSERT_EQ(STATUS_SUCCESS, image_of(self->file, &again));
	other = view_of(again, FILE_MAP_READ);
	EXPECT_EQ((uint8_t)(first + 1), other[rva]);
	UnmapViewOfFile(other);
	CloseHandle(again);
	UnmapViewOfFile(view);
}

/* What is done around every write to code and tables must not part the processes. */
TEST_F(image, I51_shared_segment_that_is_protected)
{
	size_t rva = self->make.sections[SHARED].virtual_address;
	uint8_t *view = view_of(self->section, FILE_MAP_READ), first;
	DWORD old, again;

	ASSERT_NE(NULL, view);
	first = view[rva];
	for (int i = 0; i < 2; i++) {
		ASSERT_TRUE(VirtualProtect(view + rva, 0x1000, PAGE_READONLY,
					   &old));
		EXPECT_EQ(PAGE_READWRITE, old);
		ASSERT_TRUE(VirtualProtect(view + rva, 0x1000, old, &again));
		EXPECT_EQ(PAGE_READWRITE, query(view + rva).Protect);
	}
	EXPECT_EQ(0, sec_in_child(count_up, view + rva));
	EXPECT_EQ((uint8_t)(first + 1), view[rva]);
	/* This is to ask for a copy. */
	ASSERT_TRUE(VirtualProtect(view + rva, 0x1000, PAGE_WRITECOPY, &old));
	EXPECT_EQ(0, sec_in_child(count_up, view + rva));
	EXPECT_EQ((uint8_t)(first + 1), view[rva]);
	UnmapViewOfFile(view);
}

TEST_F(image, I52_I55_I92_writes_are_private)
{
	size_t rva = self->make.sections[DATA].virtual_address;
	HANDLE data = over_file(self->file, PAGE_READONLY, 0);
	uint8_t *view = view_of(self->section, FILE_MAP_READ);
	uint8_t *other = view_of(self->section, FILE_MAP_READ);
	uint8_t *raw = view_of(data, FILE_MAP_READ), before;

	ASSERT_NE(NULL, view);
	ASSERT_NE(NULL, other);
	before = view[rva];
	view[rva]++;
	EXPECT_EQ(before, other[rva]);
	EXPECT_EQ(before, raw[self->make.sections[DATA].raw_offset]);
	EXPECT_TRUE(UnmapViewOfFile(view));
	view = view_of(self->section, FILE_MAP_READ);
	EXPECT_EQ(before, view[rva]);
	EXPECT_TRUE(UnmapViewOfFile(view));
	EXPECT_TRUE(UnmapViewOfFile(other));
	EXPECT_ERROR(ERROR_INVALID_ADDRESS, UnmapViewOfFile(other));
	UnmapViewOfFile(raw);
	CloseHandle(data);
}

TEST_F(image, I53_T14_every_protection)
{
	static const DWORD reads_back[][2] = {
		{ PAGE_NOACCESS, PAGE_NOACCESS },
		{ PAGE_READONLY, PAGE_READONLY },
		{ PAGE_READWRITE, PAGE_WRITECOPY },
		{ PAGE_WRITECOPY, PAGE_WRITECOPY },
		{ PAGE_EXECUTE, PAGE_EXECUTE },
		{ PAGE_EXECUTE_READ, PAGE_EXECUTE_READ },
		{ PAGE_EXECUTE_READWRITE, PAGE_EXECUTE_WRITECOPY },
		{ PAGE_EXECUTE_WRITECOPY, PAGE_EXECUTE_WRITECOPY },
	};
	uint8_t *view = view_of(self->section, FILE_MAP_READ);
	DWORD old;

	ASSERT_NE(NULL, view);
	for (int section = TEXT; section <= RELOC; section++) {
		uint8_t *at = view + self->make.sections[section]
				     .virtual_address;

		if (section == SHARED)
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(reads_back); i++) {
			ASSERT_TRUE(VirtualProtect(at, 0x1000,
						   reads_back[i][0], &old));
			EXPECT_EQ(reads_back[i][1], query(at).Protect);
		}
		EXPECT_ERROR(ERROR_INVALID_PARAMETER,
			     VirtualProtect(at, 0x1000, 0, &old));
		EXPECT_ERROR(ERROR_INVALID_PARAMETER,
			     VirtualProtect(at, 0x1000, PAGE_READONLY |
					    PAGE_READWRITE, &old));
	}
	/* What was made writable so stays with the process. */
	ASSERT_TRUE(VirtualProtect(view, 0x1000, PAGE_READWRITE, &old));
	view[0] = 'X';
	EXPECT_EQ(PAGE_READWRITE, query(view).Protect);
	UnmapViewOfFile(view);
	view = view_of(self->section, FILE_MAP_READ);
	EXPECT_EQ('M', view[0]);
	UnmapViewOfFile(view);
}

TEST_F(image, I54_I65_memory_functions)
{
	uint8_t *view = view_of(self->section, FILE_MAP_READ);

	ASSERT_NE(NULL, view);
	EXPECT_ERROR(ERROR_ACCESS_DENIED,
		     VirtualAlloc(view + 0x1000, 0x1000, MEM_COMMIT,
				  PAGE_READONLY));
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     VirtualAlloc(view + 0x1000, 0x1000, MEM_RESERVE,
				  PAGE_READONLY));
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     VirtualFree(view, 0, MEM_RELEASE));
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     VirtualFree(view + 0x1000, 0x1000, MEM_DECOMMIT));
	UnmapViewOfFile(view);
}

/* Page by page what the model says; I65: what is in gaps is not asked about. */
TEST(I60_I61_I62_I63_I64_I66_contents)
{
	for (uint64_t seed = 1000; seed < 1040; seed++) {
		struct pe_model model;
		struct pe_make make;
		HANDLE file, section;
		uint8_t *bytes, *view, *expected;
		size_t len;
		DWORD old;

		pe_make_random(&make, seed);
		bytes = pe_make_build(&make, &len);
		pe_model_load(bytes, len, &model);
		file = file_with(bytes, len, GENERIC_READ);
		ASSERT_EQ(STATUS_SUCCESS, image_of(file, &section));
		view = view_of(section, FILE_MAP_READ);
		ASSERT_NE(NULL, view);
		expected = malloc(model.image_size);
		pe_model_image(&model, model.relocatable ? (uintptr_t)view :
			       model.base, expected);
		for (size_t i = 0; i < model.page_count; i++) {
			uint8_t *page = view + i * 0x1000;

			if (model.pages[i].protect & PE_MODEL_GAP)
				continue;
			ASSERT_TRUE(VirtualProtect(page, 0x1000, PAGE_READONLY,
						   &old));
			ASSERT_EQ(0, memcmp(page, expected + i * 0x1000,
					    0x1000))
				TH_LOG("seed %lu, page %zu",
				       (unsigned long)seed, i);
		}
		free(expected);
		UnmapViewOfFile(view);
		CloseHandle(section);
		CloseHandle(file);
		pe_model_free(&model);
		free(bytes);
	}
}

TEST_F(image, I70_I71_I72_I73_I74_I75_where_views_are)
{
	struct nt_map m = {}, second = {};
	uint64_t word = word_in_file(&self->make);

	EXPECT_EQ(STATUS_SUCCESS, nt_map(self->section, PAGE_READONLY, &m));
	EXPECT_EQ(STATUS_IMAGE_NOT_AT_BASE,
		  nt_map(self->section, PAGE_READONLY, &second));
	EXPECT_NE(m.base, second.base);
	EXPECT_EQ(0, (uintptr_t)second.base % 0x10000);
	if (variant->dynamic) {
		EXPECT_NE(BASE, (uintptr_t)m.base);
		EXPECT_EQ((uintptr_t)m.base, field_of(m.base));
		EXPECT_EQ(word + (uintptr_t)m.base - BASE,
			  word_of(m.base, &self->make));
	} else {
		EXPECT_EQ(BASE, (uintptr_t)m.base);
		EXPECT_EQ(BASE, field_of(m.base));
		EXPECT_EQ(word, word_of(m.base, &self->make));
	}
	/* I72: whoever maps it elsewhere gets the same bytes. */
	EXPECT_EQ(field_of(m.base), field_of(second.base));
	EXPECT_EQ(word_of(m.base, &self->make),
		  word_of(second.base, &self->make));
	EXPECT_TRUE(UnmapViewOfFile(m.base));
	EXPECT_TRUE(UnmapViewOfFile(second.base));
}

/* The base is too high; or it would do, until it is taken. */
TEST_F(image, V15_low_addresses)
{
	struct pe_make make;
	HANDLE file, section;

	describe_usual(&make, false);
	make.image_base = 0x10000000;
	file = file_made(&make, GENERIC_READ);
	ASSERT_EQ(STATUS_SUCCESS, image_of(file, &section));
	for (int i = 0; i < 3; i++) {
		struct nt_map high = { .zero_bits = 1 };
		struct nt_map low = { .zero_bits = 1 };

		EXPECT_EQ(STATUS_IMAGE_NOT_AT_BASE,
			  nt_map(self->section, PAGE_READONLY, &high));
		EXPECT_GE(1ULL << 31, (uintptr_t)high.base + high.size);
		EXPECT_EQ(i ? STATUS_IMAGE_NOT_AT_BASE : STATUS_SUCCESS,
			  nt_map(section, PAGE_READONLY, &low));
		EXPECT_GE(1ULL << 31, (uintptr_t)low.base + low.size);
		EXPECT_EQ(word_in_file(&make), word_of(low.base, &make));
	}
	CloseHandle(section);
	CloseHandle(file);
}

/* With something else at the place that the file asks for. */
TEST_F(image, I71_I73_I77_base_is_taken)
{
	void *taken = VirtualAlloc((void *)BASE, 0x1000, MEM_RESERVE,
				   PAGE_NOACCESS);
	struct nt_map m = {};

	ASSERT_EQ(BASE, (uintptr_t)taken);
	EXPECT_EQ(variant->dynamic ? STATUS_SUCCESS : STATUS_IMAGE_NOT_AT_BASE,
		  nt_map(self->section, PAGE_READONLY, &m));
	EXPECT_NE(BASE, (uintptr_t)m.base);
	EXPECT_TRUE(UnmapViewOfFile(m.base));
	VirtualFree(taken, 0, MEM_RELEASE);
}

TEST_F(image, I76_explicit_base)
{
	struct nt_map m = { .base = (PVOID)(BASE + 0x1000000) };
	struct nt_map taken = m;

	EXPECT_EQ(STATUS_IMAGE_NOT_AT_BASE,
		  nt_map(self->section, PAGE_READONLY, &m));
	EXPECT_EQ(BASE + 0x1000000, (uintptr_t)m.base);
	EXPECT_EQ(STATUS_CONFLICTING_ADDRESSES,
		  nt_map(self->section, PAGE_READONLY, &taken));
	EXPECT_TRUE(UnmapViewOfFile(m.base));
}

TEST_F(image, I79_partial_views)
{
	struct nt_map m = { .size = 0x1234 };
	struct nt_map part = {};
	HANDLE section;

	EXPECT_EQ(STATUS_SUCCESS, nt_map(self->section, PAGE_READONLY, &m));
	EXPECT_EQ(0x2000, m.size);
	EXPECT_EQ(MEM_FREE, query((uint8_t *)m.base + 0x2000).State);
	EXPECT_TRUE(UnmapViewOfFile(m.base));
	ASSERT_EQ(STATUS_SUCCESS, nt_create(&section, SECTION_ALL_ACCESS,
					    0x2000, PAGE_READONLY, SEC_IMAGE,
					    self->file));
	EXPECT_EQ(STATUS_SUCCESS, nt_map(section, PAGE_READONLY, &part));
	EXPECT_EQ(0x2000, part.size);
	EXPECT_TRUE(UnmapViewOfFile(part.base));
	CloseHandle(section);
}

/* What was tried out to find a place is given back, too. */
TEST_F(image, I79_part_of_a_page_elsewhere)
{
	struct nt_map first = {}, second = {};
	unsigned char in;
	HANDLE section;

	ASSERT_EQ(STATUS_SUCCESS, nt_create(&section, SECTION_ALL_ACCESS,
					    0x1234, PAGE_READONLY, SEC_IMAGE,
					    self->file));
	EXPECT_EQ(STATUS_SUCCESS, nt_map(section, PAGE_READONLY, &first));
	EXPECT_EQ(STATUS_IMAGE_NOT_AT_BASE,
		  nt_map(section, PAGE_READONLY, &second));
	EXPECT_EQ(0x2000, second.size);
	EXPECT_EQ(-1, mincore((uint8_t *)second.base + 0x2000, 0x1000, &in));
	EXPECT_EQ(ENOMEM, errno);
	EXPECT_TRUE(UnmapViewOfFile(first.base));
	EXPECT_TRUE(UnmapViewOfFile(second.base));
	CloseHandle(section);
}

TEST_F(image, I91_data_view_does_not_matter)
{
	size_t rva = self->make.sections[DATA].virtual_address;
	HANDLE file, data, section;
	uint8_t *raw, *view, before;

	CloseHandle(self->section);
	self->section = NULL;
	file = open_again(self->fd, GENERIC_READ | GENERIC_WRITE);
	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	data = over_file(file, PAGE_READWRITE, 0);
	raw = view_of(data, FILE_MAP_WRITE);
	ASSERT_NE(NULL, raw);
	ASSERT_EQ(STATUS_SUCCESS, image_of(file, &section));
	view = view_of(section, FILE_MAP_READ);
	ASSERT_NE(NULL, view);
	before = view[rva];
	raw[0] = 'X';
	raw[self->make.sections[DATA].raw_offset]++;
	EXPECT_TRUE(FlushViewOfFile(raw, 0));
	EXPECT_EQ('M', view[0]);
	EXPECT_EQ(before, view[rva]);
	UnmapViewOfFile(view);
	UnmapViewOfFile(raw);
	CloseHandle(section);
	CloseHandle(data);
	CloseHandle(file);
}

TEST_F(image, I93_F3_F5_opening_for_writing)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->fd);
	SetLastError(OLD_ERROR);
	EXPECT_EQ(INVALID_HANDLE_VALUE, open_again(self->fd, GENERIC_WRITE));
	EXPECT_EQ(ERROR_SHARING_VIOLATION, GetLastError());
	SetLastError(OLD_ERROR);
	EXPECT_EQ(INVALID_HANDLE_VALUE,
		  CreateFileA(path, GENERIC_WRITE, FILE_SHARE_READ |
			      FILE_SHARE_WRITE, NULL, TRUNCATE_EXISTING,
			      FILE_ATTRIBUTE_NORMAL, NULL));
	EXPECT_EQ(ERROR_SHARING_VIOLATION, GetLastError());
}

TEST_F(image, Q22_Q23_Q24_same_files)
{
	HANDLE again, data = over_file(self->file, PAGE_READONLY, 0), other;
	struct pe_make make;
	uint8_t *first, *second, *raw, *foreign;

	describe_usual(&make, variant->dynamic);
	make.seed++;
	ASSERT_EQ(STATUS_SUCCESS, image_of(self->file, &again));
	ASSERT_EQ(STATUS_SUCCESS, image_of(file_made(&make, GENERIC_READ),
					   &other));
	first = view_of(self->section, FILE_MAP_READ);
	second = view_of(again, FILE_MAP_READ);
	raw = view_of(data, FILE_MAP_READ);
	foreign = view_of(other, FILE_MAP_READ);
	EXPECT_EQ(STATUS_SUCCESS, NtAreMappedFilesTheSame(first, second));
	EXPECT_EQ(STATUS_NOT_SAME_DEVICE,
		  NtAreMappedFilesTheSame(first, foreign));
	EXPECT_EQ(STATUS_NOT_SAME_DEVICE, NtAreMappedFilesTheSame(raw, first));
	EXPECT_EQ(STATUS_NOT_SAME_DEVICE,
		  NtAreMappedFilesTheSame(raw, foreign));
}

TEST_F(image, X3_no_extension)
{
	LARGE_INTEGER size = { .QuadPart = 1 << 20 };

	EXPECT_EQ(STATUS_SECTION_NOT_EXTENDED,
		  NtExtendSection(self->section, &size));
}

TEST_HARNESS_MAIN
