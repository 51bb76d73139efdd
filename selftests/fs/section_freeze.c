// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file system that is frozen under the sections of its files.
 */
#include "kselftest_harness.h"
#include "fs_util.h"

#include <linux/fs.h>

/*
 * While a file system is frozen, a write fault waits, and not even SIGKILL ends
 * that: the kernel waits so. After the thaw the one goes on and the other dies.
 */
static char state_of(pid_t pid)
{
	char path[64], text[512], *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (sec_read_file(path, text, sizeof(text)) < 0)
		return 0;
	at = strrchr(text, ')');
	return at ? at[2] : 0;
}

static bool waits(void *arg)
{
	return state_of(*(pid_t *)arg) == 'D';
}

struct toucher {
	unsigned char *at;
	int *done;
};

static int touch_once(void *arg)
{
	struct toucher *t = arg;
	int ret = poke(t->at, 'F');

	__atomic_store_n(t->done, 1, __ATOMIC_SEQ_CST);
	return ret ? 1 : 0;
}

#define DONE(n) __atomic_load_n(&done[n], __ATOMIC_SEQ_CST)

TEST_F_TIMEOUT(fs, frozen, 100)
{
	const char *dir = place("SECTION_FS_FREEZE");
	struct toucher patient, killed;
	int *done = shared_page();
	pid_t waiting, dying;
	unsigned char *view;
	int handle, root;

	ASSERT_NE(NULL, dir);
	root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, root);
	handle = sec_create_file(self->dev, NULL, self->file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	view = sec_map(handle, RW, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(0, poke(view, 'V'));
	ASSERT_NE(NULL, done);
	patient = (struct toucher){ view, &done[0] };
	killed = (struct toucher){ AT(view, 1), &done[1] };

	ASSERT_EQ(0, ioctl(root, FIFREEZE, 0));
	/* Nothing may be asserted before the thaw. */
	EXPECT_EQ('V', peek(view));
	waiting = sec_fork(touch_once, &patient);
	dying = sec_fork(touch_once, &killed);
	EXPECT_TRUE(sec_eventually(waits, &waiting, 20));
	EXPECT_TRUE(sec_eventually(waits, &dying, 20));
	kill(dying, SIGKILL);
	sleep(1);
	EXPECT_TRUE(waits(&waiting));
	EXPECT_TRUE(waits(&dying));
	EXPECT_EQ(0, DONE(0));
	EXPECT_EQ(0, DONE(1));
	EXPECT_EQ(0, ioctl(root, FITHAW, 0));

	EXPECT_EQ(0, sec_wait(waiting));
	EXPECT_EQ(-SIGKILL, sec_wait(dying));
	EXPECT_EQ(1, DONE(0));
	EXPECT_EQ(0, DONE(1));
	EXPECT_EQ('F', peek(view));
	EXPECT_EQ('F', file_byte(self->file, 0));
	EXPECT_EQ(0, poke(AT(view, 1), 'x'));
	close(root);
}

TEST_HARNESS_MAIN
