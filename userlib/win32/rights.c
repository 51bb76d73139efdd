// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Access masks, and the rights that the kernel has to give for them.
 *
 * The numbers of a section's own rights are the same on both sides.  A handle's
 * mask is kept in the table of handles; the descriptor has no more rights than
 * the mask, save two that Linux cannot do without: every mapping needs to read
 * (M5), and a view that will be extended needs the right to extend (V18).
 */
#include "internal.h"

uint32_t section_access(ACCESS_MASK desired)
{
	uint32_t access = desired & (SECTION_ALL_ACCESS | MAXIMUM_ALLOWED);

	if (desired & GENERIC_READ)
		access |= READ_CONTROL | SECTION_QUERY | SECTION_MAP_READ;
	if (desired & GENERIC_WRITE)
		access |= READ_CONTROL | SECTION_MAP_WRITE;
	if (desired & GENERIC_EXECUTE)
		access |= READ_CONTROL | SECTION_MAP_EXECUTE;
	if (desired & GENERIC_ALL)
		access |= SECTION_ALL_ACCESS;
	return access;
}

uint32_t section_rights_of_prot(uint32_t prot)
{
	uint32_t rights = SECTION_RIGHT_QUERY | SECTION_RIGHT_READ;

	if (prot & SECTION_PROT_WRITE)
		rights |= SECTION_RIGHT_WRITE | SECTION_RIGHT_EXTEND;
	if (prot & SECTION_PROT_EXECUTE)
		rights |= SECTION_RIGHT_EXECUTE;
	return rights;
}

uint32_t section_kernel_rights(uint32_t access)
{
	uint32_t rights = access & SECTION_RIGHTS_ALL;

	if (rights & SECTION_RIGHT_WRITE)
		rights |= SECTION_RIGHT_READ | SECTION_RIGHT_EXTEND;
	if (rights & SECTION_RIGHT_EXECUTE)
		rights |= SECTION_RIGHT_READ;
	return rights;
}

/*
 * Views of an image have the protections that the image asks for (I48), whatever
 * the handle may do: its descriptor keeps all rights.
 */
uint32_t section_kernel_rights_of(int fd, uint32_t access)
{
	struct section_facts facts;

	if (!section_facts(fd, &facts) && facts.attributes & SECTION_ATTR_IMAGE)
		return facts.rights;
	return section_kernel_rights(access);
}
