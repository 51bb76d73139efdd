// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file system that becomes read-only under the sections of its files.
 */
#include "kselftest_harness.h"
#include "fs_util.h"

#include <sys/mount.h>

/*
 * A section that may write counts as a file open for writing, so that its file
 * system cannot be remounted read-only: neither with a handle nor with a view.
 */
static int remount(const char *dir, unsigned long flags)
{
	return mount(NULL, dir, NULL, MS_REMOUNT | flags, NULL) ? -errno : 0;
}

TEST_F(fs, remounted_read_only)
{
	const char *dir = place("SECTION_FS_MOUNT");
	unsigned char *view;
	int handle;

	ASSERT_NE(NULL, dir);
	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, close(self->file));
	EXPECT_EQ(-EBUSY, remount(dir, MS_RDONLY));
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(0, close(handle));
	EXPECT_EQ(-EBUSY, remount(dir, MS_RDONLY));
	EXPECT_EQ(0, poke(view, 'W'));
	ASSERT_EQ(0, munmap(view, PAGES * self->page));

	/* One that only reads is in nobody's way. */
	self->file = open(self->path, O_RDONLY | O_CLOEXEC);
	handle = sec_create_file(self->dev, NULL, self->file, 0,
				 SECTION_PROT_READ);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, SECTION_MAP_PRIVATE, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(0, remount(dir, MS_RDONLY));
	EXPECT_EQ('W', peek(view));
	EXPECT_EQ(0, poke(view, 'P'));
	EXPECT_EQ(-1, open(self->path, O_RDWR | O_CLOEXEC));
	EXPECT_EQ(EROFS, errno);
	EXPECT_EQ('b', peek(AT(view, 1)));
	EXPECT_EQ(0, remount(dir, 0));
}

TEST_HARNESS_MAIN
