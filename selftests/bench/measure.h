/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Measuring one operation, whatever system it is that does it: also the Win32
 * program is compiled with this.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE		4096UL
/* Of what is touched page by page. */
#define RANGE		(64UL << 20)
#define PAGES		(RANGE / PAGE)

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX_CONTENDERS	6

/**
 * struct contender - one way of doing an operation
 * @name: what a user would call it
 * @setup: before the runs of a round; may be NULL
 * @run: what is measured; gets the number of the run within the round
 * @undo: after each run, not measured; may be NULL
 * @teardown: after the runs of a round; may be NULL
 */
struct contender {
	const char *name;
	void (*setup)(void);
	void (*run)(unsigned int i);
	void (*undo)(unsigned int i);
	void (*teardown)(void);
};

/**
 * struct operation - what is done
 * @id: short and stable, for files and for choosing
 * @text: for people
 * @runs: of each contender in a round
 * @rounds: how many; 0 for the usual number
 * @units: what the cost of a run is divided by; 0 is 1
 * @contenders: the section is the first; ends with one without a name
 */
struct operation {
	const char *id;
	const char *text;
	unsigned int runs;
	unsigned int rounds;
	unsigned int units;
	struct contender contenders[MAX_CONTENDERS + 1];
};

uint64_t bench_ticks(void);
uint64_t bench_median(uint64_t *samples, size_t count);

/*
 * What each program has for its system: wait, before every round, for longer than a
 * second, in which the kernel gives back the free pages that it had kept for the
 * processor.  Otherwise it would do so in the middle of something.
 */
void bench_settle(void);

/* Where instructions are counted, time in which nothing runs costs nothing. */
#define BENCH_SETTLE_SECONDS	2

/* By how much fewer the runs are than an operation says. */
extern unsigned int bench_divisor;

/* Measure all contenders of an operation, and print what they cost. */
void bench_measure(const struct operation *op);

/* Does the list, which ends with NULL and may be empty, choose this one? */
bool bench_chosen(const char *id, char **wanted);

static inline void bench_write(char *at)
{
	__atomic_store_n(at, 1, __ATOMIC_RELAXED);
}

static inline char bench_read(const char *at)
{
	return __atomic_load_n(at, __ATOMIC_RELAXED);
}

#endif /* BENCH_MEASURE_H */
