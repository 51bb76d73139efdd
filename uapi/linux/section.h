/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * Section objects: memory with a name, a size, rights and a lifetime.
 */
#ifndef _UAPI_LINUX_SECTION_H
#define _UAPI_LINUX_SECTION_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: Overview
 *
 * ``/dev/section`` creates, opens and lists sections; each section is used
 * through file descriptors of its own, the *handles*.  Every ioctl takes a
 * pointer to a structure whose first member is its size as the caller knows
 * it.  A structure shorter than its first version is refused; a longer one is
 * accepted if all that this kernel does not know of it is zero.  Reserved
 * members must be zero.  The layout is the same for 32-bit and 64-bit callers.
 * A failed call changes nothing and writes nothing; only what a member points to
 * (room for a name, a list, segments) may have been written to in part.
 *
 * New descriptors are close-on-exec unless the call asks otherwise.
 */

/**
 * DOC: Errors
 *
 * One meaning for each number, whichever call returns it.  Errors of the file
 * behind a section that are not listed here (EIO, ESTALE, EROFS, ...) are
 * passed on as its file system gave them.
 *
 * E2BIG
 *	The structure is larger than this kernel knows and its tail is not
 *	zero, or it is larger than a page.
 * EACCES
 *	A right is missing: the section's mode does not grant it, the handle
 *	does not have it, the section's protection does not include it, or the
 *	file was not opened for it.
 * EAGAIN
 *	The caller locks its future mappings (mlockall(2)) and has locked as much
 *	as RLIMIT_MEMLOCK allows.
 * EBADF
 *	A descriptor is not open, or cannot be used at all (O_PATH).
 * EBUSY
 *	Somebody else is not done yet: the creator of a section of the same name
 *	takes too long.  (And fcntl(2) says so of a seal that forbids writing, as
 *	long as a writable section uses the memfd.)
 * EDQUOT
 *	A limit set by a module parameter is reached: sections, names, ranges of
 *	committed memory, or the size of an image.
 * EEXIST
 *	The name exists, or the address range is not free.
 * EFAULT
 *	A pointer does not point to accessible memory, or an address is not in
 *	a view of a section.
 * EFBIG
 *	The size is beyond what the file holds, and the file cannot be grown to
 *	it: the section is not writable, or the file system or the caller's
 *	file size limit forbids it; or it is more than the image has.
 * EINTR
 *	A signal arrived while waiting: for another creator of the same name, for
 *	memory, for another commit, for a file to grow.
 * EINVAL
 *	A value is wrong: an unknown flag, a reserved member that is not zero,
 *	a malformed name, a size of zero, an offset that is not a multiple of
 *	the page size.
 * EKEYREJECTED
 *	The named section belongs to another owner than the caller expects.
 * EMFILE, ENFILE
 *	No more descriptors for this process, or for the system.
 * ENAMETOOLONG
 *	The name is longer than SECTION_NAME_MAX bytes.
 * ENODATA
 *	The file is empty, and no size was given or it is to be an image.
 * ENODEV
 *	The file cannot back a section: it is not a regular file, or its file
 *	system does not map it from the page cache.
 * ENOEXEC
 *	The file is not an executable image, or is damaged; the section is not of
 *	an image.
 * ENOENT
 *	No section has this name in this scope.
 * ENOMEM
 *	Not enough memory, address space or commit.
 * ENOSPC
 *	The file system is full (growing a file).
 * ENOTTY
 *	Not an ioctl of this kind of descriptor.
 * ENXIO
 *	The range is not inside the section.
 * EOPNOTSUPP
 *	This kind of section, or this kernel, cannot do that: anonymous sections
 *	and images are not extended, only reserved sections are decommitted,
 *	there are no large pages, an image cannot be relocated.
 * EOVERFLOW
 *	A size or a range cannot be represented.
 * EPERM
 *	Policy forbids it: a noexec mount, a sealed memfd, a security module,
 *	creation in the global scope restricted by the administrator.
 * ETXTBSY
 *	The file is in use as a program or as swap space.
 */

/** SECTION_ABI_VERSION - what SECTION_IOC_VERSION returns for this header */
#define SECTION_ABI_VERSION	3

/** SECTION_NAME_MAX - longest name in bytes, without a terminator */
#define SECTION_NAME_MAX	1023

/**
 * DOC: Rights
 *
 * Rights are granted to a handle when it is made, never grow and cannot be
 * taken away.  The numbers are those of NT.
 *
 * SECTION_RIGHT_QUERY
 *	Ask for the section's properties.
 * SECTION_RIGHT_WRITE
 *	Map views that write to the section.
 * SECTION_RIGHT_READ
 *	Map views at all, shared or private.  mmap(2) needs it for every view.
 * SECTION_RIGHT_EXECUTE
 *	Map executable views.
 * SECTION_RIGHT_EXTEND
 *	Make the section larger, and map views that reach beyond its end.  By
 *	name, only the owner gets it (and CAP_IPC_OWNER): whoever has it may
 *	see all of the file.
 * SECTION_RIGHTS_MAXIMUM
 *	Instead of a set: every right that the caller may have.
 */
