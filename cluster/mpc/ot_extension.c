/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SoftSpokenOT over GF(16), [Roy22] fig. 8 with the repetition code of length 32, and the check of fig. 12 with
 * challenges from a hash of all u. A tree gives both sides four rows of a matrix with one column per OT: Bob    row i =
 * sum of the generated strings r_x over the leaves x that have bit i,  u = sum of all r_x + choices, Alice  row i = the
 * same over x ^ Delta_b (she lacks r_Delta, which has none of these bits) + Delta_i u, so that hers is his plus Delta_i
 * times the choices. Columns 0..127 are the tail: random choices that are used once, to hide what the check would tell
 * of the others.
 */
#include "cluster/mpc/ot_extension.h"

#include "cluster/mpc/bit_matrix.h"
#include "cluster/mpc/gf128.h"
#include "common/base/check.h"
#include "common/crypto/bulk_hash.h"
#include "common/crypto/ct.h"
#include "common/crypto/hash.h"
#include "common/secret/wipe.h"

#define TILE 16 /* blocks of columns at a time */
#define BLOCKS_MAX OT_ROWS(OT_EXTENSION_MAX)

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are the bytes of a block as they stand");

struct block {
    uint64_t word[2];
};

_Static_assert(sizeof(struct block) == OT_BLOCK, "nothing between the words");

/* One run, the same at both sides. */
struct run {
    struct crh crh;
    uint8_t    id[32];
    size_t     count;  /* of OTs */
    size_t     blocks; /* of columns, the tail being the first */
    size_t     u_len;  /* bytes of one tree's u */
};

/* Some blocks of columns of one tree. */
struct part {
    unsigned tree;
    size_t   first, blocks;
};

/* The tree's strings for a part: [leaf][part.blocks]. */
struct strings {
    struct block block[PPRF_LEAVES * TILE];
};

/* beta': the tail, the choices, zeros. */
struct all_choices {
    struct block block[BLOCKS_MAX];
};

static void run_end(struct run *r)
{
    crh_clear(&r->crh);
}

static void strings_wipe(struct strings *s)
{
    wipe(s, sizeof *s);
}

static void all_choices_wipe(struct all_choices *c)
{
    wipe(c, sizeof *c);
}

static RESULT run_begin(struct run *r, const struct ot_context *context, size_t count)
{
    CHECK(count >= 8 && count % 8 == 0 && count <= OT_EXTENSION_MAX);
    r->count = count;
    r->blocks = OT_ROWS(count);
    r->u_len = OT_BLOCK + count / 8;
    ot_context_run(r->id, context);
    return ot_context_crh(&r->crh, context);
}

static struct block add(struct block a, struct block b)
{
    return (struct block){{a.word[0] ^ b.word[0], a.word[1] ^ b.word[1]}};
}

static void add_to(uint8_t *sum, struct block term)
{
    struct block b;

    memcpy(&b, sum, sizeof b);
    b = add(b, term);
    memcpy(sum, &b, sizeof b);
}

static RESULT generate(struct strings *s, struct run *r, const uint8_t leaf[PPRF_LEAVES][OT_BLOCK], struct part p)
{
    return crh_expand(&r->crh, (uint8_t *)s->block, leaf[0], (struct crh_tweak){OT_DOMAIN_ROW, p.tree, 0, p.first},
                      (struct crh_shape){PPRF_LEAVES, p.blocks});
}

/*
 * The tree's four rows: of the strings whose number has the lowest bit the sum is the last row; then neighbours are
 * added up and the next bit is the lowest. What is left at the end, in the first string, is the sum of all.
 */
static void collapse(struct ot_rows *rows, struct strings *s, struct part p)
{
    for (unsigned level = PPRF_DEPTH; level-- > 0;) {
        struct block sum[TILE] = {{{0}}};
        for (size_t y = 0; y < (size_t)1 << level; y++) {
            const struct block *even = s->block + 2 * y * p.blocks, *odd = even + p.blocks;
            for (size_t k = 0; k < p.blocks; k++) {
                sum[k] = add(sum[k], odd[k]);
                s->block[y * p.blocks + k] = add(even[k], odd[k]);
            }
        }
        for (size_t k = 0; k < p.blocks; k++)
            memcpy(rows[p.first + k].row[p.tree * PPRF_DEPTH + level], &sum[k], OT_BLOCK);
        WIPE(sum);
    }
}

