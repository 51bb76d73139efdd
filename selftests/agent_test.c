// SPDX-License-Identifier: GPL-2.0-only
/*
 * Acting on the memory of another process that agreed to it, and who can.
 */
#include "agent_fixture.h"

TEST_F(agent, map_view)
{
	int handle = sec_create_anon(self->dev, NULL, 3 * SEC_PAGE);
	unsigned char *mine = sec_map(handle, PROT_READ | PROT_WRITE, 0, 0, 0);
	uint64_t address = 0, length = 0;

	ASSERT_NE(MAP_FAILED, mine);
	mine[2 * SEC_PAGE] = 7;
	ASSERT_EQ(0, section_peer_map(self->peer, handle,
				      PROT_READ | PROT_WRITE, 0, SEC_PAGE,
				      &length, &address));
	EXPECT_EQ(2 * SEC_PAGE, length);
	EXPECT_EQ(7, sees(&self->target, address + SEC_PAGE));
	EXPECT_EQ(0, writes(&self->target, address, 9));
	EXPECT_EQ(9, mine[SEC_PAGE]);
	mine[SEC_PAGE] = 11;
	EXPECT_EQ(11, sees(&self->target, address));
	/* The agent keeps no handle. */
	EXPECT_EQ(self->fds, target_ask(&self->target, DESCRIPTORS, 0, 0));

	length = SEC_PAGE;
	address = 0;
	ASSERT_EQ(0, section_peer_map(self->peer, handle, PROT_READ, 0,
				      2 * SEC_PAGE, &length, &address));
	EXPECT_EQ(SEC_PAGE, length);
	EXPECT_EQ(7, sees(&self->target, address));
	EXPECT_EQ(-SIGSEGV, writes(&self->target, address, 1));
	munmap(mine, 3 * SEC_PAGE);
	close(handle);
}

TEST_F(agent, map_private_view)
{
	int handle = sec_create_anon(self->dev, NULL, SEC_PAGE);
	unsigned char *mine = sec_map(handle, PROT_READ | PROT_WRITE, 0, 0, 0);
	uint64_t address = 0;
	unsigned char byte = 6;

	ASSERT_NE(MAP_FAILED, mine);
	*mine = 1;
	ASSERT_EQ(0, map(self->peer, handle, PROT_READ | PROT_WRITE,
			 SECTION_MAP_PRIVATE, &address));
	EXPECT_EQ(1, sees(&self->target, address));
	/* A write from outside goes to the copy as well. */
	EXPECT_EQ(1, section_peer_write(self->peer, address + 1, &byte, 1));
	EXPECT_EQ(6, sees(&self->target, address + 1));
	EXPECT_EQ(0, mine[1]);
	EXPECT_EQ(0, writes(&self->target, address, 2));
	EXPECT_EQ(1, *mine);
	munmap(mine, SEC_PAGE);
	close(handle);
}

TEST_F(agent, map_where_it_is_told)
{
	int handle = sec_create_anon(self->dev, NULL, SEC_PAGE);
	uint64_t address = free_pages(&self->target);
	uint64_t where = address;

	ASSERT_EQ(0, map(self->peer, handle, PROT_READ | PROT_WRITE, 0,
			 &where));
	EXPECT_EQ(address, where);
	EXPECT_EQ(0, writes(&self->target, address, 5));

	/* Nothing that is there is ever replaced, and failure writes nothing. */
	EXPECT_EQ(-EEXIST, map(self->peer, handle, PROT_READ,
			       SECTION_MAP_PRIVATE, &where));
	EXPECT_EQ(-EEXIST, result(section_peer_map_memory(self->peer, SEC_PAGE,
							  PROT_READ, &where)));
	EXPECT_EQ(address, where);
	EXPECT_EQ(5, sees(&self->target, address));
	where = address + SEC_PAGE + 1;
	EXPECT_EQ(-EINVAL, map(self->peer, handle, PROT_READ, 0, &where));
	where = 0;
	EXPECT_EQ(-EINVAL, map(self->peer, handle, PROT_READ, SECTION_MAP_FIXED,
			       &where));
	where = (uint64_t)-SEC_PAGE;
	EXPECT_EQ(-EOVERFLOW, result(section_peer_map_memory(self->peer,
							     2 * SEC_PAGE,
							     PROT_READ,
							     &where)));
	close(handle);
}

