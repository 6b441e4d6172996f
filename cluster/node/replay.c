/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The replay table: entries in a pool, each in two lists by index: a hash chain to find it, and the list of the second
 * in which it expires. Requests live at most HORIZON seconds, so a ring of that many lists forgets in constant time.
 */
#include "cluster/node/replay.h"

#include <stdlib.h>

#include "common/crypto/hash.h"

#define NONE UINT32_MAX
#define RING 512 /* seconds; more than the longest life of a request */
#define START 1024

struct entry {
    uint8_t  id[32]; /* SHA-256 of access key, 0, nonce */
    uint8_t  request_hash[32];
    int64_t  expires_s;
    uint32_t next_in_chain, next_in_second;
    uint32_t client;
    uint8_t  attempts;
};

struct client {
    char     access_key[ACCESS_KEY_LEN + 1];
    uint32_t next_in_chain;
    uint32_t count; /* 0: the place is free */
};

struct replay {
    struct replay_limits limits;
    struct entry        *entries; /* owned */
    struct client       *clients; /* owned */
    uint32_t             entry_capacity, client_capacity, count;
    uint32_t             free_entry, free_client; /* lists through next_in_chain */
    uint32_t            *entry_chains, *client_chains;
    uint32_t             seconds[RING];
    int64_t              swept_to_s; /* seconds up to and with this one are empty */
};

static uint32_t chain_of(const uint8_t *hash, uint32_t capacity)
{
    uint32_t word;

    memcpy(&word, hash, sizeof word);
    return word & (capacity - 1); /* capacities are powers of two */
}

static void hash_of_client(uint8_t out[32], const char *access_key)
{
    sha256(out, bytes_str(access_key));
}

static void hash_of_nonce(uint8_t out[32], const char *access_key, const char *nonce)
{
    char   text[ACCESS_KEY_LEN + 1 + 65] = {0};
    size_t key_len = strnlen(access_key, ACCESS_KEY_LEN), nonce_len = strnlen(nonce, 64);

    memcpy(text, access_key, key_len);
    memcpy(text + key_len + 1, nonce, nonce_len);
    sha256(out, bytes(text, key_len + 1 + nonce_len));
}

static enum kms_err no_memory(void)
{
    return fail(KMS_E_MEMORY, "no memory for the replay table");
}

/* Twice the places; chains are made anew. */
static enum kms_err grow_entries(struct replay *r)
{
    uint32_t      capacity = r->entry_capacity == 0 ? START : r->entry_capacity * 2;
    struct entry *entries = realloc(r->entries, capacity * sizeof *entries);

    if (entries == NULL) return no_memory();
    r->entries = entries;
    uint32_t *chains = malloc(capacity * sizeof *chains);
    if (chains == NULL) return no_memory();
    free(r->entry_chains);
    r->entry_chains = chains;
    memset(chains, 0xff, capacity * sizeof *chains);
    for (uint32_t i = 0; i < r->entry_capacity; i++) {
        uint32_t chain = chain_of(entries[i].id, capacity);
        entries[i].next_in_chain = chains[chain];
        chains[chain] = i;
    }
    for (uint32_t i = r->entry_capacity; i < capacity; i++) entries[i].next_in_chain = i + 1 < capacity ? i + 1 : NONE;
    r->free_entry = r->entry_capacity;
    r->entry_capacity = capacity;
    return KMS_OK;
}

static enum kms_err grow_clients(struct replay *r)
{
    uint32_t       capacity = r->client_capacity == 0 ? START : r->client_capacity * 2;
    struct client *clients = realloc(r->clients, capacity * sizeof *clients);

    if (clients == NULL) return no_memory();
    r->clients = clients;
    uint32_t *chains = malloc(capacity * sizeof *chains);
    if (chains == NULL) return no_memory();
    free(r->client_chains);
    r->client_chains = chains;
    memset(chains, 0xff, capacity * sizeof *chains);
    for (uint32_t i = 0; i < r->client_capacity; i++) {
        uint8_t hash[32];
        hash_of_client(hash, clients[i].access_key);
        uint32_t chain = chain_of(hash, capacity);
        clients[i].next_in_chain = chains[chain];
        chains[chain] = i;
    }
    for (uint32_t i = r->client_capacity; i < capacity; i++) clients[i].next_in_chain = i + 1 < capacity ? i + 1 : NONE;
    r->free_client = r->client_capacity;
    r->client_capacity = capacity;
    return KMS_OK;
}

RESULT replay_new(struct replay **out, struct replay_limits limits)
{
    struct replay *r = calloc(1, sizeof *r);

    *out = NULL;
    if (r == NULL) return no_memory();
    r->limits = limits;
    memset(r->seconds, 0xff, sizeof r->seconds);
    enum kms_err err = grow_entries(r);
    if (err == KMS_OK) err = grow_clients(r);
    if (err != KMS_OK) {
        replay_free(&r);
        return err;
    }
    *out = r;
    return KMS_OK;
}

void replay_free(struct replay **replay)
{
    struct replay *r = *replay;

    *replay = NULL;
    if (r == NULL) return;
    free(r->entries);
    free(r->clients);
    free(r->entry_chains);
    free(r->client_chains);
    free(r);
}

