// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executable images in files of a server that answers late, wrongly or never.
 */
#include "kselftest_harness.h"
#include "image_guest.h"
#include "fuse_util.h"

FIXTURE(server) {
	struct fuse f;
	struct pe_make make;
	int dev;
	int file;
	int section;
	struct section_query_image query;
	unsigned char *view;
	unsigned char *data;
};

/* Not only the descriptor for reading: the file must not be open for writing. */
static int put_image(struct fuse *f, const struct pe_make *make)
{
	size_t len;
	uint8_t *bytes = pe_make_build(make, &len);
	int fd = fuse_open_file(f, "cached");
	char path[96];

	if (fd < 0 || !write_all(fd, bytes, len) || fsync(fd))
		return -errno;
	close(fd);
	free(bytes);
	snprintf(path, sizeof(path), "%s/cached", f->dir);
	return open(path, O_RDONLY | O_CLOEXEC);
}

FIXTURE_SETUP(server)
{
	const char *problem = fuse_start(&self->f, true);

	ASSERT_EQ(NULL, problem)
		TH_LOG("%s: errno %d", problem, errno);
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	sample_describe(&self->make, 1);
	self->file = put_image(&self->f, &self->make);
	ASSERT_LE(0, self->file);
	self->section = create_image(self->dev, NULL, self->file, 0,
				     SECTION_PROT_READ);
	ASSERT_LE(0, self->section);
	ASSERT_EQ(0, query_image(self->section, &self->query, NULL, 0));
	ASSERT_FALSE(self->query.flags & SECTION_IMAGE_FROZEN);
	self->view = mmap(NULL, self->query.bytes, PROT_READ, MAP_PRIVATE,
			  self->section, 0);
	ASSERT_NE(MAP_FAILED, self->view);
	self->data = self->view +
		     self->make.sections[SAMPLE_DATA].virtual_address;
	/* It has to be asked again. */
	ASSERT_EQ(0, posix_fadvise(self->file, 0, 0, POSIX_FADV_DONTNEED));
}

FIXTURE_TEARDOWN(server)
{
	fuse_stop(&self->f);
	if (access(SEC_DEVICE, F_OK))
		module_load();
}

static void *want_all(void *arg)
{
	unsigned char *view = arg;

	madvise(view, 16 * 4096, MADV_POPULATE_READ);
	return NULL;
}

/* H5: the page is built when nobody wants it any more, and the module waits. */
TEST_F_TIMEOUT(server, pages_outlive_the_view, 120)
{
	struct toucher toucher = { .address = self->data };
	pthread_t thread, other;

	if (!module_is_module())
		SKIP(return, "not a module");
	ASSERT_EQ(0, command(&self->f, STALL, FUSE_READ));
	ASSERT_EQ(0, pthread_create(&thread, NULL, touch_thread, &toucher));
	ASSERT_TRUE(wait_parked(&self->f));
	ASSERT_EQ(0, pthread_create(&other, NULL, want_all, self->view));
	usleep(300000);
	ASSERT_EQ(0, munmap(self->view, self->query.bytes));
	ASSERT_EQ(0, close(self->section));
	ASSERT_EQ(0, close(self->file));
	ASSERT_EQ(0, close(self->dev));
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	ASSERT_EQ(0, command(&self->f, RELEASE, 0));
	EXPECT_EQ(0, module_unload_soon());
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(0, pthread_join(other, NULL));
	EXPECT_EQ(-SIGSEGV, toucher.value);
	ASSERT_EQ(0, module_load());
}

static int want_all_in_child(void *arg)
{
	want_all(arg);
	return 0;
}

/* Whoever wants many pages can be killed, and keeps nothing. */
TEST_F_TIMEOUT(server, reader_is_killed, 120)
{
	pid_t child;

	ASSERT_EQ(0, command(&self->f, STALL, FUSE_READ));
	child = sec_fork(want_all_in_child, self->view);
	ASSERT_TRUE(wait_parked(&self->f));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(0, command(&self->f, RELEASE, 0));
	EXPECT_EQ(-SIGKILL, sec_wait(child));
	EXPECT_EQ('M', peek(self->view));
	EXPECT_EQ('Z', peek(self->view + 1));
}

static bool child_is_gone(void *arg)
{
	siginfo_t info = { 0 };

	return !waitid(P_PID, *(pid_t *)arg, &info,
		       WEXITED | WNOHANG | WNOWAIT) && info.si_pid;
}

static int create_in_child(void *arg)
{
	int file = *(int *)arg;

	return create_image(sec_dev(), NULL, file, 0, SECTION_PROT_READ) < 0;
}

