/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated world: parties, packets, time. */
#ifndef KMS_TESTS_SUPPORT_SIM_INTERNAL_H
#define KMS_TESTS_SUPPORT_SIM_INTERNAL_H

#include "cluster/protocol/session_internal.h"
#include "tests/support/sim.h"

#define SIM_PACKETS 4096
#define SIM_STALE_MAX 16

/* The randomness of a party, which may part from that of its twin when it begins a round. */
struct sim_rng {
    struct rng        rng;
    struct rng_seeded stream;
    uint64_t          seed, stream_id;
    struct session  **session; /* to see the round */
    bool              parts, parted;
    unsigned          draws; /* the first is the nonce of the opening */
    unsigned          parts_in;
};

struct sim_party {
    struct session *session; /* NULL: not of the quorum, or ended */
    struct sim_rng  rng;
    bool            crashed;
};

struct sim_packet {
    uint64_t   at_ms;
    unsigned   order;
    party      from, to;
    struct buf bytes;
};

struct sim {
    const struct sim_setup *setup;
    struct sim_result      *result;
    struct rng_seeded       chance;
    uint64_t                now_ms;
    struct sim_party        parties[SIM_PARTIES];
    struct sim_party        twin; /* of the party at fault, for equivocation */
    struct sim_packet       packets[SIM_PACKETS];
    unsigned                packet_count, order;
    struct buf              stale[SIM_STALE_MAX]; /* encoded: what the party at fault once said to the victim */
    unsigned                stale_count;
};

/* sim_fault.c: the message as `from` would send it to `to`; sends what the fault makes of it. */
void sim_send(struct sim *, const struct message *, party to);
/* sim_stale.c: for STALE_*. Runs the former session and keeps what is wanted of it. */
void sim_stale_record(struct sim *);
/* Sends one of the messages kept, if there are any. */
void sim_stale_send(struct sim *, uint64_t delay_ms);
void sim_stale_clear(struct sim *);
/* sim.c */
void     sim_post(struct sim *, const struct message *, party to, uint64_t delay_ms);
uint64_t sim_chance(struct sim *, uint64_t below);
void     sim_cut(struct sim *, party a, party b);
/* Does the fault of this run concern this message? */
bool sim_is_faulty(const struct sim *, const struct message *);

#endif
