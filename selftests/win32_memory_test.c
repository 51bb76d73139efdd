// SPDX-License-Identifier: GPL-2.0-only
/*
 * Win32 library: VirtualAlloc() and VirtualFree(), in views and elsewhere (L).
 */
#include "win32_util.h"

#define BYTES		0x40000
#define COMMITTED	0x10000

/* A section that reserves memory, and a view of it. */
FIXTURE(reserved) {
	HANDLE section;
	unsigned char *view;
};

FIXTURE_SETUP(reserved)
{
	self->section = memory(PAGE_READWRITE | SEC_RESERVE, BYTES);
	ASSERT_NE(NULL, self->section);
	self->view = view_of(self->section, FILE_MAP_WRITE);
	ASSERT_NE(NULL, self->view);
}

FIXTURE_TEARDOWN(reserved)
{
	EXPECT_TRUE(UnmapViewOfFile(self->view));
	CloseHandle(self->section);
}

static void *commit(void *address, SIZE_T size, DWORD protect)
{
	return VirtualAlloc(address, size, MEM_COMMIT, protect);
}

static NTSTATUS nt_commit(void *address, SIZE_T size, DWORD protect)
{
	PVOID base = address;

	return NtAllocateVirtualMemory(NtCurrentProcess(), &base, 0, &size,
				       MEM_COMMIT, protect);
}

static NTSTATUS nt_free(void *address, SIZE_T size, DWORD type)
{
	PVOID base = address;

	return NtFreeVirtualMemory(NtCurrentProcess(), &base, &size, type);
}

/* What a view of BYTES of PAGE_READWRITE says before anything is committed. */
static void expect_reserved(struct __test_metadata *_metadata,
			    const unsigned char *view, size_t from)
{
	MEMORY_BASIC_INFORMATION info = query(view + from);

	EXPECT_EQ(MEM_RESERVE, info.State);
	EXPECT_EQ(0, info.Protect);
	EXPECT_EQ(PAGE_READWRITE, info.AllocationProtect);
	EXPECT_EQ(MEM_MAPPED, info.Type);
	EXPECT_EQ(view, info.AllocationBase);
	EXPECT_EQ(view + from, info.BaseAddress);
	EXPECT_EQ(BYTES - from, info.RegionSize);
}

static void expect_committed(struct __test_metadata *_metadata,
			     const unsigned char *view, size_t bytes,
			     DWORD protect)
{
	MEMORY_BASIC_INFORMATION info = query(view);

	EXPECT_EQ(MEM_COMMIT, info.State);
	EXPECT_EQ(protect, info.Protect);
	EXPECT_EQ(PAGE_READWRITE, info.AllocationProtect);
	EXPECT_EQ(MEM_MAPPED, info.Type);
	EXPECT_EQ(view, info.AllocationBase);
	EXPECT_EQ(view, info.BaseAddress);
	EXPECT_EQ(bytes, info.RegionSize);
}

TEST_F(reserved, L1_fresh_view)
{
	expect_reserved(_metadata, self->view, 0);
}

TEST_F(reserved, L2_touch_before_commit)
{
	EXPECT_EQ(-SIGSEGV, peek(self->view));
	EXPECT_EQ(-SIGSEGV, poke(self->view + BYTES - 1, 1));
	ASSERT_EQ(self->view, commit(self->view, COMMITTED, PAGE_READWRITE));
	EXPECT_EQ(0, peek(self->view));
	EXPECT_EQ(0, poke(self->view + COMMITTED - 1, 1));
	EXPECT_EQ(-SIGSEGV, peek(self->view + COMMITTED));
}

TEST_F(reserved, L3_L4_commit_in_one_view)
{
	unsigned char *other = view_of(self->section, FILE_MAP_WRITE);

	ASSERT_NE(NULL, other);
	expect_reserved(_metadata, other, 0);
	EXPECT_EQ(self->view, commit(self->view, COMMITTED, PAGE_READONLY));
	expect_committed(_metadata, self->view, COMMITTED, PAGE_READONLY);
	expect_reserved(_metadata, self->view, COMMITTED);
	EXPECT_EQ(-SIGSEGV, poke(self->view, 1));
	EXPECT_EQ(0, peek(self->view));

	/* In the other view it has what that view has. */
	expect_committed(_metadata, other, COMMITTED, PAGE_READWRITE);
	expect_reserved(_metadata, other, COMMITTED);
	EXPECT_EQ(0, poke(other + COMMITTED - 1, 5));
	EXPECT_EQ(5, peek(self->view + COMMITTED - 1));
	EXPECT_TRUE(UnmapViewOfFile(other));
}

