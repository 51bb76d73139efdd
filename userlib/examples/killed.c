// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * A process that is killed in the middle of its work leaves nothing behind:
 * neither the name of its section nor the memory.
 */
#include <section.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB	(1024 * 1024)

static void die(enum section_operation operation)
{
	fprintf(stderr, "killed: %s\n", section_explain(operation, errno));
	_exit(1);
}

/* Shared memory of the whole system, in MiB. */
static long shared_memory(void)
{
	FILE *meminfo = fopen("/proc/meminfo", "r");
	char line[128];
	long kb = -1;

	while (meminfo && kb < 0 && fgets(line, sizeof(line), meminfo))
		sscanf(line, "Shmem: %ld", &kb);
	if (meminfo)
		fclose(meminfo);
	return kb / 1024;
}

/* The process that will be killed. */
static void victim(int ready)
{
	int handle = section_create("Doomed", 64 * MIB);
	char *memory;

	if (handle < 0)
		die(SECTION_OP_CREATE);
	memory = section_map(handle, PROT_READ | PROT_WRITE, 0, 0, 0);
	if (!memory)
		die(SECTION_OP_MAP);
	memset(memory, 1, 64 * MIB);
	printf("pid %d, view at %p: wrote 64 MiB\n", getpid(), (void *)memory);
	fflush(stdout);
	close(ready);
	alarm(60);	/* in case that nobody is left to kill it */
	for (;;)
		pause();
}

int main(void)
{
	const struct timespec moment = { .tv_nsec = 10 * 1000 * 1000 };
	long before = shared_memory(), now;
	bool gone;
	int handle, ready[2], tries = 500;
	char byte;
	pid_t pid;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (pipe(ready))
		return 1;
	printf("pid %d: shared memory of the system is %ld MiB\n", getpid(),
	       before);

	pid = fork();
	if (!pid)
		victim(ready[1]);
	close(ready[1]);
	if (read(ready[0], &byte, 1))	/* until the victim closes it */
		return 1;
	handle = section_open("Doomed", SECTION_RIGHT_QUERY);
	if (handle < 0)
		die(SECTION_OP_OPEN);
	section_close(handle);
	now = shared_memory();
	printf("pid %d: the name can be opened, shared memory is %ld MiB\n",
	       getpid(), now);
	if (now < before + 60)
		return 1;

	printf("pid %d: kill -KILL %d\n", getpid(), pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	gone = section_open("Doomed", SECTION_RIGHT_QUERY) < 0 &&
	       errno == ENOENT;
	/* The kernel may free the memory an instant later than the name. */
	while ((now = shared_memory()) > before + 2 && tries--)
		nanosleep(&moment, NULL);
	printf("pid %d: the name %s, shared memory is %ld MiB\n", getpid(),
	       gone ? "is gone" : "SURVIVED", now);
	return !gone || now > before + 2;
}
