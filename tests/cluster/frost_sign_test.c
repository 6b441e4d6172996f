/* SPDX-License-Identifier: Apache-2.0 */
/* FROST step by step: the vectors of RFC 9591 appendix E.1, single use of nonces, and plain Ed25519 verifiers. */
#include <openssl/evp.h>
#include <sodium.h>

#include "cluster/frost/frost.h"
#include "cluster/frost/sign_internal.h"
#include "cluster/frost/suites.h"
#include "common/base/text.h"
#include "common/wire/json.h"
#include "tests/support/test.h"

/* --- the vectors --- */

struct vector_signer {
    party               self;
    struct key_share    key;
    struct frost_memory memory;
    const cJSON        *round_one, *share;
};

struct vector {
    cJSON               *json; /* owned */
    struct key_share     key;
    struct buf           message;
    struct vector_signer signers[2];
};

static const cJSON *at(const cJSON *object, const char *a, const char *b)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, a);

    if (b != NULL) item = cJSON_GetObjectItemCaseSensitive(item, b);
    assert_non_null(item);
    return item;
}

static void hex_of(uint8_t *out, size_t len, const cJSON *item)
{
    assert_non_null(cJSON_GetStringValue(item));
    assert_ok(hex_decode(out, len, bytes_str(cJSON_GetStringValue(item))));
}

static void load_keys(struct vector *v)
{
    uint8_t      raw[32];
    const cJSON *item;

    v->key = (struct key_share){.group = frost_group(), .t = 2, .n = 3, .epoch = 1};
    hex_of(raw, 32, at(v->json, "inputs", "group_public_key"));
    assert_ok(group_decode(frost_group(), &v->key.public_key, BYTES_OF(raw)));
    cJSON_ArrayForEach(item, at(v->json, "inputs", "participant_shares"))
    {
        party i = (party)at(item, "identifier", NULL)->valueint;
        hex_of(raw, 32, at(item, "participant_share", NULL));
        assert_ok(scalar_decode(frost_group(), &v->key.secret_share, BYTES_OF(raw)));
        group_base_mul(frost_group(), &v->key.public_shares[i], &v->key.secret_share);
        for (unsigned k = 0; k < 2; k++) {
            if (v->signers[k].self != i) continue;
            v->signers[k].key.secret_share = v->key.secret_share;
        }
    }
    for (unsigned k = 0; k < 2; k++) {
        struct scalar x = v->signers[k].key.secret_share;
        v->signers[k].key = v->key;
        v->signers[k].key.self = v->signers[k].self;
        v->signers[k].key.secret_share = x;
        assert_ok(key_share_check(&v->signers[k].key));
    }
}

static void load(struct vector *v)
{
    BUF_LOCAL text = BUF_INIT(65536);

    *v = (struct vector){.message = BUF_INIT(64)};
    test_read_file(&text, "vectors/frost-ed25519-sha512.json");
    assert_ok(json_parse(&v->json, buf_bytes(&text)));
    assert_ok(hex_decode_buf(&v->message, bytes_str(cJSON_GetStringValue(at(v->json, "inputs", "message")))));
    for (int k = 0; k < 2; k++) {
        struct vector_signer *s = &v->signers[k];
        s->round_one = cJSON_GetArrayItem(at(v->json, "round_one_outputs", "outputs"), k);
        s->share = cJSON_GetArrayItem(at(v->json, "round_two_outputs", "outputs"), k);
        s->self = (party)at(s->round_one, "identifier", NULL)->valueint;
    }
    load_keys(v);
}

static void vector_clear(struct vector *v)
{
    json_free(&v->json);
    buf_clear(&v->message);
}

static struct frost_task task_of(const struct vector *v, unsigned k)
{
    struct party_set signers = party_set_with(party_set_with(party_set_none(), 1), 3);
    return (struct frost_task){&v->signers[k].key, signers, buf_bytes(&v->message)};
}

