// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * NtAllocateVirtualMemory: reserving, committing and resetting memory.
 *
 * Reserved private memory is mapped without any access, which costs nothing.
 * It is charged by the kernel when it is made writable for the first time.
 */
#include "internal.h"

#include <errno.h>
#include <sys/mman.h>

#define MEM_KNOWN	(MEM_COMMIT | MEM_RESERVE | MEM_RESET | MEM_TOP_DOWN)

static NTSTATUS check_arguments(uintptr_t base, ULONG_PTR zero_bits,
				size_t size, ULONG type, ULONG protect)
{
	if (!place_limit(zero_bits))
		return STATUS_INVALID_PARAMETER_3;
	if (type & ~MEM_KNOWN || !(type & (MEM_KNOWN & ~MEM_TOP_DOWN)))
		return STATUS_INVALID_PARAMETER_5;
	if (type & MEM_RESET && type != MEM_RESET)
		return STATUS_INVALID_PARAMETER_5;
	if (!protect_valid(protect))
		return STATUS_INVALID_PAGE_PROTECTION;
	if (base >= HIGHEST_ADDRESS)
		return STATUS_INVALID_PARAMETER_2;
	if (!size || size > HIGHEST_ADDRESS - base)
		return STATUS_INVALID_PARAMETER_4;
	if (zero_bits && base && base + size > place_limit(zero_bits))
		return STATUS_INVALID_PARAMETER_3;
	return STATUS_SUCCESS;
}

