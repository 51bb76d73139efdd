// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library's parsers, for libFuzzer: strings, command lines and names of
 * objects.  The first byte chooses one.
 */
#include <assert.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "../../userlib/win32/internal.h"

/* By the C library's understanding, not by the library's own. */
static void is_utf8(const char *text)
{
	static const char *locale;

	if (!locale)
		locale = setlocale(LC_CTYPE, "C.UTF-8");
	assert(locale);
	assert(mbstowcs(NULL, text, 0) != (size_t)-1);
}

static void fuzz_string(const char *text)
{
	WCHAR *wide = utf16_from_utf8(text), *again;
	char *narrow = utf8_from_utf16(wide);

	is_utf8(narrow);
	again = utf16_from_utf8(narrow);
	assert(utf16_length(wide) == utf16_length(again));
	assert(!memcmp(wide, again, utf16_length(wide) * sizeof(*wide)));
	free(again);
	free(narrow);
	free(wide);
}

/* Any sixteen bits at all, without a terminator that is not ours. */
static void fuzz_wide(const uint8_t *data, size_t size)
{
	WCHAR *wide = calloc(size / 2 + 1, sizeof(*wide));
	char *narrow;

	memcpy(wide, data, size / 2 * 2);
	narrow = utf8_from_utf16(wide);
	is_utf8(narrow);
	free(narrow);
	free(wide);
}

static char *quote(char *to, const char *word)
{
	size_t backslashes = 0;

	*to++ = '"';
	for (; *word; word++) {
		if (*word == '\\') {
			backslashes++;
		} else {
			for (; *word == '"' && backslashes; backslashes--)
				*to++ = '\\';
			if (*word == '"')
				*to++ = '\\';
			backslashes = 0;
		}
		*to++ = *word;
	}
	while (backslashes--)
		*to++ = '\\';
	*to++ = '"';
	*to++ = ' ';
	return to;
}

/* Words that are put together must come apart as they were. */
static void fuzz_command(const char *text)
{
	char **words = command_line_split(text), **again;
	char *whole = malloc(strlen(text) * 6 + 1), *to = whole;
	size_t i;

	for (i = 0; words[i]; i++) {
		assert(strlen(words[i]) <= strlen(text));
		to = quote(to, words[i]);
	}
	*to = '\0';
	again = command_line_split(whole);
	for (i = 0; words[i] && again[i]; i++)
		assert(!strcmp(words[i], again[i]));
	assert(!words[i] && !again[i]);
	free(whole);
	free(words[0]);
	free(words);
	free(again[0]);
	free(again);
}

/* What the library makes of a name is a name to the kernel. */
static void fuzz_name(const uint8_t *data, size_t size)
{
	UNICODE_STRING string;
	OBJECT_ATTRIBUTES attributes = {
		.Length = sizeof(attributes),
		.ObjectName = &string,
	};
	struct object_name name = { 0 };

	if (size < 2)
		return;
	attributes.Attributes = data[0];
	attributes.RootDirectory = data[1] & 1 ? DIRECTORY_LOCAL :
				   data[1] & 2 ? DIRECTORY_GLOBAL : NULL;
	/* Its own memory, so that it is seen when its end is not heeded. */
	string.Length = (USHORT)(size - 2);
	string.MaximumLength = string.Length;
	string.Buffer = malloc(size);
	memcpy(string.Buffer, data + 2, size - 2);
	if (!object_name_parse(&attributes, data[1] & 4, &name) && name.named) {
		assert(*name.name && strlen(name.name) <= SECTION_NAME_MAX);
		assert(!strpbrk(name.name, "/\\"));
		is_utf8(name.name);
	}
	free(string.Buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = malloc(size);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	switch (data[0] % 4) {
	case 0:
		fuzz_string(text);
		break;
	case 1:
		fuzz_wide(data + 1, size - 1);
		break;
	case 2:
		fuzz_command(text);
		break;
	default:
		fuzz_name(data + 1, size - 1);
	}
	free(text);
	return 0;
}
