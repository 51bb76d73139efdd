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

NTSTATUS view_committed(const struct allocation *a, uintptr_t address,
			bool *committed, uintptr_t *end)
{
	struct section_view_info view;
	uintptr_t at = address;
	int device;

	*committed = true;
	*end = allocation_end(a);
	if (!a->sparse)
		return STATUS_SUCCESS;
	device = kept_fd(KEPT_DEVICE);
	if (device < 0)
		return status_from_errno(errno, STATUS_UNSUCCESSFUL);
	/*
	 * Asked of the kernel each time: other processes commit too (L5).  Its
	 * views are parts of ours where protections differ.
	 */
	while (at < allocation_end(a) &&
	       !section_query_view_at(device, (void *)at, &view) && view.run) {
		if (at == address)
			*committed = view.committed;
		else if (*committed != view.committed)
			break;
		at += view.run;
	}
	if (at > address && at < allocation_end(a))
		*end = at;
	return STATUS_SUCCESS;
}

NTSTATUS view_commit(struct allocation *a, uintptr_t start, uintptr_t end)
{
	uint64_t offset = a->offset + (start - a->base);
	int failed;

	if (!a->anchor)
		return STATUS_INSUFFICIENT_RESOURCES;
	do
		failed = section_commit(anchor_fd(a->anchor), offset,
					end - start);
	while (failed && errno == EINTR);
	if (!failed)
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

/* By errno, of mprotect(2) or mmap(2). */
static NTSTATUS unchanged_status(const struct allocation *a)
{
	/* I56: an image of which nothing may be executed. */
	if ((errno == EACCES || errno == EPERM) && a->type == MEM_IMAGE)
		return STATUS_SECTION_PROTECTION;
	return a->anchor || errno == ENOMEM ? STATUS_NO_MEMORY :
					      STATUS_INSUFFICIENT_RESOURCES;
}

/* The table first: what cannot be noted must not be done. */
static NTSTATUS set_pages(struct allocation *a, uintptr_t start, uintptr_t end,
			  uint32_t value)
{
	int prot = protect_prot(value & ~RUN_BITS);
	uintptr_t stop;
	bool copies = value & RUN_COPIES;
	bool same = !(run_at(a, start, &stop) & RUN_COPIES) == !copies;

	if (!run_reserve(a))
		return STATUS_NO_MEMORY;
	if (same ? mprotect((void *)start, end - start, prot) :
		   !remap(a, start, end, prot,
			  copies ? MAP_PRIVATE : MAP_SHARED))
		return unchanged_status(a);
	run_set(a, start, end, value);
	return STATUS_SUCCESS;
}

/* Nobody can tell which pages are the process's own. */
static NTSTATUS unknown_pages(void)
{
	/* No /proc at all. */
	if (errno == ENOENT)
		return STATUS_INSUFFICIENT_RESOURCES;
	return status_from_errno(errno, STATUS_INSUFFICIENT_RESOURCES);
}

/* From MAP_PRIVATE to MAP_SHARED, except what was copied. */
static NTSTATUS share(struct allocation *a, uintptr_t start, uintptr_t end,
		      uint32_t protect)
{
	NTSTATUS status = STATUS_SUCCESS;

	while (!status && start < end) {
		bool copied;
		uintptr_t stop = pages_copied_alike(start, end, &copied);

		if (!stop)
			return unknown_pages();
		status = set_pages(a, start, stop,
				   protect | (copied ? RUN_COPIES : 0));
		start = stop;
	}
	return status;
}

static bool is_shared_again(const struct allocation *a, uint32_t old,
			    uint32_t protect)
{
	return old & RUN_COPIES && protect_writes(protect) &&
	       protect_writes(a->protect);
}

/* Pages that are alike now. */
static NTSTATUS change(struct allocation *a, uintptr_t start, uintptr_t end,
		       uint32_t old, uint32_t protect)
{
	/* What processes share of it they go on sharing. */
	if (a->type == MEM_IMAGE && old & RUN_COPIES)
		protect = image_protect(protect);
	if (is_shared_again(a, old, protect))
		return share(a, start, end, protect);
	if (protect_copies(protect))
		old |= RUN_COPIES;
	return set_pages(a, start, end, protect | (old & RUN_BITS));
}

/* What cannot be found out has to come out before anything is changed. */
static NTSTATUS check_pages(const struct allocation *a, uintptr_t start,
			    uintptr_t end, uint32_t protect)
{
	uintptr_t stop;
	bool copied;

	for (; start < end; start = stop)
		if (is_shared_again(a, run_at(a, start, &stop), protect) &&
		    !pages_copied_alike(start, start + PAGE, &copied))
			return unknown_pages();
	return STATUS_SUCCESS;
}

NTSTATUS view_protect(struct allocation *a, uintptr_t start, uintptr_t end,
		      uint32_t protect)
{
	NTSTATUS status = check_pages(a, start, end, protect);

	while (!status && start < end) {
		uintptr_t stop;
		uint32_t old = run_at(a, start, &stop);

		if (stop > end)
			stop = end;
		status = change(a, start, stop, old, protect);
		start = stop;
	}
	return status;
}
