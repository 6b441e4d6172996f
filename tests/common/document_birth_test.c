/* SPDX-License-Identifier: Apache-2.0 */
/* Birth certificates: all n or nothing, each by the node it names, believable as of their date. */
#include "common/base/text.h"
#include "common/document/birth.h"
#include "common/wire/reader.h"
#include "tests/common/document_fixture.h"

#define N 3

struct fixture {
    struct authority        *authority;
    struct credential        nodes[N];
    struct birth_certificate certificate;
};

static void make_key(struct birth_body *b)
{
    const struct prime_group *group = group_by_id(b->group);
    struct scalar             k;
    struct point              p;

    scalar_set_u64(group, &k, 12345);
    group_base_mul(group, &p, &k);
    group_encode(group, b->public_key, &p);
}

static void set_key_id(struct birth_body *b)
{
    birth_key_id(b->key_id, b->cluster, b->request_hash, b->ssid,
                 bytes(b->public_key, group_by_id(b->group)->point_len));
}

static struct birth_body make_body(void)
{
    struct birth_body b = {.cluster = "test",
                           .version = 1,
                           .epoch = 1,
                           .algorithm = 4,
                           .group = GROUP_ED25519,
                           .t = 2,
                           .n = N,
                           .nodes = {"tss1", "tss2", "tss4"},
                           .owner = "spiffe://test/client/app",
                           .authorization = 1,
                           .label = "invoice \xc3\xa4",
                           .created = TEST_NOW};

    make_key(&b);
    memset(b.request_hash, 0x11, 32);
    memset(b.ssid, 0x22, 32);
    set_key_id(&b);
    return b;
}

static void add_signature(struct birth_certificate *c, const struct credential *node)
{
    struct birth_signature *s = &c->signatures[c->count++];

    (void)snprintf(s->node, sizeof s->node, "%s", node->identity.name);
    s->certificate_der = buf_bytes(&node->certificate_der);
    assert_ok(birth_sign(s->signature, &c->body, node));
}

static void begin(struct fixture *f)
{
    *f = (struct fixture){.authority = fixture_authority()};
    f->certificate.body = make_body();
    for (unsigned i = 0; i < N; i++) {
        f->nodes[i] = fixture_party("node", f->certificate.body.nodes[i]);
        add_signature(&f->certificate, &f->nodes[i]);
    }
}

static void end(struct fixture *f)
{
    for (unsigned i = 0; i < N; i++) credential_clear(&f->nodes[i]);
    authority_free(&f->authority);
}

TEST(birth, is_believed_with_all_n_signatures)
{
    struct fixture         f;
    struct identity_cache *cache = NULL;

    begin(&f);
    assert_ok(birth_verify(&f.certificate, f.authority));
    assert_ok(identity_cache_new(&cache, f.authority));
    for (int i = 0; i < 2; i++) assert_ok(birth_verify_cached(&f.certificate, cache));
    for (unsigned i = 0; i < N; i++)
        assert_ok(birth_verify_signature(&f.certificate.body, &f.certificate.signatures[i], f.authority));
    identity_cache_free(&cache);
    end(&f);
}

TEST(birth, names_the_node_that_has_not_signed)
{
    struct fixture f;

    begin(&f);
    f.certificate.signatures[1] = f.certificate.signatures[2];
    f.certificate.count = 2;
    assert_err(KMS_E_SIGNATURE, birth_verify(&f.certificate, f.authority));
    assert_non_null(strstr(error_text(), "tss2"));
    end(&f);
}

TEST(birth, refuses_a_doubled_signer)
{
    struct fixture f;
    BUF_LOCAL      out = BUF_INIT(BIRTH_ENCODED_MAX);

    begin(&f);
    f.certificate.signatures[1] = f.certificate.signatures[0];
    assert_err(KMS_E_FORMAT, birth_verify(&f.certificate, f.authority));
    assert_non_null(strstr(error_text(), "twice by node tss1"));
    assert_err(KMS_E_FORMAT, birth_encode(&out, &f.certificate));
    end(&f);
}

TEST(birth, refuses_a_node_that_it_does_not_name)
{
    struct fixture    f;
    struct credential foreign = fixture_party("node", "tss3");
    BUF_LOCAL         out = BUF_INIT(BIRTH_ENCODED_MAX);

    begin(&f);
    f.certificate.count = 2;
    add_signature(&f.certificate, &foreign);
    assert_err(KMS_E_FORMAT, birth_verify(&f.certificate, f.authority));
    assert_err(KMS_E_FORMAT, birth_encode(&out, &f.certificate));
    assert_err(KMS_E_SIGNATURE, birth_verify_signature(&f.certificate.body, &f.certificate.signatures[2], f.authority));
    credential_clear(&foreign);
    end(&f);
}

/* signs as node 3 with another certificate; must be refused for the certificate's sake. */
static void assert_wrong_signer(struct test_certificate t)
{
    struct fixture    f;
    struct credential wrong = fixture_credential(t);

    begin(&f);
    f.certificate.count = 2;
    add_signature(&f.certificate, &wrong);
    (void)snprintf(f.certificate.signatures[2].node, 33, "tss4");
    assert_err(KMS_E_CERTIFICATE, birth_verify(&f.certificate, f.authority));
    assert_non_null(strstr(error_text(), "tss4"));
    credential_clear(&wrong);
    end(&f);
}

