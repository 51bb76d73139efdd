// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Virtual memory as Win32 has it, over the native functions.
 */
#include "internal.h"

LPVOID VirtualAllocEx(HANDLE hProcess, LPVOID lpAddress, SIZE_T dwSize,
		      DWORD flAllocationType, DWORD flProtect)
{
	PVOID base = lpAddress;
	NTSTATUS status;

	/* An address that would be rounded down to NULL. */
	if (lpAddress && (uintptr_t)lpAddress < LOWEST_ADDRESS) {
		SetLastError(ERROR_INVALID_PARAMETER);
		return NULL;
	}
	status = NtAllocateVirtualMemory(hProcess, &base, 0, &dwSize,
					 flAllocationType, flProtect);
	return win32_success(status) ? base : NULL;
}

LPVOID VirtualAlloc(LPVOID lpAddress, SIZE_T dwSize, DWORD flAllocationType,
		    DWORD flProtect)
{
	return VirtualAllocEx(NtCurrentProcess(), lpAddress, dwSize,
			      flAllocationType, flProtect);
}

BOOL VirtualFreeEx(HANDLE hProcess, LPVOID lpAddress, SIZE_T dwSize,
		   DWORD dwFreeType)
{
	PVOID base = lpAddress;

	if (dwFreeType == MEM_RELEASE && dwSize) {	/* L25 */
		SetLastError(ERROR_INVALID_PARAMETER);
		return FALSE;
	}
	return win32_success(NtFreeVirtualMemory(hProcess, &base, &dwSize,
						 dwFreeType));
}

BOOL VirtualFree(LPVOID lpAddress, SIZE_T dwSize, DWORD dwFreeType)
{
	return VirtualFreeEx(NtCurrentProcess(), lpAddress, dwSize, dwFreeType);
}

BOOL VirtualProtectEx(HANDLE hProcess, LPVOID lpAddress, SIZE_T dwSize,
		      DWORD flNewProtect, PDWORD lpflOldProtect)
{
	PVOID base = lpAddress;

	return win32_success(NtProtectVirtualMemory(hProcess, &base, &dwSize,
						    flNewProtect,
						    lpflOldProtect));
}

BOOL VirtualProtect(LPVOID lpAddress, SIZE_T dwSize, DWORD flNewProtect,
		    PDWORD lpflOldProtect)
{
	return VirtualProtectEx(NtCurrentProcess(), lpAddress, dwSize,
				flNewProtect, lpflOldProtect);
}

SIZE_T VirtualQueryEx(HANDLE hProcess, LPCVOID lpAddress,
		      PMEMORY_BASIC_INFORMATION lpBuffer, SIZE_T dwLength)
{
	SIZE_T length;
	NTSTATUS status;

	status = NtQueryVirtualMemory(hProcess, (PVOID)(uintptr_t)lpAddress,
				      MemoryBasicInformation, lpBuffer,
				      dwLength, &length);
	return win32_success(status) ? length : 0;
}

SIZE_T VirtualQuery(LPCVOID lpAddress, PMEMORY_BASIC_INFORMATION lpBuffer,
		    SIZE_T dwLength)
{
	return VirtualQueryEx(NtCurrentProcess(), lpAddress, lpBuffer, dwLength);
}
