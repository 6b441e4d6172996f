/* SPDX-License-Identifier: Apache-2.0 */
/* FROST(Ed25519, SHA-512), RFC 9591: the scheme behind algorithm id EDDSA. Its signatures are plain RFC 8032. */
#ifndef KMS_CLUSTER_FROST_FROST_H
#define KMS_CLUSTER_FROST_FROST_H

#include "cluster/protocol/scheme.h"

extern const struct scheme   frost_scheme;
extern const struct protocol frost_sign_protocol;

#endif
