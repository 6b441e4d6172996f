/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated network: packets ordered by time, sessions ticked when nothing else happens. */
#include <stdlib.h>

#include "cluster/dkg/dkg.h"
#include "cluster/protocol/pool.h"
#include "tests/support/sim_internal.h"
#include "tests/support/trace.h"

#define PROGRESS_MS 1000
#define DEADLINE_MS 30000

uint64_t sim_chance(struct sim *sim, uint64_t below)
{
    return rng_seeded_below(&sim->chance, below);
}

static enum kms_err fill_parting(void *self, void *out, size_t len)
{
    struct sim_rng *r = self;
    unsigned        row = *r->session == NULL ? 0 : (*r->session)->row;

    /* The first draw is the opening's nonce: one half of the seeds equivocate on it, the other only on what follows. */
    bool keeps_nonce = r->parts_in == 0 && r->draws++ == 0 && (r->seed / 77 & 1) == 1;
    if (r->parts && !r->parted && row >= r->parts_in && !keeps_nonce) {
        r->parted = true;
        rng_seeded_init(&r->stream, ~r->seed, r->stream_id);
    }
    return r->stream.rng.fill(r->stream.rng.self, out, len);
}

static struct rng *rng_of(struct sim *sim, struct sim_party *p, party self, bool twin)
{
    p->rng = (struct sim_rng){.rng = {.fill = fill_parting, .self = &p->rng},
                              .seed = sim->setup->seed,
                              .stream_id = self,
                              .session = &p->session,
                              .parts = twin,
                              .parts_in = sim->setup->fault_round};
    rng_seeded_init(&p->rng.stream, p->rng.seed, self);
    return &p->rng.rng;
}

void sim_params(struct session_params *out, const struct sim_setup *setup, party self, struct rng *rng)
{
    bool signs = setup->shares != NULL;

    *out = (struct session_params){
        .protocol = setup->protocol,
        .group = setup->group,
        .self = self,
        .quorum = setup->quorum,
        .t = setup->t,
        .n = setup->n,
        .epoch = signs ? 1 : 0,
        .message = setup->message,
        .share = signs ? &setup->shares[self] : NULL,
        .rng = rng,
        .deadline_ms = DEADLINE_MS,
        .progress_ms = PROGRESS_MS,
    };
    if (signs) memcpy(out->key_id, "kq3nzx", 7);
    memcpy(out->tag, "a tag of 16 byte", SESSION_TAG_LEN);
    memset(out->salt, setup->salt, sizeof out->salt);
    if (setup->prepare != NULL) setup->prepare(setup->prepare_arg, out, self);
}

static void start(struct sim *sim, struct sim_party *p, party self, bool twin)
{
    struct session_params params;

    sim_params(&params, sim->setup, self, rng_of(sim, p, self, twin));
    if (sim->setup->fault == SIM_OTHER_INPUT && self == sim->setup->at_fault) {
        if (params.message.len != 0 && sim_chance(sim, 2) == 0)
            params.message = bytes_str("another message, as long");
        else
            params.roster_hash[sim_chance(sim, 32)] ^= 1;
    }
    assert_ok(session_init(&p->session, &params, 0));
}

void sim_post(struct sim *sim, const struct message *m, party to, uint64_t delay_ms)
{
    struct sim_packet *packet = &sim->packets[sim->packet_count++];

    assert_true(sim->packet_count < SIM_PACKETS);
    *packet = (struct sim_packet){.at_ms = sim->now_ms + delay_ms, .order = sim->order++, .from = m->from, .to = to};
    packet->bytes = BUF_INIT(MESSAGE_BODY_MAX + 256);
    assert_ok(message_encode(&packet->bytes, m));
    sim->result->messages++;
    sim->result->bytes += (unsigned)packet->bytes.len;
}

bool sim_is_faulty(const struct sim *sim, const struct message *m)
{
    return sim->setup->fault != SIM_NONE && m->from == sim->setup->at_fault && m->round == sim->setup->fault_round;
}

