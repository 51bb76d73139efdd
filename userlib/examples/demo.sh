#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
#
# Plays the examples beside this script and checks what they show.  Needs the
# section module, no privileges, and nothing but a shell and busybox.
# Exits with 0 only if everything that it claims was seen; the last line names what
# could not be shown.
#
# TMPDIR, or /tmp, has to be on a disk: the pages of a file on tmpfs are nowhere else,
# so they always count as modified, and the library of Linux to which the last scene
# compares DLLs would seem to be copied by whoever reads it.

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/section-demo.XXXXXX") || exit 1
pids=
skipped=

cleanup()
{
	for pid in $pids; do
		kill "$pid" 2>/dev/null
	done
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

bold='' green='' red='' plain=''
if [ -t 1 ] && [ -z "$NO_COLOR" ]; then
	bold=$(printf '\033[1m') green=$(printf '\033[32m')
	red=$(printf '\033[31m') plain=$(printf '\033[0m')
fi

heading()
{
	printf '\n%s\n' "$bold$1$plain"
}

say()
{
	printf '  %s\n' "$1"
}

ok()
{
	say "$green✓ $1$plain"
}

fail()
{
	say "$red✗ $1$plain"
	exit 1
}

# check SENTENCE CONDITION...: a claim, and the test(1) that proves it
check()
{
	claim=$1
	shift
	if test "$@"; then
		ok "$claim"
	else
		fail "This should hold, but does not: $claim ($*)"
	fi
}

# The process on file descriptors 3 (its input) and 4 (its output) is A, the one
# on 5 and 6 is B.  A line that a process prints is shown and kept in $line.
hear()
{
	# shellcheck disable=SC3045 # busybox's read has -t
	if ! read -r -t 20 line <&"$1"; then
		fail "Process $2 ended, or said nothing for 20 seconds: $(cat "$work/errors")"
	fi
	say "$2: $line"
}

# All that a program prints, in $lines; the program must succeed.
run()
{
	program=$1
	shift
	lines=$("$here/$program" "$@" 2>&1)
	result=$?
	printf '%s\n' "$lines" | sed 's/^/  /'
	test "$result" -eq 0 || fail "$program ended with an error."
}

# field LINE 's/.../': takes a value out of a line
field()
{
	printf '%s\n' "$1" | sed -n "$2"
}

pid_of()
{
	field "$1" 's/^pid \([0-9]*\).*/\1/p'
}

address_of()
{
	field "$1" 's/.* at \(0x[0-9a-f]*\):.*/\1/p'
}

loaded='s/.*loaded by \([a-z]*\).*/\1/p'

shmem()
{
	sed -n 's/^Shmem: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

mkfifo "$work/a.in" "$work/a.out" "$work/b.in" "$work/b.out" || exit 1

printf '%s\n' "$bold/dev/section: memory with a name, a size, rights and a lifetime$plain"
say "This is $(id -un 2>/dev/null || id -u) (uid $(id -u)) on Linux $(uname -r)."
test -c /dev/section || fail 'There is no /dev/section: modprobe section'

heading '1. Two programs share memory by name'
before=$(shmem)
"$here/writer" <"$work/a.in" >"$work/a.out" 2>"$work/errors" &
a=$!
pids=$a
exec 3>"$work/a.in" 4<"$work/a.out"
hear 4 A
line_a=$line
"$here/reader" <"$work/b.in" >"$work/b.out" 2>"$work/errors" 3>&- 4<&- &
b=$!
pids="$pids $b"
exec 5>"$work/b.in" 6<"$work/b.out"
hear 6 B
check 'they are two processes' "$(pid_of "$line_a")" -ne "$(pid_of "$line")"
check 'with views at different addresses' \
	"$(address_of "$line_a")" != "$(address_of "$line")"
check 'and B sees what A wrote' "${line##* }" = 0x123456
if lines=$(PATH=$here:$PATH:/usr/local/bin section list 2>/dev/null); then
	say '$ section list'
	printf '%s\n' "$lines" | sed 's/^/    /'
fi

echo >&3
hear 4 A
wait "$a"
echo >&5
hear 6 B
check 'A is gone, and B still has the data' "${line##* }" = 0x123456

exec 5>&-
hear 6 B
wait "$b"
exec 3>&- 4<&- 6<&-
pids=
lines=$("$here/reader" 0 2>&1)
result=$?
say "C: $lines"
check 'B is gone, and with it the name' "$result" -eq 1
case $lines in
*'no section has this name'*) ;;
*) fail 'The name could not be opened, but for another reason.' ;;
esac
# The kernel counts in batches, one for each processor.
tries=50
after=$(shmem)
while [ "$after" -gt $((before + 1024)) ] && [ "$tries" -gt 0 ]; do
	usleep 100000
	after=$(shmem)
	tries=$((tries - 1))
done
say "shared memory of the system: $before kB before, $after kB after"
check 'and the memory' "$after" -le $((before + 1024))

heading '2. Two programs share a file'
printf '........ is what A changes.\n' >"$work/letters.txt"
say "the file before: $(cat "$work/letters.txt")"
"$here/file_writer" "$work/letters.txt" <"$work/a.in" >"$work/a.out" \
	2>"$work/errors" &
