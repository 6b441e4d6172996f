/* SPDX-License-Identifier: Apache-2.0 */
/* A key as answers show it, and what every route with a {keyId} begins with. */
#ifndef KMS_CLUSTER_API_KEY_JSON_H
#define KMS_CLUSTER_API_KEY_JSON_H

#include "cluster/api/etag.h"
#include "cluster/api/json_out.h"
#include "common/document/policy.h"

/* A key's record with its decoded birth certificate. */
struct key_view {
    struct key_record        record;
    struct birth_certificate birth; /* borrows from record.birth */
};
void key_view_clear(struct key_view *);
#define KEY_VIEW_LOCAL CLEANUP(key_view_clear) struct key_view

/*
 * The key of the path, if the caller may do `action` with it. Another client's key is KMS_E_NOT_FOUND like one that
 * does not exist: a client cannot find out which. A DELETED key is KMS_E_NOT_FOUND, but for ACTION_DELETE.
 */
RESULT key_view_load(struct key_view *out, const struct call *, enum action);

RESULT key_json(struct json_out *out, const struct key_record *);
/* Of one key. */
void key_etag(char out[ETAG_LEN + 1], const struct key_record *);

#endif
