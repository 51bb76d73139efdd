// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments made to confuse: every size of every structure, boundary values in
 * every field, fields that change while they are read, and descriptors and
 * memory that go away during a call.
 */
#include "section_view_util.h"
#include "kselftest_harness.h"

#define RW		(PROT_READ | PROT_WRITE)
#define PAGES		4
#define LIST_ROOM	4096

/* What all arguments of a round are about. */
struct scene {
	int dev;
	int handle;
	int reserved;
	int file;
	unsigned char *view;
	struct sec_name name;
	struct sec_name fresh;
	void *list;
};

static void scene_open(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	s->dev = sec_dev();
	s->name = sec_unique();
	s->fresh = sec_unique();
	s->handle = sec_create_anon(s->dev, s->name.s, PAGES * SEC_PAGE);
	s->reserved = sec_create_flags(s->dev, NULL, PAGES * SEC_PAGE,
				       SECTION_CREATE_RESERVE);
	s->file = unnamed_file("/tmp");
	s->view = sec_map(s->reserved, RW, 0, 0, 0);
	s->list = calloc(1, LIST_ROOM);
	if (s->dev < 0 || s->handle < 0 || s->reserved < 0 || s->file < 0 ||
	    s->view == MAP_FAILED || !s->list)
		abort();
}

static void scene_close(struct scene *s)
{
	munmap(s->view, PAGES * SEC_PAGE);
	close(s->file);
	close(s->reserved);
	close(s->handle);
	close(s->dev);
	free(s->list);
}

/* Good arguments of every call. */
union argument {
	__u32 size;
	struct section_create create;
	struct section_open open;
	struct section_query query;
	struct section_duplicate duplicate;
	struct section_map map;
	struct section_commit commit;
	struct section_commit_view commit_view;
	struct section_extend extend;
	struct section_query_view query_view;
	struct section_list list;
	unsigned char bytes[8192];
};

static void fill_create(const struct scene *s, union argument *arg)
{
	arg->create = sec_create_args(s->fresh.s, SEC_PAGE);
	arg->create.flags = SECTION_CREATE_OPEN_EXISTING;
}

static void fill_create_file(const struct scene *s, union argument *arg)
{
	arg->create = sec_create_args(NULL, SEC_PAGE);
	arg->create.file_fd = s->file;
}

static void fill_open(const struct scene *s, union argument *arg)
{
	arg->open = sec_open_args(s->name.s, SECTION_RIGHTS_MAXIMUM);
}

static void fill_query(const struct scene *s, union argument *arg)
{
	arg->query = (struct section_query) { .size = sizeof(arg->query) };
}

static void fill_duplicate(const struct scene *s, union argument *arg)
{
	arg->duplicate = (struct section_duplicate) {
		.size = sizeof(arg->duplicate),
		.rights = SECTION_RIGHTS_MAXIMUM,
	};
}

static void fill_map(const struct scene *s, union argument *arg)
{
	arg->map = sec_map_args(PROT_READ, 0, SEC_PAGE);
}

static void fill_commit(const struct scene *s, union argument *arg)
{
	arg->commit = (struct section_commit) {
		.size = sizeof(arg->commit), .length = SEC_PAGE,
	};
}

static void fill_commit_view(const struct scene *s, union argument *arg)
{
	arg->commit_view = (struct section_commit_view) {
		.size = sizeof(arg->commit_view),
		.address = sec_ptr(s->view), .length = SEC_PAGE,
	};
}

static void fill_extend(const struct scene *s, union argument *arg)
{
	arg->extend = (struct section_extend) {
		.size = sizeof(arg->extend), .bytes = SEC_PAGE,
	};
}

static void fill_query_view(const struct scene *s, union argument *arg)
{
	arg->query_view = (struct section_query_view) {
		.size = sizeof(arg->query_view), .address = sec_ptr(s->view),
	};
}

static void fill_list(const struct scene *s, union argument *arg)
{
	arg->list = (struct section_list) {
		.size = sizeof(arg->list), .scope_fd = -1,
		.buffer = sec_ptr(s->list), .buffer_len = LIST_ROOM,
	};
}

