/* SPDX-License-Identifier: Apache-2.0 */
/* Birth certificates with some signatures in, one with all of them out. */
#include "cluster/coordinator/births.h"

#include "common/document/policy.h"

void birth_book_init(struct birth_book *b)
{
    *b = (struct birth_book){.encoded = BUF_INIT(BIRTH_BODY_MAX)};
    for (unsigned i = 0; i < BIRTH_HOLDERS_MAX; i++) b->certificates[i] = BUF_INIT(CERTIFICATE_MAX);
}

void birth_book_clear(struct birth_book *b)
{
    buf_clear(&b->encoded);
    for (unsigned i = 0; i < BIRTH_HOLDERS_MAX; i++) buf_clear(&b->certificates[i]);
    b->have = 0;
}

unsigned birth_book_count(const struct birth_book *b)
{
    return (unsigned)__builtin_popcount(b->have);
}

bool birth_book_is_complete(const struct birth_book *b)
{
    return b->encoded.len > 0 && birth_book_count(b) == b->body.n;
}

static RESULT check_expected(const struct birth_body *b, const struct birth_expected *e)
{
    uint8_t policy[32];

    policy_builtin_hash(policy);
    if (strcmp(b->cluster, e->cluster) != 0 || strcmp(b->owner, e->owner) != 0 || strcmp(b->label, e->label) != 0)
        return fail(KMS_E_MISMATCH, "a birth certificate for another cluster, owner or label");
    if (b->group != e->group || b->algorithm != e->algorithm || b->t != e->t || b->n != e->n)
        return fail(KMS_E_MISMATCH, "a birth certificate for another kind of key (%u of %u)", b->t, b->n);
    if (b->version != 1 || b->epoch != 1 || b->authorization != 1 || memcmp(b->policy_hash, policy, sizeof policy) != 0)
        return fail(KMS_E_MISMATCH, "a birth certificate with another version, epoch or policy");
    if (memcmp(b->request_hash, e->request_hash, 32) != 0)
        return fail(KMS_E_MISMATCH, "a birth certificate for another request");
    return KMS_OK;
}

static unsigned holder_of(const struct birth_body *body, const char *node)
{
    unsigned i = 0;

    while (i < body->n && strcmp(body->nodes[i], node) != 0) i++;
    return i;
}

static RESULT add_signature(struct birth_book *b, const struct birth_signature *s, const struct authority *authority)
{
    unsigned i = holder_of(&b->body, s->node);

    if (i >= b->body.n) return fail(KMS_E_MISMATCH, "a birth certificate signed by a node that is no holder");
    if ((b->have >> i & 1) != 0) return KMS_OK;
    TRY(birth_verify_signature(&b->body, s, authority));
    buf_clear(&b->certificates[i]);
    TRY(buf_append(&b->certificates[i], s->certificate_der));
    memcpy(b->signatures[i], s->signature, sizeof s->signature);
    b->have |= UINT32_C(1) << i;
    return KMS_OK;
}

RESULT birth_book_add(struct birth_book *b, struct bytes certificate, const struct birth_expected *expected,
                      const struct authority *authority)
{
    struct birth_certificate in;
    BUF_LOCAL                body = BUF_INIT(BIRTH_BODY_MAX);

    TRY(birth_decode(&in, certificate));
    TRY(check_expected(&in.body, expected));
    TRY(birth_body_encode(&body, &in.body));
    if (!bytes_equal(buf_bytes(&body), buf_bytes(&b->encoded))) {
        if (in.count <= birth_book_count(b)) return fail(KMS_E_CONFLICT, "a node is at work on another birth");
        for (unsigned i = 0; i < in.count; i++) TRY(birth_verify_signature(&in.body, &in.signatures[i], authority));
        birth_book_clear(b);
        TRY(buf_append(&b->encoded, buf_bytes(&body)));
        b->body = in.body;
    }
    for (unsigned i = 0; i < in.count; i++) TRY(add_signature(b, &in.signatures[i], authority));
    return KMS_OK;
}

RESULT birth_book_finish(const struct birth_book *b, struct buf *out, const struct authority *authority)
{
    struct birth_certificate all = {.body = b->body, .count = b->body.n};

    for (unsigned i = 0; i < b->body.n; i++) {
        memcpy(all.signatures[i].node, b->body.nodes[i], sizeof all.signatures[i].node);
        memcpy(all.signatures[i].signature, b->signatures[i], sizeof all.signatures[i].signature);
        all.signatures[i].certificate_der = buf_bytes(&b->certificates[i]);
    }
    TRY(birth_verify(&all, authority));
    return birth_encode(out, &all);
}
