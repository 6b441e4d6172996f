#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every test that docs/threat-model.md names exists.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
known=$(mktemp)
trap 'rm -f "$known"' EXIT
git ls-files -co --exclude-standard 'tests/*_test.c' | xargs sed -nE 's/^TEST\(([a-z_0-9]+), ([a-z_0-9]+)\).*/\1.\2/p' > "$known"
git ls-files -co --exclude-standard 'tests/system/*_test.sh' | sed -E 's#tests/(system/.*)_test.sh#\1#' >> "$known"
failed=0
for name in $(grep -oE '`[a-z_0-9]+[./][a-z_0-9]+`' docs/threat-model.md | tr -d '`' | sort -u); do
    grep -qxF "$name" "$known" || { echo "docs/threat-model.md: no test is called $name"; failed=1; }
done
if [ $failed -ne 0 ]; then
    echo "rule: each row of the threat model names the test that shows it."
    echo "comply: correct the name, or write the test."
fi
exit $failed
