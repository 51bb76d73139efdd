// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation fails once while the module is loaded and unloaded, and while
 * a network namespace with a place for names comes to be.
 *
 * Most of what is allocated then is not the module's own, and is not of interest
 * here; its own comes last.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"
#include "fail_nth_util.h"

#include <sched.h>
#include <sys/mount.h>

#define KMEMLEAK	"/sys/kernel/debug/kmemleak"
#define TRACING		"/sys/kernel/tracing/instances/section-fail"
#define LARGE_BYTES	(2 << 20)

/* A namespace's last allocations, the module's own among them. */
#define LAST		25

/* Of what a slab cache does for sysfs, every so manieth is enough. */
#define CACHE_STEP	16

static int load(int module, int nth, unsigned int n, const char *parameters,
		unsigned int *left)
{
	int ret;

	fail_nth(nth, n);
	ret = syscall(SYS_finit_module, module, parameters, 0) ? -errno : 0;
	*left = fail_nth_stop(nth);
	return ret;
}

/* Can there be large pages?  A module that was loaded is to have them, too. */
static bool large_pages(void)
{
	int dev = sec_dev();
	int handle = sec_create_flags(dev, NULL, LARGE_BYTES,
				      SECTION_CREATE_LARGE_ONLY);

	close(dev);
	close(handle);
	return handle >= 0;
}

static bool load_works(bool large)
{
	int dev = sec_dev();
	int handle = sec_create_anon(dev, "loaded", SEC_PAGE);
	int again = sec_open(dev, "loaded", SEC_RIGHTS_R);

	close(dev);
	close(handle);
	close(again);
	return handle >= 0 && again >= 0 && (!large || large_pages());
}

/*
 * Memory that is lost when a slab cache does not get its place in sysfs: that is
 * the kernel's own doing (its name, in sysfs_slab_add()).  All else would be ours.
 */
static bool only_caches_lose(void)
{
	static char text[1 << 20];
	char *record, *rest = text;

	if (access(KMEMLEAK, W_OK))
		return true;
	sec_write_file(KMEMLEAK, "scan");
	sleep(6);
	sec_write_file(KMEMLEAK, "scan");
	if (sec_read_file(KMEMLEAK, text, sizeof(text)) < 0)
		return false;
	while ((record = strsep(&rest, "\n"))) {
		if (strncmp(record, "unreferenced", 12))
			continue;
		record = strstr(rest, "sysfs_slab_add");
		if (!record || memmem(rest, record - rest, "unreferenced", 12)) {
			fprintf(stderr, "%s\n", rest);
			return false;
		}
	}
	return !sec_write_file(KMEMLEAK, "clear");
}

FIXTURE(fail_load) {
	int nth;
	int module;
	int log;
	bool large;
};

FIXTURE_SETUP(fail_load)
{
	if (!module_is_module())
		SKIP(return, "not a module");
	self->large = large_pages();
	self->nth = fail_nth_open();
	ASSERT_LE(0, self->nth);
	self->module = module_open();
	ASSERT_LE(0, self->module);
	self->log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ASSERT_LE(0, self->log);
	mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
	mkdir(TRACING, 0700);
	ASSERT_EQ(0, sec_write_number(TRACING "/events/initcall/initcall_start/enable",
				      1));
	ASSERT_EQ(0, module_unload_soon());
}

FIXTURE_TEARDOWN_PARENT(fail_load)
{
	rmdir(TRACING);
	if (!module_is_module())
		module_load();
}

/* Did the last attempt to load come as far as the module's own code? */
static bool was_begun(void)
{
	static char text[65536];
	bool begun = sec_read_file(TRACING "/trace", text, sizeof(text)) > 0 &&
		     strstr(text, "initcall_start:");

	sec_write_file(TRACING "/trace", "");
	return begun;
}

/*
 * The first allocation whose failure is the module's to deal with.  A parameter
 * that is wrong ends the kernel's own part not long before that.
 */
static unsigned int first_own(int module, int nth)
{
	unsigned int left, low, high;

	if (load(module, nth, FAR, "max_names=none", &left) != -EINVAL)
		return 0;
	low = FAR - left;
	was_begun();
	if (load(module, nth, FAR, "", &left) || !was_begun())
		return 0;
	high = FAR - left;
	fprintf(stderr, "# allocations %u to %u\n", low, high);
	while (high - low > 1) {
		unsigned int middle = low + (high - low) / 2;

		module_unload_soon();
		load(module, nth, middle, "", &left);
		if (was_begun())
			high = middle;
		else
			low = middle;
	}
	module_unload_soon();
	return high;
}

