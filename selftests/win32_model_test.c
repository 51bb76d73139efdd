// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Win32 library against a model: random operations on a view or on private
 * memory, and after each of them every page must be what the model says.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <section/win32.h>

#include "kselftest_harness.h"

#define PAGE	0x1000
#define PAGES	12
#define STEPS	1500

/* What the next operations are, the same in each run. */
static uint64_t seed;

static unsigned int choose(unsigned int count)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(seed >> 33) % count;
}

struct page {
	bool committed;
	DWORD protect;
	bool copied;
	char own;	/* what a copy holds */
	char shared;	/* what the section holds */
};

static struct page model[PAGES];

static DWORD reported(const struct page *page)
{
	if (!page->committed)
		return 0;
	return page->protect == PAGE_WRITECOPY && page->copied ?
	       PAGE_READWRITE : page->protect;
}

static bool readable(const struct page *page)
{
	return page->committed && page->protect != PAGE_NOACCESS;
}

/* Everything that VirtualQuery says, by regions, and everything to be read. */
static int wrong_page(const char *view)
{
	MEMORY_BASIC_INFORMATION info;
	int i, last;

	for (i = 0; i < PAGES; i++) {
		for (last = i + 1; last < PAGES; last++)
			if (reported(&model[last]) != reported(&model[i]))
				break;
		if (VirtualQuery(view + i * PAGE, &info, sizeof(info)) !=
		    sizeof(info) || info.AllocationBase != view ||
		    info.Protect != reported(&model[i]) ||
		    info.State != (model[i].committed ? MEM_COMMIT :
							MEM_RESERVE) ||
		    info.RegionSize != (SIZE_T)(last - i) * PAGE)
			return i;
		if (readable(&model[i]) &&
		    view[i * PAGE + 5] != (model[i].copied ? model[i].own :
							     model[i].shared))
			return i;
	}
	return -1;
}

static void choose_range(int *first, int *count)
{
	*first = (int)choose(PAGES);
	*count = 1 + (int)choose(PAGES - (unsigned int)*first);
}

static bool all_committed(int first, int count)
{
	while (count--)
		if (!model[first++].committed)
			return false;
	return true;
}

/* As the model says: true if it succeeds and should, or fails and should. */
static bool protect(char *view, const DWORD *protects, unsigned int kinds)
{
	DWORD new = protects[choose(kinds)], old = 0, was;
	int first, count, i;
	BOOL done;

	choose_range(&first, &count);
	was = reported(&model[first]);
	done = VirtualProtect(view + first * PAGE, (SIZE_T)count * PAGE, new,
			      &old);
	if (!all_committed(first, count))
		return !done;
	for (i = first; i < first + count; i++)
		model[i].protect = new;
	return done && old == was;
}

static bool commit(char *view, const DWORD *protects, unsigned int kinds)
{
	DWORD new = protects[choose(kinds)];
	int first, count, i;

	choose_range(&first, &count);
	for (i = first; i < first + count; i++) {
		model[i].committed = true;
		model[i].protect = new;
	}
	return VirtualAlloc(view + first * PAGE, (SIZE_T)count * PAGE,
			    MEM_COMMIT, new) == view + first * PAGE;
}

static void write_page(char *view)
{
	int i = (int)choose(PAGES);
	struct page *page = &model[i];
	char value = (char)choose(256);

	if (!page->committed || (page->protect != PAGE_READWRITE &&
				 page->protect != PAGE_WRITECOPY))
		return;
	view[i * PAGE + 5] = value;
	if (page->protect == PAGE_WRITECOPY)
		page->copied = true;
	if (page->copied)
		page->own = value;
	else
		page->shared = value;
}

static void write_shared(char *view)
{
	int i = (int)choose(PAGES);

	if (!model[i].committed)
		return;
	model[i].shared = (char)choose(256);
	view[i * PAGE + 5] = model[i].shared;
}

static const DWORD of_writable[] = {
	PAGE_NOACCESS, PAGE_READONLY, PAGE_READWRITE, PAGE_WRITECOPY,
};

static const DWORD of_readable[] = {
	PAGE_NOACCESS, PAGE_READONLY, PAGE_WRITECOPY,
};

static const DWORD of_private[] = {
	PAGE_NOACCESS, PAGE_READONLY, PAGE_READWRITE,
};

static void begin(bool committed, DWORD protect)
{
	int i;

	seed = 1;
	memset(model, 0, sizeof(model));
	for (i = 0; i < PAGES; i++) {
		model[i].committed = committed;
		model[i].protect = protect;
	}
}

/* The step that went wrong, or -1. */
static int run_view(DWORD attributes, DWORD access, DWORD first,
		    const DWORD *protects, unsigned int kinds)
{
	HANDLE h = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL,
				      PAGE_READWRITE | attributes, 0,
				      PAGES * PAGE, NULL);
	char *view = MapViewOfFile(h, access, 0, 0, 0);
	char *other = MapViewOfFile(h, FILE_MAP_WRITE, 0, 0, 0);
	bool right = view && other && CloseHandle(h);
	int step;

	begin(attributes != SEC_RESERVE, first);
	for (step = 0; right && step < STEPS; step++) {
		switch (choose(4)) {
		case 0:
			right = protect(view, protects, kinds);
			break;
		case 1:
			/* What is committed shows the view's own (L4). */
			if (attributes == SEC_RESERVE && !choose(4))
				right = commit(view, protects, kinds);
			break;
		case 2:
			write_page(view);
			break;
		default:
			write_shared(other);
		}
		right = right && wrong_page(view) < 0;
	}
	UnmapViewOfFile(view);
	UnmapViewOfFile(other);
	return right ? -1 : step;
}

