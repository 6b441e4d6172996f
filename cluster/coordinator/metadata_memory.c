/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata in memory, for tests: sorted lists, everything lost at close. */
#include "cluster/coordinator/metadata.h"

#include <stdlib.h>

struct key_item {
    struct key_record record;
    struct key_item  *next; /* owned; in order of key_id */
};

struct object_item {
    struct object_record record;
    bool                 erased;
    struct object_item  *next; /* owned; in order of object_id */
};

struct log_item {
    struct log_record record;
    struct log_item  *next; /* owned */
};

struct owner_item {
    char               owner[IDENTITY_URI_MAX + 1];
    uint64_t           value;
    struct owner_item *next; /* owned */
};

struct memory_metadata {
    struct key_item    *keys;
    struct object_item *objects;
    struct log_item    *log, **log_end;
    struct owner_item  *generations;
};

static enum kms_err out_of_memory(void)
{
    return fail(KMS_E_MEMORY, "metadata in memory");
}

static enum kms_err memory_log_append(void *self, const struct log_record *log)
{
    struct memory_metadata *m = self;

    if (log == NULL) return KMS_OK;
    struct log_item *item = calloc(1, sizeof *item);
    if (item == NULL) return out_of_memory();
    item->record = *log;
    *m->log_end = item;
    m->log_end = &item->next;
    return KMS_OK;
}

static RESULT bump(struct memory_metadata *m, const char *owner)
{
    struct owner_item *item = m->generations;

    while (item != NULL && strcmp(item->owner, owner) != 0) item = item->next;
    if (item == NULL) {
        item = calloc(1, sizeof *item);
        if (item == NULL) return out_of_memory();
        memcpy(item->owner, owner, strlen(owner) + 1);
        item->next = m->generations;
        m->generations = item;
    }
    item->value++;
    return KMS_OK;
}

static RESULT finish_put(struct memory_metadata *m, const char *owner, const struct log_record *log)
{
    TRY(bump(m, owner));
    TRY(bump(m, ""));
    return memory_log_append(m, log);
}

/* What a key was born with stays. */
static RESULT change_key(struct key_record *old, const struct key_record *r)
{
    struct key_record copy;

    TRY(key_record_copy(&copy, r));
    copy.created_ms = old->created_ms;
    memcpy(copy.body_hash, old->body_hash, sizeof copy.body_hash);
    memcpy(copy.owner, old->owner, sizeof copy.owner);
    memcpy(copy.idempotency_key, old->idempotency_key, sizeof copy.idempotency_key);
    struct buf birth = copy.birth, request = copy.request;
    copy.birth = old->birth;
    copy.request = old->request;
    old->birth = birth;
    old->request = request;
    key_record_clear(old);
    *old = copy;
    return KMS_OK;
}

static RESULT put_key(struct memory_metadata *m, const struct key_record *r)
{
    struct key_item **at = &m->keys;

    for (struct key_item *k = m->keys; k != NULL; k = k->next)
        if (strcmp(k->record.key_id, r->key_id) != 0 && strcmp(k->record.owner, r->owner) == 0 &&
            strcmp(k->record.idempotency_key, r->idempotency_key) == 0)
            return fail(KMS_E_CONFLICT, "writing t_key: it exists already under this idempotency key");
    while (*at != NULL && strcmp((*at)->record.key_id, r->key_id) < 0) at = &(*at)->next;
    if (*at != NULL && strcmp((*at)->record.key_id, r->key_id) == 0) return change_key(&(*at)->record, r);
    struct key_item *item = calloc(1, sizeof *item);
    if (item == NULL) return out_of_memory();
    enum kms_err err = key_record_copy(&item->record, r);
    if (err != KMS_OK) {
        free(item);
        return err;
    }
    item->next = *at;
    *at = item;
    return KMS_OK;
}

static enum kms_err memory_key_put(void *self, const struct key_record *r, const struct log_record *log)
{
    TRY(put_key(self, r));
    return finish_put(self, r->owner, log);
}

static enum kms_err memory_key_get(void *self, const char *key_id, struct key_record *out)
{
    struct memory_metadata *m = self;

    for (struct key_item *k = m->keys; k != NULL; k = k->next)
        if (strcmp(k->record.key_id, key_id) == 0) return key_record_copy(out, &k->record);
    return fail(KMS_E_NOT_FOUND, "no such key");
}

static enum kms_err memory_key_find(void *self, const char *owner, const char *idempotency_key, struct key_record *out)
{
    struct memory_metadata *m = self;

    for (struct key_item *k = m->keys; k != NULL; k = k->next)
        if (strcmp(k->record.owner, owner) == 0 && strcmp(k->record.idempotency_key, idempotency_key) == 0)
            return key_record_copy(out, &k->record);
    return fail(KMS_E_NOT_FOUND, "no such key");
}

static enum kms_err memory_key_each(void *self, const char *owner, const char *after, unsigned limit,
                                    enum kms_err (*each)(void *arg, const struct key_record *), void *arg)
{
    struct memory_metadata *m = self;

    for (struct key_item *k = m->keys; k != NULL && limit > 0; k = k->next) {
        const struct key_record *r = &k->record;
        if (strcmp(r->state, "ENABLED") != 0 || strcmp(r->key_id, after) <= 0) continue;
        if (owner != NULL && strcmp(r->owner, owner) != 0) continue;
        limit--;
        TRY(each(arg, r));
    }
    return KMS_OK;
}

static enum kms_err memory_key_count(void *self, uint64_t *out)
{
    struct memory_metadata *m = self;

    *out = 0;
    for (struct key_item *k = m->keys; k != NULL; k = k->next) *out += strcmp(k->record.state, "ENABLED") == 0 ? 1 : 0;
    return KMS_OK;
}

