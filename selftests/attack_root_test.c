// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an ordinary user tries against another: root only makes them, and gives
 * a user subordinate ids as newuidmap(1) would.
 */
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

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

/*
 * Nothing of alice's is found, opened or listed, by whichever scope.  That her
 * global name exists is no secret where it does.
 */
static void expect_nothing(const FIXTURE_DATA(attack) *self, int scope,
			   int global)
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
		CHILD_EXPECT(fd == global);
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
	expect_nothing(self, -1, -EACCES);
	expect_nothing(self, self->net, -EACCES);
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
	expect_nothing(self, -1, -EACCES);
	expect_nothing(self, self->net, -EACCES);
	CHILD_EXPECT(!unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC));
	expect_nothing(self, -1, -ENOENT);
	expect_nothing(self, self->net, -EACCES);
	/* To come back takes capabilities where he came from. */
	CHILD_EXPECT(setns(self->net, CLONE_NEWNET) == -1 && errno == EPERM);
	/* As each of the others that he may be; alice is not one of them. */
	for (uid = 1; uid < 4000; uid += 333) {
		CHILD_EXPECT(!seteuid(uid));
		expect_nothing(self, self->net, -EACCES);
		CHILD_EXPECT(!seteuid(0));
	}
	CHILD_EXPECT(!seteuid(SEC_ALICE));
	expect_nothing(self, self->net, -EACCES);
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
		     MAP_FAILED && errno == EACCES);
	view = sec_map(fd, PROT_READ, 0, 0, 0);
	CHILD_EXPECT(view != MAP_FAILED);
	CHILD_EXPECT(mprotect(view, SEC_PAGE, PROT_READ | PROT_WRITE) == -1 &&
		     errno == EACCES);
	/* The mount is read-only, before anybody asks whose inode it is. */
	CHILD_EXPECT(fchmod(fd, 0777) == -1 && errno == EROFS);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	/* Its mode is 0600; alice would be told that it cannot be opened. */
	CHILD_EXPECT(open(path, O_RDWR) == -1 && errno == EACCES);
	CHILD_EXPECT(open(path, O_RDONLY) == -1 && errno == EACCES);
	expect_nothing(self, -1, -EACCES);
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
	/* Who may not trace a process gets nothing of it. */
	CHILD_EXPECT(syscall(SYS_pidfd_getfd, pidfd, thief->fd, 0) == -1 &&
		     errno == EPERM);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", thief->victim,
		 thief->fd);
	CHILD_EXPECT(open(path, O_RDONLY) == -1 && errno == EACCES);
	CHILD_EXPECT(open(path, O_PATH) == -1 && errno == EACCES);
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", thief->victim,
		 thief->fd);
	CHILD_EXPECT(open(path, O_RDONLY) == -1 && errno == EACCES);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", thief->victim);
	CHILD_EXPECT(open(path, O_RDONLY) == -1 && errno == EACCES);
	return 0;
}

/* The same ways, of one's own process; what is not there is not found. */
static int steal_ones_own(void *arg)
{
	const FIXTURE_DATA(attack) *self = arg;
	char path[64];
	int pidfd;

	CHILD_EXPECT(!sec_become(SEC_BOB, SEC_BOB));
	prctl(PR_SET_DUMPABLE, 1);
	pidfd = syscall(SYS_pidfd_open, getpid(), 0);
	CHILD_EXPECT(pidfd >= 0);
	CHILD_EXPECT(syscall(SYS_pidfd_getfd, pidfd, self->local, 0) >= 0);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), self->local);
	CHILD_EXPECT(open(path, O_PATH) >= 0);
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", getpid(),
		 self->local);
	CHILD_EXPECT(open(path, O_RDONLY) >= 0);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", getpid());
	CHILD_EXPECT(open(path, O_RDONLY) >= 0);
	return 0;
}

TEST_F(attack, out_of_a_process)
{
	struct thief thief = { .victim = getpid(), .fd = self->local };

	EXPECT_EQ(0, sec_in_child(steal, &thief));
	EXPECT_EQ(0, sec_in_child(steal_ones_own, self));
}

/*
 * What one user uses up, another one still has.  Root waits until bob has it
 * all, sees to it that alice can work, and again when bob has given it back.
 */
