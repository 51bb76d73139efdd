// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * A section without a name, shared by inheritance: the child gets the handle as
 * an open descriptor, as any child gets its standard input, even though it
 * runs another program.
 */
#include <section.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(enum section_operation operation)
{
	fprintf(stderr, "inherit: %s\n", section_explain(operation, errno));
	_exit(1);
}

static char *map(int handle)
{
	char *text = section_map(handle, PROT_READ | PROT_WRITE, 0, 0, 0);

	if (!text)
		die(SECTION_OP_MAP);
	return text;
}

/* What the child runs: all it knows is the number of the descriptor. */
static int child(int handle)
{
	char *text = map(handle);

	printf("pid %d, after exec, view at %p: read \"%s\"\n", getpid(),
	       (void *)text, text);
	strcpy(text, "hello, parent");
	return 0;
}

int main(int argc, char **argv)
{
	struct section_attributes attributes = SECTION_ATTRIBUTES_INIT;
	int handle, status;
	char number[16], *text;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1)
		return child(atoi(argv[1]));

	attributes.bytes = 0x1000;
	attributes.inherit = true;	/* stay open over exec */
	handle = section_create_at(SECTION_DEVICE_DEFAULT, NULL, &attributes,
				   NULL);
	if (handle < 0)
		die(SECTION_OP_CREATE);
	text = map(handle);
	strcpy(text, "hello, child");
	printf("pid %d, view at %p: wrote \"%s\"\n", getpid(), (void *)text,
	       text);

	if (!fork()) {
		snprintf(number, sizeof(number), "%d", handle);
		execl("/proc/self/exe", argv[0], number, (char *)NULL);
		_exit(1);
	}
	wait(&status);
	printf("pid %d, view at %p: read \"%s\"\n", getpid(), (void *)text,
	       text);
	return status != 0;
}
