/* SPDX-License-Identifier: Apache-2.0 */
/* FROST(Ed25519, SHA-512): the hash functions of RFC 9591 section 6.1, under their names there. Input in parts. */
#ifndef KMS_CLUSTER_FROST_SUITES_H
#define KMS_CLUSTER_FROST_SUITES_H

#include "common/crypto/group.h"

#define FROST_PARTS_MAX 4

const struct prime_group *frost_group(void);

/* At most FROST_PARTS_MAX parts. CT in their bytes. */
void frost_h1(struct scalar *out, const struct bytes *parts, size_t count);
void frost_h2(struct scalar *out, const struct bytes *parts, size_t count);
void frost_h3(struct scalar *out, const struct bytes *parts, size_t count);
void frost_h4(uint8_t out[64], struct bytes message);
void frost_h5(uint8_t out[64], struct bytes commitments);

#endif
