/* SPDX-License-Identifier: Apache-2.0 */
/* What a command needs before it runs: the CA, the credential with its PIN, the connection. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cluster/ctl/command.h"
#include "cluster/pki/pki.h"

#define DESCRIPTOR_MAX 1023

RESULT command_passphrase(struct ctl *ctl, const char *option, const char *prompt, bool twice, struct secret *out)
{
    long fd;

    TRY(option_number(ctl, option, 0, DESCRIPTOR_MAX, -1, &fd));
    if (fd >= 0 && fcntl((int)fd, F_GETFD) < 0) return usage_fail(ctl, "--%s: descriptor %ld is not open", option, fd);
    if (fd >= 0) {
        TRY_AT(password_read_fd(out, (int)fd), "--%s %ld", option, fd);
        return KMS_OK;
    }
    if (!isatty(STDIN_FILENO)) return usage_fail(ctl, "no terminal to ask on: give --%s N", option);
    return password_prompt(out, prompt, twice);
}

RESULT command_ca_passphrase(struct ctl *ctl, const char *directory, struct secret *out)
{
    char path[1024];
    bool encrypted;

    if ((size_t)snprintf(path, sizeof path, "%s/ca.key", directory) >= sizeof path)
        return fail(KMS_E_ARGUMENT, "a directory name of more than 1,000 bytes");
    TRY(credential_key_is_encrypted(&encrypted, path));
    return encrypted ? command_passphrase(ctl, "ca-passphrase-fd", "Passphrase of ca.key: ", false, out) : KMS_OK;
}

/* --pin-fd, --passphrase-fd, KMS_PIN, or the terminal. */
static RESULT read_pin(struct ctl *ctl, struct secret *out)
{
    const char *from_environment = getenv("KMS_PIN");

    if (option_text(ctl, "passphrase-fd") != NULL) return command_passphrase(ctl, "passphrase-fd", "", false, out);
    if (option_text(ctl, "pin-fd") == NULL && from_environment != NULL)
        return secret_copy(out, bytes_str(from_environment));
    return command_passphrase(ctl, "pin-fd", "PIN of the credential: ", false, out);
}

static RESULT load_credential(struct ctl *ctl)
{
    SECRET_LOCAL pin = SECRET_NONE;
    const char  *folder;
    char         certificate[1024], key[1024];
    bool         encrypted;

    TRY(option_required(ctl, "credential", &folder));
    if ((size_t)snprintf(certificate, sizeof certificate, "%s/client.cert", folder) >= sizeof certificate)
        return usage_fail(ctl, "--credential: a name of more than 1,000 bytes");
    (void)snprintf(key, sizeof key, "%s/client.key", folder);
    TRY_AT(credential_load_public(&ctl->credential, certificate), "credential %s", folder);
    TRY_AT(credential_key_is_encrypted(&encrypted, key), "credential %s", folder);
    if (encrypted) TRY(read_pin(ctl, &pin));
    TRY_AT(credential_unlock(&ctl->credential, key, &pin), "credential %s", folder);
    return KMS_OK;
}

/* "https://host:8080/" and "https://host:8080" are the same. */
static RESULT set_url(struct ctl *ctl)
{
    const char *url, *cacert = option_text(ctl, "cacert");
    long        timeout, wait;

    TRY(option_required(ctl, "url", &url));
    TRY(option_number(ctl, "timeout", 1, REQUEST_LIFETIME_MAX_S, 30, &timeout));
    TRY(option_number(ctl, "wait", 0, REQUEST_LIFETIME_MAX_S, 0, &wait));
    if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
        return usage_fail(ctl, "--url: \"%.200s\" is no coordinator's (as in https://127.0.0.1:8080)", url);
    size_t len = strlen(url);
    while (len > 0 && url[len - 1] == '/') len--;
    if (len >= sizeof ctl->client.url || strlen(cacert) >= sizeof ctl->client.ca_path)
        return usage_fail(ctl, "--url and --cacert: at most %zu bytes", sizeof ctl->client.url - 1);
    (void)snprintf(ctl->client.url, sizeof ctl->client.url, "%.*s", (int)len, url);
    (void)snprintf(ctl->client.ca_path, sizeof ctl->client.ca_path, "%s", cacert);
    ctl->client.timeout_s = (unsigned)timeout;
    ctl->client.wait_s = (unsigned)wait;
    return KMS_OK;
}

RESULT command_connect(struct ctl *ctl, unsigned needs)
{
    const char *cacert;

    if ((needs & NEEDS_AUTHORITY) != 0) {
        TRY(option_required(ctl, "cacert", &cacert));
        TRY_AT(authority_load(&ctl->authority, cacert), "--cacert");
    }
    if ((needs & NEEDS_URL) != 0) TRY(set_url(ctl));
    if ((needs & NEEDS_CREDENTIAL) != 0) {
        TRY(load_credential(ctl));
        ctl->client.credential = &ctl->credential;
    }
    return KMS_OK;
}

static void reply_clear(struct client_reply *reply)
{
    client_reply_clear(reply);
}

RESULT command_call(struct ctl *ctl, const char *method, const char *path, struct bytes body, cJSON **out)
{
    CLEANUP(reply_clear) struct client_reply reply = {0};

    TRY(client_call(&ctl->client, method, path, body, NULL, &reply));
    ctl->answered = true;
    TRY(client_error(&reply));
    TRY_AT(json_parse(out, buf_bytes(&reply.body)), "the answer of %s", ctl->client.url);
    return KMS_OK;
}
