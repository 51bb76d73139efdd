/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_IMAGE_QUERY_H
#define _SECTION_IMAGE_QUERY_H

#include "ioctl.h"

struct section_image;

long section_image_query(const struct section_image *image,
			 union section_arg *arg, void __user *uarg);

#endif /* _SECTION_IMAGE_QUERY_H */
