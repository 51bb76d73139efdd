/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef SECTION_AGENT_PROTOCOL_H
#define SECTION_AGENT_PROTOCOL_H

#include <section/agent.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

/*
 * What peers and agents say to each other, over SOCK_SEQPACKET sockets: each
 * message is one packet, a header and its data.  The layout is the same in
 * 32-bit and 64-bit programs.  Neither side believes anything that the other
 * writes.
 *
 * A peer has one request on its way at a time.  If another one follows before
 * the reply, the peer has given up on the first: the agent does not carry out a
 * request behind which it sees another, or the end of the connection.
 */

/* Changes with the protocol. */
#define AGENT_MAGIC	0x31544753U	/* "SGT1" */

/* Abstract: not a file, so nothing of it is left when the process is gone. */
#define AGENT_NAME_FORMAT	"section-agent/%d"

/* Errno values end here (MAX_ERRNO of the kernel). */
#define AGENT_ERRNO_MAX	4095

enum agent_operation {
	AGENT_OP_CANCEL,	/* has no reply, exists to be the next request */
	AGENT_OP_CONNECT,	/* on a channel: a socket to be served; no reply */
	AGENT_OP_MAP,		/* agent_map and a handle; agent_range */
	AGENT_OP_MAP_MEMORY,	/* agent_memory; agent_range */
	AGENT_OP_PROTECT,	/* agent_memory */
	AGENT_OP_UNMAP,		/* agent_memory */
	AGENT_OP_QUERY,		/* agent_range without length; agent_region */
	AGENT_OP_READ,		/* agent_range; as many bytes as could be read */
	AGENT_OP_WRITE,		/* agent_range, the bytes; agent_range: written */
	AGENT_OP_COUNT,
};

/*
 * Its size keeps the data behind it aligned as malloc(3) would.
 */
struct agent_request {
	uint32_t magic;
	uint32_t operation;
	uint64_t cookie;	/* not 0; comes back in the reply */
	uint32_t length;	/* of the data */
	uint32_t fd_count;
	uint32_t reply_room;	/* most data that the reply may have */
	uint32_t reserved;
};

/* With an error there is no data. */
struct agent_reply {
	uint32_t magic;
	uint32_t error;
	uint64_t cookie;	/* 0: not a reply, the connection is refused */
	uint32_t length;
	uint32_t reserved;
};

struct agent_range {
	uint64_t address;
	uint64_t length;
};

struct agent_memory {
	struct agent_range range;
	uint32_t prot;
	uint32_t reserved;
};

struct agent_map {
	struct agent_range range;
	uint64_t offset;
	uint32_t prot;
	uint32_t flags;
};

#define AGENT_REGION_MAPPED	(1U << 0)
#define AGENT_REGION_SHARED	(1U << 1)
#define AGENT_REGION_VIEW	(1U << 2)
/* Of the view. */
#define AGENT_REGION_PRIVATE	(1U << 3)
#define AGENT_REGION_COMMITTED	(1U << 4)
#define AGENT_REGION_INHERITED	(1U << 5)

struct agent_region {
	struct agent_range range;
	uint32_t prot;
	uint32_t flags;
	struct agent_range view;
	uint64_t offset;
	uint64_t bytes;
	uint64_t id;
	uint64_t run;
	uint32_t view_prot;
	uint32_t max_prot;
	uint32_t attributes;
	uint32_t reserved;
};

/* Room for the descriptors of a message, aligned for its header. */
union agent_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(SECTION_AGENT_FDS_MAX * sizeof(int))];
};

/* Puts descriptors into a message; control must live as long as the message. */
static inline void agent_attach(struct msghdr *message,
				union agent_control *control,
				const int *fds, size_t count)
{
	size_t bytes = count * sizeof(*fds);
	struct cmsghdr *header;

	if (!count)
		return;
	memset(control, 0, sizeof(*control));
	message->msg_control = control->bytes;
	message->msg_controllen = CMSG_SPACE(bytes);
	header = CMSG_FIRSTHDR(message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(bytes);
	memcpy(CMSG_DATA(header), fds, bytes);
}

/* Is a user, as SO_PEERCRED tells it, the one that this process runs as? */
bool section_same_user(uid_t uid);

#endif /* SECTION_AGENT_PROTOCOL_H */
