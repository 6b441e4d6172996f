/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the module needs from a cluster, behind a vtable: HTTPS (https.c) and, for tests, a cluster inside the process
 * (tests/support/backend_memory.c). All calls block until their deadline; thread-safe; safe after fork (a connection
 * belongs to the pid that made it). What a backend gives back is already verified: public keys against birth
 * certificates, labels and attributes against the client's own signature, signatures against the public key.
 */
#ifndef KMS_PKCS11_BACKEND_BACKEND_H
#define KMS_PKCS11_BACKEND_BACKEND_H

#include "common/base/buf.h"
#include "common/crypto/group.h"
#include "common/document/birth.h"
#include "common/secret/secret.h"

#define BACKEND_ID_MAX 255
#define BACKEND_ATTRIBUTES_MAX 4096

enum backend_class { BACKEND_KEY = 1, BACKEND_CERTIFICATE, BACKEND_DATA };

struct backend_object {
    enum backend_class class;
    char          object_id[KEY_ID_LEN + 1]; /* keyId or objectId */
    uint32_t      revision;
    char          label[LABEL_MAX + 1];
    uint8_t       id[BACKEND_ID_MAX]; /* CKA_ID */
    size_t        id_len;
    char          attributes[BACKEND_ATTRIBUTES_MAX + 1]; /* JSON object text, signed by the client */
    enum group_id group;                                  /* keys */
    uint16_t      algorithm;
    uint8_t       public_key[POINT_LEN_MAX];
    struct buf    value; /* certificates and data; owned */
    bool          stale; /* in lists: shown in an older state than was seen before; only class and object_id are set */
};

struct backend_list {
    struct backend_object *items; /* owned */
    size_t                 count;
    char                   etag[80];  /* "" of a list that is to be asked for again */
    bool                   keys_only; /* certificates and data could not be listed */
};
void backend_list_clear(struct backend_list *);

struct backend_generate {
    enum group_id group;
    const char   *algorithm; /* "EDDSA" */
    unsigned      shard_count, threshold;
    const char   *label;
    struct bytes  id;
    const char   *attributes; /* JSON object text */
};

struct backend {
    const struct backend_ops *ops;
    void                     *self;
    char owner[IDENTITY_URI_MAX + 1]; /* whose objects these are: spiffe://<cluster>/client/<name> */
};

struct backend_ops {
    const char *name;
    /* KMS_E_PASSWORD. With an empty passphrase: a credential whose key is not encrypted. */
    enum kms_err (*login)(void *self, const struct secret *passphrase);
    void (*logout)(void *self);
    /* All objects of the credential's owner. `etag` of the last list ("" for none): *changed false and list empty if it
     * still holds. */
    enum kms_err (*list)(void *self, const char *etag, struct backend_list *out, bool *changed);
    enum kms_err (*generate)(void *self, const struct backend_generate *, struct backend_object *out);
    /* signature: raw, SIGNATURE length of the group (64 for Ed25519). */
    enum kms_err (*sign)(void *self, const struct backend_object *key, struct bytes message, uint8_t signature[96],
                         size_t *len);
    enum kms_err (*change)(void *self, const struct backend_object *, const char *label, struct bytes id,
                           const char *attributes, struct backend_object *out);
    enum kms_err (*create)(void *self, enum backend_class, const char *label, struct bytes id, struct bytes value,
                           const char *attributes, struct backend_object *out);
    enum kms_err (*destroy)(void *self, const struct backend_object *);
    void (*close)(void *self);
};

#endif
