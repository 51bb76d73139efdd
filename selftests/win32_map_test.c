// SPDX-License-Identifier: GPL-2.0-only
/*
 * Win32 library: opening for an access (A), and mapping: who may (M), and what
 * and where (V).
 */
#include "win32_util.h"
#include "win32_table.h"

/* A named section of 4 pages, writable and executable. */
FIXTURE(access) {
	struct sec_name name;
	HANDLE section;
};

FIXTURE_SETUP(access)
{
	self->name = sec_unique();
	self->section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL,
					   PAGE_EXECUTE_READWRITE, 0, 0x4000,
					   self->name.s);
	ASSERT_NE(NULL, self->section);
}

FIXTURE_TEARDOWN(access)
{
	CloseHandle(self->section);
}

TEST_F(access, A1_copy_alone_is_read)
{
	SECTION_BASIC_INFORMATION basic;
	HANDLE section;

	section = OpenFileMappingA(FILE_MAP_COPY, FALSE, self->name.s);
	ASSERT_NE(NULL, section);
	EXPECT_EQ(MAY_READ, rights_of(section));
	/* The bit is not SECTION_QUERY then. */
	EXPECT_EQ(STATUS_ACCESS_DENIED, query_section(section, &basic));
	CloseHandle(section);

	section = OpenFileMappingA(FILE_MAP_COPY | FILE_MAP_WRITE, FALSE,
				   self->name.s);
	ASSERT_NE(NULL, section);
	EXPECT_EQ(MAY_WRITE, rights_of(section));
	EXPECT_EQ(STATUS_SUCCESS, query_section(section, &basic));
	CloseHandle(section);
}

TEST_F(access, A2_execute_is_translated)
{
	HANDLE section;

	section = OpenFileMappingA(FILE_MAP_READ | FILE_MAP_EXECUTE, FALSE,
				   self->name.s);
	ASSERT_NE(NULL, section);
	EXPECT_EQ(MAY_READ | MAY_EXECUTE, rights_of(section));
	CloseHandle(section);

	section = OpenFileMappingA(FILE_MAP_READ, FALSE, self->name.s);
	ASSERT_NE(NULL, section);
	EXPECT_EQ(MAY_READ, rights_of(section));
	CloseHandle(section);
}

TEST_F(access, A3_all_access_does_not_execute)
{
	char *view = view_of(self->section, FILE_MAP_ALL_ACCESS);

	ASSERT_NE(NULL, view);
	EXPECT_EQ(PAGE_READWRITE, protection_at(view));
	EXPECT_TRUE(UnmapViewOfFile(view));
	EXPECT_EQ(0, FILE_MAP_ALL_ACCESS & FILE_MAP_EXECUTE);
	view = view_of(self->section, FILE_MAP_ALL_ACCESS | FILE_MAP_EXECUTE);
	ASSERT_NE(NULL, view);
	EXPECT_EQ(PAGE_EXECUTE_READWRITE, protection_at(view));
	EXPECT_TRUE(UnmapViewOfFile(view));
}

TEST_F(access, A4_inherit)
{
	DWORD flags;
	HANDLE section;
	BOOL inherit;

	for (inherit = FALSE; inherit <= TRUE; inherit++) {
		section = OpenFileMappingA(FILE_MAP_READ, inherit,
					   self->name.s);
		ASSERT_NE(NULL, section);
		flags = SEC_POISON32;
		EXPECT_TRUE(GetHandleInformation(section, &flags));
		EXPECT_EQ(inherit ? HANDLE_FLAG_INHERIT : 0, flags);
		CloseHandle(section);
	}
}

/* From documentation only, which does not tell the error. */
TEST_F(access, A5_no_waiting)
{
	EXPECT_EQ(WAIT_FAILED, WaitForSingleObject(self->section, 0));
}

TEST_F(access, A6_asking_needs_its_own_right)
{
	static const DWORD maps[] = { FILE_MAP_READ, FILE_MAP_WRITE };
	SECTION_BASIC_INFORMATION basic;
	HANDLE section;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(maps); i++) {
		section = OpenFileMappingA(maps[i], FALSE, self->name.s);
		ASSERT_NE(NULL, section);
		EXPECT_EQ(STATUS_ACCESS_DENIED, query_section(section, &basic));
		CloseHandle(section);

		section = OpenFileMappingA(maps[i] | SECTION_QUERY, FALSE,
					   self->name.s);
		ASSERT_NE(NULL, section);
		ASSERT_EQ(STATUS_SUCCESS, query_section(section, &basic));
		EXPECT_EQ(0x4000, basic.Size.QuadPart);
		CloseHandle(section);
	}
}

TEST_F(access, A7_duplicate_with_less)
{
	HANDLE section;
	DWORD access;

	ASSERT_TRUE(DuplicateHandle(GetCurrentProcess(), self->section,
				    GetCurrentProcess(), &section,
				    FILE_MAP_READ, FALSE, 0));
	EXPECT_EQ(MAY_READ, rights_of(section));
	EXPECT_ERROR(ERROR_ACCESS_DENIED, view_of(section, FILE_MAP_WRITE));
	CloseHandle(section);

	ASSERT_TRUE(DuplicateHandle(GetCurrentProcess(), self->section,
				    GetCurrentProcess(), &section, 0, FALSE,
				    0));
	for (access = 0; access <= 0x3f; access++)
		EXPECT_ERROR(ERROR_ACCESS_DENIED, view_of(section, access));
	CloseHandle(section);

	/* The source is as it was, and so is a duplicate with all of it. */
	ASSERT_TRUE(DuplicateHandle(GetCurrentProcess(), self->section,
				    GetCurrentProcess(), &section, 0, FALSE,
				    DUPLICATE_SAME_ACCESS));
	EXPECT_EQ(MAY_READ | MAY_WRITE | MAY_EXECUTE, rights_of(section));
	EXPECT_EQ(MAY_READ | MAY_WRITE | MAY_EXECUTE,
		  rights_of(self->section));
	CloseHandle(section);
}

