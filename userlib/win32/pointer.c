// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Pointers that the caller gave, before they are used.
 *
 * The native functions return a status for a bad pointer where a C library
 * crashes, and tests rely on it.  Results are checked cheaply, by their address;
 * what is read and may come from anywhere is really looked at.
 */
#include "internal.h"

#include <sys/uio.h>
#include <unistd.h>

#define PAGES_PER_CALL	64

bool pointer_bad(const void *pointer)
{
	uintptr_t address = (uintptr_t)pointer;

	return address < LOWEST_ADDRESS || address >= (uintptr_t)1 << 47;
}

/* One byte of each page, by a call that says so when there is none. */
static bool pages_readable(uintptr_t first, size_t count)
{
	struct iovec remote[PAGES_PER_CALL], local;
	char bytes[PAGES_PER_CALL];
	size_t i;

	for (i = 0; i < count; i++) {
		remote[i].iov_base = (void *)(first + i * PAGE);
		remote[i].iov_len = 1;
	}
	local.iov_base = bytes;
	local.iov_len = count;
	return process_vm_readv(getpid(), &local, 1, remote, count, 0) ==
	       (ssize_t)count;
}

bool memory_readable(const void *pointer, size_t length)
{
	uintptr_t address = (uintptr_t)pointer;
	uintptr_t page = round_down(address, PAGE);
	size_t left;

	if (!length)
		return true;
	if (pointer_bad(pointer) || length > HIGHEST_ADDRESS)
		return false;
	left = (round_up(address + length, PAGE) - page) / PAGE;
	while (left) {
		size_t count = left < PAGES_PER_CALL ? left : PAGES_PER_CALL;

		if (!pages_readable(page, count))
			return false;
		page += count * PAGE;
		left -= count;
	}
	return true;
}
