/* SPDX-License-Identifier: Apache-2.0 */
/* The REST interface as a table. */
#ifndef KMS_CLUSTER_API_ROUTES_H
#define KMS_CLUSTER_API_ROUTES_H

#include "cluster/api/call.h"

struct route {
    const char *method;
    const char *path; /* "{id}": 32 characters of a-z2-7 */
    /* KMS_OK: it has answered, or will. An error: the caller answers. */
    enum kms_err (*handle)(struct call *);
    const char *event;    /* `operation` in the log */
    unsigned    roles;    /* mask of 1 << enum role: who may ask at all; 0: anybody, unsigned */
    uint32_t    body_max; /* bytes of JSON; 0: it takes none */
    bool        takes_query;
};

/* Bytes of body that are read for this request, whatever becomes of it. */
size_t routes_body_max(const struct http_request *);
/* Fills call->route, id and query. KMS_E_NOT_FOUND; KMS_E_METHOD with call->allow. */
RESULT routes_match(struct call *);

#endif
