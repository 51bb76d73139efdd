// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module comes and goes many times, and has been used each time: nothing is
 * left of it, and no memory is lost.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"

#include <sched.h>

#define RW		(PROT_READ | PROT_WRITE)
#define KMEMLEAK	"/sys/kernel/debug/kmemleak"
#define PAGES		4

/* Deferred releases on an emulated machine: bounds hangs, measures nothing. */
#define PATIENCE	20

/* Views of every kind, touched; the last of them goes with the process. */
static void use_views(int handle, size_t page)
{
	static const __u32 flags[] = { 0, SECTION_MAP_PRIVATE,
				       SECTION_MAP_NO_INHERIT };
	unsigned char *view;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		view = sec_map(handle, RW, flags[i], 0, PAGES * page);
		CHILD_EXPECT(view != MAP_FAILED);
		CHILD_EXPECT(!poke(view, i + 1));
		CHILD_EXPECT(peek(view) == (int)i + 1);
		CHILD_EXPECT(peek(view + (PAGES - 1) * page) == 0);
		if (i != ARRAY_SIZE(flags) - 1)
			CHILD_EXPECT(!munmap(view, PAGES * page));
	}
}

static int create(int dev, const char *name, __u32 flags, int file, size_t page)
{
	struct section_create args = sec_create_args(name, PAGES * page);
	int handle;

	args.flags = flags;
	args.file_fd = file;
	handle = sec_create(dev, &args);
	CHILD_EXPECT(handle >= 0);
	return handle;
}

/* Sections of every kind, each with a name in each of two namespaces. */
static void use_sections(int dev, size_t page)
{
	struct section_list list;
	int file = memfd_create("reload", MFD_CLOEXEC);
	__u64 bytes = 2 * PAGES * page;
	char buffer[1024];
	int handle;

	CHILD_EXPECT(file >= 0);
	handle = create(dev, "anonymous", 0, -1, page);
	use_views(handle, page);
	CHILD_EXPECT(sec_duplicate(handle, SECTION_RIGHTS_MAXIMUM,
				   SECTION_DUPLICATE_ANCHOR) >= 0);
	CHILD_EXPECT(sec_open(dev, "anonymous", SEC_RIGHTS_R) >= 0);
	handle = create(dev, "reserved", SECTION_CREATE_RESERVE, -1, page);
	CHILD_EXPECT(!sec_commit(handle, 0, 0, 0));
	use_views(handle, page);
	CHILD_EXPECT(!sec_commit(handle, page, page, SECTION_COMMIT_DECOMMIT));
	handle = create(dev, "file", 0, file, page);
	use_views(handle, page);
	CHILD_EXPECT(!sec_extend(handle, &bytes));
	handle = create(dev, "based", SECTION_CREATE_BASED, -1, page);
	CHILD_EXPECT(sec_map(handle, RW, 0, 0, 0) != MAP_FAILED);
	create(dev, "global", SECTION_CREATE_GLOBAL, -1, page);
	CHILD_EXPECT(!sec_list(dev, 0, buffer, sizeof(buffer), &list));
	CHILD_EXPECT(list.count == 4);
}

/* One user, who ends without giving anything back. */
static int user(void *arg)
{
	int dev = sec_dev();
	pid_t child;

	(void)arg;
	CHILD_EXPECT(dev >= 0);
	use_sections(dev, SEC_PAGE);
	child = fork();
	if (!child) {
		CHILD_EXPECT(!unshare(CLONE_NEWNET));
		CHILD_EXPECT(sec_open(dev, "anonymous", 0) == -ENOENT);
		use_sections(dev, SEC_PAGE);
		kill(getpid(), SIGKILL);
	}
	CHILD_EXPECT(sec_wait(child) == -SIGKILL);
	return 0;
}

static bool nothing_counted(void *arg)
{
	(void)arg;
	return !sec_counter("sections") && !sec_counter("handles") &&
	       !sec_counter("views");
}

/* Caches of ours; a name in the way is one that was not destroyed. */
static bool has_cache(const char *name)
{
	char text[32768], line[64];

	if (sec_read_file("/proc/slabinfo", text, sizeof(text)) < 0)
		return true;
	snprintf(line, sizeof(line), "\n%s ", name);
	return strstr(text, line);
}

static int kmemleak_write(const char *command)
{
	return sec_write_file(KMEMLEAK, command);
}

/* What is suspected of being lost: the first lines, or nothing. */
static bool nothing_lost(char *text, size_t size)
{
	ssize_t len = sec_read_file(KMEMLEAK, text, size);

	return !len;
}

FIXTURE(reload) {
	bool kmemleak;
};

FIXTURE_SETUP(reload)
{
	int dev;

	ASSERT_EQ(0, geteuid()) {
		TH_LOG("this test needs root");
	}
	if (!module_is_module())
		SKIP(return, "not a module");
	dev = sec_dev();
	ASSERT_LE(0, dev);
	close(dev);
	/* What other programs have left in caches is looked through each time. */
	sec_write_file("/proc/sys/vm/drop_caches", "3");
	/* Compiled in, and not turned off. */
	self->kmemleak = !access(KMEMLEAK, W_OK) && !kmemleak_write("clear");
}

FIXTURE_TEARDOWN_PARENT(reload)
{
	if (module_is_module())
		return;
	module_load();
}

/* How long the scans have taken: most of all the time, where there are any. */
static long long scanning_ms;

/* An address on a stack or in a register hides what is lost until the next. */
static void expect_nothing_lost(struct __test_metadata *_metadata, int round)
{
	static char text[4096];
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	ASSERT_EQ(0, kmemleak_write("scan"));
	clock_gettime(CLOCK_MONOTONIC, &to);
	scanning_ms += (to.tv_sec - from.tv_sec) * 1000LL +
		       (to.tv_nsec - from.tv_nsec) / 1000000;
	EXPECT_TRUE(nothing_lost(text, sizeof(text))) {
		TH_LOG("round %d: %s", round, text);
	}
}

TEST_F_TIMEOUT(reload, many, 1150)
{
	/* A hundred where others do a quarter of what they do and memory is watched. */
	int round, total = self->kmemleak ? sec_rounds(400) : 25;

	if (total > 100)
		total = 100;
	for (round = 0; round < total; round++) {
		ASSERT_EQ(0, sec_in_child(user, NULL));
		ASSERT_TRUE(sec_eventually(nothing_counted, NULL, PATIENCE)) {
			TH_LOG("round %d", round);
		}
		ASSERT_TRUE(has_cache("section"));
		ASSERT_EQ(0, module_unload_soon());
		EXPECT_NE(0, access(SEC_DEVICE, F_OK));
		EXPECT_NE(0, access(SEC_DEBUGFS, F_OK));
		EXPECT_NE(0, access("/sys/module/section", F_OK));
		EXPECT_FALSE(has_cache("section"));
		EXPECT_FALSE(has_cache("section_guard"));
		if (self->kmemleak)
			expect_nothing_lost(_metadata, round);
		ASSERT_EQ(0, module_load());
		ASSERT_TRUE(__test_passed(_metadata)) {
			TH_LOG("round %d", round);
		}
	}
	/* Memory is suspected from its sixth second on: that of the last ones. */
	if (self->kmemleak) {
		sleep(6);
		expect_nothing_lost(_metadata, round);
	}
	TH_LOG("%d rounds, %s; %lld ms for the scans", round, self->kmemleak ?
	       "each with a scan" : "no kmemleak here", scanning_ms);
}

TEST_HARNESS_MAIN
