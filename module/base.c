// SPDX-License-Identifier: GPL-2.0-only
/*
 * Based sections: one address for the views of all processes.
 *
 * The kernel chooses from a part of the address space where it puts neither
 * programs nor ordinary mappings (those begin at both ends of it), and for each
 * user another address than for the other sections of his.  It cannot know
 * which sections will meet in one process; where the range is taken, mapping
 * fails.
 */
#include <linux/compat.h>
#include <linux/maple_tree.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/xarray.h>

#include "base.h"
#include "limits.h"
#include "section.h"

/* Addresses are handed out in these units, as NT does. */
#define SECTION_BASE_SHIFT	16

/* For programs of 64 and 32 bits, in units. */
#define SECTION_BASE_MIN	(0x100000000000ULL >> SECTION_BASE_SHIFT)
#define SECTION_BASE_MAX	(0x400000000000ULL >> SECTION_BASE_SHIFT)
#define SECTION_BASE_MIN_32	(0x10000000ULL >> SECTION_BASE_SHIFT)
#define SECTION_BASE_MAX_32	(0x40000000ULL >> SECTION_BASE_SHIFT)

static int section_base_given(struct section *section, u64 wanted)
{
	u64 end;

	if (!PAGE_ALIGNED(wanted))
		return -EINVAL;
	if (check_add_overflow(wanted, section_length(section), &end) ||
	    end > TASK_SIZE_MAX)
		return -EOVERFLOW;
	section->base = wanted;
	return 0;
}

/*
 * Take the highest free range of units in [min, max).  The tree of a user's
 * ranges has where each begins.  Somebody else may take the range that was found
 * free: then the search goes on.
 */
static int section_base_take(struct section *section, unsigned long min,
			     unsigned long max, unsigned long units)
{
	struct maple_tree *bases = section_user_bases(section->user);
	unsigned long unit, index;
	void *taken;
	int err;

	while (max >= min && max - min >= units) {
		unit = max - units;
		index = unit;
		taken = mt_find(bases, &index, max - 1);
		if (taken) {
			max = xa_to_value(taken);
			continue;
		}
		err = mtree_insert_range(bases, unit, max - 1,
					 xa_mk_value(unit), GFP_KERNEL_ACCOUNT);
		if (!err)
			section->base = (u64)unit << SECTION_BASE_SHIFT;
		if (err != -EEXIST)
			return err;
	}
	return -ENOSPC;
}

/*
 * Downwards, from somewhere: a base that were the same on every machine would be
 * a gift to whoever attacks a program that maps it.
 */
static int section_base_choose(struct section *section, unsigned long min,
			       unsigned long max)
{
	unsigned long half = (max - min) / 2;
	unsigned long units, top;
	int err;

	units = DIV_ROUND_UP_ULL(section_length(section),
				 1ULL << SECTION_BASE_SHIFT);
	top = min + half + section_user_seed(section->user) % half;
	err = section_base_take(section, min, top, units);
	if (err == -ENOSPC)
		err = section_base_take(section, min, max, units);
	if (err)
		return -ENOMEM;
	section->base_chosen = true;
	return 0;
}

/**
 * section_base_set - give a section its base
 * @section: the section; has its size and its user
 * @wanted: the base, or 0 to choose one
 *
 * Return: 0; -EINVAL; -ENOMEM; -EOVERFLOW.
 */
int section_base_set(struct section *section, u64 wanted)
{
	if (wanted)
		return section_base_given(section, wanted);
	if (in_compat_syscall())
		return section_base_choose(section, SECTION_BASE_MIN_32,
					   SECTION_BASE_MAX_32);
	return section_base_choose(section, SECTION_BASE_MIN, SECTION_BASE_MAX);
}

/**
 * section_base_free - others may have a section's base
 * @section: the section
 *
 * Without memory for that, the base stays taken as long as the owner has any
 * section.
 */
void section_base_free(struct section *section)
{
	if (section->base_chosen)
		mtree_erase(section_user_bases(section->user),
			    section->base >> SECTION_BASE_SHIFT);
}
