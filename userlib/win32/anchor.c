// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Anchors: what the library keeps of a section while views of it exist.
 *
 * A view's pages may have to be mapped anew when their protection changes, and
 * by then the program may have closed its handle.  An anchor keeps the memory,
 * which the view does anyway, but not the name (N3).  All views of a section
 * that came by the same rights share one.
 */
#include "internal.h"

#include <stdlib.h>
#include <unistd.h>

struct anchor {
	struct anchor *next;
	uint64_t id;
	uint32_t rights;
	int fd;
	unsigned int users;
};

/* Guarded by the lock of the allocations. */
static struct anchor *anchors;

struct anchor *anchor_get(int section, const struct section_facts *facts)
{
	uint32_t rights = facts->rights & ~SECTION_RIGHT_QUERY;
	struct anchor *a;

	for (a = anchors; a; a = a->next) {
		if (a->id == facts->id && a->rights == rights) {
			a->users++;
			return a;
		}
	}
	a = malloc(sizeof(*a));
	if (!a)
		return NULL;
	a->fd = section_duplicate(section, rights, SECTION_DUPLICATE_ANCHOR);
	if (a->fd < 0) {
		free(a);
		return NULL;
	}
	a->id = facts->id;
	a->rights = rights;
	a->users = 1;
	a->next = anchors;
	anchors = a;
	return a;
}

void anchor_put(struct anchor *anchor)
{
	struct anchor **link = &anchors;

	if (!anchor || --anchor->users)
		return;
	while (*link != anchor)
		link = &(*link)->next;
	*link = anchor->next;
	close(anchor->fd);
	free(anchor);
}

int anchor_fd(const struct anchor *anchor)
{
	return anchor ? anchor->fd : -1;
}
