// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ways around a section's rules that the memory manager offers to any mapping
 * of a file: each of them must lead nowhere.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"

#define RW	(PROT_READ | PROT_WRITE)
#define AT(view, n) ((view) + (n) * self->page)

/* The file is twice as long as a section that ends before it does. */
#define PAGES	4

enum backing { ANON, TMPFS, EXT4, MEMFD };

static unsigned char first(size_t page)
{
	return (unsigned char)('a' + page);
}

/* A file of twice PAGES pages, page n full of 'a' + n, or -1. */
static int full_file(enum backing kind)
{
	size_t i;
	int file;

	if (kind == MEMFD)
		file = memfd_create("section-test", MFD_CLOEXEC);
	else
		file = unnamed_file(kind == EXT4 ? EXT4_DIR : "/tmp");
	for (i = 0; file >= 0 && i < 2 * PAGES; i++)
		if (!fill_page(file, i, first(i)))
			return -1;
	return file;
}

static long views(int handle)
{
	struct section_query q;

	return sec_query(handle, &q) ? -1 : (long)q.views;
}

/*
 * remap_file_pages(2) maps the file behind a mapping anew, at any offset, and
 * knows nothing of sections.
 */

enum sort { SHARED_RW, SHARED_R, SHARED_NONE, READER, PRIVATE_RW, PRIVATE_R };

FIXTURE(remap) {
	int dev;
	int file;
	int handle;
	unsigned char *view;
	int prot;
	size_t page;
};

FIXTURE_VARIANT(remap) {
	enum backing kind;
	enum sort sort;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(remap, anon_shared_rw) {
	.kind = ANON, .sort = SHARED_RW };
FIXTURE_VARIANT_ADD(remap, anon_shared_r) {
	.kind = ANON, .sort = SHARED_R };
FIXTURE_VARIANT_ADD(remap, anon_shared_none) {
	.kind = ANON, .sort = SHARED_NONE };
FIXTURE_VARIANT_ADD(remap, anon_reader) {
	.kind = ANON, .sort = READER };
FIXTURE_VARIANT_ADD(remap, anon_private_rw) {
	.kind = ANON, .sort = PRIVATE_RW };
FIXTURE_VARIANT_ADD(remap, anon_private_r) {
	.kind = ANON, .sort = PRIVATE_R };
FIXTURE_VARIANT_ADD(remap, tmpfs_shared_rw) {
	.kind = TMPFS, .sort = SHARED_RW };
FIXTURE_VARIANT_ADD(remap, tmpfs_shared_r) {
	.kind = TMPFS, .sort = SHARED_R };
FIXTURE_VARIANT_ADD(remap, tmpfs_shared_none) {
	.kind = TMPFS, .sort = SHARED_NONE };
FIXTURE_VARIANT_ADD(remap, tmpfs_reader) {
	.kind = TMPFS, .sort = READER };
FIXTURE_VARIANT_ADD(remap, tmpfs_private_rw) {
	.kind = TMPFS, .sort = PRIVATE_RW };
FIXTURE_VARIANT_ADD(remap, memfd_shared_rw) {
	.kind = MEMFD, .sort = SHARED_RW };
FIXTURE_VARIANT_ADD(remap, ext4_shared_rw) {
	.kind = EXT4, .sort = SHARED_RW };
FIXTURE_VARIANT_ADD(remap, ext4_shared_r) {
	.kind = EXT4, .sort = SHARED_R };
FIXTURE_VARIANT_ADD(remap, ext4_reader) {
	.kind = EXT4, .sort = READER };
FIXTURE_VARIANT_ADD(remap, ext4_private_rw) {
	.kind = EXT4, .sort = PRIVATE_RW };
/* clang-format on */

FIXTURE_SETUP(remap)
{
	bool private = variant->sort >= PRIVATE_RW;
	unsigned char *mirror;
	int handle;
	size_t i;

	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	if (variant->kind == EXT4 && !have_ext4())
		SKIP(return, "no ext4 at " EXT4_DIR);
	if (variant->kind == ANON) {
		self->file = -1;
		self->handle = sec_create_anon(self->dev, NULL,
					       PAGES * self->page);
		ASSERT_LE(0, self->handle);
		mirror = sec_map(self->handle, RW, 0, 0, 0);
		ASSERT_NE(MAP_FAILED, mirror);
		for (i = 0; i < PAGES; i++)
			memset(AT(mirror, i), first(i), self->page);
		ASSERT_EQ(0, munmap(mirror, PAGES * self->page));
	} else {
		self->file = full_file(variant->kind);
		ASSERT_LE(0, self->file);
		self->handle = sec_create_file(self->dev, NULL, self->file,
					       PAGES * self->page,
					       SEC_PROT_RW);
		ASSERT_LE(0, self->handle);
	}
	handle = self->handle;
	if (variant->sort == READER) {
		handle = sec_duplicate(self->handle, SEC_RIGHTS_R, 0);
		ASSERT_LE(0, handle);
	}
	self->prot = PROT_READ;
	if (variant->sort == SHARED_RW || variant->sort == PRIVATE_RW)
		self->prot = RW;
	if (variant->sort == SHARED_NONE)
		self->prot = PROT_NONE;
	self->view = sec_map(handle, self->prot,
			     private ? SECTION_MAP_PRIVATE : 0, 0, 0);
	ASSERT_NE(MAP_FAILED, self->view);
}

FIXTURE_TEARDOWN(remap)
{
}

TEST_F(remap, leads_nowhere)
{
	const struct {
		size_t from, count, offset;
		int flags;
	} tries[] = {
		{ 0, PAGES, 0, 0 },
		{ 0, PAGES, PAGES, 0 },
		{ 0, 1, 1, 0 },
		{ 0, 1, PAGES, 0 },
		{ 1, 2, PAGES + 1, 0 },
		{ PAGES - 1, 1, 2 * PAGES - 1, 0 },
		{ PAGES - 1, 1, 1000, 0 },
		{ 0, 2, PAGES - 1, MAP_NONBLOCK },
		{ 0, 1, 1UL << 30, 0 },
	};
	struct section_query_view before, after;
	char line[2][512];
	size_t i, n;

	ASSERT_EQ(0, sec_query_view(self->dev, self->view, &before));
	ASSERT_TRUE(maps_line(self->view, line[0], sizeof(line[0])));
	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		EXPECT_EQ(-1, syscall(SYS_remap_file_pages,
				      AT(self->view, tries[i].from),
				      tries[i].count * self->page, 0,
				      tries[i].offset, tries[i].flags))
			TH_LOG("try %zu", i);
		EXPECT_TRUE(errno == ENODEV || errno == EINVAL)
			TH_LOG("try %zu: errno %d", i, errno);
		ASSERT_EQ(0, sec_query_view(self->dev, self->view, &after));
		EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
		ASSERT_TRUE(maps_line(self->view, line[1], sizeof(line[1])));
		EXPECT_EQ(0, strcmp(line[0], line[1]));
		EXPECT_EQ(1, views(self->handle));
		for (n = 0; n < PAGES; n++) {
			EXPECT_EQ(self->prot ? first(n) : -SIGSEGV,
				  peek(AT(self->view, n)));
			EXPECT_EQ(self->prot & PROT_WRITE ? 0 : -SIGSEGV,
				  poke(AT(self->view, n) + 1, 'w'));
		}
	}
	EXPECT_EQ(variant->sort == READER ? -1 : 0,
		  mprotect(self->view, self->page, RW));
	EXPECT_EQ(0, munmap(self->view, PAGES * self->page));
	EXPECT_EQ(0, views(self->handle));
}

