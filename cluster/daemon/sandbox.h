/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node may not ask of the kernel once its listener is open: anything by which a process that was taken over
 * could call out or become another (architecture.md section 4). Refused calls get EPERM, and the kernel logs them.
 */
#ifndef KMS_CLUSTER_DAEMON_SANDBOX_H
#define KMS_CLUSTER_DAEMON_SANDBOX_H

#include "common/base/error.h"

/*
 * For all threads of this process, for good. Sets no-new-privs too. What stays possible: accept, read and write on
 * what is open, files, memory, threads.
 */
RESULT sandbox_forbid_calling_out(void);

#endif
