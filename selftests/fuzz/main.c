// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: section_fuzz [-t SECONDS] [-n PROGRAMS] [-s SEED] [-w WORKERS]
 *                     [-c CORPUS] [-l RECORD]
 *        section_fuzz -r FILE [-n TIMES] [-l RECORD]
 *        section_fuzz -x RECORD | -k RECORD
 *
 *   -r  run the programs of a file, all at the same time
 *   -x  show what the workers of a machine ran last, running ones first
 *   -k  show what was kept
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

struct shared *shared;
int first_net, second_net;

static struct {
	unsigned long seconds, programs, seed;
	unsigned int workers;
	const char *corpus, *record, *file;
} options = { .seconds = 60, .seed = 1, .workers = 3 };

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void corpus_add(const struct program *program)
{
	unsigned int at = atomic_load(&shared->corpus_count);

	/* Two workers may take the same place: one program is lost. */
	if (at >= CORPUS_MAX)
		return;
	shared->corpus[at] = *program;
	atomic_store(&shared->corpus_count, at + 1);
}

static unsigned int corpus_read(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned int count;

	if (!file) {
		perror(path);
		exit(2);
	}
	count = programs_read(file, path, shared->corpus, CORPUS_MAX);
	atomic_store(&shared->corpus_count, count);
	fclose(file);
	return count;
}

/* The newest are chosen more often. */
static const struct program *corpus_pick(struct rng *rng)
{
	unsigned int count = atomic_load(&shared->corpus_count);
	unsigned int from = rng_below(rng, 3) ? 0 : count - count / 4;

	if (from == count)
		from = 0;
	return &shared->corpus[from + rng_below(rng, count - from)];
}

static void next_program(struct rng *rng, struct program *program)
{
	if (!atomic_load(&shared->corpus_count) || !rng_below(rng, 6)) {
		program_make(rng, program);
		return;
	}
	*program = *corpus_pick(rng);
	program_vary(rng, program, corpus_pick(rng));
}

static void judge(struct worker *worker, const struct program *program,
		  bool quiet)
{
	int needed = 0, i, n;
	struct program kept;

	for (i = 0; i < COVERS; i++) {
		n = cover_judge(&worker->cover[i], program, &shared->found);
		if (n > needed)
			needed = n;
		/* What the others did may need more than led to it. */
		if (n && i != COVER_MAIN)
			needed = program->count;
	}
	if (!needed || quiet)
		return;
	kept = *program;
	kept.count = needed;
	corpus_add(&kept);
	record_keep(&kept);
}

static void worker_start(struct worker *worker, unsigned int number)
{
	int i;

	worker->number = number;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (i = 0; i < COVERS; i++)
		if (!cover_open(&worker->cover[i]) && !number && !i)
			fprintf(stderr, "no KCOV: guided by nothing\n");
}

static bool more(unsigned long done)
{
	return !atomic_load(&shared->stop) &&
	       (!options.programs || done < options.programs);
}

static void fuzz(unsigned int number, unsigned int loaded)
{
	struct rng rng = { options.seed * 0x100000001b3 + number };
	static struct worker worker;
	struct program program;
	unsigned long done;
	unsigned int i;

	worker_start(&worker, number);
	/* Each has its part of the corpus. */
	for (i = number; i < loaded && more(0); i += options.workers) {
		program = shared->corpus[i];
		execute(&worker, &program);
		judge(&worker, &program, true);
	}
	for (done = 0; more(done); done++) {
		next_program(&rng, &program);
		execute(&worker, &program);
		judge(&worker, &program, false);
	}
}

static void repeat(unsigned int number)
{
	static struct worker worker;
	struct program program = shared->corpus[number];
	unsigned long done;

	worker_start(&worker, number);
	for (done = 0; more(done); done++)
		execute(&worker, &program);
}

