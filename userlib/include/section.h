/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * libsection: memory with a name, a size, rights and a lifetime.
 */
#ifndef SECTION_H
#define SECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/section.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * DOC: Conventions
 *
 * A *handle* is a file descriptor of a section, a *view* is memory that shows
 * a part of it.  The section's name lives as long as a handle of it is open,
 * its memory as long as a handle, an anchor or a view exists; there is nothing
 * to delete and nothing to clean up.
 *
 * Functions return a descriptor or 0, or -1 with errno set; those that return
 * a pointer return NULL with errno set.  Bytes are bytes: lengths and offsets
 * are never in pages.  A function that fails has changed nothing and leaves
 * its results untouched.
 *
 * The library keeps no state of any kind, and every function may be called from
 * several threads at once.  All except section_list(), section_list_at(),
 * section_list_free(), section_image_segments() and section_map_image(), which
 * allocate memory, do nothing but make system calls: they may also be called
 * from a signal handler (which saves errno, as always), and in the child of a
 * fork(2) whatever other threads were doing.
 *
 * Functions without a device argument open /dev/section for the duration of
 * the call.  A program that will lose sight of /dev (chroot, sandbox), or that
 * creates many sections, opens it once with section_device_open() and uses the
 * functions whose names end in ``_at``.
 *
 * DOC: Errors of the library
 *
 * Numbers have the meanings that <linux/section.h> lists, and two more:
 *
 * ENOSYS
 *	There are no sections here: the module is not loaded, or this process
 *	cannot see /dev/section.  ENOENT therefore always means that no section
 *	has the name.
 * EPERM
 *	Also: this process may not open /dev/section.
 *
 * EMFILE, ENFILE and ENOMEM may also come from opening /dev/section.
 * section_explain() turns any of them into a sentence.
 */

/** SECTION_DEVICE_DEFAULT - as a device argument: open /dev/section */
#define SECTION_DEVICE_DEFAULT	(-100)

/** SECTION_NAME_SIZE - a buffer of this size holds every name, terminated */
#define SECTION_NAME_SIZE	(SECTION_NAME_MAX + 1)

/**
 * struct section_attributes - how to create or open a section
 * @bytes: Size.  0 is allowed only with a file and means all of it.
 * @prot: SECTION_PROT_*: the most that any view may ever be.
 * @rights: SECTION_RIGHT_* of the new handle, or SECTION_RIGHTS_MAXIMUM.
 * @mode: Who may open the section by name: nine permission bits, to which the
 *	umask does not apply.
 * @gid: Group of the section, one of the caller's, or SECTION_CALLER_GROUP.
 * @owner: User that an existing section must belong to, or SECTION_ANY_OWNER.
 *	Expect an owner when you open a name in the global scope: anybody may
 *	have created it.
 * @file_fd: File behind the section, or -1 for anonymous memory.  It may be
 *	closed after the call.
 * @scope_fd: Network namespace of the name, or -1 for the caller's.
 * @global: The name is in the scope that all users share.
 * @inherit: The handle stays open over execve(2).
 * @flags: SECTION_CREATE_RESERVE, SECTION_CREATE_BASED, SECTION_CREATE_LARGE,
 *	SECTION_CREATE_LARGE_ONLY, SECTION_CREATE_POPULATE, SECTION_CREATE_IMAGE
 *	of <linux/section.h>.
 * @base: With SECTION_CREATE_BASED: where all views are to be, or NULL to have
 *	an address chosen.
 *
 * Initialize it with SECTION_ATTRIBUTES_INIT or section_attributes_init(), then
 * change what should be different.  section_open_at() looks at @rights, @owner,
 * @scope_fd, @global and @inherit only.
 */
struct section_attributes {
	uint64_t bytes;
	uint32_t prot;
	uint32_t rights;
	uint32_t mode;
	uint32_t gid;
	uint32_t owner;
	int file_fd;
	int scope_fd;
	bool global;
	bool inherit;
	uint32_t flags;
	void *base;
};

/**
 * SECTION_ATTRIBUTES_INIT - initializer of a struct section_attributes
 *
 * Readable and writable anonymous memory without a size yet, every right for
 * the creator, mode 0600, no expectation about the owner, the caller's own
 * scope, close-on-exec.
 */
