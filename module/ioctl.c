// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments of ioctls: copied in once, checked against the size that the
 * caller knows, copied out no further than he knows.
 */
#include <linux/build_bug.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "ioctl.h"

/* The ABI has no holes and is the same for 32-bit callers. */
static_assert(sizeof(struct section_create) == 72);
static_assert(sizeof(struct section_open) == 40);
static_assert(sizeof(struct section_query) == 96);
static_assert(sizeof(struct section_duplicate) == 16);
static_assert(sizeof(struct section_map) == 40);
static_assert(sizeof(struct section_query_view) == 80);
static_assert(sizeof(struct section_commit) == 24);
static_assert(sizeof(struct section_commit_view) == 24);
static_assert(sizeof(struct section_extend) == 16);
static_assert(sizeof(struct section_query_image) == 104);
static_assert(sizeof(struct section_image_segment) == 16);
static_assert(sizeof(struct section_list) == 48);
static_assert(sizeof(struct section_list_entry) == 56);
static_assert(offsetof(struct section_create, bytes) == 24);
static_assert(offsetof(struct section_query, bytes) == 24);
static_assert(offsetof(struct section_map, length) == 32);
/* What later versions have added begins where the first one ended. */
static_assert(offsetof(struct section_create, base) == 64);
static_assert(offsetof(struct section_open, bytes) == 32);
static_assert(offsetof(struct section_query, base) == 80);
static_assert(offsetof(struct section_query_view, run) == 64);

/*
 * Arguments of the size that this module knows are whole words; word by word
 * they cost half of what a copy of any size costs.
 */
static bool section_arg_in_words(const void __user *uarg, size_t size)
{
	return IS_ALIGNED((unsigned long)uarg | size, sizeof(u64)) &&
	       IS_ENABLED(CONFIG_64BIT);
}

static int section_arg_get_words(u64 *to, const u64 __user *from, size_t size)
{
	size_t i;

	if (!user_access_begin(from, size))
		return -EFAULT;
	for (i = 0; i < size / sizeof(u64); i++)
		unsafe_get_user(to[i], from + i, fault);
	user_access_end();
	return 0;

fault:
	user_access_end();
	return -EFAULT;
}

static int section_arg_put_words(u64 __user *to, const u64 *from, size_t size)
{
	size_t i;

	if (!user_access_begin(to, size))
		return -EFAULT;
	for (i = 0; i < size / sizeof(u64); i++)
		unsafe_put_user(from[i], to + i, fault);
	user_access_end();
	return 0;

fault:
	user_access_end();
	return -EFAULT;
}

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
	if (usize == ioctl->size && section_arg_in_words(uarg, usize))
		err = section_arg_get_words((u64 *)arg, uarg, usize);
	else
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
	if (arg->size == ksize && section_arg_in_words(uarg, ksize))
		return section_arg_put_words(uarg, (const u64 *)arg, ksize);
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
	/* A handler sees no more of it than what is copied in. */
	union section_arg arg __uninitialized;
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
