/* SPDX-License-Identifier: Apache-2.0 */
/* The CA and what it issues, judged by common/identity and by stock OpenSSL. */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster/pki/pki.h"
#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/secret/file.h"
#include "tests/support/test.h"

struct place {
    char ca[256], at[300], cert[320], key[320];
};

static struct place make_ca(const char *passphrase)
{
    struct place p;
    SECRET_LOCAL secret = SECRET_NONE;

    (void)snprintf(p.ca, sizeof p.ca, "%s/certs", test_directory());
    (void)snprintf(p.at, sizeof p.at, "%s/tss1/tss1", p.ca);
    (void)snprintf(p.cert, sizeof p.cert, "%s.cert", p.at);
    (void)snprintf(p.key, sizeof p.key, "%s.key", p.at);
    assert_ok(secret_copy(&secret, bytes_str(passphrase)));
    assert_ok(pki_ca_init(p.ca, "test", &secret));
    return p;
}

static unsigned mode_of(const char *folder, const char *name)
{
    char        path[600];
    struct stat info;

    (void)snprintf(path, sizeof path, "%s%s", folder, name);
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 0777;
}

static struct authority *authority_of(const struct place *p)
{
    struct authority *a = NULL;
    char              path[300];

    (void)snprintf(path, sizeof path, "%s/ca.cert", p->ca);
    assert_ok(authority_load(&a, path));
    return a;
}

static const struct pki_issue server = {
    .role = ROLE_NODE, .name = "tss1", .names = {"localhost", "127.0.0.1", "::1"}, .name_count = 3};

static enum kms_err issue(const struct place *p, const struct pki_issue *what)
{
    return pki_issue(p->ca, NULL, what, p->at, NULL);
}

TEST(pki_ca, makes_a_ca_of_its_cluster)
{
    struct place      p = make_ca("");
    struct authority *a = authority_of(&p);

    assert_string_equal(authority_cluster(a), "test");
    assert_int_equal(mode_of(p.ca, "/ca.cert"), 0644);
    assert_int_equal(mode_of(p.ca, "/ca.key"), 0600);
    authority_free(&a);
}

TEST(pki_ca, does_not_overwrite_a_ca)
{
    struct place p = make_ca("");
    char         path[300];

    assert_err(KMS_E_CONFLICT, pki_ca_init(p.ca, "test", NULL));
    (void)snprintf(path, sizeof path, "%s/ca.cert", p.ca);
    assert_int_equal(unlink(path), 0);
    assert_err(KMS_E_CONFLICT, pki_ca_init(p.ca, "test", NULL));
}

