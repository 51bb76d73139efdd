// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * How a DLL gets into memory without sections of images: by reading it.
 *
 * Linkers align what a DLL has to 512 bytes in the file, and a file can be mapped
 * by pages only.  So each process that does it this way has a copy of its own.
 */
#include "loader.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE		4096U
#define SECTOR		512U
/* Where the headers have to be. */
#define HEADERS		PAGE

static uint64_t round_up(uint64_t bytes, uint64_t unit)
{
	return (bytes + unit - 1) / unit * unit;
}

static uint32_t prot_of(uint32_t characteristics)
{
	return (characteristics & PE_SCN_READ ? SECTION_PROT_READ : 0) |
	       (characteristics & PE_SCN_WRITE ? SECTION_PROT_WRITE : 0) |
	       (characteristics & PE_SCN_EXECUTE ? SECTION_PROT_EXECUTE : 0);
}

/* One DLL that is not at the address of another may be anywhere. */
static char *reserve(const struct pe_nt *nt, size_t length)
{
	void *where = (void *)(uintptr_t)nt->image_base;
	char *start;

	if (nt->dll_characteristics & PE_DYNAMIC_BASE || nt->image_base % PAGE)
		where = NULL;
	start = mmap(where, length, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return start == MAP_FAILED ? NULL : start;
}

static int copy(struct loader_dll *dll, int file, uint64_t rva, uint64_t length,
		uint64_t offset)
{
	/* What the file does not have is zero. */
	return pread(file, dll->start + rva, length, (off_t)offset) < 0 ? -1 : 0;
}

static int copy_section(struct loader *loader, struct loader_dll *dll, int file,
			const struct pe_section *section)
{
	uint64_t bytes = section->virtual_size ? section->virtual_size :
						 section->raw_size;
	uint64_t length = round_up(bytes, PAGE);
	uint64_t raw = round_up(section->raw_size, SECTOR);
	const struct section_image_segment *last =
		&dll->segments[dll->segment_count - 1];

	if (section->characteristics & PE_SCN_SHARED)
		return loader_fail(loader, "%s: a copy cannot be shared",
				   dll->name);
	if (section->rva % PAGE || section->rva < last->rva + last->length ||
	    section->rva > dll->length || length > dll->length - section->rva ||
	    copy(dll, file, section->rva, raw < length ? raw : length,
		 section->raw_offset / SECTOR * SECTOR))
		return loader_fail(loader, "%s: its sections are broken",
				   dll->name);
	if (length)
		dll->segments[dll->segment_count++] =
			(struct section_image_segment) {
				.rva = section->rva,
				.length = (uint32_t)length,
				.prot = prot_of(section->characteristics),
				.flags = LOADER_OPENED,
			};
	return 0;
}

static int copy_all(struct loader *loader, struct loader_dll *dll, int file,
		    const struct pe_nt *nt, const struct pe_section *table)
{
	uint32_t i;

	if (copy(dll, file, 0, nt->header_size, 0))
		return loader_fail(loader, "%s: cannot be read", dll->name);
	dll->segments[0] = (struct section_image_segment) {
		.length = PAGE,
		.prot = SECTION_PROT_READ,
		.flags = LOADER_OPENED | SECTION_SEGMENT_HEADERS,
	};
	dll->segment_count = 1;
	for (i = 0; i < nt->sections; i++)
		if (copy_section(loader, dll, file, &table[i]))
			return -1;
	return 0;
}

int loader_copy(struct loader *loader, struct loader_dll *dll, int file)
{
	_Alignas(struct pe_section) char headers[HEADERS] = { 0 };
	struct pe_nt nt;
	size_t table;

	if (pread(file, headers, sizeof(headers), 0) < 0 ||
	    !loader_headers(headers, sizeof(headers), &nt, &table) ||
	    table % _Alignof(struct pe_section) ||
	    nt.sections > (sizeof(headers) - table) / sizeof(struct pe_section) ||
	    nt.section_alignment < PAGE || nt.header_size > HEADERS ||
	    nt.image_size < PAGE || nt.image_size > INT32_MAX)
		return loader_fail(loader, "%s: its headers are broken",
				   dll->name);
	dll->length = round_up(nt.image_size, PAGE);
	dll->segments = calloc(nt.sections + 1UL, sizeof(*dll->segments));
	dll->start = dll->segments ? reserve(&nt, dll->length) : NULL;
	if (!dll->start)
		return loader_fail(loader, "%s: out of memory", dll->name);
	return copy_all(loader, dll, file, &nt, (void *)(headers + table));
}
