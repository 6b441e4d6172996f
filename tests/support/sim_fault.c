/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong in a simulated run: one fault, of one party, in one round. */
#include "tests/support/sim_internal.h"

#define LATENCY_MS 20
#define DELAY_MS 600

static const struct {
    const char *name;
    char        blame;
} faults[SIM_FAULTS] = {
#define X(symbol, blame_) {#symbol, blame_},
    SIM_FAULT_TABLE(X)
#undef X
};

const char *sim_fault_name(enum sim_fault f)
{
    return faults[f].name;
}

char sim_fault_blame(enum sim_fault f)
{
    return faults[f].blame;
}

static uint64_t latency(struct sim *sim)
{
    return sim->setup->calm ? 1 : 1 + sim_chance(sim, LATENCY_MS);
}

static void flip(struct sim *sim, uint8_t *at, size_t len)
{
    if (len > 0) at[sim_chance(sim, len)] ^= (uint8_t)(1u << sim_chance(sim, 8));
}

/* A bit anywhere in the envelope, the body included, decoded again; what no longer decodes is lost. */
static bool flip_encoded(struct sim *sim, struct message *m, uint8_t *body)
{
    BUF_LOCAL      encoded = BUF_INIT(MESSAGE_BODY_MAX + 256);
    struct message flipped;

    assert_ok(message_encode(&encoded, m));
    flip(sim, encoded.data, encoded.len);
    if (message_decode(&flipped, buf_bytes(&encoded)) != KMS_OK) return false;
    if (flipped.body.len > 0) memmove(body, flipped.body.data, flipped.body.len);
    flipped.body = bytes(body, flipped.body.len);
    flipped.from = m->from;
    *m = flipped;
    return true;
}

static void random_body(struct sim *sim, uint8_t *body, size_t len)
{
    for (size_t i = 0; i < len; i++) body[i] = (uint8_t)sim_chance(sim, 256);
}

/* The same message of a session of the same party that was opened with other randomness. */
static void foreign(struct sim *sim, struct message *m, uint8_t *body)
{
    random_body(sim, m->round == 0 ? body : m->ssid, NONCE_LEN);
    if (m->round != 0) random_body(sim, m->echo, sizeof m->echo);
}

/* false: nothing is sent. */
static bool tamper(struct sim *sim, struct message *m, uint8_t *body, party to)
{
    size_t len = m->body.len;

    switch (sim->setup->fault) {
    case SIM_FLIP_BIT:
        return flip_encoded(sim, m, body);
    case SIM_FLIP_BODY:
        flip(sim, body, len);
        break;
    case SIM_TRUNCATE:
        m->body.len -= len == 0 ? 0 : 1 + sim_chance(sim, len);
        break;
    case SIM_EXTEND:
        m->body.len += 1 + sim_chance(sim, 64);
        random_body(sim, body + len, m->body.len - len);
        break;
    case SIM_RANDOM_BODY:
        random_body(sim, body, len);
        break;
    case SIM_ZERO_BODY:
        memset(body, 0, len);
        break;
    case SIM_FOREIGN:
        foreign(sim, m, body);
        break;
    case SIM_FUTURE:
        m->round = (uint8_t)(m->round + 2 + sim_chance(sim, 200));
        break;
    case SIM_WRONG_KIND:
        m->kind = m->kind == MESSAGE_DIRECT ? MESSAGE_BROADCAST : MESSAGE_DIRECT;
        break;
    case SIM_NOTICE:
        *m = (struct message){.from = m->from, .round = MESSAGE_ROUND_ABORT, .kind = MESSAGE_BROADCAST};
        memcpy(m->tag, "a tag of 16 byte", SESSION_TAG_LEN);
        break;
    case SIM_LOSE:
    case SIM_WITHHOLD:
        return to != sim->setup->victim;
    case SIM_NONE:
    case SIM_DELAY:
    case SIM_DUPLICATE:
    case SIM_CRASH:
    case SIM_CUT:
    case SIM_OTHER_INPUT:
    case SIM_CONFLICT:
    case SIM_EQUIVOCATE:
    case SIM_STALE_OPEN:
    case SIM_STALE_EARLY:
    case SIM_STALE_ROUND:
    case SIM_STALE_PROTOCOL:
    case SIM_FAULTS:
        break;
    }
    return true;
}

/* Faults that are not a change of the message. false: they have taken it. */
static bool act(struct sim *sim, const struct message *m, party to)
{
    const struct sim_setup *setup = sim->setup;

    if (setup->fault == SIM_CRASH && m->from == setup->at_fault && m->round >= setup->fault_round) {
        sim->parties[m->from].crashed = true;
        return false;
    }
    if (!sim_is_faulty(sim, m)) return true;
    if (setup->fault == SIM_CUT && to == setup->victim) {
        sim_cut(sim, m->from, to);
        return false;
    }
    if (to == setup->victim) sim_stale_send(sim, latency(sim));
    if (setup->fault == SIM_DUPLICATE) sim_post(sim, m, to, latency(sim));
    if (setup->fault == SIM_DELAY) {
        sim_post(sim, m, to, DELAY_MS + latency(sim));
        return false;
    }
    return true;
}

/* In its place, at a time of its own: before or after. */
static void send_conflict(struct sim *sim, const struct message *m, uint8_t *body, party to)
{
    struct message other = *m;

    flip(sim, body, m->body.len);
    other.body = bytes(body, m->body.len > 0 ? m->body.len : 1);
    sim_post(sim, &other, to, latency(sim));
}

void sim_send(struct sim *sim, const struct message *m, party to)
{
    uint8_t        body[MESSAGE_BODY_MAX] = {0};
    struct message out = *m;

    if (!act(sim, m, to)) return;
    if (m->body.len > 0) memcpy(body, m->body.data, m->body.len);
    out.body = bytes(body, m->body.len);
    if (sim_is_faulty(sim, m) && !tamper(sim, &out, body, to)) return;
    if (sim->setup->tamper != NULL) sim->setup->tamper(sim->setup->tamper_arg, &out, to, body);
    sim_post(sim, &out, to, latency(sim));
    if (sim_is_faulty(sim, m) && sim->setup->fault == SIM_CONFLICT) send_conflict(sim, m, body, to);
}
