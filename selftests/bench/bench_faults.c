// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults.  A run touches all pages of a range: where a touch prepares the
 * next ones, single touches say nothing.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include "bench.h"
#include "bench_names.h"

/* What a run touches, and the object behind it. */
static char *view;
static int object = -1;

/* What is touched when the order is random: each page once. */
static uint32_t order[PAGES];

static void shuffle(void)
{
	uint32_t seed = 2463534242, i, j, swap;

	for (i = 0; i < PAGES; i++)
		order[i] = i;
	for (i = PAGES - 1; i; i--) {
		seed ^= seed << 13;
		seed ^= seed >> 17;
		seed ^= seed << 5;
		j = seed % (i + 1);
		swap = order[i];
		order[i] = order[j];
		order[j] = swap;
	}
}

static void write_pages(unsigned int run)
{
	size_t i;

	(void)run;
	for (i = 0; i < PAGES; i++)
		bench_write(view + i * PAGE);
}

static void write_random(unsigned int run)
{
	size_t i;

	(void)run;
	for (i = 0; i < PAGES; i++)
		bench_write(view + order[i] * PAGE);
}

static void read_pages(unsigned int run)
{
	size_t i;

	(void)run;
	for (i = 0; i < PAGES; i++)
		bench_read(view + i * PAGE);
}

/* One touch for each page of a large page, or one for all of them. */
static void write_large(unsigned int run)
{
	size_t at;

	(void)run;
	for (at = 0; at < RANGE; at += LARGE_PAGE)
		bench_write(view + at);
}

static void gone(void)
{
	munmap(view, RANGE);
	close(object);
}

static void unmapped(void)
{
	munmap(view, RANGE);
}

/* Fresh memory; only small pages, unless a benchmark is about large ones. */

static void section_fresh(void)
{
	object = bench_section(NULL, RANGE, 0);
	view = bench_map(object, RANGE, MAP_SHARED);
	shuffle();
}

static void memfd_fresh(void)
{
	object = bench_memfd(RANGE);
	view = bench_map(object, RANGE, MAP_SHARED);
	shuffle();
}

static void shm_fresh(void)
{
	object = bench_shm_create(0);
	shm_unlink(bench_shm_name(0));
	MUST(ftruncate(object, RANGE));
	view = bench_map(object, RANGE, MAP_SHARED);
	shuffle();
}

static void sysv_fresh(void)
{
	int id = MUST(shmget(IPC_PRIVATE, RANGE, IPC_CREAT | 0600));

	view = shmat(id, NULL, 0);
	if (view == (void *)-1)
		err(1, "shmat");
	shmctl(id, IPC_RMID, NULL);
	shuffle();
}

static void sysv_gone(void)
{
	shmdt(view);
}

static void mmap_fresh(void)
{
	view = bench_map(-1, RANGE, MAP_SHARED | MAP_ANONYMOUS);
	shuffle();
}

static void section_large(void)
{
	object = bench_section(NULL, RANGE, SECTION_CREATE_LARGE);
	view = bench_map(object, RANGE, MAP_SHARED);
}

/* A memfd's views are not aligned by themselves. */
static char *room;

static void memfd_large(void)
{
	uintptr_t at;

	object = bench_memfd(RANGE);
	room = mmap(NULL, RANGE + LARGE_PAGE, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	at = ((uintptr_t)room + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
	view = mmap((void *)at, RANGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED, object, 0);
	if (view == MAP_FAILED)
		err(1, "mmap");
	MUST(madvise(view, RANGE, MADV_HUGEPAGE));
}

static void memfd_large_gone(void)
{
	munmap(room, RANGE + LARGE_PAGE);
	close(object);
}

/* Memory that is there, and whose pages this process has not mapped yet. */

static int present_section = -1, present_memfd = -1;

static int present(int fd)
{
	view = bench_map(fd, RANGE, MAP_SHARED);
	write_pages(0);
	munmap(view, RANGE);
	return fd;
}

static int the_section(void)
{
	if (present_section < 0)
		present_section = present(bench_section(NULL, RANGE, 0));
	return present_section;
}

static int the_memfd(void)
{
	if (present_memfd < 0)
		present_memfd = present(bench_memfd(RANGE));
	return present_memfd;
}

static void section_shared(void)
{
	view = bench_map(the_section(), RANGE, MAP_SHARED);
}

static void memfd_shared(void)
{
	view = bench_map(the_memfd(), RANGE, MAP_SHARED);
}

static void section_private(void)
{
	view = bench_map(the_section(), RANGE, MAP_PRIVATE);
}

static void memfd_private(void)
{
	view = bench_map(the_memfd(), RANGE, MAP_PRIVATE);
}

static void section_private_read(void)
{
	section_private();
	read_pages(0);
}

static void memfd_private_read(void)
{
	memfd_private();
	read_pages(0);
}

/* Files, all of which are in the page cache. */

static int new_file(const char *dir)
{
	static char part[1 << 20];
	char path[4096];
	size_t at;
	int fd;

	snprintf(path, sizeof(path), "%s/bench.XXXXXX", dir);
	fd = MUST(mkstemp(path));
	unlink(path);
	memset(part, 'f', sizeof(part));
	for (at = 0; at < RANGE; at += sizeof(part))
		MUST(write(fd, part, sizeof(part)));
	MUST(fsync(fd));
	return fd;
}

static int file_of(const char *dir)
{
	static const char *dirs[2];
	static int fds[2];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dirs) && dirs[i]; i++)
		if (dirs[i] == dir)
			return fds[i];
	dirs[i] = dir;
	fds[i] = new_file(dir);
	return fds[i];
}

