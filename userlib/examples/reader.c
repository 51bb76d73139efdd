// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Opens the section "Memory" by name and reads the number that writer puts
 * there.  Reads it once more each time Enter is pressed, until end of file
 * (Ctrl-D): also after writer has ended.
 *
 * reader [SECONDS]: how long to wait for the writer.
 */
#include <section.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static void die(enum section_operation operation)
{
	fprintf(stderr, "reader: %s\n", section_explain(operation, errno));
	exit(1);
}

/* Gives the writer a moment; returns false when there is none left. */
static bool wait_until(time_t end)
{
	const struct timespec moment = { .tv_nsec = 10 * 1000 * 1000 };

	nanosleep(&moment, NULL);
	return time(NULL) < end;
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 10);
	const _Atomic uint32_t *number;
	int handle;

	setvbuf(stdout, NULL, _IOLBF, 0);
	do {
		handle = section_open("Memory", SECTION_RIGHT_READ);
	} while (handle < 0 && errno == ENOENT && wait_until(end));
	if (handle < 0)
		die(SECTION_OP_OPEN);

	number = section_map(handle, PROT_READ, 0, 0, 0);
	if (!number)
		die(SECTION_OP_MAP);

	/* The name appears before the number does. */
	while (!atomic_load(number) && wait_until(end))
		;
	do {
		printf("pid %d, view at %p: read 0x%x\n", getpid(),
		       (const void *)number, atomic_load(number));
	} while (getchar() != EOF);
	printf("pid %d ends\n", getpid());
	return 0;
}
