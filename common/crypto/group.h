/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of prime order: edwards25519 (its prime-order subgroup) and secp256k1; other curves are one file each.
 * decode() is the only way from bytes to a point and checks canonical form, curve, subgroup and not-identity, so
 * an unchecked point cannot exist as a value. Results of add may be the identity; group_is_identity() tells.
 * A point is a value of fixed size: copied like an integer, no ownership. Points are public; scalars are secret.
 */
#ifndef KMS_COMMON_CRYPTO_GROUP_H
#define KMS_COMMON_CRYPTO_GROUP_H

#include "common/crypto/scalar.h"

enum group_id { GROUP_NONE = 0, GROUP_ED25519 = 1, GROUP_SECP256K1 = 2 }; /* numbers are on the wire and at rest */

#define POINT_LEN_MAX 33 /* encoded */

struct point {
    uint8_t opaque[64] __attribute__((aligned(8)));
    bool    identity;
};

struct modulus; /* modulus.h: Montgomery constants of the order */

struct prime_group {
    enum group_id         id;
    const char           *name;       /* "ED25519", "SECP256K1": the specification's curve names */
    size_t                scalar_len; /* encoded bytes */
    size_t                point_len;  /* encoded bytes, compressed */
    bool                  little_endian;
    const struct modulus *order;

    /* CT in the scalar. */
    void (*base_mul)(struct point *out, const struct scalar *k);
    void (*mul)(struct point *out, const struct point *p, const struct scalar *k);
    /* Public inputs. */
    void (*mul_vartime)(struct point *out, const struct point *p, const struct scalar *k);
    void (*add)(struct point *out, const struct point *a, const struct point *b);
    void (*negate)(struct point *out, const struct point *a);
    bool (*equal)(const struct point *a, const struct point *b);
    void (*encode)(uint8_t *out, const struct point *p); /* point_len bytes; CHECKs not identity */
    enum kms_err (*decode)(struct point *out, struct bytes in);
};

const struct prime_group *group_by_id(enum group_id); /* NULL: unknown */
const struct prime_group *group_by_name(const char *name);
/* At start, once: contexts and their blinding. */
RESULT group_init(void);

void group_set_identity(struct point *);
bool group_is_identity(const struct point *);
void group_base_mul(const struct prime_group *, struct point *out, const struct scalar *k);
void group_mul(const struct prime_group *, struct point *out, const struct point *p, const struct scalar *k);
void group_mul_vartime(const struct prime_group *, struct point *out, const struct point *p, const struct scalar *k);
void group_add(const struct prime_group *, struct point *out, const struct point *a, const struct point *b);
void group_negate(const struct prime_group *, struct point *out, const struct point *a);
bool group_equal(const struct prime_group *, const struct point *a, const struct point *b);
void group_encode(const struct prime_group *, uint8_t *out, const struct point *p);
/* KMS_E_FORMAT: length, canonical form, curve, subgroup or identity; the text says which. */
RESULT group_decode(const struct prime_group *, struct point *out, struct bytes in);

#endif
