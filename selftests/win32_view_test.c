// SPDX-License-Identifier: GPL-2.0-only
/*
 * Win32 library: unmapping and flushing (U), asking about sections and
 * extending them (Q, X), and files that are mapped (F).
 */
#include "win32_util.h"

#define BYTES	0x3000

static NTSTATUS nt_flush(void *address, SIZE_T size, IO_STATUS_BLOCK *io)
{
	PVOID base = address;

	memset(io, SEC_POISON, sizeof(*io));
	return NtFlushVirtualMemory(NtCurrentProcess(), &base, &size, io);
}

static NTSTATUS nt_unmap(const void *address)
{
	return NtUnmapViewOfSection(NtCurrentProcess(),
				    (PVOID)(uintptr_t)address);
}

/* A section over a file of three pages, and its handles. */
FIXTURE(view) {
	HANDLE file;
	HANDLE section;
};

FIXTURE_SETUP(view)
{
	self->file = file_of(BYTES, GENERIC_READ | GENERIC_WRITE);
	ASSERT_NE(INVALID_HANDLE_VALUE, self->file);
	self->section = nt_section(PAGE_READWRITE, 0, self->file);
	ASSERT_NE(NULL, self->section);
}

FIXTURE_TEARDOWN(view)
{
	CloseHandle(self->section);
	CloseHandle(self->file);
}

TEST_F(view, U1_any_address_unmaps_all)
{
	static const DWORD offsets[] = { 0, 100, 4096, 4196, 12287 };
	char *view;
	char *address;
	size_t i;

	for (i = 0; i < 2 * ARRAY_SIZE(offsets); i++) {
		view = view_of(self->section, FILE_MAP_WRITE);
		ASSERT_NE(NULL, view);
		address = view + offsets[i / 2];
		EXPECT_TRUE(i & 1 ? nt_unmap(address) == STATUS_SUCCESS :
				    UnmapViewOfFile(address));
		EXPECT_TRUE(free_at(view));
		EXPECT_TRUE(free_at(view + 0x1000));
		EXPECT_TRUE(free_at(view + 0x2000));
	}
}

TEST_F(view, U2_no_view_there)
{
	char *private = VirtualAlloc(NULL, 0x2000, MEM_COMMIT,
				     PAGE_READWRITE);
	char *view = view_of(self->section, FILE_MAP_READ);
	const void * const bad[] = {
		private, private + 100, private + 0x1000, view,
		(void *)(uintptr_t)0xdeadbeef, NULL,
	};
	size_t i;

	ASSERT_NE(NULL, private);
	ASSERT_NE(NULL, view);
	EXPECT_TRUE(UnmapViewOfFile(view));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_ERROR(ERROR_INVALID_ADDRESS, UnmapViewOfFile(bad[i]));
		EXPECT_EQ(STATUS_NOT_MAPPED_VIEW, nt_unmap(bad[i]));
	}
	EXPECT_EQ(0, poke(private, 1));
	EXPECT_EQ(MEM_COMMIT, state_at(private + 0x1000));
	EXPECT_TRUE(VirtualFree(private, 0, MEM_RELEASE));
}

TEST_F(view, U3_free_memory)
{
	char *view = view_of(self->section, FILE_MAP_WRITE);
	MEMORY_BASIC_INFORMATION info;

	ASSERT_NE(NULL, view);
	EXPECT_TRUE(UnmapViewOfFile(view));
	info = query(view);
	EXPECT_EQ(MEM_FREE, info.State);
	EXPECT_EQ(PAGE_NOACCESS, info.Protect);
	EXPECT_EQ(NULL, info.AllocationBase);
	EXPECT_EQ(0, info.AllocationProtect);
	EXPECT_EQ(0, info.Type);
	EXPECT_EQ(view, info.BaseAddress);
	EXPECT_EQ(-SIGSEGV, peek(view));
}

TEST(U4_contents_are_gone)
{
	struct sec_name name = sec_unique();
	unsigned char *view;
	HANDLE section;
	int round;

	for (round = 0; round < 2; round++) {
		section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL,
					     PAGE_READWRITE, 0, BYTES, name.s);
		ASSERT_NE(NULL, section);
		EXPECT_EQ(ERROR_SUCCESS, GetLastError());
		view = view_of(section, FILE_MAP_WRITE);
		ASSERT_NE(NULL, view);
		CloseHandle(section);
		EXPECT_TRUE(sec_all_bytes(view, 0, BYTES));
		memset(view, 1, BYTES);
		EXPECT_TRUE(UnmapViewOfFile(view));
	}
}

