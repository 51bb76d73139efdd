// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Win32 library: that it works at all, and the rows of its behaviour that
 * others build on.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <section/win32.h>

#include "kselftest_harness.h"

#define KIB64	0x10000U

static int counter_in_data = 1;

static char name_buffer[48];

static const char *unique(void)
{
	static int counter;

	snprintf(name_buffer, sizeof(name_buffer), "win32-%d-%d",
		 (int)getpid(), counter++);
	return name_buffer;
}

static HANDLE memory(DWORD protect, DWORD size)
{
	return CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, protect, 0, size,
				  NULL);
}

static MEMORY_BASIC_INFORMATION query(const void *address)
{
	MEMORY_BASIC_INFORMATION info;

	memset(&info, 0xa5, sizeof(info));
	if (VirtualQuery(address, &info, sizeof(info)) != sizeof(info))
		memset(&info, 0, sizeof(info));
	return info;
}

static char path_buffer[64];

static HANDLE temporary_file(const void *data, DWORD size)
{
	HANDLE file;
	DWORD done;

	snprintf(path_buffer, sizeof(path_buffer), "/tmp/win32-%d",
		 (int)getpid());
	file = CreateFileA(path_buffer, GENERIC_READ | GENERIC_WRITE, 0, NULL,
			   CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL |
			   FILE_FLAG_DELETE_ON_CLOSE, NULL);
	if (file != INVALID_HANDLE_VALUE && size)
		WriteFile(file, data, size, &done, NULL);
	return file;
}

TEST(names_and_lifetime)
{
	const char *name = unique();
	HANDLE first, second;
	int *a, *b;

	SetLastError(0xdeadbeef);
	first = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE,
				   0, 4090, name);
	ASSERT_NE(NULL, first);
	EXPECT_EQ(0, GetLastError());
	second = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE,
				    0, 100, name);
	ASSERT_NE(NULL, second);
	EXPECT_EQ(ERROR_ALREADY_EXISTS, GetLastError());
	a = MapViewOfFile(first, FILE_MAP_WRITE, 0, 0, 0);
	b = MapViewOfFile(second, FILE_MAP_READ, 0, 0, 0);
	ASSERT_NE(NULL, a);
	ASSERT_NE(NULL, b);
	EXPECT_EQ(0, (uintptr_t)a % KIB64);
	*a = 0x123456;
	EXPECT_EQ(0x123456, *b);
	EXPECT_TRUE(CloseHandle(first));
	EXPECT_TRUE(CloseHandle(second));
	EXPECT_FALSE(CloseHandle(second));
	EXPECT_EQ(ERROR_INVALID_HANDLE, GetLastError());
	/* N3: the name goes with the handles, not with the views. */
	EXPECT_EQ(NULL, OpenFileMappingA(FILE_MAP_READ, FALSE, name));
	EXPECT_EQ(ERROR_FILE_NOT_FOUND, GetLastError());
	EXPECT_EQ(0x123456, *b);
	EXPECT_TRUE(UnmapViewOfFile((char *)a + 100));
	EXPECT_EQ(MEM_FREE, query(a).State);
	EXPECT_FALSE(UnmapViewOfFile(a));
	EXPECT_EQ(ERROR_INVALID_ADDRESS, GetLastError());
	EXPECT_TRUE(UnmapViewOfFile(b));
}

TEST(name_errors)
{
	EXPECT_EQ(NULL, OpenFileMappingA(FILE_MAP_READ, FALSE, NULL));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	EXPECT_EQ(NULL, OpenFileMappingA(FILE_MAP_READ, FALSE, "Foo\\Bar"));
	EXPECT_EQ(ERROR_PATH_NOT_FOUND, GetLastError());
	EXPECT_EQ(NULL, CreateFileMappingA(INVALID_HANDLE_VALUE, NULL,
					   PAGE_READWRITE, 0, 0, NULL));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	EXPECT_EQ(NULL, CreateFileMappingA(NULL, NULL, PAGE_READWRITE, 0, 1,
					   NULL));
	EXPECT_EQ(ERROR_INVALID_HANDLE, GetLastError());
}

TEST(odd_names)
{
	static WCHAR wide[32766];
	UNICODE_STRING string = {
		.Length = 65532, .MaximumLength = 65532, .Buffer = wide,
	};
	LARGE_INTEGER size = { .QuadPart = 1 };
	OBJECT_ATTRIBUTES oa;
	HANDLE h, other;
	char path[80];
	int i;

	snprintf(path, sizeof(path), "Local\\%s/50%%", unique());
	h = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 1,
			       path);
	ASSERT_NE(NULL, h);
	other = OpenFileMappingA(FILE_MAP_READ, FALSE, path + 6);
	EXPECT_NE(NULL, other);
	CloseHandle(other);
	CloseHandle(h);

	/* N15, N16 */
	for (i = 0; i < 32766; i++)
		wide[i] = (WCHAR)('a' + i % 26);
	InitializeObjectAttributes(&oa, &string, 0, NULL, NULL);
	ASSERT_EQ(STATUS_SUCCESS, NtCreateSection(&h, SECTION_ALL_ACCESS, &oa,
						  &size, PAGE_READWRITE,
						  SEC_COMMIT, NULL));
	EXPECT_EQ(STATUS_OBJECT_NAME_COLLISION,
		  NtCreateSection(&other, SECTION_ALL_ACCESS, &oa, &size,
				  PAGE_READWRITE, SEC_COMMIT, NULL));
	EXPECT_EQ(NULL, other);
	wide[32765]++;
	EXPECT_EQ(STATUS_OBJECT_NAME_NOT_FOUND,
		  NtOpenSection(&other, SECTION_MAP_READ, &oa));
	string.Length = 3;
	EXPECT_EQ(STATUS_OBJECT_NAME_INVALID,
		  NtOpenSection(&other, SECTION_MAP_READ, &oa));
	NtClose(h);
}

