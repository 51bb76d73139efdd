/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * libsection-win32: the memory functions of Windows over /dev/section.
 *
 * Programs include this in place of <windows.h>.
 */
#ifndef SECTION_WIN32_H
#define SECTION_WIN32_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * DOC: Conventions
 *
 * Names, values and results are those of 64-bit Windows; row numbers such as
 * M5 or V7 are explained in Documentation/win32.rst, which also says what is
 * different.  A function that returns BOOL fails with FALSE, one that returns a
 * HANDLE with NULL (CreateFile: INVALID_HANDLE_VALUE), one that returns an
 * address with NULL; GetLastError() tells why.  Nt functions return an NTSTATUS
 * and do not touch the last error.
 *
 * DWORD and LONG have 32 bits, as on Windows: print them with ``%u`` and ``%d``.
 * WCHAR has 16 bits.  Write wide literals as ``u"..."``, or compile with
 * -fshort-wchar and write ``L"..."``; TEXT() does what fits.  The names without
 * A or W are the A functions, whose strings are UTF-8, unless UNICODE is defined.
 *
 * A HANDLE of a file, a section or a process is a descriptor in disguise,
 * ``(descriptor + 1) << 2``, so that it keeps its number over fork(2) and
 * execve(2).  It is close-on-exec unless it was made inheritable.
 */

/* Types */

#define WINAPI
#define NTAPI
#define APIENTRY
#define CALLBACK
#define CONST			const
#define VOID			void

typedef int			BOOL, *PBOOL, *LPBOOL;
typedef unsigned char		BYTE, *PBYTE, *LPBYTE, UCHAR, *PUCHAR, BOOLEAN;
typedef char			CHAR, *PCHAR, *PSTR, *LPSTR;
typedef const char		*PCSTR, *LPCSTR;
typedef uint16_t		WORD, *PWORD, *LPWORD, USHORT, *PUSHORT;
typedef int16_t			SHORT, *PSHORT;
typedef uint32_t		DWORD, *PDWORD, *LPDWORD, ULONG, *PULONG;
typedef unsigned int		UINT, *PUINT;
typedef int			INT, *PINT;
typedef int32_t			LONG, *PLONG;
typedef uint32_t		DWORD32, ULONG32;
typedef int64_t			LONGLONG, LONG64, *PLONG64, *PLONGLONG;
typedef uint64_t		ULONGLONG, DWORD64, ULONG64, *PULONGLONG;
typedef uintptr_t		ULONG_PTR, *PULONG_PTR, DWORD_PTR, UINT_PTR;
typedef intptr_t		LONG_PTR, INT_PTR;
typedef size_t			SIZE_T, *PSIZE_T;
typedef ptrdiff_t		SSIZE_T;
typedef void			*PVOID, *LPVOID, *HANDLE, **PHANDLE, **LPHANDLE;
typedef const void		*LPCVOID;
typedef LONG			NTSTATUS;
typedef DWORD			ACCESS_MASK;

/*
 * In C++ the types of u"" and L"" are their own, and convert to nothing else.
 * The functions are the same ones.
 */
#if !defined(__cplusplus)
typedef uint16_t		WCHAR;
#elif __SIZEOF_WCHAR_T__ == 2
typedef wchar_t			WCHAR;
#else
typedef char16_t		WCHAR;
#endif
typedef WCHAR			*PWCHAR, *PWSTR, *LPWSTR;
typedef const WCHAR		*PCWSTR, *LPCWSTR;

#if __SIZEOF_WCHAR_T__ == 2
#define SECTION_WIDE(text)	L ## text
#else
#define SECTION_WIDE(text)	u ## text
#endif

#ifdef UNICODE
typedef WCHAR			TCHAR, *LPTSTR;
typedef const WCHAR		*LPCTSTR;
#define SECTION_TEXT(text)	SECTION_WIDE(text)
#else
typedef char			TCHAR, *LPTSTR;
typedef const char		*LPCTSTR;
#define SECTION_TEXT(text)	text
#endif
#define TEXT(text)		SECTION_TEXT(text)
#define _T(text)		SECTION_TEXT(text)

#define TRUE			1
#define FALSE			0
#define MAX_PATH		260
#define INFINITE		0xffffffffU

