/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random vector oblivious linear evaluation (Doerner, Kondi, Lee, shelat, "Threshold ECDSA in Three Rounds", S&P 2024,
 * protocol 5.2) over the OT extension. Bob gets a random b; Alice has a_1, a_2. They end with shares of the products:
 *   c_i + d_i = a_i b  (mod q),  c_i Alice's, d_i Bob's, i = 1, 2.
 *
 *   Bob    vole_bob_start    -> message 1 (u, x^, H(t^)), b
 *   Alice  vole_alice        message 1, a_1, a_2 -> message 2 (a~, eta, mu), c_1, c_2
 *   Bob    vole_bob_finish   message 2 -> d_1, d_2
 *
 * A session may take several products at once (`items`, for a batch of signatures): one message 1, and one message 2 of
 * its own for each item. Errors: see ot_context.h; KMS_E_PROOF burns the set-up.
 */
#ifndef KMS_CLUSTER_MPC_VOLE_H
#define KMS_CLUSTER_MPC_VOLE_H

#include "cluster/mpc/ot_extension.h"
#include "common/crypto/group.h"

#define VOLE_INPUTS 2
#define VOLE_WIDTH 3 /* columns: the inputs, and one that checks them */
#define VOLE_ITEMS_MAX 16
#define VOLE_STATISTICAL 80 /* lambda_s */

/* xi: OTs of one product: kappa + 2 lambda_s, kappa in whole bytes. 416, 544 (P-384), 688 (P-521). */
#define VOLE_OTS(scalar_len) (8 * (size_t)(scalar_len) + 2 * VOLE_STATISTICAL)
#define VOLE_MESSAGE_1_LEN(scalar_len, items) OT_EXTENSION_MESSAGE_LEN(VOLE_OTS(scalar_len) * (items))
/* a~ [xi][3], eta, mu. Its scalars are in Montgomery form, x 2^(64 words) mod q big-endian: see vole.c. */
#define VOLE_MESSAGE_2_LEN(scalar_len) \
    (VOLE_OTS(scalar_len) * VOLE_WIDTH * (size_t)(scalar_len) + (size_t)(scalar_len) + 32)
/* What the caller provides, in secmem. */
#define VOLE_CHOICES_LEN(scalar_len, items) (VOLE_OTS(scalar_len) / 8 * (items))
#define VOLE_ROWS(scalar_len, items) OT_ROWS(VOLE_OTS(scalar_len) * (items))

struct vole {
    const struct prime_group *group;
    struct ot_context         context;
    unsigned                  items; /* 1..VOLE_ITEMS_MAX */
};

/* Bob's, from message 1 to the last message 2. Memory is the caller's, who wipes it. */
struct vole_bob {
    uint8_t        *choices; /* borrowed; [VOLE_CHOICES_LEN] */
    struct ot_rows *rows;    /* borrowed; [VOLE_ROWS] */
};

/* b: [items]. message_1: VOLE_MESSAGE_1_LEN. */
struct vole_start {
    const struct vole      *vole;
    const struct pprf_full *seeds;
    struct rng             *rng;
};
RESULT vole_bob_start(const struct vole_bob *, struct scalar *b, uint8_t *message_1, const struct vole_start *);

/* Alice: takes message 1. rows: [VOLE_ROWS]. KMS_E_PROOF: the check of the OT extension. */
RESULT vole_alice_start(struct ot_rows *rows, const struct vole *, const struct pprf_punctured *,
                        const uint8_t  *message_1);
/* Alice: her side of one item. */
struct vole_multiply {
    const struct vole    *vole;
    unsigned              item;  /* 0..items - 1 */
    const uint8_t        *delta; /* borrowed; of the seeds */
    const struct ot_rows *rows;  /* borrowed; from vole_alice_start() */
    struct rng           *rng;
};
RESULT vole_alice_multiply(struct scalar c[VOLE_INPUTS], uint8_t *message_2, const struct vole_multiply *,
                           const struct scalar a[VOLE_INPUTS]);

/* KMS_E_FORMAT: a number that is not below q. KMS_E_PROOF: the check with mu. d is then zero. CT in Bob's choices. */
RESULT vole_bob_finish(struct scalar d[VOLE_INPUTS], const struct vole_bob *, const struct vole *, unsigned item,
                       const uint8_t *message_2);

#endif
