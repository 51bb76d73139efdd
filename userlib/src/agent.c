// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * The agent of this process: how it starts, how it ends, how it is reached.
 */
#include "agent.h"
#include "thread.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/eventfd.h>
#include <sys/un.h>
#include <unistd.h>

/* What the header promises to handlers. */
#define STACK_BYTES	(256 * 1024)

/* How long fork(2) waits for a close(2) to begin: forever would be wrong too. */
#define CLOSING_STEPS	100

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

struct agent section_agent = {
	.control = LOCK_INITIALIZER,
	.lock = LOCK_INITIALIZER,
	.closing = -1,
};

static void close_all(int *places, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (places[i] >= 0)
			close(places[i]);
		places[i] = -1;
	}
}

/* In a child, where the agent's thread never was. */
static void clear(struct agent *agent)
{
	close_all(&agent->wake, 1);
	close_all(&agent->listener, 1);
	close_all(agent->channels, COUNT(agent->channels));
	close_all(agent->callers, COUNT(agent->callers));
	close_all(agent->received, COUNT(agent->received));
	agent->closing = -1;
	agent->state = AGENT_NONE;
	__atomic_store_n(&agent->owner, 0, __ATOMIC_RELAXED);
}

static void clean(struct agent *agent)
{
	size_t i;

	agent->thread = 0;
	agent->wake = -1;
	agent->listener = -1;
	for (i = 0; i < COUNT(agent->channels); i++)
		agent->channels[i] = -1;
	for (i = 0; i < COUNT(agent->callers); i++)
		agent->callers[i] = -1;
	for (i = 0; i < COUNT(agent->received); i++)
		agent->received[i] = -1;
}

/*
 * A descriptor on its way out is in no place, and no child may keep it.  Its
 * number goes at once, whatever then keeps close(2) waiting; if it does not go,
 * it is somebody else's already.
 */
static bool is_closing(void)
{
	return section_agent.closing >= 0 &&
	       fcntl(section_agent.closing, F_GETFD) >= 0;
}

static void before_fork(void)
{
	struct lock *lock = &section_agent.lock;
	int cancel, steps;

	lock_take(lock);
	cancel = lock->cancel;
	for (steps = 0; is_closing() && steps < CLOSING_STEPS; steps++) {
		pthread_mutex_unlock(&lock->mutex);
		poll(NULL, 0, 1);
		pthread_mutex_lock(&lock->mutex);
	}
	lock->cancel = cancel;
}

static void in_parent(void)
{
	lock_give(&section_agent.lock);
}

/* The agent's thread does not exist here: forget all that it had. */
static void forget(void)
{
	struct agent *agent = &section_agent;

	if (agent->state != AGENT_NONE)
		clear(agent);
	section_closing_forget();
	lock_init(&agent->control);
	lock_init(&agent->lock);
}

static void in_child(void)
{
	int cancel = section_agent.lock.cancel;

	forget();
	pthread_setcancelstate(cancel, NULL);
}

static void watch_forks(void)
{
	pthread_atfork(before_fork, in_parent, in_child);
}

void section_agent_prepare(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pid_t owner = __atomic_load_n(&section_agent.owner, __ATOMIC_RELAXED);

	pthread_once(&once, watch_forks);
	/* A child made behind the C library's back has no agent either. */
	if (owner && owner != getpid())
		forget();
}

static int listen_as(pid_t pid)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int length = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1,
			      AGENT_NAME_FORMAT, (int)pid);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				     1 + (size_t)length);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
			0);
	int error;

	if (fd < 0)
		return -1;
	if (!bind(fd, (struct sockaddr *)&name, size) &&
	    !listen(fd, SECTION_AGENT_CALLERS_MAX))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/*
 * One user, all of whose ids are the same: one that the process could go back to
 * is another user too.
 */
bool section_agent_user(uid_t *uid)
{
	uid_t real, saved;

	return !getresuid(&real, uid, &saved) && real == *uid && saved == *uid;
}

/* Under both locks. */
static int start(struct agent *agent, unsigned int flags)
{
	int error = 0;

	clean(agent);
	/* Others of this user must not get what the program has besides. */
	if (!section_agent_user(&agent->uid) &&
	    !(flags & SECTION_AGENT_PRIVATE))
		return EPERM;
	__atomic_store_n(&agent->owner, getpid(), __ATOMIC_RELAXED);
	agent->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (agent->wake < 0)
		error = errno;
	if (!error && !(flags & SECTION_AGENT_PRIVATE)) {
		agent->listener = listen_as(agent->owner);
		if (agent->listener < 0)
			error = errno;
	}
	if (!error) {
		agent->state = AGENT_RUNNING;
		error = section_thread(&agent->thread, STACK_BYTES,
				       section_agent_run, NULL);
	}
	return error;
}