TEST_F(access, A8_no_type_of_file)
{
	SetLastError(OLD_ERROR);
	EXPECT_EQ(FILE_TYPE_UNKNOWN, GetFileType(self->section));
	EXPECT_EQ(ERROR_INVALID_HANDLE, GetLastError());
}

/* M: the tables. */

/*
 * The protection of a view by the access that MapViewOfFile() is given, rows
 * M20 to M28; 0 if no row tells.
 */
static DWORD view_protection(DWORD access)
{
	const bool execute = access & FILE_MAP_EXECUTE;

	if (access & FILE_MAP_WRITE)
		return execute ? PAGE_EXECUTE_READWRITE : PAGE_READWRITE;
	if (access & FILE_MAP_READ)
		return execute ? PAGE_EXECUTE_READ : PAGE_READONLY;
	if (access == FILE_MAP_COPY)
		return PAGE_WRITECOPY;
	if (access == (FILE_MAP_COPY | FILE_MAP_EXECUTE))
		return PAGE_EXECUTE_WRITECOPY;
	/* Is EXECUTE + COPY alone with bit 8 beside it? */
	if (access == (FILE_MAP_COPY | FILE_MAP_EXECUTE | SECTION_MAP_EXECUTE))
		return 0;
	return PAGE_NOACCESS;
}

/* Natively only. */
FIXTURE_VARIANT_ADD(table, execute) {
	.section = PAGE_EXECUTE,
};

/*
 * Every access value, by handles with every set of rights to map, of memory
 * and of a file: first the handle's rights count (M1), then what the section
 * allows (M2).
 */
TEST_F(table, M1_M2_M4_M5_M6_M7_M20_M21_M22_M23_M24_M25_M26_M27_M28_M29_access)
{
	MEMORY_BASIC_INFORMATION info;
	DWORD rights, access, view, error, expected;
	HANDLE section;
	char *base;
	int set;

	for (set = 0; set < 16; set++) {
		rights = (set & 1 ? SECTION_MAP_READ : 0) |
			 (set & 2 ? SECTION_MAP_WRITE : 0) |
			 (set & 4 ? SECTION_MAP_EXECUTE : 0);
		ASSERT_EQ(STATUS_SUCCESS,
			  nt_create(&section, rights, 0x1000, variant->section,
				    SEC_COMMIT, set & 8 ? self->file : NULL));
		for (access = 0; access <= 0x3f; access++) {
			/* SECTION_EXTEND_SIZE means nothing to a view. */
			if (access & SECTION_EXTEND_SIZE)
				continue;
			view = view_protection(access);
			if (!view)
				continue;
			if ((rights & rights_needed(view)) !=
			    rights_needed(view))
				expected = ERROR_ACCESS_DENIED;
			else if (!covers(may(variant->section), may(view)))
				expected = ERROR_INVALID_PARAMETER;
			else
				expected = OLD_ERROR;
			SetLastError(OLD_ERROR);
			base = view_of(section, access);
			error = GetLastError();
			EXPECT_EQ(expected, error) {
				TH_LOG("rights %#x, access %#x", rights,
				       access);
			}
			EXPECT_EQ(expected == OLD_ERROR, !!base);
			if (!base)
				continue;
			info = query(base + 10);
			EXPECT_EQ(view, info.Protect) {
				TH_LOG("rights %#x, access %#x", rights,
				       access);
			}
			EXPECT_EQ(view, info.AllocationProtect);
			EXPECT_EQ(MEM_COMMIT, info.State);
			EXPECT_EQ(MEM_MAPPED, info.Type);
			EXPECT_EQ(base, info.AllocationBase);
			EXPECT_EQ(base, info.BaseAddress);
			EXPECT_EQ(0x1000, info.RegionSize);
			EXPECT_TRUE(UnmapViewOfFile(base));
		}
		CloseHandle(section);
	}
}

/*
 * The table of section against view protection, by a handle with all rights;
 * and what the pages let a program do then.
 */
TEST_F(table, M2_native_views)
{
	unsigned char *base;
	HANDLE section;
	DWORD view;
	NTSTATUS status;
	size_t i;
	int kind;

	for (i = 0; i < 2 * PROTECTIONS; i++) {
		kind = i & 1;
		view = protections[i / 2];
		section = nt_section(variant->section, 0x1000,
				     kind ? self->file : NULL);
		ASSERT_NE(NULL, section);
		status = nt_view(section, view, &base);
		if (!covers(may(variant->section), may(view))) {
			EXPECT_EQ(STATUS_SECTION_PROTECTION, status) {
				TH_LOG("view %#x", view);
			}
			CloseHandle(section);
			continue;
		}
		EXPECT_EQ(STATUS_SUCCESS, status) {
			TH_LOG("view %#x", view);
		}
		EXPECT_EQ(view, protection_at(base));
		/*
		 * The processors of Linux may read what they execute: that a
		 * page is not readable is said of PAGE_NOACCESS only (M32b).
		 */
		if (may(view) & MAY_READ)
			EXPECT_EQ(kind ? file_pattern(7) : 0, peek(base + 7));
		if (view == PAGE_NOACCESS)
			EXPECT_EQ(-SIGSEGV, peek(base + 7));
		if (may(view) & MAY_WRITE || view == PAGE_WRITECOPY ||
		    view == PAGE_EXECUTE_WRITECOPY) {
			EXPECT_EQ(0, poke(base + 7, file_pattern(7)));
			EXPECT_EQ(file_pattern(7), peek(base + 7));
		} else {
			EXPECT_EQ(-SIGSEGV, poke(base + 7, 1)) {
				TH_LOG("view %#x", view);
			}
		}
		EXPECT_TRUE(UnmapViewOfFile(base));
		CloseHandle(section);
	}
}

