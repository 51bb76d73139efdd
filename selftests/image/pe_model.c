// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model of image sections.  It is meant to be obviously right, and is
 * therefore slow: every byte of an image is looked up by itself.
 *
 * Base relocations, where the rows say only that they are applied (I74):
 *
 * - They are read from the image as it is before any of them is applied, and
 *   all are applied in the directory's order, each as one little-endian
 *   addition in the buffer of the whole image, over page borders too.
 * - A block of size 0 ends the directory.
 * - A block smaller than its header, of an odd size, or that ends after the
 *   directory, a directory that ends after the image, a type other than
 *   ABSOLUTE, HIGHLOW and DIR64, an entry of which a byte is outside the image
 *   in whole pages: each of them makes the image not relocatable at all.  It
 *   is never relocated in part.
 * - ABSOLUTE entries are nothing, wherever they point.
 * - The header's ImageBase is set last.
 */
#include <stdlib.h>
#include <string.h>

#include "pe_format.h"
#include "pe_model.h"

/* A little-endian number in the file; what is not in the file is zero. */
static uint64_t get(const struct pe_model *model, uint64_t offset, int count)
{
	uint64_t value = 0;
	int i;

	for (i = 0; i < count; i++)
		if (offset + i < model->len)
			value |= (uint64_t)model->file[offset + i] << (8 * i);
	return value;
}

static uint64_t get_optional(const struct pe_model *model, uint32_t field,
			     int count)
{
	return get(model, model->optional + field, count);
}

static uint64_t round_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) / to * to;
}

static uint64_t round_down(uint64_t value, uint64_t to)
{
	return value / to * to;
}

static bool power_of_two(uint32_t value)
{
	int i;

	for (i = 0; i < 32; i++)
		if (value == 1U << i)
			return true;
	return false;
}

/* Refused because it seems right, not because a row says so. */
static enum pe_model_status decided(struct pe_model *model, const char *why)
{
	model->silent = why;
	return PE_MODEL_BAD;
}

/* I1-I4 */
static enum pe_model_status check_signatures(struct pe_model *model)
{
	if (model->len == 0)					/* I1 */
		return PE_MODEL_EMPTY;
	if (model->len < PE_DOS_SIZE || get(model, 0, 2) != 0x5a4d)
		return PE_MODEL_NOT_MZ;				/* I2 */

	model->pe = get(model, PE_DOS_LFANEW, 4);
	if (model->pe + 4 > model->len)				/* I3 */
		return PE_MODEL_PROTECT;
	if (get(model, model->pe, 4) == 0x4550)			/* "PE\0\0" */
		return PE_MODEL_OK;
	if (get(model, model->pe, 2) != 0x454e)			/* I3 */
		return PE_MODEL_PROTECT;

	switch (get(model, model->pe + PE_NE_SYSTEM, 1)) {	/* I4 */
	case 2:
		return PE_MODEL_WIN_16;
	case 5:
		return PE_MODEL_PROTECT;
	default:
		return PE_MODEL_NE;
	}
}

/* I5-I8 */
static enum pe_model_status check_machine(struct pe_model *model)
{
	uint32_t machine = get(model, model->pe + PE_MACHINE, 2);
	uint32_t magic;

	model->optional = model->pe + PE_OPTIONAL;
	model->optional_size = get(model, model->pe + PE_OPTIONAL_SIZE, 2);
	magic = get_optional(model, PE_OPT_MAGIC, 2);
	model->plus = magic == PE_MAGIC_64;

	if (model->optional_size < 2)
		model->silent = "a magic outside the optional header";
	if (machine == PE_MACHINE_ARM64)
		model->silent = "ARM64 on x86-64";

	if (model->optional_size < 2)
		return PE_MODEL_FORMAT;
	if (machine == PE_MACHINE_I386 && magic == PE_MAGIC_32)
		return PE_MODEL_OK;				/* I7 */
	if (machine == PE_MACHINE_AMD64 && magic == PE_MAGIC_64)
		return PE_MODEL_OK;
	return PE_MODEL_FORMAT;					/* I5, I8 */
}

/* I9-I12, as far as they do not need the sections. */
static enum pe_model_status check_sizes(struct pe_model *model)
{
	uint32_t fixed = model->plus ? PE64_OPT_DIRS : PE32_OPT_DIRS;
	uint64_t end;

