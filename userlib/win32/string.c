// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * UTF-16, the strings of Windows, and UTF-8, those of Linux.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>

#define REPLACEMENT	0xfffd

uint32_t utf16_next(const WCHAR **at, const WCHAR *end)
{
	uint32_t first = *(*at)++;

	if (first < 0xd800 || first > 0xdbff || *at == end ||
	    **at < 0xdc00 || **at > 0xdfff)
		return first;
	return 0x10000 + ((first - 0xd800) << 10) + (*(*at)++ - 0xdc00U);
}

size_t utf8_put(char *to, uint32_t character)
{
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t length = character < 0x80 ? 1 : character < 0x800 ? 2 :
			character < 0x10000 ? 3 : 4;
	size_t i;

	for (i = length; i-- > 1; character >>= 6)
		to[i] = (char)(0x80 | (character & 0x3f));
	to[0] = (char)(lead[length] | character);
	return length;
}

/* Could it have been written shorter, or is it no character? */
static bool utf8_odd(uint32_t character, int more)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };

	return character < least[more] || character > 0x10ffff ||
	       (character >= 0xd800 && character <= 0xdfff);
}

uint32_t utf8_next(const char **at)
{
	const unsigned char *p = (const unsigned char *)*at;
	uint32_t character = *p;
	int more = character < 0xc2 ? 0 : character < 0xe0 ? 1 :
		   character < 0xf0 ? 2 : character < 0xf5 ? 3 : 0;
	int i;

	if (more)
		character &= 0x3f >> more;
	else if (character >= 0x80)
		character = REPLACEMENT;
	for (i = 1; i <= more; i++) {
		if ((p[i] & 0xc0) != 0x80) {
			*at += i;
			return REPLACEMENT;
		}
		character = character << 6 | (p[i] & 0x3f);
	}
	*at += more + 1;
	return utf8_odd(character, more) ? REPLACEMENT : character;
}

size_t utf16_length(const WCHAR *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

char *utf8_from_utf16(const WCHAR *text)
{
	const WCHAR *end;
	char *copy, *to;

	if (!text)
		return NULL;
	end = text + utf16_length(text);
	copy = malloc((size_t)(end - text) * 3 + 1);
	if (!copy)
		return NULL;
	for (to = copy; text != end; ) {
		uint32_t c = utf16_next(&text, end);

		to += utf8_put(to, c >= 0xd800 && c <= 0xdfff ? REPLACEMENT : c);
	}
	*to = '\0';
	return copy;
}

WCHAR *utf16_from_utf8(const char *text)
{
	WCHAR *copy, *to;

	if (!text)
		return NULL;
	copy = malloc((__builtin_strlen(text) + 1) * sizeof(*copy));
	if (!copy)
		return NULL;
	for (to = copy; *text; ) {
		uint32_t c = utf8_next(&text);

		if (c < 0x10000) {
			*to++ = (WCHAR)c;
			continue;
		}
		*to++ = (WCHAR)(0xd800 + ((c - 0x10000) >> 10));
		*to++ = (WCHAR)(0xdc00 + ((c - 0x10000) & 0x3ff));
	}
	*to = 0;
	return copy;
}

void RtlInitUnicodeString(PUNICODE_STRING DestinationString,
			  PCWSTR SourceString)
{
	size_t length = SourceString ? utf16_length(SourceString) * 2 : 0;

	if (length > 0xfffc)
		length = 0xfffc;
	DestinationString->Length = (USHORT)length;
	DestinationString->MaximumLength =
		(USHORT)(SourceString ? length + 2 : 0);
	DestinationString->Buffer = (PWSTR)(uintptr_t)SourceString;
}
