/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The envelope of a protocol message inside a node-to-node tunnel. The sender is the tunnel's peer, never a field.
 *   u8 version (1) | 16 tag | u8 round | u8 kind | 32 ssid (zero in round 0) | 32 echo (zero where none) | u32 len |
 * body `tag` routes to the session (the coordinator's random name for it) and is authority for nothing.
 */
#ifndef KMS_CLUSTER_PROTOCOL_MESSAGE_H
#define KMS_CLUSTER_PROTOCOL_MESSAGE_H

#include "cluster/protocol/parties.h"
#include "common/base/buf.h"

#define SESSION_TAG_LEN 16
#define SSID_LEN 32
#define MESSAGE_BODY_MAX (144 * 1024) /* DKLS23 over P-521: 136,522 bytes */
#define MESSAGE_ROUND_ABORT 255       /* a notice: "I have given up"; no evidence against anybody */

enum message_kind { MESSAGE_BROADCAST = 1, MESSAGE_DIRECT = 2 };

struct message {
    party        from; /* set by whoever received it, from the tunnel */
    party        to;   /* 0: every other party of the session */
    uint8_t      tag[SESSION_TAG_LEN];
    uint8_t      round; /* 0: opening */
    uint8_t      kind;  /* enum message_kind */
    uint8_t      ssid[SSID_LEN];
    uint8_t      echo[32];
    struct bytes body; /* borrowed: until the next call on the session that gave it */
};

RESULT message_encode(struct buf *out, const struct message *);
/* Fills all but from and to; body is borrowed from `in`. */
RESULT message_decode(struct message *out, struct bytes in);

#endif
