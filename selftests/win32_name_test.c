// SPDX-License-Identifier: GPL-2.0-only
/*
 * Win32 library: names of sections (N).
 */
#include <ctype.h>

#include "win32_util.h"

/* More than any name may have. */
#define LONG_NAME	32768

static HANDLE create(const char *prefix, const char *name, DWORD size)
{
	char full[128];

	snprintf(full, sizeof(full), "%s%s", prefix, name);
	return CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE,
				  0, size, full);
}

static HANDLE open_name(const char *prefix, const char *name)
{
	char full[128];

	snprintf(full, sizeof(full), "%s%s", prefix, name);
	return OpenFileMappingA(FILE_MAP_READ | FILE_MAP_WRITE, FALSE, full);
}

/* Opened for SECTION_ALL_ACCESS; the handle is poisoned first. */
static NTSTATUS nt_open(PHANDLE section, OBJECT_ATTRIBUTES *oa)
{
	*section = NO_HANDLE;
	return NtOpenSection(section, SECTION_ALL_ACCESS, oa);
}

static NTSTATUS nt_create_named(PHANDLE section, OBJECT_ATTRIBUTES *oa)
{
	LARGE_INTEGER size = { .QuadPart = 0x1000 };

	*section = NO_HANDLE;
	return NtCreateSection(section, SECTION_ALL_ACCESS, oa, &size,
			       PAGE_READWRITE, SEC_COMMIT, NULL);
}

/* Writes 4 bytes by one handle and reads them by the other. */
static bool same_memory(HANDLE a, HANDLE b)
{
	static DWORD number = 0x12345678;
	DWORD *first = view_of(a, FILE_MAP_WRITE);
	DWORD *second = view_of(b, FILE_MAP_READ);
	bool same = false;

	if (first && second) {
		*first = ++number;
		same = dword_at(second) == number;
	}
	UnmapViewOfFile(first);
	UnmapViewOfFile(second);
	return same;
}

FIXTURE(name) {
	struct sec_name unique;
	/* The same in capitals. */
	struct sec_name capital;
	struct wide wide;
	struct wide wide_capital;
};

FIXTURE_SETUP(name)
{
	size_t i;

	self->unique = sec_unique();
	self->capital = self->unique;
	for (i = 0; self->capital.s[i]; i++)
		self->capital.s[i] = toupper((unsigned char)self->unique.s[i]);
	ASSERT_STRNE(self->unique.s, self->capital.s);
	widen(&self->wide, "\\BaseNamedObjects\\", self->unique.s);
	widen(&self->wide_capital, "\\BaseNamedObjects\\", self->capital.s);
}

FIXTURE_TEARDOWN(name)
{
}

TEST_F(name, N1_case_matters)
{
	HANDLE small, capital, same;
	struct wide wide;

	small = create("", self->unique.s, 0x1000);
	ASSERT_NE(NULL, small);
	EXPECT_ERROR(ERROR_FILE_NOT_FOUND, open_name("", self->capital.s));
	SetLastError(OLD_ERROR);
	capital = create("", self->capital.s, 0x2000);
	ASSERT_NE(NULL, capital);
	EXPECT_EQ(ERROR_SUCCESS, GetLastError());
	EXPECT_FALSE(same_memory(small, capital));
	/* The functions for wide strings see the same names. */
	widen(&wide, "Local\\", self->unique.s);
	same = OpenFileMappingW(FILE_MAP_READ, FALSE, wide.s);
	ASSERT_NE(NULL, same);
	EXPECT_TRUE(same_memory(small, same));
	CloseHandle(same);
	EXPECT_EQ(0x1000, section_size(small));
	EXPECT_EQ(0x2000, section_size(capital));
	CloseHandle(small);
	CloseHandle(capital);
}

