// SPDX-License-Identifier: GPL-2.0-only
/*
 * Too little memory: sections that are larger than what a memory cgroup lets
 * their users have, with swap space on zram and without any.
 */
#include "kselftest_harness.h"
#include "image_util.h"
#include "image/pe_model.h"

#include <sys/swap.h>

#define RW	(PROT_READ | PROT_WRITE)
#define MB	(1LL << 20)

#define ZRAM		"/dev/zram0"
#define ZRAM_SYS	"/sys/block/zram0"
#define ZRAM_MB		160
#define CGROUPS		"/sys/fs/cgroup/section-pressure"

/* What a process needs besides, and what processors have charged ahead. */
#define SLACK		(2 * MB)

/* Each processor collects 64 pages of swap before it gives them back. */
#define SWAP_SLACK	(MB)

/* Deferred releases on an emulated machine: bounds hangs, measures nothing. */
#define PATIENCE	20

/*
 * Memory cgroups.
 */

struct cgroup {
	char dir[64];
};

static long long group_read(const struct cgroup *g, const char *file)
{
	char path[128], text[64];

	snprintf(path, sizeof(path), "%s/%s", g->dir, file);
	if (sec_read_file(path, text, sizeof(text)) < 0)
		return -1;
	return strtoll(text, NULL, 10);
}

static int group_write(const struct cgroup *g, const char *file, long long value)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), "%s/%s", g->dir, file);
	snprintf(text, sizeof(text), "%lld", value);
	return sec_write_file(path, text);
}

/* A figure out of a file of many, such as memory.stat. */
static long long group_figure(const struct cgroup *g, const char *file,
			      const char *key)
{
	char path[128], text[8192], word[32], *at;

	snprintf(path, sizeof(path), "%s/%s", g->dir, file);
	snprintf(word, sizeof(word), "\n%s ", key);
	text[0] = '\n';
	if (sec_read_file(path, text + 1, sizeof(text) - 1) < 0)
		return -1;
	at = strstr(text, word);
	return at ? strtoll(at + strlen(word), NULL, 10) : -1;
}

static int group_make(struct cgroup *g, const char *name, long long max,
		      long long swap)
{
	snprintf(g->dir, sizeof(g->dir), CGROUPS "/%s", name);
	rmdir(g->dir);
	if (mkdir(g->dir, 0755))
		return -errno;
	return group_write(g, "memory.max", max) ?:
	       group_write(g, "memory.swap.max", swap);
}

/*
 * Swap space.
 */

static bool zram_on(size_t page)
{
	const unsigned int header[] = { 1, ZRAM_MB * MB / page - 1 };
	bool good;
	int fd;

	sec_write_number(ZRAM_SYS "/reset", 1);
	if (sec_write_number(ZRAM_SYS "/disksize", ZRAM_MB * MB))
		return false;
	fd = open(ZRAM, O_RDWR | O_CLOEXEC);
	good = fd >= 0 &&
	       pwrite(fd, header, sizeof(header), 1024) ==
	       (ssize_t)sizeof(header) &&
	       pwrite(fd, "SWAPSPACE2", 10, page - 10) == 10 && !fsync(fd);
	close(fd);
	return good && !swapon(ZRAM, 0);
}

static void zram_off(void)
{
	swapoff(ZRAM);
	sec_write_number(ZRAM_SYS "/reset", 1);
}

/* How many pages have been written to swap since the machine is up. */
static long long swapped_out(void)
{
	char text[16384], *at;

	if (sec_read_file("/proc/vmstat", text, sizeof(text)) < 0)
		return -1;
	at = strstr(text, "\npswpout ");
	return at ? strtoll(at + 9, NULL, 10) : -1;
}

/*
 * Contents: each word has its own value, all of a page's words are compared.
 */

static uint64_t word_of(uint64_t seed, size_t at)
{
	uint64_t x = seed + at * 0x9e3779b97f4a7c15ULL;

	/* Half of it is the same everywhere, for zram to compress. */
	return (x ^ x >> 29) & 0xffffffffULL;
}

