// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of an image: built from the file's own when they are touched, for
 * all processes at once, and built anew when they were reclaimed.
 *
 * They are in the page cache of an inode that has no other use.  Nothing ever
 * makes them dirty: whoever writes to his view has copied the page before.
 *
 * Lock order: the folio of the image, then folios of the file.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "backing.h"
#include "compat.h"
#include "image.h"
#include "pseudofs.h"

/* Pages that are built around one that is touched, as the core maps them. */
#define SECTION_IMAGE_AHEAD	16

/**
 * section_image_read - copy a part of an image that is not relocated
 * @image: the image
 * @rva: where the part begins
 * @to: where to put it
 * @len: its length; it ends inside the image
 *
 * Return: 0, or an error of section_source_read().
 */
int section_image_read(const struct section_image *image, u32 rva, void *to,
		       size_t len)
{
	while (len) {
		size_t part;
		u64 offset;
		bool zero;
		int err = 0;

		part = pe_where(&image->pe, image->segments, rva, len, &offset,
				&zero);
		if (zero)
			memset(to, 0, part);
		else
			err = section_source_read(&image->source, offset, to,
						  part);
		if (err)
			return err;
		rva += part;
		to += part;
		len -= part;
	}
	return 0;
}

/**
 * section_image_read_entries - copy some entries of a block of relocations
 * @image: the image
 * @block: the block
 * @first: number of the first one, which there is
 * @entries: where to put them, SECTION_IMAGE_ENTRIES of two bytes
 *
 * Return: how many there are, at least one; or an error of section_source_read().
 */
int section_image_read_entries(const struct section_image *image,
			       const struct pe_block *block, u32 first,
			       u8 *entries)
{
	u32 count = min_t(u32, block->entries - first, SECTION_IMAGE_ENTRIES);

	return section_image_read(image, image->pe.relocations.rva + block->at +
				  first * 2, entries, count * 2) ?: (int)count;
}

/* What is in front of a page, and behind it. */
static int section_image_edges(const struct section_image *image,
			       struct pe_page *page)
{
	u32 behind = page->rva + PE_PAGE;
	int err = 0;

	memset(page->edge, 0, sizeof(page->edge));
	if (page->rva)
		err = section_image_read(image, page->rva - PE_EDGE,
					 page->edge[0], PE_EDGE);
	if (!err && behind < image->pe.size)
		err = section_image_read(image, behind, page->edge[1], PE_EDGE);
	return err;
}

static int section_image_apply(const struct section_image *image,
			       const struct pe_block *block,
			       struct pe_page *page)
{
	u8 entries[SECTION_IMAGE_ENTRIES * 2];
	u32 first;
	int count;

	for (first = 0; first < block->entries; first += count) {
		count = section_image_read_entries(image, block, first,
						   entries);
		if (count < 0)
			return count;
		pe_relocate(page, section_image_delta(image), block->rva,
			    entries, count);
	}
	return 0;
}

/* The first block that may have an entry in the page. */
static u32 section_image_first_block(const struct section_image *image, u32 rva)
{
	u32 reach = PE_PAGE - 1 + PE_EDGE - 1;
	u32 low = 0, high = image->block_count;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if ((u64)image->blocks[middle].rva + reach < rva)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int section_image_relocate(const struct section_image *image,
				  struct pe_page *page)
{
	u32 i = section_image_first_block(image, page->rva);
	bool edges = false;
	int err = 0;

	pe_set_base(page, &image->pe, image->segments, image->base);
	for (; i < image->block_count && !err; i++) {
		const struct pe_block *block = &image->blocks[i];

		if (block->rva >= (u64)page->rva + PE_PAGE)
			break;
		/* Whole pages in front of this one, and no entry reaches it. */
		if (block->rva < page->rva && !block->crosses &&
		    !(block->rva % PE_PAGE))
			continue;
		if (block->crosses && !edges) {
			err = section_image_edges(image, page);
			edges = true;
		}
		if (!err)
			err = section_image_apply(image, block, page);
	}
	return err;
}

static int section_image_build(const struct section_image *image,
			       struct folio *folio, pgoff_t index)
{
	struct pe_page page = {
		.bytes = kmap_local_folio(folio, offset_in_folio(folio,
						  (loff_t)index << PAGE_SHIFT)),
		.rva = index << PAGE_SHIFT,
	};
	int err;

	BUILD_BUG_ON(PE_PAGE != PAGE_SIZE);
	err = section_image_read(image, page.rva, page.bytes, PE_PAGE);
	if (!err && section_image_delta(image))
		err = section_image_relocate(image, &page);
	flush_dcache_folio(folio);
	kunmap_local(page.bytes);
	return err;
}

/* The host of an image knows it. */
static int section_image_read_folio(struct file *file, struct folio *folio)
{
	const struct section_image *image = folio->mapping->host->i_private;
	int err = -EINTR;

	/* A thousand are read ahead with MADV_HUGEPAGE, each with relocations. */
	cond_resched();
	if (!fatal_signal_pending(current))
		err = section_image_build(image, folio, folio->index);
	if (!err)
		folio_mark_uptodate(folio);
	folio_unlock(folio);
	return err;
}

static const struct address_space_operations section_image_aops = {
	.read_folio = section_image_read_folio,
	.dirty_folio = noop_dirty_folio,
	.migrate_folio = filemap_migrate_folio,
};

static const struct vm_operations_struct section_image_vm_ops = {
	.fault = filemap_fault,
	.map_pages = filemap_map_pages,
};

static int section_image_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &section_image_vm_ops;
	return 0;
}

