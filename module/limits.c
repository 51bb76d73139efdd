// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a user may have at most, as module parameters that the administrator
 * can change at any time.  A lowered limit takes nothing away from anybody.
 *
 * The counts of the user namespaces (ucounts) would be the natural home of the
 * sections per user, but modules cannot add to them; so there is one small
 * object for each user that has a section.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/maple_tree.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>

#include "limits.h"

static unsigned int max_user_sections = 65536;
module_param(max_user_sections, uint, 0644);
MODULE_PARM_DESC(max_user_sections, "sections that one user may own (default 65536)");

static unsigned int max_names = 1048576;
module_param(max_names, uint, 0644);
MODULE_PARM_DESC(max_names, "names in one network namespace (default 1048576)");

static unsigned int max_commit_ranges = 65536;
module_param(max_commit_ranges, uint, 0644);
MODULE_PARM_DESC(max_commit_ranges, "committed ranges that are not adjacent, in one section (default 65536)");

static unsigned int max_user_commit_ranges = 1048576;
module_param(max_user_commit_ranges, uint, 0644);
MODULE_PARM_DESC(max_user_commit_ranges, "committed ranges in all sections of one user (default 1048576)");

static unsigned long max_image_size = 1UL << 30;
module_param(max_image_size, ulong, 0644);
MODULE_PARM_DESC(max_image_size, "bytes that an executable image may take in memory (default 1 GiB)");

static int global_group = -1;
module_param(global_group, int, 0644);
MODULE_PARM_DESC(global_group, "group that may create global names, -1 for everybody (default -1)");

/**
 * struct section_user - sections of one user
 * @node: in section_users, protected by section_users_lock
 * @uid: the user, constant
 * @bases: where the based sections are that have their base from us, see base.c;
 *	has its own lock
 * @ranges: committed ranges in all of his sections
 * @seed: where to begin to look for a base; another one, by whoever needs it first,
 *	when there is none
 * @sections: how many sections he owns, protected by section_users_lock; while
 *	there are none, the object may go
 */
struct section_user {
	struct hlist_node node;
	kuid_t uid;
	struct maple_tree bases;
	atomic_long_t ranges;
	u32 seed;
	unsigned int sections;
};

static DEFINE_HASHTABLE(section_users, 8);
static DEFINE_SPINLOCK(section_users_lock);

static struct section_user *section_user_find(kuid_t uid)
{
	struct section_user *user;

	lockdep_assert_held(&section_users_lock);
	hash_for_each_possible(section_users, user, node, __kuid_val(uid))
		if (uid_eq(user->uid, uid))
			return user;
	return NULL;
}

/*
 * Users without a section stay for the next one, but no more than one for each
 * bucket: take out those that another user is now about to follow.
 */
static void section_users_collect(kuid_t uid, struct hlist_head *idle)
{
	struct section_user *user;
	struct hlist_node *next;

	lockdep_assert_held(&section_users_lock);
	hash_for_each_possible_safe(section_users, user, next, node,
				    __kuid_val(uid)) {
		if (user->sections)
			continue;
		hash_del(&user->node);
		hlist_add_head(&user->node, idle);
	}
}

static void section_users_free(struct hlist_head *idle)
{
	struct section_user *user;
	struct hlist_node *next;

	hlist_for_each_entry_safe(user, next, idle, node) {
		mtree_destroy(&user->bases);
		kfree(user);
	}
}

/* Count one more section of @user, of which the caller holds the lock. */
static struct section_user *section_user_add(struct section_user *user)
{
	lockdep_assert_held(&section_users_lock);
	if (user->sections >= READ_ONCE(max_user_sections))
		return ERR_PTR(-EDQUOT);
	user->sections++;
	return user;
}

static void section_user_init_bases(struct section_user *user)
{
	mt_init_flags(&user->bases, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU);
}

static struct section_user *section_user_new(kuid_t uid)
{
	struct section_user *user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);

	if (!user)
		return NULL;
	user->uid = uid;
	section_user_init_bases(user);
	return user;
}

/* A user with his first section, unless somebody was faster. */
static struct section_user *section_user_enter(struct section_user *fresh)
{
	HLIST_HEAD(idle);
	struct section_user *user;

