// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sections whose memory, or disk space, is there from the start.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"

#include <sys/time.h>

#define RW	(PROT_READ | PROT_WRITE)
#define MB	(1L << 20)

static int create_populated(int dev, int file, __u64 bytes)
{
	struct section_create args = sec_create_args(NULL, bytes);

	args.flags = SECTION_CREATE_POPULATE;
	args.file_fd = file;
	return sec_create(dev, &args);
}

TEST(anonymous)
{
	const size_t sizes[] = { 1, 2 * SEC_PAGE, 7 * SEC_PAGE + 1, 9 * MB };
	int dev = sec_dev();
	struct section_query q;
	unsigned char *view;
	int handle;
	size_t i;

	ASSERT_LE(0, dev);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		handle = create_populated(dev, -1, sizes[i]);
		ASSERT_LE(0, handle);
		ASSERT_EQ(0, sec_query(handle, &q));
		EXPECT_EQ(q.bytes, q.resident);
		EXPECT_EQ(q.bytes, q.committed);
		EXPECT_EQ(0U, q.attributes);
		view = sec_map(handle, RW, 0, 0, 0);
		ASSERT_NE(MAP_FAILED, view);
		EXPECT_TRUE(sec_all_bytes(view, 0, q.bytes));
		memset(view, 'a', q.bytes);
		ASSERT_EQ(0, sec_query(handle, &q));
		EXPECT_EQ(q.bytes, q.resident);
		ASSERT_EQ(0, munmap(view, q.bytes));
		close(handle);
	}
}

/* Also one that nobody may write to is there; it is full of zeros. */
TEST(read_only)
{
	struct section_create args = sec_create_args(NULL, 3 * SEC_PAGE);
	struct section_query q;
	int dev = sec_dev();
	int handle;

	args.flags = SECTION_CREATE_POPULATE;
	args.prot = SECTION_PROT_READ;
	handle = sec_create(dev, &args);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(3 * SEC_PAGE, q.resident);
}

TEST(refused)
{
	struct section_create args = sec_create_args(NULL, SEC_PAGE);
	int file = unnamed_file("/tmp");
	int dev = sec_dev();

	ASSERT_LE(0, file);
	args.flags = SECTION_CREATE_POPULATE | SECTION_CREATE_RESERVE;
	EXPECT_EQ(-EINVAL, sec_create(dev, &args));
	args.flags = SECTION_CREATE_POPULATE;
	args.file_fd = file;
	args.prot = SECTION_PROT_READ;
	EXPECT_EQ(-EINVAL, sec_create(dev, &args));
	EXPECT_EQ(0, file_size(file));
}

/* Opening is not creating: nothing is populated by that. */
TEST(existing)
{
	struct sec_name name = sec_unique();
	struct section_create args = sec_create_args(name.s, 4 * SEC_PAGE);
	struct section_query q;
	int dev = sec_dev();
	int handle, again;

	handle = sec_create_anon(dev, name.s, 4 * SEC_PAGE);
	ASSERT_LE(0, handle);
	args.flags = SECTION_CREATE_POPULATE | SECTION_CREATE_OPEN_EXISTING;
	again = sec_create(dev, &args);
	ASSERT_LE(0, again);
	EXPECT_EQ(1U, args.existed);
	ASSERT_EQ(0, sec_query(again, &q));
	EXPECT_EQ(0U, q.resident);
	close(handle);
	close(again);
	again = sec_create(dev, &args);
	ASSERT_LE(0, again);
	EXPECT_EQ(0U, args.existed);
	ASSERT_EQ(0, sec_query(again, &q));
	EXPECT_EQ(4 * SEC_PAGE, q.resident);
}

/*
 * Interrupted.  Kernels differ in which signals end the wait for memory: all of
 * them, or those that kill.
 */
TEST(interrupted)
{
	const struct itimerval often = {
		.it_interval = { .tv_usec = 1000 },
		.it_value = { .tv_usec = 1000 },
	};
	const struct itimerval never = { 0 };
	struct sigaction action = { .sa_handler = sec_ignore };
	struct sec_name name = sec_unique();
	struct section_create args = sec_create_args(name.s, 96 * MB);
	struct section_query q;
	int dev = sec_dev();
	int fds, ret, tries;

	ASSERT_LE(0, dev);
	args.flags = SECTION_CREATE_POPULATE;
	fds = sec_count_fds();
	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &often, NULL));
	for (tries = 0; tries < 5; tries++) {
		ret = sec_create(dev, &args);
		if (ret >= 0) {
			/* All of it, whatever came in between. */
			EXPECT_EQ(0, sec_query(ret, &q));
			EXPECT_EQ((__u64)(96 * MB), q.resident);
			close(ret);
		} else {
			EXPECT_EQ(-EINTR, ret);
			EXPECT_EQ(-ENOENT,
				  sec_open(dev, name.s, SEC_RIGHTS_R));
		}
	}
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &never, NULL));
	EXPECT_EQ(fds, sec_count_fds());
	/* It can be had afterwards. */
	ret = sec_create(dev, &args);
	EXPECT_LE(0, ret);
}

