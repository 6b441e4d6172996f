#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Bad input on every route and every flag: a table of cases. Each is refused with the right status or exit code, and the
# cluster signs afterwards.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

dev_start
for name in bad stranger; do
    "$KMSCTL" client create $name --ca "$DIR/certs" --out "$WORK/$name" --no-passphrase > /dev/null
done
export KMS_CREDENTIAL=$WORK/bad
key=$(make_key --label bad)
object=$("$KMSCTL" request POST /api/v1/objects -d '{"class":"data","label":"o","id":"","value":"00","attributes":{}}' | member objectId)
[ -n "$object" ] || die "no object"
nobody=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
failures=0
cases=0

# refused STATUS METHOD PATH [BODY]: the answer is a problem document of that status, with a stable code.
refused() {
    local want=$1 got code
    shift
    "$KMSCTL" request "$1" "$2" ${3+-d "$3"} --json > "$WORK/out" 2> "$WORK/err" || true
    cases=$((cases + 1))
    got=$(member status < "$WORK/out")
    code=$(member code < "$WORK/out")
    if [ "$got" != "$want" ] || [ -z "$code" ] || [ "$code" = internal ]; then
        printf 'wrong: %s %s %.120s\n  wanted %s, got %s %s: %s\n' "$1" "$2" "${3-}" "$want" "$got" "$code" "$(head -c 300 "$WORK/out")"
        failures=$((failures + 1))
    fi
}
long() { head -c "$1" /dev/zero | tr '\0' "${2:-a}"; }

say "generate"
generate() { refused "$1" POST /api/v1/keys/generate "$2"; }
ok='"format":{"type":"ECC","curve":"ED25519"}'
generate 400 ''
generate 400 'null'
generate 400 '[]'
generate 400 '{'
generate 400 '{}'
generate 400 "{$ok} trailing"
generate 400 "{$ok,$ok}"
generate 400 "{$ok,\"unknown\":1}"
generate 400 '{"format":{"type":"RSA","curve":"ED25519"}}'
generate 400 '{"format":{"type":"ECC","curve":"CURVE25519"}}'
generate 400 '{"format":{"type":"ECC","curve":7}}'
generate 400 '{"format":{"type":"ECC"}}'
generate 400 '{"format":{"type":"ECC","curve":"ED25519","algo_type":"GG18"}}'
generate 400 '{"format":{"type":"ECC","curve":"ED25519","size":33}}'
generate 400 '{"format":{"type":"ECC","curve":"ED25519","size":"32"}}'
generate 400 '{"format":{"type":"ECC","curve":"ED25519","more":1}}'
for shards in '{"shard_count":3,"threshold":1}' '{"shard_count":3,"threshold":3}' '{"shard_count":3,"threshold":4}' \
    '{"shard_count":1,"threshold":1}' '{"shard_count":17,"threshold":2}' '{"shard_count":5,"threshold":2}' '{"shard_count":-3,"threshold":2}' \
    '{"shard_count":2.5,"threshold":2}' '{"shard_count":"3","threshold":2}' '{"shard_count":1e9,"threshold":2}' '[]' \
    '{"shard_count":3,"threshold":2,"all_of_n":1}'; do
    "$KMSCTL" request POST /api/v1/keys/generate -d "{$ok,\"shard_properties\":$shards}" --json > "$WORK/out" 2> /dev/null || true
    status=$(member status < "$WORK/out")
    cases=$((cases + 1))
    case $status in 400 | 409 | 503) ;; *)
        echo "wrong: shard_properties $shards gives $(head -c 200 "$WORK/out")"
        failures=$((failures + 1))
        ;;
    esac
