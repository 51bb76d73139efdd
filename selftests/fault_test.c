// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in views: where there is nothing, where many threads want the same
 * page at once, while the view changes under them, and of code.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"

#define RW	(PROT_READ | PROT_WRITE)
#define AT(view, n) ((view) + (n) * self->page)

static unsigned char first(size_t page)
{
	return (unsigned char)('a' + page % 26);
}

/* A file that becomes shorter than the section, and longer again. */

#define PAGES	4

FIXTURE(truncated) {
	int dev;
	int file;
	int handle;
	unsigned char *view;
	size_t page;
};

FIXTURE_VARIANT(truncated) {
	const char *dir;
	__u32 flags;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(truncated, tmpfs_shared) { .dir = "/tmp" };
FIXTURE_VARIANT_ADD(truncated, tmpfs_private) {
	.dir = "/tmp", .flags = SECTION_MAP_PRIVATE };
FIXTURE_VARIANT_ADD(truncated, ext4_shared) { .dir = EXT4_DIR };
FIXTURE_VARIANT_ADD(truncated, ext4_private) {
	.dir = EXT4_DIR, .flags = SECTION_MAP_PRIVATE };
/* clang-format on */

FIXTURE_SETUP(truncated)
{
	size_t i;

	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	if (!strcmp(variant->dir, EXT4_DIR) && !have_ext4())
		SKIP(return, "no ext4 at " EXT4_DIR);
	self->file = unnamed_file(variant->dir);
	ASSERT_LE(0, self->file);
	for (i = 0; i < PAGES; i++)
		ASSERT_TRUE(fill_page(self->file, i, first(i)));
	self->handle = sec_create_file(self->dev, NULL, self->file, 0,
				       SEC_PROT_RW);
	ASSERT_LE(0, self->handle);
	self->view = sec_map(self->handle, RW, variant->flags, 0, 0);
	ASSERT_NE(MAP_FAILED, self->view);
}

FIXTURE_TEARDOWN(truncated)
{
}

/* Nothing there, whoever asks. */
#define EXPECT_BUS(address) do { \
	EXPECT_EQ(-SIGBUS, peek(address)); \
	EXPECT_EQ(-SIGBUS, poke(address, 'x')); \
	EXPECT_EQ(-EFAULT, read_into(address)); \
	EXPECT_EQ(-EFAULT, write_from(address)); \
	EXPECT_EQ(-EFAULT, remote_read(getpid(), address)); \
	EXPECT_EQ(-EFAULT, remote_write(getpid(), address, 'x')); \
} while (0)

TEST_F(truncated, pages_beyond_the_end)
{
	struct section_query q;
	unsigned char *late;
	size_t i;

	/* Present or copied before, they go all the same. */
	EXPECT_EQ(0, poke(AT(self->view, 2), 'w'));
	EXPECT_EQ(first(3), peek(AT(self->view, 3)));

	ASSERT_EQ(0, ftruncate(self->file, self->page + 100));
	EXPECT_EQ(first(0), peek(self->view));
	EXPECT_EQ(first(1), peek(AT(self->view, 1) + 99));
	EXPECT_EQ(0, peek(AT(self->view, 1) + 100));
	EXPECT_EQ(0, peek(AT(self->view, 2) - 1));
	EXPECT_BUS(AT(self->view, 2));
	EXPECT_BUS(AT(self->view, PAGES) - 1);
	EXPECT_EQ((off_t)self->page + 100, file_size(self->file));

	/* The section stays what it was. */
	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_EQ(PAGES * self->page, q.bytes);
	EXPECT_EQ(1U, q.views);
	late = sec_map(self->handle, RW, variant->flags, 2 * self->page, 0);
	ASSERT_NE(MAP_FAILED, late);
	EXPECT_BUS(late);

	ASSERT_EQ(0, ftruncate(self->file, PAGES * self->page));
	for (i = 2; i < PAGES; i++) {
		EXPECT_EQ(0, peek(AT(self->view, i)));
		EXPECT_EQ(0, peek(AT(late, i - 2)));
		EXPECT_EQ(0, poke(AT(self->view, i), 'n'));
		EXPECT_EQ('n', peek(AT(self->view, i)));
		EXPECT_EQ(variant->flags ? 0 : 'n',
			  file_byte(self->file, i * self->page));
		EXPECT_EQ(variant->flags ? 0 : 'n', peek(AT(late, i - 2)));
	}
	EXPECT_EQ(first(0), peek(self->view));
	EXPECT_EQ(first(1), peek(AT(self->view, 1)));
}

