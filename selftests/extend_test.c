// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sections of files that become larger, and views that wait for it.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"

#include <sys/resource.h>
#include <sys/time.h>

#define RW	(PROT_READ | PROT_WRITE)
#define PAGES	4
#define AT(view, n) ((view) + (n) * self->page)

FIXTURE(extend) {
	int dev;
	int file;
	int handle;
	unsigned char *view;
	size_t page;
	struct sec_name name;
};

FIXTURE_VARIANT(extend) {
	const char *dir;
};

FIXTURE_VARIANT_ADD(extend, memfd) { .dir = NULL };
FIXTURE_VARIANT_ADD(extend, tmpfs) { .dir = "/tmp" };
FIXTURE_VARIANT_ADD(extend, ext4) { .dir = EXT4_DIR };

FIXTURE_SETUP(extend)
{
	size_t n;

	self->page = SEC_PAGE;
	self->name = sec_unique();
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	if (variant->dir && !strcmp(variant->dir, EXT4_DIR) && !have_ext4())
		SKIP(return, "no ext4 at " EXT4_DIR);
	self->file = variant->dir ? unnamed_file(variant->dir) :
		     (int)syscall(SYS_memfd_create, "extend",
				  MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ASSERT_LE(0, self->file);
	for (n = 0; n < PAGES; n++)
		ASSERT_TRUE(fill_page(self->file, n, 'a' + n));
	self->handle = sec_create_file(self->dev, self->name.s, self->file, 0,
				       SEC_PROT_RW);
	ASSERT_LE(0, self->handle);
	self->view = sec_map(self->handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, self->view);
}

FIXTURE_TEARDOWN(extend)
{
}

static int extend_to(int handle, __u64 bytes, __u64 *now)
{
	*now = bytes;
	return sec_extend(handle, now);
}

/* The size of a section as a list tells it, 0 if it is not listed. */
static __u64 listed_bytes(int dev, __u64 id)
{
	static __u64 records[8 << 10];
	char *buffer = (char *)records;
	const struct section_list_entry *entry;
	struct section_list list;
	size_t at;

	if (sec_list(dev, 0, buffer, sizeof(records), &list))
		return 0;
	for (at = 0; at < list.buffer_len; at += entry->entry_len) {
		entry = (const void *)(buffer + at);
		if (entry->id == id)
			return entry->bytes;
	}
	return 0;
}

/* Everybody sees one size, and it is this one. */
static void all_say(struct __test_metadata *_metadata,
		    FIXTURE_DATA(extend) *self, __u64 bytes)
{
	const int handles[] = {
		self->handle,
		sec_open(self->dev, self->name.s, SEC_RIGHTS_R),
		sec_duplicate(self->handle, SEC_RIGHTS_R,
			      SECTION_DUPLICATE_ANCHOR),
	};
	struct section_query_view v;
	struct section_query q;
	struct stat st;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(handles); i++) {
		ASSERT_LE(0, handles[i]);
		ASSERT_EQ(0, sec_query(handles[i], &q));
		EXPECT_EQ(bytes, q.bytes);
		EXPECT_EQ(bytes, q.committed);
		ASSERT_EQ(0, fstat(handles[i], &st));
		EXPECT_EQ((off_t)bytes, st.st_size);
		EXPECT_EQ((off_t)bytes, lseek(handles[i], 0, SEEK_END));
	}
	EXPECT_EQ(bytes, listed_bytes(self->dev, q.id));
	ASSERT_EQ(0, sec_query_view(self->dev, self->view, &v));
	EXPECT_EQ(bytes, v.bytes);
	close(handles[1]);
	close(handles[2]);
}

