/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates: subject O=<cluster>, OU=<role>, CN=<name>; who it is stands in the SAN's URI. Extensions are made as
 * values, not from text, so that a name given on a command line cannot smuggle in another one.
 */
#include "cluster/pki/certificate_build.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "common/base/text.h"
#include "common/crypto/rng.h"

#define SERIAL_LEN 16
#define DNS_NAME_MAX 253

static enum kms_err refused(const char *what)
{
    ERR_clear_error();
    return fail(KMS_E_INTERNAL, "OpenSSL refuses %s of a certificate", what);
}

/* 128 random bits; the top bit is 0 (positive), the next one 1 (so none is short or zero). RFC 5280 4.1.2.2. */
static enum kms_err set_serial(X509 *x)
{
    uint8_t raw[SERIAL_LEN];

    TRY(rng_fill(rng_system(), raw, sizeof raw));
    raw[0] = (uint8_t)((raw[0] & 0x7f) | 0x40);
    BIGNUM *number = BN_bin2bn(raw, sizeof raw, NULL);
    bool    done = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x)) != NULL;
    BN_free(number);
    return done ? KMS_OK : refused("the serial number");
}

static bool add_name(X509_NAME *name, const char *field, const char *text)
{
    return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0) == 1;
}

static enum kms_err set_names(X509 *x, const struct certificate_plan *plan)
{
    char       ca_name[CLUSTER_NAME_MAX + 4];
    X509_NAME *subject = X509_get_subject_name(x);

    (void)snprintf(ca_name, sizeof ca_name, "%s CA", plan->cluster);
    bool done = add_name(subject, "O", plan->cluster);
    if (plan->leaf != NULL) done = done && add_name(subject, "OU", role_name(plan->leaf->role));
    done = done && add_name(subject, "CN", plan->leaf != NULL ? plan->leaf->name : ca_name);
    const X509_NAME *issuer = plan->issuer == NULL ? subject : X509_get_subject_name(plan->issuer);
    if (!done || X509_set_issuer_name(x, issuer) != 1) return refused("the names");
    return KMS_OK;
}

static enum kms_err set_dates(X509 *x, const struct certificate_plan *plan)
{
    if (ASN1_TIME_set(X509_getm_notBefore(x), (time_t)plan->not_before_s) == NULL ||
        ASN1_TIME_set(X509_getm_notAfter(x), (time_t)plan->not_after_s) == NULL)
        return refused("the dates");
    return KMS_OK;
}

static bool add_ia5(GENERAL_NAMES *names, int type, const char *text)
{
    GENERAL_NAME   *name = GENERAL_NAME_new();
    ASN1_IA5STRING *value = ASN1_IA5STRING_new();

    if (name == NULL || value == NULL || ASN1_STRING_set(value, text, -1) != 1) {
        GENERAL_NAME_free(name);
        ASN1_IA5STRING_free(value);
        return false;
    }
    GENERAL_NAME_set0_value(name, type, value);
    if (sk_GENERAL_NAME_push(names, name) > 0) return true;
    GENERAL_NAME_free(name);
    return false;
}

/* Takes `address`. */
static bool add_address(GENERAL_NAMES *names, ASN1_OCTET_STRING *address)
{
    GENERAL_NAME *name = GENERAL_NAME_new();

    if (name == NULL) {
        ASN1_OCTET_STRING_free(address);
        return false;
    }
    GENERAL_NAME_set0_value(name, GEN_IPADD, address);
    if (sk_GENERAL_NAME_push(names, name) > 0) return true;
    GENERAL_NAME_free(name);
    return false;
}

static bool is_dns_name(const char *text)
{
    size_t len = strlen(text);

    return len >= 1 && len <= DNS_NAME_MAX && text[0] != '-' && text[0] != '.' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == len;
}

static enum kms_err add_host(GENERAL_NAMES *names, const char *host)
{
    (void)ERR_set_mark();
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);
    (void)ERR_pop_to_mark();
    if (address == NULL && !is_dns_name(host))
        return fail(KMS_E_ARGUMENT, "\"%.64s\" is neither a DNS name nor an IP address", host);
    if (address != NULL ? !add_address(names, address) : !add_ia5(names, GEN_DNS, host)) return refused("a host name");
    return KMS_OK;
}

