// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an ordinary user tries against another: root only makes them, and gives
 * a user subordinate ids as newuidmap(1) would.
 */
#include <sched.h>

#include "section_view_util.h"
#include "kselftest_harness.h"

/* Subordinate ids of bob's; nobody else has them. */
#define SUBORDINATE	200000

FIXTURE(attack)
{
	int dev;
	int pair[2];
	struct sec_name name;
	/* Of alice, made by herself. */
	int local;
	int global;
	int net;
};

FIXTURE_SETUP(attack)
{
	struct section_create args;

	ASSERT_EQ(0, geteuid());
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, self->pair));
	self->name = sec_unique();
	ASSERT_EQ(0, setegid(SEC_ALICE));
	ASSERT_EQ(0, seteuid(SEC_ALICE));
	self->local = sec_create_anon(self->dev, self->name.s, SEC_PAGE);
	ASSERT_LE(0, self->local);
	args = sec_create_args(self->name.s, SEC_PAGE);
	args.flags = SECTION_CREATE_GLOBAL;
	self->global = sec_create(self->dev, &args);
	ASSERT_LE(0, self->global);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, setegid(0));
	self->net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->net);
}

FIXTURE_TEARDOWN(attack)
{
	struct section_query q;

	ASSERT_EQ(0, sec_query(self->local, &q));
	EXPECT_EQ(1U, q.handles);
	ASSERT_EQ(0, sec_query(self->global, &q));
	EXPECT_EQ(1U, q.handles);
	close(self->local);
	close(self->global);
	close(self->net);
	close(self->dev);
}

/* Nothing of alice's is found, opened or listed, by whichever scope. */
static void expect_nothing(const FIXTURE_DATA(attack) *self, int scope)
{
	const __u32 rights[] = {
		0, SECTION_RIGHT_QUERY, SECTION_RIGHT_READ,
		SECTION_RIGHT_EXTEND, SECTION_RIGHTS_MAXIMUM,
	};
	struct section_list l;
	char room[4096];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rights); i++) {
		struct section_open args = sec_open_args(self->name.s,
							 rights[i]);
		struct section_create create;
		int fd;

		args.scope_fd = scope;
		CHILD_EXPECT(sec_ioctl(self->dev, SECTION_IOC_OPEN, &args) ==
			     -ENOENT);
		args.flags = SECTION_OPEN_GLOBAL;
		fd = sec_ioctl(self->dev, SECTION_IOC_OPEN, &args);
		CHILD_EXPECT(fd == -EACCES || fd == -ENOENT);
		/* A name of one's own is another section. */
		create = sec_create_args(self->name.s, SEC_PAGE);
		create.scope_fd = scope;
		create.flags = SECTION_CREATE_OPEN_EXISTING;
		fd = sec_create(self->dev, &create);
		CHILD_EXPECT(fd >= 0 && !create.existed);
		close(fd);
	}
	for (i = 0; i < 2; i++) {
		memset(&l, 0, sizeof(l));
		l.size = sizeof(l);
		l.flags = i ? SECTION_LIST_GLOBAL : 0;
		l.scope_fd = scope;
		l.buffer = sec_ptr(room);
		l.buffer_len = sizeof(room);
		CHILD_EXPECT(!sec_ioctl(self->dev, SECTION_IOC_LIST, &l));
		CHILD_EXPECT(!l.count && !l.needed);
	}
}

static int as_bob(void *arg)
{
	FIXTURE_DATA(attack) *self = arg;

	close(self->local);
	close(self->global);
	CHILD_EXPECT(!sec_become(SEC_BOB, SEC_BOB));
	expect_nothing(self, -1);
	expect_nothing(self, self->net);
	return 0;
}

TEST_F(attack, as_another_user)
{
	EXPECT_EQ(0, sec_in_child(as_bob, self));
}

/*
 * Bob is root of a user namespace in which he has 65536 ids, all capabilities,
 * CAP_IPC_OWNER among them, and a network namespace.  Alice's ids are not
 * among his.
 */
static int write_map(pid_t pid, const char *which, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, which);
	return sec_write_file(path, text);
}

static int as_container(void *arg)
{
	FIXTURE_DATA(attack) *self = arg;
	char byte;
	uid_t uid;

	close(self->local);
	close(self->global);
	CHILD_EXPECT(!sec_become(SEC_BOB, SEC_BOB));
	/* root, outside, has to find him writable */
	prctl(PR_SET_DUMPABLE, 1);
	CHILD_EXPECT(!unshare(CLONE_NEWUSER));
	CHILD_EXPECT(write(self->pair[1], "x", 1) == 1);
	CHILD_EXPECT(read(self->pair[1], &byte, 1) == 1);
	CHILD_EXPECT(!setresuid(0, 0, 0) && !setresgid(0, 0, 0));
	/* All capabilities here are none in alice's network namespace. */
	expect_nothing(self, -1);
	expect_nothing(self, self->net);
	CHILD_EXPECT(!unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC));
	expect_nothing(self, -1);
	expect_nothing(self, self->net);
	CHILD_EXPECT(setns(self->net, CLONE_NEWNET) == -1);
	/* As each of the others that he may be; alice is not one of them. */
	for (uid = 1; uid < 4000; uid += 333) {
		CHILD_EXPECT(!seteuid(uid));
		expect_nothing(self, self->net);
		CHILD_EXPECT(!seteuid(0));
	}
	CHILD_EXPECT(!seteuid(SEC_ALICE));
	expect_nothing(self, self->net);
	return 0;
}