/*
 * The kernel can be asked for the build id of a mapping, and then reads the
 * file behind it, wherever the content of the mapping says that it is.
 */

FIXTURE(build_id) {
	int dev;
	int file;
	int handle;
	size_t page;
};

FIXTURE_VARIANT(build_id) {
	enum backing kind;
	__u32 prot;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(build_id, tmpfs_writable) {
	.kind = TMPFS, .prot = SEC_PROT_RW };
FIXTURE_VARIANT_ADD(build_id, tmpfs_readable) {
	.kind = TMPFS, .prot = SECTION_PROT_READ };
FIXTURE_VARIANT_ADD(build_id, memfd_writable) {
	.kind = MEMFD, .prot = SEC_PROT_RW };
FIXTURE_VARIANT_ADD(build_id, ext4_writable) {
	.kind = EXT4, .prot = SEC_PROT_RW };
FIXTURE_VARIANT_ADD(build_id, ext4_readable) {
	.kind = EXT4, .prot = SECTION_PROT_READ };
/* clang-format on */

FIXTURE_SETUP(build_id)
{
	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	if (variant->kind == EXT4 && !have_ext4())
		SKIP(return, "no ext4 at " EXT4_DIR);
	self->file = full_file(variant->kind);
	ASSERT_LE(0, self->file);
	self->handle = sec_create_file(self->dev, NULL, self->file,
				       PAGES * self->page, variant->prot);
	ASSERT_LE(0, self->handle);
}

FIXTURE_TEARDOWN(build_id)
{
}

TEST_F(build_id, ends_with_the_section)
{
	const size_t end = PAGES * self->page;
	/* Where the id begins, and whether the section has all of it. */
	const struct {
		size_t offset;
		bool inside;
	} tries[] = {
		{ self->page, true },
		{ end - BUILD_ID_SIZE, true },
		{ end - BUILD_ID_SIZE + 1, false },
		{ end - 1, false },
		{ end, false },
		{ end + self->page, false },
	};
	unsigned char id[BUILD_ID_SIZE];
	unsigned char *plain, *view, *private;
	int found;
	size_t i;

	plain = mmap(NULL, 2 * end, RW, MAP_SHARED, self->file, 0);
	view = sec_map(self->handle, variant->prot, 0, 0, 0);
	private = sec_map(self->handle, RW, SECTION_MAP_PRIVATE, 0, 0);
	ASSERT_NE(MAP_FAILED, plain);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_NE(MAP_FAILED, private);
	for (i = 0; i < ARRAY_SIZE(tries); i++) {
		write_elf(plain, tries[i].offset);
		/* That is an ELF file, for a kernel that knows the call. */
		found = build_id_at(plain, id);
		if (found != -ENOTTY)
			ASSERT_EQ(BUILD_ID_SIZE, found);
		if (found > 0 && !tries[i].inside)
			found = 0;
		memset(id, 'x', sizeof(id));
		EXPECT_EQ(found, build_id_at(view, id))
			TH_LOG("try %zu", i);
		EXPECT_TRUE(sec_all_bytes(id, found > 0 ? 'I' : 'x',
					  sizeof(id)));
		EXPECT_EQ(found, build_id_at(private, id))
			TH_LOG("try %zu", i);
	}
}

/* It warns if it cannot read the file; the runner goes red then. */
TEST(build_id_of_memory)
{
	const size_t page = SEC_PAGE;
	unsigned char id[BUILD_ID_SIZE];
	unsigned char *view;
	int dev = sec_dev();
	int handle, found;

	ASSERT_LE(0, dev);
	handle = sec_create_anon(dev, NULL, page);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	found = build_id_at(view, id);
	EXPECT_TRUE(found == 0 || found == -ENOTTY);
	write_elf(view, page - BUILD_ID_SIZE);
	found = build_id_at(view, id);
	EXPECT_TRUE(found == BUILD_ID_SIZE || found == -ENOTTY);
}

/*
 * A plain mapping of the same file directly beside a view, so that one could
 * be taken for the continuation of the other.
 */

enum order { VIEW_FIRST, PLAIN_FIRST, VIEW_MOVED, PLAIN_MOVED };

FIXTURE(beside) {
	int dev;
	int file;
	int handle;
	unsigned char *range;
	unsigned char *view;
	unsigned char *plain;
	size_t view_from, plain_from, count;
	size_t page;
};

FIXTURE_VARIANT(beside) {
	enum order order;
	bool below;
	bool private;
	/* The section ends before the file does. */
	bool bounded;
	bool ext4;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(beside, view_then_above) {
	.order = VIEW_FIRST };
FIXTURE_VARIANT_ADD(beside, view_then_below) {
	.order = VIEW_FIRST, .below = true };
FIXTURE_VARIANT_ADD(beside, above_then_view) {
	.order = PLAIN_FIRST };
FIXTURE_VARIANT_ADD(beside, below_then_view) {
	.order = PLAIN_FIRST, .below = true };
FIXTURE_VARIANT_ADD(beside, view_moved_to_above) {
	.order = VIEW_MOVED };
FIXTURE_VARIANT_ADD(beside, view_moved_to_below) {
	.order = VIEW_MOVED, .below = true };
FIXTURE_VARIANT_ADD(beside, above_moved) {
	.order = PLAIN_MOVED };
FIXTURE_VARIANT_ADD(beside, below_moved) {
	.order = PLAIN_MOVED, .below = true };
FIXTURE_VARIANT_ADD(beside, bounded_view_then_above) {
	.order = VIEW_FIRST, .bounded = true };
FIXTURE_VARIANT_ADD(beside, bounded_above_then_view) {
	.order = PLAIN_FIRST, .bounded = true };
FIXTURE_VARIANT_ADD(beside, bounded_below_then_view) {
	.order = PLAIN_FIRST, .bounded = true, .below = true };
FIXTURE_VARIANT_ADD(beside, private_view_then_above) {
	.order = VIEW_FIRST, .private = true };
FIXTURE_VARIANT_ADD(beside, private_above_then_view) {
	.order = PLAIN_FIRST, .private = true };
FIXTURE_VARIANT_ADD(beside, private_view_then_below) {
	.order = VIEW_FIRST, .private = true, .below = true };
FIXTURE_VARIANT_ADD(beside, private_below_then_view) {
	.order = PLAIN_FIRST, .private = true, .below = true };
FIXTURE_VARIANT_ADD(beside, private_bounded_view_then_above) {
	.order = VIEW_FIRST, .private = true, .bounded = true };
FIXTURE_VARIANT_ADD(beside, ext4_view_then_above) {
	.order = VIEW_FIRST, .ext4 = true };
FIXTURE_VARIANT_ADD(beside, ext4_view_then_below) {
	.order = VIEW_FIRST, .ext4 = true, .below = true };
FIXTURE_VARIANT_ADD(beside, ext4_above_then_view) {
	.order = PLAIN_FIRST, .ext4 = true };
FIXTURE_VARIANT_ADD(beside, ext4_below_then_view) {
	.order = PLAIN_FIRST, .ext4 = true, .below = true };
/* clang-format on */

FIXTURE_SETUP(beside)
{
	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	if (variant->ext4 && !have_ext4())
		SKIP(return, "no ext4 at " EXT4_DIR);
	self->file = full_file(variant->ext4 ? EXT4 : TMPFS);
	ASSERT_LE(0, self->file);
	/* All rights: a view that may become less is another sort of mapping. */
	self->handle = sec_create_file(self->dev, NULL, self->file,
				       variant->bounded ? PAGES * self->page :
				       0, SEC_PROT_RWX);
	ASSERT_LE(0, self->handle);
	self->count = PAGES / 2;
	/* Pages 2 and 3 are the view's; 4 and 5, or 0 and 1, the mapping's. */
	self->view_from = PAGES / 2;
	self->plain_from = variant->below ? 0 : PAGES;
	/* A hole of just their size: nothing else may be a neighbour. */
	self->range = mmap(NULL, (PAGES + 2) * self->page, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->range);
	self->range += self->page;
	ASSERT_EQ(0, munmap(self->range, PAGES * self->page));
	self->view = variant->below ? AT(self->range, self->count) :
				      self->range;
	self->plain = variant->below ? self->range :
				       AT(self->range, self->count);
}

FIXTURE_TEARDOWN(beside)
{
}

/* 0, or the number of the step that failed. */
static int map_one(FIXTURE_DATA(beside) * self, int fd, size_t from,
		   unsigned char *to, int flags, bool move)
{
	const size_t length = self->count * self->page;
	unsigned char *at;

	if (!move)
		return mmap(to, length, RW, flags | MAP_FIXED_NOREPLACE, fd,
			    from * self->page) == to ? 0 : 1;
	/* Or it would be made in the very place that it is to move to. */
	if (mmap(to, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		 MAP_FIXED_NOREPLACE, -1, 0) != to)
		return 4;
	at = mmap(NULL, length, RW, flags, fd, from * self->page);
	if (at == MAP_FAILED)
		return 2;
	return mremap(at, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, to) ==
	       to ? 0 : 3;
}

/* Both are what they are, and nothing more. */
#define EXPECT_BOTH(number) do { \
	struct section_query_view _v; \
	size_t _i; \
	EXPECT_EQ((number), views(self->handle)); \
	EXPECT_EQ(-EFAULT, sec_query_view(self->dev, self->plain, &_v)); \
	EXPECT_EQ(0, sec_query_view(self->dev, self->view, &_v)); \
	EXPECT_EQ(sec_ptr(self->view), _v.address); \
	EXPECT_EQ(self->count * self->page, _v.length); \
	EXPECT_EQ(self->view_from * self->page, _v.offset); \
	for (_i = 0; _i < self->count; _i++) { \
		EXPECT_EQ(first(self->view_from + _i), \
			  peek(AT(self->view, _i))); \
		EXPECT_EQ(first(self->plain_from + _i), \
			  peek(AT(self->plain, _i))); \
		EXPECT_EQ(0, poke(AT(self->plain, _i) + 1, 'w')); \
		EXPECT_EQ(0, poke(AT(self->view, _i) + 1, 'w')); \
	} \
} while (0)

TEST_F(beside, plain_mapping)
{
	const size_t length = self->count * self->page;
	int flags = variant->private ? MAP_PRIVATE : MAP_SHARED;
	pid_t child;

	if (variant->order == VIEW_FIRST || variant->order == PLAIN_MOVED) {
		ASSERT_EQ(0, map_one(self, self->handle, self->view_from,
				     self->view, flags, false));
		ASSERT_EQ(0, map_one(self, self->file, self->plain_from,
				     self->plain, flags,
				     variant->order == PLAIN_MOVED));
	} else {
		ASSERT_EQ(0, map_one(self, self->file, self->plain_from,
				     self->plain, flags, false));
		ASSERT_EQ(0, map_one(self, self->handle, self->view_from,
				     self->view, flags,
				     variant->order == VIEW_MOVED));
	}
	EXPECT_BOTH(1);

	/* One call for both, and back: they do not become one by it. */
	ASSERT_EQ(0, mprotect(self->range, 2 * length, PROT_READ));
	EXPECT_EQ(-SIGSEGV, poke(self->view, 1));
	EXPECT_EQ(-SIGSEGV, poke(self->plain, 1));
	ASSERT_EQ(0, mprotect(self->range, 2 * length, RW));
	EXPECT_BOTH(1);

	child = fork();
	if (!child) {
		CHILD_EXPECT(views(self->handle) == 2);
		CHILD_EXPECT(!munmap(self->range, 2 * length));
		CHILD_EXPECT(views(self->handle) == 1);
		_exit(0);
	}
	EXPECT_EQ(0, sec_wait(child));
	EXPECT_BOTH(1);

	/* Each goes by itself, and leaves the other whole. */
	ASSERT_EQ(0, munmap(self->plain, length));
	EXPECT_EQ(1, views(self->handle));
	EXPECT_EQ(first(self->view_from), peek(self->view));
	ASSERT_EQ(0, map_one(self, self->file, self->plain_from, self->plain,
			     flags, false));
	EXPECT_BOTH(1);
	ASSERT_EQ(0, munmap(self->view, length));
	EXPECT_EQ(0, views(self->handle));
	EXPECT_EQ(first(self->plain_from), peek(self->plain));
	ASSERT_EQ(0, map_one(self, self->handle, self->view_from, self->view,
			     flags, false));
	EXPECT_BOTH(1);

	/* Across the border. */
	ASSERT_EQ(0, munmap(AT(self->range, self->count - 1), 2 * self->page));
	EXPECT_EQ(1, views(self->handle));
	EXPECT_EQ(-SIGSEGV, peek(AT(self->range, self->count - 1)));
	EXPECT_EQ(-SIGSEGV, peek(AT(self->range, self->count)));
	EXPECT_LE(0, peek(self->range));
	EXPECT_LE(0, peek(AT(self->range, 2 * self->count - 1)));
	ASSERT_EQ(0, munmap(self->range, 2 * length));
	EXPECT_EQ(0, views(self->handle));
}

/* Views of one section side by side, split and joined, are always counted. */
TEST_F(beside, other_views)
{
	const size_t length = self->count * self->page;
	int flags = variant->private ? MAP_PRIVATE : MAP_SHARED;
	struct section_query_view v;
	int i;

	self->plain_from = variant->below ? 0 : self->view_from;
	self->view_from = variant->below ? self->view_from : 0;
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, map_one(self, self->handle, self->view_from,
				     self->view, flags, false));
		ASSERT_EQ(0, map_one(self, self->handle, self->plain_from,
				     self->plain, flags, i == 1));
		EXPECT_LE(1, views(self->handle));
		EXPECT_GE(2, views(self->handle));
		ASSERT_EQ(0, sec_query_view(self->dev, self->plain, &v));
		ASSERT_EQ(0, mprotect(AT(self->range, 1), 2 * self->page,
				      PROT_READ));
		ASSERT_EQ(0, mprotect(self->range, 2 * length, RW));
		EXPECT_EQ(first(self->plain_from), peek(self->plain));
		EXPECT_EQ(first(self->view_from), peek(self->view));
		ASSERT_EQ(0, munmap(AT(self->range, 1), 2 * self->page));
		EXPECT_EQ(2, views(self->handle));
		ASSERT_EQ(0, munmap(self->range, self->page));
		EXPECT_EQ(1, views(self->handle));
		ASSERT_EQ(0, munmap(self->range, 2 * length));
		EXPECT_EQ(0, views(self->handle));
	}
}

