// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Protections: what each allows, and which fits where (1.7.4, 1.10).
 */
#include "internal.h"

#include <sys/mman.h>

#define READ	1U
#define WRITE	2U
#define EXECUTE	4U

/*
 * @access is what T1 goes by, @needs the handle right for a view (M4 to M7).
 * PAGE_EXECUTE can be read, because there is no such thing on x86 without it.
 */
static const struct {
	uint32_t protect;
	uint32_t access;
	uint32_t needs;
	int prot;
} protections[] = {
	{ PAGE_NOACCESS, 0, SECTION_MAP_READ, PROT_NONE },
	{ PAGE_READONLY, READ, SECTION_MAP_READ, PROT_READ },
	{ PAGE_READWRITE, READ | WRITE, SECTION_MAP_WRITE,
	  PROT_READ | PROT_WRITE },
	{ PAGE_WRITECOPY, READ, SECTION_MAP_READ, PROT_READ | PROT_WRITE },
	{ PAGE_EXECUTE, READ | EXECUTE, SECTION_MAP_EXECUTE,
	  PROT_READ | PROT_EXEC },
	{ PAGE_EXECUTE_READ, READ | EXECUTE,
	  SECTION_MAP_READ | SECTION_MAP_EXECUTE, PROT_READ | PROT_EXEC },
	{ PAGE_EXECUTE_READWRITE, READ | WRITE | EXECUTE,
	  SECTION_MAP_WRITE | SECTION_MAP_EXECUTE,
	  PROT_READ | PROT_WRITE | PROT_EXEC },
	{ PAGE_EXECUTE_WRITECOPY, READ | EXECUTE,
	  SECTION_MAP_READ | SECTION_MAP_EXECUTE,
	  PROT_READ | PROT_WRITE | PROT_EXEC },
};

#define COUNT	(sizeof(protections) / sizeof(protections[0]))

static size_t find(uint32_t protect)
{
	size_t i = 0;

	while (i < COUNT && protections[i].protect != (protect & PROTECT_BASE))
		i++;
	return i;
}

bool protect_valid(uint32_t protect)
{
	uint32_t more = protect & ~PROTECT_BASE;

	if (find(protect) == COUNT ||
	    more & ~(PAGE_GUARD | PAGE_NOCACHE | PAGE_WRITECOMBINE))
		return false;
	if (more && (protect & PROTECT_BASE) == PAGE_NOACCESS)
		return false;
	/* At most one of the two that are about caches, and no guard with it. */
	return !(more & PAGE_WRITECOMBINE) || more == PAGE_WRITECOMBINE;
}

bool protect_copies(uint32_t protect)
{
	return protect & (PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY);
}

bool protect_writes(uint32_t protect)
{
	return protect & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE);
}

int protect_prot(uint32_t protect)
{
	size_t i = find(protect);

	return i == COUNT || protect & PAGE_GUARD ? PROT_NONE :
	       protections[i].prot;
}

uint32_t protect_from_prot(int prot)
{
	static const uint32_t table[] = {
		PAGE_NOACCESS, PAGE_READONLY, PAGE_READWRITE, PAGE_READWRITE,
		PAGE_EXECUTE, PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE,
		PAGE_EXECUTE_READWRITE,
	};

	return table[prot & 7];
}

uint32_t protect_needs(uint32_t protect)
{
	return protections[find(protect)].needs;
}

static uint32_t one(uint32_t protect)
{
	return protect & PROTECT_BASE;
}

bool protect_fits_section(uint32_t section, uint32_t view)
{
	const uint32_t data = PAGE_NOACCESS | PAGE_READONLY | PAGE_WRITECOPY;
	const uint32_t code = PAGE_EXECUTE | PAGE_EXECUTE_READ |
			      PAGE_EXECUTE_WRITECOPY;

	switch (one(section)) {
	case PAGE_READONLY:
	case PAGE_WRITECOPY:
		return one(view) & data;
	case PAGE_READWRITE:
		return one(view) & (data | PAGE_READWRITE);
	case PAGE_EXECUTE:
		return one(view) & (PAGE_NOACCESS | PAGE_EXECUTE);
	case PAGE_EXECUTE_READ:
	case PAGE_EXECUTE_WRITECOPY:
		return one(view) & (data | code);
	case PAGE_EXECUTE_READWRITE:
		return true;
	}
	return false;
}

bool protect_fits_view(uint32_t view, uint32_t protect)
{
	return !(protections[find(protect)].access &
		 ~protections[find(view)].access);
}

uint32_t protect_after_copy(uint32_t protect)
{
	switch (one(protect)) {
	case PAGE_WRITECOPY:
		return (protect & ~PROTECT_BASE) | PAGE_READWRITE;
	case PAGE_EXECUTE_WRITECOPY:
		return (protect & ~PROTECT_BASE) | PAGE_EXECUTE_READWRITE;
	}
	return protect;
}
