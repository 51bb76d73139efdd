/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_IMAGE_H
#define _SECTION_IMAGE_H

#include <linux/list.h>
#include <linux/path.h>
#include <linux/refcount.h>
#include <linux/time64.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include "pe.h"

struct file;

/* Entries of relocations that are looked at together; on the stack. */
#define SECTION_IMAGE_ENTRIES	64

/**
 * struct section_source - the file that an image is in
 * @file: opened for this; on an overlay, the file below it; owned
 * @size: its length, when the image was made
 * @ctime: and what tells that it is still the same file
 * @mtime: likewise
 * @tells: whether each change from then on would show in them
 */
struct section_source {
	struct file *file;
	loff_t size;
	struct timespec64 ctime;
	struct timespec64 mtime;
	bool tells;
};

/**
 * struct section_image - an image at an address, for all that map it there
 * @refs: one for each section, each backing that has its pages, and each caller
 *	that is at work with it
 * @node: in section_images, protected by section_images_lock; unhashed if
 *	nobody else shall find it
 * @source: the file
 * @denied: nobody can open it for writing meanwhile; protected by
 *	section_images_lock once the image can be found
 * @frozen: it could be written to, so the pages were all built at creation and are
 *	in @memory
 * @pe: what its headers say
 * @segments: its sections, in ascending order
 * @blocks: its relocations, by ascending address; NULL if there are none
 * @block_count: how many blocks
 * @cor_flags: flags in the header of managed code, 0 if there is none
 * @movable: it can be at another address than it prefers
 * @wanted: the address that the creator has asked for, or 0
 * @base: the address that it is relocated for
 * @base_chosen: whether @base is taken out of the addresses for images
 * @path: of the inode that has the pages; owned
 * @memory: that has them instead, of a frozen image; owned
 * @charged: how much of that is accounted, in pages
 * @shared: struct section_image_shared, protected by section_images_lock
 *
 * All else is constant once the image can be found.
 */
struct section_image {
	refcount_t refs;
	struct hlist_node node;
	struct section_source source;
	bool denied;
	bool frozen;
	struct pe_image pe;
	struct pe_segment *segments;
	struct pe_block *blocks;
	u32 block_count;
	u32 cor_flags;
	bool movable;
	u64 wanted;
	u64 base;
	bool base_chosen;
	struct path path;
	struct file *memory;
	unsigned long charged;
	struct list_head shared;
};

/**
 * struct section_image_shared - the segments of an image that processes share
 * @refs: one for each section
 * @node: in the image's @shared, protected by section_images_lock
 * @image: the image, which its sections keep
 * @uid: whose sections have it, constant
 * @net: cookie of the network namespace that their names belong to, constant
 * @memory: as large as the image, and with pages for these segments only; owned
 * @charged: how many
 */
struct section_image_shared {
	refcount_t refs;
	struct list_head node;
	struct section_image *image;
	kuid_t uid;
	u64 net;
	struct file *memory;
	unsigned long charged;
};

/* Is this segment one that processes share (I51)? */
static inline bool section_segment_shared(const struct section_image *image,
					  const struct pe_segment *segment)
{
	u32 both = PE_SCN_SHARED | PE_SCN_WRITE;

	return (segment->flags & both) == both && !image->pe.flat;
}

static inline u64 section_image_delta(const struct section_image *image)
{
	return image->base - image->pe.base;
}

/* image.c */
struct section_image *section_image_get(struct file *user_file, u32 prot,
					u64 wanted);
void section_image_put(struct section_image *image);
struct file *section_image_backing(struct section_image *image);
struct section_image_shared *
section_image_shared_get(struct section_image *image, kuid_t uid, u64 net);
void section_image_shared_put(struct section_image_shared *shared);
bool section_image_shared_has(const struct section_image *image, pgoff_t first,
			      pgoff_t last);

/* image_source.c */
int section_source_open(struct section_source *source, struct file *user_file,
			u32 prot);
int section_source_stamp(struct section_source *source);
bool section_source_unguarded(const struct section_source *source);
bool section_source_pinned(const struct section_source *source);
void section_source_close(struct section_source *source);
bool section_source_same(const struct section_source *a,
			 const struct section_source *b, bool denied);
int section_source_read(const struct section_source *source, u64 pos, void *to,
			size_t len);

/* image_parse.c */
int section_image_parse(struct section_image *image);
void section_image_parse_free(struct section_image *image);

/* image_pages.c */
int section_image_read(const struct section_image *image, u32 rva, void *to,
		       size_t len);
int section_image_read_entries(const struct section_image *image,
			       const struct pe_block *block, u32 first,
			       u8 *entries);
int section_image_host(struct section_image *image, const char *label);
void section_image_unhost(struct section_image *image);
struct file *section_image_file(struct section_image *image);
int section_image_fill(const struct section_image *image, struct file *memory,
		       u32 start, u32 end);

#endif /* _SECTION_IMAGE_H */
