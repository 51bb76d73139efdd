// SPDX-License-Identifier: GPL-2.0-only
/*
 * Win32 library: what it does when Linux gets in its way.  Signals, threads that
 * are cancelled, no descriptors, no /proc.
 *
 * Other processes are this program again: see main() for what they do.
 */
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <section/agent.h>

#include "win32_util.h"

#include <sys/prctl.h>

/* One's own file of /proc that the library keeps open, or -1. */
static int kept(const char *name)
{
	char path[64], link[64];
	ssize_t length;
	int fd;

	for (fd = 3; fd < 64; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		length = readlink(path, link, sizeof(link) - 1);
		link[length < 0 ? 0 : length] = 0;
		if (length > 0 && !strcmp(basename(link), name))
			return fd;
	}
	return -1;
}

/* Until there are none left. */
static void use_up_descriptors(void)
{
	const struct rlimit few = { 64, 64 };

	setrlimit(RLIMIT_NOFILE, &few);
	while (dup(STDIN_FILENO) >= 0)
		;
}

/* A view of which one page was copied. */
FIXTURE(copied) {
	HANDLE section;
	char *shared;
	char *view;
};

FIXTURE_SETUP(copied)
{
	self->section = nt_section(PAGE_READWRITE, 3 * PAGE_BYTES, NULL);
	ASSERT_NE(NULL, self->section);
	self->shared = view_of(self->section, FILE_MAP_WRITE);
	self->view = view_of(self->section, FILE_MAP_WRITE);
	ASSERT_NE(NULL, self->shared);
	ASSERT_NE(NULL, self->view);
	memset(self->shared, 'S', 3 * PAGE_BYTES);
	ASSERT_TRUE(protect(self->view, 3 * PAGE_BYTES, PAGE_WRITECOPY));
	self->view[PAGE_BYTES] = 'P';
}

FIXTURE_TEARDOWN(copied)
{
}

static void stays_private(struct __test_metadata *_metadata,
			  FIXTURE_DATA(copied) * self)
{
	EXPECT_EQ('P', self->view[PAGE_BYTES]);
	EXPECT_EQ('S', self->shared[PAGE_BYTES]);
	self->view[PAGE_BYTES] = 'Q';
	EXPECT_EQ('S', self->shared[PAGE_BYTES]);
}

/* Which page was copied is known whatever has become of the process. */
TEST_F(copied, undumpable)
{
	ASSERT_EQ(0, prctl(PR_SET_DUMPABLE, 0));
	EXPECT_TRUE(protect(self->view, 3 * PAGE_BYTES, PAGE_READWRITE));
	stays_private(_metadata, self);
	self->view[0] = 'W';
	EXPECT_EQ('W', self->shared[0]);
}

TEST_F(copied, no_descriptors)
{
	use_up_descriptors();
	EXPECT_TRUE(protect(self->view, 3 * PAGE_BYTES, PAGE_READWRITE));
	stays_private(_metadata, self);
}

/* Where it is not known, nothing changes. */
static void nothing_changes(struct __test_metadata *_metadata,
			    FIXTURE_DATA(copied) * self, DWORD error)
{
	EXPECT_ERROR(error, protect(self->view, 3 * PAGE_BYTES,
				    PAGE_READWRITE));
	EXPECT_EQ(NULL, VirtualAlloc(self->view, PAGE_BYTES, MEM_COMMIT,
				     PAGE_READWRITE));
	stays_private(_metadata, self);
	EXPECT_EQ('S', self->view[0]);
	self->view[0] = 'P';
	EXPECT_EQ('S', self->shared[0]);
}

TEST_F(copied, unknown_without_descriptors)
{
	MEMORY_BASIC_INFORMATION info;

	ASSERT_LE(0, kept("pagemap"));
	close(kept("pagemap"));
	use_up_descriptors();
	EXPECT_EQ(0, VirtualQuery(self->view, &info, sizeof(info)));
	nothing_changes(_metadata, self, ERROR_TOO_MANY_OPEN_FILES);
}

TEST_F(copied, unknown_in_an_undumpable_process)
{
	ASSERT_LE(0, kept("pagemap"));
	close(kept("pagemap"));
	ASSERT_EQ(0, prctl(PR_SET_DUMPABLE, 0));
	nothing_changes(_metadata, self, ERROR_ACCESS_DENIED);
}

