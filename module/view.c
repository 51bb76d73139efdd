// SPDX-License-Identifier: GPL-2.0-only
/*
 * Views: the only file that knows a VMA.
 *
 * A view is a VMA of the backing file, set up by the backing's own ->mmap(),
 * with our vm_operations in front of the backing's.  To the memory manager it
 * is a mapping of that file like any other: reverse mapping, write-back,
 * truncation, swap, migration and charging are the kernel's own.  Our part is
 * to keep the section alive while it is mapped, and to let nothing beyond the
 * section's end be reached.
 *
 * mremap(2) can make a view longer without asking us (H21), so every fault is
 * checked against the section's size, and so is every range of fault-around.
 * Where there is a file that is not enough: beyond the section's end there is,
 * or may one day be, data of the file that madvise(2) gets at without any
 * fault, by punching a hole into the vm_file or by collapsing small pages into a
 * huge one that reaches across the end.  Views of files cannot be expanded.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "backing.h"
#include "compat.h"
#include "counters.h"
#include "guard.h"
#include "ioctl.h"
#include "section.h"
#include "view.h"

static struct section_shadow *section_shadow(const struct vm_area_struct *vma)
{
	return container_of(vma->vm_ops, struct section_shadow, vm_ops);
}

static vm_fault_t section_vm_fault(struct vm_fault *vmf)
{
	struct section_shadow *shadow = section_shadow(vmf->vma);
	struct section *section = shadow->section;
	vm_fault_t ret;

	if (unlikely(vmf->pgoff >= READ_ONCE(section->pages)))
		return VM_FAULT_SIGSEGV;

	/*
	 * The backing may drop mmap_lock while it waits for a page, and then
	 * returns VM_FAULT_RETRY to a caller whose VMA, and the section with
	 * it, may be gone.  The reference keeps the section, and by it this
	 * function, until it has returned (H5).
	 */
	section_get(section);
	ret = shadow->backing_ops->fault(vmf);
	section_put(section);
	return ret;
}

/* Under rcu_read_lock(), and mmap_lock or VMA lock held throughout. */
static vm_fault_t section_vm_map_pages(struct vm_fault *vmf, pgoff_t start,
				       pgoff_t end)
{
	struct section_shadow *shadow = section_shadow(vmf->vma);
	unsigned long pages = READ_ONCE(shadow->section->pages);

	if (unlikely(start >= pages))
		return 0;
	return shadow->backing_ops->map_pages(vmf, start,
					      min_t(pgoff_t, end, pages - 1));
}

static void section_view_opened(struct section *section)
{
	section_get(section);
	atomic_inc(&section->views);
	section_count(SECTION_COUNT_VIEWS, 1);
}

static void section_vm_open(struct vm_area_struct *vma)
{
	struct section_shadow *shadow = section_shadow(vma);

	section_view_opened(shadow->section);
	if (shadow->backing_ops->open)
		shadow->backing_ops->open(vma);
}

static void section_vm_close(struct vm_area_struct *vma)
{
	struct section_shadow *shadow = section_shadow(vma);

	if (shadow->backing_ops->close)
		shadow->backing_ops->close(vma);
	section_count(SECTION_COUNT_VIEWS, -1);
	atomic_dec(&shadow->section->views);
	section_put(shadow->section);
}

/* Is this a view?  Any ->close of ours is this one. */
static bool section_vma_is_view(const struct vm_area_struct *vma)
{
	return vma->vm_ops && vma->vm_ops->close == section_vm_close;
}

/*
 * Put our methods in front of the backing's, only where it has them: the core
 * goes by the presence of a method (H12).  ->open and ->close are ours always;
 * because of ->close, views never merge with anything, and none goes away
 * unnoticed (H4).  ->huge_fault is only for DAX, which we do not map.
 */
static void section_shadow_fill(struct section_shadow *shadow,
				struct section *section,
				const struct vm_operations_struct *ops)
{
	shadow->vm_ops = *ops;
	shadow->vm_ops.open = section_vm_open;
	shadow->vm_ops.close = section_vm_close;
	shadow->vm_ops.fault = section_vm_fault;
	if (ops->map_pages)
		shadow->vm_ops.map_pages = section_vm_map_pages;
	shadow->vm_ops.huge_fault = NULL;
	shadow->section = section;
	shadow->backing_ops = ops;
}

