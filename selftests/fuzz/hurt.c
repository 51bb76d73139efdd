// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handing structures to ioctls: as they should be, damaged, where memory ends,
 * and while another thread changes or unmaps them.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz.h"

#define PAGE	4096UL

enum {
	HURT_NONE, HURT_COMPAT, HURT_SHORT, HURT_ZERO, HURT_LONG, HURT_TAIL,
	HURT_HUGE, HURT_NOISE, HURT_MEMBER, HURT_NULL, HURT_HOLE, HURT_EDGE,
	HURT_READONLY, HURT_KERNEL, HURT_FLIP, HURT_VANISH,
};

const char * const hurt_words[] = {
	"none", "compat", "short", "zero", "long", "tail", "huge", "noise",
	"member", "null", "hole", "edge", "readonly", "kernel", "flip",
	"vanish", NULL,
};

/* Three pages of which the last one does not exist, for each thread. */
static __thread char *scratch;

static char *scratch_get(void)
{
	if (scratch)
		return scratch;
	scratch = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (scratch == MAP_FAILED)
		_exit(1);
	munmap(scratch + 2 * PAGE, PAGE);
	return scratch;
}

/* The last bytes of memory, without those of the structure. */
void *scratch_edge(void)
{
	return scratch_get() + 2 * PAGE - 8;
}

/* As a 32-bit program would. */
static long compat_ioctl(int fd, unsigned long cmd, void *args)
{
#ifdef __x86_64__
	long ret;

	/* 54 is ioctl. */
	asm volatile("int $0x80" : "=a" (ret)
		     : "a" (54L), "b" ((long)fd), "c" (cmd), "d" (args)
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)ret < 0 ? -1 : (int)ret;
#else
	return ioctl(fd, cmd, args);
#endif
}

struct race {
	char *memory;
	size_t size;
	struct rng rng;
	bool vanish;
	atomic_bool over;
};

static void *race_run(void *data)
{
	struct race *race = data;
	volatile uint32_t *words = (void *)race->memory;

	while (!atomic_load(&race->over)) {
		uint64_t random = rng_next(&race->rng);
		unsigned int at = random % (race->size / 4);

		if (race->vanish) {
			mmap(race->memory, PAGE, random & 1 ? PROT_NONE :
			     PROT_READ | PROT_WRITE, MAP_PRIVATE |
			     MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		} else {
			uint32_t old = words[at];

			words[at] = random >> (random & 2 ? 32 : 56);
			if (random & 1)
				words[at] = old;
		}
		sched_yield();
	}
	return NULL;
}

/* Some calls while another thread is at the structure. */
static long race_ioctl(int fd, unsigned long cmd, const void *args, size_t size,
		       bool vanish, uint64_t salt)
{
	struct race race = {
		.size = size, .vanish = vanish, .rng = { salt },
	};
	pthread_t thread;
	long ret = -1;
	int i;

	race.memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (race.memory == MAP_FAILED)
		return -1;
	memcpy(race.memory, args, size);
	if (pthread_create(&thread, NULL, race_run, &race))
		return -1;
	for (i = 0; i < 8; i++) {
		/* What was made before this is lost; the process ends soon. */
		ret = ioctl(fd, cmd, race.memory);
		if (!vanish)
			*(volatile uint32_t *)race.memory = size;
	}
	atomic_store(&race.over, true);
	pthread_join(thread, NULL);
	munmap(race.memory, PAGE);
	return ret;
}

/* Return: where the damaged structure is. */
static char *hurt_place(const void *args, size_t size, uint64_t how,
			uint64_t salt)
{
	char *at = scratch_get();
	struct rng rng = { salt };
	unsigned int i;

	memset(at, 0, PAGE);
	memcpy(at, args, size);
	switch (how) {
	case HURT_SHORT:
		*(uint32_t *)at = 4 * (salt % (size / 4));
		break;
	case HURT_ZERO:
		*(uint32_t *)at = 0;
		break;
	case HURT_LONG:
	case HURT_TAIL:
		*(uint32_t *)at = size + 8;
		at[size + salt % 8] = how == HURT_TAIL;
		break;
	case HURT_HUGE:
		*(uint32_t *)at = salt & 1 ? PAGE + 8 : UINT32_MAX;
		break;
	case HURT_NOISE:
		for (i = salt & 4; i < size; i++)
			at[i] = rng_next(&rng);
		break;
	case HURT_MEMBER:
		((uint32_t *)at)[salt % (size / 4)] ^= 1U << salt % 31;
		break;
	case HURT_NULL:
		return NULL;
	case HURT_HOLE:
		return at + 2 * PAGE;
	case HURT_EDGE:
		at += 2 * PAGE - size + salt % size;
		memcpy(at, args, size - salt % size);
		break;
	case HURT_READONLY:
		mprotect(at, PAGE, PROT_READ);
		break;
	case HURT_KERNEL:
		return (char *)0xffff888000000000;
	}
	return at;
}

/* @hurt: how, and a number that makes it one of several ways. */
long hurt_ioctl(int fd, unsigned long cmd, void *args, size_t size,
		const uint64_t *hurt)
{
	char *at;
	long ret;

	if (hurt[0] == HURT_FLIP || hurt[0] == HURT_VANISH)
		return race_ioctl(fd, cmd, args, size, hurt[0] == HURT_VANISH,
				  hurt[1]);
	at = hurt_place(args, size, hurt[0], hurt[1]);
	if (hurt[0] == HURT_COMPAT)
		ret = compat_ioctl(fd, cmd, at);
	else
		ret = ioctl(fd, cmd, at);
	if (hurt[0] == HURT_READONLY)
		mprotect(at, PAGE, PROT_READ | PROT_WRITE);
	else if (hurt[0] <= HURT_MEMBER)
		memcpy(args, at, size);
	return ret;
}
