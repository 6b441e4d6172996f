/* SPDX-License-Identifier: Apache-2.0 */
/* ETags (RFC 9110 8.8.3), strong: the same tag, the same bytes. */
#ifndef KMS_CLUSTER_API_ETAG_H
#define KMS_CLUSTER_API_ETAG_H

#include "cluster/api/call.h"

#define ETAG_LEN 34 /* quotes and 32 hex digits */

void etag_make(char out[ETAG_LEN + 1], struct bytes what);
/* Of a list: of its kind, its owner's generation (NULL: everybody's), and the query. */
RESULT etag_of_list(char out[ETAG_LEN + 1], const struct call *, const char *kind, const char *owner);

#endif
