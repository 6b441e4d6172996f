/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stories of the DKG, and a negative test for each security check that concerns it. An evil party is the real
 * code with its messages changed on the way out; each test says which check must have fired.
 */
#include "cluster/dkg/dkg_internal.h"

#include <stdlib.h>

#include "cluster/dkg/dkg.h"
#include "cluster/protocol/session_internal.h"
#include "tests/support/sim.h"
#include "tests/support/trace.h"

#define EVIL 3

static struct sim_setup setup_of(enum group_id group, unsigned t, unsigned n)
{
    return (struct sim_setup){.protocol = &dkg_protocol,
                              .group = group_by_id(group),
                              .t = t,
                              .n = n,
                              .quorum = party_set_first(n),
                              .seed = test_seed(),
                              .calm = true};
}

/* Runs, and expects that party 1 found the evil one by the check whose text this is. */
static void expect_caught(struct sim_setup *setup, const char *text)
{
    static struct sim_result result;

    setup->fault = SIM_RANDOM_BODY; /* party at_fault is evil; the tampering is ours */
    setup->fault_round = 200;
    if (setup->at_fault == 0) setup->at_fault = EVIL;
    sim_run(&result, setup);
    sim_check(setup, &result);
    const struct outcome *o = &result.end[1].outcome;
    assert_int_equal(result.end[1].state, SESSION_ABORTED);
    assert_string_equal(o->text, text);
    assert_int_equal(o->reason, ABORT_CHEATING);
    assert_int_equal(o->culprits.mask, 1u << setup->at_fault);
    sim_result_wipe(&result);
}

TEST(dkg, three_parties_make_a_key_in_five_flights)
{
    BUF_LOCAL                trace = BUF_INIT(65536);
    static struct sim_result result;
    struct sim_setup         setup = setup_of(GROUP_ED25519, 2, 2);

    setup.trace = &trace;
    sim_run(&result, &setup);
    sim_check(&setup, &result);
    trace_assert(&trace, "  0 1>2 open broadcast 96\n"
                         "  0 2>1 open broadcast 96\n"
                         "  1 2>1 commit broadcast 32\n"
                         "  1 1>2 commit broadcast 32\n"
                         "  2 1>2 share broadcast 258\n"
                         "  2 1>2 share direct 32\n"
                         "  2 2>1 share broadcast 258\n"
                         "  2 2>1 share direct 32\n"
                         "  3 2>1 check broadcast 64\n"
                         "  3 1>2 check broadcast 64\n"
                         "  4 1 done\n"
                         "  4 2 done\n");
    sim_result_wipe(&result);
}

TEST(dkg, makes_keys_of_every_size_over_all_groups)
{
    static const struct {
        unsigned t, n;
    } sizes[] = {{2, 2}, {2, 3}, {3, 3}, {2, 5}, {4, 7}, {2, 16}, {16, 16}};

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        enum group_id last = sizes[i].n <= 5 ? GROUP_P521 : GROUP_SECP256K1; /* P-384 takes its time */
        for (enum group_id group = GROUP_ED25519; group <= last; group++) {
            static struct sim_result result;
            struct sim_setup         setup = setup_of(group, sizes[i].t, sizes[i].n);
            sim_run(&result, &setup);
            sim_check_done(&setup, &result);
            sim_check(&setup, &result);
            sim_result_wipe(&result);
        }
    }
}

TEST(dkg, ends_by_time_when_one_is_silent_and_blames_nobody)
{
    BUF_LOCAL                trace = BUF_INIT(65536);
    static struct sim_result result;
    struct sim_setup         setup = setup_of(GROUP_ED25519, 2, 3);

    setup.fault = SIM_CRASH;
    setup.at_fault = 2;
    setup.fault_round = DKG_ROW_SHARE;
    sim_run(&result, &setup);
    sim_check(&setup, &result);
    assert_int_equal(result.end[1].outcome.reason, ABORT_TIMEOUT);
    assert_int_equal(result.end[1].outcome.missing.mask, 1u << 2);
    sim_result_wipe(&result);
}

/* --- evil parties --- */

