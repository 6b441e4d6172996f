/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session engine: a protocol run as a value that takes messages and the time, and gives messages and a result.
 * It opens no socket, reads no clock, starts no thread. One engine checks session id, sender, round, size,
 * duplicates, echo, deadline, abort and wiping for every protocol.
 *
 * A driver: session_init, then for every event one of on_message / on_tick / cancel, after each of them poll until it
 * is empty; when session_state() is no longer RUNNING and poll is empty, session_finish takes the outcome and frees.
 *
 * Bad input from a peer is not an error of the call; it is a state (ABORTED). session_on_message fails only for what
 * is not of this session (KMS_E_ARGUMENT; dropped, nothing changes).
 */
#ifndef KMS_CLUSTER_PROTOCOL_SESSION_H
#define KMS_CLUSTER_PROTOCOL_SESSION_H

#include "cluster/protocol/message.h"
#include "cluster/protocol/outcome.h"
#include "common/crypto/rng.h"

#define SESSION_MESSAGE_MAX (1024 * 1024) /* bytes that one session signs */
#define SESSION_SALT_LEN 32

struct protocol;   /* protocol.h: what a scheme writes */
struct pair_setup; /* cluster/mpc/pair_setup.h */
struct session;

struct session_params {
    const struct protocol    *protocol;
    const struct prime_group *group;
    uint8_t                   tag[SESSION_TAG_LEN]; /* routing only; not in the ssid */
    party                     self;
    struct party_set          quorum; /* includes self; for a DKG 1..n */
    unsigned                  t, n;
    uint32_t                  epoch;      /* of the share; 0 for a DKG */
    char                      key_id[64]; /* "" for a DKG */
    uint8_t                   roster_hash[32];
    uint8_t                   request_hash[32];       /* of the client's signed request: what authorises this run */
    uint8_t                   item;                   /* which item of a batch; 0 */
    struct bytes              message;                /* sign: the bytes to be signed; copied by session_init */
    const struct key_share   *share;                  /* sign: copied into the session's secmem; NULL for a DKG */
    struct rng               *rng;                    /* borrowed for the session's life */
    uint8_t                   salt[SESSION_SALT_LEN]; /* what a rewound machine does not repeat: for every draw */
    uint64_t                  deadline_ms;            /* on the clock of now_ms: the whole run */
    uint32_t                  progress_ms; /* give up after this long without an expected message; 0: deadline only */

    /* Borrowed for the session's life, where the protocol wants them; NULL otherwise. */
    const struct pair_setup *const *setups; /* [party]: with each other signer; `burned` is read before each use */
    struct presignature            *presignature; /* taken by session_init, which leaves it empty in any case */
    struct pair_setup              *new_setup;    /* where the set-up of a pair is written at its end */
};

enum session_state { SESSION_RUNNING, SESSION_DONE, SESSION_ABORTED };

/* KMS_E_ARGUMENT / KMS_E_RANGE for parameters that cannot be; for a signature also KMS_E_CORRUPT if sum lambda_i X_i !=
 * X. */
RESULT session_init(struct session **out, const struct session_params *, uint64_t now_ms);
RESULT session_on_message(struct session *, const struct message *, uint64_t now_ms);
void   session_on_tick(struct session *, uint64_t now_ms);
/* The driver gives up (tunnel lost): ABORTED with `reason` (ABORT_CANCELLED or ABORT_TIMEOUT) unless ended already. */
void session_cancel(struct session *, enum abort_reason reason);
/* The next message to send, if any; its body is valid until the next call on this session. */
bool session_poll(struct session *, struct message *out);
/* CHECKs that the session has ended and poll is empty. Wipes and frees. */
void session_finish(struct session **, struct outcome *out);
/* Wipes and frees in any state; accepts NULL inside. */
void session_free(struct session **);

enum session_state session_state(const struct session *);
/*
 * The peers with whom a check has failed that depends on a secret. The driver makes it durable that their set-ups are
 * burned BEFORE it polls the notice: no one may learn of the failure earlier (sheet 3.6). Also in the outcome.
 */
struct party_set session_burned(const struct session *);
/* When on_tick wants to be called at the latest. */
uint64_t session_wakeup_ms(const struct session *);
/* Zero until the opening round is complete. */
const uint8_t *session_ssid(const struct session *);
const uint8_t *session_tag(const struct session *);
/* "dkg", "frost-sign"; "open", "commit" ...: for logs and traces. */
const char *session_protocol_name(const struct session *);
const char *session_round_name(const struct session *);

#endif
