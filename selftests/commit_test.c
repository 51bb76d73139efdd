// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reserved sections: what is committed, for whom, and what it costs.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"

#define RW	(PROT_READ | PROT_WRITE)
#define PAGES	64
#define AT(view, n) ((view) + (n) * self->page)

FIXTURE(reserved) {
	int dev;
	int handle;
	unsigned char *view;
	size_t page;
};

static int create_reserved(int dev, const char *name, __u64 bytes)
{
	struct section_create args = sec_create_args(name, bytes);

	args.flags = SECTION_CREATE_RESERVE;
	return sec_create(dev, &args);
}

static __u64 committed(int handle)
{
	struct section_query q;

	return sec_query(handle, &q) ? ~0ULL : q.committed;
}

FIXTURE_SETUP(reserved)
{
	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->handle = create_reserved(self->dev, NULL, PAGES * self->page);
	ASSERT_LE(0, self->handle);
	self->view = sec_map(self->handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, self->view);
}

FIXTURE_TEARDOWN(reserved)
{
}

TEST_F(reserved, nothing_at_first)
{
	struct section_query q;
	size_t i;

	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_EQ(PAGES * self->page, q.bytes);
	EXPECT_EQ(0U, q.committed);
	EXPECT_EQ(0U, q.resident);
	EXPECT_EQ((__u32)SECTION_ATTR_RESERVE, q.attributes);
	for (i = 0; i < PAGES; i++) {
		EXPECT_EQ(-SIGSEGV, peek(AT(self->view, i)));
		EXPECT_EQ(-SIGSEGV, poke(AT(self->view, i), 1));
	}
	EXPECT_EQ(-1, write(STDERR_FILENO, self->view, 1));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_EQ(0U, q.resident);
}

/* Every page, one at a time in some order: what is around it stays as it is. */
TEST_F(reserved, page_by_page)
{
	bool is[PAGES] = { false };
	size_t i, n, at;

	for (i = 0; i < PAGES; i++) {
		at = i * 37 % PAGES;
		ASSERT_EQ(0, sec_commit(self->handle, at * self->page, 1, 0));
		is[at] = true;
		EXPECT_EQ((i + 1) * self->page, committed(self->handle));
		for (n = 0; n < PAGES; n++)
			EXPECT_EQ(is[n] ? 0 : -SIGSEGV,
				  peek(AT(self->view, n)));
	}
	for (i = 0; i < PAGES; i++) {
		at = i * 29 % PAGES;
		EXPECT_EQ(0, poke(AT(self->view, at), 7));
		ASSERT_EQ(0, sec_commit(self->handle, at * self->page, 1,
					SECTION_COMMIT_DECOMMIT));
		is[at] = false;
		EXPECT_EQ((PAGES - i - 1) * self->page,
			  committed(self->handle));
		for (n = 0; n < PAGES; n++)
			EXPECT_EQ(is[n] ? 0 : -SIGSEGV,
				  peek(AT(self->view, n)));
	}
}

TEST_F(reserved, every_range)
{
	size_t from, to, n;

	for (from = 0; from < 12; from++) {
		for (to = from + 1; to <= 12; to++) {
			int handle = create_reserved(self->dev, NULL,
						     12 * self->page);
			unsigned char *view = sec_map(handle, RW, 0, 0, 0);

			ASSERT_NE(MAP_FAILED, view);
			/* Something there already, which the range meets. */
			ASSERT_EQ(0, sec_commit(handle, 3 * self->page,
						2 * self->page, 0));
			ASSERT_EQ(0, sec_commit(handle, 8 * self->page,
						self->page, 0));
			ASSERT_EQ(0, sec_commit_view(self->dev, AT(view, from),
						     (to - from) * self->page,
						     0));
			for (n = 0; n < 12; n++) {
				bool is = n == 3 || n == 4 || n == 8 ||
					  (n >= from && n < to);

				EXPECT_EQ(is ? 0 : -SIGSEGV, peek(AT(view, n)));
			}
			ASSERT_EQ(0, munmap(view, 12 * self->page));
			close(handle);
		}
	}
}

