// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handles: the file descriptors of a section.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "commit.h"
#include "compat.h"
#include "counters.h"
#include "handle.h"
#include "image_query.h"
#include "ioctl.h"
#include "map.h"
#include "names.h"
#include "section.h"
#include "view.h"

/**
 * struct section_handle - what a handle's file has
 * @section: the section.  A handle owns one of its @handles, an anchor one of
 *	its @refs.
 * @rights: SECTION_RIGHT_*
 * @anchor: whether it is an anchor
 * @map_flags: SECTION_MAP_* of its views that mmap(2) does not know
 *
 * All of it is in the file's private_data, which is constant: sections are
 * aligned, and the other members fit where the address has zeroes.
 */
struct section_handle {
	struct section *section;
	u32 rights;
	bool anchor;
	u32 map_flags;
};

#define SECTION_TAG_RIGHTS	SECTION_RIGHTS_ALL
#define SECTION_TAG_ANCHOR	BIT(5)
#define SECTION_TAG_NO_INHERIT	BIT(6)
#define SECTION_TAG_BEYOND	BIT(7)
static_assert(SECTION_TAG_ANCHOR > SECTION_RIGHTS_ALL);
static_assert(__alignof__(struct section) > SECTION_TAG_BEYOND);

static void *section_handle_pack(const struct section_handle *handle)
{
	unsigned long data = (unsigned long)handle->section | handle->rights;

	if (handle->anchor)
		data |= SECTION_TAG_ANCHOR;
	if (handle->map_flags & SECTION_MAP_NO_INHERIT)
		data |= SECTION_TAG_NO_INHERIT;
	if (handle->map_flags & SECTION_MAP_BEYOND)
		data |= SECTION_TAG_BEYOND;
	return (void *)data;
}

static struct section *section_of_file(const struct file *file)
{
	return PTR_ALIGN_DOWN(file->private_data, __alignof__(struct section));
}

static struct section_handle section_handle_of(const struct file *file)
{
	unsigned long data = (unsigned long)file->private_data;
	struct section_handle handle = {
		.section = section_of_file(file),
		.rights = data & SECTION_TAG_RIGHTS,
		.anchor = data & SECTION_TAG_ANCHOR,
	};

	if (data & SECTION_TAG_NO_INHERIT)
		handle.map_flags |= SECTION_MAP_NO_INHERIT;
	if (data & SECTION_TAG_BEYOND)
		handle.map_flags |= SECTION_MAP_BEYOND;
	return handle;
}

static void section_unref(struct section *section, bool anchor,
			  unsigned int files)
{
	if (anchor)
		section_put_by(section, files);
	else
		section_handle_put(section, files);
}

static int section_handle_release(struct inode *inode, struct file *file)
{
	struct section_handle handle = section_handle_of(file);

	section_count(SECTION_COUNT_HANDLES, -1);
	section_unref(handle.section, handle.anchor, 1);
	return 0;
}

static int section_handle_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct section_handle handle = section_handle_of(file);

	return section_view_mmap(handle.section, vma, handle.map_flags);
}

/* The file system may want views aligned, for huge pages. */
static unsigned long
section_handle_get_unmapped_area(struct file *file, unsigned long addr,
				 unsigned long len, unsigned long pgoff,
				 unsigned long flags)
{
	struct section *section = section_of_file(file);
	struct file *backing = section->backing;

	if (section->base)
		return section_view_area(section, addr, len, pgoff, flags);
	if (!section_is_file(section))
		return thp_get_unmapped_area(file, addr, len, pgoff, flags);
	if (backing->f_op->get_unmapped_area)
		return backing->f_op->get_unmapped_area(backing, addr, len,
							pgoff, flags);
	return mm_get_unmapped_area(current->mm, file, addr, len, pgoff, flags);
}

/* What could forge a line or talk to a terminal, and our own separators. */
#define SECTION_NAME_ESCAPED						\
	"\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017\020"	\
	"\021\022\023\024\025\026\027\030\031\032\033\034\035\036\037\177"	\
	" \\"

