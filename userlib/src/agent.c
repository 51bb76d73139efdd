// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * The agent of this process: how it starts, how it ends, how it is reached.
 */
#include "agent.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/eventfd.h>
#include <sys/un.h>
#include <unistd.h>

/* What the header promises to handlers. */
#define STACK_BYTES	(256 * 1024)

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

struct agent section_agent = {
	.control = PTHREAD_MUTEX_INITIALIZER,
	.lock = PTHREAD_MUTEX_INITIALIZER,
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

/* Nobody else uses the agent: its thread has ended, or never was. */
static void clear(struct agent *agent)
{
	close_all(&agent->wake, 1);
	close_all(&agent->listener, 1);
	close_all(agent->channels, COUNT(agent->channels));
	close_all(agent->callers, COUNT(agent->callers));
	close_all(agent->received, COUNT(agent->received));
	agent->state = AGENT_NONE;
	__atomic_store_n(&agent->owner, 0, __ATOMIC_RELAXED);
}

static void clean(struct agent *agent)
{
	size_t i;

	agent->wake = -1;
	agent->listener = -1;
	for (i = 0; i < COUNT(agent->channels); i++)
		agent->channels[i] = -1;
	for (i = 0; i < COUNT(agent->callers); i++)
		agent->callers[i] = -1;
	for (i = 0; i < COUNT(agent->received); i++)
		agent->received[i] = -1;
}

static void before_fork(void)
{
	pthread_mutex_lock(&section_agent.lock);
}

static void in_parent(void)
{
	pthread_mutex_unlock(&section_agent.lock);
}

/* The agent's thread does not exist here: forget all that it had. */
static void in_child(void)
{
	struct agent *agent = &section_agent;

	if (agent->state != AGENT_NONE)
		clear(agent);
	pthread_mutex_init(&agent->control, NULL);
	pthread_mutex_init(&agent->lock, NULL);
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
		in_child();
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

/* Signals are for the program's own threads. */
static int start_thread(struct agent *agent)
{
	sigset_t all, old;
	pthread_attr_t attr;
	int error;

	error = pthread_attr_init(&attr);
	if (error)
		return error;
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&agent->thread, &attr, section_agent_run, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return error;
}

/* Under both locks. */
static int start(struct agent *agent, unsigned int flags)
{
	int error = 0;

	clean(agent);
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
		error = start_thread(agent);
	}
	if (error)
		clear(agent);
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
	pthread_mutex_lock(&agent->control);
	pthread_mutex_lock(&agent->lock);
	error = agent->state == AGENT_NONE ? start(agent, flags) : EALREADY;
	pthread_mutex_unlock(&agent->lock);
	pthread_mutex_unlock(&agent->control);
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

	pthread_mutex_lock(&agent->lock);
	running = agent->state == AGENT_RUNNING;
	if (running) {
		agent->state = AGENT_STOPPING;
		wake(agent);
	}
	pthread_mutex_unlock(&agent->lock);
	return running;
}

static bool in_handler(struct agent *agent)
{
	bool result;

	pthread_mutex_lock(&agent->lock);
	result = agent->state != AGENT_NONE &&
		 pthread_equal(agent->thread, pthread_self());
	pthread_mutex_unlock(&agent->lock);
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
	pthread_mutex_lock(&agent->control);
	if (begin_stop(agent)) {
		pthread_join(agent->thread, NULL);
		pthread_mutex_lock(&agent->lock);
		clear(agent);
		pthread_mutex_unlock(&agent->lock);
	}
	pthread_mutex_unlock(&agent->control);
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

void section_agent_drop(int *place)
{
	pthread_mutex_lock(&section_agent.lock);
	close_all(place, 1);
	pthread_mutex_unlock(&section_agent.lock);
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
	pthread_mutex_lock(&section_agent.lock);
	fd = make_channel(&section_agent);
	pthread_mutex_unlock(&section_agent.lock);
	return fd;
}
