/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attack, for L = 256 > log2(q) sessions, all opened before any is answered. In session i the honest party has sent
 * D_i (and E_i, which an attacker who hopes for signatures without binding factors ignores). The attacker prepares two
 * openings; they lead to the challenges c_i^0 and c_i^1. With rho_i = 2^i / (c_i^1 - c_i^0) let
 *   R* = sum rho_i D_i,   c* = H(R*, X, m*),   c* - sum rho_i c_i^0 = sum 2^i b_i  (mod q).
 * Answering session i with opening b_i gives z_i = d_i + lambda x c_i, and sum rho_i c_i = c*; so sum rho_i z_i is the
 * honest party's part of a signature of m* with nonce R*. The attacker adds its own, for it knows its share.
 */
#include "tests/support/sim_ros.h"

#include <stdlib.h>

#include "cluster/frost/frost.h"
#include "cluster/frost/sign_internal.h"
#include "cluster/frost/suites.h"
#include "cluster/protocol/lagrange.h"
#include "cluster/protocol/session_internal.h"
#include "tests/support/sim.h"

#define HONEST 1
#define EVIL 2
#define FORGED "transfer everything to the attacker"

struct ros_session {
    struct session *session;
    uint8_t         opening[OPENING_LEN + FROST_COMMITMENT_LEN]; /* what the honest party has sent */
    struct point    D;
    struct scalar   c[2], rho;
    uint8_t         answer[2][FROST_COMMITMENT_LEN];
};

struct ros {
    struct sim_setup   setup;
    struct key_share   keys[SIM_PARTIES];
    struct rng_seeded  rng;
    struct ros_session sessions[ROS_SESSIONS];
};

static const struct prime_group *g(void)
{
    return frost_group();
}

static void hash_challenge(const struct ros *a, struct scalar *out, const struct point *R, struct bytes message)
{
    uint8_t      R_enc[32], X_enc[32];
    struct bytes input[] = {BYTES_OF(R_enc), BYTES_OF(X_enc), message};

    group_encode(g(), R_enc, R);
    group_encode(g(), X_enc, &a->keys[HONEST].public_key);
    frost_h2(out, input, ARRAY_LEN(input));
}

static void open_session(struct ros *a, struct ros_session *s)
{
    struct session_params params;
    struct message        m;

    sim_params(&params, &a->setup, HONEST, &a->rng.rng);
    assert_ok(session_init(&s->session, &params, 0));
    assert_true(session_poll(s->session, &m));
    assert_int_equal(m.body.len, sizeof s->opening);
    memcpy(s->opening, m.body.data, sizeof s->opening);
    assert_ok(group_decode(g(), &s->D, bytes(s->opening + OPENING_LEN, 32)));
}

/* Two commitments of the attacker, and the challenge that each leads to where nothing is bound: R = D_honest + D_evil.
 */
static void prepare_answers(struct ros *a, struct ros_session *s)
{
    for (unsigned b = 0; b < 2; b++) {
        SECRET_SCALAR d;
        struct point  D, R;
        assert_ok(scalar_random(g(), &d, &a->rng.rng));
        group_base_mul(g(), &D, &d);
        group_encode(g(), s->answer[b], &D);
        group_encode(g(), s->answer[b] + 32, &D);
        group_add(g(), &R, &s->D, &D);
        hash_challenge(a, &s->c[b], &R, a->setup.message);
    }
}

/* R* = sum rho_i D_i, c*, and c* - sum rho_i c_i^0, whose bits, least first, are the choices. */
static void solve(struct ros *a, struct point *R, struct scalar *c, uint8_t choices[32])
{
    SECRET_SCALAR power, sum, term;

    group_set_identity(R);
    scalar_zero(&sum);
    scalar_set_u64(g(), &power, 1);
    for (unsigned i = 0; i < ROS_SESSIONS; i++) {
        struct ros_session *s = &a->sessions[i];
        struct point        part;
        scalar_sub(g(), &term, &s->c[1], &s->c[0]);
        scalar_invert(g(), &term, &term);
        scalar_mul(g(), &s->rho, &power, &term);
        group_mul_vartime(g(), &part, &s->D, &s->rho);
        group_add(g(), R, R, &part);
        scalar_mul(g(), &term, &s->rho, &s->c[0]);
        scalar_add(g(), &sum, &sum, &term);
        scalar_add(g(), &power, &power, &power);
    }
    hash_challenge(a, c, R, bytes_str(FORGED));
    scalar_sub(g(), &sum, c, &sum);
    scalar_encode(g(), choices, &sum);
}

static void answer_session(struct ros *a, struct ros_session *s, unsigned b, struct scalar *z)
{
    uint8_t        body[sizeof s->opening];
    struct message m = {.from = EVIL, .kind = MESSAGE_BROADCAST, .body = BYTES_OF(body)};
    struct message reply;

    memcpy(body, s->opening, OPENING_LEN);
    assert_ok(rng_fill(&a->rng.rng, body, NONCE_LEN));
    memcpy(body + OPENING_LEN, s->answer[b], FROST_COMMITMENT_LEN);
    memcpy(m.tag, session_tag(s->session), SESSION_TAG_LEN);
    assert_ok(session_on_message(s->session, &m, 1));
    assert_true(session_poll(s->session, &reply));
    assert_int_equal(reply.round, FROST_ROW_RESPOND);
    assert_ok(scalar_decode(g(), z, reply.body));
}

/* z* = sum rho_i z_i + c* lambda_evil x_evil. */
static void forge(struct ros *a, uint8_t signature[FROST_SIGNATURE_LEN])
{
    SECRET_SCALAR c, z, term;
    struct point  R;
    uint8_t       choices[32];

    solve(a, &R, &c, choices);
    lagrange_at_zero(g(), &z, a->setup.quorum, EVIL);
    scalar_mul(g(), &z, &z, &a->keys[EVIL].secret_share);
    scalar_mul(g(), &z, &z, &c);
    for (unsigned i = 0; i < ROS_SESSIONS; i++) {
        answer_session(a, &a->sessions[i], choices[i / 8] >> (i % 8) & 1, &term);
        scalar_mul(g(), &term, &term, &a->sessions[i].rho);
        scalar_add(g(), &z, &z, &term);
    }
    group_encode(g(), signature, &R);
    scalar_encode(g(), signature + 32, &z);
}

bool sim_ros_forges(uint64_t seed)
{
    struct ros *a = calloc(1, sizeof *a);
    uint8_t     signature[FROST_SIGNATURE_LEN], X[32];

    assert_non_null(a);
    sim_make_key(a->keys, g(), 2, 2, seed);
    a->setup = (struct sim_setup){.protocol = &frost_sign_protocol,
                                  .group = g(),
                                  .t = 2,
                                  .n = 2,
                                  .quorum = party_set_first(2),
                                  .shares = a->keys,
                                  .message = bytes_str("a harmless message")};
    rng_seeded_init(&a->rng, seed, 3000);
    for (unsigned i = 0; i < ROS_SESSIONS; i++) open_session(a, &a->sessions[i]);
    for (unsigned i = 0; i < ROS_SESSIONS; i++) prepare_answers(a, &a->sessions[i]);
    forge(a, signature);
    group_encode(g(), X, &a->keys[HONEST].public_key);
    bool forged = frost_scheme.verify(g(), BYTES_OF(signature), BYTES_OF(X), bytes_str(FORGED)) == KMS_OK;
    for (unsigned i = 0; i < ROS_SESSIONS; i++) session_free(&a->sessions[i].session);
    free(a);
    return forged;
}
