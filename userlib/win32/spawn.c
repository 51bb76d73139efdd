// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * CreateProcess: fork(2) and execve(2), with what the child shall have.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct program {
	const char *path;	/* NULL: search for argv[0] */
	char **argv;
	char **envp;
	const char *directory;
	bool inherit;
	int standard[3];	/* -1 for those of the parent */
};

static DWORD spawn_error(int error)
{
	switch (error) {
	case ENOENT:
		return ERROR_FILE_NOT_FOUND;
	case ENOTDIR:
		return ERROR_PATH_NOT_FOUND;
	case ENOEXEC:
		return ERROR_BAD_EXE_FORMAT;
	case E2BIG:
	case EAGAIN:
		return ERROR_NOT_ENOUGH_MEMORY;
	}
	return RtlNtStatusToDosError(status_from_errno(error,
						       STATUS_UNSUCCESSFUL));
}

/* Above the standard ones, so that none is overwritten before it is used. */
static bool set_standard(const int *standard)
{
	int copies[3], i;

	for (i = 0; i < 3; i++)
		copies[i] = standard[i] < 0 ? -1 :
			    fcntl(standard[i], F_DUPFD_CLOEXEC, 3);
	for (i = 0; i < 3; i++)
		if (standard[i] >= 0 &&
		    (copies[i] < 0 || dup2(copies[i], i) < 0))
			return false;
	return true;
}

/* In the child. */
__attribute__((__noreturn__))
static void become(const struct program *p, int report)
{
	if (!p->inherit)
		handles_close_inheritable();
	if (set_standard(p->standard) &&
	    (!p->directory || !chdir(p->directory))) {
		if (p->path)
			execve(p->path, p->argv, p->envp);
		else
			execvpe(p->argv[0], p->argv, p->envp);
	}
	/* The other end reads the number; if it does not, it is gone. */
	if (write(report, &errno, sizeof(errno)) < 0)
		_exit(126);
	_exit(127);
}

/* Above the standard ones, which the child may replace. */
static bool report_pipe(int *report)
{
	int i, low, error;

	if (pipe2(report, O_CLOEXEC))
		return false;
	for (i = 0; i < 2; i++) {
		low = report[i];
		if (low > STDERR_FILENO)
			continue;
		report[i] = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		error = errno;
		close(low);
		if (report[i] < 0) {
			close(report[!i]);
			errno = error;
			return false;
		}
	}
	return true;
}

/* Why the child could not become the program: an errno value, or 0. */
static int read_report(int report)
{
	ssize_t got;
	int error;

	do
		got = read(report, &error, sizeof(error));
	while (got < 0 && errno == EINTR);
	return got > 0 ? error : 0;
}

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* The process, or -1 with errno if the program could not be started. */
static pid_t start(const struct program *p)
{
	int report[2], error;
	pid_t pid;

	if (!report_pipe(report))
		return -1;
	pid = fork();
	if (!pid)
		become(p, report[1]);
	error = pid < 0 ? errno : 0;
	close(report[1]);
	if (pid > 0) {
		error = read_report(report[0]);
		if (error)
			reap(pid);
	}
	close(report[0]);
	errno = error;
	return error ? -1 : pid;
}

static NTSTATUS process_handle(pid_t pid, const SECURITY_ATTRIBUTES *security,
			       HANDLE *handle)
{
	struct object object = {
		.type = OBJECT_PROCESS,
		.access = PROCESS_ALL_ACCESS,
		.pid = pid,
	};
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		return status_from_errno(errno, STATUS_UNSUCCESSFUL);
	if (security && security->bInheritHandle)
		fcntl(fd, F_SETFD, 0);
	return handle_create(fd, &object, handle);
}

static NTSTATUS fill_information(pid_t pid, const SECURITY_ATTRIBUTES *process,
				 const SECURITY_ATTRIBUTES *thread,
				 PROCESS_INFORMATION *information)
{
	NTSTATUS status;

	memset(information, 0, sizeof(*information));
	status = process_handle(pid, process, &information->hProcess);
	if (!status)
		status = process_handle(pid, thread, &information->hThread);
	information->dwProcessId = (DWORD)pid;
	information->dwThreadId = (DWORD)pid;
	return status;
}

/* The strings of a block, terminated by an empty one. */
static size_t count_block(const char *block)
{
	size_t count = 0;

	for (; *block; block += strlen(block) + 1)
		count++;
	return count;
}

static bool is_ours(const char *variable)
{
	return !strncmp(variable, HANDLES_VARIABLE "=",
			sizeof(HANDLES_VARIABLE)) ||
	       !strncmp(variable, REMOTE_VARIABLE "=",
			sizeof(REMOTE_VARIABLE));
}

/*
 * The environment of the child, to be freed: what the caller gave or has, and
 * two variables for the library in the child.
 */
static char **make_environment(const char *block, char *handles)
{
	static char remote[] = REMOTE_VARIABLE "=1";
	size_t count = 0, i;
	char **envp;

	if (block)
		count = count_block(block);
	else
		while (environ && environ[count])
			count++;
	envp = malloc((count + 3) * sizeof(*envp));
	if (!envp)
		return NULL;
	for (i = 0; count; count--) {
		char *variable = block ? (char *)(uintptr_t)block :
					 environ[count - 1];

		if (!is_ours(variable))
			envp[i++] = variable;
		if (block)
			block += strlen(block) + 1;
	}
	envp[i++] = remote;
	if (handles)
		envp[i++] = handles;
	envp[i] = NULL;
	return envp;
}

