/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's messages, in and out: one fixed slot for each [row][party][kind], made at init and never moved, so a peer
 * cannot make a session grow and a second message can always be compared with the first. This party's own broadcasts
 * stand in its own slots.
 */
#ifndef KMS_CLUSTER_PROTOCOL_INBOX_H
#define KMS_CLUSTER_PROTOCOL_INBOX_H

#include "cluster/protocol/message.h"

enum slot_kind { SLOT_BROADCAST, SLOT_DIRECT_IN, SLOT_DIRECT_OUT, SLOT_KINDS };

struct row_limits {
    unsigned expects; /* EXPECTS_BROADCAST | EXPECTS_DIRECT */
    uint32_t max_broadcast, max_direct;
};

struct slot {
    uint8_t *body; /* borrowed from the session's block; max bytes */
    uint32_t len, max;
    bool     present;
    uint8_t  ssid[SSID_LEN];
    uint8_t  echo[32];
};

struct inbox {
    const struct row_limits *rows; /* borrowed; [row_count] */
    unsigned                 row_count;
    struct party_set         members;
    unsigned                 member_count;
    party                    self;
    struct slot             *slots; /* [row_count][member_count][SLOT_KINDS] */
};

enum inbox_result { INBOX_NEW, INBOX_DUPLICATE, INBOX_CONFLICT, INBOX_UNEXPECTED, INBOX_TOO_LARGE };

/* Bytes that inbox_init() wants for slots and bodies. */
size_t inbox_size(const struct row_limits *rows, unsigned row_count, unsigned members);
/* memory: zeroed, aligned to 16, inbox_size() bytes. rows, row_count, members and self are set by the caller. */
void inbox_init(struct inbox *, void *memory);

/* Copies the body. from is a member, not self; round is below row_count. */
enum inbox_result inbox_put(struct inbox *, const struct message *);
struct slot      *inbox_slot(const struct inbox *, unsigned row, party, enum slot_kind);
/* The other members of whom something that the row expects has not arrived. */
struct party_set inbox_missing(const struct inbox *, unsigned row);
/* Has this party itself put everything that the row expects of it? */
bool inbox_is_sent(const struct inbox *, unsigned row);

#endif
