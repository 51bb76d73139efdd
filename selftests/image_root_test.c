// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executable images: several users, pages that are taken away, and what may outlive
 * an image.
 */
#include "kselftest_harness.h"
#include "image_guest.h"

#include <sys/mount.h>

#define RW	(PROT_READ | PROT_WRITE)

FIXTURE(users) {
	struct pe_make make;
	char dir[64];
	char path[96];
	int file;
};

FIXTURE_SETUP(users)
{
	sample_describe(&self->make, 1);
	snprintf(self->dir, sizeof(self->dir), "/tmp/section-users-XXXXXX");
	self->file = image_mounted("tmpfs", self->dir, self->path,
				   sizeof(self->path), &self->make);
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(users)
{
	image_unmount(self->dir);
}

/* H17: what processes share, they share with their own user's only. */
TEST_F(users, shared_segments)
{
	size_t rva = self->make.sections[SAMPLE_SHARED].virtual_address;
	struct guest alice = { .uid = SEC_ALICE, .file = self->file,
			       .shared = rva };
	struct guest again = alice, bob = alice, apart = alice;
	unsigned char first = file_byte(self->file,
			self->make.sections[SAMPLE_SHARED].raw_offset);
	struct answer a, b, c, d;

	/* Otherwise each has an image of his own, see below. */
	ASSERT_EQ(0, chmod(self->path, 0755));
	bob.uid = SEC_BOB;
	apart.namespace = true;
	a = guest_start(&alice);
	b = guest_start(&again);
	c = guest_start(&bob);
	d = guest_start(&apart);
	ASSERT_EQ(0, a.error | b.error | c.error | d.error)
		TH_LOG("%d %d %d %d", a.error, b.error, c.error, d.error);
	EXPECT_EQ((unsigned char)(first + 1), a.count);
	EXPECT_EQ((unsigned char)(first + 2), b.count);
	EXPECT_EQ((unsigned char)(first + 1), c.count);
	EXPECT_EQ((unsigned char)(first + 1), d.count);
	/* All the rest is one image. */
	EXPECT_EQ(a.base, b.base);
	EXPECT_EQ(a.base, c.base);
	EXPECT_EQ(a.base, d.base);
	EXPECT_EQ(0, guest_stop(&alice) | guest_stop(&again) |
		     guest_stop(&bob) | guest_stop(&apart));
}

/* H16: whoever may only read a file keeps nobody from writing to it. */
TEST_F(users, reader_does_not_block_the_owner)
{
	size_t rva = self->make.sections[SAMPLE_SHARED].virtual_address;
	struct guest alice = { .uid = SEC_ALICE, .file = self->file,
			       .shared = rva };
	int fd;

	ASSERT_EQ(0, guest_start(&alice).error);
	fd = open(self->path, O_RDWR | O_CLOEXEC);
	EXPECT_LE(0, fd);
	close(fd);
	EXPECT_EQ(0, guest_stop(&alice));
}

/* Nor does he by an overlay, which shows less of what is below than it takes. */
TEST_F(users, reader_does_not_block_the_owner_through_an_overlay)
{
	size_t rva = self->make.sections[SAMPLE_SHARED].virtual_address;
	struct guest alice = { .uid = SEC_ALICE, .shared = rva };
	char merged[] = "/tmp/section-merged-XXXXXX";
	char below[] = "/tmp/section-below-XXXXXX";
	char path[64], options[128];

	close(image_mounted("tmpfs", below, path, sizeof(path), &self->make));
	ASSERT_EQ(0, chmod(path, 0755));
	ASSERT_EQ(0, mount(NULL, below, NULL,
			   MS_REMOUNT | MS_BIND | MS_NOEXEC, NULL));
	ASSERT_NE(NULL, mkdtemp(merged));
	ASSERT_EQ(0, chmod(merged, 0755));
	snprintf(options, sizeof(options), "lowerdir=%s:%s", below, merged);
	ASSERT_EQ(0, mount("none", merged, "overlay", 0, options));
	snprintf(options, sizeof(options), "%s/image", merged);
	alice.file = open(options, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, alice.file);
	ASSERT_EQ(0, guest_start(&alice).error);
	EXPECT_EQ(0, open_for_writing(path));
	EXPECT_EQ(0, guest_stop(&alice));
	close(alice.file);
	image_unmount(merged);
	image_unmount(below);
}

/* Whoever finds that the file is being written to gets a copy. */
TEST_F(users, readers_image_of_a_file_that_is_written_to)
{
	size_t rva = self->make.sections[SAMPLE_SHARED].virtual_address;
	struct guest bob = { .uid = SEC_BOB, .file = self->file,
			     .shared = rva };
	struct section_query_image query;
	int writer, section;

	ASSERT_EQ(0, guest_start(&bob).error);
	writer = open(self->path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, writer);
	section = create_image(sec_dev(), NULL, self->file, 0,
			       SECTION_PROT_READ);
	ASSERT_LE(0, section);
	ASSERT_EQ(0, query_image(section, &query, NULL, 0));
	EXPECT_TRUE(query.flags & SECTION_IMAGE_FROZEN);
	EXPECT_EQ(0, guest_stop(&bob));
}

/* As if he had started it: then the kernel does the same for him. */
TEST_F(users, who_may_execute_it_does)
{
	size_t rva = self->make.sections[SAMPLE_SHARED].virtual_address;
	struct guest alice = { .uid = SEC_ALICE, .file = self->file,
			       .shared = rva };

	ASSERT_EQ(0, chmod(self->path, 0755));
	ASSERT_EQ(0, guest_start(&alice).error);
	EXPECT_EQ(-1, open(self->path, O_RDWR | O_CLOEXEC));
	EXPECT_EQ(ETXTBSY, errno);
	EXPECT_EQ(0, guest_stop(&alice));
}

TEST_F(users, owner_does)
{
	size_t rva = self->make.sections[SAMPLE_SHARED].virtual_address;
	struct guest alice = { .uid = SEC_ALICE, .file = self->file,
			       .shared = rva };

	ASSERT_EQ(0, chown(self->path, SEC_ALICE, SEC_ALICE));
	ASSERT_EQ(0, chmod(self->path, 0444));
	ASSERT_EQ(0, guest_start(&alice).error);
	EXPECT_EQ(-1, open(self->path, O_RDWR | O_CLOEXEC));
	EXPECT_EQ(ETXTBSY, errno);
	EXPECT_EQ(0, guest_stop(&alice));
}

/* I51: renaming what is in use, and so on, parts nobody from those who have it. */
TEST_F(users, only_contents_matter)
{
	size_t rva = self->make.sections[SAMPLE_SHARED].virtual_address;
	struct guest alice = { .uid = SEC_ALICE, .file = self->file,
			       .shared = rva };
	struct guest again = alice;
	struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	struct answer a, b;
	char path[104];

	ASSERT_EQ(0, chmod(self->path, 0755));
	a = guest_start(&alice);
	ASSERT_EQ(0, a.error);
	snprintf(path, sizeof(path), "%s.old", self->path);
	ASSERT_EQ(0, rename(self->path, path));
	ASSERT_EQ(0, chmod(path, 0555));
	ASSERT_EQ(0, utimensat(AT_FDCWD, path, times, 0));
	b = guest_start(&again);
	ASSERT_EQ(0, b.error);
	EXPECT_EQ(a.base, b.base);
	EXPECT_EQ((unsigned char)(a.count + 1), b.count);
	ASSERT_EQ(0, rename(path, self->path));
	EXPECT_EQ(0, guest_stop(&alice) | guest_stop(&again));
}

/* A file on a disk, so that mere readers can have an image in common. */
FIXTURE(settled) {
	struct pe_make make;
	char path[64];
	int file;
};

FIXTURE_SETUP(settled)
{
	if (!have_ext4())
		SKIP(return, "no ext4");
	sample_describe(&self->make, 1);
	snprintf(self->path, sizeof(self->path),
		 EXT4_DIR "/section-settled-%d", (int)getpid());
	self->file = image_put(self->path, &self->make);
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(settled)
{
	unlink(self->path);
}

/* Until any further change of the file must show in its times. */
static void settle(int file)
{
	struct stat st;

	while (!fstat(file, &st) && time(NULL) <= st.st_ctime)
		usleep(100000);
}

/* Mere readers have one image if each change of the file would show in its times. */
TEST_F(settled, mere_readers)
{
	size_t rva = self->make.sections[SAMPLE_SHARED].virtual_address;
	struct guest alice = { .uid = SEC_ALICE, .file = self->file,
			       .shared = rva };
	struct guest bob = { .uid = SEC_BOB, .file = self->file,
			     .shared = rva };
	struct answer a, b;

	settle(self->file);
	a = guest_start(&alice);
	b = guest_start(&bob);
	ASSERT_EQ(0, a.error | b.error);
	EXPECT_EQ(a.base, b.base);
	EXPECT_EQ(0, guest_stop(&alice) | guest_stop(&bob));
}

/* A reader does not keep the owner from having his file left alone. */
TEST_F(settled, owner_denies_on_a_readers_image)
{
	size_t rva = self->make.sections[SAMPLE_SHARED].virtual_address;
	struct guest bob = { .uid = SEC_BOB, .file = self->file,
			     .shared = rva };
	struct guest alice = bob;
	struct answer a, b;

	alice.uid = SEC_ALICE;
	ASSERT_EQ(0, chown(self->path, SEC_ALICE, SEC_ALICE));
	settle(self->file);
	b = guest_start(&bob);
	ASSERT_EQ(0, b.error);
	a = guest_start(&alice);
	ASSERT_EQ(0, a.error);
	/* Not by the same pages: nobody saw to it that those of bob are the file's. */
	EXPECT_NE(b.base, a.base);
	EXPECT_EQ(-1, open(self->path, O_RDWR | O_CLOEXEC));
	EXPECT_EQ(ETXTBSY, errno);
	EXPECT_EQ(0, guest_stop(&alice));
	EXPECT_EQ(0, guest_stop(&bob));
}

/* H16: nobody is handed pages of what the file was. */
TEST_F(settled, image_that_was_changed_under_a_reader)
{
	size_t rva = self->make.sections[SAMPLE_SHARED].virtual_address;
	size_t raw = self->make.sections[SAMPLE_SHARED].raw_offset;
	struct guest alice = { .uid = SEC_ALICE, .file = self->file,
			       .shared = rva };
	struct guest bob = alice;
	struct answer a, b;
	unsigned char first = file_byte(self->file, raw), changed = first + 100;
	int fd;

	bob.uid = SEC_BOB;
	settle(self->file);
	a = guest_start(&alice);
	ASSERT_EQ(0, a.error);
	fd = open(self->path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(1, pwrite(fd, &changed, 1, raw));
	close(fd);
	settle(self->file);
	b = guest_start(&bob);
	ASSERT_EQ(0, b.error);
	EXPECT_EQ((unsigned char)(first + 1), a.count);
	EXPECT_EQ((unsigned char)(changed + 1), b.count);
	EXPECT_NE(a.base, b.base);
	EXPECT_EQ(0, guest_stop(&alice) | guest_stop(&bob));
}

/* H7 */
TEST_F(users, noexec)
{
	char dir[] = "/tmp/section-noexec-XXXXXX";
	int dev = sec_dev(), file;
	struct pe_make make;

	ASSERT_NE(NULL, mkdtemp(dir));
	ASSERT_EQ(0, mount("none", dir, "tmpfs", MS_NOEXEC, NULL));
	file = sample_file(dir, 5, &make);
	ASSERT_LE(0, file);
	EXPECT_EQ(-EPERM, create_image(dev, NULL, file, 0, SEC_PROT_RX));
	EXPECT_LE(0, create_image(dev, NULL, file, 0, SECTION_PROT_READ));
	EXPECT_EQ(0, umount2(dir, MNT_DETACH));
	rmdir(dir);
}

/* How many pages of a view are in memory. */
static int resident(void *view, size_t pages)
{
	unsigned char in[pages];
	int count = 0;

	if (mincore(view, pages * 4096, in))
		return -1;
	for (size_t i = 0; i < pages; i++)
		count += in[i] & 1;
	return count;
}

/* Pages are taken away while they are mapped, and are the same when they return. */
TEST_F(users, reclaimed_and_rebuilt)
{
	int section = create_image(sec_dev(), NULL, self->file, 0,
				   SECTION_PROT_READ);
	struct section_query_image query;
	size_t pages;
	char *view, *copy;

	ASSERT_LE(0, section);
	ASSERT_EQ(0, query_image(section, &query, NULL, 0));
	pages = query.bytes / 4096;
	view = mmap(NULL, query.bytes, PROT_READ, MAP_PRIVATE, section, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, resident(view, pages));
	copy = malloc(query.bytes);
	memcpy(copy, view, query.bytes);
	EXPECT_EQ((int)pages, resident(view, pages));
	ASSERT_EQ(0, madvise(view, query.bytes, MADV_PAGEOUT));
	EXPECT_EQ(0, resident(view, pages));
	EXPECT_EQ(0, memcmp(copy, view, query.bytes));
	EXPECT_EQ((int)pages, resident(view, pages));
	/* H23: also by those who have nothing to do with it. */
	ASSERT_EQ(0, madvise(view, query.bytes, MADV_DONTNEED));
	ASSERT_EQ(0, sec_write_file("/proc/sys/vm/drop_caches", "1"));
	EXPECT_EQ(0, resident(view, pages));
	EXPECT_EQ(0, memcmp(copy, view, query.bytes));
}

/*
 * Unloading: somebody has kept the inode that has the pages.
 */

FIXTURE(leftover) {
	struct pe_make make;
};

FIXTURE_SETUP(leftover)
{
	if (!module_is_module())
		SKIP(return, "not a module");
}

FIXTURE_TEARDOWN(leftover)
{
	if (!module_is_module())
		module_load();
}

/* By the name that the mapping has in /proc. */
static int keep_inode(void *view, size_t bytes)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)view, (unsigned long)view + bytes);
	return open(path, O_PATH | O_CLOEXEC);
}

