// SPDX-License-Identifier: GPL-2.0-only
/*
 * PE files made from a description.
 */
#include <stdlib.h>
#include <string.h>

#include "pe_format.h"
#include "pe_make.h"

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* splitmix64 */
uint64_t pe_make_next(uint64_t *state)
{
	uint64_t value = *state += 0x9e3779b97f4a7c15ULL;

	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
	return value ^ (value >> 31);
}

static uint32_t choose(uint64_t *state, uint32_t count)
{
	return pe_make_next(state) % count;
}

static uint32_t between(uint64_t *state, uint32_t first, uint32_t last)
{
	return first + choose(state, last - first + 1);
}

static bool one_in(uint64_t *state, uint32_t count)
{
	return choose(state, count) == 0;
}

static uint32_t align(uint32_t value, uint32_t to)
{
	return (value + to - 1) / to * to;
}

static void put(uint8_t *at, uint64_t value, int count)
{
	int i;

	for (i = 0; i < count; i++)
		at[i] = value >> (8 * i);
}

static uint64_t take(const uint8_t *at, int count)
{
	uint64_t value = 0;
	int i;

	for (i = 0; i < count; i++)
		value |= (uint64_t)at[i] << (8 * i);
	return value;
}

uint8_t pe_make_pattern(const struct pe_make *make, uint64_t offset)
{
	uint64_t state = make->seed * 0x100000001b3ULL + offset / 8;

	/* Not zero, so that zero is never mistaken for data. */
	return pe_make_next(&state) >> (offset % 8 * 8) | 0x10;
}

/* Layout */

static uint32_t directories(const struct pe_make *make)
{
	return (make->plus ? PE64_OPT_DIRS : PE32_OPT_DIRS) +
	       8 * make->directories;
}

static uint32_t headers_end(const struct pe_make *make)
{
	return make->e_lfanew + PE_OPTIONAL + directories(make) +
	       make->section_count * PE_SEC_HEADER;
}

static uint32_t memory_end(const struct pe_make_section *section)
{
	return section->virtual_address + (section->virtual_size ?
		section->virtual_size : section->raw_size);
}

static void layout_headers(struct pe_make *make)
{
	if (!make->machine)
		make->machine = make->plus ? PE_MACHINE_AMD64 :
					     PE_MACHINE_I386;
	if (!make->magic)
		make->magic = make->plus ? PE_MAGIC_64 : PE_MAGIC_32;
	if (!make->section_alignment)
		make->section_alignment = PE_PAGE;
	if (!make->file_alignment)
		make->file_alignment = PE_SECTOR;
	if (!make->e_lfanew)
		make->e_lfanew = 0x80;
	if (!make->directories)
		make->directories = 16;
	if (!make->size_of_headers)
		make->size_of_headers = align(headers_end(make),
					      make->file_alignment);
}

static void layout_raw(struct pe_make *make)
{
	uint32_t at = make->size_of_headers;
	struct pe_make_section *section;
	uint32_t i;

	for (i = 0; i < make->section_count; i++) {
		section = &make->sections[i];
		if (section->same_raw_as) {
			section->raw_offset =
				make->sections[section->same_raw_as - 1]
					.raw_offset;
			section->raw_size =
				make->sections[section->same_raw_as - 1]
					.raw_size;
		} else if (section->raw_size && !section->raw_offset) {
			section->raw_offset = align(at, make->file_alignment) +
					      section->raw_skew;
		}
		if (section->raw_offset + section->raw_size > at)
			at = section->raw_offset + section->raw_size;
	}
	if (!make->file_size)
		make->file_size = at;
}

static void layout_memory(struct pe_make *make)
{
	uint32_t at = make->size_of_headers;
	struct pe_make_section *section;
	uint32_t i;

	for (i = 0; i < make->section_count; i++) {
		section = &make->sections[i];
		if (!section->virtual_address)
			section->virtual_address =
				align(at, make->section_alignment) +
				section->gap * make->section_alignment;
		at = memory_end(section);
	}
	if (!make->size_of_image)
		make->size_of_image = align(at, make->section_alignment);
}

