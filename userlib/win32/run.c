// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * What was asked for the pages of an allocation, as runs of pages that are
 * alike.  Neighbours always differ, so that the number of runs is what a program
 * makes it, not how many calls it makes.
 */
#include "internal.h"

#include <stdlib.h>

/* The run that holds @address. */
static size_t find(const struct allocation *a, uintptr_t address)
{
	size_t low = 0, high = a->run_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (a->runs[middle].start <= address)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static uintptr_t end_of(const struct allocation *a, size_t i)
{
	return i + 1 < a->run_count ? a->runs[i + 1].start : allocation_end(a);
}

uint32_t run_at(const struct allocation *a, uintptr_t address, uintptr_t *end)
{
	size_t i = find(a, address);

	*end = end_of(a, i);
	return a->runs[i].value;
}

bool run_reserve(struct allocation *a)
{
	size_t room = a->run_room * 2 + 4;
	struct run *more;

	/* A change in the middle of a run makes two more. */
	if (a->run_count + 2 <= a->run_room)
		return true;
	more = realloc(a->runs, room * sizeof(*more));
	if (!more)
		return false;
	a->runs = more;
	a->run_room = room;
	return true;
}

/* Makes a run begin at @address, and returns which. */
static size_t split(struct allocation *a, uintptr_t address)
{
	size_t i = find(a, address);

	if (a->runs[i].start == address)
		return i;
	memmove(&a->runs[i + 2], &a->runs[i + 1],
		(a->run_count - i - 1) * sizeof(*a->runs));
	a->run_count++;
	a->runs[i + 1].start = address;
	a->runs[i + 1].value = a->runs[i].value;
	return i + 1;
}

static void drop(struct allocation *a, size_t first, size_t last)
{
	memmove(&a->runs[first], &a->runs[last],
		(a->run_count - last) * sizeof(*a->runs));
	a->run_count -= last - first;
}

void run_set(struct allocation *a, uintptr_t start, uintptr_t end,
	     uint32_t value)
{
	size_t first = split(a, start);
	size_t last = end < allocation_end(a) ? split(a, end) : a->run_count;

	a->runs[first].value = value;
	drop(a, first + 1, last);
	if (first + 1 < a->run_count && a->runs[first + 1].value == value)
		drop(a, first + 1, first + 2);
	if (first && a->runs[first - 1].value == value)
		drop(a, first, first + 1);
}