/* The number may be the program's own by now. */
TEST_F(copied, closed_by_the_program)
{
	int fd = kept("pagemap"), file;

	ASSERT_LE(0, fd);
	file = unnamed_file("/tmp");
	ASSERT_EQ(fd, dup2(file, fd));
	EXPECT_TRUE(protect(self->view, 3 * PAGE_BYTES, PAGE_READWRITE));
	stays_private(_metadata, self);
	EXPECT_EQ(0, fcntl(fd, F_GETFD));
}

static int changes_in_child(void *arg)
{
	FIXTURE_DATA(copied) *self = arg;

	self->view[0] = 'C';
	CHILD_EXPECT(protect(self->view, 3 * PAGE_BYTES, PAGE_READWRITE));
	CHILD_EXPECT(self->view[0] == 'C' && self->shared[0] == 'S');
	self->view[2 * PAGE_BYTES] = 'W';
	CHILD_EXPECT(self->shared[2 * PAGE_BYTES] == 'W');
	return 0;
}

TEST_F(copied, child_asks_about_itself)
{
	EXPECT_EQ(0, sec_in_child(changes_in_child, self));
}

TEST(answers_without_descriptors)
{
	HANDLE file = file_of(3 * PAGE_BYTES, ALL_FILE_ACCESS);
	HANDLE section, sparse;
	MEMORY_BASIC_INFORMATION before, after;
	static int own;
	char *view, *reserved;

	section = CreateFileMappingA(file, NULL, PAGE_READWRITE, 0, 0, NULL);
	view = view_of(section, FILE_MAP_READ);
	sparse = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL,
				    PAGE_READWRITE | SEC_RESERVE, 0, 0x100000,
				    NULL);
	reserved = view_of(sparse, FILE_MAP_WRITE);
	ASSERT_NE(NULL, view);
	ASSERT_NE(NULL, reserved);
	before = query(&own);
	ASSERT_EQ(0, SetFilePointer(file, 0, NULL, FILE_BEGIN));
	use_up_descriptors();
	after = query(&own);
	EXPECT_EQ(before.BaseAddress, after.BaseAddress);
	EXPECT_EQ(before.RegionSize, after.RegionSize);
	EXPECT_EQ(before.Protect, after.Protect);
	EXPECT_EQ(MEM_COMMIT, after.State);
	EXPECT_EQ(MEM_RESERVE, state_at(reserved));
	EXPECT_ERROR(ERROR_INVALID_PARAMETER,
		     protect(reserved, PAGE_BYTES, PAGE_READONLY));
	EXPECT_ERROR(ERROR_USER_MAPPED_FILE, SetEndOfFile(file));

	/* Without any way to know, there is no answer. */
	close(kept("maps"));
	close(kept("section"));
	ASSERT_LE(0, dup(STDIN_FILENO));
	ASSERT_LE(0, dup(STDIN_FILENO));
	EXPECT_ERROR(ERROR_TOO_MANY_OPEN_FILES,
		     VirtualQuery(&own, &after, sizeof(after)));
	EXPECT_ERROR(ERROR_TOO_MANY_OPEN_FILES,
		     VirtualQuery(reserved, &after, sizeof(after)));
	EXPECT_ERROR(ERROR_TOO_MANY_OPEN_FILES,
		     protect(reserved, PAGE_BYTES, PAGE_READONLY));
	EXPECT_ERROR(ERROR_TOO_MANY_OPEN_FILES, SetEndOfFile(file));
	EXPECT_EQ(3 * PAGE_BYTES, size_of_file(file));
}

/* Signals */

static void interrupt_by(int signal)
{
	const struct sigaction action = { .sa_handler = sec_ignore };

	sigaction(signal, &action, NULL);
}

/* Until a thread sleeps. */
static void wait_until_asleep(pid_t pid, pid_t thread)
{
	char path[64], text[256], state = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, thread);
	while (state != 'S') {
		if (sec_read_file(path, text, sizeof(text)) <= 0 ||
		    sscanf(text, "%*d (%*[^)]) %c", &state) != 1)
			return;
	}
}

struct interrupter {
	pthread_t target;
	pid_t target_tid;
	int pipe;
};

