#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# `cmake --install` puts everything in its usual place, the man pages have no mistakes, and the installed programs run.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"
[ -z "${KMS_SANITIZE:-}" ] || skip "sanitized builds are not installed"

# install PREFIX [DESTDIR]
install() {
    DESTDIR=${2-} cmake --install "$KMS_BUILD" --prefix "$1" > "$WORK/install.log" 2>&1 || { cat "$WORK/install.log"; die "cmake --install --prefix $1"; }
}
# names FILE TEXT: that line is in the file
names() { grep -qxF -- "$2" "$1" || { cat "$1"; die "$(basename "$1") does not say: $2"; }; }

install /usr "$WORK/root"
usr=$WORK/root/usr
docs=$usr/share/doc/kms
for pattern in sbin/kms-clusterd bin/kmsctl share/p11-kit/modules/kms.module share/man/man1/kmsctl.1 \
    share/man/man8/kms-clusterd.8 share/doc/kms/examples/node.conf share/doc/kms/examples/coordinator.conf share/doc/kms/examples/pkcs11.conf \
    lib/systemd/system/kms-node@.service lib/systemd/system/kms-coordinator.service lib/sysusers.d/kms.conf lib/tmpfiles.d/kms.conf \
    libexec/kms/start.sh share/doc/kms/operations.md share/doc/kms/rest-api.md share/doc/kms/schemes/frost.md; do
    [ -s "$usr/$pattern" ] || die "not installed: $pattern"
done
module=$(find "$usr/lib" -path '*/pkcs11/libkms-pkcs11.so') # lib, or lib/<arch> where the build was configured for /usr
[ -n "$module" ] || die "the module is not installed"
find "$usr" -name '*evil*' | grep -q . && die "the evil coordinator is installed"
[ -x "$usr/libexec/kms/start.sh" ] || die "start.sh cannot be run"

say "paths inside follow the prefix, whatever the build was configured for"
names "$usr/share/p11-kit/modules/kms.module" "module: ${module#"$WORK/root"}"
names "$usr/lib/systemd/system/kms-coordinator.service" "ExecStart=/usr/sbin/kms-clusterd coordinator --config /etc/kms/coordinator.conf"
names "$usr/lib/systemd/system/kms-node@.service" "ExecStart=/usr/sbin/kms-clusterd node --config /etc/kms/%i.conf"
install "$WORK/prefix"
names "$WORK/prefix/lib/systemd/system/kms-node@.service" "ExecStart=$WORK/prefix/sbin/kms-clusterd node --config /etc/kms/%i.conf"
p11_kit_lists "$WORK/prefix/share/p11-kit/modules/kms.module"
grep -q 'library-description: kms threshold key management' "$WORK/out" || { cat "$WORK/out" "$WORK/err"; die "p11-kit does not find the installed module"; }
! grep -rlF -e @KMS_ -e "$WORK" "$usr" || die "these hold a path of the build"

say "no path of the machine that built it is in the binaries"
! grep -rlF -e "$(cd "$(dirname "$0")/../.." && pwd)/" -e "$KMS_BUILD" "$usr" || die "these hold a path of the build"

say "users, groups and folders"
if command -v systemd-sysusers > /dev/null && command -v systemd-tmpfiles > /dev/null; then
    mkdir -p "$WORK/root/etc"
    printf 'root:x:0:0:root:/root:/bin/sh\n' > "$WORK/root/etc/passwd"
    printf 'root:x:0:\n' > "$WORK/root/etc/group"
    systemd-sysusers --root="$WORK/root" > "$WORK/out" 2>&1 || { cat "$WORK/out"; die "systemd-sysusers"; }
    systemd-sysusers --root="$WORK/root" --inline 'u kms-tss1 -:kms "KMS node tss1" /opt/kms/tss-server' > "$WORK/out" 2>&1 || { cat "$WORK/out"; die "systemd-sysusers --inline"; }
    group=$(sed -n 's/^kms:x:\([0-9]*\):.*/\1/p' "$WORK/root/etc/group")
    for user in kms-coordinator kms-tss1; do
        grep -q "^$user:x:[0-9]*:${group:-none}:" "$WORK/root/etc/passwd" || { cat "$WORK/root/etc/passwd"; die "no user $user of group kms"; }
    done
    if [ "$(id -u)" = 0 ]; then
        systemd-tmpfiles --root="$WORK/root" --create > "$WORK/out" 2>&1 || { cat "$WORK/out"; die "systemd-tmpfiles"; }
        [ "$(stat -c '%a %g' "$WORK/root/opt/kms/tss-server/data")" = "1770 $group" ] || die "the mode of data"
        [ "$(stat -c '%a %u' "$WORK/root/etc/kms")" = "755 0" ] || die "the mode of /etc/kms"
    fi
else
    printf '\n*** SKIPPED: users and folders: no systemd-sysusers here\n\n'
fi

say "man pages"
for page in "$usr/share/man/man1/kmsctl.1" "$usr/share/man/man8/kms-clusterd.8"; do
    man --warnings -E UTF-8 -l "$page" > "$WORK/page" 2> "$WORK/warnings"
    [ ! -s "$WORK/warnings" ] || { cat "$WORK/warnings"; die "$page"; }
    [ "$(wc -l < "$WORK/page")" -gt 50 ] || die "$page is short"
done
! grep -n '[^/a-z]docs/' "$usr"/share/man/man*/* "$docs"/examples/* || die "these refer to docs/, which is installed elsewhere"
for word in verify-birth --credential 'EXIT STATUS' KMS_PIN; do grep -q -e "$word" <(man -l "$usr/share/man/man1/kmsctl.1") || die "kmsctl.1 lacks $word"; done

say "the examples are good configurations but for what they name"
for role in node coordinator; do
    example=$docs/examples/$role.conf
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
expect 3 env PATH=/bin:/usr/bin "$usr/libexec/kms/start.sh" tss1 --config "$WORK/node.conf" # the installed daemon, from beside it
