// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random operations on one file, by two processes, through two sections of
 * different sizes, shared and private views, and the ordinary calls, against a
 * model in memory.
 *
 * The processes take turns, so the outcome of every operation is known: also
 * which touch gives which signal, and which private view keeps its copy of a
 * page. A seed gives the same operations again.
 *
 *	SECTION_FS_DIR		where the file is to be; without it, nothing is done
 *	SECTION_FS_FEATURES	what the file system has, of direct, punch, zero, clone
 *				and keep: what is named here must work, and what is
 *				not named must not
 *	SECTION_FS_OPS		how many operations
 *	SECTION_FS_SEED		which ones
 */
#define _GNU_SOURCE
#include "../section_view_util.h"

#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/vfs.h>


#define PAGE		4096UL
#define PAGES		48UL
#define ROOM		(PAGES * PAGE)
#define PROCESSES	2
#define SECTIONS	2
#define VIEWS		4
#define LOG_LINES	40
#define CHECK_EVERY	64
#define RW		(PROT_READ | PROT_WRITE)

struct view {
	bool mapped;
	bool private;
	bool writable;
	/* Which section, or -1 when there is another one in its place. */
	int section;
	size_t offset;
	size_t pages;
	/* The size of the section that was replaced. */
	size_t limit;
	unsigned char *at;
	bool copied[PAGES];
	unsigned char copy[PAGES][PAGE];
};

struct contents {
	size_t size;
	/* Zero beyond the size, always. */
	unsigned char data[ROOM];
};

/* Shared by both processes; who has the token may use it. */
struct state {
	unsigned long op, ops, seed;
	__u64 random;
	bool done, failed;
	struct contents file, clone;
	bool cloned;
	size_t section_size[SECTIONS];
	unsigned long generation[SECTIONS];
	struct view views[PROCESSES][VIEWS];
	unsigned long count[64];
	char log[LOG_LINES][128];
};

enum feature {
	DIRECT = 1,
	PUNCH = 2,
	ZERO = 4,
	CLONE = 8,
	/* Allocating without a change of size, also beyond the end. */
	KEEP = 16,
};

static const char * const feature_names[] = {
	"direct", "punch", "zero", "clone", "keep"
};

/* What a process has of its own. */
static struct state *s;
static struct view *views;
static int me;
static unsigned int features;
static int dev, fd, direct, clone_fd;
static int handles[SECTIONS] = { -1, -1 };
static unsigned long have_generation[SECTIONS];
static const char *dir;
static pid_t origin;
static unsigned char *scratch;

/* Chance. */

static __u64 chance(__u64 below)
{
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return ((s->random * 2685821657736338717ULL) >> 16) % below;
}

static size_t some_length(size_t offset)
{
	size_t most = chance(4) ? 2 * PAGE : ROOM / 4;

	if (most > ROOM - offset)
		most = ROOM - offset;
	return 1 + chance(most);
}

static size_t pages_of(size_t bytes)
{
	return (bytes + PAGE - 1) / PAGE;
}

/* Telling. */

static void note(const char *format, ...)
{
	char *line = s->log[s->op % LOG_LINES];
	va_list args;
	int length;

	length = snprintf(line, sizeof(s->log[0]), "%lu: process %d: ", s->op,
			  me);
	va_start(args, format);
	vsnprintf(line + length, sizeof(s->log[0]) - length, format, args);
	va_end(args);
}

static void tell_log(void)
{
	unsigned long op = s->op < LOG_LINES ? 0 : s->op - LOG_LINES + 1;

	printf("# seed %lu, operation %lu; the last ones:\n", s->seed, s->op);
	for (; op <= s->op; op++)
		printf("#   %s\n", s->log[op % LOG_LINES]);
	fflush(stdout);
}