/* Has the kernel complained? Then nothing more is to happen. */
static bool complained(int kmsg)
{
	static const char * const words[] = {
		"WARNING:", "BUG:", "BUG ", "INFO: ", "KASAN", "UBSAN",
		"possible ", "suspicious", "refcount_t:", "Call Trace",
		"inconsistent lock", "general protection",
	};
	/* A process that got no stack, for which there is a trace (guest.sh). */
	static bool excused;
	char line[4096];
	unsigned int i;
	ssize_t n;

	while ((n = read(kmsg, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		if (n <= 0)
			continue;
		line[n] = '\0';
		if (strstr(line, "vmalloc error")) {
			excused = true;
			continue;
		}
		if (excused && strstr(line, "Call Trace")) {
			excused = false;
			continue;
		}
		for (i = 0; i < ARRAY_SIZE(words); i++)
			if (strstr(line, words[i]))
				return true;
	}
	return false;
}

static bool watch(void)
{
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	double end = now() + options.seconds, told = now();
	bool bad = false;

	lseek(kmsg, 0, SEEK_END);
	while (!bad && waitpid(-1, NULL, WNOHANG) >= 0 && now() < end) {
		usleep(100000);
		bad = kmsg >= 0 && complained(kmsg);
		if (now() - told < 10)
			continue;
		told = now();
		printf("# %lu programs, %u PCs, %u edges, %u programs kept\n",
		       atomic_load(&shared->programs),
		       atomic_load(&shared->found.pc_count),
		       atomic_load(&shared->found.edge_count),
		       atomic_load(&shared->corpus_count));
		fflush(stdout);
	}
	atomic_store(&shared->stop, true);
	while (wait(NULL) > 0)
		;
	return bad || (kmsg >= 0 && complained(kmsg));
}

static void prepare_nets(void)
{
	first_net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (!unshare(CLONE_NEWNET)) {
		second_net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		setns(first_net, CLONE_NEWNET);
	}
}

static unsigned long sum(atomic_ulong *values)
{
	unsigned long all = 0;
	unsigned int i;

	for (i = 0; i < kind_count; i++)
		all += atomic_load(&values[i]);
	return all;
}

static void report(unsigned int loaded)
{
	unsigned int i;

	for (i = 0; i < kind_count; i++)
		printf("# %-12s %7lu, %7lu succeeded\n", kinds[i].name,
		       atomic_load(&shared->tried[i]),
		       atomic_load(&shared->worked[i]));
	printf("seed %lu: %lu programs (%lu slow), %lu operations, %lu succeeded\n",
	       options.seed, atomic_load(&shared->programs),
	       atomic_load(&shared->slow), sum(shared->tried),
	       sum(shared->worked));
	printf("%u PCs, %u edges, %u of the %u programs of the corpus are new\n",
	       atomic_load(&shared->found.pc_count),
	       atomic_load(&shared->found.edge_count),
	       atomic_load(&shared->corpus_count) - loaded,
	       atomic_load(&shared->corpus_count));
	for (i = 0; i < PCS_MAX; i++)
		if (atomic_load(&shared->found.pcs[i]))
			printf("pc %x\n", i);
}

static void read_options(int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "t:n:s:w:c:l:r:x:k:")) != -1) {
		switch (opt) {
		case 't':
			options.seconds = strtoul(optarg, NULL, 0);
			break;
		case 'n':
			options.programs = strtoul(optarg, NULL, 0);
			break;
		case 's':
			options.seed = strtoul(optarg, NULL, 0);
			break;
		case 'w':
			options.workers = strtoul(optarg, NULL, 0);
			break;
		case 'c':
			options.corpus = optarg;
			break;
		case 'l':
			options.record = optarg;
			break;
		case 'r':
			options.file = optarg;
			break;
		case 'x':
		case 'k':
			exit(record_show(optarg, opt == 'k'));
		default:
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	unsigned int loaded = 0, i;
	bool bad;

	read_options(argc, argv);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 2;
	if (options.corpus)
		loaded = corpus_read(options.corpus);
	if (options.file) {
		loaded = corpus_read(options.file);
		options.workers = loaded;
	}
	if (!options.workers || options.workers > WORKERS_MAX) {
		fprintf(stderr, "1 to %u workers\n", WORKERS_MAX);
		return 2;
	}
	record_open(options.record, options.workers);
	atomic_store(&shared->faults, !access("/proc/self/fail-nth", W_OK));
	/* All workers and users share what is there. */
	umask(0);
	mkdir("/tmp/fuzz", 0777);
	prepare_nets();
	execute_prepare();
	printf("seed %lu, %u workers, %u programs loaded\n", options.seed,
	       options.workers, loaded);
	fflush(stdout);
	for (i = 0; i < options.workers; i++) {
		if (fork())
			continue;
		if (options.file)
			repeat(i);
		else
			fuzz(i, loaded);
		_exit(0);
	}
	bad = watch();
	report(loaded);
	if (bad)
		printf("the kernel complained\n");
	return bad ? 3 : 0;
}
