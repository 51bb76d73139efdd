/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Shared libraries of Linux, as far as it takes to measure their memory.
 */
#ifndef IMAGE_NATIVE_H
#define IMAGE_NATIVE_H

#include <link.h>
#include <stddef.h>

#define NATIVE_SEGMENTS	8

struct native {
	char *start;
	size_t length;		/* with what is between the segments */
	size_t segment_count;
	ElfW(Phdr) segments[NATIVE_SEGMENTS];
};

/*
 * Maps the segments of a library to where they belong, as ld.so(8) does it; it needs
 * no other library, no relocation, and no variables that are not in the file.
 * Nothing of it is called.  Returns 0, or -1 with errno; ENOEXEC is a file that is
 * no such library.
 */
int native_map(const char *path, struct native *library);

#endif /* IMAGE_NATIVE_H */
