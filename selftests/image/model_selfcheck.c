// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holds pe_model.c to examples computed by hand from the rows, to the
 * descriptions of random files, and to what the tools say of real DLLs.
 *
 *	gcc -O1 -g -Wall -Wextra -fsanitize=address,undefined \
 *		-o selfcheck model_selfcheck.c pe_model.c pe_make.c
 *	./selfcheck [seeds]
 *
 * No part of what is expected here comes from the model.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pe_format.h"
#include "pe_make.h"
#include "pe_model.h"

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

static int failures;
static const char *doing = "";
static uint64_t doing_seed;

static bool check(bool good, const char *what, int line)
{
	if (!good && ++failures <= 50)
		printf("line %d: %s (%s, seed %llu)\n", line, what, doing,
		       (unsigned long long)doing_seed);
	return good;
}

#define CHECK(condition)	check(condition, #condition, __LINE__)

/* A file, the model of it, and its image at a base. */
struct loaded {
	uint8_t *file;
	size_t len;
	struct pe_model model;
	uint8_t *image;
};

static void load(struct loaded *it)
{
	pe_model_load(it->file, it->len, &it->model);
	it->image = NULL;
}

static void load_made(struct loaded *it, const struct pe_make *make)
{
	it->file = pe_make_build(make, &it->len);
	load(it);
}

/* NULL where the file was refused, or is too large to be looked at. */
static uint8_t *image_at(struct loaded *it, uint64_t base)
{
	free(it->image);
	it->image = NULL;
	if (it->model.status != PE_MODEL_OK ||
	    it->model.image_size > 16 * 1024 * 1024)
		return NULL;
	it->image = malloc(it->model.image_size);
	if (!it->image)
		abort();
	pe_model_image(&it->model, base, it->image);
	return it->image;
}

static void unload(struct loaded *it)
{
	pe_model_free(&it->model);
	free(it->image);
	free(it->file);
}

static bool all_zero(const uint8_t *bytes, size_t count)
{
	while (count > 0)
		if (bytes[--count] != 0)
			return false;
	return true;
}

/* An image with one section; the fields not set are the layout's. */
static struct pe_make simple(uint32_t virtual_size, uint32_t raw_size)
{
	struct pe_make make = {
		.seed = 7,
		.plus = true,
		.dll_characteristics = PE_DLL_DYNAMIC_BASE,
		.image_base = 0x180000000,
		.section_count = 1,
		.sections[0] = {
			.name = ".one",
			.virtual_size = virtual_size,
			.raw_size = raw_size,
			.characteristics = PE_SCN_READ,
		},
	};

	return make;
}

/* I62: RVA 0x6000, VirtualSize 0x100, raw 0x400: data up to 0x63ff. */
static void check_short_virtual(void)
{
	struct pe_make make = simple(0x100, 0x400);
	struct loaded it;
	uint8_t *image;

	doing = "I62, short";
	make.sections[0].virtual_address = 0x6000;
	make.sections[0].raw_offset = 0x400;
	load_made(&it, &make);
	if (CHECK(it.model.status == PE_MODEL_OK)) {
		image = image_at(&it, make.image_base);
		CHECK(it.model.image_size == 0x7000);
		CHECK(it.model.page_count == 7);
		CHECK(!memcmp(image + 0x6000, it.file + 0x400, 0x400));
		CHECK(all_zero(image + 0x6400, 0xc00));
		CHECK(it.model.pages[0].protect == PE_MODEL_READONLY);
		CHECK(it.model.pages[1].protect == PE_MODEL_GAP);
		CHECK(it.model.pages[6].protect == PE_MODEL_READONLY);
		CHECK(all_zero(image + 0x1000, 0x5000));
	}
	unload(&it);
}

/* I62: what is over the page-rounded virtual size is not mapped. */
static void check_long_raw(void)
{
	struct pe_make make = simple(0x800, 0x3000);
	struct loaded it;
	uint8_t *image;

	doing = "I62, long";
	make.section_count = 2;
	make.sections[1].virtual_size = 0x1001;
	make.sections[1].virtual_address = 0x2000;
	make.sections[1].characteristics = PE_SCN_WRITE;
	load_made(&it, &make);
	if (CHECK(it.model.status == PE_MODEL_OK)) {
		image = image_at(&it, make.image_base);
		CHECK(it.model.image_size == 0x4000);
		CHECK(!memcmp(image + 0x1000, it.file + 0x200, 0x1000));
		CHECK(all_zero(image + 0x2000, 0x2000));
		CHECK(it.model.pages[2].owner == 1);
		CHECK(it.model.pages[3].protect == PE_MODEL_WRITECOPY);
	}
	unload(&it);
}

/* I63: raw data at 0x400 at RVA 0x2000; a zero second page. */
static void check_zero_page(void)
{
	struct pe_make make = simple(0x2000, 0x1000);
	struct loaded it;
	uint8_t *image;

	doing = "I63";
	make.section_alignment = 0x2000;
	make.sections[0].raw_offset = 0x400;
	load_made(&it, &make);
	if (CHECK(it.model.status == PE_MODEL_OK)) {
		image = image_at(&it, make.image_base);
		CHECK(it.model.image_size == 0x4000);
		CHECK(!memcmp(image + 0x2000, it.file + 0x400, 0x1000));
		CHECK(all_zero(image + 0x3000, 0x1000));
	}
	unload(&it);
}

/* I60: the offset down, the size up, each by itself, to 0x200. */
static void check_rounding(void)
{
	struct pe_make make = simple(0x1000, 0x201);
	struct loaded it;
	uint8_t *image;

	doing = "I60";
	make.file_alignment = 0x1000;
	make.sections[0].raw_offset = 0x15ff;
	make.file_size = 0x2000;
	load_made(&it, &make);
	if (CHECK(it.model.status == PE_MODEL_OK)) {
		image = image_at(&it, make.image_base);
		CHECK(!memcmp(image + 0x1000, it.file + 0x1400, 0x400));
		CHECK(all_zero(image + 0x1400, 0xc00));
	}
	unload(&it);
}

