/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file system that the test itself serves, in plain /dev/fuse protocol, for
 * backings that answer late, wrongly or never.
 */
#ifndef FUSE_UTIL_H
#define FUSE_UTIL_H

#include <linux/fuse.h>
#include <sys/mount.h>

#include "section_view_util.h"

/* Newer than the header that comes with some systems. */
#ifndef FUSE_INIT_EXT
#define FUSE_INIT_EXT			(1 << 30)
#endif
#ifndef FUSE_DIRECT_IO_ALLOW_MMAP
#define FUSE_DIRECT_IO_ALLOW_MMAP	(1ULL << 36)
#endif

/* How long to wait for the server to be asked, on the slowest machine. */
#define PATIENCE_MS	20000

/*
 * The server: files "cached" and "direct", PAGES pages long, page n full of
 * 'a' + n.
 */

#define PAGES		8
#define MAX_PAGES	32
#define CACHED		2
#define DIRECT		3
#define MAX_PARKED	64
#define BUFFER		(256 << 10)

enum command_op {
	/* Park all requests with this opcode from now on. */
	STALL,
	/* Answer all that are parked, and park none any more. */
	RELEASE,
	/* Reads that begin in this page fail; -1: none. */
	FAIL_PAGE,
	/* The byte at this offset of the cached or direct file. */
	CACHED_BYTE,
	DIRECT_BYTE,
	/* Has the kernel offered shared mappings of direct files? */
	MAPS_DIRECT,
	/* How many requests are parked? */
	PARKED,
	/* So many pages are in the cached file now: somebody else has appended. */
	SET_PAGES,
	GET_PAGES,
	/* There is no space any more. */
	FILL,
};

struct command {
	enum command_op op;
	int arg;
};

struct request {
	struct fuse_in_header head;
	char body[sizeof(struct fuse_write_in)];
	/* What is to be written. */
	char *data;
};

struct server {
	int dev;
	int commands;
	int events;
	bool async;
	bool maps_direct;
	bool full;
	int fail_page;
	bool stall[64];
	struct request parked[MAX_PARKED];
	int parked_count;
	size_t page;
	size_t size[4];
	unsigned int executable[4];	/* bits of the mode */
	unsigned char *data[4];
};

static inline void reply(struct server *s, __u64 unique, int error,
			 const void *body, size_t length)
{
	struct fuse_out_header head = {
		.len = sizeof(head) + (error ? 0 : length),
		.error = error,
		.unique = unique,
	};
	struct iovec iov[] = {
		{ &head, sizeof(head) },
		{ (void *)body, error ? 0 : length },
	};

	/* ENOENT: the request was given up meanwhile. */
	if (writev(s->dev, iov, 2) < 0 && errno != ENOENT)
		_exit(1);
}

static inline void fill_attr(struct server *s, struct fuse_attr *attr,
			     __u64 node)
{
	memset(attr, 0, sizeof(*attr));
	attr->ino = node;
	attr->nlink = 1;
	attr->blksize = s->page;
	attr->mode = S_IFDIR | 0755;
	if (node != FUSE_ROOT_ID) {
		attr->mode = S_IFREG | 0644 | s->executable[node];
		attr->size = s->size[node];
		attr->blocks = s->size[node] / 512;
	}
}

static inline void answer_init(struct server *s, const struct request *r)
{
	const struct fuse_init_in *in = (const void *)r->body;
	__u64 offered = in->flags;
	__u64 flags = FUSE_BIG_WRITES;
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = in->minor < FUSE_KERNEL_MINOR_VERSION ? in->minor :
			 FUSE_KERNEL_MINOR_VERSION,
		.max_write = BUFFER / 2,
		.max_background = 16,
		.time_gran = 1,
	};

	if (offered & FUSE_INIT_EXT)
		offered |= (__u64)in->flags2 << 32;
	if (s->async) {
		out.max_readahead = in->max_readahead;
		flags |= FUSE_ASYNC_READ;
	}
	flags |= offered & (FUSE_INIT_EXT | FUSE_DIRECT_IO_ALLOW_MMAP);
	s->maps_direct = flags & FUSE_DIRECT_IO_ALLOW_MMAP;
	out.flags = (__u32)flags;
	out.flags2 = (__u32)(flags >> 32);
	reply(s, r->head.unique, 0, &out, sizeof(out));
}

static inline void answer_lookup(struct server *s, const struct request *r)
{
	struct fuse_entry_out out = { .entry_valid = 3600, .generation = 1 };

	if (!strcmp(r->body, "cached"))
		out.nodeid = CACHED;
	if (!strcmp(r->body, "direct"))
		out.nodeid = DIRECT;
	if (out.nodeid)
		fill_attr(s, &out.attr, out.nodeid);
	reply(s, r->head.unique, out.nodeid ? 0 : -ENOENT, &out, sizeof(out));
}

