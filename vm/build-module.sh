#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Compiles section.ko out of tree, without writing into the sources.
#
# usage: vm/build-module.sh [-s SOURCES] [-o OUT] KERNEL [MAKE-ARGUMENT...]
#
# KERNEL is 6.1 or 6.12 for a fetched kernel, 6.12-sanitize or the like for a
# compiled one, or a kernel build directory.
# The result is OUT/section.ko, by default build/KERNEL/section.ko.
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

src=$top out=
while getopts s:o: opt; do
	case $opt in
	s) src=$(cd "$OPTARG" && pwd) ;;
	o) out=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
kernel=$1
shift

if [ -e "$build/kernels/$kernel/release" ]; then
	kdir=$build/kernels/$kernel/headers
	: "${out:=$build/$kernel}"
else
	kdir=$kernel
	: "${out:=$build/host}"
fi

mkdir -p "$out"
out=$(cd "$out" && pwd)
exec 9>"$out/.lock"
flock 9

# kbuild writes beside the sources, so give it a tree of symlinks to them.
# New files appear on the next run, and links to removed ones go.
cp -rsf "$src/Kbuild" "$src/module" "$src/uapi" "$out/"
find "$out" -xtype l -delete

# BTF would need pahole, and nothing here reads it. Kernels with KCOV can tell
# which of the module's code a thread has run; others do not heed that.
quietly "module-$(basename "$out")" \
	make -C "$kdir" M="$out" -j"$(nproc)" CONFIG_DEBUG_INFO_BTF_MODULES= \
	KCOV_INSTRUMENT=y "$@" modules ||
	die "section.ko does not compile for $kernel"
# Where the module's own Kbuild puts it is its own affair.
[ ! -e "$out/module/section.ko" ] || ln -sf module/section.ko "$out/section.ko"
