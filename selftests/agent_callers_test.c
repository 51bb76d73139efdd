// SPDX-License-Identifier: GPL-2.0-only
/*
 * An agent with callers who mean no good, and with many at once.
 */
#include "agent_fixture.h"

/* Callers who mean no good. */

/* What becomes of a caller who sends these bytes, with some descriptors. */
static int send_raw(pid_t pid, const void *bytes, size_t length, int fd,
		    size_t fd_count)
{
	char control[CMSG_SPACE(16 * sizeof(int))] = { 0 };
	struct iovec part = { (void *)(uintptr_t)bytes, length };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(fd_count * sizeof(int)),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int sock = connect_raw(pid);
	int error;
	size_t i;

	if (sock < 0)
		return sock;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
	for (i = 0; i < fd_count; i++)
		memcpy(CMSG_DATA(header) + i * sizeof(fd), &fd, sizeof(fd));
	if (!fd_count)
		message.msg_controllen = 0;
	error = sendmsg(sock, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
	if (!error)
		error = last_words(sock);
	close(sock);
	return error;
}

TEST_F(agent, garbage)
{
	const struct wire_request good = wire_read(0, 8);
	const size_t size = WIRE_REQUEST_HEADER + 16;
	static unsigned char much[100000];
	struct wire_request bad;
	pid_t pid = self->target.pid;
	int fd = self->dev;
	size_t length;

	for (length = 1; length < size; length++)
		EXPECT_EQ(EPROTO, send_raw(pid, &good, length, fd, 0));
	EXPECT_EQ(EPROTO, send_raw(pid, &good, size + 1, fd, 0));
	EXPECT_EQ(EPROTO, send_raw(pid, much, sizeof(much), fd, 0));
	memset(much, 0xff, sizeof(much));
	EXPECT_EQ(EPROTO, send_raw(pid, much, sizeof(much), fd, 0));
	EXPECT_EQ(EPROTO, send_raw(pid, much, 32, fd, 0));
	memcpy(much, &good, size);
	EXPECT_EQ(EPROTO, send_raw(pid, much, sizeof(much), fd, 0));
#define BAD(member, value) do { \
	bad = good; \
	bad.member = (value); \
	EXPECT_EQ(EPROTO, send_raw(pid, &bad, size, fd, 0)); \
} while (0)
	BAD(magic, WIRE_MAGIC + 1);
	BAD(cookie, 0);
	BAD(length, 15);
	BAD(length, 0xfffffff0U);
	BAD(fd_count, 1);
	BAD(fd_count, UINT32_MAX);
	BAD(reply_room, SECTION_AGENT_DATA_MAX + 1);
	BAD(reply_room, UINT32_MAX);
	BAD(reserved, 1);
	/* Descriptors that were not announced, and more than there can be. */
	EXPECT_EQ(EPROTO, send_raw(pid, &good, size, fd, 1));
	EXPECT_EQ(EPROTO, send_raw(pid, &good, size, fd, 16));
	bad = good;
	bad.fd_count = 16;
	EXPECT_EQ(EPROTO, send_raw(pid, &bad, size, fd, 16));
	/* The end of the connection, as an empty message has no other sense. */
	EXPECT_EQ(0, send_raw(pid, &good, 0, fd, 0));

	EXPECT_TRUE(settle(self->peer));
	EXPECT_EQ(self->fds, target_ask(&self->target, DESCRIPTORS, 0, 0));
}

/* Well-formed requests that ask for nonsense. */
static int ask_raw(pid_t pid, const struct wire_request *request)
{
	struct wire_reply reply = { .error = UINT32_MAX };
	int sock = connect_raw(pid);

	send(sock, request, WIRE_REQUEST_HEADER + request->length, MSG_NOSIGNAL);
	if (recv(sock, &reply, sizeof(reply), 0) < (ssize_t)WIRE_REPLY_HEADER ||
	    reply.cookie != request->cookie)
		reply.error = UINT32_MAX;
	close(sock);
	return reply.error;
}

