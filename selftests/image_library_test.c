// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's functions for executable images: where they map, what of them, and
 * what they say when they cannot.
 */
#include "kselftest_harness.h"
#include "image_util.h"

#include <section.h>

#define ANY_PROT	(SECTION_PROT_READ | SECTION_PROT_WRITE | SECTION_PROT_EXECUTE)
/* Nothing else is there. */
#define FREE		((char *)0x340000000UL)

FIXTURE(image) {
	struct pe_make make;
	int file;
	int section;
	struct section_image_info info;
};

FIXTURE_SETUP(image)
{
	self->file = sample_file("/tmp", 71, &self->make);
	ASSERT_LE(0, self->file);
	self->section = section_create_image(NULL, self->file, ANY_PROT);
	ASSERT_LE(0, self->section);
	ASSERT_EQ(0, section_query_image(self->section, &self->info));
}

FIXTURE_TEARDOWN(image)
{
}

/* A handle of an image with these attributes besides. */
static int create_with(int file, uint32_t flags, void *base, uint64_t bytes)
{
	struct section_attributes a = SECTION_ATTRIBUTES_INIT;

	a.bytes = bytes;
	a.prot = ANY_PROT;
	a.flags = SECTION_CREATE_IMAGE | flags;
	a.base = base;
	a.file_fd = file;
	return section_create_at(SECTION_DEVICE_DEFAULT, NULL, &a, NULL);
}

/* A file of an image that wants to be at @base and cannot be moved. */
static int file_at(uint64_t base, struct pe_make *make)
{
	uint8_t *bytes;
	size_t len;
	int file;

	sample_describe(make, 72);
	make->dll_characteristics = 0;
	make->reloc_count = 0;
	make->image_base = base;
	bytes = pe_make_build(make, &len);
	file = image_file("/tmp", bytes, len);
	free(bytes);
	return file;
}

static const unsigned char *begin_of(const char *view,
				     const struct pe_make *make, int section)
{
	return (const unsigned char *)view +
	       make->sections[section].virtual_address;
}

static uint8_t in_file(const struct pe_make *make, int section)
{
	return pe_make_pattern(make, make->sections[section].raw_offset);
}

/* Is the view whole: is each section there, as it is in the file? */
static bool is_there(const char *view, const struct pe_make *make)
{
	for (int i = SAMPLE_TEXT; i < SAMPLE_RELOC; i++)
		if (*begin_of(view, make, i) != in_file(make, i))
			return false;
	return view[0] == 'M' && view[1] == 'Z';
}

TEST_F(image, at_its_base_and_then_elsewhere)
{
	char *first, *second;
	size_t length = 0;

	first = section_map_image(self->section, NULL, 0, &length);
	ASSERT_NE(NULL, first);
	EXPECT_EQ(self->info.base, (uintptr_t)first);
	EXPECT_EQ(self->info.bytes, length);
	EXPECT_TRUE(is_there(first, &self->make));
	second = section_map_image(self->section, NULL, 0, &length);
	ASSERT_NE(NULL, second);
	EXPECT_NE(first, second);
	EXPECT_EQ(0, (uintptr_t)second % 0x10000);
	EXPECT_TRUE(is_there(second, &self->make));
	EXPECT_EQ(0, section_unmap(first, length));
	EXPECT_EQ(0, section_unmap(second, length));
}

TEST_F(image, at_an_address)
{
	size_t length = 12345;
	char *view;

	view = section_map_image(self->section, FREE, 0, &length);
	ASSERT_EQ(FREE, view);
	EXPECT_TRUE(is_there(view, &self->make));
	length = 12345;
	EXPECT_EQ(NULL, section_map_image(self->section, FREE + 0x10000, 0,
					  &length));
	EXPECT_EQ(EEXIST, errno);
	EXPECT_EQ(12345, length);
	EXPECT_EQ(NULL, section_map_image(self->section, FREE + 0x800, 0,
					  &length));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(NULL, section_map_image(self->section, NULL, 2, &length));
	EXPECT_EQ(EINVAL, errno);
}

/* What one process does to data is its own, and to what is shared everybody's. */
TEST_F(image, who_sees_what_is_written)
{
	char *first, *second;
	size_t data, shared, length;

	data = self->make.sections[SAMPLE_DATA].virtual_address;
	shared = self->make.sections[SAMPLE_SHARED].virtual_address;
	first = section_map_image(self->section, NULL, 0, &length);
	second = section_map_image(self->section, NULL, 0, &length);
	ASSERT_NE(NULL, first);
	ASSERT_NE(NULL, second);
	first[data]++;
	first[shared]++;
	EXPECT_EQ(in_file(&self->make, SAMPLE_DATA),
		  *begin_of(second, &self->make, SAMPLE_DATA));
	EXPECT_EQ((uint8_t)(in_file(&self->make, SAMPLE_SHARED) + 1),
		  *begin_of(second, &self->make, SAMPLE_SHARED));
}

