#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs the section selftests and watches the kernel while they run.
#
# usage: run.sh [-t SECONDS] [-r PERCENT] [PROGRAM...]
#        run.sh --scan [LOG]     print what is wrong in a kernel log, and when
#
# Runs every *_test beside this script unless told which, each for no longer
# than SECONDS or "timeout=" in the file settings, by default 120.
#
# What tests do hundreds of times to provoke a race they do PERCENT of that, by
# default 100; a kernel in which everything is slow finds races all the same.
#
# Needs only what busybox has. As root, every program runs as an ordinary user
# ($SECTION_TEST_USER, default alice or nobody), save those named *_root_test.
# The module must be loaded, and nobody else should be using it: at the end its
# counters must be back where they were, and it is unloaded and loaded again.
#
# The output is KTAP: one result per program, with the program's own results
# indented under it, and "section-selftests: complete" as the last line.
# Where the kernel has kmemleak, memory that nothing points to any more is a
# leak too.
# The marks that are left in the kernel log tell which test was running when
# the kernel complained.
dir=$(cd "$(dirname "$0")" && pwd)
mark=section-selftests

# Everything that a sound kernel never says. A process that dies of its own
# general protection fault ("traps:") is no fault of the kernel; nor is a line that
# the program itself has announced ("expects TEXT"), with a stack right after it,
# such as the report of a memory cgroup's killed process. Nor is a data race of the
# kernel with itself (KCSAN), with nothing of the module in either stack.
scan() {
	awk -v mark="$mark:" '
	{ at = index($0, mark) }
	at {
		n = split(substr($0, at), word, " ")
		if (word[2] == "start") { program = word[3]; test = "-"; left = 0 }
		if (word[2] == "test") { test = word[3]; left = 0 }
		if (word[2] == "end") { program = "-"; test = "-"; left = 0 }
		if (word[2] == "start" || word[2] == "end") { expects = 0 }
		if (word[2] == "expects") {
			expected[expects++] = substr($0, at + length(mark " expects "))
		}
		next
	}
	function is_expected(  i) {
		for (i = 0; i < expects; i++) {
			if (index($0, expected[i])) return 1
		}
		return 0
	}
	/traps: / { next }
	is_expected() { excused = 6; next }
	excused && excused-- && /Call Trace/ { excused = 0; next }
	/kcsan: (non-)?strict mode configured/ { next }
	function show(line) {
		print (first ? "splat" : "more") "\t" (program ? program : "-") "\t" (test ? test : "-") "\t" line
		first = 0
	}
	function show_race(  i) {
		first = 1
		for (i = 0; i < races; i++) show(race[i])
		races = 0
	}
	/BUG: KCSAN: / { races = 0; ours = 0; reported = 1 }
	reported {
		race[races++] = $0
		if (/\[section\]/) ours = 1
		if (!/==========/ && races < 100) next
		if (ours || races >= 100) show_race()
		reported = 0
		races = 0
		next
	}
	/BUG[: ]|kernel BUG at|Oops|: [0-9a-f][0-9a-f][0-9a-f][0-9a-f] \[#[0-9]+\]|WARNING:|WARN|INFO: |[kK]ernel panic|Call Trace|general protection|unable to handle|cut here|KASAN|KCSAN|KFENCE|UBSAN|KMSAN|kmemleak: .*new|Out of memory:|suspicious|possible .*(deadlock|locking|usage|recursive|circular)|inconsistent lock|lock held when returning|held lock freed|scheduling while atomic|sleeping function|soft lockup|hard LOCKUP|stall|hung task|blocked for more|refcount_t:|corruption|Bad (page|rss)|bad: scheduling|still has objects|Objects remaining|nobody cared|NULL pointer/ {
		if (!left) first = 1
		left = 30
	}
	left {
		show($0)
		left--
		if (/end trace|end Kernel panic/) left = 0
	}
	END { if (races) show_race() }' "$@"
}

if [ "$1" = --scan ]; then
	shift
	scan "$@"
	exit
fi

limit=$(sed -n 's/^timeout=//p' "$dir/settings" 2>/dev/null)
limit=${limit:-120}
while :; do
	case $1 in
	-t) limit=$2 ;;
	-r) export SECTION_TEST_ROUNDS="$2" ;;
	*) break ;;
	esac
	shift 2
done

if [ $# -eq 0 ]; then
	for f in "$dir"/*_test; do
		[ ! -x "$f" ] || set -- "$@" "${f##*/}"
	done
fi

root=$([ "$(id -u)" = 0 ] && echo 1)
user=${SECTION_TEST_USER:-$(id -un alice 2>/dev/null || echo nobody)}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# The counters below include these files, one page each from the start.
for f in status failed log before after why; do
	echo 0 >"$work/$f"
