/* SPDX-License-Identifier: Apache-2.0 */
/* Names become addresses, outside the gate. */
#include "pkcs11/backend/addresses.h"

#include <netdb.h>
#include <string.h>

#include "common/base/clock.h"
#include "pkcs11/backend/gate.h"

void addresses_init(struct addresses *a)
{
    *a = (struct addresses){.lock = PTHREAD_MUTEX_INITIALIZER};
}

static bool recall(struct addresses *a, struct address_list *out)
{
    (void)pthread_mutex_lock(&a->lock);
    bool fresh = a->known.count > 0 && clock_monotonic_ms() < a->until_ms;
    *out = a->known;
    (void)pthread_mutex_unlock(&a->lock);
    return fresh;
}

static void keep(struct addresses *a, const struct address_list *found)
{
    (void)pthread_mutex_lock(&a->lock);
    a->known = *found;
    a->until_ms = clock_monotonic_ms() + ADDRESSES_KEEP_MS;
    (void)pthread_mutex_unlock(&a->lock);
}

static int ask(struct address_list *out, const char *host, const char *port, bool is_address)
{
    struct addrinfo  hints = {.ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_NUMERICSERV | (is_address ? AI_NUMERICHOST : 0)};
    struct addrinfo *list = NULL;

    bool was_inside = gate_step_out();
    int  failed = getaddrinfo(host, port, &hints, &list);
    gate_step_back(was_inside);
    if (failed != 0) return failed;
    out->count = 0;
    for (const struct addrinfo *i = list; i != NULL && out->count < ADDRESSES_MAX; i = i->ai_next) {
        if (i->ai_addrlen > sizeof out->items[0].data) continue;
        memcpy(&out->items[out->count].data, i->ai_addr, i->ai_addrlen);
        out->items[out->count++].len = i->ai_addrlen;
    }
    freeaddrinfo(list);
    return 0;
}

RESULT addresses_find(struct addresses *a, struct address_list *out, const char *host, const char *port,
                      bool is_address)
{
    if (recall(a, out)) return KMS_OK;
    int failed = ask(out, host, port, is_address);
    if (failed == 0) keep(a, out);
    if (out->count > 0) return KMS_OK; /* also the old ones, while the name server is away */
    return fail(KMS_E_UNAVAILABLE, "gateway %s:%s: %s", host, port, failed == 0 ? "no address" : gai_strerror(failed));
}

void addresses_distrust(struct addresses *a)
{
    (void)pthread_mutex_lock(&a->lock);
    a->until_ms = 0;
    (void)pthread_mutex_unlock(&a->lock);
}