done
generate 400 "{$ok,\"label\":7}"
generate 400 "{$ok,\"label\":\"$(long 256)\"}"
generate 400 "{$ok,\"label\":\"a\\u0000b\"}"
generate 400 "{$ok,\"id\":\"0\"}"
generate 400 "{$ok,\"id\":\"zz\"}"
generate 413 "{$ok,\"id\":\"$(long 512 0)\"}"
generate 400 "{$ok,\"attributes\":[]}"
generate 400 "{$ok,\"attributes\":{\"a\":1}}"
generate 400 "{$ok,\"attributes\":{\"a\":\"$(long 4100)\"}}"
generate 400 "{$ok,\"deep\":$(long 40 '[')$(long 40 ']')}"
long 1048577 ' ' > "$WORK/big"
got=$(curl -s -o /dev/null -w '%{http_code}' --cacert "$KMS_CACERT" --data-binary "@$WORK/big" "$KMS_URL/api/v1/keys/generate")
[ "$got" = 413 ] || { echo "wrong: a body of 1 MiB gives $got, not 413"; failures=$((failures + 1)); }
refused 405 GET /api/v1/keys/generate
refused 405 DELETE /api/v1/keys/generate

say "keys"
refused 400 GET '/api/v1/keys?limit=0'
refused 400 GET '/api/v1/keys?limit=1001'
refused 400 GET '/api/v1/keys?limit=x'
refused 400 GET '/api/v1/keys?limit=1&limit=2'
refused 400 GET '/api/v1/keys?after=..'
refused 400 GET '/api/v1/keys?unknown=1'
refused 405 POST /api/v1/keys '{}'
refused 405 DELETE /api/v1/keys
refused 404 GET "/api/v1/keys/$nobody"
refused 404 DELETE "/api/v1/keys/$nobody"
refused 404 POST "/api/v1/keys/$nobody/sign" '{"data":"00","dataType":"RAW"}'
refused 404 POST "/api/v1/keys/$nobody/verify" '{"data":"00","dataType":"RAW","signature":"00"}'
refused 404 PATCH "/api/v1/keys/$nobody" '{"label":"","id":"","attributes":{},"revision":2}'
refused 404 GET "/api/v1/keys/$key/unknown"
refused 404 GET "/api/v1/keys/$key/"
refused 404 GET "/api/v1/keys/$key%00"
refused 404 GET "/api/v1/keys/../keys/$key"
refused 405 POST "/api/v1/keys/$key" '{}'
change() { refused "$1" PATCH "/api/v1/keys/$key" "$2"; }
change 400 ''
change 400 '{}'
change 400 '{"label":"x","id":"","revision":2}'
change 400 '{"label":"x","id":"","attributes":{}}'
change 400 '{"label":"x","id":"0","attributes":{},"revision":2}'
change 400 '{"label":"x","id":"","attributes":{},"revision":"2"}'
change 409 '{"label":"x","id":"","attributes":{},"revision":1}'
change 409 '{"label":"x","id":"","attributes":{},"revision":3}'
change 400 '{"label":"x","id":"","attributes":{},"revision":2,"state":"ENABLED"}'
# To a stranger a key of somebody else is not there.
(
    export KMS_CREDENTIAL=$WORK/stranger
    refused 404 GET "/api/v1/keys/$key"
    refused 404 DELETE "/api/v1/keys/$key"
    refused 404 PATCH "/api/v1/keys/$key" '{"label":"x","id":"","attributes":{},"revision":2}'
    refused 404 POST "/api/v1/keys/$key/sign" '{"data":"00","dataType":"RAW"}'
    refused 404 POST "/api/v1/keys/$key/verify" '{"data":"00","dataType":"RAW","signature":"00"}'
    refused 404 GET "/api/v1/objects/$object"
    [ "$failures" = 0 ]
) || failures=$((failures + 1))