static void *interrupts_and_writes(void *arg)
{
	const struct interrupter *in = arg;
	int i;

	for (i = 0; i < 5; i++) {
		wait_until_asleep(getpid(), in->target_tid);
		pthread_kill(in->target, SIGUSR1);
	}
	wait_until_asleep(getpid(), in->target_tid);
	return write(in->pipe, "x", 1) == 1 ? NULL : arg;
}

TEST(signals_do_not_end_a_read)
{
	struct interrupter in = {
		.target = pthread_self(), .target_tid = getpid(),
	};
	pthread_t thread;
	char byte = 0;
	HANDLE read;
	DWORD done;
	int ends[2];

	interrupt_by(SIGUSR1);
	ASSERT_EQ(0, pipe(ends));
	in.pipe = ends[1];
	read = SectionHandleFromDescriptor(ends[0]);
	ASSERT_EQ(0, pthread_create(&thread, NULL, interrupts_and_writes, &in));
	EXPECT_TRUE(ReadFile(read, &byte, 1, &done, NULL));
	EXPECT_EQ(1, done);
	EXPECT_EQ('x', byte);
	pthread_join(thread, NULL);
}

static bool interrupt_parent;

static void in_child(void)
{
	if (!interrupt_parent)
		return;
	wait_until_asleep(getppid(), getppid());
	kill(getppid(), SIGUSR1);
	wait_until_asleep(getppid(), getppid());
}

TEST(signals_do_not_start_a_program)
{
	char command[] = "/nonexistent/program";
	STARTUPINFOA startup = { .cb = sizeof(startup) };
	PROCESS_INFORMATION process;

	interrupt_by(SIGUSR1);
	ASSERT_EQ(0, pthread_atfork(NULL, NULL, in_child));
	interrupt_parent = true;
	EXPECT_ERROR(ERROR_FILE_NOT_FOUND,
		     CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL,
				    NULL, &startup, &process));
	EXPECT_EQ(-1, waitpid(-1, NULL, WNOHANG));
	EXPECT_EQ(ECHILD, errno);
}

TEST(broken_pipe)
{
	sigset_t pending;
	HANDLE write;
	DWORD done;
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	close(ends[0]);
	write = SectionHandleFromDescriptor(ends[1]);
	EXPECT_ERROR(ERROR_BROKEN_PIPE, WriteFile(write, "x", 1, &done, NULL));
	EXPECT_EQ(0, sigpending(&pending));
	EXPECT_EQ(0, sigismember(&pending, SIGPIPE));
	CloseHandle(write);
}

/* Cancelled threads */

static void *query_for_ever(void *address)
{
	for (;;) {
		query(address);
		pthread_testcancel();
	}
	return NULL;
}

TEST(cancelled_threads_hold_no_lock)
{
	pthread_t thread;
	void *memory;
	int i;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, pthread_create(&thread, NULL, query_for_ever, &i));
		usleep(1000);
		pthread_cancel(thread);
		pthread_join(thread, NULL);
		memory = VirtualAlloc(NULL, 1, MEM_COMMIT, PAGE_READWRITE);
		ASSERT_NE(NULL, memory);
		EXPECT_TRUE(VirtualFree(memory, 0, MEM_RELEASE));
	}
}

/* What is remembered of sections does not add up. */
static bool create_uncached(int count)
{
	HANDLE section;

	while (count--) {
		section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL,
					     PAGE_READWRITE | SEC_COMMIT |
					     SEC_NOCACHE, 0, 0x1000, NULL);
		if (!CloseHandle(section))
			return false;
	}
	return true;
}

TEST(remembers_no_more_than_it_must)
{
	size_t before;

	ASSERT_TRUE(create_uncached(10));
	before = mallinfo2().uordblks;
	ASSERT_TRUE(create_uncached(1000));
	EXPECT_EQ(before, mallinfo2().uordblks);
}

/* Children */

static BOOL start(const char *arguments, STARTUPINFOA *startup,
		  PROCESS_INFORMATION *process)
{
	char path[PATH_MAX], command[PATH_MAX + 64];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[length < 0 ? 0 : length] = 0;
	startup->cb = sizeof(*startup);
	snprintf(command, sizeof(command), "\"%s\" %s", path, arguments);
	return CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL,
			      startup, process);
}

