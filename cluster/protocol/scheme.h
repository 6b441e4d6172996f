/* SPDX-License-Identifier: Apache-2.0 */
/* A signature scheme as the drivers see it: which algorithm id, over which groups, by which protocols. */
#ifndef KMS_CLUSTER_PROTOCOL_SCHEME_H
#define KMS_CLUSTER_PROTOCOL_SCHEME_H

#include "cluster/protocol/session.h"

enum algorithm {
    ALGORITHM_NONE = 0,
    ALGORITHM_GG18 = 1,
    ALGORITHM_DKLS23 = 2,
    ALGORITHM_DMZ21 = 3,
    ALGORITHM_EDDSA = 4,
    ALGORITHM_BLS = 5
};

struct scheme {
    enum algorithm         id;
    const char            *name; /* "EDDSA": the specification's algo_type */
    const struct protocol *dkg;
    const struct protocol *sign;
    bool (*supports)(enum group_id);
    /* KMS_E_SIGNATURE if `signature` is not one of `message` under `public_key`. Public inputs. */
    enum kms_err (*verify)(const struct prime_group *, struct bytes signature, struct bytes public_key,
                           struct bytes message);
};

#endif
