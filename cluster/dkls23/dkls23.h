/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DKLS23: threshold ECDSA in three rounds from oblivious transfer (Doerner, Kondi, Lee, shelat, S&P 2024). Any two
 * signers need a set-up of theirs (session_params.setups). What is signed is a digest; signatures are r || s || v.
 */
#ifndef KMS_CLUSTER_DKLS23_DKLS23_H
#define KMS_CLUSTER_DKLS23_DKLS23_H

#include "cluster/protocol/scheme.h"

extern const struct scheme dkls23_scheme;
/* A signature from nothing. */
extern const struct protocol dkls23_sign_protocol;
/* The same but for what depends on the message: gives a presignature. */
extern const struct protocol dkls23_presign_protocol;
/* A signature from a presignature (session_params.presignature): one flight. */
extern const struct protocol dkls23_online_protocol;
/* Two nodes make their set-up, once for all keys: group ED25519 by convention; session_params.new_setup. */
extern const struct protocol pair_setup_protocol;

#endif
