/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call of the REST interface, from what is asked to a checked answer, within one deadline: signs the request, sends
 * it to a gateway, and where that fails sends the same signed bytes again, to the next gateway or later. The same bytes
 * name the same request to the whole cluster, so sending them again is safe. A request that is no longer fresh is
 * signed anew.
 */
#ifndef KMS_PKCS11_BACKEND_CALLER_H
#define KMS_PKCS11_BACKEND_CALLER_H

#include "common/document/signed_request.h"
#include "pkcs11/backend/pool.h"

struct caller {
    struct gateways      gateways;
    struct link_context *links; /* owned */
    struct pool          pool;
    pthread_mutex_t      lock;       /* of the credential; never held while waiting */
    struct credential    credential; /* locked until login */
};

struct call {
    const char  *method;
    char         path[160];
    char         query[96]; /* without "?" */
    struct bytes body;
    const char  *if_none_match; /* NULL: none */
    unsigned     timeout_ms;
    uint64_t     deadline_ms;         /* of clock_monotonic_ms(); 0: timeout_ms from now */
    char         idempotency_key[65]; /* "": made when it is signed */
    /* Which refusals a gateway may give as the answer, KMS_OK ends them; of any other only the failure is believed. */
    enum kms_err refusals[2];
    /*
     * Reads a successful answer (200, 201, 304) and checks it. Its failure is not this gateway's last word: another one
     * is asked, if there is one.
     */
    enum kms_err (*accept)(void *context, const struct http_answer *);
    void *context;
};

/* credential: taken over. authority: borrowed. */
RESULT caller_init(struct caller *, const struct settings *, const struct authority *, struct credential *credential);
void   caller_clear(struct caller *);
/* Any error names the call and its idempotency key, by which the cluster's logs know it. */
RESULT caller_call(struct caller *, struct call *);

#endif
