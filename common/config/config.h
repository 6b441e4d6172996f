/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration files over libconfuse: one table of options fills a struct. Errors name file, line and option, and say
 * what is allowed. Relative paths are taken from the directory of the file. Unknown options are errors. Files that
 * others may write (mode & 022) are refused.
 */
#ifndef KMS_COMMON_CONFIG_CONFIG_H
#define KMS_COMMON_CONFIG_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

enum config_type {
    CONFIG_TEXT, /* char[size] in the struct */
    CONFIG_PATH, /* the same, made absolute */
    CONFIG_INT,  /* int64_t, min..max */
    CONFIG_BOOL, /* bool */
    CONFIG_LIST, /* char[max][size]: list of strings; `count_offset` is an unsigned */
};

struct config_option {
    const char      *name;
    enum config_type type;
    size_t           offset;           /* of the field in the struct */
    size_t           size;             /* of the array, for TEXT, PATH and LIST elements */
    const char      *text;             /* default of TEXT, PATH and LIST ("a,b"; "": empty); NULL: required */
    int64_t          number, min, max; /* default of INT and BOOL; bounds of INT; max: of a LIST's elements */
    size_t           count_offset;     /* LIST */
    const char      *help;             /* one line: for `--help-config`, the man page and docs */
};

/* A named section that may occur often:  node "tss1" { address = "..." }  fills elements of an array in the struct. */
struct config_section {
    const char                 *name;
    const struct config_option *options;
    size_t                      option_count;
    size_t                      offset, element_size, max; /* of the array in the struct */
    size_t                      title_size;   /* the title is a char[title_size] at the start of each element */
    size_t                      count_offset; /* an unsigned in the struct */
};

RESULT config_load(void *out, const char *path, const struct config_option *, size_t count,
                   const struct config_section *, size_t section_count);

#endif
