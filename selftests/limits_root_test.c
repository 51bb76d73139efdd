// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits of the administrator: overcommit, module parameters, open files.
 *
 * Settings are put back by the parent of each test, however the test ends.
 */
#include <sched.h>
#include <sys/resource.h>

#include "section_util.h"
#include "kselftest_harness.h"

#define SHARED		5000
#define OVERCOMMIT	"/proc/sys/vm/overcommit_memory"
#define FILE_MAX	"/proc/sys/fs/file-max"

enum setting {
	SETTING_OVERCOMMIT,
	SETTING_FILE_MAX,
	SETTING_USER_SECTIONS,
	SETTING_USER_RANGES,
	SETTING_NAMES,
	SETTING_GLOBAL_GROUP,
	SETTINGS,
};

static const char * const settings[SETTINGS] = {
	[SETTING_OVERCOMMIT] = OVERCOMMIT,
	[SETTING_FILE_MAX] = FILE_MAX,
	[SETTING_USER_SECTIONS] = SEC_PARAMETERS "/max_user_sections",
	[SETTING_USER_RANGES] = SEC_PARAMETERS "/max_user_commit_ranges",
	[SETTING_NAMES] = SEC_PARAMETERS "/max_names",
	[SETTING_GLOBAL_GROUP] = SEC_PARAMETERS "/global_group",
};

FIXTURE(limits)
{
	int dev;
	int fds;
	struct sec_name name;
	char before[SETTINGS][32];
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

/* The effective user is whoever it was. */
static int set(enum setting setting, long value)
{
	uid_t uid = geteuid();
	int err;

	if (seteuid(0))
		abort();
	err = sec_write_number(settings[setting], value);
	if (seteuid(uid))
		abort();
	return err;
}

FIXTURE_SETUP(limits)
{
	int i;

	ASSERT_EQ(0, geteuid()) {
		TH_LOG("this test needs root");
	}
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->name = sec_unique();
	for (i = 0; i < SETTINGS; i++)
		ASSERT_LT(0, sec_read_file(settings[i], self->before[i],
					   sizeof(self->before[i]))) {
			TH_LOG("%s", settings[i]);
		}
	self->fds = sec_count_fds();
}

FIXTURE_TEARDOWN_PARENT(limits)
{
	int i;

	for (i = 0; i < SETTINGS; i++)
		EXPECT_EQ(0, sec_write_file(settings[i], self->before[i]));
}

static void refuse(struct __test_metadata *_metadata,
		   const FIXTURE_DATA(limits) *self, int expected,
		   struct section_create *args)
{
	EXPECT_EQ(expected, sec_create(self->dev, args));
	EXPECT_EQ(SEC_POISON32, args->existed);
	EXPECT_EQ(self->fds, sec_count_fds());
	EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s, 0));
	EXPECT_EQ(-ENOENT, sec_open_global(self->dev, self->name.s, 0));
}

/* More than any machine has, and less than a file may have. */
#define ABSURD	(1ULL << 46)

/* What else happens on the machine meanwhile. */
#define NOISE	(512 << 10)

TEST_F(limits, overcommit_guess)
{
	struct section_create args = sec_create_args(self->name.s, ABSURD);
	int handle;

	ASSERT_EQ(0, set(SETTING_OVERCOMMIT, 0));
	become(SEC_ALICE, 0);
	refuse(_metadata, self, -ENOMEM, &args);
	args.bytes = 2 * (sec_meminfo("MemTotal:") + sec_meminfo("SwapTotal:"));
	refuse(_metadata, self, -ENOMEM, &args);
	args.bytes = sec_meminfo("MemTotal:") / 2;
	handle = sec_create(self->dev, &args);
	EXPECT_LE(0, handle);
	close(handle);
}

TEST_F(limits, overcommit_always)
{
	struct section_create args = sec_create_args(self->name.s, ABSURD);
	long long before;
	int handle;
	char *view;

	ASSERT_EQ(0, set(SETTING_OVERCOMMIT, 1));
	become(SEC_ALICE, 0);
	before = sec_meminfo("Committed_AS:");
	handle = sec_create(self->dev, &args);
	ASSERT_LE(0, handle);
	EXPECT_LE(before + (long long)ABSURD - NOISE,
		  sec_meminfo("Committed_AS:"));
	/* Also its last page is there. */
	view = sec_map(handle, PROT_READ | PROT_WRITE, 0, ABSURD - SEC_PAGE, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, touch_write(view));
	ASSERT_EQ(0, munmap(view, SEC_PAGE));
	close(handle);
	EXPECT_GE(before + NOISE, sec_meminfo("Committed_AS:"));
}

