/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constant time, as a checked promise (after libsecp256k1's ctime_tests.c): secrets are marked undefined, so that
 * valgrind reports every branch and every address that depends on one. What a function makes public it declassifies
 * itself, by name. run.sh starts this; `leak-...` are planted faults which show that the detector works.
 */
#include <stdio.h>
#include <stdlib.h>
#include <valgrind/memcheck.h>

#include "cluster/mpc/feldman.h"
#include "common/base/check.h"
#include "common/crypto/aead.h"
#include "common/crypto/ct.h"
#include "common/crypto/ed25519.h"
#include "common/crypto/hash.h"
#include "common/crypto/kdf.h"
#include "common/secret/secmem.h"
#include "common/secret/wipe.h"
#include "tests/ctime/ctime.h"

void must(enum kms_err err, const char *what)
{
    if (err == KMS_OK) return;
    fprintf(stderr, "%s: %s\n", what, error_text());
    exit(1);
}

/* Random bytes that valgrind takes for secret. */
static enum kms_err fill_secret(void *self, void *out, size_t len)
{
    (void)self;
    TRY(rng_fill(rng_system(), out, len));
    (void)VALGRIND_MAKE_MEM_UNDEFINED(out, len);
    return KMS_OK;
}

struct rng secret_rng = {.fill = fill_secret};

static void random_secret(struct secret *out, size_t len)
{
    MUST(secret_alloc(out, len));
    MUST(rng_fill(&secret_rng, out->data, len));
}

static void scalars(const struct prime_group *g)
{
    SECRET_SCALAR a;
    SECRET_SCALAR b;
    SECRET_SCALAR c;
    uint8_t       encoded[SCALAR_LEN_MAX];

    MUST(scalar_random(g, &a, &secret_rng));
    MUST(scalar_random(g, &b, &secret_rng));
    scalar_add(g, &c, &a, &b);
    scalar_sub(g, &c, &c, &a);
    CHECK(scalar_equal(&b, &c));
    scalar_negate(g, &c, &c);
    scalar_mul(g, &c, &c, &a);
    scalar_invert(g, &c, &c);
    CHECK(!scalar_is_zero(&c));
    scalar_encode(g, encoded, &c);
    MUST(scalar_decode(g, &b, bytes(encoded, g->scalar_len)));
    CHECK(scalar_equal(&b, &c));
    scalar_declassify(g, encoded, &c);
    CHECK(VALGRIND_CHECK_MEM_IS_DEFINED(encoded, g->scalar_len) == 0);
}

static void points(const struct prime_group *g)
{
    SECRET_SCALAR k;
    SECRET_SCALAR inverse;
    struct point  p, q;
    uint8_t       encoded[POINT_LEN_MAX];

    MUST(scalar_random(g, &k, &secret_rng));
    scalar_invert(g, &inverse, &k);
    group_base_mul(g, &p, &k);
    group_mul(g, &q, &p, &inverse); /* G */
    group_add(g, &q, &q, &p);
    group_encode(g, encoded, &q);
    MUST(group_decode(g, &p, bytes(encoded, g->point_len)));
}

static void polynomials(const struct prime_group *g)
{
    SECRET_POLYNOMIAL f;
    SECRET_SCALAR     share;
    struct feldman    commitments;
    const uint8_t     zeros[32] = {0};
    struct hedge      hedge = {&secret_rng, zeros, zeros, 1};

    MUST(polynomial_random(g, &f, 3, &hedge, TAG_COEFFICIENT_HEDGE));
    polynomial_evaluate(g, &share, &f, 2);
    feldman_commit(g, &commitments, &f);
    MUST(feldman_check(g, &commitments, 2, &share));
}

static void signatures(void)
{
    SECRET_LOCAL seed = SECRET_NONE;
    uint8_t      public_key[ED25519_PUBLIC_LEN], signature[ED25519_SIGNATURE_LEN];

    random_secret(&seed, ED25519_SEED_LEN);
    MUST(ed25519_public(public_key, &seed));
    MUST(ed25519_sign(signature, &seed, bytes_str("message")));
    MUST(ed25519_verify_vartime(signature, public_key, bytes_str("message")));
}

static void sealing(void)
{
    SECRET_LOCAL key = SECRET_NONE;
    SECRET_LOCAL plain = SECRET_NONE;
    SECRET_LOCAL opened = SECRET_NONE;
    BUF_LOCAL    sealed = BUF_INIT(1000);

    random_secret(&key, AEAD_KEY_LEN);
    random_secret(&plain, 100);
    MUST(aead_seal(&sealed, &key, bytes_str("place"), secret_view(&plain), rng_system()));
    MUST(aead_open(&opened, &key, bytes_str("place"), buf_bytes(&sealed)));
    bool same = secret_equal(opened.data, plain.data, plain.len);
    ct_declassify(&same, sizeof same);
    CHECK(same);
}

static void derivation(void)
{
    SECRET_LOCAL password = SECRET_NONE;
    SECRET_LOCAL key = SECRET_NONE;
    uint8_t      digest[64];
    struct bytes items[1];

    random_secret(&password, 20);
    MUST(kdf_pbkdf2(&key, 32, &password, bytes_str("salt"), PBKDF2_ITERATIONS_FLOOR));
    MUST(kdf_hkdf(&key, 64, &password, bytes_str("salt"), bytes_str("info")));
    items[0] = secret_view(&key);
    hash_items(digest, TAG_FROST_HEDGE, items, 1);
    sha512(digest, items[0]);
}

static volatile uint8_t sink;

/* Faults on purpose: a branch on a secret, a table looked up with one, a wiped secret used. */
static void leak(const char *which)
{
    static const uint8_t table[256] = {1};
    uint8_t              secret;

    MUST(rng_fill(&secret_rng, &secret, 1));
    if (strcmp(which, "leak-index") == 0) sink = table[secret];
    if (strcmp(which, "leak-wiped") == 0) {
        (void)VALGRIND_MAKE_MEM_DEFINED(&secret, 1);
        wipe(&secret, 1);
    }
    if (strcmp(which, "leak-index") != 0 && secret == 7) sink = 1;
}

int main(int argc, char **argv)
{
    if (RUNNING_ON_VALGRIND == 0) {
        fprintf(stderr, "SKIPPED: start this with run.sh, under valgrind\n");
        return 77;
    }
    MUST(secmem_init());
    MUST(group_init());
    if (argc > 1 && strncmp(argv[1], "leak-", 5) == 0) {
        leak(argv[1]);
        return 0;
    }
    for (int id = GROUP_ED25519; id <= GROUP_P521; id++) {
        const struct prime_group *g = group_by_id((enum group_id)id);
        scalars(g);
        points(g);
        polynomials(g);
    }
    ctime_sessions();
    ctime_ot(&secret_rng);
    signatures();
    sealing();
    derivation();
    printf("no branch and no address depends on a secret\n");
    return 0;
}
