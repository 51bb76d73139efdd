// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executable images, with every allocation failing once: of making a section, its
 * shared segments and a copy of its own, of mapping it, and of building its pages.
 *
 * As fail_nth_root_test; the operations are few, and each begins with a file that
 * no image was made of yet.
 */
#include "kselftest_harness.h"
#include "image_util.h"
#include "fail_nth_util.h"

#define RW	(PROT_READ | PROT_WRITE)

struct scene {
	int nth, dev, file, writer, section;
	struct pe_make make;
	struct section_query_image query;
	char *view;
	void *shared;
	unsigned int n;
};

/**
 * struct image_op - what is done with an image
 * @prepare: what comes before it, of which nothing fails
 * @run: the operation: 0, a descriptor, or -errno
 * @makes_fd: it is a descriptor
 * @writer: somebody has the file open for writing
 * @fault: failure is a signal, or an attempt that the kernel repeats
 */
struct image_op {
	const char *name;
	bool (*prepare)(struct scene *s);
	int (*run)(struct scene *s);
	bool makes_fd;
	bool writer;
	bool fault;
};

static bool make_nothing(struct scene *s)
{
	return true;
}

static int run_create(struct scene *s)
{
	return create_image(s->dev, NULL, s->file, 0, SEC_PROT_RWX);
}

static int run_create_named(struct scene *s)
{
	struct sec_name name = sec_unique();
	int fd = create_image(s->dev, name.s, s->file, 0, SEC_PROT_RX);

	/* A name that nobody can have seen. */
	if (fd < 0 && sec_open(s->dev, name.s, SEC_RIGHTS_R) != -ENOENT)
		return -EEXIST;
	return fd;
}

static bool make_section(struct scene *s)
{
	s->section = run_create(s);
	return s->section >= 0 && !query_image(s->section, &s->query, NULL, 0);
}

/* One more section of an image that there is already. */
static int run_create_again(struct scene *s)
{
	return run_create(s);
}

static int run_map(struct scene *s)
{
	char *view;

	if (s->view)
		munmap(s->view, s->query.bytes);
	s->view = NULL;
	view = mmap(NULL, s->query.bytes, PROT_READ, MAP_PRIVATE,
			  s->section, 0);

	if (view == MAP_FAILED)
		return -errno;
	s->view = view;
	return 0;
}

static int run_map_shared(struct scene *s)
{
	void *view;

	/* Not here, where that could fail. */
	if (s->shared)
		munmap(s->shared, 4096);
	s->shared = NULL;
	view = mmap(NULL, 4096, RW, MAP_SHARED, s->section,
		    s->make.sections[SAMPLE_SHARED].virtual_address);
	if (view == MAP_FAILED)
		return -errno;
	s->shared = view;
	return 0;
}

static bool make_view(struct scene *s)
{
	return make_section(s) && !run_map(s);
}

static bool make_writable_view(struct scene *s)
{
	return make_view(s) && !mprotect(s->view, s->query.bytes, RW);
}

/* A page with relocations, of which none was built. */
static char *cold_page(const struct scene *s)
{
	return s->view + s->make.sections[SAMPLE_DATA].virtual_address;
}

static int run_read(struct scene *s)
{
	int value = peek(cold_page(s));

	return value < 0 ? value : 0;
}

static int run_write(struct scene *s)
{
	return poke(cold_page(s), 'x');
}

static int run_query(struct scene *s)
{
	struct section_image_segment segments[SAMPLE_SECTIONS + 1];

	return query_image(s->section, &s->query, segments,
			   SAMPLE_SECTIONS + 1);
}

static bool scene_make(struct scene *s, const struct image_op *op)
{
	char path[64];

	s->writer = -1;
	s->section = -1;
	s->view = NULL;
	s->shared = NULL;
	s->dev = sec_dev();
	s->file = sample_file(EXT4_DIR, s->n, &s->make);
	if (s->dev < 0 || s->file < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->file);
	if (op->writer) {
		s->writer = open(path, O_RDWR | O_CLOEXEC);
		if (s->writer < 0)
			return false;
	}
	/* What is read is read from the disk. */
	fsync(s->file);
	posix_fadvise(s->file, 0, 0, POSIX_FADV_DONTNEED);
	return op->prepare(s);
}

static void scene_end(struct scene *s)
{
	if (s->view)
		munmap(s->view, s->query.bytes);
	if (s->shared)
		munmap(s->shared, 4096);
	if (s->section >= 0)
		close(s->section);
	if (s->writer >= 0)
		close(s->writer);
	close(s->dev);
}

