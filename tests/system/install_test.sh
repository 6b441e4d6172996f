#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `cmake --install` puts everything in its usual place, the man pages have no mistakes, and the installed programs run.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
[ -z "${KMS_SANITIZE:-}" ] || skip "sanitized builds are not installed"

DESTDIR=$WORK/root cmake --install "$KMS_BUILD" --prefix /usr > "$WORK/install.log" 2>&1 || { cat "$WORK/install.log"; die "cmake --install"; }
usr=$WORK/root/usr
for pattern in sbin/kms-clusterd bin/kmsctl share/p11-kit/modules/kms.module share/man/man1/kmsctl.1 \
    share/man/man8/kms-clusterd.8 'share/doc/*/examples/node.conf' 'share/doc/*/examples/coordinator.conf' 'share/doc/*/examples/pkcs11.conf' \
    lib/systemd/system/kms-node@.service lib/systemd/system/kms-coordinator.service libexec/kms/start.sh; do
    compgen -G "$usr/$pattern" > "$WORK/found" || die "not installed: $pattern"
done
module=$(find "$usr/lib" -path '*/pkcs11/libkms-pkcs11.so') # lib, or lib/<arch> where the build was configured for /usr
[ -n "$module" ] || die "the module is not installed"
find "$usr" -name '*evil*' | grep -q . && die "the evil coordinator is installed"
[ -x "$usr/libexec/kms/start.sh" ] || die "start.sh cannot be run"

say "man pages"
for page in "$usr/share/man/man1/kmsctl.1" "$usr/share/man/man8/kms-clusterd.8"; do
    man --warnings -E UTF-8 -l "$page" > "$WORK/page" 2> "$WORK/warnings"
    [ ! -s "$WORK/warnings" ] || { cat "$WORK/warnings"; die "$page"; }
    [ "$(wc -l < "$WORK/page")" -gt 50 ] || die "$page is short"
done
for word in verify-birth --credential 'EXIT STATUS' KMS_PIN; do grep -q -e "$word" <(man -l "$usr/share/man/man1/kmsctl.1") || die "kmsctl.1 lacks $word"; done

say "the examples are good configurations but for what they name"
for role in node coordinator; do
    example=$(compgen -G "$usr/share/doc/*/examples/$role.conf")
    # Every line that is commented out is a default: with all of them on, nothing is unknown or out of range.
    sed -e 's/^# \([a-z_0-9]* = \)/\1/' "$example" > "$WORK/$role.conf"
    chmod 0600 "$WORK/$role.conf"
    expect 3 "$usr/sbin/kms-clusterd" $role --config "$WORK/$role.conf"
    grep -q "/opt/kms/tss-server/certs/ca.cert" "$WORK/err" || { cat "$WORK/err"; die "the example of the $role is not accepted"; }
done

say "the installed daemon runs, and finds the installed module"
CLUSTERD=$usr/sbin/kms-clusterd
KMSCTL=$usr/bin/kmsctl
dev_start
[ "$KMS_PKCS11_MODULE" = "$module" ] || die "KMS_PKCS11_MODULE=$KMS_PKCS11_MODULE"
expect 0 "$KMSCTL" key generate
dev_stop

say "start.sh"
expect 0 "$usr/libexec/kms/start.sh" --help
expect 2 "$usr/libexec/kms/start.sh"
expect 2 "$usr/libexec/kms/start.sh" ../x
expect 1 "$usr/libexec/kms/start.sh" tss1 --config /nonexistent
