#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Keygen, sign, verify, list, show, delete by kmsctl and by curl, on a fresh cluster.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

started=$(date +%s%N)
dev_start
took=$((($(date +%s%N) - started) / 1000000))
say "ready after $took ms"
[ -n "${KMS_SANITIZE:-}" ] || [ "$took" -lt 5000 ] || [ "${KMS_SLOW_MACHINE:-}" = 1 ] || die "ready took $took ms, not under 5000"

say "dev.env names everything"
for name in KMS_PKCS11_CONF KMS_PKCS11_MODULE KMS_URL KMS_CACERT KMS_CREDENTIAL KMS_PIN KMS_ADMIN_CREDENTIAL; do
    grep -q "^export $name=" "$DIR/dev.env" || die "dev.env lacks $name"
done
[ -e "$KMS_PKCS11_MODULE" ] || die "KMS_PKCS11_MODULE is no file: $KMS_PKCS11_MODULE"

say "a key, made and shown"
key=$(make_key --label "first key" --id 0a0b)
[ ${#key} = 32 ] || die "key id: $key"
"$KMSCTL" key show "$key" | grep -q 'label      first key' || die "label"
"$KMSCTL" key show "$key" | grep -q 'id         0a0b' || die "id"
"$KMSCTL" key list | grep -q ' 0a0b .* first key' || die "the list shows no id"
script -qec "$KMSCTL key list" /dev/null < /dev/null > "$WORK/list"
grep -q '^KEYID ' "$WORK/list" || die "no head of the list on a terminal"
[ "$("$KMSCTL" key list --id 0a0b | cut -d ' ' -f 1)" = "$key" ] || die "list --id"
"$KMSCTL" key show --pem "$key" > "$WORK/key.pem"

say "signed by kmsctl, verified by kmsctl and by OpenSSL"
printf 'what is signed' > "$WORK/data"
"$KMSCTL" key sign "$key" --file "$WORK/data" --out "$WORK/sig" | grep -q 'signed by tss' || die "sign says no signers"
openssl_verify "$WORK/key.pem" "$WORK/data" "$WORK/sig" || die "OpenSSL refuses the signature"
expect 0 "$KMSCTL" key verify "$key" --file "$WORK/data" --signature-file "$WORK/sig"
printf 'something else' > "$WORK/other"
expect 1 "$KMSCTL" key verify "$key" --file "$WORK/other" --signature-file "$WORK/sig" --json
[ "$(member valid < "$WORK/out")" = false ] || die "verify --json"
openssl_verify "$WORK/key.pem" "$WORK/other" "$WORK/sig" && die "OpenSSL accepts a wrong message"
hex=$(od -An -v -tx1 "$WORK/data" | tr -d ' \n')
signature=$("$KMSCTL" key sign "$key" --data "$hex")
expect 0 "$KMSCTL" key verify "$key" --data "0x$hex" --signature "$signature"
expect 0 "$KMSCTL" key sign "$key" < /dev/null

say "the birth certificate, from the cluster and from a file"
expect 0 "$KMSCTL" key verify-birth "$key"
"$KMSCTL" key show "$key" --json | member birthCertificate | base64 -d > "$WORK/birth"
expect 0 env -u KMS_URL -u KMS_CREDENTIAL "$KMSCTL" key verify-birth "$WORK/birth" --json
[ "$(member keyId < "$WORK/out")" = "$key" ] || die "verify-birth names another key"
"$KMSCTL" key show "$key" --json > "$WORK/birth.json"
"$KMSCTL" key show "$key" --birth - > "$WORK/birth.pem"
"$KMSCTL" key show "$key" --birth "$WORK/birth2.pem" > "$WORK/out"
cmp "$WORK/birth.pem" "$WORK/birth2.pem" || die "--birth FILE and --birth - differ"
for form in json pem; do expect 0 env -u KMS_URL -u KMS_CREDENTIAL "$KMSCTL" key verify-birth "$WORK/birth.$form"; done
sed 's/"birthCertificate"/"other"/' "$WORK/birth.json" > "$WORK/other.json"
expect 1 env -u KMS_URL -u KMS_CREDENTIAL "$KMSCTL" key verify-birth "$WORK/other.json"
size=$(stat -c %s "$WORK/birth")
for at in 10 $((size / 2)) $((size - 5)); do
    cp "$WORK/birth" "$WORK/bent"
    printf '\x5a' | dd of="$WORK/bent" bs=1 seek="$at" conv=notrunc status=none
    cmp -s "$WORK/birth" "$WORK/bent" && continue
    "$KMSCTL" key verify-birth "$WORK/bent" > /dev/null 2>&1 && die "a birth certificate with byte $at changed is accepted"
done

say "curl, by the command that kmsctl prints"
command -v curl > /dev/null || die "curl is missing (packaging/install-deps.sh test)"
printf '{"data":"%s","dataType":"RAW"}' "$hex" > "$WORK/body it's.json"
"$KMSCTL" request POST "/api/v1/keys/$key/sign" -d "@$WORK/body it's.json" --print-curl > "$WORK/curl.sh"
(cd / && sh "$WORK/curl.sh") > "$WORK/curl.out"
expect 0 "$KMSCTL" key verify "$key" --data "$hex" --signature "$(member signature < "$WORK/curl.out")"
"$KMSCTL" request GET '/api/v1/keys?limit=1' --print-curl > "$WORK/curl.sh"
sh "$WORK/curl.sh" | grep -q "$key" || die "curl does not list the key"

say "status and nodes, by an operator; refused to a client"
expect 0 as_admin "$KMSCTL" status
expect 0 "$KMSCTL" --credential "$KMS_ADMIN_CREDENTIAL" status
expect 0 as_admin "$KMSCTL" node list --json
[ "$(grep -o '"up":true' "$WORK/out" | wc -l)" = 4 ] || die "not four nodes are up"
expect 3 "$KMSCTL" node list
expect 0 as_admin "$KMSCTL" key show "$key"
expect 3 as_admin "$KMSCTL" key sign "$key" --data 00

say "another key, 3 of 4; and every key of the owner in the list"
key2=$(make_key --shards 4 --threshold 3)
expect 0 "$KMSCTL" key sign "$key2" --data 00
[ "$("$KMSCTL" key list | wc -l)" = 2 ] || die "not two keys in the list"

say "deleted: gone for signing and from the list"
expect 0 "$KMSCTL" key delete "$key2"
[ "$("$KMSCTL" key list | wc -l)" = 1 ] || die "the deleted key is still in the list"
"$KMSCTL" key sign "$key2" --data 00 > /dev/null 2>&1 && die "a deleted key signs"

dev_stop
say "stopped in order, exit code 0; no process is left"
pgrep -f -- "--config $DIR/conf/" && die "processes are left"
exit 0
