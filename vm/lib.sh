# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What the scripts in vm/ share. Source it; do not run it.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${BUILD:-$top/build}
log=$build/log
# Every kernel that must build, run and pass, in the order in which it is tested.
# shellcheck disable=SC2034 # for those who source this
all_kernels="6.1 6.12"
mkdir -p "$log"

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

# quietly LOGNAME COMMAND...: the output goes to build/log/LOGNAME.log and is
# shown only if the command fails.
quietly() {
	local out=$log/$1.log

	shift
	"$@" >"$out" 2>&1 </dev/null && return
	say "--- end of ${out#"$top"/}:"
	tail -n 20 "$out" >&2
	return 1
}

# become_root COMMAND...: see to it that "${sudo[@]}" COMMAND runs as root.
# Nothing that changes the machine happens behind its owner's back: unless this
# is root, ask at the terminal, or say what to run.
sudo=()
become_root() {
	local answer

	[ "$(id -u)" != 0 ] || return 0
	if [ ${#sudo[@]} -gt 0 ]; then
		return
	fi
	if [ -t 0 ] && [ -t 2 ] && command -v sudo >/dev/null; then
		read -r -p "Run \"sudo $*\"? [y/N] " answer
		case $answer in [yY]*) sudo=(sudo); return ;; esac
	fi
	die "this needs root; please run: $*"
}

# apt_get LOGNAME ARGUMENT...: it must not ask; there may be nobody to answer.
apt_get() {
	local name=$1

	shift
	become_root apt-get "$@"
	# Somebody else may be installing something.
	quietly "$name" "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q \
		-o DPkg::Lock::Timeout=300 "$@"
}

apt_update() {
	say "updating the package lists..."
	apt_get apt-update update || die "the package lists cannot be updated"
}

# have_package NAME: is it in the package lists?
have_package() { [ -n "$(apt-cache show --no-all-versions "$1" 2>/dev/null)" ]; }

# fetch_debs DIR PACKAGE...: download into DIR without installing anything.
# apt checks what is already there, so a broken download is taken up again.
fetch_debs() {
	local dir=$1 opts=()

	shift
	mkdir -p "$dir"
	# As root apt would drop to a user who may not write here, and warn.
	[ "$(id -u)" != 0 ] || opts=(-o APT::Sandbox::User=root)
	(cd "$dir" && quietly "fetch-$1" apt-get "${opts[@]}" -q download "$@")
}

# release KVER: the full release of a fetched kernel
release() { cat "$build/kernels/$1/release"; }

# The variables that selftests/Makefile is called with.
kselftest=(OUTPUT="$build/selftests" USERLIB="$build/userlib"
	KSFT="$build/linux-source/tools/testing/selftests")

# choose_programs KVER: into the array programs, the tests that TESTS names, or all
# for such a kernel, as the kselftest library tells
programs=()
choose_programs() {
	local instrumented=

	case $1 in *-sanitize) instrumented=1 ;; esac
	read -r -d '' -a programs < <(
		[ -z "${TESTS:-}" ] || { echo "$TESTS"; exit; }
		make -s --no-print-directory -C "$top/selftests" "${kselftest[@]}" \
			INSTRUMENTED=$instrumented emit_tests | sed 's/.*://'
	) || true
	[ ${#programs[@]} -gt 0 ] || die "selftests/Makefile names no tests"
}

# build_tests KVER...: all that a run of tests needs, for each of these kernels
build_tests() {
	local kver

	"$top/vm/fetch-source.sh"
	for kver; do
		"$top/vm/fetch-kernel.sh" "$kver"
		say "compiling section.ko for $kver..."
		"$top/vm/build-module.sh" "$kver"
	done
	say "compiling the library and the tests..."
	"$top/vm/build.sh" userlib selftests
}

# new_results LINK: a directory of its own, in $results, to which LINK leads: no
# record of an earlier run can pass for this one's, and several runs do not disturb
# each other. The records to be summed up go into the array records.
records=()
new_results() {
	mkdir -p "$build/results"
	find "$build/results" -mindepth 1 -maxdepth 1 -type d -mtime +0 -exec rm -rf {} +
	results=$(mktemp -d "$build/results/$(date +%H%M%S).XXXXXX")
	ln -sfn "${results##*/}" "$build/results/$1"
}

# conclude [STATUS]: for a trap at EXIT. Whatever stops a script, the last line is
# the sum, and it is a failure.
conclude() {
	local status=${1:-$?}

	[ "$status" = 0 ] || printf 'fail\tbuild\t*\tsee above\nend\n' >"$results/build.record"
	[ "$status" = 0 ] || records+=("$results/build.record")
	"$top/vm/report.pl" total "${records[@]}" || exit 1
	exit "$status"
}

# So many machines run at a time. Each has two processors; most of what runs there
# is one process.
machines=${JOBS:-$(nproc)}
[ -n "${JOBS:-}" ] || [ "$machines" -le 4 ] || machines=4

# in_background OUTPUT COMMAND...: start it when there is room; what it says is shown
# in the order in which all of them were started. show_background: wait for them.
pids=() outputs=() shown=0
in_background() {
	[ $((${#pids[@]} - shown)) -lt "$machines" ] || show_oldest
	# Here, so that it is there for who looks into it.
	: >"$1"
	"${@:2}" >>"$1" 2>&1 &
	pids+=($!)
	outputs+=("$1")
}

show_oldest() {
	tail -n +1 -f -s 0.2 --pid="${pids[shown]}" "${outputs[shown]}"
	shown=$((shown + 1))
}

show_background() {
	while [ "$shown" -lt ${#pids[@]} ]; do show_oldest; done
	wait
}

# emulator_fault LOG: is the kernel's first complaint QEMU's own doing?
# The kernel patches its code by way of a breakpoint, and QEMU before 8.1 can
# run the breakpoint when it is gone already ("accel/tcg: Always lock pages
# before translation" mended that). The oops shows it: int3, and in front of the
# instruction pointer there is no breakpoint (cc).
emulator_fault() {
	sh "$top/selftests/run.sh" --scan "$1" | awk -F '\t' '
		NR == 1 && $4 !~ /int3: 0000 \[#1\]/ { exit }
		match($4, /Code:.* <[0-9a-f][0-9a-f]>/) {
			stale = substr($4, RSTART + RLENGTH - 7, 2) != "cc"
			exit
		}
		END { exit !stale }'
}

# run_tests NAME KVER MODULE RECORD PROGRAM...: run the programs in a machine,
# show what they say, and write a record of the results for report.pl. The
# array vm_options has more options for vm/run.sh, test_options for the guest's
# selftests/run.sh, which test_runner may run after some preparation.
vm_options=() test_options=() test_runner=(/selftests/run.sh)
run_tests() {
	local name=$1 kver=$2 module=$3 record=$4 status attempt limit=900
	local console=${record%.record}.console results=${record%.record}.results
	local test_own=()

	shift 4
	# A kernel that looks for more takes more time. It has no more memory than
	# others: kmemleak looks through all of it.
	case $kver in
	*-*) limit=3600 test_own=(-t 1200 -r "${ROUNDS:-25}") ;;
	esac
	rm -f "$record" "$console" "$results"
	for attempt in 1 2 3; do
		status=0
		"$top/vm/run.sh" -n -d -k "$kver" -b "$module" -l "$console" \
			-t "${VM_TIMEOUT:-$limit}" "${vm_options[@]}" \
			run "${test_runner[@]}" "${test_own[@]}" "${test_options[@]}" "$@" || status=$?
		if [ "$attempt" != 3 ] && emulator_fault "$console"; then
			cp "$console" "$log/emulator-fault-$kver.log"
			echo "# vm: restart"
		else
			echo "# vm: exit $status"
			break
		fi
	done | tee "$results" |
		"$top/vm/report.pl" judge "$name" "$console" "$top/selftests/run.sh" \
			"$record" "$@" leaks
}

# test_share KVER MODULE PREFIX SHARE: the results are in files that begin so
test_share() {
	local kver=$1 prefix=$3.$4 name own=() i

	name="Linux $(release "$kver")"
	choose_programs "$kver"
	for ((i = $4; i < ${#programs[@]}; i += shares)); do own+=("${programs[i]}"); done
	[ ${#own[@]} -gt 0 ] || { echo end >"$prefix.record"; return; }
	say "booting $name..."
	[ -z "${count_lines:-}" ] || vm_options+=(-g "$prefix.tar")
	run_tests "$name" "$kver" "$2" "$prefix.record" "${own[@]}" || true
}

# test_kernels DIR MODULES KVER...: the module of each is in MODULES and its name,
# records go into DIR. One kernel is tested in several machines if there is room for
# them, each with its share of the programs.
test_kernels() {
	local dir=$1 modules=$2 kver share

	shift 2
	shares=$((machines > $# ? machines / $# : 1))
	for kver; do
		for ((share = 0; share < shares; share++)); do
			records+=("$dir/$kver.$share.record")
			in_background "$dir/$kver.$share.output" test_share "$kver" \
				"$modules$kver/section.ko" "$dir/$kver" "$share"
		done
	done
	show_background
}

# record RECORD ok|"not ok" SUITE TEST [REASON]: add one result, and show it
record() {
	local kind=pass

	[ "$2" = ok ] || kind=fail
	printf '%s\t%s\t%s\t%s\n' $kind "$3" "$4" "${5:-}" >>"$1"
	printf '  %s %s %s%s\n' "$2" "$3" "$4" "${5:+: $5}"
}
