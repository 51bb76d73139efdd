/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Of the format of executable images (PE), what loading one of 64 bits needs.
 * Numbers are little-endian; an RVA counts from where the image begins.
 */
#ifndef IMAGE_PE_H
#define IMAGE_PE_H

#include <stdint.h>

#define PE_DOS_MAGIC		0x5a4d		/* "MZ" */
#define PE_DOS_NT_OFFSET	0x3c		/* where to find struct pe_nt */
#define PE_SIGNATURE		0x4550		/* "PE\0\0" */
#define PE_MACHINE_AMD64	0x8664
#define PE_MAGIC_PLUS		0x20b
#define PE_RELOCS_STRIPPED	0x0001
#define PE_DLL			0x2000
#define PE_DYNAMIC_BASE		0x0040

/* Characteristics of a section; what it may be is like PROT_*, in other bits. */
#define PE_SCN_SHARED		0x10000000U
#define PE_SCN_EXECUTE		0x20000000U
#define PE_SCN_READ		0x40000000U
#define PE_SCN_WRITE		0x80000000U

enum {
	PE_DIRECTORY_EXPORT = 0,
	PE_DIRECTORY_IMPORT = 1,
	PE_DIRECTORY_RELOC = 5,
	PE_DIRECTORY_TLS = 9,
	PE_DIRECTORY_DELAY = 13,
	PE_DIRECTORIES = 16,
};

struct pe_directory {
	uint32_t rva;
	uint32_t size;
};

struct pe_nt {
	uint32_t signature;
	uint16_t machine;
	uint16_t sections;
	uint32_t timestamp;
	uint32_t symbols[2];
	uint16_t optional_size;		/* from "magic" on */
	uint16_t characteristics;
	uint16_t magic;
	uint16_t linker;
	uint32_t sizes[3];
	uint32_t entry;
	uint32_t code;
	uint64_t image_base;
	uint32_t section_alignment;
	uint32_t file_alignment;
	uint16_t versions[6];
	uint32_t win32_version;
	uint32_t image_size;
	uint32_t header_size;
	uint32_t checksum;
	uint16_t subsystem;
	uint16_t dll_characteristics;
	uint64_t stack_and_heap[4];
	uint32_t loader_flags;
	uint32_t directory_count;
	struct pe_directory directories[PE_DIRECTORIES];
} __attribute__((packed));

/* The table of these follows struct pe_nt, whose end optional_size tells. */
struct pe_section {
	char name[8];
	uint32_t virtual_size;
	uint32_t rva;
	uint32_t raw_size;
	uint32_t raw_offset;
	uint32_t unused[3];
	uint32_t characteristics;
};

struct pe_exports {
	uint32_t flags;
	uint32_t timestamp;
	uint32_t version;
	uint32_t name;
	uint32_t ordinal_base;
	uint32_t function_count;
	uint32_t name_count;
	uint32_t functions;		/* uint32_t each: RVA */
	uint32_t names;			/* uint32_t each: RVA, in ascending order */
	uint32_t ordinals;		/* uint16_t each: number of the function */
};

struct pe_imports {
	uint32_t lookup;		/* uint64_t each: what is wanted */
	uint32_t timestamp;
	uint32_t forwarders;
	uint32_t name;			/* of the DLL */
	uint32_t thunks;		/* uint64_t each: to be replaced by addresses */
};

#define PE_IMPORT_ORDINAL	(1ULL << 63)

/* Followed by 16 bits for each: the type, and where in the page. */
struct pe_reloc_block {
	uint32_t rva;
	uint32_t bytes;			/* with this header */
};

#define PE_RELOC_ABSOLUTE	0	/* nothing, for alignment */
#define PE_RELOC_DIR64		10

#endif /* IMAGE_PE_H */
