#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs a command, or a shell, in a virtual machine with section.ko loaded.
#
# usage: vm/run.sh [OPTION...] run COMMAND [ARGUMENT...]
#        vm/run.sh [OPTION...] shell
#
#   -k KVER        the fetched kernel to boot: 6.1 or 6.12 (default)
#   -b MODULE      the module to load (default build/KVER/section.ko; "" for none)
#   -p PARAMETERS  the module's parameters
#   -u USER        run the command as root (default), alice or bob
#   -a FROM:TO     copy a file or directory into the machine
#   -d             an ext4 disk at /mnt/ext4
#   -M MODULES     more kernel modules to load
#   -g FILE        keep a tar archive there of what the kernel counted for gcov
#   -i             count instructions: one CPU, exact and repeatable time
#   -m MEMORY      default 2G
#   -c CPUS        default 2
#   -t SECONDS     kill the machine after this time (default 600; shell: never)
#   -l FILE        keep the kernel's console log there
#   -o WORDS       more for the kernel's command line
#   -q ARGUMENT    a further argument to QEMU; may be repeated
#   -e             nothing in it but what -a names: where other programs were, and
#                  so the machine's memory, must not matter
#   -n             do not judge the kernel log; the caller does
#
# The programs that were compiled of selftests and userlib are there: the tests in
# /selftests, the examples in /examples, the tools in /usr/bin, all in PATH. The exit
# status is the command's; 124 if the time was over, 125 if the machine died before
# the command ended, 126 if the kernel log has a complaint.
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
umask 022
PATH=$PATH:/usr/sbin:/sbin

arguments=("$@")
modules='' kver=6.12 module=default params='' user=root disk=0 gcov='' icount=0 mem=2G cpus=2
limit='' append='' keep='' judge=1 all=1 add=() extra=()
while getopts k:b:p:u:a:dM:g:iem:c:t:l:o:q:n opt; do
	case $opt in
	k) kver=$OPTARG ;;
	b) module=$OPTARG ;;
	p) params=$OPTARG ;;
	u) user=$OPTARG ;;
	a) add+=("$OPTARG") ;;
	d) disk=1 ;;
	M) modules=$OPTARG ;;
	g) gcov=$OPTARG ;;
	i) icount=1 ;;
	m) mem=$OPTARG ;;
	c) cpus=$OPTARG ;;
	t) limit=$OPTARG ;;
	l) keep=$OPTARG ;;
	o) append=$OPTARG ;;
	q) extra+=("$OPTARG") ;;
	e) all=0 ;;
	n) judge=0 ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
mode=${1:?"run or shell?"}
shift
[ "$module" != default ] || module=$build/$kver/section.ko

mkdir -p "$build/run"
dir=$(mktemp -d "$build/run/$kver.XXXXXX")
trap 'rm -rf "$dir"' EXIT
root=$dir/root
rel=$(release "$kver")
kroot=$build/kernels/$kver/root

# The kernel modules that tests and the disk need; built in on some kernels.
load="virtio_pci virtio_blk loop fuse overlay${modules:+ $modules}"
# For swap space, and what some tests mount. It takes memory, and what is counted
# without a disk does not need it. On some kernels the compressor of swap space is a
# module, which nobody else loads.
if [ $disk = 1 ]; then
	load="$load zram vfat nls_cp437 nls_iso8859-1"
	! modprobe -d "$kroot" -S "$rel" --show-depends lzo-rle >/dev/null 2>&1 ||
		load="$load lzo-rle"
fi

mkdir -p "$root"/{bin,etc,examples,selftests} "$root/lib/modules/$rel"
cp "$(command -v busybox)" "$root/bin/busybox"
cp "$top/vm/init" "$root/init"
cat >"$root/etc/passwd" <<EOF
root:x:0:0:root:/root:/bin/sh
alice:x:1000:1000:Alice:/home/alice:/bin/sh
bob:x:1001:1001:Bob:/home/bob:/bin/sh
nobody:x:65534:65534:nobody:/:/bin/sh
EOF
cat >"$root/etc/group" <<EOF
root:x:0:
alice:x:1000:
bob:x:1001:
nogroup:x:65534:
EOF

cp "$kroot/lib/modules/$rel"/modules.{order,builtin,builtin.modinfo} \
	"$root/lib/modules/$rel/"
for m in $load; do
	modprobe -d "$kroot" -S "$rel" --show-depends "$m"
done | while read -r word file _; do
	[ "$word" = insmod ] || continue
	to=$root/${file#"$kroot"/}
	mkdir -p "$(dirname "$to")"
	case $file in
	*.xz) xz -dc "$file" >"${to%.xz}" ;;
	*) cp "$file" "$to" ;;
	esac
done
# Somebody else may be compiling at this moment: take a shared lock where
# build-module.sh and build.sh take the exclusive one.
locked() {
	if [ -e "$1" ]; then flock -s "$@"; else shift; "$@"; fi
}
if [ -n "$module" ]; then
	mkdir "$root/lib/modules/$rel/extra"
	locked "$(dirname "$module")/.lock" cp "$module" "$root/lib/modules/$rel/extra/section.ko"
fi
depmod -b "$root" "$rel"

[ $all = 0 ] || add=("$build/selftests:/selftests" "$build/userlib/examples:/examples"
	"$build/userlib/tools:/usr/bin" "${add[@]}")
