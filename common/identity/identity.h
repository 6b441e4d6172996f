/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a certificate names. Every party has an X.509 certificate (Ed25519) of the cluster's CA whose SAN holds
 * exactly one URI  spiffe://<cluster>/<role>/<name>.  Chains have length one: the CA signs leaves.
 */
#ifndef KMS_COMMON_IDENTITY_IDENTITY_H
#define KMS_COMMON_IDENTITY_IDENTITY_H

#include "common/base/bytes.h"
#include "common/base/error.h"

#define CLUSTER_NAME_MAX 32
#define PARTY_NAME_MAX 32
#define IDENTITY_URI_MAX (9 + CLUSTER_NAME_MAX + 1 + 8 + 1 + PARTY_NAME_MAX)
#define CERTIFICATE_MAX 4096 /* DER bytes */
#define ACCESS_KEY_LEN 32    /* hex digits: the first 16 bytes of SHA-256 of the SPKI */

enum role { ROLE_NONE = 0, ROLE_NODE, ROLE_GATEWAY, ROLE_CLIENT, ROLE_OPERATOR, ROLE_AUDITOR, ROLE_STATUS };

struct identity {
    char      cluster[CLUSTER_NAME_MAX + 1];
    enum role role;
    char      name[PARTY_NAME_MAX + 1];
    char      uri[IDENTITY_URI_MAX + 1];
    uint8_t   public_key[32];                 /* Ed25519 */
    char      access_key[ACCESS_KEY_LEN + 1]; /* lower-case hex */
    uint8_t   fingerprint[32];                /* SHA-256 of the DER */
    int64_t   not_before, not_after;          /* seconds since 1970 */
};

const char *role_name(enum role); /* "node", "gateway", ... */
enum role   role_by_name(const char *);

/* The CA that certificates are checked against: its certificate(s), parsed once. Opaque; thread-safe for readers. */
struct authority;
RESULT authority_load(struct authority **out, const char *path); /* PEM file, 1..4 certificates */
RESULT authority_from_pem(struct authority **out, struct bytes pem);
void   authority_free(struct authority **);
/* The only cluster whose certificates it accepts; "" when the CA certificate names none. */
const char *authority_cluster(const struct authority *);
/* For the TLS layer: the X509_STORE * inside, borrowed. */
void *authority_store(const struct authority *);

/*
 * Parses a DER certificate, checks that the CA signed it, that it was valid at `at_s` (seconds since 1970), that its
 * key is Ed25519 and that it holds exactly one well-formed URI. KMS_E_CERTIFICATE says what is wrong.
 */
RESULT identity_verify(struct identity *out, const struct authority *, struct bytes der, int64_t at_s);
/* Parses only; for certificates that are not trusted yet. */
RESULT identity_parse(struct identity *out, struct bytes der);
RESULT identity_parse_uri(struct identity *out, const char *uri); /* fills cluster, role, name, uri */

/*
 * A bounded cache of verified certificates by SHA-256 of the DER (checked again for their dates on each hit).
 * Not thread-safe: one per loop.
 */
struct identity_cache;
RESULT identity_cache_new(struct identity_cache **out, const struct authority *authority /* borrowed */);
void   identity_cache_free(struct identity_cache **);
RESULT identity_cache_verify(struct identity_cache *, struct identity *out, struct bytes der, int64_t at_s);

#endif
