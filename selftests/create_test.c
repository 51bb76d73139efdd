// SPDX-License-Identifier: GPL-2.0-only
/*
 * Creating anonymous sections: sizes, protection, rights, mode, group,
 * descriptors.
 */
#include <sys/resource.h>

#include "section_util.h"
#include "kselftest_harness.h"

FIXTURE(create)
{
	int dev;
	int fds;
	struct sec_name name;
};

FIXTURE_SETUP(create)
{
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->name = sec_unique();
	self->fds = sec_count_fds();
}

FIXTURE_TEARDOWN(create)
{
	close(self->dev);
}

/* Creation must fail; no descriptor and no name may be left. */
static void refuse(struct __test_metadata *_metadata,
		   const FIXTURE_DATA(create) *self, int expected,
		   struct section_create *args)
{
	const struct section_create before = *args;

	EXPECT_EQ(expected, sec_create(self->dev, args));
	EXPECT_EQ(0, memcmp(&before, args, sizeof(before)));
	EXPECT_EQ(self->fds, sec_count_fds());
	EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s,
				    SECTION_RIGHTS_MAXIMUM));
}

TEST_F(create, sizes)
{
	const struct {
		__u64 bytes;
		__u64 expected;
	} sizes[] = {
		{ 1, SEC_PAGE },
		{ SEC_PAGE - 1, SEC_PAGE },
		{ SEC_PAGE, SEC_PAGE },
		{ SEC_PAGE + 1, 2 * SEC_PAGE },
		{ 2 * SEC_PAGE, 2 * SEC_PAGE },
		{ (1 << 20) + 1, (1 << 20) + SEC_PAGE },
	};
	struct section_query q;
	struct stat st;
	char *view;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		int handle = sec_create_anon(self->dev, NULL, sizes[i].bytes);

		ASSERT_LE(0, handle);
		ASSERT_EQ(0, sec_query(handle, &q));
		EXPECT_EQ(sizes[i].expected, q.bytes);
		EXPECT_EQ(0, q.resident);
		ASSERT_EQ(0, fstat(handle, &st));
		EXPECT_EQ(sizes[i].expected, (__u64)st.st_size);

		/* All of it is there, and none of it holds anything. */
		view = sec_map(handle, PROT_READ | PROT_WRITE, 0, 0, 0);
		ASSERT_NE(MAP_FAILED, view);
		EXPECT_TRUE(sec_all_bytes(view, 0, q.bytes));
		view[q.bytes - 1] = 1;
		ASSERT_EQ(0, sec_query(handle, &q));
		EXPECT_LE(SEC_PAGE, q.resident);
		EXPECT_EQ(MAP_FAILED, sec_map(handle, PROT_READ, 0, q.bytes, 1));
		EXPECT_EQ(ENXIO, errno);
		ASSERT_EQ(0, munmap(view, q.bytes));
		close(handle);
	}
}

TEST_F(create, bad_sizes)
{
	/* The last page at which a file's offsets end. */
	const __u64 max = INT64_MAX & ~(__u64)(SEC_PAGE - 1);
	const __u64 overflowing[] = {
		max + 1, max + SEC_PAGE - 1, INT64_MAX, 1ULL << 63,
		-1ULL, -(__u64)SEC_PAGE, 1 - (__u64)SEC_PAGE,
	};
	struct section_create args = sec_create_args(self->name.s, 0);
	size_t i;

	refuse(_metadata, self, -EINVAL, &args);
	for (i = 0; i < ARRAY_SIZE(overflowing); i++) {
		args.bytes = overflowing[i];
		refuse(_metadata, self, -EOVERFLOW, &args);
	}
}

/* The memory of a section is never what another left behind. */
TEST_F(create, zero_filled)
{
	const size_t bytes = 64 * SEC_PAGE;
	unsigned int round;

	for (round = 0; round < 8; round++) {
		int handle = sec_create_anon(self->dev, self->name.s, bytes);
		char *view;

		ASSERT_LE(0, handle);
		view = sec_map(handle, PROT_READ | PROT_WRITE, 0, 0, 0);
		ASSERT_NE(MAP_FAILED, view);
		EXPECT_TRUE(sec_all_bytes(view, 0, bytes));
		memset(view, 0xff, bytes);
		ASSERT_EQ(0, munmap(view, bytes));
		ASSERT_EQ(0, close(handle));
	}
}

