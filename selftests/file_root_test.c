// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sections of files that only an administrator can make so: flags, mounts,
 * swap space, overlays, full file systems, devices in sysfs.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"

#include <glob.h>
#include <linux/fs.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/swap.h>

#define RW	(PROT_READ | PROT_WRITE)
#define RX	(PROT_READ | PROT_EXEC)
#define AT(view, n) ((view) + (n) * self->page)
#define PAGES	4

/* A mount of the test's own, which goes with it. */
static const char *private_mounts(char *dir, size_t size)
{
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return "no mounts of one's own";
	snprintf(dir, size, "/tmp/section-root-XXXXXX");
	return mkdtemp(dir) ? NULL : "no directory";
}

/* A new file dir/name of PAGES pages, page n full of 'a' + n, or -errno. */
static int new_file(const char *dir, const char *name)
{
	char path[256];
	size_t i;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	for (i = 0; fd >= 0 && i < PAGES; i++)
		if (!fill_page(fd, i, 'a' + i))
			return -EIO;
	return fd < 0 ? -errno : fd;
}

static int open_file(const char *dir, const char *name, int flags)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Flags of files. */

FIXTURE(flags) {
	int dev;
	int file;
	size_t page;
	char dir[64];
	char path[96];
};

FIXTURE_SETUP(flags)
{
	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	if (!have_ext4())
		SKIP(return, "no ext4 at " EXT4_DIR);
	snprintf(self->dir, sizeof(self->dir), EXT4_DIR "/flags-XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->path, sizeof(self->path), "%s/file", self->dir);
	self->file = new_file(self->dir, "file");
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(flags)
{
	int none = 0;

	ioctl(self->file, FS_IOC_SETFLAGS, &none);
	unlink(self->path);
	rmdir(self->dir);
}

TEST_F(flags, append_only)
{
	int flags = FS_APPEND_FL;
	int append, handle;

	append = open(self->path, O_RDWR | O_APPEND | O_CLOEXEC);
	ASSERT_LE(0, append);
	ASSERT_EQ(0, ioctl(self->file, FS_IOC_SETFLAGS, &flags));
	EXPECT_EQ(-EACCES, sec_create_file(self->dev, NULL, append, 0,
					   SEC_PROT_RW));
	/* Even by a descriptor that is older than the flag. */
	EXPECT_EQ(-EACCES, sec_create_file(self->dev, NULL, self->file, 0,
					   SEC_PROT_RW));
	EXPECT_EQ(-EACCES, sec_create_file(self->dev, NULL, append,
					   8 * self->page, SEC_PROT_RW));
	EXPECT_EQ((off_t)(PAGES * self->page), file_size(self->file));
	handle = sec_create_file(self->dev, NULL, append, 0,
				 SECTION_PROT_READ);
	ASSERT_LE(0, handle);
	EXPECT_EQ('a', peek(sec_map(handle, PROT_READ, 0, 0, 0)));
	EXPECT_NE(MAP_FAILED, sec_map(handle, RW, SECTION_MAP_PRIVATE, 0, 0));
}

/* Nothing changes an immutable file, by whatever way a section was made. */
TEST_F(flags, immutable)
{
	int flags = FS_IMMUTABLE_FL;
	unsigned char *view;
	int fd, handle;

	ASSERT_EQ(0, ioctl(self->file, FS_IOC_SETFLAGS, &flags));
	fd = open(self->path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	handle = sec_create_file(self->dev, NULL, fd, 0, SECTION_PROT_READ);
	ASSERT_LE(0, handle);
	view = sec_map(handle, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ('b', peek(AT(view, 1)));
	EXPECT_EQ(-EACCES, sec_create_file(self->dev, NULL, fd, 0,
					   SEC_PROT_RW));

	EXPECT_GT(0, sec_create_file(self->dev, NULL, self->file,
				     8 * self->page, SEC_PROT_RW));
	EXPECT_EQ((off_t)(PAGES * self->page), file_size(self->file));
	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	if (handle >= 0) {
		view = sec_map(handle, RW, 0, 0, 0);
		if (view != MAP_FAILED)
			EXPECT_EQ(-SIGBUS, poke(AT(view, 1), 'x'));
	}
	EXPECT_EQ('b', file_byte(self->file, self->page));
}

/* Swap space in use. */
TEST_F(flags, swap_file)
{
	const unsigned int version_and_last_page[] = { 1, 255 };
	int file, handle;
	char path[96];
	size_t i;

	snprintf(path, sizeof(path), "%s/swap", self->dir);
	file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ASSERT_LE(0, file);
	for (i = 0; i < 256; i++)
		ASSERT_TRUE(fill_page(file, i, 0));
	ASSERT_EQ((ssize_t)sizeof(version_and_last_page),
		  pwrite(file, version_and_last_page,
			 sizeof(version_and_last_page), 1024));
	ASSERT_EQ(10, pwrite(file, "SWAPSPACE2", 10, self->page - 10));
	ASSERT_EQ(0, fsync(file));
	if (swapon(path, 0)) {
		unlink(path);
		SKIP(return, "no swap space: errno %d", errno);
	}
	handle = sec_create_file(self->dev, NULL, file, 0, SEC_PROT_RW);
	EXPECT_EQ(-ETXTBSY, handle);
	EXPECT_EQ(-ETXTBSY, sec_create_file(self->dev, NULL, file,
					    512 * self->page, SEC_PROT_RW));
	EXPECT_EQ((off_t)(256 * self->page), file_size(file));
	handle = sec_create_file(self->dev, NULL, file, 0, SECTION_PROT_READ);
	EXPECT_LE(0, handle);
	EXPECT_EQ(0, swapoff(path));
	close(handle);
	EXPECT_LE(0, sec_create_file(self->dev, NULL, file, 0, SEC_PROT_RW));
	unlink(path);
}

/* Mounts. */

FIXTURE(mounts) {
	int dev;
	int file;
	size_t page;
	char dir[64];
};

FIXTURE_SETUP(mounts)
{
	const char *problem;

	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	problem = private_mounts(self->dir, sizeof(self->dir));
	ASSERT_EQ(NULL, problem)
		TH_LOG("%s: errno %d", problem, errno);
	ASSERT_EQ(0, mount("section-test", self->dir, "tmpfs", 0, "size=16m"));
	self->file = new_file(self->dir, "file");
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(mounts)
{
	umount2(self->dir, MNT_DETACH);
	rmdir(self->dir);
}

static int remount(const char *dir, unsigned long flags)
{
	return mount(NULL, dir, NULL, MS_REMOUNT | flags, NULL) ? -errno : 0;
}

TEST_F(mounts, noexec)
{
	unsigned char *view;
	int handle;

	ASSERT_EQ(0, remount(self->dir, MS_NOEXEC));
	EXPECT_EQ(-EPERM, sec_create_file(self->dev, NULL, self->file, 0,
					  SEC_PROT_RX));
	EXPECT_EQ(-EPERM, sec_create_file(self->dev, NULL, self->file,
					  8 * self->page, SEC_PROT_RWX));
	EXPECT_EQ((off_t)(PAGES * self->page), file_size(self->file));
	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	view = sec_map(handle, PROT_READ, SECTION_MAP_PRIVATE, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(-1, mprotect(view, self->page, RX));
	EXPECT_EQ(EACCES, errno);
}

/* Who opens a section by name is asked what the mount says now. */
TEST_F(mounts, noexec_later)
{
	struct sec_name name = sec_unique();
	struct section_create args;
	int handle;

	args = sec_create_args(name.s, 0);
	args.file_fd = self->file;
	args.prot = SEC_PROT_RWX;
	args.mode = 0700;
	handle = sec_create(self->dev, &args);
	ASSERT_LE(0, handle);
	EXPECT_LE(0, sec_open(self->dev, name.s, SEC_RIGHTS_RX));
	ASSERT_EQ(0, remount(self->dir, MS_NOEXEC));
	EXPECT_EQ(-EPERM, sec_open(self->dev, name.s, SEC_RIGHTS_RX));
	EXPECT_LE(0, sec_open(self->dev, name.s, SEC_RIGHTS_R));
	EXPECT_LE(0, sec_open(self->dev, name.s, SEC_RIGHTS_RW));
	/* A handle carries the decision that was made for it. */
	EXPECT_NE(MAP_FAILED, sec_map(handle, RX, 0, 0, 0));
	ASSERT_EQ(0, remount(self->dir, 0));
	EXPECT_LE(0, sec_open(self->dev, name.s, SEC_RIGHTS_RX));
}

TEST_F(mounts, read_only)
{
	int fd, handle;

	/* A writable section is a writer, as an open file is. */
	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, close(self->file));
	EXPECT_EQ(-EBUSY, remount(self->dir, MS_RDONLY));
	ASSERT_EQ(0, close(handle));
	EXPECT_EQ(0, remount(self->dir, MS_RDONLY));

	fd = open_file(self->dir, "file", O_RDONLY);
	ASSERT_LE(0, fd);
	handle = sec_create_file(self->dev, NULL, fd, 0, SECTION_PROT_READ);
	ASSERT_LE(0, handle);
	EXPECT_EQ('a', peek(sec_map(handle, PROT_READ, 0, 0, 0)));
	EXPECT_EQ(-EACCES, sec_create_file(self->dev, NULL, fd, 0,
					   SEC_PROT_RW));
}

/* The file system stays for as long as anything of the section does. */
TEST_F(mounts, unmount)
{
	unsigned char *view;
	int handle;

	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, close(self->file));
	EXPECT_EQ(-1, umount(self->dir));
	EXPECT_EQ(EBUSY, errno);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(0, close(handle));
	EXPECT_EQ(-1, umount(self->dir));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ('c', peek(AT(view, 2)));
	ASSERT_EQ(0, munmap(view, PAGES * self->page));
	EXPECT_EQ(0, umount(self->dir));
}

/* Files that fail leave nothing that would keep their file system busy. */
TEST_F(mounts, unmount_after_failures)
{
	struct sec_name name = sec_unique();
	int fd = open_file(self->dir, "file", O_RDONLY);

	ASSERT_LE(0, fd);
	ASSERT_LE(0, sec_create_anon(self->dev, name.s, self->page));
	EXPECT_EQ(-EACCES, sec_create_file(self->dev, NULL, fd, 0,
					   SEC_PROT_RW));
	EXPECT_EQ(-EFBIG, sec_create_file(self->dev, NULL, fd, 1 << 20,
					  SECTION_PROT_READ));
	EXPECT_EQ(-EOVERFLOW, sec_create_file(self->dev, NULL, self->file,
					      1ULL << 63, SEC_PROT_RW));
	EXPECT_EQ(-EEXIST, sec_create_file(self->dev, name.s, self->file, 0,
					   SEC_PROT_RW));
	ASSERT_EQ(0, remount(self->dir, MS_NOEXEC));
	EXPECT_EQ(-EPERM, sec_create_file(self->dev, NULL, self->file, 0,
					  SEC_PROT_RWX));
	close(fd);
	close(self->file);
	EXPECT_EQ(1, sec_counter("sections"));
	EXPECT_EQ(0, umount(self->dir));
}

/* A full file system: to grow it is an error, to touch a hole a signal. */
TEST_F(mounts, full)
{
	const size_t pages = (16 << 20) / self->page;
	unsigned char *view;
	int handle, hog;
	size_t i, n = 0;

	handle = sec_create_file(self->dev, NULL, self->file,
				 pages * self->page, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	hog = new_file(self->dir, "hog");
	ASSERT_LE(0, hog);
	for (i = PAGES; i < pages && fill_page(hog, i, 'h'); i++)
		;
	ASSERT_GT(pages, i);
	EXPECT_EQ(ENOSPC, errno);

	EXPECT_EQ(-SIGBUS, poke(AT(view, pages / 2), 'x'));
	EXPECT_EQ(-EFAULT, read_into(AT(view, pages / 2)));
	EXPECT_EQ('a', peek(view));
	EXPECT_EQ(0, poke(view, 'A'));
	EXPECT_EQ(-ENOSPC, sec_create_file(self->dev, NULL, hog,
					   2 * pages * self->page,
					   SEC_PROT_RW));
	EXPECT_EQ((off_t)(i * self->page), file_size(hog));

	/* With room again, all is well. */
	ASSERT_EQ(0, ftruncate(hog, 0));
	EXPECT_EQ(0, poke(AT(view, pages / 2), 'x'));
	for (i = 0; i < pages; i++)
		n += poke(AT(view, i) + 1, 'y') == 0;
	EXPECT_LE(pages - 1, n);
	EXPECT_EQ('A', peek(view));
}

/* Large pages from the beginning. */

#define HALF_HUGE	(1UL << 20)
#define HUGE		(2UL << 20)
#define BIG		(4UL << 20)

static unsigned char *huge_range(void)
{
	unsigned char *range = free_range(2 * HUGE / SEC_PAGE);

	return range ? (unsigned char *)
		       (((uintptr_t)range + HUGE - 1) & ~(HUGE - 1)) : NULL;
}

TEST_F(mounts, huge_pages)
{
	unsigned char *plain, *view, *range;
	int file, handle;

	if (mount(NULL, self->dir, NULL, MS_REMOUNT, "huge=always"))
		SKIP(return, "no large pages here: errno %d", errno);
	file = new_file(self->dir, "big");
	ASSERT_LE(0, file);
	ASSERT_EQ(0, ftruncate(file, 0));
	ASSERT_EQ(0, ftruncate(file, BIG));
	plain = huge_range();
	ASSERT_NE(NULL, plain);
	ASSERT_EQ(plain, mmap(plain, HUGE, RW, MAP_SHARED |
			      MAP_FIXED_NOREPLACE, file, 0));
	memset(plain, 'h', HUGE);

	/* The section ends inside a large page. */
	handle = sec_create_file(self->dev, NULL, file, HALF_HUGE, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	range = huge_range();
	ASSERT_NE(NULL, range);
	view = mmap(range, HALF_HUGE, RW, MAP_SHARED | MAP_FIXED_NOREPLACE,
		    handle, 0);
	ASSERT_EQ(range, view);
	EXPECT_EQ('h', peek(view));
	EXPECT_EQ(0, poke(view, 'H'));
	EXPECT_EQ('h', peek(view + HALF_HUGE - 1));
	EXPECT_EQ(-SIGSEGV, peek(view + HALF_HUGE));
	EXPECT_EQ(MAP_FAILED, mremap(view, HALF_HUGE, HUGE, 0));
	ASSERT_EQ(0, munmap(view, HALF_HUGE));

	/* It is all of the page. */
	handle = sec_create_file(self->dev, NULL, file, HUGE, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	view = mmap(range, HUGE, RW, MAP_SHARED | MAP_FIXED_NOREPLACE, handle,
		    0);
	ASSERT_EQ(range, view);
	EXPECT_EQ('H', peek(view));
	EXPECT_EQ('h', peek(view + HUGE - 1));
	EXPECT_EQ(0, poke(view + HUGE - 1, 'E'));
	EXPECT_EQ('E', peek(plain + HUGE - 1));
	ASSERT_EQ(0, munmap(view, HUGE));

	/* A private view of it is copied page by page. */
	view = mmap(range, HUGE, RW, MAP_PRIVATE | MAP_FIXED_NOREPLACE, handle,
		    0);
	ASSERT_EQ(range, view);
	EXPECT_EQ(0, poke(view + self->page, 'P'));
	EXPECT_EQ('h', peek(plain + self->page));
	EXPECT_EQ(0, poke(plain + 2 * self->page, 'Q'));
	EXPECT_EQ('Q', peek(view + 2 * self->page));
}

/* The file grows into a large page under a view that had grown before it. */
TEST_F(mounts, huge_page_across_the_end)
{
	unsigned char *view, *range;
	int file, handle;

	if (mount(NULL, self->dir, NULL, MS_REMOUNT, "huge=always"))
		SKIP(return, "no large pages here: errno %d", errno);
	file = new_file(self->dir, "big");
	ASSERT_LE(0, file);
	ASSERT_EQ(0, ftruncate(file, 0));
	ASSERT_EQ(0, ftruncate(file, HALF_HUGE));
	handle = sec_create_file(self->dev, NULL, file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	range = huge_range();
	ASSERT_NE(NULL, range);
	view = mmap(range, HALF_HUGE, RW, MAP_SHARED | MAP_FIXED_NOREPLACE,
		    handle, 0);
	ASSERT_EQ(range, view);
	EXPECT_EQ(MAP_FAILED, mremap(view, HALF_HUGE, HUGE, 0));
	ASSERT_EQ(0, ftruncate(file, BIG));
	EXPECT_EQ(0, poke(view, 'w'));
	EXPECT_EQ(-SIGSEGV, peek(view + HALF_HUGE));
	EXPECT_EQ(-SIGSEGV, poke(view + HALF_HUGE, 'x'));
	EXPECT_EQ(-SIGSEGV, poke(view + HUGE - 1, 'x'));
	EXPECT_EQ(0, file_byte(file, HALF_HUGE));
}

/* Overlays: the pages are those of a file below. */

FIXTURE(overlay) {
	int dev;
	size_t page;
	char dir[64];
	char base[64];
	char merged[96];
};

FIXTURE_VARIANT(overlay) {
	bool ext4;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(overlay, tmpfs) { .ext4 = false };
FIXTURE_VARIANT_ADD(overlay, ext4) { .ext4 = true };
/* clang-format on */

static void remove_tree(const char *base)
{
	char line[128];

	snprintf(line, sizeof(line), "rm -rf %s", base);
	if (system(line))
		return;
}

FIXTURE_SETUP(overlay)
{
	static const char * const names[] = { "lower", "upper", "work",
					      "merged" };
	const char *problem;
	char text[512];
	size_t i;

	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	if (variant->ext4 && !have_ext4())
		SKIP(return, "no ext4 at " EXT4_DIR);
	problem = private_mounts(self->dir, sizeof(self->dir));
	ASSERT_EQ(NULL, problem)
		TH_LOG("%s: errno %d", problem, errno);
	snprintf(self->base, sizeof(self->base), "%s/section-overlay-XXXXXX",
		 variant->ext4 ? EXT4_DIR : "/tmp");
	ASSERT_NE(NULL, mkdtemp(self->base));
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(text, sizeof(text), "%s/%s", self->base, names[i]);
		ASSERT_EQ(0, mkdir(text, 0755));
	}
	snprintf(self->merged, sizeof(self->merged), "%s/merged", self->base);
	snprintf(text, sizeof(text), "%s/lower", self->base);
	ASSERT_LE(0, new_file(text, "file"));
	snprintf(text, sizeof(text),
		 "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work",
		 self->base, self->base, self->base);
	if (mount("section-test", self->merged, "overlay", 0, text))
		SKIP(return, "no overlay here: errno %d", errno);
}

FIXTURE_TEARDOWN(overlay)
{
	umount2(self->merged, MNT_DETACH);
	if (self->base[0])
		remove_tree(self->base);
	rmdir(self->dir);
}

TEST_F(overlay, lower_file)
{
	int file = open_file(self->merged, "file", O_RDONLY);
	unsigned char *view, *private, *plain;
	int handle;

	ASSERT_LE(0, file);
	handle = sec_create_file(self->dev, NULL, file, 0, SECTION_PROT_READ);
	ASSERT_LE(0, handle);
	view = sec_map(handle, PROT_READ, 0, 0, 0);
	private = sec_map(handle, RW, SECTION_MAP_PRIVATE, 0, 0);
	plain = mmap(NULL, PAGES * self->page, PROT_READ, MAP_SHARED, file, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_NE(MAP_FAILED, private);
	ASSERT_NE(MAP_FAILED, plain);
	EXPECT_EQ('c', peek(AT(view, 2)));
	EXPECT_EQ('c', peek(AT(private, 2)));
	EXPECT_EQ(0, poke(AT(private, 2), 'P'));
	EXPECT_EQ('c', peek(AT(view, 2)));
	EXPECT_EQ('c', peek(AT(plain, 2)));
	EXPECT_EQ(-1, mprotect(view, self->page, RW));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-EACCES, sec_create_file(self->dev, NULL, file, 0,
					   SEC_PROT_RW));
}

TEST_F(overlay, upper_file)
{
	int file = open_file(self->merged, "file", O_RDWR);
	unsigned char *view, *private, *plain, *other;
	struct section_query q;
	int handle;

	ASSERT_LE(0, file);
	handle = sec_create_file(self->dev, NULL, file, 6 * self->page,
				 SEC_PROT_RW);
	ASSERT_LE(0, handle);
	EXPECT_EQ((off_t)(6 * self->page), file_size(file));
	view = sec_map(handle, RW, 0, 0, 0);
	other = sec_map(handle, RW, 0, 0, 0);
	private = sec_map(handle, RW, SECTION_MAP_PRIVATE, 0, 0);
	plain = mmap(NULL, PAGES * self->page, RW, MAP_SHARED, file, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_NE(MAP_FAILED, other);
	ASSERT_NE(MAP_FAILED, private);
	ASSERT_NE(MAP_FAILED, plain);
	EXPECT_EQ(0, poke(AT(view, 1), 'V'));
	EXPECT_EQ('V', peek(AT(other, 1)));
	EXPECT_EQ('V', peek(AT(private, 1)));
	EXPECT_EQ('V', peek(AT(plain, 1)));
	EXPECT_EQ('V', file_byte(file, self->page));
	EXPECT_EQ(0, poke(AT(plain, 2), 'W'));
	EXPECT_EQ('W', peek(AT(view, 2)));
	EXPECT_EQ(1, pwrite(file, "X", 1, 3 * self->page));
	EXPECT_EQ('X', peek(AT(view, 3)));
	EXPECT_EQ(0, poke(private, 'P'));
	EXPECT_EQ('a', peek(view));
	EXPECT_EQ('a', file_byte(file, 0));
	EXPECT_EQ(0, msync(view, 6 * self->page, MS_SYNC));
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(3U, q.views);
	EXPECT_LE(4 * self->page, q.resident);
	ASSERT_EQ(0, munmap(view, 6 * self->page));
	ASSERT_EQ(0, munmap(other, 6 * self->page));
	ASSERT_EQ(0, munmap(private, 6 * self->page));
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(0U, q.views);

	ASSERT_EQ(0, munmap(plain, PAGES * self->page));
	close(file);
	EXPECT_EQ(-1, umount(self->merged));
	EXPECT_EQ(EBUSY, errno);
	close(handle);
	EXPECT_EQ(0, umount(self->merged));
}

/* What views have of the file below grows with the section. */
TEST_F(overlay, extended_while_mapped)
{
	int file = open_file(self->merged, "file", O_RDWR);
	__u64 bytes = (PAGES + 2) * self->page;
	struct section_map map = sec_map_args(RW, 0, bytes);
	unsigned char *view;
	int handle;

	ASSERT_LE(0, file);
	handle = sec_create_file(self->dev, NULL, file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	map.flags = SECTION_MAP_BEYOND;
	ASSERT_EQ(0, sec_ioctl(handle, SECTION_IOC_MAP, &map));
	view = (unsigned char *)(uintptr_t)map.address;
	EXPECT_EQ('a', peek(view));
	EXPECT_EQ(-SIGSEGV, poke(AT(view, PAGES + 1), 'x'));
	/* The guard of the file below has its end, too. */
	EXPECT_EQ(-1, madvise(AT(view, PAGES - 1), 2 * self->page,
			      MADV_REMOVE));
	ASSERT_EQ(0, sec_extend(handle, &bytes));
	EXPECT_EQ(0, poke(AT(view, PAGES + 1), 'x'));
	EXPECT_EQ('x', file_byte(file, (PAGES + 1) * self->page));
	EXPECT_EQ(0, madvise(AT(view, PAGES), 2 * self->page, MADV_REMOVE));
	EXPECT_EQ(0, peek(AT(view, PAGES + 1)));
}

/* The overlay maps yet another file; that is behind a section's rules too. */
TEST_F(overlay, remap_file_pages)
{
	const __u32 flags[] = { SECTION_MAP_PRIVATE, 0 };
	int file = open_file(self->merged, "file", O_RDWR);
	unsigned char *view;
	int handle, i;

	ASSERT_LE(0, file);
	handle = sec_create_file(self->dev, NULL, file, 2 * self->page,
				 SEC_PROT_RW);
	ASSERT_LE(0, handle);
	for (i = 0; i < 2; i++) {
		view = sec_map(handle, RW, flags[i], 0, 0);
		ASSERT_NE(MAP_FAILED, view);
		EXPECT_EQ(MAP_FAILED, mremap(view, 2 * self->page,
					     3 * self->page, MREMAP_MAYMOVE));
		EXPECT_EQ(EFAULT, errno);
		EXPECT_EQ(-1, syscall(SYS_remap_file_pages, view, self->page,
				      0, 2, 0));
		EXPECT_EQ(flags[i] ? EINVAL : EACCES, errno);
		/* It is refused so late that the page is gone. */
		EXPECT_EQ(flags[i] ? 'a' : -SIGSEGV, peek(view));
		EXPECT_EQ('b', peek(AT(view, 1)));
		EXPECT_EQ(0, poke(AT(view, 1), 'w'));
		EXPECT_EQ(-1, syscall(SYS_remap_file_pages, AT(view, 1),
				      self->page, 0, 1, 0));
		EXPECT_EQ(flags[i] ? EINVAL : EACCES, errno);
	}
	/* Views can be made as before, and moved. */
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	view = mremap(view, 2 * self->page, 2 * self->page,
		      MREMAP_MAYMOVE | MREMAP_FIXED,
		      mmap(NULL, 2 * self->page, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ('a', peek(view));
	EXPECT_EQ('w', peek(AT(view, 1)));
	/* The file itself is as usable as before. */
	EXPECT_EQ('c', file_byte(file, 2 * self->page));
	view = mmap(NULL, PAGES * self->page, RW, MAP_SHARED, file, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, syscall(SYS_remap_file_pages, view, self->page, 0, 2, 0));
	EXPECT_EQ('c', peek(view));
}

/* Nor does the kernel read beyond the section's end in that other file. */
TEST_F(overlay, build_id)
{
	int file = open_file(self->merged, "file", O_RDWR);
	unsigned char id[BUILD_ID_SIZE];
	unsigned char *view, *plain;
	int handle, found;

	ASSERT_LE(0, file);
	handle = sec_create_file(self->dev, NULL, file, 2 * self->page,
				 SEC_PROT_RW);
	ASSERT_LE(0, handle);
	plain = mmap(NULL, PAGES * self->page, RW, MAP_SHARED, file, 0);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, plain);
	ASSERT_NE(MAP_FAILED, view);
	write_elf(plain, self->page);
	found = build_id_at(plain, id);
	if (found != -ENOTTY)
		EXPECT_EQ(BUILD_ID_SIZE, found);
	EXPECT_EQ(found, build_id_at(view, id));
	write_elf(plain, 2 * self->page - 1);
	found = build_id_at(plain, id);
	if (found != -ENOTTY)
		EXPECT_EQ(BUILD_ID_SIZE, found);
	EXPECT_EQ(found > 0 ? 0 : found, build_id_at(view, id));
}

/*
 * Device memory: sysfs has regular files that map it, with operations of the
 * driver's and pages that are none.
 */
TEST(device_memory)
{
	int dev = sec_dev();
	glob_t found;
	size_t i, tried = 0;

	ASSERT_LE(0, dev);
	if (glob("/sys/bus/pci/devices/*/resource[0-9]", 0, NULL, &found))
		SKIP(return, "no device memory in sysfs");
	for (i = 0; i < found.gl_pathc; i++) {
		int fd = open(found.gl_pathv[i], O_RDWR | O_CLOEXEC);
		int handle;

		if (fd < 0)
			continue;
		handle = sec_create_file(dev, NULL, fd, 0, SECTION_PROT_READ);
		if (handle >= 0) {
			EXPECT_EQ(MAP_FAILED, sec_map(handle, PROT_READ, 0, 0,
						      0));
			EXPECT_EQ(ENODEV, errno);
			EXPECT_EQ(MAP_FAILED, sec_map(handle, PROT_READ,
						      SECTION_MAP_PRIVATE, 0,
						      0));
			EXPECT_EQ(ENODEV, errno);
			close(handle);
		} else {
			/* What is smaller than a page it does not map. */
			EXPECT_TRUE(handle == -ENODEV || handle == -EINVAL);
		}
		close(fd);
		tried++;
	}
	globfree(&found);
	if (!tried)
		SKIP(return, "no device memory that can be opened");
	EXPECT_EQ(0, sec_counter("sections"));
	EXPECT_EQ(0, sec_counter("views"));
}

/*
 * Who measures what is executed reads all of the file, not only the section's
 * part of it, and is not told that the file ends there.
 */
#define IMA	"/sys/kernel/security/ima"

/* Only for one user, because a policy stays until the next boot. */
static bool measure_alice(void)
{
	char rule[128];

	if (mount("securityfs", "/sys/kernel/security", "securityfs", 0, NULL) &&
	    errno != EBUSY)
		return false;
	snprintf(rule, sizeof(rule),
		 "measure func=MMAP_CHECK mask=MAY_EXEC uid=%d\n", SEC_ALICE);
	return !sec_write_file(IMA "/policy", rule);
}

/* How many digests of the file there are, and whether one of them is none. */
static int measurements(const char *path, bool *none)
{
	FILE *log = fopen(IMA "/ascii_runtime_measurements", "re");
	char line[1024];
	int count = 0;

	*none = false;
	while (log && fgets(line, sizeof(line), log)) {
		if (!strstr(line, path))
			continue;
		count++;
		if (strstr(line, ":0000000000000000"))
			*none = true;
	}
	if (log)
		fclose(log);
	return count;
}

TEST(measured)
{
	struct sec_name name = sec_unique();
	char path[] = "/tmp/section-measured-XXXXXX";
	struct section_create args;
	int dev = sec_dev();
	bool none;
	int file, reader;
	pid_t pid;

	ASSERT_LE(0, dev);
	if (!measure_alice())
		SKIP(return, "no integrity measurement here: errno %d", errno);
	file = mkostemp(path, O_CLOEXEC);
	ASSERT_LE(0, file);
	ASSERT_EQ(0, fchmod(file, 0755));
	ASSERT_TRUE(fill_page(file, 0, 'a'));
	ASSERT_TRUE(fill_page(file, 1, 'b'));
	reader = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, reader);
	args = sec_create_args(name.s, SEC_PAGE);
	args.flags = SECTION_CREATE_GLOBAL;
	args.mode = 0755;
	args.file_fd = reader;
	args.prot = SECTION_PROT_READ | SECTION_PROT_EXECUTE;
	ASSERT_LE(0, sec_create(dev, &args));
	ASSERT_EQ(1, pwrite(file, "X", 1, 0));
	close(file);
	ASSERT_EQ(0, measurements(path, &none));
	pid = fork();
	if (!pid) {
		if (sec_become(SEC_ALICE, SEC_ALICE))
			_exit(1);
		_exit(sec_open_global(dev, name.s, SECTION_RIGHTS_MAXIMUM) < 0);
	}
	EXPECT_EQ(0, sec_wait(pid));
	EXPECT_EQ(1, measurements(path, &none));
	EXPECT_FALSE(none);
	unlink(path);
}

/* Who may open what is behind a mapping, for checkpoints, cannot open this. */
TEST(memory_behind_a_view)
{
	struct section_create args = sec_create_args(NULL, 4 * SEC_PAGE);
	int dev = sec_dev(), handle, reserved;
	unsigned char *view;
	char path[96];

	ASSERT_LE(0, dev);
	for (reserved = 0; reserved < 2; reserved++) {
		args.flags = reserved ? SECTION_CREATE_RESERVE : 0;
		handle = sec_create(dev, &args);
		ASSERT_LE(0, handle);
		view = sec_map(handle, RW, 0, 0, 0);
		ASSERT_NE(MAP_FAILED, view);
		snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
			 (unsigned long)view, (unsigned long)view + 4 * SEC_PAGE);
		EXPECT_EQ(-1, open(path, O_RDONLY | O_CLOEXEC));
		EXPECT_EQ(ENXIO, errno);
		EXPECT_EQ(-1, open(path, O_RDWR | O_CLOEXEC));
		EXPECT_EQ(EROFS, errno);
		EXPECT_EQ(-1, truncate(path, 0));
		EXPECT_EQ(EROFS, errno);
	}
}

TEST_HARNESS_MAIN
