/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hedged randomness (sheet 13): what the generator gives is hashed with what is new, what is secret and what it is
 * for. So a generator that repeats itself, on a machine that was rewound or cloned, repeats no secret as long as any
 * of these differs; and a good generator alone is enough. Local: no other party can tell how a party draws.
 */
#ifndef KMS_CLUSTER_MPC_HEDGE_H
#define KMS_CLUSTER_MPC_HEDGE_H

#include "cluster/protocol/protocol.h"
#include "common/crypto/group.h"
#include "common/crypto/tags.h"

/* Whose draws these are, and in which session. */
struct hedge {
    struct rng    *rng;   /* borrowed */
    const uint8_t *salt;  /* borrowed; session_params.salt */
    const uint8_t *about; /* borrowed; 32 bytes: the ssid, or while there is none the hash of the inputs */
    party          self;
};

/* What one draw is for; no two draws of a session are for the same. */
struct hedge_use {
    enum tag_id  tag;    /* one per purpose */
    struct bytes more;   /* borrowed; public */
    struct bytes secret; /* borrowed */
    unsigned     index;
};

static inline struct hedge hedge_of(const struct session *s, const uint8_t about[32])
{
    const struct session_params *p = session_params(s);
    return (struct hedge){p->rng, p->salt, about, p->self};
}

/* H_wide(tag, 64 random bytes, salt, about, self, more, secret, index). CT in the secret. */
RESULT hedge_bytes(uint8_t out[64], const struct hedge *, const struct hedge_use *);
/* The same modulo the order; never zero. */
RESULT hedge_scalar(const struct prime_group *, struct scalar *out, const struct hedge *, const struct hedge_use *);

#endif
