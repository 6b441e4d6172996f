/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of a former session under the same tag: real, honest, and of no use any more. */
#include "tests/support/sim_internal.h"

/* Is this message of the former session one that the fault is about? */
static bool is_wanted(enum sim_fault fault, unsigned round)
{
    if (fault == SIM_STALE_OPEN) return round == 0;
    if (fault == SIM_STALE_EARLY) return round == 1;
    return fault == SIM_STALE_PROTOCOL || round > 0;
}

static void record(void *arg, struct message *m, party to, uint8_t *body UNUSED)
{
    struct sim             *sim = arg;
    const struct sim_setup *setup = sim->setup;

    if (m->from != setup->at_fault || to != setup->victim || !is_wanted(setup->fault, m->round)) return;
    assert_true(sim->stale_count < SIM_STALE_MAX);
    struct buf *encoded = &sim->stale[sim->stale_count++];
    *encoded = BUF_INIT(MESSAGE_BODY_MAX + 256);
    assert_ok(message_encode(encoded, m));
}

void sim_stale_record(struct sim *sim)
{
    enum sim_fault    fault = sim->setup->fault;
    struct sim_setup  former = sim->setup->former == NULL ? *sim->setup : *sim->setup->former;
    struct sim_result result;

    if (fault < SIM_STALE_OPEN || fault > SIM_STALE_PROTOCOL) return;
    former.seed = ~sim->setup->seed;
    former.fault = SIM_NONE;
    former.calm = true;
    former.trace = NULL;
    former.tamper = record;
    former.tamper_arg = sim;
    sim_run(&result, &former);
    sim_check_done(&former, &result);
    sim_result_wipe(&result);
}

void sim_stale_send(struct sim *sim, uint64_t delay_ms)
{
    struct message m;

    if (sim->stale_count == 0) return;
    assert_ok(message_decode(&m, buf_bytes(&sim->stale[sim_chance(sim, sim->stale_count)])));
    m.from = sim->setup->at_fault;
    sim_post(sim, &m, sim->setup->victim, delay_ms);
}

void sim_stale_clear(struct sim *sim)
{
    for (unsigned i = 0; i < sim->stale_count; i++) buf_clear(&sim->stale[i]);
}