for pair in "${add[@]}"; do
	from=${pair%:*} to=$root${pair##*:}
	[ -e "$from" ] || continue
	mkdir -p "$(dirname "$to")"
	if [ -d "$from" ]; then
		mkdir -p "$to"
		locked "$build/lock" \
			find "$from/" -maxdepth 1 -type f -perm -u+x -exec cp {} "$to/" \;
	else
		cp "$from" "$to"
	fi
done
cp "$top/selftests/run.sh" "$root/selftests/"
[ ! -e "$top/selftests/settings" ] || cp "$top/selftests/settings" "$root/selftests/"

# Only a line that the guest cannot have printed by chance ends a run. Where
# instructions are counted, each byte of the guest is the same in every run.
token="section-vm-$RANDOM$RANDOM$RANDOM:"
[ $icount = 0 ] || token="section-vm-counted-instructions:"
quote() { printf "'%s' " "${@//\'/\'\\\'\'}"; }
{
	echo "token='$token' user='$user' module_args=$(quote "$params")"
	echo "interactive=$([ "$mode" = shell ] && echo 1 || echo 0) disk=$disk load='$load' gcov='${gcov:+1}'"
} >"$root/job.conf"
[ "$mode" = shell ] || { printf 'exec '; quote "$@"; echo; } >"$root/job"
find "$root" -exec touch -h -d @0 {} +
(cd "$root" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --reproducible --quiet) >"$dir/initrd"
rm -rf "$root"

# Tests count the objects of single slab caches, and want secret memory.
[ $disk = 0 ] || append="slab_nomerge secretmem.enable=1${append:+ $append}"

# Where the host is busy, the timer's first interrupts are late, and the kernel
# gives up when it tries whether there are any.
[ $icount = 1 ] || append="no_timer_check${append:+ $append}"

# shellcheck disable=SC2054 # these commas are QEMU's
# The accelerator is named: /dev/kvm may exist and yet hang the guest.
qemu=(qemu-system-x86_64 -m "$mem" -nodefaults -display none -no-reboot -nic none
	-kernel "$build/kernels/$kver/vmlinuz" -initrd "$dir/initrd"
	-append "console=ttyS0 panic=-1 quiet loglevel=7${append:+ $append}"
	-serial "file:$dir/console")
# shellcheck disable=SC2054
if [ $icount = 1 ]; then
	# Virtual time advances one nanosecond per instruction and nothing of the
	# host enters: the same run gives the same output, byte for byte. ERMS is
	# off because TCG counts every byte of a "rep stosb".
	[ $disk = 0 ] || die "-d and -i exclude each other: disk requests complete in the host's time"
	qemu+=(-accel tcg,thread=single -smp 1 -icount shift=0,sleep=off -seed 1
		-rtc base=2025-01-01T00:00:00,clock=vm -cpu max,-erms)
else
	qemu+=(-accel tcg,thread=multi -smp "$cpus" -cpu max)
fi
# shellcheck disable=SC2054
if [ $disk = 1 ]; then
	truncate -s 512M "$dir/disk"
	mke2fs -q -F -t ext4 "$dir/disk"
	qemu+=(-drive "file=$dir/disk,format=raw,if=none,id=disk,cache=unsafe"
		-device virtio-blk-pci,drive=disk)
fi
# shellcheck disable=SC2054
if [ -n "$gcov" ]; then
	truncate -s 64M "$gcov"
	qemu+=(-drive "file=$gcov,format=raw,if=none,id=gcov,cache=unsafe"
		-device virtio-blk-pci,drive=gcov)
fi
qemu+=("${extra[@]}")

status=125
if [ "$mode" = shell ]; then
	# Ctrl-C is the guest's; Ctrl-A X ends QEMU.
	"${qemu[@]}" -serial mon:stdio || true
	status=0
else
	# What the guest prints goes out as it comes, save the line with its status.
	set +e
	timeout --foreground -k 5 "${limit:-600}" "${qemu[@]}" -serial stdio \
		</dev/null 2>"$dir/qemu" |
		perl -we '
			my ($token, $file, $spoke) = @ARGV;
			$| = 1;
			while (<STDIN>) {
				s/\r?\n/\n/;
				if (s/\Q$token\E exit (\d+)\n//) {
					open(my $out, ">", $file) or die;
					print $out $1;
				}
				print;
				if (length && !$spoke++) {
					open(my $out, ">", "$file.spoke") or die;
				}
			}' "$token" "$dir/status"
	ended=${PIPESTATUS[0]}
	set -e
	grep -v 'terminating on signal' "$dir/qemu" >&2 || true
	if [ -s "$dir/status" ]; then
		status=$(cat "$dir/status")
	elif [ "$ended" = 124 ] || [ "$ended" = 137 ]; then
		status=124
	fi
	case $status in
	124) say "the machine did not end in ${limit:-600} s and was killed" ;;
	125) say "the machine died" ;;
	esac
fi

touch "$dir/console"
tr -d '\r' <"$dir/console" >"$dir/kernel.log"
[ -z "$keep" ] || cp "$dir/kernel.log" "$keep"
if [ "$mode" = run ] && [ ! -e "$dir/status.spoke" ] &&
	[ -z "${SECTION_VM_AGAIN:-}" ] && emulator_fault "$dir/kernel.log"; then
	say "the emulator broke the kernel while it booted; starting again"
	rm -rf "$dir"
	SECTION_VM_AGAIN=1 exec "$0" "${arguments[@]}"
fi
if [ $judge = 1 ]; then
	splats=$(sh "$top/selftests/run.sh" --scan "$dir/kernel.log")
	if [ -n "$splats" ] || [ "$status" = 124 ] || [ "$status" = 125 ]; then
		cp "$dir/kernel.log" "$log/console-$kver.log"
		say "the kernel log is in $log/console-$kver.log; it ends:"
		tail -n 30 "$dir/kernel.log" >&2
		[ -z "$splats" ] || [ "$status" = 124 ] || [ "$status" = 125 ] || status=126
	fi
fi
exit "$status"
