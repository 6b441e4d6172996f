/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a session's memory and of its messages, which depend on group and quorum; the set-ups it may use. */
#include "cluster/dkls23/internal.h"

static size_t rows_of_one(const struct session_params *p)
{
    return VOLE_ROWS(p->group->scalar_len, 1);
}

size_t dkls23_measure(const struct session_params *p, struct row_limits *rows)
{
    const struct prime_group *g = p->group;
    unsigned                  others = party_set_count(p->quorum) - 1;

    rows[DKLS23_ROW_OPEN].max_broadcast = others * DKLS23_TRANSCRIPT_LEN;
    rows[DKLS23_ROW_COMMIT].max_broadcast = COMMITMENT_LEN;
    rows[DKLS23_ROW_COMMIT].max_direct = (uint32_t)VOLE_MESSAGE_1_LEN(g->scalar_len, 1);
    rows[DKLS23_ROW_MULTIPLY].max_broadcast = (uint32_t)dkls23_opening_len(g);
    rows[DKLS23_ROW_MULTIPLY].max_direct = (uint32_t)dkls23_product_len(g);
    if (p->protocol->round_count > DKLS23_ROW_REVEAL)
        rows[DKLS23_ROW_REVEAL].max_broadcast = (uint32_t)(2 * g->scalar_len);
    return sizeof(struct dkls23_memory) + 2 * others * rows_of_one(p) * sizeof(struct ot_rows);
}

struct party_set dkls23_others(const struct session *s)
{
    const struct session_params *p = session_params(s);
    return party_set_without(p->quorum, p->self);
}

static struct ot_rows *rows_at(struct session *s, party peer, unsigned which)
{
    struct dkls23_memory *m = session_memory(s);
    struct party_set      before = {dkls23_others(s).mask & ((UINT32_C(1) << peer) - 1)};

    return m->rows + (2 * party_set_count(before) + which) * rows_of_one(session_params(s));
}

struct ot_rows *dkls23_rows_bob(struct session *s, party peer)
{
    return rows_at(s, peer, 0);
}

struct ot_rows *dkls23_rows_alice(struct session *s, party peer)
{
    return rows_at(s, peer, 1);
}

struct vole dkls23_vole(struct session *s, party alice, party bob)
{
    struct dkls23_memory *m = session_memory(s);

    return (struct vole){.group = session_params(s)->group, .context = {m->run, alice, bob}, .items = 1};
}

enum kms_err dkls23_setup(const struct pair_setup **out, const struct session *s, party peer)
{
    const struct session_params *p = session_params(s);

    *out = p->setups == NULL ? NULL : p->setups[peer];
    if (*out == NULL || (*out)->generation == 0)
        return fail(KMS_E_STATE, "no set-up with party %u yet; it is made in the background: try again later", peer);
    if ((*out)->burned)
        return fail(KMS_E_STATE, "the set-up with party %u is burned; a fresh one is needed: kmsctl pair reset", peer);
    return KMS_OK;
}

enum kms_err dkls23_setup_still(const struct pair_setup **out, struct session *s, party peer)
{
    if (dkls23_setup(out, s, peer) == KMS_OK) return KMS_OK;
    return session_fault(s, KMS_E_MISMATCH, "a set-up has been burned meanwhile");
}
