// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Sections and views as Win32 has them, over the native functions.
 */
#include "internal.h"

#include <stdlib.h>

/* The attributes of a named object, in the local directory. */
static void set_attributes(OBJECT_ATTRIBUTES *oa, UNICODE_STRING *name,
			   PCWSTR text, bool inherit)
{
	RtlInitUnicodeString(name, text);
	InitializeObjectAttributes(oa, text ? name : NULL,
				   inherit ? OBJ_INHERIT : 0,
				   text ? DIRECTORY_LOCAL : NULL, NULL);
}

/* R8 */
static ACCESS_MASK access_of_creator(DWORD protect)
{
	ACCESS_MASK access = STANDARD_RIGHTS_REQUIRED | SECTION_QUERY |
			     SECTION_MAP_READ;

	if (protect_writes(protect))
		access |= SECTION_MAP_WRITE;
	if (protect & (PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE |
		       PAGE_EXECUTE_WRITECOPY))
		access |= SECTION_MAP_EXECUTE;
	return access;
}

/* P1 and P2, and that based sections cannot be made here (S18). */
static bool creation_valid(DWORD protect, DWORD attributes)
{
	return protect_valid(protect) && protect <= PROTECT_BASE &&
	       !(protect & (PAGE_NOACCESS | PAGE_EXECUTE)) &&
	       !(attributes & SEC_BASED);
}

HANDLE CreateFileMappingW(HANDLE hFile,
			  LPSECURITY_ATTRIBUTES lpFileMappingAttributes,
			  DWORD flProtect, DWORD dwMaximumSizeHigh,
			  DWORD dwMaximumSizeLow, LPCWSTR lpName)
{
	DWORD protect = flProtect & 0xffff;
	DWORD attributes = flProtect & ~0xffffU;
	OBJECT_ATTRIBUTES oa;
	UNICODE_STRING name;
	LARGE_INTEGER size;
	HANDLE handle;
	NTSTATUS status;

	if (!creation_valid(protect, attributes)) {
		SetLastError(ERROR_INVALID_PARAMETER);
		return NULL;
	}
	set_attributes(&oa, &name, lpName, lpFileMappingAttributes &&
		       lpFileMappingAttributes->bInheritHandle);
	oa.Attributes |= OBJ_OPENIF;
	size.QuadPart = (LONGLONG)((uint64_t)dwMaximumSizeHigh << 32 |
				   dwMaximumSizeLow);
	/* To the native function, no file is NULL; here NULL is no handle. */
	if (!hFile) {
		SetLastError(ERROR_INVALID_HANDLE);
		return NULL;
	}
	if (hFile == INVALID_HANDLE_VALUE)
		hFile = NULL;
	status = NtCreateSection(&handle, access_of_creator(protect), &oa,
				 &size, protect,
				 attributes ? attributes : SEC_COMMIT, hFile);
	/* R1, R2: set on success too. */
	SetLastError(RtlNtStatusToDosError(status));
	return NT_SUCCESS(status) ? handle : NULL;
}

/* A1, A2 */
static ACCESS_MASK access_to_open(DWORD access)
{
	if (access == FILE_MAP_COPY)
		return SECTION_MAP_READ;
	if (access & FILE_MAP_EXECUTE)
		return (access & ~FILE_MAP_EXECUTE) | SECTION_MAP_EXECUTE;
	return access;
}

HANDLE OpenFileMappingW(DWORD dwDesiredAccess, BOOL bInheritHandle,
			LPCWSTR lpName)
{
	OBJECT_ATTRIBUTES oa;
	UNICODE_STRING name;
	HANDLE handle;

	if (!lpName) {
		SetLastError(ERROR_INVALID_PARAMETER);
		return NULL;
	}
	set_attributes(&oa, &name, lpName, bInheritHandle);
	if (!win32_success(NtOpenSection(&handle,
					 access_to_open(dwDesiredAccess), &oa)))
		return NULL;
	return handle;
}

