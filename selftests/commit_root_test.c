// SPDX-License-Identifier: GPL-2.0-only
/*
 * What committing costs, in every overcommit mode, with and without swap space,
 * and the limit of ranges.
 *
 * Settings are put back by the parent of each test, however the test ends.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"

#include <sys/swap.h>

#define RW		(PROT_READ | PROT_WRITE)
#define DECOMMIT	SECTION_COMMIT_DECOMMIT
#define OVERCOMMIT	"/proc/sys/vm/overcommit_memory"
#define FILE_MAX	"/proc/sys/fs/file-max"
#define RANGES		SEC_PARAMETERS "/max_commit_ranges"

#define MB		(1LL << 20)
#define GB		(1LL << 30)

/* What else happens on the machine meanwhile. */
#define NOISE		(512LL << 10)

/* Deferred releases on an emulated machine: bounds hangs, measures nothing. */
#define PATIENCE	20

static int create_reserved(int dev, __u64 bytes)
{
	return sec_create_flags(dev, NULL, bytes, SECTION_CREATE_RESERVE);
}

static long long committed(int handle)
{
	struct section_query q;

	return sec_query(handle, &q) ? -1 : (long long)q.committed;
}

static long long resident(int handle)
{
	struct section_query q;

	return sec_query(handle, &q) ? -1 : (long long)q.resident;
}

FIXTURE(accounting) {
	int dev;
	int handle;
	unsigned char *view;
	size_t page;
	long long before;
	char overcommit[32];
	char ranges[32];
	char file_max[32];
};

FIXTURE_VARIANT(accounting) {
	int overcommit;
};

FIXTURE_VARIANT_ADD(accounting, guess) { .overcommit = 0 };
FIXTURE_VARIANT_ADD(accounting, always) { .overcommit = 1 };
FIXTURE_VARIANT_ADD(accounting, never) { .overcommit = 2 };

#define SIZE	(128 * MB)

FIXTURE_SETUP(accounting)
{
	ASSERT_EQ(0, geteuid()) {
		TH_LOG("this test needs root");
	}
	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	ASSERT_LT(0, sec_read_file(OVERCOMMIT, self->overcommit,
				   sizeof(self->overcommit)));
	ASSERT_LT(0, sec_read_file(RANGES, self->ranges,
				   sizeof(self->ranges)));
	ASSERT_LT(0, sec_read_file(FILE_MAX, self->file_max,
				   sizeof(self->file_max)));
	ASSERT_EQ(0, sec_write_number(OVERCOMMIT, variant->overcommit));
	ASSERT_EQ(0, setegid(SEC_ALICE));
	ASSERT_EQ(0, seteuid(SEC_ALICE));
	self->before = sec_meminfo("Committed_AS:");
	ASSERT_LT(0, self->before);
	self->handle = create_reserved(self->dev, SIZE);
	ASSERT_LE(0, self->handle);
	self->view = sec_map(self->handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, self->view);
}

FIXTURE_TEARDOWN_PARENT(accounting)
{
	EXPECT_EQ(0, sec_write_file(OVERCOMMIT, self->overcommit));
	EXPECT_EQ(0, sec_write_file(RANGES, self->ranges));
	EXPECT_EQ(0, sec_write_file(FILE_MAX, self->file_max));
}

/* The machine has accounted so much more than at the start, and no more. */
#define EXPECT_COST(bytes) do { \
	long long cost = sec_meminfo("Committed_AS:") - self->before; \
	long long expected = bytes; \
	\
	EXPECT_LE(expected - NOISE, cost); \
	EXPECT_GE(expected + NOISE, cost); \
} while (0)

/*
 * What is done page by page is done to some units: a megabyte, or less where every
 * page takes long.
 */
static long long unit_of_pages(void)
{
	return sec_rounds(4) * MB / 4;
}