static void broken(const char *format, ...)
{
	int error = errno;
	va_list args;

	printf("# ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf(" (errno %d)\n", error);
	tell_log();
	s->failed = true;
	s->done = true;
	_exit(1);
}

static void must(bool true_so, const char *what)
{
	if (!true_so)
		broken("%s", what);
}

/* Compares what was read with the model. */
static void compare(const char *how, size_t at, const unsigned char *got,
		    const unsigned char *want, size_t length)
{
	size_t i;

	if (!memcmp(got, want, length))
		return;
	for (i = 0; got[i] == want[i]; i++)
		;
	broken("%s: at %#zx (of %#zx) there is %#x instead of %#x", how,
	       at + i, s->file.size, got[i], want[i]);
}

/* The model. */

static size_t view_limit(const struct view *v)
{
	return v->section < 0 ? v->limit : s->section_size[v->section];
}

/* What a touch of page number n of a view gives: 0, or minus the signal. */
static int view_touch(const struct view *v, size_t n)
{
	if (v->offset + n >= pages_of(view_limit(v)))
		return -SIGSEGV;
	if (v->offset + n >= pages_of(s->file.size))
		return -SIGBUS;
	return 0;
}

static unsigned char *view_page(struct view *v, size_t n)
{
	return v->copied[n] ? v->copy[n] :
			      s->file.data + (v->offset + n) * PAGE;
}

/* Truncation takes the copies, too. */
static void drop_copies(size_t from)
{
	struct view *v = &s->views[0][0];
	int i;
	size_t n;

	for (i = 0; i < PROCESSES * VIEWS; i++, v++)
		for (n = 0; v->mapped && n < v->pages; n++)
			if (v->offset + n >= from)
				v->copied[n] = false;
}

static void resize(struct contents *c, size_t size)
{
	if (size < c->size)
		memset(c->data + size, 0, c->size - size);
	c->size = size;
}

static void grow(struct contents *c, size_t size)
{
	if (size > c->size)
		c->size = size;
}

/* Checks. */

static int guarded_copy(void *to, const void *from, size_t length)
{
	int sig = sigsetjmp(touch_env, 1);

	if (sig)
		return -sig;
	__atomic_store_n(&touch_armed, 1, __ATOMIC_SEQ_CST);
	memcpy(to, from, length);
	__atomic_store_n(&touch_armed, 0, __ATOMIC_SEQ_CST);
	return 0;
}

static void check_view_page(struct view *v, size_t n)
{
	int want = view_touch(v, n);
	int got = guarded_copy(scratch, v->at + n * PAGE, PAGE);

	if (got != want)
		broken("view %d, page %zu of the file: a read gives %d instead of %d",
		       (int)(v - views), v->offset + n, got, want);
	if (!want)
		compare(v->private ? "private view" : "shared view",
			(v->offset + n) * PAGE, scratch, view_page(v, n), PAGE);
}

static void check_view(struct view *v)
{
	size_t n;

	for (n = 0; n < v->pages; n++)
		check_view_page(v, n);
}

static void check_fd(int from, const struct contents *c, const char *how)
{
	ssize_t got = pread(from, scratch, ROOM, 0);

	if (got != (ssize_t)c->size)
		broken("%s: %zd bytes instead of %zu", how, got, c->size);
	compare(how, 0, scratch, c->data, c->size);
	if (file_size(from) != (off_t)c->size)
		broken("%s: size", how);
}

static void check_all(void)
{
	int i;

	check_fd(fd, &s->file, "pread of all");
	if (s->cloned)
		check_fd(clone_fd, &s->clone, "pread of the clone");
	for (i = 0; i < VIEWS; i++)
		if (views[i].mapped)
			check_view(&views[i]);
}

/* Sections: whoever has not the newest one opens it by its name. */

static struct sec_name section_name(int which)
{
	struct sec_name name;

	snprintf(name.s, sizeof(name.s), "fsx-%d-%d-%lu", origin, which,
		 s->generation[which]);
	return name;
}

static void sync_section(int which)
{
	if (have_generation[which] == s->generation[which])
		return;
	if (handles[which] >= 0)
		close(handles[which]);
	handles[which] = sec_open(dev, section_name(which).s,
				  SECTION_RIGHTS_MAXIMUM);
	must(handles[which] >= 0, "a section cannot be opened");
	have_generation[which] = s->generation[which];
}

static void new_section(int which, size_t size)
{
	struct view *v = &s->views[0][0];
	int i, old = handles[which];

	for (i = 0; i < PROCESSES * VIEWS; i++, v++) {
		if (v->mapped && v->section == which) {
			v->limit = s->section_size[which];
			v->section = -1;
		}
	}
	s->generation[which]++;
	handles[which] = sec_create_file(dev, section_name(which).s, fd, size,
					 SEC_PROT_RW);
	if (handles[which] < 0)
		broken("create: %d", handles[which]);
	have_generation[which] = s->generation[which];
	s->section_size[which] = size;
	grow(&s->file, size);
	if (old >= 0)
		close(old);
}

/* The operations. False: there was nothing to do it on. */

static void fill(unsigned char *to, size_t length)
{
	__u64 pattern = chance(~0ULL);
	size_t i;

	for (i = 0; i < length; i++, pattern = pattern << 7 | pattern >> 57)
		to[i] = (unsigned char)(pattern + i);
}

static bool do_pwrite(void)
{
	size_t offset = chance(ROOM), length = some_length(offset);

	note("pwrite %#zx+%#zx", offset, length);
	fill(scratch, length);
	must(pwrite(fd, scratch, length, offset) == (ssize_t)length, "pwrite");
	memcpy(s->file.data + offset, scratch, length);
	grow(&s->file, offset + length);
	return true;
}

static bool do_write(void)
{
	size_t offset = chance(ROOM), length = some_length(offset);

	note("write %#zx+%#zx", offset, length);
	fill(scratch, length);
	must(lseek(fd, offset, SEEK_SET) == (off_t)offset, "lseek");
	must(write(fd, scratch, length) == (ssize_t)length, "write");
	memcpy(s->file.data + offset, scratch, length);
	grow(&s->file, offset + length);
	return true;
}

static void read_back(int from, size_t offset, size_t length, const char *how)
{
	size_t want = 0;
	ssize_t got;

	if (offset < s->file.size)
		want = s->file.size - offset;
	if (want > length)
		want = length;
	must(lseek(from, offset, SEEK_SET) == (off_t)offset, "lseek");
	got = read(from, scratch, length);
	if (got != (ssize_t)want)
		broken("%s: %zd bytes instead of %zu", how, got, want);
	compare(how, offset, scratch, s->file.data + offset, want);
}

static bool do_read(void)
{
	size_t offset = chance(ROOM), length = some_length(offset);

	note("read %#zx+%#zx", offset, length);
	read_back(fd, offset, length, "read");
	return true;
}

static bool do_direct_write(void)
{
	size_t page = chance(PAGES), count = 1 + chance(4);
	size_t length;

	if (count > PAGES - page)
		count = PAGES - page;
	length = count * PAGE;
	note("O_DIRECT write %#zx+%#zx", page * PAGE, length);
	fill(scratch, length);
	must(pwrite(direct, scratch, length, page * PAGE) == (ssize_t)length,
	     "O_DIRECT pwrite");
	memcpy(s->file.data + page * PAGE, scratch, length);
	grow(&s->file, page * PAGE + length);
	return true;
}

/*
 * Once in some ten thousand operations XFS refuses to read what it takes for space
 * that somebody is just writing to ("Direct I/O collision"), with ordinary mappings
 * in place of views as well.
 */
static bool is_collision(size_t offset, size_t length)
{
	struct statfs fs;

	return pread(direct, scratch, length, offset) < 0 && errno == EIO &&
	       !fstatfs(fd, &fs) && fs.f_type == XFS_SUPER_MAGIC;
}

static bool do_direct_read(void)
{
	size_t page = chance(PAGES), count = 1 + chance(8);

	if (count > PAGES - page)
		count = PAGES - page;
	note("O_DIRECT read %#zx+%#zx", page * PAGE, count * PAGE);
	if (is_collision(page * PAGE, count * PAGE))
		read_back(fd, page * PAGE, count * PAGE, "read instead");
	else
		read_back(direct, page * PAGE, count * PAGE, "O_DIRECT read");
	return true;
}

static struct view *some_view(void)
{
	int first = chance(VIEWS), i;

	for (i = 0; i < VIEWS; i++) {
		struct view *v = &views[(first + i) % VIEWS];

		if (v->mapped)
			return v;
	}
	return NULL;
}

/* The model of a write to one page of a view; the data are in scratch. */
static void view_written(struct view *v, size_t n, size_t from,
			 const unsigned char *data, size_t length)
{
	if (v->private && !v->copied[n]) {
		memcpy(v->copy[n], view_page(v, n), PAGE);
		v->copied[n] = true;
	}
	memcpy(view_page(v, n) + from, data, length);
}

/*
 * What is written to the last page of a file beyond its end is not in the file,
 * and whether a view shows it, nobody says: nothing is written there.
 */
static size_t writable_part(const struct view *v, size_t n)
{
	size_t page = (v->offset + n) * PAGE;

	return s->file.size - page < PAGE ? s->file.size - page : PAGE;
}

static bool do_view_write(void)
{
	struct view *v = some_view();
	size_t n, last, from, length;

	if (!v || !v->writable)
		return false;
	n = chance(v->pages);
	last = n + chance(4);
	note("write to %s view %d, pages %zu to %zu of the file",
	     v->private ? "private" : "shared", (int)(v - views),
	     v->offset + n, v->offset + last);
	for (; n <= last && n < v->pages; n++) {
		int want = view_touch(v, n);
		int got;

		from = 0;
		length = 1;
		if (!want) {
			from = chance(writable_part(v, n));
			length = 1 + chance(writable_part(v, n) - from);
		}
		fill(scratch, length);
		got = guarded_copy(v->at + n * PAGE + from, scratch, length);
		if (got != want)
			broken("page %zu: a write gives %d instead of %d",
			       v->offset + n, got, want);
		if (!want)
			view_written(v, n, from, scratch, length);
	}
	return true;
}

static bool do_view_read(void)
{
	struct view *v = some_view();
	size_t n, last;

	if (!v)
		return false;
	n = chance(v->pages);
	last = n + chance(8);
	note("read of view %d, pages %zu to %zu of the file", (int)(v - views),
	     v->offset + n, v->offset + last);
	for (; n <= last && n < v->pages; n++)
		check_view_page(v, n);
	return true;
}

/* read(2) of one page into another: the fault comes while the file is in use. */
static bool do_read_into_view(void)
{
	struct view *v = some_view();
	size_t n, from;
	unsigned char *at;

	if (!v || !v->writable)
		return false;
	n = chance(v->pages);
	from = chance(PAGES);
	if (from == v->offset + n || (from + 1) * PAGE > s->file.size ||
	    view_touch(v, n) || writable_part(v, n) < PAGE)
		return false;
	note("pread of page %zu into view %d, page %zu of the file", from,
	     (int)(v - views), v->offset + n);
	at = v->at + n * PAGE;
	must(pread(fd, at, PAGE, from * PAGE) == (ssize_t)PAGE, "pread into a view");
	view_written(v, n, 0, s->file.data + from * PAGE, PAGE);
	return true;
}

static bool do_write_from_view(void)
{
	struct view *v = some_view();
	size_t n, to;

	if (!v)
		return false;
	n = chance(v->pages);
	to = chance(PAGES);
	if (to == v->offset + n || view_touch(v, n))
		return false;
	note("pwrite of view %d, page %zu of the file, to page %zu",
	     (int)(v - views), v->offset + n, to);
	must(pwrite(fd, v->at + n * PAGE, PAGE, to * PAGE) == (ssize_t)PAGE,
	     "pwrite from a view");
	memcpy(s->file.data + to * PAGE, view_page(v, n), PAGE);
	grow(&s->file, (to + 1) * PAGE);
	return true;
}

static bool do_msync(void)
{
	static const int flags[] = { MS_SYNC, MS_ASYNC, MS_SYNC | MS_INVALIDATE };
	struct view *v = some_view();
	size_t n, count;
	int how;

	if (!v)
		return false;
	n = chance(v->pages);
	count = 1 + chance(v->pages - n);
	how = chance(3);
	note("msync %#x of view %d, %zu pages from page %zu of the file",
	     flags[how], (int)(v - views), count, v->offset + n);
	must(!msync(v->at + n * PAGE, count * PAGE, flags[how]), "msync");
	return true;
}

static bool do_fsync(void)
{
	bool data = chance(2);

	note("%s", data ? "fdatasync" : "fsync");
	must(!(data ? fdatasync(fd) : fsync(fd)), "fsync");
	return true;
}

static bool do_truncate(void)
{
	size_t size = chance(3) ? chance(ROOM + 1) : chance(PAGES + 1) * PAGE;

	note("ftruncate from %#zx to %#zx", s->file.size, size);
	must(!ftruncate(fd, size), "ftruncate");
	resize(&s->file, size);
	drop_copies(pages_of(size));
	return true;
}

static bool do_allocate(void)
{
	size_t offset = chance(ROOM), length = some_length(offset);
	bool keep = features & KEEP && chance(2);

	note("fallocate %#zx+%#zx%s", offset, length, keep ? " keep" : "");
	must(!fallocate(fd, keep ? FALLOC_FL_KEEP_SIZE : 0, offset, length),
	     "fallocate");
	if (!keep)
		grow(&s->file, offset + length);
	return true;
}

static void cleared(size_t offset, size_t length)
{
	if (offset < s->file.size)
		memset(s->file.data + offset, 0,
		       length < s->file.size - offset ? length :
							s->file.size - offset);
}

static bool do_punch(void)
{
	size_t offset = chance(ROOM), length = some_length(offset);

	note("punch %#zx+%#zx", offset, length);
	must(!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
			length), "punching a hole");
	cleared(offset, length);
	return true;
}

