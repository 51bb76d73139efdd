// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation fails once.  Each operation is done again and again, and the
 * first time its first allocation fails, then its second one, until it has no
 * more.  However far it came, it must say so with an error that is documented,
 * leave nothing behind, and work the next time.
 *
 * This needs a kernel with fault injection (make check-sanitize).  There the
 * kernel's own means of debugging allocate as well; what they do is counted too.
 */
#include "kselftest_harness.h"
#include "fail_nth_operations.h"

#define RX		(PROT_READ | PROT_EXEC)
#define LARGE_BYTES	(2 << 20)
#define POPULATED	(32 * 4096)

static bool is_documented(const struct operation *op, int ret)
{
	return ret >= 0 || ret == -ENOMEM || ret == -ENFILE ||
	       ret == -EMFILE || (op->error && ret == -op->error);
}

static void close_all(struct world *w)
{
	if (w->view)
		munmap(w->view, w->length);
	if (w->other)
		munmap(w->other, w->length);
	if (w->target)
		munmap(w->target, w->length);
	if (w->handle >= 0)
		close(w->handle);
	if (w->file >= 0)
		close(w->file);
	if (w->ends[0] >= 0) {
		close(w->ends[0]);
		close(w->ends[1]);
	}
}

/* One attempt; true if all is well.  *left is not 0 if nothing failed. */
static bool attempt(struct world *w, unsigned int *left)
{
	const struct operation *op = w->op;
	bool good;
	int ret;

	w->file = -1;
	w->handle = -1;
	w->ends[0] = -1;
	w->view = NULL;
	w->other = NULL;
	w->target = NULL;
	w->written = false;
	make_name(w);
	*left = 0;
	if (!make_file(w) || (op->prepare && !op->prepare(w)))
		return false;

	fail_nth(w->nth, w->n);
	ret = op->run(w);
	*left = fail_nth_stop(w->nth);

	good = RIGHT(w, is_documented(op, ret), ret) &&
	       RIGHT(w, ret >= 0 || !*left, ret) &&
	       RIGHT(w, !w->written, ret);
	if (op->check)
		good = op->check(w, ret) && good;
	if (op->makes_fd && ret >= 0)
		close(ret);
	close_all(w);
	return good;
}

/* The first allocation fails, then the second one, until there is none. */
static void sweep(struct __test_metadata *_metadata, struct world *w)
{
	struct tally tally = { 0 };
	struct counts counts;
	unsigned int left;

	counts_take(&counts);
	for (w->n = 1; w->n < BOUND; w->n++) {
		bool good = attempt(w, &left);

		if (!sec_eventually(counts_are_back, &counts, 5))
			good = wrong(w, "something is left", 0);
		if (!tally_up(&tally, good, left))
			break;
	}
	EXPECT_EQ(0U, tally.wrong);
	EXPECT_LT(w->n, (unsigned int)BOUND);
	if (!w->op->may_be_none)
		EXPECT_LT(0U, tally.failed);
	tally_tell(&tally, w->op->name);
}

FIXTURE(fail) {
	struct world w;
	struct memory memory;
};

FIXTURE_VARIANT(fail) {
	struct operation op;
};

FIXTURE_SETUP(fail)
{
	self->w.op = &variant->op;
	self->w.page = SEC_PAGE;
	self->w.nth = fail_nth_open();
	ASSERT_LE(0, self->w.nth);
	self->w.dev = sec_dev();
	ASSERT_LE(0, self->w.dev);
	if (variant->op.place == ON_EXT4)
		ASSERT_TRUE(have_ext4());
}

FIXTURE_TEARDOWN(fail)
{
}

/* clang-format off */
FIXTURE_VARIANT_ADD(fail, open_device) {
	.op = { .name = "open_device", .run = run_open_device,
		.makes_fd = true } };
FIXTURE_VARIANT_ADD(fail, version) {
	.op = { .name = "version", .run = run_version, .may_be_none = true } };
FIXTURE_VARIANT_ADD(fail, create) {
	.op = { .name = "create", .run = run_create, .check = check_create,
		.makes_fd = true } };
FIXTURE_VARIANT_ADD(fail, create_named) {
	.op = { .name = "create_named", .run = run_create,
		.check = check_create, .makes_fd = true,
		.naming = SHORT_NAME } };