	spin_lock(&section_users_lock);
	user = section_user_find(fresh->uid);
	if (user) {
		hlist_add_head(&fresh->node, &idle);
	} else {
		section_users_collect(fresh->uid, &idle);
		hash_add(section_users, &fresh->node, __kuid_val(fresh->uid));
		user = fresh;
	}
	user = section_user_add(user);
	spin_unlock(&section_users_lock);
	section_users_free(&idle);
	return user;
}

/**
 * section_user_charge - count a section against its owner's limit
 * @uid: the owner
 *
 * Return: the user, to be given to section_user_uncharge(); or an error
 * pointer: -EDQUOT at the limit, -ENOMEM.
 */
struct section_user *section_user_charge(kuid_t uid)
{
	struct section_user *user, *fresh;

	spin_lock(&section_users_lock);
	user = section_user_find(uid);
	if (user)
		user = section_user_add(user);
	spin_unlock(&section_users_lock);
	if (user)
		return user;

	fresh = section_user_new(uid);
	return fresh ? section_user_enter(fresh) : ERR_PTR(-ENOMEM);
}

/**
 * section_user_uncharge - one section less
 * @user: what section_user_charge() returned
 */
void section_user_uncharge(struct section_user *user)
{
	spin_lock(&section_users_lock);
	user->sections--;
	/* What could not be given back for want of memory is free now, too. */
	if (!user->sections && !mtree_empty(&user->bases)) {
		mtree_destroy(&user->bases);
		section_user_init_bases(user);
	}
	spin_unlock(&section_users_lock);
}

/**
 * section_user_uncharge_ranges - undo section_user_charge_ranges()
 * @user: the owner
 * @more: what was given to that
 */
void section_user_uncharge_ranges(struct section_user *user, long more)
{
	atomic_long_sub(more, &user->ranges);
}

/**
 * section_user_charge_ranges - count committed ranges against their owner's limit
 * @user: the owner
 * @more: how many more, or less if negative
 *
 * Return: 0, or -EDQUOT at the limit, never for fewer.
 */
int section_user_charge_ranges(struct section_user *user, long more)
{
	if (atomic_long_add_return(more, &user->ranges) <=
	    READ_ONCE(max_user_commit_ranges) || more <= 0)
		return 0;
	section_user_uncharge_ranges(user, more);
	return -EDQUOT;
}

/**
 * section_user_bases - where the based sections of a user are
 * @user: the user
 *
 * Return: the tree of ranges.
 */
struct maple_tree *section_user_bases(struct section_user *user)
{
	return &user->bases;
}

/**
 * section_user_seed - a number that is one user's own, as long as he has bases
 * @user: the user
 *
 * Return: the number.
 */
u32 section_user_seed(struct section_user *user)
{
	if (mtree_empty(&user->bases))
		WRITE_ONCE(user->seed, get_random_u32());
	return READ_ONCE(user->seed);
}

/**
 * section_max_names - limit of names in one network namespace
 *
 * Return: the limit now.
 */
unsigned int section_max_names(void)
{
	return READ_ONCE(max_names);
}

/**
 * section_max_commit_ranges - limit of committed ranges in one section
 *
 * Return: the limit now.
 */
unsigned int section_max_commit_ranges(void)
{
	return READ_ONCE(max_commit_ranges);
}

/**
 * section_max_image_size - limit of an image's length in memory
 *
 * Return: the limit now, in bytes.
 */
unsigned long section_max_image_size(void)
{
	return READ_ONCE(max_image_size);
}

/**
 * section_global_group - who may create global names
 *
 * Return: the group, INVALID_GID if everybody may.
 */
kgid_t section_global_group(void)
{
	return make_kgid(&init_user_ns, READ_ONCE(global_group));
}

/* No section is left. */
void section_limits_exit(void)
{
	HLIST_HEAD(idle);
	struct section_user *user;
	struct hlist_node *next;
	int bucket;

	hash_for_each_safe(section_users, bucket, next, user, node) {
		hash_del(&user->node);
		hlist_add_head(&user->node, &idle);
	}
	section_users_free(&idle);
}
