/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys of threshold keys as SubjectPublicKeyInfo (RFC 8410, RFC 5480), and verification of their signatures. */
#ifndef KMS_COMMON_CRYPTO_SPKI_H
#define KMS_COMMON_CRYPTO_SPKI_H

#include "common/base/buf.h"
#include "common/crypto/group.h"

/* Appends DER. public_key: group_encode()'s bytes. */
RESULT spki_encode(struct buf *out, const struct prime_group *, struct bytes public_key);
RESULT spki_encode_pem(struct buf *out, const struct prime_group *, struct bytes public_key);

#endif
