// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copying to and from another process: by the kernel, and through the agent where
 * the kernel refuses or the caller has nothing but a channel.
 */
#include "agent_fixture.h"

FIXTURE(copy)
{
	struct target target;
	struct section_peer *peer;
	uint64_t there;
	unsigned char *here;
};

FIXTURE_VARIANT(copy)
{
	bool undumpable;
	bool channel;
};

FIXTURE_VARIANT_ADD(copy, direct)
{
	.undumpable = false,
};

FIXTURE_VARIANT_ADD(copy, agent)
{
	.undumpable = true,
};

FIXTURE_VARIANT_ADD(copy, channel)
{
	.channel = true,
};

FIXTURE_SETUP(copy)
{
	int channel;

	ASSERT_TRUE(target_start(&self->target));
	ASSERT_EQ(0, target_ask(&self->target, START, 0, 0));
	channel = target_channel(&self->target);
	ASSERT_LE(0, channel);
	self->there = target_ask(&self->target, PAGES, 0, PAGES_MAX);
	if (variant->undumpable)
		ASSERT_EQ(0, target_ask(&self->target, UNDUMPABLE, 0, 0));
	/* Otherwise the variants would be the same. */
	ASSERT_EQ(variant->undumpable ? -EPERM : 1,
		  remote_read(self->target.pid,
			      (void *)(uintptr_t)self->there)) {
		TH_LOG("the kernel lets this process copy, or does not");
	}
	self->peer = variant->channel ? section_peer_adopt(channel) :
					section_peer_open(self->target.pid);
	ASSERT_NE(NULL, self->peer);
	close(channel);
	section_peer_set_timeout(self->peer, PATIENCE_MS);
	self->here = new_pages(PAGES_MAX);
}

FIXTURE_TEARDOWN(copy)
{
	section_peer_close(self->peer);
	target_kill(&self->target);
}

TEST_F(copy, is_exact)
{
	const uint64_t at = self->there + SEC_PAGE - 3;
	size_t i;

	for (i = 0; i < 7; i++)
		self->here[i] = i + 1;
	EXPECT_EQ(7, write_peer(self->peer, at, self->here, 7));
	for (i = 0; i < 7; i++)
		EXPECT_EQ((int)i + 1, sees(&self->target, at + i));
	EXPECT_EQ('T', sees(&self->target, at - 1));
	EXPECT_EQ('T', sees(&self->target, at + 7));

	memset(self->here, 0, SEC_PAGE);
	EXPECT_EQ(9, read_peer(self->peer, at - 1, self->here + 1, 9));
	EXPECT_EQ(0, memcmp(self->here, "\0T\1\2\3\4\5\6\7T\0", 11));
	EXPECT_EQ(0, read_peer(self->peer, at, self->here, 0));
	EXPECT_EQ(0, write_peer(self->peer, 0, NULL, 0));
}

TEST_F(copy, stops_at_what_is_not_there)
{
	const ssize_t two = 2 * SEC_PAGE;
	const uint64_t end = self->there + two;

	ASSERT_EQ(0, target_ask(&self->target, UNMAP, end, 1));
	memset(self->here, 'w', PAGES_MAX * SEC_PAGE);
	EXPECT_EQ(two, read_peer(self->peer, self->there, self->here, 2 * two));
	EXPECT_TRUE(sec_all_bytes(self->here, 'T', two));
	EXPECT_EQ(5, read_peer(self->peer, end - 5, self->here, SEC_PAGE));
	EXPECT_EQ(-EFAULT, read_peer(self->peer, end, self->here, 1));
	EXPECT_EQ(-EFAULT, read_peer(self->peer, 0, self->here, 1));
	EXPECT_EQ(-EFAULT, read_peer(self->peer, UINT64_MAX, self->here, 1));
	EXPECT_EQ(-EFAULT, read_peer(self->peer, UINT64_MAX - 1, self->here,
				     SEC_PAGE));

	memset(self->here, 'w', PAGES_MAX * SEC_PAGE);
	EXPECT_EQ(two, write_peer(self->peer, self->there, self->here, 2 * two));
	EXPECT_EQ('w', sees(&self->target, end - 1));
	EXPECT_EQ('T', sees(&self->target, end + SEC_PAGE));
	EXPECT_EQ(-EFAULT, write_peer(self->peer, end, self->here, 1));
	EXPECT_EQ(-EFAULT, write_peer(self->peer, UINT64_MAX, self->here, 1));
}