TEST_F(extend, grows)
{
	const __u64 bytes = 9 * self->page + 17;
	int before = sec_duplicate(self->handle, SECTION_RIGHTS_MAXIMUM, 0);
	unsigned char *view;
	__u64 now;

	ASSERT_LE(0, before);
	all_say(_metadata, self, PAGES * self->page);
	ASSERT_EQ(0, extend_to(self->handle, bytes, &now));
	EXPECT_EQ(bytes, now);
	EXPECT_EQ((off_t)bytes, file_size(self->file));
	all_say(_metadata, self, bytes);
	/* The old view stays, and does not grow. */
	EXPECT_EQ('a', peek(self->view));
	EXPECT_EQ(0, poke(AT(self->view, 3), 'D'));
	/* New ones see all of it, also through a handle from before. */
	view = sec_map(before, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ('D', peek(AT(view, 3)));
	EXPECT_EQ(0, peek(AT(view, 4)));
	EXPECT_EQ(0, poke(AT(view, 9) + 16, 'z'));
	EXPECT_EQ('z', file_byte(self->file, bytes - 1));
	EXPECT_EQ(MAP_FAILED, sec_map(before, RW, 0, 0, 11 * self->page));
	EXPECT_EQ(ENXIO, errno);
	view = sec_mmap(before, RW, MAP_SHARED, 9 * self->page, self->page);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ('z', peek(view + 16));
	EXPECT_EQ(MAP_FAILED, sec_mmap(before, RW, MAP_SHARED, 10 * self->page,
				       self->page));
	EXPECT_EQ(ENXIO, errno);
	/* And again. */
	ASSERT_EQ(0, extend_to(before, 64 * self->page, &now));
	all_say(_metadata, self, 64 * self->page);
	EXPECT_EQ('z', peek(view + 16));
}

/* By a byte, within the last page, and across its end. */
TEST_F(extend, byte_by_byte)
{
	const __u64 start = 9 * self->page - 3;
	__u64 bytes, now;

	for (bytes = start; bytes < start + 6; bytes++) {
		ASSERT_EQ(0, extend_to(self->handle, bytes, &now));
		EXPECT_EQ(bytes, now);
		EXPECT_EQ((off_t)bytes, file_size(self->file));
	}
	EXPECT_NE(MAP_FAILED, sec_map(self->handle, RW, 0, 9 * self->page,
				      self->page));
	all_say(_metadata, self, bytes - 1);
}

TEST_F(extend, never_shrinks)
{
	const __u64 sizes[] = { 0, 1, self->page, PAGES * self->page - 1,
				PAGES * self->page };
	__u64 now;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		EXPECT_EQ(0, extend_to(self->handle, sizes[i], &now));
		EXPECT_EQ(PAGES * self->page, now);
		EXPECT_EQ((off_t)(PAGES * self->page), file_size(self->file));
	}
	all_say(_metadata, self, PAGES * self->page);
	EXPECT_EQ('d', peek(AT(self->view, 3)));
}

/* What the file has beyond the section already is not changed by it. */
TEST_F(extend, file_is_longer)
{
	unsigned char *view;
	int handle;
	__u64 now;

	handle = sec_create_file(self->dev, NULL, self->file, self->page,
				 SEC_PROT_RW);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, SECTION_MAP_BEYOND, 0, PAGES * self->page);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ('a', peek(view));
	EXPECT_EQ(-SIGSEGV, peek(AT(view, 1)));
	EXPECT_EQ(-SIGSEGV, poke(AT(view, 1), 'x'));
	ASSERT_EQ(0, extend_to(handle, self->page + 1, &now));
	EXPECT_EQ(self->page + 1, now);
	EXPECT_EQ((off_t)(PAGES * self->page), file_size(self->file));
	EXPECT_EQ('b', peek(AT(view, 1)));
	EXPECT_EQ(-SIGSEGV, peek(AT(view, 2)));
	ASSERT_EQ(0, extend_to(handle, PAGES * self->page, &now));
	EXPECT_EQ('d', peek(AT(view, 3)));
	EXPECT_EQ((off_t)(PAGES * self->page), file_size(self->file));
}