TEST_F(name, N2_case_insensitive_if_asked)
{
	struct wide small_path;
	OBJECT_ATTRIBUTES oa;
	HANDLE first, second;

	oa = attributes(&self->wide, 0);
	ASSERT_EQ(STATUS_SUCCESS, nt_create_named(&first, &oa));

	oa = attributes(&self->wide_capital, 0);
	EXPECT_EQ(STATUS_OBJECT_NAME_NOT_FOUND, nt_open(&second, &oa));
	oa = attributes(&self->wide_capital, OBJ_CASE_INSENSITIVE);
	ASSERT_EQ(STATUS_SUCCESS, nt_open(&second, &oa));
	EXPECT_TRUE(same_memory(first, second));
	CloseHandle(second);
	EXPECT_EQ(STATUS_OBJECT_NAME_COLLISION, nt_create_named(&second, &oa));
	oa = attributes(&self->wide_capital,
			OBJ_CASE_INSENSITIVE | OBJ_OPENIF);
	ASSERT_EQ(STATUS_OBJECT_NAME_EXISTS, nt_create_named(&second, &oa));
	EXPECT_TRUE(same_memory(first, second));
	CloseHandle(second);

	/* The parts in front count as well. */
	widen(&small_path, "\\basenamedobjects\\", self->unique.s);
	oa = attributes(&small_path, 0);
	EXPECT_EQ(STATUS_OBJECT_PATH_NOT_FOUND, nt_open(&second, &oa));
	EXPECT_EQ(STATUS_OBJECT_PATH_NOT_FOUND, nt_create_named(&second, &oa));
	oa = attributes(&small_path, OBJ_CASE_INSENSITIVE);
	ASSERT_EQ(STATUS_SUCCESS, nt_open(&second, &oa));
	EXPECT_TRUE(same_memory(first, second));
	CloseHandle(second);
	CloseHandle(first);
}

/*
 * N4, that a view holds no reference to the section, shows in that the name
 * goes although there is a view.
 */
TEST_F(name, N3_N4_name_goes_with_the_last_handle)
{
	HANDLE file = file_of(0x1000, GENERIC_READ | GENERIC_WRITE);
	HANDLE first, second, fresh;
	MEMORY_BASIC_INFORMATION info;
	DWORD *old, *new;
	int kind;

	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	for (kind = 0; kind < 2; kind++) {
		first = CreateFileMappingA(kind ? file : INVALID_HANDLE_VALUE,
					   NULL, PAGE_READWRITE, 0, 0x1000,
					   self->unique.s);
		ASSERT_NE(NULL, first);
		old = view_of(first, FILE_MAP_WRITE);
		ASSERT_NE(NULL, old);
		*old = 0xcafe0000 + kind;

		/* Not with the first of two. */
		second = open_name("", self->unique.s);
		ASSERT_NE(NULL, second);
		EXPECT_TRUE(CloseHandle(first));
		first = open_name("", self->unique.s);
		EXPECT_NE(NULL, first);
		EXPECT_TRUE(CloseHandle(second));
		EXPECT_TRUE(CloseHandle(first));

		EXPECT_ERROR(ERROR_FILE_NOT_FOUND,
			     open_name("", self->unique.s));
		SetLastError(OLD_ERROR);
		fresh = create("", self->unique.s, 0x3000);
		ASSERT_NE(NULL, fresh);
		EXPECT_EQ(ERROR_SUCCESS, GetLastError());
		EXPECT_EQ(0x3000, section_size(fresh));
		new = view_of(fresh, FILE_MAP_WRITE);
		ASSERT_NE(NULL, new);
		EXPECT_EQ(0, *new);
		*new = 1;

		info = query(old);
		EXPECT_EQ(MEM_COMMIT, info.State);
		EXPECT_EQ(MEM_MAPPED, info.Type);
		EXPECT_EQ(PAGE_READWRITE, info.Protect);
		EXPECT_EQ(0xcafe0000U + kind, *old);
		EXPECT_EQ(0, poke(old, 7));
		EXPECT_EQ(7, peek(old));
		EXPECT_EQ(1, *new);

		EXPECT_TRUE(UnmapViewOfFile(old));
		EXPECT_TRUE(UnmapViewOfFile(new));
		EXPECT_TRUE(CloseHandle(fresh));
		EXPECT_ERROR(ERROR_FILE_NOT_FOUND,
			     open_name("", self->unique.s));
	}
	EXPECT_EQ(7, byte_in_file(file, 0));
	CloseHandle(file);
}

