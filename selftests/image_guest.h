/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An image that several users can have, and another process, of another user
 * perhaps, that has it until it is told to go.
 */
#ifndef IMAGE_GUEST_H
#define IMAGE_GUEST_H

#include "image_util.h"

#include <sched.h>
#include <sys/mount.h>

/*
 * A file system of its own, at a directory made from the template @dir, with an
 * image at @path that everybody can read.  Returns a descriptor for reading, or -1.
 */
static inline int image_mounted(const char *kind, char *dir, char *path,
				size_t room, const struct pe_make *make)
{
	if (!mkdtemp(dir) || mount("none", dir, kind, 0, NULL) ||
	    chmod(dir, 0755))
		return -1;
	snprintf(path, room, "%s/image", dir);
	return image_put(path, make);
}

/* By somebody who may only read the file. */
static inline int create_as_alice(int dev, int file)
{
	int section;

	if (seteuid(SEC_ALICE))
		return -errno;
	section = create_image(dev, NULL, file, 0, SECTION_PROT_READ);
	return seteuid(0) ? -errno : section;
}

/* The page of an image that is no copy, which is closed. */
static inline unsigned char *page_of(int section, size_t rva)
{
	struct section_query_image query;
	unsigned char *page = MAP_FAILED;

	if (!query_image(section, &query, NULL, 0) &&
	    !(query.flags & SECTION_IMAGE_FROZEN))
		page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, section, rva);
	close(section);
	return page;
}

/* 0, or why it cannot be opened for writing. */
static inline int open_for_writing(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static inline void image_unmount(const char *dir)
{
	umount2(dir, MNT_DETACH);
	rmdir(dir);
}

struct guest {
	uid_t uid;
	int file;
	/* A descriptor of the parent's that it shall not keep, or 0. */
	int spare;
	/* In a network namespace of its own. */
	bool namespace;
	/* Where a shared segment is, in which it counts; or 0. */
	size_t shared;
	pid_t pid;
	int ends[2];
};

/* What it found. */
struct answer {
	int error;
	__u32 flags;
	__u64 base;
	unsigned char count;
};

/* Counts up in the shared segment.  Returns 0 or a negative error number. */
static inline int guest_count(const struct guest *g, int section,
			      struct answer *answer)
{
	unsigned char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				     MAP_SHARED, section, g->shared);

	if (shared == MAP_FAILED)
		return -errno;
	answer->count = ++shared[0];
	return 0;
}

static inline int guest_run(void *arg)
{
	struct guest *g = arg;
	struct section_query_image query = { 0 };
	struct answer answer = { 0 };
	int section, dev = sec_dev();
	char byte;

	if (g->spare > 0)
		close(g->spare);
	if (g->namespace && unshare(CLONE_NEWNET))
		return 1;
	if (g->uid && sec_become(g->uid, g->uid))
		return 1;
	section = create_image(dev, NULL, g->file, 0,
			       g->shared ? SEC_PROT_RW : SECTION_PROT_READ);
	answer.error = section < 0 ? section :
		       query_image(section, &query, NULL, 0);
	answer.flags = query.flags;
	answer.base = query.base;
	if (!answer.error && g->shared)
		answer.error = guest_count(g, section, &answer);
	return write(g->ends[1], &answer, sizeof(answer)) != sizeof(answer) ||
	       read(g->ends[1], &byte, 1) < 0;
}

static inline struct answer guest_start(struct guest *g)
{
	struct answer answer = { .error = -EIO };

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, g->ends))
		return answer;
	g->pid = sec_fork(guest_run, g);
	close(g->ends[1]);
	if (read(g->ends[0], &answer, sizeof(answer)) != sizeof(answer))
		answer.error = -EIO;
	return answer;
}

static inline int guest_stop(struct guest *g)
{
	/* Those that were started later have the descriptor, too. */
	shutdown(g->ends[0], SHUT_RDWR);
	close(g->ends[0]);
	return sec_wait(g->pid);
}

#endif /* IMAGE_GUEST_H */
