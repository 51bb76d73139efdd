// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executable images: one instance for each file and address, which every process
 * that maps the file has in common, if it has the same say about who may write to it.
 *
 * As of a running program, nobody can write to its file meanwhile; but only as far
 * as whoever creates it could have brought that about by other means (H16).  Of a
 * file that is open for writing already, he gets an instance of his own, all of
 * which is built at once and remains as it is.
 *
 * Segments that processes share have memory of their own, for one user and network
 * namespace at a time (H17).
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/section.h>

#include "backing.h"
#include "base.h"
#include "compat.h"
#include "guard.h"
#include "image.h"

/* By inode of the file, and address asked for. */
static DEFINE_HASHTABLE(section_images, 8);

/*
 * Protects section_images and the shared segments of each.  Nothing sleeps under
 * it but for memory, and it may be taken under mmap_lock.
 */
static DEFINE_MUTEX(section_images_lock);

/* Whoever asks for many addresses shall not make a long chain of them. */
static unsigned long section_image_key(const struct section_image *image)
{
	return (unsigned long)file_inode(image->source.file) ^
	       (unsigned long)(image->wanted >> PAGE_SHIFT);
}

/*
 * The instance that others have already, with a reference; NULL if there is none.
 * Who keeps others from writing has nothing to do with pages made by somebody who
 * does not.
 */
static struct section_image *
section_image_find(const struct section_image *like)
{
	struct section_image *image;

	lockdep_assert_held(&section_images_lock);
	hash_for_each_possible(section_images, image, node,
			       section_image_key(like))
		if (image->wanted == like->wanted &&
		    image->denied == like->denied &&
		    section_source_same(&image->source, &like->source,
					like->denied) &&
		    refcount_inc_not_zero(&image->refs))
			return image;
	return NULL;
}

/* Others may have it from now on, unless one of them was faster. */
static struct section_image *section_image_publish(struct section_image *image)
{
	struct section_image *other;

	mutex_lock(&section_images_lock);
	other = section_image_find(image);
	if (!other)
		hash_add(section_images, &image->node,
			 section_image_key(image));
	mutex_unlock(&section_images_lock);
	if (!other)
		return image;
	section_image_put(image);
	return other;
}

/*
 * As open(2) and execve(2) would see it, which go by the mount too.  There are two
 * that cannot be asked for others: an overlay does not tell what is below, so that
 * only who owns that can deny; and a file system that judges for itself may say yes
 * here, and no at open(2).
 */
static bool section_image_may_deny(struct file *user_file, struct file *source)
{
	struct vfsmount *mount = user_file->f_path.mnt;

	if (file_inode(user_file) != file_inode(source))
		return section_inode_owner(file_inode(source));
	return section_owner_or_capable(user_file) ||
	       (!file_inode(user_file)->i_op->permission &&
		!__mnt_is_readonly(mount) &&
		!file_permission(user_file, MAY_WRITE)) ||
	       (!(mount->mnt_flags & MNT_NOEXEC) &&
		!(mount->mnt_sb->s_iflags & SB_I_NOEXEC) &&
		!file_permission(user_file, MAY_EXEC));
}

/*
 * Let nobody write to the file; or if somebody does already, have nothing to do
 * with that.
 */
static void section_image_deny(struct section_image *image,
			       struct file *user_file)
{
	if (section_source_unguarded(&image->source)) {
		image->frozen = true;
		return;
	}
	if (!section_image_may_deny(user_file, image->source.file))
		return;
	image->denied = !deny_write_access(image->source.file);
	image->frozen = !image->denied;
}

/* Where it prefers to be, if it cannot be where we would have it (I70, I73). */
static int section_image_choose_base(struct section_image *image)
{
	bool low = !image->pe.plus ||
		   (image->pe.base <= U32_MAX &&
		    !(image->pe.dll_characteristics & PE_HIGH_ENTROPY_VA));

	image->base = image->pe.base;
	if (image->wanted) {
		if (image->wanted != image->pe.base &&
		    (!image->movable ||
		     (!image->pe.plus &&
		      image->wanted > U32_MAX + 1ULL - image->pe.size)))
			return -EOPNOTSUPP;
		image->base = image->wanted;
	} else if (image->movable) {
		return section_base_image(image->pe.size, low, &image->base,
					  &image->base_chosen);
	}
	return 0;
}

/* Anonymous memory as large as the image, of which so many pages are accounted. */
static struct file *section_image_memory(const struct section_image *image,
					 unsigned long pages)
{
	u32 attributes = SECTION_ATTR_RESERVE;
	struct file *file;
	int err;

	file = section_anon_new("section:image", image->pe.size,
				SECTION_PROT_EXECUTE, &attributes);
	if (IS_ERR(file))
		return file;
	section_anon_back(file);
	err = section_anon_charge(pages);
	if (!err)
		return file;
	section_anon_set_charge(file_inode(file), 0);
	fput(file);
	return ERR_PTR(err);
}

