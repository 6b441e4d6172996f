#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Everything: installs the test packages, builds, runs all tests, and again what is worth it under sanitizers.
set -euo pipefail

usage() {
    cat << 'EOF'
usage: tests/run.sh [--quick]

Installs the test packages (as root), builds preset `ci` and runs all of its tests; then builds preset `asan`
(AddressSanitizer and UBSan) and runs all of its tests, the system tests among them.

  --quick  preset `ci` only
EOF
}

quick=no
case "${1:-}" in
    '') ;;
    --quick) quick=yes ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
esac
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
jobs=$(nproc)
started=$SECONDS
failed=()

say() { printf '\n== %s (%d s)\n' "$*" $((SECONDS - started)); }

# build_and_test PRESET [ctest options]
build_and_test() {
    local preset=$1
    shift
    say "build: $preset"
    mkdir -p "build/$preset"
    cmake --preset "$preset" > "build/$preset/cmake.log" || { cat "build/$preset/cmake.log"; return 1; }
    cmake --build "build/$preset" -- -j "$jobs" || return 1
    say "test: $preset"
    ctest --test-dir "build/$preset" --output-on-failure --no-tests=error -j "$jobs" "$@" 2>&1 | tee "build/$preset/tests.log"
    return "${PIPESTATUS[0]}"
}

say "packages"
packaging/install-deps.sh test
if [ -f tests/system/grpc/package-lock.json ]; then
    say "npm: the versions of tests/system/grpc/package-lock.json"
    (cd tests/system/grpc && npm ci --no-audit --no-fund --loglevel=error) ||
        printf '\n*** npm ci failed (no network?): the stock gRPC client cannot be tried\n\n'
fi

build_and_test ci || failed+=(ci)
# The bench, and simulations and mutations by the thousand, say nothing new under sanitizers.
[ $quick = yes ] || KMS_SIM_RUNS=${KMS_SIM_RUNS:-200} KMS_FUZZ_MUTATIONS=${KMS_FUZZ_MUTATIONS:-2000} build_and_test asan -E '^(bench|lint)/' || failed+=(asan)

say "done"
for preset in ci asan; do
    log=build/$preset/tests.log
    [ ! -f "$log" ] || sed -n "s/.*- \(.*\) (Skipped)$/SKIPPED in $preset: \1/p" "$log"
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "FAILED: ${failed[*]}"
    exit 1
fi
echo "All tests passed."
