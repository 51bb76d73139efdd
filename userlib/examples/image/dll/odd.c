// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * odd.dll knows which numbers are odd if even.dll helps.  Its DllMain() asks.
 */
__declspec(dllimport) int IsEven(unsigned int number);
int IsOdd(unsigned int number);
int DllMain(void *instance, unsigned long reason, void *how);

int IsOdd(unsigned int number)
{
	return number ? IsEven(number - 1) : 0;
}

int DllMain(void *instance, unsigned long reason, void *how)
{
	(void)instance;
	(void)how;
	return reason != 1 || (IsOdd(7) && !IsOdd(8));
}
