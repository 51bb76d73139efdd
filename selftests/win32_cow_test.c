// SPDX-License-Identifier: GPL-2.0-only
/*
 * Win32 library: copy-on-write views (W).
 */
#include "win32_util.h"

#define PAGES	3
#define BYTES	(PAGES * PAGE_BYTES)

/* A section, and a shared view of it that may be written to. */
FIXTURE(cow) {
	HANDLE file;
	HANDLE section;
	unsigned char *shared;
};

FIXTURE_VARIANT(cow) {
	bool file;
};

FIXTURE_SETUP(cow)
{
	self->file = NULL;
	if (variant->file) {
		self->file = file_of(BYTES, ALL_FILE_ACCESS);
		ASSERT_NE(INVALID_HANDLE_VALUE, self->file);
	}
	self->section = nt_section(PAGE_EXECUTE_READWRITE, BYTES, self->file);
	ASSERT_NE(NULL, self->section);
	self->shared = view_of(self->section, FILE_MAP_WRITE);
	ASSERT_NE(NULL, self->shared);
}

FIXTURE_TEARDOWN(cow)
{
	EXPECT_TRUE(UnmapViewOfFile(self->shared));
	CloseHandle(self->section);
	if (self->file)
		CloseHandle(self->file);
}

FIXTURE_VARIANT_ADD(cow, memory) {
	.file = false,
};

FIXTURE_VARIANT_ADD(cow, file) {
	.file = true,
};

/* W1: a process of its own writes. */

struct writer {
	const char *name;
	DWORD access;
};

static int write_by_name(void *arg)
{
	const struct writer *writer = arg;
	HANDLE section;
	DWORD *view;

	section = OpenFileMappingA(FILE_MAP_READ | FILE_MAP_WRITE, FALSE,
				   writer->name);
	CHILD_EXPECT(section);
	view = view_of(section, writer->access);
	CHILD_EXPECT(view);
	*view = 0xdeadbeef;
	CHILD_EXPECT(dword_at(view) == 0xdeadbeef);
	return 0;
}

TEST(W1_child_that_copies)
{
	static const DWORD accesses[] = {
		FILE_MAP_COPY, FILE_MAP_COPY | FILE_MAP_WRITE, FILE_MAP_WRITE,
	};
	struct sec_name name = sec_unique();
	struct writer writer = { .name = name.s };
	HANDLE section;
	DWORD *view;
	size_t i;

	section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL,
				     PAGE_READWRITE, 0, 0x1000, name.s);
	ASSERT_NE(NULL, section);
	view = view_of(section, FILE_MAP_READ | FILE_MAP_WRITE);
	ASSERT_NE(NULL, view);
	for (i = 0; i < ARRAY_SIZE(accesses); i++) {
		*view = 1;
		writer.access = accesses[i];
		EXPECT_EQ(0, sec_in_child(write_by_name, &writer));
		EXPECT_EQ(accesses[i] & FILE_MAP_WRITE ? 0xdeadbeef : 1,
			  dword_at(view)) {
			TH_LOG("access %#x", accesses[i]);
		}
	}
	EXPECT_TRUE(UnmapViewOfFile(view));
	CloseHandle(section);
}

/* From documentation only. */
TEST_F(cow, W2_changes_show_before_the_first_write)
{
	unsigned char *view = view_of(self->section, FILE_MAP_COPY);

	ASSERT_NE(NULL, view);
	/* Reading does not copy. */
	EXPECT_LE(0, peek(view + 5));
	EXPECT_EQ(0, poke(self->shared + 5, 251));
	EXPECT_EQ(251, peek(view + 5));
	if (self->file) {
		EXPECT_TRUE(byte_to_file(self->file, 5, 252));
		EXPECT_EQ(252, peek(view + 5));
	}
	EXPECT_TRUE(UnmapViewOfFile(view));
}