#define ENOUGH		20
/* Where the kernel chooses bases, base.c. */
#define BASES		0x300000000000ULL

static bool meet(int sock)
{
	char byte = 0;

	return write(sock, &byte, 1) == 1 && read(sock, &byte, 1) == 1;
}

/* As many sections as bob may have: how many, and the error that ended it. */
static int use_up(int dev, int *fds, int room, bool named)
{
	struct sec_name name;
	int made = 0, fd;

	do {
		name = sec_unique();
		fd = sec_create_flags(dev, named ? name.s : NULL, SEC_PAGE,
				      named ? SECTION_CREATE_BASED : 0);
		if (fd >= 0)
			fds[made++] = fd;
	} while (fd >= 0 && made < room);
	CHILD_EXPECT(fd == -EDQUOT);
	return made;
}

static void close_all(const int *fds, int count)
{
	while (count--)
		close(fds[count]);
}

/* All that others need a section for. */
static void expect_work(struct __test_metadata *_metadata, int dev)
{
	struct sec_name name = sec_unique();
	struct section_list l;
	int handle, fd;
	char *view;

	ASSERT_EQ(0, setegid(SEC_ALICE));
	ASSERT_EQ(0, seteuid(SEC_ALICE));
	handle = sec_create_flags(dev, name.s, 4 * SEC_PAGE,
				  SECTION_CREATE_BASED |
				  SECTION_CREATE_RESERVE);
	EXPECT_LE(0, handle);
	EXPECT_EQ(0, sec_commit(handle, 0, 1, 0));
	EXPECT_EQ(0, sec_commit(handle, 2 * SEC_PAGE, 1, 0));
	view = sec_map(handle, PROT_READ | PROT_WRITE, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, poke(view + 2 * SEC_PAGE, 'a'));
	fd = sec_open(dev, name.s, SEC_RIGHTS_R);
	EXPECT_LE(0, fd);
	EXPECT_EQ(0, sec_list(dev, 0, NULL, 0, &l));
	EXPECT_LT(0, l.needed);
	EXPECT_EQ(0, munmap(view, 4 * SEC_PAGE));
	close(fd);
	close(handle);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, setegid(0));
}

static int bob_without_hers(FIXTURE_DATA(attack) *self)
{
	close(self->local);
	close(self->global);
	CHILD_EXPECT(!sec_become(SEC_BOB, SEC_BOB));
	return 0;
}

static int exhaust(void *arg)
{
	FIXTURE_DATA(attack) *self = arg;
	int fds[ENOUGH + 1], round;

	bob_without_hers(self);
	/* With names and bases, without, and with them again. */
	for (round = 0; round < 3; round++) {
		CHILD_EXPECT(use_up(self->dev, fds, ENOUGH + 1,
				    round != 1) == ENOUGH);
		CHILD_EXPECT(meet(self->pair[1]));
		close_all(fds, ENOUGH);
		CHILD_EXPECT(meet(self->pair[1]));
	}
	/* Nor by being somebody's root does he get more. */
	CHILD_EXPECT(use_up(self->dev, fds, ENOUGH + 1, true) == ENOUGH);
	CHILD_EXPECT(!unshare(CLONE_NEWUSER | CLONE_NEWNET));
	CHILD_EXPECT(sec_create_anon(self->dev, NULL, 1) == -EDQUOT);
	CHILD_EXPECT(meet(self->pair[1]));
	return 0;
}

/* Each time that bob has done something; until he ends. */
static void work_beside(struct __test_metadata *_metadata,
			FIXTURE_DATA(attack) *self, int (*bob)(void *))
{
	pid_t child = sec_fork(bob, self);
	int times = 0;
	char byte;

	ASSERT_LT(0, child);
	close(self->pair[1]);
	while (read(self->pair[0], &byte, 1) == 1) {
		times++;
		expect_work(_metadata, self->dev);
		ASSERT_EQ(1, write(self->pair[0], "x", 1));
	}
	EXPECT_EQ(0, sec_wait(child));
	EXPECT_LT(0, times);
}

