/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of /dev/section share.
 *
 * Calls return what the kernel returned, or -errno: an assertion then names
 * the error that it expects.  Outputs are poisoned before every call, so that
 * a member that was not written cannot pass for one that was.
 */
#ifndef SECTION_UTIL_H
#define SECTION_UTIL_H

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/section.h>

#include "kselftest_harness.h"

/*
 * The harness gives a test 30 s, which a machine that is emulated, instrumented and
 * busy with something else can need for what takes a moment elsewhere.  It is meant
 * for tests that hang.
 */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	240

#define SEC_DEVICE	"/dev/section"
#define SEC_DEBUGFS	"/sys/kernel/debug/section"
#define SEC_PARAMETERS	"/sys/module/section/parameters"

#define SEC_PAGE	((size_t)sysconf(_SC_PAGESIZE))

#define SEC_PROT_RW	(SECTION_PROT_READ | SECTION_PROT_WRITE)
#define SEC_PROT_RX	(SECTION_PROT_READ | SECTION_PROT_EXECUTE)
#define SEC_PROT_RWX	(SEC_PROT_RW | SECTION_PROT_EXECUTE)

/* What a creator may have of a section with each protection. */
#define SEC_RIGHTS_R	(SECTION_RIGHT_QUERY | SECTION_RIGHT_READ)
#define SEC_RIGHTS_RW	(SEC_RIGHTS_R | SECTION_RIGHT_WRITE | \
			 SECTION_RIGHT_EXTEND)
#define SEC_RIGHTS_RX	(SEC_RIGHTS_R | SECTION_RIGHT_EXECUTE)

/* The users that the guest knows; their groups have the same numbers. */
#define SEC_ALICE	1000
#define SEC_BOB		1001

#define SEC_POISON	0xa5
#define SEC_POISON32	0xa5a5a5a5U
#define SEC_POISON64	0xa5a5a5a5a5a5a5a5ULL

static inline __u64 sec_ptr(const void *p)
{
	return (uintptr_t)p;
}

static inline bool sec_all_bytes(const void *p, int value, size_t len)
{
	const unsigned char *byte = p;

	while (len--)
		if (*byte++ != (unsigned char)value)
			return false;
	return true;
}

static inline bool sec_poisoned(const void *p, size_t len)
{
	return sec_all_bytes(p, SEC_POISON, len);
}

/* Names that no other test, and no other run of this one, uses. */

#define SEC_NAME_LEN	64

struct sec_name {
	char s[SEC_NAME_LEN];
};

static inline struct sec_name sec_unique(void)
{
	static unsigned int counter;
	struct sec_name name;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(name.s, sizeof(name.s), "test-%d-%u-%ld", (int)getpid(),
		 counter++, now.tv_nsec);
	return name;
}

/*
 * How often to do what is done very often: SECTION_TEST_ROUNDS percent of that,
 * but not never.
 */
static inline int sec_rounds(int usual)
{
	const char *percent = getenv("SECTION_TEST_ROUNDS");
	int rounds = percent ? (long)usual * atoi(percent) / 100 : usual;

	return rounds > 0 ? rounds : 1;
}

/* The ioctls. */

