/* SPDX-License-Identifier: Apache-2.0 */
/* Two nodes and a relay in the tester's hands: who may talk, and what happens to records that are touched (check 25).
 */
#include "cluster/tunnel/tunnel.h"

#include "common/base/clock.h"
#include "tests/support/cluster_pki.h"
#include "tests/support/test.h"

/* One end of a tunnel with all that it stands on. */
struct end {
    struct credential      credential;
    struct tunnel_context *context;
    struct tunnel         *tunnel;
    struct buf             out; /* what it last gave for the relay */
};

struct pair {
    struct cluster_pki pki;
    struct end         a, b; /* a is the TLS client */
};

static void end_init(struct end *e, const struct cluster_pki *pki, const char *who)
{
    *e = (struct end){.out = BUF_INIT(1 << 20)};
    cluster_pki_issue(pki, &e->credential, who);
    if (e->credential.identity.role == ROLE_NODE)
        assert_ok(tunnel_context_new(&e->context, &e->credential, pki->authority));
}

static void end_clear(struct end *e)
{
    tunnel_free(&e->tunnel);
    tunnel_context_free(&e->context);
    credential_clear(&e->credential);
    buf_clear(&e->out);
}

static void open_to(struct end *e, const char *peer, const uint8_t fingerprint[32])
{
    assert_ok(tunnel_new(&e->tunnel, e->context, peer, fingerprint, 0));
}

static void pair_init(struct pair *p)
{
    cluster_pki_init(&p->pki, 0, "test");
    end_init(&p->a, &p->pki, "node/tss1");
    end_init(&p->b, &p->pki, "node/tss2");
    open_to(&p->a, "tss2", p->b.credential.identity.fingerprint);
    open_to(&p->b, "tss1", p->a.credential.identity.fingerprint);
}

static void pair_clear(struct pair *p)
{
    end_clear(&p->a);
    end_clear(&p->b);
    cluster_pki_clear(&p->pki);
}

static struct bytes output(struct end *e)
{
    e->out.len = 0;
    assert_ok(tunnel_output(e->tunnel, &e->out));
    return buf_bytes(&e->out);
}

/* Carries everything in both directions until nothing moves; the first failure of either end. */
static enum kms_err relay(struct end *a, struct end *b)
{
    for (int i = 0; i < 10; i++) {
        enum kms_err at_b = tunnel_receive(b->tunnel, output(a)), at_a = tunnel_receive(a->tunnel, output(b));
        if (at_b != KMS_OK) return at_b;
        if (at_a != KMS_OK) return at_a;
    }
    return KMS_OK;
}

static void pair_ready(struct pair *p)
{
    pair_init(p);
    assert_ok(relay(&p->a, &p->b));
    assert_true(tunnel_is_ready(p->a.tunnel));
    assert_true(tunnel_is_ready(p->b.tunnel));
}

static void assert_next(struct tunnel *t, uint8_t want_type, const char *want)
{
    uint8_t      type;
    struct bytes body;

    assert_true(tunnel_next(t, &type, &body));
    assert_int_equal(type, want_type);
    assert_true(bytes_equal_str(body, want));
}

static void assert_nothing(struct tunnel *t)
{
    uint8_t      type;
    struct bytes body;

    assert_false(tunnel_next(t, &type, &body));
}

TEST(tunnel, carries_messages_both_ways)
{
    struct pair p;

    pair_ready(&p);
    assert_ok(tunnel_send(p.a.tunnel, 1, bytes_str("hello")));
    assert_ok(tunnel_send(p.a.tunnel, 2, BYTES_NONE));
    assert_ok(tunnel_send(p.b.tunnel, 3, bytes_str("good day")));
    assert_ok(relay(&p.a, &p.b));
    assert_next(p.b.tunnel, 1, "hello");
    assert_next(p.b.tunnel, 2, "");
    assert_nothing(p.b.tunnel);
    assert_next(p.a.tunnel, 3, "good day");
    assert_nothing(p.a.tunnel);
    pair_clear(&p);
}