	if (model->optional_size < fixed)
		return decided(model, "a short optional header");
	model->section_count = get(model, model->pe + PE_SECTION_COUNT, 2);
	end = model->optional + model->optional_size +
	      (uint64_t)model->section_count * PE_SEC_HEADER;
	if (end > model->len)
		return decided(model, "the file ends in its headers");

	model->size_of_image = get_optional(model, PE_OPT_SIZE_OF_IMAGE, 4);
	model->image_size = round_up(model->size_of_image, PE_PAGE);
	model->size_of_headers = get_optional(model, PE_OPT_SIZE_OF_HEADERS, 4);
	model->section_align = get_optional(model, PE_OPT_SECTION_ALIGN, 4);
	model->file_align = get_optional(model, PE_OPT_FILE_ALIGN, 4);

	if (model->size_of_image == 0)				/* I10 */
		return PE_MODEL_BAD;
	if (model->section_align < model->file_align)		/* I11 */
		return PE_MODEL_BAD;
	if (model->image_size >> 32)
		return decided(model, "an image of 4 GiB");
	if (!power_of_two(model->section_align) ||
	    !power_of_two(model->file_align))
		return decided(model, "an alignment not a power of two");
	if (end > model->size_of_image)				/* I9 */
		return PE_MODEL_INVALID_FILE;
	if (model->size_of_headers < end)
		return decided(model, "SizeOfHeaders less than the headers");
	if (model->size_of_headers > model->image_size)
		return decided(model, "SizeOfHeaders more than the image");

	model->flat = model->section_align % PE_PAGE != 0;	/* I27 */
	if (model->flat && model->file_align != model->section_align)
		return PE_MODEL_BAD;				/* I12 */
	return PE_MODEL_OK;
}

/* The size in memory before it is rounded. */
static uint64_t memory_size(const struct pe_model_section *section)
{
	if (section->virtual_size == 0)				/* I61 */
		return section->raw_size;
	return section->virtual_size;
}

static void read_sections(struct pe_model *model)
{
	uint64_t at = model->optional + model->optional_size;
	struct pe_model_section *section;
	uint32_t i;

	model->sections = calloc(model->section_count + 1,
				 sizeof(*model->sections));
	if (!model->sections)
		abort();
	for (i = 0; i < model->section_count; i++) {
		section = &model->sections[i];
		section->virtual_size = get(model, at + PE_SEC_VIRTUAL_SIZE, 4);
		section->virtual_address = get(model,
					       at + PE_SEC_VIRTUAL_ADDRESS, 4);
		section->raw_size = get(model, at + PE_SEC_RAW_SIZE, 4);
		section->raw_offset = get(model, at + PE_SEC_RAW_OFFSET, 4);
		section->characteristics = get(model,
					       at + PE_SEC_CHARACTERISTICS, 4);
		at += PE_SEC_HEADER;
	}
}

/* I10 and I12, where they speak of sections. */
static enum pe_model_status check_sections(struct pe_model *model)
{
	uint64_t free_from = round_up(model->size_of_headers, PE_PAGE);
	const struct pe_model_section *section;
	uint64_t end;
	uint32_t i;

	for (i = 0; i < model->section_count; i++) {
		section = &model->sections[i];
		end = section->virtual_address + memory_size(section);
		if (round_up(end, PE_PAGE) > model->image_size)	/* I10 */
			return PE_MODEL_BAD;
		if (model->flat) {				/* I12 */
			if (section->virtual_address != section->raw_offset)
				return PE_MODEL_BAD;
			continue;
		}
		if (section->virtual_address % PE_PAGE != 0)
			return decided(model, "a section not at a page");
		if (section->virtual_address < free_from)
			return decided(model, "sections overlap, or no order");
		free_from = round_up(end, PE_PAGE);		/* I61 */
	}
	return PE_MODEL_OK;
}

/* I41-I46, I51 */
static uint8_t section_protection(uint32_t characteristics)
{
	bool read = characteristics & PE_SCN_READ;
	bool write = characteristics & PE_SCN_WRITE;
	bool execute = characteristics & PE_SCN_EXECUTE;
	bool shared = characteristics & PE_SCN_SHARED;
	uint8_t protect = 0;					/* I41 */

	if (read || write)					/* I42, I43 */
		protect |= PE_MODEL_R;
	if (execute)						/* I44-I46 */
		protect |= PE_MODEL_X;
	if (write && shared)					/* I51 */
		protect |= PE_MODEL_W | PE_MODEL_SHARED;
	else if (write)						/* I43, I46 */
		protect |= PE_MODEL_W | PE_MODEL_COPY;
	return protect;
}

