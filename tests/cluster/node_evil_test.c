/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A holder that has been taken over, with its own certificate, share and tunnels: what it says to one it need not say
 * to the other. It can stop what it takes part in, and destroys nothing of the others'.
 */
#include <stdio.h>

#include "cluster/frost/frost.h"
#include "cluster/node/abandonment.h"
#include "cluster/node/evidence.h"
#include "cluster/node/settle.h"
#include "cluster/node/state.h"
#include "cluster/protocol/protocol.h"
#include "cluster/protocol/session_internal.h"
#include "common/wire/reader.h"
#include "tests/support/cluster_sim.h"

#define ALL 0x7
#define EVIL 2             /* tss3 */
#define COMMITMENTS_LEN 64 /* of D and E, which end an opening */

static struct cluster_sim sim;
static char               key_id[KEY_ID_LEN + 1];

/* ---- a key that it vouches for and abandons ---- */

/* What tss3 says to tss2 once it has vouched never arrives. */
static enum sim_fate keep_from_second(void *arg, struct sim_relay *r)
{
    (void)arg;
    return r->from == EVIL && r->to == 1 && sim.nodes[EVIL].result.have ? SIM_DROP : SIM_PASS;
}

static void abandon_to(unsigned node)
{
    const struct key  *key = keys_find(sim.nodes[node].node, key_id);
    struct abandonment a = {0};
    BUF_LOCAL          encoded = BUF_INIT(ABANDONMENT_MAX);

    memcpy(a.cluster, key->body.cluster, sizeof a.cluster);
    memcpy(a.key_id, key_id, sizeof a.key_id);
    memcpy(a.ssid, key->body.ssid, sizeof a.ssid);
    assert_ok(abandonment_sign(&a, &sim.nodes[EVIL].credential));
    assert_ok(abandonment_encode(&encoded, &a));
    settle_on_abandonment(sim.nodes[node].node, NULL, buf_bytes(&encoded));
}

/* tss1 is ACTIVE and a client would believe the key; tss2 is told that it will never be one. */
static void equivocate(struct buf *certificate)
{
    cluster_sim_init(&sim, 3);
    sim.on_relay = keep_from_second;
    sim_begin_key(&sim, 2, ALL);
    sim_run(&sim);
    sim_only_key(&sim, ALL, key_id);
    abandon_to(1);
    assert_true(sim_collect(&sim, ALL, certificate));
    assert_string_equal(sim_key_state(&sim, 0, key_id), "ACTIVE");
    assert_string_equal(sim_key_state(&sim, 1, key_id), "ABANDONED");
    sim_sign(&sim, key_id, 0x3);
    assert_int_equal(sim.nodes[1].result.error, KMS_E_STATE);
    sim_advance(&sim, 2000);
}

/* Both documents, each of which convicts with the other. */
static void assert_convicted(unsigned node)
{
    struct store_id          id = {.table = STORE_META};
    struct abandonment       a;
    struct birth_certificate c;
    bool                     vouched = false;
    SECRET_LOCAL             value = SECRET_NONE;

    (void)snprintf(id.key, sizeof id.key, "equivocation/%s", key_id);
    assert_ok(store_get(&sim.nodes[node].sealed, &id, &value));
    struct reader r = reader_of(secret_view(&value));
    assert_true(bytes_equal_str(reader_view(&r, 4), "KEQ1"));
    assert_ok(abandonment_decode(&a, reader_block(&r, ABANDONMENT_MAX)));
    assert_ok(birth_decode(&c, reader_block(&r, BIRTH_ENCODED_MAX)));
    assert_ok(reader_end(&r, "evidence"));
    assert_string_equal(a.node, sim.nodes[EVIL].name);
    assert_memory_equal(a.ssid, c.body.ssid, 32);
    for (unsigned i = 0; i < c.count; i++) {
        assert_ok(birth_verify_signature(&c.body, &c.signatures[i], sim.pki.authority));
        vouched |= strcmp(c.signatures[i].node, a.node) == 0;
    }
    assert_true(vouched);
}

static enum kms_err count_kind(void *arg, const struct store_log_row *row)
{
    *(unsigned *)arg += strcmp(row->kind, "equivocation") == 0;
    return KMS_OK;
}