static bool do_zero(void)
{
	size_t offset = chance(ROOM), length = some_length(offset);
	bool keep = chance(2);

	note("zero %#zx+%#zx%s", offset, length, keep ? " keep" : "");
	must(!fallocate(fd, FALLOC_FL_ZERO_RANGE |
			(keep ? FALLOC_FL_KEEP_SIZE : 0), offset, length),
	     "zeroing a range");
	cleared(offset, length);
	if (!keep)
		grow(&s->file, offset + length);
	return true;
}

static bool do_extend(void)
{
	int which = chance(SECTIONS);
	__u64 bytes = 1 + chance(ROOM);

	note("extend section %d from %#zx to %#llx", which,
	     s->section_size[which], (unsigned long long)bytes);
	sync_section(which);
	must(!sec_extend(handles[which], &bytes), "extend");
	if (bytes > s->section_size[which]) {
		s->section_size[which] = bytes;
		grow(&s->file, bytes);
	}
	return true;
}

static bool do_new_section(void)
{
	int which = chance(SECTIONS);
	size_t size = 1 + chance(ROOM);

	note("new section %d of %#zx, file of %#zx", which, size, s->file.size);
	new_section(which, size);
	return true;
}

static void unmap(struct view *v)
{
	must(!munmap(v->at, v->pages * PAGE), "munmap");
	v->mapped = false;
	memset(v->copied, 0, sizeof(v->copied));
}

