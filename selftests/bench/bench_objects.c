// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of objects, with nothing mapped: creating, opening, duplicating,
 * asking.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "bench_names.h"

static void section_create_named(unsigned int i)
{
	close(bench_section(bench_section_name(i), PAGE, 0));
}

/* By the function that opens the device for each call. */
static void section_create_simple(unsigned int i)
{
	section_close(MUST(section_create(bench_section_name(i), PAGE)));
}

static void shm_create_named(unsigned int i)
{
	close(bench_shm_create(i));
	shm_unlink(bench_shm_name(i));
}

static void sysv_create_named(unsigned int i)
{
	shmctl(bench_sysv_create(i), IPC_RMID, NULL);
}

static void section_create_unnamed(unsigned int i)
{
	(void)i;
	close(bench_section(NULL, PAGE, 0));
}

static void memfd_create_unnamed(unsigned int i)
{
	(void)i;
	close(bench_memfd(PAGE));
}

static void sysv_create_unnamed(unsigned int i)
{
	int id = MUST(shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600));

	(void)i;
	shmctl(id, IPC_RMID, NULL);
}

static void section_open_one(unsigned int i)
{
	size_t bytes;

	close(bench_section_open(i, &bytes));
}

static void section_open_simple(unsigned int i)
{
	close(MUST(section_open(bench_section_name(i % bench_names_alive),
				SECTION_RIGHTS_MAXIMUM)));
}

static void shm_open_one(unsigned int i)
{
	close(bench_shm_open(i));
}

static void section_open_missing(unsigned int i)
{
	struct section_attributes a = SECTION_ATTRIBUTES_INIT;

	(void)i;
	if (section_open_at(bench_device, "nobody has this name", &a) >= 0)
		errx(1, "a section that nobody made");
}

static void shm_open_missing(unsigned int i)
{
	(void)i;
	if (shm_open("/nobody has this name", O_RDWR, 0) >= 0)
		errx(1, "shared memory that nobody made");
}

static void sysv_open_missing(unsigned int i)
{
	(void)i;
	if (shmget(0x7e110000, 0, 0) >= 0)
		errx(1, "a segment that nobody made");
}

static int held;

static void section_held(void)
{
	held = bench_section("held", PAGE, 0);
}

static void memfd_held(void)
{
	held = bench_memfd(PAGE);
}

static void sysv_held(void)
{
	held = bench_sysv_create(0);
}

static void drop_held(void)
{
	close(held);
}

static void sysv_drop_held(void)
{
	shmctl(held, IPC_RMID, NULL);
}

static void section_dup(unsigned int i)
{
	(void)i;
	close(MUST(section_duplicate(held, SECTION_RIGHTS_MAXIMUM, 0)));
}

/* The same rights and the same offset, where a duplicated handle has its own. */
static void memfd_dup(unsigned int i)
{
	(void)i;
	close(MUST(fcntl(held, F_DUPFD_CLOEXEC, 0)));
}

/* With fewer rights, as one would for somebody else. */
static void section_dup_read(unsigned int i)
{
	(void)i;
	close(MUST(section_duplicate(held, SECTION_RIGHT_READ, 0)));
}

static void memfd_dup_read(unsigned int i)
{
	char path[64];

	(void)i;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", held);
	close(MUST(open(path, O_RDONLY | O_CLOEXEC)));
}

static void section_ask(unsigned int i)
{
	struct section_info info;

	(void)i;
	MUST(section_query(held, &info, NULL, 0));
}

static void fd_ask(unsigned int i)
{
	struct stat st;

	(void)i;
	MUST(fstat(held, &st));
}

static void sysv_ask(unsigned int i)
{
	struct shmid_ds ds;

	(void)i;
	MUST(shmctl(held, IPC_STAT, &ds));
}

#define CREATE_NAMED {						\
	{ "section", .run = section_create_named },		\
	{ "section, simple call", .run = section_create_simple },	\
	{ "shm_open", .run = shm_create_named },		\
	{ "System V", .run = sysv_create_named },		\
}

#define OPEN(count)						\
	{ "section", bench_sections_ ## count, section_open_one,	\
	  .teardown = bench_sections_gone },			\
	{ "shm_open", bench_shms_ ## count, shm_open_one,	\
	  .teardown = bench_shms_gone }

const struct operation bench_objects[] = {
	{ "create_named", "create by name, close", 1000,
	  .contenders = CREATE_NAMED },
	{ "create_unnamed", "create without a name, close", 1000,
	  .contenders = {
		{ "section", .run = section_create_unnamed },
		{ "memfd", .run = memfd_create_unnamed },
		{ "System V", .run = sysv_create_unnamed },
	} },
	{ "open_10", "open an existing name of 10, close", 4000,
	  .contenders = {
		OPEN(10),
		{ "section, simple call", bench_sections_10,
		  section_open_simple, .teardown = bench_sections_gone },
	} },
	{ "open_4096", "open an existing name of 4,096, close", 4000, 1,
	  .contenders = { OPEN(4096) } },
	{ "open_100000", "open an existing name of 100,000, close", 4000, 1,
	  .contenders = { OPEN(100000) } },
	{ "open_missing", "open a name that nobody made", 1000,
	  .contenders = {
		{ "section", .run = section_open_missing },
		{ "shm_open", .run = shm_open_missing },
		{ "System V", .run = sysv_open_missing },
	} },
	{ "duplicate", "duplicate a handle, close", 1000,
	  .contenders = {
		{ "section", section_held, section_dup,
		  .teardown = drop_held },
		{ "memfd dup", memfd_held, memfd_dup, .teardown = drop_held },
	} },
	{ "duplicate_read", "duplicate with fewer rights, close", 1000,
	  .contenders = {
		{ "section", section_held, section_dup_read,
		  .teardown = drop_held },
		{ "memfd by /proc", memfd_held, memfd_dup_read,
		  .teardown = drop_held },
	} },
	{ "query", "ask for size and owner", 1000,
	  .contenders = {
		{ "section", section_held, section_ask,
		  .teardown = drop_held },
		{ "fstat of memfd", memfd_held, fd_ask,
		  .teardown = drop_held },
		{ "fstat of section", section_held, fd_ask,
		  .teardown = drop_held },
		{ "System V", sysv_held, sysv_ask,
		  .teardown = sysv_drop_held },
	} },
};

const size_t bench_objects_count = ARRAY_SIZE(bench_objects);