/* Memory that this process has, alone or with others, in bytes. */
static long shmem_in_use(void)
{
	char text[8192], *at;

	if (sec_read_file("/proc/meminfo", text, sizeof(text)) < 0)
		return -1;
	at = strstr(text, "Shmem:");
	return at ? strtol(at + 6, NULL, 10) * 1024 : -1;
}

static bool shmem_is_back(void *arg)
{
	return shmem_in_use() <= *(long *)arg + MB;
}

static bool shmem_has_grown(void *arg)
{
	return shmem_in_use() > *(long *)arg + 8 * MB;
}

/* Killed halfway: much of the memory was there, none of it stays. */
TEST(killed)
{
	struct sec_name name = sec_unique();
	struct section_create args = sec_create_args(name.s, 512 * MB);
	long before = shmem_in_use();
	int dev = sec_dev();
	int round;

	ASSERT_LE(0, dev);
	ASSERT_LE(0, before);
	args.flags = SECTION_CREATE_POPULATE;
	for (round = 0; round < 5; round++) {
		pid_t pid = fork();

		ASSERT_LE(0, pid);
		if (!pid)
			for (;;)
				close(sec_create(dev, &args));
		EXPECT_TRUE(sec_eventually(shmem_has_grown, &before, 30));
		ASSERT_EQ(0, kill(pid, SIGKILL));
		EXPECT_EQ(-SIGKILL, sec_wait(pid));
		EXPECT_TRUE(sec_eventually(shmem_is_back, &before, 30));
		EXPECT_EQ(-ENOENT, sec_open(dev, name.s, SEC_RIGHTS_R));
	}
}

/* Files. */

FIXTURE(file) {
	int dev;
	int file;
	size_t page;
};

FIXTURE_VARIANT(file) {
	const char *dir;
};

FIXTURE_VARIANT_ADD(file, tmpfs) { .dir = "/tmp" };
FIXTURE_VARIANT_ADD(file, ext4) { .dir = EXT4_DIR };

FIXTURE_SETUP(file)
{
	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	if (!strcmp(variant->dir, EXT4_DIR) && !have_ext4())
		SKIP(return, "no ext4 at " EXT4_DIR);
	self->file = unnamed_file(variant->dir);
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(file)
{
}

static long long blocks(int file)
{
	struct stat st;

	return fstat(file, &st) ? -1 : (long long)st.st_blocks * 512;
}

TEST_F(file, grown)
{
	struct section_query q;
	unsigned char *view;
	int handle;

	handle = create_populated(self->dev, self->file, 8 * MB + 1);
	ASSERT_LE(0, handle);
	EXPECT_EQ(8 * MB + 1, file_size(self->file));
	EXPECT_LE(8 * MB + 1, blocks(self->file));
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ((__u64)(8 * MB + 1), q.bytes);
	EXPECT_EQ((__u32)SECTION_ATTR_FILE, q.attributes);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_TRUE(sec_all_bytes(view, 0, 8 * MB + 1));
	EXPECT_EQ(0, poke(view + 8 * MB, 'p'));
	EXPECT_EQ('p', file_byte(self->file, 8 * MB));
}

/* Holes are filled, data stays, and what is beyond the section is not touched. */
TEST_F(file, holes)
{
	int handle;

	ASSERT_TRUE(fill_page(self->file, 3, 'd'));
	ASSERT_EQ(0, ftruncate(self->file, 64 * MB));
	EXPECT_GT(MB, blocks(self->file));
	handle = create_populated(self->dev, self->file, 8 * MB);
	ASSERT_LE(0, handle);
	EXPECT_EQ(64 * MB, file_size(self->file));
	EXPECT_LE(8 * MB, blocks(self->file));
	EXPECT_GT(16 * MB, blocks(self->file));
	EXPECT_EQ('d', file_byte(self->file, 3 * self->page));
	EXPECT_EQ(0, file_byte(self->file, 4 * self->page));
	close(handle);
	/* 0 is the whole file. */
	handle = create_populated(self->dev, self->file, 0);
	ASSERT_LE(0, handle);
	EXPECT_LE(64 * MB, blocks(self->file));
	EXPECT_EQ('d', file_byte(self->file, 3 * self->page));
}

TEST_HARNESS_MAIN