TEST_F(accounting, reserved_for_nothing)
{
	int handle = create_reserved(self->dev, 1024 * GB);
	void *view;

	ASSERT_LE(0, handle);
	EXPECT_COST(0);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_COST(0);
	close(handle);
	ASSERT_EQ(0, munmap(view, 1024 * GB));
	EXPECT_COST(0);
}

TEST_F(accounting, once)
{
	ASSERT_EQ(0, sec_commit(self->handle, 0, 32 * MB, 0));
	EXPECT_COST(32 * MB);
	/* Again, all of it, a part of it, by the view. */
	ASSERT_EQ(0, sec_commit(self->handle, 0, 32 * MB, 0));
	ASSERT_EQ(0, sec_commit(self->handle, 8 * MB, 16 * MB, 0));
	ASSERT_EQ(0, sec_commit_view(self->dev, self->view, 32 * MB, 0));
	EXPECT_COST(32 * MB);
	/* A half is new; all is adjacent; a hole is filled. */
	ASSERT_EQ(0, sec_commit(self->handle, 16 * MB, 32 * MB, 0));
	EXPECT_COST(48 * MB);
	ASSERT_EQ(0, sec_commit(self->handle, 48 * MB, 16 * MB, 0));
	EXPECT_COST(64 * MB);
	ASSERT_EQ(0, sec_commit(self->handle, 96 * MB, 16 * MB, 0));
	EXPECT_COST(80 * MB);
	ASSERT_EQ(0, sec_commit(self->handle, 48 * MB, 64 * MB, 0));
	EXPECT_COST(112 * MB);
	ASSERT_EQ(0, sec_commit(self->handle, 0, 0, 0));
	EXPECT_COST(SIZE);
	EXPECT_EQ(SIZE, committed(self->handle));
}

/* An error of one page in each call would be sixteen units here. */
TEST_F(accounting, page_by_page)
{
	const long long unit = unit_of_pages();
	const size_t pages = 16 * unit / self->page;
	size_t i;

	for (i = 0; i < pages; i += 2)
		ASSERT_EQ(0, sec_commit(self->handle, i * self->page, 1, 0));
	EXPECT_COST(8 * unit);
	for (i = 0; i < pages; i++)
		ASSERT_EQ(0, sec_commit_view(self->dev,
					     self->view + i * self->page,
					     self->page, 0));
	EXPECT_COST(16 * unit);
	for (i = 1; i < pages; i += 2)
		ASSERT_EQ(0, sec_commit(self->handle, i * self->page, 1,
					DECOMMIT));
	EXPECT_COST(8 * unit);
	for (i = 0; i < pages; i++)
		ASSERT_EQ(0, sec_commit(self->handle, i * self->page, 1,
					DECOMMIT));
	EXPECT_COST(0);
	EXPECT_EQ(0, committed(self->handle));
}

TEST_F(accounting, touching_costs_nothing)
{
	int handle;

	ASSERT_EQ(0, sec_commit(self->handle, 0, 64 * MB, 0));
	EXPECT_COST(64 * MB);
	memset(self->view, 1, 64 * MB);
	EXPECT_EQ(64 * MB, resident(self->handle));
	EXPECT_COST(64 * MB);
	/* Nor do handles and views. */
	handle = sec_duplicate(self->handle, SEC_RIGHTS_R, 0);
	ASSERT_LE(0, handle);
	ASSERT_NE(MAP_FAILED, sec_map(handle, PROT_READ, 0, 0, 0));
	EXPECT_COST(64 * MB);
	/* Memory that was touched is given back like any. */
	ASSERT_EQ(0, sec_commit(self->handle, 16 * MB, 32 * MB, DECOMMIT));
	EXPECT_COST(32 * MB);
	EXPECT_EQ(32 * MB, resident(self->handle));
	/* What was not committed costs nothing to give back. */
	ASSERT_EQ(0, sec_commit(self->handle, 16 * MB, 32 * MB, DECOMMIT));
	ASSERT_EQ(0, sec_commit(self->handle, 96 * MB, 32 * MB, DECOMMIT));
	EXPECT_COST(32 * MB);
	ASSERT_EQ(0, sec_commit(self->handle, 0, 0, DECOMMIT));
	EXPECT_COST(0);
	EXPECT_EQ(0, resident(self->handle));
}