done
debug=/sys/kernel/debug/section
kmemleak=/sys/kernel/debug/kmemleak
[ -w "$kmemleak" ] || kmemleak=
cgroup=/sys/fs/cgroup/$mark
[ -z "$root" ] || mkdir "$cgroup" 2>/dev/null || cgroup=
[ -n "$root" ] || cgroup=

note() { [ ! -w /dev/kmsg ] || echo "$mark: $*" >/dev/kmsg; }
fail() { echo "$1" >"$work/failed"; }

# kernel_log: what the kernel said since the last program started
kernel_log() {
	# The whole log, after each program: what is done for each line counts.
	dmesg 2>/dev/null | awk -v start="$mark: start $1" '
		substr($0, length($0) - length(start) + 1) == start { lines = 0 }
		{ line[lines++] = $0 }
		END { for (i = 0; i < lines; i++) print line[i] }' >"$work/log"
	scan "$work/log"
}

# run PROGRAM: its exit status is the program's
run() {
	(
		[ -z "$cgroup" ] || echo 0 >"$cgroup/cgroup.procs"
		case $root$1 in
		1*_root_test | [!1]*) exec timeout -s KILL "$limit" "$dir/$1" ;;
		*) exec timeout -s KILL "$limit" \
			su -s /bin/sh "$user" -c "exec $dir/$1" ;;
		esac
	) </dev/null
}

# leftovers: kill what the program left running, and say how many
leftovers() {
	[ -n "$cgroup" ] || { echo 0; return; }
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ -n "$(cat "$cgroup/cgroup.procs")" ] || { echo 0; return; }
		sleep 0.1
	done
	wc -l <"$cgroup/cgroup.procs"
	echo 1 >"$cgroup/cgroup.kill"
}

# results NUMBER PROGRAM: copy the program's KTAP, and judge it at its end
results() {
	plan='' seen=0 bad=0 skipped=0
	while IFS= read -r line || [ -n "$line" ]; do
		case $line in
		"#  RUN "*)
			# shellcheck disable=SC2086 # split into words
			set -- "$1" "$2" $line
			note "test $5"
			;;
		1..*) plan=${line#1..} plan=${plan%% *} ;;
		"not ok "*) seen=$((seen + 1)) bad=$((bad + 1)) ;;
		"ok "*"# SKIP"*) seen=$((seen + 1)) skipped=$((skipped + 1)) ;;
		"ok "*) seen=$((seen + 1)) ;;
		esac
		printf '  %s\n' "$line"
	done
	read -r status seconds left <"$work/status"

	# The first reason that applies is told; the host has its own count.
	why=
	if [ "$left" -gt 0 ]; then why="left $left processes running"; fi
	if [ "$status" != 0 ] && [ "$bad" = 0 ]; then why="exit status $status"; fi
	if [ "$bad" -gt 0 ]; then why="$bad of $seen tests failed"; fi
	if [ "$plan" != "$seen" ]; then why="$seen of ${plan:-an unknown number of} tests reported"; fi
	if [ "$status" -gt 128 ]; then why="$why, killed by signal $((status - 128))"; fi
	if [ "$seconds" -ge "$limit" ]; then why="$why, timed out after $limit s"; fi
	if [ "$(kernel_log "$2" | grep -c '^splat')" -gt 0 ]; then why="$why, the kernel complained"; fi
	why=${why#, }

	if [ -n "$why" ]; then
		echo "not ok $1 $2 # $why"
		fail 1
	elif [ "$plan" = 0 ] || { [ "$status" = 4 ] && [ "$seen" = "$skipped" ]; }; then
		echo "ok $1 $2 # SKIP"
	else
		echo "ok $1 $2"
	fi
}

program() {
	echo "# $mark: start $2"
	note "start $2"
	{
		begin=$(date +%s)
		run "$2"
		status=$?
		echo "$status $(($(date +%s) - begin)) $(leftovers)" >"$work/status"
	} 2>&1 | results "$1" "$2"
	# One that was stopped when it had the module out shall not fail all others.
	[ -z "$root" ] || [ -e /dev/section ] || modprobe section 2>/dev/null
	note "end $2"
}

# counters: name, value and tolerance of everything that a leak would change
counters() {
	echo 0 >"$work/log"
	# Fold the per-CPU parts in, so that the figures are exact.
	cat /proc/sys/vm/stat_refresh >/dev/null 2>&1
	sync
	echo 3 >/proc/sys/vm/drop_caches
	awk '$1 == "section" { print "module_use_count", $3, 0 }' /proc/modules
	for name in sections handles views; do
		echo "$name $(cat "$debug/$name" 2>/dev/null || echo missing) 0"
	done
	# No tolerance for pages: tests must also remove their own files.
	awk '$1 == "Shmem:" { print "shmem_kb", $2, 0 }' /proc/meminfo
	# This shell's own heap is in it, and grows.
	awk '$1 == "Committed_AS:" { print "committed_as_kb", $2, 256 }' /proc/meminfo
	# A cache's idle objects count as used while a CPU holds their slab.
	for cache in /sys/kernel/slab/section* /sys/kernel/slab/shmem_inode_cache; do
		[ -e "$cache/shrink" ] || continue
		echo 1 >"$cache/shrink"
	done
	awk '/^(section|shmem_inode_cache)/ { print "slab_" $1, $2, 0 }' /proc/slabinfo
}