TEST(any_case)
{
	char name[80];
	WCHAR wide[80];
	LARGE_INTEGER size = { .QuadPart = 1 };
	UNICODE_STRING string;
	OBJECT_ATTRIBUTES oa;
	HANDLE h, other;
	int i;

	snprintf(name, sizeof(name), "Wine Test %s", unique());
	h = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 1,
			       name);
	ASSERT_NE(NULL, h);
	for (i = 0; name[i]; i++)
		wide[i] = (WCHAR)(name[i] >= 'a' && name[i] <= 'z' ?
				  name[i] - 32 : name[i]);
	wide[i] = 0;
	RtlInitUnicodeString(&string, wide);
	InitializeObjectAttributes(&oa, &string, 0, NULL, NULL);
	EXPECT_EQ(STATUS_OBJECT_NAME_NOT_FOUND,
		  NtOpenSection(&other, SECTION_QUERY, &oa));
	oa.Attributes = OBJ_CASE_INSENSITIVE;
	EXPECT_EQ(STATUS_SUCCESS, NtOpenSection(&other, SECTION_QUERY, &oa));
	NtClose(other);
	oa.Attributes |= OBJ_OPENIF;
	EXPECT_EQ(STATUS_OBJECT_NAME_EXISTS,
		  NtCreateSection(&other, SECTION_ALL_ACCESS, &oa, &size,
				  PAGE_READWRITE, SEC_COMMIT, NULL));
	NtClose(other);
	NtClose(h);
}

TEST(rights)
{
	SECTION_BASIC_INFORMATION basic;
	HANDLE full, read, write, none;
	const char *name = unique();
	SIZE_T length = 0;
	void *view;

	full = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE,
				  0, 0x3452, name);
	ASSERT_NE(NULL, full);
	read = OpenFileMappingA(FILE_MAP_READ, FALSE, name);
	write = OpenFileMappingA(FILE_MAP_WRITE, FALSE, name);
	ASSERT_NE(NULL, read);
	ASSERT_NE(NULL, write);
	EXPECT_EQ(NULL, MapViewOfFile(read, FILE_MAP_WRITE, 0, 0, 0));
	EXPECT_EQ(ERROR_ACCESS_DENIED, GetLastError());
	/* M5, M12 */
	EXPECT_EQ(NULL, MapViewOfFile(write, FILE_MAP_READ, 0, 0, 0));
	EXPECT_EQ(ERROR_ACCESS_DENIED, GetLastError());
	view = MapViewOfFile(write, FILE_MAP_WRITE, 0, 0, 0);
	EXPECT_NE(NULL, view);
	EXPECT_EQ(PAGE_READWRITE, query(view).Protect);
	EXPECT_EQ(0x4000, query(view).RegionSize);
	EXPECT_TRUE(UnmapViewOfFile(view));
	EXPECT_TRUE(DuplicateHandle(GetCurrentProcess(), full,
				    GetCurrentProcess(), &none, 0, FALSE, 0));
	EXPECT_EQ(NULL, MapViewOfFile(none, 0, 0, 0, 0));
	EXPECT_EQ(ERROR_ACCESS_DENIED, GetLastError());
	EXPECT_EQ(STATUS_ACCESS_DENIED,
		  NtQuerySection(read, SectionBasicInformation, &basic,
				 sizeof(basic), NULL));
	EXPECT_EQ(STATUS_SUCCESS,
		  NtQuerySection(full, SectionBasicInformation, &basic,
				 sizeof(basic), &length));
	EXPECT_EQ(SEC_COMMIT, basic.Attributes);
	EXPECT_EQ(0x4000, basic.Size.QuadPart);
	EXPECT_EQ(sizeof(basic), length);
	EXPECT_EQ(NULL, MapViewOfFile(full, FILE_MAP_READ, 0, 0, 0x4001));
	EXPECT_EQ(ERROR_ACCESS_DENIED, GetLastError());
	EXPECT_EQ(NULL, MapViewOfFile(full, FILE_MAP_READ, 0, 0x1000, 1));
	EXPECT_EQ(ERROR_MAPPED_ALIGNMENT, GetLastError());
	CloseHandle(full);
	CloseHandle(read);
	CloseHandle(write);
	CloseHandle(none);
}