typedef union _LARGE_INTEGER {
	__extension__ struct {
		DWORD LowPart;
		LONG HighPart;
	};
	struct {
		DWORD LowPart;
		LONG HighPart;
	} u;
	LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef union _ULARGE_INTEGER {
	__extension__ struct {
		DWORD LowPart;
		DWORD HighPart;
	};
	struct {
		DWORD LowPart;
		DWORD HighPart;
	} u;
	ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

#define INVALID_HANDLE_VALUE	((HANDLE)(LONG_PTR)-1)
#define NtCurrentProcess()	((HANDLE)(LONG_PTR)-1)
#define ZwCurrentProcess()	NtCurrentProcess()

typedef struct _SECURITY_ATTRIBUTES {
	DWORD nLength;
	LPVOID lpSecurityDescriptor;
	BOOL bInheritHandle;
} SECURITY_ATTRIBUTES, *PSECURITY_ATTRIBUTES, *LPSECURITY_ATTRIBUTES;

typedef struct _OVERLAPPED {
	ULONG_PTR Internal;
	ULONG_PTR InternalHigh;
	__extension__ union {
		__extension__ struct {
			DWORD Offset;
			DWORD OffsetHigh;
		};
		PVOID Pointer;
	};
	HANDLE hEvent;
} OVERLAPPED, *LPOVERLAPPED;

typedef struct _MEMORY_BASIC_INFORMATION {
	PVOID BaseAddress;
	PVOID AllocationBase;
	DWORD AllocationProtect;
	WORD PartitionId;
	SIZE_T RegionSize;
	DWORD State;
	DWORD Protect;
	DWORD Type;
} MEMORY_BASIC_INFORMATION, *PMEMORY_BASIC_INFORMATION;

typedef struct _SYSTEM_INFO {
	__extension__ union {
		DWORD dwOemId;
		__extension__ struct {
			WORD wProcessorArchitecture;
			WORD wReserved;
		};
	};
	DWORD dwPageSize;
	LPVOID lpMinimumApplicationAddress;
	LPVOID lpMaximumApplicationAddress;
	DWORD_PTR dwActiveProcessorMask;
	DWORD dwNumberOfProcessors;
	DWORD dwProcessorType;
	DWORD dwAllocationGranularity;
	WORD wProcessorLevel;
	WORD wProcessorRevision;
} SYSTEM_INFO, *LPSYSTEM_INFO;

typedef struct _PROCESS_INFORMATION {
	HANDLE hProcess;
	HANDLE hThread;
	DWORD dwProcessId;
	DWORD dwThreadId;
} PROCESS_INFORMATION, *PPROCESS_INFORMATION, *LPPROCESS_INFORMATION;

typedef struct _STARTUPINFOA {
	DWORD cb;
	LPSTR lpReserved;
	LPSTR lpDesktop;
	LPSTR lpTitle;
	DWORD dwX;
	DWORD dwY;
	DWORD dwXSize;
	DWORD dwYSize;
	DWORD dwXCountChars;
	DWORD dwYCountChars;
	DWORD dwFillAttribute;
	DWORD dwFlags;
	WORD wShowWindow;
	WORD cbReserved2;
	LPBYTE lpReserved2;
	HANDLE hStdInput;
	HANDLE hStdOutput;
	HANDLE hStdError;
} STARTUPINFOA, *LPSTARTUPINFOA;

typedef struct _STARTUPINFOW {
	DWORD cb;
	LPWSTR lpReserved;
	LPWSTR lpDesktop;
	LPWSTR lpTitle;
	DWORD dwX;
	DWORD dwY;
	DWORD dwXSize;
	DWORD dwYSize;
	DWORD dwXCountChars;
	DWORD dwYCountChars;
	DWORD dwFillAttribute;
	DWORD dwFlags;
	WORD wShowWindow;
	WORD cbReserved2;
	LPBYTE lpReserved2;
	HANDLE hStdInput;
	HANDLE hStdOutput;
	HANDLE hStdError;
} STARTUPINFOW, *LPSTARTUPINFOW;

/* Types of the native functions */

typedef struct _UNICODE_STRING {
	USHORT Length;
	USHORT MaximumLength;
	PWSTR Buffer;
} UNICODE_STRING, *PUNICODE_STRING;
typedef const UNICODE_STRING *PCUNICODE_STRING;

typedef struct _OBJECT_ATTRIBUTES {
	ULONG Length;
	HANDLE RootDirectory;
	PUNICODE_STRING ObjectName;
	ULONG Attributes;
	PVOID SecurityDescriptor;
	PVOID SecurityQualityOfService;
} OBJECT_ATTRIBUTES, *POBJECT_ATTRIBUTES;

typedef struct _IO_STATUS_BLOCK {
	__extension__ union {
		NTSTATUS Status;
		PVOID Pointer;
	};
	ULONG_PTR Information;
} IO_STATUS_BLOCK, *PIO_STATUS_BLOCK;

typedef struct _CLIENT_ID {
	HANDLE UniqueProcess;
	HANDLE UniqueThread;
} CLIENT_ID, *PCLIENT_ID;

typedef enum _SECTION_INHERIT {
	ViewShare = 1,
	ViewUnmap = 2
} SECTION_INHERIT;

typedef enum _SECTION_INFORMATION_CLASS {
	SectionBasicInformation,
	SectionImageInformation
} SECTION_INFORMATION_CLASS;

typedef struct _SECTION_BASIC_INFORMATION {
	PVOID BaseAddress;
	ULONG Attributes;
	LARGE_INTEGER Size;
} SECTION_BASIC_INFORMATION, *PSECTION_BASIC_INFORMATION;

typedef struct _SECTION_IMAGE_INFORMATION {
	PVOID TransferAddress;
	ULONG ZeroBits;
	SIZE_T MaximumStackSize;
	SIZE_T CommittedStackSize;
	ULONG SubSystemType;
	__extension__ union {
		__extension__ struct {
			USHORT SubSystemMinorVersion;
			USHORT SubSystemMajorVersion;
		};
		ULONG SubSystemVersion;
	};
	__extension__ union {
		__extension__ struct {
			USHORT MajorOperatingSystemVersion;
			USHORT MinorOperatingSystemVersion;
		};
		ULONG OperatingSystemVersion;
	};
	USHORT ImageCharacteristics;
	USHORT DllCharacteristics;
	USHORT Machine;
	BOOLEAN ImageContainsCode;
	__extension__ union {
		UCHAR ImageFlags;
		__extension__ struct {
			UCHAR ComPlusNativeReady : 1;
			UCHAR ComPlusILOnly : 1;
			UCHAR ImageDynamicallyRelocated : 1;
			UCHAR ImageMappedFlat : 1;
			UCHAR BaseBelow4gb : 1;
			UCHAR ComPlusPrefer32bit : 1;
			UCHAR Reserved : 2;
		};
	};
	ULONG LoaderFlags;
	ULONG ImageFileSize;
	ULONG CheckSum;
} SECTION_IMAGE_INFORMATION, *PSECTION_IMAGE_INFORMATION;

typedef enum _MEMORY_INFORMATION_CLASS {
	MemoryBasicInformation = 0,
	MemoryRegionInformation = 3
} MEMORY_INFORMATION_CLASS;

typedef struct _MEMORY_REGION_INFORMATION {
	PVOID AllocationBase;
	ULONG AllocationProtect;
	ULONG RegionType;
	SIZE_T RegionSize;
	SIZE_T CommitSize;
} MEMORY_REGION_INFORMATION, *PMEMORY_REGION_INFORMATION;

/* MEMORY_REGION_INFORMATION.RegionType */
#define MEMORY_REGION_PRIVATE		0x01U
#define MEMORY_REGION_MAPPED_DATA_FILE	0x02U
#define MEMORY_REGION_MAPPED_IMAGE	0x04U
#define MEMORY_REGION_MAPPED_PAGE_FILE	0x08U

/* Access rights */

#define DELETE				0x00010000U
#define READ_CONTROL			0x00020000U
#define WRITE_DAC			0x00040000U
#define WRITE_OWNER			0x00080000U
#define SYNCHRONIZE			0x00100000U
#define STANDARD_RIGHTS_REQUIRED	0x000f0000U
#define STANDARD_RIGHTS_ALL		0x001f0000U
#define MAXIMUM_ALLOWED			0x02000000U
#define GENERIC_ALL			0x10000000U
#define GENERIC_EXECUTE			0x20000000U
#define GENERIC_WRITE			0x40000000U
#define GENERIC_READ			0x80000000U

#define SECTION_QUERY			0x0001U
#define SECTION_MAP_WRITE		0x0002U
#define SECTION_MAP_READ		0x0004U
#define SECTION_MAP_EXECUTE		0x0008U
#define SECTION_EXTEND_SIZE		0x0010U
#define SECTION_MAP_EXECUTE_EXPLICIT	0x0020U
#define SECTION_ALL_ACCESS		(STANDARD_RIGHTS_REQUIRED | 0x1fU)

#define FILE_MAP_COPY			0x0001U
#define FILE_MAP_WRITE			SECTION_MAP_WRITE
#define FILE_MAP_READ			SECTION_MAP_READ
#define FILE_MAP_EXECUTE		SECTION_MAP_EXECUTE_EXPLICIT
#define FILE_MAP_ALL_ACCESS		SECTION_ALL_ACCESS

#define FILE_READ_DATA			0x0001U
#define FILE_WRITE_DATA			0x0002U
#define FILE_APPEND_DATA		0x0004U
#define FILE_READ_EA			0x0008U
#define FILE_WRITE_EA			0x0010U
#define FILE_EXECUTE			0x0020U
#define FILE_READ_ATTRIBUTES		0x0080U
#define FILE_WRITE_ATTRIBUTES		0x0100U
#define FILE_GENERIC_READ		0x00120089U
#define FILE_GENERIC_WRITE		0x00120116U
#define FILE_GENERIC_EXECUTE		0x001200a0U
#define FILE_ALL_ACCESS			0x001f01ffU

#define PROCESS_TERMINATE		0x0001U
#define PROCESS_CREATE_THREAD		0x0002U
#define PROCESS_VM_OPERATION		0x0008U
#define PROCESS_VM_READ			0x0010U
#define PROCESS_VM_WRITE		0x0020U
#define PROCESS_DUP_HANDLE		0x0040U
#define PROCESS_QUERY_INFORMATION	0x0400U
#define PROCESS_QUERY_LIMITED_INFORMATION 0x1000U
#define PROCESS_ALL_ACCESS		0x001fffffU

/* Memory */

#define PAGE_NOACCESS			0x01U
#define PAGE_READONLY			0x02U
#define PAGE_READWRITE			0x04U
#define PAGE_WRITECOPY			0x08U
#define PAGE_EXECUTE			0x10U
#define PAGE_EXECUTE_READ		0x20U
#define PAGE_EXECUTE_READWRITE		0x40U
#define PAGE_EXECUTE_WRITECOPY		0x80U
#define PAGE_GUARD			0x100U
#define PAGE_NOCACHE			0x200U
#define PAGE_WRITECOMBINE		0x400U

#define MEM_COMMIT			0x00001000U
#define MEM_RESERVE			0x00002000U
#define MEM_DECOMMIT			0x00004000U
#define MEM_RELEASE			0x00008000U
#define MEM_FREE			0x00010000U
#define MEM_PRIVATE			0x00020000U
#define MEM_MAPPED			0x00040000U
#define MEM_RESET			0x00080000U
#define MEM_TOP_DOWN			0x00100000U
#define MEM_WRITE_WATCH			0x00200000U
#define MEM_PHYSICAL			0x00400000U
#define MEM_RESET_UNDO			0x01000000U
#define MEM_IMAGE			0x01000000U
#define MEM_LARGE_PAGES			0x20000000U
#define MEM_4MB_PAGES			0x80000000U
#define AT_ROUND_TO_PAGE		0x40000000U

#define SEC_BASED			0x00200000U
#define SEC_NO_CHANGE			0x00400000U
#define SEC_FILE			0x00800000U
#define SEC_IMAGE			0x01000000U
#define SEC_PROTECTED_IMAGE		0x02000000U
#define SEC_RESERVE			0x04000000U
#define SEC_COMMIT			0x08000000U
#define SEC_NOCACHE			0x10000000U
#define SEC_IMAGE_NO_EXECUTE		0x11000000U
#define SEC_WRITECOMBINE		0x40000000U
#define SEC_LARGE_PAGES			0x80000000U

/* Files */

#define FILE_SHARE_READ			0x1U
#define FILE_SHARE_WRITE		0x2U
#define FILE_SHARE_DELETE		0x4U

#define CREATE_NEW			1U
#define CREATE_ALWAYS			2U
#define OPEN_EXISTING			3U
#define OPEN_ALWAYS			4U
#define TRUNCATE_EXISTING		5U

#define FILE_ATTRIBUTE_READONLY		0x00000001U
#define FILE_ATTRIBUTE_HIDDEN		0x00000002U
#define FILE_ATTRIBUTE_SYSTEM		0x00000004U
#define FILE_ATTRIBUTE_ARCHIVE		0x00000020U
#define FILE_ATTRIBUTE_NORMAL		0x00000080U
#define FILE_ATTRIBUTE_TEMPORARY	0x00000100U
#define FILE_FLAG_WRITE_THROUGH		0x80000000U
#define FILE_FLAG_OVERLAPPED		0x40000000U
#define FILE_FLAG_NO_BUFFERING		0x20000000U
#define FILE_FLAG_RANDOM_ACCESS		0x10000000U
#define FILE_FLAG_SEQUENTIAL_SCAN	0x08000000U
#define FILE_FLAG_DELETE_ON_CLOSE	0x04000000U

#define FILE_BEGIN			0U
#define FILE_CURRENT			1U
#define FILE_END			2U
#define INVALID_FILE_SIZE		0xffffffffU
#define INVALID_SET_FILE_POINTER	0xffffffffU

#define FILE_TYPE_UNKNOWN		0U
#define FILE_TYPE_DISK			1U
#define FILE_TYPE_CHAR			2U
#define FILE_TYPE_PIPE			3U

#define STD_INPUT_HANDLE		((DWORD)-10)
#define STD_OUTPUT_HANDLE		((DWORD)-11)
#define STD_ERROR_HANDLE		((DWORD)-12)

/* Handles and processes */

#define DUPLICATE_CLOSE_SOURCE		1U
#define DUPLICATE_SAME_ACCESS		2U
#define DUPLICATE_SAME_ATTRIBUTES	4U
#define HANDLE_FLAG_INHERIT		1U

#define WAIT_OBJECT_0			0U
#define WAIT_TIMEOUT			258U
#define WAIT_FAILED			0xffffffffU
#define STILL_ACTIVE			259U

#define CREATE_SUSPENDED		0x00000004U
#define DETACHED_PROCESS		0x00000008U
#define CREATE_NEW_CONSOLE		0x00000010U
#define CREATE_UNICODE_ENVIRONMENT	0x00000400U
#define CREATE_NO_WINDOW		0x08000000U
#define STARTF_USESTDHANDLES		0x00000100U
#define PROCESSOR_ARCHITECTURE_AMD64	9

#define OBJ_INHERIT			0x00000002U
#define OBJ_PERMANENT			0x00000010U
#define OBJ_EXCLUSIVE			0x00000020U
#define OBJ_CASE_INSENSITIVE		0x00000040U
#define OBJ_OPENIF			0x00000080U
#define OBJ_OPENLINK			0x00000100U
#define OBJ_KERNEL_HANDLE		0x00000200U
#define OBJ_VALID_ATTRIBUTES		0x000003f2U

/* Errors: GetLastError() */

#define ERROR_SUCCESS			0U
#define NO_ERROR			0U
#define ERROR_INVALID_FUNCTION		1U
#define ERROR_FILE_NOT_FOUND		2U
#define ERROR_PATH_NOT_FOUND		3U
#define ERROR_TOO_MANY_OPEN_FILES	4U
#define ERROR_ACCESS_DENIED		5U
#define ERROR_INVALID_HANDLE		6U
#define ERROR_NOT_ENOUGH_MEMORY		8U
#define ERROR_OUTOFMEMORY		14U
#define ERROR_NOT_SAME_DEVICE		17U
#define ERROR_NOT_READY			21U
#define ERROR_BAD_LENGTH		24U
#define ERROR_GEN_FAILURE		31U
#define ERROR_SHARING_VIOLATION		32U
#define ERROR_HANDLE_EOF		38U
#define ERROR_NOT_SUPPORTED		50U
#define ERROR_FILE_EXISTS		80U
#define ERROR_INVALID_PARAMETER		87U
#define ERROR_BROKEN_PIPE		109U
#define ERROR_DISK_FULL			112U
#define ERROR_CALL_NOT_IMPLEMENTED	120U
#define ERROR_INSUFFICIENT_BUFFER	122U
#define ERROR_INVALID_NAME		123U
#define ERROR_NEGATIVE_SEEK		131U
#define ERROR_BAD_PATHNAME		161U
#define ERROR_ALREADY_EXISTS		183U
#define ERROR_BAD_EXE_FORMAT		193U
#define ERROR_FILENAME_EXCED_RANGE	206U
#define ERROR_PARTIAL_COPY		299U
#define ERROR_MR_MID_NOT_FOUND		317U
#define ERROR_INVALID_ADDRESS		487U
#define ERROR_OPERATION_ABORTED		995U
#define ERROR_NOACCESS			998U
#define ERROR_FILE_INVALID		1006U
#define ERROR_NO_UNICODE_TRANSLATION	1113U
#define ERROR_IO_DEVICE			1117U
#define ERROR_MAPPED_ALIGNMENT		1132U
#define ERROR_USER_MAPPED_FILE		1224U
#define ERROR_PRIVILEGE_NOT_HELD	1314U
#define ERROR_NO_SYSTEM_RESOURCES	1450U
#define ERROR_COMMITMENT_LIMIT		1455U
#define ERROR_NOT_ENOUGH_QUOTA		1816U

/* Results of the native functions */

#define NT_SUCCESS(status)		((NTSTATUS)(status) >= 0)

#define STATUS_SUCCESS			((NTSTATUS)0x00000000)
#define STATUS_TIMEOUT			((NTSTATUS)0x00000102)
#define STATUS_OBJECT_NAME_EXISTS	((NTSTATUS)0x40000000)
#define STATUS_IMAGE_NOT_AT_BASE	((NTSTATUS)0x40000003)
#define STATUS_IMAGE_MACHINE_TYPE_MISMATCH ((NTSTATUS)0x4000000e)
#define STATUS_GUARD_PAGE_VIOLATION	((NTSTATUS)0x80000001)
#define STATUS_DATATYPE_MISALIGNMENT	((NTSTATUS)0x80000002)
#define STATUS_PARTIAL_COPY		((NTSTATUS)0x8000000d)
#define STATUS_UNSUCCESSFUL		((NTSTATUS)0xc0000001)
#define STATUS_NOT_IMPLEMENTED		((NTSTATUS)0xc0000002)
#define STATUS_INVALID_INFO_CLASS	((NTSTATUS)0xc0000003)
#define STATUS_INFO_LENGTH_MISMATCH	((NTSTATUS)0xc0000004)
#define STATUS_ACCESS_VIOLATION		((NTSTATUS)0xc0000005)
#define STATUS_INVALID_HANDLE		((NTSTATUS)0xc0000008)
#define STATUS_INVALID_CID		((NTSTATUS)0xc000000b)
#define STATUS_INVALID_PARAMETER	((NTSTATUS)0xc000000d)
#define STATUS_NO_MEMORY		((NTSTATUS)0xc0000017)
#define STATUS_CONFLICTING_ADDRESSES	((NTSTATUS)0xc0000018)
#define STATUS_NOT_MAPPED_VIEW		((NTSTATUS)0xc0000019)
#define STATUS_UNABLE_TO_FREE_VM	((NTSTATUS)0xc000001a)
#define STATUS_UNABLE_TO_DELETE_SECTION	((NTSTATUS)0xc000001b)
#define STATUS_INVALID_VIEW_SIZE	((NTSTATUS)0xc000001f)
#define STATUS_INVALID_FILE_FOR_SECTION	((NTSTATUS)0xc0000020)
#define STATUS_ALREADY_COMMITTED	((NTSTATUS)0xc0000021)
#define STATUS_ACCESS_DENIED		((NTSTATUS)0xc0000022)
#define STATUS_OBJECT_TYPE_MISMATCH	((NTSTATUS)0xc0000024)
#define STATUS_UNABLE_TO_DECOMMIT_VM	((NTSTATUS)0xc000002c)
#define STATUS_NOT_COMMITTED		((NTSTATUS)0xc000002d)
#define STATUS_INVALID_PARAMETER_MIX	((NTSTATUS)0xc0000030)
#define STATUS_OBJECT_NAME_INVALID	((NTSTATUS)0xc0000033)
#define STATUS_OBJECT_NAME_NOT_FOUND	((NTSTATUS)0xc0000034)
#define STATUS_OBJECT_NAME_COLLISION	((NTSTATUS)0xc0000035)
#define STATUS_OBJECT_PATH_INVALID	((NTSTATUS)0xc0000039)
#define STATUS_OBJECT_PATH_NOT_FOUND	((NTSTATUS)0xc000003a)
#define STATUS_OBJECT_PATH_SYNTAX_BAD	((NTSTATUS)0xc000003b)
#define STATUS_SHARING_VIOLATION	((NTSTATUS)0xc0000043)
#define STATUS_QUOTA_EXCEEDED		((NTSTATUS)0xc0000044)
#define STATUS_INVALID_PAGE_PROTECTION	((NTSTATUS)0xc0000045)
#define STATUS_SECTION_TOO_BIG		((NTSTATUS)0xc0000040)
#define STATUS_SECTION_NOT_IMAGE	((NTSTATUS)0xc0000049)
#define STATUS_SECTION_PROTECTION	((NTSTATUS)0xc000004e)
#define STATUS_PRIVILEGE_NOT_HELD	((NTSTATUS)0xc0000061)
#define STATUS_INVALID_IMAGE_FORMAT	((NTSTATUS)0xc000007b)
#define STATUS_DISK_FULL		((NTSTATUS)0xc000007f)
#define STATUS_SECTION_NOT_EXTENDED	((NTSTATUS)0xc0000087)
#define STATUS_NOT_MAPPED_DATA		((NTSTATUS)0xc0000088)
#define STATUS_FILE_INVALID		((NTSTATUS)0xc0000098)
#define STATUS_INSUFFICIENT_RESOURCES	((NTSTATUS)0xc000009a)
#define STATUS_FREE_VM_NOT_AT_BASE	((NTSTATUS)0xc000009f)
#define STATUS_MEMORY_NOT_ALLOCATED	((NTSTATUS)0xc00000a0)
#define STATUS_NOT_SUPPORTED		((NTSTATUS)0xc00000bb)
#define STATUS_NOT_SAME_DEVICE		((NTSTATUS)0xc00000d4)
#define STATUS_INVALID_PARAMETER_1	((NTSTATUS)0xc00000ef)
#define STATUS_INVALID_PARAMETER_2	((NTSTATUS)0xc00000f0)
#define STATUS_INVALID_PARAMETER_3	((NTSTATUS)0xc00000f1)
#define STATUS_INVALID_PARAMETER_4	((NTSTATUS)0xc00000f2)
#define STATUS_INVALID_PARAMETER_5	((NTSTATUS)0xc00000f3)
#define STATUS_INVALID_PARAMETER_6	((NTSTATUS)0xc00000f4)
#define STATUS_INVALID_PARAMETER_7	((NTSTATUS)0xc00000f5)
#define STATUS_INVALID_PARAMETER_8	((NTSTATUS)0xc00000f6)
#define STATUS_INVALID_PARAMETER_9	((NTSTATUS)0xc00000f7)
#define STATUS_INVALID_PARAMETER_10	((NTSTATUS)0xc00000f8)
#define STATUS_INVALID_PARAMETER_11	((NTSTATUS)0xc00000f9)
#define STATUS_INVALID_PARAMETER_12	((NTSTATUS)0xc00000fa)
#define STATUS_MAPPED_FILE_SIZE_ZERO	((NTSTATUS)0xc000011e)
#define STATUS_TOO_MANY_OPENED_FILES	((NTSTATUS)0xc000011f)
#define STATUS_CANNOT_DELETE		((NTSTATUS)0xc0000121)
#define STATUS_INVALID_IMAGE_NE_FORMAT	((NTSTATUS)0xc000011b)
#define STATUS_COMMITMENT_LIMIT		((NTSTATUS)0xc000012d)
#define STATUS_INVALID_IMAGE_NOT_MZ	((NTSTATUS)0xc000012f)
#define STATUS_INVALID_IMAGE_PROTECT	((NTSTATUS)0xc0000130)
#define STATUS_INVALID_IMAGE_WIN_16	((NTSTATUS)0xc0000131)
#define STATUS_INVALID_ADDRESS		((NTSTATUS)0xc0000141)
#define STATUS_CONTROL_C_EXIT		((NTSTATUS)0xc000013a)
#define STATUS_IO_DEVICE_ERROR		((NTSTATUS)0xc0000185)
#define STATUS_MAPPED_ALIGNMENT		((NTSTATUS)0xc0000220)
#define STATUS_USER_MAPPED_FILE		((NTSTATUS)0xc0000243)
#define STATUS_INVALID_IMAGE_WIN_64	((NTSTATUS)0xc000035a)

/* Errors */

/**
 * GetLastError - why the last call of this thread failed
 *
 * Return: an ERROR_* number.  Only failing calls set it, and those of which it
 * is said that they do (R1, R2).
 */
DWORD GetLastError(void);

/**
 * SetLastError - set what GetLastError() returns in this thread
 * @dwErrCode: Any number.
 */
void SetLastError(DWORD dwErrCode);

/**
 * RtlNtStatusToDosError - which error a status becomes
 * @Status: A STATUS_* number.
 *
 * Rows E1 to E25.
 *
 * Return: an ERROR_* number; ERROR_MR_MID_NOT_FOUND for a status that is not
 * known.
 */
ULONG RtlNtStatusToDosError(NTSTATUS Status);

/* Handles */

/**
 * CloseHandle - close a file, a section or a process
 * @hObject: The handle.
 *
 * Views of a section stay (N3, N4, N5).
 *
 * Return: TRUE, or FALSE with ERROR_INVALID_HANDLE.
 */
BOOL CloseHandle(HANDLE hObject);

/**
 * DuplicateHandle - make another handle of the same object
 * @hSourceProcessHandle: Whose handle it is.
 * @hSourceHandle: The handle.
 * @hTargetProcessHandle: Who gets the new one.
 * @lpTargetHandle: Where to write it.
 * @dwDesiredAccess: What it may do, unless DUPLICATE_SAME_ACCESS is given.
 * @bInheritHandle: It stays open in programs that this process starts.
 * @dwOptions: DUPLICATE_SAME_ACCESS, DUPLICATE_CLOSE_SOURCE.
 *
 * Rights of a section are taken away for good (A7, R11), and cannot be added
 * to what the section grants.  Both processes must be the calling one; other
 * processes inherit handles or open names.
 *
 * Return: TRUE, or FALSE with ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED
 * (@dwDesiredAccess is more than can be had), ERROR_NOT_SUPPORTED (another
 * process), ERROR_TOO_MANY_OPEN_FILES.
 */
BOOL DuplicateHandle(HANDLE hSourceProcessHandle, HANDLE hSourceHandle,
		     HANDLE hTargetProcessHandle, LPHANDLE lpTargetHandle,
		     DWORD dwDesiredAccess, BOOL bInheritHandle,
		     DWORD dwOptions);

/**
 * GetHandleInformation - ask whether a handle is inheritable
 * @hObject: The handle.
 * @lpdwFlags: Where to write HANDLE_FLAG_INHERIT or 0.
 *
 * Return: TRUE, or FALSE with ERROR_INVALID_HANDLE.
 */
BOOL GetHandleInformation(HANDLE hObject, LPDWORD lpdwFlags);

/**
 * SetHandleInformation - make a handle inheritable, or not
 * @hObject: The handle.
 * @dwMask: HANDLE_FLAG_INHERIT.
 * @dwFlags: HANDLE_FLAG_INHERIT or 0.
 *
 * Return: TRUE, or FALSE with ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER.
 */
BOOL SetHandleInformation(HANDLE hObject, DWORD dwMask, DWORD dwFlags);

/**
 * SectionHandleFromDescriptor - use a descriptor as a handle
 * @Descriptor: A file, a section or a pidfd; it belongs to the handle then.
 *
 * Not of Windows.  Descriptors that were open when the program started are
 * handles without this call (O13).
 *
 * Return: the handle, or NULL with ERROR_INVALID_HANDLE.
 */
HANDLE SectionHandleFromDescriptor(int Descriptor);

/**
 * SectionDescriptorOfHandle - the descriptor in a handle
 * @hObject: The handle; it keeps the descriptor.
 *
 * Not of Windows.
 *
 * Return: the descriptor, or -1 with ERROR_INVALID_HANDLE.
 */
int SectionDescriptorOfHandle(HANDLE hObject);

/* Files */

/**
 * CreateFileW - open or create a file
 * @lpFileName: Path of Linux, with ``/`` or ``\``.
 * @dwDesiredAccess: GENERIC_* or FILE_*; 0 to ask for properties only (P14).
 * @dwShareMode: FILE_SHARE_*; must be well-formed, is not enforced (F1).
 * @lpSecurityAttributes: bInheritHandle is used; may be NULL.
 * @dwCreationDisposition: CREATE_NEW to TRUNCATE_EXISTING.
 * @dwFlagsAndAttributes: FILE_FLAG_DELETE_ON_CLOSE, FILE_FLAG_WRITE_THROUGH and
 *	FILE_ATTRIBUTE_READONLY (for a new file) are used; FILE_FLAG_OVERLAPPED
 *	is refused; other advice is ignored.
 * @hTemplateFile: Ignored.
 *
 * Sections need a handle with the access that their protection asks for (P10
 * to P15).  CREATE_ALWAYS and OPEN_ALWAYS set the last error to
 * ERROR_ALREADY_EXISTS if the file existed, else to 0.
 *
 * Return: a handle, or INVALID_HANDLE_VALUE with ERROR_FILE_NOT_FOUND,
 * ERROR_PATH_NOT_FOUND, ERROR_ACCESS_DENIED, ERROR_FILE_EXISTS (CREATE_NEW),
 * ERROR_INVALID_PARAMETER, ERROR_INVALID_NAME, ERROR_SHARING_VIOLATION (a
 * program that is running), ERROR_USER_MAPPED_FILE (F4, as far as this
 * process knows), ERROR_NOT_SUPPORTED, ERROR_TOO_MANY_OPEN_FILES,
 * ERROR_DISK_FULL.
 */
HANDLE CreateFileW(LPCWSTR lpFileName, DWORD dwDesiredAccess,
		   DWORD dwShareMode,
		   LPSECURITY_ATTRIBUTES lpSecurityAttributes,
		   DWORD dwCreationDisposition, DWORD dwFlagsAndAttributes,
		   HANDLE hTemplateFile);
/* CreateFileA - CreateFileW() with a name in UTF-8 */
HANDLE CreateFileA(LPCSTR lpFileName, DWORD dwDesiredAccess, DWORD dwShareMode,
		   LPSECURITY_ATTRIBUTES lpSecurityAttributes,
		   DWORD dwCreationDisposition, DWORD dwFlagsAndAttributes,
		   HANDLE hTemplateFile);

/**
 * DeleteFileW - delete a file
 * @lpFileName: As in CreateFileW().
 *
 * As on Linux, the name goes at once, and the file with its last user (F6, F8
 * are not enforced).
 *
 * Return: TRUE, or FALSE with ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND,
 * ERROR_ACCESS_DENIED.
 */
BOOL DeleteFileW(LPCWSTR lpFileName);
/* DeleteFileA - DeleteFileW() with a name in UTF-8 */
BOOL DeleteFileA(LPCSTR lpFileName);

/**
 * ReadFile - read from where the file pointer is
 * @hFile: Handle with read access.
 * @lpBuffer: Where to read to.
 * @nNumberOfBytesToRead: How many bytes.
 * @lpNumberOfBytesRead: How many it were, 0 at the end of the file.
 * @lpOverlapped: NULL, or the place in the file to read from.
 *
 * Return: TRUE, or FALSE with ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED,
 * ERROR_NOACCESS, ERROR_HANDLE_EOF (with @lpOverlapped), ERROR_BROKEN_PIPE.
 */
BOOL ReadFile(HANDLE hFile, LPVOID lpBuffer, DWORD nNumberOfBytesToRead,
	      LPDWORD lpNumberOfBytesRead, LPOVERLAPPED lpOverlapped);

/**
 * WriteFile - write to where the file pointer is
 * @hFile: Handle with write access.
 * @lpBuffer: What to write.
 * @nNumberOfBytesToWrite: How many bytes.
 * @lpNumberOfBytesWritten: How many it were.
 * @lpOverlapped: NULL, or the place in the file to write to.
 *
 * Return: TRUE, or FALSE with ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED,
 * ERROR_NOACCESS, ERROR_DISK_FULL.
 */
BOOL WriteFile(HANDLE hFile, LPCVOID lpBuffer, DWORD nNumberOfBytesToWrite,
	       LPDWORD lpNumberOfBytesWritten, LPOVERLAPPED lpOverlapped);

/**
 * GetFileSizeEx - how large a file is
 * @hFile: The file.
 * @lpFileSize: Where to write its size in bytes.
 *
 * Return: TRUE, or FALSE with ERROR_INVALID_HANDLE.
 */
BOOL GetFileSizeEx(HANDLE hFile, PLARGE_INTEGER lpFileSize);

/**
 * GetFileSize - how large a file is, in two halves
 * @hFile: The file.
 * @lpFileSizeHigh: Where to write the upper half, or NULL.
 *
 * Return: the lower half, or INVALID_FILE_SIZE with ERROR_INVALID_HANDLE.  If
 * the lower half is that number, the last error is 0.
 */
DWORD GetFileSize(HANDLE hFile, LPDWORD lpFileSizeHigh);

/**
 * SetFilePointerEx - move the file pointer
 * @hFile: The file.
 * @liDistanceToMove: How far.
 * @lpNewFilePointer: Where to write the new place, or NULL.
 * @dwMoveMethod: FILE_BEGIN, FILE_CURRENT or FILE_END.
 *
 * Return: TRUE, or FALSE with ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER,
 * ERROR_NEGATIVE_SEEK.
 */
BOOL SetFilePointerEx(HANDLE hFile, LARGE_INTEGER liDistanceToMove,
		      PLARGE_INTEGER lpNewFilePointer, DWORD dwMoveMethod);

/**
 * SetFilePointer - move the file pointer, in two halves
 * @hFile: The file.
 * @lDistanceToMove: How far, lower half, or all of it.
 * @lpDistanceToMoveHigh: In: upper half.  Out: that of the place.  Or NULL.
 * @dwMoveMethod: FILE_BEGIN, FILE_CURRENT or FILE_END.
 *
 * Return: lower half of the new place, or INVALID_SET_FILE_POINTER with the
 * errors of SetFilePointerEx().
 */
DWORD SetFilePointer(HANDLE hFile, LONG lDistanceToMove,
		     PLONG lpDistanceToMoveHigh, DWORD dwMoveMethod);

/**
 * SetEndOfFile - make the file end where its pointer is
 * @hFile: Handle with write access.
 *
 * Rows F10 to F12, as far as this process knows of sections over the file.
 *
 * Return: TRUE, or FALSE with ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED,
 * ERROR_USER_MAPPED_FILE (it would cut off what is mapped), ERROR_DISK_FULL.
 */
BOOL SetEndOfFile(HANDLE hFile);

/**
 * FlushFileBuffers - bring a file to the disk
 * @hFile: Handle with write access.
 *
 * Return: TRUE, or FALSE with ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED,
 * ERROR_IO_DEVICE.
 */
BOOL FlushFileBuffers(HANDLE hFile);

/**
 * GetFileType - what kind of file a handle is of
 * @hFile: The handle.
 *
 * Return: FILE_TYPE_DISK, FILE_TYPE_CHAR, FILE_TYPE_PIPE, or FILE_TYPE_UNKNOWN
 * with ERROR_INVALID_HANDLE for everything else, a section included (A8).
 */
DWORD GetFileType(HANDLE hFile);

/**
 * GetStdHandle - standard input, output or error as a handle
 * @nStdHandle: STD_INPUT_HANDLE, STD_OUTPUT_HANDLE or STD_ERROR_HANDLE.
 *
 * Return: the handle, or INVALID_HANDLE_VALUE with ERROR_INVALID_PARAMETER.
 */
HANDLE GetStdHandle(DWORD nStdHandle);

/* Sections */

/**
 * CreateFileMappingW - create a section, or open one of the same name
 * @hFile: A file, or INVALID_HANDLE_VALUE for memory.
 * @lpFileMappingAttributes: bInheritHandle is used; may be NULL.
 * @flProtect: One of the six PAGE_* of row P1, and SEC_* (rows S1 to S12).
 * @dwMaximumSizeHigh: Size, upper half.
 * @dwMaximumSizeLow: Size, lower half; 0 means all of the file.
 * @lpName: Name, with ``Local\`` or ``Global\`` in front if need be (N6); or
 *	NULL.
 *
 * The last error is 0 if the section is new (R1) and ERROR_ALREADY_EXISTS if
 * it existed, and then the size is ignored (R2, R3).  A file that is shorter
 * is grown if the section may be written to (C8).  The handle has the rights of
 * row R8.
 *
 * Return: a handle, or NULL with ERROR_INVALID_PARAMETER (C3, P2, S5 to S12),
 * ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED (P10 to P14, N7),
 * ERROR_NOT_ENOUGH_MEMORY (C4, C7, C10), ERROR_COMMITMENT_LIMIT (C13),
 * ERROR_FILE_INVALID (C5), ERROR_BAD_EXE_FORMAT (C6, C12, S9),
 * ERROR_DISK_FULL (C9), ERROR_PATH_NOT_FOUND (N10), ERROR_BAD_PATHNAME,
 * ERROR_NOT_SUPPORTED (no /dev/section), ERROR_NOT_ENOUGH_QUOTA (also: the image is
 * larger than max_image_size).
 */
HANDLE CreateFileMappingW(HANDLE hFile,
			  LPSECURITY_ATTRIBUTES lpFileMappingAttributes,
			  DWORD flProtect, DWORD dwMaximumSizeHigh,
			  DWORD dwMaximumSizeLow, LPCWSTR lpName);
/* CreateFileMappingA - CreateFileMappingW() with a name in UTF-8 */
HANDLE CreateFileMappingA(HANDLE hFile,
			  LPSECURITY_ATTRIBUTES lpFileMappingAttributes,
			  DWORD flProtect, DWORD dwMaximumSizeHigh,
			  DWORD dwMaximumSizeLow, LPCSTR lpName);

/**
 * OpenFileMappingW - open a section by name
 * @dwDesiredAccess: FILE_MAP_* and SECTION_QUERY (A1, A2, A6).
 * @bInheritHandle: The handle stays open in programs that this process starts
 *	(A4).
 * @lpName: As in CreateFileMappingW().
 *
 * Return: a handle, or NULL with ERROR_FILE_NOT_FOUND (N12),
 * ERROR_INVALID_PARAMETER (N11), ERROR_PATH_NOT_FOUND (N10),
 * ERROR_ACCESS_DENIED.
 */
HANDLE OpenFileMappingW(DWORD dwDesiredAccess, BOOL bInheritHandle,
			LPCWSTR lpName);
/* OpenFileMappingA - OpenFileMappingW() with a name in UTF-8 */
HANDLE OpenFileMappingA(DWORD dwDesiredAccess, BOOL bInheritHandle,
			LPCSTR lpName);

/**
 * MapViewOfFileEx - map a view of a section
 * @hFileMappingObject: The section.
 * @dwDesiredAccess: FILE_MAP_*, see rows M20 to M28.
 * @dwFileOffsetHigh: Where the view begins, upper half.
 * @dwFileOffsetLow: Lower half; a multiple of 64 KiB (V1).
 * @dwNumberOfBytesToMap: Length, 0 for all to the end (V5).
 * @lpBaseAddress: Where to map, a multiple of 64 KiB (V3, V13), or NULL.
 *
 * Return: the view, or NULL with ERROR_INVALID_HANDLE (M35),
 * ERROR_ACCESS_DENIED (M4 to M14, and V7: more than the section has),
 * ERROR_INVALID_PARAMETER (M2), ERROR_MAPPED_ALIGNMENT (V1, V3),
 * ERROR_INVALID_ADDRESS (V12), ERROR_NOT_ENOUGH_MEMORY,
 * ERROR_COMMITMENT_LIMIT.
 */
LPVOID MapViewOfFileEx(HANDLE hFileMappingObject, DWORD dwDesiredAccess,
		       DWORD dwFileOffsetHigh, DWORD dwFileOffsetLow,
		       SIZE_T dwNumberOfBytesToMap, LPVOID lpBaseAddress);

/**
 * MapViewOfFile - map a view of a section where the system likes
 * @hFileMappingObject: The section.
 * @dwDesiredAccess: FILE_MAP_*, see rows M20 to M28.
 * @dwFileOffsetHigh: Where the view begins, upper half.
 * @dwFileOffsetLow: Lower half; a multiple of 64 KiB (V1).
 * @dwNumberOfBytesToMap: Length, 0 for all to the end (V5).
 *
 * Return: the view, or NULL with the errors of MapViewOfFileEx().
 */
LPVOID MapViewOfFile(HANDLE hFileMappingObject, DWORD dwDesiredAccess,
		     DWORD dwFileOffsetHigh, DWORD dwFileOffsetLow,
		     SIZE_T dwNumberOfBytesToMap);

/**
 * UnmapViewOfFile - unmap a view
 * @lpBaseAddress: Any address in it (U1).
 *
 * Return: TRUE, or FALSE with ERROR_INVALID_ADDRESS (U2).
 */
BOOL UnmapViewOfFile(LPCVOID lpBaseAddress);

/**
 * FlushViewOfFile - write changes of a view to the file
 * @lpBaseAddress: First byte.
 * @dwNumberOfBytesToFlush: How many, 0 for all to the end of the view (U6).
 *
 * Waits for the write, which is more than Windows promises (U9).
 *
 * Return: TRUE, also where nothing is mapped (U7), or FALSE with
 * ERROR_INVALID_PARAMETER (the range leaves the view), ERROR_IO_DEVICE.
 */
BOOL FlushViewOfFile(LPCVOID lpBaseAddress, SIZE_T dwNumberOfBytesToFlush);

/* Virtual memory */

/**
 * VirtualAllocEx - reserve, commit or reset memory of a process
 * @hProcess: Whose memory.
 * @lpAddress: Where, or NULL.
 * @dwSize: How much.
 * @flAllocationType: MEM_RESERVE, MEM_COMMIT, both, or MEM_RESET; MEM_TOP_DOWN
 *	is ignored.
 * @flProtect: PAGE_*, except those of copy-on-write for memory of its own.
 *
 * Rows L1 to L10 and L12 to L17 in views, L20 to L24 and L33 elsewhere.
 *
 * Return: the address, rounded down to 64 KiB (reserve) or to the page, or NULL
 * with ERROR_INVALID_PARAMETER (L10, L22, T9), ERROR_INVALID_ADDRESS (L12,
 * L13, L22c, L23, L24), ERROR_ACCESS_DENIED (L9), ERROR_INVALID_HANDLE (L34),
 * ERROR_NOT_ENOUGH_MEMORY, ERROR_COMMITMENT_LIMIT; for another process that
 * does not take part, ERROR_ACCESS_DENIED.
 */
LPVOID VirtualAllocEx(HANDLE hProcess, LPVOID lpAddress, SIZE_T dwSize,
		      DWORD flAllocationType, DWORD flProtect);

/**
 * VirtualAlloc - VirtualAllocEx() in the calling process
 * @lpAddress: Where, or NULL.
 * @dwSize: How much.
 * @flAllocationType: As in VirtualAllocEx().
 * @flProtect: PAGE_*.
 *
 * Return: as VirtualAllocEx().
 */
LPVOID VirtualAlloc(LPVOID lpAddress, SIZE_T dwSize, DWORD flAllocationType,
		    DWORD flProtect);

/**
 * VirtualFreeEx - decommit or release memory of a process
 * @hProcess: Whose memory.
 * @lpAddress: Where.
 * @dwSize: How much; 0 with MEM_RELEASE (L25), and with MEM_DECOMMIT for all of
 *	the allocation (L32).
 * @dwFreeType: MEM_DECOMMIT or MEM_RELEASE (L30).
 *
 * Return: TRUE, or FALSE with ERROR_INVALID_PARAMETER (L11, L25, L28, L30,
 * L35), ERROR_INVALID_ADDRESS (L26, L29), ERROR_INVALID_HANDLE (L34).
 */
BOOL VirtualFreeEx(HANDLE hProcess, LPVOID lpAddress, SIZE_T dwSize,
		   DWORD dwFreeType);

/**
 * VirtualFree - VirtualFreeEx() in the calling process
 * @lpAddress: Where.
 * @dwSize: How much.
 * @dwFreeType: MEM_DECOMMIT or MEM_RELEASE.
 *
 * Return: as VirtualFreeEx().
 */
BOOL VirtualFree(LPVOID lpAddress, SIZE_T dwSize, DWORD dwFreeType);

/**
 * VirtualProtectEx - change the protection of memory of a process
 * @hProcess: Whose memory.
 * @lpAddress: First byte.
 * @dwSize: How much, rounded outwards to pages.
 * @flNewProtect: PAGE_*; in a view as rows T1 to T6 say.
 * @lpflOldProtect: Where to write that of the first page (T8).
 *
 * Return: TRUE, or FALSE with ERROR_INVALID_PARAMETER (T2, T4, T6, T9),
 * ERROR_NOACCESS (T7), ERROR_INVALID_ADDRESS (T10, T12, nothing there),
 * ERROR_INVALID_HANDLE.
 */
BOOL VirtualProtectEx(HANDLE hProcess, LPVOID lpAddress, SIZE_T dwSize,
		      DWORD flNewProtect, PDWORD lpflOldProtect);

/**
 * VirtualProtect - VirtualProtectEx() in the calling process
 * @lpAddress: First byte.
 * @dwSize: How much.
 * @flNewProtect: PAGE_*.
 * @lpflOldProtect: Where to write the old one.
 *
 * Return: as VirtualProtectEx().
 */
BOOL VirtualProtect(LPVOID lpAddress, SIZE_T dwSize, DWORD flNewProtect,
		    PDWORD lpflOldProtect);

/**
 * VirtualQueryEx - ask about the pages at an address of a process
 * @hProcess: Whose memory.
 * @lpAddress: Any address.
 * @lpBuffer: Where to write the answer.
 * @dwLength: Room there.
 *
 * The answer is about the pages from that of the address on that are alike.
 * Pages of a copy-on-write view that were written to are told apart (W4).
 * Memory that came from elsewhere (malloc(3), programs) is reported as mappings
 * of Linux are: one allocation for each.
 *
 * Return: how many bytes were written, or 0 with ERROR_BAD_LENGTH,
 * ERROR_INVALID_PARAMETER (no address of user memory), ERROR_NOACCESS,
 * ERROR_INVALID_HANDLE.
 */
SIZE_T VirtualQueryEx(HANDLE hProcess, LPCVOID lpAddress,
		      PMEMORY_BASIC_INFORMATION lpBuffer, SIZE_T dwLength);

/**
 * VirtualQuery - VirtualQueryEx() in the calling process
 * @lpAddress: Any address.
 * @lpBuffer: Where to write the answer.
 * @dwLength: Room there.
 *
 * Return: as VirtualQueryEx().
 */
SIZE_T VirtualQuery(LPCVOID lpAddress, PMEMORY_BASIC_INFORMATION lpBuffer,
		    SIZE_T dwLength);

/**
 * ReadProcessMemory - read memory of a process
 * @hProcess: Whose memory.
 * @lpBaseAddress: First byte there.
 * @lpBuffer: Where to write it here.
 * @nSize: How many bytes; 0 does nothing (O4).
 * @lpNumberOfBytesRead: Where to write how many it were, or NULL.
 *
 * Return: TRUE, or FALSE with ERROR_PARTIAL_COPY (O9), ERROR_NOACCESS (O10),
 * ERROR_ACCESS_DENIED, ERROR_INVALID_HANDLE.
 */
BOOL ReadProcessMemory(HANDLE hProcess, LPCVOID lpBaseAddress, LPVOID lpBuffer,
		       SIZE_T nSize, SIZE_T *lpNumberOfBytesRead);

/**
 * WriteProcessMemory - write memory of a process
 * @hProcess: Whose memory.
 * @lpBaseAddress: First byte there.
 * @lpBuffer: What to write.
 * @nSize: How many bytes; 0 does nothing (O4).
 * @lpNumberOfBytesWritten: Where to write how many it were, or NULL.
 *
 * Pages of PAGE_EXECUTE_READ are made writable for the time of the call (O7).
 *
 * Return: TRUE, or FALSE with ERROR_PARTIAL_COPY (O5, O8), ERROR_NOACCESS (O6),
 * ERROR_ACCESS_DENIED, ERROR_INVALID_HANDLE.
 */
BOOL WriteProcessMemory(HANDLE hProcess, LPVOID lpBaseAddress,
			LPCVOID lpBuffer, SIZE_T nSize,
			SIZE_T *lpNumberOfBytesWritten);

/**
 * SectionGuardPageFault - take the guard off a page
 * @Address: The address of a fault, from a handler of SIGSEGV.
 *
 * Not of Windows.  The library has no handler of signals, so a touch of a
 * PAGE_GUARD page is SIGSEGV until somebody calls this (M32).
 *
 * Return: TRUE if it was a guard page, which is usable now: continue.
 */
BOOL SectionGuardPageFault(LPVOID Address);

/* Processes */

/**
 * CreateProcessW - start a program
 * @lpApplicationName: Its path, or NULL: the first word of the command line.
 * @lpCommandLine: The command line, split by the rules of Windows; or NULL.
 * @lpProcessAttributes: bInheritHandle of the process handle; may be NULL.
 * @lpThreadAttributes: bInheritHandle of the thread handle; may be NULL.
 * @bInheritHandles: Inheritable handles are open in the new process, under the
 *	same numbers (O13); else none is but the standard ones.
 * @dwCreationFlags: CREATE_UNICODE_ENVIRONMENT is used, CREATE_SUSPENDED is
 *	refused, others are ignored.
 * @lpEnvironment: A block of strings, or NULL for the caller's.
 * @lpCurrentDirectory: Where it starts, or NULL.
 * @lpStartupInfo: STARTF_USESTDHANDLES is used.
 * @lpProcessInformation: Handles and number of the process.  The thread handle
 *	is another one of the process.
 *
 * A program that uses this library lets its parent use its memory.
 *
 * Return: TRUE, or FALSE with ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND,
 * ERROR_ACCESS_DENIED, ERROR_BAD_EXE_FORMAT, ERROR_INVALID_PARAMETER,
 * ERROR_NOT_ENOUGH_MEMORY, ERROR_NOT_SUPPORTED.
 */
BOOL CreateProcessW(LPCWSTR lpApplicationName, LPWSTR lpCommandLine,
		    LPSECURITY_ATTRIBUTES lpProcessAttributes,
		    LPSECURITY_ATTRIBUTES lpThreadAttributes,
		    BOOL bInheritHandles, DWORD dwCreationFlags,
		    LPVOID lpEnvironment, LPCWSTR lpCurrentDirectory,
		    LPSTARTUPINFOW lpStartupInfo,
		    LPPROCESS_INFORMATION lpProcessInformation);
/* CreateProcessA - CreateProcessW() with strings in UTF-8 */
BOOL CreateProcessA(LPCSTR lpApplicationName, LPSTR lpCommandLine,
		    LPSECURITY_ATTRIBUTES lpProcessAttributes,
		    LPSECURITY_ATTRIBUTES lpThreadAttributes,
		    BOOL bInheritHandles, DWORD dwCreationFlags,
		    LPVOID lpEnvironment, LPCSTR lpCurrentDirectory,
		    LPSTARTUPINFOA lpStartupInfo,
		    LPPROCESS_INFORMATION lpProcessInformation);

/**
 * OpenProcess - a handle of a process that is there
 * @dwDesiredAccess: PROCESS_*.
 * @bInheritHandle: The handle stays open in programs that this process starts.
 * @dwProcessId: Its number, as getpid(2) has it there.
 *
 * Return: a handle, or NULL with ERROR_INVALID_PARAMETER (no such process),
 * ERROR_ACCESS_DENIED.
 */
HANDLE OpenProcess(DWORD dwDesiredAccess, BOOL bInheritHandle,
		   DWORD dwProcessId);

/**
 * GetCurrentProcess - the handle of the calling process
 *
 * Return: NtCurrentProcess(), which need not be closed.
 */
HANDLE GetCurrentProcess(void);

/**
 * GetCurrentProcessId - the number of the calling process
 *
 * Return: that of getpid(2).
 */
DWORD GetCurrentProcessId(void);

/**
 * GetProcessId - the number of a process
 * @Process: Its handle.
 *
 * Return: the number, or 0 with ERROR_INVALID_HANDLE.
 */
DWORD GetProcessId(HANDLE Process);

/**
 * WaitForSingleObject - wait until a process has ended
 * @hHandle: The process.
 * @dwMilliseconds: How long at most; INFINITE.
 *
 * Return: WAIT_OBJECT_0, WAIT_TIMEOUT, or WAIT_FAILED with
 * ERROR_INVALID_HANDLE (also for a section or a file, A5).
 */
DWORD WaitForSingleObject(HANDLE hHandle, DWORD dwMilliseconds);

/**
 * GetExitCodeProcess - how a process has ended
 * @hProcess: The process, which this one started.
 * @lpExitCode: Where to write it: STILL_ACTIVE while it runs; what it gave to
 *	ExitProcess(), of which Linux keeps 8 bits; what this process gave to
 *	TerminateProcess(); STATUS_ACCESS_VIOLATION after SIGSEGV or SIGBUS; 128
 *	and the number of another signal.
 *
 * Return: TRUE, or FALSE with ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED (it has
 * ended, and is not a child: only its parent knows).
 */
BOOL GetExitCodeProcess(HANDLE hProcess, LPDWORD lpExitCode);

/**
 * TerminateProcess - kill a process
 * @hProcess: The process.
 * @uExitCode: What GetExitCodeProcess() says to the caller.
 *
 * Return: TRUE, or FALSE with ERROR_INVALID_HANDLE, ERROR_ACCESS_DENIED.
 */
BOOL TerminateProcess(HANDLE hProcess, UINT uExitCode);

/**
 * ExitProcess - end the calling process
 * @uExitCode: Its exit code; the lower 8 bits arrive.
 */
void ExitProcess(UINT uExitCode) __attribute__((__noreturn__));

/**
 * SectionEnableRemoteAccess - let other processes use this one's memory
 *
 * Not of Windows, where it needs no consent.  From now on, processes of the
 * same user may call the functions with a process handle on this one.
 * Programs started by CreateProcess() allow it without this call.
 *
 * Return: TRUE, or FALSE with ERROR_NOT_ENOUGH_MEMORY, ERROR_NOT_SUPPORTED.
 */
BOOL SectionEnableRemoteAccess(void);

/**
 * GetSystemInfo - page size, granularity and the like
 * @lpSystemInfo: Where to write it.
 */
void GetSystemInfo(LPSYSTEM_INFO lpSystemInfo);

/**
 * GetLargePageMinimum - what sizes with SEC_LARGE_PAGES are multiples of
 *
 * Return: the size of a large page in bytes.
 */
SIZE_T GetLargePageMinimum(void);

/**
 * Sleep - wait
 * @dwMilliseconds: How long; INFINITE.
 */
void Sleep(DWORD dwMilliseconds);

/* Native functions */

/**
 * RtlInitUnicodeString - make a counted string of a terminated one
 * @DestinationString: The counted string.
 * @SourceString: The terminated one, or NULL; not copied.
 */
void RtlInitUnicodeString(PUNICODE_STRING DestinationString,
			  PCWSTR SourceString);

#define InitializeObjectAttributes(oa, name, attributes, root, security) do { \
	(oa)->Length = sizeof(OBJECT_ATTRIBUTES); \
	(oa)->RootDirectory = (root); \
	(oa)->ObjectName = (name); \
	(oa)->Attributes = (attributes); \
	(oa)->SecurityDescriptor = (security); \
	(oa)->SecurityQualityOfService = NULL; \
} while (0)

/**
 * NtOpenDirectoryObject - the directory of the names
 * @DirectoryHandle: Where to write its handle, a RootDirectory.
 * @DesiredAccess: Ignored.
 * @ObjectAttributes: ``\BaseNamedObjects`` (which holds the global names) or
 *	``\Sessions\N\BaseNamedObjects`` (which holds the local ones).
 *
 * Return: STATUS_SUCCESS, STATUS_OBJECT_NAME_NOT_FOUND,
 * STATUS_OBJECT_PATH_NOT_FOUND, STATUS_OBJECT_PATH_SYNTAX_BAD, and those of
 * NtOpenSection().
 */
NTSTATUS NtOpenDirectoryObject(PHANDLE DirectoryHandle,
			       ACCESS_MASK DesiredAccess,
			       POBJECT_ATTRIBUTES ObjectAttributes);

/**
 * NtCreateSection - create a section
 * @SectionHandle: Where to write its handle; 0 on failure (N22).
 * @DesiredAccess: SECTION_*, or GENERIC_*.
 * @ObjectAttributes: Name, OBJ_INHERIT, OBJ_OPENIF, OBJ_CASE_INSENSITIVE; or
 *	NULL.  A name is a path from ``\``, or relative to a RootDirectory; a
 *	relative one without a root is a local name.
 * @MaximumSize: Its size, NULL or 0 for all of the file.
 * @SectionPageProtection: PAGE_*, also PAGE_EXECUTE (P3).
 * @AllocationAttributes: SEC_* (rows S1 to S18).
 * @FileHandle: A file, or NULL.
 *
 * Return: STATUS_SUCCESS, STATUS_OBJECT_NAME_EXISTS (R4), or
 * STATUS_OBJECT_NAME_COLLISION (R5), STATUS_ACCESS_VIOLATION (R12),
 * STATUS_INVALID_PARAMETER_4 (C3, S15), STATUS_INVALID_PARAMETER_6 (S13),
 * STATUS_INVALID_PAGE_PROTECTION (P4, P5), STATUS_SECTION_TOO_BIG (C4, C7),
 * STATUS_MAPPED_FILE_SIZE_ZERO (C5), STATUS_INVALID_FILE_FOR_SECTION (C6, S14),
 * STATUS_INVALID_IMAGE_NOT_MZ (C12, I2), STATUS_INVALID_IMAGE_PROTECT (I3, I4),
 * STATUS_INVALID_IMAGE_NE_FORMAT, STATUS_INVALID_IMAGE_WIN_16 (I4),
 * STATUS_INVALID_IMAGE_FORMAT (I5, I8, I10, I11), STATUS_QUOTA_EXCEEDED (too many
 * sections; an image larger than max_image_size), STATUS_NOT_SUPPORTED (no
 * /dev/section), STATUS_COMMITMENT_LIMIT (C13), STATUS_DISK_FULL (C9), STATUS_ACCESS_DENIED
 * (P10 to P14), STATUS_INVALID_HANDLE, STATUS_OBJECT_TYPE_MISMATCH, and for
 * the name those of NtOpenSection().
 */
NTSTATUS NtCreateSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess,
			 POBJECT_ATTRIBUTES ObjectAttributes,
			 PLARGE_INTEGER MaximumSize,
			 ULONG SectionPageProtection,
			 ULONG AllocationAttributes, HANDLE FileHandle);