static inline int sec_dev(void)
{
	int fd = open(SEC_DEVICE, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static inline int sec_ioctl(int fd, unsigned long cmd, const void *arg)
{
	int ret = ioctl(fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

/* A private, writable, anonymous section; the caller changes what it tests. */
static inline struct section_create sec_create_args(const char *name,
						    __u64 bytes)
{
	struct section_create args = {
		.size = sizeof(args),
		.name = sec_ptr(name),
		.name_len = name ? strlen(name) : 0,
		.scope_fd = -1,
		.bytes = bytes,
		.prot = SEC_PROT_RW,
		.rights = SECTION_RIGHTS_MAXIMUM,
		.file_fd = -1,
		.mode = 0600,
		.gid = SECTION_CALLER_GROUP,
		.owner = SECTION_ANY_OWNER,
		.existed = SEC_POISON32,
	};

	return args;
}

static inline int sec_create(int dev, struct section_create *args)
{
	return sec_ioctl(dev, SECTION_IOC_CREATE, args);
}

static inline int sec_create_flags(int dev, const char *name, __u64 bytes,
				   __u32 flags)
{
	struct section_create args = sec_create_args(name, bytes);

	args.flags = flags;
	return sec_create(dev, &args);
}

static inline int sec_create_anon(int dev, const char *name, __u64 bytes)
{
	struct section_create args = sec_create_args(name, bytes);

	return sec_create(dev, &args);
}

static inline int sec_create_file(int dev, const char *name, int file,
				  __u64 bytes, __u32 prot)
{
	struct section_create args = sec_create_args(name, bytes);

	args.file_fd = file;
	args.prot = prot;
	return sec_create(dev, &args);
}

static inline struct section_open sec_open_args(const char *name, __u32 rights)
{
	struct section_open args = {
		.size = sizeof(args),
		.name = sec_ptr(name),
		.name_len = name ? strlen(name) : 0,
		.scope_fd = -1,
		.rights = rights,
		.owner = SECTION_ANY_OWNER,
	};

	return args;
}

static inline int sec_open(int dev, const char *name, __u32 rights)
{
	struct section_open args = sec_open_args(name, rights);

	return sec_ioctl(dev, SECTION_IOC_OPEN, &args);
}

static inline int sec_open_global(int dev, const char *name, __u32 rights)
{
	struct section_open args = sec_open_args(name, rights);

	args.flags = SECTION_OPEN_GLOBAL;
	return sec_ioctl(dev, SECTION_IOC_OPEN, &args);
}

static inline int sec_duplicate(int handle, __u32 rights, __u32 flags)
{
	struct section_duplicate args = {
		.size = sizeof(args),
		.flags = flags,
		.rights = rights,
	};

	return sec_ioctl(handle, SECTION_IOC_DUPLICATE, &args);
}

/* Everything that a query writes is poisoned first. */
static inline int sec_query_name(int handle, struct section_query *q,
				 void *name, __u32 room)
{
	memset(q, SEC_POISON, sizeof(*q));
	q->size = sizeof(*q);
	q->flags = 0;
	q->name = sec_ptr(name);
	q->name_len = room;
	if (name)
		memset(name, SEC_POISON, room);
	return sec_ioctl(handle, SECTION_IOC_QUERY, q);
}

static inline int sec_query(int handle, struct section_query *q)
{
	return sec_query_name(handle, q, NULL, 0);
}

/* The number of the section, 0 if it cannot be asked for. */
static inline __u64 sec_id(int handle)
{
	struct section_query q;

	return sec_query(handle, &q) ? 0 : q.id;
}

static inline struct section_map sec_map_args(__u32 prot, __u64 offset,
					      __u64 length)
{
	struct section_map args = {
		.size = sizeof(args),
		.prot = prot,
		.offset = offset,
		.length = length,
	};

	return args;
}

/* MAP_FAILED and errno if it fails. */
static inline void *sec_map(int handle, __u32 prot, __u32 flags, __u64 offset,
			    __u64 length)
{
	struct section_map args = sec_map_args(prot, offset, length);

	args.flags = flags;
	if (ioctl(handle, SECTION_IOC_MAP, &args))
		return MAP_FAILED;
	return (void *)(uintptr_t)args.address;
}

static inline void *sec_mmap(int handle, int prot, int flags, off_t offset,
			     size_t length)
{
	return mmap(NULL, length, prot, flags, handle, offset);
}

static inline int sec_query_view(int dev, const void *address,
				 struct section_query_view *v)
{
	memset(v, SEC_POISON, sizeof(*v));
	v->size = sizeof(*v);
	v->flags = 0;
	v->address = sec_ptr(address);
	v->reserved = 0;
	return sec_ioctl(dev, SECTION_IOC_QUERY_VIEW, v);
}

static inline int sec_commit(int handle, __u64 offset, __u64 length,
			     __u32 flags)
{
	struct section_commit args = {
		.size = sizeof(args),
		.flags = flags,
		.offset = offset,
		.length = length,
	};

	return sec_ioctl(handle, SECTION_IOC_COMMIT, &args);
}

static inline int sec_commit_view(int dev, const void *address, __u64 length,
				  __u32 flags)
{
	struct section_commit_view args = {
		.size = sizeof(args),
		.flags = flags,
		.address = sec_ptr(address),
		.length = length,
	};

	return sec_ioctl(dev, SECTION_IOC_COMMIT_VIEW, &args);
}

static inline int sec_extend(int handle, __u64 *bytes)
{
	struct section_extend args = {
		.size = sizeof(args),
		.bytes = *bytes,
	};
	int ret = sec_ioctl(handle, SECTION_IOC_EXTEND, &args);

	*bytes = args.bytes;
	return ret;
}

static inline int sec_list(int dev, __u32 flags, void *buffer, size_t len,
			   struct section_list *l)
{
	memset(l, SEC_POISON, sizeof(*l));
	l->size = sizeof(*l);
	l->flags = flags;
	l->scope_fd = -1;
	l->reserved = 0;
	l->buffer = sec_ptr(buffer);
	l->buffer_len = len;
	if (buffer)
		memset(buffer, SEC_POISON, len);
	return sec_ioctl(dev, SECTION_IOC_LIST, l);
}

/* Touching memory that may not be there: 0, or the signal it ended in. */

static sigjmp_buf sec_touch_env;
static uintptr_t sec_touch_address;

static inline void sec_touch_handler(int sig, siginfo_t *info, void *context)
{
	(void)context;
	/* A fault anywhere else is a bug of the test: let it kill. */
	if ((uintptr_t)info->si_addr != sec_touch_address)
		signal(sig, SIG_DFL);
	else
		siglongjmp(sec_touch_env, sig);
}

static inline int sec_touch(void *address, bool write)
{
	struct sigaction action = {
		.sa_sigaction = sec_touch_handler,
		.sa_flags = SA_SIGINFO,
	};
	struct sigaction segv, bus;
	char *byte = address;
	int sig;

	sigaction(SIGSEGV, &action, &segv);
	sigaction(SIGBUS, &action, &bus);
	sec_touch_address = (uintptr_t)address;
	sig = sigsetjmp(sec_touch_env, 1);
	if (!sig) {
		if (write)
			__atomic_store_n(byte, 1, __ATOMIC_SEQ_CST);
		else
			__atomic_load_n(byte, __ATOMIC_SEQ_CST);
	}
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
	return sig;
}

static inline int touch_read(const void *address)
{
	return sec_touch((void *)(uintptr_t)address, false);
}

/* Writes a byte of value 1. */
static inline int touch_write(void *address)
{
	return sec_touch(address, true);
}

/* Children: what they found is their exit status. */

/* The exit status, or the negative number of the signal that killed it. */
static inline int sec_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) != pid)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* The child leaves by its return value, 0 to 255. */
static inline pid_t sec_fork(int (*child)(void *), void *arg)
{
	pid_t pid = fork();

	if (!pid)
		_exit(child(arg));
	return pid;
}

static inline int sec_in_child(int (*child)(void *), void *arg)
{
	pid_t pid = sec_fork(child, arg);

	return pid < 0 ? -errno : sec_wait(pid);
}

/* From root to an ordinary user, for good. */
static inline int sec_become(uid_t uid, gid_t gid)
{
	if (setgroups(0, NULL) || setresgid(gid, gid, gid) ||
	    setresuid(uid, uid, uid))
		return -errno;
	return 0;
}

/* Descriptors from one process to another. */

static inline int sec_send_fd(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = { 0 };
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -errno;
}

static inline int sec_receive_fd(int sock)
{
	char control[CMSG_SPACE(sizeof(int))];
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int fd;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1)
		return -EIO;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return -ENOMSG;
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}

/* Small files of /proc and /sys. */

static inline ssize_t sec_read_file(const char *path, char *buf, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	while ((got = read(fd, buf + have, len - 1 - have)) > 0)
		have += got;
	if (got < 0)
		got = -errno;
	buf[have] = 0;
	close(fd);
	return got < 0 ? got : (ssize_t)have;
}

static inline int sec_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/*
 * The kernel is going to say this, with a stack, and is right to: run.sh does not
 * take it for a complaint until the program ends.
 */
static inline void sec_expect_report(const char *text)
{
	char line[128];

	snprintf(line, sizeof(line), "section-selftests: expects %s\n", text);
	sec_write_file("/dev/kmsg", line);
}

/* Handler of a signal that is only to interrupt a system call. */
static inline void sec_ignore(int sig)
{
	(void)sig;
}

/* The number in a file, or -errno. */
static inline long sec_read_number(const char *path)
{
	char text[64];
	ssize_t len = sec_read_file(path, text, sizeof(text));

	return len < 0 ? len : strtol(text, NULL, 0);
}

static inline int sec_write_number(const char *path, long number)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", number);
	return sec_write_file(path, text);
}

