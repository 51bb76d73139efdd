// SPDX-License-Identifier: GPL-2.0-only
/*
 * Creating sections, and opening them by name.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/nsproxy.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

#include "backing.h"
#include "compat.h"
#include "create.h"
#include "handle.h"
#include "ioctl.h"
#include "limits.h"
#include "names.h"
#include "section.h"
#include "trace.h"

/* Names that are copied without an allocation. */
#define SECTION_SHORT_NAME	64

/**
 * struct section_request - a request by name, checked
 * @net: network namespace of the name; the caller's own or @foreign
 * @foreign: another one; owned
 * @key: the name; @key.name is @short_name, or owned if it is longer; NULL for none
 * @rights: SECTION_RIGHT_* or SECTION_RIGHTS_MAXIMUM
 * @owner: who must own an existing section, INVALID_UID for anybody
 * @inherit: keep the descriptor open over execve(2)
 * @short_name: a name that fits
 */
struct section_request {
	struct net *net;
	struct net *foreign;
	struct section_key key;
	u32 rights;
	kuid_t owner;
	bool inherit;
	char short_name[SECTION_SHORT_NAME];
};

/**
 * section_net_get - the network namespace that names belong to
 * @scope_fd: a descriptor of one, -1 for the caller's
 *
 * Return: the namespace with a reference, or an error pointer.
 */
struct net *section_net_get(int scope_fd)
{
	if (scope_fd == -1)
		return get_net(current->nsproxy->net_ns);
	return get_net_ns_by_fd(scope_fd);
}

static bool section_rights_valid(u32 rights)
{
	return rights == SECTION_RIGHTS_MAXIMUM ||
	       !(rights & ~SECTION_RIGHTS_ALL);
}

/*
 * Copy a name, word by word, for a third of what copy_from_user() costs for a few
 * words.  The last word may overlap the one before: nothing was looked at yet.
 */
static int section_name_get(char *to, const char __user *from, unsigned int len)
{
	unsigned long word;
	const unsigned int step = sizeof(word);
	unsigned int at;

	if (len < step)
		return copy_from_user(to, from, len) ? -EFAULT : 0;
	if (!user_access_begin(from, len))
		return -EFAULT;
	for (at = 0; at < len; at += step) {
		at = min(at, len - step);
		unsafe_get_user(word, (const unsigned long __user *)(from + at),
				fault);
		memcpy(to + at, &word, step);
	}
	user_access_end();
	return 0;

fault:
	user_access_end();
	return -EFAULT;
}

static int section_request_name(struct section_request *request, u64 name,
				u32 len)
{
	char *copy;
	int err;

	if (!name && !len)
		return 0;
	if (!name || !len)
		return -EINVAL;
	if (len > SECTION_NAME_MAX)
		return -ENAMETOOLONG;
	if (len <= sizeof(request->short_name)) {
		copy = request->short_name;
		err = section_name_get(copy, u64_to_user_ptr(name), len);
		if (err)
			return err;
	} else {
		copy = memdup_user(u64_to_user_ptr(name), len);
		if (IS_ERR(copy))
			return PTR_ERR(copy);
	}
	request->key.name = copy;
	request->key.len = len;
	return 0;
}

static void section_request_put(struct section_request *request)
{
	if (request->key.len > sizeof(request->short_name))
		kfree(request->key.name);
	if (request->foreign)
		put_net(request->foreign);
}

/* All of it but @rights and @inherit, which the caller knows. */
static int section_request_init(struct section_request *request, u64 name,
				u32 len, int scope_fd, bool global, u32 owner)
{
	/* What section_request_put() gives back. */
	request->foreign = NULL;
	request->key.name = NULL;
	request->key.len = 0;
	if (!section_rights_valid(request->rights))
		return -EINVAL;
	request->owner = INVALID_UID;
	if (owner != SECTION_ANY_OWNER) {
		request->owner = make_kuid(current_user_ns(), owner);
		if (!uid_valid(request->owner))
			return -EINVAL;
	}
	request->key.uid = global ? INVALID_UID : current_euid();
	if (scope_fd == -1) {
		/* Nobody but the caller can leave it. */
		request->net = current->nsproxy->net_ns;
	} else {
		request->net = section_net_get(scope_fd);
		if (IS_ERR(request->net))
			return PTR_ERR(request->net);
		request->foreign = request->net;
	}
	return section_request_name(request, name, len);
}

static u32 section_rights_of_mode(u32 bits)
{
	u32 rights = 0;

	if (bits & 4)
		rights |= SECTION_RIGHT_QUERY | SECTION_RIGHT_READ;
	if (bits & 2)
		rights |= SECTION_RIGHT_WRITE | SECTION_RIGHT_EXTEND;
	if (bits & 1)
		rights |= SECTION_RIGHT_EXECUTE;
	return rights;
}

