// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault-ahead: what it may bring, and where it must not.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"

#include <pthread.h>
#include <sys/uio.h>

#define RW	(PROT_READ | PROT_WRITE)
#define PAGES	2048UL

FIXTURE(ahead) {
	int dev;
	int handle;
	unsigned char *view;
	size_t page;
};

FIXTURE_SETUP(ahead)
{
	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->handle = sec_create_anon(self->dev, NULL, PAGES * self->page);
	ASSERT_LE(0, self->handle);
	self->view = sec_map(self->handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, self->view);
}

FIXTURE_TEARDOWN(ahead)
{
}

/* Pages that the section has. */
static size_t resident(int handle)
{
	struct section_query q;

	return sec_query(handle, &q) ? 0 : q.resident / SEC_PAGE;
}

/* In order, until page @last; what was not written to is fresh. */
static void write_in_order(struct __test_metadata *_metadata,
			   unsigned char *view, size_t first, size_t last)
{
	size_t n;

	for (n = first; n <= last; n++)
		view[n * SEC_PAGE] = n % 251 + 1;
	for (n = first; n <= last; n++) {
		EXPECT_EQ(n % 251 + 1, view[n * SEC_PAGE]);
		EXPECT_EQ(0, view[n * SEC_PAGE + 1]);
	}
}

/* Never more than a quarter of what was written in order, nor than 63 pages. */
TEST_F(ahead, no_more_than_before)
{
	size_t n, have;

	for (n = 0; n < PAGES; n++) {
		self->view[n * self->page] = 1;
		have = resident(self->handle);
		EXPECT_LE(n + 1, have);
		EXPECT_GE(n + 1 + n / 4, have);
		EXPECT_GE(n + 1 + 63, have);
	}
	EXPECT_EQ(PAGES, resident(self->handle));
}

/* Otherwise nothing here is tested. */
TEST_F(ahead, something)
{
	size_t n;

	for (n = 0; n < 100; n++)
		self->view[n * self->page] = 1;
	EXPECT_LT(100, resident(self->handle));
}

TEST_F(ahead, contents)
{
	unsigned char *other = sec_map(self->handle, PROT_READ, 0, 0, 0);
	size_t n;

	ASSERT_NE(MAP_FAILED, other);
	write_in_order(_metadata, self->view, 0, PAGES - 1);
	for (n = 0; n < PAGES; n++)
		EXPECT_EQ(n % 251 + 1, other[n * self->page]);
}

/* What others have written is there, whoever comes by in order. */
TEST_F(ahead, pages_of_others)
{
	unsigned char *other = sec_map(self->handle, RW, 0, 0, 0);
	size_t n;

	ASSERT_NE(MAP_FAILED, other);
	for (n = 0; n < PAGES; n += 7)
		other[n * self->page + 1] = 'o';
	for (n = 0; n < PAGES; n++)
		self->view[n * self->page] = 's';
	for (n = 0; n < PAGES; n++) {
		EXPECT_EQ('s', other[n * self->page]);
		EXPECT_EQ(n % 7 ? 0 : 'o', self->view[n * self->page + 1]);
	}
}

TEST_F(ahead, every_other_page)
{
	size_t n;

	for (n = 0; n < PAGES; n += 2)
		self->view[n * self->page] = 1;
	EXPECT_EQ(PAGES / 2, resident(self->handle));
}

TEST_F(ahead, backwards)
{
	size_t n;

	for (n = PAGES; n--; )
		if (n % 2)
			self->view[n * self->page] = 1;
	EXPECT_EQ(PAGES / 2, resident(self->handle));
}

/* A view of the first pages only. */
TEST_F(ahead, not_beyond_the_view)
{
	const size_t pages = 45;
	unsigned char *view = sec_map(self->handle, RW, 0, 0,
				      pages * self->page);

	ASSERT_NE(MAP_FAILED, view);
	write_in_order(_metadata, view, 0, pages - 1);
	EXPECT_EQ(pages, resident(self->handle));
	EXPECT_EQ(0, self->view[pages * self->page]);
}

