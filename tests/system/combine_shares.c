/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nothing in the product ever does: opens the nodes' stores and combines a key's shares, so that the memory test
 * knows what to look for.
 *   combine_shares DIR KEYID      DIR of a stopped kms-clusterd dev
 * Prints the private scalar as lines of a name and hex digits: as it is encoded, in the other byte order, and as the
 * processes would hold it for computing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cluster/node/key_record.h"
#include "cluster/pki/pki.h"
#include "cluster/protocol/key_share.h"
#include "cluster/protocol/lagrange.h"
#include "common/base/text.h"
#include "common/crypto/modulus.h"
#include "common/secret/file.h"
#include "common/secret/secmem.h"

#define NODES_MAX 16

static void close_store(struct store *s)
{
    store_close(s);
}

static RESULT open_store(struct store *out, const char *dir, unsigned node)
{
    SECRET_LOCAL password = SECRET_NONE, dek = SECRET_NONE;
    struct store inner = {0};
    char         path[1024], name[16];

    (void)snprintf(name, sizeof name, "tss%u", node);
    (void)snprintf(path, sizeof path, "%s/secrets/%s.password", dir, name);
    TRY(file_read_secret(&password, path));
    (void)snprintf(path, sizeof path, "%s/certs/%s/%s.dek", dir, name, name);
    TRY(dek_open(&dek, path, name, &password));
    (void)snprintf(path, sizeof path, "%s/data/leveldb_%s", dir, name);
    TRY(store_open_sqlite(&inner, path));
    return store_open_sealed(out, &inner, &dek, name);
}

/* KMS_E_NOT_FOUND: this node holds no share of the key. */
static RESULT read_share(struct key_share *out, const char *dir, unsigned node, const char *key_id)
{
    CLEANUP(close_store) struct store store = {0};
    struct store_id                   id = {.table = STORE_SHARE};
    struct key_record                 record;
    SECRET_LOCAL                      value = SECRET_NONE;

    TRY(open_store(&store, dir, node));
    (void)snprintf(id.key, sizeof id.key, "%s", key_id);
    TRY(store_get(&store, &id, &value));
    TRY(key_record_decode(&record, secret_view(&value)));
    return key_share_decode_sealed(out, record.share);
}

/* As many shares as it takes, of the first nodes that hold one. */
static RESULT read_shares(struct key_share shares[NODES_MAX], unsigned *count, const char *dir, const char *key_id)
{
    char path[1024];

    *count = 0;
    for (unsigned node = 1; node <= NODES_MAX && (*count == 0 || *count < shares[0].t); node++) {
        (void)snprintf(path, sizeof path, "%s/certs/tss%u/tss%u.dek", dir, node, node);
        if (access(path, F_OK) != 0) break;
        enum kms_err err = read_share(&shares[*count], dir, node, key_id);
        if (err == KMS_E_NOT_FOUND) continue;
        TRY(err);
        (*count)++;
    }
    return *count > 0 && *count == shares[0].t ? KMS_OK : fail(KMS_E_NOT_FOUND, "%u shares of %s", *count, key_id);
}

/* x = sum of lambda_i x_i (Shamir 1979); checked against the public key. */
static RESULT combine(struct scalar *x, const struct key_share *shares, unsigned count)
{
    const struct prime_group *group = shares[0].group;
    struct party_set          signers = party_set_none();
    struct point              public_key;

    for (unsigned i = 0; i < count; i++) signers = party_set_with(signers, shares[i].self);
    scalar_zero(x);
    for (unsigned i = 0; i < count; i++) {
        SECRET_SCALAR term;
        lagrange_at_zero(group, &term, signers, shares[i].self);
        scalar_mul(group, &term, &term, &shares[i].secret_share);
        scalar_add(group, x, x, &term);
    }
    group_base_mul(group, &public_key, x);
    return group_equal(group, &public_key, &shares[0].public_key)
               ? KMS_OK
               : fail(KMS_E_CORRUPT, "the shares do not give the key");
}

static void print_pattern(const char *name, const uint8_t *data, size_t len)
{
    char hex[2 * sizeof(struct scalar) + 1];

    hex_encode(hex, bytes(data, len));
    printf("%s %s\n", name, hex);
}

static void print_scalar(const struct prime_group *group, const struct scalar *x)
{
    uint8_t encoded[SCALAR_LEN_MAX], reversed[SCALAR_LEN_MAX];

    scalar_encode(group, encoded, x);
    for (size_t i = 0; i < group->scalar_len; i++) reversed[i] = encoded[group->scalar_len - 1 - i];
    print_pattern("encoded", encoded, group->scalar_len);
    print_pattern("reversed", reversed, group->scalar_len);
    print_pattern("montgomery", (const uint8_t *)x->word, 8 * group->order->words);
}

static RESULT run(const char *dir, const char *key_id)
{
    static struct key_share shares[NODES_MAX];
    SECRET_SCALAR           x;
    unsigned                count;

    TRY(secmem_init());
    TRY(group_init());
    TRY(read_shares(shares, &count, dir, key_id));
    TRY(combine(&x, shares, count));
    print_scalar(shares[0].group, &x);
    return KMS_OK;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: combine_shares DIR KEYID\n");
        return 2;
    }
    if (run(argv[1], argv[2]) == KMS_OK) return 0;
    fprintf(stderr, "combine_shares: %s\n", error_text());
    return 1;
}