/**
 * section_rights_granted - what the caller may do with a section
 * @section: the section
 * @net: network namespace of its name
 * @wanted: what he asks for; a capability is used only if that needs it
 *
 * Return: SECTION_RIGHT_*.
 */
u32 section_rights_granted(const struct section *section, struct net *net,
			   u32 wanted)
{
	u32 all = section_rights_of_prot(section->prot);
	u32 granted;

	if (uid_eq(current_euid(), section->uid))
		granted = section_rights_of_mode(section->mode >> 6);
	else if (in_group_p(section->gid))
		granted = section_rights_of_mode(section->mode >> 3) &
			  ~SECTION_RIGHT_EXTEND;
	else
		granted = section_rights_of_mode(section->mode) &
			  ~SECTION_RIGHT_EXTEND;
	granted &= all;
	if (wanted & all & ~granted &&
	    ns_capable(net->user_ns, CAP_IPC_OWNER))
		granted = all;
	return granted;
}

/* Decide on the rights of a handle to an existing section. */
static int section_open_check(const struct section_request *request,
			      struct section *section, u32 *rights)
{
	bool maximum = request->rights == SECTION_RIGHTS_MAXIMUM;
	u32 wanted = maximum ? SECTION_RIGHTS_ALL : request->rights;
	u32 granted, prot = SECTION_PROT_READ;

	if (uid_valid(request->owner) && !uid_eq(request->owner, section->uid))
		return -EKEYREJECTED;
	granted = section_rights_granted(section, request->net, wanted);
	if (maximum)
		wanted = granted;
	if (wanted & ~granted || !granted)
		return -EACCES;
	*rights = wanted;

	if (!section_is_file(section))
		return 0;
	/* What is written to in an image is not its file. */
	if (wanted & SECTION_RIGHT_WRITE && !section_is_image(section))
		prot |= SECTION_PROT_WRITE;
	if (wanted & SECTION_RIGHT_EXECUTE)
		prot |= SECTION_PROT_EXECUTE;
	return section_file_check_open(section->witness ?: section->backing,
				       prot);
}

/* Takes over the caller's handle count on the section. */
static int section_open_existing(const struct section_request *request,
				 struct section *section,
				 struct section_new_handle *handle)
{
	u32 rights;
	int err;

	err = section_open_check(request, section, &rights);
	if (err) {
		section_handle_put(section, 0);
		return err;
	}
	err = section_handle_prepare(handle, section, rights, false,
				     request->inherit);
	if (!err)
		trace_section_open(section, rights);
	return err;
}

static int section_request_check_name(const struct section_request *request)
{
	if (!request->key.name)
		return 0;
	return section_name_check(request->key.name, request->key.len);
}

/* Tell the caller, if he knows of it, how large the section is. */
static int section_open_report(const struct section *section,
			       const union section_arg *arg, void __user *uarg)
{
	struct section_open __user *open = uarg;

	if (arg->size < offsetofend(struct section_open, bytes))
		return 0;
	return put_user((u64)READ_ONCE(section->bytes), &open->bytes);
}

/* Takes over the caller's handle count on the section. */
static int section_open_found(const struct section_request *request,
			      struct section *section,
			      const union section_arg *arg, void __user *uarg,
			      struct section_new_handle *handle)
{
	int err;

	err = section_open_existing(request, section, handle);
	if (err)
		return err;
	err = section_open_report(section, arg, uarg);
	if (err)
		section_handle_abandon(handle);
	return err;
}

static int section_open_request(const struct section_request *request,
				const union section_arg *arg,
				void __user *uarg,
				struct section_new_handle *handle)
{
	struct section *section;

	section = section_name_open(request->net, &request->key);
	if (!IS_ERR(section))
		return section_open_found(request, section, arg, uarg, handle);
	/*
	 * One that is not complete yet does not exist yet; and what could not
	 * exist is only asked when nothing was found.
	 */
	return section_request_check_name(request) ?: -ENOENT;
}

/**
 * section_open - SECTION_IOC_OPEN
 * @file: /dev/section
 * @arg: the argument
 * @uarg: where it came from
 *
 * Return: a descriptor, or a documented error.
 */
long section_open(struct file *file, union section_arg *arg,
		  void __user *uarg)
{
	const struct section_open *open = &arg->open;
	struct section_request request __uninitialized;
	struct section_new_handle handle;
	int err;

	if (open->flags & ~(SECTION_OPEN_GLOBAL | SECTION_OPEN_INHERIT) ||
	    !open->name)
		return -EINVAL;
	request.rights = open->rights;
	request.inherit = open->flags & SECTION_OPEN_INHERIT;
	err = section_request_init(&request, open->name, open->name_len,
				   open->scope_fd,
				   open->flags & SECTION_OPEN_GLOBAL,
				   open->owner);
	if (!err)
		err = section_open_request(&request, arg, uarg, &handle);
	section_request_put(&request);
	return err ?: section_handle_install(&handle);
}

