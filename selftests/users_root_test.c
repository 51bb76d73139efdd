// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several users: what root, alice and bob can do to each other's sections.
 *
 * Where it is only a matter of credentials the test changes its own effective
 * ones, as a set-user-ID program would; a real second process is used where it
 * has to die or to be given something.
 */
#include <linux/capability.h>
#include <sys/syscall.h>

#include "section_util.h"
#include "kselftest_harness.h"

/* A group that alice and bob may have in common. */
#define SHARED	5000

/* A third user, who has nothing in common with anybody. */
#define CAROL	1002

#define BUFFER_LEN	65536

FIXTURE(users)
{
	int dev;
	struct sec_name name;
	char *buffer;
};

static void become_root(void)
{
	if (seteuid(0) || setegid(0) || setgroups(0, NULL))
		abort();
}

/* With a supplementary group, or 0 for none. */
static void become(uid_t uid, gid_t group)
{
	become_root();
	if (setgroups(group ? 1 : 0, &group) || setegid(uid) || seteuid(uid))
		abort();
}

FIXTURE_SETUP(users)
{
	ASSERT_EQ(0, geteuid()) {
		TH_LOG("this test needs root");
	}
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->name = sec_unique();
	self->buffer = malloc(BUFFER_LEN);
	ASSERT_NE(NULL, self->buffer);
}

FIXTURE_TEARDOWN(users)
{
	become_root();
	free(self->buffer);
	close(self->dev);
}

static int create_global(int dev, const char *name, __u32 mode, __u32 gid)
{
	struct section_create args = sec_create_args(name, 1);

	args.flags = SECTION_CREATE_GLOBAL;
	args.prot = SEC_PROT_RWX;
	args.mode = mode;
	args.gid = gid;
	return sec_create(dev, &args);
}

/* The rights that MAXIMUM gives, or the error. */
static int maximum(int dev, const char *name)
{
	int fd = sec_open_global(dev, name, SECTION_RIGHTS_MAXIMUM);
	struct section_query q;
	int rights;

	if (fd < 0)
		return fd;
	/* Without the right to ask, it is found out by asking for each. */
	if (!sec_query(fd, &q)) {
		rights = q.rights;
	} else {
		__u32 right;

		rights = 0;
		for (right = 1; right <= SECTION_RIGHT_EXTEND; right <<= 1) {
			int copy = sec_duplicate(fd, right, 0);

			if (copy < 0)
				continue;
			rights |= right;
			close(copy);
		}
	}
	close(fd);
	return rights;
}

TEST_F(users, local_names_are_separate)
{
	const uid_t uids[] = { 0, SEC_ALICE, SEC_BOB };
	int handles[ARRAY_SIZE(uids)];
	__u64 ids[ARRAY_SIZE(uids)];
	struct section_query q;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(uids); i++) {
		become(uids[i], 0);
		EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s, 0));
		handles[i] = sec_create_anon(self->dev, self->name.s, 1);
		ASSERT_LE(0, handles[i]);
		ASSERT_EQ(0, sec_query(handles[i], &q));
		EXPECT_EQ(uids[i], q.uid);
		EXPECT_EQ(uids[i], q.gid);
		ids[i] = q.id;
		for (j = 0; j < i; j++)
			EXPECT_NE(ids[j], ids[i]);
	}
	for (i = 0; i < ARRAY_SIZE(uids); i++) {
		int fd;

		become(uids[i], 0);
		fd = sec_open(self->dev, self->name.s, SEC_RIGHTS_R);
		ASSERT_LE(0, fd);
		EXPECT_EQ(ids[i], sec_id(fd));
		close(fd);
	}
	/* When one goes, the others stay. */
	close(handles[1]);
	for (i = 0; i < ARRAY_SIZE(uids); i++) {
		int fd;

		become(uids[i], 0);
		fd = sec_open(self->dev, self->name.s, 0);
		EXPECT_EQ(i == 1, fd == -ENOENT);
		close(fd);
	}
	close(handles[0]);
	close(handles[2]);
}

