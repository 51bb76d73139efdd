/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sections of files: what the programs have in common that vm/check-fs.sh runs on
 * each file system.  guest.sh tells them by their environment where that is:
 *
 *	SECTION_FS_DIR		a directory of the file system
 *	SECTION_FS_SMALL	a directory of a small one of the same kind
 *	SECTION_FS_FREEZE	what to freeze so that the file system is frozen
 *	SECTION_FS_MOUNT	where it is mounted, to remount it
 *	SECTION_FS_BEHIND	where the same files are to be had behind the file
 *				system's back, as if by another machine
 *
 * Include it after kselftest_harness.h.
 */
#ifndef FS_UTIL_H
#define FS_UTIL_H

#include "../section_view_util.h"

#define RW	(PROT_READ | PROT_WRITE)
#define AT(view, n) ((view) + (n) * self->page)
#define PAGES	16

static inline const char *place(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

FIXTURE(fs) {
	int dev;
	int file;
	size_t page;
	char path[256];
};

/* A new file of PAGES pages, page n full of 'a' + n. */
static inline int new_file(const char *dir, const char *name, char *path, size_t size)
{
	size_t i;
	int fd;

	snprintf(path, size, "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	for (i = 0; fd >= 0 && i < PAGES; i++)
		if (!fill_page(fd, i, 'a' + i))
			return -EIO;
	return fd < 0 ? -errno : fd;
}

FIXTURE_SETUP(fs)
{
	const char *dir = place("SECTION_FS_DIR");

	ASSERT_NE(NULL, dir);
	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->file = new_file(dir, "directed", self->path, sizeof(self->path));
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(fs)
{
	unlink(self->path);
}

#endif /* FS_UTIL_H */
