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

/*
 * A pid namespace begins with the next process, in which the test goes on.  Who
 * is between the two can make no threads, and so does io_uring for him nothing
 * that has to wait.
 */
static int go_on_in_child(void)
{
	pid_t child = fork();
	int status;

	if (child <= 0)
		return child ? -errno : 0;
	status = sec_wait(child);
	if (status < 0)
		kill(getpid(), -status);
	_exit(status);
}

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
	if (!err)
		err = sec_write_file("/proc/self/gid_map", map);
	if (!err && namespaces & CLONE_NEWPID)
		err = go_on_in_child();
	return err;
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

/*
 * A system call fails, and for the reason for which it has to: with any other
 * error it was not the attack that was refused.
 */
#define REFUSED(error, call) do { \
	errno = 0; \
	EXPECT_EQ(-1, (long)(call)) TH_LOG("allowed: %s", #call); \
	EXPECT_EQ(error, errno) TH_LOG("errno of %s", #call); \
} while (0)

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
	/*
	 * mprotect(2) says EACCES of what a mapping never may be, mmap(2) of a
	 * file that is not open for it, and EPERM of a noexec mount.
	 */
	REFUSED(EACCES, mprotect(self->view, self->page, RW));
	REFUSED(EACCES, mprotect(self->view, self->page,
				 PROT_READ | PROT_EXEC));
	REFUSED(EACCES, sec_map(self->reader, RW, 0, 0, 0));
	REFUSED(EACCES, sec_map(self->reader, PROT_EXEC, SECTION_MAP_PRIVATE, 0,
				0));
	REFUSED(EACCES, sec_mmap(self->reader, RW, MAP_SHARED, 0, self->page));
	REFUSED(EPERM, sec_mmap(self->reader, PROT_READ | PROT_EXEC,
				MAP_PRIVATE, 0, self->page));
	/* The handle with the rights can: nothing else was in the way. */
	view = sec_map(self->handle, RW, 0, 0, 0);
	EXPECT_NE(MAP_FAILED, view);
	munmap(view, 2 * self->page);
}

/*
 * In a container the calls that change mounts are allowed, for mounts of its own:
 * all of them work there, so that what else is refused is refused because of
 * whose mount it is.
 */
static void own_mounts(struct __test_metadata *_metadata,
		       struct mount_attr *attr)
{
	const char *dir = "/tmp";
	int tree, fs;

