// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Which pages of a copy-on-write view were written to, and so are copies (W4).
 */
#include "internal.h"

#include <errno.h>
#include <unistd.h>

#define PAGES	256

/* An entry of /proc/PID/pagemap. */
#define PAGEMAP_HERE	((uint64_t)3 << 62)	/* present, or swapped */
#define PAGEMAP_FILE	((uint64_t)1 << 61)

/* Pages of files are shared; the others of a private view are its copies. */
static bool is_copy(uint64_t entry)
{
	return entry & PAGEMAP_HERE && !(entry & PAGEMAP_FILE);
}

/* How many of these pages could be asked about. */
static size_t ask(uintptr_t page, uint64_t *entries, size_t count)
{
	int fd = kept_fd(KEPT_PAGEMAP);
	ssize_t got;

	if (fd < 0)
		return 0;
	do
		got = pread(fd, entries, count * sizeof(*entries),
			    (off_t)(page / PAGE * sizeof(*entries)));
	while (got < 0 && errno == EINTR);
	return got < 0 ? 0 : (size_t)got / sizeof(*entries);
}

uintptr_t pages_copied_alike(uintptr_t start, uintptr_t end, bool *copied)
{
	uint64_t entries[PAGES];
	uintptr_t page = start;
	size_t i, count;

	while (page < end) {
		count = (end - page) / PAGE;
		count = ask(page, entries, count < PAGES ? count : PAGES);
		if (!count)
			return 0;
		if (page == start)
			*copied = is_copy(entries[0]);
		for (i = 0; i < count; i++, page += PAGE)
			if (is_copy(entries[i]) != *copied)
				return page;
	}
	return end;
}