TEST_F(agent, map_goes_by_the_handle)
{
	int handle = sec_create_anon(self->dev, NULL, SEC_PAGE);
	int reader = sec_duplicate(handle, SEC_RIGHTS_R, 0);
	uint64_t address = 0;
	int other = eventfd(0, EFD_CLOEXEC);
	int i;

	ASSERT_LE(0, reader);
	EXPECT_EQ(-EACCES, map(self->peer, reader, PROT_READ | PROT_WRITE, 0,
			       &address));
	EXPECT_EQ(0, address);
	EXPECT_EQ(-ENOTTY, map(self->peer, other, PROT_READ, 0, &address));
	EXPECT_EQ(-EBADF, map(self->peer, -1, PROT_READ, 0, &address));
	EXPECT_EQ(-EINVAL, map(self->peer, handle, PROT_READ, 1U << 30,
			       &address));
	ASSERT_EQ(0, map(self->peer, reader, PROT_READ, 0, &address));
	/* What the handle did not grant the agent cannot take. */
	EXPECT_EQ(-EACCES, result(section_peer_protect(self->peer, address,
						       SEC_PAGE,
						       PROT_READ | PROT_WRITE)));
	EXPECT_EQ(-SIGSEGV, writes(&self->target, address, 1));
	for (i = 0; i < 50; i++)
		map(self->peer, other, PROT_READ, 0, &address);
	EXPECT_EQ(self->fds, target_ask(&self->target, DESCRIPTORS, 0, 0));
	close(other);
	close(reader);
	close(handle);
}

TEST_F(agent, memory)
{
	uint64_t address = 0;

	ASSERT_EQ(0, section_peer_map_memory(self->peer, SEC_PAGE + 1,
					     PROT_READ | PROT_WRITE, &address));
	EXPECT_EQ(0, sees(&self->target, address));
	EXPECT_EQ(0, sees(&self->target, address + 2 * SEC_PAGE - 1));
	EXPECT_EQ(0, writes(&self->target, address, 3));
	EXPECT_EQ(3, sees(&self->target, address));

	address = 0;
	EXPECT_EQ(-EINVAL, result(section_peer_map_memory(self->peer, 0,
							  PROT_READ,
							  &address)));
	EXPECT_EQ(-EINVAL, result(section_peer_map_memory(self->peer, SEC_PAGE,
							  0x100, &address)));
	EXPECT_EQ(-ENOMEM, result(section_peer_map_memory(self->peer,
							  1ULL << 60,
							  PROT_READ,
							  &address)));
	EXPECT_EQ(0, address);
	ASSERT_EQ(0, section_peer_map_memory(self->peer, SEC_PAGE, PROT_NONE,
					     &address));
	EXPECT_EQ(-SIGSEGV, sees(&self->target, address));
}

