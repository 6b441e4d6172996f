/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a scheme writes: a table of rounds, and the calls of the engine that its handlers may use.
 *
 * Row 0 is the opening. The engine puts a nonce, the roster hash and the hash of all inputs in front of what the
 * protocol's `open` writes, compares them before anything else and derives the ssid. Of each row the engine waits for
 * every expected message, then checks ssid and echo of all, calls on_broadcast for every party, on_direct for every
 * party whose broadcast was good, and, if nobody failed, `complete` exactly once. What complete sends belongs to the
 * next row.
 *
 * Handlers verify and store; complete computes. They allocate nothing: the state has a fixed size, is in secmem, zero
 * at the start, and is wiped by the engine.
 */
#ifndef KMS_CLUSTER_PROTOCOL_PROTOCOL_H
#define KMS_CLUSTER_PROTOCOL_PROTOCOL_H

#include "cluster/protocol/session.h"
#include "common/wire/reader.h"
#include "common/wire/writer.h"

#define ROUNDS_MAX 12

enum { EXPECTS_BROADCAST = 1, EXPECTS_DIRECT = 2 };

/* The reader holds one party's body. Any failure ends the session; session_fault() says how. */
typedef enum kms_err round_handler(struct session *, party from, struct reader *);

struct round {
    const char    *name;          /* "commit": in logs, traces and documents */
    unsigned       expects;       /* of each other party */
    uint32_t       max_broadcast; /* bytes of the body; row 0: of the protocol's part of it */
    uint32_t       max_direct;
    round_handler *on_broadcast; /* NULL: the body must be empty */
    round_handler *on_direct;
    enum kms_err (*complete)(struct session *);
};

struct row_limits; /* inbox.h */

struct protocol {
    const char       *name;     /* "frost-sign" */
    uint16_t          wire_id;  /* enters every ssid; never reused */
    uint16_t          version;  /* likewise: raised with every change of a message or a hash */
    enum outcome_kind gives;    /* SIGNATURE: takes a share and a message; KEY: takes neither; PRESIGNATURE: a share */
    bool              confirms; /* a last flight that carries only the echo of the last row, where the quorum is > 2 */
    size_t            state_size;
    bool (*supports)(enum group_id);
    /*
     * NULL: state_size and the rounds' maxima as they stand. Otherwise, for sizes that depend on group and quorum:
     * answers the size of the state and corrects the limits of the rows, which hold the rounds' own before.
     */
    size_t (*measure)(const struct session_params *, struct row_limits *rows);
    /* NULL: nothing of its own in the opening. The ssid does not exist yet; session_inputs() does. */
    enum kms_err (*open)(struct session *, struct writer *);
    unsigned     round_count;
    struct round rounds[ROUNDS_MAX];
};

enum protocol_id {
    PROTOCOL_DKG = 1,
    PROTOCOL_FROST_SIGN = 2,
    PROTOCOL_PAIR_SETUP = 3,
    PROTOCOL_DKLS23_SIGN = 4,
    PROTOCOL_DKLS23_PRESIGN = 5,
    PROTOCOL_DKLS23_ONLINE = 6,
};

/* --- what handlers may call --- */

void                        *session_memory(struct session *);       /* state_size bytes */
const struct session_params *session_params(const struct session *); /* message and share: the session's own copies */
const uint8_t               *session_inputs(const struct session *); /* H of all inputs, 32 bytes */
/* Where the outcome is to be written (kind, key, signature), in secmem. */
struct outcome *session_result(struct session *);

/* This party's message of the row now begun: `len` bytes for the caller to fill, in secmem. Once per row (and peer). */
uint8_t *session_broadcast(struct session *, size_t len);
uint8_t *session_direct(struct session *, party to, size_t len);
/* What `from` has broadcast in a row that is complete; own messages too. Row 0: the protocol's part. */
struct bytes session_payload(const struct session *, unsigned row, party from);

/*
 * Records which check failed (a constant; the first one stays) and returns code. From a handler FORMAT, RANGE,
 * PROTOCOL, PROOF and SIGNATURE mean that the sender cheated; from `complete` they do so only for parties named by
 * session_blame().
 */
enum kms_err session_fault(struct session *, enum kms_err code, const char *text) MUST_CHECK;
void         session_blame(struct session *, party);
/* The set-up with this party is burned: beside the blame, whenever a check has failed that depends on a secret. */
void session_burn(struct session *, party);

#endif
