/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two nodes make their set-up (sheet 3.1), in both directions at once:
 *
 *   open     nonce
 *   offer    base OTs as receiver (self as Alice of the OLE); commitment to a contribution to the zero seed
 *   answer   base OTs as sender and the trees (self as Bob); the contribution
 *   confirm  H of all of it: a node that says so has found everything good, and both keep the same
 *
 * The driver puts both certificates into request_hash and the roster into roster_hash: the transcript has them by way
 * of the ssid. A set-up that fails has never existed, so there is nothing to burn.
 */
#include "cluster/dkls23/dkls23.h"

#include "cluster/dkls23/internal.h"
#include "common/crypto/hash.h"
#include "common/secret/wipe.h"

enum { ROW_OPEN, ROW_OFFER, ROW_ANSWER, ROW_CONFIRM, ROWS };
enum { STEP_OFFER = 16, STEP_ANSWER };

#define OFFER_LEN (OT_BASE_MESSAGE_1_LEN + COMMITMENT_LEN)
#define ANSWER_LEN (OT_BASE_MESSAGE_2_LEN + PPRF_MESSAGE_LEN + ZERO_CONTRIBUTION_LEN + COMMITMENT_OPENING_LEN)

struct pair_memory {
    struct ot_base_receiver receiver;
    struct ot_base_pads     pads;
    struct pair_setup       made;
    uint8_t                 contribution[PARTIES_MAX + 1][ZERO_CONTRIBUTION_LEN];
    uint8_t                 opening[COMMITMENT_OPENING_LEN];
    uint8_t                 message_2[OT_BASE_MESSAGE_2_LEN];
    uint8_t                 transcript[32];
};

static party peer_of(const struct session *s)
{
    return session_params(s)->self == 1 ? 2 : 1;
}

static struct ot_context context_of(const struct session *s, party alice, party bob)
{
    return (struct ot_context){session_ssid(s), alice, bob};
}

static bool supports(enum group_id id)
{
    return id == GROUP_ED25519; /* ristretto255 is made of it */
}

/* complete() of the opening. */
static enum kms_err offer(struct session *s)
{
    struct pair_memory *m = session_memory(s);
    party               self = session_params(s)->self;
    struct ot_context   as_alice = context_of(s, self, peer_of(s));
    struct dkls23_rng   hedged;
    struct rng         *rng = dkls23_rng_init(&hedged, s, STEP_OFFER);
    uint8_t            *out = session_broadcast(s, OFFER_LEN);

    TRY(ot_base_receive(&m->receiver, out, &as_alice, rng));
    TRY(rng_fill(rng, m->contribution[self], ZERO_CONTRIBUTION_LEN));
    TRY(rng_fill(rng, m->opening, sizeof m->opening));
    commitment_make(out + OT_BASE_MESSAGE_1_LEN, (struct commitment_context){TAG_PAIR_COMMIT, session_ssid(s), self},
                    BYTES_OF(m->contribution[self]), m->opening);
    return KMS_OK;
}

static enum kms_err on_offer(struct session *s, party from, struct reader *r)
{
    struct pair_memory *m = session_memory(s);
    struct ot_context   as_bob = context_of(s, from, session_params(s)->self);
    struct bytes        message_1 = reader_view(r, OT_BASE_MESSAGE_1_LEN);
    struct dkls23_rng   hedged;

    (void)reader_view(r, COMMITMENT_LEN);
    if (r->failed) return session_fault(s, KMS_E_FORMAT, "offer of a wrong length");
    return ot_base_send(&m->pads, m->message_2, &as_bob, message_1.data, dkls23_rng_init(&hedged, s, STEP_ANSWER));
}

/* complete() of the offers. */
static enum kms_err answer(struct session *s)
{
    struct pair_memory *m = session_memory(s);
    party               self = session_params(s)->self;
    struct ot_context   as_bob = context_of(s, peer_of(s), self);
    uint8_t            *out = session_broadcast(s, ANSWER_LEN);

    memcpy(out, m->message_2, sizeof m->message_2);
    out += sizeof m->message_2;
    TRY(pprf_build(&m->made.bob, out, &as_bob, &m->pads));
    ot_base_pads_wipe(&m->pads);
    out += PPRF_MESSAGE_LEN;
    memcpy(out, m->contribution[self], ZERO_CONTRIBUTION_LEN);
    memcpy(out + ZERO_CONTRIBUTION_LEN, m->opening, sizeof m->opening);
    return KMS_OK;
}

