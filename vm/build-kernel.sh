#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Compiles a kernel that looks for more than Debian's do, from Debian's source.
#
# usage: vm/build-kernel.sh VERSION-WHAT[-WHAT...]
#
# VERSION is 6.1 or 6.12. The configuration is the tiniest one with vm/base.config
# on top and then a file vm/WHAT.config for each word of the name: 6.12-sanitize,
# 6.12-kcsan. Each of these files may have another one beside it, such as
# base-6.1.config, for what only that version has.
#
# Leaves in build/kernels/NAME what vm/fetch-kernel.sh leaves, and beside it
#   config       the whole configuration
#   System.map   the kernel's symbols
#   key          from what it was made; as long as that is the same, it is kept
# The objects stay in build/kernel-trees, for the next change of an option;
# "make clean" removes those.
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

name=$1
version=${name%%-*}
dest=$build/kernels/$name
trees=$build/kernel-trees
tree=$trees/$name
debs=$build/debs/kernel-$version
package=linux-source-$version
# To be changed with what this script does to a kernel.
recipe=1

fragments=()
for word in base $(tr - ' ' <<<"${name#*-}"); do
	[ -e "$top/vm/$word.config" ] || die "$name: there is no vm/$word.config"
	fragments+=("$top/vm/$word.config")
	[ ! -e "$top/vm/$word-$version.config" ] ||
		fragments+=("$top/vm/$word-$version.config")
done

# available: the version of the package that would be fetched; of the one that was used
# if there are no package lists
available() {
	local found

	found=$(apt-cache show --no-all-versions "$package" 2>/dev/null |
		sed -n 's/^Version: //p')
	echo "${found:-$(sed -n 's/^source //p' "$dest/key" 2>/dev/null || true)}"
}

# key VERSION: from what the kernel is made, with that version of the source
key() {
	echo "recipe $recipe"
	echo "source $1"
	echo "compiler $(gcc -dumpfullversion)"
	echo "configuration $(cat "${fragments[@]}" | sha256sum | cut -c 1-16)"
}

current() { [ -e "$dest/release" ] && [ "$(key "$(available)")" = "$(cat "$dest/key")" ]; }

"$top/vm/prepare.sh" kernel
! current || exit 0
mkdir -p "$build/kernels" "$trees"
exec 9>"$trees/$name.lock"
flock 9
! current || exit 0

# fetch: the source package and no older one
fetch() {
	find "$debs" -name '*.deb' ! -name "${package}_$(available)_all.deb" -delete 2>/dev/null || true
	fetch_debs "$debs" "$package"
}

# unpack: a tree of the source as it should be, with the objects of the last time
unpack() {
	[ "$(available)" != "$(cat "$tree/.source-version" 2>/dev/null)" ] || return 0
	# Another kernel may be made of the same package at the same time.
	exec 8>"$trees/lock"
	flock 8
	say "fetching $package (150 MB)..."
	have_package "$package" || apt_update
	fetch || { rm -rf "$debs"; apt_update; fetch; } ||
		die "$package cannot be fetched; this needs Debian 12's archive"
	say "unpacking $package..."
	rm -rf "$tree"
	mkdir -p "$tree"
	dpkg-deb --fsys-tarfile "$debs"/*.deb |
		tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
		tar -xJ -C "$tree" --strip-components=1
	dpkg-deb -f "$debs"/*.deb Version >"$tree/.source-version"
	exec 8>&-
}

# in_tree LOGNAME ARGUMENT...: make, as nobody in particular and without asking
in_tree() {
	local out=$1

	shift
	quietly "$out" make -C "$tree" -j"$(nproc)" LOCALVERSION= \
		KBUILD_BUILD_USER=section KBUILD_BUILD_HOST=section "$@"
}

# lost: the lines of the fragments that did not become true; the last of those
# about one option counts
lost() {
	awk -v config="$tree/.config" '
		function option(line) {
			if (match(line, /^CONFIG_[A-Za-z0-9_]+=/))
				return substr(line, 1, RLENGTH - 1)
			if (match(line, /^# CONFIG_[A-Za-z0-9_]+ is not set$/))
				return substr(line, 3, RLENGTH - 13)
			return ""
		}
		{ name = option($0) }
		name == "" { next }
		FILENAME == config { is[name] = $0; next }
		!(name in want) { order[++n] = name }
		{ want[name] = $0 }
		END {
			for (i = 1; i <= n; i++) {
				name = order[i]
				off = "# " name " is not set"
				have = name in is ? is[name] : off
				if (have != want[name])
					print "    " want[name] "\n        is: " have
			}
		}' "$tree/.config" "${fragments[@]}"
}

configure() {
	local missing

	in_tree "config-$name" tinyconfig || die "$name has no tinyconfig"
	(cd "$tree" && quietly "merge-$name" \
		scripts/kconfig/merge_config.sh -m .config "${fragments[@]}") ||
		die "the configuration of $name cannot be put together"
	"$tree/scripts/config" --file "$tree/.config" --set-str LOCALVERSION "-${name#*-}"
	in_tree "config-$name" olddefconfig || die "the configuration of $name is refused"
	missing=$(lost)
	[ -z "$missing" ] || die "options of $name that something else prevents:
$missing
    look at their \"depends on\" in $tree, and put those options into the fragment"
}

# install: what modules are compiled against, and what is booted, without the
# sources
install() {
	local headers=$dest.new/root/usr/src/linux-headers-$rel

	rm -rf "$dest" "$dest.new"
	mkdir -p "$headers"
	in_tree "install-$name" INSTALL_MOD_PATH="$dest.new/root" modules_install ||
		die "$name cannot be installed"
	rm -f "$dest.new/root/lib/modules/$rel"/{build,source}
	(
		cd "$tree"
		find . -maxdepth 1 -type f \( -name 'Makefile*' -o -name 'Kbuild*' \
			-o -name .config -o -name Module.symvers \) -print
		find include arch/x86 scripts tools/objtool/objtool ! -type d \
			! -name '*.o' ! -name '.*.cmd' ! -name '*.a' ! -name 'vmlinux*' \
			! -path 'arch/x86/boot/*' -print
	) | (cd "$tree" && cpio -pdm --quiet "$headers")
	cp "$tree/arch/x86/boot/bzImage" "$dest.new/vmlinuz"
	cp "$tree/.config" "$dest.new/config"
	cp "$tree/System.map" "$dest.new/"
	cd "$dest.new"
	ln -s "root/usr/src/linux-headers-$rel" headers
	PATH=$PATH:/usr/sbin:/sbin depmod -b root "$rel"
	echo "$made_from" >key
	# Complete only now.
	echo "$rel" >release
	mv "$dest.new" "$dest"
}

unpack
# Of now: somebody may change the configuration while it compiles.
made_from=$(key "$(cat "$tree/.source-version")")
configure
say "compiling Linux $name (about 6 minutes with two processors)..."
in_tree "kernel-$name" bzImage modules || die "$name does not compile"
rel=$(make -s -C "$tree" LOCALVERSION= kernelrelease)
install
