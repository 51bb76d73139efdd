#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What a page fault through a section costs beside a memfd and beside plain
# mappings of files, counted in instructions.
#
# usage: [KERNELS='6.1 6.12'] vm/fault-cost.sh
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$top"

vm/prepare.sh module vm check
vm/fetch-source.sh
vm/build.sh userlib selftests

# A disk would bring the host's time into the guest, so ext4 is on a loop device
# over a file that comes with the guest.
image=$(mktemp)
trap 'rm -f "$image"' EXIT
truncate -s 64M "$image"
mke2fs -q -F -t ext4 "$image"

for kver in ${KERNELS:-$all_kernels}; do
	vm/fetch-kernel.sh "$kver"
	vm/build-module.sh "$kver"
	echo "Linux $(release "$kver"), instructions:"
	# The kernel tests its own crypto for a while after boot; virtual time
	# passes at once when nothing runs.
	vm/run.sh -i -k "$kver" -t 600 -a "$image:/ext4.img" run sh -c '
		mkdir /ext4 && mount -o loop /ext4.img /ext4 && sleep 10 &&
		fault_cost /tmp /ext4'
done