TEST(tunnel, keeps_what_is_sent_before_the_handshake_is_done)
{
    struct pair p;

    pair_init(&p);
    assert_ok(tunnel_send(p.a.tunnel, 1, bytes_str("early")));
    assert_ok(tunnel_send(p.b.tunnel, 1, bytes_str("early too")));
    assert_false(tunnel_is_ready(p.a.tunnel));
    assert_ok(relay(&p.a, &p.b));
    assert_next(p.b.tunnel, 1, "early");
    assert_next(p.a.tunnel, 1, "early too");
    pair_clear(&p);
}

TEST(tunnel, bounds_what_waits_for_the_handshake)
{
    static uint8_t large[TUNNEL_MESSAGE_MAX];
    struct pair    p;

    pair_init(&p);
    assert_ok(tunnel_send(p.a.tunnel, 1, BYTES_OF(large)));
    assert_ok(tunnel_send(p.a.tunnel, 1, BYTES_OF(large)));
    assert_err(KMS_E_BUSY, tunnel_send(p.a.tunnel, 1, bytes_str("one more")));
    pair_clear(&p);
}

TEST(tunnel, carries_the_largest_message_in_any_pieces)
{
    static uint8_t large[TUNNEL_MESSAGE_MAX + 1];
    struct pair    p;
    uint8_t        type;
    struct bytes   body;

    pair_ready(&p);
    for (size_t i = 0; i < sizeof large; i++) large[i] = (uint8_t)(i * 7);
    assert_err(KMS_E_TOO_LARGE, tunnel_send(p.a.tunnel, 1, BYTES_OF(large)));
    assert_ok(tunnel_send(p.a.tunnel, 1, bytes(large, TUNNEL_MESSAGE_MAX)));
    struct bytes all = output(&p.a);
    for (size_t at = 0; at < all.len; at += 997)
        assert_ok(tunnel_receive(p.b.tunnel, bytes(all.data + at, all.len - at < 997 ? all.len - at : 997)));
    assert_true(tunnel_next(p.b.tunnel, &type, &body));
    assert_true(bytes_equal(body, bytes(large, TUNNEL_MESSAGE_MAX)));
    pair_clear(&p);
}

TEST(tunnel, gives_many_messages_that_come_at_once)
{
    struct pair p;

    pair_ready(&p);
    for (int i = 0; i < 1000; i++) assert_ok(tunnel_send(p.a.tunnel, 1, bytes_str("one of many")));
    assert_ok(tunnel_receive(p.b.tunnel, output(&p.a)));
    for (int i = 0; i < 1000; i++) assert_next(p.b.tunnel, 1, "one of many");
    assert_nothing(p.b.tunnel);
    pair_clear(&p);
}

TEST(tunnel, shows_the_relay_no_plaintext)
{
    static const char text[] = "a share that the relay may not see";
    struct pair       p;

    pair_ready(&p);
    assert_ok(tunnel_send(p.a.tunnel, 1, bytes_str(text)));
    struct bytes seen = output(&p.a);
    assert_true(seen.len > strlen(text));
    assert_null(memmem(seen.data, seen.len, text, strlen(text)));
    pair_clear(&p);
}

/* ---- records that were touched ---- */

#define RECORDS 3

/* Three messages as three records, as the relay sees them. */
static void three_records(struct pair *p, struct buf record[RECORDS])
{
    static const char *const texts[RECORDS] = {"one", "two", "three"};

    pair_ready(p);
    for (int i = 0; i < RECORDS; i++) {
        record[i] = BUF_INIT(4096);
        assert_ok(tunnel_send(p->a.tunnel, 1, bytes_str(texts[i])));
        assert_ok(buf_append(&record[i], output(&p->a)));
    }
}

static void assert_dead(struct tunnel *t)
{
    BUF_LOCAL out = BUF_INIT(65536);

    assert_false(tunnel_is_ready(t));
    assert_true(tunnel_is_stale(t, 0));
    assert_nothing(t);
    assert_err(KMS_E_CLOSED, tunnel_send(t, 1, bytes_str("x")));
    assert_err(KMS_E_CLOSED, tunnel_receive(t, bytes_str("x")));
}