TEST(copy_on_write)
{
	HANDLE h = memory(PAGE_READWRITE, 0x4000);
	char *copy, *shared;
	DWORD old;

	ASSERT_NE(NULL, h);
	shared = MapViewOfFile(h, FILE_MAP_WRITE, 0, 0, 0);
	copy = MapViewOfFile(h, FILE_MAP_COPY, 0, 0, 0);
	ASSERT_NE(NULL, shared);
	ASSERT_NE(NULL, copy);
	EXPECT_EQ(PAGE_WRITECOPY, query(copy).Protect);
	EXPECT_EQ(0x4000, query(copy).RegionSize);
	copy[0x1000] = 1;
	shared[0] = 2;
	shared[0x1000] = 3;
	EXPECT_EQ(2, copy[0]);
	EXPECT_EQ(1, copy[0x1000]);
	/* W4 */
	EXPECT_EQ(0x1000, query(copy).RegionSize);
	EXPECT_EQ(PAGE_WRITECOPY, query(copy).Protect);
	EXPECT_EQ(PAGE_READWRITE, query(copy + 0x1000).Protect);
	EXPECT_EQ(0x1000, query(copy + 0x1000).RegionSize);
	EXPECT_EQ(PAGE_WRITECOPY, query(copy + 0x2000).Protect);
	EXPECT_EQ(PAGE_WRITECOPY,
		  query(copy + 0x1000).AllocationProtect);
	/* T4, W5 */
	EXPECT_FALSE(VirtualProtect(copy, 0x1000, PAGE_READWRITE,
				    &old));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	EXPECT_TRUE(VirtualProtect(copy, 0x4000, PAGE_READONLY, &old));
	EXPECT_EQ(PAGE_WRITECOPY, old);
	EXPECT_EQ(0x4000, query(copy).RegionSize);
	EXPECT_TRUE(VirtualProtect(copy, 0x4000, PAGE_WRITECOPY, &old));
	EXPECT_EQ(PAGE_READWRITE, query(copy + 0x1000).Protect);
	EXPECT_EQ(1, copy[0x1000]);
	UnmapViewOfFile(shared);
	UnmapViewOfFile(copy);
	CloseHandle(h);
}

TEST(shared_view_becomes_copy)
{
	HANDLE h = memory(PAGE_READWRITE, 0x4000);
	char *view, *other;
	DWORD old;

	view = MapViewOfFile(h, FILE_MAP_WRITE, 0, 0, 0);
	other = MapViewOfFile(h, FILE_MAP_READ, 0, 0, 0);
	ASSERT_NE(NULL, view);
	ASSERT_NE(NULL, other);
	CloseHandle(h);
	view[0] = 1;
	/* W6 */
	ASSERT_TRUE(VirtualProtect(view, 0x2000, PAGE_WRITECOPY, &old));
	EXPECT_EQ(PAGE_READWRITE, old);
	EXPECT_EQ(1, view[0]);
	view[0] = 2;
	view[0x2000] = 3;
	EXPECT_EQ(1, other[0]);
	EXPECT_EQ(3, other[0x2000]);
	EXPECT_EQ(PAGE_READWRITE, query(view).Protect);
	EXPECT_EQ(PAGE_WRITECOPY, query(view + 0x1000).Protect);
	/* And back: what was copied stays a copy, the rest is shared again. */
	ASSERT_TRUE(VirtualProtect(view, 0x2000, PAGE_READWRITE, &old));
	EXPECT_EQ(2, view[0]);
	view[0x1000] = 4;
	EXPECT_EQ(4, other[0x1000]);
	/* T3 */
	EXPECT_FALSE(VirtualProtect(other, 1, PAGE_READWRITE, &old));
	EXPECT_TRUE(VirtualProtect(other, 1, PAGE_WRITECOPY, &old));
	other[5] = 9;
	EXPECT_EQ(0, view[5]);
	UnmapViewOfFile(view);
	UnmapViewOfFile(other);
}

TEST(reserve_and_commit)
{
	HANDLE h = memory(PAGE_READWRITE | SEC_RESERVE, 0x100000);
	MEMORY_BASIC_INFORMATION info;
	char *one, *two;
	DWORD old;

	ASSERT_NE(NULL, h);
	one = MapViewOfFile(h, FILE_MAP_WRITE, 0, 0, 0);
	two = MapViewOfFile(h, FILE_MAP_WRITE, 0, 0, 0);
	ASSERT_NE(NULL, one);
	ASSERT_NE(NULL, two);
	info = query(one);
	EXPECT_EQ(MEM_RESERVE, info.State);
	EXPECT_EQ(0, info.Protect);
	EXPECT_EQ(PAGE_READWRITE, info.AllocationProtect);
	EXPECT_EQ(MEM_MAPPED, info.Type);
	EXPECT_EQ(0x100000, info.RegionSize);
	/* T11 */
	EXPECT_FALSE(VirtualProtect(one, 1, PAGE_READONLY, &old));
	/* L3, L4 */
	EXPECT_EQ(one, VirtualAlloc(one, 0x10000, MEM_COMMIT, PAGE_READONLY));
	info = query(one);
	EXPECT_EQ(MEM_COMMIT, info.State);
	EXPECT_EQ(PAGE_READONLY, info.Protect);
	EXPECT_EQ(0x10000, info.RegionSize);
	EXPECT_EQ(MEM_RESERVE, query(one + 0x10000).State);
	info = query(two);
	EXPECT_EQ(MEM_COMMIT, info.State);
	EXPECT_EQ(PAGE_READWRITE, info.Protect);
	EXPECT_EQ(0x10000, info.RegionSize);
	two[5] = 6;
	EXPECT_EQ(6, one[5]);
	/* L7, L11, L12, L13 */
	EXPECT_EQ(one, VirtualAlloc(one, 0x10000, MEM_COMMIT, PAGE_READWRITE));
	one[5] = 7;
	EXPECT_FALSE(VirtualFree(one, 0, MEM_RELEASE));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	EXPECT_EQ(NULL, VirtualAlloc(one, 0x110000, MEM_COMMIT,
				     PAGE_READWRITE));
	EXPECT_EQ(ERROR_INVALID_ADDRESS, GetLastError());
	EXPECT_EQ(NULL, VirtualAlloc(one + 0x20000, 0x1000, MEM_RESERVE,
				     PAGE_READWRITE));
	EXPECT_EQ(ERROR_INVALID_ADDRESS, GetLastError());
	UnmapViewOfFile(one);
	UnmapViewOfFile(two);
	CloseHandle(h);
}

