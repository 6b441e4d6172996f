/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dealerless, verifiable DKG of every discrete-log scheme: commit, open and share, check and prove.
 * Outcome: OUTCOME_KEY. It ends when this party has checked everybody's last proof; that all parties hold the key is
 * known only from their birth certificates (cluster/node).
 */
#ifndef KMS_CLUSTER_DKG_DKG_H
#define KMS_CLUSTER_DKG_DKG_H

#include "cluster/protocol/session.h"

extern const struct protocol dkg_protocol;

#endif