TEST_F(accounting, views_keep_it)
{
	ASSERT_EQ(0, sec_commit(self->handle, 0, 64 * MB, 0));
	memset(self->view, 1, 8 * MB);
	close(self->handle);
	EXPECT_COST(64 * MB);
	ASSERT_EQ(0, sec_commit_view(self->dev, self->view + 64 * MB, 16 * MB,
				     0));
	EXPECT_COST(80 * MB);
	ASSERT_EQ(0, sec_commit_view(self->dev, self->view, 4 * MB, DECOMMIT));
	EXPECT_COST(76 * MB);
	/* Also what is left of a view. */
	ASSERT_EQ(0, munmap(self->view, SIZE - self->page));
	EXPECT_COST(76 * MB);
	ASSERT_EQ(0, munmap(self->view + SIZE - self->page, self->page));
	EXPECT_COST(0);
}

static bool cost_is_gone(void *arg)
{
	FIXTURE_DATA(accounting) *self = arg;

	return sec_meminfo("Committed_AS:") - self->before <= NOISE;
}

/* Writes a byte to the pipe when everything is committed, and waits. */
static void commit_and_wait(const FIXTURE_DATA(accounting) *self, int up)
{
	int handle = create_reserved(self->dev, SIZE);
	unsigned char *view;

	CHILD_EXPECT(handle >= 0);
	view = sec_map(handle, RW, 0, 0, 0);
	CHILD_EXPECT(view != MAP_FAILED);
	CHILD_EXPECT(!sec_commit(handle, 0, 64 * MB, 0));
	CHILD_EXPECT(!close(handle));
	memset(view, 1, 8 * MB);
	CHILD_EXPECT(write(up, "c", 1) == 1);
	for (;;)
		pause();
}

TEST_F(accounting, killed)
{
	char byte;
	int up[2];
	pid_t pid;

	ASSERT_EQ(0, pipe(up));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		/* What it has from its parent is none of its own. */
		munmap(self->view, SIZE);
		close(self->handle);
		commit_and_wait(self, up[1]);
	}
	ASSERT_EQ(1, read(up[0], &byte, 1));
	EXPECT_LE(self->before + 64 * MB - NOISE,
		  sec_meminfo("Committed_AS:"));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(-SIGKILL, sec_wait(pid));
	EXPECT_TRUE(sec_eventually(cost_is_gone, self, PATIENCE));
	EXPECT_COST(0);
}

/* Pages of one section, committed by many at once, each several times. */
#define WORKERS	4
#define GRAIN	64

static int commit_interleaved(const FIXTURE_DATA(accounting) *self,
			      pthread_barrier_t *barrier, int me)
{
	const size_t pages = 32 * MB / self->page;
	size_t at, n;

	pthread_barrier_wait(barrier);
	for (at = 0; at < pages; at += GRAIN) {
		/* All but every fourth piece, in orders that meet. */
		n = me & 1 ? pages - GRAIN - at : at;
		if (n / GRAIN % 4 == 3)
			continue;
		CHILD_EXPECT(!sec_commit(self->handle, n * self->page,
					 GRAIN / 2 * self->page, 0));
		CHILD_EXPECT(!sec_commit_view(self->dev, self->view +
					      (n + me) * self->page,
					      (GRAIN - 2 * me) * self->page,
					      0));
		CHILD_EXPECT(!poke(self->view + (n + me) * self->page, 1));
	}
	return 0;
}