FIXTURE_VARIANT_ADD(fail, create_long_name) {
	.op = { .name = "create_long_name", .run = run_create,
		.check = check_create, .makes_fd = true,
		.naming = LONG_NAME } };
FIXTURE_VARIANT_ADD(fail, create_global) {
	.op = { .name = "create_global", .run = run_create,
		.check = check_create, .makes_fd = true, .naming = SHORT_NAME,
		.flags = SECTION_CREATE_GLOBAL } };
FIXTURE_VARIANT_ADD(fail, create_or_open) {
	.op = { .name = "create_or_open", .run = run_open_existing,
		.check = check_create, .makes_fd = true,
		.naming = SHORT_NAME } };
FIXTURE_VARIANT_ADD(fail, create_stranger) {
	.op = { .name = "create_stranger", .run = run_create_stranger,
		.check = check_create, .makes_fd = true } };
FIXTURE_VARIANT_ADD(fail, create_read_only) {
	.op = { .name = "create_read_only", .run = run_create,
		.check = check_create, .makes_fd = true,
		.prot = SECTION_PROT_READ } };
FIXTURE_VARIANT_ADD(fail, create_executable) {
	.op = { .name = "create_executable", .run = run_create,
		.check = check_create, .makes_fd = true,
		.prot = SEC_PROT_RWX } };
FIXTURE_VARIANT_ADD(fail, create_reserved) {
	.op = { .name = "create_reserved", .run = run_create,
		.check = check_create, .makes_fd = true, .naming = SHORT_NAME,
		.flags = SECTION_CREATE_RESERVE } };
FIXTURE_VARIANT_ADD(fail, create_large) {
	.op = { .name = "create_large", .run = run_create,
		.check = check_create, .makes_fd = true,
		.flags = SECTION_CREATE_LARGE, .bytes = LARGE_BYTES } };
FIXTURE_VARIANT_ADD(fail, create_large_only) {
	.op = { .name = "create_large_only", .run = run_create,
		.check = check_create, .makes_fd = true,
		.flags = SECTION_CREATE_LARGE_ONLY, .bytes = LARGE_BYTES } };
FIXTURE_VARIANT_ADD(fail, create_based) {
	.op = { .name = "create_based", .run = run_create,
		.check = check_create, .makes_fd = true,
		.flags = SECTION_CREATE_BASED } };
FIXTURE_VARIANT_ADD(fail, create_populated) {
	.op = { .name = "create_populated", .run = run_create,
		.check = check_create, .makes_fd = true, .naming = SHORT_NAME,
		.flags = SECTION_CREATE_POPULATE, .bytes = POPULATED } };
FIXTURE_VARIANT_ADD(fail, create_file) {
	.op = { .name = "create_file", .run = run_create, .check = check_create,
		.makes_fd = true, .naming = SHORT_NAME, .place = ON_TMPFS } };
FIXTURE_VARIANT_ADD(fail, create_file_read_only) {
	.op = { .name = "create_file_read_only", .run = run_create,
		.check = check_create, .makes_fd = true, .place = ON_TMPFS,
		.prot = SECTION_PROT_READ } };
FIXTURE_VARIANT_ADD(fail, create_file_executable) {
	.op = { .name = "create_file_executable", .run = run_create,
		.check = check_create, .makes_fd = true, .naming = SHORT_NAME,
		.place = ON_TMPFS, .prot = SEC_PROT_RX } };
FIXTURE_VARIANT_ADD(fail, create_file_all) {
	.op = { .name = "create_file_all", .run = run_create,
		.check = check_create, .makes_fd = true, .naming = LONG_NAME,
		.place = ON_TMPFS, .prot = SEC_PROT_RWX } };
FIXTURE_VARIANT_ADD(fail, create_file_populated) {
	.op = { .name = "create_file_populated", .run = run_create,
		.check = check_create, .makes_fd = true, .naming = SHORT_NAME,
		.place = ON_TMPFS, .flags = SECTION_CREATE_POPULATE } };
FIXTURE_VARIANT_ADD(fail, create_ext4) {
	.op = { .name = "create_ext4", .run = run_create, .check = check_create,
		.makes_fd = true, .naming = SHORT_NAME, .place = ON_EXT4 } };
FIXTURE_VARIANT_ADD(fail, create_ext4_populated) {
	.op = { .name = "create_ext4_populated", .run = run_create,
		.check = check_create, .makes_fd = true, .place = ON_EXT4,
		.flags = SECTION_CREATE_POPULATE } };
