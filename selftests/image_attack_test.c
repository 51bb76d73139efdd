// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executable images whose files and users mean harm.
 */
#include "kselftest_harness.h"
#include "image_util.h"
#include "image/pe_format.h"

#include <linux/io_uring.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/uio.h>

/* Of a million relocations, each 4096 would be enough for a turn. */
#define TURNS	20
#define RW	(PROT_READ | PROT_WRITE)
#define RX	(PROT_READ | PROT_EXEC)

FIXTURE(attack) {
	int dev;
	struct pe_make make;
};

FIXTURE_VARIANT(attack) {
	const char *dir;
};

FIXTURE_VARIANT_ADD(attack, tmpfs) { .dir = "/dev/shm" };
FIXTURE_VARIANT_ADD(attack, ext4) { .dir = EXT4_DIR };

FIXTURE_SETUP(attack)
{
	if (!strcmp(variant->dir, EXT4_DIR) && !have_ext4())
		SKIP(return, "no ext4");
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(attack)
{
}

FIXTURE(memfd) {
	struct pe_make make;
	int dev;
	int file;
	size_t raw, rva;
};

FIXTURE_SETUP(memfd)
{
	uint8_t *bytes;
	size_t len;

	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	sample_describe(&self->make, 1);
	self->raw = self->make.sections[SAMPLE_DATA].raw_offset + 9;
	self->rva = self->make.sections[SAMPLE_DATA].virtual_address + 9;
	bytes = pe_make_build(&self->make, &len);
	self->file = memfd_create("section-test", MFD_ALLOW_SEALING |
				  MFD_CLOEXEC);
	ASSERT_LE(0, self->file);
	ASSERT_TRUE(write_all(self->file, bytes, len));
	free(bytes);
}

FIXTURE_TEARDOWN(memfd)
{
}

/* The byte that is changed, as a new section of the file has it; or an error. */
static int byte_of_new(int dev, int file, size_t rva,
		       struct section_query_image *query)
{
	int byte, section = create_image(dev, NULL, file, 0, SECTION_PROT_READ);
	unsigned char *view;

	if (section < 0)
		return section;
	if (query_image(section, query, NULL, 0))
		return -errno;
	view = mmap(NULL, query->bytes, PROT_READ, MAP_PRIVATE, section, 0);
	if (view == MAP_FAILED)
		return -errno;
	byte = peek(view + rva);
	/* The view keeps the image, as others may. */
	close(section);
	return byte;
}

static const int all_seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

/*
 * Whoever has a memfd from its beginning is none of its writers for the kernel.  An
 * image that he had made before he sealed it is not that of the sealed file.
 */
TEST_F(memfd, changed_and_sealed)
{
	unsigned char first = file_byte(self->file, self->raw);
	unsigned char written = first + 1, mapped = first + 2;
	struct section_query_image query;
	unsigned char *data;

	EXPECT_EQ(first, byte_of_new(self->dev, self->file, self->rva, &query));
	EXPECT_TRUE(query.flags & SECTION_IMAGE_FROZEN);
	ASSERT_EQ(1, pwrite(self->file, &written, 1, self->raw));
	EXPECT_EQ(written, byte_of_new(self->dev, self->file, self->rva,
				       &query));
	data = mmap(NULL, self->raw + 1, RW, MAP_SHARED, self->file, 0);
	ASSERT_NE(MAP_FAILED, data);
	data[self->raw] = mapped;
	munmap(data, self->raw + 1);
	ASSERT_EQ(0, fcntl(self->file, F_ADD_SEALS, all_seals));
	EXPECT_EQ(mapped, byte_of_new(self->dev, self->file, self->rva,
				      &query));
	EXPECT_FALSE(query.flags & SECTION_IMAGE_FROZEN);
}

/* Nothing of the image that somebody has is written to by him. */
TEST_F(memfd, changed_later)
{
	unsigned char first = file_byte(self->file, self->raw);
	unsigned char written = first + 1;
	struct section_query_image query;
	unsigned char *view;
	int section;

	section = create_image(self->dev, NULL, self->file, 0,
			       SECTION_PROT_READ);
	ASSERT_LE(0, section);
	ASSERT_EQ(0, query_image(section, &query, NULL, 0));
	view = mmap(NULL, query.bytes, PROT_READ, MAP_PRIVATE, section, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(1, pwrite(self->file, &written, 1, self->raw));
	EXPECT_EQ(first, peek(view + self->rva));
	ASSERT_EQ(0, ftruncate(self->file, 0));
	EXPECT_EQ('M', peek(view));
	EXPECT_LE(0, peek(view + query.bytes - 1));
}

/* Sealed, it is as good as a file that nobody can open for writing. */
TEST_F(memfd, sealed_is_shared)
{
	struct section_query_image a, b;

	ASSERT_EQ(0, fcntl(self->file, F_ADD_SEALS,
			   F_SEAL_WRITE | F_SEAL_SHRINK));
	ASSERT_LE(0, byte_of_new(self->dev, self->file, self->rva, &a));
	ASSERT_LE(0, byte_of_new(self->dev, self->file, self->rva, &b));
	EXPECT_FALSE(a.flags & SECTION_IMAGE_FROZEN);
	EXPECT_EQ(a.base, b.base);
}

static int pin_page(int ring, void *page)
{
	struct iovec buffer = { page, 4096 };

	return syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS,
		       &buffer, 1) ? errno : 0;
}

struct shared_file {
	int dev, file;
};

static bool is_shown(void *arg)
{
	const struct shared_file *f = arg;
	struct section_query_image query;
	int section = create_image(f->dev, NULL, f->file, 0, SECTION_PROT_READ);
	bool shown = section >= 0 && !query_image(section, &query, NULL, 0) &&
		     !(query.flags & SECTION_IMAGE_FROZEN);

	close(section);
	return shown;
}

/* H16: io_uring writes to its buffers when nobody has them mapped any more. */
TEST(pinned_pages)
{
	char path[] = "/dev/shm/section-pinned-XXXXXX";
	struct shared_file f = { .dev = sec_dev() };
	struct io_uring_params params = { 0 };
	int ring, fd = mkstemp(path);
	struct pe_make make;
	uint8_t *bytes;
	void *page;
	size_t len;

	ASSERT_LE(0, f.dev);
	ASSERT_LE(0, fd);
	f.file = open(path, O_RDONLY | O_CLOEXEC);
	unlink(path);
	sample_describe(&make, 1);
	bytes = pe_make_build(&make, &len);
	ASSERT_TRUE(write_all(fd, bytes, len));
	free(bytes);
	page = mmap(NULL, 4096, RW, MAP_SHARED, fd, 8 * 4096);
	ASSERT_NE(MAP_FAILED, page);
	ring = (int)syscall(SYS_io_uring_setup, 1, &params);
	if (ring < 0)
		SKIP(return, "no io_uring here: errno %d", errno);
	ASSERT_EQ(0, pin_page(ring, page));
	munmap(page, 4096);
	close(fd);
	EXPECT_FALSE(is_shown(&f));
	close(ring);
	EXPECT_TRUE(sec_eventually(is_shown, &f, 10));
	close(f.file);
}

/* A file that has no more of the sample than its headers: the rest is a hole. */
static int sparse_file(const char *dir, struct pe_make *make)
{
	uint8_t *bytes;
	size_t len;
	int fd, file;
	char path[64];

	sample_describe(make, 1);
	bytes = pe_make_build(make, &len);
	if (!bytes)
		return -ENOMEM;
	file = image_file(dir, bytes, make->sections[0].raw_offset);
	free(bytes);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || ftruncate(fd, len))
		return -errno;
	close(fd);
	return file;
}

