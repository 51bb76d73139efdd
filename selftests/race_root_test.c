// SPDX-License-Identifier: GPL-2.0-only
/*
 * Races that are not left to chance: one side is stopped in the middle of what it
 * does, by a file system that does not answer or by memory that is not there yet,
 * and the other one goes first.
 */
#include "kselftest_harness.h"
#include "fuse_util.h"

#include <linux/userfaultfd.h>
#include <sched.h>

#define RW	(PROT_READ | PROT_WRITE)
#define AT(view, n) ((view) + (n) * self->page)

/* Deferred releases on an emulated machine: bounds hangs, measures nothing. */
#define PATIENCE	20

static bool no_sections(void *arg)
{
	(void)arg;
	return !sec_counter("sections");
}

/*
 * A fault sleeps in the backing.
 */

FIXTURE(fault) {
	struct fuse f;
	struct sec_name name;
	int dev;
	int file;
	int handle;
	unsigned char *view;
	size_t page;
	pthread_t thread;
};

FIXTURE_SETUP(fault)
{
	const char *problem;

	self->page = SEC_PAGE;
	self->name = sec_unique();
	/* The server inherits nothing of the section's. */
	problem = fuse_start(&self->f, false);
	ASSERT_EQ(NULL, problem)
		TH_LOG("%s: errno %d", problem, errno);
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->file = fuse_open_file(&self->f, "cached");
	ASSERT_LE(0, self->file);
	self->handle = sec_create_file(self->dev, self->name.s, self->file, 0,
				       SEC_PROT_RW);
	ASSERT_LE(0, self->handle);
	self->view = sec_map(self->handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, self->view);
}

FIXTURE_TEARDOWN(fault)
{
	fuse_stop(&self->f);
}

/* From here on a thread sleeps in a fault of the view's page 3. */
static void start_fault(struct __test_metadata *_metadata,
			FIXTURE_DATA(fault) *self, struct toucher *toucher)
{
	toucher->address = AT(self->view, 3);
	ASSERT_EQ(0, command(&self->f, STALL, FUSE_READ));
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, touch_thread,
				    toucher));
	ASSERT_TRUE(wait_parked(&self->f));
}

static void end_fault(struct __test_metadata *_metadata,
		      FIXTURE_DATA(fault) *self)
{
	ASSERT_EQ(0, command(&self->f, RELEASE, 0));
	ASSERT_EQ(0, pthread_join(self->thread, NULL));
}

/* What keeps the memory does not keep the name. */
TEST_F_TIMEOUT(fault, last_close, 120)
{
	struct toucher toucher;
	__u64 id = sec_id(self->handle);
	int other, opened;

	start_fault(_metadata, self, &toucher);
	ASSERT_EQ(0, close(self->handle));
	EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s, SEC_RIGHTS_R));
	other = sec_create_anon(self->dev, self->name.s, self->page);
	ASSERT_LE(0, other);
	opened = sec_open(self->dev, self->name.s, SEC_RIGHTS_R);
	ASSERT_LE(0, opened);
	EXPECT_EQ(sec_id(other), sec_id(opened));
	EXPECT_NE(id, sec_id(opened));
	end_fault(_metadata, self);
	EXPECT_EQ('d', toucher.value);
	EXPECT_EQ(sec_id(other), sec_id(opened));
}

/* The child has a view of its own, which goes on without the parent's. */
TEST_F_TIMEOUT(fault, fork, 120)
{
	struct toucher toucher;
	pid_t child;

	start_fault(_metadata, self, &toucher);
	child = fork();
	if (!child) {
		close(self->handle);
		CHILD_EXPECT(peek(AT(self->view, 3)) == 'd');
		CHILD_EXPECT(!poke(AT(self->view, 4), 'C'));
		_exit(0);
	}
	ASSERT_LT(0, child);
	EXPECT_EQ(2, sec_counter("views"));
	ASSERT_EQ(0, munmap(self->view, PAGES * self->page));
	ASSERT_EQ(0, close(self->handle));
	EXPECT_EQ(1, sec_counter("views"));
	EXPECT_EQ(1, sec_counter("sections"));
	end_fault(_metadata, self);
	EXPECT_EQ(-SIGSEGV, toucher.value);
	EXPECT_EQ(0, sec_wait(child));
	EXPECT_TRUE(sec_eventually(no_sections, NULL, PATIENCE));
	/* What it wrote went to the file. */
	EXPECT_EQ('C', file_byte(self->file, 4 * self->page));
}