TEST_F(accounting, many_at_once)
{
	const size_t pages = 32 * MB / self->page;
	pthread_barrier_t *barrier = shared_barrier(WORKERS);
	struct section_query_view v;
	pid_t pids[WORKERS];
	size_t at;
	int i;

	ASSERT_NE(NULL, barrier);
	for (i = 0; i < WORKERS; i++) {
		pids[i] = fork();
		ASSERT_LE(0, pids[i]);
		if (!pids[i])
			_exit(commit_interleaved(self, barrier, i));
	}
	for (i = 0; i < WORKERS; i++)
		EXPECT_EQ(0, sec_wait(pids[i]));
	EXPECT_EQ(24 * MB, committed(self->handle));
	EXPECT_COST(24 * MB);
	for (at = 0; at < pages; at += 4 * GRAIN) {
		ASSERT_EQ(0, sec_query_view(self->dev,
					    self->view + at * self->page, &v));
		EXPECT_EQ(1U, v.committed);
		EXPECT_EQ(3 * GRAIN * self->page, v.run);
		ASSERT_EQ(0, sec_query_view(self->dev, self->view +
					    (at + 3 * GRAIN) * self->page,
					    &v));
		EXPECT_EQ(0U, v.committed);
	}
}

/* Committing and giving back the same pages, by several at once. */
static int commit_and_decommit(const FIXTURE_DATA(accounting) *self,
			       pthread_barrier_t *barrier, int me)
{
	size_t i, at, length;
	int sig;

	pthread_barrier_wait(barrier);
	for (i = 0; i < 400; i++) {
		at = (i * (2 * me + 3)) % 64;
		length = 1 + (i + me) % 16;
		CHILD_EXPECT(!sec_commit(self->handle, at * self->page,
					 length * self->page,
					 (i + me) % 2 ? DECOMMIT : 0));
		sig = poke(self->view + at * self->page, 1);
		CHILD_EXPECT(!sig || sig == -SIGSEGV);
	}
	return 0;
}

TEST_F(accounting, there_and_back_at_once)
{
	pthread_barrier_t *barrier = shared_barrier(WORKERS);
	struct section_query_view v;
	pid_t pids[WORKERS];
	long long sum = 0;
	size_t at;
	int i;

	ASSERT_NE(NULL, barrier);
	for (i = 0; i < WORKERS; i++) {
		pids[i] = fork();
		ASSERT_LE(0, pids[i]);
		if (!pids[i])
			_exit(commit_and_decommit(self, barrier, i));
	}
	for (i = 0; i < WORKERS; i++)
		EXPECT_EQ(0, sec_wait(pids[i]));
	for (at = 0; at < 128; at += v.run / self->page) {
		ASSERT_EQ(0, sec_query_view(self->dev,
					    self->view + at * self->page, &v));
		sum += v.committed ? v.run : 0;
	}
	EXPECT_EQ(sum, committed(self->handle));
	EXPECT_GE(sum, resident(self->handle));
	EXPECT_COST(sum);
	ASSERT_EQ(0, sec_commit(self->handle, 0, 0, DECOMMIT));
	EXPECT_EQ(0, committed(self->handle));
	EXPECT_EQ(0, resident(self->handle));
	/* Whatever was lost or counted twice would still be there. */
	EXPECT_COST(0);
}