#define SECTION_ATTRIBUTES_INIT { \
	0, SECTION_PROT_READ | SECTION_PROT_WRITE, SECTION_RIGHTS_MAXIMUM, \
	0600, SECTION_CALLER_GROUP, SECTION_ANY_OWNER, -1, -1, false, false, \
	0, NULL }

/**
 * struct section_info - what a section is
 * @id: Number of the section: equal numbers mean the same section.
 * @bytes: Size.
 * @resident: Bytes of memory that the backing holds now; of a file, that of
 *	the whole file, and 0 for who can neither write to it by this handle nor
 *	owns it.  0 in a list.
 * @prot: SECTION_PROT_*.
 * @rights: SECTION_RIGHT_* of the handle that was asked.  0 in a list.
 * @attributes: SECTION_ATTR_*.
 * @mode: Permission bits.
 * @uid: Owner.
 * @gid: Group.
 * @creator: Process that created it, 0 if it has ended or cannot be seen.
 * @handles: How many handles are open, in all processes.
 * @views: How many views exist, in all processes.
 * @committed: How many bytes are committed; all, unless the section is reserved.
 *	0 in a list.
 * @base: Where all views are, NULL if the section is not based.  NULL in a list.
 */
struct section_info {
	uint64_t id;
	uint64_t bytes;
	uint64_t resident;
	uint32_t prot;
	uint32_t rights;
	uint32_t attributes;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	pid_t creator;
	uint32_t handles;
	uint32_t views;
	uint64_t committed;
	void *base;
};

/**
 * struct section_view_info - what a view is
 * @address: Where it begins.
 * @length: Its length in bytes.
 * @offset: Where in the section it begins, in bytes.
 * @bytes: Size of the section.
 * @id: Number of the section, as in struct section_info.
 * @prot: PROT_* of the view now.
 * @max_prot: The most that mprotect(2) can make of it.
 * @attributes: SECTION_ATTR_* of the section.
 * @private_view: It is copy-on-write.
 * @committed: Whether the address that was asked about can be touched, as far as
 *	commit and the end of the section go.
 * @inherited: Whether children made by fork(2) get the view.
 * @run: How many bytes, from the page of that address on, are alike in this.
 */
struct section_view_info {
	void *address;
	size_t length;
	uint64_t offset;
	uint64_t bytes;
	uint64_t id;
	uint32_t prot;
	uint32_t max_prot;
	uint32_t attributes;
	bool private_view;
	bool committed;
	bool inherited;
	size_t run;
};

/**
 * struct section_image_info - what an executable image is
 * @base: The address that its pages are made for; a program of 32 bits may be told of
 *	one that it does not have.
 * @preferred: The address that the file asks for.
 * @bytes: Length of the image in memory.
 * @file_bytes: Length of the file.
 * @stack_reserve: From the headers.
 * @stack_commit: From the headers.
 * @flags: SECTION_IMAGE_* of <linux/section.h>.
 * @segments: How many segments it has.
 * @entry: Where its code begins, counted from @base; 0 for none.
 * @checksum: From the headers.
 * @loader_flags: From the headers.
 * @cor_rva: Where the header of managed code is, 0 if there is none.
 * @cor_flags: Flags in that header.
 * @machine: 0x14c for 32 bits, 0x8664 for 64 bits.
 * @subsystem: From the headers.
 * @subsystem_major: From the headers.
 * @subsystem_minor: From the headers.
 * @os_major: From the headers.
 * @os_minor: From the headers.
 * @characteristics: From the headers.
 * @dll_characteristics: From the headers.
 */
struct section_image_info {
	uint64_t base;
	uint64_t preferred;
	size_t bytes;
	uint64_t file_bytes;
	uint64_t stack_reserve;
	uint64_t stack_commit;
	uint32_t flags;
	uint32_t segments;
	uint32_t entry;
	uint32_t checksum;
	uint32_t loader_flags;
	uint32_t cor_rva;
	uint32_t cor_flags;
	uint16_t machine;
	uint16_t subsystem;
	uint16_t subsystem_major;
	uint16_t subsystem_minor;
	uint16_t os_major;
	uint16_t os_minor;
	uint16_t characteristics;
	uint16_t dll_characteristics;
};

/**
 * struct section_entry - one line of a list
 * @name: The name, terminated; it belongs to the list.
 * @info: The section; @rights and @resident of it are 0.
 */
struct section_entry {
	const char *name;
	struct section_info info;
};

