// SPDX-License-Identifier: GPL-2.0-only
/*
 * What somebody without privilege would try, as an ordinary user, as root of a
 * user namespace of his own, and as root of a container.  He has a handle that
 * may only read, and wants more.
 */
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

#include "section_view_util.h"
#include "kselftest_harness.h"

#define RW		(PROT_READ | PROT_WRITE)
#define SECRET		'S'
#define CONTAINER	(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | \
			 CLONE_NEWPID | CLONE_NEWIPC)

FIXTURE(place)
{
	int dev;
	/* All rights but execute; reader was made of it. */
	int handle;
	int reader;
	/* A view through reader. */
	unsigned char *view;
	size_t page;
	struct section_query q;
	struct stat st;
	char path[32];
};

FIXTURE_VARIANT(place)
{
	int namespaces;
	/* With it the path of the handles is not that of the memory. */
	bool executable;
};

FIXTURE_VARIANT_ADD(place, user)
{
	.namespaces = 0,
};

FIXTURE_VARIANT_ADD(place, user_executable)
{
	.namespaces = 0,
	.executable = true,
};

FIXTURE_VARIANT_ADD(place, user_namespace)
{
	.namespaces = CLONE_NEWUSER,
};

FIXTURE_VARIANT_ADD(place, container)
{
	.namespaces = CONTAINER,
};

FIXTURE_VARIANT_ADD(place, container_executable)
{
	.namespaces = CONTAINER,
	.executable = true,
};

/* Become root of new namespaces. */
static int enter(int namespaces)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char map[64];
	int err;

	if (!namespaces)
		return 0;
	if (unshare(namespaces))
		return -errno;
	snprintf(map, sizeof(map), "0 %u 1", uid);
	err = sec_write_file("/proc/self/uid_map", map);
	if (!err)
		err = sec_write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", gid);
	return err ?: sec_write_file("/proc/self/gid_map", map);
}

