/* SPDX-License-Identifier: Apache-2.0 */
/* Who is believed: signatures, certificates, freshness, nonces; and how strangers are counted. */
#include <stdio.h>
#include <stdlib.h>

#include "cluster/api/nonces.h"
#include "cluster/api/strangers.h"
#include "common/base/clock.h"
#include "tests/support/gateway.h"

static const struct gateway_request list = {.method = "GET", .target = "/api/v1/keys"};

static int status_of(struct gateway *g, const struct credential *who, const struct gateway_request *request)
{
    REPLY_LOCAL reply = {0};

    gateway_call(g, who, request, &reply);
    return reply.status;
}

TEST(auth, a_signed_request_is_believed)
{
    struct gateway g;

    gateway_init(&g, &(struct gateway_options){0});
    assert_int_equal(status_of(&g, &g.app, &list), 200);
    gateway_clear(&g);
}

TEST(auth, without_any_one_header_it_is_not)
{
    static const char *const headers[] = {"signature-input", "signature",   "content-digest",
                                          "idempotency-key", "client-cert", "x-kms-access-key"};
    struct gateway           g;

    gateway_init(&g, &(struct gateway_options){0});
    for (unsigned i = 0; i < ARRAY_LEN(headers); i++) {
        struct gateway_request request = list;
        request.drop = headers[i];
        assert_int_equal(status_of(&g, &g.app, &request), 401);
    }
    gateway_clear(&g);
}

TEST(auth, with_any_one_header_altered_it_is_not)
{
    static const char *const headers[] = {"signature-input", "signature",   "content-digest",
                                          "idempotency-key", "client-cert", "x-kms-access-key"};
    struct gateway           g;

    gateway_init(&g, &(struct gateway_options){0});
    for (unsigned i = 0; i < ARRAY_LEN(headers); i++) {
        struct gateway_request request = list;
        request.spoil = headers[i];
        request.idempotency_key = "aaaaaaaaa";
        int status = status_of(&g, &g.app, &request);
        if (status != 401) fail_msg("%s altered: %d", headers[i], status);
    }
    gateway_clear(&g);
}

TEST(auth, a_certificate_of_another_ca_or_cluster_is_refused)
{
    struct gateway     g;
    struct cluster_pki foreign, neighbour;
    struct credential  stranger, relative;

    gateway_init(&g, &(struct gateway_options){0});
    cluster_pki_init(&foreign, 1, "test");
    cluster_pki_issue(&foreign, &stranger, "client/app");
    cluster_pki_init(&neighbour, 0, "other");
    cluster_pki_issue(&neighbour, &relative, "client/app");
    assert_int_equal(status_of(&g, &stranger, &list), 401);
    assert_int_equal(status_of(&g, &relative, &list), 401);
    credential_clear(&stranger);
    credential_clear(&relative);
    cluster_pki_clear(&foreign);
    cluster_pki_clear(&neighbour);
    gateway_clear(&g);
}

TEST(auth, an_expired_certificate_is_refused)
{
    struct gateway    g;
    struct credential old;

    gateway_init(&g, &(struct gateway_options){0});
    cluster_pki_issue_dated(&g.pki, &old, "client/app", clock_wall_s() - 10 * 86400, 5);
    assert_int_equal(status_of(&g, &old, &list), 401);
    credential_clear(&old);
    gateway_clear(&g);
}

TEST(auth, a_node_or_gateway_certificate_is_no_client)
{
    struct gateway g;

    gateway_init(&g, &(struct gateway_options){0});
    assert_int_equal(status_of(&g, &g.credentials[0], &list), 403);
    gateway_clear(&g);
}

