/* SPDX-License-Identifier: Apache-2.0 */
/* The life of an operation: begun, fed, ended. */
#include "pkcs11/operation/operation.h"

#include <stdlib.h>
#include <string.h>

void operation_free(struct operation **operation)
{
    struct operation *o = *operation;

    if (o == NULL) return;
    free(o->key);
    buf_clear(&o->message);
    digest_free(&o->digest);
    free(o);
    *operation = NULL;
}

/* Ends the operation and passes the result on. */
static CK_RV end(struct operation **operation, CK_RV rv)
{
    operation_free(operation);
    return rv;
}

static CK_RV end_err(struct operation **operation, enum kms_err err)
{
    return end(operation, err == KMS_OK ? CKR_OK : ckr_of(err));
}

static CK_RV check_key(const struct mechanism *m, enum operation_kind kind, const struct object *key)
{
    enum face         face = kind == OPERATION_SIGN ? FACE_PRIVATE : FACE_PUBLIC;
    CK_ATTRIBUTE_TYPE use = kind == OPERATION_SIGN ? CKA_SIGN : CKA_VERIFY;

    if (key->face != face || key->record->family->group != m->group)
        return refuse(CKR_KEY_TYPE_INCONSISTENT, "the mechanism is not for this object");
    if (!object_flag(key, use))
        return refuse(CKR_KEY_FUNCTION_NOT_PERMITTED, "%s is false",
                      kind == OPERATION_SIGN ? "CKA_SIGN" : "CKA_VERIFY");
    return CKR_OK;
}

static CK_RV begin_with_key(struct operation *o, enum operation_kind kind, const CK_MECHANISM *wanted,
                            const struct object *key)
{
    const struct sign_scheme *scheme = o->mechanism->scheme;

    if (scheme == NULL) return refuse(CKR_MECHANISM_INVALID, "mechanism 0x%lx does not sign", wanted->mechanism);
    TRY_CKR(scheme->check_parameter(wanted));
    TRY_CKR(check_key(o->mechanism, kind, key));
    o->key = malloc(sizeof *o->key);
    if (o->key == NULL) return refuse(CKR_HOST_MEMORY, "operation");
    record_reference(o->key, key->record);
    o->needs_login = kind == OPERATION_SIGN && object_flag(key, CKA_ALWAYS_AUTHENTICATE);
    o->message = BUF_INIT(scheme->message_max);
    return CKR_OK;
}

static CK_RV begin_digest(struct operation *o, const CK_MECHANISM *wanted)
{
    if (o->mechanism->digest == DIGEST_NONE)
        return refuse(CKR_MECHANISM_INVALID, "mechanism 0x%lx does not digest", wanted->mechanism);
    if (wanted->ulParameterLen != 0) return refuse(CKR_MECHANISM_PARAM_INVALID, "a digest takes no parameter");
    enum kms_err err = digest_new(&o->digest, o->mechanism->digest);
    return err == KMS_OK ? CKR_OK : ckr_of(err);
}

CK_RV operation_new(struct operation **out, enum operation_kind kind, const CK_MECHANISM *wanted,
                    const struct object *key)
{
    const struct mechanism *mechanism = mechanism_by_type(wanted->mechanism);
    struct operation       *o;

    *out = NULL;
    if (mechanism == NULL) return refuse(CKR_MECHANISM_INVALID, "mechanism 0x%lx", wanted->mechanism);
    o = calloc(1, sizeof *o);
    if (o == NULL) return refuse(CKR_HOST_MEMORY, "operation");
    o->mechanism = mechanism;
    CK_RV rv = kind == OPERATION_DIGEST ? begin_digest(o, wanted) : begin_with_key(o, kind, wanted, key);
    if (rv != CKR_OK) operation_free(&o);
    *out = o;
    return rv;
}

CK_RV operation_update(struct operation **operation, struct bytes part)
{
    struct operation *o = *operation;

    o->in_parts = true;
    if (o->digest != NULL) {
        enum kms_err err = digest_update(o->digest, part);
        return err == KMS_OK ? CKR_OK : end_err(operation, err);
    }
    if (part.len > o->message.max - o->message.len)
        return end(operation, refuse(CKR_DATA_LEN_RANGE, "a message of more than %zu bytes", o->message.max));
    enum kms_err err = buf_append(&o->message, part);
    return err == KMS_OK ? CKR_OK : end_err(operation, err);
}

