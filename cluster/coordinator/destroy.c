/* SPDX-License-Identifier: Apache-2.0 */
/* Deletion of keys at their holders. */
#include "cluster/coordinator/destroy.h"

#include <stdio.h>

#include "cluster/coordinator/detail.h"
#include "cluster/coordinator/internal.h"
#include "common/base/log.h"

#define PAGE_KEYS 64
#define REST_MS 60000
#define DUE_MAX_S (90 * 86400) /* a holder that names a later day is not believed */

#define DELETED_BIT(holder) (UINT32_C(1) << (holder))
#define ACCEPTED_BIT(holder) (UINT32_C(1) << (BIRTH_HOLDERS_MAX + (holder)))

static int64_t wall_s(const struct coordinator *c)
{
    return c->config.io.wall_ms(c->config.io.self) / 1000;
}

static RESULT decode_holders(struct birth_body *out, const struct key_record *key)
{
    struct birth_certificate certificate;

    TRY_AT(birth_decode(&certificate, buf_bytes(&key->birth)), "key %s", key->key_id);
    *out = certificate.body;
    return KMS_OK;
}

static bool is_due(const struct coordinator *c, const struct key_record *key, unsigned holder)
{
    if ((key->destroy_confirmed & DELETED_BIT(holder)) != 0) return false;
    return (key->destroy_confirmed & ACCEPTED_BIT(holder)) == 0 || wall_s(c) >= key->deletion_due_s;
}

/* To every holder that is there and has something to do; returns them as a mask. */
static uint64_t send_destroy(struct coordinator *c, const struct key_record *key, const struct birth_body *body)
{
    uint64_t asked = 0;

    for (unsigned i = 0; i < body->n; i++) {
        unsigned index = nodes_find(c, body->nodes[i]);
        if (index == COORDINATOR_NODES_MAX || !nodes_is_serving(c, index) || !is_due(c, key, i)) continue;
        to_node_destroy(c, index, key->key_id, buf_bytes(&key->destroy));
        asked |= node_bit(index);
    }
    return asked;
}

static void finish_destroy(struct coordinator *c, struct request *r, enum kms_err err)
{
    struct metadata *m = c->config.metadata;
    KEY_RECORD_LOCAL record;

    key_record_init(&record);
    if (err != KMS_OK)
        (void)fail(err, "%s", r->last_text);
    else
        err = m->ops->key_get(m->self, r->key_id, &record);
    r->on_destroyed(r->arg, err, err == KMS_OK ? &record : NULL);
}

/* Its row was written with its effect; waiting for the holders is a courtesy, so its deadline is no failure. */
static const struct request_kind destroy_kind = {.log_name = "KEY_DESTROY", .finish = finish_destroy, .late = KMS_OK};

/* A key that is doomed already keeps the first DELETE: that one's evidence is with the holders. */
static RESULT doom(struct coordinator *c, const struct operation *op, const struct key_record *key,
                   struct key_record *out)
{
    struct metadata  *m = c->config.metadata;
    struct log_record row;

    TRY(key_record_copy(out, key));
    detail_operation_row(&row, c, op, "KEY_DESTROY", key->key_id);
    detail_text(&row, "reason", "request of its owner or an operator");
    detail_text(&row, "state", key->state);
    if (strcmp(key->state, "ENABLED") == 0) {
        (void)snprintf(out->state, sizeof out->state, "PENDING_DELETION");
        out->changed_ms = c->config.io.wall_ms(c->config.io.self);
        TRY(signed_request_encode(&out->destroy, op->request));
        return m->ops->key_put(m->self, out, &row);
    }
    return coordinator_log(c, &row);
}

void coordinator_destroy(struct coordinator *c, const struct operation *op, const struct key_record *key,
                         destroy_done *done, void *arg)
{
    struct request   *r = NULL;
    struct birth_body body;
    KEY_RECORD_LOCAL  doomed;

    key_record_init(&doomed);
    enum kms_err err = decode_holders(&body, key);
    if (err == KMS_OK) err = request_new(c, &r, &destroy_kind, op);
    if (err != KMS_OK) {
        done(arg, detail_log(c, op, "KEY_DESTROY", key->key_id, err), NULL);
        return;
    }
    r->on_destroyed = done;
    r->arg = arg;
    r->deadline_ms = coordinator_now_ms(c) + c->config.progress_ms;
    memcpy(r->key_id, key->key_id, sizeof r->key_id);
    err = doom(c, op, key, &doomed);
    if (err != KMS_OK) err = detail_log(c, op, "KEY_DESTROY", key->key_id, err);
    if (err == KMS_OK && strcmp(doomed.state, "DELETED") != 0) r->unconfirmed = send_destroy(c, &doomed, &body);
    if (err != KMS_OK || r->unconfirmed == 0) request_finish(c, r, err);
}