static inline void answer_read(struct server *s, const struct request *r)
{
	const struct fuse_read_in *in = (const void *)r->body;
	size_t size = s->size[r->head.nodeid];
	size_t length = 0;
	int error = 0;

	if (in->offset < size)
		length = size - in->offset;
	if (length > in->size)
		length = in->size;
	if (s->fail_page >= 0 && in->offset <= s->fail_page * s->page &&
	    in->offset + in->size > s->fail_page * s->page)
		error = -EIO;
	reply(s, r->head.unique, error, s->data[r->head.nodeid] + in->offset,
	      length);
}

static inline void answer_write(struct server *s, const struct request *r)
{
	const struct fuse_write_in *in = (const void *)r->body;
	struct fuse_write_out out = { .size = in->size };
	size_t end = in->offset + in->size;
	__u64 node = r->head.nodeid;

	if (end > MAX_PAGES * s->page) {
		reply(s, r->head.unique, -EFBIG, NULL, 0);
		return;
	}
	memcpy(s->data[node] + in->offset, r->data, in->size);
	if (end > s->size[node])
		s->size[node] = end;
	reply(s, r->head.unique, 0, &out, sizeof(out));
}

static inline void answer_attr(struct server *s, const struct request *r)
{
	const struct fuse_setattr_in *in = (const void *)r->body;
	struct fuse_attr_out out = { 0 };

	if (r->head.opcode == FUSE_SETATTR && in->valid & FATTR_SIZE &&
	    in->size <= MAX_PAGES * s->page)
		s->size[r->head.nodeid] = in->size;
	if (r->head.opcode == FUSE_SETATTR && in->valid & FATTR_MODE)
		s->executable[r->head.nodeid] = in->mode & 0111;
	fill_attr(s, &out.attr, r->head.nodeid);
	reply(s, r->head.unique, 0, &out, sizeof(out));
}

static inline void answer_open(struct server *s, const struct request *r)
{
	struct fuse_open_out out = {
		.fh = r->head.nodeid,
		.open_flags = r->head.nodeid == DIRECT ? FOPEN_DIRECT_IO :
			      FOPEN_KEEP_CACHE,
	};

	reply(s, r->head.unique, 0, &out, sizeof(out));
}

/* As a good server does: give up what its user has given up. */
static inline void interrupt(struct server *s, const struct request *r)
{
	const struct fuse_interrupt_in *in = (const void *)r->body;
	int i;

	for (i = 0; i < s->parked_count; i++) {
		if (s->parked[i].head.unique != in->unique)
			continue;
		s->parked[i] = s->parked[--s->parked_count];
		reply(s, in->unique, -EINTR, NULL, 0);
		return;
	}
}

static inline void answer(struct server *s, const struct request *r)
{
	switch (r->head.opcode) {
	case FUSE_INIT:
		return answer_init(s, r);
	case FUSE_LOOKUP:
		return answer_lookup(s, r);
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		return answer_attr(s, r);
	case FUSE_OPEN:
		return answer_open(s, r);
	case FUSE_READ:
		return answer_read(s, r);
	case FUSE_WRITE:
		return answer_write(s, r);
	case FUSE_INTERRUPT:
		return interrupt(s, r);
	case FUSE_FLUSH:
	case FUSE_FSYNC:
	case FUSE_RELEASE:
	case FUSE_OPENDIR:
	case FUSE_RELEASEDIR:
		return reply(s, r->head.unique, 0, NULL, 0);
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
		return;
	case FUSE_FALLOCATE:
		return reply(s, r->head.unique, s->full ? -ENOSPC : -EOPNOTSUPP,
			     NULL, 0);
	default:
		return reply(s, r->head.unique, -EOPNOTSUPP, NULL, 0);
	}
}

static inline void serve_request(struct server *s, char *buffer)
{
	ssize_t length = read(s->dev, buffer, BUFFER);
	struct request r = { 0 };

	if (length < (ssize_t)sizeof(r.head)) {
		/* ENOENT: given up before it was read. */
		if (length < 0 && (errno == ENOENT || errno == EINTR))
			return;
		_exit(0);
	}
	memcpy(&r, buffer, (size_t)length < offsetof(struct request, data) ?
	       (size_t)length : offsetof(struct request, data));
	r.data = buffer + offsetof(struct request, data);
	if (r.head.opcode < 64 && s->stall[r.head.opcode] &&
	    s->parked_count < MAX_PARKED) {
		r.data = memcpy(malloc(BUFFER), r.data,
				BUFFER - offsetof(struct request, data));
		s->parked[s->parked_count++] = r;
		if (write(s->events, "", 1) != 1)
			_exit(1);
		return;
	}
	answer(s, &r);
}

