// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handles: what they tell, how they are duplicated, what anchors are, and what
 * the system calls for files can and cannot do to them.
 */
#include <sys/sendfile.h>

#include "section_util.h"
#include "kselftest_harness.h"

#define PAGES	4

FIXTURE(handle)
{
	int dev;
	int handle;
	struct sec_name name;
};

FIXTURE_SETUP(handle)
{
	struct section_create args;

	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->name = sec_unique();
	args = sec_create_args(self->name.s, PAGES * SEC_PAGE);
	args.prot = SEC_PROT_RWX;
	args.mode = 0751;
	self->handle = sec_create(self->dev, &args);
	ASSERT_LE(0, self->handle);
}

FIXTURE_TEARDOWN(handle)
{
	close(self->handle);
	close(self->dev);
}

static __u32 handles(int handle)
{
	struct section_query q;

	return sec_query(handle, &q) ? UINT32_MAX : q.handles;
}

static __u32 views(int handle)
{
	struct section_query q;

	return sec_query(handle, &q) ? UINT32_MAX : q.views;
}

TEST_F(handle, query)
{
	struct section_query q;
	char name[SEC_NAME_LEN];
	struct stat st;

	ASSERT_EQ(0, sec_query_name(self->handle, &q, name, sizeof(name)));
	EXPECT_EQ(sizeof(q), q.size);
	EXPECT_EQ(0, q.flags);
	EXPECT_EQ(sec_ptr(name), q.name);
	EXPECT_EQ(strlen(self->name.s), q.name_len);
	EXPECT_EQ(0, memcmp(name, self->name.s, q.name_len));
	EXPECT_EQ(SECTION_RIGHTS_ALL, q.rights);
	EXPECT_EQ(PAGES * SEC_PAGE, q.bytes);
	EXPECT_EQ(0, q.resident);
	EXPECT_NE(0, q.id);
	EXPECT_EQ(SEC_PROT_RWX, q.prot);
	EXPECT_EQ(SECTION_ATTR_NAMED, q.attributes);
	EXPECT_EQ(0751, q.mode);
	EXPECT_EQ(geteuid(), q.uid);
	EXPECT_EQ(getegid(), q.gid);
	EXPECT_EQ((__u32)getpid(), q.creator);
	EXPECT_EQ(1, q.handles);
	EXPECT_EQ(0, q.views);

	ASSERT_EQ(0, fstat(self->handle, &st));
	EXPECT_EQ(q.id, st.st_ino);
	EXPECT_EQ(q.bytes, (__u64)st.st_size);
	EXPECT_EQ(q.uid, st.st_uid);
	EXPECT_EQ(q.gid, st.st_gid);
	EXPECT_EQ(q.mode, st.st_mode & 07777);
}

TEST_F(handle, name_buffer)
{
	const __u32 len = strlen(self->name.s);
	char name[SEC_NAME_LEN];
	struct section_query q;
	__u32 room;

	for (room = 0; room < len; room++) {
		ASSERT_EQ(0, sec_query_name(self->handle, &q, name, room));
		EXPECT_EQ(len, q.name_len);
		EXPECT_TRUE(sec_poisoned(name, room));
		EXPECT_EQ(PAGES * SEC_PAGE, q.bytes);
	}
	/* An exact fit: the byte behind it is not touched. */
	memset(name, SEC_POISON, sizeof(name));
	ASSERT_EQ(0, sec_query_name(self->handle, &q, name, len));
	EXPECT_EQ(len, q.name_len);
	EXPECT_EQ(0, memcmp(name, self->name.s, len));
	EXPECT_TRUE(sec_poisoned(name + len, sizeof(name) - len));

	ASSERT_EQ(0, sec_query_name(self->handle, &q, NULL, 0));
	EXPECT_EQ(len, q.name_len);
}

TEST_F(handle, resident)
{
	struct section_query q;
	char *view = sec_map(self->handle, PROT_READ | PROT_WRITE, 0, 0, 0);

	ASSERT_NE(MAP_FAILED, view);
	view[0] = 1;
	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_LE(SEC_PAGE, q.resident);
	EXPECT_GE(PAGES * SEC_PAGE, q.resident);
	memset(view, 1, PAGES * SEC_PAGE);
	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_EQ(PAGES * SEC_PAGE, q.resident);
	ASSERT_EQ(0, munmap(view, PAGES * SEC_PAGE));
	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_EQ(PAGES * SEC_PAGE, q.resident);
}

