/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the constant-time test share. */
#ifndef KMS_TESTS_CTIME_CTIME_H
#define KMS_TESTS_CTIME_CTIME_H

#include "common/crypto/rng.h"

void must(enum kms_err, const char *what);
#define MUST(expr) must((expr), #expr)

/* Its bytes are random, and undefined to valgrind. */
extern struct rng secret_rng;

/* Key generations and signatures whose every random number, share and nonce is secret. */
void ctime_sessions(void);

/* Base OTs, trees, extension and vector OLE, zero shares: all randomness is secret. */
void ctime_ot(struct rng *secret);

#endif
