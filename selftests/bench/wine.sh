#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the machine that measures: section_bench, and then the same in Wine, which
# is in a file system of its own, as it is at its best.
#
# usage: wine.sh [ARGUMENT...]    of section_bench and wine_bench.exe
set -e
guest.sh "$@"

# Its server has a file open for each section.
# shellcheck disable=SC3045 # busybox has it
ulimit -n 200000
# On a loop device: a disk would bring the host's time into the guest.
mkdir /wine
mount -o loop,ro /wine.img /wine
# The machine has no libraries of its own that would be in the way.
ln -s /wine/lib64 /lib64
ln -s /wine/lib/x86_64-linux-gnu /lib/
ln -s /wine/usr/lib /usr/lib
ln -s /wine/usr/share /usr/share
# /tmp is a tmpfs, where the memory of its sections is, too. The server insists
# on a prefix of its user's own.
cp -r /wine/prefix /tmp/
chown -R alice:alice /tmp/prefix
# The server stays, so that no run starts it. Services and a desktop are not
# there (nor is wineboot, which would start them): these calls need none, and
# nothing of them can wake up in between. A terminal would need a console, which
# is one more program; cat is none.
exec su -s /bin/sh alice -c "
	export WINEPREFIX=/tmp/prefix WINEDEBUG=-all
	export WINEDLLOVERRIDES=wineboot.exe,explorer.exe,mscoree,mshtml=
	cd /tmp
	/usr/lib/wine/wineserver64 -p >/dev/null 2>&1
	/usr/lib/wine/wine64 /wine_bench.exe $* | cat"
