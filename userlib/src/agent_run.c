// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * The agent's thread: connections, and one request after the other.
 *
 * It waits for nobody but whom it serves at the moment: sockets are used
 * without blocking, and a caller who does not take his reply is dropped.
 */
#include "agent.h"
#include "thread.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

/* How long until the next attempt when there are no descriptors to be had. */
#define PAUSE_MS	100

/* So many may take their time to be closed before nobody else is let in. */
#define CLOSING_MAX	32

/* Everything that there can be to wait for. */
#define WATCHED_MAX	(2 + AGENT_CHANNELS_MAX + SECTION_AGENT_CALLERS_MAX)

/*
 * What the thread has for itself.  Descriptors are in the agent.
 *
 * @polls: What it waits for.
 * @watched: For each, its place in the agent and what to do about it.
 * @count: How many.
 * @paused: The listener is left alone for a moment.
 * @request: The message being served, and its data.
 * @reply: Data of the reply.
 */
static struct {
	struct pollfd polls[WATCHED_MAX];
	struct {
		int *place;
		void (*attend)(int *place);
	} watched[WATCHED_MAX];
	size_t count;
	bool paused;
	struct {
		struct agent_request header;
		_Alignas(max_align_t) unsigned char data[SECTION_AGENT_DATA_MAX];
	} request;
	_Alignas(max_align_t) unsigned char reply[SECTION_AGENT_DATA_MAX];
} own;

_Static_assert(offsetof(__typeof__(own.request), data) ==
	       sizeof(struct agent_request), "a message has no gap");

static bool answer(int fd, uint64_t cookie, int error, const void *data,
		   size_t length)
{
	struct agent_reply header = {
		.magic = AGENT_MAGIC,
		.error = (uint32_t)error,
		.cookie = cookie,
		.length = error ? 0 : (uint32_t)length,
	};
	struct iovec parts[] = {
		{ &header, sizeof(header) },
		{ (void *)(uintptr_t)data, header.length },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

/* Says why, as well as it can, before the connection is closed. */
static void refuse(int fd, int error)
{
	answer(fd, 0, error, NULL, 0);
}

/* Under the lock: false if there is no place. */
static bool add_caller(int fd, bool by_channel)
{
	struct agent *agent = &section_agent;
	size_t i;

	for (i = 0; i < SECTION_AGENT_CALLERS_MAX; i++) {
		if (agent->callers[i] < 0) {
			agent->callers[i] = fd;
			agent->by_channel[i] = by_channel;
			return true;
		}
	}
	return false;
}

/*
 * Is this process still what it was when it agreed?  While it runs as somebody
 * else too, those who could have reached it as that user must not.
 */
static bool still_same_user(void)
{
	uid_t uid;

	return section_agent_user(&uid) && uid == section_agent.uid;
}

static int check_user(int fd)
{
	struct ucred who;
	socklen_t size = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size))
		return errno;
	return still_same_user() && section_same_user(who.uid) ? 0 : EPERM;
}

static void turn_away(int fd, int error)
{
	refuse(fd, error);
	section_close_aside(fd, 0);
}

static void attend_listener(int *place)
{
	int fd, error = 0;

	lock_take(&section_agent.lock);
	fd = accept4(*place, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0 && errno != EAGAIN && errno != ECONNABORTED)
		own.paused = true;
	if (fd >= 0)
		error = check_user(fd);
	if (fd >= 0 && !error && !add_caller(fd, false))
		error = EBUSY;
	lock_give(&section_agent.lock);
	if (error)
		turn_away(fd, error);
}

/* Under the lock: the descriptors of a message become the agent's. */
static size_t store_fds(struct msghdr *message)
{
	struct cmsghdr *header;
	size_t count = 0;

	for (header = CMSG_FIRSTHDR(message); header;
	     header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level != SOL_SOCKET ||
		    header->cmsg_type != SCM_RIGHTS)
			continue;
		/* The control buffer has room for no more than there are places. */
		count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(section_agent.received, CMSG_DATA(header),
		       count * sizeof(int));
	}
	return count;
}

/*
 * Fetches a message and its descriptors.  Returns an errno value: EPROTO if it
 * is garbage, EPIPE at the end of the connection, EAGAIN if there is nothing.
 */
static int receive(int fd, size_t *fd_count)
{
	union agent_control control;
	struct iovec part = { &own.request, sizeof(own.request) };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	const struct agent_request *header = &own.request.header;
	ssize_t length;

	lock_take(&section_agent.lock);
	length = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	*fd_count = length < 0 ? 0 : store_fds(&message);
	lock_give(&section_agent.lock);
	if (length < 0)
		return errno == EINTR ? EAGAIN : errno;
	if (!length)
		return EPIPE;
	if (message.msg_flags & MSG_TRUNC || length < (ssize_t)sizeof(*header) ||
	    header->magic != AGENT_MAGIC || !header->cookie ||
	    header->reserved || header->reply_room > sizeof(own.reply) ||
	    header->length != (size_t)length - sizeof(*header))
		return EPROTO;
	if (header->fd_count == *fd_count)
		return 0;
	/* The kernel keeps descriptors back when there is no room for them. */
	return message.msg_flags & MSG_CTRUNC &&
	       header->fd_count > *fd_count &&
	       header->fd_count <= SECTION_AGENT_FDS_MAX ? EMFILE : EPROTO;
}