/**
 * NtOpenSection - open a section by name
 * @SectionHandle: Where to write its handle; 0 on failure (N22).
 * @DesiredAccess: SECTION_*, GENERIC_* or MAXIMUM_ALLOWED.
 * @ObjectAttributes: As in NtCreateSection().
 *
 * Return: STATUS_SUCCESS, or STATUS_OBJECT_NAME_NOT_FOUND,
 * STATUS_OBJECT_NAME_INVALID (N15, N16, N19), STATUS_INVALID_PARAMETER (N17,
 * N18), STATUS_OBJECT_PATH_SYNTAX_BAD (N19), STATUS_OBJECT_PATH_NOT_FOUND (N2,
 * N10), STATUS_OBJECT_TYPE_MISMATCH (N20), STATUS_ACCESS_VIOLATION (N21),
 * STATUS_DATATYPE_MISALIGNMENT (N21), STATUS_ACCESS_DENIED.
 */
NTSTATUS NtOpenSection(PHANDLE SectionHandle, ACCESS_MASK DesiredAccess,
		       POBJECT_ATTRIBUTES ObjectAttributes);

/**
 * NtMapViewOfSection - map a view of a section into a process
 * @SectionHandle: The section.
 * @ProcessHandle: The process (O1).
 * @BaseAddress: In: where, or NULL in it.  Out: where it is.
 * @ZeroBits: How many of the upper of 32 bits of the address are 0; above 31, a
 *	mask (V15).
 * @CommitSize: How much of a SEC_RESERVE section to commit (L15, V16).
 * @SectionOffset: Where the view begins, a multiple of 64 KiB; NULL for 0.
 * @ViewSize: In: length, 0 for all to the end.  Out: in whole pages.
 * @InheritDisposition: ViewShare or ViewUnmap: whether children of fork(2) get
 *	the view (O12).
 * @AllocationType: 0, MEM_TOP_DOWN (ignored), or MEM_RESERVE: of a file, a view
 *	may be longer than the section (V18, X6).
 * @Win32Protect: PAGE_*.  The pages of an image have their own protections (I48).
 *
 * Of an image there are two more successes, so ask NT_SUCCESS():
 * STATUS_IMAGE_NOT_AT_BASE (I71, I75, I76), after which the caller has to relocate it,
 * and STATUS_IMAGE_MACHINE_TYPE_MISMATCH (I78), of one for 32 bits.
 *
 * Return: STATUS_SUCCESS, or STATUS_INVALID_HANDLE (M35, M36),
 * STATUS_OBJECT_TYPE_MISMATCH (M34), STATUS_ACCESS_DENIED (M1),
 * STATUS_SECTION_PROTECTION (M2, V18), STATUS_INVALID_PAGE_PROTECTION (M30),
 * STATUS_MAPPED_ALIGNMENT (V1, V3, V9), STATUS_INVALID_VIEW_SIZE (V7, V8),
 * STATUS_INVALID_PARAMETER_3 (V10, V11), STATUS_INVALID_PARAMETER_4 (V15),
 * STATUS_INVALID_PARAMETER_5 (V16), STATUS_INVALID_PARAMETER_8,
 * STATUS_INVALID_PARAMETER_9 (V17 to V19), STATUS_CONFLICTING_ADDRESSES (V12,
 * S18), STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT, STATUS_ACCESS_VIOLATION.
 */
