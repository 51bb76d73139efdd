// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executable images: what processes have in common and what not, where images are,
 * and what happens to the file meanwhile.
 */
#include "kselftest_harness.h"
#include "image_util.h"

#define RW	(PROT_READ | PROT_WRITE)
#define RX	(PROT_READ | PROT_EXEC)
#define NOREPLACE	0x100000

FIXTURE(use) {
	int dev;
	int file;
	int section;
	struct pe_make make;
	struct section_query_image query;
	struct section_image_segment segments[SAMPLE_SECTIONS + 1];
};

FIXTURE_VARIANT(use) {
	const char *dir;
};

FIXTURE_VARIANT_ADD(use, tmpfs) { .dir = "/tmp" };
FIXTURE_VARIANT_ADD(use, ext4) { .dir = EXT4_DIR };

FIXTURE_SETUP(use)
{
	if (!strcmp(variant->dir, EXT4_DIR) && !have_ext4())
		SKIP(return, "no ext4");
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->file = sample_file(variant->dir, 1, &self->make);
	ASSERT_LE(0, self->file);
	self->section = create_image(self->dev, NULL, self->file, 0,
				     SEC_PROT_RWX);
	ASSERT_LE(0, self->section);
	ASSERT_EQ(0, query_image(self->section, &self->query, self->segments,
				 SAMPLE_SECTIONS + 1));
}

FIXTURE_TEARDOWN(use)
{
}

static char *map_at(int section, uint64_t base, size_t length)
{
	return mmap((void *)(uintptr_t)base, length, PROT_READ,
		    MAP_PRIVATE | (base ? NOREPLACE : 0), section, 0);
}

/* A view of one section of the image. */
static unsigned char *map_section(int section, const struct pe_make *make,
				  int which, int prot, int how)
{
	return mmap(NULL, SAMPLE_PAGES * 4096, prot, how, section,
		    make->sections[which].virtual_address);
}

TEST_F(use, segments)
{
	static const __u32 prots[] = {
		PROT_READ, RX, RW, RW, PROT_READ,
	};

	EXPECT_EQ(SAMPLE_SECTIONS + 1, self->query.segment_count);
	EXPECT_EQ(0, self->segments[0].rva);
	EXPECT_EQ(SECTION_SEGMENT_HEADERS, self->segments[0].flags);
	for (int i = 0; i <= SAMPLE_SECTIONS; i++)
		EXPECT_EQ(prots[i], self->segments[i].prot);
	for (int i = 0; i < SAMPLE_SECTIONS; i++) {
		EXPECT_EQ(self->make.sections[i].virtual_address,
			  self->segments[i + 1].rva);
		EXPECT_EQ(SAMPLE_PAGES * 4096, self->segments[i + 1].length);
		EXPECT_EQ(i == SAMPLE_SHARED ? SECTION_SEGMENT_SHARED : 0,
			  self->segments[i + 1].flags);
	}
}

/* The count is told whatever the room is, and nothing is written beyond it. */
TEST_F(use, segments_without_room)
{
	struct section_image_segment segments[3];
	struct section_query_image query;

	memset(segments, SEC_POISON, sizeof(segments));
	ASSERT_EQ(0, query_image(self->section, &query, segments, 2));
	EXPECT_EQ(SAMPLE_SECTIONS + 1, query.segment_count);
	EXPECT_EQ(self->segments[1].rva, segments[1].rva);
	EXPECT_TRUE(sec_poisoned(&segments[2], sizeof(segments[2])));
	ASSERT_EQ(0, query_image(self->section, &query, NULL, 0));
	EXPECT_EQ(SAMPLE_SECTIONS + 1, query.segment_count);
	EXPECT_EQ(-EINVAL, query_image(self->section, &query, NULL, 1));
	EXPECT_EQ(-EFAULT, query_image(self->section, &query,
				       (void *)4096UL, 1));
}

