// SPDX-License-Identifier: GPL-2.0-only
/*
 * The section object: how it comes to be and how it goes.
 */
#include <linux/compat.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "backing.h"
#include "base.h"
#include "commit.h"
#include "compat.h"
#include "counters.h"
#include "guard.h"
#include "image.h"
#include "limits.h"
#include "section.h"
#include "trace.h"

static struct kmem_cache *section_cache;
static atomic64_t section_last_id;

/**
 * section_rights_of_prot - the rights that make sense on a section
 * @prot: its SECTION_PROT_*
 *
 * Return: SECTION_RIGHT_*.
 */
u32 section_rights_of_prot(u32 prot)
{
	u32 rights = SECTION_RIGHT_QUERY | SECTION_RIGHT_READ;

	if (prot & SECTION_PROT_WRITE)
		rights |= SECTION_RIGHT_WRITE | SECTION_RIGHT_EXTEND;
	if (prot & SECTION_PROT_EXECUTE)
		rights |= SECTION_RIGHT_EXECUTE;
	return rights;
}

/**
 * section_creator_nr - who made a section, as the caller knows him
 * @section: the section
 *
 * Return: a process id in the caller's pid namespace, 0 if the creator is not
 * in it or has ended.
 */
pid_t section_creator_nr(const struct section *section)
{
	pid_t nr = 0;

	rcu_read_lock();
	if (pid_task(section->creator, PIDTYPE_TGID))
		nr = pid_vnr(section->creator);
	rcu_read_unlock();
	return nr;
}

/* Of anonymous memory, NULL while there is none. */
static struct inode *section_anon_inode(const struct section *section)
{
	const struct dentry *dentry =
		section->paths[SECTION_MOUNT_NOEXEC].dentry;
	const struct file *backing = READ_ONCE(section->backing);

	if (backing)
		return file_inode(backing);
	return dentry ? d_inode(dentry) : NULL;
}

/**
 * section_resident - memory that the backing holds in the page cache
 * @section: the section
 * @rights: of the handle by which somebody asks
 *
 * What of a file is in the page cache is told to those who may write to it or
 * own it, as mincore(2) does: by it one sees what others read.  What of an image is
 * in memory is told to nobody: it is all users'.
 *
 * Return: bytes.
 */
u64 section_resident(const struct section *section, u32 rights)
{
	struct address_space *mapping;

	if (section_is_image(section))
		return 0;
	if (!section_is_file(section))
		mapping = section_anon_inode(section)->i_mapping;
	else if (rights & SECTION_RIGHT_WRITE ||
		 section_owner_or_capable(section->backing))
		mapping = section_file_mapping(section->backing);
	else
		return 0;
	return (u64)READ_ONCE(mapping->nrpages) << PAGE_SHIFT;
}

static int section_init_label(struct section *section,
			      const struct section_spec *spec)
{
	size_t len = sizeof(SECTION_LABEL_PREFIX) - 1;
	char *label = section->short_label;

	if (len + spec->name_len + 1 > sizeof(section->short_label)) {
		label = kmalloc(len + spec->name_len + 1, GFP_KERNEL_ACCOUNT);
		if (!label)
			return -ENOMEM;
	}
	memcpy(label, SECTION_LABEL_PREFIX, len);
	memcpy(label + len, spec->name, spec->name_len);
	label[len + spec->name_len] = '\0';
	section->label = label;
	return 0;
}

static int section_round_up(u64 bytes, u64 *rounded)
{
	if (check_add_overflow(bytes, (u64)PAGE_SIZE - 1, rounded))
		return -EOVERFLOW;
	*rounded &= PAGE_MASK;
	return *rounded > MAX_LFS_FILESIZE ? -EOVERFLOW : 0;
}

static int section_set_bytes(struct section *section, u64 bytes)
{
	u64 rounded;
	int err;

	err = section_round_up(bytes, &rounded);
	if (err)
		return err;
	section->pages = rounded >> PAGE_SHIFT;
	section->bytes = section_is_file(section) ? bytes : rounded;
	return 0;
}

/*
 * Who owns a section's memory from now on: the file becomes the first handle if
 * it can, and the backing if not.
 */
static void section_set_memory(struct section *section, struct file *file)
{
	if (!section_anon_is_path(file)) {
		section_anon_back(file);
		section->backing = file;
		return;
	}
	section->first = file;
	section->paths[SECTION_MOUNT_NOEXEC] = file->f_path;
	path_get(&file->f_path);
}

