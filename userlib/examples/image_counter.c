// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Loads counter.dll, and says what it counts: how many processes have loaded it,
 * and how often this one has.  Then waits for a line, and lets it go.
 *
 * image_counter [DLL]
 */
#include "loader.h"

#include <stdio.h>
#include <unistd.h>

typedef long (LOADER_API *count)(void);
typedef const char *(LOADER_API *word)(unsigned int number);

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "counter.dll";
	struct loader loader;
	count all, own;
	word in_words;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (loader_load(&loader, &path, 1, 0)) {
		fprintf(stderr, "image_counter: %s\n", loader.error);
		return 1;
	}
	all = (count)loader_find(&loader, "counter.dll", "Instances", 0);
	own = (count)loader_find(&loader, "counter.dll", "OwnInstances", 0);
	in_words = (word)loader_find(&loader, "counter.dll", "Word", 0);
	if (!all || !own || !in_words) {
		fprintf(stderr, "image_counter: %s\n", loader.error);
		return 1;
	}
	printf("pid %d, counter.dll at %p: loaded by %s, own count %ld\n",
	       getpid(), (void *)loader.dlls[0].start,
	       in_words((unsigned int)all()), own());
	while (getchar() != EOF)
		printf("pid %d: loaded by %s, own count %ld\n", getpid(),
		       in_words((unsigned int)all()), own());
	loader_unload(&loader);
	return 0;
}
