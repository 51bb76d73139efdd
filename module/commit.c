// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reserve and commit.
 *
 * A reserved section has a size and no memory.  Ranges of pages become usable
 * by being committed: in a maple tree of the section's, so for all views at
 * once, and without anything being done to them.  Page faults look it up under
 * RCU and take no lock.
 *
 * Memory is accounted when it is committed, backing_anon.c says how.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/xarray.h>

#include "backing.h"
#include "commit.h"
#include "ioctl.h"
#include "limits.h"
#include "section.h"

/*
 * Faults of reserved sections, from looking up that the page is committed to
 * having it mapped.  Only a decommit waits for them.
 */
DEFINE_STATIC_SRCU(section_commit_srcu);

#define SECTION_COMMITTED	xa_mk_value(1)

/**
 * struct section_span - what a range meets in the tree
 * @first: the range, with the committed ranges that it overlaps or touches
 * @last: likewise, inclusive
 * @covered: how many pages of the range itself are committed
 * @ranges: how many committed ranges it overlaps or touches
 */
struct section_span {
	unsigned long first;
	unsigned long last;
	unsigned long covered;
	unsigned int ranges;
};

/**
 * section_reservation_new - nothing is committed yet
 *
 * Return: the reservation, or NULL without memory.
 */
struct section_reservation *section_reservation_new(void)
{
	struct section_reservation *reservation;

	reservation = kzalloc(sizeof(*reservation), GFP_KERNEL_ACCOUNT);
	if (!reservation)
		return NULL;
	mt_init_flags(&reservation->committed, MT_FLAGS_USE_RCU);
	mutex_init(&reservation->lock);
	return reservation;
}

/**
 * section_reservation_free - the section is gone
 * @reservation: the reservation, NULL if there is none
 *
 * Page faults and views own a reference on the section, so nobody reads the tree
 * any more.  Its lock is not one for the softirq of an RCU callback.
 */
void section_reservation_free(struct section_reservation *reservation)
{
	if (!reservation)
		return;
	mtree_destroy(&reservation->committed);
	kfree(reservation);
}

/**
 * section_commit_enter - before a fault asks what is committed
 *
 * Return: to be given to section_commit_leave() when the page is mapped.
 */
int section_commit_enter(void)
	__acquires(&section_commit_srcu)
{
	return srcu_read_lock(&section_commit_srcu);
}

/**
 * section_commit_leave - the fault is done
 * @idx: what section_commit_enter() returned
 */
void section_commit_leave(int idx)
	__releases(&section_commit_srcu)
{
	srcu_read_unlock(&section_commit_srcu, idx);
}

/**
 * section_commit_run - the pages around one that are as it is
 * @section: the section
 * @page: the page
 * @first: first page of the run
 * @last: its last one; never beyond the section's end if @page is not
 *
 * Return: whether they are committed; none are beyond the end of the section.
 */
bool section_commit_run(const struct section *section, unsigned long page,
			unsigned long *first, unsigned long *last)
{
	unsigned long pages = READ_ONCE(section->pages);
	bool committed = true;

	*first = 0;
	*last = pages - 1;
	if (page >= pages) {
		*first = pages;
		*last = ULONG_MAX;
		return false;
	}
	if (section->reservation) {
		MA_STATE(mas, &section->reservation->committed, page, page);

		rcu_read_lock();
		committed = mas_walk(&mas);
		rcu_read_unlock();
		*first = mas.index;
		*last = min(mas.last, pages - 1);
	}
	return committed;
}

/* What [first, last] meets; @touching counts the neighbours as well. */
static void section_commit_survey(struct section_reservation *reservation,
				  unsigned long first, unsigned long last,
				  bool touching, struct section_span *span)
{
	MA_STATE(mas, &reservation->committed, 0, 0);
	unsigned long to = touching ? last + 1 : last;

	lockdep_assert_held(&reservation->lock);
	*span = (struct section_span){ .first = first, .last = last };
	mas_set(&mas, touching && first ? first - 1 : first);
	rcu_read_lock();
	while (mas_find(&mas, to)) {
		unsigned long low = max(mas.index, first);
		unsigned long high = min(mas.last, last);

		if (low <= high)
			span->covered += high - low + 1;
		span->first = min(span->first, mas.index);
		span->last = max(span->last, mas.last);
		span->ranges++;
	}
	rcu_read_unlock();
}

/* What is accounted and not used: kept for later if it cannot be given back. */
static void section_commit_trim(struct section_reservation *reservation)
{
	unsigned long spare = reservation->charged - reservation->pages;

	lockdep_assert_held(&reservation->lock);
	if (spare && !section_anon_uncharge(spare))
		reservation->charged -= spare;
}