/* Both commit with the vector's randomness and hear of each other. */
static void commit_both(struct vector *v)
{
    for (unsigned k = 0; k < 2; k++) {
        uint8_t random[2][NONCE_RANDOM_LEN];
        hex_of(random[0], 32, at(v->signers[k].round_one, "hiding_nonce_randomness", NULL));
        hex_of(random[1], 32, at(v->signers[k].round_one, "binding_nonce_randomness", NULL));
        frost_commit(&v->signers[k].memory, &v->signers[k].key, (const uint8_t(*)[NONCE_RANDOM_LEN])random);
    }
    for (unsigned k = 0; k < 2; k++) {
        party other = v->signers[1 - k].self;
        v->signers[k].memory.commitments[other] = v->signers[1 - k].memory.commitments[other];
    }
}

static void assert_scalar(const struct scalar *s, const cJSON *expected)
{
    uint8_t raw[32], want[32];

    scalar_encode(frost_group(), raw, s);
    hex_of(want, 32, expected);
    assert_memory_equal(raw, want, 32);
}

TEST(rfc9591, nonces_and_commitments_are_those_of_e1)
{
    CLEANUP(vector_clear) struct vector v;
    uint8_t                             want[64];

    load(&v);
    commit_both(&v);
    for (unsigned k = 0; k < 2; k++) {
        struct vector_signer *s = &v.signers[k];
        assert_scalar(&s->memory.nonces.hiding, at(s->round_one, "hiding_nonce", NULL));
        assert_scalar(&s->memory.nonces.binding, at(s->round_one, "binding_nonce", NULL));
        hex_of(want, 32, at(s->round_one, "hiding_nonce_commitment", NULL));
        hex_of(want + 32, 32, at(s->round_one, "binding_nonce_commitment", NULL));
        assert_memory_equal(s->memory.commitments[s->self].encoded, want, 64);
    }
}

TEST(rfc9591, binding_factors_and_signature_shares_are_those_of_e1)
{
    CLEANUP(vector_clear) struct vector v;

    load(&v);
    commit_both(&v);
    for (unsigned k = 0; k < 2; k++) {
        struct vector_signer *s = &v.signers[k];
        struct frost_task     task = task_of(&v, k);
        assert_ok(frost_respond(&s->memory, &task));
        for (unsigned j = 0; j < 2; j++)
            assert_scalar(&s->memory.rho[v.signers[j].self], at(v.signers[j].round_one, "binding_factor", NULL));
        assert_scalar(&s->memory.z_share[s->self], at(s->share, "sig_share", NULL));
    }
}

static void respond_both(struct vector *v)
{
    commit_both(v);
    for (unsigned k = 0; k < 2; k++) {
        struct frost_task task = task_of(v, k);
        assert_ok(frost_respond(&v->signers[k].memory, &task));
    }
    for (unsigned k = 0; k < 2; k++) {
        party other = v->signers[1 - k].self;
        v->signers[k].memory.z_share[other] = v->signers[1 - k].memory.z_share[other];
    }
}

TEST(rfc9591, the_signature_is_that_of_e1_at_both_signers)
{
    CLEANUP(vector_clear) struct vector v;
    uint8_t                             signature[64], want[64];
    struct party_set                    culprits;

    load(&v);
    respond_both(&v);
    hex_of(want, 64, at(v.json, "final_output", "sig"));
    for (unsigned k = 0; k < 2; k++) {
        struct frost_task task = task_of(&v, k);
        assert_ok(frost_aggregate(signature, &culprits, &v.signers[k].memory, &task));
        assert_memory_equal(signature, want, 64);
    }
}

/* --- what must not be --- */

TEST(frost, a_wrong_share_names_its_signer)
{
    CLEANUP(vector_clear) struct vector v;
    uint8_t                             signature[64];
    struct party_set                    culprits;

    load(&v);
    respond_both(&v);
    struct frost_task task = task_of(&v, 0);
    scalar_add(frost_group(), &v.signers[0].memory.z_share[3], &v.signers[0].memory.z_share[3],
               &v.signers[0].memory.challenge);
    assert_err(KMS_E_PROOF, frost_aggregate(signature, &culprits, &v.signers[0].memory, &task));
    assert_int_equal(culprits.mask, 1u << 3);
}

