/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of a signed request: what is accepted is exactly what would be sent for it. Eight lines, then the body. */
/* links: common_document */
#include <stdio.h>

#include "common/document/signed_request.h"
#include "tests/fuzz/fuzz.h"

#define LINES 8 /* method, target, six headers */
#define LINE_MAX_LEN 6000

static char lines[LINES][LINE_MAX_LEN + 1];

static bool take_line(char *out, struct bytes *in)
{
    const uint8_t *end = in->len == 0 ? NULL : memchr(in->data, '\n', in->len);
    size_t         len = end == NULL ? in->len : (size_t)(end - in->data);

    if (end == NULL || len > LINE_MAX_LEN || memchr(in->data, '\0', len) != NULL) return false;
    memcpy(out, in->data, len);
    out[len] = '\0';
    *in = bytes(in->data + len + 1, in->len - len - 1);
    return true;
}

static void check_sent(const struct buf *sent, const char *name, const char *value)
{
    char line[LINE_MAX_LEN + 64];

    (void)snprintf(line, sizeof line, "%s: %s\r\n", name, value);
    CHECK(strstr(buf_str(sent), line) != NULL);
}

static void check_target(const struct signed_request *r)
{
    char target[2 * REQUEST_TARGET_MAX + 2];

    (void)snprintf(target, sizeof target, "%s%s%s", r->path, r->query[0] == '\0' ? "" : "?", r->query);
    CHECK(strcmp(target, lines[1]) == 0 && strcmp(r->method, lines[0]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"Signature-Input", "Signature",   "Content-Digest",
                                        "Idempotency-Key", "Client-Cert", "X-KMS-Access-Key"};
    struct bytes             in = bytes(data, size);
    BUF_LOCAL                certificate = BUF_INIT(CERTIFICATE_MAX);
    BUF_LOCAL                sent = BUF_INIT(65536);
    struct signed_request    r;

    fuzz_start();
    for (unsigned i = 0; i < LINES; i++)
        if (!take_line(lines[i], &in)) return 0;
    const struct request_headers h = {lines[2], lines[3], lines[4], lines[5], lines[6], lines[7]};
    if (signed_request_parse(&r, &certificate, lines[0], lines[1], &h, in) != KMS_OK) return 0;
    check_target(&r);
    CHECK(signed_request_headers(&sent, &r) == KMS_OK);
    for (unsigned i = 0; i < 6; i++) check_sent(&sent, names[i], lines[i + 2]);
    return 0;
}