static void fill(void *memory, size_t bytes, uint64_t seed)
{
	uint64_t *word = memory;
	size_t i;

	for (i = 0; i < bytes / sizeof(*word); i++)
		word[i] = word_of(seed, i);
}

static bool is_filled(const void *memory, size_t bytes, uint64_t seed)
{
	const uint64_t *word = memory;
	size_t i;

	for (i = 0; i < bytes / sizeof(*word); i++)
		if (word[i] != word_of(seed, i))
			return false;
	return true;
}

/*
 * Children.
 */

struct child {
	pid_t pid;
	int up, down;
};

static void say_ready(const struct child *c)
{
	CHILD_EXPECT(write(c->up, "", 1) == 1);
}

static void wait_go(const struct child *c)
{
	char byte;

	CHILD_EXPECT(read(c->down, &byte, 1) == 1);
}

/* In a group; it gets the other ends of the pipes. */
static bool child_start(struct child *c, const struct cgroup *g,
			void (*work)(const struct child *c, void *arg),
			void *arg)
{
	int up[2], down[2];

	if (pipe2(up, O_CLOEXEC) || pipe2(down, O_CLOEXEC))
		return false;
	c->pid = fork();
	if (!c->pid) {
		struct child own = { .up = up[1], .down = down[0] };

		close(up[0]);
		close(down[1]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		CHILD_EXPECT(!group_write(g, "cgroup.procs", getpid()));
		work(&own, arg);
		_exit(0);
	}
	close(up[1]);
	close(down[0]);
	c->up = up[0];
	c->down = down[1];
	return c->pid > 0;
}

/* Until it says so; false if it dies instead. */
static bool child_ready(const struct child *c)
{
	char byte;

	return read(c->up, &byte, 1) == 1;
}

static bool child_go(const struct child *c)
{
	return write(c->down, "", 1) == 1;
}

FIXTURE(pressure) {
	int dev;
	struct cgroup group;
	size_t page;
	long sections, handles, views;
};

FIXTURE_SETUP(pressure)
{
	ASSERT_EQ(0, geteuid()) {
		TH_LOG("this test needs root");
	}
	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	mkdir(CGROUPS, 0755);
	if (sec_write_file(CGROUPS "/cgroup.subtree_control", "+memory"))
		SKIP(return, "no memory cgroups");
	if (access(ZRAM_SYS "/disksize", W_OK))
		SKIP(return, "no zram");
	/* Of each process that is killed for memory there is a report. */
	sec_expect_report("invoked oom-killer:");
	self->sections = sec_counter("sections");
	self->handles = sec_counter("handles");
	self->views = sec_counter("views");
	ASSERT_LE(0, self->sections);
}

static void remove_groups(void)
{
	static const char * const names[] = { "a", "b" };
	char path[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), CGROUPS "/%s", names[i]);
		rmdir(path);
	}
	rmdir(CGROUPS);
}

/* The test and all its views are gone: there is room for what was swapped. */
FIXTURE_TEARDOWN_PARENT(pressure)
{
	zram_off();
	remove_groups();
}

struct counted {
	long sections, handles, views;
};

static bool counters_are(void *arg)
{
	struct counted *c = arg;

	return sec_counter("sections") == c->sections &&
	       sec_counter("handles") == c->handles &&
	       sec_counter("views") == c->views;
}

#define EXPECT_COUNTERS(more_sections, more_handles, more_views) do { \
	struct counted _c = { self->sections + (more_sections), \
			      self->handles + (more_handles), \
			      self->views + (more_views) }; \
	\
	EXPECT_TRUE(sec_eventually(counters_are, &_c, PATIENCE)); \
} while (0)

struct falls {
	const struct cgroup *group;
	const char *file;
	long long to;
};

static bool has_fallen(void *arg)
{
	struct falls *f = arg;

	return group_read(f->group, f->file) <= f->to;
}

/* What was charged to the group, or is its swap, goes down to that. */
static bool falls_to(const struct cgroup *g, const char *file, long long to)
{
	struct falls f = { g, file, to };

	return sec_eventually(has_fallen, &f, PATIENCE);
}