TEST(pki_ca, refuses_names_that_are_none)
{
    static const char *const names[] = {"", "a/b", "a b", "-a", "a23456789012345678901234567890123"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_err(KMS_E_ARGUMENT, pki_ca_init(test_directory(), names[i], NULL));
}

TEST(pki_ca, needs_its_passphrase)
{
    struct place p = make_ca("secret");
    SECRET_LOCAL right = SECRET_NONE;
    SECRET_LOCAL wrong = SECRET_NONE;

    assert_ok(secret_copy(&right, bytes_str("secret")));
    assert_ok(secret_copy(&wrong, bytes_str("wrong")));
    assert_err(KMS_E_PASSWORD, pki_issue(p.ca, NULL, &server, p.at, NULL));
    assert_err(KMS_E_PASSWORD, pki_issue(p.ca, &wrong, &server, p.at, NULL));
    assert_int_equal(access(p.cert, F_OK), -1);
    assert_ok(pki_issue(p.ca, &right, &server, p.at, NULL));
}

TEST(pki_ca, refuses_the_key_of_another_ca)
{
    struct place p = make_ca(""), other = make_ca("");
    char         from[300], to[300];

    (void)snprintf(from, sizeof from, "%s/ca.key", other.ca);
    (void)snprintf(to, sizeof to, "%s/ca.key", p.ca);
    assert_int_equal(rename(from, to), 0);
    assert_err(KMS_E_CORRUPT, issue(&p, &server));
    assert_int_equal(chmod(to, 0640), 0);
    assert_err(KMS_E_CONFIG, issue(&p, &server));
}

TEST(pki_issue, makes_a_servers_pair)
{
    struct place      p = make_ca("");
    struct authority *a = authority_of(&p);
    struct credential c;
    SECRET_LOCAL      none = SECRET_NONE;
    struct identity   id;
    int64_t           now = clock_wall_s();

    assert_ok(issue(&p, &server));
    assert_ok(credential_load_public(&c, p.cert));
    assert_ok(credential_unlock(&c, p.key, &none));
    assert_ok(identity_verify(&id, a, buf_bytes(&c.certificate_der), now));
    assert_string_equal(id.uri, "spiffe://test/node/tss1");
    assert_true(id.not_after >= now + 364LL * 86400 && id.not_after <= now + 365LL * 86400 + 60);
    assert_int_equal(mode_of(p.at, ".key"), 0600);
    assert_int_equal(mode_of(p.at, ".cert"), 0644);
    credential_clear(&c);
    authority_free(&a);
}

/* A shell command in which $1 and $2 stand for a and b. */
static int stock(const char *command, const char *a, const char *b)
{
    pid_t child = fork();
    int   status = 0;

    if (child == 0) {
        (void)execl("/bin/sh", "sh", "-c", command, "sh", a, b, NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

TEST(pki_issue, satisfies_stock_openssl)
{
    struct place p = make_ca("");

    assert_ok(issue(&p, &server));
    const char *accepted[] = {
        "openssl verify -x509_strict -purpose sslserver -verify_hostname localhost -CAfile $1/ca.cert $2 >/dev/null",
        "openssl verify -x509_strict -purpose sslserver -verify_ip 127.0.0.1 -CAfile $1/ca.cert $2 >/dev/null",
        "openssl verify -x509_strict -purpose sslserver -verify_ip ::1 -CAfile $1/ca.cert $2 >/dev/null",
        "openssl verify -x509_strict -purpose sslclient -CAfile $1/ca.cert $2 >/dev/null",
    };
    for (size_t i = 0; i < ARRAY_LEN(accepted); i++) assert_int_equal(stock(accepted[i], p.ca, p.cert), 0);
    assert_int_not_equal(
        stock("openssl verify -verify_hostname other -CAfile $1/ca.cert $2 >/dev/null 2>&1", p.ca, p.cert), 0);
    assert_int_equal(stock("openssl pkey -in $1 -noout && openssl x509 -in $2 -noout", p.key, p.cert), 0);
}

TEST(pki_issue, gives_clients_no_server_certificate)
{
    struct place p = make_ca("");
    char         folder[400], cert[420];

    (void)snprintf(folder, sizeof folder, "%s/app", p.ca);
    (void)snprintf(cert, sizeof cert, "%s/client.cert", folder);
    assert_ok(pki_client_create(p.ca, NULL, ROLE_CLIENT, "app", folder, NULL));
    assert_int_equal(stock("openssl verify -purpose sslclient -CAfile $1/ca.cert $2 >/dev/null", p.ca, cert), 0);
    assert_int_not_equal(stock("openssl verify -purpose sslserver -CAfile $1/ca.cert $2 >/dev/null 2>&1", p.ca, cert),
                         0);
}

TEST(pki_issue, makes_a_clients_folder)
{
    struct place      p = make_ca("");
    char              folder[400], cert[420], key[420], access_key[420];
    SECRET_LOCAL      pin = SECRET_NONE;
    BUF_LOCAL         text = BUF_INIT(100);
    struct credential c;
    bool              encrypted = false;

    (void)snprintf(folder, sizeof folder, "%s/app", p.ca);
    (void)snprintf(cert, sizeof cert, "%s/client.cert", folder);
    (void)snprintf(key, sizeof key, "%s/client.key", folder);
    (void)snprintf(access_key, sizeof access_key, "%s/access_key", folder);
    assert_ok(secret_copy(&pin, bytes_str("1234")));
    assert_ok(pki_client_create(p.ca, NULL, ROLE_OPERATOR, "admin", folder, &pin));
    assert_ok(credential_load_public(&c, cert));
    assert_ok(credential_key_is_encrypted(&encrypted, key));
    assert_true(encrypted);
    assert_ok(credential_unlock(&c, key, &pin));
    assert_int_equal(c.identity.role, ROLE_OPERATOR);
    assert_ok(file_read(&text, access_key, 0));
    assert_int_equal(text.len, 33);
    assert_memory_equal(text.data, c.identity.access_key, 32);
    assert_int_equal(mode_of(folder, ""), 0700);
    assert_err(KMS_E_CONFLICT, pki_client_create(p.ca, NULL, ROLE_CLIENT, "app", folder, &pin));
    assert_err(KMS_E_ARGUMENT, pki_client_create(p.ca, NULL, ROLE_NODE, "tss1", folder, &pin));
    credential_clear(&c);
}

TEST(pki_issue, encrypts_keys_as_openssl_does)
{
    struct place p = make_ca("");
    SECRET_LOCAL pin = SECRET_NONE;

    assert_ok(secret_copy(&pin, bytes_str("1234")));
    assert_ok(pki_issue(p.ca, NULL, &server, p.at, &pin));
    assert_int_equal(stock("openssl pkey -in $1 -passin pass:1234 -noout", p.key, ""), 0);
    assert_int_not_equal(stock("openssl pkey -in $1 -passin pass:1235 -noout 2>/dev/null", p.key, ""), 0);
    assert_int_equal(stock("openssl asn1parse -in $1 | grep -q 'aes-256-cbc'", p.key, ""), 0);
    assert_int_equal(stock("openssl asn1parse -in $1 | grep -q 'hmacWithSHA256'", p.key, ""), 0);
    assert_int_equal(stock("openssl asn1parse -in $1 | grep -q ':0927C0'", p.key, ""), 0); /* 600,000 */
}

TEST(pki_issue, does_not_overwrite_and_leaves_no_halves)
{
    struct place p = make_ca("");

    assert_ok(issue(&p, &server));
    assert_err(KMS_E_CONFLICT, issue(&p, &server));
    assert_int_equal(unlink(p.key), 0);
    assert_err(KMS_E_CONFLICT, issue(&p, &server));
    assert_int_equal(access(p.key, F_OK), -1);
}

TEST(pki_issue, refuses_names_that_would_become_others)
{
    static const char *const hosts[] = {
        "", "a,URI:spiffe://test/operator/x", "a b", "*.example.com", "-x", "a\n", "1.2.3.4/8"};
    static const char *const names[] = {"", "a/b", "../x", "a23456789012345678901234567890123"};
    struct place             p = make_ca("");

    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        const struct pki_issue what = {.role = ROLE_NODE, .name = "tss1", .names = {hosts[i]}, .name_count = 1};
        assert_err(KMS_E_ARGUMENT, issue(&p, &what));
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct pki_issue what = {.role = ROLE_NODE, .name = names[i]};
        assert_err(KMS_E_ARGUMENT, issue(&p, &what));
    }
    const struct pki_issue client = {.role = ROLE_CLIENT, .name = "app", .names = {"localhost"}, .name_count = 1};
    assert_err(KMS_E_ARGUMENT, issue(&p, &client));
    const struct pki_issue nobody = {.role = ROLE_NONE, .name = "app"};
    assert_err(KMS_E_ARGUMENT, issue(&p, &nobody));
    const struct pki_issue long_lived = {.role = ROLE_NODE, .name = "tss1", .days = 3651};
    assert_err(KMS_E_RANGE, issue(&p, &long_lived));
    assert_int_equal(access(p.key, F_OK), -1);
}

TEST(pki_issue, logs_every_certificate)
{
    struct place      p = make_ca("");
    BUF_LOCAL         log = BUF_INIT(65536);
    struct credential c;
    char              path[300], fingerprint[65];

    assert_ok(issue(&p, &server));
    (void)snprintf(p.at, sizeof p.at, "%s/tss2", p.ca);
    const struct pki_issue second = {.role = ROLE_NODE, .name = "tss2", .days = 10};
    assert_ok(issue(&p, &second));

    (void)snprintf(path, sizeof path, "%s/issued.log", p.ca);
    assert_ok(file_read(&log, path, 022));
    assert_ok(credential_load_public(&c, p.cert));
    hex_encode(fingerprint, BYTES_OF(c.identity.fingerprint));
    char *first_end = strchr((char *)log.data, '\n');
    assert_non_null(first_end);
    *first_end = '\0';
    assert_memory_equal(log.data, "serial=", 7);
    assert_int_equal(strspn((char *)log.data + 7, "0123456789abcdef"), 32);
    assert_non_null(strstr((char *)log.data, " uri=spiffe://test/node/tss1 not_after=20"));
    assert_non_null(strstr((char *)log.data, fingerprint));
    assert_non_null(strstr(first_end + 1, " uri=spiffe://test/node/tss2 "));
    assert_memory_not_equal(log.data, first_end + 1, 39);
    credential_clear(&c);
}

TEST(pki_issue, does_not_outlive_the_ca)
{
    struct place           p = make_ca("");
    struct authority      *a = authority_of(&p);
    struct credential      c;
    const struct pki_issue ten_years = {.role = ROLE_NODE, .name = "tss1", .days = 3650};

    assert_ok(issue(&p, &ten_years));
    assert_ok(credential_load_public(&c, p.cert));
    struct identity id;
    assert_ok(identity_verify(&id, a, buf_bytes(&c.certificate_der), c.identity.not_after - 1));
    credential_clear(&c);
    authority_free(&a);
}
