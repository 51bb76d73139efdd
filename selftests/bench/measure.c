// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measuring one operation, whatever system it is that does it.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

#define ROUNDS		5
#define MAX_SAMPLES	(ROUNDS * 4096)

/*
 * What was measured of each contender, and in the rounds before.  Not allocated: the
 * kernel's tree of mappings costs more or less by its shape, which must not depend on
 * how much is measured, or what was before.
 */
static uint64_t measured[MAX_CONTENDERS][MAX_SAMPLES], not_counted[MAX_SAMPLES];

unsigned int bench_divisor = 1;

uint64_t bench_ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc; lfence"
			 : "=a"(low), "=d"(high) :: "memory");
	return (uint64_t)high << 32 | low;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t bench_median(uint64_t *samples, size_t count)
{
	qsort(samples, count, sizeof(*samples), compare);
	return samples[count / 2];
}

/**
 * struct samples - what was measured of one contender
 * @at: the costs
 * @count: how many there are
 */
struct samples {
	uint64_t *at;
	size_t count;
};

static void one_round(const struct contender *c, unsigned int runs,
		      struct samples *samples)
{
	uint64_t start;
	unsigned int i;

	bench_settle();
	if (c->setup)
		c->setup();
	for (i = 0; i < runs; i++) {
		start = bench_ticks();
		c->run(i);
		samples->at[samples->count++] = bench_ticks() - start;
		if (c->undo)
			c->undo(i);
	}
	if (c->teardown)
		c->teardown();
}

static void report(const struct operation *op, const struct contender *c,
		   struct samples *samples)
{
	double units = op->units ? op->units : 1;
	uint64_t median = bench_median(samples->at, samples->count);

	printf("cost\t%s\t%s\t%s\t%.1f\t%.1f\t%.1f\t%zu\n", op->id, op->text,
	       c->name, median / units,
	       samples->at[samples->count / 10] / units,
	       samples->at[samples->count - 1 - samples->count / 10] / units,
	       samples->count);
	fflush(stdout);
}

/* So many that the median says something, where there are so many. */
static unsigned int fewer_runs(unsigned int runs)
{
	unsigned int enough = runs < 200 ? runs : 200;

	return runs / bench_divisor > enough ? runs / bench_divisor : enough;
}

void bench_measure(const struct operation *op)
{
	unsigned int rounds = op->rounds ? op->rounds : ROUNDS;
	unsigned int runs = fewer_runs(op->runs);
	struct samples samples[MAX_CONTENDERS] = {};
	struct samples warm = { not_counted, 0 };
	unsigned int c, round;

	assert(rounds * runs <= MAX_SAMPLES);
	for (c = 0; op->contenders[c].name; c++)
		samples[c].at = measured[c];
	/* Where a single round is enough, so are its many runs. */
	for (c = 0; rounds > 1 && op->contenders[c].name; c++) {
		warm.count = 0;
		one_round(&op->contenders[c], runs, &warm);
	}
	for (round = 0; round < rounds; round++)
		for (c = 0; op->contenders[c].name; c++)
			one_round(&op->contenders[c], runs, &samples[c]);
	for (c = 0; op->contenders[c].name; c++)
		report(op, &op->contenders[c], &samples[c]);
}

bool bench_chosen(const char *id, char **wanted)
{
	if (!*wanted)
		return true;
	for (; *wanted; wanted++)
		if (!strncmp(id, *wanted, strlen(*wanted)))
			return true;
	return false;
}
