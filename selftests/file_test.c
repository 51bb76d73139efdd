// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sections of files: which files can back one, growing, seals, and what the
 * section and its file do to each other afterwards.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#define RW	(PROT_READ | PROT_WRITE)
#define SEALS	(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* What cannot back a section. */

FIXTURE(refused) {
	int dev;
};

FIXTURE_SETUP(refused)
{
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(refused)
{
}

/* Refused with and without a size and a name, and nothing is left behind. */
#define EXPECT_REFUSED(error, fd) do { \
	struct sec_name _name = sec_unique(); \
	int _fds, _fd = (fd); \
	EXPECT_LE(0, _fd) \
		TH_LOG("errno %d", errno); \
	_fds = sec_count_fds(); \
	EXPECT_EQ(-(error), sec_create_file(self->dev, NULL, _fd, 0, \
					    SECTION_PROT_READ)); \
	EXPECT_EQ(-(error), sec_create_file(self->dev, NULL, _fd, SEC_PAGE, \
					    SECTION_PROT_READ)); \
	EXPECT_EQ(-(error), sec_create_file(self->dev, _name.s, _fd, \
					    SEC_PAGE, SEC_PROT_RW)); \
	EXPECT_EQ(-ENOENT, sec_open(self->dev, _name.s, SEC_RIGHTS_R)); \
	EXPECT_EQ(_fds, sec_count_fds()); \
	close(_fd); \
} while (0)

TEST_F(refused, not_open)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, close(fd));
	EXPECT_REFUSED(EBADF, fd);
	EXPECT_REFUSED(EBADF, 1 << 20);
	EXPECT_REFUSED(EBADF, INT_MAX);
}

TEST_F(refused, path_only)
{
	char path[] = "/tmp/section-file-XXXXXX";
	int fd = mkstemp(path);

	ASSERT_LE(0, fd);
	ASSERT_TRUE(fill_page(fd, 0, 'p'));
	close(fd);
	fd = open(path, O_PATH | O_CLOEXEC);
	unlink(path);
	EXPECT_REFUSED(EBADF, fd);
}

TEST_F(refused, directory)
{
	EXPECT_REFUSED(ENODEV, open("/tmp", O_RDONLY | O_CLOEXEC));
}

TEST_F(refused, devices)
{
	EXPECT_REFUSED(ENODEV, open("/dev/zero", O_RDWR | O_CLOEXEC));
	EXPECT_REFUSED(ENODEV, open("/dev/null", O_RDWR | O_CLOEXEC));
	EXPECT_REFUSED(ENODEV, sec_dev());
}

TEST_F(refused, pipe_and_socket)
{
	int ends[2];

	ASSERT_EQ(0, pipe2(ends, O_CLOEXEC));
	EXPECT_REFUSED(ENODEV, ends[0]);
	EXPECT_REFUSED(ENODEV, ends[1]);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	EXPECT_REFUSED(ENODEV, ends[0]);
	close(ends[1]);
}

TEST_F(refused, anonymous_inodes)
{
	EXPECT_REFUSED(ENODEV, eventfd(0, EFD_CLOEXEC));
	EXPECT_REFUSED(ENODEV, epoll_create1(EPOLL_CLOEXEC));
}

/* Regular files, but not of the page cache. */
TEST_F(refused, proc_and_sys)
{
	EXPECT_REFUSED(ENODEV, open("/proc/self/status", O_RDONLY | O_CLOEXEC));
	EXPECT_REFUSED(ENODEV, open("/proc/self/mem", O_RDWR | O_CLOEXEC));
	EXPECT_REFUSED(ENODEV, open("/proc/self/comm", O_RDWR | O_CLOEXEC));
}

/* sysfs says that its files are in the page cache, and then cannot map them. */
TEST_F(refused, sysfs)
{
	int fd = open("/sys/kernel/uevent_seqnum", O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENODEV, sec_create_file(self->dev, NULL, fd, 0,
					   SECTION_PROT_READ));
	EXPECT_EQ(-ENODEV, sec_create_file(self->dev, NULL, fd, 100,
					   SECTION_PROT_READ));
}

/* Sections of sections: neither an anonymous one's handle nor a file's. */
TEST_F(refused, section_handles)
{
	int file = unnamed_file("/tmp");

	ASSERT_LE(0, file);
	EXPECT_REFUSED(ENODEV, sec_create_anon(self->dev, NULL, SEC_PAGE));
	EXPECT_REFUSED(ENODEV, sec_create_file(self->dev, NULL, file, SEC_PAGE,
					       SEC_PROT_RW));
}