FIXTURE_SETUP(place)
{
	struct section_create args = sec_create_args(NULL, 2 * SEC_PAGE);
	unsigned char *view;

	ASSERT_EQ(0, enter(variant->namespaces));
	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	args.mode = 0777;
	args.prot = variant->executable ? SEC_PROT_RWX : SEC_PROT_RW;
	self->handle = sec_create(self->dev, &args);
	ASSERT_LE(0, self->handle);
	self->reader = sec_duplicate(self->handle, SEC_RIGHTS_R, 0);
	ASSERT_LE(0, self->reader);
	view = sec_map(self->handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	memset(view, SECRET, 2 * self->page);
	munmap(view, 2 * self->page);
	self->view = sec_map(self->reader, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, self->view);
	ASSERT_EQ(0, sec_query(self->handle, &self->q));
	ASSERT_EQ(0, fstat(self->handle, &self->st));
	snprintf(self->path, sizeof(self->path), "/proc/self/fd/%d",
		 self->reader);
}

/* After every attempt: nothing has changed, and nothing more is allowed. */
FIXTURE_TEARDOWN(place)
{
	struct section_query q;
	struct stat st;
	void *view;

	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_EQ(self->q.bytes, q.bytes);
	EXPECT_EQ(self->q.mode, q.mode);
	EXPECT_EQ(self->q.uid, q.uid);
	EXPECT_EQ(self->q.gid, q.gid);
	EXPECT_EQ(self->q.resident, q.resident);
	ASSERT_EQ(0, fstat(self->reader, &st));
	EXPECT_EQ(self->st.st_mode, st.st_mode);
	EXPECT_EQ(self->st.st_uid, st.st_uid);
	EXPECT_EQ(self->st.st_size, st.st_size);
	EXPECT_EQ(self->st.st_mtim.tv_sec, st.st_mtim.tv_sec);
	EXPECT_EQ(self->st.st_mtim.tv_nsec, st.st_mtim.tv_nsec);
	EXPECT_TRUE(sec_all_bytes(self->view, SECRET, 2 * self->page));

	ASSERT_EQ(0, sec_query(self->reader, &q));
	EXPECT_EQ(SEC_RIGHTS_R, q.rights);
	EXPECT_EQ(-1, mprotect(self->view, self->page, RW));
	EXPECT_EQ(-1, mprotect(self->view, self->page, PROT_READ | PROT_EXEC));
	EXPECT_EQ(MAP_FAILED, sec_map(self->reader, RW, 0, 0, 0));
	EXPECT_EQ(MAP_FAILED, sec_map(self->reader, PROT_EXEC,
				      SECTION_MAP_PRIVATE, 0, 0));
	EXPECT_EQ(MAP_FAILED, sec_mmap(self->reader, RW, MAP_SHARED, 0,
				       self->page));
	view = sec_mmap(self->reader, PROT_READ | PROT_EXEC, MAP_PRIVATE, 0,
			self->page);
	EXPECT_EQ(MAP_FAILED, view);
}

#define REFUSED(call) do { \
	errno = 0; \
	EXPECT_GT(0, (long)(call)) TH_LOG("allowed: %s", #call); \
} while (0)

/* The mount's flags are what keeps views from being executed. */
TEST_F(place, mounts)
{
	struct mount_attr attr = {
		.attr_clr = MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY,
	};
	struct {
		struct file_handle head;
		unsigned char room[MAX_HANDLE_SZ];
	} id = { .head.handle_bytes = MAX_HANDLE_SZ };
	int mount_id;

	REFUSED(syscall(SYS_mount_setattr, self->reader, "", AT_EMPTY_PATH,
			&attr, sizeof(attr)));
	REFUSED(syscall(SYS_open_tree, self->reader, "",
			AT_EMPTY_PATH | OPEN_TREE_CLONE));
	REFUSED(syscall(SYS_fspick, AT_FDCWD, self->path, 0));
	REFUSED(syscall(SYS_move_mount, self->reader, "", AT_FDCWD, "/tmp",
			MOVE_MOUNT_F_EMPTY_PATH));
	REFUSED(mount(self->path, "/tmp", NULL, MS_BIND, NULL));
	REFUSED(mount(NULL, self->path, NULL, MS_REMOUNT | MS_BIND, NULL));
	REFUSED(mount("none", self->path, "tmpfs", 0, NULL));
	REFUSED(chroot(self->path));
	REFUSED(fchdir(self->reader));
	/* A number of the inode may be told; it opens nothing. */
	if (!name_to_handle_at(self->reader, "", &id.head, &mount_id,
			       AT_EMPTY_PATH)) {
		REFUSED(open_by_handle_at(self->reader, &id.head, O_RDWR));
		REFUSED(open_by_handle_at(self->handle, &id.head, O_RDONLY));
	}
}

/* Other ways to the inode. */
TEST_F(place, paths)
{
	char *const nothing[] = { "x", NULL };
	struct timespec times[2] = { { 1, 1 }, { 1, 1 } };
	char target[64];
	int path = open(self->path, O_PATH | O_CLOEXEC);
	int fds[] = { self->handle, self->reader, path };
	size_t i;

	ASSERT_LE(0, path);
	snprintf(target, sizeof(target), "/tmp/attack-%d", getpid());
	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		int fd = fds[i];
		char name[32];

		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		REFUSED(open(name, O_RDONLY | O_CLOEXEC));
		REFUSED(open(name, O_RDWR | O_CLOEXEC));
		REFUSED(openat(fd, "", O_RDONLY | O_CLOEXEC));
		REFUSED(linkat(fd, "", AT_FDCWD, target, AT_EMPTY_PATH));
		REFUSED(linkat(AT_FDCWD, name, AT_FDCWD, target,
			       AT_SYMLINK_FOLLOW));
		REFUSED(syscall(SYS_execveat, fd, "", nothing, nothing,
				AT_EMPTY_PATH));
		REFUSED(execve(name, nothing, nothing));
		REFUSED(truncate(name, 0));
		REFUSED(truncate(name, 1 << 20));
		REFUSED(chmod(name, 0));
		REFUSED(chown(name, geteuid(), getegid()));
		REFUSED(fchownat(fd, "", geteuid(), -1, AT_EMPTY_PATH));
		REFUSED(utimensat(AT_FDCWD, name, times, 0));
		REFUSED(utimensat(AT_FDCWD, name, NULL, 0));
		REFUSED(setxattr(name, "user.x", "x", 1, 0));
		REFUSED(removexattr(name, "security.x"));
		REFUSED(ioctl(fd, FS_IOC_SETFLAGS, &(int){ FS_NODUMP_FL }));
		REFUSED(prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, fd, 0, 0));
	}
	close(path);
}

