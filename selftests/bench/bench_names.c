// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many objects with names, and single ones.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include "bench_names.h"

#define SYSV_KEY	0x5ec70000

unsigned int bench_names_alive;

/* Handles of the sections; identifiers of the System V segments. */
static int objects[BENCH_NAMES];

/* Written beforehand: making up names is nobody's cost. */
static char names[BENCH_NAMES][sizeof("/bench-000000")];

void bench_names_init(void)
{
	unsigned int i;

	for (i = 0; i < BENCH_NAMES; i++)
		snprintf(names[i], sizeof(names[i]), "/bench-%06u", i);
}

const char *bench_section_name(unsigned int i)
{
	return names[i] + 1;
}

const char *bench_shm_name(unsigned int i)
{
	return names[i];
}

int bench_memfd(size_t bytes)
{
	int fd = MUST(memfd_create("bench", MFD_CLOEXEC));

	MUST(ftruncate(fd, bytes));
	return fd;
}

int bench_shm_create(unsigned int i)
{
	int fd = MUST(shm_open(bench_shm_name(i), O_CREAT | O_EXCL | O_RDWR,
			       0600));

	MUST(ftruncate(fd, PAGE));
	return fd;
}

int bench_sysv_create(unsigned int i)
{
	return MUST(shmget(SYSV_KEY + i, PAGE, IPC_CREAT | IPC_EXCL | 0600));
}

int bench_section_open(unsigned int i, size_t *bytes)
{
	struct section_attributes a = SECTION_ATTRIBUTES_INIT;

	return MUST(section_open_bytes(bench_device,
				       bench_section_name(i % bench_names_alive),
				       &a, bytes));
}

int bench_shm_open(unsigned int i)
{
	return MUST(shm_open(bench_shm_name(i % bench_names_alive), O_RDWR, 0));
}

int bench_sysv_open(unsigned int i)
{
	return MUST(shmget(SYSV_KEY + i % bench_names_alive, 0, 0));
}

static void touch(int fd)
{
	char *view = bench_map(fd, PAGE, MAP_SHARED);

	bench_write(view);
	munmap(view, PAGE);
}

/* A section lives as long as a handle, which the others can do without. */
static void sections(unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		objects[i] = bench_section(bench_section_name(i), PAGE, 0);
		touch(objects[i]);
	}
	bench_names_alive = count;
}

void bench_sections_gone(void)
{
	while (bench_names_alive)
		close(objects[--bench_names_alive]);
}

static void shms(unsigned int count)
{
	unsigned int i;
	int fd;

	for (i = 0; i < count; i++) {
		fd = bench_shm_create(i);
		touch(fd);
		close(fd);
	}
	bench_names_alive = count;
}

void bench_shms_gone(void)
{
	while (bench_names_alive)
		shm_unlink(bench_shm_name(--bench_names_alive));
}

static void sysvs(unsigned int count)
{
	unsigned int i;
	char *view;

	for (i = 0; i < count; i++) {
		objects[i] = bench_sysv_create(i);
		view = shmat(objects[i], NULL, 0);
		bench_write(view);
		shmdt(view);
	}
	bench_names_alive = count;
}

void bench_sysvs_gone(void)
{
	while (bench_names_alive)
		shmctl(objects[--bench_names_alive], IPC_RMID, NULL);
}

void bench_sections_10(void)
{
	sections(10);
}

void bench_sections_4096(void)
{
	sections(4096);
}

void bench_sections_100000(void)
{
	sections(100000);
}

void bench_shms_10(void)
{
	shms(10);
}

void bench_shms_4096(void)
{
	shms(4096);
}

void bench_shms_100000(void)
{
	shms(100000);
}

void bench_sysvs_10(void)
{
	sysvs(10);
}

void bench_sysvs_4096(void)
{
	sysvs(4096);
}
