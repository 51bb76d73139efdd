// SPDX-License-Identifier: GPL-2.0-only
/*
 * What callers see of a process that has ended, hangs, is not there yet, has become
 * another, or lies: an error, in time.
 */
#include "agent_fixture.h"

/* Targets that are not there any more, or not yet, or not at the moment. */

TEST(never_started)
{
	struct target target;

	ASSERT_TRUE(target_start(&target));
	ASSERT_LT(0, target_ask(&target, DESCRIPTORS, 0, 0));
	EXPECT_EQ(NULL, section_peer_open(target.pid));
	EXPECT_EQ(ECONNREFUSED, errno);
	EXPECT_EQ(-ECONNREFUSED, target_ask(&target, CHANNEL, 0, 0));
	target_kill(&target);
}

TEST(no_process)
{
	struct target target;
	pid_t pid;

	EXPECT_EQ(NULL, section_peer_open(0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(NULL, section_peer_open(-1));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_TRUE(target_start(&target));
	pid = target.pid;
	target_kill(&target);
	EXPECT_EQ(NULL, section_peer_open(pid));
	EXPECT_EQ(ESRCH, errno);
	section_peer_close(NULL);
}

TEST_F(agent, killed)
{
	struct section_peer_region region;
	uint64_t address = 0;

	kill(self->target.pid, SIGKILL);
	/* It makes no difference whether its parent has looked. */
	EXPECT_EQ(-ESRCH, result(section_peer_map_memory(self->peer, SEC_PAGE,
							 PROT_READ,
							 &address)));
	EXPECT_EQ(-ESRCH, result(section_peer_query(self->peer, 0, &region)));
	EXPECT_EQ(-ESRCH, read_peer(self->peer, SEC_PAGE, &region, 1));
	EXPECT_EQ(NULL, section_peer_open(self->target.pid));
	EXPECT_EQ(ESRCH, errno);
	waitpid(self->target.pid, NULL, 0);
	EXPECT_EQ(-ESRCH, result(section_peer_unmap(self->peer, SEC_PAGE, 1)));
	EXPECT_EQ(NULL, section_peer_open(self->target.pid));
	EXPECT_EQ(ESRCH, errno);
}

static int kill_soon(void *arg)
{
	const struct timespec nap = { .tv_nsec = 200000000 };

	nanosleep(&nap, NULL);
	return kill(*(pid_t *)arg, SIGKILL) ? 1 : 0;
}

TEST_F(agent, killed_while_a_call_waits)
{
	uint64_t begin = now_ms();
	pid_t killer;

	target_pause(&self->target);
	killer = sec_fork(kill_soon, &self->target.pid);
	EXPECT_EQ(-ESRCH, result(section_peer_unmap(self->peer, SEC_PAGE, 1)));
	EXPECT_GT(HANGS_MS, now_ms() - begin);
	EXPECT_EQ(0, sec_wait(killer));
}

TEST_F(agent, stopped)
{
	struct section_peer *other = section_peer_open(self->target.pid);
	uint64_t address = free_pages(&self->target);
	struct section_peer_region region;
	uint64_t where = address;
	uint64_t begin;
	int i;

	ASSERT_NE(NULL, other);
	section_peer_set_timeout(other, PATIENCE_MS);
	ASSERT_TRUE(settle(other));

	EXPECT_EQ(-EINVAL, result(section_peer_set_timeout(self->peer, 0)));
	EXPECT_EQ(-EINVAL, result(section_peer_set_timeout(self->peer, -1)));
	ASSERT_EQ(0, section_peer_set_timeout(self->peer, SHORT_MS));
	target_pause(&self->target);
	begin = now_ms();
	for (i = 0; i < 3; i++)
		EXPECT_EQ(-ETIMEDOUT,
			  result(section_peer_map_memory(self->peer, SEC_PAGE,
							 PROT_READ, &where)));
	EXPECT_LE(3 * SHORT_MS, now_ms() - begin);
	EXPECT_GT(HANGS_MS, now_ms() - begin);

	/* What nobody waits for any more is not done later. */
	kill(self->target.pid, SIGCONT);
	ASSERT_TRUE(settle(other));
	ASSERT_EQ(0, section_peer_query(other, address, &region));
	EXPECT_FALSE(region.mapped);
	section_peer_close(other);
	/* And it can be asked for anew. */
	ASSERT_EQ(0, section_peer_set_timeout(self->peer, PATIENCE_MS));
	EXPECT_EQ(0, section_peer_map_memory(self->peer, SEC_PAGE, PROT_READ,
					     &where));
}

TEST_F(agent, stopped_and_forgotten)
{
	uint64_t address = free_pages(&self->target);
	struct section_peer *other = section_peer_open(self->target.pid);
	struct section_peer_region region;
	uint64_t where = address;

	ASSERT_NE(NULL, other);
	section_peer_set_timeout(other, SHORT_MS);
	target_pause(&self->target);
	EXPECT_EQ(-ETIMEDOUT,
		  result(section_peer_map_memory(other, SEC_PAGE, PROT_READ,
						 &where)));
	section_peer_close(other);
	kill(self->target.pid, SIGCONT);
	ASSERT_EQ(0, section_peer_query(self->peer, address, &region));
	EXPECT_FALSE(region.mapped);
}

TEST_F(agent, hangs_for_ever)
{
	uint64_t begin;
	int i;

	/* More requests than the socket can hold. */
	ASSERT_EQ(0, section_peer_set_timeout(self->peer, 1));
	target_pause(&self->target);
	begin = now_ms();
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(-ETIMEDOUT, result(section_peer_unmap(self->peer,
								SEC_PAGE, 1)));
	EXPECT_GT(HANGS_MS, now_ms() - begin);
}

/* Of which it may have fewer than it has, or exactly as many. */
FIXTURE(poor)
{
	struct target target;
	struct section_peer *peer;
	int dev;
};

FIXTURE_VARIANT(poor)
{
	int limit;
};

FIXTURE_VARIANT_ADD(poor, fewer)
{
	.limit = 0,
};

FIXTURE_VARIANT_ADD(poor, all_used)
{
	.limit = 40,
};

FIXTURE_SETUP(poor)
{
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	ASSERT_TRUE(target_start(&self->target));
	ASSERT_EQ(0, target_ask(&self->target, START, 0, 0));
	self->peer = section_peer_open(self->target.pid);
	ASSERT_NE(NULL, self->peer);
	ASSERT_EQ(0, section_peer_set_timeout(self->peer, PATIENCE_MS));
	ASSERT_EQ(0, section_peer_unmap(self->peer, SEC_PAGE, SEC_PAGE));
}

FIXTURE_TEARDOWN(poor)
{
	section_peer_close(self->peer);
	target_kill(&self->target);
	close(self->dev);
}

TEST_F(poor, without_descriptors)
{
	int handle = sec_create_anon(self->dev, NULL, SEC_PAGE);
	struct section_peer *late;
	uint64_t address = 0;

	ASSERT_EQ(0, target_ask(&self->target, LIMIT, 0, variant->limit));
	EXPECT_EQ(-EMFILE, map(self->peer, handle, PROT_READ, 0, &address));
	EXPECT_EQ(0, section_peer_unmap(self->peer, SEC_PAGE, 1));
	/* Nobody can be let in, and nobody else is worse off for it. */
	late = section_peer_open(self->target.pid);
	ASSERT_NE(NULL, late);
	section_peer_set_timeout(late, SHORT_MS);
	EXPECT_EQ(-ETIMEDOUT, result(section_peer_unmap(late, SEC_PAGE, 1)));
	EXPECT_EQ(0, section_peer_unmap(self->peer, SEC_PAGE, 1));
	/* Until there is room again. */
	section_peer_set_timeout(late, PATIENCE_MS);
	ASSERT_EQ(0, target_ask(&self->target, LIMIT, 0, 1000));
	EXPECT_EQ(0, section_peer_unmap(late, SEC_PAGE, 1));
	EXPECT_EQ(0, map(self->peer, handle, PROT_READ, 0, &address));
	section_peer_close(late);
	close(handle);
}

TEST_F(agent, replaced_by_another_program)
{
	uint64_t begin;

	ASSERT_TRUE(target_replace(&self->target));
	begin = now_ms();
	EXPECT_EQ(-ECONNREFUSED, result(section_peer_unmap(self->peer, SEC_PAGE,
							   1)));
	EXPECT_GT(HANGS_MS, now_ms() - begin);
	/* The process is still there. */
	EXPECT_EQ(0, kill(self->target.pid, 0));
	EXPECT_EQ(NULL, section_peer_open(self->target.pid));
	EXPECT_EQ(ECONNREFUSED, errno);
}

TEST_F(agent, stop_and_start)
{
	struct section_peer *again;

	EXPECT_EQ(-EALREADY, target_ask(&self->target, START, 0, 0));
	EXPECT_EQ(-EINVAL, target_ask(&self->target, START, 0, 0x80));
	EXPECT_EQ(0, target_ask(&self->target, STOP, 0, 0));
	EXPECT_EQ(0, target_ask(&self->target, STOP, 0, 0));
	EXPECT_EQ(-ECONNREFUSED, result(section_peer_unmap(self->peer, SEC_PAGE,
							   1)));
	EXPECT_EQ(NULL, section_peer_open(self->target.pid));
	EXPECT_EQ(ECONNREFUSED, errno);
	/* Of the agent nothing is left, and of a caller before neither. */
	EXPECT_GT(self->fds, target_ask(&self->target, DESCRIPTORS, 0, 0));
	EXPECT_EQ(0, target_ask(&self->target, START, 0, 0));
	EXPECT_EQ(-ECONNREFUSED, result(section_peer_unmap(self->peer, SEC_PAGE,
							   1)));
	again = section_peer_open(self->target.pid);
	ASSERT_NE(NULL, again);
	EXPECT_EQ(0, section_peer_unmap(again, SEC_PAGE, 1));
	EXPECT_EQ(self->target.pid, section_peer_pid(again));
	EXPECT_EQ(self->fds, target_ask(&self->target, DESCRIPTORS, 0, 0));
	section_peer_close(again);
}

TEST_F(agent, child_has_none)
{
	pid_t child = target_ask(&self->target, FORK, 0, 0);

	ASSERT_LT(0, child);
	EXPECT_EQ(NULL, section_peer_open(child));
	EXPECT_EQ(ECONNREFUSED, errno);
	EXPECT_EQ(0, section_peer_unmap(self->peer, SEC_PAGE, 1));
	/* It keeps nothing alive either. */
	ASSERT_TRUE(target_replace(&self->target));
	EXPECT_EQ(-ECONNREFUSED, result(section_peer_unmap(self->peer, SEC_PAGE,
							   1)));
	EXPECT_EQ(NULL, section_peer_open(self->target.pid));
	EXPECT_EQ(ECONNREFUSED, errno);
	kill(child, SIGKILL);
}

/* This process has an agent; its child none, but may have one. */
static int child_of_an_agent(void *arg)
{
	int sock = *(int *)arg;
	struct section_peer *peer;

	CHILD_EXPECT(section_agent_channel() < 0 && errno == ECONNREFUSED);
	CHILD_EXPECT(!section_agent_stop());
	CHILD_EXPECT(!section_agent_start(0));
	peer = section_peer_open(getpid());
	CHILD_EXPECT(peer);
	CHILD_EXPECT(!section_peer_unmap(peer, SEC_PAGE, 1));
	section_peer_close(peer);
	peer = section_peer_open(getppid());
	CHILD_EXPECT(peer);
	CHILD_EXPECT(!section_peer_unmap(peer, SEC_PAGE, 1));
	section_peer_close(peer);
	CHILD_EXPECT(!section_agent_stop());
	CHILD_EXPECT(sec_count_fds() == sock);
	return 0;
}

TEST(child_may_have_its_own)
{
	int before = sec_count_fds();

	ASSERT_EQ(0, section_agent_start(0));
	EXPECT_EQ(0, sec_in_child(child_of_an_agent, &before));
	EXPECT_EQ(0, section_agent_stop());
	EXPECT_EQ(before, sec_count_fds());
	/* And the other way round: from a child that never had one. */
	EXPECT_EQ(0, section_agent_start(0));
	EXPECT_EQ(0, section_agent_stop());
}

/* Forks made while the agent is at work neither hang nor confuse anybody. */
static void *fork_often(void *arg)
{
	int *failed = arg;
	int i;

	for (i = 0; i < 100; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(section_agent_channel() >= 0 ||
			      section_agent_start(0) || section_agent_stop());
		if (sec_wait(pid))
			++*failed;
	}
	return NULL;
}

TEST(fork_at_any_time)
{
	int failed = 0;
	struct section_peer *peer;
	pthread_t thread;
	int i;

	ASSERT_EQ(0, section_agent_start(0));
	ASSERT_EQ(0, pthread_create(&thread, NULL, fork_often, &failed));
	for (i = 0; i < 500; i++) {
		peer = section_peer_open(getpid());
		ASSERT_NE(NULL, peer);
		section_peer_set_timeout(peer, PATIENCE_MS);
		ASSERT_EQ(0, section_peer_unmap(peer, SEC_PAGE, 1));
		section_peer_close(peer);
	}
	pthread_join(thread, NULL);
	EXPECT_EQ(0, failed);
	EXPECT_EQ(0, section_agent_stop());
}

/* Targets that mean no good. */

/* The connection that a peer sends through its channel. */
static int receive_socket(int channel)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct wire_request request;
	struct iovec part = { &request, sizeof(request) };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(channel, &message, 0) < (ssize_t)WIRE_REQUEST_HEADER ||
	    !CMSG_FIRSTHDR(&message))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

enum lie {
	SILENCE, CLOSES, NOISE, SHORT, WRONG_MAGIC, FUTURE, TOO_LONG, TOO_SHORT,
	BAD_ERRNO, ERROR_WITH_DATA, STALE_FOR_EVER, DESCRIPTORS_TOO, WROTE_MORE,
};

static void lie_once(int sock, enum lie lie, const struct wire_request *request)
{
	struct wire_reply reply = {
		.magic = WIRE_MAGIC, .cookie = request->cookie, .length = 16,
	};
	size_t size = WIRE_REPLY_HEADER + 16;

	switch (lie) {
	case SILENCE:
		return;
	case CLOSES:
		shutdown(sock, SHUT_RDWR);
		return;
	case NOISE:
		memset(&reply, 0xff, sizeof(reply));
		size = sizeof(reply);
		break;
	case SHORT:
		size = WIRE_REPLY_HEADER - 1;
		break;
	case WRONG_MAGIC:
		reply.magic++;
		break;
	case FUTURE:
		reply.cookie++;
		break;
	case TOO_LONG:
		reply.length = 32;
		size += 16;
		break;
	case TOO_SHORT:
		reply.length = 8;
		size -= 8;
		break;
	case BAD_ERRNO:
		reply.error = 4096;
		reply.length = 0;
		size -= 16;
		break;
	case ERROR_WITH_DATA:
		reply.error = EPERM;
		break;
	case DESCRIPTORS_TOO:
		/* Descriptors first, as a message that is too short. */
		sec_send_fd(sock, sock);
		return;
	case WROTE_MORE:
		memset(reply.data, 0x7f, 16);
		break;
	case STALE_FOR_EVER:
		/* In the second call there is something that can be stale. */
		if (!--reply.cookie)
			return;
		while (send(sock, &reply, size, MSG_NOSIGNAL) > 0)
			;
		return;
	}
	send(sock, &reply, size, MSG_NOSIGNAL);
}

/* Serves one connection after the other under this process's own name. */
static void be_liar(int ready, enum lie lie)
{
	struct wire_request request;
	int listener = squat(getpid());
	int sock;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 0);
	eventfd_write(ready, 1);
	for (;;) {
		sock = accept(listener, NULL, NULL);
		while (recv(sock, &request, sizeof(request), 0) > 0)
			lie_once(sock, lie, &request);
		close(sock);
	}
}

