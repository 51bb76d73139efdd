// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracepoints: what each tells, and of whom.
 */
#include <sys/mount.h>
#include <sys/stat.h>

#include "kselftest_harness.h"
#include "section_view_util.h"

#define TRACING		"/sys/kernel/tracing"
#define RW		(PROT_READ | PROT_WRITE)
#define PAGES		64
#define BYTES		(PAGES * SEC_PAGE)
#define TRACE_ROOM	(1 << 20)

FIXTURE(trace) {
	int dev;
	struct sec_name name;
	char instance[128];
	char *text;
};

static int setting(const char *instance, const char *which, const char *value)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", instance, which);
	return sec_write_file(path, value);
}

FIXTURE_SETUP(trace)
{
	ASSERT_EQ(0, geteuid()) {
		TH_LOG("this test needs root");
	}
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->name = sec_unique();
	self->text = malloc(TRACE_ROOM);
	mount("tracefs", TRACING, "tracefs", 0, NULL);
	/* Of its own, so that nobody else's tracing is disturbed. */
	snprintf(self->instance, sizeof(self->instance),
		 TRACING "/instances/section-%d", getpid());
	ASSERT_EQ(0, mkdir(self->instance, 0700));
	ASSERT_EQ(0, setting(self->instance, "events/section/enable", "1"));
}

FIXTURE_TEARDOWN(trace)
{
	setting(self->instance, "events/section/enable", "0");
	EXPECT_EQ(0, rmdir(self->instance));
	free(self->text);
}

static const char *trace_text(FIXTURE_DATA(trace) *self)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/trace", self->instance);
	return sec_read_file(path, self->text, TRACE_ROOM) < 0 ? "" :
								  self->text;
}

/* How many events there are that begin, and end, so. */
static int events(FIXTURE_DATA(trace) *self, const char *event, __u64 id,
		  const char *rest)
{
	const char *at = trace_text(self);
	char want[160];
	int found = 0;

	snprintf(want, sizeof(want), " %s: id=%llu ", event, id);
	while ((at = strstr(at, want))) {
		at += strlen(want);
		if (!strncmp(at, rest, strlen(rest)))
			found++;
	}
	return found;
}

static int create_named(FIXTURE_DATA(trace) *self, const char *name)
{
	return sec_create_anon(self->dev, name, BYTES);
}

TEST_F(trace, life)
{
	int handle = create_named(self, self->name.s);
	char rest[256];
	__u64 id;

	ASSERT_LE(0, handle);
	id = sec_id(handle);
	snprintf(rest, sizeof(rest),
		 "bytes=%lu prot=READ|WRITE attributes=%#x name=%s\n", BYTES,
		 SECTION_ATTR_NAMED, self->name.s);
	EXPECT_EQ(1, events(self, "section_create", id, rest));
	EXPECT_EQ(0, events(self, "section_open", id, ""));

	close(sec_open(self->dev, self->name.s, SECTION_RIGHT_READ));
	snprintf(rest, sizeof(rest), "rights=READ name=%s\n", self->name.s);
	EXPECT_EQ(1, events(self, "section_open", id, rest));

	EXPECT_EQ(0, events(self, "section_free", id, ""));
	close(handle);
	snprintf(rest, sizeof(rest), "bytes=%lu\n", BYTES);
	EXPECT_EQ(1, events(self, "section_free", id, rest));
}

/* Whoever makes a section does not write the administrator's trace. */
TEST_F(trace, forged_name)
{
	char name[sizeof(self->name.s) + 32];
	int handle;

	snprintf(name, sizeof(name), "%s\n section_open: id=9\033[2J\177",
		 self->name.s);
	handle = create_named(self, name);
	ASSERT_LE(0, handle);
	EXPECT_EQ(1, events(self, "section_create", sec_id(handle), ""));
	EXPECT_EQ(NULL, strstr(trace_text(self), "\n section_open"));
	EXPECT_EQ(NULL, strchr(self->text, '\033'));
	EXPECT_EQ(NULL, strchr(self->text, '\177'));
	EXPECT_NE(NULL, strstr(self->text, "? section_open: id=9?[2J?\n"));
	close(handle);
}

TEST_F(trace, view)
{
	int handle = create_named(self, NULL);
	char *view = sec_map(handle, PROT_READ | PROT_WRITE, 0, SEC_PAGE,
			     2 * SEC_PAGE);
	__u64 id = sec_id(handle);
	char rest[256];

	ASSERT_NE(MAP_FAILED, view);
	snprintf(rest, sizeof(rest), "start=%p end=%p pgoff=1 shared=1\n",
		 view, view + 2 * SEC_PAGE);
	EXPECT_EQ(1, events(self, "section_map", id, rest));
	EXPECT_EQ(0, events(self, "section_unmap", id, ""));
	munmap(view, 2 * SEC_PAGE);
	EXPECT_EQ(1, events(self, "section_unmap", id, rest));
	close(handle);
}

