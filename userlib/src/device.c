// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * /dev/section itself.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

int section_device_open(void)
{
	int fd = open("/dev/section", O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	switch (errno) {
	case ENOENT:	/* no node: not loaded, or a /dev without it */
	case ENOTDIR:
	case ENXIO:	/* a node that outlived the module */
	case ENODEV:
		errno = ENOSYS;
		break;
	case EACCES:	/* permissions of the node, device cgroup, sandbox */
		errno = EPERM;
		break;
	}
	return -1;
}

int section_device_ioctl(int device, unsigned long request, void *argument)
{
	int fd, ret, error;

	if (device != SECTION_DEVICE_DEFAULT)
		return ioctl(device, request, argument);

	fd = section_device_open();
	if (fd < 0)
		return -1;
	ret = ioctl(fd, request, argument);
	error = errno;
	close(fd);
	/* A node of this name that is something else is as good as none. */
	errno = ret < 0 && error == ENOTTY ? ENOSYS : error;
	return ret;
}

int section_version_at(int device)
{
	return section_device_ioctl(device, SECTION_IOC_VERSION, NULL);
}

int section_version(void)
{
	return section_version_at(SECTION_DEVICE_DEFAULT);
}
