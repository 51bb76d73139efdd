// SPDX-License-Identifier: GPL-2.0-only
/*
 * The moment between taking a name and having a section of that name.
 *
 * A creator is stopped there, by memory that userfaultfd(2) makes it wait for
 * when it tells whether the section existed.  Root is needed to stop others
 * inside the kernel.
 */
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/syscall.h>

#include "section_util.h"
#include "kselftest_harness.h"

#define PATIENCE	20

FIXTURE(claim)
{
	int dev;
	struct sec_name name;
	int pair[2];
	/* The creator who was stopped, and what stopped it. */
	pid_t creator;
	int uffd;
	__u64 page;
};

/* Exit statuses of the children; an error number otherwise. */
#define CREATED		200
#define EXISTED		201

static int report(int handle, __u32 existed)
{
	if (handle < 0)
		return -handle;
	return existed == 0 ? CREATED : existed == 1 ? EXISTED : 255;
}

static int stop_writes(char *page)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP,
	};
	struct uffdio_register reg = {
		.range = { .start = sec_ptr(page), .len = SEC_PAGE },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};
	struct uffdio_writeprotect protect = {
		.range = reg.range,
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) ||
	    ioctl(uffd, UFFDIO_REGISTER, &reg) ||
	    ioctl(uffd, UFFDIO_WRITEPROTECT, &protect))
		return -errno;
	return uffd;
}

static int create_and_stop(void *arg)
{
	FIXTURE_DATA(claim) *self = arg;
	struct section_create *args;
	int uffd, handle;
	char *page, byte;

	close(self->pair[0]);
	page = mmap(NULL, SEC_PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return 250;
	args = (struct section_create *)page;
	*args = sec_create_args(self->name.s, 1);
	args->flags = SECTION_CREATE_OPEN_EXISTING;
	uffd = stop_writes(page);
	if (uffd < 0 || sec_send_fd(self->pair[1], uffd))
		return 251;
	close(uffd);
	if (sec_become(SEC_ALICE, SEC_ALICE))
		return 252;
	handle = sec_create(self->dev, args);
	/* Keep what there is until the test has seen enough. */
	if (read(self->pair[1], &byte, 1))
		return 253;
	return report(handle, handle < 0 ? 0 : args->existed);
}

static int create_or_open(void *arg)
{
	FIXTURE_DATA(claim) *self = arg;
	struct section_create args = sec_create_args(self->name.s, 1);
	int handle;

	if (seteuid(0) || sec_become(SEC_ALICE, SEC_ALICE))
		return 252;
	args.flags = SECTION_CREATE_OPEN_EXISTING;
	handle = sec_create(self->dev, &args);
	return report(handle, args.existed);
}

static int create_or_open_with_handler(void *arg)
{
	struct sigaction action = { .sa_handler = sec_ignore };

	sigaction(SIGUSR1, &action, NULL);
	return create_or_open(arg);
}

static bool has_a_name(FIXTURE_DATA(claim) *self)
{
	int fd = sec_open(self->dev, self->name.s, 0);

	if (fd >= 0)
		close(fd);
	return fd != -ENOENT;
}

/* Whether a process sleeps, where it can only be waiting for the name. */
static bool is_asleep(void *arg)
{
	char path[32], text[256], *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", *(pid_t *)arg);
	if (sec_read_file(path, text, sizeof(text)) < 0)
		return false;
	state = strrchr(text, ')');
	return state && state[2] == 'S';
}

FIXTURE_SETUP(claim)
{
	struct uffd_msg msg;
	struct pollfd poll_uffd;

	ASSERT_EQ(0, geteuid()) {
		TH_LOG("this test needs root");
	}
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->name = sec_unique();
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				self->pair));
	self->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (self->uffd < 0)
		SKIP(return, "no userfaultfd");
	close(self->uffd);

	self->creator = sec_fork(create_and_stop, self);
	ASSERT_LT(0, self->creator);
	close(self->pair[1]);
	self->uffd = sec_receive_fd(self->pair[0]);
	ASSERT_LE(0, self->uffd);
	poll_uffd.fd = self->uffd;
	poll_uffd.events = POLLIN;
	ASSERT_EQ(1, poll(&poll_uffd, 1, PATIENCE * 1000));
	ASSERT_EQ(sizeof(msg), read(self->uffd, &msg, sizeof(msg)));
	ASSERT_EQ(UFFD_EVENT_PAGEFAULT, msg.event);
	self->page = msg.arg.pagefault.address & ~(__u64)(SEC_PAGE - 1);
	ASSERT_EQ(0, seteuid(SEC_ALICE));
}

FIXTURE_TEARDOWN(claim)
{
	EXPECT_FALSE(has_a_name(self));
	close(self->uffd);
	close(self->dev);
}

/* Let the creator go on. */
static int release_creator(FIXTURE_DATA(claim) *self)
{
	struct uffdio_writeprotect allow = {
		.range = { .start = self->page, .len = SEC_PAGE },
	};

	return ioctl(self->uffd, UFFDIO_WRITEPROTECT, &allow) ? -errno : 0;
}