TEST_F(truncated, to_nothing)
{
	size_t i;

	ASSERT_EQ(0, ftruncate(self->file, 0));
	for (i = 0; i < PAGES; i++)
		EXPECT_BUS(AT(self->view, i));
	EXPECT_EQ(0, file_size(self->file));
	/* Written anew by other means, it shows. */
	ASSERT_TRUE(fill_page(self->file, 0, 'N'));
	EXPECT_EQ('N', peek(self->view));
	EXPECT_EQ(-SIGBUS, peek(AT(self->view, 1)));
}

/* Truncated and grown all the time while many touch: SIGBUS or right bytes. */

#define TOUCHERS	4

struct racer {
	unsigned char *view;
	atomic_bool *stop;
	size_t page;
	size_t pages;
	unsigned int me;
	/* What this thread wrote last, per page. */
	unsigned char wrote[64];
	const char *wrong;
	int value;
	atomic_ulong touches;
};

/* Nothing is tested before all of them are at it. */
static void wait_for_touch(struct racer *r)
{
	while (!atomic_load(&r->touches))
		sched_yield();
}

static void *touch_truncated(void *argument)
{
	struct racer *r = argument;
	size_t i;

	while (!atomic_load(r->stop) && !r->wrong) {
		for (i = 0; i < r->pages; i++) {
			r->value = peek(r->view + i * r->page);
			atomic_fetch_add(&r->touches, 1);
			if (r->value != first(i) && r->value &&
			    r->value != -SIGBUS)
				r->wrong = "a page of something else";
		}
	}
	return NULL;
}

TEST_F(truncated, while_touching)
{
	struct racer racers[TOUCHERS] = { 0 };
	pthread_t threads[TOUCHERS];
	atomic_bool stop = false;
	int i;

	for (i = 0; i < TOUCHERS; i++) {
		racers[i] = (struct racer) {
			.view = self->view, .stop = &stop,
			.page = self->page, .pages = PAGES,
		};
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, touch_truncated,
					    &racers[i]));
	}
	for (i = 0; i < TOUCHERS; i++)
		wait_for_touch(&racers[i]);
	for (i = 0; i < 300; i++) {
		if (ftruncate(self->file, self->page) ||
		    !fill_page(self->file, 1, first(1)) ||
		    !fill_page(self->file, 2, first(2)) ||
		    ftruncate(self->file, PAGES * self->page))
			break;
	}
	EXPECT_EQ(300, i);
	atomic_store(&stop, true);
	for (i = 0; i < TOUCHERS; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
		EXPECT_EQ(NULL, racers[i].wrong)
			TH_LOG("%d", racers[i].value);
	}
	EXPECT_EQ(first(2), peek(AT(self->view, 2)));
}

