/* SPDX-License-Identifier: Apache-2.0 */
/* The laws of a group, for all curves: what a protocol may take for granted. */
#include "common/crypto/group.h"
#include "tests/common/hex.h"

#define RUNS 12

static const struct prime_group *const *all_groups(void)
{
    static const struct prime_group *groups[GROUP_P521 + 1];

    for (int id = GROUP_ED25519; id <= GROUP_P521; id++) groups[id - 1] = group_by_id((enum group_id)id);
    return groups;
}

#define EACH_GROUP(g) for (const struct prime_group *const *at_ = all_groups(), *g = *at_; g != NULL; g = *++at_)

static void small_multiple(const struct prime_group *g, struct point *out, uint64_t k)
{
    struct scalar scalar;

    scalar_set_u64(g, &scalar, k);
    group_base_mul(g, out, &scalar);
}

static void random_pair(const struct prime_group *g, struct scalar *k, struct point *p)
{
    assert_ok(scalar_random(g, k, rng_system()));
    group_base_mul(g, p, k);
}

TEST(group, is_found_by_id_and_name)
{
    assert_int_equal(group_by_id(GROUP_ED25519)->id, 1);
    assert_int_equal(group_by_id(GROUP_SECP256K1)->id, 2);
    assert_int_equal(group_by_id(GROUP_P256)->id, 3);
    assert_int_equal(group_by_id(GROUP_P384)->id, 4);
    assert_int_equal(group_by_id(GROUP_P521)->id, 5);
    assert_null(group_by_id(GROUP_NONE));
    assert_null(group_by_id((enum group_id)6));
    assert_null(group_by_id((enum group_id)77));
    assert_ptr_equal(group_by_name("ED25519"), group_by_id(GROUP_ED25519));
    assert_ptr_equal(group_by_name("SECP256K1"), group_by_id(GROUP_SECP256K1));
    assert_ptr_equal(group_by_name("P256"), group_by_id(GROUP_P256));
    assert_ptr_equal(group_by_name("P-256"), group_by_id(GROUP_P256));
    assert_ptr_equal(group_by_name("P384"), group_by_id(GROUP_P384));
    assert_ptr_equal(group_by_name("P-384"), group_by_id(GROUP_P384));
    assert_ptr_equal(group_by_name("P521"), group_by_id(GROUP_P521));
    assert_ptr_equal(group_by_name("P-521"), group_by_id(GROUP_P521));
    assert_null(group_by_name("P-25"));
    assert_null(group_by_name("ed25519"));
    assert_null(group_by_name(""));
    assert_ok(group_init());
}

TEST(group, sums_of_scalars_are_sums_of_points)
{
    EACH_GROUP(g)
    for (int i = 0; i < RUNS; i++) {
        struct scalar a, b, sum;
        struct point  p, q, expected, got;

        random_pair(g, &a, &p);
        random_pair(g, &b, &q);
        scalar_add(g, &sum, &a, &b);
        group_base_mul(g, &expected, &sum);
        group_add(g, &got, &p, &q);
        assert_true(group_equal(g, &got, &expected));
        group_add(g, &got, &q, &p);
        assert_true(group_equal(g, &got, &expected));
    }
}

TEST(group, multiplications_agree)
{
    EACH_GROUP(g)
    for (int i = 0; i < RUNS; i++) {
        struct scalar a, b, product;
        struct point  p, expected, got;

        random_pair(g, &a, &p);
        assert_ok(scalar_random(g, &b, rng_system()));
        if (i < 4) scalar_set_u64(g, &b, (uint64_t)i + 1);
        if (i == 4) scalar_negate(g, &b, &b);
        scalar_mul(g, &product, &a, &b);
        group_base_mul(g, &expected, &product);
        group_mul(g, &got, &p, &b);
        assert_true(group_equal(g, &got, &expected));
        group_mul_vartime(g, &got, &p, &b);
        assert_true(group_equal(g, &got, &expected));
    }
}

TEST(group, the_identity_is_neutral_and_the_order_ends_in_it)
{
    EACH_GROUP(g)
    {
        struct scalar k, zero, minus_one;
        struct point  p, q, identity, one;

        random_pair(g, &k, &p);
        group_set_identity(&identity);
        assert_true(group_is_identity(&identity));
        assert_false(group_is_identity(&p));
        group_add(g, &q, &p, &identity);
        assert_true(group_equal(g, &q, &p));
        group_add(g, &q, &identity, &p);
        assert_true(group_equal(g, &q, &p));
        group_add(g, &q, &identity, &identity);
        assert_true(group_is_identity(&q));
        assert_false(group_equal(g, &p, &identity));
        assert_true(group_equal(g, &identity, &q));

        scalar_zero(&zero);
        group_base_mul(g, &q, &zero);
        assert_true(group_is_identity(&q));
        group_mul(g, &q, &p, &zero);
        assert_true(group_is_identity(&q));
        group_mul_vartime(g, &q, &p, &zero);
        assert_true(group_is_identity(&q));
        group_mul(g, &q, &identity, &k);
        assert_true(group_is_identity(&q));
        group_mul_vartime(g, &q, &identity, &k);
        assert_true(group_is_identity(&q));
        group_negate(g, &q, &identity);
        assert_true(group_is_identity(&q));

        small_multiple(g, &one, 1);
        scalar_negate(g, &minus_one, (scalar_set_u64(g, &k, 1), &k));
        group_base_mul(g, &q, &minus_one); /* (q-1) G + G */
        group_add(g, &q, &q, &one);
        assert_true(group_is_identity(&q));
    }
}

