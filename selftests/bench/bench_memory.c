// SPDX-License-Identifier: GPL-2.0-only
/*
 * Committing memory, and giving it back.
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "bench_names.h"

#define GB		(1UL << 30)
#define RESERVATION	(8UL << 40)

/* One page in 64 is touched: no pattern to go ahead of. */
#define SPARSE		64

static int object;
static char *view;

static void section_reserved(void)
{
	object = bench_section(NULL, RESERVATION, SECTION_CREATE_RESERVE);
}

static void section_drop(void)
{
	close(object);
}

static void section_commit_page(unsigned int i)
{
	MUST(section_commit(object, i * 2 * PAGE, PAGE));
}

static void section_commit_gb(unsigned int i)
{
	MUST(section_commit(object, i * 2 * GB, GB));
}

/* What a program does without sections: memory without access, then with it. */
static void mmap_reserved(void)
{
	view = mmap(NULL, RESERVATION, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (view == MAP_FAILED)
		err(1, "mmap");
}

static void mmap_drop(void)
{
	munmap(view, RESERVATION);
}

static void mmap_commit_page(unsigned int i)
{
	MUST(mprotect(view + i * 2 * PAGE, PAGE, PROT_READ | PROT_WRITE));
}

static void mmap_commit_gb(unsigned int i)
{
	MUST(mprotect(view + i * 2 * GB, GB, PROT_READ | PROT_WRITE));
}

/* A process that has touched all of an object that nobody else has. */

static pid_t holder;
static unsigned long shared_before;

static unsigned long shared_now(void)
{
	struct sysinfo info;

	MUST(sysinfo(&info));
	return info.sharedram;
}

static void hold(int fd)
{
	char *mine = bench_map(fd, RANGE, MAP_SHARED);
	size_t i;

	for (i = 0; i < RANGE; i += PAGE)
		bench_write(mine + i);
}

static void start_holder(int (*make)(void))
{
	int ready[2];
	char byte;

	shared_before = shared_now();
	MUST(pipe(ready));
	holder = MUST(fork());
	if (!holder) {
		hold(make());
		MUST(write(ready[1], "", 1));
		for (;;)
			pause();
	}
	if (read(ready[0], &byte, 1) != 1)
		err(1, "the holder");
	close(ready[0]);
	close(ready[1]);
}

static int make_section(void)
{
	return bench_section("killed", RANGE, 0);
}

static int make_memfd(void)
{
	return bench_memfd(RANGE);
}

static void section_holder(void)
{
	start_holder(make_section);
}

static void memfd_holder(void)
{
	start_holder(make_memfd);
}

static void kill_holder(unsigned int i)
{
	(void)i;
	kill(holder, SIGKILL);
	MUST(waitpid(holder, NULL, 0));
	/* A page of noise: the machine is not quite still. */
	while (shared_now() > shared_before + RANGE / 2)
		usleep(10);
}

/* A page by itself must not bring its neighbours. */
static void sparse(const char *contender, int fd)
{
	unsigned long before = shared_now();
	size_t i;

	view = bench_map(fd, RANGE, MAP_SHARED);
	for (i = 0; i < PAGES; i += SPARSE)
		bench_write(view + i * PAGE);
	bench_figure("memory_sparse", "memory of one page touched in 64",
		     contender, "kB", (shared_now() - before) / 1024);
	munmap(view, RANGE);
	close(fd);
}

void bench_memory_use(void)
{
	sparse("section", bench_section(NULL, RANGE, 0));
	sparse("memfd", bench_memfd(RANGE));
}

const struct operation bench_memory[] = {
	{ "commit_page", "commit one page of 8 TiB", 200,
	  .contenders = {
		{ "section", section_reserved, section_commit_page,
		  .teardown = section_drop },
		{ "mprotect", mmap_reserved, mmap_commit_page,
		  .teardown = mmap_drop },
	} },
	{ "commit_gb", "commit 1 GiB of 8 TiB", 20, 3,
	  .contenders = {
		{ "section", section_reserved, section_commit_gb,
		  .teardown = section_drop },
		{ "mprotect", mmap_reserved, mmap_commit_gb,
		  .teardown = mmap_drop },
	} },
	{ "kill", "SIGKILL until 64 MiB are free again, per page", 1, 9, PAGES,
	  .contenders = {
		{ "section", section_holder, .run = kill_holder },
		{ "memfd", memfd_holder, .run = kill_holder },
	} },
};

const size_t bench_memory_count = ARRAY_SIZE(bench_memory);