static unsigned convictions_in_log(unsigned node)
{
    unsigned count = 0;

    assert_ok(store_log_each(&sim.nodes[node].sealed, 1, count_kind, &count));
    return count;
}

/* The liar has gone: the two honest holders still have their t shares. */
static void assert_key_survives(void)
{
    sim.on_relay = NULL;
    sim_crash(&sim, EVIL);
    sim_restart(&sim, 1);
    assert_string_equal(sim_key_state(&sim, 1, key_id), "ACTIVE");
    sim_sign(&sim, key_id, 0x3);
    sim_assert_signed(&sim, key_id, 0x3);
    assert_convicted(1);
    assert_int_equal(convictions_in_log(1), 1);
}

TEST(evil, who_vouches_to_one_and_abandons_to_another_destroys_no_share)
{
    BUF_LOCAL certificate = BUF_INIT(BIRTH_ENCODED_MAX);

    equivocate(&certificate);
    sim_commit(&sim, ALL, buf_bytes(&certificate));
    assert_string_equal(sim_key_state(&sim, 1, key_id), "ACTIVE");
    assert_key_survives();
    cluster_sim_clear(&sim);
}

/* No coordinator brings the certificate: tss1 has it, and tss2 asks every holder, also after a restart. */
TEST(evil, honest_holders_tell_each_other_what_the_liar_withholds)
{
    BUF_LOCAL certificate = BUF_INIT(BIRTH_ENCODED_MAX);

    equivocate(&certificate);
    sim_crash(&sim, EVIL);
    sim_restart(&sim, 1);
    assert_key_survives();
    cluster_sim_clear(&sim);
}

TEST(evil, honest_holders_tell_each_other_within_a_minute)
{
    BUF_LOCAL certificate = BUF_INIT(BIRTH_ENCODED_MAX);

    equivocate(&certificate);
    sim_advance(&sim, 61000);
    assert_string_equal(sim_key_state(&sim, 1, key_id), "ACTIVE");
    assert_key_survives();
    cluster_sim_clear(&sim);
}

/* After a restart the signatures are gone from memory, and the state is not. */
TEST(evil, signatures_for_an_abandoned_key_are_collected_over_a_restart)
{
    BUF_LOCAL   certificate = BUF_INIT(BIRTH_ENCODED_MAX);
    const char *says;

    equivocate(&certificate);
    sim_crash(&sim, 1);
    assert_ok(sim_boot(&sim, 1));
    assert_string_equal(sim_key_state(&sim, 1, key_id), "ABANDONED");
    assert_ok(node_commit(sim.nodes[1].node, buf_bytes(&certificate), &says));
    assert_string_equal(says, "ACTIVE");
    assert_key_survives();
    cluster_sim_clear(&sim);
}

/* Too late: what is ACTIVE stays so, and the word is kept against who gave it. Once, however often it is said. */
TEST(evil, an_abandonment_of_an_active_key_convicts_and_does_nothing_else)
{
    cluster_sim_init(&sim, 3);
    sim_make_key(&sim, 2, ALL, key_id);
    for (int i = 0; i < 3; i++) abandon_to(0);
    assert_string_equal(sim_key_state(&sim, 0, key_id), "ACTIVE");
    assert_convicted(0);
    assert_int_equal(convictions_in_log(0), 1);
    sim_sign(&sim, key_id, 0x3);
    sim_assert_signed(&sim, key_id, 0x3);
    cluster_sim_clear(&sim);
}

/* ---- check 23: two nonce commitments in one session, over real tunnels ---- */

/* The opening of a session that tss3 holds beside its node, encoded as for a tunnel. */
static void write_opening(struct buf *out, const struct sim_start *start, const struct signed_request *r)
{
    struct node            *node = sim.nodes[EVIL].node;
    struct key             *key = keys_find(node, key_id);
    const struct key_share *share;
    struct session         *session;
    struct message          m;

    assert_ok(shares_get(node, key, &share));
    struct session_params params = {.protocol = frost_scheme.sign,
                                    .group = share->group,
                                    .self = EVIL + 1,
                                    .quorum = party_set_first(3),
                                    .t = 3,
                                    .n = 3,
                                    .epoch = share->epoch,
                                    .message = bytes_str(sim_message),
                                    .share = share,
                                    .rng = rng_system(),
                                    .deadline_ms = sim.now_ms + 5000,
                                    .progress_ms = 1000};
    memcpy(params.tag, start->tag, sizeof params.tag);
    memcpy(params.key_id, key_id, sizeof key_id);
    memcpy(params.roster_hash, node->roster.hash, sizeof params.roster_hash);
    assert_ok(signed_request_hash(params.request_hash, r));
    assert_ok(session_init(&session, &params, sim.now_ms));
    assert_true(session_poll(session, &m));
    assert_int_equal(m.body.len, OPENING_LEN + COMMITMENTS_LEN);
    assert_ok(message_encode(out, &m));
    session_free(&session);
}