static void set_pages(struct pe_model *model, uint64_t start, uint64_t size,
		      uint8_t protect, int32_t owner)
{
	uint64_t rva;

	for (rva = start; rva < start + size; rva += PE_PAGE) {
		model->pages[rva / PE_PAGE].protect = protect;
		model->pages[rva / PE_PAGE].owner = owner;
	}
}

static void find_pages(struct pe_model *model)
{
	const struct pe_model_section *section;
	uint32_t i;

	model->page_count = model->image_size / PE_PAGE;
	model->pages = calloc(model->page_count, sizeof(*model->pages));
	if (!model->pages)
		abort();
	if (model->flat) {					/* I50 */
		set_pages(model, 0, model->image_size,
			  PE_MODEL_EXECUTE_WRITECOPY, PE_MODEL_OWNER_HEADERS);
		return;
	}
	set_pages(model, 0, model->image_size, PE_MODEL_GAP,
		  PE_MODEL_OWNER_GAP);				/* I65 */
	set_pages(model, 0, model->size_of_headers,
		  PE_MODEL_READONLY, PE_MODEL_OWNER_HEADERS);	/* I40 */
	for (i = 0; i < model->section_count; i++) {
		section = &model->sections[i];
		/* I49: whether it is NOLOAD or not */
		set_pages(model, section->virtual_address, memory_size(section),
			  section_protection(section->characteristics), i);
	}
}

/* A byte of the image at its preferred base. */
static uint8_t byte_at(const struct pe_model *model, uint64_t rva)
{
	int32_t owner = model->pages[rva / PE_PAGE].owner;
	const struct pe_model_section *section;
	uint64_t offset;

	if (model->flat)					/* I50 */
		return get(model, rva, 1);
	if (owner == PE_MODEL_OWNER_GAP)
		return 0;
	if (owner == PE_MODEL_OWNER_HEADERS) {
		if (rva >= model->size_of_headers)		/* I64 */
			return 0;
		return get(model, rva, 1);
	}

	section = &model->sections[owner];
	offset = rva - section->virtual_address;
	if (section->raw_offset == 0)
		return 0;
	if (offset >= round_up(section->raw_size, PE_SECTOR))	/* I60, I62 */
		return 0;
	return get(model, round_down(section->raw_offset, PE_SECTOR) + offset,
		   1);						/* I60 */
}

static uint64_t number_at(const struct pe_model *model, uint64_t rva, int count)
{
	uint64_t value = 0;
	int i;

	for (i = 0; i < count; i++)
		value |= (uint64_t)byte_at(model, rva + i) << (8 * i);
	return value;
}

/* A directory is there if neither its address nor its size is zero. */
static bool find_directory(const struct pe_model *model, uint32_t number,
			   uint64_t *address, uint64_t *size)
{
	uint32_t count = get_optional(model, model->plus ? PE64_OPT_DIR_COUNT :
						     PE32_OPT_DIR_COUNT, 4);
	uint32_t at = (model->plus ? PE64_OPT_DIRS : PE32_OPT_DIRS) +
		      8 * number;

	if (number >= count || at + 8 > model->optional_size)
		return false;
	*address = get_optional(model, at, 4);
	*size = get_optional(model, at + 4, 4);
	return *address != 0 && *size != 0;
}

