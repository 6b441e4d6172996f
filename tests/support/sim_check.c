/* SPDX-License-Identifier: Apache-2.0 */
/* The properties that hold after every run, whatever went wrong in it. */
#include "cluster/protocol/lagrange.h"
#include "cluster/protocol/protocol.h"
#include "cluster/protocol/scheme.h"
#include "tests/support/sim_internal.h"

extern const struct scheme frost_scheme;

static bool is_honest(const struct sim_setup *setup, party p)
{
    return sim_fault_blame(setup->fault) != 'e' || p != setup->at_fault;
}

static void check_agreement(const struct sim_setup *setup, const struct outcome *a, const struct outcome *b)
{
    assert_memory_equal(a->ssid, b->ssid, SSID_LEN);
    if (a->kind == OUTCOME_SIGNATURE) {
        assert_memory_equal(a->signature, b->signature, a->signature_len);
        return;
    }
    if (a->kind == OUTCOME_PRESIGNATURE) assert_true(group_equal(setup->group, &a->presignature.R, &b->presignature.R));
    if (a->kind != OUTCOME_KEY) return;
    assert_true(group_equal(setup->group, &a->key.public_key, &b->key.public_key));
    for (party i = 1; i <= setup->n; i++)
        assert_true(group_equal(setup->group, &a->key.public_shares[i], &b->key.public_shares[i]));
    assert_memory_equal(a->key.transcript, b->key.transcript, 32);
    assert_memory_equal(a->key.chain_code, b->key.chain_code, 32);
}

static void check_signature(const struct sim_setup *setup, const struct outcome *o)
{
    const struct scheme *scheme = setup->scheme == NULL ? &frost_scheme : setup->scheme;
    uint8_t              X[POINT_LEN_MAX];

    group_encode(setup->group, X, &setup->shares[1].public_key);
    assert_ok(scheme->verify(setup->group, bytes(o->signature, o->signature_len), bytes(X, setup->group->point_len),
                             setup->message));
}

static void check_key(const struct sim_setup *setup, const struct outcome *o, party self)
{
    struct key_share copy = o->key;

    assert_int_equal(o->key.self, self);
    assert_int_equal(o->key.epoch, 1);
    assert_ok(key_share_check(&copy));
    key_share_wipe(&copy);
}

/* Blame: an honest party never names an honest one, and nobody for what no message shows. */
static void check_blame(const struct sim_setup *setup, const struct outcome *o)
{
    char             blame = sim_fault_blame(setup->fault);
    struct party_set evil = party_set_with(party_set_none(), setup->at_fault);

    if ((o->culprits.mask & ~(blame == 'e' ? evil.mask : 0)) != 0)
        print_error("%s of party %u in round %u (victim %u, quorum %#x): culprits %#x, %s\n",
                    sim_fault_name(setup->fault), setup->at_fault, setup->fault_round, setup->victim,
                    (unsigned)setup->quorum.mask, (unsigned)o->culprits.mask, o->text);
    assert_int_equal(o->culprits.mask & o->missing.mask, 0);
    assert_int_equal(o->culprits.mask & ~(blame == 'e' ? evil.mask : 0), 0);
    assert_int_equal(o->burned.mask & ~o->culprits.mask, 0);
    assert_int_equal(o->missing.mask & ~setup->quorum.mask, 0);
    assert_true(o->reason == ABORT_TIMEOUT || party_set_is_empty(o->missing));
    assert_true(o->reason == ABORT_CHEATING || party_set_is_empty(o->culprits));
}

static void check_end(const struct sim_setup *setup, const struct sim_end *end, party self)
{
    check_blame(setup, &end->outcome);
    assert_true(end->state != SESSION_RUNNING);
    if (end->state == SESSION_ABORTED) {
        assert_int_equal(end->outcome.kind, OUTCOME_NONE);
        assert_int_not_equal(end->outcome.reason, ABORT_NONE);
        assert_int_not_equal(end->outcome.reason, ABORT_INTERNAL);
        return;
    }
    assert_int_equal(end->outcome.reason, ABORT_NONE);
    if (end->outcome.kind == OUTCOME_SIGNATURE)
        check_signature(setup, &end->outcome);
    else if (end->outcome.kind == OUTCOME_KEY)
        check_key(setup, &end->outcome, self);
    else
        assert_int_equal(end->outcome.kind, setup->protocol->gives);
}

/* In tests only: t of the shares, put together, are the secret key of X. */
static void check_reconstruction(const struct sim_setup *setup, const struct sim_result *r, struct party_set done)
{
    struct party_set  S = party_set_none();
    struct rng_seeded pick;
    struct point      X;
    SECRET_SCALAR     x, term;

    rng_seeded_init(&pick, setup->seed, 1000);
    while (party_set_count(S) < setup->t) {
        party p = (party)(1 + rng_seeded_below(&pick, setup->n));
        if (party_set_has(done, p)) S = party_set_with(S, p);
    }
    scalar_zero(&x);
    for (party p = party_set_next(S, 0); p != 0; p = party_set_next(S, p)) {
        lagrange_at_zero(setup->group, &term, S, p);
        scalar_mul(setup->group, &term, &term, &r->end[p].outcome.key.secret_share);
        scalar_add(setup->group, &x, &x, &term);
    }
    group_base_mul(setup->group, &X, &x);
    party any = party_set_next(S, 0);
    assert_true(group_equal(setup->group, &X, &r->end[any].outcome.key.public_key));
}

void sim_check(const struct sim_setup *setup, const struct sim_result *r)
{
    struct party_set done = party_set_none();
    party            first = 0;

    for (party p = party_set_next(setup->quorum, 0); p != 0; p = party_set_next(setup->quorum, p)) {
        if (!is_honest(setup, p)) continue;
        check_end(setup, &r->end[p], p);
        if (r->end[p].state != SESSION_DONE) continue;
        if (first == 0) first = p;
        check_agreement(setup, &r->end[first].outcome, &r->end[p].outcome);
        done = party_set_with(done, p);
    }
    if (sim_fault_blame(setup->fault) == 'n') assert_int_equal(done.mask, setup->quorum.mask);
    if (first != 0 && setup->protocol->gives == OUTCOME_KEY && party_set_count(done) >= setup->t)
        check_reconstruction(setup, r, done);
}

void sim_check_done(const struct sim_setup *setup, const struct sim_result *r)
{
    for (party p = party_set_next(setup->quorum, 0); p != 0; p = party_set_next(setup->quorum, p)) {
        if (r->end[p].state != SESSION_DONE)
            print_error("party %u: %s, %s\n", p, abort_reason_name(r->end[p].outcome.reason), r->end[p].outcome.text);
        assert_int_equal(r->end[p].state, SESSION_DONE);
    }
}
