/* SPDX-License-Identifier: Apache-2.0 */
/* Shares in use. The clock algorithm chooses who leaves. */
#include "cluster/node/shares.h"

#include "cluster/node/key_record.h"
#include "cluster/node/state.h"
#include "common/secret/secmem.h"

#define PLACES (SHARES_BLOCKS * SHARES_PER_BLOCK)

static struct key_share *place(const struct shares *s, int i)
{
    return &s->blocks[i / SHARES_PER_BLOCK][i % SHARES_PER_BLOCK];
}

static void vacate(struct shares *s, int i)
{
    if (s->owner[i] == NULL) return;
    key_share_wipe(place(s, i));
    s->owner[i]->slot = -1;
    s->owner[i] = NULL;
}

void shares_forget(struct shares *s, struct key *key)
{
    if (key->slot >= 0) vacate(s, key->slot);
}

void shares_clear(struct shares *s)
{
    for (int i = 0; i < PLACES; i++) vacate(s, i);
    for (int i = 0; i < SHARES_BLOCKS; i++) secmem_free(s->blocks[i]);
    *s = (struct shares){0};
}

static enum kms_err have_block(struct shares *s, int block)
{
    if (s->blocks[block] != NULL) return KMS_OK;
    s->blocks[block] = secmem_alloc(SHARES_PER_BLOCK * sizeof(struct key_share));
    if (s->blocks[block] == NULL) return fail(KMS_E_MEMORY, "no locked memory for shares: raise RLIMIT_MEMLOCK");
    return KMS_OK;
}

static enum kms_err free_place(struct shares *s, int *out)
{
    for (int i = 0; i < PLACES; i++) {
        if (s->owner[i] != NULL) continue;
        TRY(have_block(s, i / SHARES_PER_BLOCK));
        *out = i;
        return KMS_OK;
    }
    while (s->used[s->hand]) {
        s->used[s->hand] = false;
        s->hand = (s->hand + 1) % PLACES;
    }
    *out = s->hand;
    s->hand = (s->hand + 1) % PLACES;
    vacate(s, *out);
    return KMS_OK;
}

/* The store vouches for what was sealed; this vouches that it is the share of this very key. */
static enum kms_err check_share(const struct key *key, const struct key_share *share)
{
    const struct birth_body *body = &key->body;
    uint8_t                  public_key[POINT_LEN_MAX];

    bool same = share->group->id == body->group && share->t == body->t && share->n == body->n &&
                share->self == key->self && share->epoch == body->epoch &&
                memcmp(share->transcript, body->transcript, 32) == 0;
    if (same) {
        group_encode(share->group, public_key, &share->public_key);
        same = memcmp(public_key, body->public_key, share->group->point_len) == 0;
    }
    return same ? KMS_OK : fail(KMS_E_CORRUPT, "key %s: the share stored here is not of this key", body->key_id);
}

static enum kms_err load(struct node *node, const struct key *key, struct key_share *out)
{
    struct store_id   id = key_record_id(&key->body);
    struct key_record record;
    SECRET_LOCAL      value = SECRET_NONE;

    TRY(store_get(node->config.store, &id, &value));
    TRY(key_record_decode(&record, secret_view(&value)));
    TRY_AT(key_share_decode_sealed(out, record.share), "key %s", key->body.key_id);
    return check_share(key, out);
}

RESULT shares_get(struct node *node, struct key *key, const struct key_share **out)
{
    struct shares *s = &node->shares;
    int            i = key->slot;

    if (i < 0) {
        TRY(free_place(s, &i));
        enum kms_err err = load(node, key, place(s, i));
        if (err != KMS_OK) {
            key_share_wipe(place(s, i));
            return err;
        }
        s->owner[i] = key;
        key->slot = i;
    }
    s->used[i] = true;
    *out = place(s, i);
    return KMS_OK;
}
