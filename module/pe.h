/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The format of executable images (PE), as far as mapping one needs it.
 *
 * Pure functions over bytes that the caller has copied: nothing is allocated, no
 * lock is taken, and no offset is used before it was checked.  The same file
 * compiles in user space, for the library and for the fuzzer.
 */
#ifndef _SECTION_PE_H
#define _SECTION_PE_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;
#endif

/**
 * enum pe_status - what is wrong with a file; rows of the table of semantics
 * @PE_OK: nothing
 * @PE_NOT_MZ: it is too short, or does not begin with "MZ" (I2)
 * @PE_PROTECT: there is no signature where there should be one (I3, I4)
 * @PE_NE: an image of 16 bits (I4)
 * @PE_WIN_16: one of Windows (I4)
 * @PE_FORMAT: machine and magic number are unknown or contradict each other (I5,
 *	I8)
 * @PE_HEADERS: the headers of the sections go beyond the image (I9)
 * @PE_LAYOUT: sizes or alignments contradict each other (I10, I11)
 */
enum pe_status {
	PE_OK,
	PE_NOT_MZ,
	PE_PROTECT,
	PE_NE,
	PE_WIN_16,
	PE_FORMAT,
	PE_HEADERS,
	PE_LAYOUT,
};

#define PE_PAGE			4096U
/* Raw data begins and ends at multiples of this, whatever the file says (I60). */
#define PE_SECTOR		512U

#define PE_DOS_BYTES		64U
/* Signature, file header, and the largest optional header that is looked at. */
#define PE_NT_BYTES		(4U + 20U + 240U)
#define PE_SECTION_BYTES	40U
#define PE_COR_BYTES		24U

/* No block of relocations needs to be longer: one entry for each byte. */
#define PE_BLOCK_BYTES_MAX	(8U + 2U * PE_PAGE + 8U)

#define PE_BLOCK_BAD		(~0U)

#define PE_MACHINE_I386		0x014c
#define PE_MACHINE_AMD64	0x8664

/* ImageCharacteristics, DllCharacteristics. */
#define PE_RELOCS_STRIPPED	0x0001
#define PE_HIGH_ENTROPY_VA	0x0020
#define PE_DYNAMIC_BASE		0x0040

/* Characteristics of a section. */
#define PE_SCN_SHARED		0x10000000U
#define PE_SCN_EXECUTE		0x20000000U
#define PE_SCN_READ		0x40000000U
#define PE_SCN_WRITE		0x80000000U

/**
 * struct pe_directory - a part of the image that the headers tell of
 * @rva: where it begins
 * @size: its length; 0 if there is none, or if it is not inside the image
 */
struct pe_directory {
	u32 rva;
	u32 size;
};

/**
 * struct pe_image - what the headers say
 * @base: preferred address
 * @stack_reserve: MaximumStackSize
 * @stack_commit: CommittedStackSize
 * @size: length of the image in memory, whole pages
 * @header_size: so much of the file's beginning is shown
 * @base_field: where in the file the preferred address is
 * @section_table: where in the file the headers of sections begin
 * @sections: how many there are
 * @entry: where the code begins, an RVA
 * @section_alignment: as in the file
 * @file_alignment: as in the file
 * @checksum: as in the file
 * @loader_flags: as in the file
 * @code_size: SizeOfCode
 * @machine: PE_MACHINE_*
 * @subsystem: as in the file
 * @subsystem_major: its version
 * @subsystem_minor: its version
 * @os_major: version of the system
 * @os_minor: version of the system
 * @characteristics: ImageCharacteristics
 * @dll_characteristics: DllCharacteristics
 * @plus: addresses have 64 bits (PE32+)
 * @flat: each byte is in memory where it is in the file (I12)
 * @managed: it has managed code (I25)
 * @relocations: the base relocations
 * @cor: the header of managed code
 */
struct pe_image {
	u64 base;
	u64 stack_reserve;
	u64 stack_commit;
	u32 size;
	u32 header_size;
	u64 base_field;
	u64 section_table;
	u32 sections;
	u32 entry;
	u32 section_alignment;
	u32 file_alignment;
	u32 checksum;
	u32 loader_flags;
	u32 code_size;
	u16 machine;
	u16 subsystem;
	u16 subsystem_major;
	u16 subsystem_minor;
	u16 os_major;
	u16 os_minor;
	u16 characteristics;
	u16 dll_characteristics;
	bool plus;
	bool flat;
	bool managed;
	struct pe_directory relocations;
	struct pe_directory cor;
};

/**
 * struct pe_segment - a section of the image in memory
 * @rva: where it begins, in whole pages unless the image is flat
 * @size: its length there
 * @raw: where its bytes are in the file
 * @raw_size: how many of them there are; no more than @size.  The file may be
 *	shorter.
 * @flags: characteristics
 */
struct pe_segment {
	u32 rva;
	u32 size;
	u32 raw;
	u32 raw_size;
	u32 flags;
};

/**
 * struct pe_block - a block of base relocations, checked
 * @rva: of the page that its entries count from
 * @at: where the entries are in the directory of relocations
 * @entries: how many
 * @crosses: one of them is in two pages
 */
struct pe_block {
	u32 rva;
	u32 at;
	u16 entries;
	bool crosses;
};

#define PE_EDGE		8U

/**
 * struct pe_page - one page of an image while it is built
 * @bytes: PE_PAGE of them
 * @edge: the bytes of the file that belong in front of the page, and those behind
 *	it: an entry may be in two pages
 * @rva: where the page is
 */
struct pe_page {
	u8 *bytes;
	u8 edge[2][PE_EDGE];
	u32 rva;
};

static inline u32 pe_round_up(u32 value, u32 unit)
{
	return (value + unit - 1) & ~(unit - 1);
}

enum pe_status pe_parse_dos(const u8 *bytes, size_t len, u64 file_size,
			    u32 *nt);
enum pe_status pe_parse_nt(const u8 *bytes, size_t len, u32 nt,
			   struct pe_image *image);
enum pe_status pe_parse_segment(const struct pe_image *image, const u8 *bytes,
				struct pe_segment *segment, u32 *end);
u32 pe_parse_cor(const u8 *bytes);
u32 pe_image_headers_end(const struct pe_image *image);
bool pe_image_has_code(const struct pe_image *image,
		       const struct pe_segment *segments);
bool pe_image_may_move(const struct pe_image *image);
const struct pe_segment *pe_segment_at(const struct pe_image *image,
				       const struct pe_segment *segments,
				       u32 rva);
size_t pe_where(const struct pe_image *image,
		const struct pe_segment *segments, u32 rva, size_t len,
		u64 *offset, bool *zero);

u32 pe_parse_block(const struct pe_image *image, const u8 *bytes, u32 at,
		   struct pe_block *block);
bool pe_check_entries(const struct pe_image *image, struct pe_block *block,
		      const u8 *entries, u32 count);
void pe_relocate(struct pe_page *page, u64 delta, u32 rva, const u8 *entries,
		 u32 count);
void pe_set_base(struct pe_page *page, const struct pe_image *image,
		 const struct pe_segment *segments, u64 base);

#endif /* _SECTION_PE_H */