TEST_F_TIMEOUT(fault, move, 120)
{
	struct toucher toucher;
	unsigned char *to;

	start_fault(_metadata, self, &toucher);
	/* Kept until it is replaced: threads want memory, too. */
	to = mmap(NULL, PAGES * self->page, PROT_NONE,
		  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, to);
	ASSERT_EQ(to, mremap(self->view, PAGES * self->page,
			     PAGES * self->page, MREMAP_MAYMOVE | MREMAP_FIXED,
			     to));
	EXPECT_EQ(1, sec_counter("views"));
	end_fault(_metadata, self);
	EXPECT_EQ(-SIGSEGV, toucher.value);
	EXPECT_EQ('d', peek(AT(to, 3)));
	ASSERT_EQ(0, munmap(to, PAGES * self->page));
	EXPECT_EQ(0, sec_counter("views"));
}

/* Part of the view goes: that of the fault, and another one. */
TEST_F_TIMEOUT(fault, unmap_a_part, 120)
{
	struct toucher toucher;

	start_fault(_metadata, self, &toucher);
	ASSERT_EQ(0, munmap(AT(self->view, 5), self->page));
	EXPECT_EQ(2, sec_counter("views"));
	ASSERT_EQ(0, munmap(AT(self->view, 3), self->page));
	EXPECT_EQ(3, sec_counter("views"));
	end_fault(_metadata, self);
	EXPECT_EQ(-SIGSEGV, toucher.value);
	EXPECT_EQ('c', peek(AT(self->view, 2)));
	EXPECT_EQ('e', peek(AT(self->view, 4)));
	EXPECT_EQ('g', peek(AT(self->view, 6)));
}

/* Neither the last anchor nor the last view is what keeps the section. */
TEST_F_TIMEOUT(fault, last_anchor_and_view, 120)
{
	struct toucher toucher;
	int anchor;

	anchor = sec_duplicate(self->handle, SECTION_RIGHTS_MAXIMUM,
			       SECTION_DUPLICATE_ANCHOR);
	ASSERT_LE(0, anchor);
	ASSERT_EQ(0, close(self->handle));
	start_fault(_metadata, self, &toucher);
	ASSERT_EQ(0, munmap(self->view, PAGES * self->page));
	EXPECT_EQ(1, sec_counter("handles"));
	ASSERT_EQ(0, close(anchor));
	EXPECT_EQ(0, sec_counter("handles"));
	EXPECT_EQ(0, sec_counter("views"));
	EXPECT_EQ(1, sec_counter("sections"));
	end_fault(_metadata, self);
	EXPECT_EQ(-SIGSEGV, toucher.value);
	EXPECT_TRUE(sec_eventually(no_sections, NULL, PATIENCE));
}

/* An anchor can map again what the fault has brought. */
TEST_F_TIMEOUT(fault, anchor_after_last_view, 120)
{
	struct toucher toucher;
	unsigned char *view;
	int anchor;

	anchor = sec_duplicate(self->handle, SECTION_RIGHTS_MAXIMUM,
			       SECTION_DUPLICATE_ANCHOR);
	ASSERT_LE(0, anchor);
	start_fault(_metadata, self, &toucher);
	ASSERT_EQ(0, close(self->handle));
	ASSERT_EQ(0, munmap(self->view, PAGES * self->page));
	view = sec_map(anchor, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	end_fault(_metadata, self);
	/* At the same address, it is the fault's own. */
	EXPECT_EQ(view == self->view ? 'd' : -SIGSEGV, toucher.value);
	EXPECT_EQ('d', peek(AT(view, 3)));
	EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s, SEC_RIGHTS_R));
}

struct cut {
	int file;
	off_t size;
	int ret;
};

static void *cut_thread(void *argument)
{
	struct cut *cut = argument;

	cut->ret = ftruncate(cut->file, cut->size) ? -errno : 0;
	return NULL;
}

/*
 * Shorter for who maps it; the server says so earlier. The page is one that need
 * not be read, as long as it is there.
 */
static bool is_cut(void *arg)
{
	return peek(arg) == -SIGBUS;
}

