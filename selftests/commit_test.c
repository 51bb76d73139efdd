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
	return sec_create_flags(dev, name, bytes, SECTION_CREATE_RESERVE);
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

/* By address: every way in which a range can fail to be one. */
TEST_F(reserved, ranges_of_views)
{
	int other = create_reserved(self->dev, NULL, PAGES * self->page);
	int reader = sec_duplicate(self->handle, SEC_RIGHTS_R, 0);
	unsigned char *at = free_range(64);
	const struct {
		int handle;
		int flags;
		size_t offset;
		int expected;
	} next[] = {
		{ self->handle, MAP_SHARED, 8, 0 },
		{ self->handle, MAP_SHARED, 9, -EFAULT },
		{ self->handle, MAP_SHARED, 7, -EFAULT },
		{ self->handle, MAP_SHARED, 0, -EFAULT },
		{ other, MAP_SHARED, 8, -EFAULT },
		{ self->handle, MAP_PRIVATE, 8, -EACCES },
		{ reader, MAP_SHARED, 8, -EACCES },
		{ -1, MAP_PRIVATE | MAP_ANONYMOUS, 0, -EFAULT },
		{ -1, MAP_SHARED | MAP_ANONYMOUS, 0, -EFAULT },
	};
	size_t i;

	ASSERT_LE(0, other);
	ASSERT_LE(0, reader);
	ASSERT_NE(NULL, at);
	ASSERT_EQ(at, mmap(at, 4 * self->page, RW, MAP_SHARED |
			   MAP_FIXED_NOREPLACE, self->handle, 4 * self->page));
	EXPECT_EQ(-EFAULT, sec_commit_view(self->dev, AT(at, 2),
					   3 * self->page, 0));
	for (i = 0; i < ARRAY_SIZE(next); i++) {
		int prot = next[i].handle == reader ? PROT_READ : RW;

		ASSERT_EQ(AT(at, 4), mmap(AT(at, 4), 4 * self->page, prot,
					  next[i].flags | MAP_FIXED,
					  next[i].handle,
					  next[i].offset * self->page));
		EXPECT_EQ(next[i].expected,
			  sec_commit_view(self->dev, AT(at, 2),
					  4 * self->page, 0)) {
			TH_LOG("case %zu", i);
		}
		/* All of it or nothing. */
		EXPECT_EQ(next[i].expected ? 0 : 4 * self->page,
			  committed(self->handle));
		EXPECT_EQ(0U, committed(other));
		ASSERT_EQ(0, sec_commit(self->handle, 0, 0,
					SECTION_COMMIT_DECOMMIT));
	}
	/* A view that is gone; one whose place something else has. */
	ASSERT_EQ(0, munmap(at, 8 * self->page));
	EXPECT_EQ(-EFAULT, sec_commit_view(self->dev, at, 1, 0));
	ASSERT_EQ(at, mmap(at, self->page, RW, MAP_PRIVATE | MAP_ANONYMOUS |
			   MAP_FIXED_NOREPLACE, -1, 0));
	EXPECT_EQ(-EFAULT, sec_commit_view(self->dev, at, 1, 0));
	EXPECT_EQ(0U, committed(self->handle));
}

/* Bytes that are in two pages make both of them be committed, and no more. */
TEST_F(reserved, unaligned)
{
	EXPECT_EQ(0, sec_commit_view(self->dev, AT(self->view, 4) - 1, 2, 0));
	EXPECT_EQ(2 * self->page, committed(self->handle));
	EXPECT_EQ(0, peek(AT(self->view, 3)));
	EXPECT_EQ(0, peek(AT(self->view, 4)));
	EXPECT_EQ(0, sec_commit_view(self->dev, AT(self->view, 8) + 5,
				     self->page - 5, 0));
	EXPECT_EQ(3 * self->page, committed(self->handle));
	EXPECT_EQ(0, sec_commit(self->handle, 10 * self->page,
				self->page + 1, 0));
	EXPECT_EQ(5 * self->page, committed(self->handle));
	EXPECT_EQ(-SIGSEGV, peek(AT(self->view, 12)));
	EXPECT_EQ(0, sec_commit_view(self->dev, AT(self->view, 3) + 1, 1,
				     SECTION_COMMIT_DECOMMIT));
	EXPECT_EQ(-SIGSEGV, peek(AT(self->view, 3)));
	EXPECT_EQ(0, peek(AT(self->view, 4)));
}

