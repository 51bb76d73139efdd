#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Breaks the module on purpose, one rule at a time, and requires that the
# tests notice.
#
# usage: vm/mutants.sh [RECORD]
#
#   MUTANTS='h1 ...'   only selftests/mutants/h1.patch and so on
#   CHECK=1            only those that are marked "# check: yes"
#   KERNELS=6.1        on these kernels (default 6.12)
#   JOBS=1             so many at a time
#
# Each patch starts with lines of this form:
#   # mutant: the rule that it removes
#   # test: PROGRAM [TEST]       must fail; may be repeated; TEST as in KTAP
#   # check: yes                 also a part of "make check"
#   # kernels: 6.12              only there, if the rule matters only there
# Those for compiled kernels are the proof that what watches there does: each is
# for a rule that goes unnoticed elsewhere. They are a part of what runs there.
# A mutant is caught if one of its tests fails, if the kernel complains while
# one of its programs runs or if something leaks. What does not apply, does
# not compile or does not load is not caught but broken.
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$top"

kernels=${KERNELS:-6.12}
dir=$build/mutants
record=${1:-$dir/mutants.record}
mkdir -p "$dir"
: >"$record"

# A broken module may stop everything; that takes no quarter of an hour to see,
# save where everything is slow.
limit=${VM_TIMEOUT:-}
export VM_TIMEOUT
# Nor does a machine go on that the kernel has given up.
vm_options=(-o oops=panic)

header() { sed -n "s/^# $2: *//p" "$1"; }

# result KVER NAME ok|"not ok" TEXT: one row of the table
result() {
	local kind=pass

	[ "$3" = ok ] || kind=fail
	printf '%s\tmutant\t%s on %s\t%s\n' $kind "$2" "$1" "$4" >>"$record"
	printf '  %-6s %-5s %-26s %s\n' "$3" "$1" "$2" "$4"
}

# mutant KVER PATCH: build, boot, judge
mutant() {
	local kver=$1 patch=$2 name programs wanted why
	local src

	name=$(basename "$patch" .patch)
	src=$dir/$name-$kver
	rm -rf "$src"
	mkdir -p "$src/src"
	cp -r Kbuild module uapi "$src/src/"
	if ! patch -s -F0 -p1 -d "$src/src" <"$patch" >"$src/patch.log" 2>&1; then
		result "$kver" "$name" "not ok" "does not apply: $src/patch.log"
		return
	fi
	if ! vm/build-module.sh -s "$src/src" -o "$src/build" "$kver" 2>"$src/build.log"; then
		result "$kver" "$name" "not ok" "does not compile: $src/build.log"
		return
	fi
	case $kver in
	*-*) VM_TIMEOUT=${limit:-1200} ;;
	*) VM_TIMEOUT=${limit:-300} ;;
	esac
	mapfile -t programs < <(header "$patch" test | awk '!seen[$1]++ { print $1 }')
	if [ ${#programs[@]} = 0 ]; then
		result "$kver" "$name" "not ok" "names no test"
		return
	fi
	run_tests M "$kver" "$src/build/section.ko" "$src/run.record" "${programs[@]}" \
		>"$src/run.log" 2>&1 || true

	# A machine that never came to a test proves nothing about the rule.
	if ! grep -q '^# section-selftests: start' "$src/run.results"; then
		result "$kver" "$name" "not ok" "does not run: $src/run.log"
		return
	fi
	wanted=$(header "$patch" test)
	why=$(awk -F '\t' -v wanted="$wanted" '
		BEGIN {
			n = split(wanted, line, "\n")
			for (i = 1; i <= n; i++) {
				split(line[i], word, " ")
				program["M " word[1]] = 1
				if (word[2] != "") { named = 1; test["M " word[1], word[2]] = 1 }
			}
			program["M leaks"] = 1
		}
		$1 != "fail" { next }
		$2 == "M leaks" || $4 ~ /the kernel complained/ ||
		program[$2] && (!named || ($2, $3) in test) {
			sub(/^M /, "", $2)
			print $2 ($3 == "*" ? "" : " " $3) ($4 == "" ? "" : ": " $4)
			exit
		}' "$src/run.record")
	if [ -n "$why" ]; then
		result "$kver" "$name" ok "caught by $why"
		rm -rf "$src"
	else
		result "$kver" "$name" "not ok" "survived: $src/run.log"
	fi
}

patches=()
for patch in selftests/mutants/*.patch; do
	[ -e "$patch" ] || continue
	name=$(basename "$patch" .patch)
	if [ -n "${MUTANTS:-}" ]; then
		case " $MUTANTS " in *" $name "*) ;; *) continue ;; esac
	fi
	[ -z "${CHECK:-}" ] || [ "$(header "$patch" check)" = yes ] || continue
	patches+=("$patch")
done

if [ -z "${CHECK:-}" ]; then
	vm/prepare.sh module vm check mingw
	vm/fetch-source.sh
	for kver in $kernels; do
		vm/fetch-kernel.sh "$kver"
	done
	vm/build.sh userlib selftests
fi

# for_kernel KVER PATCH: on compiled kernels CHECK means those that name it
for_kernel() {
	local only

	only=$(header "$2" kernels)
	case ${CHECK:-}$1 in
	1*-*) ;;
	*) : "${only:=$1}" ;;
	esac
	case " $only " in *" $1 "*) return 0 ;; esac
	return 1
}

say "breaking the module..."
count=0
for kver in $kernels; do
	for patch in "${patches[@]}"; do
		if for_kernel "$kver" "$patch"; then
			in_background "$dir/$count.output" mutant "$kver" "$patch"
			count=$((count + 1))
		fi
	done
done
show_background
[ $count -gt 0 ] || result "$kernels" any "not ok" "selftests/mutants has no such patch"
echo end >>"$record"
! grep -q '^fail' "$record"
