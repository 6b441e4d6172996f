/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Birth certificates: the signatures over the body. Encoded in the order of the body's nodes, so the same set of
 * signatures has one encoding, whatever order they arrived in.
 */
#include "common/document/birth.h"

#include "common/crypto/ed25519.h"
#include "common/crypto/hash.h"
#include "common/document/armor.h"
#include "common/wire/reader.h"
#include "common/wire/writer.h"

#define MAGIC "KBC1"
#define LABEL "KMS BIRTH CERTIFICATE"

static enum kms_err body_hash(uint8_t out[32], const struct birth_body *body)
{
    BUF_LOCAL encoded = BUF_INIT(BIRTH_BODY_MAX);

    TRY(birth_body_encode(&encoded, body));
    const struct bytes item = buf_bytes(&encoded);
    hash_items(out, TAG_BIRTH, &item, 1);
    return KMS_OK;
}

RESULT birth_sign(uint8_t signature[64], const struct birth_body *body, const struct credential *node)
{
    uint8_t hash[32];

    TRY(body_hash(hash, body));
    return credential_sign(signature, node, BYTES_OF(hash));
}

static const struct birth_signature *signature_of(const struct birth_certificate *c, const char *node)
{
    for (unsigned i = 0; i < c->count; i++)
        if (strcmp(c->signatures[i].node, node) == 0) return &c->signatures[i];
    return NULL;
}

static bool is_holder(const struct birth_body *body, const char *node)
{
    for (unsigned i = 0; i < body->n; i++)
        if (strcmp(body->nodes[i], node) == 0) return true;
    return false;
}

/* Only nodes of the body, each once. */
static enum kms_err check_signers(const struct birth_certificate *c)
{
    if (c->count < 1 || c->count > c->body.n)
        return fail(KMS_E_FORMAT, "a birth certificate with %u signatures of %u nodes", c->count, c->body.n);
    for (unsigned i = 0; i < c->count; i++) {
        const struct birth_signature *s = &c->signatures[i];
        if (!is_holder(&c->body, s->node))
            return fail(KMS_E_FORMAT, "a birth certificate signed by a node that it does not name");
        if (signature_of(c, s->node) != s)
            return fail(KMS_E_FORMAT, "a birth certificate signed twice by node %s", s->node);
    }
    return KMS_OK;
}

static void write_signature(struct writer *w, const struct birth_signature *s)
{
    if (s->certificate_der.len == 0 || s->certificate_der.len > CERTIFICATE_MAX) w->failed = true;
    writer_text(w, s->node);
    writer_block(w, s->certificate_der);
    writer_raw(w, BYTES_OF(s->signature));
}

RESULT birth_encode(struct buf *out, const struct birth_certificate *c)
{
    struct writer w = writer_to(out);
    BUF_LOCAL     body = BUF_INIT(BIRTH_BODY_MAX);

    TRY(birth_body_encode(&body, &c->body));
    TRY(check_signers(c));
    writer_raw(&w, bytes_str(MAGIC));
    writer_block(&w, buf_bytes(&body));
    writer_u16(&w, (uint16_t)c->count);
    for (unsigned i = 0; i < c->body.n; i++) {
        const struct birth_signature *s = signature_of(c, c->body.nodes[i]);
        if (s != NULL) write_signature(&w, s);
    }
    return writer_end(&w, "birth certificate");
}

static void read_signatures(struct birth_certificate *out, struct reader *r)
{
    out->count = reader_u16(r);
    if (out->count > BIRTH_HOLDERS_MAX) {
        out->count = 0;
        reader_refuse(r);
    }
    for (unsigned i = 0; i < out->count; i++) {
        struct birth_signature *s = &out->signatures[i];
        reader_text(r, s->node, PARTY_NAME_MAX);
        s->certificate_der = reader_block(r, CERTIFICATE_MAX);
        reader_copy(r, s->signature, sizeof s->signature);
        bool sorted = i == 0 || strcmp(out->signatures[i - 1].node, s->node) < 0;
        if (!sorted || s->certificate_der.len == 0) reader_refuse(r);
    }
}