TEST_F(reserved, huge_lengths)
{
	const __u64 lengths[] = { PAGES * self->page + 1, 1ULL << 31,
				  1ULL << 32, (1ULL << 32) + 1, 1ULL << 46,
				  1ULL << 47, 1ULL << 62, 1ULL << 63 };
	const __u64 page = self->page;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		EXPECT_EQ(-EFAULT, sec_commit_view(self->dev, self->view,
						   lengths[i], 0));
		EXPECT_EQ(-ENXIO, sec_commit(self->handle, 0, lengths[i], 0));
		EXPECT_EQ(-ENXIO, sec_commit(self->handle, 0, lengths[i],
					     SECTION_COMMIT_DECOMMIT));
	}
	EXPECT_EQ(-ENXIO, sec_commit(self->handle, PAGES * self->page, 0, 0));
	EXPECT_EQ(-ENXIO, sec_commit(self->handle, -page, 0, 0));
	EXPECT_EQ(-EOVERFLOW, sec_commit(self->handle, -page, page, 0));
	EXPECT_EQ(0U, committed(self->handle));
}

/* A view that mremap(2) has moved, in whole or in part, shows what it did. */
TEST_F(reserved, moved_view)
{
	unsigned char *to = free_range(PAGES);

	ASSERT_NE(NULL, to);
	ASSERT_EQ(AT(to, 2), mremap(AT(self->view, 20), 3 * self->page,
				    3 * self->page,
				    MREMAP_MAYMOVE | MREMAP_FIXED,
				    AT(to, 2)));
	ASSERT_EQ(0, sec_commit_view(self->dev, AT(to, 3), self->page, 0));
	EXPECT_EQ(-SIGSEGV, peek(AT(to, 2)));
	EXPECT_EQ(0, poke(AT(to, 3), 'm'));
	EXPECT_EQ(-SIGSEGV, peek(AT(to, 4)));
	EXPECT_EQ(-EFAULT, sec_commit_view(self->dev, AT(self->view, 21), 1,
					   0));
	EXPECT_EQ(self->page, committed(self->handle));
	EXPECT_EQ(0, sec_commit(self->handle, 21 * self->page, 1,
				SECTION_COMMIT_DECOMMIT));
	EXPECT_EQ(-SIGSEGV, peek(AT(to, 3)));
}

