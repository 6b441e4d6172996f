#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The module is a guest in a foreign process: it exports the C_ functions and nothing else, and needs the C library and
# cJSON and nothing else. check_symbols.sh MODULE
set -eu
if [ $# -ne 1 ] || [ ! -f "$1" ]; then
    echo "SKIPPED: no module to look at"
    exit 77
fi
bad=0
exported=$(nm -D --defined-only --format=posix "$1" | awk '$2 != "A" { print $1 }')
for symbol in $exported; do
    case $symbol in
    C_GetFunctionList | C_GetInterface | C_GetInterfaceList | C_[A-Z]*) ;;
    *)
        echo "exports $symbol"
        bad=1
        ;;
    esac
done
case "
$exported
" in *"
C_GetFunctionList
"*) ;; *)
    echo "does not export C_GetFunctionList"
    bad=1
    ;;
esac
for library in $(readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
    case $library in
    libc.so.* | libm.so.* | libpthread.so.* | libdl.so.* | ld-linux*.so.* | libgcc_s.so.* | libcjson.so.*) ;;
    libconfuse.so.* | libsecp256k1.so.*) ;; # Debian's archives of these are not position-independent; they need libc alone
    libasan.so.* | libubsan.so.* | libtsan.so.* | libgcov*) ;; # builds for tests
    *)
        echo "needs $library"
        bad=1
        ;;
    esac
done
if [ $bad -ne 0 ]; then
    echo "rule: libkms-pkcs11.so exports C_* only and carries its own OpenSSL, libsodium and libsecp256k1."
    echo "comply: hidden visibility (no KMS_EXPORT but on C_ functions), pkcs11/entry/exports.map, static libraries in pkcs11/CMakeLists.txt."
fi
exit $bad