struct evil {
    unsigned round;
    void (*change)(struct evil *, struct message *, uint8_t *body);
    uint8_t  copied[COMMITMENT_LEN];
    uint8_t  value[DKG_VALUE_MAX];
    size_t   point_at; /* for change_point */
    uint8_t  point[POINT_LEN_MAX];
    size_t   point_len;
    unsigned count;
};

static void tamper(void *arg, struct message *m, party to, uint8_t *body)
{
    struct evil *e = arg;

    if (m->from == EVIL && m->round == e->round) e->change(e, m, body);
}

static void run_evil(enum group_id group, struct evil *e, const char *text)
{
    struct sim_setup setup = setup_of(group, 2, 3);

    setup.tamper = tamper;
    setup.tamper_arg = e;
    expect_caught(&setup, text);
}

/*
 * A rushing copier: party 2 speaks last in the round of the commitments of a calm run, and sends party 1's as its own.
 * Party 1 knows who copied whom; party 3 only that somebody did.
 */
static void copy_commitment(void *arg, struct message *m, party to, uint8_t *body)
{
    struct evil *e = arg;

    if (m->round != DKG_ROW_COMMIT) return;
    if (m->from == 1) memcpy(e->copied, body, sizeof e->copied);
    if (m->from == 2) memcpy(body, e->copied, sizeof e->copied);
}

TEST(check_5, a_copied_commitment_is_refused_and_its_owner_names_the_copier)
{
    static struct sim_result result;
    struct evil              e = {0};
    struct sim_setup         setup = setup_of(GROUP_SECP256K1, 2, 3);

    setup.fault = SIM_RANDOM_BODY;
    setup.fault_round = 200;
    setup.at_fault = 2;
    setup.tamper = copy_commitment;
    setup.tamper_arg = &e;
    sim_run(&result, &setup);
    sim_check(&setup, &result);
    for (party p = 1; p <= 3; p += 2) {
        assert_string_equal(result.end[p].outcome.text, "two commitments are equal");
        assert_int_equal(result.end[p].outcome.culprits.mask, p == 1 ? 1u << 2 : 0);
    }
}

static void change_count(struct evil *e, struct message *m, uint8_t *body)
{
    if (m->kind != MESSAGE_BROADCAST) return;
    size_t   old = body[1], point_len = e->point_len;
    uint8_t *points = body + 2;

    body[1] = (uint8_t)e->count;
    if (e->count > old)
        memmove(points + (old + 1) * point_len, points + old * point_len, m->body.len - 2 - old * point_len);
    if (e->count < old)
        memmove(points + e->count * point_len, points + old * point_len, m->body.len - 2 - old * point_len);
    m->body.len = m->body.len + e->count * point_len - old * point_len;
}

TEST(check_14, a_commitment_vector_that_is_not_of_t_points_is_refused)
{
    const unsigned wrong[] = {3, 1, 0};

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct evil e = {.round = DKG_ROW_SHARE, .change = change_count, .point_len = 33, .count = wrong[i]};
        run_evil(GROUP_SECP256K1, &e, "commitment vector is not of t points");
    }
}

static void change_to_long(struct evil *e, struct message *m, uint8_t *body)
{
    if (m->kind == MESSAGE_BROADCAST) m->body.len += 33;
}

TEST(check_14, bytes_after_an_opening_are_refused)
{
    struct evil e = {.round = DKG_ROW_SHARE, .change = change_to_long};

    run_evil(GROUP_SECP256K1, &e, "bytes after the end of a message");
}

/* --- rogue keys: the last to speak would choose X --- */

static void change_point(struct evil *e, struct message *m, uint8_t *body)
{
    if (m->kind == MESSAGE_BROADCAST) memcpy(body + 2 + e->point_at, e->point, e->point_len);
}

static void foreign_point(struct evil *e, enum group_id group)
{
    const struct prime_group *g = group_by_id(group);
    SECRET_SCALAR             k;
    struct point              P;

    assert_ok(scalar_random(g, &k, rng_system()));
    group_base_mul(g, &P, &k);
    group_encode(g, e->point, &P);
    e->point_len = g->point_len;
}