/**
 * enum section_operation - what failed, for section_explain()
 * @SECTION_OP_VERSION: section_version(), section_device_open().
 * @SECTION_OP_CREATE: Any function that creates.
 * @SECTION_OP_OPEN: section_open(), section_open_at(), section_open_bytes().
 * @SECTION_OP_DUPLICATE: section_duplicate(), section_anchor().
 * @SECTION_OP_QUERY: section_query(), section_query_image(), section_image_segments().
 * @SECTION_OP_LIST: section_list(), section_list_at().
 * @SECTION_OP_MAP: Any function that maps.
 * @SECTION_OP_UNMAP: section_unmap().
 * @SECTION_OP_FLUSH: section_flush().
 * @SECTION_OP_QUERY_VIEW: section_query_view(), section_query_view_at().
 * @SECTION_OP_COMMIT: Any function that commits or decommits.
 * @SECTION_OP_EXTEND: section_extend().
 * @SECTION_OP_POPULATE: section_populate().
 * @SECTION_OP_QUERY_PAGES: section_query_pages().
 * @SECTION_OP_AGENT: What <section/agent.h> offers to be acted on.
 * @SECTION_OP_PEER: Any function on a peer that does not map.
 * @SECTION_OP_PEER_MAP: section_peer_map(), section_peer_map_memory().
 */
enum section_operation {
	SECTION_OP_VERSION,
	SECTION_OP_CREATE,
	SECTION_OP_OPEN,
	SECTION_OP_DUPLICATE,
	SECTION_OP_QUERY,
	SECTION_OP_LIST,
	SECTION_OP_MAP,
	SECTION_OP_UNMAP,
	SECTION_OP_FLUSH,
	SECTION_OP_QUERY_VIEW,
	SECTION_OP_COMMIT,
	SECTION_OP_EXTEND,
	SECTION_OP_POPULATE,
	SECTION_OP_QUERY_PAGES,
	SECTION_OP_AGENT,
	SECTION_OP_PEER,
	SECTION_OP_PEER_MAP,
};

/* Device */

/**
 * section_device_open - open /dev/section for the functions with a device
 *
 * The descriptor is close-on-exec and gives no access to any section by
 * itself.  Close it with close(2).
 *
 * Return: a descriptor, or -1 with errno:
 * EMFILE or ENFILE (no more descriptors), ENOMEM (not enough memory),
 * ENOSYS (no /dev/section), EPERM (it may not be opened), EINTR (signal).
 */
int section_device_open(void);

/**
 * section_version - ask which version of the interface the module has
 *
 * Return: the version, 1 or more, or -1 with the errors of
 * section_device_open().
 */
int section_version(void);

/**
 * section_version_at - section_version() through an open device
 * @device: Descriptor of /dev/section, or SECTION_DEVICE_DEFAULT.
 *
 * Return: the version, or -1 with the errors of section_version(), EBADF
 * (@device is not open) or ENOTTY (it is something else).
 */
int section_version_at(int device);

/* Create and open */

/**
 * section_attributes_init - give a struct section_attributes its defaults
 * @attributes: What to initialize.
 *
 * Does what SECTION_ATTRIBUTES_INIT does, for languages without macros.
 */
void section_attributes_init(struct section_attributes *attributes);

/**
 * section_create - create a section of anonymous memory
 * @name: The name, terminated, or NULL for a section without one.
 * @bytes: Size; rounded up to pages.
 *
 * The section is readable and writable, for the calling user only.  All of it
 * is accounted now, so that a later touch does not fail for lack of commit.
 *
 * Return: a handle with every right that such a section gives, or -1 with errno:
 * EDQUOT (as many sections or names as the administrator allows),
 * EEXIST (the name exists), EINTR (signal), EINVAL (bad name, or @bytes is 0),
 * EMFILE, ENFILE, ENAMETOOLONG (more than SECTION_NAME_MAX bytes),
 * ENOMEM (memory or commit), ENOSYS, EOVERFLOW (too large),
 * EPERM (a security module refused).
 */
int section_create(const char *name, uint64_t bytes);

/**
 * section_create_or_open - open a section of anonymous memory, or create it
 * @name: The name, terminated.
 * @bytes: Size if it is created; ignored if it exists.
 * @existed: Set to whether it existed; may be NULL.
 *
 * One step: of several processes that call it at once, exactly one creates.
 * What that one writes into the section afterwards may not be there yet when
 * the others look.
 *
 * Return: a handle, or -1 with the errors of section_create() except EEXIST,
 * and EACCES (it exists, and gives the caller no rights).
 */