/* Connections that nobody has accepted hold whatever was sent through them. */
static void empty(int listener)
{
	int fd;

	shutdown(listener, SHUT_RD);
	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		section_close_aside(fd, 0);
}

static void drop_all(int *places, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		section_agent_drop(&places[i]);
}

/* The thread has ended, or was never started. */
static void finish(struct agent *agent)
{
	empty(agent->listener);
	drop_all(&agent->listener, 1);
	drop_all(&agent->wake, 1);
	drop_all(agent->channels, COUNT(agent->channels));
	drop_all(agent->callers, COUNT(agent->callers));
	drop_all(agent->received, COUNT(agent->received));
	lock_take(&agent->lock);
	agent->state = AGENT_NONE;
	__atomic_store_n(&agent->owner, 0, __ATOMIC_RELAXED);
	lock_give(&agent->lock);
}

/* With the control. */
static int try_start(struct agent *agent, unsigned int flags)
{
	int error = EALREADY;

	lock_take(&agent->lock);
	if (agent->state == AGENT_NONE) {
		error = start(agent, flags);
		if (error)
			agent->state = AGENT_STOPPING;
	}
	lock_give(&agent->lock);
	if (error && error != EALREADY)
		finish(agent);
	return error;
}

int section_agent_start(unsigned int flags)
{
	struct agent *agent = &section_agent;
	int error;

	if (flags & ~SECTION_AGENT_PRIVATE) {
		errno = EINVAL;
		return -1;
	}
	/* Others of this user must not get what the program has gained. */
	if (!(flags & SECTION_AGENT_PRIVATE) && getauxval(AT_SECURE)) {
		errno = EPERM;
		return -1;
	}
	section_agent_prepare();
	lock_take(&agent->control);
	error = try_start(agent, flags);
	lock_give(&agent->control);
	if (error)
		errno = error;
	return error ? -1 : 0;
}

/* Under the lock. */
static void wake(struct agent *agent)
{
	/* A counter that is full wakes as well. */
	if (eventfd_write(agent->wake, 1))
		return;
}

/* Tells the thread to end; false if there is none. */
static bool begin_stop(struct agent *agent)
{
	bool running;

	lock_take(&agent->lock);
	running = agent->state == AGENT_RUNNING;
	if (running) {
		agent->state = AGENT_STOPPING;
		wake(agent);
	}
	lock_give(&agent->lock);
	return running;
}

static bool in_handler(struct agent *agent)
{
	bool result;

	lock_take(&agent->lock);
	result = agent->state != AGENT_NONE &&
		 pthread_equal(agent->thread, pthread_self());
	lock_give(&agent->lock);
	return result;
}

int section_agent_stop(void)
{
	struct agent *agent = &section_agent;

	section_agent_prepare();
	if (in_handler(agent)) {
		errno = EDEADLK;
		return -1;
	}
	lock_take(&agent->control);
	if (begin_stop(agent)) {
		pthread_join(agent->thread, NULL);
		finish(agent);
	}
	lock_give(&agent->control);
	return 0;
}

bool section_agent_place(int *places, size_t count, int fd)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (places[i] < 0) {
			places[i] = fd;
			return true;
		}
	}
	return false;
}

int section_agent_take(int *place)
{
	int fd;

	lock_take(&section_agent.lock);
	fd = *place;
	*place = -1;
	lock_give(&section_agent.lock);
	return fd;
}

void section_agent_drop(int *place)
{
	struct agent *agent = &section_agent;
	int fd;

	lock_take(&agent->lock);
	fd = *place;
	*place = -1;
	agent->closing = fd;
	lock_give(&agent->lock);
	if (fd >= 0)
		close(fd);
	lock_take(&agent->lock);
	agent->closing = -1;
	lock_give(&agent->lock);
}

/* Under the lock. */
static int make_channel(struct agent *agent)
{
	int ends[2];

	if (agent->state != AGENT_RUNNING) {
		errno = ECONNREFUSED;
		return -1;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -1;
	if (!section_agent_place(agent->channels, COUNT(agent->channels),
				 ends[0])) {
		close(ends[0]);
		close(ends[1]);
		errno = EBUSY;
		return -1;
	}
	wake(agent);
	return ends[1];
}

int section_agent_channel(void)
{
	int fd;

	section_agent_prepare();
	lock_take(&section_agent.lock);
	fd = make_channel(&section_agent);
	lock_give(&section_agent.lock);
	return fd;
}