say "sign and verify"
sign() { refused "$1" POST "/api/v1/keys/$key/sign" "$2"; }
sign 400 ''
sign 400 '{}'
sign 400 '{"data":"0","dataType":"RAW"}'
sign 400 '{"data":"xx","dataType":"RAW"}'
sign 400 '{"data":7,"dataType":"RAW"}'
sign 400 '{"data":"00","dataType":"raw"}'
sign 400 '{"data":"00","dataType":"HASH"}'
sign 400 '{"data":"00","dataType":"RAW","more":1}'
printf '{"data":"%s","dataType":"RAW"}' "$(long 131074 0)" > "$WORK/big"
refused 413 POST "/api/v1/keys/$key/sign" "@$WORK/big"
refused 405 GET "/api/v1/keys/$key/sign"
verify() { refused "$1" POST "/api/v1/keys/$key/verify" "$2"; }
verify 400 '{}'
verify 400 '{"data":"00","dataType":"RAW"}'
verify 400 '{"data":"00","dataType":"RAW","signature":"0"}'
verify 400 '{"data":"00","dataType":"RAW","signature":"00","more":1}'

say "objects"
create() { refused "$1" POST /api/v1/objects "$2"; }
create 400 ''
create 400 '{}'
create 400 '{"class":"key","label":"","id":"","value":"00","attributes":{}}'
create 400 '{"class":"data","label":"","id":"","value":"0","attributes":{}}'
create 400 '{"class":"data","label":"","id":"","value":7,"attributes":{}}'
create 400 '{"class":"data","label":"","id":"","value":"00","attributes":{"a":{}}}'
create 400 '{"class":"data","label":"","id":"","value":"00","attributes":{},"more":1}'
printf '{"class":"data","label":"","id":"","value":"%s","attributes":{}}' "$(long 131074 0)" > "$WORK/big"
create 413 "@$WORK/big"
refused 400 GET '/api/v1/objects?limit=0'
refused 404 GET "/api/v1/objects/$nobody"
refused 404 DELETE "/api/v1/objects/$nobody"
refused 404 PATCH "/api/v1/objects/$nobody" '{"label":"","id":"","attributes":{},"revision":2}'
refused 409 PATCH "/api/v1/objects/$object" '{"label":"","id":"","attributes":{},"revision":5}'
refused 400 PATCH "/api/v1/objects/$object" '{"label":""}'
refused 405 POST "/api/v1/objects/$object" '{}'

say "the cluster's routes"
for path in /api/v1/nodes /api/v1/status /api/v1/audit; do refused 403 GET $path; done
for path in /api/v1/nodes /api/v1/status /api/v1/audit /api/v1/capabilities; do refused 405 POST $path '{}'; done
for path in / /api /api/v1 /api/v2/keys /api/v1/keyss '/api/v1/nodes/tss1' '/%2e%2e/etc/passwd'; do refused 404 GET "$path"; done
KMS_CREDENTIAL=$KMS_ADMIN_CREDENTIAL refused 400 GET '/api/v1/audit?limit=x'
KMS_CREDENTIAL=$KMS_ADMIN_CREDENTIAL refused 400 GET '/api/v1/audit?from=-1'

say "signatures: each covered part changed, left out, or used again for something else"
body='{"data":"00","dataType":"RAW"}'
printed() { "$KMSCTL" request POST "/api/v1/keys/$key/sign" -d "$body" --print-curl; }
# unsigned STATUS SED-SCRIPT: the printed command, edited
edited() {
    local got
    printed | sed -e "$2" -e 's/^curl /curl -o \/dev\/null -w "%{http_code}" /' > "$WORK/edited.sh"
    got=$(sh "$WORK/edited.sh")
    cases=$((cases + 1))
    [ "$got" = "$1" ] && return
    echo "wrong: signature edited by $2 gives $got, not $1"
    failures=$((failures + 1))
}
edited 200 ''
edited 401 's/^  --data-raw .*/  --data-raw '"'"'{"data":"01","dataType":"RAW"}'"'"' \\/'
edited 401 "s|/sign'|/verify'|"
edited 401 "s|/sign'|/sign?x=1'|"
for header in Signature-Input Signature: Content-Digest Idempotency-Key Client-Cert X-KMS-Access-Key; do
    edited 401 "/-H '$header/d"
