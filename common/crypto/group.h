/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of prime order: edwards25519 (its prime-order subgroup), secp256k1 and the NIST curves P-256, P-384, P-521.
 * decode() is the only way from bytes to a point and checks canonical form, curve, subgroup and not-identity, so
 * an unchecked point cannot exist as a value. Results of add may be the identity; group_is_identity() tells.
 * A point is a value of fixed size: copied like an integer, no ownership. Points are public; scalars are secret.
 */
#ifndef KMS_COMMON_CRYPTO_GROUP_H
#define KMS_COMMON_CRYPTO_GROUP_H

#include "common/crypto/scalar.h"

/* The numbers are on the wire and at rest. */
enum group_id {
    GROUP_NONE = 0,
    GROUP_ED25519 = 1,
    GROUP_SECP256K1 = 2,
    GROUP_P256 = 3,
    GROUP_P384 = 4,
    GROUP_P521 = 5,
};

#define POINT_LEN_MAX 67                                    /* encoded, compressed */
#define POINT_UNCOMPRESSED_LEN_MAX (1 + 2 * SCALAR_LEN_MAX) /* 04 || x || y */

struct point {
    uint8_t opaque[2 * SCALAR_LEN_MAX] __attribute__((aligned(8))); /* x || y of P-521 */
    bool    identity;
};

struct modulus; /* modulus.h: Montgomery constants of the order */

/* The functions never see the identity as input; group.c treats it. */
struct prime_group {
    enum group_id         id;
    const char           *name;       /* "ED25519", "SECP256K1", "P256": the specification's curve names */
    size_t                scalar_len; /* encoded bytes; of Weierstrass curves also a coordinate's */
    size_t                point_len;  /* encoded bytes, compressed */
    bool                  little_endian;
    const struct modulus *order;
    const void           *curve; /* the implementation's own */

    /* CT in the scalar. */
    void (*base_mul)(const struct prime_group *, struct point *out, const struct scalar *k);
    void (*mul)(const struct prime_group *, struct point *out, const struct point *p, const struct scalar *k);
    /* Public inputs. */
    void (*mul_vartime)(const struct prime_group *, struct point *out, const struct point *p, const struct scalar *k);
    void (*add)(const struct prime_group *, struct point *out, const struct point *a, const struct point *b);
    void (*negate)(const struct prime_group *, struct point *out, const struct point *a);
    bool (*equal)(const struct prime_group *, const struct point *a, const struct point *b);
    void (*encode)(const struct prime_group *, uint8_t *out, const struct point *p);
    enum kms_err (*decode)(const struct prime_group *, struct point *out, struct bytes in);
    /* 04 || x || y. NULL: not a Weierstrass curve. */
    void (*encode_uncompressed)(const struct prime_group *, uint8_t *out, const struct point *p);
};

const struct prime_group *group_by_id(enum group_id);      /* NULL: unknown */
const struct prime_group *group_by_name(const char *name); /* the NIST curves also as "P-256" */
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
/* point_len bytes; CHECKs not identity, as all below do. */
void group_encode(const struct prime_group *, uint8_t *out, const struct point *p);
/* KMS_E_FORMAT: length, canonical form, curve, subgroup or identity; the text says which. */
RESULT group_decode(const struct prime_group *, struct point *out, struct bytes in);

/* ECDSA needs these; CHECKed everywhere but in the question itself. */
bool group_is_weierstrass(const struct prime_group *);
/* 1 + 2 * scalar_len bytes: 04 || x || y (SEC 1 2.3.3). */
void group_encode_uncompressed(const struct prime_group *, uint8_t *out, const struct point *p);
/* The affine x, scalar_len bytes, big-endian. */
void group_point_x(const struct prime_group *, uint8_t *out, const struct point *p);
/* x mod q, which is ECDSA's r; answers whether q was taken away, that is x >= q. */
bool group_point_x_mod_order(const struct prime_group *, struct scalar *out, const struct point *p);
bool group_point_y_is_odd(const struct prime_group *, const struct point *p);

#endif