TEST_F(use, query_needs_the_right_and_an_image)
{
	int blind = sec_duplicate(self->section, SECTION_RIGHT_READ, 0);
	int plain = sec_create_anon(self->dev, NULL, SEC_PAGE);
	struct section_query_image query;

	ASSERT_LE(0, blind);
	EXPECT_EQ(-EACCES, query_image(blind, &query, NULL, 0));
	EXPECT_EQ(-ENOEXEC, query_image(plain, &query, NULL, 0));
	query.size = sizeof(query);
	query.flags = 1;
	query.segments = 0;
	query.segment_count = 0;
	EXPECT_EQ(-EINVAL, sec_ioctl(self->section, SECTION_IOC_QUERY_IMAGE,
				     &query));
}

TEST_F(use, flags_that_go_with_images)
{
	struct section_create args = sec_create_args(NULL, 0);

	args.file_fd = self->file;
	args.prot = SECTION_PROT_READ;
	args.flags = SECTION_CREATE_IMAGE | SECTION_CREATE_POPULATE;
	EXPECT_EQ(-EINVAL, sec_create(self->dev, &args));
	args.flags = SECTION_CREATE_IMAGE | SECTION_CREATE_RESERVE;
	EXPECT_EQ(-EINVAL, sec_create(self->dev, &args));
	args.flags = SECTION_CREATE_IMAGE | SECTION_CREATE_LARGE;
	EXPECT_EQ(-EINVAL, sec_create(self->dev, &args));
	args.flags = SECTION_CREATE_IMAGE;
	args.file_fd = -1;
	args.bytes = SEC_PAGE;
	EXPECT_EQ(-EINVAL, sec_create(self->dev, &args));
}

/* I73: wherever it is mapped, and by whomever, the pages are for one base. */
TEST_F(use, one_base_for_each_file)
{
	struct section_query_image second, other;
	int again = create_image(self->dev, NULL, self->file, 0, SEC_PROT_RX);
	struct pe_make make;
	int different = sample_file(variant->dir, 2, &make);
	int foreign = create_image(self->dev, NULL, different, 0, SEC_PROT_RX);

	ASSERT_EQ(0, query_image(again, &second, NULL, 0));
	ASSERT_EQ(0, query_image(foreign, &other, NULL, 0));
	EXPECT_EQ(self->query.base, second.base);
	EXPECT_NE(self->query.preferred, self->query.base);
	EXPECT_EQ(0x180000000ULL, self->query.preferred);
	EXPECT_TRUE(self->query.flags & SECTION_IMAGE_RELOCATED);
	EXPECT_TRUE(self->query.flags & SECTION_IMAGE_PLUS);
	EXPECT_TRUE(self->query.flags & SECTION_IMAGE_CODE);
	EXPECT_FALSE(self->query.flags & SECTION_IMAGE_FROZEN);
	EXPECT_EQ(0, self->query.base % 0x10000);
	/* They do not overlap. */
	EXPECT_TRUE(other.base >= self->query.base + self->query.bytes ||
		    self->query.base >= other.base + other.bytes);
	EXPECT_NE(MAP_FAILED, map_at(again, second.base, second.bytes));
	EXPECT_NE(MAP_FAILED, map_at(foreign, other.base, other.bytes));
}

static int child_base(void *arg)
{
	struct section_query_image query, *mine = arg;
	int section, dev = sec_dev();
	char path[] = "/proc/self/fd/000";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", (int)mine->size);
	section = create_image(dev, NULL, open(path, O_RDONLY), 0, SEC_PROT_RX);
	if (query_image(section, &query, NULL, 0))
		return 1;
	return query.base == mine->base ? 0 : 2;
}

TEST_F(use, one_base_in_all_processes)
{
	struct section_query_image query = self->query;

	query.size = self->file;
	EXPECT_EQ(0, sec_in_child(child_base, &query));
}