/* Offsets that do not fit into 32 bits. */
TEST_F(truncated, far_away)
{
	const __u64 far = 1ULL << 40;
	unsigned char *view, *same;
	int file, handle;

	file = unnamed_file(variant->dir);
	ASSERT_LE(0, file);
	handle = sec_create_file(self->dev, NULL, file, far + 100, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	EXPECT_EQ((off_t)far + 100, file_size(file));
	view = sec_map(handle, RW, 0, far, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, poke(view, 'f'));
	EXPECT_EQ('f', file_byte(file, far));
	EXPECT_EQ(-1, file_byte(file, far + 100));
	same = mmap(NULL, self->page, PROT_READ, MAP_PRIVATE, handle, far);
	ASSERT_NE(MAP_FAILED, same);
	EXPECT_EQ('f', peek(same));
	EXPECT_EQ(MAP_FAILED, sec_map(handle, RW, 0, far + self->page, 0));
	EXPECT_EQ(ENXIO, errno);
	view = sec_map(handle, PROT_READ, 0, 0, self->page);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, peek(view));
}

/* Many threads, fresh pages. */

#define FRESH		64
#define FRESH_THREADS	8

FIXTURE(crowd) {
	int dev;
	size_t page;
};

FIXTURE_VARIANT(crowd) {
	const char *dir;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(crowd, anon) { .dir = NULL };
FIXTURE_VARIANT_ADD(crowd, tmpfs) { .dir = "/tmp" };
FIXTURE_VARIANT_ADD(crowd, ext4) { .dir = EXT4_DIR };
/* clang-format on */

FIXTURE_SETUP(crowd)
{
	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	if (variant->dir && !strcmp(variant->dir, EXT4_DIR) && !have_ext4())
		SKIP(return, "no ext4 at " EXT4_DIR);
}

FIXTURE_TEARDOWN(crowd)
{
}

/* A section of so many fresh pages, or -errno. */
static int fresh_section(int dev, const char *dir, size_t pages)
{
	int file, handle;

	if (!dir)
		return sec_create_anon(dev, NULL, pages * SEC_PAGE);
	file = unnamed_file(dir);
	if (file < 0)
		return -errno;
	handle = sec_create_file(dev, NULL, file, pages * SEC_PAGE,
				 SEC_PROT_RW);
	close(file);
	return handle;
}

struct crowd {
	pthread_barrier_t barrier;
	unsigned char *view;
	size_t page;
	atomic_uint next;
	atomic_bool wrong;
};

static void *touch_fresh(void *argument)
{
	struct crowd *crowd = argument;
	unsigned int me = atomic_fetch_add(&crowd->next, 1);
	size_t i;

	pthread_barrier_wait(&crowd->barrier);
	for (i = 0; i < FRESH; i++) {
		unsigned char *byte = crowd->view + i * crowd->page + me;

		/* Some read first, some write at once. */
		if (((me & 1) && peek(byte)) || poke(byte, '0' + me))
			atomic_store(&crowd->wrong, true);
	}
	return NULL;
}

/* Every page comes once: no write is lost, no memory is counted twice. */
TEST_F(crowd, same_fresh_pages)
{
	pthread_t threads[FRESH_THREADS];
	int round, i;
	size_t n;

	for (round = 0; round < 10; round++) {
		int handle = fresh_section(self->dev, variant->dir, FRESH);
		struct crowd crowd = { .page = self->page };
		struct section_query q;

		ASSERT_LE(0, handle);
		crowd.view = sec_map(handle, RW, 0, 0, 0);
		ASSERT_NE(MAP_FAILED, crowd.view);
		pthread_barrier_init(&crowd.barrier, NULL, FRESH_THREADS);
		for (i = 0; i < FRESH_THREADS; i++)
			ASSERT_EQ(0, pthread_create(&threads[i], NULL,
						    touch_fresh, &crowd));
		for (i = 0; i < FRESH_THREADS; i++)
			ASSERT_EQ(0, pthread_join(threads[i], NULL));
		EXPECT_FALSE(atomic_load(&crowd.wrong));
		for (n = 0; n < FRESH; n++)
			for (i = 0; i < FRESH_THREADS; i++)
				ASSERT_EQ('0' + i, AT(crowd.view, n)[i]);
		ASSERT_EQ(0, sec_query(handle, &q));
		EXPECT_EQ(FRESH * self->page, q.resident);
		ASSERT_EQ(0, munmap(crowd.view, FRESH * self->page));
		ASSERT_EQ(0, close(handle));
	}
}

/* Touching one page of many does not bring them all. */
TEST_F(crowd, only_what_is_touched)
{
	const size_t pages = 64 << 10;
	struct section_query q;
	unsigned char *view;
	int handle;

	handle = fresh_section(self->dev, variant->dir, pages);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, sec_query(handle, &q));
	/* A grown file may have its last block allocated. */
	EXPECT_GE(4 * self->page, q.resident);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, poke(view, '0'));
	EXPECT_EQ(0, poke(AT(view, pages / 2), '1'));
	EXPECT_EQ(0, poke(AT(view, pages) - 1, '2'));
	EXPECT_EQ('0', peek(view));
	EXPECT_EQ('1', peek(AT(view, pages / 2)));
	EXPECT_EQ('2', peek(AT(view, pages) - 1));
	EXPECT_EQ(0, peek(AT(view, pages - 1)));
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_LE(3 * self->page, q.resident);
	/* Large pages, if the administrator wants them, and no more. */
	EXPECT_GE(8UL << 20, q.resident);
}