TEST_F(handle, query_needs_its_right)
{
	struct section_query q;
	__u32 rights = SECTION_RIGHTS_ALL & ~SECTION_RIGHT_QUERY;
	int handle = sec_duplicate(self->handle, rights, 0);

	ASSERT_LE(0, handle);
	EXPECT_EQ(-EACCES, sec_query(handle, &q));
	EXPECT_TRUE(sec_poisoned(&q.rights, sizeof(q) -
				 offsetof(struct section_query, rights)));
	close(handle);
	handle = sec_open(self->dev, self->name.s, SECTION_RIGHT_READ);
	ASSERT_LE(0, handle);
	EXPECT_EQ(-EACCES, sec_query(handle, &q));
	close(handle);
	handle = sec_open(self->dev, self->name.s, SECTION_RIGHT_QUERY);
	ASSERT_LE(0, handle);
	EXPECT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(SECTION_RIGHT_QUERY, q.rights);
	close(handle);
}

static int wait_for_eof(void *arg)
{
	int *gate = arg;
	char byte;

	close(gate[1]);
	return read(gate[0], &byte, 1) ? 1 : 0;
}

TEST_F(handle, count_of_handles)
{
	int opened, copy, duplicate, anchor;
	int gate[2];
	pid_t child;

	EXPECT_EQ(1, handles(self->handle));
	opened = sec_open(self->dev, self->name.s, SEC_RIGHTS_R);
	EXPECT_EQ(2, handles(self->handle));
	EXPECT_EQ(2, handles(opened));
	/* The same handle once more. */
	copy = dup(opened);
	EXPECT_EQ(2, handles(self->handle));
	close(opened);
	EXPECT_EQ(2, handles(self->handle));
	duplicate = sec_duplicate(copy, SECTION_RIGHT_READ, 0);
	ASSERT_LE(0, duplicate);
	EXPECT_EQ(3, handles(self->handle));
	anchor = sec_duplicate(copy, SEC_RIGHTS_R, SECTION_DUPLICATE_ANCHOR);
	ASSERT_LE(0, anchor);
	EXPECT_EQ(3, handles(self->handle));
	EXPECT_EQ(3, handles(anchor));

	ASSERT_EQ(0, pipe2(gate, O_CLOEXEC));
	child = sec_fork(wait_for_eof, gate);
	ASSERT_LT(0, child);
	EXPECT_EQ(3, handles(self->handle));
	close(copy);
	close(duplicate);
	close(anchor);
	/* The child has them still. */
	EXPECT_EQ(3, handles(self->handle));
	close(gate[0]);
	close(gate[1]);
	EXPECT_EQ(0, sec_wait(child));
	EXPECT_EQ(1, handles(self->handle));
}

TEST_F(handle, count_of_views)
{
	const size_t bytes = PAGES * SEC_PAGE;
	char *first, *second;
	int gate[2];
	pid_t child;

	first = sec_map(self->handle, PROT_READ | PROT_WRITE, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, first);
	EXPECT_EQ(1, views(self->handle));
	second = sec_mmap(self->handle, PROT_READ, MAP_PRIVATE, 0, SEC_PAGE);
	ASSERT_NE(MAP_FAILED, second);
	EXPECT_EQ(2, views(self->handle));

	/* Split in three. */
	ASSERT_EQ(0, mprotect(first + SEC_PAGE, SEC_PAGE, PROT_READ));
	EXPECT_EQ(4, views(self->handle));
	ASSERT_EQ(0, munmap(first + SEC_PAGE, SEC_PAGE));
	EXPECT_EQ(3, views(self->handle));
	/* A hole in a view makes two of it. */
	ASSERT_EQ(0, munmap(first + 2 * SEC_PAGE, SEC_PAGE));
	EXPECT_EQ(3, views(self->handle));

	ASSERT_EQ(0, pipe2(gate, O_CLOEXEC));
	child = sec_fork(wait_for_eof, gate);
	ASSERT_LT(0, child);
	EXPECT_EQ(6, views(self->handle));
	close(gate[0]);
	close(gate[1]);
	EXPECT_EQ(0, sec_wait(child));
	EXPECT_EQ(3, views(self->handle));

	ASSERT_EQ(0, munmap(first, bytes));
	EXPECT_EQ(1, views(self->handle));
	ASSERT_EQ(0, munmap(second, SEC_PAGE));
	EXPECT_EQ(0, views(self->handle));
}

