/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PE files made from a description, valid ones, strange ones and broken ones.
 * The same description gives the same file.
 */
#ifndef PE_MAKE_H
#define PE_MAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PE_MAKE_SECTIONS	96
#define PE_MAKE_RELOCS		256

/* Fields that are 0 are for pe_make_layout() to fill in, unless noted. */
struct pe_make_section {
	char name[8];
	uint32_t virtual_size;		/* 0 stays 0 */
	uint32_t virtual_address;
	uint32_t raw_size;		/* 0 stays 0 */
	uint32_t raw_offset;
	uint32_t characteristics;
	/* How the layout is to do it. */
	uint32_t gap;			/* before it, in section alignments */
	uint32_t raw_skew;		/* added to the aligned raw offset */
	uint32_t same_raw_as;		/* number of an earlier one, plus 1 */
};

struct pe_make_reloc {
	uint32_t rva;
	uint8_t type;
};

/* 0 is how linkers do it: a block for each page, sorted, an even number. */
#define PE_RELOC_SHUFFLED	0x01	/* blocks and entries out of order */
#define PE_RELOC_SPLIT		0x02	/* several blocks for a page */
#define PE_RELOC_UNALIGNED	0x04	/* block addresses not of a page */
#define PE_RELOC_PADDED		0x08	/* ABSOLUTE entries among the others */
#define PE_RELOC_ENDED		0x10	/* a block of size 0, then garbage */

struct pe_make {
	uint64_t seed;			/* of what the raw data is */
	bool plus;			/* PE32+ */
	uint16_t machine;		/* by "plus" */
	uint16_t magic;			/* by "plus" */
	uint16_t characteristics;	/* 0 stays 0 */
	uint16_t dll_characteristics;	/* 0 stays 0 */
	uint32_t section_alignment;
	uint32_t file_alignment;
	uint32_t size_of_image;
	uint32_t size_of_headers;
	uint32_t e_lfanew;
	uint32_t directories;		/* NumberOfRvaAndSizes */
	uint32_t file_size;
	/* In this block 0 stays 0. */
	uint32_t size_of_code;
	uint32_t entry;
	uint64_t image_base;
	uint16_t subsystem;
	uint16_t major_subsystem, minor_subsystem;
	uint16_t major_os, minor_os;
	uint64_t stack_reserve, stack_commit;
	uint32_t checksum;
	uint32_t loader_flags;

	uint32_t section_count;
	struct pe_make_section sections[PE_MAKE_SECTIONS];

	/* The relocation directory is the first thing in a section. */
	uint32_t reloc_section;		/* its number plus 1, 0: none */
	uint32_t reloc_layout;
	uint32_t reloc_count;
	struct pe_make_reloc relocs[PE_MAKE_RELOCS];

	/* So is the COM header, in another one. */
	uint32_t com_section;		/* its number plus 1, 0: none */
	uint32_t com_flags;
};

/* Fills in what is 0. */
void pe_make_layout(struct pe_make *make);

/* The bytes of the file, to be freed.  Does the layout on a copy. */
uint8_t *pe_make_build(const struct pe_make *make, size_t *len);

/* The bytes of the relocation directory, to be freed. */
uint8_t *pe_make_relocs(const struct pe_make *make, size_t *len);

/* What pe_make_build() puts at an offset where no header or directory is. */
uint8_t pe_make_pattern(const struct pe_make *make, uint64_t offset);

/* Describes a valid file, of which pe_make_layout() has been done. */
void pe_make_random(struct pe_make *make, uint64_t seed);

/* What can be done to a valid file, so that it must be refused. */
enum pe_mutation {
	PE_MUTATE_EMPTY,		/* I1 */
	PE_MUTATE_SHORT,		/* I2: no room for a DOS header */
	PE_MUTATE_MZ,			/* I2 */
	PE_MUTATE_LFANEW,		/* I3: beyond the file */
	PE_MUTATE_LFANEW_END,		/* I3: but "PE\0" at the file's end */
	PE_MUTATE_SIGNATURE,		/* I3 */
	PE_MUTATE_NE,			/* I4 */
	PE_MUTATE_NE_WINDOWS,		/* I4: target system 2 */
	PE_MUTATE_NE_5,			/* I4: target system 5 */
	PE_MUTATE_MAGIC,		/* I5 */
	PE_MUTATE_MACHINE,		/* I5: unknown */
	PE_MUTATE_CONTRADICTION,	/* I5: the other one's machine */
	PE_MUTATE_ARM,			/* I8 */
	PE_MUTATE_HEADERS,		/* I9 */
	PE_MUTATE_NO_IMAGE,		/* I10: SizeOfImage is 0 */
	PE_MUTATE_SMALL_IMAGE,		/* I10: a page less than needed */
	PE_MUTATE_ALIGNMENT,		/* I11 */
	PE_MUTATE_FLAT,			/* I12: a section that is elsewhere */
	PE_MUTATIONS
};

/*
 * Changes a file that was valid, never to a longer one.  Returns 0, or -1 if
 * that cannot be done to this file, which then is as it was.
 */
int pe_make_mutate(uint8_t *file, size_t *len, enum pe_mutation mutation,
		   uint64_t seed);

/* A pseudo-random sequence for tests. */
uint64_t pe_make_next(uint64_t *state);

#endif /* PE_MAKE_H */