/* Raw offsets and addresses are the same, and each has room for both. */
static void layout_flat(struct pe_make *make)
{
	uint32_t at = make->size_of_headers;
	struct pe_make_section *section;
	uint32_t i;

	for (i = 0; i < make->section_count; i++) {
		section = &make->sections[i];
		if (!section->virtual_address) {
			section->virtual_address =
				align(at, make->section_alignment) +
				section->gap * make->section_alignment;
			section->raw_offset = section->virtual_address;
		}
		at = memory_end(section);
		if (section->raw_offset + section->raw_size > at)
			at = section->raw_offset + section->raw_size;
	}
	if (!make->size_of_image)
		make->size_of_image = align(at, make->section_alignment);
	if (!make->file_size)
		make->file_size = at;
}

void pe_make_layout(struct pe_make *make)
{
	layout_headers(make);
	if (make->section_alignment < PE_PAGE) {
		layout_flat(make);
		return;
	}
	layout_raw(make);
	layout_memory(make);
}

/* Relocations */

struct block {
	uint32_t page;
	uint32_t first;
	uint32_t count;
};

static int compare_relocs(const void *left, const void *right)
{
	const struct pe_make_reloc *a = left, *b = right;

	return a->rva < b->rva ? -1 : a->rva > b->rva;
}

/* Where a block for this entry and those after it starts. */
static uint32_t block_page(const struct pe_make *make, uint64_t *state,
			   uint32_t rva)
{
	uint32_t down;

	if (!(make->reloc_layout & PE_RELOC_UNALIGNED))
		return rva / PE_PAGE * PE_PAGE;
	down = between(state, 0, 0xfff);
	return down < rva ? rva - down : rva;
}

static uint32_t find_blocks(const struct pe_make *make, uint64_t *state,
			    const struct pe_make_reloc *relocs,
			    struct block *blocks)
{
	uint32_t count = 0, i = 0;
	struct block *block;

	while (i < make->reloc_count) {
		block = &blocks[count++];
		block->page = block_page(make, state, relocs[i].rva);
		block->first = i++;
		while (i < make->reloc_count &&
		       relocs[i].rva - block->page < PE_PAGE) {
			if (make->reloc_layout & PE_RELOC_SPLIT &&
			    one_in(state, 3))
				break;
			i++;
		}
		block->count = i - block->first;
	}
	return count;
}

static void shuffle_blocks(uint64_t *state, struct block *blocks,
			   uint32_t count)
{
	struct block block;
	uint32_t i, other;

	for (i = 1; i < count; i++) {
		other = choose(state, i + 1);
		block = blocks[i];
		blocks[i] = blocks[other];
		blocks[other] = block;
	}
}

/* Returns the block's size. */
static size_t write_block(const struct pe_make *make, uint64_t *state,
			  const struct pe_make_reloc *relocs,
			  const struct block *block, uint8_t *at)
{
	const struct pe_make_reloc *reloc;
	size_t size = 8;
	uint32_t i, which;

	for (i = 0; i < block->count; i++) {
		if (make->reloc_layout & PE_RELOC_PADDED && one_in(state, 3)) {
			put(at + size, choose(state, 0x1000), 2);
			size += 2;
		}
		which = make->reloc_layout & PE_RELOC_SHUFFLED ?
			block->count - 1 - i : i;
		reloc = &relocs[block->first + which];
		put(at + size, reloc->type * 0x1000 +
			       (reloc->rva - block->page), 2);
		size += 2;
	}
	if (size % 4 != 0) {
		put(at + size, 0, 2);
		size += 2;
	}
	put(at, block->page, 4);
	put(at + 4, size, 4);
	return size;
}