static pid_t start_liar(enum lie lie)
{
	int ready = eventfd(0, EFD_CLOEXEC);
	eventfd_t value;
	pid_t pid = fork();

	if (!pid)
		be_liar(ready, lie);
	eventfd_read(ready, &value);
	close(ready);
	return pid;
}

TEST(liars)
{
	const struct { enum lie lie; int expected; } lies[] = {
		{ SILENCE, -ETIMEDOUT }, { CLOSES, -ECONNREFUSED },
		{ NOISE, -EPROTO }, { SHORT, -EPROTO }, { WRONG_MAGIC, -EPROTO },
		{ FUTURE, -EPROTO }, { TOO_LONG, -EPROTO },
		{ TOO_SHORT, -EPROTO }, { BAD_ERRNO, -EPROTO },
		{ ERROR_WITH_DATA, -EPROTO }, { STALE_FOR_EVER, -ETIMEDOUT },
		{ DESCRIPTORS_TOO, -EPROTO }, { WROTE_MORE, -EPROTO },
	};
	struct section_peer *peer;
	char data[16] = "some bytes";
	int before = sec_count_fds();
	uint64_t begin;
	pid_t liar;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		liar = start_liar(lies[i].lie);
		peer = section_peer_open(liar);
		ASSERT_NE(NULL, peer);
		if (lies[i].expected == -ETIMEDOUT)
			section_peer_set_timeout(peer, SHORT_MS);
		begin = now_ms();
		EXPECT_EQ(lies[i].expected, write_peer(peer, SEC_PAGE, data, 16)) {
			TH_LOG("lie %d", lies[i].lie);
		}
		EXPECT_EQ(lies[i].expected, write_peer(peer, SEC_PAGE, data, 16));
		EXPECT_GT(HANGS_MS, now_ms() - begin);
		/* Nothing was pushed onto this process. */
		EXPECT_EQ(before + 2, sec_count_fds());
		section_peer_close(peer);
		kill(liar, SIGKILL);
		sec_wait(liar);
	}
	EXPECT_EQ(before, sec_count_fds());
}

