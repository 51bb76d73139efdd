#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Tests the tests' own machinery: whatever goes wrong must turn a run red.
#
# usage: vm/selftest.sh RECORD
#
# Most cases feed report.pl the log of a made-up run; two boot real machines
# in which things go wrong.
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

record=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
: >"$record"
say "testing the test runner..."

# A sound run of two programs, and the kernel's log of it.
good_results() {
	cat <<'EOF'
KTAP version 1
1..3
# section-selftests: start a_test
  TAP version 13
  1..2
  #  RUN           global.one ...
  #            OK  global.one
  ok 1 global.one
  #  RUN           global.two ...
  ok 2 global.two # SKIP not here
ok 1 a_test
# section-selftests: start b_test
  TAP version 13
  1..1
  ok 1 global.three
ok 2 b_test
# section-selftests: start leaks
  1..1
  ok 1 leaks.sections
ok 3 leaks
# section-selftests: complete
# vm: exit 0
EOF
}

good_console() {
	cat <<'EOF'
[    0.000000] Linux version 6.12
[    1.000000] section: loading out-of-tree module taints kernel.
[    2.000000] section-selftests: start a_test
[    2.100000] section-selftests: test global.one
[    2.200000] section-selftests: test global.two
[    2.300000] section-selftests: end a_test
[    2.400000] section-selftests: start b_test
[    2.500000] section-selftests: end b_test
[    2.600000] section-selftests: start leaks
[    2.700000] section-selftests: end leaks
EOF
}

judge() {
	"$top/vm/report.pl" judge Linux "$dir/console" "$top/selftests/run.sh" \
		"$dir/record" a_test b_test leaks <"$dir/results" >"$dir/out" 2>&1
}

# expect STATUS PATTERN TEST: judge the made-up run; the record must match
expect() {
	local status=0

	judge || status=$?
	if [ $status != "$1" ]; then
		record "$record" "not ok" runner "$3" "status $status"
	elif ! grep -qP "$2" "$dir/record"; then
		record "$record" "not ok" runner "$3" "no line matches $2"
	else
		record "$record" ok runner "$3"
	fi
	good_results >"$dir/results"
	good_console >"$dir/console"
}

# results SCRIPT, console SCRIPT: edit the sound run with sed
results() { good_results | sed "$@" >"$dir/results"; }
console() { good_console | sed "$@" >"$dir/console"; }
# splat TEXT: the kernel says this during a_test's global.one
splat() { console "/test global.one/a [    2.150000] $1"; }

results '' && console ''
expect 0 '^skip\tLinux a_test\tglobal.two\tnot here$' "a sound run passes"

splat 'BUG: kernel NULL pointer dereference, address: 0000000000000008'
expect 1 '^fail\tLinux a_test\tglobal.one\t.*NULL pointer' "an oops is its test's failure"
splat 'WARNING: CPU: 1 PID: 99 at module/view.c:12 section_fault+0x10/0x20 [section]'
expect 1 '^fail\tLinux a_test\tglobal.one\t.*view.c' "a warning is its test's failure"
splat 'WARNING: possible circular locking dependency detected'
expect 1 '^fail\tLinux a_test\tglobal.one\t' "a lockdep report is a failure"
splat 'INFO: task b_test:99 blocked for more than 40 seconds.'
expect 1 '^fail\tLinux a_test\tglobal.one\t' "a hung task is a failure"
splat 'watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [a_test:99]'
expect 1 '^fail\tLinux a_test\tglobal.one\t' "a soft lockup is a failure"
splat 'rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:'
expect 1 '^fail\tLinux a_test\tglobal.one\t' "an RCU stall is a failure"
splat 'BUG: KASAN: slab-use-after-free in section_put+0x1/0x2'
expect 1 '^fail\tLinux a_test\tglobal.one\t' "a KASAN report is a failure"
splat 'UBSAN: array-index-out-of-bounds in module/names.c:1:2'
expect 1 '^fail\tLinux a_test\tglobal.one\t' "a UBSAN report is a failure"
splat 'kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)'
expect 1 '^fail\tLinux a_test\tglobal.one\t' "a kmemleak report is a failure"
splat 'refcount_t: underflow; use-after-free.'
expect 1 '^fail\tLinux a_test\tglobal.one\t' "a reference count's underflow is a failure"
splat 'BUG section (Tainted: G O): Objects remaining in section on __kmem_cache_shutdown()'
expect 1 '^fail\tLinux a_test\tglobal.one\t' "a cache that is not empty is a failure"
splat 'Out of memory: Killed process 99 (a_test)'
expect 1 '^fail\tLinux a_test\tglobal.one\t' "a machine without memory is a failure"

