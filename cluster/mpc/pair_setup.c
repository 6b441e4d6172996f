/* SPDX-License-Identifier: Apache-2.0 */
/* The record of a set-up between two nodes. */
#include "cluster/mpc/pair_setup.h"

#include "common/secret/wipe.h"
#include "common/wire/reader.h"
#include "common/wire/writer.h"

#define VERSION 1
#define HEADER_LEN (1 + 8 + 32 + 1)
#define LEAVES_LEN (PPRF_TREES * PPRF_LEAVES * OT_BLOCK)
#define SEEDS_LEN (OT_BLOCK + LEAVES_LEN - PPRF_TREES * OT_BLOCK + LEAVES_LEN + ZERO_SEED_LEN)

void pair_setup_wipe(struct pair_setup *p)
{
    wipe(p, sizeof *p);
}

void pair_setup_burn(struct pair_setup *p)
{
    p->burned = true;
    wipe(&p->alice, sizeof p->alice);
    wipe(&p->bob, sizeof p->bob);
    wipe(p->zero_seed, sizeof p->zero_seed);
}

static void write_seeds(struct writer *w, const struct pair_setup *p)
{
    writer_raw(w, BYTES_OF(p->alice.delta));
    for (unsigned t = 0; t < PPRF_TREES; t++)
        writer_raw(w, bytes(p->alice.leaf[t][1], (PPRF_LEAVES - 1) * OT_BLOCK)); /* [0] is the missing one */
    writer_raw(w, BYTES_OF(p->bob.leaf));
    writer_raw(w, BYTES_OF(p->zero_seed));
}

static void read_seeds(struct reader *r, struct pair_setup *p)
{
    reader_copy(r, p->alice.delta, sizeof p->alice.delta);
    for (unsigned t = 0; t < PPRF_TREES; t++) reader_copy(r, p->alice.leaf[t][1], (PPRF_LEAVES - 1) * OT_BLOCK);
    reader_copy(r, p->bob.leaf, sizeof p->bob.leaf);
    reader_copy(r, p->zero_seed, sizeof p->zero_seed);
}

RESULT pair_setup_encode_sealed(struct secret *out, const struct pair_setup *p)
{
    TRY(secret_alloc(out, p->burned ? HEADER_LEN : HEADER_LEN + SEEDS_LEN));
    struct writer w = writer_of(out->data, out->len);
    writer_u8(&w, VERSION);
    writer_u64(&w, p->generation);
    writer_raw(&w, BYTES_OF(p->transcript));
    writer_bool(&w, p->burned);
    if (!p->burned) write_seeds(&w, p);
    return writer_end(&w, "pair set-up");
}

RESULT pair_setup_decode_sealed(struct pair_setup *out, struct bytes in)
{
    struct reader r = reader_of(in);

    *out = (struct pair_setup){0};
    if (reader_u8(&r) != VERSION) reader_refuse(&r);
    out->generation = reader_u64(&r);
    if (out->generation == 0) reader_refuse(&r);
    reader_copy(&r, out->transcript, sizeof out->transcript);
    out->burned = reader_bool(&r);
    if (!out->burned) read_seeds(&r, out);
    if (reader_end(&r, "pair set-up") == KMS_OK) return KMS_OK;
    pair_setup_wipe(out);
    return fail(KMS_E_CORRUPT, "a pair set-up of %zu bytes cannot be decoded", in.len);
}