TEST_F(reserved, L4_views_with_offsets)
{
	unsigned char *part = MapViewOfFile(self->section, FILE_MAP_WRITE, 0,
					    GRAIN, 2 * GRAIN);

	ASSERT_NE(NULL, part);
	EXPECT_EQ(part + 0x1000,
		  commit(part + 0x1000, 0x2000, PAGE_READONLY));
	EXPECT_EQ(PAGE_READONLY, protection_at(part + 0x1000));
	EXPECT_EQ(MEM_RESERVE, state_at(self->view + 0x1000));
	EXPECT_EQ(MEM_RESERVE, state_at(self->view + GRAIN));
	EXPECT_EQ(GRAIN + 0x1000, query(self->view).RegionSize);
	EXPECT_EQ(PAGE_READWRITE, protection_at(self->view + GRAIN + 0x1000));
	EXPECT_EQ(0x2000, query(self->view + GRAIN + 0x1000).RegionSize);
	EXPECT_EQ(MEM_RESERVE, state_at(self->view + GRAIN + 0x3000));
	EXPECT_EQ(0, poke(self->view + GRAIN + 0x1000, 5));
	EXPECT_EQ(5, peek(part + 0x1000));

	/* And the other way round, past the end of the smaller one. */
	EXPECT_EQ(self->view + 3 * GRAIN - 0x1000,
		  commit(self->view + 3 * GRAIN - 0x1000, 0x2000,
			 PAGE_READWRITE));
	EXPECT_EQ(MEM_COMMIT, state_at(part + 2 * GRAIN - 0x1000));
	EXPECT_EQ(0x1000, query(part + 2 * GRAIN - 0x1000).RegionSize);
	EXPECT_TRUE(UnmapViewOfFile(part));
}

struct family {
	pthread_barrier_t *barrier;
	HANDLE section;
	/* Mapped before the child is made. */
	unsigned char *inherited;
};

static int watch_commit(void *arg)
{
	const struct family *family = arg;
	unsigned char *view = view_of(family->section, FILE_MAP_WRITE);
	unsigned char *later;

	CHILD_EXPECT(view);
	CHILD_EXPECT(state_at(view) == MEM_RESERVE);
	pthread_barrier_wait(family->barrier);
	/* The parent commits the first part. */
	pthread_barrier_wait(family->barrier);
	CHILD_EXPECT(state_at(view) == MEM_COMMIT);
	CHILD_EXPECT(protection_at(view) == PAGE_READWRITE);
	CHILD_EXPECT(query(view).RegionSize == COMMITTED);
	CHILD_EXPECT(peek(view + 1) == 17);
	CHILD_EXPECT(state_at(view + COMMITTED) == MEM_RESERVE);
	CHILD_EXPECT(state_at(family->inherited) == MEM_COMMIT);
	CHILD_EXPECT(peek(family->inherited + 1) == 17);
	CHILD_EXPECT(state_at(family->inherited + COMMITTED) == MEM_RESERVE);
	CHILD_EXPECT(peek(family->inherited + COMMITTED) == -SIGSEGV);
	later = view_of(family->section, FILE_MAP_WRITE);
	CHILD_EXPECT(later);
	CHILD_EXPECT(state_at(later) == MEM_COMMIT);
	CHILD_EXPECT(peek(later + 1) == 17);
	/* And one for the parent. */
	CHILD_EXPECT(commit(view + 2 * COMMITTED, COMMITTED, PAGE_READWRITE));
	CHILD_EXPECT(!poke(view + 2 * COMMITTED, 18));
	return 0;
}

TEST_F(reserved, L5_other_processes)
{
	struct family family = {
		.barrier = shared_barrier(2),
		.section = self->section,
		.inherited = self->view,
	};
	pid_t child;

	ASSERT_NE(NULL, family.barrier);
	child = sec_fork(watch_commit, &family);
	ASSERT_LT(0, child);
	pthread_barrier_wait(family.barrier);
	EXPECT_EQ(self->view, commit(self->view, COMMITTED, PAGE_READWRITE));
	EXPECT_EQ(0, poke(self->view + 1, 17));
	pthread_barrier_wait(family.barrier);
	EXPECT_EQ(0, sec_wait(child));
	EXPECT_EQ(MEM_COMMIT, state_at(self->view + 2 * COMMITTED));
	EXPECT_EQ(18, peek(self->view + 2 * COMMITTED));
	EXPECT_EQ(MEM_RESERVE, state_at(self->view + COMMITTED));
	EXPECT_EQ(MEM_RESERVE, state_at(self->view + 3 * COMMITTED));
}