/* Bytes of block k that are columns of this run. */
static size_t used(const struct run *r, size_t k)
{
    return r->u_len - OT_BLOCK * k < OT_BLOCK ? r->u_len - OT_BLOCK * k : OT_BLOCK;
}

/* Beyond the last OT there is nothing, at both sides. */
static void trim(struct ot_rows *rows, const struct run *r)
{
    size_t last = r->blocks - 1, from = used(r, last);

    for (unsigned i = 0; i < 128; i++) memset(rows[last].row[i] + from, 0, OT_BLOCK - from);
}

static struct part part_of(const struct run *r, unsigned tree, size_t first)
{
    return (struct part){tree, first, r->blocks - first < TILE ? r->blocks - first : TILE};
}

/* chi_1.. for the blocks of OTs: from a hash of all u, which fixes the choices before any chi is known. */
static RESULT challenge(uint8_t *chi, struct run *r, const uint8_t *u)
{
    BULK_HASH_LOCAL h = {NULL};
    uint8_t         digest[32], seed[32];
    struct hash     structured;

    TRY(bulk_hash_begin(&h));
    TRY(bulk_hash_update(&h, bytes(u, PPRF_TREES * r->u_len)));
    TRY(bulk_hash_end(&h, digest));
    hash_begin(&structured, TAG_OT_CHI, 3);
    hash_item(&structured, bytes(r->id, sizeof r->id));
    hash_item_u64(&structured, r->count);
    hash_item(&structured, BYTES_OF(digest));
    hash_end(&structured, seed);
    return crh_expand(&r->crh, chi, seed, (struct crh_tweak){OT_DOMAIN_CHI, 0, 0, 0},
                      (struct crh_shape){1, r->blocks - 1});
}

/* tail + sum of chi_k block_k, the blocks being `stride` apart. CT: leaks the shape. */
static void weigh(uint8_t out[OT_BLOCK], const struct run *r, const uint8_t *chi, const uint8_t *blocks, size_t stride)
{
    struct block tail;

    memcpy(&tail, blocks, sizeof tail);
    gf128_inner_product(out, (struct gf128_terms){chi, blocks + stride, stride, r->blocks - 1});
    add_to(out, tail);
}

static RESULT receive_rows(struct ot_rows *rows, uint8_t *u, struct run *r, const struct pprf_full *seeds,
                           const struct all_choices *choices)
{
    CLEANUP(strings_wipe) struct strings s;

    for (unsigned tree = 0; tree < PPRF_TREES; tree++)
        for (size_t first = 0; first < r->blocks; first += TILE) {
            struct part p = part_of(r, tree, first);
            TRY(generate(&s, r, seeds->leaf[tree], p));
            collapse(rows, &s, p);
            for (size_t k = 0; k < p.blocks; k++) {
                struct block sum = add(s.block[k], choices->block[first + k]);
                memcpy(u + tree * r->u_len + OT_BLOCK * (first + k), &sum, used(r, first + k));
            }
        }
    trim(rows, r);
    return KMS_OK;
}

/* The rows, weighed; then what Bob sends of them. */
struct weighed {
    uint8_t row[128][OT_BLOCK];
};

static void weighed_wipe(struct weighed *t)
{
    wipe(t, sizeof *t);
}

static RESULT hash_weighed(uint8_t out[32], const struct run *r, const struct weighed *t)
{
    BULK_HASH_LOCAL h = {NULL};
    uint8_t         digest[32];
    struct bytes    items[] = {BYTES_OF(r->id), BYTES_OF(digest)};

    TRY(bulk_hash_begin(&h));
    TRY(bulk_hash_update(&h, BYTES_OF(t->row)));
    TRY(bulk_hash_end(&h, digest));
    hash_items(out, TAG_OT_CHECK, items, ARRAY_LEN(items));
    return KMS_OK;
}

static RESULT answer_challenge(uint8_t *message, struct run *r, const struct ot_rows *rows,
                               const struct all_choices *choices)
{
    uint8_t                              chi[BLOCKS_MAX * OT_BLOCK], *x = message + PPRF_TREES * r->u_len;
    CLEANUP(weighed_wipe) struct weighed t;

    ct_declassify(message, PPRF_TREES * r->u_len); /* the choices under strings of which Alice lacks one */
    TRY(challenge(chi, r, message));
    weigh(x, r, chi, (const uint8_t *)choices->block, OT_BLOCK);
    for (unsigned i = 0; i < 128; i++) weigh(t.row[i], r, chi, rows[0].row[i], sizeof rows[0]);
    TRY(hash_weighed(x + OT_BLOCK, r, &t));
    ct_declassify(x, OT_BLOCK + 32); /* hidden by the tail */
    return KMS_OK;
}

