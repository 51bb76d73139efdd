// SPDX-License-Identifier: GPL-2.0-only
/*
 * SECTION_IOC_QUERY_IMAGE: what the headers of an image say, and where its
 * segments are.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "image.h"
#include "image_query.h"

static u32 section_image_prot(u32 flags)
{
	return (flags & PE_SCN_READ ? SECTION_PROT_READ : 0) |
	       (flags & PE_SCN_WRITE ? SECTION_PROT_WRITE : 0) |
	       (flags & PE_SCN_EXECUTE ? SECTION_PROT_EXECUTE : 0);
}

/* The first is for the headers; a flat image is all one (I50). */
static u32 section_image_segments(const struct section_image *image)
{
	return image->pe.flat ? 1 : image->pe.sections + 1;
}

static void section_image_describe_headers(const struct section_image *image,
					   struct section_image_segment *to)
{
	u32 end = image->pe.sections ? image->segments[0].rva : image->pe.size;

	to->rva = 0;
	to->flags = SECTION_SEGMENT_HEADERS;
	if (image->pe.flat) {
		to->length = image->pe.size;
		to->prot = SECTION_PROT_READ | SECTION_PROT_WRITE |
			   SECTION_PROT_EXECUTE;
	} else {
		to->length = min(pe_round_up(image->pe.header_size, PE_PAGE),
				 end);
		to->prot = SECTION_PROT_READ;
	}
}

static void section_image_describe_segment(const struct section_image *image,
					   u32 index,
					   struct section_image_segment *to)
{
	const struct pe_segment *segment;

	if (!index) {
		section_image_describe_headers(image, to);
		return;
	}
	segment = &image->segments[index - 1];
	to->rva = segment->rva;
	to->length = segment->size;
	to->prot = section_image_prot(segment->flags);
	to->flags = section_segment_shared(image, segment) ?
		    SECTION_SEGMENT_SHARED : 0;
}

static int section_image_copy_segments(const struct section_image *image,
				       struct section_image_segment __user *to,
				       u32 room)
{
	u32 count = min(room, section_image_segments(image));
	struct section_image_segment segment;
	u32 i;

	for (i = 0; i < count; i++) {
		if (!(i % 256) && fatal_signal_pending(current))
			return -EINTR;
		section_image_describe_segment(image, i, &segment);
		if (copy_to_user(to + i, &segment, sizeof(segment)))
			return -EFAULT;
	}
	return 0;
}

static u32 section_image_flags(const struct section_image *image)
{
	return (section_image_delta(image) ? SECTION_IMAGE_RELOCATED : 0) |
	       (image->movable ? SECTION_IMAGE_MOVABLE : 0) |
	       (image->pe.flat ? SECTION_IMAGE_FLAT : 0) |
	       (pe_image_has_code(&image->pe, image->segments) ?
		SECTION_IMAGE_CODE : 0) |
	       (image->frozen ? SECTION_IMAGE_FROZEN : 0) |
	       (image->pe.plus ? SECTION_IMAGE_PLUS : 0);
}

static void section_image_describe(const struct section_image *image,
				   struct section_query_image *query)
{
	const struct pe_image *pe = &image->pe;

	query->flags = section_image_flags(image);
	query->segment_count = section_image_segments(image);
	query->entry = pe->entry;
	query->base = image->base;
	query->preferred = pe->base;
	query->bytes = pe->size;
	query->file_bytes = image->source.size;
	query->stack_reserve = pe->stack_reserve;
	query->stack_commit = pe->stack_commit;
	query->machine = pe->machine;
	query->subsystem = pe->subsystem;
	query->subsystem_major = pe->subsystem_major;
	query->subsystem_minor = pe->subsystem_minor;
	query->os_major = pe->os_major;
	query->os_minor = pe->os_minor;
	query->characteristics = pe->characteristics;
	query->dll_characteristics = pe->dll_characteristics;
	query->checksum = pe->checksum;
	query->loader_flags = pe->loader_flags;
	query->cor_rva = pe->managed ? pe->cor.rva : 0;
	query->cor_flags = image->cor_flags;
}

/**
 * section_image_query - SECTION_IOC_QUERY_IMAGE
 * @image: the image, kept alive by the caller
 * @arg: the argument
 * @uarg: where it came from
 *
 * Return: 0, or a documented error.
 */
long section_image_query(const struct section_image *image,
			 union section_arg *arg, void __user *uarg)
{
	struct section_query_image *query = &arg->query_image;
	size_t size = min_t(size_t, query->size, sizeof(*query));
	int err;

	if (query->flags || (!query->segments && query->segment_count))
		return -EINVAL;
	if (fault_in_safe_writeable(uarg, size))
		return -EFAULT;
	err = section_image_copy_segments(image,
					  u64_to_user_ptr(query->segments),
					  query->segment_count);
	if (err)
		return err;
	section_image_describe(image, query);
	return section_arg_copy_out(uarg, arg, sizeof(*query));
}
