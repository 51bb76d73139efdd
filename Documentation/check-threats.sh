#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Does every test and every mutant that security.rst names exist?
#
# usage: Documentation/check-threats.sh [RST]
#
# A test is named as ``PROGRAM TEST`` or ``PROGRAM FIXTURE.TEST``, a mutant as
# ``NAME.patch``. Each hazard H1 to H23 must have its row, and each mutant that
# is named after a hazard must be in the page. Prints what is wrong.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
rst=${1:-$top/Documentation/security.rst}
wrong=0

complain() {
	echo "security.rst: $1"
	wrong=$((wrong + 1))
}

# has_test PROGRAM TEST
has_test() {
	local source=$top/selftests/$1.c fixture=${2%.*} test=${2#*.}

	[ -e "$source" ] || return 1
	case $2 in
	*.*) grep -qE "^TEST_F(_[A-Z]+)?\(${fixture}, ${test}[,)]" "$source" ;;
	*) grep -qE "^TEST(_[A-Z]+)?\(${test}[,)]" "$source" ;;
	esac
}

# The backquotes are those of the page.
# shellcheck disable=SC2016
named() { grep -o '``'"$1"'``' "$rst" | tr -d '`'; }

tests=0
while read -r program test; do
	tests=$((tests + 1))
	has_test "$program" "$test" || complain "there is no test $program $test"
done < <(named '[a-z0-9_]*_test [a-z0-9_.]*')
[ $tests -gt 0 ] || complain "names no tests"

while read -r patch; do
	[ -e "$top/selftests/mutants/$patch" ] || complain "there is no mutant $patch"
done < <(named '[a-z0-9-]*\.patch')

for hazard in {1..23}; do
	grep -q "^H$hazard  *[A-Za-z]" "$rst" || complain "H$hazard has no row"
done
for patch in "$top"/selftests/mutants/h[0-9]*.patch; do
	grep -q "\`\`${patch##*/}\`\`" "$rst" || complain "${patch##*/} is not named"
done
[ $wrong = 0 ]