/* I60, where the file ends before the rounded size does. */
static void check_file_end(void)
{
	struct pe_make make = simple(0x1000, 0x3f0);
	struct loaded it;
	uint8_t *image;

	doing = "I60, end of file";
	make.sections[0].raw_offset = 0x400;
	make.file_size = 0x7f5;
	load_made(&it, &make);
	if (CHECK(it.model.status == PE_MODEL_OK)) {
		image = image_at(&it, make.image_base);
		CHECK(!memcmp(image + 0x1000, it.file + 0x400, 0x3f5));
		CHECK(all_zero(image + 0x13f5, 0xc0b));
		CHECK(it.model.info.image_file_size == 0x7f5);
	}
	unload(&it);
}

/* I61: without a virtual size, the raw size. */
static void check_no_virtual(void)
{
	struct pe_make make = simple(0, 0x1801);
	struct loaded it;
	uint8_t *image;

	doing = "I61";
	make.sections[0].raw_offset = 0x200;
	make.file_size = 0x4000;
	load_made(&it, &make);
	if (CHECK(it.model.status == PE_MODEL_OK)) {
		image = image_at(&it, make.image_base);
		CHECK(it.model.image_size == 0x3000);
		CHECK(it.model.pages[2].owner == 0);
		CHECK(!memcmp(image + 0x1000, it.file + 0x200, 0x1a00));
		CHECK(all_zero(image + 0x2a00, 0x600));
	}
	unload(&it);
}

/* I64, headers of less and of more than a page. */
static void check_headers(void)
{
	struct pe_make make = simple(0x1000, 0x1000);
	struct loaded it;
	uint8_t *image;

	doing = "I64";
	make.size_of_headers = 0x333;
	make.sections[0].raw_offset = 0x400;
	load_made(&it, &make);
	if (CHECK(it.model.status == PE_MODEL_OK)) {
		image = image_at(&it, make.image_base);
		CHECK(!memcmp(image, it.file, 0x333));
		CHECK(all_zero(image + 0x333, 0xccd));
	}
	unload(&it);

	doing = "I64, two pages";
	make.size_of_headers = 0x1200;
	make.e_lfanew = 0xf80;
	make.sections[0].raw_offset = 0x1200;
	load_made(&it, &make);
	if (CHECK(it.model.status == PE_MODEL_OK)) {
		image = image_at(&it, make.image_base);
		CHECK(!memcmp(image, it.file, 0x1200));
		CHECK(all_zero(image + 0x1200, 0xe00));
		CHECK(it.model.pages[1].protect == PE_MODEL_READONLY);
		CHECK(!memcmp(image + 0x2000, it.file + 0x1200, 0x1000));
	}
	unload(&it);
}

/* I12, I27, I50 */
static void check_flat(void)
{
	struct pe_make make = simple(0x1500, 0x300);
	struct loaded it;
	uint8_t *image;

	doing = "I50";
	make.section_alignment = 0x200;
	make.sections[0].virtual_address = 0x400;
	make.sections[0].raw_offset = 0x400;
	make.file_size = 0x900;
	load_made(&it, &make);
	if (CHECK(it.model.status == PE_MODEL_OK)) {
		image = image_at(&it, make.image_base + 0x10000);
		CHECK(it.model.flat && it.model.info.image_mapped_flat);
		CHECK(!it.model.relocatable);
		CHECK(it.model.info.image_contains_code);
		CHECK(!it.model.info.image_dynamically_relocated);
		CHECK(it.model.image_size == 0x2000);
		CHECK(it.model.pages[0].protect == PE_MODEL_EXECUTE_WRITECOPY);
		CHECK(it.model.pages[1].protect == PE_MODEL_EXECUTE_WRITECOPY);
		CHECK(!memcmp(image, it.file, 0x900));
		CHECK(all_zero(image + 0x900, 0x1700));
	}
	unload(&it);

	doing = "I12";
	make.sections[0].raw_offset = 0x600;
	load_made(&it, &make);
	CHECK(it.model.status == PE_MODEL_BAD);
	unload(&it);
}

/* I41-I46, I51 */
static void check_protections(void)
{
	static const struct {
		uint32_t characteristics;
		uint8_t protect, shared;
	} rows[] = {
		{ 0, 0, 0 },
		{ PE_SCN_READ, 0x1, 0x1 },
		{ PE_SCN_WRITE, 0xb, 0x13 },
		{ PE_SCN_READ | PE_SCN_WRITE, 0xb, 0x13 },
		{ PE_SCN_EXECUTE, 0x4, 0x4 },
		{ PE_SCN_EXECUTE | PE_SCN_READ, 0x5, 0x5 },
		{ PE_SCN_EXECUTE | PE_SCN_WRITE, 0xf, 0x17 },
		{ PE_SCN_EXECUTE | PE_SCN_READ | PE_SCN_WRITE, 0xf, 0x17 },
	};
	struct pe_make make = simple(0x100, 0x100);
	struct loaded it;
	uint32_t i, more;

	doing = "I41-I46, I51";
	for (i = 0; i < 4 * ARRAY_SIZE(rows); i++) {
		more = (i & 1 ? PE_SCN_SHARED : 0) |
		       (i & 2 ? PE_SCN_NOLOAD : 0);	/* I49 */
		doing_seed = i;
		make.sections[0].characteristics =
			rows[i / 4].characteristics | more;
		load_made(&it, &make);
		if (CHECK(it.model.status == PE_MODEL_OK))
			CHECK(it.model.pages[1].protect ==
			      (i & 1 ? rows[i / 4].shared :
				       rows[i / 4].protect));
		unload(&it);
	}
}

