#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Which lines and branches of the module do the tests run?
#
#   KERNELS='6.12-sanitize'  in these kernels, which need GCOV_KERNEL; the counts
#                            of several are added
#   TESTS='foo_test ...'     only these programs
#   VM_TIMEOUT=SECONDS       how long one machine may run
#
# Leaves in build/coverage/latest:
#   uncovered     every line that no test ran, as FILE:LINE: TEXT
#   branches      every branch that no test took, of lines that were run
#   summary       the table that this prints at its end
#   KVER/*.gcov   the sources with their counts
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$top"

kernels=${KERNELS:-6.12-sanitize}
mkdir -p "$build/coverage"
exec 8>"$build/coverage/lock"
flock 8
dir=$build/coverage/latest
rm -rf "$dir"
mkdir -p "$dir"

vm/prepare.sh module vm check mingw
vm/fetch-source.sh
for kver in $kernels; do
	vm/fetch-kernel.sh "$kver"
	# All objects are new: the counts belong to one compilation.
	rm -rf "$build/coverage/module-$kver"
	vm/build-module.sh -o "$build/coverage/module-$kver" "$kver" GCOV_PROFILE=y
done
vm/build.sh userlib selftests

# unpack KVER SHARE: what one machine has counted
unpack() {
	local data=$dir/$1/share-$2

	[ -e "$dir/$1.$2.tar" ] || return 0
	mkdir -p "$data"
	# The kernel names the files as the compiler did. What else it has of the
	# kernel, and the links to .gcno files, is of no use here.
	tar -xf "$dir/$1.$2.tar" -C "$data" --wildcards --no-wildcards-match-slash \
		--transform 's|.*/||' ".$build/coverage/module-$1/module/*.gcda" ||
		die "$1 counted nothing; the console is in $dir/$1.$2.console"
	if [ -d "$dir/$1/data" ]; then
		quietly "gcov-$1" gcov-tool merge "$dir/$1/data" "$data" -o "$dir/$1/sum"
		rm -r "$dir/$1/data"
		mv "$dir/$1/sum" "$dir/$1/data"
	else
		mv "$data" "$dir/$1/data"
	fi
}

# counts KVER: from the archives to the sources with their counts
counts() {
	local kver=$1 share

	for ((share = 0; share < shares; share++)); do unpack "$kver" "$share"; done
	cp "$build/coverage/module-$kver/module"/*.gcno "$dir/$kver/data"
	(cd "$dir/$kver" && quietly "gcov-$kver" gcov -b -c -o data data/*.gcda) ||
		die "gcov cannot read what $kver counted"
}

# shellcheck disable=SC2034 # for test_share
count_lines=1
# shellcheck disable=SC2086 # one word per kernel
test_kernels "$dir" "$build/coverage/module-" $kernels
for kver in $kernels; do counts "$kver"; done
# shellcheck disable=SC2086 # one word per kernel
perl vm/coverage.pl "$dir" $kernels | tee "$dir/summary"
say "every line that was not run: ${dir#"$top"/}/uncovered"
# A red test makes this run red, and yet its lines have been run.
vm/report.pl total "${records[@]}"