static void clear_all(struct pair *p, struct buf record[RECORDS])
{
    for (int i = 0; i < RECORDS; i++) buf_clear(&record[i]);
    pair_clear(p);
}

TEST(tunnel, ends_at_any_flipped_bit)
{
    struct pair p;

    pair_ready(&p);
    assert_ok(tunnel_send(p.a.tunnel, 1, bytes_str("one")));
    size_t len = output(&p.a).len;
    pair_clear(&p);
    /* The length field is left out: a longer record only waits for more, and dies with the next one. */
    for (size_t at = 0; at < len; at++) {
        struct buf record[RECORDS];
        if (at == 3 || at == 4) continue;
        three_records(&p, record);
        record[0].data[at] ^= (uint8_t)(1u << at % 8);
        assert_err(KMS_E_CLOSED, tunnel_receive(p.b.tunnel, buf_bytes(&record[0])));
        assert_dead(p.b.tunnel);
        clear_all(&p, record);
    }
}

TEST(tunnel, ends_when_the_length_of_a_record_is_altered)
{
    for (int at = 3; at <= 4; at++) {
        struct pair p;
        struct buf  record[RECORDS];
        three_records(&p, record);
        record[0].data[at] ^= 1;
        enum kms_err err = KMS_OK;
        for (int i = 0; i < 20 && err == KMS_OK; i++)
            err = tunnel_receive(p.b.tunnel, buf_bytes(&record[i < 3 ? i : 2]));
        assert_int_equal(err, KMS_E_CLOSED);
        assert_dead(p.b.tunnel);
        clear_all(&p, record);
    }
}

TEST(tunnel, ends_when_a_record_is_dropped)
{
    struct pair p;
    struct buf  record[RECORDS];

    three_records(&p, record);
    assert_ok(tunnel_receive(p.b.tunnel, buf_bytes(&record[0])));
    assert_err(KMS_E_CLOSED, tunnel_receive(p.b.tunnel, buf_bytes(&record[2])));
    assert_dead(p.b.tunnel);
    clear_all(&p, record);
}

TEST(tunnel, ends_when_a_record_is_repeated)
{
    struct pair p;
    struct buf  record[RECORDS];

    three_records(&p, record);
    assert_ok(tunnel_receive(p.b.tunnel, buf_bytes(&record[0])));
    assert_err(KMS_E_CLOSED, tunnel_receive(p.b.tunnel, buf_bytes(&record[0])));
    assert_dead(p.b.tunnel);
    clear_all(&p, record);
}

TEST(tunnel, ends_when_records_are_reordered)
{
    struct pair p;
    struct buf  record[RECORDS];

    three_records(&p, record);
    assert_err(KMS_E_CLOSED, tunnel_receive(p.b.tunnel, buf_bytes(&record[1])));
    assert_dead(p.b.tunnel);
    clear_all(&p, record);
}

TEST(tunnel, ends_when_a_record_of_another_tunnel_is_spliced_in)
{
    struct pair p, other;
    struct buf  record[RECORDS], foreign[RECORDS];

    three_records(&p, record);
    three_records(&other, foreign);
    assert_ok(tunnel_receive(p.b.tunnel, buf_bytes(&record[0])));
    assert_err(KMS_E_CLOSED, tunnel_receive(p.b.tunnel, buf_bytes(&foreign[1])));
    assert_dead(p.b.tunnel);
    clear_all(&p, record);
    clear_all(&other, foreign);
}

TEST(tunnel, ends_when_a_record_is_sent_back_to_where_it_came_from)
{
    struct pair p;
    struct buf  record[RECORDS];

    three_records(&p, record);
    assert_err(KMS_E_CLOSED, tunnel_receive(p.a.tunnel, buf_bytes(&record[0])));
    assert_dead(p.a.tunnel);
    clear_all(&p, record);
}

