// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sections over a file system that a process serves: one that answers late,
 * wrongly or never must not be able to do harm to anybody but the user of its
 * files.
 */
#include "kselftest_harness.h"
#include "fuse_util.h"

#define RW	(PROT_READ | PROT_WRITE)
#define AT(view, n) ((view) + (n) * self->page)

/* Faults. */

FIXTURE(fuse) {
	struct fuse f;
	int dev;
	int file;
	int handle;
	unsigned char *view;
	size_t page;
};

FIXTURE_VARIANT(fuse) {
	bool async;
	__u32 flags;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(fuse, sync_shared) { .async = false };
FIXTURE_VARIANT_ADD(fuse, async_shared) { .async = true };
FIXTURE_VARIANT_ADD(fuse, sync_private) {
	.async = false, .flags = SECTION_MAP_PRIVATE };
FIXTURE_VARIANT_ADD(fuse, async_private) {
	.async = true, .flags = SECTION_MAP_PRIVATE };
/* clang-format on */

FIXTURE_SETUP(fuse)
{
	const char *problem;

	self->page = SEC_PAGE;
	/* The server inherits nothing of the section's. */
	problem = fuse_start(&self->f, variant->async);
	ASSERT_EQ(NULL, problem)
		TH_LOG("%s: errno %d", problem, errno);
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->file = fuse_open_file(&self->f, "cached");
	ASSERT_LE(0, self->file);
	self->handle = sec_create_file(self->dev, NULL, self->file, 0,
				       SEC_PROT_RW);
	ASSERT_LE(0, self->handle);
	self->view = sec_map(self->handle, RW, variant->flags, 0, 0);
	ASSERT_NE(MAP_FAILED, self->view);
}

FIXTURE_TEARDOWN(fuse)
{
	fuse_stop(&self->f);
	if (access(SEC_DEVICE, F_OK))
		module_load();
}

TEST_F(fuse, reads_and_writes)
{
	size_t i;

	for (i = 0; i < PAGES; i++)
		EXPECT_EQ('a' + (int)i, peek(AT(self->view, i)));
	EXPECT_EQ(0, poke(AT(self->view, 5), 'w'));
	EXPECT_EQ(0, msync(self->view, PAGES * self->page, MS_SYNC));
	EXPECT_TRUE(wait_held(&self->f, CACHED_BYTE, 5 * self->page,
			      variant->flags ? 'f' : 'w'));
	/* Without another word, closing the view writes it back. */
	EXPECT_EQ(0, poke(AT(self->view, 6), 'v'));
	EXPECT_EQ(0, munmap(self->view, PAGES * self->page));
	EXPECT_TRUE(wait_held(&self->f, CACHED_BYTE, 6 * self->page,
			      variant->flags ? 'g' : 'v'));
}

/* A file system without fallocate(2). */
TEST_F(fuse, grows)
{
	struct section_query q;
	int handle;

	handle = sec_create_file(self->dev, NULL, self->file,
				 10 * self->page + 1, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	EXPECT_EQ((off_t)(10 * self->page + 1), file_size(self->file));
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(10 * self->page + 1, q.bytes);
	EXPECT_EQ('h', file_byte(self->file, PAGES * self->page - 1));
	EXPECT_EQ(0, file_byte(self->file, 10 * self->page));
}

/*
 * A fault that sleeps in the backing outlives its view, the handles and
 * everything else that kept the section; not the module.
 */
TEST_F_TIMEOUT(fuse, fault_outlives_view, 120)
{
	struct toucher toucher = { .address = AT(self->view, 3) };
	pthread_t thread;

	if (!module_is_module())
		SKIP(return, "not a module");
	ASSERT_EQ(0, command(&self->f, STALL, FUSE_READ));
	ASSERT_EQ(0, pthread_create(&thread, NULL, touch_thread, &toucher));
	ASSERT_TRUE(wait_parked(&self->f));

	ASSERT_EQ(0, munmap(self->view, PAGES * self->page));
	ASSERT_EQ(0, close(self->handle));
	ASSERT_EQ(0, close(self->file));
	EXPECT_EQ(0, sec_counter("views"));
	EXPECT_EQ(0, sec_counter("handles"));
	EXPECT_EQ(1, sec_counter("sections"));
	ASSERT_EQ(0, close(self->dev));
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	EXPECT_EQ(-EWOULDBLOCK, module_unload());

	ASSERT_EQ(0, command(&self->f, RELEASE, 0));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(-SIGSEGV, toucher.value);
	EXPECT_EQ(0, module_unload_soon());
	ASSERT_EQ(0, module_load());
	EXPECT_EQ(0, sec_counter("sections"));
}

/* The same with many at once, in many pages, and the module tried to the end. */
TEST_F_TIMEOUT(fuse, faults_outlive_view, 120)
{
	struct toucher touchers[4 * PAGES];
	pthread_t threads[4 * PAGES];
	size_t i;

	if (!module_is_module())
		SKIP(return, "not a module");
	ASSERT_EQ(0, command(&self->f, STALL, FUSE_READ));
	for (i = 0; i < ARRAY_SIZE(touchers); i++) {
		touchers[i].address = AT(self->view, i % PAGES);
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, touch_thread,
					    &touchers[i]));
	}
	ASSERT_TRUE(wait_parked(&self->f));
	ASSERT_EQ(0, munmap(self->view, PAGES * self->page));
	ASSERT_EQ(0, close(self->handle));
	ASSERT_EQ(0, close(self->file));
	ASSERT_EQ(0, close(self->dev));
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	ASSERT_EQ(0, command(&self->f, RELEASE, 0));
	/* While they return through the module's code. */
	EXPECT_EQ(0, module_unload_soon());
	for (i = 0; i < ARRAY_SIZE(touchers); i++) {
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
		EXPECT_EQ(-SIGSEGV, touchers[i].value);
	}
	ASSERT_EQ(0, module_load());
}

