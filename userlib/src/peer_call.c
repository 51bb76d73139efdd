// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * One request and its reply, with somebody who may not answer, or lie.
 */
#include "peer.h"

#include <errno.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * A process that is killed closes its sockets a moment before it has ended; how
 * long to wait to tell that from a program that was replaced.
 */
#define END_MS	500

/* The connection is of no more use. */
static int broken(struct section_peer *peer, int error)
{
	peer->broken = error;
	shutdown(peer->fd, SHUT_RDWR);
	return error;
}

/*
 * Receives without descriptors.  EPROTO if there are any: the message stays where
 * it is then, for to receive it would be to close them.
 */
static ssize_t receive(int fd, struct iovec *parts, size_t count, int flags)
{
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = count };
	ssize_t length = recvmsg(fd, &message, flags | MSG_DONTWAIT | MSG_TRUNC);

	if (length >= 0 && message.msg_flags & MSG_CTRUNC) {
		errno = EPROTO;
		return -1;
	}
	return length;
}

/* Takes a message that was looked at. */
static void discard(int fd)
{
	char byte;
	struct iovec part = { &byte, sizeof(byte) };

	receive(fd, &part, 1, 0);
}

/*
 * Why the agent does not serve this connection, if it said so before it closed
 * it; 0 otherwise.
 */
static int refusal(int fd, uint64_t deadline)
{
	struct agent_reply header;
	struct iovec part = { &header, sizeof(header) };
	ssize_t length;

	for (;;) {
		length = receive(fd, &part, 1, MSG_PEEK);
		if (!section_remaining(deadline))
			break;
		/* The first thing to be had may be that the connection was reset. */
		if (length < 0 && (errno == ECONNRESET || errno == EINTR))
			continue;
		if (length <= 0 || !header.cookie)
			break;
		discard(fd);
	}
	if (length != sizeof(header) || header.magic != AGENT_MAGIC ||
	    header.cookie)
		return 0;
	return header.error == EPERM || header.error == EBUSY ||
	       header.error == EPROTO ? (int)header.error : 0;
}

/* The connection has ended. */
static int gone(struct section_peer *peer, uint64_t deadline)
{
	struct pollfd end = { .fd = peer->pidfd, .events = POLLIN };
	int error = refusal(peer->fd, deadline);
	int wait = section_remaining(deadline);

	if (error)
		return broken(peer, error);
	if (peer->pidfd >= 0 && poll(&end, 1, wait < END_MS ? wait : END_MS) > 0)
		return broken(peer, ESRCH);
	return broken(peer, ECONNREFUSED);
}

int section_peer_check(struct section_peer *peer, uint64_t deadline)
{
	struct pollfd connection = { .fd = peer->fd, .events = POLLRDHUP };

	if (section_peer_ended(peer))
		return broken(peer, ESRCH);
	return poll(&connection, 1, 0) > 0 ? gone(peer, deadline) : 0;
}

/* Until the connection is ready, or the process has ended: an errno value. */
static int wait_for(struct section_peer *peer, short events, uint64_t deadline)
{
	struct pollfd polls[] = {
		{ .fd = peer->fd, .events = events },
		{ .fd = peer->pidfd, .events = POLLIN },
	};
	int left = section_remaining(deadline);

	if (!left)
		return ETIMEDOUT;
	poll(polls, 2, left);
	/* What it answered before its end counts. */
	if (polls[1].revents && !polls[0].revents)
		return broken(peer, ESRCH);
	return 0;
}