/* Pages of the file beyond the section's end. */

#define BIG		(4UL << 20)
#define HALF_HUGE	(1UL << 20)
#define HUGE		(2UL << 20)

FIXTURE(beyond) {
	int dev;
	int file;
	size_t page;
};

FIXTURE_VARIANT(beyond) {
	bool ext4;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(beyond, tmpfs) { .ext4 = false };
FIXTURE_VARIANT_ADD(beyond, ext4) { .ext4 = true };
/* clang-format on */

FIXTURE_SETUP(beyond)
{
	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	if (variant->ext4 && !have_ext4())
		SKIP(return, "no ext4 at " EXT4_DIR);
	self->file = unnamed_file(variant->ext4 ? EXT4_DIR : "/tmp");
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(beyond)
{
}

static bool fill(int file, size_t from, size_t to, unsigned char value)
{
	size_t at;

	for (at = from; at < to; at += SEC_PAGE)
		if (!fill_page(file, at / SEC_PAGE, value))
			return false;
	return true;
}

/* A free range of one huge page, aligned to it. */
static unsigned char *huge_range(void)
{
	unsigned char *range = free_range(2 * HUGE / SEC_PAGE);

	return range ? (unsigned char *)
		       (((uintptr_t)range + HUGE - 1) & ~(HUGE - 1)) : NULL;
}

TEST_F(beyond, view_cannot_grow)
{
	unsigned char *range = huge_range();
	unsigned char *view;
	int handle;

	ASSERT_NE(NULL, range);
	ASSERT_TRUE(fill(self->file, 0, HALF_HUGE, 'i'));
	ASSERT_TRUE(fill(self->file, HALF_HUGE, BIG, 'o'));
	handle = sec_create_file(self->dev, NULL, self->file, HALF_HUGE,
				 SEC_PROT_RW);
	ASSERT_LE(0, handle);
	/* Nothing is behind it: it could grow where it is. */
	view = mmap(range, HALF_HUGE, RW, MAP_SHARED | MAP_FIXED_NOREPLACE,
		    handle, 0);
	ASSERT_EQ(range, view);
	EXPECT_EQ(MAP_FAILED, mremap(view, HALF_HUGE, HUGE, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(MAP_FAILED, mremap(view, HALF_HUGE, HALF_HUGE + self->page,
				     MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	/* A second mapping, as large as one likes, is growth too. */
	EXPECT_EQ(MAP_FAILED, mremap(view, 0, HUGE, MREMAP_MAYMOVE));
	EXPECT_EQ('i', peek(view + HALF_HUGE - 1));
	EXPECT_EQ('o', file_byte(self->file, HALF_HUGE));
	madvise(view, HALF_HUGE, MADV_COLLAPSE);
	EXPECT_EQ(-SIGSEGV, peek(view + HALF_HUGE));
}

/*
 * The file ends with the section when the view is made, and grows later. Had
 * the view grown, madvise() could punch holes into what came to the file.
 */
TEST_F(beyond, file_grows_after_view)
{
	unsigned char *range, *view, *grown;
	size_t at;
	int handle;

	ASSERT_TRUE(fill(self->file, 0, 2 * self->page, 'i'));
	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	/* With a fence: nobody else's memory is behind it. */
	range = mmap(NULL, 8 * self->page, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, range);
	view = mmap(range, 2 * self->page, RW, MAP_SHARED | MAP_FIXED, handle,
		    0);
	ASSERT_EQ(range, view);
	grown = mremap(view, 2 * self->page, 8 * self->page, MREMAP_MAYMOVE);
	EXPECT_EQ(MAP_FAILED, grown);
	EXPECT_EQ(EFAULT, errno);
	ASSERT_TRUE(fill(self->file, 2 * self->page, 8 * self->page, 'o'));
	if (grown != MAP_FAILED) {
		for (at = 2 * self->page; at < 8 * self->page;
		     at += self->page) {
			EXPECT_EQ(-SIGSEGV, peek(grown + at));
			EXPECT_EQ(-SIGSEGV, poke(grown + at, 'x'));
		}
		madvise(grown, 8 * self->page, MADV_REMOVE);
	}
	/* A hole is as long as the view. */
	madvise(view, 8 * self->page, MADV_REMOVE);
	for (at = 2 * self->page; at < 8 * self->page; at += self->page)
		EXPECT_EQ('o', file_byte(self->file, at));
}

/*
 * A huge page across the section's end must not be mapped as one, which the
 * core would do in a view that had grown so far.
 */
TEST(huge_page_across_the_end)
{
	unsigned char *plain = huge_range();
	unsigned char *view, *range, *grown;
	int file = unnamed_file("/tmp");
	int dev = sec_dev();
	int handle;

	ASSERT_LE(0, dev);
	ASSERT_LE(0, file);
	ASSERT_NE(NULL, plain);
	ASSERT_EQ(plain, mmap(plain, HUGE, RW, MAP_SHARED |
			      MAP_FIXED_NOREPLACE, file, 0));
	ASSERT_TRUE(fill(file, 0, HALF_HUGE, 'i'));
	handle = sec_create_file(dev, NULL, file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	range = huge_range();
	ASSERT_NE(NULL, range);
	grown = mremap(view, HALF_HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		       range);
	EXPECT_EQ(MAP_FAILED, grown);
	EXPECT_EQ(EFAULT, errno);
	if (grown == MAP_FAILED)
		return;
	ASSERT_TRUE(fill(file, HALF_HUGE, BIG, 'o'));
	EXPECT_EQ('o', peek(plain + HUGE - 1));
	if (madvise(plain, HUGE, MADV_COLLAPSE))
		SKIP(return, "no huge page: errno %d", errno);
	EXPECT_EQ('i', peek(grown));
	EXPECT_EQ(-SIGSEGV, peek(grown + HALF_HUGE));
	EXPECT_EQ(0, poke(grown, 'w'));
	EXPECT_EQ(-SIGSEGV, peek(grown + HALF_HUGE));
	EXPECT_EQ(-SIGSEGV, poke(grown + HALF_HUGE, 'w'));
	EXPECT_EQ(-SIGSEGV, peek(grown + HUGE - 1));
	madvise(grown, HUGE, MADV_COLLAPSE);
	EXPECT_EQ('w', peek(grown));
	EXPECT_EQ(-SIGSEGV, peek(grown + HALF_HUGE));
	EXPECT_EQ('o', peek(plain + HALF_HUGE));
}

/*
 * Without a file, what a huge page has beyond the end is memory of the section's
 * own, and no part of it.
 */
TEST(anonymous_huge_page_across_the_end)
{
	unsigned char *view, *range;
	struct section_query q;
	int dev = sec_dev();
	int handle;

	ASSERT_LE(0, dev);
	handle = sec_create_anon(dev, NULL, HALF_HUGE);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	memset(view, 'i', HALF_HUGE);
	range = huge_range();
	ASSERT_NE(NULL, range);
	ASSERT_EQ(range, mremap(view, HALF_HUGE, HUGE,
				MREMAP_MAYMOVE | MREMAP_FIXED, range));
	EXPECT_EQ(-SIGSEGV, peek(range + HALF_HUGE));
	madvise(range, HUGE, MADV_COLLAPSE);
	EXPECT_EQ('i', peek(range));
	EXPECT_EQ('i', peek(range + HALF_HUGE - 1));
	/* No other data may be there. */
	EXPECT_GE(0, peek(range + HALF_HUGE));
	EXPECT_GE(0, peek(range + HUGE - 1));
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(HALF_HUGE, q.bytes);
	EXPECT_GE(HUGE, q.resident);
	EXPECT_EQ(MAP_FAILED, sec_map(handle, RW, 0, HALF_HUGE, SEC_PAGE));
	EXPECT_EQ(ENXIO, errno);
	ASSERT_EQ(0, munmap(range, HUGE));
	EXPECT_EQ(0, views(handle));
}

/*
 * fault-around maps pages that nobody asked for, if they are there. Those of a
 * view that is shorter than its section are not the view's.
 */
TEST_F(beyond, fault_around)
{
	unsigned char *range, *view;
	size_t n;
	int handle;

	ASSERT_TRUE(fill(self->file, 0, 32 * self->page, 'i'));
	handle = sec_create_file(self->dev, NULL, self->file, 5 * self->page,
				 SEC_PROT_RW);
	ASSERT_LE(0, handle);
	range = mmap(NULL, 32 * self->page, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, range);
	view = mmap(range, 5 * self->page, PROT_READ, MAP_SHARED | MAP_FIXED,
		    handle, 0);
	ASSERT_EQ(range, view);
	for (n = 0; n < 32; n++)
		EXPECT_EQ(n < 5 ? 'i' : -SIGSEGV, peek(view + n * self->page));
}

/* The same where a view can be longer: in anonymous memory. */
TEST(fault_around_beyond_the_end)
{
	const size_t page = SEC_PAGE;
	unsigned char *view, *mirror;
	int dev = sec_dev();
	int handle;
	size_t n;

	ASSERT_LE(0, dev);
	handle = sec_create_anon(dev, NULL, 5 * page);
	ASSERT_LE(0, handle);
	mirror = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, mirror);
	memset(mirror, 'i', 5 * page);
	view = sec_map(handle, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	view = mremap(view, 5 * page, 32 * page, MREMAP_MAYMOVE);
	ASSERT_NE(MAP_FAILED, view);
	for (n = 0; n < 32; n++)
		EXPECT_EQ(n < 5 ? 'i' : -SIGSEGV, peek(view + n * page));
}

/* Back doors of /proc, and calls for files on a handle. */

FIXTURE(doors) {
	int dev;
	int handle;
	int reader;
	size_t page;
};

/* What lets nobody execute has its handles where its memory is. */
FIXTURE_VARIANT(doors) {
	bool file;
	__u32 prot;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(doors, anon) { .prot = SEC_PROT_RW };
FIXTURE_VARIANT_ADD(doors, anon_exec) { .prot = SEC_PROT_RWX };
FIXTURE_VARIANT_ADD(doors, file) { .file = true, .prot = SEC_PROT_RWX };
/* clang-format on */

FIXTURE_SETUP(doors)
{
	int file = -1;

	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	if (variant->file) {
		file = unnamed_file("/tmp");
		ASSERT_LE(0, file);
	}
	self->handle = sec_create_file(self->dev, NULL, file, 2 * self->page,
				       variant->prot);
	ASSERT_LE(0, self->handle);
	self->reader = sec_duplicate(self->handle, SEC_RIGHTS_R, 0);
	ASSERT_LE(0, self->reader);
	close(file);
}

FIXTURE_TEARDOWN(doors)
{
}

TEST_F(doors, reopen_descriptor)
{
	const struct {
		int mode;
		int error;
	} opens[] = {
		{ O_RDONLY, ENXIO },
		{ O_WRONLY, EROFS },
		{ O_RDWR, EROFS },
		{ O_RDWR | O_TRUNC, EROFS },
	};
	const int fds[] = { self->handle, self->reader };
	char path[64];
	size_t i;

	for (i = 0; i < 2 * ARRAY_SIZE(opens); i++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[i % 2]);
		EXPECT_EQ(-1, open(path, opens[i / 2].mode | O_CLOEXEC));
		EXPECT_EQ(opens[i / 2].error, errno)
			TH_LOG("mode %#x", opens[i / 2].mode);
	}
}

/* Only somebody privileged reaches the backing by the names of mappings. */
TEST_F(doors, reopen_mapping)
{
	unsigned char *view = sec_map(self->reader, PROT_READ, 0, 0, 0);
	char path[96];

	ASSERT_NE(MAP_FAILED, view);
	snprintf(path, sizeof(path), "/proc/self/map_files/%llx-%llx",
		 (unsigned long long)sec_ptr(view),
		 (unsigned long long)sec_ptr(view) + 2 * self->page);
	EXPECT_EQ(-1, open(path, O_RDONLY | O_CLOEXEC));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, open(path, O_RDWR | O_CLOEXEC));
	EXPECT_EQ(EPERM, errno);
}

TEST_F(doors, file_calls)
{
	struct section_query q;
	struct stat st;
	char byte = 'x';

	EXPECT_EQ(-1, ftruncate(self->handle, 0));
	EXPECT_EQ(-1, ftruncate(self->handle, 16 * self->page));
	EXPECT_EQ(-1, ftruncate(self->reader, 0));
	EXPECT_NE(0, posix_fallocate(self->handle, 0, 16 * self->page));
	EXPECT_EQ(-1, fallocate(self->handle, FALLOC_FL_PUNCH_HOLE |
				FALLOC_FL_KEEP_SIZE, 0, self->page));
	EXPECT_EQ(-1, fchmod(self->handle, 0777));
	EXPECT_EQ(-1, fchown(self->handle, geteuid(), -1));
	EXPECT_EQ(-1, write(self->handle, &byte, 1));
	EXPECT_EQ(-1, pwrite(self->handle, &byte, 1, 0));
	EXPECT_EQ(-1, read(self->handle, &byte, 1));
	EXPECT_EQ('x', byte);
	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_EQ(2 * self->page, q.bytes);
	EXPECT_EQ(0600U, q.mode);
	ASSERT_EQ(0, fstat(self->handle, &st));
	EXPECT_EQ((off_t)(2 * self->page), st.st_size);
}

/*
 * tmpfs has other operations for a file that has no name any more: views of
 * both sorts in one section.
 */
TEST(unlinked_between_views)
{
	char path[64];
	const size_t page = SEC_PAGE;
	unsigned char *before, *after;
	struct section_query_view v;
	int file, handle, round;
	int dev = sec_dev();

	ASSERT_LE(0, dev);
	for (round = 0; round < 2; round++) {
		snprintf(path, sizeof(path), "/tmp/section-hazard-XXXXXX");
		file = mkostemp(path, O_CLOEXEC);
		ASSERT_LE(0, file);
		ASSERT_TRUE(fill_page(file, 0, 'a'));
		handle = sec_create_file(dev, NULL, file, 0, SEC_PROT_RW);
		ASSERT_LE(0, handle);
		before = sec_map(handle, RW, 0, 0, 0);
		ASSERT_EQ(0, unlink(path));
		after = sec_map(handle, RW, 0, 0, 0);
		ASSERT_NE(MAP_FAILED, before);
		ASSERT_NE(MAP_FAILED, after);
		EXPECT_EQ(2, views(handle));
		EXPECT_EQ('a', peek(before));
		EXPECT_EQ(0, poke(after, 'A'));
		EXPECT_EQ('A', peek(before));
		EXPECT_EQ(0, sec_query_view(dev, before, &v));
		EXPECT_EQ(0, sec_query_view(dev, after, &v));
		EXPECT_EQ(sec_id(handle), v.id);
		ASSERT_EQ(0, munmap(round ? before : after, page));
		EXPECT_EQ(1, views(handle));
		EXPECT_EQ('A', peek(round ? after : before));
		EXPECT_EQ(0, poke(round ? after : before, 'B'));
		ASSERT_EQ(0, munmap(round ? after : before, page));
		EXPECT_EQ(0, views(handle));
		EXPECT_EQ('B', file_byte(file, 0));
		close(handle);
		close(file);
	}
}

TEST_HARNESS_MAIN