TEST_F(agent, nonsense)
{
	struct wire_request request;
	pid_t pid = self->target.pid;
	uint32_t operation, length;

	/* Every operation, with every length of data, all of it zeroes. */
	for (operation = 2; operation < 9; operation++) {
		for (length = 0; length <= 64; length += 4) {
			memset(&request, 0, sizeof(request));
			request.magic = WIRE_MAGIC;
			request.operation = operation;
			request.cookie = 7;
			request.length = length;
			EXPECT_NE(-1, ask_raw(pid, &request));
		}
	}
	request.operation = 9;
	EXPECT_EQ(EOPNOTSUPP, ask_raw(pid, &request));
	/* To be answered with more than the caller has room for. */
	request = wire_read(0, 8);
	request.reply_room = 7;
	EXPECT_EQ(EINVAL, ask_raw(pid, &request));
	/* To write more than was sent. */
	request = wire_read(0, 49);
	request.operation = 8;
	request.length = 64;
	request.reply_room = 64;
	EXPECT_EQ(EINVAL, ask_raw(pid, &request));
	EXPECT_TRUE(settle(self->peer));
	EXPECT_EQ(self->fds, target_ask(&self->target, DESCRIPTORS, 0, 0));
}

TEST_F(agent, caller_who_takes_no_replies)
{
	uint64_t address = target_ask(&self->target, PAGES, 0, PAGES_MAX);
	struct wire_request request = wire_read(address, 3 * SEC_PAGE);
	int sock = connect_raw(self->target.pid);
	ssize_t sent = 1;
	int i;

	/* Until the agent has had enough and closes the connection. */
	for (i = 0; i < 10000 && sent > 0; i++) {
		sent = send(sock, &request, WIRE_REQUEST_HEADER + 16,
			    MSG_NOSIGNAL);
		if (sent > 0 && section_peer_unmap(self->peer, SEC_PAGE, 1))
			break;
	}
	EXPECT_EQ(-1, sent);
	EXPECT_TRUE(errno == EPIPE || errno == ECONNRESET);
	EXPECT_EQ(0, section_peer_unmap(self->peer, SEC_PAGE, 1));
	close(sock);
}

/* Connections that say nothing cost the others nothing but their number. */
TEST_F(agent, as_many_as_there_can_be)
{
	int socks[SECTION_AGENT_CALLERS_MAX - 1];
	struct section_peer *late;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(socks); i++) {
		socks[i] = connect_raw(self->target.pid);
		ASSERT_LE(0, socks[i]);
	}
	EXPECT_EQ(0, section_peer_unmap(self->peer, SEC_PAGE, 1));
	late = section_peer_open(self->target.pid);
	ASSERT_NE(NULL, late);
	section_peer_set_timeout(late, PATIENCE_MS);
	EXPECT_EQ(-EBUSY, result(section_peer_unmap(late, SEC_PAGE, 1)));
	EXPECT_EQ(-EBUSY, result(section_peer_unmap(late, SEC_PAGE, 1)));
	section_peer_close(late);
	EXPECT_EQ(0, section_peer_unmap(self->peer, SEC_PAGE, 1));
	for (i = 0; i < ARRAY_SIZE(socks); i++)
		close(socks[i]);
	EXPECT_TRUE(settle(self->peer));
	late = section_peer_open(self->target.pid);
	ASSERT_NE(NULL, late);
	section_peer_set_timeout(late, PATIENCE_MS);
	EXPECT_EQ(0, section_peer_unmap(late, SEC_PAGE, 1));
	section_peer_close(late);
	EXPECT_TRUE(settle(self->peer));
	EXPECT_EQ(self->fds, target_ask(&self->target, DESCRIPTORS, 0, 0));
}

