/* SPDX-License-Identifier: Apache-2.0 */
/* Abort reasons: their names and what they are to a caller. */
#include "cluster/protocol/outcome.h"

#include "common/base/check.h"
#include "common/secret/wipe.h"

void outcome_wipe(struct outcome *o)
{
    wipe(o, sizeof *o);
}

const char *abort_reason_name(enum abort_reason reason)
{
    switch (reason) {
    case ABORT_NONE:
        return "none";
    case ABORT_TIMEOUT:
        return "timeout";
    case ABORT_CONFIGURATION:
        return "configuration";
    case ABORT_CHEATING:
        return "cheating";
    case ABORT_EQUIVOCATION:
        return "equivocation";
    case ABORT_PEER:
        return "peer";
    case ABORT_INTERNAL:
        return "internal";
    case ABORT_CANCELLED:
        return "cancelled";
    }
    UNREACHABLE();
}

enum kms_err abort_reason_error(enum abort_reason reason)
{
    switch (reason) {
    case ABORT_NONE:
        return KMS_OK;
    case ABORT_TIMEOUT:
        return KMS_E_TIMEOUT;
    case ABORT_CONFIGURATION:
        return KMS_E_MISMATCH;
    case ABORT_CHEATING:
        return KMS_E_PROOF;
    case ABORT_EQUIVOCATION:
        return KMS_E_EQUIVOCATION;
    case ABORT_PEER:
        return KMS_E_ABORTED;
    case ABORT_INTERNAL:
        return KMS_E_INTERNAL;
    case ABORT_CANCELLED:
        return KMS_E_ABORTED;
    }
    UNREACHABLE();
}