TEST_F(name, N5_memory_lives_as_long_as_either)
{
	HANDLE section = create("", self->unique.s, 0x1000);
	unsigned char *view, *again;

	/* A handle, and no view. */
	ASSERT_NE(NULL, section);
	view = view_of(section, FILE_MAP_WRITE);
	ASSERT_NE(NULL, view);
	EXPECT_EQ(0, poke(view + 5, 55));
	EXPECT_TRUE(UnmapViewOfFile(view));
	view = view_of(section, FILE_MAP_WRITE);
	again = view_of(section, FILE_MAP_READ);
	ASSERT_NE(NULL, view);
	ASSERT_NE(NULL, again);
	EXPECT_EQ(55, peek(view + 5));

	/* Views, and no handle. */
	EXPECT_TRUE(CloseHandle(section));
	EXPECT_EQ(55, peek(view + 5));
	EXPECT_EQ(0, poke(view + 5, 56));
	EXPECT_TRUE(UnmapViewOfFile(view));
	EXPECT_EQ(56, peek(again + 5));
	EXPECT_TRUE(UnmapViewOfFile(again));

	/* Neither. */
	section = create("", self->unique.s, 0x1000);
	ASSERT_NE(NULL, section);
	view = view_of(section, FILE_MAP_READ);
	ASSERT_NE(NULL, view);
	EXPECT_EQ(0, peek(view + 5));
	EXPECT_TRUE(UnmapViewOfFile(view));
	EXPECT_TRUE(CloseHandle(section));
}

/* From documentation; that a wrong directory is not found is N10. */
TEST_F(name, N6_prefixes)
{
	static const char * const prefixes[] = { "Local\\", "Global\\" };
	static const char * const wrong[] = {
		"local\\", "LOCAL\\", "global\\", "GLOBAL\\",
	};
	HANDLE section, same;
	char deep[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(prefixes); i++) {
		section = create(prefixes[i], self->unique.s, 0x1000);
		ASSERT_NE(NULL, section);
		EXPECT_EQ(ERROR_SUCCESS, GetLastError());
		same = open_name(prefixes[i], self->unique.s);
		ASSERT_NE(NULL, same);
		EXPECT_TRUE(same_memory(section, same));
		CloseHandle(same);
		EXPECT_ERROR(ERROR_FILE_NOT_FOUND,
			     open_name(prefixes[!i], self->unique.s));
		CloseHandle(section);

		snprintf(deep, sizeof(deep), "%s\\more", self->unique.s);
		EXPECT_ERROR(ERROR_PATH_NOT_FOUND,
			     create(prefixes[i], deep, 0x1000));
	}
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_ERROR(ERROR_PATH_NOT_FOUND,
			     create(wrong[i], self->unique.s, 0x1000));
		EXPECT_ERROR(ERROR_PATH_NOT_FOUND,
			     open_name(wrong[i], self->unique.s));
	}
}

/* From documentation only. */
TEST_F(name, N9_no_prefix_is_local)
{
	HANDLE section = create("", self->unique.s, 0x1000);
	HANDLE same = open_name("Local\\", self->unique.s);

	ASSERT_NE(NULL, section);
	ASSERT_NE(NULL, same);
	EXPECT_TRUE(same_memory(section, same));
	EXPECT_ERROR(ERROR_FILE_NOT_FOUND,
		     open_name("Global\\", self->unique.s));
	CloseHandle(section);
	CloseHandle(same);
}

