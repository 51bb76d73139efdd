/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_BASE_H
#define _SECTION_BASE_H

#include <linux/types.h>

struct section;

int section_base_set(struct section *section, u64 wanted);
void section_base_free(struct section *section);

#endif /* _SECTION_BASE_H */
