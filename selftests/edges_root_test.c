// SPDX-License-Identifier: GPL-2.0-only
/*
 * What large pages, holes, full disks and small memory groups could do at the
 * edges of what a section is.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"

#include <pthread.h>
#include <sys/statvfs.h>

#define RW		(PROT_READ | PROT_WRITE)
#define MB		(1L << 20)
#define HUGE		(2 * MB)
#define THP		"/sys/kernel/mm/transparent_hugepage/"
#define SHMEM_ENABLED	THP "shmem_enabled"
#define CGROUP		"/sys/fs/cgroup/section-populate"

static int create_large(int dev, __u64 bytes, __u32 flags)
{
	return sec_create_flags(dev, NULL, bytes, flags);
}

static int create_populated(int dev, int file, __u64 bytes)
{
	struct section_create args = sec_create_args(NULL, bytes);

	args.flags = SECTION_CREATE_POPULATE;
	args.file_fd = file;
	return sec_create(dev, &args);
}

static long long blocks(int file)
{
	struct stat st;

	return fstat(file, &st) ? -1 : (long long)st.st_blocks * 512;
}

FIXTURE(large) {
	int dev;
	size_t page;
	char shmem_enabled[128];
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
}

FIXTURE_TEARDOWN_PARENT(large)
{
	if (self->shmem_enabled[0])
		EXPECT_EQ(0, sec_write_file(SHMEM_ENABLED,
					    self->shmem_enabled));
	rmdir(CGROUP);
}

/* A free range, aligned as a large page is. */
static unsigned char *huge_range(size_t bytes)
{
	unsigned char *range = free_range((bytes + HUGE) / SEC_PAGE);

	return range ? (unsigned char *)(((uintptr_t)range + HUGE - 1) &
					 ~(HUGE - 1)) : NULL;
}

/*
 * The administrator may have all of tmpfs in large pages.  What is not committed
 * must not come with a page that is.
 */
TEST_F(large, forced_and_reserved)
{
	struct section_query q;
	unsigned char *view;
	int handle;
	size_t n;

	handle = create_large(self->dev, 2 * HUGE, SECTION_CREATE_RESERVE);
	ASSERT_LE(0, handle);
	view = huge_range(2 * HUGE);
	ASSERT_NE(NULL, view);
	ASSERT_EQ(view, mmap(view, 2 * HUGE, RW,
			     MAP_SHARED | MAP_FIXED_NOREPLACE, handle, 0));
	ASSERT_EQ(0, sec_write_file(SHMEM_ENABLED, "force"));
	ASSERT_EQ(0, sec_commit(handle, 4 * self->page, 2 * self->page, 0));
	EXPECT_EQ(0, poke(view + 4 * self->page, 'c'));
	EXPECT_EQ('c', peek(view + 4 * self->page));
	for (n = 0; n < HUGE / self->page; n++)
		if (n != 4 && n != 5)
			ASSERT_EQ(-SIGSEGV, peek(view + n * self->page)) {
				TH_LOG("page %zu", n);
			}
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(2 * self->page, q.committed);
	/* Giving one page back takes that one only. */
	ASSERT_EQ(0, sec_commit(handle, 5 * self->page, 1,
				SECTION_COMMIT_DECOMMIT));
	EXPECT_EQ(-SIGSEGV, peek(view + 5 * self->page));
	EXPECT_EQ('c', peek(view + 4 * self->page));
}

/*
 * A large page of a file across the end of the section, in a view that is longer
 * than the section: what is beyond the end cannot be touched yet.
 */
TEST_F(large, beyond_the_end)
{
	struct section_map args = sec_map_args(RW, 0, HUGE);
	unsigned char *plain = huge_range(HUGE), *view;
	int file = unnamed_file("/tmp");
	__u64 bytes = HUGE;
	int handle;

	ASSERT_LE(0, file);
	ASSERT_NE(NULL, plain);
	ASSERT_EQ(0, ftruncate(file, HUGE));
	ASSERT_EQ(plain, mmap(plain, HUGE, RW, MAP_SHARED |
			      MAP_FIXED_NOREPLACE, file, 0));
	memset(plain, 'f', HUGE);
	if (madvise(plain, HUGE, MADV_COLLAPSE))
		SKIP(return, "no large page: errno %d", errno);
	handle = sec_create_file(self->dev, NULL, file, 3 * self->page,
				 SEC_PROT_RW);
	ASSERT_LE(0, handle);
	view = huge_range(HUGE);
	ASSERT_NE(NULL, view);
	args.flags = SECTION_MAP_BEYOND | SECTION_MAP_FIXED;
	args.address = sec_ptr(view);
	ASSERT_EQ(0, sec_ioctl(handle, SECTION_IOC_MAP, &args));
	EXPECT_EQ('f', peek(view));
	EXPECT_EQ(-SIGSEGV, peek(view + 3 * self->page));
	EXPECT_EQ(-SIGSEGV, poke(view + 3 * self->page, 'x'));
	EXPECT_EQ(-SIGSEGV, peek(view + HUGE - 1));
	EXPECT_EQ('f', peek(plain + 3 * self->page));
	ASSERT_EQ(0, sec_extend(handle, &bytes));
	EXPECT_EQ('f', peek(view + HUGE - 1));
	EXPECT_EQ(0, poke(view + HUGE - 1, 'w'));
	EXPECT_EQ('w', peek(plain + HUGE - 1));
}

struct toucher {
	unsigned char *view;
	size_t page;
	bool stop;
};

static void *keep_touching(void *arg)
{
	struct toucher *toucher = arg;
	size_t n;

	for (n = 0; !__atomic_load_n(&toucher->stop, __ATOMIC_RELAXED); n++)
		__atomic_load_n(toucher->view + n % 64 * toucher->page,
				__ATOMIC_RELAXED);
	return NULL;
}