TEST_F(view, U5_unmapping_loses_nothing)
{
	unsigned char *view = view_of(self->section, FILE_MAP_WRITE);
	size_t page;

	ASSERT_NE(NULL, view);
	for (page = 0; page < 3; page++)
		EXPECT_EQ(0, poke(view + page * PAGE_BYTES, 251));
	EXPECT_TRUE(UnmapViewOfFile(view));
	CloseHandle(self->section);
	self->section = NULL;
	for (page = 0; page < 3; page++)
		EXPECT_EQ(251, byte_in_file(self->file, page * PAGE_BYTES));
}

/* U8 is from documentation only. */
TEST_F(view, U6_U8_flush)
{
	unsigned char *view = view_of(self->section, FILE_MAP_WRITE);
	IO_STATUS_BLOCK io;
	PVOID base;
	SIZE_T size;

	ASSERT_NE(NULL, view);
	memset(view, 251, BYTES);
	EXPECT_TRUE(FlushViewOfFile(view, 0));
	EXPECT_TRUE(FlushViewOfFile(view + 0x1234, 0));
	EXPECT_TRUE(FlushViewOfFile(view + 0x1234, 0x100));
	EXPECT_TRUE(FlushViewOfFile(view, BYTES));
	EXPECT_EQ(251, byte_in_file(self->file, BYTES - 1));
	EXPECT_EQ(STATUS_SUCCESS, nt_flush(view + 0x1000, 0x1000, &io));

	/* How much it was: to the end of the view. */
	base = view + 0x1234;
	size = 0;
	EXPECT_EQ(STATUS_SUCCESS,
		  NtFlushVirtualMemory(NtCurrentProcess(), &base, &size, &io));
	EXPECT_EQ(view + 0x1000, base);
	EXPECT_EQ(BYTES - 0x1000, size);
	EXPECT_TRUE(UnmapViewOfFile(view));
}

TEST_F(view, U7_flush_where_nothing_is_mapped)
{
	char *view = view_of(self->section, FILE_MAP_WRITE);
	IO_STATUS_BLOCK io;

	ASSERT_NE(NULL, view);
	EXPECT_TRUE(UnmapViewOfFile(view));
	EXPECT_EQ(STATUS_NOT_MAPPED_DATA, nt_flush(view, 0, &io));
	EXPECT_TRUE(FlushViewOfFile(view, 0));
	EXPECT_TRUE(FlushViewOfFile(view, 0x1000));
}

/* Seen in implementations only. */
TEST(U10_flush_memory)
{
	HANDLE section = memory(PAGE_READWRITE, BYTES);
	unsigned char *view;

	ASSERT_NE(NULL, section);
	view = view_of(section, FILE_MAP_WRITE);
	ASSERT_NE(NULL, view);
	EXPECT_EQ(0, poke(view, 3));
	EXPECT_TRUE(FlushViewOfFile(view, 0));
	EXPECT_TRUE(FlushViewOfFile(view, 0x1000));
	EXPECT_EQ(3, peek(view));
	EXPECT_TRUE(UnmapViewOfFile(view));
	CloseHandle(section);
}

/* Q: NtQuerySection() */

TEST(Q1_needs_the_right)
{
	SECTION_BASIC_INFORMATION basic;
	HANDLE section;

	ASSERT_EQ(STATUS_SUCCESS,
		  nt_create(&section, SECTION_ALL_ACCESS & ~SECTION_QUERY,
			    0x1000, PAGE_READWRITE, SEC_COMMIT, NULL));
	EXPECT_EQ(STATUS_ACCESS_DENIED, query_section(section, &basic));
	CloseHandle(section);
	ASSERT_EQ(STATUS_SUCCESS,
		  nt_create(&section, SECTION_QUERY, 0x1000, PAGE_READWRITE,
			    SEC_COMMIT, NULL));
	EXPECT_EQ(STATUS_SUCCESS, query_section(section, &basic));
	CloseHandle(section);
}

