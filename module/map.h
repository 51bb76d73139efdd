/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_MAP_H
#define _SECTION_MAP_H

#include <linux/types.h>

struct file;
struct section;
struct section_map;
union section_arg;

int section_map_check(const struct section *section, u32 rights,
		      struct section_map *map);
long section_map_file(struct file *file, union section_arg *arg,
		      void __user *uarg);

#endif /* _SECTION_MAP_H */
