/* SPDX-License-Identifier: Apache-2.0 */
/* Reads small files whole, refusing those whose mode lets others in: keys (077), what is trusted (022). */
#ifndef KMS_COMMON_SECRET_FILE_H
#define KMS_COMMON_SECRET_FILE_H

#include "common/base/buf.h"
#include "common/secret/secret.h"

#define FILE_SECRET_MAX 16384

/* KMS_E_NOT_FOUND, KMS_E_CONFIG (mode has a bit of `forbidden`), KMS_E_TOO_LARGE (out->max), KMS_E_SYSTEM. */
RESULT file_read(struct buf *out, const char *path, unsigned forbidden);
/* The same into locked memory, mode & 077 refused, at most FILE_SECRET_MAX bytes. */
RESULT file_read_secret(struct secret *out, const char *path);

#endif
