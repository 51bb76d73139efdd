// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault-ahead: whoever writes to fresh anonymous memory page by page gets several
 * pages for one fault.
 *
 * Each view knows where the next faults will be if its pages are written in
 * order, by this or that thread.  When it comes there, more pages follow, a
 * quarter as many as were written in order before: whoever stops writing has got no
 * more than that for nothing, and whoever writes a page here and a page there has
 * got none.
 *
 * Only for shared views of shmem without any say in who may write (H14): what
 * the backing's ->map_pages() maps during a write fault is writable and dirty.
 */
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/userfaultfd_k.h>
#include <linux/xarray.h>

#include "ahead.h"
#include "compat.h"
#include "section.h"
#include "trace.h"

/*
 * What is known of somebody who writes in order: the page after the one that he
 * wants next, 0 at first, and how many he has written up to there, or so many that
 * more make no difference.  Four times as many pages ahead would gain less than one
 * part in a hundred, and fill a small memory cgroup, of which a process dies that
 * would live with a memfd.
 */
#define SECTION_STREAM_SHIFT	8
#define SECTION_STREAM_RUN	255UL

#define SECTION_STREAM_BITS	3

/**
 * struct section_streams - of several threads in one view
 * @stream: of the threads whose ids have this hash, as those that were made one
 *	after another do not; who has the same takes the gain from the other
 */
struct section_streams {
	unsigned long stream[1 << SECTION_STREAM_BITS];
};

/*
 * A view's vm_private_data, for which shmem has no use, is the only stream, or the
 * address of several once there was a fault that was not in order; addresses of the
 * kernel are negative.  Faults hold a lock of the VMA, opening and closing it
 * excludes them.
 */
static struct section_streams *section_streams_of(const void *data)
{
	return (long)data < 0 ? (struct section_streams *)data : NULL;
}

/* From now on several; without memory for that the one goes on. */
static void section_streams_add(struct vm_area_struct *vma, void *only)
{
	struct section_streams *streams;

	streams = kzalloc(sizeof(*streams), GFP_KERNEL_ACCOUNT | __GFP_NORETRY |
			  __GFP_NOWARN);
	if (streams && cmpxchg(&vma->vm_private_data, only, streams) != only)
		kfree(streams);
}

static unsigned long section_stream_run(unsigned long stream, pgoff_t pgoff)
{
	if (stream >> SECTION_STREAM_SHIFT != pgoff + 1)
		return 0;
	return stream & (BIT(SECTION_STREAM_SHIFT) - 1);
}

static unsigned long section_stream_after(pgoff_t next, unsigned long run)
{
	return (next + 1) << SECTION_STREAM_SHIFT | min(run, SECTION_STREAM_RUN);
}

/* How many pages there are to be for a fault, of at most @room. */
static unsigned long section_ahead_count(const struct vm_fault *vmf,
					 unsigned long room)
{
	void **data = &vmf->vma->vm_private_data, *only = READ_ONCE(*data);
	struct section_streams *streams = section_streams_of(only);
	unsigned long stream = (unsigned long)only, run, count;
	unsigned long *mine = NULL;

	if (streams) {
		mine = &streams->stream[hash_32(current->pid, SECTION_STREAM_BITS)];
		stream = READ_ONCE(*mine);
	}
	run = section_stream_run(stream, vmf->pgoff);
	count = min(1 + run / 4, room);
	stream = section_stream_after(vmf->pgoff + count, run + count);
	if (mine)
		WRITE_ONCE(*mine, stream);
	else if (only && !run)
		section_streams_add(vmf->vma, only);
	else
		cmpxchg(data, only, (void *)stream);
	return count;
}

/**
 * section_ahead_open - a view begins, as a copy of another
 * @vma: the view, of anonymous memory
 */
void section_ahead_open(struct vm_area_struct *vma)
{
	vma->vm_private_data = NULL;
}

/**
 * section_ahead_close - a view ends
 * @vma: the view, of anonymous memory
 */
void section_ahead_close(struct vm_area_struct *vma)
{
	if (section_streams_of(vma->vm_private_data))
		kfree(vma->vm_private_data);
	vma->vm_private_data = NULL;
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
	struct folio *folio;
	unsigned long i;

	for (i = 0; i < count; i++) {
		if (swapped && xa_is_value(xa_load(&mapping->i_pages,
						   first + i)))
			break;
		folio = shmem_read_folio_gfp(mapping, first + i, gfp);
		if (IS_ERR(folio))
			break;
		folio_put(folio);
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
	unsigned long count;

	if (!section_ahead_allowed(vmf))
		return 0;
	count = section_ahead_count(vmf, section_ahead_room(vmf));
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
