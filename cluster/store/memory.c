/* SPDX-License-Identifier: Apache-2.0 */
/* The store in memory: for tests, and to compare the others with. Forgets everything when it is closed. */
#include <stdlib.h>

#include "cluster/store/log_chain.h"
#include "cluster/store/store.h"
#include "common/secret/wipe.h"

struct record {
    struct store_id id;
    uint8_t        *value; /* owned */
    size_t          len;
};

struct memory {
    struct record        *records; /* owned; sorted by table and key */
    size_t                count, capacity;
    struct store_log_row *rows; /* owned */
    size_t                row_count, row_capacity;
    struct log_chain      chain;
};

static int compare(const struct store_id *a, const struct store_id *b)
{
    if (a->table != b->table) return a->table < b->table ? -1 : 1;
    return strcmp(a->key, b->key);
}

/* Where the record is (*found) or belongs. */
static size_t position(const struct memory *m, const struct store_id *id, bool *found)
{
    size_t low = 0, high = m->count;

    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int    order = compare(&m->records[middle].id, id);
        if (order == 0) *found = true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Room for one more element; the array may move. */
static enum kms_err grow(void **array, size_t *capacity, size_t count, size_t size)
{
    if (count < *capacity) return KMS_OK;
    size_t more = *capacity == 0 ? 64 : *capacity * 2;
    void  *moved = realloc(*array, more * size);
    if (moved == NULL) return fail(KMS_E_MEMORY, "memory store: no room for %zu records", more);
    *array = moved;
    *capacity = more;
    return KMS_OK;
}

static void drop_value(struct record *r)
{
    wipe(r->value, r->len);
    free(r->value);
}

static enum kms_err memory_put(void *self, const struct store_id *id, struct bytes value)
{
    struct memory *m = self;
    bool           found;
    size_t         at = position(m, id, &found);

    TRY(grow((void **)&m->records, &m->capacity, m->count, sizeof *m->records));
    uint8_t *copy = malloc(value.len + 1);
    if (copy == NULL) return fail(KMS_E_MEMORY, "memory store: no room for %zu bytes", value.len);
    if (value.len > 0) memcpy(copy, value.data, value.len);
    if (found) {
        drop_value(&m->records[at]);
    } else {
        memmove(&m->records[at + 1], &m->records[at], (m->count - at) * sizeof *m->records);
        m->count++;
    }
    m->records[at] = (struct record){.id = *id, .value = copy, .len = value.len};
    return KMS_OK;
}

static enum kms_err memory_get(void *self, struct store_id *id, struct secret *value)
{
    struct memory *m = self;
    bool           found;
    size_t         at = position(m, id, &found);

    if (!found) return fail(KMS_E_NOT_FOUND, "the store has no record %s", id->key);
    *id = m->records[at].id;
    return secret_copy(value, bytes(m->records[at].value, m->records[at].len));
}

static enum kms_err memory_erase(void *self, const struct store_id *id)
{
    struct memory *m = self;
    bool           found;
    size_t         at = position(m, id, &found);

    if (!found) return fail(KMS_E_NOT_FOUND, "the store has no record %s", id->key);
    drop_value(&m->records[at]);
    m->count--;
    memmove(&m->records[at], &m->records[at + 1], (m->count - at) * sizeof *m->records);
    return KMS_OK;
}

static enum kms_err memory_each(void *self, enum store_table table,
                                enum kms_err (*each)(void *arg, const struct store_id *, struct bytes value), void *arg)
{
    struct memory *m = self;

    for (size_t i = 0; i < m->count; i++) {
        const struct record *r = &m->records[i];
        if (r->id.table == table) TRY(each(arg, &r->id, bytes(r->value, r->len)));
    }
    return KMS_OK;
}

static enum kms_err memory_log_append(void *self, struct store_log_row *row)
{
    struct memory *m = self;

    TRY(grow((void **)&m->rows, &m->row_capacity, m->row_count, sizeof *m->rows));
    log_chain_link(&m->chain, row);
    m->rows[m->row_count++] = *row;
    log_chain_advance(&m->chain, row);
    return KMS_OK;
}

static enum kms_err memory_log_each(void *self, uint64_t                                                 from,
                                    enum kms_err (*each)(void *arg, const struct store_log_row *), void *arg)
{
    struct memory *m = self;

    for (size_t i = 0; i < m->row_count; i++)
        if (m->rows[i].seq >= from) TRY(each(arg, &m->rows[i]));
    return KMS_OK;
}

static uint64_t memory_log_last(void *self)
{
    return ((struct memory *)self)->chain.seq;
}

static int memory_sync_fd(void *self)
{
    (void)self;
    return -1;
}

static void memory_close(void *self)
{
    struct memory *m = self;

    for (size_t i = 0; i < m->count; i++) drop_value(&m->records[i]);
    free(m->records);
    free(m->rows);
    free(m);
}

static const struct store_ops memory_ops = {
    .name = "memory",
    .put = memory_put,
    .get = memory_get,
    .erase = memory_erase,
    .each = memory_each,
    .log_append = memory_log_append,
    .log_each = memory_log_each,
    .log_last = memory_log_last,
    .sync_fd = memory_sync_fd,
    .close = memory_close,
};

RESULT store_open_memory(struct store *out)
{
    struct memory *m = calloc(1, sizeof *m);

    if (m == NULL) return fail(KMS_E_MEMORY, "memory store: no memory");
    *out = (struct store){.ops = &memory_ops, .self = m};
    return KMS_OK;
}
