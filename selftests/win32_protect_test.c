// SPDX-License-Identifier: GPL-2.0-only
/*
 * Win32 library: VirtualProtect() (T).
 */
#include "win32_util.h"
#include "win32_table.h"

#define PAGES	4
#define BYTES	(PAGES * PAGE_BYTES)

static NTSTATUS nt_protect(void *address, SIZE_T size, DWORD new, DWORD *old)
{
	PVOID base = address;

	return NtProtectVirtualMemory(NtCurrentProcess(), &base, &size, new,
				      old);
}

/*
 * Every pair of old and new protection, in each view that the section can have,
 * of memory and of a file, by a handle that may do no more than map the view.
 */
TEST_F(table, T1_T2_every_pair)
{
	unsigned int pairs = 0;
	HANDLE section;
	DWORD view, new, old, error;
	char *base;
	BOOL done;
	size_t i;

	for (i = 0; i < 2 * PROTECTIONS * PROTECTIONS; i++) {
		view = protections[i / 2 / PROTECTIONS];
		new = protections[i / 2 % PROTECTIONS];
		if (!covers(may(variant->section), may(view)))
			continue;
		pairs++;
		ASSERT_EQ(STATUS_SUCCESS,
			  nt_create(&section, rights_needed(view), 0x1000,
				    variant->section, SEC_COMMIT,
				    i & 1 ? self->file : NULL));
		ASSERT_EQ(STATUS_SUCCESS, nt_view(section, view, &base));
		CloseHandle(section);

		SetLastError(OLD_ERROR);
		done = VirtualProtect(base, 0x1000, new, &old);
		error = GetLastError();
		if (covers(page_may(view), page_may(new))) {
			EXPECT_TRUE(done) {
				TH_LOG("%#x to %#x: error %u", view, new,
				       error);
			}
			EXPECT_EQ(view, old);
			EXPECT_EQ(new, protection_at(base)) {
				TH_LOG("%#x to %#x", view, new);
			}
			/* And back. */
			EXPECT_TRUE(VirtualProtect(base, 0x1000, view, &old));
			EXPECT_EQ(new, old);
			EXPECT_EQ(view, protection_at(base));
		} else {
			EXPECT_FALSE(done) {
				TH_LOG("%#x to %#x", view, new);
			}
			EXPECT_EQ(ERROR_INVALID_PARAMETER, error) {
				TH_LOG("%#x to %#x", view, new);
			}
			EXPECT_EQ(STATUS_SECTION_PROTECTION,
				  nt_protect(base, 0x1000, new, &old));
			EXPECT_EQ(view, protection_at(base));
		}
		EXPECT_EQ(view, query(base).AllocationProtect);
		EXPECT_TRUE(UnmapViewOfFile(base));
	}
	EXPECT_LE(2U * 3 * PROTECTIONS, pairs);
}

/*
 * What counts is what the view was mapped with, not what a page has become:
 * from each protection to each by way of each that is allowed.
 */
TEST(T1_by_way_of_another)
{
	HANDLE section = nt_section(PAGE_EXECUTE_READWRITE, 0x1000, NULL);
	DWORD view, way, new;
	size_t i, n;
	char *base;

	ASSERT_NE(NULL, section);
	for (i = 0; i < PROTECTIONS * PROTECTIONS; i++) {
		view = protections[i / PROTECTIONS];
		way = protections[i % PROTECTIONS];
		if (!covers(page_may(view), page_may(way)))
			continue;
		ASSERT_EQ(STATUS_SUCCESS, nt_view(section, view, &base));
		for (n = 0; n < PROTECTIONS; n++) {
			new = protections[n];
			ASSERT_TRUE(protect(base, 0x1000, way));
			EXPECT_EQ(covers(page_may(view), page_may(new)),
				  protect(base, 0x1000, new)) {
				TH_LOG("%#x by %#x to %#x", view, way, new);
			}
		}
		EXPECT_TRUE(UnmapViewOfFile(base));
	}
	CloseHandle(section);
}