TEST(private_memory)
{
	PVOID base;
	SIZE_T size;
	char *p, *q;
	DWORD old;

	p = VirtualAlloc(NULL, 0xfffc, MEM_RESERVE, PAGE_READWRITE);
	ASSERT_NE(NULL, p);
	EXPECT_EQ(0, (uintptr_t)p % KIB64);
	EXPECT_EQ(MEM_RESERVE, query(p).State);
	EXPECT_EQ(0x10000, query(p).RegionSize);
	EXPECT_EQ(0, query(p).Protect);
	EXPECT_FALSE(VirtualProtect(p, 1, PAGE_READONLY, &old));
	EXPECT_EQ(ERROR_INVALID_ADDRESS, GetLastError());
	EXPECT_EQ(p + 0x1000, VirtualAlloc(p + 0x1001, 10, MEM_COMMIT,
					   PAGE_READWRITE));
	p[0x1000] = 1;
	EXPECT_EQ(0x1000, query(p).RegionSize);
	EXPECT_EQ(0x1000, query(p + 0x1000).RegionSize);
	EXPECT_EQ(p, query(p + 0x1000).AllocationBase);
	EXPECT_FALSE(VirtualProtect(p + 0x1000, 1, PAGE_WRITECOPY, &old));
	EXPECT_TRUE(VirtualFree(p + 0x1000, 1, MEM_DECOMMIT));
	EXPECT_EQ(MEM_RESERVE, query(p + 0x1000).State);
	EXPECT_EQ(p, VirtualAlloc(p, 0x10000, MEM_COMMIT, PAGE_READWRITE));
	EXPECT_EQ(0, p[0x1000]);
	/* L26, L25, L27 */
	EXPECT_FALSE(VirtualFree(p + 0x1000, 0, MEM_RELEASE));
	EXPECT_EQ(ERROR_INVALID_ADDRESS, GetLastError());
	EXPECT_FALSE(VirtualFree(p, 1, MEM_RELEASE));
	EXPECT_EQ(ERROR_INVALID_PARAMETER, GetLastError());
	base = p + 0x4000;
	size = 0x1000;
	EXPECT_EQ(STATUS_SUCCESS, NtFreeVirtualMemory(NtCurrentProcess(), &base,
						      &size, MEM_RELEASE));
	EXPECT_EQ(p + 0x5000, query(p + 0x5000).AllocationBase);
	EXPECT_EQ(0x4000, query(p).RegionSize);
	EXPECT_TRUE(VirtualFree(p, 0, MEM_RELEASE));
	EXPECT_TRUE(VirtualFree(p + 0x5000, 0, MEM_RELEASE));
	EXPECT_EQ(MEM_FREE, query(p).State);
	/* L20, where there is room */
	p = VirtualAlloc(NULL, 0x20000, MEM_RESERVE, PAGE_READWRITE);
	EXPECT_TRUE(VirtualFree(p, 0, MEM_RELEASE));
	q = VirtualAlloc(p + 0x1234, 0x10000, MEM_RESERVE, PAGE_READWRITE);
	EXPECT_EQ(p, q);
	EXPECT_EQ(0x12000, query(q).RegionSize);
	EXPECT_TRUE(VirtualFree(q, 0, MEM_RELEASE));
}

TEST(files)
{
	char data[36] = "contents of a file";
	HANDLE file = temporary_file(data, sizeof(data));
	SECTION_BASIC_INFORMATION basic;
	HANDLE h, second;
	char *view;

	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	h = CreateFileMappingA(file, NULL, PAGE_READONLY, 0, 37, NULL);
	EXPECT_EQ(NULL, h);
	EXPECT_EQ(ERROR_NOT_ENOUGH_MEMORY, GetLastError());
	h = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 0, NULL);
	ASSERT_NE(NULL, h);
	EXPECT_EQ(STATUS_SUCCESS, NtQuerySection(h, SectionBasicInformation,
						 &basic, sizeof(basic), NULL));
	EXPECT_EQ(36, basic.Size.QuadPart);
	EXPECT_EQ(SEC_FILE, basic.Attributes);
	EXPECT_EQ(NULL, MapViewOfFile(h, FILE_MAP_READ, 0, 0, 37));
	EXPECT_EQ(ERROR_ACCESS_DENIED, GetLastError());
	view = MapViewOfFile(h, FILE_MAP_WRITE, 0, 0, 36);
	ASSERT_NE(NULL, view);
	EXPECT_STREQ(data, view);
	view[0] = 'C';
	EXPECT_TRUE(FlushViewOfFile(view, 0));
	SetFilePointer(file, 10, NULL, FILE_BEGIN);
	EXPECT_FALSE(SetEndOfFile(file));
	EXPECT_EQ(ERROR_USER_MAPPED_FILE, GetLastError());
	/* L9 */
	EXPECT_EQ(NULL, VirtualAlloc(view, 1, MEM_COMMIT, PAGE_READWRITE));
	EXPECT_EQ(ERROR_ACCESS_DENIED, GetLastError());
	UnmapViewOfFile(view);
	/* C8 */
	second = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 5000, NULL);
	ASSERT_NE(NULL, second);
	EXPECT_EQ(5000, GetFileSize(file, NULL));
	CloseHandle(second);
	CloseHandle(h);
	EXPECT_EQ(FILE_TYPE_DISK, GetFileType(file));
	EXPECT_TRUE(SetEndOfFile(file));
	EXPECT_EQ(10, GetFileSize(file, NULL));
	CloseHandle(file);
	EXPECT_NE(0, access(path_buffer, F_OK));
}