static enum kms_err fill_alternative_names(GENERAL_NAMES *names, const struct certificate_plan *plan)
{
    char uri[IDENTITY_URI_MAX + 1];

    if (plan->leaf == NULL)
        (void)snprintf(uri, sizeof uri, "spiffe://%s", plan->cluster);
    else
        (void)snprintf(uri, sizeof uri, "spiffe://%s/%s/%s", plan->cluster, role_name(plan->leaf->role),
                       plan->leaf->name);
    if (!add_ia5(names, GEN_URI, uri)) return refused("the URI");
    for (unsigned i = 0; plan->leaf != NULL && i < plan->leaf->name_count; i++)
        TRY(add_host(names, plan->leaf->names[i]));
    return KMS_OK;
}

static enum kms_err add_alternative_names(X509 *x, const struct certificate_plan *plan)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();

    if (names == NULL) return refused("the SAN");
    enum kms_err err = fill_alternative_names(names, plan);
    if (err == KMS_OK && X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, X509V3_ADD_APPEND) != 1)
        err = refused("the SAN");
    sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
    return err;
}

/* An extension whose text is a constant of ours. */
static enum kms_err add_extension(X509 *x, X509 *issuer, int nid, const char *text)
{
    X509V3_CTX context;

    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&context);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, text);
    if (extension == NULL) return refused(OBJ_nid2sn(nid));
    int added = X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
    return added == 1 ? KMS_OK : refused(OBJ_nid2sn(nid));
}

static enum kms_err add_leaf_extensions(X509 *x, const struct certificate_plan *plan)
{
    bool server = plan->leaf->role == ROLE_NODE || plan->leaf->role == ROLE_GATEWAY;

    TRY(add_extension(x, x, NID_basic_constraints, "critical,CA:FALSE"));
    TRY(add_extension(x, x, NID_key_usage, "critical,digitalSignature"));
    TRY(add_extension(x, x, NID_ext_key_usage, server ? "serverAuth,clientAuth" : "clientAuth"));
    TRY(add_extension(x, x, NID_subject_key_identifier, "hash"));
    return add_extension(x, plan->issuer, NID_authority_key_identifier, "keyid:always");
}

static enum kms_err add_ca_extensions(X509 *x)
{
    TRY(add_extension(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"));
    TRY(add_extension(x, x, NID_key_usage, "critical,keyCertSign,cRLSign"));
    return add_extension(x, x, NID_subject_key_identifier, "hash");
}

static enum kms_err fill_and_sign(X509 *x, const struct certificate_plan *plan)
{
    if (X509_set_version(x, X509_VERSION_3) != 1 || X509_set_pubkey(x, plan->key) != 1) return refused("the key");
    TRY(set_serial(x));
    TRY(set_names(x, plan));
    TRY(set_dates(x, plan));
    TRY(add_alternative_names(x, plan));
    TRY(plan->leaf != NULL ? add_leaf_extensions(x, plan) : add_ca_extensions(x));
    if (X509_sign(x, plan->issuer_key, NULL) <= 0) return refused("the signature");
    return KMS_OK;
}

RESULT certificate_build(X509 **out, const struct certificate_plan *plan)
{
    X509 *x = X509_new();

    *out = NULL;
    if (x == NULL) return fail(KMS_E_MEMORY, "no memory for a certificate");
    enum kms_err err = fill_and_sign(x, plan);
    if (err != KMS_OK) {
        X509_free(x);
        return err;
    }
    *out = x;
    return KMS_OK;
}

RESULT certificate_pem(struct buf *out, X509 *x)
{
    BIO  *pem = BIO_new(BIO_s_mem());
    char *text = NULL;

    if (pem == NULL) return fail(KMS_E_MEMORY, "no memory for a certificate");
    enum kms_err err = PEM_write_bio_X509(pem, x) == 1 ? KMS_OK : refused("the text");
    long         len = BIO_get_mem_data(pem, &text);
    if (err == KMS_OK) err = buf_append(out, bytes(text, (size_t)len));
    BIO_free(pem);
    return err;
}

RESULT certificate_der(struct buf *out, X509 *x)
{
    unsigned char *der = NULL;
    int            len = i2d_X509(x, &der);

    if (len <= 0) return refused("the encoding");
    enum kms_err err = buf_append(out, bytes(der, (size_t)len));
    OPENSSL_free(der);
    return err;
}
