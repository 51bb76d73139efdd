/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_HANDLE_H
#define _SECTION_HANDLE_H

#include <linux/types.h>

struct file;
struct section;

/**
 * struct section_new_handle - a handle that the caller does not have yet
 * @file: the handle
 * @fd: the descriptor reserved for it
 */
struct section_new_handle {
	struct file *file;
	int fd;
};

int section_handle_prepare(struct section_new_handle *handle,
			   struct section *section, u32 rights, bool anchor,
			   bool inherit);
int section_handle_install(struct section_new_handle *handle);
void section_handle_abandon(struct section_new_handle *handle);

#endif /* _SECTION_HANDLE_H */
