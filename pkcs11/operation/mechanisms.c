/* SPDX-License-Identifier: Apache-2.0 */
/* The mechanisms. CKF_HW stands where the cluster does the work; the rest is done in the process. */
#include "pkcs11/operation/mechanisms.h"

#include "pkcs11/operation/schemes.h"

#define EDWARDS (CKF_EC_F_P | CKF_EC_OID | CKF_EC_CURVENAME | CKF_EC_COMPRESS)

/* clang-format off */
static const struct mechanism mechanisms[] = {
    {CKM_EC_EDWARDS_KEY_PAIR_GEN, {255, 255, CKF_HW | CKF_GENERATE_KEY_PAIR | EDWARDS}, GROUP_ED25519, NULL, DIGEST_NONE},
    {CKM_EDDSA, {255, 255, CKF_HW | CKF_SIGN | CKF_VERIFY | EDWARDS}, GROUP_ED25519, &scheme_eddsa, DIGEST_NONE},
    {CKM_SHA_1, {0, 0, CKF_DIGEST}, GROUP_NONE, NULL, DIGEST_SHA1},
    {CKM_SHA224, {0, 0, CKF_DIGEST}, GROUP_NONE, NULL, DIGEST_SHA224},
    {CKM_SHA256, {0, 0, CKF_DIGEST}, GROUP_NONE, NULL, DIGEST_SHA256},
    {CKM_SHA384, {0, 0, CKF_DIGEST}, GROUP_NONE, NULL, DIGEST_SHA384},
    {CKM_SHA512, {0, 0, CKF_DIGEST}, GROUP_NONE, NULL, DIGEST_SHA512},
};
/* clang-format on */

static bool is_offered(const struct mechanism *m, const struct family *f)
{
    return m->group == GROUP_NONE || m->group == f->group;
}

const struct mechanism *mechanism_by_type(CK_MECHANISM_TYPE type)
{
    for (size_t i = 0; i < ARRAY_LEN(mechanisms); i++)
        if (mechanisms[i].type == type) return &mechanisms[i];
    return NULL;
}

const struct mechanism *mechanism_find(const struct family *f, CK_MECHANISM_TYPE type)
{
    const struct mechanism *m = mechanism_by_type(type);

    return m != NULL && is_offered(m, f) ? m : NULL;
}

CK_ULONG mechanism_list(CK_MECHANISM_TYPE *out, CK_ULONG room, const struct family *f)
{
    CK_ULONG count = 0;

    for (size_t i = 0; i < ARRAY_LEN(mechanisms); i++) {
        if (!is_offered(&mechanisms[i], f)) continue;
        if (out != NULL && count < room) out[count] = mechanisms[i].type;
        count++;
    }
    return count;
}