#define SECTION_RIGHT_QUERY	(1U << 0)
#define SECTION_RIGHT_WRITE	(1U << 1)
#define SECTION_RIGHT_READ	(1U << 2)
#define SECTION_RIGHT_EXECUTE	(1U << 3)
#define SECTION_RIGHT_EXTEND	(1U << 4)
#define SECTION_RIGHTS_ALL	(SECTION_RIGHT_QUERY | SECTION_RIGHT_WRITE | \
				 SECTION_RIGHT_READ | SECTION_RIGHT_EXECUTE | \
				 SECTION_RIGHT_EXTEND)
#define SECTION_RIGHTS_MAXIMUM	(1U << 31)

/**
 * DOC: Protection
 *
 * The most that any view of a section, through any handle, may be: read, and
 * optionally write and execute.  The numbers are those of PROT_READ,
 * PROT_WRITE and PROT_EXEC.  A private (copy-on-write) view may always be
 * written to, because the section does not change by it.
 */
#define SECTION_PROT_READ	(1U << 0)
#define SECTION_PROT_WRITE	(1U << 1)
#define SECTION_PROT_EXECUTE	(1U << 2)

/**
 * DOC: Attributes
 *
 * What a section is, as queries report it.
 *
 * SECTION_ATTR_FILE
 *	Backed by a file of the user; otherwise by anonymous memory.
 * SECTION_ATTR_GLOBAL
 *	Its name is in the global scope.
 * SECTION_ATTR_NAMED
 *	It was created with a name.
 * SECTION_ATTR_RESERVE
 *	Its memory exists where it was committed, SECTION_IOC_COMMIT.
 * SECTION_ATTR_BASED
 *	All of its views are at one address.
 * SECTION_ATTR_LARGE
 *	Its memory is large pages (of the size of a page middle directory: 2 MiB
 *	on x86-64) wherever they can be had.
 * SECTION_ATTR_LARGE_ALL
 *	All of its memory was got in large pages when it was created.
 * SECTION_ATTR_IMAGE
 *	It shows the executable image that is in the file.
 */
#define SECTION_ATTR_FILE	(1U << 0)
#define SECTION_ATTR_GLOBAL	(1U << 1)
#define SECTION_ATTR_NAMED	(1U << 2)
#define SECTION_ATTR_RESERVE	(1U << 3)
#define SECTION_ATTR_BASED	(1U << 4)
#define SECTION_ATTR_LARGE	(1U << 5)
#define SECTION_ATTR_LARGE_ALL	(1U << 6)
#define SECTION_ATTR_IMAGE	(1U << 7)

/** SECTION_ANY_OWNER - no particular owner is expected */
#define SECTION_ANY_OWNER	((__u32)-1)

/** SECTION_CALLER_GROUP - the section's group is the caller's */
#define SECTION_CALLER_GROUP	((__u32)-1)

enum {
	SECTION_CMD_BASE = 0x80,
	SECTION_CMD_VERSION = SECTION_CMD_BASE,
	SECTION_CMD_CREATE,
	SECTION_CMD_OPEN,
	SECTION_CMD_LIST,
	SECTION_CMD_QUERY_VIEW,
	SECTION_CMD_QUERY,
	SECTION_CMD_DUPLICATE,
	SECTION_CMD_MAP,
	SECTION_CMD_COMMIT,
	SECTION_CMD_EXTEND,
	SECTION_CMD_COMMIT_VIEW,
	SECTION_CMD_QUERY_IMAGE,
};

#define SECTION_IOC_MAGIC	0xBE

/**
 * SECTION_IOC_VERSION - ask for the version of this interface
 *
 * On /dev/section.  The argument must be 0.
 *
 * Return: SECTION_ABI_VERSION of the running module, a positive number.
 *
 * Errors:
 * * EINVAL: the argument is not 0.
 */
#define SECTION_IOC_VERSION	_IO(SECTION_IOC_MAGIC, SECTION_CMD_VERSION)

/* Flags of section_create. */
#define SECTION_CREATE_OPEN_EXISTING	(1U << 0)
#define SECTION_CREATE_GLOBAL		(1U << 1)
#define SECTION_CREATE_INHERIT		(1U << 2)
#define SECTION_CREATE_RESERVE		(1U << 3)
#define SECTION_CREATE_BASED		(1U << 4)
#define SECTION_CREATE_LARGE		(1U << 5)
#define SECTION_CREATE_LARGE_ONLY	(1U << 6)
#define SECTION_CREATE_POPULATE		(1U << 7)
#define SECTION_CREATE_IMAGE		(1U << 8)

