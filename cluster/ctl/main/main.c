/* SPDX-License-Identifier: Apache-2.0 */
/* kmsctl: the operator's tool. */
#include "cluster/ctl/ctl.h"

int main(int argc, char **argv)
{
    return ctl_main(argc, argv);
}
