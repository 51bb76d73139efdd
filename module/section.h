/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_SECTION_H
#define _SECTION_SECTION_H

#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/path.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/rhashtable-types.h>
#include <linux/uidgid.h>
#include <linux/section.h>

#include "pseudofs.h"

/**
 * DOC: Lifetimes
 *
 * A section has two counts.  @handles counts open handles; while it is not
 * zero the name can be found, and all handles together own one of @refs.
 * @refs counts what keeps the memory alive: the handles together, each anchor,
 * each view, and each page fault that sleeps in the backing.  Each section
 * owns a reference on the module, given back after an RCU grace period.
 *
 * DOC: Lock order
 *
 * From the outside in; a lock may be taken while those before it are held::
 *
 *	section_reservation.lock
 *	  mmap_lock or a VMA lock
 *	    section->lock
 *	      (the backing's invalidate_lock, folio lock, i_mmap_rwsem: the
 *	      kernel's own, only inside the backing's methods)
 *	    section_images_lock
 *	    bucket locks of a name table, section_users_lock (innermost, short)
 *
 * No lock of ours is held while user memory is accessed, while mmap_lock is
 * taken, or while a method of a backing runs: that may wait for a user-space
 * file system for as long as it likes.  The one exception is a decommit, which
 * punches a hole into shmem under section_reservation.lock; nobody waits for that
 * lock who holds anything.  Page faults take no lock at all.
 */

struct section_image;
struct section_image_shared;
struct section_reservation;
struct section_scope;
struct section_user;

/**
 * struct section_shadow - a backing's vm_operations with ours in front
 * @vm_ops: what the VMAs point to; the shadow is found from it with
 *	container_of()
 * @backing_ops: what the backing's ->mmap() had installed; NULL until the
 *	shadow is in use, constant afterwards
 * @section: the section, constant; it owns the shadow, and each VMA that
 *	points here owns a reference on the section
 * @partial: a huge page may be larger than what its views may touch: their
 *	sections are reserved, or they were mapped with SECTION_MAP_BEYOND
 * @next: more of the same section; a backing may have several sets of
 *	operations (H12).  Written under section->lock.
 */
struct section_shadow {
	struct vm_operations_struct vm_ops;
	const struct vm_operations_struct *backing_ops;
	struct section *section;
	bool partial;
	struct section_shadow *next;
};

/* What a handle's file knows besides is where these addresses have zeroes. */
#define SECTION_ALIGN	256

#define SECTION_SHORT_LABEL	48

/**
 * struct section - memory with a name, a size, an owner and a lifetime
 * @refs: what keeps the memory alive, see above
 * @handles: open handles; goes from zero to nowhere
 * @pages: size in pages; only grows, under @lock; read without a lock by page
 *	faults
 * @bytes: size in bytes; as @pages
 * @backing: the file that supplies the pages, private to this section, owned;
 *	that of anonymous memory may be made for the first view, under @lock, see
 *	section_backing()
 * @below: the file that an overlay maps instead of @backing, once there was a
 *	view; owned; written under @lock
 * @witness: the user's file once more, of an executable section or image with a
 *	name: who opens it by name is judged by it, and judges may have to read all
 *	of it; owned
 * @prot: SECTION_PROT_*, constant
 * @attributes: SECTION_ATTR_*, constant
 * @mode: permission bits, constant
 * @uid: owner, constant
 * @gid: group, constant
 * @id: number, never used again, constant
 * @views: VMAs
 * @lock: protects the list of shadows and the guards of files below an overlay
 * @shadow: first shadow; the others hang on its @next
 * @reservation: what is committed, NULL unless reserved; owned
 * @image: the executable image that it shows, NULL for other sections; owned
 * @shared: the segments of it that processes share, NULL if there are none; owned
 * @base: address of the section's first byte in all views, 0 for any; constant
 * @base_chosen: whether @base is taken out of the owner's addresses, constant
 * @creator: who made it; owned; freed by RCU
 * @user: whose limit it counts against; owned
 * @cred: whose files its files are; owned
 * @paths: of the handles, one for each mount that this section needs; owned
 * @first: a file that has not become a handle yet; owned; only the creator's
 * @mapped_writable: whether mapping_map_writable() is held on the backing
 * @label: "section:" and the name, as paths show it; owned unless it is
 *	@short_label; freed by RCU
 * @name_len: length of the name; 0 if there is none
 * @name_hash: of name and scope, constant once it is in a table
 * @key_uid: whose scope the name is in; INVALID_UID for the global one
 * @scope: names of its network namespace, NULL without a name; owned as long as
 *	there is a handle
 * @node: in the scope's table, protected by the table's locks
 * @published: false while the creation can still fail; set once, with release
 *	semantics
 * @rcu: for freeing
 * @short_label: a label that fits
 */
