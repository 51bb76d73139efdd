// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executable images of files that belong to somebody else, who means harm or is to
 * be harmed.
 */
#include "kselftest_harness.h"
#include "image_guest.h"

#include <sys/mount.h>

#define RW	(PROT_READ | PROT_WRITE)

/* A directory of root's with an image of his that others can read. */
FIXTURE(attack) {
	struct pe_make make;
	int dev;
	char dir[64];
	char path[96];
	int file;
};

FIXTURE_SETUP(attack)
{
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	sample_describe(&self->make, 1);
	snprintf(self->dir, sizeof(self->dir), "/tmp/section-attack-XXXXXX");
	self->file = image_mounted("tmpfs", self->dir, self->path,
				   sizeof(self->path), &self->make);
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(attack)
{
	image_unmount(self->dir);
}

static struct answer invite(struct guest *g, uid_t uid, int file)
{
	g->uid = uid;
	g->file = file;
	return guest_start(g);
}

/*
 * H16: who may keep others from writing does, though somebody who may not was there
 * first.
 */
TEST_F(attack, reader_was_there_first)
{
	struct guest alice = { 0 };
	int section;

	ASSERT_EQ(0, invite(&alice, SEC_ALICE, self->file).error);
	EXPECT_EQ(0, open_for_writing(self->path));
	section = create_image(self->dev, NULL, self->file, 0,
			       SECTION_PROT_READ);
	ASSERT_LE(0, section);
	EXPECT_EQ(-ETXTBSY, open_for_writing(self->path));
	EXPECT_EQ(0, guest_stop(&alice));
	EXPECT_EQ(-ETXTBSY, open_for_writing(self->path));
}

/* H16: nor is the file denied any longer because somebody who may not came later. */
TEST_F(attack, reader_stays_longer)
{
	int section = create_image(self->dev, NULL, self->file, 0,
				   SECTION_PROT_READ);
	struct guest alice = { .spare = section };

	ASSERT_LE(0, section);
	EXPECT_EQ(-ETXTBSY, open_for_writing(self->path));
	ASSERT_EQ(0, invite(&alice, SEC_ALICE, self->file).error);
	close(section);
	EXPECT_EQ(0, open_for_writing(self->path));
	EXPECT_EQ(0, guest_stop(&alice));
}

/* I91: a file that is being written to is copied, even if somebody has an image. */
TEST_F(attack, reader_was_there_before_the_writer)
{
	size_t rva = self->make.sections[SAMPLE_DATA].virtual_address;
	size_t raw = self->make.sections[SAMPLE_DATA].raw_offset;
	struct section_query_image query;
	struct guest alice = { 0 }, bob = { 0 };
	struct answer a, b;
	unsigned char *data, *view, before;
	int writer, section;

	a = invite(&alice, SEC_ALICE, self->file);
	ASSERT_EQ(0, a.error);
	EXPECT_FALSE(a.flags & SECTION_IMAGE_FROZEN);
	writer = open(self->path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, writer);
	data = mmap(NULL, raw + 4096, RW, MAP_SHARED, writer, 0);
	ASSERT_NE(MAP_FAILED, data);
	b = invite(&bob, SEC_BOB, self->file);
	ASSERT_EQ(0, b.error);
	EXPECT_TRUE(b.flags & SECTION_IMAGE_FROZEN);

	section = create_image(self->dev, NULL, self->file, 0,
			       SECTION_PROT_READ);
	ASSERT_LE(0, section);
	ASSERT_EQ(0, query_image(section, &query, NULL, 0));
	EXPECT_TRUE(query.flags & SECTION_IMAGE_FROZEN);
	view = mmap(NULL, query.bytes, PROT_READ, MAP_PRIVATE, section, 0);
	ASSERT_NE(MAP_FAILED, view);
	before = data[raw + 9];
	data[raw + 9] = before + 1;
	EXPECT_EQ(before, view[rva + 9]);
	EXPECT_EQ(0, guest_stop(&alice) | guest_stop(&bob));
}

/* H16: what may not be executed where somebody has it is not denied by him. */
TEST_F(attack, noexec_mount)
{
	struct guest alice = { 0 };
	int file;

	ASSERT_EQ(0, chmod(self->path, 0755));
	ASSERT_EQ(0, mount(NULL, self->dir, NULL, MS_REMOUNT | MS_BIND |
			   MS_NOEXEC, NULL));
	file = open(self->path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, file);
	ASSERT_EQ(0, invite(&alice, SEC_ALICE, file).error);
	EXPECT_EQ(0, open_for_writing(self->path));
	EXPECT_EQ(0, guest_stop(&alice));
}

/* H16: nor what may not be written to where he has it. */
TEST_F(attack, read_only_mount)
{
	char other[] = "/tmp/section-other-XXXXXX", path[96];
	struct guest alice = { 0 };
	int file;

	ASSERT_EQ(0, chmod(self->path, 0666));
	ASSERT_NE(NULL, mkdtemp(other));
	ASSERT_EQ(0, mount(self->dir, other, NULL, MS_BIND, NULL));
	ASSERT_EQ(0, mount(NULL, other, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY,
			   NULL));
	snprintf(path, sizeof(path), "%s/image", other);
	file = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, file);
	ASSERT_EQ(0, invite(&alice, SEC_ALICE, file).error);
	EXPECT_EQ(0, open_for_writing(self->path));
	EXPECT_EQ(0, guest_stop(&alice));
	EXPECT_EQ(0, umount2(other, MNT_DETACH));
	rmdir(other);
}