/* A view in the same place, after all that, is not taken for the old one. */
TEST_F_TIMEOUT(fuse, fault_meets_new_view, 120)
{
	struct toucher toucher = { .address = AT(self->view, 3) };
	pthread_t thread;
	int other;

	other = sec_create_anon(self->dev, NULL, PAGES * self->page);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, command(&self->f, STALL, FUSE_READ));
	ASSERT_EQ(0, pthread_create(&thread, NULL, touch_thread, &toucher));
	ASSERT_TRUE(wait_parked(&self->f));
	ASSERT_EQ(self->view, mmap(self->view, PAGES * self->page, RW,
				   MAP_SHARED | MAP_FIXED, other, 0));
	EXPECT_EQ(0, poke(AT(self->view, 3), 'N'));
	ASSERT_EQ(0, close(self->handle));
	ASSERT_EQ(0, command(&self->f, RELEASE, 0));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ('N', toucher.value);
	EXPECT_EQ(0, peek(AT(self->view, 4)));
}

TEST_F_TIMEOUT(fuse, faulting_process_is_killed, 120)
{
	struct section_query q;
	pid_t child;

	ASSERT_EQ(0, command(&self->f, STALL, FUSE_READ));
	child = fork();
	if (!child) {
		peek(AT(self->view, 3));
		_exit(0);
	}
	ASSERT_TRUE(wait_parked(&self->f));
	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_EQ(2U, q.views);
	ASSERT_EQ(0, kill(child, SIGKILL));
	EXPECT_EQ(-SIGKILL, sec_wait(child));
	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_EQ(1U, q.views);
	ASSERT_EQ(0, command(&self->f, RELEASE, 0));
	EXPECT_EQ('d', peek(AT(self->view, 3)));

	if (!module_is_module())
		SKIP(return, "not a module");
	ASSERT_EQ(0, munmap(self->view, PAGES * self->page));
	ASSERT_EQ(0, close(self->handle));
	ASSERT_EQ(0, close(self->dev));
	EXPECT_EQ(0, module_unload_soon());
	ASSERT_EQ(0, module_load());
}

