/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_COUNTERS_H
#define _SECTION_COUNTERS_H

#include <linux/percpu.h>

/**
 * enum section_counter - what is counted over the whole system
 * @SECTION_COUNT_SECTIONS: section objects in memory
 * @SECTION_COUNT_HANDLES: open handles and anchors
 * @SECTION_COUNT_VIEWS: VMAs that map a section
 * @SECTION_COUNTERS: how many counters there are
 *
 * Read in debugfs, as the oracle for leaks: all are zero when nobody uses the
 * module.
 */
enum section_counter {
	SECTION_COUNT_SECTIONS,
	SECTION_COUNT_HANDLES,
	SECTION_COUNT_VIEWS,
	SECTION_COUNTERS,
};

DECLARE_PER_CPU(long, section_counters[SECTION_COUNTERS]);

static inline void section_count(enum section_counter which, long by)
{
	this_cpu_add(section_counters[which], by);
}

void section_counters_init(void);
void section_counters_exit(void);

#endif /* _SECTION_COUNTERS_H */