TEST(extend)
{
	HANDLE file = temporary_file("x", 1), h;
	LARGE_INTEGER size = { .QuadPart = 0x1000 };
	SIZE_T length = 0x20000;
	PVOID base = NULL;

	ASSERT_EQ(STATUS_SUCCESS,
		  NtCreateSection(&h, SECTION_ALL_ACCESS, NULL, &size,
				  PAGE_READWRITE, SEC_COMMIT, file));
	ASSERT_EQ(STATUS_SUCCESS,
		  NtMapViewOfSection(h, NtCurrentProcess(), &base, 0, 0, NULL,
				     &length, ViewUnmap, MEM_RESERVE,
				     PAGE_READWRITE));
	EXPECT_EQ(0x20000, length);
	EXPECT_EQ(0x1000, query(base).RegionSize);
	EXPECT_EQ(MEM_RESERVE, query((char *)base + 0x1000).State);
	size.QuadPart = 0x8000;
	EXPECT_EQ(STATUS_SUCCESS, NtExtendSection(h, &size));
	EXPECT_EQ(0x8000, query(base).RegionSize);
	((char *)base)[0x7fff] = 1;
	EXPECT_EQ(STATUS_SUCCESS,
		  NtUnmapViewOfSection(NtCurrentProcess(), base));
	NtClose(h);
	CloseHandle(file);
}

/* What the child of the next test does; its exit code says what went wrong. */
static int be_child(const char *number)
{
	HANDLE h = (HANDLE)(uintptr_t)strtoull(number, NULL, 16);
	int *view;

	if (MapViewOfFile(h, FILE_MAP_READ, 0, 0, 0))
		return 1;
	view = MapViewOfFile(h, FILE_MAP_WRITE, 0, 0, 0);
	if (!view)
		return 2;
	*view += 1;
	return 42;
}

TEST(children)
{
	SECURITY_ATTRIBUTES inherit = { sizeof(inherit), NULL, TRUE };
	STARTUPINFOA startup = { .cb = sizeof(startup) };
	PROCESS_INFORMATION process;
	char line[512], self[256];
	HANDLE h, write;
	int *view;
	DWORD code;

	h = CreateFileMappingA(INVALID_HANDLE_VALUE, &inherit, PAGE_READWRITE,
			       0, 4096, NULL);
	ASSERT_NE(NULL, h);
	ASSERT_TRUE(DuplicateHandle(GetCurrentProcess(), h, GetCurrentProcess(),
				    &write, FILE_MAP_WRITE, TRUE, 0));
	view = MapViewOfFile(h, FILE_MAP_WRITE, 0, 0, 0);
	ASSERT_NE(NULL, view);
	*view = 7;
	self[readlink("/proc/self/exe", self, sizeof(self) - 1)] = 0;
	snprintf(line, sizeof(line), "\"%s\" child %llx", self,
		 (unsigned long long)(uintptr_t)write);
	ASSERT_TRUE(CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL,
				   &startup, &process));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(process.hProcess, 20000));
	EXPECT_TRUE(GetExitCodeProcess(process.hProcess, &code));
	EXPECT_EQ(42, code);
	EXPECT_EQ(8, *view);
	EXPECT_TRUE(CloseHandle(process.hThread));
	EXPECT_TRUE(CloseHandle(process.hProcess));
	EXPECT_FALSE(CreateProcessA("/nowhere", NULL, NULL, NULL, FALSE, 0,
				    NULL, NULL, &startup, &process));
	EXPECT_EQ(ERROR_FILE_NOT_FOUND, GetLastError());
	CloseHandle(write);
	CloseHandle(h);
	UnmapViewOfFile(view);
}

TEST(process_memory)
{
	char *code = VirtualAlloc(NULL, 0x2000, MEM_COMMIT, PAGE_EXECUTE_READ);
	char *ro = VirtualAlloc(NULL, 0x2000, MEM_COMMIT, PAGE_READONLY);
	SIZE_T count = 77;
	char byte = 5;

	ASSERT_NE(NULL, code);
	ASSERT_NE(NULL, ro);
	EXPECT_TRUE(WriteProcessMemory(GetCurrentProcess(), code, &byte, 1,
				       &count));
	EXPECT_EQ(1, count);
	EXPECT_EQ(5, code[0]);
	EXPECT_EQ(PAGE_EXECUTE_READ, query(code).Protect);
	count = 77;
	EXPECT_FALSE(WriteProcessMemory(GetCurrentProcess(), ro, &byte, 1,
					&count));
	EXPECT_EQ(ERROR_NOACCESS, GetLastError());
	EXPECT_EQ(77, count);
	EXPECT_FALSE(ReadProcessMemory(GetCurrentProcess(), NULL, &byte, 1,
				       &count));
	EXPECT_EQ(ERROR_PARTIAL_COPY, GetLastError());
	EXPECT_EQ(0, count);
	VirtualFree(code, 0, MEM_RELEASE);
	VirtualFree(ro, 0, MEM_RELEASE);
}