TEST_F(reserved, L6_commit_stays)
{
	unsigned char *view;

	ASSERT_EQ(self->view, commit(self->view, COMMITTED, PAGE_READWRITE));
	EXPECT_EQ(0, poke(self->view, 3));
	EXPECT_FALSE(VirtualFree(self->view, COMMITTED, MEM_DECOMMIT));
	EXPECT_TRUE(UnmapViewOfFile(self->view));
	/* Without any view in between. */
	view = view_of(self->section, FILE_MAP_WRITE);
	ASSERT_NE(NULL, view);
	self->view = view;
	expect_committed(_metadata, view, COMMITTED, PAGE_READWRITE);
	EXPECT_EQ(3, peek(view));
}

TEST_F(reserved, L7_commit_again)
{
	ASSERT_EQ(self->view, commit(self->view, COMMITTED, PAGE_READWRITE));
	EXPECT_EQ(0, poke(self->view, 3));
	EXPECT_EQ(self->view, commit(self->view, COMMITTED, PAGE_READWRITE));
	EXPECT_EQ(3, peek(self->view));
	/* It may change the protection, and go over what is reserved. */
	EXPECT_EQ(self->view,
		  commit(self->view, 2 * COMMITTED, PAGE_READONLY));
	expect_committed(_metadata, self->view, 2 * COMMITTED, PAGE_READONLY);
	EXPECT_EQ(3, peek(self->view));
	EXPECT_EQ(-SIGSEGV, poke(self->view, 4));
}

TEST(L8_commit_what_is_committed_from_the_start)
{
	HANDLE section = memory(PAGE_READWRITE | SEC_COMMIT, BYTES);
	unsigned char *view;

	ASSERT_NE(NULL, section);
	view = view_of(section, FILE_MAP_WRITE);
	ASSERT_NE(NULL, view);
	EXPECT_EQ(0, poke(view, 3));
	EXPECT_EQ(view, commit(view, COMMITTED, PAGE_READONLY));
	expect_committed(_metadata, view, COMMITTED, PAGE_READONLY);
	EXPECT_EQ(PAGE_READWRITE, protection_at(view + COMMITTED));
	EXPECT_EQ(BYTES - COMMITTED, query(view + COMMITTED).RegionSize);
	EXPECT_EQ(3, peek(view));
	EXPECT_EQ(-SIGSEGV, poke(view, 4));
	EXPECT_TRUE(UnmapViewOfFile(view));
	CloseHandle(section);
}

TEST(L9_commit_in_a_view_of_a_file)
{
	HANDLE file = file_of(BYTES, GENERIC_READ | GENERIC_WRITE);
	HANDLE section;
	unsigned char *view;

	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	section = over_file(file, PAGE_READWRITE, 0);
	ASSERT_NE(NULL, section);
	view = view_of(section, FILE_MAP_WRITE);
	ASSERT_NE(NULL, view);
	EXPECT_ERROR(ERROR_ACCESS_DENIED,
		     commit(view, COMMITTED, PAGE_READONLY));
	EXPECT_ERROR(ERROR_ACCESS_DENIED,
		     commit(view, COMMITTED, PAGE_READWRITE));
	EXPECT_EQ(STATUS_ALREADY_COMMITTED,
		  nt_commit(view, COMMITTED, PAGE_READWRITE));
	EXPECT_EQ(PAGE_READWRITE, protection_at(view));
	EXPECT_TRUE(UnmapViewOfFile(view));
	CloseHandle(section);
	CloseHandle(file);
}

/* As newer Windows; Server 2003 and Vista let it pass. */
TEST_F(reserved, L10_commit_for_more_than_the_view)
{
	HANDLE section = memory(PAGE_READWRITE | SEC_COMMIT, BYTES);
	static const DWORD more[] = {
		PAGE_EXECUTE, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE,
		PAGE_EXECUTE_WRITECOPY,
	};
	unsigned char *view;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(more); i++) {
		EXPECT_ERROR(ERROR_INVALID_PARAMETER,
			     commit(self->view, COMMITTED, more[i]));
	}
	expect_reserved(_metadata, self->view, 0);

	ASSERT_NE(NULL, section);
	view = view_of(section, FILE_MAP_READ);
	ASSERT_NE(NULL, view);
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     commit(view, COMMITTED, PAGE_READWRITE));
	EXPECT_EQ(PAGE_READONLY, protection_at(view));
	EXPECT_TRUE(UnmapViewOfFile(view));
	CloseHandle(section);
}