TEST_F(table, M30_garbage_before_the_section)
{
	HANDLE section = nt_section(variant->section, 0x1000, self->file);
	DWORD protect;
	void *base;

	ASSERT_NE(NULL, section);
	for (protect = 0; protect <= 0xff; protect++) {
		if (single_bit(protect))
			continue;
		EXPECT_EQ(STATUS_INVALID_PAGE_PROTECTION,
			  nt_view(section, protect, &base)) {
			TH_LOG("protection %#x", protect);
		}
	}
	EXPECT_EQ(STATUS_INVALID_PAGE_PROTECTION,
		  nt_view(section, UINT32_MAX, &base));
	CloseHandle(section);
}

TEST_F(table, M31_view_of_nothing)
{
	HANDLE section = nt_section(variant->section, 0x1000, self->file);
	char *base;

	ASSERT_NE(NULL, section);
	ASSERT_EQ(STATUS_SUCCESS, nt_view(section, PAGE_NOACCESS, &base));
	EXPECT_EQ(MEM_COMMIT, state_at(base));
	/* The addresses are taken. */
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     VirtualAlloc(base, 0x1000, MEM_RESERVE, PAGE_NOACCESS));
	EXPECT_EQ(-SIGSEGV, peek(base));
	EXPECT_EQ(-SIGSEGV, peek(base + 0xfff));
	EXPECT_TRUE(UnmapViewOfFile(base));
	CloseHandle(section);
}

/* M: what the rows tell one by one. */

FIXTURE(map) {
	struct sec_name name;
	HANDLE section;
	/* Opened by open_for(). */
	HANDLE opened;
};

FIXTURE_SETUP(map)
{
	self->name = sec_unique();
	self->section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL,
					   PAGE_READWRITE, 0, 0x4000,
					   self->name.s);
	ASSERT_NE(NULL, self->section);
	self->opened = NULL;
}

FIXTURE_TEARDOWN(map)
{
	if (self->opened)
		CloseHandle(self->opened);
	CloseHandle(self->section);
}

/* Can a view be mapped?  If not, the error must be ERROR_ACCESS_DENIED. */
static bool maps(struct __test_metadata *_metadata, HANDLE section,
		 DWORD access)
{
	void *view;

	SetLastError(OLD_ERROR);
	view = view_of(section, access);
	if (view) {
		EXPECT_TRUE(UnmapViewOfFile(view));
		return true;
	}
	EXPECT_EQ(ERROR_ACCESS_DENIED, GetLastError());
	return false;
}

TEST_F(map, M1_right_of_the_handle_comes_first)
{
	HANDLE section;
	void *view;

	/* Neither the handle nor the section may write. */
	ASSERT_EQ(STATUS_SUCCESS,
		  nt_create(&section, SECTION_MAP_READ, 0x1000, PAGE_READONLY,
			    SEC_COMMIT, NULL));
	EXPECT_EQ(STATUS_ACCESS_DENIED,
		  nt_view(section, PAGE_READWRITE, &view));
	EXPECT_EQ(STATUS_ACCESS_DENIED,
		  nt_view(section, PAGE_EXECUTE_READ, &view));
	EXPECT_ERROR(ERROR_ACCESS_DENIED, view_of(section, FILE_MAP_WRITE));
	CloseHandle(section);
}

TEST_F(map, M2_then_the_section)
{
	HANDLE section = nt_section(PAGE_READONLY, 0x1000, NULL);
	void *view;

	ASSERT_NE(NULL, section);
	EXPECT_EQ(STATUS_SECTION_PROTECTION,
		  nt_view(section, PAGE_READWRITE, &view));
	EXPECT_ERROR(ERROR_INVALID_PARAMETER, view_of(section, FILE_MAP_WRITE));
	CloseHandle(section);
}

TEST_F(map, M3_win32_callers_are_denied)
{
	static const DWORD protects[] = { PAGE_READONLY, PAGE_WRITECOPY };
	HANDLE section;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protects); i++) {
		section = memory(protects[i], 0x1000);
		ASSERT_NE(NULL, section);
		EXPECT_ERROR(ERROR_ACCESS_DENIED,
			     view_of(section, FILE_MAP_WRITE));
		EXPECT_ERROR(ERROR_ACCESS_DENIED,
			     view_of(section, FILE_MAP_ALL_ACCESS));
		CloseHandle(section);
	}
}

TEST_F(map, M10_all_access)
{
	static const DWORD accesses[] = {
		FILE_MAP_ALL_ACCESS, FILE_MAP_READ | FILE_MAP_WRITE,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(accesses); i++) {
		self->opened = OpenFileMappingA(accesses[i], FALSE,
						self->name.s);
		ASSERT_NE(NULL, self->opened);
		EXPECT_TRUE(maps(_metadata, self->opened, FILE_MAP_COPY));
		EXPECT_TRUE(maps(_metadata, self->opened, FILE_MAP_READ));
		EXPECT_TRUE(maps(_metadata, self->opened, FILE_MAP_WRITE));
		CloseHandle(self->opened);
	}
	self->opened = NULL;
}

/* The views for copying of M11 to M14 follow from M4 and M5. */
TEST_F(map, M11_read_only_handle)
{
	self->opened = OpenFileMappingA(FILE_MAP_READ, FALSE, self->name.s);
	ASSERT_NE(NULL, self->opened);
	EXPECT_TRUE(maps(_metadata, self->opened, FILE_MAP_COPY));
	EXPECT_TRUE(maps(_metadata, self->opened, 0));
	EXPECT_TRUE(maps(_metadata, self->opened, FILE_MAP_READ));
	EXPECT_FALSE(maps(_metadata, self->opened, FILE_MAP_WRITE));
}