int section_create_or_open(const char *name, uint64_t bytes, bool *existed);

/**
 * section_create_file - create a section over a file
 * @name: The name, terminated, or NULL for a section without one.
 * @file_fd: A regular file, open for reading, and for writing if @prot has
 *	SECTION_PROT_WRITE.  It may be closed afterwards.
 * @bytes: Size, 0 for all of the file.  A file that is shorter is grown if
 *	@prot has SECTION_PROT_WRITE; that reserves no disk space.
 * @prot: SECTION_PROT_*.
 *
 * Return: a handle, or -1 with errno: those of section_create(), and
 * EACCES (the file is not open for what @prot asks, or has the append-only
 * attribute), EAGAIN (no more memory may be locked, see mlockall(2)),
 * EBADF (@file_fd is not open), EFBIG (the file cannot grow so far),
 * ENODATA (the file is empty and @bytes is 0), ENODEV (this kind of file
 * cannot back a section), ENOSPC (disk full),
 * EPERM (also: noexec mount, seals of a memfd),
 * ETXTBSY (swap space or a running program), and errors of its file system.
 */
int section_create_file(const char *name, int file_fd, uint64_t bytes,
			uint32_t prot);

/**
 * section_create_image - create a section of the executable image in a file
 * @name: The name, terminated, or NULL for a section without one.
 * @file_fd: A regular file, open for reading.  It may be closed afterwards.
 * @prot: SECTION_PROT_READ; with SECTION_PROT_EXECUTE if its code shall be executed,
 *	with SECTION_PROT_WRITE if segments that it marks as shared shall be written
 *	to.  The file itself is never written to.
 *
 * The file holds an image (PE) for x86, of 32 or 64 bits.  As long as there are
 * sections or views of it, nobody can open the file for writing (ETXTBSY), if the
 * caller owns it, could write to it, or may execute it.
 *
 * For a global name, a mode, a base or a part of an image: section_create_at() with
 * SECTION_CREATE_IMAGE.
 *
 * Return: a handle, or -1 with the errors of section_create_file(), and EDQUOT
 * (also: larger than max_image_size), ENOEXEC (not an image).
 */
int section_create_image(const char *name, int file_fd, uint32_t prot);

/**
 * section_create_at - create a section, with everything that can be chosen
 * @device: Descriptor of /dev/section, or SECTION_DEVICE_DEFAULT.
 * @name: The name, terminated, or NULL for a section without one.
 * @attributes: How, initialized by SECTION_ATTRIBUTES_INIT.
 * @existed: NULL to fail if the name exists.  Otherwise an existing section is
 *	opened, and this is set to whether it existed; that needs a name, as
 *	the global scope does.
 *
 * Return: a handle, or -1 with errno: those of section_create(),
 * section_create_file() and section_create_image(), and EACCES (also: @rights exceeds @prot, or the
 * existing section does not grant it), EBADF (also: @scope_fd),
 * EINVAL (also: @flags contradict each other, or do not go with a file),
 * ENOMEM (also: the memory or the large pages that @flags insist on cannot be
 * had), EOPNOTSUPP (no large pages in this kernel; the file system cannot
 * allocate space ahead; the image cannot be at @base), EOVERFLOW (also: @base),
 * EKEYREJECTED (the existing section belongs to another user than @owner),
 * EPERM (also: the global scope is restricted, or @gid is not one of the
 * caller's groups), ENOTTY (@device is something else).
 */
int section_create_at(int device, const char *name,
		      const struct section_attributes *attributes,
		      bool *existed);

/**
 * section_open - open a section of this user by name
 * @name: The name, terminated.
 * @rights: SECTION_RIGHT_* of the handle, or SECTION_RIGHTS_MAXIMUM.
 *
 * Return: a handle, or -1 with errno: EACCES (@rights are not granted, or the
 * file has become append-only), EAGAIN (no more memory may be locked),
 * EINVAL (bad name or rights), EMFILE, ENFILE, ENAMETOOLONG,
 * ENOENT (no section has this name), ENOMEM, ENOSYS,
 * EPERM or ETXTBSY (policy forbids to map its file).
 */
int section_open(const char *name, uint32_t rights);