/* May the caller create names that all users share? */
static int section_global_check(const struct net *net)
{
	kgid_t group = section_global_group();

	if (!gid_valid(group) || in_group_p(group) ||
	    ns_capable(net->user_ns, CAP_IPC_OWNER))
		return 0;
	return -EPERM;
}

static int section_spec_gid(struct section_spec *spec, u32 gid)
{
	if (gid == SECTION_CALLER_GROUP) {
		spec->gid = current_egid();
		return 0;
	}
	spec->gid = make_kgid(current_user_ns(), gid);
	if (!gid_valid(spec->gid))
		return -EINVAL;
	if (!in_group_p(spec->gid) && !ns_capable(current_user_ns(), CAP_SETGID))
		return -EPERM;
	return 0;
}

/* Which ways of having memory go together. */
static int section_create_check_memory(const struct section_create *create)
{
	u32 reserve = create->flags & SECTION_CREATE_RESERVE;
	u32 large = create->flags & (SECTION_CREATE_LARGE |
				     SECTION_CREATE_LARGE_ONLY);
	u32 populate = create->flags & SECTION_CREATE_POPULATE;

	if (reserve && (large || populate))
		return -EINVAL;
	if (create->flags & SECTION_CREATE_IMAGE &&
	    (create->file_fd == -1 || populate))
		return -EINVAL;
	if (create->file_fd != -1 && (reserve || large))
		return -EINVAL;
	/* A file that cannot be written cannot be given space. */
	if (create->file_fd != -1 && populate &&
	    !(create->prot & SECTION_PROT_WRITE))
		return -EINVAL;
	return 0;
}

static int section_create_check(const struct section_create *create)
{
	if (create->flags & ~(SECTION_CREATE_OPEN_EXISTING |
			      SECTION_CREATE_GLOBAL | SECTION_CREATE_INHERIT |
			      SECTION_CREATE_RESERVE | SECTION_CREATE_BASED |
			      SECTION_CREATE_LARGE | SECTION_CREATE_LARGE_ONLY |
			      SECTION_CREATE_POPULATE | SECTION_CREATE_IMAGE))
		return -EINVAL;
	if (!create->name && create->flags & (SECTION_CREATE_OPEN_EXISTING |
					      SECTION_CREATE_GLOBAL))
		return -EINVAL;
	if (!(create->prot & SECTION_PROT_READ) ||
	    create->prot & ~(SECTION_PROT_READ | SECTION_PROT_WRITE |
			     SECTION_PROT_EXECUTE))
		return -EINVAL;
	if (create->mode & ~0777 || create->reserved)
		return -EINVAL;
	if (create->base && (!(create->flags & SECTION_CREATE_BASED) ||
			     !PAGE_ALIGNED(create->base)))
		return -EINVAL;
	return section_create_check_memory(create);
}

static u32 section_spec_attributes(const struct section_create *create,
				   const struct section_spec *spec)
{
	u32 flags = create->flags;

	return (spec->file ? SECTION_ATTR_FILE : 0) |
	       (spec->name ? SECTION_ATTR_NAMED : 0) |
	       (flags & SECTION_CREATE_GLOBAL ? SECTION_ATTR_GLOBAL : 0) |
	       (flags & SECTION_CREATE_RESERVE ? SECTION_ATTR_RESERVE : 0) |
	       (flags & SECTION_CREATE_BASED ? SECTION_ATTR_BASED : 0) |
	       (flags & SECTION_CREATE_IMAGE ? SECTION_ATTR_IMAGE : 0) |
	       (flags & SECTION_CREATE_LARGE ? SECTION_ATTR_LARGE : 0) |
	       (flags & SECTION_CREATE_LARGE_ONLY ?
		SECTION_ATTR_LARGE | SECTION_ATTR_LARGE_ALL : 0);
}

static int section_spec_init(struct section_spec *spec,
			     const struct section_create *create,
			     const struct section_request *request)
{
	bool global = create->flags & SECTION_CREATE_GLOBAL;
	u32 all = section_rights_of_prot(create->prot);
	int err;

	if (request->rights != SECTION_RIGHTS_MAXIMUM && request->rights & ~all)
		return -EACCES;
	err = section_spec_gid(spec, create->gid);
	if (!err && global)
		err = section_global_check(request->net);
	if (err)
		return err;
	spec->name = request->key.name;
	spec->name_len = request->key.len;
	spec->key_uid = request->key.uid;
	spec->bytes = create->bytes;
	spec->prot = create->prot;
	spec->mode = create->mode;
	spec->attributes = section_spec_attributes(create, spec);
	spec->based = create->flags & SECTION_CREATE_BASED;
	spec->base = create->base;
	spec->populate = create->flags & SECTION_CREATE_POPULATE;
	spec->net = request->net->net_cookie;
	return 0;
}

