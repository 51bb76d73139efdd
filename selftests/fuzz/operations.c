// SPDX-License-Identifier: GPL-2.0-only
/*
 * What programs are made of.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>
#include <linux/falloc.h>
#include <linux/section.h>

#include "fuzz.h"
#include "../image/pe_make.h"

/* More memory than this at once would only make it scarce. */
#define BIG		(4UL << 20)

static const char * const name_words[] = {
	"none", "a", "b", "c", "d", "empty", "longest", "toolong", "nul",
	"slash", "backslash", "utf8", "badutf8", "surrogate", "null",
	"kernel", "hugelength", "edge", "beyond", NULL,
};

static const char * const scope_words[] = {
	"own", "first", "second", "device", "closed", "negative", NULL,
};

static const char * const file_words[] = {
	"none", "ext4", "memfd", "tmpfs", "other", "sealed", "readonly",
	"append", "secret", "directory", "pipe", "path", "device", "huge",
	"handle", "closed", "image", "image2", "imagewriter", NULL,
};

static const char * const id_words[] = {
	"any", "alice", "root", "bogus", NULL,
};

static const char * const address_words[] = {
	"any", "arena", "next", "view", "inside", "odd", "top", "beyond",
	"kernel", "low", NULL,
};

static const char * const room_words[] = {
	"some", "none", "little", "null", "edge", "kernel", NULL,
};

static const char * const map_words[] = {
	"shared", "private", "validate", "fixed", "fixedprivate", "noreplace",
	"populate", "locked", "sync", "noreserve", "growsdown", "hugetlb",
	NULL,
};

static const char * const remap_words[] = {
	"maymove", "stay", "fixed", "dontunmap", "copy", NULL,
};

static const char * const advice_words[] = {
	"normal", "dontneed", "remove", "populate_read", "populate_write",
	"cold", "pageout", "free", "dontfork", "dofork", "willneed",
	"hugepage", "nohugepage", "collapse", "mergeable", "dontdump",
	"wipeonfork", "keeponfork", "sequential", "hwpoison_bad", NULL,
};

static const char * const sync_words[] = {
	"async", "sync", "invalidate", NULL,
};

static const char * const lock_words[] = {
	"lock", "unlock", "onfault", "all", "none", NULL,
};

static const char * const touch_words[] = {
	"read", "write", "readall", "writeall", NULL,
};

static const char * const change_words[] = {
	"truncate", "punch", "allocate", "write", "zero", "collapse",
	"insert", "unlink", "seal", NULL,
};

static const char * const user_words[] = {
	"alice", "root", "bob", "nobody", NULL,
};

static const char * const net_words[] = {
	"second", "first", "new", "user", NULL,
};

static const char * const reopen_words[] = {
	"write", "read", "path", "truncate", "chmod", NULL,
};

static const char * const peek_words[] = {
	"read", "write", "parent", NULL,
};

static const char * const dup_words[] = {
	"dup", "over", "exec", NULL,
};

static const char * const poke_words[] = {
	"fstat", "read", "write", "seek", "truncate", "allocate", "poll",
	"flock", "chmod", "chown", "seals", "sendfile", "sync", "async",
	"xattr", "lease", "statfs", "fdinfo", NULL,
};

static const char * const limit_words[] = {
	"files", "memory", "lock", "size", NULL,
};

static const char * const way_words[] = {
	"too", "instead", NULL,
};

static int handle_of(const struct world *world, uint64_t slot)
{
	int i, fd;

	for (i = 0; i < SLOTS; i++) {
		fd = world->handles[(slot + i) % SLOTS];
		if (fd >= 0)
			return fd;
	}
	return -1;
}

static long handle_put(struct world *world, uint64_t slot, long fd)
{
	if (fd < 0)
		return -1;
	if (world->handles[slot % SLOTS] >= 0)
		close(world->handles[slot % SLOTS]);
	world->handles[slot % SLOTS] = fd;
	return fd;
}

static struct view view_of(const struct world *world, uint64_t slot)
{
	struct view none = { (char *)0x10000000000, 0x10000 };
	int i;

	for (i = 0; i < SLOTS; i++)
		if (world->views[(slot + i) % SLOTS].address)
			return world->views[(slot + i) % SLOTS];
	return none;
}

static void view_put(struct world *world, uint64_t slot, void *address,
		     uint64_t length)
{
	world->views[slot % SLOTS].address = address;
	world->views[slot % SLOTS].length = length;
}

