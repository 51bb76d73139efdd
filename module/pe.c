// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Reading executable images (PE); see pe.h.  The numbers at the functions are
 * rows of the table of semantics.
 */
#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <string.h>
#endif

#include "pe.h"

#define PE_MAGIC_32		0x010b
#define PE_MAGIC_64		0x020b

#define PE_DIRECTORY_RELOCATIONS	5
#define PE_DIRECTORY_COR		14

#define PE_REL_ABSOLUTE		0
#define PE_REL_HIGHLOW		3
#define PE_REL_DIR64		10

static u16 pe_u16(const u8 *bytes)
{
	return bytes[0] | bytes[1] << 8;
}

static u32 pe_u32(const u8 *bytes)
{
	return pe_u16(bytes) | (u32)pe_u16(bytes + 2) << 16;
}

static u64 pe_u64(const u8 *bytes)
{
	return pe_u32(bytes) | (u64)pe_u32(bytes + 4) << 32;
}

static void pe_put(u8 *bytes, u64 value, u32 width)
{
	while (width--) {
		*bytes++ = value & 0xff;
		value >>= 8;
	}
}

/**
 * pe_parse_dos - read the first header
 * @bytes: the beginning of the file, PE_DOS_BYTES of it
 * @len: how many bytes there are
 * @file_size: length of the file
 * @nt: where to put the offset of the second header
 *
 * Return: PE_OK, PE_NOT_MZ (I2) or PE_PROTECT (I3).
 */
enum pe_status pe_parse_dos(const u8 *bytes, size_t len, u64 file_size,
			    u32 *nt)
{
	if (len < PE_DOS_BYTES || bytes[0] != 'M' || bytes[1] != 'Z')
		return PE_NOT_MZ;
	*nt = pe_u32(bytes + 60);
	return file_size < 4 || *nt > file_size - 4 ? PE_PROTECT : PE_OK;
}

/* What is there instead of "PE\0\0"; the byte tells the system (I3, I4). */
static enum pe_status pe_parse_signature(const u8 *bytes)
{
	if (!memcmp(bytes, "PE\0\0", 4))
		return PE_OK;
	if (bytes[0] != 'N' || bytes[1] != 'E' || bytes[54] == 5)
		return PE_PROTECT;
	return bytes[54] == 2 ? PE_WIN_16 : PE_NE;
}

/* Which machines are there, and how wide are their addresses (I5, I7, I8)? */
static enum pe_status pe_check_machine(struct pe_image *image, u16 magic)
{
	image->plus = magic == PE_MAGIC_64;
	if (magic == PE_MAGIC_32 && image->machine == PE_MACHINE_I386)
		return PE_OK;
	if (magic == PE_MAGIC_64 && image->machine == PE_MACHINE_AMD64)
		return PE_OK;
	return PE_FORMAT;
}

/* The members that are at the same place, whatever the width of addresses is. */
static void pe_parse_optional(const u8 *optional, struct pe_image *image)
{
	image->code_size = pe_u32(optional + 4);
	image->entry = pe_u32(optional + 16);
	image->section_alignment = pe_u32(optional + 32);
	image->file_alignment = pe_u32(optional + 36);
	image->os_major = pe_u16(optional + 40);
	image->os_minor = pe_u16(optional + 42);
	image->subsystem_major = pe_u16(optional + 48);
	image->subsystem_minor = pe_u16(optional + 50);
	image->size = pe_u32(optional + 56);
	image->header_size = pe_u32(optional + 60);
	image->checksum = pe_u32(optional + 64);
	image->subsystem = pe_u16(optional + 68);
	image->dll_characteristics = pe_u16(optional + 70);
}

/* The others; returns where the directories are. */
static u32 pe_parse_wide(const u8 *optional, struct pe_image *image)
{
	if (image->plus) {
		image->base = pe_u64(optional + 24);
		image->stack_reserve = pe_u64(optional + 72);
		image->stack_commit = pe_u64(optional + 80);
		image->loader_flags = pe_u32(optional + 104);
		return 112;
	}
	image->base = pe_u32(optional + 28);
	image->stack_reserve = pe_u32(optional + 72);
	image->stack_commit = pe_u32(optional + 76);
	image->loader_flags = pe_u32(optional + 88);
	return 96;
}

/* Its size is 0 if there is none. */
static struct pe_directory pe_parse_directory(const u8 *optional, u32 start,
					      u32 index)
{
	struct pe_directory directory = {};
	u32 count = pe_u32(optional + start - 4);
	const u8 *entry = optional + start + 8 * index;

	if (index < count && pe_u32(entry)) {
		directory.rva = pe_u32(entry);
		directory.size = pe_u32(entry + 4);
	}
	return directory;
}