/**
 * section_open_at - open a section by name, with everything that can be chosen
 * @device: Descriptor of /dev/section, or SECTION_DEVICE_DEFAULT.
 * @name: The name, terminated.
 * @attributes: Rights, expected owner and scope; NULL for the defaults.
 *
 * Return: a handle, or -1 with errno: those of section_open(), and
 * EBADF (@scope_fd or @device is not open), EKEYREJECTED (it belongs to
 * another user than @owner), ENOTTY (@device is something else).
 */
int section_open_at(int device, const char *name,
		    const struct section_attributes *attributes);

/**
 * section_open_bytes - open a section by name and learn how large it is
 * @device: Descriptor of /dev/section, or SECTION_DEVICE_DEFAULT.
 * @name: The name, terminated.
 * @attributes: Rights, expected owner and scope; NULL for the defaults.
 * @bytes: Filled in with the section's size, which only ever grows.
 *
 * With it a whole section is mapped by mmap(2) itself, without having been asked
 * about first.
 *
 * Return: a handle, or -1 with errno: those of section_open_at().
 */
int section_open_bytes(int device, const char *name,
		       const struct section_attributes *attributes,
		       uint64_t *bytes);

/* Handles */

/**
 * section_duplicate - make another handle, usually with fewer rights
 * @handle: The handle.
 * @rights: A subset of its rights, or SECTION_RIGHTS_MAXIMUM for the same.
 * @flags: 0, or SECTION_DUPLICATE_ANCHOR, SECTION_DUPLICATE_INHERIT.
 *
 * A right that the duplicate lacks cannot be regained from it by any means:
 * pass a duplicate without SECTION_RIGHT_WRITE to those who may only read.
 *
 * Return: a handle, or -1 with errno: EACCES (@handle lacks some of @rights),
 * EBADF, EINVAL (unknown flag or right; @handle is an anchor and
 * SECTION_DUPLICATE_ANCHOR is not given), EMFILE, ENFILE, ENOMEM,
 * ENOTTY (not a handle).
 */
int section_duplicate(int handle, uint32_t rights, uint32_t flags);

/**
 * section_anchor - keep the memory of a section without keeping its name
 * @handle: The handle.
 *
 * An anchor can be mapped like a handle, with the same rights, but neither
 * keeps the name alive nor is counted as a handle.
 *
 * Return: the anchor, or -1 with the errors of section_duplicate().
 */
int section_anchor(int handle);

/**
 * section_query - ask for the properties of a section
 * @handle: A handle with SECTION_RIGHT_QUERY.
 * @info: Where to write them.
 * @name: Where to write the name, terminated, empty if it has none; or NULL.
 * @name_size: Room at @name; SECTION_NAME_SIZE is always enough.
 *
 * Return: 0, or -1 with errno: EACCES (@handle lacks SECTION_RIGHT_QUERY),
 * EBADF, EFAULT, ENOTTY (not a handle), ERANGE (the name does not fit).
 */
int section_query(int handle, struct section_info *info,
		  char *name, size_t name_size);

/**
 * section_close - close a handle or an anchor
 * @handle: The handle.
 *
 * Views of the section stay.  The descriptor is closed whatever happens, also
 * when a signal arrives; never call it again.
 *
 * Return: 0, or -1 with errno: EBADF.
 */
int section_close(int handle);

/* Views */

/**
 * section_map - map a view
 * @handle: The handle; it may be closed afterwards.
 * @prot: PROT_READ, PROT_WRITE, PROT_EXEC of <sys/mman.h>, or PROT_NONE.
 * @flags: 0 for a shared view, SECTION_MAP_PRIVATE for a copy-on-write one;
 *	SECTION_MAP_NO_INHERIT and SECTION_MAP_BEYOND of <linux/section.h>.
 * @offset: Where in the section it begins, a multiple of the page size.
 * @length: Length in bytes, 0 for all from @offset to the end.
 *
 * Return: the view, or NULL with errno:
 * EACCES (@handle lacks read, or write for a writable shared view, or execute
 * for an executable one), EAGAIN (no more memory may be locked, see
 * mlockall(2)), EBADF, EINVAL (unknown flag, odd @offset),
 * EEXIST (the section is based, and its address is not free),
 * ENODEV (the file system cannot do it), ENOMEM (memory, address space, too
 * many mappings), ENOTTY (not a handle), ENXIO (not inside the section),
 * EOPNOTSUPP (SECTION_MAP_BEYOND, and it is not a section of a file),
 * EOVERFLOW (@offset + @length), EPERM (security module, sealed memfd).
 */
