// SPDX-License-Identifier: GPL-2.0-only
/*
 * Win32 library: other processes (O), and what they inherit.
 *
 * The other processes are this program again, started by CreateProcess(): see
 * main() for what they do.
 */
#include "win32_util.h"

#define BYTES	0x4000

/* Exit codes of the child that looks at a handle, beside sets of MAY_*. */
#define CHILD_NOT_OPEN		0x40
#define CHILD_NO_SECTION	0x41

static const char *self_path(void)
{
	static char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[length < 0 ? 0 : length] = 0;
	return path;
}

/* Starts this program with these arguments. */
static BOOL start(const char *arguments, BOOL inherit,
		  PROCESS_INFORMATION *process)
{
	char command[PATH_MAX + 256];
	STARTUPINFOA startup = { .cb = sizeof(startup) };

	snprintf(command, sizeof(command), "\"%s\" %s", self_path(), arguments);
	return CreateProcessA(NULL, command, NULL, NULL, inherit, 0, NULL,
			      NULL, &startup, process);
}

/* Waits for its end: the exit code, or a number that is none. */
static DWORD finish(PROCESS_INFORMATION *process)
{
	DWORD code = SEC_POISON32;

	if (WaitForSingleObject(process->hProcess, INFINITE) != WAIT_OBJECT_0 ||
	    !GetExitCodeProcess(process->hProcess, &code))
		code = SEC_POISON32;
	CloseHandle(process->hThread);
	CloseHandle(process->hProcess);
	return code;
}

static DWORD run(const char *arguments, BOOL inherit)
{
	PROCESS_INFORMATION process;

	return start(arguments, inherit, &process) ? finish(&process) :
						     SEC_POISON32;
}

/* A child that does nothing, for whom the parent does everything. */
FIXTURE(target) {
	PROCESS_INFORMATION info;
	HANDLE process;
	HANDLE section;
	unsigned char *view;
};

FIXTURE_SETUP(target)
{
	self->section = nt_section(PAGE_EXECUTE_READWRITE, BYTES, NULL);
	ASSERT_NE(NULL, self->section);
	self->view = view_of(self->section, FILE_MAP_WRITE);
	ASSERT_NE(NULL, self->view);
	memset(self->view, 0x5a, BYTES);
	ASSERT_TRUE(start("idle", FALSE, &self->info));
	self->process = self->info.hProcess;
}

FIXTURE_TEARDOWN(target)
{
	EXPECT_TRUE(TerminateProcess(self->process, 7));
	EXPECT_EQ(7, finish(&self->info));
	EXPECT_TRUE(UnmapViewOfFile(self->view));
	CloseHandle(self->section);
}

static NTSTATUS map_there(HANDLE section, HANDLE process, DWORD protect,
			  void *view)
{
	PVOID base = NULL;
	SIZE_T size = 0;
	NTSTATUS status;

	status = NtMapViewOfSection(section, process, &base, 0, 0, NULL, &size,
				    ViewShare, 0, protect);
	memcpy(view, &base, sizeof(base));
	return status;
}

static MEMORY_BASIC_INFORMATION query_there(HANDLE process, const void *address)
{
	MEMORY_BASIC_INFORMATION info;

	memset(&info, SEC_POISON, sizeof(info));
	if (VirtualQueryEx(process, address, &info, sizeof(info)) !=
	    sizeof(info))
		memset(&info, SEC_POISON, sizeof(info));
	return info;
}

static DWORD state_there(HANDLE process, const void *address)
{
	return query_there(process, address).State;
}

static DWORD protection_there(HANDLE process, const void *address)
{
	return query_there(process, address).Protect;
}

/* The byte there, or -1. */
static int peek_there(HANDLE process, const void *address)
{
	unsigned char byte;
	SIZE_T done;

	if (!ReadProcessMemory(process, address, &byte, 1, &done) || done != 1)
		return -1;
	return byte;
}

static BOOL poke_there(HANDLE process, void *address, unsigned char byte)
{
	SIZE_T done;

	return WriteProcessMemory(process, address, &byte, 1, &done) &&
	       done == 1;
}

static BOOL protect_there(HANDLE process, void *address, SIZE_T size,
			  DWORD protect)
{
	DWORD old;

	return VirtualProtectEx(process, address, size, protect, &old);
}

static void *alloc_there(HANDLE process, SIZE_T size, DWORD protect)
{
	return VirtualAllocEx(process, NULL, size, MEM_RESERVE | MEM_COMMIT,
			      protect);
}

TEST_F(target, O1_map_there)
{
	MEMORY_BASIC_INFORMATION info;
	unsigned char bytes[BYTES];
	unsigned char *there;
	SIZE_T done;
	HANDLE weak;

	ASSERT_EQ(STATUS_SUCCESS,
		  map_there(self->section, self->process, PAGE_READWRITE,
			    &there));
	EXPECT_NE(NULL, there);
	EXPECT_EQ(0, (uintptr_t)there % GRAIN);
	ASSERT_TRUE(ReadProcessMemory(self->process, there, bytes, BYTES,
				      &done));
	EXPECT_EQ(BYTES, done);
	EXPECT_TRUE(sec_all_bytes(bytes, 0x5a, BYTES));
	EXPECT_EQ(0, poke(self->view + 0x1111, 1));
	EXPECT_EQ(1, peek_there(self->process, there + 0x1111));
	EXPECT_TRUE(poke_there(self->process, there + 0x2222, 2));
	EXPECT_EQ(2, peek(self->view + 0x2222));
	info = query_there(self->process, there + 0x1000);
	EXPECT_EQ(MEM_COMMIT, info.State);
	EXPECT_EQ(MEM_MAPPED, info.Type);
	EXPECT_EQ(PAGE_READWRITE, info.Protect);
	EXPECT_EQ(PAGE_READWRITE, info.AllocationProtect);
	EXPECT_EQ(there, info.AllocationBase);
	EXPECT_EQ(BYTES - 0x1000, info.RegionSize);

	/* Not without PROCESS_VM_OPERATION. */
	weak = OpenProcess(PROCESS_QUERY_INFORMATION, FALSE,
			   self->info.dwProcessId);
	ASSERT_NE(NULL, weak);
	EXPECT_EQ(STATUS_ACCESS_DENIED,
		  map_there(self->section, weak, PAGE_READWRITE, &there));
	CloseHandle(weak);
	weak = OpenProcess(PROCESS_VM_OPERATION, FALSE,
			   self->info.dwProcessId);
	ASSERT_NE(NULL, weak);
	EXPECT_EQ(STATUS_SUCCESS,
		  map_there(self->section, weak, PAGE_READWRITE, &there));
	CloseHandle(weak);
}

