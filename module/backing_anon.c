// SPDX-License-Identifier: GPL-2.0-only
/*
 * Anonymous memory: one unlinked shmem file for each section, on a tmpfs mount
 * of the module's own.  Its pages can be swapped, are charged to whoever
 * touches them first, and do not count against the size of /dev/shm.
 *
 * Accounting.  A shmem file is accounted by its size: when it is made, when its
 * size is changed, and when it goes.  Nothing else lets a module account memory.
 * A reserved section's file is therefore made empty, and given its size without
 * shmem's knowledge; its pages are never accounted, each for itself or all at
 * once.  What is committed is accounted by another file, made of that size and
 * emptied without shmem's knowledge before it goes.  Its charge is then the
 * section's, whose file is given that size before it goes, and takes the charge
 * with it.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>
#include <linux/section.h>

#include "backing.h"
#include "compat.h"
#include "guard.h"
#include "pseudofs.h"

/* For handles that let nobody execute, whose files are on it, too. */
static struct vfsmount *section_tmpfs;

/* For all others. */
static struct vfsmount *section_tmpfs_exec;

/* With large pages; NULL if this kernel has none. */
static struct vfsmount *section_tmpfs_large;

/* For all anonymous sections: nobody else has data beyond their ends. */
static struct section_guard section_anon_guard __ro_after_init;

/* What tmpfs lets be done with its files. */
static fmode_t section_anon_mode __ro_after_init;

static struct file *section_shmem(struct vfsmount *mount, const char *label,
				  loff_t bytes)
{
	struct file *file = shmem_file_setup_with_mnt(mount, label, bytes, 0);

	/* Without memory for an inode, tmpfs speaks of space. */
	return file == ERR_PTR(-ENOSPC) ? ERR_PTR(-ENOMEM) : file;
}

static struct vfsmount *section_anon_mount(u32 prot, u32 *attributes)
{
	if (*attributes & (SECTION_ATTR_LARGE | SECTION_ATTR_LARGE_ALL)) {
		if (section_tmpfs_large)
			return section_tmpfs_large;
		if (*attributes & SECTION_ATTR_LARGE_ALL)
			return ERR_PTR(-EOPNOTSUPP);
		*attributes &= ~SECTION_ATTR_LARGE;
	}
	return prot & SECTION_PROT_EXECUTE ? section_tmpfs_exec : section_tmpfs;
}

/**
 * section_anon_new - make anonymous memory
 * @label: shown in /proc/PID/maps
 * @bytes: size, a multiple of the page size
 * @prot: SECTION_PROT_*
 * @attributes: SECTION_ATTR_*; SECTION_ATTR_LARGE is taken away if there are no
 *	large pages
 *
 * The whole size is accounted now, as the overcommit mode in force does, unless
 * it is only reserved.
 *
 * Return: a file of it, without a guard; or an error pointer: -ENOMEM, -ENFILE,
 * -EOPNOTSUPP.
 */
struct file *section_anon_new(const char *label, loff_t bytes, u32 prot,
			      u32 *attributes)
{
	bool reserve = *attributes & SECTION_ATTR_RESERVE;
	struct vfsmount *mount = section_anon_mount(prot, attributes);
	struct file *file;

	if (IS_ERR(mount))
		return ERR_CAST(mount);
	file = section_shmem(mount, label, reserve ? 0 : bytes);
	if (IS_ERR(file))
		return file;
	if (reserve)
		i_size_write(file_inode(file), bytes);
	/* No other way to it may change its size, nor what it is sealed against. */
	SHMEM_I(file_inode(file))->seals |= F_SEAL_SHRINK | F_SEAL_GROW |
					    F_SEAL_SEAL;
	section_path_seal(&file->f_path);
	return file;
}

/**
 * section_anon_is_path - can the files of handles be on its path?
 * @file: what section_anon_new() gave
 *
 * Return: whether they can; then none of them allows executable views.
 */
bool section_anon_is_path(const struct file *file)
{
	return file->f_path.mnt == section_tmpfs;
}