/* A name in UTF-8 for one of the two above; false with the last error. */
static bool wide_name(LPCSTR name, WCHAR **wide)
{
	*wide = utf16_from_utf8(name);
	if (name && !*wide)
		SetLastError(ERROR_NOT_ENOUGH_MEMORY);
	return !name || *wide;
}

HANDLE CreateFileMappingA(HANDLE hFile,
			  LPSECURITY_ATTRIBUTES lpFileMappingAttributes,
			  DWORD flProtect, DWORD dwMaximumSizeHigh,
			  DWORD dwMaximumSizeLow, LPCSTR lpName)
{
	HANDLE handle;
	WCHAR *name;

	if (!wide_name(lpName, &name))
		return NULL;
	handle = CreateFileMappingW(hFile, lpFileMappingAttributes, flProtect,
				    dwMaximumSizeHigh, dwMaximumSizeLow, name);
	free(name);
	return handle;
}

HANDLE OpenFileMappingA(DWORD dwDesiredAccess, BOOL bInheritHandle,
			LPCSTR lpName)
{
	HANDLE handle;
	WCHAR *name;

	if (!wide_name(lpName, &name))
		return NULL;
	handle = OpenFileMappingW(dwDesiredAccess, bInheritHandle, name);
	free(name);
	return handle;
}

/* Rows M20 to M28. */
static ULONG protect_of_access(DWORD access)
{
	bool execute = access & FILE_MAP_EXECUTE;

	/* Bits that say nothing about protection, in large pages and so on. */
	access &= 0xffff;
	if (access == FILE_MAP_COPY)
		return PAGE_WRITECOPY;
	if (access == (FILE_MAP_COPY | FILE_MAP_EXECUTE))
		return PAGE_EXECUTE_WRITECOPY;
	if (access & FILE_MAP_WRITE)
		return execute ? PAGE_EXECUTE_READWRITE : PAGE_READWRITE;
	if (access & FILE_MAP_READ)
		return execute ? PAGE_EXECUTE_READ : PAGE_READONLY;
	return PAGE_NOACCESS;
}

LPVOID MapViewOfFileEx(HANDLE hFileMappingObject, DWORD dwDesiredAccess,
		       DWORD dwFileOffsetHigh, DWORD dwFileOffsetLow,
		       SIZE_T dwNumberOfBytesToMap, LPVOID lpBaseAddress)
{
	SIZE_T size = dwNumberOfBytesToMap;
	PVOID base = lpBaseAddress;
	LARGE_INTEGER offset;
	NTSTATUS status;

	offset.QuadPart = (LONGLONG)((uint64_t)dwFileOffsetHigh << 32 |
				     dwFileOffsetLow);
	status = NtMapViewOfSection(hFileMappingObject, NtCurrentProcess(),
				    &base, 0, 0, &offset, &size, ViewShare, 0,
				    protect_of_access(dwDesiredAccess));
	return win32_success(status) ? base : NULL;
}

LPVOID MapViewOfFile(HANDLE hFileMappingObject, DWORD dwDesiredAccess,
		     DWORD dwFileOffsetHigh, DWORD dwFileOffsetLow,
		     SIZE_T dwNumberOfBytesToMap)
{
	return MapViewOfFileEx(hFileMappingObject, dwDesiredAccess,
			       dwFileOffsetHigh, dwFileOffsetLow,
			       dwNumberOfBytesToMap, NULL);
}

BOOL UnmapViewOfFile(LPCVOID lpBaseAddress)
{
	return win32_success(NtUnmapViewOfSection(NtCurrentProcess(),
						  (PVOID)(uintptr_t)
						  lpBaseAddress));
}

BOOL FlushViewOfFile(LPCVOID lpBaseAddress, SIZE_T dwNumberOfBytesToFlush)
{
	PVOID base = (PVOID)(uintptr_t)lpBaseAddress;
	SIZE_T size = dwNumberOfBytesToFlush;
	IO_STATUS_BLOCK io;
	NTSTATUS status;

	status = NtFlushVirtualMemory(NtCurrentProcess(), &base, &size, &io);
	/* U7: where there is nothing, there is nothing to flush. */
	return status == STATUS_NOT_MAPPED_DATA || win32_success(status);
}
