/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of shares.db and the numbered steps that lead to them. */
#ifndef KMS_CLUSTER_STORE_SCHEMA_H
#define KMS_CLUSTER_STORE_SCHEMA_H

#include <sqlite3.h>

#include "common/base/error.h"

/*
 * Brings the database to this program's schema, each step in a transaction of its own. KMS_E_CORRUPT for a file of
 * another application, KMS_E_UNSUPPORTED for one that a newer program has written.
 */
RESULT schema_migrate(sqlite3 *, const char *path);

#endif
