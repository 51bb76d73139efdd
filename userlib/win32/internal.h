/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * What the files of libsection-win32 share.
 *
 * The Win32 functions stand on the native ones, and those on libsection.  Two
 * tables hold what Linux does not know: what each handle is (handle.c), and
 * what was asked for each page (allocation.c).
 */
#ifndef SECTION_WIN32_INTERNAL_H
#define SECTION_WIN32_INTERNAL_H

#include "../src/lock.h"

#include <section.h>
#include <section/win32.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The addresses and sizes of Windows on x86-64. */
#define PAGE			((uintptr_t)0x1000)
#define GRANULE			((uintptr_t)0x10000)
#define LOWEST_ADDRESS		((uintptr_t)0x10000)
#define HIGHEST_ADDRESS		((uintptr_t)0x7fffffff0000)

static inline uintptr_t round_down(uintptr_t value, uintptr_t unit)
{
	return value & ~(unit - 1);
}

static inline uintptr_t round_up(uintptr_t value, uintptr_t unit)
{
	return (value + unit - 1) & ~(unit - 1);
}

/* error.c */

/* The status that says what an errno says; @otherwise for those without one. */
NTSTATUS status_from_errno(int error, NTSTATUS otherwise);

/* Sets the last error if @status is a failure.  Returns whether it is none. */
bool win32_success(NTSTATUS status);

/* pointer.c: pointers of the caller */

/* Can it not be one, NULL and wild ones for instance? */
bool pointer_bad(const void *pointer);

/* Can all of it be read? */
bool memory_readable(const void *pointer, size_t length);

/* string.c: UTF-16 and UTF-8 */

/* One character; a lone half is returned as it is.  Advances @at. */
uint32_t utf16_next(const WCHAR **at, const WCHAR *end);

/* Appends one character; returns how many bytes it has. */
size_t utf8_put(char *to, uint32_t character);

/* One character of valid UTF-8.  Advances @at. */
uint32_t utf8_next(const char **at);

size_t utf16_length(const WCHAR *text);

/* Copies, to be freed.  NULL for NULL; otherwise NULL with errno. */
char *utf8_from_utf16(const WCHAR *text);
WCHAR *utf16_from_utf8(const char *text);

/* name.c: names of objects */

struct object_name {
	bool named;
	bool global;
	bool inherit;
	bool open_existing;
	char name[SECTION_NAME_SIZE];
};

#define DIRECTORY_LOCAL		((HANDLE)(LONG_PTR)-0x100)
#define DIRECTORY_GLOBAL	((HANDLE)(LONG_PTR)-0x200)

/* What OBJECT_ATTRIBUTES ask for.  @opening: there must be a name. */
NTSTATUS object_name_parse(const OBJECT_ATTRIBUTES *attributes, bool opening,
			   struct object_name *name);

/* handle.c: what handles are */

enum object_type {
	OBJECT_NONE,
	OBJECT_FILE,
	OBJECT_SECTION,
	OBJECT_PROCESS,
};

/* FILE_FLAG_DELETE_ON_CLOSE: what is deleted, with the last of @handles. */
struct doomed_file {
	pid_t owner;
	unsigned int handles;
	char path[];
};

/* @access is what the handle may do, in the numbers of its type. */
struct object {
	enum object_type type;
	uint32_t access;
	pid_t pid;
	bool killed;
	uint32_t exit_code;
	struct doomed_file *doomed;
};

/* A handle of @fd, which it owns.  On failure @fd is closed. */
NTSTATUS handle_create(int fd, const struct object *object, HANDLE *handle);

/* What a handle is: 0, or the failure for one that is not of this type. */
NTSTATUS handle_get(HANDLE handle, enum object_type type, int *fd,
		    struct object *object);

/* Of any type. */
NTSTATUS handle_get_any(HANDLE handle, int *fd, struct object *object);

/* Remembers how a process was killed. */
void handles_set_killed(pid_t pid, uint32_t exit_code);

NTSTATUS handle_close(HANDLE handle);

/* What is deleted on close waits for a duplicate too. */
void handle_share(int from, HANDLE to);

/*
 * For a child between fork(2) and execve(2): closes what it shall not inherit.
 */
void handles_close_inheritable(void);

/*
 * For the environment of a child: "fd:access,...", to be freed, or NULL.  What
 * the child gets as its first three is in @standard, or -1.
 */
char *handles_describe(bool inherit, const int *standard);

void handles_lock(void);
void handles_unlock(void);

#define HANDLES_VARIABLE	"SECTION_WIN32_HANDLES"

/* facts.c: what a section is */

struct section_facts {
	uint64_t id;
	uint64_t bytes;
	uint64_t base;
	uint32_t prot;
	uint32_t rights;
	uint32_t attributes;
	uint32_t page_protect;	/* PAGE_* of creation */
	uint32_t cache;		/* PAGE_NOCACHE, PAGE_WRITECOMBINE */
};

/* 0, or -1 if @fd is no section. */
int section_facts(int fd, struct section_facts *facts);

