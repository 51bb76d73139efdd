// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Makes the section "Letters" of a file, changes the file by writing to memory,
 * and ends when Enter is pressed.  Run file_reader beside it.
 *
 * file_writer FILE
 */
#include <section.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void die(enum section_operation operation)
{
	fprintf(stderr, "file_writer: %s\n", section_explain(operation, errno));
	exit(1);
}

int main(int argc, char **argv)
{
	int file, handle;
	size_t length;
	char *letters;

	setvbuf(stdout, NULL, _IOLBF, 0);
	file = open(argc > 1 ? argv[1] : "letters.txt", O_RDWR | O_CLOEXEC);
	if (file < 0) {
		perror("file_writer: open");
		return 1;
	}

	/* Size 0: as large as the file. */
	handle = section_create_file("Letters", file, 0,
				     SECTION_PROT_READ | SECTION_PROT_WRITE);
	if (handle < 0)
		die(SECTION_OP_CREATE);
	close(file);	/* The section has its own hold on the file. */

	letters = section_map_all(handle, PROT_READ | PROT_WRITE, 0, &length);
	if (!letters)
		die(SECTION_OP_MAP);

	memcpy(letters, "ABCDEFGH", 8);
	if (section_flush(letters, 8, false))
		die(SECTION_OP_FLUSH);
	printf("pid %d, view at %p: wrote %.8s and flushed\n", getpid(),
	       (void *)letters, letters);

	getchar();
	section_unmap(letters, length);
	section_close(handle);
	return 0;
}