/* Anything, in any order, against a table of what must be. */
TEST_F(reserved, model)
{
	unsigned char is[PAGES] = { 0 };
	struct section_query_view v;
	__u32 state = 0x2545f491;
	size_t first, last, length, n, sum, i;
	struct section_query q;
	int round, rounds = sec_rounds(3000), ret;

	for (round = 0; round < rounds; round++) {
		bool decommit;

		state ^= state << 13;
		state ^= state >> 17;
		state ^= state << 5;
		first = state % PAGES;
		last = first + (state >> 8) % (1 + (state >> 20) %
					       (PAGES - first));
		decommit = state >> 31;
		length = (last - first + 1) * self->page;
		if (state & (1 << 30))
			ret = sec_commit(self->handle, first * self->page,
					 length, decommit ?
					 SECTION_COMMIT_DECOMMIT : 0);
		else
			ret = sec_commit_view(self->dev, AT(self->view, first),
					      length, decommit ?
					      SECTION_COMMIT_DECOMMIT : 0);
		ASSERT_EQ(0, ret);
		/* 1 is committed; anything more was also written. */
		for (n = first; n <= last; n++)
			is[n] = decommit ? 0 : is[n] ?: 1;
		n = (state >> 4) % PAGES;
		if (is[n]) {
			is[n] = 2 + round % 250;
			ASSERT_EQ(0, poke(AT(self->view, n), is[n]));
		} else {
			ASSERT_EQ(-SIGSEGV, poke(AT(self->view, n), 1));
		}
		for (n = 0, sum = 0; n < PAGES; n++)
			sum += !!is[n];
		ASSERT_EQ(0, sec_query(self->handle, &q));
		ASSERT_EQ(sum * self->page, q.committed);
		ASSERT_GE(q.committed, q.resident);
		n = (state >> 12) % PAGES;
		for (i = n; i < PAGES && !is[i] == !is[n]; i++)
			;
		ASSERT_EQ(0, sec_query_view(self->dev, AT(self->view, n), &v));
		ASSERT_EQ(!!is[n], v.committed);
		ASSERT_EQ((i - n) * self->page, v.run);
		if (round % 50)
			continue;
		for (n = 0; n < PAGES; n++)
			ASSERT_EQ(!is[n] ? -SIGSEGV : is[n] == 1 ? 0 : is[n],
				  peek(AT(self->view, n)));
	}
}

/* The first page alone is the one that a tree may hold in a special way. */
TEST_F(reserved, first_and_last_page)
{
	const size_t at[] = { 0, PAGES - 1 };
	struct section_query_view v;
	size_t i, n;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, sec_commit(self->handle, at[i] * self->page, 1,
					0));
		for (n = 0; n < PAGES; n++) {
			EXPECT_EQ(n == at[i] ? 0 : -SIGSEGV,
				  peek(AT(self->view, n)));
			ASSERT_EQ(0, sec_query_view(self->dev,
						    AT(self->view, n), &v));
			EXPECT_EQ(n == at[i], v.committed);
		}
		ASSERT_EQ(0, sec_commit(self->handle, 0, 0,
					SECTION_COMMIT_DECOMMIT));
		EXPECT_EQ(0U, committed(self->handle));
	}
}

/* A read fault maps what is around it: only as far as it is committed. */
TEST_F(reserved, fault_around)
{
	unsigned char *fresh;
	size_t n, hole;

	for (hole = 0; hole < 20; hole++) {
		ASSERT_EQ(0, sec_commit(self->handle, 0, 0, 0));
		memset(self->view, 'f', PAGES * self->page);
		ASSERT_EQ(0, sec_commit(self->handle, hole * self->page,
					self->page, SECTION_COMMIT_DECOMMIT));
		fresh = sec_map(self->handle, RW, 0, 0, 0);
		ASSERT_NE(MAP_FAILED, fresh);
		for (n = 0; n < PAGES; n++)
			EXPECT_EQ(n == hole ? -SIGSEGV : 'f',
				  peek(AT(fresh, n)));
		EXPECT_EQ(-SIGSEGV, peek(AT(fresh, hole)));
		ASSERT_EQ(0, munmap(fresh, PAGES * self->page));
	}
}