TEST_F(map, M12_write_only_handle_cannot_read)
{
	HANDLE same;

	self->opened = OpenFileMappingA(FILE_MAP_WRITE, FALSE, self->name.s);
	ASSERT_NE(NULL, self->opened);
	EXPECT_FALSE(maps(_metadata, self->opened, FILE_MAP_COPY));
	EXPECT_FALSE(maps(_metadata, self->opened, FILE_MAP_READ));
	EXPECT_TRUE(maps(_metadata, self->opened, FILE_MAP_WRITE));

	/* Nor does a duplicate with the same access. */
	ASSERT_TRUE(DuplicateHandle(GetCurrentProcess(), self->opened,
				    GetCurrentProcess(), &same, 0, FALSE,
				    DUPLICATE_SAME_ACCESS));
	EXPECT_EQ(MAY_WRITE, rights_of(same));
	CloseHandle(same);
}

TEST_F(map, M13_handle_for_copying)
{
	self->opened = OpenFileMappingA(FILE_MAP_COPY, FALSE, self->name.s);
	ASSERT_NE(NULL, self->opened);
	EXPECT_TRUE(maps(_metadata, self->opened, FILE_MAP_COPY));
	EXPECT_TRUE(maps(_metadata, self->opened, FILE_MAP_READ));
	EXPECT_FALSE(maps(_metadata, self->opened, FILE_MAP_WRITE));
}

TEST_F(map, M14_handle_without_rights)
{
	ASSERT_TRUE(DuplicateHandle(GetCurrentProcess(), self->section,
				    GetCurrentProcess(), &self->opened, 0,
				    FALSE, 0));
	EXPECT_FALSE(maps(_metadata, self->opened, FILE_MAP_COPY));
	EXPECT_FALSE(maps(_metadata, self->opened, FILE_MAP_READ));
	EXPECT_FALSE(maps(_metadata, self->opened, FILE_MAP_WRITE));
	EXPECT_FALSE(maps(_metadata, self->opened, 0));
}

static sigjmp_buf guard_env;
static int guard_faults;

static void guard_handler(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	guard_faults++;
	if (!SectionGuardPageFault(info->si_addr))
		siglongjmp(guard_env, 1);
}

/* Touches with a handler that takes guards off: was there another fault? */
static bool touch_guarded(unsigned char *address)
{
	struct sigaction action = {
		.sa_sigaction = guard_handler,
		.sa_flags = SA_SIGINFO | SA_NODEFER,
	};
	struct sigaction old;
	bool bad;

	guard_faults = 0;
	sigaction(SIGSEGV, &action, &old);
	bad = sigsetjmp(guard_env, 1);
	if (!bad)
		__atomic_store_n(address, 33, __ATOMIC_SEQ_CST);
	sigaction(SIGSEGV, &old, NULL);
	return bad;
}

/*
 * Asserted on Windows Server 2003 only.  What is an exception there is
 * SIGSEGV here; SectionGuardPageFault() tells the two kinds of it apart.
 */
TEST_F(map, M32_guard_page)
{
	unsigned char *view;

	ASSERT_EQ(STATUS_SUCCESS,
		  nt_view(self->section, PAGE_READWRITE | PAGE_GUARD, &view));
	EXPECT_EQ(PAGE_READWRITE | PAGE_GUARD, protection_at(view));
	EXPECT_FALSE(touch_guarded(view + 5));
	EXPECT_EQ(1, guard_faults);
	EXPECT_EQ(33, peek(view + 5));
	EXPECT_EQ(PAGE_READWRITE, protection_at(view));
	EXPECT_FALSE(touch_guarded(view + 6));
	EXPECT_EQ(0, guard_faults);
	/* Each page has its own. */
	EXPECT_EQ(PAGE_READWRITE | PAGE_GUARD, protection_at(view + 0x1000));
	EXPECT_FALSE(touch_guarded(view + 0x1000));
	EXPECT_EQ(1, guard_faults);
	EXPECT_TRUE(UnmapViewOfFile(view));

	/* A page without guard stays as it is. */
	view = view_of(self->section, FILE_MAP_READ);
	ASSERT_NE(NULL, view);
	EXPECT_TRUE(touch_guarded(view));
	EXPECT_EQ(1, guard_faults);
	EXPECT_TRUE(UnmapViewOfFile(view));
}

TEST_F(map, M32b_violations)
{
	unsigned char *view = view_of(self->section, FILE_MAP_READ);

	ASSERT_NE(NULL, view);
	EXPECT_EQ(0, peek(view + 0x3fff));
	EXPECT_EQ(-SIGSEGV, poke(view + 0x3fff, 1));
	EXPECT_EQ(0, peek(view + 0x3fff));
	EXPECT_TRUE(UnmapViewOfFile(view));
	view = view_of(self->section, 0);
	ASSERT_NE(NULL, view);
	EXPECT_EQ(-SIGSEGV, peek(view));
	EXPECT_EQ(-SIGSEGV, poke(view, 1));
	EXPECT_TRUE(UnmapViewOfFile(view));
}

TEST_F(map, M34_pseudo_handle_is_no_section)
{
	void *view;

	EXPECT_EQ(STATUS_OBJECT_TYPE_MISMATCH,
		  nt_view(INVALID_HANDLE_VALUE, PAGE_READONLY, &view));
	EXPECT_ERROR(ERROR_INVALID_HANDLE,
		     view_of(INVALID_HANDLE_VALUE, FILE_MAP_READ));
}

