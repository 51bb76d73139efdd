// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module cannot be unloaded while anything of it is in use, can be as soon
 * as nothing is, and comes back as if it had never been gone.
 */
#include <sys/fanotify.h>
#include <sys/inotify.h>

#include "kselftest_harness.h"
#include "section_view_util.h"

#define RW	(PROT_READ | PROT_WRITE)

FIXTURE(unload) {
	int dev;
	size_t page;
};

FIXTURE_SETUP(unload)
{
	self->page = SEC_PAGE;
	if (!module_is_module())
		SKIP(return, "not a module");
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	ASSERT_EQ(0, sec_counter("sections"));
	ASSERT_EQ(0, sec_counter("handles"));
	ASSERT_EQ(0, sec_counter("views"));
}

FIXTURE_TEARDOWN(unload)
{
	if (module_is_module())
		return;
	module_load();
}

#define EXPECT_IN_USE() do { \
	EXPECT_EQ(-EWOULDBLOCK, module_unload()); \
	EXPECT_EQ(0, access(SEC_DEVICE, F_OK)); \
	EXPECT_TRUE(module_is_module()); \
} while (0)

/* Goes, and comes back sound. */
#define EXPECT_UNUSED() do { \
	int _dev, _handle; \
	char *_view; \
	EXPECT_EQ(0, module_unload_soon()); \
	EXPECT_EQ(-1, access(SEC_DEVICE, F_OK)); \
	EXPECT_EQ(ENOENT, errno); \
	EXPECT_EQ(-ENOENT, sec_dev()); \
	ASSERT_EQ(0, module_load()); \
	_dev = sec_dev(); \
	ASSERT_LE(0, _dev); \
	_handle = sec_create_anon(_dev, "after", SEC_PAGE); \
	EXPECT_LE(0, _handle); \
	_view = sec_map(_handle, RW, 0, 0, 0); \
	ASSERT_NE(MAP_FAILED, _view); \
	EXPECT_EQ(0, peek(_view)); \
	EXPECT_EQ(0, poke(_view, 'n')); \
	EXPECT_EQ(0, munmap(_view, SEC_PAGE)); \
	close(_handle); \
	EXPECT_EQ(-ENOENT, sec_open(_dev, "after", SEC_RIGHTS_R)); \
	close(_dev); \
} while (0)

TEST_F(unload, device)
{
	EXPECT_IN_USE();
	ASSERT_EQ(0, close(self->dev));
	EXPECT_UNUSED();
}

TEST_F(unload, handle)
{
	int handle = sec_create_anon(self->dev, NULL, self->page);
	struct section_query q;

	ASSERT_LE(0, handle);
	ASSERT_EQ(0, close(self->dev));
	EXPECT_IN_USE();
	ASSERT_EQ(0, sec_query(handle, &q));
	ASSERT_EQ(0, close(handle));
	EXPECT_UNUSED();
}

TEST_F(unload, duplicate)
{
	int handle = sec_create_anon(self->dev, "name", self->page);
	int dup;

	ASSERT_LE(0, handle);
	dup = sec_duplicate(handle, SEC_RIGHTS_R, 0);
	ASSERT_LE(0, dup);
	ASSERT_EQ(0, close(self->dev));
	ASSERT_EQ(0, close(handle));
	EXPECT_IN_USE();
	ASSERT_EQ(0, close(dup));
	EXPECT_UNUSED();
}

/*
 * A descriptor that can do nothing but fstat(2) does not keep the module, and no
 * memory; what it has of the section must be sound all the same.
 */
TEST_F(unload, path_of_a_handle)
{
	int handle = sec_create_anon(self->dev, NULL, self->page);
	char link[32];
	struct stat st;
	int path;

	ASSERT_LE(0, handle);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", handle);
	path = open(link, O_PATH | O_CLOEXEC);
	ASSERT_LE(0, path);
	ASSERT_EQ(0, close(self->dev));
	ASSERT_EQ(0, close(handle));
	ASSERT_EQ(0, module_unload_soon());
	memset(&st, 0, sizeof(st));
	EXPECT_EQ(0, fstat(path, &st));
	EXPECT_EQ(0, st.st_size);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", path);
	EXPECT_EQ(-1, chmod(link, 0777));
	EXPECT_EQ(-1, truncate(link, 0));
	EXPECT_EQ(-1, open(link, O_RDONLY));
	ASSERT_EQ(0, module_load());
	EXPECT_EQ(0, fstat(path, &st));
	ASSERT_EQ(0, close(path));
	ASSERT_LE(0, sec_dev());
}

/*
 * A watch is on the inode, and events that nobody has read keep inode and mount.
 * The module goes all the same, and leaves both behind in order.
 */
