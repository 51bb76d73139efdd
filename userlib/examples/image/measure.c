// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Measures how much memory processes use for a DLL, while all of them have it.
 */
#include "measure.h"
#include "native.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE	4096UL

int measure_range(const void *start, size_t length, struct memory *memory)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	uintptr_t low = (uintptr_t)start, from, to;
	bool inside = false;
	char line[512];
	size_t kb;

	if (!smaps)
		return -1;
	*memory = (struct memory) { 0 };
	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = from >= low && from - low < length;
		else if (!inside)
			continue;
		else if (sscanf(line, "Rss: %zu", &kb) == 1)
			memory->resident += kb * 1024;
		else if (sscanf(line, "Pss: %zu", &kb) == 1)
			memory->proportional += kb * 1024;
		else if (sscanf(line, "Private_Dirty: %zu", &kb) == 1)
			memory->private_dirty += kb * 1024;
	}
	fclose(smaps);
	return 0;
}

static void read_range(const char *start, size_t length)
{
	size_t i;

	for (i = 0; i < length; i += PAGE)
		(void)*(const volatile char *)(start + i);
}

void measure_read(const struct loader_dll *dll)
{
	uint32_t i;

	for (i = 0; i < dll->segment_count; i++)
		if (dll->segments[i].prot & SECTION_PROT_READ)
			read_range(dll->start + dll->segments[i].rva,
				   dll->segments[i].length);
}

/* What a child has for its parent. */
struct report {
	struct memory memory;
	char error[LOADER_ERROR];
};

struct child {
	const char *path;
	enum measure_how how;
	int said[2];		/* its own: it writes a byte, and then a report, */
	int measure[2];		/* it waits for the end of the one, */
	int leave[2];		/* and then of the other */
};

static void read_native(const struct native *library)
{
	const ElfW(Phdr) *segment;
	size_t i;

	for (i = 0; i < library->segment_count; i++) {
		segment = &library->segments[i];
		if (segment->p_flags & PF_R)
			read_range(library->start + segment->p_vaddr / PAGE * PAGE,
				   segment->p_vaddr % PAGE + segment->p_memsz);
	}
}

static void *load_native(const char *path, size_t *length, char *error)
{
	struct native library;

	if (native_map(path, &library)) {
		snprintf(error, LOADER_ERROR, "%s: %s", path, strerror(errno));
		return NULL;
	}
	read_native(&library);
	*length = library.length;
	return library.start;
}

static void *load(const struct child *child, size_t *length, char *error)
{
	unsigned int flags = child->how == MEASURE_COPY ? LOADER_COPY : 0;
	static struct loader loader;

	if (child->how == MEASURE_NATIVE)
		return load_native(child->path, length, error);
	if (loader_load(&loader, &child->path, 1, flags)) {
		memcpy(error, loader.error, LOADER_ERROR);
		return NULL;
	}
	measure_read(&loader.dlls[0]);
	*length = loader.dlls[0].length;
	return loader.dlls[0].start;
}

static int child_run(const struct child *child)
{
	static struct report report;
	size_t length = 0;
	void *start = load(child, &length, report.error);
	char byte = 0;

	close(child->measure[1]);
	close(child->leave[1]);
	if (write(child->said[1], &byte, 1) != 1 ||
	    read(child->measure[0], &byte, 1) != 0)
		return 1;
	if (start && measure_range(start, length, &report.memory))
		snprintf(report.error, sizeof(report.error), "/proc: %s",
			 strerror(errno));
	/* The others still measure. */
	return write(child->said[1], &report, sizeof(report)) !=
	       sizeof(report) || read(child->leave[0], &byte, 1) != 0;
}

/* Returns where to read what it says, or -1. */
static int child_start(struct child *child)
{
	pid_t pid;

	if (pipe(child->said))
		return -1;
	pid = fork();
	if (!pid)
		_exit(child_run(child));
	/* If it dies, nobody else has this end. */
	close(child->said[1]);
	if (pid > 0)
		return child->said[0];
	close(child->said[0]);
	return -1;
}

/* So many bytes, which may come in parts; less if the child is dead. */
static bool read_all(int from, void *to, size_t length)
{
	ssize_t got = 1;
	char *next = to;

	for (; length && got > 0; next += got, length -= (size_t)got)
		got = read(from, next, length);
	return !length;
}

static bool collect(struct child *child, const int *said, int processes,
		    struct memory *memory, char *error)
{
	struct report report;
	char byte = 0;
	int i;

	for (i = 0; i < processes; i++)
		if (!read_all(said[i], &byte, 1))
			return false;
	close(child->measure[1]);
	child->measure[1] = -1;
	for (i = 0; i < processes; i++) {
		if (!read_all(said[i], &report, sizeof(report)))
			return false;
		memory[i] = report.memory;
		if (*report.error)
			memcpy(error, report.error, LOADER_ERROR);
	}
	return !*error;
}

/* Starts all of them, and ends them.  Returns whether all went well. */
static bool run_children(struct child *child, int *said, int processes,
			 struct memory *memory, char *error)
{
	int status, started = 0;
	bool complete;

	while (started < processes &&
	       (said[started] = child_start(child)) >= 0)
		started++;
	complete = started == processes &&
		   collect(child, said, processes, memory, error);
	if (child->measure[1] >= 0)
		close(child->measure[1]);
	close(child->leave[1]);
	while (started-- > 0) {
		close(said[started]);
		if (wait(&status) < 0 || status)
			complete = false;
	}
	return complete;
}

int measure_processes(const char *path, enum measure_how how, int processes,
		      struct memory *memory, char *error)
{
	struct child child = { .path = path, .how = how };
	int *said = calloc(processes, sizeof(*said));
	bool complete;

	*error = 0;
	if (!said || pipe(child.measure) || pipe(child.leave)) {
		snprintf(error, LOADER_ERROR, "%s", strerror(errno));
		free(said);
		return -1;
	}
	complete = run_children(&child, said, processes, memory, error);
	close(child.measure[0]);
	close(child.leave[0]);
	free(said);
	if (!complete && !*error)
		snprintf(error, LOADER_ERROR, "a process ended too early");
	return complete ? 0 : -1;
}