/**
 * DOC: How to create
 *
 * SECTION_CREATE_OPEN_EXISTING
 *	Open an existing section of this name instead of failing.  @bytes, @prot,
 *	@mode, @gid, @file_fd, @base and the flags that follow must be
 *	well-formed, but have no effect then.
 * SECTION_CREATE_GLOBAL
 *	Put the name into the scope that all users share.
 * SECTION_CREATE_INHERIT
 *	Make a descriptor that stays open over execve(2).
 * SECTION_CREATE_RESERVE
 *	Reserve anonymous memory only.  Nothing is accounted, and a touch is
 *	SIGSEGV, until SECTION_IOC_COMMIT.
 * SECTION_CREATE_BASED
 *	Give all views of the section one address, @base or one that the kernel
 *	chooses, so that pointers stored in it are valid in every process.
 * SECTION_CREATE_LARGE
 *	Use large pages for anonymous memory wherever they can be had at the
 *	touch.
 * SECTION_CREATE_LARGE_ONLY
 *	Get all of the memory in large pages now, or fail.
 * SECTION_CREATE_POPULATE
 *	Get all of the memory now, or fail.  Of a file, that is disk space.
 * SECTION_CREATE_IMAGE
 *	Of a file that is an executable image (PE) of 32 or 64 bits for x86: show
 *	the image as it is in memory, realigned and relocated, instead of the bytes
 *	of the file.  Views are private or cannot be written to, but for segments
 *	that the image itself has marked as shared: see SECTION_IOC_QUERY_IMAGE.
 */

/**
 * struct section_create - argument of SECTION_IOC_CREATE
 * @size: Size of this structure.
 * @flags: SECTION_CREATE_*, see above.
 * @name: Address of the name: 1 to SECTION_NAME_MAX bytes of UTF-8 without
 *	NUL, '/' and '\\'.  0 with @name_len 0 for a section without a name.
 * @name_len: Length of the name in bytes.
 * @scope_fd: A descriptor of a network namespace to which the name belongs, or
 *	-1 for the caller's own.
 * @bytes: Size of the section.  An anonymous section is as large as the pages
 *	that hold it; a section of a file is exact.  0 means the whole file, or
 *	the whole image.
 * @prot: SECTION_PROT_READ, optionally with the others.
 * @rights: Rights of the new handle, or SECTION_RIGHTS_MAXIMUM.  A creator has
 *	every right that @prot allows, whatever @mode says.
 * @file_fd: An open regular file, or -1 for anonymous memory.
 * @mode: Who may open the section by name, as nine permission bits: read
 *	grants SECTION_RIGHT_QUERY and SECTION_RIGHT_READ, write grants
 *	SECTION_RIGHT_WRITE and to the owner SECTION_RIGHT_EXTEND, execute
 *	grants SECTION_RIGHT_EXECUTE.  The umask does not apply.
 * @gid: The section's group: one of the caller's (any with CAP_SETGID), or
 *	SECTION_CALLER_GROUP.
 * @owner: If the section exists, the user it must belong to, or
 *	SECTION_ANY_OWNER.
 * @existed: Written if SECTION_CREATE_OPEN_EXISTING is given: 1 if the section
 *	existed, 0 if it was created.
 * @reserved: Must be 0.
 * @base: With SECTION_CREATE_BASED: the address of the section's first byte, a
 *	multiple of the page size, or 0 to have one chosen that was chosen for no
 *	other section that the user has.  Otherwise 0.
 */
struct section_create {
	__u32 size;
	__u32 flags;
	__aligned_u64 name;
	__u32 name_len;
	__s32 scope_fd;
	__aligned_u64 bytes;
	__u32 prot;
	__u32 rights;
	__s32 file_fd;
	__u32 mode;
	__u32 gid;
	__u32 owner;
	__u32 existed;
	__u32 reserved;
	__aligned_u64 base;
};

/**
 * SECTION_IOC_CREATE - create a section
 *
 * On /dev/section, with a struct section_create.  If @bytes is more than a
 * file holds and the section is writable, the file is grown; disk space is not
 * reserved by that.  The file of an image is never written to.  The descriptor of
 * the file may be closed afterwards.
 *
 * Return: a new descriptor, a handle of the section.
 *
 * Errors:
 * * E2BIG, EFAULT, EMFILE, ENFILE, ENOMEM: see the list at the top.
 * * EACCES: the file is not open for reading; or, unless it is to be an image,
 *   not for writing although @prot has SECTION_PROT_WRITE, or it is append-only;
 *   @rights has more than @prot allows; the existing section's mode does not
 *   grant @rights.
 * * EAGAIN: of a file, see the list at the top.
 * * EBADF: @file_fd or @scope_fd is not an open descriptor.
 * * EBUSY: SECTION_CREATE_OPEN_EXISTING, and whoever is just creating the
 *   section has not finished within some seconds.
 * * EDQUOT: the user has as many sections as max_user_sections allows, or
 *   the network namespace as many names as max_names allows; the image is larger
 *   than max_image_size allows.
 * * EEXIST: the name exists, and SECTION_CREATE_OPEN_EXISTING is not given.
 * * EFBIG: @bytes is beyond the end of the file, and the section is not
 *   writable or the file cannot grow so far; of an image: @bytes is more than
 *   it has.
 * * EINTR: interrupted while waiting for another creator of the same name, for
 *   the file to grow, or for the memory of SECTION_CREATE_POPULATE or
 *   SECTION_CREATE_LARGE_ONLY; of an image: a fatal signal arrived.
 * * EINVAL: a member is wrong; flags contradict each other; @bytes is 0 without
 *   a file, or with SECTION_CREATE_LARGE_ONLY not a multiple of the large
 *   page; @scope_fd is not a network namespace.
 * * EKEYREJECTED: the existing section does not belong to @owner.
 * * ENAMETOOLONG: @name_len is more than SECTION_NAME_MAX.
 * * ENODATA: the file is empty, and @bytes is 0 or it is to be an image.
 * * ENODEV: the file cannot back a section.
 * * ENOEXEC: SECTION_CREATE_IMAGE, and the file is not an image for x86, or is
 *   damaged.
 * * ENOMEM: also, @bytes is beyond what the overcommit mode in force accounts, or
 *   what an image has in memory of its own is; the memory that
 *   SECTION_CREATE_POPULATE asks for, or the large pages of
 *   SECTION_CREATE_LARGE_ONLY, cannot be had; no address is free for
 *   SECTION_CREATE_BASED.
 * * ENOSPC: no space to grow the file.
 * * EOPNOTSUPP: SECTION_CREATE_IMAGE with SECTION_CREATE_BASED, and the image
 *   cannot be at @base; SECTION_CREATE_LARGE_ONLY, and the kernel has no large pages;
 *   SECTION_CREATE_POPULATE, and the file system cannot allocate space ahead.
 * * EOVERFLOW: @bytes rounded up to pages is more than a file may have, or
 *   more than the address space after @base.
 * * EPERM: @prot has SECTION_PROT_EXECUTE and the file is on a noexec mount;
 *   the file is sealed against what @prot asks; the global scope is
 *   restricted; @gid is not a group of the caller; a security module refused.
 * * ETXTBSY: the file is swap space, or it is running as a program, and the
 *   section is writable and not of an image.
 */