a=$!
pids=$a
exec 3>"$work/a.in" 4<"$work/a.out"
hear 4 A
line_a=$line
line=$("$here/file_reader" 2>&1)
say "B: $line"
check 'B sees in its own view what A wrote by pointer' "${line##* }" = ABCDEFGH
check 'at another address' "$(address_of "$line_a")" != "$(address_of "$line")"
say "the file after: $(cat "$work/letters.txt")"
check 'and so does everybody who reads the file' \
	"$(cat "$work/letters.txt")" = 'ABCDEFGH is what A changes.'
exec 3>&- 4<&-
wait "$a"
pids=

heading '3. Copy on write'
run cow "$work/cow.bin"
first=$(printf '%s\n' "$lines" | sed -n 1p)
wrote=$(printf '%s\n' "$lines" | sed -n 2p)
other=$(printf '%s\n' "$lines" | sed -n 3p)
both=$(printf '%s\n' "$lines" | sed -n 4p)
kb='s/.* \([0-9]*\) kB are private/\1/p'
sees='s/.*: sees \(.\).*/\1/p'
check 'the writer sees its change' "$(field "$wrote" "$sees")" = X
check 'another private view does not' "$(field "$other" "$sees")" = o
check 'nor does the section' "$(field "$both" "$sees")" = o
check 'nor does the file' "${both##* }" = o
check 'nothing was copied before the write' "$(field "$first" "$kb")" -eq 0
check 'and one page of 4 kB after it' "$(field "$wrote" "$kb")" -eq 4
check 'by the writer alone' "$(field "$other" "$kb")" -eq 0

heading '4. A handle is inherited, without any name'
run inherit
check 'the child read and the parent got its answer' \
	"$(printf '%s\n' "$lines" | sed -n 's/.*read //p' | tr -d '\n')" = \
	'"hello, child""hello, parent"'

heading '5. A process is killed and leaves nothing behind'
run killed
case $lines in
*'the name is gone'*) ok 'no name, no memory, nothing to clean up' ;;
*) fail 'Something was left behind.' ;;
esac

heading '6. Programs written for Windows'
"$here/win32-memory_writer" <"$work/a.in" >"$work/errors" 2>&1 &
a=$!
pids=$a
exec 3>"$work/a.in"
tries=50
until lines=$("$here/win32-memory_reader" 2>&1); do
	[ "$tries" -gt 0 ] || fail "The reader found nothing: $lines $(cat "$work/errors")"
	usleep 100000
	tries=$((tries - 1))
done
say "memory_reader: $lines"
check 'OpenFileMapping() finds what CreateFileMapping() made' \
	"$lines" = 'Message from first process.'
echo >&3
wait "$a"
exec 3>&-
pids=
lines=$("$here/win32-memory_reader" 2>&1)
say "memory_reader: $lines"
check 'and ERROR_FILE_NOT_FOUND when its creator has ended' \
	"$lines" = 'Could not open file mapping object (2).'
run win32-file_writer "$work/records.bin"
run win32-file_reader "$work/records.bin"
case $lines in
*'record 0 to record '*) ok 'a file that one maps and writes, the other maps and reads' ;;
*) fail 'The records are not there.' ;;
esac
run win32-cow
check 'VirtualQuery() shows the one page that was copied' \
	"$(printf '%s\n' "$lines" | grep -c PAGE_READWRITE)" -eq 1

heading '7. DLLs of Windows, loaded by programs of Linux'
if [ -e "$here/counter.dll" ]; then
	"$here/image_counter" "$here/counter.dll" <"$work/a.in" >"$work/a.out" \
		2>"$work/errors" &
	a=$!
	pids=$a
	exec 3>"$work/a.in" 4<"$work/a.out"
	hear 4 A
	line_a=$line
	check 'the variable that it shares counts one process' \
		"$(field "$line" "$loaded")" = one
	line=$("$here/image_counter" "$here/counter.dll" </dev/null 2>&1)
	say "B: $line"
	check 'and now two, at the same address' "$(field "$line" "$loaded") $(address_of "$line")" = \
		"two $(address_of "$line_a")"
	check 'while each has ordinary variables of its own' "${line##* }" = 1
	echo >&3
	hear 4 A
	check 'B is gone, and has been counted down' \
		"$(field "$line" "$loaded")" = one
	exec 3>&- 4<&-
	wait "$a"
	pids=
else
	say 'There are no DLLs: gcc-mingw-w64-x86-64-win32 was not there to compile them.'
	skipped='counter.dll, for want of a compiler'
fi
say 'Now one of 20 MB, made up, which is aligned to 512 bytes and relocated,'
say 'beside a shared library of Linux of this size:'
# Until it has been written, what is new counts as modified on a disk, too.
cp "$here/large.so" "$work/" || fail 'There is no room for the library.'
sync
run image_memory "$work" "$work/large.so"
rows=$(printf '%s\n' "$lines" | sed 1,2d)
check 'whoever reads it into memory has a copy of it' \
	"$(printf '%s\n' "$rows" | awk '$5 < 20' | wc -l)" -eq 0
check 'of the section of its image, nobody has a copy of anything' \
	"$(printf '%s\n' "$rows" | awk '{ print $3 }' | sort -u)" = 0.00
library=$(printf '%s\n' "$rows" | awk '{ print $7 }' | sort -u)
test "$library" = 0.00 || say "Is $work on a disk?  On tmpfs, all counts as modified."
check 'nor of the library, which is the least that is possible' "$library" = 0.00
check 'and 32 processes together need what one needs' \
	"$(printf '%s\n' "$rows" | awk 'END { print ($2 * $1 < 21) }')" -eq 1

heading "Everything above was checked${skipped:+; not shown: $skipped}."