/* A channel brings sockets and nothing else. */
TEST_F(agent, garbage_in_a_channel)
{
	struct target *target = &self->target;
	int channel = target_channel(target);
	struct wire_request connect = {
		.magic = WIRE_MAGIC, .operation = 1, .cookie = 1,
		.fd_count = 1,
	};
	struct section_peer *peer;
	int ends[2];

	ASSERT_LE(0, channel);
	EXPECT_EQ(3, send(channel, "???", 3, 0));
	EXPECT_EQ(WIRE_REQUEST_HEADER,
		  send(channel, &connect, WIRE_REQUEST_HEADER, 0));
	/* With something that is no socket, or not such a one. */
	EXPECT_EQ(0, sec_send_fd(channel, self->dev));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	EXPECT_EQ(0, sec_send_fd(channel, ends[0]));
	close(ends[0]);
	close(ends[1]);
	peer = section_peer_adopt(channel);
	ASSERT_NE(NULL, peer);
	section_peer_set_timeout(peer, PATIENCE_MS);
	EXPECT_EQ(0, section_peer_unmap(peer, SEC_PAGE, 1));
	/* The channel and the connection of the new peer are all there is. */
	EXPECT_EQ(self->fds + 2, target_ask(target, DESCRIPTORS, 0, 0));
	section_peer_close(peer);
	close(channel);
}

/* Many at once. */

#define CALLERS	8
#define ROUNDS	40

static int call_often(void *arg)
{
	pid_t pid = *(pid_t *)arg;
	struct section_peer *peer = section_peer_open(pid);
	unsigned char mine = getpid();
	unsigned char byte;
	uint64_t address;
	int i;

	CHILD_EXPECT(peer);
	section_peer_set_timeout(peer, PATIENCE_MS);
	for (i = 0; i < ROUNDS; i++) {
		address = 0;
		CHILD_EXPECT(!section_peer_map_memory(peer, SEC_PAGE,
						      PROT_READ | PROT_WRITE,
						      &address));
		CHILD_EXPECT(section_peer_write(peer, address, &mine, 1) == 1);
		CHILD_EXPECT(section_peer_read(peer, address, &byte, 1) == 1);
		CHILD_EXPECT(byte == mine);
		CHILD_EXPECT(!section_peer_unmap(peer, address, SEC_PAGE));
	}
	section_peer_close(peer);
	return 0;
}

TEST_F(agent, many_callers)
{
	pid_t callers[CALLERS];
	int i;

	for (i = 0; i < CALLERS; i++)
		callers[i] = sec_fork(call_often, &self->target.pid);
	for (i = 0; i < CALLERS; i++)
		EXPECT_EQ(0, sec_wait(callers[i]));
	EXPECT_TRUE(settle(self->peer));
	EXPECT_EQ(self->fds, target_ask(&self->target, DESCRIPTORS, 0, 0));
}

static void *share_a_peer(void *arg)
{
	struct section_peer *peer = arg;
	unsigned char mine[100], back[100];
	uint64_t address = 0;
	size_t failed = 0;
	int i;

	memset(mine, (uintptr_t)&address / SEC_PAGE, sizeof(mine));
	if (section_peer_map_memory(peer, SEC_PAGE, PROT_READ | PROT_WRITE,
				    &address))
		return (void *)1;
	for (i = 0; i < ROUNDS; i++) {
		failed += section_peer_write(peer, address, mine, 100) != 100;
		failed += section_peer_read(peer, address, back, 100) != 100;
		failed += memcmp(mine, back, 100) != 0;
	}
	return (void *)failed;
}

TEST_F(agent, threads_share_a_peer)
{
	pthread_t threads[CALLERS];
	void *failed;
	int i;

	/* Through the agent, where replies could be mixed up. */
	ASSERT_EQ(0, target_ask(&self->target, UNDUMPABLE, 0, 0));
	for (i = 0; i < CALLERS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, share_a_peer,
					    self->peer));
	for (i = 0; i < CALLERS; i++) {
		pthread_join(threads[i], &failed);
		EXPECT_EQ(NULL, failed);
	}
}

TEST_HARNESS_MAIN
