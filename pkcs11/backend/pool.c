/* SPDX-License-Identifier: Apache-2.0 */
/* Links that are kept, lent and forgotten. */
#include "pkcs11/backend/pool.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "pkcs11/backend/gate.h"

struct pooled {
    struct pooled *next;
    struct link   *link; /* owned */
    unsigned       gateway;
    bool           busy;
    uint64_t       idle_since_ms;
};

RESULT pool_init(struct pool *pool, struct link_context *context, struct gateways *gateways,
                 unsigned connect_timeout_ms)
{
    *pool = (struct pool){.context = context, .gateways = gateways, .connect_timeout_ms = connect_timeout_ms};
    pool->fork_count = gate_fork_count();
    int failed = pthread_mutex_init(&pool->lock, NULL);
    if (failed != 0) return fail(KMS_E_SYSTEM, "mutex: %s", strerror(failed));
    return KMS_OK;
}

static void drop_all(struct pool *pool)
{
    while (pool->links != NULL) {
        struct pooled *p = pool->links;
        pool->links = p->next;
        link_close(&p->link);
        free(p);
    }
    pool->idle = 0;
}

void pool_clear(struct pool *pool)
{
    drop_all(pool);
    (void)pthread_mutex_destroy(&pool->lock);
}

static void lock(struct pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    if (pool->fork_count == gate_fork_count()) return;
    /* Inherited: also those that threads of the parent were using; none of them is here. */
    drop_all(pool);
    pool->fork_count = gate_fork_count();
}

static void unlock(struct pool *pool)
{
    (void)pthread_mutex_unlock(&pool->lock);
}

/* Takes a link out of the list for good. The pool is locked. */
static void remove_locked(struct pool *pool, struct pooled *gone)
{
    for (struct pooled **at = &pool->links; *at != NULL; at = &(*at)->next)
        if (*at == gone) {
            *at = gone->next;
            return;
        }
}

static void discard(struct pool *pool, struct pooled *p)
{
    lock(pool);
    remove_locked(pool, p);
    unlock(pool);
    link_close(&p->link);
    free(p);
}

/* The link that was used last: it is the likeliest to be alive, and the others can grow old. */
static struct pooled *take_idle(struct pool *pool, unsigned gateway)
{
    struct pooled *best = NULL;

    lock(pool);
    for (struct pooled *p = pool->links; p != NULL; p = p->next)
        if (!p->busy && p->gateway == gateway && (best == NULL || p->idle_since_ms > best->idle_since_ms)) best = p;
    if (best != NULL) {
        best->busy = true;
        pool->idle--;
    }
    unlock(pool);
    return best;
}

static RESULT open_new(struct pool *pool, struct pooled **out, unsigned gateway, uint64_t deadline_ms)
{
    uint64_t       limit = clock_monotonic_ms() + pool->connect_timeout_ms;
    struct pooled *p = calloc(1, sizeof *p);

    *out = NULL;
    if (p == NULL) return fail(KMS_E_MEMORY, "connection");
    *p = (struct pooled){.gateway = gateway, .busy = true};
    enum kms_err err =
        link_open(&p->link, pool->context, &pool->gateways->items[gateway], limit < deadline_ms ? limit : deadline_ms);
    if (err != KMS_OK) {
        free(p);
        return err;
    }
    lock(pool);
    p->next = pool->links;
    pool->links = p;
    unlock(pool);
    *out = p;
    return KMS_OK;
}

static void put_back(struct pool *pool, struct pooled *p)
{
    lock(pool);
    bool keep = pool->idle < POOL_IDLE_MAX;
    if (keep) {
        p->busy = false;
        p->idle_since_ms = clock_monotonic_ms();
        pool->idle++;
    }
    unlock(pool);
    if (!keep) discard(pool, p);
}

static RESULT use(struct pool *pool, struct pooled *p, struct http_answer *out, bool *untouched, struct bytes request,
                  uint64_t deadline_ms)
{
    const struct gateway *gateway = &pool->gateways->items[p->gateway];
    enum kms_err          err = http_exchange(p->link, out, untouched, request, deadline_ms);

    if (err == KMS_OK && out->keep_alive)
        put_back(pool, p);
    else
        discard(pool, p);
    if (err != KMS_OK) error_context("gateway %s", gateway->authority);
    return err;
}

RESULT pool_exchange(struct pool *pool, struct http_answer *out, unsigned gateway, struct bytes request,
                     uint64_t deadline_ms)
{
    struct pooled *p;
    bool           untouched;

    while ((p = take_idle(pool, gateway)) != NULL) {
        if (clock_monotonic_ms() - p->idle_since_ms < POOL_IDLE_MS && link_is_idle(p->link)) {
            enum kms_err err = use(pool, p, out, &untouched, request, deadline_ms);
            if (err != KMS_E_CLOSED || !untouched) return err;
            break;
        }
        discard(pool, p);
    }
    TRY(open_new(pool, &p, gateway, deadline_ms));
    return use(pool, p, out, &untouched, request, deadline_ms);
}