# announced TEXT [LATER]: a_test expects an OOM report, and there is one
announced() {
	splat "section-selftests: expects $1\\n[ 2.2] x invoked oom-killer: y\\n[ 2.2] CPU: 1\\n[ 2.2] Call Trace:${2:-}"
}
announced 'invoked oom-killer:'
expect 0 '^pass\tLinux a_test\tglobal.one\t$' "an announced report is none"
announced 'x\nsection-selftests: expects invoked oom-killer:'
expect 0 '^pass\tLinux a_test\tglobal.one\t$' "two kinds of reports can be announced"
announced 'failed with error'
expect 1 '^fail\tLinux a_test\tglobal.one\t.*Call Trace' "a report of another kind than announced is a failure"
announced 'invoked oom-killer:' '\n[ 2.3] Call Trace:'
expect 1 '^fail\tLinux a_test\tglobal.one\t.*2.3. Call Trace' "a second stack after an announced report is a failure"
announced 'invoked oom-killer:' '\n[ 2.3] WARNING: CPU: 1 PID: 9 at x'
expect 1 '^fail\tLinux a_test\tglobal.one\t.*WARNING' "a warning beside an announced report is a failure"
announced 'invoked oom-killer:'
sed -i '/end a_test/a [ 2.35] x invoked oom-killer: y\n[ 2.35] Call Trace:' "$dir/console"
expect 1 '^fail\tLinux kernel\t\*\t.*Call Trace' "what one program has announced is a failure after it"
# data_race FUNCTION [END]: a report of KCSAN with this in a stack
data_race() {
	splat "BUG: KCSAN: data-race in x / y\\n[ 2.2] write to 0xff1 of 8 bytes by task 39 on cpu 0:\\n[ 2.2]  $1${2-\\n[ 2.2] ==================================}"
}
data_race 'section_open+0x1/0x2 [section]'
expect 1 '^fail\tLinux a_test\tglobal.one\t.*KCSAN' "a data race of the module is a failure"
data_race 'xas_clear_mark+0xa9/0x1c0'
expect 0 '^pass\tLinux a_test\tglobal.one\t$' "a data race of the kernel with itself is none"
data_race 'xas_clear_mark+0xa9/0x1c0' ''
expect 1 '^fail\tLinux kernel\t\*\t.*KCSAN' "a data race whose report has no end is a failure"
data_race 'xas_clear_mark+0xa9/0x1c0' '\n[ 2.2] ==================================\n[ 2.3] WARNING: CPU: 1 PID: 9 at x'
expect 1 '^fail\tLinux a_test\tglobal.one\t.*WARNING' "a warning behind a data race is a failure"
console '/start a_test/i [    1.5] WARNING: CPU: 0 PID: 1 at x'
expect 1 '^fail\tLinux kernel\t\*\t.*WARNING' "a warning before the first test is a failure"
# shellcheck disable=SC2016 # sed's
console '$a [    9.0] BUG: Bad page state in process init'
expect 1 '^fail\tLinux kernel\t\*\t.*Bad page' "a complaint after the last test is a failure"
splat 'traps: a_test[99] general protection fault ip:1 sp:2 error:0'
expect 0 '^pass\tLinux a_test\tglobal.one\t$' "a process's own fault is none of the kernel's"
: >"$dir/console"
expect 1 'no kernel log' "a missing kernel log is a failure"