TEST_F(reserved, L11_L35_views_are_not_freed)
{
	HANDLE sections[] = {
		self->section, memory(PAGE_READWRITE, BYTES), NULL,
	};
	HANDLE file = file_of(BYTES, GENERIC_READ | GENERIC_WRITE);
	unsigned char *view;
	DWORD state;
	size_t i;

	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	sections[2] = over_file(file, PAGE_READWRITE, 0);
	ASSERT_EQ(self->view, commit(self->view, COMMITTED, PAGE_READWRITE));
	for (i = 0; i < ARRAY_SIZE(sections); i++) {
		ASSERT_NE(NULL, sections[i]);
		view = view_of(sections[i], FILE_MAP_WRITE);
		ASSERT_NE(NULL, view);
		state = state_at(view + COMMITTED);
		EXPECT_ERROR(ERROR_INVALID_PARAMETER,
			     VirtualFree(view, 0, MEM_RELEASE));
		EXPECT_ERROR(ERROR_INVALID_PARAMETER,
			     VirtualFree(view, COMMITTED, MEM_DECOMMIT));
		EXPECT_ERROR(ERROR_INVALID_PARAMETER,
			     VirtualFree(view + 0x1000, 0x1000, MEM_DECOMMIT));
		EXPECT_EQ(STATUS_UNABLE_TO_DELETE_SECTION,
			  nt_free(view, 0, MEM_RELEASE));
		EXPECT_EQ(STATUS_UNABLE_TO_DELETE_SECTION,
			  nt_free(view, 0x1000, MEM_DECOMMIT));
		/* The view is as it was. */
		EXPECT_EQ(MEM_COMMIT, state_at(view));
		EXPECT_EQ(state, state_at(view + COMMITTED));
		EXPECT_EQ(0, poke(view, 9));
		EXPECT_EQ(9, peek(view));
		EXPECT_TRUE(UnmapViewOfFile(view));
	}
	CloseHandle(sections[1]);
	CloseHandle(sections[2]);
	CloseHandle(file);
}

TEST_F(reserved, L12_commit_past_the_view)
{
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     commit(self->view, BYTES + 1, PAGE_READWRITE));
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     commit(self->view + BYTES - 0x1000, 0x2000,
			    PAGE_READWRITE));
	EXPECT_EQ(STATUS_CONFLICTING_ADDRESSES,
		  nt_commit(self->view, BYTES + 1, PAGE_READWRITE));
	expect_reserved(_metadata, self->view, 0);
	EXPECT_EQ(self->view, commit(self->view, BYTES, PAGE_READWRITE));
}

TEST_F(reserved, L13_reserve_where_a_view_is)
{
	HANDLE section = memory(PAGE_READWRITE, 0x1000);
	unsigned char *tiny;

	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     VirtualAlloc(self->view, 0x1000, MEM_RESERVE,
				  PAGE_READWRITE));
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     VirtualAlloc(self->view + GRAIN, GRAIN,
				  MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
	/* The rest of the 64 KiB in which a view ends. */
	ASSERT_NE(NULL, section);
	tiny = view_of(section, FILE_MAP_WRITE);
	ASSERT_NE(NULL, tiny);
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     VirtualAlloc(tiny + 0x1000, 0x1000, MEM_RESERVE,
				  PAGE_READWRITE));
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     VirtualAlloc(tiny + 0xf000, 0x1000, MEM_RESERVE,
				  PAGE_READWRITE));
	EXPECT_TRUE(UnmapViewOfFile(tiny));
	CloseHandle(section);
}

TEST_F(reserved, L14_reset)
{
	ASSERT_EQ(self->view, commit(self->view, COMMITTED, PAGE_READONLY));
	EXPECT_EQ(self->view, VirtualAlloc(self->view, BYTES, MEM_RESET,
					   PAGE_NOACCESS));
	expect_committed(_metadata, self->view, COMMITTED, PAGE_READONLY);
	expect_reserved(_metadata, self->view, COMMITTED);
}

TEST_F(reserved, L15_commit_while_mapping)
{
	struct nt_map m = { .commit = COMMITTED };
	HANDLE section;

	ASSERT_EQ(STATUS_SUCCESS,
		  nt_create(&section, SECTION_ALL_ACCESS, BYTES,
			    PAGE_READWRITE, SEC_RESERVE, NULL));
	ASSERT_EQ(STATUS_SUCCESS, nt_map(section, PAGE_READWRITE, &m));
	expect_committed(_metadata, m.base, COMMITTED, PAGE_READWRITE);
	expect_reserved(_metadata, m.base, COMMITTED);
	EXPECT_EQ(0, poke((char *)m.base + COMMITTED - 1, 1));
	EXPECT_TRUE(UnmapViewOfFile(m.base));
	CloseHandle(section);
}

