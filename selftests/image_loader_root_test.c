// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executable images in use: the loader of the examples, and DLLs that a compiler for
 * Windows has made.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"
#include "make.h"
#include "measure.h"

#include <sys/resource.h>
#include <sys/sysmacros.h>

#define NO_DLLS	"no DLLs: install gcc-mingw-w64-x86-64-win32 and build the library"

/* What counter.dll exports. */
struct counter {
	long (LOADER_API *instances)(void);
	long (LOADER_API *own_instances)(void);
	char *(LOADER_API *note)(void);
	const char *(LOADER_API *word)(unsigned int number);
};

static bool find_counter(struct loader *loader, struct counter *counter)
{
	const char *dll = "counter.dll";

	counter->instances = loader_find(loader, dll, "Instances", 0);
	counter->own_instances = loader_find(loader, dll, "OwnInstances", 0);
	counter->note = loader_find(loader, dll, "Note", 0);
	counter->word = loader_find(loader, dll, "Word", 0);
	return counter->instances && counter->own_instances &&
	       counter->note && counter->word;
}

/* What the compiler made is beside the tests. */
static const char *dll(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned int next;
	char *path = paths[next++ % 4], *slash;
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX / 2);

	if (length < 0)
		return NULL;
	path[length] = 0;
	slash = strrchr(path, '/');
	sprintf(slash, "/../examples/%s", name);
	return path;
}

/* A process that has loaded counter.dll, and does what it is asked. */
struct client {
	pid_t pid;
	int channel;
};

enum { INSTANCES, OWN_INSTANCES, NOTE, SET_NOTE, WORDS, UNLOAD };

static bool words_are_right(struct loader *loader)
{
	struct counter counter;

	return find_counter(loader, &counter) &&
	       !strcmp(counter.word(0), "zero") &&
	       !strcmp(counter.word(3), "three") &&
	       !strcmp(counter.word(4), "many");
}

static long answer(struct loader *loader, int request)
{
	struct counter counter;

	if (!find_counter(loader, &counter))
		return -1;
	switch (request) {
	case INSTANCES:
		return counter.instances();
	case OWN_INSTANCES:
		return counter.own_instances();
	case SET_NOTE:
		counter.note()[0] = 'X';
		return 0;
	case NOTE:
		return counter.note()[0];
	case WORDS:
		return words_are_right(loader);
	default:
		loader_unload(loader);
		return 0;
	}
}

static int serve(void *arg)
{
	const char *path = dll("counter.dll");
	int request = -1, *channel = arg;
	struct loader loader;
	long result;

	if (loader_load(&loader, &path, 1, 0)) {
		fprintf(stderr, "# %s\n", loader.error);
		return 1;
	}
	while (request != UNLOAD &&
	       read(*channel, &request, sizeof(request)) == sizeof(request)) {
		result = answer(&loader, request);
		if (write(*channel, &result, sizeof(result)) != sizeof(result))
			return 1;
	}
	return request != UNLOAD;
}

/* -100 if there is no answer. */
static long ask(const struct client *client, int request)
{
	long result;

	if (write(client->channel, &request, sizeof(request)) !=
	    sizeof(request) ||
	    read(client->channel, &result, sizeof(result)) != sizeof(result))
		return -100;
	return result;
}

/* Which is ready when it has answered. */
static long start(struct client *client)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -100;
	client->pid = sec_fork(serve, &ends[1]);
	client->channel = ends[0];
	close(ends[1]);
	return ask(client, INSTANCES);
}

static int stop(struct client *client)
{
	long result = ask(client, UNLOAD);

	close(client->channel);
	return result ? -1 : sec_wait(client->pid);
}

FIXTURE(loader) {
	struct client clients[4];
	struct loader loader;
};

FIXTURE_SETUP(loader)
{
	if (access(dll("counter.dll"), R_OK))
		SKIP(return, NO_DLLS);
}

FIXTURE_TEARDOWN(loader)
{
}

