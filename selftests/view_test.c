// SPDX-License-Identifier: GPL-2.0-only
/*
 * Views: who sees which bytes, with which rights, and what the calls that work
 * on any mapping do to a view.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"

#include <sys/personality.h>
#include <sys/resource.h>

#define PAGES	8

enum backing { ANON, TMPFS, EXT4 };

/*
 * A section of PAGES pages, page n full of 'a' + n, that only the mirror, a
 * shared view of all of it, maps at first.
 */
struct backed {
	int dev;
	int file;
	int handle;
	unsigned char *mirror;
};

static unsigned char first(size_t page)
{
	return (unsigned char)('a' + page);
}

/* NULL, or what went wrong. */
static const char *backed_setup(struct backed *b, enum backing kind, __u32 prot)
{
	size_t page = SEC_PAGE;
	size_t i;

	b->file = -1;
	b->dev = sec_dev();
	if (b->dev < 0)
		return "no device";
	if (kind != ANON) {
		b->file = unnamed_file(kind == EXT4 ? EXT4_DIR : "/tmp");
		if (b->file < 0)
			return "no file";
		for (i = 0; i < PAGES; i++)
			if (!fill_page(b->file, i, first(i)))
				return "cannot write the file";
		b->handle = sec_create_file(b->dev, NULL, b->file, 0, prot);
	} else {
		struct section_create args =
			sec_create_args(NULL, PAGES * page);

		args.prot = prot;
		b->handle = sec_create(b->dev, &args);
	}
	if (b->handle < 0)
		return "no section";
	b->mirror = sec_map(b->handle, PROT_READ | PROT_WRITE, 0, 0, 0);
	if (b->mirror == MAP_FAILED)
		return "no view";
	for (i = 0; kind == ANON && i < PAGES; i++)
		memset(b->mirror + i * page, first(i), page);
	return NULL;
}

/* How many views the section has, or -1. */
static long views(int handle)
{
	struct section_query q;

	return sec_query(handle, &q) ? -1 : (long)q.views;
}

FIXTURE(view) {
	struct backed b;
	__u32 flags;
	int map_flags;
	size_t page;
};

FIXTURE_VARIANT(view) {
	enum backing kind;
	bool private;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(view, anon_shared) { .kind = ANON };
FIXTURE_VARIANT_ADD(view, anon_private) { .kind = ANON, .private = true };
FIXTURE_VARIANT_ADD(view, tmpfs_shared) { .kind = TMPFS };
FIXTURE_VARIANT_ADD(view, tmpfs_private) { .kind = TMPFS, .private = true };
FIXTURE_VARIANT_ADD(view, ext4_shared) { .kind = EXT4 };
FIXTURE_VARIANT_ADD(view, ext4_private) { .kind = EXT4, .private = true };
/* clang-format on */

FIXTURE_SETUP(view)
{
	const char *problem;

	self->page = SEC_PAGE;
	self->flags = variant->private ? SECTION_MAP_PRIVATE : 0;
	self->map_flags = variant->private ? MAP_PRIVATE : MAP_SHARED;
	if (variant->kind == EXT4 && !have_ext4())
		SKIP(return, "no ext4 at " EXT4_DIR);
	problem = backed_setup(&self->b, variant->kind, SEC_PROT_RW);
	ASSERT_EQ(NULL, problem)
		TH_LOG("%s: errno %d", problem, errno);
}

FIXTURE_TEARDOWN(view)
{
}

/* A view of the whole section, of the variant's sort. */
#define MAP_ALL(prot) \
	((unsigned char *)sec_map(self->b.handle, prot, self->flags, 0, 0))
#define RW (PROT_READ | PROT_WRITE)
#define AT(view, n) ((view) + (n) * self->page)

/* The byte that the section itself holds, asked for in every way. */
#define EXPECT_HELD(value, n) do { \
	EXPECT_EQ((value), peek(AT(self->b.mirror, n))); \
	if (self->b.file >= 0) { \
		EXPECT_EQ((value), file_byte(self->b.file, \
					     (off_t)((n) * self->page))); \
	} \
} while (0)

TEST_F(view, shows_contents)
{
	unsigned char *view = MAP_ALL(PROT_READ);
	size_t i;

	ASSERT_NE(MAP_FAILED, view);
	for (i = 0; i < PAGES; i++)
		EXPECT_TRUE(sec_all_bytes(AT(view, i), first(i), self->page))
			TH_LOG("page %zu", i);
	EXPECT_EQ(-SIGSEGV, poke(view, 1));
}

TEST_F(view, write_goes_where_it_should)
{
	unsigned char *view = MAP_ALL(RW);
	unsigned char *other = MAP_ALL(RW);

	ASSERT_NE(MAP_FAILED, view);
	ASSERT_NE(MAP_FAILED, other);
	ASSERT_NE(view, other);

	EXPECT_EQ(0, poke(AT(view, 2), 'V'));
	EXPECT_EQ('V', peek(AT(view, 2)));
	EXPECT_EQ(first(2), peek(AT(view, 2) + 1));
	EXPECT_HELD(variant->private ? first(2) : 'V', 2);
	EXPECT_EQ(variant->private ? first(2) : 'V', peek(AT(other, 2)));

	/* All other pages are still those of the section. */
	EXPECT_EQ(0, poke(AT(self->b.mirror, 5), 'M'));
	EXPECT_EQ('M', peek(AT(view, 5)));
	EXPECT_EQ('M', peek(AT(other, 5)));
	/* The copied page is not. */
	EXPECT_EQ(0, poke(AT(self->b.mirror, 2), 'W'));
	EXPECT_EQ(variant->private ? 'V' : 'W', peek(AT(view, 2)));
	EXPECT_EQ('W', peek(AT(other, 2)));
}

/* A page read before it is written is copied as one that was not. */
TEST_F(view, write_after_read)
{
	unsigned char *view = MAP_ALL(RW);
	size_t i;

	ASSERT_NE(MAP_FAILED, view);
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(first(i), peek(AT(view, i)));
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(0, poke(AT(view, i), '0' + i));
	for (i = 0; i < PAGES; i++) {
		EXPECT_EQ('0' + (int)i, peek(AT(view, i)));
		EXPECT_HELD(variant->private ? first(i) : '0' + (int)i, i);
	}
}

TEST_F(view, every_part)
{
	struct section_query_view v;
	unsigned char *view;
	size_t from, count, i;
	int call;

	for (from = 0; from < PAGES; from++) {
		for (count = 1; from + count <= PAGES; count++) {
			for (call = 0; call < 2; call++) {
				/* The last byte of the part asks for its page. */
				size_t length = count * self->page -
						(call + from) % 2;

				if (call)
					view = sec_mmap(self->b.handle, RW,
							self->map_flags,
							from * self->page,
							length);
				else
					view = sec_map(self->b.handle, RW,
						       self->flags,
						       from * self->page,
						       length);
				ASSERT_NE(MAP_FAILED, view);
				for (i = 0; i < count; i++)
					EXPECT_EQ(first(from + i),
						  peek(AT(view, i)));
				ASSERT_EQ(0, sec_query_view(self->b.dev,
							    view, &v));
				EXPECT_EQ(sec_ptr(view), v.address);
				EXPECT_EQ(count * self->page, v.length);
				EXPECT_EQ(from * self->page, v.offset);
				EXPECT_EQ(self->flags, v.flags);
				ASSERT_EQ(0, munmap(view, count * self->page));
			}
		}
	}
	EXPECT_EQ(1, views(self->b.handle));
}