static __u32 rights_of_mode(__u32 bits)
{
	__u32 rights = 0;

	if (bits & 4)
		rights |= SECTION_RIGHT_QUERY | SECTION_RIGHT_READ;
	if (bits & 2)
		rights |= SECTION_RIGHT_WRITE | SECTION_RIGHT_EXTEND;
	if (bits & 1)
		rights |= SECTION_RIGHT_EXECUTE;
	return rights;
}

/* Only the owner may extend a section: that leads to all of its file. */
static __u32 rights_of_others(__u32 bits)
{
	return rights_of_mode(bits) & ~SECTION_RIGHT_EXTEND;
}

/* The caller may have exactly these rights to the global name. */
static void check_rights(struct __test_metadata *_metadata, int dev,
			 const char *name, __u32 granted)
{
	__u32 right;

	EXPECT_EQ(granted ? (int)granted : -EACCES, maximum(dev, name));
	for (right = 1; right <= SECTION_RIGHT_EXTEND; right <<= 1) {
		int fd = sec_open_global(dev, name, right);

		if (granted & right) {
			EXPECT_LE(0, fd) {
				TH_LOG("right %x of %x", right, granted);
			}
		} else {
			EXPECT_EQ(-EACCES, fd) {
				TH_LOG("right %x of %x", right, granted);
			}
		}
		if (fd >= 0)
			close(fd);
	}
	if (granted != SECTION_RIGHTS_ALL)
		EXPECT_EQ(-EACCES, sec_open_global(dev, name,
						   SECTION_RIGHTS_ALL));
}

/* Each of the nine bits, alone and with others, as each class of users. */
TEST_F_TIMEOUT(users, modes, 120)
{
	__u32 mode;

	for (mode = 0; mode <= 0777; mode++) {
		int handle;

		/* All 512 are many; these have every pair of digits. */
		if (mode % 3 && mode % 11)
			continue;
		become(SEC_ALICE, SHARED);
		handle = create_global(self->dev, self->name.s, mode, SHARED);
		ASSERT_LE(0, handle);
		check_rights(_metadata, self->dev, self->name.s,
			     rights_of_mode(mode >> 6));
		become(SEC_BOB, SHARED);
		check_rights(_metadata, self->dev, self->name.s,
			     rights_of_others(mode >> 3));
		become(CAROL, 0);
		check_rights(_metadata, self->dev, self->name.s,
			     rights_of_others(mode));
		/* Also by his primary group one belongs to the group. */
		become_root();
		ASSERT_EQ(0, setegid(SHARED));
		ASSERT_EQ(0, seteuid(CAROL));
		check_rights(_metadata, self->dev, self->name.s,
			     rights_of_others(mode >> 3));
		/* Who may override the mode gets what the protection allows. */
		become_root();
		check_rights(_metadata, self->dev, self->name.s,
			     SECTION_RIGHTS_ALL);
		ASSERT_EQ(0, close(handle)) {
			TH_LOG("mode %o", mode);
		}
	}
}

/* What the section cannot do, no mode and no capability grants. */
TEST_F(users, protection_binds_everybody)
{
	struct section_create args = sec_create_args(self->name.s, 1);
	const struct {
		__u32 prot;
		__u32 granted;
	} sections[] = {
		{ SECTION_PROT_READ, SEC_RIGHTS_R },
		{ SEC_PROT_RW, SEC_RIGHTS_RW },
		{ SEC_PROT_RX, SEC_RIGHTS_RX },
	};
	size_t i;

	args.flags = SECTION_CREATE_GLOBAL;
	for (i = 0; i < ARRAY_SIZE(sections); i++) {
		int handle;

		become(SEC_ALICE, 0);
		args.prot = sections[i].prot;
		args.mode = 0777;
		handle = sec_create(self->dev, &args);
		ASSERT_LE(0, handle);
		become(SEC_BOB, 0);
		check_rights(_metadata, self->dev, self->name.s,
			     sections[i].granted & ~SECTION_RIGHT_EXTEND);
		become_root();
		check_rights(_metadata, self->dev, self->name.s,
			     sections[i].granted);
		close(handle);

		become(SEC_ALICE, 0);
		args.mode = 0;
		handle = sec_create(self->dev, &args);
		ASSERT_LE(0, handle);
		become_root();
		check_rights(_metadata, self->dev, self->name.s,
			     sections[i].granted);
		close(handle);
	}
}

