/* SPDX-License-Identifier: Apache-2.0 */
/* PEM (RFC 7468) around the project's own documents: for files that people look at and mail to each other. */
#ifndef KMS_COMMON_DOCUMENT_ARMOR_H
#define KMS_COMMON_DOCUMENT_ARMOR_H

#include "common/base/buf.h"

RESULT armor_encode(struct buf *out, const char *label, struct bytes binary);
/* One block of that label and nothing else but white space. Appends to out. */
RESULT armor_decode(struct buf *out, const char *label, struct bytes pem);

#endif
