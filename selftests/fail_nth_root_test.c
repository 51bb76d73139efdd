// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation fails once.  Each operation is done again and again, and the
 * first time its first allocation fails, then its second one, until it has no
 * more.  However far it came, it must say so with an error that is documented,
 * leave nothing behind, and work the next time.
 *
 * This needs a kernel with fault injection (make check-sanitize).  There the
 * kernel's own means of debugging allocate as well; what they do is counted too.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"
#include "fail_nth_util.h"

#define RW		(PROT_READ | PROT_WRITE)
#define RX		(PROT_READ | PROT_EXEC)

/* One that is not given back is more than the noise in Committed_AS. */
#define BYTES		(1 << 20)
#define LARGE_BYTES	(2 << 20)
#define POPULATED	(32 * 4096)
/* How much of a file there is, and how large its section shall be. */
#define FILE_PAGES	3
#define GROWN_PAGES	6
/* How much of a view is touched; also what is made in advance. */
#define TOUCHED		24
#define FULL_PAGES	16

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

static bool check_create(struct world *w, int ret)
{
	bool grows = !w->op->prot || w->op->prot & SECTION_PROT_WRITE;
	int again;

	if (ret < 0)
		return is_name_free(w) && is_file_of(w, FILE_PAGES);
	if (!is_section(w, ret) ||
	    !is_file_of(w, grows ? GROWN_PAGES : FILE_PAGES))
		return false;
	if (!w->name[0] || w->op->flags & SECTION_CREATE_GLOBAL)
		return true;
	again = sec_open(w->dev, w->name, SEC_RIGHTS_R);
	close(again);
	return RIGHT(w, again >= 0, again);
}

/* Somebody else for each attempt: a user of whom the module knows nothing. */
static int run_create_stranger(struct world *w)
{
	int ret;

	create_args(w);
	fail_nth(w->nth, 0);
	if (seteuid(200000 + w->n))
		abort();
	fail_nth(w->nth, w->n);
	ret = call(w, w->dev, SECTION_IOC_CREATE);
	w->settled = fail_nth_stop(w->nth);
	if (seteuid(0))
		abort();
	/* For who asks next. */
	fail_nth(w->nth, w->settled);
	return ret;
}

/* Existing ones. */

static bool check_existing(struct world *w, int ret)
{
	struct section_query q;

	if (!RIGHT(w, !sec_query(w->handle, &q), errno) ||
	    !RIGHT(w, q.handles == (ret < 0 ? 1 : 2), q.handles))
		return false;
	return is_section(w, ret < 0 ? w->handle : ret);
}

static int run_open_existing(struct world *w)
{
	create_args(w);
	w->arg.create.flags |= SECTION_CREATE_OPEN_EXISTING;
	return call(w, w->dev, SECTION_IOC_CREATE);
}

static int run_open(struct world *w)
{
	memset(&w->arg, SEC_POISON, sizeof(w->arg));
	w->arg.open = sec_open_args(w->name, SEC_RIGHTS_R);
	w->arg.open.bytes = SEC_POISON64;
	if (w->op->flags & SECTION_CREATE_GLOBAL)
		w->arg.open.flags |= SECTION_OPEN_GLOBAL;
	if (w->op->prot & SECTION_PROT_EXECUTE)
		w->arg.open.rights |= SECTION_RIGHT_EXECUTE;
	return call(w, w->dev, SECTION_IOC_OPEN);
}

/* The scope of a network namespace, which happens to be the own one. */
static bool make_section_and_scope(struct world *w)
{
	w->ends[0] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	w->ends[1] = dup(w->ends[0]);
	return RIGHT(w, w->ends[1] >= 0, errno) && make_section(w);
}

static int run_open_scope(struct world *w)
{
	memset(&w->arg, SEC_POISON, sizeof(w->arg));
	w->arg.open = sec_open_args(w->name, SEC_RIGHTS_R);
	w->arg.open.bytes = SEC_POISON64;
	w->arg.open.scope_fd = w->ends[0];
	return call(w, w->dev, SECTION_IOC_OPEN);
}

static int run_duplicate(struct world *w)
{
	memset(&w->arg, SEC_POISON, sizeof(w->arg));
	w->arg.duplicate = (struct section_duplicate) {
		.size = sizeof(w->arg.duplicate),
		.rights = SECTION_RIGHTS_MAXIMUM,
	};
	return call(w, w->handle, SECTION_IOC_DUPLICATE);
}

static int run_duplicate_anchor(struct world *w)
{
	memset(&w->arg, SEC_POISON, sizeof(w->arg));
	w->arg.duplicate = (struct section_duplicate) {
		.size = sizeof(w->arg.duplicate),
		.flags = SECTION_DUPLICATE_ANCHOR,
		.rights = SEC_RIGHTS_R,
	};
	return call(w, w->handle, SECTION_IOC_DUPLICATE);
}

static bool check_anchor(struct world *w, int ret)
{
	struct section_query q;

	if (!RIGHT(w, !sec_query(w->handle, &q), errno) ||
	    !RIGHT(w, q.handles == 1, q.handles))
		return false;
	return is_section(w, ret < 0 ? w->handle : ret);
}

static int run_open_device(struct world *w)
{
	(void)w;
	return sec_dev();
}

static int run_version(struct world *w)
{
	return sec_ioctl(w->dev, SECTION_IOC_VERSION, NULL) -
	       SECTION_ABI_VERSION;
}

/* Asking. */

static int run_list(struct world *w)
{
	memset(&w->arg, SEC_POISON, sizeof(w->arg));
	memset(w->buffer, SEC_POISON, sizeof(w->buffer));
	w->arg.list = (struct section_list) {
		.size = sizeof(w->arg.list),
		.scope_fd = -1,
		.buffer = sec_ptr(w->buffer),
		.buffer_len = sizeof(w->buffer),
		.count = SEC_POISON64,
		.needed = SEC_POISON64,
	};
	return call(w, w->dev, SECTION_IOC_LIST);
}