/* Tell the caller, if he asked, whether the section had existed. */
static int section_create_report(union section_arg *arg, bool existed,
				 void __user *uarg)
{
	struct section_create __user *create = uarg;

	if (!(arg->create.flags & SECTION_CREATE_OPEN_EXISTING))
		return 0;
	return put_user((u32)existed, &create->existed);
}

/* Where the report goes can be written to: to be known before a file grows. */
static int section_create_probe(const union section_arg *arg, void __user *uarg)
{
	struct section_create __user *create = uarg;

	if (!(arg->create.flags & SECTION_CREATE_OPEN_EXISTING))
		return 0;
	return fault_in_safe_writeable((char __user *)&create->existed,
				       sizeof(create->existed)) ? -EFAULT : 0;
}

/*
 * Make the section and everything else that the call needs.  The name is
 * claimed before the file grows, so that a call that fails with -EEXIST leaves
 * the file as it was; and it is published when nothing can fail any more.
 *
 * @taken tells -EEXIST of the name from any that a file system may give.
 */
static int section_create_new(const struct section_spec *spec,
			      const struct section_request *request,
			      union section_arg *arg, void __user *uarg,
			      struct section_new_handle *handle, bool *taken)
{
	struct section *section = section_new(spec);
	u32 rights = request->rights;
	int err;

	*taken = false;
	if (IS_ERR(section))
		return PTR_ERR(section);
	if (rights == SECTION_RIGHTS_MAXIMUM)
		rights = section_rights_of_prot(spec->prot);
	err = section_handle_prepare(handle, section, rights, false,
				     request->inherit);
	if (err)
		return err;
	if (spec->name) {
		err = section_name_claim(request->net, section);
		*taken = err == -EEXIST;
	}
	if (!err)
		err = section_create_probe(arg, uarg);
	if (!err)
		err = section_grow_backing(section, spec->populate);
	if (!err)
		err = section_create_report(arg, false, uarg);
	if (err) {
		section_name_drop(section);
		section_handle_abandon(handle);
		return err;
	}
	trace_section_create(section);
	if (spec->name)
		section_name_publish(section);
	return 0;
}

/* Takes over the caller's handle count on the section. */
static int section_create_existing(const struct section_request *request,
				   struct section *section,
				   union section_arg *arg, void __user *uarg,
				   struct section_new_handle *handle)
{
	int err;

	err = section_open_existing(request, section, handle);
	if (err)
		return err;
	err = section_create_report(arg, true, uarg);
	if (err)
		section_handle_abandon(handle);
	return err;
}

/* Open the section, or create it; whichever the others leave us to do. */
static int section_create_or_open(struct section_spec *spec,
				  const struct section_request *request,
				  union section_arg *arg, void __user *uarg,
				  struct section_new_handle *handle)
{
	bool existing = arg->create.flags & SECTION_CREATE_OPEN_EXISTING;
	bool taken;
	int err;

	do {
		struct section *section = ERR_PTR(-ENOENT);

		if (existing)
			section = section_name_open_wait(request->net,
							 &request->key);
		if (!IS_ERR(section))
			return section_create_existing(request, section, arg,
						       uarg, handle);
		if (section != ERR_PTR(-ENOENT))
			return PTR_ERR(section);
		err = section_spec_init(spec, &arg->create, request);
		if (err)
			return err;
		err = section_create_new(spec, request, arg, uarg, handle,
					 &taken);
	} while (existing && taken && !signal_pending(current));
	return existing && taken ? -ERESTARTSYS : err;
}

/**
 * section_create - SECTION_IOC_CREATE
 * @file: /dev/section
 * @arg: the argument
 * @uarg: where it came from
 *
 * Return: a descriptor, or a documented error.
 */
long section_create(struct file *file, union section_arg *arg,
		    void __user *uarg)
{
	const struct section_create *create = &arg->create;
	struct section_request request __uninitialized;
	struct section_spec spec = {};
	struct section_new_handle handle;
	int err;

	err = section_create_check(create);
	if (err)
		return err;
	if (create->file_fd != -1) {
		spec.file = fget(create->file_fd);
		if (!spec.file)
			return -EBADF;
	}
	request.rights = create->rights;
	request.inherit = create->flags & SECTION_CREATE_INHERIT;
	err = section_request_init(&request, create->name, create->name_len,
				   create->scope_fd,
				   create->flags & SECTION_CREATE_GLOBAL,
				   create->owner);
	if (!err)
		err = section_request_check_name(&request);
	if (!err)
		err = section_create_or_open(&spec, &request, arg, uarg,
					     &handle);
	section_request_put(&request);
	if (spec.file)
		fput(spec.file);
	return err ?: section_handle_install(&handle);
}
