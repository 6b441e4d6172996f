/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the constant-time test. */
#ifndef KMS_TESTS_CTIME_CTIME_H
#define KMS_TESTS_CTIME_CTIME_H

#include "common/crypto/rng.h"

/* Base OTs, trees, extension and vector OLE, zero shares: all randomness is secret. */
void ctime_ot(struct rng *secret);

#endif