enum target { ON_DEVICE, ON_HANDLE, ON_RESERVED };

struct call {
	const char *name;
	unsigned long cmd;
	enum target on;
	size_t size;
	void (*fill)(const struct scene *s, union argument *arg);
	/* It makes a descriptor, or a view. */
	bool makes_fd;
	bool maps;
	/* What a wrong value of one of the fields is answered with. */
	int errors[12];
	/* And wrong values of two, which another thread may see to. */
	int pairs[8];
};

/*
 * The header says what each of the errors means.  ENOMEM is that the overcommit
 * mode in force does not account so much, EPERM of a creation that the caller is
 * not in the group, of a view that it would be where address 0 is.
 */
static const struct call calls[] = {
	{ "create", SECTION_IOC_CREATE, ON_DEVICE,
	  sizeof(struct section_create), fill_create, true, false,
	  { EINVAL, EFAULT, EBADF, ENAMETOOLONG, ENODEV, EOVERFLOW, ENOMEM,
	    EPERM }, { EACCES } },
	{ "create of a file", SECTION_IOC_CREATE, ON_DEVICE,
	  sizeof(struct section_create), fill_create_file, true, false,
	  { EINVAL, EBADF, ENODEV, EOVERFLOW, EPERM },
	  { EACCES, EFAULT, ENAMETOOLONG, ENOMEM } },
	{ "open", SECTION_IOC_OPEN, ON_DEVICE,
	  sizeof(struct section_open), fill_open, true, false,
	  { EINVAL, EFAULT, EBADF, ENAMETOOLONG, ENOENT, EKEYREJECTED }, { 0 } },
	{ "query", SECTION_IOC_QUERY, ON_HANDLE,
	  sizeof(struct section_query), fill_query, false, false,
	  { EINVAL }, { EFAULT } },
	{ "duplicate", SECTION_IOC_DUPLICATE, ON_HANDLE,
	  sizeof(struct section_duplicate), fill_duplicate, true, false,
	  { EINVAL }, { 0 } },
	{ "map", SECTION_IOC_MAP, ON_HANDLE,
	  sizeof(struct section_map), fill_map, false, true,
	  { EINVAL, ENXIO, EOVERFLOW, EPERM }, { EEXIST, ENOMEM } },
	{ "commit", SECTION_IOC_COMMIT, ON_RESERVED,
	  sizeof(struct section_commit), fill_commit, false, false,
	  { EINVAL, ENXIO, EOVERFLOW }, { 0 } },
	{ "commit view", SECTION_IOC_COMMIT_VIEW, ON_DEVICE,
	  sizeof(struct section_commit_view), fill_commit_view, false, false,
	  { EINVAL, EFAULT, EOVERFLOW }, { 0 } },
	/* The section has no file, whatever is asked. */
	{ "extend", SECTION_IOC_EXTEND, ON_HANDLE,
	  sizeof(struct section_extend), fill_extend, false, false,
	  { EINVAL, EOPNOTSUPP }, { 0 } },
	{ "query view", SECTION_IOC_QUERY_VIEW, ON_DEVICE,
	  sizeof(struct section_query_view), fill_query_view, false, false,
	  { EINVAL, EFAULT }, { 0 } },
	{ "list", SECTION_IOC_LIST, ON_DEVICE,
	  sizeof(struct section_list), fill_list, false, false,
	  { EINVAL, EFAULT, EBADF }, { 0 } },
};

static bool is_among(const int *errors, size_t count, int error)
{
	size_t i;

	for (i = 0; i < count && errors[i]; i++)
		if (errors[i] == error)
			return true;
	return false;
}

static bool call_may_fail(const struct call *call, int error)
{
	return is_among(call->errors, ARRAY_SIZE(call->errors), error);
}

static bool call_may_fail_by_two(const struct call *call, int error)
{
	return is_among(call->pairs, ARRAY_SIZE(call->pairs), error);
}

static int target(const struct scene *s, const struct call *call)
{
	switch (call->on) {
	case ON_HANDLE:
		return s->handle;
	case ON_RESERVED:
		return s->reserved;
	default:
		return s->dev;
	}
}

