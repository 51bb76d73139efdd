// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * NtProtectVirtualMemory.
 */
#include "internal.h"

#include <sys/mman.h>

/* T10, T11: every page of the range has to be committed, or it is @otherwise. */
static NTSTATUS all_committed(const struct allocation *a, uintptr_t start,
			      uintptr_t end, NTSTATUS otherwise)
{
	struct region region;
	NTSTATUS status;

	while (start < end) {
		status = region_at(a, start, &region);
		if (status)
			return status;
		if (region.state != MEM_COMMIT)
			return otherwise;
		start = region.end;
	}
	return STATUS_SUCCESS;
}

static NTSTATUS protect_private(struct allocation *a, uintptr_t start,
				uintptr_t end, uint32_t protect)
{
	NTSTATUS status;

	if (protect_copies(protect))
		return STATUS_INVALID_PAGE_PROTECTION;
	status = all_committed(a, start, end, STATUS_NOT_COMMITTED);
	if (status)
		return status;
	if (!run_reserve(a))
		return STATUS_NO_MEMORY;
	if (mprotect((void *)start, end - start, protect_prot(protect)))
		return STATUS_COMMITMENT_LIMIT;
	run_set(a, start, end, protect & PROTECT_PAGE);
	return STATUS_SUCCESS;
}

static NTSTATUS protect_mapped(struct allocation *a, uintptr_t start,
			       uintptr_t end, uint32_t protect)
{
	NTSTATUS status;

	if (a->type != MEM_IMAGE && !protect_fits_view(a->protect, protect))
		return STATUS_SECTION_PROTECTION;
	status = all_committed(a, start, end, STATUS_SECTION_PROTECTION);
	if (status)
		return status;
	return view_protect(a, start, end, protect & PROTECT_PAGE);
}

/* Memory of the C library, of programs and so on. */
static NTSTATUS protect_foreign(uintptr_t start, uintptr_t end,
				uint32_t protect, uint32_t *old)
{
	uintptr_t at = start;
	struct mapping m;
	NTSTATUS status;

	if (protect_copies(protect))
		return STATUS_INVALID_PAGE_PROTECTION;
	if (allocation_overlaps(start, end))
		return STATUS_CONFLICTING_ADDRESSES;
	/* mprotect(2) would change what is before a hole. */
	while (at < end) {
		status = mapping_find(at, &m);
		if (status)
			return status;
		if (m.start > at)
			return STATUS_CONFLICTING_ADDRESSES;
		if (at == start)
			*old = protect_from_prot(m.prot);
		at = m.end;
	}
	if (mprotect((void *)start, end - start, protect_prot(protect)))
		return STATUS_CONFLICTING_ADDRESSES;
	return STATUS_SUCCESS;
}

static NTSTATUS protect_locked(uintptr_t start, uintptr_t end,
			       uint32_t protect, uint32_t *old)
{
	struct allocation *a = allocation_find(start);
	struct region region;
	NTSTATUS status;

	if (!a)
		return protect_foreign(start, end, protect, old);
	if (end > allocation_end(a))
		return STATUS_CONFLICTING_ADDRESSES;
	status = region_at(a, start, &region);
	if (status)
		return status;
	*old = region.protect;
	return allocation_is_view(a) ?
	       protect_mapped(a, start, end, protect) :
	       protect_private(a, start, end, protect);
}

NTSTATUS NtProtectVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress,
				PSIZE_T RegionSize, ULONG NewProtect,
				PULONG OldProtect)
{
	uintptr_t start, end;
	uint32_t old = 0;
	NTSTATUS status;
	pid_t pid;

	if (pointer_bad(BaseAddress) || pointer_bad(RegionSize) ||
	    pointer_bad(OldProtect))
		return STATUS_ACCESS_VIOLATION;
	if (!protect_valid(NewProtect))
		return STATUS_INVALID_PAGE_PROTECTION;
	start = (uintptr_t)*BaseAddress;
	if (start >= HIGHEST_ADDRESS)
		return STATUS_INVALID_PARAMETER_2;
	if (!*RegionSize || *RegionSize > HIGHEST_ADDRESS - start)
		return STATUS_INVALID_PARAMETER_3;
	status = process_pid(ProcessHandle, PROCESS_VM_OPERATION, &pid);
	if (status)
		return status;
	if (pid)
		return remote_protect(pid, BaseAddress, RegionSize, NewProtect,
				      OldProtect);
	end = round_up(start + *RegionSize, PAGE);
	start = round_down(start, PAGE);
	memory_lock();
	status = protect_locked(start, end, NewProtect, &old);
	memory_unlock();
	if (status)
		return status;
	*BaseAddress = (PVOID)start;
	*RegionSize = end - start;
	*OldProtect = old;
	return STATUS_SUCCESS;
}

/* M32: what Windows does at the first touch, for a program that asks for it. */
BOOL SectionGuardPageFault(LPVOID Address)
{
	uintptr_t page = round_down((uintptr_t)Address, PAGE), end;
	struct allocation *a;
	BOOL done = FALSE;
	uint32_t value;

	memory_lock();
	a = allocation_find(page);
	value = a ? run_at(a, page, &end) : 0;
	if (value & PAGE_GUARD && run_reserve(a)) {
		value &= ~PAGE_GUARD;
		done = !mprotect((void *)page, PAGE, protect_prot(value));
		if (done)
			run_set(a, page, page + PAGE, value);
	}
	memory_unlock();
	return done;
}
