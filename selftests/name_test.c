// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names: what is one, whom it leads to, how long it lives.
 */
#include <sys/resource.h>

#include "section_util.h"
#include "kselftest_harness.h"

FIXTURE(name)
{
	int dev;
	int fds;
	struct sec_name name;
};

FIXTURE_SETUP(name)
{
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->name = sec_unique();
	self->fds = sec_count_fds();
}

FIXTURE_TEARDOWN(name)
{
	close(self->dev);
}

static int create_bytes(int dev, const void *name, size_t len, __u32 flags)
{
	struct section_create args = sec_create_args(NULL, 1);

	args.name = sec_ptr(name);
	args.name_len = len;
	args.flags = flags;
	return sec_create(dev, &args);
}

static int open_bytes(int dev, const void *name, size_t len)
{
	struct section_open args = sec_open_args(NULL, SEC_RIGHTS_R);

	args.name = sec_ptr(name);
	args.name_len = len;
	return sec_ioctl(dev, SECTION_IOC_OPEN, &args);
}

/* A good name leads to its section and is told as it was given. */
static void good_name(struct __test_metadata *_metadata, int dev,
		      const void *name, size_t len)
{
	char told[SECTION_NAME_MAX + 1];
	struct section_query q;
	int handle = create_bytes(dev, name, len, 0);
	int again;

	ASSERT_LE(0, handle) {
		TH_LOG("name of %zu bytes", len);
	}
	again = open_bytes(dev, name, len);
	ASSERT_LE(0, again);
	ASSERT_EQ(0, sec_query_name(again, &q, told, sizeof(told)));
	EXPECT_EQ(len, q.name_len);
	EXPECT_EQ(0, memcmp(told, name, len));
	EXPECT_TRUE(sec_poisoned(told + len, sizeof(told) - len));
	EXPECT_EQ(sec_id(handle), q.id);
	EXPECT_EQ(SECTION_ATTR_NAMED, q.attributes);
	close(again);
	close(handle);
	EXPECT_EQ(-ENOENT, open_bytes(dev, name, len));
}

/* A bad one is refused by every call that takes one, in every scope. */
static void bad_name(struct __test_metadata *_metadata, int dev, int expected,
		     const void *name, size_t len)
{
	struct section_open args = sec_open_args(NULL, SEC_RIGHTS_R);
	int fds = sec_count_fds();

	EXPECT_EQ(expected, create_bytes(dev, name, len, 0));
	EXPECT_EQ(expected, create_bytes(dev, name, len,
					 SECTION_CREATE_GLOBAL));
	EXPECT_EQ(expected, create_bytes(dev, name, len,
					 SECTION_CREATE_OPEN_EXISTING));
	EXPECT_EQ(expected, open_bytes(dev, name, len));
	args.name = sec_ptr(name);
	args.name_len = len;
	args.flags = SECTION_OPEN_GLOBAL;
	EXPECT_EQ(expected, sec_ioctl(dev, SECTION_IOC_OPEN, &args));
	EXPECT_EQ(fds, sec_count_fds());
}

TEST_F(name, lengths)
{
	char name[SECTION_NAME_MAX + 2];

	memset(name, 'n', sizeof(name));
	good_name(_metadata, self->dev, name, 1);
	good_name(_metadata, self->dev, name, 2);
	good_name(_metadata, self->dev, name, 255);
	good_name(_metadata, self->dev, name, 256);
	good_name(_metadata, self->dev, name, SECTION_NAME_MAX - 1);
	good_name(_metadata, self->dev, name, SECTION_NAME_MAX);

	bad_name(_metadata, self->dev, -EINVAL, name, 0);
	bad_name(_metadata, self->dev, -ENAMETOOLONG, name,
		 SECTION_NAME_MAX + 1);
	bad_name(_metadata, self->dev, -ENAMETOOLONG, name, 1 << 20);
	bad_name(_metadata, self->dev, -ENAMETOOLONG, name, UINT32_MAX);
}

TEST_F(name, open_needs_a_name)
{
	struct section_open args = sec_open_args(NULL, SEC_RIGHTS_R);

	EXPECT_EQ(-EINVAL, sec_ioctl(self->dev, SECTION_IOC_OPEN, &args));
	args.name_len = 1;
	EXPECT_EQ(-EINVAL, sec_ioctl(self->dev, SECTION_IOC_OPEN, &args));
	args = sec_open_args(self->name.s, SEC_RIGHTS_R);
	args.name_len = 0;
	EXPECT_EQ(-EINVAL, sec_ioctl(self->dev, SECTION_IOC_OPEN, &args));
}

