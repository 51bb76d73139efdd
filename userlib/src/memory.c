// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * The memory of sections: committing it, having it, asking whose it is.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif

/* An entry of /proc/PID/pagemap. */
#define PAGEMAP_PRESENT	(1ULL << 63)
#define PAGEMAP_SWAPPED	(1ULL << 62)
#define PAGEMAP_FILE	(1ULL << 61)

/* Entries that are read at once. */
#define PAGEMAP_BATCH	256

static int commit(int handle, uint64_t offset, uint64_t length, uint32_t flags)
{
	struct section_commit arg = {
		.size = sizeof(arg),
		.flags = flags,
		.offset = offset,
		.length = length,
	};

	return ioctl(handle, SECTION_IOC_COMMIT, &arg);
}

int section_commit(int handle, uint64_t offset, uint64_t length)
{
	return commit(handle, offset, length, 0);
}

int section_decommit(int handle, uint64_t offset, uint64_t length)
{
	return commit(handle, offset, length, SECTION_COMMIT_DECOMMIT);
}

int section_commit_view_at(int device, void *address, size_t length,
			   uint32_t flags)
{
	struct section_commit_view arg = {
		.size = sizeof(arg),
		.flags = flags,
		.address = section_pointer(address),
		.length = length,
	};

	return section_device_ioctl(device, SECTION_IOC_COMMIT_VIEW, &arg);
}

int section_commit_view(void *address, size_t length)
{
	return section_commit_view_at(SECTION_DEVICE_DEFAULT, address, length,
				      0);
}

int section_decommit_view(void *address, size_t length)
{
	return section_commit_view_at(SECTION_DEVICE_DEFAULT, address, length,
				      SECTION_COMMIT_DECOMMIT);
}

int section_extend(int handle, uint64_t bytes, uint64_t *now)
{
	struct section_extend arg = {
		.size = sizeof(arg),
		.bytes = bytes,
	};

	if (ioctl(handle, SECTION_IOC_EXTEND, &arg))
		return -1;
	if (now)
		*now = arg.bytes;
	return 0;
}

int section_populate(void *address, size_t length, bool write)
{
	uintptr_t first = (uintptr_t)address;
	uintptr_t page = first & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);

	if (length > UINTPTR_MAX - first) {
		errno = ENOMEM;
		return -1;
	}
	return madvise((void *)page, length + (first - page),
		       write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
}

/* Pages of files are shared; a private view's others are its copies. */
static uint8_t page_state(uint64_t entry)
{
	if (!(entry & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED)))
		return SECTION_PAGE_ABSENT;
	return entry & PAGEMAP_FILE ? SECTION_PAGE_SHARED :
				      SECTION_PAGE_PRIVATE;
}

static int read_states(int pagemap, uint64_t first, size_t pages,
		       uint8_t *states)
{
	uint64_t entries[PAGEMAP_BATCH];
	size_t i, count;
	ssize_t got;

	while (pages) {
		count = pages < PAGEMAP_BATCH ? pages : PAGEMAP_BATCH;
		got = pread(pagemap, entries, count * sizeof(*entries),
			    (off_t)(first * sizeof(*entries)));
		if (got <= 0) {
			if (!got)
				errno = ENOMEM;
			return -1;
		}
		count = (size_t)got / sizeof(*entries);
		for (i = 0; i < count; i++)
			*states++ = page_state(entries[i]);
		first += count;
		pages -= count;
	}
	return 0;
}

int section_query_pages(const void *address, size_t pages, uint8_t *states)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	int pagemap, ret, error;

	if ((uintptr_t)address % page) {
		errno = EINVAL;
		return -1;
	}
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (pagemap < 0)
		return -1;
	ret = read_states(pagemap, (uintptr_t)address / page, pages, states);
	error = errno;
	close(pagemap);
	errno = error;
	return ret;
}