/* The handle and the section count for a view there as for one here. */
TEST_F(target, O1_rules_of_views_hold_there)
{
	HANDLE reading = NULL, section;
	PVOID base = NULL;
	SIZE_T size;
	LARGE_INTEGER offset;
	unsigned char *there;

	ASSERT_TRUE(DuplicateHandle(GetCurrentProcess(), self->section,
				    GetCurrentProcess(), &reading,
				    SECTION_MAP_READ, FALSE, 0));
	EXPECT_EQ(STATUS_ACCESS_DENIED,
		  map_there(reading, self->process, PAGE_READWRITE, &there));
	ASSERT_EQ(STATUS_SUCCESS,
		  map_there(reading, self->process, PAGE_READONLY, &there));
	EXPECT_EQ(0x5a, peek_there(self->process, there));
	EXPECT_FALSE(poke_there(self->process, there, 1));
	CloseHandle(reading);

	section = nt_section(PAGE_READONLY, 0x1000, NULL);
	ASSERT_NE(NULL, section);
	EXPECT_EQ(STATUS_SECTION_PROTECTION,
		  map_there(section, self->process, PAGE_READWRITE, &there));
	CloseHandle(section);

	offset.QuadPart = 0x1000;
	size = 0x1000;
	EXPECT_EQ(STATUS_MAPPED_ALIGNMENT,
		  NtMapViewOfSection(self->section, self->process, &base, 0, 0,
				     &offset, &size, ViewShare, 0,
				     PAGE_READWRITE));
	offset.QuadPart = 0;
	size = BYTES + 1;
	EXPECT_EQ(STATUS_INVALID_VIEW_SIZE,
		  NtMapViewOfSection(self->section, self->process, &base, 0, 0,
				     &offset, &size, ViewShare, 0,
				     PAGE_READWRITE));
	ASSERT_EQ(STATUS_SUCCESS,
		  map_there(self->section, self->process, PAGE_READWRITE,
			    &there));
	base = there;
	size = 0x1000;
	EXPECT_EQ(STATUS_CONFLICTING_ADDRESSES,
		  NtMapViewOfSection(self->section, self->process, &base, 0, 0,
				     NULL, &size, ViewShare, 0,
				     PAGE_READWRITE));
}

TEST_F(target, O2_unmap_there)
{
	static const DWORD offsets[] = { 0, 100, 4096, 4196 };
	unsigned char *there;
	char *private;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		ASSERT_EQ(STATUS_SUCCESS,
			  map_there(self->section, self->process,
				    PAGE_READWRITE, &there));
		EXPECT_EQ(STATUS_SUCCESS,
			  NtUnmapViewOfSection(self->process,
					       there + offsets[i]));
		EXPECT_EQ(MEM_FREE, state_there(self->process, there));
		EXPECT_EQ(MEM_FREE, state_there(self->process, there + 0x3000));
		EXPECT_EQ(-1, peek_there(self->process, there));
		EXPECT_EQ(STATUS_NOT_MAPPED_VIEW,
			  NtUnmapViewOfSection(self->process, there));
	}
	private = alloc_there(self->process, 0x2000, PAGE_READWRITE);
	ASSERT_NE(NULL, private);
	EXPECT_EQ(STATUS_NOT_MAPPED_VIEW,
		  NtUnmapViewOfSection(self->process, private));
	EXPECT_EQ(STATUS_NOT_MAPPED_VIEW,
		  NtUnmapViewOfSection(self->process, private + 0x1000));
	EXPECT_EQ(STATUS_NOT_MAPPED_VIEW,
		  NtUnmapViewOfSection(self->process,
				       (PVOID)(uintptr_t)0xdeadbeef));
	EXPECT_EQ(MEM_COMMIT, state_there(self->process, private));
	/* What is mapped here is nobody's business. */
	EXPECT_EQ(0x5a, peek(self->view));
}