/* Other views, of this and of other processes, made before and after. */
TEST_F(reserved, seen_by_all)
{
	unsigned char *other = sec_map(self->handle, RW, 0, 0, 0);
	unsigned char *private = sec_map(self->handle, RW, SECTION_MAP_PRIVATE,
					 0, 0);
	int up[2], down[2], status;
	char byte;
	pid_t pid;

	ASSERT_NE(MAP_FAILED, other);
	ASSERT_NE(MAP_FAILED, private);
	ASSERT_EQ(0, pipe(up));
	ASSERT_EQ(0, pipe(down));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (peek(AT(self->view, 5)) != -SIGSEGV)
			_exit(1);
		if (write(up[1], "a", 1) != 1 || read(down[0], &byte, 1) != 1)
			_exit(2);
		if (peek(AT(self->view, 5)) != 'x')
			_exit(3);
		if (peek(AT(private, 5)) != 'x')
			_exit(4);
		_exit(poke(AT(self->view, 6), 'y') ? 5 : 0);
	}
	ASSERT_EQ(1, read(up[0], &byte, 1));
	close(self->handle);
	ASSERT_EQ(0, sec_commit_view(self->dev, AT(self->view, 5),
				     2 * self->page, 0));
	EXPECT_EQ(0, poke(AT(other, 5), 'x'));
	ASSERT_EQ(1, write(down[1], "b", 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ('y', peek(AT(other, 6)));
	EXPECT_EQ('y', peek(AT(private, 6)));
	EXPECT_EQ(-SIGSEGV, peek(AT(other, 7)));
	EXPECT_EQ(-SIGSEGV, peek(AT(private, 7)));
}

TEST_F(reserved, committed_again)
{
	ASSERT_EQ(0, sec_commit(self->handle, 0, 4 * self->page, 0));
	EXPECT_EQ(0, poke(AT(self->view, 1), 'k'));
	ASSERT_EQ(0, sec_commit(self->handle, 0, 4 * self->page, 0));
	ASSERT_EQ(0, sec_commit(self->handle, self->page, 1, 0));
	EXPECT_EQ('k', peek(AT(self->view, 1)));
	EXPECT_EQ(4 * self->page, committed(self->handle));
	/* All of it, in one call. */
	ASSERT_EQ(0, sec_commit(self->handle, 0, 0, 0));
	EXPECT_EQ('k', peek(AT(self->view, 1)));
	EXPECT_EQ(PAGES * self->page, committed(self->handle));
	EXPECT_EQ(0, peek(AT(self->view, PAGES - 1)));
}

TEST_F(reserved, given_back)
{
	unsigned char *private = sec_map(self->handle, RW, SECTION_MAP_PRIVATE,
					 0, 0);
	struct section_query q;
	size_t i;

	ASSERT_NE(MAP_FAILED, private);
	ASSERT_EQ(0, sec_commit(self->handle, 0, 0, 0));
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(0, poke(AT(self->view, i), 'd'));
	EXPECT_EQ(0, poke(AT(private, 3), 'p'));
	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_EQ(PAGES * self->page, q.resident);
	ASSERT_EQ(0, sec_commit_view(self->dev, AT(self->view, 1),
				     (PAGES - 2) * self->page,
				     SECTION_COMMIT_DECOMMIT));
	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_EQ(2 * self->page, q.committed);
	EXPECT_EQ(2 * self->page, q.resident);
	EXPECT_EQ('d', peek(self->view));
	EXPECT_EQ(-SIGSEGV, peek(AT(self->view, 1)));
	EXPECT_EQ(-SIGSEGV, peek(AT(private, 2)));
	/* The copy is the view's own. */
	EXPECT_EQ('p', peek(AT(private, 3)));
	EXPECT_EQ('d', peek(AT(self->view, PAGES - 1)));
	ASSERT_EQ(0, sec_commit(self->handle, 0, 0, 0));
	EXPECT_EQ(0, peek(AT(self->view, 1)));
	EXPECT_EQ('d', peek(self->view));
}

TEST_F(reserved, runs)
{
	struct section_query_view v;

	ASSERT_EQ(0, sec_commit(self->handle, 4 * self->page, 3 * self->page,
				0));
	ASSERT_EQ(0, sec_query_view(self->dev, self->view + 5, &v));
	EXPECT_EQ(0U, v.committed);
	EXPECT_EQ(4 * self->page, v.run);
	ASSERT_EQ(0, sec_query_view(self->dev, AT(self->view, 5) + 5, &v));
	EXPECT_EQ(1U, v.committed);
	EXPECT_EQ(2 * self->page, v.run);
	EXPECT_EQ(sec_ptr(self->view), v.address);
	ASSERT_EQ(0, sec_query_view(self->dev, AT(self->view, 7), &v));
	EXPECT_EQ(0U, v.committed);
	EXPECT_EQ((PAGES - 7) * self->page, v.run);
}

/* A view that mprotect(2) has split is still a range to commit. */
TEST_F(reserved, split_view)
{
	ASSERT_EQ(0, mprotect(AT(self->view, 2), self->page, PROT_READ));
	ASSERT_EQ(0, mprotect(AT(self->view, 4), self->page, PROT_NONE));
	EXPECT_EQ(0, sec_commit_view(self->dev, self->view, 6 * self->page, 0));
	EXPECT_EQ(0, peek(AT(self->view, 2)));
	EXPECT_EQ(6 * self->page, committed(self->handle));
	ASSERT_EQ(0, munmap(AT(self->view, 8), self->page));
	EXPECT_EQ(-EFAULT, sec_commit_view(self->dev, AT(self->view, 7),
					   3 * self->page, 0));
	EXPECT_EQ(6 * self->page, committed(self->handle));
}

TEST_F(reserved, refused)
{
	int reader = sec_duplicate(self->handle, SEC_RIGHTS_R, 0);
	unsigned char *read_only = sec_map(reader, PROT_READ, 0, 0, 0);
	unsigned char *private = sec_map(self->handle, RW, SECTION_MAP_PRIVATE,
					 0, 0);
	const __u64 end = PAGES * self->page;

	ASSERT_NE(MAP_FAILED, read_only);
	ASSERT_NE(MAP_FAILED, private);
	EXPECT_EQ(-EACCES, sec_commit(reader, 0, 1, 0));
	EXPECT_EQ(-EACCES, sec_commit(reader, 0, 1, SECTION_COMMIT_DECOMMIT));
	EXPECT_EQ(-EACCES, sec_commit_view(self->dev, read_only, 1, 0));
	EXPECT_EQ(-EACCES, sec_commit_view(self->dev, private, 1, 0));
	EXPECT_EQ(-EINVAL, sec_commit(self->handle, 1, 1, 0));
	EXPECT_EQ(-EINVAL, sec_commit_view(self->dev, self->view, 0, 0));
	EXPECT_EQ(-ENXIO, sec_commit(self->handle, end, 1, 0));
	EXPECT_EQ(-ENXIO, sec_commit(self->handle, 0, end + 1, 0));
	EXPECT_EQ(-EOVERFLOW, sec_commit(self->handle, self->page, -1, 0));
	EXPECT_EQ(-EOVERFLOW, sec_commit_view(self->dev, self->view, -1, 0));
	EXPECT_EQ(-EFAULT, sec_commit_view(self->dev, self->view, end + 1, 0));
	EXPECT_EQ(-EFAULT, sec_commit_view(self->dev, NULL, 1, 0));
	EXPECT_EQ(-EFAULT, sec_commit_view(self->dev, &end, 1, 0));
	EXPECT_EQ(0U, committed(self->handle));
}

/* What is committed from the start can be committed, and not decommitted. */
TEST(not_reserved)
{
	int dev = sec_dev();
	int handle = sec_create_anon(dev, NULL, 2 * SEC_PAGE);
	unsigned char *view;

	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(2 * SEC_PAGE, committed(handle));
	EXPECT_EQ(0, poke(view, 'n'));
	EXPECT_EQ(0, sec_commit(handle, 0, 0, 0));
	EXPECT_EQ(0, sec_commit_view(dev, view, 1, 0));
	EXPECT_EQ(-EOPNOTSUPP, sec_commit(handle, 0, 0,
					  SECTION_COMMIT_DECOMMIT));
	EXPECT_EQ(-EOPNOTSUPP, sec_commit_view(dev, view, 1,
					       SECTION_COMMIT_DECOMMIT));
	EXPECT_EQ('n', peek(view));
}

/* Nothing that the memory manager offers reaches what is not committed. */
TEST_F(reserved, ways_around)
{
	const size_t huge = 4UL << 20;
	int handle = create_reserved(self->dev, NULL, huge);
	unsigned char *view, *moved;
	unsigned char vec;

	ASSERT_LE(0, handle);
	view = mmap((void *)0x600000000000UL, huge, RW,
		    MAP_SHARED | MAP_FIXED_NOREPLACE, handle, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(0, sec_commit(handle, 0, 1, 0));
	EXPECT_EQ(0, poke(view, 'c'));
	EXPECT_EQ(-1, madvise(view, huge, MADV_COLLAPSE));
	EXPECT_EQ(-1, madvise(view, huge, MADV_POPULATE_WRITE));
	EXPECT_EQ(-1, madvise(view, huge, MADV_POPULATE_READ));
	EXPECT_EQ(-SIGSEGV, peek(view + SEC_PAGE));
	EXPECT_EQ(-1, syscall(SYS_remap_file_pages, view, SEC_PAGE, 0, 1, 0));
	EXPECT_EQ(MAP_FAILED, mremap(view, huge, 2 * huge, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	moved = mremap(view + SEC_PAGE, SEC_PAGE, SEC_PAGE,
		       MREMAP_MAYMOVE | MREMAP_FIXED, view + 8 * huge);
	ASSERT_NE(MAP_FAILED, moved);
	EXPECT_EQ(-SIGSEGV, peek(moved));
	EXPECT_EQ(0, mincore(moved, SEC_PAGE, &vec));
	EXPECT_EQ('c', peek(view));
	EXPECT_EQ(SEC_PAGE, committed(handle));
}

/* Much address space, one gigabyte of it committed in one call. */
TEST(eight_terabytes)
{
	const __u64 bytes = 8ULL << 40, gigabyte = 1ULL << 30;
	int dev = sec_dev();
	int handle = create_reserved(dev, NULL, bytes);
	unsigned char *view;

	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(0, sec_commit(handle, 4ULL << 40, gigabyte, 0));
	EXPECT_EQ(gigabyte, committed(handle));
	EXPECT_EQ(-SIGSEGV, peek(view + (4ULL << 40) - 1));
	EXPECT_EQ(0, poke(view + (4ULL << 40), 1));
	EXPECT_EQ(0, poke(view + (4ULL << 40) + gigabyte - 1, 1));
	EXPECT_EQ(-SIGSEGV, peek(view + (4ULL << 40) + gigabyte));
	EXPECT_EQ(-SIGSEGV, peek(view + bytes - 1));
}

TEST_HARNESS_MAIN