/* A view is not a handle, and a failed one is not a view. */
TEST_F(handle, views_are_not_handles)
{
	void *view = sec_map(self->handle, PROT_READ, 0, 0, 0);

	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(1, handles(self->handle));
	EXPECT_EQ(MAP_FAILED, sec_map(self->handle, PROT_READ, 0,
				      PAGES * SEC_PAGE, SEC_PAGE));
	EXPECT_EQ(MAP_FAILED, sec_mmap(self->handle, PROT_READ, MAP_SHARED,
				       PAGES * SEC_PAGE, SEC_PAGE));
	EXPECT_EQ(1, views(self->handle));
	ASSERT_EQ(0, munmap(view, PAGES * SEC_PAGE));
}

static int exec_self(void *arg)
{
	int *fds = arg;

	/* What is mapped goes with the old program. */
	if (sec_map(fds[0], PROT_READ, 0, 0, 0) == MAP_FAILED ||
	    views(fds[0]) != 1 || fcntl(fds[0], F_SETFD, 0) < 0)
		return 1;
	execl("/proc/self/exe", "handle_test", "--views", NULL);
	return 2;
}

TEST_F(handle, exec_drops_views)
{
	int copy;
	int status;

	/* The program started anew finds the handle there. */
	copy = dup2(self->handle, 100);
	ASSERT_EQ(100, copy);
	status = sec_in_child(exec_self, &copy);
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, views(self->handle));
	close(copy);
}

static int create_and_send(void *arg)
{
	int *pair = arg;
	char byte;
	int dev, handle;

	close(pair[0]);
	dev = sec_dev();
	handle = sec_create_anon(dev, NULL, 1);
	if (handle < 0 || sec_send_fd(pair[1], handle))
		return 1;
	return read(pair[1], &byte, 1) ? 1 : 0;
}

/* The creator is told while it lives. */
TEST_F(handle, creator)
{
	struct section_query q;
	int pair[2], handle;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	child = sec_fork(create_and_send, pair);
	ASSERT_LT(0, child);
	close(pair[1]);
	handle = sec_receive_fd(pair[0]);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ((__u32)child, q.creator);
	close(pair[0]);
	EXPECT_EQ(0, sec_wait(child));
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(0, q.creator);
	close(handle);
}

/* Every set of rights made from every other. */
TEST_F(handle, duplicate_rights)
{
	int fds = sec_count_fds();
	struct section_query q;
	__u32 from, to;

	for (from = 0; from <= SECTION_RIGHTS_ALL; from++) {
		int handle = sec_duplicate(self->handle, from, 0);

		ASSERT_LE(0, handle);
		for (to = 0; to <= SECTION_RIGHTS_ALL; to++) {
			int copy = sec_duplicate(handle, to, 0);

			if (to & ~from) {
				EXPECT_EQ(-EACCES, copy);
				continue;
			}
			ASSERT_LE(0, copy);
			if (to & SECTION_RIGHT_QUERY) {
				ASSERT_EQ(0, sec_query(copy, &q));
				EXPECT_EQ(to, q.rights);
			}
			close(copy);
		}
		close(handle);
	}
	EXPECT_EQ(fds, sec_count_fds());
	EXPECT_EQ(1, handles(self->handle));
}

