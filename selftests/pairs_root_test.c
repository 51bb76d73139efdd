// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every operation against every other one and against itself, over one section
 * with one name: by two threads that share handle and view, and by two processes
 * that have their own.  What each may find depends on what the other does, and
 * is written down with the operation; after each pair nothing of it is left.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"

#include <sched.h>

#define RW	(PROT_READ | PROT_WRITE)

#define PAGES	4
#define MORE	6

/* Deferred releases on an emulated machine: bounds hangs, measures nothing. */
#define PATIENCE	20

enum kind { ANON, RESERVED, FILED };

enum op {
	OPEN, OPEN_OR_CREATE, CREATE, DUPLICATE, ANCHOR, CLOSE, REOPEN, MAP,
	MAP_COPY, FAULT, UNMAP, ZAP, COMMIT, DECOMMIT, EXTEND, TRUNCATE, FORK,
	QUERY, NAMESPACE, OPS
};

/* What the two have between them; the processes' own parts are below. */
struct arena {
	pthread_barrier_t barrier;
	enum kind kind;
	bool processes;
	int rounds;
	int bad;
	__u64 id;
};

/* What an actor works with: threads have one of these, processes one each. */
struct part {
	struct arena *arena;
	const char *name;
	int dev;
	int file;
	int handle;
	unsigned char *view;
	enum op op[2];
	size_t page;
};

/* Is the other one, whatever I do, one who may do this to what I use? */
static bool may(const struct part *p, enum op op)
{
	return p->op[0] == op || p->op[1] == op;
}

/* To a handle, a view: of a process only it itself can. */
static bool may_here(const struct part *p, enum op op)
{
	return !p->arena->processes && may(p, op);
}

static bool closes(const struct part *p)
{
	return may_here(p, CLOSE) || may_here(p, REOPEN);
}

static bool check(struct arena *a, bool good, int line, const char *what,
		  long value)
{
	if (good)
		return true;
	__atomic_store_n(&a->bad, 1, __ATOMIC_SEQ_CST);
	fprintf(stderr, "# %s:%d: not so: %s (%ld, errno %d)\n", __FILE__, line,
		what, value, errno);
	return false;
}