FIXTURE(unload_watched) {
	int dev;
	int handle;
	char link[32];
};

/* An executable section is on another file system. */
FIXTURE_VARIANT(unload_watched) {
	__u32 prot;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(unload_watched, tmpfs) { .prot = SEC_PROT_RW };
FIXTURE_VARIANT_ADD(unload_watched, ramfs) { .prot = SEC_PROT_RWX };
/* clang-format on */

FIXTURE_SETUP(unload_watched)
{
	struct section_create args = sec_create_args("watched", SEC_PAGE);

	if (!module_is_module())
		SKIP(return, "not a module");
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	args.prot = variant->prot;
	self->handle = sec_create(self->dev, &args);
	ASSERT_LE(0, self->handle);
	snprintf(self->link, sizeof(self->link), "/proc/self/fd/%d",
		 self->handle);
}

FIXTURE_TEARDOWN(unload_watched)
{
	if (module_is_module())
		return;
	module_load();
}

/* All that has happened to what is watched. */
static __u32 inotify_events(int watch)
{
	const struct inotify_event *event;
	__u64 room[512];
	ssize_t len, at;
	__u32 mask = 0;

	while ((len = read(watch, room, sizeof(room))) > 0) {
		for (at = 0; at < len; at += sizeof(*event) + event->len) {
			event = (void *)((char *)room + at);
			mask |= event->mask;
		}
	}
	return mask;
}

/* The watch ends with the inode, which the last close deletes, and says so. */
TEST_F(unload_watched, by_inotify)
{
	__u32 closed = IN_CLOSE_WRITE | IN_DELETE_SELF | IN_IGNORED;
	int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int other = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int wd = inotify_add_watch(other, self->link, IN_ALL_EVENTS);

	ASSERT_LE(0, inotify_add_watch(watch, self->link, IN_ALL_EVENTS));
	ASSERT_LE(0, wd);
	ASSERT_EQ(0, close(self->dev));
	EXPECT_IN_USE();
	ASSERT_EQ(0, close(self->handle));
	EXPECT_EQ(closed, inotify_events(watch));
	EXPECT_UNUSED();
	EXPECT_EQ(0, inotify_events(watch));
	/* Ended, too, and its events are still there. */
	EXPECT_EQ(-1, inotify_rm_watch(other, wd));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(closed, inotify_events(other));
	EXPECT_EQ(0, close(watch));
	EXPECT_EQ(0, close(other));
}

/*
 * Whoever reads an event would get the file opened.  There are none of an inode
 * without a type; and on a mount of the kernel's own, as that of tmpfs says it is,
 * fanotify watches inodes only.
 */
TEST_F(unload_watched, by_fanotify)
{
	const unsigned int kinds[] = { 0, FAN_MARK_MOUNT, FAN_MARK_FILESYSTEM };
	const __u64 events = FAN_OPEN | FAN_ACCESS | FAN_MODIFY | FAN_CLOSE;
	struct fanotify_event_metadata event;
	int watches[ARRAY_SIZE(kinds)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		bool refused = i && variant->prot == SEC_PROT_RW;
		int ret;

		watches[i] = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC |
					   FAN_NONBLOCK, O_RDONLY);
		ASSERT_LE(0, watches[i]);
		errno = 0;
		ret = fanotify_mark(watches[i], FAN_MARK_ADD | kinds[i],
				    events, AT_FDCWD, self->link);
		EXPECT_EQ(refused ? -1 : 0, ret);
		EXPECT_EQ(refused ? EINVAL : 0, errno);
		if (refused) {
			close(watches[i]);
			watches[i] = -1;
		}
	}
	ASSERT_EQ(0, close(self->dev));
	EXPECT_IN_USE();
	ASSERT_EQ(0, close(self->handle));
	ASSERT_EQ(0, module_unload_soon());
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (watches[i] < 0)
			continue;
		if (variant->prot == SEC_PROT_RW) {
			EXPECT_EQ(-1, read(watches[i], &event, sizeof(event)));
			EXPECT_EQ(ENXIO, errno);
		}
		EXPECT_EQ(-1, read(watches[i], &event, sizeof(event)));
		EXPECT_EQ(EAGAIN, errno);
		EXPECT_EQ(0, close(watches[i]));
	}
	ASSERT_EQ(0, module_load());
	self->dev = sec_dev();
	EXPECT_LE(0, self->dev);
}

TEST_F(unload, anchor)
{
	int handle = sec_create_anon(self->dev, "name", self->page);
	int anchor;

	ASSERT_LE(0, handle);
	anchor = sec_duplicate(handle, SECTION_RIGHTS_MAXIMUM,
			       SECTION_DUPLICATE_ANCHOR);
	ASSERT_LE(0, anchor);
	ASSERT_EQ(0, close(self->dev));
	ASSERT_EQ(0, close(handle));
	EXPECT_IN_USE();
	ASSERT_EQ(0, close(anchor));
	EXPECT_UNUSED();
}

