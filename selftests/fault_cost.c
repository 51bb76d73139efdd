// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a page fault through a section costs beside the same fault through a
 * memfd, and through a plain mapping of the same file.
 *
 * Prints ticks of the time-stamp counter, the median of single touches.  Under
 * QEMU's instruction counting a tick is one guest instruction (make
 * fault-cost); elsewhere it is a clock, and noisy.
 *
 * usage: fault_cost [DIRECTORY...]
 *
 * Each directory gets a file for the comparison with a plain mapping of it.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "section_util.h"

#define PAGES	4096UL
#define PAGE	4096UL
#define BYTES	(PAGES * PAGE)
#define ROUNDS	5

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static uint64_t ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc; lfence"
			 : "=a"(low), "=d"(high) :: "memory");
	return (uint64_t)high << 32 | low;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t median(uint64_t *samples, size_t count)
{
	qsort(samples, count, sizeof(*samples), compare);
	return samples[count / 2];
}

static char *map(int fd, int flags)
{
	char *view = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, flags,
				   fd, 0);

	if (view == MAP_FAILED)
		err(1, "mmap");
	return view;
}

static void unmap(char *view)
{
	munmap(view, BYTES);
}

/* Median of one touch, every @step pages; 16 is one touch for fault-around. */
static uint64_t touch(int fd, int flags, int write, unsigned long step)
{
	static uint64_t samples[PAGES];
	char *view = map(fd, flags);
	unsigned long i, n = 0;
	uint64_t start;

	for (i = 0; i < PAGES; i += step) {
		char *p = view + i * PAGE;

		start = ticks();
		if (write)
			__atomic_store_n(p, 1, __ATOMIC_RELAXED);
		else
			__atomic_load_n(p, __ATOMIC_RELAXED);
		samples[n++] = ticks() - start;
	}
	unmap(view);
	return median(samples, n);
}

/**
 * struct cost - one kind of fault
 * @name: what it is called
 * @fresh: whether the memory is new for each round
 * @flags: MAP_SHARED or MAP_PRIVATE
 * @write: whether the touch writes
 * @step: touch every so many pages
 */
struct cost {
	const char *name;
	int fresh;
	int flags;
	int write;
	unsigned long step;
};

static const struct cost costs[] = {
	{ "first touch, write", 1, MAP_SHARED, 1, 1 },
	{ "first touch, read", 1, MAP_SHARED, 0, 1 },
	{ "present page, write", 0, MAP_SHARED, 1, 1 },
	{ "present page, read (1 of 16)", 0, MAP_SHARED, 0, 16 },
	{ "copy on write", 0, MAP_PRIVATE, 1, 1 },
};

/* A section of a file, or an anonymous one for -1. */
static int new_section(int dev, int file)
{
	struct section_create args = {
		.size = sizeof(args),
		.scope_fd = -1,
		.bytes = BYTES,
		.prot = SECTION_PROT_READ | SECTION_PROT_WRITE,
		.rights = SECTION_RIGHTS_MAXIMUM,
		.file_fd = file,
		.mode = 0600,
		.gid = SECTION_CALLER_GROUP,
		.owner = SECTION_ANY_OWNER,
	};
	int fd = ioctl(dev, SECTION_IOC_CREATE, &args);

	if (fd < 0)
		err(1, "creating a section");
	return fd;
}

static int new_file(const char *dir)
{
	char path[4096];
	int fd;

	if (!dir) {
		fd = memfd_create("peer", MFD_CLOEXEC);
	} else {
		snprintf(path, sizeof(path), "%s/fault_cost.XXXXXX", dir);
		fd = mkstemp(path);
		unlink(path);
	}
	if (fd < 0 || ftruncate(fd, BYTES))
		err(1, "%s", dir ? dir : "memfd");
	return fd;
}

/* One round of both peers, the one right after the other. */
static void one_round(int dev, const char *dir, const struct cost *cost,
		      uint64_t *peer, uint64_t *section)
{
	int file = new_file(dir);
	int own = dir ? new_file(dir) : -1;
	int handle = new_section(dev, own);

	if (!cost->fresh) {
		touch(file, MAP_SHARED, 1, 1);
		touch(handle, MAP_SHARED, 1, 1);
	}
	*peer = touch(file, cost->flags, cost->write, cost->step);
	*section = touch(handle, cost->flags, cost->write, cost->step);
	close(handle);
	close(file);
	if (own >= 0)
		close(own);
}

static void report(int dev, const char *dir, const struct cost *cost)
{
	uint64_t peer[ROUNDS], section[ROUNDS];
	int i;

	for (i = 0; i < ROUNDS; i++)
		one_round(dev, dir, cost, &peer[i], &section[i]);
	printf("%-30s %-12s %8lu %8lu  %.4f\n", cost->name,
	       dir ? dir : "memfd", (unsigned long)median(peer, ROUNDS),
	       (unsigned long)median(section, ROUNDS),
	       (double)median(section, ROUNDS) / median(peer, ROUNDS));
}

int main(int argc, char **argv)
{
	int dev = open("/dev/section", O_RDWR | O_CLOEXEC);
	size_t i;
	int d;

	if (dev < 0)
		err(1, "/dev/section");
	printf("%-30s %-12s %8s %8s  %s\n", "fault", "peer", "peer",
	       "section", "ratio");
	for (d = 0; d < argc; d++)
		for (i = 0; i < ARRAY_SIZE(costs); i++)
			report(dev, d ? argv[d] : NULL, &costs[i]);
	return 0;
}
