// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Names of objects, and the names of sections that stand for them.
 *
 * Of NT's tree there are two directories, the local names, which are those of
 * the user, and the global ones.  The last part of a path is the section's name
 * in UTF-8.  What such a name cannot hold is written with a percent sign: '/',
 * NUL and '%' itself as %XX, lone halves of UTF-16 pairs as %uXXXX.  A name too
 * long for the kernel is cut, with "%+" and a checksum of all of it in front.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>

struct text {
	const WCHAR *at;
	const WCHAR *end;
};

#define LONGEST_NAME	65532	/* N16 */

/* The letters of the alphabets that have small and capital ones side by side. */
static uint32_t fold(uint32_t c)
{
	if ((c >= 'A' && c <= 'Z') ||
	    (c >= 0xc0 && c <= 0xde && c != 0xd7) ||
	    (c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f))
		return c + 0x20;
	if (c >= 0x400 && c <= 0x40f)
		return c + 0x50;
	return c;
}

static bool text_is(struct text text, const char *word, bool any_case)
{
	for (; text.at != text.end && *word; text.at++, word++) {
		if (*text.at != (unsigned char)*word &&
		    !(any_case && fold(*text.at) == fold((unsigned char)*word)))
			return false;
	}
	return text.at == text.end && !*word;
}

/* Takes the part before the next backslash off.  False if there is none. */
static bool take_directory(struct text *path, struct text *part)
{
	const WCHAR *p = path->at;

	while (p != path->end && *p != '\\')
		p++;
	if (p == path->end)
		return false;
	part->at = path->at;
	part->end = p;
	path->at = p + 1;
	return true;
}

static size_t put_character(char *to, uint32_t c)
{
	if (c == '/' || c == '%' || !c)
		return (size_t)sprintf(to, "%%%02X", (unsigned int)c);
	if (c >= 0xd800 && c <= 0xdfff)
		return (size_t)sprintf(to, "%%u%04X", (unsigned int)c);
	return utf8_put(to, c);
}

/* FNV-1a, twice. */
#define CHECKSUM_LENGTH	34

static void put_checksum(char *to, struct text text)
{
	uint64_t a = 0xcbf29ce484222325, b = 0x84222325cbf29ce4;

	for (; text.at != text.end; text.at++) {
		a = (a ^ *text.at) * 0x100000001b3;
		b = (b ^ (uint64_t)*text.at * 0x9e3779b97f4a7c15) *
		    0x100000001b3;
	}
	sprintf(to, "%%+%016llx%016llx", (unsigned long long)a,
		(unsigned long long)b);
}

static void put_name(char *name, struct text text)
{
	const struct text all = text;
	char encoded[SECTION_NAME_MAX + 8];
	size_t length = 0, cut = 0;

	while (text.at != text.end && length <= SECTION_NAME_MAX) {
		if (length <= SECTION_NAME_MAX - CHECKSUM_LENGTH)
			cut = length;
		length += put_character(encoded + length,
					utf16_next(&text.at, text.end));
	}
	if (length > SECTION_NAME_MAX) {
		put_checksum(name, all);
		name += CHECKSUM_LENGTH;
		length = cut;
	}
	memcpy(name, encoded, length);
	name[length] = '\0';
}

/* The rest of a path inside one of the two directories. */
static NTSTATUS parse_inside(struct text path, bool any_case,
			     struct object_name *name)
{
	struct text part;

	while (take_directory(&path, &part)) {
		if (part.at == part.end)
			return STATUS_OBJECT_NAME_INVALID;
		if (text_is(part, "Global", any_case))
			name->global = true;
		else if (text_is(part, "Local", any_case))
			name->global = false;
		else
			return STATUS_OBJECT_PATH_NOT_FOUND;
		/* The rest must not contain a backslash (N6). */
		part = path;
		if (take_directory(&part, &part))
			return STATUS_OBJECT_PATH_NOT_FOUND;
	}
	if (path.at == path.end)
		return STATUS_OBJECT_NAME_INVALID;
	if (text_is(path, "Global", any_case) ||
	    text_is(path, "Local", any_case) ||
	    text_is(path, "Session", any_case))
		return STATUS_OBJECT_TYPE_MISMATCH;
	put_name(name->name, path);
	name->named = true;
	return STATUS_SUCCESS;
}

