#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Random numbers come from where tests/lint/rng.txt says, so many times per file, and from nowhere else.
set -eu
cd "${1:-$(dirname "$0")/../..}"

awk -F ' *: *' '
    function refuse(why) { print why; bad = 1 }
    FILENAME ~ /rng\.txt$/ {
        if ($0 ~ /^#/ || $0 == "") next
        if (NF != 3 || $2 !~ /^[0-9]+$/ || $3 == "") refuse(FILENAME ":" FNR ": not `file : calls : what for`")
        allowed[$1] = $2
        next
    }
    { code = $0; sub(/\/\/.*/, "", code); gsub(/"[^"]*"/, "\"\"", code); gsub(/\/\*.*\*\//, "", code) }
    code ~ /^ *\/?\*/ || code ~ /^struct rng \*rng_[a-z]+\(void\);?$/ { next }
    code ~ /(^|[^_a-zA-Z])(rand|srand|random|srandom|rand_r|drand48|lrand48|arc4random[a-z_]*|getentropy|randombytes[a-z_]*|RAND_bytes|RAND_pseudo_bytes|EVP_RAND_generate)\(/ ||
        $0 ~ /\/dev\/u?random/ { refuse(FILENAME ":" FNR ": a source of random numbers that is not ours") }
    { found[FILENAME] += gsub(/(^|[^_a-zA-Z0-9])(rng_system|rng_kernel|RAND_priv_bytes|RAND_get0_private|getrandom)\(/, "", code) }
    END {
        for (file in found)
            if (found[file] != allowed[file] + 0) refuse(file ": " found[file] " calls that give random numbers, not " allowed[file] + 0)
        for (file in allowed)
            if (!(file in found)) refuse("tests/lint/rng.txt: " file " is gone")
        if (bad) print "rule: each draw from the system is known, with its purpose; others take a struct rng from their caller.\n" \
            "comply: use the struct rng that you were given, or say in tests/lint/rng.txt what the new call is for."
        exit bad
    }' tests/lint/rng.txt $(find common cluster pkcs11 -name '*.[ch]' | sort)
