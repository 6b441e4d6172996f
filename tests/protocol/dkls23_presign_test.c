/* SPDX-License-Identifier: Apache-2.0 */
/* Presignatures (checks 31 and 32), and what comes out in the end (checks 34 and 35). */
#include "cluster/frost/frost.h"
#include "tests/protocol/dkls23_evil.h"

/* --- presignatures --- */

static enum kms_err start_online(const struct sim_setup *setup, struct presignature *presignature, const char *key_id)
{
    struct session_params params;
    struct session       *s;

    sim_params(&params, setup, 1, rng_system());
    params.protocol = &dkls23_online_protocol;
    params.presignature = presignature;
    if (key_id != NULL) (void)strcpy(params.key_id, key_id);
    enum kms_err err = session_init(&s, &params, 0);
    session_free(&s);
    return err;
}

TEST(check_31, a_presignature_is_used_once)
{
    static struct presignature presignatures[SIM_PARTIES];
    struct sim_setup           setup = two_sign();

    fixture_presign(presignatures, &setup, test_seed());
    assert_ok(start_online(&setup, &presignatures[1], NULL));
    assert_false(presignatures[1].full);
    assert_err(KMS_E_STATE, start_online(&setup, &presignatures[1], NULL));
}

TEST(check_31, a_presignature_is_of_one_key_and_one_set_of_signers_and_spent_on_trial)
{
    static struct presignature presignatures[SIM_PARTIES], copy;
    struct sim_setup           setup = two_sign(), other = setup_of(two_of_three, set_of(1, 3, 0)), key = setup;

    fixture_presign(presignatures, &setup, test_seed());
    copy = presignatures[1];
    assert_err(KMS_E_STATE, start_online(&setup, &copy, "another"));
    assert_false(copy.full);
    copy = presignatures[1];
    assert_err(KMS_E_STATE, start_online(&other, &copy, NULL));
    copy = presignatures[1];
    key.shares = other_key;
    assert_err(KMS_E_STATE, start_online(&key, &copy, NULL));
    copy = presignatures[1];
    copy.epoch = 2;
    assert_err(KMS_E_STATE, start_online(&setup, &copy, NULL));
    assert_err(KMS_E_ARGUMENT, start_online(&setup, NULL, NULL));
}

TEST(check_31, signers_with_different_presignatures_part_without_blame)
{
    static struct sim_result   result;
    static struct presignature a[SIM_PARTIES], b[SIM_PARTIES];
    struct sim_setup           setup = two_sign();

    fixture_presign(a, &setup, 1);
    fixture_presign(b, &setup, 2);
    a[2] = b[2];
    may_fail(&setup);
    sign_online(&result, &setup, a);
    sim_check(&setup, &result);
    for (party p = 1; p <= 2; p++) assert_int_equal(result.end[p].outcome.reason, ABORT_CONFIGURATION);
}

/* Check 32: R is known before the message. Even one presignature, copied as none can be, gives another R each time. */
TEST(check_32, the_nonce_of_a_presignature_is_randomised_by_what_is_signed)
{
    static const uint8_t       other_digest[32] = "another digest of the same lengt";
    static struct sim_result   result;
    static struct presignature presignatures[SIM_PARTIES], copies[SIM_PARTIES];
    const struct prime_group  *g = group_by_id(GROUP_SECP256K1);
    struct sim_setup           setup = two_sign();
    uint8_t                    r[3][32];

    fixture_presign(presignatures, &setup, test_seed());
    group_point_x(g, r[2], &presignatures[1].R);
    for (unsigned i = 0; i < 2; i++) {
        memcpy(copies, presignatures, sizeof copies);
        setup.message = i == 0 ? BYTES_OF(fixture_digest) : BYTES_OF(other_digest);
        sign_online(&result, &setup, copies);
        sim_check(&setup, &result);
        sim_check_done(&setup, &result);
        memcpy(r[i], result.end[1].outcome.signature, 32);
    }
    assert_memory_not_equal(r[0], r[1], 32);
    assert_memory_not_equal(r[0], r[2], 32);
    assert_memory_not_equal(r[1], r[2], 32);
}