/* Views that are longer than the section. */
TEST_F(extend, beyond)
{
	unsigned char *view, *private, *tail;
	struct section_query_view v;
	struct section_query q;
	__u64 now;

	view = sec_map(self->handle, RW, SECTION_MAP_BEYOND, 0,
		       16 * self->page);
	private = sec_map(self->handle, RW,
			  SECTION_MAP_BEYOND | SECTION_MAP_PRIVATE,
			  self->page, 16 * self->page);
	tail = sec_map(self->handle, PROT_READ, SECTION_MAP_BEYOND,
		       3 * self->page, 2 * self->page);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_NE(MAP_FAILED, private);
	ASSERT_NE(MAP_FAILED, tail);
	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_EQ(PAGES * self->page, q.bytes);
	EXPECT_EQ(4U, q.views);
	ASSERT_EQ(0, sec_query_view(self->dev, AT(view, 5), &v));
	EXPECT_EQ(16 * self->page, v.length);
	EXPECT_EQ(0U, v.committed);
	EXPECT_EQ(11 * self->page, v.run);
	ASSERT_EQ(0, sec_query_view(self->dev, AT(view, 1), &v));
	EXPECT_EQ(1U, v.committed);
	EXPECT_EQ(3 * self->page, v.run);

	EXPECT_EQ('d', peek(AT(view, 3)));
	EXPECT_EQ('d', peek(AT(private, 2)));
	EXPECT_EQ('d', peek(tail));
	EXPECT_EQ(-SIGSEGV, peek(AT(view, 4)));
	EXPECT_EQ(-SIGSEGV, poke(AT(view, 15), 1));
	EXPECT_EQ(-SIGSEGV, poke(AT(private, 3), 1));
	EXPECT_EQ(-SIGSEGV, peek(AT(tail, 1)));
	EXPECT_EQ(-EFAULT, read_into(AT(view, 4)));
	EXPECT_EQ((off_t)(PAGES * self->page), file_size(self->file));

	ASSERT_EQ(0, extend_to(self->handle, 6 * self->page, &now));
	EXPECT_EQ(0, poke(AT(view, 4), 'e'));
	EXPECT_EQ('e', peek(AT(private, 3)));
	EXPECT_EQ('e', peek(AT(tail, 1)));
	EXPECT_EQ(0, poke(AT(private, 4), 'p'));
	EXPECT_EQ(0, peek(AT(view, 5)));
	EXPECT_EQ(-SIGSEGV, peek(AT(view, 6)));
	EXPECT_EQ('e', file_byte(self->file, 4 * self->page));
	ASSERT_EQ(0, sec_query_view(self->dev, view, &v));
	EXPECT_EQ(6 * self->page, v.run);

	/* Beyond the end of the view is beyond the view, as ever. */
	ASSERT_EQ(0, extend_to(self->handle, 64 * self->page, &now));
	EXPECT_EQ(0, poke(AT(view, 15), 'p'));
	EXPECT_EQ('p', peek(AT(private, 4)));
	EXPECT_EQ('p', peek(AT(private, 14)));
	EXPECT_EQ(MAP_FAILED, mremap(view, 16 * self->page, 17 * self->page,
				     MREMAP_MAYMOVE));
	/* A file that was cut off is another matter. */
	ASSERT_EQ(0, ftruncate(self->file, 2 * self->page));
	EXPECT_EQ('b', peek(AT(view, 1)));
	EXPECT_EQ(-SIGBUS, peek(AT(view, 4)));
	EXPECT_EQ(-SIGBUS, peek(AT(view, 15)));
	/* An extension mends it: the file is so large then. */
	ASSERT_EQ(0, extend_to(self->handle, 65 * self->page, &now));
	EXPECT_EQ((off_t)(65 * self->page), file_size(self->file));
	EXPECT_EQ(0, peek(AT(view, 15)));
}