TEST(check_16, a_point_chosen_after_the_others_were_seen_is_not_what_was_committed_to)
{
    for (enum group_id group = GROUP_ED25519; group <= GROUP_SECP256K1; group++) {
        struct evil e = {.round = DKG_ROW_SHARE, .change = change_point};
        foreign_point(&e, group);
        run_evil(group, &e, "opening is not of the commitment");
    }
}

/* It commits to Y* from the start, whose logarithm it does not know: what is left to stop it is the proof. */
struct rogue {
    struct evil evil; /* first: tamper() takes it */
    uint8_t     r[COMMITMENT_OPENING_LEN];
};

static void rogue_tamper(void *arg, struct message *m, party to, uint8_t *body)
{
    struct rogue             *rogue = arg;
    struct evil              *e = &rogue->evil;
    struct commitment_context context = {TAG_COMMIT, m->ssid, 2};
    size_t                    value_len = 2 + 2 * e->point_len + CHAIN_CODE_LEN;

    if (m->from != 2 || m->kind != MESSAGE_BROADCAST) return;
    if (m->round == DKG_ROW_COMMIT) commitment_make(body, context, bytes(e->value, value_len), rogue->r);
    if (m->round == DKG_ROW_SHARE) {
        memcpy(body, e->value, value_len);
        memcpy(body + value_len, rogue->r, sizeof rogue->r);
    }
}

TEST(check_16, a_point_whose_logarithm_is_not_known_cannot_be_proved)
{
    for (enum group_id group = GROUP_ED25519; group <= GROUP_SECP256K1; group++) {
        struct rogue     rogue = {0};
        struct sim_setup setup = setup_of(group, 2, 2); /* two parties: no echo stands in the way */
        setup.at_fault = 2;
        rogue.evil.value[1] = 2;
        for (unsigned k = 0; k < 2; k++) {
            foreign_point(&rogue.evil, group);
            memcpy(rogue.evil.value + 2 + k * rogue.evil.point_len, rogue.evil.point, rogue.evil.point_len);
        }
        setup.tamper = rogue_tamper;
        setup.tamper_arg = &rogue;
        expect_caught(&setup, "proof of the coefficients does not hold");
    }
}

/* --- points that are not points (check 17) --- */

/* One of order 8, from libsodium's own list of points of small order. */
static const uint8_t order_eight[32] = {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
                                        0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
                                        0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05};

TEST(check_17, points_of_small_order_identity_and_loose_encodings_are_refused_over_ed25519)
{
    uint8_t bad[4][32] = {{1}, {0}, {0}, {0}};

    memcpy(bad[1], order_eight, 32);
    memset(bad[2], 0xff, 32); /* y = 2^255 - 1, above p, sign set */
    bad[3][0] = 0xee;         /* y = p + 1: the identity, loosely */
    memset(bad[3] + 1, 0xff, 30);
    bad[3][31] = 0x7f;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        for (unsigned k = 0; k < 2; k++) {
            struct evil e = {.round = DKG_ROW_SHARE, .change = change_point, .point_at = 32 * k, .point_len = 32};
            memcpy(e.point, bad[i], 32);
            run_evil(GROUP_ED25519, &e, "a committed point is not valid");
        }
    }
}

TEST(check_17, points_off_the_curve_infinity_and_large_coordinates_are_refused_over_secp256k1)
{
    uint8_t bad[4][33] = {{0}, {2}, {4}, {2}};

    bad[1][32] = 5;               /* x = 5 is not on the curve */
    memset(bad[3] + 1, 0xff, 32); /* x above p */
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct evil e = {.round = DKG_ROW_SHARE, .change = change_point, .point_len = 33};
        memcpy(e.point, bad[i], 33);
        run_evil(GROUP_SECP256K1, &e, "a committed point is not valid");
    }
}

/* --- shares --- */

static void change_share(struct evil *e, struct message *m, uint8_t *body)
{
    if (m->kind == MESSAGE_DIRECT) body[15] ^= 1;
}

TEST(dkg, a_wrong_share_names_its_dealer)
{
    for (enum group_id group = GROUP_ED25519; group <= GROUP_SECP256K1; group++) {
        struct evil e = {.round = DKG_ROW_SHARE, .change = change_share};
        run_evil(group, &e, "share does not lie on the committed polynomial");
    }
}

