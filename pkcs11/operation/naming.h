/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CKA_LABEL and CKA_ID. The cluster knows one label and one id of a key; PKCS#11 has them on each of its two objects.
 * The private object's are the key's (the public one's, where the private one has none), and an object that differs has
 * its own among the signed attributes.
 */
#ifndef KMS_PKCS11_OPERATION_NAMING_H
#define KMS_PKCS11_OPERATION_NAMING_H

#include "pkcs11/object/template.h"

/* As the objects are to show them; borrowed. */
struct names {
    struct bytes private_label, public_label;
    struct bytes private_id, public_id;
};

struct naming {
    char         label[LABEL_MAX + 1]; /* the key's */
    struct bytes id;                   /* the key's; borrowed from the names */
};

/* Writes into `stored` what differs (and takes out what no longer does). Values have passed template_check_*(). */
CK_RV naming_choose(struct naming *out, cJSON *stored, const struct names *);

#endif
