// SPDX-License-Identifier: GPL-2.0-only
/*
 * Based sections: one address in all processes.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"

#define RW	(PROT_READ | PROT_WRITE)
#define GRAIN	0x10000ULL
#define PAGES	8

static int create_based(int dev, const char *name, __u64 bytes, __u64 base)
{
	struct section_create args = sec_create_args(name, bytes);

	args.flags = SECTION_CREATE_BASED;
	args.base = base;
	return sec_create(dev, &args);
}

static __u64 base_of(int handle)
{
	struct section_query q;

	return sec_query(handle, &q) ? 0 : q.base;
}

static unsigned char *pointer(__u64 address)
{
	return (unsigned char *)(uintptr_t)address;
}

/*
 * The other process: a program that was started by itself.  What it finds is its
 * exit status.
 */

struct list {
	struct list *next;
	int value;
};

static int reader(const char *name)
{
	int dev = sec_dev();
	int handle = sec_open(dev, name, SEC_RIGHTS_RW);
	const struct list *list;
	int sum = 0;

	if (handle < 0)
		return 100;
	list = sec_map(handle, RW, 0, 0, 0);
	if (list == MAP_FAILED)
		return 101;
	if (sec_ptr(list) != base_of(handle))
		return 102;
	for (; list; list = list->next)
		sum += list->value;
	return sum;
}

__attribute__((constructor)) static void be_the_reader(void)
{
	const char *name = getenv("SECTION_BASED_READER");

	if (name)
		_exit(reader(name));
}

static int exec_reader(void *arg)
{
	if (setenv("SECTION_BASED_READER", arg, 1))
		return 103;
	execl("/proc/self/exe", "based_test", NULL);
	return 104;
}

FIXTURE(based) {
	int dev;
	int handle;
	size_t page;
	struct sec_name name;
	__u64 base;
};

FIXTURE_VARIANT(based) {
	bool given;
	bool file;
};

FIXTURE_VARIANT_ADD(based, chosen) { .given = false };
FIXTURE_VARIANT_ADD(based, given) { .given = true };
FIXTURE_VARIANT_ADD(based, chosen_file) { .file = true };

/* Somewhere between programs and libraries, for 32 and for 64 bits. */
#define GIVEN	(sizeof(void *) == 8 ? 0x500000003000ULL : 0x50003000ULL)

FIXTURE_SETUP(based)
{
	struct section_create args;

	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->name = sec_unique();
	args = sec_create_args(self->name.s, PAGES * self->page);
	args.flags = SECTION_CREATE_BASED;
	args.base = variant->given ? GIVEN : 0;
	if (variant->file)
		args.file_fd = unnamed_file("/tmp");
	self->handle = sec_create(self->dev, &args);
	ASSERT_LE(0, self->handle);
	self->base = base_of(self->handle);
	ASSERT_NE(0U, self->base);
}

FIXTURE_TEARDOWN(based)
{
}

TEST_F(based, described)
{
	struct section_query_view v;
	struct section_query q;
	unsigned char *view;

	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_TRUE(q.attributes & SECTION_ATTR_BASED);
	EXPECT_EQ(variant->given ? GIVEN : q.base & -GRAIN, q.base);
	/* Where this process can have it. */
	EXPECT_EQ(q.base, (uintptr_t)q.base);
	view = sec_map(self->handle, RW, 0, 0, 0);
	ASSERT_EQ(pointer(q.base), view);
	ASSERT_EQ(0, sec_query_view(self->dev, view, &v));
	EXPECT_TRUE(v.attributes & SECTION_ATTR_BASED);
	EXPECT_EQ(q.base, v.address);
}

/* Pointers that one process stores are valid in another. */
TEST_F(based, pointers)
{
	struct list *list = sec_map(self->handle, RW, 0, 0, 0);
	int i;

	ASSERT_NE(MAP_FAILED, list);
	for (i = 0; i < PAGES; i++) {
		struct list *at = (void *)((char *)list + i * self->page);

		at->value = i + 1;
		at->next = i < PAGES - 1 ?
			   (void *)((char *)at + self->page) : NULL;
	}
	EXPECT_EQ(PAGES * (PAGES + 1) / 2,
		  sec_in_child(exec_reader, self->name.s));
	EXPECT_EQ(PAGES * (PAGES + 1) / 2,
		  sec_in_child(exec_reader, self->name.s));
}

