// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * What fork(2) means to the tables: the child has copies of them, which nobody
 * was just changing.
 *
 * Shared views stay shared between parent and child, and what a copy-on-write
 * view has copied is copied again; views with ViewUnmap are not in the child.
 */
#include "internal.h"

#include <pthread.h>

/* In the order in which one lock is taken inside another. */
static void before(void)
{
	processes_lock();
	handles_lock();
	facts_lock();
	memory_lock();
	kept_lock();
}

static void after(void)
{
	kept_unlock();
	memory_unlock();
	facts_unlock();
	handles_unlock();
	processes_unlock();
}

static void after_in_child(void)
{
	allocations_in_child();
	processes_in_child();
	after();
	/* While it can: who has memory will be asked about it. */
	if (allocations_exist())
		kept_open();
}

void fork_watch(void)
{
	pthread_atfork(before, after, after_in_child);
}
