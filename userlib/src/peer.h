/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef SECTION_PEER_H
#define SECTION_PEER_H

#include "agent_protocol.h"
#include "lock.h"

#include <pthread.h>
#include <stdbool.h>

/*
 * @lock: Protects @busy, @timeout and @turn.
 * @turn: Signalled when @busy ends.
 * @busy: A thread has its turn: everything below is its own.
 * @cancel: What the thread that has its turn goes back to; it cannot be cancelled.
 * @owner: The process that opened it; a child made by fork(2) is another.
 * @fd: The connection.
 * @pidfd: The process, or -1 if it is not known.
 * @pid: Likewise, or 0.
 * @direct: The kernel may be asked to copy; only for a process that was found by
 *	its id: who made a channel need not be who serves it.
 * @known: It is a process of this user's: what it sends is received, and closed,
 *	without fear of what that may take.
 * @broken: What every further call ends with, or 0.
 * @cookie: Of the last request.
 */
struct section_peer {
	struct lock lock;
	pthread_cond_t turn;
	bool busy;
	int cancel;
	int timeout;
	pid_t owner;
	int fd;
	int pidfd;
	pid_t pid;
	bool direct;
	bool known;
	int broken;
	uint64_t cookie;
};

/* Points in time: nanoseconds of CLOCK_MONOTONIC. */
uint64_t section_deadline(int milliseconds);

/* How long poll(2) may wait until then, 0 if the time is over. */
int section_remaining(uint64_t deadline);

/* The end of a call that begins now. */
uint64_t section_peer_deadline(struct section_peer *peer);

/*
 * Waits for one's turn.  An errno value: ETIMEDOUT, or why the peer is broken;
 * then there is no turn to give back.
 */
int section_peer_take(struct section_peer *peer, uint64_t deadline);
void section_peer_give(struct section_peer *peer);

/* Has the process ended? Never, if it is not known. */
bool section_peer_ended(const struct section_peer *peer);

/*
 * With one's turn: why the connection has ended, or 0 if it has not.  Breaks
 * the peer if it has.
 */
int section_peer_check(struct section_peer *peer, uint64_t deadline);

/*
 * A request and where its reply goes.
 *
 * @head, @head_len: First part of the data.
 * @data, @data_len: The rest.
 */
struct exchange {
	uint32_t operation;
	const void *head;
	size_t head_len;
	const void *data;
	size_t data_len;
	const int *fds;
	size_t fd_count;
	void *reply;
	size_t reply_room;
};

/* The length of the reply, or -1 and errno; within the deadline. */
ssize_t section_peer_exchange(struct section_peer *peer,
			      const struct exchange *exchange,
			      uint64_t deadline);

/* An exchange whose reply has one length; 0, or -1 and errno. */
int section_peer_ask(struct section_peer *peer, const struct exchange *exchange);

#endif /* SECTION_PEER_H */
