#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Which rows of win32_rows.txt have a test, which have none and why, and which
# were forgotten.
#
# usage: win32_rows.sh
#
# Fails if a row has neither a test nor a reason, or both, or if a test names a
# row that is not in the list.
cd "$(dirname "$0")" || exit 1

# tests: "FILE TEST ROW" for each row in the name of a test or a variant
tests() {
	awk '
	/^(TEST|TEST_F|TEST_F_TIMEOUT|FIXTURE_VARIANT_ADD)\(/ {
		name = $0
		sub(/^[A-Z_]*\(/, "", name)
		sub(/\).*/, "", name)
		# The timeout is last, the fixture first.
		if (/^TEST_F_TIMEOUT/) sub(/,[^,]*$/, "", name)
		sub(/.*, */, "", name)
		n = split(name, word, "_")
		for (i = 1; i <= n && word[i] ~ /^[A-Z][0-9]+[a-z]?$/; i++)
			print FILENAME, name, word[i]
	}' win32_*_test.c
}

tests | awk '
# The list comes first.
NR == FNR {
	if (/^#/ || NF == 0) next
	if ($1 in text || $1 in reason) { print "twice in the list: " $1; bad = 1 }
	rows[++count] = $1
	what = $0
	if ($2 == "!") {
		sub(/^[^!]*! */, "", what)
		reason[$1] = what
	} else {
		sub(/^[^\t]*\t/, "", what)
		text[$1] = what
	}
	next
}
{
	if (!($3 in text) && !($3 in reason)) {
		print "not in the list: row " $3 " of " $2 " in " $1
		bad = 1
	}
	if (!(($3, $1, $2) in seen)) tested[$3] = tested[$3] " " $2
	seen[$3, $1, $2] = 1
}
END {
	for (i = 1; i <= count; i++) {
		row = rows[i]
		if (row in tested && row in reason) {
			print "has a test, and a reason to have none: " row
			bad = 1
		}
		if (row in tested) {
			covered++
			covered_text = covered_text "  " row ": " text[row] "\n"
		} else if (row in reason) {
			out++
			out_text = out_text "  " row ": " reason[row] "\n"
		} else {
			left++
			left_text = left_text "  " row ": " text[row] "\n"
		}
	}
	print "rows covered: " covered + 0
	printf "%s", covered_text
	print "out of scope: " out + 0
	printf "%s", out_text
	print "left: " left + 0
	printf "%s", left_text
	exit bad || left || !covered
}' win32_rows.txt -
