/* SPDX-License-Identifier: Apache-2.0 */
/* Nonce pairs: made from randomness and the share, taken once. */
#include "cluster/frost/nonces.h"

#include "cluster/frost/suites.h"
#include "common/secret/wipe.h"

void nonce_pair_wipe(struct nonce_pair *n)
{
    wipe(n, sizeof *n);
}

/* RFC 9591 4.1 nonce_generate: the share in the hash saves us when the randomness is weak. */
static void nonce_generate(struct scalar *out, const uint8_t random[NONCE_RANDOM_LEN], const struct scalar *secret)
{
    uint8_t      secret_enc[SCALAR_LEN_MAX];
    struct bytes parts[] = {bytes(random, NONCE_RANDOM_LEN), bytes(secret_enc, frost_group()->scalar_len)};

    scalar_encode(frost_group(), secret_enc, secret);
    frost_h3(out, parts, ARRAY_LEN(parts));
    WIPE(secret_enc);
}

void nonce_pair_make(struct nonce_pair *out, const uint8_t random[2][NONCE_RANDOM_LEN], const struct scalar *secret)
{
    nonce_generate(&out->hiding, random[0], secret);
    nonce_generate(&out->binding, random[1], secret);
    out->full = true;
}

enum kms_err nonce_pair_take(struct nonce_pair *out, struct nonce_pair *from)
{
    *out = *from;
    nonce_pair_wipe(from);
    from->full = false; /* not left to the wipe, which marks memory undefined under valgrind */
    if (!out->full) return fail(KMS_E_STATE, "these nonces have been used");
    return KMS_OK;
}