TEST_F(agent, protect)
{
	uint64_t address = target_ask(&self->target, PAGES, 0, PAGES_MAX);

	EXPECT_EQ(0, section_peer_protect(self->peer, address + SEC_PAGE,
					  SEC_PAGE, PROT_READ));
	EXPECT_EQ(0, writes(&self->target, address, 1));
	EXPECT_EQ(-SIGSEGV, writes(&self->target, address + SEC_PAGE, 1));
	EXPECT_EQ('T', sees(&self->target, address + SEC_PAGE));
	EXPECT_EQ(0, section_peer_protect(self->peer, address + SEC_PAGE,
					  SEC_PAGE, PROT_NONE));
	EXPECT_EQ(-SIGSEGV, sees(&self->target, address + SEC_PAGE));
	EXPECT_EQ(0, section_peer_protect(self->peer, address, 2 * SEC_PAGE,
					  PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, writes(&self->target, address + SEC_PAGE, 1));

	EXPECT_EQ(-EINVAL, result(section_peer_protect(self->peer, address + 1,
						       1, PROT_READ)));
	EXPECT_EQ(-EINVAL, result(section_peer_protect(self->peer, address, 0,
						       PROT_READ)));
	EXPECT_EQ(-EINVAL, result(section_peer_protect(self->peer, address, 1,
						       PROT_GROWSDOWN)));
	EXPECT_EQ(-EOVERFLOW, result(section_peer_protect(self->peer, address,
							  UINT64_MAX,
							  PROT_READ)));
	ASSERT_EQ(0, target_ask(&self->target, UNMAP, address, PAGES_MAX));
	EXPECT_EQ(-ENOMEM, result(section_peer_protect(self->peer, address,
						       SEC_PAGE, PROT_READ)));
}

TEST_F(agent, unmap)
{
	int handle = sec_create_anon(self->dev, NULL, SEC_PAGE);
	uint64_t memory = target_ask(&self->target, PAGES, 0, PAGES_MAX);
	struct section_query q;
	uint64_t view = 0;

	ASSERT_EQ(0, map(self->peer, handle, PROT_READ, 0, &view));
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(1, q.views);
	EXPECT_EQ(0, section_peer_unmap(self->peer, view, SEC_PAGE));
	EXPECT_EQ(-SIGSEGV, sees(&self->target, view));
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(0, q.views);

	EXPECT_EQ(0, section_peer_unmap(self->peer, memory, SEC_PAGE));
	EXPECT_EQ(-SIGSEGV, sees(&self->target, memory));
	EXPECT_EQ('T', sees(&self->target, memory + SEC_PAGE));
	EXPECT_EQ(0, section_peer_unmap(self->peer, memory, SEC_PAGE));
	EXPECT_EQ(-EINVAL, result(section_peer_unmap(self->peer, memory + 1,
						     SEC_PAGE)));
	EXPECT_EQ(-EINVAL, result(section_peer_unmap(self->peer, memory, 0)));
	EXPECT_EQ(-EOVERFLOW, result(section_peer_unmap(self->peer, memory,
							UINT64_MAX)));
	close(handle);
}

TEST_F(agent, query_memory)
{
	uint64_t address = target_ask(&self->target, PAGES, 0, 3);
	struct section_peer_region region;

	/* The middle page becomes a mapping of its own, then a gap. */
	ASSERT_EQ(0, target_ask(&self->target, PROTECT, address + SEC_PAGE,
				PROT_READ));
	memset(&region, SEC_POISON, sizeof(region));
	ASSERT_EQ(0, section_peer_query(self->peer, address + SEC_PAGE + 7,
					&region));
	EXPECT_EQ(address + SEC_PAGE, region.address);
	EXPECT_EQ(SEC_PAGE, region.length);
	EXPECT_EQ(PROT_READ, region.prot);
	EXPECT_TRUE(region.mapped);
	EXPECT_FALSE(region.shared);
	EXPECT_FALSE(region.is_view);
	ASSERT_EQ(0, section_peer_query(self->peer, address, &region));
	EXPECT_EQ(PROT_READ | PROT_WRITE, region.prot);
	EXPECT_EQ(address + SEC_PAGE, region.address + region.length);

	ASSERT_EQ(0, target_ask(&self->target, UNMAP, address + SEC_PAGE, 1));
	ASSERT_EQ(0, section_peer_query(self->peer, address + 2 * SEC_PAGE - 1,
					&region));
	EXPECT_EQ(address + SEC_PAGE, region.address);
	EXPECT_EQ(SEC_PAGE, region.length);
	EXPECT_EQ(0, region.prot);
	EXPECT_FALSE(region.mapped);

	ASSERT_EQ(0, section_peer_query(self->peer, 0, &region));
	EXPECT_EQ(0, region.address);
	EXPECT_LT(0, region.length);
	EXPECT_FALSE(region.mapped);
	ASSERT_EQ(0, section_peer_query(self->peer, UINT64_MAX - SEC_PAGE,
					&region));
	EXPECT_FALSE(region.mapped);
	EXPECT_EQ((uint64_t)-SEC_PAGE, region.address + region.length);
}

TEST_F(agent, query_view)
{
	int handle = sec_create_anon(self->dev, NULL, 3 * SEC_PAGE);
	struct section_peer_region region;
	uint64_t address = 0, length = SEC_PAGE;

	ASSERT_EQ(0, section_peer_map(self->peer, handle, PROT_READ, 0,
				      SEC_PAGE, &length, &address));
	ASSERT_EQ(0, section_peer_query(self->peer, address + 9, &region));
	EXPECT_EQ(address, region.address);
	EXPECT_EQ(SEC_PAGE, region.length);
	EXPECT_EQ(PROT_READ, region.prot);
	EXPECT_TRUE(region.shared);
	ASSERT_TRUE(region.is_view);
	EXPECT_EQ(sec_id(handle), region.view.id);
	EXPECT_EQ(address, (uintptr_t)region.view.address);
	EXPECT_EQ(SEC_PAGE, region.view.length);
	EXPECT_EQ(SEC_PAGE, region.view.offset);
	EXPECT_EQ(3 * SEC_PAGE, region.view.bytes);
	EXPECT_EQ(PROT_READ, region.view.prot);
	EXPECT_EQ(PROT_READ | PROT_WRITE,
		  region.view.max_prot & (PROT_READ | PROT_WRITE));
	EXPECT_FALSE(region.view.private_view);
	EXPECT_TRUE(region.view.committed);
	EXPECT_TRUE(region.view.inherited);
	EXPECT_EQ(SEC_PAGE, region.view.run);

	address = 0;
	ASSERT_EQ(0, map(self->peer, handle, PROT_READ, SECTION_MAP_PRIVATE,
			 &address));
	ASSERT_EQ(0, section_peer_query(self->peer, address, &region));
	EXPECT_FALSE(region.shared);
	ASSERT_TRUE(region.is_view);
	EXPECT_TRUE(region.view.private_view);
	close(handle);
}

/* Who is who. */

/* As somebody who had the number before the target would. */
TEST(name_taken_by_another_process)
{
	struct target target;
	struct section_peer *peer;
	int channel, sock;

	ASSERT_TRUE(target_start(&target));
	sock = squat(target.pid);
	ASSERT_LE(0, sock);
	EXPECT_EQ(-EADDRINUSE, target_ask(&target, START, 0, 0));
	EXPECT_EQ(NULL, section_peer_open(target.pid));
	EXPECT_EQ(EPERM, errno);
	/* There is another way. */
	ASSERT_EQ(0, target_ask(&target, START, 0, SECTION_AGENT_PRIVATE));
	channel = target_channel(&target);
	peer = section_peer_adopt(channel);
	ASSERT_NE(NULL, peer);
	EXPECT_EQ(0, section_peer_unmap(peer, SEC_PAGE, 1));
	section_peer_close(peer);
	close(channel);
	close(sock);
	target_kill(&target);
}

TEST(private_agent)
{
	struct target target;
	struct section_peer *peers[2];
	int channel;
	size_t i;

	ASSERT_TRUE(target_start(&target));
	ASSERT_EQ(0, target_ask(&target, START, 0, SECTION_AGENT_PRIVATE));
	EXPECT_EQ(NULL, section_peer_open(target.pid));
	EXPECT_EQ(ECONNREFUSED, errno);
	channel = target_channel(&target);
	ASSERT_LE(0, channel);
	EXPECT_EQ(FD_CLOEXEC, fcntl(channel, F_GETFD));

	/* Two at a time over one channel, which need not stay open. */
	for (i = 0; i < 2; i++) {
		peers[i] = section_peer_adopt(channel);
		ASSERT_NE(NULL, peers[i]);
		EXPECT_EQ(target.pid, section_peer_pid(peers[i]));
	}
	close(channel);
	for (i = 0; i < 6; i++)
		EXPECT_EQ(0, section_peer_unmap(peers[i % 2], SEC_PAGE, 1));
	section_peer_close(peers[0]);
	EXPECT_EQ(0, section_peer_unmap(peers[1], SEC_PAGE, 1));
	target_kill(&target);
	EXPECT_EQ(-ESRCH, result(section_peer_unmap(peers[1], SEC_PAGE, 1)));
	section_peer_close(peers[1]);
}

TEST_F(agent, channels)
{
	struct target *target = &self->target;
	int channels[16];
	int ends[2];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(channels); i++) {
		channels[i] = target_channel(target);
		ASSERT_LE(0, channels[i]);
	}
	EXPECT_EQ(-EBUSY, target_ask(target, CHANNEL, 0, 0));
	for (i = 1; i < ARRAY_SIZE(channels); i++)
		close(channels[i]);
	EXPECT_EQ(NULL, section_peer_adopt(-1));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(NULL, section_peer_adopt(self->dev));
	EXPECT_EQ(ENOTSOCK, errno);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	EXPECT_EQ(NULL, section_peer_adopt(ends[0]));
	EXPECT_EQ(EPROTOTYPE, errno);
	close(ends[0]);
	close(ends[1]);

	/* What nobody holds any more the agent forgets. */
	EXPECT_TRUE(settle(self->peer));
	EXPECT_EQ(self->fds + 1, target_ask(target, DESCRIPTORS, 0, 0));
	EXPECT_EQ(0, target_ask(target, STOP, 0, 0));
	EXPECT_EQ(NULL, section_peer_adopt(channels[0]));
	EXPECT_EQ(ECONNREFUSED, errno);
	close(channels[0]);
}

