/* SPDX-License-Identifier: Apache-2.0 */
/* What a node stores and what its peers say of keys: key records and abandonments encode to the bytes they were decoded
 * from. */
/* links: cluster_node */
#include "cluster/node/abandonment.h"
#include "cluster/node/key_record.h"
#include "tests/fuzz/fuzz.h"

static void try_record(struct bytes in)
{
    struct key_record record;
    SECRET_LOCAL      again = SECRET_NONE;

    if (key_record_decode(&record, in) != KMS_OK) return;
    CHECK(key_record_encode(&again, &record) == KMS_OK);
    CHECK(bytes_equal(secret_view(&again), in));
}

static void try_abandonment(struct bytes in)
{
    struct abandonment a;
    BUF_LOCAL          again = BUF_INIT(ABANDONMENT_MAX);

    if (abandonment_decode(&a, in) != KMS_OK) return;
    CHECK(abandonment_encode(&again, &a) == KMS_OK);
    CHECK(bytes_equal(buf_bytes(&again), in));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_start();
    try_record(bytes(data, size));
    try_abandonment(bytes(data, size));
    return 0;
}