TEST_F(create, protection)
{
	__u32 prot;
	unsigned int bit;

	/* Read is not optional. */
	for (prot = 0; prot < 8; prot++) {
		struct section_create args = sec_create_args(self->name.s, 1);
		struct section_query q;
		int handle;

		args.prot = prot;
		if (!(prot & SECTION_PROT_READ)) {
			refuse(_metadata, self, -EINVAL, &args);
			continue;
		}
		handle = sec_create(self->dev, &args);
		ASSERT_LE(0, handle);
		ASSERT_EQ(0, sec_query(handle, &q));
		EXPECT_EQ(prot, q.prot);
		close(handle);
	}
	for (bit = 3; bit < 32; bit++) {
		struct section_create args = sec_create_args(self->name.s, 1);

		args.prot |= 1U << bit;
		refuse(_metadata, self, -EINVAL, &args);
	}
}

/* What a creator may have of a section with this protection. */
static __u32 rights_of(__u32 prot)
{
	__u32 rights = SEC_RIGHTS_R;

	if (prot & SECTION_PROT_WRITE)
		rights |= SECTION_RIGHT_WRITE | SECTION_RIGHT_EXTEND;
	if (prot & SECTION_PROT_EXECUTE)
		rights |= SECTION_RIGHT_EXECUTE;
	return rights;
}

/* Every set of rights against every protection. */
TEST_F(create, rights)
{
	const __u32 prots[] = {
		SECTION_PROT_READ, SEC_PROT_RW, SEC_PROT_RX, SEC_PROT_RWX,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(prots); i++) {
		const __u32 granted = rights_of(prots[i]);
		struct section_create args = sec_create_args(self->name.s, 1);
		struct section_query q;
		int handle;
		__u32 rights;

		args.prot = prots[i];
		for (rights = 0; rights <= SECTION_RIGHTS_ALL; rights++) {
			args.rights = rights;
			if (rights & ~granted) {
				refuse(_metadata, self, -EACCES, &args);
				continue;
			}
			handle = sec_create(self->dev, &args);
			ASSERT_LE(0, handle);
			if (rights & SECTION_RIGHT_QUERY) {
				ASSERT_EQ(0, sec_query(handle, &q));
				EXPECT_EQ(rights, q.rights);
			} else {
				EXPECT_EQ(-EACCES, sec_query(handle, &q));
			}
			close(handle);
		}
		args.rights = SECTION_RIGHTS_MAXIMUM;
		handle = sec_create(self->dev, &args);
		ASSERT_LE(0, handle);
		ASSERT_EQ(0, sec_query(handle, &q));
		EXPECT_EQ(granted, q.rights);
		close(handle);
	}
}

TEST_F(create, unknown_rights)
{
	unsigned int bit;

	for (bit = 5; bit < 31; bit++) {
		struct section_create args = sec_create_args(self->name.s, 1);

		args.rights = SEC_RIGHTS_R | 1U << bit;
		refuse(_metadata, self, -EINVAL, &args);
		args.rights = SECTION_RIGHTS_MAXIMUM | 1U << bit;
		refuse(_metadata, self, -EINVAL, &args);
	}
}

/* The rights that a handle has are those that its views obey. */
TEST_F(create, rights_hold)
{
	const __u32 sets[] = {
		0, SECTION_RIGHT_QUERY, SECTION_RIGHT_READ,
		SECTION_RIGHT_WRITE, SECTION_RIGHT_EXECUTE,
		SECTION_RIGHT_READ | SECTION_RIGHT_WRITE,
		SECTION_RIGHT_READ | SECTION_RIGHT_EXECUTE,
		SECTION_RIGHT_READ | SECTION_RIGHT_WRITE |
			SECTION_RIGHT_EXECUTE,
	};
	const __u32 prots[] = {
		PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC,
		PROT_READ | PROT_WRITE | PROT_EXEC,
	};
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		struct section_create args = sec_create_args(NULL, 1);
		int handle;

		args.prot = SEC_PROT_RWX;
		args.rights = sets[i];
		handle = sec_create(self->dev, &args);
		ASSERT_LE(0, handle);
		for (j = 0; j < ARRAY_SIZE(prots); j++) {
			bool may = sets[i] & SECTION_RIGHT_READ;
			void *view;

			if (prots[j] & PROT_WRITE)
				may = may && (sets[i] & SECTION_RIGHT_WRITE);
			if (prots[j] & PROT_EXEC)
				may = may && (sets[i] & SECTION_RIGHT_EXECUTE);
			view = sec_map(handle, prots[j], 0, 0, 0);
			if (may) {
				EXPECT_NE(MAP_FAILED, view);
				munmap(view, SEC_PAGE);
			} else {
				EXPECT_EQ(MAP_FAILED, view)
					TH_LOG("rights %x, prot %x", sets[i],
					       prots[j]);
				EXPECT_EQ(EACCES, errno);
			}
		}
		close(handle);
	}
}

