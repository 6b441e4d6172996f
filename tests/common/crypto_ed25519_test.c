/* SPDX-License-Identifier: Apache-2.0 */
/* Ed25519: RFC 8032 section 7.1, and the refusals that make its verification strict. */
#include "common/crypto/ed25519.h"
#include "tests/common/hex.h"

struct vector {
    const char *seed, *public_key, *message, *signature;
};

/* RFC 8032 7.1, tests 1, 2, 3 and "SHA(abc)". */
static const struct vector vectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
     "d25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
     "387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
     "4a7c15e9716ed28dc027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
     "454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
     "3dca179c138ac17ad9bef1177331a704"},
};

TEST(ed25519, follows_rfc_8032)
{
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct hex           seed_hex = hex_of(v->seed), message = hex_of(v->message);
        SECRET_LOCAL         seed = SECRET_NONE;
        uint8_t              public_key[32], signature[64];

        assert_ok(secret_copy(&seed, hex_bytes(&seed_hex)));
        assert_ok(ed25519_public(public_key, &seed));
        assert_hex(public_key, 32, v->public_key);
        assert_ok(ed25519_sign(signature, &seed, hex_bytes(&message)));
        assert_hex(signature, 64, v->signature);
        assert_ok(ed25519_verify_vartime(signature, public_key, hex_bytes(&message)));
    }
}

TEST(ed25519, refuses_every_changed_bit)
{
    const struct vector *v = &vectors[2];
    struct hex  public_key = hex_of(v->public_key), message = hex_of(v->message), signature = hex_of(v->signature);
    struct hex *parts[] = {&public_key, &message, &signature};

    for (size_t p = 0; p < ARRAY_LEN(parts); p++)
        for (size_t bit = 0; bit < 8 * parts[p]->len; bit++) {
            parts[p]->data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
            assert_err(KMS_E_SIGNATURE, ed25519_verify_vartime(signature.data, public_key.data, hex_bytes(&message)));
            parts[p]->data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        }
    assert_ok(ed25519_verify_vartime(signature.data, public_key.data, hex_bytes(&message)));
}

/* S + L is the same number modulo L: a second signature for the same message, if it were accepted (RFC 8032 8.4). */
TEST(ed25519, refuses_s_that_is_not_below_the_order)
{
    const struct vector *v = &vectors[1];
    struct hex public_key = hex_of(v->public_key), message = hex_of(v->message), signature = hex_of(v->signature);
    struct hex order = hex_of("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    unsigned   carry = 0;

    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)signature.data[32 + i] + order.data[i];
        signature.data[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_int_equal(carry, 0);
    assert_err(KMS_E_SIGNATURE, ed25519_verify_vartime(signature.data, public_key.data, hex_bytes(&message)));
}

/* With a public key of small order and R = S*B, one signature would verify for many messages. */
TEST(ed25519, refuses_public_keys_of_small_order)
{
    static const char *const small[] = {
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    };
    uint8_t signature[64] = {1}; /* R = identity, S = 0 */

    for (size_t i = 0; i < ARRAY_LEN(small); i++) {
        struct hex public_key = hex_of(small[i]);
        assert_err(KMS_E_SIGNATURE, ed25519_verify_vartime(signature, public_key.data, bytes_str("any")));
    }
}

TEST(ed25519, refuses_seeds_of_another_length)
{
    SECRET_LOCAL seed = SECRET_NONE;
    uint8_t      out[64];

    assert_ok(secret_alloc(&seed, 31));
    assert_err(KMS_E_ARGUMENT, ed25519_public(out, &seed));
    assert_err(KMS_E_ARGUMENT, ed25519_sign(out, &seed, BYTES_NONE));
}