/* Has the kernel said since the last time that there is a slab cache too few? */
static bool was_cache(int log)
{
	char line[2048];
	bool found = false;
	ssize_t len;

	/* EPIPE: some of it is gone, unread. */
	while ((len = read(log, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		line[len > 0 ? len : 0] = 0;
		found = found || strstr(line, "failed with error");
	}
	return found;
}

/*
 * Having stepped through what a slab cache does, and out of it, go back to where
 * that ended.
 */
struct stride {
	unsigned int last;	/* in a slab cache */
	bool far;
};

/* A run that is to be short takes a sample. */
static unsigned int usual_step(void)
{
	return sec_rounds(100) < 25 ? 5 : 1;
}

static unsigned int stride_next(struct stride *s, unsigned int n, bool cache)
{
	if (cache) {
		s->last = n;
		s->far = true;
		return n + CACHE_STEP;
	}
	if (!s->far)
		return n + usual_step();
	s->far = false;
	return s->last + 1;
}

static bool is_unloaded(void)
{
	return !module_is_module() && access(SEC_DEVICE, F_OK) &&
	       access(SEC_DEBUGFS, F_OK);
}

TEST_F_TIMEOUT(fail_load, load, 900)
{
	unsigned int n, left, first = first_own(self->module, self->nth);
	struct stride stride = { 0 };
	struct tally tally = { 0 };

	ASSERT_LT(0U, first);
	was_cache(self->log);
	for (n = first; n < first + BOUND;
	     n = stride_next(&stride, n, was_cache(self->log))) {
		int ret = load(self->module, self->nth, n, "", &left);
		bool good;

		if (ret) {
			/* So does tmpfs say that there is no memory. */
			good = (ret == -ENOMEM || ret == -ENOSPC) && !left &&
			       is_unloaded();
		} else {
			good = load_works(self->large);
			good = !module_unload_soon() && good;
		}
		EXPECT_TRUE(good) {
			TH_LOG("allocation %u of %u: %d, left %u", n - first,
			       n, ret, left);
		}
		if (!tally_up(&tally, good, left))
			break;
	}
	EXPECT_LT(n, first + BOUND);
	EXPECT_LT(0U, tally.failed);
	tally_tell(&tally, "load");
	EXPECT_TRUE(only_caches_lose());
	ASSERT_EQ(0, module_load());
	EXPECT_TRUE(load_works(self->large));
}

/* Unloading needs no memory, or does without. */
TEST_F_TIMEOUT(fail_load, unload, 900)
{
	struct tally tally = { 0 };
	unsigned int n, left;

	for (n = 1; n < BOUND; n++) {
		int ret;

		ASSERT_EQ(0, module_load());
		ASSERT_TRUE(load_works(self->large));
		fail_nth(self->nth, n);
		ret = module_unload();
		left = fail_nth_stop(self->nth);
		/* What was closed last is given back a moment later. */
		if (ret == -EWOULDBLOCK)
			ret = module_unload_soon();
		EXPECT_EQ(0, ret) {
			TH_LOG("allocation %u", n);
		}
		if (!tally_up(&tally, !ret, left))
			break;
	}
	EXPECT_LT(n, (unsigned int)BOUND);
	tally_tell(&tally, "unload");
	ASSERT_EQ(0, module_load());
	EXPECT_TRUE(load_works(self->large));
}

/*
 * A network namespace.  Its process is not to go on with it, and so is another
 * one, which has failures of its own.
 */

struct elsewhere {
	int ret;
	unsigned int left;
};

FIXTURE(fail_net) {
	struct elsewhere *there;
	long sections, handles;
};

FIXTURE_SETUP(fail_net)
{
	self->there = shared_page();
	ASSERT_NE(NULL, self->there);
	self->sections = sec_counter("sections");
	self->handles = sec_counter("handles");
	ASSERT_LE(0, self->sections);
}

FIXTURE_TEARDOWN(fail_net)
{
}

/* Names can be made in the new namespace, or still in the old one. */
static void unshare_there(struct elsewhere *there, unsigned int n)
{
	int nth = fail_nth_open();
	struct sec_name name = sec_unique();
	int dev = sec_dev();
	int handle = sec_create_anon(dev, name.s, SEC_PAGE);
	int again, other;

	fail_nth(nth, n);
	there->ret = unshare(CLONE_NEWNET) ? -errno : 0;
	there->left = fail_nth_stop(nth);
	again = sec_open(dev, name.s, SEC_RIGHTS_R);
	other = sec_create_anon(dev, NULL, SEC_PAGE);
	_exit(handle >= 0 && other >= 0 &&
	      (there->ret ? again >= 0 : again == -ENOENT) ? 0 : 1);
}

static int unshare_child(struct elsewhere *there, unsigned int n)
{
	pid_t pid = fork();

	if (!pid)
		unshare_there(there, n);
	return pid < 0 ? -errno : sec_wait(pid);
}

/*
 * The allocations of a namespace, 0 if there can be none.  Now and then there are
 * more of them by far: the kernel refills what it keeps in stock.
 */
static unsigned int usual_total(struct elsewhere *there)
{
	unsigned int i, total = FAR;

	/* The first namespace of all makes more than the later ones. */
	for (i = 0; i < 5; i++) {
		if (unshare_child(there, FAR) || there->ret)
			return 0;
		if (FAR - there->left < total)
			total = FAR - there->left;
	}
	return total;
}

TEST_F_TIMEOUT(fail_net, unshare, 900)
{
	unsigned int n, total = usual_total(self->there);
	struct tally tally = { 0 };

	ASSERT_LT((unsigned int)LAST, total);
	/* Back from the end, which the module's own are close to. */
	for (n = total; n && tally.failed < LAST && tally.wrong < 5; n--) {
		bool good = !unshare_child(self->there, n);

		/* So do other parts say that there is no memory. */
		good = good && (!self->there->ret ||
				((self->there->ret == -ENOMEM ||
				  self->there->ret == -ENOBUFS) &&
				 !self->there->left));
		EXPECT_TRUE(good) {
			TH_LOG("allocation %u of %u: %d", n, total,
			       self->there->ret);
		}
		tally_up(&tally, good, self->there->left);
	}
	EXPECT_EQ((unsigned int)LAST, tally.failed);
	tally_tell(&tally, "unshare");
	EXPECT_EQ(self->sections, sec_counter("sections"));
	EXPECT_EQ(self->handles, sec_counter("handles"));
}

int main(int argc, char **argv)
{
	/* Of a slab cache that could not be made there is a report. */
	sec_expect_report("failed with error");
	/* On 6.1 there is one of a new namespace's directory, too. */
	sec_expect_report("sysctl could not get directory");
	/* Looked at by only_caches_lose(). */
	sec_expect_report("new suspected memory leaks");
	return fail_nth_main(argc, argv);
}
