#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# End to end through C_Sign: our module on an embedded cluster, beside SoftHSMv2 in the same run. Prints; never fails on time.
#   tests/bench/run.sh [--smoke] [BUILD_DIR]      KMS_BENCH_SECONDS=3 per line
# --smoke: our module for one second, to see that the bench is alive (CTest).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
smoke=no
[ "${1:-}" != --smoke ] || { smoke=yes; shift; }
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

bench_softhsm() {
    echo "--- SoftHSMv2, Ed25519 token key"
    mkdir "$dir/tokens"
    printf 'directories.tokendir = %s/tokens\nlog.level = ERROR\n' "$dir" > "$dir/softhsm2.conf"
    export SOFTHSM2_CONF=$dir/softhsm2.conf
    softhsm2-util --init-token --free --label soft --so-pin 12345678 --pin 1234 > /dev/null
    for threads in 1 16; do
        "$build/tests/bench/bench_pkcs11" --module "$softhsm" --token soft --threads $threads --seconds "$seconds" --keygen $((threads == 1 ? 20 : 0))
    done
}

# bench_kms THREADS SECONDS KEYS: with the processor time of each process of the cluster
bench_kms() {
    # shellcheck disable=SC2046
    "$build/tests/bench/bench_pkcs11" --module "$KMS_PKCS11_MODULE" --token kms-ed25519 --threads "$1" --seconds "$2" --keygen "$3" \
        $(pgrep -P "$dev" | sed 's/^/--pid /')
}

echo "machine: $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)"
if [ $smoke = no ]; then
    "$build/tests/bench/bench_protocol"
    bench_softhsm
fi

echo "--- libkms-pkcs11 on kms-clusterd dev (2-of-3 on 4 nodes), Ed25519"
mkfifo "$dir/out"
exec 3<> "$dir/out"
"$build/cluster/kms-clusterd" dev --dir "$dir/dev" --port-base 0 >&3 2> "$dir/dev.log" &
dev=$!
ready=no
while read -r -t 60 line; do [ "$line" = ready ] && ready=yes && break; done <&3
[ $ready = yes ] || { cat "$dir/dev.log"; exit 1; }
# shellcheck disable=SC1091
. "$dir/dev/dev.env"
if [ $smoke = yes ]; then
    bench_kms 1 1 1
    exit
fi
for threads in 1 4 16; do bench_kms $threads "$seconds" $((threads == 1 ? 20 : 0)); done