NTSTATUS NtMapViewOfSection(HANDLE SectionHandle, HANDLE ProcessHandle,
			    PVOID *BaseAddress, ULONG_PTR ZeroBits,
			    SIZE_T CommitSize, PLARGE_INTEGER SectionOffset,
			    PSIZE_T ViewSize,
			    SECTION_INHERIT InheritDisposition,
			    ULONG AllocationType, ULONG Win32Protect);

/**
 * NtUnmapViewOfSection - unmap a view
 * @ProcessHandle: Of which process (O2).
 * @BaseAddress: Any address in it (U1).
 *
 * Return: STATUS_SUCCESS, STATUS_NOT_MAPPED_VIEW (U2), STATUS_INVALID_HANDLE.
 */
NTSTATUS NtUnmapViewOfSection(HANDLE ProcessHandle, PVOID BaseAddress);

/**
 * NtExtendSection - make a section of a file larger
 * @SectionHandle: A handle with SECTION_EXTEND_SIZE (X1).
 * @NewSectionSize: In: how large.  Out: how large it is (X5).
 *
 * Return: STATUS_SUCCESS, STATUS_SECTION_NOT_EXTENDED (X2: no file; X4: may not
 * be written to), STATUS_ACCESS_DENIED, STATUS_INVALID_HANDLE,
 * STATUS_OBJECT_TYPE_MISMATCH, STATUS_DISK_FULL, STATUS_SECTION_TOO_BIG,
 * STATUS_ACCESS_VIOLATION.
 */