static enum kms_err memory_key_each_doomed(void *self, const char *after, unsigned limit,
                                           enum kms_err (*each)(void *arg, const struct key_record *), void *arg)
{
    struct memory_metadata *m = self;

    for (struct key_item *k = m->keys; k != NULL && limit > 0; k = k->next) {
        if (k->record.destroy.len == 0 || strcmp(k->record.key_id, after) <= 0) continue;
        limit--;
        TRY(each(arg, &k->record));
    }
    return KMS_OK;
}

static RESULT put_object(struct memory_metadata *m, const struct object_record *r)
{
    struct object_item **at = &m->objects;
    struct object_record copy;

    while (*at != NULL && strcmp((*at)->record.object_id, r->object_id) < 0) at = &(*at)->next;
    bool exists = *at != NULL && strcmp((*at)->record.object_id, r->object_id) == 0;
    if (exists && (*at)->erased) return fail(KMS_E_CONFLICT, "object %s has been deleted", r->object_id);
    TRY(object_record_copy(&copy, r));
    if (exists) {
        object_record_clear(&(*at)->record);
        (*at)->record = copy;
        return KMS_OK;
    }
    struct object_item *item = calloc(1, sizeof *item);
    if (item == NULL) {
        object_record_clear(&copy);
        return out_of_memory();
    }
    *item = (struct object_item){.record = copy, .next = *at};
    *at = item;
    return KMS_OK;
}

static enum kms_err memory_object_put(void *self, const struct object_record *r, const struct log_record *log)
{
    TRY(put_object(self, r));
    return finish_put(self, r->owner, log);
}

static struct object_item *find_object(struct memory_metadata *m, const char *object_id)
{
    struct object_item *o = m->objects;

    while (o != NULL && (o->erased || strcmp(o->record.object_id, object_id) != 0)) o = o->next;
    return o;
}

static enum kms_err memory_object_get(void *self, const char *object_id, struct object_record *out)
{
    struct object_item *o = find_object(self, object_id);

    if (o == NULL) return fail(KMS_E_NOT_FOUND, "no such object");
    return object_record_copy(out, &o->record);
}

static enum kms_err memory_object_erase(void *self, const char *object_id, const struct log_record *log)
{
    struct object_item *o = find_object(self, object_id);

    if (o == NULL) return fail(KMS_E_NOT_FOUND, "no such object");
    o->erased = true;
    object_record_clear(&o->record);
    return finish_put(self, o->record.owner, log);
}

static enum kms_err memory_object_each(void *self, const char *owner, const char *after, unsigned limit,
                                       enum kms_err (*each)(void *arg, const struct object_record *), void *arg)
{
    struct memory_metadata *m = self;

    for (struct object_item *o = m->objects; o != NULL && limit > 0; o = o->next) {
        const struct object_record *r = &o->record;
        if (o->erased || strcmp(r->object_id, after) <= 0) continue;
        if (owner != NULL && strcmp(r->owner, owner) != 0) continue;
        limit--;
        TRY(each(arg, r));
    }
    return KMS_OK;
}

static enum kms_err memory_log_each(void *self, int64_t from_row, unsigned limit,
                                    enum kms_err (*each)(void *arg, int64_t row, const struct log_record *), void *arg)
{
    struct memory_metadata *m = self;
    int64_t                 row = 1;

    for (struct log_item *l = m->log; l != NULL && limit > 0; l = l->next, row++) {
        if (row < from_row) continue;
        limit--;
        TRY(each(arg, row, &l->record));
    }
    return KMS_OK;
}

static enum kms_err memory_generation(void *self, const char *owner, uint64_t *out)
{
    struct memory_metadata *m = self;

    *out = 0;
    for (struct owner_item *g = m->generations; g != NULL; g = g->next)
        if (strcmp(g->owner, owner == NULL ? "" : owner) == 0) *out = g->value;
    return KMS_OK;
}

static int memory_sync_fd(void *self)
{
    (void)self;
    return -1;
}

static void memory_close(void *self)
{
    struct memory_metadata *m = self;

    for (struct key_item *k = m->keys, *next; k != NULL; k = next) {
        next = k->next;
        key_record_clear(&k->record);
        free(k);
    }
    for (struct object_item *o = m->objects, *next; o != NULL; o = next) {
        next = o->next;
        object_record_clear(&o->record);
        free(o);
    }
    for (struct log_item *l = m->log, *next; l != NULL; l = next) {
        next = l->next;
        free(l);
    }
    for (struct owner_item *g = m->generations, *next; g != NULL; g = next) {
        next = g->next;
        free(g);
    }
    free(m);
}

static const struct metadata_ops memory_ops = {
    .name = "memory",
    .key_put = memory_key_put,
    .key_get = memory_key_get,
    .key_find = memory_key_find,
    .key_each = memory_key_each,
    .key_count = memory_key_count,
    .key_each_doomed = memory_key_each_doomed,
    .object_put = memory_object_put,
    .object_get = memory_object_get,
    .object_erase = memory_object_erase,
    .object_each = memory_object_each,
    .log_append = memory_log_append,
    .log_each = memory_log_each,
    .generation = memory_generation,
    .sync_fd = memory_sync_fd,
    .close = memory_close,
};

RESULT metadata_open_memory(struct metadata *out)
{
    struct memory_metadata *m = calloc(1, sizeof *m);

    *out = (struct metadata){0};
    if (m == NULL) return out_of_memory();
    m->log_end = &m->log;
    *out = (struct metadata){.ops = &memory_ops, .self = m};
    return KMS_OK;
}
