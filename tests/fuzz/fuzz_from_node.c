/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of hostile nodes to a coordinator with a signature under way: nothing they send stops it, and no answer leaves
 * that does not verify. Input: frames, each u8 node | u8 length | that many bytes, or one frame of node 0 if byte 0 is
 * 255.
 */
/* links: cluster_coordinator */
#include <stdio.h>
#include <stdlib.h>

#include "cluster/coordinator/operations.h"
#include "common/base/log.h"
#include "tests/fuzz/fuzz.h"

static uint64_t now;

static uint64_t fuzz_now(void *self)
{
    (void)self;
    return now;
}

static int64_t fuzz_wall(void *self)
{
    (void)self;
    return (int64_t)now;
}

static void fuzz_send(void *self, unsigned index, struct bytes frame)
{
    uint64_t *sum = self;
    for (size_t i = 0; i < frame.len; i++) *sum += frame.data[i] * (index + 1);
}

static void fuzz_reset(void *self, unsigned index)
{
    (void)self, (void)index;
}

/* Zeros, so that a corpus can name the tag of the session that is under way. */
static enum kms_err fuzz_fill(void *self, void *out, size_t len)
{
    (void)self;
    memset(out, 0, len);
    return KMS_OK;
}

static void on_signed(void *arg, enum kms_err err, const struct sign_outcome *outcome)
{
    unsigned *calls = arg;

    (*calls)++;
    CHECK(err != KMS_OK); /* nobody here can sign */
    CHECK(outcome == NULL);
}

static void start_signature(struct coordinator *c, unsigned *calls)
{
    static const char     names[3][5] = {"tss1", "tss2", "tss3"};
    struct birth_body     birth = {.t = 2, .n = 3, .group = GROUP_ED25519, .algorithm = 4};
    struct key_record     key;
    struct identity       who = {.role = ROLE_CLIENT, .uri = "spiffe://fuzz/client/app"};
    struct signed_request request = {.method = "POST", .path = "/x", .nonce = "n", .idempotency_key = "i"};
    struct operation      op = {.request = &request, .who = &who, .request_id = "0", .audit_trail = "-"};

    memset(request.keyid, 'a', ACCESS_KEY_LEN);
    request.certificate_der = bytes_str("certificate");
    request.created = 1;
    request.expires = 2;
    birth.public_key[0] = 0x58;
    memset(birth.public_key + 1, 0x66, 31);
    for (unsigned i = 0; i < 3; i++) memcpy(birth.nodes[i], names[i], 5);
    key_record_init(&key);
    memset(key.key_id, 'a', KEY_ID_LEN);
    const struct sign_order order = {.key = &key, .birth = &birth, .data = bytes_str("hello")};
    coordinator_sign(c, &op, &order, on_signed, calls);
}

static void feed(struct coordinator *c, struct bytes in)
{
    if (in.len > 0 && in.data[0] == 255) {
        coordinator_on_node_frame(c, 0, bytes(in.data + 1, in.len - 1));
        return;
    }
    while (in.len > 0) {
        unsigned node = fuzz_take(&in) % 4;
        size_t   len = fuzz_take(&in);
        if (len > in.len) len = in.len;
        coordinator_on_node_frame(c, node, bytes(in.data, len));
        in = bytes(in.data + len, in.len - len);
        now += 7;
        coordinator_on_tick(c);
    }
}

/* Heartbeats that make tss1 to tss4 serve: Pong{id: 1, info: {node: "tssN", cluster: "fuzz", roster_sequence: 1}}. */
static void answer_heartbeats(struct coordinator *c)
{
    uint8_t pong[] = {10, 18, 8, 1, 18, 14, 10, 4, 't', 's', 's', '1', 18, 4, 'f', 'u', 'z', 'z', 40, 1};

    for (unsigned i = 0; i < 4; i++) {
        pong[11] = (uint8_t)('1' + i);
        coordinator_on_node_up(c, i);
        coordinator_on_node_frame(c, i, bytes(pong, 20));
    }
}

static struct coordinator *make_coordinator(struct metadata *metadata, struct rng *rng)
{
    static struct roster      roster = {.sequence = 1};
    static uint64_t           sum;
    struct coordinator       *c;
    struct coordinator_config config = {
        .cluster = "fuzz",
        .name = "gw",
        .roster = &roster,
        .metadata = metadata,
        .io = {&sum, fuzz_now, fuzz_wall, fuzz_send, fuzz_reset},
        .rng = rng,
        .node_count = 4,
        .heartbeat_ms = 300,
        .heartbeat_misses = 3,
        .sign_deadline_ms = 5000,
        .generate_deadline_ms = 30000,
        .progress_ms = 1000,
        .requests_max = 4,
        .default_algorithm_ed25519 = "EDDSA",
        .version = "0",
    };

    for (unsigned i = 0; i < 4; i++) (void)snprintf(config.nodes[i], sizeof config.nodes[i], "tss%u", i + 1);
    CHECK(coordinator_new(&c, &config) == KMS_OK);
    return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rng      rng = {.fill = fuzz_fill};
    struct metadata metadata;
    unsigned        calls = 0;

    fuzz_start();
    log_setup(LOG_OFF, 2, NULL);
    now = 1000;
    CHECK(metadata_open_memory(&metadata) == KMS_OK);
    struct coordinator *c = make_coordinator(&metadata, &rng);
    answer_heartbeats(c);
    start_signature(c, &calls);
    CHECK(calls == 0); /* it is under way */
    feed(c, bytes(data, size));
    now += 10000;
    coordinator_on_tick(c);
    CHECK(calls == 1);
    coordinator_free(&c);
    metadata_close(&metadata);
    return 0;
}