NTSTATUS NtExtendSection(HANDLE SectionHandle, PLARGE_INTEGER NewSectionSize);

/**
 * NtQuerySection - ask about a section
 * @SectionHandle: A handle with SECTION_QUERY (Q1).
 * @InformationClass: SectionBasicInformation, or of an image also
 *	SectionImageInformation.
 * @InformationBuffer: Where to write a SECTION_BASIC_INFORMATION, or a
 *	SECTION_IMAGE_INFORMATION (I20 to I29).
 * @InformationBufferSize: Room there (Q3).
 * @ResultLength: Where to write how much it was, or NULL (Q10).
 *
 * Return: STATUS_SUCCESS, or STATUS_ACCESS_DENIED, STATUS_INFO_LENGTH_MISMATCH
 * (Q3), STATUS_SECTION_NOT_IMAGE (Q4), STATUS_INVALID_INFO_CLASS (Q5),
 * STATUS_ACCESS_VIOLATION (Q6, Q7), STATUS_INVALID_HANDLE (Q6),
 * STATUS_OBJECT_TYPE_MISMATCH (Q8).
 */
NTSTATUS NtQuerySection(HANDLE SectionHandle,
			SECTION_INFORMATION_CLASS InformationClass,
			PVOID InformationBuffer, SIZE_T InformationBufferSize,
			PSIZE_T ResultLength);

