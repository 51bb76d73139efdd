#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Fetches one of Debian 12's kernels, image and headers, without installing it.
#
# usage: vm/fetch-kernel.sh 6.1|6.12
#        vm/fetch-kernel.sh NAME   as of vm/build-kernel.sh
#
# Leaves in build/kernels/VERSION:
#   release      the kernel's full release
#   vmlinuz      the kernel
#   root/        the unpacked packages
#   headers      a symlink to what out-of-tree modules are built against
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

kver=$1
# Those that Debian does not have are compiled, and lie in the same places.
case $kver in *-*) exec "$top/vm/build-kernel.sh" "$kver" ;; esac
dest=$build/kernels/$kver
case $kver in
6.1) meta=linux-image-cloud-amd64 ;;
*) meta=linux-image-$kver-cloud-amd64 ;;
esac

[ ! -e "$dest/release" ] || exit 0
mkdir -p "$build/kernels"
exec 9>"$build/kernels/lock"
flock 9
[ ! -e "$dest/release" ] || exit 0

depends() { apt-cache depends "$1" 2>/dev/null | sed -n 's/^ *|*Depends: //p'; }

# The meta package names the current image; the headers name their companions.
resolve() {
	local image

	image=$(depends "$meta" | grep '^linux-image-' | head -n 1)
	[ -n "$image" ] || return 1
	abi=${image#linux-image-}
	packages=("$image" "linux-headers-$abi")
	mapfile -t -O 2 packages < <(depends "linux-headers-$abi" |
		grep -E '^linux-(headers-.*-common|kbuild-.*)$')
	[ ${#packages[@]} -eq 4 ]
}

fetch() { resolve && fetch_debs "$build/debs/$kver" "${packages[@]}"; }

say "fetching Debian kernel $kver (50 MB)..."
resolve || apt_update
# A package that is gone means that the archive has moved on.
fetch || { rm -rf "$build/debs/$kver"; apt_update; fetch; } ||
	die "$meta and its headers cannot be fetched; this needs Debian 12's archive"

rm -rf "$dest" "$dest.new"
mkdir -p "$dest.new/root"
for deb in "$build/debs/$kver"/*.deb; do
	dpkg-deb -x "$deb" "$dest.new/root"
done

cd "$dest.new"
ln -s "root/boot/vmlinuz-$abi" vmlinuz
ln -s "root/usr/src/linux-headers-$abi" headers
# The only absolute path in the headers; its target lies beside them.
# shellcheck disable=SC2016 # make expands it
sed -i 's|^include /usr/src/|include $(dir $(lastword $(MAKEFILE_LIST)))../|' headers/Makefile
! grep -q '^include /' headers/Makefile || die "unexpected headers/Makefile of $abi"
# The index of modules is made at installation, which did not happen.
PATH=$PATH:/usr/sbin:/sbin depmod -b root "$abi"
# Complete only now: whatever was interrupted before is fetched again.
echo "$abi" >release
mv "$dest.new" "$dest"
rm -rf "$build/debs/$kver"