TEST(birth, refuses_certificates_of_others)
{
    assert_wrong_signer((struct test_certificate){.san = "URI:spiffe://test/node/tss3"});
    assert_wrong_signer((struct test_certificate){.san = "URI:spiffe://test/gateway/tss4"});
    assert_wrong_signer((struct test_certificate){.san = "URI:spiffe://test/operator/tss4"});
    assert_wrong_signer((struct test_certificate){.san = "URI:spiffe://test/node/tss4", .ca = 1});
    assert_wrong_signer((struct test_certificate){.san = "URI:spiffe://other/node/tss4"});
    assert_wrong_signer((struct test_certificate){.san = "URI:spiffe://test/node/tss4", .to = TEST_NOW - 1});
    assert_wrong_signer((struct test_certificate){.san = "URI:spiffe://test/node/tss4", .from = TEST_NOW + 1});
}

TEST(birth, stays_believable_when_a_nodes_certificate_has_expired)
{
    struct fixture    f;
    struct credential brief =
        fixture_credential((struct test_certificate){.san = "URI:spiffe://test/node/tss4", .to = TEST_NOW + 1});
    struct identity id;

    begin(&f);
    f.certificate.count = 2;
    add_signature(&f.certificate, &brief);
    assert_err(KMS_E_CERTIFICATE, identity_verify(&id, f.authority, buf_bytes(&brief.certificate_der), TEST_NOW + 2));
    assert_ok(birth_verify(&f.certificate, f.authority));
    credential_clear(&brief);
    end(&f);
}

TEST(birth, refuses_every_flipped_bit_of_the_encoding)
{
    struct fixture           f;
    BUF_LOCAL                encoded = BUF_INIT(BIRTH_ENCODED_MAX);
    struct birth_certificate decoded;

    begin(&f);
    assert_ok(birth_encode(&encoded, &f.certificate));
    for (size_t i = 0; i < encoded.len; i += 1 + i % 3) {
        encoded.data[i] ^= (uint8_t)(1 << i % 8);
        enum kms_err err = birth_decode(&decoded, buf_bytes(&encoded));
        if (err == KMS_OK) err = birth_verify(&decoded, f.authority);
        assert_int_not_equal(err, KMS_OK);
        encoded.data[i] ^= (uint8_t)(1 << i % 8);
    }
    assert_ok(birth_decode(&decoded, buf_bytes(&encoded)));
    assert_ok(birth_verify(&decoded, f.authority));
    end(&f);
}

TEST(birth, has_one_encoding_whatever_order_signatures_arrive_in)
{
    struct fixture         f;
    BUF_LOCAL              first = BUF_INIT(BIRTH_ENCODED_MAX);
    BUF_LOCAL              second = BUF_INIT(BIRTH_ENCODED_MAX);
    struct birth_signature swap;

    begin(&f);
    assert_ok(birth_encode(&first, &f.certificate));
    swap = f.certificate.signatures[0];
    f.certificate.signatures[0] = f.certificate.signatures[2];
    f.certificate.signatures[2] = swap;
    assert_ok(birth_encode(&second, &f.certificate));
    assert_true(bytes_equal(buf_bytes(&first), buf_bytes(&second)));
    end(&f);
}

TEST(birth, decodes_to_what_was_encoded)
{
    struct fixture           f;
    struct birth_certificate decoded;

    begin(&f);
    for (unsigned count = 1; count <= N; count++) {
        BUF_LOCAL first = BUF_INIT(BIRTH_ENCODED_MAX);
        BUF_LOCAL second = BUF_INIT(BIRTH_ENCODED_MAX);
        BUF_LOCAL pem = BUF_INIT(2 * BIRTH_ENCODED_MAX);
        BUF_LOCAL binary = BUF_INIT(BIRTH_ENCODED_MAX);
        f.certificate.count = count;
        assert_ok(birth_encode(&first, &f.certificate));
        assert_ok(birth_decode(&decoded, buf_bytes(&first)));
        assert_int_equal(decoded.count, count);
        assert_ok(birth_encode(&second, &decoded));
        assert_true(bytes_equal(buf_bytes(&first), buf_bytes(&second)));
        assert_ok(birth_encode_pem(&pem, &f.certificate));
        assert_ok(birth_decode_pem(&binary, buf_bytes(&pem)));
        assert_true(bytes_equal(buf_bytes(&first), buf_bytes(&binary)));
    }
    end(&f);
}

TEST(birth, refuses_cut_and_extended_bytes)
{
    struct fixture           f;
    BUF_LOCAL                encoded = BUF_INIT(BIRTH_ENCODED_MAX);
    struct birth_certificate decoded;

    begin(&f);
    assert_ok(birth_encode(&encoded, &f.certificate));
    for (size_t len = 0; len < encoded.len; len++)
        assert_err(KMS_E_FORMAT, birth_decode(&decoded, bytes(encoded.data, len)));
    assert_ok(buf_append_str(&encoded, "x"));
    assert_err(KMS_E_FORMAT, birth_decode(&decoded, buf_bytes(&encoded)));
    assert_int_equal(decoded.count, 0);
    end(&f);
}
