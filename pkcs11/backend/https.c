/* SPDX-License-Identifier: Apache-2.0 */
/* backend.h over the REST interface: each function asks, and believes only what verification.c has passed. */
#include "pkcs11/backend/https.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include "common/crypto/ed25519.h"
#include "pkcs11/backend/caller.h"
#include "pkcs11/backend/catalogue.h"

struct https {
    struct settings   settings;
    struct authority *authority; /* owned */
    struct caller     caller;
    struct catalogue  catalogue;
};

/*
 * No exit handler (the host may unload or exit while its own OpenSSL lives), no configuration file (it may name
 * engines, even this module itself).
 */
RESULT https_start_openssl(void)
{
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1 ||
        OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        return fail(KMS_E_SYSTEM, "OpenSSL cannot start");
    return KMS_OK;
}

static RESULT file_in(char *out, size_t size, const char *folder, const char *name)
{
    if ((size_t)snprintf(out, size, "%s/%s", folder, name) >= size)
        return fail(KMS_E_CONFIG, "credential: path too long");
    return KMS_OK;
}

RESULT https_needs_pin(bool *out, const struct settings *s)
{
    char path[SETTINGS_PATH_LEN + 16];

    TRY(file_in(path, sizeof path, s->credential, "client.key"));
    TRY_AT(credential_key_is_encrypted(out, path), "credential");
    return KMS_OK;
}

/* The seed has to survive fork(2): workers of servers go on signing with the login of their master. */
static void keep_on_fork(const struct secret *seed)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = (uintptr_t)seed->data / page * page;

    if (seed->data != NULL) (void)madvise((void *)first, (uintptr_t)seed->data + seed->len - first, MADV_KEEPONFORK);
}

static enum kms_err login(void *self, const struct secret *passphrase)
{
    struct https *h = self;
    char          path[SETTINGS_PATH_LEN + 16];

    TRY(file_in(path, sizeof path, h->settings.credential, "client.key"));
    (void)pthread_mutex_lock(&h->caller.lock);
    enum kms_err err = credential_unlock(&h->caller.credential, path, passphrase);
    if (err == KMS_OK) keep_on_fork(&h->caller.credential.seed);
    (void)pthread_mutex_unlock(&h->caller.lock);
    return err;
}

static void logout(void *self)
{
    struct https *h = self;

    (void)pthread_mutex_lock(&h->caller.lock);
    credential_lock(&h->caller.credential);
    (void)pthread_mutex_unlock(&h->caller.lock);
}

static enum kms_err list(void *self, const char *etag, struct backend_list *out, bool *changed)
{
    struct https *h = self;

    return catalogue_list(&h->catalogue, &h->caller, etag, out, changed);
}

/* A call that answers with one object. */
struct making {
    struct https *https;
    const char   *idempotency_key; /* of the call that makes or changes it */
    enum backend_class class;
    bool                   is_new; /* the evidence must be of this very request */
    struct bytes           body;
    struct backend_object *out;
};

static enum kms_err accept_object(void *context, const struct http_answer *answer)
{
    const struct making *m = context;
    JSON_LOCAL          *root = NULL;
    EVIDENCE_LOCAL       evidence = {0};

    TRY(json_parse(&root, buf_bytes(&answer->body)));
    TRY(answer_evidence(&evidence, m->class, root));
    const struct buf *said = m->is_new ? &evidence.request : &evidence.change;
    TRY(verify_is_answer_to(&evidence, buf_bytes(said), m->idempotency_key, m->body));
    return catalogue_verify(&m->https->catalogue, m->out, m->class, &evidence);
}

static RESULT make(struct making *m, struct call *call)
{
    m->idempotency_key = call->idempotency_key;
    call->body = m->body;
    call->accept = accept_object;
    call->context = m;
    return caller_call(&m->https->caller, call);
}

static enum kms_err generate(void *self, const struct backend_generate *g, struct backend_object *out)
{
    struct https *h = self;
    BUF_LOCAL     body = BUF_INIT(REQUEST_BODY_MAX);

    TRY(request_generate(&body, g));
    struct making m = {.https = h, .class = BACKEND_KEY, .is_new = true, .body = buf_bytes(&body), .out = out};
    struct call   call = {
          .method = "POST", .path = "/api/v1/keys/generate", .timeout_ms = (unsigned)h->settings.generate_timeout_ms};
    return make(&m, &call);
}

static enum kms_err create(void *self, enum backend_class class, const char *label, struct bytes id, struct bytes value,
                           const char *attributes, struct backend_object *out)
{
    struct https *h = self;
    BUF_LOCAL     body = BUF_INIT(REQUEST_BODY_MAX);

    TRY(request_create(&body, class, &(struct words){label, id, attributes}, value));
    struct making m = {.https = h, .class = class, .is_new = true, .body = buf_bytes(&body), .out = out};
    struct call   call = {
          .method = "POST", .path = "/api/v1/objects", .timeout_ms = (unsigned)h->settings.sign_timeout_ms};
    return make(&m, &call);
}

static RESULT path_of(char *out, size_t size, const struct backend_object *o, const char *tail)
{
    if (!is_object_id(o->object_id)) return fail(KMS_E_ARGUMENT, "not an object id");
    int used = snprintf(out, size, "/api/v1/%s/%s%s", o->class == BACKEND_KEY ? "keys" : "objects", o->object_id, tail);
    if (used < 0 || (size_t)used >= size) return fail(KMS_E_TOO_LARGE, "path");
    return KMS_OK;
}

