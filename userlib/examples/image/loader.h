/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * A small loader of Windows DLLs for x86-64: an example of what sections of
 * executable images are for.
 *
 * It loads DLLs that are given together, which may import from each other, by
 * name and by ordinal, and calls their DllMain().  There is no thread-local
 * storage, and there are no delayed imports: DLLs that have them are refused.  So
 * are forwarded exports.  Nobody looks for DLLs that were not given; there is no
 * Windows behind them.  Resources are of no interest to it.
 *
 * What a DLL says about itself is checked before it is used: a DLL that is broken
 * is refused.  What its code does when it is called is its own affair.
 */
#ifndef IMAGE_LOADER_H
#define IMAGE_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <section.h>

#include "pe.h"

/* How code in DLLs is called. */
#ifdef __x86_64__
#define LOADER_API	__attribute__((ms_abi))
#else
#define LOADER_API
#endif

#define LOADER_ERROR	256

/* Flags of loader_load(): */

/*
 * Do without sections: read the DLL into memory of the process's own, and
 * relocate it there.
 */
#define LOADER_COPY	(1U << 0)
/* Call no DllMain(). */
#define LOADER_IDLE	(1U << 1)

struct loader_dll {
	const char *name;		/* the last part of its path */
	char *start;			/* where it is */
	size_t length;
	struct section_image_segment *segments;
	uint32_t segment_count;
	struct pe_nt nt;
	bool *needs;			/* which others, by number */
	bool visited;
};

/* DLLs that were loaded in one go. */
struct loader {
	struct loader_dll *dlls;
	size_t count;
	size_t *attached;		/* numbers of those, in this order */
	size_t attached_count;
	size_t imports;
	unsigned int flags;
	char error[LOADER_ERROR];	/* what is wrong, if something is */
};

/*
 * Loads @count DLLs.  Returns 0, or -1 with a sentence in @loader->error; then
 * nothing is left of any of them.
 */
int loader_load(struct loader *loader, const char *const *paths, size_t count,
		unsigned int flags);

/* Calls DllMain() for the last time, and unmaps all of them. */
void loader_unload(struct loader *loader);

/*
 * The address of what a DLL exports by a name, or by an ordinal if the name is
 * NULL.  Returns NULL with a sentence in @loader->error if it does not.
 */
void *loader_find(struct loader *loader, const char *dll, const char *name,
		  uint32_t ordinal);

/* The DLL of this name, as in file names of Windows, or NULL. */
struct loader_dll *loader_dll(const struct loader *loader, const char *name);

/* The parts of it: */

/* Notes what is wrong.  Returns -1. */
int loader_fail(struct loader *loader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Set in the flags of a segment while it may be written to. */
#define LOADER_OPENED	(1U << 31)

/* copy.c: fills in where @dll is and its segments.  Returns 0 or -1. */
int loader_copy(struct loader *loader, struct loader_dll *dll, int file);

/* Finds the headers in the first bytes of an image. */
bool loader_headers(const char *start, size_t length, struct pe_nt *nt,
		    size_t *sections);

#endif /* IMAGE_LOADER_H */
