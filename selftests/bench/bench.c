// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures sections beside what does the same work without them.
 *
 * usage: section_bench [-p] [-s DIVISOR] [-t TMPFS] [-e EXT4] [-l ID:N] [OPERATION...]
 *
 *   -p  the parallel cases only, which need a clock and two processors
 *   -s  so many fewer runs: quick, and less exact
 *   -t  a directory for files, on tmpfs (default /tmp)
 *   -e  a directory for files, on ext4; without it nothing is measured there
 *   -l  ID:N runs contender number N of an operation for ever, between two
 *       calls of bench_mark(), for a trace of instructions
 *
 * An operation is chosen by the beginning of its id.
 *
 * Prints one line for each contender, its fields separated by tabs:
 *
 *   cost ID TEXT CONTENDER MEDIAN LOW HIGH SAMPLES
 *
 * Costs are ticks of the time-stamp counter around single runs, divided by the
 * units (pages) of a run; LOW and HIGH are the first and the ninth decile.
 * Under QEMU's instruction counting a tick is one guest instruction; elsewhere
 * it is a clock, and noisy.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "bench_names.h"

const char *bench_tmpfs = "/tmp", *bench_ext4;
int bench_device;

long bench_must(long result, const char *what)
{
	if (result < 0)
		err(1, "%s", what);
	return result;
}

void *bench_map(int fd, size_t length, int flags)
{
	void *view = mmap(NULL, length, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (view == MAP_FAILED)
		err(1, "mmap");
	return view;
}

int bench_section(const char *name, uint64_t bytes, uint32_t flags)
{
	struct section_attributes a = SECTION_ATTRIBUTES_INIT;

	a.bytes = bytes;
	a.flags = flags;
	return MUST(section_create_at(bench_device, name, &a, NULL));
}

void bench_figure(const char *id, const char *text, const char *contender,
		  const char *unit, long value)
{
	printf("figure\t%s\t%s\t%s\t%ld\t%s\n", id, text, contender, value,
	       unit);
	fflush(stdout);
}

/* For whoever looks at it from outside: one contender's runs without an end. */
void bench_mark(void);

__asm__(".globl bench_mark\n.type bench_mark, @function\n"
	"bench_mark: ret\n");

static void loop(const struct operation *op, const struct contender *c)
{
	unsigned int i;

	printf("LOOPING mark %lx: %s, %s\n", (unsigned long)bench_mark,
	       op->id, c->name);
	fflush(stdout);
	for (;;) {
		if (c->setup)
			c->setup();
		/* What many runs need is set up once for all. */
		for (i = 0; i < op->runs || op->runs > 1; i++) {
			bench_mark();
			c->run(i % op->runs);
			bench_mark();
			if (c->undo)
				c->undo(i % op->runs);
		}
		if (c->teardown)
			c->teardown();
	}
}

static void loop_in(const struct operation *ops, size_t count,
		    const char *which)
{
	const char *number = strchr(which, ':');
	size_t i;

	for (i = 0; number && i < count; i++)
		if (strlen(ops[i].id) == (size_t)(number - which) &&
		    !strncmp(ops[i].id, which, number - which))
			loop(&ops[i], &ops[i].contenders[atoi(number + 1)]);
}

static void loop_chosen(const char *which)
{
	loop_in(bench_objects, bench_objects_count, which);
	loop_in(bench_views, bench_views_count, which);
	loop_in(bench_faults, bench_faults_count, which);
	loop_in(bench_memory, bench_memory_count, which);
	loop_in(bench_images, bench_images_count, which);
	errx(2, "no operation %s", which);
}

static void measure_all(const struct operation *ops, size_t count,
			char **wanted)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (bench_chosen(ops[i].id, wanted) &&
		    (bench_ext4 || !strstr(ops[i].id, "ext4")))
			bench_measure(&ops[i]);
}

/* So that the host has given the guest its memory before anything counts. */
static void warm_up(void)
{
	size_t bytes = 4 * RANGE;
	char *all = bench_map(-1, bytes, MAP_PRIVATE | MAP_ANONYMOUS);

	memset(all, 1, bytes);
	munmap(all, bytes);
}

void bench_settle(void)
{
	sleep(BENCH_SETTLE_SECONDS);
}

int main(int argc, char **argv)
{
	const char *endless = NULL;
	bool parallel = false;
	int option;

	while ((option = getopt(argc, argv, "ps:t:e:l:")) != -1) {
		switch (option) {
		case 'p':
			parallel = true;
			break;
		case 's':
			bench_divisor = atoi(optarg) > 0 ? atoi(optarg) : 1;
			break;
		case 't':
			bench_tmpfs = optarg;
			break;
		case 'e':
			bench_ext4 = optarg;
			break;
		case 'l':
			endless = optarg;
			break;
		default:
			return 2;
		}
	}
	argv += optind;
	bench_device = section_device_open();
	if (bench_device < 0)
		errx(1, "%s", section_explain(SECTION_OP_VERSION, errno));
	bench_names_init();
	warm_up();
	if (parallel)
		return bench_parallel();
	if (endless)
		loop_chosen(endless);
	measure_all(bench_objects, bench_objects_count, argv);
	measure_all(bench_views, bench_views_count, argv);
	measure_all(bench_faults, bench_faults_count, argv);
	measure_all(bench_memory, bench_memory_count, argv);
	measure_all(bench_images, bench_images_count, argv);
	if (bench_chosen("memory_sparse", argv))
		bench_memory_use();
	printf("end\n");
	return 0;
}
