/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operations of fail_nth_root_test: how each is prepared and run, and what is
 * to be seen after it has succeeded, or failed.
 */
#ifndef FAIL_NTH_OPERATIONS_H
#define FAIL_NTH_OPERATIONS_H

#include "fail_nth_world.h"

#define RW		(PROT_READ | PROT_WRITE)

/* How much of a view is touched; also what is made in advance. */
#define TOUCHED		24
#define FULL_PAGES	16

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

#endif /* FAIL_NTH_OPERATIONS_H */