/* What others write is kept out; the neighbours were not copied. */
TEST_F(cow, W3_written_page_is_private)
{
	unsigned char *view = view_of(self->section, FILE_MAP_COPY);
	unsigned char old;

	ASSERT_NE(NULL, view);
	old = self->shared[PAGE_BYTES + 7];
	EXPECT_EQ(0, poke(view + PAGE_BYTES, 251));
	EXPECT_NE(251, peek(self->shared + PAGE_BYTES));
	memset(self->shared, 253, BYTES);
	EXPECT_EQ(251, peek(view + PAGE_BYTES));
	EXPECT_EQ(old, peek(view + PAGE_BYTES + 7));
	EXPECT_TRUE(sec_all_bytes(view, 253, PAGE_BYTES));
	EXPECT_TRUE(sec_all_bytes(view + 2 * PAGE_BYTES, 253, PAGE_BYTES));
	if (self->file)
		EXPECT_EQ(253, byte_in_file(self->file, PAGE_BYTES));
	EXPECT_TRUE(UnmapViewOfFile(view));
}

TEST_F(cow, W4_written_page_is_told_apart)
{
	const struct {
		DWORD view;
		DWORD written;
	} kinds[] = {
		{ PAGE_WRITECOPY, PAGE_READWRITE },
		{ PAGE_EXECUTE_WRITECOPY, PAGE_EXECUTE_READWRITE },
	};
	MEMORY_BASIC_INFORMATION info;
	unsigned char *view;
	size_t i, page;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		ASSERT_EQ(STATUS_SUCCESS,
			  nt_view(self->section, kinds[i].view, &view));
		for (page = 0; page < PAGES; page++)
			EXPECT_LE(0, peek(view + page * PAGE_BYTES));
		info = query(view);
		EXPECT_EQ(kinds[i].view, info.Protect);
		EXPECT_EQ(BYTES, info.RegionSize);

		EXPECT_EQ(0, poke(view + PAGE_BYTES + 1, 1));
		for (page = 0; page < PAGES; page++) {
			info = query(view + page * PAGE_BYTES + 3);
			EXPECT_EQ(page == 1 ? kinds[i].written : kinds[i].view,
				  info.Protect);
			EXPECT_EQ(kinds[i].view, info.AllocationProtect);
			EXPECT_EQ(view, info.AllocationBase);
			EXPECT_EQ(view + page * PAGE_BYTES, info.BaseAddress);
			EXPECT_EQ(PAGE_BYTES, info.RegionSize);
			EXPECT_EQ(MEM_COMMIT, info.State);
			EXPECT_EQ(MEM_MAPPED, info.Type);
		}
		EXPECT_TRUE(UnmapViewOfFile(view));
	}
}

TEST_F(cow, W5_copied_page_stays_writable)
{
	unsigned char *view = view_of(self->section, FILE_MAP_COPY);
	DWORD old = SEC_POISON32;

	ASSERT_NE(NULL, view);
	EXPECT_EQ(0, poke(view + PAGE_BYTES, 251));
	EXPECT_TRUE(VirtualProtect(view + PAGE_BYTES, PAGE_BYTES,
				   PAGE_WRITECOPY, &old));
	EXPECT_EQ(PAGE_READWRITE, old);
	EXPECT_EQ(PAGE_READWRITE, protection_at(view + PAGE_BYTES));
	/* By another protection, and back. */
	EXPECT_TRUE(protect(view, BYTES, PAGE_READONLY));
	EXPECT_EQ(PAGE_READONLY, protection_at(view + PAGE_BYTES));
	EXPECT_EQ(-SIGSEGV, poke(view + PAGE_BYTES, 1));
	EXPECT_TRUE(protect(view, BYTES, PAGE_WRITECOPY));
	EXPECT_EQ(PAGE_WRITECOPY, protection_at(view));
	EXPECT_EQ(PAGE_READWRITE, protection_at(view + PAGE_BYTES));
	EXPECT_EQ(PAGE_WRITECOPY, protection_at(view + 2 * PAGE_BYTES));
	EXPECT_EQ(251, peek(view + PAGE_BYTES));
	EXPECT_TRUE(UnmapViewOfFile(view));
}