static int section_commit_charge(struct section_reservation *reservation,
				 unsigned long pages)
{
	unsigned long spare = reservation->charged - reservation->pages;
	int err;

	lockdep_assert_held(&reservation->lock);
	if (pages <= spare)
		return 0;
	err = section_anon_charge(pages - spare);
	if (!err)
		reservation->charged += pages - spare;
	return err;
}

static int section_commit(struct section_reservation *reservation,
			  unsigned long first, unsigned long last)
{
	struct section_span span;
	unsigned long pages;
	int err;

	section_commit_survey(reservation, first, last, true, &span);
	pages = last - first + 1 - span.covered;
	if (!pages)
		return 0;
	if (reservation->ranges - span.ranges >= section_max_commit_ranges())
		return -EDQUOT;
	err = section_commit_charge(reservation, pages);
	if (err)
		return err;
	err = mtree_store_range(&reservation->committed, span.first, span.last,
				SECTION_COMMITTED, GFP_KERNEL_ACCOUNT);
	if (err) {
		section_commit_trim(reservation);
		return err;
	}
	reservation->ranges -= span.ranges;
	reservation->ranges++;
	WRITE_ONCE(reservation->pages, reservation->pages + pages);
	return 0;
}

/*
 * First nobody finds the pages committed any more, then those who still did are
 * waited for, then the pages go, and with them their page table entries.
 */
static int section_decommit(struct section *section, unsigned long first,
			    unsigned long last)
{
	struct section_reservation *reservation = section->reservation;
	struct section_span span;
	unsigned int ranges;
	int err;

	section_commit_survey(reservation, first, last, false, &span);
	if (!span.covered)
		return 0;
	ranges = reservation->ranges - span.ranges + (span.first < first) +
		 (span.last > last);
	if (ranges > reservation->ranges &&
	    ranges > section_max_commit_ranges())
		return -EDQUOT;
	err = mtree_store_range(&reservation->committed, first, last, NULL,
				GFP_KERNEL_ACCOUNT);
	if (err)
		return err;
	reservation->ranges = ranges;
	WRITE_ONCE(reservation->pages, reservation->pages - span.covered);
	synchronize_srcu_expedited(&section_commit_srcu);
	section_anon_punch(section->backing, first, last);
	section_commit_trim(reservation);
	return 0;
}

/**
 * section_commit_pages - commit or decommit
 * @section: the section
 * @first: first page
 * @last: last page, inside the section
 * @flags: SECTION_COMMIT_DECOMMIT or 0
 *
 * Return: 0; -EDQUOT; -EINTR; -ENOMEM; -EOPNOTSUPP.
 */
int section_commit_pages(struct section *section, unsigned long first,
			 unsigned long last, u32 flags)
{
	struct section_reservation *reservation = section->reservation;
	bool decommit = flags & SECTION_COMMIT_DECOMMIT;
	int err;

	might_sleep();
	if (!reservation)
		return decommit ? -EOPNOTSUPP : 0;
	if (mutex_lock_interruptible(&reservation->lock))
		return -EINTR;
	if (decommit)
		err = section_decommit(section, first, last);
	else
		err = section_commit(reservation, first, last);
	mutex_unlock(&reservation->lock);
	return err;
}

/**
 * section_commit_handle - SECTION_IOC_COMMIT
 * @section: the section
 * @rights: the handle's rights
 * @arg: the argument
 *
 * Return: 0, or a documented error.
 */
long section_commit_handle(struct section *section, u32 rights,
			   union section_arg *arg)
{
	const struct section_commit *commit = &arg->commit;
	u64 limit = (u64)READ_ONCE(section->pages) << PAGE_SHIFT;
	u64 end;

	if (commit->flags & ~SECTION_COMMIT_DECOMMIT ||
	    !PAGE_ALIGNED(commit->offset))
		return -EINVAL;
	if (!(rights & SECTION_RIGHT_WRITE))
		return -EACCES;
	if (check_add_overflow(commit->offset, commit->length, &end))
		return -EOVERFLOW;
	if (commit->offset >= limit || end > limit)
		return -ENXIO;
	if (!commit->length)
		end = limit;
	return section_commit_pages(section, commit->offset >> PAGE_SHIFT,
				    (end - 1) >> PAGE_SHIFT, commit->flags);
}

/**
 * section_committed - how much of a section is committed
 * @section: the section
 *
 * Return: bytes.
 */
u64 section_committed(const struct section *section)
{
	if (!section->reservation)
		return READ_ONCE(section->bytes);
	return (u64)READ_ONCE(section->reservation->pages) << PAGE_SHIFT;
}
