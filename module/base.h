/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_BASE_H
#define _SECTION_BASE_H

#include <linux/types.h>

struct section;

int section_base_set(struct section *section, u64 wanted, bool low);
void section_base_free(struct section *section);

int section_base_image(u64 bytes, bool low, u64 *base, bool *owned);
void section_base_image_free(u64 base);

void section_base_init(void);
void section_base_exit(void);

#endif /* _SECTION_BASE_H */
