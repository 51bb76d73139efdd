#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The static checkers, all of them, to the end.
#
#   KERNELS=6.12    compile the module for these kernels only
set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$top" || exit 1

kernels=${KERNELS:-$all_kernels}
dir=$build/lint
scripts=$build/linux-source/scripts
mkdir -p "$dir"

vm/prepare.sh module check mingw lint || exit 1
vm/fetch-source.sh || exit 1
for kver in $kernels; do
	vm/fetch-kernel.sh "$kver" || exit 1
done

shopt -s nullglob
module_files=(module/*.[ch])
uapi_files=(uapi/linux/*.h)
test_files=(selftests/*.[ch] selftests/fs/*.[ch])
script_files=(.ci/run vm/*.sh vm/init selftests/*.sh selftests/bench/*.sh selftests/fs/*.sh selftests/fuzz/*.sh userlib/examples/*.sh Documentation/*.sh)

failed=()
step() {
	local title=$1 out

	shift
	out=$log/lint-${title//[^a-z0-9.]/-}.log
	if "$@" >"$out" 2>&1 </dev/null; then
		say "ok    $title"
	else
		say "FAIL  $title"
		sed 's/^/      /' "$out" | tail -n 40 >&2
		failed+=("$title")
	fi
}

checkpatch() {
	local status=0

	[ -f "${1:-}" ] || return 1
	perl "$scripts/checkpatch.pl" --no-tree --strict --terse --show-types -f "$@" \
		>"$dir/checkpatch" || status=$?
	cat "$dir/checkpatch"
	# It also exits with 1 for CHECKs, which are advice.
	[ $status -le 1 ] && ! grep -qE ': (ERROR|WARNING):' "$dir/checkpatch"
}

# module KVER: compile everything anew, with sparse looking on
module() {
	local out=$dir/$1

	rm -rf "$out"
	"$top/vm/build-module.sh" -o "$out" "$1" W=1 C=2 CF=-D__CHECK_ENDIAN__ KCFLAGS=-Werror ||
		return 1
	# What sparse finds in the kernel's own headers is not ours to mend.
	# Nor is it that VM_FAULT_RESULT_TRACE has values of a type of their own.
	grep -E "^($out/)?(module|uapi)/.*(warning|error):" "$log/module-$1.log" |
		grep -v '/trace.h:.*incorrect type in initializer' && return 1
	# Had sparse not run, it would have found nothing either.
	grep -q ' CHECK ' "$log/module-$1.log"
}

compile_userlib() {
	rm -rf "$dir/userlib-$1"
	make -s -C userlib BUILD="$dir/userlib-$1" CC="$1" CFLAGS="-O2 -Wall -Wextra -Werror"
}

# The harness's TEST() leaves a parameter unused, of which only clang complains.
compile_selftests() {
	local warnings="-Wall -Wextra -Werror"

	[ "$1" != clang ] || warnings="$warnings -Wno-unused-parameter"
	rm -rf "$dir/selftests-$1"
	make -s -j"$(nproc)" -C selftests "${kselftest[@]}" OUTPUT="$dir/selftests-$1" \
		USERLIB="$dir/userlib-$1" USERCFLAGS="$warnings" \
		${2:+"$2"} all
}

kernel_doc() {
	perl "$scripts/kernel-doc" -none -Werror "$@"
}

version_checks() {
	! grep -nE 'LINUX_VERSION_CODE|KERNEL_VERSION' -r module uapi Kbuild |
		grep -v '^module/compat\.h:'
}

# mutants_apply: to the module as it is, without looking for the place
mutants_apply() {
	local patch bad=0

	for patch in selftests/mutants/*.patch; do
		patch -s -F0 -p1 --dry-run <"$patch" || { echo "$patch"; bad=1; }
	done
	return $bad
}

say "static checks..."
# A module that compiles out of tree for several kernels has to compare versions
# (LINUX_VERSION_CODE), and checkpatch takes LINUX_VERSION_CODE for the constant
# in the comparison (CONSTANT_COMPARISON). Both only in that one file.
step "checkpatch module/compat.h" checkpatch module/compat.h \
	--ignore LINUX_VERSION_CODE,CONSTANT_COMPARISON
# shellcheck disable=SC2046 # one word per file
step "checkpatch module" checkpatch $(printf '%s\n' "${module_files[@]}" |
	grep -v -e /compat.h -e /section.h -e /guard.h)
# Tables of operations are constant (CONST_STRUCT), except these, which are put
# together at run time from those of a file system.
step "checkpatch module/section.h and guard.h" checkpatch module/section.h \
	module/guard.h --ignore CONST_STRUCT
step "checkpatch uapi" checkpatch "${uapi_files[@]}"
step "checkpatch selftests" checkpatch "${test_files[@]}"
# Tables of operations are put together from macros, which are parts of them.
step "checkpatch bench" checkpatch selftests/bench/*.[ch] --ignore COMPLEX_MACRO
# The same holds for the fuzzer's table; its volatile memory is that which another
# thread changes, or a touch that must not be left out.
step "checkpatch fuzz" checkpatch selftests/fuzz/*.[ch] --ignore COMPLEX_MACRO,VOLATILE
for kver in $kernels; do
	step "compiler and sparse $kver" module "$kver"
done
for cc in gcc clang; do
	step "userlib with $cc" compile_userlib $cc
done
step "selftests with gcc" compile_selftests gcc
step "selftests with clang" compile_selftests clang LLVM=1
step "kernel-doc" kernel_doc "${uapi_files[@]}" module/*.h userlib/include/*.h userlib/include/*/*.h
step "shellcheck" shellcheck -x "${script_files[@]}"
for file in vm/*.pl; do
	step "perl ${file#vm/}" perl -cw "$file"
done
step "versions only in compat.h" version_checks
step "mutants apply" mutants_apply
step "rows of the Win32 library" selftests/win32_rows.sh
[ ! -x Documentation/check-api.sh ] || step "documented interface" Documentation/check-api.sh
[ ! -x Documentation/check-threats.sh ] || step "threats and their tests" Documentation/check-threats.sh

if [ ${#failed[@]} -gt 0 ]; then
	say "lint: ${#failed[@]} of the checks failed"
	exit 1
fi
say "lint: everything is clean"
