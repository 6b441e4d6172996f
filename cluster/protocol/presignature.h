/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signer's part of a signature whose message is not known yet (sheet 2.7, 3.5). Single use by type: two
 * signatures from one of them give away the key, so it can only be taken, which empties it before the taker has checked
 * anything. Of one key, epoch, threshold and set of signers; never encoded, never stored; lives in secmem.
 */
#ifndef KMS_CLUSTER_PROTOCOL_PRESIGNATURE_H
#define KMS_CLUSTER_PROTOCOL_PRESIGNATURE_H

#include "cluster/protocol/message.h"
#include "common/crypto/group.h"

struct presignature {
    bool                      full;
    const struct prime_group *group; /* static */
    char                      key_id[64];
    uint32_t                  epoch;
    struct party_set          signers;
    party                     self;
    struct point              public_key;
    uint8_t                   ssid[SSID_LEN]; /* its name: of the session that made it, equal at all signers */
    struct point              R;
    struct scalar             u, v, phi; /* shares of k phi, x phi, phi */
};

#define SECRET_PRESIGNATURE CLEANUP(presignature_wipe) struct presignature

void presignature_wipe(struct presignature *);
/* KMS_E_STATE: there was none. *from is empty afterwards. */
RESULT presignature_take(struct presignature *out, struct presignature *from);

#endif
