// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * What a section is: from the kernel, and from what was said at its creation.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * The kernel knows three bits of protection and nothing of caches.  What is
 * more is remembered by the process that created the section, and its children;
 * the others see a plain section.  Of sections that have more, which is rare,
 * only the last ones are remembered: nobody says when the others are gone.
 */
#define REMEMBERED_MAX	256

static struct memory_of {
	uint64_t id;		/* 0 if there is none */
	uint32_t page_protect;
	uint32_t cache;
} remembered[REMEMBERED_MAX];

static unsigned int next;

static struct lock lock = LOCK_INITIALIZER;

void section_remember(uint64_t id, uint32_t page_protect, uint32_t cache)
{
	if (page_protect != PAGE_EXECUTE && !cache)
		return;
	lock_take(&lock);
	remembered[next].id = id;
	remembered[next].page_protect = page_protect;
	remembered[next].cache = cache;
	next = (next + 1) % REMEMBERED_MAX;
	lock_give(&lock);
}

static void recall(struct section_facts *facts)
{
	static const uint32_t protects[] = {
		PAGE_READONLY, PAGE_READWRITE,
		PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE,
	};
	size_t i;

	facts->page_protect = protects[(facts->prot >> 1) & 3];
	facts->cache = 0;
	lock_take(&lock);
	for (i = 0; i < REMEMBERED_MAX; i++) {
		if (remembered[i].id != facts->id)
			continue;
		facts->page_protect = remembered[i].page_protect;
		facts->cache = remembered[i].cache;
	}
	lock_give(&lock);
}

/* A handle that may not query still shows in /proc what it is. */
static int facts_from_proc(int fd, struct section_facts *facts)
{
	char path[64], line[256];
	int found = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		unsigned long long wide;
		unsigned int number;

		if (sscanf(line, "section-id: %llu", &wide) == 1)
			facts->id = wide, found++;
		else if (sscanf(line, "section-prot: %x", &number) == 1)
			facts->prot = number, found++;
		else if (sscanf(line, "section-rights: %x", &number) == 1)
			facts->rights = number, found++;
		else if (sscanf(line, "section-attributes: %x", &number) == 1)
			facts->attributes = number, found++;
	}
	fclose(file);
	if (found == 4)
		return 0;
	errno = EBADF;
	return -1;
}

int section_facts(int fd, struct section_facts *facts)
{
	struct section_info info;
	struct stat st;

	memset(facts, 0, sizeof(*facts));
	if (!section_query(fd, &info, NULL, 0)) {
		facts->id = info.id;
		facts->bytes = info.bytes;
		facts->base = (uintptr_t)info.base;
		facts->prot = info.prot;
		facts->rights = info.rights;
		facts->attributes = info.attributes;
	} else {
		if (errno != EACCES || fstat(fd, &st) ||
		    facts_from_proc(fd, facts))
			return -1;
		facts->bytes = (uint64_t)st.st_size;
	}
	recall(facts);
	return 0;
}

void facts_lock(void)
{
	lock_take(&lock);
}

void facts_unlock(void)
{
	lock_give(&lock);
}