/* Pages that a private view has copied are its own, whatever becomes of others. */
TEST_F(reserved, private_copies)
{
	unsigned char *private = sec_map(self->handle, RW, SECTION_MAP_PRIVATE,
					 0, 0);
	unsigned char *late;
	struct section_query q;
	pid_t pid;

	ASSERT_NE(MAP_FAILED, private);
	EXPECT_EQ(-SIGSEGV, poke(private, 1));
	ASSERT_EQ(0, sec_commit(self->handle, 0, 4 * self->page, 0));
	memset(self->view, 's', 4 * self->page);
	EXPECT_EQ(0, poke(private, 'p'));
	EXPECT_EQ('s', peek(AT(private, 1)));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		CHILD_EXPECT(!sec_commit_view(self->dev, self->view,
					      4 * self->page,
					      SECTION_COMMIT_DECOMMIT));
		CHILD_EXPECT(peek(private) == 'p');
		CHILD_EXPECT(!poke(private, 'c'));
		CHILD_EXPECT(peek(AT(private, 1)) == -SIGSEGV);
		_exit(0);
	}
	EXPECT_EQ(0, sec_wait(pid));
	EXPECT_EQ('p', peek(private));
	EXPECT_EQ('s', peek(private + 1));
	EXPECT_EQ(-SIGSEGV, peek(AT(private, 1)));
	EXPECT_EQ(-SIGSEGV, peek(self->view));
	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_EQ(0U, q.resident);
	ASSERT_EQ(0, sec_commit(self->handle, 0, 4 * self->page, 0));
	EXPECT_EQ('p', peek(private));
	EXPECT_EQ(0, peek(AT(private, 1)));
	EXPECT_EQ(0, peek(self->view));
	late = sec_map(self->handle, RW, SECTION_MAP_PRIVATE, 0, 0);
	ASSERT_NE(MAP_FAILED, late);
	EXPECT_EQ(0, peek(late));
	/* To throw the copy away is to see the section again. */
	ASSERT_EQ(0, madvise(private, self->page, MADV_DONTNEED));
	EXPECT_EQ(0, peek(private));
}

/* Memory that a pipe still holds is no longer the section's. */
TEST_F(reserved, pinned)
{
	struct iovec piece = { .iov_base = self->view, .iov_len = 1 };
	struct section_query q;
	char byte = 0;
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(0, sec_commit(self->handle, 0, 1, 0));
	EXPECT_EQ(0, poke(self->view, 'o'));
	ASSERT_EQ(1, vmsplice(ends[1], &piece, 1, 0));
	ASSERT_EQ(0, sec_commit(self->handle, 0, 1, SECTION_COMMIT_DECOMMIT));
	EXPECT_EQ(-SIGSEGV, peek(self->view));
	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_EQ(0U, q.resident);
	ASSERT_EQ(0, sec_commit(self->handle, 0, 1, 0));
	EXPECT_EQ(0, peek(self->view));
	EXPECT_EQ(0, poke(self->view, 'n'));
	EXPECT_EQ(1, read(ends[0], &byte, 1));
	EXPECT_EQ('o', byte);
	EXPECT_EQ('n', peek(self->view));
}

/* The kernel's own accesses meet the same wall. */
TEST_F(reserved, kernel_access)
{
	ASSERT_EQ(0, sec_commit(self->handle, self->page, 1, 0));
	EXPECT_EQ(-EFAULT, read_into(self->view));
	EXPECT_EQ(-EFAULT, write_from(self->view));
	EXPECT_EQ(-EFAULT, remote_read(getpid(), self->view));
	EXPECT_EQ(-EFAULT, remote_write(getpid(), self->view, 1));
	EXPECT_EQ(1, read_into(AT(self->view, 1)));
	EXPECT_EQ(1, write_from(AT(self->view, 1)));
	EXPECT_EQ(1, remote_write(getpid(), AT(self->view, 1), 'r'));
	EXPECT_EQ('r', peek(AT(self->view, 1)));
	/* The argument itself may be in the view. */
	*(struct section_commit *)AT(self->view, 1) = (struct section_commit){
		.size = sizeof(struct section_commit),
		.flags = SECTION_COMMIT_DECOMMIT,
		.offset = self->page,
	};
	EXPECT_EQ(0, sec_ioctl(self->handle, SECTION_IOC_COMMIT,
			       AT(self->view, 1)));
	EXPECT_EQ(-SIGSEGV, peek(AT(self->view, 1)));
	EXPECT_EQ(-EFAULT, sec_ioctl(self->handle, SECTION_IOC_COMMIT,
				     AT(self->view, 1)));
}

/*
 * Faults against decommits.  Only the main thread commits and decommits, so it
 * knows at every moment what must be there, whatever the others touch meanwhile.
 */

#define TOUCHERS	3
#define HOT		24

