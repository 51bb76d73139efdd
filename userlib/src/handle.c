// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * What can be done with a handle besides mapping it.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int section_duplicate(int handle, uint32_t rights, uint32_t flags)
{
	struct section_duplicate arg = {
		.size = sizeof(arg),
		.flags = flags,
		.rights = rights,
	};

	return ioctl(handle, SECTION_IOC_DUPLICATE, &arg);
}

int section_anchor(int handle)
{
	return section_duplicate(handle, SECTION_RIGHTS_MAXIMUM,
				 SECTION_DUPLICATE_ANCHOR);
}

int section_query(int handle, struct section_info *info,
		  char *name, size_t name_size)
{
	char buffer[SECTION_NAME_MAX];
	struct section_query arg = {
		.size = sizeof(arg),
		.name = name ? section_pointer(buffer) : 0,
		.name_len = name ? sizeof(buffer) : 0,
	};

	if (ioctl(handle, SECTION_IOC_QUERY, &arg))
		return -1;
	if (name) {
		if (arg.name_len >= name_size) {
			errno = ERANGE;
			return -1;
		}
		memcpy(name, buffer, arg.name_len);
		name[arg.name_len] = '\0';
	}
	*info = (struct section_info) {
		.id = arg.id,
		.bytes = arg.bytes,
		.resident = arg.resident,
		.prot = arg.prot,
		.rights = arg.rights,
		.attributes = arg.attributes,
		.mode = arg.mode,
		.uid = arg.uid,
		.gid = arg.gid,
		.creator = (pid_t)arg.creator,
		.handles = arg.handles,
		.views = arg.views,
		.committed = arg.committed,
		.base = (void *)(uintptr_t)arg.base,
	};
	return 0;
}

int section_close(int handle)
{
	/* Linux has closed it even when it says that a signal arrived. */
	if (close(handle) && errno != EINTR)
		return -1;
	return 0;
}
