/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table with chains, and a wheel of seconds that says what expires when. */
#include "cluster/api/nonces.h"

#include <stdlib.h>

#include "common/base/check.h"
#include "common/crypto/hash.h"

#define BUCKETS 65536
#define WHEEL (REQUEST_LIFETIME_MAX_S + REQUEST_SKEW_S + 2) /* seconds a fresh request can still live, and some */

struct entry {
    struct entry *next;    /* owned: of the same bucket */
    struct entry *same_s;  /* borrowed: expires in the same second */
    struct owner *owner;   /* borrowed */
    uint64_t      name[2]; /* of access key and nonce: 128 bits of a hash */
    uint8_t       request[16];
    int64_t       repeated_s; /* when it was repeated last */
    uint32_t      repeats;    /* in that second */
};

struct owner {
    struct owner *next; /* owned */
    char          access_key[ACCESS_KEY_LEN + 1];
    uint32_t      count;
};

struct nonces {
    struct entry       *buckets[BUCKETS];
    struct entry       *wheel[WHEEL]; /* by expires % WHEEL */
    struct owner       *owners[256];
    int64_t             swept_s; /* entries that expired before this second are gone */
    uint32_t            count;
    struct nonce_limits limits;
};

RESULT nonces_new(struct nonces **out, struct nonce_limits limits)
{
    struct nonces *r = calloc(1, sizeof *r);

    *out = r;
    if (r == NULL) return fail(KMS_E_MEMORY, "the table of nonces");
    r->limits.per_key = limits.per_key == 0 ? NONCES_PER_KEY_MAX : limits.per_key;
    r->limits.all = limits.all == 0 ? NONCES_ALL_MAX : limits.all;
    return KMS_OK;
}

void nonces_free(struct nonces **nonces)
{
    struct nonces *r = *nonces;

    if (r == NULL) return;
    for (unsigned i = 0; i < BUCKETS; i++)
        for (struct entry *e = r->buckets[i], *next; e != NULL; e = next) {
            next = e->next;
            free(e);
        }
    for (unsigned i = 0; i < ARRAY_LEN(r->owners); i++)
        for (struct owner *o = r->owners[i], *next; o != NULL; o = next) {
            next = o->next;
            free(o);
        }
    free(r);
    *nonces = NULL;
}

static struct owner **owner_slot(struct nonces *r, const char *access_key)
{
    uint8_t        hash[32];
    struct owner **at;

    sha256(hash, bytes_str(access_key));
    at = &r->owners[hash[0]];
    while (*at != NULL && strcmp((*at)->access_key, access_key) != 0) at = &(*at)->next;
    return at;
}

static void drop_owner(struct nonces *r, struct owner *o)
{
    struct owner **at = owner_slot(r, o->access_key);

    CHECK(*at == o);
    *at = o->next;
    free(o);
}

static void drop_entry(struct nonces *r, struct entry *e)
{
    struct entry **at = &r->buckets[e->name[0] % BUCKETS];

    while (*at != e) at = &(*at)->next;
    *at = e->next;
    r->count--;
    if (--e->owner->count == 0) drop_owner(r, e->owner);
    free(e);
}

static void sweep(struct nonces *r, int64_t now_s)
{
    if (r->swept_s < now_s - WHEEL) r->swept_s = now_s - WHEEL;
    for (; r->swept_s < now_s; r->swept_s++) {
        struct entry **slot = &r->wheel[r->swept_s % WHEEL];
        for (struct entry *e = *slot, *next; e != NULL; e = next) {
            next = e->same_s;
            drop_entry(r, e);
        }
        *slot = NULL;
    }
}

/* The access key has a fixed length, so key and nonce cannot be shifted against each other. */
static void name_of(uint64_t out[2], const struct signed_request *request)
{
    uint8_t in[ACCESS_KEY_LEN + 64], hash[32];
    size_t  len = strlen(request->nonce);

    memcpy(in, request->keyid, ACCESS_KEY_LEN);
    memcpy(in + ACCESS_KEY_LEN, request->nonce, len);
    sha256(hash, bytes(in, ACCESS_KEY_LEN + len));
    memcpy(out, hash, 16);
}

static struct entry *find(const struct nonces *r, const uint64_t name[2])
{
    struct entry *e = r->buckets[name[0] % BUCKETS];

    while (e != NULL && (e->name[0] != name[0] || e->name[1] != name[1])) e = e->next;
    return e;
}

static RESULT find_owner(struct nonces *r, const char *access_key, struct owner **out)
{
    struct owner **at = owner_slot(r, access_key);

    *out = *at;
    if (*at != NULL) return KMS_OK;
    struct owner *o = calloc(1, sizeof *o);
    if (o == NULL) return fail(KMS_E_MEMORY, "the table of nonces");
    memcpy(o->access_key, access_key, sizeof o->access_key);
    *at = *out = o;
    return KMS_OK;
}

static RESULT add(struct nonces *r, const struct signed_request *request, const uint64_t name[2],
                  const uint8_t request_hash[32])
{
    struct owner *owner;

    if (r->count >= r->limits.all) return fail(KMS_E_BUSY, "%u requests are remembered: try again later", r->count);
    TRY(find_owner(r, request->keyid, &owner));
    if (owner->count >= r->limits.per_key)
        return fail(KMS_E_BUSY, "%u requests of access key %s have not expired yet: sign shorter-lived ones, or wait",
                    owner->count, request->keyid);
    struct entry *e = calloc(1, sizeof *e);
    if (e == NULL) {
        if (owner->count == 0) drop_owner(r, owner);
        return fail(KMS_E_MEMORY, "the table of nonces");
    }
    *e = (struct entry){.owner = owner, .name = {name[0], name[1]}};
    memcpy(e->request, request_hash, sizeof e->request);
    struct entry **bucket = &r->buckets[name[0] % BUCKETS], **slot = &r->wheel[request->expires % WHEEL];
    e->next = *bucket;
    *bucket = e;
    e->same_s = *slot;
    *slot = e;
    owner->count++;
    r->count++;
    return KMS_OK;
}

static RESULT count_repeat(struct entry *e, int64_t now_s)
{
    if (e->repeated_s != now_s) e->repeats = 0;
    e->repeated_s = now_s;
    if (e->repeats >= NONCE_REPEATS_MAX)
        return fail(KMS_E_BUSY, "the same signed request has come too often in this second: wait, or sign a new one");
    e->repeats++;
    return KMS_OK;
}

RESULT nonces_check(struct nonces *r, bool *repeated, const struct signed_request *request,
                    const uint8_t request_hash[32], int64_t now_s)
{
    uint64_t name[2];

    *repeated = false;
    sweep(r, now_s);
    name_of(name, request);
    struct entry *e = find(r, name);
    if (e == NULL) return add(r, request, name, request_hash);
    *repeated = memcmp(e->request, request_hash, sizeof e->request) == 0;
    if (*repeated) return count_repeat(e, now_s);
    return fail(KMS_E_REPLAY, "the nonce was used by another request: sign this one with a new nonce");
}
