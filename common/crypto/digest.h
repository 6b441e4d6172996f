/* SPDX-License-Identifier: Apache-2.0 */
/* Digests for clients, piece by piece, over EVP. Never for secrets, never inside protocols: those use hash.h. */
#ifndef KMS_COMMON_CRYPTO_DIGEST_H
#define KMS_COMMON_CRYPTO_DIGEST_H

#include "common/base/bytes.h"
#include "common/base/error.h"

#define DIGEST_LEN_MAX 64

/* SHA-1 (FIPS 180-4) is here because clients ask their token for it, for key identifiers and old file formats. */
enum digest_id { DIGEST_NONE = 0, DIGEST_SHA1, DIGEST_SHA224, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 };

struct digest;

RESULT digest_new(struct digest **out, enum digest_id);
RESULT digest_update(struct digest *, struct bytes);
/* out: digest_len() bytes. The digest is spent. */
RESULT digest_final(struct digest *, uint8_t *out);
size_t digest_len(enum digest_id);
void   digest_free(struct digest **);

#endif
