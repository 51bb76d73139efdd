// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's parser of executable images, for libFuzzer: what it makes of a file,
 * built as the module builds it, is what the model says, wherever a row of the
 * semantics says anything.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../module/pe.h"
#include "../image/pe_make.h"
#include "../image/pe_model.h"

/* What guides the fuzzer is the parser, and nothing of this. */
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), \
			     apply_to = function)

/* Larger ones are parsed, and not built. */
#define BUILT_MAX	(16U * PE_PAGE)

struct image {
	const u8 *file;
	size_t len;
	struct pe_image pe;
	struct pe_segment *segments;
	struct pe_block *blocks;
	u32 block_count;
	bool movable;
};

static void file_read(const struct image *image, u64 offset, u8 *to, size_t len)
{
	memset(to, 0, len);
	if (offset >= image->len)
		return;
	if (len > image->len - offset)
		len = image->len - offset;
	memcpy(to, image->file + offset, len);
}

static void image_read(const struct image *image, u32 rva, u8 *to, size_t len)
{
	while (len) {
		u64 offset;
		bool zero;
		size_t part = pe_where(&image->pe, image->segments, rva, len,
				       &offset, &zero);

		assert(part && part <= len);
		if (zero)
			memset(to, 0, part);
		else
			file_read(image, offset, to, part);
		rva += part;
		to += part;
		len -= part;
	}
}

static enum pe_status parse(struct image *image)
{
	u8 bytes[PE_NT_BYTES];
	enum pe_status status;
	u32 i, nt, end = 0;

	file_read(image, 0, bytes, PE_DOS_BYTES);
	status = pe_parse_dos(bytes, image->len < PE_DOS_BYTES ? image->len :
			      PE_DOS_BYTES, image->len, &nt);
	if (status)
		return status;
	file_read(image, nt, bytes, sizeof(bytes));
	status = pe_parse_nt(bytes, sizeof(bytes), nt, &image->pe);
	if (status)
		return status;
	image->segments = calloc(image->pe.sections + 1,
				 sizeof(*image->segments));
	for (i = 0; i < image->pe.sections; i++) {
		file_read(image, image->pe.section_table +
			  (u64)i * PE_SECTION_BYTES, bytes, PE_SECTION_BYTES);
		status = pe_parse_segment(&image->pe, bytes,
					  &image->segments[i], &end);
		if (status)
			return status;
		assert(end <= image->pe.size);
	}
	return PE_OK;
}

static u8 *block_entries(const struct image *image,
			 const struct pe_block *block)
{
	u8 *entries = malloc(2 * block->entries + 1);

	image_read(image, image->pe.relocations.rva + block->at, entries,
		   2 * block->entries);
	return entries;
}

static bool parse_block(struct image *image, struct pe_block *block)
{
	u8 *entries = block_entries(image, block);
	bool good = pe_check_entries(&image->pe, block, entries,
				     block->entries);

	free(entries);
	image->blocks = realloc(image->blocks, (image->block_count + 1) *
				sizeof(*block));
	image->blocks[image->block_count++] = *block;
	return good;
}

static bool parse_relocations(struct image *image)
{
	u32 size = image->pe.relocations.size;
	struct pe_block block;
	u32 at, len;
	u8 bytes[8];

	if (!pe_image_may_move(&image->pe))
		return false;
	for (at = 0; at + sizeof(bytes) <= size; at += len) {
		image_read(image, image->pe.relocations.rva + at, bytes,
			   sizeof(bytes));
		len = pe_parse_block(&image->pe, bytes, at, &block);
		if (!len)
			return true;
		if (len == PE_BLOCK_BAD || !parse_block(image, &block))
			return false;
	}
	return at == size;
}