/*
 * An image with room for what check_relocation() writes: sections at 0x1000
 * and 0x3000 (raw 0x400 and 0x2400), and the directory at 0x4000 (raw 0x3400).
 */
static struct pe_make movable(void)
{
	struct pe_make make = simple(0x2000, 0x2000);

	doing_seed = 0;
	make.section_count = 3;
	make.size_of_headers = 0x400;
	make.sections[1] = make.sections[0];
	make.sections[1].virtual_size = 0x1000;
	make.sections[1].raw_size = 0x1000;
	make.sections[2] = make.sections[1];
	make.sections[2].raw_size = 0x200;
	make.reloc_section = 3;
	return make;
}

struct patch {
	uint32_t offset;
	uint32_t count;
	uint8_t bytes[24];
};

static void patch(struct loaded *it, const struct patch *patch)
{
	memcpy(it->file + patch->offset, patch->bytes, patch->count);
}

/* I74, and a value that straddles two pages, and one two sections. */
static void check_relocation(void)
{
	/* The delta is 0x1'0002'0000. */
	static const struct patch before[] = {
		{ 0x400, 8, { 0xff, 0xff, 0xfe, 0xff, 0xff, 0, 0, 0 } },
		{ 0x13fd, 8, { 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
		{ 0x23fe, 4, { 1, 2, 0xff, 0xff } },
		{ 0x33f8, 8, { 1, 0, 0, 0x80, 1, 0, 0, 0 } },
	};
	static const struct patch after[] = {
		{ 0x1000, 8, { 0xff, 0xff, 0, 0, 1, 1, 0, 0 } },
		{ 0x1ffd, 8, { 0, 0, 1, 0, 1, 0, 0, 0 } },
		{ 0x2ffe, 4, { 1, 2, 1, 0 } },
		{ 0x3ff8, 8, { 1, 0, 2, 0x80, 2, 0, 0, 0 } },
	};
	static const struct pe_make_reloc relocs[] = {
		{ 0x1000, PE_REL_DIR64 }, { 0x1ffd, PE_REL_DIR64 },
		{ 0x2ffe, PE_REL_HIGHLOW }, { 0x3ff8, PE_REL_DIR64 },
	};
	struct pe_make make = movable();
	uint8_t *image, *expected;
	struct loaded it;
	uint32_t i, layout;

	doing = "I74";
	memcpy(make.relocs, relocs, sizeof(relocs));
	make.reloc_count = ARRAY_SIZE(relocs);
	for (layout = 0; layout < 0x20; layout++) {
		doing_seed = layout;
		make.reloc_layout = layout;
		load_made(&it, &make);
		for (i = 0; i < ARRAY_SIZE(before); i++)
			patch(&it, &before[i]);
		if (CHECK(it.model.status == PE_MODEL_OK) &&
		    CHECK(it.model.relocatable)) {
			expected = calloc(1, it.model.image_size);
			image = image_at(&it, make.image_base);
			memcpy(expected, image, it.model.image_size);
			for (i = 0; i < ARRAY_SIZE(after); i++)
				memcpy(expected + after[i].offset,
				       after[i].bytes, after[i].count);
			/* 0x180000000 + 0x100020000, at 0x80 + 24 + 24 */
			memcpy(expected + 0xb0, "\0\0\2\x80\2\0\0\0", 8);
			image = image_at(&it, 0x280020000);
			CHECK(!memcmp(image, expected, it.model.image_size));
			free(expected);
		}
		unload(&it);
	}
	doing_seed = 0;
}

/* The same in PE32: the field of 4 bytes at 0x80 + 24 + 28. */
static void check_relocation_32(void)
{
	struct pe_make make = movable();
	uint8_t *image;
	struct loaded it;

	doing = "I74, PE32";
	make.plus = false;
	make.image_base = 0x10000000;
	make.relocs[0].rva = 0x1ffe;
	make.relocs[0].type = PE_REL_HIGHLOW;
	make.reloc_count = 1;
	load_made(&it, &make);
	patch(&it, &(struct patch){ 0x13fd, 6, { 9, 1, 2, 3, 0xf0, 9 } });
	if (CHECK(it.model.status == PE_MODEL_OK) &&
	    CHECK(it.model.relocatable)) {
		/* down by 0x0fff0000: f0030201 - 0fff0000 = e0040201 */
		image = image_at(&it, 0x10000);
		CHECK(!memcmp(image + 0x1ffd, "\x09\x01\x02\x04\xe0\x09", 6));
		CHECK(!memcmp(image + 0xb4, "\0\0\1\0", 4));
		CHECK(!memcmp(image + 0x2003, it.file + 0x1403, 0xffd));
	}
	unload(&it);
}

/*
 * Directories by hand, at 0x4000 of an image of 0x5000, most of them malformed:
 * then nothing at all is changed, wherever the image is.
 */
static void check_directories(void)
{
	static const struct {
		const char *what;
		bool good;
		uint32_t size;
		uint8_t bytes[24];
	} rows[] = {
		{ "good", true, 12, { 0, 0x10, 0, 0, 12, 0, 0, 0, 0, 0xa0 } },
		{ "not of 4", true, 10,
		  { 0, 0x10, 0, 0, 10, 0, 0, 0, 0, 0xa0 } },
		{ "empty block", true, 8, { 0, 0x10, 0, 0, 8 } },
		{ "size 0 ends", true, 24,
		  { 0, 0x10, 0, 0, 10, 0, 0, 0, 0, 0xa0,
		    1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 7, 8, 9, 10 } },
		{ "ABSOLUTE outside", true, 10,
		  { 0, 0, 0, 0xff, 10, 0, 0, 0, 0, 0 } },
		{ "last byte", true, 10,
		  { 0, 0x40, 0, 0, 10, 0, 0, 0, 0xf8, 0xaf } },
		{ "over the end", false, 10,
		  { 0, 0x40, 0, 0, 10, 0, 0, 0, 0xf9, 0xaf } },
		{ "HIGHLOW over the end", false, 10,
		  { 0, 0x40, 0, 0, 10, 0, 0, 0, 0xfd, 0x3f } },
		{ "size 4", false, 12, { 0, 0x10, 0, 0, 4 } },
		{ "odd size", false, 12,
		  { 0, 0x10, 0, 0, 11, 0, 0, 0, 0, 0xa0 } },
		{ "odd size to the end", false, 11,
		  { 0, 0x10, 0, 0, 11, 0, 0, 0, 0, 0xa0 } },
		{ "past the directory", false, 12,
		  { 0, 0x10, 0, 0, 14, 0, 0, 0, 0, 0xa0 } },
		{ "cut header", false, 14,
		  { 0, 0x10, 0, 0, 12, 0, 0, 0, 0, 0xa0 } },
		{ "HIGH", false, 12, { 0, 0x10, 0, 0, 10, 0, 0, 0, 0, 0x10 } },
		{ "no type", false, 12,
		  { 0, 0x10, 0, 0, 12, 0, 0, 0, 0, 0xa0, 0, 0xf0 } },
		{ "outside", false, 12,
		  { 0, 0x50, 0, 0, 12, 0, 0, 0, 0, 0xa0 } },
		{ "wraps", false, 12,
		  { 0, 0xf8, 0xff, 0xff, 12, 0, 0, 0, 0xff, 0xaf } },
		{ "no size", false, 0, { 0 } },
		{ "past the image", false, 0x1001, { 0 } },
	};
	struct pe_make make = movable();
	struct loaded it;
	uint8_t *before;
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		doing = rows[i].what;
		it.file = pe_make_build(&make, &it.len);
		memcpy(it.file + 0x3400, rows[i].bytes, 24);
		/* directory 5 of PE32+ */
		memcpy(it.file + 0x80 + 24 + 112 + 40 + 4, &rows[i].size, 4);
		memcpy(it.file + 0x80 + 24 + 112 + 40, "\0\x40\0\0", 4);
		load(&it);
		CHECK(it.model.status == PE_MODEL_OK);
		CHECK(it.model.relocatable == rows[i].good);
		before = image_at(&it, make.image_base);
		it.image = NULL;
		image_at(&it, make.image_base + 0x10000);
		CHECK(rows[i].good ==
		      !!memcmp(before, it.image, it.model.image_size));
		free(before);
		unload(&it);
	}
}

/* A directory is there only if the header has so many and room for it. */
static void check_few_directories(void)
{
	static const char entry[8] = { 0, 0x40, 0, 0, 10, 0, 0, 0 };
	static const uint8_t block[] = { 0, 0x10, 0, 0, 10, 0, 0, 0, 0, 0xa0 };
	struct pe_make make = movable();
	struct loaded it;

	doing = "few directories";
	make.relocs[0].rva = 0x1000;
	make.relocs[0].type = PE_REL_DIR64;
	make.reloc_count = 1;
	it.file = pe_make_build(&make, &it.len);
	it.file[0x80 + 24 + 108] = 6;
	load(&it);
	CHECK(it.model.relocatable);
	pe_model_free(&it.model);
	it.file[0x80 + 24 + 108] = 5;
	load(&it);
	CHECK(it.model.status == PE_MODEL_OK && !it.model.relocatable);
	unload(&it);

	/* What looks like the entry is the first section's name. */
	make.reloc_section = 0;
	make.directories = 5;
	memcpy(make.sections[0].name, entry, 8);
	it.file = pe_make_build(&make, &it.len);
	memcpy(it.file + 0x3400, block, sizeof(block));
	it.file[0x80 + 24 + 108] = 16;
	load(&it);
	CHECK(it.model.status == PE_MODEL_OK && !it.model.relocatable);
	unload(&it);
}

/* Decided: a raw offset of 0 is no data.  By I60, one of 0x1ff is 0. */
static void check_no_offset(void)
{
	struct pe_make make = simple(0x1000, 0x200);
	struct loaded it;
	uint8_t *image;

	doing = "raw offset 0";
	make.sections[0].raw_offset = 0x1ff;
	make.file_size = 0x400;
	load_made(&it, &make);
	if (CHECK(it.model.status == PE_MODEL_OK)) {
		image = image_at(&it, make.image_base);
		CHECK(!memcmp(image + 0x1000, it.file, 0x200));
		CHECK(!it.model.silent);
	}
	/* in the header at 0x80 + 24 + 240 */
	memset(it.file + 0x188 + 20, 0, 4);
	pe_model_free(&it.model);
	free(it.image);
	load(&it);
	if (CHECK(it.model.status == PE_MODEL_OK)) {
		image = image_at(&it, make.image_base);
		CHECK(all_zero(image + 0x1000, 0x1000));
		CHECK(it.model.silent);
	}
	unload(&it);
}

/* What must keep an image from being relocated. */
static void check_not_movable(void)
{
	struct pe_make make = movable(), other;
	struct loaded it;

	doing = "not relocatable";
	make.relocs[0].rva = 0x1000;
	make.relocs[0].type = PE_REL_DIR64;
	make.reloc_count = 1;
	load_made(&it, &make);
	CHECK(it.model.relocatable);
	CHECK(!it.model.info.image_contains_code);		/* I26 */
	CHECK(it.model.info.image_dynamically_relocated);	/* I28 */
	CHECK(it.model.info.loader_flags == 0);			/* I25 */
	unload(&it);

	other = make;
	other.dll_characteristics = 0;
	load_made(&it, &other);
	CHECK(!it.model.relocatable);
	CHECK(!it.model.info.image_dynamically_relocated);
	unload(&it);

	other = make;
	other.characteristics = PE_FILE_RELOCS_STRIPPED;
	load_made(&it, &other);
	CHECK(!it.model.relocatable);
	CHECK(!it.model.info.image_dynamically_relocated);
	unload(&it);

	/* Code alone is enough for the flag, not for a relocation. */
	other.entry = 0x1000;
	load_made(&it, &other);
	CHECK(!it.model.relocatable);
	CHECK(it.model.info.image_contains_code);
	CHECK(it.model.info.image_dynamically_relocated);
	unload(&it);

	other = make;
	other.com_section = 1;
	other.com_flags = PE_COM_IL_ONLY;
	load_made(&it, &other);
	CHECK(!it.model.relocatable);
	CHECK(!it.model.info.image_dynamically_relocated);
	CHECK(it.model.info.loader_flags == 1);			/* I25 */
	CHECK(it.model.info.com_plus_il_only);			/* I29 */
	unload(&it);
}

/* The rows' statuses, I1-I11. */
static const enum pe_model_status mutated[PE_MUTATIONS] = {
	[PE_MUTATE_EMPTY] = PE_MODEL_EMPTY,
	[PE_MUTATE_SHORT] = PE_MODEL_NOT_MZ,
	[PE_MUTATE_MZ] = PE_MODEL_NOT_MZ,
	[PE_MUTATE_LFANEW] = PE_MODEL_PROTECT,
	[PE_MUTATE_LFANEW_END] = PE_MODEL_PROTECT,
	[PE_MUTATE_SIGNATURE] = PE_MODEL_PROTECT,
	[PE_MUTATE_NE] = PE_MODEL_NE,
	[PE_MUTATE_NE_WINDOWS] = PE_MODEL_WIN_16,
	[PE_MUTATE_NE_5] = PE_MODEL_PROTECT,
	[PE_MUTATE_MAGIC] = PE_MODEL_FORMAT,
	[PE_MUTATE_MACHINE] = PE_MODEL_FORMAT,
	[PE_MUTATE_CONTRADICTION] = PE_MODEL_FORMAT,
	[PE_MUTATE_ARM] = PE_MODEL_FORMAT,
	[PE_MUTATE_HEADERS] = PE_MODEL_INVALID_FILE,
	[PE_MUTATE_NO_IMAGE] = PE_MODEL_BAD,
	[PE_MUTATE_SMALL_IMAGE] = PE_MODEL_BAD,
	[PE_MUTATE_ALIGNMENT] = PE_MODEL_BAD,
	[PE_MUTATE_FLAT] = PE_MODEL_BAD,
};

static uint32_t mutations_done[PE_MUTATIONS];

static void check_mutation(const struct pe_make *make,
			   enum pe_mutation mutation, uint64_t seed)
{
	struct loaded it;
	uint8_t *file;
	size_t len;

	file = pe_make_build(make, &len);
	if (pe_make_mutate(file, &len, mutation, seed) == 0) {
		mutations_done[mutation]++;
		/* In a block of its size, for the sanitizer. */
		it.file = malloc(len ? len : 1);
		it.len = len;
		memcpy(it.file, file, len);
		load(&it);
		if (!CHECK(it.model.status == mutated[mutation]))
			printf("\tmutation %d: %s\n", mutation,
			       pe_model_status_name(it.model.status));
		CHECK(!it.model.silent);
		unload(&it);
	}
	free(file);
}

/* What a description says of memory, written forwards. */
static void expect_section(const struct pe_make *make, uint32_t number,
			   const uint8_t *file, uint8_t *image)
{
	const struct pe_make_section *section = &make->sections[number];
	uint64_t from = section->raw_offset & ~0x1ffU;
	uint64_t size = (section->raw_size + 0x1ffU) & ~0x1ffU;
	uint64_t room = section->virtual_size ? section->virtual_size :
						section->raw_size;

	room = (room + 0xfff) & ~0xfffULL;
	if (size > room)
		size = room;
	if (from >= make->file_size)
		return;
	if (size > make->file_size - from)
		size = make->file_size - from;
	memcpy(image + section->virtual_address, file + from, size);
}

static void expect_image(const struct pe_make *make, const uint8_t *file,
			 uint8_t *image, size_t image_size)
{
	size_t size = make->size_of_headers;
	uint32_t i;

	memset(image, 0, image_size);
	if (make->section_alignment < 0x1000)
		size = image_size;
	if (size > make->file_size)
		size = make->file_size;
	memcpy(image, file, size);
	if (make->section_alignment >= 0x1000)
		for (i = 0; i < make->section_count; i++)
			expect_section(make, i, file, image);
}

static bool expect_movable(const struct pe_make *make)
{
	return make->section_alignment >= 0x1000 &&
	       (make->dll_characteristics & 0x40) && !make->com_section &&
	       !(make->characteristics & 1) && make->reloc_section &&
	       (make->reloc_count || make->reloc_layout & PE_RELOC_ENDED);
}

/* The machine's own arithmetic: x86 is little-endian, too. */
static void expect_relocated(const struct pe_make *make, uint8_t *image,
			     uint64_t base)
{
	uint64_t delta = base - make->image_base, wide;
	uint32_t i, narrow;

	for (i = 0; i < make->reloc_count; i++) {
		uint8_t *at = image + make->relocs[i].rva;

		if (make->relocs[i].type == PE_REL_DIR64) {
			memcpy(&wide, at, 8);
			wide += delta;
			memcpy(at, &wide, 8);
		} else {
			memcpy(&narrow, at, 4);
			narrow += delta;
			memcpy(at, &narrow, 4);
		}
	}
	memcpy(image + make->e_lfanew + (make->plus ? 48 : 52), &base,
	       make->plus ? 8 : 4);
}

/* I20-I28 */
static void check_info(const struct pe_make *make, const struct pe_model *model)
{
	const struct pe_model_info *info = &model->info;
	bool code = make->size_of_code || make->entry ||
		    make->section_alignment < 0x1000;
	uint32_t i;

	for (i = 0; i < make->section_count; i++)
		if (make->sections[i].characteristics & PE_SCN_EXECUTE)
			code = true;
	CHECK(info->transfer_address == make->image_base + make->entry);
	CHECK(info->zero_bits == 0);
	CHECK(info->maximum_stack_size == make->stack_reserve);
	CHECK(info->committed_stack_size == make->stack_commit);
	CHECK(info->sub_system_type == make->subsystem);
	CHECK(info->sub_system_major_version == make->major_subsystem);
	CHECK(info->sub_system_minor_version == make->minor_subsystem);
	CHECK(info->major_operating_system_version == make->major_os);
	CHECK(info->minor_operating_system_version == make->minor_os);
	CHECK(info->image_characteristics == make->characteristics);
	CHECK(info->dll_characteristics == make->dll_characteristics);
	CHECK(info->machine == (make->plus ? 0x8664 : 0x14c));
	CHECK(info->check_sum == make->checksum);
	CHECK(info->image_file_size == make->file_size);
	CHECK(info->loader_flags == !!make->com_section);
	CHECK(info->com_plus_il_only ==
	      (make->com_section && make->com_flags & PE_COM_IL_ONLY));
	CHECK(info->image_contains_code == code);
	CHECK(info->image_mapped_flat == (make->section_alignment < 0x1000));
	CHECK(info->image_dynamically_relocated ==
	      (make->dll_characteristics & 0x40 && !make->com_section &&
	       make->section_alignment >= 0x1000 &&
	       (code || expect_movable(make))));
}

/* What the random files were like: each must have been there. */
static struct {
	uint32_t flat, moved, stripped, straddling, cut, skewed, same, no_size;
	uint32_t com, many, none, long_headers, relocs;
	uint32_t flips_valid, flips_refused, flips_silent;
} seen;

static void count_seen(const struct pe_make *make)
{
	uint32_t i;

	seen.flat += make->section_alignment < 0x1000;
	seen.moved += expect_movable(make);
	seen.stripped += make->characteristics & 1;
	seen.com += !!make->com_section;
	seen.many += make->section_count > 20;
	seen.none += make->section_count == 0;
	seen.long_headers += make->size_of_headers > 0x1000;
	seen.relocs += make->reloc_count;
	for (i = 0; i < make->section_count; i++) {
		seen.skewed += make->sections[i].raw_skew != 0;
		seen.same += make->sections[i].same_raw_as != 0;
		seen.no_size += make->sections[i].virtual_size == 0;
		seen.cut += make->sections[i].raw_offset +
			    make->sections[i].raw_size > make->file_size;
	}
	for (i = 0; i < make->reloc_count; i++)
		seen.straddling += (make->relocs[i].rva & 0xfff) +
			(make->relocs[i].type == PE_REL_DIR64 ? 8 : 4) > 0x1000;
}

/* I40-I46, I49-I51, I65 */
static uint8_t expect_protection(const struct pe_make *make, uint64_t rva)
{
	/* by the X, R and W bits, as they are at the top of the field */
	static const uint8_t private[] = { 0, 4, 1, 5, 11, 15, 11, 15 };
	static const uint8_t shared[] = { 0, 4, 1, 5, 19, 23, 19, 23 };
	const struct pe_make_section *section;
	uint64_t size;
	uint32_t i;

	if (make->section_alignment < 0x1000)
		return PE_MODEL_EXECUTE_WRITECOPY;
	if (rva < make->size_of_headers)
		return PE_MODEL_READONLY;
	for (i = 0; i < make->section_count; i++) {
		section = &make->sections[i];
		size = section->virtual_size ? section->virtual_size :
					       section->raw_size;
		if (rva >= section->virtual_address &&
		    rva < section->virtual_address + size)
			return section->characteristics & PE_SCN_SHARED ?
			       shared[section->characteristics >> 29] :
			       private[section->characteristics >> 29];
	}
	return PE_MODEL_GAP;
}

static void check_pages(const struct pe_make *make,
			const struct pe_model *model)
{
	size_t i;

	for (i = 0; i < model->page_count; i++)
		CHECK(model->pages[i].protect ==
		      expect_protection(make, i * 0x1000));
}

static void check_valid(const struct pe_make *make)
{
	uint64_t base = make->plus ? 0x7ff612340000 : 0x7fed0000;
	uint64_t size = (make->size_of_image + 0xfffULL) & ~0xfffULL;
	struct loaded it;
	uint8_t *expected;

	load_made(&it, make);
	CHECK(it.len == make->file_size);
	if (!CHECK(it.model.status == PE_MODEL_OK)) {
		unload(&it);
		return;
	}
	CHECK(!it.model.silent);
	CHECK(it.model.size_of_image == make->size_of_image);
	CHECK(it.model.page_count == size / 0x1000);
	CHECK(it.model.base == make->image_base);
	CHECK(it.model.flat == (make->section_alignment < 0x1000));
	CHECK(it.model.relocatable == expect_movable(make));
	check_info(make, &it.model);
	check_pages(make, &it.model);

	expected = malloc(size);
	expect_image(make, it.file, expected, size);
	CHECK(!memcmp(image_at(&it, make->image_base), expected, size));
	if (expect_movable(make))
		expect_relocated(make, expected, base);
	CHECK(!memcmp(image_at(&it, base), expected, size));
	free(expected);
	unload(&it);
}

/* Mostly in the headers, of which the DOS header has but two fields. */
static uint32_t flip_offset(const struct pe_make *make, uint64_t *state)
{
	uint32_t headers = 24 + 240 + 40 * make->section_count;

	switch (pe_make_next(state) % 8) {
	case 0:
		return pe_make_next(state) % 0x40;
	case 1:
	case 2:
		if (make->reloc_section)
			return make->sections[make->reloc_section - 1]
				.raw_offset / 0x200 * 0x200 +
				pe_make_next(state) % 64;
		return pe_make_next(state) % make->file_size;
	case 3:		/* the first section's header */
		return make->e_lfanew + 24 + (make->plus ? 240 : 224) +
		       pe_make_next(state) % 40;
	case 4:
		return make->e_lfanew + pe_make_next(state) % headers;
	default:
		return make->e_lfanew + pe_make_next(state) % 240;
	}
}

/* Anything may come of it, but no access where there is nothing. */
static void check_flips(const struct pe_make *make, uint64_t seed)
{
	uint64_t state = ~seed;
	struct loaded it;
	uint32_t i, at;
	uint8_t *file;

	file = pe_make_build(make, &it.len);
	if (pe_make_next(&state) % 8 == 0)
		it.len = pe_make_next(&state) % (it.len + 1);
	/* In a block of its size, for the sanitizer. */
	it.file = malloc(it.len ? it.len : 1);
	memcpy(it.file, file, it.len);
	free(file);
	for (i = 1 + pe_make_next(&state) % 4; i > 0; i--) {
		at = flip_offset(make, &state);
		if (at < it.len)
			it.file[at] ^= pe_make_next(&state) % 4 ?
				1ULL << pe_make_next(&state) % 8 :
				pe_make_next(&state) % 256;
	}
	load(&it);
	image_at(&it, it.model.base + 0x123450000);
	if (it.model.silent)
		seen.flips_silent++;
	else if (it.model.status == PE_MODEL_OK)
		seen.flips_valid++;
	else
		seen.flips_refused++;
	unload(&it);
}

static void check_random(uint64_t seeds)
{
	struct pe_make make;
	uint64_t seed;
	int i;

	doing = "random";
	for (seed = 1; seed <= seeds; seed++) {
		doing_seed = seed;
		pe_make_random(&make, seed);
		count_seen(&make);
		check_valid(&make);
		check_mutation(&make, seed % PE_MUTATIONS, seed);
		check_flips(&make, seed);
	}
	doing_seed = 0;
	doing = "what random files there were";
	if (seeds < 1000)
		return;
	for (i = 0; i < PE_MUTATIONS; i++)
		CHECK(mutations_done[i] > 0);
	CHECK(seen.flat && seen.moved && seen.stripped && seen.straddling);
	CHECK(seen.cut && seen.skewed && seen.same && seen.no_size);
	CHECK(seen.com && seen.many && seen.none && seen.long_headers);
	printf("flat %u moved %u stripped %u straddling %u/%u cut %u\n",
	       seen.flat, seen.moved, seen.stripped, seen.straddling,
	       seen.relocs, seen.cut);
	printf("skewed %u same %u no size %u com %u many %u none %u long %u\n",
	       seen.skewed, seen.same, seen.no_size, seen.com, seen.many,
	       seen.none, seen.long_headers);
	printf("flips: valid %u refused %u rows are silent %u\n",
	       seen.flips_valid, seen.flips_refused, seen.flips_silent);
}

/* Real DLLs */

static const char dll_source[] =
	"__declspec(dllexport) int v[3] = { 1, 2, 3 };\n"
	"__declspec(dllexport) int *p[1200] = { v, [599] = v + 1,\n"
	"	[1199] = v + 2 };\n"
	"static char zero[10000];\n"
	"__declspec(dllexport) char *f(int i) { return &zero[*p[i]]; }\n";

/* What mkdtemp() makes of it. */
static char directory[32] = "/tmp/selfcheck.XXXXXX";

static int run(const char *command)
{
	return system(command);
}

static void read_file(struct loaded *it, const char *name)
{
	FILE *file = fopen(name, "r");
	long len;

	if (!file || fseek(file, 0, SEEK_END) < 0)
		abort();
	len = ftell(file);
	rewind(file);
	it->len = len;
	it->file = malloc(len);
	if (!it->file || fread(it->file, 1, len, file) != it->len)
		abort();
	fclose(file);
}

/* One line of "objdump -p": a field's name and value, in hex. */
static void check_field(const char *line, const struct pe_model *model)
{
	const struct pe_model_info *info = &model->info;
	const struct {
		const char *name;
		uint64_t value;
	} fields[] = {
		{ "Characteristics", info->image_characteristics },
		{ "AddressOfEntryPoint", info->transfer_address - model->base },
		{ "ImageBase", model->base },
		{ "MajorOSystemVersion", info->major_operating_system_version },
		{ "MinorOSystemVersion", info->minor_operating_system_version },
		{ "MajorSubsystemVersion", info->sub_system_major_version },
		{ "MinorSubsystemVersion", info->sub_system_minor_version },
		{ "SizeOfImage", model->size_of_image },
		{ "CheckSum", info->check_sum },
		{ "Subsystem", info->sub_system_type },
		{ "DllCharacteristics", info->dll_characteristics },
		{ "SizeOfStackReserve", info->maximum_stack_size },
		{ "SizeOfStackCommit", info->committed_stack_size },
	};
	unsigned long long value;
	char name[64];
	uint32_t i;

	if (sscanf(line, "%63s %llx", name, &value) != 2)
		return;
	for (i = 0; i < ARRAY_SIZE(fields); i++)
		if (!strcmp(name, fields[i].name)) {
			doing = fields[i].name;
			CHECK(value == fields[i].value);
			doing_seed++;
		}
}

/* What a section must be by the flags that "objdump -h" prints. */
static void check_dll_section(struct loaded *it, const char *line,
			      const char *flags)
{
	unsigned long long size, address, offset;
	uint8_t *image = it->image;
	uint8_t expected;
	char name[64];

	if (sscanf(line, " %*d %63s %llx %llx %*x %llx", name, &size, &address,
		   &offset) != 4)
		return;
	doing = name;
	address -= it->model.base;
	expected = PE_MODEL_R;
	if (!strstr(flags, "READONLY"))
		expected |= PE_MODEL_W | PE_MODEL_COPY;
	if (strstr(flags, "CODE"))
		expected |= PE_MODEL_X;
	CHECK(it->model.pages[address / 0x1000].protect == expected);
	CHECK(it->model.pages[(address + size - 1) / 0x1000].protect ==
	      expected);
	if (strstr(flags, "CONTENTS"))
		CHECK(!memcmp(image + address, it->file + offset, size));
	else
		CHECK(all_zero(image + address, size));
	doing_seed++;
}

static FILE *open_objdump(const char *option, const char *name)
{
	char command[256];
	FILE *out;

	snprintf(command, sizeof(command), "objdump %s %s", option, name);
	out = popen(command, "r");
	if (!out)
		abort();
	return out;
}

/* Applies what "objdump -p" lists; returns how many there were. */
static int objdump_relocate(const char *line, uint8_t *image, uint64_t delta)
{
	uint64_t wide;
	unsigned int rva;
	char type[16];

	if (sscanf(line, " reloc %*d offset %*x [%x] %15s", &rva, type) != 2 ||
	    !strcmp(type, "ABSOLUTE"))
		return 0;
	memcpy(&wide, image + rva, strcmp(type, "DIR64") ? 4 : 8);
	wide += delta;
	memcpy(image + rva, &wide, strcmp(type, "DIR64") ? 4 : 8);
	return 1;
}

static void check_dll_moved(struct loaded *it, const char *name, bool dynamic)
{
	uint64_t base = it->model.plus ? 0x7ffabcde0000 : 0x7abc0000;
	uint64_t size = it->model.image_size;
	uint32_t field = it->file[0x3c] + it->file[0x3d] * 256 + 24 +
			 (it->model.plus ? 24 : 28);
	FILE *out = open_objdump("-p", name);
	uint8_t *expected = malloc(size);
	char line[256];
	int count = 0;

	doing = "moved DLL";
	memcpy(expected, image_at(it, it->model.base), size);
	if (dynamic) {
		while (fgets(line, sizeof(line), out))
			count += objdump_relocate(line, expected,
						  base - it->model.base);
		CHECK(count > 3);
		memcpy(expected + field, &base, it->model.plus ? 8 : 4);
	}
	CHECK(!memcmp(image_at(it, base), expected, size));
	printf("%s: %d relocations\n", name, count);
	free(expected);
	pclose(out);
}

static void check_dll(const char *name, bool dynamic)
{
	char line[256], flags[256];
	struct loaded it;
	FILE *out;

	doing = name;
	read_file(&it, name);
	load(&it);
	if (!CHECK(it.model.status == PE_MODEL_OK) || !CHECK(!it.model.silent))
		printf("%s: %s %s\n", name,
		       pe_model_status_name(it.model.status), it.model.silent);
	CHECK(it.model.relocatable == dynamic);
	CHECK(it.model.info.image_dynamically_relocated == dynamic);
	CHECK(it.model.info.image_contains_code);
	CHECK(it.model.info.image_file_size == it.len);
	image_at(&it, it.model.base);

	doing_seed = 0;
	out = open_objdump("-p", name);
	while (fgets(line, sizeof(line), out) && strncmp(line, "The Data", 8))
		check_field(line, &it.model);
	while (fgets(line, sizeof(line), out))
		;
	pclose(out);
	CHECK(doing_seed == 13);

	doing_seed = 0;
	out = open_objdump("-h", name);
	while (fgets(line, sizeof(line), out))
		if (strstr(line, "2**") && fgets(flags, sizeof(flags), out))
			check_dll_section(&it, line, flags);
	pclose(out);
	CHECK(doing_seed > 5);
	doing_seed = 0;

	check_dll_moved(&it, name, dynamic);
	unload(&it);
}

static void check_dlls(const char *target)
{
	static const char * const bases[] = { "disable-dynamicbase",
					      "dynamicbase" };
	char source[64], name[64], command[512];
	FILE *file;
	int i;

	snprintf(command, sizeof(command), "which %s-w64-mingw32-gcc >%s/which",
		 target, directory);
	if (run(command) != 0) {
		printf("no compiler for %s: skipped\n", target);
		return;
	}
	snprintf(source, sizeof(source), "%s/dll.c", directory);
	file = fopen(source, "w");
	if (!file)
		abort();
	fputs(dll_source, file);
	fclose(file);
	for (i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "%s/%s-%d.dll", directory, target,
			 i);
		snprintf(command, sizeof(command),
			 "%s-w64-mingw32-gcc -shared -O1 -Wl,--%s -o %s %s",
			 target, bases[i], name, source);
		doing = command;
		if (CHECK(run(command) == 0))
			check_dll(name, i == 1);
	}
}

int main(int argc, char **argv)
{
	uint64_t seeds = argc > 1 ? strtoull(argv[1], NULL, 0) : 10000;
	char command[64];

	check_short_virtual();
	check_long_raw();
	check_zero_page();
	check_rounding();
	check_file_end();
	check_no_virtual();
	check_headers();
	check_flat();
	check_protections();
	check_relocation();
	check_relocation_32();
	check_directories();
	check_few_directories();
	check_no_offset();
	check_not_movable();
	check_random(seeds);
	if (mkdtemp(directory)) {
		check_dlls("x86_64");
		check_dlls("i686");
		snprintf(command, sizeof(command), "rm -r %s", directory);
		run(command);
	}
	printf("%d failures\n", failures);
	return failures != 0;
}
