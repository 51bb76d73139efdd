// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * How Linux gets a shared library into memory: linkers align what it has to pages,
 * so each segment is a mapping of the file.
 */
#include "native.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE	4096UL
#define CLASS	(sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32)

static int refuse(void)
{
	errno = ENOEXEC;
	return -1;
}

static bool in_file_alone(const ElfW(Phdr) *segment)
{
	return segment->p_filesz && segment->p_filesz == segment->p_memsz &&
	       segment->p_offset % PAGE == segment->p_vaddr % PAGE;
}

/* Takes the headers of what is to be in memory, and how long that is as a whole. */
static int read_headers(int file, struct native *library)
{
	ElfW(Phdr) header;
	ElfW(Addr) end;
	ElfW(Ehdr) elf;
	unsigned int i;

	if (pread(file, &elf, sizeof(elf), 0) != sizeof(elf) ||
	    memcmp(elf.e_ident, ELFMAG, SELFMAG) ||
	    elf.e_ident[EI_CLASS] != CLASS || elf.e_type != ET_DYN ||
	    elf.e_phentsize != sizeof(header))
		return refuse();
	for (i = 0; i < elf.e_phnum; i++) {
		if (pread(file, &header, sizeof(header),
			  (off_t)(elf.e_phoff + i * sizeof(header))) !=
		    sizeof(header))
			return refuse();
		if (header.p_type != PT_LOAD)
			continue;
		if (library->segment_count == NATIVE_SEGMENTS ||
		    !in_file_alone(&header) ||
		    __builtin_add_overflow(header.p_vaddr, header.p_memsz, &end))
			return refuse();
		library->segments[library->segment_count++] = header;
		if (library->length < end)
			library->length = end;
	}
	return library->length ? 0 : refuse();
}

static int map_segment(const struct native *library, int file,
		       const ElfW(Phdr) *segment)
{
	size_t before = segment->p_vaddr % PAGE;
	int prot = (segment->p_flags & PF_R ? PROT_READ : 0) |
		   (segment->p_flags & PF_W ? PROT_WRITE : 0) |
		   (segment->p_flags & PF_X ? PROT_EXEC : 0);

	return mmap(library->start + segment->p_vaddr - before,
		    before + segment->p_filesz, prot, MAP_PRIVATE | MAP_FIXED,
		    file, (off_t)(segment->p_offset - before)) == MAP_FAILED ?
	       -1 : 0;
}

static int map_segments(struct native *library, int file)
{
	int saved;
	size_t i;

	/* Room for all of them, of which there is nothing yet. */
	library->start = mmap(NULL, library->length, PROT_NONE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (library->start == MAP_FAILED)
		return -1;
	for (i = 0; i < library->segment_count; i++) {
		if (!map_segment(library, file, &library->segments[i]))
			continue;
		saved = errno;
		munmap(library->start, library->length);
		errno = saved;
		return -1;
	}
	return 0;
}

int native_map(const char *path, struct native *library)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	int result, saved;

	if (file < 0)
		return -1;
	*library = (struct native) { 0 };
	result = read_headers(file, library);
	if (!result)
		result = map_segments(library, file);
	saved = errno;
	close(file);
	errno = saved;
	return result;
}
