/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arbitrary bytes from a relay into a tunnel, at the beginning and after the handshake: it waits or dies, gives no
 * message that its peer has not sent, and once dead stays so. Input: u8 where (bit 0: after the handshake, bit 1: the
 * server's end), then pieces: u8 length | bytes.
 */
/* links: tests_cluster common_document */
#include "cluster/tunnel/tunnel.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/cluster_pki.h"

struct end {
    struct credential      credential;
    struct tunnel_context *context;
    struct tunnel         *tunnel;
};

static struct end ends[2];

static void make_ends(void)
{
    static struct cluster_pki pki;

    if (ends[0].context != NULL) return;
    cluster_pki_init(&pki, 0, "test");
    for (int i = 0; i < 2; i++) {
        cluster_pki_issue(&pki, &ends[i].credential, i == 0 ? "node/tss1" : "node/tss2");
        CHECK(tunnel_context_new(&ends[i].context, &ends[i].credential, pki.authority) == KMS_OK);
    }
}

static void carry(struct end *from, struct end *to)
{
    BUF_LOCAL out = BUF_INIT(65536);

    CHECK(tunnel_output(from->tunnel, &out) == KMS_OK);
    CHECK(tunnel_receive(to->tunnel, buf_bytes(&out)) == KMS_OK);
}

static void open_end(int i)
{
    CHECK(tunnel_new(&ends[i].tunnel, ends[i].context, i == 0 ? "tss2" : "tss1",
                     ends[1 - i].credential.identity.fingerprint, 0) == KMS_OK);
}

static void open_both(void)
{
    open_end(0);
    open_end(1);
    for (int i = 0; i < 3; i++) {
        carry(&ends[0], &ends[1]);
        carry(&ends[1], &ends[0]);
    }
    CHECK(tunnel_is_ready(ends[0].tunnel) && tunnel_is_ready(ends[1].tunnel));
}

static void feed(struct tunnel *t, struct bytes in)
{
    bool dead = false;

    while (in.len > 0) {
        uint8_t      type;
        struct bytes body;
        size_t       len = fuzz_take(&in);
        if (len > in.len) len = in.len;
        enum kms_err err = tunnel_receive(t, bytes(in.data, len));
        CHECK(err == KMS_OK || err == KMS_E_CLOSED);
        CHECK(!dead || err == KMS_E_CLOSED);
        dead = dead || err == KMS_E_CLOSED;
        CHECK(!tunnel_next(t, &type, &body));
        in = bytes(in.data + len, in.len - len);
    }
    CHECK(!dead || tunnel_is_stale(t, 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes(data, size);

    fuzz_start();
    make_ends();
    uint8_t where = fuzz_take(&in);
    int     end = where >> 3 & 1;
    if ((where & 7) == 1)
        open_both();
    else
        open_end(end);
    feed(ends[end].tunnel, in);
    for (int i = 0; i < 2; i++) tunnel_free(&ends[i].tunnel);
    return 0;
}
