/* SPDX-License-Identifier: Apache-2.0 */
/* Records, sorted by id, each counted while it is in use. */
#include "pkcs11/core/inventory.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "pkcs11/backend/gate.h"

#define LOOKS_MAX 3

CK_RV inventory_init(struct inventory *v, const struct backend *backend, uint64_t refresh_ms, uint64_t wait_ms)
{
    *v = (struct inventory){.backend = backend, .refresh_ms = refresh_ms, .wait_ms = wait_ms};
    handles_init(&v->handles, HANDLE_OBJECT);
    if (pthread_mutex_init(&v->lock, NULL) != 0 || pthread_mutex_init(&v->refreshing, NULL) != 0)
        return refuse(CKR_CANT_LOCK, "mutex");
    return CKR_OK;
}

static void lock(struct inventory *v)
{
    (void)pthread_mutex_lock(&v->lock);
}

static void unlock(struct inventory *v)
{
    (void)pthread_mutex_unlock(&v->lock);
}

static void drop(struct record *r)
{
    r->dropped = true;
    if (r->users == 0) record_free(&r);
}

static void drop_handles(struct inventory *v, const struct record *r)
{
    for (unsigned i = 0; i < r->object_count; i++) handles_remove(&v->handles, r->objects[i].handle);
}

void inventory_clear(struct inventory *v)
{
    if (v->backend == NULL) return;
    for (size_t i = 0; i < v->count; i++) drop(v->records[i]);
    free(v->records);
    handles_clear(&v->handles);
    (void)pthread_mutex_destroy(&v->lock);
    (void)pthread_mutex_destroy(&v->refreshing);
}

void inventory_after_fork(struct inventory *v)
{
    (void)pthread_mutex_init(&v->refreshing, NULL);
}