static bool do_unmap(void)
{
	struct view *v = some_view();

	if (!v)
		return false;
	note("unmap view %d", (int)(v - views));
	unmap(v);
	return true;
}

static bool do_map(void)
{
	struct view *v = &views[chance(VIEWS)];
	int which = chance(SECTIONS);
	size_t most = pages_of(s->section_size[which]);
	bool beyond = !chance(4);
	__u32 flags = 0;
	void *at;

	if (v->mapped)
		unmap(v);
	if (beyond)
		most = PAGES;
	v->section = which;
	v->private = !chance(3);
	v->writable = chance(8);
	v->offset = chance(most < 2 ? 1 : most / 2);
	v->pages = 1 + chance(most - v->offset);
	if (v->private)
		flags |= SECTION_MAP_PRIVATE;
	if (beyond)
		flags |= SECTION_MAP_BEYOND;
	note("map view %d, %zu pages from page %zu of section %d%s%s%s",
	     (int)(v - views), v->pages, v->offset, which,
	     v->private ? " private" : " shared", v->writable ? "" : " read-only",
	     beyond ? " beyond" : "");
	sync_section(which);
	/* A view may be shorter than a whole page only at the section's end. */
	if (beyond && v->offset >= pages_of(s->section_size[which]))
		v->offset = 0;
	at = sec_map(handles[which], v->writable ? RW : PROT_READ, flags,
		     v->offset * PAGE, v->pages * PAGE);
	must(at != MAP_FAILED, "map");
	v->at = at;
	v->mapped = true;
	return true;
}