uint8_t *pe_make_relocs(const struct pe_make *make, size_t *len)
{
	struct pe_make_reloc relocs[PE_MAKE_RELOCS];
	struct block blocks[PE_MAKE_RELOCS];
	uint64_t state = make->seed ^ 0x5e10c;
	uint32_t count, i;
	uint8_t *bytes;

	/* At most: a header, a padding and a last one to each entry. */
	bytes = calloc(make->reloc_count + 3, 16);
	if (!bytes)
		abort();
	memcpy(relocs, make->relocs, sizeof(relocs));
	qsort(relocs, make->reloc_count, sizeof(*relocs), compare_relocs);
	count = find_blocks(make, &state, relocs, blocks);
	if (make->reloc_layout & PE_RELOC_SHUFFLED)
		shuffle_blocks(&state, blocks, count);
	*len = 0;
	for (i = 0; i < count; i++)
		*len += write_block(make, &state, relocs, &blocks[i],
				    bytes + *len);
	if (make->reloc_layout & PE_RELOC_ENDED) {
		put(bytes + *len, pe_make_next(&state), 4);
		put(bytes + *len + 4, 0, 4);
		*len += 8;
		for (i = choose(&state, 24); i > 0; i--)
			bytes[(*len)++] = pe_make_next(&state);
	}
	return bytes;
}

/* The file */

static void write_optional(const struct pe_make *make, uint8_t *at)
{
	int word = make->plus ? 8 : 4;

	put(at + PE_OPT_MAGIC, make->magic, 2);
	put(at + PE_OPT_SIZE_OF_CODE, make->size_of_code, 4);
	put(at + PE_OPT_ENTRY, make->entry, 4);
	put(at + (make->plus ? PE64_OPT_BASE : PE32_OPT_BASE),
	    make->image_base, word);
	put(at + PE_OPT_SECTION_ALIGN, make->section_alignment, 4);
	put(at + PE_OPT_FILE_ALIGN, make->file_alignment, 4);
	put(at + PE_OPT_MAJOR_OS, make->major_os, 2);
	put(at + PE_OPT_MINOR_OS, make->minor_os, 2);
	put(at + PE_OPT_MAJOR_SUBSYSTEM, make->major_subsystem, 2);
	put(at + PE_OPT_MINOR_SUBSYSTEM, make->minor_subsystem, 2);
	put(at + PE_OPT_SIZE_OF_IMAGE, make->size_of_image, 4);
	put(at + PE_OPT_SIZE_OF_HEADERS, make->size_of_headers, 4);
	put(at + PE_OPT_CHECKSUM, make->checksum, 4);
	put(at + PE_OPT_SUBSYSTEM, make->subsystem, 2);
	put(at + PE_OPT_DLL_FLAGS, make->dll_characteristics, 2);
	put(at + PE_OPT_STACK_RESERVE, make->stack_reserve, word);
	put(at + (make->plus ? PE64_OPT_STACK_COMMIT : PE32_OPT_STACK_COMMIT),
	    make->stack_commit, word);
	put(at + (make->plus ? PE64_OPT_LOADER_FLAGS : PE32_OPT_LOADER_FLAGS),
	    make->loader_flags, 4);
	put(at + (make->plus ? PE64_OPT_DIR_COUNT : PE32_OPT_DIR_COUNT),
	    make->directories, 4);
}

static void write_sections(const struct pe_make *make, uint8_t *at)
{
	const struct pe_make_section *section;
	uint32_t i;

	for (i = 0; i < make->section_count; i++) {
		section = &make->sections[i];
		memcpy(at, section->name, 8);
		put(at + PE_SEC_VIRTUAL_SIZE, section->virtual_size, 4);
		put(at + PE_SEC_VIRTUAL_ADDRESS, section->virtual_address, 4);
		put(at + PE_SEC_RAW_SIZE, section->raw_size, 4);
		put(at + PE_SEC_RAW_OFFSET, section->raw_offset, 4);
		put(at + PE_SEC_CHARACTERISTICS, section->characteristics, 4);
		at += PE_SEC_HEADER;
	}
}

