/* SPDX-License-Identifier: Apache-2.0 */
/* Round 1 ([DKLS23] protocol 3.6, sheet 3.4 R1): commitment to R_i, to all; choices of the OLE with self as Bob, to
 * each. */
#include "cluster/dkls23/internal.h"
#include "common/crypto/hash.h"

#define STEP 1

/* The transcript that `of` names for its set-up with `with`. */
static struct bytes named_transcript(const struct session *s, party of, party with)
{
    struct party_set others = party_set_without(session_params(s)->quorum, of);
    struct party_set before = {others.mask & ((UINT32_C(1) << with) - 1)};

    return bytes(session_payload(s, DKLS23_ROW_OPEN, of).data + party_set_count(before) * DKLS23_TRANSCRIPT_LEN,
                 DKLS23_TRANSCRIPT_LEN);
}

/* Of every pair, not only one's own: all signers end alike. */
static enum kms_err compare_setups(struct session *s)
{
    struct party_set all = session_params(s)->quorum;

    for (party i = party_set_next(all, 0); i != 0; i = party_set_next(all, i))
        for (party j = party_set_next(all, i); j != 0; j = party_set_next(all, j))
            if (!bytes_equal(named_transcript(s, i, j), named_transcript(s, j, i)))
                return session_fault(s, KMS_E_MISMATCH, "two signers do not have the same set-up");
    return KMS_OK;
}

static void derive_run(struct session *s)
{
    struct dkls23_memory *m = session_memory(s);
    struct party_set      all = session_params(s)->quorum;
    struct hash           h;

    hash_begin(&h, TAG_DKLS23_RUN, 1 + party_set_count(all));
    hash_item(&h, bytes(session_ssid(s), SSID_LEN));
    for (party i = party_set_next(all, 0); i != 0; i = party_set_next(all, i))
        hash_item(&h, session_payload(s, DKLS23_ROW_OPEN, i));
    hash_end(&h, m->run);
}

static enum kms_err commit(struct session *s, struct rng *rng)
{
    const struct prime_group *g = session_params(s)->group;
    struct dkls23_memory     *m = session_memory(s);
    uint8_t                   R[POINT_LEN_MAX];

    TRY(scalar_random(g, &m->a[DKLS23_R], rng));
    TRY(scalar_random(g, &m->phi, rng));
    TRY(rng_fill(rng, m->opening, sizeof m->opening));
    group_base_mul(g, &m->R_own, &m->a[DKLS23_R]);
    group_encode(g, R, &m->R_own);
    commitment_make(session_broadcast(s, COMMITMENT_LEN),
                    (struct commitment_context){TAG_DKLS23_COMMIT, m->run, session_params(s)->self},
                    bytes(R, g->point_len), m->opening);
    return KMS_OK;
}

static enum kms_err choose(struct session *s, party j, struct rng *rng)
{
    struct dkls23_memory    *m = session_memory(s);
    struct vole              vole = dkls23_vole(s, j, session_params(s)->self);
    struct vole_bob          bob = {m->peers[j].choices, dkls23_rows_bob(s, j)};
    const struct pair_setup *setup;

    TRY(dkls23_setup_still(&setup, s, j));
    struct vole_start start = {&vole, &setup->bob, rng};
    return vole_bob_start(&bob, &m->peers[j].chi, session_direct(s, j, VOLE_MESSAGE_1_LEN(vole.group->scalar_len, 1)),
                          &start);
}

/* complete() of the opening. */
enum kms_err dkls23_1_commit(struct session *s)
{
    struct party_set  others = dkls23_others(s);
    struct dkls23_rng hedged;
    struct rng       *rng = dkls23_rng_init(&hedged, s, STEP);

    TRY(compare_setups(s));
    derive_run(s);
    TRY(commit(s, rng));
    for (party j = party_set_next(others, 0); j != 0; j = party_set_next(others, j)) TRY(choose(s, j, rng));
    return KMS_OK;
}

enum kms_err dkls23_1_on_commitment(struct session *s, party from, struct reader *r)
{
    (void)from;
    (void)reader_view(r, COMMITMENT_LEN);
    return r->failed ? session_fault(s, KMS_E_FORMAT, "commitment of a wrong length") : KMS_OK;
}

/* Self as Alice: the check of the OT extension. Its answer depends on Delta, so a failure burns the set-up. */
enum kms_err dkls23_1_on_choices(struct session *s, party from, struct reader *r)
{
    struct vole              vole = dkls23_vole(s, session_params(s)->self, from);
    struct bytes             message = reader_view(r, VOLE_MESSAGE_1_LEN(vole.group->scalar_len, 1));
    const struct pair_setup *setup;

    if (r->failed) return session_fault(s, KMS_E_FORMAT, "choices of a wrong length");
    TRY(dkls23_setup_still(&setup, s, from));
    enum kms_err err = vole_alice_start(dkls23_rows_alice(s, from), &vole, &setup->alice, message.data);
    if (err != KMS_E_PROOF) return err;
    session_burn(s, from);
    return session_fault(s, KMS_E_PROOF, "a check of the multiplication failed");
}
