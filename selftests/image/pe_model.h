/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a section made from a PE file must be: a model, written from the rows
 * I1-I93 of the behaviour table alone, without a look at the module's parser.
 */
#ifndef PE_MODEL_H
#define PE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pe_model_status {
	PE_MODEL_OK,
	PE_MODEL_EMPTY,		/* I1: INVALID_FILE_FOR_SECTION */
	PE_MODEL_NOT_MZ,	/* I2 */
	PE_MODEL_PROTECT,	/* I3, I4 */
	PE_MODEL_NE,		/* I4 */
	PE_MODEL_WIN_16,	/* I4 */
	PE_MODEL_FORMAT,	/* I5, I8 */
	PE_MODEL_WIN_64,	/* I6: never, the model's system is x86-64 */
	PE_MODEL_INVALID_FILE,	/* I9 */
	PE_MODEL_BAD,		/* I10, I11, undecided: any failure will do */
};

/* How a page may be used, I40-I46, I51. */
#define PE_MODEL_R	0x01
#define PE_MODEL_W	0x02
#define PE_MODEL_X	0x04
#define PE_MODEL_COPY	0x08	/* writes go to a copy of one's own */
#define PE_MODEL_SHARED	0x10	/* writes go to everybody, only with W */
#define PE_MODEL_GAP	0x20	/* I65: no header's and no section's page */

#define PE_MODEL_NOACCESS		0
#define PE_MODEL_READONLY		PE_MODEL_R
#define PE_MODEL_WRITECOPY		(PE_MODEL_R | PE_MODEL_W | PE_MODEL_COPY)
#define PE_MODEL_EXECUTE		PE_MODEL_X
#define PE_MODEL_EXECUTE_READ		(PE_MODEL_R | PE_MODEL_X)
#define PE_MODEL_EXECUTE_WRITECOPY	(PE_MODEL_WRITECOPY | PE_MODEL_X)

/* Owners of a page that are no section. */
#define PE_MODEL_OWNER_GAP	(-1)
#define PE_MODEL_OWNER_HEADERS	(-2)

struct pe_model_page {
	uint8_t protect;
	int32_t owner;		/* the section's number */
};

struct pe_model_section {
	uint32_t virtual_size;
	uint32_t virtual_address;
	uint32_t raw_size;
	uint32_t raw_offset;
	uint32_t characteristics;
};

/* SectionImageInformation, I20-I29, with NT's names. */
struct pe_model_info {
	uint64_t transfer_address;
	uint32_t zero_bits;
	uint64_t maximum_stack_size;
	uint64_t committed_stack_size;
	uint32_t sub_system_type;
	uint16_t sub_system_major_version;
	uint16_t sub_system_minor_version;
	uint16_t major_operating_system_version;
	uint16_t minor_operating_system_version;
	uint16_t image_characteristics;
	uint16_t dll_characteristics;
	uint16_t machine;
	bool image_contains_code;
	bool com_plus_native_ready;
	bool com_plus_il_only;
	bool com_plus_prefer_32bit;
	bool image_dynamically_relocated;
	bool image_mapped_flat;
	uint32_t loader_flags;
	uint32_t image_file_size;
	uint32_t check_sum;
};

struct pe_model {
	enum pe_model_status status;
	/*
	 * Not NULL where no row says what to do with such a file, and what the
	 * model says is a decision: who compares may skip the file.
	 */
	const char *silent;

	/* Only where the status is PE_MODEL_OK. */
	uint32_t size_of_image;
	uint64_t image_size;	/* size_of_image in whole pages */
	uint64_t base;		/* preferred */
	bool flat;
	bool relocatable;
	size_t page_count;
	struct pe_model_page *pages;
	struct pe_model_info info;

	/* How the model found it, not for comparison. */
	const uint8_t *file;
	size_t len;
	bool plus;
	uint64_t pe;		/* where in the file the signature is */
	uint64_t optional;	/* and the optional header */
	uint32_t optional_size;
	uint32_t size_of_headers;
	uint32_t section_align;
	uint32_t file_align;
	uint32_t section_count;
	struct pe_model_section *sections;
};

/* The file must stay as long as the model.  pe_model_free() in any case. */
void pe_model_load(const uint8_t *file, size_t len, struct pe_model *model);
void pe_model_free(struct pe_model *model);

/*
 * Writes all image_size bytes of a valid image as they are in memory at a
 * base.  An image that is not relocatable is the same everywhere (I72).
 */
void pe_model_image(const struct pe_model *model, uint64_t base,
		    uint8_t *bytes);

const char *pe_model_status_name(enum pe_model_status status);

#endif /* PE_MODEL_H */
