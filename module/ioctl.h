/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_IOCTL_H
#define _SECTION_IOCTL_H

#include <linux/fs.h>
#include <linux/section.h>
#include <linux/stddef.h>

/**
 * union section_arg - room for the argument of any ioctl
 * @size: first member of each of them
 * @create: SECTION_IOC_CREATE
 * @open: SECTION_IOC_OPEN
 * @list: SECTION_IOC_LIST
 * @query_view: SECTION_IOC_QUERY_VIEW
 * @query: SECTION_IOC_QUERY
 * @duplicate: SECTION_IOC_DUPLICATE
 * @map: SECTION_IOC_MAP
 * @commit: SECTION_IOC_COMMIT
 * @commit_view: SECTION_IOC_COMMIT_VIEW
 * @extend: SECTION_IOC_EXTEND
 * @query_image: SECTION_IOC_QUERY_IMAGE
 */
union section_arg {
	__u32 size;
	struct section_create create;
	struct section_open open;
	struct section_list list;
	struct section_query_view query_view;
	struct section_query query;
	struct section_duplicate duplicate;
	struct section_map map;
	struct section_commit commit;
	struct section_commit_view commit_view;
	struct section_extend extend;
	struct section_query_image query_image;
};

/**
 * struct section_ioctl - one ioctl
 * @cmd: its number
 * @size: size of its argument as this module knows it
 * @min_size: size of the argument's first version
 * @handler: called with the argument copied in; may change @arg and copy it
 *	out with section_arg_copy_out()
 */
struct section_ioctl {
	unsigned int cmd;
	size_t size;
	size_t min_size;
	long (*handler)(struct file *file, union section_arg *arg,
			void __user *uarg);
};

/* @_last is the last member of the first version of the structure. */
#define SECTION_IOCTL(_cmd, _struct, _last, _handler)			\
	{								\
		.cmd = (_cmd),						\
		.size = sizeof(struct _struct),				\
		.min_size = offsetofend(struct _struct, _last),		\
		.handler = (_handler),					\
	}

long section_ioctl_dispatch(const struct section_ioctl *table, size_t count,
			    struct file *file, unsigned int cmd,
			    unsigned long uarg);
int section_arg_copy_out(void __user *uarg, const union section_arg *arg,
			 size_t ksize);

#endif /* _SECTION_IOCTL_H */