/* A view moves, and nothing in it changes. */
static bool do_move(void)
{
	struct view *v = some_view();
	unsigned char *to;
	void *at;

	if (!v)
		return false;
	note("mremap view %d", (int)(v - views));
	to = free_range(v->pages);
	must(to, "no address space");
	at = mremap(v->at, v->pages * PAGE, v->pages * PAGE,
		    MREMAP_MAYMOVE | MREMAP_FIXED, to);
	must(at == to, "mremap");
	v->at = at;
	check_view(v);
	return true;
}

/* Takes the page tables away and, of private views, the copies. */
static bool do_dontneed(void)
{
	struct view *v = some_view();

	if (!v)
		return false;
	note("madvise DONTNEED view %d", (int)(v - views));
	must(!madvise(v->at, v->pages * PAGE, MADV_DONTNEED), "madvise");
	memset(v->copied, 0, sizeof(v->copied));
	return true;
}

/*
 * A child has all the views; what it writes to private ones is its own, and what
 * it writes to shared ones is everybody's.
 */
static int forked(void *arg)
{
	struct view *v = arg;
	size_t n;

	for (n = 0; n < v->pages; n++) {
		if (view_touch(v, n))
			continue;
		check_view_page(v, n);
		if (!v->writable)
			continue;
		if (guarded_copy(v->at + n * PAGE, "\xfe", 1))
			broken("a child's write to page %zu", v->offset + n);
		/* The model of a private view is the parent's. */
		if (!v->private)
			view_written(v, n, 0, (const unsigned char *)"\xfe", 1);
	}
	return 0;
}

