/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From evidence to an object that may be believed. A key: its birth certificate carries the signatures of all its
 * nodes, and what it says is what the owner, who is this client, asked for in the signed request that comes with it.
 * Label, id and attributes: the owner's own words, in that request or in its last signed change. An older state than
 * one seen before in this process is refused (KMS_E_REPLAY), and so is what it has destroyed (KMS_E_NOT_FOUND).
 */
#ifndef KMS_PKCS11_BACKEND_VERIFICATION_H
#define KMS_PKCS11_BACKEND_VERIFICATION_H

#include "pkcs11/backend/requests.h"
#include "pkcs11/backend/seen.h"

struct verifier {
    const struct authority *authority; /* borrowed */
    struct identity_cache  *cache;     /* owned */
    const struct identity  *owner;     /* borrowed: this client */
    struct seen             seen;
};

RESULT verifier_init(struct verifier *, const struct authority *, const struct identity *owner);
void   verifier_clear(struct verifier *);

/* Not thread-safe. out->value: owned by the caller (backend_object_clear). Errors say which check failed. */
RESULT verify_evidence(struct backend_object *out, struct verifier *, enum backend_class, const struct evidence *);
/* Is `encoded`, a request out of the evidence, the one that was just made: same idempotency key, same body? */
RESULT verify_is_answer_to(const struct evidence *, struct bytes encoded, const char *idempotency_key,
                           struct bytes body);

void backend_object_clear(struct backend_object *);

#endif