static struct entry *find(struct replay *r, const uint8_t id[32])
{
    for (uint32_t i = r->entry_chains[chain_of(id, r->entry_capacity)]; i != NONE; i = r->entries[i].next_in_chain)
        if (memcmp(r->entries[i].id, id, 32) == 0) return &r->entries[i];
    return NULL;
}

/* The client's place, made if it has none. */
static enum kms_err client_place(struct replay *r, const char *access_key, uint32_t *place)
{
    uint8_t hash[32];

    hash_of_client(hash, access_key);
    for (uint32_t i = r->client_chains[chain_of(hash, r->client_capacity)]; i != NONE; i = r->clients[i].next_in_chain)
        if (strcmp(r->clients[i].access_key, access_key) == 0) {
            *place = i;
            return KMS_OK;
        }
    if (r->free_client == NONE) TRY(grow_clients(r));
    uint32_t  i = r->free_client;
    uint32_t *chain = &r->client_chains[chain_of(hash, r->client_capacity)];
    r->free_client = r->clients[i].next_in_chain;
    r->clients[i] = (struct client){.next_in_chain = *chain};
    memcpy(r->clients[i].access_key, access_key, strnlen(access_key, ACCESS_KEY_LEN));
    *chain = i;
    *place = i;
    return KMS_OK;
}

static void drop_client(struct replay *r, uint32_t index)
{
    struct client *c = &r->clients[index];
    uint8_t        hash[32];

    if (--c->count > 0) return;
    hash_of_client(hash, c->access_key);
    uint32_t *at = &r->client_chains[chain_of(hash, r->client_capacity)];
    while (*at != index) at = &r->clients[*at].next_in_chain;
    *at = c->next_in_chain;
    c->next_in_chain = r->free_client;
    r->free_client = index;
}

static void drop_entry(struct replay *r, uint32_t index)
{
    struct entry *e = &r->entries[index];
    uint32_t     *at = &r->entry_chains[chain_of(e->id, r->entry_capacity)];

    while (*at != index) at = &r->entries[*at].next_in_chain;
    *at = e->next_in_chain;
    drop_client(r, e->client);
    e->next_in_chain = r->free_entry;
    r->free_entry = index;
    r->count--;
}

static void sweep_second(struct replay *r, int64_t second)
{
    uint32_t *head = &r->seconds[second % RING];

    while (*head != NONE) {
        uint32_t index = *head;
        *head = r->entries[index].next_in_second;
        drop_entry(r, index);
    }
}

void replay_expire(struct replay *r, int64_t now_s)
{
    /* A request is fresh up to and with its last second. */
    int64_t from = now_s - r->swept_to_s > RING ? now_s - RING : r->swept_to_s + 1;

    for (int64_t s = from; s < now_s; s++) sweep_second(r, s);
    if (now_s - 1 > r->swept_to_s) r->swept_to_s = now_s - 1;
}

unsigned replay_count(const struct replay *r)
{
    return r->count;
}

static enum kms_err add(struct replay *r, const struct replay_item *item, const uint8_t id[32])
{
    uint32_t client;

    if (r->count >= r->limits.total)
        return fail(KMS_E_BUSY, "%u requests are remembered here until they expire; wait, or let them live shorter",
                    r->count);
    TRY(client_place(r, item->access_key, &client));
    if (r->clients[client].count >= r->limits.per_client)
        return fail(
            KMS_E_BUSY,
            "%u requests of access key %s are remembered here until they expire; wait, or let them live shorter",
            r->clients[client].count, item->access_key);
    r->clients[client].count++;
    if (r->free_entry == NONE && grow_entries(r) != KMS_OK) {
        drop_client(r, client);
        return no_memory();
    }
    uint32_t  index = r->free_entry;
    uint32_t *chain = &r->entry_chains[chain_of(id, r->entry_capacity)], *second = &r->seconds[item->expires_s % RING];
    struct entry *e = &r->entries[index];
    r->free_entry = e->next_in_chain;
    *e = (struct entry){.expires_s = item->expires_s,
                        .next_in_chain = *chain,
                        .next_in_second = *second,
                        .client = client,
                        .attempts = 1};
    memcpy(e->id, id, sizeof e->id);
    memcpy(e->request_hash, item->request_hash, sizeof e->request_hash);
    *chain = *second = index;
    r->count++;
    return KMS_OK;
}

RESULT replay_use(struct replay *r, const struct replay_item *item, int64_t now_s)
{
    uint8_t id[32];

    replay_expire(r, now_s);
    if (item->expires_s < now_s || item->expires_s >= now_s + RING - 1)
        return fail(KMS_E_EXPIRED, "the request does not expire within %d seconds from now", RING);
    if (item->expires_s <= r->swept_to_s)
        return fail(KMS_E_EXPIRED, "the clock was ahead: what expires before it is there again cannot be told apart");
    hash_of_nonce(id, item->access_key, item->nonce);
    struct entry *e = find(r, id);
    if (e == NULL) return add(r, item, id);
    if (memcmp(e->request_hash, item->request_hash, 32) != 0)
        return fail(KMS_E_REPLAY, "access key %s has used this nonce for another request: sign with a new nonce",
                    item->access_key);
    if (e->attempts >= REPLAY_ATTEMPTS_MAX)
        return fail(KMS_E_ATTEMPTS, "this request was attempted %d times here: sign a new one", REPLAY_ATTEMPTS_MAX);
    e->attempts++;
    return KMS_OK;
}
