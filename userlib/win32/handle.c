// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Handles.
 *
 * A handle is (descriptor + 1) << 2.  The table says what each descriptor is
 * and what its handle may do.  Descriptors that were open when the program
 * started are handles too; what they are is found out when they are first used,
 * by asking them.  Other descriptors of the process are none, so that the number
 * of a closed handle stays invalid when the program opens something else.
 */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct slot {
	struct object object;
	bool inherited;		/* not looked at yet */
};

static struct lock lock = LOCK_INITIALIZER;
static struct slot *slots;
static int slot_count;

static HANDLE handle_of(int fd)
{
	return (HANDLE)(((uintptr_t)fd + 1) << 2);
}

static int descriptor_of(HANDLE handle)
{
	uintptr_t number = (uintptr_t)handle;

	/* The lowest bits are the program's own, as on Windows. */
	if (number < 4 || number >> 2 > INT32_MAX)
		return -1;
	return (int)(number >> 2) - 1;
}

/* Room for @fd in the table. */
static struct slot *slot_at(int fd)
{
	struct slot *more;
	int count;

	if (fd < slot_count)
		return &slots[fd];
	count = fd < 64 ? 64 : fd * 2;
	more = realloc(slots, (size_t)count * sizeof(*slots));
	if (!more)
		return NULL;
	memset(more + slot_count, 0, (size_t)(count - slot_count) *
	       sizeof(*slots));
	slots = more;
	slot_count = count;
	return &slots[fd];
}

NTSTATUS handle_create(int fd, const struct object *object, HANDLE *handle)
{
	struct slot *slot;

	lock_take(&lock);
	slot = slot_at(fd);
	if (slot) {
		slot->object = *object;
		slot->inherited = false;
	}
	lock_give(&lock);
	if (!slot) {
		close(fd);
		return STATUS_NO_MEMORY;
	}
	*handle = handle_of(fd);
	return STATUS_SUCCESS;
}

/* Is it a pidfd?  Its process then. */
static pid_t pid_of_descriptor(int fd)
{
	char path[64], line[256];
	int pid = 0;
	ssize_t length;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, line, sizeof(line) - 1);
	if (length <= 0)
		return 0;
	line[length] = '\0';
	if (!strstr(line, "pidfd"))
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Pid: %d", &pid) == 1)
			break;
	fclose(file);
	return pid;
}

static uint32_t access_of_file(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || flags & O_PATH)
		return FILE_READ_ATTRIBUTES;
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return FILE_GENERIC_READ | FILE_GENERIC_EXECUTE;
	case O_WRONLY:
		return FILE_GENERIC_WRITE;
	default:
		return FILE_ALL_ACCESS;
	}
}

/* Nothing else is asked what it knows of sections. */
static bool may_be_section(const struct stat *st)
{
	return S_ISREG(st->st_mode) || !(st->st_mode & S_IFMT);
}

/* What a descriptor from elsewhere is. */
static void recognise(int fd, struct object *object)
{
	uint32_t access = object->access;
	struct section_facts facts;
	struct stat st;

	memset(object, 0, sizeof(*object));
	if (fstat(fd, &st))
		return;
	if (may_be_section(&st) && !section_facts(fd, &facts)) {
		object->type = OBJECT_SECTION;
		object->access = facts.rights & SECTION_RIGHTS_ALL;
	} else {
		object->pid = pid_of_descriptor(fd);
		object->type = object->pid > 0 ? OBJECT_PROCESS : OBJECT_FILE;
		object->access = object->pid > 0 ? PROCESS_ALL_ACCESS :
						   access_of_file(fd);
	}
	/* What the parent said of it is more exact. */
	if (access)
		object->access = access & ~SYNCHRONIZE;
}

static NTSTATUS get_locked(int fd, struct object *object)
{
	if (fd < 0 || fd >= slot_count)
		return STATUS_INVALID_HANDLE;
	if (slots[fd].inherited) {
		slots[fd].inherited = false;
		recognise(fd, &slots[fd].object);
	}
	*object = slots[fd].object;
	if (object->type == OBJECT_NONE || fcntl(fd, F_GETFD) < 0)
		return STATUS_INVALID_HANDLE;
	return STATUS_SUCCESS;
}

NTSTATUS handle_get_any(HANDLE handle, int *fd, struct object *object)
{
	NTSTATUS status;

	*fd = descriptor_of(handle);
	lock_take(&lock);
	status = get_locked(*fd, object);
	lock_give(&lock);
	return status;
}

/* -1 to -6 stand for the current process, thread and so on. */
static bool is_pseudo(HANDLE handle)
{
	intptr_t number = (intptr_t)handle;

	return (number < 0 && number >= -6) || handle == DIRECTORY_LOCAL ||
	       handle == DIRECTORY_GLOBAL;
}

NTSTATUS handle_get(HANDLE handle, enum object_type type, int *fd,
		    struct object *object)
{
	NTSTATUS status;

	if (is_pseudo(handle))
		return STATUS_OBJECT_TYPE_MISMATCH;
	status = handle_get_any(handle, fd, object);
	if (!status && object->type != type)
		return STATUS_OBJECT_TYPE_MISMATCH;
	return status;
}

static bool is_of_process(const struct slot *slot, pid_t pid)
{
	return slot->object.type == OBJECT_PROCESS && slot->object.pid == pid;
}

void handles_set_killed(pid_t pid, uint32_t exit_code)
{
	int fd;

	lock_take(&lock);
	for (fd = 0; fd < slot_count; fd++) {
		if (is_of_process(&slots[fd], pid) && !slots[fd].object.killed) {
			slots[fd].object.killed = true;
			slots[fd].object.exit_code = exit_code;
		}
	}
	lock_give(&lock);
}