/* Kills a child that waits for a server that does not answer. */
static bool dies_waiting(struct fuse *f, int (*what)(void *arg), void *arg)
{
	pid_t child;
	bool gone;

	if (command(f, STALL, FUSE_READ))
		return false;
	child = sec_fork(what, arg);
	if (!wait_parked(f))
		return false;
	/* It is waiting for its page by now. */
	usleep(300000);
	kill(child, SIGKILL);
	gone = sec_eventually(child_is_gone, &child, 10);
	command(f, RELEASE, 0);
	return sec_wait(child) == -SIGKILL && gone;
}

/* As with any mapping of the file: not only when the server answers. */
TEST_F_TIMEOUT(server, reader_is_killed_waiting, 120)
{
	EXPECT_TRUE(dies_waiting(&self->f, want_all_in_child, self->view));
	EXPECT_EQ('M', peek(self->view));
}

TEST_F_TIMEOUT(server, creator_is_killed_waiting, 120)
{
	munmap(self->view, self->query.bytes);
	close(self->section);
	EXPECT_TRUE(dies_waiting(&self->f, create_in_child, &self->file));
	EXPECT_EQ(0, sec_in_child(create_in_child, &self->file));
}

/* An error is the toucher's alone, and is not kept. */
TEST_F(server, error_of_the_server)
{
	size_t raw = self->make.sections[SAMPLE_DATA].raw_offset;

	ASSERT_EQ(0, command(&self->f, FAIL_PAGE, raw / 4096 + 1));
	EXPECT_EQ(-SIGBUS, peek(self->data + 4096));
	ASSERT_EQ(0, command(&self->f, FAIL_PAGE, -1));
	EXPECT_LE(0, peek(self->data + 4096));
}

/* H16: who may write is known by the server, which nobody has asked. */
TEST_F(server, reader_does_not_block_the_owner)
{
	char path[96];
	int section;

	munmap(self->view, self->query.bytes);
	close(self->section);
	snprintf(path, sizeof(path), "%s/cached", self->f.dir);
	section = create_as_alice(self->dev, self->file);
	ASSERT_LE(0, section);
	EXPECT_EQ(0, open_for_writing(path));
	close(section);
	section = create_image(self->dev, NULL, self->file, 0,
			       SECTION_PROT_READ);
	ASSERT_LE(0, section);
	EXPECT_EQ(-ETXTBSY, open_for_writing(path));
}

/* H16: nor does this server tell when its files have changed. */
TEST_F(server, times_of_the_server)
{
	size_t rva = self->make.sections[SAMPLE_DATA].virtual_address;
	size_t raw = self->make.sections[SAMPLE_DATA].raw_offset;
	unsigned char *view, *other, changed;
	char path[96];
	int fd;

	munmap(self->view, self->query.bytes);
	close(self->section);
	view = page_of(create_as_alice(self->dev, self->file), rva);
	ASSERT_NE(MAP_FAILED, view);
	changed = view[9] + 1;
	snprintf(path, sizeof(path), "%s/cached", self->f.dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(1, pwrite(fd, &changed, 1, raw + 9));
	close(fd);
	other = page_of(create_as_alice(self->dev, self->file), rva);
	ASSERT_NE(MAP_FAILED, other);
	EXPECT_EQ(changed, other[9]);
}

static int open_as(struct fuse *f, uid_t uid)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/cached", f->dir);
	if (seteuid(uid))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return seteuid(0) ? -1 : fd;
}

/* A server may give a user the file no longer: others do not depend on him. */
TEST_F(server, each_user_has_his_own)
{
	static const uid_t uids[3] = { SEC_ALICE, SEC_ALICE, SEC_BOB };
	struct guest guests[3] = { 0 };
	struct answer answers[3];
	int i;

	/* So that each of them keeps others from writing, and could share. */
	ASSERT_EQ(0, fchmod(self->file, 0755));
	for (i = 0; i < 3; i++) {
		guests[i].uid = uids[i];
		guests[i].file = open_as(&self->f, uids[i]);
		ASSERT_LE(0, guests[i].file);
		answers[i] = guest_start(&guests[i]);
		ASSERT_EQ(0, answers[i].error);
	}
	EXPECT_NE(self->query.base, answers[0].base);
	EXPECT_EQ(answers[0].base, answers[1].base);
	EXPECT_NE(answers[0].base, answers[2].base);
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, guest_stop(&guests[i]));
}

/* The server is gone with the pages. */
TEST_F(server, server_dies)
{
	fuse_kill(&self->f);
	EXPECT_EQ(-SIGBUS, peek(self->data + 3 * 4096));
	close(self->section);
	EXPECT_EQ(0, munmap(self->view, self->query.bytes));
}

TEST_HARNESS_MAIN