struct touchers {
	unsigned char *view;
	unsigned char *private;
	size_t page;
	int stop;
	int bad;
	unsigned int touched[TOUCHERS];
	unsigned int refused[TOUCHERS];
	int next;
};

static void *touch_all_the_time(void *arg)
{
	struct touchers *t = arg;
	int me = __atomic_fetch_add(&t->next, 1, __ATOMIC_SEQ_CST);
	unsigned int i = me;
	int value;

	while (!__atomic_load_n(&t->stop, __ATOMIC_RELAXED)) {
		size_t at = i++ * 7 % HOT * t->page;

		/* Writers, readers that fault around, and copies. */
		if (me == 0)
			value = poke(t->view + at, 'w');
		else if (me == 1)
			value = peek(t->view + at);
		else
			value = peek(t->private + at);
		if (value == -SIGSEGV)
			t->refused[me]++;
		else if (value == 0 || value == 'w')
			t->touched[me]++;
		else
			__atomic_store_n(&t->bad, 1, __ATOMIC_RELAXED);
		/* Page table entries that the next round has to make anew. */
		if (i % 64 == 0)
			madvise(t->view, HOT * t->page, MADV_DONTNEED);
	}
	return NULL;
}

TEST_F_TIMEOUT(reserved, faults_against_decommits, 120)
{
	pthread_t threads[TOUCHERS];
	struct touchers t = { .view = self->view, .page = self->page };
	struct section_query q;
	int round, rounds = sec_rounds(400), i;
	size_t n;

	t.private = sec_map(self->handle, PROT_READ, SECTION_MAP_PRIVATE, 0, 0);
	ASSERT_NE(MAP_FAILED, t.private);
	for (i = 0; i < TOUCHERS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL,
					    touch_all_the_time, &t));
	for (round = 0; round < rounds; round++) {
		const size_t first = round % 5, count = 8 + round % 11;

		ASSERT_EQ(0, sec_commit(self->handle, 0, HOT * self->page, 0));
		for (n = 0; n < 4; n++)
			ASSERT_LE(0, peek(AT(self->view, (first + n * 5) %
					     HOT)));
		ASSERT_EQ(0, sec_commit(self->handle, first * self->page,
					count * self->page,
					SECTION_COMMIT_DECOMMIT));
		for (n = 0; n < count; n++) {
			ASSERT_EQ(-SIGSEGV, peek(AT(self->view, first + n)));
			ASSERT_EQ(-SIGSEGV, peek(AT(t.private, first + n)));
		}
		ASSERT_EQ(0, sec_query(self->handle, &q));
		ASSERT_EQ((HOT - count) * self->page, q.committed);
		/* Each that is at work may leave a page that it lost. */
		ASSERT_GE((HOT - count + TOUCHERS) * self->page, q.resident);
	}
	__atomic_store_n(&t.stop, 1, __ATOMIC_RELAXED);
	for (i = 0; i < TOUCHERS; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
		/* Else this has tested nothing. */
		EXPECT_LT(0U, t.touched[i]);
		EXPECT_LT(0U, t.refused[i]);
	}
	EXPECT_EQ(0, t.bad);
	ASSERT_EQ(0, sec_commit(self->handle, 0, 0, SECTION_COMMIT_DECOMMIT));
	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_EQ(0U, q.resident);
}