static int do_call(const struct scene *s, const struct call *call, void *arg)
{
	return sec_ioctl(target(s, call), call->cmd, arg);
}

/* What a call that succeeded has made goes again. */
static void undo(const struct call *call, int ret, const union argument *arg)
{
	if (ret < 0)
		return;
	if (call->makes_fd)
		close(ret);
	if (call->maps)
		munmap((void *)(uintptr_t)arg->map.address, arg->map.length);
}

/*
 * Every size from 0 to a page and one more.  Nothing beyond what the caller and
 * the kernel both know is ever written; a call that fails writes nothing.
 */
static void every_size(struct __test_metadata *_metadata,
		       const struct scene *s, const struct call *call)
{
	union argument arg, before;
	size_t size, good = 0;

	for (size = 0; size <= SEC_PAGE + 1; size++) {
		size_t known = size < call->size ? size : call->size;
		int ret;

		memset(&arg, 0, sizeof(arg));
		call->fill(s, &arg);
		/* Beyond what the kernel is told of, it must not even look. */
		memset(arg.bytes + size, SEC_POISON, sizeof(arg) - size);
		if (size >= sizeof(arg.size))
			arg.size = size;
		else
			memcpy(arg.bytes, &(__u32){ size }, sizeof(__u32));
		before = arg;
		ret = do_call(s, call, &arg);
		if (ret < 0) {
			EXPECT_EQ(0, memcmp(&before, &arg, sizeof(arg)))
				TH_LOG("%s, %zu: failed and wrote", call->name,
				       size);
			EXPECT_TRUE(size < call->size ? ret == -EINVAL :
				    size > SEC_PAGE ? ret == -E2BIG :
				    ret == -EOPNOTSUPP)
				TH_LOG("%s, %zu: %d", call->name, size, ret);
			continue;
		}
		good++;
		EXPECT_EQ(0, memcmp(before.bytes + known, arg.bytes + known,
				    sizeof(arg) - known))
			TH_LOG("%s, %zu: wrote beyond", call->name, size);
		EXPECT_EQ(size, arg.size);
		undo(call, ret, &arg);
	}
	if (call->fill != fill_extend)
		EXPECT_LE(SEC_PAGE - call->size, good)
			TH_LOG("%s: only %zu sizes", call->name, good);
}

FIXTURE(sizes)
{
	struct scene scene;
};

FIXTURE_SETUP(sizes)
{
	scene_open(&self->scene);
}

FIXTURE_TEARDOWN(sizes)
{
	scene_close(&self->scene);
}

/* As many calls as there are bytes in eleven pages. */
TEST_F_TIMEOUT(sizes, every_size_of_every_structure, 240)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		every_size(_metadata, &self->scene, &calls[i]);
}

/* Outputs that have nothing to tell are zero, not what the stack had. */
TEST(outputs_without_meaning)
{
	unsigned char room[LIST_ROOM];
	struct section_list_entry *entry = (void *)room;
	struct section_query_view v;
	struct section_query q;
	struct section_list l;
	struct scene s;
	size_t at;

	scene_open(&s);
	ASSERT_EQ(0, sec_query_view(s.dev, s.view, &v));
	EXPECT_EQ(0U, v.padding);
	EXPECT_EQ(0U, v.flags);
	EXPECT_EQ(0U, v.committed);
	ASSERT_EQ(0, sec_query(s.reserved, &q));
	EXPECT_EQ(0U, q.base);
	EXPECT_EQ(0U, q.name_len);
	ASSERT_EQ(0, sec_list(s.dev, 0, room, sizeof(room), &l));
	ASSERT_LE(1U, l.count);
	for (at = 0; at < l.buffer_len; at += entry->entry_len) {
		size_t end;

		entry = (void *)(room + at);
		end = sizeof(*entry) + entry->name_len;
		ASSERT_LE(end, entry->entry_len);
		EXPECT_TRUE(sec_all_bytes(room + at + end, 0,
					  entry->entry_len - end));
	}
	EXPECT_TRUE(sec_poisoned(room + l.buffer_len,
				 sizeof(room) - l.buffer_len));
	scene_close(&s);
}

