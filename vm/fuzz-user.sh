#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Gives the library's parsers, and the module's parser of executable images,
# whatever libFuzzer thinks of, watched by ASan and UBSan. Needs no kernel.
#
#   TIME=60   for so many seconds
#   RUNS=N    with N inputs each, however long that takes
#   SEED=1    where it begins; what it is given depends on how fast it is, too
#
# The parser of images begins with the DLLs of the examples, compiled by mingw-w64.
# What it keeps is in build/fuzz-user/corpus and build/fuzz-user/pe/corpus; what
# made it fail in build/fuzz-user/crash-*: the fuzzer build/fuzz-user/user_fuzz (or
# pe/user_pe) does that again.
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$top"

dir=$build/fuzz-user
seed=${SEED:-$RANDOM}
time=$(((${TIME:-60} + 1) / 2))
limit=(-max_total_time="$time")
amount="$time s: make fuzz-user TIME=$((2 * time))"
if [ -n "${RUNS:-}" ]; then
	limit=(-runs="$RUNS")
	amount="$RUNS inputs: make fuzz-user RUNS=$RUNS"
fi
vm/prepare.sh module lint mingw
vm/build.sh userlib
mkdir -p "$dir"

compile=(clang -g -O2 -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE
	 -Iuserlib/include -Iuapi)

# judge SOURCE: what the fuzzed code is compared with, neither watched nor slowed
# down by what would watch it; check_model() watches that. Prints the object.
judge() {
	local object

	object=$dir/$(basename "$1" .c).o
	quietly "fuzz-$(basename "$1" .c)" "${compile[@]}" -c "$1" -o "$object" ||
		die "$1 does not compile"
	echo "$object"
}

# fuzzer NAME DIRECTORY SOURCE...: compile it, and let it run for its half of the time
fuzzer() {
	local name=$1 dir=$2 status=0

	shift 2
	mkdir -p "$dir/corpus"
	quietly "fuzz-$name" "${compile[@]}" -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=undefined "$@" -o "$dir/$name" ||
		die "$name does not compile"
	say "fuzzing by $name for $amount SEED=$seed"
	"$dir/$name" -seed="$seed" "${limit[@]}" -max_len=8000 \
		-artifact_prefix="$dir/" "$dir/corpus" >"$dir/$name.output" 2>&1 ||
		status=$?
	[ $status = 0 ] || tail -n 60 "$dir/$name.output" >&2
	grep -E '^Done|^#.*DONE' "$dir/$name.output" || true
	return $status
}

# Is the model what the rows say? By itself, and by DLLs that objdump explains.
check_model() {
	quietly model "${compile[@]}" -fsanitize=address,undefined \
		selftests/image/*.c -o "$dir/selfcheck" || die "the model does not compile"
	quietly model "$dir/selfcheck" 1000 || die "the model of images is wrong"
}

# Good files and refused ones, see check_changed(); behind a zero a whole file.
pe_corpus() {
	local dll mode

	mkdir -p "$dir/pe/corpus"
	for mode in {1..63..2}; do
		printf '%b' "\\x$(printf %x "$mode")\1" >"$dir/pe/corpus/mode-$mode"
	done
	for dll in "$build"/userlib/examples/*.dll; do
		{ printf '\0'; cat "$dll"; } >"$dir/pe/corpus/$(basename "$dll")"
	done
}

failed=0
check_model
fuzzer user_fuzz "$dir" selftests/fuzz/user_fuzz.c userlib/win32/*.c \
	userlib/src/*.c module/pe.c || failed=1
pe_corpus
fuzzer user_pe "$dir/pe" selftests/fuzz/user_pe.c module/pe.c \
	"$(judge selftests/image/pe_make.c)" "$(judge selftests/image/pe_model.c)" || failed=1
exit $failed