/*
 * Who gave the channel away can be anybody.  This one answers with a descriptor
 * that takes its time to be closed, to the first call and behind it.
 */
TEST(answers_that_hold_nobody_up)
{
	struct section_peer_region region;
	struct section_peer *peer;
	int ends[2], sock, fd, stays, i;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
	peer = section_peer_adopt(ends[1]);
	ASSERT_NE(NULL, peer);
	sock = receive_socket(ends[0]);
	ASSERT_LE(0, sock);
	fd = lingering(&stays);
	ASSERT_LE(0, fd);
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, sec_send_fd(sock, fd));
	close(fd);
	EXPECT_EQ(-EPROTO, result(section_peer_query(peer, SEC_PAGE, &region)));
	EXPECT_EQ(-EPROTO, result(section_peer_query(peer, SEC_PAGE, &region)));
	section_peer_close(peer);
	close(stays);
}

static void *call_for_ever(void *peer)
{
	for (;;) {
		section_peer_unmap(peer, SEC_PAGE, 1);
		pthread_testcancel();
	}
	return NULL;
}

TEST_F(agent, cancelled_callers)
{
	pthread_t thread;
	int i;

	for (i = 0; i < 5; i++) {
		ASSERT_EQ(0, pthread_create(&thread, NULL, call_for_ever,
					    self->peer));
		/* Not before it is at it. */
		ASSERT_EQ(0, section_peer_unmap(self->peer, SEC_PAGE, 1));
		pthread_cancel(thread);
		pthread_join(thread, NULL);
		EXPECT_EQ(0, result(section_peer_unmap(self->peer, SEC_PAGE, 1)));
	}
}

