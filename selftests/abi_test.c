// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calling convention of every ioctl: structure sizes, flags, reserved
 * members, pointers, numbers.  What the calls do is the other tests' matter.
 *
 * Also built as a 32-bit program: the layout is the same, and a 64-bit pointer
 * is never cut short.
 */
#include <assert.h>

#include "image_util.h"
#include "kselftest_harness.h"

/* Numbers and layout are for ever; the header may not drift. */
static_assert(SECTION_IOC_VERSION == 0xbe80, "number");
static_assert(SECTION_IOC_CREATE == 0xbe81, "number");
static_assert(SECTION_IOC_OPEN == 0xbe82, "number");
static_assert(SECTION_IOC_LIST == 0xbe83, "number");
static_assert(SECTION_IOC_QUERY_VIEW == 0xbe84, "number");
static_assert(SECTION_IOC_QUERY == 0xbe85, "number");
static_assert(SECTION_IOC_DUPLICATE == 0xbe86, "number");
static_assert(SECTION_IOC_MAP == 0xbe87, "number");
static_assert(SECTION_IOC_COMMIT == 0xbe88, "number");
static_assert(SECTION_IOC_EXTEND == 0xbe89, "number");
static_assert(SECTION_IOC_COMMIT_VIEW == 0xbe8a, "number");
static_assert(SECTION_IOC_QUERY_IMAGE == 0xbe8b, "number");

/* How long the structures were that have grown since. */
#define CREATE_FIRST		64
#define OPEN_FIRST		32
#define QUERY_FIRST		80
#define QUERY_VIEW_FIRST	64

static_assert(sizeof(struct section_create) == 72, "layout");
static_assert(offsetof(struct section_create, base) == CREATE_FIRST, "layout");
static_assert(offsetof(struct section_create, name) == 8, "layout");
static_assert(offsetof(struct section_create, bytes) == 24, "layout");
static_assert(offsetof(struct section_create, owner) == 52, "layout");
static_assert(offsetof(struct section_create, existed) == 56, "layout");
static_assert(sizeof(struct section_open) == 40, "layout");
static_assert(offsetof(struct section_open, owner) == 28, "layout");
static_assert(sizeof(struct section_query) == 96, "layout");
static_assert(offsetof(struct section_open, bytes) == OPEN_FIRST, "layout");
static_assert(offsetof(struct section_query, base) == QUERY_FIRST, "layout");
static_assert(offsetof(struct section_query, bytes) == 24, "layout");
static_assert(offsetof(struct section_query, id) == 40, "layout");
static_assert(offsetof(struct section_query, views) == 76, "layout");
static_assert(sizeof(struct section_duplicate) == 16, "layout");
static_assert(sizeof(struct section_map) == 40, "layout");
static_assert(offsetof(struct section_map, address) == 16, "layout");
static_assert(sizeof(struct section_query_view) == 80, "layout");
static_assert(offsetof(struct section_query_view, run) == QUERY_VIEW_FIRST,
	      "layout");
static_assert(sizeof(struct section_commit) == 24, "layout");
static_assert(sizeof(struct section_commit_view) == 24, "layout");
static_assert(offsetof(struct section_commit_view, address) == 8, "layout");
static_assert(sizeof(struct section_extend) == 16, "layout");
static_assert(offsetof(struct section_extend, bytes) == 8, "layout");
static_assert(offsetof(struct section_query_view, address) == 8, "layout");
static_assert(offsetof(struct section_query_view, prot) == 48, "layout");
static_assert(sizeof(struct section_query_image) == 104, "layout");
static_assert(offsetof(struct section_query_image, base) == 24, "layout");
static_assert(offsetof(struct section_query_image, machine) == 72, "layout");
static_assert(offsetof(struct section_query_image, cor_flags) == 100, "layout");
static_assert(sizeof(struct section_image_segment) == 16, "layout");
static_assert(sizeof(struct section_list) == 48, "layout");
static_assert(offsetof(struct section_list, buffer) == 16, "layout");
static_assert(sizeof(struct section_list_entry) == 56, "layout");
static_assert(offsetof(struct section_list_entry, name) == 56, "layout");

