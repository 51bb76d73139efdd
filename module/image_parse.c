// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an image has to be known of before its pages can be built: where its
 * sections are, and which relocations there are for which page.
 *
 * Both tables are checked as a whole, once.  What the file says later, if somebody
 * writes to it all the same, can spoil its pages and nothing else.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "compat.h"
#include "image.h"
#include "limits.h"

/*
 * A linker makes one block of relocations for a page.  More are accepted, up to a
 * limit for all of them, which limits memory, and one for what begins within a
 * page's length, which limits what it takes to build a page.
 */
#define SECTION_BLOCKS_PER_PAGE		16
#define SECTION_BLOCKS_ANYWAY		1024
#define SECTION_ENTRIES_TOGETHER	(4 * PE_PAGE)
/* Blocks that are sorted, which cannot be interrupted; linkers have done it. */
#define SECTION_BLOCKS_UNSORTED		65536
/* What a block costs, in entries. */
#define SECTION_BLOCK_COST		16

/* For loops over what the file says: not too long without a look around. */
static int section_parse_pause(void)
{
	cond_resched();
	return fatal_signal_pending(current) ? -EINTR : 0;
}

static int section_parse_headers(struct section_image *image)
{
	u8 bytes[PE_NT_BYTES];
	size_t len = min_t(u64, image->source.size, PE_DOS_BYTES);
	enum pe_status status;
	u32 nt;
	int err;

	err = section_source_read(&image->source, 0, bytes, len);
	if (err)
		return err;
	status = pe_parse_dos(bytes, len, image->source.size, &nt);
	if (status)
		return -ENOEXEC;
	/* What is beyond the end of the file is zero. */
	err = section_source_read(&image->source, nt, bytes, sizeof(bytes));
	if (err)
		return err;
	status = pe_parse_nt(bytes, sizeof(bytes), nt, &image->pe);
	if (status)
		return -ENOEXEC;
	return image->pe.size > section_max_image_size() ? -EDQUOT : 0;
}

static int section_parse_segments(struct section_image *image)
{
	u64 pos = image->pe.section_table;
	u8 bytes[PE_SECTION_BYTES];
	u32 i, end = 0;
	int err;

	if (!image->pe.sections)
		return 0;
	image->segments = kvmalloc_array(image->pe.sections,
					 sizeof(*image->segments),
					 GFP_KERNEL_ACCOUNT);
	if (!image->segments)
		return -ENOMEM;
	for (i = 0; i < image->pe.sections; i++, pos += sizeof(bytes)) {
		err = section_source_read(&image->source, pos, bytes,
					  sizeof(bytes));
		if (!err)
			err = section_parse_pause();
		if (err)
			return err;
		if (pe_parse_segment(&image->pe, bytes, &image->segments[i],
				     &end))
			return -ENOEXEC;
	}
	return 0;
}

static int section_parse_cor(struct section_image *image)
{
	u8 bytes[PE_COR_BYTES];
	int err;

	if (image->pe.cor.size < sizeof(bytes))
		return 0;
	err = section_image_read(image, image->pe.cor.rva, bytes,
				 sizeof(bytes));
	if (!err)
		image->cor_flags = pe_parse_cor(bytes);
	return err;
}

/* -ENOEXEC if one is malformed. */
static int section_parse_entries(const struct section_image *image,
				 struct pe_block *block)
{
	u8 entries[SECTION_IMAGE_ENTRIES * 2];
	u32 first;
	int count;

	for (first = 0; first < block->entries; first += count) {
		count = section_image_read_entries(image, block, first,
						   entries);
		if (count < 0)
			return count;
		if (!pe_check_entries(&image->pe, block, entries, count))
			return -ENOEXEC;
	}
	return 0;
}

/* The second time there is room for them; the file may have more of them now. */
static int section_parse_block(struct section_image *image,
			       struct pe_block *block, u32 index)
{
	int err;

	if (!image->blocks)
		return 0;
	if (index >= image->block_count)
		return -ENOEXEC;
	err = section_parse_entries(image, block);
	image->blocks[index] = *block;
	return err;
}

/*
 * Go through the directory and count its blocks; fill them in if there is room
 * for them.  -ENOEXEC if something is malformed, or if there are too many.
 */
