// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs: made, varied, written and read.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

/* splitmix64 */
uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

unsigned int rng_below(struct rng *rng, unsigned int limit)
{
	return (rng_next(rng) >> 32) * limit >> 32;
}

static bool one_in(struct rng *rng, unsigned int n)
{
	return !rng_below(rng, n);
}

/*
 * Sizes that a machine can hold, and those that none can: what is between them
 * would only make memory scarce.
 */
static const uint64_t sizes[] = {
	0, 0x1000, 0x2000, 0x3000, 0x4000, 0x8000, 0x10000, 0x10000, 0x20000,
	0x100000, 0x200000, 0x400000, 1, 0xfff, 0x1001, 0x200001, 0x1000000,
	1ULL << 40, 1ULL << 43, 1ULL << 47, 1ULL << 62, 1ULL << 63,
	INT64_MAX, UINT64_MAX, -0x1000ULL, -0x200000ULL, 0xffffffff000,
};

#define USUAL_SIZES	12

static uint64_t size_make(struct rng *rng)
{
	uint64_t size;

	if (!one_in(rng, 8))
		return sizes[rng_below(rng, USUAL_SIZES)];
	size = sizes[rng_below(rng, ARRAY_SIZE(sizes))];
	return one_in(rng, 4) ? size + rng_below(rng, 3) - 1 : size;
}

static uint64_t bits_make(struct rng *rng, uint64_t mask)
{
	uint64_t bits = rng_next(rng) & mask;

	if (one_in(rng, 64))
		return rng_next(rng) & UINT32_MAX;
	return one_in(rng, 2) ? bits : bits & rng_next(rng);
}

static uint64_t word_make(struct rng *rng, const struct arg_type *type)
{
	unsigned int count = 0;

	while (type->words[count])
		count++;
	return rng_below(rng, one_in(rng, 8) ? count : type->limit);
}

static uint64_t arg_make(struct rng *rng, const struct arg_type *type)
{
	switch (type->form) {
	case ARG_NUMBER:
		return rng_below(rng, type->limit);
	case ARG_BITS:
		return one_in(rng, 2) ? type->usual :
					bits_make(rng, type->limit);
	case ARG_SIZE:
		return one_in(rng, 2) ? type->usual : size_make(rng);
	case ARG_WORD:
		return word_make(rng, type);
	default:
		return 0;
	}
}

static void op_make(struct rng *rng, struct op *op)
{
	unsigned int all = 0, at, i;

	for (i = 0; i < kind_count; i++)
		all += kinds[i].weight;
	at = rng_below(rng, all);
	for (i = 0; at >= kinds[i].weight; i++)
		at -= kinds[i].weight;
	memset(op, 0, sizeof(*op));
	op->kind = i;
	for (i = 0; kinds[op->kind].args[i].form; i++)
		op->arg[i] = arg_make(rng, &kinds[op->kind].args[i]);
}

void program_make(struct rng *rng, struct program *program)
{
	unsigned int i;

	memset(program, 0, sizeof(*program));
	program->count = 3 + rng_below(rng, 14);
	for (i = 0; i < program->count; i++)
		op_make(rng, &program->op[i]);
	/* The table begins with the creation of a section. */
	program->op[0].kind = 0;
	for (i = 0; kinds[0].args[i].form; i++)
		program->op[0].arg[i] = arg_make(rng, &kinds[0].args[i]);
}

static void op_insert(struct program *program, unsigned int at,
		      const struct op *op)
{
	struct op copy = *op;

	if (program->count == OPS_MAX)
		return;
	memmove(&program->op[at + 1], &program->op[at],
		(program->count - at) * sizeof(*op));
	program->op[at] = copy;
	program->count++;
}

static void op_remove(struct program *program, unsigned int at)
{
	if (program->count < 2)
		return;
	program->count--;
	memmove(&program->op[at], &program->op[at + 1],
		(program->count - at) * sizeof(program->op[0]));
}

static void op_vary(struct rng *rng, struct op *op)
{
	const struct kind *kind = &kinds[op->kind];
	unsigned int count = 0, i;

	while (kind->args[count].form)
		count++;
	if (!count)
		return;
	i = rng_below(rng, count);
	op->arg[i] = arg_make(rng, &kind->args[i]);
}

/* The beginning of one and the end of the other. */
static void splice(struct rng *rng, struct program *program,
		   const struct program *other)
{
	unsigned int from = rng_below(rng, other->count);

	program->count = 1 + rng_below(rng, program->count);
	while (from < other->count && program->count < OPS_MAX)
		program->op[program->count++] = other->op[from++];
}

