/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * libsection: acting on the memory of another process that agreed to it.
 */
#ifndef SECTION_AGENT_H
#define SECTION_AGENT_H

#include <section.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * DOC: Agents and peers
 *
 * Linux lets no process map memory into another.  A process that wants others
 * to do so starts an *agent*, a thread of this library that does it for them.
 * To those others the process is a *peer*: they reach it by its process id if
 * they run as the same user, or through a descriptor that it gave away.
 *
 * Whoever reaches the agent can do to the process what he likes; an agent gives
 * no protection from its callers.  Nobody else reaches it.
 *
 * Unlike the rest of the library, an agent is state that a process has.  Nothing
 * here may be called from a signal handler.
 *
 * Addresses in a peer are 64-bit numbers, not pointers: they mean nothing here.
 *
 * No call on a peer takes longer than the peer's timeout, whatever the other
 * process does or does not do.  Signals do not interrupt it.  A peer may be
 * used by several threads; it serves one call at a time, and waiting for one's
 * turn is part of the time.  After fork(2) the child may only close its
 * parent's peers.
 *
 * DOC: Errors of a peer
 *
 * Every call on a peer can end with these:
 *
 * EBUSY
 *	The agent serves as many callers as it can.
 * ECONNREFUSED
 *	There is no agent: it was never started, it was stopped, or another
 *	program has taken the place of that one by execve(2).
 * EINVAL
 *	A value is wrong: an unknown flag or protection, a length of 0, an
 *	address that is not a multiple of the page size where it must be.
 * EMFILE, ENFILE
 *	There are no more descriptors, here or there.
 * ENOMEM
 *	Not enough memory, here or there.
 * EOPNOTSUPP
 *	The agent does not know this operation, or a sandbox keeps it from it.
 * EOVERFLOW
 *	A range that does not fit the other process's address space.
 * EPERM
 *	The process belongs to another user, or what answers for it is another
 *	process than it should be.
 * EPROTO
 *	What answers does not speak as an agent.
 * ESRCH
 *	The process has ended.
 * ETIMEDOUT
 *	No answer within the peer's timeout: the process is stopped, or hung, or
 *	busy with the calls of others.  If the agent had not begun with the
 *	operation it will not do so any more; if it had, the operation takes
 *	place.
 *
 * If one of EBUSY, ECONNREFUSED, EPERM, EPROTO and ESRCH says that the connection
 * does not stand, it is final: every further call on the peer says the same at
 * once.  After ETIMEDOUT the peer can be used again, unless the process hangs so
 * long that it has a hundred withdrawn calls to look at.
 */

/** SECTION_AGENT_DATA_MAX - most bytes of a request's or a reply's data */
#define SECTION_AGENT_DATA_MAX	32768

/** SECTION_AGENT_FDS_MAX - most descriptors that go with a request */
#define SECTION_AGENT_FDS_MAX	4

/** SECTION_AGENT_CALLERS_MAX - how many connections an agent serves */
#define SECTION_AGENT_CALLERS_MAX	64

/**
 * SECTION_AGENT_PRIVATE - flag of section_agent_start(): no name
 *
 * The agent cannot be reached by the process id, only through the descriptors
 * of section_agent_channel().
 */
#define SECTION_AGENT_PRIVATE	(1U << 0)

/**
 * SECTION_AGENT_USER - first operation number of section_agent_register()
 *
 * Smaller numbers belong to the library.
 */
#define SECTION_AGENT_USER	0x10000U

/** SECTION_PEER_TIMEOUT - timeout of a new peer, in milliseconds */
#define SECTION_PEER_TIMEOUT	5000

/**
 * struct section_agent_call - a request, as a handler gets it
 * @operation: Which operation it is.
 * @request: The data, aligned as malloc(3) aligns; NULL never.
 * @request_len: How many bytes.
 * @fds: Descriptors that came with it, close-on-exec.  A handler that keeps one
 *	writes -1 in its place; the others are closed after it.
 * @fd_count: How many.
 * @reply: Where to write the reply's data, aligned likewise, zeroed.
 * @reply_room: SECTION_AGENT_DATA_MAX, or less if the caller wants less.
 * @reply_len: How many bytes were written there; 0 until the handler says so.
 *
 * The bytes come from another process, and nothing has looked at them yet.
 */
