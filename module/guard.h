/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_GUARD_H
#define _SECTION_GUARD_H

#include <linux/fs.h>

struct vm_area_struct;

/**
 * struct section_guard - the file operations of a backing, with ours in front
 * @fops: what the file points to; the guard is found from it with
 *	container_of()
 * @orig: what opening the file had installed, constant; its module is pinned by
 *	the file's mount
 * @end: in bytes; nothing beyond it is read through the file.  Read without a
 *	lock.
 */
struct section_guard {
	struct file_operations fops;
	const struct file_operations *orig;
	loff_t end;
};

void section_guard_fill(struct section_guard *guard, const struct file *file);
void section_guard_put_on(struct section_guard *guard, struct file *file);

int section_guard_file(struct file *file, loff_t end);
void section_guard_extend(struct file *file, loff_t end);
int section_guard_below(struct file *file, loff_t end);
int section_guard_mmap(struct file *file, struct vm_area_struct *vma);

int section_guard_init(void);
void section_guard_exit(void);

#endif /* _SECTION_GUARD_H */