/* Let it end.  Return: its exit status. */
static int end_creator(FIXTURE_DATA(claim) *self)
{
	close(self->pair[0]);
	return sec_wait(self->creator);
}

static int kill_creator(FIXTURE_DATA(claim) *self)
{
	if (seteuid(0) || kill(self->creator, SIGKILL) || seteuid(SEC_ALICE))
		return -1000 - errno;
	return sec_wait(self->creator);
}

/* What is not complete cannot be opened, nor seen, nor made a second time. */
TEST_F(claim, half_made)
{
	struct section_create args = sec_create_args(self->name.s, 1);
	struct section_list l;
	int i;

	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s, 0));
		EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s,
					    SECTION_RIGHTS_MAXIMUM));
		EXPECT_EQ(-EEXIST, sec_create(self->dev, &args));
		ASSERT_EQ(0, sec_list(self->dev, 0, NULL, 0, &l));
		EXPECT_EQ(0, l.needed);
	}
	EXPECT_EQ(0, release_creator(self));
	EXPECT_EQ(CREATED, end_creator(self));
}

/* Others who would take either wait, and get what the creator made. */
TEST_F(claim, waiters)
{
	pid_t waiters[3];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(waiters); i++) {
		waiters[i] = sec_fork(create_or_open, self);
		ASSERT_LT(0, waiters[i]);
	}
	for (i = 0; i < ARRAY_SIZE(waiters); i++)
		EXPECT_TRUE(sec_eventually(is_asleep, &waiters[i], PATIENCE));
	EXPECT_EQ(0, release_creator(self));
	for (i = 0; i < ARRAY_SIZE(waiters); i++)
		EXPECT_EQ(EXISTED, sec_wait(waiters[i]));
	EXPECT_TRUE(has_a_name(self));
	EXPECT_EQ(CREATED, end_creator(self));
}

/* If the creator dies, somebody who waited creates. */
TEST_F(claim, creator_killed)
{
	pid_t waiter = sec_fork(create_or_open, self);

	ASSERT_LT(0, waiter);
	EXPECT_TRUE(sec_eventually(is_asleep, &waiter, PATIENCE));
	EXPECT_EQ(-SIGKILL, kill_creator(self));
	EXPECT_EQ(CREATED, sec_wait(waiter));
}

/* Nothing is left of one that nobody waited for. */
TEST_F(claim, killed_alone)
{
	int handle;

	EXPECT_EQ(-SIGKILL, kill_creator(self));
	EXPECT_FALSE(has_a_name(self));
	handle = sec_create_anon(self->dev, self->name.s, 1);
	EXPECT_LE(0, handle);
	close(handle);
}

TEST_F(claim, interrupted)
{
	pid_t waiter = sec_fork(create_or_open_with_handler, self);

	ASSERT_LT(0, waiter);
	EXPECT_TRUE(sec_eventually(is_asleep, &waiter, PATIENCE));
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, kill(waiter, SIGUSR1));
	ASSERT_EQ(0, seteuid(SEC_ALICE));
	EXPECT_EQ(EINTR, sec_wait(waiter));
	EXPECT_EQ(0, release_creator(self));
	EXPECT_EQ(CREATED, end_creator(self));
}

/* A waiter can be killed at once. */
TEST_F(claim, waiter_killed)
{
	pid_t waiter = sec_fork(create_or_open, self);

	ASSERT_LT(0, waiter);
	EXPECT_TRUE(sec_eventually(is_asleep, &waiter, PATIENCE));
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, kill(waiter, SIGKILL));
	ASSERT_EQ(0, seteuid(SEC_ALICE));
	EXPECT_EQ(-SIGKILL, sec_wait(waiter));
	EXPECT_EQ(0, release_creator(self));
	EXPECT_EQ(CREATED, end_creator(self));
}

/* A creator who is never done holds up nobody for ever. */
TEST_F(claim, patience_ends)
{
	struct section_create args = sec_create_args(self->name.s, 1);

	args.flags = SECTION_CREATE_OPEN_EXISTING;
	args.existed = SEC_POISON32;
	EXPECT_EQ(-EBUSY, sec_create(self->dev, &args));
	EXPECT_EQ(SEC_POISON32, args.existed);
	EXPECT_EQ(0, release_creator(self));
	EXPECT_EQ(CREATED, end_creator(self));
}

/* Other names are none of its business. */
TEST_F(claim, others_go_on)
{
	struct sec_name other = sec_unique();
	struct section_create args = sec_create_args(other.s, 1);
	int handle, again;

	args.flags = SECTION_CREATE_OPEN_EXISTING;
	handle = sec_create(self->dev, &args);
	ASSERT_LE(0, handle);
	again = sec_open(self->dev, other.s, SEC_RIGHTS_R);
	EXPECT_LE(0, again);
	close(again);
	close(handle);
	EXPECT_EQ(0, release_creator(self));
	EXPECT_EQ(CREATED, end_creator(self));
}

TEST_HARNESS_MAIN
