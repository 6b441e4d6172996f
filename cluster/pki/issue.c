/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates with new keys for the parties of a cluster. */
#include <stdio.h>
#include <unistd.h>

#include "cluster/pki/ca.h"
#include "cluster/pki/certificate_build.h"
#include "cluster/pki/file_write.h"
#include "cluster/pki/key_file.h"
#include "common/base/clock.h"
#include "common/base/text.h"

#define DAY_S 86400
#define DAYS_DEFAULT 365
#define DAYS_MAX 3650
#define BACKDATED_S 3600 /* for hosts whose clock is behind, and for evidence dated a little before */
#define PEM_MAX 16384

struct places {
    char cert[PATH_MAX], key[PATH_MAX];
};

static bool is_server(enum role role)
{
    return role == ROLE_NODE || role == ROLE_GATEWAY;
}

static enum kms_err check_issue(const struct pki_issue *issue)
{
    if (issue->role == ROLE_NONE) return fail(KMS_E_ARGUMENT, "a certificate without a role");
    if (!text_is_name(issue->name, PARTY_NAME_MAX))
        return fail(KMS_E_ARGUMENT, "a %s's name is 1 to %d characters of [A-Za-z0-9._-]", role_name(issue->role),
                    PARTY_NAME_MAX);
    if (issue->name_count > PKI_NAMES_MAX)
        return fail(KMS_E_ARGUMENT, "%u host names; at most %d", issue->name_count, PKI_NAMES_MAX);
    if (issue->name_count > 0 && !is_server(issue->role))
        return fail(KMS_E_ARGUMENT, "a %s has no host names: only nodes and gateways are servers",
                    role_name(issue->role));
    if (issue->days > DAYS_MAX) return fail(KMS_E_RANGE, "%u days; a certificate lives 1 to %d", issue->days, DAYS_MAX);
    return KMS_OK;
}

static enum kms_err make_certificate(X509 **out, const struct ca *ca, const struct pki_issue *issue, EVP_PKEY *key)
{
    int64_t now = clock_wall_s();
    int64_t days = issue->days == 0 ? DAYS_DEFAULT : (int64_t)issue->days;

    struct certificate_plan plan = {.cluster = ca->cluster,
                                    .leaf = issue,
                                    .issuer = ca->certificate,
                                    .issuer_key = ca->key,
                                    .key = key,
                                    .not_before_s = now - BACKDATED_S,
                                    .not_after_s = now + days * DAY_S};
    if (plan.not_after_s > ca->not_after) plan.not_after_s = ca->not_after;
    if (plan.not_after_s <= now) return fail(KMS_E_CERTIFICATE, "the CA's own certificate has expired: make a new CA");
    return certificate_build(out, &plan);
}

static enum kms_err write_pair(const struct places *places, X509 *certificate, EVP_PKEY *key,
                               const struct secret *passphrase)
{
    BUF_LOCAL pem = BUF_INIT(PEM_MAX);

    TRY(certificate_pem(&pem, certificate));
    TRY(key_file_create(places->key, key, passphrase));
    enum kms_err err = file_create(places->cert, buf_bytes(&pem), 0644);
    if (err != KMS_OK) (void)unlink(places->key);
    return err;
}

static enum kms_err issue_with(const struct ca *ca, const struct pki_issue *issue, const struct places *places,
                               const struct secret *passphrase)
{
    CLEANUP(pkey_done) EVP_PKEY    *key = NULL;
    CLEANUP(certificate_done) X509 *certificate = NULL;

    TRY(file_check_free(places->cert));
    TRY(file_check_free(places->key));
    TRY(key_generate(&key));
    TRY(make_certificate(&certificate, ca, issue, key));
    TRY(ca_log(ca, certificate));
    return write_pair(places, certificate, key, passphrase);
}

static enum kms_err place(struct places *out, const char *prefix)
{
    int cert_len = snprintf(out->cert, sizeof out->cert, "%s.cert", prefix);
    int key_len = snprintf(out->key, sizeof out->key, "%s.key", prefix);

    if (cert_len < 0 || cert_len >= PATH_MAX || key_len < 0 || key_len >= PATH_MAX)
        return fail(KMS_E_ARGUMENT, "%s: the path is too long", prefix);
    return KMS_OK;
}

static enum kms_err make_folder_of(const char *prefix)
{
    char        folder[PATH_MAX];
    const char *last = strrchr(prefix, '/');

    if (last == NULL || last == prefix) return KMS_OK;
    (void)snprintf(folder, sizeof folder, "%.*s", (int)(last - prefix), prefix);
    return folder_make(folder, 0700);
}

RESULT pki_issue(const char *ca_directory, const struct secret *ca_passphrase, const struct pki_issue *issue,
                 const char *out_prefix, const struct secret *key_passphrase)
{
    CLEANUP(ca_close) struct ca ca = {0};
    struct places               places;

    TRY(check_issue(issue));
    TRY(place(&places, out_prefix));
    TRY(ca_open(&ca, ca_directory, ca_passphrase));
    TRY(make_folder_of(out_prefix));
    return issue_with(&ca, issue, &places, key_passphrase);
}

/* The access key as a file, for scripts: derived from the certificate. */
static enum kms_err write_access_key(const char *folder, const char *certificate_path)
{
    CLEANUP(credential_clear) struct credential credential = {0};
    char                                        path[PATH_MAX], line[ACCESS_KEY_LEN + 2];

    TRY(credential_load_public(&credential, certificate_path));
    (void)snprintf(line, sizeof line, "%s\n", credential.identity.access_key);
    int len = snprintf(path, sizeof path, "%s/access_key", folder);
    if (len < 0 || (size_t)len >= sizeof path) return fail(KMS_E_ARGUMENT, "%s: the path is too long", folder);
    return file_create(path, bytes_str(line), 0644);
}

RESULT pki_client_create(const char *ca_directory, const struct secret *ca_passphrase, enum role role, const char *name,
                         const char *folder, const struct secret *passphrase)
{
    const struct pki_issue issue = {.role = role, .name = name, .days = DAYS_DEFAULT};
    char                   prefix[PATH_MAX], cert[PATH_MAX];

    if (is_server(role)) return fail(KMS_E_ARGUMENT, "a %s is no client", role_name(role));
    int prefix_len = snprintf(prefix, sizeof prefix, "%s/client", folder);
    int cert_len = snprintf(cert, sizeof cert, "%s/client.cert", folder);
    if (prefix_len < 0 || cert_len < 0 || cert_len >= PATH_MAX)
        return fail(KMS_E_ARGUMENT, "%s: the path is too long", folder);
    TRY(pki_issue(ca_directory, ca_passphrase, &issue, prefix, passphrase));
    return write_access_key(folder, cert);
}