/*
 * Views twice as large as the memory that there is.
 */

#define LIMIT	twice_limit()
#define SIZE	(2 * LIMIT)

/* Where everything is slow, less; but much more than what is besides. */
static long long twice_limit(void)
{
	long long limit = sec_rounds(12) * MB;

	return limit < 8 * MB ? 8 * MB : limit;
}

FIXTURE(twice) {
	int dev;
	struct cgroup group;
	size_t page;
};

FIXTURE_VARIANT(twice) {
	enum { ANON, RESERVED, MEMFD, EXT4 } kind;
	__u32 flags;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(twice, anon_shared) { .kind = ANON };
FIXTURE_VARIANT_ADD(twice, anon_private) {
	.kind = ANON, .flags = SECTION_MAP_PRIVATE };
FIXTURE_VARIANT_ADD(twice, reserved_shared) { .kind = RESERVED };
FIXTURE_VARIANT_ADD(twice, reserved_private) {
	.kind = RESERVED, .flags = SECTION_MAP_PRIVATE };
FIXTURE_VARIANT_ADD(twice, memfd_shared) { .kind = MEMFD };
FIXTURE_VARIANT_ADD(twice, ext4_shared) { .kind = EXT4 };
FIXTURE_VARIANT_ADD(twice, ext4_private) {
	.kind = EXT4, .flags = SECTION_MAP_PRIVATE };
/* clang-format on */

FIXTURE_SETUP(twice)
{
	ASSERT_EQ(0, geteuid()) {
		TH_LOG("this test needs root");
	}
	if (variant->kind == EXT4 && !have_ext4())
		SKIP(return, "no ext4 at " EXT4_DIR);
	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	mkdir(CGROUPS, 0755);
	if (sec_write_file(CGROUPS "/cgroup.subtree_control", "+memory"))
		SKIP(return, "no memory cgroups");
	if (access(ZRAM_SYS "/disksize", W_OK))
		SKIP(return, "no zram");
	ASSERT_EQ(0, group_make(&self->group, "a", LIMIT, 2 * SIZE));
	ASSERT_TRUE(zram_on(self->page));
}

FIXTURE_TEARDOWN_PARENT(twice)
{
	zram_off();
	remove_groups();
}

struct twice_work {
	int dev;
	int kind;
	__u32 flags;
};

static int twice_section(const struct twice_work *w)
{
	struct section_create args = sec_create_args(NULL, SIZE);
	int handle;

	if (w->kind == MEMFD)
		args.file_fd = memfd_create("pressure", MFD_CLOEXEC);
	if (w->kind == EXT4)
		args.file_fd = unnamed_file(EXT4_DIR);
	if (w->kind == RESERVED)
		args.flags = SECTION_CREATE_RESERVE;
	handle = sec_create(w->dev, &args);
	CHILD_EXPECT(handle >= 0);
	CHILD_EXPECT(!sec_commit(handle, 0, 0, 0));
	close(args.file_fd);
	return handle;
}

static void twice_child(const struct child *c, void *arg)
{
	const struct twice_work *w = arg;
	int handle = twice_section(w);
	unsigned char *view, *other;

	view = sec_map(handle, RW, w->flags, 0, 0);
	CHILD_EXPECT(view != MAP_FAILED);
	fill(view, SIZE, 1);
	say_ready(c);
	wait_go(c);
	CHILD_EXPECT(is_filled(view, SIZE, 1));
	/* Everywhere, once more, and by another view. */
	fill(view, SIZE, 2);
	other = sec_map(handle, PROT_READ, 0, 0, 0);
	CHILD_EXPECT(other != MAP_FAILED);
	if (w->flags)
		CHILD_EXPECT(sec_all_bytes(other, 0, SIZE));
	else
		CHILD_EXPECT(is_filled(other, SIZE, 2));
	CHILD_EXPECT(is_filled(view, SIZE, 2));
}

TEST_F_TIMEOUT(twice, contents, 300)
{
	struct twice_work work = { self->dev, variant->kind, variant->flags };
	long long out = swapped_out();
	struct child c;

	ASSERT_LE(0, out);
	ASSERT_TRUE(child_start(&c, &self->group, twice_child, &work));
	ASSERT_TRUE(child_ready(&c));
	EXPECT_GE(LIMIT, group_read(&self->group, "memory.current"));
	if (variant->kind == EXT4 && !variant->flags) {
		/* That goes to the disk. */
		EXPECT_GE(SLACK, group_read(&self->group,
					    "memory.swap.current"));
	} else {
		/* Or this tests nothing. */
		EXPECT_LE(SIZE - LIMIT - SLACK,
			  group_read(&self->group, "memory.swap.current"));
		EXPECT_LE((SIZE - LIMIT - SLACK) / (long long)self->page,
			  swapped_out() - out);
	}
	ASSERT_TRUE(child_go(&c));
	EXPECT_EQ(0, sec_wait(c.pid));
	EXPECT_EQ(0, group_figure(&self->group, "memory.events", "oom_kill"));
	EXPECT_TRUE(falls_to(&self->group, "memory.swap.current",
			     SWAP_SLACK));
}

/*
 * Killed for memory.
 */

struct greedy {
	int dev;
	const char *name;
	size_t bytes;
};

/* Of the section that both open by name; the handle stays open. */
static unsigned char *child_view(const struct greedy *g)
{
	int handle = sec_open(g->dev, g->name, SECTION_RIGHTS_MAXIMUM);
	unsigned char *view;

	CHILD_EXPECT(handle >= 0);
	view = sec_map(handle, RW, 0, 0, 0);
	CHILD_EXPECT(view != MAP_FAILED);
	return view;
}

static void greedy_child(const struct child *c, void *arg)
{
	const struct greedy *g = arg;
	unsigned char *view = child_view(g);

	say_ready(c);
	wait_go(c);
	memset(view + MB, 'g', g->bytes - MB);
}

static void holder_child(const struct child *c, void *arg)
{
	const struct greedy *g = arg;
	unsigned char *view = child_view(g);

	fill(view, MB, 3);
	say_ready(c);
	wait_go(c);
	CHILD_EXPECT(is_filled(view, MB, 3));
	CHILD_EXPECT(!poke(view, 'h'));
	CHILD_EXPECT(sec_open(g->dev, g->name, SEC_RIGHTS_R) >= 0);
}

TEST_F_TIMEOUT(pressure, killed_holder, 120)
{
	struct sec_name name = sec_unique();
	struct greedy greedy = { self->dev, name.s, 48 * MB };
	struct child victim, holder;
	struct cgroup other;
	int handle, opened;
	__u64 id;

	ASSERT_EQ(0, group_make(&self->group, "a", 16 * MB, 0));
	ASSERT_EQ(0, group_make(&other, "b", 16 * MB, 0));
	handle = sec_create_anon(self->dev, name.s, 48 * MB);
	ASSERT_LE(0, handle);
	id = sec_id(handle);
	ASSERT_TRUE(child_start(&holder, &other, holder_child, &greedy));
	ASSERT_TRUE(child_ready(&holder));
	ASSERT_TRUE(child_start(&victim, &self->group, greedy_child, &greedy));
	ASSERT_TRUE(child_ready(&victim));
	EXPECT_COUNTERS(1, 3, 2);
	ASSERT_TRUE(child_go(&victim));
	EXPECT_EQ(-SIGKILL, sec_wait(victim.pid));
	EXPECT_LT(0, group_figure(&self->group, "memory.events", "oom_kill"));
	EXPECT_EQ(0, group_figure(&other, "memory.events", "oom_kill"));
	EXPECT_COUNTERS(1, 2, 1);

	opened = sec_open(self->dev, name.s, SEC_RIGHTS_R);
	ASSERT_LE(0, opened);
	EXPECT_EQ(id, sec_id(opened));
	close(opened);
	ASSERT_TRUE(child_go(&holder));
	EXPECT_EQ(0, sec_wait(holder.pid));
	/* What it has touched stays its group's, as long as it is there. */
	EXPECT_LE(12 * MB, group_read(&self->group, "memory.current"));
	close(handle);
	EXPECT_COUNTERS(0, 0, 0);
	EXPECT_EQ(-ENOENT, sec_open(self->dev, name.s, SEC_RIGHTS_R));
	EXPECT_TRUE(falls_to(&self->group, "memory.current", SLACK));
	EXPECT_TRUE(falls_to(&other, "memory.current", SLACK));
}

/*
 * Charged is who touches a page first.
 */

struct touches {
	unsigned char *view;
	size_t from, to, page;
};

/* Backwards, so that nothing is made ahead. */
static void touching_child(const struct child *c, void *arg)
{
	const struct touches *t = arg;
	size_t at;

	for (at = t->to; at > t->from; at -= t->page)
		CHILD_EXPECT(!poke(t->view + at - t->page, 't'));
	say_ready(c);
	wait_go(c);
}

struct charged {
	const struct cgroup *group;
	long long bytes;
};

static bool is_charged(void *arg)
{
	struct charged *c = arg;

	return group_figure(c->group, "memory.stat", "shmem") == c->bytes;
}

TEST_F_TIMEOUT(pressure, charged_by_touch, 120)
{
	struct charged first = { &self->group, 6 * MB };
	struct charged second = { .bytes = 2 * MB };
	struct touches touches = { .from = 0, .to = 6 * MB };
	struct child a, b;
	struct cgroup other;
	int handle;

	ASSERT_EQ(0, group_make(&self->group, "a", 16 * MB, 0));
	ASSERT_EQ(0, group_make(&other, "b", 16 * MB, 0));
	second.group = &other;
	handle = sec_create_anon(self->dev, NULL, 8 * MB);
	ASSERT_LE(0, handle);
	touches.page = self->page;
	touches.view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, touches.view);
	ASSERT_TRUE(child_start(&a, &self->group, touching_child, &touches));
	ASSERT_TRUE(child_ready(&a));
	touches.to = 8 * MB;
	ASSERT_TRUE(child_start(&b, &other, touching_child, &touches));
	ASSERT_TRUE(child_ready(&b));
	EXPECT_TRUE(sec_eventually(is_charged, &first, PATIENCE)) {
		TH_LOG("a: %lld", group_figure(&self->group, "memory.stat",
					       "shmem"));
	}
	EXPECT_TRUE(sec_eventually(is_charged, &second, PATIENCE)) {
		TH_LOG("b: %lld", group_figure(&other, "memory.stat",
					       "shmem"));
	}
	ASSERT_TRUE(child_go(&a));
	EXPECT_EQ(0, sec_wait(a.pid));
	/* Whoever still uses it has not been charged for it, and is not now. */
	EXPECT_TRUE(sec_eventually(is_charged, &first, PATIENCE));
	EXPECT_TRUE(sec_eventually(is_charged, &second, PATIENCE));
	ASSERT_TRUE(child_go(&b));
	EXPECT_EQ(0, sec_wait(b.pid));
	ASSERT_EQ(0, munmap(touches.view, 8 * MB));
	close(handle);
	first.bytes = 0;
	second.bytes = 0;
	EXPECT_TRUE(sec_eventually(is_charged, &first, PATIENCE));
	EXPECT_TRUE(sec_eventually(is_charged, &second, PATIENCE));
}

