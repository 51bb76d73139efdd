// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * What is done with open files.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static NTSTATUS get_file(HANDLE handle, uint32_t access, int *fd)
{
	struct object object;
	NTSTATUS status = handle_get(handle, OBJECT_FILE, fd, &object);

	if (status)
		return status;
	return access && !(object.access & access) ? STATUS_ACCESS_DENIED :
						     STATUS_SUCCESS;
}

static BOOL io_failed(int error)
{
	switch (error) {
	case EPIPE:
		SetLastError(ERROR_BROKEN_PIPE);
		return FALSE;
	case EFBIG:
		SetLastError(ERROR_DISK_FULL);
		return FALSE;
	}
	return win32_success(status_from_errno(error, STATUS_UNSUCCESSFUL));
}

static off_t place_of(const OVERLAPPED *overlapped)
{
	return (off_t)((uint64_t)overlapped->OffsetHigh << 32 |
		       overlapped->Offset);
}

/* Signals do not show. */
static ssize_t read_once(int fd, void *buffer, size_t size,
			 const OVERLAPPED *place)
{
	ssize_t got;

	do
		got = place ? pread(fd, buffer, size, place_of(place)) :
			      read(fd, buffer, size);
	while (got < 0 && errno == EINTR);
	return got;
}

/* Is it of the kind whose writers are killed when nobody reads? */
static bool breaks(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

/* A broken pipe is an error here, and no signal. */
static ssize_t write_quietly(int fd, const void *buffer, size_t size)
{
	const struct timespec none = { 0 };
	sigset_t pipe, old, pending;
	ssize_t put;
	int error;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &old);
	sigpending(&pending);
	put = write(fd, buffer, size);
	error = errno;
	if (put < 0 && error == EPIPE && !sigismember(&pending, SIGPIPE))
		while (sigtimedwait(&pipe, NULL, &none) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = error;
	return put;
}

static ssize_t write_once(int fd, const void *buffer, size_t size,
			  const OVERLAPPED *place, DWORD done)
{
	ssize_t put;

	do {
		if (place)
			put = pwrite(fd, buffer, size, place_of(place) + done);
		else if (breaks(fd))
			put = write_quietly(fd, buffer, size);
		else
			put = write(fd, buffer, size);
	} while (put < 0 && errno == EINTR);
	return put;
}

BOOL ReadFile(HANDLE hFile, LPVOID lpBuffer, DWORD nNumberOfBytesToRead,
	      LPDWORD lpNumberOfBytesRead, LPOVERLAPPED lpOverlapped)
{
	ssize_t got;
	int fd;

	if (lpNumberOfBytesRead)
		*lpNumberOfBytesRead = 0;
	if (!win32_success(get_file(hFile, FILE_READ_DATA, &fd)))
		return FALSE;
	got = read_once(fd, lpBuffer, nNumberOfBytesToRead, lpOverlapped);
	if (got < 0)
		return io_failed(errno);
	if (!got && nNumberOfBytesToRead && lpOverlapped) {
		SetLastError(ERROR_HANDLE_EOF);
		return FALSE;
	}
	if (lpNumberOfBytesRead)
		*lpNumberOfBytesRead = (DWORD)got;
	return TRUE;
}

BOOL WriteFile(HANDLE hFile, LPCVOID lpBuffer, DWORD nNumberOfBytesToWrite,
	       LPDWORD lpNumberOfBytesWritten, LPOVERLAPPED lpOverlapped)
{
	const char *from = lpBuffer;
	DWORD done = 0;
	ssize_t put = 0;
	int fd;

	if (lpNumberOfBytesWritten)
		*lpNumberOfBytesWritten = 0;
	if (!win32_success(get_file(hFile, FILE_WRITE_DATA | FILE_APPEND_DATA,
				    &fd)))
		return FALSE;
	while (done < nNumberOfBytesToWrite) {
		put = write_once(fd, from + done, nNumberOfBytesToWrite - done,
				 lpOverlapped, done);
		if (put <= 0)
			break;
		done += (DWORD)put;
	}
	if (lpNumberOfBytesWritten)
		*lpNumberOfBytesWritten = done;
	return put < 0 ? io_failed(errno) : TRUE;
}

BOOL GetFileSizeEx(HANDLE hFile, PLARGE_INTEGER lpFileSize)
{
	struct stat st;
	int fd;

	if (!win32_success(get_file(hFile, 0, &fd)))
		return FALSE;
	if (fstat(fd, &st))
		return io_failed(errno);
	lpFileSize->QuadPart = st.st_size;
	return TRUE;
}

DWORD GetFileSize(HANDLE hFile, LPDWORD lpFileSizeHigh)
{
	LARGE_INTEGER size;

	if (!GetFileSizeEx(hFile, &size))
		return INVALID_FILE_SIZE;
	if (lpFileSizeHigh)
		*lpFileSizeHigh = (DWORD)size.HighPart;
	if (size.LowPart == INVALID_FILE_SIZE)
		SetLastError(ERROR_SUCCESS);
	return size.LowPart;
}

BOOL SetFilePointerEx(HANDLE hFile, LARGE_INTEGER liDistanceToMove,
		      PLARGE_INTEGER lpNewFilePointer, DWORD dwMoveMethod)
{
	off_t at;
	int fd;

	if (!win32_success(get_file(hFile, 0, &fd)))
		return FALSE;
	if (dwMoveMethod > FILE_END) {
		SetLastError(ERROR_INVALID_PARAMETER);
		return FALSE;
	}
	at = lseek(fd, liDistanceToMove.QuadPart,
		   dwMoveMethod == FILE_BEGIN ? SEEK_SET :
		   dwMoveMethod == FILE_CURRENT ? SEEK_CUR : SEEK_END);
	if (at < 0) {
		SetLastError(errno == EINVAL ? ERROR_NEGATIVE_SEEK :
					       ERROR_INVALID_FUNCTION);
		return FALSE;
	}
	if (lpNewFilePointer)
		lpNewFilePointer->QuadPart = at;
	return TRUE;
}

DWORD SetFilePointer(HANDLE hFile, LONG lDistanceToMove,
		     PLONG lpDistanceToMoveHigh, DWORD dwMoveMethod)
{
	LARGE_INTEGER distance, at;

	distance.QuadPart = lDistanceToMove;
	if (lpDistanceToMoveHigh)
		distance.HighPart = *lpDistanceToMoveHigh;
	if (!SetFilePointerEx(hFile, distance, &at, dwMoveMethod))
		return INVALID_SET_FILE_POINTER;
	if (lpDistanceToMoveHigh)
		*lpDistanceToMoveHigh = at.HighPart;
	if (at.LowPart == INVALID_SET_FILE_POINTER)
		SetLastError(ERROR_SUCCESS);
	return at.LowPart;
}

BOOL SetEndOfFile(HANDLE hFile)
{
	struct stat st;
	off_t end;
	int fd;

	if (!win32_success(get_file(hFile, FILE_WRITE_DATA, &fd)))
		return FALSE;
	end = lseek(fd, 0, SEEK_CUR);
	if (end < 0 || fstat(fd, &st))
		return io_failed(errno);
	if (!win32_success(file_mapped_beyond(&st, (uint64_t)end))) /* F10 */
		return FALSE;
	while (ftruncate(fd, end))
		if (errno != EINTR)
			return io_failed(errno);
	return TRUE;
}

BOOL FlushFileBuffers(HANDLE hFile)
{
	int fd;

	if (!win32_success(get_file(hFile, FILE_WRITE_DATA | FILE_APPEND_DATA,
				    &fd)))
		return FALSE;
	while (fsync(fd))
		if (errno != EINTR)
			return io_failed(errno);
	return TRUE;
}

DWORD GetFileType(HANDLE hFile)
{
	struct stat st;
	int fd;

	if (get_file(hFile, 0, &fd) || fstat(fd, &st)) {
		SetLastError(ERROR_INVALID_HANDLE);	/* A8 */
		return FILE_TYPE_UNKNOWN;
	}
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
	case S_IFBLK:
		return FILE_TYPE_DISK;
	case S_IFCHR:
		return FILE_TYPE_CHAR;
	case S_IFIFO:
	case S_IFSOCK:
		return FILE_TYPE_PIPE;
	}
	SetLastError(ERROR_SUCCESS);
	return FILE_TYPE_UNKNOWN;
}

HANDLE GetStdHandle(DWORD nStdHandle)
{
	switch (nStdHandle) {
	case STD_INPUT_HANDLE:
	case STD_OUTPUT_HANDLE:
	case STD_ERROR_HANDLE:
		return (HANDLE)((uintptr_t)(STD_INPUT_HANDLE - nStdHandle + 1)
				<< 2);
	}
	SetLastError(ERROR_INVALID_PARAMETER);
	return INVALID_HANDLE_VALUE;
}
