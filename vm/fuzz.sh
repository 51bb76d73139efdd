#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Looks for what no test thought of: programs made at random, guided by which
# code of the module they reach, in a kernel that notices what goes wrong.
#
# usage: vm/fuzz.sh [-p PATCH] [FILE]
#
#   -p  break the module with this patch first, to see the fuzzer find it
#   FILE  only run the programs in it, all at the same time, for TIME seconds
#
#   TIME=60         for so many seconds
#   SEED=1          a number from which all programs follow
#   WORKERS=3       so many programs at a time
#   KERNELS=6.12-sanitize
#   BOOTS=30        machines to find the shortest program that does it
#
# Leaves in build/fuzz: the console, output, corpus/new (programs that reached
# what none of selftests/fuzz/corpus did: a person may copy them there),
# uncovered (functions of the module that no program reached), and after a
# complaint of the kernel last (the programs before it) and shortest.
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$top"

patch=
while getopts p: opt; do
	case $opt in
	p) patch=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
only=${1:-}
kver=${KERNELS:-6.12-sanitize}
time=${TIME:-60} workers=${WORKERS:-3} boots=${BOOTS:-30}
seed=${SEED:-$RANDOM$RANDOM}
dir=$build/fuzz
fuzzer=$build/selftests/section_fuzz
mkdir -p "$dir/corpus"
exec 8>"$dir/lock"
flock 8
rm -f "$dir"/{last,shortest,uncovered,output,console}

vm/prepare.sh module vm check
vm/fetch-source.sh
vm/fetch-kernel.sh "$kver"
vm/build.sh fuzz
module=$build/$kver/section.ko
if [ -n "$patch" ]; then
	rm -rf "$dir/broken"
	mkdir -p "$dir/broken/src"
	cp -r Kbuild module uapi "$dir/broken/src/"
	patch -s -F0 -p1 -d "$dir/broken/src" <"$patch"
	vm/build-module.sh -s "$dir/broken/src" -o "$dir/broken/build" "$kver"
	module=$dir/broken/build/section.ko
else
	vm/build-module.sh "$kver"
fi

# boot SECONDS CONSOLE ARGUMENT...: of section_fuzz, in a new machine
boot() {
	local limit=$1 console=$2

	shift 2
	truncate -s 0 "$dir/record"
	truncate -s 16M "$dir/record"
	vm/run.sh -n -d -e -k "$kver" -b "$module" -t "$limit" -l "$console" \
		-o "oops=panic panic_on_warn=1" \
		-a selftests/fuzz/guest.sh:/bin/guest.sh \
		-a "$fuzzer:/bin/section_fuzz" -a "$dir/programs:/programs" \
		-q -object -q "memory-backend-file,id=record,mem-path=$dir/record,size=16M,share=on" \
		-q -device -q ivshmem-plain,memdev=record \
		run guest.sh "$@"
}

# complaint CONSOLE: its first lines, if there is any
complaint() {
	sh selftests/run.sh --scan "$1" | cut -f 4- | head -n "${2:-1}"
}

# titles CONSOLE: what it complained of, without what differs from time to time
titles() {
	complaint "$1" 500 | grep -v 'cut here' |
		sed -E 's/^\[[^]]*\] *//; s/\+0x.*//; s/\b[0-9a-f]{8,}\b//g; s/[0-9]+//g'
}

# does FILE [SECONDS]: do the programs in it make the kernel complain of the same?
# A machine that is too slow complains of stalls, for one.
does() {
	[ "$boots" -gt 0 ] || return 1
	boots=$((boots - 1))
	cp "$1" "$dir/programs"
	boot 240 "$dir/again.console" -q -r /programs -t "${2:-20}" >"$dir/again.output" 2>&1 || true
	! emulator_fault "$dir/again.console" && titles "$dir/again.console" | grep -qxF -e "$title"
}

# first N FILE, nth N FILE: its first N programs, or that one
first() { awk -v RS= -v n="$1" 'NR <= n { print $0 "\n" }' "$2"; }
nth() { awk -v RS= -v n="$1" 'NR == n { print $0 "\n" }' "$2"; }