static bool check_list(struct world *w, int ret)
{
	const struct section_list_entry *entry = (void *)w->buffer;

	if (ret < 0)
		return RIGHT(w, sec_poisoned(w->buffer, sizeof(w->buffer)), 0);
	return RIGHT(w, w->arg.list.count == 1, w->arg.list.count) &&
	       RIGHT(w, entry->bytes == bytes_of(w), entry->bytes);
}

static int run_query(struct world *w)
{
	memset(&w->arg, SEC_POISON, sizeof(w->arg));
	memset(w->buffer, SEC_POISON, sizeof(w->buffer));
	w->arg.query.size = sizeof(w->arg.query);
	w->arg.query.flags = 0;
	w->arg.query.name = sec_ptr(w->buffer);
	w->arg.query.name_len = sizeof(w->buffer);
	return call(w, w->handle, SECTION_IOC_QUERY);
}

static bool check_query(struct world *w, int ret)
{
	if (ret < 0)
		return RIGHT(w, sec_poisoned(w->buffer, sizeof(w->buffer)), 0);
	return RIGHT(w, w->arg.query.bytes == bytes_of(w), 0) &&
	       RIGHT(w, !memcmp(w->buffer, w->name, strlen(w->name)), 0);
}

/* What /proc tells of a handle. */
static int run_fdinfo(struct world *w)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", w->handle);
	memset(w->buffer, 0, sizeof(w->buffer));
	return sec_read_file(path, w->buffer, sizeof(w->buffer));
}

static bool check_fdinfo(struct world *w, int ret)
{
	return ret < 0 || RIGHT(w, strstr(w->buffer, w->name), ret);
}

static int run_query_view(struct world *w)
{
	memset(&w->arg, SEC_POISON, sizeof(w->arg));
	w->arg.query_view.size = sizeof(w->arg.query_view);
	w->arg.query_view.flags = 0;
	w->arg.query_view.address = sec_ptr(w->view);
	w->arg.query_view.reserved = 0;
	return call(w, w->dev, SECTION_IOC_QUERY_VIEW);
}

/* Mapping. */

/* A place for a view, and another one. */
static bool make_section_and_place(struct world *w)
{
	if (!make_section(w))
		return false;
	w->length = bytes_of(w);
	w->target = free_range(2 * w->length / w->page);
	return RIGHT(w, w->target, errno);
}

static int run_map(struct world *w)
{
	int ret;

	memset(&w->arg, SEC_POISON, sizeof(w->arg));
	w->arg.map = sec_map_args(w->op->map_prot ? (__u32)w->op->map_prot : RW,
				  0, w->length);
	w->arg.map.flags = w->op->map_flags;
	if (w->op->map_flags & SECTION_MAP_FIXED)
		w->arg.map.address = sec_ptr(w->target);
	ret = call(w, w->handle, SECTION_IOC_MAP);
	if (!ret)
		w->view = (void *)(uintptr_t)w->arg.map.address;
	return ret;
}

static int run_mmap(struct world *w)
{
	bool private = w->op->map_flags & SECTION_MAP_PRIVATE;
	void *view = mmap(w->target, w->length, RW,
			  (private ? MAP_PRIVATE : MAP_SHARED) | MAP_FIXED,
			  w->handle, 0);

	if (view == MAP_FAILED)
		return -errno;
	w->view = view;
	return 0;
}

static bool check_map(struct world *w, int ret)
{
	bool writable = !w->op->map_prot || w->op->map_prot & PROT_WRITE;
	struct section_query q;

	if (!RIGHT(w, !sec_query(w->handle, &q), errno) ||
	    !RIGHT(w, q.views == !ret, q.views))
		return false;
	if (ret)
		return is_section(w, w->handle);
	return RIGHT(w, peek(w->view) == (w->file < 0 ? 0 : 'f'),
		     peek(w->view)) &&
	       (!writable || RIGHT(w, !poke(w->view, 'w'), 0));
}

/* A section with a view, of which nothing was touched. */
static bool make_view(struct world *w)
{
	return make_section_and_place(w) && RIGHT(w, !run_map(w), errno);
}

/* Reserved: every other page of some is committed, so that there are ranges. */

#define RANGES	40

static bool make_ranges(struct world *w)
{
	struct section_query q;
	size_t i;

	if (!make_view(w))
		return false;
	for (i = 0; i < RANGES; i++)
		if (!RIGHT(w, !sec_commit(w->handle, 2 * i * w->page, w->page,
					  0), i))
			return false;
	for (i = 0; i < RANGES; i++)
		if (!RIGHT(w, !poke(w->view + 2 * i * w->page, 'r'), i))
			return false;
	sec_query(w->handle, &q);
	w->settled = q.committed / w->page;
	return RIGHT(w, w->settled == RANGES, w->settled);
}

static int commit(struct world *w, size_t first, size_t pages, __u32 flags)
{
	memset(&w->arg, SEC_POISON, sizeof(w->arg));
	w->arg.commit = (struct section_commit) {
		.size = sizeof(w->arg.commit),
		.flags = flags,
		.offset = first * w->page,
		.length = pages * w->page,
	};
	return call(w, w->handle, SECTION_IOC_COMMIT);
}

static int commit_view(struct world *w, size_t first, size_t pages, __u32 flags)
{
	memset(&w->arg, SEC_POISON, sizeof(w->arg));
	w->arg.commit_view = (struct section_commit_view) {
		.size = sizeof(w->arg.commit_view),
		.flags = flags,
		.address = sec_ptr(w->view + first * w->page),
		.length = pages * w->page,
	};
	return call(w, w->dev, SECTION_IOC_COMMIT_VIEW);
}

static int run_commit(struct world *w)
{
	return commit(w, 120, 100, 0);
}

static int run_commit_view(struct world *w)
{
	return commit_view(w, 120, 100, 0);
}

/* In the midst of them: two ranges become one. */
static int run_commit_gap(struct world *w)
{
	return commit(w, 21, 1, 0);
}