/*
 * Some touch while one changes the view. Byte 0 of every page never changes;
 * each thread has another byte of each page for its own, and no write that it
 * was told had succeeded may be lost.
 */

#define CHANGED_PAGES	16

enum change { UNMAP, REPLACE, PROTECT, MOVE, FORK, DONTNEED, NEW_VIEW };

FIXTURE(changing) {
	int dev;
	int handle;
	unsigned char *mirror;
	unsigned char *range;
	unsigned char *aside;
	size_t page;
};

FIXTURE_VARIANT(changing) {
	enum change change;
	bool private;
	const char *dir;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(changing, unmap) { .change = UNMAP };
FIXTURE_VARIANT_ADD(changing, replace) { .change = REPLACE };
FIXTURE_VARIANT_ADD(changing, protect) { .change = PROTECT };
FIXTURE_VARIANT_ADD(changing, move) { .change = MOVE };
FIXTURE_VARIANT_ADD(changing, fork) { .change = FORK };
FIXTURE_VARIANT_ADD(changing, dontneed) { .change = DONTNEED };
FIXTURE_VARIANT_ADD(changing, new_view) { .change = NEW_VIEW };
FIXTURE_VARIANT_ADD(changing, private_unmap) {
	.change = UNMAP, .private = true };
FIXTURE_VARIANT_ADD(changing, private_protect) {
	.change = PROTECT, .private = true };
FIXTURE_VARIANT_ADD(changing, private_move) {
	.change = MOVE, .private = true };
FIXTURE_VARIANT_ADD(changing, private_fork) {
	.change = FORK, .private = true };
FIXTURE_VARIANT_ADD(changing, private_dontneed) {
	.change = DONTNEED, .private = true };
FIXTURE_VARIANT_ADD(changing, file_unmap) {
	.change = UNMAP, .dir = "/tmp" };
FIXTURE_VARIANT_ADD(changing, file_move) {
	.change = MOVE, .dir = "/tmp" };
FIXTURE_VARIANT_ADD(changing, ext4_unmap) {
	.change = UNMAP, .dir = EXT4_DIR };
FIXTURE_VARIANT_ADD(changing, ext4_protect) {
	.change = PROTECT, .dir = EXT4_DIR };
FIXTURE_VARIANT_ADD(changing, ext4_fork) {
	.change = FORK, .dir = EXT4_DIR };
/* clang-format on */

FIXTURE_SETUP(changing)
{
	size_t i;

	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	if (variant->dir && !strcmp(variant->dir, EXT4_DIR) && !have_ext4())
		SKIP(return, "no ext4 at " EXT4_DIR);
	self->handle = fresh_section(self->dev, variant->dir, CHANGED_PAGES);
	ASSERT_LE(0, self->handle);
	self->mirror = sec_map(self->handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, self->mirror);
	for (i = 0; i < CHANGED_PAGES; i++)
		AT(self->mirror, i)[0] = first(i);
	/* Kept from all others, with a fence between. */
	self->range = mmap(NULL, (2 * CHANGED_PAGES + 1) * self->page,
			   PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->range);
	self->aside = AT(self->range, CHANGED_PAGES + 1);
}

FIXTURE_TEARDOWN(changing)
{
}

static void *touch_changing(void *argument)
{
	struct racer *r = argument;
	unsigned char value = 0;
	size_t i;

	while (!atomic_load(r->stop) && !r->wrong) {
		value++;
		for (i = 0; i < r->pages; i++) {
			unsigned char *at = r->view + i * r->page;

			r->value = peek(at);
			atomic_fetch_add(&r->touches, 1);
			if (r->value != first(i) && r->value != -SIGSEGV)
				r->wrong = "another page";
			r->value = poke(at + r->me, value);
			if (!r->value)
				r->wrote[i] = value;
			else if (r->value != -SIGSEGV)
				r->wrong = "another signal";
		}
	}
	return NULL;
}

/* 0, or the number of the step that failed. */
static int change_once(FIXTURE_DATA(changing) * self, enum change change,
		       int map_flags, int round)
{
	const size_t length = CHANGED_PAGES * self->page;
	unsigned char *view = self->range;
	size_t n = round % (CHANGED_PAGES - 2);
	pid_t child;

	switch (change) {
	case UNMAP:
		/* PROT_NONE keeps the hole from being taken by another. */
		if (mmap(AT(view, n), 2 * self->page, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		    MAP_FAILED)
			return 1;
		return mmap(AT(view, n), 2 * self->page, RW,
			    map_flags | MAP_FIXED, self->handle,
			    n * self->page) == MAP_FAILED ? 2 : 0;
	case REPLACE:
		return mmap(view, length, RW, map_flags | MAP_FIXED,
			    self->handle, 0) == MAP_FAILED ? 3 : 0;
	case PROTECT:
		if (mprotect(AT(view, n), 2 * self->page, PROT_READ) ||
		    mprotect(AT(view, n), self->page, PROT_NONE))
			return 4;
		return mprotect(view, length, RW) ? 5 : 0;
	case MOVE:
		if (mremap(view, length, length, MREMAP_MAYMOVE | MREMAP_FIXED,
			   self->aside) != self->aside)
			return 6;
		return mremap(self->aside, length, length,
			      MREMAP_MAYMOVE | MREMAP_FIXED, view) != view ?
			7 : 0;
	case FORK:
		child = fork();
		if (!child)
			_exit(peek(AT(view, n)) == first(n) &&
			      !poke(AT(view, n) + 100, 1) ? 0 : 1);
		return sec_wait(child) ? 8 : 0;
	case DONTNEED:
		return madvise(AT(view, n), 2 * self->page, MADV_DONTNEED) ?
			9 : 0;
	case NEW_VIEW:
		view = sec_map(self->handle, RW, 0, 0, 0);
		if (view == MAP_FAILED || peek(AT(view, n)) != first(n))
			return 10;
		return munmap(view, length) ? 11 : 0;
	}
	return -1;
}

TEST_F_TIMEOUT(changing, while_touching, 120)
{
	const size_t length = CHANGED_PAGES * self->page;
	int map_flags = variant->private ? MAP_PRIVATE : MAP_SHARED;
	int rounds = sec_rounds(variant->change == FORK ? 40 : 200);
	struct racer racers[TOUCHERS] = { 0 };
	pthread_t threads[TOUCHERS];
	atomic_bool stop = false;
	struct section_query q;
	int i, failed = 0;
	size_t n;

	ASSERT_EQ(self->range, mmap(self->range, length, RW,
				    map_flags | MAP_FIXED, self->handle, 0));
	for (i = 0; i < TOUCHERS; i++) {
		racers[i] = (struct racer) {
			.view = self->range, .stop = &stop,
			.page = self->page, .pages = CHANGED_PAGES,
			.me = i + 1,
		};
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, touch_changing,
					    &racers[i]));
	}
	for (i = 0; i < TOUCHERS; i++)
		wait_for_touch(&racers[i]);
	for (i = 0; i < rounds && !failed; i++)
		failed = change_once(self, variant->change, map_flags, i);
	EXPECT_EQ(0, failed)
		TH_LOG("round %d: errno %d", i, errno);
	atomic_store(&stop, true);
	for (i = 0; i < TOUCHERS; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
		EXPECT_EQ(NULL, racers[i].wrong)
			TH_LOG("%s: %d", racers[i].wrong, racers[i].value);
	}
	for (n = 0; n < CHANGED_PAGES; n++) {
		ASSERT_EQ(first(n), peek(AT(self->mirror, n)));
		for (i = 0; i < TOUCHERS; i++)
			ASSERT_EQ(variant->private ? 0 : racers[i].wrote[n],
				  peek(AT(self->mirror, n) + i + 1));
	}
	ASSERT_EQ(0, munmap(self->range, length));
	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_EQ(1U, q.views);
}

