// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a view cannot do that a mapping of a memfd can, because the kernel
 * recognises shared memory by the operations of its mappings. This is the list
 * in the documentation; each entry is shown to be true, and to be true of
 * memfds the other way, so that the list can become shorter one day.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"

#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <sys/resource.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY	1
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA		0x53564d41
#define PR_SET_VMA_ANON_NAME	0
#endif

#define RW	(PROT_READ | PROT_WRITE)
#define PAGES	4

FIXTURE(differences) {
	int dev;
	int handle;
	int memfd;
	unsigned char *view;
	unsigned char *plain;
	unsigned char *anon;
	size_t length;
};

FIXTURE_VARIANT(differences) {
	/* The section is of the memfd that is compared with it. */
	bool file;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(differences, anon) { .file = false };
FIXTURE_VARIANT_ADD(differences, file) { .file = true };
/* clang-format on */

FIXTURE_SETUP(differences)
{
	self->length = PAGES * SEC_PAGE;
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->memfd = memfd_create("section-test",
				   MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ASSERT_LE(0, self->memfd);
	ASSERT_EQ(0, ftruncate(self->memfd, self->length));
	self->handle = sec_create_file(self->dev, NULL, variant->file ?
				       self->memfd : -1, self->length,
				       SEC_PROT_RW);
	ASSERT_LE(0, self->handle);
	self->view = sec_map(self->handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, self->view);
	self->plain = mmap(NULL, self->length, RW, MAP_SHARED, self->memfd, 0);
	ASSERT_NE(MAP_FAILED, self->plain);
	self->anon = mmap(NULL, self->length, RW, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	ASSERT_NE(MAP_FAILED, self->anon);
}

FIXTURE_TEARDOWN(differences)
{
}

/* 0 or -errno. */
static int uffd_register(int uffd, void *start, size_t length, __u64 mode)
{
	struct uffdio_register args = {
		.range = { .start = sec_ptr(start), .len = length },
		.mode = mode,
	};

	return ioctl(uffd, UFFDIO_REGISTER, &args) ? -errno : 0;
}

TEST_F(differences, userfaultfd)
{
	struct uffdio_api api = { .api = UFFD_API };
	unsigned char *private;
	int uffd;

	uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	if (uffd < 0)
		SKIP(return, "no userfaultfd here: errno %d", errno);
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_API, &api));
	EXPECT_EQ(0, uffd_register(uffd, self->plain, self->length,
				   UFFDIO_REGISTER_MODE_MISSING));
	EXPECT_EQ(-EINVAL, uffd_register(uffd, self->view, self->length,
					 UFFDIO_REGISTER_MODE_MISSING));
	private = sec_map(self->handle, RW, SECTION_MAP_PRIVATE, 0, 0);
	ASSERT_NE(MAP_FAILED, private);
	EXPECT_EQ(-EINVAL, uffd_register(uffd, private, self->length,
					 UFFDIO_REGISTER_MODE_MISSING));
	/* Nobody waits for a fault that nobody will see. */
	EXPECT_EQ(0, poke(self->view, 'u'));
	EXPECT_EQ('u', peek(private));
}

static int vma_name(void *start, size_t length)
{
	return prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, start, length, "name") ?
	       -errno : 0;
}

TEST_F(differences, anonymous_name)
{
	char before[512], after[512];
	int expected = -EBADF;

	/* A kernel that is built without such names knows no such option. */
	if (vma_name(self->anon, self->length))
		expected = -EINVAL;
	ASSERT_TRUE(maps_line(self->view, before, sizeof(before)));
	EXPECT_EQ(expected, vma_name(self->view, self->length));
	ASSERT_TRUE(maps_line(self->view, after, sizeof(after)));
	EXPECT_STREQ(before, after);
}

TEST_F(differences, seals)
{
	EXPECT_EQ(0, fcntl(self->memfd, F_GET_SEALS));
	EXPECT_EQ(-1, fcntl(self->handle, F_GET_SEALS));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, fcntl(self->handle, F_ADD_SEALS, F_SEAL_WRITE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, fcntl(self->handle, F_ADD_SEALS, F_SEAL_SEAL));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, fcntl(self->memfd, F_GET_SEALS));
	EXPECT_EQ(0, poke(self->view, 's'));
}

/* 0 or -errno. */
static int ring_register(int ring, void *start, size_t length)
{
	struct iovec iov = { start, length };

	return syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS,
		       &iov, 1) ? -errno : 0;
}

/*
 * Long-term pins: those of io_uring's fixed buffers knew shared memory by its
 * operations once, and refused other files.
 */
TEST_F(differences, fixed_buffers)
{
	struct io_uring_params params = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 2, &params);
	int expected;

	if (ring < 0)
		SKIP(return, "no io_uring here: errno %d", errno);
	ASSERT_EQ(0, ring_register(ring, self->plain, self->length));
	ASSERT_EQ(0, syscall(SYS_io_uring_register, ring,
			     IORING_UNREGISTER_BUFFERS, NULL, 0));
	expected = kernel_at_least(6, 12) ? 0 : -EOPNOTSUPP;
	EXPECT_EQ(expected, ring_register(ring, self->view, self->length));
	close(ring);
	EXPECT_EQ(0, poke(self->view, 'b'));
}

/* What fstat(2) tells: size and owner. */
TEST_F(differences, stat)
{
	struct section_query q;
	struct stat st;

	ASSERT_EQ(0, fstat(self->handle, &st));
	EXPECT_EQ((off_t)self->length, st.st_size);
	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_EQ(q.id, st.st_ino);
	EXPECT_EQ(geteuid(), st.st_uid);
	EXPECT_EQ(0600U, st.st_mode & 07777);
}

TEST_HARNESS_MAIN
