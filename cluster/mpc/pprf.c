/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees of Goldreich, Goldwasser and Micali, and the check of [Roy22] fig. 14.
 *
 * Alice holds node y of a level at y ^ p, p being the path to her missing leaf, so that what she misses is at 0 always:
 * her steps are the same for every Delta. If the next bit of the path is 1, the children of every node change places.
 */
#include "cluster/mpc/pprf.h"

#include "common/crypto/ct.h"
#include "common/crypto/hash.h"
#include "common/secret/wipe.h"

#define CHECK_BLOCKS (PPRF_CHECK_LEN / OT_BLOCK)
#define SUMS_LEN ((PPRF_DEPTH - 1) * 2 * OT_BLOCK) /* of one tree, in the message; then t~, then the hash */

struct node {
    uint64_t half[2];
};

struct checked_leaf {
    struct node block[CHECK_BLOCKS];
};

_Static_assert(sizeof(struct node) == OT_BLOCK, "nodes are blocks");
_Static_assert(sizeof(struct checked_leaf) == PPRF_CHECK_LEN, "nothing between the blocks");

struct tree {
    unsigned            number;
    struct node         node[PPRF_LEAVES]; /* the level reached; at the end the leaves */
    struct checked_leaf checked[PPRF_LEAVES];
};

static void tree_wipe(struct tree *t)
{
    wipe(t, sizeof *t);
}

void pprf_full_wipe(struct pprf_full *f)
{
    wipe(f, sizeof *f);
}

void pprf_punctured_wipe(struct pprf_punctured *p)
{
    wipe(p, sizeof *p);
}

static void add_node(struct node *sum, const struct node *term)
{
    sum->half[0] ^= term->half[0];
    sum->half[1] ^= term->half[1];
}

/* CT: leaks nothing. */
static void swap_if(uint64_t mask, void *a, void *b, size_t words)
{
    uint64_t *x = (uint64_t *)a, *y = (uint64_t *)b;

    for (size_t i = 0; i < words; i++) {
        uint64_t both = mask & (x[i] ^ y[i]);
        x[i] ^= both;
        y[i] ^= both;
    }
}

static uint64_t bit_mask(const uint8_t *bits, unsigned k)
{
    return ct_mask(bits[k / 8] >> (k % 8) & 1);
}

/* The 2^level nodes to their 2^(level + 1) children. */
static RESULT grow(struct crh *crh, struct tree *t, unsigned level)
{
    struct tree  parents = *t;
    enum kms_err err = crh_expand(crh, (uint8_t *)t->node, (const uint8_t *)parents.node,
                                  (struct crh_tweak){OT_DOMAIN_TREE, t->number, 0, level << 1},
                                  (struct crh_shape){(size_t)1 << level, 2});

    tree_wipe(&parents);
    return err;
}

/* The last step: each leaf becomes the seed that is used and the value that is checked. */
static RESULT finish_leaves(struct crh *crh, struct tree *t)
{
    struct node  wide[PPRF_LEAVES][1 + CHECK_BLOCKS];
    enum kms_err err =
        crh_expand(crh, (uint8_t *)wide, (const uint8_t *)t->node, (struct crh_tweak){OT_DOMAIN_LEAF, t->number, 0, 0},
                   (struct crh_shape){PPRF_LEAVES, 1 + CHECK_BLOCKS});

    for (unsigned y = 0; y < PPRF_LEAVES; y++) {
        t->node[y] = wide[y][0];
        memcpy(&t->checked[y], &wide[y][1], sizeof t->checked[y]);
    }
    WIPE(wide);
    return err;
}

/* The sum of the checked leaves from `first` on. */
static void sum_checked(struct checked_leaf *sum, const struct tree *t, unsigned first)
{
    *sum = (struct checked_leaf){0};
    for (unsigned y = first; y < PPRF_LEAVES; y++)
        for (unsigned b = 0; b < CHECK_BLOCKS; b++) add_node(&sum->block[b], &t->checked[y].block[b]);
}

static void hash_checked(uint8_t out[PPRF_CHECK_LEN], const struct tree *t, const uint8_t run[32])
{
    struct hash h;

    hash_begin(&h, TAG_PPRF_CHECK, 3);
    hash_item(&h, bytes(run, 32));
    hash_item_u16(&h, (uint16_t)t->number);
    hash_item(&h, bytes(t->checked, sizeof t->checked));
    hash_end(&h, out);
}

/* pads[level][c] masks the sum of all children on side c. */
static RESULT build_tree(struct tree *t, uint8_t *message, struct crh *crh, const uint8_t pads[PPRF_DEPTH][2][OT_BLOCK])
{
    struct checked_leaf sum;

    memcpy(t->node, pads[0], 2 * sizeof t->node[0]);
    for (unsigned level = 1; level < PPRF_DEPTH; level++) {
        struct node sums[2];
        TRY(grow(crh, t, level));
        memcpy(sums, pads[level], sizeof sums);
        for (unsigned y = 0; y < 2U << level; y++) add_node(&sums[y % 2], &t->node[y]);
        memcpy(message + (level - 1) * sizeof sums, sums, sizeof sums);
    }
    TRY(finish_leaves(crh, t));
    sum_checked(&sum, t, 0);
    memcpy(message + SUMS_LEN, &sum, sizeof sum);
    return KMS_OK;
}

