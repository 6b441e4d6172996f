/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP/1.1 parser: however the bytes are cut, the same requests and the same refusal; every request is within the
 * limits and its parts are what a handler may rely on. The first byte says where to cut.
 */
/* links: cluster_net */
#include "cluster/net/http1.h"

#include "tests/fuzz/fuzz.h"

#define TRACE_MAX (4u << 20)

static void check_text(const char *text, bool lower_case)
{
    for (; *text != '\0'; text++) {
        CHECK((uint8_t)*text >= ' ' || *text == '\t');
        CHECK(!lower_case || *text < 'A' || *text > 'Z');
    }
}

static void check_request(const struct http_request *r)
{
    CHECK(r->target[0] == '/' && strlen(r->target) <= HTTP1_TARGET_MAX);
    CHECK(r->header_count <= HTTP_HEADERS_MAX && r->body.len <= HTTP1_BODY_MAX);
    for (unsigned i = 0; i < r->header_count; i++) {
        check_text(r->headers[i].name, true);
        check_text(r->headers[i].value, false);
    }
}

/* What a handler saw, as text. */
static void trace_request(struct buf *trace, const struct http_request *r)
{
    CHECK(buf_printf(trace, "%s %s", r->method, r->target) == KMS_OK);
    for (unsigned i = 0; i < r->header_count; i++)
        CHECK(buf_printf(trace, "|%s=%s", r->headers[i].name, r->headers[i].value) == KMS_OK);
    CHECK(buf_append_str(trace, "|") == KMS_OK && buf_append(trace, r->body) == KMS_OK);
}

static void answer_all(struct http1 *h, struct buf *trace)
{
    struct http1_message *m;

    while ((m = http1_take(h)) != NULL) {
        struct http_response r = {.status = 204};
        check_request(&m->request);
        trace_request(trace, &m->request);
        http1_message_free(&m);
        CHECK(http1_answer(h, &r, false) == KMS_OK);
    }
}

/* The status lines (dates may differ). Of two faults in one input, the cut decides which is seen first: a refusal is a
 * refusal. */
static void trace_output(struct buf *trace, const struct buf *out)
{
    for (const char *at = buf_str(out); at != NULL && *at != '\0'; at = strstr(at + 1, "HTTP/1.1 ")) {
        CHECK(strlen(at) > 12);
        CHECK(buf_append(trace, at[9] >= '4' ? bytes_str("refused") : bytes(at, 12)) == KMS_OK);
    }
}

static void run(struct bytes in, size_t step, struct buf *trace)
{
    struct http1 *h;
    BUF_LOCAL     out = BUF_INIT(TRACE_MAX);

    CHECK(http1_new(&h) == KMS_OK);
    while (in.len > 0) {
        size_t take = in.len < step ? in.len : step;
        CHECK(http1_receive(h, bytes(in.data, take)) == KMS_OK);
        in = bytes(in.data + take, in.len - take);
        answer_all(h, trace);
    }
    CHECK(buf_printf(trace, "|%d%d|", http1_is_finished(h), !http1_is_finished(h) && http1_is_reading(h)) == KMS_OK);
    CHECK(http1_output(h, &out) == KMS_OK);
    trace_output(trace, &out);
    http1_free(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes(data, size);
    size_t       step = 1 + fuzz_take(&in) % 32u;
    BUF_LOCAL    whole = BUF_INIT(TRACE_MAX), cut = BUF_INIT(TRACE_MAX);

    run(in, SIZE_MAX, &whole);
    run(in, step, &cut);
    CHECK(bytes_equal(bytes(whole.data, whole.len), bytes(cut.data, cut.len)));
    return 0;
}