/* Who waits for a page has the file, when its view and section are gone. */
static int section_image_file_release(struct inode *inode, struct file *file)
{
	section_image_put(file->private_data);
	return 0;
}

static const struct file_operations section_image_fops = {
	.owner = THIS_MODULE,
	.release = section_image_file_release,
	.mmap = section_image_mmap,
};

/* A file of ramfs may be read for a page of an image, which is on ramfs too. */
static struct lock_class_key section_image_invalidate_key;

/**
 * section_image_host - make the inode that will have the pages
 * @image: the image
 * @label: shown in /proc/PID/maps
 *
 * Return: 0, -ENFILE or -ENOMEM.
 */
int section_image_host(struct section_image *image, const char *label)
{
	struct inode *inode;
	int err;

	err = section_path_new(&image->path, SECTION_MOUNT_EXEC, label);
	if (err)
		return err;
	inode = d_inode(image->path.dentry);
	inode->i_private = image;
	inode->i_ino = get_next_ino();
	i_size_write(inode, image->pe.size);
	inode->i_mapping->a_ops = &section_image_aops;
	lockdep_set_class(&inode->i_mapping->invalidate_lock,
			  &section_image_invalidate_key);
	return 0;
}

/**
 * section_image_unhost - let go of the pages
 * @image: an image that no backing has any more
 *
 * Somebody may keep the inode, by a descriptor opened with O_PATH, and with it
 * must remain neither memory nor anything of this module.
 */
void section_image_unhost(struct section_image *image)
{
	struct inode *inode;

	if (!image->path.dentry)
		return;
	inode = d_inode(image->path.dentry);
	i_size_write(inode, 0);
	truncate_inode_pages(inode->i_mapping, 0);
	inode->i_mapping->a_ops = &empty_aops;
	inode->i_private = NULL;
	path_put(&image->path);
}

/**
 * section_image_file - a backing that has the pages of an image
 * @image: the image
 *
 * Return: the file, without a guard; or an error pointer: -ENFILE, -ENOMEM.
 */
struct file *section_image_file(struct section_image *image)
{
	struct file *file = section_file_new(&image->path, O_RDONLY,
					     &section_image_fops);

	if (IS_ERR(file))
		return file;
	refcount_inc(&image->refs);
	file->private_data = image;
	file->f_mapping = d_inode(image->path.dentry)->i_mapping;
	file->f_ra.ra_pages = SECTION_IMAGE_AHEAD;
	return file;
}

static int section_image_fill_page(const struct section_image *image,
				   struct file *memory, pgoff_t index)
{
	struct address_space *mapping = memory->f_mapping;
	struct folio *folio;
	int err;

	/* An error is wanted, and nobody's death. */
	folio = shmem_read_folio_gfp(mapping, index, mapping_gfp_mask(mapping) |
				     __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	if (IS_ERR(folio))
		return PTR_ERR(folio);
	folio_lock(folio);
	err = section_image_build(image, folio, index);
	folio_mark_dirty(folio);
	folio_unlock(folio);
	folio_put(folio);
	return err;
}

/* Is there anything in this page but zeroes? */
static bool section_image_page_has_data(const struct section_image *image,
					u32 rva)
{
	u32 first = section_image_first_block(image, rva);
	u64 offset;
	bool zero;

	if (section_image_delta(image) && first < image->block_count &&
	    image->blocks[first].rva < (u64)rva + PE_PAGE)
		return true;
	return pe_where(&image->pe, image->segments, rva, PE_PAGE, &offset,
			&zero) < PE_PAGE || !zero;
}

/**
 * section_image_fill - build the pages of a range in anonymous memory
 * @image: the image
 * @memory: anonymous memory as large as the image, that nobody else has yet
 * @start: RVA at which the range begins
 * @end: and where it ends, in the image; both in whole pages
 *
 * Return: 0; -EINTR if a fatal signal arrived; -ENOMEM; or an error of the file.
 */
int section_image_fill(const struct section_image *image, struct file *memory,
		       u32 start, u32 end)
{
	int err;

	for (; start < end; start += PE_PAGE) {
		cond_resched();
		if (fatal_signal_pending(current))
			return -EINTR;
		if (!section_image_page_has_data(image, start))
			continue;
		err = section_image_fill_page(image, memory,
					      start >> PAGE_SHIFT);
		if (err)
			return err;
	}
	return 0;
}
