#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Compiles the parts that do not depend on a kernel.
#
# usage: vm/build.sh userlib|selftests|bench|fuzz...
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# Two runs at a time would write the same files.
exec 9>"$build/lock"
flock 9

for part; do
	case $part in
	# Leaves libsection and, in examples/, static programs.
	userlib) quietly userlib make -s -C "$top/userlib" BUILD="$build/userlib" ;;
	# Leaves the test programs, static, in build/selftests.
	selftests) quietly selftests make -s -j"$(nproc)" -C "$top/selftests" "${kselftest[@]}" all ;;
	# Of those the one that measures.
	bench) quietly bench make -s -C "$top/selftests" "${kselftest[@]}" "$build/selftests/section_bench" ;;
	# And the one that looks for what no test thought of.
	fuzz) quietly fuzz make -s -C "$top/selftests" "${kselftest[@]}" "$build/selftests/section_fuzz" ;;
	*) die "unknown part $part" ;;
	esac || die "$part does not compile"
done