static_assert(SECTION_PROT_READ == PROT_READ, "numbers of PROT_*");
static_assert(SECTION_PROT_WRITE == PROT_WRITE, "numbers of PROT_*");
static_assert(SECTION_PROT_EXECUTE == PROT_EXEC, "numbers of PROT_*");

FIXTURE(abi)
{
	int dev;
	int handle;
	/* Of a section of a file. */
	int file_handle;
	/* Of one of an image. */
	int image_handle;
	void *view;
	struct sec_name existing;
	struct sec_name fresh;
	/* Two pages; what follows them is not accessible. */
	char *area;
	char *end;
};

/* What a call that failed must not have changed. */
struct state {
	int fds;
	int fresh;
	__u32 handles;
	__u32 views;
};

static struct state take_state(const FIXTURE_DATA(abi) *self)
{
	struct state state;
	struct section_query q;
	int fd;

	state.fds = sec_count_fds();
	fd = sec_open(self->dev, self->fresh.s, SECTION_RIGHT_QUERY);
	state.fresh = fd < 0 ? fd : 1;
	if (fd >= 0)
		close(fd);
	if (sec_query(self->handle, &q))
		memset(&q, 0, sizeof(q));
	state.handles = q.handles;
	state.views = q.views;
	return state;
}

/* Arguments with which each call succeeds. */

static void init_create(const FIXTURE_DATA(abi) *self, void *arg)
{
	struct section_create *create = arg;

	*create = sec_create_args(self->fresh.s, SEC_PAGE);
}

/* The one way in which creation writes something. */
static void init_open_or_create(const FIXTURE_DATA(abi) *self, void *arg)
{
	struct section_create *create = arg;

	*create = sec_create_args(self->fresh.s, SEC_PAGE);
	create->flags = SECTION_CREATE_OPEN_EXISTING;
}

static void init_open(const FIXTURE_DATA(abi) *self, void *arg)
{
	struct section_open *args = arg;

	*args = sec_open_args(self->existing.s, SECTION_RIGHTS_MAXIMUM);
}

static void init_list(const FIXTURE_DATA(abi) *self, void *arg)
{
	struct section_list *list = arg;

	(void)self;
	memset(list, SEC_POISON, sizeof(*list));
	list->size = sizeof(*list);
	list->flags = 0;
	list->scope_fd = -1;
	list->reserved = 0;
	list->buffer = 0;
	list->buffer_len = 0;
}

static void init_query_view(const FIXTURE_DATA(abi) *self, void *arg)
{
	struct section_query_view *view = arg;

	memset(view, SEC_POISON, sizeof(*view));
	view->size = sizeof(*view);
	view->flags = 0;
	view->address = sec_ptr(self->view);
	view->reserved = 0;
}

static void init_query(const FIXTURE_DATA(abi) *self, void *arg)
{
	struct section_query *q = arg;

	(void)self;
	memset(q, SEC_POISON, sizeof(*q));
	q->size = sizeof(*q);
	q->flags = 0;
	q->name = 0;
	q->name_len = 0;
}

static void init_duplicate(const FIXTURE_DATA(abi) *self, void *arg)
{
	struct section_duplicate *args = arg;

	(void)self;
	memset(args, 0, sizeof(*args));
	args->size = sizeof(*args);
	args->rights = SECTION_RIGHTS_MAXIMUM;
}

static void init_map(const FIXTURE_DATA(abi) *self, void *arg)
{
	struct section_map *map = arg;

	(void)self;
	*map = sec_map_args(PROT_READ, 0, 0);
}

static void init_commit(const FIXTURE_DATA(abi) *self, void *arg)
{
	struct section_commit *commit = arg;

	(void)self;
	memset(commit, 0, sizeof(*commit));
	commit->size = sizeof(*commit);
}

