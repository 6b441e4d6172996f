#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From nothing to a threshold signature: installs, builds, starts a cluster of four nodes, signs through pkcs11-tool.
set -euo pipefail

usage() {
    cat << 'EOF'
usage: packaging/quickstart.sh [--keep] [--dir DIR] [--build DIR]

Installs the build packages (as root), builds, starts a cluster of four nodes on free ports of this machine, makes an
Ed25519 key with pkcs11-tool, signs with it and lets OpenSSL verify the signature.

  --keep       leave the cluster running, and say how to use and stop it
  --dir DIR    keep the cluster in DIR (default: a new temporary directory, removed at the end unless --keep)
  --build DIR  use what is built in DIR already; install and build nothing
EOF
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=
keep=no
dir=
while [ $# -gt 0 ]; do
    case "$1" in
        --keep) keep=yes ;;
        --dir | --build)
            [ $# -ge 2 ] || { usage >&2; exit 2; }
            if [ "$1" = --dir ]; then dir=$2; else build=$2; fi
            shift
            ;;
        --help | -h) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
    shift
done

say() { printf '\n== %s\n' "$*"; }
die() { printf 'quickstart: %s\n' "$*" >&2; exit 1; }

work=$(mktemp -d)
dev_pid=
stop() {
    if [ -n "$dev_pid" ] && [ "$keep" = no ]; then
        kill -TERM "$dev_pid" 2> /dev/null || true
        wait "$dev_pid" 2> /dev/null || true
    fi
    rm -rf "$work"
}
trap stop EXIT
if [ -z "$dir" ]; then
    if [ "$keep" = yes ]; then dir=$(mktemp -d); else dir=$work/cluster; fi
fi

if [ -n "$build" ]; then
    say "1. and 2. are left out: the programs are in $build"
else
    build=$root/build/quickstart # preset release without the tests, whose packages may be absent
    say "1. packages"
    "$root/packaging/install-deps.sh" build

    say "2. build (in $build)"
    (cd "$root" && cmake --preset release -B "$build" -DKMS_TESTS=OFF > "$work/cmake.log" 2>&1) || { cat "$work/cmake.log"; die "cmake failed"; }
    cmake --build "$build" --target kms-clusterd kmsctl kms-pkcs11 -- --quiet
fi

say "3. a cluster of four nodes, each holding at most one share of a key (in $dir)"
mkfifo "$work/stdout"
if [ "$keep" = yes ]; then launcher=(setsid); else launcher=(); fi
"${launcher[@]}" "$build/cluster/kms-clusterd" dev --dir "$dir" --port-base 0 > "$work/stdout" 2> "$work/stderr" &
dev_pid=$!
exec 3< "$work/stdout"
read -r -t 120 line <&3 || line=
cat "$work/stderr"
[ "$line" = ready ] || die "the cluster did not become ready; its logs are in $dir/log (--dir DIR keeps them)"
# shellcheck disable=SC1091
. "$dir/dev.env"
kmsctl=$build/cluster/kmsctl
# setsid may have forked: the lock names the process that runs.
dev_pid=$(tr -d ' ' < "$dir/lock")

say "4. pkcs11-tool makes an Ed25519 key: three nodes run a distributed key generation, nobody ever sees the key"
id=$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
p11=(pkcs11-tool --module "$KMS_PKCS11_MODULE" --token-label kms-ed25519 --login --pin "$KMS_PIN")
"${p11[@]}" --keypairgen --key-type EC:edwards25519 --label quickstart --id "$id"
key=$("$kmsctl" key list --id "$id" | cut -d ' ' -f 1)
[ -n "$key" ] || die "kmsctl does not find the key"

say "5. pkcs11-tool signs"
printf 'A signature by two of three nodes.\n' > "$work/message"
"${p11[@]}" --sign --mechanism EDDSA --id "$id" --input-file "$work/message" --output-file "$work/signature"
# Who signed stands in the audit table, in the last row of this key's signatures; read page by page.
signers=
from=1
while [ "$from" != null ]; do
    page=$("$kmsctl" --credential "$KMS_ADMIN_CREDENTIAL" request GET "/api/v1/audit?from=$from&limit=1000")
    found=$(printf '%s' "$page" | tr '{' '\n' | { grep -F "\"key_id\":\"$key\"" || true; } | { grep -F '"operation":"KEY_SIGN","result":"ok"' || true; } |
        tail -1 | sed -n 's/.*"node_id":"\([^"]*\)".*/\1/p')
    signers=${found:-$signers}
    from=$(printf '%s' "$page" | sed -n 's/.*"next":\([0-9]*\|null\)[^0-9a-z].*/\1/p')
    [ -n "$from" ] || die "the audit table cannot be read"
done
[ -n "$signers" ] || die "the signature is not in the audit table"

say "6. OpenSSL verifies"
"$kmsctl" key show --pem "$key" > "$work/public.pem"
openssl pkeyutl -verify -pubin -inkey "$work/public.pem" -rawin -in "$work/message" -sigfile "$work/signature"

say "what happened"
"$kmsctl" key show "$key"
echo "signature  $(od -An -v -tx1 "$work/signature" | tr -d ' \n')"
echo "signed by  $signers: neither has, or ever had, the private key"
if [ "$keep" = yes ]; then
    printf '\nThe cluster runs on. Use it:   . %s/dev.env\nStop it:                       kill %s\n' "$dir" "$dev_pid"
fi
