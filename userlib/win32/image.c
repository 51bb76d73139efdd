// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Executable images: what is wrong with a file, what an image is, and views of it.
 */
#include "internal.h"
#include "../../module/pe.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Rows I1 to I11. */
static NTSTATUS status_of_parser(enum pe_status status)
{
	switch (status) {
	case PE_OK:
		return STATUS_SUCCESS;
	case PE_NOT_MZ:
		return STATUS_INVALID_IMAGE_NOT_MZ;
	case PE_PROTECT:
		return STATUS_INVALID_IMAGE_PROTECT;
	case PE_NE:
		return STATUS_INVALID_IMAGE_NE_FORMAT;
	case PE_WIN_16:
		return STATUS_INVALID_IMAGE_WIN_16;
	case PE_HEADERS:
		return STATUS_INVALID_FILE_FOR_SECTION;
	case PE_FORMAT:
	case PE_LAYOUT:
		break;
	}
	return STATUS_INVALID_IMAGE_FORMAT;
}

static enum pe_status parse(int file, uint64_t bytes)
{
	uint8_t header[PE_NT_BYTES];
	struct pe_image image;
	enum pe_status status;
	ssize_t got;
	uint32_t nt;

	got = pread(file, header, PE_DOS_BYTES, 0);
	status = pe_parse_dos(header, got < 0 ? 0 : (size_t)got, bytes, &nt);
	if (status)
		return status;
	got = pread(file, header, sizeof(header), nt);
	return pe_parse_nt(header, got < 0 ? 0 : (size_t)got, nt, &image);
}

/*
 * The kernel says only that it is none that can be mapped.  If its headers are all
 * right, its sections are not.
 */
NTSTATUS image_refusal(int file)
{
	NTSTATUS status;
	struct stat st;

	if (fstat(file, &st) || !st.st_size)
		return STATUS_INVALID_FILE_FOR_SECTION;
	status = status_of_parser(parse(file, (uint64_t)st.st_size));
	return status ? status : STATUS_INVALID_IMAGE_FORMAT;
}

/* Bits of ImageFlags. */
#define COM_PLUS_IL_ONLY	0x02
#define MAPPED_FLAT		0x08
#define BASE_BELOW_4GB		0x10
#define DYNAMICALLY_RELOCATED	0x04

/* I27 to I29 */
static UCHAR image_flags(const struct section_image_info *image)
{
	UCHAR flags = 0;

	if (image->cor_rva && image->cor_flags & 1)
		flags |= COM_PLUS_IL_ONLY;
	if (image->flags & SECTION_IMAGE_FLAT)
		flags |= MAPPED_FLAT;
	if (image->dll_characteristics & PE_DYNAMIC_BASE &&
	    !(image->flags & SECTION_IMAGE_FLAT) && !image->cor_rva &&
	    image->flags & (SECTION_IMAGE_MOVABLE | SECTION_IMAGE_CODE))
		flags |= DYNAMICALLY_RELOCATED;
	return flags;
}

/* Rows I20 to I29. */
NTSTATUS image_describe(int section, SECTION_IMAGE_INFORMATION *info)
{
	struct section_image_info image;

	if (section_query_image(section, &image))
		return errno == ENOEXEC ? STATUS_SECTION_NOT_IMAGE :
		       status_from_errno(errno, STATUS_INVALID_HANDLE);
	memset(info, 0, sizeof(*info));
	info->TransferAddress = (PVOID)(image.base + image.entry);
	info->MaximumStackSize = image.stack_reserve;
	info->CommittedStackSize = image.stack_commit;
	info->SubSystemType = image.subsystem;
	info->SubSystemMinorVersion = image.subsystem_minor;
	info->SubSystemMajorVersion = image.subsystem_major;
	info->MajorOperatingSystemVersion = image.os_major;
	info->MinorOperatingSystemVersion = image.os_minor;
	info->ImageCharacteristics = image.characteristics;
	info->DllCharacteristics = image.dll_characteristics;
	info->Machine = image.machine;
	info->ImageContainsCode = !!(image.flags & SECTION_IMAGE_CODE);
	info->ImageFlags = image_flags(&image);
	info->LoaderFlags = image.cor_rva != 0;
	info->ImageFileSize = (ULONG)image.file_bytes;
	info->CheckSum = image.checksum;
	return STATUS_SUCCESS;
}

/* Rows I40 to I46, by the bits of SECTION_PROT_*. */
static uint32_t segment_protect(const struct section_image_segment *segment)
{
	static const uint32_t protects[] = {
		PAGE_NOACCESS, PAGE_READONLY,
		PAGE_WRITECOPY, PAGE_WRITECOPY,
		PAGE_EXECUTE, PAGE_EXECUTE_READ,
		PAGE_EXECUTE_WRITECOPY, PAGE_EXECUTE_WRITECOPY,
	};

	if (segment->flags & SECTION_SEGMENT_SHARED)
		return segment->prot & SECTION_PROT_EXECUTE ?
		       PAGE_EXECUTE_READWRITE : PAGE_READWRITE;
	return protects[segment->prot & 7] | RUN_COPIES;
}

