/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_BACKING_H
#define _SECTION_BACKING_H

#include <linux/types.h>

struct address_space;
struct cred;
struct file;
struct inode;
struct path;

struct file *section_anon_new(const char *label, loff_t bytes, u32 prot,
			      u32 *attributes);
bool section_anon_is_path(const struct file *file);
void section_anon_back(struct file *file);
struct file *section_anon_backing(const struct path *path,
				  const struct cred *cred);
int section_anon_charge(unsigned long pages);
int section_anon_uncharge(unsigned long pages);
void section_anon_let_go(const struct path *path, unsigned int users);
void section_anon_set_charge(struct inode *inode, unsigned long pages);
void section_anon_punch(struct file *file, unsigned long first,
			unsigned long last);
int section_anon_populate(struct file *file, u32 attributes);
int section_anon_init(void);
void section_anon_exit(void);

struct file *section_file_open(struct file *user_file, u32 prot);
struct file *section_file_reopen(struct file *file, u32 prot);
void section_file_unmap(unsigned long addr, unsigned long length);
int section_file_check_open(struct file *file, u32 prot);
int section_file_size(struct file *file, loff_t *size);
int section_file_grow(struct file *file, loff_t bytes);
int section_file_populate(struct file *file, loff_t bytes);
struct address_space *section_file_mapping(struct file *file);
bool section_file_future_write_sealed(struct file *file);

#endif /* _SECTION_BACKING_H */