TEST_F(fuse, error_of_the_server)
{
	size_t i;

	ASSERT_EQ(0, command(&self->f, FAIL_PAGE, 2));
	EXPECT_EQ(-SIGBUS, peek(AT(self->view, 2)));
	EXPECT_EQ(-SIGBUS, poke(AT(self->view, 2), 'x'));
	EXPECT_EQ(-EFAULT, remote_read(getpid(), AT(self->view, 2)));
	EXPECT_EQ(-EFAULT, write_from(AT(self->view, 2)));
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(i == 2 ? -SIGBUS : 'a' + (int)i,
			  peek(AT(self->view, i)));
	ASSERT_EQ(0, command(&self->f, FAIL_PAGE, -1));
	EXPECT_EQ('c', peek(AT(self->view, 2)));
}

TEST_F_TIMEOUT(fuse, server_dies, 120)
{
	struct toucher toucher = { .address = AT(self->view, 3) };
	pthread_t thread;

	ASSERT_EQ(0, command(&self->f, STALL, FUSE_READ));
	ASSERT_EQ(0, pthread_create(&thread, NULL, touch_thread, &toucher));
	ASSERT_TRUE(wait_parked(&self->f));
	fuse_kill(&self->f);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(-SIGBUS, toucher.value);
	EXPECT_EQ(-SIGBUS, peek(AT(self->view, 6)));
	EXPECT_EQ(0, munmap(self->view, PAGES * self->page));
	EXPECT_EQ(0, sec_counter("views"));
	EXPECT_EQ(0, close(self->handle));
	EXPECT_EQ(0, sec_counter("sections"));
}

/* One sleeping fault is in nobody's way, whatever he does with the section. */
TEST_F_TIMEOUT(fuse, others_go_on, 120)
{
	struct toucher toucher = { .address = AT(self->view, 3) };
	struct section_query_view v;
	struct section_query q;
	pthread_t thread;
	pid_t child;

	EXPECT_EQ('h', peek(AT(self->view, 7)));
	ASSERT_EQ(0, posix_fadvise(self->file, 3 * self->page, self->page,
				   POSIX_FADV_DONTNEED));
	if (variant->async) {
		/* Read ahead: make it forget. */
		ASSERT_EQ(0, madvise(self->view, PAGES * self->page,
				     MADV_DONTNEED));
		ASSERT_EQ(0, posix_fadvise(self->file, 3 * self->page,
					   self->page, POSIX_FADV_DONTNEED));
	}
	ASSERT_EQ(0, command(&self->f, STALL, FUSE_READ));
	ASSERT_EQ(0, pthread_create(&thread, NULL, touch_thread, &toucher));
	ASSERT_TRUE(wait_parked(&self->f));

	child = fork();
	if (!child) {
		unsigned char *view;
		int dup;

		CHILD_EXPECT(!sec_query(self->handle, &q));
		CHILD_EXPECT(q.bytes == PAGES * self->page);
		dup = sec_duplicate(self->handle, SEC_RIGHTS_R, 0);
		CHILD_EXPECT(dup >= 0);
		view = sec_map(dup, PROT_READ, 0, 0, 0);
		CHILD_EXPECT(view != MAP_FAILED);
		CHILD_EXPECT(peek(AT(view, 7)) == 'h');
		CHILD_EXPECT(!sec_query_view(self->dev, view, &v));
		CHILD_EXPECT(!munmap(view, PAGES * self->page));
		CHILD_EXPECT(sec_create_file(self->dev, NULL, self->file, 0,
					     SEC_PROT_RW) >= 0);
		_exit(0);
	}
	EXPECT_EQ(0, sec_wait(child));
	/* Nor in that of the same process. */
	EXPECT_EQ(0, sec_query_view(self->dev, self->view, &v));
	EXPECT_NE(MAP_FAILED, sec_map(self->handle, RW, variant->flags, 0, 0));
	EXPECT_EQ('h', peek(AT(self->view, 7)));
	ASSERT_EQ(0, command(&self->f, RELEASE, 0));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ('d', toucher.value);
}