TEST_F(name, forbidden_bytes)
{
	static const char forbidden[] = { '/', '\\', '\0' };
	char name[8];
	size_t i, at;

	for (i = 0; i < sizeof(forbidden); i++) {
		for (at = 0; at < sizeof(name); at++) {
			memset(name, 'x', sizeof(name));
			name[at] = forbidden[i];
			bad_name(_metadata, self->dev, -EINVAL, name,
				 sizeof(name));
		}
		bad_name(_metadata, self->dev, -EINVAL, &forbidden[i], 1);
	}
}

/* Everything else in ASCII is allowed, also where a file could not have it. */
TEST_F(name, other_bytes)
{
	unsigned char byte;

	for (byte = 1; byte < 0x80; byte++)
		if (byte != '/' && byte != '\\')
			good_name(_metadata, self->dev, &byte, 1);
	good_name(_metadata, self->dev, "..", 2);
	good_name(_metadata, self->dev, "a b\nc ", 6);
}

TEST_F(name, valid_utf8)
{
	static const char * const names[] = {
		"\xc2\x80",		/* U+0080, the first of two bytes */
		"\xdf\xbf",		/* U+07FF, the last */
		"\xe0\xa0\x80",		/* U+0800 */
		"\xed\x9f\xbf",		/* U+D7FF, before the surrogates */
		"\xee\x80\x80",		/* U+E000, behind them */
		"\xef\xbf\xbd",		/* U+FFFD */
		"\xf0\x90\x80\x80",	/* U+10000 */
		"\xf0\x9f\x98\x80",	/* an emoji */
		"\xf4\x8f\xbf\xbf",	/* U+10FFFF, the last of all */
		"gr\xc3\xb6\xc3\x9f",
		"\xe6\x97\xa5\xe6\x9c\xac",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		good_name(_metadata, self->dev, names[i], strlen(names[i]));
}

TEST_F(name, invalid_utf8)
{
	static const char * const names[] = {
		"\x80",			/* continuations of nothing */
		"\xbf",
		"a\x80z",
		"\xc3\xb6\xb6",
		"\xc3",			/* cut short */
		"\xe6\x97",
		"\xf0\x9f\x98",
		"\xc3z",
		"\xe6\x97z",
		"\xf0\x9f\x98z",
		"\xc3\xc3\xb6",
		"\xc0\xaf",		/* '/' in two bytes, */
		"\xe0\x80\xaf",		/* in three, */
		"\xf0\x80\x80\xaf",	/* in four */
		"\xc1\x9c",		/* '\\' in two bytes */
		"\xc0\x80",		/* NUL in two bytes */
		"\xc1\xbf",
		"\xe0\x9f\xbf",		/* U+07FF in three bytes */
		"\xf0\x8f\xbf\xbf",	/* U+FFFF in four */
		"\xed\xa0\x80",		/* surrogates */
		"\xed\xbf\xbf",
		"\xed\xa0\xbd\xed\xb8\x80",
		"\xf4\x90\x80\x80",	/* U+110000 */
		"\xf5\x80\x80\x80",
		"\xf8\x88\x80\x80\x80",	/* five and six bytes */
		"\xfc\x84\x80\x80\x80\x80",
		"\xfe",
		"\xff",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		bad_name(_metadata, self->dev, -EINVAL, names[i],
			 strlen(names[i]));
}

/* A sequence may not go on behind the end that the length tells. */
TEST_F(name, utf8_ends_with_length)
{
	bad_name(_metadata, self->dev, -EINVAL, "ab\xc3\xb6", 3);
	bad_name(_metadata, self->dev, -EINVAL, "\xf0\x9f\x98\x80", 3);
}

/* Names are equal if their bytes are. */
TEST_F(name, comparison)
{
	static const char * const names[] = {
		"name", "Name", "NAME", "nam", "names", "name ", " name",
		"name.", "n\xc3\xa4me", "na\xcc\x88me", "n\xc3\x84me",
	};
	int handles[ARRAY_SIZE(names)];
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		handles[i] = sec_create_anon(self->dev, names[i], 1);
		ASSERT_LE(0, handles[i]) {
			TH_LOG("'%s'", names[i]);
		}
	}
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		int again = sec_open(self->dev, names[i], SEC_RIGHTS_R);

		ASSERT_LE(0, again);
		for (j = 0; j < ARRAY_SIZE(names); j++)
			EXPECT_EQ(i == j, sec_id(again) == sec_id(handles[j]));
		close(again);
	}
	for (i = 0; i < ARRAY_SIZE(names); i++)
		close(handles[i]);
}

/*
 * So many names that some share a place in any table: there, nothing but the
 * comparison tells them apart.
 */