static bool do_fork(void)
{
	struct view *v = some_view();

	if (!v)
		return false;
	note("fork, and a child that writes to %s view %d",
	     v->private ? "private" : "shared", (int)(v - views));
	fflush(stdout);
	must(!sec_in_child(forked, v), "a child");
	check_view(v);
	return true;
}

static bool do_drop(void)
{
	note("drop this file's clean pages");
	must(!fsync(fd), "fsync");
	must(!posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), "fadvise");
	return true;
}

static bool do_drop_caches(void)
{
	note("drop all caches");
	must(!fsync(fd), "fsync");
	must(!sec_write_file("/proc/sys/vm/drop_caches", "3"), "drop_caches");
	return true;
}

static bool do_clone(void)
{
	note("clone the file");
	/* The last block of a file can be shared only where that file ends, too. */
	must(!ftruncate(clone_fd, 0), "ftruncate of the clone");
	must(!ioctl(clone_fd, FICLONE, fd), "FICLONE");
	s->clone = s->file;
	s->cloned = true;
	return true;
}

static bool do_write_clone(void)
{
	size_t offset = chance(ROOM), length = some_length(offset);

	if (!s->cloned)
		return false;
	note("pwrite to the clone %#zx+%#zx", offset, length);
	fill(scratch, length);
	must(pwrite(clone_fd, scratch, length, offset) == (ssize_t)length,
	     "pwrite to the clone");
	memcpy(s->clone.data + offset, scratch, length);
	grow(&s->clone, offset + length);
	return true;
}

