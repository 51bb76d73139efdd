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
 * huge one that reaches across the end.  The same goes for what is not committed
 * of a reserved section.  Such views cannot be expanded, which keeps huge pages
 * that are not the file system's own away, too.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/overflow.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "ahead.h"
#include "backing.h"
#include "commit.h"
#include "compat.h"
#include "counters.h"
#include "guard.h"
#include "ioctl.h"
#include "section.h"
#include "trace.h"
#include "view.h"

static struct section_shadow *section_shadow(const struct vm_area_struct *vma)
{
	return container_of(vma->vm_ops, struct section_shadow, vm_ops);
}

static int section_vm_nothing(pte_t *pte, unsigned long addr, void *data)
{
	return 0;
}

/*
 * Where a huge page may be larger than what may be touched, there is a page
 * table before the backing is asked: then the core maps single pages.  It is
 * taken away again when pages of the file are collapsed into a huge one for
 * another mapping's sake, of which the folio lock tells: see
 * section_vm_fault_checked().
 */
static vm_fault_t section_vm_need_table(struct vm_fault *vmf)
{
	if (!pmd_none(*vmf->pmd))
		return 0;
	return apply_to_page_range(vmf->vma->vm_mm, vmf->address & PAGE_MASK,
				   PAGE_SIZE, section_vm_nothing, NULL) ?
	       VM_FAULT_OOM : 0;
}

/* Do not map what a fault has got. */
static vm_fault_t section_vm_release(struct vm_fault *vmf, vm_fault_t ret)
{
	unlock_page(vmf->page);
	put_page(vmf->page);
	vmf->page = NULL;
	return ret;
}

/*
 * What a fault has got must not be mapped after all.  Either the decommit is going
 * to free it, or it was made too late for that.  Then it is left as if it had
 * been allocated ahead and never used, which shmem knows: not up to date, to be
 * cleared when it is.  (A large folio may hold what is committed, too.)
 */
static vm_fault_t section_vm_drop(struct vm_fault *vmf)
{
	struct folio *folio = page_folio(vmf->page);

	if (!folio_test_large(folio) && !folio_mapped(folio))
		folio_clear_uptodate(folio);
	return section_vm_release(vmf, VM_FAULT_SIGSEGV);
}

/*
 * The backing may drop mmap_lock while it waits for a page, and then returns
 * VM_FAULT_RETRY to a caller whose VMA, and the section with it, may be gone.
 * The reference keeps the section, and by it this function, until it has
 * returned (H5).
 */
static __always_inline vm_fault_t
section_vm_fault_with(struct vm_fault *vmf,
		      vm_fault_t (*fault)(struct vm_fault *vmf,
					  const struct section_shadow *shadow))
{
	struct section_shadow *shadow = section_shadow(vmf->vma);
	struct section *section = shadow->section;
	vm_fault_t ret;

	section_get(section);
	ret = fault(vmf, shadow);
	trace_section_fault(section, vmf, ret);
	section_put(section);
	return ret;
}

static vm_fault_t section_vm_fault_sized(struct vm_fault *vmf,
					 const struct section_shadow *shadow)
{
	if (unlikely(vmf->pgoff >= READ_ONCE(shadow->section->pages)))
		return VM_FAULT_SIGSEGV;
	return shadow->backing_ops->fault(vmf);
}

static vm_fault_t section_vm_fault_ahead(struct vm_fault *vmf,
					 const struct section_shadow *shadow)
{
	return section_ahead(vmf, shadow) ?: section_vm_fault_sized(vmf, shadow);
}

static vm_fault_t section_vm_fault(struct vm_fault *vmf)
{
	return section_vm_fault_with(vmf, section_vm_fault_sized);
}