TEST_F(map, M35_closed_handle)
{
	HANDLE closed = memory(PAGE_READWRITE, 0x1000);
	struct nt_map aligned = { 0 }, misaligned = { .offset = 1 };

	ASSERT_NE(NULL, closed);
	CloseHandle(closed);
	EXPECT_EQ(STATUS_INVALID_HANDLE,
		  nt_map(closed, PAGE_READWRITE, &aligned));
	EXPECT_EQ(STATUS_INVALID_HANDLE,
		  nt_map(closed, PAGE_READWRITE, &misaligned));
	EXPECT_EQ(STATUS_INVALID_HANDLE,
		  nt_map(NULL, PAGE_READWRITE, &aligned));
	EXPECT_EQ(STATUS_INVALID_HANDLE,
		  nt_map(NULL, PAGE_READWRITE, &misaligned));
	EXPECT_ERROR(ERROR_INVALID_HANDLE, view_of(closed, FILE_MAP_READ));
	EXPECT_ERROR(ERROR_INVALID_HANDLE, view_of(NULL, FILE_MAP_READ));
}

TEST_F(map, M36_no_process)
{
	LARGE_INTEGER offset = { .QuadPart = 0 };
	PVOID base = NULL;
	SIZE_T size = 0;

	EXPECT_EQ(STATUS_INVALID_HANDLE,
		  NtMapViewOfSection(self->section, NULL, &base, 0, 0, &offset,
				     &size, ViewShare, 0, PAGE_READWRITE));
}

/* V: what is mapped, and where. */

/* Memory and a file, each of 0x23452 bytes; memory is rounded to pages. */
FIXTURE(place) {
	HANDLE file;
	HANDLE of_file;
	HANDLE of_memory;
};

#define PLACE_BYTES	0x23452
#define PLACE_ROUNDED	0x24000

FIXTURE_SETUP(place)
{
	self->file = file_of(PLACE_BYTES, GENERIC_READ | GENERIC_WRITE);
	ASSERT_NE(INVALID_HANDLE_VALUE, self->file);
	self->of_file = nt_section(PAGE_READWRITE, 0, self->file);
	ASSERT_NE(NULL, self->of_file);
	self->of_memory = nt_section(PAGE_READWRITE, PLACE_BYTES, NULL);
	ASSERT_NE(NULL, self->of_memory);
}

FIXTURE_TEARDOWN(place)
{
	CloseHandle(self->of_memory);
	CloseHandle(self->of_file);
	CloseHandle(self->file);
}

TEST_F(place, V1_V2_offset_is_a_multiple_of_64k)
{
	static const DWORD bad[] = { 1, 0x800, 0x1000, 0xf000, 0x11000 };
	unsigned char *view;
	struct nt_map m;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		m = (struct nt_map){ .offset = bad[i], .size = 0x1000 };
		EXPECT_EQ(STATUS_MAPPED_ALIGNMENT,
			  nt_map(self->of_file, PAGE_READWRITE, &m));
		m = (struct nt_map){ .offset = bad[i], .size = 0x1000 };
		EXPECT_EQ(STATUS_MAPPED_ALIGNMENT,
			  nt_map(self->of_memory, PAGE_READWRITE, &m));
		EXPECT_ERROR(ERROR_MAPPED_ALIGNMENT,
			     MapViewOfFile(self->of_file, FILE_MAP_READ, 0,
					   bad[i], 0x1000));
	}
	view = MapViewOfFile(self->of_file, FILE_MAP_READ, 0, 0x20000, 0x1000);
	ASSERT_NE(NULL, view);
	EXPECT_EQ(file_pattern(0x20123), peek(view + 0x123));
	EXPECT_TRUE(UnmapViewOfFile(view));
}

TEST_F(place, V2_V3_base_is_a_multiple_of_64k)
{
	static const DWORD bad[] = { 1, 0x800, 0x1000, 0xf000 };
	char *base = free_grains(8);
	struct nt_map m;
	size_t i;

	ASSERT_NE(NULL, base);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		m = (struct nt_map){ .base = base + bad[i] };
		EXPECT_EQ(STATUS_MAPPED_ALIGNMENT,
			  nt_map(self->of_file, PAGE_READWRITE, &m));
		EXPECT_ERROR(ERROR_MAPPED_ALIGNMENT,
			     MapViewOfFileEx(self->of_file, FILE_MAP_READ, 0,
					     0, 0, base + bad[i]));
	}
	m = (struct nt_map){ .base = base };
	ASSERT_EQ(STATUS_SUCCESS, nt_map(self->of_file, PAGE_READWRITE, &m));
	EXPECT_EQ(base, m.base);
	EXPECT_TRUE(UnmapViewOfFile(base));
	EXPECT_EQ(base, MapViewOfFileEx(self->of_file, FILE_MAP_READ, 0, 0, 0,
					base));
	EXPECT_TRUE(UnmapViewOfFile(base));
}

TEST_F(place, V4_chosen_base_is_a_multiple_of_64k)
{
	void *views[20];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(views); i++) {
		views[i] = MapViewOfFile(i & 1 ? self->of_file :
						 self->of_memory,
					 FILE_MAP_READ, 0, 0,
					 1 + i * 0x1000);
		ASSERT_NE(NULL, views[i]);
		EXPECT_EQ(0, (uintptr_t)views[i] % GRAIN);
	}
	for (i = 0; i < ARRAY_SIZE(views); i++)
		EXPECT_TRUE(UnmapViewOfFile(views[i]));
}

TEST_F(place, V5_no_size_is_all_to_the_end)
{
	const HANDLE sections[] = { self->of_file, self->of_memory };
	LONGLONG offset;
	struct nt_map m;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sections); i++) {
		for (offset = 0; offset <= 0x20000; offset += GRAIN) {
			m = (struct nt_map){ .offset = offset };
			ASSERT_EQ(STATUS_SUCCESS,
				  nt_map(sections[i], PAGE_READWRITE, &m));
			EXPECT_EQ(PLACE_ROUNDED - offset, (LONGLONG)m.size);
			EXPECT_EQ(PLACE_ROUNDED - offset,
				  (LONGLONG)query(m.base).RegionSize);
			EXPECT_TRUE(UnmapViewOfFile(m.base));
		}
	}
}

