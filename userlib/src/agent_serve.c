// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * What the agent does for others.
 */
#include "agent.h"
#include "internal.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define PROT_ALL	(PROT_READ | PROT_WRITE | PROT_EXEC)

/* Can this process have the range at all? */
static bool fits(const struct agent_range *range)
{
	return range->address <= UINTPTR_MAX && range->length <= SIZE_MAX &&
	       range->length <= UINTPTR_MAX - range->address;
}

static void *pointer(const struct agent_range *range)
{
	return (void *)(uintptr_t)range->address;
}

static int give_range(struct section_agent_call *call, uint64_t address,
		      uint64_t length)
{
	struct agent_range range = { address, length };

	memcpy(call->reply, &range, sizeof(range));
	call->reply_len = sizeof(range);
	return 0;
}

static int serve_map(struct section_agent_call *call)
{
	const struct agent_map *map = call->request;
	struct section_map arg = {
		.size = sizeof(arg),
		.flags = map->flags,
		.prot = map->prot,
		.address = map->range.address,
		.offset = map->offset,
		.length = map->range.length,
	};

	if (call->fd_count != 1 || map->flags & SECTION_MAP_FIXED)
		return EINVAL;
	if (!fits(&map->range))
		return EOVERFLOW;
	if (map->range.address)
		arg.flags |= SECTION_MAP_FIXED;
	if (ioctl(call->fds[0], SECTION_IOC_MAP, &arg))
		return errno;
	return give_range(call, arg.address, arg.length);
}

static int serve_map_memory(struct section_agent_call *call)
{
	const struct agent_memory *memory = call->request;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	void *address;

	if (memory->prot & ~PROT_ALL)
		return EINVAL;
	if (!fits(&memory->range))
		return EOVERFLOW;
	if (memory->range.address)
		flags |= MAP_FIXED_NOREPLACE;
	address = mmap(pointer(&memory->range), (size_t)memory->range.length,
		       (int)memory->prot, flags, -1, 0);
	if (address == MAP_FAILED)
		return errno;
	return give_range(call, section_pointer(address),
			  (memory->range.length + page - 1) & ~(page - 1));
}

static int serve_protect(struct section_agent_call *call)
{
	const struct agent_memory *memory = call->request;

	if (memory->prot & ~PROT_ALL || !memory->range.length)
		return EINVAL;
	if (!fits(&memory->range))
		return EOVERFLOW;
	if (mprotect(pointer(&memory->range), (size_t)memory->range.length,
		     (int)memory->prot))
		return errno;
	return 0;
}

static int serve_unmap(struct section_agent_call *call)
{
	const struct agent_memory *memory = call->request;

	if (!fits(&memory->range))
		return EOVERFLOW;
	if (munmap(pointer(&memory->range), (size_t)memory->range.length))
		return errno;
	return 0;
}

static int serve_query(struct section_agent_call *call)
{
	const struct agent_range *range = call->request;

	if (range->address > UINTPTR_MAX)
		return EOVERFLOW;
	call->reply_len = sizeof(struct agent_region);
	return section_agent_region(range->address, call->reply);
}

/*
 * The agent reads and writes through the kernel, which knows what is there; to
 * touch the memory itself would be the end of the process if it is not.
 */

static int copy_error(void)
{
	/* A sandbox has taken the call away. */
	return errno == EPERM || errno == ENOSYS ? EOPNOTSUPP : errno;
}

static int serve_read(struct section_agent_call *call)
{
	const struct agent_range *range = call->request;
	struct iovec here = { call->reply, (size_t)range->length };
	struct iovec there = { pointer(range), (size_t)range->length };
	ssize_t copied;

	if (range->length > call->reply_room)
		return EINVAL;
	if (!fits(range))
		return EFAULT;
	copied = process_vm_readv(getpid(), &here, 1, &there, 1, 0);
	if (copied < 0)
		return copy_error();
	call->reply_len = (size_t)copied;
	return 0;
}

static int serve_write(struct section_agent_call *call)
{
	const struct agent_range *range = call->request;
	struct iovec here = { (void *)(uintptr_t)(range + 1),
			      (size_t)range->length };
	struct iovec there = { pointer(range), (size_t)range->length };
	ssize_t copied;

	if (range->length != call->request_len - sizeof(*range))
		return EINVAL;
	if (!fits(range))
		return EFAULT;
	copied = process_vm_writev(getpid(), &here, 1, &there, 1, 0);
	if (copied < 0)
		return copy_error();
	return give_range(call, range->address, (uint64_t)copied);
}

/*
 * The library's own operations.  Requests are at least, replies at most as long
 * as is said here; only data to write may follow.
 */
static const struct {
	section_agent_handler handler;
	size_t request;
	size_t reply;
} operations[AGENT_OP_COUNT] = {
	[AGENT_OP_MAP] = { serve_map, sizeof(struct agent_map),
			   sizeof(struct agent_range) },
	[AGENT_OP_MAP_MEMORY] = { serve_map_memory, sizeof(struct agent_memory),
				  sizeof(struct agent_range) },
	[AGENT_OP_PROTECT] = { serve_protect, sizeof(struct agent_memory), 0 },
	[AGENT_OP_UNMAP] = { serve_unmap, sizeof(struct agent_memory), 0 },
	[AGENT_OP_QUERY] = { serve_query, sizeof(struct agent_range),
			     sizeof(struct agent_region) },
	[AGENT_OP_READ] = { serve_read, sizeof(struct agent_range), 0 },
	[AGENT_OP_WRITE] = { serve_write, sizeof(struct agent_range),
			     sizeof(struct agent_range) },
};

int section_agent_serve(struct section_agent_call *call)
{
	section_agent_handler handler;
	uint32_t operation = call->operation;

	if (operation >= SECTION_AGENT_USER) {
		handler = section_agent_find(operation);
		return handler ? handler(call) : EOPNOTSUPP;
	}
	if (operation >= AGENT_OP_COUNT || !operations[operation].handler)
		return EOPNOTSUPP;
	if (call->reply_room < operations[operation].reply ||
	    call->request_len < operations[operation].request ||
	    (call->request_len > operations[operation].request &&
	     operation != AGENT_OP_WRITE))
		return EINVAL;
	return operations[operation].handler(call);
}