/* The pages let a program do what was set, whatever it was before. */
TEST(T1_pages_obey)
{
	HANDLE section = nt_section(PAGE_EXECUTE_READWRITE, 0x1000, NULL);
	unsigned char *base;
	DWORD new;
	size_t n;

	ASSERT_NE(NULL, section);
	for (n = 0; n < PROTECTIONS; n++) {
		new = protections[n];
		ASSERT_EQ(STATUS_SUCCESS,
			  nt_view(section, PAGE_EXECUTE_READWRITE, &base));
		base[0] = 3;
		ASSERT_TRUE(protect(base, 0x1000, new));
		if (may(new) & MAY_READ)
			EXPECT_EQ(3, peek(base));
		if (new == PAGE_NOACCESS)
			EXPECT_EQ(-SIGSEGV, peek(base));
		EXPECT_EQ(may(new) & MAY_WRITE || new == PAGE_WRITECOPY ||
			  new == PAGE_EXECUTE_WRITECOPY ? 0 : -SIGSEGV,
			  poke(base + 1, 4)) {
			TH_LOG("protection %#x", new);
		}
#ifdef HAVE_CODE
		ASSERT_TRUE(protect(base, 0x1000, PAGE_EXECUTE_READWRITE));
		memcpy(base, code, sizeof(code));
		ASSERT_TRUE(protect(base, 0x1000, new));
		EXPECT_EQ(may(new) & MAY_EXECUTE ? 42 : -SIGSEGV,
			  run_code(base)) {
			TH_LOG("protection %#x", new);
		}
#endif
		EXPECT_TRUE(UnmapViewOfFile(base));
	}
	CloseHandle(section);
}

/* A section over a file, for views of all kinds. */
FIXTURE(protect) {
	HANDLE file;
	HANDLE section;
	unsigned char *shared;
};

FIXTURE_SETUP(protect)
{
	self->file = file_of(BYTES, GENERIC_READ | GENERIC_WRITE);
	ASSERT_NE(INVALID_HANDLE_VALUE, self->file);
	self->section = over_file(self->file, PAGE_READWRITE, 0);
	ASSERT_NE(NULL, self->section);
	self->shared = view_of(self->section, FILE_MAP_WRITE);
	ASSERT_NE(NULL, self->shared);
}

FIXTURE_TEARDOWN(protect)
{
	EXPECT_TRUE(UnmapViewOfFile(self->shared));
	CloseHandle(self->section);
	CloseHandle(self->file);
}

TEST_F(protect, T3_read_view_becomes_copy_on_write)
{
	unsigned char *view = view_of(self->section, FILE_MAP_READ);

	ASSERT_NE(NULL, view);
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     protect(view, BYTES, PAGE_READWRITE));
	EXPECT_TRUE(protect(view, BYTES, PAGE_NOACCESS));
	EXPECT_EQ(-SIGSEGV, peek(view));
	EXPECT_TRUE(protect(view, BYTES, PAGE_READONLY));
	EXPECT_EQ(file_pattern(0), peek(view));
	EXPECT_TRUE(protect(view, BYTES, PAGE_WRITECOPY));
	EXPECT_EQ(0, poke(view, 251));
	EXPECT_EQ(251, peek(view));
	EXPECT_EQ(file_pattern(0), peek(self->shared));
	EXPECT_EQ(file_pattern(0), byte_in_file(self->file, 0));
	EXPECT_TRUE(UnmapViewOfFile(view));
	EXPECT_EQ(file_pattern(0), byte_in_file(self->file, 0));
}

TEST_F(protect, T4_copy_view_does_not_become_shared)
{
	unsigned char *view = view_of(self->section, FILE_MAP_COPY);

	ASSERT_NE(NULL, view);
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     protect(view, BYTES, PAGE_READWRITE));
	/* Nor does a page that reports PAGE_READWRITE (W4). */
	EXPECT_EQ(0, poke(view, 251));
	EXPECT_EQ(PAGE_READWRITE, protection_at(view));
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     protect(view, PAGE_BYTES, PAGE_READWRITE));
	EXPECT_EQ(file_pattern(0), peek(self->shared));
	EXPECT_TRUE(UnmapViewOfFile(view));
}