/* check 31: the pair is gone before anything else has happened; there is no second response. */
TEST(check_31, nonces_are_used_once)
{
    CLEANUP(vector_clear) struct vector v;
    static const struct nonce_pair      empty;

    load(&v);
    commit_both(&v);
    struct frost_task task = task_of(&v, 0);
    assert_ok(frost_respond(&v.signers[0].memory, &task));
    assert_memory_equal(&v.signers[0].memory.nonces, &empty, sizeof empty);
    assert_err(KMS_E_STATE, frost_respond(&v.signers[0].memory, &task));
}

/* An impossible peer, whose R_3 cancels this signer's R_1, so that R is the identity. */
TEST(check_31, nonces_are_gone_even_when_the_response_fails)
{
    CLEANUP(vector_clear) struct vector v;
    static const struct nonce_pair      empty;

    load(&v);
    commit_both(&v);
    struct frost_task    task = task_of(&v, 0);
    struct frost_memory *m = &v.signers[0].memory, probe = *m;
    assert_ok(frost_respond(&probe, &task));
    group_negate(frost_group(), &m->commitments[3].D, &probe.R_share[1]);
    group_set_identity(&m->commitments[3].E);

    assert_err(KMS_E_ABORTED, frost_respond(m, &task));
    assert_memory_equal(&m->nonces, &empty, sizeof empty);
}

/* check 35: a key of another curve is refused by the scheme, before a session exists. */
TEST(check_35, the_scheme_is_for_its_own_curve_and_sizes_only)
{
    uint8_t signature[64] = {0}, key[33] = {0};

    assert_true(frost_scheme.supports(GROUP_ED25519));
    assert_false(frost_scheme.supports(GROUP_SECP256K1));
    assert_false(frost_sign_protocol.supports(GROUP_SECP256K1));
    assert_err(KMS_E_UNSUPPORTED,
               frost_scheme.verify(group_by_id(GROUP_SECP256K1), BYTES_OF(signature), BYTES_OF(key), bytes_str("m")));
    assert_err(KMS_E_SIGNATURE,
               frost_scheme.verify(frost_group(), bytes(signature, 63), bytes(key, 32), bytes_str("m")));
    assert_err(KMS_E_SIGNATURE, frost_scheme.verify(frost_group(), BYTES_OF(signature), BYTES_OF(key), bytes_str("m")));
}

static bool openssl_verifies(const uint8_t signature[64], const uint8_t public_key[32], struct bytes message)
{
    EVP_PKEY   *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, 32);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool        good = key != NULL && EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(c, signature, 64, message.data, message.len) == 1;

    EVP_MD_CTX_free(c);
    EVP_PKEY_free(key);
    return good;
}

TEST(frost, its_signatures_are_plain_ed25519_to_openssl_and_libsodium)
{
    CLEANUP(vector_clear) struct vector v;
    uint8_t                             signature[64], X[32];
    struct party_set                    culprits;

    load(&v);
    group_encode(frost_group(), X, &v.key.public_key);
    for (unsigned len = 0; len < 300; len += 37) {
        struct vector run = v;
        uint8_t       message[300];
        memset(message, (int)len, sizeof message);
        run.message = (struct buf){.data = message, .len = len};
        respond_both(&run);
        struct frost_task task = task_of(&run, 0);
        assert_ok(frost_aggregate(signature, &culprits, &run.signers[0].memory, &task));
        assert_true(openssl_verifies(signature, X, bytes(message, len)));
        assert_int_equal(crypto_sign_verify_detached(signature, message, len, X), 0);
        signature[len % 64] ^= 4;
        assert_false(openssl_verifies(signature, X, bytes(message, len)));
    }
}