TEST_F(view, Q2_answer)
{
	SECTION_BASIC_INFORMATION basic;
	HANDLE section;

	ASSERT_EQ(STATUS_SUCCESS, query_section(self->section, &basic));
	EXPECT_EQ(NULL, basic.BaseAddress);
	EXPECT_EQ(SEC_FILE, basic.Attributes);
	EXPECT_EQ(BYTES, basic.Size.QuadPart);

	ASSERT_EQ(STATUS_SUCCESS,
		  nt_create(&section, SECTION_QUERY, 5000, PAGE_READWRITE,
			    SEC_RESERVE, NULL));
	ASSERT_EQ(STATUS_SUCCESS, query_section(section, &basic));
	EXPECT_EQ(NULL, basic.BaseAddress);
	EXPECT_EQ(SEC_RESERVE, basic.Attributes);
	EXPECT_EQ(8192, basic.Size.QuadPart);
	CloseHandle(section);
}

TEST_F(view, Q3_length)
{
	struct {
		SECTION_BASIC_INFORMATION basic;
		unsigned char behind[64];
	} room;
	SIZE_T size, length;

	for (size = 0; size < sizeof(room.basic); size++) {
		EXPECT_EQ(STATUS_INFO_LENGTH_MISMATCH,
			  NtQuerySection(self->section,
					 SectionBasicInformation, &room, size,
					 NULL));
	}
	for (; size <= sizeof(room); size++) {
		memset(&room, SEC_POISON, sizeof(room));
		length = 0;
		EXPECT_EQ(STATUS_SUCCESS,
			  NtQuerySection(self->section,
					 SectionBasicInformation, &room, size,
					 &length));
		EXPECT_EQ(sizeof(room.basic), length);
		EXPECT_EQ(BYTES, room.basic.Size.QuadPart);
		EXPECT_TRUE(sec_poisoned(room.behind, sizeof(room.behind)));
	}
}

TEST_F(view, Q4_no_image)
{
	SECTION_IMAGE_INFORMATION image;
	HANDLE section = memory(PAGE_READWRITE, 0x1000);

	ASSERT_NE(NULL, section);
	EXPECT_EQ(STATUS_SECTION_NOT_IMAGE,
		  NtQuerySection(self->section, SectionImageInformation,
				 &image, sizeof(image), NULL));
	EXPECT_EQ(STATUS_SECTION_NOT_IMAGE,
		  NtQuerySection(section, SectionImageInformation, &image,
				 sizeof(image), NULL));
	EXPECT_EQ(STATUS_INFO_LENGTH_MISMATCH,
		  NtQuerySection(self->section, SectionImageInformation,
				 &image, sizeof(image) - 1, NULL));
	CloseHandle(section);
}

/* Nobody was seen to try these two: this is what the library promises. */
TEST_F(view, Q5_Q8_unknown_class_and_type)
{
	SECTION_BASIC_INFORMATION basic;

	EXPECT_EQ(STATUS_INVALID_INFO_CLASS,
		  NtQuerySection(self->section,
				 (SECTION_INFORMATION_CLASS)77, &basic,
				 sizeof(basic), NULL));
	EXPECT_EQ(STATUS_OBJECT_TYPE_MISMATCH,
		  query_section(self->file, &basic));
	EXPECT_EQ(STATUS_OBJECT_TYPE_MISMATCH,
		  query_section(GetCurrentProcess(), &basic));
}

TEST_F(view, Q6_null_pointers)
{
	SECTION_BASIC_INFORMATION basic;

	EXPECT_EQ(STATUS_ACCESS_VIOLATION,
		  NtQuerySection(self->section, SectionBasicInformation, NULL,
				 sizeof(basic), NULL));
	EXPECT_EQ(STATUS_INVALID_HANDLE, query_section(NULL, &basic));
}

TEST_F(view, Q7_end_of_the_buffer_wraps)
{
	SECTION_BASIC_INFORMATION basic;

	EXPECT_EQ(STATUS_ACCESS_VIOLATION,
		  NtQuerySection(self->section, SectionBasicInformation,
				 &basic, SIZE_MAX, NULL));
	EXPECT_EQ(STATUS_ACCESS_VIOLATION,
		  NtQuerySection(self->section, SectionBasicInformation,
				 &basic, SIZE_MAX - (uintptr_t)&basic + 2,
				 NULL));
}

TEST_F(view, Q9_small_section_of_a_file)
{
	SECTION_BASIC_INFORMATION basic;
	HANDLE section = over_file(self->file, PAGE_READONLY | SEC_RESERVE, 1);

	ASSERT_NE(NULL, section);
	ASSERT_EQ(STATUS_SUCCESS, query_section(section, &basic));
	EXPECT_EQ(SEC_FILE, basic.Attributes);
	EXPECT_EQ(1, basic.Size.QuadPart);
	CloseHandle(section);
}