#define SECTION_IOC_CREATE	_IO(SECTION_IOC_MAGIC, SECTION_CMD_CREATE)

/* Flags of section_open. */
#define SECTION_OPEN_GLOBAL		(1U << 0)
#define SECTION_OPEN_INHERIT		(1U << 1)

/**
 * struct section_open - argument of SECTION_IOC_OPEN
 * @size: Size of this structure.
 * @flags: SECTION_OPEN_GLOBAL looks in the global scope instead of the
 *	caller's own; SECTION_OPEN_INHERIT makes a descriptor that stays open
 *	over execve(2).
 * @name: Address of the name, as in struct section_create.
 * @name_len: Length of the name in bytes.
 * @scope_fd: As in struct section_create.
 * @rights: Rights of the new handle, or SECTION_RIGHTS_MAXIMUM.
 * @owner: The user that the section must belong to, or SECTION_ANY_OWNER.
 * @bytes: Output: size of the section, so that nobody has to ask for it before
 *	he maps all of it.
 */
struct section_open {
	__u32 size;
	__u32 flags;
	__aligned_u64 name;
	__u32 name_len;
	__s32 scope_fd;
	__u32 rights;
	__u32 owner;
	__aligned_u64 bytes;
};

/**
 * SECTION_IOC_OPEN - open a section by name
 *
 * On /dev/section, with a struct section_open.  CAP_IPC_OWNER in the user
 * namespace that owns the network namespace overrides the section's mode,
 * never its protection.
 *
 * Return: a new descriptor, a handle of the section.
 *
 * Errors:
 * * E2BIG, EFAULT, EMFILE, ENFILE, ENOMEM: see the list at the top.
 * * EACCES: mode or protection of the section do not grant @rights; its file
 *   has become append-only.
 * * EAGAIN: of a file, see the list at the top.
 * * EBADF: @scope_fd is not an open descriptor.
 * * EINVAL: a member is wrong; @scope_fd is not a network namespace.
 * * EKEYREJECTED: the section does not belong to @owner.
 * * ENAMETOOLONG: @name_len is more than SECTION_NAME_MAX.
 * * ENOENT: no such section.
 * * EPERM, ETXTBSY: the section is backed by a file that the caller may not
 *   map so (noexec mount, security module, swap space).
 */
#define SECTION_IOC_OPEN	_IO(SECTION_IOC_MAGIC, SECTION_CMD_OPEN)

/**
 * struct section_query - argument of SECTION_IOC_QUERY
 * @size: Size of this structure.
 * @flags: Must be 0.
 * @name: Where to write the name (without a terminator), or 0.
 * @name_len: In: room at @name.  Out: length of the name in bytes, 0 for a
 *	section without one; if that is more than the room, nothing is written
 *	to @name.
 * @rights: Out: rights of this handle.
 * @bytes: Out: size of the section.
 * @resident: Out: memory that the backing holds now, in bytes; of a file, that
 *	of the whole file, and 0 for who has no SECTION_RIGHT_WRITE and does not
 *	own the file; of an image, 0.
 * @id: Out: number of the section, never used again while the module is
 *	loaded.  Equal numbers mean the same section.  st_ino of the handle.
 * @prot: Out: protection.
 * @attributes: Out: SECTION_ATTR_*.
 * @mode: Out: permission bits.
 * @uid: Out: owner, as seen from the caller's user namespace.
 * @gid: Out: group, likewise.
 * @creator: Out: process id of the creator in the caller's pid namespace, 0 if
 *	it is not visible there or has ended.
 * @handles: Out: how many handles are open (duplicates made by dup(2),
 *	fork(2) or descriptor passing are the same handle; anchors do not
 *	count).
 * @views: Out: how many views (VMAs) exist in all processes.
 * @base: Out: address of every view's section, 0 unless SECTION_ATTR_BASED.
 * @committed: Out: how many bytes are committed; all of them, unless
 *	SECTION_ATTR_RESERVE.
 */
