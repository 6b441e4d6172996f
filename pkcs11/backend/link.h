/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One TLS 1.3 connection to a gateway over a non-blocking socket; every wait ends at a deadline. The peer's certificate
 * must be of the cluster's CA, for the host that was asked for, and of the role gateway. A link belongs to the process
 * that opened it: in a forked child it is only forgotten (the descriptor is closed, nothing is sent, no TLS state is
 * touched).
 */
#ifndef KMS_PKCS11_BACKEND_LINK_H
#define KMS_PKCS11_BACKEND_LINK_H

#include "common/base/bytes.h"
#include "common/identity/identity.h"
#include "pkcs11/backend/gateways.h"

struct link;

/* What all links share. */
struct link_context;
/* authority, cluster: borrowed, outlive the context. */
RESULT link_context_new(struct link_context **out, const struct authority *authority, const char *cluster);
void   link_context_free(struct link_context **);

/* KMS_E_UNAVAILABLE (no connection), KMS_E_TIMEOUT, KMS_E_CERTIFICATE (somebody else answers there). */
RESULT link_open(struct link **out, struct link_context *, struct gateway *, uint64_t deadline_ms);
/* All of it, or an error: KMS_E_CLOSED, KMS_E_TIMEOUT. */
RESULT link_send(struct link *, struct bytes, uint64_t deadline_ms);
/* At least one byte; *got 0: the peer has closed. */
RESULT link_receive(struct link *, void *out, size_t size, size_t *got, uint64_t deadline_ms);
/* Nothing unasked has arrived and the peer has not closed: fit to be used again. */
bool link_is_idle(struct link *);
void link_close(struct link **);

#endif