TEST_F(view, Q10_length_is_not_wanted)
{
	SECTION_BASIC_INFORMATION basic = { 0 };

	EXPECT_EQ(STATUS_SUCCESS,
		  NtQuerySection(self->section, SectionBasicInformation,
				 &basic, sizeof(basic), NULL));
	EXPECT_EQ(BYTES, basic.Size.QuadPart);
}

/* Q: NtAreMappedFilesTheSame() */

TEST_F(view, Q20_Q21_same_view)
{
	char *a = view_of(self->section, FILE_MAP_READ);
	char *b = view_of(self->section, FILE_MAP_READ);
	HANDLE section = memory(PAGE_READWRITE, BYTES);
	char *c;

	ASSERT_NE(NULL, a);
	ASSERT_NE(NULL, b);
	ASSERT_NE(NULL, section);
	c = view_of(section, FILE_MAP_READ);
	ASSERT_NE(NULL, c);
	EXPECT_EQ(STATUS_SUCCESS, NtAreMappedFilesTheSame(a, a));
	EXPECT_EQ(STATUS_SUCCESS, NtAreMappedFilesTheSame(a, a + 0x1234));
	EXPECT_EQ(STATUS_SUCCESS, NtAreMappedFilesTheSame(a + 0x2fff, a));
	EXPECT_EQ(STATUS_SUCCESS, NtAreMappedFilesTheSame(c, c + 1));
	EXPECT_EQ(STATUS_NOT_SAME_DEVICE, NtAreMappedFilesTheSame(a, b));
	EXPECT_EQ(STATUS_NOT_SAME_DEVICE, NtAreMappedFilesTheSame(b, a));
	EXPECT_EQ(STATUS_NOT_SAME_DEVICE, NtAreMappedFilesTheSame(a, c));
	EXPECT_TRUE(UnmapViewOfFile(a));
	EXPECT_TRUE(UnmapViewOfFile(b));
	EXPECT_TRUE(UnmapViewOfFile(c));
	CloseHandle(section);
}

TEST_F(view, Q26_Q27_no_view)
{
	char *private = VirtualAlloc(NULL, 0x1000, MEM_COMMIT,
				     PAGE_READWRITE);
	char *view = view_of(self->section, FILE_MAP_READ);
	char *heap = malloc(1000);
	NTSTATUS status;

	ASSERT_NE(NULL, private);
	ASSERT_NE(NULL, view);
	ASSERT_NE(NULL, heap);
	EXPECT_EQ(STATUS_INVALID_ADDRESS, NtAreMappedFilesTheSame(view, NULL));
	EXPECT_EQ(STATUS_INVALID_ADDRESS, NtAreMappedFilesTheSame(NULL, NULL));
	status = NtAreMappedFilesTheSame(view, (PVOID)(uintptr_t)0xdeadbeef);
	EXPECT_TRUE(status == STATUS_INVALID_ADDRESS ||
		    status == STATUS_CONFLICTING_ADDRESSES);
	EXPECT_EQ(STATUS_CONFLICTING_ADDRESSES,
		  NtAreMappedFilesTheSame(view, private));
	EXPECT_EQ(STATUS_CONFLICTING_ADDRESSES,
		  NtAreMappedFilesTheSame(view, heap));
	EXPECT_TRUE(UnmapViewOfFile(view));
	EXPECT_TRUE(VirtualFree(private, 0, MEM_RELEASE));
	free(heap);
}

/*
 * X: NtExtendSection(). These rows were seen in implementations, and in what
 * programs do, not in tests.
 */

TEST_F(view, X1_needs_the_right)
{
	LARGE_INTEGER size = { .QuadPart = BYTES + 0x1000 };
	HANDLE section;

	ASSERT_EQ(STATUS_SUCCESS,
		  nt_create(&section, SECTION_ALL_ACCESS & ~SECTION_EXTEND_SIZE,
			    0, PAGE_READWRITE, SEC_COMMIT, self->file));
	EXPECT_EQ(STATUS_ACCESS_DENIED, NtExtendSection(section, &size));
	CloseHandle(section);
	EXPECT_EQ(BYTES, size_of_file(self->file));
	ASSERT_EQ(STATUS_SUCCESS,
		  nt_create(&section, SECTION_EXTEND_SIZE, 0, PAGE_READWRITE,
			    SEC_COMMIT, self->file));
	EXPECT_EQ(STATUS_SUCCESS, NtExtendSection(section, &size));
	CloseHandle(section);
}

