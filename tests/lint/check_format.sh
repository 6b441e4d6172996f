#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# clang-format 14 with the repository's .clang-format changes nothing.
set -eu
cd "${1:-$(dirname "$0")/../..}"

tool=$(command -v clang-format-14 || command -v clang-format || true)
if [ -z "$tool" ]; then
    echo "SKIPPED: clang-format 14 is not installed (apt-get install clang-format-14): formatting is not checked"
    exit 77
fi
case $("$tool" --version) in *" 14."*) ;; *)
    echo "SKIPPED: $tool is not version 14: formatting is not checked"
    exit 77
esac
bad=0
for file in $(find common cluster pkcs11 tests -name '*.[ch]' | sort); do
    if ! "$tool" --dry-run -Werror "$file" >/dev/null 2>&1; then
        echo "$file: not formatted"
        bad=1
    fi
done
if [ $bad -ne 0 ]; then
    echo "rule: the formatter decides the form of the code."
    echo "comply: clang-format-14 -i FILE"
fi
exit $bad
