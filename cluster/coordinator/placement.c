/* SPDX-License-Identifier: Apache-2.0 */
/* Choice of holders and signers. */
#include "cluster/coordinator/placement.h"

#include <math.h>

#include "cluster/coordinator/internal.h"
#include "common/crypto/hash.h"

/* A holder that could sign. */
struct candidate {
    uint8_t  index;
    unsigned penalty, load, near, turn; /* the lower the better, in this order */
};

static void sort_by_name(const struct coordinator *c, struct placement *p)
{
    for (unsigned i = 1; i < p->count; i++) {
        uint8_t  index = p->nodes[i];
        unsigned at = i;
        for (; at > 0 && strcmp(c->config.nodes[p->nodes[at - 1]], c->config.nodes[index]) > 0; at--)
            p->nodes[at] = p->nodes[at - 1];
        p->nodes[at] = index;
    }
}

/*
 * Weighted rendezvous hashing (highest random weight; Schindelhauer and Schomaker, 2005): score -w / ln(u), u uniform
 * in (0, 1). A node that has just failed weighs less, so it gets fewer new keys until it is well again.
 */
static double rendezvous_score(const struct coordinator *c, const uint8_t seed[32], unsigned index)
{
    uint8_t      in[32 + PARTY_NAME_MAX], hash[32];
    size_t       len = strlen(c->config.nodes[index]);
    uint64_t     word = 0;
    const double weight = 1.0 / (1.0 + nodes_penalty(c, index));

    memcpy(in, seed, 32);
    memcpy(in + 32, c->config.nodes[index], len);
    sha256(hash, bytes(in, 32 + len));
    for (unsigned i = 0; i < 6; i++) word = word << 8 | hash[i];
    return -weight / log(((double)word + 0.5) / 281474976710656.0);
}

static bool label_is_taken(const struct coordinator *c, const struct placement *p, unsigned index)
{
    for (unsigned i = 0; i < p->count; i++)
        if (strcmp(nodes_host_label(c, p->nodes[i]), nodes_host_label(c, index)) == 0) return true;
    return false;
}

RESULT placement_holders(const struct coordinator *c, const uint8_t seed[32], unsigned n, uint64_t avoid,
                         struct placement *out)
{
    double scores[COORDINATOR_NODES_MAX];

    *out = (struct placement){0};
    for (unsigned i = 0; i < c->config.node_count; i++) scores[i] = rendezvous_score(c, seed, i);
    while (out->count < n) {
        unsigned best = COORDINATOR_NODES_MAX;
        for (unsigned i = 0; i < c->config.node_count; i++) {
            if (!nodes_is_serving(c, i) || (avoid & node_bit(i)) != 0 || label_is_taken(c, out, i)) continue;
            if (best == COORDINATOR_NODES_MAX || scores[i] > scores[best]) best = i;
        }
        if (best == COORDINATOR_NODES_MAX)
            return fail(KMS_E_QUORUM,
                        "%u nodes on different hosts are needed, %u of %u are available: start more or wait", n,
                        out->count, c->config.node_count);
        out->nodes[out->count++] = (uint8_t)best;
    }
    sort_by_name(c, out);
    return KMS_OK;
}

static bool is_better(const struct candidate *a, const struct candidate *b)
{
    if (a->penalty != b->penalty) return a->penalty < b->penalty;
    if (a->load != b->load) return a->load < b->load;
    if (a->near != b->near) return a->near < b->near;
    return a->turn < b->turn;
}

static unsigned collect(const struct coordinator *c, const struct birth_body *birth, uint64_t avoid, unsigned turn,
                        struct candidate found[BIRTH_HOLDERS_MAX])
{
    unsigned count = 0;

    for (unsigned i = 0; i < birth->n; i++) {
        unsigned index = nodes_find(c, birth->nodes[i]);
        if (index == COORDINATOR_NODES_MAX || !nodes_is_serving(c, index) || (avoid & node_bit(index)) != 0) continue;
        struct candidate new = {
            .index = (uint8_t)index,
            .penalty = nodes_penalty(c, index),
            .load = c->nodes[index].load,
            .near = c->nodes[index].rtt_ms / 8,
            .turn = (i + turn) % birth->n,
        };
        unsigned at = count++;
        for (; at > 0 && is_better(&new, &found[at - 1]); at--) found[at] = found[at - 1];
        found[at] = new;
    }
    return count;
}

RESULT placement_signers(const struct coordinator *c, const struct birth_body *birth, uint64_t avoid, unsigned turn,
                         struct placement *out)
{
    struct candidate found[BIRTH_HOLDERS_MAX];
    unsigned         count = collect(c, birth, avoid, turn, found);

    *out = (struct placement){0};
    if (count < birth->t)
        return fail(KMS_E_QUORUM, "%u of this key's %u holders are needed, %u are available: start them or wait",
                    birth->t, birth->n, count);
    for (unsigned i = 0; i < birth->t; i++) out->nodes[out->count++] = found[i].index;
    sort_by_name(c, out);
    return KMS_OK;
}
