// SPDX-License-Identifier: GPL-2.0-only
/*
 * Listing named sections.
 */
#include "section_util.h"
#include "kselftest_harness.h"

#define BUFFER_LEN	(1 << 20)
#define PREFIX_LEN	32

FIXTURE(list)
{
	int dev;
	char *buffer;
	/* What all names of this test begin with. */
	char prefix[PREFIX_LEN];
};

FIXTURE_SETUP(list)
{
	self->dev = sec_dev();
	ASSERT_LE(0, self->dev);
	self->buffer = malloc(BUFFER_LEN);
	ASSERT_NE(NULL, self->buffer);
	snprintf(self->prefix, sizeof(self->prefix), "list-%d-", getpid());
}

FIXTURE_TEARDOWN(list)
{
	free(self->buffer);
	close(self->dev);
}

static size_t record_len(size_t name_len)
{
	return (sizeof(struct section_list_entry) + name_len + 7) & ~(size_t)7;
}

/* The next record, NULL behind the last; the whole list must be sound. */
static const struct section_list_entry *
next_entry(struct __test_metadata *_metadata, const struct section_list *l,
	   const struct section_list_entry *entry)
{
	const char *buffer = (const char *)(uintptr_t)l->buffer;
	const char *at = buffer;
	size_t left;

	if (entry)
		at = (const char *)entry + entry->entry_len;
	left = l->buffer_len - (at - buffer);
	if (!left)
		return NULL;
	entry = (const struct section_list_entry *)at;
	ASSERT_LE(sizeof(*entry), left);
	ASSERT_LE(entry->entry_len, left);
	ASSERT_LT(0, entry->name_len);
	ASSERT_GE(SECTION_NAME_MAX, entry->name_len);
	ASSERT_EQ(record_len(entry->name_len), entry->entry_len);
	/* What pads it must not be what the kernel had there before. */
	EXPECT_TRUE(sec_all_bytes(entry->name + entry->name_len, 0,
				  entry->entry_len - sizeof(*entry) -
				  entry->name_len));
	return entry;
}

/* How often a name is listed; the last record is stored. */
static int find(struct __test_metadata *_metadata, const struct section_list *l,
		const char *name, const struct section_list_entry **result)
{
	const struct section_list_entry *entry = NULL;
	int found = 0;

	while ((entry = next_entry(_metadata, l, entry))) {
		if (entry->name_len != strlen(name) ||
		    memcmp(entry->name, name, entry->name_len))
			continue;
		found++;
		if (result)
			*result = entry;
	}
	return found;
}

static int is_listed(struct __test_metadata *_metadata,
		     const FIXTURE_DATA(list) *self, __u32 flags,
		     const char *name)
{
	struct section_list l;

	ASSERT_EQ(0, sec_list(self->dev, flags, self->buffer, BUFFER_LEN, &l));
	return find(_metadata, &l, name, NULL);
}

TEST_F(list, fields)
{
	struct sec_name name = sec_unique();
	struct section_create args = sec_create_args(name.s, 3 * SEC_PAGE);
	const struct section_list_entry *entry = NULL;
	struct section_list l;
	__u64 count = 0;
	int handle, other;
	void *view;

	args.mode = 0640;
	args.prot = SEC_PROT_RX;
	handle = sec_create(self->dev, &args);
	ASSERT_LE(0, handle);
	other = sec_open(self->dev, name.s, SEC_RIGHTS_R);
	ASSERT_LE(0, other);
	view = sec_map(handle, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);

	ASSERT_EQ(0, sec_list(self->dev, 0, self->buffer, BUFFER_LEN, &l));
	EXPECT_EQ(sizeof(l), l.size);
	EXPECT_EQ(sec_ptr(self->buffer), l.buffer);
	EXPECT_EQ(l.needed, l.buffer_len);
	EXPECT_TRUE(sec_poisoned(self->buffer + l.buffer_len,
				 BUFFER_LEN - l.buffer_len));
	while ((entry = next_entry(_metadata, &l, entry)))
		count++;
	EXPECT_EQ(count, l.count);

	ASSERT_EQ(1, find(_metadata, &l, name.s, &entry));
	EXPECT_EQ(3 * SEC_PAGE, entry->bytes);
	EXPECT_EQ(sec_id(handle), entry->id);
	EXPECT_EQ(SEC_PROT_RX, entry->prot);
	EXPECT_EQ(SECTION_ATTR_NAMED, entry->attributes);
	EXPECT_EQ(0640, entry->mode);
	EXPECT_EQ(geteuid(), entry->uid);
	EXPECT_EQ(getegid(), entry->gid);
	EXPECT_EQ((__u32)getpid(), entry->creator);
	EXPECT_EQ(2, entry->handles);
	EXPECT_EQ(1, entry->views);
	ASSERT_EQ(0, munmap(view, 3 * SEC_PAGE));
	close(other);
	close(handle);
	EXPECT_EQ(0, is_listed(_metadata, self, 0, name.s));
}

