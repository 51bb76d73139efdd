// SPDX-License-Identifier: GPL-2.0-only
/*
 * A user's file behind a section.
 *
 * The backing is never the user's own struct file but a private one, opened
 * from it with its credentials: nobody else can map it, so no plain mapping
 * ever merges with a view (H4), and it can be guarded (H1).
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/shmem_fs.h>
#include <linux/stat.h>
#include <linux/section.h>

#include "backing.h"
#include "compat.h"
#include "pseudofs.h"

/**
 * section_file_mapping - where a file's pages really are
 * @file: a regular file
 *
 * Return: its mapping; that of the underlying file if it is on an overlay.
 */
struct address_space *section_file_mapping(struct file *file)
{
	return d_real_inode(file_dentry(file))->i_mapping;
}

/*
 * Only files whose pages come from the page cache in the ordinary way can
 * back a section (H3): secretmem, hugetlbfs, and the files of proc are regular files
 * too.  (Those of sysfs look like others here; they cannot be mapped.)
 */
static int section_file_check(struct file *file, u32 prot)
{
	struct address_space *mapping;

	if (!S_ISREG(file_inode(file)->i_mode) || !file->f_op->mmap ||
	    section_path_sealed(file_inode(file)))
		return -ENODEV;
	mapping = section_file_mapping(file);
	if (!mapping->a_ops->read_folio && !section_mapping_is_shmem(mapping))
		return -ENODEV;
	if (!(file->f_mode & FMODE_READ))
		return -EACCES;
	if (prot & SECTION_PROT_WRITE && !(file->f_mode & FMODE_WRITE))
		return -EACCES;
	return 0;
}

/**
 * section_file_reopen - open a user's file once more, with no more than he has
 * @file: the file
 * @prot: SECTION_PROT_* of the section
 *
 * Return: a file of our own, or an error pointer of the file system's.
 */
struct file *section_file_reopen(struct file *file, u32 prot)
{
	int flags = prot & SECTION_PROT_WRITE ? O_RDWR : O_RDONLY;
	struct file *own;

	own = dentry_open(&file->f_path, flags | O_LARGEFILE, file->f_cred);
	/* For the core only; it would look up the path again, we have none. */
	return own == ERR_PTR(-EOPENSTALE) ? ERR_PTR(-ESTALE) : own;
}

/**
 * section_file_unmap - take back a mapping that was made for a call
 * @addr: where it is
 * @length: its length
 *
 * Linux 6.1 needs memory for that, and may not have it at once.  Whoever is being
 * killed keeps the mapping for as long as that takes.
 */
void section_file_unmap(unsigned long addr, unsigned long length)
{
	int tries = 3;

	while (vm_munmap(addr, length) == -ENOMEM && --tries)
		cond_resched();
}

/*
 * Ask everybody who has a say in mapping a file (H7).  Views of a section are
 * checked against the section's own inode only.  Whether the file itself may
 * be mapped so (noexec mount, append-only, swap space, seals, security modules,
 * the file system) is found out here, once, by mapping a page of it with the
 * strongest protection that a view can have, and unmapping it again.
 *
 * The file is opened anew: a thread of the caller may get hold of the mapping,
 * and must not find the backing behind it.  He has the file open himself, so
 * he learns nothing by that.
 */
static int section_file_trial(struct file *file, u32 prot)
{
	unsigned long addr;
	struct file *trial;

	trial = section_file_reopen(file, prot);
	if (IS_ERR(trial))
		return PTR_ERR(trial);
	addr = vm_mmap(trial, 0, PAGE_SIZE, prot, MAP_SHARED, 0);
	if (!IS_ERR_VALUE(addr))
		section_file_unmap(addr, PAGE_SIZE);
	fput(trial);
	return IS_ERR_VALUE(addr) ? (int)addr : 0;
}

/**
 * section_file_open - make a backing of a user's file
 * @user_file: the file
 * @prot: SECTION_PROT_* of the section
 *
 * Return: a private file over the same inode, or an error pointer: -ENODEV,
 * -EACCES, or what opening and mapping the file gave.
 */
struct file *section_file_open(struct file *user_file, u32 prot)
{
	int err;

	/* @prot is given to mmap as it is. */
	BUILD_BUG_ON(SECTION_PROT_READ ^ PROT_READ);
	BUILD_BUG_ON(SECTION_PROT_WRITE ^ PROT_WRITE);
	BUILD_BUG_ON(SECTION_PROT_EXECUTE ^ PROT_EXEC);

	err = section_file_check(user_file, prot);
	if (err)
		return ERR_PTR(err);
	err = section_file_trial(user_file, prot);
	if (err)
		return ERR_PTR(err);
	return section_file_reopen(user_file, prot);
}