static void init_commit_view(const FIXTURE_DATA(abi) *self, void *arg)
{
	struct section_commit_view *commit = arg;

	commit->size = sizeof(*commit);
	commit->flags = 0;
	commit->address = sec_ptr(self->view);
	commit->length = SEC_PAGE;
}

static void init_extend(const FIXTURE_DATA(abi) *self, void *arg)
{
	struct section_extend *extend = arg;

	(void)self;
	extend->size = sizeof(*extend);
	extend->flags = 0;
	extend->bytes = 1;
}

static void init_query_image(const FIXTURE_DATA(abi) *self, void *arg)
{
	struct section_query_image *q = arg;

	(void)self;
	memset(q, SEC_POISON, sizeof(*q));
	q->size = sizeof(*q);
	q->flags = 0;
	q->segments = 0;
	q->segment_count = 0;
}

#define NO_MEMBER	((size_t)-1)

FIXTURE_VARIANT(abi)
{
	unsigned long cmd;
	size_t size;
	/* The size of its first version, if it has grown since. */
	size_t first;
	bool on_handle;
	bool on_file;
	bool on_image;
	/* The result is a descriptor. */
	bool makes_fd;
	/* The structure is written to. */
	bool writes;
	size_t flags;
	__u32 known_flags;
	size_t reserved;
	void (*init)(const FIXTURE_DATA(abi) *self, void *arg);
};

FIXTURE_VARIANT_ADD(abi, create)
{
	.cmd = SECTION_IOC_CREATE,
	.size = sizeof(struct section_create),
	.first = CREATE_FIRST,
	.makes_fd = true,
	.flags = offsetof(struct section_create, flags),
	.known_flags = SECTION_CREATE_OPEN_EXISTING | SECTION_CREATE_GLOBAL |
		       SECTION_CREATE_INHERIT | SECTION_CREATE_RESERVE |
		       SECTION_CREATE_BASED | SECTION_CREATE_LARGE |
		       SECTION_CREATE_LARGE_ONLY | SECTION_CREATE_POPULATE,
	.reserved = offsetof(struct section_create, reserved),
	.init = init_create,
};

FIXTURE_VARIANT_ADD(abi, open_or_create)
{
	.cmd = SECTION_IOC_CREATE,
	.size = sizeof(struct section_create),
	.first = CREATE_FIRST,
	.makes_fd = true,
	.writes = true,
	.flags = offsetof(struct section_create, flags),
	.known_flags = SECTION_CREATE_OPEN_EXISTING | SECTION_CREATE_GLOBAL |
		       SECTION_CREATE_INHERIT | SECTION_CREATE_RESERVE |
		       SECTION_CREATE_BASED | SECTION_CREATE_LARGE |
		       SECTION_CREATE_LARGE_ONLY | SECTION_CREATE_POPULATE,
	.reserved = offsetof(struct section_create, reserved),
	.init = init_open_or_create,
};

FIXTURE_VARIANT_ADD(abi, open)
{
	.cmd = SECTION_IOC_OPEN,
	.size = sizeof(struct section_open),
	.first = OPEN_FIRST,
	.makes_fd = true,
	.writes = true,
	.flags = offsetof(struct section_open, flags),
	.known_flags = SECTION_OPEN_GLOBAL | SECTION_OPEN_INHERIT,
	.reserved = NO_MEMBER,
	.init = init_open,
};

FIXTURE_VARIANT_ADD(abi, list)
{
	.cmd = SECTION_IOC_LIST,
	.size = sizeof(struct section_list),
	.writes = true,
	.flags = offsetof(struct section_list, flags),
	.known_flags = SECTION_LIST_GLOBAL,
	.reserved = offsetof(struct section_list, reserved),
	.init = init_list,
};

FIXTURE_VARIANT_ADD(abi, query_view)
{
	.cmd = SECTION_IOC_QUERY_VIEW,
	.size = sizeof(struct section_query_view),
	.first = QUERY_VIEW_FIRST,
	.writes = true,
	.flags = NO_MEMBER,
	.reserved = offsetof(struct section_query_view, reserved),
	.init = init_query_view,
};