TEST_F(view, map_writes_address_and_length)
{
	struct section_map args = sec_map_args(PROT_READ, self->page, 1);

	args.flags = self->flags;
	ASSERT_EQ(0, sec_ioctl(self->b.handle, SECTION_IOC_MAP, &args));
	EXPECT_EQ(self->page, args.length);
	EXPECT_EQ(self->page, args.offset);
	EXPECT_EQ(sizeof(args), args.size);
	EXPECT_EQ(PROT_READ, (int)args.prot);
	EXPECT_EQ(self->flags, args.flags);
	EXPECT_EQ(first(1), peek((void *)(uintptr_t)args.address));

	args = sec_map_args(PROT_READ, 3 * self->page, 0);
	args.flags = self->flags;
	ASSERT_EQ(0, sec_ioctl(self->b.handle, SECTION_IOC_MAP, &args));
	EXPECT_EQ((PAGES - 3) * self->page, args.length);
	EXPECT_EQ(first(3), peek((void *)(uintptr_t)args.address));
	EXPECT_EQ(first(PAGES - 1),
		  peek((char *)(uintptr_t)args.address + args.length - 1));
}

/* In pages, and bytes more. */
static const struct {
	__u64 offset, offset_more;
	__u64 length, length_more;
	int error;
} not_inside[] = {
	{ 0, 1, 1, 0, EINVAL },
	{ 1, -1, 0, 0, EINVAL },
	{ 0, 2, 0, 1, EINVAL },
	{ PAGES, 0, 0, 0, ENXIO },
	{ PAGES, 0, 0, 1, ENXIO },
	{ PAGES, 0, 1, 0, ENXIO },
	{ PAGES + 1, 0, 0, 0, ENXIO },
	{ 0, 0, PAGES, 1, ENXIO },
	{ 1, 0, PAGES, 0, ENXIO },
	{ PAGES - 1, 0, 1, 1, ENXIO },
	{ 1ULL << 40, 0, 1, 0, ENXIO },
	{ 0, 0, 1ULL << 40, 0, ENXIO },
	/* -1 is the last page of all. */
	{ -1, 0, 1, 0, EOVERFLOW },
	{ -1, 0, 2, 0, EOVERFLOW },
	{ 1, 0, -1, 0, EOVERFLOW },
	{ 2, 0, 0, -1, EOVERFLOW },
};

