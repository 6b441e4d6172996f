#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the constant-time test under valgrind: first each planted leak, which must be found, then the real code.
# run.sh VALGRIND PROGRAM
set -eu
here=$(cd "$(dirname "$0")" && pwd)

check() {
    "$1" --quiet --error-exitcode=99 --track-origins=yes --suppressions="$here/ctime.supp" "$2" "$3"
}

for leak in branch index wiped; do
    code=0
    check "$1" "$2" "leak-$leak" >/dev/null 2>&1 || code=$?
    if [ "$code" -ne 99 ]; then
        echo "the planted leak '$leak' was not found (exit code $code): the test itself is broken"
        exit 1
    fi
done
check "$1" "$2" all