FIXTURE_VARIANT_ADD(fail, open_existing) {
	.op = { .name = "open_existing", .prepare = make_section,
		.run = run_open_existing, .check = check_existing,
		.makes_fd = true, .naming = SHORT_NAME } };
FIXTURE_VARIANT_ADD(fail, open) {
	.op = { .name = "open", .prepare = make_section, .run = run_open,
		.check = check_existing, .makes_fd = true,
		.naming = SHORT_NAME } };
FIXTURE_VARIANT_ADD(fail, open_long_name) {
	.op = { .name = "open_long_name", .prepare = make_section,
		.run = run_open, .check = check_existing, .makes_fd = true,
		.naming = LONG_NAME } };
FIXTURE_VARIANT_ADD(fail, open_global) {
	.op = { .name = "open_global", .prepare = make_section, .run = run_open,
		.check = check_existing, .makes_fd = true, .naming = SHORT_NAME,
		.flags = SECTION_CREATE_GLOBAL } };
FIXTURE_VARIANT_ADD(fail, open_scope) {
	.op = { .name = "open_scope", .prepare = make_section_and_scope,
		.run = run_open_scope, .check = check_existing,
		.makes_fd = true, .naming = SHORT_NAME } };
FIXTURE_VARIANT_ADD(fail, fdinfo) {
	.op = { .name = "fdinfo", .prepare = make_section, .run = run_fdinfo,
		.check = check_fdinfo, .naming = LONG_NAME } };
FIXTURE_VARIANT_ADD(fail, open_file) {
	.op = { .name = "open_file", .prepare = make_section, .run = run_open,
		.check = check_existing, .makes_fd = true, .naming = SHORT_NAME,
		.place = ON_TMPFS } };
FIXTURE_VARIANT_ADD(fail, open_file_executable) {
	.op = { .name = "open_file_executable", .prepare = make_section,
		.run = run_open, .check = check_existing, .makes_fd = true,
		.naming = SHORT_NAME, .place = ON_TMPFS,
		.prot = SEC_PROT_RX } };
FIXTURE_VARIANT_ADD(fail, open_ext4) {
	.op = { .name = "open_ext4", .prepare = make_section, .run = run_open,
		.check = check_existing, .makes_fd = true, .naming = SHORT_NAME,
		.place = ON_EXT4 } };
FIXTURE_VARIANT_ADD(fail, duplicate) {
	.op = { .name = "duplicate", .prepare = make_section,
		.run = run_duplicate, .check = check_existing,
		.makes_fd = true } };
FIXTURE_VARIANT_ADD(fail, duplicate_anchor) {
	.op = { .name = "duplicate_anchor", .prepare = make_section,
		.run = run_duplicate_anchor, .check = check_anchor,
		.makes_fd = true } };
FIXTURE_VARIANT_ADD(fail, list) {
	.op = { .name = "list", .prepare = make_section, .run = run_list,
		.check = check_list, .naming = SHORT_NAME } };
FIXTURE_VARIANT_ADD(fail, query) {
	.op = { .name = "query", .prepare = make_section, .run = run_query,
		.check = check_query, .naming = LONG_NAME,
		.may_be_none = true } };
FIXTURE_VARIANT_ADD(fail, query_view) {
	.op = { .name = "query_view", .prepare = make_view,
		.run = run_query_view, .may_be_none = true } };
FIXTURE_VARIANT_ADD(fail, map) {
	.op = { .name = "map", .prepare = make_section_and_place,
		.run = run_map, .check = check_map } };
FIXTURE_VARIANT_ADD(fail, map_private) {
	.op = { .name = "map_private", .prepare = make_section_and_place,
		.run = run_map, .check = check_map,
		.map_flags = SECTION_MAP_PRIVATE } };
FIXTURE_VARIANT_ADD(fail, map_fixed) {
	.op = { .name = "map_fixed", .prepare = make_section_and_place,
		.run = run_map, .check = check_map,
		.map_flags = SECTION_MAP_FIXED } };
FIXTURE_VARIANT_ADD(fail, map_no_inherit) {
	.op = { .name = "map_no_inherit", .prepare = make_section_and_place,
		.run = run_map, .check = check_map,
		.map_flags = SECTION_MAP_NO_INHERIT } };
