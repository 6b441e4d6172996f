/* SPDX-License-Identifier: Apache-2.0 */
/* FROST round one (RFC 9591 5.1), in the opening: nonces, and commitments to them. */
#include "cluster/frost/sign_internal.h"
#include "cluster/frost/suites.h"
#include "cluster/mpc/hedge.h"
#include "common/secret/wipe.h"

void frost_commit(struct frost_memory *m, const struct key_share *key, const uint8_t random[2][NONCE_RANDOM_LEN])
{
    const struct prime_group *g = frost_group();
    struct frost_commitment  *own = &m->commitments[key->self];

    nonce_pair_make(&m->nonces, random, &key->secret_share);
    group_base_mul(g, &own->D, &m->nonces.hiding);
    group_base_mul(g, &own->E, &m->nonces.binding);
    group_encode(g, own->encoded, &own->D);
    group_encode(g, own->encoded + FROST_POINT_LEN, &own->E);
}

/*
 * DEVIATION: where RFC 9591 4.1 takes random_bytes(32) we take half of H_wide(FROST_HEDGE, 64 random bytes, salt, H of
 * all inputs, self, tag, which of the two). A generator that repeats itself does not repeat a nonce for another message
 * (check 40), nor for the same one again: the salt is what a machine that was rewound does not repeat, as far as
 * its driver can tell (cluster/node/sessions.c). What remains: a machine set back with its disk whose clocks show the
 * same milliseconds and whose kernel was not told, asked by a coordinator that gives the tag again.
 */
static enum kms_err draw_hedged(uint8_t out[2][NONCE_RANDOM_LEN], struct session *s)
{
    struct hedge hedge = hedge_of(s, session_inputs(s));

    for (unsigned which = 0; which < 2; which++) {
        struct hedge_use use = {TAG_FROST_HEDGE, bytes(session_tag(s), SESSION_TAG_LEN), BYTES_NONE, which};
        uint8_t          wide[64];
        TRY(hedge_bytes(wide, &hedge, &use));
        memcpy(out[which], wide, NONCE_RANDOM_LEN);
        WIPE(wide);
    }
    return KMS_OK;
}

enum kms_err frost_1_open(struct session *s, struct writer *w)
{
    const struct key_share *key = session_params(s)->share;
    struct frost_memory    *m = session_memory(s);
    uint8_t                 random[2][NONCE_RANDOM_LEN];
    enum kms_err            err = draw_hedged(random, s);

    if (err == KMS_OK) {
        frost_commit(m, key, (const uint8_t(*)[NONCE_RANDOM_LEN])random);
        writer_raw(w, BYTES_OF(m->commitments[key->self].encoded));
    }
    WIPE(random);
    return err;
}

/* Both in the prime-order subgroup and not the identity: group_decode() gives nothing else. */
enum kms_err frost_1_on_commitment(struct session *s, party from, struct reader *r)
{
    struct frost_memory    *m = session_memory(s);
    struct bytes            D = reader_view(r, FROST_POINT_LEN), E = reader_view(r, FROST_POINT_LEN);
    struct frost_commitment c;

    if (r->failed) return session_fault(s, KMS_E_FORMAT, "opening without nonce commitments");
    if (group_decode(frost_group(), &c.D, D) != KMS_OK || group_decode(frost_group(), &c.E, E) != KMS_OK)
        return session_fault(s, KMS_E_FORMAT, "a nonce commitment is not a valid point");
    memcpy(c.encoded, D.data, FROST_POINT_LEN);
    memcpy(c.encoded + FROST_POINT_LEN, E.data, FROST_POINT_LEN);
    m->commitments[from] = c;
    return KMS_OK;
}