TEST(auth, an_old_or_early_request_is_to_be_signed_anew)
{
    struct gateway g;
    REPLY_LOCAL    reply = {0};

    gateway_init(&g, &(struct gateway_options){0});
    struct gateway_request request = list;
    request.skew_s = -61;
    gateway_call(&g, &g.app, &request, &reply);
    assert_int_equal(reply.status, 401);
    assert_non_null(strstr(buf_str(&reply.body), "\"code\":\"not_fresh\""));
    assert_non_null(strstr(buf_str(&reply.body), "\"retryable\":true"));
    request.skew_s = 31;
    assert_int_equal(status_of(&g, &g.app, &request), 401);
    request.skew_s = 29;
    assert_int_equal(status_of(&g, &g.app, &request), 200);
    gateway_clear(&g);
}

TEST(auth, the_same_signed_bytes_may_come_again)
{
    struct gateway g;

    gateway_init(&g, &(struct gateway_options){0});
    struct gateway_request request = list;
    request.twice = true;
    assert_int_equal(status_of(&g, &g.app, &request), 200);
    gateway_clear(&g);
}

static struct signed_request request_of(const char *nonce, char key, int64_t expires)
{
    struct signed_request r = {.created = 1000, .expires = expires};

    (void)snprintf(r.nonce, sizeof r.nonce, "%s", nonce);
    memset(r.keyid, key, ACCESS_KEY_LEN);
    return r;
}

static enum kms_err check(struct nonces *n, const struct signed_request *r, const uint8_t hash[32], int64_t now_s)
{
    bool repeated;

    return nonces_check(n, &repeated, r, hash, now_s);
}

TEST(nonces, the_same_request_is_told_from_a_new_one_and_may_not_come_too_often)
{
    struct nonces              *n;
    const struct signed_request r = request_of("n1", 'a', 1060), other = request_of("n2", 'a', 1060);
    const uint8_t               one[32] = {1};
    bool                        repeated = true;

    assert_ok(nonces_new(&n, (struct nonce_limits){0}));
    assert_ok(nonces_check(n, &repeated, &r, one, 1000));
    assert_false(repeated);
    for (unsigned i = 0; i < NONCE_REPEATS_MAX; i++) {
        assert_ok(nonces_check(n, &repeated, &r, one, 1000));
        assert_true(repeated);
    }
    assert_err(KMS_E_BUSY, nonces_check(n, &repeated, &r, one, 1000));
    assert_true(repeated);
    assert_ok(check(n, &other, one, 1000));
    assert_ok(check(n, &r, one, 1001));
    nonces_free(&n);
}

TEST(nonces, another_request_under_a_nonce_is_refused_until_it_expires)
{
    struct nonces              *n;
    const struct signed_request r = request_of("n1", 'a', 1060), late = request_of("n1", 'a', 1200);
    const uint8_t               one[32] = {1}, two[32] = {2};

    assert_ok(nonces_new(&n, (struct nonce_limits){0}));
    assert_ok(check(n, &r, one, 1000));
    assert_ok(check(n, &r, one, 1001));
    assert_err(KMS_E_REPLAY, check(n, &r, two, 1002));
    assert_err(KMS_E_REPLAY, check(n, &r, two, 1060));
    assert_ok(check(n, &late, two, 1061));
    assert_err(KMS_E_REPLAY, check(n, &late, one, 1062));
    nonces_free(&n);
}

TEST(nonces, two_access_keys_have_nonces_of_their_own)
{
    struct nonces              *n;
    const struct signed_request a = request_of("n1", 'a', 1060), b = request_of("n1", 'b', 1060);
    const uint8_t               one[32] = {1}, two[32] = {2};

    assert_ok(nonces_new(&n, (struct nonce_limits){0}));
    assert_ok(check(n, &a, one, 1000));
    assert_ok(check(n, &b, two, 1000));
    nonces_free(&n);
}