/* Operations of others. */

#define OP_ECHO		SECTION_AGENT_USER
#define OP_FAIL		(SECTION_AGENT_USER + 1)
#define OP_TAKE		(SECTION_AGENT_USER + 2)
#define OP_TOO_MUCH	(SECTION_AGENT_USER + 3)
#define OP_STOP		0xffffffffU

static int taken = -1;

static int echo(struct section_agent_call *call)
{
	sigset_t blocked;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	memcpy(call->reply, call->request, call->request_len);
	call->reply_len = call->request_len;
	return sigismember(&blocked, SIGTERM) &&
	       (uintptr_t)call->request % _Alignof(max_align_t) == 0 &&
	       (uintptr_t)call->reply % _Alignof(max_align_t) == 0 &&
	       call->operation == OP_ECHO ? 0 : EDOM;
}

static int fail(struct section_agent_call *call)
{
	int error;

	memcpy(&error, call->request, sizeof(error));
	call->reply_len = 8;
	return error;
}

static int take(struct section_agent_call *call)
{
	bool three = call->fd_count == 3;

	if (three) {
		taken = call->fds[1];
		call->fds[1] = -1;
	}
	return three ? 0 : EDOM;
}

static int too_much(struct section_agent_call *call)
{
	call->reply_len = call->reply_room + 1;
	return 0;
}

