// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands in for a 32-bit test where none could be built.
 */
#include "kselftest.h"

int main(void)
{
	ksft_print_header();
	ksft_exit_skip("no 32-bit libc when the tests were built\n");
}