static void change_to_large(struct evil *e, struct message *m, uint8_t *body)
{
    if (m->kind == MESSAGE_DIRECT) memset(body, 0xff, 32);
}

TEST(check_17, a_share_that_is_not_below_the_order_is_refused)
{
    for (enum group_id group = GROUP_ED25519; group <= GROUP_SECP256K1; group++) {
        struct evil e = {.round = DKG_ROW_SHARE, .change = change_to_large};
        run_evil(group, &e, "share is not a scalar");
    }
}

static void change_proof(struct evil *e, struct message *m, uint8_t *body)
{
    body[m->body.len - 20] ^= 1;
}

TEST(check_2, a_wrong_proof_of_the_share_names_its_prover)
{
    struct evil e = {.round = DKG_ROW_CHECK, .change = change_proof};

    run_evil(GROUP_SECP256K1, &e, "proof of the share does not hold");
}

/* TOB-SILA-7: party 2 knows its share, but says to hold another chain code, or another transcript, than it does. */
static void give(struct session *to, struct session *from, uint8_t body[2048], struct message *m)
{
    assert_true(session_poll(from, m));
    memcpy(body, m->body.data, m->body.len);
    m->body = bytes(body, m->body.len);
    if (to != NULL) assert_ok(session_on_message(to, m, 1));
}

static void prove_otherwise(struct session *evil, uint8_t *proof, unsigned flipped)
{
    const struct key_share *key = &evil->outcome.key;
    uint8_t                 bound[64];

    memcpy(bound, key->transcript, 32);
    memcpy(bound + 32, key->chain_code, 32);
    if (flipped < 64) bound[flipped] ^= 1;
    struct dlog_context   context = {TAG_POK_SHARE, session_ssid(evil), 2, BYTES_OF(bound)};
    struct dlog_statement statement = {key->group, 1, &key->public_shares[2]};
    struct hedge          hedge = {rng_system(), evil->params.salt, session_ssid(evil), 2};
    assert_ok(dlog_prove(proof, &context, &statement, &key->secret_share, &hedge));
}

/* The last one, with nothing flipped, is good. */
TEST(check_2, a_proof_of_the_share_under_another_transcript_or_chain_code_is_refused)
{
    for (unsigned flipped = 0; flipped <= 64; flipped += 32) {
        struct sim_setup setup = setup_of(GROUP_ED25519, 2, 2);
        struct session  *s[3];
        struct message   m;
        uint8_t          body[2048];
        for (party p = 1; p <= 2; p++) {
            struct session_params params;
            sim_params(&params, &setup, p, rng_system());
            assert_ok(session_init(&s[p], &params, 0));
        }
        for (unsigned messages = 0; messages < 4; messages++) { /* open, commit, share, its direct */
            give(s[2], s[1], body, &m);
            give(s[1], s[2], body, &m);
        }
        give(NULL, s[2], body, &m);
        assert_int_equal(m.round, DKG_ROW_CHECK);
        prove_otherwise(s[2], body, flipped);
        assert_ok(session_on_message(s[1], &m, 1));

        assert_int_equal(session_state(s[1]), flipped == 64 ? SESSION_DONE : SESSION_ABORTED);
        assert_int_equal(s[1]->outcome.culprits.mask, flipped == 64 ? 0 : 1u << 2);
        if (flipped < 64) assert_string_equal(s[1]->outcome.text, "proof of the share does not hold");
        session_free(&s[1]), session_free(&s[2]);
    }
}

/* check 18: what is dealt to one party is seen by nobody else, and the result by nobody at all. */
struct sniffer {
    uint8_t  direct[16][32];
    unsigned directs;
    uint8_t  heard[65536];
    size_t   heard_len;
};

static void sniff(void *arg, struct message *m, party to, uint8_t *body)
{
    struct sniffer *s = arg;

    if (m->kind == MESSAGE_DIRECT) {
        assert_true(s->directs < 16);
        memcpy(s->direct[s->directs++], body, 32);
        return;
    }
    assert_true(s->heard_len + m->body.len <= sizeof s->heard);
    memcpy(s->heard + s->heard_len, body, m->body.len);
    s->heard_len += m->body.len;
}