/* The classic: a variable in a section that is shared counts the processes. */
TEST_F(loader, counts_processes)
{
	struct client *c = self->clients;

	for (int i = 0; i < 3; i++)
		ASSERT_EQ(i + 1, start(&c[i]));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(3, ask(&c[i], INSTANCES));
		EXPECT_EQ(1, ask(&c[i], OWN_INSTANCES));
		EXPECT_EQ(1, ask(&c[i], WORDS));
	}
	EXPECT_EQ(0, stop(&c[1]));
	EXPECT_EQ(2, ask(&c[0], INSTANCES));
	/* Of a process that is killed, nobody calls DllMain(). */
	kill(c[2].pid, SIGKILL);
	EXPECT_EQ(-SIGKILL, sec_wait(c[2].pid));
	close(c[2].channel);
	EXPECT_EQ(2, ask(&c[0], INSTANCES));
	EXPECT_EQ(3, start(&c[3]));
	EXPECT_EQ(0, stop(&c[3]));
	EXPECT_EQ(0, stop(&c[0]));
	/* When the last one has gone, it begins anew. */
	EXPECT_EQ(1, start(&c[0]));
	EXPECT_EQ(0, stop(&c[0]));
}

TEST_F(loader, writes_stay_private)
{
	struct client *c = self->clients;

	ASSERT_EQ(1, start(&c[0]));
	ASSERT_EQ(2, start(&c[1]));
	ASSERT_EQ('a', ask(&c[0], NOTE));
	EXPECT_EQ(0, ask(&c[0], SET_NOTE));
	EXPECT_EQ('X', ask(&c[0], NOTE));
	EXPECT_EQ('a', ask(&c[1], NOTE));
	ASSERT_EQ(3, start(&c[2]));
	EXPECT_EQ('a', ask(&c[2], NOTE));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, stop(&c[i]));
}

/* In any order, by name and by ordinal; the DllMain() of one asks the other. */
TEST_F(loader, dlls_that_need_each_other)
{
	for (int order = 0; order < 2; order++) {
		int (LOADER_API *even)(unsigned int number);
		int (LOADER_API *odd)(unsigned int number);
		const char *paths[2];

		paths[order] = dll("even.dll");
		paths[!order] = dll("odd.dll");
		ASSERT_EQ(0, loader_load(&self->loader, paths, 2, 0))
			TH_LOG("%s", self->loader.error);
		even = loader_find(&self->loader, "even.dll", "IsEven", 0);
		odd = loader_find(&self->loader, "ODD.DLL", NULL, 7);
		ASSERT_TRUE(even && odd);
		EXPECT_EQ((void *)even, loader_find(&self->loader, "even.dll",
						    NULL, 1));
		EXPECT_EQ(1, even(10));
		EXPECT_EQ(0, even(11));
		EXPECT_EQ(1, odd(11));
		EXPECT_EQ(0, odd(10));
		/* It has no name. */
		EXPECT_EQ(NULL, loader_find(&self->loader, "odd.dll", "IsOdd",
					    0));
		EXPECT_EQ(NULL, loader_find(&self->loader, "odd.dll", NULL, 6));
		EXPECT_EQ(NULL, loader_find(&self->loader, "odd.dll", NULL, 8));
		EXPECT_STREQ("the program imports ordinal 8, which odd.dll does not export",
			     self->loader.error);
		EXPECT_EQ(NULL, loader_find(&self->loader, "odd.dll",
					    "Elsewhere", 0));
		EXPECT_STREQ("the program imports Elsewhere, which odd.dll forwards to another DLL; forwarded exports are not supported",
			     self->loader.error);
		loader_unload(&self->loader);
	}
}

/* I71: the loader relocates the second one, and that one only. */
TEST_F(loader, not_at_its_base)
{
	const char *path = dll("counter.dll");
	struct section_image_segment *constants;
	struct loader second;

	ASSERT_EQ(0, loader_load(&self->loader, &path, 1, 0))
		TH_LOG("%s", self->loader.error);
	ASSERT_EQ(0, loader_load(&second, &path, 1, 0))
		TH_LOG("%s", second.error);
	EXPECT_EQ((uintptr_t)self->loader.dlls[0].start,
		  self->loader.dlls[0].nt.image_base);
	EXPECT_NE((uintptr_t)second.dlls[0].start,
		  second.dlls[0].nt.image_base);
	EXPECT_TRUE(words_are_right(&self->loader));
	EXPECT_TRUE(words_are_right(&second));
	EXPECT_EQ(2, answer(&second, INSTANCES));
	EXPECT_EQ(1, answer(&second, OWN_INSTANCES));
	/* Headers, code, variables, those that are shared, and the addresses. */
	constants = &second.dlls[0].segments[4];
	ASSERT_EQ(SECTION_PROT_READ, constants->prot);
	EXPECT_EQ(-SIGSEGV, poke(second.dlls[0].start + constants->rva, 1));
	loader_unload(&second);
	EXPECT_EQ(1, answer(&self->loader, INSTANCES));
	loader_unload(&self->loader);
}