/**
 * section_backing - the file that supplies a section's pages
 * @section: the section
 *
 * Anonymous memory has none until it is needed: most of what a section costs is
 * files, and the handle has one already.
 *
 * Return: the file, which is the section's; or an error pointer: -ENFILE,
 * -ENOMEM.
 */
struct file *section_backing(struct section *section)
{
	/* Pairs with the release below. */
	struct file *file = smp_load_acquire(&section->backing);

	if (file)
		return file;
	mutex_lock(&section->lock);
	file = section->backing;
	if (!file) {
		file = section_anon_backing(&section->paths[SECTION_MOUNT_NOEXEC],
					    section->cred);
		if (!IS_ERR(file)) {
			/* Pairs with the acquire above. */
			smp_store_release(&section->backing, file);
		}
	}
	mutex_unlock(&section->lock);
	return file;
}

static int section_init_anon(struct section *section,
			     const struct section_spec *spec)
{
	struct file *file;
	int err;

	if (!spec->bytes)
		return -EINVAL;
	err = section_set_bytes(section, spec->bytes);
	if (err)
		return err;
	if (section->attributes & SECTION_ATTR_LARGE_ALL &&
	    section->pages % SECTION_LARGE_PAGES)
		return -EINVAL;
	if (section->attributes & SECTION_ATTR_RESERVE) {
		section->reservation = section_reservation_new();
		if (!section->reservation)
			return -ENOMEM;
	}
	file = section_anon_new(section->label, section->bytes, section->prot,
				&section->attributes);
	if (IS_ERR(file))
		return PTR_ERR(file);
	section_set_memory(section, file);
	if (spec->populate || section->attributes & SECTION_ATTR_LARGE_ALL)
		return section_anon_populate(file, section->attributes);
	/* A decommit must not fail for want of it. */
	if (section->reservation)
		return PTR_ERR_OR_ZERO(section_backing(section));
	return 0;
}

/*
 * How large a section of a file is.  A file that is too short grows later,
 * when nothing but that can fail any more: section_grow_backing().
 */
static int section_size_file(struct section *section, u64 bytes)
{
	loff_t size;
	int err;

	err = section_file_size(section->backing, &size);
	if (err)
		return err;
	if (!bytes && !size)
		return -ENODATA;
	err = section_set_bytes(section, bytes ?: size);
	if (err)
		return err;
	if (section->bytes > size && !(section->prot & SECTION_PROT_WRITE))
		return -EFBIG;
	return 0;
}

static int section_init_witness(struct section *section, struct file *user_file,
				u32 prot)
{
	struct file *file;

	file = section_file_reopen(user_file, prot);
	if (IS_ERR(file))
		return PTR_ERR(file);
	section->witness = file;
	return section_guard_file(file, LLONG_MAX);
}

static int section_init_file(struct section *section,
			     const struct section_spec *spec)
{
	struct file *file;
	int err;

	file = section_file_open(spec->file, section->prot);
	if (IS_ERR(file))
		return PTR_ERR(file);
	section->backing = file;
	if (section->prot & SECTION_PROT_WRITE) {
		/* No F_SEAL_WRITE from now on (H2). */
		err = mapping_map_writable(file->f_mapping);
		if (err)
			return err;
		section->mapped_writable = true;
	}
	err = section_size_file(section, spec->bytes);
	if (!err && spec->name && section->prot & SECTION_PROT_EXECUTE)
		err = section_init_witness(section, spec->file, section->prot);
	if (err)
		return err;
	return section_guard_file(file, section_length(section));
}

/*
 * Nothing of the file but its image is in such a section; that may be written to
 * where processes share it, which needs no right on the file.  Its backing is not
 * the user's file: who opens it by name is judged by a witness always.
 */
static int section_init_image(struct section *section,
			      const struct section_spec *spec)
{
	struct section_image_shared *shared;
	struct section_image *image;
	struct file *file;
	int err;

	image = section_image_get(spec->file, section->prot, spec->base);
	if (IS_ERR(image))
		return PTR_ERR(image);
	section->image = image;
	shared = section_image_shared_get(image, section->uid, spec->net);
	if (IS_ERR(shared))
		return PTR_ERR(shared);
	section->shared = shared;
	file = section_image_backing(image);
	if (IS_ERR(file))
		return PTR_ERR(file);
	section->backing = file;
	if (spec->bytes > image->pe.size)
		return -EFBIG;
	err = section_set_bytes(section, spec->bytes ?: image->pe.size);
	if (!err && spec->name)
		err = section_init_witness(section, spec->file,
					   section->prot & ~SECTION_PROT_WRITE);
	return err;
}