/* A part of a view, usually; the whole of it if both are 0. */
static struct view part_of(const struct world *world, uint64_t slot,
			   uint64_t offset, uint64_t length)
{
	struct view view = view_of(world, slot);

	view.address += offset;
	if (length)
		view.length = length;
	else
		view.length -= offset < view.length ? offset : 0;
	return view;
}

static uint64_t modest(uint64_t size)
{
	return size < BIG ? size : BIG;
}

struct name {
	const void *address;
	uint32_t length;
};

static struct name name_of(uint64_t word)
{
	static char longest[SECTION_NAME_MAX + 2];
	struct name name = { name_words[word], strlen(name_words[word]) };

	memset(longest, 'x', sizeof(longest));
	switch (word) {
	case 0:
		return (struct name) { NULL, 0 };
	case 5:
		return (struct name) { "", 0 };
	case 6:
		return (struct name) { longest, SECTION_NAME_MAX };
	case 7:
		return (struct name) { longest, SECTION_NAME_MAX + 1 };
	case 8:
		return (struct name) { "a\0b", 3 };
	case 9:
		return (struct name) { "a/b", 3 };
	case 10:
		return (struct name) { "a\\b", 3 };
	case 11:
		return (struct name) { "\303\244\360\237\222\251", 6 };
	case 12:
		return (struct name) { "abcdefgh\303", 9 };
	case 13:
		return (struct name) { "\355\240\200", 3 };
	case 14:
		return (struct name) { NULL, 3 };
	case 15:
		return (struct name) { (void *)0xffff888000000000, 8 };
	case 16:
		return (struct name) { "a", UINT32_MAX };
	case 17:
		return (struct name) { scratch_edge(), 8 };
	case 18:
		return (struct name) { scratch_edge(), 16 };
	}
	return name;
}

static int scope_of(const struct world *world, uint64_t word)
{
	const int fds[] = { -1, first_net, second_net, world->device, 999, -2 };

	return fds[word];
}

static uint32_t id_of(uint64_t word)
{
	static const uint32_t ids[] = { -1, 1000, 0, 0xfffffffe };

	return ids[word];
}

static int memfd(unsigned int flags, int seals)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC | flags);

	if (fd < 0 || ftruncate(fd, 0x10000))
		return fd;
	if (seals)
		fcntl(fd, F_ADD_SEALS, seals);
	return fd;
}

/* Images that can be relocated, one of them with a segment that is shared. */
static bool image_write(int fd, unsigned int seed)
{
	struct pe_make make;
	uint8_t *bytes;
	size_t len;
	bool done;

	pe_make_random(&make, seed);
	make.dll_characteristics |= 0x40;
	if (make.section_count)
		make.sections[make.section_count - 1].characteristics |=
			0xd0000000;
	bytes = pe_make_build(&make, &len);
	done = bytes && pwrite(fd, bytes, len, 0) == (ssize_t)len;
	free(bytes);
	return done;
}

/* Made by the first who wants it. */
static int image_open(unsigned int seed, int flags)
{
	char path[64], fresh[64];
	int fd;

	snprintf(path, sizeof(path), "/tmp/fuzz/image%u", seed);
	fd = open(path, flags | O_CLOEXEC);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	snprintf(fresh, sizeof(fresh), "/tmp/fuzz/new%d", getpid());
	fd = open(fresh, O_RDWR | O_CREAT | O_CLOEXEC, 0777);
	if (fd >= 0 && image_write(fd, seed))
		rename(fresh, path);
	close(fd);
	return open(path, flags | O_CLOEXEC);
}

