/* SPDX-License-Identifier: Apache-2.0 */
/* The API's whole state. */
#ifndef KMS_CLUSTER_API_API_STATE_H
#define KMS_CLUSTER_API_API_STATE_H

#include "cluster/api/api.h"
#include "cluster/api/nonces.h"
#include "cluster/api/strangers.h"

struct api {
    struct coordinator              *coordinator; /* borrowed */
    const struct coordinator_config *config;      /* borrowed: the coordinator's */
    struct identity_cache           *identities;  /* owned */
    struct nonces                   *nonces;      /* owned */
    struct strangers                 strangers;   /* failures before authentication, by address */
    struct strangers                 copies;      /* requests that may be copies, by access key */
};

#endif