/* A file that a thread does something to until it is told to stop. */
struct restless {
	char path[2][272];
	size_t length;
	atomic_bool stop;
};

static void *rename_again(void *arg)
{
	struct restless *restless = arg;

	for (int i = 0; !atomic_load(&restless->stop); i ^= 1)
		rename(restless->path[i], restless->path[!i]);
	return NULL;
}

static void *truncate_again(void *arg)
{
	struct restless *restless = arg;

	while (!atomic_load(&restless->stop)) {
		truncate(restless->path[0], 0x2000);
		truncate(restless->path[0], restless->length);
	}
	return NULL;
}

/* Creates its image meanwhile, which may fail with one error, if that is not 0. */
static void create_restless(struct __test_metadata *_metadata, const char *dir,
			    void *(*what)(void *restless), int error)
{
	struct restless restless = { .stop = false };
	int dev = sec_dev(), file, section;
	struct pe_make make;
	pthread_t thread;
	struct stat st;

	sample_describe(&make, 1);
	snprintf(restless.path[0], sizeof(restless.path[0]), "%s/restless-%d",
		 dir, (int)getpid());
	snprintf(restless.path[1], sizeof(restless.path[1]), "%.50s-%0200d",
		 restless.path[0], 0);
	file = image_put(restless.path[0], &make);
	ASSERT_LE(0, file);
	ASSERT_EQ(0, fstat(file, &st));
	restless.length = st.st_size;
	ASSERT_EQ(0, pthread_create(&thread, NULL, what, &restless));
	for (int i = 0; i < sec_rounds(400); i++) {
		section = create_image(dev, NULL, file, 0, SECTION_PROT_READ);
		EXPECT_TRUE(section >= 0 || (error && section == error))
			TH_LOG("%d", section);
		if (section >= 0)
			close(section);
	}
	atomic_store(&restless.stop, true);
	pthread_join(thread, NULL);
	unlink(restless.path[0]);
	unlink(restless.path[1]);
}

