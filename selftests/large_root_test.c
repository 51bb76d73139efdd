// SPDX-License-Identifier: GPL-2.0-only
/*
 * Large pages, and what they must not reach.
 *
 * Root reads counters and changes what the machine does about large pages; the
 * parent of each test puts that back, however the test ends.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"

#define RW		(PROT_READ | PROT_WRITE)
#define MB		(1L << 20)
#define HUGE		(2 * MB)
#define THP		"/sys/kernel/mm/transparent_hugepage/"
#define SHMEM_ENABLED	THP "shmem_enabled"
#define OVERCOMMIT	"/proc/sys/vm/overcommit_memory"
#define NOISE		(512L << 10)

/* A figure of /proc/self/smaps in bytes, of the mapping at address. */
static long view_figure(const void *address, const char *key)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	unsigned long from, to;
	bool here = false;
	char line[512];
	long sum = -1;

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = (uintptr_t)address >= from &&
			       (uintptr_t)address < to;
		else if (here && !strncmp(line, key, strlen(key)))
			sum = strtol(line + strlen(key), NULL, 10) * 1024;
	}
	fclose(file);
	return sum;
}

FIXTURE(large) {
	int dev;
	int fds;
	size_t page;
	long sections, before, shmem;
	char shmem_enabled[128];
	char overcommit[32];
};

FIXTURE_SETUP(large)
{
	ASSERT_EQ(0, geteuid()) {
		TH_LOG("this test needs root");
	}
	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	if (sec_read_file(SHMEM_ENABLED, self->shmem_enabled,
			  sizeof(self->shmem_enabled)) < 0)
		SKIP(return, "no large pages");
	sec_setting(self->shmem_enabled);
	ASSERT_LT(0, sec_read_file(OVERCOMMIT, self->overcommit,
				   sizeof(self->overcommit)));
	/* Without this, large pages are a matter of luck. */
	sec_write_file("/proc/sys/vm/drop_caches", "3");
	sec_write_file("/proc/sys/vm/compact_memory", "1");
	self->fds = sec_count_fds();
	self->sections = sec_counter("sections");
	self->before = sec_meminfo("Committed_AS:");
	self->shmem = sec_meminfo("Shmem:");
}

FIXTURE_TEARDOWN_PARENT(large)
{
	if (self->overcommit[0]) {
		EXPECT_EQ(0, sec_write_file(SHMEM_ENABLED,
					    self->shmem_enabled));
		EXPECT_EQ(0, sec_write_file(OVERCOMMIT, self->overcommit));
	}
}

static int create_large(int dev, __u64 bytes, __u32 flags)
{
	return sec_create_flags(dev, NULL, bytes, flags);
}

/* A failed creation leaves nothing: no descriptor, section, memory, charge. */
static void nothing_left(struct __test_metadata *_metadata,
			 const FIXTURE_DATA(large) *self)
{
	EXPECT_EQ(self->fds, sec_count_fds());
	EXPECT_EQ(self->sections, sec_counter("sections"));
	EXPECT_GE(self->before + NOISE, sec_meminfo("Committed_AS:"));
	EXPECT_GE(self->shmem + NOISE, sec_meminfo("Shmem:"));
}

