// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executable images: what they are for.  However many processes load a DLL, and
 * however its linker aligned it, there is one copy of what none of them has changed.
 */
#include "kselftest_harness.h"
#include "section_view_util.h"
#include "make.h"
#include "measure.h"

#include <sys/stat.h>
#include <sys/wait.h>

#define DLL_BYTES	(4 << 20)
#define MOST		32

static const int processes[] = { 1, 2, 8, MOST };

FIXTURE(memory) {
	char path[64];
	/* What a process has for itself, by the number of it. */
	struct memory memory[MOST];
	char error[LOADER_ERROR];
};

FIXTURE_VARIANT(memory) {
	uint32_t file_alignment;
};

FIXTURE_VARIANT_ADD(memory, aligned_512) { .file_alignment = 512 };
FIXTURE_VARIANT_ADD(memory, aligned_4096) { .file_alignment = 4096 };

FIXTURE_SETUP(memory)
{
	/* Files that are not on a disk are always dirty. */
	if (!have_ext4())
		SKIP(return, "no ext4");
	snprintf(self->path, sizeof(self->path), EXT4_DIR "/memory-%d.dll",
		 (int)getpid());
	ASSERT_EQ(0, make_dll(self->path, DLL_BYTES, variant->file_alignment));
}

FIXTURE_TEARDOWN(memory)
{
	unlink(self->path);
}

TEST_F_TIMEOUT(memory, nobody_has_a_copy, 110)
{
	for (int round = 0; round < 4; round++) {
		int count = processes[round];
		size_t sum = 0;

		ASSERT_EQ(0, measure_processes(self->path, MEASURE_SECTION,
					       count, self->memory,
					       self->error))
			TH_LOG("%s", self->error);
		for (int i = 0; i < count; i++) {
			ASSERT_EQ(0, self->memory[i].private_dirty)
				TH_LOG("process %d of %d", i, count);
			/* All of it was there. */
			ASSERT_LE(DLL_BYTES, self->memory[i].resident);
			sum += self->memory[i].proportional;
		}
		/* Together they take one, but for what rounding loses. */
		ASSERT_GE(self->memory[0].resident, sum);
		ASSERT_LE(DLL_BYTES * 9 / 10, sum);
	}
}

/* The measurement sees the copies that there are without sections. */
TEST_F(memory, everybody_who_copies_has_one)
{
	ASSERT_EQ(0, measure_processes(self->path, MEASURE_COPY, 2,
				       self->memory, self->error))
		TH_LOG("%s", self->error);
	for (int i = 0; i < 2; i++) {
		EXPECT_LE(DLL_BYTES, self->memory[i].private_dirty);
		EXPECT_LE(DLL_BYTES, self->memory[i].proportional);
	}
}

/* What a process writes to is its own, and that is all. */
TEST_F(memory, who_writes_copies_one_page)
{
	const char *path = self->path;
	struct loader loader;
	struct memory memory;
	struct section_image_segment *data;

	ASSERT_EQ(0, loader_load(&loader, &path, 1, 0))
		TH_LOG("%s", loader.error);
	measure_read(&loader.dlls[0]);
	/* Headers, code, constants, variables. */
	data = &loader.dlls[0].segments[3];
	ASSERT_EQ(SECTION_PROT_READ | SECTION_PROT_WRITE, data->prot);
	ASSERT_EQ(0, poke(loader.dlls[0].start + data->rva + 5000, 1));
	ASSERT_EQ(0, measure_range(loader.dlls[0].start, loader.dlls[0].length,
				   &memory));
	EXPECT_EQ(4096, memory.private_dirty);
	loader_unload(&loader);
}

/*
 * How many words of a DLL at two addresses differ by as much as those do; -1 if some
 * differ in another way.
 */
static int moved_words(const struct loader_dll *one,
		       const struct loader_dll *other)
{
	uint64_t first, second, distance = other->start - one->start;
	int count = 0;

	for (uint32_t i = 0; i < one->segment_count; i++) {
		size_t rva = one->segments[i].rva;
		size_t end = rva + one->segments[i].length;

		/* Headers have the address for which the pages were made. */
		if (one->segments[i].flags & SECTION_SEGMENT_HEADERS)
			continue;
		for (; rva < end; rva += sizeof(first)) {
			memcpy(&first, one->start + rva, sizeof(first));
			memcpy(&second, other->start + rva, sizeof(second));
			if (second - first == distance)
				count++;
			else if (second != first)
				return -1;
		}
	}
	return count;
}

/* The module relocates as one does who has read the file, and so does the loader. */
TEST_F(memory, it_is_the_same_everywhere)
{
	const char *path = self->path;
	struct loader loader, elsewhere, copy;
	int count;

	ASSERT_EQ(0, loader_load(&loader, &path, 1, 0));
	ASSERT_EQ(0, loader_load(&elsewhere, &path, 1, 0));
	ASSERT_EQ(0, loader_load(&copy, &path, 1, LOADER_COPY));
	count = moved_words(&loader.dlls[0], &copy.dlls[0]);
	/* One for each page of code, and 64 for the others. */
	EXPECT_LT(DLL_BYTES / 4096 * (5 + 3 * 64) / 8 - 10, count);
	EXPECT_EQ(count, moved_words(&loader.dlls[0], &elsewhere.dlls[0]));
	loader_unload(&copy);
	loader_unload(&elsewhere);
	loader_unload(&loader);
}

/* The first child of a process, once it has so many; or -1. */
static pid_t first_child(pid_t parent, int count)
{
	char path[64], line[256];
	int first, second, got = 0;
	FILE *children;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent,
		 parent);
	while (got < count) {
		children = fopen(path, "re");
		if (!children)
			return -1;
		got = fgets(line, sizeof(line), children) ?
		      sscanf(line, "%d %d", &first, &second) : 0;
		fclose(children);
		usleep(1000);
	}
	return first;
}

/* A process that is killed is told of, and not waited for. */
TEST(one_dies)
{
	struct memory memory[2];
	char error[LOADER_ERROR];
	char path[] = "/tmp/section-fifo-XXXXXX";
	pid_t measurer;
	int status, fifo;

	close(mkstemp(path));
	unlink(path);
	ASSERT_EQ(0, mkfifo(path, 0600));
	measurer = fork();
	ASSERT_LE(0, measurer);
	/* Both wait for somebody who writes. */
	if (!measurer)
		_exit(measure_processes(path, MEASURE_NATIVE, 2, memory,
					error) ? 0 : 1);
	ASSERT_EQ(0, kill(first_child(measurer, 2), SIGKILL));
	fifo = open(path, O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, fifo);
	ASSERT_EQ(measurer, waitpid(measurer, &status, 0));
	EXPECT_EQ(0, status);
	close(fifo);
	unlink(path);
}

TEST_HARNESS_MAIN