static bool pe_directory_inside(const struct pe_image *image,
				const struct pe_directory *directory)
{
	return directory->rva < image->size &&
	       directory->size <= image->size - directory->rva;
}

static void pe_parse_directories(struct pe_image *image, const u8 *optional,
				 u32 start)
{
	image->relocations = pe_parse_directory(optional, start,
						PE_DIRECTORY_RELOCATIONS);
	image->cor = pe_parse_directory(optional, start, PE_DIRECTORY_COR);
	image->managed = image->cor.size;
	if (!pe_directory_inside(image, &image->relocations))
		image->relocations.size = 0;
	if (!pe_directory_inside(image, &image->cor))
		image->cor.size = 0;
}

/*
 * I10 and I11.  An image with sections that do not begin at pages is flat, and
 * must be so in the file (I12), which pe_parse_segment() finds out.
 */
static enum pe_status pe_check_layout(struct pe_image *image)
{
	/* In whole pages it is a number of 32 bits, too. */
	if (!image->size || image->size > ~0U - PE_PAGE + 1 ||
	    image->section_alignment < image->file_alignment)
		return PE_LAYOUT;
	image->flat = !image->section_alignment ||
		      image->section_alignment % PE_PAGE;
	if (image->flat && image->section_alignment != image->file_alignment)
		return PE_LAYOUT;
	return PE_OK;
}

/**
 * pe_parse_nt - read the second header
 * @bytes: the file from @nt on, PE_NT_BYTES of it
 * @len: how many there are; what is missing counts as zero
 * @nt: where they are in the file
 * @image: filled in
 *
 * Return: PE_OK, or what is wrong.
 */
enum pe_status pe_parse_nt(const u8 *bytes, size_t len, u32 nt,
			   struct pe_image *image)
{
	u8 header[PE_NT_BYTES] = {};
	const u8 *optional = header + 24;
	enum pe_status status;
	u32 size, start;

	memset(image, 0, sizeof(*image));
	memcpy(header, bytes, len < sizeof(header) ? len : sizeof(header));
	status = pe_parse_signature(header);
	if (status)
		return status;
	image->machine = pe_u16(header + 4);
	image->sections = pe_u16(header + 6);
	size = pe_u16(header + 20);
	image->characteristics = pe_u16(header + 22);
	image->section_table = (u64)nt + 24 + size;
	if (24 + size < sizeof(header))
		memset(header + 24 + size, 0, sizeof(header) - 24 - size);

	status = pe_check_machine(image, pe_u16(optional));
	if (status)
		return status;
	pe_parse_optional(optional, image);
	start = pe_parse_wide(optional, image);
	image->base_field = (u64)nt + 24 + (image->plus ? 24 : 28);
	status = pe_check_layout(image);
	if (status)
		return status;
	if (pe_image_headers_end(image) > image->size)
		return PE_HEADERS;
	image->size = pe_round_up(image->size, PE_PAGE);
	if (image->header_size > image->size)
		return PE_LAYOUT;
	pe_parse_directories(image, optional, start);
	return PE_OK;
}

/**
 * pe_image_headers_end - where in the file the headers of the sections end
 * @image: the image
 *
 * Return: the offset; the largest number if there is none of 32 bits.
 */
u32 pe_image_headers_end(const struct pe_image *image)
{
	u64 end = image->section_table + (u64)image->sections * PE_SECTION_BYTES;

	return end > ~0U ? ~0U : end;
}

/* Where it is in memory (I61). */
static enum pe_status pe_parse_range(const struct pe_image *image, u32 virtual,
				     struct pe_segment *segment)
{
	u32 size = virtual ? virtual : segment->raw_size;

	if (size > image->size)
		return PE_LAYOUT;
	if (!image->flat) {
		if (segment->rva % PE_PAGE)
			return PE_LAYOUT;
		size = pe_round_up(size, PE_PAGE);
	}
	if (segment->rva > image->size || size > image->size - segment->rva)
		return PE_LAYOUT;
	segment->size = size;
	return PE_OK;
}

/* Which bytes of the file are there (I60, I62); those of flat images all are. */
static void pe_parse_raw(const struct pe_image *image,
			 struct pe_segment *segment)
{
	if (image->flat)
		return;
	if (!segment->raw)
		segment->raw_size = 0;
	segment->raw &= ~(PE_SECTOR - 1);
	if (segment->raw_size > segment->size)
		segment->raw_size = segment->size;
	/* At most the size, which is whole pages. */
	segment->raw_size = pe_round_up(segment->raw_size, PE_SECTOR);
}

/**
 * pe_parse_segment - read the header of a section
 * @image: the image
 * @bytes: the header, PE_SECTION_BYTES
 * @segment: filled in
 * @end: where the section before it ends, 0 at first; set to the end of this one
 *
 * Return: PE_OK or PE_LAYOUT.
 */
