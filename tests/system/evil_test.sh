#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The coordinator in the tester's hands (kms-clusterd-evil, KMS_HOOK): each tampering is refused by the nodes, or seen by
# kmsctl and the module; the same keys serve again under an honest coordinator.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
EVIL=$KMS_BUILD/cluster/kms-clusterd-evil
[ -x "$EVIL" ] || skip "kms-clusterd-evil is not built (KMS_HOOKS=ON)"

# dev runs this as the coordinator: the honest one, or the evil one with the hook that the file names.
cat > "$WORK/coordinator" << EOF
#!/bin/sh
hook=\$(cat "$WORK/hook")
[ "\$hook" = none ] && exec "$CLUSTERD" "\$@"
KMS_HOOK=\$hook exec "$EVIL" "\$@"
EOF
chmod +x "$WORK/coordinator"
export KMS_DEV_COORDINATOR=$WORK/coordinator

# hook NAME: a new coordinator with that tampering; returns when it answers.
hook() {
    say "$1"
    echo "$1" > "$WORK/hook"
    kill -9 "$(child_pid coordinator)"
    expect 0 "$KMSCTL" request GET /readyz --wait 30
}

# refused COMMAND..: fails, and gives out nothing wrong as right.
refused() {
    "$@" > "$WORK/out" 2> "$WORK/err" && { cat "$WORK/out"; die "not refused: $*"; }
    sed 's/^/   /' "$WORK/err"
}

sign_by_module() { with_module "$SYSTEM_BIN/sign_many" "$KMS_PKCS11_MODULE" kms-ed25519 "${2:-good}" "$1"; }
# The module may go on where the tampering changes nothing that it believes: with the right key, and a right signature of the
# right message (sign_many verifies).
module_is_not_fooled() {
    sign_by_module 1 > "$WORK/out" 2> "$WORK/err" || { sed 's/^/   /' "$WORK/err" && return 0; }
    grep -q "^key $public_key\$" "$WORK/err" || die "the module shows another public key: $(cat "$WORK/err")"
    echo "   the module: not fooled"
}
sign_by_kmsctl() { "$KMSCTL" key sign "$key" --data "$1" --timeout 10; }

echo none > "$WORK/hook"
dev_start
key=$(make_key --label good --id 01)
sign_by_kmsctl 00 > /dev/null
public_key=$("$KMSCTL" key show "$key" --json | member publicKey)
module_is_not_fooled

hook forge-request
refused sign_by_kmsctl 3333
refused "$KMSCTL" key generate --label 3333 --timeout 10
refused sign_by_module 1

hook replay-request
sign_by_kmsctl 01 > /dev/null || die "the first request is not an earlier one"
refused sign_by_kmsctl 02
module_is_not_fooled # it signs its request anew, and the one before asked for the same

hook wrong-message
sign_by_kmsctl 01 > /dev/null || die "the first request is not another one"
refused sign_by_kmsctl 02
refused sign_by_module 1

hook swap-signature
refused sign_by_kmsctl 01
refused sign_by_module 1

hook swap-public-key
refused "$KMSCTL" key show "$key"
refused "$KMSCTL" key list
refused "$KMSCTL" key generate
refused sign_by_kmsctl 01
module_is_not_fooled

hook swap-label
refused "$KMSCTL" key show "$key"
refused "$KMSCTL" key list
refused "$KMSCTL" key generate --label mine
module_is_not_fooled
refused sign_by_module 1 swapped

# A change whose evidence was not recorded is not taken for done. (The hook shows the change before: there must be one.)
hook none
stale=$(make_key --label stale --id 51)
set_id() { with_module pkcs11-tool --module "$KMS_PKCS11_MODULE" --token-label kms-ed25519 --login --pin "$KMS_PIN" --type privkey --id "$1" --set-id "$2"; }
set_id 51 52 > "$WORK/out" 2>&1 || { cat "$WORK/out"; die "pkcs11-tool --set-id"; }
[ "$("$KMSCTL" key list --id 52 | cut -d ' ' -f 1)" = "$stale" ] || die "the id"
hook stale-change
refused set_id 52 53
refused "$KMSCTL" key show "$stale"

hook none
expect 0 "$KMSCTL" key delete "$stale"
"$KMSCTL" key show "$key" | grep -q 'label      good' || die "the label"
sign_by_kmsctl 01 > /dev/null
sign_by_module 5 > /dev/null
count=$("$KMSCTL" key list | wc -l)

# A commit that was withheld or given to some: what remains is whole keys, and no node keeps what is neither.
for name in drop-commit fork-commit; do
    hook $name
    "$KMSCTL" key generate --label $name --timeout 10 > "$WORK/out" 2>&1 || sed 's/^/   /' "$WORK/out"
    hook none
    # Whole keys come to life when their holders meet: whoever uses them brings that about.
    pending=1
    deadline=$((SECONDS + 90))
    while [ "$pending" != 0 ] && [ $SECONDS -lt $deadline ]; do
        expect 0 "$KMSCTL" key list
        cut -d ' ' -f 1 "$WORK/out" > "$WORK/keys"
        while read -r any; do expect 0 "$KMSCTL" key sign "$any" --data 00 --wait 30; done < "$WORK/keys"
        pending=$(as_admin "$KMSCTL" node list --json | grep -o '"pending":[0-9]*' | cut -d : -f 2 | awk '{ n += $1 } END { print n }')
    done
    [ "$pending" = 0 ] || die "$pending shares are still pending after 90 s"
    say "$(wc -l < "$WORK/keys") keys (were $count), each of them signs; nothing is pending"
done
dev_stop
