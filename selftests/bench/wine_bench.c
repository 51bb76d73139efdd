// SPDX-License-Identifier: GPL-2.0-only
/*
 * The operations of section_bench, done by a Win32 program through kernel32: what
 * they cost in Wine (make bench-wine).
 *
 * usage: wine_bench.exe [-s DIVISOR] [OPERATION...]
 *
 * Takes and prints what section_bench does. Each operation has the id and the
 * text that it has there, and the same objects around it. Where kernel32 has a
 * function twice, this calls the one with wide names, which is the cheaper one:
 * the other converts the name and calls it.
 */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

#define MANY	4096U
/* So many more are made beside the many. */
#define NAMES	(MANY + 1000)

static WCHAR names[NAMES][sizeof("bench-000000")];

/* The many that are alive, from the first name on. */
static HANDLE objects[MANY];
static unsigned int alive;

/* What single operations are about. */
static HANDLE held;
static char *view;

#define MUST(what) must(!!(what), #what)

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "wine_bench: %s: error %lu\n", what, GetLastError());
	exit(1);
}

static void make_names(void)
{
	unsigned int i;

	for (i = 0; i < NAMES; i++)
		_snwprintf(names[i], ARRAY_SIZE(names[i]), L"bench-%06u", i);
}

static HANDLE create(const WCHAR *name, DWORD bytes)
{
	HANDLE object = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL,
					   PAGE_READWRITE, 0, bytes, name);

	MUST(object && GetLastError() != ERROR_ALREADY_EXISTS);
	return object;
}

static HANDLE open_one(unsigned int i)
{
	HANDLE object = OpenFileMappingW(FILE_MAP_WRITE, FALSE,
					 names[i % alive]);

	MUST(object);
	return object;
}

static char *map(HANDLE object, DWORD access)
{
	char *address = MapViewOfFile(object, access, 0, 0, 0);

	MUST(address);
	return address;
}

static void use(HANDLE object)
{
	char *address = map(object, FILE_MAP_WRITE);

	bench_write(address);
	MUST(UnmapViewOfFile(address));
}

static void close_it(HANDLE object)
{
	MUST(CloseHandle(object));
}

/* The life of objects */

static void create_named(unsigned int i)
{
	close_it(create(names[i], PAGE));
}

static void create_unnamed(unsigned int i)
{
	(void)i;
	close_it(create(NULL, PAGE));
}

static void open_close(unsigned int i)
{
	close_it(open_one(i));
}

static void open_missing(unsigned int i)
{
	(void)i;
	MUST(!OpenFileMappingW(FILE_MAP_WRITE, FALSE, L"nobody has this name"));
}

static void duplicate(DWORD access, DWORD options)
{
	HANDLE process = GetCurrentProcess(), other;

	MUST(DuplicateHandle(process, held, process, &other, access, FALSE,
			     options));
	close_it(other);
}

static void duplicate_same(unsigned int i)
{
	(void)i;
	duplicate(0, DUPLICATE_SAME_ACCESS);
}

static void duplicate_read(unsigned int i)
{
	(void)i;
	duplicate(FILE_MAP_READ, 0);
}

/* Whole cycles, and views of what is held */

static void cycle(const WCHAR *name)
{
	HANDLE object = create(name, PAGE);

	use(object);
	close_it(object);
}

static void cycle_named(unsigned int i)
{
	cycle(names[i]);
}

static void cycle_beside(unsigned int i)
{
	cycle(names[MANY + i]);
}

static void cycle_unnamed(unsigned int i)
{
	(void)i;
	cycle(NULL);
}

static void open_cycle(unsigned int i)
{
	HANDLE object = open_one(i);

	MUST(UnmapViewOfFile(map(object, FILE_MAP_WRITE)));
	close_it(object);
}

static void open_hot(unsigned int i)
{
	(void)i;
	open_cycle(7);
}

static void map_unmap(unsigned int i)
{
	(void)i;
	MUST(UnmapViewOfFile(map(held, FILE_MAP_WRITE)));
}

static void map_touch_unmap(unsigned int i)
{
	(void)i;
	use(held);
}

static void many(void)
{
	for (alive = 0; alive < MANY; alive++) {
		objects[alive] = create(names[alive], PAGE);
		use(objects[alive]);
	}
}

static void many_gone(void)
{
	while (alive)
		close_it(objects[--alive]);
}

static void hold(void)
{
	held = create(NULL, PAGE);
	use(held);
}

static void drop(void)
{
	close_it(held);
}

