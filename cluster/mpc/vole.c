/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The random vector OLE, [DKLS23] protocol 5.2 with l = 2 and rho = 1. With pads alpha0, alpha1 of OT j, columns i = 1,
 * 2 for the inputs and 3 for the check, g the gadget: Alice  a~_ji = alpha0_ji - alpha1_ji + a_i, where a_3 = a^ is
 * random;  theta = H(a~); eta = a^ + sum theta_i a_i;  mu = H({alpha0_j3 + sum theta_i alpha0_ji}_j);  c_i = - sum g_j
 * alpha0_ji Bob    d_ji = alpha(beta_j)_ji + beta_j a~_ji = alpha0_ji + beta_j a_i; mu = H({d_j3 + sum theta_i d_ji -
 * beta_j eta}_j) ?;  d_i = sum g_j d_ji;  b = sum g_j beta_j
 *
 * Pads are made twice rather than kept: AES costs less than the cache they would fill. Scalars go over the wire as the
 * arithmetic holds them (scalar_encode_raw), which saves 2,500 multiplications.
 */
#include "cluster/mpc/vole.h"

#include "cluster/mpc/vole_pads.h"
#include "common/base/check.h"
#include "common/crypto/bulk_hash.h"
#include "common/crypto/ct.h"
#include "common/crypto/hash.h"
#include "common/secret/wipe.h"

#define CHECK_COLUMN 2
#define MU_LEN 32

/* The parts of message 2. */
struct layout {
    size_t scalar_len, ots, a_len, eta, mu;
};

/* theta_1, theta_2: public. */
struct challenges {
    struct scalar theta[VOLE_INPUTS];
};

static struct layout layout_of(const struct vole *v)
{
    size_t len = v->group->scalar_len, ots = VOLE_OTS(len), a_len = ots * VOLE_WIDTH * len;

    return (struct layout){len, ots, a_len, a_len, a_len + len};
}

static struct vole_range range_at(const struct vole_pads *p, size_t at)
{
    return (struct vole_range){at, p->count - at < VOLE_CHUNK ? p->count - at : VOLE_CHUNK};
}

static uint8_t choice_of(const uint8_t *choices, size_t j)
{
    return choices[j / 8] >> (j % 8) & 1;
}

static void check_params(const struct vole *v, unsigned item)
{
    CHECK(v->items >= 1 && v->items <= VOLE_ITEMS_MAX && item < v->items);
    CHECK(VOLE_OTS(v->group->scalar_len) * v->items <= OT_EXTENSION_MAX);
}

/* H(tag, run, group, item, digest, ..): what is hashed much of is hashed by itself before. */
static void begin_hash(struct hash *h, enum tag_id tag, const struct vole *v, unsigned item, const uint8_t digest[32])
{
    uint8_t run[32];

    ot_context_run(run, &v->context);
    hash_begin(h, tag, 5);
    hash_item(h, bytes(run, sizeof run));
    hash_item_u16(h, (uint16_t)v->group->id);
    hash_item_u16(h, (uint16_t)item);
    hash_item(h, bytes(digest, 32));
}

static RESULT make_challenges(struct challenges *out, const struct vole *v, unsigned item, struct bytes a)
{
    BULK_HASH_LOCAL h = {NULL};
    uint8_t         digest[32];

    TRY(bulk_hash_begin(&h));
    TRY(bulk_hash_update(&h, a));
    TRY(bulk_hash_end(&h, digest));
    for (unsigned i = 0; i < VOLE_INPUTS; i++) {
        struct hash theta;
        begin_hash(&theta, TAG_VOLE_THETA, v, item, digest);
        hash_item_u16(&theta, (uint16_t)i);
        scalar_from_hash(v->group, &out->theta[i], &theta);
    }
    return KMS_OK;
}

