#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the machine that fuzzes: what root has to prepare, the fuzzer, and whether
# all is as it was before.
#
# usage: guest.sh [-q] [ARGUMENT...]    of section_fuzz
#
#   -q  whether the kernel complains is all that matters
quick=
[ "$1" != -q ] || { quick=1; shift; }
debug=/sys/kernel/debug

# Allocations that a program makes fail are not to be told of, and those that
# may wait are to fail, too.
for kind in failslab fail_page_alloc; do
	[ -d $debug/$kind ] || continue
	echo 0 >$debug/$kind/verbose
	echo N >$debug/$kind/ignore-gfp-wait
done
# The kernel tells of a process that got no stack all the same (run.sh --scan).
echo "section-selftests: expects vmalloc error" >/dev/kmsg
[ ! -e $debug/fail_page_alloc/min-order ] || echo 0 >$debug/fail_page_alloc/min-order
# The host's file in which the fuzzer writes down what it does.
for device in /sys/bus/pci/devices/*; do
	[ "$(cat "$device/device")" = 0x1110 ] || continue
	echo 1 >"$device/enable"
	set -- -l "$device/resource2" "$@"
done
[ ! -w $debug/kmemleak ] || echo clear >$debug/kmemleak
section_fuzz "$@"
status=$?
# The machine is of no more use when the kernel has complained.
[ $status = 0 ] && [ -z "$quick" ] || exit $status

# Network namespaces go a little after their last user.
for _ in 1 2 3 4 5 6 7 8 9 10; do
	left=
	for name in sections handles views; do
		[ "$(cat $debug/section/$name)" = 0 ] ||
			left="$left $(cat $debug/section/$name) $name"
	done
	[ -n "$left" ] || break
	sleep 1
done
[ -z "$left" ] || { echo "left behind:$left"; status=1; }
if [ -w $debug/kmemleak ]; then
	echo scan >$debug/kmemleak
	sleep 5
	echo scan >$debug/kmemleak
	cat $debug/kmemleak >/tmp/leaks
	# What others lost is not the module's doing.
	if grep -q '\[section\]' /tmp/leaks; then
		echo "lost memory:"
		cat /tmp/leaks
		status=1
	fi
fi
rmmod section || { echo "the module cannot be unloaded"; status=1; }
[ $status != 0 ] || echo "nothing left behind, the module is unloaded"
exit $status
