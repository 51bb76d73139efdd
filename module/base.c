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
#include <linux/maple_tree.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/random.h>
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

/* For images, whatever program maps them. */
#define SECTION_BASE_MIN_IMAGE	(0x400000000000ULL >> SECTION_BASE_SHIFT)
#define SECTION_BASE_MAX_IMAGE	(0x500000000000ULL >> SECTION_BASE_SHIFT)
#define SECTION_BASE_MIN_LOW	(0x60000000ULL >> SECTION_BASE_SHIFT)
#define SECTION_BASE_MAX_LOW	(0x7c000000ULL >> SECTION_BASE_SHIFT)

/*
 * Where images are that have their base from us.  It is one tree for all users:
 * an image is at the same place in the processes of all of them.
 */
static struct maple_tree section_image_bases =
	MTREE_INIT(section_image_bases, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU);

static u32 section_image_seed;

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
 * Take the highest free range of units in [min, max), without looking at each that
 * is taken: others may have many.  Somebody else may take the range that was found
 * free: then the search begins anew.
 */
static int section_base_take(struct maple_tree *bases, unsigned long min,
			     unsigned long max, unsigned long units, u64 *base)
{
	MA_STATE(mas, bases, 0, 0);
	unsigned long unit;
	int err;

	if (max < min || max - min < units)
		return -ENOSPC;
	do {
		mas_set_range(&mas, min, max - 1);
		mas_lock(&mas);
		err = mas_empty_area_rev(&mas, min, max - 1, units);
		unit = mas.last - units + 1;
		mas_unlock(&mas);
		if (err)
			return -ENOSPC;
		err = mtree_insert_range(bases, unit, unit + units - 1,
					 xa_mk_value(1), GFP_KERNEL_ACCOUNT);
	} while (err == -EEXIST);
	if (!err)
		*base = (u64)unit << SECTION_BASE_SHIFT;
	return err;
}

static unsigned long section_base_units(u64 bytes)
{
	return DIV_ROUND_UP_ULL(bytes, 1ULL << SECTION_BASE_SHIFT);
}

/*
 * Downwards, from somewhere: a base that were the same on every machine would be
 * a gift to whoever attacks a program that maps it.
 */
static int section_base_choose(struct maple_tree *bases, u32 seed,
			       unsigned long min, unsigned long max,
			       unsigned long units, u64 *base)
{
	unsigned long half = (max - min) / 2;
	unsigned long top = min + half + seed % half;
	int err;

	err = section_base_take(bases, min, top, units, base);
	if (err == -ENOSPC)
		err = section_base_take(bases, min, max, units, base);
	return err;
}

static int section_base_choose_for(struct section *section, unsigned long min,
				   unsigned long max)
{
	if (section_base_choose(section_user_bases(section->user),
				section_user_seed(section->user), min, max,
				section_base_units(section_length(section)),
				&section->base))
		return -ENOMEM;
	section->base_chosen = true;
	return 0;
}

/**
 * section_base_set - give a section its base
 * @section: the section; has its size and its user
 * @wanted: the base, or 0 to choose one
 * @low: it is for programs of 32 bits
 *
 * Return: 0; -EINVAL; -ENOMEM; -EOVERFLOW.
 */
int section_base_set(struct section *section, u64 wanted, bool low)
{
	if (wanted)
		return section_base_given(section, wanted);
	if (low)
		return section_base_choose_for(section, SECTION_BASE_MIN_32,
					       SECTION_BASE_MAX_32);
	return section_base_choose_for(section, SECTION_BASE_MIN,
				       SECTION_BASE_MAX);
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

/**
 * section_base_image - choose a base for an image
 * @bytes: length of the image
 * @low: it cannot be beyond 4 GiB
 * @base: where to put the base; has the image's own, and keeps that if the image is
 *	too large for any other
 * @owned: where to put whether section_base_image_free() has to follow
 *
 * As long as there is room, no two images have the same addresses, so that they
 * can meet in any process.  Somebody may use all of it up with a few that are
 * large: then it is an address like any other, and only processes where it is taken
 * have a view that is elsewhere.
 *
 * They are next to each other, so that a process needs few page tables for all that
 * it has.
 *
 * Return: 0; -ENOMEM.
 */
int section_base_image(u64 bytes, bool low, u64 *base, bool *owned)
{
	unsigned long min = low ? SECTION_BASE_MIN_LOW : SECTION_BASE_MIN_IMAGE;
	unsigned long max = low ? SECTION_BASE_MAX_LOW : SECTION_BASE_MAX_IMAGE;
	unsigned long units = section_base_units(bytes);
	int err;

	*owned = false;
	if (units > max - min)
		return 0;
	err = section_base_choose(&section_image_bases, section_image_seed, min,
				  max, units, base);
	if (err != -ENOSPC) {
		*owned = !err;
		return err;
	}
	min += get_random_u32() % (max - min - units + 1);
	*base = (u64)min << SECTION_BASE_SHIFT;
	return 0;
}

/**
 * section_base_image_free - another image may have it
 * @base: what section_base_image() has chosen, and nobody else
 */
void section_base_image_free(u64 base)
{
	mtree_erase(&section_image_bases, base >> SECTION_BASE_SHIFT);
}

void __init section_base_init(void)
{
	section_image_seed = get_random_u32();
}

void section_base_exit(void)
{
	mtree_destroy(&section_image_bases);
}