/*
 * Fault-ahead costs nobody his life.
 */

struct writer {
	int fd;
	size_t bytes, page;
};

static void writing_child(const struct child *c, void *arg)
{
	const struct writer *w = arg;
	unsigned char *view;
	size_t at;

	view = mmap(NULL, 32 * MB, RW, MAP_SHARED, w->fd, 0);
	CHILD_EXPECT(view != MAP_FAILED);
	for (at = 0; at < w->bytes; at += w->page)
		CHILD_EXPECT(!poke(view + at, 'w'));
	/* Which takes memory, too: pages made ahead must leave some. */
	say_ready(c);
}

/* Does a child live that writes so much, page by page? */
static bool survives(FIXTURE_DATA(pressure) *self, bool section, size_t bytes)
{
	struct writer writer = { .bytes = bytes, .page = self->page };
	struct child c;
	int status;

	writer.fd = section ? sec_create_anon(self->dev, NULL, 32 * MB) :
			      memfd_create("pressure", MFD_CLOEXEC);
	if (writer.fd < 0 || (!section && ftruncate(writer.fd, 32 * MB)) ||
	    group_make(&self->group, "a", 16 * MB, 0) ||
	    !child_start(&c, &self->group, writing_child, &writer))
		return false;
	status = sec_wait(c.pid);
	close(writer.fd);
	close(c.up);
	close(c.down);
	return !status;
}