FIXTURE_VARIANT_ADD(abi, query)
{
	.cmd = SECTION_IOC_QUERY,
	.size = sizeof(struct section_query),
	.first = QUERY_FIRST,
	.on_handle = true,
	.writes = true,
	.flags = offsetof(struct section_query, flags),
	.reserved = NO_MEMBER,
	.init = init_query,
};

FIXTURE_VARIANT_ADD(abi, duplicate)
{
	.cmd = SECTION_IOC_DUPLICATE,
	.size = sizeof(struct section_duplicate),
	.on_handle = true,
	.makes_fd = true,
	.flags = offsetof(struct section_duplicate, flags),
	.known_flags = SECTION_DUPLICATE_ANCHOR | SECTION_DUPLICATE_INHERIT,
	.reserved = offsetof(struct section_duplicate, reserved),
	.init = init_duplicate,
};

FIXTURE_VARIANT_ADD(abi, map)
{
	.cmd = SECTION_IOC_MAP,
	.size = sizeof(struct section_map),
	.on_handle = true,
	.writes = true,
	.flags = offsetof(struct section_map, flags),
	.known_flags = SECTION_MAP_PRIVATE | SECTION_MAP_FIXED |
		       SECTION_MAP_NO_INHERIT | SECTION_MAP_BEYOND,
	.reserved = offsetof(struct section_map, reserved),
	.init = init_map,
};

FIXTURE_VARIANT_ADD(abi, commit)
{
	.cmd = SECTION_IOC_COMMIT,
	.size = sizeof(struct section_commit),
	.on_handle = true,
	.flags = offsetof(struct section_commit, flags),
	.known_flags = SECTION_COMMIT_DECOMMIT,
	.reserved = NO_MEMBER,
	.init = init_commit,
};

FIXTURE_VARIANT_ADD(abi, commit_view)
{
	.cmd = SECTION_IOC_COMMIT_VIEW,
	.size = sizeof(struct section_commit_view),
	.flags = offsetof(struct section_commit_view, flags),
	.known_flags = SECTION_COMMIT_DECOMMIT,
	.reserved = NO_MEMBER,
	.init = init_commit_view,
};

FIXTURE_VARIANT_ADD(abi, extend)
{
	.cmd = SECTION_IOC_EXTEND,
	.size = sizeof(struct section_extend),
	.on_handle = true,
	.on_file = true,
	.writes = true,
	.flags = offsetof(struct section_extend, flags),
	.reserved = NO_MEMBER,
	.init = init_extend,
};

FIXTURE_VARIANT_ADD(abi, query_image)
{
	.cmd = SECTION_IOC_QUERY_IMAGE,
	.size = sizeof(struct section_query_image),
	.on_handle = true,
	.on_image = true,
	.writes = true,
	.flags = offsetof(struct section_query_image, flags),
	.reserved = NO_MEMBER,
	.init = init_query_image,
};

FIXTURE_SETUP(abi)
{
	int file = memfd_create("section-test", MFD_CLOEXEC);
	struct pe_make make;

	ASSERT_LE(0, file);
	self->existing = sec_unique();
	self->fresh = sec_unique();
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->handle = sec_create_anon(self->dev, self->existing.s, SEC_PAGE);
	ASSERT_LE(0, self->handle);
	self->file_handle = sec_create_file(self->dev, NULL, file, SEC_PAGE,
					    SEC_PROT_RW);
	ASSERT_LE(0, self->file_handle);
	close(file);
	file = sample_file("/dev/shm", 1, &make);
	ASSERT_LE(0, file);
	self->image_handle = create_image(self->dev, NULL, file, 0,
					  SECTION_PROT_READ);
	ASSERT_LE(0, self->image_handle);
	close(file);
	self->view = sec_map(self->handle, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, self->view);
	self->area = mmap(NULL, 3 * SEC_PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->area);
	self->end = self->area + 2 * SEC_PAGE;
	ASSERT_EQ(0, mprotect(self->end, SEC_PAGE, PROT_NONE));
}