void facts_lock(void);
void facts_unlock(void);

/* What the kernel does not keep, for facts of this process. */
void section_remember(uint64_t id, uint32_t page_protect, uint32_t cache);

/* rights.c: access masks and the kernel's rights */

uint32_t section_access(ACCESS_MASK desired);
uint32_t section_rights_of_prot(uint32_t prot);
uint32_t section_kernel_rights(uint32_t access);
/* For a duplicate of @fd. */
uint32_t section_kernel_rights_of(int fd, uint32_t access);

/* protection.c: PAGE_* */

/* One of the eight, with PAGE_GUARD and the like where that makes sense. */
bool protect_valid(uint32_t protect);
bool protect_copies(uint32_t protect);
bool protect_writes(uint32_t protect);
int protect_prot(uint32_t protect);
uint32_t protect_from_prot(int prot);
uint32_t protect_needs(uint32_t protect);
bool protect_fits_section(uint32_t section, uint32_t view);
bool protect_fits_view(uint32_t view, uint32_t protect);
/* What a page that was written to has become. */
uint32_t protect_after_copy(uint32_t protect);

#define PROTECT_BASE	0xffU
#define PROTECT_PAGE	(PROTECT_BASE | PAGE_GUARD)
#define PROTECT_CACHE	(PAGE_NOCACHE | PAGE_WRITECOMBINE)

/* anchor.c: descriptors that keep the memory of views */

struct anchor;

struct anchor *anchor_get(int section, const struct section_facts *facts);
void anchor_put(struct anchor *anchor);
int anchor_fd(const struct anchor *anchor);

/* allocation.c: what this process has allocated and mapped */

#define RUN_COPIES	0x10000U	/* mapped MAP_PRIVATE */
#define RUN_ODD		0x20000U	/* every second segment of an image */
#define RUN_BITS	(RUN_COPIES | RUN_ODD)

/* Pages from @start to the next run that are alike; 0 is reserved memory. */
struct run {
	uintptr_t start;
	uint32_t value;
};

struct allocation {
	uintptr_t base;
	size_t size;
	uint32_t type;		/* MEM_PRIVATE, MEM_MAPPED or MEM_IMAGE */
	uint32_t protect;	/* AllocationProtect, without cache bits */
	struct run *runs;
	size_t run_count;
	size_t run_room;

	/* Views */
	struct anchor *anchor;
	uint64_t offset;
	uint64_t section;
	uint32_t cache;
	bool file;
	bool sparse;		/* some pages may not be committed */
	bool no_inherit;
};

void memory_lock(void);
void memory_unlock(void);

/* All of these with the lock held. */

bool allocations_exist(void);
/* Forgets the views that the kernel has not given to a child. */
void allocations_in_child(void);
struct allocation *allocation_find(uintptr_t address);
bool allocation_overlaps(uintptr_t start, uintptr_t end);
struct allocation *allocation_new(uintptr_t base, size_t size, uint32_t type,
				  uint32_t protect, uint32_t value);
void allocation_remove(struct allocation *allocation);
/*
 * Takes [start, end) out; what is behind it becomes an allocation of its own, for
 * which *@tail is prepared: to be given to the other, or to allocation_free().
 */
bool allocation_prepare_cut(struct allocation *allocation, uintptr_t start,
			    uintptr_t end, struct allocation **tail);
void allocation_cut(struct allocation *allocation, uintptr_t start,
		    uintptr_t end, struct allocation *tail);
struct allocation *allocation_next(const struct allocation *after);
void allocation_free(struct allocation *allocation);

static inline bool allocation_is_view(const struct allocation *allocation)
{
	return allocation->type != MEM_PRIVATE;
}

static inline uintptr_t allocation_end(const struct allocation *allocation)
{
	return allocation->base + allocation->size;
}

/* run.c */

/* The value at @address, and where it ends. */
uint32_t run_at(const struct allocation *a, uintptr_t address, uintptr_t *end);
/* Room for what run_set() may need. */
bool run_reserve(struct allocation *a);
void run_set(struct allocation *a, uintptr_t start, uintptr_t end,
	     uint32_t value);

/* kept.c: descriptors of the library's own */

enum kept {
	KEPT_DEVICE,	/* /dev/section; also keeps its numbers from coming again */
	KEPT_MAPS,	/* /proc/self/maps */
	KEPT_PAGEMAP,	/* /proc/self/pagemap */
	KEPT_COUNT,
};

/* Not to be closed; -1 with errno. */
int kept_fd(enum kept which);

/* Opens those that can be opened now. */
void kept_open(void);

void kept_lock(void);
void kept_unlock(void);

/* maps.c: what Linux has mapped */

struct mapping {
	uintptr_t start;
	uintptr_t end;
	int prot;
	bool shared;
	dev_t device;
	ino_t inode;		/* 0 for memory */
};

/*
 * The mapping that ends behind @address: the one that holds it, or the next one.
 * If there is none it begins, and ends, at the end of all addresses.  Fails if
 * nobody can tell.
 */