static RESULT end_mu(uint8_t mu[MU_LEN], struct bulk_hash *checked, const struct vole *v, unsigned item)
{
    uint8_t     digest[32];
    struct hash h;

    TRY(bulk_hash_end(checked, digest));
    begin_hash(&h, TAG_VOLE_MU, v, item, digest);
    hash_item_u16(&h, 0);
    hash_end(&h, mu);
    return KMS_OK;
}

/* column 3 + sum of theta_i column i. */
static void weigh(const struct prime_group *g, struct scalar *out, const struct challenges *ch,
                  const struct scalar column[VOLE_WIDTH])
{
    SECRET_SCALAR_SUM sum = {{0}, 0};

    for (unsigned i = 0; i < VOLE_INPUTS; i++) scalar_sum_add_product(g, &sum, &ch->theta[i], &column[i]);
    scalar_sum_add(g, &sum, &column[CHECK_COLUMN]);
    scalar_sum_end(g, out, &sum);
}

static RESULT add_b(const struct prime_group *g, struct scalar *b, struct vole_pads *p, const uint8_t *choices)
{
    SECRET_VOLE_CHUNK chunk;
    SECRET_SCALAR     masked;

    scalar_zero(b);
    for (size_t at = 0; at < p->count; at += VOLE_CHUNK) {
        struct vole_range r = range_at(p, at);
        TRY(vole_pads_gadget(p, &chunk, r));
        for (size_t j = 0; j < r.count; j++) {
            scalar_mask(&masked, &chunk.g[j], choice_of(choices, p->first + at + j));
            scalar_add(g, b, b, &masked);
        }
    }
    return KMS_OK;
}

RESULT vole_bob_start(const struct vole_bob *bob, struct scalar *b, uint8_t *message_1, const struct vole_start *s)
{
    const struct vole *v = s->vole;
    size_t             len = VOLE_CHOICES_LEN(v->group->scalar_len, v->items);

    check_params(v, 0);
    TRY(rng_fill(s->rng, bob->choices, len));
    TRY(ot_extension_receive(bob->rows, message_1, s->seeds,
                             &(struct ot_extension_request){&v->context, bob->choices, 8 * len, s->rng}));
    for (unsigned item = 0; item < v->items; item++) {
        VOLE_PADS_LOCAL pads = {.rows = NULL};
        TRY(vole_pads_init(&pads, v, bob->rows, item));
        TRY(add_b(v->group, &b[item], &pads, bob->choices));
    }
    return KMS_OK;
}

RESULT vole_alice_start(struct ot_rows *rows, const struct vole *v, const struct pprf_punctured *seeds,
                        const uint8_t *message_1)
{
    check_params(v, 0);
    return ot_extension_send(rows, seeds, &v->context, message_1, VOLE_OTS(v->group->scalar_len) * v->items);
}

/* a_1, a_2, a^ */
struct inputs {
    struct scalar a[VOLE_WIDTH];
};

static void inputs_wipe(struct inputs *in)
{
    wipe(in, sizeof *in);
}

struct sums {
    struct scalar_sum of[VOLE_INPUTS];
};

static void sums_wipe(struct sums *s)
{
    wipe(s, sizeof *s);
}

/* a~ of a chunk, and its part of sum g_j alpha0_ji. CT: leaks the group. */
static void correct_chunk(const struct prime_group *g, uint8_t *a, struct sums *sums, const struct vole_chunk *c,
                          const struct inputs *in, size_t n)
{
    SECRET_SCALAR masked;

    for (size_t j = 0; j < n; j++)
        for (unsigned i = 0; i < VOLE_WIDTH; i++) {
            scalar_sub(g, &masked, &c->pad[j][i], &c->other[j][i]);
            scalar_add(g, &masked, &masked, &in->a[i]);
            scalar_encode_raw(g, a + (j * VOLE_WIDTH + i) * g->scalar_len, &masked);
            if (i < VOLE_INPUTS) scalar_sum_add_product(g, &sums->of[i], &c->g[j], &c->pad[j][i]);
        }
}