	ASSERT_EQ(0, mount("none", dir, "tmpfs", MS_NOEXEC, NULL));
	EXPECT_EQ(0, syscall(SYS_mount_setattr, AT_FDCWD, dir, 0, attr,
			     sizeof(*attr)));
	EXPECT_EQ(0, mount(NULL, dir, NULL, MS_REMOUNT | MS_BIND, NULL));
	tree = syscall(SYS_open_tree, AT_FDCWD, dir, OPEN_TREE_CLONE);
	EXPECT_LE(0, tree);
	EXPECT_EQ(0, syscall(SYS_move_mount, tree, "", AT_FDCWD, dir,
			     MOVE_MOUNT_F_EMPTY_PATH));
	fs = syscall(SYS_fspick, AT_FDCWD, dir, 0);
	EXPECT_LE(0, fs);
	EXPECT_EQ(0, mount(dir, dir, NULL, MS_BIND, NULL));
	close(fs);
	close(tree);
}

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
	bool own = variant->namespaces & CLONE_NEWNS;
	/*
	 * Who may not change mounts at all, which needs CAP_SYS_ADMIN in the
	 * user namespace that owns the mount namespace, hears EPERM; who may,
	 * EINVAL, for mounts that are not in his namespace.
	 */
	int error = own ? EINVAL : EPERM;
	int mount_id;

	if (own)
		own_mounts(_metadata, &attr);
	REFUSED(error, syscall(SYS_mount_setattr, self->reader, "",
			       AT_EMPTY_PATH, &attr, sizeof(attr)));
	REFUSED(error, syscall(SYS_open_tree, self->reader, "",
			       AT_EMPTY_PATH | OPEN_TREE_CLONE));
	REFUSED(error, syscall(SYS_fspick, AT_FDCWD, self->path, 0));
	REFUSED(error, syscall(SYS_move_mount, self->reader, "", AT_FDCWD,
			       "/tmp", MOVE_MOUNT_F_EMPTY_PATH));
	REFUSED(error, mount(self->path, "/tmp", NULL, MS_BIND, NULL));
	REFUSED(error, mount(NULL, self->path, NULL, MS_REMOUNT | MS_BIND,
			     NULL));
	/* 6.12 looks first whether there is a mount at all to mount on. */
	REFUSED(own && kernel_at_least(6, 12) ? ENOENT : error,
		mount("none", self->path, "tmpfs", 0, NULL));
	/* Before anybody is asked whether he may. */
	REFUSED(ENOTDIR, chroot(self->path));
	REFUSED(ENOTDIR, fchdir(self->reader));
	/*
	 * tmpfs tells a number of the inode, ramfs has none to tell; it opens
	 * nothing without CAP_DAC_READ_SEARCH in the initial user namespace.
	 * Since 6.11 root of another one may ask for a directory on a mount
	 * of his.
	 */
	if (variant->executable) {
		REFUSED(EOPNOTSUPP, name_to_handle_at(self->reader, "",
						      &id.head, &mount_id,
						      AT_EMPTY_PATH));
		return;
	}
	ASSERT_EQ(0, name_to_handle_at(self->reader, "", &id.head, &mount_id,
				       AT_EMPTY_PATH));
	REFUSED(EPERM, open_by_handle_at(self->reader, &id.head, O_RDWR));
	REFUSED(EPERM, open_by_handle_at(self->handle, &id.head, O_RDONLY));
	REFUSED(EPERM, open_by_handle_at(self->handle, &id.head,
					 O_RDONLY | O_DIRECTORY));
}

/* What is no regular file on the way to it has another reason to be refused. */
#define BY_TYPE(regular, other)	(variant->executable ? (other) : (regular))

/*
 * Root of a user namespace may say which file his program is, as long as nothing
 * of the present one is mapped (EBUSY).
 */
static int set_program(int fd)
{
	const __u64 from = 1 << 20, to = 2 << 20;
	const struct prctl_mm_map map = {
		.start_code = from, .end_code = to,
		.start_data = from, .end_data = to,
		.start_brk = from, .brk = from, .start_stack = from,
		.arg_start = from, .arg_end = to,
		.env_start = from, .env_end = to, .exe_fd = fd,
	};

	return prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0);
}

/*
 * Other ways to the inode.  Its mount is read-only (EROFS); it cannot be opened
 * (ENXIO).  Of an executable section it has no type.
 */