TEST_F(cow, W6_shared_view_made_copy_on_write)
{
	unsigned char *view = view_of(self->section, FILE_MAP_WRITE);

	ASSERT_NE(NULL, view);
	EXPECT_EQ(0, poke(view + 9, 250));
	EXPECT_EQ(250, peek(self->shared + 9));
	EXPECT_TRUE(protect(view, BYTES, PAGE_WRITECOPY));
	EXPECT_EQ(PAGE_WRITECOPY, protection_at(view));
	EXPECT_EQ(0, poke(view + 9, 251));
	EXPECT_EQ(251, peek(view + 9));
	EXPECT_EQ(250, peek(self->shared + 9));
	if (self->file)
		EXPECT_EQ(250, byte_in_file(self->file, 9));
	EXPECT_EQ(PAGE_READWRITE, protection_at(view));
	EXPECT_EQ(PAGE_WRITECOPY, protection_at(view + PAGE_BYTES));
	EXPECT_EQ(PAGE_READWRITE, query(view).AllocationProtect);
	EXPECT_TRUE(UnmapViewOfFile(view));
	EXPECT_EQ(250, peek(self->shared + 9));
	if (self->file)
		EXPECT_EQ(250, byte_in_file(self->file, 9));
}

/* What was not copied is shared again, and is what it was all the time. */
TEST_F(cow, W6_and_back)
{
	unsigned char *view = view_of(self->section, FILE_MAP_WRITE);
	size_t page;

	ASSERT_NE(NULL, view);
	for (page = 0; page < PAGES; page++)
		self->shared[page * PAGE_BYTES] = 100 + page;
	EXPECT_TRUE(protect(view, BYTES, PAGE_WRITECOPY));
	EXPECT_EQ(0, poke(view + PAGE_BYTES, 251));
	EXPECT_EQ(100, peek(view));
	EXPECT_EQ(102, peek(view + 2 * PAGE_BYTES));
	EXPECT_TRUE(protect(view, BYTES, PAGE_READWRITE));
	EXPECT_EQ(PAGE_READWRITE, protection_at(view));
	EXPECT_EQ(251, peek(view + PAGE_BYTES));
	EXPECT_EQ(101, peek(self->shared + PAGE_BYTES));
	for (page = 0; page < PAGES; page += 2) {
		EXPECT_EQ((int)(100 + page), peek(view + page * PAGE_BYTES));
		EXPECT_EQ(0, poke(view + page * PAGE_BYTES, 200 + page));
		EXPECT_EQ((int)(200 + page),
			  peek(self->shared + page * PAGE_BYTES));
	}
	EXPECT_TRUE(UnmapViewOfFile(view));
}

/* The same in a view that does not begin where the section does. */
TEST(W6_view_with_an_offset)
{
	HANDLE section = nt_section(PAGE_READWRITE, 3 * GRAIN, NULL);
	unsigned char *shared, *view;
	size_t page;

	ASSERT_NE(NULL, section);
	shared = view_of(section, FILE_MAP_WRITE);
	view = MapViewOfFile(section, FILE_MAP_WRITE, 0, 2 * GRAIN, GRAIN);
	ASSERT_NE(NULL, shared);
	ASSERT_NE(NULL, view);
	for (page = 0; page < 3 * GRAIN / PAGE_BYTES; page++)
		shared[page * PAGE_BYTES] = 1 + page;
	EXPECT_TRUE(protect(view + PAGE_BYTES, 3 * PAGE_BYTES,
			    PAGE_WRITECOPY));
	EXPECT_EQ(0, poke(view + 2 * PAGE_BYTES, 251));
	for (page = 0; page < GRAIN / PAGE_BYTES; page++)
		EXPECT_EQ(page == 2 ? 251 : (int)page + 33,
			  peek(view + page * PAGE_BYTES));
	EXPECT_EQ(35, peek(shared + 2 * GRAIN + 2 * PAGE_BYTES));
	EXPECT_TRUE(UnmapViewOfFile(view));
	EXPECT_TRUE(UnmapViewOfFile(shared));
	CloseHandle(section);
}