TEST_F(refused, hugetlb)
{
	int fd = memfd_create("huge", MFD_HUGETLB | MFD_CLOEXEC);

	if (fd < 0)
		SKIP(return, "no hugetlbfs here: errno %d", errno);
	EXPECT_REFUSED(ENODEV, fd);
}

TEST_F(refused, secretmem)
{
	int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);

	if (fd < 0)
		SKIP(return, "no secret memory here: errno %d", errno);
	ASSERT_EQ(0, ftruncate(fd, 4 * SEC_PAGE));
	EXPECT_REFUSED(ENODEV, fd);
}

/* How the file must be open. */

FIXTURE(file) {
	int dev;
	int file;
	size_t page;
	char path[64];
};

FIXTURE_VARIANT(file) {
	const char *dir;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(file, tmpfs) { .dir = "/tmp" };
FIXTURE_VARIANT_ADD(file, ext4) { .dir = EXT4_DIR };
/* clang-format on */

FIXTURE_SETUP(file)
{
	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	if (!strcmp(variant->dir, EXT4_DIR) && !have_ext4())
		SKIP(return, "no ext4 at " EXT4_DIR);
	snprintf(self->path, sizeof(self->path), "%s/section-file-XXXXXX",
		 variant->dir);
	self->file = mkostemp(self->path, O_CLOEXEC);
	ASSERT_LE(0, self->file);
	ASSERT_TRUE(fill_page(self->file, 0, 'a'));
	ASSERT_TRUE(fill_page(self->file, 1, 'b'));
}

FIXTURE_TEARDOWN(file)
{
	if (self->path[0])
		unlink(self->path);
}

TEST_F(file, access_mode)
{
	int read_only = open(self->path, O_RDONLY | O_CLOEXEC);
	int write_only = open(self->path, O_WRONLY | O_CLOEXEC);
	int append = open(self->path, O_RDWR | O_APPEND | O_CLOEXEC);
	struct section_query q;
	int handle;

	ASSERT_LE(0, read_only);
	ASSERT_LE(0, write_only);
	ASSERT_LE(0, append);
	EXPECT_EQ(-EACCES, sec_create_file(self->dev, NULL, read_only, 0,
					   SEC_PROT_RW));
	EXPECT_EQ(-EACCES, sec_create_file(self->dev, NULL, read_only,
					   4 * self->page, SEC_PROT_RW));
	EXPECT_EQ(-EACCES, sec_create_file(self->dev, NULL, write_only, 0,
					   SECTION_PROT_READ));
	EXPECT_EQ(-EACCES, sec_create_file(self->dev, NULL, write_only, 0,
					   SEC_PROT_RW));
	EXPECT_EQ((off_t)(2 * self->page), file_size(self->file));

	EXPECT_LE(0, sec_create_file(self->dev, NULL, read_only, 0,
				     SECTION_PROT_READ));
	EXPECT_LE(0, sec_create_file(self->dev, NULL, append, 0, SEC_PROT_RW));

	/* A section never has more than its protection. */
	handle = sec_create_file(self->dev, NULL, self->file, 0,
				 SECTION_PROT_READ);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(SEC_RIGHTS_R, q.rights);
	EXPECT_EQ(SECTION_PROT_READ, q.prot);
	EXPECT_EQ(2 * self->page, q.bytes);
	EXPECT_EQ(SECTION_ATTR_FILE, q.attributes);
	EXPECT_EQ(MAP_FAILED, sec_map(handle, RW, 0, 0, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_NE(MAP_FAILED, sec_map(handle, PROT_READ, 0, 0, 0));
	EXPECT_NE(MAP_FAILED, sec_map(handle, RW, SECTION_MAP_PRIVATE, 0, 0));
}

TEST_F(file, exact_size)
{
	struct section_query q;
	struct stat st;
	int handle;

	/* Exact, not rounded. */
	handle = sec_create_file(self->dev, NULL, self->file, 100,
				 SECTION_PROT_READ);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(100U, q.bytes);
	ASSERT_EQ(0, fstat(handle, &st));
	EXPECT_EQ(100, st.st_size);
	EXPECT_NE(MAP_FAILED, sec_map(handle, PROT_READ, 0, 0, self->page));
	EXPECT_EQ(MAP_FAILED, sec_map(handle, PROT_READ, 0, 0,
				      self->page + 1));
	EXPECT_EQ(ENXIO, errno);

	/* Exactly all. */
	handle = sec_create_file(self->dev, NULL, self->file, 2 * self->page,
				 SECTION_PROT_READ);
	EXPECT_LE(0, handle);
	/* One byte too many. */
	EXPECT_EQ(-EFBIG, sec_create_file(self->dev, NULL, self->file,
					  2 * self->page + 1,
					  SECTION_PROT_READ));
	EXPECT_EQ(-EFBIG, sec_create_file(self->dev, NULL, self->file,
					  1ULL << 40, SECTION_PROT_READ));
	EXPECT_EQ(-EOVERFLOW, sec_create_file(self->dev, NULL, self->file,
					      1ULL << 63, SEC_PROT_RW));
	EXPECT_EQ(-EOVERFLOW, sec_create_file(self->dev, NULL, self->file,
					      ~0ULL, SEC_PROT_RW));
	EXPECT_EQ((off_t)(2 * self->page), file_size(self->file));
}

TEST_F(file, empty)
{
	struct section_query q;
	unsigned char *view;
	int handle;

	ASSERT_EQ(0, ftruncate(self->file, 0));
	EXPECT_EQ(-ENODATA, sec_create_file(self->dev, NULL, self->file, 0,
					    SECTION_PROT_READ));
	EXPECT_EQ(-ENODATA, sec_create_file(self->dev, NULL, self->file, 0,
					    SEC_PROT_RW));
	EXPECT_EQ(-EFBIG, sec_create_file(self->dev, NULL, self->file, 1,
					  SECTION_PROT_READ));
	EXPECT_EQ(0, file_size(self->file));
	handle = sec_create_file(self->dev, NULL, self->file, 10, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	EXPECT_EQ(10, file_size(self->file));
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(10U, q.bytes);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, poke(view + 9, 'z'));
	EXPECT_EQ('z', file_byte(self->file, 9));
}

TEST_F(file, grows)
{
	const __u64 bytes = 300 * self->page + 7;
	unsigned char *view;
	struct stat st;
	int handle;

	handle = sec_create_file(self->dev, NULL, self->file, bytes,
				 SEC_PROT_RW);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, fstat(self->file, &st));
	EXPECT_EQ((off_t)bytes, st.st_size);
	/* A hole: no more than the last block is allocated. */
	EXPECT_GT(10 * self->page, (size_t)st.st_blocks * 512);
	EXPECT_EQ('a', file_byte(self->file, 0));
	EXPECT_EQ('b', file_byte(self->file, 2 * self->page - 1));
	EXPECT_EQ(0, file_byte(self->file, 2 * self->page));
	EXPECT_EQ(0, file_byte(self->file, bytes - 1));

	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ('a', peek(view));
	EXPECT_EQ(0, peek(view + 2 * self->page));
	EXPECT_EQ(0, poke(view + bytes - 1, 'e'));
	EXPECT_EQ('e', file_byte(self->file, bytes - 1));
	EXPECT_EQ((off_t)bytes, file_size(self->file));
}

/* A call that fails for another reason leaves the file as it was. */
TEST_F(file, does_not_grow_in_vain)
{
	struct sec_name name = sec_unique();
	struct section_create args;
	int handle;

	handle = sec_create_anon(self->dev, name.s, self->page);
	ASSERT_LE(0, handle);
	EXPECT_EQ(-EEXIST, sec_create_file(self->dev, name.s, self->file,
					   8 * self->page, SEC_PROT_RW));
	EXPECT_EQ((off_t)(2 * self->page), file_size(self->file));

	args = sec_create_args(NULL, 8 * self->page);
	args.file_fd = self->file;
	args.rights = SEC_RIGHTS_RW | SECTION_RIGHT_EXECUTE;
	EXPECT_EQ(-EACCES, sec_create(self->dev, &args));
	args = sec_create_args(NULL, 8 * self->page);
	args.file_fd = self->file;
	args.reserved = 1;
	EXPECT_EQ(-EINVAL, sec_create(self->dev, &args));
	EXPECT_EQ((off_t)(2 * self->page), file_size(self->file));

	/* Opening an existing section does not look at the file at all. */
	args = sec_create_args(name.s, 8 * self->page);
	args.flags = SECTION_CREATE_OPEN_EXISTING;
	args.file_fd = self->file;
	EXPECT_LE(0, sec_create(self->dev, &args));
	EXPECT_EQ(1U, args.existed);
	EXPECT_EQ((off_t)(2 * self->page), file_size(self->file));
}

TEST_F(file, size_limit)
{
	struct rlimit limit;
	sigset_t set;

	ASSERT_EQ(0, getrlimit(RLIMIT_FSIZE, &limit));
	limit.rlim_cur = 3 * self->page;
	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &limit));
	sigemptyset(&set);
	sigaddset(&set, SIGXFSZ);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	EXPECT_EQ(-EFBIG, sec_create_file(self->dev, NULL, self->file,
					  4 * self->page, SEC_PROT_RW));
	EXPECT_EQ((off_t)(2 * self->page), file_size(self->file));
	EXPECT_LE(0, sec_create_file(self->dev, NULL, self->file,
				     3 * self->page, SEC_PROT_RW));
	EXPECT_EQ((off_t)(3 * self->page), file_size(self->file));
}