TEST_F_TIMEOUT(pressure, ahead_kills_nobody, 300)
{
	/* It lives with the first, and dies of the second. */
	size_t low = 12 * MB, high = 17 * MB, middle;

	ASSERT_TRUE(survives(self, false, low));
	ASSERT_FALSE(survives(self, false, high));
	while (high - low > 256 << 10) {
		middle = (low + high) / 2;
		if (survives(self, false, middle))
			low = middle;
		else
			high = middle;
	}
	/* What one run has charged differs from the next's by some. */
	low -= 256 << 10;
	TH_LOG("a memfd lives with %zu KiB", low >> 10);
	EXPECT_TRUE(survives(self, false, low));
	EXPECT_TRUE(survives(self, true, low));
	EXPECT_FALSE(survives(self, true, 17 * MB));
}

/*
 * Asked for it back, and given back.
 */

struct keeper {
	int dev;
	const char *name;
};

static void keeping_child(const struct child *c, void *arg)
{
	const struct keeper *k = arg;
	int handle = sec_create_anon(k->dev, k->name, 16 * MB);
	unsigned char *view;

	CHILD_EXPECT(handle >= 0);
	view = sec_map(handle, RW, 0, 0, 0);
	CHILD_EXPECT(view != MAP_FAILED);
	fill(view, 16 * MB, 4);
	say_ready(c);
	wait_go(c);
	CHILD_EXPECT(is_filled(view, 16 * MB, 4));
	say_ready(c);
	wait_go(c);
}