static void relocate(const struct image *image, struct pe_page *page, u64 base)
{
	u32 i;

	memset(page->edge, 0, sizeof(page->edge));
	if (page->rva)
		image_read(image, page->rva - PE_EDGE, page->edge[0], PE_EDGE);
	if (page->rva + PE_PAGE < image->pe.size)
		image_read(image, page->rva + PE_PAGE, page->edge[1], PE_EDGE);
	pe_set_base(page, &image->pe, image->segments, base);
	for (i = 0; i < image->block_count; i++) {
		u8 *entries = block_entries(image, &image->blocks[i]);

		pe_relocate(page, base - image->pe.base, image->blocks[i].rva,
			    entries, image->blocks[i].entries);
		free(entries);
	}
}

/* As many times as the module would, with each page by itself. */
static void build(const struct image *image, u64 base, u8 *to)
{
	struct pe_page page = { .rva = 0 };

	for (; page.rva < image->pe.size; page.rva += PE_PAGE) {
		page.bytes = to + page.rva;
		image_read(image, page.rva, page.bytes, PE_PAGE);
		if (image->movable && base != image->pe.base)
			relocate(image, &page, base);
	}
}

/* Do any two relocations touch the same byte?  Then their order matters. */
static bool overlapping(const struct image *image)
{
	u8 *touched = calloc(1, image->pe.size);
	bool found = false;
	u32 i, j, k;

	for (i = 0; i < image->block_count; i++) {
		u8 *entries = block_entries(image, &image->blocks[i]);

		for (j = 0; j < image->blocks[i].entries; j++) {
			u32 entry = entries[2 * j] | entries[2 * j + 1] << 8;
			u32 width = entry >> 12 == 3 ? 4 :
				    entry >> 12 == 10 ? 8 : 0;
			u32 at = image->blocks[i].rva + (entry & 0xfff);

			for (k = 0; k < width; k++)
				found |= touched[at + k]++;
		}
		free(entries);
	}
	/* The field with the base is replaced. */
	for (k = 0; k < 8 && image->pe.base_field + k < image->pe.size; k++)
		found |= touched[image->pe.base_field + k];
	free(touched);
	return found;
}

static u32 cor_flags(const struct image *image)
{
	u8 bytes[PE_COR_BYTES];

	image_read(image, image->pe.cor.rva, bytes, sizeof(bytes));
	return pe_parse_cor(bytes);
}

static void compare_info(const struct image *image,
			 const struct pe_model_info *info)
{
	const struct pe_image *pe = &image->pe;

	assert(pe->base + pe->entry == info->transfer_address);
	assert(pe->stack_reserve == info->maximum_stack_size);
	assert(pe->stack_commit == info->committed_stack_size);
	assert(pe->subsystem == info->sub_system_type);
	assert(pe->subsystem_major == info->sub_system_major_version);
	assert(pe->subsystem_minor == info->sub_system_minor_version);
	assert(pe->os_major == info->major_operating_system_version);
	assert(pe->os_minor == info->minor_operating_system_version);
	assert(pe->characteristics == info->image_characteristics);
	assert(pe->dll_characteristics == info->dll_characteristics);
	assert(pe->machine == info->machine);
	assert(pe->checksum == info->check_sum);
	assert(pe_image_has_code(pe, image->segments) ==
	       info->image_contains_code);
	if (pe->managed && pe->cor.size >= PE_COR_BYTES)
		assert((cor_flags(image) & 1) == info->com_plus_il_only);
}

static void compare_owners(const struct image *image,
			   const struct pe_model *model)
{
	/* Of large ones some pages are enough. */
	size_t i, step = model->page_count / 512 + 1;

	for (i = 0; i < model->page_count && !image->pe.flat; i += step) {
		const struct pe_segment *segment =
			pe_segment_at(&image->pe, image->segments, i * PE_PAGE);

		assert(segment ? segment - image->segments ==
				 model->pages[i].owner :
				 model->pages[i].owner < 0);
	}
}