# compare: print what is not back at its start
compare() {
	awk 'NR == FNR { before[$1] = $2; next }
		{ seen[$1] = 1 }
		$2 !~ /^[0-9]+$/ { print $1, $2 }
		# Less memory than before is no leak; fewer references are a bug.
		$2 - before[$1] > $3 || ($2 < before[$1] && $1 !~ /_kb$/) {
			print $1, before[$1] + 0, "before,", $2, "after" }
		END { for (n in before) if (!(n in seen)) print n, "gone" }
	' "$work/before" "$work/after"
}

# no_lost_memory NAME: two looks, because a pointer can be in a register; memory is
# suspected from its fifth second on
no_lost_memory() {
	note "test leaks.$1"
	echo scan >"$kmemleak"
	sleep 5
	echo scan >"$kmemleak"
	cat "$kmemleak"
	[ -z "$(head -n 1 "$kmemleak")" ]
}

# leak_result NAME STATUS: of a test that has said in the file why it failed
leak_result() {
	n=$((n + 1))
	if [ "$2" = 0 ]; then
		echo "  ok $n leaks.$1"
	else
		sed 's/^/  # /' "$work/why"
		echo "  not ok $n leaks.$1"
		bad=$((bad + 1))
	fi
}

# leaks NUMBER: nothing of all that the tests created is left
leaks() {
	echo "# $mark: start leaks"
	note "start leaks"
	# Memory may be freed a little later than the call that gave it up.
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		counters >"$work/after"
		compare >"$work/why"
		[ -s "$work/why" ] || break
		sleep 1
	done
	echo "  1..$(($(wc -l <"$work/before") + $([ -z "$kmemleak" ] && echo 1 || echo 3)))"
	n=0
	bad=0
	while read -r name _; do
		n=$((n + 1))
		if grep -q "^$name " "$work/why"; then
			echo "  # $(grep "^$name " "$work/why")"
			# Whose pages may they be?
			[ "$name" != shmem_kb ] ||
				find /tmp /run /dev/shm -xdev -type f -exec ls -ln {} + 2>/dev/null |
				sed 's/^/  # /'
			echo "  not ok $n leaks.$name"
			bad=$((bad + 1))
		else
			echo "  ok $n leaks.$name"
		fi
	done <"$work/before"

	if [ -n "$kmemleak" ]; then
		no_lost_memory memory >"$work/why" 2>&1
		leak_result memory $?
	fi
	reload >"$work/why" 2>&1
	leak_result reload $?
	# What the module pointed to is lost only now that it went.
	if [ -n "$kmemleak" ]; then
		no_lost_memory reloaded_memory >"$work/why" 2>&1
		leak_result reloaded_memory $?
	fi
	if [ "$(kernel_log leaks | grep -c '^splat')" -gt 0 ]; then
		bad="$bad and the kernel complained"
	fi
	if [ "$bad" = 0 ]; then
		echo "ok $1 leaks"
	else
		echo "not ok $1 leaks # $bad of $n"
		fail 1
	fi
	note "end leaks"
}

# reload: the module goes when nobody uses it, and comes back
reload() {
	note "test leaks.reload"
	for _ in 1 2 3; do
		rmmod section || return 1
		[ ! -e /dev/section ] || { echo "/dev/section outlives the module"; return 1; }
		modprobe section || return 1
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			[ ! -e /dev/section ] || break
			sleep 0.1
		done
		[ -e /dev/section ] || { echo "no /dev/section after loading"; return 1; }
	done
}

cd "$dir" || exit 1
echo "KTAP version 1"
echo "1..$(($# + ${root:-0}))"
[ -z "$root" ] || counters >"$work/before"
# What was lost before is not the tests' doing.
[ -z "$kmemleak" ] || echo clear >"$kmemleak"
number=0
bailed=
for name; do
	number=$((number + 1))
	case $root$name in
	1*) program $number "$name" ;;
	*_root_test) echo "ok $number $name # SKIP needs root" ;;
	*) program $number "$name" ;;
	esac
	# What comes after an oops says nothing about the module.
	if dmesg 2>/dev/null | grep -Eq 'Oops: |kernel BUG at|BUG: unable to handle'; then
		echo "Bail out! The kernel has had an oops."
		fail 1
		bailed=1
		break
	fi
done
# Nor does what is left: looking for it may not even end.
[ -z "$root" ] || [ -n "$bailed" ] || leaks $((number + 1))
[ -z "$cgroup" ] || rmdir "$cgroup"
echo "# $mark: complete"
exit "$(cat "$work/failed")"
