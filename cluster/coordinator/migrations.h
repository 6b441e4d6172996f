/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of the coordinator's database as numbered steps; PRAGMA user_version holds the number of the last one. */
#ifndef KMS_CLUSTER_COORDINATOR_MIGRATIONS_H
#define KMS_CLUSTER_COORDINATOR_MIGRATIONS_H

#include <sqlite3.h>

#include "common/base/error.h"

/* Brings the database up to date, each step in one transaction. KMS_E_CONFIG: it was made by a newer version. */
RESULT migrations_run(sqlite3 *);

#endif
