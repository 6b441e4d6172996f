/* SPDX-License-Identifier: Apache-2.0 */
/* Plain Ed25519 (RFC 8032) for identities: requests, certificates' keys, statements. Threshold keys: cluster/frost. */
#ifndef KMS_COMMON_CRYPTO_ED25519_H
#define KMS_COMMON_CRYPTO_ED25519_H

#include "common/base/bytes.h"
#include "common/base/error.h"
#include "common/secret/secret.h"

#define ED25519_PUBLIC_LEN 32
#define ED25519_SEED_LEN 32
#define ED25519_SIGNATURE_LEN 64

/* seed: 32 bytes, as in PKCS#8 (RFC 8410). */
RESULT ed25519_public(uint8_t public_key[32], const struct secret *seed);
RESULT ed25519_sign(uint8_t signature[64], const struct secret *seed, struct bytes message);
/* Strict (libsodium: canonical S, no small-order points, cofactorless). KMS_E_SIGNATURE. Public inputs. */
RESULT ed25519_verify_vartime(const uint8_t signature[64], const uint8_t public_key[32], struct bytes message);

#endif
