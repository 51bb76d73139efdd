// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several users and an agent: who reaches it, and who only thinks so.
 */
#include "agent_util.h"
#include "kselftest_harness.h"

/* Alice has a process with an agent. */
FIXTURE(agent_users)
{
	struct target target;
};

FIXTURE_SETUP(agent_users)
{
	ASSERT_EQ(0, geteuid()) {
		TH_LOG("this test needs root");
	}
	ASSERT_TRUE(target_start_as(&self->target, SEC_ALICE));
	ASSERT_EQ(0, target_ask(&self->target, START, 0, 0));
}

FIXTURE_TEARDOWN(agent_users)
{
	target_kill(&self->target);
}

/* A child that acts as a user. */
struct actor {
	uid_t uid;
	pid_t pid;
	int channel;
	uint64_t address;
};

static int reaches(void *arg)
{
	const struct actor *actor = arg;
	struct section_peer *peer;

	CHILD_EXPECT(!sec_become(actor->uid, actor->uid));
	peer = section_peer_open(actor->pid);
	CHILD_EXPECT(peer);
	CHILD_EXPECT(!section_peer_unmap(peer, SEC_PAGE, 1));
	section_peer_close(peer);
	return 0;
}

static int is_refused(void *arg)
{
	const struct actor *actor = arg;

	CHILD_EXPECT(!sec_become(actor->uid, actor->uid));
	CHILD_EXPECT(!section_peer_open(actor->pid) && errno == EPERM);
	return 0;
}

/* The agent does not leave it to the callers to refuse themselves. */
static int is_refused_by_the_agent(void *arg)
{
	const struct actor *actor = arg;
	struct wire_request request = wire_read(actor->address, 8);
	int sock;

	CHILD_EXPECT(!sec_become(actor->uid, actor->uid));
	sock = connect_raw(actor->pid);
	CHILD_EXPECT(sock >= 0);
	/* It may have been closed before that, or not yet. */
	send(sock, &request, WIRE_REQUEST_HEADER + 16, MSG_NOSIGNAL);
	CHILD_EXPECT(last_words(sock) == EPERM);
	close(sock);
	return 0;
}

TEST_F(agent_users, same_user)
{
	struct actor alice = { .uid = SEC_ALICE, .pid = self->target.pid };

	EXPECT_EQ(0, sec_in_child(reaches, &alice));
}

TEST_F(agent_users, other_users)
{
	struct actor actor = { .pid = self->target.pid };
	const uid_t uids[] = { SEC_BOB, 0 };
	size_t i;

	actor.address = target_ask(&self->target, PAGES, 0, 1);
	for (i = 0; i < ARRAY_SIZE(uids); i++) {
		actor.uid = uids[i];
		EXPECT_EQ(0, sec_in_child(is_refused, &actor));
		EXPECT_EQ(0, sec_in_child(is_refused_by_the_agent, &actor));
	}
	actor.uid = SEC_ALICE;
	EXPECT_EQ(0, sec_in_child(reaches, &actor));
}

static int uses_channel(void *arg)
{
	const struct actor *actor = arg;
	struct section_peer_region region;
	uint64_t address = 0, length = 0;
	struct section_peer *peer;
	int dev, handle;
	char *mine;

	CHILD_EXPECT(!sec_become(actor->uid, actor->uid));
	/* It would not be possible without. */
	CHILD_EXPECT(remote_read(actor->pid, (void *)(uintptr_t)actor->address) ==
		     -EPERM);
	peer = section_peer_adopt(actor->channel);
	CHILD_EXPECT(peer);
	CHILD_EXPECT(section_peer_pid(peer) == actor->pid);
	dev = sec_dev();
	handle = sec_create_anon(dev, NULL, SEC_PAGE);
	mine = sec_map(handle, PROT_READ | PROT_WRITE, 0, 0, 0);
	CHILD_EXPECT(mine != MAP_FAILED);
	CHILD_EXPECT(!section_peer_map(peer, handle, PROT_READ | PROT_WRITE, 0,
				       0, &length, &address));
	CHILD_EXPECT(section_peer_write(peer, address, "hello", 5) == 5);
	CHILD_EXPECT(!memcmp(mine, "hello", 5));
	CHILD_EXPECT(section_peer_read(peer, actor->address, mine, 3) == 3);
	CHILD_EXPECT(!memcmp(mine, "TTTlo", 5));
	CHILD_EXPECT(!section_peer_query(peer, address, &region));
	CHILD_EXPECT(region.is_view && region.view.id == sec_id(handle));
	CHILD_EXPECT(!section_peer_unmap(peer, address, length));
	section_peer_close(peer);
	return 0;
}

TEST_F(agent_users, channel)
{
	struct actor bob = { .uid = SEC_BOB, .pid = self->target.pid };

	bob.channel = target_channel(&self->target);
	ASSERT_LE(0, bob.channel);
	bob.address = target_ask(&self->target, PAGES, 0, 1);
	EXPECT_EQ(0, sec_in_child(uses_channel, &bob));
	EXPECT_EQ(0, sec_in_child(is_refused, &bob));
	close(bob.channel);
}

