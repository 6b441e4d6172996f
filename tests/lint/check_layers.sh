#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Who includes whom, against layers.txt. check_layers.sh [ROOT]
set -eu
cd "${1:-$(dirname "$0")/../..}"

awk '
    function folder_of(path) { return match(path, /^[^\/]+\/[^\/]+/) ? substr(path, 1, RLENGTH) : path }
    function allows(row, kind, what,    n, i, list) {
        n = split(rules[row, kind], list, " ")
        for (i = 1; i <= n; i++)
            if (list[i] == what || (kind == "folders" && list[i] == "common" && what ~ /^common\//) ||
                (list[i] ~ /\/$/ && index(what, list[i]) == 1)) return 1
        return 0
    }
    function refuse(why) { printf "%s:%d: %s\n", FILENAME, FNR, why; bad = 1 }
    BEGIN {
        n = split("errno inttypes limits stdalign stdarg stdatomic stdbool stddef stdint stdlib string", list, " ")
        for (i = 1; i <= n; i++) free[list[i] ".h"] = 1
        while ((getline line < "tests/lint/layers.txt") > 0) {
            if (line ~ /^#/ || line !~ /:/) continue
            split(line, part, ":"); gsub(/ /, "", part[1])
            rules[part[1], "folders"] = part[2]; rules[part[1], "headers"] = part[3]; known[part[1]] = 1
        }
    }
    FNR == 1 { folder = folder_of(FILENAME); if (!(folder in known)) refuse(folder " has no row in tests/lint/layers.txt") }
    /^#[ ]*include[ ]+"/ {
        split($0, part, "\""); to = part[2]; target = folder_of(to)
        if (to !~ /^(common|cluster|pkcs11)\/[a-z0-9_]+\/[a-z0-9_.-]+$/) refuse("includes \"" to "\": write it from the root, top/module/file.h")
        else if (target != folder && !allows(folder, "folders", target) && !allows(FILENAME, "folders", target)) refuse(folder " may not include " to)
    }
    /^#[ ]*include[ ]+</ {
        match($0, /<[^>]+>/); to = substr($0, RSTART + 1, RLENGTH - 2)
        if (!(to in free) && !allows(folder, "headers", to) && !allows(FILENAME, "headers", to)) refuse(folder " may not include <" to ">")
    }
    END {
        if (bad) print "rule: includes go downwards, and each system library has its folders: tests/lint/layers.txt.\n" \
            "comply: move the code to the folder that may, pass a vtable or a value instead, or, if the architecture changes, change the table and docs/architecture.md."
        exit bad
    }' $(find common cluster pkcs11 -name '*.[ch]' | sort)
