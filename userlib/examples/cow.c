// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Two processes have copy-on-write views of one section over a file.  One of
 * them writes; nobody else sees it, and only the page it wrote to is copied.
 *
 * cow FILE (which is made 16 pages large)
 */
#include <section.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(enum section_operation operation)
{
	fprintf(stderr, "cow: %s\n", section_explain(operation, errno));
	exit(1);
}

/* How much of the view is this process's own, in kB. */
static int private_memory(const void *view)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	bool inside = false;
	void *start, *end;
	char line[512];
	int kb = -1;

	while (smaps && kb < 0 && fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%p-%p ", &start, &end) == 2)
			inside = start == view;
		else if (inside)
			sscanf(line, "Private_Dirty: %d", &kb);
	}
	if (smaps)
		fclose(smaps);
	return kb;
}

static volatile char *map_private(int handle, size_t page)
{
	volatile char *view = section_map(handle, PROT_READ | PROT_WRITE,
					  SECTION_MAP_PRIVATE, 0, 0);

	if (!view)
		die(SECTION_OP_MAP);
	for (size_t i = 0; i < 16; i++)		/* look at every page */
		(void)view[i * page];
	printf("pid %d, private view at %p: sees %c, %d kB are private\n",
	       getpid(), (void *)view, view[3 * page],
	       private_memory((void *)view));
	return view;
}

int main(int argc, char **argv)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const char *path = argc > 1 ? argv[1] : "cow.bin";
	volatile char *view;
	int file, handle, status;
	char *shared, byte;

	setvbuf(stdout, NULL, _IOLBF, 0);
	file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	handle = section_create_file(NULL, file, 16 * page,
				     SECTION_PROT_READ | SECTION_PROT_WRITE);
	if (handle < 0)
		die(SECTION_OP_CREATE);
	shared = section_map(handle, PROT_READ | PROT_WRITE, 0, 0, 0);
	if (!shared)
		die(SECTION_OP_MAP);
	memset(shared, 'o', 16 * page);

	view = map_private(handle, page);
	view[3 * page] = 'X';
	printf("pid %d wrote X into page 3: sees %c, %d kB are private\n",
	       getpid(), view[3 * page], private_memory((void *)view));

	if (!fork()) {		/* another process, with a view of its own */
		map_private(handle, page);
		return 0;
	}
	wait(&status);
	if (pread(file, &byte, 1, (off_t)(3 * page)) != 1)
		return 1;
	printf("pid %d, shared view at %p: sees %c, and the file has %c\n",
	       getpid(), (void *)shared, shared[3 * page], byte);
	return status != 0;
}