/* Who may lock no more memory, and wants all of it locked, gets no mappings. */
TEST_F(file, locked_memory)
{
	const struct rlimit limit = { 16 * self->page, 16 * self->page };
	struct sec_name name = sec_unique();
	struct section_map map = sec_map_args(SEC_PROT_RW, 0, 0);
	int handle;

	handle = sec_create_file(self->dev, name.s, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	ASSERT_EQ(0, mlockall(MCL_FUTURE));
	ASSERT_NE(MAP_FAILED, mmap(NULL, 16 * self->page, PROT_READ,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	EXPECT_EQ(-EAGAIN, sec_create_file(self->dev, NULL, self->file, 0,
					   SEC_PROT_RW));
	EXPECT_EQ(-EAGAIN, sec_open(self->dev, name.s, SEC_RIGHTS_RW));
	EXPECT_EQ(-EAGAIN, sec_ioctl(handle, SECTION_IOC_MAP, &map));
	ASSERT_EQ(0, munlockall());
	EXPECT_LE(0, sec_open(self->dev, name.s, SEC_RIGHTS_RW));
	EXPECT_EQ(0, sec_ioctl(handle, SECTION_IOC_MAP, &map));
}

TEST(beyond_what_the_file_system_can)
{
	int dev = sec_dev();
	int file;

	ASSERT_LE(0, dev);
	if (!have_ext4())
		SKIP(return, "no ext4 at " EXT4_DIR);
	file = unnamed_file(EXT4_DIR);
	ASSERT_LE(0, file);
	ASSERT_TRUE(fill_page(file, 0, 'a'));
	EXPECT_EQ(-EFBIG, sec_create_file(dev, NULL, file, 1ULL << 60,
					  SEC_PROT_RW));
	EXPECT_EQ((off_t)SEC_PAGE, file_size(file));
}

/* Growing a file beside somebody who appends to it loses nothing of his. */

#define APPENDS	4000

struct appender {
	int file;
	size_t page;
	atomic_bool done;
	bool failed;
};

static void *append_pages(void *argument)
{
	struct appender *a = argument;
	unsigned char page[a->page];
	int i;

	memset(page, 'A', sizeof(page));
	for (i = 1; i <= APPENDS; i++) {
		memcpy(page, &i, sizeof(i));
		if (write(a->file, page, sizeof(page)) !=
		    (ssize_t)sizeof(page))
			a->failed = true;
	}
	atomic_store(&a->done, true);
	return NULL;
}

TEST_F(file, grows_beside_an_appender)
{
	struct appender appender = { .page = self->page };
	unsigned char page[self->page];
	off_t size, seen = 0, at;
	int next = 1, number;
	pthread_t thread;
	int handle;

	appender.file = open(self->path, O_WRONLY | O_APPEND | O_CLOEXEC);
	ASSERT_LE(0, appender.file);
	ASSERT_EQ(0, pthread_create(&thread, NULL, append_pages, &appender));
	do {
		size = file_size(self->file);
		EXPECT_LE(seen, size);
		seen = size + self->page;
		handle = sec_create_file(self->dev, NULL, self->file, seen,
					 SEC_PROT_RW);
		EXPECT_LE(0, handle);
		close(handle);
	} while (!atomic_load(&appender.done));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_FALSE(appender.failed);
	size = file_size(self->file);
	EXPECT_LE(seen, size);
	for (at = 2 * self->page; at < size; at += self->page) {
		ASSERT_EQ((ssize_t)self->page, pread(self->file, page,
						     self->page, at));
		memcpy(&number, page, sizeof(number));
		if (!number) {
			ASSERT_TRUE(sec_all_bytes(page, 0, self->page));
			continue;
		}
		ASSERT_EQ(next, number);
		next++;
		ASSERT_EQ('A', page[self->page - 1]);
	}
	EXPECT_EQ(APPENDS + 1, next);
}

/* Afterwards. */

TEST_F(file, descriptor_and_name_go)
{
	unsigned char *view;
	int handle, again;

	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, close(self->file));
	ASSERT_EQ(0, unlink(self->path));
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ('a', peek(view));
	EXPECT_EQ('b', peek(view + self->page));
	EXPECT_EQ(0, poke(view, 'n'));
	EXPECT_EQ(0, msync(view, self->page, MS_SYNC));
	/* A new file of this name has nothing to do with it. */
	again = open(self->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ASSERT_LE(0, again);
	ASSERT_TRUE(fill_page(again, 0, 'o'));
	EXPECT_EQ('n', peek(view));
	EXPECT_EQ(0, poke(view, 'm'));
	EXPECT_EQ('o', file_byte(again, 0));
}

TEST_F(file, file_grows_later)
{
	struct section_query q;
	unsigned char *view;
	int handle;

	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	ASSERT_TRUE(fill_page(self->file, 2, 'c'));
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(2 * self->page, q.bytes);
	EXPECT_EQ(MAP_FAILED, sec_map(handle, PROT_READ, 0, 2 * self->page, 0));
	EXPECT_EQ(ENXIO, errno);
	EXPECT_EQ(MAP_FAILED, sec_map(handle, PROT_READ, 0, 0,
				      3 * self->page));
	EXPECT_EQ(ENXIO, errno);
	view = sec_map(handle, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ('b', peek(view + 2 * self->page - 1));
	/* A new section has the new size. */
	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(3 * self->page, q.bytes);
}

/* A section ends before its file does: no view of it can be made larger. */
TEST_F(file, ends_before_the_file)
{
	const __u32 flags[] = { 0, SECTION_MAP_PRIVATE };
	unsigned char *view, *moved;
	int handle, i;

	ASSERT_TRUE(fill_page(self->file, 2, 'c'));
	ASSERT_TRUE(fill_page(self->file, 3, 'd'));
	handle = sec_create_file(self->dev, NULL, self->file, 2 * self->page,
				 SEC_PROT_RW);
	ASSERT_LE(0, handle);
	for (i = 0; i < 2; i++) {
		view = sec_map(handle, RW, flags[i], 0, 0);
		ASSERT_NE(MAP_FAILED, view);
		EXPECT_EQ('b', peek(view + self->page));
		moved = mremap(view, 2 * self->page, 3 * self->page,
			       MREMAP_MAYMOVE);
		EXPECT_EQ(MAP_FAILED, moved);
		EXPECT_EQ(EFAULT, errno);
		EXPECT_EQ('a', peek(view));
		ASSERT_EQ(0, munmap(view, 2 * self->page));
		/* Even if what it would grow into is inside. */
		view = sec_map(handle, RW, flags[i], 0, self->page);
		ASSERT_NE(MAP_FAILED, view);
		moved = mremap(view, self->page, 2 * self->page,
			       MREMAP_MAYMOVE);
		EXPECT_EQ(MAP_FAILED, moved);
		EXPECT_EQ(EFAULT, errno);
		EXPECT_EQ('a', peek(view));
	}
}

/* While a writable section lives, its file is open for writing. */
TEST_F(file, programs)
{
	static const char script[] = "#!/bin/true\n";
	int handle, fd;
	pid_t child;

	if (access("/bin/true", X_OK))
		SKIP(return, "no /bin/true");
	ASSERT_EQ(0, ftruncate(self->file, 0));
	ASSERT_EQ((ssize_t)sizeof(script) - 1,
		  pwrite(self->file, script, sizeof(script) - 1, 0));
	ASSERT_EQ(0, fchmod(self->file, 0700));
	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, close(self->file));
	child = fork();
	if (!child) {
		execl(self->path, self->path, NULL);
		_exit(errno == ETXTBSY ? 77 : 78);
	}
	EXPECT_EQ(77, sec_wait(child));
	ASSERT_EQ(0, close(handle));

	/* One that only reads is in nobody's way. */
	fd = open(self->path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	handle = sec_create_file(self->dev, NULL, fd, 0, SECTION_PROT_READ);
	ASSERT_LE(0, handle);
	child = fork();
	if (!child) {
		execl(self->path, self->path, NULL);
		_exit(78);
	}
	EXPECT_EQ(0, sec_wait(child));
}

/* Sealed files. */

FIXTURE(memfd) {
	int dev;
	int file;
	size_t page;
};

FIXTURE_SETUP(memfd)
{
	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->file = memfd_create("section-test",
				  MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ASSERT_LE(0, self->file);
	ASSERT_TRUE(fill_page(self->file, 0, 'a'));
	ASSERT_TRUE(fill_page(self->file, 1, 'b'));
}

FIXTURE_TEARDOWN(memfd)
{
}

static int seal(int file, int seals)
{
	return fcntl(file, F_ADD_SEALS, seals) ? -errno : 0;
}

TEST_F(memfd, plain)
{
	unsigned char *view;
	int handle;

	handle = sec_create_file(self->dev, NULL, self->file, 4 * self->page,
				 SEC_PROT_RW);
	ASSERT_LE(0, handle);
	EXPECT_EQ((off_t)(4 * self->page), file_size(self->file));
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ('b', peek(view + self->page));
	EXPECT_EQ(0, poke(view + self->page, 'w'));
	EXPECT_EQ('w', file_byte(self->file, self->page));
}

TEST_F(memfd, sealed_write_before)
{
	unsigned char *view;
	int handle;

	ASSERT_EQ(0, seal(self->file, F_SEAL_WRITE));
	EXPECT_EQ(-EPERM, sec_create_file(self->dev, NULL, self->file, 0,
					  SEC_PROT_RW));
	handle = sec_create_file(self->dev, NULL, self->file, 0,
				 SECTION_PROT_READ);
	ASSERT_LE(0, handle);
	view = sec_map(handle, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ('a', peek(view));
	view = sec_map(handle, RW, SECTION_MAP_PRIVATE, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, poke(view, 'p'));
	EXPECT_EQ('a', file_byte(self->file, 0));
}

TEST_F(memfd, sealed_future_write_before)
{
	int handle;

	ASSERT_EQ(0, seal(self->file, F_SEAL_FUTURE_WRITE));
	EXPECT_EQ(-EPERM, sec_create_file(self->dev, NULL, self->file, 0,
					  SEC_PROT_RW));
	handle = sec_create_file(self->dev, NULL, self->file, 0,
				 SECTION_PROT_READ);
	ASSERT_LE(0, handle);
	EXPECT_NE(MAP_FAILED, sec_map(handle, PROT_READ, 0, 0, 0));
	EXPECT_NE(MAP_FAILED, sec_map(handle, RW, SECTION_MAP_PRIVATE, 0, 0));
}

TEST_F(memfd, sealed_size_before)
{
	ASSERT_EQ(0, seal(self->file, F_SEAL_GROW | F_SEAL_SHRINK));
	EXPECT_EQ(-EPERM, sec_create_file(self->dev, NULL, self->file,
					  3 * self->page, SEC_PROT_RW));
	EXPECT_EQ((off_t)(2 * self->page), file_size(self->file));
	EXPECT_LE(0, sec_create_file(self->dev, NULL, self->file,
				     2 * self->page, SEC_PROT_RW));
	EXPECT_LE(0, sec_create_file(self->dev, NULL, self->file, 0,
				     SEC_PROT_RW));
}

/*
 * A seal means that nobody can write any more. It is refused for as long as
 * a writable section could: by a handle, an anchor or a view.
 */
TEST_F(memfd, sealed_write_after)
{
	unsigned char *view;
	int handle, anchor;

	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	EXPECT_EQ(-EBUSY, seal(self->file, F_SEAL_WRITE));
	anchor = sec_duplicate(handle, SECTION_RIGHTS_MAXIMUM,
			       SECTION_DUPLICATE_ANCHOR);
	ASSERT_LE(0, anchor);
	ASSERT_EQ(0, close(handle));
	EXPECT_EQ(-EBUSY, seal(self->file, F_SEAL_WRITE));
	view = sec_map(anchor, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(0, close(anchor));
	EXPECT_EQ(-EBUSY, seal(self->file, F_SEAL_WRITE));
	ASSERT_EQ(0, mprotect(view, 2 * self->page, PROT_READ));
	EXPECT_EQ(-EBUSY, seal(self->file, F_SEAL_WRITE));
	ASSERT_EQ(0, mprotect(view, 2 * self->page, RW));
	EXPECT_EQ(0, poke(view, 'w'));
	ASSERT_EQ(0, munmap(view, 2 * self->page));

	/* Nothing is left of it. */
	EXPECT_EQ(0, fcntl(self->file, F_GET_SEALS));
	EXPECT_EQ(0, seal(self->file, F_SEAL_WRITE));
	EXPECT_EQ('w', file_byte(self->file, 0));
	EXPECT_EQ(-EPERM, sec_create_file(self->dev, NULL, self->file, 0,
					  SEC_PROT_RW));
}

/* A call that failed does not forbid seals either. */
TEST_F(memfd, sealed_after_failure)
{
	struct sec_name name = sec_unique();

	ASSERT_LE(0, sec_create_anon(self->dev, name.s, self->page));
	EXPECT_EQ(-EEXIST, sec_create_file(self->dev, name.s, self->file, 0,
					   SEC_PROT_RW));
	EXPECT_EQ(-EOVERFLOW, sec_create_file(self->dev, NULL, self->file,
					      ~0ULL, SEC_PROT_RW));
	EXPECT_EQ(0, seal(self->file, F_SEAL_WRITE));
}

/* A section that cannot write does not forbid the seal, and shows the file. */
TEST_F(memfd, sealed_write_after_read_only)
{
	unsigned char *view;
	int handle;

	handle = sec_create_file(self->dev, NULL, self->file, 0,
				 SECTION_PROT_READ);
	ASSERT_LE(0, handle);
	view = sec_map(handle, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, seal(self->file, F_SEAL_WRITE | F_SEAL_SHRINK));
	EXPECT_EQ('a', peek(view));
	EXPECT_EQ(-1, mprotect(view, self->page, RW));
	EXPECT_EQ(EACCES, errno);
	view = sec_map(handle, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ('b', peek(view + self->page));
	EXPECT_NE(MAP_FAILED, sec_map(handle, RW, SECTION_MAP_PRIVATE, 0, 0));
}

TEST_F(memfd, sealed_future_write_after)
{
	unsigned char *before, *view;
	int handle, reader;

	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	before = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, before);
	ASSERT_EQ(0, seal(self->file, F_SEAL_FUTURE_WRITE));

	/* Who could write may go on; nobody new may begin. */
	EXPECT_EQ(0, poke(before, 'w'));
	EXPECT_EQ('w', file_byte(self->file, 0));
	EXPECT_EQ(MAP_FAILED, sec_map(handle, RW, 0, 0, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(MAP_FAILED, sec_map(handle, PROT_READ, 0, 0, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(MAP_FAILED, sec_mmap(handle, RW, MAP_SHARED, 0, self->page));
	EXPECT_EQ(EPERM, errno);

	view = sec_map(handle, RW, SECTION_MAP_PRIVATE, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, poke(view + self->page, 'p'));
	EXPECT_EQ('b', file_byte(self->file, self->page));

	reader = sec_duplicate(handle, SEC_RIGHTS_R, 0);
	ASSERT_LE(0, reader);
	view = sec_map(reader, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ('w', peek(view));
	EXPECT_EQ(-1, mprotect(view, self->page, RW));
	EXPECT_EQ(EACCES, errno);
}

/* The other seals do not concern a section that is there. */
TEST_F(memfd, sealed_size_after)
{
	unsigned char *view;
	int handle;

	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, seal(self->file, F_SEAL_GROW | F_SEAL_SHRINK));
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, poke(view, 's'));
	EXPECT_EQ('s', file_byte(self->file, 0));
}

/* All seals at once, as programs do that hand out data. */
TEST_F(memfd, sealed_all_before)
{
	int handle;

	ASSERT_EQ(0, seal(self->file, SEALS));
	handle = sec_create_file(self->dev, NULL, self->file, self->page,
				 SECTION_PROT_READ);
	ASSERT_LE(0, handle);
	EXPECT_EQ('a', peek(sec_map(handle, PROT_READ, 0, 0, 0)));
	EXPECT_EQ(-EPERM, sec_create_file(self->dev, NULL, self->file, 0,
					  SEC_PROT_RW));
}

TEST_HARNESS_MAIN