/* Calls that change a file or its descriptor. */
TEST_F(place, descriptor_calls)
{
	struct timespec times[2] = { { 1, 1 }, { 1, 1 } };
	struct fsxattr attr = { .fsx_xflags = 0 };
	int fds[] = { self->handle, self->reader };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		int fd = fds[i];

		REFUSED(ftruncate(fd, 0));
		REFUSED(ftruncate(fd, 1 << 20));
		REFUSED(fallocate(fd, 0, 0, 1 << 20));
		REFUSED(fallocate(fd, FALLOC_FL_KEEP_SIZE |
				  FALLOC_FL_PUNCH_HOLE, 0, self->page));
		REFUSED(fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, self->page));
		REFUSED(fchmod(fd, 0));
		REFUSED(fchown(fd, geteuid(), getegid()));
		REFUSED(futimens(fd, times));
		REFUSED(fsetxattr(fd, "user.x", "x", 1, 0));
		REFUSED(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
		REFUSED(fcntl(fd, F_ADD_SEALS, 0));
		REFUSED(fcntl(fd, F_SETLEASE, F_RDLCK));
		REFUSED(fcntl(fd, F_SETLEASE, F_WRLCK));
		REFUSED(fcntl(fd, F_SETFL, O_DIRECT));
		REFUSED(ioctl(fd, FS_IOC_FSSETXATTR, &attr));
		REFUSED(ioctl(fd, FICLONE, self->handle));
		/* What can be set means nothing. */
		EXPECT_EQ(0, fcntl(fd, F_SETFL, O_RDWR | O_APPEND | O_NONBLOCK));
		EXPECT_EQ(fd == self->handle ? O_RDWR : O_RDONLY,
			  fcntl(fd, F_GETFL) & O_ACCMODE);
	}
	REFUSED(sec_duplicate(self->reader, SECTION_RIGHTS_ALL, 0));
	REFUSED(sec_duplicate(self->reader, SECTION_RIGHT_WRITE,
			      SECTION_DUPLICATE_ANCHOR));
	REFUSED(sec_commit(self->reader, 0, 0, 0));
	REFUSED(sec_create_file(self->dev, NULL, self->reader, 0,
				SECTION_PROT_READ));
}

/* Calls that move data from descriptor to descriptor. */
TEST_F(place, data_calls)
{
	int file = unnamed_file("/tmp"), fd = self->handle;
	char buffer[16] = "attack";
	struct iovec iov = { buffer, sizeof(buffer) };
	loff_t in = 0, out = 0;
	int ends[2];

	ASSERT_LE(0, file);
	ASSERT_EQ(0, pipe2(ends, O_CLOEXEC | O_NONBLOCK));
	ASSERT_TRUE(fill_page(file, 0, 'x'));
	ASSERT_EQ(1, write(ends[1], "x", 1));
	REFUSED(splice(ends[0], NULL, fd, NULL, 1, 0));
	REFUSED(splice(fd, &in, ends[1], NULL, 16, 0));
	REFUSED(sendfile(fd, file, &in, 16));
	REFUSED(sendfile(file, fd, &in, 16));
	REFUSED(copy_file_range(file, &in, fd, &out, 16, 0));
	REFUSED(copy_file_range(fd, &in, file, &out, 16, 0));
	REFUSED(vmsplice(fd, &iov, 1, 0));
	REFUSED(preadv2(fd, &iov, 1, 0, 0));
	REFUSED(pwritev2(fd, &iov, 1, 0, RWF_APPEND));
	EXPECT_STREQ("attack", buffer);
	/* The memory as a target, as the kernel writes to it. */
	REFUSED(pread(file, self->view, 16, 0));
	REFUSED(remote_write(getpid(), self->view, 'x'));
	REFUSED(getrandom(self->view, 16, 0));
	iov.iov_base = self->view;
	REFUSED(vmsplice(ends[0], &iov, 1, 0));
	REFUSED(readv(ends[0], &iov, 1));
	close(ends[0]);
	close(ends[1]);
	close(file);
}