TEST_F(extend, beyond_refused)
{
	int no_extend = sec_duplicate(self->handle, SEC_RIGHTS_R |
				      SECTION_RIGHT_WRITE, 0);
	int only_read = sec_duplicate(self->handle, SEC_RIGHTS_R |
				      SECTION_RIGHT_EXTEND, 0);
	struct section_map args = sec_map_args(PROT_READ, 0, 0);
	int anonymous = sec_create_anon(self->dev, NULL, self->page);
	struct section_query q;

	ASSERT_LE(0, no_extend);
	ASSERT_LE(0, only_read);
	args.flags = SECTION_MAP_BEYOND;
	args.length = 16 * self->page;
	EXPECT_EQ(-EACCES, sec_ioctl(no_extend, SECTION_IOC_MAP, &args));
	args.prot = RW;
	EXPECT_EQ(-EACCES, sec_ioctl(only_read, SECTION_IOC_MAP, &args));
	args.prot = PROT_READ;
	EXPECT_EQ(-EOPNOTSUPP, sec_ioctl(anonymous, SECTION_IOC_MAP, &args));
	args.offset = PAGES * self->page;
	EXPECT_EQ(-ENXIO, sec_ioctl(self->handle, SECTION_IOC_MAP, &args));
	args.offset = 1;
	EXPECT_EQ(-EINVAL, sec_ioctl(self->handle, SECTION_IOC_MAP, &args));
	args.offset = self->page;
	args.length = -self->page;
	EXPECT_EQ(-EOVERFLOW, sec_ioctl(self->handle, SECTION_IOC_MAP, &args));
	args.length = 1ULL << 60;
	EXPECT_EQ(-ENOMEM, sec_ioctl(self->handle, SECTION_IOC_MAP, &args));
	ASSERT_EQ(0, sec_query(self->handle, &q));
	EXPECT_EQ(1U, q.views);
	args.length = 16 * self->page;
	EXPECT_EQ(0, sec_ioctl(only_read, SECTION_IOC_MAP, &args));
}

/* Nothing that the memory manager offers reaches beyond the end sooner. */
TEST_F(extend, ways_around_beyond)
{
	unsigned char *view, *parts;
	__u64 now;

	ASSERT_EQ(0, ftruncate(self->file, 32 * self->page));
	ASSERT_TRUE(fill_page(self->file, 8, 'o'));
	view = sec_map(self->handle, RW, SECTION_MAP_BEYOND, 0,
		       32 * self->page);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(-1, madvise(view, 32 * self->page, MADV_POPULATE_READ));
	EXPECT_EQ(-1, madvise(view, 32 * self->page, MADV_POPULATE_WRITE));
	madvise(view, 32 * self->page, MADV_WILLNEED);
	madvise(view, 32 * self->page, MADV_COLLAPSE);
	EXPECT_EQ(-SIGSEGV, peek(AT(view, 8)));
	EXPECT_EQ(-1, syscall(SYS_remap_file_pages, view, self->page, 0, 8, 0));
	EXPECT_EQ(MAP_FAILED, mremap(view, 0, 32 * self->page,
				     MREMAP_MAYMOVE));
	parts = mremap(AT(view, 8), self->page, self->page,
		       MREMAP_MAYMOVE | MREMAP_FIXED, AT(view, 16));
	ASSERT_EQ(AT(view, 16), parts);
	EXPECT_EQ(-SIGSEGV, peek(parts));
	ASSERT_EQ(0, mprotect(AT(view, 6), self->page, PROT_READ));
	EXPECT_EQ(-SIGSEGV, peek(AT(view, 6)));
	ASSERT_EQ(0, extend_to(self->handle, 9 * self->page, &now));
	EXPECT_EQ('o', peek(parts));
	EXPECT_EQ(0, peek(AT(view, 6)));
}

