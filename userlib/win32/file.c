// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Files, as far as sections need them.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_READS	(FILE_READ_DATA | FILE_EXECUTE)
#define FILE_WRITES	(FILE_WRITE_DATA | FILE_APPEND_DATA)

/* Errors of paths differ from those of names. */
static DWORD path_error(int error)
{
	switch (error) {
	case ENOENT:
		return ERROR_FILE_NOT_FOUND;
	case ENOTDIR:
	case ELOOP:
		return ERROR_PATH_NOT_FOUND;
	case EEXIST:
		return ERROR_FILE_EXISTS;
	case EISDIR:
		return ERROR_ACCESS_DENIED;
	case EFBIG:
		return ERROR_DISK_FULL;
	case ENAMETOOLONG:
		return ERROR_FILENAME_EXCED_RANGE;
	}
	return RtlNtStatusToDosError(status_from_errno(error,
						       STATUS_UNSUCCESSFUL));
}

/* The directory is missing, not only the file in it. */
static DWORD missing_error(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct stat st;
	char *directory;
	bool missing;

	if (!slash || slash == path)
		return ERROR_FILE_NOT_FOUND;
	directory = strndup(path, (size_t)(slash - path));
	missing = directory && stat(directory, &st);
	free(directory);
	return missing ? ERROR_PATH_NOT_FOUND : ERROR_FILE_NOT_FOUND;
}

static HANDLE open_failed(const char *path)
{
	SetLastError(errno == ENOENT ? missing_error(path) : path_error(errno));
	return INVALID_HANDLE_VALUE;
}

static uint32_t granted(DWORD access)
{
	uint32_t mask = access & FILE_ALL_ACCESS;

	if (access & (GENERIC_READ | GENERIC_ALL))
		mask |= FILE_GENERIC_READ;
	if (access & (GENERIC_WRITE | GENERIC_ALL))
		mask |= FILE_GENERIC_WRITE;
	if (access & (GENERIC_EXECUTE | GENERIC_ALL))
		mask |= FILE_GENERIC_EXECUTE;
	if (access & (GENERIC_ALL | MAXIMUM_ALLOWED))
		mask |= FILE_ALL_ACCESS;
	return mask | FILE_READ_ATTRIBUTES;
}

static int access_flags(uint32_t access)
{
	if (access & FILE_WRITES)
		return access & FILE_READS ? O_RDWR : O_WRONLY;
	return access & FILE_READS ? O_RDONLY : O_PATH;
}

static int disposition_flags(DWORD disposition)
{
	switch (disposition) {
	case CREATE_NEW:
		return O_CREAT | O_EXCL;
	case CREATE_ALWAYS:
		return O_CREAT | O_TRUNC;
	case OPEN_ALWAYS:
		return O_CREAT;
	case TRUNCATE_EXISTING:
		return O_TRUNC;
	}
	return 0;
}

static NTSTATUS check_arguments(DWORD access, DWORD share, DWORD disposition,
				DWORD flags)
{
	if (share & ~(FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE) ||
	    disposition < CREATE_NEW || disposition > TRUNCATE_EXISTING)
		return STATUS_INVALID_PARAMETER;
	if (disposition == TRUNCATE_EXISTING && !(granted(access) & FILE_WRITES))
		return STATUS_INVALID_PARAMETER;
	return flags & FILE_FLAG_OVERLAPPED ? STATUS_NOT_SUPPORTED :
					      STATUS_SUCCESS;
}

/*
 * O_PATH neither creates nor truncates; a handle without any access is made of
 * one that does.
 */
static int open_file(const char *path, uint32_t access, DWORD disposition,
		     DWORD attributes)
{
	int flags = access_flags(access) | disposition_flags(disposition);
	mode_t mode = attributes & FILE_ATTRIBUTE_READONLY ? 0444 : 0666;
	int fd, bare;

	if (attributes & FILE_FLAG_WRITE_THROUGH)
		flags |= O_DSYNC;
	if (!(flags & O_PATH) || disposition == OPEN_EXISTING)
		return open(path, flags | O_CLOEXEC, mode);
	fd = open(path, (flags & ~O_PATH) | O_RDONLY | O_CLOEXEC, mode);
	if (fd < 0)
		return fd;
	bare = open(path, O_PATH | O_CLOEXEC);
	close(fd);
	return bare;
}

static int open_regular(const char *path, uint32_t access, DWORD disposition,
			DWORD attributes)
{
	int fd = open_file(path, access, disposition, attributes);
	struct stat st;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && !S_ISDIR(st.st_mode))
		return fd;
	close(fd);
	errno = EISDIR;
	return -1;
}