TEST_F(handle, duplicate_maximum)
{
	const __u32 some = SECTION_RIGHT_QUERY | SECTION_RIGHT_EXECUTE;
	int handle = sec_duplicate(self->handle, some, 0);
	int copy = sec_duplicate(handle, SECTION_RIGHTS_MAXIMUM, 0);
	struct section_query q;
	unsigned int bit;

	ASSERT_LE(0, copy);
	ASSERT_EQ(0, sec_query(copy, &q));
	EXPECT_EQ(some, q.rights);
	close(copy);
	for (bit = 5; bit < 31; bit++) {
		EXPECT_EQ(-EINVAL, sec_duplicate(handle, 1U << bit, 0));
		EXPECT_EQ(-EINVAL, sec_duplicate(handle, 1U << bit |
						 SECTION_RIGHTS_MAXIMUM, 0));
	}
	close(handle);
}

/* A handle with no right holds the section, and that is all. */
TEST_F(handle, no_rights)
{
	struct section_query q;
	int handle = sec_duplicate(self->handle, 0, 0);
	int again;

	ASSERT_LE(0, handle);
	EXPECT_EQ(-EACCES, sec_query(handle, &q));
	EXPECT_EQ(MAP_FAILED, sec_map(handle, PROT_NONE, 0, 0, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MAP_FAILED, sec_map(handle, PROT_READ, 0, 0, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MAP_FAILED, sec_map(handle, PROT_READ, SECTION_MAP_PRIVATE,
				      0, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MAP_FAILED, sec_mmap(handle, PROT_NONE, MAP_PRIVATE, 0,
				       SEC_PAGE));
	EXPECT_EQ(MAP_FAILED, sec_mmap(handle, PROT_READ, MAP_SHARED, 0,
				       SEC_PAGE));
	EXPECT_EQ(MAP_FAILED, sec_mmap(handle, PROT_WRITE, MAP_SHARED, 0,
				       SEC_PAGE));
	again = sec_duplicate(handle, SECTION_RIGHTS_MAXIMUM, 0);
	ASSERT_LE(0, again);
	EXPECT_EQ(-EACCES, sec_query(again, &q));
	close(again);

	close(self->handle);
	again = sec_open(self->dev, self->name.s, SEC_RIGHTS_R);
	EXPECT_LE(0, again);
	EXPECT_EQ(2, handles(again));
	self->handle = again;
	close(handle);
}

/* The duplicate works when the original is gone. */
TEST_F(handle, duplicate_alone)
{
	int handle = sec_duplicate(self->handle, SEC_RIGHTS_RW, 0);
	__u64 id = sec_id(self->handle);
	char *view;

	ASSERT_LE(0, handle);
	close(self->handle);
	EXPECT_EQ(id, sec_id(handle));
	view = sec_map(handle, PROT_READ | PROT_WRITE, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, touch_write(view));
	EXPECT_EQ(MAP_FAILED, sec_map(handle, PROT_READ | PROT_EXEC, 0, 0, 0));
	ASSERT_EQ(0, munmap(view, PAGES * SEC_PAGE));
	self->handle = handle;
}

TEST_F(handle, anchor)
{
	int anchor = sec_duplicate(self->handle, SEC_RIGHTS_RW,
				   SECTION_DUPLICATE_ANCHOR);
	struct section_query q;
	char name[SEC_NAME_LEN];
	char *view;
	int other;

	ASSERT_LE(0, anchor);
	EXPECT_EQ(FD_CLOEXEC, fcntl(anchor, F_GETFD));
	ASSERT_EQ(0, sec_query_name(anchor, &q, name, sizeof(name)));
	EXPECT_EQ(SEC_RIGHTS_RW, q.rights);
	EXPECT_EQ(strlen(self->name.s), q.name_len);
	EXPECT_EQ(0, memcmp(name, self->name.s, q.name_len));

	/* An anchor makes nothing but anchors, with no more rights. */
	EXPECT_EQ(-EINVAL, sec_duplicate(anchor, SEC_RIGHTS_R, 0));
	EXPECT_EQ(-EINVAL, sec_duplicate(anchor, SECTION_RIGHTS_MAXIMUM,
					 SECTION_DUPLICATE_INHERIT));
	EXPECT_EQ(-EACCES, sec_duplicate(anchor, SECTION_RIGHT_EXECUTE,
					 SECTION_DUPLICATE_ANCHOR));
	other = sec_duplicate(anchor, SEC_RIGHTS_R, SECTION_DUPLICATE_ANCHOR);
	ASSERT_LE(0, other);
	EXPECT_EQ(1, handles(self->handle));
	EXPECT_EQ(MAP_FAILED, sec_map(other, PROT_WRITE, 0, 0, 0));
	EXPECT_EQ(EACCES, errno);

	view = sec_map(self->handle, PROT_READ | PROT_WRITE, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	memcpy(view, "kept", 5);
	ASSERT_EQ(0, munmap(view, PAGES * SEC_PAGE));
	close(self->handle);
	self->handle = anchor;

	/* Neither handle nor view: the anchor alone keeps the memory. */
	EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s, 0));
	view = sec_map(other, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_STREQ("kept", view);
	EXPECT_EQ(1, views(anchor));
	EXPECT_EQ(0, handles(anchor));
	ASSERT_EQ(0, munmap(view, PAGES * SEC_PAGE));
	close(other);
}

/* Through /proc nobody gets more than he was given. */
TEST_F(handle, no_reopening)
{
	const int flags[] = {
		O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_TRUNC,
		O_RDWR | O_APPEND, O_RDWR | O_CREAT, O_RDONLY | O_NONBLOCK,
	};
	int weak = sec_duplicate(self->handle, SECTION_RIGHT_READ, 0);
	int fds[] = { self->handle, weak };
	struct stat st;
	char path[32];
	size_t i, j;

	ASSERT_LE(0, weak);
	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[i]);
		for (j = 0; j < ARRAY_SIZE(flags); j++) {
			EXPECT_EQ(-1, open(path, flags[j], 0600));
			/* For reading it is tried at all, for writing not. */
			EXPECT_TRUE(errno == ENXIO || errno == EROFS) {
				TH_LOG("flags %x: %s", flags[j],
				       strerror(errno));
			}
		}
		EXPECT_EQ(-1, truncate(path, 0));
		EXPECT_EQ(-1, chmod(path, 0777));
	}
	ASSERT_EQ(0, fstat(self->handle, &st));
	EXPECT_EQ(PAGES * SEC_PAGE, (size_t)st.st_size);
	EXPECT_EQ(0751, st.st_mode & 07777);
	EXPECT_EQ(2, handles(self->handle));
	close(weak);
}

static bool refused(long ret)
{
	if (ret != -1)
		return false;
	switch (errno) {
	case EACCES:
	case EBADF:
	case EINVAL:
	case ENODEV:
	case EOPNOTSUPP:
	case EPERM:
	case EROFS:
	case ESPIPE:
		return true;
	}
	return false;
}

/* A handle is not a file with contents: only views reach the memory. */
TEST_F(handle, not_a_file)
{
	const size_t bytes = PAGES * SEC_PAGE;
	struct section_query before, after;
	char *view = sec_map(self->handle, PROT_READ | PROT_WRITE, 0, 0, 0);
	struct timespec times[2] = { { 0 } };
	struct stat st;
	char buf[16];
	loff_t zero = 0;
	int pair[2];

	ASSERT_NE(MAP_FAILED, view);
	memset(view, 'v', bytes);
	ASSERT_EQ(0, sec_query(self->handle, &before));
	memset(buf, SEC_POISON, sizeof(buf));

	EXPECT_TRUE(refused(read(self->handle, buf, sizeof(buf))));
	EXPECT_TRUE(refused(pread(self->handle, buf, sizeof(buf), 0)));
	EXPECT_TRUE(refused(write(self->handle, buf, sizeof(buf))));
	EXPECT_TRUE(refused(pwrite(self->handle, buf, sizeof(buf), 0)));
	EXPECT_TRUE(refused(ftruncate(self->handle, 0)));
	EXPECT_TRUE(refused(ftruncate(self->handle, 2 * bytes)));
	EXPECT_TRUE(refused(fallocate(self->handle, 0, 0, 2 * bytes)));
	EXPECT_TRUE(refused(fallocate(self->handle, FALLOC_FL_PUNCH_HOLE |
				      FALLOC_FL_KEEP_SIZE, 0, SEC_PAGE)));
	EXPECT_TRUE(refused(fchmod(self->handle, 0777)));
	EXPECT_TRUE(refused(fchown(self->handle, getuid(), getgid())));
	EXPECT_TRUE(refused(futimens(self->handle, times)));
	EXPECT_TRUE(refused(fcntl(self->handle, F_ADD_SEALS, F_SEAL_WRITE)));
	ASSERT_EQ(0, pipe2(pair, O_CLOEXEC | O_NONBLOCK));
	EXPECT_TRUE(refused(splice(self->handle, &zero, pair[1], NULL, SEC_PAGE,
				   0)));
	EXPECT_TRUE(refused(sendfile(pair[1], self->handle, NULL, SEC_PAGE)));
	close(pair[0]);
	close(pair[1]);

	EXPECT_TRUE(sec_poisoned(buf, sizeof(buf)));
	EXPECT_TRUE(sec_all_bytes(view, 'v', bytes));
	ASSERT_EQ(0, sec_query(self->handle, &after));
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	ASSERT_EQ(0, fstat(self->handle, &st));
	EXPECT_EQ(bytes, (size_t)st.st_size);
	EXPECT_EQ(0751, st.st_mode & 07777);
	ASSERT_EQ(0, munmap(view, bytes));
}

/* Harmless calls that any descriptor allows do not disturb it. */
TEST_F(handle, still_a_descriptor)
{
	struct section_query before, after;
	off_t end;
	int flags;

	ASSERT_EQ(0, sec_query(self->handle, &before));
	/* Whoever asks for the size in this way is told the truth, if at all. */
	end = lseek(self->handle, 0, SEEK_END);
	EXPECT_TRUE(end == PAGES * (off_t)SEC_PAGE || refused(end));
	lseek(self->handle, 1 << 30, SEEK_SET);
	lseek(self->handle, 0, SEEK_SET);
	flags = fcntl(self->handle, F_GETFL);
	EXPECT_EQ(O_RDWR, flags & O_ACCMODE);
	fcntl(self->handle, F_SETFL, O_NONBLOCK);
	fcntl(self->handle, F_SETFL, O_APPEND);
	fcntl(self->handle, F_SETFL, 0);
	fsync(self->handle);
	ASSERT_EQ(0, sec_query(self->handle, &after));
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
}

/* An open mode that grants nothing is no way to call it either. */
TEST_F(handle, path_descriptor)
{
	struct section_query q;
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->handle);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return;
	EXPECT_EQ(-EBADF, sec_query(fd, &q));
	EXPECT_EQ(MAP_FAILED, sec_mmap(fd, PROT_READ, MAP_SHARED, 0, SEC_PAGE));
	close(fd);
}