TEST_F(place, V6_size_is_rounded_to_pages)
{
	static const SIZE_T sizes[] = {
		PLACE_BYTES - 1, PLACE_BYTES, 1, 0x1000, 0x1001,
	};
	const HANDLE sections[] = { self->of_file, self->of_memory };
	struct nt_map m;
	SIZE_T rounded;
	size_t i, s;

	for (s = 0; s < ARRAY_SIZE(sections); s++) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			rounded = (sizes[i] + 0xfff) & ~(SIZE_T)0xfff;
			m = (struct nt_map){ .size = sizes[i] };
			ASSERT_EQ(STATUS_SUCCESS,
				  nt_map(sections[s], PAGE_READWRITE, &m));
			EXPECT_EQ(rounded, m.size);
			EXPECT_EQ(rounded, query(m.base).RegionSize);
			EXPECT_TRUE(UnmapViewOfFile(m.base));
		}
	}
}

TEST_F(place, V7_one_byte_too_many)
{
	const struct {
		HANDLE section;
		SIZE_T limit;
	} sections[] = {
		{ self->of_file, PLACE_BYTES },
		{ self->of_memory, PLACE_ROUNDED },
	};
	struct nt_map m;
	HANDLE section;
	SIZE_T limit;
	DWORD offset;
	void *view;
	size_t i;

	/* Three offsets in each of both. */
	for (i = 0; i < 3 * ARRAY_SIZE(sections); i++) {
		section = sections[i / 3].section;
		offset = i % 3 * GRAIN;
		limit = sections[i / 3].limit - offset;
		m = (struct nt_map){ .offset = offset, .size = limit + 1 };
		EXPECT_EQ(STATUS_INVALID_VIEW_SIZE,
			  nt_map(section, PAGE_READWRITE, &m));
		EXPECT_ERROR(ERROR_ACCESS_DENIED,
			     MapViewOfFile(section, FILE_MAP_READ, 0, offset,
					   limit + 1));
		view = MapViewOfFile(section, FILE_MAP_READ, 0, offset, limit);
		EXPECT_NE(NULL, view);
		EXPECT_TRUE(UnmapViewOfFile(view));
	}
}

/*
 * V8 was asserted of callers in the kernel, whose offset need not be aligned;
 * that of this section's end is.
 */
TEST(V8_from_the_end_on)
{
	HANDLE section = nt_section(PAGE_READWRITE, GRAIN, NULL);
	struct nt_map m = { .offset = GRAIN, .size = 1 };

	ASSERT_NE(NULL, section);
	EXPECT_EQ(STATUS_INVALID_VIEW_SIZE,
		  nt_map(section, PAGE_READWRITE, &m));
	CloseHandle(section);
}

TEST_F(place, V9_alignment_before_range)
{
	struct nt_map m = { .offset = -1 };

	EXPECT_EQ(STATUS_MAPPED_ALIGNMENT,
		  nt_map(self->of_file, PAGE_READWRITE, &m));
	m = (struct nt_map){ .offset = -1, .size = 0x1000 };
	EXPECT_EQ(STATUS_MAPPED_ALIGNMENT,
		  nt_map(self->of_memory, PAGE_READWRITE, &m));
}

TEST_F(place, V10_size_of_all_bits)
{
	struct nt_map m = { .size = SIZE_MAX };

	EXPECT_EQ(STATUS_INVALID_PARAMETER_3,
		  nt_map(self->of_memory, PAGE_READWRITE, &m));
	m = (struct nt_map){ .size = SIZE_MAX };
	EXPECT_EQ(STATUS_INVALID_PARAMETER_3,
		  nt_map(self->of_file, PAGE_READWRITE, &m));
}

TEST_F(place, V11_base_of_the_kernel)
{
	struct nt_map m = { .base = (PVOID)0xffff800000000000 };

	EXPECT_EQ(STATUS_INVALID_PARAMETER_3,
		  nt_map(self->of_memory, PAGE_READWRITE, &m));
	m = (struct nt_map){ .base = (PVOID)0xffff800000000000 };
	EXPECT_EQ(STATUS_INVALID_PARAMETER_3,
		  nt_map(self->of_file, PAGE_READWRITE, &m));
}

TEST_F(place, V12_V13_taken_addresses)
{
	char *base = free_grains(8);
	char *reserved, *view, *other;
	struct nt_map m;

	ASSERT_NE(NULL, base);
	/* Only the last 64 KiB of what the view would need are taken. */
	reserved = VirtualAlloc(base + 2 * GRAIN, GRAIN, MEM_RESERVE,
				PAGE_READWRITE);
	ASSERT_EQ(base + 2 * GRAIN, reserved);
	m = (struct nt_map){ .base = base };
	EXPECT_EQ(STATUS_CONFLICTING_ADDRESSES,
		  nt_map(self->of_file, PAGE_READWRITE, &m));
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     MapViewOfFileEx(self->of_file, FILE_MAP_READ, 0, 0, 0,
				     base));
	EXPECT_EQ(MEM_FREE, state_at(base));
	EXPECT_EQ(MEM_RESERVE, state_at(reserved));
	/* What does not touch it goes. */
	view = MapViewOfFileEx(self->of_file, FILE_MAP_READ, 0, 0, 2 * GRAIN,
			       base);
	EXPECT_EQ(base, view);

	/* Over a view, whatever part of it. */
	for (other = base; other <= base + GRAIN; other += GRAIN) {
		m = (struct nt_map){ .base = other, .size = 0x1000 };
		EXPECT_EQ(STATUS_CONFLICTING_ADDRESSES,
			  nt_map(self->of_memory, PAGE_READWRITE, &m));
		EXPECT_ERROR(ERROR_INVALID_ADDRESS,
			     MapViewOfFileEx(self->of_memory, FILE_MAP_READ, 0,
					     0, 0x1000, other));
	}
	EXPECT_EQ(file_pattern(0), peek(view));
	EXPECT_EQ(file_pattern(GRAIN), peek(view + GRAIN));
	EXPECT_TRUE(UnmapViewOfFile(view));
	EXPECT_TRUE(VirtualFree(reserved, 0, MEM_RELEASE));

	/* Committed memory of its own. */
	reserved = VirtualAlloc(base, GRAIN, MEM_RESERVE | MEM_COMMIT,
				PAGE_READWRITE);
	ASSERT_EQ(base, reserved);
	EXPECT_EQ(0, poke(reserved, 9));
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     MapViewOfFileEx(self->of_file, FILE_MAP_READ, 0, 0, 0,
				     base));
	EXPECT_EQ(9, peek(reserved));
	EXPECT_TRUE(VirtualFree(reserved, 0, MEM_RELEASE));
}