TEST(group, a_point_and_its_negative_cancel)
{
    EACH_GROUP(g)
    {
        struct scalar k;
        struct point  p, minus, sum;

        random_pair(g, &k, &p);
        group_negate(g, &minus, &p);
        assert_false(group_equal(g, &p, &minus));
        group_add(g, &sum, &p, &minus);
        assert_true(group_is_identity(&sum));
        scalar_negate(g, &k, &k);
        group_base_mul(g, &sum, &k);
        assert_true(group_equal(g, &sum, &minus));
        group_negate(g, &minus, &minus);
        assert_true(group_equal(g, &p, &minus));
    }
}

TEST(group, doubling_is_adding_to_itself_in_place)
{
    EACH_GROUP(g)
    {
        struct point p, expected;

        small_multiple(g, &p, 1);
        for (uint64_t k = 2; k < 64; k *= 2) {
            group_add(g, &p, &p, &p);
            small_multiple(g, &expected, k);
            assert_true(group_equal(g, &p, &expected));
        }
    }
}

TEST(group, results_may_replace_inputs)
{
    EACH_GROUP(g)
    {
        struct scalar k;
        struct point  p, q, apart;

        random_pair(g, &k, &p);
        group_mul(g, &apart, &p, &k);
        q = p;
        group_mul(g, &q, &q, &k);
        assert_true(group_equal(g, &q, &apart));
        q = p;
        group_mul_vartime(g, &q, &q, &k);
        assert_true(group_equal(g, &q, &apart));
        group_add(g, &apart, &p, &q);
        group_add(g, &q, &p, &q);
        assert_true(group_equal(g, &q, &apart));
    }
}

TEST(group, encodings_go_both_ways)
{
    EACH_GROUP(g)
    for (int i = 0; i < RUNS; i++) {
        struct scalar k;
        struct point  p, q;
        uint8_t       encoded[POINT_LEN_MAX], again[POINT_LEN_MAX];

        random_pair(g, &k, &p);
        group_encode(g, encoded, &p);
        assert_ok(group_decode(g, &q, bytes(encoded, g->point_len)));
        assert_true(group_equal(g, &p, &q));
        group_encode(g, again, &q);
        assert_memory_equal(encoded, again, g->point_len);
        group_add(g, &p, &p, &q); /* decoded points can be computed with */
        group_add(g, &q, &q, &q);
        assert_true(group_equal(g, &p, &q));
    }
}

TEST(group, decode_refuses_wrong_lengths)
{
    EACH_GROUP(g)
    {
        struct point p;
        uint8_t      encoded[POINT_LEN_MAX + 1] = {0};

        small_multiple(g, &p, 5);
        group_encode(g, encoded, &p);
        assert_err(KMS_E_FORMAT, group_decode(g, &p, bytes(encoded, g->point_len - 1)));
        assert_true(group_is_identity(&p));
        assert_err(KMS_E_FORMAT, group_decode(g, &p, bytes(encoded, g->point_len + 1)));
        assert_err(KMS_E_FORMAT, group_decode(g, &p, BYTES_NONE));
    }
}

TEST(group, coordinates_are_those_of_the_encodings)
{
    assert_false(group_is_weierstrass(group_by_id(GROUP_ED25519)));
    EACH_GROUP(g)
    for (int i = 0; i < RUNS && g->id != GROUP_ED25519; i++) {
        struct scalar k, r, expected;
        struct point  p;
        uint8_t       compressed[POINT_LEN_MAX], whole[POINT_UNCOMPRESSED_LEN_MAX], x[SCALAR_LEN_MAX];

        assert_true(group_is_weierstrass(g));
        assert_int_equal(g->point_len, 1 + g->scalar_len);
        random_pair(g, &k, &p);
        group_encode(g, compressed, &p);
        group_encode_uncompressed(g, whole, &p);
        group_point_x(g, x, &p);
        assert_int_equal(whole[0], 4);
        assert_memory_equal(x, compressed + 1, g->scalar_len);
        assert_memory_equal(x, whole + 1, g->scalar_len);
        assert_int_equal(group_point_y_is_odd(g, &p), whole[2 * g->scalar_len] & 1);
        assert_int_equal(group_point_y_is_odd(g, &p), compressed[0] == 3);
        assert_false(group_point_x_mod_order(g, &r, &p)); /* x >= q happens once in 2^128 */
        assert_ok(scalar_decode(g, &expected, bytes(x, g->scalar_len)));
        assert_true(scalar_equal(&r, &expected));
    }
}

/* For each curve the least j for which q + j is the x of a point; all are below p. */
TEST(group, x_above_the_order_is_reduced_and_told)
{
    static const struct {
        enum group_id group;
        uint8_t       j;
    } cases[] = {{GROUP_SECP256K1, 2}, {GROUP_P256, 3}, {GROUP_P384, 2}, {GROUP_P521, 1}};

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct prime_group *g = group_by_id(cases[i].group);
        struct scalar             r, expected;
        struct point              p;
        uint8_t                   encoded[POINT_LEN_MAX] = {2};

        scalar_set_u64(g, &r, 1);
        scalar_negate(g, &r, &r);
        scalar_encode(g, encoded + 1, &r);
        encoded[g->scalar_len] = (uint8_t)(encoded[g->scalar_len] + 1 + cases[i].j); /* no carry in any of them */
        assert_ok(group_decode(g, &p, bytes(encoded, g->point_len)));
        assert_true(group_point_x_mod_order(g, &r, &p));
        scalar_set_u64(g, &expected, cases[i].j);
        assert_true(scalar_equal(&r, &expected));
    }
}
