// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * The native functions in another process.
 *
 * The other process does it to itself, with its own table of allocations: this
 * library adds one operation to the agent of libsection (<section/agent.h>),
 * which calls the same function there as a local call does here.  A process
 * started by CreateProcess() has an agent, told to by its environment; others
 * start one by SectionEnableRemoteAccess().
 */
#include "internal.h"

#include <section/agent.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OPERATION	(SECTION_AGENT_USER + 0x32)

/* How long a child that was just started may take to start its agent. */
#define START_STEP_MS	10
#define START_NS	3000000000LL

enum function {
	REMOTE_MAP,
	REMOTE_UNMAP,
	REMOTE_ALLOCATE,
	REMOTE_FREE,
	REMOTE_PROTECT,
	REMOTE_QUERY,
	REMOTE_FLUSH,
};

struct request {
	uint32_t function;
	uint32_t access;
	uint64_t base;
	uint64_t size;
	uint64_t zero_bits;
	uint64_t commit;
	int64_t offset;
	uint32_t inherit;
	uint32_t type;
	uint32_t protect;
	uint32_t reserved;
};

struct reply {
	int32_t status;
	uint32_t old;
	uint64_t base;
	uint64_t size;
	union {
		MEMORY_BASIC_INFORMATION basic;
		MEMORY_REGION_INFORMATION region;
	} info;
};

/* In the process that is acted on */

/* The descriptor stays the agent's, which knows when it may be copied. */
static NTSTATUS serve_map(struct section_agent_call *call,
			  const struct request *q, PVOID *base, SIZE_T *size)
{
	if (call->fd_count != 1)
		return STATUS_INVALID_HANDLE;
	return map_descriptor(call->fds[0], q->access, base, q->zero_bits,
			      q->commit, q->offset, size,
			      (SECTION_INHERIT)q->inherit, q->type, q->protect);
}

static NTSTATUS serve_query(const struct request *q, struct reply *reply)
{
	return NtQueryVirtualMemory(NtCurrentProcess(), (PVOID)q->base,
				    (MEMORY_INFORMATION_CLASS)q->type,
				    &reply->info, q->size, NULL);
}

static NTSTATUS serve(struct section_agent_call *call, const struct request *q,
		      struct reply *reply, PVOID *base, SIZE_T *size)
{
	IO_STATUS_BLOCK io;

	switch (q->function) {
	case REMOTE_MAP:
		return serve_map(call, q, base, size);
	case REMOTE_UNMAP:
		return NtUnmapViewOfSection(NtCurrentProcess(), *base);
	case REMOTE_ALLOCATE:
		return NtAllocateVirtualMemory(NtCurrentProcess(), base,
					       q->zero_bits, size, q->type,
					       q->protect);
	case REMOTE_FREE:
		return NtFreeVirtualMemory(NtCurrentProcess(), base, size,
					   q->type);
	case REMOTE_PROTECT:
		return NtProtectVirtualMemory(NtCurrentProcess(), base, size,
					      q->protect, &reply->old);
	case REMOTE_QUERY:
		return serve_query(q, reply);
	case REMOTE_FLUSH:
		return NtFlushVirtualMemory(NtCurrentProcess(), base, size, &io);
	}
	return STATUS_NOT_IMPLEMENTED;
}

static int handler(struct section_agent_call *call)
{
	const struct request *q = call->request;
	struct reply *reply = call->reply;
	PVOID base;
	SIZE_T size;

	if (call->request_len != sizeof(*q) ||
	    call->reply_room < sizeof(*reply))
		return EINVAL;
	base = (PVOID)q->base;
	size = q->size;
	if (q->function == REMOTE_QUERY && size > sizeof(reply->info))
		return EINVAL;
	reply->status = serve(call, q, reply, &base, &size);
	reply->base = (uintptr_t)base;
	reply->size = size;
	call->reply_len = sizeof(*reply);
	return 0;
}

/* In the process that asks */

static NTSTATUS peer_status(int error)
{
	switch (error) {
	case ECONNREFUSED:	/* it does not take part */
	case EOPNOTSUPP:
	case EPERM:
	case EPROTO:
	case ESRCH:
		return STATUS_ACCESS_DENIED;
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case EBUSY:
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	return STATUS_UNSUCCESSFUL;
}

/* Leaves errno as it is. */
static bool is_running_child(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };
	int error = errno;
	bool running;

	running = !waitid(P_PID, (id_t)pid, &info,
			  WEXITED | WNOHANG | WNOWAIT) && !info.si_pid;
	errno = error;
	return running;
}

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* A child may be on its way to its agent; signals do not make it faster. */
static struct section_peer *open_peer(pid_t pid)
{
	struct section_peer *peer;
	int64_t end = now() + START_NS;

	for (;;) {
		peer = section_peer_open(pid);
		if (peer || errno != ECONNREFUSED || now() > end ||
		    !is_running_child(pid))
			return peer;
		poll(NULL, 0, START_STEP_MS);
	}
}