/* How many mappings there are of files with such a name. */
static int mappings(const char *name)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[PATH_MAX];
	int count = 0;

	while (maps && fgets(line, sizeof(line), maps))
		count += !!strstr(line, name);
	if (maps)
		fclose(maps);
	return maps ? count : -1;
}

TEST_F(loader, what_is_missing)
{
	static const struct {
		const char *dll, *with, *error;
	} cases[] = {
		{ "even.dll", "counter.dll",
		  "even.dll imports from odd.dll, which was not given" },
		{ "lost.dll", "counter.dll",
		  "lost.dll imports NoSuchFunction, which counter.dll does not export" },
		{ "lost_ordinal.dll", "counter.dll",
		  "lost_ordinal.dll imports ordinal 4711, which counter.dll does not export" },
	};
	const char *path;

	for (int i = 0; i < 3; i++) {
		const char *paths[2];

		paths[0] = dll(cases[i].dll);
		paths[1] = dll(cases[i].with);
		EXPECT_EQ(-1, loader_load(&self->loader, paths, 2, 0));
		EXPECT_STREQ(cases[i].error, self->loader.error);
		EXPECT_EQ(0, mappings(".dll"));
	}
	/* It can be seen where something is left. */
	path = dll("counter.dll");
	ASSERT_EQ(0, loader_load(&self->loader, &path, 1, 0));
	EXPECT_LT(0, mappings(".dll"));
	loader_unload(&self->loader);
}

/*
 * DLLs with some bytes changed.
 */

#define ROUNDS	500

static void change(unsigned char *bytes, size_t length, uint64_t *state)
{
	/* Where the headers are, and where the rest is; between them is little. */
	for (int left = 1 + *state / 7 % 4; left > 0; left--) {
		size_t where;

		*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
		where = *state >> 33;
		where = left & 1 ? where % 0x400 : where % length;
		bytes[where] = (*state >> 21) % 3 ? *state >> 40 : 0xff;
	}
}

/* A DLL to be changed, and a directory in which the changed one has its name. */
FIXTURE(broken) {
	char dir[32], path[64];
	unsigned char bytes[8192];
	ssize_t length;
	uint64_t state;
	struct loader loader, second;
	int good, bad;
};

FIXTURE_VARIANT(broken) {
	const char *name, *with;
};

/* Imports and exports, and relocations where it is loaded twice. */
FIXTURE_VARIANT_ADD(broken, even) { .name = "even.dll", .with = "odd.dll" };
FIXTURE_VARIANT_ADD(broken, odd) { .name = "odd.dll", .with = "even.dll" };
FIXTURE_VARIANT_ADD(broken, counter) { .name = "counter.dll" };

FIXTURE_SETUP(broken)
{
	int file = open(dll(variant->name), O_RDONLY | O_CLOEXEC);

	if (file < 0)
		SKIP(return, NO_DLLS);
	self->length = read(file, self->bytes, sizeof(self->bytes));
	close(file);
	ASSERT_LT(1024, self->length);
	ASSERT_GT((ssize_t)sizeof(self->bytes), self->length);
	snprintf(self->dir, sizeof(self->dir), "/tmp/section-loader-XXXXXX");
	ASSERT_TRUE(!!mkdtemp(self->dir));
	snprintf(self->path, sizeof(self->path), "%s/%s", self->dir,
		 variant->name);
	self->state = 1;
}

FIXTURE_TEARDOWN(broken)
{
	unlink(self->path);
	rmdir(self->dir);
}