/* The limit of ranges: a commit or decommit beyond it changes nothing. */
TEST_F(accounting, ranges)
{
	unsigned char *const view = self->view;
	const size_t page = self->page;
	size_t i;

	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, sec_write_number(RANGES, 4));
	ASSERT_EQ(0, seteuid(SEC_ALICE));
	for (i = 0; i < 8; i += 2)
		ASSERT_EQ(0, sec_commit(self->handle, i * page, 1, 0));
	EXPECT_EQ(-EDQUOT, sec_commit(self->handle, 8 * page, 16 * MB, 0));
	EXPECT_EQ(-EDQUOT, sec_commit_view(self->dev, view + 9 * page, 1, 0));
	EXPECT_EQ((long long)(4 * page), committed(self->handle));
	EXPECT_EQ(-SIGSEGV, peek(view + 8 * page));
	EXPECT_COST(4 * page);
	/* To go on from a range is no new one, nor is what is there. */
	EXPECT_EQ(0, sec_commit(self->handle, 2 * page, 1, 0));
	EXPECT_EQ(0, sec_commit(self->handle, 7 * page, page, 0));
	EXPECT_EQ(0, peek(view + 7 * page));
	EXPECT_EQ(-EDQUOT, sec_commit(self->handle, 9 * page, 1, 0));
	/* Two become one. */
	EXPECT_EQ(0, sec_commit(self->handle, page, 1, 0));
	EXPECT_EQ(0, sec_commit(self->handle, 9 * page, 1, 0));
	/* 0-2, 4, 6-7, 9: none of them can be split. */
	EXPECT_EQ(0, poke(view + page, 'k'));
	EXPECT_EQ(-EDQUOT, sec_commit(self->handle, page, 1, DECOMMIT));
	EXPECT_EQ('k', peek(view + page));
	EXPECT_EQ((long long)(7 * page), committed(self->handle));
	/* But have something cut off, also several at once. */
	EXPECT_EQ(0, sec_commit(self->handle, 2 * page, 5 * page, DECOMMIT));
	EXPECT_EQ('k', peek(view + page));
	EXPECT_EQ(-SIGSEGV, peek(view + 2 * page));
	EXPECT_EQ(-SIGSEGV, peek(view + 6 * page));
	EXPECT_EQ(0, peek(view + 7 * page));
	EXPECT_EQ((long long)(4 * page), committed(self->handle));
	/* 0-1, 7, 9: there is room for one more. */
	EXPECT_EQ(0, sec_commit(self->handle, 11 * page, 8 * page, 0));
	EXPECT_EQ(-EDQUOT, sec_commit(self->handle, 13 * page, 1, DECOMMIT));
	EXPECT_EQ(0, sec_commit(self->handle, 9 * page, page, DECOMMIT));
	EXPECT_EQ(0, sec_commit(self->handle, 13 * page, 1, DECOMMIT));

	/* A lower limit takes nothing away. */
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, sec_write_number(RANGES, 0));
	ASSERT_EQ(0, seteuid(SEC_ALICE));
	EXPECT_EQ('k', peek(view + page));
	EXPECT_EQ(0, sec_commit(self->handle, page, 1, 0));
	EXPECT_EQ(-EDQUOT, sec_commit(self->handle, 2 * page, 1, 0));
	EXPECT_EQ(0, sec_commit(self->handle, 0, 0, DECOMMIT));
	EXPECT_EQ(-EDQUOT, sec_commit(self->handle, 0, 1, 0));
	EXPECT_EQ(0, committed(self->handle));
	EXPECT_COST(0);
}

/*
 * Accounting takes a file for a moment.  Where there is none, memory is given back
 * all the same, and what stays accounted is the section's until it can go.
 */
TEST_F(accounting, no_files)
{
	ASSERT_EQ(0, sec_commit(self->handle, 0, 64 * MB, 0));
	memset(self->view, 1, 48 * MB);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, sec_write_number(FILE_MAX, 0));
	ASSERT_EQ(0, seteuid(SEC_ALICE));
	EXPECT_EQ(0, sec_commit(self->handle, 16 * MB, 32 * MB, DECOMMIT));
	EXPECT_EQ(32 * MB, committed(self->handle));
	EXPECT_EQ(16 * MB, resident(self->handle));
	EXPECT_EQ(-SIGSEGV, peek(self->view + 16 * MB));
	/* From what is still accounted, but not a page more. */
	EXPECT_EQ(0, sec_commit(self->handle, 96 * MB, 24 * MB, 0));
	EXPECT_EQ(0, sec_commit(self->handle, 120 * MB, 8 * MB, 0));
	EXPECT_EQ(64 * MB, committed(self->handle));
	/* Only root has files now, to read this in. */
	ASSERT_EQ(0, seteuid(0));
	EXPECT_COST(64 * MB);
	ASSERT_EQ(0, seteuid(SEC_ALICE));
	EXPECT_EQ(-ENFILE, sec_commit(self->handle, 16 * MB, 1, 0));
	EXPECT_EQ(64 * MB, committed(self->handle));
	EXPECT_EQ(-SIGSEGV, peek(self->view + 16 * MB));
	EXPECT_EQ(0, sec_commit(self->handle, 96 * MB, 32 * MB, DECOMMIT));
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, sec_write_file(FILE_MAX, self->file_max));
	ASSERT_EQ(0, seteuid(SEC_ALICE));
	/* The next time it goes, with what it kept. */
	EXPECT_EQ(0, sec_commit(self->handle, 0, 1, DECOMMIT));
	EXPECT_COST(32 * MB);
	ASSERT_EQ(0, munmap(self->view, SIZE));
	close(self->handle);
	EXPECT_COST(0);
}