TEST_F(large, only)
{
	struct section_query_view v;
	struct section_query q;
	unsigned char *view;
	long at;
	int handle;

	handle = create_large(self->dev, 4 * HUGE, SECTION_CREATE_LARGE_ONLY);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ((__u64)(4 * HUGE), q.bytes);
	EXPECT_EQ((__u64)(4 * HUGE), q.resident);
	EXPECT_EQ((__u64)(4 * HUGE), q.committed);
	EXPECT_EQ((__u32)(SECTION_ATTR_LARGE | SECTION_ATTR_LARGE_ALL),
		  q.attributes);
	EXPECT_LE(self->before + 4 * HUGE - NOISE,
		  sec_meminfo("Committed_AS:"));
	EXPECT_GE(self->before + 4 * HUGE + NOISE,
		  sec_meminfo("Committed_AS:"));

	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0U, (uintptr_t)view % HUGE);
	ASSERT_EQ(0, sec_query_view(self->dev, view, &v));
	EXPECT_EQ((__u32)(SECTION_ATTR_LARGE | SECTION_ATTR_LARGE_ALL),
		  v.attributes);
	for (at = 0; at < 4 * HUGE; at += HUGE)
		EXPECT_EQ(0, poke(view + at, 'l'));
	/* One fault maps a whole large page. */
	EXPECT_EQ(4 * HUGE, view_figure(view, "ShmemPmdMapped:"));
	EXPECT_TRUE(sec_all_bytes(view + 1, 0, HUGE - 1));
	ASSERT_EQ(0, munmap(view, 4 * HUGE));

	/* mmap(2) aligns views as well. */
	view = sec_mmap(handle, RW, MAP_SHARED, HUGE, 2 * HUGE);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0U, (uintptr_t)view % HUGE);
	EXPECT_EQ('l', peek(view));
	EXPECT_EQ(HUGE, view_figure(view, "ShmemPmdMapped:"));
	/* A part of a large page is a view like any. */
	view = sec_map(handle, RW, 0, HUGE + self->page, self->page);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, peek(view));
	EXPECT_EQ(0, poke(view, 'm'));
	EXPECT_EQ(0, view_figure(view, "ShmemPmdMapped:"));
	EXPECT_EQ(-ENXIO, sec_map(handle, RW, 0, 4 * HUGE, self->page) ==
		  MAP_FAILED ? -errno : 0);
}

TEST_F(large, populate_is_no_more)
{
	struct section_query q;
	int handle;

	handle = create_large(self->dev, HUGE, SECTION_CREATE_LARGE_ONLY |
			      SECTION_CREATE_POPULATE);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ((__u64)HUGE, q.resident);
	EXPECT_EQ((__u32)(SECTION_ATTR_LARGE | SECTION_ATTR_LARGE_ALL),
		  q.attributes);
}

TEST_F(large, refused)
{
	struct section_create args = sec_create_args(NULL, HUGE);
	int file = unnamed_file("/tmp");

	EXPECT_EQ(-EINVAL, create_large(self->dev, HUGE + 1,
					SECTION_CREATE_LARGE_ONLY));
	EXPECT_EQ(-EINVAL, create_large(self->dev, HUGE - self->page,
					SECTION_CREATE_LARGE_ONLY));
	EXPECT_EQ(-EINVAL, create_large(self->dev, 1,
					SECTION_CREATE_LARGE_ONLY));
	EXPECT_EQ(-EINVAL, create_large(self->dev, HUGE,
					SECTION_CREATE_LARGE_ONLY |
					SECTION_CREATE_RESERVE));
	EXPECT_EQ(-EINVAL, create_large(self->dev, HUGE, SECTION_CREATE_LARGE |
					SECTION_CREATE_RESERVE));
	ASSERT_LE(0, file);
	ASSERT_EQ(0, ftruncate(file, HUGE));
	args.file_fd = file;
	args.flags = SECTION_CREATE_LARGE;
	EXPECT_EQ(-EINVAL, sec_create(self->dev, &args));
	args.flags = SECTION_CREATE_LARGE_ONLY;
	EXPECT_EQ(-EINVAL, sec_create(self->dev, &args));
	close(file);
	nothing_left(_metadata, self);
}

/* Where there are none, or not enough: all or nothing. */
TEST_F(large, not_to_be_had)
{
	struct section_query q;
	int handle;

	ASSERT_EQ(0, sec_write_file(SHMEM_ENABLED, "deny"));
	EXPECT_EQ(-ENOMEM, create_large(self->dev, 4 * HUGE,
					SECTION_CREATE_LARGE_ONLY));
	nothing_left(_metadata, self);
	handle = create_large(self->dev, 4 * HUGE, SECTION_CREATE_LARGE);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ((__u32)SECTION_ATTR_LARGE, q.attributes);
	EXPECT_EQ(0U, q.resident);
}

TEST_F(large, more_than_accounted)
{
	ASSERT_EQ(0, sec_write_number(OVERCOMMIT, 2));
	EXPECT_EQ(-ENOMEM, create_large(self->dev,
					(sec_meminfo("CommitLimit:") +
					 HUGE) & ~(HUGE - 1),
					SECTION_CREATE_LARGE_ONLY));
	nothing_left(_metadata, self);
}