TEST(tunnel, ends_at_garbage_before_and_after_the_handshake)
{
    static const char garbage[] = "GET / HTTP/1.1\r\n\r\n";
    struct pair       p;

    pair_init(&p);
    assert_err(KMS_E_CLOSED, tunnel_receive(p.b.tunnel, bytes_str(garbage)));
    assert_dead(p.b.tunnel);
    pair_clear(&p);
    pair_ready(&p);
    assert_err(KMS_E_CLOSED, tunnel_receive(p.b.tunnel, bytes_str(garbage)));
    pair_clear(&p);
}

TEST(tunnel, ends_when_too_much_comes_at_once)
{
    static uint8_t flood[256 * 1024 + 1];
    struct pair    p;

    pair_ready(&p);
    assert_err(KMS_E_CLOSED, tunnel_receive(p.b.tunnel, BYTES_OF(flood)));
    pair_clear(&p);
}

/* ---- who may talk ---- */

TEST(tunnel, is_not_opened_to_oneself)
{
    struct pair    p;
    struct tunnel *t;

    pair_init(&p);
    assert_err(KMS_E_ARGUMENT, tunnel_new(&t, p.a.context, "tss1", p.a.credential.identity.fingerprint, 0));
    assert_err(KMS_E_ARGUMENT, tunnel_new(&t, p.a.context, "", p.a.credential.identity.fingerprint, 0));
    pair_clear(&p);
}

/* The relay joins an end to itself: both are clients, or both are servers. */
TEST(tunnel, does_not_talk_to_a_mirror)
{
    struct pair p;

    pair_init(&p);
    assert_err(KMS_E_CLOSED, tunnel_receive(p.a.tunnel, output(&p.a)));
    pair_clear(&p);
}

/* `a` expects tss2 with tss2's certificate, `impostor` answers; then the other way round. */
static void assert_refused(const struct cluster_pki *pki, struct end *impostor)
{
    struct end a, expected;

    end_init(&a, pki, "node/tss1");
    end_init(&expected, pki, "node/tss2");
    open_to(&a, "tss2", expected.credential.identity.fingerprint);
    open_to(impostor, "tss1", a.credential.identity.fingerprint);
    assert_ok(tunnel_send(a.tunnel, 1, bytes_str("for tss2 only")));
    assert_int_equal(relay(&a, impostor), KMS_E_CLOSED);
    assert_false(tunnel_is_ready(a.tunnel));
    assert_nothing(impostor->tunnel);
    end_clear(&a);
    end_clear(&expected);
    tunnel_free(&impostor->tunnel);
}

TEST(tunnel, refuses_another_node)
{
    struct cluster_pki pki;
    struct end         impostor;

    cluster_pki_init(&pki, 0, "test");
    end_init(&impostor, &pki, "node/tss3");
    assert_refused(&pki, &impostor);
    end_clear(&impostor);
    cluster_pki_clear(&pki);
}

TEST(tunnel, refuses_the_right_name_with_a_certificate_that_is_not_in_the_roster)
{
    struct cluster_pki pki;
    struct end         impostor;

    cluster_pki_init(&pki, 0, "test");
    end_init(&impostor, &pki, "node/tss2");
    assert_refused(&pki, &impostor);
    end_clear(&impostor);
    cluster_pki_clear(&pki);
}

TEST(tunnel, refuses_a_certificate_of_another_ca)
{
    struct cluster_pki pki, foreign;
    struct end         impostor;

    cluster_pki_init(&pki, 0, "test");
    cluster_pki_init(&foreign, 1, "test");
    end_init(&impostor, &foreign, "node/tss2");
    assert_refused(&pki, &impostor);
    end_clear(&impostor);
    cluster_pki_clear(&pki);
    cluster_pki_clear(&foreign);
}