/* The file ends before the page comes; it was read when it was still there. */
TEST_F_TIMEOUT(fault, truncate, 120)
{
	struct cut cut = { .file = self->file, .size = self->page };
	struct toucher toucher;
	pthread_t cutter;

	EXPECT_EQ('a', peek(self->view));
	EXPECT_EQ('h', peek(AT(self->view, 7)));
	start_fault(_metadata, self, &toucher);
	ASSERT_EQ(0, pthread_create(&cutter, NULL, cut_thread, &cut));
	/* Now it waits for the page that is being read. */
	ASSERT_TRUE(sec_eventually(is_cut, AT(self->view, 7), PATIENCE));
	end_fault(_metadata, self);
	ASSERT_EQ(0, pthread_join(cutter, NULL));
	EXPECT_EQ(0, cut.ret);
	EXPECT_EQ(-SIGBUS, toucher.value);
	EXPECT_EQ('a', peek(self->view));
	EXPECT_EQ(-SIGBUS, peek(AT(self->view, 1)));
	/* The section is as large as before: what comes back can be used. */
	ASSERT_EQ(0, ftruncate(self->file, PAGES * self->page));
	EXPECT_LE(0, peek(AT(self->view, 3)));
}

/*
 * An extension sleeps in the backing: nothing of it is seen before it is done.
 */

struct extender {
	int handle;
	__u64 bytes;
	int ret;
};

static void *extend_thread(void *argument)
{
	struct extender *e = argument;

	e->ret = sec_extend(e->handle, &e->bytes);
	return NULL;
}

static void start_extension(struct __test_metadata *_metadata,
			    FIXTURE_DATA(fault) *self, struct extender *e)
{
	e->handle = self->handle;
	e->bytes = 12 * self->page;
	ASSERT_EQ(0, command(&self->f, STALL, FUSE_SETATTR));
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, extend_thread, e));
	ASSERT_TRUE(wait_parked(&self->f));
}

TEST_F_TIMEOUT(fault, extend_against_map_and_fault, 120)
{
	struct section_query_view v;
	struct section_query q;
	struct extender e;
	unsigned char *beyond, *view;

	beyond = sec_map(self->handle, RW, SECTION_MAP_BEYOND, 0,
			 16 * self->page);
	ASSERT_NE(MAP_FAILED, beyond);
	start_extension(_metadata, self, &e);

	EXPECT_EQ('c', peek(AT(beyond, 2)));
	EXPECT_EQ(-SIGSEGV, peek(AT(beyond, 8)));
	EXPECT_EQ(-SIGSEGV, poke(AT(beyond, 11), 'x'));
	EXPECT_EQ(-EFAULT, remote_read(getpid(), AT(beyond, 9)));
	errno = 0;
	EXPECT_EQ(MAP_FAILED, sec_map(self->handle, RW, 0, 0, 12 * self->page));
	EXPECT_EQ(ENXIO, errno);
	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_EQ(PAGES * self->page, q.bytes);
	ASSERT_EQ(0, sec_query_view(self->dev, AT(beyond, 9), &v));
	EXPECT_EQ(0U, v.committed);

	end_fault(_metadata, self);
	EXPECT_EQ(0, e.ret);
	EXPECT_EQ(12 * self->page, e.bytes);
	EXPECT_EQ(0, peek(AT(beyond, 8)));
	EXPECT_EQ(0, poke(AT(beyond, 11), 'x'));
	EXPECT_EQ(-SIGSEGV, peek(AT(beyond, 12)));
	view = sec_map(self->handle, RW, 0, 0, 12 * self->page);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ('x', peek(AT(view, 11)));
}

/* The call has the handle for as long as it takes. */
TEST_F_TIMEOUT(fault, extend_against_last_close, 120)
{
	struct extender e;
	int opened;

	start_extension(_metadata, self, &e);
	ASSERT_EQ(0, close(self->handle));
	opened = sec_open(self->dev, self->name.s, SEC_RIGHTS_R);
	EXPECT_LE(0, opened);
	close(opened);
	ASSERT_EQ(0, munmap(self->view, PAGES * self->page));
	EXPECT_EQ(-EEXIST, sec_create_anon(self->dev, self->name.s, 1));
	end_fault(_metadata, self);
	EXPECT_EQ(0, e.ret);
	EXPECT_EQ(12 * self->page, e.bytes);
	EXPECT_EQ((off_t)(12 * self->page), file_size(self->file));
	EXPECT_TRUE(sec_eventually(no_sections, NULL, PATIENCE));
	EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s, SEC_RIGHTS_R));
}