#define CHECK(p, condition, value) \
	check((p)->arena, condition, __LINE__, #condition, value)

/* What is in page n, whoever has written it. */
static unsigned char tag(size_t n)
{
	return 'A' + n;
}

/* A touch of page n of what shows the section: is this what may come of it? */
static bool touch_is_good(const struct part *p, size_t n, int got)
{
	if (got == -SIGSEGV)
		return may_here(p, UNMAP) || may(p, DECOMMIT) || n >= PAGES;
	if (got == -SIGBUS)
		return may(p, TRUNCATE);
	return !got || got == tag(n);
}

static void touch(struct part *p, unsigned char *view, size_t from, size_t to)
{
	size_t n;

	for (n = from; n < to; n++) {
		int got = poke(view + n * p->page, tag(n));

		CHECK(p, touch_is_good(p, n, got), got);
		got = peek(view + n * p->page);
		CHECK(p, touch_is_good(p, n, got), got);
	}
}

static int handle_of(struct part *p)
{
	return __atomic_load_n(&p->handle, __ATOMIC_SEQ_CST);
}

static unsigned char *view_of(struct part *p)
{
	return __atomic_load_n(&p->view, __ATOMIC_SEQ_CST);
}

/* What was asked of the shared handle, which the other one may have closed. */
static bool handle_answer_is_good(struct part *p, int ret)
{
	return ret >= 0 || (ret == -EBADF && closes(p));
}

static void look(struct part *p, int fd, bool same)
{
	struct section_query q;
	int ret = sec_query(fd, &q);

	CHECK(p, !ret, ret);
	if (same)
		CHECK(p, q.id == p->arena->id, q.id);
	CHECK(p, q.handles >= 1, q.handles);
	close(fd);
}

/* While I have a handle that nobody can close but I, the name leads to it. */
static void do_open(struct part *p)
{
	int fd = sec_open(p->dev, p->name, SECTION_RIGHTS_MAXIMUM);

	if (fd >= 0)
		look(p, fd, !closes(p) || !(may(p, CREATE) ||
					    may(p, OPEN_OR_CREATE)));
	else
		CHECK(p, fd == -ENOENT && closes(p), fd);
}

static int create(struct part *p, __u32 flags, __u32 *existed)
{
	struct section_create args = sec_create_args(p->name, p->page);
	int fd;

	args.flags = flags;
	fd = sec_create(p->dev, &args);
	*existed = args.existed;
	return fd;
}

static void do_open_or_create(struct part *p)
{
	__u32 existed;
	int fd = create(p, SECTION_CREATE_OPEN_EXISTING, &existed);

	if (!CHECK(p, fd >= 0, fd))
		return;
	CHECK(p, existed <= 1, existed);
	CHECK(p, existed || closes(p), existed);
	look(p, fd, existed && !closes(p));
}

static void do_create(struct part *p)
{
	__u32 existed;
	int fd = create(p, 0, &existed);

	if (fd >= 0) {
		CHECK(p, closes(p), fd);
		look(p, fd, false);
	} else {
		CHECK(p, fd == -EEXIST, fd);
	}
}

static void duplicate(struct part *p, __u32 flags)
{
	int fd = sec_duplicate(handle_of(p), SECTION_RIGHTS_MAXIMUM, flags);

	CHECK(p, handle_answer_is_good(p, fd), fd);
	if (fd >= 0 && flags)
		close(fd);
	else if (fd >= 0)
		look(p, fd, true);
}

static void do_duplicate(struct part *p)
{
	duplicate(p, 0);
}

static void do_anchor(struct part *p)
{
	duplicate(p, SECTION_DUPLICATE_ANCHOR);
}

static void do_close(struct part *p)
{
	int fd = __atomic_exchange_n(&p->handle, -1, __ATOMIC_SEQ_CST);

	if (fd >= 0)
		CHECK(p, !close(fd), fd);
}

/* The last close, perhaps, and perhaps somebody was faster. */
static void do_reopen(struct part *p)
{
	int fd;

	do_close(p);
	fd = sec_open(p->dev, p->name, SECTION_RIGHTS_MAXIMUM);
	if (fd >= 0)
		look(p, fd, !may(p, CREATE) && !may(p, OPEN_OR_CREATE));
	else
		CHECK(p, fd == -ENOENT, fd);
}

static void map(struct part *p, __u32 flags)
{
	struct section_map args = sec_map_args(RW, 0, PAGES * p->page);
	unsigned char *view;
	int ret;

	args.flags = flags;
	ret = sec_ioctl(handle_of(p), SECTION_IOC_MAP, &args);
	if (!CHECK(p, handle_answer_is_good(p, ret), ret) || ret)
		return;
	view = (unsigned char *)(uintptr_t)args.address;
	touch(p, view, 0, PAGES);
	CHECK(p, !munmap(view, PAGES * p->page), 0);
}

static void do_map(struct part *p)
{
	map(p, 0);
}

static void do_map_copy(struct part *p)
{
	map(p, SECTION_MAP_PRIVATE);
}

static size_t length_of_view(const struct part *p)
{
	return p->arena->kind == FILED ? MORE : PAGES;
}

static void do_fault(struct part *p)
{
	unsigned char *view = view_of(p);

	if (view)
		touch(p, view, 0, length_of_view(p));
}

static void do_unmap(struct part *p)
{
	unsigned char *view = __atomic_exchange_n(&p->view, NULL,
						  __ATOMIC_SEQ_CST);

	if (view)
		CHECK(p, !munmap(view, length_of_view(p) * p->page), 0);
}

static void do_zap(struct part *p)
{
	unsigned char *view = view_of(p);

	/* ENOMEM: a part of it is not mapped. */
	if (view && madvise(view, PAGES * p->page, MADV_DONTNEED))
		CHECK(p, errno == ENOMEM && may_here(p, UNMAP), errno);
	do_fault(p);
}

static void do_commit(struct part *p)
{
	int ret = sec_commit(handle_of(p), 0, 0, 0);

	CHECK(p, handle_answer_is_good(p, ret), ret);
	do_fault(p);
}

static void do_decommit(struct part *p)
{
	int ret = sec_commit(handle_of(p), p->page, 2 * p->page,
			     SECTION_COMMIT_DECOMMIT);

	if (p->arena->kind == RESERVED)
		CHECK(p, handle_answer_is_good(p, ret), ret);
	else
		CHECK(p, ret == -EOPNOTSUPP || (ret == -EBADF && closes(p)),
		      ret);
}

static void do_extend(struct part *p)
{
	__u64 bytes = MORE * p->page;
	int ret = sec_extend(handle_of(p), &bytes);
	unsigned char *view = view_of(p);
	int got;

	if (p->arena->kind != FILED) {
		CHECK(p, ret == -EOPNOTSUPP || (ret == -EBADF && closes(p)),
		      ret);
		return;
	}
	CHECK(p, handle_answer_is_good(p, ret), ret);
	/* Who was told that it is larger can use it. */
	if (ret || !view)
		return;
	CHECK(p, bytes == MORE * p->page, bytes);
	got = peek(view + (MORE - 1) * p->page);
	CHECK(p, got >= 0 || (got == -SIGBUS && may(p, TRUNCATE)) ||
	      (got == -SIGSEGV && may_here(p, UNMAP)), got);
}

static void do_truncate(struct part *p)
{
	if (p->arena->kind != FILED)
		return;
	CHECK(p, !ftruncate(p->file, p->page), errno);
	CHECK(p, !ftruncate(p->file, MORE * p->page), errno);
}

static void do_fork(struct part *p)
{
	pid_t child = fork();
	int status;

	if (!child) {
		do_fault(p);
		do_unmap(p);
		_exit(0);
	}
	status = child < 0 ? -errno : sec_wait(child);
	CHECK(p, !status, status);
}

/* Entries of other lengths than it says would be somebody else's memory. */
static void do_query(struct part *p)
{
	struct section_query_view v;
	unsigned char *view = view_of(p);
	struct section_query q;
	struct section_list l;
	char buffer[512];
	int ret = sec_query(handle_of(p), &q);

	CHECK(p, handle_answer_is_good(p, ret), ret);
	if (!ret) {
		CHECK(p, q.id == p->arena->id, q.id);
		CHECK(p, q.bytes == PAGES * p->page ||
		      (q.bytes == MORE * p->page && may(p, EXTEND)), q.bytes);
	}
	if (view) {
		ret = sec_query_view(p->dev, view, &v);
		CHECK(p, !ret || (ret == -EFAULT && may_here(p, UNMAP)), ret);
		CHECK(p, ret || v.id == p->arena->id, v.id);
	}
	ret = sec_list(p->dev, 0, buffer, sizeof(buffer), &l);
	CHECK(p, !ret, ret);
	CHECK(p, l.count <= 1, l.count);
	CHECK(p, l.count || closes(p), l.count);
}

/* The same name elsewhere is another one, and goes with the namespace. */
static void do_namespace(struct part *p)
{
	pid_t child = fork();
	int status, fd;

	if (!child) {
		if (unshare(CLONE_NEWNET))
			_exit(1);
		if (sec_open(p->dev, p->name, 0) != -ENOENT)
			_exit(2);
		fd = sec_create_anon(p->dev, p->name, p->page);
		if (fd < 0)
			_exit(3);
		if (sec_id(fd) == p->arena->id)
			_exit(4);
		_exit(0);
	}
	status = child < 0 ? -errno : sec_wait(child);
	CHECK(p, !status, status);
}

static const struct {
	const char *name;
	void (*run)(struct part *p);
	/* How many rounds make one of it: what is dear is done less often. */
	int share;
} ops[OPS] = {
	[OPEN] = { "open", do_open, 1 },
	[OPEN_OR_CREATE] = { "open or create", do_open_or_create, 1 },
	[CREATE] = { "create", do_create, 1 },
	[DUPLICATE] = { "duplicate", do_duplicate, 1 },
	[ANCHOR] = { "anchor", do_anchor, 1 },
	[CLOSE] = { "close", do_close, 1 },
	[REOPEN] = { "reopen", do_reopen, 1 },
	[MAP] = { "map", do_map, 1 },
	[MAP_COPY] = { "map privately", do_map_copy, 1 },
	[FAULT] = { "fault", do_fault, 1 },
	[UNMAP] = { "unmap", do_unmap, 1 },
	[ZAP] = { "zap", do_zap, 1 },
	[COMMIT] = { "commit", do_commit, 1 },
	[DECOMMIT] = { "decommit", do_decommit, 1 },
	[EXTEND] = { "extend", do_extend, 1 },
	[TRUNCATE] = { "truncate", do_truncate, 1 },
	[FORK] = { "fork", do_fork, 2 },
	[QUERY] = { "query", do_query, 1 },
	[NAMESPACE] = { "namespace", do_namespace, 5 },
};

static void meet(struct part *p)
{
	pthread_barrier_wait(&p->arena->barrier);
}

/* A view of one's own of the section that the handle is one of. */
static void take_view(struct part *p)
{
	bool filed = p->arena->kind == FILED;
	void *view = sec_map(p->handle, RW, filed ? SECTION_MAP_BEYOND : 0, 0,
			     length_of_view(p) * p->page);

	if (CHECK(p, view != MAP_FAILED, 0))
		p->view = view;
}

static void begin_round(struct part *p)
{
	struct arena *a = p->arena;
	struct section_create args = sec_create_args(p->name, PAGES * p->page);

	if (a->kind == FILED) {
		CHECK(p, !ftruncate(p->file, 0), errno);
		CHECK(p, !ftruncate(p->file, PAGES * p->page), errno);
		args.file_fd = p->file;
	}
	if (a->kind == RESERVED)
		args.flags = SECTION_CREATE_RESERVE;
	p->handle = sec_create(p->dev, &args);
	if (!CHECK(p, p->handle >= 0, p->handle))
		return;
	a->id = sec_id(p->handle);
	if (a->kind == RESERVED)
		CHECK(p, !sec_commit(p->handle, 0, 0, 0), 0);
	take_view(p);
	if (p->view)
		CHECK(p, !poke(p->view, tag(0)), 0);
}

/* The second process has its own way to the section. */
static void join_round(struct part *p)
{
	p->handle = sec_open(p->dev, p->name, SECTION_RIGHTS_MAXIMUM);
	if (CHECK(p, p->handle >= 0, p->handle))
		take_view(p);
}

/* All of the range is as one of the calls has left it. */
static void check_commits(struct part *p, const struct section_query *q)
{
	size_t n, usable = 0;

	CHECK(p, q->committed == PAGES * p->page ||
	      (q->committed == (PAGES - 2) * p->page && may(p, DECOMMIT)),
	      q->committed);
	for (n = 0; n < PAGES && p->view; n++) {
		int got = peek(p->view + n * p->page);

		CHECK(p, got == -SIGSEGV || !got || got == tag(n), got);
		usable += got >= 0;
	}
	if (p->view)
		CHECK(p, usable * p->page == q->committed, usable);
}

/* Both are done, nobody does anything: what is there now? */
static void check_round(struct part *p)
{
	struct section_query q;
	int got;

	if (p->handle >= 0 && CHECK(p, !sec_query(p->handle, &q), 0)) {
		CHECK(p, q.id == p->arena->id, q.id);
		CHECK(p, q.handles == 1 || p->arena->processes, q.handles);
		if (p->arena->kind == RESERVED)
			check_commits(p, &q);
	}
	if (p->view) {
		got = peek(p->view);
		CHECK(p, got == tag(0), got);
	}
}

static void run_op(struct part *p, int mine, int round)
{
	int share = ops[p->op[mine]].share;

	if (round % share == 0)
		ops[p->op[mine]].run(p);
}

struct second {
	struct part *part;
	bool own;
};

static void *second_actor(void *argument)
{
	struct second *s = argument;
	struct part *p = s->part;
	int round;

	for (round = 0; round < p->arena->rounds; round++) {
		meet(p);
		if (s->own)
			join_round(p);
		meet(p);
		run_op(p, 1, round);
		meet(p);
		if (s->own)
			check_round(p);
		meet(p);
		if (s->own) {
			do_close(p);
			do_unmap(p);
		}
		meet(p);
	}
	return NULL;
}

static void first_actor(struct part *p)
{
	int round;

	for (round = 0; round < p->arena->rounds; round++) {
		begin_round(p);
		meet(p);
		meet(p);
		run_op(p, 0, round);
		meet(p);
		check_round(p);
		meet(p);
		do_close(p);
		do_unmap(p);
		meet(p);
		/* It was the last of all handles. */
		CHECK(p, sec_open(p->dev, p->name, 0) == -ENOENT, round);
	}
}

static void in_threads(struct part *p)
{
	struct second second = { p, false };
	pthread_t thread;

	if (!CHECK(p, !pthread_create(&thread, NULL, second_actor, &second), 0))
		return;
	first_actor(p);
	pthread_join(thread, NULL);
}

static void in_processes(struct part *p)
{
	struct part own = *p;
	struct second second = { &own, true };
	pid_t child = fork();

	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		second_actor(&second);
		_exit(0);
	}
	if (!CHECK(p, child > 0, child))
		return;
	first_actor(p);
	CHECK(p, !sec_wait(child), 0);
}