/* What the view does not show of the image, at both ends. */
static void trim(struct allocation *a, uintptr_t start, size_t length)
{
	uintptr_t end = start + round_up(length, PAGE);

	if (start < a->base)
		munmap((void *)start, a->base - start);
	if (end > allocation_end(a))
		munmap((void *)allocation_end(a), end - allocation_end(a));
}

/* False without memory. */
static bool note_segments(struct allocation *a,
			  const struct section_image_segment *segments,
			  uint32_t count, uintptr_t image)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		uintptr_t start = image + segments[i].rva;
		uintptr_t end = round_up(start + segments[i].length, PAGE);

		if (start < a->base)
			start = a->base;
		if (end > allocation_end(a))
			end = allocation_end(a);
		if (start >= end)
			continue;
		if (!run_reserve(a))
			return false;
		/* Neighbours stay apart, if they are alike too (I48b). */
		run_set(a, start, end, segment_protect(&segments[i]) |
			(i & 1 ? RUN_ODD : 0));
	}
	return true;
}

/* Where the whole image is, or 0 with errno. */
static uintptr_t map_whole(const struct image_request *r,
			   const struct section_image_info *image,
			   size_t *length)
{
	uint32_t flags = r->execute ? 0 : SECTION_MAP_IMAGE_NO_EXECUTE;
	uintptr_t where = r->base ? r->base - r->offset : 0;

	/* The image's own beginning is where nothing can be. */
	if (r->base && r->base <= r->offset) {
		errno = EEXIST;
		return 0;
	}
	/* It has to be below what ZeroBits say. */
	if (!r->base && r->limit != PLACE_ANYWHERE &&
	    (image->base >= r->limit || image->bytes > r->limit - image->base)) {
		where = place_find(image->bytes, r->limit);
		if (!where) {
			errno = ENOMEM;
			return 0;
		}
	}
	if (where && allocation_overlaps(where, where + image->bytes)) {
		errno = EEXIST;
		return 0;
	}
	return (uintptr_t)section_map_image(r->fd, (void *)where, flags,
					    length);
}

static struct allocation *note_image(const struct image_request *r,
				     uintptr_t image,
				     const struct section_image_segment *segments,
				     uint32_t count)
{
	struct allocation *a;

	a = allocation_new(image + r->offset, r->length, MEM_IMAGE,
			   PAGE_EXECUTE_WRITECOPY, 0);
	if (!a)
		return NULL;
	a->anchor = anchor_get(r->fd, r->facts);
	a->offset = r->offset;
	a->section = r->facts->id;
	a->file = true;
	a->no_inherit = r->no_inherit;
	if (note_segments(a, segments, count, image))
		return a;
	allocation_remove(a);
	return NULL;
}

/* Rows I70 to I78. */
static NTSTATUS mapped_status(const struct section_image_info *image,
			      uintptr_t where)
{
	if (where != image->base)
		return STATUS_IMAGE_NOT_AT_BASE;
	return image->machine != PE_MACHINE_AMD64 ?
	       STATUS_IMAGE_MACHINE_TYPE_MISMATCH : STATUS_SUCCESS;
}

NTSTATUS image_map(struct image_request *r)
{
	struct section_image_segment *segments;
	struct section_image_info image;
	NTSTATUS status = STATUS_NO_MEMORY;
	struct allocation *a;
	uintptr_t where;
	size_t length;

	segments = section_image_segments(r->fd, &image);
	if (!segments)
		return status_from_errno(errno, STATUS_UNSUCCESSFUL);
	where = map_whole(r, &image, &length);
	if (!where) {
		if (errno == EEXIST)
			status = STATUS_CONFLICTING_ADDRESSES;
		else if (errno != ENOMEM)
			status = status_from_errno(errno, STATUS_UNSUCCESSFUL);
		free(segments);
		return status;
	}
	a = note_image(r, where, segments, image.segments);
	free(segments);
	if (!a) {
		munmap((void *)where, length);
		return STATUS_NO_MEMORY;
	}
	trim(a, where, length);
	if (a->no_inherit)
		madvise((void *)a->base, a->size, MADV_DONTFORK);
	r->base = a->base;
	return mapped_status(&image, where);
}

/* T14: nothing of an image is shared that was not so from the beginning. */
uint32_t image_protect(uint32_t protect)
{
	uint32_t more = protect & ~PROTECT_BASE;

	switch (protect & PROTECT_BASE) {
	case PAGE_READWRITE:
		return more | PAGE_WRITECOPY;
	case PAGE_EXECUTE_READWRITE:
		return more | PAGE_EXECUTE_WRITECOPY;
	}
	return protect;
}
