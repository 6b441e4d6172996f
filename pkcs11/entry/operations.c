/* SPDX-License-Identifier: Apache-2.0 */
/* C_ functions of keys, signatures, digests and random numbers. */
#include "pkcs11/entry/call.h"
#include "pkcs11/operation/random.h"

CK_RV C_GenerateKeyPair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_key_template,
                        CK_ULONG public_key_attribute_count, CK_ATTRIBUTE *private_key_template,
                        CK_ULONG private_key_attribute_count, CK_OBJECT_HANDLE *public_key,
                        CK_OBJECT_HANDLE *private_key)
{
    struct call           c;
    CK_OBJECT_HANDLE      made[2] = {0};
    struct pair_templates templates = {public_key_template, private_key_template, public_key_attribute_count,
                                       private_key_attribute_count};

    if (call_begin_session(&c, "C_GenerateKeyPair", session) != CKR_OK) return call_end(&c);
    if (mechanism == NULL || public_key == NULL || private_key == NULL)
        c.rv = call_bad_arguments();
    else
        c.rv = provider_generate(c.provider, c.session, mechanism, &templates, made);
    if (c.rv == CKR_OK) {
        *private_key = made[0];
        *public_key = made[1];
    }
    return call_end(&c);
}

/* The active operation of this kind, for the functions that go on with it. */
static struct operation **begin(struct call *c, const char *name, CK_SESSION_HANDLE session, enum operation_kind kind)
{
    if (call_begin_session(c, name, session) != CKR_OK) return NULL;
    c->rv = provider_active(c->session, kind);
    return c->rv == CKR_OK ? &c->session->operations[kind] : NULL;
}

/* Missing arguments end an operation like any other error. */
static CK_RV end_bad(struct operation **operation)
{
    operation_free(operation);
    return call_bad_arguments();
}

static bool is_bad(const void *data, CK_ULONG len)
{
    return data == NULL && len > 0;
}

CK_RV C_SignInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    struct call c;

    if (call_begin_session(&c, "C_SignInit", session) == CKR_OK)
        c.rv = provider_begin(c.provider, c.session, OPERATION_SIGN, mechanism, key);
    return call_end(&c);
}

/* A logout in between takes the key away. */
static CK_RV require_login(struct call *c, struct operation **operation)
{
    CK_RV rv = provider_require_login(c->provider, c->session);

    if (rv != CKR_OK) operation_free(operation);
    return rv;
}

CK_RV C_Sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE *signature, CK_ULONG *signature_len)
{
    struct call        c;
    struct operation **operation = begin(&c, "C_Sign", session, OPERATION_SIGN);

    if (operation == NULL) return call_end(&c);
    if (is_bad(data, data_len) || signature_len == NULL)
        c.rv = end_bad(operation);
    else if ((c.rv = require_login(&c, operation)) == CKR_OK)
        c.rv = operation_sign(operation, &c.provider->backend, bytes(data, data_len),
                              (struct output){signature, signature_len});
    return call_end(&c);
}

CK_RV C_SignUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_len)
{
    struct call        c;
    struct operation **operation = begin(&c, "C_SignUpdate", session, OPERATION_SIGN);

    if (operation == NULL) return call_end(&c);
    c.rv = is_bad(part, part_len) ? end_bad(operation) : operation_update(operation, bytes(part, part_len));
    return call_end(&c);
}

CK_RV C_SignFinal(CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG *signature_len)
{
    struct call        c;
    struct operation **operation = begin(&c, "C_SignFinal", session, OPERATION_SIGN);

    if (operation == NULL) return call_end(&c);
    if (signature_len == NULL)
        c.rv = end_bad(operation);
    else if ((c.rv = require_login(&c, operation)) == CKR_OK)
        c.rv = operation_sign_final(operation, &c.provider->backend, (struct output){signature, signature_len});
    return call_end(&c);
}

CK_RV C_VerifyInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
    struct call c;

    if (call_begin_session(&c, "C_VerifyInit", session) == CKR_OK)
        c.rv = provider_begin(c.provider, c.session, OPERATION_VERIFY, mechanism, key);
    return call_end(&c);
}

