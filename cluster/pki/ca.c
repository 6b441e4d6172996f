/* SPDX-License-Identifier: Apache-2.0 */
/* Making the CA, opening it, and its log. */
#include "cluster/pki/ca.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cluster/pki/certificate_build.h"
#include "cluster/pki/file_write.h"
#include "cluster/pki/key_file.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/identity/private_key.h"
#include "common/secret/file.h"

#define DAY_S 86400
#define CA_DAYS 3652
#define PEM_MAX 16384

static enum kms_err path_in(char out[PATH_MAX], const char *directory, const char *name)
{
    int len = snprintf(out, PATH_MAX, "%s/%s", directory, name);

    if (len < 0 || len >= PATH_MAX) return fail(KMS_E_ARGUMENT, "%s: the path is too long", directory);
    return KMS_OK;
}

static enum kms_err write_ca(const char *cert_path, const char *key_path, const char *cluster,
                             const struct secret *passphrase)
{
    CLEANUP(pkey_done) EVP_PKEY    *key = NULL;
    CLEANUP(certificate_done) X509 *certificate = NULL;
    BUF_LOCAL                       pem = BUF_INIT(PEM_MAX);
    int64_t                         now = clock_wall_s();

    TRY(key_generate(&key));
    /* From the day before: hosts whose clock is a little behind accept it at once. */
    const struct certificate_plan plan = {.cluster = cluster,
                                          .issuer_key = key,
                                          .key = key,
                                          .not_before_s = now - DAY_S,
                                          .not_after_s = now + (int64_t)CA_DAYS * DAY_S};
    TRY(certificate_build(&certificate, &plan));
    TRY(certificate_pem(&pem, certificate));
    TRY(key_file_create(key_path, key, passphrase));
    enum kms_err err = file_create(cert_path, buf_bytes(&pem), 0644);
    if (err != KMS_OK) (void)unlink(key_path);
    return err;
}

RESULT pki_ca_init(const char *directory, const char *cluster, const struct secret *passphrase)
{
    char cert_path[PATH_MAX], key_path[PATH_MAX];

    if (!text_is_name(cluster, CLUSTER_NAME_MAX))
        return fail(KMS_E_ARGUMENT, "a cluster's name is 1 to %d characters of [A-Za-z0-9._-]", CLUSTER_NAME_MAX);
    TRY(path_in(cert_path, directory, "ca.cert"));
    TRY(path_in(key_path, directory, "ca.key"));
    TRY(folder_make(directory, 0755));
    TRY(file_check_free(cert_path));
    TRY(file_check_free(key_path));
    return write_ca(cert_path, key_path, cluster, passphrase);
}

static enum kms_err read_certificate(struct ca *ca, struct bytes pem)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);

    if (bio == NULL) return fail(KMS_E_MEMORY, "no memory for the CA certificate");
    ca->certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    struct tm last = {0};
    if (ca->certificate == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(ca->certificate), &last) != 1)
        return fail(KMS_E_FORMAT, "no PEM certificate");
    ca->not_after = (int64_t)timegm(&last);
    return KMS_OK;
}

static enum kms_err load_certificate(struct ca *ca, const char *path)
{
    BUF_LOCAL         pem = BUF_INIT(PEM_MAX);
    struct authority *authority = NULL;

    TRY(file_read(&pem, path, 022));
    TRY_AT(authority_from_pem(&authority, buf_bytes(&pem)), "%s", path);
    (void)snprintf(ca->cluster, sizeof ca->cluster, "%s", authority_cluster(authority));
    authority_free(&authority);
    if (ca->cluster[0] == '\0') return fail(KMS_E_CERTIFICATE, "%s: names no cluster (URI spiffe://<cluster>)", path);
    TRY_AT(read_certificate(ca, buf_bytes(&pem)), "%s", path);
    return KMS_OK;
}

static enum kms_err load_key(struct ca *ca, const char *path, const struct secret *passphrase)
{
    SECRET_LOCAL seed = SECRET_NONE;

    TRY(private_key_load(&seed, path, passphrase));
    TRY(key_from_seed(&ca->key, &seed));
    if (EVP_PKEY_eq(ca->key, X509_get0_pubkey(ca->certificate)) != 1)
        return fail(KMS_E_CORRUPT, "%s: does not belong to ca.cert beside it", path);
    return KMS_OK;
}

RESULT ca_open(struct ca *out, const char *directory, const struct secret *passphrase)
{
    char cert_path[PATH_MAX], key_path[PATH_MAX];

    *out = (struct ca){0};
    TRY(path_in(cert_path, directory, "ca.cert"));
    TRY(path_in(key_path, directory, "ca.key"));
    (void)snprintf(out->directory, sizeof out->directory, "%s", directory);
    enum kms_err err = load_certificate(out, cert_path);
    if (err == KMS_OK) err = load_key(out, key_path, passphrase);
    if (err != KMS_OK) ca_close(out);
    return err;
}

void ca_close(struct ca *ca)
{
    X509_free(ca->certificate);
    EVP_PKEY_free(ca->key);
    *ca = (struct ca){0};
}

static void serial_hex(char out[41], X509 *certificate)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
    int                 len = ASN1_STRING_length(serial);

    hex_encode(out, bytes(ASN1_STRING_get0_data(serial), len < 0 || len > 20 ? 0 : (size_t)len));
}

RESULT ca_log(const struct ca *ca, X509 *issued)
{
    char            path[PATH_MAX], serial[41], date[21], fingerprint[65];
    BUF_LOCAL       der = BUF_INIT(CERTIFICATE_MAX);
    BUF_LOCAL       line = BUF_INIT(512);
    struct identity identity;

    TRY(path_in(path, ca->directory, "issued.log"));
    TRY(certificate_der(&der, issued));
    TRY(identity_parse(&identity, buf_bytes(&der)));
    serial_hex(serial, issued);
    clock_format(date, identity.not_after);
    hex_encode(fingerprint, BYTES_OF(identity.fingerprint));
    TRY(buf_printf(&line, "serial=%s uri=%s not_after=%s fingerprint=%s\n", serial, identity.uri, date, fingerprint));
    return file_append(path, buf_bytes(&line), 0644);
}
