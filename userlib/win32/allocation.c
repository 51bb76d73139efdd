// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * The table of allocations: what this process has reserved and mapped through
 * the library, in the order of addresses.
 *
 * One lock guards it and is held while memory is mapped and unmapped, so that
 * the table and the address space say the same.  A child of fork(2) has a copy
 * of both, without the views that children do not get.
 */
#include "internal.h"

#include <stdlib.h>

static struct lock lock = LOCK_INITIALIZER;
static struct allocation **table;
static size_t count, room;

void memory_lock(void)
{
	lock_take(&lock);
}

void memory_unlock(void)
{
	lock_give(&lock);
}

/* The first allocation that ends behind @address. */
static size_t position(uintptr_t address)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (allocation_end(table[middle]) <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct allocation *allocation_find(uintptr_t address)
{
	size_t i = position(address);

	return i < count && table[i]->base <= address ? table[i] : NULL;
}

bool allocation_overlaps(uintptr_t start, uintptr_t end)
{
	size_t i = position(start);

	return i < count && table[i]->base < end;
}

static bool table_reserve(void)
{
	struct allocation **more;

	if (count < room)
		return true;
	more = realloc(table, (room * 2 + 16) * sizeof(*more));
	if (!more)
		return false;
	table = more;
	room = room * 2 + 16;
	return true;
}

/* There is room for it. */
static void insert(struct allocation *a)
{
	size_t i = position(a->base);

	memmove(&table[i + 1], &table[i], (count - i) * sizeof(*table));
	table[i] = a;
	count++;
}

void allocation_free(struct allocation *allocation)
{
	anchor_put(allocation->anchor);
	free(allocation->runs);
	free(allocation);
}

struct allocation *allocation_new(uintptr_t base, size_t size, uint32_t type,
				  uint32_t protect, uint32_t value)
{
	struct allocation *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	if (!count)
		kept_open();
	a->base = base;
	a->size = size;
	a->type = type;
	a->protect = protect;
	if (!run_reserve(a) || !table_reserve()) {
		allocation_free(a);
		return NULL;
	}
	insert(a);
	a->runs[0].start = base;
	a->runs[0].value = value;
	a->run_count = 1;
	return a;
}

void allocation_remove(struct allocation *allocation)
{
	size_t i = position(allocation->base);

	memmove(&table[i], &table[i + 1], (count - i - 1) * sizeof(*table));
	count--;
	allocation_free(allocation);
}

struct allocation *allocation_next(const struct allocation *after)
{
	size_t i = after ? position(after->base) + 1 : 0;

	return i < count ? table[i] : NULL;
}

/* Makes @a begin at @start, which is inside. */
static void cut_head(struct allocation *a, uintptr_t start)
{
	uintptr_t end;
	uint32_t value = run_at(a, start, &end);

	run_set(a, a->base, start, value);
	a->runs[0].start = start;
	a->size -= start - a->base;
	a->base = start;
}

static void cut_tail(struct allocation *a, uintptr_t end)
{
	uintptr_t run_end;
	uint32_t value = run_at(a, end - PAGE, &run_end);

	run_set(a, end, allocation_end(a), value);
	a->size = end - a->base;
}

static struct allocation *new_tail(const struct allocation *a)
{
	struct allocation *tail = calloc(1, sizeof(*tail));

	if (!tail)
		return NULL;
	tail->runs = malloc(a->run_room * sizeof(*a->runs));
	if (!tail->runs) {
		free(tail);
		return NULL;
	}
	return tail;
}

/* Makes @tail what is behind @end. */
static void copy_tail(struct allocation *tail, const struct allocation *a,
		      uintptr_t end)
{
	struct run *runs = tail->runs;

	memcpy(runs, a->runs, a->run_count * sizeof(*runs));
	*tail = *a;
	tail->runs = runs;
	cut_head(tail, end);
}

bool allocation_prepare_cut(struct allocation *allocation, uintptr_t start,
			    uintptr_t end, struct allocation **tail)
{
	*tail = NULL;
	if (!run_reserve(allocation) || !table_reserve())
		return false;
	if (start == allocation->base || end == allocation_end(allocation))
		return true;
	*tail = new_tail(allocation);
	return *tail;
}

void allocation_cut(struct allocation *allocation, uintptr_t start,
		    uintptr_t end, struct allocation *tail)
{
	if (start == allocation->base && end == allocation_end(allocation)) {
		allocation_remove(allocation);
	} else if (start == allocation->base) {
		cut_head(allocation, end);
	} else if (end == allocation_end(allocation)) {
		cut_tail(allocation, start);
	} else {
		copy_tail(tail, allocation, end);
		cut_tail(allocation, start);
		insert(tail);
	}
}

bool allocations_exist(void)
{
	return count;
}

void allocations_in_child(void)
{
	size_t i, kept = 0;

	for (i = 0; i < count; i++) {
		if (table[i]->no_inherit)
			allocation_free(table[i]);
		else
			table[kept++] = table[i];
	}
	count = kept;
}