/* H16: nor is what is below an overlay, where he can write to a copy of it. */
TEST_F(attack, writable_overlay)
{
	char other[] = "/tmp/section-other-XXXXXX", path[96], options[256];
	struct guest alice = { 0 };
	int file;

	ASSERT_EQ(0, chmod(self->path, 0666));
	ASSERT_NE(NULL, mkdtemp(other));
	ASSERT_EQ(0, mount("none", other, "tmpfs", 0, NULL));
	snprintf(options, sizeof(options),
		 "lowerdir=%s,upperdir=%s/upper,workdir=%s/work", self->dir,
		 other, other);
	snprintf(path, sizeof(path), "%s/upper", other);
	ASSERT_EQ(0, mkdir(path, 0755));
	snprintf(path, sizeof(path), "%s/work", other);
	ASSERT_EQ(0, mkdir(path, 0755));
	snprintf(path, sizeof(path), "%s/merged", other);
	ASSERT_EQ(0, mkdir(path, 0755));
	ASSERT_EQ(0, mount("none", path, "overlay", 0, options));
	snprintf(path, sizeof(path), "%s/merged/image", other);
	file = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, file);
	ASSERT_EQ(0, invite(&alice, SEC_ALICE, file).error);
	EXPECT_EQ(0, open_for_writing(self->path));
	EXPECT_EQ(0, guest_stop(&alice));
	close(file);
	snprintf(path, sizeof(path), "%s/merged", other);
	EXPECT_EQ(0, umount2(path, MNT_DETACH));
	image_unmount(other);
}

/* The file of a mere reader's image becomes shorter; nobody loses more than that. */
TEST_F(attack, shorter_file)
{
	struct section_query_image query;
	struct stat st;
	int section, fd;
	char *view;

	/* As a reader: root would deny it. */
	ASSERT_EQ(0, seteuid(SEC_ALICE));
	section = create_image(self->dev, NULL, self->file, 0,
			       SECTION_PROT_READ);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_LE(0, section);
	ASSERT_EQ(0, query_image(section, &query, NULL, 0));
	view = mmap(NULL, query.bytes, PROT_READ, MAP_PRIVATE, section, 0);
	ASSERT_NE(MAP_FAILED, view);
	fd = open(self->path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, 100));
	for (size_t at = 4096; at < query.bytes; at += 4096)
		ASSERT_EQ(0, peek(view + at));
	EXPECT_EQ('M', peek(view));
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(100, st.st_size);
	EXPECT_GE(8, st.st_blocks);
	close(fd);
}

/* H16: tmpfs does not tell when somebody writes to a mapping. */
TEST_F(attack, file_that_was_mapped)
{
	size_t rva = self->make.sections[SAMPLE_DATA].virtual_address;
	size_t raw = self->make.sections[SAMPLE_DATA].raw_offset;
	unsigned char *view, *data, before;
	int first, second, fd;

	first = create_as_alice(self->dev, self->file);
	ASSERT_LE(0, first);
	view = page_of(first, rva);
	ASSERT_NE(MAP_FAILED, view);
	before = view[9];

	fd = open(self->path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	data = mmap(NULL, raw + 4096, RW, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, data);
	ASSERT_EQ(before, data[raw + 9]);
	data[raw + 9] = before + 1;
	munmap(data, raw + 4096);
	close(fd);

	second = create_as_alice(self->dev, self->file);
	ASSERT_LE(0, second);
	view = page_of(second, rva);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ((unsigned char)(before + 1), view[9]);
}

static bool change(const char *path, off_t where, unsigned char to,
		   struct stat *st)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	bool done = fd >= 0 && pwrite(fd, &to, 1, where) == 1 && !fstat(fd, st);

	close(fd);
	return done;
}