/* The view of a section of the file, or of the file itself. */
static void file_view(const char *dir, bool section, int flags)
{
	struct section_attributes a = SECTION_ATTRIBUTES_INIT;

	a.file_fd = file_of(dir);
	object = section ? MUST(section_create_at(bench_device, NULL, &a, NULL)) :
			   MUST(dup(a.file_fd));
	view = bench_map(object, RANGE, flags);
}

static void section_tmpfs(void)
{
	file_view(bench_tmpfs, true, MAP_SHARED);
}

static void mmap_tmpfs(void)
{
	file_view(bench_tmpfs, false, MAP_SHARED);
}

static void section_ext4(void)
{
	file_view(bench_ext4, true, MAP_SHARED);
}

static void mmap_ext4(void)
{
	file_view(bench_ext4, false, MAP_SHARED);
}

static void section_ext4_private(void)
{
	file_view(bench_ext4, true, MAP_PRIVATE);
}

static void mmap_ext4_private(void)
{
	file_view(bench_ext4, false, MAP_PRIVATE);
}

/* Clean pages again, so that the next round's writes fault as this one's. */
static void written_gone(void)
{
	munmap(view, RANGE);
	MUST(fsync(file_of(bench_ext4)));
	close(object);
}

#define FRESH(touch) {							\
	{ "section", section_fresh, touch, .teardown = gone },		\
	{ "memfd", memfd_fresh, touch, .teardown = gone },		\
	{ "shm_open", shm_fresh, touch, .teardown = gone },		\
	{ "System V", sysv_fresh, touch, .teardown = sysv_gone },	\
	{ "mmap", mmap_fresh, touch, .teardown = unmapped },		\
}

#define PRESENT(kind, touch) {						\
	{ "section", section_ ## kind, touch, .teardown = unmapped },	\
	{ "memfd", memfd_ ## kind, touch, .teardown = unmapped },	\
}

#define FILES(kind, touch, after) {					\
	{ "section", section_ ## kind, touch, .teardown = after },	\
	{ "mmap", mmap_ ## kind, touch, .teardown = after },		\
}

#define RANGE_OF(name, what) name, what, 1, 3, PAGES

const struct operation bench_faults[] = {
	{ RANGE_OF("first_write", "first write, in order, per page"),
	  FRESH(write_pages) },
	{ RANGE_OF("first_write_random",
		   "first write, in random order, per page"),
	  FRESH(write_random) },
	{ RANGE_OF("first_read", "first read, in order, per page"),
	  FRESH(read_pages) },
	{ RANGE_OF("first_large",
		   "first write with large pages, per small page"), {
		{ "section", section_large, write_large, .teardown = gone },
		{ "memfd", memfd_large, write_large,
		  .teardown = memfd_large_gone },
	} },
	{ RANGE_OF("present_write", "write to a present page"),
	  PRESENT(shared, write_pages) },
	{ RANGE_OF("present_read", "read of a present page"),
	  PRESENT(shared, read_pages) },
	{ RANGE_OF("cow", "copy on write, page not read before"),
	  PRESENT(private, write_pages) },
	{ RANGE_OF("cow_read", "copy on write, page read before"),
	  PRESENT(private_read, write_pages) },
	{ RANGE_OF("tmpfs_read", "read of a cached page of a tmpfs file"),
	  FILES(tmpfs, read_pages, gone) },
	{ RANGE_OF("tmpfs_write", "write to a cached page of a tmpfs file"),
	  FILES(tmpfs, write_pages, gone) },
	{ RANGE_OF("ext4_read", "read of a cached page of an ext4 file"),
	  FILES(ext4, read_pages, gone) },
	{ RANGE_OF("ext4_write", "write to a clean cached page of an ext4 file"),
	  FILES(ext4, write_pages, written_gone) },
	{ RANGE_OF("ext4_cow", "copy on write of an ext4 file's page"),
	  FILES(ext4_private, write_pages, gone) },
};

const size_t bench_faults_count = ARRAY_SIZE(bench_faults);
