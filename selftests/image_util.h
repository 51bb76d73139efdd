/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tests of executable images share.
 */
#ifndef IMAGE_UTIL_H
#define IMAGE_UTIL_H

#include "section_view_util.h"
#include "image/pe_make.h"

static inline int create_image(int dev, const char *name, int file, __u64 bytes,
			__u32 prot)
{
	struct section_create args = sec_create_args(name, bytes);

	args.prot = prot;
	args.flags = SECTION_CREATE_IMAGE;
	args.file_fd = file;
	return sec_create(dev, &args);
}

static inline int query_image(int handle, struct section_query_image *query,
		       struct section_image_segment *segments, __u32 room)
{
	memset(query, 0, sizeof(*query));
	query->size = sizeof(*query);
	query->segments = sec_ptr(segments);
	query->segment_count = room;
	return sec_ioctl(handle, SECTION_IOC_QUERY_IMAGE, query);
}

static inline bool write_all(int fd, const void *bytes, size_t len)
{
	return pwrite(fd, bytes, len, 0) == (ssize_t)len;
}

/* A file with these contents, of which only a descriptor for reading is left. */
static inline int image_file(const char *dir, const void *bytes, size_t len)
{
	char path[PATH_MAX];
	int fd, own;

	snprintf(path, sizeof(path), "%s/section-image-XXXXXX", dir);
	fd = mkstemp(path);
	if (fd < 0)
		return -1;
	own = open(path, O_RDONLY | O_CLOEXEC);
	unlink(path);
	if (!write_all(fd, bytes, len)) {
		close(own);
		own = -1;
	}
	close(fd);
	return own;
}

/* A new one at a path, which everybody can read.  For reading, or -1. */
static inline int image_put(const char *path, const struct pe_make *make)
{
	bool good = false;
	uint8_t *bytes;
	size_t len;
	int fd;

	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bytes = pe_make_build(make, &len);
	if (bytes && fd >= 0)
		good = write_all(fd, bytes, len) && !fchmod(fd, 0644);
	close(fd);
	free(bytes);
	return good ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

/* The sections of the image that sample_image() makes. */
enum {
	SAMPLE_TEXT,
	SAMPLE_DATA,
	SAMPLE_SHARED,
	SAMPLE_RELOC,
	SAMPLE_SECTIONS,
};

#define SAMPLE_PAGES	8

/*
 * As linkers make them: 512-byte alignment in the file, code, data, shared data, and
 * relocations for each page of code and data.  Others are made by another seed.
 */
static inline void sample_describe(struct pe_make *make, uint64_t seed)
{
	static const uint32_t flags[SAMPLE_SECTIONS] = {
		0x60000020, 0xc0000040, 0xd0000040, 0x42000040,
	};

	memset(make, 0, sizeof(*make));
	make->seed = seed;
	make->plus = true;
	make->characteristics = 0x2022;
	make->dll_characteristics = 0x0160;
	make->image_base = 0x180000000ULL;
	make->section_count = SAMPLE_SECTIONS;
	for (int i = 0; i < SAMPLE_SECTIONS; i++) {
		make->sections[i].characteristics = flags[i];
		make->sections[i].virtual_size = SAMPLE_PAGES * 4096 - 100;
		make->sections[i].raw_size = SAMPLE_PAGES * 4096 - 512;
	}
	make->reloc_section = SAMPLE_RELOC + 1;
	pe_make_layout(make);
	for (int i = 0; i < 2 * SAMPLE_PAGES; i++) {
		make->relocs[i].rva = make->sections[i / SAMPLE_PAGES]
			.virtual_address + i % SAMPLE_PAGES * 4096 + 0x123;
		make->relocs[i].type = 10;
	}
	make->reloc_count = 2 * SAMPLE_PAGES;
}

static inline int sample_file(const char *dir, uint64_t seed,
			      struct pe_make *make)
{
	uint8_t *bytes;
	size_t len;
	int fd;

	sample_describe(make, seed);
	bytes = pe_make_build(make, &len);
	if (!bytes)
		return -1;
	fd = image_file(dir, bytes, len);
	free(bytes);
	return fd;
}

#endif /* IMAGE_UTIL_H */
