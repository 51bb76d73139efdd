// SPDX-License-Identifier: GPL-2.0-only
/*
 * Anonymous memory: one unlinked shmem file for each section, on a tmpfs mount
 * of the module's own.  Its pages can be swapped, are charged to whoever
 * touches them first, and do not count against the size of /dev/shm.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/shmem_fs.h>

#include "backing.h"

static struct vfsmount *section_tmpfs;

/**
 * section_anon_open - make an anonymous backing
 * @label: shown in /proc/PID/maps
 * @bytes: size, a multiple of the page size
 *
 * The whole size is accounted now, as the overcommit mode in force does.
 *
 * Return: the file, or an error pointer: -ENOMEM, -ENFILE.
 */
struct file *section_anon_open(const char *label, loff_t bytes)
{
	struct file *file;

	file = shmem_file_setup_with_mnt(section_tmpfs, label, bytes, 0);
	/* Without memory for an inode, tmpfs speaks of space. */
	if (file == ERR_PTR(-ENOSPC))
		return ERR_PTR(-ENOMEM);
	if (!IS_ERR(file))
		section_file_forbid_remap(file);
	return file;
}

int section_anon_init(void)
{
	struct file_system_type *type = get_fs_type("tmpfs");

	if (!type)
		return -ENODEV;
	/* An internal mount has no limit of blocks and inodes. */
	section_tmpfs = kern_mount(type);
	module_put(type->owner);
	return PTR_ERR_OR_ZERO(section_tmpfs);
}

void section_anon_exit(void)
{
	kern_unmount(section_tmpfs);
}