RESULT pprf_build(struct pprf_full *out, uint8_t message[PPRF_MESSAGE_LEN], const struct ot_context *context,
                  const struct ot_base_pads *pads)
{
    CRH_LOCAL                      crh = {NULL};
    CLEANUP(tree_wipe) struct tree t;
    uint8_t                        run[32];

    TRY(ot_context_crh(&crh, context));
    ot_context_run(run, context);
    for (t.number = 0; t.number < PPRF_TREES; t.number++) {
        uint8_t *part = message + t.number * PPRF_TREE_LEN;
        TRY(build_tree(&t, part, &crh, pads->pad + t.number * PPRF_DEPTH));
        hash_checked(part + SUMS_LEN + PPRF_CHECK_LEN, &t, run);
        memcpy(out->leaf[t.number], t.node, sizeof t.node);
    }
    ct_declassify(message, PPRF_MESSAGE_LEN); /* sums under pads, and what commits to the leaves */
    return KMS_OK;
}

/*
 * One level down. Alice knows the pad of side c, so she knows the sum of all children on that side, and of those all
 * but the child of the node at 0: the sibling of the next node of the path, which is on the other side. After the swap
 * the siblings are at odd places. CT: leaks the level.
 */
static RESULT descend(struct tree *t, struct crh *crh, unsigned level, const uint8_t sums[2][OT_BLOCK],
                      const uint8_t *pad, uint64_t path_is_1)
{
    struct node sibling, side[2];

    TRY(grow(crh, t, level));
    for (unsigned z = 0; z < 1U << level; z++) swap_if(path_is_1, &t->node[2 * z], &t->node[2 * z + 1], 2);
    memcpy(&sibling, pad, sizeof sibling);
    memcpy(side, sums, sizeof side);
    swap_if(path_is_1, &side[0], &side[1], 2);
    add_node(&sibling, &side[1]);
    for (unsigned z = 3; z < 2U << level; z += 2) add_node(&sibling, &t->node[z]);
    t->node[0] = (struct node){{0, 0}};
    t->node[1] = sibling;
    WIPE(side);
    WIPE(sibling);
    return KMS_OK;
}

/* From the order y ^ p back to the order y. CT: leaks nothing. */
static void unshift(struct checked_leaf leaves[PPRF_LEAVES], const uint8_t *delta, unsigned first_bit)
{
    for (unsigned i = 0; i < PPRF_DEPTH; i++) {
        unsigned distance = PPRF_LEAVES >> (i + 1);
        for (unsigned z = 0; z < PPRF_LEAVES; z++)
            if ((z & distance) == 0)
                swap_if(bit_mask(delta, first_bit + i), &leaves[z], &leaves[z + distance],
                        sizeof leaves[0] / sizeof(uint64_t));
    }
}

/* Recovers the missing checked leaf from t~, then compares the hash. CT: leaks the answer. */
static RESULT check_tree(struct tree *t, const uint8_t *message, const uint8_t *delta, const uint8_t run[32])
{
    struct checked_leaf sum, missing;
    uint8_t             hash[PPRF_CHECK_LEN];

    sum_checked(&sum, t, 1);
    memcpy(&missing, message + SUMS_LEN, sizeof missing);
    for (unsigned b = 0; b < CHECK_BLOCKS; b++) add_node(&missing.block[b], &sum.block[b]);
    t->checked[0] = missing;
    unshift(t->checked, delta, t->number * PPRF_DEPTH);
    hash_checked(hash, t, run);
    bool same = secret_equal(hash, message + SUMS_LEN + PPRF_CHECK_LEN, sizeof hash);
    ct_declassify(&same, sizeof same); /* the answer: a failure burns the set-up */
    return same ? KMS_OK : fail(KMS_E_PROOF, "the seeds of tree %u of an OT set-up are not consistent", t->number);
}

static RESULT puncture_tree(struct tree *t, struct crh *crh, const struct pprf_punctured *out,
                            const uint8_t pads[PPRF_DEPTH][OT_BLOCK], const uint8_t *message)
{
    t->node[0] = (struct node){{0, 0}};
    memcpy(&t->node[1], pads[0], sizeof t->node[1]);
    for (unsigned level = 1; level < PPRF_DEPTH; level++)
        TRY(descend(t, crh, level, (const uint8_t(*)[OT_BLOCK])(message + (level - 1) * 2 * OT_BLOCK), pads[level],
                    bit_mask(out->delta, t->number * PPRF_DEPTH + level)));
    return finish_leaves(crh, t);
}

static RESULT puncture_all(struct pprf_punctured *out, const struct ot_context *context,
                           const struct ot_base_chosen *chosen, const uint8_t *message)
{
    CRH_LOCAL                      crh = {NULL};
    CLEANUP(tree_wipe) struct tree t;
    uint8_t                        run[32];

    TRY(ot_context_crh(&crh, context));
    ot_context_run(run, context);
    for (t.number = 0; t.number < PPRF_TREES; t.number++) {
        const uint8_t *part = message + t.number * PPRF_TREE_LEN;
        TRY(puncture_tree(&t, &crh, out, chosen->pad + t.number * PPRF_DEPTH, part));
        TRY(check_tree(&t, part, out->delta, run));
        t.node[0] = (struct node){{0, 0}};
        memcpy(out->leaf[t.number], t.node, sizeof t.node);
    }
    return KMS_OK;
}

RESULT pprf_puncture(struct pprf_punctured *out, const struct ot_context *context, const struct ot_base_chosen *chosen,
                     const uint8_t message[PPRF_MESSAGE_LEN])
{
    for (unsigned i = 0; i < sizeof out->delta; i++) out->delta[i] = (uint8_t)~chosen->choice[i];
    enum kms_err err = puncture_all(out, context, chosen, message);
    if (err != KMS_OK) pprf_punctured_wipe(out);
    return err;
}
