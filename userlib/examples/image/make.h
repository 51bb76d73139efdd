/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * A large DLL, made up.
 */
#ifndef IMAGE_MAKE_H
#define IMAGE_MAKE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Writes a DLL with about so many bytes of code, constants and variables, with
 * addresses on every page.  Linkers align to 512 bytes in the file unless they are
 * told to use 4096.  Returns 0, or -1 with errno.
 */
int make_dll(const char *path, size_t bytes, uint32_t file_alignment);

#endif /* IMAGE_MAKE_H */