/* A backlog that nobody takes from lets nobody wait for ever. */
TEST(crowd_before_a_hung_target)
{
	struct section_peer *peers[200] = { NULL };
	struct target target;
	uint64_t begin;
	size_t i;

	ASSERT_TRUE(target_start(&target));
	ASSERT_EQ(0, target_ask(&target, START, 0, 0));
	target_pause(&target);
	begin = now_ms();
	for (i = 0; i < ARRAY_SIZE(peers); i++) {
		peers[i] = section_peer_open(target.pid);
		if (!peers[i])
			break;
	}
	EXPECT_EQ(ETIMEDOUT, errno);
	EXPECT_GT(ARRAY_SIZE(peers), i);
	EXPECT_GT(HANGS_MS, now_ms() - begin);
	target_kill(&target);
	while (i--) {
		EXPECT_EQ(-ESRCH, result(section_peer_unmap(peers[i], SEC_PAGE,
							    1)));
		section_peer_close(peers[i]);
	}
}

static void *wait_long(void *arg)
{
	section_peer_unmap(arg, SEC_PAGE, 1);
	return NULL;
}

TEST_F(agent, turns_have_an_end)
{
	const struct timespec nap = { .tv_nsec = 200000000 };
	pthread_t thread;
	uint64_t begin;

	section_peer_set_timeout(self->peer, 3000);
	target_pause(&self->target);
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_long, self->peer));
	nanosleep(&nap, NULL);
	section_peer_set_timeout(self->peer, SHORT_MS);
	begin = now_ms();
	EXPECT_EQ(-ETIMEDOUT, result(section_peer_unmap(self->peer, SEC_PAGE,
							1)));
	EXPECT_GT(HANGS_MS, now_ms() - begin);
	pthread_join(thread, NULL);
}

TEST_F(agent, signals_do_not_interrupt)
{
	const struct itimerval often = { { 0, 2000 }, { 0, 2000 } };
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = sec_ignore };
	uint64_t begin;
	int i;

	/* Without SA_RESTART; the harness's own alarm is not needed here. */
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (i = 0; i < 200; i++)
		EXPECT_EQ(0, section_peer_unmap(self->peer, SEC_PAGE, 1));
	section_peer_set_timeout(self->peer, SHORT_MS);
	target_pause(&self->target);
	begin = now_ms();
	EXPECT_EQ(-ETIMEDOUT, result(section_peer_unmap(self->peer, SEC_PAGE,
							1)));
	EXPECT_LE(SHORT_MS, now_ms() - begin);
	EXPECT_GT(HANGS_MS, now_ms() - begin);
	setitimer(ITIMER_REAL, &never, NULL);
}

TEST_HARNESS_MAIN
