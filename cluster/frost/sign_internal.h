/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of a FROST signature share. Arrays are indexed by party; [0] is unused. */
#ifndef KMS_CLUSTER_FROST_SIGN_INTERNAL_H
#define KMS_CLUSTER_FROST_SIGN_INTERNAL_H

#include "cluster/frost/nonces.h"
#include "cluster/protocol/protocol.h"

#define FROST_POINT_LEN 32
#define FROST_SCALAR_LEN 32
#define FROST_COMMITMENT_LEN (2 * FROST_POINT_LEN) /* enc(D_i) || enc(E_i) */
#define FROST_SIGNATURE_LEN 64

enum { FROST_ROW_OPEN, FROST_ROW_RESPOND, FROST_ROWS };

struct frost_commitment {
    struct point D, E;
    uint8_t      encoded[FROST_COMMITMENT_LEN];
};

/* What a run is about: borrowed from the session. */
struct frost_task {
    const struct key_share *key;
    struct party_set        signers;
    struct bytes            message;
};

struct frost_memory {
    struct nonce_pair       nonces; /* secret */
    struct frost_commitment commitments[PARTIES_MAX + 1];
    struct scalar           rho[PARTIES_MAX + 1];     /* binding factors */
    struct point            R_share[PARTIES_MAX + 1]; /* R_i = D_i + rho_i E_i */
    struct point            R;
    struct scalar           challenge;
    struct scalar           z_share[PARTIES_MAX + 1];
};

/* RFC 9591 5.1: makes nonces from `random` and this party's commitment to them. */
void frost_commit(struct frost_memory *, const struct key_share *, const uint8_t random[2][NONCE_RANDOM_LEN]);

/* RFC 9591 4.4 compute_binding_factors: factors[i] for each signer. Public. */
void frost_binding_factors(struct scalar                 factors[PARTIES_MAX + 1], const struct frost_task *,
                           const struct frost_commitment commitments[PARTIES_MAX + 1]);

/*
 * RFC 9591 5.2: consumes the nonces, computes R, the challenge and this party's z_share from the commitments of all
 * signers. KMS_E_STATE without nonces; KMS_E_ABORTED if R is the identity.
 */
RESULT frost_respond(struct frost_memory *, const struct frost_task *);

/* RFC 9591 5.3: sums up and verifies. KMS_E_PROOF: *culprits are the signers whose share does not hold (maybe this
 * one). */
RESULT frost_aggregate(uint8_t signature[FROST_SIGNATURE_LEN], struct party_set *culprits, const struct frost_memory *,
                       const struct frost_task *);

/* The rows' handlers. */
enum kms_err frost_1_open(struct session *, struct writer *);
enum kms_err frost_1_on_commitment(struct session *, party from, struct reader *);
enum kms_err frost_2_respond(struct session *);
enum kms_err frost_2_on_response(struct session *, party from, struct reader *);
enum kms_err frost_3_aggregate(struct session *);

static inline struct frost_task frost_task_of(const struct session *s)
{
    const struct session_params *p = session_params(s);
    return (struct frost_task){p->share, p->quorum, p->message};
}

#endif
