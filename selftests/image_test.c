// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executable images: that what is mapped is what an independent model says, for
 * generated files of all kinds; rows I1 to I93 of the table of semantics.
 */
#include "kselftest_harness.h"
#include "image_util.h"
#include "image/pe_model.h"

#define SEEDS	sec_rounds(400)

/* Where the first difference is, or -1. */
static ssize_t difference(const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t i;

	if (!memcmp(a, b, len))
		return -1;
	for (i = 0; a[i] == b[i]; i++)
		;
	return i;
}

/* Which errno each kind of refusal is. */
static int model_errno(const struct pe_model *model)
{
	switch (model->status) {
	case PE_MODEL_OK:
		return 0;
	case PE_MODEL_EMPTY:
		return -ENODATA;
	default:
		return -ENOEXEC;
	}
}

FIXTURE(image) {
	int dev;
};

FIXTURE_VARIANT(image) {
	const char *dir;
};

FIXTURE_VARIANT_ADD(image, tmpfs) { .dir = "/tmp" };
FIXTURE_VARIANT_ADD(image, ext4) { .dir = EXT4_DIR };

FIXTURE_SETUP(image)
{
	if (!strcmp(variant->dir, EXT4_DIR) && !have_ext4())
		SKIP(return, "no ext4");
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
}

FIXTURE_TEARDOWN(image)
{
}

/* What a comparison needs; the file's bytes belong to the model. */
struct subject {
	uint8_t *file;
	size_t len;
	struct pe_model model;
	int fd;
	int section;
	struct section_query_image query;
	uint8_t *view;
	uint8_t *expected;
};

static void subject_free(struct subject *s)
{
	if (s->view)
		munmap(s->view, s->model.image_size);
	if (s->section >= 0)
		close(s->section);
	if (s->fd >= 0)
		close(s->fd);
	free(s->expected);
	pe_model_free(&s->model);
	free(s->file);
}

/* Takes over the bytes. */
static void subject_init(struct subject *s, const char *dir, int dev,
			 uint8_t *file, size_t len)
{
	memset(s, 0, sizeof(*s));
	s->file = file;
	s->len = len;
	pe_model_load(file, len, &s->model);
	s->fd = image_file(dir, file, len);
	s->section = create_image(dev, NULL, s->fd, 0, SECTION_PROT_READ);
}

static const char *subject_map(struct subject *s)
{
	if (query_image(s->section, &s->query, NULL, 0))
		return "query";
	if (s->query.bytes != s->model.image_size)
		return "size";
	s->view = mmap(NULL, s->model.image_size, PROT_READ, MAP_PRIVATE,
		       s->section, 0);
	if (s->view == MAP_FAILED) {
		s->view = NULL;
		return "mmap";
	}
	s->expected = malloc(s->model.image_size);
	if (!s->expected)
		return "malloc";
	pe_model_image(&s->model, s->query.base, s->expected);
	return NULL;
}

/* Page by page, the bytes are the model's. */
static const char *subject_compare(struct subject *s, unsigned long seed)
{
	const char *problem = subject_map(s);
	ssize_t at;

	if (problem)
		return problem;
	at = difference(s->view, s->expected, s->model.image_size);
	if (at < 0)
		return NULL;
	fprintf(stderr, "# seed %lu: at %#zx of %#zx: %02x, not %02x; base %#llx, preferred %#llx, %s\n",
		seed, at, (size_t)s->model.image_size, s->view[at],
		s->expected[at], (unsigned long long)s->query.base,
		(unsigned long long)s->query.preferred,
		s->model.relocatable ? "relocatable" : "not relocatable");
	return "bytes";
}

TEST_F(image, generated_files)
{
	int count = SEEDS, relocated = 0, valid = 0;

	for (int i = 0; i < count; i++) {
		struct pe_make make;
		struct subject s;
		const char *problem = NULL;
		uint8_t *file;
		size_t len;

		pe_make_random(&make, i);
		file = pe_make_build(&make, &len);
		ASSERT_NE(NULL, file);
		subject_init(&s, variant->dir, self->dev, file, len);
		if (s.section < 0 || s.model.status) {
			EXPECT_EQ(model_errno(&s.model), s.section)
				TH_LOG("seed %d: %s", i,
				       pe_model_status_name(s.model.status));
		} else {
			problem = subject_compare(&s, i);
		}
		EXPECT_EQ(NULL, problem)
			TH_LOG("seed %d: %s", i, problem);
		valid += s.section >= 0;
		relocated += s.query.base != s.query.preferred;
		/* Whoever may be moved is (I73). */
		if (s.section >= 0) {
			EXPECT_EQ(s.model.relocatable,
				  !!(s.query.flags & SECTION_IMAGE_MOVABLE))
				TH_LOG("seed %d", i);
		}
		subject_free(&s);
	}
	TH_LOG("%d images, %d of them relocated", valid, relocated);
	/* It is of no use if most of them are refused. */
	EXPECT_LT(count * 9 / 10, valid);
	EXPECT_LT(count / 10, relocated);
}

TEST_F(image, mutants_are_refused)
{
	int count = SEEDS / 10, refused = 0;

	for (int i = 0; i < count * PE_MUTATIONS; i++) {
		struct pe_make make;
		struct subject s;
		uint8_t *file;
		size_t len;

		pe_make_random(&make, i);
		file = pe_make_build(&make, &len);
		ASSERT_NE(NULL, file);
		if (pe_make_mutate(file, &len, i % PE_MUTATIONS, i)) {
			free(file);
			continue;
		}
		subject_init(&s, variant->dir, self->dev, file, len);
		EXPECT_NE(PE_MODEL_OK, s.model.status);
		EXPECT_EQ(model_errno(&s.model), s.section)
			TH_LOG("mutation %d, seed %d: %s", i % PE_MUTATIONS, i,
			       pe_model_status_name(s.model.status));
		refused++;
		subject_free(&s);
	}
	EXPECT_LT(count * PE_MUTATIONS / 2, refused);
}

TEST_HARNESS_MAIN