/* By SCM_RIGHTS, and nowhere else. */
TEST_F(unload, handle_in_flight)
{
	int handle = sec_create_anon(self->dev, NULL, self->page);
	int ends[2];

	ASSERT_LE(0, handle);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	ASSERT_EQ(0, sec_send_fd(ends[0], handle));
	ASSERT_EQ(0, close(handle));
	ASSERT_EQ(0, close(self->dev));
	EXPECT_IN_USE();
	close(ends[0]);
	close(ends[1]);
	EXPECT_UNUSED();
}

FIXTURE(unload_view) {
	int dev;
	int file;
	int handle;
	unsigned char *view;
	size_t page;
};

FIXTURE_VARIANT(unload_view) {
	bool file;
	__u32 flags;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(unload_view, anon_shared) { .file = false };
FIXTURE_VARIANT_ADD(unload_view, anon_private) {
	.file = false, .flags = SECTION_MAP_PRIVATE };
FIXTURE_VARIANT_ADD(unload_view, file_shared) { .file = true };
FIXTURE_VARIANT_ADD(unload_view, file_private) {
	.file = true, .flags = SECTION_MAP_PRIVATE };
/* clang-format on */

FIXTURE_SETUP(unload_view)
{
	self->page = SEC_PAGE;
	if (!module_is_module())
		SKIP(return, "not a module");
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->file = variant->file ? unnamed_file("/tmp") : -1;
	self->handle = sec_create_file(self->dev, NULL, self->file,
				       4 * self->page, SEC_PROT_RW);
	ASSERT_LE(0, self->handle);
	self->view = sec_map(self->handle, RW, variant->flags, 0, 0);
	ASSERT_NE(MAP_FAILED, self->view);
	ASSERT_EQ(0, close(self->dev));
	ASSERT_EQ(0, close(self->handle));
	close(self->file);
}

FIXTURE_TEARDOWN(unload_view)
{
	if (module_is_module())
		return;
	module_load();
}

TEST_F(unload_view, alone)
{
	EXPECT_IN_USE();
	EXPECT_EQ(0, poke(self->view, 'v'));
	EXPECT_EQ('v', peek(self->view));
	ASSERT_EQ(0, munmap(self->view, 4 * self->page));
	EXPECT_UNUSED();
}

/* Every part of it counts. */
TEST_F(unload_view, parts)
{
	ASSERT_EQ(0, mprotect(self->view + self->page, self->page, PROT_READ));
	ASSERT_EQ(0, munmap(self->view, self->page));
	EXPECT_IN_USE();
	ASSERT_EQ(0, munmap(self->view + 2 * self->page, self->page));
	EXPECT_IN_USE();
	ASSERT_EQ(0, munmap(self->view + self->page, self->page));
	EXPECT_IN_USE();
	EXPECT_EQ(0, peek(self->view + 3 * self->page));
	ASSERT_EQ(0, munmap(self->view + 3 * self->page, self->page));
	EXPECT_UNUSED();
}

TEST_F(unload_view, of_a_child)
{
	int to_child[2], to_parent[2];
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe2(to_child, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(to_parent, O_CLOEXEC));
	child = fork();
	if (!child) {
		CHILD_EXPECT(write(to_parent[1], "r", 1) == 1);
		CHILD_EXPECT(read(to_child[0], &byte, 1) == 1);
		CHILD_EXPECT(!poke(self->view, 'c'));
		CHILD_EXPECT(peek(self->view) == 'c');
		_exit(0);
	}
	ASSERT_EQ(1, read(to_parent[0], &byte, 1));
	ASSERT_EQ(0, munmap(self->view, 4 * self->page));
	EXPECT_IN_USE();
	ASSERT_EQ(1, write(to_child[1], "", 1));
	EXPECT_EQ(0, sec_wait(child));
	EXPECT_UNUSED();
}

/* A process that is killed leaves nothing behind. */
TEST_F(unload_view, of_a_killed_child)
{
	int to_parent[2];
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe2(to_parent, O_CLOEXEC));
	child = fork();
	if (!child) {
		CHILD_EXPECT(!poke(self->view + self->page, 'c'));
		CHILD_EXPECT(write(to_parent[1], "r", 1) == 1);
		pause();
	}
	ASSERT_EQ(1, read(to_parent[0], &byte, 1));
	ASSERT_EQ(0, munmap(self->view, 4 * self->page));
	EXPECT_IN_USE();
	ASSERT_EQ(0, kill(child, SIGKILL));
	EXPECT_EQ(-SIGKILL, sec_wait(child));
	EXPECT_UNUSED();
}