/* Its name is shown in /proc, and may be another one before it has been copied. */
TEST_F(attack, renamed_file)
{
	create_restless(_metadata, variant->dir, rename_again, 0);
}

/*
 * What a file has just lost is zero, as if it had never been there: less than its
 * headers say is still an image, or none.
 */
TEST_F(attack, truncated_file)
{
	create_restless(_metadata, variant->dir, truncate_again, -ENOEXEC);
}

/* No byte of a section is taken for the headers' field with the base. */
TEST_F(attack, headers_over_a_section)
{
	struct pe_make *make = &self->make;
	uint32_t field = 0x1800 + 24 + 24, rva;
	struct section_query_image query;
	unsigned char *view;
	int file, section;
	uint8_t *bytes;
	size_t len;

	sample_describe(make, 1);
	for (uint32_t i = 0; i < make->section_count; i++) {
		make->sections[i].virtual_address = 0;
		make->sections[i].raw_offset = 0;
	}
	make->e_lfanew = 0x1800;
	make->size_of_headers = 0;
	make->size_of_image = 0;
	make->file_size = 0;
	pe_make_layout(make);
	ASSERT_EQ(0x2000, make->sections[0].virtual_address);
	for (uint32_t i = 0; i < make->section_count; i++)
		make->sections[i].virtual_address -= 4096;
	rva = make->sections[0].virtual_address;
	make->relocs[0].rva = rva + 0x123;
	make->reloc_count = 1;
	bytes = pe_make_build(make, &len);
	ASSERT_NE(NULL, bytes);
	file = image_file(variant->dir, bytes, len);
	section = create_image(self->dev, NULL, file, 0, SECTION_PROT_READ);
	ASSERT_LE(0, section);
	ASSERT_EQ(0, query_image(section, &query, NULL, 0));
	ASSERT_TRUE(query.flags & SECTION_IMAGE_RELOCATED);
	view = mmap(NULL, query.bytes, PROT_READ, MAP_PRIVATE, section, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, memcmp(view + field, bytes + field - rva +
			    make->sections[0].raw_offset, 8));
	free(bytes);
}