static int run_decommit(struct world *w)
{
	return commit(w, 20, 3, SECTION_COMMIT_DECOMMIT);
}

static int run_decommit_view(struct world *w)
{
	return commit_view(w, 20, 3, SECTION_COMMIT_DECOMMIT);
}

/* How many pages more or less are committed, and nothing else has changed. */
static bool is_committed(struct world *w, int ret, int more)
{
	struct section_query q;
	int want = w->settled + (ret ? 0 : more);

	if (!RIGHT(w, !sec_query(w->handle, &q), errno) ||
	    !RIGHT(w, (int)(q.committed / w->page) == want, q.committed))
		return false;
	return RIGHT(w, peek(w->view) == 'r', peek(w->view)) &&
	       RIGHT(w, peek(w->view + 18 * w->page) == 'r', 0) &&
	       RIGHT(w, peek(w->view + 19 * w->page) == -SIGSEGV, 0) &&
	       RIGHT(w, peek(w->view + 24 * w->page) == 'r', 0);
}

static bool check_commit(struct world *w, int ret)
{
	int first = peek(w->view + 120 * w->page);

	return is_committed(w, ret, 100) &&
	       RIGHT(w, first == (ret ? -SIGSEGV : 0), first);
}

static bool check_commit_gap(struct world *w, int ret)
{
	int gap = peek(w->view + 21 * w->page);

	return is_committed(w, ret, 1) &&
	       RIGHT(w, gap == (ret ? -SIGSEGV : 0), gap) &&
	       RIGHT(w, peek(w->view + 20 * w->page) == 'r', 0);
}

static bool check_decommit(struct world *w, int ret)
{
	int page = peek(w->view + 20 * w->page);

	return is_committed(w, ret, -2) &&
	       RIGHT(w, page == (ret ? 'r' : -SIGSEGV), page);
}

/* Nothing of it is committed, so there is nothing to see. */
static bool check_map_reserved(struct world *w, int ret)
{
	struct section_query q;

	if (!RIGHT(w, !sec_query(w->handle, &q), errno) ||
	    !RIGHT(w, q.views == !ret, q.views))
		return false;
	return ret ? is_section(w, w->handle) :
		     RIGHT(w, peek(w->view) == -SIGSEGV, peek(w->view));
}

/* Extending. */

static int run_extend(struct world *w)
{
	memset(&w->arg, SEC_POISON, sizeof(w->arg));
	w->arg.extend = (struct section_extend) {
		.size = sizeof(w->arg.extend),
		.bytes = 3 * GROWN_PAGES * w->page,
	};
	return call(w, w->handle, SECTION_IOC_EXTEND);
}

static bool check_extend(struct world *w, int ret)
{
	size_t pages = (ret ? 1 : 3) * GROWN_PAGES;
	struct section_query q;

	return RIGHT(w, !sec_query(w->handle, &q), errno) &&
	       RIGHT(w, q.bytes == pages * w->page, q.bytes) &&
	       is_file_of(w, pages);
}

/* Touching. */

static size_t touched(const struct world *w)
{
	size_t pages = w->length / w->page;

	return pages < TOUCHED ? pages : TOUCHED;
}

static int run_populate_write(struct world *w)
{
	return madvise(w->view, touched(w) * w->page, MADV_POPULATE_WRITE) ?
	       -errno : 0;
}

static int run_populate_read(struct world *w)
{
	return madvise(w->view, touched(w) * w->page, MADV_POPULATE_READ) ?
	       -errno : 0;
}

/* The kernel tries again until there is memory: no touch goes wrong. */
static int run_write(struct world *w)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < touched(w) && !ret; i++)
		ret = poke(w->view + i * w->page, 'w');
	return ret;
}

static int run_read(struct world *w)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < touched(w) && ret >= 0; i++)
		ret = peek(w->view + i * w->page);
	return ret < 0 ? ret : 0;
}

/* Whatever failed, it works now, and the others see what they should. */
static bool check_touched(struct world *w, int ret)
{
	bool private = w->op->map_flags & SECTION_MAP_PRIVATE;
	size_t i;

	(void)ret;
	for (i = 0; i < touched(w); i++) {
		unsigned char *at = w->view + i * w->page + 1;
		int before = w->file >= 0 && i < FILE_PAGES ? 'f' : 0;
		int other;

		if (w->other)
			before = 'o';
		if (!RIGHT(w, peek(at) == before, peek(at)) ||
		    !RIGHT(w, !poke(at, 'n') && peek(at) == 'n', i))
			return false;
		if (!w->other)
			continue;
		other = peek(w->other + i * w->page + 1);
		if (!RIGHT(w, other == (private ? 'o' : 'n'), other))
			return false;
	}
	return true;
}

static bool make_committed_view(struct world *w)
{
	return make_view(w) &&
	       RIGHT(w, !sec_commit(w->handle, 0, BYTES / 2, 0), errno);
}

/* A view of memory that is there, and another one of the same. */
static bool make_second_view(struct world *w)
{
	if (!make_view(w))
		return false;
	w->other = sec_map(w->handle, RW, 0, 0, 0);
	if (!RIGHT(w, w->other != MAP_FAILED, errno))
		return false;
	memset(w->other, 'o', touched(w) * w->page);
	return true;
}

/* Nothing of the file is in memory. */
static bool make_cold_view(struct world *w)
{
	if (!make_view(w))
		return false;
	return RIGHT(w, !fsync(w->file), errno) &&
	       RIGHT(w, !posix_fadvise(w->file, 0, 0, POSIX_FADV_DONTNEED),
		     errno);
}

/* What is done to views. */

static bool make_full_view(struct world *w)
{
	if (!make_view(w))
		return false;
	memset(w->view, 'v', FULL_PAGES * w->page);
	return true;
}

static bool is_full(const struct world *w, const unsigned char *view)
{
	size_t i;

	for (i = 0; i < FULL_PAGES; i++)
		if (!RIGHT(w, peek(view + i * w->page) == 'v', i))
			return false;
	return true;
}

