/* SPDX-License-Identifier: Apache-2.0 */
/* What several requests have in common: the client's own words of a key or an object, queries, pages. */
#ifndef KMS_CLUSTER_API_BODY_H
#define KMS_CLUSTER_API_BODY_H

#include "cluster/api/call.h"

/* label, id, attributes: what a client says about its key or object. */
struct words {
    const char *label; /* borrowed from the document */
    struct buf  id, attributes;
};

void words_init(struct words *);
void words_clear(struct words *);
#define WORDS_LOCAL CLEANUP(words_clear) struct words
/* required: absence of any is an error (PATCH). */
RESULT words_take(struct words *, struct json_object *, bool required);

/* RFC 8259 8.1: JSON between systems is UTF-8. cJSON does not look. */
RESULT body_check_utf8(struct bytes body);

/* limit=&after=: limit 1..1000, default 100; after an id or nothing. */
struct page_query {
    unsigned limit;
    char     after[KEY_ID_LEN + 1];
};
RESULT page_query_parse(struct page_query *, const char *query);

/* The value of `name` in a query of "a=b&c=d": digits and lower-case letters only. Fails for names other than the two.
 */
struct query_pair {
    const char *name;
    char        value[40]; /* "" when absent */
};
RESULT query_parse(const char *query, struct query_pair *pairs, unsigned count);
/* A decimal number in min..max; "" gives otherwise. */
RESULT query_number(const struct query_pair *, int64_t min, int64_t max, int64_t otherwise, int64_t *out);

/* An ETag over everything that the answer depends on. */
void etag_make(char out[ETAG_LEN + 1], struct bytes what);
/* Of a list: the owner's generation, and the query. */
RESULT etag_of_list(char out[ETAG_LEN + 1], const struct call *, const char *kind, const char *owner);

#endif
