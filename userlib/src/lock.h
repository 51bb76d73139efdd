/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef SECTION_LOCK_H
#define SECTION_LOCK_H

#include <pthread.h>

/*
 * A mutex whose holder cannot be cancelled: most of what is done with it held is
 * a cancellation point, and nobody would release it.
 *
 * @cancel: What the holder goes back to.
 */
struct lock {
	pthread_mutex_t mutex;
	int cancel;
};

#define LOCK_INITIALIZER	{ PTHREAD_MUTEX_INITIALIZER, 0 }

static inline void lock_init(struct lock *lock)
{
	pthread_mutex_init(&lock->mutex, NULL);
}

static inline void lock_take(struct lock *lock)
{
	int cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	pthread_mutex_lock(&lock->mutex);
	lock->cancel = cancel;
}

static inline void lock_give(struct lock *lock)
{
	int cancel = lock->cancel;

	pthread_mutex_unlock(&lock->mutex);
	pthread_setcancelstate(cancel, NULL);
}

#endif /* SECTION_LOCK_H */
