// SPDX-License-Identifier: GPL-2.0-only
/*
 * Based sections of several users.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"

#define RW	(PROT_READ | PROT_WRITE)
#define GRAIN	0x10000ULL

static int create_based(int dev, const char *name, __u32 flags)
{
	struct section_create args = sec_create_args(name, SEC_PAGE);

	args.flags = SECTION_CREATE_BASED | flags;
	args.mode = 0666;
	return sec_create(dev, &args);
}

static __u64 base_of(int handle)
{
	struct section_query q;

	return sec_query(handle, &q) ? 0 : q.base;
}

static void become(uid_t uid)
{
	if (seteuid(0) || setegid(uid) || seteuid(uid))
		abort();
}

FIXTURE(users) {
	int dev;
	struct sec_name name;
};

FIXTURE_SETUP(users)
{
	ASSERT_EQ(0, geteuid()) {
		TH_LOG("this test needs root");
	}
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->name = sec_unique();
}

FIXTURE_TEARDOWN(users)
{
}

/* What one user has takes nothing away from another's. */
TEST_F(users, apart)
{
	__u64 alice, bob;
	int i;

	become(SEC_ALICE);
	alice = base_of(create_based(self->dev, NULL, 0));
	ASSERT_NE(0U, alice);
	become(SEC_BOB);
	bob = base_of(create_based(self->dev, NULL, 0));
	ASSERT_NE(0U, bob);
	for (i = 0; i < 8; i++) {
		become(SEC_ALICE);
		alice -= GRAIN;
		EXPECT_EQ(alice, base_of(create_based(self->dev, NULL, 0)));
		become(SEC_BOB);
		bob -= GRAIN;
		EXPECT_EQ(bob, base_of(create_based(self->dev, NULL, 0)));
	}
}

/* Where it begins is another place each time a user has none. */
TEST_F(users, not_foreseen)
{
	__u64 bases[8];
	int differ = 0, i;

	become(SEC_ALICE);
	for (i = 0; i < 8; i++) {
		int handle = create_based(self->dev, NULL, 0);

		ASSERT_LE(0, handle);
		bases[i] = base_of(handle);
		close(handle);
		differ += bases[i] != bases[0];
	}
	EXPECT_LT(0, differ);
}

static int open_and_follow(void *arg)
{
	FIXTURE_DATA(users) *self = arg;
	const char *const *view;
	int handle;

	CHILD_EXPECT(!sec_become(SEC_BOB, SEC_BOB));
	handle = sec_open_global(self->dev, self->name.s, SEC_RIGHTS_R);
	CHILD_EXPECT(handle >= 0);
	view = sec_map(handle, PROT_READ, 0, 0, 0);
	CHILD_EXPECT(view != MAP_FAILED);
	CHILD_EXPECT(sec_ptr(view) == base_of(handle));
	CHILD_EXPECT(!strcmp(*view, "here"));
	return 0;
}

TEST_F(users, shared)
{
	const char **view;
	int handle;

	become(SEC_ALICE);
	handle = create_based(self->dev, self->name.s, SECTION_CREATE_GLOBAL);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	*view = memcpy(view + 8, "here", 5);
	ASSERT_EQ(0, munmap(view, SEC_PAGE));
	if (seteuid(0))
		abort();
	EXPECT_EQ(0, sec_in_child(open_and_follow, self));
}

TEST_HARNESS_MAIN