/*
 * A call is stopped where it reads its argument, or where it writes its answer.
 */

/* Room for the largest of the structures. */
union argument {
	__u32 size;
	struct section_create create;
	struct section_open open;
	struct section_query query;
	struct section_duplicate duplicate;
	struct section_map map;
	struct section_commit_view commit_view;
};

struct call {
	int fd;
	unsigned long cmd;
	/* What it is to be, and the memory that makes the call wait. */
	union argument argument;
	union argument *there;
	int uffd;
	int ret;
	pthread_t thread;
};

static void *call_thread(void *argument)
{
	struct call *call = argument;

	call->ret = sec_ioctl(call->fd, call->cmd, call->there);
	return NULL;
}

/* Memory whose first touch, or first write if it is full, is ours to allow. */
static int stopping_memory(struct call *call, bool full)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_PAGEFAULT_FLAG_WP,
	};
	struct uffdio_register reg = {
		.mode = full ? UFFDIO_REGISTER_MODE_WP :
			       UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_writeprotect protect = {
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	void *page = mmap(NULL, SEC_PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0);

	if (page == MAP_FAILED)
		return -errno;
	if (full)
		memcpy(page, &call->argument, sizeof(call->argument));
	reg.range.start = sec_ptr(page);
	reg.range.len = SEC_PAGE;
	protect.range = reg.range;
	call->there = page;
	call->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (call->uffd < 0 || ioctl(call->uffd, UFFDIO_API, &api) ||
	    ioctl(call->uffd, UFFDIO_REGISTER, &reg))
		return -errno;
	if (full && ioctl(call->uffd, UFFDIO_WRITEPROTECT, &protect))
		return -errno;
	return 0;
}

/* Starts the call, and returns when it has stopped. */
static void start_call(struct __test_metadata *_metadata, struct call *call,
		       bool at_the_answer)
{
	struct pollfd fd = { .events = POLLIN };
	struct uffd_msg message;

	ASSERT_EQ(0, stopping_memory(call, at_the_answer));
	ASSERT_EQ(0, pthread_create(&call->thread, NULL, call_thread, call));
	fd.fd = call->uffd;
	ASSERT_EQ(1, poll(&fd, 1, PATIENCE_MS));
	ASSERT_EQ((ssize_t)sizeof(message),
		  read(call->uffd, &message, sizeof(message)));
	ASSERT_EQ(UFFD_EVENT_PAGEFAULT, message.event);
}

/* Lets it go on, and returns what it returned. */
static int end_call(struct call *call)
{
	unsigned char page[SEC_PAGE];
	struct uffdio_copy copy = {
		.dst = sec_ptr(call->there),
		.src = sec_ptr(page),
		.len = SEC_PAGE,
	};
	struct uffdio_writeprotect protect = {
		.range = { .start = sec_ptr(call->there), .len = SEC_PAGE },
	};

	memset(page, 0, sizeof(page));
	memcpy(page, &call->argument, sizeof(call->argument));
	/* One of the two is what it waits for. */
	if (ioctl(call->uffd, UFFDIO_COPY, &copy))
		ioctl(call->uffd, UFFDIO_WRITEPROTECT, &protect);
	/* Nobody is woken for memory that is not mapped any more, but so. */
	close(call->uffd);
	pthread_join(call->thread, NULL);
	return call->ret;
}

FIXTURE(call) {
	int dev;
	int handle;
	struct sec_name name;
	unsigned char *view;
	size_t page;
	struct call call;
	long sections;
};

FIXTURE_SETUP(call)
{
	ASSERT_EQ(0, geteuid()) {
		TH_LOG("this test needs root");
	}
	self->page = SEC_PAGE;
	self->name = sec_unique();
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, sec_counter("sections"));
	self->handle = sec_create_flags(self->dev, self->name.s,
					4 * self->page, SECTION_CREATE_RESERVE);
	ASSERT_LE(0, self->handle);
	ASSERT_EQ(0, sec_commit(self->handle, 0, self->page, 0));
	self->view = sec_map(self->handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, self->view);
	ASSERT_EQ(0, poke(self->view, 'v'));
}

FIXTURE_TEARDOWN(call)
{
	if (access(SEC_DEVICE, F_OK))
		module_load();
}

