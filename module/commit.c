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
#include <linux/xarray.h>

#include "backing.h"
#include "commit.h"
#include "ioctl.h"
#include "limits.h"
#include "section.h"
#include "trace.h"

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
	/*
	 * Not without MT_FLAGS_ALLOC_RANGE, of which nothing else is used: the
	 * core does not free large trees of the other kind right under RCU.
	 */
	mt_init_flags(&reservation->committed,
		      MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU);
	mutex_init(&reservation->lock);
	return reservation;
}

/**
 * section_reservation_free - the section is gone
 * @section: the section
 *
 * Page faults and views own a reference on the section, so nobody reads the tree
 * any more.  Its lock is not one for the softirq of an RCU callback.
 */
void section_reservation_free(struct section *section)
{
	struct section_reservation *reservation = section->reservation;

	if (!reservation)
		return;
	section_user_charge_ranges(section->user, -(long)reservation->ranges);
	mtree_destroy(&reservation->committed);
	kfree(reservation);
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

/**
 * section_commit_recheck - is a page that a fault has got still committed?
 * @section: the section
 * @page: the page; its folio is locked and in the page cache
 *
 * Either this sees that a decommit has begun, or the decommit sees the folio,
 * and waits for its lock.
 *
 * Return: whether it is.
 */
bool section_commit_recheck(const struct section *section, unsigned long page)
{
	unsigned long first, last;

	/* Pairs with section_decommit(). */
	smp_mb();
	return section_commit_run(section, page, &first, &last);
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

/*
 * Write a range down, with which there will be so many ranges.  What the tree
 * takes is not charged to a memory cgroup (it tries without waiting first, and
 * not on account), so ranges are limited for sections and for users.
 */
static int section_commit_store(struct section *section, unsigned long first,
				unsigned long last, void *entry,
				unsigned int ranges)
{
	struct section_reservation *reservation = section->reservation;
	long more = (long)ranges - reservation->ranges;
	int err;

	lockdep_assert_held(&reservation->lock);
	if ((entry || more > 0) && ranges > section_max_commit_ranges())
		return -EDQUOT;
	err = section_user_charge_ranges(section->user, more);
	if (err)
		return err;
	err = mtree_store_range(&reservation->committed, first, last, entry,
				GFP_KERNEL_ACCOUNT);
	if (err) {
		section_user_uncharge_ranges(section->user, more);
		return err;
	}
	reservation->ranges = ranges;
	return 0;
}

static int section_commit(struct section *section, unsigned long first,
			  unsigned long last)
{
	struct section_reservation *reservation = section->reservation;
	struct section_span span;
	unsigned long pages;
	int err;

	section_commit_survey(reservation, first, last, true, &span);
	pages = last - first + 1 - span.covered;
	if (!pages)
		return 0;
	err = section_commit_charge(reservation, pages);
	if (!err)
		err = section_commit_store(section, span.first, span.last,
					   SECTION_COMMITTED,
					   reservation->ranges - span.ranges +
					   1);
	if (!err)
		WRITE_ONCE(reservation->pages, reservation->pages + pages);
	else
		section_commit_trim(reservation);
	return err;
}

/*
 * First nobody finds the pages committed any more, then the pages go, and with
 * them the page table entries that map them.  A fault in flight may make a page
 * anew after that; it finds out under the page's lock, section_commit_recheck(),
 * and maps nothing.  The page stays in the file until the next decommit or commit
 * there, and is not up to date, so that fault-around in flight, which only asked
 * before, passes it by.
 */
static int section_decommit(struct section *section, unsigned long first,
			    unsigned long last)
{
	struct section_reservation *reservation = section->reservation;
	struct section_span span;
	int err;

	section_commit_survey(reservation, first, last, false, &span);
	if (span.covered) {
		err = section_commit_store(section, first, last, NULL,
					   reservation->ranges - span.ranges +
					   (span.first < first) +
					   (span.last > last));
		if (err)
			return err;
		WRITE_ONCE(reservation->pages,
			   reservation->pages - span.covered);
		/* Pairs with section_commit_recheck(). */
		smp_mb();
	}
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
		err = section_commit(section, first, last);
	trace_section_commit(section, first, last, decommit, err);
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
	u64 limit = section_length(section);
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
