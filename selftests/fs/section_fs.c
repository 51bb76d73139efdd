// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a section over a file does when something happens to the file or to its
 * file system: truncation, holes, no space, read-only mounts, freezing.
 *
 *	SECTION_FS_DIR		a directory of the file system
 *	SECTION_FS_FEATURES	as for section_fsx.c
 *	SECTION_FS_SMALL	a directory of a small one of the same kind, or empty
 *	SECTION_FS_FREEZE	what to freeze so that the file system is frozen, or
 *				empty
 *	SECTION_FS_MOUNT	where it is mounted, to remount it, or empty
 *	SECTION_FS_BEHIND	where the same files are to be had behind the file
 *				system's back, as if by another machine, or empty
 *
 * Where one is empty, the test that needs it says that it was skipped.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"

#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/mount.h>

#define RW	(PROT_READ | PROT_WRITE)
#define AT(view, n) ((view) + (n) * self->page)
#define PAGES	16

static const char *place(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

FIXTURE(fs) {
	int dev;
	int file;
	size_t page;
	char path[256];
};

/* A new file of PAGES pages, page n full of 'a' + n. */
static int new_file(const char *dir, const char *name, char *path, size_t size)
{
	size_t i;
	int fd;

	snprintf(path, size, "%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	for (i = 0; fd >= 0 && i < PAGES; i++)
		if (!fill_page(fd, i, 'a' + i))
			return -EIO;
	return fd < 0 ? -errno : fd;
}

FIXTURE_SETUP(fs)
{
	const char *dir = place("SECTION_FS_DIR");

	if (!dir)
		SKIP(return, "SECTION_FS_DIR is not set");
	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->file = new_file(dir, "directed", self->path, sizeof(self->path));
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(fs)
{
	unlink(self->path);
}

/* Two sections, of other sizes, a private view, and the file: one memory. */
TEST_F(fs, two_sections)
{
	unsigned char *one, *two, *private;
	int first, second;
	unsigned char byte = 'W';

	first = sec_create_file(self->dev, NULL, self->file, 4 * self->page,
				SEC_PROT_RW);
	second = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, first);
	ASSERT_LE(0, second);
	one = sec_map(first, RW, 0, 0, 0);
	two = sec_map(second, RW, 0, self->page, 0);
	private = sec_map(second, RW, SECTION_MAP_PRIVATE, 0, 0);
	ASSERT_NE(MAP_FAILED, one);
	ASSERT_NE(MAP_FAILED, two);
	ASSERT_NE(MAP_FAILED, private);
	ASSERT_EQ('c', peek(AT(one, 2)));
	ASSERT_EQ('c', peek(AT(two, 1)));
	ASSERT_EQ('c', peek(AT(private, 2)));

	ASSERT_EQ(0, poke(AT(one, 2), 'V'));
	EXPECT_EQ('V', peek(AT(two, 1)));
	EXPECT_EQ('V', peek(AT(private, 2)));
	EXPECT_EQ('V', file_byte(self->file, 2 * self->page));

	ASSERT_EQ(1, pwrite(self->file, &byte, 1, 2 * self->page));
	EXPECT_EQ('W', peek(AT(one, 2)));
	EXPECT_EQ('W', peek(AT(two, 1)));
	EXPECT_EQ('W', peek(AT(private, 2)));

	ASSERT_EQ(0, poke(AT(private, 2), 'P'));
	ASSERT_EQ(0, poke(AT(two, 1), 'X'));
	EXPECT_EQ('X', peek(AT(one, 2)));
	EXPECT_EQ('P', peek(AT(private, 2)));
	EXPECT_EQ('X', file_byte(self->file, 2 * self->page));
}

/* The file's end is where touches end, and nothing old comes back. */
TEST_F(fs, truncated_under_a_view)
{
	unsigned char *view, *private;
	int handle;

	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	private = sec_map(handle, RW, SECTION_MAP_PRIVATE, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_NE(MAP_FAILED, private);
	ASSERT_EQ(0, poke(AT(view, 9), 'V'));
	ASSERT_EQ(0, poke(AT(private, 9), 'P'));
	ASSERT_EQ(0, poke(AT(private, 3), 'P'));

	ASSERT_EQ(0, ftruncate(self->file, 3 * self->page + 10));
	EXPECT_EQ('d', peek(AT(view, 3) + 9));
	EXPECT_EQ(0, peek(AT(view, 3) + 10));
	EXPECT_EQ('P', peek(AT(private, 3)));
	EXPECT_EQ(-SIGBUS, peek(AT(view, 4)));
	EXPECT_EQ(-SIGBUS, poke(AT(view, 9), 'x'));
	EXPECT_EQ(-SIGBUS, peek(AT(private, 9)));
	EXPECT_EQ(-EFAULT, read_into(AT(view, 9)));
	EXPECT_EQ((off_t)(3 * self->page + 10), file_size(self->file));

	ASSERT_EQ(0, ftruncate(self->file, PAGES * self->page));
	EXPECT_EQ(0, peek(AT(view, 3) + 10));
	EXPECT_EQ(0, peek(AT(view, 9)));
	EXPECT_EQ(0, peek(AT(private, 9)));
	EXPECT_EQ(0, poke(AT(view, 9), 'N'));
	EXPECT_EQ('N', file_byte(self->file, 9 * self->page));
}

TEST_F(fs, hole_under_a_view)
{
	unsigned char *view, *private;
	int handle, ret;

	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	private = sec_map(handle, RW, SECTION_MAP_PRIVATE, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_NE(MAP_FAILED, private);
	ASSERT_EQ(0, poke(AT(view, 5), 'V'));
	ASSERT_EQ(0, poke(AT(private, 6), 'P'));
	ret = fallocate(self->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			4 * self->page + 1, 4 * self->page);
	if (!strstr(place("SECTION_FS_FEATURES") ?: "", "punch")) {
		EXPECT_EQ(-1, ret);
		EXPECT_EQ(EOPNOTSUPP, errno);
		EXPECT_EQ('V', peek(AT(view, 5)));
		return;
	}
	ASSERT_EQ(0, ret);
	EXPECT_EQ('e', peek(AT(view, 4)));
	EXPECT_EQ(0, peek(AT(view, 4) + 1));
	EXPECT_EQ(0, peek(AT(view, 5)));
	EXPECT_EQ(0, peek(AT(view, 8)));
	EXPECT_EQ('i', peek(AT(view, 8) + 1));
	/* A copy is a copy; what was not copied is the file's. */
	EXPECT_EQ('P', peek(AT(private, 6)));
	EXPECT_EQ(0, peek(AT(private, 5)));
	EXPECT_EQ(0, poke(AT(view, 5), 'N'));
	EXPECT_EQ('N', file_byte(self->file, 5 * self->page));
}

/* No space: the touch that would need some is a signal, and no data is lost. */

#define SPARSE	64

static void fill_up(int hog)
{
	static const size_t steps[] = { 16 << 20, 1 << 20, 64 << 10, 4096 };
	static char block[16 << 20];
	off_t end = 0;
	ssize_t got;
	size_t i;

	memset(block, 'h', sizeof(block));
	for (i = 0; i < 4; i++) {
		while ((got = pwrite(hog, block, steps[i], end)) > 0)
			end += got;
		/* What is only promised is given up when it is written. */
		fsync(hog);
	}
}

TEST_F_TIMEOUT(fs, no_space, 300)
{
	const char *dir = place("SECTION_FS_SMALL");
	unsigned char *view, *safe;
	int touched[SPARSE], failed = 0;
	char path[256], hog_path[256], safe_path[256];
	int handle, other, hog, sparse, i;

	if (!dir)
		SKIP(return, "no small one of this kind");
	other = new_file(dir, "safe", safe_path, sizeof(safe_path));
	hog = new_file(dir, "hog", hog_path, sizeof(hog_path));
	sparse = new_file(dir, "sparse", path, sizeof(path));
	ASSERT_LE(0, other);
	ASSERT_LE(0, hog);
	ASSERT_LE(0, sparse);
	ASSERT_EQ(0, ftruncate(sparse, 0));
	handle = sec_create_file(self->dev, NULL, other, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	safe = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, safe);
	ASSERT_EQ(0, poke(safe, 'S'));
	ASSERT_EQ(0, msync(safe, PAGES * self->page, MS_SYNC));
	handle = sec_create_file(self->dev, NULL, sparse, SPARSE * self->page,
				 SEC_PROT_RW);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	fill_up(hog);

	for (i = 0; i < SPARSE; i++) {
		touched[i] = poke(AT(view, i), 'T');
		if (touched[i]) {
			ASSERT_EQ(-SIGBUS, touched[i]);
			failed++;
		}
	}
	EXPECT_LT(0, failed);
	/* What a touch was granted has its space. */
	EXPECT_EQ(0, msync(view, SPARSE * self->page, MS_SYNC));
	ASSERT_EQ(0, sec_write_file("/proc/sys/vm/drop_caches", "3"));
	for (i = 0; i < SPARSE; i++)
		EXPECT_EQ(touched[i] ? 0 : 'T',
			  file_byte(sparse, i * self->page));
	EXPECT_EQ('S', file_byte(other, 0));
	for (i = 1; i < PAGES; i++)
		EXPECT_EQ('a' + i, file_byte(other, i * self->page));

	/* With room again, all can be touched. */
	ASSERT_EQ(0, ftruncate(hog, 0));
	ASSERT_EQ(0, fsync(hog));
	sync();
	for (i = 0; i < SPARSE; i++)
		EXPECT_EQ(0, poke(AT(view, i), 'T'));
	EXPECT_EQ(0, msync(view, SPARSE * self->page, MS_SYNC));
	unlink(path);
	unlink(hog_path);
	unlink(safe_path);
}

/*
 * A section that may write counts as a file open for writing, so that its file
 * system cannot be remounted read-only: neither with a handle nor with a view.
 */
static int remount(const char *dir, unsigned long flags)
{
	return mount(NULL, dir, NULL, MS_REMOUNT | flags, NULL) ? -errno : 0;
}

TEST_F(fs, remounted_read_only)
{
	const char *dir = place("SECTION_FS_MOUNT");
	unsigned char *view;
	int handle;

	if (!dir)
		SKIP(return, "cannot be remounted");
	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, close(self->file));
	EXPECT_EQ(-EBUSY, remount(dir, MS_RDONLY));
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(0, close(handle));
	EXPECT_EQ(-EBUSY, remount(dir, MS_RDONLY));
	EXPECT_EQ(0, poke(view, 'W'));
	ASSERT_EQ(0, munmap(view, PAGES * self->page));

	/* One that only reads is in nobody's way. */
	self->file = open(self->path, O_RDONLY | O_CLOEXEC);
	handle = sec_create_file(self->dev, NULL, self->file, 0,
				 SECTION_PROT_READ);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, SECTION_MAP_PRIVATE, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(0, remount(dir, MS_RDONLY));
	EXPECT_EQ('W', peek(view));
	EXPECT_EQ(0, poke(view, 'P'));
	EXPECT_EQ(-1, open(self->path, O_RDWR | O_CLOEXEC));
	EXPECT_EQ(EROFS, errno);
	EXPECT_EQ('b', peek(AT(view, 1)));
	EXPECT_EQ(0, remount(dir, 0));
}

/*
 * While a file system is frozen, a write fault waits, and not even SIGKILL ends
 * that: the kernel waits so. After the thaw the one goes on and the other dies.
 */
static char state_of(pid_t pid)
{
	char path[64], text[512], *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (sec_read_file(path, text, sizeof(text)) < 0)
		return 0;
	at = strrchr(text, ')');
	return at ? at[2] : 0;
}

static bool waits(void *arg)
{
	return state_of(*(pid_t *)arg) == 'D';
}

struct toucher {
	unsigned char *at;
	int *done;
};

static int touch_once(void *arg)
{
	struct toucher *t = arg;
	int ret = poke(t->at, 'F');

	__atomic_store_n(t->done, 1, __ATOMIC_SEQ_CST);
	return ret ? 1 : 0;
}

#define DONE(n) __atomic_load_n(&done[n], __ATOMIC_SEQ_CST)

TEST_F_TIMEOUT(fs, frozen, 100)
{
	const char *dir = place("SECTION_FS_FREEZE");
	struct toucher patient, killed;
	int *done = shared_page();
	pid_t waiting, dying;
	unsigned char *view;
	int handle, root;

	if (!dir)
		SKIP(return, "cannot be frozen");
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, root);
	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(0, poke(view, 'V'));
	ASSERT_NE(NULL, done);
	patient = (struct toucher){ view, &done[0] };
	killed = (struct toucher){ AT(view, 1), &done[1] };

	ASSERT_EQ(0, ioctl(root, FIFREEZE, 0));
	/* Nothing may be asserted before the thaw. */
	EXPECT_EQ('V', peek(view));
	waiting = sec_fork(touch_once, &patient);
	dying = sec_fork(touch_once, &killed);
	EXPECT_TRUE(sec_eventually(waits, &waiting, 20));
	EXPECT_TRUE(sec_eventually(waits, &dying, 20));
	kill(dying, SIGKILL);
	sleep(1);
	EXPECT_TRUE(waits(&waiting));
	EXPECT_TRUE(waits(&dying));
	EXPECT_EQ(0, DONE(0));
	EXPECT_EQ(0, DONE(1));
	EXPECT_EQ(0, ioctl(root, FITHAW, 0));

	EXPECT_EQ(0, sec_wait(waiting));
	EXPECT_EQ(-SIGKILL, sec_wait(dying));
	EXPECT_EQ(1, DONE(0));
	EXPECT_EQ(0, DONE(1));
	EXPECT_EQ('F', peek(view));
	EXPECT_EQ('F', file_byte(self->file, 0));
	EXPECT_EQ(0, poke(AT(view, 1), 'x'));
	close(root);
}

/*
 * The other machine's writes. The server tells one from another by a time stamp
 * that may be as coarse as a tick.
 */
static int write_there(const char *path, char byte, off_t offset)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), ret;

	usleep(100000);
	ret = pwrite(fd, &byte, 1, offset) == 1 && !fsync(fd);
	close(fd);
	return ret;
}

