/* SPDX-License-Identifier: Apache-2.0 */
/* A sorted array: lists come sorted, so almost every insertion is at the end. */
#include "pkcs11/backend/seen.h"

#include <stdlib.h>
#include <string.h>

void seen_clear(struct seen *s)
{
    free(s->items);
    *s = (struct seen){0};
}

/* The first item that is not below object_id. */
static size_t position(const struct seen *s, const char *object_id)
{
    size_t low = 0, high = s->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(s->items[middle].object_id, object_id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct seen_item *seen_find(const struct seen *s, const char *object_id)
{
    size_t at = position(s, object_id);

    return at < s->count && strcmp(s->items[at].object_id, object_id) == 0 ? &s->items[at] : NULL;
}

static RESULT grow(struct seen *s)
{
    size_t            cap = s->cap == 0 ? 64 : 2 * s->cap;
    struct seen_item *items = reallocarray(s->items, cap, sizeof *items);

    if (items == NULL) return fail(KMS_E_MEMORY, "%zu objects", cap);
    s->items = items;
    s->cap = cap;
    return KMS_OK;
}

static RESULT check_newer(const struct seen_item *item, const struct seen_item *before)
{
    if (before->gone) return fail(KMS_E_NOT_FOUND, "destroyed by this process before");
    if (item->revision < before->revision)
        return fail(KMS_E_REPLAY, "revision %u, after revision %u was seen", item->revision, before->revision);
    if (item->revision == before->revision &&
        memcmp(item->change_hash, before->change_hash, sizeof item->change_hash) != 0) /* public */
        return fail(KMS_E_REPLAY, "another change to revision %u than was seen before", item->revision);
    return KMS_OK;
}

RESULT seen_put(struct seen *s, const struct seen_item *item)
{
    size_t at = position(s, item->object_id);

    if (at < s->count && strcmp(s->items[at].object_id, item->object_id) == 0) {
        TRY(check_newer(item, &s->items[at]));
        s->items[at] = *item;
        return KMS_OK;
    }
    if (s->count == s->cap) TRY(grow(s));
    memmove(&s->items[at + 1], &s->items[at], (s->count - at) * sizeof *s->items);
    s->items[at] = *item;
    s->count++;
    return KMS_OK;
}

RESULT seen_bury(struct seen *s, const char *object_id)
{
    struct seen_item item = {.gone = true};
    size_t           at = position(s, object_id);

    if (at < s->count && strcmp(s->items[at].object_id, object_id) == 0) {
        s->items[at].gone = true;
        return KMS_OK;
    }
    memcpy(item.object_id, object_id, sizeof item.object_id);
    return seen_put(s, &item);
}
