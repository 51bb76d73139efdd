// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sections of one file beside each other, and what they are when the file is
 * truncated and has holes.
 */
#include "kselftest_harness.h"
#include "fs_util.h"

#include <linux/falloc.h>

/* Two sections, of other sizes, a private view, and the file: one memory. */
TEST_F(fs, two_sections)
{
	unsigned char *one, *two, *private;
	int first, second;
	unsigned char byte = 'W';

	first = sec_create_file(self->dev, NULL, self->file, 4 * self->page,
				SEC_PROT_RW);
	second = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, first);
	ASSERT_LE(0, second);
	one = sec_map(first, RW, 0, 0, 0);
	two = sec_map(second, RW, 0, self->page, 0);
	private = sec_map(second, RW, SECTION_MAP_PRIVATE, 0, 0);
	ASSERT_NE(MAP_FAILED, one);
	ASSERT_NE(MAP_FAILED, two);
	ASSERT_NE(MAP_FAILED, private);
	ASSERT_EQ('c', peek(AT(one, 2)));
	ASSERT_EQ('c', peek(AT(two, 1)));
	ASSERT_EQ('c', peek(AT(private, 2)));

	ASSERT_EQ(0, poke(AT(one, 2), 'V'));
	EXPECT_EQ('V', peek(AT(two, 1)));
	EXPECT_EQ('V', peek(AT(private, 2)));
	EXPECT_EQ('V', file_byte(self->file, 2 * self->page));

	ASSERT_EQ(1, pwrite(self->file, &byte, 1, 2 * self->page));
	EXPECT_EQ('W', peek(AT(one, 2)));
	EXPECT_EQ('W', peek(AT(two, 1)));
	EXPECT_EQ('W', peek(AT(private, 2)));

	ASSERT_EQ(0, poke(AT(private, 2), 'P'));
	ASSERT_EQ(0, poke(AT(two, 1), 'X'));
	EXPECT_EQ('X', peek(AT(one, 2)));
	EXPECT_EQ('P', peek(AT(private, 2)));
	EXPECT_EQ('X', file_byte(self->file, 2 * self->page));
}

/* The file's end is where touches end, and nothing old comes back. */
TEST_F(fs, truncated_under_a_view)
{
	unsigned char *view, *private;
	int handle;

	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	private = sec_map(handle, RW, SECTION_MAP_PRIVATE, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_NE(MAP_FAILED, private);
	ASSERT_EQ(0, poke(AT(view, 9), 'V'));
	ASSERT_EQ(0, poke(AT(private, 9), 'P'));
	ASSERT_EQ(0, poke(AT(private, 3), 'P'));

	ASSERT_EQ(0, ftruncate(self->file, 3 * self->page + 10));
	EXPECT_EQ('d', peek(AT(view, 3) + 9));
	EXPECT_EQ(0, peek(AT(view, 3) + 10));
	EXPECT_EQ('P', peek(AT(private, 3)));
	EXPECT_EQ(-SIGBUS, peek(AT(view, 4)));
	EXPECT_EQ(-SIGBUS, poke(AT(view, 9), 'x'));
	EXPECT_EQ(-SIGBUS, peek(AT(private, 9)));
	EXPECT_EQ(-EFAULT, read_into(AT(view, 9)));
	EXPECT_EQ((off_t)(3 * self->page + 10), file_size(self->file));

	ASSERT_EQ(0, ftruncate(self->file, PAGES * self->page));
	EXPECT_EQ(0, peek(AT(view, 3) + 10));
	EXPECT_EQ(0, peek(AT(view, 9)));
	EXPECT_EQ(0, peek(AT(private, 9)));
	EXPECT_EQ(0, poke(AT(view, 9), 'N'));
	EXPECT_EQ('N', file_byte(self->file, 9 * self->page));
}

TEST_F(fs, hole_under_a_view)
{
	unsigned char *view, *private;
	int handle, ret;

	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	private = sec_map(handle, RW, SECTION_MAP_PRIVATE, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_NE(MAP_FAILED, private);
	ASSERT_EQ(0, poke(AT(view, 5), 'V'));
	ASSERT_EQ(0, poke(AT(private, 6), 'P'));
	ret = fallocate(self->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			4 * self->page + 1, 4 * self->page);
	if (!strstr(place("SECTION_FS_FEATURES") ?: "", "punch")) {
		EXPECT_EQ(-1, ret);
		EXPECT_EQ(EOPNOTSUPP, errno);
		EXPECT_EQ('V', peek(AT(view, 5)));
		return;
	}
	ASSERT_EQ(0, ret);
	EXPECT_EQ('e', peek(AT(view, 4)));
	EXPECT_EQ(0, peek(AT(view, 4) + 1));
	EXPECT_EQ(0, peek(AT(view, 5)));
	EXPECT_EQ(0, peek(AT(view, 8)));
	EXPECT_EQ('i', peek(AT(view, 8) + 1));
	/* A copy is a copy; what was not copied is the file's. */
	EXPECT_EQ('P', peek(AT(private, 6)));
	EXPECT_EQ(0, peek(AT(private, 5)));
	EXPECT_EQ(0, poke(AT(view, 5), 'N'));
	EXPECT_EQ('N', file_byte(self->file, 5 * self->page));
}

/* No space: the touch that would need some is a signal, and no data is lost. */

TEST_HARNESS_MAIN
