/* SPDX-License-Identifier: Apache-2.0 */
/* What the parties of a DKG draw, and what they all derive from it. */
#include "cluster/dkg/dkg.h"
#include "cluster/dkg/dkg_internal.h"
#include "common/crypto/hash.h"
#include "tests/support/sim.h"

static struct sim_setup setup_of(unsigned n)
{
    return (struct sim_setup){.protocol = &dkg_protocol,
                              .group = group_by_id(GROUP_ED25519),
                              .t = 2,
                              .n = n,
                              .quorum = party_set_first(n),
                              .seed = test_seed(),
                              .calm = true};
}

/* check 40: a machine that is rewound draws the same numbers again, and yet nothing of its secrets is the same. */
struct rewound {
    uint8_t opening[512], check[64], ssid[SSID_LEN];
};

static void keep_first(void *arg, struct message *m, party to, uint8_t *body)
{
    struct rewound *r = arg;

    if (m->from != 1 || m->kind != MESSAGE_BROADCAST) return;
    if (m->round == DKG_ROW_SHARE) memcpy(r->opening, body, m->body.len);
    if (m->round == DKG_ROW_CHECK) memcpy(r->check, body, sizeof r->check);
    memcpy(r->ssid, m->ssid, SSID_LEN);
}

TEST(check_40, a_rewound_machine_deals_other_polynomials_chain_codes_and_proofs)
{
    static struct sim_result result;
    static struct rewound    r[2];
    struct sim_setup         setup = setup_of(2);

    for (uint8_t i = 0; i < 2; i++) {
        setup.salt = i;
        setup.tamper = keep_first;
        setup.tamper_arg = &r[i];
        sim_run(&result, &setup);
        sim_check_done(&setup, &result);
        sim_result_wipe(&result);
    }
    assert_memory_equal(r[0].ssid, r[1].ssid, SSID_LEN); /* the generator did repeat itself */
    for (size_t at = 2; at < 2 + 8 * 32; at += 32)       /* F_0, F_1, cc, r, R_0, z_0, R_1, z_1 */
        assert_memory_not_equal(r[0].opening + at, r[1].opening + at, 32);
    assert_memory_not_equal(r[0].check, r[1].check, 32);
}

static enum kms_err stuck(void *self, void *out, size_t len)
{
    memset(out, 42, len);
    return KMS_OK;
}

/* check 40: u16 t | F_0 | F_1 | cc | r | R_0 ...: with one number for everything, each draw is another. */
TEST(check_40, a_stuck_generator_gives_all_draws_of_a_party_other_values)
{
    static const size_t at[] = {2, 34, 66, 98, 130, 194};
    struct rng          generator = {stuck, NULL};
    struct sim_setup    setup = setup_of(2);
    struct session     *s[3];
    struct message      m;

    for (party p = 1; p <= 2; p++) {
        struct session_params params;
        sim_params(&params, &setup, p, &generator);
        assert_ok(session_init(&s[p], &params, 0));
    }
    for (unsigned round = DKG_ROW_OPEN; round < DKG_ROW_SHARE; round++) {
        for (party p = 1; p <= 2; p++) {
            assert_true(session_poll(s[p], &m));
            assert_int_equal(m.round, round);
            assert_ok(session_on_message(s[3 - p], &m, 1));
        }
    }
    assert_true(session_poll(s[1], &m));
    assert_int_equal(m.round, DKG_ROW_SHARE);
    for (size_t i = 0; i < ARRAY_LEN(at); i++)
        for (size_t j = 0; j < i; j++) assert_memory_not_equal(m.body.data + at[i], m.body.data + at[j], 32);
    session_free(&s[1]), session_free(&s[2]);
}

/* --- what follows from the openings of all --- */

#define N 3

struct openings {
    uint8_t body[N + 1][512], ssid[SSID_LEN];
    size_t  len[N + 1];
};

static void keep_openings(void *arg, struct message *m, party to, uint8_t *body)
{
    struct openings *o = arg;

    if (m->round != DKG_ROW_SHARE || m->kind != MESSAGE_BROADCAST) return;
    memcpy(o->body[m->from], body, m->body.len);
    o->len[m->from] = m->body.len;
    memcpy(o->ssid, m->ssid, SSID_LEN);
}

TEST(dkg, chain_code_and_transcript_are_hashes_of_the_session_and_of_everybodys_part)
{
    static struct sim_result result;
    static struct openings   o;
    struct sim_setup         setup = setup_of(N);
    struct bytes             codes[1 + N] = {BYTES_OF(o.ssid)}, openings[1 + N] = {BYTES_OF(o.ssid)};
    uint8_t                  chain_code[32], transcript[32];

    setup.tamper = keep_openings;
    setup.tamper_arg = &o;
    sim_run(&result, &setup);
    sim_check_done(&setup, &result);
    for (party p = 1; p <= N; p++) {
        codes[p] = bytes(o.body[p] + 2 + 2 * 32, 32);
        openings[p] = bytes(o.body[p], o.len[p]);
    }
    hash_items(chain_code, TAG_CHAIN_CODE, codes, 1 + N);
    hash_items(transcript, TAG_DKG_TRANSCRIPT, openings, 1 + N);
    for (party p = 1; p <= N; p++) {
        assert_memory_equal(result.end[p].outcome.key.chain_code, chain_code, 32);
        assert_memory_equal(result.end[p].outcome.key.transcript, transcript, 32);
    }
    sim_result_wipe(&result);
}
