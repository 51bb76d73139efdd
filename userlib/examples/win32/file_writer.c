// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Creates a file and fills it through a view; the mapping makes it as large as
 * it is to be.
 *
 * file_writer FILE
 */
#include <section/win32.h>

#include <stdio.h>
#include <string.h>

#define RECORDS 1000

struct record {
	DWORD number;
	char text[28];
};

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "records.bin";
	struct record *records;
	HANDLE hFile, hMapping;
	DWORD i;

	hFile = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL,
			    CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
	if (hFile == INVALID_HANDLE_VALUE) {
		printf("Could not create %s (%u).\n", path, GetLastError());
		return 1;
	}
	hMapping = CreateFileMapping(hFile, NULL, PAGE_READWRITE, 0,
				     RECORDS * sizeof(struct record), NULL);
	if (hMapping == NULL) {
		printf("Could not create the mapping (%u).\n", GetLastError());
		return 1;
	}
	records = MapViewOfFile(hMapping, FILE_MAP_WRITE, 0, 0, 0);
	if (records == NULL) {
		printf("Could not map the file (%u).\n", GetLastError());
		return 1;
	}
	/* The view keeps the file. */
	CloseHandle(hMapping);
	CloseHandle(hFile);

	for (i = 0; i < RECORDS; i++) {
		records[i].number = i;
		snprintf(records[i].text, sizeof(records[i].text),
			 "record %u", i);
	}
	if (!FlushViewOfFile(records, 0))
		printf("Could not flush (%u).\n", GetLastError());
	UnmapViewOfFile(records);
	printf("%u records written to %s.\n", RECORDS, path);
	return 0;
}
