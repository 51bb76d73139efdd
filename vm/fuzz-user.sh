#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Gives the library's parsers whatever libFuzzer thinks of, watched by ASan and
# UBSan. Needs no kernel.
#
#   TIME=60   for so many seconds
#   SEED=1    where it begins; what it is given depends on how fast it is, too
#
# What it keeps is in build/fuzz-user/corpus, what made it fail in
# build/fuzz-user/crash-*: the fuzzer build/fuzz-user/user_fuzz does that again.
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$top"

dir=$build/fuzz-user
seed=${SEED:-$RANDOM}
mkdir -p "$dir/corpus"
vm/prepare.sh module lint

quietly fuzz-user clang -g -O1 -std=gnu11 -Wall -Wextra -Werror \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
	-D_GNU_SOURCE -Iuserlib/include -Iuapi selftests/fuzz/user_fuzz.c \
	userlib/win32/*.c userlib/src/*.c -o "$dir/user_fuzz" ||
	die "the fuzzer of the library does not compile"
say "fuzzing the library for ${TIME:-60} s: make fuzz-user TIME=${TIME:-60} SEED=$seed"
status=0
"$dir/user_fuzz" -seed="$seed" -max_total_time="${TIME:-60}" -max_len=4000 \
	-artifact_prefix="$dir/" "$dir/corpus" >"$dir/output" 2>&1 || status=$?
[ $status = 0 ] || tail -n 60 "$dir/output" >&2
grep -E '^Done|^#.*DONE' "$dir/output" || true
exit $status