TEST(check_32, a_wrong_share_online_is_refused)
{
    static struct sim_result   result;
    static struct presignature presignatures[SIM_PARTIES];
    static struct evil         e = {.round = 0, .kind = MESSAGE_BROADCAST, .at = 96 + 31, .step = 1, .count = 1};
    struct sim_setup           setup = two_sign();
    struct fixture_gifts       gifts = {.presignatures = presignatures};

    fixture_presign(presignatures, &setup, test_seed());
    setup.protocol = &dkls23_online_protocol;
    setup.prepare_arg = &gifts;
    run_evil(&setup, &e, &result);
    expect_abort(&result, END_TEXT, false);
}

/* --- signatures (check 34) and what a key is for (check 35) --- */

TEST(check_34, signatures_are_low_and_their_recovery_id_gives_the_key)
{
    const struct prime_group *g = group_by_id(GROUP_SECP256K1);
    unsigned                  ids = 0;

    for (unsigned long i = 0; i < test_knob("KMS_DKLS23_SIGNATURES", 40); i++) {
        static struct sim_result result;
        struct sim_setup         setup = two_sign();
        struct ecdsa_signature   signature;
        struct point             X;
        setup.seed = test_seed() + i;
        sim_run(&result, &setup);
        sim_check_done(&setup, &result);
        sim_check(&setup, &result);
        const struct outcome *o = &result.end[1].outcome;
        assert_int_equal(o->signature_len, 65);
        assert_ok(ecdsa_decode_rsv(g, &signature, bytes(o->signature, 65)));
        assert_true(ecdsa_is_low(g, &signature));
        assert_ok(ecdsa_recover_vartime(g, &X, &signature, BYTES_OF(fixture_digest)));
        assert_true(group_equal(g, &X, &two_of_three[1].public_key));
        ids |= 1u << signature.recovery_id;
    }
    assert_int_equal(ids & 3, 3);
}

TEST(check_34, another_recovery_id_digest_or_key_does_not_verify)
{
    static struct sim_result  result;
    const struct prime_group *g = group_by_id(GROUP_SECP256K1);
    struct sim_setup          setup = two_sign();
    uint8_t                   X[33], signature[65], digest[32];

    sim_run(&result, &setup);
    memcpy(signature, result.end[1].outcome.signature, 65);
    memcpy(digest, fixture_digest, 32);
    group_encode(g, X, &two_of_three[1].public_key);
    assert_ok(dkls23_scheme.verify(g, BYTES_OF(signature), BYTES_OF(X), BYTES_OF(digest)));
    digest[0] ^= 1;
    assert_err(KMS_E_SIGNATURE, dkls23_scheme.verify(g, BYTES_OF(signature), BYTES_OF(X), BYTES_OF(digest)));
    digest[0] ^= 1;
    signature[64] = signature[64] == 27 ? 28 : 27;
    assert_err(KMS_E_SIGNATURE, dkls23_scheme.verify(g, BYTES_OF(signature), BYTES_OF(X), BYTES_OF(digest)));
    memcpy(signature, result.end[1].outcome.signature, 65);
    group_encode(g, X, &other_key[1].public_key);
    assert_err(KMS_E_SIGNATURE, dkls23_scheme.verify(g, BYTES_OF(signature), BYTES_OF(X), BYTES_OF(digest)));
}

TEST(check_35, keys_of_other_schemes_and_what_is_no_digest_are_refused)
{
    static struct key_share edwards[SIM_PARTIES];
    struct sim_setup        setup = two_sign();
    struct session_params   params;
    struct session         *s;

    sim_make_key(edwards, group_by_id(GROUP_ED25519), 2, 3, 5);
    sim_params(&params, &setup, 1, rng_system());
    params.group = group_by_id(GROUP_ED25519);
    params.share = &edwards[1];
    assert_err(KMS_E_ARGUMENT, session_init(&s, &params, 0));

    sim_params(&params, &setup, 1, rng_system());
    params.protocol = &frost_sign_protocol;
    assert_err(KMS_E_ARGUMENT, session_init(&s, &params, 0));

    for (size_t len = 0; len <= 65; len += len == 0 ? 19 : 46) {
        static const uint8_t text[65] = {1};
        sim_params(&params, &setup, 1, rng_system());
        params.message = bytes(text, len);
        assert_err(KMS_E_ARGUMENT, session_init(&s, &params, 0));
    }
    sim_params(&params, &setup, 1, rng_system());
    params.protocol = &dkls23_presign_protocol;
    assert_err(KMS_E_ARGUMENT, session_init(&s, &params, 0));
}