static RESULT correct_all(struct scalar c[VOLE_INPUTS], uint8_t *a, struct vole_pads *p, const struct vole_multiply *m,
                          const struct inputs *in)
{
    const struct prime_group      *g = m->vole->group;
    CLEANUP(sums_wipe) struct sums sums = {{{{0}, 0}}};
    SECRET_VOLE_CHUNK              chunk;

    for (size_t at = 0; at < p->count; at += VOLE_CHUNK) {
        struct vole_range r = range_at(p, at);
        TRY(vole_pads_gadget(p, &chunk, r));
        TRY(vole_pads_make(p, &chunk, chunk.pad, NULL, r));
        TRY(vole_pads_make(p, &chunk, chunk.other, m->delta, r));
        correct_chunk(g, a + at * VOLE_WIDTH * g->scalar_len, &sums, &chunk, in, r.count);
    }
    ct_declassify(a, p->count * VOLE_WIDTH * g->scalar_len); /* under the pad that Bob lacks */
    for (unsigned i = 0; i < VOLE_INPUTS; i++) {
        scalar_sum_end(g, &c[i], &sums.of[i]);
        scalar_negate(g, &c[i], &c[i]);
    }
    return KMS_OK;
}

/* What is hashed to mu, of a chunk. */
static RESULT hash_chunk(struct bulk_hash *h, const struct prime_group *g, struct vole_chunk *c,
                         const struct challenges *ch, size_t n)
{
    SECRET_SCALAR z;

    for (size_t j = 0; j < n; j++) {
        weigh(g, &z, ch, c->pad[j]);
        scalar_encode_raw(g, c->encoded + j * g->scalar_len, &z);
    }
    return bulk_hash_update(h, bytes(c->encoded, n * g->scalar_len));
}

static RESULT make_mu(uint8_t mu[MU_LEN], struct vole_pads *p, const struct vole *v, unsigned item,
                      const struct challenges *ch)
{
    BULK_HASH_LOCAL   h = {NULL};
    SECRET_VOLE_CHUNK chunk;

    TRY(bulk_hash_begin(&h));
    for (size_t at = 0; at < p->count; at += VOLE_CHUNK) {
        struct vole_range r = range_at(p, at);
        TRY(vole_pads_make(p, &chunk, chunk.pad, NULL, r));
        TRY(hash_chunk(&h, v->group, &chunk, ch, r.count));
    }
    return end_mu(mu, &h, v, item);
}

RESULT vole_alice_multiply(struct scalar c[VOLE_INPUTS], uint8_t *message_2, const struct vole_multiply *m,
                           const struct scalar a[VOLE_INPUTS])
{
    const struct vole                 *v = m->vole;
    struct layout                      l = layout_of(v);
    VOLE_PADS_LOCAL                    pads = {.rows = NULL};
    CLEANUP(inputs_wipe) struct inputs in;
    struct challenges                  ch;
    SECRET_SCALAR                      eta;

    check_params(v, m->item);
    memcpy(in.a, a, VOLE_INPUTS * sizeof *a);
    TRY(scalar_random(v->group, &in.a[CHECK_COLUMN], m->rng));
    TRY(vole_pads_init(&pads, v, m->rows, m->item));
    TRY(correct_all(c, message_2, &pads, m, &in));
    TRY(make_challenges(&ch, v, m->item, bytes(message_2, l.a_len)));
    weigh(v->group, &eta, &ch, in.a);
    scalar_encode_raw(v->group, message_2 + l.eta, &eta);
    TRY(make_mu(message_2 + l.mu, &pads, v, m->item, &ch));
    ct_declassify(message_2 + l.eta, l.scalar_len + MU_LEN); /* a^ hides the inputs, the hash the pads */
    return KMS_OK;
}