/* And he cannot have more than ENOUGH of what that parameter limits. */
static void work_within(struct __test_metadata *_metadata,
			FIXTURE_DATA(attack) *self, const char *limit,
			int (*bob)(void *))
{
	long usual = sec_read_number(limit);

	ASSERT_EQ(0, sec_write_number(limit, ENOUGH));
	work_beside(_metadata, self, bob);
	EXPECT_EQ(0, sec_write_number(limit, usual));
}

TEST_F(attack, using_up_what_there_is)
{
	work_within(_metadata, self, SEC_PARAMETERS "/max_user_sections",
		    exhaust);
}

/*
 * The addresses for bases are each user's own: whoever has taken all of them,
 * down to the smallest unit, has taken them from himself.
 */
static int exhaust_bases(void *arg)
{
	FIXTURE_DATA(attack) *self = arg;
	int fds[256], round, made, fd, keep;
	__u64 bytes, taken;

	bob_without_hers(self);
	/* As long as he has any, each is given back by itself. */
	keep = sec_create_anon(self->dev, NULL, 1);
	CHILD_EXPECT(keep >= 0);
	for (round = 0; round < 2; round++) {
		made = 0;
		taken = 0;
		for (bytes = 1ULL << 44; bytes >= 1 << 16; bytes /= 2) {
			while ((fd = sec_create_flags(self->dev, NULL, bytes,
						      SECTION_CREATE_BASED |
						      SECTION_CREATE_RESERVE))
			       >= 0) {
				CHILD_EXPECT(made < 256);
				fds[made++] = fd;
				taken += bytes;
			}
			CHILD_EXPECT(fd == -ENOMEM);
		}
		CHILD_EXPECT(taken == BASES);
		/* Of any size, and he has sections without a base all the same. */
		CHILD_EXPECT(sec_create_flags(self->dev, NULL, 1,
					      SECTION_CREATE_BASED) == -ENOMEM);
		fd = sec_create_anon(self->dev, NULL, 1);
		CHILD_EXPECT(fd >= 0);
		close(fd);
		CHILD_EXPECT(meet(self->pair[1]));
		close_all(fds, made);
		CHILD_EXPECT(meet(self->pair[1]));
	}
	close(keep);
	return 0;
}

TEST_F(attack, using_up_bases)
{
	work_beside(_metadata, self, exhaust_bases);
}

/* Committed ranges, in as many sections as it takes. */
static int exhaust_ranges(void *arg)
{
	FIXTURE_DATA(attack) *self = arg;
	int fds[2], round, made, err, keep;

	bob_without_hers(self);
	keep = sec_create_anon(self->dev, NULL, 1);
	CHILD_EXPECT(keep >= 0);
	for (round = 0; round < 2; round++) {
		for (made = 0; made < 2; made++)
			fds[made] = sec_create_flags(self->dev, NULL,
						     1024 * SEC_PAGE,
						     SECTION_CREATE_RESERVE);
		made = 0;
		do {
			err = sec_commit(fds[made % 2], made / 2 * 2 * SEC_PAGE,
					 1, 0);
			made += !err;
		} while (!err && made < 1000);
		CHILD_EXPECT(err == -EDQUOT && made == ENOUGH);
		CHILD_EXPECT(meet(self->pair[1]));
		close_all(fds, 2);
		CHILD_EXPECT(meet(self->pair[1]));
	}
	close(keep);
	return 0;
}

TEST_F(attack, using_up_ranges)
{
	work_within(_metadata, self, SEC_PARAMETERS "/max_user_commit_ranges",
		    exhaust_ranges);
}

/*
 * Names are limited for each network namespace: who makes another one uses up
 * none of his neighbours', and numbers of sections never end.
 */
static int exhaust_names(void *arg)
{
	FIXTURE_DATA(attack) *self = arg;
	int fds[ENOUGH + 1], round;
	__u64 last = 0;

	bob_without_hers(self);
	CHILD_EXPECT(!unshare(CLONE_NEWUSER | CLONE_NEWNET));
	for (round = 0; round < 50; round++) {
		CHILD_EXPECT(use_up(self->dev, fds, ENOUGH + 1, true) ==
			     ENOUGH);
		CHILD_EXPECT(sec_id(fds[0]) > last);
		last = sec_id(fds[ENOUGH - 1]);
		if (round % 10 == 0)
			CHILD_EXPECT(meet(self->pair[1]));
		close_all(fds, ENOUGH);
	}
	return 0;
}

