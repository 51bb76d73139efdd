// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Opening sections by name.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>

int section_open_bytes(int device, const char *name,
		       const struct section_attributes *attributes,
		       uint64_t *bytes)
{
	static const struct section_attributes defaults = SECTION_ATTRIBUTES_INIT;
	const struct section_attributes *a = attributes ? attributes : &defaults;
	size_t name_len = name ? strlen(name) : 0;
	struct section_open arg = {
		.size = sizeof(arg),
		.name = section_pointer(name),
		.name_len = (uint32_t)name_len,
		.scope_fd = a->scope_fd,
		.rights = a->rights,
		.owner = a->owner,
	};
	int fd;

	if (name_len > SECTION_NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (a->global)
		arg.flags |= SECTION_OPEN_GLOBAL;
	if (a->inherit)
		arg.flags |= SECTION_OPEN_INHERIT;
	fd = section_device_ioctl(device, SECTION_IOC_OPEN, &arg);
	if (fd >= 0)
		*bytes = arg.bytes;
	return fd;
}

int section_open_at(int device, const char *name,
		    const struct section_attributes *attributes)
{
	uint64_t bytes;

	return section_open_bytes(device, name, attributes, &bytes);
}

int section_open(const char *name, uint32_t rights)
{
	struct section_attributes a = SECTION_ATTRIBUTES_INIT;

	a.rights = rights;
	return section_open_at(SECTION_DEVICE_DEFAULT, name, &a);
}
