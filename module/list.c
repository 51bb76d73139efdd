// SPDX-License-Identifier: GPL-2.0-only
/*
 * Listing the names that the caller may see.
 *
 * The table is walked under RCU into a buffer of the kernel's, with a rest now
 * and then, during which nothing is held.  If the entry at which the walk rested
 * has gone meanwhile, its place is lost, and the walk starts again, so that it
 * meets nothing twice; after a few such starts it does without rests.  Who is
 * killed does not finish it.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/rhashtable.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

#include "create.h"
#include "ioctl.h"
#include "list.h"
#include "names.h"
#include "section.h"

/* No list is longer than this, whatever room the caller has. */
#define SECTION_LIST_BUFFER_MAX	(64UL << 20)

/* Entries between two rests. */
#define SECTION_LIST_BATCH	256

/* Starts after which a walk does not rest any more. */
#define SECTION_LIST_RESTING_STARTS	4

/**
 * struct section_lister - a list in the making
 * @net: network namespace of the names
 * @global: whether the global scope is listed
 * @all: whether the caller sees everybody's names
 * @starts: how many walks were started
 * @buffer: records so far
 * @room: size of @buffer
 * @used: how much of it is full
 * @count: how many records that is
 * @needed: room that all records take
 */
struct section_lister {
	struct net *net;
	bool global;
	bool all;
	unsigned int starts;
	u8 *buffer;
	size_t room;
	size_t used;
	u64 count;
	u64 needed;
};

static bool section_list_visible(const struct section_lister *lister,
				 const struct section *section)
{
	if (lister->global != !uid_valid(section->key_uid))
		return false;
	if (lister->all)
		return true;
	if (!lister->global)
		return uid_eq(section->key_uid, current_euid());
	/* Nothing wanted: no capability is tried, @all has been. */
	return section_rights_granted(section, lister->net, 0) &
	       SECTION_RIGHT_QUERY;
}

static size_t section_list_entry_len(const struct section *section)
{
	return ALIGN(sizeof(struct section_list_entry) + section->name_len, 8);
}

static void section_list_fill(struct section_list_entry *entry, size_t len,
			      const struct section *section)
{
	memset(entry, 0, len);
	entry->entry_len = len;
	entry->name_len = section->name_len;
	entry->bytes = READ_ONCE(section->bytes);
	entry->id = section->id;
	entry->prot = section->prot;
	entry->attributes = section->attributes;
	entry->mode = section->mode;
	entry->uid = from_kuid_munged(current_user_ns(), section->uid);
	entry->gid = from_kgid_munged(current_user_ns(), section->gid);
	entry->creator = section_creator_nr(section);
	entry->handles = refcount_read(&section->handles);
	entry->views = atomic_read(&section->views);
	memcpy(entry->name, section_name(section), section->name_len);
}

/* Once something does not fit, nothing more is written. */
static void section_list_add(struct section_lister *lister,
			     const struct section *section)
{
	size_t len = section_list_entry_len(section);

	if (lister->needed == lister->used &&
	    lister->room - lister->used >= len) {
		section_list_fill((void *)(lister->buffer + lister->used), len,
				  section);
		lister->used += len;
		lister->count++;
	}
	lister->needed += len;
}

/* Return: -EAGAIN if the walk has lost its place. */
static int section_list_rest(struct rhashtable_iter *iter)
	__must_hold(RCU)
{
	int err;

	rhashtable_walk_stop(iter);
	cond_resched();
	err = rhashtable_walk_start_check(iter);
	/* The walk looks for the entry again, and forgets it if it is gone. */
	if (!err && !iter->p)
		err = -EAGAIN;
	return err;
}

static int section_list_entries(struct section_lister *lister,
				struct rhashtable_iter *iter)
{
	bool rests = lister->starts <= SECTION_LIST_RESTING_STARTS;
	struct section *section;
	unsigned int n = 0;
	int err = 0;

	while (!err && !IS_ERR_OR_NULL(section = section_names_walk_next(iter))) {
		if (section_list_visible(lister, section))
			section_list_add(lister, section);
		if (++n % SECTION_LIST_BATCH)
			continue;
		if (fatal_signal_pending(current))
			err = -EINTR;
		else if (rests)
			err = section_list_rest(iter);
	}
	return err ?: PTR_ERR_OR_ZERO(section);
}

/* One walk.  Return: -EAGAIN if there must be another. */
static int section_list_walk(struct section_lister *lister)
{
	struct rhashtable_iter iter;
	int err;

	lister->used = 0;
	lister->count = 0;
	lister->needed = 0;
	lister->starts++;
	section_names_walk_enter(lister->net, &iter);
	rhashtable_walk_start(&iter);
	err = section_list_entries(lister, &iter);
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
	return err;
}

static int section_list_collect(struct section_lister *lister)
{
	int err;

	do {
		err = section_list_walk(lister);
		if (err == -EAGAIN && signal_pending(current))
			return -ERESTARTSYS;
		cond_resched();
	} while (err == -EAGAIN);
	return err;
}

/* No more room than all names together could fill. */
static size_t section_list_room(const struct section_lister *lister, u64 asked)
{
	size_t most = sizeof(struct section_list_entry) + SECTION_NAME_MAX + 1;
	u64 room = (u64)section_names_count(lister->net) * most;

	return min3(room, asked, (u64)SECTION_LIST_BUFFER_MAX);
}

static int section_list_run(struct section_lister *lister,
			    union section_arg *arg, void __user *uarg)
{
	struct section_list *list = &arg->list;
	int err;

	lister->room = section_list_room(lister, list->buffer_len);
	if (lister->room) {
		lister->buffer = kvmalloc(lister->room, GFP_KERNEL_ACCOUNT);
		if (!lister->buffer)
			return -ENOMEM;
	}
	err = section_list_collect(lister);
	if (err)
		return err;
	if (copy_to_user(u64_to_user_ptr(list->buffer), lister->buffer,
			 lister->used))
		return -EFAULT;
	list->buffer_len = lister->used;
	list->count = lister->count;
	list->needed = lister->needed;
	return section_arg_copy_out(uarg, arg, sizeof(*list));
}

/**
 * section_list - SECTION_IOC_LIST
 * @file: /dev/section
 * @arg: the argument
 * @uarg: where it came from
 *
 * Return: 0, or a documented error.
 */
long section_list(struct file *file, union section_arg *arg,
		  void __user *uarg)
{
	const struct section_list *list = &arg->list;
	struct section_lister lister = {
		.global = list->flags & SECTION_LIST_GLOBAL,
	};
	int err;

	if (list->flags & ~SECTION_LIST_GLOBAL || list->reserved ||
	    (!list->buffer && list->buffer_len))
		return -EINVAL;
	lister.net = section_net_get(list->scope_fd);
	if (IS_ERR(lister.net))
		return PTR_ERR(lister.net);
	lister.all = ns_capable_noaudit(lister.net->user_ns, CAP_IPC_OWNER);
	err = section_list_run(&lister, arg, uarg);
	kvfree(lister.buffer);
	put_net(lister.net);
	return err;
}
