/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The links of a process to the gateways: made when needed, kept while idle, one thread each while in use. What a
 * forked child inherits is dropped unsaid at its first use of the pool.
 */
#ifndef KMS_PKCS11_BACKEND_POOL_H
#define KMS_PKCS11_BACKEND_POOL_H

#include <pthread.h>

#include "pkcs11/backend/gateways.h"
#include "pkcs11/backend/http.h"

#define POOL_IDLE_MAX 16
#define POOL_IDLE_MS 50000 /* shorter than any server or load balancer keeps an idle connection */

struct pooled;

struct pool {
    pthread_mutex_t      lock;
    struct link_context *context;  /* borrowed */
    struct gateways     *gateways; /* borrowed */
    struct pooled       *links;    /* owned; all of them, idle or in use */
    unsigned             idle;
    unsigned             fork_count;
    unsigned             connect_timeout_ms;
};

RESULT pool_init(struct pool *, struct link_context *, struct gateways *, unsigned connect_timeout_ms);
void   pool_clear(struct pool *);

/*
 * Sends a request to one gateway and receives its answer, over an idle link if there is one. If that link turns out to
 * be closed, the same bytes go over a new one, once.
 */
RESULT pool_exchange(struct pool *, struct http_answer *out, unsigned gateway, struct bytes request,
                     uint64_t deadline_ms);

#endif