static void section_handle_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct section_handle handle = section_handle_of(file);
	struct section *section = handle.section;

	seq_printf(m, "section-id:\t%llu\n", section->id);
	seq_puts(m, "section-name:\t");
	seq_escape(m, section_name(section), SECTION_NAME_ESCAPED);
	seq_putc(m, '\n');
	seq_printf(m, "section-bytes:\t%lld\n", READ_ONCE(section->bytes));
	seq_printf(m, "section-committed:\t%llu\n",
		   section_committed(section));
	seq_printf(m, "section-prot:\t%#x\n", section->prot);
	seq_printf(m, "section-rights:\t%#x\n", handle.rights);
	seq_printf(m, "section-attributes:\t%#x\n", section->attributes);
	seq_printf(m, "section-handles:\t%u\n",
		   refcount_read(&section->handles));
	seq_printf(m, "section-views:\t%d\n", atomic_read(&section->views));
	seq_printf(m, "section-anchor:\t%d\n", handle.anchor);
}

static void section_handle_describe(const struct section_handle *handle,
				    struct section_query *query)
{
	struct section *section = handle->section;

	query->name_len = section->name_len;
	query->rights = handle->rights;
	query->bytes = READ_ONCE(section->bytes);
	query->resident = section_resident(section, handle->rights);
	query->id = section->id;
	query->prot = section->prot;
	query->attributes = section->attributes;
	query->mode = section->mode;
	query->uid = from_kuid_munged(current_user_ns(), section->uid);
	query->gid = from_kgid_munged(current_user_ns(), section->gid);
	query->creator = section_creator_nr(section);
	query->handles = refcount_read(&section->handles);
	query->views = atomic_read(&section->views);
	query->base = section->base;
	query->committed = section_committed(section);
}

/*
 * Write the name, if there is room for it.  The argument is written after it;
 * that it can be written is made sure of first, for a failed call to write
 * nothing.
 */
static int section_handle_copy_name(const struct section *section,
				    const struct section_query *query,
				    void __user *uarg)
{
	size_t size = min_t(size_t, query->size, sizeof(*query));

	if (!section->name_len || query->name_len < section->name_len)
		return 0;
	if (fault_in_safe_writeable(uarg, size))
		return -EFAULT;
	if (copy_to_user(u64_to_user_ptr(query->name), section_name(section),
			 section->name_len))
		return -EFAULT;
	return 0;
}

static long section_handle_query(struct file *file, union section_arg *arg,
				 void __user *uarg)
{
	struct section_handle handle = section_handle_of(file);
	struct section_query *query = &arg->query;
	int err;

	if (query->flags || (!query->name && query->name_len))
		return -EINVAL;
	if (!(handle.rights & SECTION_RIGHT_QUERY))
		return -EACCES;
	err = section_handle_copy_name(handle.section, query, uarg);
	if (err)
		return err;
	section_handle_describe(&handle, query);
	return section_arg_copy_out(uarg, arg, sizeof(*query));
}

static long section_handle_duplicate(struct file *file, union section_arg *arg,
				     void __user *uarg)
{
	struct section_handle handle = section_handle_of(file);
	struct section_duplicate *dup = &arg->duplicate;
	bool anchor = dup->flags & SECTION_DUPLICATE_ANCHOR;
	struct section_new_handle new;
	u32 rights = dup->rights;
	int err;

	if (dup->flags & ~(SECTION_DUPLICATE_ANCHOR |
			   SECTION_DUPLICATE_INHERIT) || dup->reserved)
		return -EINVAL;
	if (handle.anchor && !anchor)
		return -EINVAL;
	if (rights == SECTION_RIGHTS_MAXIMUM)
		rights = handle.rights;
	else if (rights & ~SECTION_RIGHTS_ALL)
		return -EINVAL;
	if (rights & ~handle.rights)
		return -EACCES;

	/* This handle is open, so neither count can be zero. */
	if (anchor)
		section_get(handle.section);
	else
		refcount_inc(&handle.section->handles);
	err = section_handle_prepare(&new, handle.section, rights, anchor,
				     dup->flags & SECTION_DUPLICATE_INHERIT);
	return err ?: section_handle_install(&new);
}