/* What was thrown away never comes back: readers race, nobody else writes. */
TEST_F_TIMEOUT(reserved, never_stale, 120)
{
	struct touchers t = { .view = self->view, .next = 1,
			      .page = self->page };
	pthread_t threads[2];
	int round, rounds = sec_rounds(400), i;
	size_t n;

	t.private = sec_map(self->handle, PROT_READ, SECTION_MAP_PRIVATE, 0, 0);
	ASSERT_NE(MAP_FAILED, t.private);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL,
					    touch_all_the_time, &t));
	for (round = 0; round < rounds; round++) {
		ASSERT_EQ(0, sec_commit(self->handle, 0, HOT * self->page, 0));
		for (n = 0; n < HOT; n++) {
			ASSERT_EQ(0, peek(AT(self->view, n)));
			ASSERT_EQ(0, peek(AT(t.private, n)));
			ASSERT_EQ(0, poke(AT(self->view, n), 'w'));
		}
		for (n = 0; n < HOT; n++)
			ASSERT_EQ('w', peek(AT(t.private, n)));
		ASSERT_EQ(0, sec_commit_view(self->dev, self->view,
					     HOT * self->page,
					     SECTION_COMMIT_DECOMMIT));
	}
	__atomic_store_n(&t.stop, 1, __ATOMIC_RELAXED);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	EXPECT_EQ(0, t.bad);
	EXPECT_LT(0U, t.touched[1]);
	EXPECT_LT(0U, t.touched[2]);
}

/* Threads that fork while pages come and go: children have no page too many. */
static void *commit_all_the_time(void *arg)
{
	FIXTURE_DATA(reserved) *self = ((void **)arg)[0];
	int *stop = ((void **)arg)[1];

	while (!__atomic_load_n(stop, __ATOMIC_RELAXED)) {
		sec_commit(self->handle, 0, 8 * self->page, 0);
		poke(self->view, 'w');
		sec_commit(self->handle, 0, 8 * self->page,
			   SECTION_COMMIT_DECOMMIT);
	}
	return NULL;
}

TEST_F_TIMEOUT(reserved, fork_against_decommits, 120)
{
	unsigned char *private = sec_map(self->handle, RW, SECTION_MAP_PRIVATE,
					 0, 0);
	int stop = 0, ready[2], round;
	void *arg[] = { self, &stop };
	struct section_query q;
	pthread_t thread;
	char byte;

	ASSERT_NE(MAP_FAILED, private);
	/* A private view with a copy has its page tables copied. */
	ASSERT_EQ(0, sec_commit(self->handle, 16 * self->page, 1, 0));
	EXPECT_EQ(0, poke(AT(private, 16), 'p'));
	ASSERT_EQ(0, pipe(ready));
	ASSERT_EQ(0, pthread_create(&thread, NULL, commit_all_the_time, arg));
	for (round = 0; round < 60; round++) {
		pid_t pid;

		peek(private);
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			/* When the parent's thread has stopped, in the end. */
			if (round == 59)
				CHILD_EXPECT(read(ready[0], &byte, 1) == 1);
			CHILD_EXPECT(peek(AT(private, 16)) == 'p');
			for (int n = 0; n < 8; n++) {
				int a = peek(AT(private, n));
				int b = peek(AT(self->view, n));

				CHILD_EXPECT(a == 0 || a == 'w' ||
					     a == -SIGSEGV);
				CHILD_EXPECT(b == 0 || b == 'w' ||
					     b == -SIGSEGV);
				if (round == 59)
					CHILD_EXPECT(a == -SIGSEGV &&
						     b == -SIGSEGV);
			}
			_exit(0);
		}
		if (round == 59) {
			__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
			ASSERT_EQ(0, pthread_join(thread, NULL));
			ASSERT_EQ(1, write(ready[1], "r", 1));
		}
		EXPECT_EQ(0, sec_wait(pid));
	}
	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_EQ(self->page, q.committed);
	EXPECT_EQ(self->page, q.resident);
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
	/* With room behind it to grow, aligned as a huge page is. */
	view = free_range(4 * huge / SEC_PAGE);
	ASSERT_NE(NULL, view);
	view += huge - (uintptr_t)view % huge;
	ASSERT_EQ(view, mmap(view, huge, RW, MAP_SHARED | MAP_FIXED_NOREPLACE,
			     handle, 0));
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
		       MREMAP_MAYMOVE | MREMAP_FIXED, view + 2 * huge);
	ASSERT_NE(MAP_FAILED, moved);
	EXPECT_EQ(-SIGSEGV, peek(moved));
	EXPECT_EQ(0, mincore(moved, SEC_PAGE, &vec));
	EXPECT_EQ('c', peek(view));
	EXPECT_EQ(SEC_PAGE, committed(handle));
}

