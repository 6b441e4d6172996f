/* SPDX-License-Identifier: Apache-2.0 */
/* Deterministic randomness for tests: SHA-512(key || counter), block after block. */
#include "common/crypto/hash.h"
#include "tests/support/test.h"

static enum kms_err fill(void *self, void *out, size_t len)
{
    struct rng_seeded *r = self;
    uint8_t           *at = out;

    while (len > 0) {
        uint8_t      block[64];
        struct bytes parts[] = {BYTES_OF(r->key), bytes(&r->counter, sizeof r->counter)};
        sha512_parts(block, parts, 2);
        r->counter++;
        size_t n = len < sizeof block ? len : sizeof block;
        memcpy(at, block, n);
        at += n;
        len -= n;
    }
    return KMS_OK;
}

struct rng *rng_seeded_init(struct rng_seeded *r, uint64_t seed, uint64_t stream)
{
    uint64_t words[2] = {seed, stream};

    *r = (struct rng_seeded){.rng = {.fill = fill, .self = r}};
    sha256(r->key, BYTES_OF(words));
    return &r->rng;
}

uint64_t rng_seeded_below(struct rng_seeded *r, uint64_t bound)
{
    uint64_t value;

    assert_int_equal(fill(r, &value, sizeof value), KMS_OK);
    return value % bound;
}
