// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * A copy-on-write view: what is written to it stays in it, and VirtualQuery()
 * shows which page became the program's own.
 */
#include <section/win32.h>

#include <stdio.h>

#define PAGES 4

static void show(const char *what, const char *view)
{
	MEMORY_BASIC_INFORMATION info;
	const char *p;

	printf("%s:\n", what);
	for (p = view; p < view + PAGES * 0x1000; p += info.RegionSize) {
		VirtualQuery(p, &info, sizeof(info));
		printf("  %3u KiB %s\n", (unsigned int)(info.RegionSize / 1024),
		       info.Protect == PAGE_WRITECOPY ? "PAGE_WRITECOPY" :
		       info.Protect == PAGE_READWRITE ? "PAGE_READWRITE" : "?");
	}
}

int main(void)
{
	HANDLE hMapping;
	char *shared, *copy;

	hMapping = CreateFileMapping(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE,
				     0, PAGES * 0x1000, NULL);
	if (hMapping == NULL) {
		printf("Could not create the mapping (%u).\n", GetLastError());
		return 1;
	}
	shared = MapViewOfFile(hMapping, FILE_MAP_WRITE, 0, 0, 0);
	copy = MapViewOfFile(hMapping, FILE_MAP_COPY, 0, 0, 0);
	if (shared == NULL || copy == NULL) {
		printf("Could not map (%u).\n", GetLastError());
		return 1;
	}
	shared[0] = 'a';
	show("Before the write", copy);
	copy[0x1000] = 'X';
	show("After it", copy);
	shared[1] = 'b';
	printf("The other pages are still shared: %c%c\n", copy[0], copy[1]);
	printf("Nobody else sees the write: %d\n", shared[0x1000]);

	UnmapViewOfFile(copy);
	UnmapViewOfFile(shared);
	CloseHandle(hMapping);
	return 0;
}