enum pe_status pe_parse_segment(const struct pe_image *image, const u8 *bytes,
				struct pe_segment *segment, u32 *end)
{
	enum pe_status status;

	segment->rva = pe_u32(bytes + 12);
	segment->raw_size = pe_u32(bytes + 16);
	segment->raw = pe_u32(bytes + 20);
	segment->flags = pe_u32(bytes + 36);
	/* Those of a flat image only have to be where they are in the file (I12). */
	if (image->flat ? segment->raw != segment->rva : segment->rva < *end)
		return PE_LAYOUT;
	status = pe_parse_range(image, pe_u32(bytes + 8), segment);
	if (status)
		return status;
	pe_parse_raw(image, segment);
	*end = segment->rva + segment->size;
	return PE_OK;
}

/**
 * pe_parse_cor - read the header of managed code
 * @bytes: the header, PE_COR_BYTES of it
 *
 * Return: its flags (I29).
 */
u32 pe_parse_cor(const u8 *bytes)
{
	return pe_u32(bytes + 16);
}

/**
 * pe_image_has_code - is there anything to execute (I26)?
 * @image: the image
 * @segments: its sections
 *
 * Return: true if there is.
 */
bool pe_image_has_code(const struct pe_image *image,
		       const struct pe_segment *segments)
{
	u32 i;

	if (image->code_size || image->entry || image->flat)
		return true;
	for (i = 0; i < image->sections; i++)
		if (segments[i].flags & PE_SCN_EXECUTE)
			return true;
	return false;
}

/**
 * pe_image_may_move - may the image be put at another address (I28, I77)?
 * @image: the image
 *
 * That its relocations are well-formed is another question.
 *
 * Return: true if it may.
 */
bool pe_image_may_move(const struct pe_image *image)
{
	return image->dll_characteristics & PE_DYNAMIC_BASE &&
	       image->relocations.size &&
	       !(image->characteristics & PE_RELOCS_STRIPPED) &&
	       !image->flat && !image->managed;
}