TEST_F(copy, goes_by_protection)
{
	const uint64_t second = self->there + SEC_PAGE;

	memset(self->here, 'w', PAGES_MAX * SEC_PAGE);
	ASSERT_EQ(0, target_ask(&self->target, PROTECT, second, PROT_READ));
	EXPECT_EQ((ssize_t)SEC_PAGE,
		  write_peer(self->peer, self->there, self->here, 2 * SEC_PAGE));
	EXPECT_EQ(-EFAULT, write_peer(self->peer, second, self->here, 1));
	EXPECT_EQ('T', sees(&self->target, second));
	EXPECT_EQ(1, read_peer(self->peer, second, self->here, 1));
	ASSERT_EQ(0, target_ask(&self->target, PROTECT, second, PROT_NONE));
	EXPECT_EQ(-EFAULT, read_peer(self->peer, second, self->here, 1));
	EXPECT_EQ((ssize_t)SEC_PAGE,
		  read_peer(self->peer, self->there, self->here, 2 * SEC_PAGE));
}

TEST_F(copy, buffer_that_is_not_there)
{
	unsigned char *gap = free_range(1);

	EXPECT_EQ(-EFAULT, read_peer(self->peer, self->there, gap, 8));
	EXPECT_EQ(-EFAULT, write_peer(self->peer, self->there, gap, 8));
	EXPECT_EQ('T', sees(&self->target, self->there));
	/* Nothing is out of step by it. */
	EXPECT_EQ(8, read_peer(self->peer, self->there, self->here, 8));
	EXPECT_TRUE(sec_all_bytes(self->here, 'T', 8));
}

TEST_F(copy, more_than_a_message)
{
	const ssize_t length = 40 * 32768 + 12345;
	unsigned char *mine = malloc(length);
	uint64_t address = 0;
	ssize_t i;

	ASSERT_NE(NULL, mine);
	for (i = 0; i < length; i++)
		mine[i] = i * 7 / 3;
	ASSERT_EQ(0, section_peer_map_memory(self->peer, length + SEC_PAGE,
					     PROT_READ | PROT_WRITE, &address));
	EXPECT_EQ(length, write_peer(self->peer, address + 1, mine, length));
	EXPECT_EQ(mine[length - 1], sees(&self->target, address + length));
	EXPECT_EQ(0, sees(&self->target, address + length + 1));
	memset(mine, 0, length);
	EXPECT_EQ(length, read_peer(self->peer, address + 1, mine, length));
	for (i = 0; i < length; i++)
		if (mine[i] != (unsigned char)(i * 7 / 3))
			break;
	EXPECT_EQ(length, i);
	free(mine);
}

TEST_F(copy, of_a_stopped_process)
{
	ssize_t expected = -ETIMEDOUT;
	uint64_t begin;

	/* Let the agent come to know the connection. */
	ASSERT_EQ(1, read_peer(self->peer, self->there, self->here, 1));
	section_peer_set_timeout(self->peer, SHORT_MS);
	target_pause(&self->target);
	begin = now_ms();
	if (!variant->undumpable && !variant->channel)
		expected = 8;
	EXPECT_EQ(expected, read_peer(self->peer, self->there, self->here, 8));
	EXPECT_GT(HANGS_MS, now_ms() - begin);
}

/* At one address in every process that runs this program. */
static char mark = 'm';

TEST_F(copy, of_another_program)
{
	const uint64_t at_mark = (uintptr_t)&mark;
	struct iovec here = { self->here, 1 }, there = { &mark, 1 };

	ASSERT_EQ(1, read_peer(self->peer, self->there, self->here, 1));
	ASSERT_TRUE(target_replace(&self->target));
	/* The kernel would let it happen; the program has not agreed. */
	EXPECT_EQ(-ECONNREFUSED, write_peer(self->peer, at_mark, "x", 1));
	ASSERT_EQ(1, process_vm_readv(self->target.pid, &here, 1, &there, 1, 0));
	EXPECT_EQ('m', self->here[0]);
	EXPECT_EQ(-ECONNREFUSED, read_peer(self->peer, self->there, self->here,
					   1));
	EXPECT_EQ(-ECONNREFUSED, write_peer(self->peer, self->there, self->here,
					    1));
}

TEST_HARNESS_MAIN