TEST_F(attack, using_up_names)
{
	work_within(_metadata, self, SEC_PARAMETERS "/max_names",
		    exhaust_names);
}

/*
 * A file system that root has mounted so that nothing of it is executed.  In a
 * mount namespace of his own bob can do to his mounts what he likes, but what a
 * copied mount had of restrictions is locked.
 */
#define NOEXEC_DIR	"/tmp/attack-noexec"

static int own_namespaces(int namespaces)
{
	char map[32];
	int err;

	/* He has to be found writable by himself. */
	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(namespaces))
		return -errno;
	snprintf(map, sizeof(map), "0 %d 1", SEC_BOB);
	err = sec_write_file("/proc/self/setgroups", "deny");
	if (!err)
		err = sec_write_file("/proc/self/uid_map", map);
	return err ?: sec_write_file("/proc/self/gid_map", map);
}

static int clear_noexec(const char *dir)
{
	struct mount_attr attr = { .attr_clr = MOUNT_ATTR_NOEXEC };

	return syscall(SYS_mount_setattr, AT_FDCWD, dir, 0, &attr,
		       sizeof(attr)) ? -errno : 0;
}

static int remount_exec(const char *dir)
{
	return mount(NULL, dir, NULL, MS_REMOUNT | MS_BIND, NULL) ? -errno : 0;
}

static int execute_of(int dev, const char *dir)
{
	int file = unnamed_file(dir), handle;

	CHILD_EXPECT(file >= 0 && fill_page(file, 0, 'x'));
	handle = sec_create_file(dev, NULL, file, 0, SEC_PROT_RX);
	close(file);
	if (handle < 0)
		return handle;
	CHILD_EXPECT(sec_map(handle, PROT_READ | PROT_EXEC, 0, 0, 0) !=
		     MAP_FAILED);
	close(handle);
	return 0;
}

static int noexec_attack(void *arg)
{
	FIXTURE_DATA(attack) *self = arg;
	/* Made while it could not be executed, also by another way. */
	int file, early, tree;

	bob_without_hers(self);
	file = unnamed_file(NOEXEC_DIR);
	CHILD_EXPECT(file >= 0 && fill_page(file, 0, 'x'));
	early = sec_create_file(self->dev, NULL, file, 0, SECTION_PROT_READ);
	CHILD_EXPECT(early >= 0);
	CHILD_EXPECT(execute_of(self->dev, NOEXEC_DIR) == -EPERM);
	CHILD_EXPECT(clear_noexec(NOEXEC_DIR) == -EPERM);
	CHILD_EXPECT(remount_exec(NOEXEC_DIR) == -EPERM);
	CHILD_EXPECT(!own_namespaces(CLONE_NEWUSER | CLONE_NEWNS |
				     CLONE_NEWNET | CLONE_NEWIPC));
	CHILD_EXPECT(clear_noexec(NOEXEC_DIR) == -EPERM);
	CHILD_EXPECT(remount_exec(NOEXEC_DIR) == -EPERM);
	tree = syscall(SYS_open_tree, AT_FDCWD, NOEXEC_DIR, OPEN_TREE_CLONE);
	CHILD_EXPECT(tree >= 0);
	CHILD_EXPECT(!mount(NOEXEC_DIR, "/mnt", NULL, MS_BIND, NULL));
	CHILD_EXPECT(clear_noexec("/mnt") == -EPERM);
	CHILD_EXPECT(remount_exec("/mnt") == -EPERM);
	CHILD_EXPECT(execute_of(self->dev, NOEXEC_DIR) == -EPERM);
	CHILD_EXPECT(execute_of(self->dev, "/mnt") == -EPERM);
	CHILD_EXPECT(sec_create_file(self->dev, NULL, file, 0, SEC_PROT_RX) ==
		     -EPERM);
	CHILD_EXPECT(!syscall(SYS_move_mount, tree, "", AT_FDCWD, "/tmp",
			      MOVE_MOUNT_F_EMPTY_PATH));
	CHILD_EXPECT(clear_noexec("/tmp") == -EPERM);
	CHILD_EXPECT(execute_of(self->dev, "/tmp") == -EPERM);
	/* A file system of his own he may execute, once its mount lets him. */
	CHILD_EXPECT(!mount("none", "/mnt", "tmpfs", MS_NOEXEC, NULL));
	CHILD_EXPECT(execute_of(self->dev, "/mnt") == -EPERM);
	CHILD_EXPECT(!clear_noexec("/mnt"));
	CHILD_EXPECT(!execute_of(self->dev, "/mnt"));
	/* None of it makes a section more than it was. */
	CHILD_EXPECT(sec_map(early, PROT_READ | PROT_EXEC, SECTION_MAP_PRIVATE,
			     0, 0) == MAP_FAILED && errno == EACCES);
	CHILD_EXPECT(sec_duplicate(early, SEC_RIGHTS_RX, 0) == -EACCES);
	return 0;
}