/* The largest number of whole pages of 32 bits is too many of them, but a number. */
TEST_F(attack, largest_size)
{
	static const struct {
		uint32_t size;
		int error;
	} sizes[] = {
		{ 0xffffe001, -EDQUOT }, { 0xfffff000, -EDQUOT },
		{ 0xfffff001, -ENOEXEC }, { 0xffffffff, -ENOEXEC },
	};
	uint8_t *bytes;
	size_t len;
	int file;

	sample_describe(&self->make, 1);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		self->make.size_of_image = sizes[i].size;
		bytes = pe_make_build(&self->make, &len);
		ASSERT_NE(NULL, bytes);
		file = image_file(variant->dir, bytes, len);
		free(bytes);
		EXPECT_EQ(sizes[i].error, create_image(self->dev, NULL, file, 0,
						       SECTION_PROT_READ));
		close(file);
	}
}

/* What is not in memory of a file is not always read by ->read_folio(). */
TEST_F(attack, hole)
{
	int file = sparse_file(variant->dir, &self->make);
	struct section_query_image query;
	int section;
	char *view;

	ASSERT_LE(0, file);
	section = create_image(self->dev, NULL, file, 0, SECTION_PROT_READ);
	ASSERT_LE(0, section);
	ASSERT_EQ(0, query_image(section, &query, NULL, 0));
	view = mmap(NULL, query.bytes, PROT_READ, MAP_PRIVATE, section, 0);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ('M', peek(view));
	for (size_t at = 4096; at < query.bytes; at += 4096) {
		ASSERT_EQ(0, peek(view + at));
		ASSERT_EQ(0, peek(view + at + 4095));
	}
}

/* A child that opens the section, and writes to the segment that is shared. */
struct opener {
	const char *name;
	__u32 rights;
	size_t shared;
};

static int open_and_write(void *arg)
{
	struct opener *o = arg;
	int dev = sec_dev(), section = sec_open(dev, o->name, o->rights);
	unsigned char *view;

	CHILD_EXPECT(section >= 0);
	view = mmap(NULL, 4096, RW, MAP_SHARED, section, o->shared);
	CHILD_EXPECT(view != MAP_FAILED);
	view[7] = 'w';
	return 0;
}

/* To write to what processes share needs no right on the file (I51). */
TEST_F(attack, shared_segment_by_name)
{
	struct sec_name name = sec_unique(), executable = sec_unique();
	int file = sample_file(variant->dir, 1, &self->make);
	struct opener opener = {
		.name = name.s,
		.rights = SEC_RIGHTS_R | SECTION_RIGHT_WRITE,
		.shared = self->make.sections[SAMPLE_SHARED].virtual_address,
	};
	unsigned char *view;
	int section;

	ASSERT_LE(0, file);
	section = create_image(self->dev, name.s, file, 0, SEC_PROT_RW);
	ASSERT_LE(0, section);
	view = mmap(NULL, 4096, RW, MAP_SHARED, section, opener.shared);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, sec_in_child(open_and_write, &opener));
	EXPECT_EQ('w', view[7]);

	EXPECT_LE(0, create_image(self->dev, executable.s, file, 0,
				  SEC_PROT_RWX));
	view[7] = 0;
	opener.name = executable.s;
	opener.rights = SECTION_RIGHTS_MAXIMUM;
	EXPECT_EQ(0, sec_in_child(open_and_write, &opener));
	EXPECT_EQ('w', view[7]);
}

struct resizer {
	int file;
	off_t size;
	atomic_bool stop;
	int times;
};

/* Makes the file longer and shorter whenever it may. */
static void *resize(void *arg)
{
	struct resizer *r = arg;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", r->file);
	while (!atomic_load(&r->stop)) {
		int fd = open(path, O_RDWR | O_CLOEXEC);

		if (fd < 0)
			continue;
		r->times++;
		if (ftruncate(fd, r->size + r->times % 4 * 512))
			r->times = -1;
		close(fd);
	}
	return NULL;
}

