// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * What the system is like, and sleeping.
 */
#include "internal.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LARGE_PAGE	0x200000

void GetSystemInfo(LPSYSTEM_INFO lpSystemInfo)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	memset(lpSystemInfo, 0, sizeof(*lpSystemInfo));
	lpSystemInfo->wProcessorArchitecture = PROCESSOR_ARCHITECTURE_AMD64;
	lpSystemInfo->dwPageSize = PAGE;
	lpSystemInfo->lpMinimumApplicationAddress = (LPVOID)LOWEST_ADDRESS;
	lpSystemInfo->lpMaximumApplicationAddress =
		(LPVOID)(HIGHEST_ADDRESS - 1);
	lpSystemInfo->dwNumberOfProcessors = (DWORD)processors;
	lpSystemInfo->dwActiveProcessorMask = processors >= 64 ? ~(DWORD_PTR)0 :
					      ((DWORD_PTR)1 << processors) - 1;
	lpSystemInfo->dwProcessorType = 8664;
	lpSystemInfo->dwAllocationGranularity = GRANULE;
}

SIZE_T GetLargePageMinimum(void)
{
	return LARGE_PAGE;
}

void Sleep(DWORD dwMilliseconds)
{
	struct timespec left = {
		.tv_sec = dwMilliseconds / 1000,
		.tv_nsec = dwMilliseconds % 1000 * 1000000,
	};

	do {
		while (nanosleep(&left, &left))
			;
	} while (dwMilliseconds == INFINITE);
}