struct section_agent_call {
	uint32_t operation;
	const void *request;
	size_t request_len;
	int *fds;
	size_t fd_count;
	void *reply;
	size_t reply_room;
	size_t reply_len;
};

/**
 * typedef section_agent_handler - what serves an operation
 * @call: The request, and where the reply goes.
 *
 * Runs in the agent's thread, where all signals are blocked, on a stack of
 * 256 KiB, one call after the other: while it waits, nobody else is served.  It
 * must not call section_agent_stop(), nor be a caller of its own agent.
 *
 * Return: 0, or an errno value (positive), which becomes the caller's errno;
 * then there is no reply data.  What is no errno value becomes EIO.
 */
typedef int (*section_agent_handler)(struct section_agent_call *call);

/* Another process, as section_peer_open() gives it. */
struct section_peer;

/**
 * struct section_peer_region - what is at an address of a peer
 * @address: Where the region begins.
 * @length: Its length in bytes.
 * @prot: PROT_* now; 0 if nothing is mapped.
 * @mapped: Something is mapped.  Otherwise the region is the whole gap.
 * @shared: It is mapped MAP_SHARED.
 * @is_view: It is in a view of a section.
 * @view: The view, if @is_view.  Its address is the peer's.
 *
 * A region is a mapping of the kernel's: neighbours of the same kind may be one
 * region or several.
 */
struct section_peer_region {
	uint64_t address;
	uint64_t length;
	uint32_t prot;
	bool mapped;
	bool shared;
	bool is_view;
	struct section_view_info view;
};

/* The process that is acted on */

/**
 * section_agent_start - let others act on the memory of this process
 * @flags: 0, or SECTION_AGENT_PRIVATE.
 *
 * Starts a thread.  From now on every process of this process's user, in the
 * same network and process id namespaces, can do with this process's memory what
 * it likes, as long as this process runs as that user and no other.  The agent ends with the process, with execve(2) and
 * with section_agent_stop(), and nothing is left of it.  A child made by fork(2)
 * has none; it may start its own.
 *
 * A program that has gained privilege by being executed (set-user-ID, file
 * capabilities), or whose real, effective and saved user differ, can only have a
 * private agent.
 *
 * Return: 0, or -1 with errno: EADDRINUSE (another process, perhaps of another
 * user, occupies this process's name; SECTION_AGENT_PRIVATE is still possible),
 * EAGAIN (no more threads), EALREADY (there is an agent), EINVAL (@flags),
 * EMFILE or ENFILE (descriptors), ENOMEM, EPERM (the program has gained
 * privilege, or runs as several users).
 */
int section_agent_start(unsigned int flags);

/**
 * section_agent_channel - make a descriptor through which the agent is reached
 *
 * It is a socket, close-on-exec, to be passed to whoever shall be able to act
 * on this process, whatever user he is, and to be closed here then.  It may be
 * passed on and used by any number of processes, by section_peer_adopt().  It is
 * of no more use when the agent ends.
 *
 * Return: a descriptor, or -1 with errno: EBUSY (too many channels),
 * ECONNREFUSED (no agent was started), EMFILE or ENFILE (descriptors), ENOMEM.
 */
int section_agent_channel(void);

/**
 * section_agent_stop - end the agent
 *
 * Waits until the call that it serves is done.  What was mapped stays.
 *
 * Return: 0, also if there is no agent, or -1 with errno: EDEADLK (called by a
 * handler).
 */
int section_agent_stop(void);

/**
 * section_agent_register - add an operation of one's own to the agent
 * @operation: Its number, SECTION_AGENT_USER or more.
 * @handler: What serves it, or NULL to take the operation away.  A call that is
 *	being served goes on meanwhile.
 *
 * Possible at any time, with or without an agent; a child made by fork(2) keeps
 * the operations.  Replaces what served the number before.
 *
 * Return: 0, or -1 with errno: EINVAL (@operation),
 * ENOSPC (there are 32 operations).
 */