static void prepare_open(FIXTURE_DATA(call) *self, int dev)
{
	self->call.fd = dev;
	self->call.cmd = SECTION_IOC_OPEN;
	self->call.argument.open = sec_open_args(self->name.s, SEC_RIGHTS_R);
}

/* What is gone when the name is looked up is not found. */
TEST_F_TIMEOUT(call, last_close_before_open, 120)
{
	prepare_open(self, self->dev);
	start_call(_metadata, &self->call, false);
	ASSERT_EQ(0, close(self->handle));
	EXPECT_EQ(-ENOENT, end_call(&self->call));
	EXPECT_EQ('v', peek(self->view));
}

/* Once it is found, it is the opener's as well. */
TEST_F_TIMEOUT(call, last_close_within_open, 120)
{
	struct section_query q;
	unsigned char *view;
	int opened;

	prepare_open(self, self->dev);
	start_call(_metadata, &self->call, true);
	ASSERT_EQ(0, close(self->handle));
	ASSERT_EQ(0, munmap(self->view, 4 * self->page));
	EXPECT_EQ(1, sec_counter("sections"));
	EXPECT_EQ(-EEXIST, sec_create_anon(self->dev, self->name.s, 1));
	opened = end_call(&self->call);
	ASSERT_LE(0, opened);
	EXPECT_EQ(4 * self->page, self->call.there->open.bytes);
	ASSERT_EQ(0, sec_query(opened, &q));
	EXPECT_EQ(1U, q.handles);
	view = sec_map(opened, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ('v', peek(view));
	ASSERT_EQ(0, close(opened));
	EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s, SEC_RIGHTS_R));
}

/* By somebody who never comes to have it. */
TEST_F_TIMEOUT(call, opener_fails, 120)
{
	prepare_open(self, self->dev);
	start_call(_metadata, &self->call, true);
	ASSERT_EQ(0, close(self->handle));
	ASSERT_EQ(0, munmap(self->view, 4 * self->page));
	EXPECT_EQ(1, sec_counter("sections"));
	ASSERT_EQ(0, munmap(self->call.there, self->page));
	EXPECT_EQ(-EFAULT, end_call(&self->call));
	EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s, SEC_RIGHTS_R));
	EXPECT_TRUE(sec_eventually(no_sections, NULL, PATIENCE));
}

/* Another one took the name meanwhile. */
TEST_F_TIMEOUT(call, replaced_before_open, 120)
{
	int other, opened;

	prepare_open(self, self->dev);
	start_call(_metadata, &self->call, false);
	ASSERT_EQ(0, close(self->handle));
	other = sec_create_anon(self->dev, self->name.s, self->page);
	ASSERT_LE(0, other);
	opened = end_call(&self->call);
	ASSERT_LE(0, opened);
	EXPECT_EQ(sec_id(other), sec_id(opened));
	EXPECT_EQ(self->page, self->call.there->open.bytes);
}

/* Whoever comes first has it, also if he has begun later. */
TEST_F_TIMEOUT(call, create_before_create, 120)
{
	struct sec_name name = sec_unique();
	int other;

	self->call.fd = self->dev;
	self->call.cmd = SECTION_IOC_CREATE;
	self->call.argument.create = sec_create_args(name.s, self->page);
	start_call(_metadata, &self->call, false);
	other = sec_create_anon(self->dev, name.s, self->page);
	EXPECT_LE(0, other);
	EXPECT_EQ(-EEXIST, end_call(&self->call));
	EXPECT_EQ(2, sec_counter("sections"));
}

TEST_F_TIMEOUT(call, create_or_open_after_create, 120)
{
	struct sec_name name = sec_unique();
	int other, got;

	self->call.fd = self->dev;
	self->call.cmd = SECTION_IOC_CREATE;
	self->call.argument.create = sec_create_args(name.s, 2 * self->page);
	self->call.argument.create.flags = SECTION_CREATE_OPEN_EXISTING;
	start_call(_metadata, &self->call, false);
	other = sec_create_anon(self->dev, name.s, self->page);
	ASSERT_LE(0, other);
	got = end_call(&self->call);
	ASSERT_LE(0, got);
	EXPECT_EQ(1U, self->call.there->create.existed);
	EXPECT_EQ(sec_id(other), sec_id(got));
}