static int file_open(uint64_t word)
{
	const int flags = O_RDWR | O_CREAT | O_CLOEXEC;
	int pair[2], fd;

	switch (word) {
	case 1:
		return open("/mnt/ext4/fuzz", flags, 0666);
	case 2:
		return memfd(MFD_ALLOW_SEALING, 0);
	case 3:
		return open("/tmp/fuzz/file", flags, 0666);
	case 4:
		fd = open("/mnt/ext4/other", flags, 0666);
		return fd < 0 || ftruncate(fd, 0x10001) ? -1 : fd;
	case 5:
		return memfd(MFD_ALLOW_SEALING, F_SEAL_WRITE | F_SEAL_GROW);
	case 6:
		return open("/mnt/ext4/fuzz", O_RDONLY | O_CLOEXEC);
	case 7:
		return open("/mnt/ext4/fuzz", flags | O_APPEND, 0666);
	case 8:
		fd = syscall(SYS_memfd_secret, O_CLOEXEC);
		return fd < 0 || ftruncate(fd, 0x10000) ? -1 : fd;
	case 9:
		return open("/tmp", O_RDONLY | O_CLOEXEC);
	case 10:
		return pipe2(pair, O_CLOEXEC) ? -1 : pair[0];
	case 11:
		return open("/mnt/ext4/fuzz", O_PATH | O_CLOEXEC);
	case 12:
		return open("/dev/section", O_RDWR | O_CLOEXEC);
	case 13:
		return memfd(MFD_HUGETLB, 0);
	case 16:
		return image_open(6, O_RDONLY);
	case 17:
		return image_open(9, O_RDONLY);
	case 18:
		return image_open(6, O_RDWR);
	}
	return -1;
}

/* Opened once in each program. */
static int file_of(struct world *world, uint64_t word)
{
	if (!word)
		return -1;
	if (word == 14)
		return handle_of(world, 0);
	if (word == 15)
		return 999;
	if (world->files[word] < 0)
		world->files[word] = file_open(word);
	return world->files[word];
}

static uint64_t address_of(const struct world *world, uint64_t word)
{
	struct view view = view_of(world, 0);
	const uint64_t arena = 0x20000000000;

	switch (word) {
	case 1:
		return arena;
	case 2:
		return arena + 0x10000;
	case 3:
		return (uintptr_t)view.address;
	case 4:
		return (uintptr_t)view.address + 0x1000;
	case 5:
		return arena + 1;
	case 6:
		return 0x7ffffffff000 - 0x10000;
	case 7:
		return 0x7fffffffffff000;
	case 8:
		return 0xffff888000000000;
	case 9:
		return 0x1000;
	}
	return 0;
}

static long op_create(struct world *world, const uint64_t *arg)
{
	struct name name = name_of(arg[2]);
	struct section_create args = {
		.size = sizeof(args),
		.flags = arg[1],
		.name = (uintptr_t)name.address,
		.name_len = name.length,
		.scope_fd = scope_of(world, arg[3]),
		.bytes = arg[4],
		.prot = arg[5],
		.rights = arg[6],
		.file_fd = file_of(world, arg[7]),
		.mode = arg[8],
		.gid = id_of(arg[9]),
		.owner = id_of(arg[10]),
		.base = address_of(world, arg[11]),
	};

	if (args.base)
		args.flags |= SECTION_CREATE_BASED;
	if (args.flags & (SECTION_CREATE_POPULATE | SECTION_CREATE_LARGE_ONLY) &&
	    args.bytes > BIG && args.bytes < 1ULL << 42)
		args.bytes = BIG;
	return handle_put(world, arg[0],
			  hurt_ioctl(world->device, SECTION_IOC_CREATE, &args,
				     sizeof(args), arg + 12));
}

static long op_open(struct world *world, const uint64_t *arg)
{
	struct name name = name_of(arg[2]);
	struct section_open args = {
		.size = sizeof(args),
		.flags = arg[1],
		.name = (uintptr_t)name.address,
		.name_len = name.length,
		.scope_fd = scope_of(world, arg[3]),
		.rights = arg[4],
		.owner = id_of(arg[5]),
	};

	return handle_put(world, arg[0],
			  hurt_ioctl(world->device, SECTION_IOC_OPEN, &args,
				     sizeof(args), arg + 6));
}

/* Where an ioctl writes what has no fixed size. */
static struct name room_of(uint64_t word)
{
	static char room[4096];

	switch (word) {
	case 0:
		return (struct name) { room, sizeof(room) };
	case 2:
		return (struct name) { room, 90 };
	case 3:
		return (struct name) { NULL, sizeof(room) };
	case 4:
		return (struct name) { scratch_edge(), 200 };
	case 5:
		return (struct name) { (void *)0xffff888000000000, 4096 };
	}
	return (struct name) { NULL, 0 };
}

