// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Executable images.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* NT puts things at multiples of this, and code made for it relies on that. */
#define GRANULE		0x10000UL
/* Images have no others (pe.h). */
#define PAGE		0x1000UL

static int query(int handle, struct section_query_image *arg,
		 struct section_image_segment *segments, uint32_t room)
{
	*arg = (struct section_query_image) {
		.size = sizeof(*arg),
		.segments = section_pointer(segments),
		.segment_count = room,
	};
	return ioctl(handle, SECTION_IOC_QUERY_IMAGE, arg);
}

static void describe(const struct section_query_image *arg,
		     struct section_image_info *info)
{
	*info = (struct section_image_info) {
		.base = arg->base,
		.preferred = arg->preferred,
		.bytes = (size_t)arg->bytes,
		.file_bytes = arg->file_bytes,
		.stack_reserve = arg->stack_reserve,
		.stack_commit = arg->stack_commit,
		.flags = arg->flags,
		.segments = arg->segment_count,
		.entry = arg->entry,
		.checksum = arg->checksum,
		.loader_flags = arg->loader_flags,
		.cor_rva = arg->cor_rva,
		.cor_flags = arg->cor_flags,
		.machine = arg->machine,
		.subsystem = arg->subsystem,
		.subsystem_major = arg->subsystem_major,
		.subsystem_minor = arg->subsystem_minor,
		.os_major = arg->os_major,
		.os_minor = arg->os_minor,
		.characteristics = arg->characteristics,
		.dll_characteristics = arg->dll_characteristics,
	};
}

int section_query_image(int handle, struct section_image_info *info)
{
	struct section_query_image arg;

	if (query(handle, &arg, NULL, 0))
		return -1;
	describe(&arg, info);
	return 0;
}

struct section_image_segment *
section_image_segments(int handle, struct section_image_info *info)
{
	struct section_image_segment *segments;
	struct section_query_image arg;

	if (query(handle, &arg, NULL, 0))
		return NULL;
	/* The number of them is constant. */
	segments = calloc(arg.segment_count, sizeof(*segments));
	if (!segments)
		return NULL;
	if (query(handle, &arg, segments, arg.segment_count)) {
		int error = errno;

		free(segments);
		errno = error;
		return NULL;
	}
	describe(&arg, info);
	return segments;
}

static char *reserve(void *where, size_t length, int flags)
{
	return mmap(where, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		    MAP_NORESERVE | flags, -1, 0);
}

/* Anywhere, at a multiple of GRANULE. */
static char *reserve_anywhere(size_t length)
{
	char *found, *start;
	size_t before;

	if (length > SIZE_MAX - GRANULE - PAGE) {
		errno = ENOMEM;
		return NULL;
	}
	/* A section may be a part of an image, and that no whole pages. */
	length = (length + PAGE - 1) & ~(PAGE - 1);
	found = reserve(NULL, length + GRANULE, 0);
	if (found == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)found & (GRANULE - 1);
	start = found + before;
	if (before)
		munmap(found, before);
	munmap(start + length, GRANULE - before);
	return start;
}

/*
 * At @where, or somewhere else if that is taken.  Kernels that do not know
 * MAP_FIXED_NOREPLACE take the address for a hint.
 */
static char *reserve_at(uintptr_t where, size_t length, bool insist)
{
	char *start = MAP_FAILED;

	if (where)
		start = reserve((void *)where, length, MAP_FIXED_NOREPLACE);
	if (start != MAP_FAILED && (uintptr_t)start == where)
		return start;
	if (start != MAP_FAILED) {
		munmap(start, length);
		errno = EEXIST;
	}
	return insist ? NULL : reserve_anywhere(length);
}

/* A part of it, if the section is only a part of the image. */
static int map_segment(int handle, char *start, size_t length,
		       const struct section_image_segment *segment, int mask)
{
	int how = segment->flags & SECTION_SEGMENT_SHARED ? MAP_SHARED :
							    MAP_PRIVATE;
	size_t bytes = segment->length;

	if (segment->rva >= length || !bytes)
		return 0;
	if (bytes > length - segment->rva)
		bytes = length - segment->rva;
	return mmap(start + segment->rva, bytes, (int)segment->prot & mask,
		    how | MAP_FIXED, handle, segment->rva) == MAP_FAILED;
}

/* Where the image is to be, how much of it there is, and whether it can be elsewhere. */
struct place {
	uintptr_t start;	/* 0 for anywhere */
	size_t length;
	bool insist;
};

static int find_place(int handle, void *address,
		      const struct section_image_info *info, struct place *place)
{
	struct section_query section = { .size = sizeof(section) };
	uint64_t base;

	if (ioctl(handle, SECTION_IOC_QUERY, &section))
		return -1;
	base = section.base ? section.base : info->base;
	if (address)
		base = (uintptr_t)address;
	place->length = section.bytes < info->bytes ? (size_t)section.bytes :
						      info->bytes;
	place->insist = address || section.base;
	/* Programs of 32 bits do not have all addresses. */
	place->start = base > UINTPTR_MAX ? 0 : (uintptr_t)base;
	if (place->start || !place->insist)
		return 0;
	errno = ENOMEM;
	return -1;
}

static void *map_image(int handle, void *address, uint32_t flags,
		       const struct section_image_info *info,
		       const struct section_image_segment *segments,
		       size_t *length)
{
	int mask = flags & SECTION_MAP_IMAGE_NO_EXECUTE ? ~PROT_EXEC : ~0;
	struct place place;
	uint32_t i;
	char *start;

	if (find_place(handle, address, info, &place))
		return NULL;
	start = reserve_at(place.start, place.length, place.insist);
	if (!start)
		return NULL;
	for (i = 0; i < info->segments; i++) {
		if (map_segment(handle, start, place.length, &segments[i],
				mask)) {
			int error = errno;

			munmap(start, place.length);
			errno = error;
			return NULL;
		}
	}
	*length = place.length;
	return start;
}

void *section_map_image(int handle, void *address, uint32_t flags,
			size_t *length)
{
	struct section_image_segment *segments;
	struct section_image_info info;
	void *image;
	int error;

	if (flags & ~SECTION_MAP_IMAGE_NO_EXECUTE) {
		errno = EINVAL;
		return NULL;
	}
	segments = section_image_segments(handle, &info);
	if (!segments)
		return NULL;
	image = map_image(handle, address, flags, &info, segments, length);
	error = errno;
	free(segments);
	errno = error;
	return image;
}