/* A part of the section is where it is in the whole. */
TEST_F(based, parts)
{
	unsigned char *view;
	size_t n;

	for (n = 0; n < PAGES; n++) {
		view = sec_map(self->handle, RW, 0, n * self->page,
			       self->page);
		ASSERT_EQ(pointer(self->base + n * self->page), view);
		EXPECT_EQ(0, poke(view, 'a' + n));
	}
	ASSERT_EQ(0, munmap(pointer(self->base), PAGES * self->page));
	view = sec_map(self->handle, PROT_READ, SECTION_MAP_PRIVATE,
		       3 * self->page, 0);
	ASSERT_EQ(pointer(self->base + 3 * self->page), view);
	EXPECT_EQ('d', peek(view));
	view = sec_mmap(self->handle, RW, MAP_SHARED, self->page,
			2 * self->page);
	ASSERT_EQ(pointer(self->base + self->page), view);
	EXPECT_EQ('b', peek(view));
	EXPECT_EQ(MAP_FAILED, sec_map(self->handle, RW, 0, 0, 0));
	EXPECT_EQ(EEXIST, errno);
}

/* Where something is, nothing is mapped, and nothing is replaced. */
TEST_F(based, taken)
{
	const size_t at[] = { 0, PAGES / 2, PAGES - 1 };
	unsigned char *other;
	struct section_query q;
	size_t i;

	for (i = 0; i < 3; i++) {
		other = mmap(pointer(self->base + at[i] * self->page),
			     self->page, RW, MAP_PRIVATE | MAP_ANONYMOUS |
			     MAP_FIXED_NOREPLACE, -1, 0);
		ASSERT_EQ(pointer(self->base + at[i] * self->page), other);
		*other = 'o';
		EXPECT_EQ(MAP_FAILED, sec_map(self->handle, RW, 0, 0, 0));
		EXPECT_EQ(EEXIST, errno);
		EXPECT_EQ(MAP_FAILED, sec_map(self->handle, RW,
					      SECTION_MAP_FIXED, 0, 0));
		EXPECT_EQ(EEXIST, errno);
		EXPECT_EQ(MAP_FAILED, sec_mmap(self->handle, RW, MAP_SHARED, 0,
					       PAGES * self->page));
		EXPECT_EQ(EEXIST, errno);
		EXPECT_EQ('o', *other);
		ASSERT_EQ(0, sec_query(self->handle, &q));
		EXPECT_EQ(0U, q.views);
		ASSERT_EQ(0, munmap(other, self->page));
	}
	/* Neighbours do not matter. */
	other = mmap(pointer(self->base + PAGES * self->page), self->page, RW,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	ASSERT_NE(MAP_FAILED, other);
	EXPECT_EQ(pointer(self->base), sec_map(self->handle, RW, 0, 0, 0));
	/* A second view has no place; a copy is no other. */
	EXPECT_EQ(MAP_FAILED, sec_map(self->handle, RW, 0, 0, 0));
	EXPECT_EQ(EEXIST, errno);
	EXPECT_EQ(MAP_FAILED, sec_mmap(self->handle, RW, MAP_PRIVATE, 0,
				       self->page));
	EXPECT_EQ(EEXIST, errno);
}

TEST_F(based, elsewhere)
{
	unsigned char *free = free_range(PAGES);
	struct section_map args = sec_map_args(RW, 0, 0);
	unsigned char *view;

	ASSERT_NE(NULL, free);
	args.address = sec_ptr(free);
	EXPECT_EQ(-EINVAL, sec_ioctl(self->handle, SECTION_IOC_MAP, &args));
	args.flags = SECTION_MAP_FIXED;
	EXPECT_EQ(-EINVAL, sec_ioctl(self->handle, SECTION_IOC_MAP, &args));
	args.address = self->base;
	args.offset = self->page;
	EXPECT_EQ(-EINVAL, sec_ioctl(self->handle, SECTION_IOC_MAP, &args));
	EXPECT_EQ(MAP_FAILED, mmap(free, self->page, RW,
				   MAP_SHARED | MAP_FIXED, self->handle, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(pointer(self->base), self->page, RW,
				   MAP_SHARED | MAP_FIXED, self->handle,
				   self->page));
	EXPECT_EQ(EINVAL, errno);
	/* A hint is only that; the right address is the right address. */
	view = mmap(free, self->page, RW, MAP_SHARED, self->handle, 0);
	ASSERT_EQ(pointer(self->base), view);
	EXPECT_EQ(0, poke(view, 'e'));
	ASSERT_EQ(0, munmap(view, self->page));
	args = sec_map_args(RW, self->page, self->page);
	args.address = self->base + self->page;
	args.flags = SECTION_MAP_FIXED;
	EXPECT_EQ(0, sec_ioctl(self->handle, SECTION_IOC_MAP, &args));
	EXPECT_EQ(self->base + self->page, args.address);
	/* mmap(2) with MAP_FIXED replaces, as it is told to. */
	view = mmap(pointer(self->base), 2 * self->page, RW,
		    MAP_SHARED | MAP_FIXED, self->handle, 0);
	ASSERT_EQ(pointer(self->base), view);
	EXPECT_EQ('e', peek(view));
	/* Beyond the section. */
	EXPECT_EQ(MAP_FAILED, sec_mmap(self->handle, RW, MAP_SHARED,
				       PAGES * self->page, self->page));
	EXPECT_EQ(ENXIO, errno);
}

TEST_F(based, duplicates)
{
	int duplicate = sec_duplicate(self->handle, SEC_RIGHTS_R,
				      SECTION_DUPLICATE_ANCHOR);
	struct section_map args = sec_map_args(PROT_READ, 0, 0);

	ASSERT_LE(0, duplicate);
	EXPECT_EQ(self->base, base_of(duplicate));
	close(self->handle);
	args.flags = SECTION_MAP_NO_INHERIT;
	ASSERT_EQ(0, sec_ioctl(duplicate, SECTION_IOC_MAP, &args));
	EXPECT_EQ(self->base, args.address);
}

/* A child has the view where its parent has it. */
TEST_F(based, fork)
{
	unsigned char *view = sec_map(self->handle, RW, 0, 0, 0);
	pid_t pid;

	ASSERT_NE(MAP_FAILED, view);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		CHILD_EXPECT(!poke(view, 'c'));
		CHILD_EXPECT(!munmap(view, PAGES * self->page));
		CHILD_EXPECT(sec_map(self->handle, RW, 0, 0, 0) == view);
		_exit(0);
	}
	EXPECT_EQ(0, sec_wait(pid));
	EXPECT_EQ('c', peek(view));
}

/* NT's rows: 0x1000 bytes each, 0x10000 apart, descending. */
TEST(neighbours)
{
	enum { COUNT = 5 };
	int dev = sec_dev();
	int handles[COUNT];
	__u64 bases[COUNT];
	int i;

	for (i = 0; i < COUNT; i++) {
		handles[i] = create_based(dev, NULL, 0x1000, 0);
		ASSERT_LE(0, handles[i]);
		bases[i] = base_of(handles[i]);
		if (i)
			EXPECT_EQ(bases[i - 1] - GRAIN, bases[i]);
		/* All of them fit into one process. */
		EXPECT_EQ(pointer(bases[i]), sec_map(handles[i], RW, 0, 0, 0));
	}
	/* Whoever is larger takes more. */
	handles[0] = create_based(dev, NULL, 3 * GRAIN + 1, 0);
	ASSERT_LE(0, handles[0]);
	EXPECT_EQ(bases[COUNT - 1] - 4 * GRAIN, base_of(handles[0]));
	handles[1] = create_based(dev, NULL, GRAIN, 0);
	ASSERT_LE(0, handles[1]);
	EXPECT_EQ(bases[COUNT - 1] - 5 * GRAIN, base_of(handles[1]));
}

/* A base is free again when the section is gone, not when its handles are. */
TEST(reused)
{
	int dev = sec_dev();
	int first = create_based(dev, NULL, 1, 0);
	int second = create_based(dev, NULL, 1, 0);
	int third = create_based(dev, NULL, 1, 0);
	__u64 base = base_of(second);
	unsigned char *view;
	int handle;

	ASSERT_LE(0, first);
	ASSERT_LE(0, third);
	view = sec_map(second, RW, 0, 0, 0);
	ASSERT_EQ(pointer(base), view);
	close(second);
	handle = create_based(dev, NULL, 1, 0);
	ASSERT_LE(0, handle);
	EXPECT_GT(base, base_of(handle));
	close(handle);
	ASSERT_EQ(0, munmap(view, SEC_PAGE));
	/* The highest that is free. */
	handle = create_based(dev, NULL, 1, 0);
	EXPECT_EQ(base, base_of(handle));
	close(handle);
	/* A larger one does not fit into the gap. */
	handle = create_based(dev, NULL, GRAIN + 1, 0);
	ASSERT_LE(0, handle);
	EXPECT_EQ(base_of(third) - 2 * GRAIN, base_of(handle));
	close(handle);
	/* One that was given its base takes nothing out of what is chosen. */
	handle = create_based(dev, NULL, 1, base);
	ASSERT_LE(0, handle);
	second = create_based(dev, NULL, 1, 0);
	EXPECT_EQ(base, base_of(second));
	EXPECT_EQ(base, base_of(handle));
	close(handle);
	handle = create_based(dev, NULL, 1, 0);
	ASSERT_LE(0, handle);
	EXPECT_GT(base, base_of(handle));
}

TEST(values)
{
	const bool wide = sizeof(void *) == 8;
	struct section_create args = sec_create_args(NULL, SEC_PAGE);
	int dev = sec_dev();
	int handle;

	ASSERT_LE(0, dev);
	args.base = GIVEN;
	EXPECT_EQ(-EINVAL, sec_create(dev, &args));
	EXPECT_EQ(-EINVAL, create_based(dev, NULL, SEC_PAGE, GIVEN + 1));
	EXPECT_EQ(-EINVAL, create_based(dev, NULL, SEC_PAGE, 1));
	EXPECT_EQ(-EOVERFLOW, create_based(dev, NULL, SEC_PAGE,
					   0xffff800000000000ULL));
	EXPECT_EQ(-EOVERFLOW, create_based(dev, NULL, SEC_PAGE,
					   -(__u64)SEC_PAGE));
	EXPECT_EQ(-EOVERFLOW, create_based(dev, NULL, 2 * SEC_PAGE,
					   -(__u64)SEC_PAGE));
	/* It ends beyond the address space. */
	EXPECT_EQ(-EOVERFLOW, create_based(dev, NULL, 1ULL << 20,
					   (1ULL << 56) - 0x2000));
	/* There is no such place at all. */
	args.flags = SECTION_CREATE_BASED | SECTION_CREATE_RESERVE;
	args.base = 0;
	args.bytes = 1ULL << 62;
	EXPECT_EQ(-ENOMEM, sec_create(dev, &args));
	args.bytes = wide ? 0x300000000000ULL + 1 : 0x30000000ULL + 1;
	EXPECT_EQ(-ENOMEM, sec_create(dev, &args));
	/* But for this one there is. */
	args.bytes = wide ? 0x100000000000ULL : 0x10000000ULL;
	handle = sec_create(dev, &args);
	EXPECT_LE(0, handle);
	close(handle);

	/* A program of 32 bits cannot use what only one of 64 can. */
	handle = create_based(dev, NULL, SEC_PAGE, 0x500000000000ULL);
	ASSERT_LE(0, handle);
	if (wide) {
		EXPECT_NE(MAP_FAILED, sec_map(handle, RW, 0, 0, 0));
	} else {
		EXPECT_EQ(MAP_FAILED, sec_map(handle, RW, 0, 0, 0));
		EXPECT_EQ(ENOMEM, errno);
		EXPECT_EQ(MAP_FAILED, sec_mmap(handle, RW, MAP_SHARED, 0,
					       SEC_PAGE));
		EXPECT_EQ(ENOMEM, errno);
	}
}

/* Opening does not ask for a base, nor change it. */
TEST(existing)
{
	struct sec_name name = sec_unique();
	struct section_create args = sec_create_args(name.s, SEC_PAGE);
	int dev = sec_dev();
	int handle = create_based(dev, name.s, SEC_PAGE, 0);
	int again;

	ASSERT_LE(0, handle);
	args.flags = SECTION_CREATE_OPEN_EXISTING | SECTION_CREATE_BASED;
	args.base = GIVEN;
	again = sec_create(dev, &args);
	ASSERT_LE(0, again);
	EXPECT_EQ(1U, args.existed);
	EXPECT_EQ(base_of(handle), base_of(again));
}

/* Many of them, no two of which overlap: all fit into one process. */

FIXTURE(mass) {
	int dev;
};

FIXTURE_SETUP(mass)
{
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(mass)
{
}

TEST_F_TIMEOUT(mass, ten_thousand, 300)
{
	__u64 last = 0, base;
	int handle, i, jumps = 0, count = sec_rounds(10000);

	for (i = 0; i < count; i++) {
		handle = create_based(self->dev, NULL, 1, 0);
		ASSERT_LE(0, handle);
		base = base_of(handle);
		ASSERT_EQ(pointer(base), sec_map(handle, RW, 0, 0, 0));
		/* Downwards, save that it begins anew at the top once. */
		if (i && base != last - GRAIN)
			jumps++;
		last = base;
		/* The view keeps it, and its base. */
		close(handle);
	}
	EXPECT_GE(1, jumps);
}

TEST_HARNESS_MAIN
