/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of held keys in order of keyId. */
#include "cluster/node/catalogue.h"

#include <stdlib.h>

#include "cluster/node/state.h"
#include "cluster/node/tombstones.h"
#include "common/base/log.h"

#define PAGE_MAX 64 /* certificates of sixteen holders each fit into one frame */

struct page {
    Kms__V1__HeldKey  keys[PAGE_MAX];
    Kms__V1__HeldKey *list[PAGE_MAX];
    struct buf        certificates[PAGE_MAX]; /* owned */
    unsigned          count;
    const char       *next; /* borrowed from the table of keys; "" at the end */
};

static Kms__V1__HeldKey *place(struct page *p, const char *key_id, const char *state)
{
    Kms__V1__HeldKey *held = &p->keys[p->count];

    kms__v1__held_key__init(held);
    held->key_id = (char *)(uintptr_t)key_id;
    held->state = (char *)(uintptr_t)state;
    p->list[p->count] = held;
    return held;
}

static enum kms_err add(struct node *node, struct page *p, const struct key *key)
{
    struct buf       *certificate = &p->certificates[p->count];
    Kms__V1__HeldKey *held = place(p, key->body.key_id, key_state_name(key->state));

    *certificate = BUF_INIT(BIRTH_ENCODED_MAX);
    TRY(keys_certificate(node, key, certificate));
    held->birth_certificate = (ProtobufCBinaryData){.len = certificate->len, .data = certificate->data};
    p->count++;
    return KMS_OK;
}

static enum kms_err fill_one(struct node *node, const char *key_id, struct page *p)
{
    const struct key   *key = keys_find(node, key_id);
    enum tombstone_kind kind;

    if (key != NULL) return add(node, p, key);
    if (strlen(key_id) > KEY_ID_LEN) return fail(KMS_E_ARGUMENT, "that is no key id");
    TRY(tombstones_get(node, key_id, &kind, NULL));
    if (kind == TOMBSTONE_NONE) return KMS_OK;
    (void)place(p, key_id, kind == TOMBSTONE_DELETED ? "DELETED" : "ABANDONED");
    p->count++;
    return KMS_OK;
}

static enum kms_err fill_page(struct node *node, const Kms__V1__Fetch *frame, struct page *p)
{
    unsigned          limit = frame->limit == 0 || frame->limit > PAGE_MAX ? PAGE_MAX : frame->limit;
    const struct key *key = keys_after(node, frame->after);

    for (; key != NULL && p->count < limit; key = keys_after(node, key->body.key_id)) TRY(add(node, p, key));
    if (key != NULL) p->next = p->list[p->count - 1]->key_id;
    return KMS_OK;
}

static void send_page(struct node *node, struct link *link, const Kms__V1__Fetch *frame, struct page *p,
                      enum kms_err err)
{
    Kms__V1__FromNode message = KMS__V1__FROM_NODE__INIT;
    Kms__V1__Fetched  out = KMS__V1__FETCHED__INIT;

    out.id = frame->id;
    out.error = (int32_t)err;
    if (err != KMS_OK) log_failure(LOG_WARN, "catalogue.failed", err);
    out.keys = p->list;
    out.n_keys = err == KMS_OK ? p->count : 0;
    out.next = (char *)(uintptr_t)p->next;
    message.kind_case = KMS__V1__FROM_NODE__KIND_FETCHED;
    message.fetched = &out;
    links_send(node, link, &message);
}

void catalogue_on_frame(struct node *node, struct link *link, const Kms__V1__Fetch *frame)
{
    struct page *p = calloc(1, sizeof *p);

    if (p == NULL) {
        log_failure(LOG_ERROR, "catalogue", fail(KMS_E_MEMORY, "no memory for a page of keys"));
        return;
    }
    p->next = "";
    enum kms_err err = *frame->key_id != '\0' ? fill_one(node, frame->key_id, p) : fill_page(node, frame, p);
    send_page(node, link, frame, p, err);
    for (int i = 0; i < PAGE_MAX; i++) buf_clear(&p->certificates[i]);
    free(p);
}