/**
 * NtAllocateVirtualMemory - reserve, commit or reset memory
 * @ProcessHandle: Of which process.
 * @BaseAddress: In: where, or NULL in it.  Out: rounded.
 * @ZeroBits: As in NtMapViewOfSection().
 * @RegionSize: In: how much.  Out: rounded.
 * @AllocationType: As in VirtualAllocEx().
 * @Protect: PAGE_*.
 *
 * Return: STATUS_SUCCESS, or STATUS_CONFLICTING_ADDRESSES (L12, L13, L23, L24),
 * STATUS_ALREADY_COMMITTED (L9), STATUS_SECTION_PROTECTION (L10),
 * STATUS_INVALID_PAGE_PROTECTION, STATUS_INVALID_PARAMETER_2 (base),
 * STATUS_INVALID_PARAMETER_3 (zero bits), STATUS_INVALID_PARAMETER_4 (size),
 * STATUS_INVALID_PARAMETER_5 (type), STATUS_NO_MEMORY, STATUS_COMMITMENT_LIMIT,
 * STATUS_ACCESS_DENIED (the view's handle could not write, so it cannot commit
 * either), STATUS_INVALID_HANDLE, STATUS_ACCESS_VIOLATION.
 */
NTSTATUS NtAllocateVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress,
				 ULONG_PTR ZeroBits, PSIZE_T RegionSize,
				 ULONG AllocationType, ULONG Protect);

