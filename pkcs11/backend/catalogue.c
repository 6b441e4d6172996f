/* SPDX-License-Identifier: Apache-2.0 */
/* Lists, page by page. */
#include "pkcs11/backend/catalogue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "pkcs11/backend/gate.h"

#define PAGES_MAX 10000
#define LIST_BYTES_MAX (256u * 1024 * 1024) /* of memory: some fifty thousand keys */

/* One pass over the pages of one collection. */
struct listing {
    struct catalogue *catalogue;
    struct caller    *caller;
    enum backend_class class;
    struct backend_list *out;
    uint64_t             deadline_ms;
    struct page_mark     mark;                 /* of the page being read; etag as it was answered */
    char                 last[KEY_ID_LEN + 1]; /* the last id that was listed */
    size_t               bytes;                /* of out */
    char                 next[KEY_ID_LEN + 1];
    bool                 not_modified;
};

RESULT catalogue_init(struct catalogue *c, const struct authority *authority, const struct identity *owner,
                      unsigned timeout_ms)
{
    *c = (struct catalogue){.timeout_ms = timeout_ms, .fork_count = gate_fork_count()};
    if (pthread_mutex_init(&c->lock, NULL) != 0 || pthread_mutex_init(&c->listing, NULL) != 0)
        return fail(KMS_E_SYSTEM, "mutex");
    return verifier_init(&c->verifier, authority, owner);
}

void catalogue_clear(struct catalogue *c)
{
    if (c->verifier.owner == NULL) return;
    free(c->keys.pages);
    free(c->objects.pages);
    verifier_clear(&c->verifier);
    (void)pthread_mutex_destroy(&c->lock);
    (void)pthread_mutex_destroy(&c->listing);
}

RESULT catalogue_verify(struct catalogue *c, struct backend_object *out, enum backend_class class,
                        const struct evidence *e)
{
    (void)pthread_mutex_lock(&c->lock);
    enum kms_err err = verify_evidence(out, &c->verifier, class, e);
    (void)pthread_mutex_unlock(&c->lock);
    return err;
}

RESULT catalogue_bury(struct catalogue *c, const char *object_id)
{
    (void)pthread_mutex_lock(&c->lock);
    enum kms_err err = seen_bury(&c->verifier.seen, object_id);
    (void)pthread_mutex_unlock(&c->lock);
    return err;
}

void backend_list_clear(struct backend_list *l)
{
    for (size_t i = 0; i < l->count; i++) backend_object_clear(&l->items[i]);
    free(l->items);
    *l = (struct backend_list){0};
}

/* The list grows by powers of two. */
static RESULT make_room(struct backend_list *l)
{
    if (l->count > 0 && (l->count & (l->count - 1)) != 0) return KMS_OK;
    size_t                 cap = l->count == 0 ? 1 : 2 * l->count;
    struct backend_object *items = reallocarray(l->items, cap, sizeof *items);
    if (items == NULL) return fail(KMS_E_MEMORY, "a list of %zu objects", cap);
    l->items = items;
    return KMS_OK;
}

/* Ids only go up, within a page and from page to page: no object comes twice, and every list has an end. */
static RESULT check_order(struct listing *l, const char *object_id)
{
    if (strcmp(object_id, l->last) <= 0) return fail(KMS_E_PROTOCOL, "a list that is not in the order of its ids");
    memcpy(l->last, object_id, sizeof l->last);
    return KMS_OK;
}

static RESULT count_bytes(struct listing *l, const struct backend_object *o)
{
    l->bytes += sizeof *o + o->value.len;
    if (l->bytes > LIST_BYTES_MAX) return fail(KMS_E_TOO_LARGE, "a list of more than %u bytes", LIST_BYTES_MAX);
    return KMS_OK;
}