/* Have only these of root's effective capabilities. */
static int set_capabilities(__u64 mask)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -errno;
	data[0].effective = data[0].permitted & (__u32)mask;
	data[1].effective = data[1].permitted & (__u32)(mask >> 32);
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

/* It is one capability that overrides the mode, and neither user 0 nor all. */
TEST_F(users, capability)
{
	const __u64 one = 1ULL << CAP_IPC_OWNER;
	struct section_list l;
	int handle, local;

	become(SEC_ALICE, 0);
	handle = create_global(self->dev, self->name.s, 0,
			       SECTION_CALLER_GROUP);
	ASSERT_LE(0, handle);
	local = sec_create_anon(self->dev, self->name.s, 1);
	ASSERT_LE(0, local);
	become_root();

	ASSERT_EQ(0, set_capabilities(~one));
	check_rights(_metadata, self->dev, self->name.s, 0);
	ASSERT_EQ(0, sec_list(self->dev, SECTION_LIST_GLOBAL, self->buffer,
			      BUFFER_LEN, &l));
	EXPECT_EQ(0, l.needed);
	ASSERT_EQ(0, sec_list(self->dev, 0, self->buffer, BUFFER_LEN, &l));
	EXPECT_EQ(0, l.needed);

	ASSERT_EQ(0, set_capabilities(one));
	check_rights(_metadata, self->dev, self->name.s, SECTION_RIGHTS_ALL);
	ASSERT_EQ(0, sec_list(self->dev, SECTION_LIST_GLOBAL, self->buffer,
			      BUFFER_LEN, &l));
	EXPECT_EQ(1, l.count);
	ASSERT_EQ(0, sec_list(self->dev, 0, self->buffer, BUFFER_LEN, &l));
	EXPECT_EQ(1, l.count);
	/* Listed, but each user's names stay his own. */
	EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s, 0));

	ASSERT_EQ(0, set_capabilities(~0ULL));
	close(local);
	close(handle);
}