results -e '/global.two/d' -e 's/^ok 1 a_test/not ok 1 a_test # killed by signal 11/'
expect 1 '^fail\tLinux a_test\ttest 2\tdid not report$' "a program killed by a signal fails its missing tests"
results '/ok 2 global.two/d'
expect 1 '^fail\tLinux a_test\tglobal.two\tdid not report$' "a program that exits 0 before its plan's end fails"
results 's/^  ok 2 global.two.*/  not ok 2 global.two/'
expect 1 '^fail\tLinux a_test\tglobal.two\t$' "a failed test fails, whatever its program says"
results 's/^ok 1 a_test/not ok 1 a_test # exit status 3/'
expect 1 '^fail\tLinux a_test\t\*\texit status 3$' "a bad exit status without a failed test is a failure"
results '/^  1\.\.2/d'
expect 1 '^fail\tLinux a_test\t\*\thas no plan$' "a missing plan is a failure"
results 's/^  1\.\.2/  1..1/'
expect 1 '^fail\tLinux a_test\t\*\tplanned 1' "a test beyond the plan is a failure"
results 's/^  ok 2/  ok 1/'
expect 1 'came as number' "a test that reports twice is a failure"
results '/start b_test/,/^ok 2/d'
expect 1 '^fail\tLinux b_test\t\*\tdid not run$' "a program that did not run is a failure"
results '/^ok 2 b_test/d'
expect 1 '^fail\tLinux b_test\t\*\tdid not end$' "a program that did not end is a failure"
results -e '/start leaks/,/^ok 3/d'
expect 1 '^fail\tLinux leaks\t\*\tdid not run$' "a missing check for leaks is a failure"
results 's/exit 0/exit 124/'
expect 1 'hung and was killed' "a machine that hangs is a failure"
results 's/exit 0/exit 125/'
expect 1 'the machine died' "a machine that dies is a failure"
results 's/exit 0/exit 1/'
expect 1 '^fail\tLinux run\t\*\texit status 1$' "the guest's bad exit status is a failure"
results 's/^  ok.*/& # SKIP no/'
expect 1 'nothing passed' "a run in which nothing passed is a failure"
results -e '/start b_test/,/^ok 2/c ok 2 b_test # SKIP needs root'
expect 0 '^skip\tLinux b_test\t\*\tneeds root$' "a skipped program is told with its reason"
results -e 's/^  1\.\.1/  1..0 # SKIP no 32-bit libc/' -e '/global.three/d' -e '/leaks.sections/s/.*/  1..1\n&/'
results -e '/start b_test/,/^ok 2/s/^  1\.\.1/  1..0 # SKIP no 32-bit libc/' -e '/global.three/d'
expect 0 '^skip\tLinux b_test\t\*\tno 32-bit libc$' "an empty plan is a skip"

# Wherever the results are cut off, within a line or between two.
size=$(good_results | wc -c)
passed=
for ((n = 0; n < size - 1; n += 5)); do
	good_results | head -c $n >"$dir/results"
	! judge || passed="$passed $n"
done
good_results | head -n -1 >"$dir/results"
! judge || passed="$passed last"
[ -z "$passed" ] && ok=ok || ok="not ok"
record "$record" "$ok" runner "results cut off anywhere are a failure" "$passed"

# A machine that QEMU broke is started again, one that the kernel broke is not.
{
	good_results | head -n -1
	echo "# vm: restart"
	good_results
} >"$dir/again"
mv "$dir/again" "$dir/results"
expect 0 '^pass\tLinux b_test\tglobal.three\t$' "a run that was started again counts once"
results 's/^# vm: exit.*/# vm: restart/'
expect 1 'the results end early' "a run that was not started again is a failure"
int3='Oops: int3: 0000 [#1] PREEMPT SMP NOPTI\n[    2.2] Code: 24 00'
fault() {
	if emulator_fault "$dir/console"; then echo ok; else echo "not ok"; fi
}
splat "$int3 eb <09> 5b 5d"
record "$record" "$(fault)" runner "a breakpoint that is not there is the emulator's fault"
splat "$int3 cc <cc> cc cc"
[ "$(fault)" = ok ] && ok="not ok" || ok=ok
record "$record" "$ok" runner "a breakpoint that is there is the kernel's fault"
splat "WARNING: CPU: 1 PID: 9 at x.c:1\n[   2.2] $int3 eb <09> 5b 5d"
[ "$(fault)" = ok ] && ok="not ok" || ok=ok
record "$record" "$ok" runner "an earlier complaint is the kernel's fault"
console ''
[ "$(fault)" = ok ] && ok="not ok" || ok=ok
record "$record" "$ok" runner "a sound run is nobody's fault"

