/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_LIMITS_H
#define _SECTION_LIMITS_H

#include <linux/uidgid.h>

struct section_user;

struct section_user *section_user_charge(kuid_t uid);
void section_user_uncharge(struct section_user *user);

unsigned int section_max_names(void);
kgid_t section_global_group(void);

#endif /* _SECTION_LIMITS_H */