TEST(L16_files_are_always_committed)
{
	HANDLE file = file_of(BYTES, GENERIC_READ | GENERIC_WRITE);
	HANDLE section;
	unsigned char *view;

	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	section = over_file(file, PAGE_READWRITE | SEC_RESERVE, 0);
	ASSERT_NE(NULL, section);
	view = view_of(section, FILE_MAP_WRITE);
	ASSERT_NE(NULL, view);
	expect_committed(_metadata, view, BYTES, PAGE_READWRITE);
	EXPECT_EQ(file_pattern(BYTES - 1), peek(view + BYTES - 1));
	EXPECT_TRUE(UnmapViewOfFile(view));
	CloseHandle(section);
	CloseHandle(file);
}

TEST_F(reserved, L17_protection_is_of_a_view)
{
	unsigned char *other = view_of(self->section, FILE_MAP_WRITE);

	ASSERT_NE(NULL, other);
	ASSERT_EQ(self->view, commit(self->view, COMMITTED, PAGE_READWRITE));
	EXPECT_TRUE(protect(self->view, 0x1000, PAGE_READONLY));
	EXPECT_TRUE(protect(self->view + 0x1000, 0x1000, PAGE_WRITECOPY));
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     protect(self->view, 0x1000, PAGE_EXECUTE_READ));
	EXPECT_EQ(PAGE_READONLY, protection_at(self->view));
	EXPECT_EQ(PAGE_WRITECOPY, protection_at(self->view + 0x1000));
	EXPECT_EQ(PAGE_READWRITE, protection_at(self->view + 0x2000));
	expect_committed(_metadata, other, COMMITTED, PAGE_READWRITE);
	/* Copy-on-write works there as elsewhere. */
	EXPECT_EQ(0, poke(self->view + 0x1000, 8));
	EXPECT_EQ(0, peek(other + 0x1000));
	EXPECT_TRUE(UnmapViewOfFile(other));
}

/* Memory of its own. */

TEST(L20_reserve_at_any_address)
{
	char *base = free_grains(2);
	PVOID address;
	SIZE_T size;

	ASSERT_NE(NULL, base);
	ASSERT_EQ(base, VirtualAlloc(base + 0x1234, 0x1000, MEM_RESERVE,
				     PAGE_READWRITE));
	EXPECT_EQ(0x3000, query(base).RegionSize);
	EXPECT_EQ(base, query(base + 0x2fff).AllocationBase);
	EXPECT_EQ(MEM_RESERVE, state_at(base + 0x2fff));
	EXPECT_NE(base, query(base + 0x3000).AllocationBase);
	EXPECT_TRUE(VirtualFree(base, 0, MEM_RELEASE));

	address = base + 0x1234;
	size = 0x1000;
	ASSERT_EQ(STATUS_SUCCESS,
		  NtAllocateVirtualMemory(NtCurrentProcess(), &address, 0,
					  &size, MEM_RESERVE, PAGE_READWRITE));
	EXPECT_EQ(base, address);
	EXPECT_EQ(0x3000, size);
	EXPECT_TRUE(VirtualFree(base, 0, MEM_RELEASE));
}

TEST(L21_commit_at_any_address)
{
	char *base = VirtualAlloc(NULL, GRAIN, MEM_RESERVE, PAGE_READWRITE);
	PVOID address = base + 0x3fff;
	SIZE_T size = 2;

	ASSERT_NE(NULL, base);
	EXPECT_EQ(base + 0x1000, commit(base + 0x1234, 0x10, PAGE_READWRITE));
	EXPECT_EQ(MEM_RESERVE, state_at(base));
	EXPECT_EQ(MEM_COMMIT, state_at(base + 0x1000));
	EXPECT_EQ(0x1000, query(base + 0x1000).RegionSize);
	EXPECT_EQ(MEM_RESERVE, state_at(base + 0x2000));

	ASSERT_EQ(STATUS_SUCCESS,
		  NtAllocateVirtualMemory(NtCurrentProcess(), &address, 0,
					  &size, MEM_COMMIT, PAGE_READONLY));
	EXPECT_EQ(base + 0x3000, address);
	EXPECT_EQ(0x2000, size);
	EXPECT_EQ(PAGE_READONLY, protection_at(base + 0x4000));
	EXPECT_EQ(MEM_RESERVE, state_at(base + 0x5000));
	EXPECT_TRUE(VirtualFree(base, 0, MEM_RELEASE));
}