/**
 * section_anon_back - make a file of anonymous memory a backing
 * @file: one that nobody else uses
 */
void section_anon_back(struct file *file)
{
	section_guard_put_on(&section_anon_guard, file);
}

/**
 * section_anon_backing - one more file of anonymous memory, as a backing
 * @path: where it is
 * @cred: whose file it is
 *
 * Return: the file, or an error pointer: -ENFILE, -ENOMEM.
 */
struct file *section_anon_backing(const struct path *path,
				  const struct cred *cred)
{
	const struct cred *mine = override_creds(cred);
	struct file *file = dentry_open(path, O_PATH, cred);

	revert_creds(mine);
	if (IS_ERR(file))
		return file;
	/* The mount is read-only: no need to look whether a time is due. */
	file->f_flags = O_RDWR | O_NOATIME;
	file->f_mode = section_anon_mode;
	section_anon_back(file);
	return file;
}

/**
 * section_anon_set_charge - what goes with reserved memory when it goes
 * @inode: that of the memory, with no views any more
 * @pages: how many pages are accounted
 */
void section_anon_set_charge(struct inode *inode, unsigned long pages)
{
	i_size_write(inode, (loff_t)pages << PAGE_SHIFT);
}

static void section_anon_empty(const struct path *path)
{
	struct inode *inode = d_inode(path->dentry);
	struct iattr attr = { .ia_valid = ATTR_SIZE };

	SHMEM_I(inode)->seals &= ~F_SEAL_SHRINK;
	inode_lock(inode);
	WARN_ON_ONCE(section_notify_change(path->mnt, path->dentry, &attr));
	inode_unlock(inode);
}

/**
 * section_anon_let_go - free memory that has no section any more
 * @path: where it is
 * @users: how many files and paths that go now are there
 *
 * It goes with its inode.  Only if somebody else holds that, by a descriptor
 * opened with O_PATH, is it emptied first.
 *
 * Not for whoever holds an mmap_lock, and so never for who unmaps the last view:
 * the inode's lock is one that tmpfs takes outside of it.
 */
void section_anon_let_go(const struct path *path, unsigned int users)
{
	if (path->mnt == section_tmpfs && d_count(path->dentry) > users)
		section_anon_empty(path);
}

/**
 * section_anon_charge - account memory, as the overcommit mode in force does
 * @pages: how many pages
 *
 * Return: 0, -ENOMEM, -ENFILE.
 */
int section_anon_charge(unsigned long pages)
{
	struct file *file;

	file = section_shmem(section_tmpfs, "", (loff_t)pages << PAGE_SHIFT);
	if (IS_ERR(file))
		return PTR_ERR(file);
	section_anon_set_charge(file_inode(file), 0);
	fput(file);
	return 0;
}

/**
 * section_anon_uncharge - the opposite of section_anon_charge()
 * @pages: how many pages
 *
 * Return: 0, -ENOMEM, -ENFILE.
 */
int section_anon_uncharge(unsigned long pages)
{
	/* To give memory back must not cost anybody his life for want of it. */
	unsigned int flags = memalloc_noreclaim_save();
	struct file *file = section_shmem(section_tmpfs, "", 0);

	memalloc_noreclaim_restore(flags);
	if (IS_ERR(file))
		return PTR_ERR(file);
	section_anon_set_charge(file_inode(file), pages);
	fput(file);
	return 0;
}

/**
 * section_anon_punch - free pages and what maps them
 * @file: the backing
 * @first: first page
 * @last: last page
 */
void section_anon_punch(struct file *file, unsigned long first,
			unsigned long last)
{
	/* Not vfs_fallocate(): what a security module says came earlier. */
	WARN_ON_ONCE(file->f_op->fallocate(file, FALLOC_FL_PUNCH_HOLE |
					   FALLOC_FL_KEEP_SIZE,
					   (loff_t)first << PAGE_SHIFT,
					   (loff_t)(last - first + 1)
					   << PAGE_SHIFT));
}