/* Page faults */

static void write_pages(unsigned int run)
{
	size_t i;

	(void)run;
	for (i = 0; i < PAGES; i++)
		bench_write(view + i * PAGE);
}

static void read_pages(unsigned int run)
{
	size_t i;

	(void)run;
	for (i = 0; i < PAGES; i++)
		bench_read(view + i * PAGE);
}

static void fresh(void)
{
	held = create(NULL, RANGE);
	view = map(held, FILE_MAP_WRITE);
}

static void unmapped(void)
{
	MUST(UnmapViewOfFile(view));
}

static void gone(void)
{
	unmapped();
	drop();
}

/* Memory that is there, and whose pages this process has not mapped yet. */
static HANDLE present(void)
{
	static HANDLE object;

	if (object)
		return object;
	object = create(NULL, RANGE);
	view = map(object, FILE_MAP_WRITE);
	write_pages(0);
	unmapped();
	return object;
}

static void present_shared(void)
{
	view = map(present(), FILE_MAP_WRITE);
}

static void present_private(void)
{
	view = map(present(), FILE_MAP_COPY);
}

static void present_private_read(void)
{
	present_private();
	read_pages(0);
}

void bench_settle(void)
{
	Sleep(1000 * BENCH_SETTLE_SECONDS);
}

#define WINE(...)	.contenders = { { "Wine", __VA_ARGS__ } }
#define RUN(run)	WINE(NULL, run)
#define HELD(run)	WINE(hold, run, .teardown = drop)
#define BESIDE(run)	WINE(many, run, .teardown = many_gone)
#define PER_PAGE(set_up, touch, after)					\
	.rounds = 3, .units = PAGES, WINE(set_up, touch, .teardown = after)

static const struct operation operations[] = {
	{ "create_named", "create by name, close", 1000, RUN(create_named) },
	{ "create_unnamed", "create without a name, close", 1000,
	  RUN(create_unnamed) },
	{ "open_4096", "open an existing name of 4,096, close", 4000, 1,
	  BESIDE(open_close) },
	{ "open_missing", "open a name that nobody made", 1000,
	  RUN(open_missing) },
	{ "duplicate", "duplicate a handle, close", 1000,
	  HELD(duplicate_same) },
	{ "duplicate_read", "duplicate with fewer rights, close", 1000,
	  HELD(duplicate_read) },
	{ "cycle_named", "create by name, map, touch, unmap, close", 1000,
	  RUN(cycle_named) },
	{ "cycle_named_4096", "the same beside 4,096 names", 1000, 1,
	  BESIDE(cycle_beside) },
	{ "cycle_unnamed", "create without a name, map, touch, unmap, close",
	  1000, RUN(cycle_unnamed) },
	{ "open_cycle_hot", "open one name of 4,096, map, unmap, close", 1000,
	  1, BESIDE(open_hot) },
	{ "open_cycle_4096", "open 4,096 names in turn, map, unmap, close",
	  4096, 1, BESIDE(open_cycle) },
	{ "map", "map and unmap what is held", 1000, HELD(map_unmap) },
	{ "map_touch", "map, touch and unmap what is held", 1000,
	  HELD(map_touch_unmap) },
	{ "first_write", "first write, in order, per page", 1,
	  PER_PAGE(fresh, write_pages, gone) },
	{ "first_read", "first read, in order, per page", 1,
	  PER_PAGE(fresh, read_pages, gone) },
	{ "present_write", "write to a present page", 1,
	  PER_PAGE(present_shared, write_pages, unmapped) },
	{ "present_read", "read of a present page", 1,
	  PER_PAGE(present_shared, read_pages, unmapped) },
	{ "cow", "copy on write, page not read before", 1,
	  PER_PAGE(present_private, write_pages, unmapped) },
	{ "cow_read", "copy on write, page read before", 1,
	  PER_PAGE(present_private_read, write_pages, unmapped) },
};

int main(int argc, char **argv)
{
	size_t i;

	/* Lines end as they do on the other side. */
	_setmode(_fileno(stdout), _O_BINARY);
	argv++;
	if (argc > 2 && !strcmp(*argv, "-s")) {
		bench_divisor = atoi(argv[1]) > 0 ? atoi(argv[1]) : 1;
		argv += 2;
	}
	make_names();
	for (i = 0; i < ARRAY_SIZE(operations); i++)
		if (bench_chosen(operations[i].id, argv))
			bench_measure(&operations[i]);
	printf("end\n");
	return 0;
}