TEST_F(attack, with_subordinate_ids)
{
	pid_t child = sec_fork(as_container, self);
	char byte, map[64];

	ASSERT_LT(0, child);
	ASSERT_EQ(1, read(self->pair[0], &byte, 1));
	snprintf(map, sizeof(map), "0 %d 1\n1 %d 65535", SEC_BOB, SUBORDINATE);
	EXPECT_EQ(0, write_map(child, "uid_map", map));
	EXPECT_EQ(0, write_map(child, "gid_map", map));
	ASSERT_EQ(1, write(self->pair[0], "x", 1));
	EXPECT_EQ(0, sec_wait(child));
}

/* A handle that was given away to another user is what it was. */
static int with_a_reader(void *arg)
{
	FIXTURE_DATA(attack) *self = arg;
	unsigned char *view;
	char path[64];
	int fd;

	close(self->local);
	close(self->global);
	CHILD_EXPECT(!sec_become(SEC_BOB, SEC_BOB));
	fd = sec_receive_fd(self->pair[1]);
	CHILD_EXPECT(fd >= 0);
	/* Of an anchor he makes no handle, which would keep the name. */
	CHILD_EXPECT(sec_duplicate(fd, SEC_RIGHTS_R, 0) == -EINVAL);
	CHILD_EXPECT(sec_duplicate(fd, SECTION_RIGHTS_ALL,
				   SECTION_DUPLICATE_ANCHOR) == -EACCES);
	CHILD_EXPECT(sec_duplicate(fd, SECTION_RIGHT_WRITE,
				   SECTION_DUPLICATE_ANCHOR) == -EACCES);
	CHILD_EXPECT(sec_map(fd, PROT_READ | PROT_WRITE, 0, 0, 0) ==
		     MAP_FAILED);
	view = sec_map(fd, PROT_READ, 0, 0, 0);
	CHILD_EXPECT(view != MAP_FAILED);
	CHILD_EXPECT(mprotect(view, SEC_PAGE, PROT_READ | PROT_WRITE) == -1);
	CHILD_EXPECT(fchmod(fd, 0777) == -1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHILD_EXPECT(open(path, O_RDWR) == -1);
	CHILD_EXPECT(open(path, O_RDONLY) == -1);
	expect_nothing(self, -1);
	return 0;
}

TEST_F(attack, with_a_handle_to_read)
{
	int reader = sec_duplicate(self->local, SEC_RIGHTS_R,
				   SECTION_DUPLICATE_ANCHOR);
	pid_t child = sec_fork(with_a_reader, self);

	ASSERT_LE(0, reader);
	ASSERT_LT(0, child);
	ASSERT_EQ(0, sec_send_fd(self->pair[0], reader));
	EXPECT_EQ(0, sec_wait(child));
	close(reader);
}

/* A handle is not taken out of a process of another user. */
struct thief {
	pid_t victim;
	int fd;
};

static int steal(void *arg)
{
	struct thief *thief = arg;
	char path[64];
	int pidfd;

	CHILD_EXPECT(!sec_become(SEC_BOB, SEC_BOB));
	pidfd = syscall(SYS_pidfd_open, thief->victim, 0);
	CHILD_EXPECT(pidfd >= 0);
	CHILD_EXPECT(syscall(SYS_pidfd_getfd, pidfd, thief->fd, 0) == -1);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", thief->victim,
		 thief->fd);
	CHILD_EXPECT(open(path, O_RDONLY) == -1);
	CHILD_EXPECT(open(path, O_PATH) == -1);
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", thief->victim,
		 thief->fd);
	CHILD_EXPECT(open(path, O_RDONLY) == -1);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", thief->victim);
	CHILD_EXPECT(open(path, O_RDONLY) == -1);
	return 0;
}

TEST_F(attack, out_of_a_process)
{
	struct thief thief = { .victim = getpid(), .fd = self->local };

	EXPECT_EQ(0, sec_in_child(steal, &thief));
}

/* What one user uses up, another one still has. */
static int exhaust(void *arg)
{
	FIXTURE_DATA(attack) *self = arg;
	struct sec_name name;
	int fd, made = 0;

	close(self->local);
	close(self->global);
	CHILD_EXPECT(!sec_become(SEC_BOB, SEC_BOB));
	do {
		name = sec_unique();
		fd = sec_create_flags(self->dev, name.s, SEC_PAGE,
				      SECTION_CREATE_BASED);
		made += fd >= 0;
	} while (fd >= 0 && made < 1000);
	CHILD_EXPECT(fd == -EDQUOT && made == 20);
	/* Nor by being somebody's root does he get more. */
	CHILD_EXPECT(!unshare(CLONE_NEWUSER | CLONE_NEWNET));
	CHILD_EXPECT(sec_create_anon(self->dev, NULL, 1) == -EDQUOT);
	CHILD_EXPECT(write(self->pair[1], "x", 1) == 1);
	CHILD_EXPECT(read(self->pair[1], &made, 1) == 1);
	return 0;
}

TEST_F(attack, using_up_what_there_is)
{
	const char *limit = SEC_PARAMETERS "/max_user_sections";
	long usual = sec_read_number(limit);
	pid_t child;
	char byte;
	int fd;

	ASSERT_EQ(0, sec_write_number(limit, 20));
	child = sec_fork(exhaust, self);
	close(self->pair[1]);
	EXPECT_EQ(1, read(self->pair[0], &byte, 1));
	fd = sec_create_flags(self->dev, sec_unique().s, SEC_PAGE,
			      SECTION_CREATE_BASED);
	EXPECT_LE(0, fd);
	close(fd);
	EXPECT_EQ(1, write(self->pair[0], "x", 1));
	EXPECT_EQ(0, sec_wait(child));
	EXPECT_EQ(0, sec_write_number(limit, usual));
}

TEST_HARNESS_MAIN
