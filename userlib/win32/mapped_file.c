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

/* Where in the file the view ends; not with its last page. */
static uint64_t end_in_file(const struct allocation *a)
{
	uint64_t end = a->offset + a->size;
	struct section_view_info view;
	int device = kept_fd(KEPT_DEVICE);

	if (device >= 0 &&
	    !section_query_view_at(device, (void *)a->base, &view) &&
	    view.bytes < end)
		end = view.bytes;
	return end;
}

/* The end of a view of this file, as far as the file goes; 0 for other views. */
static NTSTATUS end_of_view(const struct allocation *a, const struct stat *file,
			    uint64_t *end)
{
	struct mapping m;
	NTSTATUS status;

	*end = 0;
	if (a->type != MEM_MAPPED || !a->file)
		return STATUS_SUCCESS;
	status = mapping_find(a->base, &m);
	if (!status && m.start <= a->base && m.inode == file->st_ino &&
	    m.device == file->st_dev)
		*end = end_in_file(a);
	return status;
}

NTSTATUS file_mapped_beyond(const struct stat *file, uint64_t end)
{
	struct allocation *a = NULL;
	NTSTATUS status = STATUS_SUCCESS;
	uint64_t mapped;

	memory_lock();
	while (!status && (a = allocation_next(a))) {
		status = end_of_view(a, file, &mapped);
		if (!status && end < mapped)
			status = STATUS_USER_MAPPED_FILE;
	}
	memory_unlock();
	return status;
}