struct section_query {
	__u32 size;
	__u32 flags;
	__aligned_u64 name;
	__u32 name_len;
	__u32 rights;
	__aligned_u64 bytes;
	__aligned_u64 resident;
	__aligned_u64 id;
	__u32 prot;
	__u32 attributes;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__u32 creator;
	__u32 handles;
	__u32 views;
	__aligned_u64 base;
	__aligned_u64 committed;
};

/**
 * SECTION_IOC_QUERY - ask for the properties of a section
 *
 * On a handle with SECTION_RIGHT_QUERY, with a struct section_query.
 *
 * Return: 0.
 *
 * Errors:
 * * E2BIG, EFAULT: see the list at the top.
 * * EACCES: the handle does not have SECTION_RIGHT_QUERY.
 * * EINVAL: a member is wrong.
 */
#define SECTION_IOC_QUERY	_IO(SECTION_IOC_MAGIC, SECTION_CMD_QUERY)

/* Flags of section_duplicate. */
#define SECTION_DUPLICATE_ANCHOR	(1U << 0)
#define SECTION_DUPLICATE_INHERIT	(1U << 1)

/**
 * struct section_duplicate - argument of SECTION_IOC_DUPLICATE
 * @size: Size of this structure.
 * @flags: SECTION_DUPLICATE_ANCHOR makes an anchor: it keeps the memory alive
 *	and can map it, but does not keep the name alive and is not counted as
 *	a handle; SECTION_DUPLICATE_INHERIT makes a descriptor that stays open
 *	over execve(2).
 * @rights: Rights of the new handle, a subset of this one's, or
 *	SECTION_RIGHTS_MAXIMUM for the same.
 * @reserved: Must be 0.
 */
struct section_duplicate {
	__u32 size;
	__u32 flags;
	__u32 rights;
	__u32 reserved;
};

/**
 * SECTION_IOC_DUPLICATE - make another handle of the same section
 *
 * On a handle, with a struct section_duplicate.  A duplicate of an anchor is
 * always an anchor, and must be asked for as one.
 *
 * Return: a new descriptor.
 *
 * Errors:
 * * E2BIG, EFAULT, EMFILE, ENFILE, ENOMEM: see the list at the top.
 * * EACCES: this handle does not have all of @rights.
 * * EINVAL: a member is wrong; this is an anchor and SECTION_DUPLICATE_ANCHOR
 *   is not given.
 */
#define SECTION_IOC_DUPLICATE	_IO(SECTION_IOC_MAGIC, SECTION_CMD_DUPLICATE)

/* Flags of section_map. */
#define SECTION_MAP_PRIVATE		(1U << 0)
#define SECTION_MAP_FIXED		(1U << 1)
#define SECTION_MAP_NO_INHERIT		(1U << 2)
#define SECTION_MAP_BEYOND		(1U << 3)

/**
 * struct section_map - argument of SECTION_IOC_MAP
 * @size: Size of this structure.
 * @flags: SECTION_MAP_PRIVATE makes a copy-on-write view, otherwise it is
 *	shared; SECTION_MAP_FIXED maps exactly at @address and never replaces
 *	anything; SECTION_MAP_NO_INHERIT keeps the view from the children of
 *	fork(2); SECTION_MAP_BEYOND lets the view be longer than a section of a
 *	file (but not of an image), for SECTION_IOC_EXTEND: what is beyond the end
 *	cannot be touched yet.
 * @prot: PROT_* of the view; PROT_NONE is allowed.
 * @reserved: Must be 0.
 * @address: In: where to map, a hint without SECTION_MAP_FIXED; of a section
 *	with SECTION_ATTR_BASED it must be 0, or where its base puts @offset.
 *	Out: where the view is.
 * @offset: Where in the section the view begins, a multiple of the page size.
 * @length: In: length of the view, 0 for all from @offset to the end.  Out:
 *	length of the view, rounded up to pages.
 */
struct section_map {
	__u32 size;
	__u32 flags;
	__u32 prot;
	__u32 reserved;
	__aligned_u64 address;
	__aligned_u64 offset;
	__aligned_u64 length;
};

