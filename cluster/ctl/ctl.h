/* SPDX-License-Identifier: Apache-2.0 */
/* kmsctl's entry: the commands as a table, one file per noun. */
#ifndef KMS_CLUSTER_CTL_CTL_H
#define KMS_CLUSTER_CTL_CTL_H

/* Exit codes: 0 done; 1 the operation failed; 2 wrong usage; 3 denied or not authenticated; 4 not found; 5 not
 * available, try again. */
enum ctl_exit { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2, CTL_DENIED = 3, CTL_NOT_FOUND = 4, CTL_UNAVAILABLE = 5 };

int ctl_main(int argc, char **argv);

#endif
