/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of agents share: a process that is acted on, and that says
 * what it sees of it.
 */
#ifndef AGENT_UTIL_H
#define AGENT_UTIL_H

#include <sys/eventfd.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/un.h>

#include <section/agent.h>

#include "section_view_util.h"

/* Long enough for any answer on an emulated machine. */
#define PATIENCE_MS	20000
/* Of calls that are to end without an answer. */
#define SHORT_MS	300
/* A call that takes so much longer hangs. */
#define HANGS_MS	15000

/* What to do for the test; the answer is a number. */
enum order_kind {
	PEEK,		/* the byte at address, or minus the signal */
	POKE,		/* value at address: 0, or minus the signal */
	PAGES,		/* the address of value new pages, filled with 'T' */
	UNMAP,		/* value pages at address */
	PROTECT,	/* one page at address: value is the protection */
	START,		/* the agent, with value as flags */
	STOP,		/* the agent */
	CHANNEL,	/* the answer comes with a descriptor */
	FORK,		/* the number of a child that waits */
	REPLACE,	/* this program, by itself, that waits */
	UNDUMPABLE,	/* be closed to process_vm_readv(2) */
	DESCRIPTORS,	/* how many are open */
	LIMIT,		/* to value descriptors, and use them all if few */
	BE,		/* user value for the moment, and who it was as well */
	UNSHARE,	/* be in a user namespace where nobody has a number */
};

struct order {
	enum order_kind kind;
	int value;
	uint64_t address;
};

/* 0, or -1 and errno: what it is as one number. */
static inline int result(int ret)
{
	return ret < 0 ? -errno : ret;
}

static inline ssize_t result_size(ssize_t ret)
{
	return ret < 0 ? -errno : ret;
}

/* The program that REPLACE starts. */
__attribute__((constructor)) static inline void wait_if_replaced(void)
{
	if (getenv("AGENT_TEST_WAITS"))
		for (;;)
			pause();
}

static inline void *new_pages(size_t count)
{
	void *pages = mmap(NULL, count * SEC_PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages != MAP_FAILED)
		memset(pages, 'T', count * SEC_PAGE);
	return pages;
}

static inline int64_t fork_waiting(int sock)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	close(sock);
	for (;;)
		pause();
}

static inline void replace(void)
{
	char *const argv[] = { (char *)"replaced", NULL };
	char *const envp[] = { (char *)"AGENT_TEST_WAITS=1", NULL };

	execve("/proc/self/exe", argv, envp);
	_exit(1);
}

/* Uses up what there may be, and gives that back the next time. */
static inline int limit_descriptors(int count)
{
	static int last = -1;
	static int used[64];
	struct rlimit limit;

	while (last >= 0)
		close(used[last--]);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = count;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		return -errno;
	while (count < 64) {
		used[last + 1] = dup(0);
		if (used[last + 1] < 0)
			return 0;
		last++;
	}
	return 0;
}

static inline int64_t obey(const struct order *order, int sock)
{
	void *address = (void *)(uintptr_t)order->address;
	int fd;

	switch (order->kind) {
	case PEEK:
		return peek(address);
	case POKE:
		return poke(address, order->value);
	case PAGES:
		return (intptr_t)new_pages(order->value);
	case UNMAP:
		return result(munmap(address, order->value * SEC_PAGE));
	case PROTECT:
		return result(mprotect(address, SEC_PAGE, order->value));
	case START:
		return result(section_agent_start(order->value));
	case STOP:
		return result(section_agent_stop());
	case CHANNEL:
		fd = section_agent_channel();
		if (fd < 0)
			return -errno;
		sec_send_fd(sock, fd);
		return close(fd);
	case FORK:
		return fork_waiting(sock);
	case REPLACE:
		replace();
		break;
	case UNDUMPABLE:
		return result(prctl(PR_SET_DUMPABLE, 0));
	case DESCRIPTORS:
		return sec_count_fds();
	case LIMIT:
		return limit_descriptors(order->value);
	case BE:
		return result(seteuid(order->value));
	case UNSHARE:
		return result(unshare(CLONE_NEWUSER));
	}
	return -EINVAL;
}

/* A process that is acted on.  It has no agent until it is told to. */
struct target {
	pid_t pid;
	int sock;
};

static inline void be_target(int sock, uid_t uid)
{
	struct order order;
	int64_t answer;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (uid && sec_become(uid, uid))
		_exit(1);
	/* A change of user forgets it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 1);
	while (recv(sock, &order, sizeof(order), 0) == sizeof(order)) {
		answer = obey(&order, sock);
		if (send(sock, &answer, sizeof(answer), MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(0);
}

/* Descriptors for children that are executed stay closed there. */
static inline bool target_start_as(struct target *target, uid_t uid)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return false;
	target->pid = fork();
	if (!target->pid) {
		close(ends[0]);
		be_target(ends[1], uid);
	}
	close(ends[1]);
	target->sock = ends[0];
	return target->pid > 0;
}

static inline bool target_start(struct target *target)
{
	return target_start_as(target, 0);
}

/* Gives an order without waiting for the answer. */
static inline void target_tell(struct target *target, enum order_kind kind,
			       uint64_t address, int value)
{
	struct order order = {
		.kind = kind, .value = value, .address = address,
	};

	send(target->sock, &order, sizeof(order), MSG_NOSIGNAL);
}