static const __u64 values[] = {
	0, 1, 2, 4095, 4096, 4097, 0x7fffffff, 0x80000000, 0xfffff000,
	0xffffffff, 0x100000000, 0x7ffffffff000, 0x7ffffffffffff000 >> 12,
	0x800000000000, 0xffff800000000000, 0xffffffff80000000,
	0x7ffffffffffff000, 0x7fffffffffffffff, 0x8000000000000000,
	0x8000000000001000, 0xfffffffffffff000, 0xfffffffffffff001,
	0xfffffffffffffffe, 0xffffffffffffffff,
};

/*
 * Whatever is in it: something that can be undone, or one of the errors that such
 * values have, and each of them for some value.
 */
static void every_value(struct __test_metadata *_metadata,
			const struct scene *s, const struct call *call)
{
	bool seen[134] = { false };
	union argument arg;
	size_t offset, i;

	for (offset = 4; offset < call->size; offset += 4) {
		for (i = 0; i < 2 * ARRAY_SIZE(values); i++) {
			size_t width = i % 2 && offset % 8 == 0 ? 8 : 4;
			const __u64 value = values[i / 2];
			struct section_query q;
			int ret;

			memset(&arg, 0, sizeof(arg));
			call->fill(s, &arg);
			memcpy(arg.bytes + offset, &value, width);
			ret = do_call(s, call, &arg);
			undo(call, ret, &arg);
			ASSERT_LT(-(int)ARRAY_SIZE(seen), ret);
			if (ret < 0)
				seen[-ret] = true;
			ASSERT_EQ(0, sec_query(s->handle, &q));
			ASSERT_EQ(PAGES * SEC_PAGE, q.bytes);
			ASSERT_EQ(1U, q.handles)
				TH_LOG("%s, %zu: %llx", call->name, offset,
				       (unsigned long long)value);
			ASSERT_EQ(0U, q.views);
			ASSERT_EQ(0, sec_query(s->reserved, &q));
			ASSERT_EQ(1U, q.handles);
			ASSERT_EQ(1U, q.views);
			ASSERT_GE(PAGES * SEC_PAGE, q.committed);
		}
	}
	for (i = 0; i < ARRAY_SIZE(seen); i++) {
		EXPECT_EQ(call_may_fail(call, i), seen[i])
			TH_LOG("%s: %s", call->name, strerror(i));
	}
}

TEST(boundary_values_of_every_field)
{
	int fds = sec_count_fds();
	struct scene s;
	size_t i;

	scene_open(&s);
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		every_value(_metadata, &s, &calls[i]);
	scene_close(&s);
	EXPECT_EQ(fds, sec_count_fds());
}

/* Two of them that were seen once in thousands of calls. */
TEST(two_wrong_fields)
{
	union argument arg;
	struct scene s;

	scene_open(&s);
	fill_query(&s, &arg);
	arg.query.name = 1;
	EXPECT_EQ(0, sec_ioctl(s.handle, SECTION_IOC_QUERY, &arg));
	arg.query.name_len = 40;
	EXPECT_EQ(-EFAULT, sec_ioctl(s.handle, SECTION_IOC_QUERY, &arg));
	fill_create_file(&s, &arg);
	arg.create.name = 1;
	arg.create.name_len = 40;
	EXPECT_EQ(-EFAULT, sec_ioctl(s.dev, SECTION_IOC_CREATE, &arg));
	arg.create.name_len = 4096;
	EXPECT_EQ(-ENAMETOOLONG, sec_ioctl(s.dev, SECTION_IOC_CREATE, &arg));
	scene_close(&s);
}

/*
 * Another thread changes all of the argument during the call, the bytes of the
 * name as well.
 */
struct flipper {
	struct scene scene;
	const struct call *call;
	union argument arg;
	union argument good;
	char name[32];
	atomic_bool stop;
};

