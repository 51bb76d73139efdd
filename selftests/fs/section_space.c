// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sparse file, and no space for the page that is touched.
 */
#include "kselftest_harness.h"
#include "fs_util.h"

#define SPARSE	64

static void fill_up(int hog)
{
	static const size_t steps[] = { 16 << 20, 1 << 20, 64 << 10, 4096 };
	static char block[16 << 20];
	off_t end = 0;
	ssize_t got;
	size_t i;

	memset(block, 'h', sizeof(block));
	for (i = 0; i < 4; i++) {
		while ((got = pwrite(hog, block, steps[i], end)) > 0)
			end += got;
		/* What is only promised is given up when it is written. */
		fsync(hog);
	}
}

TEST_F_TIMEOUT(fs, no_space, 300)
{
	const char *dir = place("SECTION_FS_SMALL");
	unsigned char *view, *safe;
	int touched[SPARSE], failed = 0;
	char path[256], hog_path[256], safe_path[256];
	int handle, other, hog, sparse, i;

	ASSERT_NE(NULL, dir);
	other = new_file(dir, "safe", safe_path, sizeof(safe_path));
	hog = new_file(dir, "hog", hog_path, sizeof(hog_path));
	sparse = new_file(dir, "sparse", path, sizeof(path));
	ASSERT_LE(0, other);
	ASSERT_LE(0, hog);
	ASSERT_LE(0, sparse);
	ASSERT_EQ(0, ftruncate(sparse, 0));
	handle = sec_create_file(self->dev, NULL, other, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	safe = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, safe);
	ASSERT_EQ(0, poke(safe, 'S'));
	ASSERT_EQ(0, msync(safe, PAGES * self->page, MS_SYNC));
	handle = sec_create_file(self->dev, NULL, sparse, SPARSE * self->page,
				 SEC_PROT_RW);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	fill_up(hog);

	for (i = 0; i < SPARSE; i++) {
		touched[i] = poke(AT(view, i), 'T');
		if (touched[i]) {
			ASSERT_EQ(-SIGBUS, touched[i]);
			failed++;
		}
	}
	EXPECT_LT(0, failed);
	/* What a touch was granted has its space. */
	EXPECT_EQ(0, msync(view, SPARSE * self->page, MS_SYNC));
	ASSERT_EQ(0, sec_write_file("/proc/sys/vm/drop_caches", "3"));
	for (i = 0; i < SPARSE; i++)
		EXPECT_EQ(touched[i] ? 0 : 'T',
			  file_byte(sparse, i * self->page));
	EXPECT_EQ('S', file_byte(other, 0));
	for (i = 1; i < PAGES; i++)
		EXPECT_EQ('a' + i, file_byte(other, i * self->page));

	/* With room again, all can be touched. */
	ASSERT_EQ(0, ftruncate(hog, 0));
	ASSERT_EQ(0, fsync(hog));
	sync();
	for (i = 0; i < SPARSE; i++)
		EXPECT_EQ(0, poke(AT(view, i), 'T'));
	EXPECT_EQ(0, msync(view, SPARSE * self->page, MS_SYNC));
	unlink(path);
	unlink(hog_path);
	unlink(safe_path);
}

TEST_HARNESS_MAIN
