/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_AHEAD_H
#define _SECTION_AHEAD_H

#include <linux/mm.h>

struct section_shadow;

vm_fault_t section_ahead(struct vm_fault *vmf,
			 const struct section_shadow *shadow);
void section_ahead_open(struct vm_area_struct *vma);
void section_ahead_close(struct vm_area_struct *vma);

#endif /* _SECTION_AHEAD_H */
