#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A cluster set up by hand as docs/operations.md says: CA with a passphrase, certificates, DEKs, roster, processes of their
# own; and what an operator may get wrong.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

cd "$WORK" || exit 1
base=$WORK/base
mkdir -p ca base/certs/gateway base/data
pids=()
stop_all() {
    for pid in "${pids[@]}"; do kill -TERM "$pid" 2> /dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2> /dev/null || true; done
    pids=()
}
test_cleanup() { stop_all; }

say "CA, certificates and credentials"
"$KMSCTL" ca init --dir ca --cluster prod --passphrase-fd 0 <<< 'ca secret'
grep -q 'BEGIN ENCRYPTED PRIVATE KEY' ca/ca.key || die "ca.key is not encrypted"
expect 3 "$KMSCTL" cert issue node tss1 --ca ca --out base/certs/tss1/tss1 --name localhost --ca-passphrase-fd 0 <<< 'wrong'
for node in tss1 tss2 tss3 tss4; do
    mkdir -p base/certs/$node
    "$KMSCTL" cert issue node $node --ca ca --out base/certs/$node/$node --name 127.0.0.1 --ca-passphrase-fd 0 <<< 'ca secret'
done
"$KMSCTL" cert issue gateway gw1 --ca ca --out base/certs/gateway/gateway --name 127.0.0.1 --name localhost --ca-passphrase-fd 0 <<< 'ca secret'
"$KMSCTL" client create alice --role operator --ca ca --out alice --ca-passphrase-fd 0 --passphrase-fd 3 <<< 'ca secret' 3<<< 'alice pin'
"$KMSCTL" client create app --ca ca --out app --ca-passphrase-fd 0 --passphrase-fd 3 <<< 'ca secret' 3<<< 'app pin'
"$KMSCTL" client create eve --role auditor --ca ca --out eve --ca-passphrase-fd 0 --no-passphrase <<< 'ca secret'
cp ca/ca.cert base/certs/
[ "$(stat -c %a ca/ca.key base/certs/tss1/tss1.key alice/client.key | sort -u)" = 600 ] || die "modes of keys"
[ "$(wc -l < ca/issued.log)" -ge 8 ] || die "issued.log"
openssl verify -CAfile ca/ca.cert base/certs/tss1/tss1.cert > /dev/null || die "OpenSSL does not verify a certificate"

say "the roster: by an operator only, with each node's own certificate"
nodes=()
for node in tss1 tss2 tss3 tss4; do nodes+=(--node "$node=base/certs/$node/$node.cert,host=rack-$node"); done
expect 3 "$KMSCTL" roster sign --credential app --pin-fd 0 --sequence 1 --out roster.pem "${nodes[@]}" <<< 'app pin'
expect 3 "$KMSCTL" roster sign --credential alice --pin-fd 0 --sequence 1 --out roster.pem "${nodes[@]}" <<< 'wrong'
expect 3 "$KMSCTL" roster sign --credential alice --pin-fd 0 --sequence 1 --out roster.pem --node tss1=base/certs/tss2/tss2.cert <<< 'alice pin'
[ ! -e roster.pem ] || die "a refused roster was written"
expect 0 "$KMSCTL" roster sign --credential alice --pin-fd 0 --sequence 1 --out base/certs/roster.pem "${nodes[@]}" <<< 'alice pin'
for sequence in 1 2; do
    expect $((2 - sequence)) "$KMSCTL" roster sign --credential alice --pin-fd 0 --sequence $sequence --out base/certs/roster.pem "${nodes[@]}" <<< 'alice pin'
