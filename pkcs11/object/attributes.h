/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attributes of the token's objects, as one table: which object has which, of what form, with which default, who
 * may set it. What a client sets is kept in the cluster as text in a JSON object that the client signs
 * ({"private.derive":"true"}): flags as true or false, numbers in decimal, bytes in hex; only what differs from the
 * default is kept.
 */
#ifndef KMS_PKCS11_OBJECT_ATTRIBUTES_H
#define KMS_PKCS11_OBJECT_ATTRIBUTES_H

#include "common/base/buf.h"
#include "pkcs11/object/cryptoki.h"

/* What an object is; bits, so that a rule can be of several. */
enum face { FACE_PRIVATE = 1, FACE_PUBLIC = 2, FACE_CERTIFICATE = 4, FACE_DATA = 8 };

enum attribute_form { FORM_FLAG, FORM_NUMBER, FORM_BYTES, FORM_DATE };

enum attribute_right {
    RIGHT_NONE,   /* the token says it; a template may not */
    RIGHT_REPEAT, /* a template may say it, if it says what is so anyway */
    RIGHT_CREATE, /* a template may set it when the object is made */
    RIGHT_CHANGE  /* and C_SetAttributeValue later */
};

struct attribute_rule {
    CK_ATTRIBUTE_TYPE    type;
    const char          *name; /* in the JSON object; also in texts */
    unsigned             faces;
    enum attribute_form  form;
    enum attribute_right right;
    CK_ULONG             otherwise; /* default of flags and numbers */
    bool                 is_secret; /* present, but never answered */
};

extern const struct attribute_rule attribute_rules[];
extern const size_t                attribute_rule_count;

/* NULL: objects of this face do not have it. */
const struct attribute_rule *attribute_rule_of(enum face, CK_ATTRIBUTE_TYPE);
/* "private.", "public." or "". */
const char     *face_prefix(enum face);
CK_OBJECT_CLASS face_class(enum face);

/* A value of this rule as text, for the JSON object; and back, appended to out. The value was checked by
 * template_check(). */
RESULT attribute_to_text(struct buf *out, const struct attribute_rule *, struct bytes value);
RESULT attribute_from_text(struct buf *out, const struct attribute_rule *, const char *text);
/* The default of flags and numbers, appended; nothing for bytes and dates. */
RESULT attribute_default(struct buf *out, const struct attribute_rule *);

#endif
