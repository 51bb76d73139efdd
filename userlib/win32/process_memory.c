// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Reading and writing memory of a process.
 *
 * The kernel copies between processes by itself.  It goes by the protection of
 * the pages, as Windows does, and stops at the first page that does not allow
 * it.
 */
#include "internal.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

static NTSTATUS get_target(HANDLE process, uint32_t access, pid_t *pid)
{
	NTSTATUS status = process_pid(process, access, pid);

	if (!status && !*pid)
		*pid = getpid();
	return status;
}

static NTSTATUS copy_status(int error)
{
	switch (error) {
	case EFAULT:
		return STATUS_PARTIAL_COPY;
	case ENOMEM:
		return STATUS_NO_MEMORY;
	}
	return STATUS_ACCESS_DENIED;
}

/* The most that one call is asked for; the kernel stops a little later. */
#define COPY_MAX	((size_t)1 << 30)

/*
 * The kernel lets a process copy that might also trace the other one; otherwise
 * the other one is asked to do it.
 */
static ssize_t copy_some(pid_t pid, uintptr_t address, uintptr_t buffer,
			 size_t size, bool write)
{
	struct iovec here = { .iov_base = (void *)buffer, .iov_len = size };
	struct iovec there = { .iov_base = (void *)address, .iov_len = size };
	ssize_t done = write ? process_vm_writev(pid, &here, 1, &there, 1, 0) :
			       process_vm_readv(pid, &here, 1, &there, 1, 0);

	if (done >= 0 || errno != EPERM || pid == getpid())
		return done;
	return write ? remote_write(pid, address, (void *)buffer, size) :
		       remote_read(pid, address, (void *)buffer, size);
}

/* How many bytes; if not even one, -1 with errno. */
static ssize_t copy(pid_t pid, uintptr_t address, uintptr_t buffer,
		    size_t size, bool write)
{
	size_t done = 0, part;
	ssize_t some;

	do {
		part = size - done < COPY_MAX ? size - done : COPY_MAX;
		some = copy_some(pid, address + done, buffer + done, part,
				 write);
		if (some < 0)
			return done ? (ssize_t)done : -1;
		done += (size_t)some;
	} while ((size_t)some == part && done < size);
	return (ssize_t)done;
}

/*
 * What could not be read, here or there (O9, O10)?  Whether the page that comes
 * next can be written to is told by making it present, and no other: another
 * thread's bytes stay as they are.
 */
static NTSTATUS read_failed(uintptr_t buffer, size_t copied)
{
	uintptr_t page = round_down(buffer + copied, PAGE);

	return section_populate((void *)page, PAGE, true) ?
	       STATUS_ACCESS_VIOLATION : STATUS_PARTIAL_COPY;
}

NTSTATUS NtReadVirtualMemory(HANDLE ProcessHandle, LPCVOID BaseAddress,
			     PVOID Buffer, SIZE_T BufferSize,
			     PSIZE_T NumberOfBytesRead)
{
	NTSTATUS status;
	ssize_t got;
	pid_t pid;

	status = get_target(ProcessHandle, PROCESS_VM_READ, &pid);
	if (status)
		return status;
	got = copy(pid, (uintptr_t)BaseAddress, (uintptr_t)Buffer, BufferSize,
		   false);
	if (got == (ssize_t)BufferSize)
		status = STATUS_SUCCESS;
	else if (got < 0 && errno != EFAULT)
		status = copy_status(errno);
	else
		status = read_failed((uintptr_t)Buffer,
				     got < 0 ? 0 : (size_t)got);
	if (NumberOfBytesRead)
		*NumberOfBytesRead = status ? 0 : BufferSize;
	return status;
}

BOOL ReadProcessMemory(HANDLE hProcess, LPCVOID lpBaseAddress, LPVOID lpBuffer,
		       SIZE_T nSize, SIZE_T *lpNumberOfBytesRead)
{
	return win32_success(NtReadVirtualMemory(hProcess, lpBaseAddress,
						 lpBuffer, nSize,
						 lpNumberOfBytesRead));
}