/**
 * section_view_backing - the file that supplies the pages of a view
 * @section: the section
 * @first: first page of the view
 * @last: last page
 * @write: the view is shared, and may be written to at some time
 *
 * Return: the file, which is the section's; or an error pointer: -EACCES if these
 * pages of an image cannot be written to; -ENFILE; -ENOMEM.
 */
struct file *section_view_backing(struct section *section, pgoff_t first,
				  pgoff_t last, bool write)
{
	if (!section->image)
		return section_backing(section);
	if (section->shared &&
	    section_image_shared_has(section->image, first, last))
		return section->shared->memory;
	return write ? ERR_PTR(-EACCES) : section->backing;
}

/**
 * section_grow_backing - make a file as large as its section
 * @section: the section
 * @populate: have the disk space, too
 *
 * The last step of a creation that can fail for a reason of the file's.
 *
 * Return: 0, or what the file system gave.
 */
int section_grow_backing(struct section *section, bool populate)
{
	if (!section_is_plain_file(section) ||
	    !(section->prot & SECTION_PROT_WRITE))
		return 0;
	if (populate)
		return section_file_populate(section->backing, section->bytes);
	return section_file_grow(section->backing, section->bytes);
}

/* The file is so large by now. */
static void section_set_larger(struct section *section, u64 bytes, u64 rounded)
{
	int i;

	lockdep_assert_held(&section->lock);
	section_guard_extend(section->backing, rounded);
	if (section->below)
		section_guard_extend(section->below, rounded);
	WRITE_ONCE(section->pages, rounded >> PAGE_SHIFT);
	/* Whoever is told a size can touch all of it. */
	smp_wmb();
	WRITE_ONCE(section->bytes, bytes);
	for (i = 0; i < SECTION_MOUNTS; i++)
		if (section->paths[i].dentry)
			i_size_write(d_inode(section->paths[i].dentry), bytes);
}

/**
 * section_extend - make a section of a file larger
 * @section: the section
 * @bytes: how large; changed to how large it is
 *
 * No lock of ours is held while the file grows.  If another extension is
 * faster, that one's size or this one's, whichever is larger, is the section's.
 *
 * Return: 0; -EOPNOTSUPP; -EOVERFLOW; or what the file system gave.
 */
int section_extend(struct section *section, u64 *bytes)
{
	u64 rounded;
	int err;

	if (!section_is_plain_file(section))
		return -EOPNOTSUPP;
	err = section_round_up(*bytes, &rounded);
	if (err)
		return err;
	if (*bytes > READ_ONCE(section->bytes)) {
		err = section_file_grow(section->backing, *bytes);
		if (err)
			return err;
		mutex_lock(&section->lock);
		if (*bytes > section->bytes)
			section_set_larger(section, *bytes, rounded);
		trace_section_extend(section);
		mutex_unlock(&section->lock);
	}
	*bytes = READ_ONCE(section->bytes);
	return 0;
}

static int section_init_path(struct section *section, enum section_mount where)
{
	struct path *path = &section->paths[where];
	struct inode *inode;
	int err = 0;

	if (!path->dentry)
		err = section_path_new(path, where, section->label);
	if (err)
		return err;
	inode = d_inode(path->dentry);
	inode->i_ino = section->id;
	/* With the type that it has, which tmpfs relies on. */
	inode->i_mode = (inode->i_mode & S_IFMT) | section->mode;
	inode->i_uid = section->uid;
	inode->i_gid = section->gid;
	i_size_write(inode, section->bytes);
	return 0;
}

static int section_init_paths(struct section *section)
{
	struct path *paths = section->paths;
	int err;

	err = section_init_path(section, SECTION_MOUNT_NOEXEC);
	if (err || !(section->prot & SECTION_PROT_EXECUTE))
		return err;
	err = section_init_path(section, SECTION_MOUNT_EXEC);
	if (err)
		return err;
	/* All handles tell the same time: that of one section. */
	section_inode_copy_times(d_inode(paths[SECTION_MOUNT_EXEC].dentry),
				 d_inode(paths[SECTION_MOUNT_NOEXEC].dentry));
	return 0;
}

static struct section *section_alloc(const struct section_spec *spec)
{
	struct section *section;

	section = kmem_cache_zalloc(section_cache, GFP_KERNEL_ACCOUNT);
	if (!section)
		return NULL;
	refcount_set(&section->refs, 1);
	refcount_set(&section->handles, 1);
	mutex_init(&section->lock);
	section->prot = spec->prot;
	section->attributes = spec->attributes;
	section->mode = spec->mode;
	section->uid = current_euid();
	section->gid = spec->gid;
	section->key_uid = spec->key_uid;
	section->name_len = spec->name_len;
	section->id = atomic64_inc_return(&section_last_id);
	section->creator = get_pid(task_tgid(current));
	section->cred = get_current_cred();
	/* Given back by section_free(), in the last code that runs for it. */
	__module_get(THIS_MODULE);
	section_count(SECTION_COUNT_SECTIONS, 1);
	return section;
}