static struct file *section_handle_file(const struct section_handle *handle);

/*
 * ->mmap() learns nothing of the call but the file, so what mmap(2) does not
 * know is a property of the file: of one that exists for this view only.
 */
static long section_handle_map_special(const struct section_handle *handle,
				       union section_arg *arg,
				       void __user *uarg)
{
	struct section_handle special = {
		.section = handle->section,
		.rights = handle->rights,
		.anchor = true,
		.map_flags = arg->map.flags,
	};
	struct file *file;
	long err;

	section_get(special.section);
	file = section_handle_file(&special);
	if (IS_ERR(file))
		return PTR_ERR(file);
	err = section_map_file(file, arg, uarg);
	fput(file);
	return err;
}

static long section_handle_map(struct file *file, union section_arg *arg,
			       void __user *uarg)
{
	struct section_handle handle = section_handle_of(file);
	int err;

	err = section_map_check(handle.section, handle.rights, &arg->map);
	if (err)
		return err;
	if (arg->map.flags & (SECTION_MAP_NO_INHERIT | SECTION_MAP_BEYOND))
		return section_handle_map_special(&handle, arg, uarg);
	return section_map_file(file, arg, uarg);
}

static long section_handle_commit(struct file *file, union section_arg *arg,
				  void __user *uarg)
{
	struct section_handle handle = section_handle_of(file);

	return section_commit_handle(handle.section, handle.rights, arg);
}

static long section_handle_extend(struct file *file, union section_arg *arg,
				  void __user *uarg)
{
	struct section_handle handle = section_handle_of(file);
	struct section_extend *extend = &arg->extend;
	int err;

	if (extend->flags)
		return -EINVAL;
	if (!(handle.rights & SECTION_RIGHT_EXTEND))
		return -EACCES;
	if (fault_in_safe_writeable(uarg, sizeof(*extend)))
		return -EFAULT;
	err = section_extend(handle.section, &extend->bytes);
	if (err)
		return err;
	return section_arg_copy_out(uarg, arg, sizeof(*extend));
}

static long section_handle_query_image(struct file *file,
				       union section_arg *arg,
				       void __user *uarg)
{
	struct section_handle handle = section_handle_of(file);

	if (!(handle.rights & SECTION_RIGHT_QUERY))
		return -EACCES;
	if (!handle.section->image)
		return -ENOEXEC;
	return section_image_query(handle.section->image, arg, uarg);
}

static const struct section_ioctl section_handle_ioctls[] = {
	SECTION_IOCTL(SECTION_IOC_QUERY, section_query, views,
		      section_handle_query),
	SECTION_IOCTL(SECTION_IOC_DUPLICATE, section_duplicate, reserved,
		      section_handle_duplicate),
	SECTION_IOCTL(SECTION_IOC_MAP, section_map, length,
		      section_handle_map),
	SECTION_IOCTL(SECTION_IOC_COMMIT, section_commit, length,
		      section_handle_commit),
	SECTION_IOCTL(SECTION_IOC_EXTEND, section_extend, bytes,
		      section_handle_extend),
	SECTION_IOCTL(SECTION_IOC_QUERY_IMAGE, section_query_image, cor_flags,
		      section_handle_query_image),
};

static long section_handle_ioctl(struct file *file, unsigned int cmd,
				 unsigned long uarg)
{
	return section_ioctl_dispatch(section_handle_ioctls,
				      ARRAY_SIZE(section_handle_ioctls), file,
				      cmd, uarg);
}