# shorten FILE: remove operations, many and then few, while it still does it.
# An empty line counts as one: two programs may become one.
shorten() {
	local file=$1 lines chunk from

	sed -i '/^#/d' "$file"
	lines=$(wc -l <"$file")
	chunk=$(((lines + 1) / 2))
	while [ "$boots" -gt 0 ]; do
		from=1
		while [ "$from" -le "$(wc -l <"$file")" ] && [ "$boots" -gt 0 ]; do
			sed "$from,$((from + chunk - 1))d" "$file" | cat -s >"$dir/candidate"
			if grep -q . "$dir/candidate" && does "$dir/candidate"; then
				cp "$dir/candidate" "$file"
				say "  still with $(grep -c . "$file") operations"
			else
				from=$((from + chunk))
			fi
		done
		[ "$chunk" -gt 1 ] || break
		chunk=$(((chunk + 1) / 2))
	done
}

# reproduce: from what ran last to the shortest that does the same
reproduce() {
	local n running

	"$fuzzer" -x "$dir/record" >"$dir/last"
	running=$(grep -c ', running$' "$dir/last" || true)
	say "running it again; what ran last is in ${dir#"$top"/}/last"
	# One of those that ran, then all of them, then those before them too.
	for ((n = 1; n <= running; n++)); do
		nth "$n" "$dir/last" >"$dir/shortest"
		if does "$dir/shortest"; then shorten "$dir/shortest"; return; fi
	done
	for n in "$running" 8 16; do
		[ "$n" -gt 0 ] || continue
		first "$n" "$dir/last" >"$dir/shortest"
		if does "$dir/shortest" 60; then shorten "$dir/shortest"; return; fi
	done
	rm "$dir/shortest"
}

# covered OUTPUT: functions of the module that can tell and never did, as far as
# they are there when it is loaded
covered() {
	objdump -dr -j .text "$(readlink -f "$module")" | awk -v output="$1" -v to="$dir/uncovered" '
		BEGIN {
			while ((getline line < output) > 0)
				if (split(line, word, " ") == 2 && word[1] == "pc")
					hit[word[2]] = 1
		}
		/^[0-9a-f]+ <.*>:$/ { name = substr($2, 2, length($2) - 3) }
		# The call is told of by the address behind it.
		wanted { at = $1; sub(":", "", at); wanted = 0
			all++; of[name]++
			if (at in hit) { seen++; did[name]++ } }
		/__sanitizer_cov_trace_pc/ && /R_X86_64/ { wanted = 1 }
		END {
			for (name in of)
				if (did[name] < of[name])
					print did[name] + 0, of[name], name | ("sort -k1,1n -k3 >" to)
			printf "%d of %d instrumented places covered\n", seen, all
		}'
}

# Whoever sees only this line can do it again.
say "fuzzing Linux $(release "$kver") for $time s: make fuzz TIME=$time SEED=$seed WORKERS=$workers KERNELS=$kver"
status=0
if [ -n "$only" ]; then
	cp "$only" "$dir/programs"
	boot $((time + 600)) "$dir/console" -r /programs -t "$time" >"$dir/output" || status=$?
else
	for file in selftests/fuzz/corpus/*; do cat "$file"; echo; done | cat -s >"$dir/programs"
	boot $((time + 600)) "$dir/console" -c /programs -t "$time" -s "$seed" \
		-w "$workers" >"$dir/output" || status=$?
fi
grep -v '^pc ' "$dir/output" || true
if grep -q '^pc ' "$dir/output"; then
	covered "$dir/output"
	say "functions that were not all covered: ${dir#"$top"/}/uncovered"
fi
"$fuzzer" -k "$dir/record" >"$dir/corpus/new"
say "$(awk -v RS= 'END { print NR }' "$dir/corpus/new") programs reached something new: ${dir#"$top"/}/corpus/new"

if emulator_fault "$dir/console"; then
	say "the emulator broke the kernel; what comes after that says nothing"
	exit 1
fi
if [ -n "$(complaint "$dir/console")" ]; then
	say "the kernel complained; the console is in ${dir#"$top"/}/console:"
	complaint "$dir/console" 30
	title=$(titles "$dir/console" | head -n 1)
	say "to be found again: $title"
	reproduce
	if [ -e "$dir/shortest" ]; then
		say "the shortest that does it, in ${dir#"$top"/}/shortest:"
		cat "$dir/shortest"
	else
		say "it did not happen again"
	fi
	exit 1
fi
[ $status = 0 ] || say "it failed, and the kernel did not complain"
exit $status
