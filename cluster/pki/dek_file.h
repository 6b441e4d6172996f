/* SPDX-License-Identifier: Apache-2.0 */
/* The form of a DEK file (docs/wire-format.md), without its cryptography but for the checksum. */
#ifndef KMS_CLUSTER_PKI_DEK_FILE_H
#define KMS_CLUSTER_PKI_DEK_FILE_H

#include "common/crypto/aead.h"
#include "common/identity/identity.h"

#define DEK_LEN 32
#define DEK_SALT_MAX 64
#define DEK_CHECKSUM_LEN 32
#define DEK_FILE_MAX 512

struct dek_file {
    uint32_t     iterations;
    uint8_t      salt[DEK_SALT_MAX];
    size_t       salt_len;
    char         node[PARTY_NAME_MAX + 1];
    struct bytes header; /* borrowed: the bytes that are authenticated */
    struct bytes sealed; /* borrowed: AEAD over the DEK */
};

/* Appends the header of these fields. */
RESULT dek_file_header(struct buf *out, const struct dek_file *);
void   dek_file_checksum(uint8_t out[DEK_CHECKSUM_LEN], struct bytes content);
/* Header, sealed DEK, checksum and nothing else; iterations in their range. KMS_E_CORRUPT. */
RESULT dek_file_parse(struct dek_file *out, struct bytes in);

#endif