/* One addition of "count" bytes. */
static void add(uint8_t *bytes, int count, uint64_t delta)
{
	uint64_t value = 0;
	int i;

	for (i = 0; i < count; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	value += delta;
	for (i = 0; i < count; i++)
		bytes[i] = value >> (8 * i);
}

/* False if the entry is malformed. */
static bool relocate_entry(const struct pe_model *model, uint64_t page,
			   uint32_t entry, uint8_t *bytes, uint64_t delta)
{
	uint64_t rva = page + entry % 0x1000;
	uint32_t type = entry / 0x1000;
	int count;

	if (type == PE_REL_ABSOLUTE)
		return true;
	if (type == PE_REL_HIGHLOW)
		count = 4;
	else if (type == PE_REL_DIR64)
		count = 8;
	else
		return false;
	if (rva + count > model->image_size)
		return false;
	if (bytes)
		add(bytes + rva, count, delta);
	return true;
}

/*
 * Goes through the relocations, and applies them if there are bytes to apply
 * them to.  False if there are none or anything is malformed.
 */
static bool relocate(const struct pe_model *model, uint8_t *bytes,
		     uint64_t delta)
{
	uint64_t at, size, end, page, block, entry;

	if (!find_directory(model, PE_DIR_RELOC, &at, &size))
		return false;
	end = at + size;
	if (end > model->image_size)
		return false;
	while (at < end) {
		if (at + 8 > end)
			return false;
		page = number_at(model, at, 4);
		block = number_at(model, at + 4, 4);
		if (block == 0)
			return true;
		if (block < 8 || block % 2 != 0 || at + block > end)
			return false;
		for (entry = at + 8; entry < at + block; entry += 2)
			if (!relocate_entry(model, page,
					    number_at(model, entry, 2),
					    bytes, delta))
				return false;
		at += block;
	}
	return true;
}

static bool any_executable(const struct pe_model *model)
{
	uint32_t i;

	for (i = 0; i < model->section_count; i++)
		if (model->sections[i].characteristics & PE_SCN_EXECUTE)
			return true;
	return false;
}

/* I23 */
static void copy_fields(struct pe_model *model)
{
	struct pe_model_info *info = &model->info;

	info->sub_system_type = get_optional(model, PE_OPT_SUBSYSTEM, 2);
	info->sub_system_major_version =
		get_optional(model, PE_OPT_MAJOR_SUBSYSTEM, 2);
	info->sub_system_minor_version =
		get_optional(model, PE_OPT_MINOR_SUBSYSTEM, 2);
	info->major_operating_system_version =
		get_optional(model, PE_OPT_MAJOR_OS, 2);
	info->minor_operating_system_version =
		get_optional(model, PE_OPT_MINOR_OS, 2);
	info->image_characteristics =
		get(model, model->pe + PE_CHARACTERISTICS, 2);
	info->dll_characteristics = get_optional(model, PE_OPT_DLL_FLAGS, 2);
	info->machine = get(model, model->pe + PE_MACHINE, 2);
	info->check_sum = get_optional(model, PE_OPT_CHECKSUM, 4);
}

/*
 * I25, I29.  The row has no details of the flags: what follows is what the
 * names say, and "native ready" is a PE32 file of IL only for any machine.
 */
static bool read_com(struct pe_model *model)
{
	struct pe_model_info *info = &model->info;
	uint64_t at, size;
	uint32_t flags = 0;

	if (!find_directory(model, PE_DIR_COM, &at, &size))
		return false;
	info->loader_flags = 1;					/* I25 */
	if (at + PE_COM_FLAGS + 4 <= model->image_size)
		flags = number_at(model, at + PE_COM_FLAGS, 4);
	if (flags & PE_COM_IL_ONLY) {
		info->com_plus_il_only = true;
		info->com_plus_native_ready = !model->plus &&
			!(flags & PE_COM_32BIT_REQUIRED);
		info->com_plus_prefer_32bit = !model->plus &&
			(flags & PE_COM_32BIT_PREFERRED);
	}
	return true;
}

/* I20-I29 */
static void find_info(struct pe_model *model)
{
	int word = model->plus ? 8 : 4;
	struct pe_model_info *info = &model->info;
	uint32_t entry = get_optional(model, PE_OPT_ENTRY, 4);
	bool dynamic, com, relocations;

	model->base = get_optional(model, model->plus ? PE64_OPT_BASE :
						 PE32_OPT_BASE, word);
	info->transfer_address = model->base + entry;		/* I20 */
	info->zero_bits = 0;					/* I21 */
	info->maximum_stack_size =				/* I22 */
		get_optional(model, PE_OPT_STACK_RESERVE, word);
	info->committed_stack_size =
		get_optional(model, model->plus ? PE64_OPT_STACK_COMMIT :
					    PE32_OPT_STACK_COMMIT, word);
	copy_fields(model);
	info->image_file_size = model->len;			/* I24 */
	com = read_com(model);
	info->image_contains_code =				/* I26 */
		get_optional(model, PE_OPT_SIZE_OF_CODE, 4) != 0 ||
		entry != 0 || model->section_align % PE_PAGE != 0 ||
		any_executable(model);
	info->image_mapped_flat = model->flat;			/* I27 */

	dynamic = (info->dll_characteristics & PE_DLL_DYNAMIC_BASE) &&
		  !model->flat && !com;
	relocations = !(info->image_characteristics &
			PE_FILE_RELOCS_STRIPPED) && relocate(model, NULL, 0);
	model->relocatable = dynamic && relocations;		/* I74 */
	info->image_dynamically_relocated =			/* I28 */
		dynamic && (relocations || info->image_contains_code);
}

/* Oddities of a section that no row speaks of. */
static const char *silent_section(const struct pe_model *model,
				  const struct pe_model_section *section)
{
	if (memory_size(section) == 0)
		return "a section without a size";
	if (section->virtual_address % model->section_align != 0)
		return "a section not at its alignment";
	if (section->raw_size != 0 && section->raw_offset == 0)
		return "raw data at 0, taken for none";
	if (section->raw_size != 0 && section->raw_offset >= model->len)
		return "raw data all after the file's end, taken for zero";
	return NULL;
}

/* Oddities of an image that is not refused. */
static const char *silent_image(const struct pe_model *model)
{
	const char *why;
	uint32_t i;

	if (model->pe < PE_DOS_SIZE || model->pe % 4 != 0)
		return "an odd e_lfanew";
	if (model->section_count > 96)
		return "more than 96 sections";
	if (model->base % 0x10000 != 0)
		return "a base not at 64 KiB";
	if (!model->plus && model->base + model->image_size > 1ULL << 32)
		return "a 32-bit image over the 4 GiB";
	if (model->plus && model->base + model->image_size > 1ULL << 47)
		return "a base that is no user address";
	if (model->size_of_headers > model->len)
		return "SizeOfHeaders more than the file";
	if (!model->flat && model->file_align < PE_SECTOR)
		return "a file alignment of less than 0x200";
	if (get_optional(model, PE_OPT_ENTRY, 4) >= model->size_of_image)
		return "an entry outside the image";
	for (i = 0; i < model->section_count; i++) {
		why = silent_section(model, &model->sections[i]);
		if (why)
			return why;
	}
	return NULL;
}

void pe_model_load(const uint8_t *file, size_t len, struct pe_model *model)
{
	memset(model, 0, sizeof(*model));
	model->file = file;
	model->len = len;
	model->status = check_signatures(model);
	if (model->status == PE_MODEL_OK)
		model->status = check_machine(model);
	if (model->status == PE_MODEL_OK)
		model->status = check_sizes(model);
	if (model->status != PE_MODEL_OK)
		return;
	read_sections(model);
	model->status = check_sections(model);
	if (model->status != PE_MODEL_OK)
		return;
	find_pages(model);
	find_info(model);
	model->silent = silent_image(model);
}

void pe_model_free(struct pe_model *model)
{
	free(model->sections);
	free(model->pages);
	model->sections = NULL;
	model->pages = NULL;
}

void pe_model_image(const struct pe_model *model, uint64_t base, uint8_t *bytes)
{
	uint64_t field = model->optional +
			 (model->plus ? PE64_OPT_BASE : PE32_OPT_BASE);
	uint64_t rva;
	int i;

	for (rva = 0; rva < model->image_size; rva++)
		bytes[rva] = byte_at(model, rva);
	if (!model->relocatable || base == model->base)		/* I72 */
		return;
	relocate(model, bytes, base - model->base);		/* I74 */
	for (i = 0; i < (model->plus ? 8 : 4); i++)
		bytes[field + i] = base >> (8 * i);
}

const char *pe_model_status_name(enum pe_model_status status)
{
	static const char * const names[] = {
		[PE_MODEL_OK] = "ok",
		[PE_MODEL_EMPTY] = "empty",
		[PE_MODEL_NOT_MZ] = "not MZ",
		[PE_MODEL_PROTECT] = "protect",
		[PE_MODEL_NE] = "NE",
		[PE_MODEL_WIN_16] = "16-bit Windows",
		[PE_MODEL_FORMAT] = "format",
		[PE_MODEL_WIN_64] = "64-bit Windows",
		[PE_MODEL_INVALID_FILE] = "invalid file",
		[PE_MODEL_BAD] = "bad",
	};

	return names[status];
}
