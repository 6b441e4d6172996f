/* SPDX-License-Identifier: Apache-2.0 */
/* What the table of routes points to: one file per resource. */
#ifndef KMS_CLUSTER_API_HANDLERS_H
#define KMS_CLUSTER_API_HANDLERS_H

#include "cluster/api/call.h"

/* generate.c */
enum kms_err keys_generate(struct call *);
/* keys.c */
enum kms_err keys_show(struct call *);
enum kms_err keys_list(struct call *);
enum kms_err keys_change(struct call *);
enum kms_err keys_delete(struct call *);
/* sign.c */
enum kms_err keys_sign(struct call *);
enum kms_err keys_verify(struct call *);
/* objects.c */
enum kms_err objects_create(struct call *);
enum kms_err objects_show(struct call *);
enum kms_err objects_list(struct call *);
enum kms_err objects_change(struct call *);
enum kms_err objects_delete(struct call *);
/* cluster.c */
enum kms_err cluster_health(struct call *);
enum kms_err cluster_ready(struct call *);
enum kms_err cluster_capabilities(struct call *);
enum kms_err cluster_nodes(struct call *);
enum kms_err cluster_status(struct call *);
/* audit.c */
enum kms_err audit_list(struct call *);

#endif