TEST_F(leftover, inode)
{
	int dev = sec_dev(), file = sample_file("/tmp", 7, &self->make);
	int section = create_image(dev, NULL, file, 0, SECTION_PROT_READ);
	struct section_query_image query;
	char *view, path[64];
	struct stat st;
	int kept;

	ASSERT_EQ(0, query_image(section, &query, NULL, 0));
	view = mmap(NULL, query.bytes, PROT_READ, MAP_PRIVATE, section, 0);
	ASSERT_NE(MAP_FAILED, view);
	for (size_t i = 0; i < query.bytes; i += 4096)
		ASSERT_LE(0, peek(view + i));
	kept = keep_inode(view, query.bytes);
	ASSERT_LE(0, kept);
	/* Nobody opens it (H8). */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", kept);
	EXPECT_EQ(-1, open(path, O_RDONLY));
	EXPECT_EQ(ENXIO, errno);
	munmap(view, query.bytes);
	close(section);
	close(dev);
	ASSERT_EQ(0, module_unload_soon());
	ASSERT_EQ(0, fstat(kept, &st));
	EXPECT_EQ(0, st.st_size);
	ASSERT_EQ(0, sec_write_file("/proc/sys/vm/drop_caches", "3"));
	EXPECT_EQ(0, close(kept));
	ASSERT_EQ(0, module_load());
}

TEST_HARNESS_MAIN