static void section_image_memory_free(struct file *file, unsigned long pages)
{
	if (!file)
		return;
	section_anon_set_charge(file_inode(file), pages);
	fput(file);
}

static int section_image_freeze(struct section_image *image)
{
	unsigned long pages = image->pe.size >> PAGE_SHIFT;
	struct file *memory = section_image_memory(image, pages);

	if (IS_ERR(memory))
		return PTR_ERR(memory);
	image->memory = memory;
	image->charged = pages;
	return section_image_fill(image, memory, 0, image->pe.size);
}

static int section_image_show(struct section_image *image,
			      struct file *user_file)
{
	char label[sizeof("section:") + NAME_MAX];

	/* The file may be renamed just now: only one look at its name. */
	snprintf(label, sizeof(label), "section:%pD", user_file);
	return section_image_host(image, label);
}

static int section_image_make(struct section_image *image,
			      struct file *user_file)
{
	int err;

	err = section_image_parse(image);
	if (!err)
		err = section_image_choose_base(image);
	if (err)
		return err;
	return image->frozen ? section_image_freeze(image) :
			       section_image_show(image, user_file);
}

static struct section_image *section_image_alloc(u64 wanted)
{
	struct section_image *image = kzalloc(sizeof(*image),
					      GFP_KERNEL_ACCOUNT);

	if (!image)
		return NULL;
	refcount_set(&image->refs, 1);
	INIT_HLIST_NODE(&image->node);
	INIT_LIST_HEAD(&image->shared);
	image->wanted = wanted;
	return image;
}

/*
 * Is it for whoever asked for it, and nobody else?  A copy is, and so is what could
 * change without anybody seeing that later.
 */
static bool section_image_alone(const struct section_image *image)
{
	return image->frozen || (!image->denied && !image->source.tells);
}

/* Whom nobody can deny writing any more could do it behind the backs of all. */
static void section_image_check_pins(struct section_image *image)
{
	if (!image->denied || !section_source_pinned(&image->source))
		return;
	allow_write_access(image->source.file);
	image->denied = false;
	image->frozen = true;
}

static struct section_image *section_image_new(struct section_image *image,
					       struct file *user_file)
{
	struct section_image *other = NULL;
	int err;

	if (!section_image_alone(image)) {
		mutex_lock(&section_images_lock);
		other = section_image_find(image);
		mutex_unlock(&section_images_lock);
	}
	if (other) {
		section_image_put(image);
		return other;
	}
	section_image_check_pins(image);
	err = section_image_make(image, user_file);
	if (err) {
		section_image_put(image);
		return ERR_PTR(err);
	}
	return section_image_alone(image) ? image :
					    section_image_publish(image);
}

/* In this order: what nobody writes to remains as it is told to be. */
static int section_image_take(struct section_image *image,
			      struct file *user_file, u32 prot)
{
	int err = section_source_open(&image->source, user_file, prot);

	if (err)
		return err;
	section_image_deny(image, user_file);
	err = section_source_stamp(&image->source);
	if (err)
		return err;
	/* Who writes through a mapping that he has already changes no time. */
	if (!image->denied &&
	    inode_is_open_for_write(file_inode(image->source.file)))
		image->frozen = true;
	return 0;
}

/**
 * section_image_get - the instance of an image
 * @user_file: the file that it is in
 * @prot: SECTION_PROT_* of the section
 * @wanted: the address that it shall be relocated for, or 0
 *
 * Return: the instance with a reference; or an error pointer: those of
 * section_file_open(); -ENODATA if the file is empty; -ENOEXEC if it is no image;
 * -EDQUOT if it is too large; -EOPNOTSUPP if it cannot be relocated to @wanted;
 * -EINTR; -ENOMEM; -ENFILE.
 */
struct section_image *section_image_get(struct file *user_file, u32 prot,
					u64 wanted)
{
	struct section_image *image = section_image_alloc(wanted);
	int err;

	if (!image)
		return ERR_PTR(-ENOMEM);
	err = section_image_take(image, user_file, prot);
	if (err) {
		section_image_put(image);
		return ERR_PTR(err);
	}
	return section_image_new(image, user_file);
}

static void section_image_free(struct section_image *image)
{
	section_image_unhost(image);
	section_image_memory_free(image->memory, image->charged);
	if (image->base_chosen)
		section_base_image_free(image->base);
	if (image->denied)
		allow_write_access(image->source.file);
	section_source_close(&image->source);
	section_image_parse_free(image);
	kfree(image);
}

/**
 * section_image_put - the opposite of section_image_get()
 * @image: the instance
 */
void section_image_put(struct section_image *image)
{
	if (!refcount_dec_and_mutex_lock(&image->refs, &section_images_lock))
		return;
	hash_del(&image->node);
	mutex_unlock(&section_images_lock);
	section_image_free(image);
}