static long op_list(struct world *world, const uint64_t *arg)
{
	struct name room = room_of(arg[2]);
	struct section_list args = {
		.size = sizeof(args),
		.flags = arg[0],
		.scope_fd = scope_of(world, arg[1]),
		.buffer = (uintptr_t)room.address,
		.buffer_len = room.length,
	};

	return hurt_ioctl(world->device, SECTION_IOC_LIST, &args, sizeof(args),
			  arg + 3);
}

static long op_query(struct world *world, const uint64_t *arg)
{
	struct name room = room_of(arg[1]);
	struct section_query args = {
		.size = sizeof(args),
		.name = (uintptr_t)room.address,
		.name_len = room.length,
	};

	return hurt_ioctl(handle_of(world, arg[0]), SECTION_IOC_QUERY, &args,
			  sizeof(args), arg + 2);
}

static long op_query_image(struct world *world, const uint64_t *arg)
{
	struct name room = room_of(arg[1]);
	struct section_query_image args = {
		.size = sizeof(args),
		.segments = (uintptr_t)room.address,
		.segment_count = room.length /
				 sizeof(struct section_image_segment),
	};

	return hurt_ioctl(handle_of(world, arg[0]), SECTION_IOC_QUERY_IMAGE,
			  &args, sizeof(args), arg + 2);
}

static long op_query_view(struct world *world, const uint64_t *arg)
{
	struct section_query_view args = {
		.size = sizeof(args),
		.address = (uintptr_t)view_of(world, arg[0]).address + arg[1],
	};

	return hurt_ioctl(world->device, SECTION_IOC_QUERY_VIEW, &args,
			  sizeof(args), arg + 2);
}

static long op_duplicate(struct world *world, const uint64_t *arg)
{
	struct section_duplicate args = {
		.size = sizeof(args),
		.flags = arg[2],
		.rights = arg[3],
	};

	return handle_put(world, arg[1],
			  hurt_ioctl(handle_of(world, arg[0]),
				     SECTION_IOC_DUPLICATE, &args, sizeof(args),
				     arg + 4));
}

static long op_close(struct world *world, const uint64_t *arg)
{
	int fd = world->handles[arg[0] % SLOTS];

	world->handles[arg[0] % SLOTS] = -1;
	return fd < 0 ? -1 : close(fd);
}

