#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Shows the module at work in a virtual machine.
#
# usage: vm/demo.sh [shell]
#
# Without an argument it runs userlib/examples/demo.sh as an ordinary user and
# has its exit status; with "shell" there is a shell to look around.
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$top"

kver=${KERNELS:-6.12}
kver=${kver##* }
vm/prepare.sh module vm mingw
vm/fetch-kernel.sh "$kver"
say "compiling section.ko and the library..."
vm/build-module.sh "$kver"
vm/build.sh userlib
library=(-a "$build/userlib/examples/large.so:/examples/large.so")
say "booting Linux $(release "$kver")..."
if [ "${1:-}" = shell ]; then
	exec vm/run.sh -k "$kver" "${library[@]}" shell
fi
# On a disk, as demo.sh wants it.
exec vm/run.sh -k "$kver" "${library[@]}" -d -t 300 -u alice \
	run env TMPDIR=/mnt/ext4 /examples/demo.sh