FIXTURE_VARIANT_ADD(fail, map_executable) {
	.op = { .name = "map_executable", .prepare = make_section_and_place,
		.run = run_map, .check = check_map, .prot = SEC_PROT_RWX,
		.map_prot = RX } };
FIXTURE_VARIANT_ADD(fail, map_reserved) {
	.op = { .name = "map_reserved", .prepare = make_section_and_place,
		.run = run_map, .check = check_map_reserved,
		.flags = SECTION_CREATE_RESERVE } };
FIXTURE_VARIANT_ADD(fail, map_based) {
	.op = { .name = "map_based", .prepare = make_section_and_place,
		.run = run_map, .check = check_map,
		.flags = SECTION_CREATE_BASED } };
FIXTURE_VARIANT_ADD(fail, map_file) {
	.op = { .name = "map_file", .prepare = make_section_and_place,
		.run = run_map, .check = check_map, .place = ON_TMPFS } };
FIXTURE_VARIANT_ADD(fail, map_file_beyond) {
	.op = { .name = "map_file_beyond", .prepare = make_section_and_place,
		.run = run_map, .check = check_map, .place = ON_TMPFS,
		.map_flags = SECTION_MAP_BEYOND } };
FIXTURE_VARIANT_ADD(fail, map_ext4_private) {
	.op = { .name = "map_ext4_private", .prepare = make_section_and_place,
		.run = run_map, .check = check_map, .place = ON_EXT4,
		.map_flags = SECTION_MAP_PRIVATE } };
FIXTURE_VARIANT_ADD(fail, mmap) {
	.op = { .name = "mmap", .prepare = make_section_and_place,
		.run = run_mmap, .check = check_map } };
FIXTURE_VARIANT_ADD(fail, mmap_private) {
	.op = { .name = "mmap_private", .prepare = make_section_and_place,
		.run = run_mmap, .check = check_map,
		.map_flags = SECTION_MAP_PRIVATE } };
FIXTURE_VARIANT_ADD(fail, mmap_file) {
	.op = { .name = "mmap_file", .prepare = make_section_and_place,
		.run = run_mmap, .check = check_map, .place = ON_TMPFS } };
FIXTURE_VARIANT_ADD(fail, mmap_ext4) {
	.op = { .name = "mmap_ext4", .prepare = make_section_and_place,
		.run = run_mmap, .check = check_map, .place = ON_EXT4 } };
FIXTURE_VARIANT_ADD(fail, commit) {
	.op = { .name = "commit", .prepare = make_ranges, .run = run_commit,
		.check = check_commit, .flags = SECTION_CREATE_RESERVE } };
FIXTURE_VARIANT_ADD(fail, commit_gap) {
	.op = { .name = "commit_gap", .prepare = make_ranges,
		.run = run_commit_gap, .check = check_commit_gap,
		.flags = SECTION_CREATE_RESERVE } };
FIXTURE_VARIANT_ADD(fail, commit_view) {
	.op = { .name = "commit_view", .prepare = make_ranges,
		.run = run_commit_view, .check = check_commit,
		.flags = SECTION_CREATE_RESERVE } };
FIXTURE_VARIANT_ADD(fail, decommit) {
	.op = { .name = "decommit", .prepare = make_ranges, .run = run_decommit,
		.check = check_decommit, .flags = SECTION_CREATE_RESERVE } };
FIXTURE_VARIANT_ADD(fail, decommit_view) {
	.op = { .name = "decommit_view", .prepare = make_ranges,
		.run = run_decommit_view, .check = check_decommit,
		.flags = SECTION_CREATE_RESERVE } };
FIXTURE_VARIANT_ADD(fail, extend) {
	.op = { .name = "extend", .prepare = make_section, .run = run_extend,
		.check = check_extend, .place = ON_TMPFS } };
FIXTURE_VARIANT_ADD(fail, extend_ext4) {
	.op = { .name = "extend_ext4", .prepare = make_section,
		.run = run_extend, .check = check_extend, .place = ON_EXT4 } };
FIXTURE_VARIANT_ADD(fail, populate_write) {
	.op = { .name = "populate_write", .prepare = make_view,
		.run = run_populate_write, .check = check_touched } };
FIXTURE_VARIANT_ADD(fail, populate_read) {
	.op = { .name = "populate_read", .prepare = make_view,
		.run = run_populate_read, .check = check_touched } };