int section_agent_register(uint32_t operation, section_agent_handler handler);

/* The process that acts */

/**
 * section_peer_open - reach the agent of a process by its id
 * @pid: The process.
 *
 * The agent must belong to the caller's effective user and really be that
 * process's own.
 *
 * Return: a peer, or NULL with errno: ECONNREFUSED, EINVAL (@pid is not
 * positive), EMFILE or ENFILE, ENOMEM, EPERM, ESRCH, ETIMEDOUT (so many callers
 * are waiting to be let in that there is no room for another).
 */
struct section_peer *section_peer_open(pid_t pid);

/**
 * section_peer_adopt - reach an agent through a descriptor
 * @channel: What section_agent_channel() returned, in whatever process.  It may
 *	be closed or adopted again afterwards.
 *
 * Return: a peer, or NULL with errno: EBADF (@channel is not open),
 * ECONNREFUSED, EMFILE or ENFILE, ENOMEM, ENOTSOCK or EPROTOTYPE (@channel is
 * something else), ETIMEDOUT (the agent does not take what is in the channel).
 */
struct section_peer *section_peer_adopt(int channel);

/**
 * section_peer_close - forget a peer
 * @peer: The peer, or NULL.  No call on it may be in progress.
 *
 * What was mapped stays.  errno is left as it is.
 */
void section_peer_close(struct section_peer *peer);

/**
 * section_peer_pid - tell which process a peer is
 * @peer: The peer.
 *
 * Return: its process id, or 0 if it is not visible to this process.  Of an
 * adopted peer it is that of whoever made the channel: do not use it to decide
 * about trust.
 */
pid_t section_peer_pid(const struct section_peer *peer);

/**
 * section_peer_set_timeout - say how long a call on a peer may take
 * @peer: The peer.
 * @milliseconds: How long, 1 to INT_MAX.
 *
 * Applies to calls that begin later.
 *
 * Return: 0, or -1 with errno: EINVAL (@milliseconds).
 */
int section_peer_set_timeout(struct section_peer *peer, int milliseconds);

/**
 * section_peer_map - map a view of a section into a peer
 * @peer: The peer.
 * @handle: The section, a handle of the caller's.  It goes over with its rights,
 *	and the peer closes its copy after mapping.
 * @prot: As in section_map().
 * @flags: As in section_map().
 * @offset: As in section_map().
 * @length: In: as in section_map().  Out: length of the view.
 * @address: In: where, or 0 to let the peer's kernel choose.  Out: where it is.
 *
 * Never replaces anything that is mapped there.
 *
 * Return: 0, or -1 with errno: the errors of a peer, of section_map() and of
 * section_map_fixed().
 */
int section_peer_map(struct section_peer *peer, int handle, int prot,
		     uint32_t flags, uint64_t offset, uint64_t *length,
		     uint64_t *address);

/**
 * section_peer_map_memory - give a peer private memory
 * @peer: The peer.
 * @length: How many bytes; rounded up to pages.
 * @prot: PROT_READ, PROT_WRITE, PROT_EXEC of <sys/mman.h>, or PROT_NONE.
 * @address: In: where, a multiple of the page size, or 0 to let the peer's
 *	kernel choose.  Out: where it is.
 *
 * The memory is zeroed and belongs to the peer alone.  Never replaces anything
 * that is mapped there.
 *
 * Return: 0, or -1 with errno: the errors of a peer, EACCES (a security module
 * refused), EAGAIN (no more memory may be locked there, see mlockall(2)),
 * EEXIST (the range is not free).
 */
int section_peer_map_memory(struct section_peer *peer, uint64_t length,
			    int prot, uint64_t *address);

