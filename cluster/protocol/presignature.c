/* SPDX-License-Identifier: Apache-2.0 */
/* Presignatures: taken once. */
#include "cluster/protocol/presignature.h"

#include "common/secret/wipe.h"

void presignature_wipe(struct presignature *p)
{
    wipe(p, sizeof *p);
}

enum kms_err presignature_take(struct presignature *out, struct presignature *from)
{
    *out = *from;
    presignature_wipe(from);
    from->full = false; /* not left to the wipe, which marks memory undefined under valgrind */
    if (!out->full) return fail(KMS_E_STATE, "this presignature has been used");
    return KMS_OK;
}
