#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The hard limits of docs/style.md: .c 600 lines, .h 250, functions 100. Prints the ten largest always.
set -eu
cd "${1:-$(dirname "$0")/../..}"

awk '
    function file_end() {
        if (file == "") return
        limit = file ~ /\.h$/ ? 250 : 600
        printf "%6d %s\n", lines, file | files
        if (lines > limit) { printf "%s: %d lines, the limit is %d\n", file, lines, limit; bad = 1 }
    }
    BEGIN { files = "sort -rn | head -10"; functions = "sort -rn | head -10 | cat" }
    FNR == 1 { file_end(); file = FILENAME; start = 0 }
    { lines = FNR }
    /^\{/ { start = FNR; name = before; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
    /^}/ && start {
        length_ = FNR - start + 1
        printf "%6d %s:%s\n", length_, FILENAME, name | functions
        if (length_ > 100) { printf "%s:%d: %s has %d lines, the limit is 100\n", FILENAME, start, name, length_; bad = 1 }
        start = 0
    }
    /^[A-Za-z].*\(/ { before = $0 }
    END {
        file_end()
        print "largest files and functions:"; fflush()
        close(files); close(functions)
        if (bad) print "rule: a .c file has at most 600 lines, a header 250, a function 100.\n" \
            "comply: split by idea: a file per idea, a function per thing that wants a title."
        exit bad
    }' $(find common cluster pkcs11 tests -name '*.[ch]' | sort)
