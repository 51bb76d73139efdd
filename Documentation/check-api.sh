#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Does section.rst tell everything that uapi/linux/section.h names?
#
# usage: Documentation/check-api.sh [HEADER RST]
#
# Every constant, every errno of the dictionary, and under each ioctl every
# errno that the header lists for it, must be there. Prints what is missing.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
header=${1:-$top/uapi/linux/section.h}
rst=${2:-$top/Documentation/section.rst}
missing=0

complain() {
	echo "section.rst: $1"
	missing=$((missing + 1))
}

# The part of the page below a heading, up to the next one of any level.
part() {
	awk -v title="$1" '
		/^(=+|-+|~+)$/ && length($0) >= length(last) && last != "" {
			inside = last == title
		}
		inside { print last }
		{ last = $0 }
		END { if (inside) print last }' "$rst"
}

# Errnos in a text, one per line.
errnos() {
	grep -ow 'E[A-Z0-9]\{3,\}' | sort -u || true
}

has() {
	grep -qw -- "$2" <<<"$1"
}

# What the dictionary lists: lines of errnos only, in the comment "DOC: Errors".
dictionary=$(awk '/^ \* DOC: / { inside = /DOC: Errors/ }
	inside && /^ \* E[A-Z0-9]+(, E[A-Z0-9]+)*$/' "$header" | errnos)
# Pairs of ioctl and errno, from the comments "SECTION_IOC_X - ...". An item
# "* E1, E2: text" may mention other errnos in its text, which do not count.
pairs=$(awk '
	/^ \* SECTION_IOC_[A-Z_]+ - / { ioctl = $2 }
	/^ \*\// { ioctl = "" }
	ioctl != "" && /^ \* \* E[A-Z0-9]+(, E[A-Z0-9]+)*:/ {
		sub(/^ \* \* /, ""); sub(/:.*/, "")
		n = split($0, list, /, /)
		for (i = 1; i <= n; i++) print ioctl, list[i]
	}' "$header" | sort -u)
constants=$(sed -n 's/^#define[[:space:]]\+\(SECTION_[A-Z0-9_]\+\)[[:space:]].*/\1/p' \
	"$header" | sed '/^SECTION_IOC_MAGIC$/d')
ioctls=$(sed -n '/^SECTION_IOC_/p' <<<"$constants")

# A parser that understands nothing would find nothing missing.
for ioctl in $ioctls; do
	has "$pairs" "$ioctl" || complain "no errors of $ioctl found in the header"
done
[ -n "$ioctls" ] || complain "no ioctls found in the header"
[ -n "$dictionary" ] || complain "no list of errors found in the header"

page=$(<"$rst")
for constant in $constants; do
	has "$page" "$constant" || complain "$constant is missing"
done

table=$(part Errors)
for errno in $dictionary; do
	has "$table" "$errno" || complain "$errno is missing in \"Errors\""
done
for errno in $(errnos <<<"$pairs"); do
	has "$dictionary" "$errno" ||
		complain "$errno is not in the header's own list of errors"
done

for ioctl in $ioctls; do
	text=$(part "$ioctl")
	if [ -z "$text" ]; then
		complain "there is no section \"$ioctl\""
		continue
	fi
	expected=$(sed -n "s/^$ioctl //p" <<<"$pairs")
	for errno in $expected; do
		has "$text" "$errno" || complain "$ioctl: $errno is missing"
	done
	# What the page lists as an item but the header does not know.
	listed=$(grep -E '^E[A-Z0-9]+(, E[A-Z0-9]+)*$' <<<"$text" | errnos)
	for errno in $listed; do
		has "$expected" "$errno" ||
			complain "$ioctl: $errno is not in the header"
	done
done

if [ "$missing" -gt 0 ]; then
	echo "section.rst and the header disagree in $missing places" >&2
	exit 1
fi
