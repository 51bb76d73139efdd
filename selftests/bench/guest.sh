#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the machine that measures: what root has to prepare, then the benchmark as
# an ordinary user.
#
# usage: guest.sh [ARGUMENT...]    of section_bench
set -e
# A hundred thousand sections are two files each.
# shellcheck disable=SC3045 # busybox has it
ulimit -n 200000
echo 1000000 >/proc/sys/fs/file-max
echo 200000 >/sys/module/section/parameters/max_user_sections
# Only for memfd: a section does not ask the administrator for large pages.
echo advise >/sys/kernel/mm/transparent_hugepage/shmem_enabled
# On a loop device: a disk would bring the host's time into the guest.
ext4=
if [ -e /ext4.img ]; then
	mkdir /ext4
	mount -o loop /ext4.img /ext4
	chmod 1777 /ext4
	ext4="-e /ext4"
fi
# The kernel tests its own crypto for a while after boot.  Where instructions are
# counted, time passes at once when nothing runs.
sleep 10
exec su -s /bin/sh alice -c "section_bench $ext4 $*"