TEST(X2_memory_is_not_extended)
{
	LARGE_INTEGER size = { .QuadPart = 2 * BYTES };
	HANDLE section = nt_section(PAGE_READWRITE, BYTES, NULL);

	ASSERT_NE(NULL, section);
	EXPECT_EQ(STATUS_SECTION_NOT_EXTENDED, NtExtendSection(section, &size));
	EXPECT_EQ(BYTES, section_size(section));
	CloseHandle(section);
}

/* Which status it is, nobody knows. */
TEST_F(view, X4_section_that_is_not_written_to)
{
	static const DWORD protects[] = { PAGE_READONLY, PAGE_WRITECOPY };
	LARGE_INTEGER size;
	HANDLE section;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protects); i++) {
		section = nt_section(protects[i], 0, self->file);
		ASSERT_NE(NULL, section);
		size.QuadPart = BYTES + 0x1000;
		EXPECT_FALSE(NT_SUCCESS(NtExtendSection(section, &size)));
		EXPECT_EQ(BYTES, section_size(section));
		EXPECT_EQ(BYTES, size_of_file(self->file));
		CloseHandle(section);
	}
}

TEST_F(view, X5_never_shrinks)
{
	static const LONGLONG sizes[] = { 1, BYTES - 1, BYTES };
	LARGE_INTEGER size;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size.QuadPart = sizes[i];
		EXPECT_EQ(STATUS_SUCCESS,
			  NtExtendSection(self->section, &size));
		EXPECT_EQ(BYTES, size.QuadPart);
		EXPECT_EQ(BYTES, section_size(self->section));
		EXPECT_EQ(BYTES, size_of_file(self->file));
	}
}

TEST_F(view, X6_grows)
{
	struct nt_map large = { .type = MEM_RESERVE, .size = 0x20000 };
	LARGE_INTEGER size = { .QuadPart = 0x10000 };
	unsigned char *small, *view, *later;

	/*
	 * Where nothing follows: Linux puts mappings of its own, such as those
	 * of the harness, into what a view leaves of its 64 KiB.
	 */
	small = MapViewOfFileEx(self->section, FILE_MAP_WRITE, 0, 0, 0,
				free_grains(1));
	ASSERT_NE(NULL, small);
	ASSERT_TRUE(free_at(small + BYTES));
	ASSERT_EQ(STATUS_SUCCESS,
		  nt_map(self->section, PAGE_READWRITE, &large));
	view = large.base;
	EXPECT_EQ(file_pattern(1), peek(view + 1));
	/* There is nothing behind the end yet. */
	EXPECT_GT(0, peek(view + 0xf000));

	EXPECT_EQ(STATUS_SUCCESS, NtExtendSection(self->section, &size));
	EXPECT_EQ(0x10000, size.QuadPart);
	EXPECT_EQ(0x10000, section_size(self->section));
	EXPECT_EQ(0x10000, size_of_file(self->file));
	EXPECT_EQ(0, peek(view + 0xf000));
	EXPECT_EQ(0, poke(view + 0xffff, 250));
	EXPECT_EQ(250, byte_in_file(self->file, 0xffff));
	EXPECT_GT(0, peek(view + 0x10000));
	/* What was mapped with an end keeps it. */
	EXPECT_EQ(BYTES, query(small).RegionSize);
	EXPECT_TRUE(free_at(small + BYTES));
	later = view_of(self->section, FILE_MAP_READ);
	ASSERT_NE(NULL, later);
	EXPECT_EQ(0x10000, query(later).RegionSize);
	EXPECT_EQ(250, peek(later + 0xffff));
	EXPECT_TRUE(UnmapViewOfFile(later));
	EXPECT_TRUE(UnmapViewOfFile(view));
	EXPECT_TRUE(UnmapViewOfFile(small));
}

/* F: files that are mapped, as far as Linux lets a library mind them. */

/* A file with a name. */
FIXTURE(file) {
	char path[SEC_NAME_LEN + 8];
	HANDLE file;
	HANDLE section;
	void *view;
};

static HANDLE open_path(const char *path, DWORD access, DWORD how, DWORD flags)
{
	return CreateFileA(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE |
			   FILE_SHARE_DELETE, NULL, how, flags, NULL);
}

