# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What vm/bench.sh and vm/bench-wine.sh share. Source it after lib.sh.

# shellcheck disable=SC2154 # lib.sh says where it is
dir=$build/bench
mkdir -p "$dir"

# begin TSV KVER FLAGS: the results of a kernel, beginning with how it was done
begin() {
	printf 'about\tkernel\t%s\nabout\trevision\t%s\nabout\tflags\t%s\n' \
		"$(release "$2")" \
		"$(git describe --always --dirty 2>/dev/null || echo unknown)" \
		"$3" >"$1"
}

# measure TSV PROGRAMS ARGUMENT...: what vm/run.sh with these arguments measures
# is shown operation by operation, and appended; "end" is the last line of each of
# so many programs
measure() {
	local tsv=$1 programs=$2 status

	shift 2
	vm/run.sh -m 3G -t 1200 "$@" | tee "$tsv.out" | awk -F '\t' '
		/^cost/ && $2 != last { last = $2; print $3 }
		/^scale/ && $2 != last { last = $2; print $3 }' >&2
	status=${PIPESTATUS[0]}
	if [ "$status" != 0 ] || [ "$(grep -c '^end$' "$tsv.out")" != "$programs" ]; then
		tail -n 5 "$tsv.out" >&2
		die "the benchmark did not end"
	fi
	grep -v '^end$' "$tsv.out" >>"$tsv"
}

# show NAME [OPTION...]: NAME.tsv in all forms, and the table; the options are
# those of bench-report.pl
show() {
	local name=$1 form

	shift
	for form in csv json; do
		perl vm/bench-report.pl "$@" $form "$name.tsv" >"$name.$form"
	done
	perl vm/bench-report.pl "$@" plot "$name.tsv" "$name" | gnuplot
	perl vm/bench-report.pl "$@" table "$name.tsv"
}
