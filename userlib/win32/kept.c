// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Descriptors that the library keeps for itself, to be able to ask what is
 * mapped when there are no descriptors to be had, or when the process has become
 * one that may not open its own files in /proc any more.
 *
 * Two of them belong to one address space, so a child of fork(2) opens its own.
 * A program may close what it does not know; by then the number may be something
 * of its own, which is left alone.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Out of the way of programs that count on low numbers. */
#define LOWEST_NUMBER	20

static struct lock lock = LOCK_INITIALIZER;
static pid_t owner;
static struct kept_file {
	int fd;
	dev_t device;
	ino_t inode;
} files[KEPT_COUNT] = { { .fd = -1 }, { .fd = -1 }, { .fd = -1 } };

static bool is_open(const struct kept_file *file)
{
	struct stat st;

	return file->fd >= 0 && !fstat(file->fd, &st) &&
	       st.st_dev == file->device && st.st_ino == file->inode;
}

static int open_anew(enum kept which)
{
	int low, high;

	switch (which) {
	case KEPT_DEVICE:
		low = section_device_open();
		break;
	case KEPT_MAPS:
		low = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
		break;
	default:
		low = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	}
	if (low < 0)
		return -1;
	high = fcntl(low, F_DUPFD_CLOEXEC, LOWEST_NUMBER);
	if (high < 0 && low > STDERR_FILENO)
		return low;
	close(low);
	return high;
}

/* What was copied from the parent tells about the parent. */
static void begin_anew(void)
{
	enum kept which;

	for (which = 0; which < KEPT_COUNT; which++) {
		if (which == KEPT_DEVICE && owner)
			continue;
		if (is_open(&files[which]))
			close(files[which].fd);
		files[which].fd = -1;
	}
	owner = getpid();
}

static int find(enum kept which)
{
	struct kept_file *file = &files[which];
	struct stat st;

	if (owner != getpid())
		begin_anew();
	if (is_open(file))
		return file->fd;
	file->fd = open_anew(which);
	if (file->fd < 0 || fstat(file->fd, &st))
		return -1;
	file->device = st.st_dev;
	file->inode = st.st_ino;
	return file->fd;
}

int kept_fd(enum kept which)
{
	int fd;

	lock_take(&lock);
	fd = find(which);
	lock_give(&lock);
	return fd;
}

void kept_open(void)
{
	enum kept which;

	for (which = 0; which < KEPT_COUNT; which++)
		kept_fd(which);
}

void kept_lock(void)
{
	lock_take(&lock);
}

void kept_unlock(void)
{
	lock_give(&lock);
}
