// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same file on two machines: what coherence there is, and what it takes.
 */
#include "kselftest_harness.h"
#include "fs_util.h"

#define SPARSE 64

/*
 * The other machine's writes. The server tells one from another by a time stamp
 * that may be as coarse as a tick.
 */
static int write_there(const char *path, char byte, off_t offset)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), ret;

	usleep(100000);
	ret = pwrite(fd, &byte, 1, offset) == 1 && !fsync(fd);
	close(fd);
	return ret;
}

/* A new descriptor, locked: reading through it, this machine asks the server. */
static int open_anew(const char *path, bool locked)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (locked && fcntl(fd, F_SETLK, &lock))
		return -errno;
	return fd;
}

FIXTURE(machines) {
	int dev;
	int file;
	size_t page;
	char path[256];
	char there[256];
};

FIXTURE_SETUP(machines)
{
	const char *dir = place("SECTION_FS_BEHIND");

	ASSERT_NE(NULL, dir);
	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	snprintf(self->there, sizeof(self->there), "%s/machines", dir);
	self->file = new_file(place("SECTION_FS_DIR"), "machines", self->path,
			      sizeof(self->path));
	ASSERT_LE(0, self->file);
	ASSERT_EQ(0, fsync(self->file));
}

FIXTURE_TEARDOWN(machines)
{
	unlink(self->path);
}

/*
 * A section that only reads: a view shows what another machine has written when
 * somebody here opens the file and reads of it.
 */
TEST_F(machines, reader)
{
	unsigned char *view;
	int handle, again;

	ASSERT_EQ(0, close(self->file));
	self->file = open(self->path, O_RDONLY | O_CLOEXEC);
	handle = sec_create_file(self->dev, NULL, self->file, 0,
				 SECTION_PROT_READ);
	ASSERT_LE(0, handle);
	view = sec_map(handle, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ('b', peek(AT(view, 1)));
	ASSERT_TRUE(write_there(self->there, 'Z', self->page));
	EXPECT_EQ('b', peek(AT(view, 1)));
	again = open_anew(self->path, false);
	ASSERT_LE(0, again);
	EXPECT_EQ('Z', file_byte(again, self->page));
	EXPECT_EQ('Z', peek(AT(view, 1)));
}

/*
 * One that can write: the other machine has what msync(2) has written. A machine
 * that has an NFS file open for writing believes that it is alone, until it takes
 * a lock.
 */
TEST_F(machines, writer)
{
	unsigned char *view;
	int handle, there, again;

	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, close(self->file));
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ('b', peek(AT(view, 1)));
	ASSERT_EQ(0, poke(view, 'W'));
	ASSERT_EQ(0, msync(view, PAGES * self->page, MS_SYNC));
	there = open(self->there, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, there);
	EXPECT_EQ('W', file_byte(there, 0));

	ASSERT_TRUE(write_there(self->there, 'Z', self->page));
	EXPECT_EQ('b', peek(AT(view, 1)));
	again = open_anew(self->path, true);
	ASSERT_LE(0, again);
	EXPECT_EQ('Z', file_byte(again, self->page));
	EXPECT_EQ('Z', peek(AT(view, 1)));
	EXPECT_EQ('W', peek(view));
}

/* All the space of the other machine's disk, until it is closed. */
static int fill_there(const char *dir)
{
	static const off_t steps[] = { 64 << 20, 1 << 20, 64 << 10, 4096 };
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	off_t end = 0;
	size_t i;

	for (i = 0; fd >= 0 && i < ARRAY_SIZE(steps); i++)
		while (!fallocate(fd, 0, end, steps[i]))
			end += steps[i];
	return errno == ENOSPC ? fd : -errno;
}

static void touch_all(struct __test_metadata *_metadata, unsigned char *view)
{
	int i;

	for (i = 0; i < SPARSE; i++)
		EXPECT_EQ(0, poke(view + i * SEC_PAGE, 'T'));
}

/*
 * The disk there is full.  Every touch is taken here, since nobody asks the server
 * until the page is written; who wants the bytes to be safe is told.
 */
TEST_F_TIMEOUT(machines, no_space_there, 300)
{
	const size_t len = SPARSE * self->page;
	unsigned char *view, *safe;
	char path[256], there[256];
	int handle, sparse, hog, i;

	snprintf(path, sizeof(path), "%s/sparse", place("SECTION_FS_DIR"));
	snprintf(there, sizeof(there), "%s/sparse", place("SECTION_FS_BEHIND"));
	sparse = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ASSERT_LE(0, sparse);
	handle = sec_create_file(self->dev, NULL, sparse, len, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	safe = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, safe);
	hog = fill_there(place("SECTION_FS_BEHIND"));
	ASSERT_LE(0, hog);

	touch_all(_metadata, view);
	EXPECT_EQ(-1, msync(view, len, MS_SYNC));
	EXPECT_EQ(ENOSPC, errno);
	/* What has its space already is as safe as ever. */
	EXPECT_EQ(0, poke(AT(safe, 1), 'S'));
	EXPECT_EQ(0, msync(safe, PAGES * self->page, MS_SYNC));
	ASSERT_EQ(0, close(self->file));
	self->file = open(self->there, O_RDONLY | O_CLOEXEC);
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(i == 1 ? 'S' : 'a' + i,
			  file_byte(self->file, i * self->page));

	/* With room again, what is touched again arrives. */
	ASSERT_EQ(0, close(hog));
	sync();
	touch_all(_metadata, view);
	EXPECT_EQ(0, msync(view, len, MS_SYNC));
	ASSERT_EQ(0, close(sparse));
	sparse = open(there, O_RDONLY | O_CLOEXEC);
	for (i = 0; i < SPARSE; i++)
		EXPECT_EQ('T', file_byte(sparse, i * self->page));
	unlink(path);
}

TEST_HARNESS_MAIN