/* A path from the root; its backslash is gone.  Stops inside a directory. */
static NTSTATUS parse_from_root(struct text *path, bool any_case,
				struct object_name *name)
{
	struct text part;

	if (!take_directory(path, &part))
		return STATUS_OBJECT_NAME_NOT_FOUND;
	if (text_is(part, "BaseNamedObjects", any_case)) {
		name->global = true;
		return STATUS_SUCCESS;
	}
	if (text_is(part, "Sessions", any_case) &&
	    take_directory(path, &part) && take_directory(path, &part) &&
	    text_is(part, "BaseNamedObjects", any_case)) {
		name->global = false;
		return STATUS_SUCCESS;
	}
	return STATUS_OBJECT_PATH_NOT_FOUND;
}

static NTSTATUS parse_path(struct text path, HANDLE root, bool any_case,
			   struct object_name *name)
{
	NTSTATUS status;

	name->global = root == DIRECTORY_GLOBAL;
	if (*path.at != '\\')
		return parse_inside(path, any_case, name);
	if (root)
		return STATUS_OBJECT_PATH_SYNTAX_BAD;
	path.at++;
	status = parse_from_root(&path, any_case, name);
	return status ? status : parse_inside(path, any_case, name);
}

/*
 * The section whose name differs by case only takes the place of the name, if
 * there is one (N2).  Names that are cut differ by their checksums.
 */
static bool same_folded(const char *a, const char *b)
{
	while (*a && *b)
		if (fold(utf8_next(&a)) != fold(utf8_next(&b)))
			return false;
	return *a == *b;
}

static void find_any_case(struct object_name *name)
{
	struct section_entry *list;
	const char *found = NULL;
	size_t count, i;

	do
		list = section_list(name->global, &count);
	while (!list && errno == EINTR);
	if (!list)
		return;
	for (i = 0; i < count; i++) {
		if (!strcmp(list[i].name, name->name))
			break;
		if (!found && same_folded(list[i].name, name->name))
			found = list[i].name;
	}
	if (i == count && found)
		strcpy(name->name, found);
	section_list_free(list);
}

/* The string itself; @text is empty if there is none. */
static NTSTATUS get_text(const UNICODE_STRING *string, struct text *text)
{
	text->at = NULL;
	text->end = NULL;
	if (!string)
		return STATUS_SUCCESS;
	if ((uintptr_t)string % _Alignof(UNICODE_STRING))
		return STATUS_DATATYPE_MISALIGNMENT;
	if (!memory_readable(string, sizeof(*string)))
		return STATUS_ACCESS_VIOLATION;
	if (!string->Length)
		return STATUS_SUCCESS;
	if ((uintptr_t)string->Buffer % sizeof(WCHAR))
		return STATUS_DATATYPE_MISALIGNMENT;
	if (string->Length % 2 || string->Length > LONGEST_NAME)
		return STATUS_OBJECT_NAME_INVALID;
	if (!memory_readable(string->Buffer, string->Length))
		return STATUS_ACCESS_VIOLATION;
	text->at = string->Buffer;
	text->end = string->Buffer + string->Length / 2;
	return STATUS_SUCCESS;
}

static NTSTATUS check_attributes(const OBJECT_ATTRIBUTES *attributes)
{
	if (pointer_bad(attributes) ||
	    !memory_readable(attributes, sizeof(*attributes)))
		return STATUS_ACCESS_VIOLATION;
	if (attributes->Length != sizeof(*attributes) ||
	    attributes->Attributes & ~OBJ_VALID_ATTRIBUTES)
		return STATUS_INVALID_PARAMETER;
	return STATUS_SUCCESS;
}