void *section_map(int handle, int prot, uint32_t flags, uint64_t offset,
		  size_t length);

/**
 * section_map_all - map all of a section and learn how much that is
 * @handle: The handle; it may be closed afterwards.
 * @prot: As in section_map().
 * @flags: As in section_map().
 * @length: Set to the length of the view, rounded up to pages.
 *
 * Return: the view, or NULL with the errors of section_map().
 */
void *section_map_all(int handle, int prot, uint32_t flags, size_t *length);

/**
 * section_map_fixed - map a view at a chosen address
 * @handle: The handle; it may be closed afterwards.
 * @address: Where, a multiple of the page size, not NULL.
 * @prot: As in section_map().
 * @flags: As in section_map().
 * @offset: As in section_map().
 * @length: As in section_map().
 *
 * Never replaces anything that is mapped there.
 *
 * Return: @address, or NULL with the errors of section_map(), and
 * EEXIST (the range is not free), EINVAL (also: @address).
 */
void *section_map_fixed(int handle, void *address, int prot, uint32_t flags,
			uint64_t offset, size_t length);

/**
 * section_unmap - unmap a view, or a part of one
 * @address: Where, a multiple of the page size.
 * @length: Length in bytes, rounded up to pages.
 *
 * Nothing is lost by it: what was written to a shared view is in the section.
 * Does not look whether it is a view: unmaps whatever is there, as munmap(2).
 *
 * Return: 0, or -1 with errno: EINVAL (@address, or @length is 0),
 * ENOMEM (too many mappings).
 */
int section_unmap(void *address, size_t length);

/**
 * section_flush - write changes of a shared view to the file behind it
 * @address: First byte; any address inside the view.
 * @length: How many bytes.
 * @async: Only start writing, do not wait until it is on the disk.
 *
 * Other processes see changes at once, with or without it, by their views and
 * by read(2).  It is about surviving a crash of the machine, and does nothing
 * for anonymous memory or private views.
 *
 * Return: 0, or -1 with errno: EINVAL (@address + @length overflows),
 * ENOMEM (something there is not mapped), EIO or another error of the file
 * system (the data may not be on the disk).
 */
int section_flush(void *address, size_t length, bool async);

/* Executable images */

/**
 * SECTION_MAP_IMAGE_NO_EXECUTE - section_map_image() without anything to execute
 */
#define SECTION_MAP_IMAGE_NO_EXECUTE	(1U << 0)

/**
 * section_query_image - ask what an executable image is
 * @handle: A handle with SECTION_RIGHT_QUERY.
 * @info: Where to write it.
 *
 * Return: 0, or -1 with errno: EACCES (@handle lacks SECTION_RIGHT_QUERY), EBADF,
 * EFAULT, ENOEXEC (the section is not of an image), ENOTTY (not a handle).
 */
int section_query_image(int handle, struct section_image_info *info);

/**
 * section_image_segments - ask which segments an image has
 * @handle: A handle with SECTION_RIGHT_QUERY.
 * @info: Where to write what section_query_image() does.
 *
 * Return: @info->segments segments in ascending order, to be given to free(); or
 * NULL with the errors of section_query_image(), and ENOMEM.
 */
struct section_image_segment *
section_image_segments(int handle, struct section_image_info *info);

/**
 * section_map_image - map all segments of an executable image
 * @handle: A handle with SECTION_RIGHT_QUERY and SECTION_RIGHT_READ; with
 *	SECTION_RIGHT_EXECUTE if there is code, unless it shall not be executed; with
 *	SECTION_RIGHT_WRITE if there are segments that processes share.
 * @address: Where, a multiple of the page size; NULL for the base of the image, or
 *	a multiple of 64 KiB if that is taken: then the image is at another address
 *	than its pages are made for, and has to be relocated by the caller.  A based
 *	section is at its own base, or nowhere.
 * @flags: 0 or SECTION_MAP_IMAGE_NO_EXECUTE.
 * @length: Set to the length of the view, for section_unmap().
 *
 * Each segment has the protection that the image asks for; what is written to
 * stays with the process, but for segments that are shared.  Gaps cannot be
 * touched, and nothing else is mapped there.  Children of fork(2) have the view, too.
 *
 * Return: the image, or NULL with errno: EACCES (@handle lacks a right), EAGAIN
 * (mlockall, ulimit -l), EBADF, EEXIST (the range at @address, or at the base of a
 * based section, is not free), EINVAL (unknown flag, odd @address, another one than
 * that of a based section), ENOEXEC (the section is not of an image), ENOMEM (also: the
 * base of a based section is no address here), ENOTTY (not a handle), EPERM (@handle lacks SECTION_RIGHT_EXECUTE; security module; address
 * below vm.mmap_min_addr).
 */
