// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Copying to and from a peer's memory: by the kernel itself where it allows that,
 * through the agent otherwise.
 */
#include "peer.h"

#include <errno.h>
#include <limits.h>
#include <sys/uio.h>

/* The clock is looked at after so many bytes. */
#define DIRECT_MAX	(16U << 20)

/* What fits into one message to the agent, beside the range. */
#define WRITE_MAX	(SECTION_AGENT_DATA_MAX - sizeof(struct agent_range))

/* A copy in progress; buffer is only read from if it is to be written there. */
struct copy {
	struct section_peer *peer;
	uint64_t address;
	unsigned char *buffer;
	size_t length;
	bool write;
	uint64_t deadline;
};

static size_t at_most(const struct copy *copy, size_t most)
{
	return copy->length < most ? copy->length : most;
}

/*
 * With one's turn: an errno value, EPERM or ENOSYS if the kernel forbids it.
 *
 * The number of a process says nothing about the program that runs in it.  As
 * long as the connection to the agent stands, it is still the one that agreed.
 */
static int try_direct(const struct copy *copy, ssize_t *copied)
{
	struct section_peer *peer = copy->peer;
	struct iovec here = { copy->buffer, at_most(copy, DIRECT_MAX) };
	struct iovec there = { (void *)(uintptr_t)copy->address, here.iov_len };
	int error = section_peer_check(peer, copy->deadline);
	int gone;

	if (error)
		return error;
	if (!section_remaining(copy->deadline))
		return ETIMEDOUT;
	*copied = copy->write ?
		  process_vm_writev(peer->pid, &here, 1, &there, 1, 0) :
		  process_vm_readv(peer->pid, &here, 1, &there, 1, 0);
	error = *copied < 0 ? errno : 0;
	gone = section_peer_check(peer, copy->deadline);
	if (gone) {
		*copied = -1;
		return gone;
	}
	return error;
}

/* False if it has to be done by the agent. */
static bool direct(const struct copy *copy, ssize_t *copied)
{
	struct section_peer *peer = copy->peer;
	int error = section_peer_take(peer, copy->deadline);
	bool possible = true;

	*copied = -1;
	if (!error) {
		possible = peer->direct && copy->address <= UINTPTR_MAX;
		if (possible)
			error = try_direct(copy, copied);
		/* A peer that is broken for the same reason is not asked again. */
		if (!peer->broken && (error == EPERM || error == ENOSYS))
			possible = peer->direct = false;
		section_peer_give(peer);
	}
	if (error)
		errno = error;
	return possible;
}

static ssize_t read_by_agent(const struct copy *copy)
{
	struct agent_range range = {
		copy->address, at_most(copy, SECTION_AGENT_DATA_MAX)
	};
	struct exchange exchange = {
		.operation = AGENT_OP_READ,
		.head = &range,
		.head_len = sizeof(range),
		.reply = copy->buffer,
		.reply_room = (size_t)range.length,
	};

	return section_peer_exchange(copy->peer, &exchange, copy->deadline);
}

static ssize_t write_by_agent(const struct copy *copy)
{
	struct agent_range range = { copy->address, at_most(copy, WRITE_MAX) };
	struct agent_range written;
	struct exchange exchange = {
		.operation = AGENT_OP_WRITE,
		.head = &range,
		.head_len = sizeof(range),
		.data = copy->buffer,
		.data_len = (size_t)range.length,
		.reply = &written,
		.reply_room = sizeof(written),
	};
	ssize_t length = section_peer_exchange(copy->peer, &exchange,
					       copy->deadline);

	if (length < 0)
		return -1;
	if (length != sizeof(written) || written.length > range.length) {
		errno = EPROTO;
		return -1;
	}
	return (ssize_t)written.length;
}

/* Copies as much as one step can; less than that is the end of the memory. */
static ssize_t step(const struct copy *copy, size_t *most)
{
	ssize_t copied;

	*most = at_most(copy, DIRECT_MAX);
	if (direct(copy, &copied))
		return copied;
	*most = at_most(copy, copy->write ? WRITE_MAX : SECTION_AGENT_DATA_MAX);
	return copy->write ? write_by_agent(copy) : read_by_agent(copy);
}

static ssize_t run(struct copy *copy)
{
	ssize_t done = 0;
	ssize_t copied;
	size_t most;

	if (copy->length > SSIZE_MAX)
		copy->length = SSIZE_MAX;
	copy->deadline = section_peer_deadline(copy->peer);
	while (copy->length) {
		copied = step(copy, &most);
		if (copied < 0)
			return done ? done : -1;
		done += copied;
		copy->address += (uint64_t)copied;
		copy->buffer += copied;
		copy->length -= (size_t)copied;
		if ((size_t)copied < most)
			break;
	}
	return done;
}

ssize_t section_peer_read(struct section_peer *peer, uint64_t address,
			  void *buffer, size_t length)
{
	struct copy copy = {
		.peer = peer,
		.address = address,
		.buffer = buffer,
		.length = length,
	};

	return run(&copy);
}

ssize_t section_peer_write(struct section_peer *peer, uint64_t address,
			   const void *buffer, size_t length)
{
	struct copy copy = {
		.peer = peer,
		.address = address,
		.buffer = (void *)(uintptr_t)buffer,
		.length = length,
		.write = true,
	};

	return run(&copy);
}
