/* SPDX-License-Identifier: Apache-2.0 */
/* The records of the coordinator's metadata: made empty, copied, freed. */
#include "cluster/coordinator/metadata.h"

void key_record_init(struct key_record *r)
{
    *r = (struct key_record){
        .id = BUF_INIT(LABEL_MAX),
        .attributes = BUF_INIT(ATTRIBUTES_MAX),
        .birth = BUF_INIT(BIRTH_ENCODED_MAX),
        .request = BUF_INIT(REQUEST_ENCODED_MAX),
        .change = BUF_INIT(REQUEST_ENCODED_MAX),
        .destroy = BUF_INIT(REQUEST_ENCODED_MAX),
    };
}

void object_record_init(struct object_record *r)
{
    *r = (struct object_record){
        .id = BUF_INIT(LABEL_MAX),
        .value = BUF_INIT(OBJECT_VALUE_MAX),
        .attributes = BUF_INIT(ATTRIBUTES_MAX),
        .request = BUF_INIT(REQUEST_ENCODED_MAX),
        .change = BUF_INIT(REQUEST_ENCODED_MAX),
    };
}

void key_record_clear(struct key_record *r)
{
    buf_clear(&r->id);
    buf_clear(&r->attributes);
    buf_clear(&r->birth);
    buf_clear(&r->request);
    buf_clear(&r->change);
    buf_clear(&r->destroy);
}

void object_record_clear(struct object_record *r)
{
    buf_clear(&r->id);
    buf_clear(&r->value);
    buf_clear(&r->attributes);
    buf_clear(&r->request);
    buf_clear(&r->change);
}

static RESULT fill_key(struct key_record *out, const struct key_record *in)
{
    TRY(buf_append(&out->id, buf_bytes(&in->id)));
    TRY(buf_append(&out->attributes, buf_bytes(&in->attributes)));
    TRY(buf_append(&out->birth, buf_bytes(&in->birth)));
    TRY(buf_append(&out->request, buf_bytes(&in->request)));
    TRY(buf_append(&out->change, buf_bytes(&in->change)));
    return buf_append(&out->destroy, buf_bytes(&in->destroy));
}

RESULT key_record_copy(struct key_record *out, const struct key_record *in)
{
    struct key_record empty;

    key_record_init(&empty);
    *out = *in;
    out->id = empty.id;
    out->attributes = empty.attributes;
    out->birth = empty.birth;
    out->request = empty.request;
    out->change = empty.change;
    out->destroy = empty.destroy;
    enum kms_err err = fill_key(out, in);
    if (err != KMS_OK) key_record_clear(out);
    return err;
}

static RESULT fill_object(struct object_record *out, const struct object_record *in)
{
    TRY(buf_append(&out->id, buf_bytes(&in->id)));
    TRY(buf_append(&out->value, buf_bytes(&in->value)));
    TRY(buf_append(&out->attributes, buf_bytes(&in->attributes)));
    TRY(buf_append(&out->request, buf_bytes(&in->request)));
    return buf_append(&out->change, buf_bytes(&in->change));
}

RESULT object_record_copy(struct object_record *out, const struct object_record *in)
{
    struct object_record empty;

    object_record_init(&empty);
    *out = *in;
    out->id = empty.id;
    out->value = empty.value;
    out->attributes = empty.attributes;
    out->request = empty.request;
    out->change = empty.change;
    enum kms_err err = fill_object(out, in);
    if (err != KMS_OK) object_record_clear(out);
    return err;
}

void metadata_close(struct metadata *m)
{
    if (m->ops != NULL) m->ops->close(m->self);
    *m = (struct metadata){0};
}
