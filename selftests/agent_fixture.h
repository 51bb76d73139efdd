/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process with an agent, and the way to it.
 */
#ifndef AGENT_FIXTURE_H
#define AGENT_FIXTURE_H

#include "agent_util.h"
#include "kselftest_harness.h"

#define PAGES_MAX	4

FIXTURE(agent)
{
	struct target target;
	struct section_peer *peer;
	int dev;
	int fds;
};

FIXTURE_SETUP(agent)
{
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	ASSERT_TRUE(target_start(&self->target));
	ASSERT_EQ(0, target_ask(&self->target, START, 0, 0));
	self->peer = section_peer_open(self->target.pid);
	ASSERT_NE(NULL, self->peer);
	ASSERT_EQ(0, section_peer_set_timeout(self->peer, PATIENCE_MS));
	/* The connection has been accepted when there is an answer. */
	ASSERT_EQ(0, section_peer_unmap(self->peer, SEC_PAGE, SEC_PAGE));
	self->fds = target_ask(&self->target, DESCRIPTORS, 0, 0);
}

FIXTURE_TEARDOWN(agent)
{
	section_peer_close(self->peer);
	target_kill(&self->target);
	close(self->dev);
}

/* What the process itself sees, as opposed to what is told about it. */
static inline int sees(struct target *target, uint64_t address)
{
	return target_ask(target, PEEK, address, 0);
}

static inline int writes(struct target *target, uint64_t address, int value)
{
	return target_ask(target, POKE, address, value);
}

/*
 * Until the agent has seen the ends of connections that were closed before: in
 * one round it may answer first.
 */
static inline bool settle(struct section_peer *peer)
{
	return !section_peer_unmap(peer, SEC_PAGE, 1) &&
	       !section_peer_unmap(peer, SEC_PAGE, 1);
}

/* PAGES_MAX free pages of the target. */
static inline uint64_t free_pages(struct target *target)
{
	uint64_t address = target_ask(target, PAGES, 0, PAGES_MAX);

	target_ask(target, UNMAP, address, PAGES_MAX);
	return address;
}

static inline int map(struct section_peer *peer, int handle, int prot,
		      uint32_t flags, uint64_t *address)
{
	uint64_t length = 0;

	return result(section_peer_map(peer, handle, prot, flags, 0, &length,
				       address));
}

static inline ssize_t read_peer(struct section_peer *peer, uint64_t address,
				void *buffer, size_t length)
{
	return result_size(section_peer_read(peer, address, buffer, length));
}

static inline ssize_t write_peer(struct section_peer *peer, uint64_t address,
				 const void *buffer, size_t length)
{
	return result_size(section_peer_write(peer, address, buffer, length));
}

#endif /* AGENT_FIXTURE_H */
