#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the machine of vm/check-fs.sh: mounts a file system at /mnt/fs, tells the
# tests what to expect of it, and runs a command.
#
# usage: fs-guest.sh FS [NAME=VALUE...] -- COMMAND [ARGUMENT...]
#
# /dev/vdb has the file system, or the one below it; /dev/vdc has a small one, or
# is not there.
fs=$1
shift
while [ "$1" != -- ]; do
	export "${1?}"
	shift
done
shift

die() { echo "fs-guest: $*"; exit 1; }
may() { "$@" || die "$* failed"; }

# overlay_at WHERE DIR: an overlay at WHERE, whose layers are in DIR
overlay_at() {
	mkdir -p "$2/lower" "$2/upper" "$2/work"
	may mount -t overlay -o "lowerdir=$2/lower,upperdir=$2/upper,workdir=$2/work" overlay "$1"
}

# serve_nfs DIR: export DIR to 10.0.0.2 from a network namespace of its own, at
# 10.0.0.1. What rpc.mountd would answer the kernel is written there beforehand:
# who the client is, what he may have, and which directory that is.
serve_nfs() {
	# The kernel calls the other end veth0.
	may ip link add client0 type veth
	may mkfifo /tmp/served /tmp/moved
	# shellcheck disable=SC2016 # the other shell expands it
	DIR=$1 unshare -n -m sh -c '
		echo $$ >/tmp/served
		read -r _ </tmp/moved
		ip link set lo up
		ip addr add 10.0.0.1/24 dev veth0
		ip link set veth0 up
		# This namespace has its own /sys and nfsd.
		mount -t nfsd nfsd /proc/fs/nfsd
		echo 10 >/proc/fs/nfsd/nfsv4leasetime
		echo 10 >/proc/fs/nfsd/nfsv4gracetime
		echo "-2 -3 +4 +4.1 +4.2" >/proc/fs/nfsd/versions
		never=2000000000
		echo "nfsd 10.0.0.2 $never client" >/proc/net/rpc/auth.unix.ip/channel
		# rw, no_root_squash, fsid=0, async is not set, no subtree check
		echo "client $DIR $never $((0x2000 | 0x0400 | 0x20000)) 65534 65534 0" \
			>/proc/net/rpc/nfsd.export/channel
		echo "client 1 \\x00000000 $never $DIR" >/proc/net/rpc/nfsd.fh/channel
		echo "tcp 2049" >/proc/fs/nfsd/portlist
		echo 4 >/proc/fs/nfsd/threads
		echo up >/tmp/served
		exec sleep 100000
	' &
	read -r server </tmp/served
	may ip link set veth0 netns "$server"
	may ip addr add 10.0.0.2/24 dev client0
	may ip link set client0 up
	echo go >/tmp/moved
	read -r _ </tmp/served
	rm /tmp/served /tmp/moved
}

mkdir -p /mnt/fs /mnt/base /mnt/small
small=/mnt/small mount=/mnt/fs freeze=/mnt/fs behind=''
case $fs in
ext4)
	features="direct punch zero keep"
	may mount -t ext4 /dev/vdb /mnt/fs
	;;
xfs)
	features="direct punch zero clone keep"
	may mount -t xfs /dev/vdb /mnt/fs
	;;
btrfs)
	features="direct punch zero clone keep"
	may mount -t btrfs -o compress-force=zstd /dev/vdb /mnt/fs
	;;
tmpfs)
	features="punch keep"
	case $(uname -r) in 6.1.*) ;; *) features="direct punch keep" ;; esac
	freeze=''
	may mount -t tmpfs tmpfs /mnt/fs
	may mount -t tmpfs -o size=1M tmpfs /mnt/small
	;;
overlay)
	features="direct punch zero keep"
	freeze=/mnt/base
	may mount -t ext4 /dev/vdb /mnt/base
	overlay_at /mnt/fs /mnt/base
	may mount -t ext4 /dev/vdc /mnt/small
	overlay_at /mnt/small /mnt/small
	;;
fuse)
	features="direct punch zero keep"
	small='' freeze='' behind=/mnt/base
	may mount -t ext4 /dev/vdb /mnt/base
	# One thread, and its buffers now: the memory it takes must not look like a leak.
	may section_mirror /mnt/base /mnt/fs -s -o allow_other,default_permissions
	may dd if=/dev/zero of=/mnt/fs/warm bs=1M count=4 2>/dev/null
	may cat /mnt/fs/warm >/dev/null
	may rm /mnt/fs/warm
	;;
nfs)
	features="direct punch clone"
	small='' freeze='' behind=/mnt/base
	may mount -t xfs /dev/vdb /mnt/base
	serve_nfs /mnt/base
	may mount -i -t nfs4 -o vers=4.2,addr=10.0.0.1,clientaddr=10.0.0.2 10.0.0.1:/ /mnt/fs
	;;
*) die "unknown file system $fs" ;;
esac
case $fs in
ext4 | xfs | btrfs) [ ! -e /dev/vdc ] || may mount -t "$fs" /dev/vdc /mnt/small ;;
esac
grep -q " /mnt/fs " /proc/mounts || die "nothing is mounted"

export SECTION_FS_DIR=/mnt/fs SECTION_FS_FEATURES="$features" SECTION_FS_SMALL=$small
export SECTION_FS_FREEZE=$freeze SECTION_FS_MOUNT=$mount SECTION_FS_BEHIND=$behind
"$@"
status=$?
# The host will look at what is on the disks. Some are mounted over others.
cd /
for at in /mnt/small /mnt/small /mnt/fs /mnt/base; do umount "$at" 2>/dev/null; done
exit $status
