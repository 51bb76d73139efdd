// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guards: what the kernel can do with the vm_file of a view behind our back.
 *
 * A view's vm_file is the backing, so that the memory manager sees an ordinary
 * mapping of it.  But remap_file_pages(2) maps the vm_file anew, without our
 * vm_operations (H1), and whoever asks /proc/PID/maps for the build id of a
 * mapping has the kernel read the vm_file, wherever the ELF headers in it point
 * to.  Both go through the file's operations.  Those of a backing are a copy of
 * the file system's, without ->mmap and with a ->read_iter and a ->fallocate that
 * end with the section.  (Perf looks for build ids in the page cache itself, which
 * nothing of ours stands in front of.)
 *
 * Such a file owns a reference on this module, which __fput() gives back by
 * fops_put(), after the last call of a method.  The file system's own module
 * needs none of this file: the mount pins it.
 */
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/falloc.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "compat.h"
#include "guard.h"

static struct kmem_cache *section_guard_cache;

/* Its address is what a VMA carries while section_guard_mmap() is at work. */
static char section_guard_pass;

static struct section_guard *section_guard(const struct file *file)
{
	return container_of(file->f_op, struct section_guard, fops);
}

static ssize_t section_guard_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct section_guard *guard = section_guard(iocb->ki_filp);
	loff_t end = READ_ONCE(guard->end);

	/* Nobody shall take this for the end of the file. */
	if (iocb->ki_pos >= end)
		return -EIO;
	iov_iter_truncate(to, end - iocb->ki_pos);
	return guard->orig->read_iter(iocb, to);
}

/* MADV_REMOVE through a view that is longer than its section. */
static long section_guard_fallocate(struct file *file, int mode, loff_t offset,
				    loff_t len)
{
	struct section_guard *guard = section_guard(file);

	if (mode & FALLOC_FL_PUNCH_HOLE &&
	    offset + len > READ_ONCE(guard->end))
		return -EPERM;
	return guard->orig->fallocate(file, mode, offset, len);
}

/*
 * An overlay maps the file below through its operations, so there must be a
 * ->mmap.  It works for section_guard_mmap() only: a VMA that remap_file_pages()
 * is making carries nothing.
 */
static int section_guard_mmap_below(struct file *file,
				    struct vm_area_struct *vma)
{
	if (vma->vm_private_data != &section_guard_pass)
		return -EACCES;
	vma->vm_private_data = NULL;
	return section_guard(file)->orig->mmap(file, vma);
}

/* Instead of a guard that is gone; its owner is what __fput() looks at last. */
static const struct file_operations section_guard_gone = {
	.owner = THIS_MODULE,
};

static int section_guard_release(struct inode *inode, struct file *file)
{
	struct section_guard *guard = section_guard(file);
	int ret = 0;

	if (guard->orig->release)
		ret = guard->orig->release(inode, file);
	file->f_op = &section_guard_gone;
	kmem_cache_free(section_guard_cache, guard);
	return ret;
}

/**
 * section_guard_fill - make a guard that lets nobody map
 * @guard: filled in
 * @file: a file with the operations that it is to be in front of
 */
void section_guard_fill(struct section_guard *guard, const struct file *file)
{
	guard->orig = file->f_op;
	guard->end = LLONG_MAX;
	guard->fops = *file->f_op;
	guard->fops.owner = THIS_MODULE;
	guard->fops.mmap = NULL;
	/* That of tmpfs insists on a file with its operations (DEBUG_VM). */
	if (section_mapping_is_shmem(file->f_mapping))
		guard->fops.get_unmapped_area = thp_get_unmapped_area;
}

/**
 * section_guard_put_on - put a guard in front of a file's operations
 * @guard: the guard
 * @file: a file that nobody else uses; owns a module reference from now on
 */
void section_guard_put_on(struct section_guard *guard, struct file *file)
{
	const struct file_operations *orig = file->f_op;

	__module_get(THIS_MODULE);
	/* An overlay may just be looking at the file below it. */
	smp_store_release(&file->f_op, &guard->fops);
	fops_put(orig);
}

static struct section_guard *section_guard_new(struct file *file, loff_t end)
{
	struct section_guard *guard;

	guard = kmem_cache_alloc(section_guard_cache, GFP_KERNEL_ACCOUNT);
	if (!guard)
		return NULL;
	section_guard_fill(guard, file);
	guard->end = end;
	guard->fops.release = section_guard_release;
	if (guard->orig->read_iter)
		guard->fops.read_iter = section_guard_read_iter;
	if (guard->orig->fallocate)
		guard->fops.fallocate = section_guard_fallocate;
	return guard;
}

/**
 * section_guard_file - put a guard on a user's file
 * @file: a private struct file of it
 * @end: how far it may be read, in bytes: the section's end
 *
 * Return: 0 or -ENOMEM.
 */
int section_guard_file(struct file *file, loff_t end)
{
	struct section_guard *guard = section_guard_new(file, end);

	if (!guard)
		return -ENOMEM;
	section_guard_put_on(guard, file);
	return 0;
}

/**
 * section_guard_extend - the section has grown
 * @file: a file that was guarded by section_guard_file() or
 *	section_guard_below()
 * @end: the section's end in bytes
 */
void section_guard_extend(struct file *file, loff_t end)
{
	WRITE_ONCE(section_guard(file)->end, end);
}

/**
 * section_guard_below - put a guard on the file that an overlay mapped
 * @file: vm_file of a VMA that was made of a guarded file, and is not that file
 * @end: the section's end in bytes
 *
 * The caller holds a lock against doing it twice.
 *
 * Return: 0, also if there is one already, which learns of @end; -ENODEV if the
 * file belongs to somebody else too; -ENOMEM.
 */
int section_guard_below(struct file *file, loff_t end)
{
	struct section_guard *guard;

	if (file->f_op->release == section_guard_release) {
		section_guard_extend(file, end);
		return 0;
	}
	/* Opened by the overlay for the file above it alone. */
	if (!(file->f_mode & FMODE_NOACCOUNT))
		return -ENODEV;
	guard = section_guard_new(file, end);
	if (!guard)
		return -ENOMEM;
	guard->fops.mmap = section_guard_mmap_below;
	section_guard_put_on(guard, file);
	return 0;
}

/**
 * section_guard_mmap - the file system's ->mmap
 * @file: a guarded file
 * @vma: a VMA that has the file as its vm_file
 *
 * Return: what the file system gave.
 */
int section_guard_mmap(struct file *file, struct vm_area_struct *vma)
{
	int err;

	vma->vm_private_data = &section_guard_pass;
	err = section_guard(file)->orig->mmap(file, vma);
	if (vma->vm_private_data == &section_guard_pass)
		vma->vm_private_data = NULL;
	return err;
}

int section_guard_init(void)
{
	section_guard_cache = KMEM_CACHE(section_guard,
					 SLAB_ACCOUNT | SLAB_NO_MERGE);
	return section_guard_cache ? 0 : -ENOMEM;
}

void section_guard_exit(void)
{
	kmem_cache_destroy(section_guard_cache);
}