static void *flip(void *arg)
{
	struct flipper *f = arg;
	const size_t words = f->call->size / sizeof(__u32);
	static const __u32 bad[] = { 0, 1, 2, 16, 40, 4096, 4097, ~0U, 1U << 31 };
	unsigned int n = 0;

	while (!atomic_load(&f->stop)) {
		__u32 *word = (__u32 *)f->arg.bytes + n % words;
		const __u32 *was = (__u32 *)f->good.bytes + n % words;

		__atomic_store_n(word, bad[n % ARRAY_SIZE(bad)],
				 __ATOMIC_RELAXED);
		__atomic_store_n(&f->name[n % 31], "/\\\0\xff"[n % 4],
				 __ATOMIC_RELAXED);
		__atomic_store_n(word, *was, __ATOMIC_RELAXED);
		__atomic_store_n(&f->name[n % 31], 'a', __ATOMIC_RELAXED);
		n++;
	}
	return NULL;
}

static void check_names(struct __test_metadata *_metadata, int dev)
{
	static unsigned char room[65536];
	const struct section_list_entry *entry;
	struct section_list l;
	size_t at, i;

	ASSERT_EQ(0, sec_list(dev, 0, room, sizeof(room), &l));
	for (at = 0; at < l.buffer_len; at += entry->entry_len) {
		entry = (void *)(room + at);
		for (i = 0; i < entry->name_len; i++)
			ASSERT_TRUE(entry->name[i] >= ' ' &&
				    entry->name[i] < 0x7f &&
				    !strchr("/\\", entry->name[i]));
	}
}

/*
 * A handle has no more than was in one of the arguments, and the name is one.
 * The other thread may be put aside for longer than all rounds take, with a bad
 * word in the argument: rounds go on until a call succeeds, within a bound.
 */
static void flip_one(struct __test_metadata *_metadata, const struct call *call)
{
	struct flipper *f = calloc(1, sizeof(*f));
	const bool succeeds = call->fill != fill_extend;
	const int rounds = sec_rounds(2000);
	int round, ret, good = 0;
	struct section_query q;
	pthread_t thread;

	ASSERT_NE(NULL, f);
	scene_open(&f->scene);
	f->call = call;
	memset(f->name, 'a', sizeof(f->name));
	call->fill(&f->scene, &f->good);
	if (call->fill == fill_create) {
		f->good.create.name = sec_ptr(f->name);
		f->good.create.name_len = 31;
	} else if (call->fill == fill_duplicate) {
		f->good.duplicate.rights = SECTION_RIGHT_QUERY |
					   SECTION_RIGHT_READ;
	}
	f->arg = f->good;
	ASSERT_EQ(0, pthread_create(&thread, NULL, flip, f));
	for (round = 0; round < rounds ||
	     (succeeds && !good && round < 1000 * rounds); round++) {
		union argument *arg = &f->arg;

		ret = do_call(&f->scene, call, arg);
		/* Between its reads of two fields both may have been bad. */
		EXPECT_TRUE(ret >= 0 || ret == -E2BIG ||
			    call_may_fail(call, -ret) ||
			    call_may_fail_by_two(call, -ret)) {
			TH_LOG("%s: %s", call->name, strerror(-ret));
		}
		good += ret >= 0;
		if (ret >= 0 && call->fill == fill_create)
			check_names(_metadata, f->scene.dev);
		if (ret >= 0 && call->makes_fd) {
			ASSERT_EQ(0, fcntl(ret, F_GETFD) & ~FD_CLOEXEC);
			close(ret);
		}
		if (ret >= 0 && call->maps) {
			/* Where it is must not be asked of the argument. */
			char line[256];
			FILE *maps = fopen("/proc/self/maps", "re");
			unsigned long long from, to;

			while (fgets(line, sizeof(line), maps))
				if (strstr(line, f->scene.name.s) &&
				    sscanf(line, "%llx-%llx", &from, &to) == 2)
					munmap((void *)(uintptr_t)from,
					       to - from);
			fclose(maps);
		}
	}
	atomic_store(&f->stop, true);
	pthread_join(thread, NULL);
	if (succeeds)
		EXPECT_LT(0, good) TH_LOG("%s never succeeded", call->name);
	ASSERT_EQ(0, sec_query(f->scene.handle, &q));
	EXPECT_EQ(1U, q.handles) TH_LOG("%s", call->name);
	EXPECT_EQ(0U, q.views) TH_LOG("%s", call->name);
	EXPECT_EQ(PAGES * SEC_PAGE, q.bytes);
	EXPECT_EQ(SEC_RIGHTS_RW, q.rights);
	scene_close(&f->scene);
	free(f);
}

