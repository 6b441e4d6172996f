#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# End to end through C_Sign: our module on an embedded cluster, beside SoftHSMv2 in the same run. Prints; never fails on time.
#   tests/bench/run.sh [BUILD_DIR]      KMS_BENCH_SECONDS=3 per line
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=${1:-$here/../../build/ci}
seconds=${KMS_BENCH_SECONDS:-3}
softhsm=/usr/lib/softhsm/libsofthsm2.so
dir=$(mktemp -d)
dev=
cleanup() {
    [ -n "$dev" ] && kill "$dev" 2>/dev/null && wait "$dev" 2>/dev/null
    rm -rf "$dir"
}
trap cleanup EXIT

echo "machine: $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)"
[ -x "$build/tests/bench/bench_protocol" ] && "$build/tests/bench/bench_protocol"

echo "--- SoftHSMv2, Ed25519 token key"
mkdir "$dir/tokens"
printf 'directories.tokendir = %s/tokens\nlog.level = ERROR\n' "$dir" > "$dir/softhsm2.conf"
export SOFTHSM2_CONF=$dir/softhsm2.conf
softhsm2-util --init-token --free --label soft --so-pin 12345678 --pin 1234 > /dev/null
for threads in 1 16; do
    "$build/tests/bench/bench_pkcs11" --module "$softhsm" --token soft --threads $threads --seconds "$seconds" --keygen $((threads == 1 ? 20 : 0))
done

echo "--- libkms-pkcs11 on kms-clusterd dev (2-of-3 on 4 nodes), Ed25519"
mkfifo "$dir/out"
exec 3<> "$dir/out"
"$build/cluster/kms-clusterd" dev --dir "$dir/dev" --port-base 0 >&3 2> "$dir/dev.log" &
dev=$!
ready=no
while read -r line; do [ "$line" = ready ] && ready=yes && break; done <&3
[ $ready = yes ] || { cat "$dir/dev.log"; exit 1; }
# shellcheck disable=SC1091
. "$dir/dev/dev.env"
pids=$(pgrep -P "$dev" | sed 's/^/--pid /' | tr '\n' ' ')
for threads in 1 4 16; do
    # shellcheck disable=SC2086
    "$build/tests/bench/bench_pkcs11" --module "$KMS_PKCS11_MODULE" --token kms-ed25519 --threads $threads --seconds "$seconds" \
        --keygen $((threads == 1 ? 20 : 0)) $pids
done
