#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Fetches the parts of the kernel's source that tests and lint use, the
# kselftest harness, checkpatch and kernel-doc, into build/linux-source.
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

package=linux-source-6.12
dest=$build/linux-source

[ ! -e "$dest/complete" ] || exit 0
exec 9>"$build/source-lock"
flock 9
[ ! -e "$dest/complete" ] || exit 0

fetch() { fetch_debs "$build/debs/source" "$package"; }

say "fetching $package (150 MB)..."
have_package "$package" || apt_update
fetch || { rm -rf "$build/debs/source"; apt_update; fetch; } ||
	die "$package cannot be fetched; this needs Debian 12's archive"

say "unpacking $package..."
rm -rf "$dest"
mkdir -p "$dest"
dpkg-deb --fsys-tarfile "$build/debs/source"/*.deb |
	tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
	tar -xJ -C "$dest" --strip-components=1 --wildcards \
		'*/scripts/checkpatch.pl' '*/scripts/const_structs.checkpatch' \
		'*/scripts/spelling.txt' '*/scripts/kernel-doc' \
		'*/tools/scripts' '*/tools/include' \
		'*/tools/testing/selftests/lib.mk' \
		'*/tools/testing/selftests/kselftest' \
		'*/tools/testing/selftests/kselftest*.h' \
		'*/tools/testing/selftests/kselftest*.sh'
touch "$dest/complete"
rm -rf "$build/debs/source"
