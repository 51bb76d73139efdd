// SPDX-License-Identifier: GPL-2.0-only
/*
 * Races and masses.  Root counts and raises limits; the work is done by
 * children as an ordinary user.
 */
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "section_util.h"
#include "kselftest_harness.h"

#define BUFFER_LEN	(64 << 10)

/* Emulated machines are slow: these bound hangs and measure nothing. */
#define PATIENCE	20

struct counters {
	long sections;
	long handles;
	long views;
};

static struct counters read_counters(void)
{
	struct counters counters = {
		.sections = sec_counter("sections"),
		.handles = sec_counter("handles"),
		.views = sec_counter("views"),
	};

	return counters;
}

static bool counters_are(void *arg)
{
	const struct counters *expected = arg;
	struct counters now = read_counters();

	return !memcmp(&now, expected, sizeof(now));
}

/* What the test and its children share. */
struct shared {
	pthread_barrier_t barrier;
	int stop;
	unsigned int opened;
	unsigned int missed;
	struct {
		int ret;
		__u32 existed;
		__u64 id;
	} result[8];
};

FIXTURE(stress)
{
	int dev;
	struct sec_name name;
	struct counters before;
	struct shared *shared;
};

FIXTURE_SETUP(stress)
{
	ASSERT_EQ(0, geteuid()) {
		TH_LOG("this test needs root");
	}
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->name = sec_unique();
	self->before = read_counters();
	ASSERT_LE(0, self->before.sections);
	ASSERT_LE(0, self->before.handles);
	ASSERT_LE(0, self->before.views);
	self->shared = mmap(NULL, sizeof(*self->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->shared);
}

/* Whatever a test did, all of it is gone when its processes are. */
FIXTURE_TEARDOWN(stress)
{
	EXPECT_TRUE(sec_eventually(counters_are, &self->before, PATIENCE)) {
		struct counters now = read_counters();

		TH_LOG("left: %ld sections, %ld handles, %ld views",
		       now.sections - self->before.sections,
		       now.handles - self->before.handles,
		       now.views - self->before.views);
	}
	munmap(self->shared, sizeof(*self->shared));
	close(self->dev);
}

/* A test that fails early leaves nobody behind. */
static int become_alice(void)
{
	return sec_become(SEC_ALICE, SEC_ALICE) ?:
	       prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* xorshift: the same seed gives the same sequence everywhere. */
static __u32 next_random(__u32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* SECTION_TEST_SEED repeats a run. */
static __u32 seed(void)
{
	const char *text = getenv("SECTION_TEST_SEED");
	struct timespec now;

	if (text)
		return strtoul(text, NULL, 0) | 1;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_nsec | 1;
}

static int live_until_killed(void *arg)
{
	FIXTURE_DATA(stress) *self = arg;
	const size_t bytes = 4 * SEC_PAGE;
	int gate[2];

	if (become_alice() || pipe(gate))
		return 1;
	for (;;) {
		struct section_create args = sec_create_args(self->name.s,
							     bytes);
		char *view, *part;
		int handle, again, anchor;
		pid_t child;

		args.flags = SECTION_CREATE_OPEN_EXISTING;
		handle = sec_create(self->dev, &args);
		if (handle < 0)
			return 2;
		again = sec_open(self->dev, self->name.s, SEC_RIGHTS_R);
		anchor = sec_duplicate(again, SEC_RIGHTS_R,
				       SECTION_DUPLICATE_ANCHOR);
		if (again < 0 || anchor < 0)
			return 3;
		view = sec_map(handle, PROT_READ | PROT_WRITE, 0, 0, 0);
		part = sec_map(again, PROT_READ | PROT_WRITE,
			       SECTION_MAP_PRIVATE, SEC_PAGE, SEC_PAGE);
		if (view == MAP_FAILED || part == MAP_FAILED)
			return 4;
		memset(view, 1, bytes);
		part[0] = 2;
		/* Splitting, and a process that dies meanwhile. */
		if (mprotect(view + SEC_PAGE, SEC_PAGE, PROT_READ))
			return 5;
		child = fork();
		if (!child)
			_exit(0);
		munmap(view + 2 * SEC_PAGE, SEC_PAGE);
		close(handle);
		close(anchor);
		munmap(view, bytes);
		munmap(part, SEC_PAGE);
		close(again);
		waitpid(child, NULL, 0);
	}
}

TEST_F_TIMEOUT(stress, killed_at_random, 240)
{
	__u32 state = seed();
	int round;

	TH_LOG("SECTION_TEST_SEED=%u", state);
	for (round = 0; round < sec_rounds(200); round++) {
		struct timespec nap = { 0 };
		pid_t child = sec_fork(live_until_killed, self);
		int status;

		ASSERT_LT(0, child);
		nap.tv_nsec = next_random(&state) % 8000000;
		nanosleep(&nap, NULL);
		ASSERT_EQ(0, kill(child, SIGKILL));
		status = sec_wait(child);
		ASSERT_EQ(-SIGKILL, status) {
			TH_LOG("round %d", round);
		}
		/* Its own children, if any, end by themselves. */
		ASSERT_TRUE(sec_eventually(counters_are, &self->before,
					   PATIENCE)) {
			TH_LOG("round %d", round);
		}
		ASSERT_EQ(0, seteuid(SEC_ALICE));
		ASSERT_EQ(-ENOENT, sec_open(self->dev, self->name.s, 0));
		ASSERT_EQ(0, seteuid(0));
	}
}

#define MAGIC	0x5ec710bbU

static int create_and_close(void *arg)
{
	FIXTURE_DATA(stress) *self = arg;
	unsigned int done = 0;

	if (become_alice())
		return 1;
	while (done < 2000) {
		int handle = sec_create_anon(self->dev, self->name.s,
					     2 * SEC_PAGE);
		__u32 *view;

		/* The other one keeps the last one's name for a moment. */
		if (handle == -EEXIST)
			continue;
		if (handle < 0)
			return 2;
		view = sec_map(handle, PROT_READ | PROT_WRITE, 0, 0, 0);
		if (view == MAP_FAILED)
			return 3;
		/* It is new: nothing is in it. */
		if (view[0])
			return 4;
		__atomic_store_n(view, MAGIC, __ATOMIC_SEQ_CST);
		munmap(view, 2 * SEC_PAGE);
		close(handle);
		done++;
	}
	__atomic_store_n(&self->shared->stop, 1, __ATOMIC_SEQ_CST);
	return 0;
}

/* A section that was opened must be there in full, for as long as it is. */
static int use_opened(int dev, const char *name, int fd)
{
	struct section_query q;
	__u32 *view, value;
	int again;

	if (sec_query(fd, &q) || !q.handles || q.bytes != 2 * SEC_PAGE)
		return 2;
	view = sec_map(fd, PROT_READ | PROT_WRITE, 0, 0, 0);
	if (view == MAP_FAILED)
		return 3;
	value = __atomic_load_n(view, __ATOMIC_SEQ_CST);
	if (value && value != MAGIC)
		return 4;
	if (touch_write((char *)view + SEC_PAGE))
		return 5;
	munmap(view, 2 * SEC_PAGE);
	/* This handle keeps the name: it leads here, and is taken. */
	if (sec_create_anon(dev, name, 1) != -EEXIST)
		return 6;
	again = sec_open(dev, name, SEC_RIGHTS_R);
	if (again < 0 || sec_id(again) != q.id)
		return 7;
	close(again);
	return 0;
}

static int open_and_use(void *arg)
{
	FIXTURE_DATA(stress) *self = arg;
	struct shared *shared = self->shared;

	if (become_alice())
		return 1;
	while (!__atomic_load_n(&shared->stop, __ATOMIC_SEQ_CST)) {
		int fd = sec_open(self->dev, self->name.s, SEC_RIGHTS_RW);
		int err;

		if (fd == -ENOENT) {
			shared->missed++;
			continue;
		}
		if (fd < 0)
			return 100;
		shared->opened++;
		err = use_opened(self->dev, self->name.s, fd);
		if (err)
			return err;
		close(fd);
	}
	return 0;
}

TEST_F_TIMEOUT(stress, open_against_last_close, 240)
{
	pid_t opener, creator;

	opener = sec_fork(open_and_use, self);
	creator = sec_fork(create_and_close, self);
	ASSERT_LT(0, opener);
	ASSERT_LT(0, creator);
	EXPECT_EQ(0, sec_wait(creator));
	/* If the creator failed, the other one would never end. */
	__atomic_store_n(&self->shared->stop, 1, __ATOMIC_SEQ_CST);
	EXPECT_EQ(0, sec_wait(opener));
	TH_LOG("opened %u times, not found %u times", self->shared->opened,
	       self->shared->missed);
	/* Otherwise they did not meet, and nothing was tested. */
	EXPECT_LT(0, self->shared->opened);
	EXPECT_LT(0, self->shared->missed);
}

#define CREATORS	8
#define ROUNDS		sec_rounds(200)

struct creator {
	FIXTURE_DATA(stress) *self;
	unsigned int number;
	__u32 flags;
};

static int create_together(void *arg)
{
	struct creator *creator = arg;
	struct shared *shared = creator->self->shared;
	const char *name = creator->self->name.s;
	int round;

	if (become_alice())
		return 1;
	for (round = 0; round < ROUNDS; round++) {
		struct section_create args = sec_create_args(name, 1);
		int handle;

		args.flags = creator->flags;
		pthread_barrier_wait(&shared->barrier);
		handle = sec_create(creator->self->dev, &args);
		shared->result[creator->number].ret = handle;
		shared->result[creator->number].existed = args.existed;
		shared->result[creator->number].id = handle < 0 ? 0 :
			sec_id(handle);
		/* All have tried; then the test looks; then all let go. */
		pthread_barrier_wait(&shared->barrier);
		pthread_barrier_wait(&shared->barrier);
		close(handle);
	}
	return 0;
}

static void start_creators(struct __test_metadata *_metadata,
			   FIXTURE_DATA(stress) *self, pid_t *pids,
			   struct creator *creators, __u32 flags)
{
	pthread_barrierattr_t attr;
	int i;

	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	ASSERT_EQ(0, pthread_barrier_init(&self->shared->barrier, &attr,
					  CREATORS + 1));
	for (i = 0; i < CREATORS; i++) {
		creators[i].self = self;
		creators[i].number = i;
		creators[i].flags = flags;
		pids[i] = sec_fork(create_together, &creators[i]);
		ASSERT_LT(0, pids[i]);
	}
}

TEST_F_TIMEOUT(stress, create_against_create, 240)
{
	struct creator creators[CREATORS];
	pid_t pids[CREATORS];
	int round;
	int i;

	start_creators(_metadata, self, pids, creators, 0);
	for (round = 0; round < ROUNDS; round++) {
		int winners = 0;

		pthread_barrier_wait(&self->shared->barrier);
		pthread_barrier_wait(&self->shared->barrier);
		for (i = 0; i < CREATORS; i++) {
			if (self->shared->result[i].ret >= 0)
				winners++;
			else
				EXPECT_EQ(-EEXIST, self->shared->result[i].ret);
		}
		EXPECT_EQ(1, winners) {
			TH_LOG("round %d", round);
		}
		pthread_barrier_wait(&self->shared->barrier);
	}
	for (i = 0; i < CREATORS; i++)
		EXPECT_EQ(0, sec_wait(pids[i]));
}

TEST_F_TIMEOUT(stress, create_or_open_together, 240)
{
	struct creator creators[CREATORS];
	pid_t pids[CREATORS];
	__u64 last = 0;
	int round;
	int i;

	start_creators(_metadata, self, pids, creators,
		       SECTION_CREATE_OPEN_EXISTING);
	for (round = 0; round < ROUNDS; round++) {
		int created = 0;

		pthread_barrier_wait(&self->shared->barrier);
		pthread_barrier_wait(&self->shared->barrier);
		for (i = 0; i < CREATORS; i++) {
			EXPECT_LE(0, self->shared->result[i].ret);
			EXPECT_GE(1, self->shared->result[i].existed);
			created += !self->shared->result[i].existed;
			EXPECT_EQ(self->shared->result[0].id,
				  self->shared->result[i].id);
		}
		EXPECT_EQ(1, created) {
			TH_LOG("round %d", round);
		}
		/* And each round it is another one. */
		EXPECT_NE(last, self->shared->result[0].id);
		last = self->shared->result[0].id;
		pthread_barrier_wait(&self->shared->barrier);
	}
	for (i = 0; i < CREATORS; i++)
		EXPECT_EQ(0, sec_wait(pids[i]));
}

static int churn_names(void *arg)
{
	FIXTURE_DATA(stress) *self = arg;
	int handles[64];
	unsigned int i;

	if (become_alice())
		return 1;
	memset(handles, -1, sizeof(handles));
	for (i = 0; !__atomic_load_n(&self->shared->stop, __ATOMIC_SEQ_CST);
	     i++) {
		int *slot = &handles[i % ARRAY_SIZE(handles)];
		char name[64];

		if (*slot >= 0)
			close(*slot);
		snprintf(name, sizeof(name), "churn-%u", i);
		*slot = sec_create_anon(self->dev, name, 1);
		if (*slot < 0)
			return 2;
	}
	return 0;
}

/* How often each of the names that stay is in the list; -1: it is broken. */
static int count_staying(const struct section_list *l, unsigned int *seen,
			 unsigned int staying)
{
	const char *at = (const char *)(uintptr_t)l->buffer;
	const char *end = at + l->buffer_len;
	unsigned long number;
	__u64 count = 0;

	while (at < end) {
		const struct section_list_entry *entry = (const void *)at;
		char name[64] = "";

		if (!entry->entry_len || entry->name_len >= sizeof(name))
			return -1;
		memcpy(name, entry->name, entry->name_len);
		if (!strncmp(name, "stay-", 5)) {
			number = strtoul(name + 5, NULL, 10);
			if (number >= staying)
				return -1;
			seen[number]++;
		}
		count++;
		at += entry->entry_len;
	}
	return count == l->count ? 0 : -1;
}

/* Names that are there all the time are in every list, once. */
TEST_F_TIMEOUT(stress, list_against_create, 240)
{
	enum { STAYING = 40, LISTS = 300 };
	char *buffer = malloc(BUFFER_LEN);
	int handles[STAYING];
	unsigned int i, round;
	pid_t child;

	ASSERT_NE(NULL, buffer);
	ASSERT_EQ(0, seteuid(SEC_ALICE));
	for (i = 0; i < STAYING; i++) {
		char name[64];

		snprintf(name, sizeof(name), "stay-%u", i);
		handles[i] = sec_create_anon(self->dev, name, 1);
		ASSERT_LE(0, handles[i]);
	}
	ASSERT_EQ(0, seteuid(0));
	child = sec_fork(churn_names, self);
	ASSERT_LT(0, child);
	ASSERT_EQ(0, seteuid(SEC_ALICE));
	for (round = 0; round < LISTS; round++) {
		unsigned int seen[STAYING] = { 0 };
		struct section_list l;

		ASSERT_EQ(0, sec_list(self->dev, 0, buffer, BUFFER_LEN, &l));
		/* There is room for many more than there can be. */
		ASSERT_EQ(l.needed, l.buffer_len);
		ASSERT_EQ(0, count_staying(&l, seen, STAYING));
		for (i = 0; i < STAYING; i++)
			ASSERT_EQ(1, seen[i]) {
				TH_LOG("list %u, name %u", round, i);
			}
	}
	__atomic_store_n(&self->shared->stop, 1, __ATOMIC_SEQ_CST);
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(0, sec_wait(child));
	for (i = 0; i < STAYING; i++)
		close(handles[i]);
	free(buffer);
}

#define MANY	10000

static long shmem_kb(void)
{
	char text[8192], *at;

	/* Fold in what the processors have counted on their own. */
	sec_read_file("/proc/sys/vm/stat_refresh", text, sizeof(text));
	if (sec_read_file("/proc/meminfo", text, sizeof(text)) < 0)
		return -1;
	at = strstr(text, "Shmem:");
	return at ? strtol(at + 6, NULL, 10) : -1;
}

static bool shmem_is_back(void *arg)
{
	/* Other programs may hold a little. */
	return shmem_kb() <= *(long *)arg + 256;
}

static int how_many(void)
{
	int many = sec_rounds(MANY);

	return many < MANY ? many : MANY;
}

static int create_many(FIXTURE_DATA(stress) *self)
{
	static int handles[MANY];
	static __u64 ids[MANY];
	const int many = how_many();
	struct section_query q;
	char name[SEC_NAME_LEN + 16], *view;
	int i;

	if (become_alice())
		return 1;
	for (i = 0; i < many; i++) {
		snprintf(name, sizeof(name), "%s-%d", self->name.s, i);
		handles[i] = sec_create_anon(self->dev, i % 2 ? name : NULL,
					     SEC_PAGE);
		if (handles[i] < 0)
			return 2;
		view = sec_map(handles[i], PROT_READ | PROT_WRITE, 0, 0, 0);
		if (view == MAP_FAILED)
			return 3;
		memcpy(view, &i, sizeof(i));
		munmap(view, SEC_PAGE);
	}
	for (i = 0; i < many; i++) {
		int fd = handles[i];

		if (i % 2) {
			snprintf(name, sizeof(name), "%s-%d", self->name.s, i);
			fd = sec_open(self->dev, name, SEC_RIGHTS_R);
			if (fd < 0)
				return 4;
		}
		if (sec_query(fd, &q) || q.bytes != SEC_PAGE || q.views)
			return 5;
		/* Numbers grow, so equal ones would be neighbours. */
		ids[i] = q.id;
		if (i && ids[i] <= ids[i - 1])
			return 6;
		view = sec_map(fd, PROT_READ, 0, 0, 0);
		if (view == MAP_FAILED || memcmp(view, &i, sizeof(i)))
			return 7;
		munmap(view, SEC_PAGE);
		if (fd != handles[i])
			close(fd);
	}
	return 0;
}

static int create_many_and_wait(void *arg)
{
	FIXTURE_DATA(stress) *self = arg;
	int err = create_many(self);

	pthread_barrier_wait(&self->shared->barrier);
	pthread_barrier_wait(&self->shared->barrier);
	return err;
}

TEST_F_TIMEOUT(stress, many_sections, 240)
{
	const int many = how_many();
	const struct rlimit limit = { many + 100, many + 100 };
	long shmem = shmem_kb();
	pthread_barrierattr_t attr;
	struct counters now;
	pid_t child;

	ASSERT_LT(0, shmem);
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	ASSERT_EQ(0, pthread_barrier_init(&self->shared->barrier, &attr, 2));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	child = sec_fork(create_many_and_wait, self);
	ASSERT_LT(0, child);
	pthread_barrier_wait(&self->shared->barrier);
	now = read_counters();
	EXPECT_EQ(self->before.sections + many, now.sections);
	EXPECT_EQ(self->before.handles + many, now.handles);
	EXPECT_EQ(self->before.views, now.views);
	EXPECT_LE(shmem + many * (long)(SEC_PAGE / 1024) - 1024, shmem_kb());
	pthread_barrier_wait(&self->shared->barrier);
	EXPECT_EQ(0, sec_wait(child));
	EXPECT_TRUE(sec_eventually(counters_are, &self->before, PATIENCE));
	EXPECT_TRUE(sec_eventually(shmem_is_back, &shmem, PATIENCE)) {
		TH_LOG("Shmem: %ld kB before, %ld kB after", shmem, shmem_kb());
	}
	ASSERT_EQ(0, seteuid(SEC_ALICE));
	EXPECT_EQ(-ENOENT, sec_open(self->dev, self->name.s, 0));
	ASSERT_EQ(0, seteuid(0));
}

TEST_HARNESS_MAIN