FIXTURE_TEARDOWN(abi)
{
	munmap(self->area, 3 * SEC_PAGE);
	munmap(self->view, SEC_PAGE);
	close(self->image_handle);
	close(self->file_handle);
	close(self->handle);
	close(self->dev);
}

/* The arguments end where accessible memory ends. */
static char *place(const FIXTURE_DATA(abi) *self,
		   const FIXTURE_VARIANT(abi) *variant, size_t size)
{
	char *arg = self->end - size;

	memset(self->area, 0, self->end - self->area);
	variant->init(self, arg);
	*(__u32 *)arg = size;
	return arg;
}

static int target(const FIXTURE_DATA(abi) *self,
		  const FIXTURE_VARIANT(abi) *variant)
{
	if (variant->on_file)
		return self->file_handle;
	if (variant->on_image)
		return self->image_handle;
	return variant->on_handle ? self->handle : self->dev;
}

static int call(const FIXTURE_DATA(abi) *self,
		const FIXTURE_VARIANT(abi) *variant, void *arg)
{
	return sec_ioctl(target(self, variant), variant->cmd, arg);
}

/* A call that must fail, and change nothing. */
static void refuse(struct __test_metadata *_metadata,
		   const FIXTURE_DATA(abi) *self,
		   const FIXTURE_VARIANT(abi) *variant, int expected, char *arg)
{
	struct state before = take_state(self);
	size_t len = self->end - self->area;
	char *copy = malloc(len);
	struct state after;

	ASSERT_NE(NULL, copy);
	memcpy(copy, self->area, len);
	EXPECT_EQ(expected, call(self, variant, arg));
	after = take_state(self);
	EXPECT_EQ(0, memcmp(copy, self->area, len)) {
		TH_LOG("a call that failed wrote to its arguments");
	}
	EXPECT_EQ(before.fds, after.fds);
	EXPECT_EQ(before.fresh, after.fresh);
	EXPECT_EQ(before.handles, after.handles);
	EXPECT_EQ(before.views, after.views);
	free(copy);
}

/* A call that must succeed; whatever it made is undone. */
static void accept_call(struct __test_metadata *_metadata,
			const FIXTURE_DATA(abi) *self,
			const FIXTURE_VARIANT(abi) *variant, char *arg)
{
	int ret = call(self, variant, arg);

	ASSERT_LE(0, ret);
	ASSERT_EQ(0, variant->makes_fd ? close(ret) : ret);
	if (variant->cmd == SECTION_IOC_MAP) {
		struct section_map *map = (struct section_map *)arg;

		ASSERT_EQ(0, munmap((void *)(uintptr_t)map->address,
				    map->length));
	}
}

TEST_F(abi, exact_size)
{
	struct state before = take_state(self);
	struct state after;

	accept_call(_metadata, self, variant,
		    place(self, variant, variant->size));
	after = take_state(self);
	/* Otherwise "nothing left behind" would mean nothing. */
	EXPECT_EQ(before.fds, after.fds);
	EXPECT_EQ(-ENOENT, after.fresh);
	EXPECT_EQ(before.handles, after.handles);
	EXPECT_EQ(before.views, after.views);
}

TEST_F(abi, too_short)
{
	const size_t first = variant->first ? variant->first : variant->size;
	const size_t sizes[] = { 0, 1, 3, 4, 7, 8, first - 8, first - 1 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *arg = place(self, variant, variant->size);

		*(__u32 *)arg = sizes[i];
		refuse(_metadata, self, variant, -EINVAL, arg);
	}
}

/* Programs of that time knew no more, and find no more written. */
TEST_F(abi, first_version)
{
	char before[sizeof(struct section_query)];
	char *arg;
	size_t size;

	for (size = variant->first; size && size < variant->size; size++) {
		arg = place(self, variant, variant->size);
		memset(arg + size, SEC_POISON, variant->size - size);
		memcpy(before, arg, variant->size);
		*(__u32 *)arg = size;
		accept_call(_metadata, self, variant, arg);
		EXPECT_EQ(0, memcmp(arg + size, before + size,
				    variant->size - size));
	}
}

