/* SPDX-License-Identifier: Apache-2.0 */
/* What fuzz targets share. A target needs no state between inputs and ends the process when a property fails. */
#ifndef KMS_TESTS_FUZZ_FUZZ_H
#define KMS_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/check.h"
#include "common/crypto/group.h"
#include "common/secret/secmem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Once, before the first input. */
static inline void fuzz_start(void)
{
    static bool started;

    if (started) return;
    CHECK(secmem_init() == KMS_OK && group_init() == KMS_OK);
    started = true;
}

/* Takes the first byte, for choices; 0 from nothing. */
static inline uint8_t fuzz_take(struct bytes *in)
{
    if (in->len == 0) return 0;
    uint8_t first = in->data[0];
    *in = bytes(in->data + 1, in->len - 1);
    return first;
}

#endif