TEST_F(name, many_prefixes)
{
	enum { MANY = 256 };
	int local[MANY], global[MANY];
	char name[MANY + 1];
	size_t i;

	snprintf(name, sizeof(name), "%s-", self->name.s);
	memset(name + strlen(name), 'x', sizeof(name) - strlen(name));
	for (i = 64; i < MANY; i++) {
		local[i] = create_bytes(self->dev, name, i, 0);
		ASSERT_LE(0, local[i]) {
			TH_LOG("length %zu", i);
		}
		global[i] = create_bytes(self->dev, name, i,
					 SECTION_CREATE_GLOBAL);
		ASSERT_LE(0, global[i]) {
			TH_LOG("length %zu", i);
		}
	}
	for (i = 64; i < MANY; i++) {
		int fd = open_bytes(self->dev, name, i);

		ASSERT_LE(0, fd);
		EXPECT_EQ(sec_id(local[i]), sec_id(fd));
		close(fd);
		close(local[i]);
		EXPECT_EQ(-ENOENT, open_bytes(self->dev, name, i));
		close(global[i]);
	}
}

/* The length counts, not a terminator. */
TEST_F(name, not_terminated)
{
	int handle = create_bytes(self->dev, "prefix-of-this", 6, 0);
	int again;

	ASSERT_LE(0, handle);
	EXPECT_EQ(-ENOENT, sec_open(self->dev, "prefix-of-this", SEC_RIGHTS_R));
	again = sec_open(self->dev, "prefix", SEC_RIGHTS_R);
	ASSERT_LE(0, again);
	EXPECT_EQ(sec_id(handle), sec_id(again));
	close(again);
	close(handle);
}

TEST_F(name, exclusive)
{
	struct section_create args = sec_create_args(self->name.s, 1);
	int handle = sec_create(self->dev, &args);
	struct section_query q;

	ASSERT_LE(0, handle);
	EXPECT_EQ(-EEXIST, sec_create(self->dev, &args));
	EXPECT_EQ(-EEXIST, sec_create(self->dev, &args));
	EXPECT_EQ(SEC_POISON32, args.existed);
	EXPECT_EQ(self->fds + 1, sec_count_fds());
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(1, q.handles);

	close(handle);
	handle = sec_create(self->dev, &args);
	EXPECT_LE(0, handle);
	close(handle);
}

