/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arbitrary frames from a coordinator into a node that serves: it never begins a session or makes a record, for nothing
 * in them was signed by a client; and when all is over, nothing is left running. Input: frames, each u16 length |
 * protobuf.
 */
/* links: tests_cluster common_document */
#include "cluster/node/state.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/cluster_sim.h"

static struct cluster_sim sim;

static void start_once(void)
{
    if (sim.count > 0) return;
    cluster_sim_init(&sim, 2);
}

/* A link that a bad frame has ended is made anew for the next input. */
static void have_link(void)
{
    if (sim.nodes[0].node->link_count > 0) return;
    sim_link(&sim, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes(data, size);

    fuzz_start();
    start_once();
    have_link();
    struct node *node = sim.nodes[0].node;
    while (in.len > 1) {
        size_t len = (size_t)fuzz_take(&in) << 8;
        len |= fuzz_take(&in);
        if (len > in.len) len = in.len;
        node_on_link_frame(node, sim.nodes[0].link, bytes(in.data, len));
        in = bytes(in.data + len, in.len - len);
    }
    CHECK(node->runs.count == 0 && node->keys.count == 0);
    CHECK(!node->dirty);
    sim_run(&sim);
    return 0;
}
