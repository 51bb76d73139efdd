/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_PSEUDOFS_H
#define _SECTION_PSEUDOFS_H

#include <linux/fs.h>

/**
 * enum section_mount - where the files of a section live
 * @SECTION_MOUNT_NOEXEC: the core refuses executable mappings of these files
 * @SECTION_MOUNT_EXEC: it allows them
 * @SECTION_MOUNTS: how many there are
 */
enum section_mount {
	SECTION_MOUNT_NOEXEC,
	SECTION_MOUNT_EXEC,
	SECTION_MOUNTS,
};

struct inode *section_inode_new(enum section_mount where);
struct file *section_file_new(struct inode *inode, enum section_mount where,
			      const char *label, int flags,
			      const struct file_operations *fops);

int section_pseudofs_init(void);
void section_pseudofs_exit(void);

#endif /* _SECTION_PSEUDOFS_H */