TEST_F(view, ranges_that_are_not_inside)
{
	const size_t size = PAGES * self->page;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(not_inside); i++) {
		struct section_map before, args =
			sec_map_args(PROT_READ, not_inside[i].offset *
				     self->page + not_inside[i].offset_more,
				     not_inside[i].length * self->page +
				     not_inside[i].length_more);

		args.flags = self->flags;
		before = args;
		EXPECT_EQ(-not_inside[i].error,
			  sec_ioctl(self->b.handle, SECTION_IOC_MAP, &args))
			TH_LOG("range %zu", i);
		EXPECT_EQ(0, memcmp(&args, &before, sizeof(args)));
	}
	EXPECT_EQ(MAP_FAILED, sec_mmap(self->b.handle, PROT_READ,
				       self->map_flags, 0, size + 1));
	EXPECT_EQ(ENXIO, errno);
	EXPECT_EQ(MAP_FAILED, sec_mmap(self->b.handle, PROT_READ,
				       self->map_flags, (off_t)size, 1));
	EXPECT_EQ(ENXIO, errno);
	EXPECT_EQ(MAP_FAILED, sec_mmap(self->b.handle, PROT_READ,
				       self->map_flags, self->page, size));
	EXPECT_EQ(ENXIO, errno);
	EXPECT_EQ(MAP_FAILED, sec_mmap(self->b.handle, PROT_READ,
				       self->map_flags, 0, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(1, views(self->b.handle));
}

TEST_F(view, map_refuses_wrong_members)
{
	struct section_map good = sec_map_args(PROT_READ, 0, 0);
	struct section_map args;

	good.flags = self->flags;
	args = good;
	args.flags |= 1U << 4;
	EXPECT_EQ(-EINVAL, sec_ioctl(self->b.handle, SECTION_IOC_MAP, &args));
	args = good;
	args.flags |= 1U << 31;
	EXPECT_EQ(-EINVAL, sec_ioctl(self->b.handle, SECTION_IOC_MAP, &args));
	args = good;
	args.prot |= 1U << 3;
	EXPECT_EQ(-EINVAL, sec_ioctl(self->b.handle, SECTION_IOC_MAP, &args));
	args = good;
	args.prot |= PROT_GROWSDOWN;
	EXPECT_EQ(-EINVAL, sec_ioctl(self->b.handle, SECTION_IOC_MAP, &args));
	args = good;
	args.reserved = 1;
	EXPECT_EQ(-EINVAL, sec_ioctl(self->b.handle, SECTION_IOC_MAP, &args));
	EXPECT_EQ(1, views(self->b.handle));
	EXPECT_EQ(0, sec_ioctl(self->b.handle, SECTION_IOC_MAP, &good));
	EXPECT_EQ(2, views(self->b.handle));
}

TEST_F(view, fixed_never_replaces)
{
	struct section_map args = sec_map_args(PROT_READ, 0, 2 * self->page);
	struct section_map before;
	unsigned char *range = free_range(PAGES);
	unsigned char *plain;
	int i;

	ASSERT_NE(NULL, range);
	plain = mmap(AT(range, 2), self->page, RW,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	ASSERT_EQ(AT(range, 2), plain);
	*plain = 'p';

	args.flags = self->flags | SECTION_MAP_FIXED;
	for (i = 1; i <= 2; i++) {
		args.address = sec_ptr(AT(range, i));
		before = args;
		EXPECT_EQ(-EEXIST, sec_ioctl(self->b.handle, SECTION_IOC_MAP,
					     &args));
		EXPECT_EQ(0, memcmp(&args, &before, sizeof(args)));
		EXPECT_EQ('p', peek(plain));
		EXPECT_EQ(-SIGSEGV, peek(AT(range, 1)));
		EXPECT_EQ(-SIGSEGV, peek(AT(range, 3)));
	}
	args.address = sec_ptr(AT(range, 3)) + 1;
	EXPECT_EQ(-EINVAL, sec_ioctl(self->b.handle, SECTION_IOC_MAP, &args));
	EXPECT_EQ(1, views(self->b.handle));

	args.address = sec_ptr(AT(range, 3));
	ASSERT_EQ(0, sec_ioctl(self->b.handle, SECTION_IOC_MAP, &args));
	EXPECT_EQ(sec_ptr(AT(range, 3)), args.address);
	EXPECT_EQ(2 * self->page, args.length);
	EXPECT_EQ(first(0), peek(AT(range, 3)));
	EXPECT_EQ(first(1), peek(AT(range, 4)));
	/* A view is not replaced either. */
	EXPECT_EQ(-EEXIST, sec_ioctl(self->b.handle, SECTION_IOC_MAP, &args));
	EXPECT_EQ(2, views(self->b.handle));

	/* Where no address can be. */
	args.address = (__u64)1 << 63;
	EXPECT_EQ(-ENOMEM, sec_ioctl(self->b.handle, SECTION_IOC_MAP, &args));
}

TEST_F(view, hints)
{
	struct section_map args = sec_map_args(PROT_READ, 0, self->page);
	unsigned char *range = free_range(4);
	unsigned char *view;

	ASSERT_NE(NULL, range);
	args.flags = self->flags;
	args.address = sec_ptr(range);
	ASSERT_EQ(0, sec_ioctl(self->b.handle, SECTION_IOC_MAP, &args));
	EXPECT_EQ(sec_ptr(range), args.address);

	/* Not free any more: anywhere else. */
	ASSERT_EQ(0, sec_ioctl(self->b.handle, SECTION_IOC_MAP, &args));
	EXPECT_NE(sec_ptr(range), args.address);
	EXPECT_EQ(first(0), peek(range));
	EXPECT_EQ(first(0), peek((void *)(uintptr_t)args.address));

	/* mmap(2) may replace if it is told to. */
	view = mmap(range, self->page, PROT_READ,
		    self->map_flags | MAP_FIXED_NOREPLACE, self->b.handle,
		    self->page);
	EXPECT_EQ(MAP_FAILED, view);
	EXPECT_EQ(EEXIST, errno);
	view = mmap(range, self->page, PROT_READ,
		    self->map_flags | MAP_FIXED, self->b.handle, self->page);
	EXPECT_EQ(range, view);
	EXPECT_EQ(first(1), peek(range));
	EXPECT_EQ(3, views(self->b.handle));
}

TEST_F(view, no_access)
{
	struct section_query_view v;
	unsigned char *view = MAP_ALL(PROT_NONE);

	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(-SIGSEGV, peek(view));
	EXPECT_EQ(-SIGSEGV, poke(view, 1));
	EXPECT_EQ(-EFAULT, write_from(view));
	ASSERT_EQ(0, sec_query_view(self->b.dev, view, &v));
	EXPECT_EQ(PROT_NONE, (int)v.prot);
	EXPECT_EQ(RW, (int)v.max_prot);
	ASSERT_EQ(0, mprotect(view, PAGES * self->page, PROT_READ));
	EXPECT_EQ(first(7), peek(AT(view, 7)));
	EXPECT_EQ(-SIGSEGV, poke(view, 1));
	ASSERT_EQ(0, mprotect(view, PAGES * self->page, PROT_NONE));
	EXPECT_EQ(-SIGSEGV, peek(AT(view, 7)));
}

TEST_F(view, counted)
{
	unsigned char *one, *two;

	EXPECT_EQ(1, views(self->b.handle));
	one = MAP_ALL(RW);
	ASSERT_NE(MAP_FAILED, one);
	EXPECT_EQ(2, views(self->b.handle));
	two = sec_mmap(self->b.handle, RW, self->map_flags, 0,
		       PAGES * self->page);
	ASSERT_NE(MAP_FAILED, two);
	EXPECT_NE(one, two);
	EXPECT_EQ(3, views(self->b.handle));
	ASSERT_EQ(0, munmap(one, PAGES * self->page));
	EXPECT_EQ(2, views(self->b.handle));
	ASSERT_EQ(0, munmap(two, PAGES * self->page));
	EXPECT_EQ(1, views(self->b.handle));
	ASSERT_EQ(0, munmap(self->b.mirror, PAGES * self->page));
	EXPECT_EQ(0, views(self->b.handle));
}

TEST_F(view, outlives_handle)
{
	struct section_query_view v;
	unsigned char *view = MAP_ALL(RW);
	__u64 id = sec_id(self->b.handle);

	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(0, munmap(self->b.mirror, PAGES * self->page));
	ASSERT_EQ(0, close(self->b.handle));
	if (self->b.file >= 0)
		ASSERT_EQ(0, close(self->b.file));
	EXPECT_EQ(MAP_FAILED, MAP_ALL(PROT_READ));
	EXPECT_EQ(EBADF, errno);

	EXPECT_EQ(first(4), peek(AT(view, 4)));
	EXPECT_EQ(0, poke(AT(view, 4), 'x'));
	EXPECT_EQ('x', peek(AT(view, 4)));
	EXPECT_EQ(first(6), peek(AT(view, 6)));
	ASSERT_EQ(0, sec_query_view(self->b.dev, AT(view, 6), &v));
	EXPECT_NE(0U, id);
	EXPECT_EQ(id, v.id);
	EXPECT_EQ(RW, (int)v.prot);
	ASSERT_EQ(0, mprotect(view, self->page, PROT_READ));
	ASSERT_EQ(0, munmap(view, PAGES * self->page));
	EXPECT_EQ(-EFAULT, sec_query_view(self->b.dev, view, &v));
}

TEST_F(view, unmap_the_middle)
{
	struct section_query_view v;
	unsigned char *view = MAP_ALL(RW);

	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, poke(AT(view, 4), 'k'));
	ASSERT_EQ(0, munmap(AT(view, 3), self->page));
	EXPECT_EQ(3, views(self->b.handle));
	EXPECT_EQ(-SIGSEGV, peek(AT(view, 3)));
	EXPECT_EQ(-EFAULT, sec_query_view(self->b.dev, AT(view, 3), &v));
	EXPECT_EQ(first(2), peek(AT(view, 2)));
	EXPECT_EQ('k', peek(AT(view, 4)));
	EXPECT_EQ(first(5), peek(AT(view, 5)));

	ASSERT_EQ(0, sec_query_view(self->b.dev, AT(view, 2), &v));
	EXPECT_EQ(sec_ptr(view), v.address);
	EXPECT_EQ(3 * self->page, v.length);
	EXPECT_EQ(0U, v.offset);
	ASSERT_EQ(0, sec_query_view(self->b.dev, AT(view, 4) + 1, &v));
	EXPECT_EQ(sec_ptr(AT(view, 4)), v.address);
	EXPECT_EQ((PAGES - 4) * self->page, v.length);
	EXPECT_EQ(4 * self->page, v.offset);

	ASSERT_EQ(0, munmap(view, PAGES * self->page));
	EXPECT_EQ(1, views(self->b.handle));
}

TEST_F(view, protect_parts)
{
	struct section_query_view v;
	unsigned char *view = MAP_ALL(RW);
	size_t i;

	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(0, mprotect(AT(view, 2), 3 * self->page, PROT_READ));
	EXPECT_EQ(4, views(self->b.handle));
	for (i = 0; i < PAGES; i++) {
		bool inside = i >= 2 && i < 5;

		EXPECT_EQ(first(i), peek(AT(view, i)));
		EXPECT_EQ(inside ? -SIGSEGV : 0, poke(AT(view, i), 'n'));
		ASSERT_EQ(0, sec_query_view(self->b.dev, AT(view, i), &v));
		EXPECT_EQ(inside ? PROT_READ : RW, (int)v.prot);
		EXPECT_EQ(RW, (int)v.max_prot);
		EXPECT_EQ(inside ? first(i) : 'n', peek(AT(view, i)));
	}
	ASSERT_EQ(0, sec_query_view(self->b.dev, AT(view, 3), &v));
	EXPECT_EQ(sec_ptr(AT(view, 2)), v.address);
	EXPECT_EQ(3 * self->page, v.length);
	EXPECT_EQ(2 * self->page, v.offset);

	/* No more than the section's protection, whatever part it is. */
	EXPECT_EQ(-1, mprotect(view, self->page, RW | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(AT(view, 3), self->page, PROT_EXEC));
	EXPECT_EQ(EACCES, errno);

	ASSERT_EQ(0, mprotect(view, PAGES * self->page, RW));
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(0, poke(AT(view, i), 'm'));
	ASSERT_EQ(0, munmap(view, PAGES * self->page));
	EXPECT_EQ(1, views(self->b.handle));
	for (i = 0; i < PAGES; i++)
		EXPECT_HELD(variant->private ? first(i) : 'm', i);
}

TEST_F(view, move)
{
	struct section_query_view v;
	unsigned char *view = MAP_ALL(RW);
	unsigned char *range = free_range(PAGES);
	unsigned char *moved;
	size_t i;

	ASSERT_NE(MAP_FAILED, view);
	ASSERT_NE(NULL, range);
	EXPECT_EQ(0, poke(AT(view, 1), 'v'));
	moved = mremap(view, PAGES * self->page, PAGES * self->page,
		       MREMAP_MAYMOVE | MREMAP_FIXED, range);
	ASSERT_EQ(range, moved);
	EXPECT_EQ(-SIGSEGV, peek(view));
	EXPECT_EQ(-EFAULT, sec_query_view(self->b.dev, view, &v));
	ASSERT_EQ(0, sec_query_view(self->b.dev, moved, &v));
	EXPECT_EQ(sec_ptr(moved), v.address);
	EXPECT_EQ(2, views(self->b.handle));
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(i == 1 ? 'v' : first(i), peek(AT(moved, i)));
	EXPECT_EQ(0, poke(AT(moved, 2), 'u'));
	EXPECT_HELD(variant->private ? first(2) : 'u', 2);

	/* A part of a view: its place in the section goes with it. */
	range = free_range(2);
	ASSERT_NE(NULL, range);
	ASSERT_EQ(range, mremap(AT(moved, 5), 2 * self->page, 2 * self->page,
				MREMAP_MAYMOVE | MREMAP_FIXED, range));
	EXPECT_EQ(first(5), peek(range));
	EXPECT_EQ(first(6), peek(AT(range, 1)));
	ASSERT_EQ(0, sec_query_view(self->b.dev, range, &v));
	EXPECT_EQ(5 * self->page, v.offset);
	EXPECT_EQ(-SIGSEGV, peek(AT(moved, 5)));
	EXPECT_EQ(first(7), peek(AT(moved, 7)));
	EXPECT_EQ(4, views(self->b.handle));
	ASSERT_EQ(0, munmap(range, 2 * self->page));
	ASSERT_EQ(0, munmap(moved, PAGES * self->page));
	EXPECT_EQ(1, views(self->b.handle));
}

TEST_F(view, shrink)
{
	struct section_query_view v;
	unsigned char *view = MAP_ALL(RW);

	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(view, mremap(view, PAGES * self->page, 3 * self->page, 0));
	EXPECT_EQ(first(2), peek(AT(view, 2)));
	EXPECT_EQ(-SIGSEGV, peek(AT(view, 3)));
	EXPECT_EQ(2, views(self->b.handle));
	ASSERT_EQ(0, sec_query_view(self->b.dev, AT(view, 2), &v));
	EXPECT_EQ(3 * self->page, v.length);
	ASSERT_EQ(0, munmap(view, 3 * self->page));
	EXPECT_EQ(1, views(self->b.handle));
}

/* Views of anonymous memory grow, those of files do not. */
TEST_F(view, grow)
{
	unsigned char *view = sec_map(self->b.handle, RW, self->flags, 0,
				      3 * self->page);
	struct section_query_view v;
	size_t i;

	ASSERT_NE(MAP_FAILED, view);
	if (variant->kind != ANON) {
		EXPECT_EQ(MAP_FAILED, mremap(view, 3 * self->page,
					     6 * self->page, MREMAP_MAYMOVE));
		EXPECT_EQ(EFAULT, errno);
		EXPECT_EQ(MAP_FAILED, mremap(view, 3 * self->page,
					     (PAGES + 1) * self->page,
					     MREMAP_MAYMOVE));
		EXPECT_EQ(EFAULT, errno);
		EXPECT_EQ(first(2), peek(AT(view, 2)));
		return;
	}
	/* Within the section, over what is there. */
	view = mremap(view, 3 * self->page, 6 * self->page, MREMAP_MAYMOVE);
	ASSERT_NE(MAP_FAILED, view);
	for (i = 0; i < 6; i++)
		EXPECT_EQ(first(i), peek(AT(view, i)));
	ASSERT_EQ(0, sec_query_view(self->b.dev, AT(view, 5), &v));
	EXPECT_EQ(6 * self->page, v.length);

	/* Beyond it there is nothing. */
	view = mremap(view, 6 * self->page, (PAGES + 2) * self->page,
		      MREMAP_MAYMOVE);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(first(PAGES - 1), peek(AT(view, PAGES - 1)));
	EXPECT_EQ(0, poke(AT(view, PAGES - 1), 'l'));
	for (i = PAGES; i < PAGES + 2; i++) {
		EXPECT_EQ(-SIGSEGV, peek(AT(view, i)));
		EXPECT_EQ(-SIGSEGV, poke(AT(view, i), 1));
		EXPECT_EQ(-EFAULT, read_into(AT(view, i)));
		EXPECT_EQ(-EFAULT, write_from(AT(view, i)));
		EXPECT_EQ(-EFAULT, remote_read(getpid(), AT(view, i)));
		EXPECT_EQ(-EFAULT, remote_write(getpid(), AT(view, i), 1));
	}
	EXPECT_EQ('l', peek(AT(view, PAGES - 1)));
	EXPECT_EQ(-1, madvise(AT(view, PAGES), self->page,
			      MADV_POPULATE_READ));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, madvise(view, (PAGES + 1) * self->page,
			      MADV_POPULATE_WRITE));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(0, munmap(view, (PAGES + 2) * self->page));
	EXPECT_EQ(1, views(self->b.handle));
}

/* mremap(2) leaves a second mapping behind if it is told to. */
TEST_F(view, move_without_unmapping)
{
	unsigned char *view = MAP_ALL(RW);
	unsigned char *copy;

	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, poke(AT(view, 1), 'v'));
	copy = mremap(view, PAGES * self->page, PAGES * self->page,
		      MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	if (variant->kind != ANON) {
		/* Growth of a kind. */
		EXPECT_EQ(MAP_FAILED, copy);
		EXPECT_EQ(EINVAL, errno);
	} else {
		ASSERT_NE(MAP_FAILED, copy);
		EXPECT_EQ(3, views(self->b.handle));
		EXPECT_EQ('v', peek(AT(copy, 1)));
		/* Copied pages moved; what is left shows the section. */
		EXPECT_EQ(variant->private ? first(1) : 'v',
			  peek(AT(view, 1)));
		EXPECT_EQ(first(2), peek(AT(view, 2)));
		ASSERT_EQ(0, munmap(copy, PAGES * self->page));
	}

	copy = mremap(view, 0, PAGES * self->page, MREMAP_MAYMOVE);
	if (variant->private || variant->kind != ANON) {
		EXPECT_EQ(MAP_FAILED, copy);
		EXPECT_EQ(variant->private ? EINVAL : EFAULT, errno);
	} else {
		ASSERT_NE(MAP_FAILED, copy);
		EXPECT_EQ(3, views(self->b.handle));
		EXPECT_EQ('v', peek(AT(copy, 1)));
		EXPECT_EQ(0, poke(AT(copy, 3), 'c'));
		EXPECT_EQ('c', peek(AT(view, 3)));
		ASSERT_EQ(0, munmap(copy, PAGES * self->page));
	}
	ASSERT_EQ(0, munmap(view, PAGES * self->page));
	EXPECT_EQ(1, views(self->b.handle));
}

TEST_F(view, fork_shares_or_copies)
{
	unsigned char *view = MAP_ALL(RW);
	pid_t child;

	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, poke(AT(view, 0), 'A'));
	child = fork();
	if (!child) {
		CHILD_EXPECT(views(self->b.handle) == 4);
		CHILD_EXPECT(peek(AT(view, 0)) == 'A');
		CHILD_EXPECT(peek(AT(view, 1)) == first(1));
		CHILD_EXPECT(!poke(AT(view, 0), 'B'));
		CHILD_EXPECT(!poke(AT(view, 1), 'B'));
		child = fork();
		if (!child) {
			CHILD_EXPECT(views(self->b.handle) == 6);
			CHILD_EXPECT(peek(AT(view, 0)) == 'B');
			CHILD_EXPECT(!poke(AT(view, 2), 'C'));
			_exit(0);
		}
		CHILD_EXPECT(!sec_wait(child));
		CHILD_EXPECT(peek(AT(view, 2)) ==
			     (variant->private ? first(2) : 'C'));
		_exit(0);
	}
	EXPECT_EQ(0, sec_wait(child));
	EXPECT_EQ(variant->private ? 'A' : 'B', peek(AT(view, 0)));
	EXPECT_EQ(variant->private ? first(1) : 'B', peek(AT(view, 1)));
	EXPECT_EQ(variant->private ? first(2) : 'C', peek(AT(view, 2)));
	EXPECT_HELD(variant->private ? first(1) : 'B', 1);
	EXPECT_EQ(2, views(self->b.handle));
}