/* In a process of its own, which ends with what went wrong in it. */
static int run_pair(void *argument)
{
	struct part *p = argument;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (p->arena->processes)
		in_processes(p);
	else
		in_threads(p);
	return 0;
}

struct counters {
	long sections, handles, views;
};

static bool nothing_left(void *arg)
{
	struct counters *before = arg;

	return sec_counter("sections") == before->sections &&
	       sec_counter("handles") == before->handles &&
	       sec_counter("views") == before->views;
}

/* In bytes, exactly: what the processors have counted for themselves, too. */
static long long shmem(void)
{
	char text[8192];

	sec_read_file("/proc/sys/vm/stat_refresh", text, sizeof(text));
	return sec_meminfo("Shmem:");
}

static bool memory_is_back(void *arg)
{
	return shmem() <= *(long long *)arg;
}

FIXTURE(pairs) {
	struct sec_name name;
	struct arena *arena;
	struct part part;
	struct counters before;
	long long shmem;
};

FIXTURE_VARIANT(pairs) {
	enum kind kind;
	bool processes;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(pairs, anon_threads) { .kind = ANON };
FIXTURE_VARIANT_ADD(pairs, reserved_threads) { .kind = RESERVED };
FIXTURE_VARIANT_ADD(pairs, file_threads) { .kind = FILED };
FIXTURE_VARIANT_ADD(pairs, anon_processes) {
	.kind = ANON, .processes = true };
FIXTURE_VARIANT_ADD(pairs, reserved_processes) {
	.kind = RESERVED, .processes = true };
FIXTURE_VARIANT_ADD(pairs, file_processes) {
	.kind = FILED, .processes = true };
/* clang-format on */

FIXTURE_SETUP(pairs)
{
	struct part *p = &self->part;

	ASSERT_EQ(0, geteuid()) {
		TH_LOG("this test needs root");
	}
	self->name = sec_unique();
	self->arena = (struct arena *)shared_barrier(2);
	ASSERT_NE(NULL, self->arena);
	self->arena->kind = variant->kind;
	self->arena->processes = variant->processes;
	self->arena->rounds = sec_rounds(8);
	p->arena = self->arena;
	p->name = self->name.s;
	p->page = SEC_PAGE;
	p->dev = sec_dev();
	ASSERT_LE(0, p->dev);
	p->file = memfd_create("pairs", MFD_CLOEXEC);
	ASSERT_LE(0, p->file);
	p->handle = -1;
	self->before.sections = sec_counter("sections");
	self->before.handles = sec_counter("handles");
	self->before.views = sec_counter("views");
	ASSERT_LE(0, self->before.sections);
	self->shmem = shmem();
	ASSERT_LT(0, self->shmem);
}

FIXTURE_TEARDOWN(pairs)
{
	close(self->part.file);
	close(self->part.dev);
}

TEST_F_TIMEOUT(pairs, all, 550)
{
	struct part *p = &self->part;
	int first, second, count = 0;

	for (first = 0; first < OPS; first++) {
		for (second = first; second < OPS; second++) {
			p->op[0] = first;
			p->op[1] = second;
			EXPECT_EQ(0, sec_in_child(run_pair, p));
			EXPECT_EQ(0, self->arena->bad);
			EXPECT_TRUE(sec_eventually(nothing_left, &self->before,
						   PATIENCE));
			ASSERT_EQ(0, ftruncate(p->file, 0));
			ASSERT_TRUE(__test_passed(_metadata)) {
				TH_LOG("%s against %s", ops[first].name,
				       ops[second].name);
			}
			count++;
		}
	}
	EXPECT_TRUE(sec_eventually(memory_is_back, &self->shmem, PATIENCE)) {
		TH_LOG("Shmem: %lld before, %lld after", self->shmem, shmem());
	}
	TH_LOG("%d pairs, %d rounds of each", count, self->arena->rounds);
}

TEST_HARNESS_MAIN
