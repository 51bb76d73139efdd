// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * counter.dll: counts the processes that have loaded it, by a variable that is in
 * memory which they share.  With Microsoft's compiler it would begin with
 *
 *   #pragma data_seg("Shared")
 *   volatile LONG g_lApplicationInstances = 0;
 *   #pragma data_seg()
 *   #pragma comment(linker, "/Section:Shared,RWS")
 */
#define EXPORT	__declspec(dllexport)

enum { DLL_PROCESS_DETACH, DLL_PROCESS_ATTACH };

__attribute__((section("Shared"), shared))
volatile long g_lApplicationInstances = 0;

/* An ordinary variable: each process has its own. */
static volatile long own_instances;
static char note[16] = "as in the file";

/* Addresses in the image, which have to be right wherever it is. */
static const char *const words[] = { "zero", "one", "two", "three" };

int DllMain(void *instance, unsigned long reason, void *how);

int DllMain(void *instance, unsigned long reason, void *how)
{
	(void)instance;
	(void)how;
	if (reason == DLL_PROCESS_ATTACH) {
		__atomic_add_fetch(&g_lApplicationInstances, 1,
				   __ATOMIC_SEQ_CST);
		own_instances++;
	} else if (reason == DLL_PROCESS_DETACH) {
		__atomic_sub_fetch(&g_lApplicationInstances, 1,
				   __ATOMIC_SEQ_CST);
	}
	return 1;
}

EXPORT long Instances(void);
EXPORT long OwnInstances(void);
EXPORT char *Note(void);
EXPORT const char *Word(unsigned int number);

EXPORT long Instances(void)
{
	return g_lApplicationInstances;
}

EXPORT long OwnInstances(void)
{
	return own_instances;
}

EXPORT char *Note(void)
{
	return note;
}

EXPORT const char *Word(unsigned int number)
{
	return number < 4 ? words[number] : "many";
}