TEST(L22_invalid_parameters)
{
	DWORD protect;

	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     VirtualAlloc(NULL, 0, MEM_RESERVE, PAGE_READWRITE));
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     VirtualAlloc(NULL, 0, MEM_COMMIT, PAGE_READWRITE));
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     VirtualAlloc(NULL, 0x1000,
				  MEM_RESERVE | AT_ROUND_TO_PAGE,
				  PAGE_READWRITE));
	/* No protection, and each combination. */
	for (protect = 0; protect <= 0xff; protect++) {
		if (single_bit(protect))
			continue;
		EXPECT_ERROR(ERROR_INVALID_PARAMETER,
			     VirtualAlloc(NULL, 0x1000, MEM_RESERVE, protect));
		EXPECT_ERROR(ERROR_INVALID_PARAMETER,
			     VirtualAlloc(NULL, 0x1000, MEM_COMMIT, protect));
	}
}

TEST(L22b_reserve)
{
	static const DWORD protects[] = {
		PAGE_NOACCESS, PAGE_READONLY, PAGE_READWRITE, PAGE_EXECUTE,
		PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE,
	};
	MEMORY_BASIC_INFORMATION info;
	char *base;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protects); i++) {
		base = VirtualAlloc(NULL, 0xfffc, MEM_RESERVE, protects[i]);
		ASSERT_NE(NULL, base);
		EXPECT_EQ(0, (uintptr_t)base % GRAIN);
		info = query(base + 0x8000);
		EXPECT_EQ(MEM_RESERVE, info.State);
		EXPECT_EQ(0, info.Protect);
		EXPECT_EQ(protects[i], info.AllocationProtect);
		EXPECT_EQ(base, info.AllocationBase);
		EXPECT_EQ(MEM_PRIVATE, info.Type);
		EXPECT_EQ(0x10000, query(base).RegionSize);
		EXPECT_EQ(-SIGSEGV, peek(base));
		EXPECT_ERROR(ERROR_INVALID_ADDRESS,
			     protect(base, 0xfffc, PAGE_READONLY));
		EXPECT_TRUE(VirtualFree(base, 0, MEM_RELEASE));
	}
}

TEST(L22c_reset_past_the_end)
{
	char *base = VirtualAlloc(NULL, GRAIN, MEM_COMMIT, PAGE_READWRITE);

	ASSERT_NE(NULL, base);
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     VirtualAlloc(base, GRAIN + 1, MEM_RESET, PAGE_NOACCESS));
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     VirtualAlloc(base + GRAIN - 0x1000, 0x2000, MEM_RESET,
				  PAGE_NOACCESS));
	EXPECT_EQ(base, VirtualAlloc(base, GRAIN, MEM_RESET, PAGE_NOACCESS));
	EXPECT_EQ(PAGE_READWRITE, protection_at(base));
	EXPECT_TRUE(VirtualFree(base, 0, MEM_RELEASE));
}

TEST(L23_commit_over_two_reservations)
{
	char *base = free_grains(2);

	ASSERT_NE(NULL, base);
	ASSERT_EQ(base, VirtualAlloc(base, GRAIN, MEM_RESERVE,
				     PAGE_READWRITE));
	ASSERT_EQ(base + GRAIN, VirtualAlloc(base + GRAIN, GRAIN, MEM_RESERVE,
					     PAGE_READWRITE));
	EXPECT_EQ(STATUS_CONFLICTING_ADDRESSES,
		  nt_commit(base, 2 * GRAIN, PAGE_READWRITE));
	EXPECT_EQ(STATUS_CONFLICTING_ADDRESSES,
		  nt_commit(base + GRAIN - 0x1000, 0x2000, PAGE_READWRITE));
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     commit(base, 2 * GRAIN, PAGE_READWRITE));
	EXPECT_EQ(MEM_RESERVE, state_at(base));
	EXPECT_EQ(MEM_RESERVE, state_at(base + GRAIN));
	EXPECT_TRUE(VirtualFree(base, 0, MEM_RELEASE));
	EXPECT_EQ(MEM_RESERVE, state_at(base + GRAIN));
	EXPECT_TRUE(VirtualFree(base + GRAIN, 0, MEM_RELEASE));
}

TEST(L24_commit_what_was_not_reserved)
{
	char *base = free_grains(2);

	ASSERT_NE(NULL, base);
	EXPECT_EQ(STATUS_CONFLICTING_ADDRESSES,
		  nt_commit(base, 0x1000, PAGE_READWRITE));
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     commit(base, 0x1000, PAGE_READWRITE));
	EXPECT_EQ(MEM_FREE, state_at(base));
}

