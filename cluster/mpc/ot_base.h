/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 128 random oblivious transfers with endemic security (Masny, Rindal, "Endemic Oblivious Transfer", CCS 2019, fig. 8)
 * over ristretto255: two messages, with which a pair of nodes begins its set-up. The receiver ends with one pad of each
 * OT, by its choice bits; the sender with both.
 *
 * Roles turn around afterwards: who RECEIVES here SENDS in the OT extension (is Alice of the vector OLE), and its
 * choice bits become Delta.
 */
#ifndef KMS_CLUSTER_MPC_OT_BASE_H
#define KMS_CLUSTER_MPC_OT_BASE_H

#include "cluster/mpc/ot_context.h"
#include "common/crypto/ristretto.h"

#define OT_BASE_COUNT 128 /* lambda_c */
#define OT_BASE_MESSAGE_1_LEN (OT_BASE_COUNT * 2 * RISTRETTO_LEN)
#define OT_BASE_MESSAGE_2_LEN (OT_BASE_COUNT * RISTRETTO_LEN)

/* The receiver, from its message to the answer. Wiped by ot_base_finish(). */
struct ot_base_receiver {
    uint8_t choice[OT_BASE_COUNT / 8]; /* bit k: choice >> (k % 8) of byte k / 8 */
    uint8_t t[OT_BASE_COUNT][RISTRETTO_SCALAR_LEN];
    uint8_t message[OT_BASE_MESSAGE_1_LEN];
};

struct ot_base_pads {                        /* the sender's */
    uint8_t pad[OT_BASE_COUNT][2][OT_BLOCK]; /* [k][choice] */
};

struct ot_base_chosen { /* the receiver's */
    uint8_t choice[OT_BASE_COUNT / 8];
    uint8_t pad[OT_BASE_COUNT][OT_BLOCK];
};

void ot_base_receiver_wipe(struct ot_base_receiver *);
void ot_base_pads_wipe(struct ot_base_pads *);
void ot_base_chosen_wipe(struct ot_base_chosen *);

/* The receiver: draws its choices. CT in them. */
RESULT ot_base_receive(struct ot_base_receiver *, uint8_t message_1[OT_BASE_MESSAGE_1_LEN], const struct ot_context *,
                       struct rng *);
/* The sender. KMS_E_FORMAT if a point of the message is none, not canonical, or the identity. */
RESULT ot_base_send(struct ot_base_pads *, uint8_t message_2[OT_BASE_MESSAGE_2_LEN], const struct ot_context *,
                    const uint8_t message_1[OT_BASE_MESSAGE_1_LEN], struct rng *);
/* The receiver again. KMS_E_FORMAT likewise. Wipes the receiver in any case. */
RESULT ot_base_finish(struct ot_base_chosen *, struct ot_base_receiver *, const struct ot_context *,
                      const uint8_t message_2[OT_BASE_MESSAGE_2_LEN]);

#endif
