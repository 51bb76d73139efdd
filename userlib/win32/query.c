// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * NtQueryVirtualMemory: what the pages at an address are.
 */
#include "internal.h"

#include <errno.h>
#include <sys/mman.h>

/* Linux has a little more than Windows: the stack may be up there. */
#define QUERY_LIMIT	((uintptr_t)0x7ffffffff000)

/* Where nobody may ever ask, no page is said to be a copy (W4). */
static NTSTATUS find_copies(uintptr_t address, uintptr_t *end, bool *copied)
{
	uintptr_t stop = pages_copied_alike(address, *end, copied);

	if (stop)
		*end = stop;
	else if (errno == EMFILE || errno == ENFILE)
		return status_from_errno(errno, STATUS_UNSUCCESSFUL);
	return STATUS_SUCCESS;
}

/* Pages of one run, which can differ by what was copied (W4). */
static NTSTATUS one_run(const struct allocation *a, uintptr_t address,
			struct region *region)
{
	uint32_t value = run_at(a, address, &region->end);
	bool committed, copied = false;
	uintptr_t end;
	NTSTATUS status;

	status = view_committed(a, address, &committed, &end);
	if (status)
		return status;
	if (end < region->end)
		region->end = end;
	region->state = MEM_COMMIT;
	region->odd = value & RUN_ODD;
	region->protect = value & ~RUN_BITS;
	if (!value || !committed) {
		region->state = MEM_RESERVE;
		region->protect = 0;
	} else if (value & RUN_COPIES && protect_copies(value)) {
		status = find_copies(address, &region->end, &copied);
		if (copied)
			region->protect = protect_after_copy(region->protect);
	}
	if (region->protect && (region->protect & PROTECT_BASE) != PAGE_NOACCESS)
		region->protect |= a->cache;
	return status;
}

NTSTATUS region_at(const struct allocation *a, uintptr_t address,
		   struct region *region)
{
	NTSTATUS status = one_run(a, address, region);
	struct region next;

	while (!status && region->end < allocation_end(a)) {
		status = one_run(a, region->end, &next);
		if (status || next.state != region->state ||
		    next.protect != region->protect ||
		    next.odd != region->odd)
			break;
		region->end = next.end;
	}
	return status;
}

static NTSTATUS describe_allocation(const struct allocation *a, uintptr_t page,
				    MEMORY_BASIC_INFORMATION *info)
{
	struct region region;
	NTSTATUS status = region_at(a, page, &region);

	if (status)
		return status;
	info->AllocationBase = (PVOID)a->base;
	info->AllocationProtect = a->protect | a->cache;
	info->RegionSize = region.end - page;
	info->State = region.state;
	info->Protect = region.protect;
	info->Type = a->type;
	return STATUS_SUCCESS;
}

static void describe_mapping(const struct mapping *m, uintptr_t page,
			     MEMORY_BASIC_INFORMATION *info)
{
	info->AllocationBase = (PVOID)m->start;
	info->AllocationProtect = protect_from_prot(m->prot);
	info->RegionSize = m->end - page;
	info->State = MEM_COMMIT;
	info->Protect = protect_from_prot(m->prot);
	info->Type = m->inode || m->shared ? MEM_MAPPED : MEM_PRIVATE;
}

static void describe_hole(uintptr_t page, uintptr_t end,
			  MEMORY_BASIC_INFORMATION *info)
{
	info->RegionSize = end - page;
	info->State = MEM_FREE;
	info->Protect = PAGE_NOACCESS;
}

static NTSTATUS describe(uintptr_t page, MEMORY_BASIC_INFORMATION *info)
{
	struct allocation *a = allocation_find(page);
	struct mapping m;
	NTSTATUS status;

	memset(info, 0, sizeof(*info));
	info->BaseAddress = (PVOID)page;
	if (a)
		return describe_allocation(a, page, info);
	status = mapping_find(page, &m);
	if (status)
		return status;
	if (m.start >= QUERY_LIMIT)
		m.start = m.end = QUERY_LIMIT;
	if (m.start <= page)
		describe_mapping(&m, page, info);
	else
		describe_hole(page, m.start, info);
	return STATUS_SUCCESS;
}

/* W9: a view that copies is charged for all that it could copy. */
static size_t commit_charge(const struct allocation *a)
{
	size_t charge = 0;
	uintptr_t at = a->base;
	struct region region;

	if (allocation_is_view(a))
		return protect_copies(a->protect) ? a->size : 0;
	while (at < allocation_end(a) && !region_at(a, at, &region)) {
		if (region.state == MEM_COMMIT)
			charge += region.end - at;
		at = region.end;
	}
	return charge;
}

static ULONG region_type(const struct allocation *a)
{
	switch (a->type) {
	case MEM_PRIVATE:
		return MEMORY_REGION_PRIVATE;
	case MEM_IMAGE:
		return MEMORY_REGION_MAPPED_IMAGE;
	}
	return a->file ? MEMORY_REGION_MAPPED_DATA_FILE :
			 MEMORY_REGION_MAPPED_PAGE_FILE;
}

static NTSTATUS describe_region(uintptr_t page,
				MEMORY_REGION_INFORMATION *info)
{
	const struct allocation *a = allocation_find(page);

	if (!a)
		return STATUS_INVALID_ADDRESS;
	memset(info, 0, sizeof(*info));
	info->AllocationBase = (PVOID)a->base;
	info->AllocationProtect = a->protect | a->cache;
	info->RegionType = region_type(a);
	info->RegionSize = a->size;
	info->CommitSize = commit_charge(a);
	return STATUS_SUCCESS;
}

/* The caller's buffer is written to without the lock: it may be bad. */
static NTSTATUS query_here(uintptr_t page, MEMORY_INFORMATION_CLASS class,
			   void *buffer, size_t size)
{
	union {
		MEMORY_BASIC_INFORMATION basic;
		MEMORY_REGION_INFORMATION region;
	} info;
	NTSTATUS status;

	memory_lock();
	if (class == MemoryBasicInformation)
		status = describe(page, &info.basic);
	else
		status = describe_region(page, &info.region);
	memory_unlock();
	if (!status)
		memcpy(buffer, &info, size);
	return status;
}

NTSTATUS NtQueryVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress,
			      MEMORY_INFORMATION_CLASS MemoryInformationClass,
			      PVOID MemoryInformation,
			      SIZE_T MemoryInformationLength,
			      PSIZE_T ReturnLength)
{
	uintptr_t page = round_down((uintptr_t)BaseAddress, PAGE);
	size_t size = MemoryInformationClass == MemoryBasicInformation ?
		      sizeof(MEMORY_BASIC_INFORMATION) :
		      sizeof(MEMORY_REGION_INFORMATION);
	NTSTATUS status;
	pid_t pid;

	if (MemoryInformationClass != MemoryBasicInformation &&
	    MemoryInformationClass != MemoryRegionInformation)
		return STATUS_INVALID_INFO_CLASS;
	if (MemoryInformationLength < size)
		return STATUS_INFO_LENGTH_MISMATCH;
	if (pointer_bad(MemoryInformation))
		return STATUS_ACCESS_VIOLATION;
	if (page >= QUERY_LIMIT)
		return STATUS_INVALID_PARAMETER;
	status = process_pid(ProcessHandle, PROCESS_QUERY_INFORMATION, &pid);
	if (!status)
		status = pid ? remote_query(pid, (PVOID)page,
					    MemoryInformationClass,
					    MemoryInformation, size) :
			       query_here(page, MemoryInformationClass,
					  MemoryInformation, size);
	if (!status && ReturnLength)
		*ReturnLength = size;
	return status;
}