/**
 * SECTION_IOC_MAP - map a view of a section
 *
 * On a handle, with a struct section_map.  mmap(2) on the handle does the same
 * and differs only in that it may replace existing mappings (MAP_FIXED) and
 * reports a missing execute right as EPERM.  munmap(2) unmaps a view.
 *
 * Return: 0.
 *
 * Errors:
 * * E2BIG, EFAULT, ENFILE: see the list at the top.
 * * EACCES: the handle does not have the rights for @prot: read for every
 *   view, write for a writable shared view, execute for an executable one,
 *   extend for SECTION_MAP_BEYOND; a shared view that may be written to is of
 *   pages of an image that are not shared.
 * * EAGAIN: see the list at the top.
 * * EEXIST: SECTION_MAP_FIXED or SECTION_ATTR_BASED, and the range is not free.
 * * EINVAL: a member is wrong; @offset or a fixed @address is not a multiple of
 *   the page size.
 * * ENODEV: the file system has set up the mapping in a way that a section
 *   cannot supervise (DAX, device memory).
 * * ENOMEM: not enough memory or address space, or too many mappings.
 * * ENXIO: the range is not inside the section.
 * * EOPNOTSUPP: SECTION_MAP_BEYOND, and the section cannot be extended.
 * * EOVERFLOW: @offset + @length overflows.
 * * EPERM: a security module refused; the file is a memfd that was sealed
 *   with F_SEAL_FUTURE_WRITE after the section was made, and the handle could
 *   write: map through a duplicate without SECTION_RIGHT_WRITE.
 */
#define SECTION_IOC_MAP		_IO(SECTION_IOC_MAGIC, SECTION_CMD_MAP)

/* Flags of section_commit and section_commit_view. */
#define SECTION_COMMIT_DECOMMIT		(1U << 0)

/**
 * struct section_commit - argument of SECTION_IOC_COMMIT
 * @size: Size of this structure.
 * @flags: SECTION_COMMIT_DECOMMIT gives memory back instead.
 * @offset: Where in the section the range begins, a multiple of the page size.
 * @length: Its length; rounded up to pages, 0 for all from @offset to the end.
 */
struct section_commit {
	__u32 size;
	__u32 flags;
	__aligned_u64 offset;
	__aligned_u64 length;
};

/**
 * SECTION_IOC_COMMIT - make reserved memory usable, or give it back
 *
 * On a handle with SECTION_RIGHT_WRITE, with a struct section_commit.
 *
 * A commit is accounted when it is made, as the overcommit mode in force
 * accounts anything, and is seen by all views in all processes at once.
 * Committing what is committed changes nothing and succeeds, also in sections
 * that are not reserved.  A decommit throws the contents away, for everybody;
 * only pages that private views have copied stay with them.
 *
 * Return: 0.
 *
 * Errors:
 * * E2BIG, EFAULT, ENFILE: see the list at the top.
 * * EACCES: the handle does not have SECTION_RIGHT_WRITE.
 * * EDQUOT: the section would have more committed ranges that are not adjacent
 *   than max_commit_ranges allows, or its owner more than
 *   max_user_commit_ranges allows.
 * * EINTR: interrupted while waiting for another commit of the section.
 * * EINVAL: a member is wrong.
 * * ENOMEM: not enough memory; the overcommit mode in force does not account
 *   so much.
 * * ENXIO: the range is not inside the section.
 * * EOPNOTSUPP: SECTION_COMMIT_DECOMMIT, and the section is not reserved.
 * * EOVERFLOW: @offset + @length overflows.
 */
#define SECTION_IOC_COMMIT	_IO(SECTION_IOC_MAGIC, SECTION_CMD_COMMIT)

/**
 * struct section_commit_view - argument of SECTION_IOC_COMMIT_VIEW
 * @size: Size of this structure.
 * @flags: As in struct section_commit.
 * @address: An address in a view; the range begins with its page.
 * @length: Length of the range; its end is rounded up to pages.  Not 0.
 */
struct section_commit_view {
	__u32 size;
	__u32 flags;
	__aligned_u64 address;
	__aligned_u64 length;
};

/**
 * SECTION_IOC_COMMIT_VIEW - SECTION_IOC_COMMIT for what a view shows
 *
 * On /dev/section, with a struct section_commit_view.  Works whether or not a
 * handle of the section is still open.  The view must be a shared one that may
 * be written to, whatever its protection is now.
 *
 * Return: 0.
 *
 * Errors: those of SECTION_IOC_COMMIT, and
 * * E2BIG, EINTR, EINVAL, ENFILE, ENOMEM, EDQUOT, EOPNOTSUPP, EOVERFLOW: as
 *   there.
 * * EACCES: the view is private, or may only be read.
 * * EFAULT: bad pointer; a part of the range is not in a view, or not in views
 *   that continue each other.
 * * ENXIO: a part of the range is beyond the end of the section.
 */
#define SECTION_IOC_COMMIT_VIEW	_IO(SECTION_IOC_MAGIC, SECTION_CMD_COMMIT_VIEW)

/**
 * struct section_extend - argument of SECTION_IOC_EXTEND
 * @size: Size of this structure.
 * @flags: Must be 0.
 * @bytes: In: how large the section is to be.  Out: how large it is.
 */
struct section_extend {
	__u32 size;
	__u32 flags;
	__aligned_u64 bytes;
};