TEST_F(place, paths)
{
	char *const nothing[] = { "x", NULL };
	struct timespec times[2] = { { 1, 1 }, { 1, 1 } };
	char target[64];
	int path = open(self->path, O_PATH | O_CLOEXEC);
	int program = open("/bin/busybox", O_RDONLY | O_CLOEXEC);
	int fds[] = { self->handle, self->reader, path };
	/* Only root could link what has no name at all until 6.10. */
	int unnamed = kernel_at_least(6, 10) ? EXDEV : ENOENT;
	size_t i;

	ASSERT_LE(0, path);
	ASSERT_LE(0, program);
	snprintf(target, sizeof(target), "/tmp/attack-%d", getpid());
	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		int fd = fds[i];
		char name[32];

		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		REFUSED(ENXIO, open(name, O_RDONLY | O_CLOEXEC));
		REFUSED(EROFS, open(name, O_RDWR | O_CLOEXEC));
		/* No path is no path: this is not openat2(2) of an inode. */
		REFUSED(ENOENT, openat(fd, "", O_RDONLY | O_CLOEXEC));
		REFUSED(unnamed, linkat(fd, "", AT_FDCWD, target,
					AT_EMPTY_PATH));
		REFUSED(EXDEV, linkat(AT_FDCWD, name, AT_FDCWD, target,
				      AT_SYMLINK_FOLLOW));
		/* A regular file on a noexec mount is not even opened. */
		REFUSED(BY_TYPE(EACCES, ENXIO),
			syscall(SYS_execveat, fd, "", nothing, nothing,
				AT_EMPTY_PATH));
		REFUSED(BY_TYPE(EACCES, ENXIO), execve(name, nothing, nothing));
		/* Only regular files have a length to change. */
		REFUSED(BY_TYPE(EROFS, EINVAL), truncate(name, 0));
		REFUSED(BY_TYPE(EROFS, EINVAL), truncate(name, 1 << 20));
		REFUSED(EROFS, chmod(name, 0));
		REFUSED(EROFS, chown(name, geteuid(), getegid()));
		REFUSED(EROFS, fchownat(fd, "", geteuid(), -1, AT_EMPTY_PATH));
		REFUSED(EROFS, utimensat(AT_FDCWD, name, times, 0));
		REFUSED(EROFS, utimensat(AT_FDCWD, name, NULL, 0));
		REFUSED(EROFS, setxattr(name, "user.x", "x", 1, 0));
		REFUSED(EROFS, removexattr(name, "security.x"));
		/* With O_PATH there is no ioctl. */
		REFUSED(fd == path ? EBADF : EROFS,
			ioctl(fd, FS_IOC_SETFLAGS, &(int){ FS_NODUMP_FL }));
		/* CAP_SYS_RESOURCE of the initial user namespace. */
		REFUSED(EPERM, prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, fd, 0, 0));
		/* Not executable, by type or mount; with O_PATH no file. */
		REFUSED(!variant->namespaces ? EPERM :
			fd == path ? EBADF : EACCES, set_program(fd));
	}
	REFUSED(variant->namespaces ? EBUSY : EPERM, set_program(program));
	close(program);
	close(path);
}

