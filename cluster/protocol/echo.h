/* SPDX-License-Identifier: Apache-2.0 */
/* The broadcast check: everybody heard the same from everybody. */
#ifndef KMS_CLUSTER_PROTOCOL_ECHO_H
#define KMS_CLUSTER_PROTOCOL_ECHO_H

#include "cluster/protocol/inbox.h"

/*
 * E_r = H(ECHO, ssid, r, and for each member in order: its number, H(PAYLOAD, its broadcast of row r)), own broadcast
 * included. It travels in every message of row r + 1 and is compared before that row is processed (Goldwasser-Lindell
 * echo broadcast; sheet 8.5). With two members there is nobody to be told something else, and the field is zero.
 */
void echo_of_row(uint8_t out[32], const struct inbox *, unsigned row, const uint8_t ssid[SSID_LEN]);

/* The other members whose messages of `row` do not carry `expected`. */
struct party_set echo_differs(const struct inbox *, unsigned row, const uint8_t expected[32]);

#endif