static int stop(struct section_agent_call *call)
{
	(void)call;
	return section_agent_stop() ? errno : 0;
}

FIXTURE(operations)
{
	struct section_peer *peer;
};

FIXTURE_SETUP(operations)
{
	ASSERT_EQ(0, section_agent_register(OP_ECHO, echo));
	ASSERT_EQ(0, section_agent_start(0));
	ASSERT_EQ(0, section_agent_register(OP_FAIL, fail));
	ASSERT_EQ(0, section_agent_register(OP_TAKE, take));
	ASSERT_EQ(0, section_agent_register(OP_TOO_MUCH, too_much));
	ASSERT_EQ(0, section_agent_register(OP_STOP, stop));
	self->peer = section_peer_open(getpid());
	ASSERT_NE(NULL, self->peer);
	section_peer_set_timeout(self->peer, PATIENCE_MS);
	/* The agent has accepted the connection when it answers. */
	ASSERT_EQ(0, section_peer_unmap(self->peer, SEC_PAGE, 1));
}

FIXTURE_TEARDOWN(operations)
{
	section_peer_close(self->peer);
	section_agent_stop();
}

TEST_F(operations, bytes)
{
	static unsigned char request[SECTION_AGENT_DATA_MAX + 1];
	static unsigned char reply[SECTION_AGENT_DATA_MAX];
	const ssize_t lengths[] = { 0, 1, 1000, SECTION_AGENT_DATA_MAX };
	size_t i;

	for (i = 0; i < sizeof(request); i++)
		request[i] = i * 5 / 3;
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		memset(reply, 0, sizeof(reply));
		EXPECT_EQ(lengths[i],
			  section_peer_call(self->peer, OP_ECHO, request,
					    lengths[i], NULL, 0, reply,
					    sizeof(reply)));
		EXPECT_EQ(0, memcmp(reply, request, lengths[i]));
	}
	EXPECT_EQ(-EINVAL, result_size(section_peer_call(self->peer, OP_ECHO,
							 request,
							 sizeof(request), NULL,
							 0, NULL, 0)));
	EXPECT_EQ(-EMSGSIZE, result_size(section_peer_call(self->peer, OP_ECHO,
							   request, 8, NULL, 0,
							   reply, 7)));
	EXPECT_EQ(-EMSGSIZE, result_size(section_peer_call(self->peer,
							   OP_TOO_MUCH, NULL, 0,
							   NULL, 0, reply, 4)));
	EXPECT_EQ(0, section_peer_call(self->peer, OP_ECHO, NULL, 0, NULL, 0,
				       NULL, 0));
}

