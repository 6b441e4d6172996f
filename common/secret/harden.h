/* SPDX-License-Identifier: Apache-2.0 */
/* What a daemon does at start against leaks: no core dumps, not dumpable (no ptrace by its own uid), memory locked. */
#ifndef KMS_COMMON_SECRET_HARDEN_H
#define KMS_COMMON_SECRET_HARDEN_H

#include "common/base/error.h"

/* RLIMIT_CORE 0 and PR_SET_DUMPABLE 0; raises RLIMIT_MEMLOCK to its hard limit (root: to unlimited). */
RESULT harden_process(void);
/* KMS_E_SYSTEM when `need` bytes cannot be locked; says which limit to raise. */
RESULT harden_check_memlock(size_t need);

#endif
