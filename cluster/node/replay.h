/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which signed requests this node has acted on and not yet seen expire: (access key, nonce) -> hash of the request.
 * The same request again is another attempt, at most REPLAY_ATTEMPTS_MAX; another request under its nonce is refused.
 * Bounded per access key and in all: full means refuse, never evict.
 */
#ifndef KMS_CLUSTER_NODE_REPLAY_H
#define KMS_CLUSTER_NODE_REPLAY_H

#include "common/document/signed_request.h"

#define REPLAY_ATTEMPTS_MAX 8
#define REPLAY_PER_CLIENT_MAX 131072
#define REPLAY_MAX 524288

struct replay;

struct replay_limits {
    unsigned per_client, total;
};

struct replay_item {
    const char    *access_key, *nonce;
    const uint8_t *request_hash; /* 32 bytes */
    int64_t        expires_s;
};

RESULT replay_new(struct replay **out, struct replay_limits);
void   replay_free(struct replay **);
/* Counts an attempt. KMS_E_REPLAY, KMS_E_ATTEMPTS; KMS_E_BUSY when full. Changes nothing when it fails. */
RESULT replay_use(struct replay *, const struct replay_item *, int64_t now_s);
/* Forgets what has expired. */
void     replay_expire(struct replay *, int64_t now_s);
unsigned replay_count(const struct replay *);

#endif
