/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hedged randomness: what the generator gives, xor H(DKLS23_HEDGE, more of it, x_i, the run, the inputs, the step,
 * which draw of it). With a good generator it is uniform whatever the hash does. A generator that repeats itself, or a
 * machine that was rewound, still draws anew in another run, because the run has the other signers' fresh nonces in it.
 */
#include "cluster/dkls23/internal.h"
#include "common/crypto/hash.h"
#include "common/secret/wipe.h"

#define SEED_LEN 32
#define CHUNK 256

static struct bytes share_of(const struct session_params *p, uint8_t out[SCALAR_LEN_MAX])
{
    if (p->share == NULL) return BYTES_NONE;
    scalar_encode(p->group, out, &p->share->secret_share);
    return bytes(out, p->group->scalar_len);
}

static void mask_of(uint8_t *out, size_t len, struct dkls23_rng *r, const uint8_t seed[SEED_LEN])
{
    const struct session_params *p = session_params(r->session);
    uint8_t                      share[SCALAR_LEN_MAX];
    struct hash                  h;

    hash_begin(&h, TAG_DKLS23_HEDGE, 7);
    hash_item(&h, bytes(seed, SEED_LEN));
    hash_item(&h, share_of(p, share));
    hash_item(&h, BYTES_OF(r->run));
    hash_item(&h, bytes(session_inputs(r->session), 32));
    hash_item_u16(&h, p->self);
    hash_item_u32(&h, r->step);
    hash_item_u32(&h, r->draws++);
    hash_end_expand(&h, out, len);
    WIPE(share);
}

static enum kms_err fill_hedged(void *self, void *out, size_t len)
{
    struct dkls23_rng *r = self;
    struct rng        *base = session_params(r->session)->rng;
    uint8_t            seed[SEED_LEN], mask[CHUNK], *at = out;

    TRY(rng_fill(base, seed, sizeof seed));
    TRY(rng_fill(base, out, len));
    for (size_t done = 0; done < len; done += CHUNK) {
        size_t part = len - done < CHUNK ? len - done : CHUNK;
        mask_of(mask, part, r, seed);
        for (size_t i = 0; i < part; i++) at[done + i] ^= mask[i];
    }
    WIPE(seed);
    WIPE(mask);
    return KMS_OK;
}

struct rng *dkls23_rng_init(struct dkls23_rng *r, struct session *s, uint32_t step)
{
    *r = (struct dkls23_rng){.rng = {.fill = fill_hedged, .self = r}, .session = s, .step = step};
    memcpy(r->run, session_ssid(s), SSID_LEN);
    return &r->rng;
}
