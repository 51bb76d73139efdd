// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * How much memory do processes need that all load the same DLL of 20 MB, which is
 * aligned as linkers do it, and relocated?  Each reads all of it.  Measured is what
 * each takes: its proportional share, and what it has for itself alone and would
 * have to be swapped.
 *
 * image_memory DIRECTORY LIBRARY: the directory gets the DLL for a while, and the
 * shared library, large.so, is measured beside it
 *
 * The library has to be on a disk, and written to it (sync): on tmpfs its pages are
 * nowhere else, so they always count as modified, and the comparison would tell
 * nothing.  Pages of a section of an image do not, wherever the DLL is.
 */
#include "make.h"
#include "measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DLL_BYTES	(20 << 20)
#define MB		(1024.0 * 1024)
#define HOWS		3
#define MOST		32

static const int processes[] = { 1, 2, 8, MOST };

/* The mean of all processes, of which none may be forgotten. */
static struct memory mean(const struct memory *memory, int count)
{
	struct memory sum = { 0 };
	int i;

	for (i = 0; i < count; i++) {
		sum.proportional += memory[i].proportional;
		sum.private_dirty += memory[i].private_dirty;
	}
	sum.proportional /= (size_t)count;
	sum.private_dirty /= (size_t)count;
	return sum;
}

static int print_row(const char *dll, const char *library, int count)
{
	static struct memory memory[MOST];
	char error[LOADER_ERROR];
	struct memory each;
	int how;

	printf("%9d", count);
	for (how = 0; how < HOWS; how++) {
		if (measure_processes(how == MEASURE_NATIVE ? library : dll, how,
				      count, memory, error)) {
			printf("\n");
			fprintf(stderr, "image_memory: %s\n", error);
			return 1;
		}
		each = mean(memory, count);
		printf("  %7.2f %7.2f", each.proportional / MB,
		       each.private_dirty / MB);
		fflush(stdout);
	}
	printf("\n");
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;
	char path[4096];
	size_t i;

	if (argc != 3) {
		fprintf(stderr, "usage: image_memory DIRECTORY LIBRARY\n");
		return 2;
	}
	snprintf(path, sizeof(path), "%s/large-%d.dll", argv[1], getpid());
	if (make_dll(path, DLL_BYTES, 512)) {
		fprintf(stderr, "image_memory: %s: %s\n", path,
			strerror(errno));
		return 1;
	}
	printf("MB of each  section of image   read and copied  Linux's library\n");
	printf("processes     share   dirty     share   dirty    share   dirty\n");
	for (i = 0; i < sizeof(processes) / sizeof(*processes) && !failed; i++)
		failed = print_row(path, argv[2], processes[i]);
	unlink(path);
	return failed;
}
