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
 * @seed: where to begin to look for a base, constant
 * @sections: how many sections he owns, protected by section_users_lock; the
 *	object goes when it falls to zero
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

/* Count one more section of @user, of which the caller holds the lock. */
static struct section_user *section_user_add(struct section_user *user)
{
	lockdep_assert_held(&section_users_lock);
	if (user->sections >= READ_ONCE(max_user_sections))
		return ERR_PTR(-EDQUOT);
	user->sections++;
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
	struct section_user *fresh = NULL;
	struct section_user *user;

	spin_lock(&section_users_lock);
	user = section_user_find(uid);
	if (!user) {
		spin_unlock(&section_users_lock);
		fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
		if (!fresh)
			return ERR_PTR(-ENOMEM);
		fresh->uid = uid;
		fresh->seed = get_random_u32();
		mt_init_flags(&fresh->bases, MT_FLAGS_ALLOC_RANGE |
			      MT_FLAGS_USE_RCU);
		spin_lock(&section_users_lock);
		user = section_user_find(uid);
	}
	if (user) {
		user = section_user_add(user);
	} else {
		user = section_user_add(fresh);
		if (!IS_ERR(user)) {
			hash_add(section_users, &fresh->node, __kuid_val(uid));
			fresh = NULL;
		}
	}
	spin_unlock(&section_users_lock);
	kfree(fresh);
	return user;
}

/**
 * section_user_uncharge - one section less
 * @user: what section_user_charge() returned
 */
void section_user_uncharge(struct section_user *user)
{
	spin_lock(&section_users_lock);
	if (--user->sections)
		user = NULL;
	else
		hash_del(&user->node);
	spin_unlock(&section_users_lock);
	if (user)
		mtree_destroy(&user->bases);
	kfree(user);
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
 * section_user_seed - a number that is one user's own
 * @user: the user
 *
 * Return: the number.
 */
u32 section_user_seed(const struct section_user *user)
{
	return user->seed;
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
 * section_global_group - who may create global names
 *
 * Return: the group, INVALID_GID if everybody may.
 */
kgid_t section_global_group(void)
{
	return make_kgid(&init_user_ns, READ_ONCE(global_group));
}