static int path_of(int handle)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", handle);
	return open(path, O_PATH | O_CLOEXEC);
}

/* Of the inode that a descriptor holds. */
static long blocks_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? -1 : st.st_blocks;
}

/* It keeps no memory that nobody could ever use again. */
TEST_F(handle, path_descriptor_keeps_nothing)
{
	int handle = sec_create_anon(self->dev, NULL, PAGES * SEC_PAGE);
	char *view = sec_map(handle, PROT_READ | PROT_WRITE, 0, 0, 0);
	int fd = path_of(handle);

	ASSERT_LE(0, fd);
	ASSERT_NE(MAP_FAILED, view);
	memset(view, 1, PAGES * SEC_PAGE);
	EXPECT_LE((long)(PAGES * SEC_PAGE / 512), blocks_of(fd));
	munmap(view, PAGES * SEC_PAGE);
	EXPECT_LE((long)(PAGES * SEC_PAGE / 512), blocks_of(fd));
	ASSERT_EQ(0, close(handle));
	EXPECT_EQ(0, blocks_of(fd));
	close(fd);
}

TEST_F(handle, path_descriptor_keeps_no_view)
{
	int handle = sec_create_anon(self->dev, NULL, PAGES * SEC_PAGE);
	char *view = sec_map(handle, PROT_READ | PROT_WRITE, 0, 0, 0);
	int fd = path_of(handle);

	ASSERT_LE(0, fd);
	ASSERT_NE(MAP_FAILED, view);
	memset(view, 1, PAGES * SEC_PAGE);
	ASSERT_EQ(0, close(handle));
	EXPECT_LE((long)(PAGES * SEC_PAGE / 512), blocks_of(fd));
	munmap(view, PAGES * SEC_PAGE);
	EXPECT_EQ(0, blocks_of(fd));
	close(fd);
}