/*
 * One file with two sets of operations: of FUSE, a file that bypasses the page
 * cache has others for private mappings than for shared ones.
 */

FIXTURE(direct) {
	struct fuse f;
	int dev;
	int file;
	size_t page;
};

FIXTURE_VARIANT(direct) {
	bool shared_first;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(direct, shared_first) { .shared_first = true };
FIXTURE_VARIANT_ADD(direct, private_first) { .shared_first = false };
/* clang-format on */

FIXTURE_SETUP(direct)
{
	const char *problem;

	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	problem = fuse_start(&self->f, false);
	ASSERT_EQ(NULL, problem)
		TH_LOG("%s: errno %d", problem, errno);
	self->file = fuse_open_file(&self->f, "direct");
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(direct)
{
	fuse_stop(&self->f);
}

TEST_F(direct, both_sorts_of_views)
{
	unsigned char *shared, *private;
	struct section_query q;
	int handle, i;
	pid_t child;

	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	if (!command(&self->f, MAPS_DIRECT, 0)) {
		/* Before 6.6 such a file could not be mapped shared. */
		EXPECT_EQ(-ENODEV, handle);
		EXPECT_EQ(-ENODEV, sec_create_file(self->dev, NULL, self->file,
						   0, SECTION_PROT_READ));
		EXPECT_EQ(0, sec_counter("sections"));
		return;
	}
	ASSERT_LE(0, handle);
	for (i = 0; i < 2; i++) {
		if (variant->shared_first) {
			shared = sec_map(handle, RW, 0, 0, 0);
			private = sec_map(handle, RW, SECTION_MAP_PRIVATE, 0,
					  0);
		} else {
			private = sec_map(handle, RW, SECTION_MAP_PRIVATE, 0,
					  0);
			shared = sec_map(handle, RW, 0, 0, 0);
		}
		ASSERT_NE(MAP_FAILED, shared);
		ASSERT_NE(MAP_FAILED, private);
		EXPECT_EQ('c', peek(AT(private, 2)));
		EXPECT_EQ(0, poke(AT(shared, 3), 'S' + i));
		EXPECT_EQ('S' + i, peek(AT(private, 3)));
		EXPECT_EQ(0, poke(AT(private, 4), 'P'));
		EXPECT_EQ('e', peek(AT(shared, 4)));
		child = fork();
		if (!child) {
			CHILD_EXPECT(peek(AT(private, 4)) == 'P');
			CHILD_EXPECT(!poke(AT(shared, 5), 'C'));
			CHILD_EXPECT(!munmap(shared, PAGES * self->page));
			_exit(0);
		}
		EXPECT_EQ(0, sec_wait(child));
		EXPECT_TRUE(wait_held(&self->f, DIRECT_BYTE, 5 * self->page,
				      'C'));
		/*
		 * Closing a shared view of FUSE writes it back: the request is
		 * there when it is closed. The server takes commands first, so
		 * it has seen all requests when the second is answered.  Or it
		 * was told before: a touch may begin to write back, as FUSE's
		 * share of dirty memory is small.
		 */
		EXPECT_EQ(0, poke(AT(shared, 6), 'W' + i));
		ASSERT_EQ(0, command(&self->f, STALL, FUSE_WRITE));
		ASSERT_EQ(0, munmap(shared, PAGES * self->page));
		command(&self->f, PARKED, 0);
		EXPECT_TRUE(command(&self->f, PARKED, 0) > 0 ||
			    command(&self->f, DIRECT_BYTE, 6 * self->page) ==
			    'W' + i);
		ASSERT_EQ(0, command(&self->f, RELEASE, 0));
		EXPECT_TRUE(wait_held(&self->f, DIRECT_BYTE, 3 * self->page,
				      'S' + i));
		EXPECT_TRUE(wait_held(&self->f, DIRECT_BYTE, 6 * self->page,
				      'W' + i));
		EXPECT_EQ('e', command(&self->f, DIRECT_BYTE, 4 * self->page));
		EXPECT_EQ('P', peek(AT(private, 4)));
		ASSERT_EQ(0, munmap(private, PAGES * self->page));
		ASSERT_EQ(0, sec_query(handle, &q));
		EXPECT_EQ(0U, q.views);
	}
}

/* A file that is longer by now than the kernel knows. */

FIXTURE(append) {
	struct fuse f;
	int dev;
	int file;
	size_t page;
};

FIXTURE_SETUP(append)
{
	const char *problem = fuse_start(&self->f, true);

	ASSERT_EQ(NULL, problem)
		TH_LOG("%s: errno %d", problem, errno);
	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->file = fuse_open_file(&self->f, "cached");
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(append)
{
	fuse_stop(&self->f);
}

static int create_populated(void *arg)
{
	FIXTURE_DATA(append) *self = arg;
	struct section_create args = sec_create_args(NULL, 10 * self->page);

	args.flags = SECTION_CREATE_POPULATE;
	args.file_fd = self->file;
	return sec_create(self->dev, &args) == -ENOSPC ? 0 : 1;
}

static int create_grown(void *arg)
{
	FIXTURE_DATA(append) *self = arg;

	return sec_create_file(self->dev, NULL, self->file, 10 * self->page,
			       SEC_PROT_RW) >= 0 ? 0 : 1;
}

/* While the kernel asks for space, another client of the server makes the file longer. */
static int appended_meanwhile(FIXTURE_DATA(append) * self, int (*create)(void *),
			      int pages)
{
	pid_t child;

	if (command(&self->f, STALL, FUSE_FALLOCATE))
		return -1;
	child = sec_fork(create, self);
	if (!wait_parked(&self->f) || command(&self->f, SET_PAGES, pages) ||
	    command(&self->f, RELEASE, 0) || sec_wait(child))
		return -1;
	return command(&self->f, GET_PAGES, 0);
}

TEST_F(append, others_lose_nothing)
{
	EXPECT_EQ(20, appended_meanwhile(self, create_grown, 20));
	ASSERT_EQ(0, command(&self->f, SET_PAGES, 8));
	ASSERT_EQ(0, command(&self->f, FILL, 0));
	EXPECT_EQ(9, appended_meanwhile(self, create_populated, 9));
}

/* Creation: what it asks the server, and who waits for it. */

FIXTURE(create) {
	struct fuse f;
	int dev;
	int file;
	size_t page;
	struct sec_name name;
};

FIXTURE_VARIANT(create) {
	__u32 opcode;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(create, open) { .opcode = FUSE_OPEN };
FIXTURE_VARIANT_ADD(create, getattr) { .opcode = FUSE_GETATTR };
FIXTURE_VARIANT_ADD(create, fallocate) { .opcode = FUSE_FALLOCATE };
FIXTURE_VARIANT_ADD(create, setattr) { .opcode = FUSE_SETATTR };
/* clang-format on */

FIXTURE_SETUP(create)
{
	const char *problem;

	self->page = SEC_PAGE;
	self->name = sec_unique();
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	problem = fuse_start(&self->f, true);
	ASSERT_EQ(NULL, problem)
		TH_LOG("%s: errno %d", problem, errno);
	self->file = fuse_open_file(&self->f, "cached");
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(create)
{
	fuse_stop(&self->f);
}

/* A child that creates a section of 10 pages: its end is -errno, or 0. */
static pid_t creator(FIXTURE_DATA(create) * self)
{
	const struct sigaction action = { .sa_handler = sec_ignore };
	pid_t child;
	int handle;

	sigaction(SIGUSR1, &action, NULL);
	child = fork();
	if (child)
		return child;
	handle = sec_create_file(self->dev, self->name.s, self->file,
				 10 * self->page, SEC_PROT_RW);
	_exit(handle < 0 ? -handle : 0);
}

TEST_F_TIMEOUT(create, killed, 120)
{
	pid_t child;

	ASSERT_EQ(0, command(&self->f, STALL, variant->opcode));
	child = creator(self);
	ASSERT_TRUE(wait_parked(&self->f));
	ASSERT_EQ(0, kill(child, SIGKILL));
	EXPECT_EQ(-SIGKILL, sec_wait(child));
	ASSERT_EQ(0, command(&self->f, RELEASE, 0));
	EXPECT_EQ(0, sec_counter("sections"));
	EXPECT_EQ(0, sec_counter("handles"));
	EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s, SEC_RIGHTS_R));
	EXPECT_EQ(0, sec_wait(creator(self)));
}

TEST_F_TIMEOUT(create, interrupted, 120)
{
	pid_t child;

	ASSERT_EQ(0, command(&self->f, STALL, variant->opcode));
	child = creator(self);
	ASSERT_TRUE(wait_parked(&self->f));
	ASSERT_EQ(0, kill(child, SIGUSR1));
	EXPECT_EQ(EINTR, sec_wait(child));
	ASSERT_EQ(0, command(&self->f, RELEASE, 0));
	EXPECT_EQ(0, sec_counter("sections"));
	EXPECT_EQ((off_t)(PAGES * self->page), file_size(self->file));
	EXPECT_EQ(0, sec_wait(creator(self)));
}

/* Nobody else waits for a creator who waits; those who want the same do. */
TEST_F_TIMEOUT(create, others, 120)
{
	struct sec_name name = sec_unique();
	struct section_create args;
	pid_t child;
	int handle;

	ASSERT_EQ(0, command(&self->f, STALL, variant->opcode));
	child = creator(self);
	ASSERT_TRUE(wait_parked(&self->f));
	handle = sec_create_anon(self->dev, name.s, self->page);
	EXPECT_LE(0, handle);
	EXPECT_LE(0, sec_open(self->dev, name.s, SEC_RIGHTS_R));
	EXPECT_NE(MAP_FAILED, sec_map(handle, RW, 0, 0, 0));
	/* What is not complete does not exist yet. */
	EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s, SEC_RIGHTS_R));
	ASSERT_EQ(0, command(&self->f, RELEASE, 0));
	EXPECT_EQ(0, sec_wait(child));

	args = sec_create_args(self->name.s, self->page);
	EXPECT_LE(0, sec_create(self->dev, &args));
}

/* Who opens the name has nothing to do with the server, and never waits for it. */
TEST_F_TIMEOUT(create, opener, 120)
{
	int handle = sec_create_file(self->dev, self->name.s, self->file,
				     2 * self->page, SEC_PROT_RW);
	int opened;

	ASSERT_LE(0, handle);
	ASSERT_EQ(0, command(&self->f, STALL, variant->opcode));
	opened = sec_open(self->dev, self->name.s, SECTION_RIGHTS_MAXIMUM);
	EXPECT_LE(0, opened);
	EXPECT_EQ(0, command(&self->f, PARKED, 0));
	ASSERT_EQ(0, command(&self->f, RELEASE, 0));
	close(opened);
	close(handle);
}

/* Who wants to open or to create sees what becomes of a slow creator. */

FIXTURE(same_name) {
	struct fuse f;
	int dev;
	size_t page;
	struct sec_name name;
	int done[2];
};

FIXTURE_VARIANT(same_name) {
	bool creator_fails;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(same_name, creator_succeeds) { .creator_fails = false };
FIXTURE_VARIANT_ADD(same_name, creator_fails) { .creator_fails = true };
/* clang-format on */

FIXTURE_SETUP(same_name)
{
	const char *problem;

	self->page = SEC_PAGE;
	self->name = sec_unique();
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	problem = fuse_start(&self->f, true);
	ASSERT_EQ(NULL, problem)
		TH_LOG("%s: errno %d", problem, errno);
	ASSERT_EQ(0, pipe2(self->done, O_CLOEXEC));
}

FIXTURE_TEARDOWN(same_name)
{
	fuse_stop(&self->f);
}

/*
 * Holds its section until the pipe is closed. Nobody else opens the file: to
 * close it waits for the inode.
 */
static pid_t same_name_creator(FIXTURE_DATA(same_name) * self)
{
	pid_t child = fork();
	char byte;
	int handle;

	if (child)
		return child;
	close(self->done[1]);
	handle = sec_create_file(self->dev, self->name.s,
				 fuse_open_file(&self->f, "cached"),
				 10 * self->page, SEC_PROT_RW);
	if (handle < 0)
		_exit(-handle);
	_exit(read(self->done[0], &byte, 1) ? 1 : 0);
}

/* Ends with 100 if the section existed, 101 if it did not, or -errno. */
static pid_t same_name_opener(FIXTURE_DATA(same_name) * self)
{
	const struct sigaction action = { .sa_handler = sec_ignore };
	struct section_create args;
	pid_t child;
	int handle;

	sigaction(SIGUSR1, &action, NULL);
	child = fork();
	if (child)
		return child;
	args = sec_create_args(self->name.s, self->page);
	args.flags = SECTION_CREATE_OPEN_EXISTING;
	handle = sec_create(self->dev, &args);
	_exit(handle < 0 ? -handle : args.existed ? 100 : 101);
}

TEST_F_TIMEOUT(same_name, waits, 120)
{
	pid_t slow, waiter, interrupted, got;
	int status;

	ASSERT_EQ(0, command(&self->f, STALL, FUSE_SETATTR));
	slow = same_name_creator(self);
	ASSERT_TRUE(wait_parked(&self->f));
	EXPECT_EQ(-EEXIST, sec_create_anon(self->dev, self->name.s,
					   self->page));
	interrupted = same_name_opener(self);
	/* A signal may come before the call; one of many comes within. */
	do {
		kill(interrupted, SIGUSR1);
		got = waitpid(interrupted, &status, WNOHANG);
		sched_yield();
	} while (!got);
	EXPECT_EQ(interrupted, got);
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(EINTR, WEXITSTATUS(status));
	waiter = same_name_opener(self);

	if (variant->creator_fails) {
		ASSERT_EQ(0, kill(slow, SIGKILL));
		EXPECT_EQ(-SIGKILL, sec_wait(slow));
		EXPECT_EQ(101, sec_wait(waiter));
	} else {
		ASSERT_EQ(0, command(&self->f, RELEASE, 0));
		EXPECT_EQ(100, sec_wait(waiter));
	}
	close(self->done[1]);
	EXPECT_EQ(variant->creator_fails ? -ECHILD : 0, sec_wait(slow));
	EXPECT_EQ(0, sec_counter("sections"));
}

/* But not for ever: a creator may have arranged for never being done. */
TEST_F_TIMEOUT(same_name, gives_up, 120)
{
	pid_t slow;

	ASSERT_EQ(0, command(&self->f, STALL, FUSE_SETATTR));
	slow = same_name_creator(self);
	ASSERT_TRUE(wait_parked(&self->f));
	EXPECT_EQ(EBUSY, sec_wait(same_name_opener(self)));
	if (variant->creator_fails)
		ASSERT_EQ(0, kill(slow, SIGKILL));
	ASSERT_EQ(0, command(&self->f, RELEASE, 0));
	close(self->done[1]);
	EXPECT_EQ(variant->creator_fails ? -SIGKILL : 0, sec_wait(slow));
	EXPECT_EQ(0, sec_counter("sections"));
}

TEST_HARNESS_MAIN