/* What the program has mapped without the library is no less taken. */
TEST_F(place, V12_taken_by_others)
{
	char *base = free_grains(4);
	char *foreign;
	struct nt_map m;

	ASSERT_NE(NULL, base);
	foreign = mmap(base + GRAIN, PAGE_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		       0);
	ASSERT_EQ(base + GRAIN, foreign);
	foreign[0] = 88;
	m = (struct nt_map){ .base = base };
	EXPECT_EQ(STATUS_CONFLICTING_ADDRESSES,
		  nt_map(self->of_file, PAGE_READWRITE, &m));
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     MapViewOfFileEx(self->of_memory, FILE_MAP_READ, 0, 0, 0,
				     base));
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     VirtualAlloc(base, 2 * GRAIN, MEM_RESERVE,
				  PAGE_READWRITE));
	EXPECT_EQ(88, peek(foreign));
	EXPECT_EQ(MEM_FREE, state_at(base));
	EXPECT_EQ(0, munmap(foreign, PAGE_BYTES));
}

TEST_F(place, V14_two_views)
{
	const HANDLE sections[] = { self->of_file, self->of_memory };
	unsigned char *a, *b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sections); i++) {
		a = view_of(sections[i], FILE_MAP_WRITE);
		b = view_of(sections[i], FILE_MAP_WRITE);
		ASSERT_NE(NULL, a);
		ASSERT_NE(NULL, b);
		EXPECT_NE(a, b);
		EXPECT_EQ(0, poke(a + 0x12345, 99));
		EXPECT_EQ(99, peek(b + 0x12345));
		EXPECT_EQ(0, poke(b + 1, 98));
		EXPECT_EQ(98, peek(a + 1));
		EXPECT_TRUE(UnmapViewOfFile(a));
		EXPECT_EQ(98, peek(b + 1));
		EXPECT_TRUE(UnmapViewOfFile(b));
	}
}

/*
 * As 64-bit Windows; where versions differ, that of most.  Linux keeps nothing
 * for the lowest pages, but views begin at 64 KiB at the lowest.
 */
TEST_F(place, V15_zero_bits)
{
	char *base = free_grains(4);
	ULONG_PTR bits;
	struct nt_map m;

	for (bits = 22; bits < 32; bits++) {
		m = (struct nt_map){ .zero_bits = bits };
		EXPECT_EQ(STATUS_INVALID_PARAMETER_4,
			  nt_map(self->of_memory, PAGE_READWRITE, &m)) {
			TH_LOG("%u zero bits", (unsigned int)bits);
		}
	}
	for (bits = 20; bits < 22; bits++) {
		m = (struct nt_map){ .zero_bits = bits };
		EXPECT_EQ(STATUS_NO_MEMORY,
			  nt_map(self->of_memory, PAGE_READWRITE, &m)) {
			TH_LOG("%u zero bits", (unsigned int)bits);
		}
	}
	/* Of 32 bits, these and all above are zero. */
	for (bits = 1; bits <= 8; bits++) {
		m = (struct nt_map){ .zero_bits = bits };
		EXPECT_EQ(STATUS_SUCCESS,
			  nt_map(self->of_memory, PAGE_READWRITE, &m)) {
			TH_LOG("%u zero bits", (unsigned int)bits);
			continue;
		}
		EXPECT_EQ(0, ((uintptr_t)m.base + m.size - 1) >> (32 - bits));
		EXPECT_TRUE(UnmapViewOfFile(m.base));
	}
	/* A mask. */
	m = (struct nt_map){ .zero_bits = 0x3fffffff };
	ASSERT_EQ(STATUS_SUCCESS,
		  nt_map(self->of_memory, PAGE_READWRITE, &m));
	EXPECT_EQ(0, (uintptr_t)m.base & ~(uintptr_t)0x3fffffff);
	EXPECT_TRUE(UnmapViewOfFile(m.base));
	/* A base that has the bits. */
	ASSERT_LT(1ULL << 32, (uintptr_t)base);
	m = (struct nt_map){ .base = base, .zero_bits = 1 };
	EXPECT_EQ(STATUS_INVALID_PARAMETER_4,
		  nt_map(self->of_memory, PAGE_READWRITE, &m));
}

TEST_F(place, V16_commit_more_than_the_view)
{
	static const SIZE_T commits[] = { SIZE_MAX, 0x10000000 };
	HANDLE file, section;
	struct nt_map m;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commits); i++) {
		m = (struct nt_map){ .commit = commits[i] };
		EXPECT_EQ(STATUS_INVALID_PARAMETER_5,
			  nt_map(self->of_memory, PAGE_READWRITE, &m));
		m = (struct nt_map){ .commit = commits[i] };
		EXPECT_EQ(STATUS_INVALID_PARAMETER_5,
			  nt_map(self->of_file, PAGE_READWRITE, &m));
	}
	file = file_of(36, GENERIC_READ | GENERIC_WRITE);
	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	section = nt_section(PAGE_READWRITE, 0, file);
	ASSERT_NE(NULL, section);
	m = (struct nt_map){ .commit = 500 };
	EXPECT_EQ(STATUS_INVALID_PARAMETER_5,
		  nt_map(section, PAGE_READWRITE, &m));
	m = (struct nt_map){ .commit = 500, .type = MEM_RESERVE };
	EXPECT_EQ(STATUS_SUCCESS, nt_map(section, PAGE_READWRITE, &m));
	EXPECT_TRUE(UnmapViewOfFile(m.base));
	CloseHandle(section);
	CloseHandle(file);
}

