/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the fields of a PE file are and what values they take, as the format's
 * published description has them.  For the tests only: the module has its own,
 * so that a mistake in the one shows against the other.
 */
#ifndef PE_FORMAT_H
#define PE_FORMAT_H

#define PE_PAGE			0x1000
#define PE_SECTOR		0x200

/* From the start of the file. */
#define PE_DOS_LFANEW		0x3c
#define PE_DOS_SIZE		0x40

/* From the signature on. */
#define PE_NE_SYSTEM		0x36
#define PE_MACHINE		4
#define PE_SECTION_COUNT	6
#define PE_OPTIONAL_SIZE	20
#define PE_CHARACTERISTICS	22
#define PE_OPTIONAL		24

/* In the optional header, at the same place in PE32 and PE32+. */
#define PE_OPT_MAGIC		0
#define PE_OPT_SIZE_OF_CODE	4
#define PE_OPT_ENTRY		16
#define PE_OPT_SECTION_ALIGN	32
#define PE_OPT_FILE_ALIGN	36
#define PE_OPT_MAJOR_OS		40
#define PE_OPT_MINOR_OS		42
#define PE_OPT_MAJOR_SUBSYSTEM	48
#define PE_OPT_MINOR_SUBSYSTEM	50
#define PE_OPT_SIZE_OF_IMAGE	56
#define PE_OPT_SIZE_OF_HEADERS	60
#define PE_OPT_CHECKSUM		64
#define PE_OPT_SUBSYSTEM	68
#define PE_OPT_DLL_FLAGS	70
#define PE_OPT_STACK_RESERVE	72

/* In the optional header, where the two differ. */
#define PE32_OPT_BASE		28
#define PE32_OPT_STACK_COMMIT	76
#define PE32_OPT_LOADER_FLAGS	88
#define PE32_OPT_DIR_COUNT	92
#define PE32_OPT_DIRS		96
#define PE64_OPT_BASE		24
#define PE64_OPT_STACK_COMMIT	80
#define PE64_OPT_LOADER_FLAGS	104
#define PE64_OPT_DIR_COUNT	108
#define PE64_OPT_DIRS		112

#define PE_DIR_RELOC		5
#define PE_DIR_COM		14

/* In a section's header. */
#define PE_SEC_VIRTUAL_SIZE	8
#define PE_SEC_VIRTUAL_ADDRESS	12
#define PE_SEC_RAW_SIZE		16
#define PE_SEC_RAW_OFFSET	20
#define PE_SEC_CHARACTERISTICS	36
#define PE_SEC_HEADER		40

/* In a COM (COR) header. */
#define PE_COM_FLAGS		16
#define PE_COM_SIZE		72

#define PE_MAGIC_32		0x10b
#define PE_MAGIC_64		0x20b

#define PE_MACHINE_I386		0x14c
#define PE_MACHINE_ARMNT	0x1c4
#define PE_MACHINE_AMD64	0x8664
#define PE_MACHINE_ARM64	0xaa64

#define PE_FILE_RELOCS_STRIPPED	0x0001
#define PE_FILE_EXECUTABLE	0x0002
#define PE_FILE_DLL		0x2000

#define PE_DLL_DYNAMIC_BASE	0x0040
#define PE_DLL_NX_COMPAT	0x0100

#define PE_SCN_NOLOAD		0x00000002
#define PE_SCN_CODE		0x00000020
#define PE_SCN_DATA		0x00000040
#define PE_SCN_SHARED		0x10000000
#define PE_SCN_EXECUTE		0x20000000
#define PE_SCN_READ		0x40000000
#define PE_SCN_WRITE		0x80000000

#define PE_REL_ABSOLUTE		0
#define PE_REL_HIGHLOW		3
#define PE_REL_DIR64		10

#define PE_COM_IL_ONLY		0x00001
#define PE_COM_32BIT_REQUIRED	0x00002
#define PE_COM_32BIT_PREFERRED	0x20000

#endif /* PE_FORMAT_H */