TEST_F(name, N10_no_such_directory)
{
	OBJECT_ATTRIBUTES oa;
	struct wide path;
	HANDLE section;

	EXPECT_ERROR(ERROR_PATH_NOT_FOUND,
		     create("Foo\\", self->unique.s, 0x1000));
	EXPECT_ERROR(ERROR_PATH_NOT_FOUND,
		     open_name("Foo\\", self->unique.s));
	widen(&path, "\\BaseNamedObjects\\Foo\\", self->unique.s);
	oa = attributes(&path, 0);
	EXPECT_EQ(STATUS_OBJECT_PATH_NOT_FOUND,
		  nt_create_named(&section, &oa));
	EXPECT_EQ(STATUS_OBJECT_PATH_NOT_FOUND, nt_open(&section, &oa));
	widen(&path, "\\Foo\\", self->unique.s);
	oa = attributes(&path, 0);
	EXPECT_EQ(STATUS_OBJECT_PATH_NOT_FOUND,
		  nt_create_named(&section, &oa));
	EXPECT_EQ(STATUS_OBJECT_PATH_NOT_FOUND, nt_open(&section, &oa));
}

TEST_F(name, N11_open_without_a_name)
{
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     OpenFileMappingA(FILE_MAP_READ, FALSE, NULL));
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     OpenFileMappingW(FILE_MAP_READ, FALSE, NULL));
}

TEST_F(name, N12_open_what_is_not_there)
{
	OBJECT_ATTRIBUTES oa = attributes(&self->wide, 0);
	HANDLE section;

	EXPECT_ERROR(ERROR_FILE_NOT_FOUND, open_name("", self->unique.s));
	EXPECT_ERROR(ERROR_FILE_NOT_FOUND,
		     open_name("Global\\", self->unique.s));
	EXPECT_EQ(STATUS_OBJECT_NAME_NOT_FOUND, nt_open(&section, &oa));
}

TEST_F(name, N15_odd_length)
{
	OBJECT_ATTRIBUTES oa = attributes(&self->wide, 0);
	HANDLE section;

	self->wide.counted.Length--;
	EXPECT_EQ(STATUS_OBJECT_NAME_INVALID, nt_create_named(&section, &oa));
	EXPECT_EQ(STATUS_OBJECT_NAME_INVALID, nt_open(&section, &oa));
}

TEST_F(name, N16_longest_name)
{
	WCHAR *letters = malloc(LONG_NAME * sizeof(*letters));
	UNICODE_STRING name = { .Buffer = letters };
	HANDLE root, section, same;
	OBJECT_ATTRIBUTES oa;
	struct wide path;
	size_t i;

	ASSERT_NE(NULL, letters);
	for (i = 0; i < LONG_NAME; i++)
		letters[i] = 'a' + i % 26;
	/* What is first makes it this test's own. */
	for (i = 0; self->unique.s[i]; i++)
		letters[i] = self->unique.s[i];
	widen(&path, "\\BaseNamedObjects", "");
	oa = attributes(&path, 0);
	ASSERT_EQ(STATUS_SUCCESS, NtOpenDirectoryObject(&root, 0xf, &oa));

	InitializeObjectAttributes(&oa, &name, 0, root, NULL);
	name.Length = 65532;
	name.MaximumLength = 65534;
	ASSERT_EQ(STATUS_SUCCESS, nt_create_named(&section, &oa));
	ASSERT_EQ(STATUS_SUCCESS, nt_open(&same, &oa));
	EXPECT_TRUE(same_memory(section, same));
	CloseHandle(same);
	/* All of it counts, the last letter as well. */
	letters[65532 / 2 - 1] = '!';
	EXPECT_EQ(STATUS_OBJECT_NAME_NOT_FOUND, nt_open(&same, &oa));
	name.Length = 65530;
	EXPECT_EQ(STATUS_OBJECT_NAME_NOT_FOUND, nt_open(&same, &oa));
	name.Length = 65534;
	EXPECT_EQ(STATUS_OBJECT_NAME_INVALID, nt_open(&same, &oa));
	EXPECT_EQ(STATUS_OBJECT_NAME_INVALID, nt_create_named(&same, &oa));
	CloseHandle(section);
	NtClose(root);
	free(letters);
}