/**
 * NtFreeVirtualMemory - decommit or release memory
 * @ProcessHandle: Of which process.
 * @BaseAddress: In: where.  Out: rounded down.
 * @RegionSize: In: how much, 0 for all of the allocation.  Out: rounded up.
 * @FreeType: MEM_DECOMMIT or MEM_RELEASE, which may be of a part (L27).
 *
 * Return: STATUS_SUCCESS, or STATUS_UNABLE_TO_DELETE_SECTION (L11),
 * STATUS_FREE_VM_NOT_AT_BASE (L26), STATUS_UNABLE_TO_FREE_VM (L28),
 * STATUS_MEMORY_NOT_ALLOCATED (L29), STATUS_INVALID_PARAMETER_4 (L30),
 * STATUS_INVALID_HANDLE, STATUS_ACCESS_VIOLATION.
 */
NTSTATUS NtFreeVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress,
			     PSIZE_T RegionSize, ULONG FreeType);

/**
 * NtProtectVirtualMemory - change the protection of memory
 * @ProcessHandle: Of which process.
 * @BaseAddress: In: first byte.  Out: rounded down.
 * @RegionSize: In: how much.  Out: in whole pages.
 * @NewProtect: PAGE_*.
 * @OldProtect: Where to write that of the first page.
 *
 * Return: STATUS_SUCCESS, or STATUS_SECTION_PROTECTION (T2, T11),
 * STATUS_INVALID_PAGE_PROTECTION (T6, T9), STATUS_NOT_COMMITTED (T10),
 * STATUS_CONFLICTING_ADDRESSES (T12), STATUS_ACCESS_VIOLATION (T7),
 * STATUS_INVALID_PARAMETER_3 (no size), STATUS_INVALID_HANDLE.
 */
