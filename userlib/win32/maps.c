// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * What Linux has mapped in this process, whoever asked for it.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* /proc/self/maps line by line, without memory of its own. */
struct reader {
	int fd;
	off_t at;
	size_t have;
	size_t used;
	char buffer[4096];
};

static bool fill(struct reader *r)
{
	ssize_t got;

	memmove(r->buffer, r->buffer + r->used, r->have - r->used);
	r->have -= r->used;
	r->used = 0;
	got = pread(r->fd, r->buffer + r->have, sizeof(r->buffer) - r->have,
		    r->at);
	if (got <= 0)
		return false;
	r->at += got;
	r->have += (size_t)got;
	return true;
}

/* The next line, terminated; of one that is too long, the beginning. */
static char *next_line(struct reader *r)
{
	char *line, *end;

	for (;;) {
		line = r->buffer + r->used;
		end = memchr(line, '\n', r->have - r->used);
		if (end || (r->have == sizeof(r->buffer) && !r->used))
			break;
		if (!fill(r))
			return NULL;
	}
	if (!end)
		end = r->buffer + sizeof(r->buffer) - 1;
	*end = '\0';
	r->used = (size_t)(end + 1 - r->buffer);
	return line;
}

static bool parse(const char *line, struct mapping *m)
{
	unsigned long start, end, offset, inode;
	unsigned int major, minor;
	char flags[8];

	if (sscanf(line, "%lx-%lx %7s %lx %x:%x %lu", &start, &end, flags,
		   &offset, &major, &minor, &inode) != 7)
		return false;
	m->start = start;
	m->end = end;
	m->prot = (flags[0] == 'r' ? PROT_READ : 0) |
		  (flags[1] == 'w' ? PROT_WRITE : 0) |
		  (flags[2] == 'x' ? PROT_EXEC : 0);
	m->shared = flags[3] == 's';
	m->device = makedev(major, minor);
	m->inode = inode;
	return true;
}

NTSTATUS mapping_find(uintptr_t address, struct mapping *mapping)
{
	struct reader reader = { .fd = kept_fd(KEPT_MAPS) };
	bool found = false;
	char *line;

	if (reader.fd < 0)
		return status_from_errno(errno, STATUS_UNSUCCESSFUL);
	while (!found && (line = next_line(&reader)))
		found = parse(line, mapping) && mapping->end > address;
	/* There is always one: the one that holds this function. */
	if (!reader.at)
		return STATUS_UNSUCCESSFUL;
	if (!found)
		*mapping = (struct mapping){
			.start = UINTPTR_MAX, .end = UINTPTR_MAX,
		};
	return STATUS_SUCCESS;
}
