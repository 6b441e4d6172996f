/* SPDX-License-Identifier: Apache-2.0 */
/* Lists, page by page. */
#include "pkcs11/backend/catalogue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkcs11/backend/gate.h"

#define PAGES_MAX 10000 /* a million objects */

/* One pass over the pages of one collection. */
struct listing {
    struct catalogue *catalogue;
    struct caller    *caller;
    enum backend_class class;
    struct backend_list *out;
    struct page_mark     mark; /* of the page being read; etag as it was answered */
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

static RESULT take_item(struct listing *l, const cJSON *item)
{
    EVIDENCE_LOCAL evidence = {0};

    TRY(make_room(l->out));
    enum kms_err err = answer_evidence(&evidence, l->class, item);
    if (err == KMS_OK) err = catalogue_verify(l->catalogue, &l->out->items[l->out->count], l->class, &evidence);
    if (err == KMS_E_MEMORY) return err;
    if (err != KMS_OK) {
        log_failure(LOG_ERROR, "object.refused", err);
        return KMS_OK;
    }
    l->out->count++;
    return KMS_OK;
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
    size_t       before = l->out->count;
    enum kms_err err = KMS_OK;
    for (const cJSON *item = page.items->child; item != NULL && err == KMS_OK; item = item->next)
        err = take_item(l, item);
    if (err != KMS_OK) { /* another gateway may be asked for the same page */
        while (l->out->count > before) backend_object_clear(&l->out->items[--l->out->count]);
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
        if (strcmp(l->next, l->mark.after) <= 0 && l->next[0] != '\0')
            return fail(KMS_E_PROTOCOL, "a list that goes backwards");
        TRY(add_mark(marks, &l->mark));
        memcpy(l->mark.after, l->next, sizeof l->mark.after);
    } while (l->next[0] != '\0');
    return KMS_OK;
}

static RESULT read_collection(struct catalogue *c, struct caller *caller, enum backend_class class,
                              struct backend_list *out)
{
    struct collection *kept = class == BACKEND_KEY ? &c->keys : &c->objects, fresh = {0};
    struct listing     l = {.catalogue = c, .caller = caller, .class = class, .out = out};

    enum kms_err err = read_pages(&l, &fresh);
    free(kept->pages);
    *kept = err == KMS_OK ? fresh : (struct collection){0};
    if (err != KMS_OK) free(fresh.pages);
    return err;
}

/* Asks for each page of the last list under its ETag. *same: all are as they were. */
static RESULT check_collection(struct catalogue *c, struct caller *caller, enum backend_class class, bool *same)
{
    const struct collection *kept = class == BACKEND_KEY ? &c->keys : &c->objects;
    struct backend_list      unused = {0};
    enum kms_err             err = KMS_OK;

    *same = kept->count > 0;
    for (size_t i = 0; i < kept->count && *same && err == KMS_OK; i++) {
        struct listing l = {.catalogue = c, .caller = caller, .class = class, .out = &unused, .mark = kept->pages[i]};
        if (kept->pages[i].etag[0] == '\0') *same = false;
        if (*same) err = read_page(&l, kept->pages[i].etag);
        *same = *same && l.not_modified;
    }
    backend_list_clear(&unused);
    return err;
}

static RESULT check_unchanged(struct catalogue *c, struct caller *caller, bool *same)
{
    TRY(check_collection(c, caller, BACKEND_KEY, same));
    if (*same) TRY(check_collection(c, caller, BACKEND_CERTIFICATE, same));
    return KMS_OK;
}

static RESULT list_locked(struct catalogue *c, struct caller *caller, const char *etag, struct backend_list *out,
                          bool *changed)
{
    char current[sizeof out->etag];
    bool same = false;

    (void)snprintf(current, sizeof current, "list-%" PRIu64, c->generation);
    if (c->generation > 0 && strcmp(etag, current) == 0) TRY(check_unchanged(c, caller, &same));
    *changed = !same;
    if (same) return KMS_OK;
    TRY(read_collection(c, caller, BACKEND_KEY, out));
    TRY(read_collection(c, caller, BACKEND_CERTIFICATE, out));
    (void)snprintf(out->etag, sizeof out->etag, "list-%" PRIu64, ++c->generation);
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
    gate_lock(&c->listing);
    enum kms_err err = list_locked(c, caller, etag, out, changed);
    (void)pthread_mutex_unlock(&c->listing);
    if (err != KMS_OK) backend_list_clear(out);
    return err;
}