void *section_map_image(int handle, void *address, uint32_t flags,
			size_t *length);

/**
 * section_query_view - ask which view an address is in
 * @address: Any address in the calling process.
 * @info: Where to write the answer.
 *
 * Works also when no handle is open any more.  A view of which a part was
 * changed by mprotect(2) or munmap(2) is reported as the part around @address.
 *
 * Return: 0, or -1 with errno: EFAULT (@address is not in a view), or the
 * errors of section_device_open().
 */
int section_query_view(const void *address, struct section_view_info *info);

/**
 * section_query_view_at - section_query_view() through an open device
 * @device: Descriptor of /dev/section, or SECTION_DEVICE_DEFAULT.
 * @address: As in section_query_view().
 * @info: As in section_query_view().
 *
 * Return: 0, or -1 with the errors of section_query_view(), EBADF or ENOTTY
 * (@device).
 */
int section_query_view_at(int device, const void *address,
			  struct section_view_info *info);

/* Memory */

/**
 * section_reserve - create a section of which nothing is committed
 * @name: The name, terminated, or NULL for a section without one.
 * @bytes: Size; rounded up to pages.
 *
 * It costs nothing, however large, until ranges of it are committed.
 *
 * Return: a handle, or -1 with the errors of section_create().
 */
int section_reserve(const char *name, uint64_t bytes);

/**
 * section_commit - make a range of a reserved section usable
 * @handle: A handle with SECTION_RIGHT_WRITE.
 * @offset: Where the range begins, a multiple of the page size.
 * @length: Its length, rounded up to pages, 0 for all from @offset to the end.
 *
 * All views, in all processes, can use it at once.  What is committed already,
 * or belongs to a section that is not reserved, stays as it is.
 *
 * Return: 0, or -1 with errno: EACCES (@handle lacks the right), EBADF,
 * EDQUOT (too many separate ranges, see max_commit_ranges), EINTR,
 * EINVAL (@offset), ENOMEM (memory or commit), ENOTTY (not a handle),
 * ENXIO (not inside the section), EOVERFLOW (@offset + @length).
 */
int section_commit(int handle, uint64_t offset, uint64_t length);

/**
 * section_decommit - give the memory of a range of a reserved section back
 * @handle: As in section_commit().
 * @offset: As in section_commit().
 * @length: As in section_commit().
 *
 * Its contents are gone, for everybody; only pages that private views have
 * copied stay with them.
 *
 * Return: 0, or -1 with the errors of section_commit(), and EOPNOTSUPP (the
 * section is not reserved).
 */
int section_decommit(int handle, uint64_t offset, uint64_t length);

/**
 * section_commit_view - section_commit() for what a view shows
 * @address: An address in a shared view that may be written to; the range
 *	begins with its page.
 * @length: Its length; its end is rounded up to pages.
 *
 * Needs no handle.
 *
 * Return: 0, or -1 with errno: EACCES (the view is private or can only be
 * read), EDQUOT, EFAULT (not in a view), EINTR, EINVAL (@length is 0), ENOMEM,
 * ENXIO (beyond the end of the section), EOVERFLOW (@address + @length), or the
 * errors of section_device_open().
 */
int section_commit_view(void *address, size_t length);

/**
 * section_decommit_view - section_decommit() for what a view shows
 * @address: As in section_commit_view().
 * @length: As in section_commit_view().
 *
 * Return: 0, or -1 with the errors of section_commit_view(), and EOPNOTSUPP (the
 * section is not reserved).
 */
int section_decommit_view(void *address, size_t length);

/**
 * section_commit_view_at - the last two through an open device
 * @device: Descriptor of /dev/section, or SECTION_DEVICE_DEFAULT.
 * @address: As in section_commit_view().
 * @length: As in section_commit_view().
 * @flags: 0, or SECTION_COMMIT_DECOMMIT.
 *
 * Return: 0, or -1 with the errors of section_decommit_view(), EBADF or ENOTTY
 * (@device).
 */
