/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fuzzer of /dev/section that is guided by coverage.
 *
 * A program is a short list of operations.  Each worker makes programs, runs
 * each in a process of its own and looks at which code of the module ran; what
 * ran new code is kept and varied.
 */
#ifndef SECTION_FUZZ_H
#define SECTION_FUZZ_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define OPS_MAX		32
#define ARGS_MAX	14
#define KINDS_MAX	64
#define CORPUS_MAX	4096
#define WORKERS_MAX	16
#define TEXT_MAX	8192

/* Programs. */

struct op {
	unsigned int kind;
	uint64_t arg[ARGS_MAX];
};

struct program {
	unsigned int count;
	struct op op[OPS_MAX];
};

/**
 * enum arg_form - how an argument is made and written
 * @ARG_NONE: there are no more arguments
 * @ARG_NUMBER: less than a limit
 * @ARG_BITS: some of a set of bits
 * @ARG_SIZE: a size or an offset
 * @ARG_WORD: one of a list of words
 */
enum arg_form { ARG_NONE, ARG_NUMBER, ARG_BITS, ARG_SIZE, ARG_WORD };

/**
 * struct arg_type - an argument of an operation
 * @name: what it is called in the text
 * @form: how it is made and written
 * @limit: the limit, the set of bits, or how many words are the usual ones
 * @usual: value if the text does not mention it
 * @words: the words, up to a NULL
 */
struct arg_type {
	const char *name;
	enum arg_form form;
	uint64_t limit;
	uint64_t usual;
	const char * const *words;
};

struct world;

/**
 * struct kind - a kind of operation
 * @name: what it is called in the text
 * @weight: how often it is chosen
 * @run: does it; returns what the system call did, or -1
 * @args: its arguments
 */
struct kind {
	const char *name;
	unsigned int weight;
	long (*run)(struct world *world, const uint64_t *arg);
	struct arg_type args[ARGS_MAX + 1];
};

extern const struct kind kinds[];
extern const unsigned int kind_count;

struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *rng);
unsigned int rng_below(struct rng *rng, unsigned int limit);

void program_make(struct rng *rng, struct program *program);
void program_vary(struct rng *rng, struct program *program,
		  const struct program *other);
size_t program_print(const struct program *program, char *text, size_t room);
unsigned int programs_read(FILE *file, const char *name,
			   struct program *programs, unsigned int room);

/* Coverage. */

/* Of a program, its child and its second thread. */
enum { COVER_MAIN, COVER_CHILD, COVER_THREAD, COVERS };

struct cover {
	int fd;
	unsigned long *area;
};

/* What is found anywhere, by all workers. */
#define PCS_MAX		(1U << 20)
#define EDGES_MAX	(1U << 20)

struct found {
	atomic_uint pc_count;
	atomic_uint edge_count;
	atomic_uchar pcs[PCS_MAX];
	atomic_uchar edges[EDGES_MAX];
};

bool cover_open(struct cover *cover);
void cover_reset(struct cover *cover);
void cover_start(struct cover *cover);
void cover_mark(struct cover *cover, unsigned int at);
int cover_judge(struct cover *cover, const struct program *program,
		struct found *found);

/* What the workers share. */

struct shared {
	atomic_bool stop;
	atomic_bool faults;
	atomic_ulong programs;
	atomic_ulong slow;
	atomic_ulong tried[KINDS_MAX];
	atomic_ulong worked[KINDS_MAX];
	atomic_uint corpus_count;
	struct program corpus[CORPUS_MAX];
	struct found found;
};

extern struct shared *shared;

/* Running a program. */

struct worker {
	unsigned int number;
	struct cover cover[COVERS];
};

void execute_prepare(void);
void execute(struct worker *worker, const struct program *program);

#define SLOTS	8

struct view {
	char *address;
	size_t length;
};

#define FILES	16

/**
 * struct world - what the operations of one program work with
 * @worker: who runs it
 * @program: the program
 * @at: the operation that the main thread does
 * @device: /dev/section
 * @handles: handles, or -1
 * @views: views; without an address none
 * @files: open files by their kind, or -1
 * @forks: how many times it has forked
 * @threaded: whether it has a second thread
 * @thread: that thread
 * @child: the child, or 0
 */
struct world {
	struct worker *worker;
	const struct program *program;
	unsigned int at;
	int device;
	int handles[SLOTS];
	struct view views[SLOTS];
	int files[FILES];
	int forks;
	bool threaded;
	unsigned long thread;
	pid_t child;
};

/* Namespaces: the first one, and one that all workers can get to. */
extern int first_net, second_net;

long op_fork(struct world *world, const uint64_t *arg);
long op_thread(struct world *world, const uint64_t *arg);
/* Does one read or write; false if that was a fault. */
bool touch(char *address, bool write);

/* Handing a damaged structure to an ioctl. */

extern const char * const hurt_words[];
long hurt_ioctl(int fd, unsigned long cmd, void *args, size_t size,
		const uint64_t *hurt);
void *scratch_edge(void);

/* The record: outlives the machine. */

void record_open(const char *path, unsigned int workers);
void record_program(unsigned int worker, const struct program *program);
void record_end(unsigned int worker);
void record_keep(const struct program *program);
int record_show(const char *path, bool kept);

#endif /* SECTION_FUZZ_H */
