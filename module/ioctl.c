// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments of ioctls: copied in once, checked against the size that the
 * caller knows, copied out no further than he knows.
 */
#include <linux/build_bug.h>
#include <linux/uaccess.h>

#include "ioctl.h"

/* The ABI has no holes and is the same for 32-bit callers. */
static_assert(sizeof(struct section_create) == 72);
static_assert(sizeof(struct section_open) == 32);
static_assert(sizeof(struct section_query) == 96);
static_assert(sizeof(struct section_duplicate) == 16);
static_assert(sizeof(struct section_map) == 40);
static_assert(sizeof(struct section_query_view) == 80);
static_assert(sizeof(struct section_commit) == 24);
static_assert(sizeof(struct section_commit_view) == 24);
static_assert(sizeof(struct section_extend) == 16);
static_assert(sizeof(struct section_list) == 48);
static_assert(sizeof(struct section_list_entry) == 56);
static_assert(offsetof(struct section_create, bytes) == 24);
static_assert(offsetof(struct section_query, bytes) == 24);
static_assert(offsetof(struct section_map, length) == 32);
/* What later versions have added begins where the first one ended. */
static_assert(offsetof(struct section_create, base) == 64);
static_assert(offsetof(struct section_query, base) == 80);
static_assert(offsetof(struct section_query_view, run) == 64);

static int section_arg_copy_in(union section_arg *arg,
			       const struct section_ioctl *ioctl,
			       const void __user *uarg)
{
	u32 usize;
	int err;

	if (get_user(usize, (const u32 __user *)uarg))
		return -EFAULT;
	if (usize < ioctl->min_size)
		return -EINVAL;
	if (usize > PAGE_SIZE)
		return -E2BIG;
	err = copy_struct_from_user(arg, ioctl->size, uarg, usize);
	if (err)
		return err;
	/* What was read second may differ from what was checked. */
	arg->size = usize;
	return 0;
}

/**
 * section_arg_copy_out - write an argument back to the caller
 * @uarg: where it came from
 * @arg: the argument; @arg->size is how much of it the caller knows
 * @ksize: how much of it this module knows
 *
 * Return: 0, or -EFAULT.
 */
int section_arg_copy_out(void __user *uarg, const union section_arg *arg,
			 size_t ksize)
{
	if (copy_to_user(uarg, arg, min_t(size_t, arg->size, ksize)))
		return -EFAULT;
	return 0;
}

/**
 * section_ioctl_dispatch - find an ioctl in a table and call it
 * @table: the ioctls of this kind of file
 * @count: how many
 * @file: the file
 * @cmd: what the caller asks for
 * @uarg: address of his argument
 *
 * Return: what the handler returns; -ENOTTY for an unknown @cmd; -EINVAL,
 * -E2BIG or -EFAULT for a bad argument.
 */
long section_ioctl_dispatch(const struct section_ioctl *table, size_t count,
			    struct file *file, unsigned int cmd,
			    unsigned long uarg)
{
	union section_arg arg;
	int err;

	for (; count; table++, count--)
		if (table->cmd == cmd)
			break;
	if (!count)
		return -ENOTTY;
	err = section_arg_copy_in(&arg, table, (void __user *)uarg);
	if (err)
		return err;
	return table->handler(file, &arg, (void __user *)uarg);
}
