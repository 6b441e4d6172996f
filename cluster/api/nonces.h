/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which nonces have been used, by which request: (access key, nonce) -> hash of the request, until it expires. The same
 * request may come again, a few times a second; another one under its nonce is refused. Bounded per access key and in
 * all: full refuses, and nothing is evicted. In memory: the nodes keep the table that survives restarts.
 */
#ifndef KMS_CLUSTER_API_NONCES_H
#define KMS_CLUSTER_API_NONCES_H

#include "common/document/signed_request.h"

#define NONCES_PER_KEY_MAX 262144
#define NONCES_ALL_MAX 1048576
#define NONCE_REPEATS_MAX 4 /* of one request in a second: a client that lost its connection; more is somebody else */

struct nonce_limits {
    uint32_t per_key, all; /* 0: the maxima above */
};

struct nonces;
RESULT nonces_new(struct nonces **out, struct nonce_limits);
void   nonces_free(struct nonces **);
/* Of an authenticated, fresh request. *repeated: it was there before. KMS_E_REPLAY; KMS_E_BUSY: full, or too often. */
RESULT nonces_check(struct nonces *, bool *repeated, const struct signed_request *, const uint8_t request_hash[32],
                    int64_t now_s);

#endif