static long op_dup(struct world *world, const uint64_t *arg)
{
	int fd = handle_of(world, arg[0]), to = world->handles[arg[1] % SLOTS];

	if (arg[2] == 1 && to >= 0)
		return dup2(fd, to);
	return handle_put(world, arg[1], arg[2] == 2 ? dup(fd) :
			  fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

static long op_map(struct world *world, const uint64_t *arg)
{
	struct section_map args = {
		.size = sizeof(args),
		.flags = arg[2],
		.prot = arg[3],
		.address = address_of(world, arg[4]),
		.offset = arg[5],
		.length = arg[6],
	};
	long ret = hurt_ioctl(handle_of(world, arg[0]), SECTION_IOC_MAP, &args,
			      sizeof(args), arg + 7);

	/* Where the damage is outside of it, nobody knows where it is. */
	if (!ret && !arg[7])
		view_put(world, arg[1], (void *)(uintptr_t)args.address,
			 args.length);
	return ret;
}

static long op_mmap(struct world *world, const uint64_t *arg)
{
	static const int flags[] = {
		MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE,
		MAP_SHARED | MAP_FIXED, MAP_PRIVATE | MAP_FIXED,
		MAP_SHARED | MAP_FIXED_NOREPLACE, MAP_SHARED | MAP_POPULATE,
		MAP_SHARED | MAP_LOCKED, MAP_SHARED_VALIDATE | MAP_SYNC,
		MAP_PRIVATE | MAP_NORESERVE, MAP_PRIVATE | MAP_GROWSDOWN,
		MAP_PRIVATE | MAP_HUGETLB,
	};
	uint64_t length = arg[6];
	void *address;

	if (flags[arg[3]] & (MAP_POPULATE | MAP_LOCKED))
		length = modest(length);
	address = mmap((void *)address_of(world, arg[4]), length, arg[2],
		       flags[arg[3]], handle_of(world, arg[0]), arg[5]);
	if (address == MAP_FAILED)
		return -1;
	view_put(world, arg[1], address, length);
	return 0;
}

static long op_munmap(struct world *world, const uint64_t *arg)
{
	struct view part = part_of(world, arg[0], arg[1], arg[2]);

	return munmap(part.address, modest(part.length));
}

static long op_mremap(struct world *world, const uint64_t *arg)
{
	static const int flags[] = {
		MREMAP_MAYMOVE, 0, MREMAP_MAYMOVE | MREMAP_FIXED,
		MREMAP_MAYMOVE | MREMAP_DONTUNMAP, MREMAP_MAYMOVE,
	};
	struct view view = view_of(world, arg[0]);
	uint64_t length = arg[1] ? arg[1] : view.length;
	void *address = mremap(view.address, arg[2] == 4 ? 0 : view.length,
			       length, flags[arg[2]],
			       (void *)address_of(world, 1));

	if (address == MAP_FAILED)
		return -1;
	view_put(world, arg[0], address, length);
	return 0;
}

static long op_mprotect(struct world *world, const uint64_t *arg)
{
	struct view part = part_of(world, arg[0], arg[1], arg[2]);

	return mprotect(part.address, part.length, arg[3]);
}

static long op_madvise(struct world *world, const uint64_t *arg)
{
	static const int advice[] = {
		MADV_NORMAL, MADV_DONTNEED, MADV_REMOVE, 22, 23, MADV_COLD,
		MADV_PAGEOUT, MADV_FREE, MADV_DONTFORK, MADV_DOFORK,
		MADV_WILLNEED, MADV_HUGEPAGE, MADV_NOHUGEPAGE, 25,
		MADV_MERGEABLE, MADV_DONTDUMP, MADV_WIPEONFORK, MADV_KEEPONFORK,
		MADV_SEQUENTIAL, 9999,
	};
	struct view part = part_of(world, arg[0], arg[1], arg[2]);

	return madvise(part.address, modest(part.length), advice[arg[3]]);
}

static long op_msync(struct world *world, const uint64_t *arg)
{
	static const int how[] = {
		MS_ASYNC, MS_SYNC, MS_SYNC | MS_INVALIDATE,
	};
	struct view part = part_of(world, arg[0], arg[1], arg[2]);

	return msync(part.address, modest(part.length), how[arg[3]]);
}

static long op_mlock(struct world *world, const uint64_t *arg)
{
	struct view part = part_of(world, arg[0], arg[1], arg[2]);
	uint64_t length = modest(part.length);

	switch (arg[3]) {
	case 0:
		return mlock(part.address, length);
	case 1:
		return munlock(part.address, length);
	case 2:
		return mlock2(part.address, length, MLOCK_ONFAULT);
	case 3:
		return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
	}
	return munlockall();
}

static long op_touch(struct world *world, const uint64_t *arg)
{
	struct view view = view_of(world, arg[0]);
	size_t at = arg[1] % (view.length | 1);
	int pages = arg[2] < 2 ? 1 : 16;
	long worked = -1;

	for (; pages-- && at < view.length; at += 4096)
		if (touch(view.address + at, arg[2] & 1))
			worked = 0;
	return worked;
}

static long op_commit(struct world *world, const uint64_t *arg)
{
	struct section_commit args = {
		.size = sizeof(args),
		.flags = arg[1],
		.offset = arg[2],
		.length = arg[3],
	};

	return hurt_ioctl(handle_of(world, arg[0]), SECTION_IOC_COMMIT, &args,
			  sizeof(args), arg + 4);
}

static long op_commit_view(struct world *world, const uint64_t *arg)
{
	struct view part = part_of(world, arg[0], arg[2], arg[3]);
	struct section_commit_view args = {
		.size = sizeof(args),
		.flags = arg[1],
		.address = (uintptr_t)part.address,
		.length = part.length,
	};

	return hurt_ioctl(world->device, SECTION_IOC_COMMIT_VIEW, &args,
			  sizeof(args), arg + 4);
}

static long op_extend(struct world *world, const uint64_t *arg)
{
	struct section_extend args = {
		.size = sizeof(args),
		.bytes = arg[1],
	};

	return hurt_ioctl(handle_of(world, arg[0]), SECTION_IOC_EXTEND, &args,
			  sizeof(args), arg + 2);
}

static long op_file(struct world *world, const uint64_t *arg)
{
	const int keep = FALLOC_FL_KEEP_SIZE;
	int fd = file_of(world, arg[0]);

	switch (arg[1]) {
	case 0:
		return ftruncate(fd, arg[2]);
	case 1:
		return fallocate(fd, FALLOC_FL_PUNCH_HOLE | keep, arg[2],
				 arg[3]);
	case 2:
		return fallocate(fd, 0, modest(arg[2]), modest(arg[3]));
	case 3:
		return pwrite(fd, "x", 1, modest(arg[2]));
	case 4:
		return fallocate(fd, FALLOC_FL_ZERO_RANGE | keep,
				 modest(arg[2]), modest(arg[3]));
	case 5:
		return fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, arg[2], arg[3]);
	case 6:
		return fallocate(fd, FALLOC_FL_INSERT_RANGE, modest(arg[2]),
				 modest(arg[3]));
	case 7:
		return unlink("/mnt/ext4/fuzz");
	}
	return fcntl(fd, F_ADD_SEALS, (int)(arg[2] >> 12) & 0x1f);
}

static long op_user(struct world *world, const uint64_t *arg)
{
	static const int ids[] = { 1000, 0, 1001, 65534 };
	int id = ids[arg[0]];

	(void)world;
	if (id && setgroups(0, NULL))
		return -1;
	/* Not the saved one, so that some come back. */
	return setresgid(id, id, -1) || setresuid(id, id, -1) ? -1 : 0;
}

static long op_net(struct world *world, const uint64_t *arg)
{
	(void)world;
	switch (arg[0]) {
	case 0:
		return setns(second_net, CLONE_NEWNET);
	case 1:
		return setns(first_net, CLONE_NEWNET);
	case 2:
		return unshare(CLONE_NEWNET);
	}
	return unshare(CLONE_NEWUSER | CLONE_NEWNET);
}

static long op_pass(struct world *world, const uint64_t *arg)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {
		.header = {
			.cmsg_len = CMSG_LEN(sizeof(int)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		},
	};
	char byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	int fd = handle_of(world, arg[0]), pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -1;
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	fd = -1;
	if (sendmsg(pair[0], &message, MSG_DONTWAIT) == 1) {
		/* While it is only in the socket. */
		op_close(world, arg);
		if (recvmsg(pair[1], &message, MSG_DONTWAIT) == 1)
			memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	}
	close(pair[0]);
	close(pair[1]);
	return handle_put(world, arg[1], fd);
}

static long op_reopen(struct world *world, const uint64_t *arg)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d",
		 handle_of(world, arg[0]));
	switch (arg[2]) {
	case 0:
		return handle_put(world, arg[1], open(path, O_RDWR));
	case 1:
		return handle_put(world, arg[1], open(path, O_RDONLY));
	case 2:
		return handle_put(world, arg[1], open(path, O_PATH));
	case 3:
		return truncate(path, 0x1000);
	}
	return chmod(path, 0777);
}

