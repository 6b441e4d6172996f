/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash commitments (sheet 0.3): H(tag, ssid, pid, value, r), r being 32 random bytes. Who, where and what for is
 * inside, so a copied commitment cannot be opened by its copier.
 */
#ifndef KMS_CLUSTER_MPC_COMMITMENT_H
#define KMS_CLUSTER_MPC_COMMITMENT_H

#include "cluster/protocol/message.h"
#include "common/crypto/tags.h"

#define COMMITMENT_LEN 32
#define COMMITMENT_OPENING_LEN 32

struct commitment_context {
    enum tag_id    tag;  /* one per place in a protocol */
    const uint8_t *ssid; /* borrowed; SSID_LEN */
    party          pid;
};

void commitment_make(uint8_t out[COMMITMENT_LEN], struct commitment_context, struct bytes value,
                     const uint8_t r[COMMITMENT_OPENING_LEN]);
/* KMS_E_PROOF. */
RESULT commitment_check(const uint8_t commitment[COMMITMENT_LEN], struct commitment_context, struct bytes value,
                        const uint8_t r[COMMITMENT_OPENING_LEN]);

#endif