static void write_headers(const struct pe_make *make, uint8_t *file)
{
	uint8_t *pe = file + make->e_lfanew;

	file[0] = 'M';
	file[1] = 'Z';
	put(file + PE_DOS_LFANEW, make->e_lfanew, 4);
	memset(pe, 0, headers_end(make) - make->e_lfanew);
	put(pe, 0x4550, 4);
	put(pe + PE_MACHINE, make->machine, 2);
	put(pe + PE_SECTION_COUNT, make->section_count, 2);
	put(pe + PE_OPTIONAL_SIZE, directories(make), 2);
	put(pe + PE_CHARACTERISTICS, make->characteristics, 2);
	write_optional(make, pe + PE_OPTIONAL);
	write_sections(make, pe + PE_OPTIONAL + directories(make));
}

/* Puts something where a section starts in memory, and its directory. */
static void write_directory(const struct pe_make *make, uint8_t *file,
			    uint32_t number, uint32_t section_number,
			    const uint8_t *bytes, size_t size)
{
	const struct pe_make_section *section =
		&make->sections[section_number];
	uint32_t offset = section->raw_offset;
	uint8_t *dirs = file + make->e_lfanew + PE_OPTIONAL +
			(make->plus ? PE64_OPT_DIRS : PE32_OPT_DIRS);

	if (make->section_alignment >= PE_PAGE)
		offset = offset / PE_SECTOR * PE_SECTOR;	/* I60 */
	if (offset + size > make->file_size || number >= make->directories)
		abort();
	memcpy(file + offset, bytes, size);
	put(dirs + 8 * number, section->virtual_address, 4);
	put(dirs + 8 * number + 4, size, 4);
}

static void write_directories(const struct pe_make *make, uint8_t *file)
{
	uint8_t com[PE_COM_SIZE] = { PE_COM_SIZE };
	uint8_t *relocs;
	size_t size;

	if (make->reloc_section) {
		relocs = pe_make_relocs(make, &size);
		write_directory(make, file, PE_DIR_RELOC,
				make->reloc_section - 1, relocs, size);
		free(relocs);
	}
	if (make->com_section) {
		put(com + PE_COM_FLAGS, make->com_flags, 4);
		write_directory(make, file, PE_DIR_COM, make->com_section - 1,
				com, sizeof(com));
	}
}

uint8_t *pe_make_build(const struct pe_make *description, size_t *len)
{
	struct pe_make make = *description;
	uint8_t *file;
	uint32_t i;

	pe_make_layout(&make);
	if (make.file_size < headers_end(&make))
		make.file_size = headers_end(&make);
	file = malloc(make.file_size);
	if (!file)
		abort();
	for (i = 0; i < make.file_size; i++)
		file[i] = pe_make_pattern(&make, i);
	write_headers(&make, file);
	write_directories(&make, file);
	*len = make.file_size;
	return file;
}

/* Random descriptions */

static void random_alignments(struct pe_make *make, uint64_t *state)
{
	static const uint32_t flat[] = { 0x20, 0x80, 0x200, 0x400, 0x800 };
	static const uint32_t section[] = { 0x1000, 0x1000, 0x2000, 0x10000 };
	static const uint32_t file[] = { 0x200, 0x200, 0x1000, 0x2000 };

	if (one_in(state, 8)) {
		make->section_alignment = flat[choose(state, ARRAY_SIZE(flat))];
		make->file_alignment = make->section_alignment;
		return;
	}
	make->section_alignment = section[choose(state, ARRAY_SIZE(section))];
	do {
		make->file_alignment = file[choose(state, ARRAY_SIZE(file))];
	} while (make->file_alignment > make->section_alignment);
}

