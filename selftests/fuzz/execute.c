// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running programs, each in a process of its own, in which it may do whatever
 * it likes to itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

/* Longer than anybody waits for the creator of a name. */
#define PATIENCE_MS	20000

static __thread sigjmp_buf fault_return;
static __thread volatile bool fault_expected;
static __thread struct cover *own_cover;

static void on_fault(int signo)
{
	if (!fault_expected)
		_exit(100 + signo);
	fault_expected = false;
	siglongjmp(fault_return, 1);
}

static void on_signal(int signo)
{
	(void)signo;
}

bool touch(char *address, bool write)
{
	volatile char *byte = address;

	if (sigsetjmp(fault_return, 0))
		return false;
	fault_expected = true;
	if (write)
		*byte = *byte + 1;
	else
		(void)*byte;
	fault_expected = false;
	return true;
}

/* Before the workers; all processes inherit it. */
void execute_prepare(void)
{
	struct sigaction action = { .sa_flags = SA_NODEFER };

	action.sa_handler = on_fault;
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	action.sa_handler = on_signal;
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGXFSZ, &action, NULL);
	sigaction(SIGPIPE, &action, NULL);
}

static void run_from(struct world *world, unsigned int at)
{
	const struct program *program = world->program;

	for (; at < program->count && !atomic_load(&shared->stop); at++) {
		const struct op *op = &program->op[at];
		pid_t child = world->child;

		if (own_cover)
			cover_mark(own_cover, at);
		world->at = at;
		atomic_fetch_add(&shared->tried[op->kind], 1);
		if (kinds[op->kind].run(world, op->arg) >= 0)
			atomic_fetch_add(&shared->worked[op->kind], 1);
		/* The child did all that follows. */
		if (world->child != child && op->arg[0])
			break;
	}
}

static void cover_use(struct world *world, int which)
{
	own_cover = &world->worker->cover[which];
	cover_start(own_cover);
}

static void *thread_run(void *data)
{
	struct world *world = data;
	unsigned int at = world->at;

	cover_use(world, COVER_THREAD);
	run_from(world, at + 1);
	return NULL;
}

/* Two threads do what follows. */
long op_thread(struct world *world, const uint64_t *arg)
{
	pthread_t thread;

	(void)arg;
	if (world->threaded)
		return -1;
	world->threaded = true;
	if (pthread_create(&thread, NULL, thread_run, world))
		return -1;
	world->thread = thread;
	/* It finds where to start. */
	usleep(1000);
	return 0;
}

/* A child does what follows, too or instead. */
long op_fork(struct world *world, const uint64_t *arg)
{
	unsigned int at = world->at;
	pid_t pid;

	(void)arg;
	if (world->forks >= 2)
		return -1;
	world->forks++;
	pid = fork();
	if (pid) {
		if (pid > 0)
			world->child = pid;
		return pid;
	}
	own_cover = NULL;
	world->thread = 0;
	world->child = 0;
	if (world->forks == 1)
		cover_use(world, COVER_CHILD);
	run_from(world, at + 1);
	_exit(0);
}

static void run_program(struct worker *worker, const struct program *program)
{
	static struct world world;
	int i;

	setpgid(0, 0);
	world.worker = worker;
	world.program = program;
	for (i = 0; i < SLOTS; i++)
		world.handles[i] = -1;
	for (i = 0; i < FILES; i++)
		world.files[i] = -1;
	world.device = open("/dev/section", O_RDWR | O_CLOEXEC);
	if (world.device < 0)
		_exit(1);
	cover_use(&world, COVER_MAIN);
	run_from(&world, 0);
	if (world.thread)
		pthread_join(world.thread, NULL);
	if (world.child)
		waitpid(world.child, NULL, 0);
	_exit(0);
}

static void wait_for(pid_t pid)
{
	struct pollfd poll_fd = { .events = POLLIN };

	poll_fd.fd = syscall(SYS_pidfd_open, pid, 0);
	if (poll(&poll_fd, 1, PATIENCE_MS) == 0)
		atomic_fetch_add(&shared->slow, 1);
	close(poll_fd.fd);
	/* And all that it has left behind. */
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

void execute(struct worker *worker, const struct program *program)
{
	pid_t pid;
	int i;

	for (i = 0; i < COVERS; i++)
		cover_reset(&worker->cover[i]);
	record_program(worker->number, program);
	pid = fork();
	if (!pid)
		run_program(worker, program);
	if (pid > 0)
		wait_for(pid);
	record_end(worker->number);
	atomic_fetch_add(&shared->programs, 1);
}
