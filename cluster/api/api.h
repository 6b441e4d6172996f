/* SPDX-License-Identifier: Apache-2.0 */
/* The REST interface: a table of routes over the coordinator. */
#ifndef KMS_CLUSTER_API_API_H
#define KMS_CLUSTER_API_API_H

#include "cluster/api/http.h"
#include "cluster/coordinator/coordinator.h"

struct api;
RESULT api_new(struct api **out, struct coordinator * /* borrowed */, const struct authority * /* borrowed */);
void   api_free(struct api **);
/* An http_handler with self = struct api *. */
void api_handle(void *api, struct http_exchange *);
/* An http_body_limit with the same self. */
size_t api_body_max(void *api, const struct http_request *head);

#endif