static struct section_shadow *
section_shadow_find(struct section *section,
		    const struct vm_operations_struct *ops)
{
	struct section_shadow *shadow;

	lockdep_assert_held(&section->lock);
	for (shadow = &section->shadow; shadow; shadow = shadow->next)
		if (shadow->backing_ops == ops)
			return shadow;
	return NULL;
}

static struct section_shadow *
section_shadow_add(struct section *section,
		   const struct vm_operations_struct *ops)
{
	struct section_shadow *shadow = &section->shadow;

	lockdep_assert_held(&section->lock);
	if (shadow->backing_ops) {
		shadow = kzalloc(sizeof(*shadow), GFP_KERNEL_ACCOUNT);
		if (!shadow)
			return NULL;
		shadow->next = section->shadow.next;
		section->shadow.next = shadow;
	}
	section_shadow_fill(shadow, section, ops);
	return shadow;
}

/*
 * The shadow of a backing's operations.  There are as many as the file system
 * has static tables of them, one or two.  NULL without memory.
 */
static struct section_shadow *
section_shadow_get(struct section *section,
		   const struct vm_operations_struct *ops)
{
	struct section_shadow *shadow;

	mutex_lock(&section->lock);
	shadow = section_shadow_find(section, ops);
	if (!shadow)
		shadow = section_shadow_add(section, ops);
	mutex_unlock(&section->lock);
	return shadow;
}

static bool section_view_in_range(const struct section *section,
				  struct vm_area_struct *vma)
{
	pgoff_t end;

	return !check_add_overflow(vma->vm_pgoff, vma_pages(vma), &end) &&
	       end <= READ_ONCE(section->pages);
}

/* An overlay has put the file below it there, which wants its own guard. */
static int section_view_guard(struct section *section, struct file *file)
{
	int err;

	if (file == section->backing)
		return 0;
	mutex_lock(&section->lock);
	err = section_guard_below(file, (loff_t)section->pages << PAGE_SHIFT);
	mutex_unlock(&section->lock);
	return err;
}

/*
 * After the backing's ->mmap(): take the VMA over, if it is one that we can
 * supervise.  Any flag that the backing added means that it is not: device
 * memory, raw page frames, huge pages, DAX (H3).
 */
static int section_view_adopt(struct section *section,
			      struct vm_area_struct *vma, vm_flags_t flags)
{
	struct section_shadow *shadow;
	int err;

	if (vma->vm_flags != flags || !vma->vm_ops || !vma->vm_ops->fault)
		return -ENODEV;
	err = section_view_guard(section, vma->vm_file);
	if (err)
		return err;
	shadow = section_shadow_get(section, vma->vm_ops);
	if (!shadow)
		return -ENOMEM;
	vma->vm_ops = &shadow->vm_ops;
	return 0;
}

/**
 * section_view_mmap - make a VMA a view
 * @section: the section, kept alive by the caller
 * @vma: a VMA that the core is making for a handle, whose mode and mount have
 *	already decided which rights it may have
 *
 * No lock of ours is held while the backing's ->mmap() runs.
 *
 * Return: 0; -ENXIO if the range is not inside the section; -EPERM if the file
 * was sealed; -ENODEV if the backing cannot be supervised; -ENOMEM; or what
 * the backing's ->mmap() gave.
 */
int section_view_mmap(struct section *section, struct vm_area_struct *vma)
{
	vm_flags_t flags = vma->vm_flags;
	int err;

	if (!section_view_in_range(section, vma))
		return -ENXIO;
	if (flags & VM_SHARED &&
	    section_file_future_write_sealed(section->backing))
		return -EPERM;

	vma_set_file(vma, section->backing);
	err = section_guard_mmap(section->backing, vma);
	if (err)
		return err;
	err = section_view_adopt(section, vma, flags);
	if (err) {
		/* The core does not call ->close() for a failed ->mmap(). */
		if (vma->vm_ops && vma->vm_ops->close)
			vma->vm_ops->close(vma);
		return err;
	}
	/*
	 * The only flag that is ever changed here.  It cannot make the core
	 * merge the VMA: it is one of VM_SPECIAL, which never merge.
	 */
	if (section_is_file(section))
		vm_flags_set(vma, VM_DONTEXPAND);
	section_view_opened(section);
	return 0;
}

static u32 section_map_rights(const struct section_map *map)
{
	u32 rights = SECTION_RIGHT_READ;

	if (map->prot & PROT_WRITE && !(map->flags & SECTION_MAP_PRIVATE))
		rights |= SECTION_RIGHT_WRITE;
	if (map->prot & PROT_EXEC)
		rights |= SECTION_RIGHT_EXECUTE;
	return rights;
}