/* One that grew beyond the end of the section. */
TEST_F(ahead, not_beyond_the_section)
{
	const size_t pages = 45;
	int handle = sec_create_anon(self->dev, NULL, pages * self->page);
	unsigned char *view;

	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	view = mremap(view, pages * self->page, 2 * pages * self->page,
		      MREMAP_MAYMOVE);
	ASSERT_NE(MAP_FAILED, view);
	write_in_order(_metadata, view, 0, pages - 1);
	EXPECT_EQ(-SIGSEGV, poke(view + pages * self->page, 1));
	EXPECT_EQ(pages, resident(handle));
}

/* A private view's pages are copies, and the section's stay what they are. */
TEST_F(ahead, private_view)
{
	unsigned char *private = sec_map(self->handle, RW,
					 SECTION_MAP_PRIVATE, 0, 0);
	size_t n;

	ASSERT_NE(MAP_FAILED, private);
	write_in_order(_metadata, private, 0, PAGES - 1);
	for (n = 0; n < PAGES; n++)
		EXPECT_EQ(0, self->view[n * self->page]);
	for (n = 0; n < PAGES; n++)
		self->view[n * self->page] = 'S';
	for (n = 0; n < PAGES; n++)
		EXPECT_EQ(n % 251 + 1, private[n * self->page]);
}

TEST_F(ahead, readable_view)
{
	unsigned char *view = sec_map(self->handle, PROT_READ, 0, 0, 0);
	size_t n;

	ASSERT_NE(MAP_FAILED, view);
	for (n = 0; n < 64; n++)
		EXPECT_EQ(0, peek(view + n * self->page));
	for (n = 0; n < PAGES; n++)
		EXPECT_EQ(-SIGSEGV, poke(view + n * self->page, 1));
}

/* Only what is touched is to be locked. */
TEST_F(ahead, locked_on_fault)
{
	const size_t pages = 7;
	size_t n;

	ASSERT_EQ(0, syscall(SYS_mlock2, self->view, 16 * self->page,
			     MLOCK_ONFAULT));
	for (n = 0; n < pages; n++)
		self->view[n * self->page] = 1;
	EXPECT_EQ(pages, resident(self->handle));
}

/* Somebody else's writes do not get this process pages. */
TEST_F(ahead, written_by_another_process)
{
	const size_t pages = 40;
	struct iovec here, there;
	char byte = 'r';
	pid_t parent = getpid();
	pid_t pid = fork();
	size_t n;

	ASSERT_LE(0, pid);
	if (pid) {
		EXPECT_EQ(0, sec_wait(pid));
		EXPECT_EQ(pages, resident(self->handle));
		return;
	}
	here.iov_base = &byte;
	here.iov_len = 1;
	there.iov_len = 1;
	for (n = 0; n < pages; n++) {
		there.iov_base = self->view + n * self->page;
		CHILD_EXPECT(process_vm_writev(parent, &here, 1, &there, 1,
					       0) == 1);
	}
	_exit(0);
}

/* From fork(2) on, both go their own ways in the same memory. */
TEST_F(ahead, forked)
{
	pid_t pid;
	size_t n;

	for (n = 0; n < 20; n++)
		self->view[n * self->page] = 'b';
	pid = fork();
	ASSERT_LE(0, pid);
	for (n = 20; n < PAGES; n++)
		__atomic_fetch_add(&self->view[n * self->page], 1,
				   __ATOMIC_RELAXED);
	if (!pid)
		_exit(0);
	EXPECT_EQ(0, sec_wait(pid));
	for (n = 0; n < PAGES; n++)
		EXPECT_EQ(n < 20 ? 'b' : 2, self->view[n * self->page]);
}

struct writer {
	unsigned char *view;
	size_t first;
	size_t step;
};