static int section_parse_blocks(struct section_image *image, u32 *count)
{
	u32 size = image->pe.relocations.size;
	u32 most = (image->pe.size / PE_PAGE) * SECTION_BLOCKS_PER_PAGE +
		   SECTION_BLOCKS_ANYWAY;
	struct pe_block block;
	u8 bytes[8];
	u32 len, at;
	int err;

	*count = 0;
	for (at = 0; at < size; at += len) {
		if (size - at < sizeof(bytes))
			return -ENOEXEC;
		err = section_image_read(image, image->pe.relocations.rva + at,
					 bytes, sizeof(bytes));
		if (!err)
			err = section_parse_pause();
		if (err)
			return err;
		len = pe_parse_block(&image->pe, bytes, at, &block);
		if (!len)
			break;
		if (len == PE_BLOCK_BAD || *count >= most)
			return -ENOEXEC;
		err = section_parse_block(image, &block, *count);
		if (err)
			return err;
		++*count;
	}
	return 0;
}

static int section_block_compare(const void *a, const void *b)
{
	const struct pe_block *first = a, *second = b;

	if (first->rva != second->rva)
		return first->rva < second->rva ? -1 : 1;
	return first->at < second->at ? -1 : 1;
}

/* By address, as the pages look for them.  -ENOEXEC if that would take too long. */
static int section_parse_sort(struct section_image *image)
{
	struct pe_block *blocks = image->blocks;
	u32 i, count = image->block_count;

	for (i = 1; i < count && blocks[i - 1].rva <= blocks[i].rva; i++)
		;
	if (i >= count)
		return 0;
	if (count > SECTION_BLOCKS_UNSORTED)
		return -ENOEXEC;
	sort(blocks, count, sizeof(*blocks), section_block_compare, NULL);
	return 0;
}

/* Is any page going to take too long? */
static bool section_blocks_too_dense(const struct section_image *image)
{
	const struct pe_block *blocks = image->blocks;
	u32 i, first = 0, cost = 0;

	for (i = 0; i < image->block_count; i++) {
		cost += blocks[i].entries + SECTION_BLOCK_COST;
		while (blocks[i].rva - blocks[first].rva >= PE_PAGE)
			cost -= blocks[first++].entries + SECTION_BLOCK_COST;
		if (cost > SECTION_ENTRIES_TOGETHER)
			return true;
	}
	return false;
}

static int section_parse_relocations(struct section_image *image)
{
	u32 count;
	int err;

	err = section_parse_blocks(image, &count);
	if (err || !count)
		return err;
	image->blocks = kvmalloc_array(count, sizeof(*image->blocks),
				       GFP_KERNEL_ACCOUNT);
	if (!image->blocks)
		return -ENOMEM;
	image->block_count = count;
	err = section_parse_blocks(image, &count);
	if (err)
		return err;
	image->block_count = count;
	err = section_parse_sort(image);
	if (!err && section_blocks_too_dense(image))
		err = -ENOEXEC;
	return err;
}

/**
 * section_image_parse - read the headers of an image
 * @image: has its source; its tables are filled in, and are to be freed with
 *	section_image_parse_free(), on failure too
 *
 * Relocations that are malformed are not an error: then the image stays at the
 * address that it prefers.
 *
 * Return: 0; -ENOEXEC; -EDQUOT if it is too large; -EINTR; -ENOMEM; or what the
 * file system gave.
 */
int section_image_parse(struct section_image *image)
{
	int err;

	err = section_parse_headers(image);
	if (!err)
		err = section_parse_segments(image);
	if (!err)
		err = section_parse_cor(image);
	if (err || !pe_image_may_move(&image->pe))
		return err;
	err = section_parse_relocations(image);
	image->movable = !err;
	if (err) {
		kvfree(image->blocks);
		image->blocks = NULL;
		image->block_count = 0;
	}
	return err == -ENOEXEC ? 0 : err;
}

/**
 * section_image_parse_free - free the tables
 * @image: the image
 */
void section_image_parse_free(struct section_image *image)
{
	kvfree(image->segments);
	kvfree(image->blocks);
}
