/* SPDX-License-Identifier: Apache-2.0 */
/* Signed requests to the REST API, over libcurl: for kmsctl and for `kms-clusterd dev`. */
#ifndef KMS_CLUSTER_CTL_CLIENT_H
#define KMS_CLUSTER_CTL_CLIENT_H

#include "common/document/signed_request.h"

struct client {
    char                     url[512];     /* "https://127.0.0.1:8080" */
    char                     ca_path[512]; /* ca.cert */
    const struct credential *credential;   /* borrowed; unlocked; NULL: requests go out unsigned */
    unsigned                 timeout_s;    /* 30; also the signature's lifetime, with wait_s */
    unsigned                 wait_s;       /* 0; try again for so long while the cluster is not available */
    void                    *curl;         /* owned: kept open between calls */
};

struct client_reply {
    int        status; /* HTTP */
    struct buf body;   /* owned */
};
void client_reply_clear(struct client_reply *);

/*
 * Signs and sends; path may hold "?query". idempotency_key NULL: a random one. An HTTP error status is not an error of
 * the call; client_error() turns a problem+json reply into the kms_err of its code, with its detail as the text.
 */
RESULT client_call(struct client *, const char *method, const char *path, struct bytes body,
                   const char *idempotency_key, struct client_reply *out);
RESULT client_error(const struct client_reply *);
/* Signs without sending. Path as in client_call; body, path and the credential's certificate are borrowed by *out. */
RESULT client_sign(const struct client *, const char *method, const char *path, struct bytes body,
                   const char *idempotency_key, struct signed_request *out);
void   client_close(struct client *);

#endif