static int send_request(struct section_peer *peer, const struct exchange *x,
			uint64_t deadline)
{
	struct agent_request header = {
		.magic = AGENT_MAGIC,
		.operation = x->operation,
		.cookie = ++peer->cookie,
		.length = (uint32_t)(x->head_len + x->data_len),
		.fd_count = (uint32_t)x->fd_count,
		.reply_room = (uint32_t)x->reply_room,
	};
	struct iovec parts[] = {
		{ &header, sizeof(header) },
		{ (void *)(uintptr_t)x->head, x->head_len },
		{ (void *)(uintptr_t)x->data, x->data_len },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 3 };
	union agent_control control;
	int error = 0;

	agent_attach(&message, &control, x->fds, x->fd_count);
	while (!error && sendmsg(peer->fd, &message,
				 MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (errno == EPIPE || errno == ECONNRESET)
			return gone(peer, deadline);
		if (errno != EAGAIN && errno != EINTR)
			return errno == ENOBUFS ? ENOMEM : errno;
		error = wait_for(peer, POLLOUT, deadline);
	}
	return error;
}

/*
 * Looks at the next message without taking it.  An errno value: EAGAIN if there
 * is none yet.
 */
static int look(struct section_peer *peer, const struct exchange *x,
		struct agent_reply *header, uint64_t deadline)
{
	struct iovec part = { header, sizeof(*header) };
	ssize_t length = receive(peer->fd, &part, 1, MSG_PEEK);

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return EAGAIN;
	if (length < 0 && errno == EPROTO)
		return broken(peer, EPROTO);
	if (length <= 0)
		return gone(peer, deadline);
	if (length < (ssize_t)sizeof(*header) || header->magic != AGENT_MAGIC ||
	    header->length != (size_t)length - sizeof(*header) ||
	    header->error > AGENT_ERRNO_MAX || header->cookie > peer->cookie)
		return broken(peer, EPROTO);
	if (!header->cookie)
		return gone(peer, deadline);
	if (header->cookie == peer->cookie &&
	    (header->length > x->reply_room ||
	     (header->error && header->length)))
		return broken(peer, EPROTO);
	return 0;
}

/* Takes the message that was looked at: its length or -1 and errno. */
static ssize_t take(struct section_peer *peer, const struct exchange *x,
		    struct agent_reply *header)
{
	struct iovec parts[] = {
		{ header, sizeof(*header) },
		{ x->reply, header->length },
	};

	if (receive(peer->fd, parts, 2, 0) < 0)
		return -1;
	if (header->error) {
		errno = (int)header->error;
		return -1;
	}
	return (ssize_t)header->length;
}

static ssize_t receive_reply(struct section_peer *peer,
			     const struct exchange *x, uint64_t deadline)
{
	struct agent_reply header;
	int error;

	/* Even a stream of late replies ends in time. */
	while (section_remaining(deadline)) {
		error = look(peer, x, &header, deadline);
		if (!error && header.cookie == peer->cookie)
			return take(peer, x, &header);
		/* Too late, from a request that was given up. */
		if (!error)
			discard(peer->fd);
		if (error == EAGAIN)
			error = wait_for(peer, POLLIN, deadline);
		if (error) {
			errno = error;
			return -1;
		}
	}
	errno = ETIMEDOUT;
	return -1;
}

/* Lets the agent, when it comes to it, pass over the request. */
static void cancel(struct section_peer *peer)
{
	struct agent_request header = {
		.magic = AGENT_MAGIC,
		.operation = AGENT_OP_CANCEL,
		.cookie = ++peer->cookie,
	};

	if (send(peer->fd, &header, sizeof(header),
		 MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		broken(peer, ETIMEDOUT);
}

static ssize_t converse(struct section_peer *peer, const struct exchange *x,
			uint64_t deadline)
{
	ssize_t length;
	int error = send_request(peer, x, deadline);

	if (error) {
		errno = error;
		return -1;
	}
	length = receive_reply(peer, x, deadline);
	if (length < 0 && errno == ETIMEDOUT && !section_remaining(deadline)) {
		cancel(peer);
		errno = ETIMEDOUT;
	}
	return length;
}

ssize_t section_peer_exchange(struct section_peer *peer,
			      const struct exchange *exchange,
			      uint64_t deadline)
{
	ssize_t length;
	int error;

	error = section_peer_take(peer, deadline);
	if (error) {
		errno = error;
		return -1;
	}
	length = converse(peer, exchange, deadline);
	error = errno;
	section_peer_give(peer);
	errno = error;
	return length;
}

ssize_t section_peer_call(struct section_peer *peer, uint32_t operation,
			  const void *request, size_t request_len,
			  const int *fds, size_t fd_count,
			  void *reply, size_t reply_room)
{
	struct exchange exchange = {
		.operation = operation,
		.data = request,
		.data_len = request_len,
		.fds = fds,
		.fd_count = fd_count,
		.reply = reply,
		.reply_room = reply_room,
	};

	if (operation < SECTION_AGENT_USER ||
	    request_len > SECTION_AGENT_DATA_MAX ||
	    fd_count > SECTION_AGENT_FDS_MAX) {
		errno = EINVAL;
		return -1;
	}
	if (reply_room > SECTION_AGENT_DATA_MAX)
		exchange.reply_room = SECTION_AGENT_DATA_MAX;
	return section_peer_exchange(peer, &exchange,
				     section_peer_deadline(peer));
}
