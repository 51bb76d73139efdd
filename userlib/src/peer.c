// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Peers: how they are found and forgotten, and whose turn it is.
 */
#include "peer.h"
#include "thread.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* How long section_peer_close() waits for somebody who may be hostile. */
#define CLOSE_MS	100

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS	83
#endif

#define NS_PER_MS	1000000ULL
#define NS_PER_S	1000000000ULL

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

uint64_t section_deadline(int milliseconds)
{
	return now() + (uint64_t)milliseconds * NS_PER_MS;
}

int section_remaining(uint64_t deadline)
{
	uint64_t time = now();

	if (time >= deadline)
		return 0;
	/* Rounded up: to poll for 0 ms would be to wait busily. */
	return (int)((deadline - time - 1) / NS_PER_MS) + 1;
}

uint64_t section_peer_deadline(struct section_peer *peer)
{
	int timeout;

	lock_take(&peer->lock);
	timeout = peer->timeout;
	lock_give(&peer->lock);
	return section_deadline(timeout);
}

int section_peer_take(struct section_peer *peer, uint64_t deadline)
{
	struct timespec until = {
		.tv_sec = (time_t)(deadline / NS_PER_S),
		.tv_nsec = (long)(deadline % NS_PER_S),
	};
	int error = 0;
	int cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	lock_take(&peer->lock);
	while (peer->busy && !error)
		error = pthread_cond_timedwait(&peer->turn, &peer->lock.mutex,
					       &until);
	if (!peer->busy)
		error = peer->broken;
	if (!error) {
		peer->busy = true;
		peer->cancel = cancel;
	}
	lock_give(&peer->lock);
	if (error)
		pthread_setcancelstate(cancel, NULL);
	return error;
}

void section_peer_give(struct section_peer *peer)
{
	int cancel = peer->cancel;

	lock_take(&peer->lock);
	peer->busy = false;
	pthread_cond_signal(&peer->turn);
	lock_give(&peer->lock);
	pthread_setcancelstate(cancel, NULL);
}

bool section_peer_ended(const struct section_peer *peer)
{
	struct pollfd end = { .fd = peer->pidfd, .events = POLLIN };

	return poll(&end, 1, 0) > 0;
}

static struct section_peer *allocate(void)
{
	struct section_peer *peer = calloc(1, sizeof(*peer));
	pthread_condattr_t attr;

	if (!peer)
		return NULL;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&peer->turn, &attr);
	pthread_condattr_destroy(&attr);
	lock_init(&peer->lock);
	peer->timeout = SECTION_PEER_TIMEOUT;
	peer->owner = getpid();
	peer->fd = -1;
	peer->pidfd = -1;
	return peer;
}

static void disconnect(const struct section_peer *peer)
{
	bool mine = peer->owner == getpid();

	if (mine && (!peer->known || peer->broken == EPROTO)) {
		section_close_aside(peer->fd, CLOSE_MS);
		return;
	}
	/* A child's copy of the connection must not keep it alive. */
	if (mine)
		shutdown(peer->fd, SHUT_RDWR);
	close(peer->fd);
}

/* Peers send no descriptors; newer kernels can be told so. */
static void take_no_descriptors(int fd)
{
	const int no = 0;

	setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &no, sizeof(no));
}

void section_peer_close(struct section_peer *peer)
{
	int error = errno;

	if (!peer)
		return;
	if (peer->fd >= 0)
		disconnect(peer);
	if (peer->pidfd >= 0)
		close(peer->pidfd);
	if (peer->owner == getpid()) {
		pthread_cond_destroy(&peer->turn);
		pthread_mutex_destroy(&peer->lock.mutex);
	}
	free(peer);
	errno = error;
}

/* From a number to the process: an errno value. */
static int find_process(struct section_peer *peer, pid_t pid)
{
	peer->pid = pid;
	peer->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (peer->pidfd >= 0)
		return section_peer_ended(peer) ? ESRCH : 0;
	switch (errno) {
	case EINVAL:	/* a thread, which is no process */
	case ENOENT:
		return ESRCH;
	case ENOSYS:	/* a sandbox forbids it: it is possible without */
	case EPERM:
		return 0;
	}
	return errno;
}