TEST_F_TIMEOUT(pressure, reclaim_and_kill, 120)
{
	struct sec_name name = sec_unique();
	struct keeper keeper = { self->dev, name.s };
	struct child c;
	int i;

	ASSERT_TRUE(zram_on(self->page));
	ASSERT_EQ(0, group_make(&self->group, "a", 64 * MB, 64 * MB));
	ASSERT_TRUE(child_start(&c, &self->group, keeping_child, &keeper));
	ASSERT_TRUE(child_ready(&c));
	EXPECT_LE(16 * MB, group_read(&self->group, "memory.current"));
	EXPECT_EQ(0, group_read(&self->group, "memory.swap.current"));
	/* It says EAGAIN if it was less; a few times are enough. */
	for (i = 0; i < 8 && group_read(&self->group, "memory.current") >
	     6 * MB; i++)
		group_write(&self->group, "memory.reclaim", 12 * MB);
	EXPECT_GE(6 * MB, group_read(&self->group, "memory.current"));
	EXPECT_LE(10 * MB, group_read(&self->group, "memory.swap.current"));
	ASSERT_TRUE(child_go(&c));
	/* All of it comes back, and is charged where it was. */
	ASSERT_TRUE(child_ready(&c));
	EXPECT_LE(16 * MB, group_read(&self->group, "memory.current"));
	/* Half of it in memory, and half of it not. */
	group_write(&self->group, "memory.reclaim", 8 * MB);
	EXPECT_LE(4 * MB, group_read(&self->group, "memory.swap.current"));
	ASSERT_EQ(0, kill(c.pid, SIGKILL));
	EXPECT_EQ(-SIGKILL, sec_wait(c.pid));
	EXPECT_COUNTERS(0, 0, 0);
	EXPECT_EQ(-ENOENT, sec_open(self->dev, name.s, SEC_RIGHTS_R));
	EXPECT_TRUE(falls_to(&self->group, "memory.current", SLACK));
	EXPECT_TRUE(falls_to(&self->group, "memory.swap.current",
			     SWAP_SLACK));
}

