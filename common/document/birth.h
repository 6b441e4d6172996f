/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Birth certificates: what the n nodes of a key sign after its DKG. The n signatures over one body together are the
 * commit of the key (docs/architecture.md). PEM label "KMS BIRTH CERTIFICATE".
 */
#ifndef KMS_COMMON_DOCUMENT_BIRTH_H
#define KMS_COMMON_DOCUMENT_BIRTH_H

#include "common/crypto/group.h"
#include "common/identity/credential.h"

#define BIRTH_HOLDERS_MAX 16
#define KEY_ID_LEN 32 /* base32 characters: 160 bits */
#define LABEL_MAX 255
#define BIRTH_BODY_MAX 4096
#define BIRTH_ENCODED_MAX (BIRTH_BODY_MAX + BIRTH_HOLDERS_MAX * (CERTIFICATE_MAX + 80))

struct birth_body {
    char          cluster[CLUSTER_NAME_MAX + 1];
    char          key_id[KEY_ID_LEN + 1];
    uint32_t      version;   /* 1 */
    uint32_t      epoch;     /* 1 */
    uint16_t      algorithm; /* enum algorithm of cluster/protocol/scheme.h: 4 is EDDSA */
    enum group_id group;
    uint16_t      t, n;
    char          nodes[BIRTH_HOLDERS_MAX][PARTY_NAME_MAX + 1]; /* [n], party i is nodes[i - 1]; sorted, distinct */
    uint8_t       public_key[POINT_LEN_MAX];                    /* group's point_len bytes */
    uint8_t       transcript[32];                               /* H of all openings of the DKG */
    char          owner[IDENTITY_URI_MAX + 1];                  /* the client's URI */
    uint8_t       authorization;                                /* 1: end to end */
    uint8_t       policy_hash[32];
    char          label[LABEL_MAX + 1];
    uint8_t       request_hash[32]; /* of the generate request */
    uint8_t       ssid[32];
    uint8_t       roster_hash[32];
    int64_t       created; /* of the generate request */
};

struct birth_signature {
    char         node[PARTY_NAME_MAX + 1];
    struct bytes certificate_der; /* borrowed */
    uint8_t      signature[64];
};

struct birth_certificate {
    struct birth_body      body;
    unsigned               count; /* signatures present, 1..n */
    struct birth_signature signatures[BIRTH_HOLDERS_MAX];
};

/* base32 of the first 160 bits of H(KEY_ID, cluster, request hash, ssid, public key). */
void birth_key_id(char out[KEY_ID_LEN + 1], const char *cluster, const uint8_t request_hash[32], const uint8_t ssid[32],
                  struct bytes public_key);

/* Deterministic, total, injective; both check every field's range, that nodes are sorted and distinct, and key_id. */
RESULT birth_body_encode(struct buf *out, const struct birth_body *);
RESULT birth_body_decode(struct birth_body *out, struct bytes in);

/* What a node signs: H(BIRTH, encoded body). */
RESULT birth_sign(uint8_t signature[64], const struct birth_body *, const struct credential *node);

/* A certificate with any number of signatures; signatures borrow from `in`. */
RESULT birth_encode(struct buf *out, const struct birth_certificate *);
RESULT birth_decode(struct birth_certificate *out, struct bytes in);
RESULT birth_encode_pem(struct buf *out, const struct birth_certificate *);
RESULT birth_decode_pem(struct buf *der_out, struct bytes pem); /* then birth_decode() */

/*
 * One signature: by a certificate of the CA that was valid at body.created, role node, cluster and name as the body
 * says. KMS_E_CERTIFICATE, KMS_E_SIGNATURE.
 */
RESULT birth_verify_signature(const struct birth_body *, const struct birth_signature *, const struct authority *);
/* All n nodes of the body have signed, each once. KMS_E_SIGNATURE names who has not. */
RESULT birth_verify(const struct birth_certificate *, const struct authority *);
/* The same for somebody who checks many keys of the same nodes. */
RESULT birth_verify_cached(const struct birth_certificate *, struct identity_cache *);

#endif