TEST_F(protect, T5_shared_view_becomes_copy_on_write)
{
	unsigned char *view = view_of(self->section, FILE_MAP_WRITE);
	DWORD old;

	ASSERT_NE(NULL, view);
	EXPECT_TRUE(VirtualProtect(view + PAGE_BYTES, PAGE_BYTES,
				   PAGE_WRITECOPY, &old));
	EXPECT_EQ(PAGE_READWRITE, old);
	EXPECT_EQ(PAGE_READWRITE, protection_at(view));
	EXPECT_EQ(PAGE_WRITECOPY, protection_at(view + PAGE_BYTES));
	EXPECT_EQ(PAGE_READWRITE, protection_at(view + 2 * PAGE_BYTES));
	EXPECT_EQ(0, poke(view + PAGE_BYTES, 251));
	EXPECT_EQ(file_pattern(PAGE_BYTES), peek(self->shared + PAGE_BYTES));
	EXPECT_EQ(0, poke(view, 252));
	EXPECT_EQ(252, peek(self->shared));
	EXPECT_TRUE(UnmapViewOfFile(view));
}

TEST_F(protect, T6_invalid_protections)
{
	unsigned char *private = VirtualAlloc(NULL, BYTES, MEM_COMMIT,
					      PAGE_READWRITE);
	DWORD new, old;

	ASSERT_NE(NULL, private);
	for (new = 0; new <= 0xff; new++) {
		if (single_bit(new))
			continue;
		EXPECT_ERROR(ERROR_INVALID_PARAMETER,
			     protect(self->shared, BYTES, new));
		EXPECT_EQ(STATUS_INVALID_PAGE_PROTECTION,
			  nt_protect(self->shared, BYTES, new, &old)) {
			TH_LOG("protection %#x", new);
		}
		EXPECT_ERROR(ERROR_INVALID_PARAMETER,
			     protect(private, BYTES, new));
		EXPECT_EQ(STATUS_INVALID_PAGE_PROTECTION,
			  nt_protect(private, BYTES, new, &old)) {
			TH_LOG("protection %#x of private memory", new);
		}
	}
	EXPECT_EQ(PAGE_READWRITE, protection_at(self->shared));
	EXPECT_EQ(PAGE_READWRITE, protection_at(private));
	EXPECT_TRUE(VirtualFree(private, 0, MEM_RELEASE));
}

TEST_F(protect, T7_nowhere_to_put_the_old)
{
	unsigned char *private = VirtualAlloc(NULL, BYTES, MEM_COMMIT,
					      PAGE_READWRITE);

	ASSERT_NE(NULL, private);
	EXPECT_ERROR(ERROR_NOACCESS,
		     VirtualProtect(self->shared, BYTES, PAGE_READONLY, NULL));
	EXPECT_EQ(PAGE_READWRITE, protection_at(self->shared));
	EXPECT_EQ(0, poke(self->shared, 1));
	EXPECT_ERROR(ERROR_NOACCESS,
		     VirtualProtect(private, BYTES, PAGE_READONLY, NULL));
	EXPECT_EQ(PAGE_READWRITE, protection_at(private));
	EXPECT_EQ(0, poke(private, 1));
	EXPECT_TRUE(VirtualFree(private, 0, MEM_RELEASE));
}

TEST_F(protect, T8_old_is_that_of_the_first_page)
{
	unsigned char *view = self->shared;
	DWORD old;

	EXPECT_TRUE(VirtualProtect(view + PAGE_BYTES, PAGE_BYTES,
				   PAGE_READONLY, &old));
	EXPECT_EQ(PAGE_READWRITE, old);
	EXPECT_TRUE(VirtualProtect(view + PAGE_BYTES, 2 * PAGE_BYTES,
				   PAGE_NOACCESS, &old));
	EXPECT_EQ(PAGE_READONLY, old);
	EXPECT_TRUE(VirtualProtect(view, BYTES, PAGE_READONLY, &old));
	EXPECT_EQ(PAGE_READWRITE, old);
	/* One byte on either side of a border is both pages. */
	EXPECT_TRUE(VirtualProtect(view + PAGE_BYTES - 1, 2, PAGE_READWRITE,
				   &old));
	EXPECT_EQ(PAGE_READONLY, old);
	EXPECT_EQ(PAGE_READWRITE, protection_at(view));
	EXPECT_EQ(PAGE_READWRITE, protection_at(view + PAGE_BYTES));
	EXPECT_EQ(PAGE_READONLY, protection_at(view + 2 * PAGE_BYTES));
}