static bool do_clone_range(void)
{
	size_t from = chance(PAGES), to = chance(PAGES), count = 1 + chance(6);
	struct file_clone_range range = { .src_fd = clone_fd };

	if (count > PAGES - to)
		count = PAGES - to;
	if (!s->cloned || (from + count) * PAGE > s->clone.size)
		return false;
	note("clone %zu pages from page %zu of the clone to page %zu", count,
	     from, to);
	range.src_offset = from * PAGE;
	range.src_length = count * PAGE;
	range.dest_offset = to * PAGE;
	must(!ioctl(fd, FICLONERANGE, &range), "FICLONERANGE");
	memcpy(s->file.data + to * PAGE, s->clone.data + from * PAGE,
	       count * PAGE);
	grow(&s->file, (to + count) * PAGE);
	return true;
}

static const struct operation {
	const char *name;
	bool (*function)(void);
	unsigned int weight;
	unsigned int needs;
} operations[] = {
	{ "view write", do_view_write, 200, 0 },
	{ "view read", do_view_read, 120, 0 },
	{ "pwrite", do_pwrite, 60, 0 },
	{ "write", do_write, 40, 0 },
	{ "read", do_read, 80, 0 },
	{ "read into view", do_read_into_view, 30, 0 },
	{ "write from view", do_write_from_view, 30, 0 },
	{ "direct write", do_direct_write, 40, DIRECT },
	{ "direct read", do_direct_read, 40, DIRECT },
	{ "msync", do_msync, 50, 0 },
	{ "fsync", do_fsync, 10, 0 },
	{ "truncate", do_truncate, 40, 0 },
	{ "allocate", do_allocate, 15, 0 },
	{ "punch", do_punch, 40, PUNCH },
	{ "zero", do_zero, 30, ZERO },
	{ "extend", do_extend, 20, 0 },
	{ "new section", do_new_section, 10, 0 },
	{ "map", do_map, 60, 0 },
	{ "unmap", do_unmap, 10, 0 },
	{ "move", do_move, 10, 0 },
	{ "dontneed", do_dontneed, 15, 0 },
	{ "fork", do_fork, 6, 0 },
	{ "drop", do_drop, 15, 0 },
	{ "drop caches", do_drop_caches, 2, 0 },
	{ "clone", do_clone, 10, CLONE },
	{ "write clone", do_write_clone, 20, CLONE },
	{ "clone range", do_clone_range, 30, CLONE },
};

#define OPERATIONS ARRAY_SIZE(operations)

/* Playing. */

static void step(void)
{
	unsigned int total = 0, i, at;

	for (i = 0; i < OPERATIONS; i++)
		if (!(operations[i].needs & ~features))
			total += operations[i].weight;
	do {
		at = chance(total);
		for (i = 0;; i++) {
			if (operations[i].needs & ~features)
				continue;
			if (at < operations[i].weight)
				break;
			at -= operations[i].weight;
		}
	} while (!operations[i].function());
	s->count[i]++;
	if (s->op % CHECK_EVERY == 0)
		check_all();
	else if (file_size(fd) != (off_t)s->file.size)
		broken("the file has %lld bytes instead of %zu",
		       (long long)file_size(fd), s->file.size);
	s->op++;
}

static int open_in(const char *name, int flags)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return open(path, flags | O_CLOEXEC, 0600);
}

static void unlink_in(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
}

/* Each process has its own descriptors of all. */
static void open_all(void)
{
	dev = sec_dev();
	fd = open_in("fsx", O_RDWR);
	clone_fd = open_in("fsx-clone", O_RDWR);
	must(dev >= 0 && fd >= 0 && clone_fd >= 0, "cannot open");
	if (features & DIRECT) {
		direct = open_in("fsx", O_RDWR | O_DIRECT);
		must(direct >= 0, "cannot open with O_DIRECT");
	}
	views = s->views[me];
	scratch = mmap(NULL, ROOM, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(scratch != MAP_FAILED, "no memory");
}

/* Who has the token plays, for some steps. */
static int play(int sock)
{
	bool last = false;
	char token = 0;

	open_all();
	if (me && read(sock, &token, 1) != 1)
		return 1;
	while (!s->done) {
		step();
		s->done = s->op >= s->ops;
		if (!s->done && chance(8))
			continue;
		last = s->done;
		if (write(sock, &token, 1) != 1 ||
		    (!last && read(sock, &token, 1) != 1))
			return 1;
	}
	if (s->failed)
		return 1;
	check_all();
	return 0;
}

/* Which of the features are there? */

static unsigned int probe(void)
{
	unsigned int found = 0;
	int d = open_in("fsx", O_RDWR | O_DIRECT);

	must(!ftruncate(fd, 2 * PAGE), "ftruncate");
	if (d >= 0) {
		close(d);
		found |= DIRECT;
	}
	if (!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE))
		found |= PUNCH;
	if (!fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, PAGE))
		found |= ZERO;
	if (!ioctl(clone_fd, FICLONE, fd))
		found |= CLONE;
	if (!fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, PAGE))
		found |= KEEP;
	must(!ftruncate(fd, 0) && !ftruncate(clone_fd, 0), "ftruncate");
	return found;
}

