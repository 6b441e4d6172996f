/* SPDX-License-Identifier: Apache-2.0 */
/* Statements: encoding, signature, check. */
#include "common/document/statement.h"

#include "common/crypto/ed25519.h"
#include "common/crypto/hash.h"
#include "common/document/armor.h"
#include "common/wire/reader.h"
#include "common/wire/writer.h"

#define MAGIC "KST1"
#define LABEL "KMS STATEMENT"

static const char *statement_fault(const struct statement *s)
{
    if (s->type != STATEMENT_ROSTER) return "an unknown type";
    if (s->subject[0] == '\0' || strlen(s->subject) >= sizeof s->subject) return "no subject, or one that is too long";
    for (const char *c = s->subject; *c != '\0'; c++)
        if (*c < 0x21 || *c > 0x7e) return "a subject that is not visible ASCII";
    if (s->sequence < 1) return "the sequence number 0";
    if (s->created < 1) return "no date";
    if (s->payload.len > STATEMENT_PAYLOAD_MAX) return "a payload that is too large";
    if (s->certificate_der.len == 0 || s->certificate_der.len > CERTIFICATE_MAX)
        return "no certificate, or one that is too large";
    return NULL;
}

static void signed_hash(uint8_t out[32], const struct statement *s)
{
    struct hash h;

    hash_begin(&h, TAG_STATEMENT, 5);
    hash_item_u16(&h, (uint16_t)s->type);
    hash_item(&h, bytes_str(s->subject));
    hash_item_u64(&h, s->sequence);
    hash_item_u64(&h, (uint64_t)s->created);
    hash_item(&h, s->payload);
    hash_end(&h, out);
}

RESULT statement_sign(struct statement *s, const struct credential *c)
{
    uint8_t hash[32];

    s->certificate_der = buf_bytes(&c->certificate_der);
    const char *fault = statement_fault(s);
    if (fault != NULL) return fail(KMS_E_ARGUMENT, "a statement with %s", fault);
    signed_hash(hash, s);
    return credential_sign(s->signature, c, BYTES_OF(hash));
}

RESULT statement_encode(struct buf *out, const struct statement *s)
{
    struct writer w = writer_to(out);
    const char   *fault = statement_fault(s);

    if (fault != NULL) return fail(KMS_E_ARGUMENT, "a statement with %s", fault);
    writer_raw(&w, bytes_str(MAGIC));
    writer_u16(&w, (uint16_t)s->type);
    writer_text(&w, s->subject);
    writer_u64(&w, s->sequence);
    writer_u64(&w, (uint64_t)s->created);
    writer_block(&w, s->payload);
    writer_block(&w, s->certificate_der);
    writer_raw(&w, BYTES_OF(s->signature));
    return writer_end(&w, "statement");
}

static void read_fields(struct statement *out, struct reader *r)
{
    if (!bytes_equal_str(reader_view(r, strlen(MAGIC)), MAGIC)) reader_refuse(r);
    out->type = (enum statement_type)reader_u16(r);
    reader_text(r, out->subject, sizeof out->subject - 1);
    out->sequence = reader_u64(r);
    out->created = (int64_t)reader_u64(r);
    out->payload = reader_block(r, STATEMENT_PAYLOAD_MAX);
    out->certificate_der = reader_block(r, CERTIFICATE_MAX);
    reader_copy(r, out->signature, sizeof out->signature);
}

RESULT statement_decode(struct statement *out, struct bytes in)
{
    struct reader r = reader_of(in);

    *out = (struct statement){0};
    read_fields(out, &r);
    enum kms_err err = reader_end(&r, "statement");
    const char  *fault = err == KMS_OK ? statement_fault(out) : NULL;
    if (fault != NULL) err = fail(KMS_E_FORMAT, "a statement with %s", fault);
    if (err != KMS_OK) *out = (struct statement){0};
    return err;
}

RESULT statement_encode_pem(struct buf *out, const struct statement *s)
{
    BUF_LOCAL binary = BUF_INIT(STATEMENT_ENCODED_MAX);

    TRY(statement_encode(&binary, s));
    return armor_encode(out, LABEL, buf_bytes(&binary));
}

RESULT statement_decode_pem(struct buf *binary_out, struct bytes pem)
{
    return armor_decode(binary_out, LABEL, pem);
}

RESULT statement_verify(const struct statement *s, const struct authority *authority, enum role role,
                        struct identity *signer)
{
    uint8_t     hash[32];
    const char *fault = statement_fault(s);

    *signer = (struct identity){0};
    if (fault != NULL) return fail(KMS_E_FORMAT, "a statement with %s", fault);
    struct identity found;
    TRY_AT(identity_verify(&found, authority, s->certificate_der, s->created), "signer of the statement on %s",
           s->subject);
    if (found.role != role)
        return fail(KMS_E_DENIED, "the statement on %s is signed by %s, not by %s %s", s->subject, found.uri,
                    role == ROLE_OPERATOR || role == ROLE_AUDITOR ? "an" : "a", role_name(role));
    signed_hash(hash, s);
    TRY_AT(ed25519_verify_vartime(s->signature, found.public_key, BYTES_OF(hash)), "statement on %s by %s", s->subject,
           found.uri);
    *signer = found;
    return KMS_OK;
}