TEST(T9_private_memory_is_not_copy_on_write)
{
	static const DWORD copy[] = { PAGE_WRITECOPY, PAGE_EXECUTE_WRITECOPY };
	unsigned char *private = VirtualAlloc(NULL, BYTES, MEM_COMMIT,
					      PAGE_EXECUTE_READWRITE);
	size_t i;

	ASSERT_NE(NULL, private);
	for (i = 0; i < ARRAY_SIZE(copy); i++) {
		EXPECT_ERROR(ERROR_INVALID_PARAMETER,
			     protect(private, BYTES, copy[i]));
		EXPECT_EQ(PAGE_EXECUTE_READWRITE, protection_at(private));
		EXPECT_ERROR(ERROR_INVALID_PARAMETER,
			     VirtualAlloc(NULL, BYTES, MEM_COMMIT, copy[i]));
		EXPECT_ERROR(ERROR_INVALID_PARAMETER,
			     VirtualAlloc(NULL, BYTES, MEM_RESERVE, copy[i]));
	}
	EXPECT_TRUE(VirtualFree(private, 0, MEM_RELEASE));
}

TEST(T10_uncommitted_private_memory)
{
	unsigned char *private = VirtualAlloc(NULL, BYTES, MEM_RESERVE,
					      PAGE_READWRITE);
	DWORD old;

	ASSERT_NE(NULL, private);
	EXPECT_EQ(private, VirtualAlloc(private, 2 * PAGE_BYTES, MEM_COMMIT,
					PAGE_READWRITE));
	EXPECT_TRUE(protect(private, 2 * PAGE_BYTES, PAGE_READONLY));
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     protect(private, 3 * PAGE_BYTES, PAGE_READWRITE));
	EXPECT_EQ(STATUS_NOT_COMMITTED,
		  nt_protect(private, 3 * PAGE_BYTES, PAGE_READWRITE, &old));
	EXPECT_EQ(STATUS_NOT_COMMITTED,
		  nt_protect(private + 3 * PAGE_BYTES, PAGE_BYTES,
			     PAGE_READWRITE, &old));
	EXPECT_EQ(PAGE_READONLY, protection_at(private));
	EXPECT_TRUE(VirtualFree(private, 0, MEM_RELEASE));
}

/* Which error it is differs between versions. */
TEST(T11_uncommitted_view)
{
	HANDLE section = memory(PAGE_READWRITE | SEC_RESERVE, BYTES);
	unsigned char *view;

	ASSERT_NE(NULL, section);
	view = view_of(section, FILE_MAP_WRITE);
	ASSERT_NE(NULL, view);
	EXPECT_FALSE(protect(view, BYTES, PAGE_READWRITE));
	EXPECT_FALSE(protect(view, BYTES, PAGE_READONLY));
	EXPECT_EQ(view, VirtualAlloc(view, PAGE_BYTES, MEM_COMMIT,
				     PAGE_READWRITE));
	EXPECT_TRUE(protect(view, PAGE_BYTES, PAGE_READONLY));
	EXPECT_FALSE(protect(view, 2 * PAGE_BYTES, PAGE_READWRITE));
	EXPECT_EQ(PAGE_READONLY, protection_at(view));
	EXPECT_TRUE(UnmapViewOfFile(view));
	CloseHandle(section);
}