TEST_F(extend, refused)
{
	int no_extend = sec_duplicate(self->handle, SEC_RIGHTS_R |
				      SECTION_RIGHT_WRITE, 0);
	int reader = sec_create_file(self->dev, NULL, self->file, 0,
				     SECTION_PROT_READ);
	struct section_extend args = { .size = sizeof(args), .flags = 1,
				       .bytes = 64 * self->page };
	int fd;
	__u64 now;

	ASSERT_LE(0, no_extend);
	ASSERT_LE(0, reader);
	EXPECT_EQ(-EACCES, extend_to(no_extend, 64 * self->page, &now));
	EXPECT_EQ(64 * self->page, now);
	/* Also if there is nothing to do. */
	EXPECT_EQ(-EACCES, extend_to(no_extend, 1, &now));
	EXPECT_EQ(-EACCES, extend_to(reader, 64 * self->page, &now));
	EXPECT_EQ(-EACCES, sec_open(self->dev, self->name.s,
				    SECTION_RIGHT_EXECUTE));
	EXPECT_EQ(-EINVAL, sec_ioctl(self->handle, SECTION_IOC_EXTEND, &args));
	EXPECT_EQ(-ENOTTY, extend_to(self->dev, 64 * self->page, &now));
	EXPECT_EQ(-EOVERFLOW, extend_to(self->handle, -1, &now));
	EXPECT_EQ(-EOVERFLOW, extend_to(self->handle, 1ULL << 63, &now));
	EXPECT_EQ(-EOVERFLOW, extend_to(self->handle, (1ULL << 63) - 1, &now));
	EXPECT_EQ((1ULL << 63) - 1, now);
	/* An argument that cannot be written must be found before the file. */
	fd = unnamed_file("/tmp");
	ASSERT_LE(0, fd);
	args.flags = 0;
	ASSERT_EQ((ssize_t)sizeof(args), write(fd, &args, sizeof(args)));
	EXPECT_EQ(-EFAULT, sec_ioctl(self->handle, SECTION_IOC_EXTEND,
				     mmap(NULL, self->page, PROT_READ,
					  MAP_SHARED, fd, 0)));
	EXPECT_EQ((off_t)(PAGES * self->page), file_size(self->file));
	all_say(_metadata, self, PAGES * self->page);
	close(fd);

	/* The right alone is enough; it grants nothing else. */
	fd = sec_duplicate(self->handle, SECTION_RIGHT_EXTEND, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, extend_to(fd, 5 * self->page, &now));
	EXPECT_EQ(MAP_FAILED, sec_map(fd, PROT_READ, 0, 0, 0));
	EXPECT_EQ(EACCES, errno);
}

TEST_F(extend, file_size_limit)
{
	const struct rlimit limit = { 8 * self->page, 8 * self->page };
	__u64 now;

	ASSERT_TRUE(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &limit));
	EXPECT_EQ(-EFBIG, extend_to(self->handle, 8 * self->page + 1, &now));
	EXPECT_EQ((off_t)(PAGES * self->page), file_size(self->file));
	all_say(_metadata, self, PAGES * self->page);
	EXPECT_EQ(0, extend_to(self->handle, 8 * self->page, &now));
	all_say(_metadata, self, 8 * self->page);
}

TEST_F(extend, sealed)
{
	__u64 now;

	/* Only a memfd can be sealed; nothing stops the others. */
	if (variant->dir) {
		EXPECT_EQ(-1, fcntl(self->file, F_ADD_SEALS, F_SEAL_GROW));
		EXPECT_EQ(0, extend_to(self->handle, 8 * self->page, &now));
		EXPECT_EQ(8 * self->page, now);
		return;
	}
	ASSERT_EQ(0, fcntl(self->file, F_ADD_SEALS, F_SEAL_GROW));
	EXPECT_EQ(-EPERM, extend_to(self->handle, 8 * self->page, &now));
	EXPECT_EQ(0, extend_to(self->handle, 2 * self->page, &now));
	EXPECT_EQ(PAGES * self->page, now);
	EXPECT_EQ((off_t)(PAGES * self->page), file_size(self->file));
	all_say(_metadata, self, PAGES * self->page);
}