TEST(L25_release_a_part)
{
	char *base = VirtualAlloc(NULL, GRAIN, MEM_RESERVE, PAGE_READWRITE);

	ASSERT_NE(NULL, base);
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     VirtualFree(base, GRAIN, MEM_RELEASE));
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     VirtualFree(base, 1, MEM_RELEASE));
	EXPECT_EQ(MEM_RESERVE, state_at(base));
	EXPECT_TRUE(VirtualFree(base, 0, MEM_RELEASE));
	EXPECT_EQ(MEM_FREE, state_at(base));
}

TEST(L26_release_from_the_middle)
{
	char *base = VirtualAlloc(NULL, GRAIN, MEM_COMMIT, PAGE_READWRITE);

	ASSERT_NE(NULL, base);
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     VirtualFree(base + 0x1000, 0, MEM_RELEASE));
	EXPECT_EQ(STATUS_FREE_VM_NOT_AT_BASE,
		  nt_free(base + 0x1000, 0, MEM_RELEASE));
	EXPECT_EQ(MEM_COMMIT, state_at(base));
	EXPECT_TRUE(VirtualFree(base, 0, MEM_RELEASE));
}

TEST(L27_native_release_by_parts)
{
	char *base, *first;
	int second;

	for (second = 0; second < 2; second++) {
		base = VirtualAlloc(NULL, 0x2000, MEM_COMMIT, PAGE_READWRITE);
		ASSERT_NE(NULL, base);
		first = base + second * 0x1000;
		EXPECT_EQ(STATUS_SUCCESS, nt_free(first, 0x1000, MEM_RELEASE));
		EXPECT_EQ(MEM_FREE, state_at(first));
		EXPECT_EQ(MEM_COMMIT, state_at(base + !second * 0x1000));
		EXPECT_EQ(0, poke(base + !second * 0x1000, 1));
		EXPECT_EQ(STATUS_SUCCESS,
			  nt_free(base + !second * 0x1000, 0x1000,
				  MEM_RELEASE));
		EXPECT_EQ(MEM_FREE, state_at(base));
		EXPECT_EQ(MEM_FREE, state_at(base + 0x1000));
	}
}

TEST(L28_free_too_much)
{
	char *base = VirtualAlloc(NULL, 0x4000, MEM_COMMIT, PAGE_READWRITE);

	ASSERT_NE(NULL, base);
	EXPECT_EQ(STATUS_UNABLE_TO_FREE_VM, nt_free(base, 0x4001, MEM_RELEASE));
	EXPECT_EQ(STATUS_UNABLE_TO_FREE_VM,
		  nt_free(base, 0x4001, MEM_DECOMMIT));
	EXPECT_EQ(STATUS_UNABLE_TO_FREE_VM,
		  nt_free(base + 0x3000, 0x2000, MEM_RELEASE));
	EXPECT_EQ(STATUS_UNABLE_TO_FREE_VM,
		  nt_free(base + 0x3000, 0x2000, MEM_DECOMMIT));
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     VirtualFree(base, 0x4001, MEM_DECOMMIT));
	EXPECT_EQ(MEM_COMMIT, state_at(base));
	EXPECT_EQ(0x4000, query(base).RegionSize);
	EXPECT_TRUE(VirtualFree(base, 0, MEM_RELEASE));
}

TEST(L28b_free_is_rounded)
{
	char *base = VirtualAlloc(NULL, 0x4000, MEM_COMMIT, PAGE_READWRITE);
	static const DWORD types[] = { MEM_DECOMMIT, MEM_RELEASE };
	PVOID address;
	SIZE_T size;
	size_t i;

	ASSERT_NE(NULL, base);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		address = base + 1;
		size = 0xfff;
		EXPECT_EQ(STATUS_SUCCESS,
			  NtFreeVirtualMemory(NtCurrentProcess(), &address,
					      &size, types[i]));
		EXPECT_EQ(base, address);
		EXPECT_EQ(0x1000, size);
		EXPECT_EQ(i ? MEM_FREE : MEM_RESERVE, state_at(base));
		EXPECT_EQ(MEM_COMMIT, state_at(base + 0x1000));
	}
	EXPECT_EQ(STATUS_SUCCESS, nt_free(base + 0x1000, 0x3000, MEM_RELEASE));
}

TEST(L29_free_nothing)
{
	static const DWORD types[] = { MEM_DECOMMIT, MEM_RELEASE };
	char *base = free_grains(2);
	size_t i;

	ASSERT_NE(NULL, base);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		EXPECT_EQ(STATUS_MEMORY_NOT_ALLOCATED,
			  nt_free(base, 0, types[i]));
		EXPECT_ERROR(ERROR_INVALID_ADDRESS,
			     VirtualFree(base, 0, types[i]));
	}
}