/* LARGE: large pages where there is room for one, and nothing beyond the end. */
TEST_F(large, best_effort)
{
	const long bytes = HUGE + 3 * (long)self->page;
	struct section_query q;
	unsigned char *view;
	int handle;

	handle = create_large(self->dev, bytes, SECTION_CREATE_LARGE);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ((__u32)SECTION_ATTR_LARGE, q.attributes);
	EXPECT_EQ((__u64)bytes, q.bytes);
	EXPECT_EQ(0U, q.resident);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0U, (uintptr_t)view % HUGE);
	EXPECT_EQ(0, poke(view, 'l'));
	EXPECT_EQ(HUGE, view_figure(view, "ShmemPmdMapped:"));
	EXPECT_EQ(0, poke(view + HUGE, 's'));
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ((__u64)(HUGE + self->page), q.resident);
	close(handle);

	/* One that is smaller than a large page. */
	handle = create_large(self->dev, self->page, SECTION_CREATE_LARGE);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, poke(view, 's'));
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(self->page, q.resident);
}

TEST_F(large, populated)
{
	const long bytes = 2 * HUGE + 5 * (long)self->page;
	struct section_query q;
	unsigned char *view;
	int handle;

	handle = create_large(self->dev, bytes, SECTION_CREATE_LARGE |
			      SECTION_CREATE_POPULATE);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ((__u64)bytes, q.resident);
	EXPECT_EQ((__u32)SECTION_ATTR_LARGE, q.attributes);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, poke(view + HUGE, 'l'));
	EXPECT_EQ(HUGE, view_figure(view, "ShmemPmdMapped:"));
}

/* Private views copy what they write, small page by small page. */
TEST_F(large, private_and_fork)
{
	unsigned char *view, *private;
	struct section_query q;
	int handle;
	pid_t pid;

	handle = create_large(self->dev, 2 * HUGE, SECTION_CREATE_LARGE_ONLY);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	private = sec_map(handle, RW, SECTION_MAP_PRIVATE, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_NE(MAP_FAILED, private);
	memset(view, 's', 2 * HUGE);
	EXPECT_EQ('s', peek(private + self->page));
	EXPECT_EQ(0, poke(private, 'p'));
	EXPECT_EQ('s', peek(view));
	EXPECT_EQ('s', peek(private + 1));
	EXPECT_EQ('s', peek(private + self->page));
	EXPECT_EQ(0, poke(view + self->page, 't'));
	EXPECT_EQ('t', peek(private + self->page));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		CHILD_EXPECT(peek(private) == 'p');
		CHILD_EXPECT(!poke(private, 'c'));
		CHILD_EXPECT(!poke(private + HUGE, 'c'));
		CHILD_EXPECT(peek(view) == 's');
		CHILD_EXPECT(!poke(view + HUGE, 'u'));
		_exit(0);
	}
	EXPECT_EQ(0, sec_wait(pid));
	EXPECT_EQ('p', peek(private));
	EXPECT_EQ('u', peek(private + HUGE));
	EXPECT_EQ('u', peek(view + HUGE));
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ((__u64)(2 * HUGE), q.resident);
	EXPECT_EQ(2U, q.views);
	/* Splitting the views splits nothing of the section. */
	ASSERT_EQ(0, mprotect(view + HUGE + self->page, self->page,
			      PROT_NONE));
	EXPECT_EQ(0, poke(view + HUGE, 'v'));
	EXPECT_EQ('s', peek(view + HUGE + 2 * self->page));
	EXPECT_EQ(-SIGSEGV, peek(view + HUGE + self->page));
	ASSERT_EQ(0, munmap(view + self->page, self->page));
	EXPECT_EQ('t', peek(private + self->page));
	ASSERT_EQ(0, munmap(private, 2 * HUGE));
	ASSERT_EQ(0, munmap(view, 2 * HUGE));
	close(handle);
	nothing_left(_metadata, self);
}

TEST_HARNESS_MAIN
