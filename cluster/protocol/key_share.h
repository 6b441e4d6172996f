/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a party holds after a DKG: the public part (equal at all parties but for `self`) and the secret share
 * x_self. Lives in secmem or in a SECRET_KEY_SHARE local; encoded only to be sealed in a store.
 */
#ifndef KMS_CLUSTER_PROTOCOL_KEY_SHARE_H
#define KMS_CLUSTER_PROTOCOL_KEY_SHARE_H

#include "cluster/protocol/parties.h"
#include "common/crypto/group.h"
#include "common/secret/secret.h"

struct key_share {
    const struct prime_group *group; /* static */
    unsigned                  t;     /* signers needed */
    unsigned                  n;     /* holders: parties 1..n */
    party                     self;
    uint32_t                  epoch;                          /* 1 at birth */
    struct point              public_key;                     /* X */
    struct point              public_shares[PARTIES_MAX + 1]; /* X_1..X_n; [0] unused */
    uint8_t                   chain_code[32];
    uint8_t                   transcript[32]; /* H of all openings of the DKG */
    struct scalar             secret_share;   /* x_self */
    uint8_t checked[32]; /* digest of the public part as key_share_check() found it good; zero: never */
};

#define SECRET_KEY_SHARE CLEANUP(key_share_wipe) struct key_share

void key_share_wipe(struct key_share *);
/*
 * X_1..X_n and X lie on one polynomial of degree t - 1 (windows suffice: two neighbours share t points, counting zero),
 * x_self G = X_self. Remembers in `checked` what it saw. KMS_E_CORRUPT.
 */
RESULT key_share_check(struct key_share *);
/*
 * sum over the quorum of lambda_i X_i = X (sheet 0). What key_share_check() has seen, bit for bit, holds for every
 * quorum and costs one hash; what was altered since is refused; what was never checked is computed. KMS_E_CORRUPT.
 */
RESULT key_share_check_quorum(const struct key_share *, struct party_set quorum);
/* Versioned; holds the secret: for sealing only. */
RESULT key_share_encode_sealed(struct secret *out, const struct key_share *);
/*
 * Total and injective. Re-checks everything public: points, 2 <= t <= n <= 16, X = sum lambda_i X_i over the first t
 * parties and over each window of t, x_self G = X_self. KMS_E_CORRUPT.
 */
RESULT key_share_decode_sealed(struct key_share *out, struct bytes in);

#endif