/* An errno value.  EAGAIN means that the time is over. */
static int connect_once(int fd, pid_t pid, uint64_t deadline)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int length = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1,
			      AGENT_NAME_FORMAT, (int)pid);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				     1 + (size_t)length);
	int left = section_remaining(deadline);
	struct timeval time = {
		.tv_sec = left / 1000,
		.tv_usec = left % 1000 * 1000,
	};

	/* A time of 0 would mean for ever. */
	if (!left)
		return EAGAIN;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)) ||
	    connect(fd, (struct sockaddr *)&name, size))
		return errno;
	return 0;
}

/* Is it that process, of this user, who listens there? Anybody could. */
static int check_listener(int fd, pid_t pid)
{
	struct ucred who;
	socklen_t size = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size))
		return errno;
	return who.pid == pid && section_same_user(who.uid) ? 0 : EPERM;
}

static int connect_by_pid(struct section_peer *peer, pid_t pid)
{
	uint64_t deadline = section_deadline(SECTION_PEER_TIMEOUT);
	int error;

	if (pid <= 0)
		return EINVAL;
	error = find_process(peer, pid);
	if (error)
		return error;
	peer->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (peer->fd < 0)
		return errno;
	take_no_descriptors(peer->fd);
	do
		error = connect_once(peer->fd, pid, deadline);
	while (error == EINTR);
	if (!error)
		error = check_listener(peer->fd, pid);
	peer->known = !error;
	peer->direct = true;
	if (error && section_peer_ended(peer))
		return ESRCH;
	return error == EAGAIN ? ETIMEDOUT : error;
}

struct section_peer *section_peer_open(pid_t pid)
{
	struct section_peer *peer = allocate();
	int error;

	if (!peer)
		return NULL;
	error = connect_by_pid(peer, pid);
	if (error) {
		section_peer_close(peer);
		errno = error;
		return NULL;
	}
	return peer;
}

/* Sends a socket through a channel: an errno value. */
static int send_socket(int channel, int fd)
{
	uint64_t deadline = section_deadline(SECTION_PEER_TIMEOUT);
	struct pollfd room = { .fd = channel, .events = POLLOUT };
	struct agent_request request = {
		.magic = AGENT_MAGIC,
		.operation = AGENT_OP_CONNECT,
		.cookie = 1,
		.fd_count = 1,
	};
	struct iovec part = { &request, sizeof(request) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	union agent_control control;

	agent_attach(&message, &control, &fd, 1);
	while (sendmsg(channel, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
			return ECONNREFUSED;
		if (errno != EAGAIN && errno != EINTR)
			return errno;
		if (!section_remaining(deadline))
			return ETIMEDOUT;
		poll(&room, 1, section_remaining(deadline));
	}
	return 0;
}

static int check_channel(int channel)
{
	int domain, type;
	socklen_t size = sizeof(int);

	if (getsockopt(channel, SOL_SOCKET, SO_DOMAIN, &domain, &size) ||
	    getsockopt(channel, SOL_SOCKET, SO_TYPE, &type, &size))
		return errno;
	return domain == AF_UNIX && type == SOCK_SEQPACKET ? 0 : EPROTOTYPE;
}

/*
 * A channel may have many holders, who would take away each other's replies: a
 * peer has a connection of its own.
 */
static int connect_by_channel(struct section_peer *peer, int channel)
{
	struct ucred who;
	socklen_t size = sizeof(who);
	int ends[2];
	int error = check_channel(channel);

	if (error)
		return error;
	if (!getsockopt(channel, SOL_SOCKET, SO_PEERCRED, &who, &size) &&
	    who.pid > 0 && find_process(peer, who.pid) == ESRCH)
		return ESRCH;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return errno;
	peer->fd = ends[0];
	take_no_descriptors(peer->fd);
	error = send_socket(channel, ends[1]);
	close(ends[1]);
	return error == ECONNREFUSED && section_peer_ended(peer) ? ESRCH : error;
}

struct section_peer *section_peer_adopt(int channel)
{
	struct section_peer *peer = allocate();
	int error;

	if (!peer)
		return NULL;
	error = connect_by_channel(peer, channel);
	if (error) {
		section_peer_close(peer);
		errno = error;
		return NULL;
	}
	return peer;
}

pid_t section_peer_pid(const struct section_peer *peer)
{
	return peer->pid;
}

int section_peer_set_timeout(struct section_peer *peer, int milliseconds)
{
	if (milliseconds < 1) {
		errno = EINVAL;
		return -1;
	}
	lock_take(&peer->lock);
	peer->timeout = milliseconds;
	lock_give(&peer->lock);
	return 0;
}
