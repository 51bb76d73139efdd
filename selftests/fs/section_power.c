// SPDX-License-Identifier: GPL-2.0-only
/*
 * What msync(2) has returned for is on the disk when the power goes.
 *
 * usage: section_power_root_test write
 *	writes one generation after the other through a view, and says
 *	"section-fs: synced N" when the Nth is safe, until it is killed
 *
 *	SECTION_FS_DIR		a directory of the file system
 *	SECTION_FS_SYNCED	after the power has come back: which generation was
 *				the last that was said to be safe
 *	SECTION_FS_FORGET	write without msync, to see the test fail
 */
#include "kselftest_harness.h"
#include "section_view_util.h"

#define RW	(PROT_READ | PROT_WRITE)
#define PAGES	64
#define WORDS	(4096 / sizeof(__u64))

static int open_power(int flags)
{
	const char *dir = getenv("SECTION_FS_DIR");
	char path[256];

	if (!dir)
		return -1;
	snprintf(path, sizeof(path), "%s/power", dir);
	return open(path, flags | O_CLOEXEC, 0600);
}

/* A word says where it is, too. */
static __u64 word(__u64 generation, size_t at)
{
	return generation << 32 | at;
}

static int write_generations(void)
{
	int fd = open_power(O_RDWR | O_CREAT), handle, dir;
	size_t bytes = PAGES * SEC_PAGE, i;
	__u64 *view, generation;

	handle = sec_create_file(sec_dev(), NULL, fd, bytes, SEC_PROT_RW);
	view = sec_map(handle, RW, 0, 0, 0);
	dir = open(getenv("SECTION_FS_DIR"), O_RDONLY | O_DIRECTORY);
	if (view == MAP_FAILED || fsync(fd) || fsync(dir)) {
		perror("power");
		return 1;
	}
	/* The file's descriptor is not needed to have it flushed. */
	close(fd);
	for (generation = 1;; generation++) {
		for (i = 0; i < PAGES * WORDS; i++)
			view[i] = word(generation, i);
		if (!getenv("SECTION_FS_FORGET") && msync(view, bytes, MS_SYNC)) {
			perror("msync");
			return 1;
		}
		printf("section-fs: synced %llu\n", generation);
		fflush(stdout);
	}
}

/* Before a section is made: what the disk has, not what it could be made. */
TEST(power_cut)
{
	const char *text = getenv("SECTION_FS_SYNCED");
	__u64 synced = text ? strtoull(text, NULL, 0) : 0;
	int fd = open_power(O_RDWR), handle;
	size_t i, bad = 0;
	__u64 *view;

	if (!text)
		SKIP(return, "SECTION_FS_SYNCED is not set");
	ASSERT_LT(0, synced);
	ASSERT_LE(0, fd);
	ASSERT_EQ((off_t)(PAGES * SEC_PAGE), file_size(fd));
	handle = sec_create_file(sec_dev(), NULL, fd, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	/* Later generations may have come in part, but nothing may be older. */
	for (i = 0; i < PAGES * WORDS; i++) {
		if ((view[i] & 0xffffffff) == i && view[i] >> 32 >= synced)
			continue;
		if (!bad++)
			TH_LOG("word %zu is %#llx after generation %llu", i,
			       view[i], synced);
	}
	EXPECT_EQ(0, bad);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "write"))
		return write_generations();
	return test_harness_run(argc, argv);
}
