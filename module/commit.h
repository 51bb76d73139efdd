/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_COMMIT_H
#define _SECTION_COMMIT_H

#include <linux/maple_tree.h>
#include <linux/mutex.h>
#include <linux/types.h>

union section_arg;
struct section;

/**
 * struct section_reservation - what of a reserved section is committed
 * @committed: ranges of pages, no two of them adjacent; written under @lock,
 *	read under RCU
 * @lock: serializes commits and decommits; outside of every lock of the core's
 *	that they take
 * @pages: how many pages are committed, written under @lock
 * @charged: how many pages are accounted, never less than @pages, protected by
 *	@lock
 * @ranges: how many ranges there are, protected by @lock
 */
struct section_reservation {
	struct maple_tree committed;
	struct mutex lock;
	unsigned long pages;
	unsigned long charged;
	unsigned int ranges;
};

struct section_reservation *section_reservation_new(void);
void section_reservation_free(struct section *section);

bool section_commit_run(const struct section *section, unsigned long page,
			unsigned long *first, unsigned long *last);
bool section_commit_recheck(const struct section *section, unsigned long page);
int section_commit_pages(struct section *section, unsigned long first,
			 unsigned long last, u32 flags);
long section_commit_handle(struct section *section, u32 rights,
			   union section_arg *arg);
u64 section_committed(const struct section *section);

#endif /* _SECTION_COMMIT_H */