/* With the lock: is there a handle of this process? */
static bool has_handle(pid_t pid)
{
	int fd;

	for (fd = 0; fd < slot_count; fd++)
		if (is_of_process(&slots[fd], pid))
			return true;
	return false;
}

void handle_share(int from, HANDLE to)
{
	struct doomed_file *doomed;

	lock_take(&lock);
	doomed = slots[from].object.doomed;
	if (doomed)
		doomed->handles++;
	slots[descriptor_of(to)].object.doomed = doomed;
	lock_give(&lock);
}

/* With the lock: the file that is to be deleted now, or NULL. */
static struct doomed_file *last_handle(struct doomed_file *doomed)
{
	return doomed && !--doomed->handles ? doomed : NULL;
}

/* A child of fork(2) leaves its parent's files alone. */
static void delete_on_close(struct doomed_file *doomed)
{
	if (doomed && doomed->owner == getpid())
		unlink(doomed->path);
	free(doomed);
}

/* With both locks: nobody may get the number before it is forgotten. */
static NTSTATUS close_locked(int fd, struct doomed_file **doomed)
{
	struct object object;
	NTSTATUS status = get_locked(fd, &object);

	if (fd >= 0 && fd < slot_count)
		memset(&slots[fd], 0, sizeof(slots[fd]));
	if (status)
		return status;
	*doomed = last_handle(object.doomed);
	if (object.type == OBJECT_PROCESS && !has_handle(object.pid))
		process_forget(fd, object.pid);
	close(fd);
	return STATUS_SUCCESS;
}

NTSTATUS handle_close(HANDLE handle)
{
	struct doomed_file *doomed = NULL;
	NTSTATUS status;

	if (is_pseudo(handle))
		return STATUS_SUCCESS;
	processes_lock();
	lock_take(&lock);
	status = close_locked(descriptor_of(handle), &doomed);
	lock_give(&lock);
	processes_unlock();
	delete_on_close(doomed);
	return status;
}

HANDLE SectionHandleFromDescriptor(int Descriptor)
{
	struct object object = { .type = OBJECT_NONE };
	HANDLE handle;

	if (Descriptor >= 0)
		recognise(Descriptor, &object);
	if (object.type == OBJECT_NONE ||
	    handle_create(Descriptor, &object, &handle)) {
		SetLastError(ERROR_INVALID_HANDLE);
		return NULL;
	}
	return handle;
}

int SectionDescriptorOfHandle(HANDLE hObject)
{
	struct object object;
	int fd;

	return win32_success(handle_get_any(hObject, &fd, &object)) ? fd : -1;
}

void handles_close_inheritable(void)
{
	int fd;

	/* In a child, between fork and exec: no locks, and no memory. */
	for (fd = 3; fd < slot_count; fd++)
		if (slots[fd].object.type != OBJECT_NONE || slots[fd].inherited)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* 22 characters hold both numbers and what is around them. */
#define DESCRIPTION	24

/* What a child gets as @fd, or NULL for nothing that needs to be said. */
static const struct slot *slot_for_child(int fd, bool inherit,
					 const int *standard)
{
	bool redirected = fd <= STDERR_FILENO && standard[fd] >= 0;
	const struct slot *slot = &slots[redirected ? standard[fd] : fd];

	if (slot->object.type == OBJECT_NONE || slot->inherited)
		return NULL;
	if (!redirected && (!inherit || fcntl(fd, F_GETFD) & FD_CLOEXEC))
		return NULL;
	return slot;
}

char *handles_describe(bool inherit, const int *standard)
{
	const struct slot *slot;
	char *text, *to;
	int fd;

	lock_take(&lock);
	text = malloc((size_t)slot_count * DESCRIPTION + 1);
	for (fd = 0, to = text; text && fd < slot_count; fd++) {
		slot = slot_for_child(fd, inherit, standard);
		if (!slot)
			continue;
		/* SYNCHRONIZE marks that a mask was given, even an empty one. */
		to += snprintf(to, DESCRIPTION, "%d:%x,", fd,
			       slot->object.access | SYNCHRONIZE);
	}
	if (text)
		*to = '\0';
	lock_give(&lock);
	return text;
}

static void take_descriptions(void)
{
	const char *text = secure_getenv(HANDLES_VARIABLE);
	unsigned int access;
	int fd, length;

	while (text && sscanf(text, "%d:%x,%n", &fd, &access, &length) == 2) {
		if (fd >= 0 && fd < slot_count)
			slots[fd].object.access = access;
		text += length;
	}
	unsetenv(HANDLES_VARIABLE);
}

void handles_lock(void)
{
	lock_take(&lock);
}

void handles_unlock(void)
{
	lock_give(&lock);
}

static void note_inherited(int fd)
{
	struct slot *slot = slot_at(fd);

	if (slot)
		slot->inherited = true;
}

static void find_inherited(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int fd;

	while (dir && (entry = readdir(dir))) {
		fd = atoi(entry->d_name);
		if (*entry->d_name != '.' && fd != dirfd(dir))
			note_inherited(fd);
	}
	for (fd = 0; !dir && fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			note_inherited(fd);
	if (dir)
		closedir(dir);
}

/* Before anything else of the library opens descriptors. */
__attribute__((constructor))
static void start(void)
{
	find_inherited();
	take_descriptions();
	kept_open();
	fork_watch();
	remote_start();
}