static long op_peek(struct world *world, const uint64_t *arg)
{
	struct view view = view_of(world, arg[0]);
	static char bytes[8192];
	struct iovec here = { bytes, sizeof(bytes) };
	struct iovec there = {
		view.address + arg[1] % (view.length | 1), sizeof(bytes),
	};

	if (arg[2] == 1)
		return process_vm_writev(getpid(), &here, 1, &there, 1, 0);
	return process_vm_readv(arg[2] ? getppid() : getpid(), &here, 1, &there,
				1, 0);
}

static long op_remap(struct world *world, const uint64_t *arg)
{
	struct view part = part_of(world, arg[0], arg[1], arg[2]);

	return remap_file_pages(part.address, part.length, 0, arg[3] >> 12, 0);
}

static long op_timer(struct world *world, const uint64_t *arg)
{
	struct itimerval timer = { .it_value.tv_usec = 1 + arg[0] };

	(void)world;
	return setitimer(ITIMER_REAL, &timer, NULL);
}

/* One of the next allocations of the next system call fails. */
static long op_fail(struct world *world, const uint64_t *arg)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", 1 + (int)arg[0]);
	int fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	long ret;

	(void)world;
	if (fd < 0 || !atomic_load(&shared->faults))
		return -1;
	ret = write(fd, text, length);
	/* Closing it could be the system call. */
	return ret;
}

static long op_limit(struct world *world, const uint64_t *arg)
{
	static const int which[] = {
		RLIMIT_NOFILE, RLIMIT_AS, RLIMIT_MEMLOCK, RLIMIT_FSIZE,
	};
	struct rlimit limit = { arg[1], RLIM_INFINITY };

	(void)world;
	if (getrlimit(which[arg[0]], &limit))
		return -1;
	limit.rlim_cur = arg[0] ? arg[1] : arg[1] >> 12;
	if (limit.rlim_cur > limit.rlim_max)
		limit.rlim_cur = limit.rlim_max;
	return setrlimit(which[arg[0]], &limit);
}