/* Bob waits under the name that the agent of alice's next process would have. */
static int squats(void *arg)
{
	const struct actor *actor = arg;

	CHILD_EXPECT(!sec_become(actor->uid, actor->uid));
	CHILD_EXPECT(squat(actor->pid) >= 0);
	eventfd_write(actor->channel, 1);
	for (;;)
		pause();
}

TEST_F(agent_users, squatter)
{
	struct actor alice = { .uid = SEC_ALICE };
	struct actor bob = { .uid = SEC_BOB, .channel = eventfd(0, 0) };
	struct target target;
	eventfd_t ready;
	pid_t squatter;

	ASSERT_TRUE(target_start_as(&target, SEC_ALICE));
	alice.pid = target.pid;
	bob.pid = target.pid;
	squatter = sec_fork(squats, &bob);
	ASSERT_EQ(0, eventfd_read(bob.channel, &ready));
	EXPECT_EQ(0, sec_in_child(is_refused, &alice));
	EXPECT_EQ(-EADDRINUSE, target_ask(&target, START, 0, 0));
	kill(squatter, SIGKILL);
	sec_wait(squatter);
	EXPECT_EQ(0, target_ask(&target, START, 0, 0));
	EXPECT_EQ(0, sec_in_child(reaches, &alice));
	close(bob.channel);
	target_kill(&target);
}

/*
 * In a user namespace that knows no users, all of them, its own too, have the
 * same number.
 */
TEST_F(agent_users, nobody_in_particular)
{
	struct actor bob = { .uid = SEC_BOB };
	struct target target;

	ASSERT_TRUE(target_start_as(&target, SEC_ALICE));
	ASSERT_EQ(0, target_ask(&target, UNSHARE, 0, 0));
	ASSERT_EQ(0, target_ask(&target, START, 0, 0));
	bob.pid = target.pid;
	bob.address = target_ask(&target, PAGES, 0, 1);
	EXPECT_EQ(0, sec_in_child(is_refused_by_the_agent, &bob));
	bob.uid = 65534;
	EXPECT_EQ(0, sec_in_child(is_refused_by_the_agent, &bob));
	target_kill(&target);

	/* Where everybody has a number, this one is a user like others. */
	ASSERT_TRUE(target_start_as(&target, 65534));
	ASSERT_EQ(0, target_ask(&target, START, 0, 0));
	bob.pid = target.pid;
	EXPECT_EQ(0, sec_in_child(reaches, &bob));
	target_kill(&target);
}

/* A process that acts as somebody else for a moment, as file servers do. */
TEST(other_user_for_a_moment)
{
	struct actor alice = { .uid = SEC_ALICE };
	struct section_peer *before, *after;
	struct target target;

	ASSERT_TRUE(target_start(&target));
	ASSERT_EQ(0, target_ask(&target, START, 0, 0));
	alice.pid = target.pid;
	alice.address = target_ask(&target, PAGES, 0, 1);
	before = section_peer_open(target.pid);
	ASSERT_NE(NULL, before);
	ASSERT_EQ(0, section_peer_unmap(before, SEC_PAGE, 1));

	ASSERT_EQ(0, target_ask(&target, BE, 0, SEC_ALICE));
	EXPECT_EQ(0, sec_in_child(is_refused_by_the_agent, &alice));
	/* Nor is anything done for those whom it belonged to. */
	EXPECT_EQ(-EPERM, result(section_peer_unmap(before, SEC_PAGE, 1)));
	EXPECT_EQ(0, target_ask(&target, STOP, 0, 0));
	EXPECT_EQ(-EPERM, target_ask(&target, START, 0, 0));
	EXPECT_EQ(0, target_ask(&target, START, 0, SECTION_AGENT_PRIVATE));
	EXPECT_EQ(0, target_ask(&target, STOP, 0, 0));

	ASSERT_EQ(0, target_ask(&target, BE, 0, 0));
	EXPECT_EQ(0, target_ask(&target, START, 0, 0));
	after = section_peer_open(target.pid);
	ASSERT_NE(NULL, after);
	EXPECT_EQ(0, section_peer_unmap(after, SEC_PAGE, 1));
	EXPECT_EQ(0, sec_in_child(is_refused_by_the_agent, &alice));
	section_peer_close(before);
	section_peer_close(after);
	target_kill(&target);
}

/* A connection that was made in such a moment, and is used behind it. */
static int connects_and_waits(void *arg)
{
	const struct actor *actor = arg;
	struct wire_request request = wire_read(actor->address, 8);
	struct wire_reply reply;
	eventfd_t go;
	int sock;

	CHILD_EXPECT(!sec_become(actor->uid, actor->uid));
	sock = connect_raw(actor->pid);
	CHILD_EXPECT(sock >= 0);
	/* An answer, whatever it is: the agent has seen the connection. */
	send(sock, &request, WIRE_REQUEST_HEADER + 16, MSG_NOSIGNAL);
	recv(sock, &reply, sizeof(reply), 0);
	eventfd_write(actor->channel, 1);
	CHILD_EXPECT(!eventfd_read(actor->channel + 1, &go));
	send(sock, &request, WIRE_REQUEST_HEADER + 16, MSG_NOSIGNAL);
	/* The words by which it was turned away may come only now. */
	CHILD_EXPECT(recv(sock, &reply, sizeof(reply), 0) <= 0 ||
		     !reply.cookie);
	return 0;
}

