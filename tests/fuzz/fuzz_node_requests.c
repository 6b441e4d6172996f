/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of generate and sign requests, as a node reads them: what passes is within the limits that it promises. */
/* links: cluster_node */
#include "cluster/node/requests.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct generate_body g;
    BUF_LOCAL            message = BUF_INIT(SIGN_DATA_MAX);

    fuzz_start();
    if (requests_parse_generate(&g, bytes(data, size)) == KMS_OK) {
        CHECK(g.t >= 2 && g.t <= g.n && g.n <= PARTIES_MAX);
        CHECK(g.group == GROUP_ED25519 && g.algorithm == ALGORITHM_EDDSA);
        CHECK(strlen(g.label) <= LABEL_MAX);
    }
    if (requests_parse_sign(&message, bytes(data, size), ALGORITHM_EDDSA) == KMS_OK)
        CHECK(message.len <= SIGN_DATA_MAX);
    return 0;
}