static RESULT take_item(struct listing *l, const cJSON *item)
{
    EVIDENCE_LOCAL evidence = {0};

    TRY(make_room(l->out));
    struct backend_object *o = &l->out->items[l->out->count];
    enum kms_err           err = answer_evidence(&evidence, l->class, item);
    if (err == KMS_OK) {
        TRY(check_order(l, evidence.object_id));
        err = catalogue_verify(l->catalogue, o, l->class, &evidence);
    }
    if (err == KMS_E_MEMORY) return err;
    if (err != KMS_OK) log_failure(LOG_ERROR, "object.refused", err);
    if (err != KMS_OK && err != KMS_E_REPLAY) return KMS_OK;
    if (err == KMS_E_REPLAY) {
        *o = (struct backend_object){.class = l->class, .stale = true};
        memcpy(o->object_id, evidence.object_id, sizeof o->object_id);
    }
    l->out->count++;
    return count_bytes(l, o);
}

/* Where the next page begins: behind all of this one. */
static RESULT check_next(const struct listing *l, const char *next)
{
    if (next[0] == '\0' || (strcmp(next, l->mark.after) > 0 && strcmp(next, l->last) >= 0)) return KMS_OK;
    return fail(KMS_E_PROTOCOL, "a list that goes backwards");
}

static enum kms_err accept_page(void *context, const struct http_answer *answer)
{
    struct listing *l = context;
    JSON_LOCAL     *root = NULL;
    struct page     page;

    l->not_modified = answer->status == 304;
    if (l->not_modified) return KMS_OK;
    TRY(json_parse(&root, buf_bytes(&answer->body)));
    TRY(answer_page(&page, root));
    size_t       before = l->out->count, bytes_before = l->bytes;
    enum kms_err err = KMS_OK;
    memcpy(l->last, l->mark.after, sizeof l->last);
    for (const cJSON *item = page.items->child; item != NULL && err == KMS_OK; item = item->next)
        err = take_item(l, item);
    if (err == KMS_OK) err = check_next(l, page.next);
    if (err != KMS_OK) { /* another gateway may be asked for the same page */
        while (l->out->count > before) backend_object_clear(&l->out->items[--l->out->count]);
        l->bytes = bytes_before;
        return err;
    }
    memcpy(l->next, page.next, sizeof l->next);
    memcpy(l->mark.etag, answer->etag, sizeof l->mark.etag);
    return KMS_OK;
}

static RESULT read_page(struct listing *l, const char *if_none_match)
{
    struct call call = {.method = "GET",
                        .if_none_match = if_none_match,
                        .timeout_ms = l->catalogue->timeout_ms,
                        .deadline_ms = l->deadline_ms,
                        .accept = accept_page,
                        .context = l};

    (void)snprintf(call.path, sizeof call.path, "/api/v1/%s", l->class == BACKEND_KEY ? "keys" : "objects");
    (void)snprintf(call.query, sizeof call.query, "limit=%d%s%s", PAGE_ITEMS,
                   l->mark.after[0] == '\0' ? "" : "&after=", l->mark.after);
    return caller_call(l->caller, &call);
}

static RESULT add_mark(struct collection *c, const struct page_mark *mark)
{
    if (c->count >= PAGES_MAX) return fail(KMS_E_PROTOCOL, "a list of more than %d pages", PAGES_MAX);
    struct page_mark *pages = reallocarray(c->pages, c->count + 1, sizeof *pages);
    if (pages == NULL) return fail(KMS_E_MEMORY, "a list of %zu pages", c->count);
    c->pages = pages;
    c->pages[c->count++] = *mark;
    return KMS_OK;
}

static RESULT read_pages(struct listing *l, struct collection *marks)
{
    do {
        TRY(read_page(l, NULL));
        TRY(add_mark(marks, &l->mark));
        memcpy(l->mark.after, l->next, sizeof l->mark.after);
    } while (l->next[0] != '\0');
    return KMS_OK;
}

/* One look at the cluster. */
struct look {
    struct catalogue *catalogue;
    struct caller    *caller;
    uint64_t          deadline_ms;
};

static struct listing listing_of(const struct look *k, enum backend_class class, struct backend_list *out)
{
    return (struct listing){
        .catalogue = k->catalogue, .caller = k->caller, .class = class, .out = out, .deadline_ms = k->deadline_ms};
}

