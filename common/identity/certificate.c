/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a certificate strictly. OpenSSL's error queue is left as it was found: a TLS connection of the same thread
 * would take a stale entry for its own.
 */
#include "common/identity/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "common/base/text.h"
#include "common/crypto/hash.h"

/* SubjectPublicKeyInfo of Ed25519 up to the key (RFC 8410 section 4): the only encoding that DER allows. */
static const uint8_t ed25519_spki_head[12] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

static bool encodes_back(X509 *certificate, struct bytes der)
{
    unsigned char *again = NULL;
    int            len = i2d_X509(certificate, &again);
    bool           same = len > 0 && bytes_equal(bytes(again, (size_t)len), der);

    OPENSSL_free(again);
    return same;
}

RESULT certificate_decode(X509 **out, struct bytes der)
{
    const unsigned char *at = der.data;

    *out = NULL;
    if (der.len == 0 || der.len > CERTIFICATE_MAX)
        return fail(KMS_E_CERTIFICATE, "a certificate of %zu bytes; 1 to %d are accepted", der.len, CERTIFICATE_MAX);
    (void)ERR_set_mark();
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    bool  exact = certificate != NULL && at == der.data + der.len && encodes_back(certificate, der);
    (void)ERR_pop_to_mark();
    if (!exact) {
        X509_free(certificate);
        return fail(KMS_E_CERTIFICATE, "not one certificate in DER");
    }
    *out = certificate;
    return KMS_OK;
}

RESULT certificate_public_key(uint8_t out[32], X509 *certificate)
{
    size_t len = 32;

    (void)ERR_set_mark();
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    bool      right = key != NULL && EVP_PKEY_is_a(key, "ED25519") && EVP_PKEY_get_raw_public_key(key, out, &len) == 1;
    (void)ERR_pop_to_mark();
    if (!right || len != 32) return fail(KMS_E_CERTIFICATE, "the certificate's key is not an Ed25519 key");
    return KMS_OK;
}

static enum kms_err copy_uri(char out[IDENTITY_URI_MAX + 1], const ASN1_IA5STRING *uri)
{
    int                  len = ASN1_STRING_length(uri);
    const unsigned char *text = ASN1_STRING_get0_data(uri);

    if (len <= 0 || len > IDENTITY_URI_MAX || memchr(text, '\0', (size_t)len) != NULL)
        return fail(KMS_E_CERTIFICATE, "the URI in the certificate is empty, too long or not text");
    memcpy(out, text, (size_t)len);
    out[len] = '\0';
    return KMS_OK;
}

static enum kms_err only_uri(char out[IDENTITY_URI_MAX + 1], const GENERAL_NAMES *names)
{
    const ASN1_IA5STRING *uri = NULL;

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_URI) continue;
        if (uri != NULL) return fail(KMS_E_CERTIFICATE, "the certificate names more than one URI");
        uri = name->d.uniformResourceIdentifier;
    }
    if (uri == NULL) return fail(KMS_E_CERTIFICATE, "the certificate names no URI (spiffe://<cluster>/<role>/<name>)");
    return copy_uri(out, uri);
}

RESULT certificate_uri(char out[IDENTITY_URI_MAX + 1], X509 *certificate)
{
    int found = 0; /* -1: no SAN; -2: more than one */

    (void)ERR_set_mark();
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, &found, NULL);
    (void)ERR_pop_to_mark();
    if (names == NULL)
        return fail(KMS_E_CERTIFICATE, "the certificate has %s subjectAltName",
                    found == -1 ? "no" : (found == -2 ? "more than one" : "a malformed"));
    enum kms_err err = only_uri(out, names);
    GENERAL_NAMES_free(names);
    return err;
}

static enum kms_err seconds_of(int64_t *out, const ASN1_TIME *time)
{
    struct tm broken_down;

    if (ASN1_TIME_to_tm(time, &broken_down) != 1)
        return fail(KMS_E_CERTIFICATE, "the certificate's dates are malformed");
    *out = (int64_t)timegm(&broken_down);
    return KMS_OK;
}

static enum kms_err read_key(struct identity *out, X509 *certificate)
{
    uint8_t spki[sizeof ed25519_spki_head + 32], digest[32];

    TRY(certificate_public_key(out->public_key, certificate));
    memcpy(spki, ed25519_spki_head, sizeof ed25519_spki_head);
    memcpy(spki + sizeof ed25519_spki_head, out->public_key, 32);
    sha256(digest, BYTES_OF(spki));
    hex_encode(out->access_key, bytes(digest, ACCESS_KEY_LEN / 2));
    return KMS_OK;
}

static enum kms_err read_identity(struct identity *out, X509 *certificate)
{
    char uri[IDENTITY_URI_MAX + 1];

    TRY(certificate_uri(uri, certificate));
    TRY(identity_parse_uri(out, uri));
    TRY(read_key(out, certificate));
    /* UINT32_MAX when the extension is absent (RFC 5280 4.2.1.3: then any use is allowed). */
    if ((X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE) == 0)
        return fail(KMS_E_CERTIFICATE, "the certificate's keyUsage does not allow digitalSignature");
    TRY(seconds_of(&out->not_before, X509_get0_notBefore(certificate)));
    return seconds_of(&out->not_after, X509_get0_notAfter(certificate));
}

RESULT certificate_identity(struct identity *out, X509 *certificate, struct bytes der)
{
    (void)ERR_set_mark();
    enum kms_err err = read_identity(out, certificate);
    (void)ERR_pop_to_mark();
    sha256(out->fingerprint, der);
    if (err != KMS_OK) *out = (struct identity){0};
    return err;
}

static enum kms_err next_certificate(struct buf *out, bool *more, BIO *pem)
{
    char          *label = NULL, *header = NULL;
    unsigned char *der = NULL;
    long           len = 0;
    enum kms_err   err = KMS_OK;

    *more = PEM_read_bio(pem, &label, &header, &der, &len) == 1;
    if (*more && (strcmp(label, PEM_STRING_X509) != 0 || *header != '\0'))
        err = fail(KMS_E_FORMAT, "a PEM block that is not a plain CERTIFICATE");
    else if (*more)
        err = buf_append(out, bytes(der, (size_t)len));
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_clear_free(der, (size_t)len); /* a private key, if somebody gave the wrong file */
    return err;
}

static enum kms_err all_certificates(struct buf *out, unsigned *count, unsigned max, BIO *pem)
{
    struct buf surplus = BUF_INIT(CERTIFICATE_MAX);
    bool       more = true;

    while (more && *count < max) {
        out[*count] = BUF_INIT(CERTIFICATE_MAX);
        TRY(next_certificate(&out[*count], &more, pem));
        if (more) ++*count;
    }
    if (*count == 0) return fail(KMS_E_FORMAT, "no PEM certificate");
    if (!more) return KMS_OK;
    enum kms_err err = next_certificate(&surplus, &more, pem);
    buf_clear(&surplus);
    if (err == KMS_OK && more) err = fail(KMS_E_FORMAT, "more than %u certificate%s", max, max == 1 ? "" : "s");
    return err;
}

RESULT certificate_from_pem(struct buf *out, unsigned *count, unsigned max, struct bytes pem)
{
    *count = 0;
    if (pem.len == 0 || pem.len > 65536) return fail(KMS_E_FORMAT, "no PEM certificate");
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    if (bio == NULL) return fail(KMS_E_MEMORY, "no memory to read a certificate");
    (void)ERR_set_mark();
    enum kms_err err = all_certificates(out, count, max, bio);
    (void)ERR_pop_to_mark();
    BIO_free(bio);
    return err;
}