TEST(connected_in_that_moment)
{
	struct actor alice = { .uid = SEC_ALICE, .channel = eventfd(0, 0) };
	struct target target;
	eventfd_t connected;
	pid_t child;

	ASSERT_EQ(alice.channel + 1, eventfd(0, 0));
	ASSERT_TRUE(target_start(&target));
	ASSERT_EQ(0, target_ask(&target, START, 0, 0));
	ASSERT_EQ(0, target_ask(&target, BE, 0, SEC_ALICE));
	alice.pid = target.pid;
	alice.address = target_ask(&target, PAGES, 0, 1);
	child = sec_fork(connects_and_waits, &alice);
	ASSERT_EQ(0, eventfd_read(alice.channel, &connected));
	ASSERT_EQ(0, target_ask(&target, BE, 0, 0));
	eventfd_write(alice.channel + 1, 1);
	EXPECT_EQ(0, sec_wait(child));
	target_kill(&target);
}

/*
 * Bob leaves something in his connections that takes its time to be closed.  As
 * many as the agent has callers can wait to be let in.
 */
#define LEFT	40

static int leaves_something(void *arg)
{
	const struct actor *actor = arg;
	int stays, fd, sock, i;

	CHILD_EXPECT(!sec_become(actor->uid, actor->uid));
	for (i = 0; i < LEFT; i++) {
		fd = lingering(&stays);
		sock = connect_raw(actor->pid);
		CHILD_EXPECT(fd >= 0 && sock >= 0);
		CHILD_EXPECT(!sec_send_fd(sock, fd));
		close(sock);
		close(fd);
	}
	eventfd_write(actor->channel, 1);
	for (;;)
		pause();
}

TEST_F(agent_users, strangers_hold_nobody_up)
{
	struct actor alice = { .uid = SEC_ALICE, .pid = self->target.pid };
	struct actor bob = { .uid = SEC_BOB, .pid = self->target.pid };
	eventfd_t left;
	int64_t child;
	pid_t pid;
	int round;

	bob.channel = eventfd(0, 0);
	for (round = 0; round < 2; round++) {
		target_pause(&self->target);
		pid = sec_fork(leaves_something, &bob);
		ASSERT_EQ(0, eventfd_read(bob.channel, &left));
		/* The second time they are still in the queue when it stops. */
		if (round)
			target_tell(&self->target, STOP, 0, 0);
		kill(self->target.pid, SIGCONT);
		EXPECT_EQ(0, round ? target_hear(&self->target) :
				     sec_in_child(reaches, &alice));
		child = target_ask(&self->target, FORK, 0, 0);
		ASSERT_LT(0, child);
		kill((pid_t)child, SIGKILL);
		kill(pid, SIGKILL);
		sec_wait(pid);
	}
	close(bob.channel);
}

/* This program again, when it has gained privilege by being executed. */

#define GAINED	"AGENT_TEST_GAINED"

__attribute__((constructor)) static void try_if_gained(void)
{
	int expected;

	if (!getenv(GAINED))
		return;
	expected = getenv(GAINED)[0] == '1' ? -EPERM : 0;
	CHILD_EXPECT(result(section_agent_start(0)) == expected);
	CHILD_EXPECT(!section_agent_stop());
	CHILD_EXPECT(!section_agent_start(SECTION_AGENT_PRIVATE));
	CHILD_EXPECT(section_agent_channel() >= 0);
	_exit(0);
}

struct program {
	const char *path;
	const char *environment;
};

static int executes(void *arg)
{
	const struct program *program = arg;
	char *const argv[] = { (char *)program->path, NULL };
	char *const envp[] = { (char *)program->environment, NULL };

	CHILD_EXPECT(!sec_become(SEC_BOB, SEC_BOB));
	execve(program->path, argv, envp);
	return 1;
}

static bool copy_myself(const char *path)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	char bytes[4096];
	ssize_t length;

	while ((length = read(from, bytes, sizeof(bytes))) > 0)
		if (write(to, bytes, length) != length)
			length = -1;
	if (fchmod(to, 0755))
		length = -1;
	close(from);
	close(to);
	return !length;
}

TEST(gained_privilege)
{
	struct program program = { .path = "/tmp/agent_root_test_gained" };

	ASSERT_TRUE(copy_myself(program.path));
	program.environment = GAINED "=0";
	EXPECT_EQ(0, sec_in_child(executes, &program));
	ASSERT_EQ(0, chown(program.path, SEC_ALICE, SEC_ALICE));
	ASSERT_EQ(0, chmod(program.path, 04755));
	program.environment = GAINED "=1";
	EXPECT_EQ(0, sec_in_child(executes, &program));
	EXPECT_EQ(0, unlink(program.path));
}

TEST_HARNESS_MAIN