/* A figure of /proc/meminfo in bytes; no memory is allocated for it. */
static inline long long sec_meminfo(const char *key)
{
	char text[8192], *at;

	if (sec_read_file("/proc/meminfo", text, sizeof(text)) < 0)
		return -1;
	at = strstr(text, key);
	return at ? strtoll(at + strlen(key), NULL, 10) * 1024 : -1;
}

/* Of several words in a file of sysfs, the one in brackets is the setting. */
static inline void sec_setting(char *text)
{
	char *from = strchr(text, '['), *to = strchr(text, ']');

	if (from && to) {
		*to = 0;
		memmove(text, from + 1, to - from);
	}
}

/*
 * How many "sections", "handles" or "views" there are on the whole system.
 * Only root may ask.
 */
static inline long sec_counter(const char *which)
{
	char path[sizeof(SEC_DEBUGFS) + 16];

	snprintf(path, sizeof(path), SEC_DEBUGFS "/%s", which);
	return sec_read_number(path);
}

/* How many descriptors this process has open, to find what a call left. */
static inline int sec_count_fds(void)
{
	int count = 0;
	int fd;

	for (fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			count++;
	return count;
}

/*
 * Waits for what another process or a deferred release makes true; gives up
 * after a time that is long even on an emulated machine.
 */
static inline bool sec_eventually(bool (*condition)(void *), void *arg,
				  unsigned int seconds)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	struct timespec now, end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	while (!condition(arg)) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec > end.tv_sec ||
		    (now.tv_sec == end.tv_sec && now.tv_nsec > end.tv_nsec))
			return false;
		nanosleep(&nap, NULL);
	}
	return true;
}

#endif /* SECTION_UTIL_H */