/*
 * The file's pages become a large one while the view is being touched, for the
 * sake of a plain mapping: that takes the view's page table away.
 */
static int collapse_beside(struct __test_metadata *_metadata, int dev)
{
	struct section_map args = sec_map_args(RW, 0, HUGE);
	unsigned char *plain = huge_range(HUGE);
	int file = memfd_create("collapsed", MFD_CLOEXEC);
	struct toucher toucher = { .page = SEC_PAGE };
	pthread_t thread;
	int handle, err;

	ASSERT_EQ(0, ftruncate(file, HUGE));
	ASSERT_EQ(plain, mmap(plain, HUGE, RW, MAP_SHARED |
			      MAP_FIXED_NOREPLACE, file, 0));
	memset(plain, 'f', HUGE);
	handle = sec_create_file(dev, NULL, file, HUGE / 2, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	toucher.view = huge_range(HUGE);
	args.flags = SECTION_MAP_BEYOND | SECTION_MAP_FIXED;
	args.address = sec_ptr(toucher.view);
	ASSERT_EQ(0, sec_ioctl(handle, SECTION_IOC_MAP, &args));
	EXPECT_EQ(-SIGSEGV, peek(toucher.view + HUGE - 1));
	ASSERT_EQ(0, pthread_create(&thread, NULL, keep_touching, &toucher));
	usleep(1000);
	err = madvise(plain, HUGE, MADV_COLLAPSE) ? errno : 0;
	__atomic_store_n(&toucher.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(-SIGSEGV, peek(toucher.view + HUGE - 1));
	EXPECT_EQ(-SIGSEGV, poke(toucher.view + HUGE / 2, 'x'));
	EXPECT_EQ('f', peek(toucher.view));
	EXPECT_EQ('f', plain[HUGE / 2]);
	ASSERT_EQ(0, munmap(toucher.view, HUGE));
	ASSERT_EQ(0, munmap(plain, HUGE));
	close(handle);
	close(file);
	return err;
}

TEST_F(large, beyond_while_collapsing)
{
	int i, err, collapsed = 0;

	for (i = 0; i < 50; i++) {
		err = collapse_beside(_metadata, self->dev);
		collapsed += !err;
	}
	/* The kernel gives up where it meets somebody at work (EAGAIN). */
	if (!collapsed)
		SKIP(return, "no large page: errno %d", err);
}

/* What a view shows beyond the end of its section is the file's owner's. */
TEST_F(large, hole_beyond_the_end)
{
	int file = unnamed_file("/tmp");
	unsigned char *view;
	int handle;

	ASSERT_LE(0, file);
	ASSERT_TRUE(fill_page(file, 0, 'i'));
	ASSERT_TRUE(fill_page(file, 1, 'o'));
	handle = sec_create_file(self->dev, NULL, file, self->page, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, SECTION_MAP_BEYOND, 0, 2 * self->page);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(-SIGSEGV, peek(view + self->page));
	EXPECT_NE(0, madvise(view + self->page, self->page, MADV_REMOVE));
	EXPECT_EQ('o', file_byte(file, self->page));
	EXPECT_NE(0, madvise(view, 2 * self->page, MADV_REMOVE));
	EXPECT_EQ('o', file_byte(file, self->page));
	/* Its own it may throw away. */
	EXPECT_EQ(0, madvise(view, self->page, MADV_REMOVE));
	EXPECT_EQ(0, file_byte(file, 0));
}

/* A disk that is too small: the file is as it was. */
TEST_F(large, populate_no_space)
{
	struct statvfs fs;
	long long had;
	__u64 bytes;
	int file;

	if (!have_ext4())
		SKIP(return, "no ext4 at " EXT4_DIR);
	file = unnamed_file(EXT4_DIR);
	ASSERT_LE(0, file);
	ASSERT_EQ(0, statvfs(EXT4_DIR, &fs));
	ASSERT_TRUE(fill_page(file, 0, 'd'));
	ASSERT_EQ(0, fsync(file));
	had = blocks(file);
	bytes = (__u64)(fs.f_bfree + 1) * fs.f_frsize + MB;
	EXPECT_EQ(-ENOSPC, create_populated(self->dev, file, bytes));
	EXPECT_EQ((off_t)self->page, file_size(file));
	/* The file system may keep a block in which it wrote down where they were. */
	EXPECT_GE(had + (long long)fs.f_frsize, blocks(file));
	EXPECT_EQ('d', file_byte(file, 0));
}

static int populate_too_much(void *arg)
{
	const int *dev = arg;

	CHILD_EXPECT(!sec_write_number(CGROUP "/cgroup.procs", getpid()));
	CHILD_EXPECT(!sec_become(SEC_ALICE, SEC_ALICE));
	CHILD_EXPECT(create_populated(*dev, -1, 96 * MB) == -ENOMEM);
	CHILD_EXPECT(create_large(*dev, 96 * MB, SECTION_CREATE_LARGE_ONLY) ==
		     -ENOMEM);
	return 0;
}

/* All of the memory or an error: nobody is killed for it. */
TEST_F(large, populate_in_a_small_group)
{
	rmdir(CGROUP);
	if (mkdir(CGROUP, 0755))
		SKIP(return, "no memory cgroups: errno %d", errno);
	ASSERT_EQ(0, sec_write_number(CGROUP "/memory.max", 32 * MB));
	sec_write_number(CGROUP "/memory.swap.max", 0);
	EXPECT_EQ(0, sec_in_child(populate_too_much, &self->dev));
}

TEST_HARNESS_MAIN
