// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executable images in files of every file system: their pages are what the model
 * says, whatever the file system's own pages are; and building them takes no lock of
 * the file's that the toucher may have (H15).
 */
#include "kselftest_harness.h"
#include "fs_util.h"
#include "../image_util.h"
#include "../image/pe_model.h"

/* What was written is on the disk only, and read from there. */
static void forget(int fd)
{
	fsync(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

static int image_at(const char *dir, uint8_t *bytes, size_t len, char *path,
		    size_t room)
{
	static int number;
	int fd, reader;

	/* Readable by all from the beginning: not every server knows chmod(2). */
	snprintf(path, room, "%s/image-%d-%d", dir, getpid(), number++);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 || !write_all(fd, bytes, len))
		return -errno;
	forget(fd);
	reader = open(path, O_RDONLY | O_CLOEXEC);
	close(fd);
	return reader;
}

TEST_F_TIMEOUT(fs, images_as_the_model_says, 300)
{
	const char *dir = place("SECTION_FS_DIR");
	int count = sec_rounds(60);

	for (int i = 0; i < count; i++) {
		struct section_query_image query;
		struct pe_model model;
		struct pe_make make;
		uint8_t *bytes, *expected, *view;
		char path[256];
		int file, section;
		size_t len;

		pe_make_random(&make, 5000 + i);
		bytes = pe_make_build(&make, &len);
		pe_model_load(bytes, len, &model);
		file = image_at(dir, bytes, len, path, sizeof(path));
		ASSERT_LE(0, file);
		section = create_image(self->dev, NULL, file, 0,
				       SECTION_PROT_READ);
		ASSERT_LE(0, section)
			TH_LOG("seed %d: %d", i, section);
		ASSERT_EQ(0, query_image(section, &query, NULL, 0));
		view = mmap(NULL, query.bytes, PROT_READ, MAP_PRIVATE, section,
			    0);
		ASSERT_NE(MAP_FAILED, view);
		expected = malloc(model.image_size);
		pe_model_image(&model, query.base, expected);
		EXPECT_EQ(0, memcmp(expected, view, model.image_size))
			TH_LOG("seed %d", i);
		munmap(view, query.bytes);
		close(section);
		close(file);
		unlink(path);
		free(expected);
		pe_model_free(&model);
		free(bytes);
	}
}

/*
 * write(2) reads what it writes while it has the locks of the file; here it reads
 * pages of an image of that same file, which were not built yet.  (The image's owner
 * could not have it open for writing; who may only read it does not mind.)
 */
static int reader(const char *path, int end)
{
	int file, section, dev = sec_dev();
	char byte;

	if (sec_become(SEC_ALICE, SEC_ALICE))
		return 1;
	file = open(path, O_RDONLY | O_CLOEXEC);
	section = create_image(dev, NULL, file, 0, SECTION_PROT_READ);
	return section < 0 || sec_send_fd(end, section) ||
	       read(end, &byte, 1) < 0;
}

static int written_from_its_image(void *arg)
{
	struct section_query_image query;
	int section, writer, ends[2];
	const char *path = arg;
	pid_t alice;
	char *view;

	CHILD_EXPECT(!socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	alice = fork();
	if (!alice) {
		close(ends[0]);
		_exit(reader(path, ends[1]));
	}
	close(ends[1]);
	section = sec_receive_fd(ends[0]);
	CHILD_EXPECT(section >= 0);
	CHILD_EXPECT(!query_image(section, &query, NULL, 0));
	CHILD_EXPECT(!(query.flags & SECTION_IMAGE_FROZEN));
	writer = open(path, O_RDWR | O_CLOEXEC);
	CHILD_EXPECT(writer >= 0);
	view = mmap(NULL, query.bytes, PROT_READ, MAP_PRIVATE, section, 0);
	CHILD_EXPECT(view != MAP_FAILED);
	for (size_t at = 0; at < query.bytes; at += 4096)
		CHILD_EXPECT(pwrite(writer, view + at + 100, 2000,
				    query.file_bytes + at) == 2000);
	close(ends[0]);
	return sec_wait(alice);
}

TEST_F_TIMEOUT(fs, file_written_from_its_own_image, 60)
{
	struct pe_make make;
	uint8_t *bytes;
	char path[256];
	size_t len;
	int file;

	sample_describe(&make, 77);
	bytes = pe_make_build(&make, &len);
	file = image_at(place("SECTION_FS_DIR"), bytes, len, path,
			sizeof(path));
	ASSERT_LE(0, file);
	free(bytes);
	close(file);
	EXPECT_EQ(0, sec_in_child(written_from_its_image, path));
	unlink(path);
}

/* As long as there is the image, nobody writes to the file; and then again. */
TEST_F(fs, nobody_writes_to_an_image)
{
	struct pe_make make;
	uint8_t *bytes;
	char path[256];
	size_t len;
	int file, section, fd;

	sample_describe(&make, 78);
	bytes = pe_make_build(&make, &len);
	file = image_at(place("SECTION_FS_DIR"), bytes, len, path,
			sizeof(path));
	ASSERT_LE(0, file);
	free(bytes);
	section = create_image(self->dev, NULL, file, 0, SEC_PROT_RX);
	ASSERT_LE(0, section);
	EXPECT_EQ(-1, open(path, O_RDWR | O_CLOEXEC));
	EXPECT_EQ(ETXTBSY, errno);
	EXPECT_EQ(-1, truncate(path, 0));
	EXPECT_EQ(ETXTBSY, errno);
	close(section);
	fd = open(path, O_RDWR | O_CLOEXEC);
	EXPECT_LE(0, fd);
	close(fd);
	close(file);
	unlink(path);
}

TEST_HARNESS_MAIN