/* Bob's view of one item. */
struct answer {
    const struct vole *vole;
    const uint8_t     *choices; /* of all items */
    const uint8_t     *a;       /* a~ */
    struct scalar      eta;     /* public */
    struct challenges  challenges;
};

/* d_ji in place of the pads of OT j; d_j3 less beta_j eta. KMS_E_FORMAT. CT: leaks nothing of the choice. */
static RESULT select_one(struct scalar d[VOLE_WIDTH], const struct answer *answer, size_t j, uint8_t choice)
{
    const struct prime_group *g = answer->vole->group;
    SECRET_SCALAR             term;

    for (unsigned i = 0; i < VOLE_WIDTH; i++) {
        TRY(scalar_decode_raw(g, &term, answer->a + (j * VOLE_WIDTH + i) * g->scalar_len));
        if (i == CHECK_COLUMN) scalar_sub(g, &term, &term, &answer->eta);
        scalar_mask(&term, &term, choice);
        scalar_add(g, &d[i], &d[i], &term);
    }
    return KMS_OK;
}

static RESULT finish_chunk(struct sums *sums, struct vole_pads *p, struct vole_chunk *c, const struct answer *answer,
                           struct vole_range r)
{
    const struct prime_group *g = answer->vole->group;

    TRY(vole_pads_gadget(p, c, r));
    TRY(vole_pads_make(p, c, c->pad, NULL, r));
    for (size_t j = 0; j < r.count; j++) {
        TRY(select_one(c->pad[j], answer, r.first + j, choice_of(answer->choices, p->first + r.first + j)));
        for (unsigned i = 0; i < VOLE_INPUTS; i++) scalar_sum_add_product(g, &sums->of[i], &c->g[j], &c->pad[j][i]);
    }
    return KMS_OK;
}

static RESULT finish_sums(struct sums *sums, uint8_t mu[MU_LEN], struct vole_pads *p, const struct answer *answer,
                          unsigned item)
{
    BULK_HASH_LOCAL   h = {NULL};
    SECRET_VOLE_CHUNK chunk;

    TRY(bulk_hash_begin(&h));
    for (size_t at = 0; at < p->count; at += VOLE_CHUNK) {
        struct vole_range r = range_at(p, at);
        TRY(finish_chunk(sums, p, &chunk, answer, r));
        TRY(hash_chunk(&h, answer->vole->group, &chunk, &answer->challenges, r.count));
    }
    return end_mu(mu, &h, answer->vole, item);
}

/* CT: leaks whether mu is right. */
RESULT vole_bob_finish(struct scalar d[VOLE_INPUTS], const struct vole_bob *bob, const struct vole *v, unsigned item,
                       const uint8_t *message_2)
{
    struct layout                  l = layout_of(v);
    struct answer                  answer = {.vole = v, .choices = bob->choices, .a = message_2};
    VOLE_PADS_LOCAL                pads = {.rows = NULL};
    CLEANUP(sums_wipe) struct sums sums = {{{{0}, 0}}};
    uint8_t                        mu[MU_LEN];

    check_params(v, item);
    for (unsigned i = 0; i < VOLE_INPUTS; i++) scalar_zero(&d[i]);
    TRY(scalar_decode_raw(v->group, &answer.eta, message_2 + l.eta));
    TRY(vole_pads_init(&pads, v, bob->rows, item));
    TRY(make_challenges(&answer.challenges, v, item, bytes(message_2, l.a_len)));
    TRY(finish_sums(&sums, mu, &pads, &answer, item));
    bool same = secret_equal(mu, message_2 + l.mu, MU_LEN);
    ct_declassify(&same, sizeof same); /* the answer: a failure burns the set-up */
    if (!same) return fail(KMS_E_PROOF, "the inputs of a vector OLE are not consistent");
    for (unsigned i = 0; i < VOLE_INPUTS; i++) scalar_sum_end(v->group, &d[i], &sums.of[i]);
    return KMS_OK;
}