/* Calls that change memory or its mapping. */
TEST_F(place, memory_calls)
{
	/* What does nothing, or less than nothing, may succeed. */
	const int advice[] = {
		MADV_DONTNEED, MADV_FREE, MADV_HUGEPAGE, MADV_COLLAPSE,
		MADV_COLD, MADV_PAGEOUT, MADV_DOFORK, MADV_POPULATE_READ,
	};
	unsigned char *moved;
	size_t i;

	REFUSED(madvise(self->view, self->page, MADV_REMOVE));
	REFUSED(madvise(self->view, self->page, MADV_POPULATE_WRITE));
	REFUSED(madvise(self->view, self->page, MADV_WIPEONFORK));
	for (i = 0; i < ARRAY_SIZE(advice); i++) {
		madvise(self->view, 2 * self->page, advice[i]);
		EXPECT_EQ(SECRET, peek(self->view));
	}
	REFUSED(syscall(SYS_remap_file_pages, self->view, self->page, 0, 1, 0));
	REFUSED(mprotect(self->view, self->page, RW | PROT_EXEC));
	REFUSED(syscall(SYS_pkey_mprotect, self->view, self->page, RW, -1));
	REFUSED(sec_commit_view(self->dev, self->view, 1,
				SECTION_COMMIT_DECOMMIT));
	/* Moved, split and doubled it is what it was. */
	moved = mremap(self->view, self->page, self->page,
		       MREMAP_MAYMOVE | MREMAP_FIXED, free_range(1));
	ASSERT_NE(MAP_FAILED, moved);
	REFUSED(mprotect(moved, self->page, RW));
	self->view = mremap(moved, 0, 2 * self->page, MREMAP_MAYMOVE);
	ASSERT_NE(MAP_FAILED, self->view);
	REFUSED(mprotect(self->view, 2 * self->page, RW));
	EXPECT_EQ(-SIGSEGV, poke(self->view, 'x'));
}

struct ring {
	int fd;
	struct io_uring_params params;
	char *rings;
	struct io_uring_sqe *sqes;
};

static int ring_open(struct ring *ring)
{
	struct io_uring_params *p = &ring->params;

	memset(ring, 0, sizeof(*ring));
	ring->fd = syscall(SYS_io_uring_setup, 4, p);
	if (ring->fd < 0)
		return -errno;
	ring->rings = mmap(NULL, SEC_PAGE, RW, MAP_SHARED | MAP_POPULATE,
			   ring->fd, IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, SEC_PAGE, RW, MAP_SHARED | MAP_POPULATE,
			  ring->fd, IORING_OFF_SQES);
	return ring->rings == MAP_FAILED || ring->sqes == MAP_FAILED ?
	       -ENOMEM : 0;
}

