/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gRPC over HTTP/2 (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md): length-prefixed messages, status codes, deadlines.
 * Pure: bytes in, messages out. Compression is not spoken.
 */
#ifndef KMS_CLUSTER_NET_GRPC_H
#define KMS_CLUSTER_NET_GRPC_H

#include "common/base/buf.h"

#define GRPC_MESSAGE_MAX (2u * 1024 * 1024)
#define GRPC_PREFIX_LEN 5 /* u8 compressed, u32 length, big-endian */

enum grpc_status {
    GRPC_OK = 0,
    GRPC_CANCELLED = 1,
    GRPC_UNKNOWN = 2,
    GRPC_INVALID_ARGUMENT = 3,
    GRPC_DEADLINE_EXCEEDED = 4,
    GRPC_NOT_FOUND = 5,
    GRPC_PERMISSION_DENIED = 7,
    GRPC_RESOURCE_EXHAUSTED = 8,
    GRPC_FAILED_PRECONDITION = 9,
    GRPC_ABORTED = 10,
    GRPC_UNIMPLEMENTED = 12,
    GRPC_INTERNAL = 13,
    GRPC_UNAVAILABLE = 14,
    GRPC_UNAUTHENTICATED = 16,
};
enum grpc_status grpc_status_of(enum kms_err);

/* Puts messages together again. Memory follows what has arrived, not what a prefix promises. */
struct grpc_frames {
    struct buf in;          /* from a prefix on */
    size_t     at;          /* where the next frame begins */
    size_t     message_max; /* GRPC_MESSAGE_MAX; its owner may set less */
    bool       is_single;   /* a second message is an error */
};
/* Of a stream: any number of messages of at most GRPC_MESSAGE_MAX. */
void grpc_frames_init(struct grpc_frames *);
/* Of a unary call: one message; nothing beyond it is held. */
void grpc_frames_init_single(struct grpc_frames *);
void grpc_frames_clear(struct grpc_frames *);
/* KMS_E_TOO_LARGE, KMS_E_UNSUPPORTED (compressed) or KMS_E_FORMAT: this direction is dead. */
RESULT grpc_frames_receive(struct grpc_frames *, struct bytes);
/* The next whole message, borrowed until the next receive. */
bool   grpc_frames_next(struct grpc_frames *, struct bytes *message);
bool   grpc_frames_is_empty(const struct grpc_frames *); /* no part of a message is left */
size_t grpc_frames_held(const struct grpc_frames *);     /* bytes of messages not given out yet */

/* What goes before a message. KMS_E_TOO_LARGE. */
RESULT grpc_prefix(uint8_t out[GRPC_PREFIX_LEN], size_t message_len);

/* "100m" and so on to milliseconds, rounded up; at most a day. KMS_E_FORMAT. */
RESULT grpc_timeout_parse(uint64_t *ms, const char *text);
/* Percent-encoded as grpc-message must be; cut to fit. */
void grpc_message_encode(char *out, size_t out_size, const char *text);
/* Is it application/grpc, alone or with +proto? */
bool grpc_is_content_type(const char *);

#endif