/* What an image says of a file that nobody can write to is true. */
TEST_F(attack, size_of_the_file)
{
	int rounds = sec_rounds(2000), denied = 0, wrong = 0;
	struct resizer r = { 0 };
	struct stat st;
	pthread_t thread;

	r.file = sample_file(variant->dir, 1, &self->make);
	ASSERT_LE(0, r.file);
	ASSERT_EQ(0, fstat(r.file, &st));
	r.size = st.st_size;
	ASSERT_EQ(0, pthread_create(&thread, NULL, resize, &r));
	for (int i = 0; i < rounds; i++) {
		struct section_query_image query;
		int section = create_image(self->dev, NULL, r.file, 0,
					   SECTION_PROT_READ);

		ASSERT_LE(0, section);
		ASSERT_EQ(0, query_image(section, &query, NULL, 0));
		ASSERT_EQ(0, fstat(r.file, &st));
		if (!(query.flags & SECTION_IMAGE_FROZEN)) {
			denied++;
			wrong += query.file_bytes != (__u64)st.st_size;
		}
		close(section);
		sched_yield();
	}
	atomic_store(&r.stop, true);
	pthread_join(thread, NULL);
	TH_LOG("%d of %d images of a file at rest, %d sizes", denied, rounds,
	       r.times);
	EXPECT_LT(10, denied);
	EXPECT_LT(10, r.times);
	EXPECT_EQ(0, wrong);
}

/* What a debugger writes, it writes to its victim's own pages or to none. */
TEST_F(attack, forced_writes)
{
	int file = sample_file(variant->dir, 1, &self->make);
	size_t rva = self->make.sections[SAMPLE_TEXT].virtual_address;
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	int section, reader;
	unsigned char *own, *other, *shared, before, byte;

	ASSERT_LE(0, file);
	ASSERT_LE(0, mem);
	section = create_image(self->dev, NULL, file, 0, SEC_PROT_RWX);
	ASSERT_LE(0, section);
	reader = sec_duplicate(section, SEC_RIGHTS_RX, 0);
	ASSERT_LE(0, reader);
	own = mmap(NULL, 4096, RX, MAP_PRIVATE, section, rva);
	other = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, section, rva);
	shared = mmap(NULL, 4096, RX, MAP_SHARED, reader, rva);
	ASSERT_NE(MAP_FAILED, own);
	ASSERT_NE(MAP_FAILED, other);
	ASSERT_NE(MAP_FAILED, shared);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, section,
				   rva));
	EXPECT_EQ(EACCES, errno);
	before = other[5];
	byte = before + 1;
	EXPECT_EQ(1, pwrite(mem, &byte, 1, (uintptr_t)own + 5));
	EXPECT_EQ(byte, own[5]);
	EXPECT_EQ(before, other[5]);
	EXPECT_EQ(before, shared[5]);
	EXPECT_EQ(-1, pwrite(mem, &byte, 1, (uintptr_t)shared + 5));
	EXPECT_EQ(-1, mprotect(shared, 4096, RW));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, madvise(shared, 4096, MADV_REMOVE));
	EXPECT_EQ(-1, madvise(own, 4096, MADV_REMOVE));
	EXPECT_EQ(before, other[5]);
	EXPECT_EQ(before, shared[5]);
}

/* Blocks of relocations without any entry, as many as there can be. */
#define BLOCKS_PER_PAGE	16

static uint32_t block_count(void)
{
	return (100000 + sec_rounds(900000)) / BLOCKS_PER_PAGE * BLOCKS_PER_PAGE;
}

