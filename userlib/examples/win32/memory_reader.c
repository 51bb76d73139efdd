// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Opens the shared memory of memory_writer and prints the message in it.
 */
#include <section/win32.h>

#include <stdio.h>

#define BUF_SIZE 256

static TCHAR szName[] = TEXT("Local\\MyFileMappingObject");

int main(void)
{
	HANDLE hMapFile;
	const char *pBuf;

	hMapFile = OpenFileMapping(FILE_MAP_READ, FALSE, szName);
	if (hMapFile == NULL) {
		printf("Could not open file mapping object (%u).\n",
		       GetLastError());
		return 1;
	}

	pBuf = MapViewOfFile(hMapFile, FILE_MAP_READ, 0, 0, BUF_SIZE);
	if (pBuf == NULL) {
		printf("Could not map view of file (%u).\n", GetLastError());
		CloseHandle(hMapFile);
		return 1;
	}

	printf("%s\n", pBuf);

	UnmapViewOfFile(pBuf);
	CloseHandle(hMapFile);
	return 0;
}
