# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the system tests share: a cluster of real processes in a temporary directory, on free ports, that goes away with the test.
# KMS_BUILD: the build folder. KMS_SANITIZE: its sanitizers ("" for none). Exit code 77: skipped.
set -eEuo pipefail
: "${KMS_BUILD:?the build folder}"

CLUSTERD=$KMS_BUILD/cluster/kms-clusterd
KMSCTL=$KMS_BUILD/cluster/kmsctl
SYSTEM_BIN=$KMS_BUILD/tests/system
WORK=$(mktemp -d)
DIR=$WORK/dev
DEV_PID=
REGISTERED=

say() { printf -- '-- %s\n' "$*"; }

# What the processes said last, for whoever reads the failure.
show_logs() {
    local log
    for log in "$WORK"/dev.err "$DIR"/log/*.log; do
        [ -s "$log" ] && { printf '\n==> %s\n' "$log"; tail -n 20 "$log"; }
    done
    return 0
}

die() {
    printf 'FAILED: %s\n' "$*" >&2
    show_logs >&2
    exit 1
}

skip() {
    printf '\n*** SKIPPED: %s\n\n' "$*"
    exit 77
}

# dev_start [options of kms-clusterd dev]: returns when the cluster has signed.
dev_start() {
    local line=
    rm -f "$WORK/stdout"
    mkfifo "$WORK/stdout"
    "$CLUSTERD" dev --dir "$DIR" --port-base 0 "$@" > "$WORK/stdout" 2>> "$WORK/dev.err" &
    DEV_PID=$!
    exec 7< "$WORK/stdout"
    read -r -t 120 line <&7 || true
    [ "$line" = ready ] || die "the cluster did not become ready"
    # shellcheck disable=SC1091
    . "$DIR/dev.env"
}

# Ends the cluster in order; its exit code must be 0.
dev_stop() {
    local pid=$DEV_PID code=0
    DEV_PID=
    kill -TERM "$pid"
    wait "$pid" || code=$?
    exec 7<&-
    [ "$code" = 0 ] || die "kms-clusterd dev ended with $code"
}

# A test that starts processes of its own defines test_cleanup.
cleanup() {
    local code=$?
    trap - ERR
    set +e
    declare -F test_cleanup > /dev/null && test_cleanup
    [ -n "$DEV_PID" ] && kill -TERM "$DEV_PID" 2> /dev/null && wait "$DEV_PID" 2> /dev/null
    rm -rf "$WORK" ${REGISTERED:+"$REGISTERED"}
    exit $code
}
trap cleanup EXIT
trap 'printf "FAILED: %s:%s: %s\n" "$0" "$LINENO" "$BASH_COMMAND" >&2' ERR

# child_pid NAME: the process of coordinator, tss1, ..; empty while it is down.
child_pid() {
    pgrep -P "$DEV_PID" -f -- "--config $DIR/conf/$1.conf" || true
}

# expect CODE COMMAND..: it must end with that code; its output is in $WORK/out and $WORK/err.
expect() {
    local want=$1 code=0
    shift
    "$@" > "$WORK/out" 2> "$WORK/err" || code=$?
    [ "$code" = "$want" ] || { cat "$WORK/out" "$WORK/err"; die "exit code $code, not $want, of: $*"; }
}

# as_admin COMMAND..: with the operator's credential.
as_admin() { KMS_CREDENTIAL=$KMS_ADMIN_CREDENTIAL "$@"; }

# member NAME: a member's value in the JSON document on standard input (text or number; the first of that name).
member() { { grep -o "\"$1\":\(\"[^\"]*\"\|[^,}]*\)" || true; } | head -1 | sed "s/^\"$1\"://; s/^\"\(.*\)\"$/\1/"; }

# make_key [options]: prints the key id of a new key.
make_key() { "$KMSCTL" key generate --json "$@" | member keyId; }

# with_module COMMAND..: a program that loads the module; a sanitized module needs its runtime first.
with_module() {
    case "${KMS_SANITIZE:-}" in
        *address*) LD_PRELOAD=$(gcc -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=0 "$@" ;;
        *) "$@" ;;
    esac
}

# p11_kit_lists FILE: what p11-kit says of all modules, with the module file FILE among them as kms-test-PID.
p11_kit_lists() {
    # For root p11-kit reads the system's folder only, for others their own too.
    REGISTERED=${XDG_CONFIG_HOME:-$HOME/.config}/pkcs11/modules/kms-test-$$.module
    [ "$(id -u)" != 0 ] || REGISTERED=/etc/pkcs11/modules/kms-test-$$.module
    mkdir -p "$(dirname "$REGISTERED")"
    cp "$1" "$REGISTERED"
    expect 0 timeout 60 p11-kit list-modules
    rm -f "$REGISTERED"
}

# openssl_verify PEM DATA SIGNATURE
openssl_verify() { openssl pkeyutl -verify -pubin -inkey "$1" -rawin -in "$2" -sigfile "$3" > "$WORK/openssl.out" 2>&1; }