TEST_F(operations, errors)
{
	const struct { int given, expected; } errors[] = {
		{ 1, EPERM }, { ERANGE, ERANGE }, { 4095, 4095 },
		{ 4096, EIO }, { -EPERM, EIO },
		{ ECONNREFUSED, ECONNREFUSED }, { ETIMEDOUT, ETIMEDOUT },
	};
	char reply[8] = "unused";
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errors); i++)
		EXPECT_EQ(-errors[i].expected,
			  result_size(section_peer_call(self->peer, OP_FAIL,
							&errors[i].given,
							sizeof(int), NULL, 0,
							reply, 8)));
	EXPECT_STREQ("unused", reply);
	/* Numbers that a handler returns do not end the connection. */
	EXPECT_EQ(0, section_peer_unmap(self->peer, SEC_PAGE, 1));
	EXPECT_EQ(-EDEADLK, result_size(section_peer_call(self->peer, OP_STOP,
							  NULL, 0, NULL, 0,
							  NULL, 0)));
}

TEST_F(operations, descriptors)
{
	int fds[5] = { 0, 0, 0, 0, 0 };
	int before = sec_count_fds();
	struct stat sent, got;
	int i;

	for (i = 0; i < 5; i++)
		fds[i] = memfd_create("test", MFD_CLOEXEC);
	EXPECT_EQ(-EINVAL, result_size(section_peer_call(self->peer, OP_TAKE,
							 NULL, 0, fds, 5, NULL,
							 0)));
	EXPECT_EQ(-EDOM, result_size(section_peer_call(self->peer, OP_TAKE,
						       NULL, 0, fds, 4, NULL,
						       0)));
	ASSERT_EQ(0, section_peer_call(self->peer, OP_TAKE, NULL, 0, fds, 3,
				       NULL, 0));
	ASSERT_EQ(0, fstat(taken, &got));
	ASSERT_EQ(0, fstat(fds[1], &sent));
	EXPECT_EQ(sent.st_ino, got.st_ino);
	EXPECT_EQ(FD_CLOEXEC, fcntl(taken, F_GETFD));
	EXPECT_EQ(before + 6, sec_count_fds());
	close(fds[0]);
	fds[0] = -1;
	EXPECT_EQ(-EBADF, result_size(section_peer_call(self->peer, OP_TAKE,
							NULL, 0, fds, 3, NULL,
							0)));
	close(taken);
	for (i = 1; i < 5; i++)
		close(fds[i]);
}

