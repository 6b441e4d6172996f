/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/2 (RFC 9113) over nghttp2, free of sockets, for either side. A stream has a head, bytes in both directions, and
 * an end, of the server's with trailers. Windows are large (16 MiB): what is received is handled at once, so they bound
 * nothing that our own limits do not.
 */
#ifndef KMS_CLUSTER_NET_H2_H
#define KMS_CLUSTER_NET_H2_H

#include "common/base/buf.h"

#define H2_WINDOW (16 * 1024 * 1024)
#define H2_STREAMS_MAX 128
#define H2_SEND_MAX (8u * 1024 * 1024) /* unsent bytes of one stream */

/* The fields of a head that anybody here looks at; "" where absent. */
struct h2_head {
    char method[8];
    char path[160];
    char status[4];
    char content_type[64];
    char grpc_timeout[16];
    char grpc_encoding[16];
    char grpc_status[4];
    char grpc_message[256];
    bool is_overlong; /* a field did not fit */
};

struct h2;
struct h2_stream {
    struct h2        *h2;
    int32_t           id;
    struct h2_head    head; /* the peer's, trailers included */
    struct buf        out;  /* unsent, from `sent` on */
    size_t            sent;
    bool              has_head; /* ours was submitted */
    bool              is_ended; /* nothing follows what is in `out` */
    bool              peer_ended;
    int               grpc_status; /* the trailer to send at the end; -1: none */
    char              grpc_message[256];
    void             *user; /* its owner's */
    struct h2_stream *next, **at;
};

struct h2_events {
    /* The peer's head is complete (a server: a request; a client: the answer). */
    void (*on_head)(void *self, struct h2_stream *);
    void (*on_data)(void *self, struct h2_stream *, struct bytes);
    /* The peer has ended its half; trailers, if any, are in the head. */
    void (*on_end)(void *self, struct h2_stream *);
    /* The stream has closed, and is freed afterwards. */
    void (*on_close)(void *self, struct h2_stream *);
    /* The peer goes away: no new streams. May be NULL. */
    void (*on_goaway)(void *self);
    /* There is output. */
    void (*on_output)(void *self);
};

/* streams_max: that the peer may have open at once. */
RESULT h2_new(struct h2 **out, bool is_server, unsigned streams_max, const struct h2_events *, void *self);
/* Streams that are open end with on_close. */
void   h2_free(struct h2 **);
RESULT h2_receive(struct h2 *, struct bytes);
/* Appends about `most` bytes at most. */
RESULT h2_output(struct h2 *, struct buf *out, size_t most);
/* false: the session has ended, and goes when its output has gone. */
bool h2_is_alive(const struct h2 *);
void h2_ping(struct h2 *);
/* No new streams from the peer; those that are open go on. */
void     h2_goaway(struct h2 *);
unsigned h2_stream_count(const struct h2 *);

/* A client's: a gRPC request's head. */
RESULT h2_request(struct h2_stream **out, struct h2 *, const char *path, const char *authority, void *user);
/* A server's head. content_length < 0: none. */
RESULT h2_respond(struct h2_stream *, int status, const char *content_type, int64_t content_length);
/* A whole answer without a body: gRPC's Trailers-Only. */
RESULT h2_refuse_grpc(struct h2_stream *, int grpc_status, const char *message);
/* Queues both or nothing; KMS_E_BUSY over H2_SEND_MAX, KMS_E_STATE after the end. */
RESULT h2_send(struct h2_stream *, struct bytes prefix, struct bytes data);
/* Ends our half after what is queued. */
void h2_end(struct h2_stream *);
/* The same with grpc-status and grpc-message (as it goes on the wire) as trailers. */
void h2_end_grpc(struct h2_stream *, int grpc_status, const char *message);
void h2_reset(struct h2_stream *, uint32_t http2_error);

#endif