TEST_F(abi, longer_with_zero_tail)
{
	const size_t sizes[] = { variant->size + 1, variant->size + 8,
				 variant->size + 100, SEC_PAGE - 1, SEC_PAGE };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *arg = place(self, variant, sizes[i]);

		accept_call(_metadata, self, variant, arg);
		/* What the kernel does not know it does not write. */
		EXPECT_TRUE(sec_all_bytes(arg + variant->size, 0,
					  sizes[i] - variant->size));
	}
}

TEST_F(abi, longer_with_other_tail)
{
	const size_t sizes[] = { variant->size + 1, variant->size + 8,
				 SEC_PAGE };
	char *arg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		arg = place(self, variant, sizes[i]);
		arg[sizes[i] - 1] = 1;
		refuse(_metadata, self, variant, -E2BIG, arg);

		arg = place(self, variant, sizes[i]);
		arg[variant->size] = 1;
		refuse(_metadata, self, variant, -E2BIG, arg);
	}

	/* What follows the size that was told does not matter. */
	arg = place(self, variant, variant->size + 8);
	*(__u32 *)arg = variant->size;
	arg[variant->size] = 1;
	accept_call(_metadata, self, variant, arg);
}

TEST_F(abi, too_long)
{
	char *arg = place(self, variant, SEC_PAGE + 1);

	refuse(_metadata, self, variant, -E2BIG, arg);
	*(__u32 *)arg = 0x7fffffff;
	refuse(_metadata, self, variant, -E2BIG, arg);
	*(__u32 *)arg = 0xffffffff;
	refuse(_metadata, self, variant, -E2BIG, arg);
}

TEST_F(abi, unknown_flags)
{
	unsigned int bit;

	if (variant->flags == NO_MEMBER)
		return;
	for (bit = 0; bit < 32; bit++) {
		char *arg = place(self, variant, variant->size);

		if (variant->known_flags & (1U << bit))
			continue;
		*(__u32 *)(arg + variant->flags) |= 1U << bit;
		refuse(_metadata, self, variant, -EINVAL, arg);
	}
}

TEST_F(abi, reserved)
{
	unsigned int bit;

	if (variant->reserved == NO_MEMBER)
		return;
	for (bit = 0; bit < 32; bit++) {
		char *arg = place(self, variant, variant->size);

		*(__u32 *)(arg + variant->reserved) = 1U << bit;
		refuse(_metadata, self, variant, -EINVAL, arg);
	}
}

TEST_F(abi, bad_pointers)
{
	char *arg = place(self, variant, variant->size);
	size_t missing;

	refuse(_metadata, self, variant, -EFAULT, NULL);
	refuse(_metadata, self, variant, -EFAULT, (char *)8);
	refuse(_metadata, self, variant, -EFAULT, self->end);
	refuse(_metadata, self, variant, -EFAULT, (char *)-4096L);
	refuse(_metadata, self, variant, -EFAULT, (char *)-1L);

	/* The end of the structure, down to its size, is not accessible. */
	for (missing = 1; missing < variant->size; missing++) {
		memmove(arg + 1, arg, variant->size - missing);
		arg++;
		refuse(_metadata, self, variant, -EFAULT, arg);
	}
}

TEST_F(abi, read_only_memory)
{
	char *arg = place(self, variant, variant->size);

	ASSERT_EQ(0, mprotect(self->area, 2 * SEC_PAGE, PROT_READ));
	if (variant->writes)
		refuse(_metadata, self, variant, -EFAULT, arg);
	else
		accept_call(_metadata, self, variant, arg);
	ASSERT_EQ(0, mprotect(self->area, 2 * SEC_PAGE,
			      PROT_READ | PROT_WRITE));
	/* The same arguments were all right. */
	accept_call(_metadata, self, variant, arg);
}