/* Closing a file is over when the process is back in its own code. */
static bool file_is_free(void *arg)
{
	struct scene *s = arg;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->file);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool right(const struct image_op *op, int ret)
{
	if (ret >= 0)
		return true;
	if (op->fault)
		return ret == -SIGBUS;
	/* Memory for files is told about as files (ENFILE) by the kernel. */
	return ret == -ENOMEM || ret == -ENFILE;
}

static bool complain(const struct image_op *op, const struct scene *s,
		     const char *what, int ret)
{
	fprintf(stderr, "# %s, allocation %u: %s (%d)\n", op->name, s->n, what,
		ret);
	return false;
}

/* One attempt, of which the nth allocation fails. */
static bool attempt(struct scene *s, const struct image_op *op,
		    unsigned int *left)
{
	bool good = true;
	int ret, fds;

	if (!scene_make(s, op))
		return complain(op, s, "cannot be prepared", errno);
	fds = sec_count_fds();
	fail_nth(s->nth, s->n);
	ret = op->run(s);
	*left = fail_nth_stop(s->nth);
	if (!right(op, ret))
		good = complain(op, s, "is another error", ret);
	if (ret < 0 && sec_count_fds() != fds)
		good = complain(op, s, "has left a descriptor", ret);
	if (ret >= 0 && op->makes_fd)
		close(ret);
	/* The same once more is all right. */
	ret = op->run(s);
	if (ret < 0)
		good = complain(op, s, "does not work again", ret);
	else if (op->makes_fd)
		close(ret);
	scene_end(s);
	if (!sec_eventually(file_is_free, s, 20))
		good = complain(op, s, "nobody may write to the file", errno);
	close(s->file);
	return good;
}

static bool nothing_is_left(void *arg)
{
	return !sec_counter("sections") && !sec_counter("handles") &&
	       !sec_counter("views");
}

FIXTURE(fail) {
	struct scene s;
	long long committed;
};

FIXTURE_VARIANT(fail) {
	struct image_op op;
};

FIXTURE_SETUP(fail)
{
	if (!have_ext4())
		SKIP(return, "no ext4");
	self->s.nth = fail_nth_open();
	ASSERT_LE(0, self->s.nth);
}

FIXTURE_TEARDOWN(fail)
{
}

/* clang-format off */
FIXTURE_VARIANT_ADD(fail, create) {
	.op = { .name = "create", .prepare = make_nothing, .run = run_create,
		.makes_fd = true } };
FIXTURE_VARIANT_ADD(fail, create_named) {
	.op = { .name = "create_named", .prepare = make_nothing,
		.run = run_create_named, .makes_fd = true } };
FIXTURE_VARIANT_ADD(fail, create_frozen) {
	.op = { .name = "create_frozen", .prepare = make_nothing,
		.run = run_create, .makes_fd = true, .writer = true } };
FIXTURE_VARIANT_ADD(fail, create_again) {
	.op = { .name = "create_again", .prepare = make_section,
		.run = run_create_again, .makes_fd = true } };
FIXTURE_VARIANT_ADD(fail, map) {
	.op = { .name = "map", .prepare = make_section, .run = run_map } };
FIXTURE_VARIANT_ADD(fail, map_shared) {
	.op = { .name = "map_shared", .prepare = make_section,
		.run = run_map_shared } };
FIXTURE_VARIANT_ADD(fail, read) {
	.op = { .name = "read", .prepare = make_view, .run = run_read,
		.fault = true } };
FIXTURE_VARIANT_ADD(fail, write) {
	.op = { .name = "write", .prepare = make_writable_view,
		.run = run_write, .fault = true } };
FIXTURE_VARIANT_ADD(fail, query) {
	.op = { .name = "query", .prepare = make_section, .run = run_query } };
/* clang-format on */

TEST_F_TIMEOUT(fail, each_allocation, 600)
{
	struct tally tally = {};
	unsigned int left;

	/* What is made once is not lost. */
	self->s.n = FAR;
	ASSERT_TRUE(attempt(&self->s, &variant->op, &left));
	sec_read_number("/proc/sys/vm/stat_refresh");
	self->committed = sec_meminfo("Committed_AS:");
	for (self->s.n = 1; self->s.n < BOUND; self->s.n++) {
		bool good = attempt(&self->s, &variant->op, &left);

		if (!tally_up(&tally, good, left))
			break;
	}
	tally_tell(&tally, variant->op.name);
	EXPECT_EQ(0, tally.wrong);
	EXPECT_LT(self->s.n, BOUND);
	EXPECT_TRUE(sec_eventually(nothing_is_left, NULL, 20));
	sec_read_number("/proc/sys/vm/stat_refresh");
	EXPECT_GE(self->committed + (512 << 10), sec_meminfo("Committed_AS:"));
}

int main(int argc, char **argv)
{
	return fail_nth_main(argc, argv);
}
