#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# No process ever holds the private key: a search of the whole memory of each, while they sign, finds it nowhere. That the
# search would find it is shown by the same search for what a process does hold.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
[ -z "${KMS_SANITIZE:-}" ] || skip "sanitizers map terabytes of shadow memory; the ordinary build is searched"

dev_start
key=$(make_key --label memory --id 99)
dev_stop
"$SYSTEM_BIN/combine_shares" "$DIR" "$key" > "$WORK/patterns" || die "the shares cannot be combined"
[ "$(wc -l < "$WORK/patterns")" = 3 ] || die "not three patterns"
dev_start

say "the search finds what is there: the environment of a process, in its memory"
tail -f /dev/null &
known=$!
printf 'known %s\n' "$(printf 'KMS_PKCS11_MODULE=%s' "$KMS_PKCS11_MODULE" | od -An -v -tx1 | tr -d ' \n')" > "$WORK/known"
code=0
"$SYSTEM_BIN/memory_scan" "$known" < "$WORK/known" > "$WORK/scan" || code=$?
kill "$known"
[ "$code" = 77 ] && skip "this container forbids reading the memory of other processes (ptrace)"
[ "$code" = 1 ] || die "the search does not find what is there (exit code $code)"

mapfile -t pids < <(pgrep -P "$DEV_PID")
[ ${#pids[@]} = 5 ] || die "${#pids[@]} processes"

# search WHEN: all processes of the cluster, the supervisor and the application.
search() {
    local code=0
    "$SYSTEM_BIN/memory_scan" "${pids[@]}" "$DEV_PID" "$application" < "$WORK/patterns" > "$WORK/scan" 2> "$WORK/scan.err" || code=$?
    [ "$code" = 77 ] && skip "this container forbids reading the memory of the cluster's processes (ptrace)"
    [ "$code" = 0 ] || { cat "$WORK/scan" "$WORK/scan.err"; die "$1: the private key is in memory (exit code $code)"; }
    say "$1: $(tail -1 "$WORK/scan")"
}

say "searched while the application signs through the module"
mkfifo "$WORK/progress"
"$SYSTEM_BIN/sign_many" "$KMS_PKCS11_MODULE" kms-ed25519 memory 2000 > "$WORK/progress" 2> "$WORK/sign_many.err" &
application=$!
exec 8< "$WORK/progress"
# The application blocks on its full pipe when nobody reads: lines are taken before, between and after the searches.
for when in "before it signs" "after 100 signatures" "after 200 signatures" "after 300 signatures"; do
    [ "$when" = "before it signs" ] || for _ in $(seq 100); do read -r _ _ <&8; done
    search "$when"
done
while read -r _ number <&8; do count=$number; done
wait "$application" || { cat "$WORK/sign_many.err"; die "signing failed"; }
[ "$count" = 2000 ] || die "$count of 2000 signatures"
dev_stop