static int run_fork(struct world *w)
{
	pid_t pid = fork();

	if (!pid) {
		fail_nth(fail_nth_open(), 0);
		_exit(peek(w->view) == 'v' && !poke(w->view, 'v') ? 0 : 1);
	}
	w->child = pid;
	return pid < 0 ? -errno : 0;
}

static bool check_fork(struct world *w, int ret)
{
	int status = ret ? 0 : sec_wait(w->child);

	return RIGHT(w, !status, status) && is_full(w, w->view);
}

static int run_move(struct world *w)
{
	void *view = mremap(w->view, w->length, w->length,
			    MREMAP_MAYMOVE | MREMAP_FIXED, w->target);

	if (view == MAP_FAILED)
		return -errno;
	w->target = w->view;
	w->view = view;
	return 0;
}

static bool check_full(struct world *w, int ret)
{
	struct section_query q;

	(void)ret;
	return is_full(w, w->view) &&
	       RIGHT(w, !sec_query(w->handle, &q), errno) &&
	       RIGHT(w, q.views == 1, q.views);
}

/*
 * Where it was, or where it should have gone, Linux leaves an empty mapping if it has
 * no memory to remove that.
 */
static bool check_move(struct world *w, int ret)
{
	return RIGHT(w, !munmap(w->target, w->length), errno) &&
	       check_full(w, ret);
}

static int run_protect(struct world *w)
{
	return mprotect(w->view + 4 * w->page, 4 * w->page, PROT_READ) ?
	       -errno : 0;
}

/* That it fails after the first of two cuts is nothing that a program sees. */
static bool check_protect(struct world *w, int ret)
{
	int sig = poke(w->view + 5 * w->page, 'v');
	struct section_query q;

	return is_full(w, w->view) &&
	       RIGHT(w, sig == (ret ? 0 : -SIGSEGV), sig) &&
	       RIGHT(w, !poke(w->view, 'v'), 0) &&
	       RIGHT(w, !sec_query(w->handle, &q), errno) &&
	       RIGHT(w, ret ? q.views <= 2 : q.views == 3, q.views);
}

static int run_unmap_part(struct world *w)
{
	return munmap(w->view + 4 * w->page, 4 * w->page) ? -errno : 0;
}

static bool check_unmap_part(struct world *w, int ret)
{
	int there = peek(w->view + 5 * w->page);
	struct section_query q;

	return RIGHT(w, there == (ret ? 'v' : -SIGSEGV), there) &&
	       RIGHT(w, peek(w->view) == 'v', 0) &&
	       RIGHT(w, peek(w->view + 8 * w->page) == 'v', 0) &&
	       RIGHT(w, !sec_query(w->handle, &q), errno) &&
	       RIGHT(w, ret ? q.views <= 2 : q.views == 2, q.views);
}

static int run_unmap(struct world *w)
{
	return munmap(w->view, w->length) ? -errno : 0;
}

static bool check_unmap(struct world *w, int ret)
{
	struct section_query q;

	return RIGHT(w, !sec_query(w->handle, &q), errno) &&
	       RIGHT(w, q.views == !!ret, q.views);
}

/* The last handle, without any view. */
static int run_close(struct world *w)
{
	int ret = close(w->handle) ? -errno : 0;

	w->handle = -1;
	return ret;
}

static bool check_close(struct world *w, int ret)
{
	return RIGHT(w, !ret, ret) && is_name_free(w);
}

/* From one process to another. */

static bool make_ends(struct world *w)
{
	return make_section(w) &&
	       RIGHT(w, !socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
				    w->ends), errno);
}

static int run_send(struct world *w)
{
	return sec_send_fd(w->ends[0], w->handle);
}

static bool check_send(struct world *w, int ret)
{
	int handle;
	bool good;

	if (ret)
		return is_section(w, w->handle);
	handle = sec_receive_fd(w->ends[1]);
	good = RIGHT(w, handle >= 0, handle) && is_section(w, handle);
	close(handle);
	return good;
}

static bool make_sent(struct world *w)
{
	return make_ends(w) &&
	       RIGHT(w, !sec_send_fd(w->ends[0], w->handle), errno) &&
	       RIGHT(w, !run_close(w), errno);
}

static int run_receive(struct world *w)
{
	return sec_receive_fd(w->ends[1]);
}

static bool check_receive(struct world *w, int ret)
{
	return ret < 0 || is_section(w, ret);
}

/*
 * The sweep.
 */

static bool is_documented(const struct operation *op, int ret)
{
	return ret >= 0 || ret == -ENOMEM || ret == -ENFILE ||
	       ret == -EMFILE || (op->error && ret == -op->error);
}

static void close_all(struct world *w)
{
	if (w->view)
		munmap(w->view, w->length);
	if (w->other)
		munmap(w->other, w->length);
	if (w->target)
		munmap(w->target, w->length);
	if (w->handle >= 0)
		close(w->handle);
	if (w->file >= 0)
		close(w->file);
	if (w->ends[0] >= 0) {
		close(w->ends[0]);
		close(w->ends[1]);
	}
}

/* One attempt; true if all is well.  *left is not 0 if nothing failed. */
static bool attempt(struct world *w, unsigned int *left)
{
	const struct operation *op = w->op;
	bool good;
	int ret;

	w->file = -1;
	w->handle = -1;
	w->ends[0] = -1;
	w->view = NULL;
	w->other = NULL;
	w->target = NULL;
	w->written = false;
	make_name(w);
	*left = 0;
	if (!make_file(w) || (op->prepare && !op->prepare(w)))
		return false;

	fail_nth(w->nth, w->n);
	ret = op->run(w);
	*left = fail_nth_stop(w->nth);

	good = RIGHT(w, is_documented(op, ret), ret) &&
	       RIGHT(w, ret >= 0 || !*left, ret) &&
	       RIGHT(w, !w->written, ret);
	if (op->check)
		good = op->check(w, ret) && good;
	if (op->makes_fd && ret >= 0)
		close(ret);
	close_all(w);
	return good;
}