/**
 * SECTION_IOC_EXTEND - make a section of a file larger
 *
 * On a handle with SECTION_RIGHT_EXTEND, with a struct section_extend.  The file
 * grows with the section.  Nothing shrinks: a size that is not more than the
 * present one changes nothing and succeeds.  Views stay as they are, except
 * that those made with SECTION_MAP_BEYOND can be used up to the new end.
 *
 * Return: 0.
 *
 * Errors:
 * * E2BIG, EFAULT: see the list at the top.
 * * EACCES: the handle does not have SECTION_RIGHT_EXTEND.
 * * EFBIG: the file cannot grow so far; at RLIMIT_FSIZE there is a SIGXFSZ, too.
 * * EINTR: a signal arrived, whose handler does not restart system calls, and
 *   nothing was changed.
 * * EINVAL: a member is wrong.
 * * ENOMEM: not enough memory.
 * * ENOSPC: no space to grow the file.
 * * EOPNOTSUPP: the section is anonymous, or of an image.
 * * EOVERFLOW: @bytes rounded up to pages is more than a file may have.
 * * EPERM: the file is sealed against growing.
 */
#define SECTION_IOC_EXTEND	_IO(SECTION_IOC_MAGIC, SECTION_CMD_EXTEND)

/**
 * struct section_query_view - argument of SECTION_IOC_QUERY_VIEW
 * @size: Size of this structure.
 * @flags: Out: SECTION_MAP_PRIVATE for a private view, SECTION_MAP_NO_INHERIT
 *	for one that children do not get.
 * @address: In: any address in the view.  Out: where the view begins.
 * @length: Out: length of the view.
 * @offset: Out: where in the section the view begins.
 * @bytes: Out: size of the section.
 * @id: Out: number of the section, as in struct section_query.
 * @prot: Out: PROT_* of the view now.
 * @max_prot: Out: the most that mprotect(2) can make of it.
 * @attributes: Out: SECTION_ATTR_* of the section.
 * @reserved: Must be 0.
 * @run: Out: how many bytes of the view, from the page of the address that was
 *	given, are alike: all committed, or none.
 * @committed: Out: 1 if they are committed, 0 if not: reserved, or beyond the
 *	end of the section.
 * @padding: Out: 0.
 */
struct section_query_view {
	__u32 size;
	__u32 flags;
	__aligned_u64 address;
	__aligned_u64 length;
	__aligned_u64 offset;
	__aligned_u64 bytes;
	__aligned_u64 id;
	__u32 prot;
	__u32 max_prot;
	__u32 attributes;
	__u32 reserved;
	__aligned_u64 run;
	__u32 committed;
	__u32 padding;
};

/**
 * SECTION_IOC_QUERY_VIEW - ask about a view in the caller's memory
 *
 * On /dev/section, with a struct section_query_view.  Works whether or not a
 * handle of the section is still open.  A view that was split, for instance by
 * mprotect(2), is reported as the part that holds the address.
 *
 * Return: 0.
 *
 * Errors:
 * * E2BIG: see the list at the top.
 * * EFAULT: bad pointer; @address is not in a view of a section.
 * * EINVAL: a member is wrong.
 */
#define SECTION_IOC_QUERY_VIEW	_IO(SECTION_IOC_MAGIC, SECTION_CMD_QUERY_VIEW)

/* Flags of section_query_image. */
#define SECTION_IMAGE_RELOCATED		(1U << 0)
#define SECTION_IMAGE_MOVABLE		(1U << 1)
#define SECTION_IMAGE_FLAT		(1U << 2)
#define SECTION_IMAGE_CODE		(1U << 3)
#define SECTION_IMAGE_FROZEN		(1U << 4)
#define SECTION_IMAGE_PLUS		(1U << 5)

/* Flags of section_image_segment. */
#define SECTION_SEGMENT_SHARED		(1U << 0)
#define SECTION_SEGMENT_HEADERS		(1U << 1)

/**
 * struct section_image_segment - a part of an image with one protection
 * @rva: Where it begins in the section, in bytes; a multiple of the page size.
 * @length: How long it is; likewise.
 * @prot: SECTION_PROT_* that the image asks for; 0 if it is not to be touched.
 * @flags: SECTION_SEGMENT_SHARED if all processes with a section of this image,
 *	owner and network namespace share it: map it without SECTION_MAP_PRIVATE,
 *	by itself or a part of it; SECTION_SEGMENT_HEADERS for the headers.
 */
struct section_image_segment {
	__u32 rva;
	__u32 length;
	__u32 prot;
	__u32 flags;
};