TEST_F(place, V17_V19_allocation_types)
{
	/* V19: only pure 32-bit Windows rounds to pages. */
	static const ULONG types[] = {
		MEM_COMMIT, MEM_COMMIT | MEM_RESERVE, AT_ROUND_TO_PAGE,
	};
	struct nt_map m;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		m = (struct nt_map){ .type = types[i] };
		EXPECT_EQ(STATUS_INVALID_PARAMETER_9,
			  nt_map(self->of_memory, PAGE_READWRITE, &m));
		m = (struct nt_map){ .type = types[i] };
		EXPECT_EQ(STATUS_INVALID_PARAMETER_9,
			  nt_map(self->of_file, PAGE_READWRITE, &m));
	}
}

TEST_F(place, V18_reserving_views)
{
	HANDLE section = nt_section(PAGE_READONLY, 0, self->file);
	struct nt_map m;

	ASSERT_NE(NULL, section);
	m = (struct nt_map){ .type = MEM_RESERVE };
	EXPECT_EQ(STATUS_INVALID_PARAMETER_9,
		  nt_map(self->of_memory, PAGE_READWRITE, &m));
	m = (struct nt_map){ .type = MEM_RESERVE };
	EXPECT_EQ(STATUS_SECTION_PROTECTION,
		  nt_map(section, PAGE_READONLY, &m));
	/* Larger than the section; what is behind its end comes with X6. */
	m = (struct nt_map){ .type = MEM_RESERVE, .size = 0x100000 };
	ASSERT_EQ(STATUS_SUCCESS, nt_map(self->of_file, PAGE_READWRITE, &m));
	EXPECT_EQ(0x100000, m.size);
	EXPECT_EQ(file_pattern(PLACE_BYTES - 1),
		  peek((char *)m.base + PLACE_BYTES - 1));
	EXPECT_TRUE(UnmapViewOfFile(m.base));
	CloseHandle(section);
}

TEST_F(place, V26_behind_the_end_of_the_file)
{
	unsigned char *view = view_of(self->of_file, FILE_MAP_WRITE);

	ASSERT_NE(NULL, view);
	EXPECT_TRUE(sec_all_bytes(view + PLACE_BYTES, 0,
				  PLACE_ROUNDED - PLACE_BYTES));
	/* The rest of the row is from documentation only. */
	EXPECT_EQ(0, poke(view + PLACE_BYTES, 0xee));
	EXPECT_TRUE(FlushViewOfFile(view, 0));
	EXPECT_TRUE(UnmapViewOfFile(view));
	EXPECT_EQ(PLACE_BYTES, size_of_file(self->file));
	EXPECT_EQ(-1, byte_in_file(self->file, PLACE_BYTES));
	EXPECT_EQ(file_pattern(PLACE_BYTES - 1),
		  byte_in_file(self->file, PLACE_BYTES - 1));
}

TEST_F(place, V27_memory_is_zero)
{
	unsigned char *view = view_of(self->of_memory, FILE_MAP_READ);

	ASSERT_NE(NULL, view);
	EXPECT_TRUE(sec_all_bytes(view, 0, PLACE_ROUNDED));
	EXPECT_TRUE(UnmapViewOfFile(view));
}

/* From documentation only. */
TEST_F(place, V28_sections_of_one_file)
{
	HANDLE other = over_file(self->file, PAGE_READONLY, 0);
	unsigned char *a, *b;

	ASSERT_NE(NULL, other);
	a = view_of(self->of_file, FILE_MAP_WRITE);
	b = view_of(other, FILE_MAP_READ);
	ASSERT_NE(NULL, a);
	ASSERT_NE(NULL, b);
	EXPECT_EQ(0, poke(a + 0x11111, 251));
	EXPECT_EQ(251, peek(b + 0x11111));
	EXPECT_TRUE(UnmapViewOfFile(a));
	EXPECT_TRUE(UnmapViewOfFile(b));
	CloseHandle(other);
}

TEST_F(place, V29_views_and_files)
{
	unsigned char *view = view_of(self->of_file, FILE_MAP_WRITE);

	ASSERT_NE(NULL, view);
	EXPECT_EQ(0, poke(view + 0x10010, 252));
	EXPECT_EQ(252, byte_in_file(self->file, 0x10010));
	EXPECT_TRUE(byte_to_file(self->file, 0x10011, 253));
	EXPECT_EQ(253, peek(view + 0x10011));
	EXPECT_TRUE(UnmapViewOfFile(view));
}

TEST(V30_handles_are_not_needed_any_more)
{
	HANDLE file = file_of(0x1000, GENERIC_READ | GENERIC_WRITE);
	HANDLE section;
	unsigned char *view;

	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	section = over_file(file, PAGE_READWRITE, 0);
	ASSERT_NE(NULL, section);
	CloseHandle(file);
	view = view_of(section, FILE_MAP_WRITE);
	ASSERT_NE(NULL, view);
	EXPECT_EQ(file_pattern(3), peek(view + 3));
	CloseHandle(section);
	EXPECT_EQ(0, poke(view + 3, 254));
	EXPECT_EQ(254, peek(view + 3));
	EXPECT_EQ(MEM_COMMIT, state_at(view));
	EXPECT_TRUE(UnmapViewOfFile(view));
}

TEST_HARNESS_MAIN