/* The first allocation fails, then the second one, until there is none. */
static void sweep(struct __test_metadata *_metadata, struct world *w)
{
	struct tally tally = { 0 };
	struct counts counts;
	unsigned int left;

	counts_take(&counts);
	for (w->n = 1; w->n < BOUND; w->n++) {
		bool good = attempt(w, &left);

		if (!sec_eventually(counts_are_back, &counts, 5))
			good = wrong(w, "something is left", 0);
		if (!tally_up(&tally, good, left))
			break;
	}
	EXPECT_EQ(0U, tally.wrong);
	EXPECT_LT(w->n, (unsigned int)BOUND);
	if (!w->op->may_be_none)
		EXPECT_LT(0U, tally.failed);
	tally_tell(&tally, w->op->name);
}

FIXTURE(fail) {
	struct world w;
	struct memory memory;
};

FIXTURE_VARIANT(fail) {
	struct operation op;
};

FIXTURE_SETUP(fail)
{
	self->w.op = &variant->op;
	self->w.page = SEC_PAGE;
	self->w.nth = fail_nth_open();
	ASSERT_LE(0, self->w.nth);
	self->w.dev = sec_dev();
	ASSERT_LE(0, self->w.dev);
	if (variant->op.place == ON_EXT4)
		ASSERT_TRUE(have_ext4());
}

FIXTURE_TEARDOWN(fail)
{
}

/* clang-format off */
FIXTURE_VARIANT_ADD(fail, open_device) {
	.op = { .name = "open_device", .run = run_open_device,
		.makes_fd = true } };
FIXTURE_VARIANT_ADD(fail, version) {
	.op = { .name = "version", .run = run_version, .may_be_none = true } };
FIXTURE_VARIANT_ADD(fail, create) {
	.op = { .name = "create", .run = run_create, .check = check_create,
		.makes_fd = true } };
FIXTURE_VARIANT_ADD(fail, create_named) {
	.op = { .name = "create_named", .run = run_create,
		.check = check_create, .makes_fd = true,
		.naming = SHORT_NAME } };
FIXTURE_VARIANT_ADD(fail, create_long_name) {
	.op = { .name = "create_long_name", .run = run_create,
		.check = check_create, .makes_fd = true,
		.naming = LONG_NAME } };
FIXTURE_VARIANT_ADD(fail, create_global) {
	.op = { .name = "create_global", .run = run_create,
		.check = check_create, .makes_fd = true, .naming = SHORT_NAME,
		.flags = SECTION_CREATE_GLOBAL } };
FIXTURE_VARIANT_ADD(fail, create_or_open) {
	.op = { .name = "create_or_open", .run = run_open_existing,
		.check = check_create, .makes_fd = true,
		.naming = SHORT_NAME } };
FIXTURE_VARIANT_ADD(fail, create_stranger) {
	.op = { .name = "create_stranger", .run = run_create_stranger,
		.check = check_create, .makes_fd = true } };
FIXTURE_VARIANT_ADD(fail, create_read_only) {
	.op = { .name = "create_read_only", .run = run_create,
		.check = check_create, .makes_fd = true,
		.prot = SECTION_PROT_READ } };
FIXTURE_VARIANT_ADD(fail, create_executable) {
	.op = { .name = "create_executable", .run = run_create,
		.check = check_create, .makes_fd = true,
		.prot = SEC_PROT_RWX } };
FIXTURE_VARIANT_ADD(fail, create_reserved) {
	.op = { .name = "create_reserved", .run = run_create,
		.check = check_create, .makes_fd = true, .naming = SHORT_NAME,
		.flags = SECTION_CREATE_RESERVE } };
FIXTURE_VARIANT_ADD(fail, create_large) {
	.op = { .name = "create_large", .run = run_create,
		.check = check_create, .makes_fd = true,
		.flags = SECTION_CREATE_LARGE, .bytes = LARGE_BYTES } };
FIXTURE_VARIANT_ADD(fail, create_large_only) {
	.op = { .name = "create_large_only", .run = run_create,
		.check = check_create, .makes_fd = true,
		.flags = SECTION_CREATE_LARGE_ONLY, .bytes = LARGE_BYTES } };
FIXTURE_VARIANT_ADD(fail, create_based) {
	.op = { .name = "create_based", .run = run_create,
		.check = check_create, .makes_fd = true,
		.flags = SECTION_CREATE_BASED } };
FIXTURE_VARIANT_ADD(fail, create_populated) {
	.op = { .name = "create_populated", .run = run_create,
		.check = check_create, .makes_fd = true, .naming = SHORT_NAME,
		.flags = SECTION_CREATE_POPULATE, .bytes = POPULATED } };
FIXTURE_VARIANT_ADD(fail, create_file) {
	.op = { .name = "create_file", .run = run_create, .check = check_create,
		.makes_fd = true, .naming = SHORT_NAME, .place = ON_TMPFS } };
FIXTURE_VARIANT_ADD(fail, create_file_read_only) {
	.op = { .name = "create_file_read_only", .run = run_create,
		.check = check_create, .makes_fd = true, .place = ON_TMPFS,
		.prot = SECTION_PROT_READ } };
FIXTURE_VARIANT_ADD(fail, create_file_executable) {
	.op = { .name = "create_file_executable", .run = run_create,
		.check = check_create, .makes_fd = true, .naming = SHORT_NAME,
		.place = ON_TMPFS, .prot = SEC_PROT_RX } };
FIXTURE_VARIANT_ADD(fail, create_file_all) {
	.op = { .name = "create_file_all", .run = run_create,
		.check = check_create, .makes_fd = true, .naming = LONG_NAME,
		.place = ON_TMPFS, .prot = SEC_PROT_RWX } };