TEST_F(name, open_existing)
{
	struct section_create args = sec_create_args(self->name.s,
						     3 * SEC_PAGE);
	struct section_query q;
	int first, again;
	char *view;

	args.flags = SECTION_CREATE_OPEN_EXISTING;
	args.mode = 0640;
	first = sec_create(self->dev, &args);
	ASSERT_LE(0, first);
	EXPECT_EQ(0, args.existed);
	view = sec_map(first, PROT_READ | PROT_WRITE, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	view[0] = 'x';

	/* What only creation needs is ignored. */
	args.existed = SEC_POISON32;
	args.bytes = 100 * SEC_PAGE;
	args.mode = 0777;
	args.prot = SECTION_PROT_READ;
	again = sec_create(self->dev, &args);
	ASSERT_LE(0, again);
	EXPECT_EQ(1, args.existed);
	ASSERT_EQ(0, sec_query(again, &q));
	EXPECT_EQ(sec_id(first), q.id);
	EXPECT_EQ(3 * SEC_PAGE, q.bytes);
	EXPECT_EQ(0640, q.mode);
	EXPECT_EQ(SEC_PROT_RW, q.prot);
	EXPECT_EQ(2, q.handles);
	EXPECT_NE(0, q.rights & SECTION_RIGHT_WRITE);
	EXPECT_EQ(0, munmap(view, 3 * SEC_PAGE));
	view = sec_map(again, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ('x', view[0]);
	EXPECT_EQ(0, munmap(view, 3 * SEC_PAGE));
	close(again);

	/* A size of 0, a group or a file that creation would refuse, too. */
	args.bytes = 0;
	args.gid = geteuid() ? 0 : SECTION_CALLER_GROUP;
	args.file_fd = self->dev;
	args.existed = SEC_POISON32;
	again = sec_create(self->dev, &args);
	EXPECT_LE(0, again);
	EXPECT_EQ(1, args.existed);
	close(again);
	close(first);

	/* It no longer exists: now it is a creation, and 0 is wrong. */
	args.existed = SEC_POISON32;
	args.gid = SECTION_CALLER_GROUP;
	args.file_fd = -1;
	EXPECT_EQ(-EINVAL, sec_create(self->dev, &args));
	EXPECT_EQ(SEC_POISON32, args.existed);
	args.bytes = 1;
	args.prot = SEC_PROT_RW;
	again = sec_create(self->dev, &args);
	ASSERT_LE(0, again);
	EXPECT_EQ(0, args.existed);
	close(again);
}

/* Whoever cannot be told that it existed gets no handle. */
TEST_F(name, open_existing_tells_nobody)
{
	struct section_create args = sec_create_args(self->name.s, 1);
	struct section_create *fixed = mmap(NULL, SEC_PAGE,
					    PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int handle = sec_create(self->dev, &args);
	struct section_query q;
	int fds = sec_count_fds();

	ASSERT_LE(0, handle);
	ASSERT_NE(MAP_FAILED, fixed);
	*fixed = args;
	fixed->flags = SECTION_CREATE_OPEN_EXISTING;
	ASSERT_EQ(0, mprotect(fixed, SEC_PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, sec_create(self->dev, fixed));
	EXPECT_EQ(fds, sec_count_fds());
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(1, q.handles);
	munmap(fixed, SEC_PAGE);
	close(handle);
}

/* A program of the first version does not know that it is told the size. */
TEST_F(name, open_tells_bytes)
{
	int file = memfd_create("bytes", MFD_CLOEXEC);
	struct section_open args = sec_open_args(self->name.s,
						 SECTION_RIGHT_READ);
	int handle;

	ASSERT_EQ(0, ftruncate(file, 5000));
	handle = sec_create_file(self->dev, self->name.s, file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	args.bytes = SEC_POISON64;
	EXPECT_LE(0, sec_ioctl(self->dev, SECTION_IOC_OPEN, &args));
	EXPECT_EQ(5000, args.bytes);

	args.bytes = SEC_POISON64;
	args.size = offsetof(struct section_open, bytes);
	EXPECT_LE(0, sec_ioctl(self->dev, SECTION_IOC_OPEN, &args));
	EXPECT_EQ(SEC_POISON64, args.bytes);
	close(handle);
	close(file);
}

/* The rights asked for are checked against the section that exists. */
TEST_F(name, open_existing_rights)
{
	struct section_create args = sec_create_args(self->name.s, 1);
	int handle, again;

	args.prot = SECTION_PROT_READ;
	handle = sec_create(self->dev, &args);
	ASSERT_LE(0, handle);
	args.flags = SECTION_CREATE_OPEN_EXISTING;
	args.prot = SEC_PROT_RWX;
	args.rights = SECTION_RIGHT_READ | SECTION_RIGHT_WRITE;
	EXPECT_EQ(-EACCES, sec_create(self->dev, &args));
	args.rights = SECTION_RIGHT_READ | SECTION_RIGHT_EXECUTE;
	EXPECT_EQ(-EACCES, sec_create(self->dev, &args));
	EXPECT_EQ(SEC_POISON32, args.existed);
	EXPECT_EQ(self->fds + 1, sec_count_fds());
	args.rights = SECTION_RIGHT_READ;
	again = sec_create(self->dev, &args);
	EXPECT_LE(0, again);
	EXPECT_EQ(1, args.existed);
	close(again);
	close(handle);
}

TEST_F(name, missing)
{
	int handle;

	EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s, SEC_RIGHTS_R));
	EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s, 0));
	EXPECT_EQ(-ENOENT, sec_open_global(self->dev, self->name.s,
					   SECTION_RIGHTS_MAXIMUM));
	EXPECT_EQ(self->fds, sec_count_fds());

	/* To look for a name is not to take it. */
	handle = sec_create_anon(self->dev, self->name.s, 1);
	EXPECT_LE(0, handle);
	close(handle);
}

/* Each right against each protection, for the owner. */
TEST_F(name, rights)
{
	const struct {
		__u32 prot;
		__u32 granted;
	} sections[] = {
		{ SECTION_PROT_READ, SEC_RIGHTS_R },
		{ SEC_PROT_RW, SEC_RIGHTS_RW },
		{ SEC_PROT_RX, SEC_RIGHTS_RX },
		{ SEC_PROT_RWX, SECTION_RIGHTS_ALL },
	};
	struct section_query q;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sections); i++) {
		struct section_create args = sec_create_args(self->name.s, 1);
		int handle, again;
		__u32 rights;

		args.prot = sections[i].prot;
		args.mode = 0700;
		handle = sec_create(self->dev, &args);
		ASSERT_LE(0, handle);
		for (rights = 0; rights <= SECTION_RIGHTS_ALL; rights++) {
			again = sec_open(self->dev, self->name.s, rights);
			if (rights & ~sections[i].granted) {
				EXPECT_EQ(-EACCES, again);
				continue;
			}
			ASSERT_LE(0, again);
			if (rights & SECTION_RIGHT_QUERY) {
				ASSERT_EQ(0, sec_query(again, &q));
				EXPECT_EQ(rights, q.rights);
			}
			close(again);
		}
		for (rights = SECTION_RIGHTS_ALL + 1; rights; rights <<= 1) {
			if (rights == SECTION_RIGHTS_MAXIMUM)
				continue;
			EXPECT_EQ(-EINVAL, sec_open(self->dev, self->name.s,
						    rights));
		}
		EXPECT_EQ(-EINVAL, sec_open(self->dev, self->name.s,
					    SECTION_RIGHTS_MAXIMUM |
					    SECTION_RIGHT_READ << 3));
		EXPECT_EQ(self->fds + 1, sec_count_fds());
		close(handle);
	}
}