TEST_F(target, O3_memory_there)
{
	const HANDLE process = self->process;
	MEMORY_BASIC_INFORMATION info;
	DWORD protect, old;
	char *base, *next;

	/* L22b */
	base = VirtualAllocEx(process, NULL, 0xfffc, MEM_RESERVE,
			      PAGE_NOACCESS);
	ASSERT_NE(NULL, base);
	EXPECT_EQ(0, (uintptr_t)base % GRAIN);
	info = query_there(process, base);
	EXPECT_EQ(base, info.AllocationBase);
	EXPECT_EQ(base, info.BaseAddress);
	EXPECT_EQ(PAGE_NOACCESS, info.AllocationProtect);
	EXPECT_EQ(0, info.Protect);
	EXPECT_EQ(0x10000, info.RegionSize);
	EXPECT_EQ(MEM_RESERVE, info.State);
	EXPECT_EQ(MEM_PRIVATE, info.Type);
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     protect_there(process, base, 0xfffc, PAGE_READONLY));

	/* L21, T10 */
	EXPECT_EQ(base + 0x1000, VirtualAllocEx(process, base + 0x1234, 0x1000,
						MEM_COMMIT, PAGE_READWRITE));
	EXPECT_EQ(MEM_RESERVE, state_there(process, base));
	info = query_there(process, base + 0x1000);
	EXPECT_EQ(MEM_COMMIT, info.State);
	EXPECT_EQ(PAGE_READWRITE, info.Protect);
	EXPECT_EQ(PAGE_NOACCESS, info.AllocationProtect);
	EXPECT_EQ(0x2000, info.RegionSize);
	EXPECT_EQ(0, peek_there(process, base + 0x1000));
	EXPECT_TRUE(poke_there(process, base + 0x1000, 9));
	EXPECT_EQ(9, peek_there(process, base + 0x1000));
	old = SEC_POISON32;
	EXPECT_TRUE(VirtualProtectEx(process, base + 0x1000, 0x1000,
				     PAGE_READONLY, &old));
	EXPECT_EQ(PAGE_READWRITE, old);
	EXPECT_EQ(PAGE_READONLY, protection_there(process, base + 0x1000));
	EXPECT_EQ(PAGE_READWRITE, protection_there(process, base + 0x2000));
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     protect_there(process, base, 0x2000, PAGE_READWRITE));
	/* T6, T7, T9 */
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     protect_there(process, base + 0x1000, 0x1000,
				   PAGE_WRITECOPY));
	EXPECT_ERROR(ERROR_NOACCESS,
		     VirtualProtectEx(process, base + 0x1000, 0x1000,
				      PAGE_READWRITE, NULL));
	for (protect = 0; protect <= 0xff; protect++) {
		if (single_bit(protect))
			continue;
		EXPECT_ERROR(ERROR_INVALID_PARAMETER,
			     protect_there(process, base + 0x1000, 0x1000,
					   protect));
		EXPECT_ERROR(ERROR_INVALID_PARAMETER,
			     VirtualAllocEx(process, NULL, 0x1000, MEM_COMMIT,
					    protect));
	}
	EXPECT_EQ(PAGE_READONLY, protection_there(process, base + 0x1000));

	/* L31, and a fresh commit is zero */
	EXPECT_TRUE(VirtualFreeEx(process, base, 0x3000, MEM_DECOMMIT));
	EXPECT_EQ(MEM_RESERVE, state_there(process, base + 0x1000));
	EXPECT_EQ(-1, peek_there(process, base + 0x1000));
	EXPECT_EQ(base + 0x1000, VirtualAllocEx(process, base + 0x1000, 0x1000,
						MEM_COMMIT, PAGE_READWRITE));
	EXPECT_EQ(0, peek_there(process, base + 0x1000));

	/* L22, L25, L26, L28, L30 */
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     VirtualAllocEx(process, NULL, 0, MEM_COMMIT,
				    PAGE_READWRITE));
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     VirtualFreeEx(process, base, 0x10000, MEM_RELEASE));
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     VirtualFreeEx(process, base + 0x1000, 0, MEM_RELEASE));
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     VirtualFreeEx(process, base, 0x10001, MEM_DECOMMIT));
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     VirtualFreeEx(process, base, 0, 0));

	/* L23, L13, L24, L29 */
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     VirtualAllocEx(process, base, 0x1000, MEM_RESERVE,
				    PAGE_READWRITE));
	EXPECT_TRUE(VirtualFreeEx(process, base, 0, MEM_RELEASE));
	EXPECT_EQ(MEM_FREE, state_there(process, base));
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     VirtualAllocEx(process, base, 0x1000, MEM_COMMIT,
				    PAGE_READWRITE));
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     VirtualFreeEx(process, base, 0, MEM_RELEASE));
	base = VirtualAllocEx(process, NULL, 2 * GRAIN, MEM_RESERVE,
			      PAGE_READWRITE);
	ASSERT_NE(NULL, base);
	EXPECT_TRUE(VirtualFreeEx(process, base, 0, MEM_RELEASE));
	next = base + GRAIN;
	ASSERT_EQ(base, VirtualAllocEx(process, base, GRAIN, MEM_RESERVE,
				       PAGE_READWRITE));
	/* L20 */
	ASSERT_EQ(next, VirtualAllocEx(process, next + 0x123, 0x1000,
				       MEM_RESERVE, PAGE_READWRITE));
	EXPECT_EQ(0x2000, query_there(process, next).RegionSize);
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     VirtualAllocEx(process, base, GRAIN + 0x1000, MEM_COMMIT,
				    PAGE_READWRITE));
	EXPECT_TRUE(VirtualFreeEx(process, base, 0, MEM_RELEASE));
	EXPECT_TRUE(VirtualFreeEx(process, next, 0, MEM_RELEASE));
}

