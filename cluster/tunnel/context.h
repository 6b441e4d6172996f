/* SPDX-License-Identifier: Apache-2.0 */
/* What tunnel.c takes from the context that all tunnels of a node share. */
#ifndef KMS_CLUSTER_TUNNEL_CONTEXT_H
#define KMS_CLUSTER_TUNNEL_CONTEXT_H

#include <openssl/ssl.h>

#include "cluster/tunnel/tunnel.h"

#define TUNNEL_ALPN "kms-node/1"

SSL_CTX               *tunnel_context_ssl(const struct tunnel_context *);
const struct identity *tunnel_context_identity(const struct tunnel_context *);
/* `len` bytes of secmem for one message on its way into TLS; the caller wipes them. NULL: no memory. */
uint8_t *tunnel_context_scratch(struct tunnel_context *, size_t len);
/* The certificate that the peer has shown, as DER in `der`; false if there is none that fits. */
bool tunnel_context_peer_certificate(const SSL *, uint8_t der[CERTIFICATE_MAX], struct bytes *out);

#endif
