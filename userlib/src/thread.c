// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Threads of the library's own, and descriptors that are closed in one.
 *
 * Closing a socket closes the files that somebody has sent through it and nobody
 * has received, and to close a file can take as long as its sender wants: a TCP
 * socket waits until its data are gone (SO_LINGER).  What comes from somebody who
 * is not trusted is closed where nothing waits for it.
 */
#include "thread.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CLOSER_STACK_BYTES	(64 * 1024)

/* So many at once are no accident. */
#define PATIENCE	4

#define NS_PER_MS	1000000L
#define NS_PER_S	1000000000L

static int closing;

int section_thread(pthread_t *thread, size_t stack_bytes, void *(*run)(void *),
		   void *argument)
{
	sigset_t all, old;
	pthread_attr_t attr;
	int error;

	error = pthread_attr_init(&attr);
	if (error)
		return error;
	pthread_attr_setstacksize(&attr, stack_bytes);
	/* Signals are for the program's own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(thread, &attr, run, argument);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return error;
}

struct handover {
	sem_t copied;
	sem_t closed;
};

static void await(sem_t *event)
{
	while (sem_wait(event) && errno == EINTR)
		;
}

static void *end_with_copies(void *argument)
{
	struct handover *h = argument;

	unshare(CLONE_FILES);
	sem_post(&h->copied);
	await(&h->closed);
	return NULL;
}

/*
 * Sockets do not linger when a thread closes them by its end.  So one that has
 * a table of descriptors of its own closes the last copy.  It has copies of all
 * others too, for a moment: not to be done without need.
 */
static void close_impatiently(int fd)
{
	struct handover h;
	pthread_t thread;

	sem_init(&h.copied, 0, 0);
	sem_init(&h.closed, 0, 0);
	if (section_thread(&thread, CLOSER_STACK_BYTES, end_with_copies, &h)) {
		close(fd);
		return;
	}
	await(&h.copied);
	close(fd);
	sem_post(&h.closed);
	pthread_join(thread, NULL);
}

static void *close_it(void *fd)
{
	if (section_closing() > PATIENCE)
		close_impatiently((int)(intptr_t)fd);
	else
		close((int)(intptr_t)fd);
	__atomic_sub_fetch(&closing, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void wait_for(pthread_t thread, int milliseconds)
{
	struct timespec until;
	int cancel;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += milliseconds * NS_PER_MS;
	if (until.tv_nsec >= NS_PER_S) {
		until.tv_nsec -= NS_PER_S;
		until.tv_sec++;
	}
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if (pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until))
		pthread_detach(thread);
	pthread_setcancelstate(cancel, NULL);
}

void section_close_aside(int fd, int milliseconds)
{
	pthread_t thread;

	/* Whoever else has a copy, a child of fork(2) for instance. */
	shutdown(fd, SHUT_RDWR);
	__atomic_add_fetch(&closing, 1, __ATOMIC_RELAXED);
	if (section_thread(&thread, CLOSER_STACK_BYTES, close_it,
			   (void *)(intptr_t)fd))
		close_it((void *)(intptr_t)fd);
	else if (milliseconds)
		wait_for(thread, milliseconds);
	else
		pthread_detach(thread);
}

int section_closing(void)
{
	return __atomic_load_n(&closing, __ATOMIC_RELAXED);
}

void section_closing_forget(void)
{
	__atomic_store_n(&closing, 0, __ATOMIC_RELAXED);
}
