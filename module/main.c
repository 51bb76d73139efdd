// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/section: the device node, and loading and unloading the module.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/section.h>

#include "backing.h"
#include "base.h"
#include "counters.h"
#include "create.h"
#include "guard.h"
#include "handle.h"
#include "limits.h"
#include "ioctl.h"
#include "list.h"
#include "names.h"
#include "pseudofs.h"
#include "section.h"
#include "view.h"

static const struct section_ioctl section_dev_ioctls[] = {
	SECTION_IOCTL(SECTION_IOC_CREATE, section_create, reserved,
		      section_create),
	SECTION_IOCTL(SECTION_IOC_OPEN, section_open, owner, section_open),
	SECTION_IOCTL(SECTION_IOC_LIST, section_list, needed, section_list),
	SECTION_IOCTL(SECTION_IOC_QUERY_VIEW, section_query_view, reserved,
		      section_view_query),
	SECTION_IOCTL(SECTION_IOC_COMMIT_VIEW, section_commit_view, length,
		      section_view_commit),
};

static long section_dev_ioctl(struct file *file, unsigned int cmd,
			      unsigned long uarg)
{
	if (cmd == SECTION_IOC_VERSION)
		return uarg ? -EINVAL : SECTION_ABI_VERSION;
	return section_ioctl_dispatch(section_dev_ioctls,
				      ARRAY_SIZE(section_dev_ioctls), file, cmd,
				      uarg);
}

static const struct file_operations section_dev_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.unlocked_ioctl = section_dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/* Everybody may create sections; what may be done with each is its own. */
static struct miscdevice section_dev = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "section",
	.fops = &section_dev_fops,
	.mode = 0666,
};

static int __init section_init(void)
{
	int err;

	err = section_objects_init();
	if (err)
		return err;
	err = section_pseudofs_init();
	if (err)
		goto err_objects;
	err = section_guard_init();
	if (err)
		goto err_pseudofs;
	err = section_anon_init();
	if (err)
		goto err_guard;
	err = section_names_init();
	if (err)
		goto err_anon;
	section_base_init();
	section_counters_init();
	err = misc_register(&section_dev);
	if (err)
		goto err_counters;
	return 0;

err_counters:
	section_counters_exit();
	section_base_exit();
	section_names_exit();
err_anon:
	section_anon_exit();
err_guard:
	section_guard_exit();
err_pseudofs:
	section_pseudofs_exit();
err_objects:
	section_objects_exit();
	return err;
}

/* Runs only when no handle, view or section is left. */
static void __exit section_exit(void)
{
	misc_deregister(&section_dev);
	section_counters_exit();
	section_names_exit();
	section_anon_exit();
	section_guard_exit();
	section_pseudofs_exit();
	/*
	 * The last module reference was given back by section_free(): wait for
	 * that callback to return, and for tasks that were preempted on their
	 * last instructions in our code, such as a fault that had slept in the
	 * backing and has just put the section.
	 */
	rcu_barrier();
	section_limits_exit();
	section_base_exit();
	section_objects_exit();
	synchronize_rcu_tasks();
}

module_init(section_init);
module_exit(section_exit);

MODULE_DESCRIPTION("Section objects: named memory with rights and a lifetime");
MODULE_LICENSE("GPL");
