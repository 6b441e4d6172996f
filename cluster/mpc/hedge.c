/* SPDX-License-Identifier: Apache-2.0 */
/* Draws: as many random bytes as come out, hashed with all that makes this one different from every other. */
#include "cluster/mpc/hedge.h"

#include "common/crypto/hash.h"
#include "common/secret/wipe.h"

/* CT: leaks lengths only. */
RESULT hedge_bytes(uint8_t out[64], const struct hedge *h, const struct hedge_use *use)
{
    uint8_t     random[64];
    struct hash hash;

    TRY(rng_fill(h->rng, random, sizeof random));
    hash_begin(&hash, use->tag, 7);
    hash_item(&hash, BYTES_OF(random));
    hash_item(&hash, bytes(h->salt, SESSION_SALT_LEN));
    hash_item(&hash, bytes(h->about, 32));
    hash_item_u16(&hash, h->self);
    hash_item(&hash, use->more);
    hash_item(&hash, use->secret);
    hash_item_u16(&hash, (uint16_t)use->index);
    hash_end_wide(&hash, out);
    WIPE(random);
    return KMS_OK;
}

/* CT: leaks nothing. */
RESULT hedge_scalar(const struct prime_group *g, struct scalar *out, const struct hedge *h, const struct hedge_use *use)
{
    uint8_t      wide[64];
    enum kms_err err;

    do {
        scalar_zero(out);
        err = hedge_bytes(wide, h, use);
        if (err == KMS_OK) scalar_reduce_wide(g, out, wide);
    } while (err == KMS_OK && scalar_is_zero(out));
    WIPE(wide);
    return err;
}