/* Whoever asks for a base gets pages for it. */
TEST_F(use, chosen_base)
{
	struct section_create args = sec_create_args(NULL, 0);
	struct section_query_image query;
	uint64_t base = 0x300000000ULL, word, plain;
	char *view, *mine;
	int section;

	args.file_fd = self->file;
	args.prot = SECTION_PROT_READ;
	args.flags = SECTION_CREATE_IMAGE | SECTION_CREATE_BASED;
	args.base = base;
	section = sec_create(self->dev, &args);
	ASSERT_LE(0, section);
	ASSERT_EQ(0, query_image(section, &query, NULL, 0));
	EXPECT_EQ(base, query.base);
	view = mmap(NULL, query.bytes, PROT_READ, MAP_PRIVATE, section, 0);
	ASSERT_EQ(base, (uintptr_t)view);
	mine = map_at(self->section, 0, self->query.bytes);
	ASSERT_NE(MAP_FAILED, mine);
	memcpy(&word, view + self->make.relocs[0].rva, sizeof(word));
	memcpy(&plain, mine + self->make.relocs[0].rva, sizeof(plain));
	EXPECT_EQ(base - self->query.base, word - plain);
	/* Without an address of his own, it is where the image is for all. */
	args.base = 0;
	section = sec_create(self->dev, &args);
	ASSERT_LE(0, section);
	view = mmap(NULL, query.bytes, PROT_READ, MAP_PRIVATE, section, 0);
	EXPECT_EQ(self->query.base, (uintptr_t)view);
}

/* Addresses of 32 bits are not cut off. */
TEST_F(use, chosen_base_beyond_addresses)
{
	struct section_create args = sec_create_args(NULL, 0);
	struct section_query_image query;
	struct pe_make make;
	uint8_t *bytes;
	int section;
	size_t len;

	sample_describe(&make, 3);
	make.plus = false;
	make.magic = 0;
	make.machine = 0;
	make.image_base = 0x10000000;
	for (uint32_t i = 0; i < make.reloc_count; i++)
		make.relocs[i].type = 3;
	pe_make_layout(&make);
	bytes = pe_make_build(&make, &len);
	ASSERT_NE(NULL, bytes);
	args.file_fd = image_file(variant->dir, bytes, len);
	free(bytes);
	args.prot = SECTION_PROT_READ;
	args.flags = SECTION_CREATE_IMAGE | SECTION_CREATE_BASED;
	args.base = 0x20000000;
	section = sec_create(self->dev, &args);
	ASSERT_LE(0, section);
	ASSERT_EQ(0, query_image(section, &query, NULL, 0));
	EXPECT_TRUE(query.flags & SECTION_IMAGE_RELOCATED);
	args.base = 0x100000000ULL - query.bytes;
	EXPECT_LE(0, sec_create(self->dev, &args));
	args.base += 4096;
	EXPECT_EQ(-EOPNOTSUPP, sec_create(self->dev, &args));
	args.base = 0x300000000ULL;
	EXPECT_EQ(-EOPNOTSUPP, sec_create(self->dev, &args));
}

TEST_F(use, chosen_base_without_relocations)
{
	struct section_create args = sec_create_args(NULL, 0);
	struct pe_make make;
	uint8_t *bytes;
	size_t len;

	sample_describe(&make, 3);
	make.dll_characteristics = 0;
	bytes = pe_make_build(&make, &len);
	args.file_fd = image_file(variant->dir, bytes, len);
	free(bytes);
	args.prot = SECTION_PROT_READ;
	args.flags = SECTION_CREATE_IMAGE | SECTION_CREATE_BASED;
	args.base = 0x300000000ULL;
	EXPECT_EQ(-EOPNOTSUPP, sec_create(self->dev, &args));
	args.flags = SECTION_CREATE_IMAGE;
	args.base = 0;
	EXPECT_LE(0, sec_create(self->dev, &args));
}

static int file_at_base(const char *dir, bool plus, uint64_t base)
{
	struct pe_make make;
	uint8_t *bytes;
	size_t len;
	int file;

	sample_describe(&make, 3);
	make.dll_characteristics = 0;
	make.reloc_count = 0;
	make.plus = plus;
	make.magic = 0;
	make.machine = 0;
	make.image_base = base;
	pe_make_layout(&make);
	bytes = pe_make_build(&make, &len);
	file = image_file(dir, bytes, len);
	free(bytes);
	return file;
}

