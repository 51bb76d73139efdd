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
#define COM_PLUS_NATIVE_READY	0x01
#define COM_PLUS_IL_ONLY	0x02
#define DYNAMICALLY_RELOCATED	0x04
#define MAPPED_FLAT		0x08
#define COM_PLUS_PREFER_32BIT	0x20

/* Flags of the header of managed code. */
#define COR_IL_ONLY		0x00001U
#define COR_32BIT_REQUIRED	0x00002U
#define COR_32BIT_PREFERRED	0x20000U

/* I29: the last two are about code that could run with 32 bits. */
static UCHAR managed_flags(const struct section_image_info *image)
{
	UCHAR flags = COM_PLUS_IL_ONLY;

	if (!image->cor_rva || !(image->cor_flags & COR_IL_ONLY))
		return 0;
	if (image->flags & SECTION_IMAGE_PLUS)
		return flags;
	if (!(image->cor_flags & COR_32BIT_REQUIRED))
		flags |= COM_PLUS_NATIVE_READY;
	if (image->cor_flags & COR_32BIT_PREFERRED)
		flags |= COM_PLUS_PREFER_32BIT;
	return flags;
}

/* I27 to I29 */
static UCHAR image_flags(const struct section_image_info *image)
{
	UCHAR flags = managed_flags(image);

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
	info->TransferAddress = (PVOID)(uintptr_t)(image.base + image.entry);
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

/* Rows I40 to I46, by the bits of SECTION_PROT_*; I56: nothing to be executed. */
static uint32_t segment_protect(const struct section_image_segment *segment,
				bool execute)
{
	static const uint32_t protects[] = {
		PAGE_NOACCESS, PAGE_READONLY,
		PAGE_WRITECOPY, PAGE_WRITECOPY,
		PAGE_EXECUTE, PAGE_EXECUTE_READ,
		PAGE_EXECUTE_WRITECOPY, PAGE_EXECUTE_WRITECOPY,
	};

	uint32_t prot = segment->prot & 7;

	if (!execute)
		prot &= ~SECTION_PROT_EXECUTE;
	if (segment->flags & SECTION_SEGMENT_SHARED)
		return prot & SECTION_PROT_EXECUTE ? PAGE_EXECUTE_READWRITE :
						     PAGE_READWRITE;
	return protects[prot] | RUN_COPIES;
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
			  uint32_t count, uintptr_t image, bool execute)
{
	uint32_t i, odd = 0;

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
		run_set(a, start, end,
			segment_protect(&segments[i], execute) | odd);
		odd ^= RUN_ODD;
	}
	return true;
}

/* Where the whole image is, or 0 with errno; @where is 0 for wherever it can be. */
static uintptr_t map_at(const struct image_request *r, uintptr_t where,
			size_t *length)
{
	uint32_t flags = r->execute ? 0 : SECTION_MAP_IMAGE_NO_EXECUTE;

	if (where && allocation_overlaps(where, where + r->facts->bytes)) {
		errno = EEXIST;
		return 0;
	}
	return (uintptr_t)section_map_image(r->fd, (void *)where, flags,
					    length);
}

/* V15: it has to be below what ZeroBits say, if not at its own base. */
static uintptr_t map_low(const struct image_request *r, uint64_t base,
			 size_t *length)
{
	size_t bytes = r->facts->bytes;
	uintptr_t found = 0;
	int attempts;

	if (base && base < r->limit && bytes <= r->limit - base)
		found = map_at(r, (uintptr_t)base, length);
	for (attempts = 0; !found && attempts < PLACE_ATTEMPTS; attempts++) {
		uintptr_t at = place_find(bytes, r->limit);

		if (!at) {
			errno = ENOMEM;
			return 0;
		}
		found = map_at(r, at, length);
		if (!found && errno != EEXIST)
			return 0;
	}
	return found;
}

static uintptr_t map_whole(const struct image_request *r,
			   const struct section_image_info *image,
			   size_t *length)
{
	if (!r->base)
		return r->limit == PLACE_ANYWHERE ?
		       map_at(r, 0, length) : map_low(r, image->base, length);
	/* The image's own beginning is where nothing can be. */
	if (r->base <= r->offset) {
		errno = EEXIST;
		return 0;
	}
	return map_at(r, r->base - r->offset, length);
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
	if (note_segments(a, segments, count, image, r->execute))
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
	struct allocation *a;
	uintptr_t where;
	NTSTATUS status;
	size_t length;

	segments = section_image_segments(r->fd, &image);
	if (!segments)
		return status_from_errno(errno, STATUS_UNSUCCESSFUL);
	where = map_whole(r, &image, &length);
	if (!where) {
		status = map_status(errno, r->base);
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

/* T14, of pages that are the process's own once they are written to. */
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
