/* SPDX-License-Identifier: Apache-2.0 */
/* A signed request as bytes: towards the nodes, and as evidence (docs/wire-format.md). */
#include "common/document/request_fields.h"
#include "common/wire/reader.h"
#include "common/wire/writer.h"

#define MAGIC "KRQ1"

RESULT signed_request_encode(struct buf *out, const struct signed_request *r)
{
    struct writer w = writer_to(out);
    const char   *fault = request_fault(r);

    if (fault != NULL) return fail(KMS_E_ARGUMENT, "the signed request is malformed: %s", fault);
    writer_raw(&w, bytes_str(MAGIC));
    writer_text(&w, r->method);
    writer_text(&w, r->path);
    writer_text(&w, r->query);
    writer_text(&w, r->idempotency_key);
    writer_u64(&w, (uint64_t)r->created);
    writer_u64(&w, (uint64_t)r->expires);
    writer_text(&w, r->nonce);
    writer_text(&w, r->keyid);
    writer_raw(&w, BYTES_OF(r->signature));
    writer_block(&w, r->certificate_der);
    writer_block(&w, r->body);
    return writer_end(&w, "signed request");
}

static void read_fields(struct signed_request *out, struct reader *r)
{
    if (!bytes_equal_str(reader_view(r, strlen(MAGIC)), MAGIC)) reader_refuse(r);
    reader_text(r, out->method, sizeof out->method - 1);
    reader_text(r, out->path, REQUEST_TARGET_MAX);
    reader_text(r, out->query, REQUEST_TARGET_MAX);
    reader_text(r, out->idempotency_key, REQUEST_TOKEN_MAX);
    out->created = (int64_t)reader_u64(r);
    out->expires = (int64_t)reader_u64(r);
    reader_text(r, out->nonce, REQUEST_TOKEN_MAX);
    reader_text(r, out->keyid, ACCESS_KEY_LEN);
    reader_copy(r, out->signature, sizeof out->signature);
    out->certificate_der = reader_block(r, CERTIFICATE_MAX);
    out->body = reader_block(r, REQUEST_BODY_MAX);
}

RESULT signed_request_decode(struct signed_request *out, struct bytes in)
{
    struct reader r = reader_of(in);

    *out = (struct signed_request){0};
    read_fields(out, &r);
    enum kms_err err = reader_end(&r, "signed request");
    const char  *fault = err == KMS_OK ? request_fault(out) : NULL;
    if (fault != NULL) err = fail(KMS_E_FORMAT, "signed request: %s", fault);
    if (err != KMS_OK) *out = (struct signed_request){0};
    return err;
}