static DWORD finish(PROCESS_INFORMATION *process)
{
	DWORD code = SEC_POISON32;

	WaitForSingleObject(process->hProcess, INFINITE);
	GetExitCodeProcess(process->hProcess, &code);
	CloseHandle(process->hThread);
	CloseHandle(process->hProcess);
	return code;
}

TEST(no_environment)
{
	STARTUPINFOA startup = { 0 };
	PROCESS_INFORMATION process;

	clearenv();
	ASSERT_TRUE(start("nothing", &startup, &process));
	EXPECT_EQ(0, finish(&process));
}

/* The mask of what was in its place is not that of what the child is given. */
TEST(standard_handles_keep_their_access)
{
	HANDLE file = file_of(16, GENERIC_READ | GENERIC_WRITE);
	STARTUPINFOA startup = {
		.dwFlags = STARTF_USESTDHANDLES, .hStdInput = file,
	};
	PROCESS_INFORMATION process;
	char byte;
	DWORD done;

	ReadFile(GetStdHandle(STD_INPUT_HANDLE), &byte, 0, &done, NULL);
	ASSERT_TRUE(start("write", &startup, &process));
	EXPECT_EQ(0, finish(&process));
}

TEST(standard_descriptors_closed)
{
	char command[] = "/nonexistent/program";
	STARTUPINFOA startup = {
		.cb = sizeof(startup), .dwFlags = STARTF_USESTDHANDLES,
		.hStdInput = file_of(16, GENERIC_READ),
	};
	PROCESS_INFORMATION process;
	int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
	int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
	BOOL done;
	DWORD error;

	startup.hStdOutput = startup.hStdInput;
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	done = CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL,
			      &startup, &process);
	error = GetLastError();
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	EXPECT_FALSE(done);
	EXPECT_EQ(ERROR_FILE_NOT_FOUND, error);
}

/* A child that is forked while a view is mapped here for somebody else. */

static int maps_there(void *arg)
{
	const pid_t *pid = arg;
	HANDLE process = OpenProcess(PROCESS_ALL_ACCESS, FALSE, *pid);
	HANDLE section = nt_section(PAGE_READWRITE, 0x1000, NULL);
	PVOID base;
	SIZE_T size;

	for (;;) {
		base = NULL;
		size = 0;
		if (!NtMapViewOfSection(section, process, &base, 0, 0, NULL,
					&size, ViewShare, 0, PAGE_READWRITE))
			NtUnmapViewOfSection(process, base);
	}
	return 0;
}

static int count_handles(void *unused)
{
	int count = 0, fd;
	DWORD flags;

	(void)unused;
	for (fd = 3; fd < 64; fd++)
		if (GetHandleInformation((HANDLE)((fd + 1UL) << 2), &flags))
			count++;
	return count;
}

TEST(forked_children_have_no_handles_of_others)
{
	pid_t self = getpid(), caller;
	int before, i;

	ASSERT_TRUE(SectionEnableRemoteAccess());
	caller = sec_fork(maps_there, &self);
	before = sec_in_child(count_handles, NULL);
	for (i = 0; i < sec_rounds(300); i++)
		ASSERT_EQ(before, sec_in_child(count_handles, NULL));
	kill(caller, SIGKILL);
	sec_wait(caller);
	EXPECT_EQ(0, section_agent_stop());
}

/* Processes */

TEST(exit_code_by_a_duplicate)
{
	STARTUPINFOA startup = { 0 };
	PROCESS_INFORMATION process;
	HANDLE me = GetCurrentProcess(), copy;
	DWORD code = 0;

	ASSERT_TRUE(start("idle", &startup, &process));
	ASSERT_TRUE(DuplicateHandle(me, process.hProcess, me, &copy, 0, FALSE,
				    DUPLICATE_SAME_ACCESS));
	ASSERT_TRUE(TerminateProcess(process.hProcess, 4200));
	EXPECT_EQ(WAIT_OBJECT_0, WaitForSingleObject(copy, INFINITE));
	EXPECT_TRUE(GetExitCodeProcess(copy, &code));
	EXPECT_EQ(4200, code);
	EXPECT_EQ(4200, finish(&process));
	CloseHandle(copy);
}

static pthread_barrier_t together;