TEST_F(create, mode)
{
	const __u32 bad[] = {
		01000, 02000, 04000, 07777, 010000, S_IFREG | 0600, 1U << 31,
	};
	struct section_create args = sec_create_args(self->name.s, 1);
	const mode_t mask = umask(077);
	struct section_query q;
	struct stat st;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		args.mode = bad[i];
		refuse(_metadata, self, -EINVAL, &args);
	}
	for (args.mode = 0; args.mode <= 0777; args.mode += 0111) {
		int handle = sec_create(self->dev, &args);

		/* The creator's own handle does not depend on the mode. */
		ASSERT_LE(0, handle);
		ASSERT_EQ(0, sec_query(handle, &q));
		EXPECT_EQ(args.mode, q.mode);
		EXPECT_EQ(SEC_RIGHTS_RW, q.rights);
		ASSERT_EQ(0, fstat(handle, &st));
		EXPECT_EQ(args.mode, st.st_mode & 07777);
		close(handle);
	}
	umask(mask);
}

TEST_F(create, group)
{
	struct section_create args = sec_create_args(self->name.s, 1);
	struct section_query q;
	int handle;

	if (!geteuid())
		SKIP(return, "root may give a section to any group");

	args.gid = getegid();
	handle = sec_create(self->dev, &args);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(getegid(), q.gid);
	EXPECT_EQ(geteuid(), q.uid);
	close(handle);

	args.gid = SECTION_CALLER_GROUP;
	handle = sec_create(self->dev, &args);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, sec_query(handle, &q));
	EXPECT_EQ(getegid(), q.gid);
	close(handle);

	args.gid = 0;
	refuse(_metadata, self, -EPERM, &args);
	args.gid = getegid() + 4711;
	refuse(_metadata, self, -EPERM, &args);
	args.gid = (__u32)-2;
	refuse(_metadata, self, -EPERM, &args);
}

TEST_F(create, name_and_length)
{
	struct section_create args = sec_create_args(self->name.s, 1);
	const struct section_create good = args;

	args.name_len = 0;
	refuse(_metadata, self, -EINVAL, &args);
	args = good;
	args.name = 0;
	refuse(_metadata, self, -EINVAL, &args);
	args = sec_create_args(NULL, 1);
	args.flags = SECTION_CREATE_GLOBAL;
	refuse(_metadata, self, -EINVAL, &args);
	args.flags = SECTION_CREATE_OPEN_EXISTING;
	refuse(_metadata, self, -EINVAL, &args);
}

TEST_F(create, bad_file)
{
	struct section_create args = sec_create_args(self->name.s, 1);
	const int numbers[] = { -2, INT32_MIN, 100000, INT32_MAX };
	int pair[2];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		args.file_fd = numbers[i];
		refuse(_metadata, self, -EBADF, &args);
	}
	/* Not regular files. */
	args.file_fd = self->dev;
	refuse(_metadata, self, -ENODEV, &args);
	ASSERT_EQ(0, pipe2(pair, O_CLOEXEC));
	self->fds += 2;
	args.file_fd = pair[1];
	args.prot = SECTION_PROT_READ;
	args.file_fd = pair[0];
	refuse(_metadata, self, -ENODEV, &args);
	close(pair[0]);
	close(pair[1]);
}

/* A section over a section is not one: a handle is no file to back it with. */
TEST_F(create, over_a_handle)
{
	struct section_create args = sec_create_args(self->name.s, 1);
	int handle = sec_create_anon(self->dev, NULL, SEC_PAGE);

	ASSERT_LE(0, handle);
	self->fds++;
	args.file_fd = handle;
	refuse(_metadata, self, -ENODEV, &args);
	args.prot = SECTION_PROT_READ;
	args.bytes = 0;
	refuse(_metadata, self, -ENODEV, &args);
	close(handle);
}

