/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The opening: each party sends a fresh nonce, its roster hash and the hash of everything it believes this run to be
 * about. Whoever differs has another configuration, not bad intent (check 22). The ssid follows from all of
 * them; nobody is told it.
 */
#include "cluster/protocol/session_internal.h"
#include "common/crypto/hash.h"

static struct bytes public_key_of(const struct session *s, uint8_t out[POINT_LEN_MAX])
{
    if (s->params.share == NULL) return BYTES_NONE;
    group_encode(s->params.group, out, &s->params.share->public_key);
    return bytes(out, s->params.group->point_len);
}

/* sheet 0.2, all but the nonces; the roster hash is sent apart so that logs can tell the two mismatches. */
void opening_hash_inputs(struct session *s)
{
    static const uint8_t         none[32];
    const struct session_params *p = &s->params;
    uint8_t                      key[POINT_LEN_MAX];
    struct hash                  h;

    hash_begin(&h, TAG_INPUTS, p->presignature == NULL ? 13 : 14);
    hash_item_u16(&h, s->protocol->wire_id);
    hash_item_u16(&h, s->protocol->version);
    hash_item_u16(&h, (uint16_t)p->group->id);
    hash_item_u16(&h, (uint16_t)p->t);
    hash_item_u16(&h, (uint16_t)p->n);
    hash_item_u32(&h, p->quorum.mask);
    hash_item_u32(&h, p->epoch);
    hash_item(&h, bytes_str(p->key_id));
    hash_item(&h, public_key_of(s, key));
    hash_item(&h, p->share == NULL ? BYTES_OF(none) : BYTES_OF(p->share->transcript));
    hash_item(&h, BYTES_OF(p->request_hash));
    hash_item_u16(&h, p->item);
    hash_item(&h, p->message);
    if (p->presignature != NULL) hash_item(&h, BYTES_OF(p->presignature->ssid));
    hash_end(&h, s->inputs);
}

enum kms_err opening_write(struct session *s)
{
    size_t   room = s->protocol->open == NULL ? 0 : s->rows[0].max_broadcast - OPENING_LEN;
    uint8_t *body = session_broadcast(s, OPENING_LEN + room);

    TRY(rng_fill(s->params.rng, body, NONCE_LEN));
    memcpy(body + NONCE_LEN, s->params.roster_hash, 32);
    memcpy(body + NONCE_LEN + 32, s->inputs, 32);
    if (s->protocol->open == NULL) return KMS_OK;
    struct writer w = writer_of(body + OPENING_LEN, room);
    TRY(s->protocol->open(s, &w));
    TRY(writer_end(&w, "opening"));
    inbox_slot(&s->inbox, 0, s->params.self, SLOT_BROADCAST)->len = (uint32_t)(OPENING_LEN + w.len);
    return KMS_OK;
}

bool opening_agrees(const struct session *s, struct bytes body)
{
    return bytes_equal(bytes(body.data + NONCE_LEN, 32), BYTES_OF(s->params.roster_hash)) &&
           bytes_equal(bytes(body.data + NONCE_LEN + 32, 32), BYTES_OF(s->inputs));
}

/*
 * In a protocol of one flight no later message shows that all have received the same nonces, so they are not in its
 * ssid: inputs that do not repeat are the protocol's business (the name of a presignature).
 */
void opening_derive_ssid(struct session *s)
{
    struct party_set quorum = s->row_count > 1 ? s->params.quorum : party_set_none();
    struct hash      h;

    hash_begin(&h, TAG_SSID, 2 + party_set_count(quorum));
    hash_item(&h, BYTES_OF(s->params.roster_hash));
    hash_item(&h, BYTES_OF(s->inputs));
    for (party p = party_set_next(quorum, 0); p != 0; p = party_set_next(quorum, p))
        hash_item(&h, bytes(inbox_slot(&s->inbox, 0, p, SLOT_BROADCAST)->body, NONCE_LEN));
    hash_end(&h, s->ssid);
}