static struct collection *kept_of(const struct look *k, enum backend_class class)
{
    return class == BACKEND_KEY ? &k->catalogue->keys : &k->catalogue->objects;
}

static RESULT read_collection(const struct look *k, enum backend_class class, struct backend_list *out)
{
    struct collection *kept = kept_of(k, class), fresh = {0};
    struct listing     l = listing_of(k, class, out);
    size_t             before = out->count;

    enum kms_err err = read_pages(&l, &fresh);
    free(kept->pages);
    *kept = err == KMS_OK ? fresh : (struct collection){0};
    if (err == KMS_OK) return KMS_OK;
    free(fresh.pages);
    while (out->count > before) backend_object_clear(&out->items[--out->count]);
    return err;
}

/* Asks for each page of the last list under its ETag. *same: all are as they were. */
static RESULT check_collection(const struct look *k, enum backend_class class, bool *same)
{
    const struct collection *kept = kept_of(k, class);
    struct backend_list      unused = {0};
    enum kms_err             err = KMS_OK;

    *same = kept->count > 0;
    for (size_t i = 0; i < kept->count && *same && err == KMS_OK; i++) {
        struct listing l = listing_of(k, class, &unused);
        l.mark = kept->pages[i];
        if (kept->pages[i].etag[0] == '\0') *same = false;
        if (*same) err = read_page(&l, kept->pages[i].etag);
        *same = *same && l.not_modified;
    }
    backend_list_clear(&unused);
    return err;
}

static RESULT check_unchanged(const struct look *k, bool *same)
{
    TRY(check_collection(k, BACKEND_KEY, same));
    if (*same) TRY(check_collection(k, BACKEND_CERTIFICATE, same));
    return KMS_OK;
}

/* Keys are what the token is for: they are listed even when nothing else can be. */
static RESULT read_all(const struct look *k, struct backend_list *out)
{
    TRY(read_collection(k, BACKEND_KEY, out));
    enum kms_err err = read_collection(k, BACKEND_CERTIFICATE, out);
    if (err == KMS_OK || err == KMS_E_MEMORY) return err;
    log_failure(LOG_ERROR, "objects.not_listed", err);
    out->keys_only = true;
    return KMS_OK;
}

static RESULT list_locked(const struct look *k, const char *etag, struct backend_list *out, bool *changed)
{
    struct catalogue *c = k->catalogue;
    char              current[sizeof out->etag];
    bool              same = false;

    (void)snprintf(current, sizeof current, "list-%" PRIu64, c->generation);
    /* A page that cannot be asked for conditionally is asked for plainly. */
    if (c->generation > 0 && strcmp(etag, current) == 0 && check_unchanged(k, &same) != KMS_OK) same = false;
    *changed = !same;
    if (same) return KMS_OK;
    TRY(read_all(k, out));
    c->generation++;
    if (!out->keys_only) (void)snprintf(out->etag, sizeof out->etag, "list-%" PRIu64, c->generation);
    return KMS_OK;
}

/* A thread of the parent may have been listing when this process was forked; it is not here. */
static void heal_after_fork(struct catalogue *c)
{
    (void)pthread_mutex_lock(&c->lock);
    if (c->fork_count != gate_fork_count()) {
        (void)pthread_mutex_init(&c->listing, NULL);
        c->fork_count = gate_fork_count();
    }
    (void)pthread_mutex_unlock(&c->lock);
}

RESULT catalogue_list(struct catalogue *c, struct caller *caller, const char *etag, struct backend_list *out,
                      bool *changed)
{
    *out = (struct backend_list){0};
    *changed = true;
    heal_after_fork(c);
    const struct look look = {c, caller, clock_monotonic_ms() + c->timeout_ms};
    TRY(gate_lock_until(&c->listing, look.deadline_ms));
    enum kms_err err = list_locked(&look, etag, out, changed);
    (void)pthread_mutex_unlock(&c->listing);
    if (err != KMS_OK) backend_list_clear(out);
    return err;
}