static enum kms_err decode(struct birth_certificate *out, struct bytes in)
{
    struct reader r = reader_of(in);

    if (!bytes_equal_str(reader_view(&r, strlen(MAGIC)), MAGIC)) reader_refuse(&r);
    struct bytes body = reader_block(&r, BIRTH_BODY_MAX);
    read_signatures(out, &r);
    TRY(reader_end(&r, "birth certificate"));
    TRY(birth_body_decode(&out->body, body));
    return check_signers(out);
}

RESULT birth_decode(struct birth_certificate *out, struct bytes in)
{
    *out = (struct birth_certificate){0};
    enum kms_err err = decode(out, in);
    if (err != KMS_OK) *out = (struct birth_certificate){0};
    return err;
}

RESULT birth_encode_pem(struct buf *out, const struct birth_certificate *c)
{
    BUF_LOCAL binary = BUF_INIT(BIRTH_ENCODED_MAX);

    TRY(birth_encode(&binary, c));
    return armor_encode(out, LABEL, buf_bytes(&binary));
}

RESULT birth_decode_pem(struct buf *der_out, struct bytes pem)
{
    return armor_decode(der_out, LABEL, pem);
}

/* Who judges certificates: the cache if there is one, else the authority. */
struct judge {
    const struct authority *authority;
    struct identity_cache  *cache;
};

static enum kms_err judge_certificate(struct identity *out, const struct judge *judge, struct bytes der, int64_t at_s)
{
    if (judge->cache != NULL) return identity_cache_verify(judge->cache, out, der, at_s);
    return identity_verify(out, judge->authority, der, at_s);
}

static enum kms_err verify_one(const struct birth_body *body, const uint8_t hash[32], const struct birth_signature *s,
                               const struct judge *judge)
{
    struct identity node;

    if (!is_holder(body, s->node))
        return fail(KMS_E_SIGNATURE, "key %s: signed by a node that it does not name", body->key_id);
    TRY_AT(judge_certificate(&node, judge, s->certificate_der, body->created), "key %s, node %s", body->key_id,
           s->node);
    if (node.role != ROLE_NODE || strcmp(node.name, s->node) != 0 || strcmp(node.cluster, body->cluster) != 0)
        return fail(KMS_E_CERTIFICATE, "key %s: the signature of node %s comes with the certificate of %s",
                    body->key_id, s->node, node.uri);
    TRY_AT(ed25519_verify_vartime(s->signature, node.public_key, bytes(hash, 32)),
           "key %s: birth certificate by node %s", body->key_id, s->node);
    return KMS_OK;
}

static enum kms_err verify_all(const struct birth_certificate *c, const struct judge *judge)
{
    uint8_t hash[32];

    TRY(body_hash(hash, &c->body));
    TRY(check_signers(c));
    for (unsigned i = 0; i < c->body.n; i++) {
        const struct birth_signature *s = signature_of(c, c->body.nodes[i]);
        if (s == NULL)
            return fail(KMS_E_SIGNATURE, "key %s: node %s has not signed the birth certificate", c->body.key_id,
                        c->body.nodes[i]);
        TRY(verify_one(&c->body, hash, s, judge));
    }
    return KMS_OK;
}

RESULT birth_verify_signature(const struct birth_body *body, const struct birth_signature *s,
                              const struct authority *authority)
{
    uint8_t            hash[32];
    const struct judge judge = {.authority = authority};

    TRY(body_hash(hash, body));
    return verify_one(body, hash, s, &judge);
}

RESULT birth_verify(const struct birth_certificate *c, const struct authority *authority)
{
    const struct judge judge = {.authority = authority};

    return verify_all(c, &judge);
}

RESULT birth_verify_cached(const struct birth_certificate *c, struct identity_cache *cache)
{
    const struct judge judge = {.cache = cache};

    return verify_all(c, &judge);
}
