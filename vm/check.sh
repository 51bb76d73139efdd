#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs every test on every kernel, each in a virtual machine.
#
# usage: vm/check.sh [-s]
#
#   -s  the suite only: nothing about the runner
#
#   KERNELS='6.12'        only these kernels; vm/build-kernel.sh has more of them
#   TESTS='foo_test ...'  only these programs, and nothing about the runner
#   ROUNDS=100            in compiled kernels, what tests do many times they do
#                         25 % of that, or this much
#   JOBS=1                so many machines at a time; by default one for each
#                         processor, but no more than 4
#   VM_TIMEOUT=SECONDS    how long one machine may run
#   V=1                   show everything that the programs print
#
# The last line says "N passed, N failed, N skipped"; the exit status says the
# same. Records and kernel logs are kept in build/results/latest.
set -eu
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
cd "$top"

suite_only=
[ "${1:-}" != -s ] || suite_only=1
kernels=${KERNELS:-$all_kernels}
new_results latest
trap conclude EXIT

vm/prepare.sh module vm check mingw
# shellcheck disable=SC2086 # one word per kernel
build_tests $kernels

if [ -z "${TESTS:-}" ] && [ -z "$suite_only" ]; then
	records+=("$results/runner.record")
	vm/selftest.sh "$results/runner.record" || true
fi

# shellcheck disable=SC2086 # one word per kernel
test_kernels "$results" "$build/" $kernels

# The proof that a broken module does not pass.
if [ -z "${TESTS:-}" ]; then
	records+=("$results/mutants.record")
	CHECK=1 KERNELS=${kernels##* } vm/mutants.sh "$results/mutants.record" || true
fi