/* Those are copied in another way. */
TEST_F(abi, read_only_memory_not_aligned)
{
	char *arg = place(self, variant, variant->size);

	memmove(arg - 4, arg, variant->size);
	arg -= 4;
	ASSERT_EQ(0, mprotect(self->area, 2 * SEC_PAGE, PROT_READ));
	if (variant->writes)
		refuse(_metadata, self, variant, -EFAULT, arg);
	ASSERT_EQ(0, mprotect(self->area, 2 * SEC_PAGE,
			      PROT_READ | PROT_WRITE));
	accept_call(_metadata, self, variant, arg);
}

TEST_F(abi, wrong_descriptor)
{
	int wrong = variant->on_handle ? self->dev : self->handle;
	char *arg = place(self, variant, variant->size);
	struct state before = take_state(self);
	struct state after;

	EXPECT_EQ(-ENOTTY, sec_ioctl(wrong, variant->cmd, arg));
	EXPECT_EQ(-ENOTTY, sec_ioctl(wrong, variant->cmd, NULL));
	after = take_state(self);
	EXPECT_EQ(before.fds, after.fds);
	EXPECT_EQ(before.views, after.views);
}

/* A number is magic and command: direction and size are zero for ever. */
TEST_F(abi, other_encodings)
{
	int fd = target(self, variant);
	unsigned int nr = _IOC_NR(variant->cmd);
	char *arg = place(self, variant, variant->size);

	EXPECT_EQ(-ENOTTY, sec_ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE,
					      SECTION_IOC_MAGIC, nr,
					      variant->size), arg));
	EXPECT_EQ(-ENOTTY, sec_ioctl(fd, _IOC(_IOC_WRITE, SECTION_IOC_MAGIC, nr,
					      0), arg));
	EXPECT_EQ(-ENOTTY, sec_ioctl(fd, _IOC(_IOC_NONE, SECTION_IOC_MAGIC, nr,
					      variant->size), arg));
	EXPECT_EQ(-ENOTTY, sec_ioctl(fd, _IO(SECTION_IOC_MAGIC ^ 1, nr), arg));
}

FIXTURE(plain)
{
	int dev;
	int handle;
};

FIXTURE_SETUP(plain)
{
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->handle = sec_create_anon(self->dev, NULL, SEC_PAGE);
	ASSERT_LE(0, self->handle);
}

FIXTURE_TEARDOWN(plain)
{
	close(self->handle);
	close(self->dev);
}

TEST_F(plain, version)
{
	char byte = 0;

	EXPECT_EQ(SECTION_ABI_VERSION,
		  sec_ioctl(self->dev, SECTION_IOC_VERSION, NULL));
	EXPECT_EQ(-EINVAL, sec_ioctl(self->dev, SECTION_IOC_VERSION, &byte));
	EXPECT_EQ(-EINVAL, sec_ioctl(self->dev, SECTION_IOC_VERSION,
				     (void *)1L));
	EXPECT_EQ(-EINVAL, sec_ioctl(self->dev, SECTION_IOC_VERSION,
				     (void *)-1L));
	EXPECT_EQ(-ENOTTY, sec_ioctl(self->handle, SECTION_IOC_VERSION, NULL));
}

/* Members that are only written may hold anything. */
TEST_F(plain, query_view_flags)
{
	struct section_query_view v;
	char *view = sec_map(self->handle, PROT_READ, SECTION_MAP_PRIVATE, 0,
			     0);

	ASSERT_NE(MAP_FAILED, view);
	memset(&v, SEC_POISON, sizeof(v));
	v.size = sizeof(v);
	v.address = sec_ptr(view);
	v.reserved = 0;
	EXPECT_EQ(0, sec_ioctl(self->dev, SECTION_IOC_QUERY_VIEW, &v));
	EXPECT_EQ(SECTION_MAP_PRIVATE, v.flags);
	ASSERT_EQ(0, munmap(view, SEC_PAGE));
}