/* Check what is to be mapped; a length of 0 becomes the real one. */
static int section_map_check(const struct section *section,
			     struct section_map *map)
{
	u64 limit = (u64)READ_ONCE(section->pages) << PAGE_SHIFT;
	u64 end;

	if (map->flags & ~(SECTION_MAP_PRIVATE | SECTION_MAP_FIXED) ||
	    map->prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC) ||
	    map->reserved || !PAGE_ALIGNED(map->offset))
		return -EINVAL;
	if (map->flags & SECTION_MAP_FIXED && !PAGE_ALIGNED(map->address))
		return -EINVAL;
	if (check_add_overflow(map->offset, map->length, &end))
		return -EOVERFLOW;
	if (map->offset >= limit || end > limit)
		return -ENXIO;
	if (!map->length)
		map->length = limit - map->offset;
	map->length = PAGE_ALIGN(map->length);
	return 0;
}

static unsigned long section_map_flags(const struct section_map *map)
{
	unsigned long flags;

	flags = map->flags & SECTION_MAP_PRIVATE ? MAP_PRIVATE : MAP_SHARED;
	if (map->flags & SECTION_MAP_FIXED)
		flags |= MAP_FIXED_NOREPLACE;
	return flags;
}

/**
 * section_view_map - SECTION_IOC_MAP
 * @section: the section
 * @file: the handle
 * @rights: the handle's rights
 * @arg: the argument
 * @uarg: where it came from
 *
 * Return: 0, or a documented error.
 */
long section_view_map(struct section *section, struct file *file, u32 rights,
		      union section_arg *arg, void __user *uarg)
{
	struct section_map *map = &arg->map;
	unsigned long addr;
	int err;

	err = section_map_check(section, map);
	if (err)
		return err;
	if (section_map_rights(map) & ~rights)
		return -EACCES;
	if (map->address != (unsigned long)map->address)
		return -ENOMEM;
	addr = vm_mmap(file, map->address, map->length, map->prot,
		       section_map_flags(map), map->offset);
	if (IS_ERR_VALUE(addr))
		return addr;
	map->address = addr;
	err = section_arg_copy_out(uarg, arg, sizeof(*map));
	if (err)
		vm_munmap(addr, map->length);
	return err;
}

static u32 section_prot_of_flags(vm_flags_t flags, vm_flags_t read,
				 vm_flags_t write, vm_flags_t exec)
{
	return (flags & read ? PROT_READ : 0) |
	       (flags & write ? PROT_WRITE : 0) |
	       (flags & exec ? PROT_EXEC : 0);
}

static void section_view_describe(const struct vm_area_struct *vma,
				  struct section_query_view *query)
{
	struct section *section = section_shadow(vma)->section;

	mmap_assert_locked(vma->vm_mm);
	/* A shared view through a handle that cannot write is not VM_SHARED. */
	query->flags = vma->vm_flags & VM_MAYSHARE ? 0 : SECTION_MAP_PRIVATE;
	query->address = vma->vm_start;
	query->length = vma->vm_end - vma->vm_start;
	query->offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
	query->bytes = section->bytes;
	query->id = section->id;
	query->prot = section_prot_of_flags(vma->vm_flags, VM_READ, VM_WRITE,
					    VM_EXEC);
	query->max_prot = section_prot_of_flags(vma->vm_flags, VM_MAYREAD,
						VM_MAYWRITE, VM_MAYEXEC);
	query->attributes = section->attributes;
}

/**
 * section_view_query - SECTION_IOC_QUERY_VIEW
 * @file: /dev/section
 * @arg: the argument
 * @uarg: where it came from
 *
 * Return: 0, or a documented error.
 */
long section_view_query(struct file *file, union section_arg *arg,
			void __user *uarg)
{
	struct section_query_view *query = &arg->query_view;
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma = NULL;

	if (query->reserved)
		return -EINVAL;
	if (mmap_read_lock_killable(mm))
		return -EINTR;
	if (query->address == (unsigned long)query->address)
		vma = vma_lookup(mm, query->address);
	if (vma && section_vma_is_view(vma))
		section_view_describe(vma, query);
	else
		vma = NULL;
	mmap_read_unlock(mm);
	if (!vma)
		return -EFAULT;
	return section_arg_copy_out(uarg, arg, sizeof(*query));
}