static void random_headers(struct pe_make *make, uint64_t *state)
{
	make->plus = one_in(state, 2);
	make->characteristics = (pe_make_next(state) & ~PE_FILE_RELOCS_STRIPPED)
				| PE_FILE_EXECUTABLE;
	if (one_in(state, 8))
		make->characteristics |= PE_FILE_RELOCS_STRIPPED;
	make->dll_characteristics = pe_make_next(state) & ~PE_DLL_DYNAMIC_BASE;
	if (!one_in(state, 4))
		make->dll_characteristics |= PE_DLL_DYNAMIC_BASE;
	make->image_base = make->plus ?
		(uint64_t)between(state, 1, 0x6fffffff) << 16 :
		(uint64_t)between(state, 1, 0x6fff) << 16;
	make->subsystem = between(state, 1, 3);
	make->major_subsystem = between(state, 3, 10);
	make->minor_subsystem = choose(state, 60);
	make->major_os = between(state, 3, 10);
	make->minor_os = choose(state, 60);
	make->stack_reserve = (uint64_t)between(state, 1, 0x1000) << 16;
	make->stack_commit = (uint64_t)between(state, 1, 0x10) << 12;
	make->checksum = pe_make_next(state);
	make->loader_flags = one_in(state, 4) ? pe_make_next(state) : 0;
	if (one_in(state, 8))
		make->directories = between(state, 6, 15);
	make->e_lfanew = 4 * between(state, PE_DOS_SIZE / 4, 0x40);
	if (one_in(state, 8))
		make->e_lfanew = 4 * between(state, 0x40, 0xd00);
}

static uint32_t random_characteristics(uint64_t *state)
{
	uint32_t value = pe_make_next(state) &
		(PE_SCN_READ | PE_SCN_WRITE | PE_SCN_EXECUTE | PE_SCN_CODE |
		 PE_SCN_DATA);

	if (one_in(state, 4))
		value |= PE_SCN_SHARED;
	if (one_in(state, 8))
		value |= PE_SCN_NOLOAD;
	return value;
}

static uint32_t random_size(uint64_t *state, uint32_t file_alignment)
{
	switch (choose(state, 4)) {
	case 0:
		return between(state, 1, 0x300);
	case 1:
		return between(state, 1, 3) * file_alignment;
	case 2:
		return between(state, 1, 3) * PE_PAGE +
		       choose(state, 5) - 2;
	default:
		return between(state, 1, 0x3000);
	}
}

static void random_section(struct pe_make *make, uint64_t *state,
			   uint32_t number)
{
	struct pe_make_section *section = &make->sections[number];
	uint32_t size = random_size(state, make->file_alignment);
	bool flat = make->section_alignment < PE_PAGE;

	section->name[0] = '.';
	section->name[1] = 'a' + number / 26;
	section->name[2] = 'a' + number % 26;
	section->characteristics = random_characteristics(state);
	if (one_in(state, 6))
		section->gap = between(state, 1, 3);
	if (!flat && one_in(state, 6))
		section->raw_skew = choose(state, PE_SECTOR);
	section->raw_size = size;
	switch (choose(state, 5)) {
	case 0:						/* I61 */
		section->virtual_size = 0;
		return;
	case 1:						/* all of it */
		section->virtual_size = size;
		return;
	case 2:						/* nothing but zero */
		section->virtual_size = size;
		section->raw_size = 0;
		return;
	default:					/* I62, both ways */
		section->virtual_size = random_size(state, PE_PAGE);
	}
}

static void random_sharing(struct pe_make *make, uint64_t *state)
{
	uint32_t i, other;

	if (make->section_alignment < PE_PAGE)
		return;
	for (i = 1; i < make->section_count; i++) {
		other = choose(state, i);
		/* Without a size of its own it would have none in memory. */
		if (one_in(state, 8) && make->sections[other].raw_size &&
		    i + 1 != make->reloc_section && i + 1 != make->com_section)
			make->sections[i].same_raw_as = other + 1;
	}
}

