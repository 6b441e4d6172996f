#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Unmodified clients through the module: pkcs11-tool, p11-kit, p11tool and OpenSSL's engine, on a cluster of real processes.
# shellcheck source=tests/system/lib.sh
. "$(dirname "$0")/lib.sh"

for program in pkcs11-tool p11-kit openssl; do
    command -v "$program" > /dev/null || die "$program is missing (packaging/install-deps.sh test)"
done
dev_start
MODULE=$KMS_PKCS11_MODULE

# tool OPTIONS..: pkcs11-tool without login; user OPTIONS..: with it. Their output is in $WORK/out.
tool() { expect 0 with_module pkcs11-tool --module "$MODULE" --token-label kms-ed25519 "$@"; }
user() { tool --login --pin "$KMS_PIN" "$@"; }
refused() { expect 1 with_module pkcs11-tool --module "$MODULE" --token-label kms-ed25519 "$@"; }
has() { grep -q -- "$1" "$WORK/out" || { cat "$WORK/out" "$WORK/err"; die "no \"$1\" in what was printed"; }; }
lacks() { ! grep -q -- "$1" "$WORK/out" || { cat "$WORK/out"; die "\"$1\" in what was printed"; }; }

say "the library, its slot, its token and its mechanisms; no login, no request"
expect 0 with_module pkcs11-tool --module "$MODULE" --show-info
has 'kms threshold key management'
expect 0 with_module pkcs11-tool --module "$MODULE" --list-interfaces
has "Interface 'PKCS 11'"
expect 0 with_module pkcs11-tool --module "$MODULE" --list-slots
has 'kms-ed25519'
has '(0x5)'
tool --list-mechanisms
has 'EDDSA, keySize={255,255}, hw, sign, verify'
has 'EC-EDWARDS-KEY-PAIR-GEN'

say "a key pair"
user --keypairgen --key-type EC:edwards25519 --id 01 --label "first key"
has 'Private Key Object; EC_EDWARDS'
has 'sensitive, always sensitive, never extractable, local'
user --list-objects
[ "$(grep -c 'label:      first key' "$WORK/out")" = 2 ] || die "not two objects with the label"
keys=$("$KMSCTL" key list | wc -l)
[ "$keys" = 1 ] || die "$keys keys in the cluster, not 1"

say "signed by the cluster, verified by the module and by OpenSSL"
printf 'what is signed' > "$WORK/data"
printf 'what is not' > "$WORK/other"
user --sign -m EDDSA --id 01 -i "$WORK/data" -o "$WORK/sig"
[ "$(stat -c %s "$WORK/sig")" = 64 ] || die "a signature of other than 64 bytes"
user --read-object --type pubkey --id 01 -o "$WORK/pub.pem"
openssl_verify "$WORK/pub.pem" "$WORK/data" "$WORK/sig" || die "OpenSSL refuses the signature"
openssl_verify "$WORK/pub.pem" "$WORK/other" "$WORK/sig" && die "OpenSSL accepts another message"
user --verify -m EDDSA --id 01 -i "$WORK/data" --signature-file "$WORK/sig"
has 'Signature is valid'
with_module pkcs11-tool --module "$MODULE" --token-label kms-ed25519 --login --pin "$KMS_PIN" --verify -m EDDSA --id 01 \
    -i "$WORK/other" --signature-file "$WORK/sig" > "$WORK/out" 2>&1 || true
has 'Invalid signature'
"$KMSCTL" key show --pem "$("$KMSCTL" key list --id 01 | cut -d ' ' -f 1)" > "$WORK/kmsctl.pem"
openssl_verify "$WORK/kmsctl.pem" "$WORK/data" "$WORK/sig" || die "module and kmsctl show different keys"
head -c 60000 /dev/urandom > "$WORK/big"
user --sign -m EDDSA --id 01 -i "$WORK/big" -o "$WORK/sig"
openssl_verify "$WORK/pub.pem" "$WORK/big" "$WORK/sig" || die "OpenSSL refuses the signature of 60,000 bytes"