static long read_fdinfo(int fd)
{
	char path[64], text[1024];
	long ret;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ret = read(fd, text, sizeof(text));
	close(fd);
	fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	while (read(fd, text, sizeof(text)) > 0)
		;
	close(fd);
	return ret;
}

/* What else can be done to any descriptor. */
static long op_poke(struct world *world, const uint64_t *arg)
{
	int fd = handle_of(world, arg[0]);
	struct pollfd poll_fd = { fd, POLLIN | POLLOUT, 0 };
	struct stat status;
	char bytes[256] = { 0 };

	switch (arg[1]) {
	case 0:
		return fstat(fd, &status);
	case 1:
		return pread(fd, bytes, sizeof(bytes), arg[2]);
	case 2:
		return pwrite(fd, bytes, sizeof(bytes), arg[2]);
	case 3:
		return lseek(fd, arg[2], SEEK_SET);
	case 4:
		return ftruncate(fd, arg[2]);
	case 5:
		return fallocate(fd, 0, 0, modest(arg[2]));
	case 6:
		return poll(&poll_fd, 1, 0);
	case 7:
		return flock(fd, LOCK_EX | LOCK_NB);
	case 8:
		return fchmod(fd, 0777);
	case 9:
		return fchown(fd, 1000, 1000);
	case 10:
		return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE);
	case 11:
		return sendfile(file_of(world, 2), fd, NULL, 4096);
	case 12:
		return fsync(fd);
	case 13:
		return fcntl(fd, F_SETFL, O_NONBLOCK | O_ASYNC | O_APPEND);
	case 14:
		return syscall(SYS_fsetxattr, fd, "user.a", "b", 1, 0);
	case 15:
		return fcntl(fd, F_SETLEASE, F_RDLCK);
	case 16:
		return syscall(SYS_fstatfs, fd, bytes);
	}
	return read_fdinfo(fd);
}

/* Any number, on any descriptor of the module. */
static long op_raw(struct world *world, const uint64_t *arg)
{
	int fd = arg[0] ? handle_of(world, 0) : world->device;
	uint32_t noise[64] = { arg[2] };
	struct rng rng = { arg[3] };
	unsigned int i;

	for (i = 1; i < 64 && arg[3] & 1; i++)
		noise[i] = rng_next(&rng);
	if (arg[3] & 2)
		return ioctl(fd, _IO(SECTION_IOC_MAGIC, arg[1]), arg[2]);
	if (arg[3] & 4)
		return ioctl(fd, _IOW(SECTION_IOC_MAGIC, arg[1], noise), noise);
	return ioctl(fd, _IO(SECTION_IOC_MAGIC, arg[1]), noise);
}

#define TO	{ "to", ARG_NUMBER, SLOTS, 0, NULL }
#define HANDLE	{ "h", ARG_NUMBER, 4, 0, NULL }
#define VIEW	{ "v", ARG_NUMBER, 4, 0, NULL }
#define FLAGS(bits)	{ "flags", ARG_BITS, bits, 0, NULL }
#define PROT(usual)	{ "prot", ARG_BITS, 7, usual, NULL }
#define SIZE(name, usual)	{ name, ARG_SIZE, 0, usual, NULL }
#define OFFSET	SIZE("offset", 0)
#define LENGTH	SIZE("length", 0)
#define WORD(name, words, count)	{ name, ARG_WORD, count, 0, words }
#define NAME	WORD("name", name_words, 5)
#define SCOPE	WORD("scope", scope_words, 3)
#define RIGHTS	{ "rights", ARG_BITS, SECTION_RIGHTS_ALL, \
		  SECTION_RIGHTS_MAXIMUM, NULL }
#define ADDRESS	WORD("address", address_words, 3)
/* Always the last. */
#define HURT	WORD("hurt", hurt_words, 2), \
		{ "salt", ARG_NUMBER, 1000, 0, NULL }

