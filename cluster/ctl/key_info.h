/* SPDX-License-Identifier: Apache-2.0 */
/* A key as the coordinator tells it, believed only as far as nodes and owner have signed it. */
#ifndef KMS_CLUSTER_CTL_KEY_INFO_H
#define KMS_CLUSTER_CTL_KEY_INFO_H

#include "common/document/birth.h"
#include "common/wire/json.h"

struct key_info {
    struct birth_body birth;                 /* signed by all n nodes */
    char              label[LABEL_MAX + 1];  /* signed by the owner: its last PATCH, or the generate request */
    char              id[2 * LABEL_MAX + 1]; /* hex, likewise */
    uint32_t          revision;
    char              state[24]; /* the coordinator's word */
    char              created[24];
};

/* KMS_E_SIGNATURE, KMS_E_CERTIFICATE, KMS_E_FORMAT or KMS_E_MISMATCH: what the answer claims and nobody signed. */
RESULT key_info_read(struct key_info *out, const struct authority *, const cJSON *item);
/* Appends the birth certificate of a key's JSON as bytes: not checked yet. */
RESULT key_info_birth(struct buf *out, const cJSON *item);
/* PEM of the attested public key; appends to out. */
RESULT key_info_pem(struct buf *out, const struct birth_body *);
/* The item with publicKeyPem made anew from the attested key, and "attestedBy". */
RESULT key_info_annotate(cJSON *item, const struct birth_body *);

#endif
