// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executable images: pages that are there, pages that are built, and what is done
 * without sections, copying a library into the memory of each process.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../image/pe_make.h"
#include "bench.h"
#include "bench_names.h"

/* As in a table of pointers: one relocation for each of so many bytes of data. */
#define RELOC_EACH	64
#define RELOCS		(PAGE / RELOC_EACH)
#define BLOCK		(8 + 2 * RELOCS)

enum { DATA, RELOC, SECTIONS };

static struct pe_make make;
static char *view, *whole;
static int section = -1;

static void put(uint8_t *to, uint32_t value, int bytes)
{
	while (bytes--) {
		*to++ = value & 0xff;
		value >>= 8;
	}
}

static void describe(void)
{
	memset(&make, 0, sizeof(make));
	make.seed = 5;
	make.plus = true;
	make.characteristics = 0x2022;
	make.dll_characteristics = 0x0160;
	make.image_base = 0x180000000ULL;
	make.section_count = SECTIONS;
	make.sections[DATA].characteristics = 0xc0000040;
	make.sections[DATA].virtual_size = RANGE;
	make.sections[DATA].raw_size = RANGE;
	make.sections[RELOC].characteristics = 0x42000040;
	make.sections[RELOC].virtual_size = PAGES * BLOCK;
	make.sections[RELOC].raw_size = (PAGES * BLOCK + 511) / 512 * 512;
	make.reloc_section = RELOC + 1;
	make.reloc_count = 1;
	pe_make_layout(&make);
	make.relocs[0].rva = make.sections[DATA].virtual_address;
	make.relocs[0].type = 10;
}

/* One block for each page of data, in place of the one that is there. */
static void relocate_all(uint8_t *file)
{
	uint8_t *block = file + make.sections[RELOC].raw_offset;
	uint32_t page, i;

	put(file + make.e_lfanew + 24 + 112 + 5 * 8 + 4, PAGES * BLOCK, 4);
	for (page = 0; page < PAGES; page++, block += BLOCK) {
		put(block, make.sections[DATA].virtual_address + page * PAGE, 4);
		put(block + 4, BLOCK, 4);
		for (i = 0; i < RELOCS; i++)
			put(block + 8 + 2 * i, 10 << 12 | i * RELOC_EACH, 2);
	}
}

static int new_file(bool moves)
{
	char path[4096];
	uint8_t *bytes;
	size_t len;
	int fd, own;

	describe();
	if (!moves)
		make.dll_characteristics = 0;
	bytes = pe_make_build(&make, &len);
	relocate_all(bytes);
	snprintf(path, sizeof(path), "%s/bench.XXXXXX", bench_ext4);
	fd = MUST(mkstemp(path));
	own = MUST(open(path, O_RDONLY));
	unlink(path);
	MUST(write(fd, bytes, len));
	MUST(fsync(fd));
	close(fd);
	free(bytes);
	return own;
}

static int file_of(bool moves)
{
	static int fds[2] = { -1, -1 };

	if (fds[moves] < 0)
		fds[moves] = new_file(moves);
	return fds[moves];
}

static void image_of(bool moves)
{
	struct section_attributes a = SECTION_ATTRIBUTES_INIT;

	a.file_fd = file_of(moves);
	a.flags = SECTION_CREATE_IMAGE;
	a.prot = SECTION_PROT_READ;
	section = MUST(section_create_at(bench_device, NULL, &a, NULL));
	view = mmap(NULL, RANGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, section,
		    make.sections[DATA].virtual_address);
	MUST(view == MAP_FAILED ? -1 : 0);
}

static void image_moved(void)
{
	image_of(true);
}

static void image_fixed(void)
{
	image_of(false);
}

/* All pages of it are there, and another view has them. */
static void image_present(void)
{
	size_t i;

	image_of(true);
	whole = view;
	for (i = 0; i < PAGES; i++)
		bench_read(whole + i * PAGE);
	view = mmap(NULL, RANGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, section,
		    make.sections[DATA].virtual_address);
	MUST(view == MAP_FAILED ? -1 : 0);
}

/* The file itself, of which the pages are there since it was written. */
static void file_present(void)
{
	size_t i;

	section = MUST(dup(file_of(true)));
	whole = mmap(NULL, RANGE, PROT_READ, MAP_PRIVATE, section, 0);
	for (i = 0; i < PAGES; i++)
		bench_read(whole + i * PAGE);
	view = mmap(NULL, RANGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, section,
		    0);
	MUST(view == MAP_FAILED ? -1 : 0);
}

static void memory(void)
{
	section = MUST(dup(file_of(true)));
	view = mmap(NULL, RANGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(view == MAP_FAILED ? -1 : 0);
}

static void gone(void)
{
	munmap(view, RANGE);
	if (whole)
		munmap(whole, RANGE);
	whole = NULL;
	close(section);
}

static void read_pages(unsigned int run)
{
	size_t i;

	(void)run;
	for (i = 0; i < PAGES; i++)
		bench_read(view + i * PAGE);
}

static void write_pages(unsigned int run)
{
	size_t i;

	(void)run;
	for (i = 0; i < PAGES; i++)
		bench_write(view + i * PAGE);
}

/* What loaders do where an image cannot be mapped. */
static void copy_pages(unsigned int run)
{
	uint64_t *word;
	size_t at;

	(void)run;
	MUST(pread(section, view, RANGE, make.sections[DATA].raw_offset));
	for (at = 0; at < RANGE; at += RELOC_EACH) {
		word = (uint64_t *)(view + at);
		*word += 0x10000;
	}
}

#define RANGE_OF(name, what) name, what, 1, 3, PAGES

const struct operation bench_images[] = {
	{ RANGE_OF("ext4_image_present", "read of a page of an image that is there"), {
		{ "section", image_present, read_pages, .teardown = gone },
		{ "mmap of a file", file_present, read_pages,
		  .teardown = gone },
	} },
	{ RANGE_OF("ext4_image_cow", "copy on write of an image's page"), {
		{ "section", image_present, write_pages, .teardown = gone },
		{ "mmap of a file", file_present, write_pages,
		  .teardown = gone },
	} },
	{ RANGE_OF("ext4_image_build",
		   "first read of a page of an image, relocated"), {
		{ "section", image_moved, read_pages, .teardown = gone },
		{ "not relocated", image_fixed, read_pages, .teardown = gone },
		{ "copy", memory, copy_pages, .teardown = gone },
	} },
};

const size_t bench_images_count = ARRAY_SIZE(bench_images);