done
edited 401 's/Idempotency-Key: /Idempotency-Key: x/'
edited 401 's/created=\([0-9]*\)/created=1\1/'
edited 401 's/expires=\([0-9]*\)/expires=1\1/'
edited 401 's/nonce="/nonce="x/'
edited 401 's/tag="kms-v1"/tag="kms-v2"/'
edited 401 's/alg="ed25519"/alg="hmac-sha256"/'
edited 401 's/Signature: kms=:\(.\)/Signature: kms=:x\1/'
edited 401 's/X-KMS-Access-Key: ./X-KMS-Access-Key: z/'
edited 401 's/Client-Cert: :M/Client-Cert: :N/'

"$KMSCTL" request GET "/api/v1/keys/$key" --print-curl | sed 's/-X .GET./-X DELETE/' > "$WORK/edited.sh"
sh "$WORK/edited.sh" | grep -q '"status":401' || { echo "wrong: the method can be changed"; failures=$((failures + 1)); }

say "a certificate of another CA, with the right names"
"$KMSCTL" ca init --dir "$WORK/evil" --cluster dev --no-passphrase > /dev/null 2>&1 ||
    { mkdir "$WORK/evil" && "$KMSCTL" ca init --dir "$WORK/evil" --cluster dev --no-passphrase > /dev/null; }
"$KMSCTL" client create bad --ca "$WORK/evil" --out "$WORK/forged" --no-passphrase > /dev/null
KMS_CREDENTIAL=$WORK/forged refused 401 GET /api/v1/keys

say "every command of kmsctl: unknown option, missing value, argument too many"
unset KMS_PIN
while read -r noun verb; do
    for words in --unknown --json=yes '--timeout' 'a b c d e'; do
        # shellcheck disable=SC2086
        expect 2 "$KMSCTL" $noun $verb $words < /dev/null
        cases=$((cases + 1))
    done
    # shellcheck disable=SC2086
    expect 0 "$KMSCTL" $noun $verb --help
