/* SPDX-License-Identifier: Apache-2.0 */
/* What a session gives when it has ended. */
#ifndef KMS_CLUSTER_PROTOCOL_OUTCOME_H
#define KMS_CLUSTER_PROTOCOL_OUTCOME_H

#include "cluster/protocol/key_share.h"
#include "cluster/protocol/message.h"
#include "cluster/protocol/presignature.h"

enum abort_reason {
    ABORT_NONE = 0,
    ABORT_TIMEOUT,       /* `missing` did not answer in time: never blamed */
    ABORT_CONFIGURATION, /* the parties do not agree on what is to be done: nobody is blamed */
    ABORT_CHEATING,      /* authenticated messages of `culprits` failed a check */
    ABORT_EQUIVOCATION,  /* echoes differ: somebody told different things, this party cannot say who */
    ABORT_PEER,          /* a peer gave up (its notice is no evidence) */
    ABORT_INTERNAL,      /* this party failed (random numbers, memory) */
    ABORT_CANCELLED,     /* the driver stopped it: tunnel lost, request withdrawn */
};

enum outcome_kind {
    OUTCOME_NONE = 0,
    OUTCOME_KEY,
    OUTCOME_SIGNATURE,
    OUTCOME_PRESIGNATURE,
    OUTCOME_PAIR_SETUP /* is in session_params.new_setup */
};

#define SIGNATURE_LEN_MAX 136 /* r || s || v over P-521 takes 133 */

struct outcome {
    enum outcome_kind   kind; /* NONE when aborted */
    enum abort_reason   reason;
    const char         *text;     /* static: which check or step; for the local log only */
    struct party_set    culprits; /* an authenticated message of theirs failed a check */
    struct party_set    missing;  /* late; disjoint from culprits */
    struct party_set    burned;   /* culprits with whom the pair set-up is burned */
    uint8_t             ssid[SSID_LEN];
    struct key_share    key;                          /* OUTCOME_KEY; secret: outcome_wipe() */
    uint8_t             signature[SIGNATURE_LEN_MAX]; /* OUTCOME_SIGNATURE */
    size_t              signature_len;
    struct presignature presignature; /* OUTCOME_PRESIGNATURE; secret */
};

#define SECRET_OUTCOME CLEANUP(outcome_wipe) struct outcome

void        outcome_wipe(struct outcome *);
const char *abort_reason_name(enum abort_reason);
/* What the abort is to a caller: TIMEOUT, MISMATCH, PROOF, EQUIVOCATION, ABORTED, INTERNAL. */
enum kms_err abort_reason_error(enum abort_reason);

#endif
