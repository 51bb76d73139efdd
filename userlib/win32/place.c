// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Room for allocations: Windows gives them out at multiples of 64 KiB (V4).
 *
 * A hole that was found can be gone when it is used, because the C library maps
 * memory too.  Whoever uses it asks the kernel not to replace anything, and
 * looks for another hole if that fails.
 */
#include "internal.h"

#include <sys/mman.h>

uintptr_t place_limit(ULONG_PTR zero_bits)
{
	if (!zero_bits)
		return PLACE_ANYWHERE;
	/* A mask of the bits that may be set. */
	if (zero_bits > 31) {
		ULONG_PTR mask = zero_bits;
		unsigned int shift;

		for (shift = 1; shift < 64; shift *= 2)
			mask |= mask >> shift;
		return mask >= PLACE_ANYWHERE ? PLACE_ANYWHERE : mask + 1;
	}
	return zero_bits > 21 ? 0 : (uintptr_t)1 << (32 - zero_bits);
}

/* Low addresses: the first hole of the list of mappings. */
static uintptr_t find_low(size_t size, uintptr_t limit)
{
	uintptr_t at = LOWEST_ADDRESS;
	struct mapping m;

	while (at < limit && size <= limit - at) {
		if (mapping_find(at, &m))
			return 0;
		if (m.start > at && m.start - at >= size)
			return at;
		at = round_up(m.end, GRANULE);
	}
	return 0;
}

/* Anywhere: the kernel chooses, with so much room that a boundary is in it. */
uintptr_t place_find(size_t size, uintptr_t limit)
{
	size_t room = size + GRANULE - PAGE;
	uintptr_t at;
	void *hole;

	if (limit < PLACE_ANYWHERE)
		return find_low(size, limit);
	if (size > HIGHEST_ADDRESS)
		return 0;
	hole = mmap(NULL, room, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (hole == MAP_FAILED)
		return 0;
	at = round_up((uintptr_t)hole, GRANULE);
	munmap(hole, room);
	return at + size <= HIGHEST_ADDRESS ? at : 0;
}