static void random_sections(struct pe_make *make, uint64_t *state)
{
	struct pe_make_section *section;
	uint32_t i;

	make->section_count = between(state, 1, 7);
	if (one_in(state, 16))
		make->section_count = one_in(state, 4) ? 0 :
				      between(state, 1, PE_MAKE_SECTIONS);
	for (i = 0; i < make->section_count; i++)
		random_section(make, state, i);
	if (make->section_count && !one_in(state, 6)) {
		/* Large enough for any directory that there may be. */
		i = choose(state, make->section_count);
		section = &make->sections[i];
		section->raw_size = 17 * PE_MAKE_RELOCS + choose(state, 999);
		section->virtual_size = one_in(state, 2) ?
					section->raw_size : 0;
		make->reloc_section = i + 1;
	}
	if (make->section_count > 1 && one_in(state, 12)) {
		i = choose(state, make->section_count);
		section = &make->sections[i];
		if (i + 1 != make->reloc_section) {
			section->raw_size += PE_COM_SIZE + PE_SECTOR;
			section->virtual_size = 0;
			make->com_section = i + 1;
			make->com_flags = choose(state, 4) |
				(one_in(state, 2) ? PE_COM_32BIT_PREFERRED : 0);
			make->directories = 16;
		}
	}
}

/* Where a section's memory ends, with all of its last page. */
static uint32_t mapped_end(const struct pe_make *make, uint32_t number)
{
	return align(memory_end(&make->sections[number]), PE_PAGE);
}

/* Whether all bytes are in sections, and none in the directory's. */
static bool in_sections(const struct pe_make *make, uint32_t rva, int count)
{
	uint32_t i, at, end = rva + count;

	if (end > make->size_of_image)
		return false;
	for (at = rva; at < end; at++) {
		for (i = 0; i < make->section_count; i++)
			if (i + 1 != make->reloc_section &&
			    at >= make->sections[i].virtual_address &&
			    at < mapped_end(make, i))
				break;
		if (i == make->section_count)
			return false;
	}
	return true;
}

static uint32_t random_rva(const struct pe_make *make, uint64_t *state)
{
	uint32_t number = choose(state, make->section_count);
	uint32_t start = make->sections[number].virtual_address;
	uint32_t end = mapped_end(make, number);

	switch (choose(state, 5)) {
	case 0:		/* over a page border, perhaps a section's */
		return between(state, start / PE_PAGE + 1, end / PE_PAGE) *
		       PE_PAGE - between(state, 1, 7);
	case 1:		/* the last one of a section */
		return end - (one_in(state, 2) ? 4 : 8);
	case 2:		/* the last one of the image */
		return make->size_of_image - (one_in(state, 2) ? 4 : 8);
	default:
		return between(state, start, end - 1);
	}
}

static int width(const struct pe_make_reloc *reloc)
{
	return reloc->type == PE_REL_DIR64 ? 8 : 4;
}

static void random_relocs(struct pe_make *make, uint64_t *state)
{
	uint32_t tries = one_in(state, 8) ? PE_MAKE_RELOCS :
					    between(state, 1, 40);
	struct pe_make_reloc *reloc, *other;

	make->reloc_layout = pe_make_next(state) & 0x1f;
	while (tries-- > 0) {
		reloc = &make->relocs[make->reloc_count];
		reloc->rva = random_rva(make, state);
		reloc->type = make->plus && !one_in(state, 4) ?
			      PE_REL_DIR64 : PE_REL_HIGHLOW;
		for (other = make->relocs; other < reloc; other++)
			if (reloc->rva < other->rva + width(other) &&
			    other->rva < reloc->rva + width(reloc))
				break;
		if (other == reloc &&
		    in_sections(make, reloc->rva, width(reloc)))
			make->reloc_count++;
	}
}

/* Linkers fill the last sector, or do not, or the file is cut. */
static void random_end(struct pe_make *make, uint64_t *state)
{
	uint32_t i, last = 0, start = make->size_of_headers;

	switch (choose(state, 4)) {
	case 0:
		return;
	case 1:
		make->file_size += choose(state, 0x1800);
		return;
	case 2:
		make->file_size = align(make->file_size, make->file_alignment);
		return;
	}
	/* Nothing of what any but the last in the file has, no directory. */
	for (i = 0; i < make->section_count; i++)
		if (make->sections[i].raw_size != 0 &&
		    make->sections[i].raw_offset > start) {
			start = make->sections[i].raw_offset;
			last = i + 1;
		}
	if (last == 0 || last == make->reloc_section ||
	    last == make->com_section)
		return;
	if (start + 1 < make->file_size)
		make->file_size = between(state, start + 1, make->file_size);
}