/* T1 and L11 in a view there. */
TEST_F(target, O3_views_there)
{
	unsigned char *there;
	DWORD view, new;
	size_t v, n;

	for (v = 0; v < PROTECTIONS; v++) {
		view = protections[v];
		ASSERT_EQ(STATUS_SUCCESS,
			  map_there(self->section, self->process, view,
				    &there));
		for (n = 0; n < PROTECTIONS; n++) {
			new = protections[n];
			if (covers(page_may(view), page_may(new))) {
				EXPECT_TRUE(protect_there(self->process, there,
							  BYTES, new));
				EXPECT_EQ(new, protection_there(self->process,
								there));
			} else {
				EXPECT_ERROR(ERROR_INVALID_PARAMETER,
					     protect_there(self->process, there,
							   BYTES, new));
			}
		}
		EXPECT_EQ(view, query_there(self->process, there)
			  .AllocationProtect);
		EXPECT_ERROR(ERROR_INVALID_PARAMETER,
			     VirtualFreeEx(self->process, there, 0,
					   MEM_RELEASE));
		EXPECT_ERROR(ERROR_INVALID_PARAMETER,
			     VirtualFreeEx(self->process, there, 0x1000,
					   MEM_DECOMMIT));
		EXPECT_EQ(STATUS_SUCCESS,
			  NtUnmapViewOfSection(self->process, there));
	}
}

TEST_F(target, O4_nothing_to_copy)
{
	char *there = alloc_there(self->process, 0x1000, PAGE_READWRITE);
	SIZE_T done = 5;
	char byte;

	ASSERT_NE(NULL, there);
	EXPECT_TRUE(ReadProcessMemory(self->process, there, &byte, 0, &done));
	EXPECT_EQ(0, done);
	done = 5;
	EXPECT_TRUE(WriteProcessMemory(self->process, there, &byte, 0, &done));
	EXPECT_EQ(0, done);
}

TEST_F(target, O5_source_cannot_be_read)
{
	char *there = alloc_there(self->process, BYTES, PAGE_READWRITE);
	char *here = VirtualAlloc(NULL, BYTES, MEM_COMMIT, PAGE_READWRITE);
	static const SIZE_T from[] = { 0, 0x1000, 0x1fff, 0x2000 };
	SIZE_T done;
	DWORD error;
	size_t i;

	ASSERT_NE(NULL, there);
	ASSERT_NE(NULL, here);
	ASSERT_TRUE(protect(here + 0x2000, 0x2000, PAGE_NOACCESS));
	for (i = 0; i < ARRAY_SIZE(from); i++) {
		done = SEC_POISON;
		SetLastError(OLD_ERROR);
		EXPECT_FALSE(WriteProcessMemory(self->process, there,
						here + from[i],
						BYTES - from[i], &done));
		error = GetLastError();
		EXPECT_TRUE(error == ERROR_PARTIAL_COPY ||
			    error == ERROR_NOACCESS) {
			TH_LOG("error %u", error);
		}
		EXPECT_EQ(0, done);
	}
	EXPECT_TRUE(VirtualFree(here, 0, MEM_RELEASE));
}

TEST_F(target, O6_page_there_is_read_only)
{
	char *there = alloc_there(self->process, 0x1000, PAGE_READONLY);
	SIZE_T done = SEC_POISON32;
	int number = 5;

	ASSERT_NE(NULL, there);
	EXPECT_ERROR(ERROR_NOACCESS,
		     WriteProcessMemory(self->process, there, &number,
					sizeof(number), &done));
	/* Not written to. */
	EXPECT_EQ(SEC_POISON32, done);
	EXPECT_EQ(PAGE_READONLY, protection_there(self->process, there));
	EXPECT_EQ(0, peek_there(self->process, there));
}

TEST_F(target, O7_page_there_is_code)
{
	char *there = alloc_there(self->process, 0x1000, PAGE_EXECUTE_READ);
	SIZE_T done = SEC_POISON32;
	int number = 5;

	ASSERT_NE(NULL, there);
	EXPECT_EQ(STATUS_PARTIAL_COPY,
		  NtWriteVirtualMemory(self->process, there, &number,
				       sizeof(number), &done));
	EXPECT_EQ(0, done);
	EXPECT_EQ(0, peek_there(self->process, there));
	EXPECT_TRUE(WriteProcessMemory(self->process, there, &number,
				       sizeof(number), &done));
	EXPECT_EQ(sizeof(number), done);
	EXPECT_EQ(5, peek_there(self->process, there));
	EXPECT_EQ(PAGE_EXECUTE_READ, protection_there(self->process, there));
}

/* As Windows 10 from 1607 on. */
TEST_F(target, O8_half_of_the_range_is_code)
{
	static const DWORD rest[] = { PAGE_EXECUTE_READ, PAGE_READONLY };
	unsigned char bytes[BYTES];
	char *there;
	SIZE_T done;
	size_t i;

	memset(bytes, 3, sizeof(bytes));
	for (i = 0; i < ARRAY_SIZE(rest); i++) {
		there = alloc_there(self->process, BYTES,
				    PAGE_EXECUTE_READWRITE);
		ASSERT_NE(NULL, there);
		ASSERT_TRUE(protect_there(self->process, there + 0x2000,
					  0x2000, rest[i]));
		done = SEC_POISON32;
		EXPECT_EQ(STATUS_PARTIAL_COPY,
			  NtWriteVirtualMemory(self->process, there, bytes,
					       BYTES, &done));
		EXPECT_EQ(0x2000, done);
		EXPECT_FALSE(WriteProcessMemory(self->process, there, bytes,
						BYTES, &done));
		EXPECT_EQ(3, peek_there(self->process, there + 0x1fff));
		EXPECT_EQ(0, peek_there(self->process, there + 0x2000));
		EXPECT_EQ(rest[i], protection_there(self->process,
						    there + 0x2000));
	}
}

TEST_F(target, O9_tail_there_cannot_be_read)
{
	char *there = alloc_there(self->process, BYTES, PAGE_READWRITE);
	unsigned char bytes[BYTES];
	SIZE_T done = SEC_POISON32;

	ASSERT_NE(NULL, there);
	ASSERT_TRUE(protect_there(self->process, there + 0x2000, 0x2000,
				  PAGE_NOACCESS));
	EXPECT_ERROR(ERROR_PARTIAL_COPY,
		     ReadProcessMemory(self->process, there, bytes, BYTES,
				       &done));
	EXPECT_EQ(0, done);
	EXPECT_TRUE(ReadProcessMemory(self->process, there, bytes, 0x2000,
				      &done));
	EXPECT_EQ(0x2000, done);
}

