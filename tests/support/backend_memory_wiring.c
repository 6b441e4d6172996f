/* SPDX-License-Identifier: Apache-2.0 */
/* pkcs11/entry/wiring.h for tests: C_Initialize gets the cluster inside the process. */
#include "pkcs11/entry/wiring.h"

#include <string.h>

#include "tests/support/backend_memory.h"

RESULT wiring_open(struct settings *s, struct backend *backend, bool *login_required, const char *path)
{
    *backend = backend_memory();
    const struct backend_memory *memory = backend->self;
    *login_required = memory->pin[0] != '\0';
    *s = (struct settings){
        .token_prefix = "kms", .slots = {"ed25519"}, .slot_count = 1, .shard_count = 3, .threshold = 2};
    if (path != NULL && strcmp(path, "bad") == 0) return fail(KMS_E_CONFIG, "as the test wants it");
    s->refresh_ms = backend_memory_refresh_ms;
    s->sign_timeout_ms = backend_memory_timeout_ms;
    return KMS_OK;
}