TEST(nonces, a_full_table_refuses_and_forgets_nobody)
{
    struct nonces *n;
    const uint8_t  one[32] = {1}, two[32] = {2};
    char           name[16];

    assert_ok(nonces_new(&n, (struct nonce_limits){.per_key = 5, .all = 8}));
    for (int i = 0; i < 5; i++) {
        (void)snprintf(name, sizeof name, "n%d", i);
        const struct signed_request r = request_of(name, 'a', 1060);
        assert_ok(check(n, &r, one, 1000));
    }
    const struct signed_request more = request_of("more", 'a', 1060), first = request_of("n0", 'a', 1060);
    assert_err(KMS_E_BUSY, check(n, &more, one, 1000));
    assert_err(KMS_E_REPLAY, check(n, &first, two, 1000));
    for (int i = 0; i < 3; i++) {
        (void)snprintf(name, sizeof name, "n%d", i);
        const struct signed_request r = request_of(name, 'b', 1060);
        assert_ok(check(n, &r, one, 1000));
    }
    const struct signed_request third = request_of("n", 'c', 1060);
    assert_err(KMS_E_BUSY, check(n, &third, one, 1000));
    assert_ok(check(n, &third, one, 1061));
    assert_ok(check(n, &more, one, 1061));
    nonces_free(&n);
}

TEST(nonces, time_that_jumps_or_goes_back_is_survived)
{
    struct nonces              *n;
    const struct signed_request r = request_of("n1", 'a', 1060), later = request_of("n2", 'a', 900000);
    const uint8_t               one[32] = {1}, two[32] = {2};

    assert_ok(nonces_new(&n, (struct nonce_limits){0}));
    assert_ok(check(n, &r, one, 1000));
    assert_ok(check(n, &later, one, 899990));
    assert_err(KMS_E_REPLAY, check(n, &later, two, 1000));
    assert_ok(check(n, &r, two, 1000));
    nonces_free(&n);
}

TEST(strangers, are_counted_in_two_rows_a_second)
{
    struct gateway g;
    BUF_LOCAL      log = BUF_INIT(65536);

    gateway_init(&g, &(struct gateway_options){0});
    g.wall_ms -= g.wall_ms % 1000;
    for (unsigned i = 0; i < 50; i++) assert_int_equal(status_of(&g, NULL, &list), 401);
    gateway_log(&g, &log);
    assert_string_equal(buf_str(&log), "KEY_LIST unauthenticated\n");
    gateway_pass(&g, 1500);
    buf_clear(&log);
    gateway_log(&g, &log);
    assert_string_equal(buf_str(&log), "KEY_LIST unauthenticated\nUNAUTHENTICATED unauthenticated\n");
    gateway_clear(&g);
}

static void assert_log(struct gateway *g, const char *expected)
{
    BUF_LOCAL log = BUF_INIT(65536);

    gateway_log(g, &log);
    assert_string_equal(buf_str(&log), expected);
}

/* Whoever has seen a request can send it again: he must not fill the log, least of all in its signer's name. */
TEST(copies, of_an_expired_request_are_counted_in_two_rows_a_second)
{
    struct gateway         g;
    struct gateway_request request = list;

    gateway_init(&g, &(struct gateway_options){0});
    g.wall_ms -= g.wall_ms % 1000;
    request.skew_s = -61;
    request.again = 200;
    assert_int_equal(status_of(&g, &g.app, &request), 401);
    assert_log(&g, "KEY_LIST not_fresh\n");
    gateway_pass(&g, 1500);
    assert_log(&g, "KEY_LIST not_fresh\nREPEATED replayed\n");
    gateway_clear(&g);
}

TEST(copies, of_a_fresh_request_are_counted_too_and_then_refused)
{
    struct gateway         g;
    struct gateway_request request = list;

    gateway_init(&g, &(struct gateway_options){0});
    g.wall_ms -= g.wall_ms % 1000;
    request.again = NONCE_REPEATS_MAX;
    assert_int_equal(status_of(&g, &g.app, &request), 200);
    request.again = NONCE_REPEATS_MAX + 1;
    assert_int_equal(status_of(&g, &g.app, &request), 429);
    assert_log(&g, "KEY_LIST ok\nKEY_LIST ok\nKEY_LIST ok\n"); /* one for each request, and one for all copies */
    gateway_pass(&g, 1500);
    assert_log(&g, "KEY_LIST ok\nKEY_LIST ok\nKEY_LIST ok\nREPEATED replayed\n");
    gateway_clear(&g);
}