/* One operation: its result. Both rings are one mapping. */
static int ring_do(struct ring *ring, int op, int fd, void *addr, unsigned int len)
{
	struct io_uring_params *p = &ring->params;
	unsigned int *tail = (void *)(ring->rings + p->sq_off.tail);
	unsigned int *head = (void *)(ring->rings + p->cq_off.head);
	unsigned int *array = (void *)(ring->rings + p->sq_off.array);
	struct io_uring_cqe *cqes = (void *)(ring->rings + p->cq_off.cqes);
	unsigned int index = *tail & (p->sq_entries - 1);
	int result;

	ring->sqes[index] = (struct io_uring_sqe) {
		.opcode = op, .fd = fd, .addr = sec_ptr(addr), .len = len,
	};
	array[index] = index;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 1,
		    IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return 0;
	result = cqes[*head & (p->cq_entries - 1)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

TEST_F(place, io_uring)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct iovec iov = { self->view, self->page };
	char buffer[16] = "attack";
	struct ring ring;
	int err = ring_open(&ring);

	ASSERT_EQ(0, err) {
		TH_LOG("no io_uring, or it is forbidden");
	}
	/* The ring itself works. */
	ASSERT_EQ(1, ring_do(&ring, IORING_OP_READ, zero, buffer + 15, 1));
	REFUSED(ring_do(&ring, IORING_OP_READ, self->handle, buffer, 6));
	REFUSED(ring_do(&ring, IORING_OP_WRITE, self->handle, buffer, 6));
	REFUSED(ring_do(&ring, IORING_OP_READ, self->reader, buffer, 6));
	REFUSED(ring_do(&ring, IORING_OP_FALLOCATE, self->handle, NULL, 0));
	REFUSED(ring_do(&ring, IORING_OP_READ, zero, self->view, 16));
	REFUSED(syscall(SYS_io_uring_register, ring.fd,
			IORING_REGISTER_BUFFERS, &iov, 1));
	REFUSED(ring_do(&ring, IORING_OP_READ_FIXED, zero, self->view, 16));
	/* As a registered file it is no more than it was. */
	ASSERT_EQ(0, syscall(SYS_io_uring_register, ring.fd,
			     IORING_REGISTER_FILES, &self->handle, 1));
	REFUSED(ring_do(&ring, IORING_OP_WRITE, self->handle, buffer, 6));
	EXPECT_STREQ("attack", buffer);
	close(ring.fd);
	close(zero);
}

/* The backing behind a view has a name in /proc; it opens nothing. */
TEST_F(place, map_files)
{
	unsigned long long at = sec_ptr(self->view);
	char name[96];

	snprintf(name, sizeof(name), "/proc/self/map_files/%llx-%llx", at,
		 at + 2 * self->page);
	REFUSED(open(name, O_RDONLY | O_CLOEXEC));
	REFUSED(open(name, O_RDWR | O_CLOEXEC));
	REFUSED(open(name, O_PATH | O_CLOEXEC));
}

/*
 * Of a file that one may only read the kernel tells nobody which pages are in the
 * page cache: by that others are watched.
 */
TEST(cache_of_a_foreign_file)
{
	int dev = sec_dev();
	int file = open("/bin/busybox", O_RDONLY | O_CLOEXEC);
	struct section_query q;
	int handle, fd;

	ASSERT_NE(0U, geteuid());
	ASSERT_LE(0, file);
	handle = sec_create_file(dev, NULL, file, 0, SECTION_PROT_READ);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(0U, q.resident);
	close(handle);
	close(file);
	/* One's own is no secret. */
	file = unnamed_file("/tmp");
	ASSERT_LE(0, file);
	ASSERT_TRUE(fill_page(file, 0, 'x'));
	handle = sec_create_file(dev, NULL, file, 0, SECTION_PROT_READ);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(SEC_PAGE, q.resident);
	fd = sec_duplicate(handle, SECTION_RIGHT_QUERY, 0);
	ASSERT_EQ(0, sec_query(fd, &q));
	EXPECT_EQ(SEC_PAGE, q.resident);
	close(fd);
	close(handle);
	close(file);
	close(dev);
}

static bool name_gone(void *name)
{
	int dev = sec_dev();
	int fd = sec_open(dev, name, 0);

	close(dev);
	if (fd >= 0)
		close(fd);
	return fd == -ENOENT;
}

static bool shmem_below(void *limit)
{
	return sec_meminfo("Shmem:") < *(long long *)limit;
}

/* Who watches a handle keeps neither its name nor its memory. */
TEST(watched)
{
	const size_t bytes = 32 << 20;
	struct sec_name name = sec_unique();
	int watch = inotify_init1(IN_CLOEXEC);
	int dev = sec_dev(), handle;
	long long limit = sec_meminfo("Shmem:") + (long long)bytes / 2;
	char path[32];

	handle = sec_create_flags(dev, name.s, bytes, SECTION_CREATE_POPULATE);
	ASSERT_LE(0, handle);
	EXPECT_FALSE(shmem_below(&limit));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", handle);
	ASSERT_LE(0, inotify_add_watch(watch, path, IN_ALL_EVENTS));
	close(handle);
	EXPECT_TRUE(sec_eventually(name_gone, name.s, 20));
	EXPECT_TRUE(sec_eventually(shmem_below, &limit, 20));
	close(watch);
	close(dev);
}

TEST_HARNESS_MAIN