static unsigned int wanted(void)
{
	const char *list = getenv("SECTION_FS_FEATURES");
	unsigned int words = 0, i;

	for (i = 0; list && i < ARRAY_SIZE(feature_names); i++)
		if (strstr(list, feature_names[i]))
			words |= 1U << i;
	return words;
}

static unsigned long number(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 0) : otherwise;
}

static bool run(void)
{
	int socks[2], status, i;
	pid_t child;

	for (i = 0; i < SECTIONS; i++)
		new_section(i, (i + 1) * ROOM / 3 + 5);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks))
		return false;
	fflush(stdout);
	child = fork();
	if (!child) {
		me = 1;
		close(socks[0]);
		_exit(play(socks[1]));
	}
	close(socks[1]);
	if (child < 0 || play(socks[0]))
		s->failed = true;
	close(socks[0]);
	status = sec_wait(child);
	if (!status && !s->failed)
		return true;
	if (status < 0) {
		printf("# the other process was killed by signal %d\n", -status);
		tell_log();
	}
	return false;
}

/* Was everything done, and is there nothing that is not known of? */
static bool all_done(unsigned int found)
{
	bool good = features == found;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(feature_names); i++)
		if ((features ^ found) & (1U << i))
			printf("# the file system has %s%s, against expectation\n",
			       found & (1U << i) ? "" : "no ", feature_names[i]);
	for (i = 0; i < OPERATIONS; i++) {
		if (operations[i].needs & ~features)
			continue;
		printf("# %s: %lu\n", operations[i].name, s->count[i]);
		if (!s->count[i] && s->ops >= 10000)
			good = false;
	}
	return good;
}

int main(void)
{
	unsigned int found;
	struct timespec begin, end;
	double seconds;
	bool good;

	dir = getenv("SECTION_FS_DIR");
	printf("TAP version 13\n");
	if (!dir) {
		printf("1..0 # SKIP SECTION_FS_DIR is not set\n");
		return 4;
	}
	printf("1..2\n");
	s = mmap(NULL, sizeof(*s), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		return 1;
	clock_gettime(CLOCK_REALTIME, &begin);
	s->ops = number("SECTION_FS_OPS", 20000);
	s->seed = number("SECTION_FS_SEED", 1 + begin.tv_nsec % 1000000);
	s->random = s->seed * 0x9e3779b97f4a7c15ULL + 1;
	origin = getpid();
	/* One process finds the other gone by what write(2) returns. */
	signal(SIGPIPE, SIG_IGN);
	close(open_in("fsx", O_RDWR | O_CREAT | O_TRUNC));
	close(open_in("fsx-clone", O_RDWR | O_CREAT | O_TRUNC));
	open_all();
	features = wanted();
	found = probe();
	printf("# seed %lu\n", s->seed);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	good = run();
	clock_gettime(CLOCK_MONOTONIC, &end);
	seconds = (double)(end.tv_sec - begin.tv_sec) +
		  (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
	unlink_in("fsx");
	unlink_in("fsx-clone");
	printf("# %lu operations in %.0f s, %.0f each second\n", s->op, seconds,
	       (double)s->op / seconds);
	printf("%sok 1 fsx.model\n", good ? "" : "not ");
	found = all_done(found);
	printf("%sok 2 fsx.operations\n", found ? "" : "not ");
	return !good || !found;
}
