// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Operations that others add to the agent.
 */
#include "agent.h"

#include <errno.h>

/* The header names this number. */
#define OPERATIONS_MAX	32

/* A place is free if it has no handler.  Protected by the agent's lock. */
static struct {
	uint32_t operation;
	section_agent_handler handler;
} table[OPERATIONS_MAX];

/* The place of an operation, or the last free one, or OPERATIONS_MAX. */
static size_t find(uint32_t operation)
{
	size_t place = OPERATIONS_MAX;
	size_t i;

	for (i = 0; i < OPERATIONS_MAX; i++) {
		if (!table[i].handler)
			place = i;
		else if (table[i].operation == operation)
			return i;
	}
	return place;
}

int section_agent_register(uint32_t operation, section_agent_handler handler)
{
	size_t place;

	if (operation < SECTION_AGENT_USER) {
		errno = EINVAL;
		return -1;
	}
	section_agent_prepare();
	lock_take(&section_agent.lock);
	place = find(operation);
	if (place < OPERATIONS_MAX) {
		table[place].operation = operation;
		table[place].handler = handler;
	}
	lock_give(&section_agent.lock);
	/* What is not there need not be taken away. */
	if (place == OPERATIONS_MAX && handler) {
		errno = ENOSPC;
		return -1;
	}
	return 0;
}

section_agent_handler section_agent_find(uint32_t operation)
{
	section_agent_handler handler = NULL;
	size_t place;

	lock_take(&section_agent.lock);
	place = find(operation);
	if (place < OPERATIONS_MAX && table[place].operation == operation)
		handler = table[place].handler;
	lock_give(&section_agent.lock);
	return handler;
}
