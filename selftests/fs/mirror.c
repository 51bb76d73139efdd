// SPDX-License-Identifier: GPL-2.0-only
/*
 * A FUSE file system that shows a directory: every request is the same call on
 * the file behind it. The kernel keeps pages and attributes as for any FUSE file
 * system that asks for nothing special.
 *
 * usage: section_mirror SOURCE MOUNTPOINT [FUSE OPTION...]
 */
#define _GNU_SOURCE
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int source;

/* Paths come with a slash in front. */
static const char *below(const char *path)
{
	return path[1] ? path + 1 : ".";
}

static int result(int ret)
{
	return ret < 0 ? -errno : ret;
}

static int mirror_getattr(const char *path, struct stat *st,
			  struct fuse_file_info *file)
{
	(void)file;
	return result(fstatat(source, below(path), st, AT_SYMLINK_NOFOLLOW));
}

/* Buffers are where the library has put them: O_DIRECT is for the kernel only. */
static int mirror_open(const char *path, struct fuse_file_info *file)
{
	int fd = openat(source, below(path), file->flags & ~O_DIRECT);

	file->fh = fd;
	return fd < 0 ? -errno : 0;
}

static int mirror_create(const char *path, mode_t mode,
			 struct fuse_file_info *file)
{
	int fd = openat(source, below(path), file->flags & ~O_DIRECT, mode);

	file->fh = fd;
	return fd < 0 ? -errno : 0;
}

static int mirror_read(const char *path, char *buffer, size_t size,
		       off_t offset, struct fuse_file_info *file)
{
	(void)path;
	return result(pread(file->fh, buffer, size, offset));
}

static int mirror_write(const char *path, const char *buffer, size_t size,
			off_t offset, struct fuse_file_info *file)
{
	(void)path;
	return result(pwrite(file->fh, buffer, size, offset));
}

static int mirror_truncate(const char *path, off_t size,
			   struct fuse_file_info *file)
{
	int fd, ret;

	if (file)
		return result(ftruncate(file->fh, size));
	fd = openat(source, below(path), O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = result(ftruncate(fd, size));
	close(fd);
	return ret;
}

static int mirror_fallocate(const char *path, int mode, off_t offset,
			    off_t length, struct fuse_file_info *file)
{
	(void)path;
	return result(fallocate(file->fh, mode, offset, length));
}

static int mirror_fsync(const char *path, int data, struct fuse_file_info *file)
{
	(void)path;
	return result(data ? fdatasync(file->fh) : fsync(file->fh));
}

static int mirror_release(const char *path, struct fuse_file_info *file)
{
	(void)path;
	return result(close(file->fh));
}

static int mirror_unlink(const char *path)
{
	return result(unlinkat(source, below(path), 0));
}

static const struct fuse_operations mirror = {
	.getattr = mirror_getattr,
	.open = mirror_open,
	.create = mirror_create,
	.read = mirror_read,
	.write = mirror_write,
	.truncate = mirror_truncate,
	.fallocate = mirror_fallocate,
	.fsync = mirror_fsync,
	.release = mirror_release,
	.unlink = mirror_unlink,
};

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: %s SOURCE MOUNTPOINT [OPTION...]\n",
			argv[0]);
		return 2;
	}
	source = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (source < 0) {
		perror(argv[1]);
		return 1;
	}
	argv[1] = argv[0];
	return fuse_main(argc - 1, argv + 1, &mirror, NULL);
}
