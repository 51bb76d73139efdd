// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names and network namespaces, as an ordinary user in user namespaces of his
 * own.  The caller's namespaces change in children; the test itself stays
 * where it was.
 */
#include <sched.h>

#include "section_util.h"
#include "kselftest_harness.h"

FIXTURE(netns)
{
	int dev;
	/* A descriptor of the test's own namespace. */
	int net;
	struct sec_name name;
	/* A line to the child: it is served at [1]. */
	int pair[2];
	/* Whom the new user namespace maps, for the child to be there. */
	uid_t uid;
	gid_t gid;
	int (*job)(void *arg);
	int report;
};

FIXTURE_SETUP(netns)
{
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->net);
	self->name = sec_unique();
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				self->pair));
	self->uid = geteuid();
	self->gid = getegid();
}

FIXTURE_TEARDOWN(netns)
{
	close(self->pair[0]);
	close(self->pair[1]);
	close(self->net);
	close(self->dev);
}

/* Into new namespaces, in which the caller is root; fails by false. */
static bool enter(const FIXTURE_DATA(netns) *self, int flags)
{
	char map[64];

	if (unshare(CLONE_NEWUSER | flags))
		return false;
	snprintf(map, sizeof(map), "0 %u 1", self->uid);
	if (sec_write_file("/proc/self/uid_map", map) ||
	    sec_write_file("/proc/self/setgroups", "deny"))
		return false;
	snprintf(map, sizeof(map), "0 %u 1", self->gid);
	return !sec_write_file("/proc/self/gid_map", map);
}

