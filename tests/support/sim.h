/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A seeded, simulated network over the session engine: every message is encoded, delayed, reordered, perhaps tampered
 * with, decoded and delivered. One party may be at fault in one round: its process, its link, or it is evil. An evil
 * party's messages are authentic, so blame must be right; a fault of the network must blame nobody.
 */
#ifndef KMS_TESTS_SUPPORT_SIM_H
#define KMS_TESTS_SUPPORT_SIM_H

#include "cluster/protocol/scheme.h"
#include "tests/support/test.h"

#define SIM_PARTIES (PARTIES_MAX + 1)

/* X(symbol, who is to blame: 'n' nobody, everything goes well; 'l' nobody, it may fail; 'e' the party at fault, if
 * anybody) */
#define SIM_FAULT_TABLE(X)                                                                                      \
    X(NONE, 'n')        /* latencies and reordering only */                                                     \
    X(DELAY, 'n')       /* late, but within the time for progress */                                            \
    X(DUPLICATE, 'n')   /* everything arrives twice */                                                          \
    X(LOSE, 'l')        /* the messages of the round to the victim are lost */                                  \
    X(CRASH, 'l')       /* the party stops before it sends the round */                                         \
    X(CUT, 'l')         /* the tunnel to the victim dies with the message: both ends are told */                \
    X(OTHER_INPUT, 'l') /* the party was started with another roster or message */                              \
    X(NOTICE, 'l')      /* the party gives up */                                                                \
    X(FLIP_BIT, 'e')    /* one bit anywhere in the encoded message */                                           \
    X(FLIP_BODY, 'e')   /* one bit of the body */                                                               \
    X(TRUNCATE, 'e')    /* the body loses its end */                                                            \
    X(EXTEND, 'e')      /* the body grows */                                                                    \
    X(RANDOM_BODY, 'e') /* noise of the right length */                                                         \
    X(ZERO_BODY, 'e')                                                                                           \
    X(CONFLICT, 'e')   /* the message, then another in its place */                                             \
    X(EQUIVOCATE, 'e') /* two honest-looking runs from this round on: one for the victim, one for the others */ \
    X(FOREIGN, 'l')    /* the same message of another session of the same parties: never blamed */              \
    X(FUTURE, 'e')     /* a message of a round that cannot have begun */                                        \
    X(WRONG_KIND, 'e') /* a broadcast sent as direct, or the reverse */                                         \
    X(WITHHOLD, 'l')   /* nothing of the round for the victim */                                                \
    /* The tag has named another session before (`former`); a message of it to the victim comes now: */         \
    X(STALE_OPEN, 'l')     /* its opening, beside a message of the round */                                     \
    X(STALE_EARLY, 'l')    /* of its first round, at the very beginning */                                      \
    X(STALE_ROUND, 'l')    /* of any of its rounds, beside a message of the round */                            \
    X(STALE_PROTOCOL, 'l') /* anything of another protocol's session, beside a message of the round */

enum sim_fault {
#define X(symbol, blame) SIM_##symbol,
    SIM_FAULT_TABLE(X)
#undef X
        SIM_FAULTS
};
const char *sim_fault_name(enum sim_fault);
char        sim_fault_blame(enum sim_fault);

struct sim_setup {
    const struct protocol    *protocol;
    const struct prime_group *group;
    unsigned                  t, n;
    struct party_set          quorum;
    const struct key_share   *shares;  /* borrowed; [n + 1], for signing */
    struct bytes              message; /* borrowed */
    uint64_t                  seed;
    uint8_t                   salt; /* every byte of every party's salt */
    bool                      calm; /* every latency is 1 ms: for stories */
    enum sim_fault            fault;
    unsigned                  fault_round;
    party                     at_fault, victim;
    const struct sim_setup   *former; /* borrowed; of STALE_*: NULL is the same once more, with other randomness */
    struct buf               *trace;  /* borrowed; NULL: none */
    /* NULL: EDDSA. Otherwise whose signatures these are. */
    const struct scheme *scheme;
    /* What else a party's session is given. NULL: nothing. */
    void (*prepare)(void *arg, struct session_params *, party self);
    void *prepare_arg;
    /* Called for each encoded message before it is sent; may alter it (stories with a fault of their own). */
    void (*tamper)(void *arg, struct message *, party to, uint8_t body[MESSAGE_BODY_MAX]);
    void *tamper_arg;
};

struct sim_end {
    enum session_state state;
    struct outcome     outcome; /* secret: a key perhaps */
};

struct sim_result {
    struct sim_end end[SIM_PARTIES]; /* [party] */
    uint64_t       at_ms;
    unsigned       messages, bytes;
};

/* Runs to the end of every session; checks that nothing secret is left in any. */
void sim_run(struct sim_result *out, const struct sim_setup *);
void sim_result_wipe(struct sim_result *);

/* The properties of every run: agreement, validity, blame; t of the shares give the secret key of X. */
void sim_check(const struct sim_setup *, const struct sim_result *);
/* All parties of the quorum are done. */
void sim_check_done(const struct sim_setup *, const struct sim_result *);

/* A key made by the DKG in a calm run: shares[1..n]. */
void sim_make_key(struct key_share shares[SIM_PARTIES], const struct prime_group *, unsigned t, unsigned n,
                  uint64_t seed);

/* The parameters that sim gives to a party's session; rng is borrowed. */
void sim_params(struct session_params *out, const struct sim_setup *, party self, struct rng *);

#endif
