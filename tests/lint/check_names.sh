#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A call tells where to look: a function's name begins with that of its header (or a word of it, or its singular),
# of its folder, or of a struct that the header declares.
set -eu
cd "${1:-$(dirname "$0")/../..}"

awk '
    BEGIN {
        while ((getline line < "tests/lint/names.txt") > 0) {
            if (line ~ /^#/ || line !~ /:/) continue
            split(line, part, ":"); gsub(/ /, "", part[1]); more[part[1]] = part[2]
        }
    }
    function add(word) { if (word != "") prefix[++n] = word }
    function singular(word) { return word ~ /ies$/ ? substr(word, 1, length(word) - 3) "y" : word ~ /s$/ ? substr(word, 1, length(word) - 1) : "" }
    FNR == 1 {
        n = 0; stem = FILENAME; sub(/.*\//, "", stem); sub(/\.h$/, "", stem); add(stem); add(singular(stem))
        folder = FILENAME; sub(/\/[^\/]*$/, "", folder); sub(/.*\//, "", folder); add(folder)
        count = split(stem, words, "_"); for (i = 1; i <= count; i++) { add(words[i]); add(singular(words[i])) }
        count = split(more[FILENAME], words, " "); for (i = 1; i <= count; i++) add(words[i])
    }
    /^(struct|enum) [a-z0-9_]+( \{.*|;)?$/ { word = $2; sub(/;/, "", word); add(word) }
    /^typedef [a-z0-9_]+ [a-z0-9_]+;/ { word = $3; sub(/;/, "", word); add(word) }
    /^(NORETURN |static |inline |extern |const |unsigned |struct |enum |void|bool|char|int|long|size_t|u?int[0-9]+_t|RESULT|CK_|party|double)[A-Za-z0-9_ *]*\(/ {
        name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name)
        ok = name ~ /^C_/ || name == ""
        for (i = 1; i <= n && !ok; i++) ok = name == prefix[i] || index(name, prefix[i] "_") == 1
        if (!ok) { printf "%s:%d: %s() does not say that it is from here\n", FILENAME, FNR, name; bad = 1 }
    }
    END {
        if (bad) print "rule: functions of a header begin with its name, with that of its folder, or that of a struct it declares.\n" \
            "comply: rename the function or move it to the header it is named for; or add the header to tests/lint/names.txt if another word reads better everywhere."
        exit bad
    }' $(find common cluster pkcs11 -name '*.h' | sort)
