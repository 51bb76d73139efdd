// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Loads counter.dll, and says what it counts: how many processes have loaded it,
 * and how often this one has.  Says so again for each line of its input, and lets
 * the DLL go at the end of that.
 *
 * image_counter [DLL]
 */
#include "loader.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef long (LOADER_API *count)(void);
typedef const char *(LOADER_API *word)(unsigned int number);

struct counter {
	count all, own;
	word in_words;
};

static bool find_counter(struct loader *loader, struct counter *counter)
{
	const char *dll = loader->dlls[0].name;

	counter->all = (count)loader_find(loader, dll, "Instances", 0);
	counter->own = (count)loader_find(loader, dll, "OwnInstances", 0);
	counter->in_words = (word)loader_find(loader, dll, "Word", 0);
	return counter->all && counter->own && counter->in_words;
}

static void say(const struct counter *counter)
{
	printf("loaded by %s, own count %ld\n",
	       counter->in_words((unsigned int)counter->all()), counter->own());
}

static void answer(const struct counter *counter)
{
	char line[256];

	while (fgets(line, sizeof(line), stdin)) {
		/* The rest of a long one comes next. */
		if (!strchr(line, '\n'))
			continue;
		printf("pid %d: ", getpid());
		say(counter);
	}
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "counter.dll";
	struct counter counter;
	struct loader loader;
	bool found;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (loader_load(&loader, &path, 1, 0)) {
		fprintf(stderr, "image_counter: %s\n", loader.error);
		return 1;
	}
	found = find_counter(&loader, &counter);
	if (found) {
		printf("pid %d, %s at %p: ", getpid(), loader.dlls[0].name,
		       (void *)loader.dlls[0].start);
		say(&counter);
		answer(&counter);
	} else {
		fprintf(stderr, "image_counter: %s\n", loader.error);
	}
	/* It has been counted, if it counts. */
	loader_unload(&loader);
	return !found;
}
