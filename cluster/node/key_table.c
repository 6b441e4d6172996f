/* SPDX-License-Identifier: Apache-2.0 */
/* Two sorted arrays over the same keys. */
#include "cluster/node/key_table.h"

#include <stdlib.h>

#include "cluster/node/state.h"
#include "common/base/check.h"

static int by_id(const struct key *key, const void *key_id)
{
    return strcmp(key->body.key_id, key_id);
}

static int by_request(const struct key *key, const void *request_hash)
{
    return memcmp(key->body.request_hash, request_hash, sizeof key->body.request_hash);
}

/* The first of the sorted keys that is not before `wanted`. */
static size_t search(struct key *const *sorted, size_t count, int (*compare)(const struct key *, const void *),
                     const void *wanted)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(sorted[middle], wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t key_table_position(const struct keys *keys, const char *key_id)
{
    return search(keys->sorted, keys->count, by_id, key_id);
}

static size_t request_position(const struct keys *keys, const uint8_t request_hash[32])
{
    return search(keys->by_request, keys->count, by_request, request_hash);
}

static struct key *at(const struct keys *keys, size_t i)
{
    return i < keys->count ? keys->sorted[i] : NULL;
}

struct key *keys_find(const struct node *node, const char *key_id)
{
    struct key *key = at(&node->keys, key_table_position(&node->keys, key_id));

    return key != NULL && strcmp(key->body.key_id, key_id) == 0 ? key : NULL;
}

struct key *keys_after(const struct node *node, const char *key_id)
{
    size_t      i = key_table_position(&node->keys, key_id);
    struct key *key = at(&node->keys, i);

    return key != NULL && strcmp(key->body.key_id, key_id) == 0 ? at(&node->keys, i + 1) : key;
}

struct key *keys_find_by_request(const struct node *node, const uint8_t request_hash[32])
{
    const struct keys *keys = &node->keys;
    size_t             i = request_position(keys, request_hash);

    return i < keys->count && by_request(keys->by_request[i], request_hash) == 0 ? keys->by_request[i] : NULL;
}

static size_t *tally(struct keys *keys, enum key_state state)
{
    switch (state) {
    case KEY_ACTIVE:
        return &keys->active;
    case KEY_PENDING_DELETION:
        return &keys->leaving;
    case KEY_ABANDONED:
        return &keys->abandoned;
    case KEY_PENDING:
    default:
        return &keys->pending;
    }
}

void key_table_set_state(struct keys *keys, struct key *key, enum key_state state)
{
    --*tally(keys, key->state);
    ++*tally(keys, state);
    key->state = state;
}

static enum kms_err grow(struct keys *keys)
{
    size_t       more = keys->capacity == 0 ? 64 : keys->capacity * 2;
    struct key **sorted = realloc(keys->sorted, more * sizeof(struct key *));

    if (sorted != NULL) keys->sorted = sorted;
    struct key **requests = realloc(keys->by_request, more * sizeof(struct key *));
    if (requests != NULL) keys->by_request = requests;
    if (sorted == NULL || requests == NULL) return fail(KMS_E_MEMORY, "no memory for %zu keys", more);
    keys->capacity = more;
    return KMS_OK;
}

static void put_at(struct key **list, size_t count, size_t i, struct key *key)
{
    memmove(&list[i + 1], &list[i], (count - i) * sizeof(struct key *));
    list[i] = key;
}

static void take_from(struct key **list, size_t count, size_t i)
{
    memmove(&list[i], &list[i + 1], (count - i - 1) * sizeof(struct key *));
}

RESULT key_table_insert(struct keys *keys, struct key *key)
{
    if (keys->count == keys->capacity) TRY(grow(keys));
    put_at(keys->sorted, keys->count, key_table_position(keys, key->body.key_id), key);
    put_at(keys->by_request, keys->count, request_position(keys, key->body.request_hash), key);
    keys->count++;
    ++*tally(keys, key->state);
    return KMS_OK;
}

void key_table_remove(struct keys *keys, const struct key *key)
{
    size_t id = key_table_position(keys, key->body.key_id), request = request_position(keys, key->body.request_hash);

    /* A node makes one key of a request; a store that says otherwise is still read rightly. */
    while (request < keys->count && keys->by_request[request] != key) request++;
    CHECK(id < keys->count && keys->sorted[id] == key && request < keys->count);
    take_from(keys->sorted, keys->count, id);
    take_from(keys->by_request, keys->count, request);
    keys->count--;
    --*tally(keys, key->state);
}
