#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian 12 packages that building (and testing) takes. As root; asks nothing; does nothing when all are there.
set -euo pipefail

usage() {
    echo "usage: packaging/install-deps.sh build|test"
    echo
    echo "  build  what compiles the programs and runs packaging/quickstart.sh"
    echo "  test   that, and what tests/run.sh needs"
}

# Compiler and libraries; opensc has pkcs11-tool, which the quickstart shows the module with.
build_list=(
    gcc libc6-dev cmake ninja-build pkgconf protobuf-c-compiler
    libssl-dev libsecp256k1-dev libsodium-dev libcjson-dev libuv1-dev libsqlite3-dev libnghttp2-dev libprotobuf-c-dev
    libconfuse-dev libseccomp-dev libcurl4-openssl-dev libp11-kit-dev libhttp-parser-dev
    openssl opensc
)
test_list=(
    libcmocka-dev clang-14 libclang-rt-14-dev llvm-14 clang-format-14 valgrind
    curl softhsm2 p11-kit gnutls-bin libengine-pkcs11-openssl sqlite3 strace procps xxd man-db git systemd
)

missing() {
    local package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q '^install ok installed$' || echo "$package"
    done
}

case "${1:-}" in
    build) wanted=("${build_list[@]}") ;;
    test)
        wanted=("${build_list[@]}" "${test_list[@]}")
        # Debian's npm would replace a Node that came from elsewhere.
        command -v npm > /dev/null || wanted+=(nodejs npm)
        ;;
    --help | -h)
        usage
        exit 0
        ;;
    *)
        usage >&2
        exit 2
        ;;
esac

mapfile -t packages < <(missing "${wanted[@]}")
if [ "${#packages[@]}" -eq 0 ]; then
    echo "install-deps: all ${#wanted[@]} packages of the $1 list are installed"
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "install-deps: must be root to install: ${packages[*]}" >&2
    exit 1
fi
echo "install-deps: installing ${packages[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends "${packages[@]}"