NTSTATUS NtProtectVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress,
				PSIZE_T RegionSize, ULONG NewProtect,
				PULONG OldProtect);

/**
 * NtQueryVirtualMemory - ask about the pages at an address
 * @ProcessHandle: Of which process.
 * @BaseAddress: Any address.
 * @MemoryInformationClass: MemoryBasicInformation or MemoryRegionInformation.
 * @MemoryInformation: Where to write the answer.
 * @MemoryInformationLength: Room there.
 * @ReturnLength: Where to write how much it was, or NULL.
 *
 * Return: STATUS_SUCCESS, or STATUS_INFO_LENGTH_MISMATCH,
 * STATUS_INVALID_INFO_CLASS, STATUS_INVALID_PARAMETER (no address of user
 * memory), STATUS_INVALID_ADDRESS (MemoryRegionInformation of free memory),
 * STATUS_INVALID_HANDLE, STATUS_ACCESS_VIOLATION.
 */
NTSTATUS NtQueryVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress,
			      MEMORY_INFORMATION_CLASS MemoryInformationClass,
			      PVOID MemoryInformation,
			      SIZE_T MemoryInformationLength,
			      PSIZE_T ReturnLength);

/**
 * NtFlushVirtualMemory - write changes of a view to the file
 * @ProcessHandle: Of which process.
 * @BaseAddress: In: first byte.  Out: rounded down.
 * @RegionSize: In: how much, 0 for all to the end.  Out: in whole pages.
 * @IoStatus: Where to write the status again.
 *
 * Return: STATUS_SUCCESS, or STATUS_NOT_MAPPED_DATA (U7),
 * STATUS_INVALID_PARAMETER_3 (the range leaves the view), STATUS_IO_DEVICE_ERROR,
 * STATUS_INVALID_HANDLE, STATUS_ACCESS_VIOLATION.
 */
NTSTATUS NtFlushVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress,
			      PSIZE_T RegionSize, PIO_STATUS_BLOCK IoStatus);

/**
 * NtReadVirtualMemory - read memory of a process
 * @ProcessHandle: Of which process.
 * @BaseAddress: First byte there.
 * @Buffer: Where to write it here.
 * @BufferSize: How many bytes.
 * @NumberOfBytesRead: Where to write how many it were, or NULL.
 *
 * Return: STATUS_SUCCESS, STATUS_PARTIAL_COPY, STATUS_ACCESS_VIOLATION,
 * STATUS_ACCESS_DENIED, STATUS_INVALID_HANDLE.
 */
NTSTATUS NtReadVirtualMemory(HANDLE ProcessHandle, LPCVOID BaseAddress,
			     PVOID Buffer, SIZE_T BufferSize,
			     PSIZE_T NumberOfBytesRead);

/**
 * NtWriteVirtualMemory - write memory of a process
 * @ProcessHandle: Of which process.
 * @BaseAddress: First byte there.
 * @Buffer: What to write.
 * @BufferSize: How many bytes.
 * @NumberOfBytesWritten: Where to write how many it were, or NULL (O8).
 *
 * Return: STATUS_SUCCESS, STATUS_PARTIAL_COPY (O7, O8), STATUS_ACCESS_DENIED,
 * STATUS_INVALID_HANDLE.
 */
NTSTATUS NtWriteVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress,
			      LPCVOID Buffer, SIZE_T BufferSize,
			      PSIZE_T NumberOfBytesWritten);

/**
 * NtAreMappedFilesTheSame - are two addresses in one view
 * @Address1: In a view.
 * @Address2: In a view.
 *
 * Rows Q20, Q21, Q26 and Q27.
 *
 * Return: STATUS_SUCCESS, STATUS_NOT_SAME_DEVICE, STATUS_INVALID_ADDRESS,
 * STATUS_CONFLICTING_ADDRESSES.
 */
NTSTATUS NtAreMappedFilesTheSame(PVOID Address1, PVOID Address2);

/**
 * NtClose - close a handle
 * @Handle: The handle.
 *
 * Return: STATUS_SUCCESS, STATUS_INVALID_HANDLE.
 */
NTSTATUS NtClose(HANDLE Handle);

/**
 * NtDuplicateObject - make another handle of the same object
 * @SourceProcessHandle: Whose handle it is.
 * @SourceHandle: The handle.
 * @TargetProcessHandle: Who gets the new one.
 * @TargetHandle: Where to write it; may be NULL with DUPLICATE_CLOSE_SOURCE.
 * @DesiredAccess: What it may do.
 * @HandleAttributes: OBJ_INHERIT or 0.
 * @Options: DUPLICATE_*.
 *
 * Return: STATUS_SUCCESS, or STATUS_INVALID_HANDLE, STATUS_ACCESS_DENIED,
 * STATUS_NOT_SUPPORTED (another process), STATUS_TOO_MANY_OPENED_FILES.
 */
NTSTATUS NtDuplicateObject(HANDLE SourceProcessHandle, HANDLE SourceHandle,
			   HANDLE TargetProcessHandle, PHANDLE TargetHandle,
			   ACCESS_MASK DesiredAccess, ULONG HandleAttributes,
			   ULONG Options);

/* Names without A and W */

#ifdef UNICODE
#define CreateFile		CreateFileW
#define CreateFileMapping	CreateFileMappingW
#define CreateProcess		CreateProcessW
#define DeleteFile		DeleteFileW
#define OpenFileMapping		OpenFileMappingW
typedef STARTUPINFOW		STARTUPINFO, *LPSTARTUPINFO;
#else
#define CreateFile		CreateFileA
#define CreateFileMapping	CreateFileMappingA
#define CreateProcess		CreateProcessA
#define DeleteFile		DeleteFileA
#define OpenFileMapping		OpenFileMappingA
typedef STARTUPINFOA		STARTUPINFO, *LPSTARTUPINFO;
#endif

#define ZeroMemory(destination, length)	memset((destination), 0, (length))
#define CopyMemory(destination, source, length) \
	memcpy((destination), (source), (length))
#define FillMemory(destination, length, fill) \
	memset((destination), (fill), (length))

#ifdef __cplusplus
}
#endif

#endif /* SECTION_WIN32_H */