/* The mode binds its owner too, whom it may keep from mistakes. */
TEST_F(name, mode_of_owner)
{
	const struct {
		__u32 mode;
		__u32 granted;
	} modes[] = {
		{ 0000, 0 },
		{ 0077, 0 },
		{ 0400, SEC_RIGHTS_R },
		{ 0200, SECTION_RIGHT_WRITE | SECTION_RIGHT_EXTEND },
		{ 0100, SECTION_RIGHT_EXECUTE },
		{ 0600, SEC_RIGHTS_RW },
		{ 0500, SEC_RIGHTS_RX },
		{ 0700, SECTION_RIGHTS_ALL },
	};
	const __u32 bits[] = {
		SECTION_RIGHT_QUERY, SECTION_RIGHT_READ, SECTION_RIGHT_WRITE,
		SECTION_RIGHT_EXECUTE, SECTION_RIGHT_EXTEND,
	};
	size_t i, j;

	if (!geteuid())
		SKIP(return, "no mode binds root");
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		struct section_create args = sec_create_args(self->name.s, 1);
		int handle, again;

		args.prot = SEC_PROT_RWX;
		args.mode = modes[i].mode;
		handle = sec_create(self->dev, &args);
		ASSERT_LE(0, handle);
		for (j = 0; j < ARRAY_SIZE(bits); j++) {
			again = sec_open(self->dev, self->name.s, bits[j]);
			EXPECT_EQ(!!(modes[i].granted & bits[j]), again >= 0)
				TH_LOG("mode %o, right %x", modes[i].mode,
				       bits[j]);
			if (again >= 0)
				close(again);
			else
				EXPECT_EQ(-EACCES, again);
		}
		close(handle);
	}
}

