/* SPDX-License-Identifier: Apache-2.0 */
/* ECDSA: the vectors of RFC 6979, OpenSSL and libsecp256k1's recovery as second opinions, and what does not verify. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include "tests/common/ecdsa_fixture.h"

struct vector {
    enum group_id group;
    const char   *digest, *k, *r, *s;
};

/* RFC 6979 A.2.5 to A.2.7, the message "sample"; recomputed in Python from the procedure of its section 3.2. */
static const struct vector vectors[] = {
    {GROUP_P256, "SHA1", "882905f1227fd620fbf2abf21244f0ba83d0dc3a9103dbbee43a1fb858109db4",
     "61340c88c3aaebeb4f6d667f672ca9759a6ccaa9fa8811313039ee4a35471d32",
     "6d7f147dac089441bb2e2fe8f7a3fa264b9c475098fdcf6e00d7c996e1b8b7eb"},
    {GROUP_P256, "SHA224", "103f90ee9dc52e5e7fb5132b7033c63066d194321491862059967c715985d473",
     "53b2fff5d1752b2c689df257c04c40a587fababb3f6fc2702f1343af7ca9aa3f",
     "b9afb64fdc03dc1a131c7d2386d11e349f070aa432a4acc918bea988bf75c74c"},
    {GROUP_P256, "SHA256", "a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60",
     "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
     "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
    {GROUP_P256, "SHA384", "09f634b188cefd98e7ec88b1aa9852d734d0bc272f7d2a47decc6ebeb375aad4",
     "0eafea039b20e9b42309fb1d89e213057cbf973dc0cfc8f129edddc800ef7719",
     "4861f0491e6998b9455193e34e7b0d284ddd7149a74b95b9261f13abde940954"},
    {GROUP_P256, "SHA512", "5fa81c63109badb88c1f367b47da606da28cad69aa22c4fe6ad7df73a7173aa5",
     "8496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f00",
     "2362ab1adbe2b8adf9cb9edab740ea6049c028114f2460f96554f61fae3302fe"},
    {GROUP_P384, "SHA1",
     "4471ef7518bb2c7c20f62eae1c387ad0c5e8e470995db4acf694466e6ab096630f29e5938d25106c3c340045a2db01a7",
     "ec748d839243d6fbef4fc5c4859a7dffd7f3abddf72014540c16d73309834fa37b9ba002899f6fda3a4a9386790d4eb2",
     "a3bcfa947beef4732bf247ac17f71676cb31a847b9ff0cbc9c9ed4c1a5b3facf26f49ca031d4857570ccb5ca4424a443"},
    {GROUP_P384, "SHA224",
     "a4e4d2f0e729eb786b31fc20ad5d849e304450e0ae8e3e341134a5c1afa03cab8083ee4e3c45b06a5899ea56c51b5879",
     "42356e76b55a6d9b4631c865445dbe54e056d3b3431766d0509244793c3f9366450f76ee3de43f5a125333a6be060122",
     "9da0c81787064021e78df658f2fbb0b042bf304665db721f077a4298b095e4834c082c03d83028efbf93a3c23940ca8d"},
    {GROUP_P384, "SHA256",
     "180ae9f9aec5438a44bc159a1fcb277c7be54fa20e7cf404b490650a8acc414e375572342863c899f9f2edf9747a9b60",
     "21b13d1e013c7fa1392d03c5f99af8b30c570c6f98d4ea8e354b63a21d3daa33bde1e888e63355d92fa2b3c36d8fb2cd",
     "f3aa443fb107745bf4bd77cb3891674632068a10ca67e3d45db2266fa7d1feebefdc63eccd1ac42ec0cb8668a4fa0ab0"},
    {GROUP_P384, "SHA384",
     "94ed910d1a099dad3254e9242ae85abde4ba15168eaf0ca87a555fd56d10fbca2907e3e83ba95368623b8c4686915cf9",
     "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46",
     "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8"},
    {GROUP_P384, "SHA512",
     "92fc3c7183a883e24216d1141f1a8976c5b0dd797dfa597e3d7b32198bd35331a4e966532593a52980d0e3aaa5e10ec3",
     "ed0959d5880ab2d869ae7f6c2915c6d60f96507f9cb3e047c0046861da4a799cfe30f35cc900056d7c99cd7882433709",
     "512c8cceee3890a84058ce1e22dbc2198f42323ce8aca9135329f03c068e5112dc7cc3ef3446defceb01a45c2667fdd5"},
    {GROUP_P521, "SHA1",
     "0089c071b419e1c2820962321787258469511958e80582e95d8378e0c2ccdb3cb42bede42f50e3fa3c71f5a76724281d"
     "31d9c89f0f91fc1be4918db1c03a5838d0f9",
     "00343b6ec45728975ea5cba6659bbb6062a5ff89eea58be3c80b619f322c87910fe092f7d45bb0f8eee01ed3f20babec"
     "079d202ae677b243ab40b5431d497c55d75d",
     "00e7b0e675a9b24413d448b8cc119d2bf7b2d2df032741c096634d6d65d0dbe3d5694625fb9e8104d3b842c1b0e2d0b9"
     "8bea19341e8676aef66ae4eba3d5475d5d16"},
    {GROUP_P521, "SHA224",
     "0121415ec2cd7726330a61f7f3fa5de14be9436019c4db8cb4041f3b54cf31be0493ee3f427fb906393d895a19c9523f"
     "3a1d54bb8702bd4aa9c99dab2597b92113f3",
     "01776331cfcdf927d666e032e00cf776187bc9fdd8e69d0dabb4109ffe1b5e2a30715f4cc923a4a5e94d2503e9acfed9"
     "2857b7f31d7152e0f8c00c15ff3d87e2ed2e",
     "0050cb5265417fe2320bbb5a122b8e1a32bd699089851128e360e620a30c7e17ba41a666af126ce100e5799b153b6052"
     "8d5300d08489ca9178fb610a2006c254b41f"},
    {GROUP_P521, "SHA256",
     "00edf38afcaaecab4383358b34d67c9f2216c8382aaea44a3dad5fdc9c32575761793fef24eb0fc276dfc4f6e3ec4767"
     "52f043cf01415387470bcbd8678ed2c7e1a0",
     "01511bb4d675114fe266fc4372b87682baecc01d3cc62cf2303c92b3526012659d16876e25c7c1e57648f23b73564d67"
     "f61c6f14d527d54972810421e7d87589e1a7",
     "004a171143a83163d6df460aaf61522695f207a58b95c0644d87e52aa1a347916e4f7a72930b1bc06dbe22ce3f58264a"
     "fd23704cbb63b29b931f7de6c9d949a7ecfc"},
    {GROUP_P521, "SHA384",
     "01546a108bc23a15d6f21872f7ded661fa8431ddbd922d0dcdb77cc878c8553ffad064c95a920a750ac9137e527390d2"
     "d92f153e66196966ea554d9adfcb109c4211",
     "01ea842a0e17d2de4f92c15315c63ddf72685c18195c2bb95e572b9c5136ca4b4b576ad712a52be9730627d16054ba40"
     "cc0b8d3ff035b12ae75168397f5d50c67451",
     "01f21a3cee066e1961025fb048bd5fe2b7924d0cd797babe0a83b66f1e35eeaf5fde143fa85dc394a7dee76652339378"
     "4484bdf3e00114a1c857cde1aa203db65d61"},
    {GROUP_P521, "SHA512",
     "01dae2ea071f8110dc26882d4d5eae0621a3256fc8847fb9022e2b7d28e6f10198b1574fdd03a9053c08a1854a168aa5"
     "a57470ec97dd5ce090124ef52a2f7ecbffd3",
     "00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d450606add152b53"
     "4931d7d4e8455cc91f9b15bf05ec36e377fa",
     "00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff077"
     "7b1a20f8ccb1dccc43997f1ee0e44da4a67a"},
};

static const char *const keys[] = {
    [GROUP_P256] = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
    [GROUP_P384] = "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5",
    [GROUP_P521] = "00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6d16fcc"
                   "1466f6d8fbec67db89ec0c08b0e996b83538",
};

static struct bytes hash_of(uint8_t out[EVP_MAX_MD_SIZE], const char *digest, const char *message)
{
    unsigned len = 0;

    assert_int_equal(EVP_Digest(message, strlen(message), out, &len, EVP_get_digestbyname(digest), NULL), 1);
    return bytes(out, len);
}

static struct signer signer_of(enum group_id id, const char *key)
{
    struct signer s = {.g = group_by_id(id)};
    struct hex    x = hex_of(key);

    assert_ok(scalar_decode(s.g, &s.x, hex_bytes(&x)));
    group_base_mul(s.g, &s.X, &s.x);
    return s;
}

static void assert_numbers(const struct prime_group *g, const struct ecdsa_signature *a, const char *r, const char *s)
{
    uint8_t raw[ECDSA_RAW_LEN_MAX];

    ecdsa_encode_raw(g, raw, a);
    assert_hex(raw, g->scalar_len, r);
    assert_hex(raw + g->scalar_len, g->scalar_len, s);
}

/* Digests shorter and longer than the order: how they are cut is in these numbers. */
TEST(ecdsa, follows_the_vectors_of_rfc_6979)
{
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct vector   *v = &vectors[i];
        struct signer          by = signer_of(v->group, keys[v->group]);
        uint8_t                memory[EVP_MAX_MD_SIZE];
        struct bytes           digest = hash_of(memory, v->digest, "sample");
        struct hex             k_hex = hex_of(v->k);
        struct scalar          k;
        struct ecdsa_signature a;
        struct point           recovered;

        assert_ok(scalar_decode(by.g, &k, hex_bytes(&k_hex)));
        sign_with(&a, &by, digest, &k);
        assert_numbers(by.g, &a, v->r, v->s);
        assert_ok(ecdsa_verify_vartime(by.g, &a, &by.X, digest));
        assert_ok(ecdsa_recover_vartime(by.g, &recovered, &a, digest));
        assert_true(group_equal(by.g, &recovered, &by.X));
    }
}