/* One CA for two clusters: the certificate is listed, its cluster is another. */
TEST(tunnel, refuses_a_node_of_another_cluster)
{
    struct cluster_pki pki, elsewhere;
    struct end         a, other;

    cluster_pki_init(&pki, 2, "test");
    cluster_pki_init(&elsewhere, 2, "prod");
    end_init(&a, &pki, "node/tss1");
    end_init(&other, &elsewhere, "node/tss2");
    open_to(&a, "tss2", other.credential.identity.fingerprint);
    open_to(&other, "tss1", a.credential.identity.fingerprint);
    assert_int_equal(relay(&a, &other), KMS_E_CLOSED);
    assert_false(tunnel_is_ready(a.tunnel));
    end_clear(&a);
    end_clear(&other);
    cluster_pki_clear(&pki);
    cluster_pki_clear(&elsewhere);
}

/* The fingerprint is the expected one, the name is not: the server's end, where the client is the impostor. */
TEST(tunnel, refuses_a_listed_certificate_under_another_name)
{
    struct cluster_pki pki;
    struct end         client, server;

    cluster_pki_init(&pki, 0, "test");
    end_init(&client, &pki, "node/tss1");
    end_init(&server, &pki, "node/tss3");
    open_to(&client, "tss3", server.credential.identity.fingerprint);
    open_to(&server, "tss2", client.credential.identity.fingerprint);
    assert_int_equal(relay(&client, &server), KMS_E_CLOSED);
    assert_false(tunnel_is_ready(server.tunnel));
    end_clear(&client);
    end_clear(&server);
    cluster_pki_clear(&pki);
}

TEST(tunnel, refuses_an_expired_certificate)
{
    struct cluster_pki pki;
    struct end         a, late;

    cluster_pki_init(&pki, 0, "test");
    end_init(&a, &pki, "node/tss1");
    late = (struct end){.out = BUF_INIT(1 << 20)};
    cluster_pki_issue_dated(&pki, &late.credential, "node/tss2", clock_wall_s() - 3 * 86400, 2);
    assert_ok(tunnel_context_new(&late.context, &late.credential, pki.authority));
    open_to(&a, "tss2", late.credential.identity.fingerprint);
    open_to(&late, "tss1", a.credential.identity.fingerprint);
    assert_int_equal(relay(&a, &late), KMS_E_CLOSED);
    assert_false(tunnel_is_ready(a.tunnel));
    end_clear(&a);
    end_clear(&late);
    cluster_pki_clear(&pki);
}

TEST(tunnel, needs_a_nodes_credential)
{
    struct cluster_pki     pki;
    struct end             client, locked;
    struct tunnel_context *context;

    cluster_pki_init(&pki, 0, "test");
    end_init(&client, &pki, "client/app");
    assert_err(KMS_E_CONFIG, tunnel_context_new(&context, &client.credential, pki.authority));
    end_init(&locked, &pki, "node/tss1");
    credential_lock(&locked.credential);
    assert_err(KMS_E_STATE, tunnel_context_new(&context, &locked.credential, pki.authority));
    end_clear(&client);
    end_clear(&locked);
    cluster_pki_clear(&pki);
}

TEST(tunnel, grows_stale_with_age)
{
    struct pair p;

    pair_ready(&p);
    assert_false(tunnel_is_stale(p.a.tunnel, TUNNEL_MAX_AGE_MS - 1));
    assert_true(tunnel_is_stale(p.a.tunnel, TUNNEL_MAX_AGE_MS));
    pair_clear(&p);
}

TEST(tunnel, costs_microseconds_per_message)
{
    struct pair  p;
    uint8_t      type;
    struct bytes body;

    pair_ready(&p);
    uint64_t start = clock_monotonic_us();
    for (int i = 0; i < 5000; i++) {
        assert_ok(tunnel_send(p.a.tunnel, 1,
                              bytes_str("a message of a signature, of about a hundred and fifty bytes, "
                                        "which is what a round of FROST needs with its envelope ......")));
        assert_ok(tunnel_receive(p.b.tunnel, output(&p.a)));
        assert_true(tunnel_next(p.b.tunnel, &type, &body));
    }
    print_message("    %.1f us per message, both ends\n", (double)(clock_monotonic_us() - start) / 5000);
    pair_clear(&p);
}
