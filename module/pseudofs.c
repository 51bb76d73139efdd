// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inodes and files of sections.
 *
 * They live on two private mounts of ramfs, one of them noexec: that is how a
 * handle without the execute right is kept from executable mappings by the
 * core itself, now and at any later mprotect(2).
 *
 * The file system's type is ramfs', which is always built in, and not one of
 * our own, because of module unloading: the last thing that __fput() does with
 * a file, after it has given back the module reference for its operations, is
 * to put dentry and mount.  With a type of our own that could tear down the
 * superblock through code and data of a module that is gone.  Nothing of ramfs
 * itself is used.
 *
 * For the same reason inodes have no operations of ours: an O_PATH descriptor of
 * a handle keeps its inode, and does not keep the module.  Those that every new
 * inode has do what is wanted: it cannot be opened (ENXIO through
 * /proc/PID/fd); being immutable, it does not change owner, mode and times; and
 * having no type, it does not change its size.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/mount.h>

#include "compat.h"
#include "pseudofs.h"

static struct vfsmount *section_mounts[SECTION_MOUNTS];

/**
 * section_inode_new - an inode that can only be fstat()ed
 * @where: on which mount its files will be
 *
 * The caller sets number, size, owner and mode.
 *
 * Return: the inode, or NULL.
 */
struct inode *section_inode_new(enum section_mount where)
{
	struct inode *inode = new_inode(section_mounts[where]->mnt_sb);

	if (!inode)
		return NULL;
	/* As for any pseudo file, access was decided when it was handed out. */
	inode->i_flags |= S_PRIVATE | S_IMMUTABLE;
	simple_inode_init_ts(inode);
	return inode;
}

/**
 * section_file_new - open an inode of section_inode_new()
 * @inode: the inode; the file takes a reference of its own
 * @where: on which mount it is
 * @label: shown where a file's path is shown
 * @flags: access mode of open(2)
 * @fops: operations of the file
 *
 * Return: the file, or an error pointer: -ENFILE, -ENOMEM.
 */
struct file *section_file_new(struct inode *inode, enum section_mount where,
			      const char *label, int flags,
			      const struct file_operations *fops)
{
	struct file *file;

	/*
	 * alloc_file_pseudo() does not take the module reference that closing
	 * the file will give back (H22).  The caller runs in this module, so
	 * it cannot be on its way out.
	 */
	__module_get(fops->owner);
	ihold(inode);
	file = alloc_file_pseudo(inode, section_mounts[where], label, flags,
				 fops);
	if (IS_ERR(file)) {
		iput(inode);
		module_put(fops->owner);
	}
	return file;
}

int section_pseudofs_init(void)
{
	struct file_system_type *type = get_fs_type("ramfs");
	struct vfsmount *mnt;
	int i;

	if (!type)
		return -ENODEV;
	for (i = 0; i < SECTION_MOUNTS; i++) {
		mnt = kern_mount(type);
		if (IS_ERR(mnt))
			goto err_unmount;
		section_mounts[i] = mnt;
	}
	section_mounts[SECTION_MOUNT_NOEXEC]->mnt_flags |= MNT_NOEXEC;
	module_put(type->owner);
	return 0;

err_unmount:
	while (i--)
		kern_unmount(section_mounts[i]);
	module_put(type->owner);
	return PTR_ERR(mnt);
}

void section_pseudofs_exit(void)
{
	int i;

	for (i = 0; i < SECTION_MOUNTS; i++)
		kern_unmount(section_mounts[i]);
}
