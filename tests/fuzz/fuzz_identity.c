/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates in DER: what is read obeys the rules of names, and is read again the same. */
/* links: common_identity */
#include <openssl/err.h>

#include "common/base/text.h"
#include "common/identity/identity.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct identity id, again;

    fuzz_start();
    enum kms_err err = identity_parse(&id, bytes(data, size));
    CHECK(ERR_peek_error() == 0);
    if (err != KMS_OK) {
        CHECK(err == KMS_E_CERTIFICATE && id.role == ROLE_NONE && id.uri[0] == '\0');
        return 0;
    }
    CHECK(text_is_name(id.cluster, CLUSTER_NAME_MAX) && text_is_name(id.name, PARTY_NAME_MAX));
    CHECK(identity_parse_uri(&again, id.uri) == KMS_OK && again.role == id.role);
    CHECK(strcmp(again.cluster, id.cluster) == 0 && strcmp(again.name, id.name) == 0);
    CHECK(strlen(id.access_key) == ACCESS_KEY_LEN);
    return 0;
}
