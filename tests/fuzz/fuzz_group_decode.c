/* SPDX-License-Identifier: Apache-2.0 */
/* Points and scalars from bytes: one encoding each, and what is accepted obeys the laws of the group. */
/* links: common_crypto */
#include "tests/fuzz/fuzz.h"

/* A decoded point times the order is the identity: (q-1) P + P. */
static void check_order(const struct prime_group *g, const struct point *p)
{
    struct scalar minus_one;
    struct point  sum;

    scalar_set_u64(g, &minus_one, 1);
    scalar_negate(g, &minus_one, &minus_one);
    group_mul_vartime(g, &sum, p, &minus_one);
    group_add(g, &sum, &sum, p);
    CHECK(group_is_identity(&sum));
}

static void try_point(const struct prime_group *g, struct bytes in)
{
    struct point p, twice, sum;
    uint8_t      back[POINT_LEN_MAX];

    if (group_decode(g, &p, in) != KMS_OK) {
        CHECK(group_is_identity(&p));
        return;
    }
    group_encode(g, back, &p);
    CHECK(bytes_equal(bytes(back, g->point_len), in));
    struct scalar two;
    scalar_set_u64(g, &two, 2);
    group_mul_vartime(g, &twice, &p, &two);
    group_add(g, &sum, &p, &p);
    CHECK(group_equal(g, &twice, &sum));
    check_order(g, &p);
}

static void try_scalar(const struct prime_group *g, struct bytes in)
{
    struct scalar a, one, sum;
    uint8_t       back[SCALAR_LEN_MAX];

    if (scalar_decode(g, &a, in) != KMS_OK) {
        CHECK(scalar_is_zero(&a));
        return;
    }
    scalar_encode(g, back, &a);
    CHECK(bytes_equal(bytes(back, g->scalar_len), in));
    scalar_set_u64(g, &one, 1);
    scalar_add(g, &sum, &a, &one);
    scalar_sub(g, &sum, &sum, &one);
    CHECK(scalar_equal(&sum, &a));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes(data, size);

    fuzz_start();
    const struct prime_group *g = group_by_id((enum group_id)(GROUP_ED25519 + fuzz_take(&in) % GROUP_P521));
    try_point(g, in);
    try_scalar(g, in);
    return 0;
}