FIXTURE_VARIANT_ADD(fail, create_file_populated) {
	.op = { .name = "create_file_populated", .run = run_create,
		.check = check_create, .makes_fd = true, .naming = SHORT_NAME,
		.place = ON_TMPFS, .flags = SECTION_CREATE_POPULATE } };
FIXTURE_VARIANT_ADD(fail, create_ext4) {
	.op = { .name = "create_ext4", .run = run_create, .check = check_create,
		.makes_fd = true, .naming = SHORT_NAME, .place = ON_EXT4 } };
FIXTURE_VARIANT_ADD(fail, create_ext4_populated) {
	.op = { .name = "create_ext4_populated", .run = run_create,
		.check = check_create, .makes_fd = true, .place = ON_EXT4,
		.flags = SECTION_CREATE_POPULATE } };
FIXTURE_VARIANT_ADD(fail, open_existing) {
	.op = { .name = "open_existing", .prepare = make_section,
		.run = run_open_existing, .check = check_existing,
		.makes_fd = true, .naming = SHORT_NAME } };
FIXTURE_VARIANT_ADD(fail, open) {
	.op = { .name = "open", .prepare = make_section, .run = run_open,
		.check = check_existing, .makes_fd = true,
		.naming = SHORT_NAME } };
FIXTURE_VARIANT_ADD(fail, open_long_name) {
	.op = { .name = "open_long_name", .prepare = make_section,
		.run = run_open, .check = check_existing, .makes_fd = true,
		.naming = LONG_NAME } };
FIXTURE_VARIANT_ADD(fail, open_global) {
	.op = { .name = "open_global", .prepare = make_section, .run = run_open,
		.check = check_existing, .makes_fd = true, .naming = SHORT_NAME,
		.flags = SECTION_CREATE_GLOBAL } };
FIXTURE_VARIANT_ADD(fail, open_scope) {
	.op = { .name = "open_scope", .prepare = make_section_and_scope,
		.run = run_open_scope, .check = check_existing,
		.makes_fd = true, .naming = SHORT_NAME } };
FIXTURE_VARIANT_ADD(fail, fdinfo) {
	.op = { .name = "fdinfo", .prepare = make_section, .run = run_fdinfo,
		.check = check_fdinfo, .naming = LONG_NAME } };
FIXTURE_VARIANT_ADD(fail, open_file) {
	.op = { .name = "open_file", .prepare = make_section, .run = run_open,
		.check = check_existing, .makes_fd = true, .naming = SHORT_NAME,
		.place = ON_TMPFS } };
FIXTURE_VARIANT_ADD(fail, open_file_executable) {
	.op = { .name = "open_file_executable", .prepare = make_section,
		.run = run_open, .check = check_existing, .makes_fd = true,
		.naming = SHORT_NAME, .place = ON_TMPFS,
		.prot = SEC_PROT_RX } };
FIXTURE_VARIANT_ADD(fail, open_ext4) {
	.op = { .name = "open_ext4", .prepare = make_section, .run = run_open,
		.check = check_existing, .makes_fd = true, .naming = SHORT_NAME,
		.place = ON_EXT4 } };
FIXTURE_VARIANT_ADD(fail, duplicate) {
	.op = { .name = "duplicate", .prepare = make_section,
		.run = run_duplicate, .check = check_existing,
		.makes_fd = true } };
FIXTURE_VARIANT_ADD(fail, duplicate_anchor) {
	.op = { .name = "duplicate_anchor", .prepare = make_section,
		.run = run_duplicate_anchor, .check = check_anchor,
		.makes_fd = true } };
FIXTURE_VARIANT_ADD(fail, list) {
	.op = { .name = "list", .prepare = make_section, .run = run_list,
		.check = check_list, .naming = SHORT_NAME } };
FIXTURE_VARIANT_ADD(fail, query) {
	.op = { .name = "query", .prepare = make_section, .run = run_query,
		.check = check_query, .naming = LONG_NAME,
		.may_be_none = true } };
FIXTURE_VARIANT_ADD(fail, query_view) {
	.op = { .name = "query_view", .prepare = make_view,
		.run = run_query_view, .may_be_none = true } };
FIXTURE_VARIANT_ADD(fail, map) {
	.op = { .name = "map", .prepare = make_section_and_place,
		.run = run_map, .check = check_map } };
FIXTURE_VARIANT_ADD(fail, map_private) {
	.op = { .name = "map_private", .prepare = make_section_and_place,
		.run = run_map, .check = check_map,
		.map_flags = SECTION_MAP_PRIVATE } };
FIXTURE_VARIANT_ADD(fail, map_fixed) {
	.op = { .name = "map_fixed", .prepare = make_section_and_place,
		.run = run_map, .check = check_map,
		.map_flags = SECTION_MAP_FIXED } };
FIXTURE_VARIANT_ADD(fail, map_no_inherit) {
	.op = { .name = "map_no_inherit", .prepare = make_section_and_place,
		.run = run_map, .check = check_map,
		.map_flags = SECTION_MAP_NO_INHERIT } };
FIXTURE_VARIANT_ADD(fail, map_executable) {
	.op = { .name = "map_executable", .prepare = make_section_and_place,
		.run = run_map, .check = check_map, .prot = SEC_PROT_RWX,
		.map_prot = RX } };
FIXTURE_VARIANT_ADD(fail, map_reserved) {
	.op = { .name = "map_reserved", .prepare = make_section_and_place,
		.run = run_map, .check = check_map_reserved,
		.flags = SECTION_CREATE_RESERVE } };
FIXTURE_VARIANT_ADD(fail, map_based) {
	.op = { .name = "map_based", .prepare = make_section_and_place,
		.run = run_map, .check = check_map,
		.flags = SECTION_CREATE_BASED } };
FIXTURE_VARIANT_ADD(fail, map_file) {
	.op = { .name = "map_file", .prepare = make_section_and_place,
		.run = run_map, .check = check_map, .place = ON_TMPFS } };