static sigjmp_buf fault_env;
static void *fault_address;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	__atomic_store_n(&fault_address, info->si_addr, __ATOMIC_SEQ_CST);
	if (!SectionGuardPageFault(info->si_addr))
		siglongjmp(fault_env, 1);
}

TEST(guard_pages)
{
	struct sigaction action = {
		.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO,
	};
	HANDLE h = memory(PAGE_READWRITE, 0x2000);
	char *view;
	PVOID base = NULL;
	SIZE_T size = 0;

	sigaction(SIGSEGV, &action, NULL);
	ASSERT_EQ(STATUS_SUCCESS,
		  NtMapViewOfSection(h, NtCurrentProcess(), &base, 0, 0, NULL,
				     &size, ViewShare, 0,
				     PAGE_READWRITE | PAGE_GUARD));
	view = base;
	EXPECT_EQ(PAGE_READWRITE | PAGE_GUARD, query(base).Protect);
	__atomic_store_n(&view[7], 1, __ATOMIC_SEQ_CST);
	EXPECT_EQ(base + 7, __atomic_load_n(&fault_address, __ATOMIC_SEQ_CST));
	EXPECT_EQ(PAGE_READWRITE, query(base).Protect);
	EXPECT_EQ(0x1000, query(base).RegionSize);
	EXPECT_EQ(PAGE_READWRITE | PAGE_GUARD, query(base + 0x1000).Protect);
	UnmapViewOfFile(base);
	if (!sigsetjmp(fault_env, 1)) {
		__atomic_store_n(&view[7], 1, __ATOMIC_SEQ_CST);
		EXPECT_TRUE(false);
	}
	signal(SIGSEGV, SIG_DFL);
	CloseHandle(h);
}

static int in_child(int (*child)(void *), void *arg)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(child(arg));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

struct three {
	HANDLE h;
	int *shared, *copy, *unmapped;
};

static int use_in_child(void *arg)
{
	struct three *t = arg;
	int *more;

	if (*t->shared != 1 || *t->copy != 2 || UnmapViewOfFile(t->unmapped) ||
	    query(t->unmapped).State != MEM_FREE ||
	    query(t->copy).Protect != PAGE_READWRITE)
		return 1;
	*t->shared = 11;
	*t->copy = 12;
	more = MapViewOfFile(t->h, FILE_MAP_READ, 0, 0, 0);
	if (!more || *more != 11 || !UnmapViewOfFile(t->shared) ||
	    !UnmapViewOfFile(t->copy))
		return 2;
	return 0;
}

TEST(fork_rule)
{
	HANDLE h = memory(PAGE_READWRITE, 0x1000);
	PVOID base = NULL;
	SIZE_T size = 0;
	struct three t = {
		.h = h,
		.shared = MapViewOfFile(h, FILE_MAP_WRITE, 0, 0, 0),
		.copy = MapViewOfFile(h, FILE_MAP_COPY, 0, 0, 0),
	};

	ASSERT_EQ(STATUS_SUCCESS,
		  NtMapViewOfSection(h, NtCurrentProcess(), &base, 0, 0, NULL,
				     &size, ViewUnmap, 0, PAGE_READWRITE));
	t.unmapped = base;
	*t.shared = 1;
	*t.copy = 2;
	EXPECT_EQ(0, in_child(use_in_child, &t));
	EXPECT_EQ(11, *t.shared);
	EXPECT_EQ(2, *t.copy);
	EXPECT_EQ(11, *t.unmapped);
	UnmapViewOfFile(t.shared);
	UnmapViewOfFile(t.copy);
	UnmapViewOfFile(t.unmapped);
	CloseHandle(h);
}

TEST(based)
{
	LARGE_INTEGER size = { .QuadPart = 0x1000 };
	SECTION_BASIC_INFORMATION one, two;
	HANDLE a, b;
	PVOID base = NULL;
	SIZE_T length = 0;

	ASSERT_EQ(STATUS_SUCCESS,
		  NtCreateSection(&a, SECTION_ALL_ACCESS, NULL, &size,
				  PAGE_READWRITE, SEC_COMMIT | SEC_BASED,
				  NULL));
	ASSERT_EQ(STATUS_SUCCESS,
		  NtCreateSection(&b, SECTION_ALL_ACCESS, NULL, &size,
				  PAGE_READWRITE, SEC_COMMIT | SEC_BASED,
				  NULL));
	NtQuerySection(a, SectionBasicInformation, &one, sizeof(one), NULL);
	NtQuerySection(b, SectionBasicInformation, &two, sizeof(two), NULL);
	EXPECT_EQ(SEC_COMMIT | SEC_BASED, one.Attributes);
	EXPECT_EQ(0x10000, one.BaseAddress - two.BaseAddress);
	ASSERT_EQ(STATUS_SUCCESS,
		  NtMapViewOfSection(a, NtCurrentProcess(), &base, 0, 0, NULL,
				     &length, ViewShare, 0, PAGE_READWRITE));
	EXPECT_EQ(one.BaseAddress, base);
	base = NULL;
	EXPECT_EQ(STATUS_CONFLICTING_ADDRESSES,
		  NtMapViewOfSection(a, NtCurrentProcess(), &base, 0, 0, NULL,
				     &length, ViewShare, 0, PAGE_READWRITE));
	UnmapViewOfFile(one.BaseAddress);
	NtClose(a);
	NtClose(b);
}