/*
 * An image is where its pages are for.  If nothing can be there, such as in the first
 * 64 KiB, it is where there is room.
 */
static int section_init_base(struct section *section,
			     const struct section_spec *spec)
{
	const struct section_image *image = section->image;
	bool low = in_compat_syscall();

	if (image) {
		low |= !image->pe.plus;
		if (image->base >= SZ_64K && !spec->base &&
		    !section_base_set(section, image->base, low))
			return 0;
	}
	return section_base_set(section, spec->base, low);
}

static int section_init(struct section *section,
			const struct section_spec *spec)
{
	struct section_user *user;
	int err;

	user = section_user_charge(section->uid);
	if (IS_ERR(user))
		return PTR_ERR(user);
	section->user = user;
	err = section_init_label(section, spec);
	if (err)
		return err;
	if (section_is_image(section))
		err = section_init_image(section, spec);
	else if (spec->file)
		err = section_init_file(section, spec);
	else
		err = section_init_anon(section, spec);
	if (!err && spec->based)
		err = section_init_base(section, spec);
	if (err)
		return err;
	return section_init_paths(section);
}

/**
 * section_new - make a section that nobody knows of
 * @spec: what it is to be
 *
 * Return: the section with one handle counted, which owns its only reference;
 * or an error pointer.
 */
struct section *section_new(const struct section_spec *spec)
{
	struct section *section;
	int err;

	section = section_alloc(spec);
	if (!section)
		return ERR_PTR(-ENOMEM);
	err = section_init(section, spec);
	if (err) {
		section_put(section);
		return ERR_PTR(err);
	}
	return section;
}

static void section_free(struct rcu_head *rcu)
{
	struct section *section = container_of(rcu, struct section, rcu);
	struct section_shadow *shadow;

	while ((shadow = section->shadow.next)) {
		section->shadow.next = shadow->next;
		kfree(shadow);
	}
	put_pid(section->creator);
	put_cred(section->cred);
	if (section->label != section->short_label)
		kfree(section->label);
	kmem_cache_free(section_cache, section);
	/* section_exit() waits for this callback to return. */
	module_put(THIS_MODULE);
}

static void section_release_files(struct section *section)
{
	int i;

	if (section->shared)
		section_image_shared_put(section->shared);
	if (section->image)
		section_image_put(section->image);
	if (section->below)
		fput(section->below);
	if (section->backing)
		fput(section->backing);
	if (section->witness)
		fput(section->witness);
	if (section->first)
		fput(section->first);
	for (i = 0; i < SECTION_MOUNTS; i++)
		path_put(&section->paths[i]);
}

/**
 * section_release - the last reference is gone
 * @section: the section; may be half made
 * @files: how many of its handles' files the caller is just closing
 *
 * What readers under RCU may still look at goes a grace period later: lookups
 * compare the label, lists also show the creator.
 */
void section_release(struct section *section, unsigned int files)
{
	struct path *memory = &section->paths[SECTION_MOUNT_NOEXEC];

	might_sleep();
	trace_section_free(section);
	WARN_ON_ONCE(atomic_read(&section->views));
	if (section->mapped_writable)
		mapping_unmap_writable(section->backing->f_mapping);
	if (section->reservation && section_anon_inode(section))
		section_anon_set_charge(section_anon_inode(section),
					section->reservation->charged);
	/* If there is a backing, it lets go when it is closed. */
	if (memory->dentry && !section->backing)
		section_anon_let_go(memory, 1 + files + !!section->first);
	section_reservation_free(section);
	section_release_files(section);
	section_base_free(section);
	if (section->user)
		section_user_uncharge(section->user);
	section_count(SECTION_COUNT_SECTIONS, -1);
	call_rcu(&section->rcu, section_free);
}

int section_objects_init(void)
{
	/* A short name is copied to those who ask for it. */
	section_cache = KMEM_CACHE_USERCOPY(section,
					    SLAB_ACCOUNT | SLAB_NO_MERGE,
					    short_label);
	return section_cache ? 0 : -ENOMEM;
}

/* After rcu_barrier(): the last sections are freed by then. */
void section_objects_exit(void)
{
	kmem_cache_destroy(section_cache);
}