/* In masses. */

FIXTURE(cycles) {
	size_t page;
};

FIXTURE_SETUP(cycles)
{
	int dev = sec_dev();

	self->page = SEC_PAGE;
	if (!module_is_module())
		SKIP(return, "not a module");
	/* Not if it is broken already: that would never end. */
	ASSERT_LE(0, dev);
	close(dev);
}

FIXTURE_TEARDOWN(cycles)
{
	if (module_is_module())
		return;
	module_load();
}

TEST_F_TIMEOUT(cycles, many, 120)
{
	int i;

	for (i = 0; i < 20; i++) {
		int dev, handle;
		char *view;

		ASSERT_EQ(0, module_unload_soon());
		ASSERT_EQ(-ENOENT, sec_dev());
		ASSERT_EQ(0, module_load());
		/* What is there twice is refused, and does no harm. */
		ASSERT_EQ(-EEXIST, module_load());
		dev = sec_dev();
		ASSERT_LE(0, dev);
		ASSERT_EQ(SECTION_ABI_VERSION,
			  sec_ioctl(dev, SECTION_IOC_VERSION, NULL));
		handle = sec_create_anon(dev, "cycle", 4 * self->page);
		ASSERT_LE(0, handle);
		view = sec_map(handle, RW, 0, 0, 0);
		ASSERT_NE(MAP_FAILED, view);
		memset(view, i, 4 * self->page);
		ASSERT_EQ(0, munmap(view, 4 * self->page));
		close(handle);
		close(dev);
	}
}

/*
 * Four children use the module, each a few times in every round, and open the
 * device now and then until the next; the module goes and comes once a round.
 */

#define ROUNDS	(5 + sec_rounds(10))

struct rounds {
	atomic_bool stop;
	atomic_uint round;
	atomic_uint uses;
	atomic_uint absences;
};

static void use_once(struct rounds *r, size_t page)
{
	unsigned char *view;
	int dev = sec_dev();
	int handle;

	/* Between unloading and loading there is none. */
	if (dev < 0) {
		CHILD_EXPECT(dev == -ENOENT || dev == -ENXIO || dev == -ENODEV);
		atomic_fetch_add(&r->absences, 1);
		return;
	}
	handle = sec_create_anon(dev, NULL, 2 * page);
	close(dev);
	CHILD_EXPECT(handle >= 0);
	view = sec_map(handle, RW, 0, 0, 0);
	close(handle);
	CHILD_EXPECT(view != MAP_FAILED);
	CHILD_EXPECT(!poke(view, 1));
	CHILD_EXPECT(!peek(view + page));
	CHILD_EXPECT(!munmap(view, 2 * page));
	atomic_fetch_add(&r->uses, 1);
}

static void use(struct rounds *r, size_t page)
{
	unsigned int round, i;

	while (!atomic_load(&r->stop)) {
		round = atomic_load(&r->round);
		for (i = 0; i < 4; i++)
			use_once(r, page);
		for (i = 1; atomic_load(&r->round) == round &&
		     !atomic_load(&r->stop); i++) {
			if (i % 16 == 0)
				close(sec_dev());
			sched_yield();
		}
	}
	_exit(0);
}

TEST_F_TIMEOUT(cycles, while_in_use, 300)
{
	struct rounds *r = shared_page();
	unsigned int refused = 0, before;
	pid_t children[4];
	int i, ret;

	ASSERT_NE(NULL, r);
	for (i = 0; i < 4; i++) {
		children[i] = fork();
		if (!children[i])
			use(r, self->page);
	}
	while (atomic_load(&r->uses) < 4)
		sched_yield();
	for (i = 0; i < ROUNDS; i++) {
		before = atomic_load(&r->uses);
		atomic_fetch_add(&r->round, 1);
		while (atomic_load(&r->uses) < before + 2)
			sched_yield();
		while ((ret = module_unload()) == -EWOULDBLOCK)
			refused++;
		EXPECT_EQ(0, ret);
		sched_yield();
		ASSERT_EQ(0, module_load());
	}
	atomic_store(&r->stop, true);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, sec_wait(children[i]));
	TH_LOG("refused %u times, used %u times, absent %u times", refused,
	       atomic_load(&r->uses), atomic_load(&r->absences));
	/* Both have happened, or nothing was tested. */
	EXPECT_LT(0U, refused);
	ASSERT_EQ(0, module_unload_soon());
	ASSERT_EQ(0, module_load());
	EXPECT_EQ(0, sec_counter("sections"));
	EXPECT_EQ(0, sec_counter("handles"));
	EXPECT_EQ(0, sec_counter("views"));
}

TEST_HARNESS_MAIN