/* A new descriptor, locked: reading through it, this machine asks the server. */
static int open_anew(const char *path, bool locked)
{
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (locked && fcntl(fd, F_SETLK, &lock))
		return -errno;
	return fd;
}

FIXTURE(machines) {
	int dev;
	int file;
	size_t page;
	char path[256];
	char there[256];
};

FIXTURE_SETUP(machines)
{
	const char *dir = place("SECTION_FS_BEHIND");

	if (!dir)
		SKIP(return, "there is no other machine");
	self->page = SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	snprintf(self->there, sizeof(self->there), "%s/machines", dir);
	self->file = new_file(place("SECTION_FS_DIR"), "machines", self->path,
			      sizeof(self->path));
	ASSERT_LE(0, self->file);
	ASSERT_EQ(0, fsync(self->file));
}

FIXTURE_TEARDOWN(machines)
{
	unlink(self->path);
}

/*
 * A section that only reads: a view shows what another machine has written when
 * somebody here opens the file and reads of it.
 */
TEST_F(machines, reader)
{
	unsigned char *view;
	int handle, again;

	ASSERT_EQ(0, close(self->file));
	self->file = open(self->path, O_RDONLY | O_CLOEXEC);
	handle = sec_create_file(self->dev, NULL, self->file, 0,
				 SECTION_PROT_READ);
	ASSERT_LE(0, handle);
	view = sec_map(handle, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ('b', peek(AT(view, 1)));
	ASSERT_TRUE(write_there(self->there, 'Z', self->page));
	EXPECT_EQ('b', peek(AT(view, 1)));
	again = open_anew(self->path, false);
	ASSERT_LE(0, again);
	EXPECT_EQ('Z', file_byte(again, self->page));
	EXPECT_EQ('Z', peek(AT(view, 1)));
}

/*
 * One that can write: the other machine has what msync(2) has written. A machine
 * that has an NFS file open for writing believes that it is alone, until it takes
 * a lock.
 */
TEST_F(machines, writer)
{
	unsigned char *view;
	int handle, there, again;

	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, close(self->file));
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ('b', peek(AT(view, 1)));
	ASSERT_EQ(0, poke(view, 'W'));
	ASSERT_EQ(0, msync(view, PAGES * self->page, MS_SYNC));
	there = open(self->there, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, there);
	EXPECT_EQ('W', file_byte(there, 0));

	ASSERT_TRUE(write_there(self->there, 'Z', self->page));
	EXPECT_EQ('b', peek(AT(view, 1)));
	again = open_anew(self->path, true);
	ASSERT_LE(0, again);
	EXPECT_EQ('Z', file_byte(again, self->page));
	EXPECT_EQ('Z', peek(AT(view, 1)));
	EXPECT_EQ('W', peek(view));
}

TEST_HARNESS_MAIN
