// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file that an image is in: read by way of its page cache only, never by the
 * file's own ->read, which takes locks that a page fault must not (H15).
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/gfs2_ondisk.h>
#include <linux/highmem.h>
#include <linux/magic.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/pagevec.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/stat.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/section.h>

#include "backing.h"
#include "compat.h"
#include "image.h"

/* Pages of the file that are read together, where none is there yet. */
#define SECTION_SOURCE_AHEAD	32

/*
 * The file that an overlay maps in place of its own, which alone may be given to
 * the methods of the file system below: it is the one of a mapping.
 */
static struct file *section_source_below(struct file *file)
{
	struct mm_struct *mm = current->mm;
	struct file *below = ERR_PTR(-ENODEV);
	struct vm_area_struct *vma;
	unsigned long addr;

	addr = vm_mmap(file, 0, PAGE_SIZE, PROT_READ, MAP_PRIVATE, 0);
	if (IS_ERR_VALUE(addr))
		return ERR_PTR((long)addr);
	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	/* A thread of the caller may have put anything there. */
	if (vma && vma->vm_file &&
	    vma->vm_file->f_mapping == section_file_mapping(file) &&
	    file_inode(vma->vm_file)->i_mapping == vma->vm_file->f_mapping &&
	    vma->vm_file->f_mode & FMODE_READ)
		below = get_file(vma->vm_file);
	mmap_read_unlock(mm);
	section_file_unmap(addr, PAGE_SIZE);
	return below;
}

/*
 * Can its pages be read by whoever has it open?  With GFS2 and Ceph only by their
 * own ->fault and ->read_iter, which take what keeps other machines from writing.
 */
static bool section_source_readable(const struct file *file)
{
	unsigned long magic = file_inode(file)->i_sb->s_magic;

	return magic != GFS2_MAGIC && magic != CEPH_SUPER_MAGIC;
}

/**
 * section_source_open - open the file of an image
 * @source: filled in, but for what section_source_stamp() does;
 *	section_source_close() follows, on failure too
 * @user_file: the user's file
 * @prot: SECTION_PROT_* of the section
 *
 * Return: 0, or what section_file_open() gives.
 */
int section_source_open(struct section_source *source, struct file *user_file,
			u32 prot)
{
	struct file *file, *below;

	source->file = NULL;
	file = section_file_open(user_file, prot & ~SECTION_PROT_WRITE);
	if (IS_ERR(file))
		return PTR_ERR(file);
	if (file->f_mapping != section_file_mapping(file)) {
		below = section_source_below(file);
		fput(file);
		if (IS_ERR(below))
			return PTR_ERR(below);
		file = below;
	}
	source->file = file;
	return section_source_readable(file) ? 0 : -ENODEV;
}

/*
 * Does nobody write to it but by this kernel, and does nothing set its ctime back?
 * There is no way to ask: a disk may be one of a cluster, a block device the store of
 * a FUSE server, and FAT has no ctime.
 */
static bool section_source_local(const struct file *file)
{
	switch (file_inode(file)->i_sb->s_magic) {
	case BTRFS_SUPER_MAGIC:
	case EROFS_SUPER_MAGIC_V1:
	case EXT4_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
	case ISOFS_SUPER_MAGIC:
	case SQUASHFS_MAGIC:
	case XFS_SUPER_MAGIC:
		return true;
	}
	return section_mapping_is_shmem(file->f_mapping);
}

/**
 * section_source_unguarded - can somebody write to it whom nothing keeps from that?
 * @source: an open source
 *
 * A memfd is made open, and the kernel does not count who has it so among its
 * writers: denying them means nothing, nor that there are none.  Its seals do.
 *
 * Return: true if so.
 */
bool section_source_unguarded(const struct section_source *source)
{
	struct inode *inode = file_inode(source->file);
	unsigned int seals = F_SEAL_WRITE | F_SEAL_SHRINK;

	return section_mapping_is_shmem(inode->i_mapping) &&
	       inode->i_sb->s_flags & SB_KERNMOUNT &&
	       (READ_ONCE(SHMEM_I(inode)->seals) & seals) != seals;
}

/**
 * section_source_pinned - can somebody write to its pages without any mapping?
 * @source: the source; nobody can map it for writing any more
 *
 * Buffers of io_uring and reads that bypass the page cache pin pages of a mapping,
 * and go on when it and its file are gone.
 *
 * Return: true if so, or if a fatal signal arrived.
 */
bool section_source_pinned(const struct section_source *source)
{
	struct address_space *mapping = source->file->f_mapping;
	pgoff_t index = 0, last = (source->size - 1) >> PAGE_SHIFT;
	struct folio_batch batch;
	bool pinned = false;
	unsigned int i;

	folio_batch_init(&batch);
	while (!pinned && filemap_get_folios(mapping, &index, last, &batch)) {
		for (i = 0; i < folio_batch_count(&batch); i++)
			pinned |= folio_maybe_dma_pinned(batch.folios[i]);
		folio_batch_release(&batch);
		pinned |= fatal_signal_pending(current);
		cond_resched();
	}
	return pinned;
}

/*
 * Would each change show in its times, from @now on, which was before they were
 * read?  One in the same tick of the clock, which on some disks is a second, would
 * not; nor would one by a mapping of tmpfs.
 */
static bool section_source_tells(const struct section_source *source,
				 time64_t now)
{
	return section_source_local(source->file) &&
	       !section_mapping_is_shmem(source->file->f_mapping) &&
	       source->ctime.tv_sec < now;
}