TEST_F(list, scopes)
{
	struct sec_name local = sec_unique(), global = sec_unique();
	struct section_create args = sec_create_args(global.s, 1);
	const struct section_list_entry *entry;
	struct section_list l;
	int first, second;

	first = sec_create_anon(self->dev, local.s, 1);
	ASSERT_LE(0, first);
	args.flags = SECTION_CREATE_GLOBAL;
	second = sec_create(self->dev, &args);
	ASSERT_LE(0, second);

	EXPECT_EQ(1, is_listed(_metadata, self, 0, local.s));
	EXPECT_EQ(0, is_listed(_metadata, self, 0, global.s));
	EXPECT_EQ(0, is_listed(_metadata, self, SECTION_LIST_GLOBAL, local.s));
	ASSERT_EQ(0, sec_list(self->dev, SECTION_LIST_GLOBAL, self->buffer,
			      BUFFER_LEN, &l));
	ASSERT_EQ(1, find(_metadata, &l, global.s, &entry));
	EXPECT_EQ(SECTION_ATTR_NAMED | SECTION_ATTR_GLOBAL, entry->attributes);
	EXPECT_EQ(sec_id(second), entry->id);
	close(first);
	close(second);
	EXPECT_EQ(0, is_listed(_metadata, self, SECTION_LIST_GLOBAL, global.s));
}

/* The owner sees his own local names; of global ones what the mode grants. */
TEST_F(list, mode)
{
	struct sec_name name = sec_unique();
	struct section_create args = sec_create_args(name.s, 1);
	int handle;

	if (!geteuid())
		SKIP(return, "root sees everything");
	args.mode = 0;
	handle = sec_create(self->dev, &args);
	ASSERT_LE(0, handle);
	EXPECT_EQ(1, is_listed(_metadata, self, 0, name.s));
	close(handle);

	args.flags = SECTION_CREATE_GLOBAL;
	handle = sec_create(self->dev, &args);
	ASSERT_LE(0, handle);
	EXPECT_EQ(0, is_listed(_metadata, self, SECTION_LIST_GLOBAL, name.s));
	close(handle);
	args.mode = 0400;
	handle = sec_create(self->dev, &args);
	ASSERT_LE(0, handle);
	EXPECT_EQ(1, is_listed(_metadata, self, SECTION_LIST_GLOBAL, name.s));
	close(handle);
}

TEST_F(list, only_names_that_live)
{
	struct sec_name name = sec_unique();
	struct section_list before, after;
	int handle, anchor, unnamed;
	void *view;

	ASSERT_EQ(0, sec_list(self->dev, 0, NULL, 0, &before));
	unnamed = sec_create_anon(self->dev, NULL, 1);
	ASSERT_LE(0, unnamed);
	handle = sec_create_anon(self->dev, name.s, 1);
	ASSERT_LE(0, handle);
	anchor = sec_duplicate(handle, SEC_RIGHTS_R, SECTION_DUPLICATE_ANCHOR);
	ASSERT_LE(0, anchor);
	view = sec_map(handle, PROT_READ, 0, 0, 0);
	ASSERT_NE(MAP_FAILED, view);

	ASSERT_EQ(0, sec_list(self->dev, 0, NULL, 0, &after));
	EXPECT_EQ(before.needed + record_len(strlen(name.s)), after.needed);
	close(handle);
	ASSERT_EQ(0, sec_list(self->dev, 0, NULL, 0, &after));
	EXPECT_EQ(before.needed, after.needed);
	EXPECT_EQ(0, is_listed(_metadata, self, 0, name.s));
	ASSERT_EQ(0, munmap(view, SEC_PAGE));
	close(anchor);
	close(unnamed);
}

/* Every size of the buffer around what is needed. */
TEST_F(list, room)
{
	int handles[3];
	struct section_list l;
	struct sec_name name;
	size_t needed, room;
	char longest[SECTION_NAME_MAX];
	__u64 count;
	size_t i;

	memset(longest, 'l', sizeof(longest));
	for (i = 0; i < ARRAY_SIZE(handles); i++) {
		struct section_create args;

		name = sec_unique();
		args = sec_create_args(name.s, 1);
		if (!i) {
			args.name = sec_ptr(longest);
			args.name_len = sizeof(longest);
		}
		handles[i] = sec_create(self->dev, &args);
		ASSERT_LE(0, handles[i]);
	}

	ASSERT_EQ(0, sec_list(self->dev, 0, NULL, 0, &l));
	EXPECT_EQ(0, l.count);
	EXPECT_EQ(0, l.buffer_len);
	needed = l.needed;
	EXPECT_EQ(0, needed % 8);
	EXPECT_LE(record_len(SECTION_NAME_MAX) +
		  2 * record_len(strlen(name.s)), needed);
	ASSERT_GE(BUFFER_LEN, needed);

	ASSERT_EQ(0, sec_list(self->dev, 0, self->buffer, needed, &l));
	count = l.count;
	EXPECT_LE(3, count);
	EXPECT_EQ(needed, l.buffer_len);
	EXPECT_EQ(needed, l.needed);

	for (room = 0; room <= needed; room++) {
		const struct section_list_entry *entry = NULL;
		__u64 seen = 0;

		memset(self->buffer, SEC_POISON, needed + 8);
		ASSERT_EQ(0, sec_list(self->dev, 0, self->buffer, room, &l));
		ASSERT_EQ(needed, l.needed);
		ASSERT_LE(l.buffer_len, room);
		ASSERT_EQ(room == needed, l.count == count);
		while ((entry = next_entry(_metadata, &l, entry)))
			seen++;
		ASSERT_EQ(l.count, seen);
		ASSERT_TRUE(sec_poisoned(self->buffer + room, 8));
	}
	for (i = 0; i < ARRAY_SIZE(handles); i++)
		close(handles[i]);
}