struct section {
	refcount_t refs;
	refcount_t handles;
	unsigned long pages;
	loff_t bytes;
	struct file *backing;
	struct file *below;
	struct file *witness;
	u32 prot;
	u32 attributes;
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
	u64 id;
	atomic_t views;
	struct mutex lock;
	struct section_shadow shadow;
	struct section_reservation *reservation;
	struct section_image *image;
	struct section_image_shared *shared;
	u64 base;
	bool base_chosen;

	struct pid *creator;
	struct section_user *user;
	const struct cred *cred;
	struct path paths[SECTION_MOUNTS];
	struct file *first;
	bool mapped_writable;

	char *label;
	unsigned int name_len;
	u32 name_hash;
	kuid_t key_uid;
	struct section_scope *scope;
	struct rhash_head node;
	bool published;
	struct rcu_head rcu;
	char short_label[SECTION_SHORT_LABEL];
} __aligned(SECTION_ALIGN);

/**
 * struct section_spec - what a new section is to be, checked
 * @name: the name, NULL for none
 * @name_len: its length
 * @key_uid: whose scope the name goes to
 * @bytes: size asked for, 0 for the whole file
 * @file: the user's file, NULL for anonymous memory
 * @prot: SECTION_PROT_*
 * @attributes: SECTION_ATTR_*
 * @mode: permission bits
 * @gid: group
 * @based: whether all views are to be at one address
 * @base: which, 0 to choose one
 * @populate: get all of the memory at once
 * @net: cookie of the network namespace that it belongs to
 */
struct section_spec {
	const char *name;
	unsigned int name_len;
	kuid_t key_uid;
	u64 bytes;
	struct file *file;
	u32 prot;
	u32 attributes;
	umode_t mode;
	kgid_t gid;
	bool based;
	u64 base;
	bool populate;
	u64 net;
};

#define SECTION_LABEL_PREFIX	"section:"

static inline const char *section_name(const struct section *section)
{
	return section->label + sizeof(SECTION_LABEL_PREFIX) - 1;
}

/* In bytes, of the pages that hold it. */
static inline u64 section_length(const struct section *section)
{
	return (u64)READ_ONCE(section->pages) << PAGE_SHIFT;
}

static inline bool section_is_file(const struct section *section)
{
	return section->attributes & SECTION_ATTR_FILE;
}

static inline bool section_is_image(const struct section *section)
{
	return section->attributes & SECTION_ATTR_IMAGE;
}

/* Do views show the file itself, which may become longer? */
static inline bool section_is_plain_file(const struct section *section)
{
	return section_is_file(section) && !section_is_image(section);
}

struct section *section_new(const struct section_spec *spec);
void section_release(struct section *section, unsigned int files);

static inline void section_get(struct section *section)
{
	refcount_inc(&section->refs);
}

/* By one of its handles' files, which has not left its path yet, or by none. */
static inline void section_put_by(struct section *section, unsigned int files)
{
	if (refcount_dec_and_test(&section->refs))
		section_release(section, files);
}

/* May sleep if this was the last reference. */
static inline void section_put(struct section *section)
{
	section_put_by(section, 0);
}

u32 section_rights_of_prot(u32 prot);
pid_t section_creator_nr(const struct section *section);
u64 section_resident(const struct section *section, u32 rights);
struct file *section_backing(struct section *section);
struct file *section_view_backing(struct section *section, pgoff_t first,
				  pgoff_t last, bool write);
int section_grow_backing(struct section *section, bool populate);
int section_extend(struct section *section, u64 *bytes);

int section_objects_init(void);
void section_objects_exit(void);

#endif /* _SECTION_SECTION_H */