NTSTATUS mapping_find(uintptr_t address, struct mapping *mapping);

/* map.c: NtMapViewOfSection() here, of a descriptor that is no handle */

NTSTATUS map_descriptor(int fd, uint32_t access, PVOID *base,
			ULONG_PTR zero_bits, SIZE_T commit, LONGLONG offset,
			PSIZE_T size, SECTION_INHERIT inherit, ULONG type,
			ULONG protect);

/* map.c: mapping */

/* What it means that nothing was mapped, @fixed: at an address that was given. */
NTSTATUS map_status(int error, bool fixed);

/* image.c: executable images */

struct image_request {
	int fd;
	const struct section_facts *facts;
	uintptr_t base;		/* 0 for that of the image; where it is then */
	uintptr_t limit;
	uint64_t offset;
	size_t length;
	bool execute;
	bool no_inherit;
};

/* Why the kernel refuses to make a section of a file's image. */
NTSTATUS image_refusal(int file);
NTSTATUS image_describe(int section, SECTION_IMAGE_INFORMATION *info);

/* With the lock.  May succeed with another status than STATUS_SUCCESS. */
NTSTATUS image_map(struct image_request *r);

/* What a protection is for those pages of an image that processes do not share. */
uint32_t image_protect(uint32_t protect);

/* mapped_file.c: files of which this process has views */

struct stat;

/* STATUS_USER_MAPPED_FILE if what is behind @end is mapped. */
NTSTATUS file_mapped_beyond(const struct stat *file, uint64_t end);

/* place.c: where there is room */

#define PLACE_ANYWHERE	HIGHEST_ADDRESS

/* The end of the addresses that ZeroBits allows; 0 if it is nonsense. */
uintptr_t place_limit(ULONG_PTR zero_bits);

/* Whoever is told of a hole may find that it is gone; then there are others. */
#define PLACE_ATTEMPTS	16

/* A hole of this size on a 64 KiB boundary; 0 if there is none. */
uintptr_t place_find(size_t size, uintptr_t limit);

/* pages.c: which pages of a copy-on-write view were copied */

/* Where the pages from @start on stop to be like it; 0 if nobody can tell. */
uintptr_t pages_copied_alike(uintptr_t start, uintptr_t end, bool *copied);

/* view.c: changing pages of views, with the lock held */

/* Whether @address is committed, and how far what follows is like it. */
NTSTATUS view_committed(const struct allocation *a, uintptr_t address,
			bool *committed, uintptr_t *end);
NTSTATUS view_commit(struct allocation *a, uintptr_t start, uintptr_t end);
NTSTATUS view_protect(struct allocation *a, uintptr_t start, uintptr_t end,
		      uint32_t protect);

/* query.c, with the lock held */

struct region {
	uintptr_t end;
	uint32_t odd;
	uint32_t state;
	uint32_t protect;
};

/* What the page at @address is, and those behind it that are the same. */
NTSTATUS region_at(const struct allocation *a, uintptr_t address,
		   struct region *region);

/* process.c */

/* 0 for the calling process. */
NTSTATUS process_pid(HANDLE process, uint32_t access, pid_t *pid);

/* The last handle of this kind is going to be closed.  With the lock. */
void process_forget(int fd, pid_t pid);

void processes_lock(void);
void processes_unlock(void);
/* The parent's children are not the child's. */
void processes_in_child(void);

/* fork.c: has the tables copied whole by fork(2) */
void fork_watch(void);

/* command_line.c: to be freed, both the array and its first string; or NULL. */
char **command_line_split(const char *text);

/* remote.c: the native functions in another process */

/* Lets others use this process, if whoever started it says so. */
void remote_start(void);

NTSTATUS remote_map(pid_t pid, int section, uint32_t access, PVOID *base,
		    ULONG_PTR zero_bits, SIZE_T commit, LONGLONG offset,
		    PSIZE_T size, SECTION_INHERIT inherit, ULONG type,
		    ULONG protect);
NTSTATUS remote_unmap(pid_t pid, PVOID base);
NTSTATUS remote_allocate(pid_t pid, PVOID *base, ULONG_PTR zero_bits,
			 PSIZE_T size, ULONG type, ULONG protect);
NTSTATUS remote_free(pid_t pid, PVOID *base, PSIZE_T size, ULONG type);
NTSTATUS remote_protect(pid_t pid, PVOID *base, PSIZE_T size, ULONG protect,
			PULONG old);
NTSTATUS remote_query(pid_t pid, PVOID address, ULONG class, PVOID buffer,
		      SIZE_T length);
NTSTATUS remote_flush(pid_t pid, PVOID *base, PSIZE_T size);

/* Where the kernel does not copy: how many bytes, or -1 with errno. */
ssize_t remote_read(pid_t pid, uintptr_t address, void *buffer, size_t length);
ssize_t remote_write(pid_t pid, uintptr_t address, const void *buffer,
		     size_t length);

#define REMOTE_VARIABLE	"SECTION_WIN32_REMOTE"

#endif /* SECTION_WIN32_INTERNAL_H */
