/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only place where a kernel version or a feature probe may appear.  The
 * rest of the module is written for the newest supported kernel; what older
 * ones lack is supplied here under the newer name.
 */
#ifndef _SECTION_COMPAT_H
#define _SECTION_COMPAT_H

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "section: kernels before 6.1 are not supported"
#endif

/* Nothing newer was ever tested: refuse rather than try. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0) && \
	!defined(SECTION_UNTESTED_KERNEL)
#error "section: kernels after 6.12 are not tested (KCFLAGS=-DSECTION_UNTESTED_KERNEL tries)"
#endif

/* Since 6.12: a variable that is not cleared where all others are. */
#ifndef __uninitialized
#define __uninitialized __attribute__((__uninitialized__))
#endif

/* Since 6.5; without it the caches may share slabs with others. */
#ifndef SLAB_NO_MERGE
#define SLAB_NO_MERGE 0
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
	lockdep_assert_held_write(&vma->vm_mm->mmap_lock);
	vma->vm_flags |= flags;
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline int section_notify_change(struct vfsmount *mount,
					struct dentry *dentry,
					struct iattr *attr)
{
	return notify_change(mnt_user_ns(mount), dentry, attr, NULL);
}

static inline bool section_owner_or_capable(struct file *file)
{
	return inode_owner_or_capable(file_mnt_user_ns(file), file_inode(file));
}

static inline bool section_inode_owner(struct inode *inode)
{
	return inode_owner_or_capable(&init_user_ns, inode);
}
#else
static inline int section_notify_change(struct vfsmount *mount,
					struct dentry *dentry,
					struct iattr *attr)
{
	return notify_change(mnt_idmap(mount), dentry, attr, NULL);
}

static inline bool section_owner_or_capable(struct file *file)
{
	return inode_owner_or_capable(file_mnt_idmap(file), file_inode(file));
}

/* Whatever mount it is seen through. */
static inline bool section_inode_owner(struct inode *inode)
{
	return inode_owner_or_capable(&nop_mnt_idmap, inode);
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
static inline struct timespec64 simple_inode_init_ts(struct inode *inode)
{
	inode->i_ctime = current_time(inode);
	inode->i_mtime = inode->i_ctime;
	inode->i_atime = inode->i_ctime;
	return inode->i_ctime;
}

static inline void section_inode_copy_times(struct inode *to,
					    const struct inode *from)
{
	to->i_atime = from->i_atime;
	to->i_mtime = from->i_mtime;
	to->i_ctime = from->i_ctime;
}
#else
static inline void section_inode_copy_times(struct inode *to,
					    const struct inode *from)
{
	inode_set_atime_to_ts(to, inode_get_atime(from));
	inode_set_mtime_to_ts(to, inode_get_mtime(from));
	inode_set_ctime_to_ts(to, inode_get_ctime(from));
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
static inline unsigned long
mm_get_unmapped_area(struct mm_struct *mm, struct file *file,
		     unsigned long addr, unsigned long len,
		     unsigned long pgoff, unsigned long flags)
{
	return mm->get_unmapped_area(file, addr, len, pgoff, flags);
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
static inline struct folio *section_folio_get(struct address_space *mapping,
					      pgoff_t index)
{
	return filemap_get_folio(mapping, index);
}
#else
static inline struct folio *section_folio_get(struct address_space *mapping,
					      pgoff_t index)
{
	struct folio *folio = filemap_get_folio(mapping, index);

	return IS_ERR(folio) ? NULL : folio;
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline struct folio *shmem_read_folio_gfp(struct address_space *mapping,
						 pgoff_t index, gfp_t gfp)
{
	struct page *page = shmem_read_mapping_page_gfp(mapping, index, gfp);

	return IS_ERR(page) ? ERR_CAST(page) : page_folio(page);
}
#endif

/* HPAGE_PMD_NR does not compile in kernels without large pages. */
#define SECTION_LARGE_PAGES	(1UL << (PMD_SHIFT - PAGE_SHIFT))

/* shmem_mapping() is not exported before 6.3, the operations are. */
static inline bool section_mapping_is_shmem(struct address_space *mapping)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	return mapping->a_ops == &shmem_aops;
#else
	return shmem_mapping(mapping);
#endif
}

#endif /* _SECTION_COMPAT_H */