/* It goes with the section, too. */
TEST_F(accounting, dies_without_files)
{
	ASSERT_EQ(0, sec_commit(self->handle, 0, 64 * MB, 0));
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, sec_write_number(FILE_MAX, 0));
	ASSERT_EQ(0, seteuid(SEC_ALICE));
	EXPECT_EQ(0, sec_commit(self->handle, 0, 32 * MB, DECOMMIT));
	ASSERT_EQ(0, munmap(self->view, SIZE));
	close(self->handle);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, sec_write_file(FILE_MAX, self->file_max));
	EXPECT_COST(0);
}

/* Beyond what there is: nothing is committed, nothing is accounted. */
TEST_F(accounting, too_much)
{
	const __u64 absurd = 1ULL << 46;
	int handle = create_reserved(self->dev, absurd);
	unsigned char *view;

	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 16 * self->page);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(0, sec_commit(handle, 0, 2 * self->page, 0));
	EXPECT_EQ(0, poke(view, 'k'));
	if (variant->overcommit == 1) {
		EXPECT_EQ(0, sec_commit(handle, 0, 0, 0));
		EXPECT_EQ((long long)absurd, committed(handle));
		EXPECT_COST(absurd);
		EXPECT_EQ(0, sec_commit(handle, self->page, 0, DECOMMIT));
		EXPECT_EQ((long long)self->page, committed(handle));
	} else {
		EXPECT_EQ(-ENOMEM, sec_commit(handle, 0, 0, 0));
		EXPECT_EQ((long long)(2 * self->page), committed(handle));
		EXPECT_EQ(-SIGSEGV, peek(view + 2 * self->page));
	}
	EXPECT_EQ('k', peek(view));
	EXPECT_COST(0);
}

/* Mode 2: what was committed is there, whoever has taken all the rest. */

struct eaten {
	int ready;
	int chunks;
};

static int eat_the_rest(struct eaten *eaten, int up, int down)
{
	const size_t chunks[] = { 16 * MB, MB, 64 << 10 };
	char byte = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(chunks); i++)
		while (mmap(NULL, chunks[i], RW, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0) != MAP_FAILED)
			eaten->chunks++;
	CHILD_EXPECT(write(up, &byte, 1) == 1);
	CHILD_EXPECT(read(down, &byte, 1) == 1);
	return 0;
}