TEST_F(operations, registry)
{
	uint32_t i;

	EXPECT_EQ(-EINVAL, result(section_agent_register(0, echo)));
	EXPECT_EQ(-EINVAL, result(section_agent_register(OP_ECHO - 1, echo)));
	EXPECT_EQ(-EINVAL, result_size(section_peer_call(self->peer,
							 OP_ECHO - 1, NULL, 0,
							 NULL, 0, NULL, 0)));
	EXPECT_EQ(-EOPNOTSUPP, result_size(section_peer_call(self->peer,
							     OP_ECHO + 77, NULL,
							     0, NULL, 0, NULL,
							     0)));
	/* Five are there. */
	for (i = 0; i < 27; i++)
		EXPECT_EQ(0, section_agent_register(OP_ECHO + 100 + i, stop));
	EXPECT_EQ(-ENOSPC, result(section_agent_register(OP_ECHO + 99, stop)));
	EXPECT_EQ(0, section_agent_register(OP_ECHO + 99, NULL));
	EXPECT_EQ(0, section_agent_register(OP_TAKE, echo));
	EXPECT_EQ(-EDOM, result_size(section_peer_call(self->peer, OP_TAKE,
						       NULL, 0, NULL, 0, NULL,
						       0)));
	EXPECT_EQ(0, section_agent_register(OP_TAKE, NULL));
	EXPECT_EQ(-EOPNOTSUPP, result_size(section_peer_call(self->peer,
							     OP_TAKE, NULL, 0,
							     NULL, 0, NULL,
							     0)));
	EXPECT_EQ(0, section_agent_register(OP_ECHO + 99, stop));
}

/* A sentence of its own for every number that the header names. */
TEST(explained)
{
	const int of_agent[] = { EADDRINUSE, EAGAIN, EALREADY, EBUSY,
				 ECONNREFUSED, EDEADLK, EINVAL, EMFILE, ENFILE,
				 ENOMEM, ENOSPC, EPERM };
	const int of_peer[] = { EACCES, EBADF, EBUSY, ECONNREFUSED, EFAULT,
				EINVAL, EMFILE, EMSGSIZE, ENFILE, ENOENT,
				ENOMEM, EOPNOTSUPP, EOVERFLOW, EPERM, EPROTO,
				ESRCH, ETIMEDOUT };
	const int of_mapping[] = { EACCES, EAGAIN, EBADF, EBUSY, ECONNREFUSED,
				   EEXIST, EINVAL, EMFILE, ENODEV, ENOMEM,
				   ENOTTY, ENXIO, EOVERFLOW, EPERM, EPROTO,
				   ESRCH, ETIMEDOUT };
	const char *unknown = section_explain(SECTION_OP_PEER, 4000);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(of_agent); i++)
		EXPECT_STRNE(unknown, section_explain(SECTION_OP_AGENT,
						      of_agent[i]));
	for (i = 0; i < ARRAY_SIZE(of_peer); i++)
		EXPECT_STRNE(unknown, section_explain(SECTION_OP_PEER,
						      of_peer[i]));
	for (i = 0; i < ARRAY_SIZE(of_mapping); i++)
		EXPECT_STRNE(unknown, section_explain(SECTION_OP_PEER_MAP,
						      of_mapping[i]));
	/* Not what the same number means of sections. */
	EXPECT_STRNE(section_explain(SECTION_OP_MAP, EPERM),
		     section_explain(SECTION_OP_PEER_MAP, EPERM));
}

TEST_HARNESS_MAIN