static void answer_waiting(struct coordinator *c, const char *key_id, unsigned from)
{
    for (struct request *r = c->requests.running, *next; r != NULL; r = next) {
        next = r->next;
        if (r->kind != &destroy_kind || strcmp(r->key_id, key_id) != 0) continue;
        r->unconfirmed &= ~node_bit(from);
        if (r->unconfirmed == 0) request_finish(c, r, KMS_OK);
    }
}

static bool all_deleted(const struct key_record *key, const struct birth_body *body)
{
    uint32_t all = (UINT32_C(1) << body->n) - 1;
    return (key->destroy_confirmed & all) == all;
}

static RESULT record_confirmation(struct coordinator *c, struct key_record *key, unsigned from,
                                  const Kms__V1__Destroyed *d)
{
    struct metadata  *m = c->config.metadata;
    struct birth_body body;
    unsigned          holder = 0;

    TRY(decode_holders(&body, key));
    while (holder < body.n && strcmp(body.nodes[holder], c->config.nodes[from]) != 0) holder++;
    if (holder == body.n) return fail(KMS_E_PROTOCOL, "%s is no holder of this key", c->config.nodes[from]);
    uint32_t before = key->destroy_confirmed;
    int64_t  due = d->due < 0 || d->due > wall_s(c) + DUE_MAX_S ? wall_s(c) + DUE_MAX_S : d->due;
    if (strcmp(d->state, "DELETED") == 0)
        key->destroy_confirmed |= DELETED_BIT(holder);
    else
        key->destroy_confirmed |= ACCEPTED_BIT(holder);
    if (due > key->deletion_due_s) key->deletion_due_s = due;
    if (key->destroy_confirmed == before) return KMS_OK;
    if (all_deleted(key, &body)) {
        (void)snprintf(key->state, sizeof key->state, "DELETED");
        buf_clear(&key->destroy);
        log_info("key.deleted", "key=%s at all %u holders", key->key_id, body.n);
    }
    return m->ops->key_put(m->self, key, NULL);
}

static RESULT take_confirmation(struct coordinator *c, unsigned from, const char *key_id, const Kms__V1__Destroyed *d)
{
    struct metadata *m = c->config.metadata;
    KEY_RECORD_LOCAL key;

    key_record_init(&key);
    TRY(m->ops->key_get(m->self, key_id, &key));
    if (key.destroy.len == 0) return fail(KMS_E_STATE, "key %s is not being deleted", key_id);
    if (d->error != 0)
        return fail(error_from_number(d->error), "%s did not delete key %s", c->config.nodes[from], key_id);
    return record_confirmation(c, &key, from, d);
}

void destroy_on_destroyed(struct coordinator *c, unsigned from, const Kms__V1__Destroyed *d)
{
    char key_id[KEY_ID_LEN + 1] = "";

    if (d->id.len != KEY_ID_LEN || memchr(d->id.data, 0, KEY_ID_LEN) != NULL) return;
    memcpy(key_id, d->id.data, KEY_ID_LEN);
    enum kms_err err = take_confirmation(c, from, key_id, d);
    if (err != KMS_OK && nodes_count_warning(c, from) > 0) log_failure(LOG_WARN, "destroy.not_confirmed", err);
    if (err != KMS_E_NOT_FOUND) answer_waiting(c, key_id, from);
}

struct page {
    struct coordinator *c;
    unsigned            count;
    char                last[KEY_ID_LEN + 1];
};

static enum kms_err sweep_key(void *arg, const struct key_record *key)
{
    struct page      *page = arg;
    struct birth_body body;

    page->count++;
    memcpy(page->last, key->key_id, sizeof page->last);
    if (decode_holders(&body, key) == KMS_OK) (void)send_destroy(page->c, key, &body);
    return KMS_OK;
}

void destroy_on_node_up(struct coordinator *c)
{
    c->sweep = (struct destroy_sweep){.next_ms = coordinator_now_ms(c)};
}

void destroy_on_tick(struct coordinator *c, uint64_t now_ms)
{
    struct metadata *m = c->config.metadata;
    struct page      page = {.c = c};

    if (now_ms < c->sweep.next_ms) return;
    enum kms_err err = m->ops->key_each_doomed(m->self, c->sweep.after, PAGE_KEYS, sweep_key, &page);
    if (err != KMS_OK) log_failure(LOG_ERROR, "destroy.sweep", err);
    bool more = err == KMS_OK && page.count == PAGE_KEYS;
    memcpy(c->sweep.after, more ? page.last : "", more ? sizeof c->sweep.after : 1);
    c->sweep.next_ms = more ? now_ms : now_ms + REST_MS;
}
