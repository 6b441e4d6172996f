/* SPDX-License-Identifier: Apache-2.0 */
/* CKM_EDDSA over Ed25519: PureEdDSA (RFC 8032), the whole message in one request. */
#include "common/crypto/ed25519.h"
#include "pkcs11/operation/schemes.h"

/* Current Mechanisms 3.0, 2.3.14: no parameter is Ed25519; CK_EDDSA_PARAMS asks for Ed25519ctx or Ed25519ph unless it
 * is all zero. */
static CK_RV check_parameter(const CK_MECHANISM *m)
{
    if (m->pParameter == NULL && m->ulParameterLen == 0) return CKR_OK;
    if (m->pParameter == NULL || m->ulParameterLen != sizeof(CK_EDDSA_PARAMS))
        return refuse(CKR_MECHANISM_PARAM_INVALID, "CKM_EDDSA: no parameter, or CK_EDDSA_PARAMS");
    CK_EDDSA_PARAMS p;
    memcpy(&p, m->pParameter, sizeof p);
    if (p.phFlag != CK_FALSE || p.ulContextDataLen != 0)
        return refuse(CKR_MECHANISM_PARAM_INVALID,
                      "CKM_EDDSA: this token signs plain Ed25519, without context or prehash");
    return CKR_OK;
}

static enum kms_err verify(const struct backend_object *key, struct bytes message, struct bytes signature)
{
    if (signature.len != ED25519_SIGNATURE_LEN) return fail(KMS_E_SIGNATURE, "a signature of %zu bytes", signature.len);
    return ed25519_verify_vartime(signature.data, key->public_key, message);
}

const struct sign_scheme scheme_eddsa = {
    .check_parameter = check_parameter,
    .signature_len = ED25519_SIGNATURE_LEN,
    .message_max = 65536, /* docs/rest-api.md */
    .verify = verify,
};
