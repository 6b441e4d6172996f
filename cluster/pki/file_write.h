/* SPDX-License-Identifier: Apache-2.0 */
/* Writes whole files so that a power cut leaves the old one or the new one, never a part: beside, fsync, rename, fsync.
 */
#ifndef KMS_CLUSTER_PKI_FILE_WRITE_H
#define KMS_CLUSTER_PKI_FILE_WRITE_H

#include <sys/types.h>

#include "common/base/bytes.h"
#include "common/base/error.h"

/* KMS_E_CONFLICT if there is a file of that name already. */
RESULT file_create(const char *path, struct bytes content, mode_t mode);
RESULT file_replace(const char *path, struct bytes content, mode_t mode);
/* Appends in one write, under a lock, and waits for the disk; makes the file if it is not there. */
RESULT file_append(const char *path, struct bytes line, mode_t mode);
/* KMS_E_CONFLICT if it exists: a look ahead, before anything is made. */
RESULT file_check_free(const char *path);
/* Makes the folder (not its parents) unless it is there. */
RESULT folder_make(const char *path, mode_t mode);

#endif
