// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Opens the section "Letters" that file_writer made of a file, and reads it.
 * It need not know which file that is, nor be able to open it.
 */
#include <section.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void die(enum section_operation operation)
{
	fprintf(stderr, "file_reader: %s\n", section_explain(operation, errno));
	exit(1);
}

int main(void)
{
	const char *letters;
	int handle;

	handle = section_open("Letters", SECTION_RIGHT_READ);
	if (handle < 0)
		die(SECTION_OP_OPEN);

	letters = section_map(handle, PROT_READ, 0, 0, 0);
	if (!letters)
		die(SECTION_OP_MAP);

	printf("pid %d, view at %p: read %.8s\n", getpid(),
	       (const void *)letters, letters);
	return 0;
}
