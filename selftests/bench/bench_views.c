// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whole cycles, from an object to memory and back, and views of what is held.
 */
#include <err.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "bench_names.h"

static void use(char *view)
{
	bench_write(view);
	munmap(view, PAGE);
}

static char *sysv_map(int id)
{
	char *view = shmat(id, NULL, 0);

	if (view == (void *)-1)
		err(1, "shmat");
	return view;
}

static void section_cycle(unsigned int i)
{
	int fd = bench_section(bench_section_name(i), PAGE, 0);

	use(bench_map(fd, PAGE, MAP_SHARED));
	close(fd);
}

static void shm_cycle(unsigned int i)
{
	int fd = bench_shm_create(i);

	use(bench_map(fd, PAGE, MAP_SHARED));
	close(fd);
	shm_unlink(bench_shm_name(i));
}

static void sysv_cycle(unsigned int i)
{
	int id = bench_sysv_create(i);
	char *view = sysv_map(id);

	bench_write(view);
	shmdt(view);
	shmctl(id, IPC_RMID, NULL);
}

/* With others alive, of which this is none. */
static void section_cycle_beside(unsigned int i)
{
	section_cycle(i + bench_names_alive);
}

static void shm_cycle_beside(unsigned int i)
{
	shm_cycle(i + bench_names_alive);
}

static void section_cycle_unnamed(unsigned int i)
{
	int fd = bench_section(NULL, PAGE, 0);

	(void)i;
	use(bench_map(fd, PAGE, MAP_SHARED));
	close(fd);
}

static void memfd_cycle(unsigned int i)
{
	int fd = bench_memfd(PAGE);

	(void)i;
	use(bench_map(fd, PAGE, MAP_SHARED));
	close(fd);
}

static void mmap_cycle(unsigned int i)
{
	(void)i;
	use(bench_map(-1, PAGE, MAP_SHARED | MAP_ANONYMOUS));
}

/* Whoever opens a name does not know the size. */
static void section_open_cycle(unsigned int i)
{
	size_t bytes;
	int fd = bench_section_open(i, &bytes);

	munmap(bench_map(fd, bytes, MAP_SHARED), bytes);
	close(fd);
}

static void shm_open_cycle(unsigned int i)
{
	int fd = bench_shm_open(i);
	struct stat st;

	MUST(fstat(fd, &st));
	munmap(bench_map(fd, st.st_size, MAP_SHARED), st.st_size);
	close(fd);
}

static void sysv_open_cycle(unsigned int i)
{
	int id = bench_sysv_open(i);
	struct shmid_ds ds;

	MUST(shmctl(id, IPC_STAT, &ds));
	shmdt(sysv_map(id));
}

static void section_open_hot(unsigned int i)
{
	(void)i;
	section_open_cycle(7);
}

static void shm_open_hot(unsigned int i)
{
	(void)i;
	shm_open_cycle(7);
}

static void sysv_open_hot(unsigned int i)
{
	(void)i;
	sysv_open_cycle(7);
}

static int held;

static void section_held(void)
{
	held = bench_section(NULL, PAGE, 0);
	use(bench_map(held, PAGE, MAP_SHARED));
}

static void memfd_held(void)
{
	held = bench_memfd(PAGE);
	use(bench_map(held, PAGE, MAP_SHARED));
}

static void sysv_held(void)
{
	held = bench_sysv_create(0);
	shmdt(sysv_map(held));
}

static void drop_held(void)
{
	close(held);
}

static void sysv_drop_held(void)
{
	shmctl(held, IPC_RMID, NULL);
}

static void map_unmap(unsigned int i)
{
	(void)i;
	munmap(bench_map(held, PAGE, MAP_SHARED), PAGE);
}

static void section_map_unmap(unsigned int i)
{
	void *view = section_map(held, PROT_READ | PROT_WRITE, 0, 0, PAGE);

	(void)i;
	if (!view)
		err(1, "section_map");
	munmap(view, PAGE);
}

static void sysv_map_unmap(unsigned int i)
{
	(void)i;
	shmdt(sysv_map(held));
}

static void map_touch_unmap(unsigned int i)
{
	(void)i;
	use(bench_map(held, PAGE, MAP_SHARED));
}

static void sysv_map_touch_unmap(unsigned int i)
{
	char *view = sysv_map(held);

	(void)i;
	bench_write(view);
	shmdt(view);
}

#define OPEN_CYCLE(section, shm, sysv) {			\
	{ "section", bench_sections_4096, section,		\
	  .teardown = bench_sections_gone },			\
	{ "shm_open", bench_shms_4096, shm,			\
	  .teardown = bench_shms_gone },			\
	{ "System V", bench_sysvs_4096, sysv,			\
	  .teardown = bench_sysvs_gone },			\
}

const struct operation bench_views[] = {
	{ "cycle_named", "create by name, map, touch, unmap, close", 1000,
	  .contenders = {
		{ "section", .run = section_cycle },
		{ "shm_open", .run = shm_cycle },
		{ "System V", .run = sysv_cycle },
	} },
	{ "cycle_named_4096", "the same beside 4,096 names", 1000, 1,
	  .contenders = {
		{ "section", bench_sections_4096, section_cycle_beside,
		  .teardown = bench_sections_gone },
		{ "shm_open", bench_shms_4096, shm_cycle_beside,
		  .teardown = bench_shms_gone },
	} },
	{ "cycle_unnamed", "create without a name, map, touch, unmap, close",
	  1000, .contenders = {
		{ "section", .run = section_cycle_unnamed },
		{ "memfd", .run = memfd_cycle },
		{ "mmap", .run = mmap_cycle },
	} },
	{ "open_cycle_hot", "open one name of 4,096, map, unmap, close", 1000,
	  1, .contenders = OPEN_CYCLE(section_open_hot, shm_open_hot,
				      sysv_open_hot) },
	{ "open_cycle_4096", "open 4,096 names in turn, map, unmap, close",
	  4096, 1, .contenders = OPEN_CYCLE(section_open_cycle, shm_open_cycle,
					    sysv_open_cycle) },
	{ "open_cycle_100000", "the same of 100,000 names", 4096, 1,
	  .contenders = {
		{ "section", bench_sections_100000, section_open_cycle,
		  .teardown = bench_sections_gone },
		{ "shm_open", bench_shms_100000, shm_open_cycle,
		  .teardown = bench_shms_gone },
	} },
	{ "map", "map and unmap what is held", 1000,
	  .contenders = {
		{ "section", section_held, map_unmap,
		  .teardown = drop_held },
		{ "section_map()", section_held, section_map_unmap,
		  .teardown = drop_held },
		{ "memfd", memfd_held, map_unmap, .teardown = drop_held },
		{ "System V", sysv_held, sysv_map_unmap,
		  .teardown = sysv_drop_held },
	} },
	{ "map_touch", "map, touch and unmap what is held", 1000,
	  .contenders = {
		{ "section", section_held, map_touch_unmap,
		  .teardown = drop_held },
		{ "memfd", memfd_held, map_touch_unmap,
		  .teardown = drop_held },
		{ "System V", sysv_held, sysv_map_touch_unmap,
		  .teardown = sysv_drop_held },
	} },
};

const size_t bench_views_count = ARRAY_SIZE(bench_views);