/* A child goes on with its views when everything else is gone. */
TEST_F(view, fork_outlives_parent)
{
	int to_child[2], to_parent[2];
	unsigned char *view;
	char answer = 0;
	pid_t child;

	ASSERT_EQ(0, pipe2(to_child, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(to_parent, O_CLOEXEC));
	child = fork();
	if (!child) {
		view = MAP_ALL(RW);
		CHILD_EXPECT(view != MAP_FAILED);
		CHILD_EXPECT(!poke(AT(view, 3), 'c'));
		child = fork();
		if (child)
			_exit(0);
		close(to_child[1]);
		close(self->b.handle);
		munmap(self->b.mirror, PAGES * self->page);
		CHILD_EXPECT(write(to_parent[1], "r", 1) == 1);
		/* Until the test has seen the parent go. */
		CHILD_EXPECT(read(to_child[0], &answer, 1) == 1);
		answer = peek(AT(view, 3)) == 'c' &&
			 peek(AT(view, 4)) == first(4) &&
			 !poke(AT(view, 4), 'g') && peek(AT(view, 4)) == 'g' ?
			 'y' : 'n';
		CHILD_EXPECT(write(to_parent[1], &answer, 1) == 1);
		_exit(0);
	}
	close(to_parent[1]);
	EXPECT_EQ(0, sec_wait(child));
	ASSERT_EQ(1, read(to_parent[0], &answer, 1));
	EXPECT_EQ(2, views(self->b.handle));
	ASSERT_EQ(0, munmap(self->b.mirror, PAGES * self->page));
	ASSERT_EQ(0, close(self->b.handle));
	ASSERT_EQ(1, write(to_child[1], "", 1));
	ASSERT_EQ(1, read(to_parent[0], &answer, 1));
	EXPECT_EQ('y', answer);
}

TEST_F(view, msync_and_fsync)
{
	unsigned char *view = MAP_ALL(RW);

	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, poke(AT(view, 6), 's'));
	EXPECT_EQ(0, msync(view, PAGES * self->page, MS_SYNC));
	EXPECT_EQ(0, msync(view, PAGES * self->page, MS_ASYNC));
	if (self->b.file >= 0)
		EXPECT_EQ(0, fsync(self->b.file));
	EXPECT_HELD(variant->private ? first(6) : 's', 6);
	/* Written back and clean, it is made dirty again. */
	EXPECT_EQ(0, poke(AT(view, 6), 't'));
	EXPECT_EQ(0, msync(view, PAGES * self->page, MS_SYNC));
	EXPECT_HELD(variant->private ? first(6) : 't', 6);
	/* What reached the disk survives the page cache. */
	if (self->b.file >= 0 && !variant->private) {
		ASSERT_EQ(0, munmap(view, PAGES * self->page));
		ASSERT_EQ(0, munmap(self->b.mirror, PAGES * self->page));
		EXPECT_EQ(0, fsync(self->b.file));
		EXPECT_EQ(0, posix_fadvise(self->b.file, 0, 0,
					   POSIX_FADV_DONTNEED));
		EXPECT_EQ('t', file_byte(self->b.file, 6 * self->page));
	}
}

