/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef SECTION_AGENT_INTERNAL_H
#define SECTION_AGENT_INTERNAL_H

#include "agent_protocol.h"
#include "lock.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

/* How many section_agent_channel() are open somewhere. */
#define AGENT_CHANNELS_MAX	16

enum agent_state {
	AGENT_NONE,
	AGENT_RUNNING,
	AGENT_STOPPING,
};

/*
 * The agent of this process.
 *
 * Every descriptor that belongs to it is in here and goes in and out under
 * @lock, so that a child made by fork(2), which waits for @lock, can close them
 * all: otherwise the child would keep connections alive that should end with
 * the process.
 *
 * @control: Held by whoever starts or stops the agent, for as long as it takes.
 *	Taken before @lock, never by the agent's thread.
 * @lock: Protects everything below.  Held for moments only, never while a
 *	request is carried out or a descriptor is closed.
 * @state: AGENT_STOPPING tells the thread to end.
 * @owner: The process whose agent it is, or 0; also read without @lock.
 * @uid: As which user it was started.
 * @thread: Valid unless @state is AGENT_NONE.
 * @wake: An eventfd, by which the thread learns that something here changed.
 * @listener: Socket with the process's name, or -1 for a private agent.
 * @channels: The agent's ends of channels, -1 for a free place.
 * @callers: Connections, -1 for a free place.
 * @by_channel: For each, whether it came through a channel: then whoever is the
 *	caller need not be asked.
 * @received: Descriptors that came with the request being carried out, or -1.
 * @closing: What is being closed, or -1; its number may be gone already.
 */
struct agent {
	struct lock control;
	struct lock lock;
	enum agent_state state;
	pid_t owner;
	uid_t uid;
	pthread_t thread;
	int wake;
	int listener;
	int channels[AGENT_CHANNELS_MAX];
	int callers[SECTION_AGENT_CALLERS_MAX];
	bool by_channel[SECTION_AGENT_CALLERS_MAX];
	int received[SECTION_AGENT_FDS_MAX];
	int closing;
};

extern struct agent section_agent;

/*
 * First in every function that is called from outside: sees to it that children
 * of fork(2) begin without an agent, and with locks that nobody holds.
 */
void section_agent_prepare(void);

/* Puts a descriptor into the first free place; false if there is none. */
bool section_agent_place(int *places, size_t count, int fd);

/* Frees a place of the agent: the descriptor that was in it, or -1. */
int section_agent_take(int *place);

/* Closes the descriptor in a place of the agent and frees the place. */
void section_agent_drop(int *place);

/* The user as which this process runs; false if there are several. */
bool section_agent_user(uid_t *uid);

/* The thread: serves until the agent is stopped. */
void *section_agent_run(void *unused);

/* Carries out a request: 0, or an errno value. */
int section_agent_serve(struct section_agent_call *call);

/* What serves an operation of somebody else's, or NULL. */
section_agent_handler section_agent_find(uint32_t operation);

/* What is at an address of this process: 0, or an errno value. */
int section_agent_region(uint64_t address, struct agent_region *region);

#endif /* SECTION_AGENT_INTERNAL_H */