TEST_F(limits, overcommit_never)
{
	const long long bytes = 64 << 20, reserves = 256 << 20;
	struct section_create args = sec_create_args(self->name.s, bytes);
	long long before, room;
	int handle, anchor;
	char *view;

	ASSERT_EQ(0, set(SETTING_OVERCOMMIT, 2));
	become(SEC_ALICE, 0);
	before = sec_meminfo("Committed_AS:");
	room = sec_meminfo("CommitLimit:") - before;
	if (room < 2 * reserves)
		SKIP(return, "only %lld bytes may be committed", room);

	handle = sec_create(self->dev, &args);
	ASSERT_LE(0, handle);
	EXPECT_LE(before + bytes - NOISE, sec_meminfo("Committed_AS:"));
	EXPECT_GE(before + bytes + NOISE, sec_meminfo("Committed_AS:"));

	/* Neither a view nor touching it commits anything more. */
	view = sec_map(handle, PROT_READ | PROT_WRITE, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	memset(view, 1, 1 << 20);
	EXPECT_GE(before + bytes + NOISE, sec_meminfo("Committed_AS:"));
	anchor = sec_duplicate(handle, SEC_RIGHTS_R, SECTION_DUPLICATE_ANCHOR);
	ASSERT_LE(0, anchor);

	/* It is given back by whatever held the memory last. */
	close(handle);
	EXPECT_LE(before + bytes - NOISE, sec_meminfo("Committed_AS:"));
	close(anchor);
	EXPECT_LE(before + bytes - NOISE, sec_meminfo("Committed_AS:"));
	ASSERT_EQ(0, munmap(view, bytes));
	EXPECT_GE(before + NOISE, sec_meminfo("Committed_AS:"));

	args.bytes = room + bytes;
	refuse(_metadata, self, -ENOMEM, &args);
	args.bytes = ABSURD;
	refuse(_metadata, self, -ENOMEM, &args);
	EXPECT_GE(before + NOISE, sec_meminfo("Committed_AS:"));

	/* All but what the kernel keeps for the users to help themselves. */
	args.bytes = room - reserves;
	handle = sec_create(self->dev, &args);
	EXPECT_LE(0, handle);
	/* Two of them do not fit. */
	args = sec_create_args(NULL, room - reserves);
	EXPECT_EQ(-ENOMEM, sec_create(self->dev, &args));
	close(handle);
	EXPECT_GE(before + NOISE, sec_meminfo("Committed_AS:"));
}

TEST_F(limits, user_sections)
{
	enum { LIMIT = 3 };
	struct section_create args = sec_create_args(self->name.s, 1);
	struct sec_name names[LIMIT];
	int handles[LIMIT];
	int fd, anchor, i;
	void *view;

	ASSERT_EQ(0, set(SETTING_USER_SECTIONS, LIMIT));
	become(SEC_ALICE, 0);
	for (i = 0; i < LIMIT; i++) {
		names[i] = sec_unique();
		/* Names do not matter for this. */
		handles[i] = sec_create_anon(self->dev, i ? names[i].s : NULL,
					     1);
		ASSERT_LE(0, handles[i]);
	}
	self->fds = sec_count_fds();
	refuse(_metadata, self, -EDQUOT, &args);
	args.flags = SECTION_CREATE_OPEN_EXISTING;
	refuse(_metadata, self, -EDQUOT, &args);
	args.flags = SECTION_CREATE_GLOBAL;
	refuse(_metadata, self, -EDQUOT, &args);
	EXPECT_EQ(-EDQUOT, sec_create_anon(self->dev, NULL, 1));

	/* To open one that exists makes no section, by either call. */
	fd = sec_open(self->dev, names[1].s, SEC_RIGHTS_R);
	EXPECT_LE(0, fd);
	close(fd);
	args = sec_create_args(names[1].s, 1);
	args.flags = SECTION_CREATE_OPEN_EXISTING;
	fd = sec_create(self->dev, &args);
	EXPECT_LE(0, fd);
	EXPECT_EQ(1, args.existed);
	close(fd);
	fd = sec_duplicate(handles[1], SEC_RIGHTS_R, 0);
	EXPECT_LE(0, fd);
	close(fd);

	/* It is alice's limit, not bob's. */
	become(SEC_BOB, 0);
	fd = sec_create_anon(self->dev, NULL, 1);
	EXPECT_LE(0, fd);
	close(fd);
	/* Who holds her section now does not matter: it is hers. */
	close(handles[0]);
	become(SEC_ALICE, 0);
	handles[0] = sec_create_anon(self->dev, NULL, 1);
	ASSERT_LE(0, handles[0]);
	EXPECT_EQ(-EDQUOT, sec_create_anon(self->dev, NULL, 1));

	/* A section counts as long as there is anything of it. */
	view = sec_map(handles[0], PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	anchor = sec_duplicate(handles[0], 0, SECTION_DUPLICATE_ANCHOR);
	ASSERT_LE(0, anchor);
	close(handles[0]);
	EXPECT_EQ(-EDQUOT, sec_create_anon(self->dev, NULL, 1));
	ASSERT_EQ(0, munmap(view, SEC_PAGE));
	EXPECT_EQ(-EDQUOT, sec_create_anon(self->dev, NULL, 1));
	close(anchor);
	handles[0] = sec_create_anon(self->dev, NULL, 1);
	ASSERT_LE(0, handles[0]);

	/* A failed creation does not count. */
	args = sec_create_args(names[1].s, 1);
	ASSERT_EQ(0, set(SETTING_USER_SECTIONS, LIMIT + 1));
	for (i = 0; i < 5; i++)
		EXPECT_EQ(-EEXIST, sec_create(self->dev, &args));
	fd = sec_create_anon(self->dev, NULL, 1);
	EXPECT_LE(0, fd);
	close(fd);

	/* A lower limit takes nothing away. */
	ASSERT_EQ(0, set(SETTING_USER_SECTIONS, 0));
	EXPECT_EQ(-EDQUOT, sec_create_anon(self->dev, NULL, 1));
	for (i = 0; i < LIMIT; i++) {
		EXPECT_NE(0, sec_id(handles[i]));
		close(handles[i]);
	}
	EXPECT_EQ(-EDQUOT, sec_create_anon(self->dev, NULL, 1));
	ASSERT_EQ(0, set(SETTING_USER_SECTIONS, 1));
	fd = sec_create_anon(self->dev, NULL, 1);
	EXPECT_LE(0, fd);
	close(fd);
}

/*
 * Users are kept in a table with 256 places.  With three times as many of them,
 * those who have a section share places with those who have none any more, whose
 * going leaves the others' counts alone.
 */
TEST_F(limits, many_users)
{
	enum { LIMIT = 2, HOLDERS = 256, PASSING = 512 };
	static int handles[HOLDERS];
	struct rlimit files = { 1024, 1024 };
	int i;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	ASSERT_EQ(0, set(SETTING_USER_SECTIONS, LIMIT));
	for (i = 0; i < HOLDERS; i++) {
		ASSERT_EQ(0, seteuid(100000 + i));
		handles[i] = sec_create_anon(self->dev, NULL, 1);
		ASSERT_LE(0, handles[i]);
		ASSERT_EQ(0, seteuid(0));
	}
	for (i = 0; i < PASSING; i++) {
		ASSERT_EQ(0, seteuid(200000 + i));
		ASSERT_EQ(0, close(sec_create_anon(self->dev, NULL, 1)));
		ASSERT_EQ(0, seteuid(0));
	}
	for (i = 0; i < HOLDERS; i++) {
		ASSERT_EQ(0, seteuid(100000 + i));
		/* One more, and no more than that. */
		ASSERT_LE(0, sec_create_anon(self->dev, NULL, 1));
		ASSERT_EQ(-EDQUOT, sec_create_anon(self->dev, NULL, 1));
		ASSERT_EQ(0, seteuid(0));
	}
}

TEST_F(limits, names)
{
	struct section_create args = sec_create_args(self->name.s, 1);
	struct sec_name names[] = { sec_unique(), sec_unique() };
	int first, second, fd, other;
	int net;

	/* Where nobody else has names. */
	net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, net);
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	ASSERT_EQ(0, set(SETTING_NAMES, 2));
	become(SEC_ALICE, 0);
	first = sec_create_anon(self->dev, names[0].s, 1);
	ASSERT_LE(0, first);
	args.name = sec_ptr(names[1].s);
	args.name_len = strlen(names[1].s);
	args.flags = SECTION_CREATE_GLOBAL;
	second = sec_create(self->dev, &args);
	ASSERT_LE(0, second);

	self->fds = sec_count_fds();
	args = sec_create_args(self->name.s, 1);
	refuse(_metadata, self, -EDQUOT, &args);
	args.flags = SECTION_CREATE_GLOBAL;
	refuse(_metadata, self, -EDQUOT, &args);
	args.flags = SECTION_CREATE_OPEN_EXISTING;
	refuse(_metadata, self, -EDQUOT, &args);
	/* The limit is the namespace's, whoever comes. */
	become(SEC_BOB, 0);
	args.flags = 0;
	refuse(_metadata, self, -EDQUOT, &args);

	/* A name that is taken is that first of all. */
	args = sec_create_args(names[0].s, 1);
	become(SEC_ALICE, 0);
	EXPECT_EQ(-EEXIST, sec_create(self->dev, &args));

	/* Without a name there is no limit of names. */
	become(SEC_ALICE, 0);
	fd = sec_create_anon(self->dev, NULL, 1);
	EXPECT_LE(0, fd);
	close(fd);
	args = sec_create_args(names[0].s, 1);
	args.flags = SECTION_CREATE_OPEN_EXISTING;
	fd = sec_create(self->dev, &args);
	EXPECT_LE(0, fd);
	EXPECT_EQ(1, args.existed);
	close(fd);

	/* Another namespace has its own. */
	args = sec_create_args(self->name.s, 1);
	args.scope_fd = net;
	other = sec_create(self->dev, &args);
	EXPECT_LE(0, other);
	close(other);

	/* A name that dies makes room, also if its section lives on. */
	other = sec_duplicate(first, 0, SECTION_DUPLICATE_ANCHOR);
	ASSERT_LE(0, other);
	close(first);
	first = sec_create_anon(self->dev, self->name.s, 1);
	EXPECT_LE(0, first);
	close(other);
	close(first);
	close(second);

	/* However often names came, went and were refused. */
	args = sec_create_args(self->name.s, 1);
	for (fd = 0; fd < 5; fd++) {
		first = sec_create(self->dev, &args);
		ASSERT_LE(0, first);
		EXPECT_EQ(-EEXIST, sec_create(self->dev, &args));
		close(first);
	}
	ASSERT_EQ(0, set(SETTING_NAMES, 0));
	self->fds = sec_count_fds();
	refuse(_metadata, self, -EDQUOT, &args);
	close(net);
}

TEST_F(limits, global_group)
{
	struct section_create args = sec_create_args(self->name.s, 1);
	int handle, fd;

	args.flags = SECTION_CREATE_GLOBAL;
	args.mode = 0666;
	ASSERT_EQ(0, set(SETTING_GLOBAL_GROUP, SHARED));

	become(SEC_ALICE, 0);
	refuse(_metadata, self, -EPERM, &args);
	args.flags = SECTION_CREATE_GLOBAL | SECTION_CREATE_OPEN_EXISTING;
	refuse(_metadata, self, -EPERM, &args);
	/* Her own scope is nobody's business. */
	fd = sec_create_anon(self->dev, self->name.s, 1);
	EXPECT_LE(0, fd);
	close(fd);

	become(SEC_BOB, SHARED);
	args.flags = SECTION_CREATE_GLOBAL;
	handle = sec_create(self->dev, &args);
	ASSERT_LE(0, handle);

	/* What is there may be used by everybody whom its mode allows. */
	become(SEC_ALICE, 0);
	fd = sec_open_global(self->dev, self->name.s, SEC_RIGHTS_RW &
			     ~SECTION_RIGHT_EXTEND);
	EXPECT_LE(0, fd);
	close(fd);
	args.flags = SECTION_CREATE_GLOBAL | SECTION_CREATE_OPEN_EXISTING;
	fd = sec_create(self->dev, &args);
	EXPECT_LE(0, fd);
	EXPECT_EQ(1, args.existed);
	close(fd);
	close(handle);

	become_root();
	args.flags = SECTION_CREATE_GLOBAL;
	handle = sec_create(self->dev, &args);
	EXPECT_LE(0, handle);
	close(handle);

	ASSERT_EQ(0, set(SETTING_GLOBAL_GROUP, -1));
	become(SEC_ALICE, 0);
	handle = sec_create(self->dev, &args);
	EXPECT_LE(0, handle);
	close(handle);
}

/* The system has no more files: nothing is made. */
TEST_F(limits, file_max)
{
	struct section_create args = sec_create_args(self->name.s, 1);
	struct sec_name other = sec_unique();
	struct section_query q;
	int handle;

	become(SEC_ALICE, 0);
	handle = sec_create_anon(self->dev, other.s, 1);
	ASSERT_LE(0, handle);
	self->fds = sec_count_fds();
	ASSERT_EQ(0, set(SETTING_FILE_MAX, 0));
	EXPECT_EQ(-ENFILE, sec_create(self->dev, &args));
	EXPECT_EQ(-ENFILE, sec_create_anon(self->dev, NULL, 1));
	EXPECT_EQ(-ENFILE, sec_open(self->dev, other.s, SEC_RIGHTS_R));
	EXPECT_EQ(-ENFILE, sec_duplicate(handle, SEC_RIGHTS_R, 0));
	EXPECT_EQ(-ENFILE, sec_duplicate(handle, SEC_RIGHTS_R,
					 SECTION_DUPLICATE_ANCHOR));
	args.flags = SECTION_CREATE_OPEN_EXISTING;
	refuse(_metadata, self, -ENFILE, &args);
	become_root();
	ASSERT_EQ(0, sec_write_file(FILE_MAX, self->before[SETTING_FILE_MAX]));
	become(SEC_ALICE, 0);
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(1, q.handles);
	EXPECT_EQ(self->fds, sec_count_fds());
	close(handle);
}

/* All sections of a user together; what is given back can be had again. */
TEST_F(limits, ranges_of_a_user)
{
	struct section_create args;
	int first, second, others;

	become(SEC_ALICE, 0);
	first = sec_create_flags(self->dev, NULL, 64 * SEC_PAGE,
				 SECTION_CREATE_RESERVE);
	second = sec_create_flags(self->dev, NULL, 64 * SEC_PAGE,
				  SECTION_CREATE_RESERVE);
	ASSERT_LE(0, first);
	ASSERT_LE(0, second);
	ASSERT_EQ(0, set(SETTING_USER_RANGES, 3));
	EXPECT_EQ(0, sec_commit(first, 0, 1, 0));
	EXPECT_EQ(0, sec_commit(first, 2 * SEC_PAGE, 1, 0));
	EXPECT_EQ(0, sec_commit(second, 0, 1, 0));
	EXPECT_EQ(-EDQUOT, sec_commit(second, 2 * SEC_PAGE, 1, 0));
	EXPECT_EQ(-EDQUOT, sec_commit(first, 4 * SEC_PAGE, 1, 0));
	/* What was committed grows without a range more. */
	EXPECT_EQ(0, sec_commit(second, SEC_PAGE, SEC_PAGE, 0));

	become(SEC_BOB, 0);
	others = sec_create_flags(self->dev, NULL, 64 * SEC_PAGE,
				  SECTION_CREATE_RESERVE);
	ASSERT_LE(0, others);
	EXPECT_EQ(0, sec_commit(others, 0, 1, 0));
	/* A section is its owner's, whoever commits. */
	EXPECT_EQ(-EDQUOT, sec_commit(first, 4 * SEC_PAGE, 1, 0));

	become(SEC_ALICE, 0);
	EXPECT_EQ(0, sec_commit(first, 0, 1, SECTION_COMMIT_DECOMMIT));
	EXPECT_EQ(0, sec_commit(second, 3 * SEC_PAGE, 1, 0));
	EXPECT_EQ(-EDQUOT, sec_commit(first, 0, 1, 0));
	close(first);
	/* The handle was the section's last reference. */
	EXPECT_EQ(0, sec_commit(second, 6 * SEC_PAGE, 1, 0));
	close(second);
	/* Nothing else is refused. */
	args = sec_create_args(self->name.s, SEC_PAGE);
	ASSERT_EQ(0, set(SETTING_USER_RANGES, 0));
	first = sec_create(self->dev, &args);
	EXPECT_LE(0, first);
	close(first);
	close(others);
}

TEST_HARNESS_MAIN