/* The same calls, of a file to which he has all rights. */
static void own_file(struct __test_metadata *_metadata, size_t page)
{
	int fd = memfd_create("own", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int file = unnamed_file("/tmp");

	ASSERT_LE(0, fd);
	ASSERT_LE(0, file);
	EXPECT_EQ(0, ftruncate(fd, 2 * page));
	EXPECT_EQ(0, fallocate(fd, 0, 0, 1 << 20));
	EXPECT_EQ(0, fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE,
			       0, page));
	EXPECT_EQ(0, fchmod(file, 0600));
	EXPECT_EQ(0, fchown(file, geteuid(), getegid()));
	EXPECT_EQ(0, fcntl(file, F_SETLEASE, F_WRLCK));
	EXPECT_EQ(0, fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	close(file);
	close(fd);
}

/* Calls that change a file or its descriptor. */
TEST_F(place, descriptor_calls)
{
	struct timespec times[2] = { { 1, 1 }, { 1, 1 } };
	struct fsxattr attr = { .fsx_xflags = 0 };
	int fds[] = { self->handle, self->reader };
	size_t i;

	own_file(_metadata, self->page);
	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		int fd = fds[i];
		bool writer = fd == self->handle;
		/* Sealed; not open for writing, or no regular file. */
		int size = writer ? BY_TYPE(EPERM, EINVAL) : EINVAL;
		/* No method; no regular file; not open for writing. */
		int space = writer ? BY_TYPE(EOPNOTSUPP, ENODEV) : EBADF;

		REFUSED(size, ftruncate(fd, 0));
		REFUSED(size, ftruncate(fd, 1 << 20));
		REFUSED(space, fallocate(fd, 0, 0, 1 << 20));
		REFUSED(space, fallocate(fd, FALLOC_FL_KEEP_SIZE |
					 FALLOC_FL_PUNCH_HOLE, 0, self->page));
		REFUSED(space, fallocate(fd, FALLOC_FL_ZERO_RANGE |
					 FALLOC_FL_KEEP_SIZE, 0, self->page));
		REFUSED(EROFS, fchmod(fd, 0));
		REFUSED(EROFS, fchown(fd, geteuid(), getegid()));
		REFUSED(EROFS, futimens(fd, times));
		REFUSED(EROFS, fsetxattr(fd, "user.x", "x", 1, 0));
		/* Who may write is told that it is no memfd. */
		REFUSED(writer ? EINVAL : EPERM,
			fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
		REFUSED(writer ? EINVAL : EPERM, fcntl(fd, F_ADD_SEALS, 0));
		/* As of all files without leases, simple_nosetlease(). */
		REFUSED(EINVAL, fcntl(fd, F_SETLEASE, F_RDLCK));
		REFUSED(EINVAL, fcntl(fd, F_SETLEASE, F_WRLCK));
		/* Not open for it, FMODE_CAN_ODIRECT. */
		REFUSED(EINVAL, fcntl(fd, F_SETFL, O_DIRECT));
		REFUSED(EROFS, ioctl(fd, FS_IOC_FSSETXATTR, &attr));
		/*
		 * No method, or not open for writing; of an executable section
		 * no regular file, or, as the reader is on another mount,
		 * another file system.
		 */
		REFUSED(writer ? BY_TYPE(EOPNOTSUPP, EINVAL) :
				 BY_TYPE(EBADF, EXDEV),
			ioctl(fd, FICLONE, self->handle));
		/* What can be set means nothing. */
		EXPECT_EQ(0, fcntl(fd, F_SETFL, O_RDWR | O_APPEND | O_NONBLOCK));
		EXPECT_EQ(writer ? O_RDWR : O_RDONLY,
			  fcntl(fd, F_GETFL) & O_ACCMODE);
	}
	EXPECT_EQ(-EACCES, sec_duplicate(self->reader, SECTION_RIGHTS_ALL, 0));
	EXPECT_EQ(-EACCES, sec_duplicate(self->reader, SECTION_RIGHT_WRITE,
					 SECTION_DUPLICATE_ANCHOR));
	EXPECT_EQ(-EACCES, sec_commit(self->reader, 0, 0, 0));
	EXPECT_EQ(0, sec_commit(self->handle, 0, 0, 0));
	EXPECT_EQ(-ENODEV, sec_create_file(self->dev, NULL, self->reader, 0,
					   SECTION_PROT_READ));
}

/* Calls that move data from descriptor to descriptor. */
TEST_F(place, data_calls)
{
	int file = unnamed_file("/tmp"), fd = self->handle;
	int other = sec_create_anon(self->dev, NULL, 2 * self->page);
	char buffer[16] = "attack";
	struct iovec iov = { buffer, sizeof(buffer) };
	loff_t in = 0, out = 0;
	int ends[2];

	ASSERT_LE(0, file);
	ASSERT_LE(0, other);
	ASSERT_EQ(0, pipe2(ends, O_CLOEXEC | O_NONBLOCK));
	ASSERT_TRUE(fill_page(file, 0, 'x'));
	ASSERT_EQ(1, write(ends[1], "x", 1));
	/* There is no method, in either direction. */
	REFUSED(EINVAL, splice(ends[0], NULL, fd, NULL, 1, 0));
	REFUSED(EINVAL, splice(fd, NULL, ends[1], NULL, 16, 0));
	REFUSED(EINVAL, sendfile(fd, file, &in, 16));
	REFUSED(EINVAL, sendfile(file, fd, NULL, 16));
	REFUSED(EINVAL, readv(fd, &iov, 1));
	REFUSED(EINVAL, writev(fd, &iov, 1));
	/* A position is for who can read and write somewhere. */
	REFUSED(EINVAL, splice(fd, &in, ends[1], NULL, 16, 0));
	REFUSED(ESPIPE, sendfile(file, fd, &in, 16));
	REFUSED(ESPIPE, preadv2(fd, &iov, 1, 0, 0));
	REFUSED(ESPIPE, pwritev2(fd, &iov, 1, 0, RWF_APPEND));
	/* Not across file systems, and of regular files only. */
	REFUSED(BY_TYPE(EXDEV, EINVAL),
		copy_file_range(file, &in, fd, &out, 16, 0));
	REFUSED(BY_TYPE(EXDEV, EINVAL),
		copy_file_range(fd, &in, file, &out, 16, 0));
	/* On one file system there is still no method. */
	REFUSED(EINVAL, copy_file_range(fd, &in, other, &out, 16, 0));
	REFUSED(EINVAL, copy_file_range(other, &in, fd, &out, 16, 0));
	/* No pipe. */
	REFUSED(EBADF, vmsplice(fd, &iov, 1, 0));
	EXPECT_STREQ("attack", buffer);
	/* The memory as a target, as the kernel writes to it. */
	REFUSED(EFAULT, pread(file, self->view, 16, 0));
	EXPECT_EQ(-EFAULT, remote_write(getpid(), self->view, 'x'));
	REFUSED(EFAULT, getrandom(self->view, 16, 0));
	iov.iov_base = self->view;
	REFUSED(EFAULT, vmsplice(ends[0], &iov, 1, 0));
	REFUSED(EFAULT, readv(ends[0], &iov, 1));
	/* Everywhere else it can. */
	EXPECT_EQ(16, pread(file, buffer, 16, 0));
	EXPECT_EQ(1, remote_write(getpid(), buffer, 'x'));
	EXPECT_EQ(16, getrandom(buffer, 16, 0));
	iov.iov_base = buffer;
	EXPECT_EQ(1, readv(ends[0], &iov, 1));
	close(ends[0]);
	close(ends[1]);
	close(other);
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

	REFUSED(EACCES, madvise(self->view, self->page, MADV_REMOVE));
	/* EINVAL is for a mapping that cannot be written to. */
	EXPECT_EQ(0, madvise(self->view, self->page, MADV_POPULATE_READ));
	REFUSED(EINVAL, madvise(self->view, self->page, MADV_POPULATE_WRITE));
	/* For private anonymous memory only. */
	REFUSED(EINVAL, madvise(self->view, self->page, MADV_WIPEONFORK));
	for (i = 0; i < ARRAY_SIZE(advice); i++) {
		madvise(self->view, 2 * self->page, advice[i]);
		EXPECT_EQ(SECRET, peek(self->view));
	}
	/* Shared is for this call only what may be written to. */
	REFUSED(EINVAL, syscall(SYS_remap_file_pages, self->view, self->page, 0,
				1, 0));
	REFUSED(EACCES, mprotect(self->view, self->page, RW | PROT_EXEC));
	REFUSED(EACCES, syscall(SYS_pkey_mprotect, self->view, self->page, RW,
				-1));
	EXPECT_EQ(-EACCES, sec_commit_view(self->dev, self->view, 1,
					   SECTION_COMMIT_DECOMMIT));
	/* Moved, split and doubled it is what it was. */
	moved = mremap(self->view, self->page, self->page,
		       MREMAP_MAYMOVE | MREMAP_FIXED, free_range(1));
	ASSERT_NE(MAP_FAILED, moved);
	REFUSED(EACCES, mprotect(moved, self->page, RW));
	self->view = mremap(moved, 0, 2 * self->page, MREMAP_MAYMOVE);
	ASSERT_NE(MAP_FAILED, self->view);
	REFUSED(EACCES, mprotect(self->view, 2 * self->page, RW));
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
static int ring_submit(struct ring *ring, const struct io_uring_sqe *sqe)
{
	struct io_uring_params *p = &ring->params;
	unsigned int *tail = (void *)(ring->rings + p->sq_off.tail);
	unsigned int *head = (void *)(ring->rings + p->cq_off.head);
	unsigned int *array = (void *)(ring->rings + p->sq_off.array);
	struct io_uring_cqe *cqes = (void *)(ring->rings + p->cq_off.cqes);
	unsigned int index = *tail & (p->sq_entries - 1);
	int result;

	ring->sqes[index] = *sqe;
	array[index] = index;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 1,
		    IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return 0;
	result = cqes[*head & (p->cq_entries - 1)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

static int ring_do(struct ring *ring, int op, int fd, void *addr, unsigned int len)
{
	const struct io_uring_sqe sqe = {
		.opcode = op, .fd = fd, .addr = sec_ptr(addr), .len = len,
	};

	return ring_submit(ring, &sqe);
}

/* The file that is registered as number index. */
static int ring_do_fixed(struct ring *ring, int op, int index, void *addr,
			 unsigned int len)
{
	const struct io_uring_sqe sqe = {
		.opcode = op, .flags = IOSQE_FIXED_FILE, .fd = index,
		.addr = sec_ptr(addr), .len = len,
	};

	return ring_submit(ring, &sqe);
}

/* Its length is where others have an address. */
static int ring_fallocate(struct ring *ring, int fd, size_t len)
{
	const struct io_uring_sqe sqe = {
		.opcode = IORING_OP_FALLOCATE, .fd = fd, .addr = len,
	};

	return ring_submit(ring, &sqe);
}

static int ring_register(struct ring *ring, int op, void *arg, int count)
{
	return syscall(SYS_io_uring_register, ring->fd, op, arg, count);
}

/* Reading and writing has no method; the memory cannot be written to. */
TEST_F(place, io_uring)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	int own = memfd_create("own", MFD_CLOEXEC);
	int files[] = { self->handle, zero };
	struct iovec iov = { self->view, self->page };
	char *room = shared_page();
	char buffer[16] = "attack";
	struct ring ring;
	int err = ring_open(&ring);

	ASSERT_EQ(0, err) {
		TH_LOG("no io_uring, or it is forbidden");
	}
	ASSERT_NE(NULL, room);
	/* The ring itself works. */
	ASSERT_EQ(1, ring_do(&ring, IORING_OP_READ, zero, buffer + 15, 1));
	EXPECT_EQ(-EINVAL, ring_do(&ring, IORING_OP_READ, self->handle, buffer,
				   6));
	EXPECT_EQ(-EINVAL, ring_do(&ring, IORING_OP_WRITE, self->handle, buffer,
				   6));
	EXPECT_EQ(-EINVAL, ring_do(&ring, IORING_OP_READ, self->reader, buffer,
				   6));
	EXPECT_EQ(-EBADF, ring_do(&ring, IORING_OP_WRITE, self->reader, buffer,
				  6));
	ASSERT_EQ(0, ring_fallocate(&ring, own, self->page));
	EXPECT_EQ(BY_TYPE(-EOPNOTSUPP, -ENODEV),
		  ring_fallocate(&ring, self->handle, self->page));
	EXPECT_EQ(-EBADF, ring_fallocate(&ring, self->reader, self->page));
	EXPECT_EQ(-EFAULT, ring_do(&ring, IORING_OP_READ, zero, self->view, 16));
	/* The memory as a buffer that stays, and beside one. */
	REFUSED(EFAULT, ring_register(&ring, IORING_REGISTER_BUFFERS, &iov, 1));
	iov.iov_base = room;
	ASSERT_EQ(0, ring_register(&ring, IORING_REGISTER_BUFFERS, &iov, 1));
	ASSERT_EQ(16, ring_do(&ring, IORING_OP_READ_FIXED, zero, room, 16));
	EXPECT_EQ(-EFAULT, ring_do(&ring, IORING_OP_READ_FIXED, zero,
				   self->view, 16));
	/* As a registered file it is no more than it was. */
	ASSERT_EQ(0, ring_register(&ring, IORING_REGISTER_FILES, files, 2));
	ASSERT_EQ(1, ring_do_fixed(&ring, IORING_OP_READ, 1, buffer + 15, 1));
	EXPECT_EQ(-EINVAL, ring_do_fixed(&ring, IORING_OP_WRITE, 0, buffer, 6));
	EXPECT_EQ(-EINVAL, ring_do_fixed(&ring, IORING_OP_READ, 0, buffer, 6));
	EXPECT_STREQ("attack", buffer);
	close(ring.fd);
	close(own);
	close(zero);
}

/*
 * The backing behind a view has a name in /proc; it opens nothing without
 * CAP_CHECKPOINT_RESTORE in the initial user namespace (EPERM; ENOENT were that
 * there is no such mapping).
 */
TEST_F(place, map_files)
{
	unsigned long long at = sec_ptr(self->view);
	char name[96];

	snprintf(name, sizeof(name), "/proc/self/map_files/%llx-%llx", at,
		 at + 2 * self->page);
	REFUSED(EPERM, open(name, O_RDONLY | O_CLOEXEC));
	REFUSED(EPERM, open(name, O_RDWR | O_CLOEXEC));
	REFUSED(EPERM, open(name, O_PATH | O_CLOEXEC));
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