TEST_F(accounting, kept_promise)
{
	struct eaten *eaten = shared_page();
	long long room, figure;
	int up[2], down[2];
	char byte = 0;
	pid_t pid;
	size_t at;

	/* The other modes promise nothing, and refuse nothing of this size. */
	if (variant->overcommit != 2) {
		EXPECT_EQ(0, sec_commit(self->handle, 0, 0, 0));
		return;
	}
	room = sec_meminfo("CommitLimit:") - self->before;
	if (room < 512 * MB)
		SKIP(return, "only %lld bytes may be committed", room);
	ASSERT_NE(NULL, eaten);
	ASSERT_EQ(0, pipe(up));
	ASSERT_EQ(0, pipe(down));
	ASSERT_EQ(0, sec_commit(self->handle, 0, 64 * MB, 0));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(eat_the_rest(eaten, up[1], down[0]));
	ASSERT_EQ(1, read(up[0], &byte, 1));
	EXPECT_LT(0, eaten->chunks);
	figure = sec_meminfo("Committed_AS:");
	EXPECT_EQ(-ENOMEM, sec_commit(self->handle, 0, 0, 0));
	/* The eater is large: the kernel kept some megabytes back from it. */
	EXPECT_EQ(-ENOMEM, sec_commit(self->handle, 64 * MB, 0, 0));
	EXPECT_EQ(-ENOMEM, sec_commit_view(self->dev, self->view + 16 * MB,
					   112 * MB, 0));
	EXPECT_EQ(64 * MB, committed(self->handle));
	EXPECT_EQ(-SIGSEGV, peek(self->view + 64 * MB));
	/* Nothing of it was accounted. */
	EXPECT_GE(figure + NOISE, sec_meminfo("Committed_AS:"));
	EXPECT_LE(figure - NOISE, sec_meminfo("Committed_AS:"));
	for (at = 0; at < (size_t)(64 * MB); at += self->page)
		ASSERT_EQ(0, poke(self->view + at, 'p'));
	EXPECT_EQ(64 * MB, resident(self->handle));
	/* Giving back works, and makes room for as much. */
	EXPECT_EQ(0, sec_commit(self->handle, 0, 32 * MB, DECOMMIT));
	EXPECT_EQ(0, sec_commit(self->handle, 64 * MB, 31 * MB, 0));
	EXPECT_EQ(0, poke(self->view + 95 * MB - 1, 'p'));
	ASSERT_EQ(1, write(down[1], &byte, 1));
	EXPECT_EQ(0, sec_wait(pid));
	EXPECT_COST(63 * MB);
}

/* With swap space. */

#define SWAP_PATH	EXT4_DIR "/section-swap"
#define SWAP_UNITS	96