static int opens(int dev, const char *name)
{
	int fd = sec_open(dev, name, 0);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

/* The name lives as long as any handle, whatever else refers to it. */
TEST_F(name, lives_with_last_handle)
{
	int first = sec_create_anon(self->dev, self->name.s, 1);
	int second, third;

	ASSERT_LE(0, first);
	second = sec_open(self->dev, self->name.s, SEC_RIGHTS_R);
	ASSERT_LE(0, second);
	third = sec_duplicate(second, 0, 0);
	ASSERT_LE(0, third);
	close(first);
	EXPECT_EQ(0, opens(self->dev, self->name.s));
	close(second);
	EXPECT_EQ(0, opens(self->dev, self->name.s));
	close(third);
	EXPECT_EQ(-ENOENT, opens(self->dev, self->name.s));
}

TEST_F(name, lives_with_dup)
{
	int first = sec_create_anon(self->dev, self->name.s, 1);
	int second = dup(first);

	ASSERT_LE(0, second);
	close(first);
	EXPECT_EQ(0, opens(self->dev, self->name.s));
	close(second);
	EXPECT_EQ(-ENOENT, opens(self->dev, self->name.s));
}

static int hold_until_eof(void *arg)
{
	int *fds = arg;
	char byte;

	close(fds[1]);
	return read(fds[0], &byte, 1) ? 1 : 0;
}

TEST_F(name, lives_with_fork)
{
	int handle = sec_create_anon(self->dev, self->name.s, 1);
	int gate[2];
	pid_t child;

	ASSERT_LE(0, handle);
	ASSERT_EQ(0, pipe2(gate, O_CLOEXEC));
	child = sec_fork(hold_until_eof, gate);
	ASSERT_LT(0, child);
	close(gate[0]);
	close(handle);
	EXPECT_EQ(0, opens(self->dev, self->name.s));
	close(gate[1]);
	EXPECT_EQ(0, sec_wait(child));
	EXPECT_EQ(-ENOENT, opens(self->dev, self->name.s));
}

TEST_F(name, lives_in_a_socket)
{
	int handle = sec_create_anon(self->dev, self->name.s, 1);
	int pair[2];

	ASSERT_LE(0, handle);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	ASSERT_EQ(0, sec_send_fd(pair[0], handle));
	close(handle);
	/* Now nobody has it, and it is on its way. */
	EXPECT_EQ(0, opens(self->dev, self->name.s));
	handle = sec_receive_fd(pair[1]);
	ASSERT_LE(0, handle);
	EXPECT_EQ(0, opens(self->dev, self->name.s));
	EXPECT_NE(0, sec_id(handle));
	close(handle);
	EXPECT_EQ(-ENOENT, opens(self->dev, self->name.s));
	close(pair[0]);
	close(pair[1]);
}

/* A view keeps the memory, and only that. */
TEST_F(name, dies_under_a_view)
{
	int handle = sec_create_anon(self->dev, self->name.s, SEC_PAGE);
	struct section_query_view v;
	__u64 id = sec_id(handle);
	char *view, *other;

	ASSERT_LE(0, handle);
	view = sec_map(handle, PROT_READ | PROT_WRITE, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	memcpy(view, "old", 4);
	close(handle);
	EXPECT_EQ(-ENOENT, opens(self->dev, self->name.s));
	EXPECT_STREQ("old", view);

	/* The name is free, and a section made of it is another one. */
	handle = sec_create_anon(self->dev, self->name.s, 2 * SEC_PAGE);
	ASSERT_LE(0, handle);
	EXPECT_NE(id, sec_id(handle));
	other = sec_map(handle, PROT_READ | PROT_WRITE, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, other);
	EXPECT_TRUE(sec_all_bytes(other, 0, 2 * SEC_PAGE));
	memcpy(other, "new", 4);
	EXPECT_STREQ("old", view);

	/* The old view still knows its section. */
	ASSERT_EQ(0, sec_query_view(self->dev, view, &v));
	EXPECT_EQ(id, v.id);
	EXPECT_EQ(SEC_PAGE, v.bytes);
	ASSERT_EQ(0, sec_query_view(self->dev, other, &v));
	EXPECT_EQ(sec_id(handle), v.id);

	/* When the old one goes, the new name stays. */
	ASSERT_EQ(0, munmap(view, SEC_PAGE));
	EXPECT_EQ(0, opens(self->dev, self->name.s));
	ASSERT_EQ(0, munmap(other, 2 * SEC_PAGE));
	close(handle);
	EXPECT_EQ(-ENOENT, opens(self->dev, self->name.s));
}

/* Nor does an anchor keep the name. */
TEST_F(name, dies_under_an_anchor)
{
	int handle = sec_create_anon(self->dev, self->name.s, 1);
	struct section_query q;
	__u64 id = sec_id(handle);
	int anchor;

	ASSERT_LE(0, handle);
	anchor = sec_duplicate(handle, SECTION_RIGHTS_MAXIMUM,
			       SECTION_DUPLICATE_ANCHOR);
	ASSERT_LE(0, anchor);
	close(handle);
	EXPECT_EQ(-ENOENT, opens(self->dev, self->name.s));
	handle = sec_create_anon(self->dev, self->name.s, 1);
	ASSERT_LE(0, handle);
	EXPECT_NE(id, sec_id(handle));
	ASSERT_EQ(0, sec_query(anchor, &q));
	EXPECT_EQ(id, q.id);
	EXPECT_EQ(0, q.handles);
	close(anchor);
	EXPECT_EQ(0, opens(self->dev, self->name.s));
	close(handle);
}

TEST_F(name, scopes_are_distinct)
{
	struct section_create args = sec_create_args(self->name.s, 1);
	struct section_query q;
	int local, global, again;

	local = sec_create(self->dev, &args);
	ASSERT_LE(0, local);
	EXPECT_EQ(-ENOENT, sec_open_global(self->dev, self->name.s, 0));
	args.flags = SECTION_CREATE_GLOBAL;
	global = sec_create(self->dev, &args);
	ASSERT_LE(0, global);
	EXPECT_NE(sec_id(local), sec_id(global));
	EXPECT_EQ(-EEXIST, sec_create(self->dev, &args));
	ASSERT_EQ(0, sec_query(global, &q));
	EXPECT_EQ(SECTION_ATTR_NAMED | SECTION_ATTR_GLOBAL, q.attributes);
	ASSERT_EQ(0, sec_query(local, &q));
	EXPECT_EQ(SECTION_ATTR_NAMED, q.attributes);

	again = sec_open(self->dev, self->name.s, SEC_RIGHTS_R);
	EXPECT_EQ(sec_id(local), sec_id(again));
	close(again);
	again = sec_open_global(self->dev, self->name.s, SEC_RIGHTS_R);
	EXPECT_EQ(sec_id(global), sec_id(again));
	close(again);

	close(local);
	EXPECT_EQ(-ENOENT, opens(self->dev, self->name.s));
	again = sec_open_global(self->dev, self->name.s, 0);
	EXPECT_LE(0, again);
	close(again);
	close(global);
	EXPECT_EQ(-ENOENT, sec_open_global(self->dev, self->name.s, 0));
}

/* A descriptor of the caller's own namespace is the same as none. */
TEST_F(name, own_scope)
{
	int net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct section_create args = sec_create_args(self->name.s, 1);
	struct section_open again = sec_open_args(self->name.s, SEC_RIGHTS_R);
	int handle, opened;

	ASSERT_LE(0, net);
	args.scope_fd = net;
	handle = sec_create(self->dev, &args);
	ASSERT_LE(0, handle);
	EXPECT_EQ(0, opens(self->dev, self->name.s));
	EXPECT_EQ(-EEXIST, sec_create_anon(self->dev, self->name.s, 1));
	again.scope_fd = net;
	opened = sec_ioctl(self->dev, SECTION_IOC_OPEN, &again);
	ASSERT_LE(0, opened);
	EXPECT_EQ(sec_id(handle), sec_id(opened));
	close(opened);
	close(handle);
	EXPECT_EQ(-ENOENT, sec_ioctl(self->dev, SECTION_IOC_OPEN, &again));
	close(net);
}

static void bad_scope(struct __test_metadata *_metadata, int dev, int scope,
		      int expected)
{
	struct sec_name name = sec_unique();
	struct section_create create = sec_create_args(name.s, 1);
	struct section_open args = sec_open_args(name.s, SEC_RIGHTS_R);
	struct section_list list = {
		.size = sizeof(list),
		.scope_fd = scope,
		.count = SEC_POISON64,
		.needed = SEC_POISON64,
	};
	int fds = sec_count_fds();

	create.scope_fd = scope;
	EXPECT_EQ(expected, sec_create(dev, &create));
	args.scope_fd = scope;
	EXPECT_EQ(expected, sec_ioctl(dev, SECTION_IOC_OPEN, &args));
	EXPECT_EQ(expected, sec_ioctl(dev, SECTION_IOC_LIST, &list));
	EXPECT_EQ(SEC_POISON64, list.count);
	EXPECT_EQ(SEC_POISON64, list.needed);
	EXPECT_EQ(fds, sec_count_fds());
	EXPECT_EQ(-ENOENT, opens(dev, name.s));
}

TEST_F(name, bad_scopes)
{
	static const char * const others[] = {
		"/dev/null", "/proc/self/ns/uts", "/proc/self/ns/user",
		"/proc/self/ns/mnt", "/proc/self/exe", "/",
	};
	int fd, handle, sock;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		fd = open(others[i], O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, fd);
		bad_scope(_metadata, self->dev, fd, -EINVAL);
		close(fd);
		bad_scope(_metadata, self->dev, fd, -EBADF);
	}
	bad_scope(_metadata, self->dev, -2, -EBADF);
	bad_scope(_metadata, self->dev, INT32_MAX, -EBADF);
	bad_scope(_metadata, self->dev, self->dev, -EINVAL);

	fd = open("/proc/self/ns/net", O_PATH | O_CLOEXEC);
	ASSERT_LE(0, fd);
	bad_scope(_metadata, self->dev, fd, -EBADF);
	close(fd);
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_LE(0, sock);
	bad_scope(_metadata, self->dev, sock, -EINVAL);
	close(sock);
	handle = sec_create_anon(self->dev, NULL, 1);
	ASSERT_LE(0, handle);
	bad_scope(_metadata, self->dev, handle, -EINVAL);
	close(handle);
}

TEST_F(name, expected_owner)
{
	const __u32 others[] = { geteuid() + 1, geteuid() ? 0 : 1, 65534,
				 (__u32)-2 };
	struct section_create args = sec_create_args(self->name.s, 1);
	struct section_open again = sec_open_args(self->name.s, SEC_RIGHTS_R);
	struct section_query q;
	int handle, opened;
	size_t i;

	/* Nothing is expected of a section that is created. */
	args.owner = others[0];
	handle = sec_create(self->dev, &args);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(geteuid(), q.uid);

	args.flags = SECTION_CREATE_OPEN_EXISTING;
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		again.owner = others[i];
		EXPECT_EQ(-EKEYREJECTED,
			  sec_ioctl(self->dev, SECTION_IOC_OPEN, &again));
		args.owner = others[i];
		EXPECT_EQ(-EKEYREJECTED, sec_create(self->dev, &args));
		EXPECT_EQ(SEC_POISON32, args.existed);
	}
	EXPECT_EQ(self->fds + 1, sec_count_fds());

	again.owner = geteuid();
	opened = sec_ioctl(self->dev, SECTION_IOC_OPEN, &again);
	EXPECT_LE(0, opened);
	close(opened);
	args.owner = geteuid();
	opened = sec_create(self->dev, &args);
	EXPECT_LE(0, opened);
	EXPECT_EQ(1, args.existed);
	close(opened);
	close(handle);
}

