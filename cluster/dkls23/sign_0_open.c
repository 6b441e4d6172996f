/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The opening: beside the nonce each signer names its set-up with every other one, so that two nodes that do not have
 * the same (one was restored, the other not) part in peace before any OT data is touched: with different seeds the
 * checks would fail, and each would think that the other has cheated.
 */
#include "cluster/dkls23/internal.h"

static enum kms_err write_transcripts(struct session *s, struct writer *w)
{
    struct party_set others = dkls23_others(s);

    for (party j = party_set_next(others, 0); j != 0; j = party_set_next(others, j)) {
        const struct pair_setup *setup;
        TRY(dkls23_setup(&setup, s, j));
        writer_raw(w, BYTES_OF(setup->transcript));
    }
    return KMS_OK;
}

enum kms_err dkls23_0_open(struct session *s, struct writer *w)
{
    TRY(dkls23_check_digest(s));
    return write_transcripts(s, w);
}

enum kms_err dkls23_0_open_presign(struct session *s, struct writer *w)
{
    if (session_params(s)->message.len != 0) return fail(KMS_E_ARGUMENT, "a presignature takes no message");
    return write_transcripts(s, w);
}

/* What the transcripts say is compared when all are in (dkls23_1_commit): to differ is no crime. */
enum kms_err dkls23_0_on_opening(struct session *s, party from, struct reader *r)
{
    (void)from;
    (void)reader_view(r, party_set_count(dkls23_others(s)) * DKLS23_TRANSCRIPT_LEN);
    return r->failed ? session_fault(s, KMS_E_FORMAT, "opening without the transcripts of the set-ups") : KMS_OK;
}
