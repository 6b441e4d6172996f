/* SPDX-License-Identifier: Apache-2.0 */
/* What both sides of a vector OLE make of their rows: the pads, and the public gadget vector; some OTs at a time. */
#ifndef KMS_CLUSTER_MPC_VOLE_PADS_H
#define KMS_CLUSTER_MPC_VOLE_PADS_H

#include "cluster/mpc/vole.h"
#include "common/crypto/scalar_bulk.h"

#define VOLE_CHUNK 32 /* OTs at a time: what they need stays in the first caches */

struct vole_chunk {
    struct scalar g[VOLE_CHUNK];
    struct scalar pad[VOLE_CHUNK][VOLE_WIDTH];
    struct scalar other[VOLE_CHUNK][VOLE_WIDTH]; /* Alice: of choice 1 */
    /* Room for what they are made of: */
    uint8_t row[VOLE_CHUNK][OT_BLOCK];
    uint8_t uniform[VOLE_CHUNK * VOLE_WIDTH * SCALAR_SAMPLE_LEN_MAX];
    uint8_t encoded[VOLE_CHUNK * SCALAR_LEN_MAX];
};
#define SECRET_VOLE_CHUNK CLEANUP(vole_chunk_wipe) struct vole_chunk

struct vole_pads {
    struct crh            crh;
    struct crh            gadget; /* keyed by the group alone: one vector for ever */
    struct scalar_sampler sampler;
    const struct ot_rows *rows;  /* borrowed */
    size_t                first; /* OT of this item */
    size_t                count; /* xi */
};
#define VOLE_PADS_LOCAL CLEANUP(vole_pads_clear) struct vole_pads

RESULT vole_pads_init(struct vole_pads *, const struct vole *, const struct ot_rows *rows, unsigned item);
void   vole_pads_clear(struct vole_pads *);
void   vole_chunk_wipe(struct vole_chunk *);
/* OTs first.. of the item. */
struct vole_range {
    size_t first, count;
};
RESULT vole_pads_gadget(struct vole_pads *, struct vole_chunk *, struct vole_range);
/* out: pad or other of the chunk: from the rows, or the rows ^ delta. CT: leaks nothing of them. */
RESULT vole_pads_make(struct vole_pads *, struct vole_chunk *, struct scalar out[][VOLE_WIDTH], const uint8_t *delta,
                      struct vole_range);

#endif
