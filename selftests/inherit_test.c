// SPDX-License-Identifier: GPL-2.0-only
/*
 * Views that children of fork(2) do not get.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"

#define RW	(PROT_READ | PROT_WRITE)
#define AT(view, n) ((view) + (n) * self->page)
#define PAGES	4

FIXTURE(inherit) {
	int dev;
	int handle;
	size_t page;
};

FIXTURE_VARIANT(inherit) {
	bool file;
	__u32 create;
	__u32 map;
};

FIXTURE_VARIANT_ADD(inherit, anon_shared) { .map = 0 };
FIXTURE_VARIANT_ADD(inherit, anon_private) { .map = SECTION_MAP_PRIVATE };
FIXTURE_VARIANT_ADD(inherit, reserved) { .create = SECTION_CREATE_RESERVE };
FIXTURE_VARIANT_ADD(inherit, based) { .create = SECTION_CREATE_BASED };
FIXTURE_VARIANT_ADD(inherit, file_shared) { .file = true };
FIXTURE_VARIANT_ADD(inherit, file_private) {
	.file = true, .map = SECTION_MAP_PRIVATE };
FIXTURE_VARIANT_ADD(inherit, file_beyond) {
	.file = true, .map = SECTION_MAP_BEYOND };

FIXTURE_SETUP(inherit)
{
	struct section_create args = sec_create_args(NULL, PAGES * SEC_PAGE);

	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	args.flags = variant->create;
	if (variant->file)
		args.file_fd = unnamed_file("/tmp");
	self->handle = sec_create(self->dev, &args);
	ASSERT_LE(0, self->handle);
	ASSERT_EQ(0, sec_commit(self->handle, 0, 0, 0));
}

FIXTURE_TEARDOWN(inherit)
{
}

static __u32 views(int handle)
{
	struct section_query q;

	return sec_query(handle, &q) ? ~0U : q.views;
}

static __u32 handles(int handle)
{
	struct section_query q;

	return sec_query(handle, &q) ? ~0U : q.handles;
}

/* Is anything mapped there? */
static bool is_mapped(const void *address)
{
	char line[512];

	return maps_line(address, line, sizeof(line));
}

TEST_F(inherit, not_in_children)
{
	unsigned char *view, *other;
	struct section_query_view v;
	pid_t pid;

	view = sec_map(self->handle, RW, SECTION_MAP_NO_INHERIT | variant->map,
		       0, 0);
	ASSERT_NE(MAP_FAILED, view);
	other = view;
	/* Of a based section there is one view in a process. */
	if (variant->create != SECTION_CREATE_BASED)
		other = sec_map(self->handle, RW, variant->map, 0, 0);
	ASSERT_NE(MAP_FAILED, other);
	EXPECT_EQ(other == view ? 1U : 2U, views(self->handle));
	/* The file that the view was made by does not count. */
	EXPECT_EQ(1U, handles(self->handle));
	ASSERT_EQ(0, sec_query_view(self->dev, view, &v));
	EXPECT_EQ(SECTION_MAP_NO_INHERIT |
		  (variant->map & SECTION_MAP_PRIVATE), v.flags);
	if (other != view) {
		ASSERT_EQ(0, sec_query_view(self->dev, other, &v));
		EXPECT_EQ(variant->map & SECTION_MAP_PRIVATE, v.flags);
	}
	EXPECT_EQ(0, poke(view, 'n'));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		CHILD_EXPECT(!is_mapped(view));
		CHILD_EXPECT(peek(view) == -SIGSEGV);
		CHILD_EXPECT(sec_query_view(self->dev, view, &v) == -EFAULT);
		if (other != view) {
			CHILD_EXPECT(peek(other) >= 0);
			CHILD_EXPECT(views(self->handle) == 3);
		} else {
			CHILD_EXPECT(views(self->handle) == 1);
		}
		/* It can have one of its own. */
		CHILD_EXPECT(sec_map(self->handle, RW, variant->map, 0, 0) !=
			     MAP_FAILED);
		_exit(0);
	}
	EXPECT_EQ(0, sec_wait(pid));
	EXPECT_EQ('n', peek(view));
	EXPECT_TRUE(is_mapped(view));
	EXPECT_EQ(other == view ? 1U : 2U, views(self->handle));
	ASSERT_EQ(0, munmap(view, PAGES * self->page));
	EXPECT_EQ(other == view ? 0U : 1U, views(self->handle));
}

