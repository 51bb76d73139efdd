// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * What a section is: from the kernel, and from what was said at its creation.
 */
#include "internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * The kernel knows three bits of protection and nothing of caches.  What is
 * more is remembered by the process that created the section, and its children;
 * the others see a plain section.  There are few of them: most sections have
 * nothing that the kernel does not know.
 */
static struct memory_of {
	struct memory_of *next;
	uint64_t id;
	uint32_t page_protect;
	uint32_t cache;
} *remembered;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void section_remember(uint64_t id, uint32_t page_protect, uint32_t cache)
{
	struct memory_of *m;

	if (page_protect != PAGE_EXECUTE && !cache)
		return;
	m = malloc(sizeof(*m));
	if (!m)
		return;
	m->id = id;
	m->page_protect = page_protect;
	m->cache = cache;
	pthread_mutex_lock(&lock);
	m->next = remembered;
	remembered = m;
	pthread_mutex_unlock(&lock);
}

static void recall(struct section_facts *facts)
{
	static const uint32_t protects[] = {
		PAGE_READONLY, PAGE_READWRITE,
		PAGE_EXECUTE_READ, PAGE_EXECUTE_READWRITE,
	};
	struct memory_of *m;

	facts->page_protect = protects[(facts->prot >> 1) & 3];
	facts->cache = 0;
	pthread_mutex_lock(&lock);
	for (m = remembered; m && m->id != facts->id; m = m->next)
		;
	if (m) {
		facts->page_protect = m->page_protect;
		facts->cache = m->cache;
	}
	pthread_mutex_unlock(&lock);
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
	return found == 4 ? 0 : -1;
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
	pthread_mutex_lock(&lock);
}

void facts_unlock(void)
{
	pthread_mutex_unlock(&lock);
}
