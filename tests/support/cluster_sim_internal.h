/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the simulated cluster. */
#ifndef KMS_TESTS_SUPPORT_CLUSTER_SIM_INTERNAL_H
#define KMS_TESTS_SUPPORT_CLUSTER_SIM_INTERNAL_H

#include "tests/support/cluster_sim.h"

/* What a node sent to the coordinator. */
void sim_on_frame(struct sim_node *, struct bytes from_node);
void sim_close_circuits_of(struct cluster_sim *, unsigned node);
void sim_drop_queue(struct cluster_sim *);

#endif