/* Whatever is done to the view, its parts are as it was. */
TEST_F(inherit, parts)
{
	unsigned char *view, *moved;
	struct section_query_view v;
	size_t n;
	pid_t pid;

	view = sec_map(self->handle, RW, SECTION_MAP_NO_INHERIT | variant->map,
		       0, 0);
	ASSERT_NE(MAP_FAILED, view);
	moved = free_range(PAGES);
	ASSERT_NE(NULL, moved);
	ASSERT_EQ(0, mprotect(AT(view, 1), self->page, PROT_READ));
	ASSERT_EQ(0, munmap(AT(view, 2), self->page));
	ASSERT_EQ(moved, mremap(AT(view, 3), self->page, self->page,
				MREMAP_MAYMOVE | MREMAP_FIXED, moved));
	EXPECT_EQ(3U, views(self->handle));
	for (n = 0; n < 2; n++) {
		ASSERT_EQ(0, sec_query_view(self->dev, AT(view, n), &v));
		EXPECT_TRUE(v.flags & SECTION_MAP_NO_INHERIT);
	}
	ASSERT_EQ(0, sec_query_view(self->dev, moved, &v));
	EXPECT_TRUE(v.flags & SECTION_MAP_NO_INHERIT);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		CHILD_EXPECT(peek(view) == -SIGSEGV);
		CHILD_EXPECT(peek(AT(view, 1)) == -SIGSEGV);
		CHILD_EXPECT(peek(moved) == -SIGSEGV);
		CHILD_EXPECT(views(self->handle) == 3);
		_exit(0);
	}
	EXPECT_EQ(0, sec_wait(pid));
	EXPECT_EQ(3U, views(self->handle));
}

/* One maps and unmaps while the other forks: no child ever has such a view. */

struct mapper {
	int handle;
	__u32 flags;
	int stop;
	int bad;
	unsigned int made;
	unsigned char *at;
};

static void *map_all_the_time(void *arg)
{
	struct mapper *m = arg;
	struct section_map args = sec_map_args(RW, 0, 0);

	args.flags = m->flags | SECTION_MAP_NO_INHERIT;
	/* A based section has its own address. */
	if (m->at) {
		args.address = sec_ptr(m->at);
		args.flags |= SECTION_MAP_FIXED;
	}
	while (!__atomic_load_n(&m->stop, __ATOMIC_RELAXED)) {
		struct section_map this = args;

		if (sec_ioctl(m->handle, SECTION_IOC_MAP, &this) ||
		    munmap((void *)(uintptr_t)this.address, this.length))
			m->bad = 1;
		m->made++;
	}
	return NULL;
}

TEST_F_TIMEOUT(inherit, fork_all_the_time, 120)
{
	struct mapper m = { .handle = self->handle, .flags = variant->map };
	struct section_query q;
	unsigned char *place;
	pthread_t thread;
	int round;

	ASSERT_EQ(0, sec_query(self->handle, &q));
	/* Where nobody else's mappings go, the thread's stack for one. */
	m.at = q.base ? NULL : (unsigned char *)0x500000000000UL;
	place = q.base ? (unsigned char *)(uintptr_t)q.base : m.at;
	ASSERT_EQ(0, pthread_create(&thread, NULL, map_all_the_time, &m));
	for (round = 0; round < 100; round++) {
		pid_t pid = fork();

		ASSERT_LE(0, pid);
		if (!pid) {
			CHILD_EXPECT(peek(place) == -SIGSEGV);
			_exit(0);
		}
		ASSERT_EQ(0, sec_wait(pid));
	}
	__atomic_store_n(&m.stop, 1, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, m.bad);
	EXPECT_LT(0U, m.made);
	EXPECT_EQ(0U, views(self->handle));
	EXPECT_EQ(1U, handles(self->handle));
}

TEST_F(inherit, last_view)
{
	struct section_query_view v;
	unsigned char *view;
	pid_t pid;

	view = sec_map(self->handle, RW, SECTION_MAP_NO_INHERIT | variant->map,
		       0, 0);
	ASSERT_NE(MAP_FAILED, view);
	close(self->handle);
	EXPECT_EQ(0, poke(view, 'l'));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		CHILD_EXPECT(peek(view) == -SIGSEGV);
		_exit(0);
	}
	/* The child's end takes nothing of the parent's. */
	EXPECT_EQ(0, sec_wait(pid));
	EXPECT_EQ('l', peek(view));
	EXPECT_EQ(0, sec_query_view(self->dev, view, &v));
}

TEST_HARNESS_MAIN
