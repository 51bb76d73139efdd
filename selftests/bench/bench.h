/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What sections and their peers cost, operation by operation.
 *
 * An operation has one contender for each way of doing it.  Contenders take
 * turns, round by round, so that what changes in the machine meanwhile changes
 * for all of them.
 */
#ifndef SECTION_BENCH_H
#define SECTION_BENCH_H

#include <stddef.h>
#include <stdint.h>

#include <section.h>

#include "measure.h"

#define LARGE_PAGE	(2UL << 20)

extern const struct operation bench_objects[], bench_views[], bench_faults[],
			      bench_memory[], bench_images[];

extern const size_t bench_objects_count, bench_views_count, bench_faults_count,
		    bench_memory_count, bench_images_count;

/* Where the files are that are mapped; NULL if the machine has no ext4. */
extern const char *bench_tmpfs, *bench_ext4;

/* Opened once, as a program does that makes more than one section. */
extern int bench_device;

/* Print a figure that is no cost: how much memory a way of working takes. */
void bench_figure(const char *id, const char *text, const char *contender,
		  const char *unit, long value);

void bench_memory_use(void);
int bench_parallel(void);

/* What cannot fail here; says what it was, and ends the program. */
#define MUST(what) bench_must((long)(what), #what)

static inline long bench_failed(long result)
{
	return result < 0;
}

long bench_must(long result, const char *what);
void *bench_map(int fd, size_t length, int flags);

/* A section with the usual attributes; no name is NULL. */
int bench_section(const char *name, uint64_t bytes, uint32_t flags);

#endif /* SECTION_BENCH_H */