say "what is refused"
refused --login --pin 9999 --list-objects
grep -q CKR_PIN_INCORRECT "$WORK/err" "$WORK/out" || die "a wrong PIN is not CKR_PIN_INCORRECT"
refused --login --pin "$KMS_PIN" --keypairgen --key-type EC:prime256v1 --id 09
refused --login --pin "$KMS_PIN" --keypairgen --key-type EC:edwards25519 --id 09 --extractable
refused --login --pin "$KMS_PIN" --sign -m EDDSA --id 7f -i "$WORK/data" -o "$WORK/none"
tool --list-objects
lacks 'Private Key'

say "fork"
tool --test-fork
user --test-fork

say "a certificate and data on the token; new ids"
openssl req -x509 -newkey ed25519 -nodes -keyout "$WORK/ca.key" -out "$WORK/cert.pem" -subj /CN=kms -days 2 2> /dev/null
openssl x509 -in "$WORK/cert.pem" -outform der -out "$WORK/cert.der"
user --write-object "$WORK/cert.der" --type cert --id 01 --label "a certificate"
user --write-object "$WORK/data" --type data --label "some data" --application-label app
user --read-object --type cert --id 01 -o "$WORK/cert.back"
cmp "$WORK/cert.der" "$WORK/cert.back" || die "the certificate came back changed"
user --read-object --type data --label "some data" --application-label app -o "$WORK/data.back"
cmp "$WORK/data" "$WORK/data.back" || die "the data came back changed"
user --set-id 02 --type privkey --id 01
user --set-id 02 --type pubkey --id 01
user --sign -m EDDSA --id 02 -i "$WORK/data" -o "$WORK/sig"
openssl_verify "$WORK/pub.pem" "$WORK/data" "$WORK/sig" || die "the key with a new id signs wrongly"

say "p11-kit"
if [ -z "${KMS_SANITIZE:-}" ]; then
    printf 'module: %s\n' "$MODULE" > "$WORK/kms.module"
    p11_kit_lists "$WORK/kms.module"
    has "^kms-test-$$: "
    has 'library-description: kms threshold key management'
    has 'token: kms-ed25519'
else
    say "(left out: it loads the machine's other modules too, and SoftHSM and p11-kit-trust do not load together under libasan)"
fi
if command -v p11tool > /dev/null; then
    say "p11tool"
    expect 0 with_module env GNUTLS_PIN="$KMS_PIN" p11tool --provider "$MODULE" --login --list-all 'pkcs11:token=kms-ed25519'
    has 'Type: Private key'
    has 'a certificate'
fi

say "the engine: OpenSSL loads the module into itself, and ends with it loaded"
engine=$(openssl version -e | sed 's/.*"\(.*\)"/\1/')/pkcs11.so
if [ -e "$engine" ] && [ -z "${KMS_SANITIZE:-}" ]; then
    cat > "$WORK/engine.cnf" << END
openssl_conf = top
[top]
engines = engines
[engines]
pkcs11 = pkcs11
[pkcs11]
engine_id = pkcs11
dynamic_path = $engine
MODULE_PATH = $MODULE
init = 1
END
    expect 0 env OPENSSL_CONF="$WORK/engine.cnf" openssl engine -t pkcs11
    has '\[ available \]'
    # The configuration above is in force for every OpenSSL of the process; the module's own must not read it.
    expect 0 env OPENSSL_CONF="$WORK/engine.cnf" pkcs11-tool --module "$MODULE" --token-label kms-ed25519 --login --pin "$KMS_PIN" \
        --sign -m EDDSA --id 02 -i "$WORK/data" -o "$WORK/sig"
    openssl_verify "$WORK/pub.pem" "$WORK/data" "$WORK/sig" || die "a wrong signature beside the engine"
else
    say "(libengine-pkcs11-openssl is not here, or the build is sanitized: left out)"
fi

say "the coordinator is killed; the next signature waits for its return"
kill -9 "$(child_pid coordinator)"
user --sign -m EDDSA --id 02 -i "$WORK/data" -o "$WORK/sig"
openssl_verify "$WORK/pub.pem" "$WORK/data" "$WORK/sig" || die "a wrong signature after the restart"

say "deleted"
user --delete-object --type cert --id 01
user --delete-object --type data --label "some data" --application-label app
user --delete-object --type pubkey --id 02
user --list-objects
has 'Private Key'
lacks 'Public Key'
user --delete-object --type privkey --id 02
user --list-objects
lacks 'Object'
[ "$("$KMSCTL" key list | wc -l)" = 0 ] || die "the key is still in the cluster"

dev_stop
exit 0