int section_commit_view_at(int device, void *address, size_t length,
			   uint32_t flags);

/**
 * section_extend - make a section of a file larger
 * @handle: A handle with SECTION_RIGHT_EXTEND.
 * @bytes: How large it is to be.
 * @now: Set to how large it is; may be NULL.
 *
 * The file grows with it.  Never makes anything smaller.  Views stay as they
 * are; those mapped with SECTION_MAP_BEYOND can be used up to the new end.
 *
 * Return: 0, or -1 with errno: EACCES (@handle lacks the right), EBADF,
 * EFBIG (the file cannot grow so far), ENOSPC, ENOTTY (not a handle),
 * EOPNOTSUPP (not a section of a file), EOVERFLOW (@bytes), EPERM (sealed
 * memfd), or another error of the file system.
 */
int section_extend(int handle, uint64_t bytes, uint64_t *now);

/**
 * section_populate - have the memory of a view now
 * @address: First byte; any address inside the view.
 * @length: How many bytes.
 * @write: Have it as if it were written to: what a private view copies then is
 *	copied now.
 *
 * Afterwards touching it does not fail for lack of memory (though it may be
 * swapped, unless it is locked).
 *
 * Return: 0, or -1 with errno: EFAULT (a part is beyond the end of the section
 * or of its file, or not committed), EINVAL (@write, and the view may not be
 * written to), ENOMEM (the memory cannot be had, or something there is not
 * mapped), EINTR.
 */
int section_populate(void *address, size_t length, bool write);

/** enum section_page - what section_query_pages() says about a page */
enum section_page {
	/** @SECTION_PAGE_ABSENT: this process has not touched it */
	SECTION_PAGE_ABSENT,
	/** @SECTION_PAGE_SHARED: it is the section's own */
	SECTION_PAGE_SHARED,
	/** @SECTION_PAGE_PRIVATE: it is this process' copy */
	SECTION_PAGE_PRIVATE,
};

/**
 * section_query_pages - ask which pages of a private view were copied
 * @address: Where the first page begins, a multiple of the page size.
 * @pages: How many pages.
 * @states: Set to an enum section_page for each of them.
 *
 * Reads /proc/self/pagemap.  The kernel may take pages that are the section's
 * own out of the process at any time, and they are absent then; copies never
 * change back.
 *
 * Return: 0, or -1 with errno: EACCES (the process may not look at itself, see
 * PR_SET_DUMPABLE), EINVAL (@address), EMFILE, ENFILE, ENOENT (no /proc),
 * ENOMEM (something there is not mapped).
 */
int section_query_pages(const void *address, size_t pages, uint8_t *states);

/* Names */

/**
 * section_list - list the named sections that the caller may query
 * @global: List the scope that all users share instead of the caller's own.
 * @count: Set to how many there are.
 *
 * Memory is allocated; not for signal handlers.  Asks again when sections were
 * created meanwhile.
 *
 * Return: an array of @count entries, to be freed by section_list_free() (also
 * if @count is 0), or NULL with errno: EINTR, ENOMEM, or the errors of
 * section_device_open().
 */
struct section_entry *section_list(bool global, size_t *count);

/**
 * section_list_at - section_list() with everything that can be chosen
 * @device: Descriptor of /dev/section, or SECTION_DEVICE_DEFAULT.
 * @scope_fd: Network namespace to list, or -1 for the caller's.
 * @global: As in section_list().
 * @count: As in section_list().
 *
 * Return: as section_list(), and EBADF, EINVAL (@scope_fd is not a network
 * namespace), ENOTTY (@device).
 */
struct section_entry *section_list_at(int device, int scope_fd, bool global,
				      size_t *count);

/**
 * section_list_free - free a list
 * @list: What section_list() returned, or NULL.
 */
void section_list_free(struct section_entry *list);

/* Errors */

/**
 * section_explain - say what an error means and what to do about it
 * @operation: What was tried.
 * @error: The value of errno after it.
 *
 * The sentence is English, begins in lower case and has no final full stop, so
 * that it can follow a colon.  Changes neither errno nor anything else.
 *
 * Return: a string that stays valid forever.
 */
const char *section_explain(enum section_operation operation, int error);

#ifdef __cplusplus
}
#endif

#endif /* SECTION_H */
