#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# packaging/quickstart.sh does what it shows, from built programs: in a directory of its own, in one used before, and kept.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
[ -z "${KMS_SANITIZE:-}" ] || skip "pkcs11-tool does not load a sanitized module without its runtime"

# quickstart OPTIONS..: it ends well, and says what it should
quickstart() {
    expect 0 "$(dirname "$0")/../../packaging/quickstart.sh" --build "$KMS_BUILD" "$@"
    for line in '^Signature Verified Successfully' '^key        [a-z2-7]\{32\}$' '^signed by  tss[1-4],tss[1-4]: '; do
        grep -q "$line" "$WORK/out" || { cat "$WORK/out" "$WORK/err"; die "quickstart does not say: $line"; }
    done
}

kept=
test_cleanup() { [ -z "$kept" ] || kill "$kept"; }

say "once, and again with the same cluster"
quickstart --dir "$DIR"
quickstart --dir "$DIR"
pgrep -f -- "--config $DIR/conf/" && die "processes are left"

say "kept, until it is stopped as it says"
quickstart --dir "$DIR" --keep
kept=$(sed -n 's/^Stop it: *kill \([0-9]*\)$/\1/p' "$WORK/out")
[ -n "$kept" ] || die "how to stop it is not said"
. "$DIR/dev.env"
expect 0 "$KMSCTL" key generate
kill "$kept"
for _ in $(seq 200); do
    pgrep -f -- "--config $DIR/conf/" > "$WORK/left" || break
    sleep 0.05
done
[ ! -s "$WORK/left" ] || die "processes are left"
kept=

say "wrong usage"
expect 2 "$(dirname "$0")/../../packaging/quickstart.sh" --build
expect 2 "$(dirname "$0")/../../packaging/quickstart.sh" --unknown