static void *write_along(void *arg)
{
	struct writer *writer = arg;
	size_t n;

	for (n = writer->first; n < PAGES; n += writer->step)
		__atomic_fetch_add((int *)(writer->view + n * SEC_PAGE), 1,
				   __ATOMIC_RELAXED);
	return NULL;
}

/* In two views at once, by threads that meet. */
TEST_F(ahead, threads)
{
	unsigned char *other = sec_map(self->handle, RW, 0, 0, 0);
	struct writer writers[4] = {
		{ self->view, 0, 1 }, { other, 0, 1 },
		{ self->view, PAGES / 2, 1 }, { other, 0, 3 },
	};
	pthread_t threads[4];
	size_t n;
	int i;

	ASSERT_NE(MAP_FAILED, other);
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, write_along,
					    &writers[i]));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	for (n = 0; n < PAGES; n++)
		EXPECT_EQ(2 + (n >= PAGES / 2) + !(n % 3),
			  *(int *)(self->view + n * self->page));
}

/* Two threads of which each writes a page when the other has written one. */
struct turns {
	pthread_barrier_t barrier;
	unsigned char *view;
	size_t pages;
};

static void *take_turns(void *arg)
{
	struct turns *turns = arg;
	size_t n;

	for (n = 0; n < turns->pages; n++) {
		turns->view[n * SEC_PAGE] = 1;
		pthread_barrier_wait(&turns->barrier);
		pthread_barrier_wait(&turns->barrier);
	}
	return NULL;
}

static size_t pages_of_two(int dev, size_t pages)
{
	int handle = sec_create_anon(dev, NULL, PAGES * SEC_PAGE);
	struct turns turns = {
		.view = sec_map(handle, RW, 0, 0, 0),
		.pages = pages,
	};
	unsigned char *half = turns.view + PAGES / 2 * SEC_PAGE;
	pthread_t other;
	size_t n, have;

	pthread_barrier_init(&turns.barrier, NULL, 2);
	if (pthread_create(&other, NULL, take_turns, &turns))
		return 0;
	for (n = 0; n < pages; n++) {
		pthread_barrier_wait(&turns.barrier);
		half[n * SEC_PAGE] = 1;
		pthread_barrier_wait(&turns.barrier);
	}
	pthread_join(other, NULL);
	have = resident(handle);
	munmap(turns.view, PAGES * SEC_PAGE);
	close(handle);
	return have;
}

/* Neither takes the gain from the other. */
TEST_F(ahead, each_thread)
{
	const size_t pages = 50;
	size_t have = 0;
	int tries;

	for (tries = 0; tries < 20 && have <= 2 * pages; tries++)
		have = pages_of_two(self->dev, pages);
	EXPECT_LT(2 * pages, have);
	EXPECT_GE(2 * (pages + pages / 4), have);
}

/* What a view knows goes with it, and not to its copies. */
TEST_F(ahead, parts)
{
	size_t n, round;
	pid_t pid;

	for (round = 0; round < 50; round++) {
		unsigned char *view = sec_map(self->handle, RW, 0, 0, 0);

		ASSERT_NE(MAP_FAILED, view);
		for (n = 0; n < 40; n++)
			view[n * 5 % PAGES * self->page] = 1;
		ASSERT_EQ(0, munmap(view + 100 * self->page, self->page));
		pid = fork();
		if (!pid)
			_exit(view[0]);
		ASSERT_EQ(0, munmap(view, PAGES * self->page));
		EXPECT_EQ(1, sec_wait(pid));
	}
}

/* The pages go with the section, all of them. */
TEST_F(ahead, given_back)
{
	size_t n;

	for (n = 0; n < 40; n++)
		self->view[n * self->page] = 1;
	ASSERT_EQ(0, madvise(self->view, PAGES * self->page, MADV_REMOVE));
	EXPECT_EQ(0, resident(self->handle));
	write_in_order(_metadata, self->view, 0, PAGES - 1);
}

TEST_HARNESS_MAIN
