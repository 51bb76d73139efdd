// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the files of handles are.
 *
 * All handles of a section that may be mapped in the same way share a path,
 * that is one inode and one dentry: it is the mount's noexec flag by which the
 * core itself keeps a handle without the execute right from executable mappings,
 * now and at any later mprotect(2).  The path of anonymous memory without
 * executable views is that of its shmem file; all others are on private mounts
 * of ramfs.
 *
 * The file systems' types are tmpfs and ramfs, which are always built in, and not
 * one of our own, because of module unloading: the last thing that __fput() does
 * with a file, after it has given back the module reference for its operations,
 * is to put dentry and mount.  With a type of our own that could tear down the
 * superblock through code and data of a module that is gone.
 *
 * For the same reason inodes have no operations of ours: an O_PATH descriptor of
 * a handle keeps its inode, and does not keep the module.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/mount.h>

#include "compat.h"
#include "pseudofs.h"

static struct vfsmount *section_mounts[SECTION_MOUNTS];

/* Those of any new inode: it cannot be opened. */
static const struct file_operations *section_no_open;

/**
 * section_path_seal - let nobody get at an inode but through our files
 * @path: the path of an inode that nobody else has yet
 *
 * It cannot be opened, which is ENXIO through /proc/PID/fd.  That its owner, mode
 * and times do not change is the doing of its mount, which is read-only (EROFS).
 */
void section_path_seal(const struct path *path)
{
	struct inode *inode = d_inode(path->dentry);

	inode->i_fop = section_no_open;
	/* As for any pseudo file, access was decided when it was handed out. */
	inode->i_flags |= S_PRIVATE;
}

/**
 * section_path_sealed - is this an inode of ours?
 * @inode: any inode
 *
 * Return: whether nobody can open it.
 */
bool section_path_sealed(const struct inode *inode)
{
	return inode->i_fop == section_no_open;
}

/**
 * section_mount_set - what a mount of ours lets be done
 * @mount: the mount
 * @exec: whether files may be mapped executable
 *
 * Nothing is ever opened for writing on it: that it is read-only is for fchmod(2)
 * and its like.
 */
void section_mount_set(struct vfsmount *mount, bool exec)
{
	mount->mnt_flags |= MNT_READONLY | (exec ? 0 : MNT_NOEXEC);
}

static struct inode *section_inode_new(enum section_mount where)
{
	struct inode *inode = new_inode(section_mounts[where]->mnt_sb);

	if (!inode)
		return NULL;
	/* It may still have that of the last inode in this memory. */
	inode->i_mode = 0;
	/* As for shmem's: whoever watches it must not keep it (inotify). */
	clear_nlink(inode);
	simple_inode_init_ts(inode);
	return inode;
}

/**
 * section_path_new - a path of our own
 * @path: filled in; owned by the caller
 * @where: on which mount
 * @label: shown where a file's path is shown
 *
 * The inode is sealed.  It has no type, as anonymous inodes have none: only
 * regular files change their size.  The caller sets number, size, owner and mode.
 *
 * Return: 0, -ENFILE or -ENOMEM.
 */
int section_path_new(struct path *path, enum section_mount where,
		     const char *label)
{
	struct inode *inode = section_inode_new(where);
	struct file *file;

	if (!inode)
		return -ENOMEM;
	/* There is no other way to a dentry with a name and without a parent. */
	file = alloc_file_pseudo(inode, section_mounts[where], label, O_RDWR,
				 section_no_open);
	if (IS_ERR(file)) {
		iput(inode);
		return PTR_ERR(file);
	}
	*path = file->f_path;
	path_get(path);
	section_path_seal(path);
	fput(file);
	return 0;
}

/**
 * section_file_become - give a file operations of ours
 * @file: a file that nobody else has; not one that is open for reading only
 * @flags: access mode of open(2)
 * @fops: the operations, with ->llseek, without any to read and write
 *
 * The mapping that system calls find by the file is an empty one, and not that
 * of shmem: a handle is no memfd, whose seals are changed, or which drivers
 * take for memory that may be written to.
 */
void section_file_become(struct file *file, int flags,
			 const struct file_operations *fops)
{
	fops_put(file->f_op);
	/*
	 * Given back when the file is closed (H22).  The caller runs in this
	 * module, so it cannot be on its way out.
	 */
	__module_get(fops->owner);
	file->f_op = fops;
	file->f_flags = flags;
	file->f_mode = OPEN_FMODE(flags) | FMODE_OPENED | FMODE_LSEEK;
	file->f_mapping = d_inode(section_mounts[0]->mnt_root)->i_mapping;
	/* As __fput() expects. */
	if ((file->f_mode & (FMODE_READ | FMODE_WRITE)) == FMODE_READ)
		i_readcount_inc(file_inode(file));
}

/**
 * section_file_new - one more file on a path
 * @path: the path of the section's other files
 * @flags: access mode of open(2)
 * @fops: operations of the file
 *
 * What O_PATH gives is a file that was not opened: nobody's operations and
 * counts, and no rights.
 *
 * Return: the file, or an error pointer: -ENFILE, -ENOMEM.
 */
struct file *section_file_new(const struct path *path, int flags,
			      const struct file_operations *fops)
{
	struct file *file = dentry_open(path, O_PATH, current_cred());

	if (!IS_ERR(file))
		section_file_become(file, flags, fops);
	return file;
}

static int __init section_no_open_init(void)
{
	struct inode *inode = section_inode_new(SECTION_MOUNT_NOEXEC);

	if (!inode)
		return -ENOMEM;
	section_no_open = inode->i_fop;
	iput(inode);
	return 0;
}

static void section_unmount(int count)
{
	while (count--)
		kern_unmount(section_mounts[count]);
}

int section_pseudofs_init(void)
{
	struct file_system_type *type = get_fs_type("ramfs");
	int err = 0;
	int i;

	if (!type)
		return -ENODEV;
	for (i = 0; i < SECTION_MOUNTS && !err; i++) {
		section_mounts[i] = kern_mount(type);
		err = PTR_ERR_OR_ZERO(section_mounts[i]);
	}
	module_put(type->owner);
	if (err) {
		section_unmount(i - 1);
		return err;
	}
	section_mount_set(section_mounts[SECTION_MOUNT_NOEXEC], false);
	section_mount_set(section_mounts[SECTION_MOUNT_EXEC], true);
	err = section_no_open_init();
	if (err)
		section_unmount(SECTION_MOUNTS);
	return err;
}

void section_pseudofs_exit(void)
{
	section_unmount(SECTION_MOUNTS);
}