/* NULL without memory, or if there is no such file any more. */
static struct doomed_file *doom(const char *path)
{
	char *whole = realpath(path, NULL);
	struct doomed_file *doomed = NULL;

	if (whole)
		doomed = calloc(1, sizeof(*doomed) + strlen(whole) + 1);
	if (doomed) {
		doomed->owner = getpid();
		doomed->handles = 1;
		strcpy(doomed->path, whole);
	}
	free(whole);
	return doomed;
}

static HANDLE create_file(char *path, DWORD access,
			  LPSECURITY_ATTRIBUTES security, DWORD disposition,
			  DWORD attributes)
{
	struct object object = { .type = OBJECT_FILE };
	struct stat st;
	bool existed = !stat(path, &st);
	HANDLE handle;
	int fd;

	/* F4 */
	if (existed && disposition_flags(disposition) & O_TRUNC &&
	    !win32_success(file_mapped_beyond(&st, 0)))
		return INVALID_HANDLE_VALUE;
	object.access = granted(access);
	fd = open_regular(path, object.access, disposition, attributes);
	if (fd < 0)
		return open_failed(path);
	if (security && security->bInheritHandle)
		fcntl(fd, F_SETFD, 0);
	if (attributes & FILE_FLAG_DELETE_ON_CLOSE)
		object.doomed = doom(path);
	if (!win32_success(handle_create(fd, &object, &handle))) {
		free(object.doomed);
		return INVALID_HANDLE_VALUE;
	}
	if (disposition == CREATE_ALWAYS || disposition == OPEN_ALWAYS)
		SetLastError(existed ? ERROR_ALREADY_EXISTS : ERROR_SUCCESS);
	return handle;
}

/* A copy with the slashes of Linux; NULL with the last error. */
static char *linux_path(const char *path)
{
	char *copy = path ? strdup(path) : NULL;
	char *p;

	if (!copy) {
		SetLastError(path ? ERROR_NOT_ENOUGH_MEMORY :
				    ERROR_PATH_NOT_FOUND);
		return NULL;
	}
	for (p = copy; *p; p++)
		if (*p == '\\')
			*p = '/';
	return copy;
}

HANDLE CreateFileA(LPCSTR lpFileName, DWORD dwDesiredAccess, DWORD dwShareMode,
		   LPSECURITY_ATTRIBUTES lpSecurityAttributes,
		   DWORD dwCreationDisposition, DWORD dwFlagsAndAttributes,
		   HANDLE hTemplateFile)
{
	HANDLE handle;
	char *path;

	(void)hTemplateFile;
	if (!win32_success(check_arguments(dwDesiredAccess, dwShareMode,
					   dwCreationDisposition,
					   dwFlagsAndAttributes)))
		return INVALID_HANDLE_VALUE;
	path = linux_path(lpFileName);
	if (!path)
		return INVALID_HANDLE_VALUE;
	handle = create_file(path, dwDesiredAccess, lpSecurityAttributes,
			     dwCreationDisposition, dwFlagsAndAttributes);
	free(path);
	return handle;
}

HANDLE CreateFileW(LPCWSTR lpFileName, DWORD dwDesiredAccess,
		   DWORD dwShareMode,
		   LPSECURITY_ATTRIBUTES lpSecurityAttributes,
		   DWORD dwCreationDisposition, DWORD dwFlagsAndAttributes,
		   HANDLE hTemplateFile)
{
	char *path = utf8_from_utf16(lpFileName);
	HANDLE handle;

	if (lpFileName && !path) {
		SetLastError(ERROR_NOT_ENOUGH_MEMORY);
		return INVALID_HANDLE_VALUE;
	}
	handle = CreateFileA(path, dwDesiredAccess, dwShareMode,
			     lpSecurityAttributes, dwCreationDisposition,
			     dwFlagsAndAttributes, hTemplateFile);
	free(path);
	return handle;
}

BOOL DeleteFileA(LPCSTR lpFileName)
{
	char *path = linux_path(lpFileName);
	BOOL done;

	if (!path)
		return FALSE;
	done = !unlink(path);
	if (!done)
		open_failed(path);
	free(path);
	return done;
}

BOOL DeleteFileW(LPCWSTR lpFileName)
{
	char *path = utf8_from_utf16(lpFileName);
	BOOL done;

	if (lpFileName && !path) {
		SetLastError(ERROR_NOT_ENOUGH_MEMORY);
		return FALSE;
	}
	done = DeleteFileA(path);
	free(path);
	return done;
}
