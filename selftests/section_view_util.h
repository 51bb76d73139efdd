/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of views share: touching memory that may not be there,
 * children that report what they saw, backings of every kind.
 */
#ifndef SECTION_VIEW_UTIL_H
#define SECTION_VIEW_UTIL_H

#include <elf.h>
#include <linux/types.h>
#include <pthread.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "section_util.h"

/*
 * gcc means the harness's own variables, in tests that it has inlined into the
 * function with the setjmp().
 */
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wclobbered"
#endif

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE	0x0010
#endif
#ifndef MFD_HUGETLB
#define MFD_HUGETLB		0x0004U
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret	447
#endif

#define EXT4_DIR	"/mnt/ext4"

/* A fault while the thread is not armed still kills the test. */
static __thread sigjmp_buf touch_env;
static __thread int touch_armed;

static inline void touch_handler(int sig)
{
	if (!touch_armed) {
		signal(sig, SIG_DFL);
		return;
	}
	__atomic_store_n(&touch_armed, 0, __ATOMIC_SEQ_CST);
	siglongjmp(touch_env, sig);
}

__attribute__((constructor)) static inline void touch_install(void)
{
	struct sigaction action = {
		.sa_handler = touch_handler,
		.sa_flags = SA_NODEFER,
	};

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

/*
 * A thread's own touches: sec_touch() is for one thread at a time. The byte at
 * address, or minus the signal.
 */
static inline int peek(const void *address)
{
	int value;
	int sig = sigsetjmp(touch_env, 1);

	if (sig)
		return -sig;
	__atomic_store_n(&touch_armed, 1, __ATOMIC_SEQ_CST);
	value = __atomic_load_n((const unsigned char *)address,
				__ATOMIC_SEQ_CST);
	__atomic_store_n(&touch_armed, 0, __ATOMIC_SEQ_CST);
	return value;
}

/* Writes a byte: 0, or minus the signal. */
static inline int poke(void *address, unsigned char value)
{
	int sig = sigsetjmp(touch_env, 1);

	if (sig)
		return -sig;
	__atomic_store_n(&touch_armed, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n((unsigned char *)address, value, __ATOMIC_SEQ_CST);
	__atomic_store_n(&touch_armed, 0, __ATOMIC_SEQ_CST);
	return 0;
}

#if defined(__x86_64__) || defined(__i386__)
#define HAVE_CODE
/* mov $42, %eax; ret */
static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
#endif

/* Linux 6.11 and later: what is mapped where, asked of /proc/PID/maps. */
struct procmap_query {
	__u64 size, query_flags, query_addr;
	__u64 vma_start, vma_end, vma_flags, vma_page_size, vma_offset, inode;
	__u32 dev_major, dev_minor, vma_name_size, build_id_size;
	__u64 vma_name_addr, build_id_addr;
};

#define PROCMAP_QUERY_IOCTL	_IOWR('f', 17, struct procmap_query)
#define BUILD_ID_SIZE	20

/*
 * The build id that the kernel finds in the mapping at address: its size, 0 if
 * it finds none, or -errno.
 */
static inline int build_id_at(const void *address, unsigned char *id)
{
	struct procmap_query query = {
		.size = sizeof(query),
		.query_addr = (uintptr_t)address,
		.build_id_size = BUILD_ID_SIZE,
		.build_id_addr = (uintptr_t)id,
	};
	int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	int ret;

	if (maps < 0)
		return -errno;
	ret = ioctl(maps, PROCMAP_QUERY_IOCTL, &query) ? -errno :
							  (int)query.build_id_size;
	close(maps);
	return ret;
}

/* Makes memory an ELF file whose build id, 'I' throughout, is at id_offset. */
static inline void write_elf(unsigned char *memory, size_t id_offset)
{
	const Elf64_Nhdr note = { .n_namesz = 4, .n_descsz = BUILD_ID_SIZE,
				  .n_type = NT_GNU_BUILD_ID };
	const Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64 },
		.e_type = ET_DYN,
		.e_phoff = sizeof(header),
		.e_phnum = 1,
	};
	const Elf64_Phdr segment = {
		.p_type = PT_NOTE,
		.p_offset = id_offset - 4 - sizeof(note),
		.p_filesz = sizeof(note) + 4 + BUILD_ID_SIZE,
	};

	memcpy(memory, &header, sizeof(header));
	memcpy(memory + sizeof(header), &segment, sizeof(segment));
	memcpy(memory + segment.p_offset, &note, sizeof(note));
	memcpy(memory + segment.p_offset + sizeof(note), "GNU", 4);
	memset(memory + id_offset, 'I', BUILD_ID_SIZE);
}

/* Calls the code at address: what it returned, or minus the signal. */
static inline int run_code(void *address)
{
	int (*function)(void);
	int result;
	int sig = sigsetjmp(touch_env, 1);

	if (sig)
		return -sig;
	memcpy(&function, &address, sizeof(function));
	__atomic_store_n(&touch_armed, 1, __ATOMIC_SEQ_CST);
	result = function();
	__atomic_store_n(&touch_armed, 0, __ATOMIC_SEQ_CST);
	return result;
}

/*
 * What the core sees of memory by get_user_pages and by copying: the number
 * of bytes, or minus errno.
 */

