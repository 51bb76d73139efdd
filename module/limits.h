/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_LIMITS_H
#define _SECTION_LIMITS_H

#include <linux/uidgid.h>

struct maple_tree;
struct section_user;

struct section_user *section_user_charge(kuid_t uid);
void section_user_uncharge(struct section_user *user);

int section_user_charge_ranges(struct section_user *user, long more);
void section_user_uncharge_ranges(struct section_user *user, long more);
struct maple_tree *section_user_bases(struct section_user *user);
u32 section_user_seed(struct section_user *user);

unsigned int section_max_names(void);
unsigned int section_max_commit_ranges(void);
unsigned long section_max_image_size(void);
kgid_t section_global_group(void);

void section_limits_exit(void);

#endif /* _SECTION_LIMITS_H */