TEST(writable_view)
{
	EXPECT_EQ(-1, run_view(SEC_COMMIT, FILE_MAP_WRITE, PAGE_READWRITE,
			       of_writable, 4));
}

TEST(readable_view)
{
	EXPECT_EQ(-1, run_view(SEC_COMMIT, FILE_MAP_READ, PAGE_READONLY,
			       of_readable, 3));
}

TEST(copying_view)
{
	EXPECT_EQ(-1, run_view(SEC_COMMIT, FILE_MAP_COPY, PAGE_WRITECOPY,
			       of_readable, 3));
}

TEST(reserved_view)
{
	EXPECT_EQ(-1, run_view(SEC_RESERVE, FILE_MAP_WRITE, PAGE_READWRITE,
			       of_writable, 4));
}

static bool decommit(char *memory)
{
	int first, count, i;

	choose_range(&first, &count);
	for (i = first; i < first + count; i++)
		memset(&model[i], 0, sizeof(model[i]));
	return VirtualFree(memory + first * PAGE, (SIZE_T)count * PAGE,
			   MEM_DECOMMIT);
}

TEST(private_memory)
{
	char *memory = VirtualAlloc(NULL, PAGES * PAGE, MEM_RESERVE,
				    PAGE_READWRITE);
	bool right = memory;
	int step;

	begin(false, 0);
	for (step = 0; right && step < STEPS; step++) {
		switch (choose(6)) {
		case 0:
			right = protect(memory, of_private, 3);
			break;
		case 1:
			right = commit(memory, of_private, 3);
			break;
		case 2:
			if (!choose(3))
				right = decommit(memory);
			break;
		default:
			write_page(memory);
		}
		right = right && wrong_page(memory) < 0;
	}
	EXPECT_TRUE(right)
		TH_LOG("step %d", step);
	EXPECT_TRUE(VirtualFree(memory, 0, MEM_RELEASE));
}

/* Pieces of one reservation are given back in any order (L27). */
TEST(pieces)
{
	bool gone[PAGES] = { false };
	MEMORY_BASIC_INFORMATION info;
	int left = PAGES, i, first;
	char *memory;

	seed = 7;
	memory = VirtualAlloc(NULL, PAGES * PAGE, MEM_RESERVE, PAGE_READWRITE);
	ASSERT_NE(NULL, memory);
	while (left) {
		PVOID base;
		SIZE_T size = PAGE;

		i = (int)choose(PAGES);
		base = memory + i * PAGE;
		EXPECT_EQ(gone[i] ? STATUS_MEMORY_NOT_ALLOCATED :
				    STATUS_SUCCESS,
			  NtFreeVirtualMemory(NtCurrentProcess(), &base, &size,
					      MEM_RELEASE));
		left -= !gone[i];
		gone[i] = true;
		for (i = 0; i < PAGES; i++) {
			VirtualQuery(memory + i * PAGE, &info, sizeof(info));
			for (first = i; first && !gone[first - 1]; first--)
				;
			EXPECT_EQ(gone[i] ? MEM_FREE : MEM_RESERVE, info.State);
			if (!gone[i])
				EXPECT_EQ(memory + first * PAGE,
					  info.AllocationBase);
		}
	}
}

/* Threads and forks at the same time: nothing hangs, nothing is lost. */

static int stop;

static void *map_and_unmap(void *arg)
{
	MEMORY_BASIC_INFORMATION info;
	HANDLE h, copy;
	long rounds = 0;
	DWORD old;
	char *view;

	(void)arg;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		h = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL,
				       PAGE_READWRITE, 0, 4 * PAGE, NULL);
		view = MapViewOfFile(h, FILE_MAP_WRITE, 0, 0, 0);
		if (!h || !view)
			return NULL;
		view[PAGE] = 1;
		if (!DuplicateHandle(GetCurrentProcess(), h,
				     GetCurrentProcess(), &copy, 0, FALSE,
				     DUPLICATE_SAME_ACCESS) ||
		    !VirtualProtect(view, PAGE, PAGE_WRITECOPY, &old) ||
		    !VirtualQuery(view, &info, sizeof(info)) ||
		    info.Protect != PAGE_WRITECOPY || view[PAGE] != 1 ||
		    !UnmapViewOfFile(view) || !CloseHandle(h) ||
		    !CloseHandle(copy))
			return NULL;
		rounds++;
	}
	return (void *)(rounds + 1);
}

static int in_child(void)
{
	stop = 0;
	if (!VirtualAlloc(NULL, 1, MEM_COMMIT, PAGE_READWRITE))
		return 1;
	return CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0,
				  1, NULL) ? 0 : 2;
}

TEST(threads_and_forks)
{
	pthread_t threads[3];
	void *result;
	int i, status;
	pid_t pid;

	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, map_and_unmap,
					    NULL));
	for (i = 0; i < 50; i++) {
		pid = fork();
		if (!pid) {
			alarm(20);
			_exit(in_child());
		}
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_EQ(0, status);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (i = 0; i < 3; i++) {
		pthread_join(threads[i], &result);
		EXPECT_NE(NULL, result);
	}
}

TEST_HARNESS_MAIN
