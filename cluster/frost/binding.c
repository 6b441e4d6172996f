/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binding factors, RFC 9591 4.3 and 4.4: they tie each nonce to message, key and the commitments of all signers, which
 * is what defeats the ROS attack on concurrent sessions (Benhamouda et al. 2020; check 33). A file of its own,
 * so that the test of that attack can link a signer without them.
 */
#include "cluster/frost/sign_internal.h"
#include "cluster/frost/suites.h"

#define ENTRY_LEN (FROST_SCALAR_LEN + FROST_COMMITMENT_LEN)

/* RFC 9591: identifiers are encoded as scalars. */
static void encode_identifier(uint8_t out[FROST_SCALAR_LEN], party i)
{
    SECRET_SCALAR id;

    scalar_set_u64(frost_group(), &id, i);
    scalar_encode(frost_group(), out, &id);
}

/* RFC 9591 4.3 encode_group_commitment_list: sorted and without duplicates, as a party_set is. */
static size_t encode_list(uint8_t *out, const struct frost_task *task, const struct frost_commitment *commitments)
{
    size_t len = 0;

    for (party i = party_set_next(task->signers, 0); i != 0; i = party_set_next(task->signers, i)) {
        encode_identifier(out + len, i);
        memcpy(out + len + FROST_SCALAR_LEN, commitments[i].encoded, FROST_COMMITMENT_LEN);
        len += ENTRY_LEN;
    }
    return len;
}

void frost_binding_factors(struct scalar factors[PARTIES_MAX + 1], const struct frost_task *task,
                           const struct frost_commitment commitments[PARTIES_MAX + 1])
{
    uint8_t      list[PARTIES_MAX * ENTRY_LEN], X[FROST_POINT_LEN], message[64], list_hash[64], id[FROST_SCALAR_LEN];
    struct bytes input[] = {BYTES_OF(X), BYTES_OF(message), BYTES_OF(list_hash), BYTES_OF(id)};

    group_encode(frost_group(), X, &task->key->public_key);
    frost_h4(message, task->message);
    frost_h5(list_hash, bytes(list, encode_list(list, task, commitments)));
    for (party i = party_set_next(task->signers, 0); i != 0; i = party_set_next(task->signers, i)) {
        encode_identifier(id, i);
        frost_h1(&factors[i], input, ARRAY_LEN(input));
    }
}