/**
 * section_source_stamp - take down what the file is like
 * @source: an open source
 *
 * Return: 0; -ENODATA if it is empty; or what the file system gave.
 */
int section_source_stamp(struct section_source *source)
{
	time64_t now = ktime_get_real_seconds();
	struct kstat stat;
	int err;

	/* The user was asked about his own file, not about one below it. */
	err = vfs_getattr_nosec(&source->file->f_path, &stat, STATX_BASIC_STATS,
				AT_STATX_SYNC_AS_STAT);
	if (err)
		return err;
	source->size = stat.size;
	source->ctime = stat.ctime;
	source->mtime = stat.mtime;
	source->tells = section_source_tells(source, now);
	return source->size ? 0 : -ENODATA;
}

/**
 * section_source_close - the opposite of section_source_open()
 * @source: the source
 */
void section_source_close(struct section_source *source)
{
	if (source->file)
		fput(source->file);
}

static bool section_source_unchanged(const struct section_source *a,
				     const struct section_source *b)
{
	return a->size == b->size && timespec64_equal(&a->ctime, &b->ctime) &&
	       timespec64_equal(&a->mtime, &b->mtime);
}

/**
 * section_source_same - are they the same file, with the same contents?
 * @a: one
 * @b: and the other
 * @denied: nobody here could write to it since @a was made
 *
 * What is done to its name and mode does not matter then: programs that have it go
 * on with it.  A server may give it to one user and not to another, any more, so that
 * nobody there depends on somebody else.
 *
 * Return: true if so.
 */
bool section_source_same(const struct section_source *a,
			 const struct section_source *b, bool denied)
{
	if (file_inode(a->file) != file_inode(b->file))
		return false;
	if (section_source_local(a->file))
		return denied || section_source_unchanged(a, b);
	return uid_eq(a->file->f_cred->fsuid, b->file->f_cred->fsuid) &&
	       section_source_unchanged(a, b);
}

static void section_source_ahead(const struct section_source *source,
				 pgoff_t index)
{
	struct address_space *mapping = source->file->f_mapping;
	/* That of the file belongs to whoever reads it in order. */
	struct file_ra_state ra = {};

	file_ra_state_init(&ra, mapping);
	page_cache_sync_readahead(mapping, &ra, source->file, index,
				  SECTION_SOURCE_AHEAD);
}

/* Where it is, if it is not in memory, only shmem knows. */
static struct folio *section_source_shmem(struct address_space *mapping,
					  pgoff_t index)
{
	struct folio *folio = shmem_read_folio_gfp(mapping, index,
						   mapping_gfp_mask(mapping));

	/* It has just become shorter. */
	return folio == ERR_PTR(-EINVAL) ? NULL : folio;
}

/*
 * With some of the next ones, if it is not in memory.  NULL is a page beyond the end
 * of the file.
 */
static struct folio *section_source_folio(const struct section_source *source,
					  pgoff_t index)
{
	struct address_space *mapping = source->file->f_mapping;
	struct folio *folio;
	int err;

	if (section_mapping_is_shmem(mapping))
		return section_source_shmem(mapping, index);
	folio = section_folio_get(mapping, index);
	if (!folio) {
		section_source_ahead(source, index);
		folio = section_folio_get(mapping, index);
	}
	if (folio) {
		if (folio_test_uptodate(folio))
			return folio;
		/* Who reads it may never be done, and below nobody can be killed. */
		err = folio_wait_locked_killable(folio);
		if (!err && folio_test_uptodate(folio))
			return folio;
		folio_put(folio);
		if (err)
			return ERR_PTR(err);
	}
	/* As a page fault does: no block is read that the file is just losing. */
	filemap_invalidate_lock_shared(mapping);
	folio = read_cache_folio(mapping, index, NULL, source->file);
	filemap_invalidate_unlock_shared(mapping);
	return folio;
}

static int section_source_copy(const struct section_source *source, u64 pos,
			       void *to, size_t len)
{
	pgoff_t index = pos >> PAGE_SHIFT;
	struct folio *folio = section_source_folio(source, index);
	void *from;

	if (IS_ERR(folio))
		return PTR_ERR(folio);
	if (!folio) {
		memset(to, 0, len);
		return 0;
	}
	/* Whoever reads broken memory in the kernel stops the machine. */
	if (PageHWPoison(folio_file_page(folio, index))) {
		folio_put(folio);
		return -EIO;
	}
	from = kmap_local_folio(folio, offset_in_folio(folio, pos));
	memcpy(to, from, len);
	kunmap_local(from);
	folio_put(folio);
	return 0;
}

/**
 * section_source_read - copy a part of the file
 * @source: the file
 * @pos: where the part begins
 * @to: where to put it
 * @len: its length; what is beyond the end of the file is zero
 *
 * Also for page faults of the image.
 *
 * Return: 0, -EINTR if a fatal signal arrived, or what the file system gave.
 */
int section_source_read(const struct section_source *source, u64 pos, void *to,
			size_t len)
{
	u64 size = i_size_read(source->file->f_mapping->host);
	int err = 0;

	/* It may be shorter by now, and no page is to be made beyond its end. */
	size = min_t(u64, size, source->size);
	while (len && pos < size) {
		size_t part = min_t(u64, PAGE_SIZE - offset_in_page(pos), len);

		part = min_t(u64, part, size - pos);
		err = section_source_copy(source, pos, to, part);
		if (err)
			return err;
		pos += part;
		to += part;
		len -= part;
	}
	memset(to, 0, len);
	return 0;
}
