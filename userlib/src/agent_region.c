// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * What is mapped where, as /proc/self/maps tells it.
 */
#include "agent.h"
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * Without stdio, whose memory the allocator would take from a new arena for this
 * thread: asking should not change what is there.
 */
struct reader {
	int fd;
	size_t used;
	size_t have;
	char bytes[1024];
};

struct mapping {
	uint64_t start;
	uint64_t end;
	char flags[5];
};

static int next_byte(struct reader *maps)
{
	ssize_t length;

	if (maps->used == maps->have) {
		length = read(maps->fd, maps->bytes, sizeof(maps->bytes));
		if (length <= 0)
			return EOF;
		maps->used = 0;
		maps->have = (size_t)length;
	}
	return (unsigned char)maps->bytes[maps->used++];
}

/* The next line; of the path at its end, which can be long, nothing matters. */
static bool next(struct reader *maps, struct mapping *mapping)
{
	char line[64];
	size_t length = 0;
	int c = next_byte(maps);

	while (c != '\n' && c != EOF) {
		if (length < sizeof(line) - 1)
			line[length++] = (char)c;
		c = next_byte(maps);
	}
	line[length] = '\0';
	return sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &mapping->start,
		      &mapping->end, mapping->flags) == 3;
}

static void fill(struct agent_region *region, const struct mapping *mapping)
{
	region->range.address = mapping->start;
	region->range.length = mapping->end - mapping->start;
	region->flags = AGENT_REGION_MAPPED;
	if (mapping->flags[0] == 'r')
		region->prot |= PROT_READ;
	if (mapping->flags[1] == 'w')
		region->prot |= PROT_WRITE;
	if (mapping->flags[2] == 'x')
		region->prot |= PROT_EXEC;
	if (mapping->flags[3] == 's')
		region->flags |= AGENT_REGION_SHARED;
}

/* The mapping or the gap at an address; region is zero before. */
static void search(struct reader *maps, uint64_t address, struct agent_region *region)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct mapping mapping;
	uint64_t before = 0;

	while (next(maps, &mapping)) {
		if (address < mapping.start) {
			region->range.address = before;
			region->range.length = mapping.start - before;
			return;
		}
		if (address < mapping.end) {
			fill(region, &mapping);
			return;
		}
		before = mapping.end;
	}
	/* All but the last page, so that the end is a number. */
	region->range.address = before;
	region->range.length = (UINTPTR_MAX & ~(page - 1)) - before;
}

static int add_view(uint64_t address, struct agent_region *region)
{
	struct section_view_info info;

	if (section_query_view((const void *)(uintptr_t)address, &info)) {
		/* No view, or no sections here, or none that may be seen. */
		if (errno == EFAULT || errno == ENOSYS || errno == EPERM)
			return 0;
		return errno;
	}
	region->flags |= AGENT_REGION_VIEW;
	if (info.private_view)
		region->flags |= AGENT_REGION_PRIVATE;
	if (info.committed)
		region->flags |= AGENT_REGION_COMMITTED;
	if (info.inherited)
		region->flags |= AGENT_REGION_INHERITED;
	region->view.address = section_pointer(info.address);
	region->view.length = info.length;
	region->offset = info.offset;
	region->bytes = info.bytes;
	region->id = info.id;
	region->run = info.run;
	region->view_prot = info.prot;
	region->max_prot = info.max_prot;
	region->attributes = info.attributes;
	return 0;
}

int section_agent_region(uint64_t address, struct agent_region *region)
{
	struct reader maps = {
		.fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC),
	};

	if (maps.fd < 0)
		return errno;
	search(&maps, address, region);
	close(maps.fd);
	return region->flags & AGENT_REGION_MAPPED ? add_view(address, region) :
						     0;
}