/* Nothing can be at such an address; but all views can be at one address. */
TEST_F(use, chosen_base_for_impossible_ones)
{
	static const struct {
		bool plus;
		uint64_t base;
	} impossible[] = {
		{ true, 0 }, { true, 0x1000 }, { true, 0x10000200 },
		{ true, 1ULL << 60 }, { false, 0 }, { false, 0x10000200 },
	};
	struct section_create args = sec_create_args(NULL, 0);
	struct section_query_image query;
	struct section_query info;
	char *view;
	int section;

	args.prot = SECTION_PROT_READ;
	args.flags = SECTION_CREATE_IMAGE | SECTION_CREATE_BASED;
	for (size_t i = 0; i < ARRAY_SIZE(impossible); i++) {
		args.file_fd = file_at_base(variant->dir, impossible[i].plus,
					    impossible[i].base);
		section = sec_create(self->dev, &args);
		ASSERT_LE(0, section);
		ASSERT_EQ(0, query_image(section, &query, NULL, 0));
		EXPECT_EQ(impossible[i].base, query.base);
		ASSERT_EQ(0, sec_query(section, &info));
		EXPECT_NE(0, info.base);
		if (!impossible[i].plus)
			EXPECT_GT(1ULL << 32, info.base + query.bytes);
		view = mmap(NULL, query.bytes, PROT_READ, MAP_PRIVATE, section,
			    0);
		EXPECT_EQ(info.base, (uintptr_t)view);
		munmap(view, query.bytes);
		close(args.file_fd);
		close(section);
	}
}

/* It cannot be anywhere else, and is not asked to be. */
TEST_F(use, own_base_of_one_that_cannot_be_moved)
{
	struct section_create args = sec_create_args(NULL, 0);
	struct section_query_image query;
	int section;

	args.file_fd = file_at_base(variant->dir, true, 0x30000000);
	args.prot = SECTION_PROT_READ;
	args.flags = SECTION_CREATE_IMAGE | SECTION_CREATE_BASED;
	args.base = 0x30010000;
	EXPECT_EQ(-EOPNOTSUPP, sec_create(self->dev, &args));
	args.base = 0x30000800;
	EXPECT_EQ(-EINVAL, sec_create(self->dev, &args));
	args.base = 0x30000000;
	section = sec_create(self->dev, &args);
	ASSERT_LE(0, section);
	ASSERT_EQ(0, query_image(section, &query, NULL, 0));
	EXPECT_EQ(args.base, query.base);
	EXPECT_FALSE(query.flags & SECTION_IMAGE_RELOCATED);
	close(section);
}

/* I52, I92 */
TEST_F(use, writes_stay_private)
{
	unsigned char *data = map_section(self->section, &self->make,
					  SAMPLE_DATA, RW, MAP_PRIVATE);
	unsigned char *other = map_section(self->section, &self->make,
					   SAMPLE_DATA, RW, MAP_PRIVATE);
	unsigned char before, raw;

	ASSERT_NE(MAP_FAILED, data);
	ASSERT_NE(MAP_FAILED, other);
	before = data[7];
	raw = file_byte(self->file, self->make.sections[SAMPLE_DATA].raw_offset
			+ 7);
	EXPECT_EQ(raw, before);
	data[7] = before + 1;
	EXPECT_EQ(before, other[7]);
	EXPECT_EQ(raw, file_byte(self->file,
			self->make.sections[SAMPLE_DATA].raw_offset + 7));
	ASSERT_EQ(0, munmap(data, SAMPLE_PAGES * 4096));
	data = map_section(self->section, &self->make, SAMPLE_DATA, RW,
			   MAP_PRIVATE);
	EXPECT_EQ(before, data[7]);
}

/* Only what the image itself shares can be written to for all. */
TEST_F(use, nothing_else_is_shared)
{
	size_t shared = self->make.sections[SAMPLE_SHARED].virtual_address;
	int reader = sec_duplicate(self->section, SEC_RIGHTS_R, 0);

	EXPECT_EQ(MAP_FAILED, map_section(self->section, &self->make,
					  SAMPLE_DATA, RW, MAP_SHARED));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MAP_FAILED, map_section(self->section, &self->make,
					  SAMPLE_DATA, PROT_READ, MAP_SHARED));
	EXPECT_EQ(EACCES, errno);
	/* A part of it is. */
	EXPECT_NE(MAP_FAILED, mmap(NULL, 4096, RW, MAP_SHARED, self->section,
				   shared + 4096));
	/* One page more, in front or behind, is not. */
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 2 * 4096, RW, MAP_SHARED,
				   self->section, shared - 4096));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, (SAMPLE_PAGES + 1) * 4096, RW,
				   MAP_SHARED, self->section, shared));
	/* Who can only read may map it as he likes, and not write. */
	EXPECT_NE(MAP_FAILED, map_section(reader, &self->make, SAMPLE_DATA,
					  PROT_READ, MAP_SHARED));
	EXPECT_EQ(MAP_FAILED, map_section(reader, &self->make, SAMPLE_SHARED,
					  RW, MAP_SHARED));
	EXPECT_EQ(EACCES, errno);
}

