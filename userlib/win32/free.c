// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * NtFreeVirtualMemory: decommitting and releasing memory.
 */
#include "internal.h"

#include <sys/mman.h>

/* The range in whole pages; it is the whole allocation if @size is 0. */
static NTSTATUS find_range(uintptr_t *start, size_t *size,
			   struct allocation **allocation)
{
	struct allocation *a = allocation_find(*start);
	uintptr_t end;

	if (!a)
		return STATUS_MEMORY_NOT_ALLOCATED;
	if (allocation_is_view(a))
		return STATUS_UNABLE_TO_DELETE_SECTION;
	if (*size > HIGHEST_ADDRESS - *start)
		return STATUS_UNABLE_TO_FREE_VM;
	end = *size ? round_up(*start + *size, PAGE) : allocation_end(a);
	*start = round_down(*start, PAGE);
	if (!*size && *start != a->base)
		return STATUS_FREE_VM_NOT_AT_BASE;
	if (end > allocation_end(a))
		return STATUS_UNABLE_TO_FREE_VM;
	*size = end - *start;
	*allocation = a;
	return STATUS_SUCCESS;
}

/* The pages that come back are zero again (L33), and charged again. */
static NTSTATUS decommit(struct allocation *a, uintptr_t start, size_t size)
{
	if (!run_reserve(a))
		return STATUS_NO_MEMORY;
	if (mmap((void *)start, size, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return STATUS_NO_MEMORY;
	run_set(a, start, start + size, 0);
	return STATUS_SUCCESS;
}

static NTSTATUS release(struct allocation *a, uintptr_t start, size_t size)
{
	struct allocation *tail;

	if (!allocation_prepare_cut(a, start, start + size, &tail))
		return STATUS_NO_MEMORY;
	/* A hole in the middle makes one mapping more, which can be too many. */
	if (munmap((void *)start, size)) {
		if (tail)
			allocation_free(tail);
		return STATUS_NO_MEMORY;
	}
	allocation_cut(a, start, start + size, tail);
	return STATUS_SUCCESS;
}

static NTSTATUS free_locked(uintptr_t *start, size_t *size, uint32_t type)
{
	struct allocation *a;
	NTSTATUS status = find_range(start, size, &a);

	if (status)
		return status;
	return type == MEM_RELEASE ? release(a, *start, *size) :
				     decommit(a, *start, *size);
}

NTSTATUS NtFreeVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress,
			     PSIZE_T RegionSize, ULONG FreeType)
{
	uintptr_t start;
	NTSTATUS status;
	size_t size;
	pid_t pid;

	if (pointer_bad(BaseAddress) || pointer_bad(RegionSize))
		return STATUS_ACCESS_VIOLATION;
	if (FreeType != MEM_RELEASE && FreeType != MEM_DECOMMIT)
		return STATUS_INVALID_PARAMETER_4;
	status = process_pid(ProcessHandle, PROCESS_VM_OPERATION, &pid);
	if (status)
		return status;
	if (pid)
		return remote_free(pid, BaseAddress, RegionSize, FreeType);
	start = (uintptr_t)*BaseAddress;
	size = *RegionSize;
	memory_lock();
	status = free_locked(&start, &size, FreeType);
	memory_unlock();
	if (status)
		return status;
	*BaseAddress = (PVOID)start;
	*RegionSize = size;
	return STATUS_SUCCESS;
}