static bool is_directory(HANDLE handle)
{
	return handle == DIRECTORY_LOCAL || handle == DIRECTORY_GLOBAL;
}

/* Rows N18 to N20: what it means that there is no name. */
static NTSTATUS without_name(const OBJECT_ATTRIBUTES *attributes, bool opening)
{
	if (!opening)
		return STATUS_SUCCESS;
	if (!attributes->RootDirectory)
		return STATUS_OBJECT_PATH_SYNTAX_BAD;
	if (!is_directory(attributes->RootDirectory))
		return STATUS_OBJECT_NAME_INVALID;
	return attributes->ObjectName ? STATUS_OBJECT_TYPE_MISMATCH :
					STATUS_OBJECT_NAME_INVALID;
}

NTSTATUS object_name_parse(const OBJECT_ATTRIBUTES *attributes, bool opening,
			   struct object_name *name)
{
	struct text path;
	NTSTATUS status;
	bool any_case;

	memset(name, 0, sizeof(*name));
	if (!attributes)
		return opening ? STATUS_INVALID_PARAMETER : STATUS_SUCCESS;
	status = check_attributes(attributes);
	if (status)
		return status;
	status = get_text(attributes->ObjectName, &path);
	if (status)
		return status;
	name->inherit = attributes->Attributes & OBJ_INHERIT;
	name->open_existing = attributes->Attributes & OBJ_OPENIF;
	any_case = attributes->Attributes & OBJ_CASE_INSENSITIVE;
	if (path.at == path.end)
		return without_name(attributes, opening);
	if (attributes->RootDirectory &&
	    !is_directory(attributes->RootDirectory))
		return STATUS_INVALID_HANDLE;
	status = parse_path(path, attributes->RootDirectory, any_case, name);
	if (!status && any_case)
		find_any_case(name);
	return status;
}

/* Which of the two directories a path names. */
static NTSTATUS parse_directory(struct text path, HANDLE root, bool any_case,
				HANDLE *directory)
{
	struct text last = path, part;

	while (take_directory(&last, &part))
		;
	if (root)
		return *path.at == '\\' ? STATUS_OBJECT_PATH_SYNTAX_BAD :
					  STATUS_OBJECT_NAME_NOT_FOUND;
	if (*path.at != '\\')
		return STATUS_OBJECT_PATH_SYNTAX_BAD;
	path.at++;
	if (last.at == path.at) {
		*directory = DIRECTORY_GLOBAL;
		return text_is(last, "BaseNamedObjects", any_case) ?
		       STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
	}
	*directory = DIRECTORY_LOCAL;
	if (!take_directory(&path, &part) ||
	    !text_is(part, "Sessions", any_case) ||
	    !take_directory(&path, &part) || path.at != last.at)
		return STATUS_OBJECT_PATH_NOT_FOUND;
	return text_is(last, "BaseNamedObjects", any_case) ? STATUS_SUCCESS :
	       STATUS_OBJECT_NAME_NOT_FOUND;
}

NTSTATUS NtOpenDirectoryObject(PHANDLE DirectoryHandle,
			       ACCESS_MASK DesiredAccess,
			       POBJECT_ATTRIBUTES ObjectAttributes)
{
	struct text path;
	HANDLE directory;
	NTSTATUS status;

	(void)DesiredAccess;
	if (pointer_bad(DirectoryHandle))
		return STATUS_ACCESS_VIOLATION;
	*DirectoryHandle = NULL;
	if (!ObjectAttributes)
		return STATUS_INVALID_PARAMETER;
	status = check_attributes(ObjectAttributes);
	if (!status)
		status = get_text(ObjectAttributes->ObjectName, &path);
	if (status)
		return status;
	if (path.at == path.end)
		return without_name(ObjectAttributes, true);
	status = parse_directory(path, ObjectAttributes->RootDirectory,
				 ObjectAttributes->Attributes &
				 OBJ_CASE_INSENSITIVE, &directory);
	if (!status)
		*DirectoryHandle = directory;
	return status;
}
