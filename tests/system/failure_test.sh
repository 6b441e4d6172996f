#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Processes die in the middle of work: signers by kill -9 during 200 signatures (none fails), the coordinator, everything.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

dev_start
key=$(make_key --label failure --id f1)
"$KMSCTL" key show --pem "$key" > "$WORK/key.pem"
holders=$("$KMSCTL" key show "$key" | sed -n 's/^shares .*: //p')
say "key $key, held by $holders"

say "each holder in turn is killed (-9), one is frozen, during 200 signatures through the module: none fails"
mkfifo "$WORK/progress"
with_module "$SYSTEM_BIN/sign_many" "$KMS_PKCS11_MODULE" kms-ed25519 failure 200 > "$WORK/progress" 2> "$WORK/sign_many.err" &
signer=$!
read -r -a names <<< "$holders"
frozen=
count=0
while read -r _ number; do
    count=$number
    case $number in
        40) kill -9 "$(child_pid "${names[0]}")" ;;
        80) kill -9 "$(child_pid "${names[1]}")" ;;
        120) kill -9 "$(child_pid "${names[2]}")" ;;
        160)
            frozen=$(child_pid "${names[0]}")
            kill -STOP "$frozen"
            ;;
        180) kill -CONT "$frozen" ;;
    esac
done < "$WORK/progress"
wait "$signer" || { cat "$WORK/sign_many.err"; die "a signature failed after $count"; }
[ "$count" = 200 ] || die "$count of 200 signatures"

say "the coordinator is killed (-9): kmsctl waits for the new one and goes on"
before=$(child_pid coordinator)
kill -9 "$before"
expect 0 "$KMSCTL" key sign "$key" --data 0102 --wait 30
[ "$(child_pid coordinator)" != "$before" ] || die "the coordinator is the old one"
expect 0 "$KMSCTL" key generate --wait 30

say "it is killed while signatures run through the module"
with_module "$SYSTEM_BIN/sign_many" "$KMS_PKCS11_MODULE" kms-ed25519 failure 40 > "$WORK/progress" 2> "$WORK/sign_many.err" &
signer=$!
while read -r _ number; do
    [ "$number" = 10 ] && kill -9 "$(child_pid coordinator)"
done < "$WORK/progress"
wait "$signer" || { cat "$WORK/sign_many.err"; die "a signature failed when the coordinator died"; }

say "everything is stopped, and started again: the same key signs"
dev_stop
dev_start
printf 'after the restart' > "$WORK/data"
"$KMSCTL" key sign "$key" --file "$WORK/data" --out "$WORK/sig" > /dev/null
openssl_verify "$WORK/key.pem" "$WORK/data" "$WORK/sig" || die "OpenSSL refuses the signature"
expect 0 "$KMSCTL" key verify-birth "$key"

say "everything is killed (-9): children die with dev, and the same key signs after a new start"
pids=$(pgrep -P "$DEV_PID")
kill -9 "$DEV_PID"
wait "$DEV_PID" 2> /dev/null || true
for pid in $pids; do
    timeout 20 tail --pid="$pid" -f /dev/null || die "process $pid outlives dev"
done
dev_start
"$KMSCTL" key sign "$key" --file "$WORK/data" --out "$WORK/sig" > /dev/null
openssl_verify "$WORK/key.pem" "$WORK/data" "$WORK/sig" || die "OpenSSL refuses the signature"

say "one directory, one dev; a taken port is named"
expect 3 "$CLUSTERD" dev --dir "$DIR" --port-base 0
grep -q "another kms-clusterd dev (process $DEV_PID) runs in" "$WORK/err" || die "no word of the other dev: $(cat "$WORK/err")"
port=${KMS_URL##*:}
expect 3 "$CLUSTERD" dev --dir "$WORK/second" --port-base "$port"
grep -q "port $port is taken" "$WORK/err" || die "no word of the port: $(cat "$WORK/err")"
dev_stop
