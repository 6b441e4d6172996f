/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope's encoding: fixed header, then a block. What decodes encodes to the same bytes. */
#include "cluster/protocol/message.h"

#include "common/wire/reader.h"
#include "common/wire/writer.h"

#define MESSAGE_VERSION 1

enum kms_err message_encode(struct buf *out, const struct message *m)
{
    struct writer w = writer_to(out);

    writer_u8(&w, MESSAGE_VERSION);
    writer_raw(&w, BYTES_OF(m->tag));
    writer_u8(&w, m->round);
    writer_u8(&w, m->kind);
    writer_raw(&w, BYTES_OF(m->ssid));
    writer_raw(&w, BYTES_OF(m->echo));
    writer_block(&w, m->body);
    return writer_end(&w, "protocol message");
}

enum kms_err message_decode(struct message *out, struct bytes in)
{
    struct reader  r = reader_of(in);
    struct message m = {0};

    if (reader_u8(&r) != MESSAGE_VERSION) reader_refuse(&r);
    reader_copy(&r, m.tag, sizeof m.tag);
    m.round = reader_u8(&r);
    m.kind = reader_u8(&r);
    if (m.kind != MESSAGE_BROADCAST && m.kind != MESSAGE_DIRECT) reader_refuse(&r);
    reader_copy(&r, m.ssid, sizeof m.ssid);
    reader_copy(&r, m.echo, sizeof m.echo);
    m.body = reader_block(&r, MESSAGE_BODY_MAX);
    *out = (struct message){0};
    TRY(reader_end(&r, "protocol message"));
    *out = m;
    return KMS_OK;
}