/* The first record that is not below the id. */
static size_t position(const struct inventory *v, const char *object_id)
{
    size_t low = 0, high = v->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(v->records[middle]->object_id, object_id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct record *find_record(const struct inventory *v, const char *object_id)
{
    size_t at = position(v, object_id);

    return at < v->count && strcmp(v->records[at]->object_id, object_id) == 0 ? v->records[at] : NULL;
}

static const struct object *same_face(const struct record *r, enum face face)
{
    for (unsigned i = 0; r != NULL && i < r->object_count; i++)
        if (r->objects[i].face == face) return &r->objects[i];
    return NULL;
}

/* Objects keep the handles that they had in `before`; those that are gone lose theirs. */
static CK_RV give_handles(struct inventory *v, struct record *r, const struct record *before)
{
    for (unsigned i = 0; i < r->object_count; i++) {
        struct object       *o = &r->objects[i];
        const struct object *old = same_face(before, o->face);
        if (old == NULL) {
            TRY_CKR(handles_add(&v->handles, &o->handle, o));
        } else {
            o->handle = old->handle;
            handles_set(&v->handles, o->handle, o);
        }
    }
    for (unsigned i = 0; before != NULL && i < before->object_count; i++)
        if (same_face(r, before->objects[i].face) == NULL) handles_remove(&v->handles, before->objects[i].handle);
    return CKR_OK;
}

static CK_RV insert(struct inventory *v, struct record *r)
{
    if (v->count == v->cap) {
        size_t          cap = v->cap == 0 ? 16 : 2 * v->cap;
        struct record **records = reallocarray(v->records, cap, sizeof *records);
        if (records == NULL) return refuse(CKR_HOST_MEMORY, "%zu objects", cap);
        v->records = records;
        v->cap = cap;
    }
    size_t at = position(v, r->object_id);
    memmove(&v->records[at + 1], &v->records[at], (v->count - at) * sizeof(struct record *));
    v->records[at] = r;
    v->count++;
    return CKR_OK;
}

/* A new record, or the new form of one that is there. Takes `r` over when it succeeds. */
static CK_RV put_locked(struct inventory *v, struct record *r)
{
    struct record *old = find_record(v, r->object_id);
    CK_RV          rv = give_handles(v, r, old);

    if (rv == CKR_OK && old == NULL) rv = insert(v, r);
    if (rv != CKR_OK) {
        drop_handles(v, r);
        return rv;
    }
    if (old != NULL) {
        v->records[position(v, r->object_id)] = r;
        drop(old);
    }
    return CKR_OK;
}

static CK_RV put_source_locked(struct inventory *v, const struct backend_object *source, struct record **out)
{
    struct record *r;
    enum kms_err   err = record_new(&r, source);

    *out = NULL;
    if (err != KMS_OK) return ckr_of(err);
    if (r == NULL) return CKR_OK; /* of a family that this version does not show */
    CK_RV rv = put_locked(v, r);
    if (rv == CKR_OK)
        *out = r;
    else
        record_free(&r);
    return rv;
}

CK_RV inventory_put(struct inventory *v, const struct backend_object *source, CK_OBJECT_HANDLE handles[2])
{
    struct record *r;

    lock(v);
    v->mutations++;
    CK_RV rv = put_source_locked(v, source, &r);
    for (unsigned i = 0; handles != NULL && rv == CKR_OK && r != NULL && i < r->object_count; i++)
        handles[i] = r->objects[i].handle;
    unlock(v);
    return rv;
}

static void remove_at(struct inventory *v, size_t at)
{
    struct record *r = v->records[at];

    drop_handles(v, r);
    memmove(&v->records[at], &v->records[at + 1], (v->count - at - 1) * sizeof(struct record *));
    v->count--;
    drop(r);
}

void inventory_remove(struct inventory *v, const char *object_id)
{
    lock(v);
    v->mutations++;
    size_t at = position(v, object_id);
    if (at < v->count && strcmp(v->records[at]->object_id, object_id) == 0) remove_at(v, at);
    unlock(v);
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(((const struct backend_object *)a)->object_id, ((const struct backend_object *)b)->object_id);
}

static bool is_listed(const struct backend_list *list, const struct record *r)
{
    struct backend_object wanted;

    if (list->keys_only && r->class != BACKEND_KEY) return true;
    memcpy(wanted.object_id, r->object_id, sizeof wanted.object_id);
    return list->count > 0 && bsearch(&wanted, list->items, list->count, sizeof wanted, compare_ids) != NULL;
}

/* The same revision of an object is the same in everything that is shown of it. */
static bool is_current(const struct inventory *v, const struct backend_object *source)
{
    const struct record *r = find_record(v, source->object_id);

    return r != NULL && r->revision == source->revision && r->class == source->class;
}

static CK_RV take_list_locked(struct inventory *v, struct backend_list *list)
{
    struct record *r;

    if (list->count > 0) qsort(list->items, list->count, sizeof *list->items, compare_ids);
    for (size_t i = v->count; i-- > 0;)
        if (!is_listed(list, v->records[i])) remove_at(v, i);
    for (size_t i = 0; i < list->count; i++)
        if (!list->items[i].stale && !is_current(v, &list->items[i]))
            TRY_CKR(put_source_locked(v, &list->items[i], &r));
    return CKR_OK;
}

static bool is_fresh(struct inventory *v)
{
    lock(v);
    bool fresh = v->looked && clock_monotonic_ms() - v->looked_ms < v->refresh_ms;
    unlock(v);
    return fresh;
}

/* *overtaken: this process has changed something while the list was on its way, so the list is not used. */
static CK_RV finish_look(struct inventory *v, struct backend_list *list, bool changed, uint64_t mutations_before,
                         bool *overtaken)
{
    CK_RV rv = CKR_OK;

    lock(v);
    *overtaken = v->mutations != mutations_before;
    if (changed && !*overtaken) rv = take_list_locked(v, list);
    if (rv == CKR_OK && !*overtaken) {
        if (changed) memcpy(v->etag, list->etag, sizeof v->etag);
        v->looked = true;
        v->looked_ms = clock_monotonic_ms();
    }
    unlock(v);
    return rv;
}

static CK_RV look(struct inventory *v, bool *overtaken)
{
    struct backend_list list = {0};
    char                etag[sizeof v->etag];
    bool                changed = false;

    lock(v);
    uint64_t mutations = v->mutations;
    memcpy(etag, v->etag, sizeof etag);
    unlock(v);
    enum kms_err err = v->backend->ops->list(v->backend->self, etag, &list, &changed);
    if (err != KMS_OK) return ckr_of(err);
    CK_RV rv = finish_look(v, &list, changed, mutations, overtaken);
    backend_list_clear(&list);
    return rv;
}

/* Who goes on changing things while lists are on their way sees its own changes anyway: a few looks are enough. */
static CK_RV look_until_current(struct inventory *v)
{
    bool overtaken = true;

    for (unsigned i = 0; i < LOOKS_MAX && overtaken; i++) TRY_CKR(look(v, &overtaken));
    return CKR_OK;
}

static uint64_t looks_so_far(struct inventory *v)
{
    lock(v);
    uint64_t looks = v->looks;
    unlock(v);
    return looks;
}

/* Behind a gateway that does not answer, waiters would else each try it in turn. */
static CK_RV look_or_share(struct inventory *v, uint64_t looks_before)
{
    if (v->looks != looks_before) return v->last;
    if (is_fresh(v)) return CKR_OK;
    CK_RV rv = look_until_current(v);
    lock(v);
    v->looks++;
    v->last = rv;
    unlock(v);
    return rv;
}

CK_RV inventory_refresh(struct inventory *v)
{
    uint64_t looks = looks_so_far(v);

    if (is_fresh(v)) return CKR_OK;
    enum kms_err err = gate_lock_until(&v->refreshing, clock_monotonic_ms() + v->wait_ms);
    if (err != KMS_OK) return ckr_of(err);
    CK_RV rv = look_or_share(v, looks);
    (void)pthread_mutex_unlock(&v->refreshing);
    return rv;
}

void inventory_distrust(struct inventory *v)
{
    lock(v);
    v->looked = false;
    unlock(v);
}

const struct object *inventory_take(struct inventory *v, CK_OBJECT_HANDLE handle)
{
    lock(v);
    const struct object *o = handles_get(&v->handles, handle);
    if (o != NULL) o->record->users++;
    unlock(v);
    return o;
}

void inventory_give_back(struct inventory *v, const struct object *o)
{
    struct record *r = o->record;

    lock(v);
    r->users--;
    if (r->dropped && r->users == 0) record_free(&r);
    unlock(v);
}

bool inventory_is_visible(const struct object *o, const struct family *family, bool with_private)
{
    if (o->record->family != NULL && o->record->family != family) return false;
    return with_private || !object_flag(o, CKA_PRIVATE);
}

/* The handles of what is found, growing. */
struct found {
    CK_OBJECT_HANDLE *handles; /* owned */
    size_t            count, cap;
};

static CK_RV add_found(struct found *f, CK_OBJECT_HANDLE handle)
{
    if (f->count == f->cap) {
        size_t            cap = f->cap == 0 ? 16 : 2 * f->cap;
        CK_OBJECT_HANDLE *handles = reallocarray(f->handles, cap, sizeof *handles);
        if (handles == NULL) return refuse(CKR_HOST_MEMORY, "%zu objects found", cap);
        f->handles = handles;
        f->cap = cap;
    }
    f->handles[f->count++] = handle;
    return CKR_OK;
}

static CK_RV find_in(struct found *f, const struct record *r, const struct search_terms *terms)
{
    for (unsigned i = 0; i < r->object_count; i++) {
        const struct object *o = &r->objects[i];
        if (!inventory_is_visible(o, terms->family, terms->with_private)) continue;
        if (object_matches(o, terms->templ, terms->count)) TRY_CKR(add_found(f, o->handle));
    }
    return CKR_OK;
}

CK_RV inventory_find(struct inventory *v, CK_OBJECT_HANDLE **out, size_t *count, const struct search_terms *terms)
{
    struct found f = {0};
    CK_RV        rv = CKR_OK;

    lock(v);
    for (size_t i = 0; i < v->count && rv == CKR_OK; i++) rv = find_in(&f, v->records[i], terms);
    unlock(v);
    if (rv != CKR_OK) free(f.handles);
    *out = rv == CKR_OK ? f.handles : NULL;
    *count = rv == CKR_OK ? f.count : 0;
    return rv;
}