/* Many extend at once: the largest wins, and no size is ever lost. */

#define EXTENDERS	4
#define STEPS		60

struct extenders {
	pthread_barrier_t barrier;
	int handle;
	int file;
	size_t page;
	int next;
	int bad;
};

static void *extend_often(void *arg)
{
	struct extenders *e = arg;
	int me = __atomic_fetch_add(&e->next, 1, __ATOMIC_SEQ_CST);
	__u64 last = 0, now;
	int step;

	pthread_barrier_wait(&e->barrier);
	for (step = 0; step < STEPS; step++) {
		__u64 want = PAGES * e->page + step * EXTENDERS * 512 +
			     me * 512 + 1;

		if (extend_to(e->handle, want, &now) || now < want ||
		    now < last || file_size(e->file) < (off_t)now)
			e->bad = 1;
		last = now;
	}
	return NULL;
}

TEST_F(extend, many_at_once)
{
	struct extenders e = { .handle = self->handle, .file = self->file,
			       .page = self->page };
	const __u64 end = PAGES * self->page +
			  (STEPS * EXTENDERS - 1) * 512 + 1;
	pthread_t threads[EXTENDERS];
	int i;

	ASSERT_EQ(0, pthread_barrier_init(&e.barrier, NULL, EXTENDERS));
	for (i = 0; i < EXTENDERS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, extend_often,
					    &e));
	for (i = 0; i < EXTENDERS; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	EXPECT_EQ(0, e.bad);
	EXPECT_EQ((off_t)end, file_size(self->file));
	all_say(_metadata, self, end);
}

/*
 * Threads that touch views all the time while the section grows never get a
 * signal for what was there before.
 */

struct users {
	unsigned char *view;
	unsigned char *beyond;
	__u64 bytes;
	int stop;
	int bad;
	unsigned int touched;
};