TEST_F(view, dontneed)
{
	unsigned char *view = MAP_ALL(RW);

	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, poke(AT(view, 2), 'd'));
	EXPECT_EQ(0, madvise(view, PAGES * self->page, MADV_DONTNEED));
	EXPECT_EQ(variant->private ? first(2) : 'd', peek(AT(view, 2)));
	EXPECT_EQ(first(3), peek(AT(view, 3)));
	EXPECT_HELD(variant->private ? first(2) : 'd', 2);
}

/* A hole made through one view is a hole for all. */
TEST_F(view, remove)
{
	unsigned char *view = MAP_ALL(RW);
	unsigned char *other = sec_map(self->b.handle, PROT_READ,
				       SECTION_MAP_PRIVATE, 0, 0);
	unsigned char was = first(2);

	ASSERT_NE(MAP_FAILED, view);
	ASSERT_NE(MAP_FAILED, other);
	EXPECT_EQ(was, peek(AT(view, 2)));
	EXPECT_EQ(was, peek(AT(other, 2)));
	if (variant->private) {
		EXPECT_EQ(-1, madvise(AT(view, 2), self->page, MADV_REMOVE));
		EXPECT_EQ(EACCES, errno);
	} else {
		EXPECT_EQ(0, madvise(AT(view, 2), self->page, MADV_REMOVE));
		was = 0;
	}
	EXPECT_EQ(was, peek(AT(view, 2)));
	EXPECT_EQ(was, peek(AT(other, 2)));
	EXPECT_HELD(was, 2);
	EXPECT_EQ(first(1), peek(AT(view, 1)));
	EXPECT_EQ(first(3), peek(AT(view, 3)));
	EXPECT_EQ(0, poke(AT(view, 2), 'r'));
	EXPECT_EQ('r', peek(AT(view, 2)));
	EXPECT_EQ(variant->private ? was : 'r', peek(AT(other, 2)));

	/* Not through a view that may not write. */
	EXPECT_EQ(-1, madvise(AT(other, 2), self->page, MADV_REMOVE));
	EXPECT_EQ(EACCES, errno);
}

TEST_F(view, populate_and_lock)
{
	unsigned char *view = MAP_ALL(RW);
	unsigned char in_core[PAGES];
	size_t i;

	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, madvise(view, PAGES * self->page, MADV_WILLNEED));
	EXPECT_EQ(0, madvise(view, PAGES * self->page, MADV_POPULATE_READ));
	EXPECT_EQ(first(7), peek(AT(view, 7)));
	EXPECT_EQ(0, madvise(view, PAGES * self->page, MADV_POPULATE_WRITE));
	EXPECT_EQ(0, mlock(view, PAGES * self->page));
	memset(in_core, 0, sizeof(in_core));
	EXPECT_EQ(0, mincore(view, PAGES * self->page, in_core));
	for (i = 0; i < PAGES; i++) {
		EXPECT_EQ(1, in_core[i] & 1);
		EXPECT_EQ(first(i), peek(AT(view, i)));
	}
	EXPECT_EQ(0, munlock(view, PAGES * self->page));

	view = mmap(NULL, PAGES * self->page, RW,
		    self->map_flags | MAP_POPULATE, self->b.handle, 0);
	ASSERT_NE(MAP_FAILED, view);
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(first(i), peek(AT(view, i)));
}

