#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The lints find what they are for: each fault is planted in a small tree of its own and must be reported.
# lint_test.sh ROOT
set -eu
root=${1:-$(dirname "$0")/../..}
root=$(cd "$root" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
bad=0

fresh() {
    rm -rf "${tree:?}"/*
    mkdir -p "$tree/tests/lint" "$tree/common/base" "$tree/common/crypto" "$tree/cluster/frost" "$tree/cluster/dkg" "$tree/pkcs11/entry" "$tree/docs/schemes"
    cp "$root/tests/lint/layers.txt" "$root/tests/lint/names.txt" "$tree/tests/lint/"
    printf 'common/crypto/rng.c : 1 : the source\n' >"$tree/tests/lint/rng.txt"
    printf 'struct rng *rng_system(void)\n{\n    RAND_priv_bytes(out, len);\n}\n' >"$tree/common/crypto/rng.c"
    printf '/* ok */\n' >"$tree/common/base/ok.c"
    printf 'int ok_it(void);\n' >"$tree/common/base/ok.h"
    printf '| RFC 9591 5.2 | cluster/frost/sign.c:frost_respond | |\n' >"$tree/docs/schemes/frost.md"
    printf '/* RFC 9591 5.2 */\nint frost_respond(void)\n{\n}\n' >"$tree/cluster/frost/sign.c"
}

# expect NAME LINT CODE: what the lint says of the tree as it is now
expect() {
    code=0
    "$root/tests/lint/check_$2.sh" "$tree" >"$tree/out" 2>&1 || code=$?
    if [ "$code" -ne "$3" ]; then
        echo "$1: check_$2.sh gave $code, not $3:"
        cat "$tree/out"
        bad=1
    fi
}

# plant NAME LINT FILE TEXT: the fault must be found
plant() {
    fresh
    printf '%b' "$4" >"$tree/$3"
    expect "$1" "$2" 1
}

repeat() { awk -v n="$1" -v line="$2" 'BEGIN { for (i = 0; i < n; i++) printf "%s\\n", line }'; }

for lint in layers sizes secrets names citations rng; do
    fresh
    expect "a clean tree" $lint 0
done
plant "upwards" layers common/base/a.c '#include "cluster/frost/sign.h"\n'
plant "sideways" layers cluster/dkg/a.c '#include "cluster/frost/sign.h"\n'
plant "uv in a scheme" layers cluster/frost/a.c '#include <uv.h>\n'
plant "stdio in a scheme" layers cluster/frost/a.c '#include <stdio.h>\n'
plant "relative include" layers common/base/a.c '#include "ok.h"\n'
plant "long file" sizes common/base/a.c "$(repeat 601 x)"
plant "long header" sizes common/base/a.h "$(repeat 251 x)"
plant "long function" sizes common/base/a.c "int a(void)\n{\n$(repeat 99 x)}\n"
plant "memcmp in crypto" secrets common/crypto/a.c 'x = memcmp(a, b, 32);\n'
plant "memcmp of a secret" secrets common/base/a.c 'x = memcmp(password, b, 32);\n'
plant "memset of a secret" secrets common/base/a.c 'memset(&share, 0, sizeof share);\n'
plant "bare scalar" secrets cluster/frost/a.c 'void a(void)\n{\n    struct scalar k;\n}\n'
plant "bare scalars" secrets cluster/frost/a.c 'void a(void)\n{\n    struct scalar k[2], j;\n}\n'
plant "printed bytes" secrets common/crypto/a.c 'printf("%%02x", a);\n'
plant "a new draw" rng cluster/frost/a.c 'x = rng_fill(rng_system(), a, 32);\n'
plant "one more draw" rng common/crypto/rng.c 'getrandom(a, 1, 0);\nRAND_priv_bytes(a, 1);\n'
plant "a draw that is gone" rng common/crypto/rng.c '/* getrandom(2) */\n'
plant "another source" rng common/base/a.c 'x = rand();\n'
plant "a device" rng common/base/a.c 'x = open("/dev/urandom", 0);\n'
plant "a row without purpose" rng tests/lint/rng.txt 'common/crypto/rng.c : 1 : \n'
plant "foreign name" names common/base/a.h 'int other_thing(void);\n'
plant "missing function" citations docs/schemes/frost.md '| RFC 9591 5.2 | sign.c:gone | |\n'
plant "citation without row" citations cluster/frost/a.c '/* RFC 9591 5.3 */\n'
plant "no table" citations docs/schemes/frost.md 'text\n'

fresh
printf 'void a_vartime(void)\n{\n    struct scalar k;\n}\nvoid a(void)\n{\n    SECRET_SCALAR k;\n    struct scalar j; /* public */\n}\n' >"$tree/cluster/frost/a.c"
printf 'struct birth_book;\nint birth_book_add(void);\nint a_do(void);\nint base_do(void);\n' >"$tree/common/base/a.h"
expect "vartime, SECRET_ and public locals" secrets 0
expect "names of the header, the folder, a struct" names 0
exit $bad
