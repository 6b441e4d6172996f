/* SPDX-License-Identifier: Apache-2.0 */
/* Plain ECDSA signing, for tests only: the products sign by threshold protocols and nowhere else. */
#ifndef KMS_TESTS_COMMON_ECDSA_FIXTURE_H
#define KMS_TESTS_COMMON_ECDSA_FIXTURE_H

#include "common/crypto/ecdsa.h"
#include "tests/common/hex.h"

static const enum group_id ecdsa_groups[] = {GROUP_SECP256K1, GROUP_P256, GROUP_P384, GROUP_P521};

struct signer {
    const struct prime_group *g;
    struct scalar             x;
    struct point              X;
};

static inline struct signer new_signer(enum group_id id)
{
    struct signer s = {.g = group_by_id(id)};

    assert_ok(scalar_random(s.g, &s.x, rng_system()));
    group_base_mul(s.g, &s.X, &s.x);
    return s;
}

/* FIPS 186-5 6.4.1 with the given k. */
static inline void sign_with(struct ecdsa_signature *out, const struct signer *by, struct bytes digest,
                             const struct scalar *k)
{
    struct scalar e, r, s, inverse;
    struct point  R;

    group_base_mul(by->g, &R, k);
    (void)group_point_x_mod_order(by->g, &r, &R);
    ecdsa_digest_scalar(by->g, &e, digest);
    scalar_mul(by->g, &s, &r, &by->x);
    scalar_add(by->g, &s, &s, &e);
    scalar_invert(by->g, &inverse, k);
    scalar_mul(by->g, &s, &s, &inverse);
    assert_ok(ecdsa_signature_of(by->g, out, &R, &s));
}

/* Low s where verification asks for it. */
static inline void sign_digest(struct ecdsa_signature *out, const struct signer *by, struct bytes digest)
{
    struct scalar k;

    assert_ok(scalar_random(by->g, &k, rng_system()));
    sign_with(out, by, digest, &k);
    if (by->g->id == GROUP_SECP256K1) ecdsa_normalise(by->g, out);
}

static inline bool same_signature(const struct ecdsa_signature *a, const struct ecdsa_signature *b)
{
    return scalar_equal(&a->r, &b->r) && scalar_equal(&a->s, &b->s);
}

#endif