FIXTURE_VARIANT_ADD(fail, populate_private) {
	.op = { .name = "populate_private", .prepare = make_second_view,
		.run = run_populate_write, .check = check_touched,
		.map_flags = SECTION_MAP_PRIVATE } };
FIXTURE_VARIANT_ADD(fail, populate_reserved) {
	.op = { .name = "populate_reserved", .prepare = make_committed_view,
		.run = run_populate_write, .check = check_touched,
		.flags = SECTION_CREATE_RESERVE } };
FIXTURE_VARIANT_ADD(fail, populate_large) {
	.op = { .name = "populate_large", .prepare = make_view,
		.run = run_populate_write, .check = check_touched,
		.flags = SECTION_CREATE_LARGE, .bytes = LARGE_BYTES } };
FIXTURE_VARIANT_ADD(fail, populate_file) {
	.op = { .name = "populate_file", .prepare = make_view,
		.run = run_populate_write, .check = check_touched,
		.place = ON_TMPFS } };
FIXTURE_VARIANT_ADD(fail, populate_ext4) {
	.op = { .name = "populate_ext4", .prepare = make_cold_view,
		.run = run_populate_write, .check = check_touched,
		.place = ON_EXT4 } };
FIXTURE_VARIANT_ADD(fail, read_ext4) {
	.op = { .name = "read_ext4", .prepare = make_cold_view, .run = run_read,
		.check = check_touched, .place = ON_EXT4 } };
FIXTURE_VARIANT_ADD(fail, write) {
	.op = { .name = "write", .prepare = make_view, .run = run_write,
		.check = check_touched } };
FIXTURE_VARIANT_ADD(fail, write_again) {
	/* The pages are there, and perhaps the page table is as well. */
	.op = { .name = "write_again", .prepare = make_second_view,
		.run = run_write, .check = check_touched,
		.may_be_none = true } };
FIXTURE_VARIANT_ADD(fail, read) {
	.op = { .name = "read", .prepare = make_view, .run = run_read,
		.check = check_touched } };
FIXTURE_VARIANT_ADD(fail, copy_on_write) {
	.op = { .name = "copy_on_write", .prepare = make_second_view,
		.run = run_write, .check = check_touched,
		.map_flags = SECTION_MAP_PRIVATE } };
FIXTURE_VARIANT_ADD(fail, write_reserved) {
	.op = { .name = "write_reserved", .prepare = make_committed_view,
		.run = run_write, .check = check_touched,
		.flags = SECTION_CREATE_RESERVE } };
FIXTURE_VARIANT_ADD(fail, write_file) {
	.op = { .name = "write_file", .prepare = make_view, .run = run_write,
		.check = check_touched, .place = ON_TMPFS } };
FIXTURE_VARIANT_ADD(fail, write_ext4) {
	.op = { .name = "write_ext4", .prepare = make_cold_view,
		.run = run_write, .check = check_touched, .place = ON_EXT4 } };
FIXTURE_VARIANT_ADD(fail, fork) {
	.op = { .name = "fork", .prepare = make_full_view, .run = run_fork,
		.check = check_fork, .error = EAGAIN } };
FIXTURE_VARIANT_ADD(fail, fork_private) {
	.op = { .name = "fork_private", .prepare = make_full_view,
		.run = run_fork, .check = check_fork,
		.map_flags = SECTION_MAP_PRIVATE, .error = EAGAIN } };
FIXTURE_VARIANT_ADD(fail, move) {
	.op = { .name = "move", .prepare = make_full_view, .run = run_move,
		.check = check_move } };
FIXTURE_VARIANT_ADD(fail, move_private) {
	.op = { .name = "move_private", .prepare = make_full_view,
		.run = run_move, .check = check_move, .accounted = true,
		.map_flags = SECTION_MAP_PRIVATE } };
FIXTURE_VARIANT_ADD(fail, protect) {
	.op = { .name = "protect", .prepare = make_full_view,
		.run = run_protect, .check = check_protect } };
FIXTURE_VARIANT_ADD(fail, unmap_part) {
	.op = { .name = "unmap_part", .prepare = make_full_view,
		.run = run_unmap_part, .check = check_unmap_part } };
FIXTURE_VARIANT_ADD(fail, unmap) {
	.op = { .name = "unmap", .prepare = make_full_view, .run = run_unmap,
		.check = check_unmap, .may_be_none = true } };
