/* SPDX-License-Identifier: Apache-2.0 */
/* Scripted nodes: they keep no shares; one plain Ed25519 key stands for what a threshold of them would sign with. */
#ifndef KMS_TESTS_SUPPORT_GATEWAY_FAKE_H
#define KMS_TESTS_SUPPORT_GATEWAY_FAKE_H

#include "tests/support/gateway.h"

void fake_init(struct gateway *);
void fake_clear(struct gateway *);
void fake_on_frame(struct gateway *, unsigned node, struct bytes to_node);
/* The birth certificate that scripted nodes would sign for a request, with this node's signature. */
void fake_birth(struct gateway *, unsigned node, const Kms__V1__Start *, const char *label, struct buf *out);

#endif
