/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate and key of a party; that they belong together is seen by the public half. */
#include "common/identity/credential.h"

#include "common/crypto/ed25519.h"
#include "common/identity/certificate.h"
#include "common/identity/private_key.h"
#include "common/secret/file.h"

#define CERTIFICATE_FILE_MAX 16384

RESULT credential_load_public(struct credential *out, const char *certificate_path)
{
    BUF_LOCAL pem = BUF_INIT(CERTIFICATE_FILE_MAX);
    unsigned  count = 0;

    *out = (struct credential){.certificate_der = BUF_INIT(CERTIFICATE_MAX)};
    TRY(file_read(&pem, certificate_path, 022));
    enum kms_err err = certificate_from_pem(&out->certificate_der, &count, 1, buf_bytes(&pem));
    if (err == KMS_OK) err = identity_parse(&out->identity, buf_bytes(&out->certificate_der));
    if (err != KMS_OK) {
        credential_clear(out);
        error_context("%s", certificate_path);
    }
    return err;
}

static enum kms_err check_pair(const struct credential *c, const struct secret *seed)
{
    uint8_t public_key[32];

    TRY(ed25519_public(public_key, seed));
    if (memcmp(public_key, c->identity.public_key, sizeof public_key) != 0)
        return fail(KMS_E_CORRUPT, "the key does not belong to the certificate of %s", c->identity.uri);
    return KMS_OK;
}

RESULT credential_unlock(struct credential *c, const char *key_path, const struct secret *passphrase)
{
    SECRET_LOCAL seed = SECRET_NONE;

    TRY(private_key_load(&seed, key_path, passphrase));
    TRY_AT(check_pair(c, &seed), "%s", key_path);
    secret_clear(&c->seed);
    c->seed = seed;
    seed = SECRET_NONE;
    return KMS_OK;
}

RESULT credential_key_is_encrypted(bool *out, const char *key_path)
{
    return private_key_is_encrypted(out, key_path);
}

void credential_lock(struct credential *c)
{
    secret_clear(&c->seed);
}

void credential_clear(struct credential *c)
{
    credential_lock(c);
    buf_clear(&c->certificate_der);
    c->identity = (struct identity){0};
}

RESULT credential_sign(uint8_t signature[64], const struct credential *c, struct bytes message)
{
    if (c->seed.len != ED25519_SEED_LEN) return fail(KMS_E_STATE, "the key of %s is locked", c->identity.uri);
    return ed25519_sign(signature, &c->seed, message);
}
