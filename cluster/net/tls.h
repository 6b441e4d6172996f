/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS 1.3 on memory BIOs, itself free of sockets: bytes from the network in, bytes for the network out. Certificates
 * are Ed25519 and of the cluster's CA; a peer is accepted by OpenSSL's chain check and by identity_verify(), for its
 * role and, where one is expected, its name. No tickets, no resumption, no early data.
 */
#ifndef KMS_CLUSTER_NET_TLS_H
#define KMS_CLUSTER_NET_TLS_H

#include "common/identity/credential.h"

/* Unsent output of one connection: more means a peer that provokes answers and does not take them. */
#define TLS_OUTPUT_MAX (16u * 1024 * 1024)

struct tls_options {
    bool                     is_server;
    const struct credential *credential; /* borrowed for the call; unlocked; a client may have none */
    const struct authority
               *authority; /* borrowed for good; NULL (servers only): peers are not asked for a certificate */
    const char *alpn;      /* "h2": required; "http/1.1": preferred */
    const char *cluster;   /* the peer's must be this one */
    enum role   peer_role; /* ROLE_NONE: any */
};

struct tls_context;
RESULT tls_context_new(struct tls_context **out, const struct tls_options *);
void   tls_context_free(struct tls_context **);

/* One connection. peer_name (copied): the name that the peer's certificate must have; NULL: any. */
struct tls;
RESULT tls_new(struct tls **out, struct tls_context * /* borrowed */, const char *peer_name);
void   tls_free(struct tls **);

/*
 * Takes bytes from the network, and appends what they decrypt to. A client's first call has none, to start. Any failure
 * is KMS_E_CLOSED, or KMS_E_CERTIFICATE where the peer's certificate is refused; an alert may then wait in the output.
 */
RESULT tls_receive(struct tls *, struct bytes from_network, struct buf *plain);
RESULT tls_send(struct tls *, struct bytes plain);
/* Says goodbye (close_notify). */
void tls_shutdown(struct tls *);
/* Appends everything that waits for the network. */
RESULT tls_output(struct tls *, struct buf *out);

bool tls_is_ready(const struct tls *);    /* the handshake is done */
bool tls_is_finished(const struct tls *); /* the peer has said goodbye */
/* NULL until ready, and where no certificate was asked for. */
const struct identity *tls_peer(const struct tls *);

#endif
