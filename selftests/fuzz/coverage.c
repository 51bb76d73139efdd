// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which code of the module ran, told by KCOV: nothing else in the kernel is
 * compiled for it.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/kcov.h>

#include "fuzz.h"

#define KCOV_PATH	"/sys/kernel/debug/kcov"
#define ENTRIES		(64UL << 10)

static unsigned long text_base(void)
{
	static unsigned long base;
	FILE *file;

	if (base)
		return base;
	file = fopen("/sys/module/section/sections/.text", "r");
	if (!file || fscanf(file, "%lx", &base) != 1)
		base = 1;
	if (file)
		fclose(file);
	return base;
}

bool cover_open(struct cover *cover)
{
	cover->area = NULL;
	cover->fd = open(KCOV_PATH, O_RDWR | O_CLOEXEC);
	if (cover->fd < 0 || ioctl(cover->fd, KCOV_INIT_TRACE, ENTRIES))
		return false;
	cover->area = mmap(NULL, ENTRIES * sizeof(*cover->area),
			   PROT_READ | PROT_WRITE, MAP_SHARED, cover->fd, 0);
	if (cover->area == MAP_FAILED)
		cover->area = NULL;
	return cover->area && text_base() > 1;
}

void cover_reset(struct cover *cover)
{
	if (cover->area)
		cover->area[0] = 0;
}

/* For the calling thread, until it ends. */
void cover_start(struct cover *cover)
{
	if (cover->area)
		ioctl(cover->fd, KCOV_ENABLE, KCOV_TRACE_PC);
}

/* From here on it is operation @at; nothing but the calling thread writes. */
void cover_mark(struct cover *cover, unsigned int at)
{
	unsigned long count;

	if (!cover->area)
		return;
	count = cover->area[0];
	if (count + 1 >= ENTRIES)
		return;
	cover->area[count + 1] = at + 1;
	cover->area[0] = count + 1;
}

static bool found_new(atomic_uchar *seen, atomic_uint *count)
{
	if (atomic_load_explicit(seen, memory_order_relaxed) ||
	    atomic_exchange(seen, 1))
		return false;
	atomic_fetch_add(count, 1);
	return true;
}

/*
 * An edge is between two places in one operation; the first place's is from
 * the kind of the operation.
 *
 * Return: how many operations it takes to get to the last of what is new, 0 if
 * nothing is new.
 */
int cover_judge(struct cover *cover, const struct program *program,
		struct found *found)
{
	unsigned long count, i, at = 0, edge, last = 0;
	int needed = 0;

	if (!cover->area)
		return 0;
	count = cover->area[0];
	for (i = 1; i <= count && i < ENTRIES; i++) {
		unsigned long pc = cover->area[i];

		if (pc <= OPS_MAX) {
			at = pc - 1;
			last = program->op[at].kind;
			continue;
		}
		pc -= text_base();
		if (pc >= PCS_MAX)
			continue;
		edge = (last * 0x9e3779b1UL ^ pc * 0x85ebca6bUL) >> 7;
		edge %= EDGES_MAX;
		if (found_new(&found->pcs[pc], &found->pc_count))
			needed = at + 1;
		if (found_new(&found->edges[edge], &found->edge_count))
			needed = at + 1;
		last = pc;
	}
	return needed;
}