FIXTURE_VARIANT_ADD(fail, close) {
	.op = { .name = "close", .prepare = make_section, .run = run_close,
		.check = check_close, .naming = LONG_NAME,
		.may_be_none = true } };
FIXTURE_VARIANT_ADD(fail, close_reserved) {
	.op = { .name = "close_reserved", .prepare = make_section,
		.run = run_close, .check = check_close, .naming = SHORT_NAME,
		.flags = SECTION_CREATE_RESERVE, .may_be_none = true } };
FIXTURE_VARIANT_ADD(fail, close_file) {
	.op = { .name = "close_file", .prepare = make_section, .run = run_close,
		.check = check_close, .naming = SHORT_NAME, .place = ON_TMPFS,
		.may_be_none = true } };
FIXTURE_VARIANT_ADD(fail, close_based) {
	.op = { .name = "close_based", .prepare = make_section,
		.run = run_close, .check = check_close,
		.flags = SECTION_CREATE_BASED, .may_be_none = true } };
FIXTURE_VARIANT_ADD(fail, send) {
	.op = { .name = "send", .prepare = make_ends, .run = run_send,
		.check = check_send, .error = ENOBUFS } };
FIXTURE_VARIANT_ADD(fail, receive) {
	.op = { .name = "receive", .prepare = make_sent, .run = run_receive,
		.check = check_receive, .makes_fd = true, .may_be_none = true,
		.error = ENOMSG } };
/* clang-format on */

/*
 * Does Linux need memory to unmap?  Then it leaves what it has moved where it was, and
 * forgets that this is accounted: for good, with any private mapping.
 */
static bool unmapping_may_fail(struct world *w)
{
	unsigned int n, left;
	bool failed = false;
	void *place;

	for (n = 1, left = 0; !left && !failed && n < BOUND; n++) {
		place = mmap(NULL, w->page, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		fail_nth(w->nth, n);
		failed = munmap(place, w->page);
		left = fail_nth_stop(w->nth);
		if (failed)
			munmap(place, w->page);
	}
	return failed;
}

TEST_F_TIMEOUT(fail, each_allocation, 600)
{
	unsigned int left;

	if (variant->op.accounted && unmapping_may_fail(&self->w))
		SKIP(return, "Linux itself loses what it has accounted");
	/* What is made once, for the first who needs it, is not lost. */
	self->w.n = FAR;
	ASSERT_TRUE(attempt(&self->w, &left));
	ASSERT_LT(0U, left);
	memory_take(&self->memory);
	sweep(_metadata, &self->w);
	EXPECT_TRUE(sec_eventually(memory_is_back, &self->memory, 20));
}

/* The last ones that fit; only now, as whoever looks around needs some, too. */
static bool fill_table(struct world *w)
{
	return RIGHT(w, dup(w->dev) == TABLE - 2, errno) &&
	       RIGHT(w, dup(w->dev) == TABLE - 1, errno);
}

static int run_in_full_table(struct world *w)
{
	int ret = run_create(w);

	close(TABLE - 1);
	close(TABLE - 2);
	return ret;
}

static const struct operation in_full_table = {
	.name = "create_in_full_table",
	.prepare = fill_table,
	.run = run_in_full_table,
	.check = check_create,
	.naming = SHORT_NAME,
	.makes_fd = true,
};

FIXTURE(fail_table) {
	struct world w;
};

FIXTURE_SETUP(fail_table)
{
	self->w.op = &in_full_table;
	self->w.page = SEC_PAGE;
	self->w.nth = fail_nth_open();
	ASSERT_LE(0, self->w.nth);
	self->w.dev = sec_dev();
	ASSERT_LE(0, self->w.dev);
}

FIXTURE_TEARDOWN(fail_table)
{
}

/*
 * A table of descriptors that is full grows during the call, and stays so large:
 * those of its allocations fail that are the next ones then.
 */
TEST_F(fail_table, grows)
{
	struct world *w = &self->w;
	int fd;

	do {
		fd = dup(w->dev);
		ASSERT_LE(0, fd);
	} while (fd < TABLE - 3);
	sweep(_metadata, w);
}

int main(int argc, char **argv)
{
	/* Of a process that gets no stack there is a report. */
	sec_expect_report("vmalloc error");
	return fail_nth_main(argc, argv);
}
