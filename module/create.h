/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_CREATE_H
#define _SECTION_CREATE_H

#include <linux/types.h>

struct file;
struct net;
struct section;
union section_arg;

long section_create(struct file *file, union section_arg *arg,
		    void __user *uarg);
long section_open(struct file *file, union section_arg *arg,
		  void __user *uarg);
struct net *section_net_get(int scope_fd);
u32 section_rights_granted(const struct section *section, struct net *net,
			   u32 wanted);

#endif /* _SECTION_CREATE_H */
