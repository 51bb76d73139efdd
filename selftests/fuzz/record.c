// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each worker ran last, and what was kept, in memory that outlives the
 * machine: a device that is a file of the host's.  The host reads it with the
 * same program.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

#define RING		8
#define KEPT_MAX	(8UL << 20)

struct entry {
	atomic_ulong sequence;
	atomic_uint running;
	unsigned int worker;
	char text[TEXT_MAX];
};

struct record {
	atomic_ulong sequence;
	atomic_ulong kept_length;
	struct entry entry[WORKERS_MAX][RING];
	char kept[KEPT_MAX];
};

static struct record *record;
static unsigned int ring_at[WORKERS_MAX];

static struct record *record_map(const char *path, int flags, int prot)
{
	int fd = path ? open(path, flags | O_CLOEXEC) : -1;
	void *memory = MAP_FAILED;

	if (!path)
		memory = mmap(NULL, sizeof(*record), prot,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	else if (fd >= 0)
		memory = mmap(NULL, sizeof(*record), prot, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED) {
		perror(path ? path : "record");
		exit(2);
	}
	if (fd >= 0)
		close(fd);
	return memory;
}

void record_open(const char *path, unsigned int workers)
{
	unsigned int i, j;

	record = record_map(path, O_RDWR, PROT_READ | PROT_WRITE);
	atomic_store(&record->sequence, 0);
	atomic_store(&record->kept_length, 0);
	for (i = 0; i < workers; i++)
		for (j = 0; j < RING; j++)
			atomic_store(&record->entry[i][j].sequence, 0);
}

void record_program(unsigned int worker, const struct program *program)
{
	struct entry *entry = &record->entry[worker][ring_at[worker]++ % RING];
	char text[TEXT_MAX];
	size_t length = program_print(program, text, sizeof(text));

	memcpy(entry->text, text, length + 1);
	entry->worker = worker;
	atomic_store(&entry->running, 1);
	atomic_store(&entry->sequence,
		     atomic_fetch_add(&record->sequence, 1) + 1);
}

void record_end(unsigned int worker)
{
	unsigned int last = (ring_at[worker] - 1) % RING;

	atomic_store(&record->entry[worker][last].running, 0);
}

void record_keep(const struct program *program)
{
	char text[TEXT_MAX];
	size_t length = program_print(program, text, sizeof(text) - 1);
	unsigned long at;

	text[length++] = '\n';
	at = atomic_fetch_add(&record->kept_length, length);
	if (at + length <= KEPT_MAX)
		memcpy(record->kept + at, text, length);
}

static int newest_first(const void *a, const void *b)
{
	const struct entry *first = *(struct entry * const *)a;
	const struct entry *second = *(struct entry * const *)b;
	bool first_runs = atomic_load(&first->running);
	bool second_runs = atomic_load(&second->running);

	if (first_runs != second_runs)
		return second_runs - first_runs;
	return first->sequence < second->sequence ? 1 : -1;
}

/* Those that still ran come first. */
int record_show(const char *path, bool kept)
{
	struct entry *entries[WORKERS_MAX * RING];
	unsigned int count = 0, i, j;
	unsigned long length;

	record = record_map(path, O_RDWR, PROT_READ | PROT_WRITE);
	if (kept) {
		length = atomic_load(&record->kept_length);
		fwrite(record->kept, 1, length < KEPT_MAX ? length : KEPT_MAX,
		       stdout);
		return 0;
	}
	for (i = 0; i < WORKERS_MAX; i++)
		for (j = 0; j < RING; j++)
			if (atomic_load(&record->entry[i][j].sequence))
				entries[count++] = &record->entry[i][j];
	qsort(entries, count, sizeof(entries[0]), newest_first);
	for (i = 0; i < count; i++)
		printf("# %lu, worker %u%s\n%s\n",
		       atomic_load(&entries[i]->sequence), entries[i]->worker,
		       atomic_load(&entries[i]->running) ? ", running" : "",
		       entries[i]->text);
	return 0;
}