/* Code. */

FIXTURE(code) {
	int dev;
	int file;
	int handle;
	unsigned char *mirror;
	size_t page;
};

FIXTURE_VARIANT(code) {
	bool file;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(code, anon) { .file = false };
FIXTURE_VARIANT_ADD(code, file) { .file = true };
/* clang-format on */

FIXTURE_SETUP(code)
{
	struct section_create args = sec_create_args(NULL, 2 * SEC_PAGE);

#ifndef HAVE_CODE
	SKIP(return, "no code for this machine");
#else
	self->page = SEC_PAGE;
	self->file = -1;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	if (variant->file) {
		self->file = unnamed_file("/tmp");
		ASSERT_LE(0, self->file);
	}
	args.file_fd = self->file;
	args.prot = SEC_PROT_RWX;
	self->handle = sec_create(self->dev, &args);
	ASSERT_LE(0, self->handle);
	self->mirror = sec_map(self->handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, self->mirror);
	memcpy(self->mirror, code, sizeof(code));
	memcpy(AT(self->mirror, 1), code, sizeof(code));
#endif
}

FIXTURE_TEARDOWN(code)
{
}

TEST_F(code, runs_with_the_right_only)
{
	const __u32 flags[] = { 0, SECTION_MAP_PRIVATE };
	unsigned char *view;
	int plain, i;

	plain = sec_duplicate(self->handle, SEC_RIGHTS_RW, 0);
	ASSERT_LE(0, plain);
	for (i = 0; i < 2; i++) {
		view = sec_map(self->handle, PROT_READ | PROT_EXEC, flags[i],
			       0, 0);
		ASSERT_NE(MAP_FAILED, view);
		EXPECT_EQ(42, run_code(view));
		EXPECT_EQ(42, run_code(AT(view, 1)));
		EXPECT_EQ(-SIGSEGV, poke(view, 0));
		/* Taken away and given back. */
		ASSERT_EQ(0, mprotect(view, self->page, PROT_READ));
		EXPECT_EQ(-SIGSEGV, run_code(view));
		EXPECT_EQ(42, run_code(AT(view, 1)));
		ASSERT_EQ(0, mprotect(view, self->page,
				      PROT_READ | PROT_EXEC));
		EXPECT_EQ(42, run_code(view));

		view = sec_map(plain, PROT_READ, flags[i], 0, 0);
		ASSERT_NE(MAP_FAILED, view);
		EXPECT_EQ(-SIGSEGV, run_code(view));
		EXPECT_EQ(-1, mprotect(view, self->page,
				       PROT_READ | PROT_EXEC));
		EXPECT_EQ(EACCES, errno);
		EXPECT_EQ(-SIGSEGV, run_code(view));
		EXPECT_EQ(0xb8, peek(view));
	}
}

/* A patch to a private view runs there only; one to the section, everywhere. */
TEST_F(code, patched)
{
	unsigned char *shared, *private;
	pid_t child;

	shared = sec_map(self->handle, PROT_READ | PROT_EXEC, 0, 0, 0);
	private = sec_map(self->handle, PROT_READ | PROT_WRITE | PROT_EXEC,
			  SECTION_MAP_PRIVATE, 0, 0);
	ASSERT_NE(MAP_FAILED, shared);
	ASSERT_NE(MAP_FAILED, private);
	EXPECT_EQ(42, run_code(private));
	EXPECT_EQ(0, poke(private + 1, 43));
	EXPECT_EQ(43, run_code(private));
	EXPECT_EQ(42, run_code(shared));

	EXPECT_EQ(0, poke(AT(self->mirror, 1) + 1, 44));
	EXPECT_EQ(44, run_code(AT(shared, 1)));
	EXPECT_EQ(44, run_code(AT(private, 1)));
	child = fork();
	if (!child) {
		CHILD_EXPECT(run_code(private) == 43);
		CHILD_EXPECT(run_code(shared) == 42);
		CHILD_EXPECT(run_code(AT(shared, 1)) == 44);
		_exit(0);
	}
	EXPECT_EQ(0, sec_wait(child));
}

/* What the kernel does on behalf of a process obeys the view. */

TEST(kernel_access)
{
	const size_t page = SEC_PAGE;
	unsigned char *view, *read_only;
	int dev = sec_dev();
	int handle;

	ASSERT_LE(0, dev);
	handle = sec_create_anon(dev, NULL, 2 * page);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	read_only = sec_map(handle, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_NE(MAP_FAILED, read_only);

	/* Fresh pages: the first touch is the kernel's. */
	EXPECT_EQ(1, remote_write(getpid(), view, 'k'));
	EXPECT_EQ('k', peek(read_only));
	EXPECT_EQ(1, read_into(view + page));
	EXPECT_EQ(0, peek(read_only + page));
	EXPECT_EQ(1, remote_read(getpid(), read_only));
	EXPECT_EQ(1, write_from(read_only));
	EXPECT_EQ(-EFAULT, remote_write(getpid(), read_only, 'x'));
	EXPECT_EQ(-EFAULT, read_into(read_only));
	EXPECT_EQ('k', peek(view));
}

/* Pinned pages are those of the section. */
TEST(direct_io)
{
	const size_t page = SEC_PAGE;
	char path[] = EXT4_DIR "/direct-XXXXXX";
	unsigned char *view, *mirror;
	int dev = sec_dev();
	int file, handle;

	ASSERT_LE(0, dev);
	if (!have_ext4())
		SKIP(return, "no ext4 at " EXT4_DIR);
	file = mkstemp(path);
	ASSERT_LE(0, file);
	ASSERT_TRUE(fill_page(file, 0, 'D'));
	ASSERT_EQ(0, fsync(file));
	close(file);
	file = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
	unlink(path);
	ASSERT_LE(0, file);
	handle = sec_create_anon(dev, NULL, 2 * page);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	mirror = sec_map(handle, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_NE(MAP_FAILED, mirror);
	EXPECT_EQ((ssize_t)page, pread(file, view, page, 0));
	EXPECT_TRUE(sec_all_bytes(mirror, 'D', page));
	memset(view + page, 'E', page);
	EXPECT_EQ((ssize_t)page, pwrite(file, mirror + page, page, 0));
	EXPECT_EQ((ssize_t)page, pread(file, view, page, 0));
	EXPECT_TRUE(sec_all_bytes(mirror, 'E', page));
}

TEST_HARNESS_MAIN