/* Not tried on Windows; that nothing is done by halves is what is expected. */
TEST_F(protect, T12_from_one_view_into_another)
{
	char *base = free_grains(2);
	HANDLE section = memory(PAGE_READWRITE, GRAIN);

	ASSERT_NE(NULL, base);
	ASSERT_NE(NULL, section);
	ASSERT_EQ(base, MapViewOfFileEx(section, FILE_MAP_WRITE, 0, 0, 0,
					base));
	ASSERT_EQ(base + GRAIN, MapViewOfFileEx(section, FILE_MAP_WRITE, 0, 0,
						0, base + GRAIN));
	EXPECT_FALSE(protect(base + GRAIN - PAGE_BYTES, 2 * PAGE_BYTES,
			     PAGE_READONLY));
	EXPECT_EQ(PAGE_READWRITE, protection_at(base + GRAIN - 1));
	EXPECT_EQ(PAGE_READWRITE, protection_at(base + GRAIN));
	EXPECT_EQ(0, poke(base + GRAIN - 1, 1));
	EXPECT_EQ(0, poke(base + GRAIN, 1));
	EXPECT_TRUE(UnmapViewOfFile(base));
	EXPECT_TRUE(UnmapViewOfFile(base + GRAIN));
	CloseHandle(section);
}

TEST(T13_cache_bit_is_of_the_allocation)
{
	HANDLE section = memory(PAGE_READWRITE | SEC_COMMIT | SEC_NOCACHE,
				BYTES);
	MEMORY_BASIC_INFORMATION info;
	unsigned char *view;
	DWORD old;

	ASSERT_NE(NULL, section);
	view = view_of(section, FILE_MAP_WRITE);
	ASSERT_NE(NULL, view);
	info = query(view);
	EXPECT_EQ(PAGE_READWRITE | PAGE_NOCACHE, info.Protect);
	EXPECT_EQ(PAGE_READWRITE | PAGE_NOCACHE, info.AllocationProtect);
	EXPECT_EQ(view, VirtualAlloc(view, PAGE_BYTES, MEM_COMMIT,
				     PAGE_READONLY));
	info = query(view);
	EXPECT_EQ(PAGE_READONLY | PAGE_NOCACHE, info.Protect);
	EXPECT_EQ(PAGE_READWRITE | PAGE_NOCACHE, info.AllocationProtect);
	EXPECT_EQ(PAGE_READWRITE | PAGE_NOCACHE,
		  protection_at(view + PAGE_BYTES));
	EXPECT_EQ(-SIGSEGV, poke(view, 1));
	EXPECT_TRUE(UnmapViewOfFile(view));
	CloseHandle(section);

	/* Not taken away from a page of private memory either. */
	view = VirtualAlloc(NULL, BYTES, MEM_COMMIT,
			    PAGE_READWRITE | PAGE_NOCACHE);
	ASSERT_NE(NULL, view);
	EXPECT_EQ(PAGE_READWRITE | PAGE_NOCACHE, protection_at(view));
	EXPECT_TRUE(VirtualProtect(view, PAGE_BYTES, PAGE_READONLY, &old));
	EXPECT_EQ(PAGE_READWRITE | PAGE_NOCACHE, old);
	EXPECT_EQ(PAGE_READONLY | PAGE_NOCACHE, protection_at(view));
	EXPECT_TRUE(VirtualFree(view, 0, MEM_RELEASE));
}

TEST(T15_contents_outlive_no_access)
{
	unsigned char *private = VirtualAlloc(NULL, BYTES, MEM_COMMIT,
					      PAGE_READWRITE);

	ASSERT_NE(NULL, private);
	memset(private, 77, BYTES);
	EXPECT_TRUE(protect(private, BYTES, PAGE_NOACCESS));
	EXPECT_EQ(-SIGSEGV, peek(private));
	EXPECT_EQ(-SIGSEGV, poke(private + BYTES - 1, 1));
	EXPECT_TRUE(protect(private, BYTES, PAGE_READWRITE));
	EXPECT_TRUE(sec_all_bytes(private, 77, BYTES));
	EXPECT_EQ(0, poke(private, 78));
	EXPECT_TRUE(VirtualFree(private, 0, MEM_RELEASE));
}

TEST_HARNESS_MAIN
