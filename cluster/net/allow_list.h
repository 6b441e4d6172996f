/* SPDX-License-Identifier: Apache-2.0 */
/* Who may connect: networks in CIDR notation, versions 4 and 6. */
#ifndef KMS_CLUSTER_NET_ALLOW_LIST_H
#define KMS_CLUSTER_NET_ALLOW_LIST_H

#include <stdint.h>

#include "common/base/error.h"

#define ALLOW_LIST_MAX 64

struct allow_network {
    uint8_t  prefix[16]; /* version 4 as ::ffff:a.b.c.d; zero below the mask */
    unsigned bits;       /* 0..128, of the mapped form */
    bool     is_v4;
};

struct allow_list {
    unsigned             count; /* 0: nobody */
    struct allow_network networks[ALLOW_LIST_MAX];
};

/* "10.2.8.0/24", "::1", "0.0.0.0/0". Bits set below the mask are an error: they are a typing mistake. */
RESULT allow_list_add(struct allow_list *, const char *network);
/* address: as text, without a zone. What cannot be parsed is not allowed. */
bool allow_list_permits(const struct allow_list *, const char *address);
/* 127.0.0.0/8 or ::1. */
bool address_is_loopback(const char *address);

#endif