static bool put_blocks(int fd, const struct pe_make *make, bool descending)
{
	size_t directory = make->e_lfanew + PE_OPTIONAL + PE64_OPT_DIRS +
			   8 * PE_DIR_RELOC + 4;
	const uint32_t count = block_count(), size = count * 8;
	uint32_t *blocks = malloc(size);
	bool good;

	if (!blocks)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = descending ? count - 1 - i : i;

		blocks[2 * i] = at / BLOCKS_PER_PAGE * 4096;
		blocks[2 * i + 1] = 8;
	}
	good = pwrite(fd, blocks, size, make->sections[0].raw_offset) ==
	       (ssize_t)size && pwrite(fd, &size, 4, directory) == 4;
	free(blocks);
	return good;
}

static int file_of_blocks(const char *dir, bool descending)
{
	struct pe_make make;
	char path[PATH_MAX];
	uint8_t *bytes;
	int fd, file = -1;
	size_t len;

	sample_describe(&make, 1);
	make.section_count = 1;
	make.reloc_section = 1;
	memset(make.sections, 0, sizeof(make.sections));
	make.sections[0].characteristics = 0x42000040;
	make.sections[0].virtual_size = block_count() / BLOCKS_PER_PAGE * 4096;
	make.sections[0].raw_size = block_count() * 8;
	make.size_of_image = 0;
	make.size_of_headers = 0;
	make.file_size = 0;
	make.reloc_count = 1;
	pe_make_layout(&make);
	make.relocs[0].rva = make.sections[0].virtual_address + 0x1000;
	bytes = pe_make_build(&make, &len);
	snprintf(path, sizeof(path), "%s/section-image-XXXXXX", dir);
	fd = mkstemp(path);
	if (fd >= 0 && write_all(fd, bytes, len) &&
	    put_blocks(fd, &make, descending))
		file = open(path, O_RDONLY | O_CLOEXEC);
	unlink(path);
	close(fd);
	free(bytes);
	return file;
}

/* How often another thread of this processor had its turn. */
struct waiter {
	atomic_bool stop;
	atomic_long turns;
};

static void *wait_for_turns(void *arg)
{
	struct waiter *w = arg;

	while (!atomic_load(&w->stop)) {
		atomic_fetch_add(&w->turns, 1);
		sched_yield();
	}
	return NULL;
}

FIXTURE(turns) {
	int dev;
};

FIXTURE_SETUP(turns)
{
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(turns)
{
}

/* Who makes an image that takes long to look at, takes his turns only. */
TEST_F_TIMEOUT(turns, endless_relocations, 300)
{
	struct section_query_image query;
	struct waiter w = { 0 };
	pthread_t thread;
	cpu_set_t one;
	int file, section;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(one), &one));
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_turns, &w));
	for (int descending = 0; descending < 2; descending++) {
		long before;

		file = file_of_blocks("/dev/shm", descending);
		ASSERT_LE(0, file);
		before = atomic_load(&w.turns);
		section = create_image(self->dev, NULL, file, 0,
				       SECTION_PROT_READ);
		EXPECT_LT(TURNS, atomic_load(&w.turns) - before);
		ASSERT_LE(0, section);
		ASSERT_EQ(0, query_image(section, &query, NULL, 0));
		/* Linkers put them in order. */
		EXPECT_EQ(!descending, !!(query.flags & SECTION_IMAGE_MOVABLE));
		TH_LOG("%ld turns", atomic_load(&w.turns) - before);
		close(section);
		close(file);
	}
	atomic_store(&w.stop, true);
	pthread_join(thread, NULL);
}

#define LARGE	(112ULL << 20)
#define LOW	0x60000000ULL
#define LOW_END	0x7c000000ULL

/* An image that wants to be at 256 MiB, and is small in its file. */
static int low_image(struct __test_metadata *_metadata, int dev, uint64_t bytes,
		     struct section_query_image *query)
{
	struct pe_make make;
	int file, section;
	uint8_t *image;
	size_t len;

