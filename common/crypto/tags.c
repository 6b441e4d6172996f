/* SPDX-License-Identifier: Apache-2.0 */
/* Every domain-separation string of the system, by its symbol. */
#include "common/crypto/tags.h"

#include "common/base/check.h"

static const char *const strings[TAG_COUNT] = {
#define X(symbol, string) [TAG_##symbol] = string,
    KMS_TAG_TABLE(X)
#undef X
};

const char *tag_string(enum tag_id id)
{
    CHECK((unsigned)id < TAG_COUNT);
    return strings[id];
}