static void *use_all_the_time(void *arg)
{
	struct users *u = arg;
	size_t page = SEC_PAGE, n = 0;

	while (!__atomic_load_n(&u->stop, __ATOMIC_RELAXED)) {
		__u64 bytes = __atomic_load_n(&u->bytes, __ATOMIC_SEQ_CST);
		int value = peek(u->view + n % PAGES * page);

		if (value != (int)('a' + n % PAGES))
			u->bad = 1;
		/* What was announced can be used. */
		if (peek(u->beyond + bytes - 1) < 0 ||
		    poke(u->beyond + bytes - 1, 0))
			u->bad = 2;
		if (n++ % 16 == 0)
			madvise(u->view, PAGES * page, MADV_DONTNEED);
		__atomic_fetch_add(&u->touched, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* Where others want the processors, a thread may take long to begin. */
static bool has_begun(void *count)
{
	return __atomic_load_n((unsigned int *)count, __ATOMIC_RELAXED);
}

TEST_F_TIMEOUT(extend, used_meanwhile, 120)
{
	struct users u = { .view = self->view, .bytes = 5 * self->page };
	pthread_t threads[2];
	__u64 bytes, now;
	int i;

	u.beyond = sec_map(self->handle, RW, SECTION_MAP_BEYOND, 0,
			   512 * self->page);
	ASSERT_NE(MAP_FAILED, u.beyond);
	ASSERT_EQ(0, extend_to(self->handle, u.bytes, &now));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL,
					    use_all_the_time, &u));
	ASSERT_TRUE(sec_eventually(has_begun, &u.touched, 20));
	for (bytes = u.bytes; bytes <= 512 * self->page;
	     bytes += self->page / 4 * 3) {
		ASSERT_EQ(0, extend_to(self->handle, bytes, &now));
		__atomic_store_n(&u.bytes, bytes, __ATOMIC_SEQ_CST);
	}
	__atomic_store_n(&u.stop, 1, __ATOMIC_RELAXED);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	EXPECT_EQ(0, u.bad);
	EXPECT_LT(0U, u.touched);
}

struct asker {
	int handle;
	unsigned char *beyond;
	bool stop;
	unsigned int asked, refused;
};

/* What a section says that it has can be touched at once. */
static void *ask_and_touch(void *arg)
{
	struct asker *asker = arg;
	struct section_query q;

	while (!__atomic_load_n(&asker->stop, __ATOMIC_RELAXED)) {
		if (sec_query(asker->handle, &q) ||
		    peek(asker->beyond + q.bytes - 1) < 0)
			__atomic_fetch_add(&asker->refused, 1,
					   __ATOMIC_RELAXED);
		__atomic_fetch_add(&asker->asked, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

TEST_F_TIMEOUT(extend, told_and_touched, 120)
{
	const size_t pages = 4096;
	struct asker asker = { .handle = self->handle };
	pthread_t threads[2];
	__u64 bytes, now;
	int i;

	asker.beyond = sec_map(self->handle, PROT_READ, SECTION_MAP_BEYOND, 0,
			       pages * self->page);
	ASSERT_NE(MAP_FAILED, asker.beyond);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, ask_and_touch,
					    &asker));
	ASSERT_TRUE(sec_eventually(has_begun, &asker.asked, 20));
	for (bytes = PAGES * self->page; bytes <= pages * self->page;
	     bytes += self->page)
		ASSERT_EQ(0, extend_to(self->handle, bytes, &now));
	__atomic_store_n(&asker.stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	EXPECT_LT(0U, asker.asked);
	EXPECT_EQ(0U, asker.refused);
}

/* Nobody has to try again because of a signal that restarts system calls. */
TEST_F_TIMEOUT(extend, restarted, 120)
{
	struct sigaction restart = {
		.sa_handler = sec_ignore,
		.sa_flags = SA_RESTART,
	};
	struct itimerval often = {
		.it_interval.tv_usec = 300,
		.it_value.tv_usec = 300,
	}, never = {};
	__u64 bytes, now;

	ASSERT_EQ(0, sigaction(SIGALRM, &restart, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &often, NULL));
	for (bytes = PAGES * self->page; bytes < 2000 * self->page;
	     bytes += self->page)
		EXPECT_EQ(0, extend_to(self->handle, bytes, &now));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &never, NULL));
}

/* Other processes: their views, and what fork(2) made of them. */
TEST_F(extend, seen_by_children)
{
	unsigned char *view;
	int go[2];
	char byte;
	pid_t pid;
	__u64 now;

	view = sec_map(self->handle, RW, SECTION_MAP_BEYOND, 0,
		       8 * self->page);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(0, pipe(go));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		CHILD_EXPECT(read(go[0], &byte, 1) == 1);
		CHILD_EXPECT(peek(AT(view, 7)) == 'h');
		CHILD_EXPECT(!extend_to(self->handle, 12 * self->page, &now));
		_exit(0);
	}
	ASSERT_EQ(0, extend_to(self->handle, 8 * self->page, &now));
	EXPECT_EQ(0, poke(AT(view, 7), 'h'));
	ASSERT_EQ(1, write(go[1], "g", 1));
	EXPECT_EQ(0, sec_wait(pid));
	all_say(_metadata, self, 12 * self->page);
}

TEST(anonymous)
{
	int dev = sec_dev();
	int handle = sec_create_anon(dev, NULL, SEC_PAGE);
	struct section_query q;
	__u64 now;

	ASSERT_LE(0, handle);
	EXPECT_EQ(-EOPNOTSUPP, extend_to(handle, 2 * SEC_PAGE, &now));
	EXPECT_EQ(-EOPNOTSUPP, extend_to(handle, SEC_PAGE, &now));
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(SEC_PAGE, q.bytes);
}

TEST_HARNESS_MAIN