const struct kind kinds[] = {
	{ "create", 24, op_create, {
		TO, FLAGS(0x1ff), NAME, SCOPE, SIZE("bytes", 0x10000), PROT(3),
		RIGHTS, WORD("file", file_words, 5),
		{ "mode", ARG_BITS, 0777, 0600, NULL },
		WORD("gid", id_words, 1), WORD("owner", id_words, 1),
		WORD("base", address_words, 1), HURT } },
	{ "open", 16, op_open, {
		TO, FLAGS(3), NAME, SCOPE, RIGHTS, WORD("owner", id_words, 1),
		HURT } },
	{ "list", 5, op_list, {
		FLAGS(1), SCOPE, WORD("room", room_words, 3), HURT } },
	{ "query", 5, op_query, {
		HANDLE, WORD("room", room_words, 3), HURT } },
	{ "query_image", 3, op_query_image, {
		HANDLE, WORD("room", room_words, 3), HURT } },
	{ "query_view", 6, op_query_view, { VIEW, OFFSET, HURT } },
	{ "duplicate", 10, op_duplicate, { HANDLE, TO, FLAGS(3), RIGHTS, HURT } },
	{ "close", 8, op_close, { HANDLE } },
	{ "dup", 3, op_dup, { HANDLE, TO, WORD("how", dup_words, 3) } },
	{ "map", 24, op_map, {
		HANDLE, TO, FLAGS(0xf), PROT(3), ADDRESS, OFFSET, LENGTH,
		HURT } },
	{ "mmap", 12, op_mmap, {
		HANDLE, TO, PROT(3), WORD("how", map_words, 5), ADDRESS, OFFSET,
		SIZE("length", 0x10000) } },
	{ "munmap", 8, op_munmap, { VIEW, OFFSET, LENGTH } },
	{ "mremap", 8, op_mremap, {
		VIEW, LENGTH, WORD("how", remap_words, 5) } },
	{ "mprotect", 8, op_mprotect, { VIEW, OFFSET, LENGTH, PROT(3) } },
	{ "madvise", 10, op_madvise, {
		VIEW, OFFSET, LENGTH, WORD("advice", advice_words, 10) } },
	{ "msync", 3, op_msync, {
		VIEW, OFFSET, LENGTH, WORD("how", sync_words, 3) } },
	{ "mlock", 5, op_mlock, {
		VIEW, OFFSET, LENGTH, WORD("how", lock_words, 5) } },
	{ "touch", 30, op_touch, {
		VIEW, OFFSET, WORD("how", touch_words, 4) } },
	{ "commit", 12, op_commit, { HANDLE, FLAGS(1), OFFSET, LENGTH, HURT } },
	{ "commit_view", 8, op_commit_view, {
		VIEW, FLAGS(1), OFFSET, LENGTH, HURT } },
	{ "extend", 8, op_extend, { HANDLE, SIZE("bytes", 0x20000), HURT } },
	{ "file", 8, op_file, {
		WORD("file", file_words, 5), WORD("how", change_words, 9),
		OFFSET, SIZE("length", 0x1000) } },
	{ "fork", 4, op_fork, { WORD("way", way_words, 2) } },
	{ "thread", 4, op_thread, { } },
	{ "user", 4, op_user, { WORD("id", user_words, 4) } },
	{ "net", 2, op_net, { WORD("which", net_words, 2) } },
	{ "pass", 3, op_pass, { HANDLE, TO } },
	{ "reopen", 3, op_reopen, {
		HANDLE, TO, WORD("how", reopen_words, 5) } },
	{ "peek", 4, op_peek, { VIEW, OFFSET, WORD("how", peek_words, 3) } },
	{ "remap", 2, op_remap, { VIEW, OFFSET, LENGTH, SIZE("page", 0) } },
	{ "timer", 3, op_timer, { { "us", ARG_NUMBER, 3000, 0, NULL } } },
	{ "fail", 6, op_fail, { { "nth", ARG_NUMBER, 12, 0, NULL } } },
	{ "limit", 2, op_limit, {
		WORD("which", limit_words, 4), SIZE("to", 0x100000) } },
	{ "poke", 6, op_poke, {
		HANDLE, WORD("how", poke_words, 18), OFFSET } },
	{ "raw", 3, op_raw, {
		{ "on", ARG_NUMBER, 2, 0, NULL },
		{ "number", ARG_NUMBER, 256, 0x80, NULL }, SIZE("value", 0),
		{ "salt", ARG_NUMBER, 1000, 0, NULL } } },
};

const unsigned int kind_count = ARRAY_SIZE(kinds);
