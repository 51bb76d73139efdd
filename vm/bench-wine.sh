#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What sections cost beside those of Windows, as Wine makes them: Debian's Wine
# does the same in the same machine, by a Win32 program.
#
# usage: vm/bench-wine.sh [-q] [-r] [OPERATION...]
#
#   -q  quickly: a tenth of the runs
#   -r  write the tables into BENCHMARKS.md
#
#   KERNELS='6.1 6.12'   (default 6.12)
#
# Leaves KVER-wine.tsv, .csv, .json, .svg and .png in build/bench.
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$top"
# shellcheck source-path=SCRIPTDIR source=bench-lib.sh
. vm/bench-lib.sh
PATH=$PATH:/usr/sbin:/sbin

divisor=1 write=0
while getopts qr opt; do
	case $opt in
	q) divisor=10 ;;
	r) write=1 ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
# Those that wine_bench.c has; names of 100,000 are left to "make bench".
operations=(create_ open_4096 open_missing duplicate cycle open_cycle_hot
	open_cycle_4096 map first_write first_read present cow)
[ $# = 0 ] || operations=("$@")

wine=/usr/lib/wine
dlls=/usr/lib/x86_64-linux-gnu/wine
work=$build/wine
program=$work/wine_bench.exe

# wine_files: all that a Win32 program needs which prints, and calls kernel32.
# libgcc_s is loaded by name when a thread ends.
wine_files() {
	local native=("$wine/wine64" "$wine/wineserver64" "$dlls/x86_64-unix/ntdll.so")

	{
		printf '%s\n' "${native[@]}" "$dlls"/x86_64-unix/libwine.so.* \
			"$dlls"/x86_64-windows/{ntdll,kernel32,kernelbase,msvcrt,apisetschema}.dll \
			/usr/share/wine/nls/* /lib/x86_64-linux-gnu/libgcc_s.so.1
		ldd "${native[@]}" | grep -o '/lib[^ ]*' | grep -v ':$'
	} | sort -u
}

# in_prefix PREFIX COMMAND...: nothing of the caller's home or desktop gets in
in_prefix() {
	local prefix=$1

	shift
	env -i PATH="$PATH" HOME="$work" WINEPREFIX="$prefix" WINEDEBUG=-all \
		WINEDLLOVERRIDES=explorer.exe,winemenubuilder.exe,mscoree,mshtml= \
		timeout 120 "$@"
}

# make_prefix TO: what Wine calls a prefix, its registry and its drive C, is
# made by Wine itself; of the copies of all its libraries there, few are needed.
make_prefix() {
	local full=$1.full system32=drive_c/windows/system32

	quietly wineboot in_prefix "$full" "$wine/wine64" wineboot --init ||
		die "Wine does not start here"
	quietly wineserver in_prefix "$full" "$wine/wineserver64" -w ||
		die "Wine does not end here"
	mkdir -p "$1/$system32" "$1/dosdevices"
	cp "$full"/*.reg "$full/.update-timestamp" "$1"
	cp "$full/$system32"/{ntdll,kernel32,kernelbase,msvcrt,apisetschema}.dll "$1/$system32"
	ln -s ../drive_c "$1/dosdevices/c:"
	ln -s / "$1/dosdevices/z:"
	rm -rf "$full"
}

# make_image IMAGE: a file system, without being root
make_image() {
	local root

	say "making a disk image with Wine..."
	rm -rf "$work"/root.* "$work"/*.img
	root=$(mktemp -d "$work/root.XXXXXX")
	wine_files | xargs cp -L --parents -t "$root"
	make_prefix "$root/prefix"
	truncate -s $(($(du -sm "$root" | cut -f 1) + 16))M "$1.new"
	mke2fs -q -F -t ext4 -O ^has_journal -d "$root" "$1.new"
	mv "$1.new" "$1"
	rm -rf "$root"
}

vm/prepare.sh module vm check bench wine
vm/fetch-source.sh
vm/build.sh userlib bench
mkdir -p "$work"
quietly wine-bench x86_64-w64-mingw32-gcc -O2 -Wall -Wextra \
	-D__USE_MINGW_ANSI_STDIO=1 selftests/bench/wine_bench.c \
	selftests/bench/measure.c -o "$program" || die "wine_bench.c does not compile"
# Anew when Wine, a library or how it is made changes.
key=$({ cat "$0"; wine_files | xargs sha256sum; } | sha256sum | cut -c 1-16)
image=$work/$key.img
[ -e "$image" ] || make_image "$image"
version=$(dpkg-query -W -f '${Version}' wine64)

tsvs=()
for kver in ${KERNELS:-6.12}; do
	vm/fetch-kernel.sh "$kver"
	vm/build-module.sh "$kver"
	say "measuring sections, then Wine, on Linux $(release "$kver")..."
	# With SMAP, the emulated processor faults at an iretq in Wine's code.
	cpu=max,-smap,-erms
	tsv=$dir/$kver-wine.tsv
	begin "$tsv" "$kver" "-icount shift=0,sleep=off -cpu $cpu, 1 CPU"
	printf 'about\tWine\t%s\n' "$version" >>"$tsv"
	measure "$tsv" 2 -k "$kver" -i -q -cpu -q "$cpu" -a "$image:/wine.img" \
		-a "$program:/wine_bench.exe" \
		-a selftests/bench/guest.sh:/bin/guest.sh \
		-a selftests/bench/wine.sh:/bin/wine.sh \
		run wine.sh -s "$divisor" "${operations[@]}"
	show "${tsv%.tsv}" -p Wine
	tsvs+=("$tsv")
done
[ $write = 0 ] ||
	perl vm/bench-report.pl -p Wine write "${tsvs[0]}" BENCHMARKS.md wine "${tsvs[@]:1}"