/* Does everything have the protection that the image wants, but for execution? */
TEST_F(image, segments)
{
	struct section_image_segment *segments;
	struct section_image_info info;
	char *view;
	size_t length;

	segments = section_image_segments(self->section, &info);
	ASSERT_NE(NULL, segments);
	EXPECT_EQ(0, memcmp(&info, &self->info, sizeof(info)));
	/* The headers, too. */
	ASSERT_EQ(SAMPLE_SECTIONS + 1, info.segments);
	for (int no_execute = 0; no_execute < 2; no_execute++) {
		view = section_map_image(self->section, NULL, no_execute ?
					 SECTION_MAP_IMAGE_NO_EXECUTE : 0,
					 &length);
		ASSERT_NE(NULL, view);
		for (uint32_t i = 0; i < info.segments; i++) {
			struct section_view_info at;
			uint32_t prot = segments[i].prot;

			if (no_execute)
				prot &= ~SECTION_PROT_EXECUTE;
			ASSERT_EQ(0, section_query_view(view + segments[i].rva,
							&at));
			EXPECT_EQ(prot, at.prot)
				TH_LOG("segment %u", i);
			EXPECT_EQ(!(segments[i].flags &
				    SECTION_SEGMENT_SHARED), at.private_view);
		}
		EXPECT_EQ(0, section_unmap(view, length));
	}
	free(segments);
}

TEST_F(image, part)
{
	int part = create_with(self->file, 0, NULL, 0x1234);
	size_t length = 0;
	unsigned char in;
	char *view;

	ASSERT_LE(0, part);
	view = section_map_image(part, NULL, 0, &length);
	ASSERT_NE(NULL, view);
	EXPECT_EQ(0x1234, length);
	EXPECT_EQ('M', view[0]);
	/* Nothing of the rest, and no place for it. */
	EXPECT_EQ(-1, mincore(view + 0x2000, 0x1000, &in));
	EXPECT_EQ(ENOMEM, errno);
	EXPECT_EQ(0, section_unmap(view, length));
	EXPECT_EQ(-1, mincore(view, 0x1000, &in));
}

/* All views are at one address, or nowhere. */
TEST_F(image, based)
{
	int based = create_with(self->file, SECTION_CREATE_BASED, NULL, 0);
	struct section_info info;
	size_t length = 0;
	char *view;

	ASSERT_LE(0, based);
	ASSERT_EQ(0, section_query(based, &info, NULL, 0));
	view = section_map_image(based, NULL, 0, &length);
	ASSERT_EQ(info.base, view);
	EXPECT_TRUE(is_there(view, &self->make));
	EXPECT_EQ(NULL, section_map_image(based, NULL, 0, &length));
	EXPECT_EQ(EEXIST, errno);
	EXPECT_EQ(NULL, section_map_image(based, FREE, 0, &length));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, section_unmap(view, length));
	view = section_map_image(based, info.base, 0, &length);
	EXPECT_EQ(info.base, view);
}

/* Nothing can be where the file wants to be, and the section is somewhere else. */
TEST_F(image, based_at_another_base)
{
	struct section_image_info image;
	struct section_info info;
	struct pe_make make;
	int based, file = file_at(0x1000, &make);
	size_t length = 0;
	char *view;

	based = create_with(file, SECTION_CREATE_BASED, NULL, 0);
	ASSERT_LE(0, based);
	ASSERT_EQ(0, section_query(based, &info, NULL, 0));
	ASSERT_EQ(0, section_query_image(based, &image));
	ASSERT_NE(image.base, (uintptr_t)info.base);
	view = section_map_image(based, NULL, 0, &length);
	EXPECT_EQ(info.base, view);
	ASSERT_NE(NULL, view);
	EXPECT_TRUE(is_there(view, &make));
}

/* No process has such an address: it is where there is room. */
TEST_F(image, impossible_base)
{
	struct pe_make make;
	int file = file_at(1ULL << 60, &make);
	int section = section_create_image(NULL, file, ANY_PROT);
	size_t length = 0;
	char *view;

	ASSERT_LE(0, section);
	view = section_map_image(section, NULL, 0, &length);
	ASSERT_NE(NULL, view);
	EXPECT_TRUE(is_there(view, &make));
}

TEST_F(image, rights)
{
	int handle = section_duplicate(self->section, SECTION_RIGHT_READ, 0);
	size_t length = 0;

	ASSERT_LE(0, handle);
	EXPECT_EQ(NULL, section_map_image(handle, NULL, 0, &length));
	EXPECT_EQ(EACCES, errno);
	handle = section_duplicate(self->section, SECTION_RIGHT_READ |
				   SECTION_RIGHT_WRITE | SECTION_RIGHT_QUERY, 0);
	ASSERT_LE(0, handle);
	EXPECT_EQ(NULL, section_map_image(handle, NULL, 0, &length));
	EXPECT_EQ(EPERM, errno);
	EXPECT_NE(NULL, section_map_image(handle, NULL,
					  SECTION_MAP_IMAGE_NO_EXECUTE,
					  &length));
}

/* The error that most people will see first, and the one after it. */
TEST_F(image, what_is_none)
{
	static const char unexpected[] = "unexpected";
	int text = image_file("/tmp", unexpected, sizeof(unexpected));
	int data = section_create(NULL, 4096);
	struct section_image_info info;
	size_t length;

	EXPECT_EQ(-1, section_create_image(NULL, text, SECTION_PROT_READ));
	EXPECT_EQ(ENOEXEC, errno);
	EXPECT_NE(NULL, strstr(section_explain(SECTION_OP_CREATE, errno),
			       "not an executable image"));
	ASSERT_LE(0, data);
	EXPECT_EQ(-1, section_query_image(data, &info));
	EXPECT_EQ(ENOEXEC, errno);
	EXPECT_EQ(NULL, section_map_image(data, NULL, 0, &length));
	EXPECT_EQ(ENOEXEC, errno);
	EXPECT_NE(NULL, strstr(section_explain(SECTION_OP_MAP, errno),
			       "not of an executable image"));
	/* None of the errors above is one that nobody knows of. */
	EXPECT_EQ(NULL, strstr(section_explain(SECTION_OP_QUERY, ENOEXEC),
			       unexpected));
}

TEST_HARNESS_MAIN