/* What is in gaps is for the model to leave alone, and for nobody to touch. */
static void compare(const struct image *image, const struct pe_model *model)
{
	u64 base = image->movable ? 0x123456780000ULL : image->pe.base;
	u8 *mine, *others;
	size_t i;

	if (!image->pe.plus)
		base &= 0x7fff0000;
	assert(image->pe.size == model->image_size);
	assert(image->pe.flat == model->flat);
	if (image->movable != model->relocatable) {
		fprintf(stderr, "movable: %d, and not for the model\n",
			image->movable);
		abort();
	}
	compare_info(image, &model->info);
	compare_owners(image, model);
	if (image->pe.size > BUILT_MAX ||
	    (image->movable && overlapping(image)))
		return;
	mine = malloc(image->pe.size);
	others = malloc(image->pe.size);
	build(image, base, mine);
	pe_model_image(model, base, others);
	for (i = 0; i < model->page_count; i++)
		assert(model->pages[i].protect & PE_MODEL_GAP ||
		       !memcmp(mine + i * PE_PAGE, others + i * PE_PAGE,
			       PE_PAGE));
	free(mine);
	free(others);
}

static bool same_status(enum pe_status mine, enum pe_model_status others)
{
	switch (others) {
	case PE_MODEL_OK:
		return mine == PE_OK;
	case PE_MODEL_EMPTY:
	case PE_MODEL_NOT_MZ:
		return mine == PE_NOT_MZ;
	case PE_MODEL_PROTECT:
		return mine == PE_PROTECT;
	case PE_MODEL_NE:
		return mine == PE_NE;
	case PE_MODEL_WIN_16:
		return mine == PE_WIN_16;
	case PE_MODEL_FORMAT:
		return mine == PE_FORMAT;
	case PE_MODEL_INVALID_FILE:
		return mine == PE_HEADERS || mine == PE_LAYOUT;
	default:
		return mine != PE_OK;
	}
}

static void check(const u8 *file, size_t len)
{
	struct image image = { .file = file, .len = len };
	enum pe_status status = parse(&image);
	struct pe_model model;

	pe_model_load(file, len, &model);
	if (!model.silent && !same_status(status, model.status)) {
		fprintf(stderr, "status %d, and the model says %s\n", status,
			pe_model_status_name(model.status));
		abort();
	}
	if (!status) {
		image.movable = parse_relocations(&image);
		if (!model.silent)
			compare(&image, &model);
		else if (image.pe.size <= BUILT_MAX) {
			u8 *bytes = malloc(image.pe.size);

			build(&image, 0x70000000, bytes);
			free(bytes);
		}
	}
	pe_model_free(&model);
	free(image.segments);
	free(image.blocks);
}

/* Small files, which are made once. */
static u8 *sample(uint8_t seed, size_t *len)
{
	static u8 *files[256];
	static size_t lens[256];
	struct pe_make make;
	uint64_t next = seed;
	u8 *copy;

	while (!files[seed]) {
		pe_make_random(&make, next);
		next += 256;
		if (make.size_of_image <= BUILT_MAX)
			files[seed] = pe_make_build(&make, &lens[seed]);
	}
	*len = lens[seed];
	copy = malloc(*len);
	memcpy(copy, files[seed], *len);
	return copy;
}

/*
 * Most inputs are changes to a good file: the first byte tells whether one that
 * must be refused comes first, the second is a seed of the file, the others are
 * triples of where to put what.  Or all but the first byte is the file.
 */
static void check_changed(const uint8_t *data, size_t size)
{
	unsigned int mutation = data[0] >> 1;
	size_t len, i;
	u8 *file = sample(data[1], &len);

	if (mutation < PE_MUTATIONS)
		pe_make_mutate(file, &len, mutation, data[1]);
	for (i = 2; i + 3 <= size; i += 3) {
		/* In the headers more often than anywhere else. */
		size_t at = data[i] | (data[i + 1] & 0x7f) << 8;

		if (!(data[i + 1] & 0x80))
			at %= 1024;
		if (at < len)
			file[at] = data[i + 2];
	}
	check(file, len);
	free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size >= 2 && data[0] & 1)
		check_changed(data, size);
	else if (size)
		check(data + 1, size - 1);
	return 0;
}

#pragma clang attribute pop