/*
 * So many ranges that the tree of them has several levels: freed with the section,
 * by one decommit, and by becoming one range.
 */
TEST_F_TIMEOUT(reserved, thousands_of_ranges, 240)
{
	const size_t count = sec_rounds(20000);
	unsigned char *view;
	int handle, way;
	size_t i;

	for (way = 0; way < 3; way++) {
		handle = create_reserved(self->dev, NULL, 2 * count * SEC_PAGE);
		ASSERT_LE(0, handle);
		for (i = 0; i < count; i++)
			ASSERT_EQ(0, sec_commit(handle, 2 * i * SEC_PAGE, 1, 0));
		EXPECT_EQ(count * SEC_PAGE, committed(handle));
		view = sec_map(handle, RW, 0, (count - 2) * SEC_PAGE,
			       2 * SEC_PAGE);
		ASSERT_NE(MAP_FAILED, view);
		EXPECT_EQ(0, peek(view));
		EXPECT_EQ(-SIGSEGV, peek(view + SEC_PAGE));
		if (way == 1) {
			ASSERT_EQ(0, sec_commit(handle, 0, 0,
						SECTION_COMMIT_DECOMMIT));
			EXPECT_EQ(0U, committed(handle));
			EXPECT_EQ(-SIGSEGV, peek(view));
		} else if (way == 2) {
			ASSERT_EQ(0, sec_commit(handle, 0, 0, 0));
			EXPECT_EQ(2 * count * SEC_PAGE, committed(handle));
			EXPECT_EQ(0, peek(view + SEC_PAGE));
		}
		ASSERT_EQ(0, munmap(view, 2 * SEC_PAGE));
		close(handle);
	}
	/* What RCU still has to free, it frees while there is a test to blame. */
	sleep(1);
}

#if __SIZEOF_POINTER__ == 8
/* Much address space, one gigabyte of it committed in one call. */
/* Page tables of this process in bytes. */
static long page_tables(void)
{
	char text[8192], *at = NULL;

	if (sec_read_file("/proc/self/status", text, sizeof(text)) > 0)
		at = strstr(text, "VmPTE:");
	return at ? strtol(at + strlen("VmPTE:"), NULL, 10) * 1024 : -1;
}

/* What cannot be touched costs nothing, however often it is tried. */
TEST_F(reserved, no_page_tables_for_nothing)
{
	const size_t step = 2 << 20, steps = 256;
	unsigned char *view;
	int handle = create_reserved(self->dev, NULL, step * steps);
	long before;
	size_t i;

	ASSERT_LE(0, handle);
	view = sec_map(handle, PROT_READ | PROT_WRITE, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(-SIGSEGV, peek(view));
	before = page_tables();
	ASSERT_LT(0, before);
	for (i = 0; i < steps; i++)
		EXPECT_EQ(-SIGSEGV, poke(view + i * step, 'x'));
	/* Those of the tests' own stack, perhaps. */
	EXPECT_GE(before + 16 * (long)self->page, page_tables());
}

TEST(eight_terabytes)
{
	const __u64 bytes = 8ULL << 40, gigabyte = 1ULL << 30;
	int dev = sec_dev();
	int handle = create_reserved(dev, NULL, bytes);
	unsigned char *view, *middle;

	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(0, sec_commit(handle, 4ULL << 40, gigabyte, 0));
	EXPECT_EQ(gigabyte, committed(handle));
	middle = view + bytes / 2;
	EXPECT_EQ(-SIGSEGV, peek(middle - 1));
	EXPECT_EQ(0, poke(middle, 1));
	EXPECT_EQ(0, poke(middle + gigabyte - 1, 1));
	EXPECT_EQ(-SIGSEGV, peek(middle + gigabyte));
	EXPECT_EQ(-SIGSEGV, peek(view + bytes - 1));
}
#endif

TEST_HARNESS_MAIN
