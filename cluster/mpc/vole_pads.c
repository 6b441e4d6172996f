/* SPDX-License-Identifier: Apache-2.0 */
/* Pads and gadget of a vector OLE: TMMO of rows and of positions, taken modulo q. */
#include "cluster/mpc/vole_pads.h"

#include "common/crypto/hash.h"
#include "common/secret/wipe.h"

#define UNIFORM_LEN (VOLE_CHUNK * VOLE_WIDTH * SCALAR_SAMPLE_LEN_MAX)

void vole_chunk_wipe(struct vole_chunk *c)
{
    wipe(c, sizeof *c);
}

void vole_pads_clear(struct vole_pads *p)
{
    crh_clear(&p->crh);
    crh_clear(&p->gadget);
}

static RESULT init_gadget(struct crh *out, const struct prime_group *g)
{
    uint8_t     key[32];
    struct hash h;

    hash_begin(&h, TAG_VOLE_GADGET, 1);
    hash_item_u16(&h, (uint16_t)g->id);
    hash_end(&h, key);
    return crh_init(out, key);
}

RESULT vole_pads_init(struct vole_pads *p, const struct vole *v, const struct ot_rows *rows, unsigned item)
{
    size_t count = VOLE_OTS(v->group->scalar_len);

    *p =
        (struct vole_pads){.sampler = scalar_sampler_of(v->group), .rows = rows, .first = item * count, .count = count};
    TRY(ot_context_crh(&p->crh, &v->context));
    return init_gadget(&p->gadget, v->group);
}

RESULT vole_pads_gadget(struct vole_pads *p, struct scalar g[VOLE_CHUNK], size_t at, size_t n)
{
    static const uint8_t zero[CRH_BLOCK];
    uint8_t              uniform[VOLE_CHUNK * SCALAR_SAMPLE_LEN_MAX];
    size_t               blocks = p->sampler.len / CRH_BLOCK;

    TRY(crh_expand(&p->gadget, uniform, zero, (struct crh_tweak){OT_DOMAIN_GADGET, 0, 0, at * blocks},
                   (struct crh_shape){1, n * blocks}));
    for (size_t j = 0; j < n; j++) scalar_sample(&p->sampler, &g[j], uniform + j * p->sampler.len);
    return KMS_OK;
}

/* CT: leaks the numbers of the rows. */
static void gather(uint8_t out[VOLE_CHUNK][OT_BLOCK], const struct vole_pads *p, const uint8_t *delta, size_t at,
                   size_t n)
{
    for (size_t j = 0; j < n; j++) {
        memcpy(out[j], ot_row(p->rows, p->first + at + j), OT_BLOCK);
        for (size_t i = 0; delta != NULL && i < OT_BLOCK; i++) out[j][i] ^= delta[i];
    }
}

RESULT vole_pads_make(struct vole_pads *p, struct scalar pad[VOLE_CHUNK][VOLE_WIDTH], const uint8_t *delta, size_t at,
                      size_t n)
{
    uint8_t rows[VOLE_CHUNK][OT_BLOCK] = {{0}}, uniform[UNIFORM_LEN];
    size_t  len = p->sampler.len;

    gather(rows, p, delta, at, n);
    enum kms_err err =
        crh_expand(&p->crh, uniform, rows[0], (struct crh_tweak){OT_DOMAIN_PAD, (uint32_t)(p->first + at), 1, 0},
                   (struct crh_shape){n, VOLE_WIDTH * len / CRH_BLOCK});
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < VOLE_WIDTH; i++)
            scalar_sample(&p->sampler, &pad[j][i], uniform + (j * VOLE_WIDTH + i) * len);
    WIPE(rows);
    WIPE(uniform);
    return err;
}