/**
 * section_image_backing - a file for views of an image
 * @image: the image
 *
 * Return: the file, guarded and owned by the caller; or an error pointer:
 * -ENFILE, -ENOMEM.
 */
struct file *section_image_backing(struct section_image *image)
{
	struct file *file;
	int err;

	if (image->frozen)
		return get_file(image->memory);
	file = section_image_file(image);
	if (IS_ERR(file))
		return file;
	err = section_guard_file(file, image->pe.size);
	if (!err)
		return file;
	fput(file);
	return ERR_PTR(err);
}

static unsigned long section_image_shared_pages(const struct section_image *image)
{
	unsigned long pages = 0;
	u32 i;

	for (i = 0; i < image->pe.sections; i++)
		if (section_segment_shared(image, &image->segments[i]))
			pages += image->segments[i].size >> PAGE_SHIFT;
	return pages;
}

static void section_image_shared_free(struct section_image_shared *shared)
{
	section_image_memory_free(shared->memory, shared->charged);
	kfree(shared);
}

static int section_image_shared_fill(struct section_image_shared *shared)
{
	const struct section_image *image = shared->image;
	u32 i;
	int err = 0;

	for (i = 0; i < image->pe.sections && !err; i++) {
		const struct pe_segment *segment = &image->segments[i];

		if (section_segment_shared(image, segment))
			err = section_image_fill(image, shared->memory,
						 segment->rva, segment->rva +
						 segment->size);
	}
	return err;
}

static struct section_image_shared *
section_image_shared_new(struct section_image *image, kuid_t uid, u64 net,
			 unsigned long pages)
{
	struct section_image_shared *shared;
	int err;

	shared = kzalloc(sizeof(*shared), GFP_KERNEL_ACCOUNT);
	if (!shared)
		return ERR_PTR(-ENOMEM);
	refcount_set(&shared->refs, 1);
	shared->image = image;
	shared->uid = uid;
	shared->net = net;
	shared->memory = section_image_memory(image, pages);
	err = PTR_ERR_OR_ZERO(shared->memory);
	if (err) {
		kfree(shared);
		return ERR_PTR(err);
	}
	shared->charged = pages;
	err = section_image_shared_fill(shared);
	if (err) {
		section_image_shared_free(shared);
		return ERR_PTR(err);
	}
	return shared;
}

static struct section_image_shared *
section_image_shared_find(struct section_image *image, kuid_t uid, u64 net)
{
	struct section_image_shared *shared;

	lockdep_assert_held(&section_images_lock);
	list_for_each_entry(shared, &image->shared, node)
		if (uid_eq(shared->uid, uid) && shared->net == net &&
		    refcount_inc_not_zero(&shared->refs))
			return shared;
	return NULL;
}

/**
 * section_image_shared_get - the segments that processes share
 * @image: the image, of which the caller has a reference for as long
 * @uid: owner of the section
 * @net: cookie of the network namespace that it belongs to
 *
 * Return: the segments with a reference, NULL if the image has none; or an error
 * pointer: -EINTR, -ENOMEM, -ENFILE, or what the file system gave.
 */
struct section_image_shared *
section_image_shared_get(struct section_image *image, kuid_t uid, u64 net)
{
	unsigned long pages = section_image_shared_pages(image);
	struct section_image_shared *shared, *fresh;

	if (!pages)
		return NULL;
	mutex_lock(&section_images_lock);
	shared = section_image_shared_find(image, uid, net);
	mutex_unlock(&section_images_lock);
	if (shared)
		return shared;
	fresh = section_image_shared_new(image, uid, net, pages);
	if (IS_ERR(fresh))
		return fresh;
	mutex_lock(&section_images_lock);
	shared = section_image_shared_find(image, uid, net);
	if (!shared)
		list_add(&fresh->node, &image->shared);
	mutex_unlock(&section_images_lock);
	if (!shared)
		return fresh;
	section_image_shared_free(fresh);
	return shared;
}

/**
 * section_image_shared_put - the opposite of section_image_shared_get()
 * @shared: the segments
 */
void section_image_shared_put(struct section_image_shared *shared)
{
	if (!refcount_dec_and_mutex_lock(&shared->refs, &section_images_lock))
		return;
	list_del(&shared->node);
	mutex_unlock(&section_images_lock);
	section_image_shared_free(shared);
}

/**
 * section_image_shared_has - are all of these pages in one shared segment?
 * @image: the image
 * @first: first page
 * @last: last page, inside the image
 *
 * Return: true if they are.
 */
bool section_image_shared_has(const struct section_image *image, pgoff_t first,
			      pgoff_t last)
{
	const struct pe_segment *segment;
	u32 rva = first << PAGE_SHIFT;

	segment = pe_segment_at(&image->pe, image->segments, rva);
	return segment && section_segment_shared(image, segment) &&
	       (last << PAGE_SHIFT) - segment->rva < segment->size;
}
