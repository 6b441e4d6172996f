/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DKLS23 under every fault at every round, on the simulated network: KMS_DKLS23_RUNS seeded runs, and after each of
 * them the properties of sim_check(). Each signature is verified by OpenSSL as well.
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "tests/protocol/dkls23_fixture.h"

enum { CURVES = 4, SIZES = 3, RUNS = 640 };

static const enum group_id curves[CURVES] = {GROUP_SECP256K1, GROUP_P256, GROUP_P384, GROUP_P521};
static const struct {
    unsigned t, n;
} sizes[SIZES] = {{2, 2}, {2, 3}, {3, 5}};

static struct key_share keys[CURVES][SIZES][SIM_PARTIES];

static const struct key_share *key_of(unsigned curve, unsigned size)
{
    struct key_share *key = keys[curve][size];

    if (key[1].group == NULL)
        sim_make_key(key, group_by_id(curves[curve]), sizes[size].t, sizes[size].n, test_seed() + size);
    return key;
}

static EVP_PKEY *openssl_key(const struct prime_group *g, const struct point *X)
{
    uint8_t       encoded[POINT_LEN_MAX];
    static char   names[CURVES][16] = {"secp256k1", "prime256v1", "secp384r1", "secp521r1"};
    char         *curve = names[g->id - GROUP_SECP256K1];
    OSSL_PARAM    params[] = {OSSL_PARAM_construct_utf8_string("group", curve, 0),
                              OSSL_PARAM_construct_octet_string("pub", encoded, g->point_len), OSSL_PARAM_END};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY     *key = NULL;

    group_encode(g, encoded, X);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* Independent of our own verification: only the bytes of the key and of the signature. */
static void verify_by_openssl(const struct prime_group *g, const struct point *X, const struct outcome *o)
{
    EVP_PKEY              *key = openssl_key(g, X);
    EVP_PKEY_CTX          *ctx = EVP_PKEY_CTX_new(key, NULL);
    uint8_t                der[ECDSA_DER_LEN_MAX];
    struct ecdsa_signature signature;

    assert_ok(ecdsa_decode_rsv(g, &signature, bytes(o->signature, o->signature_len)));
    size_t len = ecdsa_encode_der(g, der, &signature);
    assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
    assert_int_equal(EVP_PKEY_verify(ctx, der, len, fixture_digest, sizeof fixture_digest), 1);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
}

static party pick_member(struct rng_seeded *r, struct party_set set, party other)
{
    for (;;) {
        party p = (party)(1 + rng_seeded_below(r, FIXTURE_NODES));
        if (p != other && party_set_has(set, p)) return p;
    }
}

static struct party_set pick_quorum(struct rng_seeded *r, unsigned count, unsigned n)
{
    struct party_set q = party_set_none();

    while (party_set_count(q) < count) q = party_set_with(q, (party)(1 + rng_seeded_below(r, n)));
    return q;
}

struct tally {
    unsigned done, cheating, other, burned;
};

static void count_ends(struct tally *t, const struct sim_setup *setup, const struct sim_result *r)
{
    for (party p = 1; p <= setup->n; p++) {
        const struct outcome *o = &r->end[p].outcome;
        if (!party_set_has(setup->quorum, p) || p == setup->at_fault) continue;
        t->done += o->reason == ABORT_NONE;
        t->cheating += o->reason == ABORT_CHEATING || o->reason == ABORT_EQUIVOCATION;
        t->other += o->reason != ABORT_NONE && o->reason != ABORT_CHEATING && o->reason != ABORT_EQUIVOCATION;
        t->burned += !party_set_is_empty(o->burned);
        if (o->kind == OUTCOME_SIGNATURE) verify_by_openssl(setup->group, &setup->shares[1].public_key, o);
    }
}

/* Half of them on secp256k1, and every round of a protocol on every curve. */
static unsigned curve_of(unsigned long turn)
{
    return turn / 4 % 2 == 0 ? 0 : (unsigned)(1 + turn / 8 % 3);
}

static void one_run(const struct protocol *protocol, unsigned long i, struct tally tallies[SIM_FAULTS])
{
    static struct sim_result   result;
    static struct presignature presignatures[SIM_PARTIES];
    unsigned                   rounds = protocol->round_count + protocol->confirms;
    enum sim_fault             fault = (enum sim_fault)(i % SIM_FAULTS);
    struct rng_seeded          pick;
    struct fixture_gifts       gifts = {.presignatures = presignatures};

    rng_seeded_init(&pick, test_seed() + i, 2000);
    unsigned                size = (unsigned)rng_seeded_below(&pick, SIZES);
    const struct key_share *key = key_of(curve_of(i / SIM_FAULTS), size);
    unsigned                more = (unsigned)rng_seeded_below(&pick, key[1].n - key[1].t + 1);
    struct sim_setup        setup = fixture_sign(key, pick_quorum(&pick, key[1].t + more / 2, key[1].n));

    setup.seed = test_seed() + i;
    setup.calm = false;
    if (protocol == &dkls23_online_protocol) fixture_presign(presignatures, &setup, ~setup.seed);
    setup.prepare_arg = &gifts;
    setup.protocol = protocol;
    if (protocol->gives == OUTCOME_PRESIGNATURE) setup.message = BYTES_NONE;
    setup.fault = fault;
    setup.fault_round = (unsigned)(i / SIM_FAULTS % rounds);
    setup.at_fault = pick_member(&pick, setup.quorum, 0);
    setup.victim = pick_member(&pick, setup.quorum, setup.at_fault);
    sim_run(&result, &setup);
    sim_check(&setup, &result);
    count_ends(&tallies[fault], &setup, &result);
    sim_result_wipe(&result);
}

static void all_faults(const struct protocol *protocol, unsigned long runs)
{
    struct tally tallies[SIM_FAULTS] = {{0}};

    for (unsigned long i = 0; i < runs; i++) one_run(protocol, i, tallies);
    for (unsigned f = 0; f < SIM_FAULTS; f++)
        printf("# %s %-11s done %u cheating %u other %u, burned %u\n", protocol->name,
               sim_fault_name((enum sim_fault)f), tallies[f].done, tallies[f].cheating, tallies[f].other,
               tallies[f].burned);
    assert_true(tallies[SIM_NONE].done > 0);
    assert_int_equal(tallies[SIM_NONE].cheating + tallies[SIM_NONE].burned + tallies[SIM_FOREIGN].burned, 0);
    if (runs >= 400 && protocol->round_count > 1) assert_true(tallies[SIM_FLIP_BODY].burned > 0);
}

TEST(conformance, dkls23_sign_holds_under_every_fault_at_every_round)
{
    all_faults(&dkls23_sign_protocol, test_knob("KMS_DKLS23_RUNS", RUNS) * 7 / 10);
}

TEST(conformance, dkls23_presign_holds_under_every_fault_at_every_round)
{
    all_faults(&dkls23_presign_protocol, test_knob("KMS_DKLS23_RUNS", RUNS) * 2 / 10);
}

TEST(conformance, dkls23_online_holds_under_every_fault)
{
    all_faults(&dkls23_online_protocol, test_knob("KMS_DKLS23_RUNS", RUNS) * 1 / 10);
}
