// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * lost.dll and lost_ordinal.dll want something of counter.dll that it does not have.
 */
__declspec(dllimport) int NoSuchFunction(void);
__declspec(dllexport) int Ask(void);
int DllMain(void *instance, unsigned long reason, void *how);

__declspec(dllexport) int Ask(void)
{
	return NoSuchFunction();
}

int DllMain(void *instance, unsigned long reason, void *how)
{
	(void)instance;
	(void)reason;
	(void)how;
	return 1;
}
