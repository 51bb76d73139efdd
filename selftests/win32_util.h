/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the Win32 library's rows share.
 *
 * The row of Windows' behaviour that a test is about is in the name of the test,
 * or of its variant: see win32_rows.txt and win32_rows.sh.  Rows that nobody
 * was seen to assert on Windows have a comment that says so.
 */
#ifndef SECTION_WIN32_UTIL_H
#define SECTION_WIN32_UTIL_H

#include <section/win32.h>

#include "section_view_util.h"
#include "kselftest_harness.h"

#define PAGE_BYTES	0x1000U
#define GRAIN		0x10000U

/* No function sets it, so that an error that was set shows. */
#define OLD_ERROR	0xdeadbeefU
#define NO_HANDLE	((HANDLE)(uintptr_t)0xdeadbee0U)

/* The call fails (FALSE, NULL, 0), with this last error. */
#define EXPECT_ERROR(error, call) do { \
	SetLastError(OLD_ERROR); \
	EXPECT_TRUE(!(call)); \
	EXPECT_EQ(error, GetLastError()); \
} while (0)

/* The rule of the tables: what a protection lets a program do. */

#define MAY_READ	1
#define MAY_WRITE	2
#define MAY_EXECUTE	4

static const DWORD protections[] = {
	PAGE_NOACCESS, PAGE_READONLY, PAGE_WRITECOPY, PAGE_READWRITE,
	PAGE_EXECUTE, PAGE_EXECUTE_READ, PAGE_EXECUTE_WRITECOPY,
	PAGE_EXECUTE_READWRITE,
};

/* Those that sections are created with; the last one natively only (P1, P3). */
static const DWORD section_protections[] = {
	PAGE_READONLY, PAGE_WRITECOPY, PAGE_READWRITE, PAGE_EXECUTE_READ,
	PAGE_EXECUTE_WRITECOPY, PAGE_EXECUTE_READWRITE, PAGE_EXECUTE,
};

#define WIN32_SECTIONS	6
#define NATIVE_SECTIONS	7
#define PROTECTIONS	8

/*
 * What copy-on-write pages are written to is not the section: PAGE_WRITECOPY
 * counts as reading.
 */
static inline int may(DWORD protect)
{
	switch (protect) {
	case PAGE_READONLY:
	case PAGE_WRITECOPY:
		return MAY_READ;
	case PAGE_READWRITE:
		return MAY_READ | MAY_WRITE;
	case PAGE_EXECUTE:
		return MAY_EXECUTE;
	case PAGE_EXECUTE_READ:
	case PAGE_EXECUTE_WRITECOPY:
		return MAY_READ | MAY_EXECUTE;
	case PAGE_EXECUTE_READWRITE:
		return MAY_READ | MAY_WRITE | MAY_EXECUTE;
	default:
		return 0;
	}
}

/*
 * T1's own rule, in which PAGE_EXECUTE stands for reading as well; whether a
 * section can be mapped in a way is asked of may().
 */
static inline int page_may(DWORD protect)
{
	return protect == PAGE_EXECUTE ? MAY_READ | MAY_EXECUTE : may(protect);
}

static inline bool covers(int have, int need)
{
	return (have & need) == need;
}

static inline bool single_bit(DWORD value)
{
	return value && !(value & (value - 1));
}

/*
 * The SECTION_MAP_* that the handle needs for a view, rows M4 to M7. A view
 * that is written to needs no right to read.
 */
static inline DWORD rights_needed(DWORD view)
{
	const int need = may(view);
	DWORD rights = SECTION_MAP_READ;

	if (need & MAY_WRITE)
		rights = SECTION_MAP_WRITE;
	if (need & MAY_EXECUTE)
		rights |= SECTION_MAP_EXECUTE;
	return rights;
}

/* The access to a file that the section needs (P10 to P13). */
static inline DWORD file_access(DWORD protect)
{
	const int need = may(protect);

	return GENERIC_READ | (need & MAY_WRITE ? GENERIC_WRITE : 0) |
	       (need & MAY_EXECUTE ? GENERIC_EXECUTE : 0);
}