struct counter {
	unsigned long *at;
	bool stop;
	bool went_back;
};

static void *count_up(void *arg)
{
	struct counter *counter = arg;
	unsigned long value = 0;
	int i;

	while (!__atomic_load_n(&counter->stop, __ATOMIC_RELAXED)) {
		__atomic_store_n(counter->at, ++value, __ATOMIC_RELAXED);
		for (i = 0; i < 20; i++)
			asm volatile("pause");
		if (__atomic_load_n(counter->at, __ATOMIC_RELAXED) != value)
			counter->went_back = true;
	}
	return NULL;
}

/* What is behind the bytes that were read belongs to the caller's threads. */
TEST_F(target, O9_failure_leaves_the_rest_of_the_buffer)
{
	char *there = alloc_there(self->process, BYTES, PAGE_READWRITE);
	static unsigned long bytes[BYTES / sizeof(unsigned long)];
	struct counter counter = { .at = &bytes[ARRAY_SIZE(bytes) - 1] };
	pthread_t thread;
	int i;

	ASSERT_NE(NULL, there);
	ASSERT_TRUE(protect_there(self->process, there + 0x2000, 0x2000,
				  PAGE_NOACCESS));
	ASSERT_EQ(0, pthread_create(&thread, NULL, count_up, &counter));
	for (i = 0; i < 2000; i++)
		EXPECT_ERROR(ERROR_PARTIAL_COPY,
			     ReadProcessMemory(self->process, there, bytes,
					       BYTES, NULL));
	__atomic_store_n(&counter.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_FALSE(counter.went_back);
}

/* Versions differ: how much was copied goes with the error. */
TEST_F(target, O10_destination_cannot_be_written)
{
	char *there = alloc_there(self->process, BYTES, PAGE_READWRITE);
	char *here = VirtualAlloc(NULL, BYTES, MEM_COMMIT, PAGE_READWRITE);
	SIZE_T done = SEC_POISON32;
	DWORD error;

	ASSERT_NE(NULL, there);
	ASSERT_NE(NULL, here);
	ASSERT_TRUE(protect(here + 0x2000, 0x2000, PAGE_READONLY));
	SetLastError(OLD_ERROR);
	EXPECT_FALSE(ReadProcessMemory(self->process, there, here, BYTES,
				       &done));
	error = GetLastError();
	EXPECT_TRUE((error == ERROR_PARTIAL_COPY && done == 0x2000) ||
		    (error == ERROR_NOACCESS && done == 0)) {
		TH_LOG("error %u, %u bytes", error, (unsigned int)done);
	}
	/* The head. */
	ASSERT_TRUE(protect(here, 0x1000, PAGE_READONLY));
	ASSERT_TRUE(protect(here + 0x1000, 0x3000, PAGE_READWRITE));
	done = SEC_POISON32;
	SetLastError(OLD_ERROR);
	EXPECT_FALSE(ReadProcessMemory(self->process, there, here, BYTES,
				       &done));
	error = GetLastError();
	EXPECT_TRUE(error == ERROR_PARTIAL_COPY || error == ERROR_NOACCESS) {
		TH_LOG("error %u", error);
	}
	EXPECT_EQ(0, done);
	EXPECT_TRUE(VirtualFree(here, 0, MEM_RELEASE));
}

/* Not tried on Windows: follows from O7 and W3. */
TEST_F(target, O14_page_there_is_copy_on_write)
{
	static const DWORD views[] = { PAGE_WRITECOPY, PAGE_EXECUTE_WRITECOPY };
	unsigned char *there;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(views); i++) {
		ASSERT_EQ(STATUS_SUCCESS,
			  map_there(self->section, self->process, views[i],
				    &there));
		EXPECT_TRUE(poke_there(self->process, there + 0x1000, 9));
		EXPECT_EQ(9, peek_there(self->process, there + 0x1000));
		EXPECT_EQ(0x5a, peek(self->view + 0x1000));
		EXPECT_EQ(0, poke(self->view + 0x1001, 8));
		EXPECT_EQ(0x5a, peek_there(self->process, there + 0x1001));
		EXPECT_EQ(0, poke(self->view + 0x2000, 7 + i));
		EXPECT_EQ((int)(7 + i),
			  peek_there(self->process, there + 0x2000));
		EXPECT_EQ(0, poke(self->view + 0x1001, 0x5a));
	}
}

TEST(O11_by_name)
{
	struct sec_name name = sec_unique();
	char arguments[128];
	HANDLE section;
	int *view;

	section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL,
				     PAGE_READWRITE, 0, 0x1000, name.s);
	ASSERT_NE(NULL, section);
	view = view_of(section, FILE_MAP_WRITE);
	ASSERT_NE(NULL, view);
	view[0] = 1234;
	snprintf(arguments, sizeof(arguments), "add %s", name.s);
	EXPECT_EQ(0, run(arguments, FALSE));
	EXPECT_EQ(1235, dword_at(view));
	EXPECT_TRUE(UnmapViewOfFile(view));
	CloseHandle(section);
}