TEST(places)
{
	HANDLE h = memory(PAGE_READWRITE, 0x1000);
	PVOID base = NULL;
	SIZE_T size = 0;
	void *view;

	ASSERT_EQ(STATUS_SUCCESS,
		  NtMapViewOfSection(h, NtCurrentProcess(), &base, 4, 0, NULL,
				     &size, ViewShare, 0, PAGE_READWRITE));
	EXPECT_GT(1U << 28, (uintptr_t)base);
	EXPECT_EQ(0, (uintptr_t)base % KIB64);
	view = MapViewOfFileEx(h, FILE_MAP_READ, 0, 0, 0, base);
	EXPECT_EQ(NULL, view);
	EXPECT_EQ(ERROR_INVALID_ADDRESS, GetLastError());
	view = MapViewOfFileEx(h, FILE_MAP_READ, 0, 0, 0, base + 0x1000);
	EXPECT_EQ(NULL, view);
	EXPECT_EQ(ERROR_MAPPED_ALIGNMENT, GetLastError());
	UnmapViewOfFile(base);
	view = MapViewOfFileEx(h, FILE_MAP_READ, 0, 0, 0, base);
	EXPECT_EQ(base, view);
	UnmapViewOfFile(view);
	base = NULL;
	size = 0;
	EXPECT_EQ(STATUS_NO_MEMORY,
		  NtMapViewOfSection(h, NtCurrentProcess(), &base,
				     20, 0, NULL, &size, ViewShare,
				     0, PAGE_READWRITE));
	EXPECT_EQ(STATUS_INVALID_PARAMETER_4,
		  NtMapViewOfSection(h, NtCurrentProcess(), &base, 22, 0, NULL,
				     &size, ViewShare, 0, PAGE_READWRITE));
	CloseHandle(h);
}

TEST(cache_bits)
{
	HANDLE h = memory(PAGE_READWRITE | SEC_COMMIT | SEC_NOCACHE, 0x20000);
	char *view;

	ASSERT_NE(NULL, h);
	view = MapViewOfFile(h, FILE_MAP_WRITE, 0, 0, 0);
	ASSERT_NE(NULL, view);
	EXPECT_EQ(PAGE_READWRITE | PAGE_NOCACHE, query(view).Protect);
	EXPECT_EQ(PAGE_READWRITE | PAGE_NOCACHE, query(view).AllocationProtect);
	EXPECT_EQ(view, VirtualAlloc(view, 0x10000, MEM_COMMIT, PAGE_READONLY));
	EXPECT_EQ(PAGE_READONLY | PAGE_NOCACHE, query(view).Protect);
	EXPECT_EQ(view, VirtualAlloc(view, 0x20000, MEM_RESET, PAGE_READONLY));
	UnmapViewOfFile(view);
	CloseHandle(h);
}

TEST(same_files)
{
	HANDLE h = memory(PAGE_READWRITE, 0x2000);
	char *one = MapViewOfFile(h, FILE_MAP_READ, 0, 0, 0);
	char *two = MapViewOfFile(h, FILE_MAP_READ, 0, 0, 0);

	EXPECT_EQ(STATUS_SUCCESS, NtAreMappedFilesTheSame(one, one + 0x1001));
	EXPECT_EQ(STATUS_NOT_SAME_DEVICE, NtAreMappedFilesTheSame(one, two));
	EXPECT_EQ(STATUS_INVALID_ADDRESS, NtAreMappedFilesTheSame(one, NULL));
	EXPECT_EQ(STATUS_CONFLICTING_ADDRESSES,
		  NtAreMappedFilesTheSame(one, &h));
	UnmapViewOfFile(one);
	UnmapViewOfFile(two);
	CloseHandle(h);
}

TEST(code)
{
	HANDLE h = memory(PAGE_EXECUTE_READWRITE, 0x1000);
	unsigned char *code, *run;

	ASSERT_NE(NULL, h);
	code = MapViewOfFile(h, FILE_MAP_WRITE, 0, 0, 0);
	run = MapViewOfFile(h, FILE_MAP_READ | FILE_MAP_EXECUTE, 0, 0, 0);
	ASSERT_NE(NULL, code);
	ASSERT_NE(NULL, run);
	memcpy(code, "\xb8\x2a\0\0\0\xc3", 6);	/* return 42 */
	EXPECT_EQ(PAGE_EXECUTE_READ, query(run).Protect);
	EXPECT_EQ(42, ((int (*)(void))run)());
	UnmapViewOfFile(code);
	UnmapViewOfFile(run);
	CloseHandle(h);
}