static bool map_at(uintptr_t base, size_t size, int prot)
{
	void *at = mmap((void *)base, size, prot,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (at == (void *)base)
		return true;
	if (at != MAP_FAILED) {
		munmap(at, size);
		errno = EEXIST;
	}
	return false;
}

static NTSTATUS reserve_at(uintptr_t base, size_t size)
{
	if (base < LOWEST_ADDRESS)
		return STATUS_INVALID_PARAMETER_2;
	if (allocation_overlaps(base, base + size))
		return STATUS_CONFLICTING_ADDRESSES;
	if (map_at(base, size, PROT_NONE))
		return STATUS_SUCCESS;
	return errno == EEXIST ? STATUS_CONFLICTING_ADDRESSES :
				 STATUS_NO_MEMORY;
}

static NTSTATUS reserve_anywhere(uintptr_t *base, size_t size, uintptr_t limit)
{
	int attempts;

	for (attempts = 0; attempts < PLACE_ATTEMPTS; attempts++) {
		*base = place_find(size, limit);
		if (!*base)
			break;
		if (map_at(*base, size, PROT_NONE))
			return STATUS_SUCCESS;
		if (errno != EEXIST)
			break;
	}
	return STATUS_NO_MEMORY;
}

/* L20.  The range is in whole pages afterwards. */
static NTSTATUS reserve(uintptr_t *base, size_t *size, uintptr_t limit,
			uint32_t protect)
{
	uintptr_t end = round_up(*base + *size, PAGE);
	struct allocation *a;
	NTSTATUS status;

	if (protect_copies(protect))
		return STATUS_INVALID_PAGE_PROTECTION;
	if (*base) {
		*base = round_down(*base, GRANULE);
		*size = end - *base;
		status = reserve_at(*base, *size);
	} else {
		*size = end;
		status = reserve_anywhere(base, *size, limit);
	}
	if (status)
		return status;
	a = allocation_new(*base, *size, MEM_PRIVATE, protect & PROTECT_PAGE, 0);
	if (!a) {
		munmap((void *)*base, *size);
		return STATUS_NO_MEMORY;
	}
	/* What is said of caches holds for all of it, whatever comes (T13). */
	a->cache = protect & PROTECT_CACHE;
	return STATUS_SUCCESS;
}

static NTSTATUS commit_private(struct allocation *a, uintptr_t start,
			       uintptr_t end, uint32_t protect)
{
	if (protect_copies(protect))
		return STATUS_INVALID_PAGE_PROTECTION;
	if (!run_reserve(a))
		return STATUS_NO_MEMORY;
	if (mprotect((void *)start, end - start, protect_prot(protect)))
		return STATUS_COMMITMENT_LIMIT;
	run_set(a, start, end, protect & PROTECT_PAGE);
	return STATUS_SUCCESS;
}

/* Rows L3 to L10. */
static NTSTATUS commit_view(struct allocation *a, uintptr_t start,
			    uintptr_t end, uint32_t protect)
{
	NTSTATUS status = STATUS_SUCCESS;

	if (a->file)
		return STATUS_ALREADY_COMMITTED;
	if (!protect_fits_view(a->protect, protect))
		return STATUS_SECTION_PROTECTION;
	if (a->sparse)
		status = view_commit(a, start, end);
	return status ? status : view_protect(a, start, end,
					      protect & PROTECT_PAGE);
}

static NTSTATUS commit(uintptr_t *base, size_t *size, uint32_t protect)
{
	uintptr_t end = round_up(*base + *size, PAGE);
	struct allocation *a;

	*base = round_down(*base, PAGE);
	*size = end - *base;
	a = allocation_find(*base);
	if (!a || end > allocation_end(a))
		return STATUS_CONFLICTING_ADDRESSES;
	return allocation_is_view(a) ?
	       commit_view(a, *base, end, protect) :
	       commit_private(a, *base, end, protect);
}

/* L14, L22c: the contents of private memory may go when memory is short. */
static NTSTATUS reset(uintptr_t *base, size_t *size)
{
	uintptr_t end = round_up(*base + *size, PAGE);
	struct allocation *a;

	*base = round_down(*base, PAGE);
	*size = end - *base;
	a = allocation_find(*base);
	if (!a || end > allocation_end(a))
		return STATUS_CONFLICTING_ADDRESSES;
	if (a->type == MEM_PRIVATE)
		madvise((void *)*base, *size, MADV_FREE);
	return STATUS_SUCCESS;
}

static NTSTATUS allocate_locked(uintptr_t *base, size_t *size, uintptr_t limit,
				uint32_t type, uint32_t protect)
{
	uintptr_t start = *base;
	size_t length = *size;
	NTSTATUS status;

	if (type & MEM_RESET)
		return reset(base, size);
	/* Without an address, to commit is to reserve as well. */
	if (type & MEM_RESERVE || !*base) {
		status = reserve(base, size, limit, protect);
		if (status || !(type & MEM_COMMIT))
			return status;
		start = *base;
		length = *size;
		status = commit(&start, &length, protect);
		if (status) {
			munmap((void *)*base, *size);
			allocation_remove(allocation_find(*base));
		}
		return status;
	}
	return commit(base, size, protect);
}

NTSTATUS NtAllocateVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress,
				 ULONG_PTR ZeroBits, PSIZE_T RegionSize,
				 ULONG AllocationType, ULONG Protect)
{
	uintptr_t base;
	NTSTATUS status;
	size_t size;
	pid_t pid;

	if (pointer_bad(BaseAddress) || pointer_bad(RegionSize))
		return STATUS_ACCESS_VIOLATION;
	base = (uintptr_t)*BaseAddress;
	size = *RegionSize;
	status = check_arguments(base, ZeroBits, size, AllocationType, Protect);
	if (!status)
		status = process_pid(ProcessHandle, PROCESS_VM_OPERATION, &pid);
	if (status)
		return status;
	if (pid)
		return remote_allocate(pid, BaseAddress, ZeroBits, RegionSize,
				       AllocationType, Protect);
	memory_lock();
	status = allocate_locked(&base, &size, place_limit(ZeroBits),
				 AllocationType, Protect);
	memory_unlock();
	if (status)
		return status;
	*BaseAddress = (PVOID)base;
	*RegionSize = size;
	return STATUS_SUCCESS;
}