TEST(fields_change_during_the_call)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		flip_one(_metadata, &calls[i]);
}

/*
 * Another thread closes the descriptor of the call and makes another of the
 * same number, and unmaps the view that the call is about.
 */
struct closer {
	struct scene scene;
	int fd;
	atomic_bool stop;
};

static void *close_again(void *arg)
{
	struct closer *c = arg;
	const size_t len = PAGES * SEC_PAGE;
	unsigned int n = 0;

	while (!atomic_load(&c->stop)) {
		int fresh = n % 3 == 0 ? sec_dev() : n % 3 == 1 ?
			    sec_create_anon(c->scene.dev, NULL, len) :
			    sec_create_flags(c->scene.dev, NULL, len,
					     SECTION_CREATE_RESERVE);

		close(c->fd);
		dup3(fresh, c->fd, O_CLOEXEC);
		close(fresh);
		munmap(c->scene.view, len);
		fresh = n++ % 2 ? c->scene.reserved : c->scene.handle;
		mmap(c->scene.view, len, RW, MAP_SHARED | MAP_FIXED, fresh, 0);
	}
	return NULL;
}

TEST(descriptors_and_views_go_during_the_call)
{
	struct closer *c = calloc(1, sizeof(*c));
	int round = sec_rounds(4000), good = 0;
	union argument arg;
	pthread_t thread;
	struct section_query q;

	ASSERT_NE(NULL, c);
	scene_open(&c->scene);
	c->fd = 200;
	ASSERT_EQ(0, pthread_create(&thread, NULL, close_again, c));
	while (round--) {
		const struct call *call = &calls[round % ARRAY_SIZE(calls)];
		int ret;

		memset(&arg, 0, sizeof(arg));
		call->fill(&c->scene, &arg);
		ret = sec_ioctl(round % 4 ? c->fd : c->scene.dev, call->cmd,
				&arg);
		EXPECT_TRUE(ret >= 0 || ret == -EBADF || ret == -ENOTTY ||
			    call_may_fail(call, -ret)) {
			TH_LOG("%s: %s", call->name, strerror(-ret));
		}
		good += ret >= 0;
		undo(call, ret, &arg);
	}
	atomic_store(&c->stop, true);
	pthread_join(thread, NULL);
	EXPECT_LT(0, good);
	ASSERT_EQ(0, sec_query(c->scene.handle, &q));
	EXPECT_EQ(1U, q.handles);
	close(c->fd);
	scene_close(&c->scene);
	free(c);
}

static void *map_for_ever(void *arg)
{
	const struct scene *s = arg;

	for (;;) {
		void *view = sec_map(s->handle, RW, 0, 0, 0);

		sec_commit_view(s->dev, s->view, SEC_PAGE, 0);
		poke(s->view, 1);
		munmap(view, PAGES * SEC_PAGE);
	}
	return NULL;
}

static int leave_while_mapping(void *arg)
{
	pthread_t thread;
	int i;

	for (i = 0; i < 3; i++)
		if (pthread_create(&thread, NULL, map_for_ever, arg))
			return 1;
	usleep(*(const char *)arg % 7 * 300);
	return 0;
}

TEST(exit_while_mapping)
{
	struct section_query q;
	struct scene s;
	int round;

	scene_open(&s);
	for (round = sec_rounds(60); round; round--)
		ASSERT_EQ(0, sec_in_child(leave_while_mapping, &s));
	ASSERT_EQ(0, sec_query(s.handle, &q));
	EXPECT_EQ(0U, q.views);
	EXPECT_EQ(1U, q.handles);
	ASSERT_EQ(0, sec_query(s.reserved, &q));
	EXPECT_EQ(1U, q.views);
	scene_close(&s);
}

TEST_HARNESS_MAIN
