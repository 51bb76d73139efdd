// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * even.dll knows which numbers are even if odd.dll helps, and the other way round.
 */
__declspec(dllimport) int IsOdd(unsigned int number);
int IsEven(unsigned int number);
int DllMain(void *instance, unsigned long reason, void *how);

int IsEven(unsigned int number)
{
	return number ? IsOdd(number - 1) : 1;
}

int DllMain(void *instance, unsigned long reason, void *how)
{
	(void)instance;
	(void)reason;
	(void)how;
	return 1;
}