TEST_F(cow, W7_unmapping_throws_away)
{
	unsigned char *view = view_of(self->section, FILE_MAP_COPY);

	ASSERT_NE(NULL, view);
	self->shared[0] = 240;
	memset(view, 251, BYTES);
	EXPECT_TRUE(UnmapViewOfFile(view));
	view = view_of(self->section, FILE_MAP_COPY);
	ASSERT_NE(NULL, view);
	EXPECT_EQ(240, peek(view));
	EXPECT_EQ(0, memcmp(view, self->shared, BYTES));
	EXPECT_TRUE(UnmapViewOfFile(view));
}

/* Not tried on Windows: follows from W1 and W3. */
TEST_F(cow, W8_flushing_does_not_write_copies)
{
	unsigned char *view = view_of(self->section, FILE_MAP_COPY);

	ASSERT_NE(NULL, view);
	self->shared[1] = 240;
	EXPECT_EQ(0, poke(view + 1, 251));
	EXPECT_TRUE(FlushViewOfFile(view, 0));
	EXPECT_EQ(240, peek(self->shared + 1));
	if (self->file)
		EXPECT_EQ(240, byte_in_file(self->file, 1));
	EXPECT_EQ(251, peek(view + 1));
	EXPECT_TRUE(UnmapViewOfFile(view));
}

TEST_F(cow, W9_charge)
{
	const struct {
		DWORD view;
		SIZE_T charge;
	} kinds[] = {
		{ PAGE_WRITECOPY, BYTES }, { PAGE_READONLY, 0 },
		{ PAGE_READWRITE, 0 },
	};
	MEMORY_REGION_INFORMATION region;
	unsigned char *view;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		ASSERT_EQ(STATUS_SUCCESS,
			  nt_view(self->section, kinds[i].view, &view));
		memset(&region, SEC_POISON, sizeof(region));
		EXPECT_EQ(STATUS_SUCCESS,
			  NtQueryVirtualMemory(NtCurrentProcess(), view,
					       MemoryRegionInformation,
					       &region, sizeof(region), NULL));
		EXPECT_EQ(kinds[i].charge, region.CommitSize) {
			TH_LOG("view %#x", kinds[i].view);
		}
		EXPECT_EQ(BYTES, region.RegionSize);
		EXPECT_EQ(kinds[i].view, region.AllocationProtect);
		EXPECT_EQ(view, region.AllocationBase);
		EXPECT_TRUE(UnmapViewOfFile(view));
	}
}

/* Not tried on Windows: follows from W3. */
TEST_F(cow, W10_two_copies)
{
	unsigned char *a = view_of(self->section, FILE_MAP_COPY);
	unsigned char *b = view_of(self->section, FILE_MAP_COPY);

	ASSERT_NE(NULL, a);
	ASSERT_NE(NULL, b);
	self->shared[2] = 240;
	EXPECT_EQ(0, poke(a + 2, 251));
	EXPECT_EQ(240, peek(b + 2));
	EXPECT_EQ(0, poke(b + 2, 252));
	EXPECT_EQ(251, peek(a + 2));
	EXPECT_EQ(252, peek(b + 2));
	EXPECT_EQ(240, peek(self->shared + 2));
	EXPECT_TRUE(UnmapViewOfFile(a));
	EXPECT_EQ(252, peek(b + 2));
	EXPECT_TRUE(UnmapViewOfFile(b));
}

TEST(W11_copy_of_a_file_opened_for_reading)
{
	HANDLE file = file_of(BYTES, GENERIC_READ);
	HANDLE section;
	unsigned char *view;

	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	section = over_file(file, PAGE_READONLY, 0);
	ASSERT_NE(NULL, section);
	view = view_of(section, FILE_MAP_COPY);
	ASSERT_NE(NULL, view);
	EXPECT_EQ(PAGE_WRITECOPY, protection_at(view));
	EXPECT_EQ(0, poke(view + 2, 251));
	EXPECT_EQ(251, peek(view + 2));
	EXPECT_EQ(file_pattern(2), byte_in_file(file, 2));
	EXPECT_TRUE(UnmapViewOfFile(view));
	CloseHandle(section);
	CloseHandle(file);
}

TEST_HARNESS_MAIN