/*
 * The last view goes under mmap_lock, which write(2) takes when it has the lock of
 * an inode on tmpfs, for a fault: emptying the memory must not have them the other
 * way round.  A kernel with lockdep tells.
 */
TEST_F(handle, path_descriptor_and_locks)
{
	int handle = sec_create_anon(self->dev, NULL, PAGES * SEC_PAGE);
	char *view = sec_map(handle, PROT_READ | PROT_WRITE, 0, 0, 0);
	int fd = path_of(handle), file = memfd_create("locks", MFD_CLOEXEC);

	ASSERT_LE(0, fd);
	ASSERT_LE(0, file);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ((ssize_t)SEC_PAGE, write(file, view, SEC_PAGE));
	view[0] = 1;
	ASSERT_EQ(0, close(handle));
	EXPECT_LT(0, blocks_of(fd));
	munmap(view, PAGES * SEC_PAGE);
	EXPECT_EQ(0, blocks_of(fd));
	close(file);
	close(fd);
}

TEST_F(handle, path_descriptor_keeps_nothing_committed)
{
	const __u64 bytes = 256 << 20;
	int handle = sec_create_flags(self->dev, NULL, bytes,
				      SECTION_CREATE_RESERVE);
	long long committed;
	int fd;

	ASSERT_LE(0, handle);
	fd = path_of(handle);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, sec_commit(handle, 0, bytes, 0));
	committed = sec_meminfo("Committed_AS:");
	ASSERT_EQ(0, close(handle));
	EXPECT_GE(committed - (long long)bytes / 2,
		  sec_meminfo("Committed_AS:"));
	close(fd);
}

