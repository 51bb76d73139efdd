#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What sections cost beside what people use without them.
#
# usage: vm/bench.sh [-q] [-g | -r] [OPERATION...]
#
#   -q  quickly: a tenth of the runs, and no parallel cases
#   -g  fail if a ratio is over 1 % worse than the one that is recorded
#   -r  record the ratios, and write the tables into BENCHMARKS.md
#
#   KERNELS='6.1 6.12'   (default 6.12)
#
# Leaves KVER.tsv, .csv, .json, .svg and .png in build/bench.
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$top"
# shellcheck source-path=SCRIPTDIR source=bench-lib.sh
. vm/bench-lib.sh

quick=0 mode=show
while getopts qgr opt; do
	case $opt in
	q) quick=1 ;;
	g) mode=gate ;;
	r) mode=record ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
operations=("$@")

ratios=selftests/bench/ratios.tsv
image=$(mktemp)
trap 'rm -f "$image"' EXIT

vm/prepare.sh module vm check bench
vm/fetch-source.sh
vm/build.sh userlib bench
truncate -s 256M "$image"
mke2fs -q -F -t ext4 "$image"

guest=(-e -a "$image:/ext4.img" -a selftests/bench/guest.sh:/bin/guest.sh
	-a "$build/selftests/section_bench:/bin/section_bench" run guest.sh)
for kver in ${KERNELS:-6.12}; do
	vm/fetch-kernel.sh "$kver"
	vm/build-module.sh "$kver"
	say "measuring on Linux $(release "$kver"), instruction by instruction..."
	tsv=$dir/$kver.tsv
	begin "$tsv" "$kver" "-icount shift=0,sleep=off -cpu max,-erms, 1 CPU"
	if [ $quick = 1 ]; then
		measure "$tsv" 1 -k "$kver" -i "${guest[@]}" -s 10 "${operations[@]}"
	else
		measure "$tsv" 1 -k "$kver" -i "${guest[@]}" "${operations[@]}"
		say "measuring two processors..."
		measure "$tsv" 1 -k "$kver" "${guest[@]}" -p "${operations[@]}"
	fi
	show "$dir/$kver"
done

status=0
for kver in ${KERNELS:-6.12}; do
	case $mode in
	gate)
		perl vm/bench-report.pl gate "$dir/$kver.tsv" "$ratios" "$kver" || status=1
		;;
	record)
		perl vm/bench-report.pl record "$dir/$kver.tsv" "$ratios" "$kver"
		perl vm/bench-report.pl write "$dir/$kver.tsv" BENCHMARKS.md "$kver"
		;;
	esac
done
exit $status
