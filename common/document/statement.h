/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements: documents signed by an operator, with a sequence number per subject; the highest wins, they never expire.
 * PEM label "KMS STATEMENT". The signature is over H(STATEMENT, type, encoded payload).
 */
#ifndef KMS_COMMON_DOCUMENT_STATEMENT_H
#define KMS_COMMON_DOCUMENT_STATEMENT_H

#include "common/identity/credential.h"

#define STATEMENT_PAYLOAD_MAX 65536
#define STATEMENT_ENCODED_MAX (STATEMENT_PAYLOAD_MAX + CERTIFICATE_MAX + 256)

enum statement_type { STATEMENT_ROSTER = 1 };

struct statement {
    enum statement_type type;
    char                subject[96]; /* what it is about: "roster/<cluster>" */
    uint64_t            sequence;    /* >= 1 */
    int64_t             created;
    struct bytes        payload;         /* borrowed */
    struct bytes        certificate_der; /* borrowed: the signer's */
    uint8_t             signature[64];
};

/* Fills certificate_der and signature. */
RESULT statement_sign(struct statement *, const struct credential *);
RESULT statement_encode(struct buf *out, const struct statement *);
RESULT statement_decode(struct statement *out, struct bytes in); /* borrows from in */
RESULT statement_encode_pem(struct buf *out, const struct statement *);
RESULT statement_decode_pem(struct buf *binary_out, struct bytes pem); /* then statement_decode() */
/* The signer's certificate is of the CA, valid at `created`, of `role`; the signature is right. */
RESULT statement_verify(const struct statement *, const struct authority *, enum role role, struct identity *signer);

#endif
