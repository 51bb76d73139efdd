// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names.
 *
 * Each network namespace has one table, its scope.  Entries are weak: they own
 * no reference, and finding one either takes a live reference, by raising the
 * count of handles from not zero, or finds nothing.  Whoever drops the last
 * handle removes the entry; a creator who meets an entry without handles does
 * not wait for that, but removes it himself.
 *
 * A creator claims the name first, then does what may still fail (growing a
 * file, writing to the caller's memory), then publishes.  Until then the name
 * does not exist for those who open it, exists for those who want to create it
 * exclusively, and those who want either wait, for a while, to see what becomes
 * of it.
 *
 * The scope outlives its namespace while sections with names in it live, but
 * is reachable only through the namespace; and as tables are not shared, a new
 * namespace cannot meet the names of a dead one.
 */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/jhash.h>
#include <linux/module.h>
#include <linux/nls.h>
#include <linux/random.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <asm/word-at-a-time.h>

#include "limits.h"
#include "names.h"
#include "section.h"

/**
 * struct section_scope - names of a network namespace
 * @refs: one of the namespace, one of each section that has claimed a name and
 *	still has a handle
 * @names: how many entries the table has
 * @table: sections by name; protected by its own locks, read under RCU
 */
struct section_scope {
	refcount_t refs;
	atomic_t names;
	struct rhashtable table;
};

/* What each network namespace has of ours. */
struct section_net {
	struct section_scope *scope;
};

static unsigned int section_net_id;

/* How long to wait for somebody who is just creating a section. */
#define SECTION_CREATOR_PATIENCE	(5 * HZ)

/* Woken when a claimed name is published or dropped. */
static DECLARE_WAIT_QUEUE_HEAD(section_names_wait);

/* Somebody's name was published or dropped; waiters are rare. */
static void section_names_wake(void)
{
	if (wq_has_sleeper(&section_names_wait))
		wake_up_all(&section_names_wait);
}

static struct section_scope *section_scope_of(struct net *net)
{
	struct section_net *section_net = net_generic(net, section_net_id);

	return section_net->scope;
}

/* May sleep if this was the last reference. */
static void section_scope_put(struct section_scope *scope)
{
	if (!refcount_dec_and_test(&scope->refs))
		return;
	rhashtable_destroy(&scope->table);
	kfree(scope);
}

/*
 * The tables' own seeds are not used: an entry keeps its hash, so that it is
 * computed once.  That it cannot be guessed is the doing of a seed of ours.
 */
static u32 section_names_seed __ro_after_init;

static u32 section_key_hash(const void *data, u32 len, u32 seed)
{
	const struct section_key *key = data;

	return jhash(key->name, key->len,
		     section_names_seed ^ __kuid_val(key->uid));
}

static u32 section_obj_hash(const void *obj, u32 len, u32 seed)
{
	const struct section *section = obj;

	return section->name_hash;
}

/* Also computes the hash of a section that is to get into the table. */
static struct section_key section_key_of(struct section *section)
{
	struct section_key key = {
		.uid = section->key_uid,
		.len = section->name_len,
		.name = section_name(section),
	};

	section->name_hash = section_key_hash(&key, 0, 0);
	return key;
}

/* Word by word; the last may overlap the one before. */
static bool section_names_differ(const char *name, const char *other,
				 unsigned int len)
{
	unsigned long word, other_word;
	const unsigned int step = sizeof(word);
	unsigned int at;

	if (len < step)
		return memcmp(name, other, len);
	for (at = 0; at < len; at += step) {
		at = min(at, len - step);
		memcpy(&word, name + at, step);
		memcpy(&other_word, other + at, step);
		if (word != other_word)
			return true;
	}
	return false;
}

static int section_obj_cmp(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct section_key *key = arg->key;
	const struct section *section = obj;

	return !uid_eq(key->uid, section->key_uid) ||
	       key->len != section->name_len ||
	       section_names_differ(key->name, section_name(section), key->len);
}

static const struct rhashtable_params section_table_params = {
	.head_offset = offsetof(struct section, node),
	.hashfn = section_key_hash,
	.obj_hashfn = section_obj_hash,
	.obj_cmpfn = section_obj_cmp,
	.automatic_shrinking = true,
};

/*
 * May a word at @at be more than ASCII, or have in it what no name has?  One less
 * than a byte of ASCII has the highest bit if the byte was zero.  (So may the
 * bytes after it; then there was one all the same.)
 */
static __always_inline bool section_name_word_special(const char *at)
{
	const unsigned long ones = REPEAT_BYTE(1);
	unsigned long word;

	memcpy(&word, at, sizeof(word));
	return (word | (word - ones) | ((word ^ REPEAT_BYTE('/')) - ones) |
		((word ^ REPEAT_BYTE('\\')) - ones)) & REPEAT_BYTE(0x80);
}

/* Does a name need no closer look? */
static bool section_name_plain(const char *name, unsigned int len)
{
	const unsigned int step = sizeof(unsigned long);
	unsigned int at;

	if (len < step)
		return false;
	for (at = 0; at < len - step; at += step)
		if (section_name_word_special(name + at))
			return false;
	/* The last of them once more, as long as a word. */
	return !section_name_word_special(name + len - step);
}

/* How long the first character is; what may not be in a name is 0 or less. */
static int section_name_step(const char *name, unsigned int len)
{
	unicode_t ignored;

	if (!*name || *name == '/' || *name == '\\')
		return 0;
	return isascii(*name) ? 1 : utf8_to_utf32((const u8 *)name, len,
						  &ignored);
}

/**
 * section_name_check - is this a name?
 * @name: bytes
 * @len: how many
 *
 * Return: 0; -EINVAL if it is empty, is not UTF-8, or has NUL, a slash or a
 * backslash in it; -ENAMETOOLONG.
 */
int section_name_check(const char *name, unsigned int len)
{
	unsigned int at;
	int step;

	if (!len)
		return -EINVAL;
	if (len > SECTION_NAME_MAX)
		return -ENAMETOOLONG;
	if (section_name_plain(name, len))
		return 0;
	for (at = 0; at < len; at += step) {
		step = section_name_step(name + at, len - at);
		if (step < 1)
			return -EINVAL;
	}
	return 0;
}

static bool section_is_published(const struct section *section)
{
	/* Pairs with section_name_publish(). */
	return smp_load_acquire(&section->published);
}

/* Take an entry out.  Any number of callers may try; one does it. */
static void section_entry_remove(struct section_scope *scope,
				 struct section *section)
{
	if (!rhashtable_remove_fast(&scope->table, &section->node,
				    section_table_params))
		atomic_dec(&scope->names);
}

/**
 * section_name_open - find a section by name
 * @net: a network namespace that the caller has a reference on
 * @key: the name
 *
 * Return: the section with one more handle counted, to be given back with
 * section_handle_put(); -ENOENT if there is none; -EBUSY if somebody is just
 * creating it.
 */
struct section *section_name_open(struct net *net,
				  const struct section_key *key)
{
	struct section_scope *scope = section_scope_of(net);
	struct section *section;

	rcu_read_lock();
	section = rhashtable_lookup(&scope->table, key, section_table_params);
	if (!section)
		section = ERR_PTR(-ENOENT);
	else if (!section_is_published(section))
		section = ERR_PTR(-EBUSY);
	else if (!refcount_inc_not_zero(&section->handles))
		section = ERR_PTR(-ENOENT);
	rcu_read_unlock();
	return section;
}

static bool section_name_try(struct net *net, const struct section_key *key,
			     struct section **section)
{
	*section = section_name_open(net, key);
	return *section != ERR_PTR(-EBUSY);
}

/**
 * section_name_open_wait - find a section by name, or one being created
 * @net: a network namespace that the caller has a reference on
 * @key: the name
 *
 * The wait is bounded, because the creator may be somebody else, who may have
 * arranged for never being done.
 *
 * Return: as section_name_open(), but waits a while before -EBUSY, and may be
 * interrupted with -ERESTARTSYS.
 */
struct section *section_name_open_wait(struct net *net,
				       const struct section_key *key)
{
	struct section *section = ERR_PTR(-EBUSY);
	long left;

	left = wait_event_interruptible_timeout(section_names_wait,
				section_name_try(net, key, &section),
				SECTION_CREATOR_PATIENCE);
	return left < 0 ? ERR_PTR(left) : section;
}

/*
 * One attempt to enter a section into the table.  Return: 0; -EEXIST if the
 * name is in use; -EAGAIN if it was, but is no more; -ENOMEM.
 */
static int section_entry_add(struct section_scope *scope,
			     struct section *section)
{
	struct section_key key = section_key_of(section);
	struct section *other;
	int err = 0;

	rcu_read_lock();
	other = rhashtable_lookup_get_insert_key(&scope->table, &key,
						 &section->node,
						 section_table_params);
	if (IS_ERR(other)) {
		err = -ENOMEM;
	} else if (other && refcount_read(&other->handles)) {
		err = -EEXIST;
	} else if (other) {
		section_entry_remove(scope, other);
		err = -EAGAIN;
	}
	rcu_read_unlock();
	return err;
}

/**
 * section_name_publish - from now on a claimed name can be opened
 * @section: the section, complete
 */
void section_name_publish(struct section *section)
{
	/* Whoever sees it published sees a complete section. */
	smp_store_release(&section->published, true);
	section_names_wake();
}

/**
 * section_name_drop - from now on the name is free
 * @section: a section that has claimed a name or has none
 */
void section_name_drop(struct section *section)
{
	if (!section->scope)
		return;
	section_entry_remove(section->scope, section);
	section_names_wake();
}

/**
 * section_name_claim - take the name of a new section
 * @net: a network namespace that the caller has a reference on
 * @section: the section
 *
 * Afterwards either section_name_publish() or section_name_drop() follows.
 *
 * Return: 0; -EEXIST, -EDQUOT, -ENOMEM.
 */
int section_name_claim(struct net *net, struct section *section)
{
	struct section_scope *scope = section_scope_of(net);
	int err;

	do {
		err = section_entry_add(scope, section);
	} while (err == -EAGAIN);
	if (err)
		return err;
	refcount_inc(&scope->refs);
	section->scope = scope;
	if (atomic_inc_return(&scope->names) > section_max_names()) {
		section_name_drop(section);
		return -EDQUOT;
	}
	return 0;
}

/* After this nobody looks for the section in its scope any more. */
static void section_scope_leave(struct section *section)
{
	section_name_drop(section);
	if (section->scope)
		section_scope_put(section->scope);
}

/**
 * section_handle_put - one handle less
 * @section: the section; gone if that was the last
 * @files: 1 if a file of it is just being closed, 0 if there was none
 */
void section_handle_put(struct section *section, unsigned int files)
{
	if (!refcount_dec_and_test(&section->handles))
		return;
	section_scope_leave(section);
	section_put_by(section, files);
}

/**
 * section_names_count - how many names a namespace has
 * @net: the namespace
 *
 * Return: the number at some moment.
 */
unsigned int section_names_count(struct net *net)
{
	return atomic_read(&section_scope_of(net)->names);
}

/**
 * section_names_walk_enter - start to walk over all names of a namespace
 * @net: a network namespace that the caller has a reference on
 * @iter: state of the walk; the caller then uses rhashtable_walk_start() and
 *	its relatives, and section_names_walk_next() between them
 */
void section_names_walk_enter(struct net *net, struct rhashtable_iter *iter)
{
	rhashtable_walk_enter(&section_scope_of(net)->table, iter);
}

/**
 * section_names_walk_next - the next section with a published name
 * @iter: state of the walk
 *
 * Return: a section, valid until rhashtable_walk_stop(); NULL at the end;
 * -EAGAIN if the table was resized and the walk must start again.
 */
struct section *section_names_walk_next(struct rhashtable_iter *iter)
{
	struct section *section;

	do {
		section = rhashtable_walk_next(iter);
	} while (!IS_ERR_OR_NULL(section) &&
		 (!section_is_published(section) ||
		  !refcount_read(&section->handles)));
	return section;
}

static int __net_init section_net_init(struct net *net)
{
	struct section_net *section_net = net_generic(net, section_net_id);
	struct section_scope *scope;
	int err;

	scope = kzalloc(sizeof(*scope), GFP_KERNEL_ACCOUNT);
	if (!scope)
		return -ENOMEM;
	err = rhashtable_init(&scope->table, &section_table_params);
	if (err) {
		kfree(scope);
		return err;
	}
	refcount_set(&scope->refs, 1);
	section_net->scope = scope;
	return 0;
}

static void __net_exit section_net_exit(struct net *net)
{
	section_scope_put(section_scope_of(net));
}

static struct pernet_operations section_net_ops = {
	.init = section_net_init,
	.exit = section_net_exit,
	.id = &section_net_id,
	.size = sizeof(struct section_net),
};

int __init section_names_init(void)
{
	section_names_seed = get_random_u32();
	return register_pernet_subsys(&section_net_ops);
}

void section_names_exit(void)
{
	unregister_pernet_subsys(&section_net_ops);
}