/* W1 again, where nothing but the name is shared with the parent. */
TEST(W1_program_that_copies)
{
	static const DWORD accesses[] = {
		FILE_MAP_COPY, FILE_MAP_COPY | FILE_MAP_WRITE, FILE_MAP_WRITE,
	};
	struct sec_name name = sec_unique();
	char arguments[128];
	HANDLE section;
	DWORD *view;
	size_t i;

	section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL,
				     PAGE_READWRITE, 0, 0x1000, name.s);
	ASSERT_NE(NULL, section);
	view = view_of(section, FILE_MAP_WRITE);
	ASSERT_NE(NULL, view);
	for (i = 0; i < ARRAY_SIZE(accesses); i++) {
		*view = 1;
		snprintf(arguments, sizeof(arguments), "write %s %u", name.s,
			 accesses[i]);
		EXPECT_EQ(0, run(arguments, FALSE));
		EXPECT_EQ(accesses[i] & FILE_MAP_WRITE ? 0xdeadbeef : 1,
			  dword_at(view)) {
			TH_LOG("access %#x", accesses[i]);
		}
	}
	EXPECT_TRUE(UnmapViewOfFile(view));
	CloseHandle(section);
}

static int write_by_name(const char *name, const char *access)
{
	HANDLE section = OpenFileMappingA(FILE_MAP_READ | FILE_MAP_WRITE, FALSE,
					  name);
	DWORD *view = section ? view_of(section, atoi(access)) : NULL;

	if (!view)
		return 1;
	*view = 0xdeadbeef;
	return dword_at(view) != 0xdeadbeef;
}

/* L5 again, in a program that knows of the section what the kernel tells. */
TEST(L5_program_that_commits)
{
	struct sec_name name = sec_unique();
	unsigned char *view;
	char arguments[128];
	HANDLE section;

	section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL,
				     PAGE_READWRITE | SEC_RESERVE, 0, BYTES,
				     name.s);
	ASSERT_NE(NULL, section);
	view = view_of(section, FILE_MAP_WRITE);
	ASSERT_NE(NULL, view);
	ASSERT_EQ(view, VirtualAlloc(view, 0x1000, MEM_COMMIT, PAGE_READONLY));
	snprintf(arguments, sizeof(arguments), "commit %s", name.s);
	EXPECT_EQ(0, run(arguments, FALSE));
	EXPECT_EQ(PAGE_READONLY, protection_at(view));
	EXPECT_EQ(MEM_RESERVE, state_at(view + 0x1000));
	EXPECT_EQ(MEM_COMMIT, state_at(view + 0x2000));
	EXPECT_EQ(PAGE_READWRITE, protection_at(view + 0x2000));
	EXPECT_EQ(0x1000, query(view + 0x2000).RegionSize);
	EXPECT_EQ(9, peek(view));
	EXPECT_EQ(10, peek(view + 0x2000));
	EXPECT_TRUE(UnmapViewOfFile(view));
	CloseHandle(section);
}

static int commit_by_name(const char *name)
{
	HANDLE section = OpenFileMappingA(FILE_MAP_READ | FILE_MAP_WRITE, FALSE,
					  name);
	unsigned char *view = section ? view_of(section, FILE_MAP_WRITE) : NULL;
	MEMORY_BASIC_INFORMATION info;

	CHILD_EXPECT(view);
	info = query(view);
	CHILD_EXPECT(info.State == MEM_COMMIT);
	CHILD_EXPECT(info.Protect == PAGE_READWRITE);
	CHILD_EXPECT(info.RegionSize == 0x1000);
	CHILD_EXPECT(state_at(view + 0x1000) == MEM_RESERVE);
	CHILD_EXPECT(!poke(view, 9));
	CHILD_EXPECT(VirtualAlloc(view + 0x2000, 0x1000, MEM_COMMIT,
				  PAGE_READWRITE));
	CHILD_EXPECT(!poke(view + 0x2000, 10));
	return 0;
}

struct holder {
	pthread_barrier_t *barrier;
	HANDLE section;
};

static int hold_handle(void *arg)
{
	const struct holder *holder = arg;

	/* The parent closes its handle, and looks for the name. */
	pthread_barrier_wait(holder->barrier);
	pthread_barrier_wait(holder->barrier);
	CHILD_EXPECT(section_size(holder->section) == 0x1000);
	return 0;
}

/* A handle that a forked child has counts as any other. */
TEST(N3_child_keeps_the_name)
{
	struct holder holder = { .barrier = shared_barrier(2) };
	struct sec_name name = sec_unique();
	HANDLE again;
	pid_t child;

	ASSERT_NE(NULL, holder.barrier);
	holder.section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL,
					    PAGE_READWRITE, 0, 0x1000, name.s);
	ASSERT_NE(NULL, holder.section);
	child = sec_fork(hold_handle, &holder);
	ASSERT_LT(0, child);
	pthread_barrier_wait(holder.barrier);
	EXPECT_TRUE(CloseHandle(holder.section));
	again = OpenFileMappingA(FILE_MAP_READ, FALSE, name.s);
	EXPECT_NE(NULL, again);
	EXPECT_TRUE(CloseHandle(again));
	pthread_barrier_wait(holder.barrier);
	EXPECT_EQ(0, sec_wait(child));
	EXPECT_ERROR(ERROR_FILE_NOT_FOUND,
		     OpenFileMappingA(FILE_MAP_READ, FALSE, name.s));
}

static int add_by_name(const char *name)
{
	HANDLE section = OpenFileMappingA(FILE_MAP_READ | FILE_MAP_WRITE, FALSE,
					  name);
	int *view = section ? view_of(section, FILE_MAP_WRITE) : NULL;

	if (!view || *view != 1234)
		return 1;
	++*view;
	return 0;
}

struct views {
	unsigned char *shared;
	unsigned char *unmapped;
	unsigned char *copied;
};

