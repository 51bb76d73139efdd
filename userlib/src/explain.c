// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * What an error means, and what to do about it.
 */
#include "internal.h"

#include <errno.h>

#define ANY	(~0U)
#define OP(name)	(1U << SECTION_OP_##name)
#define NAMING	(OP(CREATE) | OP(OPEN))
#define HANDLE	(OP(DUPLICATE) | OP(QUERY) | OP(MAP) | OP(COMMIT) | OP(EXTEND))

/* The first line that has both the operation and the error applies. */
static const struct {
	unsigned int operations;
	int error;
	const char *sentence;
} sentences[] = {
	{ ANY, ENOSYS,
	  "there are no sections here: load the module (modprobe section), or let this process see /dev/section" },

	{ OP(CREATE), EACCES,
	  "the rights asked for are more than the protection of the section or its mode allows, or the file is not open for reading (and for writing, if the section is to be writable), or has the append-only attribute" },
	{ OP(OPEN), EACCES,
	  "the section exists but does not grant these rights to this user: ask for fewer, or let its owner create it with another mode" },
	{ OP(QUERY), EACCES,
	  "the handle lacks the right to query: open or duplicate it with SECTION_RIGHT_QUERY" },
	{ OP(DUPLICATE), EACCES,
	  "a duplicate cannot have rights that the handle lacks: ask for fewer" },
	{ OP(MAP), EACCES,
	  "the handle lacks a right: every view needs read, a writable shared view write, an executable view execute" },

	{ OP(COMMIT), EACCES,
	  "only who may write to a section may commit its memory: use a handle with the write right, or a shared view of one" },
	{ OP(EXTEND), EACCES,
	  "the handle lacks the right to extend: open or duplicate it with SECTION_RIGHT_EXTEND; sections that are not writable never give it" },
	{ OP(QUERY_PAGES), EACCES,
	  "this process may not look at its own pages: it is not dumpable (prctl PR_SET_DUMPABLE)" },

	{ NAMING | OP(MAP), EAGAIN,
	  "this process locks all its memory (mlockall) and may lock no more: raise ulimit -l" },

	{ OP(CREATE), EBADF,
	  "the descriptor of the file, of the scope or of the device is not open" },
	{ OP(OPEN) | OP(LIST), EBADF,
	  "the descriptor of the scope or of the device is not open" },
	{ ANY, EBADF, "the descriptor is not open" },

	{ OP(CREATE), EBUSY,
	  "something else forbids it for now: try again later" },
	{ OP(CREATE), EDQUOT,
	  "this user has as many sections, or this network namespace as many names, as allowed: close some, or raise the module parameters max_user_sections and max_names" },
	{ OP(COMMIT), EDQUOT,
	  "the section has as many separate committed ranges as allowed: commit larger ranges, or raise the module parameter max_commit_ranges" },
	{ OP(CREATE), EEXIST,
	  "a section of this name exists: choose another name, open it, or use section_create_or_open()" },
	{ OP(MAP), EEXIST,
	  "something is mapped in the range that was chosen, or that the section has in all processes: choose another address, or let the system choose" },
	{ OP(QUERY_VIEW), EFAULT, "the address is not in a view of a section" },
	{ OP(COMMIT), EFAULT,
	  "the range is not in a view of a section, or in views that do not continue each other" },
	{ OP(POPULATE), EFAULT,
	  "a part of the range is beyond the end of the section or of its file, or not committed" },
	{ ANY, EFAULT, "a pointer does not point to accessible memory" },
	{ OP(CREATE), EFBIG,
	  "the size is beyond the end of the file, and the file cannot be grown: make the section writable, make it smaller, or check ulimit -f" },
	{ OP(EXTEND), EFBIG,
	  "the file cannot grow so far: check ulimit -f and what the file system can do" },
	{ NAMING | OP(LIST) | OP(COMMIT), EINTR, "a signal arrived while waiting: try again" },
	{ NAMING, EINVAL,
	  "bad argument: a name has 1 to 1023 bytes of UTF-8 without '/' and '\\', a section without a file needs a size, unknown flags are refused" },
	{ OP(DUPLICATE), EINVAL,
	  "bad argument: unknown rights or flags, or a duplicate of an anchor that is not asked for as an anchor" },
	{ OP(MAP) | OP(UNMAP), EINVAL,
	  "bad argument: offset and address must be multiples of the page size, unknown flags are refused" },
	{ OP(LIST), EINVAL,
	  "the descriptor of the scope is not a network namespace" },
	{ OP(FLUSH), EINVAL, "the range is not a valid range of addresses" },
	{ NAMING, EKEYREJECTED,
	  "the section of this name belongs to another user than expected: do not trust its contents" },
	{ OP(DUPLICATE) | NAMING, EMFILE,
	  "this process has too many open descriptors: close some, or raise ulimit -n" },
	{ ANY, EMFILE, "this process has too many open descriptors" },
	{ ANY, ENFILE, "the system has too many open files" },
	{ NAMING, ENAMETOOLONG,
	  "the name is longer than 1023 bytes" },
	{ OP(CREATE), ENODATA,
	  "the file is empty: give a size" },
	{ OP(CREATE), ENODEV,
	  "this kind of file cannot back a section: it must be a regular file whose file system maps it from the page cache" },
	{ OP(MAP), ENODEV,
	  "the file system maps this file in a way that sections cannot use (DAX, device memory)" },
	{ OP(OPEN), ENOENT,
	  "no section has this name here: its creator has not started or has ended, runs as another user or in another network namespace, or used the global scope" },
	{ OP(CREATE), ENOMEM,
	  "not enough memory, or more than the system accounts (see vm.overcommit_memory): make the section smaller" },
	{ OP(MAP) | OP(UNMAP), ENOMEM,
	  "not enough memory or address space, or too many mappings (see vm.max_map_count)" },
	{ OP(FLUSH), ENOMEM, "a part of the range is not mapped" },
	{ OP(COMMIT), ENOMEM,
	  "not enough memory, or more than the system accounts (see vm.overcommit_memory): commit less" },
	{ OP(POPULATE), ENOMEM,
	  "the memory cannot be had, or a part of the range is not mapped" },
	{ OP(QUERY_PAGES), ENOENT, "there is no /proc here" },
	{ OP(CREATE) | OP(EXTEND), ENOSPC, "the file system is full" },
	{ OP(CREATE), EOPNOTSUPP,
	  "this kernel has no large pages, or the file system cannot allocate space ahead: do without" },
	{ OP(COMMIT), EOPNOTSUPP,
	  "only reserved sections can be decommitted: create it with SECTION_CREATE_RESERVE" },
	{ OP(MAP) | OP(EXTEND), EOPNOTSUPP,
	  "only sections of files can be extended" },
	{ OP(COMMIT), ENOTTY,
	  "the descriptor is not a handle of a section, or not of /dev/section" },
	{ NAMING | OP(LIST) | OP(VERSION) | OP(QUERY_VIEW), ENOTTY,
	  "the descriptor is not one of /dev/section" },
	{ HANDLE, ENOTTY, "the descriptor is not a handle of a section" },
	{ OP(MAP) | OP(COMMIT), ENXIO,
	  "the range is not inside the section: check offset and length against its size" },
	{ OP(CREATE) | OP(EXTEND), EOVERFLOW,
	  "the size is larger than any section can be" },
	{ OP(MAP) | OP(COMMIT), EOVERFLOW, "the offset and the length together are too large" },
	{ OP(CREATE), EPERM,
	  "policy forbids it: /dev/section may not be opened, the file is on a noexec mount or sealed, the global scope is restricted, the group is not one of the caller's, or a security module refused" },
	{ OP(OPEN), EPERM,
	  "policy forbids it: /dev/section may not be opened, or this user may not map the section's file like that (noexec mount, security module)" },
	{ OP(MAP), EPERM,
	  "policy forbids it: a security module refused, or the memfd behind the section was sealed: map through a duplicate without the write right" },
	{ OP(EXTEND), EPERM, "the memfd behind the section is sealed" },
	{ ANY, EPERM, "policy forbids it: /dev/section may not be opened" },
	{ OP(QUERY), ERANGE,
	  "the name does not fit: a buffer of SECTION_NAME_SIZE bytes is always large enough" },
	{ NAMING, ETXTBSY,
	  "the file is swap space, or a program that is running" },

	{ ANY, E2BIG,
	  "the program uses a newer interface than this module has: update the module" },
	{ OP(FLUSH), EIO, "the data could not be written to the disk" },
	{ ANY, ENOMEM, "not enough memory" },
	{ ANY, EINTR, "a signal arrived: try again" },
	{ ANY, EINVAL, "bad argument" },
	{ ANY, 0, "no error" },
};

const char *section_explain(enum section_operation operation, int error)
{
	size_t i;

	for (i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
		if (sentences[i].error == error &&
		    sentences[i].operations & (1U << operation))
			return sentences[i].sentence;
	}
	return "unexpected error, probably of the file system behind the section: see its errno";
}