TEST(copies, with_another_role_are_counted_too)
{
    struct gateway         g;
    struct gateway_request request = {.method = "GET", .target = "/api/v1/status", .again = 3};

    gateway_init(&g, &(struct gateway_options){0});
    g.wall_ms -= g.wall_ms % 1000;
    assert_int_equal(status_of(&g, &g.app, &request), 403);
    assert_log(&g, "STATUS denied\nSTATUS denied\n");
    gateway_clear(&g);
}

struct totals {
    unsigned rows, counted;
};

static enum kms_err add_up(void *arg, int64_t number, const struct log_record *row)
{
    struct totals *t = arg;
    const char    *count = strstr(row->detail, "\"count\":");

    (void)number;
    t->rows++;
    t->counted += count == NULL ? 1 : (unsigned)strtoul(count + 8, NULL, 10);
    return KMS_OK;
}

static struct totals log_totals(struct gateway *g)
{
    struct totals t = {0};

    assert_ok(g->metadata.ops->log_each(g->metadata.self, 0, 1000000, add_up, &t));
    return t;
}

TEST(strangers, get_a_row_a_second_at_most_in_the_long_run_and_none_is_lost)
{
    struct gateway g;

    gateway_init(&g, &(struct gateway_options){0});
    g.wall_ms -= g.wall_ms % 1000;
    for (unsigned second = 0; second < 2000; second++) {
        for (unsigned i = 0; i < 3; i++) assert_int_equal(status_of(&g, NULL, &list), 401);
        g.wall_ms += 1000;
    }
    gateway_pass(&g, 4000);
    struct totals t = log_totals(&g);
    assert_int_equal(t.counted, 6000);
    assert_in_range(t.rows, 2000, 2000 + STRANGERS_ROWS_MAX + 5);
    gateway_clear(&g);
}

TEST(strangers, leave_the_reserve_of_the_disk_alone)
{
    struct gateway g;

    gateway_init(&g, &(struct gateway_options){0});
    g.disk_free = UINT64_C(1) << 30;
    for (unsigned i = 0; i < 10; i++) assert_int_equal(status_of(&g, NULL, &list), 401);
    gateway_pass(&g, 3000);
    assert_int_equal(log_totals(&g).rows, 0);
    assert_int_equal(status_of(&g, &g.app, &list), 200); /* who has signed has his row */
    assert_int_equal(log_totals(&g).rows, 1);
    g.disk_free++;
    gateway_pass(&g, 1500);
    assert_int_equal(log_totals(&g).rows, 2);
    assert_int_equal(log_totals(&g).counted, 11);
    gateway_clear(&g);
}

TEST(health, is_told_to_anybody_and_leaves_no_row)
{
    struct gateway g;
    BUF_LOCAL      log = BUF_INIT(65536);

    gateway_init(&g, &(struct gateway_options){0});
    assert_int_equal(status_of(&g, NULL, &(struct gateway_request){.method = "GET", .target = "/healthz"}), 200);
    assert_int_equal(status_of(&g, NULL, &(struct gateway_request){.method = "GET", .target = "/readyz"}), 200);
    gateway_link_down(&g, 0);
    assert_int_equal(status_of(&g, NULL, &(struct gateway_request){.method = "GET", .target = "/readyz"}), 200);
    gateway_log(&g, &log);
    assert_string_equal(buf_str(&log), "");
    gateway_link_down(&g, 1);
    assert_int_equal(status_of(&g, NULL, &(struct gateway_request){.method = "GET", .target = "/readyz"}), 503);
    gateway_clear(&g);
}
