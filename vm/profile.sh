#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Where the instructions of a benchmark's operation go, function by function.
#
# usage: vm/profile.sh OPERATION [CONTENDER]
#
# OPERATION is an id of section_bench (the first column of build/bench/*.csv),
# CONTENDER the number of a way of doing it; 0, the default, is the section.
#
#   KERNELS=6.1   another kernel than 6.12
#
# QEMU writes down each instruction while the operation is done again and again.
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$top"

operation=${1:?"which operation?"} contender=${2:-0}
kver=${KERNELS:-6.12}
vm/prepare.sh module vm check
vm/fetch-source.sh
vm/build.sh userlib selftests
vm/fetch-kernel.sh "$kver"
vm/build-module.sh "$kver"

mkdir -p "$build/run"
dir=$(mktemp -d "$build/run/profile.XXXXXX")
machine=
trap '[ -z "$machine" ] || kill "$machine" 2>/dev/null; rm -rf "$dir"' EXIT
mkfifo "$dir/monitor.in" "$dir/monitor.out"
cat >"$dir/guest.sh" <<-END
	#!/bin/sh
	ulimit -n 200000
	echo 200000 >/sys/module/section/parameters/max_user_sections
	echo 0 >/proc/sys/kernel/kptr_restrict
	cat /proc/kallsyms
	sleep 5
	exec section_bench -l $operation:$contender
END
chmod +x "$dir/guest.sh"

say "booting Linux $(release "$kver")..."
vm/run.sh -n -i -k "$kver" -m 3G -t 1200 -a "$dir/guest.sh:/bin/guest.sh" \
	-q -D -q "$dir/trace" -q -chardev -q "pipe,id=monitor,path=$dir/monitor" \
	-q -mon -q monitor run guest.sh >"$dir/guest" 2>&1 &
machine=$!
cat "$dir/monitor.out" >/dev/null &
exec 3>"$dir/monitor.in"
until grep -q '^LOOPING' "$dir/guest"; do
	kill -0 "$machine" 2>/dev/null || { tail -n 3 "$dir/guest" >&2; die "it did not run"; }
	sleep 1
done
say "tracing..."
# What is slow before it is done often is not what is looked for.
sleep 10
printf 'singlestep on\nlog exec,nochain\n' >&3
sleep 4
printf 'log none\n' >&3
sleep 1
printf 'quit\n' >&3
exec 3>&-
wait "$machine" || true
machine=
perl vm/profile.pl "$dir/guest" "$dir/trace"
