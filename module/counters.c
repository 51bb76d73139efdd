// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters of what is alive, per CPU so that counting costs no shared cache
 * line, summed when debugfs is read.
 */
#include <linux/debugfs.h>
#include <linux/cpumask.h>

#include "counters.h"

DEFINE_PER_CPU(long, section_counters[SECTION_COUNTERS]);

static const char * const section_counter_names[SECTION_COUNTERS] = {
	[SECTION_COUNT_SECTIONS] = "sections",
	[SECTION_COUNT_HANDLES] = "handles",
	[SECTION_COUNT_VIEWS] = "views",
};

static struct dentry *section_debugfs;

static int section_counter_get(void *data, u64 *val)
{
	long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(section_counters[(long)data], cpu);
	*val = sum;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(section_counter_fops, section_counter_get, NULL,
			 "%lld\n");

/* debugfs is a convenience: its failures are not ours. */
void section_counters_init(void)
{
	long i;

	section_debugfs = debugfs_create_dir("section", NULL);
	for (i = 0; i < SECTION_COUNTERS; i++)
		debugfs_create_file(section_counter_names[i], 0444,
				    section_debugfs, (void *)i,
				    &section_counter_fops);
}

void section_counters_exit(void)
{
	debugfs_remove(section_debugfs);
}