TEST(other_memory)
{
	MEMORY_BASIC_INFORMATION info = query(&counter_in_data);
	char *page = aligned_alloc(0x1000, 0x1000);
	DWORD old;

	EXPECT_EQ(MEM_COMMIT, info.State);
	EXPECT_EQ(PAGE_READWRITE, info.Protect);
	EXPECT_EQ(MEM_FREE, query((void *)0x10000).State);
	EXPECT_LT(0x1000, query((void *)0x10000).RegionSize);
	EXPECT_TRUE(VirtualProtect(page, 1, PAGE_READONLY, &old));
	EXPECT_EQ(PAGE_READWRITE, old);
	EXPECT_TRUE(VirtualProtect(page, 1, PAGE_READWRITE, &old));
	EXPECT_EQ(PAGE_READONLY, old);
	EXPECT_FALSE(UnmapViewOfFile(page));
	free(page);
}

/* A child that others act on, until its standard input ends. */
static int be_target(void)
{
	char byte;

	while (read(0, &byte, 1) > 0)
		;
	return 0;
}

static bool start_target(PROCESS_INFORMATION *process, int *keep)
{
	STARTUPINFOA startup = {
		.cb = sizeof(startup), .dwFlags = STARTF_USESTDHANDLES,
	};
	char line[512], self[256];
	int ends[2];
	BOOL done;

	if (pipe(ends))
		return false;
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	self[readlink("/proc/self/exe", self, sizeof(self) - 1)] = 0;
	snprintf(line, sizeof(line), "\"%s\" target", self);
	startup.hStdInput = SectionHandleFromDescriptor(ends[0]);
	done = CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL,
			      &startup, process);
	CloseHandle(startup.hStdInput);
	*keep = ends[1];
	return done;
}

TEST(another_process)
{
	MEMORY_BASIC_INFORMATION info;
	PROCESS_INFORMATION process;
	char text[6] = "hello", back[6] = "";
	PVOID base = NULL;
	SIZE_T size = 0, count;
	char *remote, *view;
	HANDLE h, p;
	DWORD old, code;
	int keep;

	ASSERT_TRUE(start_target(&process, &keep));
	p = process.hProcess;
	remote = VirtualAllocEx(p, NULL, 0x3000, MEM_RESERVE | MEM_COMMIT,
				PAGE_READWRITE);
	ASSERT_NE(NULL, remote);
	EXPECT_TRUE(WriteProcessMemory(p, remote, text, sizeof(text), &count));
	EXPECT_EQ(sizeof(text), count);
	EXPECT_TRUE(ReadProcessMemory(p, remote, back, sizeof(back), &count));
	EXPECT_STREQ(text, back);
	EXPECT_TRUE(VirtualProtectEx(p, remote + 0x1000, 1, PAGE_READONLY,
				     &old));
	EXPECT_EQ(PAGE_READWRITE, old);
	EXPECT_EQ(sizeof(info), VirtualQueryEx(p, remote, &info, sizeof(info)));
	EXPECT_EQ(0x1000, info.RegionSize);
	EXPECT_EQ(PAGE_READWRITE, info.Protect);
	/* O6 */
	EXPECT_FALSE(WriteProcessMemory(p, remote + 0x1000, text, 1, NULL));
	EXPECT_EQ(ERROR_NOACCESS, GetLastError());
	/* O7 */
	EXPECT_TRUE(VirtualProtectEx(p, remote, 0x3000, PAGE_EXECUTE_READ,
				     &old));
	EXPECT_TRUE(WriteProcessMemory(p, remote, text, 1, NULL));
	EXPECT_TRUE(VirtualFreeEx(p, remote, 0, MEM_RELEASE));
	EXPECT_FALSE(VirtualFreeEx(p, remote, 0, MEM_RELEASE));
	EXPECT_EQ(ERROR_INVALID_ADDRESS, GetLastError());
	/* O1, O2 */
	h = memory(PAGE_READWRITE, 0x2000);
	view = MapViewOfFile(h, FILE_MAP_WRITE, 0, 0, 0);
	memcpy(view, "section", 8);
	EXPECT_EQ(STATUS_SUCCESS,
		  NtMapViewOfSection(h, p, &base, 0, 0, NULL, &size, ViewShare,
				     0, PAGE_READONLY));
	EXPECT_EQ(0x2000, size);
	EXPECT_TRUE(ReadProcessMemory(p, base, back, sizeof(back), &count));
	EXPECT_EQ(0, memcmp(back, "sectio", 6));
	EXPECT_EQ(sizeof(info), VirtualQueryEx(p, base, &info, sizeof(info)));
	EXPECT_EQ(MEM_MAPPED, info.Type);
	EXPECT_EQ(PAGE_READONLY, info.AllocationProtect);
	EXPECT_EQ(STATUS_SUCCESS, NtUnmapViewOfSection(p, base));
	EXPECT_EQ(STATUS_NOT_MAPPED_VIEW, NtUnmapViewOfSection(p, base));
	UnmapViewOfFile(view);
	CloseHandle(h);
	close(keep);
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(p, 20000));
	EXPECT_TRUE(GetExitCodeProcess(p, &code));
	EXPECT_EQ(0, code);
	EXPECT_EQ(NULL, VirtualAllocEx(p, NULL, 1, MEM_COMMIT, PAGE_READONLY));
	EXPECT_EQ(ERROR_ACCESS_DENIED, GetLastError());
	CloseHandle(process.hThread);
	CloseHandle(p);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "child"))
		return be_child(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "target"))
		return be_target();
	return test_harness_run(argc, argv);
}
