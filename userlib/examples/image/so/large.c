// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * A shared library of Linux to compare a DLL of 20 MB with: code and constants
 * without any address in them, so that its pages need not be changed for anybody.
 */

unsigned char large_constant(unsigned int number);

const unsigned char large_constants[20 << 20] = { 1 };

unsigned char large_constant(unsigned int number)
{
	return large_constants[number % sizeof(large_constants)];
}