/**
 * section_peer_protect - change the protection of a peer's memory
 * @peer: The peer.
 * @address: Where, a multiple of the page size.
 * @length: Length in bytes, rounded up to pages.
 * @prot: PROT_READ, PROT_WRITE, PROT_EXEC of <sys/mman.h>, or PROT_NONE.
 *
 * As mprotect(2): on ENOMEM a part may have been changed.
 *
 * Return: 0, or -1 with errno: the errors of a peer, EACCES (a view cannot have
 * this protection), ENOMEM (also: a part of the range is not mapped).
 */
int section_peer_protect(struct section_peer *peer, uint64_t address,
			 uint64_t length, int prot);

/**
 * section_peer_unmap - unmap whatever is in a range of a peer
 * @peer: The peer.
 * @address: Where, a multiple of the page size.
 * @length: Length in bytes, rounded up to pages.
 *
 * As munmap(2): a range in which nothing is mapped is no error.
 *
 * Return: 0, or -1 with errno: the errors of a peer.
 */
int section_peer_unmap(struct section_peer *peer, uint64_t address,
		       uint64_t length);

/**
 * section_peer_query - ask what is at an address of a peer
 * @peer: The peer.
 * @address: Any address.
 * @region: Where to write the answer.
 *
 * Return: 0, or -1 with errno: the errors of a peer,
 * ENOENT (the peer cannot see its own /proc/self/maps).
 */
int section_peer_query(struct section_peer *peer, uint64_t address,
		       struct section_peer_region *region);

/**
 * section_peer_read - copy memory of a peer
 * @peer: The peer.
 * @address: Where it begins, in the peer.
 * @buffer: Where to copy it to.
 * @length: How many bytes; 0 is allowed.
 *
 * Stops at the first page that cannot be read; if another error ends it after some
 * bytes, their number is returned too.  Bytes of @buffer behind what was copied
 * are undefined.  Where the kernel lets the caller copy by itself
 * (process_vm_readv(2)) it does not wait for the agent, which must exist all
 * the same.
 *
 * Return: how many bytes were copied, or -1 with errno: the errors of a peer,
 * EFAULT (not even the first byte could be read there, or written here).
 */
ssize_t section_peer_read(struct section_peer *peer, uint64_t address,
			  void *buffer, size_t length);

/**
 * section_peer_write - copy into memory of a peer
 * @peer: The peer.
 * @address: Where to, in the peer.
 * @buffer: Where to copy from.
 * @length: How many bytes; 0 is allowed.
 *
 * Goes by the protection of the peer's pages, and stops at the first one that
 * cannot be written to; a page of a private view is copied, as it is when the
 * peer itself writes to it.  If an error ends it after some bytes, their number
 * is returned.
 *
 * Return: how many bytes were copied, or -1 with errno: the errors of a peer,
 * EFAULT (not even the first byte could be written there, or read here).
 */
ssize_t section_peer_write(struct section_peer *peer, uint64_t address,
			   const void *buffer, size_t length);

/**
 * section_peer_call - call an operation that section_agent_register() added
 * @peer: The peer.
 * @operation: Its number, SECTION_AGENT_USER or more.
 * @request: Data for the handler; may be NULL if @request_len is 0.
 * @request_len: How many bytes, at most SECTION_AGENT_DATA_MAX.
 * @fds: Descriptors of which the handler gets copies; may be NULL if @fd_count
 *	is 0.
 * @fd_count: How many, at most SECTION_AGENT_FDS_MAX.
 * @reply: Where to write the handler's reply; may be NULL if @reply_room is 0.
 * @reply_room: How many bytes fit there.
 *
 * Return: the length of the reply, or -1 with errno: the errors of a peer, EBADF
 * (one of @fds is not open), EFAULT (@request or @reply), EINVAL (also: a number
 * is too large), EMSGSIZE (the handler wrote more than @reply_room), or what the
 * handler returned.
 */
ssize_t section_peer_call(struct section_peer *peer, uint32_t operation,
			  const void *request, size_t request_len,
			  const int *fds, size_t fd_count,
			  void *reply, size_t reply_room);

#ifdef __cplusplus
}
#endif

#endif /* SECTION_AGENT_H */
