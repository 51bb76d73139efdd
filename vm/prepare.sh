#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Installs the Debian packages that are missing.
#
# usage: vm/prepare.sh GROUP...
#   module  compiling the module and the library
#   vm      booting a kernel in QEMU
#   check   compiling the tests
#   fs      making file systems
#   kernel  compiling a kernel
#   bench   drawing what was measured
#   mingw   compiling DLLs of Windows, for tests and examples
#   wine    Wine, and compiling for it
#   lint    the static checkers
#
# As root it installs; at a terminal it asks before it uses sudo; otherwise it
# prints the command to run and fails.
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

want=()
for group; do
	case $group in
	# gcc-12 is the compiler that the kernels' own build names.
	module) want+=(make gcc gcc-12 libc6-dev libelf1 perl xz-utils) ;;
	vm) want+=(qemu-system-x86 busybox-static cpio kmod e2fsprogs) ;;
	# The tests come as 64-bit and 32-bit programs.
	check) want+=(gcc-multilib libfuse3-dev pkgconf) ;;
	fs) want+=(e2fsprogs xfsprogs btrfs-progs) ;;
	kernel) want+=(gcc make flex bison bc libelf-dev libssl-dev cpio kmod perl xz-utils) ;;
	bench) want+=(gnuplot-nox) ;;
	mingw) want+=(gcc-mingw-w64-x86-64-win32) ;;
	wine) want+=(wine64 libgcc-s1 gcc-mingw-w64-x86-64-win32) ;;
	lint) want+=(gcc-multilib sparse clang shellcheck perl python3) ;;
	*) die "unknown group $group" ;;
	esac
done

missing=()
for package in "${want[@]}"; do
	state=$(dpkg-query -W -f '${db:Status-Status} ' "$package" 2>/dev/null || true)
	case " $state" in
	*" installed "*) ;;
	*) missing+=("$package") ;;
	esac
done
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null ||
	die "not a Debian system; please install: ${missing[*]}"

install() { apt_get apt-install install -y --no-install-recommends "${missing[@]}"; }
become_root apt-get install --no-install-recommends "${missing[@]}"

for package in "${missing[@]}"; do
	have_package "$package" || { apt_update; break; }
done
say "installing ${missing[*]}..."
# Old lists name versions that the archive no longer has.
install || { apt_update; install; } || die "installing failed: ${missing[*]}"