done
expect 1 "$KMSCTL" roster sign --credential alice --pin-fd 0 --sequence 1 --out base/certs/roster.pem "${nodes[@]}" <<< 'alice pin'
expect 0 "$KMSCTL" roster sign --credential alice --pin-fd 0 --sequence 1 --out base/certs/roster.pem --force "${nodes[@]}" <<< 'alice pin'
expect 1 "$KMSCTL" roster sign --credential alice --pin-fd 0 --sequence 9 --out ca/ca.cert "${nodes[@]}" <<< 'alice pin'
expect 2 "$KMSCTL" roster sign --credential alice --pin-fd 0 --sequence 1 --out one.pem "${nodes[@]:0:2}" <<< 'alice pin'
expect 0 "$KMSCTL" roster sign --credential alice --pin-fd 0 --sequence 1 --out two.pem "${nodes[@]:0:4}" <<< 'alice pin'
grep -q 'warning: two nodes' "$WORK/err" || die "a roster of two nodes is not warned of"
expect 0 "$KMSCTL" roster show base/certs/roster.pem --cacert ca/ca.cert --json
[ "$(member signedBy < out)" = spiffe://prod/operator/alice ] || die "signedBy"
sed 's/[A-Z]/B/20' base/certs/roster.pem > bent.pem
"$KMSCTL" roster show bent.pem --cacert ca/ca.cert > out 2>&1 && die "a bent roster is shown as good"

say "DEKs: made, passwords changed; the old ones are of no use"
for node in tss1 tss2 tss3 tss4; do
    "$KMSCTL" dek create --node $node --file base/certs/$node/$node.dek --password-fd 0 <<< "first $node"
    expect 3 "$KMSCTL" dek passwd --node $node --file base/certs/$node/$node.dek --old-password-fd 0 --password-fd 3 <<< 'wrong' 3<<< 'x'
    "$KMSCTL" dek passwd --node $node --file base/certs/$node/$node.dek --old-password-fd 0 --password-fd 3 <<< "first $node" 3<<< "second $node"
    expect 1 "$KMSCTL" dek create --node $node --file base/certs/$node/$node.dek --password-fd 0 <<< 'again'
done
expect 1 "$KMSCTL" dek passwd --node tss2 --file base/certs/tss1/tss1.dek --old-password-fd 0 --password-fd 3 <<< 'second tss1' 3<<< 'x'

# write_conf NODE
write_conf() {
    printf 'cluster = "prod"\nnode = "%s"\nlisten = "127.0.0.1"\nport = 0\nbase = "%s"\nrequire_memlock = false\n' "$1" "$base" > "$1.conf"
    chmod 0600 "$1.conf"
}
# run NAME COMMAND..: starts it, waits for its `listening` line, sets PORT
run() {
    local name=$1 line=
    shift
    mkfifo "$name.out"
    "$@" > "$name.out" 2> "$name.err" &
    pids+=($!)
    exec 6< "$name.out"
    read -r -t 30 line <&6 || true
    exec 6<&-
    PORT=${line##*:}
    case $line in listening*) ;; *) cat "$name.err"; die "$name does not listen" ;; esac
}

say "nodes: not with a wrong password, not with keys that others may read, not with another node's DEK"
write_conf tss1
expect 4 "$CLUSTERD" node --config tss1.conf --password-fd 0 <<< "first tss1"
chmod 0644 base/certs/tss1/tss1.dek
expect 3 "$CLUSTERD" node --config tss1.conf --password-fd 0 <<< "second tss1"
chmod 0600 base/certs/tss1/tss1.dek
chmod 0640 base/certs/tss1/tss1.key
expect 3 "$CLUSTERD" node --config tss1.conf --password-fd 0 <<< "second tss1"
chmod 0600 base/certs/tss1/tss1.key
cp tss1.conf bad.conf
echo "dek = \"$base/certs/tss2/tss2.dek\"" >> bad.conf
"$CLUSTERD" node --config bad.conf --password-fd 0 <<< "second tss2" > out 2>&1 && die "a node starts with another's DEK"

say "the cluster starts, and signs"
printf 'cluster = "prod"\nlisten = "127.0.0.1"\nport = 0\nbase = "%s"\n' "$base" > coordinator.conf
for node in tss1 tss2 tss3 tss4; do
    write_conf $node
    run $node "$CLUSTERD" node --config $node.conf --password-fd 3 3<<< "second $node"
    printf 'node "%s" {\n address = "127.0.0.1"\n port = %s\n}\n' $node "$PORT" >> coordinator.conf
done
chmod 0600 coordinator.conf
run coordinator "$CLUSTERD" coordinator --config coordinator.conf
export KMS_URL=https://127.0.0.1:$PORT KMS_CACERT=$WORK/ca/ca.cert
expect 0 "$KMSCTL" status --credential alice --pin-fd 0 --wait 10 <<< 'alice pin'
for _ in $(seq 200); do
    expect 0 "$KMSCTL" node list --json --credential eve
    [ "$(grep -o '"up":true' "$WORK/out" | wc -l)" = 4 ] && break
done
key=$("$KMSCTL" key generate --credential app --pin-fd 0 --json --wait 10 <<< 'app pin' | member keyId)
expect 0 "$KMSCTL" key sign "$key" --credential app --pin-fd 0 --data 00 <<< 'app pin'
expect 0 "$KMSCTL" key verify-birth "$key" --credential eve
expect 3 "$KMSCTL" key sign "$key" --credential eve --data 00
expect 0 "$KMSCTL" request GET '/api/v1/audit?limit=100' --credential eve
grep -q '"operation":"KEY_SIGN","result":"denied"' "$WORK/out" || die "the refusal is not in the audit table"
grep -q '"operation":"KEY_SIGN","result":"ok"' "$WORK/out" || die "the signature is not in the audit table"

say "a server that is no gateway is not spoken to, though the same CA vouches for it"
mkfifo server.out
openssl s_server -accept 127.0.0.1:0 -cert base/certs/tss1/tss1.cert -key base/certs/tss1/tss1.key -www > server.out 2> server.err &
pids+=($!)
exec 6< server.out
while read -r line <&6; do case $line in ACCEPT*) break ;; esac; done
expect 3 "$KMSCTL" request GET /healthz --credential eve --url "https://127.0.0.1:${line##*:}"
grep -q 'not a gateway' "$WORK/err" || die "why: $(cat "$WORK/err")"
exec 6<&-
stop_all