static enum kms_err take_trees(struct session *s, party from, const uint8_t *message_2, const uint8_t *trees)
{
    struct pair_memory   *m = session_memory(s);
    struct ot_context     as_alice = context_of(s, session_params(s)->self, from);
    struct ot_base_chosen chosen;
    enum kms_err          err = ot_base_finish(&chosen, &m->receiver, &as_alice, message_2);

    if (err == KMS_OK) err = pprf_puncture(&m->made.alice, &as_alice, &chosen, trees);
    ot_base_chosen_wipe(&chosen);
    return err;
}

static enum kms_err on_answer(struct session *s, party from, struct reader *r)
{
    struct pair_memory *m = session_memory(s);
    struct bytes        message_2 = reader_view(r, OT_BASE_MESSAGE_2_LEN), trees = reader_view(r, PPRF_MESSAGE_LEN);
    struct bytes        contribution = reader_view(r, ZERO_CONTRIBUTION_LEN);
    struct bytes        opening = reader_view(r, COMMITMENT_OPENING_LEN);

    if (r->failed) return session_fault(s, KMS_E_FORMAT, "answer of a wrong length");
    if (commitment_check(session_payload(s, ROW_OFFER, from).data + OT_BASE_MESSAGE_1_LEN,
                         (struct commitment_context){TAG_PAIR_COMMIT, session_ssid(s), from}, contribution,
                         opening.data) != KMS_OK)
        return session_fault(s, KMS_E_PROOF, "a contribution is not what was committed to");
    memcpy(m->contribution[from], contribution.data, ZERO_CONTRIBUTION_LEN);
    return take_trees(s, from, message_2.data, trees.data);
}

/* complete() of the answers. Both compute it from the same bytes; the answers hold secrets, so it is a hash. */
static enum kms_err confirm(struct session *s)
{
    struct pair_memory *m = session_memory(s);
    struct hash         h;

    zero_seed_make(m->made.zero_seed, session_ssid(s), m->contribution[1], m->contribution[2]);
    hash_begin(&h, TAG_PAIR_TRANSCRIPT, 5);
    hash_item(&h, bytes(session_ssid(s), SSID_LEN));
    for (unsigned row = ROW_OFFER; row <= ROW_ANSWER; row++)
        for (party p = 1; p <= 2; p++) hash_item(&h, session_payload(s, row, p));
    hash_end(&h, m->transcript);
    memcpy(session_broadcast(s, sizeof m->transcript), m->transcript, sizeof m->transcript);
    return KMS_OK;
}

static enum kms_err on_confirmation(struct session *s, party from, struct reader *r)
{
    struct pair_memory *m = session_memory(s);
    uint8_t             transcript[32];

    (void)from;
    reader_copy(r, transcript, sizeof transcript);
    if (r->failed || !bytes_equal(BYTES_OF(transcript), BYTES_OF(m->transcript)))
        return session_fault(s, KMS_E_PROOF, "another transcript is confirmed");
    return KMS_OK;
}

/* complete() of the confirmations. */
static enum kms_err finish(struct session *s)
{
    struct pair_memory *m = session_memory(s);

    m->made.generation = session_params(s)->epoch;
    memcpy(m->made.transcript, m->transcript, sizeof m->transcript);
    *session_params(s)->new_setup = m->made;
    session_result(s)->kind = OUTCOME_PAIR_SETUP;
    return KMS_OK;
}

/* clang-format off */
const struct protocol pair_setup_protocol = {
    .name = "pair-setup", .wire_id = PROTOCOL_PAIR_SETUP, .version = 1, .gives = OUTCOME_PAIR_SETUP,
    .state_size = sizeof(struct pair_memory), .supports = supports, .round_count = ROWS,
    .rounds = {
        [ROW_OPEN]    = {"open", EXPECTS_BROADCAST, 0, 0, NULL, NULL, offer},
        [ROW_OFFER]   = {"offer", EXPECTS_BROADCAST, OFFER_LEN, 0, on_offer, NULL, answer},
        [ROW_ANSWER]  = {"answer", EXPECTS_BROADCAST, ANSWER_LEN, 0, on_answer, NULL, confirm},
        [ROW_CONFIRM] = {"confirm", EXPECTS_BROADCAST, 32, 0, on_confirmation, NULL, finish},
    },
};
/* clang-format on */
