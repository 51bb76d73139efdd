/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SECTION_NAMES_H
#define _SECTION_NAMES_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct net;
struct rhashtable_iter;
struct section;

/**
 * struct section_key - where a name is and what it is
 * @uid: whose scope, INVALID_UID for the global one
 * @len: length of the name
 * @name: the name
 */
struct section_key {
	kuid_t uid;
	unsigned int len;
	const char *name;
};

int section_name_check(const char *name, unsigned int len);

struct section *section_name_open(struct net *net,
				  const struct section_key *key);
struct section *section_name_open_wait(struct net *net,
				       const struct section_key *key);
int section_name_claim(struct net *net, struct section *section);
void section_name_publish(struct section *section);
void section_name_drop(struct section *section);

void section_handle_put(struct section *section, unsigned int files);

unsigned int section_names_count(struct net *net);
void section_names_walk_enter(struct net *net, struct rhashtable_iter *iter);
struct section *section_names_walk_next(struct rhashtable_iter *iter);

int section_names_init(void);
void section_names_exit(void);

#endif /* _SECTION_NAMES_H */