/* As section_vm_fault(), of anonymous memory in small pages. */
static vm_fault_t section_vm_fault_anon(struct vm_fault *vmf)
{
	return section_vm_fault_with(vmf, section_vm_fault_ahead);
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

static vm_fault_t section_vm_fault_checked(struct vm_fault *vmf,
					   const struct section_shadow *shadow)
{
	unsigned long first, last;
	vm_fault_t ret;

	if (!section_commit_run(shadow->section, vmf->pgoff, &first, &last))
		return VM_FAULT_SIGSEGV;
	ret = section_vm_need_table(vmf);
	if (ret)
		return ret;
	ret = shadow->backing_ops->fault(vmf);
	if (!(ret & VM_FAULT_LOCKED))
		return ret;
	/* It may have been decommitted meanwhile (H13). */
	if (!section_commit_recheck(shadow->section, vmf->pgoff))
		return section_vm_drop(vmf);
	/* Or the table is gone: then the core would map a huge page. */
	if (pmd_none(*vmf->pmd))
		return section_vm_release(vmf, VM_FAULT_NOPAGE);
	return ret;
}

/* As section_vm_fault(), of a partial view. */
static vm_fault_t section_vm_fault_partial(struct vm_fault *vmf)
{
	return section_vm_fault_with(vmf, section_vm_fault_checked);
}

/*
 * Of reserved sections: only around the page, and only what is committed with it.
 * It makes no pages, and maps those that are there under their locks, which a
 * decommit takes before it frees them.  There is no mapping of that memory for
 * whose sake a table is taken away.
 */
static vm_fault_t section_vm_map_partial(struct vm_fault *vmf, pgoff_t start,
					 pgoff_t end)
{
	struct section_shadow *shadow = section_shadow(vmf->vma);
	unsigned long first, last;
	vm_fault_t ret = 0;

	/* No table can be made here, and none may be left to the backing. */
	if (pmd_none(*vmf->pmd))
		return 0;
	if (section_commit_run(shadow->section, vmf->pgoff, &first, &last))
		ret = shadow->backing_ops->map_pages(vmf, max(start, first),
						     min(end, last));
	return ret;
}

static void section_view_opened(struct section *section)
{
	section_get(section);
	atomic_inc(&section->views);
	section_count(SECTION_COUNT_VIEWS, 1);
}

/* Do its views know of streams? */
static bool section_shadow_ahead(const struct section_shadow *shadow)
{
	return shadow->vm_ops.fault == section_vm_fault_anon;
}

static void section_vm_open(struct vm_area_struct *vma)
{
	struct section_shadow *shadow = section_shadow(vma);

	section_view_opened(shadow->section);
	trace_section_map(shadow->section, vma);
	if (section_shadow_ahead(shadow))
		section_ahead_open(vma);
	if (shadow->backing_ops->open)
		shadow->backing_ops->open(vma);
}

static void section_vm_close(struct vm_area_struct *vma)
{
	struct section_shadow *shadow = section_shadow(vma);

	trace_section_unmap(shadow->section, vma);
	if (section_shadow_ahead(shadow))
		section_ahead_close(vma);
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

static vm_fault_t (*section_fault_method(const struct section *section,
					 const struct vm_operations_struct *ops,
					 bool partial))(struct vm_fault *vmf)
{
	if (partial)
		return section_vm_fault_partial;
	if (section_is_file(section) || !ops->map_pages || ops->page_mkwrite ||
	    section->attributes & SECTION_ATTR_LARGE)
		return section_vm_fault;
	return section_vm_fault_anon;
}

/*
 * Put our methods in front of the backing's, only where it has them: the core
 * goes by the presence of a method (H12).  ->open and ->close are ours always;
 * because of ->close, views never merge with anything, and none goes away
 * unnoticed (H4).  ->huge_fault is only for DAX, which we do not map.
 */
static void section_shadow_fill(struct section_shadow *shadow,
				struct section *section,
				const struct vm_operations_struct *ops,
				bool partial)
{
	shadow->vm_ops = *ops;
	shadow->vm_ops.open = section_vm_open;
	shadow->vm_ops.close = section_vm_close;
	shadow->vm_ops.fault = section_fault_method(section, ops, partial);
	if (ops->map_pages)
		shadow->vm_ops.map_pages = partial ? section_vm_map_partial :
						     section_vm_map_pages;
	/*
	 * Around a fault there could be a huge page, which only the fault
	 * itself can tell from one that ends with the section.
	 */
	if (partial && !section->reservation)
		shadow->vm_ops.map_pages = NULL;
	shadow->vm_ops.huge_fault = NULL;
	shadow->section = section;
	shadow->partial = partial;
	/* Pairs with section_shadow_get(). */
	smp_store_release(&shadow->backing_ops, ops);
}

static struct section_shadow *
section_shadow_find(struct section *section,
		    const struct vm_operations_struct *ops, bool partial)
{
	struct section_shadow *shadow;

	lockdep_assert_held(&section->lock);
	for (shadow = &section->shadow; shadow; shadow = shadow->next)
		if (shadow->backing_ops == ops && shadow->partial == partial)
			return shadow;
	return NULL;
}

static struct section_shadow *
section_shadow_add(struct section *section,
		   const struct vm_operations_struct *ops, bool partial)
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
	section_shadow_fill(shadow, section, ops, partial);
	return shadow;
}

/*
 * The shadow of a backing's operations.  There are as many as the file system
 * has static tables of them, one or two, and as many again for partial views.
 * NULL without memory.
 */
static struct section_shadow *
section_shadow_get(struct section *section,
		   const struct vm_operations_struct *ops, bool partial)
{
	struct section_shadow *shadow = &section->shadow;

	/* Most often it is the first.  Pairs with section_shadow_fill(). */
	if (smp_load_acquire(&shadow->backing_ops) == ops &&
	    shadow->partial == partial)
		return shadow;
	mutex_lock(&section->lock);
	shadow = section_shadow_find(section, ops, partial);
	if (!shadow)
		shadow = section_shadow_add(section, ops, partial);
	mutex_unlock(&section->lock);
	return shadow;
}

static bool section_view_in_range(const struct section *section,
				  struct vm_area_struct *vma, u32 flags)
{
	unsigned long pages = READ_ONCE(section->pages);
	pgoff_t end;

	if (check_add_overflow(vma->vm_pgoff, vma_pages(vma), &end))
		return false;
	if (flags & SECTION_MAP_BEYOND)
		return vma->vm_pgoff < pages;
	return end <= pages;
}

/*
 * Flags that the core does not give to mmap.  None can make it merge the VMA:
 * one is among those that never merge (VM_SPECIAL), and every view has a
 * ->close() (H4).
 */
static void section_view_set_flags(const struct section *section,
				   struct vm_area_struct *vma, u32 flags)
{
	if (section_is_file(section) || section->reservation)
		vm_flags_set(vma, VM_DONTEXPAND);
	if (flags & SECTION_MAP_NO_INHERIT)
		vm_flags_set(vma, VM_DONTCOPY);
}

/* An overlay has put the file below it there, which wants its own guard. */
static int section_view_guard(struct section *section, struct file *file)
{
	int err;

	if (file == section->backing || section->image)
		return 0;
	mutex_lock(&section->lock);
	err = section_guard_below(file, section_length(section));
	if (!err && !section->below)
		section->below = get_file(file);
	mutex_unlock(&section->lock);
	return err;
}

/*
 * After the backing's ->mmap(): take the VMA over, if it is one that we can
 * supervise.  Any flag that the backing added means that it is not: device
 * memory, raw page frames, huge pages, DAX (H3).
 */
static int section_view_adopt(struct section *section,
			      struct vm_area_struct *vma, vm_flags_t flags,
			      bool partial)
{
	struct section_shadow *shadow;
	int err;

	if (vma->vm_flags != flags || !vma->vm_ops || !vma->vm_ops->fault)
		return -ENODEV;
	err = section_view_guard(section, vma->vm_file);
	if (err)
		return err;
	shadow = section_shadow_get(section, vma->vm_ops, partial);
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
 * @flags: SECTION_MAP_NO_INHERIT, SECTION_MAP_BEYOND
 *
 * No lock of ours is held while the backing's ->mmap() runs.
 *
 * Return: 0; -ENXIO if the range is not inside the section; -EACCES if those pages
 * of an image cannot be written to; -EPERM if the file
 * was sealed; -ENODEV if the backing cannot be supervised; -ENOMEM; or what
 * the backing's ->mmap() gave.
 */
int section_view_mmap(struct section *section, struct vm_area_struct *vma,
		      u32 flags)
{
	const vm_flags_t writes = VM_SHARED | VM_MAYWRITE;
	vm_flags_t vm_flags = vma->vm_flags;
	struct file *backing;
	int err;

	if (!section_view_in_range(section, vma, flags))
		return -ENXIO;
	backing = section_view_backing(section, vma->vm_pgoff,
				       vma->vm_pgoff + vma_pages(vma) - 1,
				       (vm_flags & writes) == writes);
	if (IS_ERR(backing))
		return PTR_ERR(backing);
	if (vm_flags & VM_SHARED && section_is_file(section) &&
	    section_file_future_write_sealed(backing))
		return -EPERM;

	vma_set_file(vma, backing);
	err = section_guard_mmap(backing, vma);
	if (err)
		return err;
	err = section_view_adopt(section, vma, vm_flags, section->reservation ||
				 flags & SECTION_MAP_BEYOND);
	if (err) {
		/* The core does not call ->close() for a failed ->mmap(). */
		if (vma->vm_ops && vma->vm_ops->close)
			vma->vm_ops->close(vma);
		return err;
	}
	section_view_set_flags(section, vma, flags);
	section_view_opened(section);
	trace_section_map(section, vma);
	return 0;
}

/**
 * section_view_area - where a view of a based section goes
 * @section: the section
 * @addr: where it is wanted
 * @len: its length
 * @pgoff: where in the section it begins, in pages
 * @flags: MAP_*
 *
 * The core asks under mmap_lock, and takes the answer as it is: it would replace
 * whatever is there.
 *
 * Return: the address; or -EEXIST if the range is not free; -EINVAL if another
 * address is insisted on; -ENXIO if the range is not inside the section.
 */
unsigned long section_view_area(const struct section *section,
				unsigned long addr, unsigned long len,
				unsigned long pgoff, unsigned long flags)
{
	unsigned long start = section->base + (pgoff << PAGE_SHIFT);

	if (pgoff >= READ_ONCE(section->pages))
		return -ENXIO;
	if (flags & MAP_FIXED)
		return addr == start ? start : -EINVAL;
	if (len > TASK_SIZE || start > TASK_SIZE - len)
		return -ENOMEM;
	if (find_vma_intersection(current->mm, start, start + len))
		return -EEXIST;
	return start;
}

/* Does the range go on after this VMA, in the same section? */
static bool section_view_continues(struct vm_area_struct *vma,
				   const struct vm_area_struct *next)
{
	return next && next->vm_start == vma->vm_end &&
	       section_vma_is_view(next) &&
	       section_shadow(next)->section == section_shadow(vma)->section &&
	       next->vm_pgoff == vma->vm_pgoff + vma_pages(vma);
}

/*
 * Check that [start, end) is in shared views that may be written to, which
 * continue each other as the parts of a split view do.  Returns the first.
 */
static struct vm_area_struct *
section_view_writable_range(struct mm_struct *mm, unsigned long start,
			    unsigned long end)
{
	struct vm_area_struct *first = vma_lookup(mm, start);
	struct vm_area_struct *next, *vma = first;

	lockdep_assert_held(&mm->mmap_lock);
	if (!vma || !section_vma_is_view(vma))
		return ERR_PTR(-EFAULT);
	for (;;) {
		if (!(vma->vm_flags & VM_SHARED))
			return ERR_PTR(-EACCES);
		if (end <= vma->vm_end)
			return first;
		next = vma_lookup(mm, vma->vm_end);
		if (!section_view_continues(vma, next))
			return ERR_PTR(-EFAULT);
		vma = next;
	}
}

/* The section of a range of views, with a reference, and where in it that is. */
static struct section *section_view_resolve(unsigned long start,
					    unsigned long end, pgoff_t *page)
{
	struct mm_struct *mm = current->mm;
	struct section *section;
	struct vm_area_struct *vma;

	if (mmap_read_lock_killable(mm))
		return ERR_PTR(-EINTR);
	vma = section_view_writable_range(mm, start, end);
	if (IS_ERR(vma)) {
		section = ERR_CAST(vma);
	} else {
		section = section_shadow(vma)->section;
		section_get(section);
		*page = linear_page_index(vma, start);
	}
	mmap_read_unlock(mm);
	return section;
}

/**
 * section_view_commit - SECTION_IOC_COMMIT_VIEW
 * @file: /dev/section
 * @arg: the argument
 * @uarg: where it came from
 *
 * Return: 0, or a documented error.
 */
long section_view_commit(struct file *file, union section_arg *arg,
			 void __user *uarg)
{
	const struct section_commit_view *commit = &arg->commit_view;
	struct section *section;
	u64 start, end;
	pgoff_t page;
	int err;

	if (commit->flags & ~SECTION_COMMIT_DECOMMIT || !commit->length)
		return -EINVAL;
	if (check_add_overflow(commit->address, commit->length, &end) ||
	    check_add_overflow(end, (u64)PAGE_SIZE - 1, &end))
		return -EOVERFLOW;
	start = commit->address & PAGE_MASK;
	end &= PAGE_MASK;
	if (end > TASK_SIZE_MAX)
		return -EFAULT;
	section = section_view_resolve(start, end, &page);
	if (IS_ERR(section))
		return PTR_ERR(section);
	end = page + ((end - start) >> PAGE_SHIFT) - 1;
	if (end >= READ_ONCE(section->pages))
		err = -ENXIO;
	else
		err = section_commit_pages(section, page, end, commit->flags);
	section_put(section);
	return err;
}

static u32 section_prot_of_flags(vm_flags_t flags, vm_flags_t read,
				 vm_flags_t write, vm_flags_t exec)
{
	return (flags & read ? PROT_READ : 0) |
	       (flags & write ? PROT_WRITE : 0) |
	       (flags & exec ? PROT_EXEC : 0);
}

/* How far the view is as it is at the address that was asked about. */
static void section_view_describe_run(struct vm_area_struct *vma,
				      struct section_query_view *query)
{
	unsigned long page = linear_page_index(vma, query->address);
	unsigned long end = vma->vm_pgoff + vma_pages(vma);
	unsigned long first, last;

	query->committed = section_commit_run(section_shadow(vma)->section,
					      page, &first, &last);
	query->run = (u64)(min(last, end - 1) - page + 1) << PAGE_SHIFT;
	query->padding = 0;
}

static void section_view_describe(struct vm_area_struct *vma,
				  struct section_query_view *query)
{
	struct section *section = section_shadow(vma)->section;

	lockdep_assert_held(&vma->vm_mm->mmap_lock);
	/* A shared view through a handle that cannot write is not VM_SHARED. */
	query->flags = vma->vm_flags & VM_MAYSHARE ? 0 : SECTION_MAP_PRIVATE;
	if (vma->vm_flags & VM_DONTCOPY)
		query->flags |= SECTION_MAP_NO_INHERIT;
	section_view_describe_run(vma, query);
	query->address = vma->vm_start;
	query->length = vma->vm_end - vma->vm_start;
	query->offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
	query->bytes = READ_ONCE(section->bytes);
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
