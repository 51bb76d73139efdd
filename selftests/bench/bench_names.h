/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Many objects with names, and single ones.
 */
#ifndef SECTION_BENCH_NAMES_H
#define SECTION_BENCH_NAMES_H

#include "bench.h"

/* How many objects there are since the last set-up of many. */
extern unsigned int bench_names_alive;

#define BENCH_NAMES	101000U

void bench_names_init(void);

/* The names of object number @i, below BENCH_NAMES. */
const char *bench_section_name(unsigned int i);
const char *bench_shm_name(unsigned int i);

/* Objects of one page; all of them fail by ending the program. */
int bench_memfd(size_t bytes);
int bench_shm_create(unsigned int i);
int bench_sysv_create(unsigned int i);

/* Open one of the many that are alive. */
int bench_section_open(unsigned int i, size_t *bytes);
int bench_shm_open(unsigned int i);
int bench_sysv_open(unsigned int i);

/* Make many, each of them with its page touched. */
void bench_sections_10(void);
void bench_sections_4096(void);
void bench_sections_100000(void);
void bench_shms_10(void);
void bench_shms_4096(void);
void bench_shms_100000(void);
void bench_sysvs_10(void);
void bench_sysvs_4096(void);

void bench_sections_gone(void);
void bench_shms_gone(void);
void bench_sysvs_gone(void);

#endif /* SECTION_BENCH_NAMES_H */
