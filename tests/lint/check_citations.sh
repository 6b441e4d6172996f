#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The tables of docs/schemes and the citations in the schemes' code agree, in both directions: a row names a function
# that exists (file.c:function), and a section of RFC 9591 cited in the code has a row.
set -eu
cd "${1:-$(dirname "$0")/../..}"

bad=0
rows=$(find docs/schemes -name '*.md' -exec sed -n '/^|/p' {} + 2>/dev/null)
if [ -z "$rows" ]; then
    echo "docs/schemes has no table"
    bad=1
fi
for place in $(printf '%s\n' "$rows" | grep -oE '[a-z0-9_/]+\.[ch]:[a-z0-9_]+' | sort -u); do
    file=${place%%:*}
    function=${place#*:}
    found=no
    for path in $(find common cluster -path "*/${file##*/}" | grep -E "(^|/)$file\$" || true); do
        if grep -qE "^[A-Za-z].*[ *]$function\(" "$path"; then found=yes; fi
    done
    if [ $found = no ]; then
        echo "docs/schemes: $place does not exist"
        bad=1
    fi
done
cited=$(grep -rhoE 'RFC 9591,? (section )?[0-9]+(\.[0-9]+)*' cluster/frost cluster/dkg --include='*.[ch]' | grep -oE '[0-9]+(\.[0-9]+)*$' | sort -u || true)
for section in $cited; do
    if ! printf '%s\n' "$rows" | grep -qE "RFC 9591[^|]* $(printf '%s' "$section" | sed 's/\./\\./g')([^.0-9]|\$)"; then
        echo "RFC 9591 $section is cited in the code and has no row in docs/schemes"
        bad=1
    fi
done
if [ $bad -ne 0 ]; then
    echo "rule: the paper is beside the code: | RFC 9591 5.2 | cluster/frost/sign_2_respond.c:respond | ..."
    echo "comply: add or correct the row in docs/schemes/, or the citation."
fi
exit $bad