static void random_image_end(struct pe_make *make, uint64_t *state)
{
	uint32_t last = make->size_of_headers;

	if (make->section_count)
		last = memory_end(&make->sections[make->section_count - 1]);
	if (last < headers_end(make))
		last = headers_end(make);
	switch (choose(state, 4)) {
	case 0:		/* not in whole pages */
		if (make->section_alignment >= PE_PAGE)
			make->size_of_image = last;
		break;
	case 1:		/* a gap at the end */
		make->size_of_image += between(state, 1, 2) *
				       make->section_alignment;
		break;
	}
}

void pe_make_random(struct pe_make *make, uint64_t seed)
{
	uint64_t state = seed;

	memset(make, 0, sizeof(*make));
	make->seed = seed;
	random_alignments(make, &state);
	random_headers(make, &state);
	random_sections(make, &state);
	random_sharing(make, &state);
	pe_make_layout(make);
	random_image_end(make, &state);
	if (make->reloc_section)
		random_relocs(make, &state);
	random_end(make, &state);
	if (one_in(&state, 2))
		make->entry = choose(&state, make->size_of_image);
	if (one_in(&state, 2))
		make->size_of_code = choose(&state, make->size_of_image);
}

/* Broken files */

static uint8_t *optional_header(uint8_t *file)
{
	return file + take(file + PE_DOS_LFANEW, 4) + PE_OPTIONAL;
}

static int mutate_ne(uint8_t *file, size_t len, uint8_t target)
{
	uint8_t *pe = file + take(file + PE_DOS_LFANEW, 4);

	if (pe + PE_NE_SYSTEM >= file + len)
		return -1;
	pe[0] = 'N';
	pe[1] = 'E';
	pe[PE_NE_SYSTEM] = target;
	return 0;
}

static int mutate_machine(uint8_t *file, enum pe_mutation mutation,
			  uint64_t *state)
{
	uint8_t *machine = optional_header(file) - PE_OPTIONAL + PE_MACHINE;
	uint32_t value = take(machine, 2);

	switch (mutation) {
	case PE_MUTATE_MACHINE:
		/* 0x3xxx: none of them was ever given away */
		value = 0x3000 + choose(state, 0x1000);
		break;
	case PE_MUTATE_CONTRADICTION:
		value = value == PE_MACHINE_I386 ? PE_MACHINE_AMD64 :
						   PE_MACHINE_I386;
		break;
	default:
		value = PE_MACHINE_ARMNT;
	}
	put(machine, value, 2);
	return 0;
}

/* I9: the section headers end past SizeOfImage. */
static int mutate_headers(uint8_t *file, uint64_t *state)
{
	uint8_t *optional = optional_header(file);
	uint32_t end = optional - file +
		       take(optional - PE_OPTIONAL + PE_OPTIONAL_SIZE, 2) +
		       take(optional - PE_OPTIONAL + PE_SECTION_COUNT, 2) *
		       PE_SEC_HEADER;

	put(optional + PE_OPT_SIZE_OF_IMAGE, between(state, 1, end - 1), 4);
	return 0;
}

/* I10: a page less than the last section needs. */
static int mutate_small_image(uint8_t *file)
{
	uint8_t *optional = optional_header(file);
	uint32_t count = take(optional - PE_OPTIONAL + PE_SECTION_COUNT, 2);
	uint8_t *last = optional + PE_SEC_HEADER * (count - 1) +
		take(optional - PE_OPTIONAL + PE_OPTIONAL_SIZE, 2);
	uint32_t headers = take(optional + PE_OPT_SIZE_OF_HEADERS, 4);
	uint32_t size, need;

	if (count == 0)
		return -1;
	size = take(last + PE_SEC_VIRTUAL_SIZE, 4);
	if (size == 0)
		size = take(last + PE_SEC_RAW_SIZE, 4);
	need = align(take(last + PE_SEC_VIRTUAL_ADDRESS, 4) + size, PE_PAGE);
	/* The headers must be inside, or it is I9. */
	if (size == 0 || need - PE_PAGE < headers)
		return -1;
	put(optional + PE_OPT_SIZE_OF_IMAGE, need - PE_PAGE, 4);
	return 0;
}