done < <("$KMSCTL" --help | sed -n 's/^  \([a-z]*\) \([a-z-]*\) .*/\1 \2/p' | grep -v '^KMS')
# flag CODE COMMAND..: its exit code, with nothing to read
flag() {
    local want=$1 got=0
    shift
    "$@" < /dev/null > "$WORK/out" 2> "$WORK/err" || got=$?
    cases=$((cases + 1))
    [ "$got" = "$want" ] && return
    printf 'wrong: exit code %s, not %s, of: %.200s\n  %s\n' "$got" "$want" "$*" "$(head -c 300 "$WORK/err")"
    failures=$((failures + 1))
}
flag 2 "$KMSCTL"
flag 2 "$KMSCTL" key generate --shards 1
flag 2 "$KMSCTL" key generate --shards x
flag 2 "$KMSCTL" key generate --threshold 99
flag 2 "$KMSCTL" key list --timeout 0
flag 2 "$KMSCTL" key list --timeout 301
flag 2 "$KMSCTL" key list --wait -1
flag 2 "$KMSCTL" key generate --shards 3 --threshold 3
grep -q -e --all-of-n "$WORK/err" || die "how to ask for all of n is not said: $(cat "$WORK/err")"
flag 2 "$KMSCTL" key generate --shards 2 --threshold 3
flag 2 "$KMSCTL" key generate --all-of-n
flag 2 "$KMSCTL" key generate --curve NONE
flag 2 "$KMSCTL" key generate --id xyz
flag 2 "$KMSCTL" key generate --id "$(long 512 0)"
flag 2 "$KMSCTL" key generate --label "$(long 256)"
flag 2 "$KMSCTL" key list --url ftp://127.0.0.1
flag 2 "$KMSCTL" key list --url ''
flag 4 "$KMSCTL" key list --cacert /nonexistent
flag 3 "$KMSCTL" key list --cacert "$WORK/evil/ca.cert"
flag 4 "$KMSCTL" key list --credential /nonexistent
flag 2 "$KMSCTL" key list --credential "$DIR/clients/app"
KMS_PIN=wrong flag 3 "$KMSCTL" key list --credential "$DIR/clients/app"
flag 5 "$KMSCTL" key list --url https://127.0.0.1:1
grep -q 'is the coordinator running' "$WORK/err" || die "no hint: $(cat "$WORK/err")"
flag 4 "$KMSCTL" key show $nobody
grep -q 'running?\|name right?' "$WORK/err" && die "a hint that misleads: $(cat "$WORK/err")"
flag 2 "$KMSCTL" key show short
flag 2 "$KMSCTL" key show
grep -q 'KEYID is missing' "$WORK/err" || die "what is missing is not said: $(cat "$WORK/err")"
flag 2 "$KMSCTL" key show "$key" --pem --birth -
flag 2 "$KMSCTL" key delete short
flag 2 "$KMSCTL" key sign short --data 00
flag 2 "$KMSCTL" key sign "$key" --data xyz
flag 2 "$KMSCTL" key list --pin-fd 99 --credential "$DIR/clients/app"
flag 2 "$KMSCTL" key
grep -q 'verify-birth' "$WORK/err" || die "the verbs of a noun are not said"
flag 2 "$KMSCTL" --bogus key list
flag 0 "$KMSCTL" --timeout 20 key --json list
flag 2 "$KMSCTL" key sign "$key" --data 00 --file x
flag 2 "$KMSCTL" key sign "$key" --data 00 --data-type TEXT
flag 4 "$KMSCTL" key sign "$key" --file /nonexistent
flag 2 "$KMSCTL" key verify "$key" --data 00
flag 2 "$KMSCTL" key verify "$key" --data 00 --signature 0
flag 1 "$KMSCTL" key verify "$key" --data 00 --signature 00
flag 1 "$KMSCTL" key verify-birth /etc/hostname
flag 2 "$KMSCTL" ca init --dir "$WORK/x"
flag 2 "$KMSCTL" ca init --dir "$WORK/x" --cluster 'a b' --no-passphrase
flag 1 "$KMSCTL" ca init --dir "$DIR/certs" --cluster dev --no-passphrase
flag 2 "$KMSCTL" cert issue client x --ca "$DIR/certs" --out "$WORK/x"
flag 2 "$KMSCTL" cert issue node 'a/b' --ca "$DIR/certs" --out "$WORK/x"
flag 2 "$KMSCTL" cert issue node x --ca "$DIR/certs" --out "$WORK/x" --days 0
flag 4 "$KMSCTL" cert issue node x --ca /nonexistent --out "$WORK/x"
flag 2 "$KMSCTL" client create x --ca "$DIR/certs" --out "$WORK/x" --role node --no-passphrase
flag 2 "$KMSCTL" client create '../x' --ca "$DIR/certs" --out "$WORK/x" --no-passphrase
flag 1 "$KMSCTL" client create bad --ca "$DIR/certs" --out "$WORK/bad" --no-passphrase
flag 2 "$KMSCTL" dek create --node tss9 --file "$WORK/x" --iterations 9999 --password-fd 0
flag 2 "$KMSCTL" dek create --node tss9 --file "$WORK/x"
flag 3 "$KMSCTL" dek create --node tss9 --file "$WORK/x" --password-fd 0
flag 2 "$KMSCTL" roster sign --out "$WORK/x"
flag 3 "$KMSCTL" roster sign --out "$WORK/x" --sequence 2 --node "tss1=$DIR/certs/tss1/tss1.cert"
flag 1 "$KMSCTL" roster show "$DIR/certs/ca.cert"
flag 2 "$KMSCTL" request GET
flag 2 "$KMSCTL" request GET nopath
flag 2 "$KMSCTL" request get /healthz
flag 2 "$KMSCTL" request PROPFINDS /healthz
flag 2 "$KMSCTL" request GET /healthz --idempotency-key 'a b'
flag 4 "$KMSCTL" request POST /x -d @/nonexistent