/*
 * The value of a line of fdinfo, without the white space around it.  How many
 * lines have this key is returned.
 */
static int info_line(int fd, const char *key, char *value, size_t room)
{
	char path[40], text[8192];
	size_t len = strlen(key);
	char *line, *next;
	int found = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (sec_read_file(path, text, sizeof(text)) < 0)
		return -1;
	for (line = text; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		if (strncmp(line, key, len))
			continue;
		found++;
		line += len;
		snprintf(value, room, "%s", line + strspn(line, " \t"));
	}
	return found;
}

static __u64 info_number(int fd, const char *key, int base)
{
	char value[128];

	if (info_line(fd, key, value, sizeof(value)) != 1)
		return UINT64_MAX;
	return strtoull(value, NULL, base);
}

TEST_F(handle, fdinfo)
{
	int weak = sec_duplicate(self->handle, SEC_RIGHTS_R, 0);
	int anchor = sec_duplicate(self->handle, SEC_RIGHTS_RX,
				   SECTION_DUPLICATE_ANCHOR);
	char value[SEC_NAME_LEN], other[SEC_NAME_LEN];
	void *view;

	ASSERT_LE(0, weak);
	ASSERT_LE(0, anchor);
	view = sec_map(self->handle, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);

	EXPECT_EQ(1, info_line(weak, "section-name:", value, sizeof(value)));
	EXPECT_STREQ(self->name.s, value);
	EXPECT_EQ(sec_id(weak), info_number(weak, "section-id:", 0));
	EXPECT_EQ(PAGES * SEC_PAGE, info_number(weak, "section-bytes:", 0));
	EXPECT_EQ(2, info_number(weak, "section-handles:", 0));
	EXPECT_EQ(1, info_number(weak, "section-views:", 0));
	EXPECT_EQ(1, info_line(weak, "section-prot:", value, sizeof(value)));
	EXPECT_EQ(1, info_line(weak, "section-attributes:", value,
			       sizeof(value)));

	/* What differs from handle to handle differs here too. */
	EXPECT_EQ(1, info_line(weak, "section-rights:", value, sizeof(value)));
	EXPECT_EQ(1, info_line(anchor, "section-rights:", other, sizeof(other)));
	EXPECT_STRNE(value, other);
	EXPECT_EQ(1, info_line(weak, "section-anchor:", value, sizeof(value)));
	EXPECT_EQ(1, info_line(anchor, "section-anchor:", other, sizeof(other)));
	EXPECT_STRNE(value, other);

	ASSERT_EQ(0, munmap(view, PAGES * SEC_PAGE));
	EXPECT_EQ(0, info_number(weak, "section-views:", 0));
	close(anchor);
	close(weak);
	EXPECT_EQ(1, info_number(self->handle, "section-handles:", 0));
}

