/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running sessions ("runs"): a protocol session with the link that asked for it and the circuit to each of its parties.
 * A run lives and ends with the circuits it began in. It ends once, and goes when the present event is over.
 */
#ifndef KMS_CLUSTER_NODE_SESSIONS_H
#define KMS_CLUSTER_NODE_SESSIONS_H

#include "cluster/node/circuits.h"
#include "cluster/protocol/session.h"
#include "common/document/birth.h"

struct mandate;
struct plan; /* generate.h: what a run that makes a key needs at its end */

#define RUN_BUCKETS 4096 /* a power of two */

struct run {
    struct run      *next, **link_back; /* the list of all */
    struct run      *next_in_bucket, *next_ended;
    struct link     *link;    /* borrowed */
    struct session  *session; /* owned */
    struct plan     *plan;    /* owned; NULL: a signature */
    uint8_t          tag[SESSION_TAG_LEN];
    struct party_set quorum;
    party            self;
    struct circuit  *circuits[PARTIES_MAX + 1]; /* borrowed; [self] NULL */
    char             names[PARTIES_MAX + 1][PARTY_NAME_MAX + 1];
    char             access_key[ACCESS_KEY_LEN + 1];
    char             key_id[KEY_ID_LEN + 1]; /* "" until a key is made */
    uint8_t          request_hash[32];
    uint64_t         started_ms, log_seq;
    bool             ended;
};

struct runs {
    struct run *first, *ended;
    struct run *buckets[RUN_BUCKETS]; /* by tag */
    unsigned    count;
    uint64_t    wakeup_ms; /* not later than the earliest wakeup of a session */
};

/* May one more begin? KMS_E_BUSY; KMS_E_ARGUMENT for a tag in use. */
RESULT runs_admit(const struct node *, const struct link *, const uint8_t tag[SESSION_TAG_LEN], const char *access_key);
/* session_params.salt: what this machine does not repeat if it is rewound or cloned, as far as it can tell. */
RESULT runs_salt(const struct node *, const struct mandate *, uint8_t salt[SESSION_SALT_LEN]);
/* Starts the session and sends its first messages. Takes over `plan` if it succeeds. */
RESULT runs_begin(struct node *, struct link *, const struct mandate *, const struct session_params *,
                  struct plan *plan);

void runs_on_message(struct node *, struct circuit *, struct bytes body);
void runs_tick(struct node *, uint64_t now_ms);
/* One ended run gives its result and goes; false when there is none. */
bool runs_reap(struct node *);
void runs_clear(struct node *);

void runs_cancel_tag(struct node *, const struct link *, const uint8_t tag[SESSION_TAG_LEN]);
/* Those whose link or one of whose circuits is doomed. */
void runs_cancel_doomed(struct node *);
void runs_cancel_key(struct node *, const char *key_id);
/* The run that makes a key under this session id; NULL: none. */
struct run *runs_making(const struct node *, const uint8_t ssid[SSID_LEN]);

#endif