static int look_at_views(void *arg)
{
	const struct views *views = arg;

	CHILD_EXPECT(state_at(views->shared) == MEM_COMMIT);
	CHILD_EXPECT(query(views->shared).Type == MEM_MAPPED);
	CHILD_EXPECT(peek(views->shared) == 1);
	CHILD_EXPECT(!poke(views->shared, 2));
	CHILD_EXPECT(peek(views->unmapped) == -SIGSEGV);
	CHILD_EXPECT(free_at(views->unmapped));
	CHILD_EXPECT(!UnmapViewOfFile(views->unmapped));
	/* Private here and there. */
	CHILD_EXPECT(peek(views->copied) == 50);
	CHILD_EXPECT(!poke(views->copied, 51));
	CHILD_EXPECT(peek(views->shared) == 2);
	CHILD_EXPECT(UnmapViewOfFile(views->shared));
	return 0;
}

/* From documentation only; fork(2) is what it speaks of, not CreateProcess(). */
TEST(O12_views_of_a_forked_child)
{
	HANDLE section = nt_section(PAGE_READWRITE, 0x1000, NULL);
	struct views views;
	PVOID base[2] = { NULL, NULL };
	SIZE_T size;
	int i;

	ASSERT_NE(NULL, section);
	for (i = 0; i < 2; i++) {
		size = 0;
		ASSERT_EQ(STATUS_SUCCESS,
			  NtMapViewOfSection(section, NtCurrentProcess(),
					     &base[i], 0, 0, NULL, &size,
					     i ? ViewUnmap : ViewShare, 0,
					     PAGE_READWRITE));
	}
	views.shared = base[0];
	views.unmapped = base[1];
	views.copied = view_of(section, FILE_MAP_COPY);
	ASSERT_NE(NULL, views.copied);
	EXPECT_EQ(0, poke(views.shared, 1));
	EXPECT_EQ(1, peek(views.unmapped));
	EXPECT_EQ(0, poke(views.copied, 50));
	/* Changes of protection do not make it one that is inherited. */
	EXPECT_TRUE(protect(views.unmapped, 0x1000, PAGE_WRITECOPY));
	EXPECT_TRUE(protect(views.unmapped, 0x1000, PAGE_READWRITE));
	EXPECT_EQ(0, sec_in_child(look_at_views, &views));
	EXPECT_EQ(2, peek(views.shared));
	EXPECT_EQ(2, peek(views.unmapped));
	EXPECT_EQ(50, peek(views.copied));
	EXPECT_TRUE(UnmapViewOfFile(views.shared));
	EXPECT_TRUE(UnmapViewOfFile(views.unmapped));
	EXPECT_TRUE(UnmapViewOfFile(views.copied));
	CloseHandle(section);
}

struct memories {
	unsigned char *shared;
	unsigned char *private;
	unsigned char *reserved;
};

static int change_memories(void *arg)
{
	const struct memories *m = arg;

	/* W6, T1 and U1 in views that the parent has mapped. */
	CHILD_EXPECT(protect(m->shared, 0x1000, PAGE_WRITECOPY));
	CHILD_EXPECT(!poke(m->shared, 2));
	CHILD_EXPECT(peek(m->shared) == 2);
	CHILD_EXPECT(protection_at(m->shared) == PAGE_READWRITE);
	CHILD_EXPECT(!protect(m->shared, 0x1000, PAGE_EXECUTE_READ));
	CHILD_EXPECT(!poke(m->shared + 0x1000, 3));
	CHILD_EXPECT(UnmapViewOfFile(m->shared + 1));
	/* Private memory is a copy. */
	CHILD_EXPECT(peek(m->private) == 40);
	CHILD_EXPECT(!poke(m->private, 41));
	CHILD_EXPECT(protect(m->private, 0x1000, PAGE_READONLY));
	CHILD_EXPECT(VirtualFree(m->private, 0, MEM_RELEASE));
	CHILD_EXPECT(VirtualAlloc(m->reserved, 0x1000, MEM_COMMIT,
				  PAGE_READWRITE));
	CHILD_EXPECT(!poke(m->reserved, 1));
	return 0;
}

/* What a forked child does to its memory is not done to its parent's. */
TEST(O12_memory_of_a_forked_child)
{
	HANDLE section = nt_section(PAGE_READWRITE, 0x2000, NULL);
	struct memories m;

	ASSERT_NE(NULL, section);
	m.shared = view_of(section, FILE_MAP_WRITE);
	m.private = VirtualAlloc(NULL, 0x1000, MEM_COMMIT, PAGE_READWRITE);
	m.reserved = VirtualAlloc(NULL, 0x1000, MEM_RESERVE, PAGE_READWRITE);
	ASSERT_NE(NULL, m.shared);
	ASSERT_NE(NULL, m.private);
	ASSERT_NE(NULL, m.reserved);
	EXPECT_EQ(0, poke(m.shared, 1));
	EXPECT_EQ(0, poke(m.private, 40));
	EXPECT_EQ(0, sec_in_child(change_memories, &m));
	EXPECT_EQ(1, peek(m.shared));
	EXPECT_EQ(3, peek(m.shared + 0x1000));
	EXPECT_EQ(PAGE_READWRITE, protection_at(m.shared));
	EXPECT_EQ(40, peek(m.private));
	EXPECT_EQ(PAGE_READWRITE, protection_at(m.private));
	EXPECT_EQ(MEM_RESERVE, state_at(m.reserved));
	EXPECT_TRUE(UnmapViewOfFile(m.shared));
	EXPECT_TRUE(VirtualFree(m.private, 0, MEM_RELEASE));
	EXPECT_TRUE(VirtualFree(m.reserved, 0, MEM_RELEASE));
	CloseHandle(section);
}

