/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * How much memory processes use for a DLL.
 */
#ifndef IMAGE_MEASURE_H
#define IMAGE_MEASURE_H

#include "loader.h"

enum measure_how {
	MEASURE_SECTION,	/* a section of its image */
	MEASURE_COPY,		/* read and relocated by each process */
	MEASURE_NATIVE,		/* no DLL, but a shared library of Linux, mapped */
};

/* In bytes. */
struct memory {
	size_t resident;
	size_t proportional;	/* what is shared, divided by those who share it */
	size_t private_dirty;
};

/*
 * Has this number of processes load a DLL or library and read all of it.  When all
 * have done so, each looks at how much memory it takes, and writes it to
 * @memory[number].
 * Returns 0, or -1 with a sentence in @error, of LOADER_ERROR bytes.
 */
int measure_processes(const char *path, enum measure_how how, int processes,
		      struct memory *memory, char *error);

/* The memory of this process in a range of addresses.  Returns 0 or -1. */
int measure_range(const void *start, size_t length, struct memory *memory);

/* Reads a byte of every page of a DLL. */
void measure_read(const struct loader_dll *dll);

#endif /* IMAGE_MEASURE_H */
