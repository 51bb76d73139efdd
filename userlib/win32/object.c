// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * What can be done with any handle: closing, duplicating, inheriting.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>

NTSTATUS NtClose(HANDLE Handle)
{
	return handle_close(Handle);
}

BOOL CloseHandle(HANDLE hObject)
{
	return win32_success(NtClose(hObject));
}

/*
 * A7: a duplicate of a section with fewer rights is one of the kernel's.  More
 * rights can be had up to what the descriptor has, as on Windows, where the
 * access is checked against the object again.
 */
static NTSTATUS duplicate_section(int fd, struct object *object,
				  ACCESS_MASK access, ULONG options,
				  bool inherit, int *copy)
{
	uint32_t flags = inherit ? SECTION_DUPLICATE_INHERIT : 0;
	struct section_facts facts;
	uint32_t rights;

	if (section_facts(fd, &facts))
		return STATUS_INVALID_HANDLE;
	if (!(options & DUPLICATE_SAME_ACCESS)) {
		object->access = section_access(access);
		if (object->access & MAXIMUM_ALLOWED)
			object->access = facts.rights;
	}
	rights = section_kernel_rights_of(fd, object->access);
	/* What no handle of the section could have does not count (A6b). */
	if (object->access & section_rights_of_prot(facts.prot) &
	    ~facts.rights)
		return STATUS_ACCESS_DENIED;
	*copy = section_duplicate(fd, rights & facts.rights, flags);
	return *copy < 0 ? status_from_errno(errno, STATUS_UNSUCCESSFUL) :
			   STATUS_SUCCESS;
}

static uint32_t file_access(ACCESS_MASK access)
{
	uint32_t mask = access & FILE_ALL_ACCESS;

	if (access & GENERIC_READ)
		mask |= FILE_GENERIC_READ;
	if (access & GENERIC_WRITE)
		mask |= FILE_GENERIC_WRITE;
	if (access & GENERIC_EXECUTE)
		mask |= FILE_GENERIC_EXECUTE;
	if (access & GENERIC_ALL)
		mask |= FILE_ALL_ACCESS;
	return mask;
}

/* Files and processes: the same open file or process, with a smaller mask. */
static NTSTATUS duplicate_other(int fd, struct object *object,
				ACCESS_MASK access, ULONG options,
				bool inherit, int *copy)
{
	uint32_t mask = object->type == OBJECT_FILE ? file_access(access) :
			access & PROCESS_ALL_ACCESS;

	if (!(options & DUPLICATE_SAME_ACCESS)) {
		if (access & GENERIC_ALL && object->type == OBJECT_PROCESS)
			mask = PROCESS_ALL_ACCESS;
		if (mask & ~object->access & ~(SYNCHRONIZE |
					       STANDARD_RIGHTS_REQUIRED))
			return STATUS_ACCESS_DENIED;
		object->access = mask;
	}
	*copy = fcntl(fd, inherit ? F_DUPFD : F_DUPFD_CLOEXEC, 0);
	return *copy < 0 ? status_from_errno(errno, STATUS_UNSUCCESSFUL) :
			   STATUS_SUCCESS;
}

static NTSTATUS duplicate_here(HANDLE source, HANDLE *target,
			       ACCESS_MASK access, bool inherit, ULONG options)
{
	struct object object;
	NTSTATUS status;
	int fd, copy;

	status = handle_get_any(source, &fd, &object);
	if (status)
		return status;
	if (object.type == OBJECT_SECTION)
		status = duplicate_section(fd, &object, access, options,
					   inherit, &copy);
	else
		status = duplicate_other(fd, &object, access, options, inherit,
					 &copy);
	if (status)
		return status;
	object.doomed = NULL;
	status = handle_create(copy, &object, target);
	if (!status)
		handle_share(fd, *target);
	return status;
}

/* GetCurrentProcess() as a real handle, for children. */
static NTSTATUS duplicate_myself(HANDLE *target, bool inherit)
{
	HANDLE handle = OpenProcess(PROCESS_ALL_ACCESS, inherit,
				    GetCurrentProcessId());

	if (!handle)
		return STATUS_INSUFFICIENT_RESOURCES;
	*target = handle;
	return STATUS_SUCCESS;
}

static NTSTATUS check_processes(HANDLE source, HANDLE target)
{
	NTSTATUS status;
	pid_t pid;

	status = process_pid(source, PROCESS_DUP_HANDLE, &pid);
	if (!status && pid)
		status = STATUS_NOT_SUPPORTED;
	if (!status && target)
		status = process_pid(target, PROCESS_DUP_HANDLE, &pid);
	return !status && pid ? STATUS_NOT_SUPPORTED : status;
}

NTSTATUS NtDuplicateObject(HANDLE SourceProcessHandle, HANDLE SourceHandle,
			   HANDLE TargetProcessHandle, PHANDLE TargetHandle,
			   ACCESS_MASK DesiredAccess, ULONG HandleAttributes,
			   ULONG Options)
{
	bool inherit = HandleAttributes & OBJ_INHERIT;
	HANDLE copy = NULL;
	NTSTATUS status;

	status = check_processes(SourceProcessHandle, TargetProcessHandle);
	if (status)
		return status;
	if (TargetHandle && pointer_bad(TargetHandle))
		return STATUS_ACCESS_VIOLATION;
	if (SourceHandle == NtCurrentProcess())
		status = duplicate_myself(&copy, inherit);
	else if (TargetHandle)
		status = duplicate_here(SourceHandle, &copy, DesiredAccess,
					inherit, Options);
	if (Options & DUPLICATE_CLOSE_SOURCE) {
		NTSTATUS closed = NtClose(SourceHandle);

		if (!status)
			status = closed;
	}
	if (TargetHandle)
		*TargetHandle = copy;
	return status;
}

BOOL DuplicateHandle(HANDLE hSourceProcessHandle, HANDLE hSourceHandle,
		     HANDLE hTargetProcessHandle, LPHANDLE lpTargetHandle,
		     DWORD dwDesiredAccess, BOOL bInheritHandle,
		     DWORD dwOptions)
{
	return win32_success(NtDuplicateObject(hSourceProcessHandle,
					       hSourceHandle,
					       hTargetProcessHandle,
					       lpTargetHandle,
					       dwDesiredAccess,
					       bInheritHandle ? OBJ_INHERIT : 0,
					       dwOptions));
}

BOOL GetHandleInformation(HANDLE hObject, LPDWORD lpdwFlags)
{
	struct object object;
	int fd;

	if (!win32_success(handle_get_any(hObject, &fd, &object)))
		return FALSE;
	*lpdwFlags = fcntl(fd, F_GETFD) & FD_CLOEXEC ? 0 : HANDLE_FLAG_INHERIT;
	return TRUE;
}

BOOL SetHandleInformation(HANDLE hObject, DWORD dwMask, DWORD dwFlags)
{
	struct object object;
	int fd;

	if (!win32_success(handle_get_any(hObject, &fd, &object)))
		return FALSE;
	if (dwMask & ~HANDLE_FLAG_INHERIT) {
		SetLastError(ERROR_INVALID_PARAMETER);
		return FALSE;
	}
	if (dwMask && fcntl(fd, F_SETFD, dwFlags & HANDLE_FLAG_INHERIT ?
			    0 : FD_CLOEXEC))
		return win32_success(STATUS_INVALID_HANDLE);
	return TRUE;
}
