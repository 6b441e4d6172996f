/* SPDX-License-Identifier: Apache-2.0 */
/* Making a signed roster from certificates: for kmsctl and for `kms-clusterd dev`. */
#ifndef KMS_CLUSTER_CTL_ROSTER_H
#define KMS_CLUSTER_CTL_ROSTER_H

#include "common/document/roster.h"

/* host_label: NULL means the name. roster->cluster is set already. KMS_E_CERTIFICATE: not the certificate of that node.
 */
RESULT roster_add_certificate(struct roster *, const char *name, const char *certificate_path, const char *host_label);
/* Seals the roster and appends the operator's statement of it, as PEM. */
RESULT roster_sign_pem(struct buf *out, struct roster *, const struct credential *operator_credential);

#endif
