// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Shows which sections there are.
 */
#include <section.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int usage(FILE *to)
{
	fputs("usage: section list [-g | -a]   named sections of this user;\n"
	      "                                -g: of the global scope, -a: of both\n"
	      "       section version          version of the module's interface\n",
	      to);
	return to == stdout ? 0 : 2;
}

static int failed(enum section_operation operation)
{
	fprintf(stderr, "section: %s\n", section_explain(operation, errno));
	return 1;
}

static int version(void)
{
	int version = section_version();

	if (version < 0)
		return failed(SECTION_OP_VERSION);
	printf("%d\n", version);
	return 0;
}

/* rwxr-x---: as ls(1) shows it. */
static void print_mode(mode_t mode)
{
	for (int bit = 8; bit >= 0; bit--)
		putchar(mode & (1U << bit) ? "xwr"[bit % 3] : '-');
}

/*
 * Whoever made a name chose its bytes: control characters must not reach the
 * terminal.  Bytes of UTF-8 sequences may, except the C1 controls.
 */
static void print_name(const char *name)
{
	const unsigned char *p;

	for (p = (const unsigned char *)name; *p; p++) {
		if (*p < 0x20 || *p == 0x7f) {
			printf("\\x%02x", *p);
		} else if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) {
			printf("\\xc2\\x%02x", p[1]);
			p++;
		} else {
			putchar(*p);
		}
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct section_entry *)a)->name,
		      ((const struct section_entry *)b)->name);
}

static const char *kind(uint32_t attributes)
{
	if (attributes & SECTION_ATTR_IMAGE)
		return "image";
	return attributes & SECTION_ATTR_FILE ? "file" : "anon";
}

static int list(bool global)
{
	struct section_entry *entries;
	size_t count, i;

	entries = section_list(global, &count);
	if (!entries)
		return failed(SECTION_OP_LIST);
	qsort(entries, count, sizeof(*entries), by_name);
	for (i = 0; i < count; i++) {
		const struct section_info *s = &entries[i].info;

		printf("%-6s ", s->attributes & SECTION_ATTR_GLOBAL ?
		       "global" : "local");
		print_mode(s->mode);
		printf(" %6u %6u %12" PRIu64 " %-5s %7u %5u ", s->uid, s->gid,
		       s->bytes, kind(s->attributes), s->handles, s->views);
		if (s->creator)
			printf("%7d ", s->creator);
		else
			printf("%7s ", "-");
		print_name(entries[i].name);
		putchar('\n');
	}
	section_list_free(entries);
	return 0;
}

int main(int argc, char **argv)
{
	bool local = true, global = false;
	int option, ret = 0;

	if (argc < 2)
		return usage(stderr);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return usage(stdout);
	if (!strcmp(argv[1], "version") && argc == 2)
		return version();
	if (strcmp(argv[1], "list"))
		return usage(stderr);

	optind = 2;
	while ((option = getopt(argc, argv, "ga")) != -1) {
		if (option == '?')
			return usage(stderr);
		global = true;
		local = option == 'a';
	}
	if (optind < argc)
		return usage(stderr);

	printf("%-6s %-9s %6s %6s %12s %-5s %7s %5s %7s %s\n", "SCOPE", "MODE",
	       "UID", "GID", "BYTES", "KIND", "HANDLES", "VIEWS", "CREATOR",
	       "NAME");
	if (local)
		ret |= list(false);
	if (global)
		ret |= list(true);
	return ret;
}