/*
 * An image that is larger than the memory that its user has: its pages are dropped,
 * not swapped, and built again as they were.
 */

#define IMAGE_BYTES	(SIZE / 4096 * 4096)

struct reader {
	int section;
	size_t bytes;
	const uint8_t *expected;
};

/* Twice, so that what was built first has to be built again. */
static void read_image(const struct child *c, void *arg)
{
	const struct reader *r = arg;
	uint8_t *view = mmap(NULL, r->bytes, PROT_READ, MAP_PRIVATE, r->section,
			     0);
	unsigned char in[r->bytes / 4096];
	size_t i, here = 0;

	CHILD_EXPECT(view != MAP_FAILED);
	for (int round = 0; round < 2; round++)
		for (i = 0; i < r->bytes; i += 4096)
			CHILD_EXPECT(!memcmp(view + i, r->expected + i, 4096));
	CHILD_EXPECT(!mincore(view, r->bytes, in));
	for (i = 0; i < sizeof(in); i++)
		here += in[i] & 1;
	/* They were not all there at the same time. */
	CHILD_EXPECT(here * 4096 <= (size_t)(LIMIT + SLACK));
	say_ready(c);
	wait_go(c);
}

/* One large section with relocations here and there. */
static uint8_t *large_image(struct pe_make *make, size_t *len)
{
	sample_describe(make, 99);
	make->sections[SAMPLE_DATA].raw_size = IMAGE_BYTES;
	make->sections[SAMPLE_DATA].virtual_size = IMAGE_BYTES;
	for (int i = SAMPLE_DATA; i < SAMPLE_SECTIONS; i++) {
		make->sections[i].virtual_address = 0;
		make->sections[i].raw_offset = 0;
	}
	make->size_of_image = 0;
	make->file_size = 0;
	pe_make_layout(make);
	for (uint32_t i = 0; i < make->reloc_count; i++)
		make->relocs[i].rva = make->sections[SAMPLE_DATA]
			.virtual_address + i * (IMAGE_BYTES / 64) + 0xffc;
	return pe_make_build(make, len);
}

TEST_F_TIMEOUT(pressure, image_is_dropped_and_rebuilt, 300)
{
	struct section_query_image query;
	struct pe_model model;
	struct pe_make make;
	struct reader r;
	struct child c;
	long long swapped;
	uint8_t *bytes, *expected;
	size_t len;
	int file;

	bytes = large_image(&make, &len);
	ASSERT_NE(NULL, bytes);
	file = image_file(have_ext4() ? EXT4_DIR : "/tmp", bytes, len);
	ASSERT_LE(0, file);
	pe_model_load(bytes, len, &model);
	r.section = create_image(self->dev, NULL, file, 0, SECTION_PROT_READ);
	ASSERT_LE(0, r.section);
	ASSERT_EQ(0, query_image(r.section, &query, NULL, 0));
	EXPECT_TRUE(query.flags & SECTION_IMAGE_RELOCATED);
	r.bytes = query.bytes;
	expected = malloc(query.bytes);
	pe_model_image(&model, query.base, expected);
	r.expected = expected;
	ASSERT_EQ(0, group_make(&self->group, "a", LIMIT + SLACK, 0));
	swapped = swapped_out();
	ASSERT_TRUE(child_start(&c, &self->group, read_image, &r));
	ASSERT_TRUE(child_ready(&c));
	EXPECT_EQ(swapped, swapped_out());
	/* Whoever had them built pays for them. */
	EXPECT_LT(LIMIT / 4, group_figure(&self->group, "memory.stat", "file"));
	EXPECT_TRUE(child_go(&c));
	EXPECT_EQ(0, sec_wait(c.pid));
	free(expected);
	pe_model_free(&model);
	free(bytes);
}

TEST_HARNESS_MAIN
