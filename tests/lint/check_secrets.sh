#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Secrets by the rules of docs/style.md: compared in constant time, wiped by wipe(), in locals that wipe themselves,
# never printed. A line that looks wrong and is right says so: /* public */, or /* moved */ for a local that gives its
# contents to another owner.
set -eu
cd "${1:-$(dirname "$0")/../..}"

awk '
    function refuse(why) { printf "%s:%d: %s\n", FILENAME, FNR, why; bad = 1 }
    FNR == 1 { body = 0; secret_folder = FILENAME ~ /^(common\/(crypto|secret)|cluster\/(mpc|dkg|frost))\// }
    /^[A-Za-z].*\(/ { signature = $0 }
    /^\{/ { body = 1; vartime = signature ~ /_vartime\(/ }
    /^}/ { body = 0 }
    { code = $0; sub(/\/\/.*/, "", code); public = code ~ /\/\* (public|moved)/; gsub(/\/\*[^*]*\*\//, "", code); gsub(/"[^"]*"/, "\"\"", code) }
    public || code ~ /^[ ]*\*/ { next }
    code ~ /(^|[^_a-z])(memcmp|strcmp|strncmp|bytes_equal)\(/ {
        if (secret_folder) refuse("compares with memcmp where secrets are handled")
        else if (code ~ /(memcmp|strcmp|strncmp|bytes_equal)\([^;]*(secret|passw|passphrase|seed|secret_share|[^a-z_]pin[^a-z_]|[^a-z_]dek[^a-z_])/) refuse("compares what looks like a secret, not in constant time")
    }
    code ~ /(^|[^_a-z])(memset|bzero|explicit_bzero)\([^,]*(secret|passw|passphrase|seed|share|[^a-z_]pin[^a-z_]|[^a-z_]dek[^a-z_]|scalar)[^,]*, 0,/ { refuse("wipes with memset, which the compiler may remove") }
    body && !vartime && code ~ /^[ ]+(const )?struct (scalar|polynomial|key_share|secret|nonce|nonces)[ ]+[a-z]/ { refuse("a local of a secret type without SECRET_...") }
    $0 ~ /%02[xX]/ && FILENAME !~ /base\/text\.c/ { refuse("prints bytes: use hex_encode() for public data") }
    END {
        if (bad) print "rule: secrets are compared by secret_equal() or scalar_equal(), wiped by wipe(), held in SECRET_SCALAR, SECRET_LOCAL, ... locals, and not printed.\n" \
            "comply: use those; for public data say so at the end of the line: /* public */."
        exit bad
    }' $(find common cluster pkcs11 -name '*.c' | sort)