static bool same_time(const struct stat *a, const struct stat *b)
{
	return a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/*
 * Changes the file twice within the time that its file system does not count, with a
 * pause of so many microseconds, and takes its image after each.  Returns how often it
 * was possible, or -1 if the second image was the first one.
 */
static int change_twice(int dev, const char *path, int file,
			const struct pe_make *make, useconds_t pause)
{
	size_t rva = make->sections[SAMPLE_DATA].virtual_address;
	size_t raw = make->sections[SAMPLE_DATA].raw_offset;
	unsigned char *view, *other;
	int found = 0, wrong = 0;
	struct stat a, b;

	for (int i = 0; i < 300 && found < 3 && !wrong; i++) {
		/* From the beginning of that time. */
		wrong = !change(path, raw + 9, 1, &b);
		do {
			wrong |= !change(path, raw + 9, 1, &a);
		} while (same_time(&a, &b) && !wrong);
		usleep(pause);
		view = page_of(create_as_alice(dev, file), rva);
		wrong |= view == MAP_FAILED || view[9] != 1;
		wrong |= !change(path, raw + 9, 2, &b);
		other = page_of(create_as_alice(dev, file), rva);
		wrong |= other == MAP_FAILED || other[9] != 2;
		found += same_time(&a, &b);
		munmap(view, 4096);
		munmap(other, 4096);
	}
	return wrong ? -1 : found;
}

/* H16: nor does any file system when something happens twice in one tick. */
TEST_F(attack, changes_of_one_tick)
{
	int file, found;
	char path[64];

	if (!have_ext4())
		SKIP(return, "no ext4");
	snprintf(path, sizeof(path), EXT4_DIR "/section-tick-%d",
		 (int)getpid());
	file = image_put(path, &self->make);
	ASSERT_LE(0, file);
	found = change_twice(self->dev, path, file, &self->make, 0);
	EXPECT_LE(0, found);
	unlink(path);
	if (!found)
		SKIP(return, "too slow to change a file twice in a tick");
}

/* H16: some do not count anything shorter than two seconds. */
TEST_F_TIMEOUT(attack, changes_of_two_seconds, 100)
{
	char dir[] = "/tmp/section-fat-XXXXXX", path[96], command[256];
	char disk[] = "/tmp/section-fat-disk-XXXXXX";
	int file, fd, found;

	fd = mkstemp(disk);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, 1 << 20));
	close(fd);
	ASSERT_NE(NULL, mkdtemp(dir));
	snprintf(command, sizeof(command),
		 "mkdosfs %s && mount -t vfat -o loop,%s %s %s", disk,
		 "fmask=0133,codepage=437,iocharset=iso8859-1", disk, dir);
	ASSERT_EQ(0, system(command));
	snprintf(path, sizeof(path), "%s/image", dir);
	file = image_put(path, &self->make);
	ASSERT_LE(0, file);
	found = change_twice(self->dev, path, file, &self->make, 1100000);
	EXPECT_LT(0, found);
	close(file);
	EXPECT_EQ(0, umount2(dir, MNT_DETACH));
	rmdir(dir);
	unlink(disk);
}

struct broken {
	int file;
	off_t where;
};

static void be_told(int sig)
{
}

/* Nobody else has it mapped, so that only this process is told. */
static int break_memory(void *arg)
{
	const struct broken *b = arg;
	char *data = mmap(NULL, 4096, PROT_READ, MAP_SHARED, b->file,
			  b->where & ~4095);

	CHILD_EXPECT(data != MAP_FAILED && peek(data) >= 0);
	signal(SIGBUS, be_told);
	return madvise(data, 4096, MADV_HWPOISON) ? errno : 0;
}

/* What hardware cannot read any more, nobody reads in the kernel. */
TEST_F(attack, broken_memory)
{
	size_t rva = self->make.sections[SAMPLE_DATA].virtual_address;
	struct broken broken = {
		.file = self->file,
		.where = self->make.sections[SAMPLE_DATA].raw_offset,
	};
	struct section_query_image query;
	unsigned char *view;
	int section, err;

	section = create_image(self->dev, NULL, self->file, 0,
			       SECTION_PROT_READ);
	ASSERT_LE(0, section);
	ASSERT_EQ(0, query_image(section, &query, NULL, 0));
	view = mmap(NULL, query.bytes, PROT_READ, MAP_PRIVATE, section, 0);
	ASSERT_NE(MAP_FAILED, view);
	sec_expect_report("due to hardware memory corruption");
	err = sec_in_child(break_memory, &broken);
	if (err == EINVAL)
		SKIP(return, "this kernel knows nothing of broken memory");
	ASSERT_EQ(0, err);
	EXPECT_EQ(-SIGBUS, peek(view + rva));
	EXPECT_EQ('M', peek(view));
}

