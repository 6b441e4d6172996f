/* SPDX-License-Identifier: Apache-2.0 */
/* label, id, attributes: what a client says about its key or its object, in its own words. */
#ifndef KMS_CLUSTER_API_WORDS_H
#define KMS_CLUSTER_API_WORDS_H

#include "cluster/api/call.h"

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
RESULT words_check_utf8(struct bytes body);

#endif