/**
 * struct section_query_image - argument of SECTION_IOC_QUERY_IMAGE
 * @size: Size of this structure.
 * @flags: In: 0.  Out: SECTION_IMAGE_RELOCATED if @base is another address than
 *	@preferred, and all pages are relocated for it; SECTION_IMAGE_MOVABLE if it
 *	could be at any; SECTION_IMAGE_FLAT if the image is in memory as it is in
 *	the file; SECTION_IMAGE_CODE if it has code; SECTION_IMAGE_FROZEN if the
 *	file was open for writing, so that the section has its own copy;
 *	SECTION_IMAGE_PLUS if its addresses have 64 bits.
 * @segments: Where to write struct section_image_segment records, or 0.  Some of
 *	them may have been written when the call fails with EFAULT or EINTR.
 * @segment_count: In: room at @segments, in records.  Out: how many there are; if
 *	that is more than the room, the first ones are written.
 * @entry: Out: where its code begins, counted from @base, 0 for none.
 * @base: Out: the address that the pages are made for.
 * @preferred: Out: the address that the file asks for.
 * @bytes: Out: length of the whole image in memory, of which the section may be
 *	a part.
 * @file_bytes: Out: length of the file.
 * @stack_reserve: Out: from the headers, as all that follows.
 * @stack_commit: Out.
 * @machine: Out.
 * @subsystem: Out.
 * @subsystem_major: Out.
 * @subsystem_minor: Out.
 * @os_major: Out.
 * @os_minor: Out.
 * @characteristics: Out.
 * @dll_characteristics: Out.
 * @checksum: Out.
 * @loader_flags: Out.
 * @cor_rva: Out: where the header of managed code is, 0 if there is none.
 * @cor_flags: Out: flags in that header.
 */
struct section_query_image {
	__u32 size;
	__u32 flags;
	__aligned_u64 segments;
	__u32 segment_count;
	__u32 entry;
	__aligned_u64 base;
	__aligned_u64 preferred;
	__aligned_u64 bytes;
	__aligned_u64 file_bytes;
	__aligned_u64 stack_reserve;
	__aligned_u64 stack_commit;
	__u16 machine;
	__u16 subsystem;
	__u16 subsystem_major;
	__u16 subsystem_minor;
	__u16 os_major;
	__u16 os_minor;
	__u16 characteristics;
	__u16 dll_characteristics;
	__u32 checksum;
	__u32 loader_flags;
	__u32 cor_rva;
	__u32 cor_flags;
};

/**
 * SECTION_IOC_QUERY_IMAGE - ask about an executable image
 *
 * On a handle with SECTION_RIGHT_QUERY, with a struct section_query_image.
 *
 * Return: 0.
 *
 * Errors:
 * * E2BIG, EFAULT: see the list at the top.
 * * EACCES: the handle does not have SECTION_RIGHT_QUERY.
 * * EINTR: a fatal signal arrived.
 * * EINVAL: a member is wrong.
 * * ENOEXEC: the section is not of an image.
 */
#define SECTION_IOC_QUERY_IMAGE	_IO(SECTION_IOC_MAGIC, SECTION_CMD_QUERY_IMAGE)

/* Flags of section_list. */
#define SECTION_LIST_GLOBAL		(1U << 0)

/**
 * struct section_list - argument of SECTION_IOC_LIST
 * @size: Size of this structure.
 * @flags: SECTION_LIST_GLOBAL lists the global scope instead of the local one.
 * @scope_fd: As in struct section_create.
 * @reserved: Must be 0.
 * @buffer: Where to write struct section_list_entry records, or 0.
 * @buffer_len: In: room at @buffer.  Out: how much of it was written.
 * @count: Out: how many records were written.
 * @needed: Out: how much room all records would have taken.  If it is more
 *	than the room given, the list is not complete.
 */
struct section_list {
	__u32 size;
	__u32 flags;
	__s32 scope_fd;
	__u32 reserved;
	__aligned_u64 buffer;
	__aligned_u64 buffer_len;
	__aligned_u64 count;
	__aligned_u64 needed;
};

/**
 * struct section_list_entry - one named section
 * @entry_len: Length of this record, name and padding to 8 bytes included.
 * @name_len: Length of the name in bytes.
 * @bytes: Size of the section.
 * @id: Number of the section, as in struct section_query.
 * @prot: Protection.
 * @attributes: SECTION_ATTR_*.
 * @mode: Permission bits.
 * @uid: Owner, as seen from the caller's user namespace.
 * @gid: Group, likewise.
 * @creator: Process id of the creator, as in struct section_query.
 * @handles: How many handles are open.
 * @views: How many views exist.
 * @name: The name, not terminated.
 */
struct section_list_entry {
	__u32 entry_len;
	__u32 name_len;
	__aligned_u64 bytes;
	__aligned_u64 id;
	__u32 prot;
	__u32 attributes;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__u32 creator;
	__u32 handles;
	__u32 views;
	__u8 name[];
};

/**
 * SECTION_IOC_LIST - list the named sections that the caller may query
 *
 * On /dev/section, with a struct section_list.  The local scope shows the
 * caller's own sections, the global scope those whose mode grants
 * SECTION_RIGHT_QUERY to him; CAP_IPC_OWNER in the user namespace that owns
 * the network namespace shows all, of all users.  Sections that come or go
 * meanwhile may or may not be listed; none is listed twice.
 *
 * Return: 0.
 *
 * Errors:
 * * E2BIG, EFAULT, ENOMEM: see the list at the top.
 * * EBADF: @scope_fd is not an open descriptor.
 * * EINTR: interrupted by a signal.
 * * EINVAL: a member is wrong; @scope_fd is not a network namespace.
 */
#define SECTION_IOC_LIST	_IO(SECTION_IOC_MAGIC, SECTION_CMD_LIST)

#endif /* _UAPI_LINUX_SECTION_H */