/* As of a file, to find the size; that of the mapping is no measure. */
static loff_t section_handle_llseek(struct file *file, loff_t offset,
				    int whence)
{
	return generic_file_llseek_size(file, offset, whence, MAX_LFS_FILESIZE,
				READ_ONCE(section_of_file(file)->bytes));
}

static const struct file_operations section_handle_fops = {
	.owner = THIS_MODULE,
	.release = section_handle_release,
	.llseek = section_handle_llseek,
	/* Opening a section waits for nobody. */
	.setlease = simple_nosetlease,
	.mmap = section_handle_mmap,
	.get_unmapped_area = section_handle_get_unmapped_area,
	.unlocked_ioctl = section_handle_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = section_handle_show_fdinfo,
};

/* The access mode by which the core enforces rights; 3 is neither. */
static int section_handle_access(u32 rights)
{
	switch (rights & (SECTION_RIGHT_READ | SECTION_RIGHT_WRITE)) {
	case SECTION_RIGHT_READ | SECTION_RIGHT_WRITE:
		return O_RDWR;
	case SECTION_RIGHT_READ:
		return O_RDONLY;
	case SECTION_RIGHT_WRITE:
		return O_WRONLY;
	default:
		return O_ACCMODE;
	}
}

/* A file that becomes a handle: the one that the section began with, or new. */
static struct file *section_handle_open(struct section *section, u32 rights)
{
	enum section_mount where = rights & SECTION_RIGHT_EXECUTE ?
				   SECTION_MOUNT_EXEC : SECTION_MOUNT_NOEXEC;
	int access = section_handle_access(rights);
	struct file *file = section->first;

	if (!file)
		return section_file_new(&section->paths[where], access,
					&section_handle_fops);
	section->first = NULL;
	section_file_become(file, access, &section_handle_fops);
	return file;
}

/* Takes over the caller's count on the section, on failure too. */
static struct file *section_handle_file(const struct section_handle *handle)
{
	struct file *file = section_handle_open(handle->section,
						handle->rights);

	if (IS_ERR(file)) {
		section_unref(handle->section, handle->anchor, 0);
		return file;
	}
	file->private_data = section_handle_pack(handle);
	section_count(SECTION_COUNT_HANDLES, 1);
	return file;
}

/**
 * section_handle_prepare - make a handle, all but giving it to the caller
 * @handle: filled in
 * @section: the section
 * @rights: SECTION_RIGHT_*
 * @anchor: make an anchor
 * @inherit: keep the descriptor open over execve(2)
 *
 * Takes over one of the section's @handles, or of its @refs for an anchor, on
 * failure too.
 *
 * Return: 0, then section_handle_install() or section_handle_abandon()
 * follows; -EMFILE, -ENFILE, -ENOMEM.
 */
int section_handle_prepare(struct section_new_handle *handle,
			   struct section *section, u32 rights, bool anchor,
			   bool inherit)
{
	const struct section_handle new = {
		.section = section,
		.rights = rights,
		.anchor = anchor,
	};

	handle->fd = get_unused_fd_flags(inherit ? 0 : O_CLOEXEC);
	if (handle->fd < 0) {
		section_unref(section, anchor, 0);
		return handle->fd;
	}
	handle->file = section_handle_file(&new);
	if (IS_ERR(handle->file)) {
		put_unused_fd(handle->fd);
		return PTR_ERR(handle->file);
	}
	return 0;
}

/**
 * section_handle_install - give a handle to the caller
 * @handle: what section_handle_prepare() made
 *
 * Return: the descriptor.
 */
int section_handle_install(struct section_new_handle *handle)
{
	fd_install(handle->fd, handle->file);
	return handle->fd;
}

/**
 * section_handle_abandon - take back a handle that nobody saw
 * @handle: what section_handle_prepare() made
 */
void section_handle_abandon(struct section_new_handle *handle)
{
	put_unused_fd(handle->fd);
	fput(handle->file);
}
