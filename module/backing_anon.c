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
#include "guard.h"

static struct vfsmount *section_tmpfs;

/* For all anonymous sections: nobody else has data beyond their ends. */
static struct section_guard section_anon_guard __ro_after_init;

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
		section_guard_put_on(&section_anon_guard, file);
	return file;
}

/* The operations of tmpfs are not exported: a file has them. */
static int __init section_anon_guard_init(void)
{
	struct file *file;

	file = shmem_file_setup_with_mnt(section_tmpfs, "", 0, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	section_guard_fill(&section_anon_guard, file);
	fput(file);
	return 0;
}

int __init section_anon_init(void)
{
	struct file_system_type *type = get_fs_type("tmpfs");
	int err;

	if (!type)
		return -ENODEV;
	/* An internal mount has no limit of blocks and inodes. */
	section_tmpfs = kern_mount(type);
	module_put(type->owner);
	if (IS_ERR(section_tmpfs))
		return PTR_ERR(section_tmpfs);
	err = section_anon_guard_init();
	if (err)
		kern_unmount(section_tmpfs);
	return err;
}

void section_anon_exit(void)
{
	kern_unmount(section_tmpfs);
}