TEST_F_TIMEOUT(call, duplicate_against_close, 120)
{
	__u64 id = sec_id(self->handle);
	struct section_query q;
	int opened, dup;

	self->call.fd = self->handle;
	self->call.cmd = SECTION_IOC_DUPLICATE;
	self->call.argument.duplicate = (struct section_duplicate){
		.size = sizeof(struct section_duplicate),
		.rights = SEC_RIGHTS_R,
	};
	start_call(_metadata, &self->call, false);
	ASSERT_EQ(0, close(self->handle));
	opened = sec_open(self->dev, self->name.s, SEC_RIGHTS_R);
	EXPECT_LE(0, opened);
	close(opened);
	dup = end_call(&self->call);
	ASSERT_LE(0, dup);
	ASSERT_EQ(0, sec_query(dup, &q));
	EXPECT_EQ(id, q.id);
	EXPECT_EQ(1U, q.handles);
	EXPECT_EQ((__u32)SEC_RIGHTS_R, q.rights);
	ASSERT_EQ(0, close(dup));
	EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s, SEC_RIGHTS_R));
}

/* An anchor that is made of the last handle does not keep its name. */
TEST_F_TIMEOUT(call, anchor_against_close, 120)
{
	int anchor;

	self->call.fd = self->handle;
	self->call.cmd = SECTION_IOC_DUPLICATE;
	self->call.argument.duplicate = (struct section_duplicate){
		.size = sizeof(struct section_duplicate),
		.flags = SECTION_DUPLICATE_ANCHOR,
		.rights = SECTION_RIGHTS_MAXIMUM,
	};
	start_call(_metadata, &self->call, false);
	ASSERT_EQ(0, close(self->handle));
	ASSERT_EQ(0, munmap(self->view, 4 * self->page));
	anchor = end_call(&self->call);
	ASSERT_LE(0, anchor);
	EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s, SEC_RIGHTS_R));
	self->view = sec_map(anchor, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, self->view);
	EXPECT_EQ('v', peek(self->view));
	ASSERT_EQ(0, close(anchor));
	ASSERT_EQ(0, munmap(self->view, 4 * self->page));
	EXPECT_TRUE(sec_eventually(no_sections, NULL, PATIENCE));
}

TEST_F_TIMEOUT(call, map_against_close, 120)
{
	unsigned char *view;

	self->call.fd = self->handle;
	self->call.cmd = SECTION_IOC_MAP;
	self->call.argument.map = sec_map_args(RW, 0, 0);
	start_call(_metadata, &self->call, false);
	ASSERT_EQ(0, close(self->handle));
	ASSERT_EQ(0, munmap(self->view, 4 * self->page));
	ASSERT_EQ(0, end_call(&self->call));
	view = (unsigned char *)(uintptr_t)self->call.there->map.address;
	EXPECT_EQ(4 * self->page, self->call.there->map.length);
	EXPECT_EQ('v', peek(view));
	EXPECT_EQ(1, sec_counter("views"));
	EXPECT_EQ(0, sec_counter("handles"));
	ASSERT_EQ(0, munmap(view, 4 * self->page));
	EXPECT_TRUE(sec_eventually(no_sections, NULL, PATIENCE));
}

static void prepare_commit_view(FIXTURE_DATA(call) *self)
{
	self->call.fd = self->dev;
	self->call.cmd = SECTION_IOC_COMMIT_VIEW;
	self->call.argument.commit_view = (struct section_commit_view){
		.size = sizeof(struct section_commit_view),
		.address = sec_ptr(self->view),
		.length = 4 * self->page,
	};
}

/* The address is one of a view when it is looked at, or of none. */
TEST_F_TIMEOUT(call, commit_view_against_unmap, 120)
{
	prepare_commit_view(self);
	start_call(_metadata, &self->call, false);
	ASSERT_EQ(0, munmap(self->view, 4 * self->page));
	EXPECT_EQ(-EFAULT, end_call(&self->call));
}

TEST_F_TIMEOUT(call, commit_view_against_another, 120)
{
	struct section_query q;
	int other;

	other = sec_create_flags(self->dev, NULL, 4 * self->page,
				 SECTION_CREATE_RESERVE);
	ASSERT_LE(0, other);
	prepare_commit_view(self);
	start_call(_metadata, &self->call, false);
	ASSERT_EQ(self->view, mmap(self->view, 4 * self->page, RW,
				   MAP_SHARED | MAP_FIXED, other, 0));
	EXPECT_EQ(0, end_call(&self->call));
	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_EQ(self->page, q.committed);
	ASSERT_EQ(0, sec_query(other, &q));
	EXPECT_EQ(4 * self->page, q.committed);
	EXPECT_EQ(0, poke(AT(self->view, 3), 'o'));
}

