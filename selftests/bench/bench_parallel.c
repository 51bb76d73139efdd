// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much faster two processors are than one, for sections and for others.
 *
 * Instructions say nothing here, and a clock on a busy host says little, so
 * there are only ratios: the same work by one worker and by all of them, right
 * after one another, and many rounds of that.
 */
#include <err.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "bench_names.h"

#define ROUNDS		21
#define OPENS		4000
#define FAULT_PAGES	4096UL
#define FAULT_BYTES	(FAULT_PAGES * PAGE)
#define WORKERS		4

/**
 * struct party - one way of sharing something
 * @name: what a user would call it
 * @setup: makes what is shared, in the parent
 * @enter: in each process, before anything is measured; may be NULL
 * @work: what each worker does; gets its number
 * @teardown: in the parent
 */
struct party {
	const char *name;
	void (*setup)(void);
	void (*enter)(void);
	void (*work)(unsigned int worker);
	void (*teardown)(void);
};

/**
 * struct contest - the same by several parties
 * @id: short and stable
 * @text: for people
 * @processes: how many work together
 * @threads: of each process
 * @parties: the section is the first
 */
struct contest {
	const char *id;
	const char *text;
	unsigned int processes;
	unsigned int threads;
	struct party parties[2];
};

/* In memory that all processes share. */
static struct {
	pthread_barrier_t start;
	pthread_barrier_t end;
} *meet;

static int object;
static char *view;

static void fresh_section(void)
{
	object = bench_section(NULL, FAULT_BYTES, 0);
}

static void fresh_memfd(void)
{
	object = bench_memfd(FAULT_BYTES);
}

static void drop(void)
{
	close(object);
}

static void enter_view(void)
{
	view = bench_map(object, FAULT_BYTES, MAP_SHARED);
}

static void touch(size_t first, size_t count)
{
	size_t i;

	for (i = first; i < first + count; i++)
		bench_write(view + i * PAGE);
}

static void touch_own(unsigned int worker)
{
	touch(worker * FAULT_PAGES / WORKERS, FAULT_PAGES / WORKERS);
}

static void touch_all(unsigned int worker)
{
	(void)worker;
	touch(0, FAULT_PAGES);
}

static void open_section(unsigned int worker)
{
	unsigned int i;
	size_t bytes;

	(void)worker;
	for (i = 0; i < OPENS; i++)
		close(bench_section_open(7, &bytes));
}

static void open_shm(unsigned int worker)
{
	unsigned int i;

	(void)worker;
	for (i = 0; i < OPENS; i++)
		close(bench_shm_open(7));
}

/* What a thread is told; written before it starts. */
struct worker {
	const struct party *party;
	unsigned int number;
};

/* One processor after the other: the scheduler need not find that out. */
static void pin(unsigned int number)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(number % 2, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void *work(void *arg)
{
	const struct worker *worker = arg;

	pin(worker->number);
	pthread_barrier_wait(&meet->start);
	worker->party->work(worker->number);
	pthread_barrier_wait(&meet->end);
	return NULL;
}

static void be_process(const struct party *party, unsigned int first,
		       unsigned int threads)
{
	struct worker workers[WORKERS];
	pthread_t ids[WORKERS];
	unsigned int i;

	if (party->enter)
		party->enter();
	for (i = 0; i < threads; i++) {
		workers[i].party = party;
		workers[i].number = first + i;
		if (pthread_create(&ids[i], NULL, work, &workers[i]))
			errx(1, "no thread");
	}
	for (i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	_exit(0);
}

static void barrier(pthread_barrier_t *at, unsigned int count)
{
	pthread_barrierattr_t shared;

	pthread_barrierattr_init(&shared);
	pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(at, &shared, count);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* How long so many workers need. */
static double time_of(const struct party *party, unsigned int processes,
		      unsigned int threads)
{
	unsigned int i;
	double start, time;

	barrier(&meet->start, processes * threads + 1);
	barrier(&meet->end, processes * threads + 1);
	party->setup();
	for (i = 0; i < processes; i++)
		if (!MUST(fork()))
			be_process(party, i * threads, threads);
	pthread_barrier_wait(&meet->start);
	start = now();
	pthread_barrier_wait(&meet->end);
	time = now() - start;
	while (wait(NULL) > 0)
		;
	party->teardown();
	return time;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/**
 * struct result - what was measured of one party
 * @speedup: work done in a second by all workers, divided by that of one alone
 * @time: of all workers, divided by the section's in the same round
 */
struct result {
	double speedup[ROUNDS];
	double time[ROUNDS];
};

static void report(const struct contest *c, const char *name,
		   struct result *result)
{
	qsort(result->speedup, ROUNDS, sizeof(double), compare);
	qsort(result->time, ROUNDS, sizeof(double), compare);
	printf("scale\t%s\t%s\t%s\t%.3f\t%.3f\t%.3f\t%.3f\t%d\n", c->id,
	       c->text, name, result->speedup[ROUNDS / 2],
	       result->speedup[ROUNDS / 4],
	       result->speedup[ROUNDS - 1 - ROUNDS / 4],
	       result->time[ROUNDS / 2], ROUNDS);
	fflush(stdout);
}

static void hold(const struct contest *c)
{
	struct result results[ARRAY_SIZE(c->parties)];
	unsigned int round, p, all = c->processes * c->threads;
	double alone, together, first = 0;

	for (round = 0; round < ROUNDS; round++) {
		for (p = 0; p < ARRAY_SIZE(c->parties); p++) {
			alone = time_of(&c->parties[p], 1, 1);
			together = time_of(&c->parties[p], c->processes,
					   c->threads);
			if (p == 0)
				first = together;
			results[p].speedup[round] = all * alone / together;
			results[p].time[round] = together / first;
		}
	}
	for (p = 0; p < ARRAY_SIZE(c->parties); p++)
		report(c, c->parties[p].name, &results[p]);
}

#define FAULTS(touch) {							\
	{ "section", fresh_section, enter_view, touch, drop },		\
	{ "memfd", fresh_memfd, enter_view, touch, drop },		\
}

static const struct contest contests[] = {
	{ "parallel_disjoint", "2 processes x 2 threads, first write, each its own range",
	  2, 2, FAULTS(touch_own) },
	{ "parallel_same", "2 processes x 2 threads, first write, all the same range",
	  2, 2, FAULTS(touch_all) },
	{ "parallel_open", "2 processes open and close one name", 2, 1, {
		{ "section", bench_sections_10, NULL, open_section,
		  bench_sections_gone },
		{ "shm_open", bench_shms_10, NULL, open_shm, bench_shms_gone },
	} },
};

int bench_parallel(void)
{
	size_t i;

	meet = mmap(NULL, sizeof(*meet), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (meet == MAP_FAILED)
		err(1, "mmap");
	for (i = 0; i < ARRAY_SIZE(contests); i++)
		hold(&contests[i]);
	printf("end\n");
	return 0;
}