/* A section without a name cannot be found, and there may be many. */
TEST_F(name, without)
{
	int first = sec_create_anon(self->dev, NULL, 1);
	int second = sec_create_anon(self->dev, NULL, 1);
	struct section_query q;
	char byte;

	ASSERT_LE(0, first);
	ASSERT_LE(0, second);
	EXPECT_NE(sec_id(first), sec_id(second));
	ASSERT_EQ(0, sec_query_name(first, &q, &byte, 1));
	EXPECT_EQ(0, q.name_len);
	EXPECT_EQ((char)SEC_POISON, byte);
	EXPECT_EQ(0, q.attributes);
	close(first);
	close(second);
}

/* The name that can no longer be opened can still be asked for. */
TEST_F(name, told_after_death)
{
	int handle = sec_create_anon(self->dev, self->name.s, 1);
	char told[SEC_NAME_LEN];
	struct section_query q;
	int anchor;

	ASSERT_LE(0, handle);
	anchor = sec_duplicate(handle, SEC_RIGHTS_R, SECTION_DUPLICATE_ANCHOR);
	ASSERT_LE(0, anchor);
	close(handle);
	ASSERT_EQ(0, sec_query_name(anchor, &q, told, sizeof(told)));
	EXPECT_EQ(strlen(self->name.s), q.name_len);
	EXPECT_EQ(0, memcmp(told, self->name.s, strlen(self->name.s)));
	EXPECT_EQ(SECTION_ATTR_NAMED, q.attributes);
	close(anchor);
}