/* It was not committed at the fault, and is when the fault is repeated. */
TEST_F_TIMEOUT(call, commit_against_fault, 120)
{
	prepare_commit_view(self);
	start_call(_metadata, &self->call, false);
	EXPECT_EQ(-SIGSEGV, peek(AT(self->view, 3)));
	ASSERT_EQ(0, end_call(&self->call));
	EXPECT_EQ(0, peek(AT(self->view, 3)));
	EXPECT_EQ('v', peek(self->view));
}

/* A child that was forked in the middle of it has the same view. */
TEST_F_TIMEOUT(call, commit_against_fork, 120)
{
	int go[2], seen[2];
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe2(go, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(seen, O_CLOEXEC));
	prepare_commit_view(self);
	start_call(_metadata, &self->call, false);
	child = fork();
	if (!child) {
		CHILD_EXPECT(peek(AT(self->view, 3)) == -SIGSEGV);
		CHILD_EXPECT(write(seen[1], "", 1) == 1);
		CHILD_EXPECT(read(go[0], &byte, 1) == 1);
		CHILD_EXPECT(!poke(AT(self->view, 3), 'c'));
		_exit(0);
	}
	close(seen[1]);
	ASSERT_EQ(1, read(seen[0], &byte, 1));
	EXPECT_EQ(-SIGSEGV, peek(AT(self->view, 3)));
	ASSERT_EQ(0, end_call(&self->call));
	ASSERT_EQ(1, write(go[1], "", 1));
	EXPECT_EQ(0, sec_wait(child));
	EXPECT_EQ('c', peek(AT(self->view, 3)));
}

/* A namespace goes while somebody opens a name of it. */
TEST_F_TIMEOUT(call, namespace_exits_within_open, 120)
{
	struct sec_name name = sec_unique();
	struct section_create args = sec_create_args(name.s, self->page);
	int keep[2], ready[2], scope, handle, opened;
	unsigned char *view;
	char path[64], byte;
	pid_t child;

	ASSERT_EQ(0, pipe2(keep, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(ready, O_CLOEXEC));
	child = fork();
	if (!child) {
		close(keep[1]);
		CHILD_EXPECT(!unshare(CLONE_NEWNET));
		CHILD_EXPECT(write(ready[1], "", 1) == 1);
		_exit(read(keep[0], &byte, 1));
	}
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)child);
	scope = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, scope);
	args.scope_fd = scope;
	handle = sec_create(self->dev, &args);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(0, poke(view, 'n'));
	ASSERT_EQ(0, munmap(view, self->page));

	self->call.fd = self->dev;
	self->call.cmd = SECTION_IOC_OPEN;
	self->call.argument.open = sec_open_args(name.s, SEC_RIGHTS_R);
	self->call.argument.open.scope_fd = scope;
	start_call(_metadata, &self->call, true);
	ASSERT_EQ(0, close(handle));
	close(keep[1]);
	EXPECT_EQ(0, sec_wait(child));
	ASSERT_EQ(0, close(scope));
	opened = end_call(&self->call);
	ASSERT_LE(0, opened);
	view = sec_map(opened, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ('n', peek(view));
	/* That was a name of another namespace. */
	EXPECT_EQ(-ENOENT, sec_open(self->dev, name.s, SEC_RIGHTS_R));
}

/* Whoever is in a call is a user of the module. */
TEST_F_TIMEOUT(call, unload_against_open, 120)
{
	if (!module_is_module())
		SKIP(return, "not a module");
	ASSERT_EQ(0, close(self->handle));
	ASSERT_EQ(0, munmap(self->view, 4 * self->page));
	prepare_open(self, self->dev);
	start_call(_metadata, &self->call, false);
	ASSERT_EQ(0, close(self->dev));
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	EXPECT_EQ(0, access(SEC_DEVICE, F_OK));
	EXPECT_EQ(-ENOENT, end_call(&self->call));
	EXPECT_EQ(0, module_unload_soon());
	ASSERT_EQ(0, module_load());
}

TEST_HARNESS_MAIN
