// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Views.
 */
#include "internal.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

static void *map(int handle, struct section_map *arg)
{
	arg->size = sizeof(*arg);
	if (ioctl(handle, SECTION_IOC_MAP, arg))
		return NULL;
	return (void *)(uintptr_t)arg->address;
}

void *section_map(int handle, int prot, uint32_t flags, uint64_t offset,
		  size_t length)
{
	struct section_map arg = {
		.flags = flags,
		.prot = (uint32_t)prot,
		.offset = offset,
		.length = length,
	};

	if (flags & SECTION_MAP_FIXED) {
		errno = EINVAL;
		return NULL;
	}
	return map(handle, &arg);
}

void *section_map_all(int handle, int prot, uint32_t flags, size_t *length)
{
	struct section_map arg = {
		.flags = flags,
		.prot = (uint32_t)prot,
	};
	void *view;

	if (flags & SECTION_MAP_FIXED) {
		errno = EINVAL;
		return NULL;
	}
	view = map(handle, &arg);
	if (view)
		*length = (size_t)arg.length;
	return view;
}

void *section_map_fixed(int handle, void *address, int prot, uint32_t flags,
			uint64_t offset, size_t length)
{
	struct section_map arg = {
		.flags = flags | SECTION_MAP_FIXED,
		.prot = (uint32_t)prot,
		.address = section_pointer(address),
		.offset = offset,
		.length = length,
	};

	/* A view at 0 could not be told from an error. */
	if (!address) {
		errno = EINVAL;
		return NULL;
	}
	return map(handle, &arg);
}

int section_unmap(void *address, size_t length)
{
	return munmap(address, length);
}

int section_flush(void *address, size_t length, bool async)
{
	uintptr_t first = (uintptr_t)address;
	uintptr_t page = first & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);

	if (length > UINTPTR_MAX - first) {
		errno = EINVAL;
		return -1;
	}
	return msync((void *)page, length + (first - page),
		     async ? MS_ASYNC : MS_SYNC);
}

int section_query_view_at(int device, const void *address,
			  struct section_view_info *info)
{
	struct section_query_view arg = {
		.size = sizeof(arg),
		.address = section_pointer(address),
	};

	if (section_device_ioctl(device, SECTION_IOC_QUERY_VIEW, &arg))
		return -1;
	*info = (struct section_view_info) {
		.address = (void *)(uintptr_t)arg.address,
		.length = (size_t)arg.length,
		.offset = arg.offset,
		.bytes = arg.bytes,
		.id = arg.id,
		.prot = arg.prot,
		.max_prot = arg.max_prot,
		.attributes = arg.attributes,
		.private_view = arg.flags & SECTION_MAP_PRIVATE,
		.committed = arg.committed,
		.inherited = !(arg.flags & SECTION_MAP_NO_INHERIT),
		.run = (size_t)arg.run,
	};
	return 0;
}

int section_query_view(const void *address, struct section_view_info *info)
{
	return section_query_view_at(SECTION_DEVICE_DEFAULT, address, info);
}
