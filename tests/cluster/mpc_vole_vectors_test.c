/* SPDX-License-Identifier: Apache-2.0 */
/* Every byte of both messages and every result, as an independent model computes them: tests/vectors/vole_model.mjs. */
#include "cluster/mpc/vole.h"
#include "common/base/text.h"
#include "common/crypto/hash.h"
#include "common/wire/json.h"
#include "tests/cluster/mpc_ot_fixture.h"

#define LEN_MAX SCALAR_LEN_MAX

static struct pprf_full      seeds_bob;
static struct pprf_punctured seeds_alice;
static struct ot_rows        v[VOLE_ROWS(LEN_MAX, 1)], w[VOLE_ROWS(LEN_MAX, 1)];
static uint8_t               choices[VOLE_CHOICES_LEN(LEN_MAX, 1)];
static uint8_t               message_1[VOLE_MESSAGE_1_LEN(LEN_MAX, 1)], message_2[VOLE_MESSAGE_2_LEN(LEN_MAX)];

/* SHA-256(label || counter), block after block. */
struct stream {
    struct rng  rng;
    const char *label;
    size_t      at;
};

static enum kms_err fill(void *self, void *out, size_t len)
{
    struct stream *s = (struct stream *)self;

    for (size_t i = 0; i < len; i++, s->at++) {
        uint8_t in[16] = {0}, block[32];
        size_t  label_len = strlen(s->label);
        memcpy(in, s->label, label_len);
        in[label_len + 3] = (uint8_t)(s->at / 32);
        sha256(block, bytes(in, label_len + 4));
        ((uint8_t *)out)[i] = block[s->at % 32];
    }
    return KMS_OK;
}

static void stream_init(struct stream *s, const char *label)
{
    *s = (struct stream){{fill, s}, label, 0};
}

static void deal_seeds(void)
{
    uint8_t digest[32];

    sha256(digest, bytes_str("delta"));
    memcpy(seeds_alice.delta, digest, OT_BLOCK);
    for (uint8_t t = 0; t < PPRF_TREES; t++)
        for (uint8_t x = 0; x < PPRF_LEAVES; x++) {
            uint8_t  in[] = {'l', 'e', 'a', 'f', t, x};
            unsigned z = x ^ ot_fixture_missing(seeds_alice.delta, t);
            sha256(digest, BYTES_OF(in));
            memcpy(seeds_bob.leaf[t][x], digest, OT_BLOCK);
            if (z != 0) memcpy(seeds_alice.leaf[t][z], digest, OT_BLOCK);
        }
}

static void assert_hex(struct json_object *o, const char *name, struct bytes got)
{
    const char *expected;
    uint8_t     decoded[SCALAR_LEN_MAX];

    assert_ok(json_get_text(o, name, 2 * sizeof decoded, NULL, &expected));
    assert_ok(hex_decode(decoded, got.len, bytes_str(expected)));
    assert_memory_equal(got.data, decoded, got.len);
}

static void assert_hash(struct json_object *o, const char *name, const uint8_t *message, size_t len)
{
    uint8_t digest[32];

    sha256(digest, bytes(message, len));
    assert_hex(o, name, BYTES_OF(digest));
}

static void assert_scalar(struct json_object *o, const char *name, const struct prime_group *g, const struct scalar *x)
{
    uint8_t encoded[SCALAR_LEN_MAX];

    scalar_encode(g, encoded, x);
    assert_hex(o, name, bytes(encoded, g->scalar_len));
}

static void run(struct json_object *o, const struct prime_group *g)
{
    uint8_t         ssid[32], digest[32];
    struct vole     p = {g, {ssid, 1, 2}, 1};
    struct vole_bob bob = {choices, v};
    struct stream   from_bob, from_alice;
    struct scalar   a[VOLE_INPUTS], b, c[VOLE_INPUTS], d[VOLE_INPUTS];

    stream_init(&from_bob, "bob");
    stream_init(&from_alice, "alice");
    sha256(ssid, bytes_str("ssid"));
    for (unsigned i = 0; i < VOLE_INPUTS; i++) {
        sha256(digest, bytes_str(i == 0 ? "a1" : "a2"));
        scalar_reduce_bytes(g, &a[i], BYTES_OF(digest));
    }
    assert_ok(vole_bob_start(&bob, &b, message_1, &(struct vole_start){&p, &seeds_bob, &from_bob.rng}));
    assert_hash(o, "message_1", message_1, VOLE_MESSAGE_1_LEN(g->scalar_len, 1));
    assert_scalar(o, "b", g, &b);
    assert_ok(vole_alice_start(w, &p, &seeds_alice, message_1));
    struct vole_multiply m = {&p, 0, seeds_alice.delta, w, &from_alice.rng};
    assert_ok(vole_alice_multiply(c, message_2, &m, a));
    assert_hash(o, "message_2", message_2, VOLE_MESSAGE_2_LEN(g->scalar_len));
    assert_ok(vole_bob_finish(d, &bob, &p, 0, message_2));
    assert_scalar(o, "c1", g, &c[0]);
    assert_scalar(o, "c2", g, &c[1]);
    assert_scalar(o, "d1", g, &d[0]);
    assert_scalar(o, "d2", g, &d[1]);
}

TEST(vole_vectors, every_curve_agrees_with_the_model)
{
    static const enum group_id groups[] = {GROUP_SECP256K1, GROUP_P256, GROUP_P384, GROUP_P521};
    BUF_LOCAL                  text = BUF_INIT(100000);
    JSON_LOCAL                *document = NULL;
    struct json_object         all, one;

    deal_seeds();
    test_read_file(&text, "vectors/vole.json");
    assert_ok(json_parse(&document, buf_bytes(&text)));
    assert_ok(json_object_begin(&all, document, "vectors"));
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        const struct prime_group *g = group_by_id(groups[i]);
        const cJSON              *item;
        assert_ok(json_get_object(&all, g->name, &item));
        assert_ok(json_object_begin(&one, item, g->name));
        run(&one, g);
        assert_ok(json_object_end(&one));
    }
    assert_ok(json_object_end(&all));
}