static void vary_once(struct rng *rng, struct program *program,
		      const struct program *other)
{
	unsigned int at = rng_below(rng, program->count);
	struct op op;

	switch (rng_below(rng, 16)) {
	case 0 ... 5:
		op_vary(rng, &program->op[at]);
		break;
	case 6 ... 9:
		op_make(rng, &op);
		op_insert(program, rng_below(rng, program->count + 1), &op);
		break;
	case 10 ... 11:
		op_remove(program, at);
		break;
	case 12:
		op_insert(program, rng_below(rng, program->count + 1),
			  &program->op[at]);
		break;
	case 13:
		op = program->op[at];
		op_remove(program, at);
		op_insert(program, rng_below(rng, program->count + 1), &op);
		break;
	default:
		splice(rng, program, other);
	}
}

void program_vary(struct rng *rng, struct program *program,
		  const struct program *other)
{
	unsigned int times = 1 + rng_below(rng, 5);

	while (times--)
		vary_once(rng, program, other);
}

static int arg_print(const struct arg_type *type, uint64_t value, char *text,
		     size_t room)
{
	if (value == type->usual)
		return 0;
	if (type->form == ARG_WORD)
		return snprintf(text, room, " %s=%s", type->name,
				type->words[value]);
	if (type->form == ARG_NUMBER)
		return snprintf(text, room, " %s=%llu", type->name,
				(unsigned long long)value);
	return snprintf(text, room, " %s=%#llx", type->name,
			(unsigned long long)value);
}

/* Return: its length; what does not fit is missing. */
size_t program_print(const struct program *program, char *text, size_t room)
{
	const struct kind *kind;
	size_t length = 0;
	unsigned int i, j;
	char line[512];
	int n;

	for (i = 0; i < program->count; i++) {
		kind = &kinds[program->op[i].kind];
		n = snprintf(line, sizeof(line), "%s", kind->name);
		for (j = 0; kind->args[j].form; j++)
			n += arg_print(&kind->args[j], program->op[i].arg[j],
				       line + n, sizeof(line) - n);
		line[n++] = '\n';
		if (length + n >= room)
			break;
		memcpy(text + length, line, n);
		length += n;
	}
	text[length] = '\0';
	return length;
}

static bool arg_value(const struct arg_type *type, const char *text,
		      uint64_t *value)
{
	char *end;

	if (type->form == ARG_WORD) {
		for (*value = 0; type->words[*value]; ++*value)
			if (!strcmp(type->words[*value], text))
				return true;
		return false;
	}
	*value = strtoull(text, &end, 0);
	return *text && !*end;
}

static bool arg_read(const struct kind *kind, struct op *op, char *text)
{
	char *value = strchr(text, '=');
	unsigned int i;

	if (!value)
		return false;
	*value++ = '\0';
	for (i = 0; kind->args[i].form; i++)
		if (!strcmp(kind->args[i].name, text))
			return arg_value(&kind->args[i], value, &op->arg[i]);
	return false;
}

static bool op_read(struct op *op, char *line)
{
	char *rest, *word = strtok_r(line, " \t\n", &rest);
	const struct kind *kind;
	unsigned int i;

	for (i = 0; i < kind_count && strcmp(kinds[i].name, word); i++)
		;
	if (i == kind_count)
		return false;
	kind = &kinds[i];
	memset(op, 0, sizeof(*op));
	op->kind = i;
	for (i = 0; kind->args[i].form; i++)
		op->arg[i] = kind->args[i].usual;
	while ((word = strtok_r(NULL, " \t\n", &rest)))
		if (!arg_read(kind, op, word))
			return false;
	return true;
}

/* Empty lines separate programs. */
unsigned int programs_read(FILE *file, const char *name,
			   struct program *programs, unsigned int room)
{
	unsigned int count = 0, number = 0;
	struct program program = { };
	bool more = true;
	char line[1024];

	while (more && count < room) {
		more = fgets(line, sizeof(line), file);
		number++;
		if (!more || line[0] == '\n') {
			if (program.count)
				programs[count++] = program;
			program.count = 0;
		} else if (line[0] != '#') {
			if (program.count == OPS_MAX ||
			    !op_read(&program.op[program.count++], line)) {
				fprintf(stderr, "%s: line %u is wrong\n", name,
					number);
				exit(2);
			}
		}
	}
	return count;
}
