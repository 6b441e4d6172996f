/* SPDX-License-Identifier: Apache-2.0 */
/* Five nodes with their set-ups, and keys among them: made once by the real protocols, used by the tests of DKLS23. */
#ifndef KMS_TESTS_PROTOCOL_DKLS23_FIXTURE_H
#define KMS_TESTS_PROTOCOL_DKLS23_FIXTURE_H

#include <stdio.h>

#include "cluster/dkls23/dkls23.h"
#include "cluster/dkls23/internal.h"
#include "tests/support/sim.h"

enum { FIXTURE_NODES = 5 };

static struct pair_setup        fixture_setups[FIXTURE_NODES + 1][FIXTURE_NODES + 1]; /* [whose][with] */
static const struct pair_setup *fixture_pointers[FIXTURE_NODES + 1][SIM_PARTIES];
static const uint8_t            fixture_digest[32] = "the digest of what is to be sign";

struct fixture_pair {
    struct pair_setup *made[3]; /* of parties 1 and 2 */
    uint32_t           generation;
};

static UNUSED void fixture_prepare_pair(void *arg, struct session_params *p, party self)
{
    struct fixture_pair *pair = arg;

    p->epoch = pair->generation;
    p->new_setup = pair->made[self];
}

static UNUSED struct sim_setup fixture_pair_setup_of(struct fixture_pair *pair, uint64_t seed)
{
    return (struct sim_setup){.protocol = &pair_setup_protocol,
                              .group = group_by_id(GROUP_ED25519),
                              .t = 2,
                              .n = 2,
                              .quorum = party_set_first(2),
                              .seed = seed,
                              .calm = true,
                              .prepare = fixture_prepare_pair,
                              .prepare_arg = pair};
}

static UNUSED void fixture_make_pair(party i, party j, uint32_t generation, uint64_t seed)
{
    static struct sim_result result;
    struct fixture_pair      pair = {{NULL, &fixture_setups[i][j], &fixture_setups[j][i]}, generation};
    struct sim_setup         setup = fixture_pair_setup_of(&pair, seed);

    sim_run(&result, &setup);
    sim_check(&setup, &result);
    sim_check_done(&setup, &result);
    fixture_pointers[i][j] = &fixture_setups[i][j];
    fixture_pointers[j][i] = &fixture_setups[j][i];
}

static UNUSED void fixture_make_setups(void)
{
    if (fixture_pointers[1][2] != NULL) return;
    for (party i = 1; i <= FIXTURE_NODES; i++)
        for (party j = (party)(i + 1); j <= FIXTURE_NODES; j++) fixture_make_pair(i, j, 1, test_seed() + 100u * i + j);
}

/* What the sessions of a run are given; presignatures: [party], or NULL. One who equivocates has copied its own. */
struct fixture_gifts {
    const struct presignature *presignatures;
    struct presignature        given[SIM_PARTIES][2];
    unsigned                   count[SIM_PARTIES];
};

static UNUSED void fixture_prepare(void *arg, struct session_params *p, party self)
{
    struct fixture_gifts *gifts = arg;

    p->setups = fixture_pointers[self];
    if (gifts == NULL || p->protocol != &dkls23_online_protocol) return;
    p->presignature = &gifts->given[self][gifts->count[self]++ % 2];
    *p->presignature = gifts->presignatures[self];
}

static UNUSED struct sim_setup fixture_sign(const struct key_share *shares, struct party_set quorum)
{
    fixture_make_setups();
    return (struct sim_setup){.protocol = &dkls23_sign_protocol,
                              .group = shares[1].group,
                              .t = shares[1].t,
                              .n = shares[1].n,
                              .quorum = quorum,
                              .shares = shares,
                              .message = BYTES_OF(fixture_digest),
                              .seed = test_seed(),
                              .calm = true,
                              .scheme = &dkls23_scheme,
                              .prepare = fixture_prepare};
}

/* Presignatures of all signers of the quorum: out[party]. */
static UNUSED void fixture_presign(struct presignature out[SIM_PARTIES], const struct sim_setup *sign, uint64_t seed)
{
    static struct sim_result result;
    struct sim_setup         setup = *sign;

    setup.protocol = &dkls23_presign_protocol;
    setup.message = BYTES_NONE;
    setup.seed = seed;
    setup.fault = SIM_NONE;
    setup.tamper = NULL;
    setup.prepare_arg = NULL;
    sim_run(&result, &setup);
    sim_check(&setup, &result);
    sim_check_done(&setup, &result);
    for (party p = 1; p <= setup.n; p++) out[p] = result.end[p].outcome.presignature;
    sim_result_wipe(&result);
}

#endif
