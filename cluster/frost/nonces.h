/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signer's nonces of one session: single use by type. Two responses with one pair give away the share, so a pair can
 * only be taken, which empties it before the taker has checked anything; an empty one gives KMS_E_STATE.
 */
#ifndef KMS_CLUSTER_FROST_NONCES_H
#define KMS_CLUSTER_FROST_NONCES_H

#include "common/crypto/group.h"

#define NONCE_RANDOM_LEN 32

struct nonce_pair {
    struct scalar hiding, binding; /* d, e */
    bool          full;
};

#define SECRET_NONCE_PAIR CLEANUP(nonce_pair_wipe) struct nonce_pair

void nonce_pair_wipe(struct nonce_pair *);
/* RFC 9591 4.1, twice: H3(random || enc(secret)). CT. */
void   nonce_pair_make(struct nonce_pair *out, const uint8_t random[2][NONCE_RANDOM_LEN], const struct scalar *secret);
RESULT nonce_pair_take(struct nonce_pair *out, struct nonce_pair *from);

#endif