CK_RV C_Verify(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE *signature, CK_ULONG signature_len)
{
    struct call        c;
    struct operation **operation = begin(&c, "C_Verify", session, OPERATION_VERIFY);

    if (operation == NULL) return call_end(&c);
    if (is_bad(data, data_len) || is_bad(signature, signature_len))
        c.rv = end_bad(operation);
    else
        c.rv = operation_verify(operation, bytes(data, data_len), bytes(signature, signature_len));
    return call_end(&c);
}

CK_RV C_VerifyUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_len)
{
    struct call        c;
    struct operation **operation = begin(&c, "C_VerifyUpdate", session, OPERATION_VERIFY);

    if (operation == NULL) return call_end(&c);
    c.rv = is_bad(part, part_len) ? end_bad(operation) : operation_update(operation, bytes(part, part_len));
    return call_end(&c);
}

CK_RV C_VerifyFinal(CK_SESSION_HANDLE session, CK_BYTE *signature, CK_ULONG signature_len)
{
    struct call        c;
    struct operation **operation = begin(&c, "C_VerifyFinal", session, OPERATION_VERIFY);

    if (operation == NULL) return call_end(&c);
    c.rv = is_bad(signature, signature_len) ? end_bad(operation)
                                            : operation_verify_final(operation, bytes(signature, signature_len));
    return call_end(&c);
}

CK_RV C_DigestInit(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism)
{
    struct call c;

    if (call_begin_session(&c, "C_DigestInit", session) == CKR_OK)
        c.rv = provider_begin(c.provider, c.session, OPERATION_DIGEST, mechanism, CK_INVALID_HANDLE);
    return call_end(&c);
}

CK_RV C_Digest(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG data_len, CK_BYTE *digest, CK_ULONG *digest_len_out)
{
    struct call        c;
    struct operation **operation = begin(&c, "C_Digest", session, OPERATION_DIGEST);

    if (operation == NULL) return call_end(&c);
    if (is_bad(data, data_len) || digest_len_out == NULL)
        c.rv = end_bad(operation);
    else
        c.rv = operation_digest(operation, bytes(data, data_len), (struct output){digest, digest_len_out});
    return call_end(&c);
}

CK_RV C_DigestUpdate(CK_SESSION_HANDLE session, CK_BYTE *part, CK_ULONG part_len)
{
    struct call        c;
    struct operation **operation = begin(&c, "C_DigestUpdate", session, OPERATION_DIGEST);

    if (operation == NULL) return call_end(&c);
    c.rv = is_bad(part, part_len) ? end_bad(operation) : operation_update(operation, bytes(part, part_len));
    return call_end(&c);
}

CK_RV C_DigestFinal(CK_SESSION_HANDLE session, CK_BYTE *digest, CK_ULONG *digest_len_out)
{
    struct call        c;
    struct operation **operation = begin(&c, "C_DigestFinal", session, OPERATION_DIGEST);

    if (operation == NULL) return call_end(&c);
    c.rv = digest_len_out == NULL ? end_bad(operation)
                                  : operation_digest_final(operation, (struct output){digest, digest_len_out});
    return call_end(&c);
}

CK_RV C_GenerateRandom(CK_SESSION_HANDLE session, CK_BYTE *random_data, CK_ULONG random_len)
{
    struct call c;

    if (call_begin_session(&c, "C_GenerateRandom", session) == CKR_OK)
        c.rv = random_data == NULL ? call_bad_arguments() : random_generate(random_data, random_len);
    return call_end(&c);
}

CK_RV C_SeedRandom(CK_SESSION_HANDLE session, CK_BYTE *seed, CK_ULONG seed_len)
{
    struct call c;

    (void)seed, (void)seed_len;
    if (call_begin_session(&c, "C_SeedRandom", session) == CKR_OK)
        c.rv = refuse(CKR_RANDOM_SEED_NOT_SUPPORTED, "the kernel seeds the generator");
    return call_end(&c);
}
