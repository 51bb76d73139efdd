// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Pages of views: committing them, and changing their protection.
 *
 * A page that is to be copied when it is written to is mapped MAP_PRIVATE, any
 * other one MAP_SHARED, so a change between the two maps the page anew, from
 * the view's anchor.  A page that was copied stays as it is (W5).  Between the
 * question whether a page was copied and its new mapping another thread can
 * write to it; as on Windows, who changes a protection while others write must
 * not care which of the two their writes meet.
 */
#include "internal.h"

#include <errno.h>
#include <sys/mman.h>

bool view_committed(const struct allocation *a, uintptr_t address,
		    uintptr_t *end)
{
	struct section_view_info view;
	bool committed = true;
	uintptr_t at = address;

	*end = allocation_end(a);
	if (!a->sparse)
		return true;
	/*
	 * Asked of the kernel each time: other processes commit too (L5).  Its
	 * views are parts of ours where protections differ.
	 */
	while (at < allocation_end(a) &&
	       !section_query_view((void *)at, &view) && view.run) {
		if (at == address)
			committed = view.committed;
		else if (committed != view.committed)
			break;
		at += view.run;
	}
	if (at > address && at < allocation_end(a))
		*end = at;
	return committed;
}

NTSTATUS view_commit(struct allocation *a, uintptr_t start, uintptr_t end)
{
	if (!a->anchor)
		return STATUS_INSUFFICIENT_RESOURCES;
	if (!section_commit(anchor_fd(a->anchor),
			    a->offset + (start - a->base), end - start))
		return STATUS_SUCCESS;
	return errno == ENOMEM ? STATUS_COMMITMENT_LIMIT :
	       status_from_errno(errno, STATUS_UNSUCCESSFUL);
}

static bool remap(const struct allocation *a, uintptr_t start, uintptr_t end,
		  int prot, int how)
{
	off_t offset = (off_t)(a->offset + (start - a->base));

	if (mmap((void *)start, end - start, prot, how | MAP_FIXED,
		 anchor_fd(a->anchor), offset) == MAP_FAILED)
		return false;
	if (a->no_inherit)
		madvise((void *)start, end - start, MADV_DONTFORK);
	return true;
}

/* From MAP_PRIVATE to MAP_SHARED, except what was copied. */
static bool share(struct allocation *a, uintptr_t start, uintptr_t end,
		  uint32_t protect)
{
	int prot = protect_prot(protect);

	while (start < end) {
		bool copied;
		uintptr_t stop = pages_copied_alike(start, end, &copied);

		if (copied ? mprotect((void *)start, stop - start, prot) :
			     !remap(a, start, stop, prot, MAP_SHARED))
			return false;
		if (!run_reserve(a))
			return false;
		run_set(a, start, stop, protect | (copied ? RUN_COPIES : 0));
		start = stop;
	}
	return true;
}

/* Pages that are alike now. */
static bool change(struct allocation *a, uintptr_t start, uintptr_t end,
		   uint32_t old, uint32_t protect)
{
	int prot = protect_prot(protect);
	bool copies = old & RUN_COPIES;

	if (copies && protect_writes(protect) && protect_writes(a->protect))
		return share(a, start, end, protect);
	if (!copies && protect_copies(protect)) {
		if (!remap(a, start, end, prot, MAP_PRIVATE))
			return false;
		copies = true;
	} else if (mprotect((void *)start, end - start, prot)) {
		return false;
	}
	run_set(a, start, end, protect | (copies ? RUN_COPIES : 0));
	return true;
}

NTSTATUS view_protect(struct allocation *a, uintptr_t start, uintptr_t end,
		      uint32_t protect)
{
	while (start < end) {
		uintptr_t stop;
		uint32_t old = run_at(a, start, &stop);

		if (stop > end)
			stop = end;
		if (!run_reserve(a))
			return STATUS_NO_MEMORY;
		if (!change(a, start, stop, old, protect))
			return a->anchor || errno == ENOMEM ?
			       STATUS_NO_MEMORY : STATUS_INSUFFICIENT_RESOURCES;
		start = stop;
	}
	return STATUS_SUCCESS;
}
