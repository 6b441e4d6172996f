/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 without sockets: what is accepted, what is refused and how, however the bytes are cut. */
#include "cluster/net/http1.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/test.h"

#define HOST "Host: kms\r\n"

static struct http1 *http1_opened(void)
{
    struct http1 *h;

    assert_ok(http1_new(&h));
    return h;
}

static void receive(struct http1 *h, const char *text)
{
    assert_ok(http1_receive(h, bytes_str(text)));
}

/* What the server has to say so far. */
static const char *output(struct http1 *h)
{
    static struct buf out = {.max = 1 << 20};

    out.len = 0;
    assert_ok(http1_output(h, &out));
    return buf_str(&out);
}

static void answer(struct http1 *h, const char *body, bool last)
{
    struct http_response r = {.status = 200, .content_type = "text/plain", .body = bytes_str(body)};

    assert_ok(http1_answer(h, &r, last));
}

/* Feeds one request whole, and again a byte at a time; both end with this status and nothing to take. */
static void assert_refused(int status, const char *request)
{
    for (unsigned round = 0; round < 2; round++) {
        struct http1 *h = http1_opened();
        char          line[32];
        size_t        step = round == 0 ? strlen(request) : 1;
        for (size_t at = 0; at < strlen(request); at += step) assert_ok(http1_receive(h, bytes(request + at, step)));
        (void)snprintf(line, sizeof line, "HTTP/1.1 %d ", status);
        assert_null(http1_take(h));
        assert_true(http1_is_finished(h));
        const char *said = output(h);
        if (strncmp(said, line, strlen(line)) != 0) fail_msg("%.60s -> %.40s, expected %d", request, said, status);
        assert_non_null(strstr(said, "connection: close\r\n"));
        assert_non_null(strstr(said, "content-type: application/problem+json\r\n"));
        http1_free(&h);
    }
}

TEST(http1, reads_a_request_however_it_is_cut)
{
    static const char text[] =
        "POST /api/v1/keys?x=1 HTTP/1.1\r\n" HOST "X-Thing:  some value \t\r\nContent-Length: 5\r\n\r\nhello";

    for (size_t step = 1; step <= sizeof text - 1; step++) {
        struct http1 *h = http1_opened();
        for (size_t at = 0; at < sizeof text - 1; at += step) {
            assert_null(http1_take(h));
            size_t left = sizeof text - 1 - at;
            assert_ok(http1_receive(h, bytes(text + at, left < step ? left : step)));
        }
        struct http1_message *m = http1_take(h);
        assert_non_null(m);
        assert_string_equal(m->request.method, "POST");
        assert_string_equal(m->request.target, "/api/v1/keys?x=1");
        assert_int_equal(m->request.header_count, 3);
        assert_string_equal(http_request_header(&m->request, "x-thing", NULL), "some value");
        assert_true(bytes_equal_str(m->request.body, "hello"));
        http1_message_free(&m);
        http1_free(&h);
    }
}

