/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gathers the n signatures of a birth certificate from the nodes' Results. The n signatures over one body are the
 * commit of the key: nothing less makes a key here.
 */
#ifndef KMS_CLUSTER_COORDINATOR_BIRTHS_H
#define KMS_CLUSTER_COORDINATOR_BIRTHS_H

#include "common/document/birth.h"

struct birth_book {
    struct birth_body body;
    struct buf        encoded; /* the body; empty: nothing gathered yet */
    uint32_t          have;    /* bit i: nodes[i] has signed */
    struct buf        certificates[BIRTH_HOLDERS_MAX];
    uint8_t           signatures[BIRTH_HOLDERS_MAX][64];
};

/* What was asked for: a certificate that says anything else is refused. */
struct birth_expected {
    const char    *cluster, *owner, *label;
    enum group_id  group;
    uint16_t       algorithm;
    unsigned       t, n;
    const uint8_t *request_hash; /* 32 */
};

void     birth_book_init(struct birth_book *);
void     birth_book_clear(struct birth_book *);
unsigned birth_book_count(const struct birth_book *);
bool     birth_book_is_complete(const struct birth_book *);
/*
 * A certificate with one or more signatures. One over another body replaces what is gathered if it has more
 * signatures, else KMS_E_CONFLICT: its signer is at work on another birth for the same request. KMS_E_MISMATCH: not
 * what was asked for; KMS_E_FORMAT, KMS_E_CERTIFICATE, KMS_E_SIGNATURE. After an error the book is as it was, but for
 * signatures that were right.
 */
RESULT birth_book_add(struct birth_book *, struct bytes certificate, const struct birth_expected *,
                      const struct authority *);
/* The certificate with all n signatures, verified once more as a whole; appends to out. */
RESULT birth_book_finish(const struct birth_book *, struct buf *out, const struct authority *);

#endif
