// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * A peer's mappings.
 */
#include "peer.h"

#include <errno.h>

int section_peer_ask(struct section_peer *peer, const struct exchange *exchange)
{
	ssize_t length = section_peer_exchange(peer, exchange,
					       section_peer_deadline(peer));

	if (length < 0)
		return -1;
	if ((size_t)length != exchange->reply_room) {
		errno = EPROTO;
		return -1;
	}
	return 0;
}

int section_peer_map(struct section_peer *peer, int handle, int prot,
		     uint32_t flags, uint64_t offset, uint64_t *length,
		     uint64_t *address)
{
	struct agent_map map = {
		.range = { *address, *length },
		.offset = offset,
		.prot = (uint32_t)prot,
		.flags = flags,
	};
	struct agent_range range;
	struct exchange exchange = {
		.operation = AGENT_OP_MAP,
		.head = &map,
		.head_len = sizeof(map),
		.fds = &handle,
		.fd_count = 1,
		.reply = &range,
		.reply_room = sizeof(range),
	};

	if (section_peer_ask(peer, &exchange))
		return -1;
	*address = range.address;
	*length = range.length;
	return 0;
}

int section_peer_map_memory(struct section_peer *peer, uint64_t length,
			    int prot, uint64_t *address)
{
	struct agent_memory memory = {
		.range = { *address, length },
		.prot = (uint32_t)prot,
	};
	struct agent_range range;
	struct exchange exchange = {
		.operation = AGENT_OP_MAP_MEMORY,
		.head = &memory,
		.head_len = sizeof(memory),
		.reply = &range,
		.reply_room = sizeof(range),
	};

	if (section_peer_ask(peer, &exchange))
		return -1;
	*address = range.address;
	return 0;
}

static int change(struct section_peer *peer, uint32_t operation,
		  uint64_t address, uint64_t length, int prot)
{
	struct agent_memory memory = {
		.range = { address, length },
		.prot = (uint32_t)prot,
	};
	struct exchange exchange = {
		.operation = operation,
		.head = &memory,
		.head_len = sizeof(memory),
	};

	return section_peer_ask(peer, &exchange);
}

int section_peer_protect(struct section_peer *peer, uint64_t address,
			 uint64_t length, int prot)
{
	return change(peer, AGENT_OP_PROTECT, address, length, prot);
}

int section_peer_unmap(struct section_peer *peer, uint64_t address,
		       uint64_t length)
{
	return change(peer, AGENT_OP_UNMAP, address, length, 0);
}

static void fill_view(struct section_view_info *view,
		      const struct agent_region *region)
{
	*view = (struct section_view_info) {
		.address = (void *)(uintptr_t)region->view.address,
		.length = (size_t)region->view.length,
		.offset = region->offset,
		.bytes = region->bytes,
		.id = region->id,
		.prot = region->view_prot,
		.max_prot = region->max_prot,
		.attributes = region->attributes,
		.private_view = region->flags & AGENT_REGION_PRIVATE,
		.committed = region->flags & AGENT_REGION_COMMITTED,
		.inherited = region->flags & AGENT_REGION_INHERITED,
		.run = (size_t)region->run,
	};
}

int section_peer_query(struct section_peer *peer, uint64_t address,
		       struct section_peer_region *region)
{
	struct agent_range where = { address, 0 };
	struct agent_region found;
	struct exchange exchange = {
		.operation = AGENT_OP_QUERY,
		.head = &where,
		.head_len = sizeof(where),
		.reply = &found,
		.reply_room = sizeof(found),
	};

	if (section_peer_ask(peer, &exchange))
		return -1;
	/* A pointer of a larger process has no room in a view's description. */
	if (found.view.address > UINTPTR_MAX || found.view.length > SIZE_MAX) {
		errno = EOVERFLOW;
		return -1;
	}
	*region = (struct section_peer_region) {
		.address = found.range.address,
		.length = found.range.length,
		.prot = found.prot,
		.mapped = found.flags & AGENT_REGION_MAPPED,
		.shared = found.flags & AGENT_REGION_SHARED,
		.is_view = found.flags & AGENT_REGION_VIEW,
	};
	if (region->is_view)
		fill_view(&region->view, &found);
	return 0;
}
