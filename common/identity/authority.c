/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CA, and the check of a leaf against it. Chains are leaf and CA and nothing between; the time is the caller's, so
 * that evidence can be judged as of its date. The CA certificate names its cluster (URI spiffe://<cluster>), and it can
 * vouch for that cluster only.
 */
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "common/base/text.h"
#include "common/identity/certificate.h"
#include "common/secret/file.h"

#define PEM_MAX 65536
#define SCHEME "spiffe://"

struct authority {
    X509_STORE *store;                         /* owned */
    char        cluster[CLUSTER_NAME_MAX + 1]; /* "": the CA does not say */
};

static enum kms_err read_cluster(char out[CLUSTER_NAME_MAX + 1], X509 *ca)
{
    char uri[IDENTITY_URI_MAX + 1];

    out[0] = '\0';
    if (X509_get_ext_by_NID(ca, NID_subject_alt_name, -1) < 0) return KMS_OK;
    TRY(certificate_uri(uri, ca));
    if (strncmp(uri, SCHEME, strlen(SCHEME)) != 0 || !text_is_name(uri + strlen(SCHEME), CLUSTER_NAME_MAX))
        return fail(KMS_E_CERTIFICATE, "the CA's URI is not spiffe://<cluster>");
    memcpy(out, uri + strlen(SCHEME), strlen(uri + strlen(SCHEME)) + 1);
    return KMS_OK;
}

static enum kms_err check_ca(X509 *ca)
{
    uint8_t key[32];

    TRY(certificate_public_key(key, ca));
    if (X509_check_ca(ca) != 1)
        return fail(KMS_E_CERTIFICATE, "not a CA: basicConstraints CA:TRUE and keyCertSign belong there");
    if (X509_self_signed(ca, 1) != 1) return fail(KMS_E_CERTIFICATE, "the CA certificate is not signed by itself");
    return KMS_OK;
}

static enum kms_err add_ca(struct authority *a, bool first, struct bytes der)
{
    CLEANUP(certificate_done) X509 *ca = NULL;
    char                            cluster[CLUSTER_NAME_MAX + 1];

    TRY(certificate_decode(&ca, der));
    TRY(check_ca(ca));
    TRY(read_cluster(cluster, ca));
    if (first) memcpy(a->cluster, cluster, sizeof cluster);
    if (strcmp(a->cluster, cluster) != 0) return fail(KMS_E_CERTIFICATE, "CA certificates of different clusters");
    if (X509_STORE_add_cert(a->store, ca) != 1) return fail(KMS_E_MEMORY, "no memory for a CA certificate");
    return KMS_OK;
}

static enum kms_err fill(struct authority *a, struct bytes pem)
{
    struct buf   der[PEM_CERTIFICATES_MAX] = {0};
    unsigned     count = 0;
    enum kms_err err = certificate_from_pem(der, &count, PEM_CERTIFICATES_MAX, pem);

    for (unsigned i = 0; i < count && err == KMS_OK; i++) err = add_ca(a, i == 0, buf_bytes(&der[i]));
    for (unsigned i = 0; i < PEM_CERTIFICATES_MAX; i++) buf_clear(&der[i]);
    return err;
}

RESULT authority_from_pem(struct authority **out, struct bytes pem)
{
    struct authority *a = calloc(1, sizeof *a);

    *out = NULL;
    if (a == NULL) return fail(KMS_E_MEMORY, "no memory for a CA");
    (void)ERR_set_mark();
    a->store = X509_STORE_new();
    enum kms_err err = a->store == NULL ? fail(KMS_E_MEMORY, "no memory for a CA") : fill(a, pem);
    /* Strict: RFC 5280's rules on extensions. Depth 0: no intermediate CA. The TLS layer inherits both. */
    if (err == KMS_OK &&
        (X509_STORE_set_flags(a->store, X509_V_FLAG_X509_STRICT) != 1 || X509_STORE_set_depth(a->store, 0) != 1))
        err = fail(KMS_E_INTERNAL, "OpenSSL refuses the verification flags");
    (void)ERR_pop_to_mark();
    if (err != KMS_OK) {
        authority_free(&a);
        return err;
    }
    *out = a;
    return KMS_OK;
}

RESULT authority_load(struct authority **out, const char *path)
{
    BUF_LOCAL pem = BUF_INIT(PEM_MAX);

    *out = NULL;
    TRY(file_read(&pem, path, 022));
    TRY_AT(authority_from_pem(out, buf_bytes(&pem)), "%s", path);
    return KMS_OK;
}

void authority_free(struct authority **a)
{
    if (*a == NULL) return;
    X509_STORE_free((*a)->store);
    free(*a);
    *a = NULL;
}

const char *authority_cluster(const struct authority *a)
{
    return a->cluster;
}

void *authority_store(const struct authority *a)
{
    return a->store;
}

static enum kms_err verify_chain(X509_STORE_CTX *chain, const struct authority *a, X509 *leaf, int64_t at_s)
{
    if (X509_STORE_CTX_init(chain, a->store, leaf, NULL) != 1)
        return fail(KMS_E_MEMORY, "no memory to verify a certificate");
    X509_STORE_CTX_set_time(chain, 0, (time_t)at_s);
    if (X509_verify_cert(chain) != 1)
        return fail(KMS_E_CERTIFICATE, "the certificate is not valid: %s",
                    X509_verify_cert_error_string(X509_STORE_CTX_get_error(chain)));
    /* One certificate only: the CA itself, which is no party. */
    if (sk_X509_num(X509_STORE_CTX_get0_chain(chain)) != 2)
        return fail(KMS_E_CERTIFICATE, "the certificate is not signed by the CA itself");
    return KMS_OK;
}

static enum kms_err verify_leaf(const struct authority *a, X509 *leaf, int64_t at_s)
{
    X509_STORE_CTX *chain = X509_STORE_CTX_new();

    if (chain == NULL) return fail(KMS_E_MEMORY, "no memory to verify a certificate");
    (void)ERR_set_mark();
    enum kms_err err = verify_chain(chain, a, leaf, at_s);
    (void)ERR_pop_to_mark();
    X509_STORE_CTX_free(chain);
    return err;
}

RESULT identity_verify(struct identity *out, const struct authority *a, struct bytes der, int64_t at_s)
{
    CLEANUP(certificate_done) X509 *leaf = NULL;
    struct identity                 found;

    *out = (struct identity){0};
    TRY(certificate_decode(&leaf, der));
    TRY(certificate_identity(&found, leaf, der));
    TRY(verify_leaf(a, leaf, at_s));
    if (a->cluster[0] != '\0' && strcmp(a->cluster, found.cluster) != 0)
        return fail(KMS_E_CERTIFICATE, "a certificate for cluster %s under the CA of cluster %s", found.cluster,
                    a->cluster);
    *out = found;
    return KMS_OK;
}