static void *closes(void *handle)
{
	pthread_barrier_wait(&together);
	CloseHandle(handle);
	return NULL;
}

/* Whoever closes the last handle of a child lets it go. */
TEST(no_zombies)
{
	STARTUPINFOA startup = { 0 };
	PROCESS_INFORMATION process;
	pthread_t threads[2];
	int i;

	pthread_barrier_init(&together, NULL, 2);
	for (i = 0; i < sec_rounds(100); i++) {
		ASSERT_TRUE(start("nothing", &startup, &process));
		WaitForSingleObject(process.hProcess, INFINITE);
		pthread_create(&threads[0], NULL, closes, process.hProcess);
		pthread_create(&threads[1], NULL, closes, process.hThread);
		pthread_join(threads[0], NULL);
		pthread_join(threads[1], NULL);
		ASSERT_EQ(-1, waitpid(-1, NULL, WNOHANG));
	}
}

/* Files */

static int closes_in_child(void *handle)
{
	return !CloseHandle(handle);
}

TEST(deleted_with_the_last_handle)
{
	char path[64];
	HANDLE file, copy, me = GetCurrentProcess();

	snprintf(path, sizeof(path), "/tmp/win32_robust_test-%d", getpid());
	file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 7, NULL,
			   CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);
	ASSERT_NE(INVALID_HANDLE_VALUE, file);
	EXPECT_EQ(0, sec_in_child(closes_in_child, file));
	EXPECT_EQ(0, access(path, F_OK));
	ASSERT_TRUE(DuplicateHandle(me, file, me, &copy, 0, FALSE,
				    DUPLICATE_SAME_ACCESS));
	CloseHandle(file);
	EXPECT_EQ(0, access(path, F_OK));
	ASSERT_TRUE(DuplicateHandle(me, copy, me, &file, 0, FALSE,
				    DUPLICATE_SAME_ACCESS |
				    DUPLICATE_CLOSE_SOURCE));
	EXPECT_EQ(0, access(path, F_OK));
	CloseHandle(file);
	EXPECT_EQ(-1, access(path, F_OK));
	unlink(path);
}

/* Memory */

