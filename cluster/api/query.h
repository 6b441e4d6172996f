/* SPDX-License-Identifier: Apache-2.0 */
/* What a path takes behind its "?": every route takes two members, or none. */
#ifndef KMS_CLUSTER_API_QUERY_H
#define KMS_CLUSTER_API_QUERY_H

#include "cluster/api/call.h"

struct query_pair {
    const char *name;
    char        value[40]; /* "" when absent; digits and lower-case letters */
};
/* Two pairs, whose names are set. Any other name, and a name that is repeated, is an error. */
RESULT query_parse(const char *query, struct query_pair *pairs, unsigned count);
/* A decimal number in min..max; "" gives otherwise. */
RESULT query_number(const struct query_pair *, int64_t min, int64_t max, int64_t otherwise, int64_t *out);

#define PAGE_BYTES_MAX (4u * 1024 * 1024) /* a page ends before it is longer, but has one item at least */

/* limit=&after=: limit 1..1000, default 100; after an id or nothing. */
struct query_page {
    unsigned limit;
    char     after[KEY_ID_LEN + 1];
};
RESULT query_parse_page(struct query_page *, const char *query);

#endif