/* Is all of a file in large pages? */
static bool section_anon_all_large(struct file *file)
{
	unsigned long pages = i_size_read(file_inode(file)) >> PAGE_SHIFT;
	unsigned long index;

	for (index = 0; index < pages; index += SECTION_LARGE_PAGES) {
		struct folio *folio;
		bool large;

		folio = section_folio_get(file->f_mapping, index);
		if (!folio)
			return false;
		large = folio_nr_pages(folio) >= SECTION_LARGE_PAGES;
		folio_put(folio);
		if (!large)
			return false;
		cond_resched();
	}
	return true;
}

/**
 * section_anon_populate - get all of the memory now
 * @file: the backing
 * @attributes: SECTION_ATTR_LARGE_ALL if it has to be large pages
 *
 * Return: 0; -EINTR; -ENOMEM.
 */
int section_anon_populate(struct file *file, u32 attributes)
{
	struct address_space *mapping = file->f_mapping;
	gfp_t gfp = mapping_gfp_mask(mapping);
	int err;

	/* An error is wanted, and nobody's death.  Nobody else has it yet. */
	mapping_set_gfp_mask(mapping, gfp | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	err = file->f_op->fallocate(file, 0, 0, i_size_read(file_inode(file)));
	mapping_set_gfp_mask(mapping, gfp);
	if (err == -EINTR)
		return err;
	if (err)
		return -ENOMEM;
	if (attributes & SECTION_ATTR_LARGE_ALL &&
	    !section_anon_all_large(file))
		return -ENOMEM;
	return 0;
}

/*
 * What is mapped has a backing, which is closed when the section and all views
 * are gone, by nobody who holds an mmap_lock.
 */
static int section_anon_release(struct inode *inode, struct file *file)
{
	section_anon_let_go(&file->f_path, 1);
	return 0;
}

/* The operations of tmpfs are not exported: a file has them. */
static int __init section_anon_guard_init(void)
{
	struct file *file = section_shmem(section_tmpfs, "", 0);

	if (IS_ERR(file))
		return PTR_ERR(file);
	section_anon_mode = file->f_mode;
	section_guard_fill(&section_anon_guard, file);
	/* That of tmpfs has none. */
	section_anon_guard.fops.release = section_anon_release;
	fput(file);
	return 0;
}

/*
 * Kernels without large pages, or told to have none, do not know the option.  Any
 * other error is one of loading: it must not cost the large pages for good.
 */
static struct vfsmount * __init
section_tmpfs_large_mount(struct file_system_type *type)
{
	char options[] = "huge=within_size";
	struct vfsmount *mount;

	mount = vfs_kern_mount(type, SB_KERNMOUNT, type->name, options);
	return mount == ERR_PTR(-EINVAL) ? NULL : mount;
}

int __init section_anon_init(void)
{
	struct file_system_type *type = get_fs_type("tmpfs");
	int err;

	if (!type)
		return -ENODEV;
	/* Internal mounts have no limit of blocks and inodes. */
	section_tmpfs = kern_mount(type);
	section_tmpfs_exec = kern_mount(type);
	section_tmpfs_large = section_tmpfs_large_mount(type);
	module_put(type->owner);
	err = PTR_ERR_OR_ZERO(section_tmpfs) ?:
	      PTR_ERR_OR_ZERO(section_tmpfs_exec) ?:
	      PTR_ERR_OR_ZERO(section_tmpfs_large);
	if (!err) {
		section_mount_set(section_tmpfs, false);
		section_mount_set(section_tmpfs_exec, true);
		if (section_tmpfs_large)
			section_mount_set(section_tmpfs_large, true);
		err = section_anon_guard_init();
	}
	if (err)
		section_anon_exit();
	return err;
}

void section_anon_exit(void)
{
	/* None of them is taken amiss that is an error pointer. */
	kern_unmount(section_tmpfs_large);
	kern_unmount(section_tmpfs_exec);
	kern_unmount(section_tmpfs);
}
