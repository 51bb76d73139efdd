// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Listing names.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Fetches the kernel's records into a buffer of their own.  A namespace can
 * grow between two calls, so room for a few more is always added.
 */
static void *fetch(int device, int scope_fd, bool global, size_t *used,
		   size_t *count)
{
	const size_t spare = 16 * (sizeof(struct section_list_entry) + 64);
	size_t room = spare;
	void *records = NULL;

	for (;;) {
		struct section_list arg = {
			.size = sizeof(arg),
			.flags = global ? SECTION_LIST_GLOBAL : 0,
			.scope_fd = scope_fd,
			.buffer_len = room,
		};

		free(records);
		records = malloc(room);
		if (!records)
			return NULL;
		arg.buffer = section_pointer(records);
		if (section_device_ioctl(device, SECTION_IOC_LIST, &arg))
			break;
		if (arg.needed <= room) {
			*used = (size_t)arg.buffer_len;
			*count = (size_t)arg.count;
			return records;
		}
		if (arg.needed > SIZE_MAX - spare) {
			errno = ENOMEM;
			break;
		}
		room = (size_t)arg.needed + spare;
	}
	free(records);
	return NULL;
}

static void fill(struct section_info *info, const struct section_list_entry *r)
{
	*info = (struct section_info) {
		.id = r->id,
		.bytes = r->bytes,
		.prot = r->prot,
		.attributes = r->attributes,
		.mode = r->mode,
		.uid = r->uid,
		.gid = r->gid,
		.creator = (pid_t)r->creator,
		.handles = r->handles,
		.views = r->views,
	};
}

struct section_entry *section_list_at(int device, int scope_fd, bool global,
				      size_t *count)
{
	struct section_entry *list;
	size_t used, n, i;
	char *records, *p, *name;

	records = fetch(device, scope_fd, global, &used, &n);
	if (!records)
		return NULL;

	/*
	 * One block holds the array and after it the names.  A record is longer
	 * than its name and the terminator, so @used bytes are enough for them.
	 */
	list = malloc(n * sizeof(*list) + used + 1);
	if (!list) {
		free(records);
		return NULL;
	}
	name = (char *)(list + n);
	for (i = 0, p = records; i < n; i++) {
		const struct section_list_entry *r = (void *)p;

		fill(&list[i].info, r);
		list[i].name = name;
		memcpy(name, r->name, r->name_len);
		name[r->name_len] = '\0';
		name += r->name_len + 1;
		p += r->entry_len;
	}
	free(records);
	*count = n;
	return list;
}

struct section_entry *section_list(bool global, size_t *count)
{
	return section_list_at(SECTION_DEVICE_DEFAULT, -1, global, count);
}

void section_list_free(struct section_entry *list)
{
	free(list);
}