TEST_F(list, bad_buffers)
{
	struct sec_name name = sec_unique();
	struct section_list l;
	char *memory, *end;
	int handle;

	handle = sec_create_anon(self->dev, name.s, 1);
	ASSERT_LE(0, handle);
	memory = mmap(NULL, 2 * SEC_PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, memory);
	end = memory + SEC_PAGE;
	ASSERT_EQ(0, mprotect(end, SEC_PAGE, PROT_READ));

	memset(&l, SEC_POISON, sizeof(l));
	l.size = sizeof(l);
	l.flags = 0;
	l.scope_fd = -1;
	l.reserved = 0;
	l.buffer = sec_ptr(end);
	l.buffer_len = SEC_PAGE;
	EXPECT_EQ(-EFAULT, sec_ioctl(self->dev, SECTION_IOC_LIST, &l));
	l.buffer = sec_ptr(end - 8);
	EXPECT_EQ(-EFAULT, sec_ioctl(self->dev, SECTION_IOC_LIST, &l));
	l.buffer = sec_ptr(memory) ^ 1ULL << 46;
	EXPECT_EQ(-EFAULT, sec_ioctl(self->dev, SECTION_IOC_LIST, &l));
	l.buffer = 8;
	l.buffer_len = UINT64_MAX;
	EXPECT_EQ(-EFAULT, sec_ioctl(self->dev, SECTION_IOC_LIST, &l));
	EXPECT_EQ(UINT64_MAX, l.buffer_len);
	EXPECT_EQ(SEC_POISON64, l.count);
	EXPECT_EQ(SEC_POISON64, l.needed);
	ASSERT_EQ(0, munmap(memory, 2 * SEC_PAGE));
	close(handle);
}

/* Room that is told but not needed need not exist. */
TEST_F(list, huge_room)
{
	struct sec_name name = sec_unique();
	int handle = sec_create_anon(self->dev, name.s, 1);
	struct section_list l = {
		.size = sizeof(l),
		.scope_fd = -1,
		.buffer = sec_ptr(self->buffer),
		.buffer_len = UINT64_MAX,
	};

	ASSERT_LE(0, handle);
	ASSERT_EQ(0, sec_ioctl(self->dev, SECTION_IOC_LIST, &l));
	EXPECT_EQ(l.needed, l.buffer_len);
	EXPECT_EQ(1, find(_metadata, &l, name.s, NULL));
	close(handle);
}

TEST_F(list, many)
{
	enum { MANY = 300 };
	const struct section_list_entry *entry = NULL;
	int handles[MANY], seen[MANY] = { 0 };
	size_t len = strlen(self->prefix);
	struct section_list l;
	char name[64];
	int i;

	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "%s%d", self->prefix, i);
		handles[i] = sec_create_anon(self->dev, name,
					     (i + 1) * SEC_PAGE);
		ASSERT_LE(0, handles[i]);
	}
	ASSERT_EQ(0, sec_list(self->dev, 0, self->buffer, BUFFER_LEN, &l));
	EXPECT_LE(MANY, l.count);
	while ((entry = next_entry(_metadata, &l, entry))) {
		if (entry->name_len <= len ||
		    memcmp(entry->name, self->prefix, len))
			continue;
		ASSERT_LT(entry->name_len, sizeof(name));
		memcpy(name, entry->name, entry->name_len);
		name[entry->name_len] = 0;
		i = atoi(name + len);
		ASSERT_LE(0, i);
		ASSERT_LT(i, MANY);
		seen[i]++;
		EXPECT_EQ((i + 1) * SEC_PAGE, entry->bytes);
		EXPECT_EQ(sec_id(handles[i]), entry->id);
	}
	for (i = 0; i < MANY; i++) {
		EXPECT_EQ(1, seen[i]);
		close(handles[i]);
	}
	ASSERT_EQ(0, sec_list(self->dev, 0, self->buffer, BUFFER_LEN, &l));
	entry = NULL;
	while ((entry = next_entry(_metadata, &l, entry)))
		EXPECT_FALSE(entry->name_len > len &&
			     !memcmp(entry->name, self->prefix, len));
}

TEST_HARNESS_MAIN