TEST_F(attack, noexec_in_a_container)
{
	mkdir(NOEXEC_DIR, 0777);
	ASSERT_EQ(0, mount("none", NOEXEC_DIR, "tmpfs", MS_NOEXEC,
			   "mode=0777"));
	EXPECT_EQ(0, sec_in_child(noexec_attack, self));
	/* Root may, and then bob does not have to ask. */
	EXPECT_EQ(0, clear_noexec(NOEXEC_DIR));
	EXPECT_EQ(0, execute_of(self->dev, NOEXEC_DIR));
	EXPECT_EQ(0, umount2(NOEXEC_DIR, MNT_DETACH));
	EXPECT_EQ(0, rmdir(NOEXEC_DIR));
}

/*
 * Whoever is killed in the middle of a long call does not finish what he asked
 * for.  When he is in the middle of it cannot be known, so it is tried until it
 * was; what is measured is only for a good guess.
 */
struct victim {
	int dev;
	int handle;
	atomic_bool begun;
	atomic_bool done;
	struct section_list list;
};

static long microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

/* Kills him a time after he has begun; false if that does not kill. */
static bool kill_after(struct victim *victim, int (*call)(void *), long after)
{
	pid_t child;

	atomic_store(&victim->begun, false);
	atomic_store(&victim->done, false);
	child = sec_fork(call, victim);
	while (child > 0 && !atomic_load(&victim->begun))
		sched_yield();
	usleep(after);
	kill(child, SIGKILL);
	return sec_wait(child) == -SIGKILL;
}

static int list_names(void *arg)
{
	struct victim *victim = arg;

	CHILD_EXPECT(!sec_become(SEC_ALICE, SEC_ALICE));
	atomic_store(&victim->begun, true);
	CHILD_EXPECT(!sec_ioctl(victim->dev, SECTION_IOC_LIST, &victim->list));
	atomic_store(&victim->done, true);
	pause();
	return 1;
}

/* Holds so many names until he is told to go. */
struct holder {
	int dev;
	int count;
	int sock;
};

static int hold_names(void *arg)
{
	const struct holder *holder = arg;
	int i;

	CHILD_EXPECT(!sec_become(SEC_ALICE, SEC_ALICE));
	for (i = 0; i < holder->count; i++)
		CHILD_EXPECT(sec_create_anon(holder->dev, sec_unique().s, 1) >=
			     0);
	CHILD_EXPECT(meet(holder->sock));
	return 0;
}