/* As many VMAs come as go. */
TEST_F(trace, parts)
{
	int handle = create_named(self, NULL);
	char *view = sec_map(handle, PROT_READ, SECTION_MAP_PRIVATE, 0, BYTES);
	__u64 id = sec_id(handle);

	ASSERT_NE(MAP_FAILED, view);
	munmap(view + 3 * SEC_PAGE, SEC_PAGE);
	munmap(view, BYTES);
	EXPECT_LT(1, events(self, "section_map", id, ""));
	EXPECT_EQ(events(self, "section_map", id, ""),
		  events(self, "section_unmap", id, ""));
	close(handle);
}

TEST_F(trace, fault)
{
	int handle = create_named(self, NULL);
	char *view = sec_map(handle, RW, 0, 0, BYTES);
	__u64 id = sec_id(handle);
	char rest[256];

	ASSERT_NE(MAP_FAILED, view);
	view[5 * SEC_PAGE + 8] = 1;
	snprintf(rest, sizeof(rest), "address=%p pgoff=5 flags=WRITE",
		 view + 5 * SEC_PAGE + 8);
	EXPECT_EQ(1, events(self, "section_fault", id, rest));
	EXPECT_EQ(1, events(self, "section_fault", id, ""));
	EXPECT_EQ(0, events(self, "section_ahead", id, ""));
	close(handle);
}

/* Each fault is told of, also one that does the work of many. */
TEST_F(trace, ahead)
{
	int handle = create_named(self, NULL);
	char *view = sec_map(handle, RW, 0, 0, BYTES);
	__u64 id = sec_id(handle);
	int i, faults, aheads;

	ASSERT_NE(MAP_FAILED, view);
	for (i = 0; i < PAGES; i++)
		view[i * SEC_PAGE] = 1;
	faults = events(self, "section_fault", id, "");
	aheads = events(self, "section_ahead", id, "");
	EXPECT_EQ(1, events(self, "section_ahead", id, "pgoff=4 pages=2\n"));
	EXPECT_LT(1, aheads);
	EXPECT_LT(aheads, faults);
	EXPECT_GT(PAGES / 2, faults);
	close(handle);
}

/* Why somebody gets SIGSEGV. */
TEST_F(trace, refused_fault)
{
	int handle = sec_create_flags(self->dev, NULL, BYTES,
				      SECTION_CREATE_RESERVE);
	char *view = sec_map(handle, RW, 0, 0, BYTES);
	const char *at;
	char rest[256];
	__u64 id = sec_id(handle);

	ASSERT_NE(MAP_FAILED, view);
	EXPECT_EQ(SIGSEGV, sec_touch(view + 7 * SEC_PAGE, true));
	snprintf(rest, sizeof(rest), "address=%p pgoff=7 ",
		 view + 7 * SEC_PAGE);
	EXPECT_EQ(1, events(self, "section_fault", id, rest));
	at = strstr(self->text, rest);
	ASSERT_NE(NULL, at);
	EXPECT_NE(NULL, strstr(at, "ret=SIGSEGV\n"));
	close(handle);
}

TEST_F(trace, commit)
{
	int handle = sec_create_flags(self->dev, NULL, BYTES,
				      SECTION_CREATE_RESERVE);
	__u64 id = sec_id(handle);

	ASSERT_EQ(0, sec_commit(handle, 2 * SEC_PAGE, 3 * SEC_PAGE, 0));
	EXPECT_EQ(1, events(self, "section_commit", id,
			    "pgoff=2 pages=3 decommit=0 err=0\n"));
	ASSERT_EQ(0, sec_commit(handle, 2 * SEC_PAGE, SEC_PAGE,
				SECTION_COMMIT_DECOMMIT));
	EXPECT_EQ(1, events(self, "section_commit", id,
			    "pgoff=2 pages=1 decommit=1 err=0\n"));
	close(handle);
}

TEST_F(trace, extend)
{
	int file = memfd_create("trace", MFD_CLOEXEC);
	__u64 bytes = 3 * SEC_PAGE;
	char rest[64];
	int handle;

	ASSERT_EQ(0, ftruncate(file, SEC_PAGE));
	handle = sec_create_file(self->dev, NULL, file, 0, SEC_PROT_RW);
	ASSERT_LE(0, handle);
	ASSERT_EQ(0, sec_extend(handle, &bytes));
	snprintf(rest, sizeof(rest), "bytes=%llu\n", bytes);
	EXPECT_EQ(1, events(self, "section_extend", sec_id(handle), rest));
	close(handle);
	close(file);
}

TEST_HARNESS_MAIN
