/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which run of an OT protocol between which two parties, and in which direction. It enters every hash and every key, so
 * that nothing made for the ordered pair (i, j) is of use for (j, i), or in another session.
 *
 * Errors of all the OT protocols: KMS_E_FORMAT is for what anybody can see in a message and says nothing of a secret;
 * KMS_E_PROOF is a check that depends on a secret of the checker: the set-up must be BURNED before it is reported
 * (sheet 3.6).
 */
#ifndef KMS_CLUSTER_MPC_OT_CONTEXT_H
#define KMS_CLUSTER_MPC_OT_CONTEXT_H

#include "cluster/protocol/message.h"
#include "common/crypto/crh.h"
#include "common/crypto/tags.h"

#define OT_BLOCK 16 /* bytes: lambda_c bits */

struct ot_context {
    const uint8_t *ssid;  /* borrowed; SSID_LEN */
    party          alice; /* holds Delta: receives base OTs, sends extended ones, chooses the inputs of the OLE */
    party          bob;
};

/* H(ssid, alice, bob): what every hash of this run and direction begins with. */
void ot_context_run(uint8_t out[32], const struct ot_context *);
/* The correlation-robust hash of this run, keyed by it. */
RESULT ot_context_crh(struct crh *, const struct ot_context *);

/* Domains of the tweaks under that key. */
enum ot_domain { OT_DOMAIN_TREE = 1, OT_DOMAIN_LEAF, OT_DOMAIN_ROW, OT_DOMAIN_CHI, OT_DOMAIN_PAD, OT_DOMAIN_GADGET };

#endif