FIXTURE_SETUP(file)
{
	struct sec_name name = sec_unique();

	snprintf(self->path, sizeof(self->path), "/tmp/%s", name.s);
	self->file = open_path(self->path, GENERIC_READ | GENERIC_WRITE,
			       CREATE_NEW, FILE_ATTRIBUTE_NORMAL);
	ASSERT_NE(INVALID_HANDLE_VALUE, self->file);
	ASSERT_TRUE(byte_to_file(self->file, BYTES - 1, 77));
	self->section = over_file(self->file, PAGE_READWRITE, 0);
	ASSERT_NE(NULL, self->section);
	self->view = view_of(self->section, FILE_MAP_WRITE);
	ASSERT_NE(NULL, self->view);
}

FIXTURE_TEARDOWN(file)
{
	if (self->view)
		UnmapViewOfFile(self->view);
	if (self->section)
		CloseHandle(self->section);
	CloseHandle(self->file);
	unlink(self->path);
}

TEST_F(file, F2_read_only_sections_restrict_nobody)
{
	static const DWORD protects[] = { PAGE_READONLY, PAGE_WRITECOPY };
	HANDLE section, other;
	size_t i;

	UnmapViewOfFile(self->view);
	self->view = NULL;
	CloseHandle(self->section);
	self->section = NULL;
	for (i = 0; i < ARRAY_SIZE(protects); i++) {
		section = over_file(self->file, protects[i], 0);
		ASSERT_NE(NULL, section);
		other = open_path(self->path, GENERIC_READ | GENERIC_WRITE,
				  OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL);
		ASSERT_NE(INVALID_HANDLE_VALUE, other);
		EXPECT_TRUE(byte_to_file(other, 0, 78 + i));
		EXPECT_EQ((int)(78 + i), byte_in_file(self->file, 0));
		CloseHandle(other);
		CloseHandle(section);
	}
}

/* Of Windows, the section alone is enough; here, this process needs a view. */
TEST_F(file, F4_truncating_open)
{
	static const DWORD how[] = { CREATE_ALWAYS, TRUNCATE_EXISTING };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(how); i++) {
		SetLastError(OLD_ERROR);
		EXPECT_EQ(INVALID_HANDLE_VALUE,
			  open_path(self->path, GENERIC_READ | GENERIC_WRITE,
				    how[i], FILE_ATTRIBUTE_NORMAL));
		EXPECT_EQ(ERROR_USER_MAPPED_FILE, GetLastError());
		EXPECT_EQ(BYTES, size_of_file(self->file));
	}
	EXPECT_EQ(77, byte_in_file(self->file, BYTES - 1));
}

TEST_F(file, F7_delete_on_close)
{
	HANDLE other;

	other = open_path(self->path, GENERIC_READ, OPEN_EXISTING,
			  FILE_ATTRIBUTE_NORMAL | FILE_FLAG_DELETE_ON_CLOSE);
	ASSERT_NE(INVALID_HANDLE_VALUE, other);
	EXPECT_TRUE(CloseHandle(other));
	EXPECT_EQ(77, peek((char *)self->view + BYTES - 1));
}

static BOOL set_end(HANDLE file, LONGLONG end)
{
	LARGE_INTEGER place = { .QuadPart = end };

	return SetFilePointerEx(file, place, NULL, FILE_BEGIN) &&
	       SetEndOfFile(file);
}

TEST_F(file, F10_F11_cutting_off)
{
	EXPECT_ERROR(ERROR_USER_MAPPED_FILE, set_end(self->file, BYTES - 1));
	EXPECT_ERROR(ERROR_USER_MAPPED_FILE, set_end(self->file, 0));
	EXPECT_EQ(BYTES, size_of_file(self->file));
	EXPECT_EQ(77, byte_in_file(self->file, BYTES - 1));
	UnmapViewOfFile(self->view);
	self->view = NULL;
	CloseHandle(self->section);
	self->section = NULL;
	EXPECT_TRUE(set_end(self->file, 1));
	EXPECT_EQ(1, size_of_file(self->file));
}

/* Not tried on Windows. */
TEST_F(file, F12_making_longer)
{
	EXPECT_TRUE(set_end(self->file, 2 * BYTES));
	EXPECT_EQ(2 * BYTES, size_of_file(self->file));
	EXPECT_EQ(77, peek((char *)self->view + BYTES - 1));
}

TEST_HARNESS_MAIN