static enum kms_err change(void *self, const struct backend_object *o, const char *label, struct bytes id,
                           const char *attributes, struct backend_object *out)
{
    struct https *h = self;
    BUF_LOCAL     body = BUF_INIT(REQUEST_BODY_MAX);
    struct call   call = {.method = "PATCH",
                          .timeout_ms = (unsigned)h->settings.sign_timeout_ms,
                          .refusals = {KMS_E_CONFLICT, KMS_E_NOT_FOUND}};

    TRY(request_change(&body, &(struct words){label, id, attributes}, o->revision + 1));
    TRY(path_of(call.path, sizeof call.path, o, ""));
    struct making m = {.https = h, .class = o->class, .body = buf_bytes(&body), .out = out};
    enum kms_err  err = make(&m, &call);
    if (err != KMS_E_CONFLICT) return err;
    /* The answer of an earlier attempt may have been lost: is the last change this very one? */
    struct call look = {.method = "GET", .timeout_ms = call.timeout_ms, .accept = accept_object, .context = &m};
    memcpy(look.path, call.path, sizeof look.path);
    return caller_call(&h->caller, &look) == KMS_OK
               ? KMS_OK
               : fail(KMS_E_CONFLICT, "%s was changed by somebody else", o->object_id);
}

struct signing {
    const struct backend_object *key;
    struct bytes                 message;
    uint8_t                     *signature; /* 64 bytes */
};

static enum kms_err accept_signature(void *context, const struct http_answer *answer)
{
    const struct signing *s = context;
    JSON_LOCAL           *root = NULL;
    uint8_t               signature[ED25519_SIGNATURE_LEN];

    TRY(json_parse(&root, buf_bytes(&answer->body)));
    TRY(answer_signature(signature, root, s->key->object_id));
    TRY_AT(ed25519_verify_vartime(signature, s->key->public_key, s->message), "the signature that the gateway gave");
    memcpy(s->signature, signature, sizeof signature);
    return KMS_OK;
}

static enum kms_err sign(void *self, const struct backend_object *key, struct bytes message, uint8_t signature[96],
                         size_t *len)
{
    struct https  *h = self;
    BUF_LOCAL      body = BUF_INIT(2 * MESSAGE_MAX + 64);
    struct signing s = {.key = key, .message = message, .signature = signature};
    struct call    call = {.method = "POST",
                           .timeout_ms = (unsigned)h->settings.sign_timeout_ms,
                           .refusals = {KMS_E_NOT_FOUND},
                           .accept = accept_signature,
                           .context = &s};

    *len = 0;
    if (key->group != GROUP_ED25519) return fail(KMS_E_UNSUPPORTED, "key %s: signing with its curve", key->object_id);
    if (message.len > MESSAGE_MAX)
        return fail(KMS_E_TOO_LARGE, "a message of %zu bytes; at most %d", message.len, MESSAGE_MAX);
    TRY(path_of(call.path, sizeof call.path, key, "/sign"));
    TRY(request_sign(&body, message));
    call.body = buf_bytes(&body);
    TRY(caller_call(&h->caller, &call));
    *len = ED25519_SIGNATURE_LEN;
    return KMS_OK;
}

static enum kms_err accept_anything(void *context, const struct http_answer *answer)
{
    (void)context, (void)answer;
    return KMS_OK;
}

static enum kms_err destroy(void *self, const struct backend_object *o)
{
    struct https *h = self;
    struct call   call = {.method = "DELETE",
                          .timeout_ms = (unsigned)h->settings.sign_timeout_ms,
                          .refusals = {KMS_E_NOT_FOUND, KMS_E_DENIED},
                          .accept = accept_anything};

    TRY(path_of(call.path, sizeof call.path, o, ""));
    enum kms_err err = caller_call(&h->caller, &call);
    /* Gone is what was wanted, whether by this attempt, by an earlier one whose answer was lost, or by somebody else.
     */
    return err == KMS_OK || err == KMS_E_NOT_FOUND ? catalogue_bury(&h->catalogue, o->object_id) : err;
}

static void close_https(void *self)
{
    struct https *h = self;

    caller_clear(&h->caller);
    catalogue_clear(&h->catalogue);
    authority_free(&h->authority);
    free(h);
}

static const struct backend_ops https_ops = {
    .name = "https",
    .login = login,
    .logout = logout,
    .list = list,
    .generate = generate,
    .sign = sign,
    .change = change,
    .create = create,
    .destroy = destroy,
    .close = close_https,
};

static RESULT open_credential(struct https *h)
{
    char              path[SETTINGS_PATH_LEN + 16];
    struct credential credential;

    TRY(file_in(path, sizeof path, h->settings.credential, "client.cert"));
    TRY_AT(credential_load_public(&credential, path), "credential");
    enum kms_err err = caller_init(&h->caller, &h->settings, h->authority, &credential);
    if (err == KMS_OK)
        err = catalogue_init(&h->catalogue, h->authority, &h->caller.credential.identity,
                             (unsigned)h->settings.sign_timeout_ms);
    return err;
}

RESULT https_new(struct backend *out, const struct settings *s)
{
    struct https *h = calloc(1, sizeof *h);

    *out = (struct backend){0};
    if (h == NULL) return fail(KMS_E_MEMORY, "backend");
    h->settings = *s;
    enum kms_err err = authority_load(&h->authority, s->ca);
    if (err != KMS_OK) error_context("ca");
    if (err == KMS_OK) err = open_credential(h);
    if (err != KMS_OK) {
        close_https(h);
        return err;
    }
    *out = (struct backend){.ops = &https_ops, .self = h};
    memcpy(out->owner, h->caller.credential.identity.uri, sizeof h->caller.credential.identity.uri);
    return KMS_OK;
}
