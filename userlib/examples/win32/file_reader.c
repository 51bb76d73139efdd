// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Reads what file_writer has written, through a view of 64 KiB at a time, as
 * programs do whose files are larger than their address space.
 *
 * file_reader FILE
 */
#include <section/win32.h>

#include <stdio.h>

struct record {
	DWORD number;
	char text[28];
};

static int check(const struct record *records, SIZE_T bytes, DWORD first)
{
	DWORD i;

	for (i = 0; i < bytes / sizeof(*records); i++)
		if (records[i].number != first + i)
			return 0;
	printf("%s to %s\n", records[0].text, records[i - 1].text);
	return 1;
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "records.bin";
	LARGE_INTEGER size, offset;
	HANDLE hFile, hMapping;
	SYSTEM_INFO info;

	GetSystemInfo(&info);
	hFile = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ, NULL,
			    OPEN_EXISTING, FILE_FLAG_SEQUENTIAL_SCAN, NULL);
	if (hFile == INVALID_HANDLE_VALUE || !GetFileSizeEx(hFile, &size)) {
		printf("Could not open %s (%u).\n", path, GetLastError());
		return 1;
	}
	hMapping = CreateFileMapping(hFile, NULL, PAGE_READONLY, 0, 0, NULL);
	if (hMapping == NULL) {
		printf("Could not create the mapping (%u).\n", GetLastError());
		return 1;
	}
	for (offset.QuadPart = 0; offset.QuadPart < size.QuadPart;
	     offset.QuadPart += info.dwAllocationGranularity) {
		SIZE_T bytes = info.dwAllocationGranularity;
		void *view;

		if ((ULONGLONG)(size.QuadPart - offset.QuadPart) < bytes)
			bytes = (SIZE_T)(size.QuadPart - offset.QuadPart);
		view = MapViewOfFile(hMapping, FILE_MAP_READ,
				     (DWORD)offset.HighPart, offset.LowPart,
				     bytes);
		if (view == NULL) {
			printf("Could not map (%u).\n", GetLastError());
			return 1;
		}
		if (!check(view, bytes,
			   (DWORD)(offset.QuadPart / sizeof(struct record))))
			printf("The file is damaged.\n");
		UnmapViewOfFile(view);
	}
	CloseHandle(hMapping);
	CloseHandle(hFile);
	return 0;
}