/* Secret memory of a session that has ended is zero already before it is finished; its whole block afterwards. */
static void check_zero(const void *memory, size_t len)
{
    const uint8_t *at = memory;
    uint8_t        any = 0;

    for (size_t i = 0; i < len; i++) any |= at[i];
    assert_int_equal(any, 0);
}

static void check_wiped(const struct session *s)
{
    check_zero(s->memory, s->state == SESSION_ABORTED ? s->memory_len : s->state_len);
    check_zero(&s->share, sizeof s->share);
    if (s->state == SESSION_ABORTED) check_zero(&s->outcome.key, sizeof s->outcome.key);
}

static void end(struct sim *sim, struct sim_party *p, party self)
{
    bool           is_twin = p == &sim->twin;
    struct sim_end ignored, *out = is_twin ? &ignored : &sim->result->end[self];
    const void    *block = p->session;
    size_t         len = p->session->block_len;

    out->state = session_state(p->session);
    check_wiped(p->session);
    session_finish(&p->session, &out->outcome);
    if (len <= POOL_BLOCK_LEN) check_zero(block, len); /* kept by the pool, so still there */
    if (is_twin)
        outcome_wipe(&ignored.outcome);
    else
        trace_end(sim->setup->trace, sim->now_ms, self, out->state, &out->outcome);
}

static const char *round_name(const struct sim *sim, unsigned round)
{
    return round < sim->setup->protocol->round_count ? sim->setup->protocol->rounds[round].name : "confirm";
}

/* Does this instance of an equivocating party speak to `to`? */
static bool speaks_to(const struct sim *sim, const struct sim_party *p, party self, party to)
{
    if (sim->setup->fault != SIM_EQUIVOCATE || self != sim->setup->at_fault) return true;
    return (p == &sim->twin) == (to == sim->setup->victim);
}

static void send_to_all(struct sim *sim, struct sim_party *p, party self, const struct message *m)
{
    for (party to = party_set_next(sim->setup->quorum, 0); to != 0; to = party_set_next(sim->setup->quorum, to)) {
        if (to == self || (m->to != 0 && m->to != to) || !speaks_to(sim, p, self, to)) continue;
        trace_message(sim->setup->trace, sim->now_ms, round_name(sim, m->round), m, to);
        sim_send(sim, m, to);
    }
}

static void drain(struct sim *sim, struct sim_party *p, party self)
{
    uint8_t        body[MESSAGE_BODY_MAX]; /* a fault may end the session while its message is being sent */
    struct message m;

    while (p->session != NULL && session_poll(p->session, &m)) {
        if (m.body.len > 0) memcpy(body, m.body.data, m.body.len);
        m.body = bytes(body, m.body.len);
        send_to_all(sim, p, self, &m);
    }
    if (p->session != NULL && session_state(p->session) != SESSION_RUNNING) end(sim, p, self);
}

static void each_party(struct sim *sim, void (*f)(struct sim *, struct sim_party *, party))
{
    for (party p = party_set_next(sim->setup->quorum, 0); p != 0; p = party_set_next(sim->setup->quorum, p))
        f(sim, &sim->parties[p], p);
    if (sim->setup->fault == SIM_EQUIVOCATE) f(sim, &sim->twin, sim->setup->at_fault);
}

void sim_cut(struct sim *sim, party a, party b)
{
    for (unsigned i = 0; i < 2; i++) {
        struct sim_party *p = &sim->parties[i == 0 ? a : b];
        if (p->session != NULL) session_cancel(p->session, ABORT_CANCELLED);
    }
}

static void deliver_to(struct sim *sim, struct sim_party *p, party self, const struct message *m)
{
    if (p->session == NULL || p->crashed) return;
    enum kms_err err = session_on_message(p->session, m, sim->now_ms);
    assert_true(err == KMS_OK || err == KMS_E_ARGUMENT);
    drain(sim, p, self);
}

