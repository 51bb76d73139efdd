// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Creates the section "Memory", writes a number into it through a view, and
 * ends when Enter is pressed.  Run reader beside it, in another terminal.
 */
#include <section.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void die(enum section_operation operation)
{
	fprintf(stderr, "writer: %s\n", section_explain(operation, errno));
	exit(1);
}

int main(void)
{
	_Atomic uint32_t *number;
	int handle;

	setvbuf(stdout, NULL, _IOLBF, 0);
	handle = section_create("Memory", 0x1000);
	if (handle < 0)
		die(SECTION_OP_CREATE);

	number = section_map(handle, PROT_READ | PROT_WRITE, 0, 0, 0);
	if (!number)
		die(SECTION_OP_MAP);

	atomic_store(number, 0x123456);
	printf("pid %d, view at %p: wrote 0x%x\n", getpid(), (void *)number,
	       atomic_load(number));

	getchar();
	printf("pid %d ends\n", getpid());
	return 0;	/* which closes the handle and unmaps the view */
}
