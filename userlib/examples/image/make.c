// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Makes a large DLL: five eighths code, a quarter constants, an eighth variables,
 * and the relocations.  Nothing in it can be called.
 */
#include "make.h"
#include "pe.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE		4096U
#define BASE		0x180000000ULL
#define NT_OFFSET	0x80

enum { TEXT, RDATA, DATA, RELOC, SECTIONS };

struct draft {
	uint32_t file_alignment;
	unsigned char *file;
	size_t length;
	struct pe_section sections[SECTIONS];
};

static uint32_t round_up(uint32_t bytes, uint32_t unit)
{
	return (bytes + unit - 1) / unit * unit;
}

/* How far apart addresses are.  In code of 64 bits there are few. */
static uint32_t stride(int section)
{
	return section == TEXT ? PAGE : 64;
}

/* Of the relocations of one page. */
static uint32_t block_bytes(int section)
{
	return round_up(sizeof(struct pe_reloc_block) +
			2 * (PAGE / stride(section)), 4);
}

static void describe(struct draft *draft, size_t bytes)
{
	static const struct {
		char name[8];
		uint32_t eighths, characteristics;
	} kinds[SECTIONS] = {
		{ ".text", 5, PE_SCN_READ | PE_SCN_EXECUTE | 0x20 },
		{ ".rdata", 2, PE_SCN_READ | 0x40 },
		{ ".data", 1, PE_SCN_READ | PE_SCN_WRITE | 0x40 },
		{ ".reloc", 0, PE_SCN_READ | 0x02000040 },
	};
	uint32_t rva = PAGE, relocs = 0;
	uint32_t offset = round_up(0x400, draft->file_alignment);
	int i;

	for (i = 0; i < SECTIONS; i++) {
		struct pe_section *section = &draft->sections[i];
		uint32_t pages = bytes / 8 * kinds[i].eighths / PAGE;
		/* The last page need not be full. */
		uint32_t size = i == RELOC ? relocs : pages * PAGE - 100;

		memcpy(section->name, kinds[i].name, sizeof(section->name));
		section->characteristics = kinds[i].characteristics;
		section->virtual_size = size;
		section->rva = rva;
		section->raw_size = round_up(size, draft->file_alignment);
		section->raw_offset = offset;
		rva += round_up(size, PAGE);
		offset += section->raw_size;
		relocs += pages * block_bytes(i);
	}
	draft->length = offset;
}

static void write_headers(struct draft *draft)
{
	const struct pe_section *last = &draft->sections[RELOC];
	struct pe_nt nt = {
		.signature = PE_SIGNATURE,
		.machine = PE_MACHINE_AMD64,
		.sections = SECTIONS,
		.optional_size = sizeof(nt) - offsetof(struct pe_nt, magic),
		.characteristics = PE_DLL | 0x22,
		.magic = PE_MAGIC_PLUS,
		.image_base = BASE,
		.section_alignment = PAGE,
		.file_alignment = draft->file_alignment,
		.versions = { 6, 0, 0, 0, 6, 0 },
		.image_size = last->rva + round_up(last->virtual_size, PAGE),
		.header_size = draft->sections[TEXT].raw_offset,
		.subsystem = 3,
		.dll_characteristics = PE_DYNAMIC_BASE | 0x120,
		.stack_and_heap = { 1 << 20, PAGE, 1 << 20, PAGE },
		.directory_count = PE_DIRECTORIES,
		.directories[PE_DIRECTORY_RELOC] = {
			last->rva, last->virtual_size,
		},
	};
	uint32_t where = NT_OFFSET;
	uint16_t magic = PE_DOS_MAGIC;

	memcpy(draft->file, &magic, sizeof(magic));
	memcpy(draft->file + PE_DOS_NT_OFFSET, &where, sizeof(where));
	memcpy(draft->file + NT_OFFSET, &nt, sizeof(nt));
	memcpy(draft->file + NT_OFFSET + sizeof(nt), draft->sections,
	       sizeof(draft->sections));
}

static void write_noise(unsigned char *to, size_t bytes)
{
	uint64_t state = 88172645463325252ULL;

	for (; bytes >= sizeof(state); bytes -= sizeof(state)) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		memcpy(to, &state, sizeof(state));
		to += sizeof(state);
	}
}

/* The addresses on one page, and where they are.  Returns the end of the latter. */
static unsigned char *write_page(struct draft *draft, int which, uint32_t offset,
				 unsigned char *relocs)
{
	const struct pe_section *section = &draft->sections[which];
	struct pe_reloc_block block = {
		.rva = section->rva + offset,
		.bytes = block_bytes(which),
	};
	unsigned char *entry = relocs + sizeof(block);
	uint32_t i;

	memcpy(relocs, &block, sizeof(block));
	for (i = 16; i < PAGE; i += stride(which)) {
		uint64_t address = BASE + block.rva + i;
		uint16_t reloc = PE_RELOC_DIR64 << 12 | i;

		if (offset + i + sizeof(address) > section->virtual_size)
			break;
		memcpy(draft->file + section->raw_offset + offset + i, &address,
		       sizeof(address));
		memcpy(entry, &reloc, sizeof(reloc));
		entry += sizeof(reloc);
	}
	return relocs + block.bytes;
}

static void write_contents(struct draft *draft)
{
	unsigned char *relocs = draft->file + draft->sections[RELOC].raw_offset;
	uint32_t offset;
	int i;

	for (i = 0; i < RELOC; i++) {
		const struct pe_section *section = &draft->sections[i];

		write_noise(draft->file + section->raw_offset,
			    section->virtual_size);
		for (offset = 0; offset < section->virtual_size; offset += PAGE)
			relocs = write_page(draft, i, offset, relocs);
	}
}

static int write_file(const char *path, const unsigned char *bytes, size_t length)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	ssize_t written = 1;

	if (file < 0)
		return -1;
	for (; length && written > 0; bytes += written, length -= written)
		written = write(file, bytes, length);
	/* What is not on the disk yet is dirty memory, whoever uses it. */
	if (!length && !fsync(file))
		return close(file);
	close(file);
	return -1;
}

int make_dll(const char *path, size_t bytes, uint32_t file_alignment)
{
	struct draft draft = { .file_alignment = file_alignment };
	int result;

	describe(&draft, bytes);
	draft.file = calloc(1, draft.length);
	if (!draft.file)
		return -1;
	write_headers(&draft);
	write_contents(&draft);
	result = write_file(path, draft.file, draft.length);
	free(draft.file);
	return result;
}