static void say(unsigned to, struct bytes opening)
{
    struct node *node = sim.nodes[EVIL].node;

    circuit_send(node, circuits_to(node, sim.nodes[to].name), TUNNEL_PROTOCOL, opening);
}

/* What tss3 says in the flight of responses: to each what it wants to hear, and a response that is none. */
static void say_response(unsigned to, const struct sim_start *start)
{
    static const uint8_t  one[32] = {1};
    const struct session *theirs = sim.nodes[to].node->runs.first->session;
    struct message        m = {.round = 1, .kind = MESSAGE_BROADCAST, .body = BYTES_OF(one)};
    BUF_LOCAL             encoded = BUF_INIT(MESSAGE_BODY_MAX + 256);

    memcpy(m.tag, start->tag, sizeof m.tag);
    memcpy(m.ssid, session_ssid(theirs), sizeof m.ssid);
    memcpy(m.echo, theirs->echoes[1], sizeof m.echo);
    assert_ok(message_encode(&encoded, &m));
    say(to, buf_bytes(&encoded));
}

static void hear_evil(void)
{
    node_on_tick(sim.nodes[EVIL].node);
    sim_run(&sim);
}

/* tss1 and tss2 sign with tss3, which tells them one opening, or two with the same nonce for the session id. */
static void sign_with_openings(bool two)
{
    struct signed_request r;
    struct sim_start      start;
    char                  target[128];
    BUF_LOCAL             first = BUF_INIT(MESSAGE_BODY_MAX + 256), second = BUF_INIT(MESSAGE_BODY_MAX + 256);

    cluster_sim_init(&sim, 3);
    sim_make_key(&sim, 3, ALL, key_id);
    (void)snprintf(target, sizeof target, "POST /api/v1/keys/%s/sign", key_id);
    sim_request(&sim, &r, &sim.owner, target, "{\"data\":\"61747461636b206174206461776e\",\"dataType\":\"RAW\"}");
    sim_start_init(&sim, &start, KMS__V1__OPERATION__OPERATION_SIGN, &r, ALL);
    write_opening(&first, &start, &r);
    write_opening(&second, &start, &r);
    memcpy(second.data, first.data, two ? second.len - COMMITMENTS_LEN : second.len);
    sim_send_start(&sim, 0, &start);
    sim_send_start(&sim, 1, &start);
    say(0, buf_bytes(&first));
    say(1, buf_bytes(&second));
    hear_evil();
    for (unsigned i = 0; i < 2; i++) say_response(i, &start);
    hear_evil();
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(sim.nodes[i].node->runs.count, 0);
        assert_int_equal(sim.nodes[i].result.signature_len, 0);
    }
    sim_start_clear(&start);
}

static unsigned nodes_that_say(enum kms_err err)
{
    return (unsigned)(sim.nodes[0].result.error == err) + (unsigned)(sim.nodes[1].result.error == err);
}

/* Whoever finds it first tells the other, which ends without a finding of its own. */
TEST(evil, different_commitments_for_two_peers_are_equivocation)
{
    sign_with_openings(true);
    assert_true(nodes_that_say(KMS_E_EQUIVOCATION) > 0);
    assert_int_equal(nodes_that_say(KMS_E_EQUIVOCATION) + nodes_that_say(KMS_E_ABORTED), 2);
    cluster_sim_clear(&sim);
}

/* One opening for both: what ends the session is the response, and it is nobody else's fault. */
TEST(evil, a_response_that_is_none_is_no_equivocation)
{
    sign_with_openings(false);
    assert_int_equal(nodes_that_say(KMS_E_EQUIVOCATION), 0);
    assert_int_equal(nodes_that_say(KMS_E_PROOF), 2);
    cluster_sim_clear(&sim);
}