/* I11 */
static int mutate_alignment(uint8_t *file)
{
	uint8_t *optional = optional_header(file);
	uint32_t alignment = take(optional + PE_OPT_SECTION_ALIGN, 4);

	put(optional + PE_OPT_FILE_ALIGN, 2 * alignment, 4);
	return 0;
}

/* I12: the last section's data are at another place in the file, or nowhere. */
static int mutate_flat(uint8_t *file, uint64_t *state)
{
	uint8_t *optional = optional_header(file);
	uint32_t count = take(optional - PE_OPTIONAL + PE_SECTION_COUNT, 2);
	uint32_t alignment = take(optional + PE_OPT_SECTION_ALIGN, 4);
	uint8_t *last = optional + PE_SEC_HEADER * (count - 1) +
		take(optional - PE_OPTIONAL + PE_OPTIONAL_SIZE, 2);
	uint32_t raw;

	if (count == 0 || alignment % PE_PAGE == 0)
		return -1;
	raw = take(last + PE_SEC_RAW_OFFSET, 4);
	if (raw == 0)
		return -1;
	put(last + PE_SEC_RAW_OFFSET,
	    one_in(state, 2) ? 0 : raw + alignment, 4);
	return 0;
}

static int mutate_lfanew(uint8_t *file, size_t len, uint64_t *state)
{
	if (len > UINT32_MAX)
		return -1;
	put(file + PE_DOS_LFANEW, len + choose(state, UINT32_MAX - len), 4);
	return 0;
}

static int mutate_optional(uint8_t *file, enum pe_mutation mutation,
			   uint64_t *state)
{
	uint8_t *optional = optional_header(file);

	switch (mutation) {
	case PE_MUTATE_SIGNATURE:
		/* of four bytes, the last two are not only for NE */
		(optional - PE_OPTIONAL)[choose(state, 4)] ^= 0x80;
		return 0;
	case PE_MUTATE_MAGIC:
		/* 0x107 is a ROM's, and none of ours */
		put(optional, one_in(state, 2) ? 0x107 : 0, 2);
		return 0;
	case PE_MUTATE_HEADERS:
		return mutate_headers(file, state);
	case PE_MUTATE_NO_IMAGE:
		put(optional + PE_OPT_SIZE_OF_IMAGE, 0, 4);
		return 0;
	case PE_MUTATE_SMALL_IMAGE:
		return mutate_small_image(file);
	case PE_MUTATE_ALIGNMENT:
		return mutate_alignment(file);
	case PE_MUTATE_FLAT:
		return mutate_flat(file, state);
	default:
		return mutate_machine(file, mutation, state);
	}
}

int pe_make_mutate(uint8_t *file, size_t *len, enum pe_mutation mutation,
		   uint64_t seed)
{
	uint64_t state = seed;

	switch (mutation) {
	case PE_MUTATE_EMPTY:
		*len = 0;
		return 0;
	case PE_MUTATE_SHORT:
		*len = between(&state, 1, PE_DOS_SIZE - 1);
		return 0;
	case PE_MUTATE_MZ:
		file[choose(&state, 2)] ^= 1 << choose(&state, 8);
		return 0;
	case PE_MUTATE_LFANEW:
		return mutate_lfanew(file, *len, &state);
	case PE_MUTATE_LFANEW_END:
		put(file + PE_DOS_LFANEW, *len - 3, 4);
		put(file + *len - 3, 0x4550, 3);
		return 0;
	case PE_MUTATE_NE:
		return mutate_ne(file, *len, 1);
	case PE_MUTATE_NE_WINDOWS:
		return mutate_ne(file, *len, 2);
	case PE_MUTATE_NE_5:
		return mutate_ne(file, *len, 5);
	default:
		return mutate_optional(file, mutation, &state);
	}
}
