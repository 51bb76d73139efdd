#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the tests of sections over files on every file system, each in a virtual
# machine of its own.
#
# usage: vm/check-fs.sh
#
#   FS='ext4 nfs'     only these of ext4 tmpfs overlay xfs btrfs fuse nfs
#   OPS=100000        how many random operations on each
#   SEED=1            which ones; without it, others in every run
#   KERNELS='6.1'     the kernels, by default 6.12
#   VM_TIMEOUT=SECONDS how long one machine may run
#   JOBS=1            so many machines at a time
#   V=1               show everything that the programs print
#
# Where there is a disk, a first machine writes to it through a view, and is
# killed when msync(2) has returned: the second finds out what is on the disk.
# The host's page cache outlives QEMU, so this tests the guest's part only.
# At the end the file system's own checker looks at the disks.
#
# The last line says "N passed, N failed, N skipped"; the exit status says the
# same. Records and kernel logs are kept in build/results/latest-fs.
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$top"
PATH=$PATH:/usr/sbin:/sbin

all_fs="ext4 tmpfs overlay xfs btrfs fuse nfs"
list=${FS:-$all_fs}
kernels=${KERNELS:-6.12}
seed=${SEED:-$((RANDOM * 32768 + RANDOM + 1))}
new_results latest-fs
work=$(mktemp -d "$build/fs.XXXXXX")
finish() {
	local status=$?

	rm -rf "$work"
	conclude $status
}
trap finish EXIT

# below FS: what a file system's disks are formatted as; nothing, if it has none
below() {
	case $1 in
	ext4 | overlay | fuse) echo ext4 ;;
	xfs | nfs) echo xfs ;;
	btrfs) echo btrfs ;;
	esac
}

# The small one is as small as its mkfs allows.
small_size() {
	case $1 in
	ext4) echo 16M ;;
	xfs) echo 300M ;;
	btrfs) echo 128M ;;
	esac
}

# operations FS: by default what an emulated machine does in a minute or two
operations() {
	case $1 in
	fuse | nfs) echo "${OPS:-5000}" ;;
	*) echo "${OPS:-20000}" ;;
	esac
}

# programs FS: what there is to test on it. A file system has some space if a small
# one can be made, and another machine if its files can be changed behind its back.
programs() {
	echo section_fsx_root_test section_fs_root_test section_image_root_test
	echo section_remount_root_test
	case $1 in ext4 | xfs | btrfs | overlay | tmpfs) echo section_space_root_test ;; esac
	case $1 in ext4 | xfs | btrfs | overlay) echo section_freeze_root_test ;; esac
	case $1 in fuse | nfs) echo section_machines_root_test ;; esac
}

more_modules() {
	case $1 in
	xfs | btrfs) echo "$1" ;;
	nfs) echo "xfs veth nfsd nfsv4" ;;
	esac
}

format() {
	case $1 in
	ext4) mke2fs -q -F -t ext4 "$2" ;;
	*) "mkfs.$1" -q "$2" ;;
	esac
}

# disk FILE: QEMU's options for a disk whose flushes reach the file
disk() {
	local id=${1##*/}

	vm_options+=(-q -drive -q "file=$1,format=raw,if=none,id=$id,cache=writeback"
		-q -device -q "virtio-blk-pci,drive=$id")
}

# cut_power KVER DIR LOG: when some generations are safe; sets synced to the last one
cut_power() {
	local pid=$2/pid line

	synced=0
	while read -r line; do
		case $line in
		"section-fs: synced "*)
			synced=${line##* }
			[ "$synced" -lt 20 ] || kill -KILL "$(cat "$pid")" 2>/dev/null || true
			;;
		# That it died is no news then.
		*) [ "$synced" -ge 20 ] || say "$line" ;;
		esac
	done < <(vm/run.sh -n -d -t 300 -k "$1" -l "$3" "${vm_options[@]}" -q -pidfile -q "$pid" \
		run "${test_runner[@]}" -- /selftests/section_power_root_test write 2>&1)
	if [ "$synced" -lt 20 ]; then
		say "the machine ended before its power was cut; its kernel's log ends:"
		tail -n 20 "$3" >&2
	fi
	say "the power went after msync number $synced"
}

# sound KIND DISK: does the file system's own checker find nothing wrong?
sound() {
	case $1 in
	ext4) e2fsck -fn "$2" ;;
	xfs) xfs_repair -n -f "$2" ;;
	btrfs) btrfs check --readonly "$2" ;;
	esac
}

# check_disks FS DIR RECORD: those that were unmounted; an NFS server is not stopped
check_disks() {
	local kind disk ok

	kind=$(below "$1")
	: >"$3"
	[ "$1" != nfs ] || kind=
	for disk in ${kind:+large small}; do
		ok=ok
		quietly "fsck-$1-$disk" sound "$kind" "$2/$disk" || ok="not ok"
		record "$3" "$ok" "$1" "disk.$disk"
	done
	echo end >>"$3"
}

check() {
	local kver=$1 fs=$2 dir=$work/$1-$2 name kind programs

	name="Linux $(release "$kver") $fs"
	mkdir "$dir"
	read -r -d '' -a programs < <(programs "$fs") || true
	test_runner=(/selftests/fs-guest.sh "$fs")
	vm_options=(-M "$(more_modules "$fs")" -a "$top/selftests/fs/guest.sh:/selftests/fs-guest.sh")
	kind=$(below "$fs")
	if [ -n "$kind" ]; then
		truncate -s 512M "$dir/large"
		truncate -s "$(small_size "$kind")" "$dir/small"
		quietly "mkfs-$fs" format "$kind" "$dir/large" || die "no $kind"
		quietly "mkfs-$fs" format "$kind" "$dir/small" || die "no $kind"
		disk "$dir/large"
		disk "$dir/small"
	fi
	if [ -n "$kind" ]; then
		say "booting $name, to cut its power..."
		cut_power "$kver" "$dir" "$results/$kver-$fs.power.console"
		test_runner+=(SECTION_FS_SYNCED="$synced")
		programs=(section_power_root_test "${programs[@]}")
	fi
	test_runner+=(SECTION_FS_OPS="$(operations "$fs")" SECTION_FS_SEED="$seed"
		-- /selftests/run.sh -t 7200)
	say "booting $name..."
	VM_TIMEOUT=${VM_TIMEOUT:-7200} run_tests "$name" "$kver" "$build/$kver/section.ko" \
		"$results/$kver-$fs.record" "${programs[@]}" || true
	check_disks "$fs" "$dir" "$results/$kver-$fs.disk.record"
	# They are large, and others are to come.
	rm -r "$dir"
}

for fs in $list; do
	case " $all_fs " in *" $fs "*) ;; *) die "unknown file system $fs" ;; esac
done
vm/prepare.sh module vm check fs
# shellcheck disable=SC2086 # one word per kernel
build_tests $kernels
for kver in $kernels; do
	for fs in $list; do
		records+=("$results/$kver-$fs".{,disk.}record)
		in_background "$results/$kver-$fs.output" check "$kver" "$fs"
	done
done
show_background