/* No name can forge a line of its own. */
TEST_F(handle, fdinfo_escapes)
{
	static const char * const names[] = {
		"evil\nsection-id:\t4711",
		"evil\rsection-id:\t4711",
		"a b\tc",
		"\nsection-rights:\t0x1f",
		"trailing\n",
		"\x7f\x1b[31m",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		int handle = sec_create_anon(self->dev, names[i], 1);
		char value[256];
		unsigned char *p;

		ASSERT_LE(0, handle);
		EXPECT_EQ(1, info_line(handle, "section-id:", value,
				       sizeof(value)));
		EXPECT_EQ(sec_id(handle),
			  info_number(handle, "section-id:", 0));
		EXPECT_EQ(1, info_line(handle, "section-rights:", value,
				       sizeof(value)));
		EXPECT_EQ(1, info_line(handle, "section-name:", value,
				       sizeof(value)));
		/* Nothing that moves a terminal's cursor, nor a blank. */
		for (p = (unsigned char *)value; *p; p++)
			EXPECT_LT(' ', *p);
		close(handle);
	}
}

/* Without a name the line is there and says so, or it is not there. */
TEST_F(handle, fdinfo_without_name)
{
	int handle = sec_create_anon(self->dev, NULL, 1);
	char value[64] = "";

	ASSERT_LE(0, handle);
	EXPECT_GE(1, info_line(handle, "section-name:", value, sizeof(value)));
	EXPECT_STREQ("", value);
	close(handle);
}

/* The text of /proc/self/maps for an address, without the newline. */
static bool maps_line(const void *address, char *line, size_t room)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	bool found = false;

	if (!maps)
		return false;
	while (!found && fgets(line, room, maps)) {
		unsigned long start, end;

		found = sscanf(line, "%lx-%lx", &start, &end) == 2 &&
			start == (unsigned long)address;
	}
	fclose(maps);
	line[strcspn(line, "\n")] = 0;
	return found;
}

TEST_F(handle, maps)
{
	char expected[SEC_NAME_LEN + 32];
	char *view = sec_map(self->handle, PROT_READ, 0, 0, 0);
	char line[512];

	ASSERT_NE(MAP_FAILED, view);
	ASSERT_TRUE(maps_line(view, line, sizeof(line)));
	snprintf(expected, sizeof(expected), "/section:%s (deleted)",
		 self->name.s);
	EXPECT_NE(NULL, strstr(line, expected)) {
		TH_LOG("%s", line);
	}
	ASSERT_EQ(0, munmap(view, PAGES * SEC_PAGE));
}

TEST_F(handle, maps_escapes)
{
	int handle = sec_create_anon(self->dev,
				     "evil\n7fff0000-7fff1000 rwxp forged", 1);
	char *view, line[512];
	FILE *maps;

	ASSERT_LE(0, handle);
	view = sec_map(handle, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	maps = fopen("/proc/self/maps", "re");
	ASSERT_NE(NULL, maps);
	while (fgets(line, sizeof(line), maps))
		EXPECT_NE(0, strncmp(line, "7fff0000-7fff1000", 17));
	fclose(maps);
	ASSERT_EQ(0, munmap(view, SEC_PAGE));
	close(handle);
}

TEST_F(handle, readlink)
{
	char path[32], target[256];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->handle);
	len = readlink(path, target, sizeof(target) - 1);
	ASSERT_LT(0, len);
	target[len] = 0;
	EXPECT_NE(NULL, strstr(target, "section")) {
		TH_LOG("%s", target);
	}
	EXPECT_NE(NULL, strstr(target, self->name.s)) {
		TH_LOG("%s", target);
	}
}

/* With "--views" the program tells how many views descriptor 100 has. */
int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--views"))
		return views(100);
	return test_harness_run(argc, argv);
}
