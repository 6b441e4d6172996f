/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a birth certificate: every field in its range, and a keyId that follows from it. */
#include "common/document/birth.h"
#include "tests/support/test.h"

static void set_key(struct birth_body *b)
{
    const struct prime_group *group = group_by_id(b->group);
    struct scalar             k;
    struct point              p;

    scalar_set_u64(group, &k, 99);
    group_base_mul(group, &p, &k);
    memset(b->public_key, 0, sizeof b->public_key);
    group_encode(group, b->public_key, &p);
    birth_key_id(b->key_id, b->cluster, b->request_hash, b->ssid, bytes(b->public_key, group->point_len));
}

static struct birth_body make_body(void)
{
    struct birth_body b = {.cluster = "test",
                           .version = 1,
                           .epoch = 1,
                           .algorithm = 4,
                           .group = GROUP_ED25519,
                           .t = 2,
                           .n = 3,
                           .nodes = {"tss1", "tss2", "tss3"},
                           .owner = "spiffe://test/client/app",
                           .authorization = 1,
                           .label = "label",
                           .created = 1800000000};

    set_key(&b);
    return b;
}

TEST(birth_body, decodes_to_what_was_encoded)
{
    struct birth_body b = make_body(), decoded;
    BUF_LOCAL         first = BUF_INIT(BIRTH_BODY_MAX);
    BUF_LOCAL         second = BUF_INIT(BIRTH_BODY_MAX);

    assert_ok(birth_body_encode(&first, &b));
    assert_ok(birth_body_decode(&decoded, buf_bytes(&first)));
    assert_string_equal(decoded.key_id, b.key_id);
    assert_string_equal(decoded.nodes[2], "tss3");
    assert_int_equal(decoded.created, b.created);
    assert_ok(birth_body_encode(&second, &decoded));
    assert_true(bytes_equal(buf_bytes(&first), buf_bytes(&second)));
}

TEST(birth_body, holds_16_nodes_a_secp256k1_key_and_a_full_label)
{
    struct birth_body b = make_body(), decoded;
    BUF_LOCAL         out = BUF_INIT(BIRTH_BODY_MAX);

    b.group = GROUP_SECP256K1;
    b.algorithm = 1;
    b.n = b.t = 16;
    for (unsigned i = 0; i < b.n; i++) {
        memset(b.nodes[i], 'a' + (int)i, PARTY_NAME_MAX);
        b.nodes[i][PARTY_NAME_MAX] = '\0';
    }
    memset(b.label, 'x', LABEL_MAX);
    b.label[LABEL_MAX] = '\0';
    set_key(&b);
    assert_ok(birth_body_encode(&out, &b));
    assert_ok(birth_body_decode(&decoded, buf_bytes(&out)));
    assert_string_equal(decoded.label, b.label);
}

TEST(birth_body, key_id_is_32_characters_and_depends_on_everything)
{
    struct birth_body b = make_body();
    uint8_t           zero[32] = {0}, one[32] = {1};
    struct bytes      key = bytes(b.public_key, 32);
    char              id[KEY_ID_LEN + 1], other[KEY_ID_LEN + 1];

    birth_key_id(id, "test", zero, zero, key);
    assert_int_equal(strlen(id), 32);
    assert_int_equal(strspn(id, "abcdefghijklmnopqrstuvwxyz234567"), 32);
    birth_key_id(other, "tesu", zero, zero, key);
    assert_string_not_equal(id, other);
    birth_key_id(other, "test", one, zero, key);
    assert_string_not_equal(id, other);
    birth_key_id(other, "test", zero, one, key);
    assert_string_not_equal(id, other);
    birth_key_id(other, "test", zero, zero, BYTES_OF(one));
    assert_string_not_equal(id, other);
}

static void spoil(struct birth_body *b, unsigned step)
{
    switch (step) {
    case 0:
        b->cluster[0] = '/';
        break;
    case 1:
        b->key_id[0] = b->key_id[0] == 'a' ? 'b' : 'a';
        break;
    case 2:
        b->version = 2;
        break;
    case 3:
        b->epoch = 0;
        break;
    case 4:
        b->algorithm = 0;
        break;
    case 5:
        b->algorithm = 6;
        break;
    case 6:
        b->algorithm = 1;
        break; /* GG18 on Ed25519 */
    case 7:
        b->group = GROUP_NONE;
        break;
    case 8:
        b->group = (enum group_id)77;
        break;
    case 9:
        b->t = 1;
        break;
    case 10:
        b->t = 4;
        break;
    case 11:
        b->n = 17;
        break;
    case 12:
        memcpy(b->nodes[1], "tss1", 5);
        break;
    case 13:
        memcpy(b->nodes[0], "tss9", 5);
        break;
    case 14:
        b->nodes[0][0] = '\0';
        break;
    case 15:
        memset(b->public_key, 0, sizeof b->public_key);
        break;
    case 16:
        memcpy(b->owner, "spiffe://test/operator/app", 27);
        break;
    case 17:
        memcpy(b->owner, "spiffe://tesu/client/app", 25);
        break;
    case 18:
        b->owner[0] = '\0';
        break;
    case 19:
        b->authorization = 2;
        break;
    case 20:
        b->label[0] = '\n';
        break;
    case 21:
        b->created = 0;
        break;
    case 22:
        b->ssid[0] ^= 1;
        break;
    case 23:
        b->request_hash[31] ^= 1;
        break;
    default:
        b->created = -1;
        break;
    }
}

TEST(birth_body, refuses_each_field_outside_its_range)
{
    BUF_LOCAL out = BUF_INIT(BIRTH_BODY_MAX);

    for (unsigned step = 0; step <= 24; step++) {
        struct birth_body b = make_body();
        spoil(&b, step);
        enum kms_err err = birth_body_encode(&out, &b);
        if (err != KMS_E_ARGUMENT) fail_msg("step %u: %s", step, error_name(err));
    }
    assert_int_equal(out.len, 0);
}

TEST(birth_body, refuses_or_changes_with_every_flipped_bit)
{
    struct birth_body b = make_body(), decoded;
    BUF_LOCAL         encoded = BUF_INIT(BIRTH_BODY_MAX);

    assert_ok(birth_body_encode(&encoded, &b));
    for (size_t i = 0; i < encoded.len * 8; i++) {
        encoded.data[i / 8] ^= (uint8_t)(1 << i % 8);
        BUF_LOCAL again = BUF_INIT(BIRTH_BODY_MAX);
        if (birth_body_decode(&decoded, buf_bytes(&encoded)) == KMS_OK) {
            assert_ok(birth_body_encode(&again, &decoded));
            assert_true(bytes_equal(buf_bytes(&encoded), buf_bytes(&again)));
        }
        encoded.data[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    for (size_t len = 0; len < encoded.len; len++)
        assert_err(KMS_E_FORMAT, birth_body_decode(&decoded, bytes(encoded.data, len)));
}
