// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault-ahead: whoever writes to fresh anonymous memory page by page gets several
 * pages for one fault.
 *
 * Each view knows where the next fault will be if its pages are written in
 * order.  When it comes there, more pages follow, a quarter as many as were
 * written in order before: whoever stops writing has got no more than that for
 * nothing, and whoever writes a page here and a page there has got none.
 *
 * Only for shared views of shmem without any say in who may write (H14): what
 * the backing's ->map_pages() maps during a write fault is writable and dirty.
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/userfaultfd_k.h>
#include <linux/xarray.h>

#include "ahead.h"
#include "section.h"
#include "trace.h"

/*
 * What a view knows is in its vm_private_data, which shmem has no use for: the
 * page after the next one, 0 at first, and how many were written in order up to
 * there, or so many that more make no difference: a longer wait for one fault has
 * little gain.  Faults of several threads may mix it up, which costs them the gain.
 */
#define SECTION_AHEAD_SHIFT	8
#define SECTION_AHEAD_RUN	255UL

static unsigned long section_ahead_run(const struct vm_fault *vmf)
{
	unsigned long state = (unsigned long)
			      READ_ONCE(vmf->vma->vm_private_data);

	if (state >> SECTION_AHEAD_SHIFT != vmf->pgoff + 1)
		return 0;
	return state & (BIT(SECTION_AHEAD_SHIFT) - 1);
}

static void section_ahead_expect(const struct vm_fault *vmf, unsigned long run,
				 unsigned long count)
{
	unsigned long next = vmf->pgoff + count + 1;

	run = min(run + count, SECTION_AHEAD_RUN);
	WRITE_ONCE(vmf->vma->vm_private_data,
		   (void *)(next << SECTION_AHEAD_SHIFT | run));
}

/*
 * No further than the page table and the view.  The section's end is that of its
 * file, beyond which shmem makes no page.
 */
static unsigned long section_ahead_room(const struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long table = PTRS_PER_PTE - pte_index(vmf->address);
	unsigned long view = vma_pages(vma) - (vmf->pgoff - vma->vm_pgoff);

	return min(table, view);
}

/* Is this a first write by the view's own process, with nobody listening? */
static bool section_ahead_allowed(const struct vm_fault *vmf)
{
	const unsigned int asked = FAULT_FLAG_WRITE | FAULT_FLAG_REMOTE;

	return (vmf->flags & asked) == FAULT_FLAG_WRITE &&
	       vmf->vma->vm_flags & VM_SHARED &&
	       !(vmf->vma->vm_flags & VM_LOCKONFAULT) &&
	       !userfaultfd_armed(vmf->vma);
}

/*
 * Make pages that are not there yet, without trying hard: nobody is to be killed
 * for memory that he did not ask for.  Nothing is brought back from swap.
 *
 * Return: how many there are from @first on, without a gap.
 */
static unsigned long section_ahead_fill(struct address_space *mapping,
					pgoff_t first, unsigned long count)
{
	gfp_t gfp = mapping_gfp_mask(mapping) | __GFP_NORETRY | __GFP_NOWARN;
	bool swapped = READ_ONCE(SHMEM_I(mapping->host)->swapped);
	struct page *page;
	unsigned long i;

	for (i = 0; i < count; i++) {
		if (swapped && xa_is_value(xa_load(&mapping->i_pages,
						   first + i)))
			break;
		page = shmem_read_mapping_page_gfp(mapping, first + i, gfp);
		if (IS_ERR(page))
			break;
		put_page(page);
	}
	return i;
}

/**
 * section_ahead - handle a write fault, and those that would follow it
 * @vmf: the fault, in a view of anonymous memory that is not partial
 * @shadow: of its operations
 *
 * Return: VM_FAULT_NOPAGE if the page was mapped; 0 if that is still to be done.
 */
vm_fault_t section_ahead(struct vm_fault *vmf,
			 const struct section_shadow *shadow)
{
	struct address_space *mapping = vmf->vma->vm_file->f_mapping;
	unsigned long run, count;

	if (!section_ahead_allowed(vmf))
		return 0;
	run = section_ahead_run(vmf);
	count = min(1 + run / 4, section_ahead_room(vmf));
	section_ahead_expect(vmf, run, count);
	/* Somebody who punches a hole has shmem's own faults wait for him. */
	if (count < 2 || READ_ONCE(mapping->host->i_private))
		return 0;
	count = section_ahead_fill(mapping, vmf->pgoff, count);
	if (!count)
		return 0;
	trace_section_ahead(shadow->section, vmf->pgoff, count);
	return shadow->backing_ops->map_pages(vmf, vmf->pgoff,
					      vmf->pgoff + count - 1);
}
