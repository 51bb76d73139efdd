// SPDX-License-Identifier: GPL-2.0-only
/*
 * SECTION_IOC_MAP: what is to be mapped, checked, and given to vm_mmap().
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/overflow.h>

#include "backing.h"
#include "ioctl.h"
#include "map.h"
#include "section.h"

#define SECTION_MAP_FLAGS	(SECTION_MAP_PRIVATE | SECTION_MAP_FIXED | \
				 SECTION_MAP_NO_INHERIT | SECTION_MAP_BEYOND)

static u32 section_map_rights(const struct section_map *map)
{
	u32 rights = SECTION_RIGHT_READ;

	if (map->prot & PROT_WRITE && !(map->flags & SECTION_MAP_PRIVATE))
		rights |= SECTION_RIGHT_WRITE;
	if (map->prot & PROT_EXEC)
		rights |= SECTION_RIGHT_EXECUTE;
	/* Who may extend the section may see what is beyond its end. */
	if (map->flags & SECTION_MAP_BEYOND)
		rights |= SECTION_RIGHT_EXTEND;
	return rights;
}

/* A length of 0 becomes the real one. */
static int section_map_check_range(const struct section *section,
				   struct section_map *map)
{
	u64 limit = section_length(section);
	u64 end;

	if (check_add_overflow(map->offset, map->length, &end) ||
	    end > MAX_LFS_FILESIZE)
		return -EOVERFLOW;
	if (map->offset >= limit)
		return -ENXIO;
	if (end > limit && !(map->flags & SECTION_MAP_BEYOND))
		return -ENXIO;
	if (!map->length)
		map->length = limit - map->offset;
	map->length = PAGE_ALIGN(map->length);
	return 0;
}

/* Views of a based section have their address; others get what was asked. */
static int section_map_check_address(const struct section *section,
				     struct section_map *map)
{
	if (section->base) {
		u64 address = section->base + map->offset;

		if (map->address && map->address != address)
			return -EINVAL;
		map->address = address;
		map->flags |= SECTION_MAP_FIXED;
	}
	return map->address == (unsigned long)map->address ? 0 : -ENOMEM;
}

/**
 * section_map_check - may this be mapped through a handle?
 * @section: the section
 * @rights: the handle's rights
 * @map: what is to be mapped; completed
 *
 * Return: 0, or a documented error.
 */
int section_map_check(const struct section *section, u32 rights,
		      struct section_map *map)
{
	int err;

	if (map->flags & ~SECTION_MAP_FLAGS ||
	    map->prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC) ||
	    map->reserved || !PAGE_ALIGNED(map->offset))
		return -EINVAL;
	if (map->flags & SECTION_MAP_FIXED && !PAGE_ALIGNED(map->address))
		return -EINVAL;
	if (map->flags & SECTION_MAP_BEYOND && !section_is_plain_file(section))
		return -EOPNOTSUPP;
	err = section_map_check_range(section, map);
	if (err)
		return err;
	if (section_map_rights(map) & ~rights)
		return -EACCES;
	return section_map_check_address(section, map);
}

static unsigned long section_map_flags(const struct section_map *map)
{
	unsigned long flags;

	flags = map->flags & SECTION_MAP_PRIVATE ? MAP_PRIVATE : MAP_SHARED;
	if (map->flags & SECTION_MAP_FIXED)
		flags |= MAP_FIXED_NOREPLACE;
	return flags;
}

/**
 * section_map_file - map a view
 * @file: a handle
 * @arg: what section_map_check() has checked
 * @uarg: where it came from
 *
 * Return: 0, or a documented error.
 */
long section_map_file(struct file *file, union section_arg *arg,
		      void __user *uarg)
{
	struct section_map *map = &arg->map;
	unsigned long addr;
	int err;

	addr = vm_mmap(file, map->address, map->length, map->prot,
		       section_map_flags(map), map->offset);
	if (IS_ERR_VALUE(addr))
		return addr;
	map->address = addr;
	err = section_arg_copy_out(uarg, arg, sizeof(*map));
	if (err)
		section_file_unmap(addr, map->length);
	return err;
}