static int own_net(void)
{
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

static int open_in(int dev, int scope, __u32 flags, const char *name,
		   __u32 rights)
{
	struct section_open args = sec_open_args(name, rights);

	args.scope_fd = scope;
	args.flags = flags;
	return sec_ioctl(dev, SECTION_IOC_OPEN, &args);
}

static int create_in(int dev, int scope, __u32 flags, const char *name)
{
	struct section_create args = sec_create_args(name, 1);

	args.scope_fd = scope;
	args.flags = flags;
	return sec_create(dev, &args);
}

/* The number of the section with this name, 0 if it cannot be opened. */
static __u64 id_in(int dev, int scope, __u32 flags, const char *name)
{
	int fd = open_in(dev, scope, flags, name, SEC_RIGHTS_R);
	__u64 id;

	if (fd < 0)
		return 0;
	id = sec_id(fd);
	close(fd);
	return id;
}

static __u64 names_in(int dev, int scope, __u32 flags)
{
	struct section_list l = {
		.size = sizeof(l),
		.flags = flags,
		.scope_fd = scope,
	};

	return sec_ioctl(dev, SECTION_IOC_LIST, &l) ? UINT64_MAX : l.needed;
}

/*
 * Children number their complaints from 10 on: the exit status tells which of
 * the conditions did not hold.
 */
#define REQUIRE(number, condition) do { if (!(condition)) _exit(number); } while (0)

static int confined_child(void *arg)
{
	FIXTURE_DATA(netns) *self = arg;
	const char *name = self->name.s;
	int local, global;

	REQUIRE(10, enter(self, CLONE_NEWNET));
	REQUIRE(11, open_in(self->dev, -1, 0, name, 0) == -ENOENT);
	REQUIRE(12, open_in(self->dev, -1, SECTION_OPEN_GLOBAL, name, 0) ==
		-ENOENT);
	REQUIRE(13, names_in(self->dev, -1, 0) == 0);
	REQUIRE(14, names_in(self->dev, -1, SECTION_LIST_GLOBAL) == 0);
	local = create_in(self->dev, -1, 0, name);
	REQUIRE(15, local >= 0);
	global = create_in(self->dev, -1, SECTION_CREATE_GLOBAL, name);
	REQUIRE(16, global >= 0);
	REQUIRE(17, sec_id(local) != id_in(self->dev, self->net, 0, name));
	REQUIRE(18, names_in(self->dev, -1, 0) > 0);
	/* By descriptor the old namespace is as it was. */
	REQUIRE(19, id_in(self->dev, self->net, 0, name) != 0);
	REQUIRE(20, names_in(self->dev, self->net, 0) > 0);
	return 0;
}

TEST_F(netns, confined)
{
	int local = create_in(self->dev, -1, 0, self->name.s);
	int global = create_in(self->dev, -1, SECTION_CREATE_GLOBAL,
			       self->name.s);
	__u64 before = names_in(self->dev, -1, 0);
	struct section_query q;

	ASSERT_LE(0, local);
	ASSERT_LE(0, global);
	EXPECT_EQ(0, sec_in_child(confined_child, self));
	EXPECT_EQ(before, names_in(self->dev, -1, 0));
	EXPECT_EQ(sec_id(local), id_in(self->dev, -1, 0, self->name.s));
	EXPECT_EQ(sec_id(global), id_in(self->dev, -1, SECTION_OPEN_GLOBAL,
					self->name.s));
	ASSERT_EQ(0, sec_query(local, &q));
	EXPECT_EQ(1, q.handles);
	close(local);
	close(global);
}

static int serve_scope(void *arg)
{
	FIXTURE_DATA(netns) *self = arg;
	char byte;
	int fd;

	close(self->pair[0]);
	REQUIRE(10, enter(self, CLONE_NEWNET));
	fd = create_in(self->dev, -1, 0, self->name.s);
	REQUIRE(11, fd >= 0);
	REQUIRE(12, !sec_send_fd(self->pair[1], own_net()));
	REQUIRE(13, !sec_send_fd(self->pair[1], fd));
	REQUIRE(14, read(self->pair[1], &byte, 1) == 1);
	/* What the other side made here, by descriptor. */
	REQUIRE(15, id_in(self->dev, -1, SECTION_OPEN_GLOBAL, self->name.s));
	return 0;
}

TEST_F(netns, reached_by_descriptor)
{
	const char *name = self->name.s;
	pid_t child = sec_fork(serve_scope, self);
	int scope, handle, global;

	ASSERT_LT(0, child);
	close(self->pair[1]);
	scope = sec_receive_fd(self->pair[0]);
	ASSERT_LE(0, scope);
	handle = sec_receive_fd(self->pair[0]);
	ASSERT_LE(0, handle);

	EXPECT_EQ(0, id_in(self->dev, -1, 0, name));
	EXPECT_NE(0, sec_id(handle));
	EXPECT_EQ(sec_id(handle), id_in(self->dev, scope, 0, name));
	EXPECT_LT(0, names_in(self->dev, scope, 0));
	EXPECT_EQ(-EEXIST, create_in(self->dev, scope, 0, name));

	global = create_in(self->dev, scope, SECTION_CREATE_GLOBAL, name);
	EXPECT_LE(0, global);
	EXPECT_EQ(0, id_in(self->dev, -1, SECTION_OPEN_GLOBAL, name));
	ASSERT_EQ(1, write(self->pair[0], "", 1));
	EXPECT_EQ(0, sec_wait(child));

	/* The descriptor holds the namespace, the handle the name. */
	EXPECT_EQ(sec_id(handle), id_in(self->dev, scope, 0, name));
	close(handle);
	EXPECT_EQ(-ENOENT, open_in(self->dev, scope, 0, name, 0));
	close(global);
	EXPECT_EQ(0, names_in(self->dev, scope, SECTION_LIST_GLOBAL));
	close(scope);
}

static int leave_section(void *arg)
{
	FIXTURE_DATA(netns) *self = arg;
	char *view;
	int fd;

	if (unshare(CLONE_NEWNET))
		return errno == ENOSPC ? 1 : 10;
	REQUIRE(11, open_in(self->dev, -1, 0, self->name.s, 0) == -ENOENT);
	fd = create_in(self->dev, -1, 0, self->name.s);
	REQUIRE(12, fd >= 0);
	view = sec_map(fd, PROT_READ | PROT_WRITE, 0, 0, 0);
	REQUIRE(13, view != MAP_FAILED);
	memcpy(view, "survivor", 9);
	REQUIRE(14, !sec_send_fd(self->pair[1], fd));
	return 0;
}

/* Whether a namespace may be made: then the one before is gone for good. */
static int try_namespace(void *arg)
{
	FIXTURE_DATA(netns) *self = arg;

	if (unshare(CLONE_NEWNET))
		return errno == ENOSPC ? 1 : 10;
	/* It is not the old one, whatever place in memory it got. */
	REQUIRE(11, open_in(self->dev, -1, 0, self->name.s, 0) == -ENOENT);
	REQUIRE(12, names_in(self->dev, -1, 0) == 0);
	return 0;
}

static bool run_job(void *arg)
{
	FIXTURE_DATA(netns) *self = arg;

	self->report = sec_in_child(self->job, self);
	return self->report != 1;
}

/* Run a job in a child as soon as it can have a namespace. */
static int when_possible(FIXTURE_DATA(netns) *self, int (*job)(void *))
{
	self->job = job;
	return sec_eventually(run_job, self, 20) ? self->report : 1;
}

/*
 * The user namespace allows one network namespace at a time, so that a second
 * one can be made only when the first has been torn down, which happens some
 * time after its last process has left.
 */
static int outlive_child(void *arg)
{
	FIXTURE_DATA(netns) *self = arg;
	struct section_query q;
	int handle, copy, again;
	unsigned int round;
	char *view;

	REQUIRE(20, enter(self, 0));
	REQUIRE(21, !sec_write_number("/proc/sys/user/max_net_namespaces", 1));
	for (round = 0; round < 5; round++) {
		REQUIRE(22, when_possible(self, leave_section) == 0);
		handle = sec_receive_fd(self->pair[0]);
		REQUIRE(23, handle >= 0);
		view = sec_map(handle, PROT_READ, 0, 0, 0);
		REQUIRE(24, view != MAP_FAILED);

		REQUIRE(25, when_possible(self, try_namespace) == 0);

		/* All but the name is as before. */
		REQUIRE(26, !strcmp(view, "survivor"));
		REQUIRE(27, !sec_query(handle, &q));
		REQUIRE(28, q.handles == 1 && q.views == 1 &&
			q.name_len == strlen(self->name.s));
		copy = sec_duplicate(handle, SECTION_RIGHTS_MAXIMUM, 0);
		REQUIRE(29, copy >= 0);
		again = open_in(self->dev, -1, 0, self->name.s, 0);
		REQUIRE(30, again == -ENOENT);
		close(handle);
		REQUIRE(31, sec_id(copy) == q.id);
		REQUIRE(32, !munmap(view, SEC_PAGE));
		if (round % 2)
			REQUIRE(33, sec_map(copy, PROT_READ, 0, 0, 0) !=
				MAP_FAILED);
		close(copy);
	}
	return 0;
}

TEST_F_TIMEOUT(netns, outlived, 120)
{
	EXPECT_EQ(0, sec_in_child(outlive_child, self));
	/* Nothing of it reached the test's own namespace. */
	EXPECT_EQ(-ENOENT, open_in(self->dev, -1, 0, self->name.s, 0));
}

static int root_of_its_own(void *arg)
{
	FIXTURE_DATA(netns) *self = arg;
	struct section_create args = sec_create_args(self->name.s, 1);
	struct section_query q;
	int handle, again;

	REQUIRE(10, enter(self, CLONE_NEWNET));
	/* Here the mode does not bind him, the protection does. */
	args.mode = 0;
	handle = sec_create(self->dev, &args);
	REQUIRE(11, handle >= 0);
	again = sec_open(self->dev, self->name.s, SEC_RIGHTS_RW);
	REQUIRE(12, again >= 0);
	close(again);
	REQUIRE(13, sec_open(self->dev, self->name.s, SECTION_RIGHT_EXECUTE) ==
		-EACCES);
	again = sec_open(self->dev, self->name.s, SECTION_RIGHTS_MAXIMUM);
	REQUIRE(14, again >= 0 && !sec_query(again, &q));
	REQUIRE(15, q.rights == SEC_RIGHTS_RW);
	/* He is user 0 here, and nobody else. */
	REQUIRE(16, q.uid == 0 && q.gid == 0);
	close(again);

	/* Elsewhere he is nobody special. */
	REQUIRE(17, open_in(self->dev, self->net, 0, self->name.s,
			    SECTION_RIGHT_READ) == -EACCES);
	REQUIRE(18, open_in(self->dev, self->net, 0, self->name.s,
			    SECTION_RIGHTS_MAXIMUM) == -EACCES);
	return 0;
}

/* A capability counts where its user namespace owns the names. */
TEST_F(netns, capability)
{
	struct section_create args = sec_create_args(self->name.s, 1);
	int handle;

	if (!geteuid())
		SKIP(return, "root has the capability everywhere");
	args.mode = 0;
	handle = sec_create(self->dev, &args);
	ASSERT_LE(0, handle);
	EXPECT_EQ(0, sec_in_child(root_of_its_own, self));
	close(handle);
}

static int translated_child(void *arg)
{
	FIXTURE_DATA(netns) *self = arg;
	struct section_open args = sec_open_args(self->name.s, SEC_RIGHTS_R);
	struct section_query q;
	struct stat st;
	int fd;

	REQUIRE(10, enter(self, 0));
	args.owner = 0;
	fd = sec_ioctl(self->dev, SECTION_IOC_OPEN, &args);
	REQUIRE(11, fd >= 0);
	REQUIRE(12, !sec_query(fd, &q));
	REQUIRE(13, q.uid == 0 && q.gid == 0);
	REQUIRE(14, !fstat(fd, &st) && st.st_uid == 0 && st.st_gid == 0);
	return 0;
}

/* Owners are told in the caller's terms, and expected in them. */
TEST_F(netns, owner_translated)
{
	int handle = sec_create_anon(self->dev, self->name.s, 1);

	ASSERT_LE(0, handle);
	EXPECT_EQ(0, sec_in_child(translated_child, self));
	close(handle);
}

static int unmapped_child(void *arg)
{
	FIXTURE_DATA(netns) *self = arg;
	struct section_create args = sec_create_args(NULL, 1);
	struct section_query q;
	int fd;

	/* Without a map: every user is the overflow one. */
	REQUIRE(10, !unshare(CLONE_NEWUSER));
	fd = sec_open(self->dev, self->name.s, SEC_RIGHTS_R);
	REQUIRE(11, fd >= 0);
	REQUIRE(12, !sec_query(fd, &q));
	REQUIRE(13, q.uid == 65534 && q.gid == 65534);
	args.gid = self->gid;
	REQUIRE(14, sec_create(self->dev, &args) < 0);
	return 0;
}

TEST_F(netns, owner_unmapped)
{
	int handle = sec_create_anon(self->dev, self->name.s, 1);

	if (!geteuid())
		SKIP(return, "for an ordinary user");
	ASSERT_LE(0, handle);
	EXPECT_EQ(0, sec_in_child(unmapped_child, self));
	close(handle);
}

static int first_in_pid_namespace(void *arg)
{
	FIXTURE_DATA(netns) *self = arg;
	struct section_query q;
	int fd;

	/* A stranger made it. */
	fd = sec_open(self->dev, self->name.s, SEC_RIGHTS_R);
	REQUIRE(10, fd >= 0 && !sec_query(fd, &q));
	REQUIRE(11, q.creator == 0);
	fd = sec_create_anon(self->dev, NULL, 1);
	REQUIRE(12, fd >= 0 && !sec_query(fd, &q));
	REQUIRE(13, getpid() == 1 && q.creator == 1);
	REQUIRE(14, !sec_send_fd(self->pair[1], fd));
	REQUIRE(15, read(self->pair[1], &fd, 1) == 1);
	return 0;
}

static int pid_namespace(void *arg)
{
	FIXTURE_DATA(netns) *self = arg;

	REQUIRE(20, enter(self, CLONE_NEWPID));
	return sec_in_child(first_in_pid_namespace, self);
}

TEST_F(netns, creator_translated)
{
	int handle = sec_create_anon(self->dev, self->name.s, 1);
	struct section_query q;
	pid_t child;
	int fd;

	ASSERT_LE(0, handle);
	child = sec_fork(pid_namespace, self);
	ASSERT_LT(0, child);
	close(self->pair[1]);
	self->pair[1] = -1;
	fd = sec_receive_fd(self->pair[0]);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, sec_query(fd, &q));
	/* Seen from outside it has a number, and that is not 1. */
	EXPECT_LT(1, q.creator);
	EXPECT_NE((__u32)child, q.creator);
	ASSERT_EQ(1, write(self->pair[0], "", 1));
	EXPECT_EQ(0, sec_wait(child));
	close(fd);
	close(handle);
}

TEST_HARNESS_MAIN
