/* SPDX-License-Identifier: Apache-2.0 */
/* Pads and gadget of a vector OLE: TMMO of rows and of positions, taken modulo q. */
#include "cluster/mpc/vole_pads.h"

#include "common/crypto/hash.h"
#include "common/secret/wipe.h"

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

RESULT vole_pads_gadget(struct vole_pads *p, struct vole_chunk *c, struct vole_range r)
{
    static const uint8_t zero[CRH_BLOCK];
    size_t               len = p->sampler.len, blocks = len / CRH_BLOCK;

    TRY(crh_expand(&p->gadget, c->uniform, zero, (struct crh_tweak){OT_DOMAIN_GADGET, 0, 0, r.first * blocks},
                   (struct crh_shape){1, r.count * blocks}));
    for (size_t j = 0; j < r.count; j++) scalar_sample(&p->sampler, &c->g[j], c->uniform + j * len);
    return KMS_OK;
}

/* CT: leaks the numbers of the rows. */
static void gather(struct vole_chunk *c, const struct vole_pads *p, const uint8_t *delta, struct vole_range r)
{
    for (size_t j = 0; j < r.count; j++) {
        memcpy(c->row[j], ot_row(p->rows, p->first + r.first + j), OT_BLOCK);
        for (size_t i = 0; delta != NULL && i < OT_BLOCK; i++) c->row[j][i] ^= delta[i];
    }
}

RESULT vole_pads_make(struct vole_pads *p, struct vole_chunk *c, struct scalar out[][VOLE_WIDTH], const uint8_t *delta,
                      struct vole_range r)
{
    size_t           len = p->sampler.len;
    struct crh_tweak tweak = {OT_DOMAIN_PAD, (uint32_t)(p->first + r.first), 1, 0};

    gather(c, p, delta, r);
    TRY(crh_expand(&p->crh, c->uniform, c->row[0], tweak, (struct crh_shape){r.count, VOLE_WIDTH * len / CRH_BLOCK}));
    for (size_t j = 0; j < r.count; j++)
        for (size_t i = 0; i < VOLE_WIDTH; i++)
            scalar_sample(&p->sampler, &out[j][i], c->uniform + (j * VOLE_WIDTH + i) * len);
    return KMS_OK;
}