/* Every number of the magic that the header does not name. */
TEST_F(plain, unknown_numbers)
{
	struct section_create zero = { .size = sizeof(zero) };
	unsigned int nr;

	for (nr = 0; nr < 256; nr++) {
		bool device = (nr >= SECTION_CMD_VERSION &&
			       nr <= SECTION_CMD_QUERY_VIEW) ||
			      nr == SECTION_CMD_COMMIT_VIEW;
		bool handle = (nr >= SECTION_CMD_QUERY &&
			       nr <= SECTION_CMD_EXTEND) ||
			      nr == SECTION_CMD_QUERY_IMAGE;
		unsigned long cmd = _IO(SECTION_IOC_MAGIC, nr);

		if (!device) {
			EXPECT_EQ(-ENOTTY, sec_ioctl(self->dev, cmd, &zero)) {
				TH_LOG("number %u", nr);
			}
			EXPECT_EQ(-ENOTTY, sec_ioctl(self->dev, cmd, NULL));
		}
		if (!handle) {
			EXPECT_EQ(-ENOTTY, sec_ioctl(self->handle, cmd, &zero)) {
				TH_LOG("number %u", nr);
			}
			EXPECT_EQ(-ENOTTY, sec_ioctl(self->handle, cmd, NULL));
		}
	}
}

/* Pointers inside the structures. */
TEST_F(plain, name_pointers)
{
	struct sec_name name = sec_unique();
	struct section_create create = sec_create_args(name.s, SEC_PAGE);
	struct section_open args = sec_open_args(name.s, SEC_RIGHTS_R);
	int fds = sec_count_fds();
	struct section_query q;
	int handle;
	char *end;

	/* The upper half of a pointer counts, also for 32-bit callers. */
	create.name ^= 1ULL << 46;
	EXPECT_EQ(-EFAULT, sec_create(self->dev, &create));
	create.name = 8;
	EXPECT_EQ(-EFAULT, sec_create(self->dev, &create));
	create.name = -1ULL;
	EXPECT_EQ(-EFAULT, sec_create(self->dev, &create));
	EXPECT_EQ(fds, sec_count_fds());

	/* A name that ends where memory ends. */
	end = mmap(NULL, 2 * SEC_PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, end);
	end += SEC_PAGE;
	ASSERT_EQ(0, mprotect(end, SEC_PAGE, PROT_NONE));
	memcpy(end - strlen(name.s), name.s, strlen(name.s));
	create.name = sec_ptr(end - strlen(name.s) + 1);
	EXPECT_EQ(-EFAULT, sec_create(self->dev, &create));
	EXPECT_EQ(fds, sec_count_fds());
	create.name = sec_ptr(end - strlen(name.s));
	handle = sec_create(self->dev, &create);
	ASSERT_LE(0, handle);

	args.name = create.name + 1;
	EXPECT_EQ(-EFAULT, sec_ioctl(self->dev, SECTION_IOC_OPEN, &args));
	args.name ^= 1ULL << 46;
	EXPECT_EQ(-EFAULT, sec_ioctl(self->dev, SECTION_IOC_OPEN, &args));
	EXPECT_EQ(fds + 1, sec_count_fds());

	/* Where the name cannot be written, nothing is. */
	memset(&q, SEC_POISON, sizeof(q));
	q.size = sizeof(q);
	q.flags = 0;
	q.name_len = SECTION_NAME_MAX;
	q.name = sec_ptr(end - 1);
	EXPECT_EQ(-EFAULT, sec_ioctl(handle, SECTION_IOC_QUERY, &q));
	EXPECT_EQ(SECTION_NAME_MAX, q.name_len);
	EXPECT_TRUE(sec_poisoned(&q.rights, sizeof(q) -
				 offsetof(struct section_query, rights)));
	/* Room need not be memory beyond the name's length. */
	q.name = sec_ptr(end - strlen(name.s));
	memset(end - strlen(name.s), 0, strlen(name.s));
	EXPECT_EQ(0, sec_ioctl(handle, SECTION_IOC_QUERY, &q));
	EXPECT_EQ(0, memcmp(end - strlen(name.s), name.s, strlen(name.s)));
	close(handle);
}

TEST_HARNESS_MAIN
