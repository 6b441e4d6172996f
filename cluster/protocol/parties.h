/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parties of a session: small integers 1..PARTIES_MAX fixed by the key's birth certificate (the order of its
 * node list), never chosen by a party. A set is a bit mask, so it is sorted and without duplicates by type.
 */
#ifndef KMS_CLUSTER_PROTOCOL_PARTIES_H
#define KMS_CLUSTER_PROTOCOL_PARTIES_H

#include <stdbool.h>
#include <stdint.h>

#define PARTIES_MAX 16

typedef uint16_t party; /* 1..PARTIES_MAX; 0 is "everybody" as an addressee */

struct party_set {
    uint32_t mask; /* bit i: party i; bit 0 unused */
};

static inline struct party_set party_set_none(void)
{
    return (struct party_set){0};
}
static inline bool party_is_valid(party p)
{
    return p >= 1 && p <= PARTIES_MAX;
}
static inline bool party_set_has(struct party_set s, party p)
{
    return party_is_valid(p) && (s.mask >> p & 1) != 0;
}
static inline struct party_set party_set_with(struct party_set s, party p)
{
    s.mask |= party_is_valid(p) ? UINT32_C(1) << p : 0;
    return s;
}
static inline struct party_set party_set_without(struct party_set s, party p)
{
    s.mask &= party_is_valid(p) ? ~(UINT32_C(1) << p) : ~UINT32_C(0);
    return s;
}
/* 1..n */
static inline struct party_set party_set_first(unsigned n)
{
    return (struct party_set){n > PARTIES_MAX ? 0 : (UINT32_C(2) << n) - 2};
}
static inline bool party_set_is_empty(struct party_set s)
{
    return s.mask == 0;
}
unsigned party_set_count(struct party_set);
/* The smallest member greater than p, or 0: for (party p = party_set_next(s, 0); p != 0; p = party_set_next(s, p)) */
party party_set_next(struct party_set, party p);

#endif
