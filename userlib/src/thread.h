/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef SECTION_THREAD_H
#define SECTION_THREAD_H

#include <pthread.h>
#include <stddef.h>

/* Starts a thread that gets no signals: 0, or an errno value. */
int section_thread(pthread_t *thread, size_t stack_bytes, void *(*run)(void *),
		   void *argument);

/*
 * Ends a connection and closes it in a thread.  Waits for that, but less than a
 * second; with 0 not at all.
 */
void section_close_aside(int fd, int milliseconds);

/* How many are being closed so. */
int section_closing(void);

/* The threads of another process do not count. */
void section_closing_forget(void);

#endif /* SECTION_THREAD_H */
