/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault injection: which allocation of a thread is to fail, and how many have.
 * Include it after kselftest_harness.h, in one file of a program.
 */
#ifndef FAIL_NTH_UTIL_H
#define FAIL_NTH_UTIL_H

#include "section_view_util.h"

/* An operation has no more allocations than this. */
#define BOUND		5000
/* More than any has. */
#define FAR		100000000U
/*
 * What is in stock is not allocated: an operation has had all of its failures
 * when so many of them in a row were not reached.
 */
#define QUIET		3

static const struct setting {
	const char *path;
	const char *value;
} settings[] = {
	/* Also those that may wait for memory, which is most of them. */
	{ "/sys/kernel/debug/failslab/ignore-gfp-wait", "N" },
	{ "/sys/kernel/debug/failslab/cache-filter", "N" },
	{ "/sys/kernel/debug/failslab/task-filter", "N" },
	{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N" },
	{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N" },
	{ "/sys/kernel/debug/fail_page_alloc/min-order", "0" },
	{ "/sys/kernel/debug/fail_page_alloc/task-filter", "N" },
	/* A stack for each would look as if something were wrong. */
	{ "/sys/kernel/debug/failslab/verbose", "0" },
	{ "/sys/kernel/debug/fail_page_alloc/verbose", "0" },
	/* What is undone waits for RCU, a second at a time. */
	{ "/sys/kernel/rcu_expedited", "1" },
};

static char settings_before[ARRAY_SIZE(settings)][32];

static inline bool settings_make(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(settings); i++)
		if (sec_read_file(settings[i].path, settings_before[i],
				  sizeof(settings_before[i])) < 0 ||
		    sec_write_file(settings[i].path, settings[i].value))
			return false;
	return true;
}

static inline void settings_restore(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(settings); i++)
		sec_write_file(settings[i].path, settings_before[i]);
}

static inline int fail_nth_open(void)
{
	return open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
}

/* The nth allocation of this thread from now on fails, 0 for none. */
static inline void fail_nth(int fd, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(fd, text, len, 0) != len)
		abort();
}

/* How many allocations would still be left; none fails any more. */
static inline unsigned int fail_nth_stop(int fd)
{
	char text[16] = "";

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0)
		abort();
	fail_nth(fd, 0);
	return strtoul(text, NULL, 10);
}

/* All sweeps of the program, whose tests are processes of their own. */
struct totals {
	unsigned int operations;
	unsigned int failed;
};

static struct totals *totals;

struct tally {
	unsigned int failed, quiet, wrong;
};

/* Returns whether there is more to do. */
static inline bool tally_up(struct tally *tally, bool good, unsigned int left)
{
	if (!good)
		tally->wrong++;
	if (left) {
		tally->quiet++;
	} else {
		tally->failed++;
		tally->quiet = 0;
	}
	/* The first few things that are wrong tell enough. */
	return tally->quiet < QUIET && tally->wrong < 5;
}

static inline void tally_tell(const struct tally *tally, const char *name)
{
	totals->operations++;
	totals->failed += tally->failed;
	fprintf(stderr, "# %s: %u allocations failed\n", name, tally->failed);
}

/* The program's main(): skipped where no allocation can be made to fail. */
static inline int fail_nth_main(int argc, char **argv)
{
	int ret;

	if (access("/sys/kernel/debug/failslab", F_OK) ||
	    access("/sys/kernel/debug/fail_page_alloc", F_OK) ||
	    access("/proc/thread-self/fail-nth", F_OK)) {
		ksft_print_header();
		ksft_exit_skip("kernel without fault injection\n");
	}
	totals = shared_page();
	if (!totals || !settings_make()) {
		ksft_print_header();
		ksft_exit_fail_msg("fault injection cannot be set up\n");
	}
	ret = test_harness_run(argc, argv);
	settings_restore();
	fprintf(stderr, "# %u operations, %u allocations failed\n",
		totals->operations, totals->failed);
	return ret;
}

#endif /* FAIL_NTH_UTIL_H */