/* A reader's views are a reader's, in whatever way he asks. */
TEST_F(users, reader_cannot_write)
{
	int handle, fd;
	char *view;

	become(SEC_ALICE, 0);
	handle = create_global(self->dev, self->name.s, 0644,
			       SECTION_CALLER_GROUP);
	ASSERT_LE(0, handle);
	become(SEC_BOB, 0);
	fd = sec_open_global(self->dev, self->name.s, SECTION_RIGHTS_MAXIMUM);
	ASSERT_LE(0, fd);
	EXPECT_EQ(MAP_FAILED, sec_map(fd, PROT_READ | PROT_WRITE, 0, 0, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MAP_FAILED, sec_mmap(fd, PROT_WRITE, MAP_SHARED, 0, SEC_PAGE));
	EXPECT_EQ(EACCES, errno);
	view = sec_map(fd, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(-1, mprotect(view, SEC_PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(view, SEC_PAGE, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(SIGSEGV, touch_write(view));
	EXPECT_EQ(-EACCES, sec_duplicate(fd, SECTION_RIGHT_WRITE, 0));
	ASSERT_EQ(0, munmap(view, SEC_PAGE));

	/* Nor does it help to ask for the section once more. */
	EXPECT_EQ(-EEXIST, create_global(self->dev, self->name.s, 0666,
					 SECTION_CALLER_GROUP));
	close(fd);
	close(handle);
}

/* What the mode hides from a user, no list tells him. */
TEST_F(users, list)
{
	const struct {
		__u32 mode;
		bool global;
		uid_t uid;
		gid_t group;
		bool listed;
	} cases[] = {
		{ 0600, true, SEC_BOB, 0, false },
		{ 0600, true, SEC_BOB, SHARED, false },
		{ 0600, true, SEC_ALICE, 0, true },
		{ 0600, true, 0, 0, true },
		{ 0640, true, SEC_BOB, 0, false },
		{ 0640, true, SEC_BOB, SHARED, true },
		{ 0604, true, SEC_BOB, SHARED, false },
		{ 0604, true, SEC_BOB, 0, true },
		{ 0633, true, SEC_BOB, 0, false },
		{ 0633, true, SEC_BOB, SHARED, false },
		{ 0044, true, SEC_ALICE, 0, false },
		{ 0000, true, 0, 0, true },
		{ 0666, false, SEC_BOB, SHARED, false },
		{ 0666, false, CAROL, 0, false },
		{ 0000, false, SEC_ALICE, 0, true },
		{ 0600, false, 0, 0, true },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct section_create args = sec_create_args(self->name.s, 1);
		const char *name = self->name.s;
		struct section_list l;
		__u32 flags = 0;
		int handle;

		become(SEC_ALICE, SHARED);
		args.mode = cases[i].mode;
		args.gid = SHARED;
		if (cases[i].global) {
			args.flags = SECTION_CREATE_GLOBAL;
			flags = SECTION_LIST_GLOBAL;
		}
		handle = sec_create(self->dev, &args);
		ASSERT_LE(0, handle);

		become(cases[i].uid, cases[i].group);
		ASSERT_EQ(0, sec_list(self->dev, flags, self->buffer,
				      BUFFER_LEN, &l));
		ASSERT_EQ(l.needed, l.buffer_len);
		EXPECT_EQ(cases[i].listed, !!memmem(self->buffer, l.buffer_len,
						    name, strlen(name))) {
			TH_LOG("case %zu", i);
		}
		/* Not even its length is told. */
		if (!cases[i].listed)
			EXPECT_EQ(0, l.needed);
		close(handle);
	}
}

/* Nobody is handed a section of somebody else than he expects. */
TEST_F(users, squatter)
{
	struct section_create args = sec_create_args(self->name.s, 1);
	struct section_open open = sec_open_args(self->name.s, SEC_RIGHTS_RW &
						 ~SECTION_RIGHT_EXTEND);
	int squatter, fd;

	become(SEC_BOB, 0);
	squatter = create_global(self->dev, self->name.s, 0666,
				 SECTION_CALLER_GROUP);
	ASSERT_LE(0, squatter);

	become(SEC_ALICE, 0);
	open.flags = SECTION_OPEN_GLOBAL;
	open.owner = SEC_ALICE;
	EXPECT_EQ(-EKEYREJECTED, sec_ioctl(self->dev, SECTION_IOC_OPEN, &open));
	open.owner = 0;
	EXPECT_EQ(-EKEYREJECTED, sec_ioctl(self->dev, SECTION_IOC_OPEN, &open));
	args.flags = SECTION_CREATE_GLOBAL | SECTION_CREATE_OPEN_EXISTING;
	args.owner = SEC_ALICE;
	EXPECT_EQ(-EKEYREJECTED, sec_create(self->dev, &args));
	EXPECT_EQ(SEC_POISON32, args.existed);
	/* The capability does not make him the owner either. */
	become_root();
	open.owner = 0;
	EXPECT_EQ(-EKEYREJECTED, sec_ioctl(self->dev, SECTION_IOC_OPEN, &open));

	become(SEC_ALICE, 0);
	open.owner = SEC_BOB;
	fd = sec_ioctl(self->dev, SECTION_IOC_OPEN, &open);
	EXPECT_LE(0, fd);
	close(fd);
	open.owner = SECTION_ANY_OWNER;
	fd = sec_ioctl(self->dev, SECTION_IOC_OPEN, &open);
	EXPECT_LE(0, fd);
	close(fd);

	/* A local name cannot be taken by anybody else in the first place. */
	args.flags = SECTION_CREATE_OPEN_EXISTING;
	fd = sec_create(self->dev, &args);
	EXPECT_LE(0, fd);
	EXPECT_EQ(0, args.existed);
	close(fd);
	close(squatter);
}

TEST_F(users, groups)
{
	struct section_create args = sec_create_args(self->name.s, 1);
	struct section_query q;
	int handle;

	become(SEC_ALICE, SHARED);
	args.gid = SHARED;
	handle = sec_create(self->dev, &args);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(SHARED, q.gid);
	EXPECT_EQ(SEC_ALICE, q.uid);
	close(handle);
	args.gid = SEC_BOB;
	EXPECT_EQ(-EPERM, sec_create(self->dev, &args));
	args.gid = 0;
	EXPECT_EQ(-EPERM, sec_create(self->dev, &args));
	become(SEC_ALICE, 0);
	args.gid = SHARED;
	EXPECT_EQ(-EPERM, sec_create(self->dev, &args));
	EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s, 0));
}

/* It is the effective user who counts. */
TEST_F(users, effective_user)
{
	struct section_query q;
	int handle;

	become_root();
	ASSERT_EQ(0, setresuid(SEC_ALICE, SEC_BOB, 0));
	handle = sec_create_anon(self->dev, self->name.s, 1);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(SEC_BOB, q.uid);
	ASSERT_EQ(0, setresuid(SEC_BOB, SEC_ALICE, 0));
	EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s, 0));
	close(handle);
	ASSERT_EQ(0, setresuid(0, 0, 0));
}

static int receive_as_bob(void *arg)
{
	int *pair = arg;
	struct section_query q;
	char path[32];
	char *view;
	int fd;

	close(pair[0]);
	if (sec_become(SEC_BOB, SEC_BOB))
		return 10;
	fd = sec_receive_fd(pair[1]);
	if (fd < 0)
		return 11;
	if (sec_query(fd, &q) || q.rights != SEC_RIGHTS_R || q.uid != SEC_ALICE)
		return 12;
	view = sec_map(fd, PROT_READ, 0, 0, 0);
	if (view == MAP_FAILED || strcmp(view, "for bob"))
		return 13;
	if (sec_map(fd, PROT_READ | PROT_WRITE, 0, 0, 0) != MAP_FAILED)
		return 14;
	if (sec_duplicate(fd, SECTION_RIGHT_WRITE, 0) != -EACCES)
		return 15;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (open(path, O_RDWR) >= 0 || open(path, O_RDONLY) >= 0)
		return 16;
	if (mprotect(view, SEC_PAGE, PROT_READ | PROT_WRITE) != -1)
		return 17;
	/* A private view is his own, and nobody sees what he writes. */
	view = sec_map(fd, PROT_READ | PROT_WRITE, SECTION_MAP_PRIVATE, 0, 0);
	if (view == MAP_FAILED)
		return 18;
	view[0] = 'x';
	return 0;
}

/* A handle that was passed on carries its rights, whoever has it. */
TEST_F(users, passed_handle)
{
	int pair[2], handle, weak;
	pid_t child;
	char *view;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	child = sec_fork(receive_as_bob, pair);
	ASSERT_LT(0, child);
	become(SEC_ALICE, 0);
	handle = sec_create_anon(self->dev, self->name.s, 1);
	ASSERT_LE(0, handle);
	view = sec_map(handle, PROT_READ | PROT_WRITE, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	memcpy(view, "for bob", 8);
	weak = sec_duplicate(handle, SEC_RIGHTS_R, 0);
	ASSERT_LE(0, weak);
	ASSERT_EQ(0, sec_send_fd(pair[0], weak));
	close(weak);
	become_root();
	EXPECT_EQ(0, sec_wait(child));
	EXPECT_STREQ("for bob", view);
	ASSERT_EQ(0, munmap(view, SEC_PAGE));
	close(handle);
	close(pair[0]);
	close(pair[1]);
}

/* Rights were decided when the handle was made: privilege adds none later. */
TEST_F(users, privilege_adds_nothing)
{
	int handle, weak;
	struct stat st;

	become(SEC_ALICE, 0);
	handle = create_global(self->dev, self->name.s, 0600,
			       SECTION_CALLER_GROUP);
	ASSERT_LE(0, handle);
	weak = sec_duplicate(handle, SECTION_RIGHT_READ, 0);
	ASSERT_LE(0, weak);
	become_root();
	EXPECT_EQ(MAP_FAILED, sec_map(weak, PROT_READ | PROT_WRITE, 0, 0, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-EACCES, sec_duplicate(weak, SECTION_RIGHT_QUERY, 0));

	/* Nor can root change what is fixed for ever. */
	EXPECT_EQ(-1, fchmod(handle, 0777));
	EXPECT_EQ(-1, fchown(handle, SEC_BOB, SEC_BOB));
	EXPECT_EQ(-1, ftruncate(handle, 0));
	ASSERT_EQ(0, fstat(handle, &st));
	EXPECT_EQ(0600, st.st_mode & 07777);
	EXPECT_EQ(SEC_ALICE, st.st_uid);
	EXPECT_EQ(SEC_ALICE, st.st_gid);
	EXPECT_EQ(SEC_PAGE, (size_t)st.st_size);
	become(SEC_BOB, 0);
	EXPECT_EQ(-EACCES, sec_open_global(self->dev, self->name.s,
					   SECTION_RIGHT_READ));
	become_root();
	close(weak);
	close(handle);
}

struct victim {
	const char *name;
	int ready;
};

static int hold_as_bob(void *arg)
{
	struct victim *victim = arg;
	int dev = sec_dev();
	char *view;
	int fd;

	if (sec_become(SEC_BOB, SEC_BOB))
		return 1;
	fd = create_global(dev, victim->name, 0666, SECTION_CALLER_GROUP);
	view = sec_map(fd, PROT_READ | PROT_WRITE, 0, 0, 0);
	if (view == MAP_FAILED || touch_write(view) ||
	    sec_duplicate(fd, SEC_RIGHTS_R, SECTION_DUPLICATE_ANCHOR) < 0 ||
	    write(victim->ready, "", 1) != 1)
		return 2;
	pause();
	return 3;
}

static bool counters_are(void *arg)
{
	const long *counters = arg;

	return sec_counter("sections") == counters[0] &&
	       sec_counter("handles") == counters[1] &&
	       sec_counter("views") == counters[2];
}

/* What only bob held goes with him, by whatever way he goes. */
TEST_F(users, killed)
{
	long before[] = {
		sec_counter("sections"), sec_counter("handles"),
		sec_counter("views"),
	};
	struct victim victim = { .name = self->name.s };
	int ready[2];
	pid_t child;
	char byte;

	ASSERT_LE(0, before[0]);
	ASSERT_LE(0, before[1]);
	ASSERT_LE(0, before[2]);
	ASSERT_EQ(0, pipe2(ready, O_CLOEXEC));
	victim.ready = ready[1];
	child = sec_fork(hold_as_bob, &victim);
	ASSERT_LT(0, child);
	close(ready[1]);
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	EXPECT_EQ(before[0] + 1, sec_counter("sections"));
	EXPECT_EQ(before[2] + 1, sec_counter("views"));
	EXPECT_LT(0, maximum(self->dev, self->name.s));

	ASSERT_EQ(0, kill(child, SIGKILL));
	EXPECT_EQ(-SIGKILL, sec_wait(child));
	EXPECT_EQ(-ENOENT, sec_open_global(self->dev, self->name.s, 0));
	EXPECT_TRUE(sec_eventually(counters_are, before, 10));
	close(ready[0]);
}

/* What alice has opened of it stays when he goes. */
TEST_F(users, killed_owner)
{
	struct victim victim = { .name = self->name.s };
	struct section_query q;
	int ready[2], fd;
	char byte, *view;
	pid_t child;

	ASSERT_EQ(0, pipe2(ready, O_CLOEXEC));
	victim.ready = ready[1];
	child = sec_fork(hold_as_bob, &victim);
	ASSERT_LT(0, child);
	close(ready[1]);
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	become(SEC_ALICE, 0);
	fd = sec_open_global(self->dev, self->name.s, SECTION_RIGHTS_MAXIMUM);
	ASSERT_LE(0, fd);
	become_root();
	ASSERT_EQ(0, kill(child, SIGKILL));
	EXPECT_EQ(-SIGKILL, sec_wait(child));

	become(SEC_ALICE, 0);
	ASSERT_EQ(0, sec_query(fd, &q));
	EXPECT_EQ(SEC_BOB, q.uid);
	EXPECT_EQ(0, q.creator);
	EXPECT_EQ(1, q.handles);
	EXPECT_EQ(0, q.views);
	view = sec_map(fd, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(1, view[0]);
	EXPECT_LT(0, maximum(self->dev, self->name.s));
	ASSERT_EQ(0, munmap(view, SEC_PAGE));
	close(fd);
	EXPECT_EQ(-ENOENT, sec_open_global(self->dev, self->name.s, 0));
	close(ready[0]);
}

TEST_HARNESS_MAIN