TEST_F(name, N17_length_of_the_attributes)
{
	static const int off[] = { -1, 1, -(int)sizeof(OBJECT_ATTRIBUTES) };
	OBJECT_ATTRIBUTES oa = attributes(&self->wide, 0);
	HANDLE section;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(off); i++) {
		oa.Length = sizeof(oa) + off[i];
		EXPECT_EQ(STATUS_INVALID_PARAMETER,
			  nt_create_named(&section, &oa));
		EXPECT_EQ(STATUS_INVALID_PARAMETER, nt_open(&section, &oa));
	}
}

TEST_F(name, N18_no_attributes)
{
	HANDLE section;

	EXPECT_EQ(STATUS_SUCCESS, nt_create_named(&section, NULL));
	EXPECT_EQ(0x1000, section_size(section));
	CloseHandle(section);
	EXPECT_EQ(STATUS_INVALID_PARAMETER, nt_open(&section, NULL));
}

TEST_F(name, N19_no_name)
{
	OBJECT_ATTRIBUTES oa = attributes(NULL, 0);
	HANDLE section;

	EXPECT_EQ(STATUS_SUCCESS, nt_create_named(&section, &oa));
	EXPECT_EQ(0x1000, section_size(section));
	CloseHandle(section);
	EXPECT_EQ(STATUS_OBJECT_PATH_SYNTAX_BAD, nt_open(&section, &oa));
	oa.RootDirectory = (HANDLE)(uintptr_t)0xdeadbeef;
	EXPECT_EQ(STATUS_OBJECT_NAME_INVALID, nt_open(&section, &oa));
}

TEST_F(name, N20_empty_name)
{
	UNICODE_STRING empty = { .Buffer = self->wide.s };
	OBJECT_ATTRIBUTES oa;
	HANDLE root, section;
	struct wide path;

	widen(&path, "\\BaseNamedObjects", "");
	oa = attributes(&path, 0);
	ASSERT_EQ(STATUS_SUCCESS, NtOpenDirectoryObject(&root, 0xf, &oa));
	InitializeObjectAttributes(&oa, &empty, 0, root, NULL);
	EXPECT_EQ(STATUS_OBJECT_TYPE_MISMATCH, nt_open(&section, &oa));
	NtClose(root);
}

TEST_F(name, N21_bad_buffer)
{
	OBJECT_ATTRIBUTES oa = attributes(&self->wide, 0);
	HANDLE section;

	/* In page 0, which nobody can map. */
	self->wide.counted.Buffer = (PWSTR)(uintptr_t)0x10;
	EXPECT_EQ(STATUS_ACCESS_VIOLATION, nt_create_named(&section, &oa));
	EXPECT_EQ(STATUS_ACCESS_VIOLATION, nt_open(&section, &oa));
	self->wide.counted.Buffer = (PWSTR)(uintptr_t)
				    ((uintptr_t)self->wide.s + 1);
	EXPECT_EQ(STATUS_DATATYPE_MISALIGNMENT,
		  nt_create_named(&section, &oa));
	EXPECT_EQ(STATUS_DATATYPE_MISALIGNMENT, nt_open(&section, &oa));
}

TEST_F(name, N22_handle_after_failure)
{
	OBJECT_ATTRIBUTES oa = attributes(&self->wide, 0);
	LARGE_INTEGER size = { .QuadPart = 0x1000 };
	HANDLE section;

	EXPECT_EQ(STATUS_OBJECT_NAME_NOT_FOUND, nt_open(&section, &oa));
	EXPECT_EQ(NULL, section);
	EXPECT_EQ(STATUS_INVALID_PARAMETER, nt_open(&section, NULL));
	EXPECT_EQ(NULL, section);
	oa.Length = 0;
	EXPECT_EQ(STATUS_INVALID_PARAMETER, nt_create_named(&section, &oa));
	EXPECT_EQ(NULL, section);
	section = NO_HANDLE;
	EXPECT_EQ(STATUS_INVALID_PAGE_PROTECTION,
		  NtCreateSection(&section, SECTION_ALL_ACCESS, NULL, &size, 0,
				  SEC_COMMIT, NULL));
	EXPECT_EQ(NULL, section);
}

TEST_HARNESS_MAIN
