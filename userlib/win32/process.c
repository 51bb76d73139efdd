// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Processes: a handle is a pidfd.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD	3
#endif

HANDLE GetCurrentProcess(void)
{
	return NtCurrentProcess();
}

DWORD GetCurrentProcessId(void)
{
	return (DWORD)getpid();
}

/* Whether it ends in time: 1, 0, or -1 with errno. */
static int wait_for(int fd, DWORD milliseconds)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	struct timespec now;
	int64_t end, left = -1;
	int ready;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + milliseconds;
	do {
		if (milliseconds != INFINITE) {
			clock_gettime(CLOCK_MONOTONIC, &now);
			left = end - ((int64_t)now.tv_sec * 1000 +
				      now.tv_nsec / 1000000);
			left = left < 0 ? 0 : left > INT_MAX ? INT_MAX : left;
		}
		ready = poll(&pollfd, 1, (int)left);
	} while (ready < 0 && errno == EINTR);
	return ready;
}

NTSTATUS process_pid(HANDLE process, uint32_t access, pid_t *pid)
{
	struct object object;
	NTSTATUS status;
	int fd;

	*pid = 0;
	if (process == NtCurrentProcess())
		return STATUS_SUCCESS;
	status = handle_get(process, OBJECT_PROCESS, &fd, &object);
	if (status)
		return status;
	/* The number of a process that has ended may be somebody else's. */
	if (!(object.access & access) || wait_for(fd, 0))
		return STATUS_ACCESS_DENIED;
	if (object.pid != getpid())
		*pid = object.pid;
	return STATUS_SUCCESS;
}

DWORD GetProcessId(HANDLE Process)
{
	struct object object;
	int fd;

	if (Process == NtCurrentProcess())
		return GetCurrentProcessId();
	if (!win32_success(handle_get(Process, OBJECT_PROCESS, &fd, &object)))
		return 0;
	return (DWORD)object.pid;
}

HANDLE OpenProcess(DWORD dwDesiredAccess, BOOL bInheritHandle,
		   DWORD dwProcessId)
{
	struct object object = {
		.type = OBJECT_PROCESS,
		.access = dwDesiredAccess & (GENERIC_ALL | MAXIMUM_ALLOWED) ?
			  PROCESS_ALL_ACCESS :
			  dwDesiredAccess & PROCESS_ALL_ACCESS,
		.pid = (pid_t)dwProcessId,
	};
	HANDLE handle;
	int fd;

	if (!dwProcessId || dwProcessId > INT_MAX ||
	    (kill(object.pid, 0) && errno == ESRCH)) {
		SetLastError(ERROR_INVALID_PARAMETER);
		return NULL;
	}
	fd = (int)syscall(SYS_pidfd_open, object.pid, 0);
	if (fd < 0) {
		win32_success(errno == ESRCH ? STATUS_INVALID_CID :
			      status_from_errno(errno, STATUS_UNSUCCESSFUL));
		return NULL;
	}
	if (bInheritHandle)
		fcntl(fd, F_SETFD, 0);
	return win32_success(handle_create(fd, &object, &handle)) ? handle :
								    NULL;
}

DWORD WaitForSingleObject(HANDLE hHandle, DWORD dwMilliseconds)
{
	struct object object;
	int fd;

	if (!win32_success(handle_get(hHandle, OBJECT_PROCESS, &fd, &object)))
		return WAIT_FAILED;
	switch (wait_for(fd, dwMilliseconds)) {
	case 0:
		return WAIT_TIMEOUT;
	case 1:
		return WAIT_OBJECT_0;
	}
	SetLastError(ERROR_INVALID_HANDLE);
	return WAIT_FAILED;
}

static DWORD exit_code_of(const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED)
		return (DWORD)info->si_status;
	if (info->si_status == SIGSEGV || info->si_status == SIGBUS)
		return (DWORD)STATUS_ACCESS_VIOLATION;
	if (info->si_status == SIGINT)
		return (DWORD)STATUS_CONTROL_C_EXIT;
	return 128 + (DWORD)info->si_status;
}

BOOL GetExitCodeProcess(HANDLE hProcess, LPDWORD lpExitCode)
{
	siginfo_t info = { .si_pid = 0 };
	struct object object;
	int fd, ended;

	if (hProcess == NtCurrentProcess()) {
		*lpExitCode = STILL_ACTIVE;
		return TRUE;
	}
	if (!win32_success(handle_get(hProcess, OBJECT_PROCESS, &fd, &object)))
		return FALSE;
	ended = wait_for(fd, 0);
	if (!ended)
		*lpExitCode = STILL_ACTIVE;
	else if (object.killed)
		*lpExitCode = object.exit_code;
	else if (ended > 0 && !waitid((idtype_t)P_PIDFD, (id_t)fd, &info,
				      WEXITED | WNOHANG | WNOWAIT))
		*lpExitCode = exit_code_of(&info);
	else
		return win32_success(STATUS_ACCESS_DENIED);
	return TRUE;
}

BOOL TerminateProcess(HANDLE hProcess, UINT uExitCode)
{
	struct object object;
	NTSTATUS status;
	int fd;

	if (hProcess == NtCurrentProcess())
		_exit((int)uExitCode);
	status = handle_get(hProcess, OBJECT_PROCESS, &fd, &object);
	if (!status && !(object.access & PROCESS_TERMINATE))
		status = STATUS_ACCESS_DENIED;
	if (!win32_success(status))
		return FALSE;
	/* What has ended has its exit code already. */
	if (wait_for(fd, 0) ||
	    syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0))
		return win32_success(STATUS_ACCESS_DENIED);
	handles_set_killed(object.pid, uExitCode);
	return TRUE;
}

void ExitProcess(UINT uExitCode)
{
	exit((int)uExitCode);
}

/*
 * Children whose handles were closed before they ended.  Linux wants somebody to
 * ask for their exit code, and keeps them until then.
 */
static struct lock lock = LOCK_INITIALIZER;
static pid_t *abandoned;
static size_t abandoned_count;

static void reap_abandoned(void)
{
	size_t i = 0;

	while (i < abandoned_count) {
		if (waitpid(abandoned[i], NULL, WNOHANG))
			abandoned[i] = abandoned[--abandoned_count];
		else
			i++;
	}
}

static void abandon(pid_t pid)
{
	pid_t *more = realloc(abandoned,
			      (abandoned_count + 1) * sizeof(*more));

	if (!more)
		return;
	abandoned = more;
	abandoned[abandoned_count++] = pid;
}

void process_forget(int fd, pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	reap_abandoned();
	/* No child of ours, or it has ended; else it is still to be reaped. */
	if (!waitid((idtype_t)P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG) &&
	    !info.si_pid)
		abandon(pid);
}

void processes_lock(void)
{
	lock_take(&lock);
}

void processes_unlock(void)
{
	lock_give(&lock);
}

void processes_in_child(void)
{
	abandoned_count = 0;
}
