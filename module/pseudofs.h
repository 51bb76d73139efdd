/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_PSEUDOFS_H
#define _SECTION_PSEUDOFS_H

#include <linux/fs.h>
#include <linux/path.h>

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

int section_path_new(struct path *path, enum section_mount where,
		     const char *label);
void section_path_seal(const struct path *path);
bool section_path_sealed(const struct inode *inode);
void section_mount_set(struct vfsmount *mount, bool exec);
void section_file_become(struct file *file, int flags,
			 const struct file_operations *fops);
struct file *section_file_new(const struct path *path, int flags,
			      const struct file_operations *fops);

int section_pseudofs_init(void);
void section_pseudofs_exit(void);

#endif /* _SECTION_PSEUDOFS_H */