/* O13, from documentation only: handles of children have the same numbers. */

FIXTURE(inherit) {
	struct sec_name name;
	HANDLE section;
};

FIXTURE_SETUP(inherit)
{
	SECURITY_ATTRIBUTES security = {
		.nLength = sizeof(security),
		.bInheritHandle = TRUE,
	};

	self->name = sec_unique();
	self->section = CreateFileMappingA(INVALID_HANDLE_VALUE, &security,
					   PAGE_EXECUTE_READWRITE, 0, 0x1000,
					   self->name.s);
	ASSERT_NE(NULL, self->section);
}

FIXTURE_TEARDOWN(inherit)
{
	CloseHandle(self->section);
}

static void rights_arguments(char *arguments, size_t size, HANDLE handle)
{
	snprintf(arguments, size, "rights %#llx",
		 (unsigned long long)(uintptr_t)handle);
}

/* What a program that was started by CreateProcess() may do with a handle. */
static DWORD rights_in_program(HANDLE handle, BOOL inherit)
{
	char arguments[64];

	rights_arguments(arguments, sizeof(arguments), handle);
	return run(arguments, inherit);
}

/* What a program that was started by fork(2) and execve(2) may do with it. */
static int exec_rights(void *arg)
{
	char number[64];

	snprintf(number, sizeof(number), "%#llx",
		 (unsigned long long)(uintptr_t)arg);
	execl(self_path(), self_path(), "rights", number, NULL);
	return 1;
}

/* What a child by fork(2) may do with it. */
static int look_at_rights(void *arg)
{
	return rights_of(arg);
}

#define ALL_RIGHTS	(MAY_READ | MAY_WRITE | MAY_EXECUTE)

TEST_F(inherit, O13_created_inheritable)
{
	DWORD flags;

	EXPECT_TRUE(GetHandleInformation(self->section, &flags));
	EXPECT_EQ(HANDLE_FLAG_INHERIT, flags);
	EXPECT_EQ(ALL_RIGHTS, rights_in_program(self->section, TRUE));
	EXPECT_EQ(ALL_RIGHTS, sec_in_child(exec_rights, self->section));
	EXPECT_EQ(ALL_RIGHTS, sec_in_child(look_at_rights, self->section));
}

TEST_F(inherit, O13_opened_inheritable)
{
	HANDLE handle = OpenFileMappingA(FILE_MAP_READ, TRUE, self->name.s);

	ASSERT_NE(NULL, handle);
	EXPECT_EQ(MAY_READ, rights_in_program(handle, TRUE));
	EXPECT_EQ(MAY_READ, sec_in_child(exec_rights, handle));
	EXPECT_EQ(MAY_READ, sec_in_child(look_at_rights, handle));
	CloseHandle(handle);
}

TEST_F(inherit, O13_not_inheritable)
{
	HANDLE handle = OpenFileMappingA(FILE_MAP_READ, FALSE, self->name.s);

	ASSERT_NE(NULL, handle);
	EXPECT_EQ(CHILD_NOT_OPEN, rights_in_program(handle, TRUE));
	EXPECT_EQ(CHILD_NOT_OPEN, sec_in_child(exec_rights, handle));
	/* Inheritance is for programs: fork(2) copies all. */
	EXPECT_EQ(MAY_READ, sec_in_child(look_at_rights, handle));

	EXPECT_TRUE(SetHandleInformation(handle, HANDLE_FLAG_INHERIT,
					 HANDLE_FLAG_INHERIT));
	EXPECT_EQ(MAY_READ, rights_in_program(handle, TRUE));
	EXPECT_TRUE(SetHandleInformation(handle, HANDLE_FLAG_INHERIT, 0));
	EXPECT_EQ(CHILD_NOT_OPEN, rights_in_program(handle, TRUE));
	CloseHandle(handle);
}

TEST_F(inherit, O13_nothing_is_inherited_unless_asked)
{
	EXPECT_EQ(CHILD_NOT_OPEN, rights_in_program(self->section, FALSE));
	/* The parent's handle is what it was. */
	EXPECT_EQ(ALL_RIGHTS, rights_of(self->section));
	EXPECT_EQ(ALL_RIGHTS, rights_in_program(self->section, TRUE));
}

/* M5 and M12 hold there, too. */
TEST_F(inherit, O13_write_only_handle_stays_one)
{
	HANDLE handle = OpenFileMappingA(FILE_MAP_WRITE, TRUE, self->name.s);

	ASSERT_NE(NULL, handle);
	EXPECT_EQ(MAY_WRITE, rights_of(handle));
	EXPECT_EQ(MAY_WRITE, rights_in_program(handle, TRUE));
	EXPECT_EQ(MAY_WRITE, sec_in_child(look_at_rights, handle));
	CloseHandle(handle);
}

static int child_rights(const char *number)
{
	HANDLE handle = (HANDLE)(uintptr_t)strtoull(number, NULL, 0);
	void *view;

	switch (nt_view(handle, PAGE_READONLY, &view)) {
	case STATUS_INVALID_HANDLE:
		return CHILD_NOT_OPEN;
	case STATUS_OBJECT_TYPE_MISMATCH:
		return CHILD_NO_SECTION;
	case STATUS_SUCCESS:
		UnmapViewOfFile(view);
		break;
	}
	return rights_of(handle);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "idle")) {
		/* A test that fails leaves nobody behind. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (argc == 3 && !strcmp(argv[1], "rights"))
		return child_rights(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "add"))
		return add_by_name(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "write"))
		return write_by_name(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "commit"))
		return commit_by_name(argv[2]);
	return test_harness_run(argc, argv);
}