static bool write_changed(FIXTURE_DATA(broken) *self)
{
	unsigned char changed[sizeof(self->bytes)];
	int file = open(self->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	bool written;

	memcpy(changed, self->bytes, self->length);
	change(changed, self->length, &self->state);
	written = pwrite(file, changed, self->length, 0) == self->length;
	close(file);
	return written;
}

/* The second one is not at its base. */
static bool load_twice(FIXTURE_DATA(broken) *self, const char *with)
{
	const char *paths[2] = { self->path, with };
	size_t count = with ? 2 : 1;
	bool loaded;

	if (loader_load(&self->loader, paths, count, LOADER_IDLE))
		return false;
	loaded = !loader_load(&self->second, paths, count, LOADER_IDLE);
	if (loaded)
		loader_unload(&self->second);
	loader_unload(&self->loader);
	return loaded;
}

/* Whatever is in it, the loader loads it or says why not. */
TEST_F_TIMEOUT(broken, loads_or_does_not, 110)
{
	const char *with = variant->with ? dll(variant->with) : NULL;

	for (int i = 0; i < sec_rounds(ROUNDS); i++) {
		ASSERT_TRUE(write_changed(self));
		if (load_twice(self, with)) {
			self->good++;
		} else {
			ASSERT_TRUE(*self->loader.error || *self->second.error);
			self->bad++;
		}
		ASSERT_EQ(0, unlink(self->path));
	}
	EXPECT_LT(0, self->good);
	EXPECT_LT(0, self->bad);
	TH_LOG("%d loaded, %d refused", self->good, self->bad);
}

/* How much has been read from the disk of a file.  Nobody else uses it. */
static long long disk_reads(const char *path)
{
	unsigned long long sectors;
	char stat_path[64];
	struct stat st;
	FILE *disk;
	int found;

	if (stat(path, &st))
		return -1;
	snprintf(stat_path, sizeof(stat_path), "/sys/dev/block/%u:%u/stat",
		 major(st.st_dev), minor(st.st_dev));
	disk = fopen(stat_path, "re");
	if (!disk)
		return -1;
	found = fscanf(disk, "%*u %*u %llu", &sectors);
	fclose(disk);
	return found == 1 ? (long long)sectors * 512 : -1;
}

struct reader {
	const char *path;
	int ready[2], leave[2];
	long long bytes;
	long faults;
};

/* Loads a DLL, and reads all of it. */
static int read_dll(void *arg)
{
	struct reader *reader = arg;
	struct rusage before, after;
	struct loader loader;
	char byte;

	close(reader->leave[1]);
	reader->bytes = disk_reads(reader->path);
	getrusage(RUSAGE_SELF, &before);
	if (loader_load(&loader, &reader->path, 1, 0))
		return 1;
	measure_read(&loader.dlls[0]);
	getrusage(RUSAGE_SELF, &after);
	reader->bytes = disk_reads(reader->path) - reader->bytes;
	reader->faults = after.ru_majflt - before.ru_majflt;
	if (write(reader->ready[1], reader, sizeof(*reader)) != sizeof(*reader))
		return 1;
	return read(reader->leave[0], &byte, 1) != 0;
}

#define LARGE	(8 << 20)

TEST(second_process_reads_no_disk)
{
	struct reader reader = { .path = EXT4_DIR "/loader-large.dll" };
	struct reader first, second;
	pid_t pids[2];

	if (!have_ext4())
		SKIP(return, "no ext4");
	ASSERT_EQ(0, make_dll(reader.path, LARGE, 512));
	ASSERT_EQ(0, sec_write_file("/proc/sys/vm/drop_caches", "3"));
	ASSERT_EQ(0, pipe(reader.ready) | pipe(reader.leave));
	pids[0] = sec_fork(read_dll, &reader);
	ASSERT_EQ(sizeof(first), read(reader.ready[0], &first, sizeof(first)));
	pids[1] = sec_fork(read_dll, &reader);
	ASSERT_EQ(sizeof(second), read(reader.ready[0], &second,
				       sizeof(second)));
	close(reader.leave[1]);
	EXPECT_EQ(0, sec_wait(pids[0]) | sec_wait(pids[1]));
	EXPECT_LE(LARGE, first.bytes);
	EXPECT_EQ(0, second.bytes);
	EXPECT_EQ(0, second.faults);
	TH_LOG("the first one read %lld bytes, with %ld major faults",
	       first.bytes, first.faults);
	unlink(reader.path);
}

TEST_HARNESS_MAIN
