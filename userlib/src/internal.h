/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef SECTION_INTERNAL_H
#define SECTION_INTERNAL_H

#include <section.h>

#include <stdint.h>

/* Symbols that the version script does not name stay inside the library. */

/*
 * One ioctl of the device.  With SECTION_DEVICE_DEFAULT it opens and closes
 * /dev/section around it.  Returns what ioctl(2) returns.
 */
int section_device_ioctl(int device, unsigned long request, void *argument);

/* Kernel structures carry pointers as 64-bit numbers on every machine. */
static inline uint64_t section_pointer(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

#endif /* SECTION_INTERNAL_H */