static inline int serve_command(struct server *s, const struct command *c)
{
	int i;

	switch (c->op) {
	case STALL:
		s->stall[c->arg] = true;
		return 0;
	case RELEASE:
		memset(s->stall, 0, sizeof(s->stall));
		for (i = 0; i < s->parked_count; i++) {
			answer(s, &s->parked[i]);
			free(s->parked[i].data);
		}
		s->parked_count = 0;
		return 0;
	case FAIL_PAGE:
		s->fail_page = c->arg;
		return 0;
	case CACHED_BYTE:
		return s->data[CACHED][c->arg];
	case DIRECT_BYTE:
		return s->data[DIRECT][c->arg];
	case MAPS_DIRECT:
		return s->maps_direct;
	case PARKED:
		return s->parked_count;
	case SET_PAGES:
		s->size[CACHED] = c->arg * s->page;
		return 0;
	case GET_PAGES:
		return s->size[CACHED] / s->page;
	case FILL:
		s->full = true;
		return 0;
	}
	return -1;
}

static inline void serve(int dev, int commands, int events, bool async)
{
	static struct server s;
	char *buffer = malloc(BUFFER);
	struct command c;
	int node, result;
	size_t i;

	s.dev = dev;
	s.commands = commands;
	s.events = events;
	s.async = async;
	s.fail_page = -1;
	s.page = SEC_PAGE;
	for (node = CACHED; node <= DIRECT; node++) {
		s.size[node] = PAGES * s.page;
		s.data[node] = calloc(MAX_PAGES, s.page);
		if (!s.data[node] || !buffer)
			_exit(1);
		for (i = 0; i < PAGES; i++)
			memset(s.data[node] + i * s.page, 'a' + i, s.page);
	}
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = dev, .events = POLLIN },
			{ .fd = commands, .events = POLLIN },
		};

		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[1].revents) {
			if (read(commands, &c, sizeof(c)) != sizeof(c))
				_exit(0);
			result = serve_command(&s, &c);
			if (write(commands, &result, sizeof(result)) < 0)
				_exit(0);
		}
		if (fds[0].revents)
			serve_request(&s, buffer);
	}
}

/* What the tests have of it. */

struct fuse {
	pid_t pid;
	int commands;
	int events;
	char dir[64];
};

static inline int command(struct fuse *f, enum command_op op, int arg)
{
	struct command c = { op, arg };
	int result = -1;

	if (write(f->commands, &c, sizeof(c)) != sizeof(c) ||
	    read(f->commands, &result, sizeof(result)) != sizeof(result))
		return -1;
	return result;
}

/*
 * FUSE tells its server of a write when it has told the writer that all is
 * done: until the server holds value there; false if it never does.
 */
struct expected {
	struct fuse *f;
	enum command_op op;
	int offset;
	int value;
};

static inline bool holds(void *arg)
{
	struct expected *e = arg;

	return command(e->f, e->op, e->offset) == e->value;
}

static inline bool wait_held(struct fuse *f, enum command_op op, int offset,
			     int value)
{
	struct expected e = { f, op, offset, value };

	return sec_eventually(holds, &e, 10);
}

/* Until the server has parked another request; false if it never does. */
static inline bool wait_parked(struct fuse *f)
{
	struct pollfd fd = { .fd = f->events, .events = POLLIN };
	char byte;

	return poll(&fd, 1, PATIENCE_MS) == 1 && read(f->events, &byte, 1) == 1;
}

static inline const char *fuse_start(struct fuse *f, bool async)
{
	int commands[2], events[2], dev;
	char options[128];

	dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		return "no /dev/fuse";
	snprintf(f->dir, sizeof(f->dir), "/tmp/section-fuse-XXXXXX");
	if (!mkdtemp(f->dir) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, commands) ||
	    pipe2(events, O_CLOEXEC))
		return "no place for it";
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40755,user_id=0,group_id=0,allow_other", dev);
	if (mount("section-test", f->dir, "fuse", MS_NOSUID | MS_NODEV,
		  options))
		return "cannot mount";
	f->pid = fork();
	if (!f->pid) {
		/* The sockets' other ends: their closing is to be seen. */
		close(commands[0]);
		close(events[0]);
		serve(dev, commands[1], events[1], async);
	}
	close(dev);
	close(commands[1]);
	close(events[1]);
	f->commands = commands[0];
	f->events = events[0];
	return f->pid < 0 ? "cannot fork" : NULL;
}

/* The connection ends with the server, and all that waits for it fails. */
static inline void fuse_kill(struct fuse *f)
{
	if (f->pid <= 0)
		return;
	kill(f->pid, SIGKILL);
	waitpid(f->pid, NULL, 0);
	f->pid = 0;
}

static inline void fuse_stop(struct fuse *f)
{
	fuse_kill(f);
	if (f->dir[0]) {
		umount2(f->dir, MNT_DETACH);
		rmdir(f->dir);
	}
}

static inline int fuse_open_file(struct fuse *f, const char *name)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* A thread that reads, and may have to wait for the server. */
struct toucher {
	unsigned char *address;
	int value;
};

static inline void *touch_thread(void *argument)
{
	struct toucher *t = argument;

	t->value = peek(t->address);
	return NULL;
}

#endif /* FUSE_UTIL_H */
