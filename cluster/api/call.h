/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request being answered. It is made when the request comes in and freed with its answer; what the coordinator
 * works on keeps it alive until its callback. Each ends in one row of t_key_operation_log before the answer leaves.
 */
#ifndef KMS_CLUSTER_API_CALL_H
#define KMS_CLUSTER_API_CALL_H

#include "cluster/api/http.h"
#include "cluster/coordinator/operations.h"
#include "common/wire/json.h"

struct api;
struct route;

struct call {
    struct api                *api;                /* borrowed */
    struct http_exchange      *exchange;           /* owned by the server until it is answered */
    const struct http_request *http;               /* borrowed likewise */
    const struct route        *route;              /* NULL: no such path or method */
    bool                       wrong_media_type;   /* its body is not said to be JSON */
    const char                *allow;              /* what the path does allow, after KMS_E_METHOD */
    char                       id[KEY_ID_LEN + 1]; /* {keyId} or {objectId} of the path; "" */
    const char                *query;              /* behind "?"; "" */
    char                       request_id[REQUEST_ID_LEN + 1];
    char                       audit_trail[256];
    uint64_t                   started_ms;
    bool                       logged; /* its row has been written, or none is wanted */
    /* Once authenticated. */
    bool                  authenticated;
    bool                  maybe_copied; /* old, or seen before: its rows are counted per access key */
    struct buf            certificate;
    struct signed_request request;
    struct identity       who;
    uint8_t               request_hash[32];
    const char           *algorithm, *data_type; /* static: what the answer to a signing repeats */
};

/* What the coordinator is told about it. */
struct operation call_operation(const struct call *);
struct metadata *call_metadata(const struct call *);
int64_t          call_wall_ms(const struct call *);
/* Its row, filled in: for a handler that writes it in a transaction and then sets `logged`. */
void call_log_row(struct log_record *out, const struct call *, enum kms_err);

/* Each of these answers, and frees the call. */
void call_reply_error(struct call *, enum kms_err); /* with error_text() */
/* extra: up to two more headers; NULL for none. */
struct call_headers {
    const char *location, *etag;
};
void call_reply_json(struct call *, int status, const cJSON *body, const struct call_headers *extra);
void call_reply_not_modified(struct call *, const char *etag);

/* Has the client what this ETag names? (RFC 9110 13.1.2; weak comparison.) */
bool call_has_etag(const struct call *, const char *etag);

#endif