#define ALL_FILE_ACCESS	(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE)

/* What others write may change between two looks. */
static inline DWORD dword_at(const void *address)
{
	return __atomic_load_n((const DWORD *)address, __ATOMIC_SEQ_CST);
}

/* Sections. */

static inline HANDLE memory(DWORD protect, ULONGLONG size)
{
	return CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, protect,
				  (DWORD)(size >> 32), (DWORD)size, NULL);
}

static inline HANDLE over_file(HANDLE file, DWORD protect, ULONGLONG size)
{
	return CreateFileMappingA(file, NULL, protect, (DWORD)(size >> 32),
				  (DWORD)size, NULL);
}

/* A size of 0 is passed as a number, not as no number. */
static inline NTSTATUS nt_create(PHANDLE section, ACCESS_MASK access,
				 ULONGLONG size, ULONG protect, ULONG flags,
				 HANDLE file)
{
	LARGE_INTEGER bytes = { .QuadPart = (LONGLONG)size };

	*section = NO_HANDLE;
	return NtCreateSection(section, access, NULL, &bytes, protect, flags,
			       file);
}

/* A section with a handle that may do everything. */
static inline HANDLE nt_section(ULONG protect, ULONGLONG size, HANDLE file)
{
	HANDLE section;

	if (nt_create(&section, SECTION_ALL_ACCESS, size, protect, SEC_COMMIT,
		      file))
		return NULL;
	return section;
}

static inline NTSTATUS query_section(HANDLE section,
				     SECTION_BASIC_INFORMATION *basic)
{
	memset(basic, SEC_POISON, sizeof(*basic));
	return NtQuerySection(section, SectionBasicInformation, basic,
			      sizeof(*basic), NULL);
}

/* Its size, or -1. */
static inline LONGLONG section_size(HANDLE section)
{
	SECTION_BASIC_INFORMATION basic;

	return query_section(section, &basic) ? -1 : basic.Size.QuadPart;
}

/* Its SEC_* flags, or all bits. */
static inline ULONG section_flags(HANDLE section)
{
	SECTION_BASIC_INFORMATION basic;

	return query_section(section, &basic) ? UINT32_MAX : basic.Attributes;
}

/* Views. */

/* All arguments; {} means all of the section, for nothing. */
struct nt_map {
	PVOID base;
	ULONG_PTR zero_bits;
	SIZE_T commit;
	LONGLONG offset;
	SIZE_T size;
	ULONG type;
};

static inline NTSTATUS nt_map(HANDLE section, ULONG protect, struct nt_map *m)
{
	LARGE_INTEGER offset = { .QuadPart = m->offset };

	return NtMapViewOfSection(section, NtCurrentProcess(), &m->base,
				  m->zero_bits, m->commit, &offset, &m->size,
				  ViewShare, m->type, protect);
}

/* All of it. */
static inline NTSTATUS nt_view(HANDLE section, ULONG protect, void *view)
{
	struct nt_map m = { 0 };
	NTSTATUS status = nt_map(section, protect, &m);

	memcpy(view, &m.base, sizeof(m.base));
	return status;
}

static inline void *view_of(HANDLE section, DWORD access)
{
	return MapViewOfFile(section, access, 0, 0, 0);
}

/* Which of MAY_* a handle may map for, found out by mapping. */
static inline int rights_of(HANDLE section)
{
	int rights = 0;
	void *view;

	if (!nt_view(section, PAGE_READONLY, &view)) {
		rights |= MAY_READ;
		UnmapViewOfFile(view);
	}
	if (!nt_view(section, PAGE_READWRITE, &view)) {
		rights |= MAY_WRITE;
		UnmapViewOfFile(view);
	}
	/* One that needs another right beside MAP_EXECUTE. */
	if (!nt_view(section, PAGE_EXECUTE_READ, &view) ||
	    !nt_view(section, PAGE_EXECUTE_READWRITE, &view)) {
		rights |= MAY_EXECUTE;
		UnmapViewOfFile(view);
	}
	return rights;
}