say "every flag of kms-clusterd"
flag 2 "$CLUSTERD"
flag 2 "$CLUSTERD" nonsense
for role in node coordinator; do
    flag 0 "$CLUSTERD" $role --help
    flag 2 "$CLUSTERD" $role
    flag 2 "$CLUSTERD" $role --config
    flag 2 "$CLUSTERD" $role --unknown
    grep -q "^kms-clusterd $role: --unknown .*--help" "$WORK/err" || die "what is unknown is not said: $(cat "$WORK/err")"
    flag 2 "$CLUSTERD" $role --config "$DIR/conf/tss1.conf" more
    flag 3 "$CLUSTERD" $role --config /nonexistent
done
flag 2 "$CLUSTERD" node --config "$DIR/conf/tss1.conf" --password-fd x
flag 2 "$CLUSTERD" dev
flag 2 "$CLUSTERD" dev --dir
flag 2 "$CLUSTERD" dev --dir /proc/nonexistent
for words in '--nodes 2' '--nodes 17' '--nodes x' '--port-base -1' '--port-base 65535' '--port-base x' '--pin' '--unknown' 'more'; do
    # shellcheck disable=SC2086
    flag 2 "$CLUSTERD" dev --dir "$WORK/never" $words
done
flag 2 "$CLUSTERD" dev --dir "$WORK/never" --pin ''
flag 3 "$CLUSTERD" dev --dir "$WORK" --port-base 0
[ ! -e "$WORK/never/certs" ] || die "a wrong command line has made something"

say "every option of the configuration files"
# conf ROLE FILE LINE: the good file with one more line is refused with exit code 3, naming the option or the file
conf() {
    cp "$2" "$WORK/edited.conf"
    printf '%s\n' "$3" >> "$WORK/edited.conf"
    flag 3 timeout 10 "$CLUSTERD" "$1" --config "$WORK/edited.conf"
    grep -q -e edited.conf -e "${3%%[ =]*}" "$WORK/err" && return
    echo "wrong: neither option nor file are named for $3: $(cat "$WORK/err")"
    failures=$((failures + 1))
}
for line in 'unknown = 1' 'port = 65536' 'port = -1' 'port = "x"' 'cluster = "a b"' 'node = "../x"' 'listen = "nowhere"' \
    'sign_deadline_ms = 0' 'generate_deadline_ms = -5' 'progress_ms = x' 'sessions_max = 0' 'deletion_wait_days = -1' \
    'require_memlock = perhaps' 'log_level = "loud"' 'cluster = "' '}'; do
    conf node "$DIR/conf/tss1.conf" "$line"
done
for line in 'unknown = 1' 'port = 65536' 'cluster = ""' 'tls = perhaps' 'allow = {"1.2.3.4/99"}' 'allow = {"x"}' \
    'node "tss9" { address = "nowhere" port = 1 }' 'node "tss9" { address = "127.0.0.1" port = 0 }' 'node "a b" { address = "127.0.0.1" port = 1 }' \
    'heartbeat_ms = 0' 'heartbeat_misses = 0' 'requests_max = 0' 'default_algorithm_ed25519 = "GG18"' 'log_level = "loud"'; do
    conf coordinator "$DIR/conf/coordinator.conf" "$line"
done
cp "$DIR/conf/tss1.conf" "$WORK/edited.conf"
chmod 0666 "$WORK/edited.conf"
flag 3 "$CLUSTERD" node --config "$WORK/edited.conf"
sed 's/^listen.*/listen = "0.0.0.0"\ntls = false/' "$DIR/conf/coordinator.conf" > "$WORK/edited.conf"
chmod 0600 "$WORK/edited.conf"
flag 3 "$CLUSTERD" coordinator --config "$WORK/edited.conf"

say "after $cases cases the cluster signs, and no process has died"
expect 0 "$KMSCTL" key sign "$key" --data 00
grep -q 'ended by' "$WORK/dev.err" && die "a process has died"
[ "$failures" = 0 ] || die "$failures of $cases cases"
dev_stop