	sample_describe(&make, 1);
	make.image_base = 0x10000000;
	make.dll_characteristics &= ~0x20;
	make.sections[SAMPLE_RELOC].virtual_size = bytes -
		make.sections[SAMPLE_RELOC].virtual_address;
	make.size_of_image = bytes;
	image = pe_make_build(&make, &len);
	file = image_file("/dev/shm", image, len);
	free(image);
	ASSERT_LE(0, file);
	section = create_image(dev, NULL, file, 0, SECTION_PROT_READ);
	close(file);
	ASSERT_LE(0, section);
	ASSERT_EQ(0, query_image(section, query, NULL, 0));
	EXPECT_EQ(bytes, query->bytes);
	return section;
}

static bool both_fit(const struct section_query_image *a,
		     const struct section_query_image *b)
{
	return a->base + a->bytes <= b->base || b->base + b->bytes <= a->base;
}

static bool all_fit(const struct section_query_image *q)
{
	return both_fit(&q[0], &q[1]) && both_fit(&q[0], &q[2]) &&
	       both_fit(&q[1], &q[2]);
}

/* The address is one for images, and what is there is relocated for it. */
static void check_moved(struct __test_metadata *_metadata, int section,
			const struct section_query_image *query)
{
	unsigned char *view = sec_map(section, PROT_READ, SECTION_MAP_PRIVATE,
				      0, 4096);
	struct pe_make make;
	uint64_t base;

	ASSERT_NE(MAP_FAILED, view);
	sample_describe(&make, 1);
	memcpy(&base, view + make.e_lfanew + PE_OPTIONAL + PE64_OPT_BASE,
	       sizeof(base));
	EXPECT_EQ(query->base, base);
	EXPECT_LE(LOW, base);
	EXPECT_GE(LOW_END, base + query->bytes);
	EXPECT_EQ(0, base % 0x10000);
	EXPECT_TRUE(query->flags & SECTION_IMAGE_RELOCATED);
	munmap(view, 4096);
}

/*
 * Three images fit into what there is below 4 GiB, wherever the first is, and a
 * fifth does not: who comes then is still moved from where all would like to be,
 * and is in nobody's way but in a process that maps both.
 */
TEST_F(turns, addresses_used_up)
{
	struct section_query_image q[4], other;
	int s[3], more[4], i;

	for (i = 0; i < 3; i++) {
		s[i] = low_image(_metadata, self->dev, LARGE, &q[i]);
		check_moved(_metadata, s[i], &q[i]);
	}
	EXPECT_TRUE(all_fit(q));
	for (i = 0; i < 4; i++) {
		more[i] = low_image(_metadata, self->dev, LARGE, &other);
		check_moved(_metadata, more[i], &other);
		/* The first of these may have been the last that fits. */
		EXPECT_FALSE(i && both_fit(&other, &q[0]) &&
			     both_fit(&other, &q[1]) && both_fit(&other, &q[2]) &&
			     both_fit(&other, &q[3]));
		if (!i)
			q[3] = other;
	}
	for (i = 0; i < 4; i++)
		close(more[i]);
	more[0] = low_image(_metadata, self->dev, LOW_END - LOW + 0x10000,
			    &other);
	EXPECT_EQ(0x10000000U, other.base);
	EXPECT_FALSE(other.flags & SECTION_IMAGE_RELOCATED);
	close(more[0]);
	for (i = 0; i < 3; i++)
		close(s[i]);
}

/*
 * One image has all addresses.  Where others are is by chance then, again and again:
 * they have not freed, at their end, what they did not own.
 */
TEST_F(turns, addresses_not_owned)
{
	struct section_query_image all, other;
	uint64_t base = 0;
	int s, section, same = 0, i;

	s = low_image(_metadata, self->dev, LOW_END - LOW, &all);
	check_moved(_metadata, s, &all);
	for (i = 0; i < 6; i++) {
		section = low_image(_metadata, self->dev, LARGE, &other);
		check_moved(_metadata, section, &other);
		same += other.base == base;
		base = other.base;
		close(section);
	}
	EXPECT_GT(4, same);
	close(s);
}

TEST_HARNESS_MAIN
