/* SPDX-License-Identifier: Apache-2.0 */
/* A CA and its certificates made in memory, for tests. */
#include "tests/support/cluster_pki.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "tests/support/test.h"

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    CHECK(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static X509 *make(EVP_PKEY *key, const char *common_name, int64_t from_s, int days)
{
    X509      *c = X509_new();
    X509_NAME *name = X509_get_subject_name(c);
    uint64_t   serial = 0;
    time_t     from = (time_t)from_s;

    CHECK(RAND_bytes((unsigned char *)&serial, 7) == 1);
    CHECK(X509_set_version(c, X509_VERSION_3) == 1 && ASN1_INTEGER_set_uint64(X509_get_serialNumber(c), serial) == 1);
    CHECK(ASN1_TIME_adj(X509_getm_notBefore(c), from, 0, 0) != NULL &&
          ASN1_TIME_adj(X509_getm_notAfter(c), from, days, 0) != NULL);
    CHECK(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0) == 1);
    CHECK(X509_set_pubkey(c, key) == 1);
    return c;
}

void cluster_pki_init(struct cluster_pki *p, const char *cluster)
{
    char uri[128];
    BIO *pem = BIO_new(BIO_s_mem());

    *p = (struct cluster_pki){0};
    (void)snprintf(p->cluster, sizeof p->cluster, "%s", cluster);
    (void)snprintf(uri, sizeof uri, "URI:spiffe://%s", cluster);
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509     *ca = make(key, cluster, clock_wall_s() - 3600, 3650);
    CHECK(X509_set_issuer_name(ca, X509_get_subject_name(ca)) == 1);
    add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(ca, ca, NID_subject_key_identifier, "hash");
    add_extension(ca, ca, NID_subject_alt_name, uri);
    CHECK(X509_sign(ca, key, NULL) > 0 && PEM_write_bio_X509(pem, ca) == 1);
    char *text;
    long  len = BIO_get_mem_data(pem, &text);
    assert_ok(authority_from_pem(&p->authority, bytes(text, (size_t)len)));
    BIO_free(pem);
    p->key = key;
    p->certificate = ca;
}

void cluster_pki_clear(struct cluster_pki *p)
{
    authority_free(&p->authority);
    X509_free(p->certificate);
    EVP_PKEY_free(p->key);
    *p = (struct cluster_pki){0};
}

static void take(struct credential *out, EVP_PKEY *key, X509 *certificate)
{
    uint8_t *der = NULL;
    size_t   seed_len = 32;

    int len = i2d_X509(certificate, &der);
    CHECK(len > 0);
    *out = (struct credential){.certificate_der = BUF_INIT(CERTIFICATE_MAX)};
    assert_ok(buf_append(&out->certificate_der, bytes(der, (size_t)len)));
    OPENSSL_free(der);
    assert_ok(secret_alloc(&out->seed, seed_len));
    CHECK(EVP_PKEY_get_raw_private_key(key, out->seed.data, &seed_len) == 1);
    assert_ok(identity_parse(&out->identity, buf_bytes(&out->certificate_der)));
}

void cluster_pki_issue_dated(const struct cluster_pki *p, struct credential *out, enum role role, const char *name,
                             int64_t from_s, int days)
{
    char      uri[IDENTITY_URI_MAX + 8];
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509     *leaf = make(key, name, from_s, days);

    (void)snprintf(uri, sizeof uri, "URI:spiffe://%s/%s/%s", p->cluster, role_name(role), name);
    CHECK(X509_set_issuer_name(leaf, X509_get_subject_name(p->certificate)) == 1);
    add_extension(leaf, p->certificate, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(leaf, p->certificate, NID_key_usage, "critical,digitalSignature");
    add_extension(leaf, p->certificate, NID_ext_key_usage, "serverAuth,clientAuth");
    add_extension(leaf, p->certificate, NID_subject_key_identifier, "hash");
    add_extension(leaf, p->certificate, NID_authority_key_identifier, "keyid:always");
    add_extension(leaf, p->certificate, NID_subject_alt_name, uri);
    CHECK(X509_sign(leaf, p->key, NULL) > 0);
    take(out, key, leaf);
    X509_free(leaf);
    EVP_PKEY_free(key);
}

void cluster_pki_issue(const struct cluster_pki *p, struct credential *out, enum role role, const char *name)
{
    cluster_pki_issue_dated(p, out, role, name, clock_wall_s() - 3600, CLUSTER_PKI_DAYS);
}