TEST_F_TIMEOUT(attack, killed_while_listing, 240)
{
	struct holder holder = {
		.dev = self->dev,
		/* Between two rests are 256 of them. */
		.count = 4000 + sec_rounds(16000),
		.sock = self->pair[1],
	};
	const struct rlimit files = { holder.count + 64, holder.count + 64 };
	struct victim *victim = shared_page();
	int round, inside = 0, tries = 100;
	struct section_list l;
	pid_t child;
	long took;
	char byte;

	ASSERT_NE(NULL, victim);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	child = sec_fork(hold_names, &holder);
	close(self->pair[1]);
	ASSERT_EQ(1, read(self->pair[0], &byte, 1));
	ASSERT_EQ(0, sec_list(self->dev, 0, NULL, 0, &l));
	took = microseconds();
	ASSERT_EQ(0, sec_list(self->dev, 0, NULL, 0, &l));
	took = microseconds() - took;
	ASSERT_LT(holder.count * sizeof(struct section_list_entry), l.needed);
	victim->dev = self->dev;
	for (round = 0; round < tries && inside < 3; round++) {
		memset(&victim->list, 0, sizeof(victim->list));
		victim->list.size = sizeof(victim->list);
		victim->list.scope_fd = -1;
		EXPECT_TRUE(kill_after(victim, list_names, took / 4));
		/* What is written at the end was not written. */
		if (!victim->list.needed)
			inside++;
		else
			EXPECT_EQ(l.needed, victim->list.needed);
	}
	TH_LOG("%d names in %ld us; killed %d times, %d times in the middle",
	       holder.count, took, round, inside);
	EXPECT_EQ(3, inside);
	EXPECT_EQ(1, write(self->pair[0], "x", 1));
	EXPECT_EQ(0, sec_wait(child));
}

static int decommit(void *arg)
{
	struct victim *victim = arg;

	CHILD_EXPECT(!sec_become(SEC_ALICE, SEC_ALICE));
	atomic_store(&victim->begun, true);
	CHILD_EXPECT(!sec_commit(victim->handle, 0, 0,
				 SECTION_COMMIT_DECOMMIT));
	atomic_store(&victim->done, true);
	pause();
	return 1;
}

/* All of it committed and got; or none of it, and nothing is kept. */
static void expect_committed(struct __test_metadata *_metadata, int handle,
			     size_t bytes)
{
	struct section_query q;

	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(bytes, q.committed);
	EXPECT_EQ(bytes, q.resident);
}

/*
 * A decommit is one step, also for who dies of it: it was done, with all of the
 * memory gone, or was not, and whoever comes next can commit again.
 */
TEST_F_TIMEOUT(attack, killed_while_decommitting, 240)
{
	const size_t bytes = 32 << 20;
	struct victim *victim = shared_page();
	int round, inside = 0, tries = 60;
	struct section_query q;
	long took = 0;
	char *view;

	ASSERT_NE(NULL, victim);
	victim->handle = sec_create_flags(self->dev, NULL, bytes,
					  SECTION_CREATE_RESERVE);
	ASSERT_LE(0, victim->handle);
	view = sec_map(victim->handle, PROT_READ | PROT_WRITE, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	for (round = 0; round < tries && inside < 3; round++) {
		ASSERT_EQ(0, sec_commit(victim->handle, 0, 0, 0));
		EXPECT_TRUE(sec_all_bytes(view, 0, SEC_PAGE));
		ASSERT_EQ(0, madvise(view, bytes, MADV_POPULATE_WRITE));
		memset(view, 'x', SEC_PAGE);
		expect_committed(_metadata, victim->handle, bytes);
		if (!round) {
			took = microseconds();
			ASSERT_EQ(0, sec_commit(victim->handle, 0, 0,
						SECTION_COMMIT_DECOMMIT));
			took = microseconds() - took;
			expect_committed(_metadata, victim->handle, 0);
			continue;
		}
		EXPECT_TRUE(kill_after(victim, decommit, took / 4));
		ASSERT_EQ(0, sec_query(victim->handle, &q));
		if (!q.committed && !atomic_load(&victim->done))
			inside++;
		if (q.committed) {
			EXPECT_FALSE(atomic_load(&victim->done));
			EXPECT_TRUE(sec_all_bytes(view, 'x', SEC_PAGE));
			expect_committed(_metadata, victim->handle, bytes);
			ASSERT_EQ(0, sec_commit(victim->handle, 0, 0,
						SECTION_COMMIT_DECOMMIT));
		}
		expect_committed(_metadata, victim->handle, 0);
	}
	TH_LOG("%zu bytes in %ld us; killed %d times, %d times in the middle",
	       bytes, took, round - 1, inside);
	EXPECT_EQ(3, inside);
	EXPECT_EQ(0, munmap(view, bytes));
	close(victim->handle);
}

TEST_HARNESS_MAIN