static void drop_received(size_t fd_count)
{
	size_t i;

	for (i = 0; i < fd_count; i++)
		section_agent_drop(&section_agent.received[i]);
}

/* Has the caller given up on the request that was just received? */
static bool overtaken(int fd)
{
	struct pollfd next = { .fd = fd, .events = POLLIN | POLLRDHUP };

	return poll(&next, 1, 0) > 0;
}

static int carry_out(size_t fd_count, size_t *reply_len)
{
	const struct agent_request *header = &own.request.header;
	struct section_agent_call call = {
		.operation = header->operation,
		.request = own.request.data,
		.request_len = header->length,
		.fds = section_agent.received,
		.fd_count = fd_count,
		.reply = own.reply,
		.reply_room = header->reply_room,
	};
	int error;

	memset(own.reply, 0, header->reply_room);
	error = section_agent_serve(&call);
	*reply_len = call.reply_len;
	if (error < 0 || error > AGENT_ERRNO_MAX)
		return EIO;
	return !error && call.reply_len > call.reply_room ? EMSGSIZE : error;
}

/* A message without a fault, save that descriptors may be missing (EMFILE). */
static bool serve_request(int fd, int error, size_t fd_count)
{
	const struct agent_request *header = &own.request.header;
	bool wanted = header->operation != AGENT_OP_CANCEL && !overtaken(fd);
	size_t length = 0;

	if (wanted && !error)
		error = carry_out(fd_count, &length);
	/* When the caller has the answer his descriptors are closed. */
	drop_received(fd_count);
	return !wanted || answer(fd, header->cookie, error, own.reply, length);
}

/* Nothing is received from somebody who has no business here any more. */
static bool may_ask(const int *place)
{
	return section_agent.by_channel[place - section_agent.callers] ||
	       still_same_user();
}

static void attend_caller(int *place)
{
	size_t fd_count;
	bool stays;
	int error;

	if (!may_ask(place)) {
		turn_away(section_agent_take(place), EPERM);
		return;
	}
	error = receive(*place, &fd_count);
	stays = error == EAGAIN;
	if (!error || error == EMFILE)
		stays = serve_request(*place, error, fd_count);
	else
		drop_received(fd_count);
	if (error == EPROTO)
		refuse(*place, error);
	if (!stays)
		section_agent_drop(place);
}

/* Not every descriptor would leave the agent alone when it is read from. */
static bool is_packet_socket(int fd)
{
	int domain, type;
	socklen_t size = sizeof(int);

	return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) &&
	       !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) &&
	       domain == AF_UNIX && type == SOCK_SEQPACKET;
}

/* A channel only brings connections; who holds it need not be asked. */
static void attend_channel(int *place)
{
	size_t fd_count;
	int error = receive(*place, &fd_count);
	int *fd = &section_agent.received[0];
	bool added;

	if (!error && own.request.header.operation == AGENT_OP_CONNECT &&
	    fd_count == 1 && is_packet_socket(*fd)) {
		lock_take(&section_agent.lock);
		added = add_caller(*fd, true);
		if (added)
			*fd = -1;
		lock_give(&section_agent.lock);
		if (!added)
			refuse(*fd, EBUSY);
	}
	drop_received(fd_count);
	if (error == EPIPE || error == ECONNRESET)
		section_agent_drop(place);
}

/* Something in the agent has changed, which collect() will see. */
static void attend_wake(int *place)
{
	eventfd_t ignored;

	eventfd_read(*place, &ignored);
}

static void watch(int *place, void (*attend)(int *place))
{
	if (*place < 0)
		return;
	own.polls[own.count] = (struct pollfd) {
		.fd = *place,
		.events = POLLIN | POLLRDHUP,
	};
	own.watched[own.count].place = place;
	own.watched[own.count].attend = attend;
	own.count++;
}

/* What to wait for; false when the agent is to end. */
static bool collect(void)
{
	struct agent *agent = &section_agent;
	bool running;
	size_t i;

	lock_take(&agent->lock);
	running = agent->state == AGENT_RUNNING;
	own.count = 0;
	watch(&agent->wake, attend_wake);
	if (section_closing() >= CLOSING_MAX)
		own.paused = true;
	if (!own.paused)
		watch(&agent->listener, attend_listener);
	for (i = 0; i < AGENT_CHANNELS_MAX; i++)
		watch(&agent->channels[i], attend_channel);
	for (i = 0; i < SECTION_AGENT_CALLERS_MAX; i++)
		watch(&agent->callers[i], attend_caller);
	lock_give(&agent->lock);
	return running;
}

/*
 * poll(2) refuses to watch more descriptors than the process may have now.  If
 * that was made less than there are, they are all looked at now and then.
 */
static void wait_blindly(void)
{
	size_t i;

	poll(NULL, 0, PAUSE_MS);
	for (i = 0; i < own.count; i++)
		own.polls[i].revents = POLLIN;
}

void *section_agent_run(void *unused)
{
	size_t i;

	(void)unused;
	prctl(PR_SET_NAME, "section-agent");
	own.paused = false;
	while (collect()) {
		if (poll(own.polls, own.count, own.paused ? PAUSE_MS : -1) < 0)
			wait_blindly();
		own.paused = false;
		for (i = 0; i < own.count; i++)
			if (own.polls[i].revents)
				own.watched[i].attend(own.watched[i].place);
	}
	return NULL;
}
