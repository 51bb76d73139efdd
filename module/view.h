/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_VIEW_H
#define _SECTION_VIEW_H

#include <linux/types.h>

struct file;
struct section;
struct vm_area_struct;
union section_arg;

int section_view_mmap(struct section *section, struct vm_area_struct *vma,
		      u32 flags);
unsigned long section_view_area(const struct section *section,
				unsigned long addr, unsigned long len,
				unsigned long pgoff, unsigned long flags);
long section_view_commit(struct file *file, union section_arg *arg,
			 void __user *uarg);
long section_view_query(struct file *file, union section_arg *arg,
			void __user *uarg);

#endif /* _SECTION_VIEW_H */
