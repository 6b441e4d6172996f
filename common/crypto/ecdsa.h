/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECDSA signatures (FIPS 186-5 6.4) in the Weierstrass groups: their forms, verification, recovery of the public key.
 * Signatures are made by the schemes. All inputs here are public, so nothing is constant-time. A struct
 * ecdsa_signature comes from a decoder or from ecdsa_signature_of(), so r and s are in 1..q-1.
 */
#ifndef KMS_COMMON_CRYPTO_ECDSA_H
#define KMS_COMMON_CRYPTO_ECDSA_H

#include "common/crypto/group.h"

#define ECDSA_RAW_LEN_MAX (2 * SCALAR_LEN_MAX)
#define ECDSA_RSV_LEN_MAX (ECDSA_RAW_LEN_MAX + 1)
#define ECDSA_DER_LEN_MAX 139 /* P-521: SEQUENCE of 3 + 2 * (2 + 66) bytes */

#define ECDSA_NO_RECOVERY 0xff

struct ecdsa_signature {
    struct scalar r, s;
    /* Which of the points with this r was R: bit 0, y is odd; bit 1, x >= q (SEC 1 4.1.6). Or ECDSA_NO_RECOVERY. */
    uint8_t recovery_id;
};

/* e: the leftmost bits of the digest, as many as q has (FIPS 186-5 6.4.1), as a scalar. */
void ecdsa_digest_scalar(const struct prime_group *, struct scalar *e, struct bytes digest);
/* The signature (R.x mod q, s). KMS_E_PROOF if r or s is 0. R is not the identity. */
RESULT ecdsa_signature_of(const struct prime_group *, struct ecdsa_signature *out, const struct point *R,
                          const struct scalar *s);
/* Of the two signatures (r, s) and (r, q - s) the one with the lower s, with the recovery id that it has. */
bool ecdsa_is_low(const struct prime_group *, const struct ecdsa_signature *);
void ecdsa_normalise(const struct prime_group *, struct ecdsa_signature *);

/* KMS_E_SIGNATURE. secp256k1 by libsecp256k1, which accepts low s only; the NIST curves by OpenSSL. */
RESULT ecdsa_verify_vartime(const struct prime_group *, const struct ecdsa_signature *, const struct point *public_key,
                            struct bytes digest);
/* The only public key for which the signature with its recovery id holds. KMS_E_SIGNATURE: there is none. */
RESULT ecdsa_recover_vartime(const struct prime_group *, struct point *public_key, const struct ecdsa_signature *,
                             struct bytes digest);

/*
 * Raw: r || s, as PKCS#11 has it, 2 * scalar_len bytes. RSV: the same and one byte v = 27 + recovery id, as Ethereum
 * had it before EIP-155. DER: SEQUENCE { INTEGER r, INTEGER s } (RFC 3279 2.2.3), of ecdsa_encode_der()'s answer in
 * bytes. Decoders are strict: one encoding for each signature, KMS_E_FORMAT otherwise.
 */
void   ecdsa_encode_raw(const struct prime_group *, uint8_t *out, const struct ecdsa_signature *);
RESULT ecdsa_decode_raw(const struct prime_group *, struct ecdsa_signature *out, struct bytes in);
void   ecdsa_encode_rsv(const struct prime_group *, uint8_t *out, const struct ecdsa_signature *);
RESULT ecdsa_decode_rsv(const struct prime_group *, struct ecdsa_signature *out, struct bytes in);
size_t ecdsa_encode_der(const struct prime_group *, uint8_t out[ECDSA_DER_LEN_MAX], const struct ecdsa_signature *);
RESULT ecdsa_decode_der(const struct prime_group *, struct ecdsa_signature *out, struct bytes in);

#endif