TEST(L30_free_type)
{
	static const DWORD types[] = {
		0, MEM_FREE, MEM_COMMIT, MEM_RESERVE,
		MEM_DECOMMIT | MEM_RELEASE, 0x12345678,
	};
	char *base = VirtualAlloc(NULL, 0x1000, MEM_COMMIT, PAGE_READWRITE);
	size_t i;

	ASSERT_NE(NULL, base);
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		EXPECT_EQ(STATUS_INVALID_PARAMETER_4,
			  nt_free(base, 0, types[i])) {
			TH_LOG("type %#x", types[i]);
		}
		EXPECT_ERROR(ERROR_INVALID_PARAMETER,
			     VirtualFree(base, 0, types[i]));
	}
	EXPECT_EQ(MEM_COMMIT, state_at(base));
	EXPECT_TRUE(VirtualFree(base, 0, MEM_RELEASE));
}

TEST(L31_decommit_what_is_reserved)
{
	char *base = VirtualAlloc(NULL, 0x4000, MEM_RESERVE, PAGE_READWRITE);

	ASSERT_NE(NULL, base);
	EXPECT_TRUE(VirtualFree(base, 0x1000, MEM_DECOMMIT));
	EXPECT_EQ(MEM_RESERVE, state_at(base));
	ASSERT_EQ(base, commit(base, 0x1000, PAGE_READWRITE));
	EXPECT_EQ(0, poke(base, 1));
	EXPECT_TRUE(VirtualFree(base, 0x2000, MEM_DECOMMIT));
	EXPECT_EQ(MEM_RESERVE, state_at(base));
	EXPECT_EQ(0x4000, query(base).RegionSize);
	EXPECT_EQ(-SIGSEGV, peek(base));
	EXPECT_TRUE(VirtualFree(base, 0, MEM_RELEASE));
}

/* From documentation only. */
TEST(L32_decommit_everything)
{
	char *base = VirtualAlloc(NULL, 0x4000, MEM_COMMIT, PAGE_READWRITE);
	MEMORY_BASIC_INFORMATION info;

	ASSERT_NE(NULL, base);
	EXPECT_TRUE(VirtualFree(base, 0, MEM_DECOMMIT));
	info = query(base);
	EXPECT_EQ(MEM_RESERVE, info.State);
	EXPECT_EQ(0x4000, info.RegionSize);
	EXPECT_TRUE(VirtualFree(base, 0, MEM_RELEASE));
}

/* The row has 50,000 rounds; these are for a slow machine. */
#define ROUNDS	sec_rounds(5000)

TEST(L33_fresh_pages_are_zero)
{
	unsigned char *base = VirtualAlloc(NULL, 0x4000, MEM_RESERVE,
					   PAGE_READWRITE);
	unsigned char *other;
	int round;

	ASSERT_NE(NULL, base);
	for (round = 0; round < ROUNDS; round++) {
		ASSERT_EQ(base, commit(base, 0x2000, PAGE_READWRITE));
		ASSERT_TRUE(sec_all_bytes(base, 0, 0x2000));
		memset(base, 0xdd, 0x2000);
		ASSERT_TRUE(protect(base, 0x2000, PAGE_NOACCESS));
		ASSERT_TRUE(VirtualFree(base, 0x2000, MEM_DECOMMIT));
	}
	EXPECT_TRUE(VirtualFree(base, 0, MEM_RELEASE));
	for (round = 0; round < ROUNDS; round++) {
		other = commit(NULL, 0x1000, PAGE_READWRITE);
		ASSERT_NE(NULL, other);
		ASSERT_TRUE(sec_all_bytes(other, 0, 0x1000));
		memset(other, 0xdd, 0x1000);
		ASSERT_TRUE(VirtualFree(other, 0, MEM_RELEASE));
	}
}

TEST(L34_no_process)
{
	char *base = VirtualAlloc(NULL, 0x1000, MEM_COMMIT, PAGE_READWRITE);

	ASSERT_NE(NULL, base);
	EXPECT_ERROR(ERROR_INVALID_HANDLE,
		     VirtualAllocEx(NULL, NULL, 0x1000, MEM_COMMIT,
				    PAGE_READWRITE));
	EXPECT_ERROR(ERROR_INVALID_HANDLE,
		     VirtualFreeEx(NULL, base, 0, MEM_RELEASE));
	EXPECT_EQ(MEM_COMMIT, state_at(base));
	EXPECT_TRUE(VirtualFree(base, 0, MEM_RELEASE));
}

TEST_HARNESS_MAIN
