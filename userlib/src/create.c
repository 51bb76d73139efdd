// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Creating sections.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>

/* The others have members of their own. */
#define MEMORY_FLAGS	(SECTION_CREATE_RESERVE | SECTION_CREATE_BASED | \
			 SECTION_CREATE_LARGE | SECTION_CREATE_LARGE_ONLY | \
			 SECTION_CREATE_POPULATE | SECTION_CREATE_IMAGE)

void section_attributes_init(struct section_attributes *attributes)
{
	static const struct section_attributes defaults = SECTION_ATTRIBUTES_INIT;

	*attributes = defaults;
}

int section_create_at(int device, const char *name,
		      const struct section_attributes *attributes,
		      bool *existed)
{
	const struct section_attributes *a = attributes;
	size_t name_len = name ? strlen(name) : 0;
	struct section_create arg = {
		.size = sizeof(arg),
		.name = section_pointer(name),
		.name_len = (uint32_t)name_len,
		.scope_fd = a->scope_fd,
		.bytes = a->bytes,
		.prot = a->prot,
		.rights = a->rights,
		.file_fd = a->file_fd,
		.mode = a->mode,
		.gid = a->gid,
		.owner = a->owner,
		.flags = a->flags,
		.base = section_pointer(a->base),
	};
	int fd;

	if (name_len > SECTION_NAME_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (a->flags & ~MEMORY_FLAGS) {
		errno = EINVAL;
		return -1;
	}
	if (existed)
		arg.flags |= SECTION_CREATE_OPEN_EXISTING;
	if (a->global)
		arg.flags |= SECTION_CREATE_GLOBAL;
	if (a->inherit)
		arg.flags |= SECTION_CREATE_INHERIT;

	fd = section_device_ioctl(device, SECTION_IOC_CREATE, &arg);
	if (fd >= 0 && existed)
		*existed = arg.existed;
	return fd;
}

int section_create(const char *name, uint64_t bytes)
{
	struct section_attributes a = SECTION_ATTRIBUTES_INIT;

	a.bytes = bytes;
	return section_create_at(SECTION_DEVICE_DEFAULT, name, &a, NULL);
}

int section_reserve(const char *name, uint64_t bytes)
{
	struct section_attributes a = SECTION_ATTRIBUTES_INIT;

	a.bytes = bytes;
	a.flags = SECTION_CREATE_RESERVE;
	return section_create_at(SECTION_DEVICE_DEFAULT, name, &a, NULL);
}

int section_create_or_open(const char *name, uint64_t bytes, bool *existed)
{
	struct section_attributes a = SECTION_ATTRIBUTES_INIT;
	bool ignored;

	a.bytes = bytes;
	return section_create_at(SECTION_DEVICE_DEFAULT, name, &a,
				 existed ? existed : &ignored);
}

static int create_of_file(const char *name, int file_fd, uint64_t bytes,
			  uint32_t prot, uint32_t flags)
{
	struct section_attributes a = SECTION_ATTRIBUTES_INIT;

	/* To the kernel, -1 means anonymous memory; here it is a failed open. */
	if (file_fd < 0) {
		errno = EBADF;
		return -1;
	}
	a.file_fd = file_fd;
	a.bytes = bytes;
	a.prot = prot;
	a.flags = flags;
	return section_create_at(SECTION_DEVICE_DEFAULT, name, &a, NULL);
}

int section_create_file(const char *name, int file_fd, uint64_t bytes,
			uint32_t prot)
{
	return create_of_file(name, file_fd, bytes, prot, 0);
}

int section_create_image(const char *name, int file_fd, uint32_t prot)
{
	return create_of_file(name, file_fd, 0, prot, SECTION_CREATE_IMAGE);
}