/* The image's own pages are on ramfs, too; those of holes are to be made there. */
TEST_F(attack, file_on_ramfs)
{
	char dir[] = "/tmp/section-ramfs-XXXXXX";
	struct section_query_image query;
	char path[96];
	int fd, file, section;
	uint8_t *bytes;
	size_t len;
	char *view;

	ASSERT_NE(NULL, mkdtemp(dir));
	ASSERT_EQ(0, mount("none", dir, "ramfs", 0, NULL));
	snprintf(path, sizeof(path), "%s/image", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	ASSERT_LE(0, fd);
	bytes = pe_make_build(&self->make, &len);
	ASSERT_TRUE(write_all(fd, bytes, self->make.sections[0].raw_offset));
	ASSERT_EQ(0, ftruncate(fd, len));
	close(fd);
	free(bytes);
	file = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, file);
	section = create_image(self->dev, NULL, file, 0, SECTION_PROT_READ);
	ASSERT_LE(0, section);
	ASSERT_EQ(0, query_image(section, &query, NULL, 0));
	view = mmap(NULL, query.bytes, PROT_READ, MAP_PRIVATE, section, 0);
	ASSERT_NE(MAP_FAILED, view);
	for (size_t at = 0; at < query.bytes; at += 4096)
		ASSERT_LE(0, peek(view + at));
	EXPECT_EQ(0, umount2(dir, MNT_DETACH));
	rmdir(dir);
}

static long committed(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	long value = -1;
	char line[128];

	while (value < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "Committed_AS: %ld kB", &value);
	fclose(file);
	return value;
}

static int create_and_go(void *arg)
{
	int *fds = arg;
	int section;

	for (int i = 0; i < 20; i++) {
		section = create_image(fds[0], NULL, fds[1], 0, SEC_PROT_RW);
		CHILD_EXPECT(section >= 0);
		close(section);
		/* Too large: everything is there before that is found out. */
		section = create_image(fds[0], NULL, fds[1], 1 << 30,
				       SEC_PROT_RW);
		CHILD_EXPECT(section == -EFBIG);
	}
	return 0;
}

static bool committed_is(void *arg)
{
	return labs(committed() - *(long *)arg) < 400;
}

/* What copies and shared segments are accounted is given back. */
TEST_F(attack, accounted)
{
	int writer, fds[] = { self->dev, self->file };
	long before;

	EXPECT_EQ(0, sec_in_child(create_and_go, fds));
	before = committed();
	EXPECT_EQ(0, sec_in_child(create_and_go, fds));
	EXPECT_TRUE(sec_eventually(committed_is, &before, 10))
		TH_LOG("%ld, not %ld", committed(), before);
	writer = open(self->path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, writer);
	EXPECT_EQ(0, sec_in_child(create_and_go, fds));
	EXPECT_TRUE(sec_eventually(committed_is, &before, 10))
		TH_LOG("%ld, not %ld", committed(), before);
}

#define MB	(1024 * 1024)
#define CGROUP	"/sys/fs/cgroup/section-image"

static int copy_too_much(void *arg)
{
	const int *fds = arg;

	CHILD_EXPECT(!sec_write_number(CGROUP "/cgroup.procs", getpid()));
	CHILD_EXPECT(create_image(fds[0], NULL, fds[1], 0,
				  SECTION_PROT_READ) == -ENOMEM);
	return 0;
}

/* A copy is there or an error: nobody is killed for it. */
TEST_F(attack, copy_in_a_small_group)
{
	int fds[] = { self->dev, self->file };
	struct pe_make large;
	uint8_t *bytes;
	size_t len;
	int writer;

	rmdir(CGROUP);
	if (mkdir(CGROUP, 0755))
		SKIP(return, "no memory cgroups: errno %d", errno);
	ASSERT_EQ(0, sec_write_number(CGROUP "/memory.max", 24 * MB));
	sec_write_number(CGROUP "/memory.swap.max", 0);
	memset(&large, 0, sizeof(large));
	large.seed = 1;
	large.plus = true;
	large.image_base = 0x180000000ULL;
	large.section_count = 1;
	large.sections[0].characteristics = 0xc0000040;
	large.sections[0].virtual_size = 64 * MB;
	large.sections[0].raw_size = 64 * MB;
	pe_make_layout(&large);
	bytes = pe_make_build(&large, &len);
	ASSERT_NE(NULL, bytes);
	ASSERT_LT(64 * MB, (long)len);
	writer = open(self->path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, writer);
	ASSERT_TRUE(write_all(writer, bytes, len));
	free(bytes);
	EXPECT_EQ(0, sec_in_child(copy_too_much, fds));
	rmdir(CGROUP);
}

TEST_HARNESS_MAIN
