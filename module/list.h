/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_LIST_H
#define _SECTION_LIST_H

struct file;
union section_arg;

long section_list(struct file *file, union section_arg *arg,
		  void __user *uarg);

#endif /* _SECTION_LIST_H */