static int count_up(void *arg)
{
	unsigned char *shared = arg;

	shared[0]++;
	return 0;
}

/* I51: one copy, initialised from the file, for all who have the image. */
TEST_F(use, shared_segment)
{
	int again = create_image(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	unsigned char *shared, *second, *copy, first;

	shared = map_section(self->section, &self->make, SAMPLE_SHARED, RW,
			     MAP_SHARED);
	second = map_section(again, &self->make, SAMPLE_SHARED, RW, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, shared);
	ASSERT_NE(MAP_FAILED, second);
	first = shared[0];
	EXPECT_EQ(file_byte(self->file, self->make.sections[SAMPLE_SHARED]
			    .raw_offset), first);
	EXPECT_EQ(0, sec_in_child(count_up, shared));
	EXPECT_EQ(0, sec_in_child(count_up, second));
	EXPECT_EQ((unsigned char)(first + 2), shared[0]);
	/* Whoever wants a copy copies what is there now. */
	copy = map_section(again, &self->make, SAMPLE_SHARED, RW, MAP_PRIVATE);
	EXPECT_EQ((unsigned char)(first + 2), copy[0]);
	copy[0] = 0;
	EXPECT_EQ((unsigned char)(first + 2), shared[0]);

	/* It is there as long as any section or view of the image is. */
	close(self->section);
	munmap(shared, SAMPLE_PAGES * 4096);
	munmap(copy, SAMPLE_PAGES * 4096);
	close(again);
	again = create_image(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	shared = map_section(again, &self->make, SAMPLE_SHARED, RW, MAP_SHARED);
	EXPECT_EQ((unsigned char)(first + 2), shared[0]);
	/* And begins anew afterwards. */
	close(again);
	munmap(shared, SAMPLE_PAGES * 4096);
	munmap(second, SAMPLE_PAGES * 4096);
	again = create_image(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	shared = map_section(again, &self->make, SAMPLE_SHARED, RW, MAP_SHARED);
	EXPECT_EQ(first, shared[0]);
}

/* The path that a descriptor leads to, for opening it once more. */
static int open_again(int fd, int flags)
{
	char path[64];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, flags | O_CLOEXEC);
	return again < 0 ? -errno : again;
}

/* Closing files is not over when the call returns in all kernels: a fork waits. */
static int nothing(void *arg)
{
	return 0;
}

/* I93: as for a running program. */
TEST_F(use, nobody_writes_meanwhile)
{
	char *view = map_at(self->section, 0, self->query.bytes);
	int fd;

	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(-ETXTBSY, open_again(self->file, O_RDWR));
	EXPECT_EQ(-ETXTBSY, open_again(self->file, O_WRONLY | O_TRUNC));
	close(self->section);
	EXPECT_EQ(-ETXTBSY, open_again(self->file, O_RDWR));
	munmap(view, self->query.bytes);
	EXPECT_EQ(0, sec_in_child(nothing, NULL));
	fd = open_again(self->file, O_RDWR);
	EXPECT_LE(0, fd);
}

/* I15, I91: the file is being written to, so this one has a copy. */
TEST_F(use, file_that_is_written_to)
{
	struct section_query_image query;
	int writer, section;
	unsigned char *view, *data, before;
	size_t raw = self->make.sections[SAMPLE_DATA].raw_offset;
	size_t rva = self->make.sections[SAMPLE_DATA].virtual_address;

	close(self->section);
	EXPECT_EQ(0, sec_in_child(nothing, NULL));
	writer = open_again(self->file, O_RDWR);
	ASSERT_LE(0, writer);
	data = mmap(NULL, raw + 4096, RW, MAP_SHARED, writer, 0);
	ASSERT_NE(MAP_FAILED, data);
	/* I15: what is in memory counts. */
	data[0] = 'X';
	EXPECT_EQ(-ENOEXEC, create_image(self->dev, NULL, self->file, 0,
					 SEC_PROT_RX));
	data[0] = 'M';
	section = create_image(self->dev, NULL, self->file, 0, SEC_PROT_RX);
	ASSERT_LE(0, section);
	ASSERT_EQ(0, query_image(section, &query, NULL, 0));
	EXPECT_TRUE(query.flags & SECTION_IMAGE_FROZEN);
	view = (unsigned char *)map_at(section, query.base, query.bytes);
	ASSERT_NE(MAP_FAILED, view);
	before = view[rva + 9];
	EXPECT_EQ(before, data[raw + 9]);
	/* I91: neither the pages that were touched nor the others. */
	data[raw + 9] = before + 1;
	data[raw + 4096 - 1] ^= 1;
	EXPECT_EQ(before, view[rva + 9]);
	EXPECT_NE(data[raw + 4096 - 1], view[rva + 4096 - 1]);
	/* Nobody was hindered. */
	EXPECT_LE(0, open_again(self->file, O_RDWR));
	/* And nobody else has it: the next one is as the file is now. */
	section = create_image(self->dev, NULL, self->file, 0, SEC_PROT_RX);
	view = (unsigned char *)map_at(section, 0, query.bytes);
	EXPECT_EQ((unsigned char)(before + 1), view[rva + 9]);
}

TEST_F(use, changed_file_is_another_image)
{
	size_t raw = self->make.sections[SAMPLE_DATA].raw_offset;
	unsigned char *view, before, byte;
	int writer;

	view = map_section(self->section, &self->make, SAMPLE_DATA, PROT_READ,
			   MAP_PRIVATE);
	before = view[9];
	munmap(view, SAMPLE_PAGES * 4096);
	close(self->section);
	EXPECT_EQ(0, sec_in_child(nothing, NULL));
	writer = open_again(self->file, O_RDWR);
	ASSERT_LE(0, writer);
	byte = before + 1;
	ASSERT_EQ(1, pwrite(writer, &byte, 1, raw + 9));
	close(writer);
	self->section = create_image(self->dev, NULL, self->file, 0,
				     SEC_PROT_RX);
	view = map_section(self->section, &self->make, SAMPLE_DATA, PROT_READ,
			   MAP_PRIVATE);
	EXPECT_EQ(byte, view[9]);
}

/* I14, I79 */
TEST_F(use, parts_of_an_image)
{
	int part = create_image(self->dev, NULL, self->file, 0x4000,
				SECTION_PROT_READ);
	struct section_query_image query;
	struct section_query info;
	char *view;

	ASSERT_LE(0, part);
	EXPECT_EQ(0, sec_query(part, &info));
	EXPECT_EQ(0x4000, info.bytes);
	EXPECT_TRUE(info.attributes & SECTION_ATTR_IMAGE);
	EXPECT_TRUE(info.attributes & SECTION_ATTR_FILE);
	ASSERT_EQ(0, query_image(part, &query, NULL, 0));
	EXPECT_EQ(self->query.bytes, query.bytes);
	view = map_at(part, 0, 0x4000);
	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ('M', view[0]);
	EXPECT_LE(0, peek(view + 0x3fff));
	EXPECT_EQ(MAP_FAILED, map_at(part, 0, 0x5000));
	EXPECT_EQ(ENXIO, errno);
	EXPECT_EQ(-EFBIG, create_image(self->dev, NULL, self->file,
				       self->query.bytes + 1,
				       SECTION_PROT_READ));
	EXPECT_LE(0, create_image(self->dev, NULL, self->file,
				  self->query.bytes, SECTION_PROT_READ));
	/* H21, and the system calls that map behind our back. */
	EXPECT_EQ(MAP_FAILED, mremap(view, 0x4000, 0x5000, MREMAP_MAYMOVE));
}

TEST_F(use, cannot_be_extended_or_reserved)
{
	__u64 bytes = self->query.bytes * 2;
	struct section_map map = sec_map_args(PROT_READ, 0, 0);

	EXPECT_EQ(-EOPNOTSUPP, sec_extend(self->section, &bytes));
	EXPECT_EQ(-EOPNOTSUPP, sec_commit(self->section, 0, 4096,
					  SECTION_COMMIT_DECOMMIT));
	map.flags = SECTION_MAP_BEYOND;
	EXPECT_EQ(-EOPNOTSUPP, sec_ioctl(self->section, SECTION_IOC_MAP, &map));
	/* H1 */
	char *view = mmap(NULL, 2 * 4096, PROT_READ, MAP_SHARED,
			  sec_duplicate(self->section, SEC_RIGHTS_R, 0), 0);

	ASSERT_NE(MAP_FAILED, view);
	EXPECT_GT(0, syscall(SYS_remap_file_pages, view, 4096, 0, 1, 0));
}

static int open_by_name(void *arg)
{
	int dev = sec_dev(), section = sec_open(dev, arg, SEC_RIGHTS_RX);
	struct section_query_image query;

	if (query_image(section, &query, NULL, 0))
		return 1;
	return map_at(section, query.base, query.bytes) == MAP_FAILED ? 2 : 0;
}

TEST_F(use, by_name)
{
	struct sec_name name = sec_unique();
	struct section_create args = sec_create_args(name.s, 0);

	args.file_fd = self->file;
	args.prot = SEC_PROT_RX;
	args.flags = SECTION_CREATE_IMAGE;
	args.mode = 0700;
	ASSERT_LE(0, sec_create(self->dev, &args));
	EXPECT_EQ(0, sec_in_child(open_by_name, name.s));
	EXPECT_EQ(-EEXIST, create_image(self->dev, name.s, self->file, 0,
					SEC_PROT_RX));
}

/* A figure of /proc/self/smaps in KiB, of the mapping at an address. */
static long mapped_kb(const void *address, const char *figure)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	unsigned long start, end;
	bool here = false;
	long value = -1;
	char line[512];

	while (value < 0 && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = start == (uintptr_t)address;
		else if (here && !strncmp(line, figure, strlen(figure)))
			value = atol(line + strlen(figure));
	}
	fclose(file);
	return value;
}

static int touch_and_measure(void *arg)
{
	struct section_query_image *query = arg;
	char *view = mmap((void *)(uintptr_t)query->base, query->bytes,
			  PROT_READ | PROT_WRITE, MAP_PRIVATE | NOREPLACE,
			  (int)query->size, 0);

	CHILD_EXPECT(view != MAP_FAILED);
	for (size_t i = 0; i < query->bytes; i += 4096)
		CHILD_EXPECT(peek(view + i) >= 0);
	CHILD_EXPECT(mapped_kb(view, "Rss:") == (long)(query->bytes >> 10));
	CHILD_EXPECT(mapped_kb(view, "Private_Dirty:") == 0);
	/* The parent has all of it mapped too. */
	CHILD_EXPECT(mapped_kb(view, "Shared_Clean:") ==
		     (long)(query->bytes >> 10));
	CHILD_EXPECT(mapped_kb(view, "Pss:") == (long)(query->bytes >> 11));
	return 0;
}

/* What all of this is for: nothing of it is anybody's own. */
TEST_F(use, memory_of_a_second_process)
{
	struct section_query_image query = self->query;
	char *view = map_at(self->section, 0, query.bytes);

	for (size_t i = 0; i < query.bytes; i += 4096)
		ASSERT_LE(0, peek(view + i));
	query.size = self->section;
	EXPECT_EQ(0, sec_in_child(touch_and_measure, &query));
}

/* Pages are read for whoever has said that he will need them (H5). */
TEST_F(use, will_need)
{
	char *view = map_at(self->section, 0, self->query.bytes);

	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(0, madvise(view, self->query.bytes, MADV_WILLNEED));
	EXPECT_EQ(0, madvise(view, self->query.bytes, MADV_DONTNEED));
	EXPECT_EQ('M', view[0]);
	EXPECT_EQ('Z', view[1]);
}

/* The mapping says what it is. */
TEST_F(use, path)
{
	char line[512];
	char *view = map_at(self->section, 0, self->query.bytes);

	ASSERT_TRUE(maps_line(view, line, sizeof(line)));
	EXPECT_NE(NULL, strstr(line, "section:section-image-"))
		TH_LOG("%s", line);
}

TEST_HARNESS_MAIN