NTSTATUS NtWriteVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress,
			      LPCVOID Buffer, SIZE_T BufferSize,
			      PSIZE_T NumberOfBytesWritten)
{
	size_t written = 0;
	NTSTATUS status;
	ssize_t put;
	pid_t pid;

	status = get_target(ProcessHandle, PROCESS_VM_WRITE, &pid);
	if (status)
		return status;
	/* O5: nothing is written if not all of it can be read. */
	if (!memory_readable(Buffer, BufferSize)) {
		status = STATUS_PARTIAL_COPY;
	} else {
		put = copy(pid, (uintptr_t)BaseAddress, (uintptr_t)Buffer,
			   BufferSize, true);
		written = put < 0 ? 0 : (size_t)put;
		if (written != BufferSize)
			status = put < 0 ? copy_status(errno) :
					   STATUS_PARTIAL_COPY;
	}
	if (NumberOfBytesWritten)
		*NumberOfBytesWritten = written;
	return status;
}

/*
 * O7: code that cannot be written to is made writable for a moment, and where
 * the view does not allow that, it is copied (O14).
 */
static NTSTATUS write_code(HANDLE process, PVOID address, LPCVOID buffer,
			   SIZE_T size, SIZE_T *written)
{
	PVOID base = address;
	SIZE_T length = size;
	NTSTATUS status;
	ULONG old;

	status = NtProtectVirtualMemory(process, &base, &length,
					PAGE_EXECUTE_READWRITE, &old);
	if (status == STATUS_SECTION_PROTECTION)
		status = NtProtectVirtualMemory(process, &base, &length,
						PAGE_EXECUTE_WRITECOPY, &old);
	if (status)
		return STATUS_ACCESS_VIOLATION;
	status = NtWriteVirtualMemory(process, address, buffer, size, written);
	NtProtectVirtualMemory(process, &base, &length, old, &old);
	return status;
}

static bool is_code(ULONG protect)
{
	protect &= PROTECT_BASE;
	return protect == PAGE_EXECUTE || protect == PAGE_EXECUTE_READ;
}

static bool is_writable(ULONG protect)
{
	protect &= PROTECT_BASE;
	return protect_writes(protect) || protect_copies(protect);
}

/* O6: a target that cannot be written to is told from one that partly can. */
static NTSTATUS write_checked(HANDLE process, PVOID address, LPCVOID buffer,
			      SIZE_T size, SIZE_T *written)
{
	MEMORY_BASIC_INFORMATION info;
	uintptr_t end = (uintptr_t)address + size;
	SIZE_T count = 0;
	NTSTATUS status;

	status = NtWriteVirtualMemory(process, address, buffer, size, &count);
	if (status != STATUS_PARTIAL_COPY || !memory_readable(buffer, size) ||
	    NtQueryVirtualMemory(process, address, MemoryBasicInformation,
				 &info, sizeof(info), NULL)) {
		*written = count;
		return status;
	}
	if (info.State == MEM_COMMIT && is_code(info.Protect) &&
	    (uintptr_t)info.BaseAddress + info.RegionSize >= end)
		return write_code(process, address, buffer, size, written);
	if (info.State == MEM_COMMIT && is_writable(info.Protect)) {
		*written = count;
		return status;
	}
	return STATUS_ACCESS_VIOLATION;
}

BOOL WriteProcessMemory(HANDLE hProcess, LPVOID lpBaseAddress,
			LPCVOID lpBuffer, SIZE_T nSize,
			SIZE_T *lpNumberOfBytesWritten)
{
	SIZE_T written = 0;
	NTSTATUS status;

	status = write_checked(hProcess, lpBaseAddress, lpBuffer, nSize,
			       &written);
	/* O6: the count is not touched then. */
	if (lpNumberOfBytesWritten && status != STATUS_ACCESS_VIOLATION)
		*lpNumberOfBytesWritten = written;
	return win32_success(status);
}
