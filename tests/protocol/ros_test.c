/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ROS attack against signers without binding factors: this program defines frost_binding_factors() itself, so the
 * linker leaves out the real one (cluster/frost/binding.c) and everything else is the real code. The attack must
 * succeed here, or its failure against the real signers (frost_test.c) would show nothing.
 */
#include "cluster/frost/sign_internal.h"
#include "tests/support/sim_ros.h"
#include "tests/support/test.h"

void frost_binding_factors(struct scalar factors[PARTIES_MAX + 1], const struct frost_task *task,
                           const struct frost_commitment commitments[PARTIES_MAX + 1])
{
    for (unsigned i = 0; i <= PARTIES_MAX; i++) scalar_zero(&factors[i]);
}

TEST(check_33, ros_attack_forges_when_nothing_binds_the_nonces)
{
    assert_true(sim_ros_forges(test_seed()));
}