/* What VirtualQuery() says; all 0xa5 if it says nothing. */
static inline MEMORY_BASIC_INFORMATION query(const void *address)
{
	MEMORY_BASIC_INFORMATION info;

	memset(&info, SEC_POISON, sizeof(info));
	if (VirtualQuery(address, &info, sizeof(info)) != sizeof(info))
		memset(&info, SEC_POISON, sizeof(info));
	return info;
}

static inline DWORD protection_at(const void *address)
{
	return query(address).Protect;
}

static inline DWORD state_at(const void *address)
{
	return query(address).State;
}

static inline bool free_at(const void *address)
{
	return state_at(address) == MEM_FREE;
}

/* The old protection is of no interest. */
static inline BOOL protect(void *address, SIZE_T size, DWORD new)
{
	DWORD old;

	return VirtualProtect(address, size, new, &old);
}

/* A free range of whole 64 KiB, which nothing is in. */
static inline char *free_grains(size_t count)
{
	char *base = VirtualAlloc(NULL, count * GRAIN, MEM_RESERVE,
				  PAGE_NOACCESS);

	if (base)
		VirtualFree(base, 0, MEM_RELEASE);
	return base;
}

/* Files without a name, which nobody needs to remove. */

static inline unsigned char file_pattern(size_t at)
{
	return 1 + at % 250;
}

/* A descriptor of a file with the pattern in it, or -1. */
static inline int pattern_file(size_t size)
{
	int fd = unnamed_file("/tmp");
	size_t at, part;
	unsigned char page[PAGE_BYTES];

	for (at = 0; fd >= 0 && at < size; at += part) {
		part = size - at < sizeof(page) ? size - at : sizeof(page);
		for (size_t i = 0; i < part; i++)
			page[i] = file_pattern(at + i);
		if (pwrite(fd, page, part, (off_t)at) != (ssize_t)part) {
			close(fd);
			fd = -1;
		}
	}
	return fd;
}

/* A handle of what the descriptor is of. */
static inline HANDLE open_again(int fd, DWORD access)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return CreateFileA(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE |
			   FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
			   FILE_ATTRIBUTE_NORMAL, NULL);
}

/* In place of the descriptor, if there is one. */
static inline HANDLE handle_for(int fd, DWORD access)
{
	HANDLE file;

	if (fd < 0)
		return INVALID_HANDLE_VALUE;
	file = open_again(fd, access);
	close(fd);
	return file;
}

static inline HANDLE file_of(size_t size, DWORD access)
{
	return handle_for(pattern_file(size), access);
}

static inline LONGLONG size_of_file(HANDLE file)
{
	LARGE_INTEGER size;

	return GetFileSizeEx(file, &size) ? size.QuadPart : -1;
}

/* The byte at offset as ReadFile() sees it, or -1. */
static inline int byte_in_file(HANDLE file, DWORD offset)
{
	OVERLAPPED place = { .Offset = offset };
	unsigned char byte;
	DWORD done;

	if (!ReadFile(file, &byte, 1, &done, &place) || done != 1)
		return -1;
	return byte;
}

static inline BOOL byte_to_file(HANDLE file, DWORD offset, unsigned char byte)
{
	OVERLAPPED place = { .Offset = offset };
	DWORD done;

	return WriteFile(file, &byte, 1, &done, &place) && done == 1;
}

/* Names. */

/* An ASCII name in both sorts of string, and counted. */
struct wide {
	WCHAR s[128];
	UNICODE_STRING counted;
};

static inline void widen(struct wide *wide, const char *prefix,
			 const char *name)
{
	size_t n = 0;

	while (*prefix)
		wide->s[n++] = (unsigned char)*prefix++;
	while (*name)
		wide->s[n++] = (unsigned char)*name++;
	wide->s[n] = 0;
	RtlInitUnicodeString(&wide->counted, wide->s);
}

static inline OBJECT_ATTRIBUTES attributes(struct wide *name, ULONG flags)
{
	OBJECT_ATTRIBUTES oa;

	InitializeObjectAttributes(&oa, name ? &name->counted : NULL, flags,
				   NULL, NULL);
	return oa;
}

#endif /* SECTION_WIN32_UTIL_H */