/**
 * section_file_check_open - may the caller have views of a backing?
 * @file: the witness or the backing, guarded
 * @prot: SECTION_PROT_*, the strongest view that he will be able to make
 *
 * For who opens a section by name.  A trial as at creation is out of the
 * question: whoever got hold of that mapping would have all of the file, and a
 * FUSE server could stall the opener for ever.  But the core asks all the others
 * before it finds that a guarded file has no ->mmap.  Integrity measurement (IMA)
 * reads all of a file before it may be executed.
 *
 * Return: 0; -EPERM for a noexec mount; -EACCES for an append-only file;
 * -ETXTBSY for swap space; -ENOMEM; -EAGAIN; or what the security modules gave.
 */
int section_file_check_open(struct file *file, u32 prot)
{
	unsigned long flags = prot & PROT_WRITE ? MAP_SHARED : MAP_PRIVATE;
	unsigned long addr = vm_mmap(file, 0, PAGE_SIZE, prot, flags, 0);

	if (!IS_ERR_VALUE(addr)) {
		section_file_unmap(addr, PAGE_SIZE);
		return -EIO;
	}
	return addr == -ENODEV ? 0 : (int)addr;
}

/**
 * section_file_size - how large a file is now
 * @file: the file
 * @size: where to put it, in bytes
 *
 * Return: 0, or what the file system gave.
 */
int section_file_size(struct file *file, loff_t *size)
{
	struct kstat stat;
	int err;

	err = vfs_getattr(&file->f_path, &stat, STATX_SIZE,
			  AT_STATX_SYNC_AS_STAT);
	if (!err)
		*size = stat.size;
	return err;
}

/*
 * Never shrinks: somebody may have appended meanwhile, on another machine too.  A
 * file that is so large already loses the disk space that it has beyond its end.
 */
static int section_file_set_size(struct file *file, loff_t bytes)
{
	struct inode *inode = file_inode(file);
	struct kstat stat;
	struct iattr attr = {
		.ia_valid = ATTR_SIZE | ATTR_MTIME | ATTR_CTIME | ATTR_FILE,
		.ia_file = file,
	};
	int err;

	err = vfs_getattr(&file->f_path, &stat, STATX_SIZE,
			  AT_STATX_FORCE_SYNC);
	if (!err)
		err = mnt_want_write_file(file);
	if (err)
		return err;
	inode_lock(inode);
	attr.ia_size = max3(bytes, stat.size, i_size_read(inode));
	err = file_remove_privs(file);
	if (!err)
		err = section_notify_change(file->f_path.mnt,
					    file_dentry(file), &attr);
	inode_unlock(inode);
	mnt_drop_write_file(file);
	return err;
}

/**
 * section_file_grow - make a file at least so large
 * @file: a file open for writing
 * @bytes: the size
 *
 * Allocating its last byte extends a file without ever shrinking it or
 * touching what others write meanwhile, and asks the security modules; the
 * rest stays a hole.
 *
 * Return: 0; -ERESTARTSYS if a signal was in the way; or what the file system
 * gave: -ENOSPC, -EFBIG, -EPERM, ...
 */
int section_file_grow(struct file *file, loff_t bytes)
{
	loff_t size;
	int err;

	err = section_file_size(file, &size);
	if (err || size >= bytes)
		return err;
	err = vfs_fallocate(file, 0, bytes - 1, 1);
	if (err == -EOPNOTSUPP)
		err = section_file_set_size(file, bytes);
	/* Nothing was done, so the call can be made anew. */
	return err == -EINTR ? -ERESTARTSYS : err;
}

/**
 * section_file_populate - make a file so large, and have its disk space
 * @file: a file open for writing
 * @bytes: the size
 *
 * The space comes first, beyond the end of the file, and goes again if there is
 * not enough of it.
 *
 * Return: 0, or what the file system gave: -ENOSPC, -EFBIG, -EOPNOTSUPP, ...
 */
int section_file_populate(struct file *file, loff_t bytes)
{
	int err;

	err = vfs_fallocate(file, FALLOC_FL_KEEP_SIZE, 0, bytes);
	if (!err)
		err = section_file_grow(file, bytes);
	if (err && err != -EOPNOTSUPP)
		section_file_set_size(file, 0);
	return err;
}

/**
 * section_file_future_write_sealed - is a memfd sealed against new writers
 * @file: the backing
 *
 * The core asks this of the file it is told to map, which is the handle.
 *
 * Return: true if F_SEAL_FUTURE_WRITE is on it.
 */
bool section_file_future_write_sealed(struct file *file)
{
	struct inode *inode = file_inode(file);

	if (!section_mapping_is_shmem(inode->i_mapping))
		return false;
	return READ_ONCE(SHMEM_I(inode)->seals) & F_SEAL_FUTURE_WRITE;
}