/* PKCS#11 2.40, 5.2: a length query, or too little room. *answered: nothing more is to be done now. */
static CK_RV check_room(struct output out, size_t need, bool *answered)
{
    CK_ULONG room = *out.len;

    *answered = out.data == NULL || room < need;
    *out.len = need;
    if (out.data != NULL && room < need) return refuse(CKR_BUFFER_TOO_SMALL, "room for %lu bytes of %zu", room, need);
    return CKR_OK;
}

static CK_RV sign_now(struct operation **operation, const struct backend *backend, struct bytes message,
                      struct output out)
{
    struct operation *o = *operation;
    uint8_t           signature[SIGNATURE_LEN_MAX];
    size_t            len = 0;
    bool              answered;

    CK_RV rv = check_room(out, o->mechanism->scheme->signature_len, &answered);
    if (answered) return rv;
    if (o->needs_login)
        return refuse(CKR_USER_NOT_LOGGED_IN, "CKA_ALWAYS_AUTHENTICATE: C_Login with CKU_CONTEXT_SPECIFIC comes first");
    if (message.len > o->mechanism->scheme->message_max)
        return end(operation, refuse(CKR_DATA_LEN_RANGE, "a message of %zu bytes; at most %zu", message.len,
                                     o->mechanism->scheme->message_max));
    enum kms_err err = backend->ops->sign(backend->self, o->key, message, signature, &len);
    if (err == KMS_OK && len != o->mechanism->scheme->signature_len)
        err = fail(KMS_E_INTERNAL, "a signature of %zu bytes", len);
    if (err == KMS_OK) memcpy(out.data, signature, len);
    return end_err(operation, err);
}

CK_RV operation_sign(struct operation **operation, const struct backend *backend, struct bytes message,
                     struct output out)
{
    if ((*operation)->in_parts)
        return end(operation, refuse(CKR_OPERATION_ACTIVE, "C_Sign within a message of several parts"));
    return sign_now(operation, backend, message, out);
}

CK_RV operation_sign_final(struct operation **operation, const struct backend *backend, struct output out)
{
    return sign_now(operation, backend, buf_bytes(&(*operation)->message), out);
}

static CK_RV verify_now(struct operation **operation, struct bytes message, struct bytes signature)
{
    const struct operation   *o = *operation;
    const struct sign_scheme *scheme = o->mechanism->scheme;

    if (signature.len != scheme->signature_len)
        return end(operation, refuse(CKR_SIGNATURE_LEN_RANGE, "a signature of %zu bytes, not %zu", signature.len,
                                     scheme->signature_len));
    return end_err(operation, scheme->verify(o->key, message, signature));
}

CK_RV operation_verify(struct operation **operation, struct bytes message, struct bytes signature)
{
    if ((*operation)->in_parts)
        return end(operation, refuse(CKR_OPERATION_ACTIVE, "C_Verify within a message of several parts"));
    return verify_now(operation, message, signature);
}

CK_RV operation_verify_final(struct operation **operation, struct bytes signature)
{
    return verify_now(operation, buf_bytes(&(*operation)->message), signature);
}

CK_RV operation_digest_final(struct operation **operation, struct output out)
{
    const struct operation *o = *operation;
    bool                    answered;

    CK_RV rv = check_room(out, digest_len(o->mechanism->digest), &answered);
    if (answered) return rv;
    return end_err(operation, digest_final(o->digest, out.data));
}

CK_RV operation_digest(struct operation **operation, struct bytes message, struct output out)
{
    struct operation *o = *operation;
    bool              answered;

    if (o->in_parts) return end(operation, refuse(CKR_OPERATION_ACTIVE, "C_Digest within a message of several parts"));
    CK_RV rv = check_room(out, digest_len(o->mechanism->digest), &answered);
    if (answered) return rv;
    enum kms_err err = digest_update(o->digest, message);
    return err == KMS_OK ? operation_digest_final(operation, out) : end_err(operation, err);
}