static inline int remote_read(pid_t pid, const void *address)
{
	unsigned char byte = 0;
	struct iovec here = { &byte, 1 };
	struct iovec there = { (void *)address, 1 };

	return process_vm_readv(pid, &here, 1, &there, 1, 0) < 0 ? -errno : 1;
}

static inline int remote_write(pid_t pid, void *address, unsigned char byte)
{
	struct iovec here = { &byte, 1 };
	struct iovec there = { address, 1 };

	return process_vm_writev(pid, &here, 1, &there, 1, 0) < 0 ? -errno : 1;
}

/* read(2) of one byte into address. */
static inline int read_into(void *address)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	int result = read(fd, address, 1) < 0 ? -errno : 1;

	close(fd);
	return result;
}

/* write(2) of one byte from address. */
static inline int write_from(const void *address)
{
	int ends[2];
	int result;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	result = write(ends[1], address, 1) < 0 ? -errno : 1;
	close(ends[0]);
	close(ends[1]);
	return result;
}

/* A child says what it did not like, and ends with 1. */

#define CHILD_EXPECT(condition) do { \
	if (!(condition)) { \
		fprintf(stderr, "# %s:%d: child: not so: %s (errno %d)\n", \
			__FILE__, __LINE__, #condition, errno); \
		_exit(1); \
	} \
} while (0)

/* Memory that children made later share with the test. */
static inline void *shared_page(void)
{
	void *page = mmap(NULL, SEC_PAGE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? NULL : page;
}

/* A barrier for processes, in shared memory. */
static inline pthread_barrier_t *shared_barrier(unsigned int count)
{
	pthread_barrier_t *barrier = shared_page();
	pthread_barrierattr_t attr;

	if (!barrier)
		return NULL;
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (pthread_barrier_init(barrier, &attr, count))
		return NULL;
	return barrier;
}

/*
 * Places.
 */

/* A file without a name in dir, or -1. */
static inline int unnamed_file(const char *dir)
{
	return open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static inline bool have_ext4(void)
{
	struct stat root, st;

	return !stat("/", &root) && !stat(EXT4_DIR, &st) &&
	       root.st_dev != st.st_dev && !access(EXT4_DIR, W_OK);
}

/* Fills page number index of a file with a byte. */
static inline bool fill_page(int fd, size_t index, unsigned char value)
{
	unsigned char page[SEC_PAGE];

	memset(page, value, sizeof(page));
	return pwrite(fd, page, sizeof(page), (off_t)(index * sizeof(page))) ==
	       (ssize_t)sizeof(page);
}

/* The byte of a file at offset, or -1. */
static inline int file_byte(int fd, off_t offset)
{
	unsigned char byte;

	return pread(fd, &byte, 1, offset) == 1 ? byte : -1;
}

static inline off_t file_size(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? -1 : st.st_size;
}

/* A free range of pages; nothing is mapped there any more. */
static inline unsigned char *free_range(size_t pages)
{
	void *range = mmap(NULL, pages * SEC_PAGE, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (range == MAP_FAILED)
		return NULL;
	munmap(range, pages * SEC_PAGE);
	return range;
}

/* Is the kernel at least this release? */
static inline bool kernel_at_least(int major, int minor)
{
	FILE *file = fopen("/proc/sys/kernel/osrelease", "re");
	int a = 0, b = 0;

	if (file) {
		if (fscanf(file, "%d.%d", &a, &b) != 2)
			a = 0;
		fclose(file);
	}
	return a > major || (a == major && b >= minor);
}

/* The line of /proc/self/maps that holds address; false if there is none. */
static inline bool maps_line(const void *address, char *line, size_t size)
{
	FILE *file = fopen("/proc/self/maps", "re");
	unsigned long long from, to;
	bool found = false;

	if (!file)
		return false;
	while (!found && fgets(line, (int)size, file))
		found = sscanf(line, "%llx-%llx", &from, &to) == 2 &&
			(uintptr_t)address >= from && (uintptr_t)address < to;
	fclose(file);
	return found;
}

/*
 * The module itself, for root.
 */

/* As rmmod does it: 0, or -EWOULDBLOCK while it is in use. */
static inline int module_unload(void)
{
	return syscall(SYS_delete_module, "section", O_NONBLOCK) ? -errno : 0;
}

/* Is the module one that can be unloaded, or a part of the kernel? */
static inline bool module_is_module(void)
{
	return !access("/sys/module/section/initstate", F_OK);
}

static inline int module_open(void)
{
	char release[128] = "", path[256];
	const char *named = getenv("SECTION_KO");

	if (named)
		return open(named, O_RDONLY | O_CLOEXEC);
	sec_read_file("/proc/sys/kernel/osrelease", release, sizeof(release));
	release[strcspn(release, "\n")] = 0;
	snprintf(path, sizeof(path), "/lib/modules/%s/extra/section.ko",
		 release);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* 0 or -errno. Its parameters have their defaults then. */
static inline int module_load(void)
{
	int fd = module_open();
	int ret;

	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}

static inline bool module_unloaded(void *arg)
{
	int *ret = arg;

	*ret = module_unload();
	return *ret != -EWOULDBLOCK;
}

/* What was closed last may be given back a moment later. */
static inline int module_unload_soon(void)
{
	int ret = -EWOULDBLOCK;

	sec_eventually(module_unloaded, &ret, 20);
	return ret;
}

#endif /* SECTION_VIEW_UTIL_H */
