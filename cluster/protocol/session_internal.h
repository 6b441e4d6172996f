/* SPDX-License-Identifier: Apache-2.0 */
/* struct session, for the files of the engine and for tests that look for what must have been wiped. */
#ifndef KMS_CLUSTER_PROTOCOL_SESSION_INTERNAL_H
#define KMS_CLUSTER_PROTOCOL_SESSION_INTERNAL_H

#include "cluster/protocol/inbox.h"
#include "cluster/protocol/protocol.h"

#define NONCE_LEN 32
/* Row 0: nonce, roster hash, H(INPUTS, ..); then the protocol's own part. */
#define OPENING_LEN (NONCE_LEN + 32 + 32)
#define ROWS_MAX (ROUNDS_MAX + 1) /* with the confirming flight */

/* All of it lies in one block of secmem: this struct, the protocol's memory, slots and bodies. */
struct session {
    const struct protocol *protocol;
    struct session_params  params;  /* message and share point to the copies below */
    uint8_t               *message; /* owned, on the heap: what is to be signed is no secret of ours */
    size_t                 block_len;
    size_t                 state_len; /* of the protocol, within memory */
    enum session_state     state;
    unsigned               row; /* whose messages are awaited; row_count when done */
    unsigned               row_count;
    struct row_limits      rows[ROWS_MAX];
    unsigned               poll_row, poll_index;
    bool                   notice_pending;
    uint64_t               progress_at_ms; /* of the last expected message */
    struct party_set       blamed, burned;
    const char            *fault; /* static; NULL: none yet */
    uint8_t                inputs[32];
    uint8_t                ssid[SSID_LEN];
    uint8_t                echoes[ROWS_MAX + 1][32]; /* [row]: what its messages carry */
    struct inbox           inbox;
    struct key_share       share;
    struct outcome         outcome;
    uint8_t               *memory; /* borrowed from the block: the protocol's state, then slots and bodies */
    size_t                 memory_len;
};

/* opening.c */
void         opening_hash_inputs(struct session *);
enum kms_err opening_write(struct session *);
/* Does the peer's opening name our roster and our inputs? body: at least OPENING_LEN. */
bool opening_agrees(const struct session *, struct bytes body);
void opening_derive_ssid(struct session *);

/* engine.c */
void engine_on_message(struct session *, const struct message *, uint64_t now_ms);
void engine_abort(struct session *, enum abort_reason, struct party_set culprits, const char *text);

#endif