/* "VARIABLE=..." to be freed, or NULL for none. */
static char *handles_variable(bool inherit, const int *standard)
{
	char *list = handles_describe(inherit, standard);
	char *variable = NULL;

	if (list && *list &&
	    asprintf(&variable, "%s=%s", HANDLES_VARIABLE, list) < 0)
		variable = NULL;
	free(list);
	return variable;
}

static bool get_standard(const STARTUPINFOA *startup, int *standard)
{
	const HANDLE handles[] = {
		startup ? startup->hStdInput : NULL,
		startup ? startup->hStdOutput : NULL,
		startup ? startup->hStdError : NULL,
	};
	struct object object;
	int i;

	for (i = 0; i < 3; i++) {
		standard[i] = -1;
		if (!startup || !(startup->dwFlags & STARTF_USESTDHANDLES) ||
		    !handles[i] || handles[i] == INVALID_HANDLE_VALUE)
			continue;
		if (!win32_success(handle_get_any(handles[i], &standard[i],
						  &object)))
			return false;
	}
	return true;
}

static void free_program(struct program *p, char *handles)
{
	if (p->argv && p->argv[0])
		free(p->argv[0]);
	free(p->argv);
	free(p->envp);
	free(handles);
}

static BOOL run(struct program *p, const SECURITY_ATTRIBUTES *process,
		const SECURITY_ATTRIBUTES *thread,
		PROCESS_INFORMATION *information)
{
	NTSTATUS status;
	pid_t pid;

	if (!p->argv || !p->envp)
		return win32_success(STATUS_NO_MEMORY);
	if (!p->argv[0])
		return win32_success(STATUS_INVALID_PARAMETER);
	pid = start(p);
	if (pid < 0) {
		SetLastError(spawn_error(errno));
		return FALSE;
	}
	status = fill_information(pid, process, thread, information);
	if (!NT_SUCCESS(status)) {
		kill(pid, SIGKILL);
		reap(pid);
	}
	return win32_success(status);
}

BOOL CreateProcessA(LPCSTR lpApplicationName, LPSTR lpCommandLine,
		    LPSECURITY_ATTRIBUTES lpProcessAttributes,
		    LPSECURITY_ATTRIBUTES lpThreadAttributes,
		    BOOL bInheritHandles, DWORD dwCreationFlags,
		    LPVOID lpEnvironment, LPCSTR lpCurrentDirectory,
		    LPSTARTUPINFOA lpStartupInfo,
		    LPPROCESS_INFORMATION lpProcessInformation)
{
	const char *line = lpCommandLine ? lpCommandLine : lpApplicationName;
	struct program p = {
		.path = lpApplicationName,
		.directory = lpCurrentDirectory,
		.inherit = bInheritHandles,
	};
	char *handles;
	BOOL done;

	if (!line || pointer_bad(lpProcessInformation))
		return win32_success(STATUS_INVALID_PARAMETER);
	if (dwCreationFlags & CREATE_SUSPENDED)
		return win32_success(STATUS_NOT_SUPPORTED);
	if (!get_standard(lpStartupInfo, p.standard))
		return FALSE;
	handles = handles_variable(bInheritHandles, p.standard);
	p.argv = command_line_split(line);
	p.envp = make_environment(lpEnvironment, handles);
	done = run(&p, lpProcessAttributes, lpThreadAttributes,
		   lpProcessInformation);
	free_program(&p, handles);
	return done;
}

/* A block of wide strings as one of UTF-8; NULL for NULL, or without memory. */
static char *narrow_block(const WCHAR *block)
{
	size_t length = 0, used = 0;
	char *narrow;

	if (!block)
		return NULL;
	while (block[length])
		length += utf16_length(block + length) + 1;
	narrow = malloc(length * 3 + 1);
	while (narrow && *block) {
		char *one = utf8_from_utf16(block);

		if (!one)
			break;
		strcpy(narrow + used, one);
		used += strlen(one) + 1;
		free(one);
		block += utf16_length(block) + 1;
	}
	if (narrow)
		narrow[used] = '\0';
	return narrow;
}

BOOL CreateProcessW(LPCWSTR lpApplicationName, LPWSTR lpCommandLine,
		    LPSECURITY_ATTRIBUTES lpProcessAttributes,
		    LPSECURITY_ATTRIBUTES lpThreadAttributes,
		    BOOL bInheritHandles, DWORD dwCreationFlags,
		    LPVOID lpEnvironment, LPCWSTR lpCurrentDirectory,
		    LPSTARTUPINFOW lpStartupInfo,
		    LPPROCESS_INFORMATION lpProcessInformation)
{
	bool wide = dwCreationFlags & CREATE_UNICODE_ENVIRONMENT;
	char *block = wide ? narrow_block(lpEnvironment) : lpEnvironment;
	char *application = utf8_from_utf16(lpApplicationName);
	char *directory = utf8_from_utf16(lpCurrentDirectory);
	char *line = utf8_from_utf16(lpCommandLine);
	BOOL done;

	/* The two kinds of start information differ in strings that are unused. */
	done = CreateProcessA(application, line, lpProcessAttributes,
			      lpThreadAttributes, bInheritHandles,
			      dwCreationFlags, block, directory,
			      (LPSTARTUPINFOA)(void *)lpStartupInfo,
			      lpProcessInformation);
	free(application);
	free(directory);
	free(line);
	if (wide)
		free(block);
	return done;
}