static bool is_heard(const struct sniffer *s, const uint8_t what[32])
{
    for (size_t i = 0; i + 32 <= s->heard_len; i++)
        if (memcmp(s->heard + i, what, 32) == 0) return true;
    return false;
}

TEST(check_18, shares_travel_in_direct_messages_only)
{
    static struct sim_result result;
    static struct sniffer    s;
    struct sim_setup         setup = setup_of(GROUP_SECP256K1, 2, 3);

    setup.tamper = sniff;
    setup.tamper_arg = &s;
    sim_run(&result, &setup);
    sim_check_done(&setup, &result);
    assert_int_equal(s.directs, 6);
    for (unsigned i = 0; i < s.directs; i++) {
        assert_false(is_heard(&s, s.direct[i]));
        for (unsigned j = 0; j < i; j++) assert_memory_not_equal(s.direct[i], s.direct[j], 32);
    }
    for (party p = 1; p <= 3; p++) {
        uint8_t x[32];
        scalar_encode(setup.group, x, &result.end[p].outcome.key.secret_share);
        assert_false(is_heard(&s, x));
        for (unsigned i = 0; i < s.directs; i++) assert_memory_not_equal(s.direct[i], x, 32);
    }
    sim_result_wipe(&result);
}

/* check 23: two faces in any round, and no honest party ends with a key. */
TEST(check_23, equivocation_in_any_round_ends_without_a_key_and_without_wrong_blame)
{
    for (unsigned round = DKG_ROW_OPEN; round <= DKG_ROW_CHECK; round++) {
        for (uint64_t seed = 0; seed < 154; seed += 77) {
            static struct sim_result result;
            struct sim_setup         setup = setup_of(GROUP_ED25519, 2, 3);
            setup.seed = seed;
            setup.fault = SIM_EQUIVOCATE;
            setup.fault_round = round;
            setup.at_fault = EVIL;
            setup.victim = 2;
            sim_run(&result, &setup);
            sim_check(&setup, &result);
            for (party p = 1; p <= 2; p++) assert_int_equal(result.end[p].state, SESSION_ABORTED);
            enum abort_reason r1 = result.end[1].outcome.reason, r2 = result.end[2].outcome.reason;
            enum abort_reason want = round == 0 && seed == 0 ? ABORT_CONFIGURATION : ABORT_EQUIVOCATION;
            assert_true(r1 == want || r2 == want);
        }
    }
}

/* A replay of everything that the evil party said in another session of the same parties. */
struct recorder {
    struct message m[64];
    uint8_t        body[64][2048];
    unsigned       count, next;
    bool           replays;
};

static void record(void *arg, struct message *m, party to, uint8_t *body)
{
    struct recorder *r = arg;

    if (m->from != EVIL || m->round == MESSAGE_ROUND_ABORT) return;
    if (!r->replays) {
        assert_true(r->count < 64 && m->body.len <= 2048);
        r->m[r->count] = *m;
        memcpy(r->body[r->count++], body, m->body.len);
        return;
    }
    for (unsigned i = 0; i < r->count; i++) {
        if (r->m[i].round != m->round || r->m[i].kind != m->kind) continue;
        memcpy(body, r->body[i], r->m[i].body.len);
        memcpy(m->ssid, r->m[i].ssid, SSID_LEN);
        memcpy(m->echo, r->m[i].echo, sizeof m->echo);
        m->body = bytes(body, r->m[i].body.len);
        return;
    }
}

TEST(check_21, messages_of_another_session_are_of_no_use)
{
    static struct sim_result result;
    struct recorder         *r = calloc(1, sizeof *r);
    struct sim_setup         setup = setup_of(GROUP_ED25519, 2, 3);

    assert_non_null(r);
    setup.tamper = record;
    setup.tamper_arg = r;
    sim_run(&result, &setup);
    sim_check_done(&setup, &result);
    setup.seed++;
    setup.fault = SIM_FOREIGN;
    setup.fault_round = 200;
    setup.at_fault = EVIL;
    r->replays = true;
    sim_run(&result, &setup);

    sim_check(&setup, &result);
    for (party p = 1; p <= 3; p++) assert_int_equal(result.end[p].state, SESSION_ABORTED);
    assert_int_equal(result.end[1].outcome.reason, ABORT_CONFIGURATION);
    free(r);
}