/* How many sections begin at @rva or before it. */
static u32 pe_segments_until(const struct pe_segment *segments, u32 count,
			     u32 rva)
{
	u32 low = 0, high = count;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (segments[middle].rva > rva)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/**
 * pe_segment_at - which section is there?
 * @image: the image
 * @segments: its sections
 * @rva: where
 *
 * Return: the section, or NULL for the headers and gaps.
 */
const struct pe_segment *pe_segment_at(const struct pe_image *image,
				       const struct pe_segment *segments,
				       u32 rva)
{
	u32 next = pe_segments_until(segments, image->sections, rva);

	if (!next || rva - segments[next - 1].rva >= segments[next - 1].size)
		return NULL;
	return &segments[next - 1];
}

/*
 * Behind the headers of an image that is not flat: what is at @rva, and up to
 * where that holds.
 */
static u32 pe_where_segment(const struct pe_image *image,
			    const struct pe_segment *segments, u32 rva,
			    u64 *offset, bool *zero)
{
	u32 next = pe_segments_until(segments, image->sections, rva);
	const struct pe_segment *segment = &segments[next - 1];
	u32 at = rva - segment->rva;

	*zero = at >= segment->raw_size;
	if (!*zero) {
		*offset = (u64)segment->raw + at;
		return segment->rva + segment->raw_size;
	}
	/* Nothing but zeroes, in the section and in the gap behind it. */
	return next < image->sections ? segments[next].rva : image->size;
}

static u32 pe_first(const struct pe_image *image,
		    const struct pe_segment *segments)
{
	return image->sections ? segments[0].rva : image->size;
}

/* So much of the image's beginning is as in the file. */
static u32 pe_headers(const struct pe_image *image,
		      const struct pe_segment *segments)
{
	u32 first = pe_first(image, segments);

	if (image->flat)
		return image->size;
	return image->header_size < first ? image->header_size : first;
}

/**
 * pe_where - where in the file are these bytes of the image?
 * @image: the image
 * @segments: its sections
 * @rva: where in the image; inside it
 * @len: how many bytes are wanted, not 0
 * @offset: where to put the offset in the file
 * @zero: set to whether they are zeroes instead (I62, I64)
 *
 * Return: for how many of the bytes the answer holds, at least one.
 */
size_t pe_where(const struct pe_image *image,
		const struct pe_segment *segments, u32 rva, size_t len,
		u64 *offset, bool *zero)
{
	u32 end = pe_headers(image, segments);

	*zero = false;
	*offset = rva;
	if (rva >= end) {
		end = pe_first(image, segments);
		*zero = rva < end;
	}
	if (rva >= end)
		end = pe_where_segment(image, segments, rva, offset, zero);
	return len < end - rva ? len : end - rva;
}

/**
 * pe_parse_block - read the header of a block of relocations
 * @image: the image
 * @bytes: the header, 8 bytes, which are inside the directory
 * @at: where it is in the directory
 * @block: filled in, all but @crosses
 *
 * Return: its length in the directory, 0 if the directory ends here, or
 * PE_BLOCK_BAD.
 */
u32 pe_parse_block(const struct pe_image *image, const u8 *bytes, u32 at,
		   struct pe_block *block)
{
	u32 size = pe_u32(bytes + 4);

	if (!size)
		return 0;
	if (size < 8 || size > PE_BLOCK_BYTES_MAX || size % 2 ||
	    size > image->relocations.size - at)
		return PE_BLOCK_BAD;
	block->rva = pe_u32(bytes);
	block->at = at + 8;
	block->entries = (size - 8) / 2;
	block->crosses = false;
	return size;
}

/* Bytes that an entry changes; 0 for none, more than 8 if that is not known. */
static u32 pe_entry_width(u16 entry)
{
	switch (entry >> 12) {
	case PE_REL_ABSOLUTE:
		return 0;
	case PE_REL_HIGHLOW:
		return 4;
	case PE_REL_DIR64:
		return 8;
	default:
		return PE_EDGE + 1;
	}
}

/**
 * pe_check_entries - are the entries of a block well-formed?
 * @image: the image
 * @block: their block; @crosses is set if one of them is in two pages
 * @entries: two bytes for each
 * @count: how many of them
 *
 * Return: false if one is of an unknown type or not inside the image.
 */
bool pe_check_entries(const struct pe_image *image, struct pe_block *block,
		      const u8 *entries, u32 count)
{
	u32 width;
	u64 rva;
	u16 entry;

	for (; count; count--, entries += 2) {
		entry = pe_u16(entries);
		width = pe_entry_width(entry);
		rva = (u64)block->rva + (entry & 0xfff);
		if (!width)
			continue;
		if (width > PE_EDGE || rva + width > image->size)
			return false;
		if (rva / PE_PAGE != (rva + width - 1) / PE_PAGE)
			block->crosses = true;
	}
	return true;
}

/*
 * Change what is at @at, counted from the page's beginning, by adding @add, or by
 * replacing it.  A part of it may be outside the page.
 */
static void pe_change(struct pe_page *page, s64 at, u32 width, u64 add,
		      bool replace)
{
	u8 bytes[PE_EDGE];
	u64 value;
	u32 i;

	if (at >= 0 && at + width <= PE_PAGE) {
		value = width == 8 ? pe_u64(page->bytes + at) :
				     pe_u32(page->bytes + at);
		pe_put(page->bytes + at, replace ? add : value + add, width);
		return;
	}
	for (i = 0; i < width; i++) {
		s64 where = at + i;

		if (where < 0)
			bytes[i] = page->edge[0][where + PE_EDGE];
		else if (where < PE_PAGE)
			bytes[i] = page->bytes[where];
		else
			bytes[i] = page->edge[1][where - PE_PAGE];
	}
	value = width == 8 ? pe_u64(bytes) : pe_u32(bytes);
	pe_put(bytes, replace ? add : value + add, width);
	for (i = 0; i < width; i++)
		if (at + i >= 0 && at + i < PE_PAGE)
			page->bytes[at + i] = bytes[i];
}

/**
 * pe_relocate - apply relocations to a page
 * @page: the page
 * @delta: what to add
 * @rva: what the entries count from
 * @entries: two bytes for each, which pe_check_entries() has seen
 * @count: how many of them
 *
 * Those of other pages are passed over.
 */
void pe_relocate(struct pe_page *page, u64 delta, u32 rva, const u8 *entries,
		 u32 count)
{
	s64 start = (s64)rva - page->rva;
	u32 width;
	u16 entry;
	s64 at;

	for (; count; count--, entries += 2) {
		entry = pe_u16(entries);
		width = pe_entry_width(entry);
		at = start + (entry & 0xfff);
		/* The file may have changed since it was checked. */
		if (!width || width > PE_EDGE)
			continue;
		if (at > -(s64)width && at < PE_PAGE)
			pe_change(page, at, width, delta, false);
	}
}

/**
 * pe_set_base - tell the page of the headers at which address the image is (I74)
 * @page: any page
 * @image: the image
 * @segments: its sections, of which no byte is changed
 * @base: the address
 */
void pe_set_base(struct pe_page *page, const struct pe_image *image,
		 const struct pe_segment *segments, u64 base)
{
	u32 width = image->plus ? 8 : 4;
	u64 end = image->base_field + width;

	if (end > pe_headers(image, segments) || end <= page->rva ||
	    image->base_field >= (u64)page->rva + PE_PAGE)
		return;
	pe_change(page, (s64)image->base_field - page->rva, width, base,
		  true);
}