# total RECORD...: must fail
total() {
	local title=$1 ok=ok

	shift
	! "$top/vm/report.pl" total "$@" >"$dir/out" 2>&1 || ok="not ok"
	record "$record" "$ok" runner "$title"
}
printf 'pass\ta\tb\t\nend\n' >"$dir/sound"
printf 'pass\ta\tb\t\n' >"$dir/cut"
total "a record that is cut off is a failure" "$dir/sound" "$dir/cut"
total "a missing record is a failure" "$dir/sound" "$dir/missing"
total "no record at all is a failure"

# Real machines. What the programs do wrong is in their names.
program() {
	{ echo '#!/bin/sh'; cat; } >"$dir/$1"
	chmod 755 "$dir/$1"
	vm_options+=(-a "$dir/$1:/selftests/$1")
	programs+=("$1")
}
programs=()
program user_test <<'EOF'
echo 1..1
[ "$(id -un)" = alice ] && echo ok 1 alice
EOF
program user_root_test <<'EOF'
echo 1..1
[ "$(id -u)" = 0 ] && echo ok 1 root
EOF
program signal_test <<'EOF'
echo 1..2
echo ok 1 one
kill -SEGV $$
EOF
program exit_test <<'EOF'
echo 1..1
echo ok 1 one
exit 3
EOF
program early_test <<'EOF'
echo 1..2
echo ok 1 one
EOF
program leftover_test <<'EOF'
echo 1..1
sleep 1000 >/dev/null 2>&1 &
echo ok 1 one
EOF
program slow_test <<'EOF'
echo 1..1
echo '#  RUN           slow.one ...'
sleep 1000
EOF
program panic_root_test <<'EOF'
echo 1..2
echo ok 1 one
echo '#  RUN           panic.two ...'
sleep 1
echo c >/proc/sysrq-trigger
sleep 1000
EOF
program unreached_test <<'EOF'
echo 1..1
echo ok 1 one
EOF
kver=${KERNELS:-6.12}
kver=${kver##* }

# boot SECONDS OPTIONS...: run the programs without the module
boot() {
	VM_TIMEOUT=$1
	run_tests boot "$kver" "" "$dir/boot.record" "${programs[@]}" >"$dir/out" 2>&1 && boot=0 || boot=$?
}
# recorded PATTERN TEST: the last boot failed, and its record has this
recorded() {
	if [ "$boot" != 0 ] && grep -qP "$1" "$dir/boot.record"; then
		record "$record" ok runner "$2"
	else
		record "$record" "not ok" runner "$2" "no line matches $1"
		[ ! -e "$dir/boot.results" ] || cp "$dir"/boot.* "$log/"
	fi
}

test_options=(-t 3)
boot 120
recorded '^pass\tboot user_test\talice\t$' "boot: programs run as an ordinary user"
recorded '^pass\tboot user_root_test\troot\t$' "boot: root's programs run as root"
recorded '^fail\tboot signal_test\ttest 2\tdid not report$' "boot: a program killed by a signal fails"
recorded '^fail\tboot exit_test\t\*\texit status 3$' "boot: a program with a bad exit status fails"
recorded '^fail\tboot early_test\ttest 2\tdid not report$' "boot: a program that exits early fails"
recorded '^fail\tboot leftover_test\t\*\tleft 1 processes running$' "boot: a program that leaves a process behind fails"
recorded '^fail\tboot slow_test\tslow.one\tdid not report$' "boot: a program that hangs is killed and fails"
recorded '^fail\tboot panic_root_test\tpanic.two\tthe kernel complained:.*sysrq' "boot: a panic is its test's failure"
recorded '^fail\tboot unreached_test\t\*\tdid not run$' "boot: programs after a panic fail"
recorded '^fail\tboot run\t\*\tthe machine died$' "boot: a machine that dies is a failure"

test_options=()
programs=(user_test slow_test)
boot 15
recorded '^fail\tboot run\t\*\tthe machine hung and was killed$' "boot: a machine that hangs is killed"
echo end >>"$record"
! grep -q '^fail' "$record"