/* Until there can be no more mappings. */
static char *use_up_mappings(size_t pages)
{
	char *base = mmap(NULL, pages * PAGE_BYTES, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t i;

	for (i = 0; i < pages; i += 2)
		if (mprotect(base + i * PAGE_BYTES, PAGE_BYTES, PROT_READ))
			break;
	return i < pages ? base : NULL;
}

/* What takes minutes in a kernel that looks at each access. */
FIXTURE(huge) {
	char unused;
};

FIXTURE_SETUP(huge)
{
}

FIXTURE_TEARDOWN(huge)
{
}

TEST_F_TIMEOUT(huge, release_where_no_hole_can_be, 300)
{
	const size_t pages = 140000;
	char *memory = VirtualAlloc(NULL, 3 * PAGE_BYTES, MEM_COMMIT,
				    PAGE_READWRITE);
	PVOID base = memory + PAGE_BYTES;
	SIZE_T size = PAGE_BYTES;
	NTSTATUS status;
	char *many;

	ASSERT_NE(NULL, memory);
	memset(memory, 'M', 3 * PAGE_BYTES);
	many = use_up_mappings(pages);
	status = NtFreeVirtualMemory(NtCurrentProcess(), &base, &size,
				     MEM_RELEASE);
	if (many)
		munmap(many, pages * PAGE_BYTES);
	ASSERT_NE(NULL, many);
	EXPECT_EQ(STATUS_NO_MEMORY, status);
	EXPECT_EQ('M', memory[PAGE_BYTES]);
	EXPECT_EQ(MEM_COMMIT, state_at(memory + PAGE_BYTES));
	EXPECT_EQ(3 * PAGE_BYTES, query(memory).RegionSize);
	EXPECT_EQ(STATUS_SUCCESS,
		  NtFreeVirtualMemory(NtCurrentProcess(), &base, &size,
				      MEM_RELEASE));
	EXPECT_TRUE(free_at(memory + PAGE_BYTES));
	EXPECT_EQ(PAGE_BYTES, query(memory).RegionSize);
	EXPECT_TRUE(VirtualFree(memory, 0, MEM_RELEASE));
	EXPECT_TRUE(VirtualFree(memory + 2 * PAGE_BYTES, 0, MEM_RELEASE));
}

TEST(protection_over_a_hole)
{
	char *pages = mmap(NULL, 3 * PAGE_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, (void *)pages);
	ASSERT_EQ(0, munmap(pages + PAGE_BYTES, PAGE_BYTES));
	EXPECT_ERROR(ERROR_INVALID_ADDRESS,
		     protect(pages, 3 * PAGE_BYTES, PAGE_READONLY));
	EXPECT_EQ(PAGE_READWRITE, protection_at(pages));
	EXPECT_EQ(PAGE_READWRITE, protection_at(pages + 2 * PAGE_BYTES));
}

TEST(failed_read_takes_no_memory)
{
	char *buffer = VirtualAlloc(NULL, 16 * PAGE_BYTES, MEM_COMMIT,
				    PAGE_READWRITE);
	unsigned char present[16];
	SIZE_T done;

	ASSERT_NE(NULL, buffer);
	EXPECT_ERROR(ERROR_PARTIAL_COPY,
		     ReadProcessMemory(GetCurrentProcess(),
				       (void *)(uintptr_t)PAGE_BYTES, buffer,
				       16 * PAGE_BYTES, &done));
	EXPECT_EQ(0, done);
	ASSERT_EQ(0, mincore(buffer + PAGE_BYTES, 15 * PAGE_BYTES, present));
	EXPECT_TRUE(sec_all_bytes(present, 0, 15));
	EXPECT_TRUE(VirtualFree(buffer, 0, MEM_RELEASE));
}

/* Many times the same memory. */
static char *repeated(int fd, size_t part, size_t count)
{
	char *base = mmap(NULL, part * count, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t i;

	for (i = 0; i < count; i++)
		if (mmap(base + i * part, part, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
			return NULL;
	return base;
}

/* Linux copies no more than 2 GiB less a page at once. */
TEST_F_TIMEOUT(huge, copies_more_than_linux_does_at_once, 300)
{
	const size_t part = 16 << 20, count = 129;
	int fd = memfd_create("repeated", MFD_CLOEXEC);
	char *from, *to;
	SIZE_T done = 0;

	ASSERT_EQ(0, ftruncate(fd, part));
	from = repeated(fd, part, count);
	to = repeated(fd, part, count);
	ASSERT_NE(NULL, from);
	ASSERT_NE(NULL, to);
	EXPECT_TRUE(ReadProcessMemory(GetCurrentProcess(), from, to,
				      part * count, &done));
	EXPECT_EQ(part * count, done);
}

/* Names */

/* The library has a function of this name inside. */
static bool mine_was_called;

void memory_lock(void)
{
	mine_was_called = true;
}

TEST(names_of_the_program)
{
	void *memory = VirtualAlloc(NULL, 1, MEM_RESERVE, PAGE_NOACCESS);

	EXPECT_TRUE(VirtualFree(memory, 0, MEM_RELEASE));
	EXPECT_FALSE(mine_was_called);
}

TEST(overlong_characters)
{
	HANDLE section = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL,
					    PAGE_READWRITE, 0, 0x1000,
					    "robust");

	ASSERT_NE(NULL, section);
	EXPECT_ERROR(ERROR_FILE_NOT_FOUND,
		     OpenFileMappingA(FILE_MAP_READ, FALSE,
				      "robust\xe0\x80\x80more"));
	EXPECT_ERROR(ERROR_FILE_NOT_FOUND,
		     OpenFileMappingA(FILE_MAP_READ, FALSE,
				      "Local\xe0\x81\x9crobust"));
	EXPECT_ERROR(ERROR_FILE_NOT_FOUND,
		     OpenFileMappingA(FILE_MAP_READ, FALSE,
				      "robus\xf0\x80\x81\xb4"));
	CloseHandle(section);
}

static int be_child(const char *what)
{
	DWORD done;

	if (!strcmp(what, "idle"))
		pause();
	if (!strcmp(what, "write"))
		return !WriteFile(GetStdHandle(STD_INPUT_HANDLE), "x", 1,
				  &done, NULL);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && argv[1][0] != '-')
		return be_child(argv[1]);
	return test_harness_run(argc, argv);
}