FIXTURE_VARIANT_ADD(fail, map_file_beyond) {
	.op = { .name = "map_file_beyond", .prepare = make_section_and_place,
		.run = run_map, .check = check_map, .place = ON_TMPFS,
		.map_flags = SECTION_MAP_BEYOND } };
FIXTURE_VARIANT_ADD(fail, map_ext4_private) {
	.op = { .name = "map_ext4_private", .prepare = make_section_and_place,
		.run = run_map, .check = check_map, .place = ON_EXT4,
		.map_flags = SECTION_MAP_PRIVATE } };
FIXTURE_VARIANT_ADD(fail, mmap) {
	.op = { .name = "mmap", .prepare = make_section_and_place,
		.run = run_mmap, .check = check_map } };
FIXTURE_VARIANT_ADD(fail, mmap_private) {
	.op = { .name = "mmap_private", .prepare = make_section_and_place,
		.run = run_mmap, .check = check_map,
		.map_flags = SECTION_MAP_PRIVATE } };
FIXTURE_VARIANT_ADD(fail, mmap_file) {
	.op = { .name = "mmap_file", .prepare = make_section_and_place,
		.run = run_mmap, .check = check_map, .place = ON_TMPFS } };
FIXTURE_VARIANT_ADD(fail, mmap_ext4) {
	.op = { .name = "mmap_ext4", .prepare = make_section_and_place,
		.run = run_mmap, .check = check_map, .place = ON_EXT4 } };
FIXTURE_VARIANT_ADD(fail, commit) {
	.op = { .name = "commit", .prepare = make_ranges, .run = run_commit,
		.check = check_commit, .flags = SECTION_CREATE_RESERVE } };
FIXTURE_VARIANT_ADD(fail, commit_gap) {
	.op = { .name = "commit_gap", .prepare = make_ranges,
		.run = run_commit_gap, .check = check_commit_gap,
		.flags = SECTION_CREATE_RESERVE } };
FIXTURE_VARIANT_ADD(fail, commit_view) {
	.op = { .name = "commit_view", .prepare = make_ranges,
		.run = run_commit_view, .check = check_commit,
		.flags = SECTION_CREATE_RESERVE } };
FIXTURE_VARIANT_ADD(fail, decommit) {
	.op = { .name = "decommit", .prepare = make_ranges, .run = run_decommit,
		.check = check_decommit, .flags = SECTION_CREATE_RESERVE } };
FIXTURE_VARIANT_ADD(fail, decommit_view) {
	.op = { .name = "decommit_view", .prepare = make_ranges,
		.run = run_decommit_view, .check = check_decommit,
		.flags = SECTION_CREATE_RESERVE } };
FIXTURE_VARIANT_ADD(fail, extend) {
	.op = { .name = "extend", .prepare = make_section, .run = run_extend,
		.check = check_extend, .place = ON_TMPFS } };
FIXTURE_VARIANT_ADD(fail, extend_ext4) {
	.op = { .name = "extend_ext4", .prepare = make_section,
		.run = run_extend, .check = check_extend, .place = ON_EXT4 } };
FIXTURE_VARIANT_ADD(fail, populate_write) {
	.op = { .name = "populate_write", .prepare = make_view,
		.run = run_populate_write, .check = check_touched } };
FIXTURE_VARIANT_ADD(fail, populate_read) {
	.op = { .name = "populate_read", .prepare = make_view,
		.run = run_populate_read, .check = check_touched } };
FIXTURE_VARIANT_ADD(fail, populate_private) {
	.op = { .name = "populate_private", .prepare = make_second_view,
		.run = run_populate_write, .check = check_touched,
		.map_flags = SECTION_MAP_PRIVATE } };
FIXTURE_VARIANT_ADD(fail, populate_reserved) {
	.op = { .name = "populate_reserved", .prepare = make_committed_view,
		.run = run_populate_write, .check = check_touched,
		.flags = SECTION_CREATE_RESERVE } };
FIXTURE_VARIANT_ADD(fail, populate_large) {
	.op = { .name = "populate_large", .prepare = make_view,
		.run = run_populate_write, .check = check_touched,
		.flags = SECTION_CREATE_LARGE, .bytes = LARGE_BYTES } };
FIXTURE_VARIANT_ADD(fail, populate_file) {
	.op = { .name = "populate_file", .prepare = make_view,
		.run = run_populate_write, .check = check_touched,
		.place = ON_TMPFS } };
FIXTURE_VARIANT_ADD(fail, populate_ext4) {
	.op = { .name = "populate_ext4", .prepare = make_cold_view,
		.run = run_populate_write, .check = check_touched,
		.place = ON_EXT4 } };
FIXTURE_VARIANT_ADD(fail, read_ext4) {
	.op = { .name = "read_ext4", .prepare = make_cold_view, .run = run_read,
		.check = check_touched, .place = ON_EXT4 } };
FIXTURE_VARIANT_ADD(fail, write) {
	.op = { .name = "write", .prepare = make_view, .run = run_write,
		.check = check_touched } };
FIXTURE_VARIANT_ADD(fail, write_again) {
	/* The pages are there, and perhaps the page table is as well. */
	.op = { .name = "write_again", .prepare = make_second_view,
		.run = run_write, .check = check_touched,
		.may_be_none = true } };
FIXTURE_VARIANT_ADD(fail, read) {
	.op = { .name = "read", .prepare = make_view, .run = run_read,
		.check = check_touched } };
FIXTURE_VARIANT_ADD(fail, copy_on_write) {
	.op = { .name = "copy_on_write", .prepare = make_second_view,
		.run = run_write, .check = check_touched,
		.map_flags = SECTION_MAP_PRIVATE } };
FIXTURE_VARIANT_ADD(fail, write_reserved) {
	.op = { .name = "write_reserved", .prepare = make_committed_view,
		.run = run_write, .check = check_touched,
		.flags = SECTION_CREATE_RESERVE } };
FIXTURE_VARIANT_ADD(fail, write_file) {
	.op = { .name = "write_file", .prepare = make_view, .run = run_write,
		.check = check_touched, .place = ON_TMPFS } };