TEST(http1, reads_chunks)
{
    struct http1 *h = http1_opened();

    receive(h, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    assert_null(http1_take(h));
    assert_true(http1_is_reading(h));
    receive(h, "2;x=y\r\nde\r\n0\r\n\r\n");

    struct http1_message *m = http1_take(h);
    assert_non_null(m);
    assert_true(bytes_equal_str(m->request.body, "abcde"));
    http1_message_free(&m);
    http1_free(&h);
}

TEST(http1, hands_out_pipelined_requests_one_at_a_time)
{
    struct http1 *h = http1_opened();

    receive(h, "GET /1 HTTP/1.1\r\n" HOST "\r\nGET /2 HTTP/1.1\r\n" HOST "\r\nGET /3 HT");
    for (unsigned i = 1; i <= 2; i++) {
        char                  target[8];
        struct http1_message *m = http1_take(h);
        (void)snprintf(target, sizeof target, "/%u", i);
        assert_non_null(m);
        assert_string_equal(m->request.target, target);
        assert_null(http1_take(h));
        answer(h, target, false);
        assert_non_null(strstr(output(h), target));
        http1_message_free(&m);
    }
    assert_null(http1_take(h));
    assert_true(http1_is_reading(h));
    http1_free(&h);
}

TEST(http1, waits_with_further_requests_while_answers_wait)
{
    struct http1 *h = http1_opened();
    static char   large[100000];

    memset(large, 'x', sizeof large - 1);
    receive(h, "GET /1 HTTP/1.1\r\n" HOST "\r\nGET /2 HTTP/1.1\r\n" HOST "\r\n");
    struct http1_message *m = http1_take(h);
    answer(h, large, false);
    http1_message_free(&m);

    assert_null(http1_take(h));
    (void)output(h);
    m = http1_take(h);
    assert_non_null(m);
    http1_message_free(&m);
    http1_free(&h);
}

static const char *answer_to(const char *request, bool last)
{
    struct http1 *h = http1_opened();

    receive(h, request);
    struct http1_message *m = http1_take(h);
    assert_non_null(m);
    http1_message_free(&m);
    answer(h, "body", last);
    const char *said = output(h);
    http1_free(&h);
    return said;
}

TEST(http1, answers_with_length_date_and_persistence)
{
    const char *said = answer_to("GET / HTTP/1.1\r\n" HOST "\r\n", false);

    assert_non_null(strstr(said, "HTTP/1.1 200 OK\r\ndate: "));
    assert_non_null(strstr(said, " GMT\r\n"));
    const char *cache = strstr(said, "cache-control: no-store\r\n");
    assert_non_null(cache);
    assert_null(strstr(cache + 1, "cache-control"));
    assert_non_null(strstr(said, "content-length: 4\r\n"));
    assert_non_null(strstr(said, "\r\n\r\nbody"));
    assert_null(strstr(said, "connection:"));
    assert_non_null(strstr(answer_to("GET / HTTP/1.1\r\n" HOST "\r\n", true), "connection: close\r\n"));
    assert_non_null(
        strstr(answer_to("GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", false), "connection: close\r\n"));
    assert_non_null(strstr(answer_to("GET / HTTP/1.0\r\n\r\n", false), "connection: close\r\n"));
    assert_non_null(
        strstr(answer_to("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false), "connection: keep-alive\r\n"));
    assert_null(strstr(answer_to("HEAD / HTTP/1.1\r\n" HOST "\r\n", false), "body"));
}

TEST(http1, lets_no_value_begin_a_header)
{
    struct http1        *h = http1_opened();
    struct http_response r = {.status = 201, .header_count = 1, .headers = {{"location", "/x\r\nset-cookie: a=b"}}};

    receive(h, "GET / HTTP/1.1\r\n" HOST "\r\n");
    struct http1_message *m = http1_take(h);
    http1_message_free(&m);
    assert_ok(http1_answer(h, &r, false));

    assert_non_null(strstr(output(h), "location: /x  set-cookie: a=b\r\n"));
    http1_free(&h);
}

TEST(http1, says_continue_when_a_body_is_expected)
{
    struct http1 *h = http1_opened();

    receive(h, "PUT / HTTP/1.1\r\n" HOST "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    assert_string_equal(output(h), "HTTP/1.1 100 Continue\r\n\r\n");
    receive(h, "ok");

    struct http1_message *m = http1_take(h);
    assert_non_null(m);
    http1_message_free(&m);
    http1_free(&h);
}

TEST(http1, takes_the_path_of_an_absolute_target)
{
    struct http1 *h = http1_opened();

    receive(h, "GET https://kms:8080/healthz?a HTTP/1.1\r\n" HOST "\r\n");
    struct http1_message *m = http1_take(h);
    assert_non_null(m);
    assert_string_equal(m->request.target, "/healthz?a");
    http1_message_free(&m);
    http1_free(&h);
}

TEST(http1, ignores_an_offer_to_upgrade)
{
    struct http1 *h = http1_opened();

    receive(h, "GET / HTTP/1.1\r\n" HOST
               "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n\r\n");
    struct http1_message *m = http1_take(h);
    assert_non_null(m);
    http1_message_free(&m);
    http1_free(&h);
}

TEST(http1, refuses_what_is_malformed)
{
    assert_refused(400, "NONSENSE\r\n\r\n");
    assert_refused(400, "\x16\x03\x01\x02\x01\x01"); /* a TLS client at the wrong door */
    assert_refused(400, "GET / HTTP/1.1\r\nHost kms\r\n\r\n");
    assert_refused(400, "GET / HTTP/1.1\r\n\r\n");
    assert_refused(400, "GET / HTTP/1.1\r\n" HOST HOST "\r\n");
    assert_refused(400, "GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n");
    assert_refused(400, "GET / HTTP/1.1\r\n" HOST "X: a\x01\r\n\r\n");
    assert_refused(400, "GET / HTTP/1.1\r\n" HOST "X: \x05"
                        "a\r\n\r\n");
    assert_refused(400, "OPTIONS * HTTP/1.1\r\n" HOST "\r\n");
    assert_refused(400, "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n");
    assert_refused(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: x\r\n\r\n");
    assert_refused(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n");
}

TEST(http1, refuses_what_two_readers_would_read_differently)
{
    assert_refused(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab");
    assert_refused(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    assert_refused(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n");
    assert_refused(501, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n");
    assert_refused(400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    assert_refused(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: a\r\n\r\n");
    assert_refused(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nxyz\r\n");
}

TEST(http1, refuses_other_versions_and_expectations)
{
    assert_refused(505, "GET / HTTP/2.0\r\n" HOST "\r\n");
    assert_refused(505, "GET / HTTP/1.2\r\n" HOST "\r\n");
    assert_refused(505, "GET /\r\n\r\n");
    assert_refused(417, "PUT / HTTP/1.1\r\n" HOST "Content-Length: 2\r\nExpect: magic\r\n\r\n");
}

TEST(http1, refuses_more_than_its_limits)
{
    BUF_LOCAL many = BUF_INIT(1 << 20), wide = BUF_INIT(1 << 20), far = BUF_INIT(1 << 20);

    assert_ok(buf_append_str(&many, "GET / HTTP/1.1\r\n" HOST));
    for (unsigned i = 0; i < HTTP_HEADERS_MAX; i++) assert_ok(buf_printf(&many, "X-%u: y\r\n", i));
    assert_refused(431, buf_str(&many));

    assert_ok(buf_append_str(&wide, "GET / HTTP/1.1\r\n" HOST "X: "));
    for (unsigned i = 0; i < HTTP1_HEAD_MAX; i++) assert_ok(buf_append_str(&wide, "x"));
    assert_ok(buf_append_str(&wide, "\r\n"));
    assert_refused(431, buf_str(&wide));

    assert_ok(buf_append_str(&far, "GET /"));
    for (unsigned i = 0; i < HTTP1_TARGET_MAX; i++) assert_ok(buf_append_str(&far, "x"));
    assert_ok(buf_append_str(&far, " HTTP/1.1\r\n"));
    assert_refused(414, buf_str(&far));

    assert_refused(413, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\n");
}

TEST(http1, takes_a_body_of_the_maximum_and_no_more_in_chunks)
{
    for (unsigned more = 0; more <= 1; more++) {
        struct http1 *h = http1_opened();
        BUF_LOCAL     body = BUF_INIT(HTTP1_BODY_MAX + 64);
        assert_ok(buf_printf(&body, "%x\r\n", HTTP1_BODY_MAX + more));
        memset(buf_reserve(&body, HTTP1_BODY_MAX + more), 'b', HTTP1_BODY_MAX + more);
        body.len += HTTP1_BODY_MAX + more;
        assert_ok(buf_append_str(&body, "\r\n0\r\n\r\n"));
        receive(h, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
        for (size_t at = 0; at < body.len; at += 65536)
            assert_ok(http1_receive(h, bytes(body.data + at, body.len - at < 65536 ? body.len - at : 65536)));
        struct http1_message *m = http1_take(h);
        assert_int_equal(m != NULL, more == 0);
        assert_int_equal(strncmp(output(h), "HTTP/1.1 413 ", 13) == 0, more == 1);
        http1_message_free(&m);
        http1_free(&h);
    }
}

TEST(http1, tells_when_it_holds_enough)
{
    struct http1 *h = http1_opened();
    static char   rest[HTTP1_BACKLOG_MAX + 2];

    memset(rest, '\n', sizeof rest - 1);
    receive(h, "GET / HTTP/1.1\r\n" HOST "\r\n");
    assert_false(http1_is_full(h));
    receive(h, rest);
    assert_true(http1_is_full(h));
    http1_free(&h);
}

TEST(http1, refuses_in_place_of_an_answer_once)
{
    struct http1 *h = http1_opened();

    receive(h, "GET / HTTP/1.1\r\n");
    http1_refuse(h, 408, KMS_E_TIMEOUT, "late");
    http1_refuse(h, 400, KMS_E_FORMAT, "again");

    const char *said = output(h);
    assert_non_null(strstr(said, "HTTP/1.1 408 "));
    assert_non_null(strstr(said, "\"code\":\"timeout\",\"retryable\":true}"));
    assert_null(strstr(said, "again"));
    assert_null(strstr(said, "x-request-id")); /* what never became a request has no row to be found by it */
    http1_free(&h);
}

static size_t ten(void *self, const struct http_request *head)
{
    (void)self;
    return strcmp(head->target, "/ten") == 0 ? 10 : 0;
}

TEST(http1, refuses_a_body_over_the_limit_of_its_path_before_it_is_read)
{
    static const struct {
        const char *request;
        bool        taken;
    } rows[] = {
        {"POST /ten HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n0123456789", true},
        {"POST /ten HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\n", false},
        {"POST /ten HTTP/1.1\r\n" HOST "Content-Length: 11\r\nExpect: 100-continue\r\n\r\n", false},
        {"POST /none HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n", false},
        {"POST /ten HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n1\r\nx", false},
    };

    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct http1 *h = http1_opened();
        http1_set_limits(h, &(struct http1_limits){.body_max = ten});
        receive(h, rows[i].request);
        struct http1_message *m = http1_take(h);
        assert_int_equal(m != NULL, rows[i].taken);
        assert_int_equal(strncmp(output(h), "HTTP/1.1 413 ", 13) == 0, !rows[i].taken);
        http1_message_free(&m);
        http1_free(&h);
    }
}

/* The head and all but the last byte of a body of `len` bytes. */
static struct http1 *half_sent(struct http1_pool *pool, size_t len)
{
    struct http1 *h = http1_opened();
    static char   block[16384], head[80];

    http1_set_limits(h, &(struct http1_limits){.pool = pool});
    (void)snprintf(head, sizeof head, "POST / HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n", len);
    receive(h, head);
    assert_ok(http1_receive(h, bytes(block, len - 1)));
    return h;
}

TEST(http1, shares_a_pool_of_memory_between_the_large_bodies_of_all)
{
    struct http1_pool     pool = {.max = 10000};
    struct http1         *first = half_sent(&pool, HTTP1_BODY_FREE + 8001), *second, *small;
    struct http1_message *m;

    assert_int_equal(pool.used, 8000);
    second = half_sent(&pool, HTTP1_BODY_FREE + 2002);
    const char *said = output(second);
    assert_int_equal(strncmp(said, "HTTP/1.1 503 ", 13), 0);
    assert_non_null(strstr(said, "retry-after: 1\r\n"));
    assert_int_equal(pool.used, 8000);
    small = half_sent(&pool, HTTP1_BODY_FREE);
    receive(small, "x");
    m = http1_take(small);
    assert_non_null(m);
    http1_message_free(&m);

    receive(first, "x");
    assert_int_equal(pool.used, 8001);
    m = http1_take(first);
    assert_non_null(m);
    assert_int_equal(pool.used, 0);
    http1_message_free(&m);
    http1_free(&second);
    http1_free(&small);
    http1_free(&first);
    first = half_sent(&pool, 2 * HTTP1_BODY_FREE);
    http1_free(&first);
    assert_int_equal(pool.used, 0);
}