static void transpose(struct ot_rows *rows, const struct run *r)
{
    WIPE(rows[0]);
    for (size_t k = 1; k < r->blocks; k++) bit_matrix_transpose(rows[k].row);
}

RESULT ot_extension_receive(struct ot_rows *rows, uint8_t *message, const struct pprf_full *seeds,
                            const struct ot_extension_request *request)
{
    CLEANUP(run_end) struct run                  r = {.crh = {NULL}};
    CLEANUP(all_choices_wipe) struct all_choices choices = {{{{0}}}};

    TRY(run_begin(&r, request->context, request->count));
    TRY(rng_fill(request->rng, choices.block, OT_BLOCK));
    memcpy(choices.block + 1, request->choices, request->count / 8);
    TRY(receive_rows(rows, message, &r, seeds, &choices));
    TRY(answer_challenge(message, &r, rows, &choices));
    transpose(rows, &r);
    return KMS_OK;
}

static uint64_t delta_mask(const struct pprf_punctured *seeds, unsigned i)
{
    return ct_mask(seeds->delta[i / 8] >> (i % 8) & 1);
}

/* The tree's rows += Delta_i u. CT: leaks nothing of Delta. */
static void correct(struct ot_rows *rows, const struct run *r, const struct pprf_punctured *seeds, const uint8_t *u,
                    struct part p)
{
    for (size_t k = p.first; k < p.first + p.blocks; k++) {
        struct block b = {{0, 0}};
        memcpy(&b, u + p.tree * r->u_len + OT_BLOCK * k, used(r, k));
        for (unsigned i = p.tree * PPRF_DEPTH; i < (p.tree + 1) * PPRF_DEPTH; i++) {
            uint64_t mask = delta_mask(seeds, i);
            add_to(rows[k].row[i], (struct block){{b.word[0] & mask, b.word[1] & mask}});
        }
    }
}

static RESULT send_rows(struct ot_rows *rows, struct run *r, const struct pprf_punctured *seeds, const uint8_t *u)
{
    CLEANUP(strings_wipe) struct strings s;

    for (unsigned tree = 0; tree < PPRF_TREES; tree++)
        for (size_t first = 0; first < r->blocks; first += TILE) {
            struct part p = part_of(r, tree, first);
            TRY(generate(&s, r, seeds->leaf[tree], p));
            collapse(rows, &s, p);
            correct(rows, r, seeds, u, p);
        }
    trim(rows, r);
    return KMS_OK;
}

/* t^_i = tail + sum chi_k w_k + Delta_i x^ for all i; one comparison of them all. CT: leaks the answer. */
static RESULT check_rows(const struct ot_rows *rows, struct run *r, const struct pprf_punctured *seeds,
                         const uint8_t *message)
{
    uint8_t                              chi[BLOCKS_MAX * OT_BLOCK], hash[32];
    const uint8_t                       *x = message + PPRF_TREES * r->u_len;
    struct block                         hidden;
    CLEANUP(weighed_wipe) struct weighed t;

    TRY(challenge(chi, r, message));
    memcpy(&hidden, x, sizeof hidden);
    for (unsigned i = 0; i < 128; i++) {
        uint64_t mask = delta_mask(seeds, i);
        weigh(t.row[i], r, chi, rows[0].row[i], sizeof rows[0]);
        add_to(t.row[i], (struct block){{hidden.word[0] & mask, hidden.word[1] & mask}});
    }
    TRY(hash_weighed(hash, r, &t));
    bool same = secret_equal(hash, x + OT_BLOCK, sizeof hash);
    ct_declassify(&same, sizeof same); /* the answer: a failure burns the set-up */
    return same ? KMS_OK : fail(KMS_E_PROOF, "the consistency check of an OT extension failed");
}

RESULT ot_extension_send(struct ot_rows *rows, const struct pprf_punctured *seeds, const struct ot_context *context,
                         const uint8_t *message, size_t count)
{
    CLEANUP(run_end) struct run r = {.crh = {NULL}};

    TRY(run_begin(&r, context, count));
    TRY(send_rows(rows, &r, seeds, message));
    enum kms_err err = check_rows(rows, &r, seeds, message);
    if (err == KMS_OK)
        transpose(rows, &r);
    else
        wipe(rows, r.blocks * sizeof *rows);
    return err;
}
