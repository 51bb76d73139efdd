/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an operation of fail_nth_root_test is done with, and whether afterwards all
 * is as it was before.
 */
#ifndef FAIL_NTH_WORLD_H
#define FAIL_NTH_WORLD_H

#include "section_view_util.h"
#include "fail_nth_util.h"

/* One that is not given back is more than the noise in Committed_AS. */
#define BYTES		(1 << 20)
/* How much of a file there is, and how large its section shall be. */
#define FILE_PAGES	3
#define GROWN_PAGES	6

/* What else happens on the machine meanwhile. */
#define NOISE		(512 << 10)

/* How many descriptors fit before a table grows; no test has more open. */
#define TABLE	64

/* sec_count_fds(), in a hurry. */
static int count_fds(void)
{
	int count = 0;
	int fd;

	for (fd = 0; fd < 2 * TABLE; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			count++;
	return count;
}

/* Mappings, of which a call leaves none that it has made for itself. */
static int count_maps(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	int c, count = 0;

	if (!maps)
		return -1;
	while ((c = getc_unlocked(maps)) != EOF)
		count += c == '\n';
	fclose(maps);
	return count;
}

/* What the module has, as debugfs tells, and the process. */
struct counts {
	long sections, handles, views;
	int fds, maps;
};

static void counts_take(struct counts *counts)
{
	counts->sections = sec_counter("sections");
	counts->handles = sec_counter("handles");
	counts->views = sec_counter("views");
	counts->fds = count_fds();
	counts->maps = count_maps();
}

static bool counts_are_back(void *arg)
{
	const struct counts *before = arg;
	struct counts now;

	counts_take(&now);
	return now.sections == before->sections &&
	       now.handles == before->handles && now.views == before->views &&
	       now.fds == before->fds && now.maps == before->maps;
}

/* Memory, with what CPUs keep count of by themselves. */
struct memory {
	long long committed, shmem;
};

static void memory_take(struct memory *memory)
{
	sec_read_number("/proc/sys/vm/stat_refresh");
	memory->committed = sec_meminfo("Committed_AS:");
	memory->shmem = sec_meminfo("Shmem:");
}

static bool memory_is_back(void *arg)
{
	const struct memory *before = arg;
	struct memory now;

	memory_take(&now);
	return now.committed <= before->committed + NOISE &&
	       now.shmem <= before->shmem + NOISE / 8;
}

/*
 * One attempt.
 */

enum naming { UNNAMED, SHORT_NAME, LONG_NAME };
enum place { ANONYMOUS, ON_TMPFS, ON_EXT4 };

struct world;

/**
 * struct operation - what is done, and the section that it is done with
 * @name: of the operation
 * @prepare: what comes before it; nothing of that fails
 * @run: the operation: what the kernel returns, or -errno
 * @check: whether afterwards everything is as it should be
 * @naming: whether the section has a name
 * @place: where its memory is
 * @flags: SECTION_CREATE_*
 * @prot: its protection, 0 for reading and writing
 * @map_flags: SECTION_MAP_* of the view that is made
 * @map_prot: its protection, 0 for reading and writing
 * @bytes: size, 0 for the usual one
 * @makes_fd: @run returns a descriptor
 * @may_be_none: no allocation is expected
 * @accounted: it moves a mapping that is accounted
 * @error: one more errno that is right
 */
struct operation {
	const char *name;
	bool (*prepare)(struct world *w);
	int (*run)(struct world *w);
	bool (*check)(struct world *w, int ret);
	enum naming naming;
	enum place place;
	__u32 flags;
	__u32 prot;
	__u32 map_flags;
	int map_prot;
	size_t bytes;
	bool makes_fd;
	bool may_be_none;
	bool accounted;
	int error;
};

union argument {
	struct section_create create;
	struct section_open open;
	struct section_list list;
	struct section_query query;
	struct section_query_view query_view;
	struct section_duplicate duplicate;
	struct section_map map;
	struct section_commit commit;
	struct section_commit_view commit_view;
	struct section_extend extend;
};

struct world {
	const struct operation *op;
	int nth;		/* where fail_nth() is told */
	unsigned int n;
	int dev, file, handle, ends[2];
	size_t page;
	char name[SECTION_NAME_MAX + 1];
	unsigned char *view, *other, *target;
	size_t length;
	pid_t child;
	int settled;		/* what was so before and is not to change */
	union argument arg, sent;
	char buffer[2048];
	bool written;		/* outputs although the call failed */
};

/* Say what is wrong. */
static bool wrong(const struct world *w, const char *what, long got)
{
	fprintf(stderr, "# %s, allocation %u: %s (%ld)\n", w->op->name, w->n,
		what, got);
	return false;
}

#define RIGHT(w, condition, got) \
	((condition) || wrong(w, "not so: " #condition, (long)(got)))

/* A call that fails writes nothing. */
static int call(struct world *w, int fd, unsigned long cmd)
{
	int ret;

	memcpy(&w->sent, &w->arg, sizeof(w->arg));
	ret = sec_ioctl(fd, cmd, &w->arg);
	w->written = ret < 0 && memcmp(&w->sent, &w->arg, sizeof(w->arg));
	return ret;
}

static size_t bytes_of(const struct world *w)
{
	if (w->op->place != ANONYMOUS)
		return w->page * (w->op->prot && !(w->op->prot &
						   SECTION_PROT_WRITE) ?
				  FILE_PAGES : GROWN_PAGES);
	return w->op->bytes ? w->op->bytes : BYTES;
}

static bool make_file(struct world *w)
{
	size_t i;

	if (w->op->place == ANONYMOUS)
		return true;
	w->file = unnamed_file(w->op->place == ON_EXT4 ? EXT4_DIR : "/tmp");
	if (w->file < 0)
		return wrong(w, "no file", errno);
	for (i = 0; i < FILE_PAGES; i++)
		if (!fill_page(w->file, i, 'f'))
			return wrong(w, "no page", errno);
	return true;
}

static void make_name(struct world *w)
{
	struct sec_name name = sec_unique();

	w->name[0] = 0;
	if (w->op->naming == UNNAMED)
		return;
	snprintf(w->name, sizeof(w->name), "%s", name.s);
	if (w->op->naming == LONG_NAME)
		memset(w->name + strlen(name.s), 'x', 900);
}

static void create_args(struct world *w)
{
	struct section_create *create = &w->arg.create;

	memset(&w->arg, SEC_POISON, sizeof(w->arg));
	*create = sec_create_args(w->name[0] ? w->name : NULL, bytes_of(w));
	create->flags = w->op->flags;
	create->file_fd = w->file;
	if (w->op->prot)
		create->prot = w->op->prot;
}

static int run_create(struct world *w)
{
	create_args(w);
	return call(w, w->dev, SECTION_IOC_CREATE);
}

/* The section that most operations have. */
static bool make_section(struct world *w)
{
	w->handle = run_create(w);
	return RIGHT(w, w->handle >= 0, w->handle);
}

static bool is_file_of(const struct world *w, size_t pages)
{
	if (w->file < 0)
		return true;
	return RIGHT(w, file_size(w->file) == (off_t)(pages * w->page),
		     file_size(w->file)) &&
	       RIGHT(w, file_byte(w->file, 0) == 'f', file_byte(w->file, 0));
}

static bool is_name_free(const struct world *w)
{
	bool global = w->op->flags & SECTION_CREATE_GLOBAL;
	int ret;

	if (!w->name[0])
		return true;
	ret = global ? sec_open_global(w->dev, w->name, SEC_RIGHTS_R) :
		       sec_open(w->dev, w->name, SEC_RIGHTS_R);
	return RIGHT(w, ret == -ENOENT, ret);
}

/* Its memory is there, which for a reserved section is to be committed first. */
static bool is_section(const struct world *w, int handle)
{
	struct section_query q;
	unsigned char *view;
	int first;

	if (!RIGHT(w, !sec_query(handle, &q), errno) ||
	    !RIGHT(w, q.bytes == bytes_of(w), q.bytes))
		return false;
	if (w->op->flags & SECTION_CREATE_RESERVE &&
	    !RIGHT(w, !sec_commit(handle, 0, w->page, 0), errno))
		return false;
	view = sec_map(handle, PROT_READ, 0, 0, 0);
	if (!RIGHT(w, view != MAP_FAILED, errno))
		return false;
	first = peek(view);
	munmap(view, q.bytes);
	return RIGHT(w, first == (w->file < 0 ? 0 : 'f'), first);
}

#endif /* FAIL_NTH_WORLD_H */