static bool make_swap(size_t page)
{
	const long long unit = unit_of_pages();
	const unsigned int header[] = { 1, SWAP_UNITS * unit / page - 1 };
	unsigned char *zero = calloc(1, unit);
	bool good;
	int fd, i;

	fd = open(SWAP_PATH, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	good = zero && fd >= 0;
	for (i = 0; good && i < SWAP_UNITS; i++)
		good = write(fd, zero, unit) == unit;
	good = good && pwrite(fd, header, sizeof(header), 1024) ==
	       (ssize_t)sizeof(header) &&
	       pwrite(fd, "SWAPSPACE2", 10, page - 10) == 10 && !fsync(fd);
	close(fd);
	free(zero);
	return good && !swapon(SWAP_PATH, 0);
}

FIXTURE(swapped) {
	int dev;
	int handle;
	unsigned char *view;
	size_t page;
	long long unit;
	long long before, swap_free;
};

FIXTURE_SETUP(swapped)
{
	ASSERT_EQ(0, geteuid()) {
		TH_LOG("this test needs root");
	}
	if (!have_ext4())
		SKIP(return, "no ext4 at " EXT4_DIR);
	self->page = SEC_PAGE;
	self->unit = unit_of_pages();
	if (!make_swap(self->page))
		SKIP(return, "no swap space: errno %d", errno);
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->before = sec_meminfo("Committed_AS:");
	self->swap_free = sec_meminfo("SwapFree:");
	self->handle = create_reserved(self->dev, 64 * self->unit);
	ASSERT_LE(0, self->handle);
	self->view = sec_map(self->handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, self->view);
}

/* The test and all its views are gone: there is room for what was swapped. */
FIXTURE_TEARDOWN_PARENT(swapped)
{
	swapoff(SWAP_PATH);
	unlink(SWAP_PATH);
}

static void fill_swapped(struct __test_metadata *_metadata,
			 FIXTURE_DATA(swapped) *self)
{
	size_t at;

	ASSERT_EQ(0, sec_commit(self->handle, 16 * self->unit, 32 * self->unit, 0));
	for (at = 16 * self->unit; at < (size_t)(48 * self->unit); at += self->page)
		*(size_t *)(self->view + at) = at + 1;
	EXPECT_COST(32 * self->unit);
	/* The second call finds what the first has just made inactive. */
	ASSERT_EQ(0, madvise(self->view + 16 * self->unit, 32 * self->unit, MADV_PAGEOUT));
	ASSERT_EQ(0, madvise(self->view + 16 * self->unit, 32 * self->unit, MADV_PAGEOUT));
	/* Else this tests nothing. */
	ASSERT_GT(16 * self->unit, resident(self->handle));
	ASSERT_GT(self->swap_free - 16 * self->unit, sec_meminfo("SwapFree:"));
	EXPECT_EQ(32 * self->unit, committed(self->handle));
	EXPECT_COST(32 * self->unit);
}

TEST_F_TIMEOUT(swapped, contents, 120)
{
	size_t at;

	fill_swapped(_metadata, self);
	EXPECT_EQ(-SIGSEGV, peek(self->view + 16 * self->unit - 1));
	EXPECT_EQ(-SIGSEGV, peek(self->view + 48 * self->unit));
	for (at = 16 * self->unit; at < (size_t)(48 * self->unit); at += self->page)
		ASSERT_EQ(at + 1, *(size_t *)(self->view + at));
	EXPECT_EQ(32 * self->unit, resident(self->handle));
	EXPECT_COST(32 * self->unit);
	close(self->handle);
	ASSERT_EQ(0, munmap(self->view, 64 * self->unit));
	EXPECT_COST(0);
	EXPECT_LE(self->swap_free - MB, sec_meminfo("SwapFree:"));
}

/* Nothing is left of it, in memory or in the swap space. */
TEST_F_TIMEOUT(swapped, given_back, 120)
{
	size_t at;

	fill_swapped(_metadata, self);
	ASSERT_EQ(0, sec_commit(self->handle, 20 * self->unit, 24 * self->unit, DECOMMIT));
	EXPECT_EQ(8 * self->unit, committed(self->handle));
	EXPECT_GE(8 * self->unit, resident(self->handle));
	EXPECT_LE(self->swap_free - 8 * self->unit - MB, sec_meminfo("SwapFree:"));
	EXPECT_COST(8 * self->unit);
	for (at = 20 * self->unit; at < (size_t)(44 * self->unit); at += self->page)
		ASSERT_EQ(-SIGSEGV, peek(self->view + at));
	for (at = 16 * self->unit; at < (size_t)(20 * self->unit); at += self->page) {
		ASSERT_EQ(at + 1, *(size_t *)(self->view + at));
		ASSERT_EQ(at + 28 * self->unit + 1,
			  *(size_t *)(self->view + at + 28 * self->unit));
	}
	ASSERT_EQ(0, sec_commit(self->handle, 20 * self->unit, 24 * self->unit, 0));
	for (at = 20 * self->unit; at < (size_t)(44 * self->unit); at += self->page)
		ASSERT_EQ(0U, *(size_t *)(self->view + at));
	EXPECT_COST(32 * self->unit);
}

TEST_F(swapped, dies_there)
{
	fill_swapped(_metadata, self);
	close(self->handle);
	ASSERT_EQ(0, munmap(self->view, 64 * self->unit));
	EXPECT_COST(0);
	EXPECT_LE(self->swap_free - MB, sec_meminfo("SwapFree:"));
}

TEST_F(swapped, swapoff)
{
	size_t at;

	fill_swapped(_metadata, self);
	ASSERT_EQ(0, swapoff(SWAP_PATH));
	EXPECT_EQ(32 * self->unit, resident(self->handle));
	for (at = 16 * self->unit; at < (size_t)(48 * self->unit); at += self->page)
		ASSERT_EQ(at + 1, *(size_t *)(self->view + at));
	EXPECT_EQ(-SIGSEGV, peek(self->view + 48 * self->unit));
	EXPECT_COST(32 * self->unit);
}

TEST_HARNESS_MAIN
