/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes for clients. */
#include "pkcs11/operation/random.h"

#include <limits.h>

#include "common/crypto/rng.h"

CK_RV random_generate(CK_BYTE *out, CK_ULONG len)
{
    if (len > INT_MAX) return refuse(CKR_DATA_LEN_RANGE, "%lu random bytes at once; at most %d", len, INT_MAX);
    enum kms_err err = rng_fill(rng_system(), out, len);

    return err == KMS_OK ? CKR_OK : ckr_of(err);
}