static NTSTATUS call(pid_t pid, const struct request *request, int section,
		     struct reply *reply)
{
	struct section_peer *peer = open_peer(pid);
	ssize_t got;
	int error;

	if (!peer)
		return peer_status(errno);
	got = section_peer_call(peer, OPERATION, request, sizeof(*request),
				&section, section >= 0 ? 1 : 0, reply,
				sizeof(*reply));
	error = errno;
	section_peer_close(peer);
	if (got < 0)
		return peer_status(error);
	return got == sizeof(*reply) ? reply->status : STATUS_UNSUCCESSFUL;
}

/* A call whose base and size come back. */
static NTSTATUS call_range(pid_t pid, struct request *request, int section,
			   PVOID *base, PSIZE_T size, struct reply *reply)
{
	NTSTATUS status;

	request->base = (uintptr_t)*base;
	request->size = *size;
	status = call(pid, request, section, reply);
	if (NT_SUCCESS(status)) {
		*base = (PVOID)reply->base;
		*size = reply->size;
	}
	return status;
}

NTSTATUS remote_map(pid_t pid, int section, uint32_t access, PVOID *base,
		    ULONG_PTR zero_bits, SIZE_T commit, LONGLONG offset,
		    PSIZE_T size, SECTION_INHERIT inherit, ULONG type,
		    ULONG protect)
{
	struct request request = {
		.function = REMOTE_MAP,
		.access = access,
		.zero_bits = zero_bits,
		.commit = commit,
		.offset = offset,
		.inherit = (uint32_t)inherit,
		.type = type,
		.protect = protect,
	};
	struct reply reply;

	return call_range(pid, &request, section, base, size, &reply);
}

NTSTATUS remote_unmap(pid_t pid, PVOID base)
{
	struct request request = {
		.function = REMOTE_UNMAP,
		.base = (uintptr_t)base,
	};
	struct reply reply;

	return call(pid, &request, -1, &reply);
}

NTSTATUS remote_allocate(pid_t pid, PVOID *base, ULONG_PTR zero_bits,
			 PSIZE_T size, ULONG type, ULONG protect)
{
	struct request request = {
		.function = REMOTE_ALLOCATE,
		.zero_bits = zero_bits,
		.type = type,
		.protect = protect,
	};
	struct reply reply;

	return call_range(pid, &request, -1, base, size, &reply);
}

NTSTATUS remote_free(pid_t pid, PVOID *base, PSIZE_T size, ULONG type)
{
	struct request request = { .function = REMOTE_FREE, .type = type };
	struct reply reply;

	return call_range(pid, &request, -1, base, size, &reply);
}

NTSTATUS remote_protect(pid_t pid, PVOID *base, PSIZE_T size, ULONG protect,
			PULONG old)
{
	struct request request = {
		.function = REMOTE_PROTECT,
		.protect = protect,
	};
	struct reply reply;
	NTSTATUS status;

	status = call_range(pid, &request, -1, base, size, &reply);
	if (NT_SUCCESS(status))
		*old = reply.old;
	return status;
}

NTSTATUS remote_query(pid_t pid, PVOID address, ULONG class, PVOID buffer,
		      SIZE_T length)
{
	struct request request = {
		.function = REMOTE_QUERY,
		.base = (uintptr_t)address,
		.size = length,
		.type = class,
	};
	struct reply reply;
	NTSTATUS status = call(pid, &request, -1, &reply);

	if (NT_SUCCESS(status))
		memcpy(buffer, &reply.info, length);
	return status;
}

NTSTATUS remote_flush(pid_t pid, PVOID *base, PSIZE_T size)
{
	struct request request = { .function = REMOTE_FLUSH };
	struct reply reply;

	return call_range(pid, &request, -1, base, size, &reply);
}

ssize_t remote_read(pid_t pid, uintptr_t address, void *buffer, size_t length)
{
	struct section_peer *peer = open_peer(pid);
	ssize_t got;
	int error;

	if (!peer)
		return -1;
	got = section_peer_read(peer, address, buffer, length);
	error = errno;
	section_peer_close(peer);
	errno = error;
	return got;
}

ssize_t remote_write(pid_t pid, uintptr_t address, const void *buffer,
		     size_t length)
{
	struct section_peer *peer = open_peer(pid);
	ssize_t put;
	int error;

	if (!peer)
		return -1;
	put = section_peer_write(peer, address, buffer, length);
	error = errno;
	section_peer_close(peer);
	errno = error;
	return put;
}

BOOL SectionEnableRemoteAccess(void)
{
	if (!section_agent_start(0) || errno == EALREADY)
		return TRUE;
	return win32_success(errno == EPERM || errno == EADDRINUSE ?
			     STATUS_NOT_SUPPORTED :
			     STATUS_INSUFFICIENT_RESOURCES);
}

void remote_start(void)
{
	section_agent_register(OPERATION, handler);
	if (secure_getenv(REMOTE_VARIABLE)) {
		unsetenv(REMOTE_VARIABLE);
		section_agent_start(0);
	}
}