static int short_file(off_t bytes)
{
	int file = memfd_create("section_test", MFD_CLOEXEC);

	if (file >= 0 && ftruncate(file, bytes)) {
		close(file);
		return -1;
	}
	return file;
}

/* Bytes of address space that this process uses. */
static rlim_t address_space(void)
{
	unsigned long pages = 0;
	FILE *statm = fopen("/proc/self/statm", "r");

	if (statm && fscanf(statm, "%lu", &pages) != 1)
		pages = 0;
	if (statm)
		fclose(statm);
	return pages * SEC_PAGE;
}

/*
 * Opening a section of a file maps nothing of the file, not even for a moment:
 * another thread could keep the mapping, which has no limits.
 */
TEST_F(name, opening_maps_nothing)
{
	int file = short_file(2 * SEC_PAGE), handle, opened;
	struct rlimit limit;
	void *page;

	ASSERT_LE(0, file);
	handle = sec_create_file(self->dev, self->name.s, file, SEC_PAGE,
				 SEC_PROT_RW);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, getrlimit(RLIMIT_AS, &limit));
	limit.rlim_cur = address_space();
	ASSERT_LT(0, limit.rlim_cur);
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &limit));
	page = mmap(NULL, SEC_PAGE, PROT_READ, MAP_SHARED, file, 0);
	opened = sec_open(self->dev, self->name.s, SEC_RIGHTS_RW);
	limit.rlim_cur = limit.rlim_max;
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &limit));
	/* The limit was one that tells. */
	EXPECT_EQ(MAP_FAILED, page);
	EXPECT_LE(0, opened);
	close(opened);
	close(handle);
	close(file);
}

/* A call that cannot say what it did does nothing to the file either. */
TEST_F(name, bad_pointer_grows_nothing)
{
	int file = short_file(100);
	struct section_create *args;
	struct stat st;

	ASSERT_LE(0, file);
	args = mmap(NULL, SEC_PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, args);
	*args = sec_create_args(self->name.s, 4 * SEC_PAGE);
	args->flags = SECTION_CREATE_OPEN_EXISTING;
	args->file_fd = file;
	ASSERT_EQ(0, mprotect(args, SEC_PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, sec_ioctl(self->dev, SECTION_IOC_CREATE, args));
	ASSERT_EQ(0, fstat(file, &st));
	EXPECT_EQ(100, st.st_size);
	EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s, 0));
	munmap(args, SEC_PAGE);
	close(file);
}

TEST_HARNESS_MAIN