/* The example of EIP-155: v 37 on chain 1 is recovery id 0. */
TEST(ecdsa, recovers_the_signer_of_eip_155)
{
    struct signer by = signer_of(GROUP_SECP256K1, "4646464646464646464646464646464646464646464646464646464646464646");
    struct hex    digest = hex_of("daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53");
    struct hex    rsv = hex_of("28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276"
                                  "67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d831b");
    struct ecdsa_signature a;
    struct point           recovered;

    assert_ok(ecdsa_decode_rsv(by.g, &a, hex_bytes(&rsv)));
    assert_int_equal(a.recovery_id, 0);
    assert_ok(ecdsa_verify_vartime(by.g, &a, &by.X, hex_bytes(&digest)));
    assert_ok(ecdsa_recover_vartime(by.g, &recovered, &a, hex_bytes(&digest)));
    assert_true(group_equal(by.g, &recovered, &by.X));
}

TEST(ecdsa, one_flipped_bit_is_refused)
{
    for (size_t i = 0; i < ARRAY_LEN(ecdsa_groups); i++) {
        struct signer          by = new_signer(ecdsa_groups[i]);
        uint8_t                digest[32] = {1, 2, 3}, raw[ECDSA_RAW_LEN_MAX];
        struct ecdsa_signature a, bad;
        size_t                 len = 2 * by.g->scalar_len, step = by.g->id == GROUP_P256 ? 1 : 23;

        sign_digest(&a, &by, BYTES_OF(digest));
        assert_ok(ecdsa_verify_vartime(by.g, &a, &by.X, BYTES_OF(digest)));
        ecdsa_encode_raw(by.g, raw, &a);
        for (size_t bit = 0; bit < 8 * len; bit += step) {
            raw[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (ecdsa_decode_raw(by.g, &bad, bytes(raw, len)) == KMS_OK)
                assert_err(KMS_E_SIGNATURE, ecdsa_verify_vartime(by.g, &bad, &by.X, BYTES_OF(digest)));
            raw[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t bit = 0; bit < 256; bit += step) {
            digest[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_err(KMS_E_SIGNATURE, ecdsa_verify_vartime(by.g, &a, &by.X, BYTES_OF(digest)));
            digest[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

TEST(ecdsa, the_wrong_key_the_identity_and_an_empty_digest_are_refused)
{
    for (size_t i = 0; i < ARRAY_LEN(ecdsa_groups); i++) {
        struct signer          by = new_signer(ecdsa_groups[i]);
        uint8_t                digest[32] = {7};
        struct ecdsa_signature a;
        struct point           wrong;

        sign_digest(&a, &by, BYTES_OF(digest));
        group_negate(by.g, &wrong, &by.X);
        assert_err(KMS_E_SIGNATURE, ecdsa_verify_vartime(by.g, &a, &wrong, BYTES_OF(digest)));
        group_add(by.g, &wrong, &by.X, &by.X);
        assert_err(KMS_E_SIGNATURE, ecdsa_verify_vartime(by.g, &a, &wrong, BYTES_OF(digest)));
        group_set_identity(&wrong);
        assert_err(KMS_E_SIGNATURE, ecdsa_verify_vartime(by.g, &a, &wrong, BYTES_OF(digest)));
        assert_err(KMS_E_SIGNATURE, ecdsa_verify_vartime(by.g, &a, &by.X, BYTES_NONE));
    }
}

/* Only secp256k1 asks for the lower s; both forms recover the same key, each with its own recovery id. */
TEST(ecdsa, check_34_the_lower_s_is_made_and_asked_for)
{
    for (size_t i = 0; i < ARRAY_LEN(ecdsa_groups) * 8; i++) {
        struct signer          by = new_signer(ecdsa_groups[i % ARRAY_LEN(ecdsa_groups)]);
        uint8_t                digest[32] = {(uint8_t)i};
        struct ecdsa_signature low, high;
        struct point           recovered;

        sign_digest(&low, &by, BYTES_OF(digest));
        ecdsa_normalise(by.g, &low);
        assert_true(ecdsa_is_low(by.g, &low));
        high = low;
        scalar_negate(by.g, &high.s, &high.s);
        high.recovery_id ^= 1;
        assert_false(ecdsa_is_low(by.g, &high));
        assert_ok(ecdsa_verify_vartime(by.g, &low, &by.X, BYTES_OF(digest)));
        enum kms_err err = ecdsa_verify_vartime(by.g, &high, &by.X, BYTES_OF(digest));
        assert_int_equal(err, by.g->id == GROUP_SECP256K1 ? KMS_E_SIGNATURE : KMS_OK);
        assert_ok(ecdsa_recover_vartime(by.g, &recovered, &high, BYTES_OF(digest)));
        assert_true(group_equal(by.g, &recovered, &by.X));
        ecdsa_normalise(by.g, &high);
        assert_true(same_signature(&low, &high));
        assert_int_equal(low.recovery_id, high.recovery_id);
        high.recovery_id = ECDSA_NO_RECOVERY;
        scalar_negate(by.g, &high.s, &high.s);
        ecdsa_normalise(by.g, &high);
        assert_int_equal(high.recovery_id, ECDSA_NO_RECOVERY);
    }
}

/* (q-1)/2 is low, (q+1)/2 is not: the border, and both ends. */
TEST(ecdsa, check_34_the_border_of_low_s_is_exact)
{
    for (size_t i = 0; i < ARRAY_LEN(ecdsa_groups); i++) {
        const struct prime_group *g = group_by_id(ecdsa_groups[i]);
        struct scalar             one, two;
        struct ecdsa_signature    a = {.recovery_id = 0};

        scalar_set_u64(g, &one, 1);
        scalar_set_u64(g, &two, 2);
        a.r = a.s = one;
        assert_true(ecdsa_is_low(g, &a));
        scalar_negate(g, &a.s, &one);
        assert_false(ecdsa_is_low(g, &a));
        scalar_invert(g, &a.s, &two);
        assert_false(ecdsa_is_low(g, &a));
        scalar_sub(g, &a.s, &a.s, &one);
        assert_true(ecdsa_is_low(g, &a));
    }
}

TEST(ecdsa, only_the_right_recovery_id_gives_the_key)
{
    for (size_t i = 0; i < ARRAY_LEN(ecdsa_groups); i++) {
        struct signer          by = new_signer(ecdsa_groups[i]);
        uint8_t                digest[32] = {9}, right;
        struct ecdsa_signature a;
        struct point           recovered;

        sign_digest(&a, &by, BYTES_OF(digest));
        right = a.recovery_id;
        a.recovery_id = right ^ 1;
        assert_ok(ecdsa_recover_vartime(by.g, &recovered, &a, BYTES_OF(digest)));
        assert_false(group_equal(by.g, &recovered, &by.X));
        a.recovery_id = right | 2; /* r + q is above p, but once in 2^128 */
        assert_err(KMS_E_SIGNATURE, ecdsa_recover_vartime(by.g, &recovered, &a, BYTES_OF(digest)));
        assert_true(group_is_identity(&recovered));
        a.recovery_id = 4;
        assert_err(KMS_E_SIGNATURE, ecdsa_recover_vartime(by.g, &recovered, &a, BYTES_OF(digest)));
        a.recovery_id = ECDSA_NO_RECOVERY;
        assert_err(KMS_E_SIGNATURE, ecdsa_recover_vartime(by.g, &recovered, &a, BYTES_OF(digest)));
    }
}

/* R with x = q + j: nobody knows its k, but there is a key for which the signature holds, and recovery finds it. */
TEST(ecdsa, recovery_ids_2_and_3_are_for_x_above_the_order)
{
    static const uint8_t j[] = {2, 3, 2, 1}; /* of ecdsa_groups */

    for (size_t i = 0; i < ARRAY_LEN(ecdsa_groups) * 2; i++) {
        const struct prime_group *g = group_by_id(ecdsa_groups[i / 2]);
        uint8_t                   digest[32] = {(uint8_t)i}, encoded[POINT_LEN_MAX] = {(uint8_t)(2 + i % 2)};
        struct scalar             s, last;
        struct point              R, X;
        struct ecdsa_signature    a;

        scalar_set_u64(g, &s, 1);
        scalar_negate(g, &last, &s);
        scalar_encode(g, encoded + 1, &last);
        encoded[g->scalar_len] = (uint8_t)(encoded[g->scalar_len] + 1 + j[i / 2]);
        assert_ok(group_decode(g, &R, bytes(encoded, g->point_len)));
        scalar_set_u64(g, &s, 5);
        assert_ok(ecdsa_signature_of(g, &a, &R, &s));
        assert_int_equal(a.recovery_id, 2 + i % 2);
        assert_ok(ecdsa_recover_vartime(g, &X, &a, BYTES_OF(digest)));
        assert_ok(ecdsa_verify_vartime(g, &a, &X, BYTES_OF(digest)));
    }
}

TEST(ecdsa, zeros_are_no_signature)
{
    for (size_t i = 0; i < ARRAY_LEN(ecdsa_groups); i++) {
        struct signer          by = new_signer(ecdsa_groups[i]);
        struct scalar          zero;
        struct ecdsa_signature a;

        scalar_zero(&zero);
        assert_err(KMS_E_PROOF, ecdsa_signature_of(by.g, &a, &by.X, &zero));
    }
}

/* x = 0 is on the NIST curves, and r = 0 is no signature (FIPS 186-5 6.4.1 step 6). */
TEST(ecdsa, x_zero_is_no_signature)
{
    for (size_t i = 1; i < ARRAY_LEN(ecdsa_groups); i++) {
        const struct prime_group *g = group_by_id(ecdsa_groups[i]);
        uint8_t                   encoded[POINT_LEN_MAX] = {2};
        struct point              R;
        struct scalar             s;
        struct ecdsa_signature    a;

        assert_ok(group_decode(g, &R, bytes(encoded, g->point_len)));
        scalar_set_u64(g, &s, 5);
        assert_err(KMS_E_PROOF, ecdsa_signature_of(g, &a, &R, &s));
    }
}

static size_t sign_with_openssl(EVP_PKEY *key, uint8_t der[ECDSA_DER_LEN_MAX], struct bytes digest)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    size_t        len = ECDSA_DER_LEN_MAX;

    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_equal(EVP_PKEY_sign(ctx, der, &len, digest.data, digest.len), 1);
    EVP_PKEY_CTX_free(ctx);
    return len;
}

/* Digests of many lengths, cut and not cut; secp256k1 after making s low, through libsecp256k1. */
TEST(ecdsa, verifies_and_recovers_what_openssl_signs)
{
    static const char *const names[] = {"secp256k1", "P-256", "P-384", "P-521"};
    static const size_t      lens[] = {1, 20, 28, 32, 33, 48, 64, 65, 66, 67, 100};

    for (size_t i = 0; i < ARRAY_LEN(names) * ARRAY_LEN(lens); i++) {
        const struct prime_group *g = group_by_id(ecdsa_groups[i % ARRAY_LEN(names)]);
        EVP_PKEY                 *key = EVP_EC_gen(names[i % ARRAY_LEN(names)]);
        uint8_t                   memory[100], der[ECDSA_DER_LEN_MAX], whole[POINT_UNCOMPRESSED_LEN_MAX];
        struct bytes              digest = bytes(memory, lens[i / ARRAY_LEN(names)]);
        size_t                    len = 0;
        struct point              X, recovered;
        struct ecdsa_signature    a;
        bool                      found = false;

        assert_ok(rng_fill(rng_system(), memory, sizeof memory));
        assert_int_equal(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, whole, sizeof whole, &len), 1);
        whole[0] = 2 | (whole[len - 1] & 1);
        assert_ok(group_decode(g, &X, bytes(whole, g->point_len)));
        assert_ok(ecdsa_decode_der(g, &a, bytes(der, sign_with_openssl(key, der, digest))));
        if (g->id == GROUP_SECP256K1) ecdsa_normalise(g, &a);
        assert_ok(ecdsa_verify_vartime(g, &a, &X, digest));
        for (a.recovery_id = 0; a.recovery_id < 2; a.recovery_id++)
            if (ecdsa_recover_vartime(g, &recovered, &a, digest) == KMS_OK) found |= group_equal(g, &X, &recovered);
        assert_true(found);
        EVP_PKEY_free(key);
    }
}

TEST(ecdsa, libsecp256k1_recovers_the_same_key)
{
    secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);

    for (uint8_t i = 0; i < 20; i++) {
        struct signer                         by = new_signer(GROUP_SECP256K1);
        uint8_t                               digest[32] = {i}, rsv[ECDSA_RSV_LEN_MAX], expected[33], got[33];
        size_t                                len = sizeof got;
        struct ecdsa_signature                a;
        secp256k1_ecdsa_recoverable_signature parsed;
        secp256k1_pubkey                      key;

        sign_digest(&a, &by, BYTES_OF(digest));
        ecdsa_encode_rsv(by.g, rsv, &a);
        assert_int_equal(secp256k1_ecdsa_recoverable_signature_parse_compact(context, &parsed, rsv, rsv[64] - 27), 1);
        assert_int_equal(secp256k1_ecdsa_recover(context, &key, &parsed, digest), 1);
        assert_int_equal(secp256k1_ec_pubkey_serialize(context, got, &len, &key, SECP256K1_EC_COMPRESSED), 1);
        group_encode(by.g, expected, &by.X);
        assert_memory_equal(got, expected, 33);
    }
    secp256k1_context_destroy(context);
}

/* The leftmost bits: of 521 for P-521, where the last byte is cut. */
TEST(ecdsa, digests_are_cut_on_the_left_to_the_bits_of_the_order)
{
    const struct prime_group *p521 = group_by_id(GROUP_P521), *p256 = group_by_id(GROUP_P256);
    uint8_t                   digest[70] = {0};
    struct scalar             e, expected;

    digest[65] = 0x80;
    digest[66] = 0xff;
    scalar_set_u64(p521, &expected, 1);
    ecdsa_digest_scalar(p521, &e, bytes(digest, 66));
    assert_true(scalar_equal(&e, &expected));
    ecdsa_digest_scalar(p521, &e, bytes(digest, 70));
    assert_true(scalar_equal(&e, &expected));
    scalar_set_u64(p521, &expected, 0);
    ecdsa_digest_scalar(p521, &e, bytes(digest, 65));
    assert_true(scalar_equal(&e, &expected));
    digest[31] = 3;
    digest[32] = 0xff;
    scalar_set_u64(p256, &expected, 3);
    ecdsa_digest_scalar(p256, &e, bytes(digest, 64));
    assert_true(scalar_equal(&e, &expected));
    ecdsa_digest_scalar(p256, &e, bytes(digest + 31, 1));
    assert_true(scalar_equal(&e, &expected));
}
