/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tables that run through all protections of a section: one variant for
 * each that Win32 can ask for.
 */
#ifndef SECTION_WIN32_TABLE_H
#define SECTION_WIN32_TABLE_H

#include "win32_util.h"

FIXTURE(table) {
	HANDLE file;
};

FIXTURE_VARIANT(table) {
	DWORD section;
};

FIXTURE_SETUP(table)
{
	self->file = file_of(0x1000, ALL_FILE_ACCESS);
	ASSERT_NE(INVALID_HANDLE_VALUE, self->file);
}

FIXTURE_TEARDOWN(table)
{
	CloseHandle(self->file);
}

FIXTURE_VARIANT_ADD(table, readonly) {
	.section = PAGE_READONLY,
};

FIXTURE_VARIANT_ADD(table, writecopy) {
	.section = PAGE_WRITECOPY,
};

FIXTURE_VARIANT_ADD(table, readwrite) {
	.section = PAGE_READWRITE,
};

FIXTURE_VARIANT_ADD(table, execute_read) {
	.section = PAGE_EXECUTE_READ,
};

FIXTURE_VARIANT_ADD(table, execute_writecopy) {
	.section = PAGE_EXECUTE_WRITECOPY,
};

FIXTURE_VARIANT_ADD(table, execute_readwrite) {
	.section = PAGE_EXECUTE_READWRITE,
};

#endif /* SECTION_WIN32_TABLE_H */
