// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Loads DLLs: maps them, relocates those that did not get their base, binds what
 * they import, and calls their DllMain().
 *
 * Most of the work was done when the section was created: the pages of the image are
 * where they belong, and made for the address at which it is mapped, once for all
 * processes.  A process has copies of those pages only to which it writes itself:
 * where imports are bound, and where the DLL has variables.
 */
#include "loader.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

/* Nobody has more, and broken DLLs shall come to an end. */
#define IMPORTS_MAX	1000000

enum { DLL_PROCESS_DETACH, DLL_PROCESS_ATTACH };

typedef int (LOADER_API *dll_main)(void *instance, uint32_t reason, void *how);

int loader_fail(struct loader *loader, const char *format, ...)
{
	va_list args;
	char *c;

	va_start(args, format);
	vsnprintf(loader->error, sizeof(loader->error), format, args);
	va_end(args);
	/* Names are whatever the DLL has there. */
	for (c = loader->error; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
	return -1;
}

static int broken(struct loader *loader, const struct loader_dll *dll,
		  const char *what)
{
	return loader_fail(loader, "%s: its %s are broken", dll->name, what);
}

/* How much of a segment there is from here on. */
static uint64_t rest_of(const struct section_image_segment *segment,
			uint64_t rva)
{
	return (uint64_t)segment->rva + segment->length - rva;
}

/*
 * The segment that has all of this, or NULL.  They are in ascending order; and a DLL
 * may have so many that nobody should look at each for every address in it.
 */
static struct section_image_segment *
segment_of(const struct loader_dll *dll, uint64_t rva, uint64_t length)
{
	uint32_t low = 0, high = dll->segment_count;
	struct section_image_segment *segment;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (dll->segments[middle].rva <= rva)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	segment = &dll->segments[low - 1];
	if (rva - segment->rva >= segment->length ||
	    length > rest_of(segment, rva))
		return NULL;
	return segment;
}

/*
 * What the DLL has at @rva for the loader, or NULL if it is not there to be read.
 * What other processes can change is nothing to rely on.
 */
static void *at(const struct loader_dll *dll, uint64_t rva, uint64_t length)
{
	struct section_image_segment *segment = segment_of(dll, rva, length);

	if (!segment || !(segment->prot & SECTION_PROT_READ) ||
	    segment->flags & SECTION_SEGMENT_SHARED)
		return NULL;
	return dll->start + rva;
}

/* The same, to be written to.  protect() undoes that. */
static void *at_opened(const struct loader_dll *dll, uint64_t rva,
		       uint64_t length)
{
	struct section_image_segment *segment = segment_of(dll, rva, length);
	void *address = at(dll, rva, length);

	if (!address || segment->prot & SECTION_PROT_WRITE ||
	    segment->flags & LOADER_OPENED)
		return address;
	if (mprotect(dll->start + segment->rva, segment->length,
		     PROT_READ | PROT_WRITE))
		return NULL;
	segment->flags |= LOADER_OPENED;
	return address;
}

static bool read_at(const struct loader_dll *dll, uint64_t rva, void *to,
		    size_t length)
{
	const void *from = at(dll, rva, length);

	if (from)
		memcpy(to, from, length);
	return from;
}

/* A string that ends where the DLL can be read. */
static const char *string_at(const struct loader_dll *dll, uint64_t rva)
{
	struct section_image_segment *segment = segment_of(dll, rva, 1);
	const char *string = at(dll, rva, 1);

	if (!string || !memchr(string, 0, rest_of(segment, rva)))
		return NULL;
	return string;
}

/* Mapping */

bool loader_headers(const char *start, size_t length, struct pe_nt *nt,
		    size_t *sections)
{
	const size_t fixed = offsetof(struct pe_nt, magic);
	uint16_t magic;
	uint32_t where;

	if (length < PE_DOS_NT_OFFSET + sizeof(where))
		return false;
	memcpy(&magic, start, sizeof(magic));
	memcpy(&where, start + PE_DOS_NT_OFFSET, sizeof(where));
	if (magic != PE_DOS_MAGIC || where > length ||
	    length - where < sizeof(*nt))
		return false;
	memcpy(nt, start + where, sizeof(*nt));
	if (nt->signature != PE_SIGNATURE ||
	    nt->optional_size > length - where - fixed)
		return false;
	*sections = where + fixed + nt->optional_size;
	return true;
}

/* The directory's place; one that the headers have no room for is empty. */
static struct pe_directory directory(const struct loader_dll *dll, int which)
{
	const size_t end = offsetof(struct pe_nt, directories) -
			   offsetof(struct pe_nt, magic) +
			   (which + 1) * sizeof(struct pe_directory);

	if ((uint32_t)which >= dll->nt.directory_count ||
	    dll->nt.optional_size < end)
		return (struct pe_directory) { 0 };
	return dll->nt.directories[which];
}

static int check_headers(struct loader *loader, struct loader_dll *dll)
{
	const struct section_image_segment *segment = segment_of(dll, 0, 1);
	size_t sections;

	if (!at(dll, 0, 1) || !loader_headers(dll->start, segment->length,
					      &dll->nt, &sections))
		return broken(loader, dll, "headers");
	if (dll->nt.machine != PE_MACHINE_AMD64 ||
	    dll->nt.magic != PE_MAGIC_PLUS)
		return loader_fail(loader, "%s is not for x86-64", dll->name);
	if (!(dll->nt.characteristics & PE_DLL))
		return loader_fail(loader, "%s is not a DLL", dll->name);
	if (directory(dll, PE_DIRECTORY_TLS).size)
		return loader_fail(loader, "%s has thread-local storage, which is not supported",
				   dll->name);
	if (directory(dll, PE_DIRECTORY_DELAY).size)
		return loader_fail(loader, "%s has delayed imports, which are not supported",
				   dll->name);
	return 0;
}

static int map_section(struct loader *loader, struct loader_dll *dll, int file)
{
	const uint32_t prot = SECTION_PROT_READ | SECTION_PROT_WRITE |
			      SECTION_PROT_EXECUTE;
	struct section_image_info info;
	int handle = section_create_image(NULL, file, prot);

	if (handle < 0)
		return loader_fail(loader, "%s: %s", dll->name,
				   section_explain(SECTION_OP_CREATE, errno));
	dll->segments = section_image_segments(handle, &info);
	if (dll->segments) {
		dll->segment_count = info.segments;
		dll->start = section_map_image(handle, NULL, 0, &dll->length);
	}
	if (!dll->start)
		loader_fail(loader, "%s: %s", dll->name,
			    section_explain(SECTION_OP_MAP, errno));
	section_close(handle);	/* the view keeps the section */
	return dll->start ? 0 : -1;
}

static int map_dll(struct loader *loader, struct loader_dll *dll,
		   const char *path)
{
	const char *slash = strrchr(path, '/');
	int file = open(path, O_RDONLY | O_CLOEXEC);
	int result;

	dll->name = slash ? slash + 1 : path;
	if (file < 0)
		return loader_fail(loader, "%s: %s", path, strerror(errno));
	result = loader->flags & LOADER_COPY ?
		 loader_copy(loader, dll, file) :
		 map_section(loader, dll, file);
	close(file);
	return result ? result : check_headers(loader, dll);
}

/* Relocation */

/* Why not.  What processes share could be right for one of them only. */
static int not_relocated(struct loader *loader, const struct loader_dll *dll,
			 uint64_t rva)
{
	const struct section_image_segment *segment = segment_of(dll, rva, 1);

	if (segment && segment->flags & SECTION_SEGMENT_SHARED)
		return loader_fail(loader, "%s: a shared segment would have to be relocated, which is not supported",
				   dll->name);
	return broken(loader, dll, "relocations");
}

static int relocate_one(struct loader *loader, const struct loader_dll *dll,
			uint64_t rva, unsigned int type, uint64_t delta)
{
	uint64_t address;
	void *place;

	if (type == PE_RELOC_ABSOLUTE)
		return 0;
	if (type != PE_RELOC_DIR64)
		return broken(loader, dll, "relocations");
	place = at_opened(dll, rva, sizeof(address));
	if (!place)
		return not_relocated(loader, dll, rva);
	memcpy(&address, place, sizeof(address));
	address += delta;
	memcpy(place, &address, sizeof(address));
	return 0;
}

static int relocate_block(struct loader *loader, const struct loader_dll *dll,
			  uint64_t where, const struct pe_reloc_block *block,
			  uint64_t delta)
{
	uint32_t i, count = (block->bytes - sizeof(*block)) / 2;
	uint16_t entry;

	for (i = 0; i < count; i++) {
		if (!read_at(dll, where + sizeof(*block) + 2 * i, &entry,
			     sizeof(entry)))
			return broken(loader, dll, "relocations");
		if (relocate_one(loader, dll,
				 (uint64_t)block->rva + entry % 4096,
				 entry >> 12, delta))
			return -1;
	}
	return 0;
}

/*
 * The headers tell for which address the pages are made; of a section of an image
 * that is where it is mapped, unless that was taken.
 */
static int relocate(struct loader *loader, const struct loader_dll *dll)
{
	uint64_t delta = (uintptr_t)dll->start - dll->nt.image_base;
	struct pe_directory relocs = directory(dll, PE_DIRECTORY_RELOC);
	uint64_t rva = relocs.rva, end = rva + relocs.size;
	struct pe_reloc_block block;

	if (!delta)
		return 0;
	if (dll->nt.characteristics & PE_RELOCS_STRIPPED)
		return loader_fail(loader, "%s cannot be relocated, and its address is taken",
				   dll->name);
	/* Of a DLL that has no addresses in it, there are none. */
	for (; end - rva >= sizeof(block); rva += block.bytes) {
		if (!read_at(dll, rva, &block, sizeof(block)))
			return broken(loader, dll, "relocations");
		if (!block.bytes)
			break;
		if (block.bytes < sizeof(block) || block.bytes > end - rva)
			return broken(loader, dll, "relocations");
		if (relocate_block(loader, dll, rva, &block, delta))
			return -1;
	}
	return 0;
}

/* Exports */

struct wanted {
	const char *name;		/* or NULL */
	uint32_t ordinal;
	char text[128];
};

static void want(struct wanted *wanted, const char *name, uint32_t ordinal)
{
	wanted->name = name;
	wanted->ordinal = ordinal;
	if (name)
		snprintf(wanted->text, sizeof(wanted->text), "%s", name);
	else
		snprintf(wanted->text, sizeof(wanted->text), "ordinal %u",
			 ordinal);
}

/* The number of the function of this name, or -1.  Names are sorted. */
static int64_t find_name(const struct loader_dll *dll,
			 const struct pe_exports *exports, const char *wanted)
{
	uint32_t low = 0, high = exports->name_count;

	while (low < high) {
		uint32_t rva, middle = low + (high - low) / 2;
		const char *name = NULL;
		uint16_t number;
		int order;

		if (read_at(dll, exports->names + 4ULL * middle, &rva, 4))
			name = string_at(dll, rva);
		if (!name)
			return -1;
		order = strcmp(wanted, name);
		if (!order)
			return read_at(dll, exports->ordinals + 2ULL * middle,
				       &number, 2) ? number : -1;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -1;
}

/* The RVA of what is exported, 0 if it is missing. */
static uint32_t find_rva(const struct loader_dll *dll,
			 struct pe_directory place, const struct wanted *wanted)
{
	struct pe_exports exports;
	int64_t number;
	uint32_t rva;

	if (!place.size || !read_at(dll, place.rva, &exports, sizeof(exports)))
		return 0;
	if (wanted->name)
		number = find_name(dll, &exports, wanted->name);
	else
		number = (int64_t)wanted->ordinal - exports.ordinal_base;
	if (number < 0 || number >= exports.function_count ||
	    !read_at(dll, exports.functions + 4ULL * number, &rva, 4))
		return 0;
	return rva;
}

/* @user is who wants it, for the message. */
static void *find_export(struct loader *loader, const struct loader_dll *dll,
			 const struct wanted *wanted, const char *user)
{
	struct pe_directory place = directory(dll, PE_DIRECTORY_EXPORT);
	uint32_t rva = find_rva(dll, place, wanted);

	if (!rva) {
		loader_fail(loader, "%s imports %s, which %s does not export",
			    user, wanted->text, dll->name);
		return NULL;
	}
	if (rva >= place.rva && rva - place.rva < place.size) {
		loader_fail(loader, "%s imports %s, which %s forwards to another DLL; forwarded exports are not supported",
			    user, wanted->text, dll->name);
		return NULL;
	}
	if (!segment_of(dll, rva, 1)) {
		broken(loader, dll, "exports");
		return NULL;
	}
	return dll->start + rva;
}

struct loader_dll *loader_dll(const struct loader *loader, const char *name)
{
	size_t i;

	for (i = 0; i < loader->count; i++)
		if (!strcasecmp(loader->dlls[i].name, name))
			return &loader->dlls[i];
	return NULL;
}

void *loader_find(struct loader *loader, const char *dll, const char *name,
		  uint32_t ordinal)
{
	const struct loader_dll *from = loader_dll(loader, dll);
	struct wanted wanted;

	if (!from) {
		loader_fail(loader, "%s is not loaded", dll);
		return NULL;
	}
	want(&wanted, name, ordinal);
	return find_export(loader, from, &wanted, "the program");
}

/* Imports */

static int bind_one(struct loader *loader, const struct loader_dll *dll,
		    const struct loader_dll *from, uint64_t lookup,
		    uint64_t thunk)
{
	const char *name = NULL;
	struct wanted wanted;
	void *address, *place;

	if (++loader->imports > IMPORTS_MAX)
		return broken(loader, dll, "imports");
	/* In front of the name is a hint, which is of no use here. */
	if (!(lookup & PE_IMPORT_ORDINAL)) {
		name = string_at(dll, (uint32_t)lookup + 2ULL);
		if (!name)
			return broken(loader, dll, "imports");
	}
	want(&wanted, name, lookup & 0xffff);
	address = find_export(loader, from, &wanted, dll->name);
	if (!address)
		return -1;
	place = at_opened(dll, thunk, sizeof(address));
	if (!place)
		return broken(loader, dll, "imports");
	memcpy(place, &address, sizeof(address));
	return 0;
}

static int bind_from(struct loader *loader, const struct loader_dll *dll,
		     const struct loader_dll *from,
		     const struct pe_imports *imports)
{
	uint64_t lookup = imports->lookup ? imports->lookup : imports->thunks;
	uint64_t thunk = imports->thunks, value;

	for (;; lookup += sizeof(value), thunk += sizeof(value)) {
		if (!read_at(dll, lookup, &value, sizeof(value)))
			return broken(loader, dll, "imports");
		if (!value)
			return 0;
		if (bind_one(loader, dll, from, value, thunk))
			return -1;
	}
}

static int bind_imports(struct loader *loader, const struct loader_dll *dll)
{
	struct pe_directory place = directory(dll, PE_DIRECTORY_IMPORT);
	uint64_t rva = place.rva;
	struct pe_imports imports;
	struct loader_dll *from;
	const char *name;

	for (; place.size; rva += sizeof(imports)) {
		if (++loader->imports > IMPORTS_MAX ||
		    !read_at(dll, rva, &imports, sizeof(imports)))
			return broken(loader, dll, "imports");
		if (!imports.name || !imports.thunks)
			break;
		name = string_at(dll, imports.name);
		if (!name)
			return broken(loader, dll, "imports");
		from = loader_dll(loader, name);
		if (!from)
			return loader_fail(loader, "%s imports from %.100s, which was not given",
					   dll->name, name);
		dll->needs[from - loader->dlls] = true;
		if (bind_from(loader, dll, from, &imports))
			return -1;
	}
	return 0;
}

/* What was opened gets the protection that it is to have. */
static int protect(struct loader *loader, struct loader_dll *dll)
{
	struct section_image_segment *segment = dll->segments;
	uint32_t i;

	for (i = 0; i < dll->segment_count; i++, segment++) {
		if (!(segment->flags & LOADER_OPENED))
			continue;
		if (mprotect(dll->start + segment->rva, segment->length,
			     (int)segment->prot))
			return loader_fail(loader, "%s: %s", dll->name,
					   strerror(errno));
		segment->flags &= ~LOADER_OPENED;
	}
	return 0;
}

/* DllMain() */

static int call_main(const struct loader_dll *dll, uint32_t reason)
{
	uint32_t entry = dll->nt.entry;

	return !entry ||
	       ((dll_main)(void *)(dll->start + entry))(dll->start, reason, NULL);
}

static int check_entry(struct loader *loader, const struct loader_dll *dll)
{
	const struct section_image_segment *segment;

	if (!dll->nt.entry)
		return 0;
	segment = segment_of(dll, dll->nt.entry, 1);
	if (!segment || !(segment->prot & SECTION_PROT_EXECUTE))
		return loader_fail(loader, "%s: its entry point is not in executable code",
				   dll->name);
	return 0;
}

/* First those that it needs, as far as they do not need each other. */
static int attach(struct loader *loader, size_t number)
{
	struct loader_dll *dll = &loader->dlls[number];
	size_t i;

	if (dll->visited)
		return 0;
	dll->visited = true;
	for (i = 0; i < loader->count; i++)
		if (dll->needs[i] && attach(loader, i))
			return -1;
	if (check_entry(loader, dll))
		return -1;
	if (!call_main(dll, DLL_PROCESS_ATTACH)) {
		/* As on Windows, so that it can take back what it has done. */
		call_main(dll, DLL_PROCESS_DETACH);
		return loader_fail(loader, "%s: its DllMain() refused to be loaded",
				   dll->name);
	}
	loader->attached[loader->attached_count++] = number;
	return 0;
}

/* All together */

static int load_all(struct loader *loader, const char *const *paths)
{
	size_t i;

	for (i = 0; i < loader->count; i++) {
		if (map_dll(loader, &loader->dlls[i], paths[i]) ||
		    relocate(loader, &loader->dlls[i]))
			return -1;
	}
	for (i = 0; i < loader->count; i++)
		if (bind_imports(loader, &loader->dlls[i]))
			return -1;
	for (i = 0; i < loader->count; i++)
		if (protect(loader, &loader->dlls[i]))
			return -1;
	if (loader->flags & LOADER_IDLE)
		return 0;
	for (i = 0; i < loader->count; i++)
		if (attach(loader, i))
			return -1;
	return 0;
}

static int allocate(struct loader *loader, size_t count)
{
	size_t i;

	loader->dlls = calloc(count, sizeof(*loader->dlls));
	loader->attached = calloc(count, sizeof(*loader->attached));
	if (!loader->dlls || !loader->attached)
		return -1;
	loader->count = count;
	for (i = 0; i < count; i++) {
		loader->dlls[i].needs = calloc(count, sizeof(bool));
		if (!loader->dlls[i].needs)
			return -1;
	}
	return 0;
}

int loader_load(struct loader *loader, const char *const *paths, size_t count,
		unsigned int flags)
{
	int result;

	*loader = (struct loader) { .flags = flags };
#ifndef __x86_64__
	return loader_fail(loader, "DLLs for x86-64 are not for this processor");
#endif
	result = allocate(loader, count) ?
		 loader_fail(loader, "out of memory") : load_all(loader, paths);
	if (result)
		loader_unload(loader);
	return result;
}

void loader_unload(struct loader *loader)
{
	size_t i;

	while (loader->attached_count)
		call_main(&loader->dlls[loader->attached[--loader->attached_count]],
			  DLL_PROCESS_DETACH);
	for (i = 0; i < loader->count; i++) {
		if (loader->dlls[i].start)
			section_unmap(loader->dlls[i].start,
				      loader->dlls[i].length);
		free(loader->dlls[i].segments);
		free(loader->dlls[i].needs);
	}
	free(loader->dlls);
	free(loader->attached);
	loader->dlls = NULL;
	loader->attached = NULL;
	loader->count = 0;
}
