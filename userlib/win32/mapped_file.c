// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Which files this process has views of.
 *
 * Linux lets anybody cut off a file that is mapped, and whoever touches the
 * pages then gets SIGBUS.  Within one process the library refuses as Windows
 * does (F4, F10).
 */
#include "internal.h"

#include <sys/stat.h>

static bool is_of_file(const struct allocation *a, const struct stat *file)
{
	struct mapping m;

	return a->type == MEM_MAPPED && a->file && mapping_find(a->base, &m) &&
	       m.start <= a->base && m.inode == file->st_ino &&
	       m.device == file->st_dev;
}

/* Where in the file the view ends; not with its last page. */
static uint64_t end_in_file(const struct allocation *a)
{
	uint64_t end = a->offset + a->size;
	struct section_view_info view;

	if (!section_query_view((void *)a->base, &view) && view.bytes < end)
		end = view.bytes;
	return end;
}

bool file_mapped_beyond(const struct stat *file, uint64_t end)
{
	struct allocation *a = NULL;
	bool mapped = false;

	memory_lock();
	while (!mapped && (a = allocation_next(a)))
		mapped = is_of_file(a, file) && end < end_in_file(a);
	memory_unlock();
	return mapped;
}
