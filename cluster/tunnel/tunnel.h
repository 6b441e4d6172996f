/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node-to-node TLS 1.3 connection inside the coordinator's relay: OpenSSL on memory BIOs, no sockets. Mutual
 * authentication, ALPN "kms-node/1", no tickets, no resumption, no early data. The node whose name sorts first is the
 * TLS client. The peer must be exactly the node that was expected, with the certificate that the roster lists.
 * Inside: messages, each u32 length | u8 type | body. A record that does not authenticate ends the tunnel.
 */
#ifndef KMS_CLUSTER_TUNNEL_TUNNEL_H
#define KMS_CLUSTER_TUNNEL_TUNNEL_H

#include "common/document/roster.h"

#define TUNNEL_MESSAGE_MAX (128 * 1024)
#define TUNNEL_MAX_AGE_MS (60 * 60 * 1000)
#define TUNNEL_MAX_RECORDS (UINT64_C(1) << 22)

/* What all tunnels of a node share: its certificate and key, the CA. */
struct tunnel_context;
RESULT tunnel_context_new(struct tunnel_context **out, const struct credential *self /* borrowed */,
                          const struct authority * /* borrowed */);
void   tunnel_context_free(struct tunnel_context **);

struct tunnel;
/* peer_fingerprint: from the roster. */
RESULT tunnel_new(struct tunnel **out, struct tunnel_context *, const char *peer, const uint8_t peer_fingerprint[32],
                  uint64_t now_ms);
void   tunnel_free(struct tunnel **);

/*
 * Bytes from the relay in. Any failure (TLS alert, bad record, wrong peer, garbage, a message over the maximum) is
 * KMS_E_CLOSED: the tunnel is dead, drop it. Then take messages and output until there are none.
 */
RESULT tunnel_receive(struct tunnel *, struct bytes from_relay);
/* Next complete message; body borrowed until the next call. */
bool tunnel_next(struct tunnel *, uint8_t *type, struct bytes *body);
/* Queued until the handshake is done (bounded: KMS_E_BUSY). KMS_E_CLOSED when dead. */
RESULT tunnel_send(struct tunnel *, uint8_t type, struct bytes body);
/* Bytes for the relay: everything pending, appended to out (empty: nothing to send). */
RESULT tunnel_output(struct tunnel *, struct buf *out);

bool        tunnel_is_ready(const struct tunnel *);
bool        tunnel_is_stale(const struct tunnel *, uint64_t now_ms); /* too old or too many records: make a new one */
const char *tunnel_peer(const struct tunnel *);

#endif
