// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Flushing views, and comparing them.
 */
#include "internal.h"

#include <errno.h>
#include <sys/mman.h>

/* Fills in the range in whole pages, and whether it is a file's. */
static NTSTATUS find_range(uintptr_t *start, size_t *size, bool *file)
{
	struct allocation *a = allocation_find(*start);
	uintptr_t end;

	if (!a || a->type != MEM_MAPPED)
		return STATUS_NOT_MAPPED_DATA;
	if (*size > allocation_end(a) - *start)
		return STATUS_INVALID_PARAMETER_3;
	end = *size ? round_up(*start + *size, PAGE) : allocation_end(a);
	*start = round_down(*start, PAGE);
	*size = end - *start;
	*file = a->file;
	return STATUS_SUCCESS;
}

/*
 * Without the lock, for a disk takes its time.  Private pages are nobody's
 * business (W8), which msync(2) knows.
 */
static NTSTATUS write_back(uintptr_t start, size_t size)
{
	int failed;

	do
		failed = msync((void *)start, size, MS_SYNC);
	while (failed && errno == EINTR);
	if (!failed)
		return STATUS_SUCCESS;
	/* Somebody has unmapped it meanwhile. */
	return errno == ENOMEM ? STATUS_NOT_MAPPED_DATA :
				 STATUS_IO_DEVICE_ERROR;
}

static NTSTATUS flush_here(uintptr_t *start, size_t *size)
{
	NTSTATUS status;
	bool file;

	memory_lock();
	status = find_range(start, size, &file);
	memory_unlock();
	return !status && file ? write_back(*start, *size) : status;
}

NTSTATUS NtFlushVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress,
			      PSIZE_T RegionSize, PIO_STATUS_BLOCK IoStatus)
{
	uintptr_t start;
	NTSTATUS status;
	size_t size;
	pid_t pid;

	if (pointer_bad(BaseAddress) || pointer_bad(RegionSize) ||
	    pointer_bad(IoStatus))
		return STATUS_ACCESS_VIOLATION;
	status = process_pid(ProcessHandle, PROCESS_VM_OPERATION, &pid);
	if (status)
		return status;
	start = (uintptr_t)*BaseAddress;
	size = *RegionSize;
	if (pid) {
		status = remote_flush(pid, BaseAddress, RegionSize);
	} else {
		status = flush_here(&start, &size);
		*BaseAddress = (PVOID)start;
		*RegionSize = size;
	}
	IoStatus->Status = status;
	IoStatus->Information = 0;
	return status;
}

/* Rows Q26 and Q27: what an address is that is in no view. */
static NTSTATUS not_a_view(uintptr_t address, const struct allocation *a)
{
	struct mapping m;
	NTSTATUS status;

	if (a)
		return STATUS_CONFLICTING_ADDRESSES;
	status = mapping_find(address, &m);
	if (status)
		return status;
	return m.start <= address ? STATUS_CONFLICTING_ADDRESSES :
				    STATUS_INVALID_ADDRESS;
}

/* Q22, Q23: by the pages that their headers are mapped from. */
static bool same_image(const struct allocation *a, const struct allocation *b)
{
	struct mapping first, second;

	if (a->type != MEM_IMAGE || b->type != MEM_IMAGE)
		return false;
	if (a->section == b->section)
		return true;
	return !mapping_find(a->base, &first) &&
	       !mapping_find(b->base, &second) && first.inode &&
	       first.inode == second.inode && first.device == second.device;
}

NTSTATUS NtAreMappedFilesTheSame(PVOID Address1, PVOID Address2)
{
	struct allocation *first, *second;
	NTSTATUS status;

	memory_lock();
	first = allocation_find((uintptr_t)Address1);
	second = allocation_find((uintptr_t)Address2);
	if (!first || !allocation_is_view(first))
		status = not_a_view((uintptr_t)Address1, first);
	else if (!second || !allocation_is_view(second))
		status = not_a_view((uintptr_t)Address2, second);
	else
		status = first == second || same_image(first, second) ?
			 STATUS_SUCCESS : STATUS_NOT_SAME_DEVICE;
	memory_unlock();
	return status;
}