TEST_F(view, query_view)
{
	struct section_query_view v, before;
	struct section_query q;
	unsigned char *view = sec_map(self->b.handle, PROT_READ, self->flags,
				      2 * self->page, 4 * self->page);
	unsigned char *plain;

	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(0, sec_query(self->b.handle, &q));
	ASSERT_EQ(0, sec_query_view(self->b.dev, AT(view, 3) + 17, &v));
	EXPECT_EQ(sizeof(v), v.size);
	EXPECT_EQ(self->flags, v.flags);
	EXPECT_EQ(sec_ptr(view), v.address);
	EXPECT_EQ(4 * self->page, v.length);
	EXPECT_EQ(2 * self->page, v.offset);
	EXPECT_EQ(PAGES * self->page, v.bytes);
	EXPECT_EQ(q.id, v.id);
	EXPECT_EQ(PROT_READ, (int)v.prot);
	EXPECT_EQ(RW, (int)v.max_prot);
	EXPECT_EQ(q.attributes, v.attributes);
	EXPECT_EQ(variant->kind == ANON ? 0U : SECTION_ATTR_FILE, v.attributes);
	EXPECT_EQ(0U, v.reserved);

	EXPECT_EQ(-EFAULT, sec_query_view(self->b.dev, NULL, &v));
	EXPECT_EQ(-EFAULT, sec_query_view(self->b.dev, &v, &v));
	before = v;
	v.address = ~(__u64)0;
	EXPECT_EQ(-EFAULT, sec_ioctl(self->b.dev, SECTION_IOC_QUERY_VIEW, &v));
	v.address = before.address;
	EXPECT_EQ(0, memcmp(&v, &before, sizeof(v)));
	v.address = sec_ptr(view);
	v.reserved = 1;
	EXPECT_EQ(-EINVAL, sec_ioctl(self->b.dev, SECTION_IOC_QUERY_VIEW, &v));

	/* Neither other memory nor another mapping of the same file. */
	plain = mmap(NULL, self->page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	ASSERT_NE(MAP_FAILED, plain);
	EXPECT_EQ(-EFAULT, sec_query_view(self->b.dev, plain, &v));
	if (self->b.file >= 0) {
		plain = mmap(NULL, self->page, PROT_READ, self->map_flags,
			     self->b.file, 0);
		ASSERT_NE(MAP_FAILED, plain);
		EXPECT_EQ(-EFAULT, sec_query_view(self->b.dev, plain, &v));
	}

	ASSERT_EQ(0, munmap(view, 4 * self->page));
	EXPECT_EQ(-EFAULT, sec_query_view(self->b.dev, view, &v));
}

/* What /proc shows. */
TEST_F(view, maps_line)
{
	struct sec_name name = sec_unique();
	char expected[SEC_NAME_LEN + 32];
	unsigned char *view;
	char line[512];
	int handle;

	snprintf(expected, sizeof(expected), "/section:%s (deleted)\n",
		 name.s);
	if (variant->kind != ANON)
		snprintf(expected, sizeof(expected), " %s/",
			 variant->kind == TMPFS ? "/tmp" : EXT4_DIR);
	handle = sec_create_file(self->b.dev, name.s, self->b.file, self->page,
				 SEC_PROT_RW);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, self->flags, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_TRUE(maps_line(view, line, sizeof(line)));
	EXPECT_NE(NULL, strstr(line, variant->private ? " rw-p " : " rw-s "));
	EXPECT_NE(NULL, strstr(line, expected));
}

/*
 * Sections of one file, plain mappings of it, read(2) and write(2) show the
 * same bytes.
 */

FIXTURE(file_view) {
	int dev;
	int file;
	size_t page;
};

FIXTURE_VARIANT(file_view) {
	enum backing kind;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(file_view, tmpfs) { .kind = TMPFS };
FIXTURE_VARIANT_ADD(file_view, ext4) { .kind = EXT4 };
/* clang-format on */

FIXTURE_SETUP(file_view)
{
	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	if (variant->kind == EXT4 && !have_ext4())
		SKIP(return, "no ext4 at " EXT4_DIR);
	self->file = unnamed_file(variant->kind == EXT4 ? EXT4_DIR : "/tmp");
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(file_view)
{
}

TEST_F(file_view, coherent)
{
	unsigned char *a, *b, *plain, *cow;
	int one, two;
	size_t i;

	for (i = 0; i < 4; i++)
		ASSERT_TRUE(fill_page(self->file, i, first(i)));
	one = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	two = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, one);
	ASSERT_LE(0, two);
	EXPECT_NE(sec_id(one), sec_id(two));
	a = sec_map(one, RW, 0, 0, 0);
	b = sec_map(two, RW, 0, 0, 0);
	cow = sec_map(two, RW, SECTION_MAP_PRIVATE, 0, 0);
	plain = mmap(NULL, 4 * self->page, RW, MAP_SHARED, self->file, 0);
	ASSERT_NE(MAP_FAILED, a);
	ASSERT_NE(MAP_FAILED, b);
	ASSERT_NE(MAP_FAILED, cow);
	ASSERT_NE(MAP_FAILED, plain);

	EXPECT_EQ(0, poke(AT(a, 0), '1'));
	EXPECT_EQ('1', peek(AT(b, 0)));
	EXPECT_EQ('1', peek(AT(plain, 0)));
	EXPECT_EQ('1', peek(AT(cow, 0)));
	EXPECT_EQ('1', file_byte(self->file, 0));

	EXPECT_EQ(0, poke(AT(plain, 1), '2'));
	EXPECT_EQ('2', peek(AT(a, 1)));
	EXPECT_EQ('2', peek(AT(b, 1)));
	EXPECT_EQ('2', peek(AT(cow, 1)));
	EXPECT_EQ('2', file_byte(self->file, self->page));

	EXPECT_EQ(1, pwrite(self->file, "3", 1, 2 * self->page));
	EXPECT_EQ('3', peek(AT(a, 2)));
	EXPECT_EQ('3', peek(AT(b, 2)));
	EXPECT_EQ('3', peek(AT(cow, 2)));
	EXPECT_EQ('3', peek(AT(plain, 2)));

	EXPECT_EQ(0, poke(AT(cow, 3), '4'));
	EXPECT_EQ(first(3), peek(AT(a, 3)));
	EXPECT_EQ(first(3), peek(AT(plain, 3)));
	EXPECT_EQ(first(3), file_byte(self->file, 3 * self->page));

	EXPECT_EQ(1, views(one));
	EXPECT_EQ(2, views(two));
}

/* A file that ends inside a page: the rest of the page is zero and no more. */
TEST_F(file_view, partial_last_page)
{
	struct section_query q;
	unsigned char *view;
	int handle;

	ASSERT_TRUE(fill_page(self->file, 0, 'a'));
	ASSERT_TRUE(fill_page(self->file, 1, 'b'));
	ASSERT_EQ(0, ftruncate(self->file, self->page + 100));
	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(self->page + 100, q.bytes);

	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ('b', peek(AT(view, 1) + 99));
	EXPECT_TRUE(sec_all_bytes(AT(view, 1) + 100, 0, self->page - 100));
	EXPECT_EQ(0, poke(AT(view, 1) + 100, 'x'));
	EXPECT_EQ((off_t)(self->page + 100), file_size(self->file));
	EXPECT_EQ(-1, file_byte(self->file, self->page + 100));

	/* Rounded up to pages the range is inside, one page more is not. */
	EXPECT_NE(MAP_FAILED, sec_map(handle, RW, 0, 0, 2 * self->page));
	EXPECT_NE(MAP_FAILED, sec_mmap(handle, RW, MAP_SHARED, self->page,
				       self->page));
	EXPECT_EQ(MAP_FAILED, sec_map(handle, RW, 0, 0, 2 * self->page + 1));
	EXPECT_EQ(ENXIO, errno);
	EXPECT_EQ(MAP_FAILED, sec_mmap(handle, RW, MAP_SHARED, 2 * self->page,
				       1));
	EXPECT_EQ(ENXIO, errno);
}

/* What a handle's rights allow, for every sort of view. */

FIXTURE(rights) {
	struct backed b;
	int handle;
	size_t page;
};

FIXTURE_VARIANT(rights) {
	enum backing kind;
	__u32 rights;
};

#define QUERY	SECTION_RIGHT_QUERY
#define READ	SECTION_RIGHT_READ
#define WRITE	SECTION_RIGHT_WRITE
#define EXECUTE	SECTION_RIGHT_EXECUTE

/* clang-format off */
FIXTURE_VARIANT_ADD(rights, anon_q) {
	.kind = ANON, .rights = QUERY };
FIXTURE_VARIANT_ADD(rights, anon_w) {
	.kind = ANON, .rights = QUERY | WRITE };
FIXTURE_VARIANT_ADD(rights, anon_x) {
	.kind = ANON, .rights = QUERY | EXECUTE };
FIXTURE_VARIANT_ADD(rights, anon_r) {
	.kind = ANON, .rights = QUERY | READ };
FIXTURE_VARIANT_ADD(rights, anon_rw) {
	.kind = ANON, .rights = QUERY | READ | WRITE };
FIXTURE_VARIANT_ADD(rights, anon_rx) {
	.kind = ANON, .rights = QUERY | READ | EXECUTE };
FIXTURE_VARIANT_ADD(rights, anon_rwx) {
	.kind = ANON, .rights = QUERY | READ | WRITE | EXECUTE };
FIXTURE_VARIANT_ADD(rights, file_w) {
	.kind = TMPFS, .rights = QUERY | WRITE };
FIXTURE_VARIANT_ADD(rights, file_x) {
	.kind = TMPFS, .rights = QUERY | EXECUTE };
FIXTURE_VARIANT_ADD(rights, file_r) {
	.kind = TMPFS, .rights = QUERY | READ };
FIXTURE_VARIANT_ADD(rights, file_rw) {
	.kind = TMPFS, .rights = QUERY | READ | WRITE };
FIXTURE_VARIANT_ADD(rights, file_rx) {
	.kind = TMPFS, .rights = QUERY | READ | EXECUTE };
FIXTURE_VARIANT_ADD(rights, file_rwx) {
	.kind = TMPFS, .rights = QUERY | READ | WRITE | EXECUTE };
/* clang-format on */

FIXTURE_SETUP(rights)
{
	const char *problem;

	self->page = SEC_PAGE;
	problem = backed_setup(&self->b, variant->kind, SEC_PROT_RWX);
	ASSERT_EQ(NULL, problem)
		TH_LOG("%s: errno %d", problem, errno);
	self->handle = sec_duplicate(self->b.handle, variant->rights, 0);
	ASSERT_LE(0, self->handle);
}

FIXTURE_TEARDOWN(rights)
{
}

/* 0, or minus what map or mmap(2) must say. */
static int map_error(__u32 rights, int prot, bool private, bool by_mmap)
{
	if (!(rights & READ))
		return -EACCES;
	if ((prot & PROT_WRITE) && !private && !(rights & WRITE))
		return -EACCES;
	if ((prot & PROT_EXEC) && !(rights & EXECUTE))
		return by_mmap ? -EPERM : -EACCES;
	return 0;
}

/* The most that a view can become. */
static int map_most(__u32 rights, bool private)
{
	return PROT_READ | (private || rights & WRITE ? PROT_WRITE : 0) |
	       (rights & EXECUTE ? PROT_EXEC : 0);
}

/* Without the right to read there is no view, and nothing more to test. */
TEST_F(rights, map)
{
	int prot, private, by_mmap;

	for (prot = 0; prot < 8; prot++) {
		for (private = 0; private < 2; private++) {
			for (by_mmap = 0; by_mmap < 2; by_mmap++) {
				struct section_query_view v;
				unsigned char *view;
				int error;

				errno = 0;
				if (by_mmap)
					view = sec_mmap(self->handle, prot,
							private ? MAP_PRIVATE :
							MAP_SHARED, 0,
							self->page);
				else
					view = sec_map(self->handle, prot,
						       private ?
						       SECTION_MAP_PRIVATE : 0,
						       0, self->page);
				error = view == MAP_FAILED ? -errno : 0;
				EXPECT_EQ(map_error(variant->rights, prot,
						    private, by_mmap), error)
					TH_LOG("prot %d private %d mmap %d",
					       prot, private, by_mmap);
				if (error)
					continue;
				ASSERT_EQ(0, sec_query_view(self->b.dev, view,
							    &v));
				EXPECT_EQ(prot, (int)v.prot);
				EXPECT_EQ(map_most(variant->rights, private),
					  (int)v.max_prot);
				EXPECT_EQ(private ? SECTION_MAP_PRIVATE : 0U,
					  v.flags);
				ASSERT_EQ(0, munmap(view, self->page));
			}
		}
	}
	EXPECT_EQ(1, views(self->handle));
}

TEST_F(rights, protect)
{
	int prot, private;

	if (!(variant->rights & READ))
		return;
	for (private = 0; private < 2; private++) {
		int most = map_most(variant->rights, private);
		unsigned char *view =
			sec_map(self->handle, PROT_READ,
				private ? SECTION_MAP_PRIVATE : 0, 0, 0);

		ASSERT_NE(MAP_FAILED, view);
		/* A view keeps its limits when the handle is closed. */
		if (private)
			ASSERT_EQ(0, close(self->handle));
		for (prot = 0; prot < 8; prot++) {
			int ret = mprotect(AT(view, 1), 2 * self->page, prot);

			EXPECT_EQ(prot & ~most ? -1 : 0, ret)
				TH_LOG("prot %d private %d", prot, private);
			if (ret)
				EXPECT_EQ(EACCES, errno);
			EXPECT_EQ(first(0), peek(view));
			EXPECT_EQ(-SIGSEGV, poke(view, 1));
			ASSERT_EQ(0, mprotect(view, PAGES * self->page,
					      PROT_READ));
			EXPECT_EQ(-SIGSEGV, poke(AT(view, 1), 1));
			EXPECT_EQ(first(1), peek(AT(view, 1)));
		}
		EXPECT_EQ(first(1), peek(AT(self->b.mirror, 1)));
	}
}

/* Writing through the debugger's door does not write to the section either. */
TEST_F(rights, forced_write)
{
	unsigned char *view;
	int mem;

	if (!(variant->rights & READ))
		return;
	view = sec_map(self->handle, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, mem);
	EXPECT_EQ(-1, pwrite(mem, "f", 1, (off_t)(uintptr_t)view));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(first(0), peek(view));
	EXPECT_EQ(first(0), peek(self->b.mirror));

	/* A private view is copied. */
	view = sec_map(self->handle, PROT_READ, SECTION_MAP_PRIVATE, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(1, pwrite(mem, "f", 1, (off_t)(uintptr_t)view));
	EXPECT_EQ('f', peek(view));
	EXPECT_EQ(first(0), peek(self->b.mirror));
}

/* An old program, to which all that is readable is executable. */
TEST_F(rights, read_implies_exec)
{
	struct section_query_view v;
	int execute = variant->rights & EXECUTE ? PROT_EXEC : 0;
	unsigned char *view;

	if (!(variant->rights & READ))
		return;
	ASSERT_NE(-1, personality(READ_IMPLIES_EXEC));
	view = sec_mmap(self->handle, PROT_READ, MAP_SHARED, 0, self->page);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(0, sec_query_view(self->b.dev, view, &v));
	EXPECT_EQ(PROT_READ | execute, (int)v.prot);
	view = sec_map(self->handle, PROT_READ, 0, 0, self->page);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(0, sec_query_view(self->b.dev, view, &v));
	EXPECT_EQ(PROT_READ | execute, (int)v.prot);
}

/* Many processes with one section. */

FIXTURE(sharing) {
	struct backed b;
	size_t page;
};

FIXTURE_VARIANT(sharing) {
	enum backing kind;
	bool private;
	unsigned int processes;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(sharing, anon_shared_1) {
	.kind = ANON, .processes = 1 };
FIXTURE_VARIANT_ADD(sharing, anon_shared_2) {
	.kind = ANON, .processes = 2 };
FIXTURE_VARIANT_ADD(sharing, anon_shared_8) {
	.kind = ANON, .processes = 8 };
FIXTURE_VARIANT_ADD(sharing, anon_private_1) {
	.kind = ANON, .private = true, .processes = 1 };
FIXTURE_VARIANT_ADD(sharing, anon_private_2) {
	.kind = ANON, .private = true, .processes = 2 };
FIXTURE_VARIANT_ADD(sharing, anon_private_8) {
	.kind = ANON, .private = true, .processes = 8 };
FIXTURE_VARIANT_ADD(sharing, tmpfs_shared_1) {
	.kind = TMPFS, .processes = 1 };
FIXTURE_VARIANT_ADD(sharing, tmpfs_shared_2) {
	.kind = TMPFS, .processes = 2 };
FIXTURE_VARIANT_ADD(sharing, tmpfs_shared_8) {
	.kind = TMPFS, .processes = 8 };
FIXTURE_VARIANT_ADD(sharing, tmpfs_private_1) {
	.kind = TMPFS, .private = true, .processes = 1 };
FIXTURE_VARIANT_ADD(sharing, tmpfs_private_2) {
	.kind = TMPFS, .private = true, .processes = 2 };
FIXTURE_VARIANT_ADD(sharing, tmpfs_private_8) {
	.kind = TMPFS, .private = true, .processes = 8 };
FIXTURE_VARIANT_ADD(sharing, ext4_shared_1) {
	.kind = EXT4, .processes = 1 };
FIXTURE_VARIANT_ADD(sharing, ext4_shared_2) {
	.kind = EXT4, .processes = 2 };
FIXTURE_VARIANT_ADD(sharing, ext4_shared_8) {
	.kind = EXT4, .processes = 8 };
FIXTURE_VARIANT_ADD(sharing, ext4_private_1) {
	.kind = EXT4, .private = true, .processes = 1 };
FIXTURE_VARIANT_ADD(sharing, ext4_private_2) {
	.kind = EXT4, .private = true, .processes = 2 };
FIXTURE_VARIANT_ADD(sharing, ext4_private_8) {
	.kind = EXT4, .private = true, .processes = 8 };
/* clang-format on */

FIXTURE_SETUP(sharing)
{
	const char *problem;

	self->page = SEC_PAGE;
	if (variant->kind == EXT4 && !have_ext4())
		SKIP(return, "no ext4 at " EXT4_DIR);
	problem = backed_setup(&self->b, variant->kind, SEC_PROT_RW);
	ASSERT_EQ(NULL, problem)
		TH_LOG("%s: errno %d", problem, errno);
}

FIXTURE_TEARDOWN(sharing)
{
}

/* Each process owns a byte of every page. */
TEST_F(sharing, everybody_writes_everywhere)
{
	pthread_barrier_t *barrier = shared_barrier(variant->processes);
	pid_t children[8];
	unsigned int me, other;
	size_t i;

	ASSERT_NE(NULL, barrier);
	for (me = 0; me < variant->processes; me++) {
		unsigned char *view;

		children[me] = fork();
		if (children[me])
			continue;
		munmap(self->b.mirror, PAGES * self->page);
		view = sec_map(self->b.handle, RW, variant->private ?
			       SECTION_MAP_PRIVATE : 0, 0, 0);
		CHILD_EXPECT(view != MAP_FAILED);
		pthread_barrier_wait(barrier);
		for (i = 0; i < PAGES; i++)
			CHILD_EXPECT(!poke(AT(view, i) + me, '0' + me));
		pthread_barrier_wait(barrier);
		for (i = 0; i < PAGES; i++)
			for (other = 0; other < variant->processes; other++)
				CHILD_EXPECT(peek(AT(view, i) + other) ==
					     (variant->private && other != me ?
					      first(i) : (int)('0' + other)));
		/* No view goes before all have been read. */
		pthread_barrier_wait(barrier);
		_exit(0);
	}
	for (me = 0; me < variant->processes; me++)
		EXPECT_EQ(0, sec_wait(children[me]));
	EXPECT_EQ(1, views(self->b.handle));
	for (i = 0; i < PAGES; i++)
		for (me = 0; me < variant->processes; me++)
			EXPECT_EQ(variant->private ? first(i) : '0' + (int)me,
				  peek(AT(self->b.mirror, i) + me));
}

/* Unrelated processes: the handle comes over a socket, nothing is inherited. */
TEST_F(sharing, handles_that_were_passed)
{
	unsigned int i;

	for (i = 0; i < variant->processes; i++) {
		unsigned char *view;
		int ends[2];
		pid_t child;

		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
					ends));
		child = fork();
		if (!child) {
			int handle;

			close(self->b.handle);
			munmap(self->b.mirror, PAGES * self->page);
			handle = sec_receive_fd(ends[1]);
			CHILD_EXPECT(handle >= 0);
			view = sec_map(handle, RW, variant->private ?
				       SECTION_MAP_PRIVATE : 0, 0, 0);
			CHILD_EXPECT(view != MAP_FAILED);
			CHILD_EXPECT(peek(AT(view, i)) == first(i));
			CHILD_EXPECT(!poke(AT(view, i), '0' + i));
			CHILD_EXPECT(i == 0 || peek(AT(view, i - 1)) ==
				     (variant->private ? first(i - 1) :
				      (int)('0' + i - 1)));
			_exit(0);
		}
		EXPECT_EQ(0, sec_send_fd(ends[0], self->b.handle));
		EXPECT_EQ(0, sec_wait(child));
		EXPECT_EQ(variant->private ? first(i) : '0' + (int)i,
			  peek(AT(self->b.mirror, i)));
		close(ends[0]);
		close(ends[1]);
	}
	EXPECT_EQ(1, views(self->b.handle));
}

TEST_HARNESS_MAIN