static int open_after_exec(int fd)
{
	char number[16];
	pid_t pid = fork();

	if (!pid) {
		snprintf(number, sizeof(number), "%d", fd);
		execl("/proc/self/exe", "create_test", "--is-open", number,
		      NULL);
		_exit(99);
	}
	return sec_wait(pid);
}

TEST_F(create, close_on_exec)
{
	struct section_create args = sec_create_args(self->name.s, 1);
	struct section_open again = sec_open_args(self->name.s, SEC_RIGHTS_R);
	int handle, opened, duplicate;

	handle = sec_create(self->dev, &args);
	ASSERT_LE(0, handle);
	opened = sec_ioctl(self->dev, SECTION_IOC_OPEN, &again);
	ASSERT_LE(0, opened);
	duplicate = sec_duplicate(handle, SEC_RIGHTS_R, 0);
	ASSERT_LE(0, duplicate);
	EXPECT_EQ(FD_CLOEXEC, fcntl(handle, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(opened, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(duplicate, F_GETFD));
	EXPECT_EQ(1, open_after_exec(handle));
	close(duplicate);
	close(opened);
	close(handle);

	args.flags = SECTION_CREATE_INHERIT;
	handle = sec_create(self->dev, &args);
	ASSERT_LE(0, handle);
	again.flags = SECTION_OPEN_INHERIT;
	opened = sec_ioctl(self->dev, SECTION_IOC_OPEN, &again);
	ASSERT_LE(0, opened);
	duplicate = sec_duplicate(handle, SEC_RIGHTS_R,
				  SECTION_DUPLICATE_INHERIT);
	ASSERT_LE(0, duplicate);
	EXPECT_EQ(0, fcntl(handle, F_GETFD));
	EXPECT_EQ(0, fcntl(opened, F_GETFD));
	EXPECT_EQ(0, fcntl(duplicate, F_GETFD));
	EXPECT_EQ(0, open_after_exec(handle));
	EXPECT_EQ(0, open_after_exec(opened));
	EXPECT_EQ(0, open_after_exec(duplicate));
	close(duplicate);
	close(opened);
	close(handle);
}

/* Without a descriptor to give, nothing is made. */
TEST_F(create, no_descriptors)
{
	struct section_create args = sec_create_args(self->name.s, 1);
	struct rlimit old, limit;
	struct section_query q;
	struct sec_name other = sec_unique();
	int handle, existing;

	existing = sec_create_anon(self->dev, other.s, 1);
	ASSERT_LE(0, existing);
	self->fds++;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
	limit = old;
	limit.rlim_cur = 0;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(-EMFILE, sec_create(self->dev, &args));
	args.flags = SECTION_CREATE_OPEN_EXISTING;
	EXPECT_EQ(-EMFILE, sec_create(self->dev, &args));
	EXPECT_EQ(SEC_POISON32, args.existed);
	EXPECT_EQ(-EMFILE, sec_open(self->dev, other.s, SEC_RIGHTS_R));
	EXPECT_EQ(-EMFILE, sec_duplicate(existing, SEC_RIGHTS_R, 0));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &old));

	EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s,
				    SECTION_RIGHTS_MAXIMUM));
	ASSERT_EQ(0, sec_query(existing, &q));
	EXPECT_EQ(1, q.handles);
	EXPECT_EQ(self->fds, sec_count_fds());

	/* The name was never taken. */
	args.flags = 0;
	handle = sec_create(self->dev, &args);
	EXPECT_LE(0, handle);
	close(handle);
	close(existing);
}

/* No two sections have the same number, also one after the other. */
TEST_F(create, numbers)
{
	__u64 seen[64];
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(seen); i++) {
		int handle = sec_create_anon(self->dev, NULL, 1);

		ASSERT_LE(0, handle);
		seen[i] = sec_id(handle);
		EXPECT_NE(0, seen[i]);
		close(handle);
		for (j = 0; j < i; j++)
			EXPECT_NE(seen[i], seen[j]);
	}
}

/* With "--is-open N" the program tells whether it was left descriptor N. */
int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--is-open"))
		return fcntl(atoi(argv[2]), F_GETFD) >= 0 ? 0 : 1;
	return test_harness_run(argc, argv);
}