FIXTURE_VARIANT_ADD(fail, write_ext4) {
	.op = { .name = "write_ext4", .prepare = make_cold_view,
		.run = run_write, .check = check_touched, .place = ON_EXT4 } };
FIXTURE_VARIANT_ADD(fail, fork) {
	.op = { .name = "fork", .prepare = make_full_view, .run = run_fork,
		.check = check_fork, .error = EAGAIN } };
FIXTURE_VARIANT_ADD(fail, fork_private) {
	.op = { .name = "fork_private", .prepare = make_full_view,
		.run = run_fork, .check = check_fork,
		.map_flags = SECTION_MAP_PRIVATE, .error = EAGAIN } };
FIXTURE_VARIANT_ADD(fail, move) {
	.op = { .name = "move", .prepare = make_full_view, .run = run_move,
		.check = check_move } };
FIXTURE_VARIANT_ADD(fail, move_private) {
	.op = { .name = "move_private", .prepare = make_full_view,
		.run = run_move, .check = check_move, .accounted = true,
		.map_flags = SECTION_MAP_PRIVATE } };
FIXTURE_VARIANT_ADD(fail, protect) {
	.op = { .name = "protect", .prepare = make_full_view,
		.run = run_protect, .check = check_protect } };
FIXTURE_VARIANT_ADD(fail, unmap_part) {
	.op = { .name = "unmap_part", .prepare = make_full_view,
		.run = run_unmap_part, .check = check_unmap_part } };
FIXTURE_VARIANT_ADD(fail, unmap) {
	.op = { .name = "unmap", .prepare = make_full_view, .run = run_unmap,
		.check = check_unmap, .may_be_none = true } };
FIXTURE_VARIANT_ADD(fail, close) {
	.op = { .name = "close", .prepare = make_section, .run = run_close,
		.check = check_close, .naming = LONG_NAME,
		.may_be_none = true } };
FIXTURE_VARIANT_ADD(fail, close_reserved) {
	.op = { .name = "close_reserved", .prepare = make_section,
		.run = run_close, .check = check_close, .naming = SHORT_NAME,
		.flags = SECTION_CREATE_RESERVE, .may_be_none = true } };
FIXTURE_VARIANT_ADD(fail, close_file) {
	.op = { .name = "close_file", .prepare = make_section, .run = run_close,
		.check = check_close, .naming = SHORT_NAME, .place = ON_TMPFS,
		.may_be_none = true } };
FIXTURE_VARIANT_ADD(fail, close_based) {
	.op = { .name = "close_based", .prepare = make_section,
		.run = run_close, .check = check_close,
		.flags = SECTION_CREATE_BASED, .may_be_none = true } };
FIXTURE_VARIANT_ADD(fail, send) {
	.op = { .name = "send", .prepare = make_ends, .run = run_send,
		.check = check_send, .error = ENOBUFS } };
FIXTURE_VARIANT_ADD(fail, receive) {
	.op = { .name = "receive", .prepare = make_sent, .run = run_receive,
		.check = check_receive, .makes_fd = true, .may_be_none = true,
		.error = ENOMSG } };
/* clang-format on */

/*
 * Does Linux need memory to unmap?  Then it leaves what it has moved where it was, and
 * forgets that this is accounted: for good, with any private mapping.
 */
static bool unmapping_may_fail(struct world *w)
{
	unsigned int n, left;
	bool failed = false;
	void *place;

	for (n = 1, left = 0; !left && !failed && n < BOUND; n++) {
		place = mmap(NULL, w->page, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		fail_nth(w->nth, n);
		failed = munmap(place, w->page);
		left = fail_nth_stop(w->nth);
		if (failed)
			munmap(place, w->page);
	}
	return failed;
}

TEST_F_TIMEOUT(fail, each_allocation, 600)
{
	unsigned int left;

	if (variant->op.accounted && unmapping_may_fail(&self->w))
		SKIP(return, "Linux itself loses what it has accounted");
	/* What is made once, for the first who needs it, is not lost. */
	self->w.n = FAR;
	ASSERT_TRUE(attempt(&self->w, &left));
	ASSERT_LT(0U, left);
	memory_take(&self->memory);
	sweep(_metadata, &self->w);
	EXPECT_TRUE(sec_eventually(memory_is_back, &self->memory, 20));
}

/* The last ones that fit; only now, as whoever looks around needs some, too. */
static bool fill_table(struct world *w)
{
	return RIGHT(w, dup(w->dev) == TABLE - 2, errno) &&
	       RIGHT(w, dup(w->dev) == TABLE - 1, errno);
}

static int run_in_full_table(struct world *w)
{
	int ret = run_create(w);

	close(TABLE - 1);
	close(TABLE - 2);
	return ret;
}

static const struct operation in_full_table = {
	.name = "create_in_full_table",
	.prepare = fill_table,
	.run = run_in_full_table,
	.check = check_create,
	.naming = SHORT_NAME,
	.makes_fd = true,
};

FIXTURE(fail_table) {
	struct world w;
};

FIXTURE_SETUP(fail_table)
{
	self->w.op = &in_full_table;
	self->w.page = SEC_PAGE;
	self->w.nth = fail_nth_open();
	ASSERT_LE(0, self->w.nth);
	self->w.dev = sec_dev();
	ASSERT_LE(0, self->w.dev);
}

FIXTURE_TEARDOWN(fail_table)
{
}

/*
 * A table of descriptors that is full grows during the call, and stays so large:
 * those of its allocations fail that are the next ones then.
 */
TEST_F(fail_table, grows)
{
	struct world *w = &self->w;
	int fd;

	do {
		fd = dup(w->dev);
		ASSERT_LE(0, fd);
	} while (fd < TABLE - 3);
	sweep(_metadata, w);
}

int main(int argc, char **argv)
{
	/* Of a process that gets no stack there is a report. */
	sec_expect_report("vmalloc error");
	return fail_nth_main(argc, argv);
}