static void deliver(struct sim *sim, struct sim_packet *packet)
{
    struct message m;

    if (message_decode(&m, buf_bytes(&packet->bytes)) == KMS_OK) {
        m.from = packet->from;
        m.to = packet->to;
        deliver_to(sim, &sim->parties[packet->to], packet->to, &m);
        if (sim->setup->fault == SIM_EQUIVOCATE && packet->to == sim->setup->at_fault)
            deliver_to(sim, &sim->twin, packet->to, &m);
    }
    buf_clear(&packet->bytes);
}

static bool next_packet(struct sim *sim, struct sim_packet *out)
{
    unsigned first = 0;

    if (sim->packet_count == 0) return false;
    for (unsigned i = 1; i < sim->packet_count; i++) {
        const struct sim_packet *a = &sim->packets[i], *b = &sim->packets[first];
        if (a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->order < b->order)) first = i;
    }
    *out = sim->packets[first];
    sim->packets[first] = sim->packets[--sim->packet_count];
    return true;
}

static void tick(struct sim *sim, struct sim_party *p, party self)
{
    if (p->session == NULL) return;
    session_on_tick(p->session, sim->now_ms);
    drain(sim, p, self);
}

static uint64_t earliest_wakeup(const struct sim *sim)
{
    uint64_t earliest = UINT64_MAX;

    for (party p = 0; p < SIM_PARTIES; p++) {
        const struct session *s = p == 0 ? sim->twin.session : sim->parties[p].session;
        if (s != NULL && session_wakeup_ms(s) < earliest) earliest = session_wakeup_ms(s);
    }
    return earliest;
}

static void run(struct sim *sim)
{
    struct sim_packet packet;

    for (;;) {
        uint64_t wakeup = earliest_wakeup(sim);
        if (wakeup == UINT64_MAX) break;
        if (!next_packet(sim, &packet)) {
            sim->now_ms = wakeup;
            each_party(sim, tick);
            continue;
        }
        sim->now_ms = packet.at_ms;
        deliver(sim, &packet);
        if (wakeup <= sim->now_ms) each_party(sim, tick);
    }
    while (next_packet(sim, &packet)) buf_clear(&packet.bytes);
}

void sim_run(struct sim_result *out, const struct sim_setup *setup)
{
    struct sim *sim = calloc(1, sizeof *sim);

    assert_non_null(sim);
    *out = (struct sim_result){0};
    sim->setup = setup;
    sim->result = out;
    rng_seeded_init(&sim->chance, setup->seed, 0);
    for (party p = party_set_next(setup->quorum, 0); p != 0; p = party_set_next(setup->quorum, p))
        start(sim, &sim->parties[p], p, false);
    if (setup->fault == SIM_EQUIVOCATE) start(sim, &sim->twin, setup->at_fault, true);
    sim_stale_record(sim);
    if (setup->fault == SIM_STALE_EARLY) sim_stale_send(sim, 1);
    each_party(sim, drain);
    run(sim);
    sim_stale_clear(sim);
    out->at_ms = sim->now_ms;
    free(sim);
}

void sim_result_wipe(struct sim_result *r)
{
    for (party p = 0; p < SIM_PARTIES; p++) outcome_wipe(&r->end[p].outcome);
}

void sim_make_key(struct key_share shares[SIM_PARTIES], const struct prime_group *g, unsigned t, unsigned n,
                  uint64_t seed)
{
    struct sim_setup  setup = {.protocol = &dkg_protocol,
                               .group = g,
                               .t = t,
                               .n = n,
                               .quorum = party_set_first(n),
                               .seed = seed,
                               .calm = true};
    struct sim_result result;

    sim_run(&result, &setup);
    sim_check_done(&setup, &result);
    sim_check(&setup, &result);
    for (party p = 1; p <= n; p++) shares[p] = result.end[p].outcome.key;
    sim_result_wipe(&result);
}
