// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Which pages of a copy-on-write view were written to, and so are copies (W4).
 */
#include "internal.h"

#define PAGES	256

uintptr_t pages_copied_alike(uintptr_t start, uintptr_t end, bool *copied)
{
	uint8_t states[PAGES];
	uintptr_t page = start;
	size_t i, count;

	*copied = false;
	while (page < end) {
		count = (end - page) / PAGE;
		if (count > PAGES)
			count = PAGES;
		/* Without /proc nobody can tell: they are what they were. */
		if (section_query_pages((void *)page, count, states))
			return end;
		if (page == start)
			*copied = states[0] == SECTION_PAGE_PRIVATE;
		for (i = 0; i < count; i++, page += PAGE)
			if ((states[i] == SECTION_PAGE_PRIVATE) != *copied)
				return page;
	}
	return end;
}
