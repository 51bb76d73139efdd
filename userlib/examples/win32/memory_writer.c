// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Creates named shared memory, writes a message into it, and keeps it until a
 * key is pressed.  Run memory_reader meanwhile.
 */
#include <section/win32.h>

#include <stdio.h>
#include <string.h>

#define BUF_SIZE 256

static TCHAR szName[] = TEXT("Local\\MyFileMappingObject");
static const char szMsg[] = "Message from first process.";

int main(void)
{
	HANDLE hMapFile;
	LPVOID pBuf;

	hMapFile = CreateFileMapping(INVALID_HANDLE_VALUE, NULL,
				     PAGE_READWRITE, 0, BUF_SIZE, szName);
	if (hMapFile == NULL) {
		printf("Could not create file mapping object (%u).\n",
		       GetLastError());
		return 1;
	}
	if (GetLastError() == ERROR_ALREADY_EXISTS)
		printf("The object exists already.\n");

	pBuf = MapViewOfFile(hMapFile, FILE_MAP_ALL_ACCESS, 0, 0, BUF_SIZE);
	if (pBuf == NULL) {
		printf("Could not map view of file (%u).\n", GetLastError());
		CloseHandle(hMapFile);
		return 1;
	}

	CopyMemory(pBuf, szMsg, sizeof(szMsg));
	printf("Written; press Enter to end.\n");
	getchar();

	UnmapViewOfFile(pBuf);
	CloseHandle(hMapFile);
	return 0;
}
