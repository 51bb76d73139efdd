/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_BACKING_H
#define _SECTION_BACKING_H

#include <linux/types.h>

struct address_space;
struct file;

struct file *section_anon_open(const char *label, loff_t bytes,
			       u32 *attributes);
int section_anon_charge(unsigned long pages);
int section_anon_uncharge(unsigned long pages);
void section_anon_set_charge(struct file *file, unsigned long pages);
void section_anon_punch(struct file *file, unsigned long first,
			unsigned long last);
int section_anon_populate(struct file *file, u32 attributes);
int section_anon_init(void);
void section_anon_exit(void);

struct file *section_file_open(struct file *user_file, u32 prot);
struct file *section_file_reopen(struct file *file, u32 prot);
int section_file_check_open(struct file *file, u32 prot);
int section_file_size(struct file *file, loff_t *size);
int section_file_grow(struct file *file, loff_t bytes);
int section_file_populate(struct file *file, loff_t bytes);
struct address_space *section_file_mapping(struct file *file);
bool section_file_future_write_sealed(struct file *file);

#endif /* _SECTION_BACKING_H */
