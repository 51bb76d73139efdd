// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Command lines: on Windows a program gets one string, on Linux its words.
 *
 * Words end at spaces and tabs outside of quotation marks.  A backslash means
 * something only before a quotation mark: of two, one is left, and a single one
 * makes the mark an ordinary character.
 */
#include "internal.h"

#include <stdlib.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* The backslashes at @from; where they are before a mark, half of them stay. */
static const char *copy_backslashes(const char *from, char **to)
{
	size_t count = 0, i;

	while (from[count] == '\\')
		count++;
	from += count;
	for (i = 0; i < (*from == '"' ? count / 2 : count); i++)
		*(*to)++ = '\\';
	if (*from == '"' && count % 2)
		*(*to)++ = *from++;
	return from;
}

/* One word; @to is behind its terminator afterwards. */
static const char *copy_word(const char *from, char **to)
{
	bool quoted = false;

	while (*from && (quoted || !is_space(*from))) {
		if (*from == '\\') {
			from = copy_backslashes(from, to);
		} else if (*from == '"') {
			quoted = !quoted;
			from++;
		} else {
			*(*to)++ = *from++;
		}
	}
	*(*to)++ = '\0';
	return from;
}

char **command_line_split(const char *text)
{
	size_t length = strlen(text), count = 0;
	char **words = malloc((length / 2 + 2) * sizeof(*words));
	char *copy = malloc(length * 2 + 2);
	char *to = copy;

	if (!words || !copy) {
		free(words);
		free(copy);
		return NULL;
	}
	words[0] = copy;
	for (;;) {
		while (is_space(*text))
			text++;
		if (!*text)
			break;
		words[count++] = to;
		text = copy_word(text, &to);
	}
	if (!count)
		free(copy);
	words[count] = NULL;
	return words;
}