static inline int64_t target_hear(struct target *target)
{
	int64_t answer;

	if (recv(target->sock, &answer, sizeof(answer), 0) != sizeof(answer))
		return -EPIPE;
	return answer;
}

static inline int64_t target_ask(struct target *target, enum order_kind kind,
				 uint64_t address, int value)
{
	target_tell(target, kind, address, value);
	return target_hear(target);
}

static inline int target_channel(struct target *target)
{
	int64_t answer;
	int fd;

	target_tell(target, CHANNEL, 0, 0);
	fd = sec_receive_fd(target->sock);
	if (fd >= 0 && recv(target->sock, &answer, sizeof(answer), 0) < 0)
		return -EPIPE;
	return fd;
}

/* Until the program has been replaced, which closes its end of the socket. */
static inline bool target_replace(struct target *target)
{
	int64_t answer;

	target_tell(target, REPLACE, 0, 0);
	return recv(target->sock, &answer, sizeof(answer), 0) == 0;
}

static inline void target_kill(struct target *target)
{
	kill(target->pid, SIGKILL);
	waitpid(target->pid, NULL, 0);
	close(target->sock);
	target->pid = 0;
}

/* Until it does not run any more. */
static inline void target_pause(struct target *target)
{
	kill(target->pid, SIGSTOP);
	/* The caller may have signals, too. */
	while (waitpid(target->pid, NULL, WUNTRACED) < 0 && errno == EINTR)
		;
}

static inline uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The abstract name under which a process's agent listens. */
static inline socklen_t agent_name(struct sockaddr_un *name, pid_t pid)
{
	int length;

	memset(name, 0, sizeof(*name));
	name->sun_family = AF_UNIX;
	length = snprintf(name->sun_path + 1, sizeof(name->sun_path) - 1,
			  "section-agent/%d", (int)pid);
	return offsetof(struct sockaddr_un, sun_path) + 1 + length;
}

/* A socket on that name, as anybody can make one: it, or -errno. */
static inline int squat(pid_t pid)
{
	struct sockaddr_un name;
	socklen_t size = agent_name(&name, pid);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (!bind(fd, (struct sockaddr *)&name, size) && !listen(fd, 8))
		return fd;
	close(fd);
	return -errno;
}

/* A connection to an agent without the library: it, or -errno. */
static inline int connect_raw(pid_t pid)
{
	struct sockaddr_un name;
	socklen_t size = agent_name(&name, pid);
	const struct timeval limit = { .tv_sec = HANGS_MS / 1000 };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (!connect(fd, (struct sockaddr *)&name, size))
		return fd;
	close(fd);
	return -errno;
}

/*
 * A descriptor whose last close(2) takes as long as a test does: a connection with
 * data that the other end, *stays, never reads.  It, or -errno.
 */
static inline int lingering(int *stays)
{
	const struct linger linger = { .l_onoff = 1, .l_linger = 1000 };
	struct sockaddr_in name = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(name);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	static char much[65536];
	const int little = 1;

	setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &little, sizeof(little));
	*stays = -1;
	if (!bind(listener, (struct sockaddr *)&name, size) &&
	    !listen(listener, 1) &&
	    !getsockname(listener, (struct sockaddr *)&name, &size) &&
	    !connect(fd, (struct sockaddr *)&name, size))
		*stays = accept(listener, NULL, NULL);
	close(listener);
	if (*stays < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger))) {
		close(fd);
		return -errno;
	}
	while (send(fd, much, sizeof(much), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
	return fd;
}

/* The bytes on the wire; a test that knows them is warned when they change. */
struct wire_request {
	uint32_t magic, operation;
	uint64_t cookie;
	uint32_t length, fd_count, reply_room, reserved;
	unsigned char data[64];
};

struct wire_reply {
	uint32_t magic, error;
	uint64_t cookie;
	uint32_t length, reserved;
	unsigned char data[64];
};

#define WIRE_MAGIC		0x31544753U
#define WIRE_READ		7
#define WIRE_REQUEST_HEADER	offsetof(struct wire_request, data)
#define WIRE_REPLY_HEADER	offsetof(struct wire_reply, data)

/* A well-formed request to read bytes at an address. */
static inline struct wire_request wire_read(uint64_t address, uint64_t length)
{
	struct wire_request request = {
		.magic = WIRE_MAGIC, .operation = WIRE_READ, .cookie = 1,
		.length = 16, .reply_room = length,
	};

	memcpy(request.data, &address, sizeof(address));
	memcpy(request.data + 8, &length, sizeof(length));
	return request;
}

/* The errno in the last words of the agent, before it closes the connection. */
static inline int last_words(int sock)
{
	struct wire_reply reply;
	ssize_t length;
	int error = 0;

	do {
		length = recv(sock, &reply, sizeof(reply), 0);
		if (length == (ssize_t)WIRE_REPLY_HEADER && !reply.cookie)
			error = reply.error;
		/* What the agent had not read yet makes it a reset. */
	} while (length > 0 || (length < 0 && errno == ECONNRESET));
	return length ? -errno : error;
}

#endif /* AGENT_UTIL_H */
