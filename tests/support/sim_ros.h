/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The polynomial attack on ROS (Benhamouda, Lepoint, Loss, Orru, Raykova, "On the (in)security of ROS", EUROCRYPT
 * 2021), run by one evil signer of a 2-of-2 key against 256 concurrent, real signing sessions of the other.
 */
#ifndef KMS_TESTS_SUPPORT_SIM_ROS_H
#define KMS_TESTS_SUPPORT_SIM_ROS_H

#include <stdbool.h>
#include <stdint.h>

#define ROS_SESSIONS 256

/* Does the attack forge a signature of a message that no session was asked to sign? */
bool sim_ros_forges(uint64_t seed);

#endif
